//! The shape of the map against its definition, and proofs that must hold or must not.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use super::*;
use crate::digest::Digest;
use crate::entry::{Entry, Kind};
use crate::merkle;
use crate::vrf::{VrfError, VrfKey, VrfProof};
use proptest::prelude::*;
use std::collections::BTreeMap;

fn key() -> VrfKey {
    VrfKey::from_seed(&[7; 32]).unwrap()
}

fn label(n: u64) -> String {
    format!("restricted/V-{n}")
}

fn output(n: u64) -> VrfOutput {
    key().evaluate(label(n).as_bytes()).unwrap()
}

/// An output that was not evaluated, for shapes that chance does not bring.
fn made(first: &[u8]) -> VrfOutput {
    let mut bytes = [0xa5; VrfOutput::LEN];
    bytes[..first.len()].copy_from_slice(first);
    VrfOutput::from_bytes(bytes)
}

fn latest(n: u64) -> Latest {
    Latest::first(n, &merkle::leaf_hash(&n.to_be_bytes()))
}

/// Verdicts that everybody may know, beside the blinded labels.
fn verdicts() -> Map {
    Map::new().with((0..40).map(|n| (Slot::plain(&plain(n)), latest(n))))
}

fn plain(n: u64) -> String {
    format!("verdict/V-{n}")
}

/// The root that a seal would carry over these blinded labels and no public ones.
fn sealed(map: &Map) -> Hash {
    Trees { blinded: map.clone(), verdicts: verdicts(), public: Map::new() }.root()
}

/// The root by the definition at the top of the module, without a tree.
fn defined(keys: &[(MapKey, Hash)], depth: usize) -> Hash {
    match keys {
        [] => EMPTY,
        [(key, value)] => leaf_hash(key, value),
        _ => {
            let (right, left): (Vec<_>, Vec<_>) = keys.iter().partition(|(key, _)| key.bit(depth));
            node_hash(&defined(&left, depth + 1), &defined(&right, depth + 1))
        }
    }
}

fn root_by_definition(contents: &[(VrfOutput, Latest)]) -> Hash {
    let values: BTreeMap<MapKey, Hash> =
        contents.iter().map(|(output, latest)| (MapKey::of(output), latest.value(&Slot::from(*output)))).collect();
    defined(&values.into_iter().collect::<Vec<_>>(), 0)
}

fn prove(map: &Map, label: &str) -> MapProof {
    let (output, vrf) = key().prove(label.as_bytes()).unwrap();
    let (place, siblings) = map.place(&MapKey::of(&output));
    let beside = Beside::Blinded { verdicts: verdicts().root(), vrf };
    MapProof { seal: 9, public: EMPTY, beside, place, siblings }
}

fn check(proof: &MapProof, map: &Map, label: &str) -> Result<Option<Latest>, MapProofError> {
    proof.verify_blinded(&sealed(map), key().public_key(), label)
}

/// What is said of the plain label of a verdict, beside these blinded labels.
fn prove_plain(map: &Map, label: &str) -> MapProof {
    let (place, siblings) = verdicts().place(&MapKey::plain(label));
    MapProof { seal: 9, public: EMPTY, beside: Beside::Plain { blinded: map.root() }, place, siblings }
}

fn check_plain(proof: &MapProof, map: &Map, label: &str) -> Result<Option<Latest>, MapProofError> {
    proof.verify_plain(&sealed(map), label)
}

