//! Proofs that stand alone (c2sp.org/tlog-proof): an entry's index, its way to the root, and the checkpoint.
//!
//! ```text
//! c2sp.org/tlog-proof@v1
//! extra <base64>                     (only if there is extra data; it is not authenticated)
//! index <decimal>
//! <hash, base64>                     (none to 63 of them, from the leaf's sibling up)
//!
//! <checkpoint: a signed note>
//! ```
//!
//! At most [`MAX_PROOF`] bytes, checked before anything is decoded.

use crate::checkpoint::{Checkpoint, CheckpointError};
use crate::encoding::{base64_decode, base64_encode, decimal};
use crate::log_keys::CheckpointKeys;
use crate::merkle::{self, Hash};
use crate::note::MAX_NOTE;
use std::fmt;
use std::str::FromStr;

/// Longest proof that is looked at, in bytes.
pub const MAX_PROOF: usize = MAX_NOTE + MAX_EXTRA / 3 * 4 + 8 * 1024;
/// Most extra data, in bytes.
pub const MAX_EXTRA: usize = 48 * 1024;
const FIRST_LINE: &str = "c2sp.org/tlog-proof@v1";
/// A tree of 2^63 leaves has no longer way to its root.
const MAX_HASHES: usize = 63;

/// A proof as parsed or made; [`TlogProof::verify`] says whether it holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlogProof {
    /// Opaque data that nobody authenticated.
    pub extra: Option<Vec<u8>>,
    /// The entry's index.
    pub index: u64,
    /// The hashes beside its way to the root, the leaf's sibling first.
    pub hashes: Vec<Hash>,
    /// The signed note of the checkpoint that holds the root.
    pub checkpoint: String,
}

/// Why a proof is refused. The blame is its giver's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TlogProofError {
    /// Not in the format.
    #[error("not a tlog-proof: {0}")]
    Malformed(&'static str),
    /// The checkpoint is not the log's.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// The hashes do not lead from the entry to the checkpoint's root.
    #[error(transparent)]
    Proof(#[from] merkle::ProofError),
}

impl TlogProof {
    /// Checks that the leaf stands at [`TlogProof::index`] of this log; gives the checkpoint that says so.
    pub fn verify(&self, leaf: &Hash, log: &impl CheckpointKeys) -> Result<Checkpoint, TlogProofError> {
        let checkpoint = Checkpoint::verify(&self.checkpoint, log)?;
        merkle::verify_inclusion(leaf, self.index, checkpoint.size, &self.hashes, &checkpoint.root)?;
        Ok(checkpoint)
    }
}

impl fmt::Display for TlogProof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{FIRST_LINE}")?;
        if let Some(extra) = &self.extra {
            writeln!(f, "extra {}", base64_encode(extra))?;
        }
        writeln!(f, "index {}", self.index)?;
        self.hashes.iter().try_for_each(|hash| writeln!(f, "{hash}"))?;
        write!(f, "\n{}", self.checkpoint)
    }
}

impl FromStr for TlogProof {
    type Err = TlogProofError;

    fn from_str(text: &str) -> Result<Self, TlogProofError> {
        if text.len() > MAX_PROOF {
            return Err(TlogProofError::Malformed("too long"));
        }
        let (proof, checkpoint) =
            text.split_once("\n\n").ok_or(TlogProofError::Malformed("no empty line before the checkpoint"))?;
        let mut lines = proof.split('\n').peekable();
        if lines.next() != Some(FIRST_LINE) {
            return Err(TlogProofError::Malformed("the first line must be c2sp.org/tlog-proof@v1"));
        }
        let extra = match lines.next_if(|line| line.starts_with("extra ")) {
            Some(line) => Some(parse_extra(line)?),
            None => None,
        };
        let index = lines.next().and_then(|line| line.strip_prefix("index ")).and_then(decimal);
        let index = index.ok_or(TlogProofError::Malformed("no line with the index"))?;
        Ok(Self { extra, index, hashes: parse_hashes(lines)?, checkpoint: checkpoint.into() })
    }
}

fn parse_extra(line: &str) -> Result<Vec<u8>, TlogProofError> {
    let extra = line.strip_prefix("extra ").and_then(base64_decode).filter(|extra| extra.len() <= MAX_EXTRA);
    extra.ok_or(TlogProofError::Malformed("extra data is not base64, or too long"))
}

fn parse_hashes<'a>(lines: impl Iterator<Item = &'a str>) -> Result<Vec<Hash>, TlogProofError> {
    let mut hashes = Vec::new();
    for line in lines {
        if hashes.len() == MAX_HASHES {
            return Err(TlogProofError::Malformed("too many hashes"));
        }
        hashes.push(line.parse().map_err(|_| TlogProofError::Malformed("a hash is not the base64 of 32 bytes"))?);
    }
    Ok(hashes)
}
