//! Policies: the example of the specification, a row per reason of refusal, quorums as a table, and sunlight's witnesses.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use super::*;
use crate::key::{Algorithm, SigningKey};
use crate::note::{Cosigner, NoteSigner};
use proptest::prelude::*;
use test_data::vectors;

const TEXT: &str = "log.example\n7\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n";

fn key_of() -> SigningKey {
    SigningKey::generate(Algorithm::Ed25519).unwrap()
}

fn log(name: &str) -> NoteSigner {
    NoteSigner::new(name, key_of()).unwrap()
}

fn witness(name: &str) -> Cosigner {
    Cosigner::new(name, key_of()).unwrap()
}

/// The policy of the specification's example: two of X, and one of Y.
fn example(log: &NoteSigner, witnesses: &[Cosigner]) -> String {
    let names = ["X1", "X2", "X3", "Y1", "Y2", "Y3"];
    let lines = names.iter().zip(witnesses).map(|(name, key)| format!("witness {name} {}\n", key.verifier()));
    format!(
        "log {}\n\n{}group X-witnesses 2 X1 X2 X3\n\tgroup Y-witnesses  any Y1\tY2 Y3 \n# both\n\
         group X-and-Y all X-witnesses Y-witnesses\nquorum X-and-Y\n",
        log.verifier(),
        lines.collect::<String>()
    )
}

#[test]
fn a_quorum_is_counted_through_its_groups() {
    let log = log("log.example");
    let witnesses: Vec<Cosigner> = (0..6).map(|number| witness(&format!("w{number}.example"))).collect();
    let policy = Policy::parse(example(&log, &witnesses).as_bytes()).unwrap();
    let rows: [(&[usize], bool); 8] = [
        (&[], false),
        (&[0, 1], false),
        (&[0, 1, 2], false),
        (&[3, 4, 5], false),
        (&[0, 3], false),
        (&[0, 0, 3], false),
        (&[0, 2, 4], true),
        (&[0, 1, 2, 3, 4, 5], true),
    ];
    for (who, met) in rows {
        let cosigned: String = who.iter().map(|one| witnesses[*one].cosign(TEXT, 9).unwrap()).collect();
        let note = format!("{}{cosigned}", log.sign(TEXT).unwrap());
        match policy.verify(&note) {
            Ok((checkpoint, witnesses)) => {
                assert!(met, "{who:?}");
                assert_eq!((checkpoint.size, witnesses.len()), (7, who.len()));
                assert!(witnesses.iter().all(|witness| witness.time == 9));
            }
            Err(unmet) => assert!(!met && matches!(unmet, Unmet::Quorum(_)), "{who:?}: {unmet}"),
        }
    }
}

#[test]
fn checkpoints_are_refused_with_a_reason() {
    let (known, stranger, one) = (log("log.example"), log("log.example"), witness("one.example"));
    let text = format!("log {}\nwitness 1 {}\nquorum 1\n", known.verifier(), one.verifier());
    let policy = Policy::parse(text.as_bytes()).unwrap();
    let signed = |log: &NoteSigner, text: &str, line: &str| format!("{}{line}", log.sign(text).unwrap());
    let line = one.cosign(TEXT, 1).unwrap();
    let other = TEXT.replace("log.", "gol.");
    assert_eq!(policy.verify(&signed(&known, TEXT, &line)).unwrap().1[0].name, "1");
    let refused = |note: &str| policy.verify(note).unwrap_err();
    assert!(matches!(refused("nothing"), Unmet::Note(NoteError::Malformed(_))));
    assert!(matches!(refused(&signed(&known, "text\n", &line)), Unmet::Checkpoint(_)));
    assert_eq!(refused(&signed(&stranger, TEXT, &line)), Unmet::Log("log.example".into()));
    assert_eq!(refused(&signed(&known, &other, &line)), Unmet::Log("gol.example".into()), "a log speaks for itself");
    assert_eq!(refused(&signed(&known, TEXT, "")), Unmet::Quorum(Vec::new()));
    assert_eq!(refused(&signed(&known, TEXT, &witness("one.example").cosign(TEXT, 1).unwrap())), Unmet::Quorum(vec![]));
    let forged = one.cosign(&other, 1).unwrap();
    assert_eq!(
        refused(&signed(&known, TEXT, &forged)),
        Unmet::Note(NoteError::BadSignature("one.example".into())),
        "a known key with a bad signature condemns the note"
    );
    let free = Policy::parse(format!("log {}\nquorum none\n", known.verifier()).as_bytes()).unwrap();
    assert!(free.verify(&signed(&known, TEXT, "")).is_ok());
}

