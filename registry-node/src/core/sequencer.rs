//! The sequencer: the one writer of a registry's log.
//!
//! It takes whatever waits, decides each statement against the committed state and the batch so far, writes one journal
//! record with one `fdatasync`, shows the records to readers, and only then answers. A batch is what queued during the
//! previous sync; there is no timer. Out of scope: signatures (intake checked them) and what events follow (the feed).

use std::sync::Arc;
use std::sync::mpsc::SyncSender;

use conformity::records::{Overlay, Record};
use conformity::refusal::Refusal;
use jiff::Timestamp;
use ledger::journal::EraseError;
use ledger::log::{Commit, Draft, Log};
use tokio::sync::{mpsc, oneshot, watch};

use super::cascades::Cascades;
use super::here::Here;
use super::intake::Candidate;
use super::log_keys::besides_until_ms;
use super::read_model::ReadModel;
use super::state_map::{MapFailed, StateMap};
use crate::clock::Clock;
use crate::metrics::Metrics;
use crate::spans::in_current_span;
use crate::vault::{Vault, VaultError};

/// Most bytes of statements and attachments in one batch.
const MAX_BATCH_BYTES: usize = 32 * 1024 * 1024;

/// What an acknowledged statement got.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Receipt {
    /// Its place in the log.
    pub index: u64,
    /// When it was sequenced; for a repetition, when it was sent again.
    pub at: Timestamp,
    /// Size of the log after its commit: a proof of inclusion exists from here on.
    pub size: u64,
    /// The same bytes were in the log before; nothing was appended.
    pub repeated: bool,
}

/// Why a statement was not appended. Nothing changed.
#[derive(Debug, Clone, thiserror::Error)]
pub enum SequenceError {
    /// The rules refuse it.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// Too much waits already.
    #[error("too many statements wait for the next commit; send it again in a moment")]
    Busy,
    /// The disk is full.
    #[error("the registry cannot store anything now ({0}); reading goes on. Send it again later")]
    NotDurable(String),
    /// The erasure is in the log, but the bytes could not be removed yet.
    #[error(
        "the erasure is recorded, but the bytes could not be removed yet ({0}); send it again, or start the node again"
    )]
    NotErased(String),
    /// The registry was moved to another node; this one appends nothing more.
    #[error("this registry is served at {http_url} now; say it there")]
    Moved {
        /// Where its HTTPS door is.
        http_url: String,
    },
    /// A sync failed, or the node is stopping: nothing is acknowledged until a restart.
    #[error("the registry has stopped acknowledging; an operator must look at its log and restart it")]
    Stopped,
}

