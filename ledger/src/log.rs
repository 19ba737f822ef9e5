//! The log: one writer that sequences statements, and any number of readers.
//!
//! The writer gives each entry its index and its time (never decreasing, whatever clock the caller reads), signs a
//! checkpoint over the result, and hands everything to the journal at once. A commit becomes visible to readers only
//! when the journal says that it is durable. Not here: whether a statement may be committed (its signature, and
//! `conformity`'s rules), and when to publish (see [`crate::tiles`]).

mod open;
mod reader;
mod signers;

#[cfg(test)]
mod tests;

pub use open::OpenError;
pub use reader::{Head, LogReader};
pub use signers::{KeyNotHeld, Signers};

use crate::checkpoint::{Checkpoint, CheckpointError, Purpose};
use crate::digest::Digest;
use crate::entry::{Entry, Kind};
use crate::journal::{self, Batch, EraseError, JournalWriter, MAX_ATTACHMENT, MAX_BATCH, Slot};
use crate::jws::MAX_STATEMENT;
use crate::log_keys::{KeyChangeError, LogKeys};
use crate::merkle::{Frontier, Hash};
use crate::note::NoteSigner;
use bytes::Bytes;
use std::sync::Arc;

/// Something to be committed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    /// What the entry will be.
    pub kind: Kind,
    /// The statement; for a seal, which has none, the 32 bytes of the root of the state map.
    pub statement: Bytes,
    /// What the statement refers to by digest.
    pub attachments: Vec<Bytes>,
}

impl Draft {
    /// A statement without attachments.
    pub fn statement(statement: Bytes) -> Self {
        Self { kind: Kind::Statement, statement, attachments: Vec::new() }
    }

    /// The mark that a published checkpoint follows, with the root of the state map as of all entries before it.
    pub fn seal(map: &Hash) -> Self {
        let root = Bytes::copy_from_slice(map.as_bytes());
        Self { kind: Kind::Seal, statement: root, attachments: Vec::new() }
    }

    /// What the entry commits to; nothing if the draft has no length that fits its kind.
    fn digest(&self) -> Option<Digest> {
        match (self.kind.has_statement(), self.statement.len()) {
            (true, 1..=MAX_STATEMENT) => Some(Digest::of(&self.statement)),
            (false, _) => self.statement.as_ref().try_into().ok().map(Digest::from_bytes),
            (true, _) => None,
        }
    }
}

/// A batch that is durable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Commit {
    /// Index of the first draft; the others follow in order.
    pub first_index: u64,
    /// The log's size with this batch.
    pub size: u64,
    /// When all of it was sequenced, in milliseconds since the Unix epoch.
    pub time_ms: u64,
    /// The signed checkpoint of that size: one to be published, if the batch ends with a seal.
    pub checkpoint: Arc<str>,
}

/// A draft that cannot be committed. The caller's to mend.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DraftError {
    /// Nothing to commit.
    #[error("a batch needs at least one draft")]
    Empty,
    /// Too much at once.
    #[error("a batch has at most {MAX_BATCH} drafts, not {0}: make two of it")]
    TooMany(usize),
    /// A statement of a length that does not fit its kind.
    #[error(
        "draft {draft} has a statement of {len} bytes; a seal has the 32 of a root, others have 1 to {MAX_STATEMENT}"
    )]
    StatementLength {
        /// Its place in the batch.
        draft: usize,
        /// The length.
        len: usize,
    },
    /// An attachment that is too long.
    #[error("draft {draft} has an attachment of {len} bytes; {MAX_ATTACHMENT} are allowed")]
    AttachmentLength {
        /// Its place in the batch.
        draft: usize,
        /// The length.
        len: usize,
    },
    /// A genesis anywhere but at the start, or something else there.
    #[error("draft {0}: the first entry of a log, and only that, is its genesis")]
    Genesis(usize),
}

