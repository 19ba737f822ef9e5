//! Streams of security events that are polled (RFC 8936): what a receiver acknowledges goes, what it does not comes again, and where there
//! is nothing it may wait.
//!
//! ```text
//! {"maxEvents": 10, "returnImmediately": false, "ack": ["jp_17_0.0199…"], "setErrs": {"jp_18_0.0199…": {"err": "…", "description": "…"}}}
//! ▶ {"sets": {"jp_19_0.0199…": "eyJ…"}, "moreAvailable": true}
//! ```
//!
//! Out of scope: what is handed out and not acknowledged (`buyer::dispatch`).

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Buf;
use futures_util::Stream;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use tokio::time::Instant;
use warp::http::HeaderMap;
use warp::reply::Response;

use super::answer::{self, JSON};
use super::ask::Ask;
use super::own::{self, Sent};
use super::room::SMALL;
use super::site::Site;
use super::{code, signals};
use crate::buyer::dispatch::{Answers, Key, Polled, WINDOW};
use crate::buyer::lane::{Delivery, Lane, Spot};
use crate::buyer::signals::{TokenFault, Tokens, jti, spot_of};
use crate::buyer::webhook::SetError;
use crate::core::event::Event;
use crate::core::feed::FeedError;
use crate::problem::Problem;

/// Most bytes of a poll: room for what [`MAX_NAMED`] names.
pub(super) const MAX_POLL: usize = 256 * 1024;
/// Events that one poll acknowledges and refuses, at most.
const MAX_NAMED: usize = 2 * WINDOW;
/// Events of an answer, unless asked otherwise and at most: each is signed.
const MAX_EVENTS: usize = 64;
/// Bytes of events after which an answer is full.
const MAX_BYTES: usize = 512 * 1024;
/// Most entries that are looked at for one answer.
const MAX_ENTRIES: u64 = 16_384;
/// Longest wait: below what proxies let a connection be silent.
const MAX_WAIT: Duration = Duration::from_secs(30);

/// What a receiver asks (RFC 8936, section 2.2).
#[derive(Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
struct Poll {
    max_events: usize,
    return_immediately: bool,
    ack: Vec<String>,
    set_errs: HashMap<String, SetError>,
}

impl Default for Poll {
    fn default() -> Poll {
        Poll { max_events: MAX_EVENTS, return_immediately: false, ack: Vec::new(), set_errs: HashMap::new() }
    }
}

/// What it is answered.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Told {
    sets: BTreeMap<String, String>,
    more_available: bool,
}

/// What is told in one answer.
#[derive(Default)]
struct Batch {
    /// So many verifications, before any event.
    pings: usize,
    events: Vec<Event>,
    bytes: usize,
}

impl Batch {
    fn has_room(&self, most: usize) -> bool {
        self.pings + self.events.len() < most && self.bytes < MAX_BYTES
    }

    /// Whether something that was handed out, or is to be handed out again, or a verification waits for another answer than this one.
    fn leaves(&self, lane: &Lane, polled: &Polled) -> bool {
        let told: BTreeSet<Spot> = self.events.iter().map(spot_in).collect();
        let is_left = lane.handed.iter().any(|spot| !told.contains(spot));
        is_left || !lane.again.is_empty() || polled.pings.len() > self.pings
    }

    fn add(&mut self, event: &Event) {
        self.bytes += event.json.len();
        self.events.push(event.clone());
    }
}

