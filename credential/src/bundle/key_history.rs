//! With which keys a log signed its checkpoints, and which roots the certificate authority of its registry has: read from a
//! bundle's statements, or from a file that shows nothing else.
//!
//! ```text
//! {"statements": [{"index": 0, "timeMs": …, "statement": "<JWS>"}, …],   the genesis, changes of the log key and of roots, and of
//!                                                                        the keys of the operator, who says them
//!  "checkpoint": "<C2SP signed note>",                                   of whatever purpose, by the key of its size
//!  "proof": ["<hash, base64>", …]}                                       that all of them stand under it
//! ```
//!
//! Whoever knows a log by one of its keys comes to the newest by this: each change was endorsed by the key before, stated by the
//! operator, and committed to by the log under a checkpoint of the newest key. At most [`MAX_KEY_STATEMENTS`] statements; how
//! many bytes, the way on which it comes says.

use std::collections::HashMap;
use std::sync::Arc;

use conformity::digest::Digest;
use conformity::genesis::GenesisRecord;
use conformity::records::Facts;
use conformity::statement::Claim;
use ledger::checkpoint::Checkpoint;
use ledger::log_keys::{CheckpointKeys, LogKeys};
use ledger::merkle::{Hash, verify_multi_inclusion};
use ledger::note::NoteVerifier;
use serde::{Deserialize, Serialize};

use super::include::{self, Read};
use super::replay::Replay;
use super::step::Steps;
use super::{Broken, Distrust, Fault, Item, Misbehaved, most};

/// Most statements in one: changes of the log key, of roots, of the operator's keys, of persons with approvals, of places and hostings, all told.
pub const MAX_KEY_STATEMENTS: usize = 512;

/// The keys of a log, with what proves them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct KeyHistory {
    /// What they rest on, by rising index.
    pub statements: Vec<Arc<Item>>,
    /// The signed note of a checkpoint.
    pub checkpoint: String,
    /// The hashes that lead from all statements to its root.
    pub proof: Vec<Hash>,
}

/// What a history proves.
#[derive(Debug, Clone)]
pub struct Proven {
    /// The keys of the log.
    pub keys: LogKeys,
    /// Its beginning with what changed since: the roots, too.
    pub begun: Arc<GenesisRecord>,
    /// The size of the log then.
    pub size: u64,
}

/// By what somebody knows a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pin<'a> {
    /// The digest of its genesis.
    Genesis(Digest),
    /// One of its keys, whichever.
    Key(&'a NoteVerifier),
}

impl KeyHistory {
    /// The keys that it proves.
    ///
    /// # Errors
    /// The first thing that does not hold.
    pub fn verify(&self, pin: Pin<'_>) -> Result<LogKeys, Fault> {
        self.proven(pin).map(|proven| proven.keys)
    }

    /// Whether `other` holds every statement of this one.
    pub fn is_part_of(&self, other: &Self) -> bool {
        let theirs: HashMap<u64, &str> =
            other.statements.iter().map(|item| (item.index, item.statement.as_str())).collect();
        self.statements.iter().all(|item| theirs.get(&item.index) == Some(&item.statement.as_str()))
    }

    /// All that it proves.
    ///
    /// # Errors
    /// The first thing that does not hold.
    pub fn proven(&self, pin: Pin<'_>) -> Result<Proven, Fault> {
        most("statements", self.statements.len(), MAX_KEY_STATEMENTS)?;
        include::in_order(&self.statements)?;
        let read = include::read(&self.statements)?;
        let known = match pin {
            Pin::Key(key) => Some(key),
            Pin::Genesis(_) => None,
        };
        let keys = of_statements(&read, known).ok_or(Broken::Keys)?;
        pinned(pin, &keys, &read)?;
        let checkpoint = Checkpoint::verify(&self.checkpoint, &keys).map_err(Broken::Checkpoint)?;
        // The newest key signs, or the thief of a retired one could put the change wherever he likes.
        if keys.at(checkpoint.size) != keys.newest() {
            return Err(Broken::Keys.into());
        }
        let leaves: Vec<(u64, Hash)> = read.iter().map(|one| (one.index, one.entry.leaf_hash())).collect();
        verify_multi_inclusion(&leaves, checkpoint.size, &self.proof, &checkpoint.root).map_err(Broken::Proof)?;
        let mut replay = Replay::new();
        let mut steps = Steps::default();
        for entered in include::never_back(read)? {
            replay.take(entered, None, &mut steps)?;
        }
        match replay.register.genesis() {
            Some(begun) if begun.log_keys.len() == keys.changes().len() => {
                Ok(Proven { keys, begun, size: checkpoint.size })
            }
            _ => Err(Broken::Keys.into()),
        }
    }
}

fn pinned(pin: Pin<'_>, keys: &LogKeys, read: &[Read]) -> Result<(), Fault> {
    match (pin, read.first()) {
        (Pin::Genesis(pinned), Some(first)) => {
            let found = Digest::from_bytes(*first.unverified.digest().as_bytes());
            if found == pinned { Ok(()) } else { Err(Distrust::OtherGenesis { found, pinned }.into()) }
        }
        (Pin::Key(key), _) if keys.contains(key) => Ok(()),
        (Pin::Key(_), _) => Err(Misbehaved::OtherLogKey { found: keys.newest().to_string() }.into()),
        (Pin::Genesis(_), None) => Err(Broken::Order.into()),
    }
}

/// The keys that statements name, of which the first is the genesis; nothing if they name none in order. That the old key
/// endorsed each was checked when they were read, that the log holds them and its rules allow them comes afterwards. The key that
/// the reader knew beforehand was admitted when he took it up, and is not admitted again.
pub(super) fn of_statements(read: &[Read], known: Option<&NoteVerifier>) -> Option<LogKeys> {
    let (first, later) = read.split_first()?;
    let Claim::Genesis(genesis) = &first.statement.claim else { return None };
    let verifier = |text: &str| match known.filter(|known| known.to_string() == text) {
        Some(known) => Some(known.clone()),
        None => text.parse().ok(),
    };
    let mut keys = LogKeys::from(verifier(genesis.log_key.as_str())?);
    for one in later {
        if let Claim::LogKeyChanged(change) = &one.statement.claim {
            if change.from.as_str() != keys.newest().to_string() {
                return None;
            }
            keys.change(one.index, verifier(change.to.as_str())?).ok()?;
        }
    }
    Some(keys)
}

impl Replay {
    /// How many keys took over, as the register has it.
    pub(super) fn log_keys(&self) -> Option<usize> {
        Some(self.register.genesis()?.log_keys.len())
    }
}
