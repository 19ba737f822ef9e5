//! One proof for many leaves: the hashes that their ways to the root do not give by themselves, each once.
//!
//! ```text
//! hashes(range) = nothing, if the range is one of the leaves     its root, if none of the leaves lies in it
//!               = hashes(left part), hashes(right part)          otherwise, split as the tree is
//! ```
//!
//! Size and leaves alone say which hashes those are and in which order they come, so a proof has one form. For one leaf it has the
//! hashes of an RFC 6962 inclusion proof, ordered from left to right.

use super::{Hash, ProofError, RangeError, Tree, node_hash, split};
use std::ops::Range;

impl Tree {
    /// Proof that the leaves at `indexes`, which rise, are in the tree of `size` leaves.
    pub fn multi_proof(&self, indexes: &[u64], size: u64) -> Result<Vec<Hash>, RangeError> {
        self.require(size)?;
        if let Some(&index) = indexes.iter().find(|index| **index >= size) {
            return Err(RangeError::OutsideLeaf { index, start: 0, end: size });
        }
        let mut proof = Vec::new();
        self.beside(0..size, indexes, &mut proof);
        Ok(proof)
    }

    fn beside(&self, range: Range<u64>, indexes: &[u64], proof: &mut Vec<Hash>) {
        if indexes.is_empty() {
            return proof.push(self.range_root(range));
        }
        if range.end - range.start == 1 {
            return;
        }
        let middle = range.start + split(range.end - range.start);
        let (left, right) = indexes.split_at(indexes.partition_point(|index| *index < middle));
        self.beside(range.start..middle, left, proof);
        self.beside(middle..range.end, right, proof);
    }
}

/// Checks that `leaves`, by rising index, are leaves of the tree of `size` leaves with this `root`. Takes a step or two for each
/// level above each leaf, whatever the size.
pub fn verify_multi_inclusion(
    leaves: &[(u64, Hash)],
    size: u64,
    proof: &[Hash],
    root: &Hash,
) -> Result<(), ProofError> {
    let rises = leaves.windows(2).all(|pair| pair[0].0 < pair[1].0);
    let outside = leaves.iter().find(|(index, _)| *index >= size);
    if let Some((index, _)) = outside {
        return Err(ProofError::OutsideLeaf { index: *index, start: 0, end: size });
    }
    // Without a leaf there is nothing to prove, and the proof would be the root itself.
    if leaves.is_empty() || !rises {
        return Err(ProofError::Order);
    }
    let mut proof = proof.iter();
    let computed = root_above(0..size, leaves, &mut proof)?;
    match (proof.next(), computed == *root) {
        (Some(_), _) => Err(ProofError::WrongLength),
        (None, false) => Err(ProofError::RootMismatch),
        (None, true) => Ok(()),
    }
}

/// Not deeper than 64 calls: each halves the range.
fn root_above(
    range: Range<u64>,
    leaves: &[(u64, Hash)],
    proof: &mut std::slice::Iter<'_, Hash>,
) -> Result<Hash, ProofError> {
    let Some((_, first)) = leaves.first() else { return proof.next().copied().ok_or(ProofError::WrongLength) };
    if range.end - range.start == 1 {
        return Ok(*first);
    }
    let middle = range.start + split(range.end - range.start);
    let (left, right) = leaves.split_at(leaves.partition_point(|(index, _)| *index < middle));
    let left = root_above(range.start..middle, left, proof)?;
    Ok(node_hash(&left, &root_above(middle..range.end, right, proof)?))
}
