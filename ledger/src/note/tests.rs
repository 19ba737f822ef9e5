//! Notes: the examples of the specification, and a row per reason of refusal.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use super::*;
use crate::checkpoint::{Checkpoint, CheckpointError, Purpose};
use proptest::prelude::*;

const EXAMPLE_KEY: &str = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";
const EXAMPLE: &str = "This is an example message.\n\n— example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n";

fn example_key() -> NoteVerifier {
    EXAMPLE_KEY.parse().unwrap()
}

fn signer(name: &str) -> NoteSigner {
    NoteSigner::new(name, SigningKey::generate(Algorithm::Ed25519).unwrap()).unwrap()
}

/// What stands in the note as a signature line.
fn line_of(note: &str) -> &str {
    note.rsplit("\n\n").next().unwrap()
}

#[test]
fn the_example_of_the_specification_verifies() {
    let key = example_key();
    assert_eq!(key.to_string(), EXAMPLE_KEY);
    assert_eq!((key.name(), key.id(), key.kind()), ("example.com/foo", 0x530d_903a, SignatureKind::Ed25519));
    let note = SignedNote::parse(EXAMPLE).unwrap();
    let verified = note.verify(&[&key]).unwrap();
    assert_eq!(verified.text(), "This is an example message.\n");
    assert_eq!(verified.signers(), [(0, None)]);
}

#[test]
fn verifier_keys_are_refused_with_a_reason() {
    let p256 = SigningKey::generate(Algorithm::P256).unwrap();
    assert_eq!(NoteSigner::new("a", p256).unwrap_err(), VerifierKeyError::Algorithm(Algorithm::P256));
    let rows = [
        ("", VerifierKeyError::Malformed),
        ("example.com/foo", VerifierKeyError::Malformed),
        ("example.com/foo+530d903a", VerifierKeyError::Malformed),
        ("example.com/foo+530D903A+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k", VerifierKeyError::Malformed),
        ("example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2", VerifierKeyError::Malformed),
        ("example.com/foo+530d903a+Aeky", VerifierKeyError::Malformed),
        ("example.com/foo+530d903b+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k", VerifierKeyError::Id),
        ("example.com/fop+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k", VerifierKeyError::Id),
        ("example.com foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k", VerifierKeyError::Name),
        ("+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k", VerifierKeyError::Name),
        ("example.com/foo+530d903a+BekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k", VerifierKeyError::Type(5)),
        (
            "example.com/foo+530d903a+AQEAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
            VerifierKeyError::Key(KeyError::NotPrimeOrder),
        ),
    ];
    for (text, expected) in rows {
        assert_eq!(text.parse::<NoteVerifier>(), Err(expected), "{text}");
    }
    assert_eq!("x".repeat(600).parse::<NoteVerifier>(), Err(VerifierKeyError::Malformed));
}

#[test]
fn notes_are_refused_with_a_reason() {
    let key = example_key();
    let parse = |note: &str| SignedNote::parse(note).map(|note| note.verify(&[&key]).map(drop)).and_then(|v| v);
    let malformed = |note: &str| matches!(parse(note), Err(NoteError::Malformed(_)));
    assert!(malformed(""));
    assert!(malformed("text\n"));
    assert!(malformed("text\n\n"), "no signature line");
    assert!(malformed(EXAMPLE.strip_suffix('\n').unwrap()), "no newline at the end");
    assert!(malformed(&EXAMPLE.replace('—', "-")));
    assert!(malformed(&EXAMPLE.replace("Uw2Q", "Uw2")), "not base64");
    assert!(malformed("text\n\n— name AAAA\n"), "no room for a key id and a signature");
    assert!(malformed("text\n\n— na+me AAAAAAA=\n"));
    assert!(malformed(&format!("{EXAMPLE}{}", "— a AAAAAAA=\n".repeat(MAX_SIGNATURES))));
    assert_eq!(parse(&EXAMPLE.replace("an example", "an\texample")), Err(NoteError::Text));
    assert_eq!(parse("\n\n— name AAAAAAA=\n"), Err(NoteError::NotSigned), "a text of one empty line");
    assert_eq!(parse(&"x".repeat(MAX_NOTE + 1)), Err(NoteError::TooLong));
    assert_eq!(parse("text\n\n— name AAAAAAA=\n"), Err(NoteError::NotSigned));
    let bad = Err(NoteError::BadSignature("example.com/foo".into()));
    assert_eq!(parse(&EXAMPLE.replace("This", "That")), bad);
    assert_eq!(parse(&EXAMPLE.replace("IneyaQM=", "IneyaQI=")), bad, "a good name and id, a bad signature");
}

