//! Proofs of public labels: whatever the tree and the labels, the one proof holds, and no other does.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use super::*;
use crate::merkle;
use proptest::prelude::*;
use std::collections::BTreeMap;

fn label(n: u64) -> String {
    format!("party/p-{n}")
}

fn latest(n: u64) -> Latest {
    Latest::first(n, &merkle::leaf_hash(&n.to_be_bytes()))
}

/// A tree of the labels 0 to `count`.
fn tree(count: u64) -> Map {
    Map::new().with((0..count).map(|n| (Slot::plain(&label(n)), latest(n))))
}

fn read(parts: &[String]) -> Result<PublicProof, MapProofError> {
    PublicProof::read(parts.iter().map(String::as_str))
}

/// What the parts say of the labels, if they hold.
fn told(parts: &[String], map: &Map, labels: &[String]) -> Result<BTreeMap<String, Option<Latest>>, MapProofError> {
    let told = read(parts)?.verify(&map.root(), labels.iter().map(String::as_str))?;
    Ok(told.into_iter().map(|(label, latest)| (label.to_owned(), latest)).collect())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_there_and_what_is_not_is_proven_together(count in 0..40_u64, asked in prop::collection::vec(0..80_u64, 0..12)) {
        let map = tree(count);
        let labels: Vec<String> = asked.iter().map(|n| label(*n)).collect();
        let parts = map.prove_public(labels.iter().map(String::as_str)).write();
        let expected = asked.iter().map(|n| (label(*n), (*n < count).then(|| latest(*n)))).collect();
        prop_assert_eq!(told(&parts, &map, &labels), Ok(expected));
    }

    /// Another part, one less, one more, two exchanged: the proof has one form.
    #[test]
    fn no_other_proof_holds(count in 1..20_u64, asked in prop::collection::vec(0..40_u64, 1..6), at: prop::sample::Index, byte: u8) {
        let map = tree(count);
        let labels: Vec<String> = asked.iter().map(|n| label(*n)).collect();
        let parts = map.prove_public(labels.iter().map(String::as_str)).write();
        let at = at.index(parts.len());
        let alter = |change: &dyn Fn(&mut Vec<String>)| {
            let mut altered = parts.clone();
            change(&mut altered);
            altered
        };
        let mut rows = vec![
            alter(&|parts| drop(parts.remove(at))),
            alter(&|parts| parts.insert(at, "-".to_owned())),
            alter(&|parts| parts.insert(at, EMPTY.to_string())),
            alter(&|parts| parts.push("-".to_owned())),
            alter(&|parts| parts[at] = "+".to_owned()),
            alter(&|parts| parts[at] = "-".to_owned()),
            alter(&|parts| parts[at].push(' ')),
            alter(&|parts| parts.swap(at, 0)),
        ];
        let mut flipped = parts[at].clone().into_bytes();
        let place = usize::from(byte) % flipped.len();
        flipped[place] ^= 1;
        if let Ok(flipped) = String::from_utf8(flipped) {
            rows.push(alter(&|parts| parts[at].clone_from(&flipped)));
        }
        for altered in rows.iter().filter(|altered| **altered != parts) {
            prop_assert!(told(altered, &map, &labels).is_err(), "{:?} instead of {:?}", altered, parts);
        }
    }
}

#[test]
fn a_label_that_is_there_cannot_be_shown_absent() {
    let map = tree(20);
    let asked = [label(3)];
    let honest = map.prove_public([asked[0].as_str()]).write();
    let own = honest.iter().position(|part| part.split(' ').count() == 4).unwrap();
    for n in 0..20 {
        let (slot, latest) = (Slot::plain(&label(n)), latest(n));
        let other = format!("{} {}", Hash::from_bytes(*slot.key.as_bytes()), latest.value(&slot));
        let mut forged = honest.clone();
        forged[own] = other;
        assert!(told(&forged, &map, &asked).is_err(), "{n}");
    }
    // At every place above it the whole subtree could only be hidden as one that holds none of the labels.
    for end in 0..=own {
        let mut forged = honest[..end].to_vec();
        forged.push(map.root().to_string());
        assert!(told(&forged, &map, &asked).is_err(), "{end}");
    }
}

#[test]
fn a_label_has_one_tree() {
    let blinded = tree(4);
    let trees = Trees { blinded: blinded.clone(), ..Trees::default() };
    let proof = blinded.prove_public(["party/p-1"]);
    assert!(proof.verify(&blinded.root(), ["party/p-1"]).is_ok());
    assert_eq!(
        proof.verify(&trees.public.root(), ["party/p-1"]),
        Err(MapProofError::Root),
        "it is not among the public ones"
    );
    let exchanged = Trees { public: blinded, ..Trees::default() };
    assert_ne!(trees.root(), exchanged.root());
}

#[test]
fn ways_end_where_the_key_does() {
    let wrong = "+".to_owned();
    let deep = vec![wrong; 300];
    assert!(matches!(told(&deep, &tree(2), &[label(1)]), Err(MapProofError::Malformed(_))));
    let many = vec!["-".to_owned(); public::MAX_PARTS + 1];
    assert_eq!(read(&many), Err(MapProofError::Malformed("too many parts")));
    for text in ["", " ", "- -", "0 0 1 AAAA", "x", "00 1 1 AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="] {
        assert!(read(&[text.to_owned()]).is_err(), "{text}");
    }
    assert!(read(&[EMPTY.to_string()]).is_err(), "nothing has one form");
}
