//! Nations witness each other: cosigning the checkpoints of our peers, keeping the cosignatures of ours, and evidence of forks.
//!
//! ```text
//! a peer's checkpoint (NATS, or HTTP) ▶ signed? ▶ contradicts what we saw? ▶ published? continues what we cosigned?
//!                                       ▶ durable in the vault ▶ cosignature
//! our published checkpoint ▶ each peer ▶ its cosignature ▶ verified ▶ beside the checkpoint
//! ```
//!
//! What may be cosigned is decided in [`federation::witness`]; here it is made durable and signed. Out of scope: how requests
//! arrive (`link`, `http`).

mod collected;
mod cosigned;
pub mod evidence;
mod keys;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use conformity::genesis::PeerRecord;
use conformity::ids::RegistryId;
use federation::hush::Hush;
use federation::messages::{Cosign, Evidence};
use federation::serve::Quota;
use federation::witness::{self, Refusal};
use jiff::Timestamp;
use ledger::checkpoint::Checkpoint;
use ledger::log_keys::CheckpointKeys;
use ledger::note::{Cosigner, NoteError, NoteVerifier, SignedNote};

use crate::metrics::Metrics;
use crate::vault::{Vault, VaultError};

pub use collected::{Collected, Received};
use cosigned::Cosigned;
pub use cosigned::Newest;
use evidence::{Accused, EvidenceBook};
pub use keys::{KeyBook, NotLearnt};

/// New checkpoints of one log that are cosigned at once, and per second in the long run: each costs a write to the vault.
const NEW_CHECKPOINTS: (f64, f64) = (32.0, 4.0);

/// What a registry does and keeps as a witness.
pub struct Witness {
    cosigner: Cosigner,
    cosigned: Cosigned,
    seen: Mutex<HashMap<RegistryId, Seen>>,
    quotas: Mutex<HashMap<String, Quota>>,
    /// Lines about evidence that could not be written: a forked log can bring them about as often as it likes.
    unwritten: Mutex<HashMap<RegistryId, Hush>>,
    metrics: Arc<Metrics>,
    /// With which keys peers' logs sign.
    pub keys: KeyBook,
    /// Evidence against logs.
    pub evidence: EvidenceBook,
}

/// The newest checkpoint of a peer that following it has verified.
#[derive(Debug, Clone)]
pub struct Seen {
    /// What it says.
    pub checkpoint: Checkpoint,
    /// The signed note.
    pub note: String,
}

/// Why a checkpoint was not cosigned.
#[derive(Debug, thiserror::Error)]
pub enum NotCosigned {
    /// The submitter is to blame.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The log submits more than we want to write down.
    #[error("too many new checkpoints of this log; submit the newest one later")]
    TooOften,
    /// We are to blame: it could not be made durable, or what was cosigned before cannot be read. The cause is for our log.
    #[error("nothing can be cosigned now; submit it again later")]
    NotStored(#[source] VaultError),
    /// We are to blame: it could not be signed.
    #[error("nothing can be signed now; submit it again later")]
    NotSigned(#[from] NoteError),
}

impl From<VaultError> for NotCosigned {
    fn from(error: VaultError) -> NotCosigned {
        static UNKEPT: Hush = Hush::new();
        if let Some(times) = UNKEPT.heard() {
            tracing::error!(%error, times, "nothing can be cosigned: what was cosigned cannot be read or written");
        }
        NotCosigned::NotStored(error)
    }
}

impl NotCosigned {
    /// Stable code, kebab-case.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Refused(refusal) => refusal.code(),
            Self::TooOften => "quota",
            Self::NotStored(_) | Self::NotSigned(_) => "not-stored",
        }
    }
}

impl Witness {
    /// A witness with what its vault remembers.
    ///
    /// # Errors
    /// [`VaultError`] when the vault cannot be read.
    pub fn open(cosigner: Cosigner, vault: Arc<Vault>, metrics: Arc<Metrics>) -> Result<Witness, VaultError> {
        Ok(Witness {
            cosigner,
            keys: KeyBook::open(Arc::clone(&vault))?,
            evidence: EvidenceBook::open(Arc::clone(&vault))?,
            cosigned: Cosigned::new(vault),
            seen: Mutex::default(),
            quotas: Mutex::default(),
            unwritten: Mutex::default(),
            metrics,
        })
    }

