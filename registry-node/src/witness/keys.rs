//! With which keys peers' logs sign their checkpoints, which roots their certificate authorities have, where the registries are and
//! whom they host: what the pinned genesis names, and what came since.
//!
//! What was learnt is kept with its proof, by the genesis that it leads from: whoever was believed once is never again believed
//! under a key that he retired, not after a restart, and not in a later peering. Out of scope: asking (`link`).

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use conformity::digest::Digest;
use conformity::genesis::{GenesisRecord, PeerRecord};
use conformity::hosting::MoveRecord;
use conformity::key::Der;
use credential::bundle::{KeyHistory, Pin, Proven};
use federation::follow::PeerFault;
use ledger::log_keys::LogKeys;
use ledger::note::NoteVerifier;

use crate::vault::{Vault, VaultError};

/// The keys of all logs that we know.
pub struct KeyBook {
    vault: Arc<Vault>,
    learnt: Mutex<HashMap<Digest, Known>>,
}

/// Keys of one log, with what proves them.
#[derive(Clone)]
struct Known {
    proven: Proven,
    history: KeyHistory,
}

/// Why keys were not learnt.
#[derive(Debug, thiserror::Error)]
pub enum NotLearnt {
    /// They are not proven, or not those that were proven before.
    #[error(transparent)]
    Fault(#[from] PeerFault),
    /// They could not be kept.
    #[error(transparent)]
    Vault(#[from] VaultError),
}

impl KeyBook {
    /// What the vault holds.
    ///
    /// # Errors
    /// [`VaultError`] when its names cannot be read.
    pub(super) fn open(vault: Arc<Vault>) -> Result<KeyBook, VaultError> {
        let mut learnt = HashMap::new();
        for name in vault.names(PREFIX)? {
            let genesis: Option<Digest> = name.strip_prefix(PREFIX).and_then(|digest| digest.parse().ok());
            let known = genesis.and_then(|genesis| Some((genesis, read(&vault, &name, genesis)?)));
            learnt.extend(known);
        }
        Ok(KeyBook { vault, learnt: Mutex::new(learnt) })
    }

    /// The keys of a peer's log, as far as we know them; nothing if its genesis names none.
    pub fn of(&self, peer: &PeerRecord) -> Option<LogKeys> {
        let first = LogKeys::from(peer.genesis.log_key.as_str().parse::<NoteVerifier>().ok()?);
        let known = self.learnt().get(&peer.genesis_digest).map(|known| known.proven.keys.clone());
        Some(known.filter(|known| first.begins(known)).unwrap_or(first))
    }

    /// The roots of a peer's certificate authority that its log trusts, as far as we know it.
    pub fn roots(&self, peer: &PeerRecord) -> Vec<Der> {
        let known = self.learnt().get(&peer.genesis_digest).map(|known| known.proven.begun.trusted_roots());
        known.unwrap_or_else(|| peer.genesis.ca_roots.clone())
    }

    /// Where a peer's registry went last, as far as its log is known.
    pub fn last_move(&self, peer: &PeerRecord) -> Option<MoveRecord> {
        self.learnt().get(&peer.genesis_digest).and_then(|known| known.proven.begun.moves.last().cloned())
    }

    /// The beginning of a peer's log with what changed since, as far as it is known.
    pub fn begun(&self, peer: &PeerRecord) -> Option<Arc<GenesisRecord>> {
        self.learnt().get(&peer.genesis_digest).map(|known| Arc::clone(&known.proven.begun))
    }

    /// What proves the keys beyond the first, where there are any.
    pub fn history(&self, peer: &PeerRecord) -> Option<KeyHistory> {
        self.learnt().get(&peer.genesis_digest).map(|known| known.history.clone())
    }

    /// Learns from a history that the peer itself gave, which alone is asked for roots: nobody else can leave one out. Gives the keys
    /// that are known then. Waits for the disk.
    ///
    /// # Errors
    /// [`NotLearnt`]; nothing changed then.
    pub fn learn(&self, peer: &PeerRecord, history: &KeyHistory) -> Result<LogKeys, NotLearnt> {
        let proven = history.proven(Pin::Genesis(peer.genesis_digest)).map_err(|fault| PeerFault::log_keys(&fault))?;
        let mut learnt = self.learnt();
        let before = learnt.get(&peer.genesis_digest).cloned();
        let (keys, size) = match &before {
            Some(before) => (before.proven.keys.clone(), before.proven.size),
            None => (proven.keys.first().clone().into(), 0),
        };
        if !proven.keys.begins(&keys) && !keys.begins(&proven.keys) {
            return Err(PeerFault::log_keys(&"other keys were proven before").into());
        }
        // What is not newer, or says the same, changes nothing.
        let is_same = match &before {
            Some(before) => before.proven.begun == proven.begun,
            None => proven.begun.is_as_it_began(),
        };
        if is_same || proven.size <= size {
            return Ok(keys);
        }
        if before.is_some_and(|before| !before.history.is_part_of(history)) {
            return Err(PeerFault::log_keys(&"statements that were proven before are left out").into());
        }
        // Texts, numbers and lists only: such a value always has a JSON form.
        self.vault.put(&name(&peer.genesis_digest), &serde_json::to_vec(history).unwrap_or_default())?;
        tracing::info!(peer = %peer.registry, key = %proven.keys.newest(), roots = proven.begun.trusted_roots().len(), "a peer changed the key of its log, its roots, its place, or whom it hosts");
        let keys = proven.keys.clone();
        learnt.insert(peer.genesis_digest, Known { proven, history: history.clone() });
        Ok(keys)
    }

    /// The keys of a peer's log by a history that somebody else brings, if it goes on from what is known. Nothing is learnt from it.
    ///
    /// # Errors
    /// It proves nothing, or other keys.
    pub fn judged_by(&self, peer: &PeerRecord, history: &KeyHistory) -> Result<Option<LogKeys>, PeerFault> {
        let proven = history.verify(Pin::Genesis(peer.genesis_digest)).map_err(|fault| PeerFault::log_keys(&fault))?;
        let Some(known) = self.of(peer) else { return Ok(None) };
        match (known.begins(&proven), proven.begins(&known)) {
            (true, _) => Ok(Some(proven)),
            (false, true) => Ok(None),
            (false, false) => Err(PeerFault::log_keys(&"other keys were proven before")),
        }
    }

    // Whole values are put in and taken out, so a panic elsewhere leaves nothing half done.
    fn learnt(&self) -> MutexGuard<'_, HashMap<Digest, Known>> {
        self.learnt.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

const PREFIX: &str = "log-keys/";

fn name(genesis: &Digest) -> String {
    format!("{PREFIX}{genesis}")
}

/// What cannot be read is asked for again.
fn read(vault: &Vault, name: &str, genesis: Digest) -> Option<Known> {
    let bytes =
        vault.value(name).inspect_err(|error| tracing::error!(%error, name, "keys of a peer's log cannot be read"));
    let history: KeyHistory = serde_json::from_slice(&bytes.ok()??).ok()?;
    let proven = history.proven(Pin::Genesis(genesis)).ok()?;
    Some(Known { proven, history })
}
