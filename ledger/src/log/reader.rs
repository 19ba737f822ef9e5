//! Reading a log: sizes, entries, statements, proofs. Any number of clones, on any threads.

use crate::digest::Digest;
use crate::entry::Entry;
use crate::journal::{Damage, JournalReader, ReadError, Stored};
use crate::log_keys::LogKeys;
use crate::merkle::{Hash, RangeError, Tree};
use crate::proof::TlogProof;
use bytes::Bytes;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};

/// Reads what is durable.
#[derive(Clone)]
pub struct LogReader(Arc<Shared>);

struct Shared {
    origin: String,
    keys: RwLock<LogKeys>,
    journal: Arc<dyn JournalReader>,
    visible: RwLock<Visible>,
}

struct Visible {
    tree: Tree,
    checkpoint: Arc<str>,
}

/// What the log is at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// The number of entries.
    pub size: u64,
    /// The signed checkpoint of exactly that size.
    pub checkpoint: Arc<str>,
}

impl LogReader {
    pub(super) fn new(keys: LogKeys, journal: Arc<dyn JournalReader>, tree: Tree, checkpoint: Arc<str>) -> Self {
        let (origin, visible) = (keys.first().name().to_owned(), RwLock::new(Visible { tree, checkpoint }));
        Self(Arc::new(Shared { origin, keys: RwLock::new(keys), journal, visible }))
    }

    /// Shows a commit that is durable.
    pub(super) fn publish(&self, leaves: &[Hash], checkpoint: Arc<str>) {
        let mut visible = self.0.visible.write().unwrap_or_else(PoisonError::into_inner);
        leaves.iter().for_each(|leaf| visible.tree.push(*leaf));
        visible.checkpoint = checkpoint;
    }

    // Nothing under this lock panics; if it did, the tree would still be a tree of durable entries.
    fn visible(&self) -> RwLockReadGuard<'_, Visible> {
        self.0.visible.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// The log's permanent name.
    pub fn origin(&self) -> &str {
        &self.0.origin
    }

    /// The keys of the log's checkpoints, as the log itself names them.
    pub fn keys(&self) -> LogKeys {
        // A whole value is put in and taken out.
        self.0.keys.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn set_keys(&self, keys: LogKeys) {
        *self.0.keys.write().unwrap_or_else(PoisonError::into_inner) = keys;
    }

    /// The number of durable entries.
    pub fn size(&self) -> u64 {
        self.visible().tree.len()
    }

    /// The signed checkpoint of the last commit.
    pub fn checkpoint(&self) -> Arc<str> {
        Arc::clone(&self.visible().checkpoint)
    }

    /// Size and checkpoint of the same commit.
    pub fn head(&self) -> Head {
        let visible = self.visible();
        Head { size: visible.tree.len(), checkpoint: Arc::clone(&visible.checkpoint) }
    }

    /// One entry.
    pub fn entry(&self, index: u64) -> Result<Entry, ReadError> {
        let end = index.checked_add(1).ok_or(ReadError::NoEntry { index, size: self.size() })?;
        let found = self.entries(index..end)?.pop();
        found.ok_or(ReadError::NoEntry { index, size: self.size() })
    }

    /// The entries of a range, each checked against the tree. The caller bounds the range.
    pub fn entries(&self, range: Range<u64>) -> Result<Vec<Entry>, ReadError> {
        let size = self.size();
        if range.start >= range.end {
            return Ok(Vec::new());
        }
        if range.end > size {
            return Err(ReadError::NoEntry { index: range.end - 1, size });
        }
        let leaves = self.nodes(0, range.clone()).ok_or(ReadError::NoEntry { index: range.start, size })?;
        let entries = self.0.journal.entries(range.clone())?;
        for (index, (entry, leaf)) in range.zip(entries.iter().zip(&leaves)) {
            if entry.leaf_hash() != *leaf {
                return Err(damaged(index, "the entry is not the one that was committed"));
            }
        }
        Ok(entries)
    }

    /// What lies beside an entry; a statement is checked against the entry's digest.
    pub fn statement(&self, index: u64) -> Result<Stored, ReadError> {
        let entry = self.entry(index)?;
        let stored = self.0.journal.statement(index)?;
        match &stored {
            Stored::Bytes(bytes) if Digest::of(bytes) != entry.digest => {
                Err(damaged(index, "the statement does not match its entry's digest"))
            }
            _ => Ok(stored),
        }
    }

    /// An attachment, found by its digest and checked against it.
    pub fn attachment(&self, digest: &Digest) -> Result<Option<Bytes>, ReadError> {
        self.0.journal.attachment(digest)
    }

    /// Its size in bytes, known without reading it: for whoever must have room for it first.
    pub fn attachment_len(&self, digest: &Digest) -> Option<usize> {
        self.0.journal.attachment_len(digest)
    }

    /// Proof that entry `index` is in the log of `size` entries.
    pub fn inclusion(&self, index: u64, size: u64) -> Result<Vec<Hash>, RangeError> {
        self.visible().tree.inclusion_proof(index, size)
    }

    /// Proof that the entries at `indexes`, which rise, are in the log of `size` entries.
    pub fn multi_inclusion(&self, indexes: &[u64], size: u64) -> Result<Vec<Hash>, RangeError> {
        self.visible().tree.multi_proof(indexes, size)
    }

    /// Proof that the log of `size1` entries is the beginning of the log of `size2`.
    pub fn consistency(&self, size1: u64, size2: u64) -> Result<Vec<Hash>, RangeError> {
        self.visible().tree.consistency_proof(size1, size2)
    }

    /// The root that the log had at that size.
    pub fn root_at(&self, size: u64) -> Result<Hash, RangeError> {
        self.visible().tree.root_at(size)
    }

    /// Proof that entry `index` is in the log as of its last commit, with that commit's checkpoint.
    pub fn proof(&self, index: u64) -> Result<TlogProof, RangeError> {
        let visible = self.visible();
        let hashes = visible.tree.inclusion_proof(index, visible.tree.len())?;
        Ok(TlogProof { extra: None, index, hashes, checkpoint: visible.checkpoint.to_string() })
    }

    /// Roots of the complete subtrees of `2^level` entries numbered `range`, as tiles hold them; `None` if not all of
    /// them are complete.
    pub fn nodes(&self, level: u32, range: Range<u64>) -> Option<Vec<Hash>> {
        let visible = self.visible();
        range.map(|index| visible.tree.node(level, index)).collect()
    }

    /// When entry `index` was sequenced, in milliseconds since the Unix epoch.
    pub fn time_of(&self, index: u64) -> Result<u64, ReadError> {
        Ok(self.entry(index)?.time_ms)
    }

    /// Index of the first entry sequenced after `time_ms`; the log's size if there is none.
    pub fn first_index_after(&self, time_ms: u64) -> Result<u64, ReadError> {
        let (mut low, mut high) = (0, self.size());
        while low < high {
            let middle = low + (high - low) / 2;
            if self.time_of(middle)? > time_ms { high = middle } else { low = middle + 1 }
        }
        Ok(low)
    }
}

fn damaged(index: u64, what: &str) -> ReadError {
    Damage { file: PathBuf::from(format!("entry {index}")), offset: 0, what: what.into() }.into()
}