#[test]
fn unknown_signatures_are_ignored_and_bad_ones_are_not() {
    let (log, witness, stranger) = (signer("log.example"), signer("witness.example"), signer("stranger.example"));
    let text = "text\n\nwith an empty line\n";
    let note = log.sign(text).unwrap();
    let by_both = format!("{note}{}", line_of(&witness.sign(text).unwrap()));
    let known = [log.verifier(), witness.verifier()];
    let parsed = SignedNote::parse(&by_both).unwrap();
    assert_eq!(parsed.claimed_signers().collect::<Vec<_>>(), ["log.example", "witness.example"]);
    assert_eq!(parsed.verify(&known).unwrap().signers(), [(0, None), (1, None)]);
    assert_eq!(parsed.verify(&known).unwrap().text(), text);
    assert_eq!(parsed.verify(&[witness.verifier()]).unwrap().signers(), [(0, None)]);
    assert_eq!(parsed.verify(&[stranger.verifier()]), Err(NoteError::NotSigned));
    // Another key of a known name, and a known id under another name, are strangers.
    let namesake = signer("log.example");
    assert_eq!(parsed.verify(&[namesake.verifier()]), Err(NoteError::NotSigned));
    let renamed = by_both.replace("— log.example", "— gol.example");
    assert_eq!(SignedNote::parse(&renamed).unwrap().verify(&[log.verifier()]), Err(NoteError::NotSigned));
    // A known key's bad signature condemns the note, although another known key signed.
    let mixed = format!("{note}{}", line_of(&witness.sign("other\n").unwrap()));
    let refused = SignedNote::parse(&mixed).unwrap().verify(&known);
    assert_eq!(refused, Err(NoteError::BadSignature("witness.example".into())));
    // The same again counts once.
    let twice = format!("{note}{}", line_of(&note));
    assert_eq!(SignedNote::parse(&twice).unwrap().verify(&known).unwrap().signers(), [(0, None)]);
}

#[test]
fn only_what_can_be_a_note_is_signed() {
    let signer = signer("log.example");
    for text in ["", "no newline", "tab\t\n", "bell\u{7}\n"] {
        assert_eq!(signer.sign(text), Err(NoteError::Text), "{text:?}");
    }
}

#[test]
fn checkpoints_are_refused_with_a_reason() {
    let log = signer("log.example");
    let root = "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=";
    let good = format!("log.example\n20852163\n{root}\n");
    let verify = |text: &str| Checkpoint::verify(&log.sign(text).unwrap(), log.verifier());
    let checkpoint = verify(&good).unwrap();
    assert_eq!(checkpoint.to_string(), good);
    assert_eq!(checkpoint.size, 20_852_163);
    assert_eq!(checkpoint.sign(&log), log.sign(&good).map_err(CheckpointError::from));
    assert_eq!(verify(&format!("{good}an extension\n")), Ok(checkpoint.clone()));
    let line = "secure-trust-registry/commit@1\n";
    for text in [format!("{good}{line}"), format!("{good}one before\n{line}one behind\n")] {
        let commit = Checkpoint { purpose: Purpose::Commit, ..checkpoint.clone() };
        assert_eq!(verify(&text), Ok(commit.clone()));
        assert_eq!(commit.to_string(), format!("{good}{line}"));
        let published = Checkpoint::verify_published(&log.sign(&text).unwrap(), log.verifier());
        assert_eq!(published, Err(CheckpointError::Commit));
    }
    for text in [good.clone(), format!("{good}{}", line.replace("@1", "@10"))] {
        let published = Checkpoint::verify_published(&log.sign(&text).unwrap(), log.verifier());
        assert_eq!(published.unwrap().purpose, Purpose::Publication);
    }
    let rows = [
        ("two lines", good.replace(&format!("{root}\n"), "")),
        ("an empty line", format!("{good}\nmore\n")),
        ("a leading zero", good.replace("208", "0208")),
        ("a sign", good.replace("208", "+208")),
        ("too large", good.replace("20852163", "18446744073709551616")),
        ("a short root", good.replace("CsUY", "")),
        ("a root that is not canonical", good.replace("q2I=", "q2J=")),
        ("no origin", good.replace("log.example", "")),
    ];
    for (reason, text) in rows {
        assert!(matches!(verify(&text), Err(CheckpointError::Malformed(_))), "{reason}: {:?}", verify(&text));
    }
    let other = verify(&good.replace("log.example", "other.example"));
    assert!(matches!(other, Err(CheckpointError::Origin { .. })), "a log speaks for itself only");
    assert!(Checkpoint { origin: "other.example".into(), ..checkpoint }.sign(&log).is_err());
    assert!(Checkpoint::verify(&good, log.verifier()).unwrap_err().to_string().contains("empty line"));
}

proptest! {
    #[test]
    fn arbitrary_notes_never_panic(text in "\\PC{0,40}(\n|— |\\PC|\n\n){0,20}") {
        let key = example_key();
        if let Ok(note) = SignedNote::parse(&text) {
            prop_assert!(note.verify(&[&key]).is_err());
        }
        prop_assert!(text.parse::<NoteVerifier>().is_err());
        prop_assert!(Checkpoint::verify(&text, &key).is_err());
    }
}
