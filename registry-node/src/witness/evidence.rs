//! Evidence against logs, in the vault: found by us or sent by a peer, sent on to each peer once, shown to everybody.
//!
//! One piece for each peering is enough: it stops us from following the log, and whoever adds the peer again begins a new
//! page. Suspicion (a log that could not prove that it continues itself) stops us as well, but proves nothing to others and is
//! sent to nobody. What evidence is, [`federation::evidence`] says.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use conformity::digest::Digest;
use conformity::genesis::PeerRecord;
use conformity::ids::{Origin, RegistryId};
use credential::bundle::KeyHistory;
use federation::evidence::{Proven, prove};
use federation::messages::{Evidence, Inconsistency};
use jiff::Timestamp;
use ledger::log_keys::LogKeys;
use serde::{Deserialize, Serialize};
use tokio::sync::watch;

use crate::vault::{Vault, VaultError};

/// A log that evidence is about.
#[derive(Debug, Clone)]
pub struct Accused {
    /// The registry.
    pub registry: RegistryId,
    /// Its log.
    pub origin: Origin,
    /// The keys that sign its checkpoints.
    pub keys: LogKeys,
    /// What proves those beyond the first.
    pub history: Option<KeyHistory>,
    /// Digest of the genesis statement that names the first.
    pub genesis_digest: Digest,
    /// Index of our entry that added the peer; 0 for ourselves.
    pub added: u64,
}

/// Evidence as it is shown and exported: with the log's first key, anybody can check it without asking anyone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Record {
    /// A short name, the same for everybody who holds these checkpoints; a digest of both.
    pub id: String,
    /// The registry whose log is forked.
    pub registry: RegistryId,
    /// The log.
    pub origin: Origin,
    /// The first key of the log, a C2SP verifier key.
    pub log_key: String,
    /// Digest of the genesis statement that names the key.
    pub genesis_digest: Digest,
    /// When it was found or received here.
    pub found: Timestamp,
    /// The peer that sent it; absent when this registry found it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sent_by: Option<RegistryId>,
    /// Whether it proves the fork to others.
    pub proven: bool,
    /// One signed checkpoint, the smaller one if it is proven.
    pub first: String,
    /// The other.
    pub second: String,
    /// What makes two of different sizes a contradiction.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inconsistency: Option<Inconsistency>,
    /// What proves the log's later keys, if it changed its key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keys: Option<KeyHistory>,
}

impl Record {
    fn new(
        accused: &Accused,
        proven: Result<Proven, Evidence>,
        sent_by: Option<&RegistryId>,
        found: Timestamp,
    ) -> Record {
        let Accused { registry, origin, keys, history, genesis_digest, .. } = accused.clone();
        let is_proven = proven.is_ok();
        let (id, evidence) = match proven {
            Ok(proven) => (proven.id(), proven.evidence),
            Err(suspicion) => {
                let both = format!("{}{}", suspicion.first, suspicion.second);
                (Digest::of(both.as_bytes()).to_string().chars().take(16).collect(), suspicion)
            }
        };
        let Evidence { first, second, inconsistency, .. } = evidence;
        let sent_by = sent_by.cloned();
        Record {
            id,
            registry,
            origin,
            log_key: keys.first().to_string(),
            genesis_digest,
            found,
            sent_by,
            proven: is_proven,
            first,
            second,
            inconsistency,
            keys: history,
        }
    }

    /// What is sent of it.
    pub fn evidence(&self) -> Evidence {
        let Record { first, second, inconsistency, keys, .. } = self.clone();
        Evidence { first, second, inconsistency, keys }
    }
}

/// As it rests in the vault.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Filed {
    record: Record,
    /// Peers that have it from us, or would not take it.
    told: BTreeSet<RegistryId>,
}

/// A peer since it was added last.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Peering {
    registry: RegistryId,
    /// Index of our entry that added it; 0 for ourselves.
    added: u64,
}

impl Peering {
    fn of(peer: &PeerRecord) -> Peering {
        Peering { registry: peer.registry.clone(), added: peer.added.index }
    }

    /// Where evidence against it rests in the vault.
    fn name(&self) -> String {
        format!("peer/{}/{}/evidence", self.registry, self.added)
    }

    fn named(name: &str) -> Option<Peering> {
        let (registry, added) = name.strip_prefix("peer/")?.strip_suffix("/evidence")?.split_once('/')?;
        Some(Peering { registry: registry.parse().ok()?, added: added.parse().ok()? })
    }
}

