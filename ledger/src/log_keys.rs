//! The keys that sign a log's checkpoints, one after the other. The genesis names the first; each later one takes over where a
//! statement in the log says so.
//!
//! ```text
//! secure-trust-registry/log-key-change@1      what both keys sign when one takes over from the other
//! <origin>
//! <size of the log when it was signed, decimal>
//! <verifier key of the old key>
//! <verifier key of the new key>
//! ```
//!
//! A change that stands at index `i` binds by its place: checkpoints of at most `i + 1` entries are signed by the old key, the
//! first of which thus covers the change, and all larger ones by the new key. So size and signer belong together, and a key that
//! was retired signs nothing any more that somebody who knows of the change believes. The text is no checkpoint, since an origin
//! is no number. Out of scope: the statement that carries the signatures, and who may say it.

use std::fmt;

use crate::encoding::{base64_decode, base64_encode};
use crate::key::SigningError;
use crate::note::{NoteSigner, NoteVerifier, SignatureKind};

#[cfg(test)]
mod tests;

const CONTEXT: &str = "secure-trust-registry/log-key-change@1";

/// Whose signature a checkpoint needs: one key, or one for each stretch of sizes.
pub trait CheckpointKeys {
    /// The log's origin.
    fn origin(&self) -> &str;

    /// The key that signs checkpoints of this size.
    fn at(&self, size: u64) -> &NoteVerifier;

    /// Every key that ever signed.
    fn all(&self) -> impl Iterator<Item = &NoteVerifier>;
}

impl CheckpointKeys for NoteVerifier {
    fn origin(&self) -> &str {
        self.name()
    }

    fn at(&self, _size: u64) -> &NoteVerifier {
        self
    }

    fn all(&self) -> impl Iterator<Item = &NoteVerifier> {
        std::iter::once(self)
    }
}

/// The keys of one log in their order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogKeys {
    first: NoteVerifier,
    /// Later keys, each with the index of the statement by which it took over.
    changes: Vec<(u64, NoteVerifier)>,
}

/// Why a key does not take over.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyChangeError {
    /// It is no key of this log.
    #[error("{0} is no key that signs checkpoints of this log")]
    OtherLog(String),
    /// Changes come in the order of the log.
    #[error("the change at {index} does not come after the one before it")]
    Order {
        /// Where it stands.
        index: u64,
    },
    /// The key signed before.
    #[error("the key signed checkpoints of this log before; a retired key never comes back")]
    Again,
}

impl From<NoteVerifier> for LogKeys {
    fn from(first: NoteVerifier) -> Self {
        Self { first, changes: Vec::new() }
    }
}

impl LogKeys {
    /// The key that the genesis names.
    pub fn first(&self) -> &NoteVerifier {
        &self.first
    }

    /// The key that signs now.
    pub fn newest(&self) -> &NoteVerifier {
        self.changes.last().map_or(&self.first, |(_, key)| key)
    }

    /// Later keys, each with the index of the statement by which it took over.
    pub fn changes(&self) -> &[(u64, NoteVerifier)] {
        &self.changes
    }

    /// Whether the key signs or signed.
    pub fn contains(&self, key: &NoteVerifier) -> bool {
        self.all().any(|known| known == key)
    }

    /// Whether `other` has these keys at these places, and perhaps later ones.
    pub fn begins(&self, other: &Self) -> bool {
        self.first == other.first && other.changes.starts_with(&self.changes)
    }

    /// Lets a key take over by the statement at `index`.
    ///
    /// # Errors
    /// [`KeyChangeError`]; nothing changed then.
    pub fn change(&mut self, index: u64, key: NoteVerifier) -> Result<(), KeyChangeError> {
        if key.name() != self.first.name() || key.kind() != SignatureKind::Ed25519 {
            return Err(KeyChangeError::OtherLog(key.to_string()));
        }
        if self.contains(&key) {
            return Err(KeyChangeError::Again);
        }
        if index == 0 || self.changes.last().is_some_and(|(last, _)| *last >= index) {
            return Err(KeyChangeError::Order { index });
        }
        self.changes.push((index, key));
        Ok(())
    }
}

impl CheckpointKeys for LogKeys {
    fn origin(&self) -> &str {
        self.first.name()
    }

    fn at(&self, size: u64) -> &NoteVerifier {
        // A change at i is covered by i + 1 entries, which the old key still signs.
        let later = self.changes.iter().rev().find(|(index, _)| size > index.saturating_add(1));
        later.map_or(&self.first, |(_, key)| key)
    }

    fn all(&self) -> impl Iterator<Item = &NoteVerifier> {
        std::iter::once(&self.first).chain(self.changes.iter().map(|(_, key)| key))
    }
}

/// That one key takes over from another: what both of them sign.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Handover<'a> {
    /// The key that signs now.
    pub from: &'a NoteVerifier,
    /// The key that will.
    pub to: &'a NoteVerifier,
    /// Size of the log when it was signed, in entries.
    pub size: u64,
}

/// Why a handover does not hold. The blame is whoever says that it does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum HandoverError {
    /// Two logs, a witness's key, or the same key twice.
    #[error("the old and the new key are not two keys of one log")]
    Keys,
    /// The old key does not endorse the new one.
    #[error("the old key did not sign that the new one takes over")]
    NotEndorsed,
    /// Nobody showed that the new key is in anyone's hands.
    #[error("the new key did not sign that it takes over")]
    NotHeld,
}

impl Handover<'_> {
    /// One side's signature, in base64.
    ///
    /// # Errors
    /// [`SigningError`] when the cryptographic library fails.
    pub fn sign(&self, key: &NoteSigner) -> Result<String, SigningError> {
        Ok(base64_encode(&key.sign_bytes(self.to_string().as_bytes())?))
    }

    /// Checks the signatures of both sides, each base64 of 64 bytes.
    ///
    /// # Errors
    /// [`HandoverError`].
    pub fn verify(&self, by_old: &str, by_new: &str) -> Result<(), HandoverError> {
        let kinds = [self.from.kind(), self.to.kind()];
        if self.from.name() != self.to.name() || self.from == self.to || kinds != [SignatureKind::Ed25519; 2] {
            return Err(HandoverError::Keys);
        }
        let text = self.to_string();
        let signed = |key: &NoteVerifier, signature: &str| {
            let signature: Option<[u8; 64]> = base64_decode(signature).and_then(|bytes| bytes.try_into().ok());
            signature.is_some_and(|signature| key.public_key().verify(text.as_bytes(), &signature).is_ok())
        };
        if !signed(self.from, by_old) {
            return Err(HandoverError::NotEndorsed);
        }
        if signed(self.to, by_new) { Ok(()) } else { Err(HandoverError::NotHeld) }
    }
}

/// The text that is signed.
impl fmt::Display for Handover<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{CONTEXT}\n{}\n{}\n{}\n{}", self.from.name(), self.size, self.from, self.to)
    }
}
