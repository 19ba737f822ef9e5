//! The event stream (SSE): everything that the log comes to mean, in its order, from wherever a reader left off.
//!
//! ```text
//! id: 12.3                                        the event's id, behind which a reader resumes
//! data: {"specversion":"1.0","id":"12.3",…}       a CloudEvent on one line
//!
//! event: checkpoint                               without an id
//! data: "jp.registry.example\n13\n…"              the newest published checkpoint, a signed note as JSON string
//!
//! event: absence                                  at the opening, without an id, for a supplier that was asked for
//! data: {"supplier":"…","absence":"unknown",…}    and of which there is nothing: why
//! ```
//!
//! A checkpoint comes only after the events of every entry that it covers, so an unfiltered reader, who gets the entry with
//! each event, can compute the root and compare. A reader is a cursor, one piece of text and what the feed gave at once; an
//! entry of very many events takes room like any large answer, unless all readers share it. A slow reader costs no more,
//! and one that does not read at all is cut.
//! Out of scope: making events (the feed) and choosing them (`event_filter`).

use std::sync::Arc;
use std::time::Duration;

use bytes::{BufMut, Bytes, BytesMut};
use conformity::words::Language;
use tokio::sync::{OwnedSemaphorePermit, watch};
use tokio::time::Instant;
use warp::http::HeaderMap;
use warp::reply::Response;

use super::answer::{self, EVENTS};
use super::ask::{Ask, bad_parameter};
use super::bulletins;
use super::code::{self, Code};
use super::event_filter::{Filter, Place};
use super::nothing::silence;
use super::room::{Hold, Watch};
use super::server::Caller;
use super::site::Site;
use crate::core::event::Event;
use crate::core::event_words::in_words;
use crate::core::feed::{self, Feed};
use crate::core::here::Here;
use crate::metrics::Metrics;
use crate::problem::Problem;

/// Longest silence.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// Bytes after which a piece of text is sent.
const PIECE: usize = 32 * 1024;
/// A reader this close to the end is served at once; others read the journal, on threads that may wait for it.
const LIVE: u64 = 64;
/// What a browser is told first: how many milliseconds to wait before it connects again.
const OPENING: &str = "retry: 1000\n\n";

/// `GET /v1/events`
pub(super) fn stream(site: &Arc<Site>, ask: &Ask, headers: &HeaderMap) -> Result<Response, Problem> {
    let filter = Filter::read(ask.query(), || bulletins::own_sectors(site, ask))?;
    let place = place(ask, headers, &site.registry.feed)?;
    let seat = Seat::take(site)?;
    let (cursor, seen) = match place {
        Some(Place::Start) => (0, None),
        Some(Place::Behind { index, position }) => (index, Some((index, position))),
        None => (site.registry.feed.size(), None),
    };
    let mut opening = OPENING.to_owned();
    for question in filter.questions(site.registry.now()) {
        opening.extend(silence(site, ask, &question)?);
    }
    let reader = Reader {
        filter,
        language: ask.query().one("lang")?,
        cursor,
        seen,
        entries: Vec::new().into_iter(),
        position: 0,
        checkpoint: 0,
        heartbeat: Instant::now() + HEARTBEAT,
        published: site.registry.published.subscribe(),
        opening: Some(opening.into()),
        watch: ask.caller().share.watch_stream(),
        hold: None,
        caller: Arc::clone(ask.caller()),
        site: Arc::clone(site),
        _seat: seat,
    };
    let pieces = futures_util::stream::unfold(reader, |mut reader| async { Some((reader.next().await?, reader)) });
    Ok(answer::stream(EVENTS, pieces))
}

/// A browser repeats the address with its old `after` and adds where it really is: the header counts.
fn place(ask: &Ask, headers: &HeaderMap, feed: &Feed) -> Result<Option<Place>, Problem> {
    let named = match headers.get("last-event-id") {
        Some(id) => ("Last-Event-ID", id.to_str().ok().map(str::parse)),
        None => ("after", ask.query().one::<String>("after")?.map(|text| text.parse())),
    };
    let place = match named {
        ("Last-Event-ID", None) => return Err(bad_parameter("Last-Event-ID", "it is not text")),
        (name, place) => place.transpose().map_err(|error| bad_parameter(name, error))?,
    };
    match place {
        Some(Place::Behind { index, .. }) if index >= feed.size() => {
            let size = feed.size();
            let detail =
                format_args!("this log has {size} entries, none at {index}; if you saw one, keep your evidence");
            Err(bad_parameter(named.0, detail))
        }
        _ => Ok(place),
    }
}

/// One of the streams that may be open at once.
struct Seat {
    metrics: Arc<Metrics>,
    _permit: OwnedSemaphorePermit,
}

impl Seat {
    fn take(site: &Site) -> Result<Seat, Problem> {
        let full =
            |_| Problem::busy(Code::TooManyStreams.as_str(), "too many event streams are open; try again later", 10);
        let permit = Arc::clone(&site.streams).try_acquire_owned().map_err(full)?;
        let metrics = Arc::clone(&site.registry.metrics);
        metrics.event_streams.inc();
        Ok(Seat { metrics, _permit: permit })
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.metrics.event_streams.dec();
    }
}

