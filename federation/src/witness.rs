//! Being a witness (c2sp.org/tlog-witness): whether the checkpoint that a log submits may be cosigned.
//!
//! ```text
//! old <size cosigned last, decimal>
//! <hash, base64>                     none to 63: consistency from there to the checkpoint
//!
//! <checkpoint: a signed note>
//! ```
//!
//! The same question comes over HTTP in this form, and over NATS as a [`Cosign`] message. Pure and transport-agnostic: the
//! caller holds the state of a log, one newest cosigned checkpoint, and makes the new one durable **before** the cosignature
//! leaves, both under one lock. At most [`MAX_REQUEST`] bytes, checked before anything is decoded. Out of scope: which logs
//! are witnessed, and making the signature ([`ledger::note::Cosigner`]).

#[cfg(test)]
mod tests;

use std::fmt::Write;

use ledger::checkpoint::{Checkpoint, Purpose};
use ledger::log_keys::CheckpointKeys;
use ledger::merkle::{self, Hash};
use ledger::note::{MAX_NOTE, SignedNote};

use crate::messages::{Cosign, Proof};

/// Longest request that is looked at, in bytes.
pub const MAX_REQUEST: usize = MAX_NOTE + 4 * 1024;
/// Most hashes of a proof.
const MAX_PROOF: usize = 63;

/// Why a checkpoint is not cosigned. The blame is the submitter's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Not a request, or not a checkpoint.
    #[error("not a request to add a checkpoint: {0}")]
    Malformed(&'static str),
    /// No log of that origin is witnessed here.
    #[error("the log is not witnessed here")]
    UnknownLog,
    /// Not signed by a key of the log that is trusted here.
    #[error("not signed by a key of the log that is trusted here: {0}")]
    Untrusted(String),
    /// Signed for a commit: only what a log publishes is cosigned, or whoever holds one of its commits could put off the
    /// cosignatures of what it publishes.
    #[error("a commit checkpoint; only those that the log publishes are cosigned")]
    Commit,
    /// The old size lies beyond the checkpoint.
    #[error("the old size {old} is larger than the checkpoint's, {size}")]
    OldBeyond {
        /// As submitted.
        old: u64,
        /// The checkpoint's size.
        size: u64,
    },
    /// Another size was cosigned last: the submitter begins from there. A log that was rolled back ends here.
    #[error("the size cosigned last is {cosigned}")]
    Conflict {
        /// It.
        cosigned: u64,
    },
    /// A checkpoint of nothing with the root of something.
    #[error("a checkpoint of size 0 must have the root of the empty tree")]
    EmptyRoot,
    /// The proof does not lead from the checkpoint cosigned last to this one.
    #[error("the checkpoint is not shown to continue the one cosigned last")]
    Inconsistent,
    /// The size cosigned last, with another root: evidence of a fork.
    #[error("size {size} was cosigned with another root")]
    OtherRoot {
        /// The size.
        size: u64,
    },
}

impl Refusal {
    /// Stable code, kebab-case.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Malformed(_) => "malformed",
            Self::UnknownLog => "unknown-log",
            Self::Untrusted(_) => "untrusted-checkpoint",
            Self::Commit => "commit-checkpoint",
            Self::OldBeyond { .. } => "old-size-beyond",
            Self::Conflict { .. } => "conflict",
            Self::EmptyRoot => "empty-root",
            Self::Inconsistent => "inconsistent",
            Self::OtherRoot { .. } => "other-root",
        }
    }

    /// The HTTP status that tlog-witness asks for.
    pub fn status(&self) -> u16 {
        match self {
            Self::Malformed(_) | Self::OldBeyond { .. } => 400,
            Self::Untrusted(_) => 403,
            Self::UnknownLog => 404,
            Self::Conflict { .. } => 409,
            Self::Commit | Self::EmptyRoot | Self::Inconsistent | Self::OtherRoot { .. } => 422,
        }
    }
}

