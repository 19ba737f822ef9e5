//! The tree against the definitions of RFC 6962 written down naively, and against `tlog_tiles`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use super::*;
use tlog_tiles::tlog;

const N: u64 = 70;

fn leaves(count: u64) -> Vec<Hash> {
    (0..count).map(|i| leaf_hash(&i.to_be_bytes())).collect()
}

fn tree(leaves: &[Hash]) -> Tree {
    let mut tree = Tree::new();
    leaves.iter().for_each(|leaf| tree.push(*leaf));
    tree
}

/// MTH of RFC 6962 §2.1.
fn naive_root(leaves: &[Hash]) -> Hash {
    match leaves.len() {
        0 => empty_root(),
        1 => leaves[0],
        n => {
            let k = (n - 1).ilog2();
            let (left, right) = leaves.split_at(1 << k);
            node_hash(&naive_root(left), &naive_root(right))
        }
    }
}

#[test]
fn roots_of_every_size_are_those_of_the_definition() {
    let leaves = leaves(N);
    let full = tree(&leaves);
    let mut frontier = Frontier::new();
    for size in 0..=N {
        let expected = naive_root(&leaves[..size as usize]);
        assert_eq!(full.root_at(size), Ok(expected), "size {size}");
        assert_eq!(tree(&leaves[..size as usize]).root(), expected, "size {size}");
        assert_eq!((frontier.size(), frontier.root()), (size, expected));
        if size < N {
            frontier.push(leaves[size as usize]);
        }
    }
    assert_eq!(full.root_at(N + 1), Err(RangeError::Beyond { asked: N + 1, size: N }));
}

#[test]
fn every_inclusion_proof_holds_and_no_other_does() {
    let leaves = leaves(N);
    let tree = tree(&leaves);
    for size in 1..=N {
        let root = tree.root_at(size).unwrap();
        for index in 0..size {
            let proof = tree.inclusion_proof(index, size).unwrap();
            let leaf = &leaves[index as usize];
            assert_eq!(verify_inclusion(leaf, index, size, &proof, &root), Ok(()));
            refuse_neighbours(&proof, |proof| verify_inclusion(leaf, index, size, proof, &root));
            if size > 1 {
                assert!(verify_inclusion(leaf, (index + 1) % size, size, &proof, &root).is_err());
            }
        }
        let outside = tree.inclusion_proof(size, size);
        assert_eq!(outside, Err(RangeError::OutsideLeaf { index: size, start: 0, end: size }));
    }
}

#[test]
fn every_consistency_proof_holds_and_no_other_does() {
    let tree = tree(&leaves(N));
    for size2 in 1..=N {
        let root2 = tree.root_at(size2).unwrap();
        for size1 in 1..=size2 {
            let (root1, proof) = (tree.root_at(size1).unwrap(), tree.consistency_proof(size1, size2).unwrap());
            assert_eq!(verify_consistency(size1, size2, &proof, &root1, &root2), Ok(()));
            refuse_neighbours(&proof, |proof| verify_consistency(size1, size2, proof, &root1, &root2));
            let other = leaf_hash(b"another root");
            assert!(verify_consistency(size1, size2, &proof, &other, &root2).is_err());
            assert!(verify_consistency(size1, size2, &proof, &root1, &other).is_err());
        }
        assert_eq!(tree.consistency_proof(0, size2), Ok(Vec::new()));
        assert_eq!(verify_consistency(0, size2, &[], &empty_root(), &root2), Err(ProofError::EmptyTree));
    }
}

