//! The state map: for each label the latest entry about it, and how many there are, under one root that a seal carries.
//!
//! ```text
//! output = ECVRF(label)                     64 bytes, see `vrf`; key = output[0..32], blind = output[32..64]
//! chain  = 32 zero bytes before the first entry about a label, and after the entry at index i with leaf hash h
//!          SHA-256(0x05 || chain || i || h)                                      integers: uint64, big endian
//! value  = SHA-256(0x04 || blind || count || index of the latest entry || chain)
//! leaf   = SHA-256(0x02 || key || value)
//! node   = SHA-256(0x03 || left || right)
//! empty  = 32 zero bytes
//!
//! subtree(keys, depth) = empty                         if there are no keys
//!                      = leaf                          if there is one
//!                      = node(those whose bit at `depth` is 0, those whose bit is 1; each at depth + 1)   otherwise
//! root = subtree(all keys, 0); bit 0 is the highest bit of a key's first byte
//! ```
//!
//! The shape follows from the keys alone, whatever the order in which they came. Keys are as good as random, so a leaf lies
//! at a depth of about log2 of their number. From a root, the way along the bits of a key ends in exactly one place, since
//! leaf, node and empty cannot be taken for one another: a key that is there cannot be shown absent, nor with two values,
//! by whoever built the tree. The value is blinded because a proof of absence may show a stranger's leaf.
//!
//! Not here: which labels there are and which entries are about them, see `conformity::map_label`.

mod proof;
#[cfg(test)]
mod tests;
mod tree;

pub use proof::{MAX_MAP_PROOF, MapProof, MapProofError, Place};
pub use tree::Map;

use crate::digest::sha256;
use crate::merkle::Hash;
use crate::vrf::VrfOutput;

/// The hash of a subtree without keys; the root of an empty map.
pub const EMPTY: Hash = Hash::from_bytes([0; 32]);

/// Bits of a key, and so the deepest that a leaf can lie.
const MAX_DEPTH: usize = 256;
/// What a hash is of. 0x00 and 0x01 are those of the log's own tree.
const LEAF: u8 = 2;
const NODE: u8 = 3;
const VALUE: u8 = 4;
const CHAIN: u8 = 5;

/// Where a label stands in the map.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MapKey([u8; 32]);

impl MapKey {
    /// The key of a label with this output.
    pub fn of(output: &VrfOutput) -> Self {
        let mut key = [0; 32];
        key.copy_from_slice(&output.as_bytes()[..32]);
        Self(key)
    }

    /// Wraps 32 bytes of a proof.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The 32 bytes.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// The bit that decides at this depth; below all bits there is nothing to decide.
    fn bit(&self, depth: usize) -> bool {
        self.0.get(depth / 8).is_some_and(|byte| byte & (0x80 >> (depth % 8)) != 0)
    }

    /// How many bits from the first on are those of another key.
    fn shared(&self, other: &Self) -> usize {
        (0..MAX_DEPTH).take_while(|depth| self.bit(*depth) == other.bit(*depth)).count()
    }
}

/// What the map says of a label that is in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Latest {
    /// How many entries of the log are about it, at least one.
    pub count: u64,
    /// Index of the last of them.
    pub index: u64,
    /// Digest over all of them, so that a list of them can be checked for completeness.
    pub chain: Hash,
}

impl Latest {
    /// After the first entry about a label.
    pub fn first(index: u64, leaf: &Hash) -> Self {
        Self { count: 1, index, chain: link(&EMPTY, index, leaf) }
    }

    /// After one more entry.
    #[must_use]
    pub fn then(&self, index: u64, leaf: &Hash) -> Self {
        Self { count: self.count + 1, index, chain: link(&self.chain, index, leaf) }
    }

    /// After these entries, index and leaf hash each; nothing if there are none, or if an index does not rise.
    pub fn of(entries: impl IntoIterator<Item = (u64, Hash)>) -> Option<Self> {
        let mut entries = entries.into_iter();
        let (index, leaf) = entries.next()?;
        entries.try_fold(Self::first(index, &leaf), |latest, (index, leaf)| {
            (index > latest.index).then(|| latest.then(index, &leaf))
        })
    }

    fn value(&self, output: &VrfOutput) -> Hash {
        let blind = &output.as_bytes()[32..];
        let parts = [&[VALUE], blind, &self.count.to_be_bytes(), &self.index.to_be_bytes(), self.chain.as_bytes()];
        Hash::from_bytes(sha256(&parts))
    }
}

fn link(chain: &Hash, index: u64, leaf: &Hash) -> Hash {
    Hash::from_bytes(sha256(&[&[CHAIN], chain.as_bytes(), &index.to_be_bytes(), leaf.as_bytes()]))
}

fn leaf_hash(key: &MapKey, value: &Hash) -> Hash {
    Hash::from_bytes(sha256(&[&[LEAF], key.as_bytes(), value.as_bytes()]))
}

fn node_hash(left: &Hash, right: &Hash) -> Hash {
    Hash::from_bytes(sha256(&[&[NODE], left.as_bytes(), right.as_bytes()]))
}
