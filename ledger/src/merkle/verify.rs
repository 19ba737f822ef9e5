//! Checking proofs: given hashes, sizes and roots from anyone, says whether they hold. Pure; no tree needed.
//!
//! Every number may be hostile: nothing here multiplies, allocates by a given size or loops longer than 64 steps
//! beyond the proof's own length.

use super::{Hash, empty_root, is_subtree, node_hash};

/// Why a proof does not hold. The blame is always the giver's: the proof is wrong, or is for something else.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ProofError {
    /// The leaf does not lie inside the tree or subtree.
    #[error("leaf {index} is outside [{start}, {end})")]
    OutsideLeaf {
        /// The leaf.
        index: u64,
        /// First leaf of the range.
        start: u64,
        /// Leaf after the last of the range.
        end: u64,
    },
    /// The range is no subtree, or does not lie inside the tree.
    #[error("[{start}, {end}) is not a subtree of a tree of {size} leaves")]
    NotASubtree {
        /// First leaf.
        start: u64,
        /// Leaf after the last.
        end: u64,
        /// Size of the tree.
        size: u64,
    },
    /// The earlier tree is empty: anything follows it, so nothing can be proven.
    #[error("an empty tree is a prefix of every tree: there is nothing to prove")]
    EmptyTree,
    /// Leaves that are proven together do not rise by index, or there is none.
    #[error("the leaves of a proof rise by their index, and there is at least one")]
    Order,
    /// The proof holds too many or too few hashes for these sizes.
    #[error("the proof has the wrong number of hashes for these sizes")]
    WrongLength,
    /// The hashes lead to another root than the one given.
    #[error("the proof leads to another root")]
    RootMismatch,
}

/// Checks that `leaf` is leaf `index` of the tree of `size` leaves with this `root`.
pub fn verify_inclusion(leaf: &Hash, index: u64, size: u64, proof: &[Hash], root: &Hash) -> Result<(), ProofError> {
    verify_subtree_inclusion(leaf, index, 0, size, proof, root)
}

/// Checks that `leaf` is leaf `index` of the subtree `[start, end)` with this `root`.
pub fn verify_subtree_inclusion(
    leaf: &Hash,
    index: u64,
    start: u64,
    end: u64,
    proof: &[Hash],
    root: &Hash,
) -> Result<(), ProofError> {
    if !is_subtree(start, end) {
        return Err(ProofError::NotASubtree { start, end, size: end });
    }
    if !(start..end).contains(&index) {
        return Err(ProofError::OutsideLeaf { index, start, end });
    }
    let (mut node, mut last) = (index - start, end - start - 1);
    let mut hash = *leaf;
    for sibling in proof {
        if last == 0 {
            return Err(ProofError::WrongLength);
        }
        if node & 1 == 1 || node == last {
            hash = node_hash(sibling, &hash);
            while node & 1 == 0 && node != 0 {
                node >>= 1;
                last >>= 1;
            }
        } else {
            hash = node_hash(&hash, sibling);
        }
        node >>= 1;
        last >>= 1;
    }
    conclude(last == 0, hash == *root)
}

/// Checks that the tree of `size1` leaves with `root1` is a prefix of the tree of `size2` leaves with `root2`.
pub fn verify_consistency(
    size1: u64,
    size2: u64,
    proof: &[Hash],
    root1: &Hash,
    root2: &Hash,
) -> Result<(), ProofError> {
    if size1 == 0 {
        return Err(ProofError::EmptyTree);
    }
    verify_subtree_consistency(0, size1, size2, proof, root1, root2)
}

/// Checks that the subtree `[start, end)` with `subtree_root` is part of the tree of `size` leaves with `root`
/// (draft-ietf-plants-merkle-tree-certs, "Verifying a Subtree Consistency Proof"). An empty subtree is part of every
/// tree that reaches it, whatever that tree's root.
pub fn verify_subtree_consistency(
    start: u64,
    end: u64,
    size: u64,
    proof: &[Hash],
    subtree_root: &Hash,
    root: &Hash,
) -> Result<(), ProofError> {
    if end > size || !is_subtree(start, end) {
        return Err(ProofError::NotASubtree { start, end, size });
    }
    if start == end {
        return conclude(proof.is_empty(), *subtree_root == empty_root());
    }
    let mut walk = Walk::to_first_sibling(start, end - 1, size - 1);
    let mut proof = proof.iter();
    // A subtree that is one complete node is known to the verifier; otherwise the proof opens with its last node.
    let first = if walk.first == walk.last { Some(subtree_root) } else { proof.next() };
    let (mut small, mut large) = match first {
        Some(hash) => (*hash, *hash),
        None => return Err(ProofError::WrongLength),
    };
    for sibling in proof {
        if walk.edge == 0 {
            return Err(ProofError::WrongLength);
        }
        if walk.last & 1 == 1 || walk.last == walk.edge {
            if walk.first < walk.last {
                small = node_hash(sibling, &small);
            }
            large = node_hash(sibling, &large);
            while walk.last & 1 == 0 && walk.last != 0 {
                walk.up();
            }
        } else {
            large = node_hash(&large, sibling);
        }
        walk.up();
    }
    conclude(walk.edge == 0, small == *subtree_root && large == *root)
}

/// Where the walk from the leaves to the root stands: the subtree's first and last node and the tree's last node.
struct Walk {
    first: u64,
    last: u64,
    edge: u64,
}

impl Walk {
    /// Climbs to the level at which the first hash of the proof stands.
    fn to_first_sibling(first: u64, last: u64, edge: u64) -> Self {
        let mut walk = Self { first, last, edge };
        let at_edge = last == edge;
        while walk.first != walk.last && (at_edge || walk.last & 1 == 1) {
            walk.up();
        }
        walk
    }

    fn up(&mut self) {
        self.first >>= 1;
        self.last >>= 1;
        self.edge >>= 1;
    }
}

fn conclude(right_length: bool, right_root: bool) -> Result<(), ProofError> {
    match (right_length, right_root) {
        (false, _) => Err(ProofError::WrongLength),
        (true, false) => Err(ProofError::RootMismatch),
        (true, true) => Ok(()),
    }
}
