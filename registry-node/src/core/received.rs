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

use super::read_model::ReadModel;
use crate::vault::{Vault, VaultError};

/// What their names in the vault begin with.
const PREFIX: &str = "received/";

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
        let bytes = serde_json::to_vec(detail).map_err(|_| ReceivedError::Unreadable)?;
        let _writing = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        // The register knows of an expulsion before its sweep, so nothing comes after that.
        if !self.stands(&peer.registry, peer.added.index) {
            return Err(ReceivedError::Gone);
        }
        Ok(self.vault.put(&format!("{}{verdict}", prefix(peer)), &bytes)?)
    }

    /// What `peer` disclosed of a verdict.
    ///
    /// # Errors
    /// [`ReceivedError::Vault`], [`ReceivedError::Unreadable`].
    pub fn of(&self, peer: &PeerRecord, verdict: &VerdictId) -> Result<Option<Detail>, ReceivedError> {
        let kept = self.vault.value(&format!("{}{verdict}", prefix(peer)))?;
        kept.map(|bytes| serde_json::from_slice(&bytes).map_err(|_| ReceivedError::Unreadable)).transpose()
    }

    /// The verdicts of which `peer` disclosed something that rests here.
    ///
    /// # Errors
    /// [`VaultError`].
    pub fn verdicts(&self, peer: &PeerRecord) -> Result<Vec<VerdictId>, VaultError> {
        let prefix = prefix(peer);
        let names = self.vault.names(&prefix)?;
        Ok(names.iter().filter_map(|name| name.strip_prefix(&prefix)?.parse().ok()).collect())
    }

    /// Erases what `peer` disclosed of these verdicts, with the keys.
    ///
    /// # Errors
    /// [`VaultError`]: some of it may rest still.
    pub fn erase<'a>(
        &self,
        peer: &PeerRecord,
        verdicts: impl IntoIterator<Item = &'a VerdictId>,
    ) -> Result<(), VaultError> {
        let _writing = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        for verdict in verdicts {
            self.vault.erase(&format!("{}{verdict}", prefix(peer)))?;
        }
        self.vault.shred()
    }

    /// Erases what belongs to no peering that lasts, with the keys.
    ///
    /// # Errors
    /// [`VaultError`]: the next sweep tries again.
    pub fn sweep(&self) -> Result<(), VaultError> {
        let _writing = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        for name in self.vault.names(PREFIX)? {
            if peering(&name).is_none_or(|(peer, added)| !self.stands(&peer, added)) {
                self.vault.erase(&name)?;
            }
        }
        self.vault.shred()
    }

    fn stands(&self, peer: &RegistryId, added: u64) -> bool {
        let record = self.read_model.register().peer(peer);
        record.is_some_and(|record| record.expelled.is_none() && record.added.index == added)
    }
}

/// What the names of a peering begin with: a peer that is added again begins with nothing.
fn prefix(peer: &PeerRecord) -> String {
    format!("{PREFIX}{}/{}/", peer.registry, peer.added.index)
}

/// The peering to which a name belongs.
fn peering(name: &str) -> Option<(RegistryId, u64)> {
    let mut parts = name.strip_prefix(PREFIX)?.split('/');
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
        for name in ["received/eu/7/V-1", "received/eu/7/V-2", "received/odd", "credential/x"] {
            vault.put(name, b"{}").unwrap();
        }
        Received::open(Arc::clone(&vault), &Arc::default()).unwrap();
        assert_eq!(vault.names("").unwrap(), ["credential/x"]);
    }

    #[test]
    fn a_name_says_to_which_peering_it_belongs() {
        assert_eq!(peering("received/eu/7/V-1"), Some(("eu".parse().unwrap(), 7)));
        assert_eq!(peering("received/eu/x/V-1"), None);
    }
}
