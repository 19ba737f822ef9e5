//! The tree in memory. Its nodes never change: an update makes new ones along the ways that it touches and shares the
//! rest, so that proofs can be made of one version while the next one grows. k changes to n keys cost about
//! k * (1 + log2(n / k)) hashes.

use super::proof::Place;
use super::public::{Part, PublicProof};
use super::{EMPTY, Latest, MapKey, Slot, leaf_hash, node_hash};
use crate::merkle::Hash;
use std::collections::BTreeMap;
use std::sync::Arc;

/// One version of one tree of the map; cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Map {
    root: Option<Arc<Node>>,
}

#[derive(Debug)]
enum Node {
    Leaf(Leaf),
    Inner { hash: Hash, children: [Option<Arc<Node>>; 2] },
}

#[derive(Debug, Clone, Copy)]
struct Leaf {
    key: MapKey,
    value: Hash,
    hash: Hash,
    latest: Latest,
}

impl Map {
    /// The tree without labels.
    pub fn new() -> Self {
        Self::default()
    }

    /// The root.
    pub fn root(&self) -> Hash {
        hash_of(self.root.as_ref())
    }

    /// What it says of a key.
    pub fn get(&self, key: &MapKey) -> Option<&Latest> {
        match self.walk(key, |_| ()) {
            Some(leaf) if leaf.key == *key => Some(&leaf.latest),
            _ => None,
        }
    }

    /// The tree with these labels set; of one that is named twice, the last counts. This version stays as it is.
    #[must_use]
    pub fn with(&self, changes: impl IntoIterator<Item = (impl Into<Slot>, Latest)>) -> Self {
        let leaves = changes.into_iter().map(|(slot, latest)| {
            let slot: Slot = slot.into();
            let (key, value) = (slot.key, latest.value(&slot));
            (key, Leaf { key, value, hash: leaf_hash(&key, &value), latest })
        });
        let leaves: Vec<Leaf> = leaves.collect::<BTreeMap<_, _>>().into_values().collect();
        match leaves.is_empty() {
            true => self.clone(),
            false => Self { root: Some(put(self.root.as_ref(), &leaves, 0)) },
        }
    }

    /// Where the way of `key` ends, and the hashes beside it from there up to the root.
    pub fn place(&self, key: &MapKey) -> (Place, Vec<Hash>) {
        let mut siblings = Vec::new();
        let place = match self.walk(key, |sibling| siblings.push(sibling)) {
            None => Place::Empty,
            Some(leaf) if leaf.key == *key => Place::Here(leaf.latest),
            Some(leaf) => Place::Other { key: leaf.key, value: leaf.value },
        };
        siblings.reverse();
        (place, siblings)
    }

    /// What a tree of public labels says of these, all in one.
    pub fn prove_public<'a>(&self, labels: impl IntoIterator<Item = &'a str>) -> PublicProof {
        let mut keys: Vec<MapKey> = labels.into_iter().map(MapKey::plain).collect();
        keys.sort_unstable();
        keys.dedup();
        let mut parts = Vec::new();
        show(self.root.as_ref(), &keys, 0, &mut parts);
        PublicProof::new(parts)
    }

    /// Follows the bits of a key from the root down to a leaf or to nothing; `beside` sees the hash beside each step.
    fn walk(&self, key: &MapKey, mut beside: impl FnMut(Hash)) -> Option<&Leaf> {
        let (mut node, mut depth) = (self.root.as_deref(), 0);
        while let Some(Node::Inner { children: [left, right], .. }) = node {
            let (next, sibling) = if key.bit(depth) { (right, left) } else { (left, right) };
            beside(hash_of(sibling.as_ref()));
            (node, depth) = (next.as_deref(), depth + 1);
        }
        match node {
            Some(Node::Leaf(leaf)) => Some(leaf),
            _ => None,
        }
    }
}

fn hash_of(node: Option<&Arc<Node>>) -> Hash {
    match node.map(Arc::as_ref) {
        None => EMPTY,
        Some(Node::Leaf(leaf)) => leaf.hash,
        Some(Node::Inner { hash, .. }) => *hash,
    }
}

/// A subtree with at least one leaf set. The leaves are in the order of their keys, no key twice, and all belong below it.
fn put(node: Option<&Arc<Node>>, leaves: &[Leaf], depth: usize) -> Arc<Node> {
    match node.map(Arc::as_ref) {
        Some(Node::Inner { children: [left, right], .. }) => {
            let (low, high) = split(leaves, depth);
            inner(put_some(left.as_ref(), low, depth), put_some(right.as_ref(), high, depth))
        }
        Some(Node::Leaf(old)) => match leaves.binary_search_by_key(&old.key, |leaf| leaf.key) {
            Ok(_) => build(leaves, depth),
            Err(at) => build(&[&leaves[..at], &[*old], &leaves[at..]].concat(), depth),
        },
        None => build(leaves, depth),
    }
}

fn put_some(node: Option<&Arc<Node>>, leaves: &[Leaf], depth: usize) -> Option<Arc<Node>> {
    if leaves.is_empty() { node.cloned() } else { Some(put(node, leaves, depth + 1)) }
}

/// The subtree of these leaves alone.
fn build(leaves: &[Leaf], depth: usize) -> Arc<Node> {
    match leaves {
        [leaf] => Arc::new(Node::Leaf(*leaf)),
        // Two different keys part at some bit, so this ends.
        _ => {
            let (low, high) = split(leaves, depth);
            inner(put_some(None, low, depth), put_some(None, high, depth))
        }
    }
}

fn inner(left: Option<Arc<Node>>, right: Option<Arc<Node>>) -> Arc<Node> {
    let hash = node_hash(&hash_of(left.as_ref()), &hash_of(right.as_ref()));
    Arc::new(Node::Inner { hash, children: [left, right] })
}

/// The parts of a proof for these keys, which all belong below `node`, from left to right.
fn show(node: Option<&Arc<Node>>, keys: &[MapKey], depth: usize, parts: &mut Vec<Part>) {
    match node.map(Arc::as_ref) {
        None => parts.push(Part::Empty),
        Some(_) if keys.is_empty() => parts.push(Part::Beside(hash_of(node))),
        Some(Node::Leaf(leaf)) => parts.push(match keys.binary_search(&leaf.key) {
            Ok(place) => Part::Here { place, latest: leaf.latest },
            Err(_) => Part::Other { key: leaf.key, value: leaf.value },
        }),
        Some(Node::Inner { children: [left, right], .. }) => {
            let (low, high) = MapKey::split(keys, depth);
            parts.push(Part::Inner);
            show(left.as_ref(), low, depth + 1, parts);
            show(right.as_ref(), high, depth + 1, parts);
        }
    }
}

fn split(leaves: &[Leaf], depth: usize) -> (&[Leaf], &[Leaf]) {
    leaves.split_at(leaves.partition_point(|leaf| !leaf.key.bit(depth)))
}