/// Every set of leaves of every small tree: its proof holds, is as short as can be, and holds for nothing beside it.
#[test]
fn every_multi_proof_holds_and_no_other_does() {
    let leaves = leaves(9);
    let tree = tree(&leaves);
    for size in 1..=9 {
        let root = tree.root_at(size).unwrap();
        for set in 1_u32..1 << size {
            let indexes: Vec<u64> = (0..size).filter(|index| set & (1 << index) != 0).collect();
            let proof = tree.multi_proof(&indexes, size).unwrap();
            let chosen: Vec<_> = indexes.iter().map(|index| (*index, leaves[*index as usize])).collect();
            assert_eq!(verify_multi_inclusion(&chosen, size, &proof, &root), Ok(()), "{indexes:?} of {size}");
            refuse_neighbours(&proof, |proof| verify_multi_inclusion(&chosen, size, proof, &root));
            for place in 0..chosen.len() {
                let mut other = chosen.clone();
                other[place].1 = leaf_hash(b"another");
                assert_eq!(verify_multi_inclusion(&other, size, &proof, &root), Err(ProofError::RootMismatch));
                let mut moved = chosen.clone();
                moved[place].0 += 1;
                assert!(verify_multi_inclusion(&moved, size, &proof, &root).is_err(), "{moved:?} of {size}");
            }
            if let [index] = indexes[..] {
                let mut single = tree.inclusion_proof(index, size).unwrap();
                let mut multi = proof.clone();
                single.sort();
                multi.sort();
                assert_eq!(single, multi, "one leaf: the hashes of RFC 6962");
            }
        }
    }
    let (one, root) = ((0, leaves[0]), tree.root());
    for set in [&[][..], &[one, one], &[(1, leaves[1]), one]] {
        assert_eq!(verify_multi_inclusion(set, 9, &[root], &root), Err(ProofError::Order));
    }
    let outside = ProofError::OutsideLeaf { index: u64::MAX, start: 0, end: u64::MAX };
    assert_eq!(verify_multi_inclusion(&[(u64::MAX, root)], u64::MAX, &[], &root), Err(outside));
    assert_eq!(verify_multi_inclusion(&[(0, root)], u64::MAX, &[], &root), Err(ProofError::WrongLength));
    assert_eq!(tree.multi_proof(&[9], 9), Err(RangeError::OutsideLeaf { index: 9, start: 0, end: 9 }));
    assert_eq!(tree.multi_proof(&[0], 10), Err(RangeError::Beyond { asked: 10, size: 9 }));
}

#[test]
fn every_subtree_proof_holds_and_no_other_does() {
    let leaves = leaves(N);
    let tree = tree(&leaves);
    for (start, end) in (0..N).flat_map(|start| (start..=N).map(move |end| (start, end))) {
        let width = (end - start).max(1).next_power_of_two();
        if start % width != 0 {
            let refused = Err(RangeError::NotASubtree { start, end, size: N });
            assert_eq!(tree.subtree_consistency_proof(start, end, N), refused);
            let refused = Err(ProofError::NotASubtree { start, end, size: N });
            assert_eq!(verify_subtree_consistency(start, end, N, &[], &empty_root(), &tree.root()), refused);
            continue;
        }
        let root = tree.subtree_root(start, end).unwrap();
        assert_eq!(root, naive_root(&leaves[start as usize..end as usize]));
        for size in [end, (end + 1).min(N), (end + 13).min(N), N] {
            let (proof, whole) =
                (tree.subtree_consistency_proof(start, end, size).unwrap(), tree.root_at(size).unwrap());
            assert_eq!(verify_subtree_consistency(start, end, size, &proof, &root, &whole), Ok(()));
            refuse_neighbours(&proof, |proof| verify_subtree_consistency(start, end, size, proof, &root, &whole));
        }
        for index in start..end {
            let proof = tree.subtree_inclusion_proof(index, start, end).unwrap();
            let leaf = &leaves[index as usize];
            assert_eq!(verify_subtree_inclusion(leaf, index, start, end, &proof, &root), Ok(()));
        }
    }
}

