//! Restricted verdicts of peers: their statements, which a peer shows to this registry alone, and what is made of them.
//!
//! ```text
//! restricted/<peer>/<index of its peering>/<pseudonym of the verdict>/<index of the statement> = {verdict, statement}
//! restricted/<peer>/<index of its peering>/<pseudonym of the verdict>/made                     = what is made of it, since when
//! ```
//!
//! Each under a key of its own, since a verdict may have more statements than one value can hold. Its grant goes first, for without
//! it nobody reads the rest, and what a crash leaves of that is erased when the mirror is read again. What is made of it is in no log,
//! no event, no list and no proof: nobody but those who may know of the verdict can tell it from none. Nothing here is ever
//! logged. What belongs to no peering is swept out: at each expulsion, and at each start. What writes waits for the disk. Out of
//! scope: what may rest (`conformity::recognition::stays`), and who may see it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard};

use conformity::genesis::PeerRecord;
use conformity::ids::{RegistryId, VerdictId, VerdictRef};
use conformity::recognised::{Recognition, RecognitionRecord};
use conformity::records::{Record, Register};
use conformity::time::Moment;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::read_model::ReadModel;
use super::received::{peering, stands};
use crate::vault::{Vault, VaultError};

/// What their names in the vault begin with.
const PREFIX: &str = "restricted/";

/// Why what a peer confided was not kept or read.
#[derive(Debug, thiserror::Error)]
pub enum RestrictedError {
    /// The peer was expelled meanwhile.
    #[error("the peer is none any more")]
    Gone,
    /// The vault.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// A value of the vault is not what this program writes. The error would quote it.
    #[error("what a peer showed of a restricted verdict cannot be read or written")]
    Unreadable,
}

/// What the name of what is made of a verdict ends with; others end with a place in the log.
const MADE: &str = "made";

/// Values that are written or erased at once: then others have their turn.
const PIECE: usize = 64;

/// A statement, with the verdict that its name does not tell.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Kept {
    verdict: VerdictId,
    statement: String,
}

/// What is made of it, and since when.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Made {
    recognition: Recognition,
    since: Moment,
}

/// Keeper of restricted verdicts of peers.
pub struct Restricted {
    vault: Arc<Vault>,
    read_model: Arc<ReadModel>,
    /// What is made of them, as a register of its own that holds nothing else.
    made: RwLock<Register>,
    writing: Mutex<()>,
}

impl Restricted {
    /// Opens the keeper, and erases what belongs to no peering.
    ///
    /// # Errors
    /// [`RestrictedError`].
    pub fn open(vault: Arc<Vault>, read_model: &Arc<ReadModel>) -> Result<Self, RestrictedError> {
        let (read_model, made) = (Arc::clone(read_model), RwLock::new(Register::new()));
        let restricted = Self { vault, read_model, made, writing: Mutex::default() };
        restricted.sweep()?;
        Ok(restricted)
    }

    /// What is made of restricted verdicts. For nobody's eyes but those whom each is about.
    pub fn made(&self) -> RwLockReadGuard<'_, Register> {
        self.made.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds statements that `peer` showed to what rests of their verdicts, durably.
    ///
    /// # Errors
    /// [`RestrictedError`]: some may rest already.
    pub fn keep(
        &self,
        peer: &PeerRecord,
        shown: &BTreeMap<VerdictId, BTreeMap<u64, String>>,
    ) -> Result<(), RestrictedError> {
        let mut all = Vec::new();
        for (verdict, statements) in shown {
            let prefix = self.verdict_prefix(peer, verdict);
            for (index, statement) in statements {
                let kept = Kept { verdict: verdict.clone(), statement: statement.clone() };
                all.push((format!("{prefix}{index:020}"), bytes(&kept)?));
            }
        }
        for piece in all.chunks(PIECE) {
            let _writing = self.writing();
            self.write(peer, piece)?;
        }
        Ok(())
    }

    /// Records what is made of verdicts of `peer` from now on, durably. Of one of which nothing rests, nothing is recorded.
    ///
    /// # Errors
    /// [`RestrictedError`]: some of it may be recorded already.
    pub fn state(&self, peer: &PeerRecord, rows: &[Recognition], since: Moment) -> Result<(), RestrictedError> {
        rows.chunks(PIECE).try_for_each(|piece| self.state_piece(peer, piece, since))
    }

    fn state_piece(&self, peer: &PeerRecord, rows: &[Recognition], since: Moment) -> Result<(), RestrictedError> {
        let _writing = self.writing();
        let (mut values, mut records) = (Vec::new(), Vec::new());
        for recognition in rows {
            let prefix = self.verdict_prefix(peer, &recognition.verdict.id);
            if self.vault.names(&prefix)?.is_empty() {
                continue;
            }
            let made = Made { recognition: recognition.clone(), since };
            values.push((format!("{prefix}{MADE}"), bytes(&made)?));
            records.push(record(made.recognition, since));
        }
        self.write(peer, &values)?;
        let mut made = self.made.write().unwrap_or_else(PoisonError::into_inner);
        records.into_iter().for_each(|record| made.insert(record));
        Ok(())
    }

