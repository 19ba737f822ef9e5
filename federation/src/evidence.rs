//! Evidence that a log is forked: two checkpoints that it signed and that cannot both be true. Whoever has the log's key can
//! check it, now or in ten years, without asking anybody.
//!
//! ```text
//! one size, two roots                 the two notes say it all
//! sizes a < b                         besides, a root R and a consistency proof from (a, R) to (b, root of b): so the log of b
//!                                     began with R, which is not the root that the note of a names
//! ```
//!
//! The two may be signed by different keys, if the log changed its key in between: each by the one for its size, or it proves
//! nothing, for a retired key may be in anybody's hands. The key history says which those are. A log that merely fails to prove that it continues itself leaves no evidence, only suspicion. Out of scope: where evidence
//! is kept and to whom it is sent.

#[cfg(test)]
mod tests;

use conformity::digest::Digest;
use ledger::checkpoint::{Checkpoint, CheckpointError};
use ledger::log_keys::CheckpointKeys;
use ledger::merkle::{self, Tree};
use ledger::note::SignedNote;

use crate::messages::{Evidence, Inconsistency, Proof};

/// Hexadecimal digits of the id of evidence.
const ID_DIGITS: usize = 16;

/// Evidence that holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proven {
    /// It in its one form: the smaller checkpoint first, no signatures but the log's, nothing that is not needed.
    pub evidence: Evidence,
    /// The smaller checkpoint, or of two of one size the one whose root comes first.
    pub first: Checkpoint,
    /// The other.
    pub second: Checkpoint,
}

/// Why two notes prove nothing. The blame is their giver's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EvidenceError {
    /// Not both are checkpoints that the log signed.
    #[error("not two checkpoints that {origin} signed: {error}")]
    NotSigned {
        /// The log's origin.
        origin: String,
        /// What is wrong.
        error: CheckpointError,
    },
    /// One size, one root.
    #[error("the two checkpoints agree")]
    Agree,
    /// Two sizes, and nothing that shows how the smaller contradicts the larger.
    #[error("the sizes differ, and no inconsistency is shown")]
    Unproven,
    /// Two sizes, and the proof does not lead from another root to the larger one.
    #[error("the proof does not show that the larger checkpoint contradicts the smaller one")]
    Inconclusive,
}

/// Checks evidence against a log.
///
/// # Errors
/// [`EvidenceError`]: nothing is proven.
pub fn prove(evidence: &Evidence, log: &impl CheckpointKeys) -> Result<Proven, EvidenceError> {
    let (one, other) = (signed(&evidence.first, log)?, signed(&evidence.second, log)?);
    let in_order = (one.0.size, one.0.root.as_bytes()) <= (other.0.size, other.0.root.as_bytes());
    let ((first, first_note), (second, second_note)) = if in_order { (one, other) } else { (other, one) };
    let inconsistency = if first.size == second.size {
        if first.root == second.root {
            return Err(EvidenceError::Agree);
        }
        None
    } else {
        let shown = evidence.inconsistency.clone().ok_or(EvidenceError::Unproven)?;
        conclusive(&shown, &first, &second)?;
        Some(shown)
    };
    let keys = evidence.keys.clone();
    Ok(Proven { evidence: Evidence { first: first_note, second: second_note, inconsistency, keys }, first, second })
}

impl Proven {
    /// A short name of it: the same for everybody who holds these two checkpoints against each other.
    pub fn id(&self) -> String {
        let digest = Digest::of(format!("{}\n{}", self.first, self.second).as_bytes());
        digest.to_string().chars().take(ID_DIGITS).collect()
    }
}

/// What makes two checkpoints of different sizes evidence, if `tree` is that of the larger one and contradicts the smaller.
pub fn inconsistency(tree: &Tree, one: &Checkpoint, other: &Checkpoint) -> Option<Inconsistency> {
    let (first, second) = if one.size <= other.size { (one, other) } else { (other, one) };
    let is_theirs = tree.root_at(second.size).is_ok_and(|root| root == second.root);
    let root = tree.root_at(first.size).ok().filter(|root| is_theirs && *root != first.root)?;
    let shown = Inconsistency { root, proof: Proof(tree.consistency_proof(first.size, second.size).ok()?) };
    conclusive(&shown, first, second).is_ok().then_some(shown)
}

fn conclusive(shown: &Inconsistency, first: &Checkpoint, second: &Checkpoint) -> Result<(), EvidenceError> {
    let leads = merkle::verify_consistency(first.size, second.size, &shown.proof.0, &shown.root, &second.root);
    if leads.is_ok() && shown.root != first.root { Ok(()) } else { Err(EvidenceError::Inconclusive) }
}

/// A checkpoint of the log, and its note without what others signed.
fn signed(note: &str, log: &impl CheckpointKeys) -> Result<(Checkpoint, String), EvidenceError> {
    let read = || {
        let checkpoint = Checkpoint::verify(note, log)?;
        let only = SignedNote::parse(note)?.signed_only_by(log.at(checkpoint.size))?;
        Ok((checkpoint, only))
    };
    read().map_err(|error| EvidenceError::NotSigned { origin: log.origin().to_owned(), error })
}