/// Why no seal was appended. Nothing changed.
#[derive(Debug, Clone, thiserror::Error)]
pub enum SealError {
    /// It could not be stored.
    #[error(transparent)]
    Sequence(#[from] SequenceError),
    /// The state map has no root to seal.
    #[error(transparent)]
    Map(#[from] MapFailed),
}

/// Where submissions enter.
#[derive(Clone)]
pub struct Sequencer {
    queue: mpsc::Sender<Command>,
    vault: Arc<Vault>,
    map: StateMap,
}

/// What was committed, for readers that follow in order.
#[derive(Debug)]
pub struct Committed {
    /// Size of the log after this commit.
    pub size: u64,
    /// Records that changed.
    pub records: Vec<Record>,
}

enum Command {
    Append { candidate: Box<Candidate>, answer: oneshot::Sender<Result<Receipt, SequenceError>> },
    Seal { answer: oneshot::Sender<Result<Commit, SealError>> },
    Erase { index: u64, answer: oneshot::Sender<Result<(), SequenceError>> },
}

/// What the sequencer needs around it.
pub struct Parts {
    /// The state it decides against and then updates.
    pub read_model: Arc<ReadModel>,
    /// The time of entries.
    pub clock: Arc<dyn Clock>,
    /// What it counts.
    pub metrics: Arc<Metrics>,
    /// Learns each new size after readers can see it.
    pub size: watch::Sender<u64>,
    /// What seals hold the root of.
    pub map: StateMap,
    /// Learns what verdicts may rest on no more.
    pub cascades: Arc<Cascades>,
    /// Where this node is reached.
    pub here: Here,
    /// It and the sequencer stop together: after a failed sync of either nothing is acknowledged any more, by nobody.
    pub vault: Arc<Vault>,
}

impl Sequencer {
    /// Starts the writer thread for `log`; it ends when every [`Sequencer`] is dropped.
    ///
    /// # Errors
    /// When the operating system gives no thread.
    pub fn start(
        log: Log,
        parts: Parts,
        index: SyncSender<Committed>,
        queue: usize,
        batch: usize,
    ) -> std::io::Result<Sequencer> {
        let (sender, receiver) = mpsc::channel(queue);
        parts.metrics.writable.set(1);
        let (map, vault) = (parts.map.clone(), Arc::clone(&parts.vault));
        let writer = Writer { log, parts, index: Some(index), batch };
        std::thread::Builder::new()
            .name("sequencer".to_owned())
            .spawn(in_current_span(move || writer.run(receiver)))?;
        Ok(Sequencer { queue: sender, vault, map })
    }

    /// Appends a verified statement and waits until it is durable.
    ///
    /// # Errors
    /// [`SequenceError`]; nothing changed then.
    pub async fn append(&self, candidate: Candidate) -> Result<Receipt, SequenceError> {
        self.offer(candidate)?.await
    }

    /// Queues a verified statement behind those that were offered before; what is answered waits until it is durable. The
    /// statement is appended whether or not anybody waits.
    ///
    /// # Errors
    /// [`SequenceError`], at once if it was not queued; nothing changed then.
    pub fn offer(
        &self,
        candidate: Candidate,
    ) -> Result<impl Future<Output = Result<Receipt, SequenceError>> + Send + use<>, SequenceError> {
        let (answer, outcome) = oneshot::channel();
        self.queue.try_send(Command::Append { candidate: Box::new(candidate), answer }).map_err(
            |error| match error {
                mpsc::error::TrySendError::Full(_) => SequenceError::Busy,
                mpsc::error::TrySendError::Closed(_) => SequenceError::Stopped,
            },
        )?;
        Ok(async move { outcome.await.unwrap_or(Err(SequenceError::Stopped)) })
    }

    /// Appends a seal entry, which a checkpoint is then published over.
    ///
    /// # Errors
    /// [`SealError`]; nothing changed then.
    pub async fn seal(&self) -> Result<Commit, SealError> {
        // Statements wait while the sequencer waits for the map, so most of that is done before it is asked.
        self.map.nearly_caught_up().await?;
        let (answer, outcome) = oneshot::channel();
        self.queue.send(Command::Seal { answer }).await.map_err(|_| SequenceError::Stopped)?;
        outcome.await.unwrap_or(Err(SequenceError::Stopped.into()))
    }

    /// Removes the bytes of the statement at `index`, whose erasure is in the log already.
    ///
    /// # Errors
    /// [`SequenceError::NotErased`] when the journal could not; whoever asks again, and the next start, try again.
    pub async fn erase(&self, index: u64) -> Result<(), SequenceError> {
        let (answer, outcome) = oneshot::channel();
        self.queue.send(Command::Erase { index, answer }).await.map_err(|_| SequenceError::Stopped)?;
        outcome.await.unwrap_or(Err(SequenceError::Stopped))
    }

    /// Whether statements are acknowledged; `false` from a failed sync until the next start.
    pub fn is_writable(&self) -> bool {
        !self.vault.is_stopped()
    }
}

struct Writer {
    log: Log,
    parts: Parts,
    index: Option<SyncSender<Committed>>,
    batch: usize,
}

impl Writer {
    fn run(mut self, mut queue: mpsc::Receiver<Command>) {
        let mut next = None;
        while let Some(command) = next.take().or_else(|| queue.blocking_recv()) {
            match command {
                Command::Append { candidate, answer } => {
                    let (batch, other) = gather(Waiting { candidate, answer }, &mut queue, self.batch);
                    next = other;
                    self.commit(batch);
                }
                // Whoever asked may be gone; the work is done all the same.
                Command::Seal { answer } => drop(answer.send(self.seal())),
                Command::Erase { index, answer } => drop(answer.send(self.erase(index))),
            }
        }
    }

    fn commit(&mut self, batch: Vec<Waiting>) {
        let at = self.parts.clock.now();
        let (drafts, records, outcomes) = self.decide(&batch, at);
        let outcomes = if drafts.is_empty() { outcomes } else { self.make_durable(at, drafts, records, outcomes) };
        self.hand_over(&batch, &outcomes);
        for (waiting, outcome) in batch.into_iter().zip(outcomes) {
            self.count(&outcome);
            // A submitter that went away asks again; its statement is in the log under its id.
            let _ = waiting.answer.send(outcome);
        }
    }

    /// Decides each statement against the committed state and those before it in the batch.
    fn decide(
        &self,
        batch: &[Waiting],
        at: Timestamp,
    ) -> (Vec<Draft>, Vec<Record>, Vec<Result<Receipt, SequenceError>>) {
        let register = self.parts.read_model.register();
        let mut overlay = Overlay::new(&*register);
        let (mut drafts, mut outcomes) = (Vec::with_capacity(batch.len()), Vec::with_capacity(batch.len()));
        let at = at.max(instant(self.log.last_time_ms()));
        for Waiting { candidate, .. } in batch {
            let index = self.log.size() + drafts.len() as u64;
            let outcome = match candidate.decide(&overlay, index, at) {
                Ok(records) => {
                    records.into_iter().for_each(|record| overlay.insert(record));
                    drafts.push(candidate.draft());
                    Ok(Receipt { index, at, size: 0, repeated: false })
                }
                Err(Refusal::Duplicate { index }) => Ok(Receipt { index, at, size: 0, repeated: true }),
                Err(refusal) => Err(refusal.into()),
            };
            outcomes.push(outcome);
        }
        (drafts, overlay.into_records(), outcomes)
    }

    /// Signs with another key from now on, if the last statement of the batch says so.
    fn hand_over(&mut self, batch: &[Waiting], outcomes: &[Result<Receipt, SequenceError>]) {
        let (Some(Waiting { candidate, .. }), Some(Ok(receipt))) = (batch.last(), outcomes.last()) else { return };
        let Some(change) = candidate.log_key_change().filter(|_| !receipt.repeated) else { return };
        let until_ms = besides_until_ms(change.until);
        let changed = candidate.next_log_key().cloned().ok_or_else(|| "nobody brought the new key".to_owned());
        let changed = changed
            .and_then(|next| self.log.change_key(receipt.index, next, until_ms).map_err(|error| error.to_string()));
        if let Err(error) = changed {
            // The log names a key with which this process cannot sign; a start finds it among the files, or says that it is lost.
            tracing::error!(error, "the log names another key; nothing more is acknowledged until a restart");
            self.parts.vault.stop();
            self.parts.metrics.writable.set(0);
        }
    }

    fn make_durable(
        &mut self,
        at: Timestamp,
        drafts: Vec<Draft>,
        records: Vec<Record>,
        outcomes: Vec<Result<Receipt, SequenceError>>,
    ) -> Vec<Result<Receipt, SequenceError>> {
        self.parts.metrics.batch.observe(drafts.len() as f64);
        match self.append(at, drafts) {
            Ok(commit) => {
                self.show(&commit, records);
                outcomes
                    .into_iter()
                    .map(|outcome| outcome.map(|receipt| Receipt { size: commit.size, ..receipt }))
                    .collect()
            }
            Err(error) => outcomes.into_iter().map(|outcome| outcome.and(Err(error.clone()))).collect(),
        }
    }

    fn seal(&mut self) -> Result<Commit, SealError> {
        let map = self.parts.map.current()?;
        let commit = self.append(self.parts.clock.now(), vec![Draft::seal(&map.root())])?;
        self.parts.map.seal(commit.first_index, map);
        self.show(&commit, Vec::new());
        Ok(commit)
    }

    fn erase(&mut self, index: u64) -> Result<(), SequenceError> {
        self.require_writable()?;
        self.log.erase(index).map_err(|error| {
            if matches!(error, EraseError::Poisoned { .. }) {
                self.stop(&error);
            }
            SequenceError::NotErased(error.to_string())
        })
    }

    fn require_writable(&self) -> Result<(), SequenceError> {
        if self.parts.vault.is_uncertain() {
            self.stop(&VaultError::Uncertain);
        }
        if self.parts.vault.is_stopped() { Err(SequenceError::Stopped) } else { Ok(()) }
    }

    fn append(&mut self, at: Timestamp, drafts: Vec<Draft>) -> Result<Commit, SequenceError> {
        self.require_writable()?;
        // Not even a seal: whoever goes on elsewhere must find this log as it was left.
        if let Some(left) = self.parts.here.left_for(&self.parts.read_model.register()) {
            return Err(SequenceError::Moved { http_url: left.http_url.to_string() });
        }
        let at_ms = u64::try_from(at.as_millisecond()).unwrap_or_default();
        self.log.append(at_ms, drafts).map_err(|error| {
            if error.is_poisoned() {
                self.stop(&error);
                return SequenceError::Stopped;
            }
            SequenceError::NotDurable(error.to_string())
        })
    }

    /// Nothing is acknowledged any more.
    fn stop(&self, error: &dyn std::error::Error) {
        if self.parts.vault.stop() {
            tracing::error!(%error, "the disk failed; nothing more is acknowledged until a restart");
        }
        self.parts.metrics.writable.set(0);
    }

    fn show(&mut self, commit: &Commit, records: Vec<Record>) {
        self.parts.read_model.insert(records.clone());
        self.parts.map.take(&records);
        self.parts.cascades.note(&records, &self.parts.read_model.register());
        self.parts.metrics.log_size.set(i64::try_from(commit.size).unwrap_or(i64::MAX));
        self.index(Committed { size: commit.size, records });
        self.parts.size.send_replace(commit.size);
    }

    /// Hands the commit to the index, which never holds anybody up: once it lacks one, it gets no more, and the next
    /// start derives what it lacks.
    fn index(&mut self, committed: Committed) {
        if let Some(index) = &self.index
            && index.try_send(committed).is_err()
        {
            tracing::warn!("the index does not keep up; the next start derives what it lacks");
            self.index = None;
        }
    }

    fn count(&self, outcome: &Result<Receipt, SequenceError>) {
        match outcome {
            Ok(_) => drop(self.parts.metrics.acknowledged.inc()),
            Err(SequenceError::Refused(refusal)) => self.parts.metrics.refuse(refusal.code()),
            Err(_) => self.parts.metrics.refuse("not-stored"),
        }
    }
}

/// An entry's time; the last instant that can be written for one that cannot.
pub(super) fn instant(time_ms: u64) -> Timestamp {
    i64::try_from(time_ms).ok().and_then(|ms| Timestamp::from_millisecond(ms).ok()).unwrap_or(Timestamp::MAX)
}

/// A statement, and who waits for its outcome.
struct Waiting {
    candidate: Box<Candidate>,
    answer: oneshot::Sender<Result<Receipt, SequenceError>>,
}

/// Takes what waits already, up to the limits; a command of another kind ends the batch and is handed back. A change of the log's
/// key ends it, too: the checkpoint of its commit must end with it, which is the last one that the old key signs alone. So does a
/// move: nothing may stand behind it that this node appended.
fn gather(first: Waiting, queue: &mut mpsc::Receiver<Command>, limit: usize) -> (Vec<Waiting>, Option<Command>) {
    let mut bytes = first.candidate.bytes();
    let mut batch = vec![first];
    let is_over = |batch: &[Waiting]| batch.last().is_some_and(|last| last.candidate.ends_commit());
    while batch.len() < limit && bytes < MAX_BATCH_BYTES && !is_over(&batch) {
        match queue.try_recv() {
            Ok(Command::Append { candidate, answer }) => {
                bytes += candidate.bytes();
                batch.push(Waiting { candidate, answer });
            }
            Ok(other) => return (batch, Some(other)),
            Err(_) => break,
        }
    }
    (batch, None)
}