    /// Cosigns a checkpoint that `peer` submits; gives the signature line. Waits for the disk: not for an async task.
    ///
    /// # Errors
    /// [`NotCosigned`]; nothing was signed then. A checkpoint that contradicts what we know of the log is kept as evidence.
    pub fn cosign(&self, peer: &PeerRecord, request: &Cosign, now: Timestamp) -> Result<String, NotCosigned> {
        let log = self.keys.of(peer).ok_or(Refusal::UnknownLog)?;
        let offered = witness::signed(request, &log)?;
        // Under one lock, what is known and what is signed: of two forks that come at the same moment, the second is held
        // against the first, and after it nothing more is cosigned.
        let line = self.cosigned.advance(&offered.origin, |newest| {
            if self.evidence.accuses(peer) {
                return Err(Refusal::Untrusted("there is evidence that this log is forked".to_owned()).into());
            }
            let contradicted = self.contradicted(peer, &offered, newest);
            if let Some(held) = &contradicted {
                let (first, second) = (held.clone(), request.checkpoint.clone());
                let evidence = Evidence { first, second, inconsistency: None, keys: None };
                self.accuse(peer, &evidence, now);
                self.metrics.peer_fault(&peer.registry, "fork");
            }
            witness::continues(request, &offered, newest.map(|newest| &newest.checkpoint))?;
            if contradicted.is_some() {
                return Err(Refusal::OtherRoot { size: offered.size }.into());
            }
            let is_new = newest.is_none_or(|newest| newest.checkpoint != offered);
            if is_new && !self.may_write(&offered.origin, now) {
                return Err(NotCosigned::TooOften);
            }
            let note = SignedNote::parse(&request.checkpoint)?;
            let line = self.cosigner.cosign(note.claimed_text(), seconds(now))?;
            let note = note.signed_only_by(log.at(offered.size))? + &line;
            Ok((is_new.then(|| Newest { checkpoint: offered.clone(), note, added: peer.added.index }), line))
        })?;
        self.metrics.cosigned(&peer.registry);
        Ok(line)
    }

    /// The note of what we know of the log, if the offered checkpoint contradicts it by itself.
    fn contradicted(&self, peer: &PeerRecord, offered: &Checkpoint, newest: Option<&Newest>) -> Option<String> {
        let seen = self.all_seen().get(&peer.registry).cloned().map(|seen| (seen.checkpoint, seen.note));
        let cosigned = newest.cloned().map(|newest| (newest.checkpoint, newest.note));
        let contradicted = seen.into_iter().chain(cosigned).find(|(known, _)| witness::contradict(known, offered));
        contradicted.map(|(_, note)| note)
    }

    fn may_write(&self, origin: &str, now: Timestamp) -> bool {
        let mut quotas = self.quotas.lock().unwrap_or_else(PoisonError::into_inner);
        let quota = quotas.entry(origin.to_owned());
        quota.or_insert_with(|| Quota::new(NEW_CHECKPOINTS.0, NEW_CHECKPOINTS.1)).take(1.0, now)
    }

    /// The newest checkpoint of the log of that origin that we cosigned, in whatever peering.
    ///
    /// # Errors
    /// [`VaultError`] when it cannot be read: then nothing of that log may be cosigned.
    pub fn newest(&self, origin: &str) -> Result<Option<Newest>, VaultError> {
        self.cosigned.newest(origin)
    }

    /// Takes note of the newest checkpoint that following a peer has verified.
    pub fn saw(&self, peer: &RegistryId, seen: Seen) {
        self.all_seen().insert(peer.clone(), seen);
    }

    /// Keeps what was found against a peer's log, and says so.
    pub fn accuse(&self, peer: &PeerRecord, evidence: &Evidence, now: Timestamp) {
        let Some(accused) = self.accusable(peer) else { return };
        match self.evidence.file(&accused, evidence, None, now) {
            Ok(_) => tracing::error!(accused = %accused.registry, "a log is forked; it is not followed any more"),
            Err(error) => self.tell_unwritten(&accused, evidence, &error),
        }
    }

    /// A peer, with all that evidence against it needs.
    pub fn accusable(&self, peer: &PeerRecord) -> Option<Accused> {
        Some(Accused {
            registry: peer.registry.clone(),
            origin: peer.origin.clone(),
            keys: self.keys.of(peer)?,
            history: self.keys.history(peer),
            genesis_digest: peer.genesis_digest,
            added: peer.added.index,
        })
    }

    fn tell_unwritten(&self, accused: &Accused, evidence: &Evidence, error: &VaultError) {
        let mut unwritten = self.unwritten.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(times) = unwritten.entry(accused.registry.clone()).or_default().heard() {
            let Evidence { first, second, .. } = evidence;
            tracing::error!(%error, times, first, second, "evidence of a fork cannot be written; keep this line");
        }
    }

    // Whole values are put in and taken out, so a panic elsewhere leaves nothing half done.
    fn all_seen(&self) -> MutexGuard<'_, HashMap<RegistryId, Seen>> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The key with which a peer cosigns.
pub fn witness_key(peer: &PeerRecord) -> Option<NoteVerifier> {
    peer.genesis.witness_key.as_str().parse().ok()
}

fn seconds(now: Timestamp) -> u64 {
    u64::try_from(now.as_second()).unwrap_or_default()
}

#[cfg(test)]
pub(crate) mod tests;
