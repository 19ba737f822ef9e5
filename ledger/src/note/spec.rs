//! The examples that the specifications themselves show (c2sp.org), read out of their texts.
//!
//! Most are without the keys that would check them, and some are cut short: of those, what can be read is read, and the rest is counted
//! as skipped.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use super::*;
use crate::checkpoint::Checkpoint;
use crate::key::{Algorithm, SigningKey};
use crate::policy::Policy;
use crate::proof::TlogProof;
use crate::tiles::TilePath;
use test_data::{skip, vectors};

const SPECS: &str = "transparency/c2sp-specs-with-vectors";
const NO_KEYS: &str = "its signatures are not checked: the text does not show the keys";

/// A specification's text, where the vectors are.
fn spec(name: &str) -> Option<String> {
    vectors(SPECS).map(|folder| std::fs::read_to_string(folder.join(name)).unwrap())
}

/// What stands between fences.
fn fenced(text: &str) -> Vec<&str> {
    text.split("```\n").skip(1).step_by(2).collect()
}

/// What is indented as code, each block by itself. A line break alone does not end a block.
fn indented(text: &str) -> Vec<String> {
    let mut blocks = vec![String::new()];
    for line in text.lines() {
        let block = blocks.last_mut().unwrap();
        match line.strip_prefix("    ") {
            Some(line) => *block += &format!("{line}\n"),
            None if line.is_empty() && !block.is_empty() => *block += "\n",
            None if block.is_empty() => {}
            None => blocks.push(String::new()),
        }
    }
    blocks.iter().map(|block| format!("{}\n", block.trim_end_matches('\n'))).filter(|block| block != "\n").collect()
}

fn checkpoint_of(note: &SignedNote<'_>) -> (String, u64, String) {
    let Checkpoint { origin, size, root, .. } = Checkpoint::parse(note.claimed_text()).unwrap();
    (origin, size, root.to_string())
}

fn behind_the_sofa() -> (String, u64, String) {
    ("example.com/behind-the-sofa".into(), 20_852_163, "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=".into())
}

#[test]
fn the_notes_of_signed_note_are_read_and_the_one_with_a_key_verifies() {
    let Some(text) = spec("signed-note.md") else { return };
    let [poem, example] = fenced(&text).try_into().unwrap();
    let poem = SignedNote::parse(poem).unwrap();
    assert!(
        poem.claimed_text().ends_with("raggio di sole:\n\ned è subito sera.\n"),
        "an empty line is part of the text"
    );
    assert_eq!(poem.claimed_signers().collect::<Vec<_>>(), ["quasimodo.example/salvatore"]);
    skip("signed-note.md, first example", NO_KEYS);
    let keys = indented(&text);
    let keys: Vec<NoteVerifier> = keys.iter().filter_map(|block| block.trim().parse().ok()).collect();
    let [key] = keys.as_slice() else { panic!("one verifier key is shown: {keys:?}") };
    let verified = SignedNote::parse(example).unwrap().verify(&[key]).unwrap();
    assert_eq!((verified.text(), verified.signers()), ("This is an example message.\n", &[(0, None)][..]));
    let altered = example.replace("example message", "example massage");
    assert!(SignedNote::parse(&altered).unwrap().verify(&[key]).is_err());
}

#[test]
fn the_checkpoints_are_read() {
    let Some(text) = spec("tlog-checkpoint.md") else { return };
    let [note] = fenced(&text).try_into().unwrap();
    assert_eq!(checkpoint_of(&SignedNote::parse(note).unwrap()), behind_the_sofa());
    skip("tlog-checkpoint.md", NO_KEYS);
    let body = spec("tlog-witness.md").map(|text| indented(&text)).unwrap();
    let body = body.iter().find(|block| block.starts_with("old ")).unwrap();
    let (proof, note) = body.split_once("\n\n").unwrap();
    assert_eq!(checkpoint_of(&SignedNote::parse(note).unwrap()), behind_the_sofa());
    assert!(proof.lines().skip(1).all(|line| line.parse::<crate::merkle::Hash>().is_ok()), "{proof}");
    skip("tlog-witness.md", NO_KEYS);
}

#[test]
fn the_cosignature_has_its_time_and_signs_the_message_that_is_shown() {
    let Some(text) = spec("tlog-cosignature.md") else { return };
    let note = fenced(&text)[0];
    let read = SignedNote::parse(note).unwrap();
    assert_eq!(checkpoint_of(&read), behind_the_sofa());
    assert_eq!(read.claimed_signers().collect::<Vec<_>>(), ["example.com/behind-the-sofa", "witness.example.com/w1"]);
    let line = SignatureLine::parse(note.trim_end().lines().next_back().unwrap()).unwrap();
    let (time, signature) = line.signature.split_at(8);
    let time = u64::from_be_bytes(time.try_into().unwrap());
    assert_eq!((time, signature.len()), (1_679_315_147, 64));
    let shown = indented(&text);
    let shown = shown.iter().find(|block| block.starts_with("cosignature/v1\n")).unwrap();
    assert_eq!(*shown, cosignature::message(read.claimed_text(), time));
    skip("tlog-cosignature.md", NO_KEYS);
}

#[test]
fn the_proof_is_read_as_far_as_it_is_shown() {
    let Some(text) = spec("tlog-proof.md") else { return };
    let proof: TlogProof = fenced(&text)[0].parse().unwrap();
    assert_eq!((proof.index, proof.hashes.len()), (73_894, 5));
    assert!(proof.extra.as_ref().is_some_and(|extra| extra.starts_with(b"age-v1.2.1-darwin-arm64.tar.gz")));
    let claimed = proof.checkpoint.split("\n\n").next().unwrap();
    let claimed = Checkpoint::parse(&format!("{claimed}\n")).unwrap();
    assert_eq!((&*claimed.origin, claimed.size), ("example.com/fancylog", 109_482));
    assert!(matches!(SignedNote::parse(&proof.checkpoint), Err(NoteError::Malformed(_))));
    skip("tlog-proof.md", "its signatures are not checked: they are cut short in the text");
}

#[test]
fn the_policy_and_the_path_are_read() {
    let Some(text) = spec("tlog-policy.md") else { return };
    let mut policy = String::new();
    for (number, part) in fenced(&text)[0].split_inclusive("<vkey>").enumerate() {
        let kind = if number == 0 { SignatureKind::Ed25519 } else { SignatureKind::Cosignature };
        let key = SigningKey::generate(Algorithm::Ed25519).unwrap().public_key().clone();
        let key = NoteVerifier::new(&format!("{number}.example"), kind, key).unwrap().to_string();
        policy += &part.replace("<vkey>", &key);
    }
    Policy::parse(policy.as_bytes()).unwrap();
    let text = spec("tlog-tiles.md").unwrap();
    let shown = text.split('`').find(|word| word.starts_with("x001/")).unwrap();
    let path: TilePath = format!("tile/0/{shown}").parse().unwrap();
    assert_eq!((path.to_string(), path.is_full()), (format!("tile/0/{shown}"), true));
    skip("tlog-mirror.md", "mirrors by this protocol are not offered");
}