struct Reader {
    filter: Filter,
    /// In which language events are told beside what they are; not at all where none is asked for.
    language: Option<Language>,
    /// The next entry to ask the feed for.
    cursor: u64,
    /// The last event that the reader had before, to be passed over within its entry.
    seen: Option<(u64, u32)>,
    /// Entries that the feed gave and that were not sent yet.
    entries: std::vec::IntoIter<Arc<[Event]>>,
    /// The next event of the first of these.
    position: usize,
    /// Size of the last checkpoint that was sent.
    checkpoint: u64,
    heartbeat: Instant,
    published: watch::Receiver<u64>,
    opening: Option<Bytes>,
    caller: Arc<Caller>,
    /// Whether what was sent is read.
    watch: Watch,
    /// Room for entries that no others share.
    hold: Option<Hold>,
    site: Arc<Site>,
    _seat: Seat,
}

impl Reader {
    /// The next piece of text; nothing when the connection must end.
    async fn next(&mut self) -> Option<Bytes> {
        self.watch.asked();
        let piece = self.piece().await?;
        self.watch.handed();
        Some(piece)
    }

    async fn piece(&mut self) -> Option<Bytes> {
        if let Some(opening) = self.opening.take() {
            return Some(opening);
        }
        while !self.caller.cut.is_cancelled() || self.has_last_words() {
            if let Err(problem) = self.fetch().await {
                tracing::debug!(code = problem.code(), "an event stream ends; its reader may resume");
                return None;
            }
            let mut piece = BytesMut::new();
            self.write_events(&mut piece);
            self.write_heartbeat(&mut piece);
            if !piece.is_empty() {
                return Some(piece.freeze());
            }
            if !self.is_behind() {
                self.wait().await?;
            }
        }
        None
    }

    /// Whether the registry went elsewhere, and the reader does not have all that this node says: it ends at once, and whoever is not told
    /// where to go on would never find out.
    fn has_last_words(&self) -> bool {
        let registry = &self.site.registry;
        self.is_behind() && Here::of(&registry.config).left_for(&registry.read_model.register()).is_some()
    }

    fn is_behind(&self) -> bool {
        !self.entries.as_slice().is_empty() || self.cursor < self.site.registry.feed.size()
    }

    /// Gets more entries once the last ones were sent.
    async fn fetch(&mut self) -> Result<(), Problem> {
        if self.has_entries() {
            return Ok(());
        }
        self.hold = None;
        if self.cursor >= self.site.registry.feed.size() {
            return Ok(());
        }
        let mut entries = self.read().await?;
        let bytes = entries.iter().map(|events| feed::bytes(events)).sum();
        if bytes > feed::BATCH_BYTES && !self.site.registry.feed.keeps(self.cursor) {
            drop(entries);
            self.hold = Some(self.site.room.take(&self.caller.share, bytes).await?);
            entries = self.read().await?;
        }
        self.cursor += entries.len() as u64;
        self.entries = entries.into_iter();
        Ok(())
    }

    async fn read(&self) -> Result<Vec<Arc<[Event]>>, Problem> {
        let (feed, cursor) = (&self.site.registry.feed, self.cursor);
        let failed = |error: &dyn std::fmt::Display| code::internal("events could not be read", error);
        if feed.size() - cursor <= LIVE {
            return feed.next(cursor).map_err(|error| failed(&error));
        }
        // Closed only if the site were gone, which this reader holds.
        let _permit = self.site.catch_ups.acquire().await;
        let feed = Arc::clone(feed);
        let read = tokio::task::spawn_blocking(move || feed.next(cursor)).await;
        read.map_err(|error| failed(&error))?.map_err(|error| failed(&error))
    }

    fn write_events(&mut self, piece: &mut BytesMut) {
        while piece.len() < PIECE {
            let Some(entry) = self.entries.as_slice().first() else { return };
            let Some(event) = entry.get(self.position) else {
                self.entries.next();
                self.position = 0;
                continue;
            };
            let seen = self.seen.is_some_and(|seen| (event.index, event.position) <= seen);
            if !seen && self.filter.passes(event) {
                self.write(event, piece);
            }
            self.position += 1;
        }
    }

    fn write(&self, event: &Event, piece: &mut BytesMut) {
        let id = event.id();
        let json = self.language.map_or_else(|| event.json.clone(), |language| in_words(event, language));
        for part in [b"id: ", id.as_bytes(), b"\ndata: ", &json, b"\n\n"] {
            piece.put_slice(part);
        }
    }

    /// The newest checkpoint, once its entries were sent: when it is new to the reader, and when there was silence. A
    /// comment where the reader is not that far.
    fn write_heartbeat(&mut self, piece: &mut BytesMut) {
        let silent = self.heartbeat <= Instant::now();
        let newest = self.site.published.newest(&self.site.registry).ok().flatten();
        let covered = newest.filter(|checkpoint| !self.has_entries() && checkpoint.size <= self.cursor);
        match covered {
            Some(checkpoint) if silent || checkpoint.size > self.checkpoint => {
                piece.put_slice(&checkpoint.frame);
                self.checkpoint = checkpoint.size;
            }
            None if silent => piece.put_slice(b":\n\n"),
            _ => return,
        }
        self.heartbeat = Instant::now() + HEARTBEAT;
    }

    fn has_entries(&self) -> bool {
        !self.entries.as_slice().is_empty()
    }

    /// Waits for something to say; nothing when the connection or the node ends.
    async fn wait(&mut self) -> Option<()> {
        tokio::select! {
            () = self.caller.cut.cancelled() => self.has_last_words().then_some(()),
            alive = self.site.registry.feed.grown(self.cursor) => alive.then_some(()),
            published = self.published.changed() => published.ok(),
            () = tokio::time::sleep_until(self.heartbeat) => Some(()),
        }
    }
}