    /// The places of all that rests of what `peer` showed, by verdict, with the bytes of each statement.
    ///
    /// # Errors
    /// [`RestrictedError`].
    pub fn places(&self, peer: &PeerRecord) -> Result<BTreeMap<VerdictId, BTreeMap<u64, u64>>, RestrictedError> {
        let mut all: BTreeMap<VerdictId, BTreeMap<u64, u64>> = BTreeMap::new();
        for name in self.vault.names(&prefix(peer))? {
            let index = name.rsplit('/').next().and_then(|index| index.parse().ok());
            let kept: Option<Kept> = if index.is_some() { self.read(&name)? } else { None };
            if let Some((index, Kept { verdict, statement })) = index.zip(kept) {
                all.entry(verdict).or_default().insert(index, statement.len() as u64);
            }
        }
        Ok(all)
    }

    /// The statement of a verdict of `peer` that rests for this place.
    ///
    /// # Errors
    /// [`RestrictedError`].
    pub fn statement(
        &self,
        peer: &PeerRecord,
        verdict: &VerdictId,
        place: u64,
    ) -> Result<Option<String>, RestrictedError> {
        let kept: Option<Kept> = self.read(&format!("{}{place:020}", self.verdict_prefix(peer, verdict)))?;
        Ok(kept.map(|kept| kept.statement))
    }

    /// Erases what rests of these verdicts of `peer` and what was made of them. The caller has the vault shredded.
    ///
    /// # Errors
    /// [`VaultError`]: some of it may rest still. None of it counts any more until the next start.
    pub fn erase(&self, peer: &PeerRecord, verdicts: &BTreeSet<VerdictId>) -> Result<(), VaultError> {
        {
            let _writing = self.writing();
            let mut made = self.made.write().unwrap_or_else(PoisonError::into_inner);
            for id in verdicts {
                made.forget_recognition(&VerdictRef { registry: peer.registry.clone(), id: id.clone() });
            }
        }
        for verdict in verdicts {
            let _writing = self.writing();
            // In the order of the log: the grant first.
            for piece in self.vault.names(&self.verdict_prefix(peer, verdict))?.chunks(PIECE) {
                self.vault.erase_all(piece)?;
            }
        }
        Ok(())
    }

    /// Erases what belongs to no peering that lasts, with the keys, and reads what is made of the rest.
    ///
    /// # Errors
    /// [`RestrictedError`]: the next sweep tries again.
    pub fn sweep(&self) -> Result<(), RestrictedError> {
        let _writing = self.writing();
        let mut left = Register::new();
        for name in self.vault.names(PREFIX)? {
            if peering(PREFIX, &name).is_none_or(|(peer, added)| !stands(&self.read_model, &peer, added)) {
                self.vault.erase(&name)?;
            } else if name.ends_with(MADE)
                && let Some(Made { recognition, since }) = self.read(&name)?
            {
                left.insert(record(recognition, since));
            }
        }
        *self.made.write().unwrap_or_else(PoisonError::into_inner) = left;
        Ok(self.vault.shred()?)
    }

    /// To be held while something of a verdict is read and written. All peers share it, so nobody holds it for long.
    fn writing(&self) -> MutexGuard<'_, ()> {
        self.writing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self, peer: &PeerRecord, values: &[(String, Vec<u8>)]) -> Result<(), RestrictedError> {
        // The register knows of an expulsion before its sweep, so nothing comes after that.
        if !stands(&self.read_model, &peer.registry, peer.added.index) {
            return Err(RestrictedError::Gone);
        }
        Ok(self.vault.put_all(values)?)
    }

    fn read<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>, RestrictedError> {
        let kept = self.vault.value(name)?;
        kept.map(|bytes| serde_json::from_slice(&bytes).map_err(|_| RestrictedError::Unreadable)).transpose()
    }

    /// What the names of one verdict begin with.
    fn verdict_prefix(&self, peer: &PeerRecord, verdict: &VerdictId) -> String {
        format!("{}{}/", prefix(peer), self.vault.pseudonym(verdict.as_str()))
    }
}

/// The verdicts of `peer` of which something is made.
pub fn verdicts_of(made: &Register, peer: &RegistryId) -> BTreeSet<VerdictId> {
    let all = made.recognitions_after(None).map(|record| &record.recognition.verdict);
    all.filter(|verdict| verdict.registry == *peer).map(|verdict| verdict.id.clone()).collect()
}

fn bytes(kept: &impl Serialize) -> Result<Vec<u8>, RestrictedError> {
    serde_json::to_vec(kept).map_err(|_| RestrictedError::Unreadable)
}

/// What the names of a peering begin with: a peer that is added again begins with nothing.
fn prefix(peer: &PeerRecord) -> String {
    format!("{PREFIX}{}/{}/", peer.registry, peer.added.index)
}

/// A recognition that no entry states: `since` is the newest entry of our own log when it was found.
fn record(recognition: Recognition, since: Moment) -> Record {
    let recognition = Arc::new(recognition);
    Record::Recognition(Arc::new(RecognitionRecord { recognition, since, position: 0, entries: Vec::new() }))
}
