//! The Merkle tree of RFC 6962: hashes, the growing tree, and the proofs it gives.
//!
//! ```text
//! leaf hash = SHA-256(0x00 || entry)          node hash = SHA-256(0x01 || left || right)
//! empty     = SHA-256("")
//! a tree of n > 1 leaves splits at k, the largest power of two smaller than n: root = node(root(0..k), root(k..n))
//! ```
//!
//! A *subtree* (draft-ietf-plants-merkle-tree-certs) is a range `[start, end)` with `start` a multiple of the smallest
//! power of two that is at least `end - start`; its root is the root of a tree of just those leaves.
//!
//! Pure. Checking a proof needs no tree: see [`verify_inclusion`], [`verify_multi_inclusion`], [`verify_consistency`],
//! [`verify_subtree_inclusion`] and [`verify_subtree_consistency`]. Not here: what a leaf holds, and signatures over roots.

mod frontier;
mod multi;
mod verify;

#[cfg(test)]
mod tests;
#[cfg(test)]
mod vectors;

pub use frontier::Frontier;
pub use multi::verify_multi_inclusion;
pub use verify::{
    ProofError, verify_consistency, verify_inclusion, verify_subtree_consistency, verify_subtree_inclusion,
};

use crate::chunked::Chunked;
use crate::digest::sha256;
use std::fmt;
use std::ops::Range;
use std::str::FromStr;

/// A hash inside the tree; shown as standard base64, as checkpoints and proofs write it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Hash([u8; 32]);

impl Hash {
    /// Length in bytes.
    pub const LEN: usize = 32;

    /// Wraps 32 bytes read from a tile, a proof or a checkpoint.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The 32 bytes.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&crate::encoding::base64_encode(&self.0))
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Hash({self})")
    }
}

/// The text is not the base64 of 32 bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a tree hash is the base64 encoding of 32 bytes")]
pub struct HashTextError;

impl FromStr for Hash {
    type Err = HashTextError;

    fn from_str(text: &str) -> Result<Self, HashTextError> {
        if text.len() != 44 {
            return Err(HashTextError);
        }
        let bytes = crate::encoding::base64_decode(text).ok_or(HashTextError)?;
        bytes.try_into().map(Self).map_err(|_| HashTextError)
    }
}

impl serde::Serialize for Hash {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> serde::Deserialize<'de> for Hash {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// The hash of a leaf that holds `data`.
pub fn leaf_hash(data: &[u8]) -> Hash {
    Hash(sha256(&[&[0], data]))
}

/// The hash of a node above `left` and `right`.
pub fn node_hash(left: &Hash, right: &Hash) -> Hash {
    let mut input = [1; 65];
    input[1..33].copy_from_slice(&left.0);
    input[33..].copy_from_slice(&right.0);
    Hash(sha256(&[&input]))
}

/// The root of a tree without leaves.
pub fn empty_root() -> Hash {
    Hash(sha256(&[]))
}

/// Asked for something that the tree does not hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RangeError {
    /// The size is beyond the tree's.
    #[error("size {asked} is beyond the tree, which has {size} leaves")]
    Beyond {
        /// The size asked for.
        asked: u64,
        /// The tree's size.
        size: u64,
    },
    /// The range does not lie inside the size asked for, or is not a subtree.
    #[error("[{start}, {end}) is not a subtree of a tree of {size} leaves")]
    NotASubtree {
        /// First leaf.
        start: u64,
        /// Leaf after the last.
        end: u64,
        /// The size asked for.
        size: u64,
    },
    /// The leaf is not inside the tree or subtree.
    #[error("leaf {index} is outside [{start}, {end})")]
    OutsideLeaf {
        /// The leaf asked for.
        index: u64,
        /// First leaf of the range.
        start: u64,
        /// Leaf after the last of the range.
        end: u64,
    },
}

/// A growing tree that keeps every complete node, hence gives any proof in O(log n): 64 bytes per leaf.
#[derive(Debug, Clone, Default)]
pub struct Tree {
    /// `levels[l]` holds the roots of the complete, aligned subtrees of 2^l leaves.
    levels: Vec<Chunked<Hash>>,
}

impl Tree {
    /// A tree without leaves.
    pub fn new() -> Self {
        Self::default()
    }

    /// The number of leaves.
    pub fn len(&self) -> u64 {
        self.levels.first().map_or(0, Chunked::len)
    }

    /// Whether there are no leaves.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Appends a leaf, given its hash.
    pub fn push(&mut self, leaf: Hash) {
        let mut index = self.len();
        let mut hash = leaf;
        for level in 0.. {
            if self.levels.len() == level {
                self.levels.push(Chunked::default());
            }
            self.levels[level].push(hash);
            let Some(left) = (index & 1 == 1).then(|| self.levels[level].get(index - 1)).flatten() else {
                return;
            };
            hash = node_hash(left, &hash);
            index >>= 1;
        }
    }

