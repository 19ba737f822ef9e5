//! What peers disclosed of their verdicts' credentials to this registry: in the vault, each verdict's under a key of its own.
//!
//! It is here for as long as an arrangement lets it rest, and never in a log, an event, a public answer or a log line. What
//! belongs to no peer, or to an earlier peering, is swept out: at each expulsion, and at each start. Everything here waits for the
//! disk. Out of scope: what may rest (`conformity::recognition::rests`), and whether it belongs to its credential
//! (`federation::follow`).

use std::sync::{Arc, Mutex, PoisonError};

use conformity::genesis::PeerRecord;
use conformity::ids::{RegistryId, VerdictId};
use conformity::records::Facts;
use federation::follow::Detail;
use serde::{Deserialize, Serialize};

use super::read_model::ReadModel;
use crate::vault::{Vault, VaultError};

/// What their names in the vault begin with.
const PREFIX: &str = "received/";

/// Values that are erased at once: then others have their turn.
const PIECE: usize = 64;

/// Why what was disclosed was not kept or read.
#[derive(Debug, thiserror::Error)]
pub enum ReceivedError {
    /// The peer was expelled meanwhile.
    #[error("the peer is none any more")]
    Gone,
    /// The vault.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// A value of the vault is not what this program writes. The error would quote it.
    #[error("what was disclosed of a verdict cannot be read or written")]
    Unreadable,
}

/// What rests of one verdict, which its name does not tell.
#[derive(Serialize, Deserialize)]
struct Kept {
    verdict: VerdictId,
    detail: Detail,
}

/// Keeper of what was received.
pub struct Received {
    vault: Arc<Vault>,
    read_model: Arc<ReadModel>,
    writing: Mutex<()>,
}

impl Received {
    /// Opens the keeper, and erases what belongs to no peering.
    ///
    /// # Errors
    /// [`VaultError`].
    pub fn open(vault: Arc<Vault>, read_model: &Arc<ReadModel>) -> Result<Self, VaultError> {
        let received = Self { vault, read_model: Arc::clone(read_model), writing: Mutex::default() };
        received.sweep()?;
        Ok(received)
    }

    /// Keeps what `peer` disclosed of a verdict in place of what it disclosed before, durably.
    ///
    /// # Errors
    /// [`ReceivedError`]: then what was kept before stands.
    pub fn keep(&self, peer: &PeerRecord, verdict: &VerdictId, detail: &Detail) -> Result<(), ReceivedError> {
        let kept = Kept { verdict: verdict.clone(), detail: detail.clone() };
        let bytes = serde_json::to_vec(&kept).map_err(|_| ReceivedError::Unreadable)?;
        let _writing = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        // The register knows of an expulsion before its sweep, so nothing comes after that.
        if !stands(&self.read_model, &peer.registry, peer.added.index) {
            return Err(ReceivedError::Gone);
        }
        Ok(self.vault.put(&self.name(peer, verdict), &bytes)?)
    }

    /// What `peer` disclosed of a verdict.
    ///
    /// # Errors
    /// [`ReceivedError::Vault`], [`ReceivedError::Unreadable`].
    pub fn of(&self, peer: &PeerRecord, verdict: &VerdictId) -> Result<Option<Detail>, ReceivedError> {
        Ok(self.read(&self.name(peer, verdict))?.map(|kept| kept.detail))
    }

    /// All that `peer` disclosed, by verdict.
    ///
    /// # Errors
    /// [`ReceivedError::Vault`], [`ReceivedError::Unreadable`].
    pub fn all(&self, peer: &PeerRecord) -> Result<Vec<(VerdictId, Detail)>, ReceivedError> {
        let mut all = Vec::new();
        for name in self.vault.names(&prefix(peer))? {
            all.extend(self.read(&name)?.map(|kept| (kept.verdict, kept.detail)));
        }
        Ok(all)
    }

    /// Erases what `peer` disclosed of these verdicts. The caller has the vault shredded.
    ///
    /// # Errors
    /// [`VaultError`]: some of it may rest still.
    pub fn erase<'a>(
        &self,
        peer: &PeerRecord,
        verdicts: impl IntoIterator<Item = &'a VerdictId>,
    ) -> Result<(), VaultError> {
        let names: Vec<_> = verdicts.into_iter().map(|verdict| self.name(peer, verdict)).collect();
        names.chunks(PIECE).try_for_each(|piece| {
            let _writing = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
            self.vault.erase_all(piece)
        })
    }

    /// Erases what belongs to no peering that lasts, with the keys.
    ///
    /// # Errors
    /// [`VaultError`]: the next sweep tries again.
    pub fn sweep(&self) -> Result<(), VaultError> {
        let _writing = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        for name in self.vault.names(PREFIX)? {
            if peering(PREFIX, &name).is_none_or(|(peer, added)| !stands(&self.read_model, &peer, added)) {
                self.vault.erase(&name)?;
            }
        }
        self.vault.shred()
    }

    fn read(&self, name: &str) -> Result<Option<Kept>, ReceivedError> {
        let kept = self.vault.value(name)?;
        kept.map(|bytes| serde_json::from_slice(&bytes).map_err(|_| ReceivedError::Unreadable)).transpose()
    }

    fn name(&self, peer: &PeerRecord, verdict: &VerdictId) -> String {
        format!("{}{}", prefix(peer), self.vault.pseudonym(verdict.as_str()))
    }
}

/// Whether the peering that began at `added` in our log lasts.
pub(super) fn stands(read_model: &ReadModel, peer: &RegistryId, added: u64) -> bool {
    let record = read_model.register().peer(peer);
    record.is_some_and(|record| record.expelled.is_none() && record.added.index == added)
}

/// What the names of a peering begin with: a peer that is added again begins with nothing.
fn prefix(peer: &PeerRecord) -> String {
    format!("{PREFIX}{}/{}/", peer.registry, peer.added.index)
}

/// The peering to which a name belongs.
pub(super) fn peering(prefix: &str, name: &str) -> Option<(RegistryId, u64)> {
    let mut parts = name.strip_prefix(prefix)?.split('/');
    Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn nothing_rests_of_a_peer_that_is_none() {
        let folder = tempfile::tempdir().unwrap();
        let vault = Arc::new(Vault::open(folder.path()).unwrap());
        for name in ["received/eu/7/0a1b", "received/eu/7/2c3d", "received/odd", "credential/x"] {
            vault.put(name, b"{}").unwrap();
        }
        Received::open(Arc::clone(&vault), &Arc::default()).unwrap();
        assert_eq!(vault.names("").unwrap(), ["credential/x"]);
    }

    #[test]
    fn a_name_says_to_which_peering_it_belongs() {
        assert_eq!(peering(PREFIX, "received/eu/7/0a1b"), Some(("eu".parse().unwrap(), 7)));
        assert_eq!(peering(PREFIX, "received/eu/x/0a1b"), None);
    }
}
