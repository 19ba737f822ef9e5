//! Opening a log: a new one with its genesis, or one that is there, checked from its first entry to its last.

use super::{AppendError, Commit, Draft, Log, LogReader, Signers};
use crate::checkpoint::Checkpoint;
use crate::journal::{self, Batch, Journal, Replay};
use crate::log_keys::LogKeys;
use crate::merkle::{Frontier, Tree};
use crate::note::NoteVerifier;
use std::sync::Arc;

/// Why a log is not opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The journal is not sound, or not ours.
    #[error(transparent)]
    Journal(#[from] journal::OpenError),
    /// There is no log yet.
    #[error("the log of {0} is empty: create it with its genesis first")]
    Empty(String),
    /// There is a log already.
    #[error("the log of {origin} holds {size} entries already: open it, or choose another folder")]
    NotEmpty {
        /// The log's origin.
        origin: String,
        /// Its size.
        size: u64,
    },
    /// The genesis could not be committed.
    #[error(transparent)]
    Append(#[from] AppendError),
}

impl Log {
    /// Opens the log that a journal holds. Its origin is the signer's name. Whoever holds more keys than one says afterwards which
    /// of them the log names ([`Log::follow_keys`]).
    pub fn open(journal: impl Journal + 'static, signers: impl Into<Signers>) -> Result<Self, OpenError> {
        let log = Self::replay(Box::new(journal), signers.into())?;
        if log.size() == 0 { Err(OpenError::Empty(log.origin().into())) } else { Ok(log) }
    }

    /// Begins a log with its genesis. Its origin is the signer's name.
    pub fn create(
        journal: impl Journal + 'static,
        signers: impl Into<Signers>,
        at_ms: u64,
        genesis: Draft,
    ) -> Result<(Self, Commit), OpenError> {
        let mut log = Self::replay(Box::new(journal), signers.into())?;
        if log.size() > 0 {
            return Err(OpenError::NotEmpty { origin: log.origin().into(), size: log.size() });
        }
        let commit = log.append(at_ms, vec![genesis])?;
        Ok((log, commit))
    }

    fn replay(journal: Box<dyn Journal>, signers: Signers) -> Result<Self, OpenError> {
        let mut rebuild = Rebuild::new(signers.verifiers().cloned().collect());
        let opened = journal.replay(&mut rebuild)?;
        let Rebuild { frontier, tree, last_ms, checkpoint, .. } = rebuild;
        let reader = LogReader::new(LogKeys::from(signers.current().clone()), opened.reader, tree, checkpoint);
        Ok(Self { journal: opened.writer, signers, frontier, last_ms, reader })
    }
}

/// The log as far as it has been replayed.
struct Rebuild {
    /// Of keys that may have signed; each bears the log's name.
    verifiers: Vec<NoteVerifier>,
    frontier: Frontier,
    tree: Tree,
    last_ms: u64,
    checkpoint: Arc<str>,
}

impl Rebuild {
    fn new(verifiers: Vec<NoteVerifier>) -> Self {
        Self { verifiers, frontier: Frontier::new(), tree: Tree::new(), last_ms: 0, checkpoint: "".into() }
    }

    fn signed(&self, note: &str) -> Option<Checkpoint> {
        self.verifiers.iter().find_map(|verifier| Checkpoint::verify(note, verifier).ok())
    }
}

impl Replay for Rebuild {
    fn batch(&mut self, batch: &Batch<'_>) -> Result<(), String> {
        for (index, entry) in (batch.first_index..).zip(&batch.entries) {
            if entry.time_ms < self.last_ms {
                return Err(format!("entry {index} is earlier than the one before it"));
            }
            let leaf = entry.leaf_hash();
            self.last_ms = entry.time_ms;
            self.frontier.push(leaf);
            self.tree.push(leaf);
        }
        let claimed = text_of(batch.checkpoint).and_then(|text| Checkpoint::parse(text).ok());
        let claimed = claimed.ok_or("the checkpoint of a batch is no checkpoint")?;
        let (origin, size) = (self.verifiers.first().map_or("", NoteVerifier::name), self.frontier.size());
        if claimed.origin != origin {
            return Err(format!(
                "the checkpoint is of {}, not of {origin}: this is another log's journal",
                claimed.origin
            ));
        }
        if (claimed.size, claimed.root) != (size, self.frontier.root()) {
            return Err(format!("the checkpoint is not of the {size} entries up to here"));
        }
        self.checkpoint = batch.checkpoint.into();
        Ok(())
    }

    fn settle(&mut self) -> Result<(), String> {
        if self.checkpoint.is_empty() {
            return Ok(());
        }
        match self.signed(&self.checkpoint) {
            Some(_) => Ok(()),
            None => Err("the last checkpoint is not signed with this log's key".to_owned()),
        }
    }

    fn vouched_size(&self, checkpoint: &str) -> Option<u64> {
        self.signed(checkpoint).map(|checkpoint| checkpoint.size)
    }
}

/// The text of a note whose signatures are looked at later: that of the last one vouches for all before it.
fn text_of(note: &str) -> Option<&str> {
    note.find("\n\n").map(|at| &note[..=at])
}
