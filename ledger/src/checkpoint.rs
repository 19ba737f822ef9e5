//! Checkpoints (c2sp.org/tlog-checkpoint): what a log was, at one size, in a signed note.
//!
//! ```text
//! <origin>
//! <size, decimal>
//! <root, base64>
//! <extension lines, if any: allowed, never looked at, never written here>
//! ```
//!
//! A [`Checkpoint`] that came from outside exists only once its log's signature verified. Not here: consistency between
//! checkpoints (see [`crate::merkle`]).

use crate::encoding::decimal;
use crate::merkle::Hash;
use crate::note::{NoteError, NoteSigner, NoteVerifier, SignedNote};
use std::fmt;

/// The head of a log at one size.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// The log's permanent name.
    pub origin: String,
    /// The number of entries.
    pub size: u64,
    /// The root of the tree of that many entries.
    pub root: Hash,
}

/// Why a checkpoint is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CheckpointError {
    /// Not a note, or not signed by the log.
    #[error(transparent)]
    Note(#[from] NoteError),
    /// The note's text is no checkpoint.
    #[error("not a checkpoint: {0}")]
    Malformed(&'static str),
    /// Signed by the key of another origin than the one it names.
    #[error("the checkpoint is of {found}, not of {expected}")]
    Origin {
        /// The origin that the verifier's key belongs to.
        expected: String,
        /// The origin that the checkpoint names.
        found: String,
    },
}

impl Checkpoint {
    /// Reads the text of a checkpoint, without any signature.
    pub fn parse(text: &str) -> Result<Self, CheckpointError> {
        let body = text.strip_suffix('\n').ok_or(CheckpointError::Malformed("no newline at the end"))?;
        let mut lines = body.split('\n');
        let (Some(origin), Some(size), Some(root)) = (lines.next(), lines.next(), lines.next()) else {
            return Err(CheckpointError::Malformed("fewer than three lines"));
        };
        if origin.is_empty() || lines.any(str::is_empty) {
            return Err(CheckpointError::Malformed("an empty line"));
        }
        let size = decimal(size).ok_or(CheckpointError::Malformed("the size is not a decimal number"))?;
        let root = root.parse().map_err(|_| CheckpointError::Malformed("the root is not the base64 of 32 bytes"))?;
        Ok(Self { origin: origin.into(), size, root })
    }

    /// Reads a checkpoint out of a signed note, if the log signed it under its own origin.
    pub fn verify(note: &str, log: &NoteVerifier) -> Result<Self, CheckpointError> {
        let note = SignedNote::parse(note)?;
        let checkpoint = Self::parse(note.verify(&[log])?.text())?;
        if checkpoint.origin == log.name() {
            Ok(checkpoint)
        } else {
            Err(CheckpointError::Origin { expected: log.name().into(), found: checkpoint.origin })
        }
    }

    /// Signs the checkpoint; gives the whole note.
    pub fn sign(&self, signer: &NoteSigner) -> Result<String, CheckpointError> {
        if self.origin != signer.verifier().name() {
            let expected = signer.verifier().name().into();
            return Err(CheckpointError::Origin { expected, found: self.origin.clone() });
        }
        Ok(signer.sign(&self.to_string())?)
    }
}

/// The text that is signed.
impl fmt::Display for Checkpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}\n{}\n{}\n", self.origin, self.size, self.root)
    }
}