#[test]
fn policies_are_refused_with_a_reason() {
    let (log, one, two) = (log("log.example"), witness("one.example"), witness("two.example"));
    let (log, first, second) = (log.verifier().to_string(), one.verifier().to_string(), two.verifier().to_string());
    let renamed = NoteVerifier::new("other.example", SignatureKind::Cosignature, one.verifier().public_key().clone());
    let renamed = renamed.unwrap().to_string();
    let both = format!("witness 1 {first}\nwitness 2 {second}\n");
    let rows = [
        (format!("log {log} https://log.example too-much\n"), LineFault::Form),
        ("log\n".to_owned(), LineFault::Form),
        ("witness 1\n".to_owned(), LineFault::Form),
        ("Quorum none\n".to_owned(), LineFault::Form),
        (format!("{both}group g all\n"), LineFault::Form),
        ("log nonsense\n".to_owned(), LineFault::Key(VerifierKeyError::Malformed)),
        (format!("log {first}\n"), LineFault::KeyKind),
        (format!("witness 1 {log}\n"), LineFault::KeyKind),
        (format!("log {log}\nlog {log}\n"), LineFault::DuplicateKey),
        (format!("witness 1 {first}\nwitness 2 {first}\n"), LineFault::DuplicateKey),
        (format!("witness 1 {first}\nwitness 2 {renamed}\n"), LineFault::DuplicateKey),
        (format!("witness 1 {first}\nwitness 1 {second}\n"), LineFault::DuplicateName("1".into())),
        (format!("witness none {first}\n"), LineFault::DuplicateName("none".into())),
        (format!("{both}group 1 any 2\n"), LineFault::DuplicateName("1".into())),
        (format!("{both}group g any g\n"), LineFault::UnknownName("g".into())),
        (format!("{both}group g any none\n"), LineFault::UnknownName("none".into())),
        (format!("{both}group g any 1 3\n"), LineFault::UnknownName("3".into())),
        (format!("group g any 1\n{both}"), LineFault::UnknownName("1".into())),
        ("quorum 1\n".to_owned(), LineFault::UnknownName("1".into())),
        (format!("{both}group g all 1 1\n"), LineFault::DuplicateMember("1".into())),
        (format!("{both}group g all 1\ngroup h all 1 2\n"), LineFault::DuplicateMember("1".into())),
        (format!("{both}group g 0 1 2\n"), LineFault::Threshold(2)),
        (format!("{both}group g 3 1 2\n"), LineFault::Threshold(2)),
        (format!("{both}group g 01 1 2\n"), LineFault::Threshold(2)),
        (format!("{both}group g most 1 2\n"), LineFault::Threshold(2)),
        ("quorum none\nquorum none\n".to_owned(), LineFault::SecondQuorum),
    ];
    for (text, expected) in rows {
        let number = text.lines().count();
        let number = if text.starts_with("group g any 1\n") { 1 } else { number };
        assert_eq!(Policy::parse(text.as_bytes()), Err(PolicyError::Line { number, fault: expected }), "{text}");
    }
    assert_eq!(Policy::parse(both.as_bytes()), Err(PolicyError::NoQuorum));
    for text in [&b""[..], b"quorum none", b"quorum none\r\n", b"quorum\0none\n", b"quorum none\x7f\n"] {
        assert_eq!(Policy::parse(text), Err(PolicyError::Characters), "{text:?}");
    }
    assert_eq!(Policy::parse(&[b'#'; MAX_POLICY + 1]), Err(PolicyError::TooLong));
    let many: String = (0..=MAX_NAMES).map(|n| format!("witness {n} {}\n", witness("w.example").verifier())).collect();
    assert_eq!(
        Policy::parse(many.as_bytes()),
        Err(PolicyError::Line { number: MAX_NAMES + 1, fault: LineFault::TooMany })
    );
}

#[test]
fn names_are_bytes() {
    let (one, two) = (witness("one.example"), witness("two.example"));
    let three = witness("three.example");
    let line =
        |name: &[u8], key: &Cosigner| [b"witness ", name, b" ", key.verifier().to_string().as_bytes(), b"\n"].concat();
    let text = [line(b"K", &one), line("\u{212A}".as_bytes(), &two), line(&[0xFF], &three), b"quorum K\n".to_vec()];
    let policy = Policy::parse(&text.concat()).unwrap();
    let note = |line: String| format!("{}{line}", log("log.example").sign(TEXT).unwrap());
    assert!(policy.witnessed(&note(one.cosign(TEXT, 1).unwrap())).is_ok());
    assert!(policy.witnessed(&note(two.cosign(TEXT, 1).unwrap())).is_err());
}

#[test]
fn sunlights_witnesses_make_a_quorum() {
    let Some(dir) = vectors("transparency/tlog-tiles-sunlight") else { return };
    let key = |file: &str| {
        let json: serde_json::Value = serde_json::from_slice(&std::fs::read(dir.join(file)).unwrap()).unwrap();
        json["verifier_keys"][0].as_str().unwrap().to_owned()
    };
    let (one, two) = (key("witness/witness.v0.json"), key("witness2/witness.v0.json"));
    let policy = |quorum: &str| {
        let text = format!("witness a {one}\nwitness b {two}\ngroup any any a b\nquorum {quorum}\n");
        Policy::parse(text.as_bytes()).unwrap()
    };
    for (place, name) in [
        ("witness/000de184301123b9278c086a7d9f68c9577e83872224c197058fd90784ea9706", "a"),
        ("witness2/88ad7a28caeb0b2aa890fdf0304c2fcaf59fca2ee140134ff8c1300bac493482", "b"),
    ] {
        let note = std::fs::read_to_string(dir.join(place).join("checkpoint")).unwrap();
        let expected = Witness { name: name.into(), time: 1_767_139_200 };
        assert_eq!(policy("any").witnessed(&note), Ok(vec![expected.clone()]));
        assert_eq!(policy(name).witnessed(&note), Ok(vec![expected.clone()]));
        let other = if name == "a" { "b" } else { "a" };
        assert_eq!(policy(other).witnessed(&note), Err(Unmet::Quorum(vec![expected])));
    }
}

proptest! {
    #[test]
    fn arbitrary_policies_never_panic(text in "((log|witness|group|quorum|any|all|1|none|a|b|#)[ \t\n]){0,40}\n") {
        let _ = Policy::parse(text.as_bytes());
    }
}
