//! What following each peer comes to at present: written by the links, shown to whoever asks.
//!
//! A board, not a record: nothing here is in the log, and a restart begins with an empty one. Out of scope: which peers
//! there are (the register says), and following them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use conformity::ids::{PartyId, RegistryId, SchemeRef};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// How following a peer stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PeerState {
    /// Nothing is followed: no arrangement asks for it.
    Idle,
    /// The peer cannot be reached; it is tried again.
    Unreachable,
    /// A range is being pulled.
    CatchingUp,
    /// Everything that the peer announced is mirrored and recognised.
    Following,
    /// Stopped after a fault that only an operator can settle, such as a fork or a mirror without room.
    Stopped,
}

/// What a peer did wrong, or what kept us from following it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PeerFault {
    /// Kebab-case, from the closed set that `registry_peer_faults` counts.
    pub code: String,
    /// What happened, and what to do.
    pub detail: String,
    /// When.
    pub at: Timestamp,
}

/// What is known of following one peer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PeerStatus {
    /// How it stands.
    pub state: PeerState,
    /// Since when it has stood so.
    pub since: Timestamp,
    /// Size of the peer's log that was verified and mirrored.
    pub mirrored: u64,
    /// Largest size that the peer announced, believed or not.
    pub announced: u64,
    /// Verdicts of which the newest answer waits for room in our log.
    #[serde(default, skip_serializing_if = "is_none")]
    pub waiting: usize,
    /// Bodies that the newest terms name and that the peer has shown as accredited, each with the scheme. No part of what is shown of a peer.
    #[serde(skip)]
    pub met: Arc<BTreeSet<(PartyId, SchemeRef)>>,
    /// The newest fault, also after it was overcome.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_fault: Option<PeerFault>,
}

const fn is_none(count: &usize) -> bool {
    *count == 0
}

/// The newest status of each peer.
#[derive(Debug, Default)]
pub struct PeerBoard(Mutex<BTreeMap<RegistryId, PeerStatus>>);

impl PeerBoard {
    /// Replaces what is known of `peer`.
    pub fn publish(&self, peer: &RegistryId, status: PeerStatus) {
        self.all().insert(peer.clone(), status);
    }

    /// Takes a peer off, once it was expelled.
    pub fn remove(&self, peer: &RegistryId) {
        self.all().remove(peer);
    }

    /// What is known of `peer`.
    pub fn status(&self, peer: &RegistryId) -> Option<PeerStatus> {
        self.all().get(peer).cloned()
    }

    /// Whether `peer` has shown a body as accredited under a scheme.
    pub fn has_met(&self, peer: &RegistryId, body: &PartyId, scheme: &SchemeRef) -> bool {
        let named = (body.clone(), scheme.clone());
        self.all().get(peer).is_some_and(|status| status.met.contains(&named))
    }

    // Whole values are put in and taken out, so a panic elsewhere leaves nothing half done.
    fn all(&self) -> MutexGuard<'_, BTreeMap<RegistryId, PeerStatus>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
