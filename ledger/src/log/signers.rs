//! Who signs the checkpoints of a log: one key, besides it the one before for a while, and perhaps one that waits to take over.
//!
//! Which of the keys that the registry holds is the log's is not for their files to say: the log says it, and it is read after it
//! was opened. Until then any of them may have signed the last checkpoint.

use crate::checkpoint::{Checkpoint, CheckpointError};
use crate::log_keys::LogKeys;
use crate::note::{NoteSigner, NoteVerifier};
use std::sync::Arc;

/// The keys that a registry holds for its log.
#[derive(Debug)]
pub struct Signers {
    current: Arc<NoteSigner>,
    /// Others that it holds.
    idle: Vec<Arc<NoteSigner>>,
    /// The key before, which signs besides up to this time in milliseconds since the Unix epoch.
    besides: Option<(Arc<NoteSigner>, u64)>,
}

/// The log names a key that nobody brought.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "the log names {0} as the key that signs its checkpoints, and no key file holds it: restore it from your key backup"
)]
pub struct KeyNotHeld(pub String);

impl From<NoteSigner> for Signers {
    fn from(current: NoteSigner) -> Self {
        Self::new(current, Vec::new())
    }
}

impl Signers {
    /// `current` signs, as long as nobody says otherwise; the others are held.
    pub fn new(current: NoteSigner, idle: Vec<NoteSigner>) -> Self {
        Self { current: Arc::new(current), idle: idle.into_iter().map(Arc::new).collect(), besides: None }
    }

    /// The verifiers of all of them, the current one first.
    pub fn verifiers(&self) -> impl Iterator<Item = &NoteVerifier> {
        let besides = self.besides.iter().map(|(signer, _)| signer);
        std::iter::once(&self.current).chain(&self.idle).chain(besides).map(|signer| signer.verifier())
    }

    pub(super) fn current(&self) -> &NoteVerifier {
        self.current.verifier()
    }

    /// Signs as the log does at that time.
    pub(super) fn sign(&self, checkpoint: &Checkpoint, at_ms: u64) -> Result<String, CheckpointError> {
        let note = checkpoint.sign(&self.current)?;
        match &self.besides {
            Some((signer, until_ms)) if at_ms <= *until_ms => Ok(signer.add_to(&note)?),
            _ => Ok(note),
        }
    }

    /// Takes the key that the log names, and the one before it to sign besides until `until_ms`, where it is held.
    pub(super) fn follow(&mut self, keys: &LogKeys, until_ms: u64) -> Result<(), KeyNotHeld> {
        if self.current.verifier() != keys.newest() {
            let place = self.idle.iter().position(|signer| signer.verifier() == keys.newest());
            let place = place.ok_or_else(|| KeyNotHeld(keys.newest().to_string()))?;
            let before = std::mem::replace(&mut self.current, self.idle.swap_remove(place));
            self.idle.push(before);
        }
        let before = match keys.changes() {
            [] => None,
            [_] => Some(keys.first()),
            [.., (_, before), _] => Some(before),
        };
        let place = self.idle.iter().position(|signer| Some(signer.verifier()) == before);
        self.besides = place.map(|place| (self.idle.swap_remove(place), until_ms));
        Ok(())
    }

    /// Lets a key take over; the one before signs besides until `until_ms`.
    pub(super) fn change(&mut self, next: Arc<NoteSigner>, until_ms: u64) {
        self.besides = Some((std::mem::replace(&mut self.current, next), until_ms));
    }
}