/// A proof that is longer, shorter, reordered or altered must not hold.
fn refuse_neighbours(proof: &[Hash], verify: impl Fn(&[Hash]) -> Result<(), ProofError>) {
    let longer = [proof, &[leaf_hash(b"more")]].concat();
    assert_eq!(verify(&longer), Err(ProofError::WrongLength));
    if let Some((_, shorter)) = proof.split_last() {
        assert_eq!(verify(shorter), Err(ProofError::WrongLength));
        for at in 0..proof.len() {
            let mut altered = proof.to_vec();
            altered[at].0[at % 32] ^= 1;
            assert_eq!(verify(&altered), Err(ProofError::RootMismatch));
        }
    }
    if proof.len() > 1 {
        let mut reordered = proof.to_vec();
        reordered.swap(0, 1);
        assert_eq!(verify(&reordered), Err(ProofError::RootMismatch));
    }
}

#[test]
fn hostile_numbers_end_in_errors() {
    let (leaf, root) = (leaf_hash(b"leaf"), leaf_hash(b"root"));
    let proof = vec![leaf; 100];
    for a in [0, 1, 2, 3, u64::MAX / 2, u64::MAX - 1, u64::MAX] {
        for b in [0, 1, 2, 3, u64::MAX / 2, u64::MAX - 1, u64::MAX] {
            assert!(verify_inclusion(&leaf, a, b, &proof, &root).is_err());
            assert!(verify_consistency(a, b, &proof, &leaf, &root).is_err());
            for c in [0, 1, u64::MAX] {
                assert!(verify_subtree_inclusion(&leaf, a, b, c, &proof, &root).is_err());
                assert!(verify_subtree_consistency(a, b, c, &proof, &leaf, &root).is_err());
                assert!(tree(&[leaf]).subtree_consistency_proof(a, b, c).is_ok() == (a <= b && b <= c && c <= 1));
            }
        }
    }
}

/// The oracle's store of hashes, in the order in which it names them.
struct Stored(Vec<tlog::Hash>);

impl tlog::HashReader for Stored {
    fn read_hashes(&self, indexes: &[u64]) -> Result<Vec<tlog::Hash>, tlog::Error> {
        Ok(indexes.iter().map(|index| self.0[*index as usize]).collect())
    }
}

#[test]
fn agrees_with_tlog_tiles() {
    const N: u64 = 1000;
    let (mut ours, mut theirs) = (Tree::new(), Stored(Vec::new()));
    for i in 0..N {
        let data = i.to_string();
        ours.push(leaf_hash(data.as_bytes()));
        let more = tlog::stored_hashes(i, data.as_bytes(), &theirs).unwrap();
        theirs.0.extend(more);
    }
    let same = |ours: &[Hash], theirs: &[tlog::Hash]| {
        assert!(ours.iter().map(|hash| &hash.0).eq(theirs.iter().map(|hash| &hash.0)));
    };
    for size in [1, 2, 3, 255, 256, 257, 511, 777, 999, 1000] {
        same(&[ours.root_at(size).unwrap()], &[tlog::tree_hash(size, &theirs).unwrap()]);
        for other in [1, size / 3, size / 2, size - 1].into_iter().filter(|other| (1..size).contains(other)) {
            same(&ours.inclusion_proof(other, size).unwrap(), &tlog::prove_record(size, other, &theirs).unwrap());
            same(&ours.consistency_proof(other, size).unwrap(), &tlog::prove_tree(size, other, &theirs).unwrap());
        }
    }
}

#[test]
fn hashes_have_one_text() {
    let hash = leaf_hash(b"leaf");
    assert_eq!(hash.to_string().parse(), Ok(hash));
    let json = serde_json::to_string(&hash).unwrap();
    assert_eq!(json, format!("\"{hash}\""));
    assert_eq!(serde_json::from_str::<Hash>(&json).unwrap(), hash);
    for refused in ["", "AAAA", &hash.to_string()[1..], &format!("{hash}A"), &hash.to_string().replace('=', "")] {
        assert_eq!(refused.parse::<Hash>(), Err(HashTextError), "{refused}");
    }
}