/// All evidence that we keep.
pub struct EvidenceBook {
    vault: Arc<Vault>,
    /// Nothing where a value cannot be read: it counts against the log all the same.
    filed: Mutex<BTreeMap<Peering, Option<Filed>>>,
    changed: watch::Sender<u64>,
}

impl EvidenceBook {
    /// What the vault holds.
    ///
    /// # Errors
    /// [`VaultError`] when the vault's names cannot be read.
    pub fn open(vault: Arc<Vault>) -> Result<EvidenceBook, VaultError> {
        let mut filed = BTreeMap::new();
        for name in vault.names("peer/")? {
            if let Some(peering) = Peering::named(&name) {
                filed.insert(peering, read(&vault, &name));
            }
        }
        Ok(EvidenceBook { vault, filed: Mutex::new(filed), changed: watch::Sender::new(0) })
    }

    /// Whether there is anything against a peer since it was added. What cannot be read counts, too.
    pub fn accuses(&self, peer: &PeerRecord) -> bool {
        self.filed().contains_key(&Peering::of(peer))
    }

    /// The id of what there is against a peer since it was added, if it can be read.
    pub fn against(&self, peer: &PeerRecord) -> Option<String> {
        let all = self.filed();
        let filed = all.get(&Peering::of(peer))?.as_ref()?;
        Some(filed.record.id.clone())
    }

    /// Keeps evidence. Gives whether it is the first that proves anything against this log.
    ///
    /// # Errors
    /// [`VaultError`]: it is not kept.
    pub fn file(
        &self,
        accused: &Accused,
        evidence: &Evidence,
        sent_by: Option<&RegistryId>,
        now: Timestamp,
    ) -> Result<bool, VaultError> {
        let proven = prove(evidence, &accused.keys).map_err(|_| evidence.clone());
        let peering = Peering { registry: accused.registry.clone(), added: accused.added };
        let mut all = self.filed();
        let before = all.get(&peering);
        // One that proves takes the place of one that does not; beyond that the first one stands.
        if before.is_some_and(|before| proven.is_err() || before.as_ref().is_some_and(|before| before.record.proven)) {
            return Ok(false);
        }
        let is_proven = proven.is_ok();
        let filed =
            Filed { record: Record::new(accused, proven, sent_by, now), told: sent_by.cloned().into_iter().collect() };
        self.write(&peering, &filed)?;
        all.insert(peering, Some(filed));
        drop(all);
        self.changed.send_modify(|changes| *changes += 1);
        Ok(is_proven)
    }

    /// Everything that can be read, by registry and then by age.
    pub fn all(&self) -> Vec<Record> {
        self.filed().values().flatten().map(|filed| filed.record.clone()).collect()
    }

    /// What `peer` was not told yet and is not about itself.
    pub fn untold(&self, peer: &RegistryId) -> Vec<Record> {
        let all = self.filed();
        let untold = all.values().flatten().filter(|filed| filed.record.proven && !filed.told.contains(peer));
        untold.map(|filed| filed.record.clone()).filter(|record| record.registry != *peer).collect()
    }

    /// Takes down that `peer` has it: it is sent to nobody twice.
    ///
    /// # Errors
    /// [`VaultError`]: after a restart it will be sent once more.
    pub fn told(&self, id: &str, peer: &RegistryId) -> Result<(), VaultError> {
        let mut all = self.filed();
        for (peering, filed) in all.iter_mut().filter_map(|(peering, filed)| Some((peering, filed.as_mut()?))) {
            if filed.record.id == id && filed.told.insert(peer.clone()) {
                self.write(peering, filed)?;
            }
        }
        Ok(())
    }

    /// Tells of each change.
    pub fn subscribe(&self) -> watch::Receiver<u64> {
        self.changed.subscribe()
    }

    fn write(&self, peering: &Peering, filed: &Filed) -> Result<(), VaultError> {
        // Numbers, strings and lists only: such a value always has a JSON form.
        self.vault.put(&peering.name(), &serde_json::to_vec(filed).unwrap_or_default())
    }

    // Whole values are put in and taken out, so a panic elsewhere leaves nothing half done.
    fn filed(&self) -> MutexGuard<'_, BTreeMap<Peering, Option<Filed>>> {
        self.filed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn read(vault: &Vault, name: &str) -> Option<Filed> {
    let filed = vault.value(name).map_err(|error| error.to_string());
    let filed =
        filed.and_then(|bytes| serde_json::from_slice(&bytes.unwrap_or_default()).map_err(|error| error.to_string()));
    filed.inspect_err(|error| tracing::error!(%error, name, "evidence cannot be read; the peer is not followed")).ok()
}
