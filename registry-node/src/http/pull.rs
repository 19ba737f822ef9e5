//! Events asked for now and then: what came since the reader's place, or a wait for it.
//!
//! ```text
//! {"events": [{"specversion":"1.0","id":"17",…}, …],    CloudEvents, as the stream has them
//!  "next": "17",                                       what to give as after next: everything up to it was looked at
//!  "more": false,                                      whether there is more to look at already
//!  "checkpoint": "jp.registry.example\n19\n…"}         the newest published one, a signed note
//! ```
//!
//! An answer is bounded in events, in bytes and in what is looked at for it; `next` moves on where nothing fits as well, so that a
//! reader who asks again and again passes over everything once. Whoever waits takes a seat like a stream.
//! Out of scope: which events fit (`event_filter`), and the stream (`events`).

use std::sync::Arc;
use std::time::Duration;

use bytes::{BufMut, Bytes, BytesMut};
use conformity::words::Language;
use tokio::time::Instant;
use warp::http::HeaderMap;
use warp::reply::Response;

use super::answer::{self, JSON, Keep};
use super::ask::{Ask, bad_parameter};
use super::code;
use super::event_cursor::Cursor;
use super::event_filter::{Wanted, place};
use super::live::Standing;
use super::room::SMALL;
use super::site::Site;
use crate::core::event_words::in_words;
use crate::core::filter::Place;
use crate::problem::Problem;

/// Events of an answer, unless asked otherwise, and at most.
const USUAL_EVENTS: usize = 100;
const MAX_EVENTS: usize = 1_000;
/// Bytes of events after which an answer is full.
const MAX_BYTES: usize = 1024 * 1024;
/// Most entries that are looked at for one answer.
const MAX_ENTRIES: u64 = 16_384;
/// Longest wait, in seconds: below what proxies let a connection be silent.
const MAX_WAIT: u64 = 50;

/// What one answer will hold.
struct Batch {
    events: BytesMut,
    count: usize,
    limit: usize,
    language: Option<Language>,
    /// The last event that was looked at; the reader's own place before that.
    next: Option<Place>,
}

/// `GET /v1/events/pull`
pub(super) async fn pull(site: &Arc<Site>, ask: &Ask, headers: &HeaderMap) -> Result<Response, Problem> {
    let (limit, wait) = (within(ask, "limit", USUAL_EVENTS, 1..=MAX_EVENTS)?, within(ask, "wait", 0, 0..=MAX_WAIT)?);
    let wanted = Wanted::read(site, ask).await?;
    let place = place(ask, headers, &site.registry.feed)?;
    let mut cursor = Cursor::at(place, site.registry.feed.size());
    let _seat = if wait > 0 { Some(site.seats.take(ask.caller())?) } else { None };
    let mut batch = Batch {
        events: BytesMut::new(),
        count: 0,
        limit,
        language: ask.query().one("lang")?,
        // Without a place it begins with what comes next: behind the last entry, however many events that has.
        next: place.or_else(|| Some(Place::Behind { index: cursor.entry().checked_sub(1)?, position: u32::MAX })),
    };
    let (until, enough) = (Instant::now() + Duration::from_secs(wait), cursor.entry().saturating_add(MAX_ENTRIES));
    let mut waits = wait > 0;
    loop {
        look(site, ask, &mut cursor, &wanted, &mut batch, enough).await?;
        if !waits || batch.count > 0 || cursor.is_behind(site) {
            break;
        }
        // When it is time, once more: what came and did not fit is passed over.
        waits = comes(site, ask, &wanted, cursor.entry(), until).await;
    }
    answer(site, ask, &cursor, batch).await
}

/// Looks at what there is, until the answer is full.
async fn look(
    site: &Arc<Site>,
    ask: &Ask,
    cursor: &mut Cursor,
    wanted: &Wanted,
    batch: &mut Batch,
    enough: u64,
) -> Result<(), Problem> {
    while !batch.is_full() && cursor.is_behind(site) && (cursor.has_entries() || cursor.entry() < enough) {
        cursor.fetch(site, &ask.caller().share).await?;
        while let Some(event) = cursor.peek().filter(|_| !batch.is_full()) {
            batch.next = Some(Place::Behind { index: event.index, position: event.position });
            if wanted.passes(event) {
                let json = batch.language.map_or_else(|| event.json.clone(), |language| in_words(event, language));
                batch.add(&json);
            }
            cursor.pass();
        }
    }
    Ok(())
}

/// Waits for something that fits, from the entry `next` on, or a sign of life; `false` when it is time to answer all the same.
async fn comes(site: &Site, ask: &Ask, wanted: &Wanted, next: u64, until: Instant) -> bool {
    // It has every checkpoint, for it asks for none here.
    let standing = Standing { entry: next, told: 0, checkpoint: u64::MAX };
    let Some(listening) = site.live.join(wanted, None, &standing) else { return true };
    tokio::select! {
        () = ask.caller().cut.cancelled() => false,
        _ = listening.next() => true,
        () = tokio::time::sleep_until(until) => false,
    }
}

impl Batch {
    fn is_full(&self) -> bool {
        self.count == self.limit || self.events.len() >= MAX_BYTES
    }

    fn add(&mut self, json: &Bytes) {
        if self.count > 0 {
            self.events.put_u8(b',');
        }
        self.events.put_slice(json);
        self.count += 1;
    }
}

async fn answer(site: &Arc<Site>, ask: &Ask, cursor: &Cursor, batch: Batch) -> Result<Response, Problem> {
    let checkpoint = site.published.newest(&site.registry);
    let checkpoint = checkpoint.map_err(|error| code::internal("the checkpoint could not be read", &error))?;
    let note = checkpoint.as_ref().map(|checkpoint| String::from_utf8_lossy(&checkpoint.note));
    let next = batch.next.unwrap_or(Place::Start).to_string();
    let (next, note) = (answer::to_json(&next)?, answer::to_json(&note)?);
    let mut body = BytesMut::from(&b"{\"events\":["[..]);
    body.unsplit(batch.events);
    for part in [b"],\"next\":", &next[..], b",\"more\":", cursor.is_behind(site).to_string().as_bytes()] {
        body.put_slice(part);
    }
    for part in [b",\"checkpoint\":", &note[..], b"}"] {
        body.put_slice(part);
    }
    let bytes = body.len();
    let response = answer::bytes(JSON, body.freeze(), Keep::No);
    if bytes <= SMALL {
        return Ok(response);
    }
    Ok(site.room.take(&ask.caller().share, bytes).await?.carry(response))
}

/// A number within bounds.
fn within<T>(ask: &Ask, name: &'static str, usual: T, bounds: std::ops::RangeInclusive<T>) -> Result<T, Problem>
where
    T: std::str::FromStr<Err = std::num::ParseIntError> + PartialOrd + std::fmt::Display,
{
    let number = ask.query().one(name)?.unwrap_or(usual);
    if bounds.contains(&number) {
        return Ok(number);
    }
    Err(bad_parameter(name, format_args!("it must lie between {} and {}", bounds.start(), bounds.end())))
}