/// `POST /v1/signals/streams/{stream}/poll`
pub(super) async fn poll<S, B>(site: Arc<Site>, ask: Ask, headers: HeaderMap, body: S) -> Result<Response, Problem>
where
    S: Stream<Item = Result<B, warp::Error>>,
    B: Buf,
{
    let holding = site.holders.of(ask.speaker().map(|speaker| &speaker.identity));
    let (Sent { party, body, .. }, permit) =
        own::sent((&site, &holding), &ask, &headers, body, (&[JSON], MAX_POLL)).await?;
    // An object: serde would also read the members from an array.
    let members: Map<String, Value> = serde_json::from_slice(&body).map_err(code::bad_body)?;
    let poll = Poll::deserialize(Value::Object(members)).map_err(code::bad_body)?;
    // Others need the room for bodies while this one waits.
    drop((body, permit));
    if poll.ack.len() + poll.set_errs.len() > MAX_NAMED {
        return Err(code::bad_body(format_args!("at most {MAX_NAMED} events are named in one poll")));
    }
    // What is no name names no stream.
    let key = Key { owner: party, name: ask.value().map_err(|_| Problem::not_found())? };
    let most = poll.max_events.min(MAX_EVENTS);
    let until = Instant::now() + if poll.return_immediately || most == 0 { Duration::ZERO } else { MAX_WAIT };
    let mut answers = answers(&site, &key, poll);
    let mut seat = None;
    loop {
        let news = site.registry.dispatch.news(&key).ok_or_else(Problem::not_found)?;
        let mut news = std::pin::pin!(news.notified());
        // Before it is looked for: what comes in between is noticed.
        news.as_mut().enable();
        let (polled, batch) = looked(&site, &key, std::mem::take(&mut answers), most).await?;
        let lane = site.registry.dispatch.seen(&key).map(|seen| seen.lane).unwrap_or_default();
        let is_enabled = signals::is_enabled(&polled.subscription);
        let has_more = is_enabled && lane.behind.is_some();
        if !batch.events.is_empty() || !polled.pings.is_empty() || has_more || Instant::now() >= until {
            let has_more = has_more || is_enabled && batch.leaves(&lane, &polled);
            return told(&site, &ask, key, polled, batch, has_more).await;
        }
        if seat.is_none() {
            seat = Some(site.seats.take(ask.caller())?);
        }
        tokio::select! {
            () = ask.caller().cut.cancelled() => return Err(code::cut_off()),
            () = news => {}
            () = tokio::time::sleep_until(until) => {}
        }
    }
}

/// What the receiver says, by places; what names nothing of this stream is passed over, as the standard wants.
fn answers(site: &Site, key: &Key, poll: Poll) -> Answers {
    let (registry, now) = (&site.registry, site.registry.now());
    let spot = |jti: &str| spot_of(registry, &key.name, jti);
    let refused = poll.set_errs.iter().filter_map(|(jti, error)| {
        let delivery = Delivery { id: jti.clone(), at: now, took: 0, taken: false, told: error.told() };
        Some((spot(jti)?, delivery))
    });
    let named = poll.ack.iter().chain(poll.set_errs.keys());
    Answers {
        acks: poll.ack.iter().filter_map(|jti| spot(jti)).collect(),
        pings: named.filter(|jti| spot(jti).is_none()).cloned().collect(),
        refused: refused.collect(),
    }
}

/// What was handed out before, and then what is new; the stream must be the asker's, and polled.
async fn looked(site: &Arc<Site>, key: &Key, answers: Answers, most: usize) -> Result<(Polled, Batch), Problem> {
    let dispatch = &site.registry.dispatch;
    let polled = dispatch.polled(key, answers, site.registry.now());
    let polled = polled.ok_or_else(Problem::not_found)?;
    let mut batch = Batch::default();
    if !signals::is_enabled(&polled.subscription) {
        return Ok((Polled { pings: Vec::new(), handed: Vec::new(), ..polled }, batch));
    }
    batch.pings = polled.pings.len().min(most);
    handed(site, key, &polled, most, &mut batch).await?;
    if let Some(from) = polled.behind {
        let most = most.min(batch.pings + batch.events.len() + WINDOW.saturating_sub(polled.handed.len()));
        let told_before = batch.events.len();
        let reached = fresh(site, key, from, most, &mut batch).await?;
        let spots: Vec<Spot> = batch.events[told_before..].iter().map(spot_in).collect();
        if !dispatch.hand_out(key, (polled.turn, from), &spots, reached) {
            // Another poll has them.
            batch.events.truncate(told_before);
        }
    }
    Ok((polled, batch))
}