/// Labels 0 to 40; enough for every kind of place.
fn sample() -> Map {
    Map::new().with((0..40).map(|n| (output(n), latest(n))))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_order_and_batching_give_the_root_by_definition(
        keys in prop::collection::vec(prop::array::uniform2(0u8..4), 0..60),
        cuts in prop::collection::vec(1usize..9, 1..20),
    ) {
        // Few different keys, so that they share bits and return.
        let contents: Vec<_> = keys.iter().zip(0..).map(|(key, n)| (made(key), latest(n))).collect();
        let (mut map, mut rest) = (Map::new(), contents.as_slice());
        for cut in cuts.iter().cycle() {
            let (batch, later) = rest.split_at((*cut).min(rest.len()));
            map = map.with(batch.iter().copied());
            rest = later;
            if rest.is_empty() { break }
        }
        prop_assert_eq!(map.root(), root_by_definition(&contents));
        let last: BTreeMap<MapKey, Latest> =
            contents.iter().map(|(output, latest)| (MapKey::of(output), *latest)).collect();
        for (key, latest) in &last {
            prop_assert_eq!(map.get(key), Some(latest));
        }
    }

    #[test]
    fn a_proof_survives_its_text(count in 1u64.., index: u64, chain: [u8; 32], siblings in prop::collection::vec(prop::array::uniform32(0u8..), 0..257)) {
        let siblings: Vec<Hash> = siblings.into_iter().map(Hash::from_bytes).collect();
        let vrf = VrfProof::from_bytes([3; VrfProof::LEN]);
        let chain = Hash::from_bytes(chain);
        let places = [
            Place::Here(Latest { count, index, chain }),
            Place::Empty,
            Place::Other { key: MapKey::from_bytes([5; 32]), value: chain },
        ];
        let besides = [Beside::Plain { blinded: chain }, Beside::Blinded { verdicts: chain, vrf }];
        for (place, beside) in places.iter().flat_map(|place| besides.map(|beside| (*place, beside))) {
            let proof = MapProof { seal: index, public: chain, beside, place, siblings: siblings.clone() };
            let text = proof.to_string();
            prop_assert!(text.len() <= MAX_MAP_PROOF);
            prop_assert_eq!(text.parse::<MapProof>(), Ok(proof));
        }
    }
}

#[test]
fn keys_that_share_all_bits_but_the_last_are_told_apart() {
    let (mut low, mut high) = ([9; 32], [9; 32]);
    (low[31], high[31]) = (8, 9);
    let contents = [(made(&low), latest(1)), (made(&high), latest(2))];
    let map = Map::new().with(contents);
    assert_eq!(map.root(), root_by_definition(&contents));
    let (place, siblings) = map.place(&MapKey::from_bytes(low));
    assert_eq!((place, siblings.len()), (Place::Here(latest(1)), MAX_DEPTH));
    assert_eq!(map.place(&MapKey::from_bytes([8; 32])).0, Place::Empty);
}

#[test]
fn an_older_version_stays_as_it_was() {
    let first = sample();
    let (root, proof) = (first.root(), prove(&first, &label(3)));
    let second = first.with([(output(3), latest(3).then(77, &EMPTY)), (output(99), latest(99))]);
    assert_ne!(second.root(), root);
    assert_eq!(first.root(), root);
    assert_eq!(check(&proof, &first, &label(3)), Ok(Some(latest(3))));
    assert_eq!(check(&proof, &second, &label(3)), Err(MapProofError::Root));
    assert_eq!(check(&prove(&second, &label(3)), &second, &label(3)).unwrap().unwrap().count, 2);
}

#[test]
fn what_is_there_is_proven_and_what_is_not_too() {
    let map = sample();
    let mut kinds = [0; 3];
    for n in 0..120 {
        let proof = prove(&map, &label(n));
        kinds[match proof.place {
            Place::Here(_) => 0,
            Place::Empty => 1,
            Place::Other { .. } => 2,
        }] += 1;
        assert_eq!(check(&proof, &map, &label(n)), Ok((n < 40).then(|| latest(n))), "{n}");
        assert!(proof.siblings.len() < 20, "about log2 of 40");
        assert_eq!(check(&proof, &map, &label(n + 1)), Err(VrfError::Mismatch.into()), "another label");
    }
    assert_eq!(kinds[0], 40);
    assert!(kinds[1] > 0 && kinds[2] > 0, "{kinds:?}");
    let nothing = prove(&Map::new(), &label(1));
    assert_eq!(check(&nothing, &Map::new(), &label(1)), Ok(None));
    assert_eq!(check(&nothing, &map, &label(1)), Err(MapProofError::Root));
}

