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
//! each event, can compute the root and compare. A reader is a cursor and one piece of text; once it has all there is, it is told of what
//! comes (`live`), and costs nothing until then. A slow reader costs no more, and one that does not read at all is cut.
//! Out of scope: making events (the feed), choosing them (`event_filter`), and asking for them now and then (`pull`).

use std::sync::Arc;

use bytes::{BufMut, Bytes, BytesMut};
use conformity::words::Language;
use tokio::time::Instant;
use warp::http::HeaderMap;
use warp::reply::Response;

use super::answer::{self, EVENTS};
use super::ask::Ask;
use super::event_cursor::Cursor;
use super::event_filter::{Wanted, place};
use super::inbox::{Heard, Left};
use super::live::{Listening, Standing};
use super::nothing::silence;
use super::seats::Seat;
use super::server::Caller;
use super::site::Site;
use crate::core::event::Event;
use crate::core::event_words::in_words;
use crate::core::here::Here;
use crate::core::notice::SILENCE;
use crate::problem::Problem;

/// What breaks the silence where there is no checkpoint to tell.
pub(super) static COMMENT: Bytes = Bytes::from_static(b":\n");
/// Bytes after which a piece of text is sent.
const PIECE: usize = 32 * 1024;
/// What a browser is told first: how many milliseconds to wait before it connects again. No blank line ends it, nor a comment: readers
/// there are that take any for the end of an event.
const OPENING: &str = "retry: 1000\n";

/// `GET /v1/events`
pub(super) async fn stream(site: &Arc<Site>, ask: &Ask, headers: &HeaderMap) -> Result<Response, Problem> {
    let wanted = Wanted::read(site, ask).await?;
    let place = place(ask, headers, &site.registry.feed)?;
    let seat = site.seats.take(ask.caller())?;
    let mut opening = OPENING.to_owned();
    for question in wanted.filter.questions(site.registry.now()) {
        opening.extend(silence(site, ask, &question)?);
    }
    let reader = Reader {
        wanted,
        language: ask.query().one("lang")?,
        cursor: Cursor::at(place, site.registry.feed.size()),
        listening: None,
        told: 0,
        checkpoint: 0,
        heartbeat: Instant::now() + SILENCE,
        opening: Some(opening.into()),
        caller: Arc::clone(ask.caller()),
        site: Arc::clone(site),
        _seat: seat,
    };
    let pieces = futures_util::stream::unfold(reader, |mut reader| async { Some((reader.next().await?, reader)) });
    Ok(answer::stream(EVENTS, pieces))
}

struct Reader {
    wanted: Wanted,
    /// In which language events are told beside what they are; not at all where none is asked for.
    language: Option<Language>,
    cursor: Cursor,
    /// While it has all there is, and is told of what comes.
    listening: Option<Listening>,
    /// Entries before it are of those that it was told something of.
    told: u64,
    /// Size of the last checkpoint that was sent.
    checkpoint: u64,
    heartbeat: Instant,
    opening: Option<Bytes>,
    caller: Arc<Caller>,
    site: Arc<Site>,
    _seat: Seat,
}

impl Reader {
    /// The next piece of text; nothing when the connection must end.
    async fn next(&mut self) -> Option<Bytes> {
        if let Some(opening) = self.opening.take() {
            return Some(opening);
        }
        while self.may_go_on() {
            let piece = match &self.listening {
                Some(listening) => self.listen(listening).await,
                // Apart, for whoever listens needs no memory for reading.
                None => Box::pin(self.read()).await?,
            };
            match piece {
                Some(Heard::Piece(piece)) => return Some(piece),
                Some(Heard::Left(left)) => self.read_from(left),
                Some(Heard::Ended) => return None,
                None => {}
            }
        }
        None
    }

    /// Whether the connection stands, or there are last words to say, which are read to their end.
    fn may_go_on(&self) -> bool {
        if !self.caller.cut.is_cancelled() {
            return true;
        }
        let may = self.has_last_words();
        if let Some(listening) = self.listening.as_ref().filter(|_| may) {
            listening.leave();
        }
        may
    }

    /// Hears what comes; nothing when the connection must end.
    async fn listen(&self, listening: &Listening) -> Option<Heard> {
        tokio::select! {
            biased;
            heard = listening.next() => Some(heard),
            () = self.caller.cut.cancelled() => None,
        }
    }

    /// Goes on in the log where it was left alone.
    fn read_from(&mut self, left: Left) {
        self.listening = None;
        self.cursor = Cursor::from(left.index, left.position);
        (self.told, self.checkpoint) = (left.index, left.checkpoint);
        self.heartbeat = Instant::now() + SILENCE;
    }

    /// Reads on in the log, some text at most, and listens once it has all there is; nothing where the log cannot be read.
    async fn read(&mut self) -> Option<Option<Heard>> {
        if let Err(problem) = self.cursor.fetch(&self.site, &self.caller.share).await {
            tracing::debug!(code = problem.code(), "an event stream ends; its reader may resume");
            return None;
        }
        let mut piece = BytesMut::new();
        self.write_events(&mut piece);
        self.write_heartbeat(&mut piece);
        if !piece.is_empty() {
            return Some(Some(Heard::Piece(piece.freeze())));
        }
        if !self.cursor.is_behind(&self.site) {
            let standing = Standing { entry: self.cursor.entry(), told: self.told, checkpoint: self.checkpoint };
            self.listening = self.site.live.join(&self.wanted, self.language, &standing);
        }
        Some(None)
    }

    /// Whether the registry went elsewhere, and the reader does not have all that this node says: it ends at once, and whoever is not told
    /// where to go on would never find out.
    fn has_last_words(&self) -> bool {
        let registry = &self.site.registry;
        self.is_behind() && Here::of(&registry.config).left_for(&registry.read_model.register()).is_some()
    }

    fn is_behind(&self) -> bool {
        match &self.listening {
            Some(listening) => listening.is_behind(self.site.registry.feed.size()),
            None => self.cursor.is_behind(&self.site),
        }
    }

    fn write_events(&mut self, piece: &mut BytesMut) {
        while piece.len() < PIECE {
            let Some(event) = self.cursor.peek() else { return };
            if self.wanted.passes(event) {
                write(event, self.language, piece);
                self.told = event.index + 1;
            }
            self.cursor.pass();
        }
    }

    /// The newest checkpoint, once its entries were sent: when it is new to the reader, and when there was silence. A
    /// comment where the reader is not that far.
    fn write_heartbeat(&mut self, piece: &mut BytesMut) {
        let silent = self.heartbeat <= Instant::now();
        let newest = self.site.published.newest(&self.site.registry).ok().flatten();
        let covered = newest.filter(|checkpoint| !self.cursor.has_entries() && checkpoint.size <= self.cursor.entry());
        match covered {
            Some(checkpoint) if silent || checkpoint.size > self.checkpoint => {
                piece.put_slice(&checkpoint.frame);
                self.checkpoint = checkpoint.size;
            }
            None if silent => piece.put_slice(&COMMENT),
            _ => return,
        }
        self.heartbeat = Instant::now() + SILENCE;
    }
}

/// Writes an event as it is sent.
pub(super) fn write(event: &Event, language: Option<Language>, piece: &mut BytesMut) {
    let id = event.id();
    let json = language.map_or_else(|| event.json.clone(), |language| in_words(event, language));
    for part in [b"id: ", id.as_bytes(), b"\ndata: ", &json, b"\n\n"] {
        piece.put_slice(part);
    }
}