/// Reads the body of an `add-checkpoint`.
///
/// # Errors
/// [`Refusal::Malformed`].
pub fn parse(body: &[u8]) -> Result<Cosign, Refusal> {
    if body.len() > MAX_REQUEST {
        return Err(Refusal::Malformed("too long"));
    }
    let text = std::str::from_utf8(body).map_err(|_| Refusal::Malformed("not UTF-8"))?;
    let (head, checkpoint) =
        text.split_once("\n\n").ok_or(Refusal::Malformed("no empty line before the checkpoint"))?;
    let mut lines = head.split('\n');
    let old = lines.next().and_then(|line| line.strip_prefix("old ")).and_then(decimal);
    let old = old.ok_or(Refusal::Malformed("the first line must be: old <size>"))?;
    let mut proof = Vec::new();
    for line in lines {
        if proof.len() == MAX_PROOF {
            return Err(Refusal::Malformed("more than 63 hashes"));
        }
        proof.push(line.parse::<Hash>().map_err(|_| Refusal::Malformed("a hash is not the base64 of 32 bytes"))?);
    }
    Ok(Cosign { old, proof: Proof(proof), checkpoint: checkpoint.to_owned() })
}

/// The body of an `add-checkpoint`.
pub fn render(request: &Cosign) -> String {
    let mut body = format!("old {}\n", request.old);
    for hash in &request.proof.0 {
        // Writing to a string cannot fail.
        let _ = writeln!(body, "{hash}");
    }
    body + "\n" + &request.checkpoint
}

/// The log that a request claims to be about; nobody has checked it.
///
/// # Errors
/// [`Refusal::Malformed`].
pub fn claimed_origin(request: &Cosign) -> Result<String, Refusal> {
    let note = SignedNote::parse(&request.checkpoint).map_err(|_| Refusal::Malformed("not a signed note"))?;
    let checkpoint = Checkpoint::parse(note.claimed_text()).map_err(|_| Refusal::Malformed("not a checkpoint"))?;
    Ok(checkpoint.origin)
}

/// The submitted checkpoint, if the log signed it, for whatever purpose: one of a commit can be evidence, too.
///
/// # Errors
/// [`Refusal::Malformed`], [`Refusal::UnknownLog`] for another log, [`Refusal::Untrusted`].
pub fn signed(request: &Cosign, log: &impl CheckpointKeys) -> Result<Checkpoint, Refusal> {
    if request.proof.0.len() > MAX_PROOF {
        return Err(Refusal::Malformed("more than 63 hashes"));
    }
    if claimed_origin(request)? != log.origin() {
        return Err(Refusal::UnknownLog);
    }
    Checkpoint::verify(&request.checkpoint, log).map_err(|error| Refusal::Untrusted(error.to_string()))
}

/// Whether a checkpoint that the log signed may be cosigned after `cosigned`, the newest that was.
///
/// # Errors
/// [`Refusal::Commit`], then the others in the order in which tlog-witness has them.
pub fn continues(request: &Cosign, offered: &Checkpoint, cosigned: Option<&Checkpoint>) -> Result<(), Refusal> {
    if offered.purpose == Purpose::Commit {
        return Err(Refusal::Commit);
    }
    let newest = cosigned.map_or(0, |newest| newest.size);
    if request.old > offered.size {
        return Err(Refusal::OldBeyond { old: request.old, size: offered.size });
    }
    if request.old != newest {
        return Err(Refusal::Conflict { cosigned: newest });
    }
    if offered.size == 0 && offered.root != merkle::empty_root() {
        return Err(Refusal::EmptyRoot);
    }
    let Some(newest) = cosigned.filter(|newest| newest.size > 0) else {
        return if request.proof.0.is_empty() { Ok(()) } else { Err(Refusal::Inconsistent) };
    };
    if contradict(newest, offered) {
        return Err(Refusal::OtherRoot { size: offered.size });
    }
    let consistent =
        merkle::verify_consistency(newest.size, offered.size, &request.proof.0, &newest.root, &offered.root);
    consistent.map_err(|_| Refusal::Inconsistent)
}

/// Whether two checkpoints of one log cannot both be true, as far as they say it by themselves.
pub fn contradict(one: &Checkpoint, other: &Checkpoint) -> bool {
    one.size == other.size && one.root != other.root
}

/// An ASCII decimal without sign or leading zeroes.
fn decimal(text: &str) -> Option<u64> {
    let canonical = text == "0" || text.starts_with(|first: char| matches!(first, '1'..='9'));
    (canonical && text.bytes().all(|byte| byte.is_ascii_digit())).then(|| text.parse().ok())?
}
