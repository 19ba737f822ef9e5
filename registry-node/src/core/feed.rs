//! The feed: committed entries as events, in order, rendered once for all readers.
//!
//! A reader owns nothing but a cursor. The newest events are kept in a bounded memory; a reader that is further behind
//! reads the log, which renders the same bytes. What a reader is given at once is bounded, so a slow one costs little.
//! Out of scope: transports and filters (HTTP, NATS).

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use conformity::ids::RegistryId;
use conformity::recognised::Recognition;
use conformity::statement::{Claim, Statement};
use credential::statement::read_unverified;
use ledger::digest::Digest;
use ledger::entry::Entry;
use ledger::journal::{ReadError, Stored};
use ledger::jws::{JwsError, Unverified};
use ledger::log::LogReader;
use tokio::sync::{Semaphore, watch};

use super::event::{Event, Source, correction_of, events_of, verdicts_of};
use super::read_model::ReadModel;

/// Entries whose events are kept in memory, and their bytes at most.
const KEPT_ENTRIES: usize = 4_096;
const KEPT_BYTES: usize = 64 * 1024 * 1024;
/// Entries that a reader gets at once, and bytes of their events unless a single entry has more: one entry may bring a whole
/// result list.
const MAX_BATCH: u64 = 256;
pub(crate) const BATCH_BYTES: usize = 128 * 1024;

/// Why events could not be made: our own fault, since all of it was checked before it was committed.
#[derive(Debug, thiserror::Error)]
pub enum FeedError {
    /// The log could not be read.
    #[error(transparent)]
    Log(#[from] ReadError),
    /// A committed statement is not one.
    #[error("the statement at {index} cannot be read: {problem}")]
    Statement {
        /// Where.
        index: u64,
        /// What is wrong.
        problem: String,
    },
}

/// The feed of one registry.
pub struct Feed {
    registry: RegistryId,
    url: String,
    log: LogReader,
    read_model: Arc<ReadModel>,
    size: watch::Receiver<u64>,
    kept: Mutex<Kept>,
    forgotten: watch::Sender<()>,
}

#[derive(Default)]
struct Kept {
    first: u64,
    events: VecDeque<Arc<[Event]>>,
    bytes: usize,
}

impl Feed {
    /// A feed over `log`; `size` announces each commit after the read model took it in.
    pub fn new(
        registry: RegistryId,
        url: String,
        log: LogReader,
        read_model: Arc<ReadModel>,
        size: watch::Receiver<u64>,
    ) -> Feed {
        Feed { registry, url, log, read_model, size, kept: Mutex::default(), forgotten: watch::Sender::new(()) }
    }

    /// The log size that readers can see.
    pub fn size(&self) -> u64 {
        *self.size.borrow()
    }

    /// Waits until the log is longer than `cursor`; `false` when the node stops.
    pub async fn grown(&self, cursor: u64) -> bool {
        self.size.clone().wait_for(|size| *size > cursor).await.is_ok()
    }

    /// The events of the next entries from `cursor` on: some of them, or none at the end of the log. One entry may be as large
    /// as it is; several together are within [`BATCH_BYTES`].
    ///
    /// # Errors
    /// [`FeedError`]: the journal is damaged, which an operator must look at.
    pub fn next(&self, cursor: u64) -> Result<Vec<Arc<[Event]>>, FeedError> {
        let end = self.size().min(cursor.saturating_add(MAX_BATCH));
        if cursor >= end {
            return Ok(Vec::new());
        }
        if let Some(events) = self.kept(cursor, end) {
            return Ok(events);
        }
        let events = self.render(cursor, end)?;
        self.keep(cursor, &events);
        Ok(events)
    }

    /// The same from within a task, which must not wait for a disk: what is not in memory is read on a thread that may, by as few at once
    /// as `turns` has permits.
    ///
    /// # Errors
    /// As [`next`](Self::next).
    pub async fn read(self: &Arc<Self>, cursor: u64, turns: &Semaphore) -> Result<Vec<Arc<[Event]>>, FeedError> {
        if self.keeps(cursor) {
            return self.next(cursor);
        }
        // Never closed.
        let _turn = turns.acquire().await;
        if self.keeps(cursor) {
            // Who had the turn before read it for all.
            return self.next(cursor);
        }
        let feed = Arc::clone(self);
        let read = tokio::task::spawn_blocking(move || feed.next(cursor)).await;
        read.unwrap_or_else(|error| Err(FeedError::Statement { index: cursor, problem: error.to_string() }))
    }

    /// Whether the events of that entry are in the memory that all readers share.
    pub fn keeps(&self, index: u64) -> bool {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        (kept.first..kept.first + kept.events.len() as u64).contains(&index)
    }

    /// Forgets what is kept in memory, after something was erased.
    pub fn forget(&self) {
        *self.kept.lock().unwrap_or_else(PoisonError::into_inner) = Kept::default();
        self.forgotten.send_replace(());
    }

    /// Tells each time that something was erased: whoever keeps events elsewhere has to look what is still to be there.
    pub fn forgotten(&self) -> watch::Receiver<()> {
        self.forgotten.subscribe()
    }

    fn kept(&self, from: u64, to: u64) -> Option<Vec<Arc<[Event]>>> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let skip = usize::try_from(from.checked_sub(kept.first)?).ok()?;
        let count = usize::try_from(to - from).ok()?;
        let mut batch = Batch::default();
        kept.events.iter().skip(skip).take(count).all(|events| batch.add(Arc::clone(events)));
        (!batch.events.is_empty()).then_some(batch.events)
    }

