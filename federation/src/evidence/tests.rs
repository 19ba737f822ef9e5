#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use ledger::checkpoint::Purpose;
use ledger::key::{Algorithm, SigningKey};
use ledger::merkle::leaf_hash;
use ledger::note::{Cosigner, NoteSigner};

use super::*;
use crate::messages::Message;

const ORIGIN: &str = "jp.registry.example";

fn key() -> SigningKey {
    SigningKey::generate(Algorithm::Ed25519).unwrap()
}

/// Nine leaves that are shared with every other such tree up to `common`.
fn tree(common: u64, salt: &[u8]) -> Tree {
    let mut tree = Tree::new();
    (0..9).for_each(|index: u8| {
        let salt = if u64::from(index) < common { &b""[..] } else { salt };
        tree.push(leaf_hash(&[&[index], salt].concat()));
    });
    tree
}

fn head(tree: &Tree, size: u64) -> Checkpoint {
    Checkpoint { origin: ORIGIN.to_owned(), size, root: tree.root_at(size).unwrap(), purpose: Purpose::Commit }
}

#[test]
fn what_contradicts_is_proven_in_either_order_and_with_one_id() {
    let log = NoteSigner::new(ORIGIN, key()).unwrap();
    let (one, other) = (tree(4, b"one"), tree(4, b"other"));
    let note = |checkpoint: &Checkpoint| checkpoint.sign(&log).unwrap();
    for (small, large) in [(9, 9), (5, 5), (5, 9), (8, 9)] {
        let (first, second) = (head(&one, small), head(&other, large));
        let inconsistency = inconsistency(&other, &first, &second).filter(|_| small != large);
        assert_eq!(inconsistency.is_some(), small != large);
        let evidence = Evidence { first: note(&first), second: note(&second), inconsistency, keys: None };
        let proven = prove(&evidence, log.verifier()).unwrap();
        let turned = Evidence { first: evidence.second.clone(), second: evidence.first.clone(), ..evidence.clone() };
        assert_eq!(prove(&turned, log.verifier()).unwrap(), proven);
        assert_eq!((proven.id().len(), proven.first.size, proven.second.size), (ID_DIGITS, small, large));
        // What strangers added is not kept, and changes no id.
        let cosigner = Cosigner::new("witness.example", key()).unwrap();
        let line = cosigner.cosign(&first.to_string(), 1).unwrap();
        let adorned = Evidence { first: format!("{}{line}", evidence.first), ..evidence.clone() };
        assert_eq!(prove(&adorned, log.verifier()).unwrap(), proven);
        assert_eq!(Evidence::decode(&proven.evidence.encode()).as_ref(), Ok(&proven.evidence));
    }
}

#[test]
fn what_proves_nothing_is_refused_with_a_reason() {
    let (log, stranger) = (NoteSigner::new(ORIGIN, key()).unwrap(), NoteSigner::new(ORIGIN, key()).unwrap());
    let (one, other) = (tree(4, b"one"), tree(4, b"other"));
    let note = |checkpoint: &Checkpoint| checkpoint.sign(&log).unwrap();
    let (small, large) = (head(&one, 5), head(&other, 9));
    let shown = inconsistency(&other, &small, &large).unwrap();
    let with = |first: &Checkpoint, second: &Checkpoint, inconsistency| Evidence {
        first: note(first),
        second: note(second),
        inconsistency,
        keys: None,
    };
    let refused = |evidence: &Evidence| prove(evidence, log.verifier()).unwrap_err();
    let unsigned = Evidence { first: small.sign(&stranger).unwrap(), ..with(&small, &large, Some(shown.clone())) };
    assert!(matches!(refused(&unsigned), EvidenceError::NotSigned { .. }));
    assert!(matches!(refused(&Evidence { second: String::new(), ..unsigned }), EvidenceError::NotSigned { .. }));
    assert_eq!(refused(&with(&large, &large, None)), EvidenceError::Agree);
    assert_eq!(refused(&with(&small, &large, None)), EvidenceError::Unproven);
    assert_eq!(refused(&with(&head(&one, 4), &large, None)), EvidenceError::Unproven);
    let honest = Inconsistency { root: head(&other, 5).root, proof: Proof(other.consistency_proof(5, 9).unwrap()) };
    assert_eq!(refused(&with(&head(&other, 5), &large, Some(honest))), EvidenceError::Inconclusive, "they agree");
    let forged = Inconsistency { root: leaf_hash(b"x"), ..shown.clone() };
    assert_eq!(refused(&with(&small, &large, Some(forged))), EvidenceError::Inconclusive, "another root");
    let short = Inconsistency { proof: Proof::default(), ..shown };
    assert_eq!(refused(&with(&small, &large, Some(short))), EvidenceError::Inconclusive, "no proof");
    assert_eq!(inconsistency(&one, &small, &large), None, "the tree is not that of the larger one");
    assert_eq!(inconsistency(&other, &head(&other, 5), &large), None, "no contradiction");
    assert_eq!(inconsistency(&Tree::new(), &small, &large), None, "the log is not held that far");
}
