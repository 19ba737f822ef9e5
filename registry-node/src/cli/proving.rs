//! Proof that a stream of events left nothing out: the entries that came with the events, put together to the tree whose
//! root the log signs.
//!
//! Pure: events and checkpoints in, a contradiction or nothing out.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ledger::checkpoint::{Checkpoint, CheckpointError};
use ledger::entry::Entry;
use ledger::log_keys::LogKeys;
use ledger::merkle::{Hash, RangeError, Tree};

/// What a registry cannot have sent in good faith.
#[derive(Debug, thiserror::Error)]
pub(super) enum Contradiction {
    /// An event whose entry is none.
    #[error("the event of entry {0} carries no log entry")]
    NoEntry(u64),
    /// Entries that were passed over.
    #[error("entries {expected} to {} were left out", .got - 1)]
    LeftOut {
        /// The next one that should have come.
        expected: u64,
        /// The one that came.
        got: u64,
    },
    /// Another entry in a place that was filled already.
    #[error("entry {0} came again with other content")]
    Changed(u64),
    /// Time ran backwards.
    #[error("entry {0} is earlier than the one before it")]
    Earlier(u64),
    /// A checkpoint that the log did not sign.
    #[error("a checkpoint came that the log did not sign: {0}")]
    Checkpoint(#[from] CheckpointError),
    /// A checkpoint over entries that did not come.
    #[error("a checkpoint of {size} entries came after only {seen} of them")]
    Ahead {
        /// Its size.
        size: u64,
        /// Entries seen.
        seen: u64,
    },
    /// A checkpoint whose root is another.
    #[error("the checkpoint of {size} entries has root {signed}, but the entries that came give {computed}")]
    Root {
        /// Its size.
        size: u64,
        /// The root in it.
        signed: Hash,
        /// The root of what came.
        computed: Hash,
    },
    /// A size that the tree has no root for.
    #[error(transparent)]
    Range(#[from] RangeError),
}

/// Everything that came so far.
pub(super) struct Proving {
    log: LogKeys,
    tree: Tree,
    last_ms: u64,
    proven: u64,
}

impl Proving {
    /// From the first entry on, for the log that signs with these keys.
    pub(super) fn new(log: LogKeys) -> Self {
        Self { log, tree: Tree::new(), last_ms: 0, proven: 0 }
    }

    /// Whether the log signed this with a key that is known. Nothing else about it is looked at.
    pub(super) fn knows(&self, note: &str) -> bool {
        Checkpoint::verify(note, &self.log).is_ok()
    }

    /// Learns of keys that the log has come to.
    pub(super) fn learn(&mut self, log: LogKeys) {
        self.log = log;
    }

    /// Size of the largest checkpoint that was found true.
    pub(super) fn proven(&self) -> u64 {
        self.proven
    }

    /// Takes the entry of an event, in base64. An entry with several events comes several times.
    pub(super) fn entry(&mut self, index: u64, entry: &str) -> Result<(), Contradiction> {
        let bytes = STANDARD.decode(entry).map_err(|_| Contradiction::NoEntry(index))?;
        let entry = Entry::decode(&bytes).map_err(|_| Contradiction::NoEntry(index))?;
        match self.tree.leaf(index) {
            Some(leaf) if leaf == entry.leaf_hash() => return Ok(()),
            Some(_) => return Err(Contradiction::Changed(index)),
            None => {}
        }
        let expected = self.tree.len();
        if index != expected {
            return Err(Contradiction::LeftOut { expected, got: index });
        }
        if entry.time_ms < self.last_ms {
            return Err(Contradiction::Earlier(index));
        }
        self.last_ms = entry.time_ms;
        self.tree.push(entry.leaf_hash());
        Ok(())
    }

    /// Compares what came with what the log signed.
    pub(super) fn checkpoint(&mut self, note: &str) -> Result<Checkpoint, Contradiction> {
        let checkpoint = Checkpoint::verify_published(note, &self.log)?;
        let (size, seen) = (checkpoint.size, self.tree.len());
        if size > seen {
            return Err(Contradiction::Ahead { size, seen });
        }
        let computed = self.tree.root_at(size)?;
        if computed != checkpoint.root {
            return Err(Contradiction::Root { size, signed: checkpoint.root, computed });
        }
        self.proven = self.proven.max(size);
        Ok(checkpoint)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic)]
    use super::*;
    use ledger::checkpoint::Purpose;
    use ledger::digest::Digest;
    use ledger::entry::Kind;
    use ledger::key::{Algorithm, SigningKey};
    use ledger::note::NoteSigner;

    fn entry(n: u64) -> Entry {
        Entry { kind: Kind::Statement, time_ms: n, digest: Digest::of(&n.to_be_bytes()) }
    }

    fn text(entry: &Entry) -> String {
        STANDARD.encode(entry.encode())
    }

    fn signer() -> NoteSigner {
        NoteSigner::new("jp.registry.example", SigningKey::generate(Algorithm::Ed25519).unwrap()).unwrap()
    }

    fn note(signer: &NoteSigner, entries: &[Entry]) -> String {
        let mut tree = Tree::new();
        entries.iter().for_each(|entry| tree.push(entry.leaf_hash()));
        let origin = signer.verifier().name().to_owned();
        Checkpoint { origin, size: tree.len(), root: tree.root(), purpose: Purpose::Publication }.sign(signer).unwrap()
    }

    #[test]
    fn what_came_is_proven_also_when_events_repeat_and_a_checkpoint_lags() {
        let (signer, entries) = (signer(), (0..5).map(entry).collect::<Vec<_>>());
        let mut proving = Proving::new(signer.verifier().clone().into());
        for (index, entry) in (0..).zip(&entries) {
            proving.entry(index, &text(entry)).unwrap();
            proving.entry(index, &text(entry)).unwrap();
        }
        assert_eq!(proving.checkpoint(&note(&signer, &entries[..3])).unwrap().size, 3);
        assert_eq!(proving.checkpoint(&note(&signer, &entries)).unwrap().size, 5);
        assert_eq!(proving.proven(), 5);
    }

    #[test]
    fn each_way_to_deceive_is_found() {
        let (signer, other) = (signer(), signer());
        let entries = (0..4).map(entry).collect::<Vec<_>>();
        let after = |count: u64| {
            let mut proving = Proving::new(signer.verifier().clone().into());
            (0..count).for_each(|n| proving.entry(n, &text(&entry(n))).unwrap());
            proving
        };
        let mut swapped = entries.clone();
        swapped[1] = entry(9);
        let refused = [
            after(2).entry(3, &text(&entry(3))).unwrap_err(),
            after(2).entry(1, &text(&entry(7))).unwrap_err(),
            after(2).entry(2, &text(&Entry { time_ms: 0, ..entry(2) })).unwrap_err(),
            after(2).entry(2, "AAAA").unwrap_err(),
            after(2).checkpoint(&note(&signer, &entries)).unwrap_err(),
            after(4).checkpoint(&note(&signer, &swapped)).unwrap_err(),
            after(4).checkpoint(&note(&other, &entries)).unwrap_err(),
        ];
        let names = refused.map(|contradiction| match contradiction {
            Contradiction::LeftOut { expected: 2, got: 3 } => "left out",
            Contradiction::Changed(1) => "changed",
            Contradiction::Earlier(2) => "earlier",
            Contradiction::NoEntry(2) => "no entry",
            Contradiction::Ahead { size: 4, seen: 2 } => "ahead",
            Contradiction::Root { size: 4, .. } => "root",
            Contradiction::Checkpoint(_) => "not signed",
            other => panic!("{other}"),
        });
        assert_eq!(names, ["left out", "changed", "earlier", "no entry", "ahead", "root", "not signed"]);
    }
}