#[test]
fn a_plain_label_is_proven_without_a_key_in_its_own_tree_alone() {
    let map = sample();
    let mut kinds = [0; 3];
    for n in 0..120 {
        let proof = prove_plain(&map, &plain(n));
        kinds[match proof.place {
            Place::Here(_) => 0,
            Place::Empty => 1,
            Place::Other { .. } => 2,
        }] += 1;
        assert_eq!(check_plain(&proof, &map, &plain(n)), Ok((n < 40).then(|| latest(n))), "{n}");
        assert!(check_plain(&proof, &map, &plain(n + 1)).is_err() || n >= 40, "{n}: of another label");
        assert_eq!(check(&proof, &map, &plain(n)), Err(MapProofError::OtherTree));
        assert_eq!(check_plain(&prove(&map, &label(n)), &map, &label(n)), Err(MapProofError::OtherTree));
    }
    assert!(kinds.iter().all(|kind| *kind > 0), "{kinds:?}");
}

/// A proof that is right in one tree, told as one of another: the roots do not stand where they would have to.
#[test]
fn no_tree_passes_as_another() {
    let trees = Trees { blinded: sample(), verdicts: verdicts(), public: Map::new() };
    let others = [
        Trees { verdicts: trees.blinded.clone(), blinded: trees.verdicts.clone(), ..trees.clone() },
        Trees { public: trees.verdicts.clone(), verdicts: Map::new(), ..trees.clone() },
        Trees { public: trees.blinded.clone(), blinded: Map::new(), ..trees.clone() },
    ];
    let label = plain(3);
    for other in others {
        assert_ne!(other.root(), trees.root());
        let (place, siblings) = other.verdicts.place(&MapKey::plain(&label));
        let beside = Beside::Plain { blinded: other.blinded.root() };
        let proof = MapProof { seal: 9, public: other.public.root(), beside, place, siblings };
        assert_eq!(proof.verify_plain(&trees.root(), &label), Err(MapProofError::Root));
        assert!(proof.verify_plain(&other.root(), &label).is_ok());
    }
}

#[test]
fn a_flipped_byte_never_verifies() {
    let map = sample();
    let of = |proofs: &[(String, MapProof)], wanted: fn(&Place) -> bool| {
        proofs.iter().find(|(_, proof)| wanted(&proof.place)).unwrap().clone()
    };
    let places: [fn(&Place) -> bool; 3] = [
        |place| matches!(place, Place::Here(_)),
        |place| matches!(place, Place::Empty),
        |place| matches!(place, Place::Other { .. }),
    ];
    let proofs: Vec<_> = (0..120).map(|n| (label(n), prove(&map, &label(n)))).collect();
    let plains: Vec<_> = (0..120).map(|n| (plain(n), prove_plain(&map, &plain(n)))).collect();
    for place in places {
        never_verifies_flipped(&of(&proofs, place).1, |proof| check(proof, &map, &of(&proofs, place).0));
        never_verifies_flipped(&of(&plains, place).1, |proof| check_plain(proof, &map, &of(&plains, place).0));
    }
}

fn never_verifies_flipped(proof: &MapProof, check: impl Fn(&MapProof) -> Result<Option<Latest>, MapProofError>) {
    assert!(check(proof).is_ok());
    let text = proof.to_string();
    // The seal's index is a pointer; everything after it counts.
    let from = text.find("public ").unwrap();
    for at in from..text.len() {
        let mut bytes = text.clone().into_bytes();
        bytes[at] ^= 1;
        let flipped = String::from_utf8(bytes).unwrap();
        let accepted = flipped.parse::<MapProof>().ok().and_then(|proof| check(&proof).ok());
        assert_eq!(accepted, None, "byte {at} of\n{text}");
    }
}