    /// Keeps events that continue or replace the newest kept ones; what a straggler rendered is not kept.
    fn keep(&self, from: u64, events: &[Arc<[Event]>]) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let next = kept.first + kept.events.len() as u64;
        if from > next || kept.events.is_empty() {
            *kept = Kept { first: from, ..Kept::default() };
        }
        let next = kept.first + kept.events.len() as u64;
        let Some(known) = next.checked_sub(from).and_then(|known| usize::try_from(known).ok()) else { return };
        for events in events.iter().skip(known) {
            kept.bytes += bytes(events);
            kept.events.push_back(Arc::clone(events));
        }
        while kept.events.len() > KEPT_ENTRIES || kept.bytes > KEPT_BYTES {
            let Some(oldest) = kept.events.pop_front() else { break };
            kept.bytes -= bytes(&oldest);
            kept.first += 1;
        }
    }

    fn render(&self, from: u64, to: u64) -> Result<Vec<Arc<[Event]>>, FeedError> {
        let mut batch = Batch::default();
        for (index, entry) in (from..).zip(&self.log.entries(from..to)?) {
            if !batch.add(self.events(index, entry)?) {
                break;
            }
        }
        Ok(batch.events)
    }

    fn events(&self, index: u64, entry: &Entry) -> Result<Arc<[Event]>, FeedError> {
        let statement = self.statement(index)?;
        let rows = self.rows(index, statement.as_ref())?;
        let verdicts = match &statement {
            // Rendered without the lock: a stolen key may have signed very much, and the sequencer waits for readers.
            Some(statement) => verdicts_of(&self.read_model.register(), statement, index),
            None => Vec::new(),
        };
        let crosswalk = statement.as_ref().and_then(|statement| correction_of(&self.read_model.register(), statement));
        let source = Source {
            registry: &self.registry,
            url: &self.url,
            index,
            entry,
            statement: statement.as_ref(),
            rows: &rows,
            verdicts: &verdicts,
            crosswalk: crosswalk.as_ref(),
        };
        Ok(events_of(&source).into())
    }

    fn statement(&self, index: u64) -> Result<Option<Statement>, FeedError> {
        match self.log.statement(index)? {
            Stored::Bytes(compact) => {
                parse_committed(&compact).map(Some).map_err(|problem| FeedError::Statement { index, problem })
            }
            Stored::Erased | Stored::None => Ok(None),
        }
    }

    fn rows(&self, index: u64, statement: Option<&Statement>) -> Result<Vec<Recognition>, FeedError> {
        let Some(Claim::RecognitionDerived(derived)) = statement.map(|statement| &statement.claim) else {
            return Ok(Vec::new());
        };
        let digest = Digest::from_bytes(*derived.results.digest.as_bytes());
        let list = self.log.attachment(&digest)?.unwrap_or_default();
        conformity::recognised::read_results(&list)
            .map_err(|problem| FeedError::Statement { index, problem: problem.to_string() })
    }
}

/// Events of consecutive entries, up to the bound on bytes.
#[derive(Default)]
struct Batch {
    events: Vec<Arc<[Event]>>,
    bytes: usize,
}

impl Batch {
    /// Takes the events of the next entry, unless they are too much beside others.
    fn add(&mut self, events: Arc<[Event]>) -> bool {
        let bytes = self.bytes + bytes(&events);
        let fits = self.events.is_empty() || bytes <= BATCH_BYTES;
        if fits {
            self.bytes = bytes;
            self.events.push(events);
        }
        fits
    }
}

/// Bytes of these events as they are sent.
pub(crate) fn bytes(events: &[Event]) -> usize {
    events.iter().map(|event| event.json.len()).sum()
}

/// Reads a statement that is in the log, whose signature intake checked.
pub fn parse_committed(compact: &bytes::Bytes) -> Result<Statement, String> {
    parse_signed(compact).map(|(statement, _)| statement)
}

/// Reads a statement that was committed, and the name of the key that signed it.
///
/// # Errors
/// What is wrong with it.
pub fn parse_signed(compact: &bytes::Bytes) -> Result<(Statement, Unverified), String> {
    let unverified = Unverified::parse(compact.clone()).map_err(|error: JwsError| error.to_string())?;
    let statement = read_unverified(&unverified).map_err(|error| error.to_string())?;
    Ok((statement, unverified))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(events: usize) -> Arc<[Event]> {
        let event = |position| Event {
            index: 0,
            position,
            kind: String::new(),
            about: None,
            json: bytes::Bytes::from_static(&[b' '; 1024]),
        };
        (0..events as u32).map(event).collect()
    }

    #[test]
    fn a_batch_is_bounded_by_bytes_and_holds_one_entry_at_least() {
        const FULL: usize = BATCH_BYTES / 1024;
        let rows: [(&[usize], usize); 6] = [
            (&[1, 1, 1], 3),
            (&[FULL, 1], 1),
            (&[FULL - 1, 1, 0, 1], 3),
            (&[FULL * 9, 1], 1),
            (&[1, FULL * 9, 1], 1),
            (&[0, FULL * 9], 1),
        ];
        for (sizes, taken) in rows {
            let mut batch = Batch::default();
            let count = sizes.iter().take_while(|size| batch.add(entry(**size))).count();
            assert_eq!((count, batch.events.len()), (taken, taken), "{sizes:?}");
        }
    }
}
