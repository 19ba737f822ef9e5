//! Opening a log: a new one with its genesis, or one that is there, checked from its first entry to its last.

use super::{AppendError, Commit, Draft, Log, LogReader};
use crate::checkpoint::Checkpoint;
use crate::journal::{self, Batch, Journal, Replay};
use crate::merkle::{Frontier, Tree};
use crate::note::{NoteSigner, NoteVerifier};
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
    /// Opens the log that a journal holds. Its origin is the signer's name.
    pub fn open(journal: impl Journal + 'static, signer: NoteSigner) -> Result<Self, OpenError> {
        let log = Self::replay(Box::new(journal), signer)?;
        if log.size() == 0 { Err(OpenError::Empty(log.origin().into())) } else { Ok(log) }
    }

    /// Begins a log with its genesis. Its origin is the signer's name.
    pub fn create(
        journal: impl Journal + 'static,
        signer: NoteSigner,
        at_ms: u64,
        genesis: Draft,
    ) -> Result<(Self, Commit), OpenError> {
        let mut log = Self::replay(Box::new(journal), signer)?;
        if log.size() > 0 {
            return Err(OpenError::NotEmpty { origin: log.origin().into(), size: log.size() });
        }
        let commit = log.append(at_ms, vec![genesis])?;
        Ok((log, commit))
    }

    fn replay(journal: Box<dyn Journal>, signer: NoteSigner) -> Result<Self, OpenError> {
        let mut rebuild = Rebuild::new(signer.verifier());
        let opened = journal.replay(&mut rebuild)?;
        let Rebuild { frontier, tree, last_ms, checkpoint, .. } = rebuild;
        let reader = LogReader::new(signer.verifier().clone(), opened.reader, tree, checkpoint);
        Ok(Self { journal: opened.writer, signer, frontier, last_ms, reader })
    }
}

/// The log as far as it has been replayed.
struct Rebuild<'a> {
    verifier: &'a NoteVerifier,
    frontier: Frontier,
    tree: Tree,
    last_ms: u64,
    checkpoint: Arc<str>,
}

impl<'a> Rebuild<'a> {
    fn new(verifier: &'a NoteVerifier) -> Self {
        Self { verifier, frontier: Frontier::new(), tree: Tree::new(), last_ms: 0, checkpoint: "".into() }
    }
}

impl Replay for Rebuild<'_> {
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
        let (origin, size) = (self.verifier.name(), self.frontier.size());
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
        match Checkpoint::verify(&self.checkpoint, self.verifier) {
            Ok(_) => Ok(()),
            Err(error) => Err(format!("the last checkpoint is not signed with this log's key: {error}")),
        }
    }

    fn vouched_size(&self, checkpoint: &str) -> Option<u64> {
        Checkpoint::verify(checkpoint, self.verifier).ok().map(|checkpoint| checkpoint.size)
    }
}

/// The text of a note whose signatures are looked at later: that of the last one vouches for all before it.
fn text_of(note: &str) -> Option<&str> {
    note.find("\n\n").map(|at| &note[..=at])
}