/// What was handed out before, until there is no room.
async fn handed(site: &Arc<Site>, key: &Key, polled: &Polled, most: usize, batch: &mut Batch) -> Result<(), Problem> {
    let dispatch = &site.registry.dispatch;
    // What is read at once has what stands beside it, too.
    let (mut first, mut chunk) = (0, Vec::new());
    for spot in &polled.handed {
        if !batch.has_room(most) {
            break;
        }
        if !(first..first + chunk.len() as u64).contains(&spot.index) {
            (first, chunk) = (spot.index, read(site, spot.index).await?);
        }
        let events = usize::try_from(spot.index - first).ok().and_then(|nth| chunk.get(nth));
        let event = events.and_then(|events| events.iter().find(|one| one.position == spot.position));
        match event.filter(|event| dispatch.passes(key, event)) {
            Some(event) => batch.add(event),
            // It was erased meanwhile, or the stream does not ask for it any more.
            None => dispatch.lapsed(key, polled.turn, *spot),
        }
    }
    Ok(())
}

/// Events from a place on that fit, until there is no room; the place up to which was looked.
async fn fresh(site: &Arc<Site>, key: &Key, from: Spot, most: usize, batch: &mut Batch) -> Result<Spot, Problem> {
    let dispatch = &site.registry.dispatch;
    let (mut at, mark) = (from, dispatch.mark().min(from.index.saturating_add(MAX_ENTRIES)));
    while at.index < mark {
        for events in read(site, at.index).await?.iter().take(usize::try_from(mark - at.index).unwrap_or(usize::MAX)) {
            for event in events.iter().filter(|event| spot_in(event) >= at && dispatch.passes(key, event)) {
                if !batch.has_room(most) {
                    return Ok(spot_in(event));
                }
                batch.add(event);
            }
            at = Spot::of_entry(at.index + 1);
        }
    }
    Ok(at)
}

fn spot_in(event: &Event) -> Spot {
    Spot { index: event.index, position: event.position }
}

async fn read(site: &Site, index: u64) -> Result<Vec<Arc<[Event]>>, Problem> {
    let read: Result<_, FeedError> = site.registry.feed.read(index, &site.registry.dispatch.catch_ups).await;
    read.map_err(|error| code::internal("events could not be read", &error))
}

/// Signs what is told, on a thread that may wait for a key in a token.
async fn told(
    site: &Arc<Site>,
    ask: &Ask,
    key: Key,
    polled: Polled,
    batch: Batch,
    has_more: bool,
) -> Result<Response, Problem> {
    let working = Arc::clone(site);
    let made = tokio::task::spawn_blocking(move || {
        let registry = &working.registry;
        let checkpoint = working.published.newest(registry).ok().flatten();
        let members = checkpoint.map(|newest| ("checkpoint", STANDARD.encode(&newest.note)));
        let members: Vec<_> = members.into_iter().collect();
        let tokens = Tokens { registry, key: &key, subscription: &polled.subscription };
        let mut sets = BTreeMap::new();
        for ping in polled.pings.iter().take(batch.pings) {
            sets.insert(ping.id.clone(), tokens.verification(ping)?);
        }
        for event in &batch.events {
            match tokens.event(event, &members) {
                Ok(token) => sets.insert(jti(registry, &key.name, spot_in(event)), token),
                // The stream was changed in between; the next poll finds what it asks for now.
                Err(TokenFault::Unnamed) => continue,
                Err(error) => return Err(error),
            };
        }
        Ok(Told { sets, more_available: has_more })
    });
    let made = made.await.map_err(|error| code::internal("a poll could not be answered", &error))?;
    let told = made.map_err(|error: TokenFault| code::internal("security event tokens could not be made", &error))?;
    let body = answer::to_json(&told)?;
    let bytes = body.len();
    let response = answer::bytes(JSON, body, answer::Keep::No);
    if bytes <= SMALL {
        return Ok(response);
    }
    Ok(site.room.take(&ask.caller().share, bytes).await?.carry(response))
}
