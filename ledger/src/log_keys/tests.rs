#![allow(clippy::unwrap_used)]
use super::*;
use crate::checkpoint::{Checkpoint, CheckpointError, Purpose};
use crate::key::{Algorithm, SigningKey};
use crate::merkle::empty_root;
use crate::note::Cosigner;

const ORIGIN: &str = "jp.registry.example";

fn key(origin: &str) -> NoteSigner {
    NoteSigner::new(origin, SigningKey::generate(Algorithm::Ed25519).unwrap()).unwrap()
}

fn checkpoint(size: u64, signer: &NoteSigner) -> String {
    Checkpoint { origin: ORIGIN.to_owned(), size, root: empty_root(), purpose: Purpose::Commit }.sign(signer).unwrap()
}

#[test]
fn each_size_belongs_to_one_key() {
    let [first, second, third] = [(); 3].map(|()| key(ORIGIN));
    let mut keys = LogKeys::from(first.verifier().clone());
    keys.change(7, second.verifier().clone()).unwrap();
    keys.change(9, third.verifier().clone()).unwrap();
    let rows = [(1, &first), (8, &first), (9, &second), (10, &second), (11, &third), (u64::MAX, &third)];
    for (size, signer) in rows {
        assert_eq!(keys.at(size), signer.verifier(), "size {size}");
        assert!(Checkpoint::verify(&checkpoint(size, signer), &keys).is_ok());
        for other in [&first, &second, &third].into_iter().filter(|other| other.verifier() != signer.verifier()) {
            let refused = Checkpoint::verify(&checkpoint(size, other), &keys).unwrap_err();
            assert_eq!(refused, CheckpointError::NotItsKey { size }, "a key of another time");
        }
    }
    let stranger = Checkpoint::verify(&checkpoint(8, &key(ORIGIN)), &keys).unwrap_err();
    assert!(matches!(stranger, CheckpointError::Note(_)), "a key of no time");
    assert_eq!((keys.first(), keys.newest()), (first.verifier(), third.verifier()));
    let mut begun = LogKeys::from(first.verifier().clone());
    assert!(begun.begins(&keys) && !keys.begins(&begun));
    begun.change(8, second.verifier().clone()).unwrap();
    assert!(!begun.begins(&keys), "at another place");
}

#[test]
fn a_note_may_be_signed_by_the_retired_key_besides() {
    let (old, new) = (key(ORIGIN), key(ORIGIN));
    let mut keys = LogKeys::from(old.verifier().clone());
    keys.change(3, new.verifier().clone()).unwrap();
    let both = old.add_to(&checkpoint(9, &new)).unwrap();
    assert!(Checkpoint::verify(&both, &keys).is_ok());
    assert!(Checkpoint::verify(&both, old.verifier()).is_ok(), "whoever pinned the old key reads it, too");
    assert!(Checkpoint::verify(&both, new.verifier()).is_ok());
}

#[test]
fn a_key_takes_over_once_and_in_order() {
    let (first, second, third) = (key(ORIGIN), key(ORIGIN), key(ORIGIN));
    let mut keys = LogKeys::from(first.verifier().clone());
    let other = key("eu.registry.example");
    assert!(matches!(keys.change(5, other.verifier().clone()), Err(KeyChangeError::OtherLog(_))));
    let witness = Cosigner::new(ORIGIN, SigningKey::generate(Algorithm::Ed25519).unwrap()).unwrap();
    assert!(matches!(keys.change(5, witness.verifier().clone()), Err(KeyChangeError::OtherLog(_))));
    assert_eq!(keys.change(0, second.verifier().clone()), Err(KeyChangeError::Order { index: 0 }));
    keys.change(5, second.verifier().clone()).unwrap();
    assert_eq!(keys.change(5, third.verifier().clone()), Err(KeyChangeError::Order { index: 5 }));
    assert_eq!(keys.change(6, first.verifier().clone()), Err(KeyChangeError::Again));
    assert_eq!(keys.changes().len(), 1);
}

#[test]
fn a_handover_needs_both_keys_and_says_when() {
    let (old, new, thief) = (key(ORIGIN), key(ORIGIN), key(ORIGIN));
    let handover = Handover { from: old.verifier(), to: new.verifier(), size: 12 };
    let (by_old, by_new) = (handover.sign(&old).unwrap(), handover.sign(&new).unwrap());
    assert_eq!(handover.verify(&by_old, &by_new), Ok(()));
    let by_thief = handover.sign(&thief).unwrap();
    assert_eq!(handover.verify(&by_thief, &by_new), Err(HandoverError::NotEndorsed));
    assert_eq!(handover.verify(&by_old, &by_thief), Err(HandoverError::NotHeld));
    assert_eq!(handover.verify(&by_new, &by_old), Err(HandoverError::NotEndorsed));
    assert_eq!(handover.verify("", &by_new), Err(HandoverError::NotEndorsed));
    let later = Handover { size: 13, ..handover };
    assert_eq!(later.verify(&by_old, &by_new), Err(HandoverError::NotEndorsed));
    let to_thief = Handover { to: thief.verifier(), ..handover };
    assert_eq!(to_thief.verify(&by_old, &to_thief.sign(&thief).unwrap()), Err(HandoverError::NotEndorsed));
    let same = Handover { to: old.verifier(), ..handover };
    assert_eq!(same.verify(&by_old, &by_old), Err(HandoverError::Keys));
    let elsewhere = key("eu.registry.example");
    let other = Handover { to: elsewhere.verifier(), ..handover };
    assert_eq!(other.verify(&by_old, &by_new), Err(HandoverError::Keys));
    assert!(Checkpoint::parse(&handover.to_string()).is_err(), "it can never pass for a checkpoint");
}
