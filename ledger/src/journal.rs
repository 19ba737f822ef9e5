//! Where entries and statements rest: the port, and its implementation in files.
//!
//! **The contract of a journal**, whatever it is made of:
//!
//! - *One writer.* Opening takes the journal for this process; a second writer is refused, not queued. `append` also
//!   names the size it believes the journal to have, and is refused if that is not so: two writers that both got in
//!   cannot both go on.
//! - *Durability.* `append` returns `Ok` only when the whole batch (entries, statements, attachments, signed
//!   checkpoint) would survive a power cut. A batch is there as a whole or not at all. Readers see it only then.
//! - *Errors.* After [`AppendError::NotDurable`] the journal is as before, and the caller may try again later. After
//!   [`AppendError::Poisoned`] nobody knows whether the last batch is durable: a failed fsync is never retried, because
//!   the system may have dropped the data and forgotten the error. Nothing more is written until the journal is opened
//!   again, and that decides.
//! - *Who retries.* Nobody in here. A submitter that got no answer sends the same statement again; its id tells.
//! - *Opening again* drops at most a last batch that was never acknowledged, and refuses everything else that is wrong,
//!   saying where. The lower bounds that prove a tail acknowledged are the journal's own and the caller's (what it has
//!   published).
//! - *Erasure.* A statement can be taken out while its entry, and so every proof, stays. A crash leaves old or new.
//! - *Reading* never waits for the writer's disk, from any number of threads.
//!
//! The port knows nothing of trees and signatures: whoever replays ([`Replay`]) checks those.

mod directory;
mod erase;
mod error;
mod file;
mod record;
mod recovery;
mod segment;

#[cfg(test)]
mod tests;

pub use error::{AppendError, Cause, Damage, EraseError, OpenError, ReadError};
pub use file::{FileJournal, Options};

use crate::digest::Digest;
use crate::entry::Entry;
use bytes::Bytes;
use std::ops::Range;
use std::sync::Arc;

/// Most entries in one batch.
pub const MAX_BATCH: usize = 65_536;
/// Longest attachment.
pub const MAX_ATTACHMENT: usize = 16 << 20;
/// Longest batch, with everything in it. Above it the caller makes two batches.
pub const MAX_BATCH_BYTES: usize = 256 << 20;

/// What lies beside an entry when it is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stored {
    /// The statement.
    Bytes(Bytes),
    /// There was one; it has been erased.
    Erased,
    /// An entry of this kind has none.
    None,
}

/// What lies beside an entry in a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Slot<'a> {
    /// The statement.
    Bytes(&'a [u8]),
    /// There was one; it has been erased. Never in a batch that is appended.
    Erased,
    /// An entry of this kind has none.
    None,
}

/// Everything that is committed at once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Batch<'a> {
    /// Index of the first entry.
    pub first_index: u64,
    /// The entries; at least one.
    pub entries: Vec<Entry>,
    /// The checkpoint over everything up to the last entry, as a signed note.
    pub checkpoint: &'a str,
    /// As many as there are entries.
    pub statements: Vec<Slot<'a>>,
    /// Attachments with their digests; one that the journal holds already is not written again.
    pub attachments: Vec<(Digest, &'a [u8])>,
}

impl Batch<'_> {
    /// The journal's size once this batch is in it.
    pub fn end(&self) -> u64 {
        self.first_index + self.entries.len() as u64
    }
}

/// Whoever opens a journal: is shown every batch in order, and says what is wrong with it.
pub trait Replay {
    /// The next batch, with everything that does not need the signature checked: its place, its times, its root.
    fn batch(&mut self, batch: &Batch<'_>) -> Result<(), String>;

    /// The end of a part that must hold by itself: the signature of the last checkpoint is checked.
    fn settle(&mut self) -> Result<(), String>;

    /// The size that this checkpoint is for, if the log itself signed it.
    fn vouched_size(&self, checkpoint: &str) -> Option<u64>;
}

/// A journal that this process has taken, but not yet read.
pub trait Journal: Send {
    /// Reads and checks all of it, mends an unacknowledged torn tail, and opens it for writing and reading.
    fn replay(self: Box<Self>, replay: &mut dyn Replay) -> Result<Opened, OpenError>;
}

/// A journal in use.
pub struct Opened {
    /// The one writer.
    pub writer: Box<dyn JournalWriter>,
    /// For any number of readers.
    pub reader: Arc<dyn JournalReader>,
}

/// The writing half. See the contract at the top.
pub trait JournalWriter: Send {
    /// Makes a batch durable.
    fn append(&mut self, expected_size: u64, batch: &Batch<'_>) -> Result<(), AppendError>;

    /// Takes a statement out, durably; a second time changes nothing.
    fn erase(&mut self, index: u64) -> Result<(), EraseError>;
}

/// The reading half.
pub trait JournalReader: Send + Sync {
    /// The entries of a range; an error if the journal does not hold all of it.
    fn entries(&self, range: Range<u64>) -> Result<Vec<Entry>, ReadError>;

    /// What lies beside an entry.
    fn statement(&self, index: u64) -> Result<Stored, ReadError>;

    /// An attachment, found by its digest.
    fn attachment(&self, digest: &Digest) -> Result<Option<Bytes>, ReadError>;

    /// Its size in bytes, known without reading it.
    fn attachment_len(&self, digest: &Digest) -> Option<usize>;
}