    /// The hash of one leaf.
    pub fn leaf(&self, index: u64) -> Option<Hash> {
        self.node(0, index)
    }

    /// The root of the `index`-th complete subtree of `2^level` leaves, if the tree holds all of it.
    pub fn node(&self, level: u32, index: u64) -> Option<Hash> {
        self.levels.get(level as usize)?.get(index).copied()
    }

    /// The root over all leaves.
    pub fn root(&self) -> Hash {
        self.range_root(0..self.len())
    }

    /// The root that the tree had when it held `size` leaves.
    pub fn root_at(&self, size: u64) -> Result<Hash, RangeError> {
        self.require(size)?;
        Ok(self.range_root(0..size))
    }

    /// The root of a subtree.
    pub fn subtree_root(&self, start: u64, end: u64) -> Result<Hash, RangeError> {
        self.require(end)?;
        require_subtree(start, end, end)?;
        Ok(self.range_root(start..end))
    }

    /// Proof that leaf `index` is in the tree of `size` leaves (RFC 6962 §2.1.1).
    pub fn inclusion_proof(&self, index: u64, size: u64) -> Result<Vec<Hash>, RangeError> {
        self.subtree_inclusion_proof(index, 0, size)
    }

    /// Proof that leaf `index` is in the subtree `[start, end)`.
    pub fn subtree_inclusion_proof(&self, index: u64, start: u64, end: u64) -> Result<Vec<Hash>, RangeError> {
        self.require(end)?;
        require_subtree(start, end, end)?;
        if !(start..end).contains(&index) {
            return Err(RangeError::OutsideLeaf { index, start, end });
        }
        Ok(self.path(start..end, index..index + 1, true))
    }

    /// Proof that the tree of `size1` leaves is a prefix of the tree of `size2` leaves (RFC 6962 §2.1.2).
    /// Nothing needs proving, and the proof is empty, when the first is empty or the two are equal.
    pub fn consistency_proof(&self, size1: u64, size2: u64) -> Result<Vec<Hash>, RangeError> {
        self.subtree_consistency_proof(0, size1, size2)
    }

    /// Proof that the subtree `[start, end)` is part of the tree of `size` leaves.
    pub fn subtree_consistency_proof(&self, start: u64, end: u64, size: u64) -> Result<Vec<Hash>, RangeError> {
        self.require(size)?;
        require_subtree(start, end, size)?;
        if start == end {
            return Ok(Vec::new());
        }
        Ok(self.path(0..size, start..end, true))
    }

    /// The hashes beside the way from the subtree `target` up to the root of `range`, lowest first: SUBTREE_SUBPROOF
    /// of the draft, of which PATH and SUBPROOF of RFC 6962 are the cases "one leaf" and "start 0".
    /// `known`: the verifier holds the root of `target` as it stands, so that it need not be sent.
    fn path(&self, mut range: Range<u64>, target: Range<u64>, mut known: bool) -> Vec<Hash> {
        let (mut target, mut proof) = (target, Vec::new());
        while target != range {
            let middle = range.start + split(range.end - range.start);
            if target.end <= middle {
                proof.push(self.range_root(middle..range.end));
                range.end = middle;
            } else {
                proof.push(self.range_root(range.start..middle));
                if target.start < middle {
                    target.start = middle;
                    known = false;
                }
                range.start = middle;
            }
        }
        if !known {
            proof.push(self.range_root(range));
        }
        proof.reverse();
        proof
    }

    /// The root over a range that starts where a tree of its size may start; the callers see to that.
    fn range_root(&self, range: Range<u64>) -> Hash {
        let width = range.end - range.start;
        if width == 0 {
            return empty_root();
        }
        if width.is_power_of_two()
            && let Some(hash) = self.node(width.trailing_zeros(), range.start >> width.trailing_zeros())
        {
            return hash;
        }
        let middle = range.start + split(width);
        node_hash(&self.range_root(range.start..middle), &self.range_root(middle..range.end))
    }

    fn require(&self, asked: u64) -> Result<(), RangeError> {
        let size = self.len();
        if asked > size { Err(RangeError::Beyond { asked, size }) } else { Ok(()) }
    }
}

/// The largest power of two smaller than `width`, for `width` > 1.
fn split(width: u64) -> u64 {
    1 << (63 - (width.max(2) - 1).leading_zeros())
}

/// Whether `[start, end)` is a subtree as the draft defines it; an empty range is one.
fn is_subtree(start: u64, end: u64) -> bool {
    start <= end
        && match (end - start).checked_next_power_of_two() {
            Some(width) => start & (width - 1) == 0,
            None => start == 0,
        }
}

fn require_subtree(start: u64, end: u64, size: u64) -> Result<(), RangeError> {
    if end <= size && is_subtree(start, end) { Ok(()) } else { Err(RangeError::NotASubtree { start, end, size }) }
}