/// Why a batch was not committed.
#[derive(Debug, thiserror::Error)]
pub enum AppendError {
    /// A draft is impossible; nothing changed.
    #[error(transparent)]
    Draft(#[from] DraftError),
    /// The checkpoint could not be signed; nothing changed.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// The journal did not take it: see there for what that means.
    #[error(transparent)]
    Journal(#[from] journal::AppendError),
}

impl AppendError {
    /// Whether space is what is missing: nothing changed, and a later attempt may succeed.
    pub fn is_full(&self) -> bool {
        matches!(self, Self::Journal(journal::AppendError::NotDurable { cause: journal::Cause::Full, .. }))
    }

    /// Whether nobody knows what is durable: the log must be opened again before anything else is written.
    pub fn is_poisoned(&self) -> bool {
        matches!(self, Self::Journal(journal::AppendError::Poisoned { .. }))
    }
}

/// The one writer of a log.
pub struct Log {
    journal: Box<dyn JournalWriter>,
    signers: Signers,
    frontier: Frontier,
    last_ms: u64,
    reader: LogReader,
}

impl Log {
    /// The log's permanent name.
    pub fn origin(&self) -> &str {
        self.signers.current().name()
    }

    /// The number of entries.
    pub fn size(&self) -> u64 {
        self.frontier.size()
    }

    /// When the last entry was sequenced, in milliseconds since the Unix epoch; the next one is not earlier.
    pub fn last_time_ms(&self) -> u64 {
        self.last_ms
    }

    /// A reader, to be cloned freely.
    pub fn reader(&self) -> LogReader {
        self.reader.clone()
    }

    /// Commits a batch, sequenced at `at_ms` or at the time of the last entry, whichever is later.
    pub fn append(&mut self, at_ms: u64, drafts: Vec<Draft>) -> Result<Commit, AppendError> {
        let first_index = self.size();
        let digests = check(first_index, &drafts)?;
        let time_ms = at_ms.max(self.last_ms);
        let entry = |(draft, digest): (&Draft, Digest)| Entry { kind: draft.kind, time_ms, digest };
        let entries: Vec<Entry> = drafts.iter().zip(digests).map(entry).collect();
        let leaves: Vec<_> = entries.iter().map(Entry::leaf_hash).collect();
        let mut frontier = self.frontier.clone();
        leaves.iter().for_each(|leaf| frontier.push(*leaf));
        let (size, root, purpose) = (frontier.size(), frontier.root(), purpose(&drafts));
        let checkpoint = Checkpoint { origin: self.origin().into(), size, root, purpose };
        let checkpoint: Arc<str> = self.signers.sign(&checkpoint, time_ms)?.into();
        self.journal.append(first_index, &batch(first_index, entries, &checkpoint, &drafts))?;
        self.last_ms = time_ms;
        self.frontier = frontier;
        self.reader.publish(&leaves, Arc::clone(&checkpoint));
        Ok(Commit { first_index, size: self.size(), time_ms, checkpoint })
    }

    /// Signs from now on with the key that the log itself names, which can be read only once it is open. The key before that
    /// signs besides until `until_ms` (milliseconds since the Unix epoch), where it is held.
    ///
    /// # Errors
    /// [`KeyNotHeld`]: nothing may be appended then.
    pub fn follow_keys(&mut self, keys: LogKeys, until_ms: u64) -> Result<(), KeyNotHeld> {
        self.signers.follow(&keys, until_ms)?;
        self.reader.set_keys(keys);
        Ok(())
    }

    /// Lets a key take over by the statement at `index`, which must be the last entry: its commit was signed by the old key, and
    /// all later ones are signed by the new one. The old key signs besides until `until_ms`.
    ///
    /// # Errors
    /// [`KeyChangeError`]; nothing changed then.
    pub fn change_key(&mut self, index: u64, next: Arc<NoteSigner>, until_ms: u64) -> Result<(), KeyChangeError> {
        if self.size() != index.saturating_add(1) {
            return Err(KeyChangeError::Order { index });
        }
        let mut keys = self.reader.keys();
        keys.change(index, next.verifier().clone())?;
        self.signers.change(next, until_ms);
        self.reader.set_keys(keys);
        Ok(())
    }

    /// Takes the statement beside an entry out, durably. The entry and all proofs stay. A second time changes nothing;
    /// a genesis stays, since peers pin it.
    pub fn erase(&mut self, index: u64) -> Result<(), EraseError> {
        if index == 0 { Err(EraseError::NoStatement(0)) } else { self.journal.erase(index) }
    }
}

/// A seal is what a published checkpoint follows; no other batch has one.
fn purpose(drafts: &[Draft]) -> Purpose {
    let sealed = drafts.last().is_some_and(|draft| draft.kind == Kind::Seal);
    if sealed { Purpose::Publication } else { Purpose::Commit }
}

/// What the entry of each draft will commit to, if all of them can be committed.
fn check(first_index: u64, drafts: &[Draft]) -> Result<Vec<Digest>, DraftError> {
    match drafts.len() {
        0 => return Err(DraftError::Empty),
        n if n > MAX_BATCH => return Err(DraftError::TooMany(n)),
        _ => {}
    }
    drafts.iter().enumerate().map(|(i, draft)| digest(first_index, i, draft)).collect()
}

fn digest(first_index: u64, i: usize, draft: &Draft) -> Result<Digest, DraftError> {
    let digest = draft.digest().ok_or(DraftError::StatementLength { draft: i, len: draft.statement.len() })?;
    if let Some(attachment) = draft.attachments.iter().find(|bytes| bytes.len() > MAX_ATTACHMENT) {
        return Err(DraftError::AttachmentLength { draft: i, len: attachment.len() });
    }
    if (draft.kind == Kind::Genesis) != (first_index == 0 && i == 0) {
        return Err(DraftError::Genesis(i));
    }
    Ok(digest)
}

fn batch<'a>(first_index: u64, entries: Vec<Entry>, checkpoint: &'a str, drafts: &'a [Draft]) -> Batch<'a> {
    let slot = |draft: &'a Draft| if draft.kind.has_statement() { Slot::Bytes(&draft.statement) } else { Slot::None };
    let attachments = drafts.iter().flat_map(|draft| &draft.attachments);
    Batch {
        first_index,
        entries,
        checkpoint,
        statements: drafts.iter().map(slot).collect(),
        attachments: attachments.map(|bytes| (Digest::of(bytes), bytes.as_ref())).collect(),
    }
}
