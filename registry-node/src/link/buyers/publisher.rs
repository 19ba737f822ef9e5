//! What buyers hear on NATS, one CloudEvent per message, told in every language.
//!
//! ```text
//! status.<registry>.<scheme>.<supplier>    a change, once for each identifier of the supplier
//! bulletin.<registry>.<sector>             a bulletin, once for each sector that it names
//! bulletin.<registry>                      a bulletin that names none
//! registry.<registry>                      the registry moved out, or ended
//! heartbeat.<registry>                     so many entries were told: after some silence, and with each checkpoint of what was told
//! ```
//!
//! Each but the last is kept in the stream, and heard at once by whoever listens. The stream itself says how far it came: its last message names its
//! place in the log, so that nothing is lost or kept twice whatever was killed in between. What is in the log and should be in the stream
//! is put there again (`heal`). Out of scope: who may listen (`door`).

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use conformity::ids::SectorCode;
use federation::bus::stream::{Draft, Extent, Keeping, MOST_AT_ONCE, Stream, StreamError};
use federation::bus::{Bus as _, Link};
use federation::hush::Hush;
use federation::subjects::Subject;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use super::place::Place;
use super::pulse::Pulse;
use crate::core::event::{About, Event};
use crate::core::event_words::{in_all_languages, with_members};
use crate::core::feed::FeedError;
use crate::core::here::Here;
use crate::core::notice::{HEARTBEAT, notice};
use crate::core::published::Published;
use crate::core::registry::Registry;

/// How often the stream is looked at, for what somebody else did to it.
const LOOK: Duration = Duration::from_secs(1);
/// Before what went wrong is tried again: at first, and at most.
const SOON: Duration = Duration::from_millis(200);
const LATE: Duration = Duration::from_secs(10);
/// How long a node that was left tries to say where the registry went.
const LAST_WORDS: Duration = Duration::from_secs(5);

/// Tells one registry's buyers.
pub(super) struct Publisher {
    pub(super) registry: Arc<Registry>,
    node: Link,
    keeping: Keeping,
    /// Where the server keeps the stream.
    store: PathBuf,
    progress: Arc<Progress>,
    published: Published,
    pub(super) reads: Semaphore,
}

/// Up to which entry of the log the stream holds what it is to hold; 0 while that is not known.
#[derive(Debug, Default)]
pub(super) struct Progress(AtomicU64);

impl Progress {
    /// Whether the stream holds all that is before this entry.
    pub(super) fn reaches(&self, index: u64) -> bool {
        self.0.load(Ordering::Acquire) >= index
    }

    fn set(&self, index: u64) {
        self.0.store(index, Ordering::Release);
    }
}

/// How far the stream came.
#[derive(Debug, Clone)]
pub(super) struct Cursor {
    /// The next entry whose events are looked at.
    pub(super) index: u64,
    /// The last message that was kept, if any is there.
    pub(super) kept: Option<Place>,
    /// First and last place in the stream.
    pub(super) extent: (u64, u64),
    /// Erased entries whose messages were taken out.
    pub(super) erased: BTreeSet<u64>,
}