#[test]
fn what_is_there_cannot_be_shown_absent() {
    let map = sample();
    let leaves: Vec<(MapKey, Hash)> = (0..40)
        .map(|n| (output(n), latest(n)))
        .map(|(output, latest)| (MapKey::of(&output), latest.value(&output.into())))
        .collect();
    for n in 0..4 {
        let honest = prove(&map, &label(n));
        let Place::Here(latest) = honest.place else { panic!("{n} is there") };
        // Every leaf that the map has, the own one too, and nothing, at every depth of the way.
        let mut places: Vec<Place> =
            leaves.iter().map(|(key, value)| Place::Other { key: *key, value: *value }).collect();
        places.push(Place::Empty);
        for place in places {
            for skip in 0..=honest.siblings.len() {
                let forged = MapProof { place, siblings: honest.siblings[skip..].to_vec(), ..honest.clone() };
                assert!(check(&forged, &map, &label(n)).is_err(), "{n}: {place:?} without {skip}");
            }
        }
        let other = MapProof { place: Place::Here(latest.then(99, &EMPTY)), ..honest };
        assert_eq!(check(&other, &map, &label(n)), Err(MapProofError::Root));
    }
}

#[test]
fn a_chain_holds_every_entry_in_its_order() {
    let entries: Vec<(u64, Hash)> = [3, 8, 21].map(|n| (n, merkle::leaf_hash(&[n as u8]))).to_vec();
    let all = Latest::of(entries.clone()).unwrap();
    assert_eq!((all.count, all.index), (3, 21));
    assert_eq!(all, Latest::first(3, &entries[0].1).then(8, &entries[1].1).then(21, &entries[2].1));
    let without = |at: usize| entries.iter().enumerate().filter(move |(i, _)| *i != at).map(|(_, entry)| *entry);
    for at in 0..3 {
        assert_ne!(Latest::of(without(at)), Some(all), "{at} left out");
    }
    let mut content = entries.clone();
    content[1].1 = EMPTY;
    assert_ne!(Latest::of(content), Some(all), "another entry at the same index");
    assert_eq!(Latest::of(entries.iter().rev().copied()), None, "not rising");
    assert_eq!(Latest::of([]), None);
}

#[test]
fn texts_out_of_form_are_refused() {
    let good = prove(&sample(), &label(1)).to_string();
    let hash = EMPTY.to_string();
    let rows = [
        ("empty", String::new()),
        ("no end", good.trim_end().to_owned()),
        ("an empty line", format!("{good}\n")),
        ("another version", good.replace("@v1", "@v2")),
        ("no seal", good.replace("seal 9", "seal")),
        ("a seal in two ways", good.replace("seal 9", "seal 09")),
        ("no public tree", good.replace("public ", "")),
        ("no tree of verdicts", good.replace("verdicts ", "")),
        ("a tree of blinded labels in its stead", good.replace("verdicts ", "blinded ")),
        (
            "no VRF proof",
            good.lines().filter(|line| !line.starts_with("vrf ")).map(|line| format!("{line}\n")).collect(),
        ),
        ("a short proof", good.replacen("vrf ", "vrf AAAA", 1)),
        ("a count of none", good.replace("latest 1 ", "latest 0 ")),
        ("a word more", good.replace("latest 1 ", "latest 1 1 ")),
        ("another place", good.replace("latest 1 ", "first 1 ")),
        ("no place", good.replace("latest", "")),
        ("carriage returns", good.replace('\n', "\r\n")),
        ("257 hashes", format!("{}{}", good, format!("{hash}\n").repeat(256))),
        ("too long", format!("{good}{}", "x".repeat(MAX_MAP_PROOF))),
    ];
    assert!(good.parse::<MapProof>().is_ok());
    for (reason, text) in rows {
        assert!(matches!(text.parse::<MapProof>(), Err(MapProofError::Malformed(_))), "{reason}");
    }
}

