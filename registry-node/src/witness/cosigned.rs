//! What we cosigned of each log: one newest checkpoint, in the vault before its cosignature leaves.
//!
//! Kept by origin and not by peering: whoever expels a peer and adds it again begins to follow it afresh, but a cosignature
//! stands for ever, and so does the promise not to give another for the same size.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use ledger::checkpoint::Checkpoint;
use ledger::note::SignedNote;
use serde::{Deserialize, Serialize};

use super::NotCosigned;
use crate::vault::{Vault, VaultError};

/// The newest checkpoint of a log that we cosigned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Newest {
    /// What it says.
    pub checkpoint: Checkpoint,
    /// The note with the log's signature and our cosignature.
    pub note: String,
    /// Index of the entry that added the peer, when it was cosigned.
    pub added: u64,
}

/// As it rests in the vault.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Resting {
    added: u64,
    note: String,
}

/// The newest of each log.
pub(super) struct Cosigned {
    vault: Arc<Vault>,
    /// Held from the look at the newest one until the next is durable: nothing is cosigned in between. Writes to the vault
    /// take turns anyway, so one lock for all logs costs nothing.
    newest: Mutex<HashMap<String, Option<Newest>>>,
}

impl Cosigned {
    pub(super) fn new(vault: Arc<Vault>) -> Cosigned {
        Cosigned { vault, newest: Mutex::default() }
    }

    /// The newest of the log of that origin.
    pub(super) fn newest(&self, origin: &str) -> Result<Option<Newest>, VaultError> {
        self.read(&mut self.lock(), origin)
    }

    /// Replaces the newest checkpoint of a log by what `decide` makes of it, durably, before anything is given back.
    pub(super) fn advance<T>(
        &self,
        origin: &str,
        decide: impl FnOnce(Option<&Newest>) -> Result<(Option<Newest>, T), NotCosigned>,
    ) -> Result<T, NotCosigned> {
        // Not even the same once more: what nothing is stored for is not said either.
        if self.vault.is_stopped() {
            return Err(VaultError::Stopped.into());
        }
        let mut all = self.lock();
        let newest = self.read(&mut all, origin)?;
        let (next, outcome) = decide(newest.as_ref())?;
        if let Some(next) = next {
            let resting = Resting { added: next.added, note: next.note.clone() };
            // Numbers and strings only: such a value always has a JSON form.
            let written = self.vault.put(&name(origin), &serde_json::to_vec(&resting).unwrap_or_default());
            // Whether a failed write is durable nobody knows: it is read again before the next decision.
            all.remove(origin);
            written?;
            all.insert(origin.to_owned(), Some(next));
        }
        Ok(outcome)
    }

    fn read(&self, all: &mut HashMap<String, Option<Newest>>, origin: &str) -> Result<Option<Newest>, VaultError> {
        if let Some(known) = all.get(origin) {
            return Ok(known.clone());
        }
        let resting = self.vault.value(&name(origin))?;
        let newest = resting.map(|bytes| parse(&bytes).ok_or_else(|| VaultError::Sealed { name: name(origin) }));
        let newest = newest.transpose()?;
        all.insert(origin.to_owned(), newest.clone());
        Ok(newest)
    }

    // What is known is dropped before it is written anew, so a panic elsewhere leaves nothing half done.
    fn lock(&self) -> MutexGuard<'_, HashMap<String, Option<Newest>>> {
        self.newest.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn parse(bytes: &[u8]) -> Option<Newest> {
    let Resting { added, note } = serde_json::from_slice(bytes).ok()?;
    let checkpoint = Checkpoint::parse(SignedNote::parse(&note).ok()?.claimed_text()).ok()?;
    Some(Newest { checkpoint, note, added })
}

fn name(origin: &str) -> String {
    format!("witness/{origin}")
}