/// Why the stream does not go on.
#[derive(Debug, thiserror::Error)]
pub(super) enum Halt {
    /// The stream, or the server.
    #[error(transparent)]
    Stream(#[from] StreamError),
    /// Our own log.
    #[error(transparent)]
    Feed(#[from] FeedError),
    /// Our own log.
    #[error("the log cannot be read: {0}")]
    Log(#[from] ledger::journal::ReadError),
}

impl Publisher {
    pub(super) fn new(registry: Arc<Registry>, node: Link, keeping: Keeping, store: PathBuf) -> Self {
        let (progress, published) = (Arc::default(), Published::default());
        Self { registry, node, keeping, store, progress, published, reads: Semaphore::new(1) }
    }

    /// How far it is, for whoever goes by it.
    pub(super) fn progress(&self) -> Arc<Progress> {
        Arc::clone(&self.progress)
    }

    /// Publishes until `shutdown`; where the registry moved out, to the last event.
    pub(super) async fn run(self, shutdown: CancellationToken) {
        let _ = shutdown.run_until_cancelled(self.keep_on()).await;
        let left = Here::of(&self.registry.config).left_for(&self.registry.read_model.register()).is_some();
        if left && tokio::time::timeout(LAST_WORDS, self.tell_the_rest()).await.is_err() {
            tracing::warn!("buyers on NATS were not told where the registry went; they find it in its log");
        }
    }

    async fn tell_the_rest(&self) {
        let end = self.registry.feed.size();
        let told = async {
            while !self.progress.reaches(end) {
                tokio::time::sleep(SOON).await;
            }
        };
        tokio::select! {
            () = self.keep_on() => {}
            () = told => {}
        }
    }

    async fn keep_on(&self) {
        let (mut pause, halted) = (SOON, Hush::new());
        loop {
            match self.go_on().await {
                Ok(()) => return,
                Err(Halt::Stream(StreamError::Moved)) => pause = SOON,
                Err(Halt::Stream(StreamError::Bus(error))) => tracing::debug!(%error, "buyers on NATS wait"),
                Err(error) => {
                    if let Some(times) = halted.heard() {
                        tracing::error!(%error, times, "buyers on NATS get no events; tried again");
                    }
                    pause = (pause * 2).min(LATE);
                }
            }
            tokio::time::sleep(pause).await;
        }
    }

    /// Finds out how far the stream came, and goes on from there until something is wrong or the registry ends.
    async fn go_on(&self) -> Result<(), Halt> {
        self.progress.set(0);
        let stream = Stream::open(self.node.clone(), self.keeping.clone()).await?;
        let mut cursor = self.resume(&stream).await?;
        self.progress.set(cursor.index);
        let mut forgotten = self.registry.feed.forgotten();
        forgotten.mark_unchanged();
        self.take_out_what_was_erased(&stream, &mut cursor).await?;
        let mut looks = tokio::time::interval(LOOK);
        let mut pulse = Pulse::new(self.registry.published.subscribe());
        loop {
            tokio::select! {
                grown = self.registry.feed.grown(cursor.index) => match grown {
                    true => self.advance(&stream, &mut cursor).await?,
                    false => return Ok(()),
                },
                () = pulse.due(cursor.index) => {
                    pulse.beat(cursor.index);
                    self.tell_how_far(cursor.index).await?;
                }
                _ = looks.tick() => self.look(&stream, &cursor).await?,
                changed = forgotten.changed() => match changed {
                    Ok(()) => self.take_out_what_was_erased(&stream, &mut cursor).await?,
                    Err(_) => return Ok(()),
                },
            }
        }
    }

    async fn advance(&self, stream: &Stream, cursor: &mut Cursor) -> Result<(), Halt> {
        let entries = self.registry.feed.read(cursor.index, &self.reads).await?;
        let events = entries.iter().flat_map(|events| events.iter());
        let (known, checkpoint) = (cursor.kept, self.published.member(&self.registry));
        let mut messages =
            events.flat_map(|event| self.messages(event, &checkpoint)).filter(|(place, _)| known < Some(*place));
        loop {
            let (places, drafts): (Vec<Place>, Vec<Draft>) = messages.by_ref().take(MOST_AT_ONCE).unzip();
            let Some(last) = places.last() else { break };
            let reached = stream.add(cursor.extent.1, drafts).await?;
            let begun = if cursor.kept.is_none() { cursor.extent.1 + 1 } else { cursor.extent.0 };
            (cursor.kept, cursor.extent) = (Some(*last), (begun, reached));
        }
        cursor.index += entries.len() as u64;
        self.progress.set(cursor.index);
        Ok(())
    }

    /// Tells listeners that all before this entry was told. It is not kept: who asks for what is kept has an answer anyhow.
    async fn tell_how_far(&self, index: u64) -> Result<(), Halt> {
        let registry = &self.registry;
        let id = format!("{HEARTBEAT}_{}", registry.now().as_millisecond());
        let told = with_members(&notice(registry, HEARTBEAT, &id, index), &self.published.member(registry));
        let subject = Subject::heartbeat(&registry.config.registry.id);
        Ok(self.node.publish(&subject, told).await.map_err(StreamError::from)?)
    }

    /// The messages of one event, with the newest checkpoint: one for each of its subjects.
    fn messages(&self, event: &Event, checkpoint: &[(&str, String)]) -> Vec<(Place, Draft)> {
        let subjects = self.subjects(event);
        if subjects.is_empty() {
            return Vec::new();
        }
        let told = with_members(&in_all_languages(event), checkpoint);
        let message = |(subject, nth)| {
            let place = Place { index: event.index, position: event.position, subject: nth };
            (place, Draft { subject, id: place.to_string(), payload: told.clone() })
        };
        subjects.into_iter().zip(0..).map(message).collect()
    }

    /// Where an event is told: nowhere, where it is about nothing that buyers on NATS choose by.
    pub(super) fn subjects(&self, event: &Event) -> Vec<Subject> {
        let registry = &self.registry.config.registry.id;
        match &event.about {
            Some(About::Verdict(about)) => {
                let of = |supplier| Subject::status(registry, &about.scheme.id, supplier);
                about.suppliers.iter().map(of).collect()
            }
            Some(About::Bulletin(_, bulletin)) if bulletin.concerns.sectors.is_empty() => {
                vec![Subject::bulletin(registry, None)]
            }
            Some(About::Bulletin(_, bulletin)) => {
                let sectors: BTreeSet<&SectorCode> = bulletin.concerns.sectors.iter().collect();
                sectors.into_iter().map(|sector| Subject::bulletin(registry, Some(sector))).collect()
            }
            None if event.is_for_all() => vec![Subject::registry(registry)],
            None => Vec::new(),
        }
    }

    /// Whether the stream is as it was left. What is too old or too much goes from its beginning; that, too, is held against the log.
    async fn look(&self, stream: &Stream, cursor: &Cursor) -> Result<(), Halt> {
        if !self.store_is_there() {
            // The server writes on into files that nobody will find again.
            tracing::warn!(store = %self.store.display(), "the store of the server of buyers is gone; the stream is made anew");
            stream.remove().await?;
            return Err(StreamError::Moved.into());
        }
        let Extent { messages, first, last, .. } = stream.extent().await?;
        let as_left = (first, last) == cursor.extent && (messages > 0) == cursor.kept.is_some();
        if as_left { Ok(()) } else { Err(StreamError::Moved.into()) }
    }

    /// Where somebody else runs the server, perhaps elsewhere, nobody can tell.
    fn store_is_there(&self) -> bool {
        self.registry.config.nats.external || self.store.exists()
    }
}
