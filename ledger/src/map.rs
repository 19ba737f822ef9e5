//! The state map: for each label the latest entry about it, and how many there are, under one root that a seal carries.
//!
//! ```text
//! blinded label:  output = ECVRF(label)     64 bytes, see `vrf`; key = output[0..32], blind = output[32..64]
//! plain label:    key = SHA-256(0x06 || label), blind = nothing
//!
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
//! tree(keys) = subtree(keys, 0); bit 0 is the highest bit of a key's first byte
//! root = SHA-256(0x07 || tree(blinded keys) || tree(keys of verdicts) || tree(public keys))
//! ```
//!
//! The shape follows from the keys alone, whatever the order in which they came. Keys are as good as random, so a leaf lies
//! at a depth of about log2 of their number. From a root, the way along the bits of a key ends in exactly one place, since
//! leaf, node and empty cannot be taken for one another: a key that is there cannot be shown absent, nor with two values,
//! by whoever built the tree. A blinded value hides what it says because a proof of absence may show a stranger's leaf.
//!
//! Three trees. What nobody may find who has no right to it is blinded. Labels of verdicts that everybody may know are plain: they
//! need no output, which would cost more than all else. So are the few public labels on which verdicts rest, in a tree of their own:
//! their proofs stay short however many verdicts there are. A proof in one tree shows of the others their roots and nothing else. In
//! which tree a label is looked for, whoever looks decides by the label alone.
//!
//! Not here: which labels there are and which entries are about them, see `conformity::map_label`.

mod proof;
mod public;
#[cfg(test)]
mod public_tests;
#[cfg(test)]
mod tests;
mod tree;

pub use proof::{Beside, MAX_MAP_PROOF, MapProof, MapProofError, Place};
pub use public::PublicProof;
pub use tree::Map;

use crate::digest::sha256;
use crate::merkle::Hash;
use crate::vrf::VrfOutput;

/// The hash of a subtree without keys; the root of an empty tree.
pub const EMPTY: Hash = Hash::from_bytes([0; 32]);

/// Bits of a key, and so the deepest that a leaf can lie.
const MAX_DEPTH: usize = 256;
/// What a hash is of. 0x00 and 0x01 are those of the log's own tree.
const LEAF: u8 = 2;
const NODE: u8 = 3;
const VALUE: u8 = 4;
const CHAIN: u8 = 5;
const PLAIN: u8 = 6;
const ROOT: u8 = 7;

/// All trees of a registry in one version; cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Trees {
    /// Of the labels that a VRF blinds.
    pub blinded: Map,
    /// Of the verdicts that everybody may know.
    pub verdicts: Map,
    /// Of what everybody may know and verdicts rest on.
    pub public: Map,
}

impl Trees {
    /// The root that a seal carries.
    pub fn root(&self) -> Hash {
        root_over(&self.blinded.root(), &self.verdicts.root(), &self.public.root())
    }
}

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

    /// The key of a plain label.
    pub fn plain(label: &str) -> Self {
        Self(sha256(&[&[PLAIN], label.as_bytes()]))
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

    /// Sorted keys that share all bits above `depth`, parted by the bit there.
    fn split(keys: &[Self], depth: usize) -> (&[Self], &[Self]) {
        keys.split_at(keys.partition_point(|key| !key.bit(depth)))
    }

    /// How many bits from the first on are those of another key.
    fn shared(&self, other: &Self) -> usize {
        (0..MAX_DEPTH).take_while(|depth| self.bit(*depth) == other.bit(*depth)).count()
    }
}

/// Where a label stands, and what hides what is said of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Slot {
    key: MapKey,
    blind: Option<[u8; 32]>,
}

impl Slot {
    /// That of a plain label.
    pub fn plain(label: &str) -> Self {
        Self { key: MapKey::plain(label), blind: None }
    }

    /// Where it stands.
    pub const fn key(&self) -> &MapKey {
        &self.key
    }
}

impl From<VrfOutput> for Slot {
    /// That of a blinded label with this output.
    fn from(output: VrfOutput) -> Self {
        let mut blind = [0; 32];
        blind.copy_from_slice(&output.as_bytes()[32..]);
        Self { key: MapKey::of(&output), blind: Some(blind) }
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

    fn value(&self, slot: &Slot) -> Hash {
        let blind = slot.blind.as_ref().map_or(&[][..], |blind| blind);
        let parts = [&[VALUE], blind, &self.count.to_be_bytes(), &self.index.to_be_bytes(), self.chain.as_bytes()];
        Hash::from_bytes(sha256(&parts))
    }

    fn leaf(&self, slot: &Slot) -> Hash {
        leaf_hash(&slot.key, &self.value(slot))
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

fn root_over(blinded: &Hash, verdicts: &Hash, public: &Hash) -> Hash {
    Hash::from_bytes(sha256(&[&[ROOT], blinded.as_bytes(), verdicts.as_bytes(), public.as_bytes()]))
}