/// The worked example of `docs/spec/map.md`, block by block.
fn worked_example() -> Vec<String> {
    let secret: [u8; 32] =
        crate::encoding::hex_decode("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb").unwrap();
    let key = VrfKey::from_seed(&secret).unwrap();
    let entry = |index: u64| Entry {
        kind: Kind::Statement,
        time_ms: index * 1_000,
        digest: Digest::of(format!("statement {index}").as_bytes()),
    };
    let entries: String = [5, 7, 9].map(|index| format!("entry {index}  {}\n", hex(&entry(index).encode()))).concat();
    let mut blocks =
        vec![format!("secret   {}\npublic   {}\n{entries}", hex(&secret), hex(key.public_key().as_bytes()))];
    let latest = |about: &[u64]| Latest::of(about.iter().map(|index| (*index, entry(*index).leaf_hash()))).unwrap();
    let mut trees = Trees::default();
    let supplier = "supplier/corporate-number:7000012050002/scheme/demo@1";
    for (label, about) in [("restricted/V-2", &[7][..]), (supplier, &[5, 7, 9])] {
        let output = key.evaluate(label.as_bytes()).unwrap();
        trees.blinded = trees.blinded.with([(output, latest(about))]);
        let (first, second) = output.as_bytes().split_at(32);
        let outputs = format!("output   {}\n         {}", hex(first), hex(second));
        blocks.push(block(label, about, &outputs, &latest(about), &output.into()));
    }
    for (label, about) in [("verdict/V-1", &[5, 9][..]), ("verdict/eu:E-1", &[9])] {
        let slot = Slot::plain(label);
        trees.verdicts = trees.verdicts.with([(slot, latest(about))]);
        blocks.push(block(label, about, &format!("key      {}", hex(slot.key.as_bytes())), &latest(about), &slot));
    }
    for (label, about) in [("party/ab", &[5][..]), ("peer/eu", &[7, 9])] {
        let slot = Slot::plain(label);
        trees.public = trees.public.with([(slot, latest(about))]);
        blocks.push(block(label, about, &format!("key      {}", hex(slot.key.as_bytes())), &latest(about), &slot));
    }
    blocks.push(format!(
        "blinded  {}\nverdicts {}\npublic   {}\nroot     {}\n",
        hex(trees.blinded.root().as_bytes()),
        hex(trees.verdicts.root().as_bytes()),
        hex(trees.public.root().as_bytes()),
        hex(trees.root().as_bytes())
    ));
    blocks.extend(proofs(&key, &trees));
    blocks
}

/// What the example says of a label.
fn block(label: &str, about: &[u64], place: &str, latest: &Latest, slot: &Slot) -> String {
    format!(
        "label    {label}\nentries  {about:?}\n{place}\nchain    {}\nvalue    {}\nleaf     {}\n",
        hex(latest.chain.as_bytes()),
        hex(latest.value(slot).as_bytes()),
        hex(latest.leaf(slot).as_bytes()),
    )
}

fn proofs(key: &VrfKey, trees: &Trees) -> Vec<String> {
    let mut blocks = Vec::new();
    let (root, public) = (trees.root(), trees.public.root());
    for (label, present) in [("verdict/V-1", true), ("verdict/V-2", false)] {
        let (place, siblings) = trees.verdicts.place(&MapKey::plain(label));
        let beside = Beside::Plain { blinded: trees.blinded.root() };
        let proof = MapProof { seal: 12, public, beside, place, siblings };
        assert_eq!(proof.verify_plain(&root, label).unwrap().is_some(), present);
        blocks.push(proof.to_string());
    }
    for (label, present) in [("restricted/V-2", true), ("restricted/V-3", false)] {
        let (output, vrf) = key.prove(label.as_bytes()).unwrap();
        let (place, siblings) = trees.blinded.place(&MapKey::of(&output));
        let beside = Beside::Blinded { verdicts: trees.verdicts.root(), vrf };
        let proof = MapProof { seal: 12, public, beside, place, siblings };
        assert_eq!(proof.verify_blinded(&root, key.public_key(), label).unwrap().is_some(), present);
        blocks.push(proof.to_string());
    }
    let proof = trees.public.prove_public(["party/ab", "party/cb-1"]);
    let told = proof.verify(&public, ["party/ab", "party/cb-1"]).unwrap();
    assert_eq!(told.values().map(Option::is_some).collect::<Vec<_>>(), [true, false]);
    blocks.push(proof.write().iter().map(|part| format!("{part}\n")).collect());
    blocks
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn the_specification_has_the_worked_example() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/spec/map.md");
    let text = std::fs::read_to_string(path).unwrap();
    let missing: Vec<String> = worked_example().into_iter().filter(|block| !text.contains(block)).collect();
    assert!(missing.is_empty(), "docs/spec/map.md lacks\n{}", missing.join("\n"));
}
