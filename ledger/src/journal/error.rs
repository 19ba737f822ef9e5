//! What can go wrong with a journal, split by who can do something about it.

use std::io;
use std::path::{Path, PathBuf};

/// A place where the journal is not what it must be. Nothing was changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{} at byte {offset}: {what}", file.display())]
pub struct Damage {
    /// The file.
    pub file: PathBuf,
    /// Where in it, in bytes from its start.
    pub offset: u64,
    /// What is wrong there.
    pub what: String,
}

impl Damage {
    pub(super) fn new(file: &Path, offset: u64, what: impl Into<String>) -> Self {
        Self { file: file.into(), offset, what: what.into() }
    }
}

/// Why a journal is not opened. The operator's to mend.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another process writes to it.
    #[error("{}: another process has this journal open; stop it first", .0.display())]
    Locked(PathBuf),
    /// The system refused.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Something acknowledged is damaged or missing.
    #[error("the journal is damaged: {0}. Nothing was changed; restore the file from a copy")]
    Damage(#[from] Damage),
}

impl OpenError {
    pub(super) fn io(path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Io { path: path.into(), source }
    }
}

/// Why a write did not happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// No space, or a quota: may succeed once there is room.
    Full,
    /// Anything else the system said.
    Other,
}

impl Cause {
    pub(super) fn of(error: &io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge => Self::Full,
            _ => Self::Other,
        }
    }
}

/// Why a batch was not appended.
#[derive(Debug, thiserror::Error)]
pub enum AppendError {
    /// The caller's idea of the size is not the journal's: somebody else has written.
    #[error("the journal holds {actual} entries, not {expected}: another writer has been here; open the log again")]
    WrongSize {
        /// What the caller expected.
        expected: u64,
        /// What it is.
        actual: u64,
    },
    /// The batch does not fit into one record.
    #[error(
        "the batch has {entries} entries and {bytes} bytes; at most {} and {} fit: make two of it",
        super::MAX_BATCH,
        super::MAX_BATCH_BYTES
    )]
    TooLarge {
        /// Its entries.
        entries: usize,
        /// Its length.
        bytes: usize,
    },
    /// Nothing was changed; the caller may try again later.
    #[error("not durable, nothing changed: {source}")]
    NotDurable {
        /// Whether space is what is missing.
        cause: Cause,
        /// What the system said.
        source: io::Error,
    },
    /// Nobody knows what is durable; nothing is written until the journal is opened again.
    #[error("the journal takes no more writes ({reason}): check the disk, then restart")]
    Poisoned {
        /// What failed.
        reason: String,
    },
}

/// Why a statement was not erased.
#[derive(Debug, thiserror::Error)]
pub enum EraseError {
    /// No such entry.
    #[error("entry {index} does not exist, the journal holds {size}")]
    NoEntry {
        /// The entry asked for.
        index: u64,
        /// The journal's size.
        size: u64,
    },
    /// The entry has no statement.
    #[error("entry {0} has no statement to erase")]
    NoStatement(u64),
    /// The segment that holds it cannot be read.
    #[error(transparent)]
    Damage(#[from] Damage),
    /// Nothing was changed; the caller may try again later.
    #[error("not erased, nothing changed: {source}")]
    NotDurable {
        /// Whether space is what is missing.
        cause: Cause,
        /// What the system said.
        source: io::Error,
    },
    /// Nobody knows whether the erasure is durable; nothing is written until the journal is opened again.
    #[error("the journal takes no more writes ({reason}): check the disk, restart, then erase again")]
    Poisoned {
        /// What failed.
        reason: String,
    },
}

/// Why something could not be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// Beyond the end.
    #[error("entry {index} does not exist, the log holds {size}")]
    NoEntry {
        /// The entry asked for.
        index: u64,
        /// The log's size.
        size: u64,
    },
    /// The system refused.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// What was read is not what was written.
    #[error("the journal is damaged: {0}")]
    Damage(#[from] Damage),
}
