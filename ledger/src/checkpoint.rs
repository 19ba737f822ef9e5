//! Checkpoints (c2sp.org/tlog-checkpoint): what a log was, at one size, in a signed note.
//!
//! ```text
//! <origin>
//! <size, decimal>
//! <root, base64>
//! secure-trust-registry/commit@1     in a commit checkpoint, and in no other
//! <further extension lines, if any: allowed, never looked at, never written here>
//! ```
//!
//! A [`Checkpoint`] that came from outside exists only once its log's signature verified. A log signs one for each commit, and
//! cosignatures are for those that it publishes; the line keeps who holds one of a commit from having it cosigned instead. Not
//! here: consistency between checkpoints (see [`crate::merkle`]).

use crate::encoding::decimal;
use crate::log_keys::CheckpointKeys;
use crate::merkle::Hash;
use crate::note::{NoteError, NoteSigner, SignedNote};
use std::fmt;

/// The extension line that says what a commit checkpoint is.
const COMMIT: &str = "secure-trust-registry/commit@1";

/// What a log signed a checkpoint for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// For submitters and peers, with each commit. It is never published and never cosigned.
    Commit,
    /// To be published, and to be cosigned.
    Publication,
}

/// The head of a log at one size.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// The log's permanent name.
    pub origin: String,
    /// The number of entries.
    pub size: u64,
    /// The root of the tree of that many entries.
    pub root: Hash,
    /// What it was signed for.
    pub purpose: Purpose,
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
    /// Signed by a key of the log that signs checkpoints of other sizes: a retired key, or one that came later.
    #[error("a checkpoint of {size} entries, signed by a key of the log that does not sign checkpoints of that size")]
    NotItsKey {
        /// The size that the checkpoint names.
        size: u64,
    },
    /// Signed for a commit, and offered as a published one.
    #[error("a commit checkpoint, which the log did not sign to be published")]
    Commit,
}

impl Checkpoint {
    /// Reads the text of a checkpoint, without any signature.
    pub fn parse(text: &str) -> Result<Self, CheckpointError> {
        let body = text.strip_suffix('\n').ok_or(CheckpointError::Malformed("no newline at the end"))?;
        let mut lines = body.split('\n');
        let (Some(origin), Some(size), Some(root)) = (lines.next(), lines.next(), lines.next()) else {
            return Err(CheckpointError::Malformed("fewer than three lines"));
        };
        let extensions: Vec<&str> = lines.collect();
        if origin.is_empty() || extensions.contains(&"") {
            return Err(CheckpointError::Malformed("an empty line"));
        }
        let purpose = if extensions.contains(&COMMIT) { Purpose::Commit } else { Purpose::Publication };
        let size = decimal(size).ok_or(CheckpointError::Malformed("the size is not a decimal number"))?;
        let root = root.parse().map_err(|_| CheckpointError::Malformed("the root is not the base64 of 32 bytes"))?;
        Ok(Self { origin: origin.into(), size, root, purpose })
    }

    /// Reads a checkpoint out of a signed note, if the log signed it under its own origin, with the key for that size.
    pub fn verify(note: &str, log: &impl CheckpointKeys) -> Result<Self, CheckpointError> {
        let note = SignedNote::parse(note)?;
        let claimed = Self::parse(note.claimed_text());
        let size = claimed.as_ref().map_or(0, |claimed| claimed.size);
        match note.verify(&[log.at(size)]) {
            Ok(_) => {}
            Err(NoteError::NotSigned) if log.all().any(|key| note.verify(&[key]).is_ok()) => {
                return Err(CheckpointError::NotItsKey { size });
            }
            Err(error) => return Err(error.into()),
        }
        let checkpoint = claimed?;
        if checkpoint.origin == log.origin() {
            Ok(checkpoint)
        } else {
            Err(CheckpointError::Origin { expected: log.origin().into(), found: checkpoint.origin })
        }
    }

    /// The same, if the log signed it to be published.
    ///
    /// # Errors
    /// [`CheckpointError::Commit`] for a commit checkpoint; else as [`Checkpoint::verify`].
    pub fn verify_published(note: &str, log: &impl CheckpointKeys) -> Result<Self, CheckpointError> {
        let checkpoint = Self::verify(note, log)?;
        match checkpoint.purpose {
            Purpose::Commit => Err(CheckpointError::Commit),
            Purpose::Publication => Ok(checkpoint),
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
        write!(f, "{}\n{}\n{}\n", self.origin, self.size, self.root)?;
        match self.purpose {
            Purpose::Commit => writeln!(f, "{COMMIT}"),
            Purpose::Publication => Ok(()),
        }
    }
}
