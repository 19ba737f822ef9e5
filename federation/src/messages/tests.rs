#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use ledger::digest::Digest;
use ledger::entry::Kind;
use ledger::merkle::leaf_hash;
use proptest::prelude::*;

use super::*;

fn entry(kind: Kind) -> Entry {
    Entry { kind, time_ms: 7, digest: Digest::of(b"x") }
}

fn text_of(message: &impl Message) -> String {
    String::from_utf8(message.encode().to_vec()).unwrap()
}

#[test]
fn questions_are_as_drawn() {
    let digest = conformity::digest::Digest::of(b"x");
    for (written, drawn) in [
        (text_of(&Head { size: 1234 }), r#"{"size":1234}"#.to_owned()),
        (text_of(&HelloRequest {}), "{}".to_owned()),
        (text_of(&CheckpointRequest { held: 1200 }), r#"{"held":1200}"#.to_owned()),
        (text_of(&RangeRequest { from: 1200, entries: 256 }), r#"{"from":1200,"entries":256}"#.to_owned()),
        (text_of(&AttachmentRequest { digest, offset: 0 }), format!(r#"{{"digest":"{digest}","offset":0}}"#)),
        (text_of(&RestrictedRequest { from: 1200, entries: 128 }), r#"{"from":1200,"entries":128}"#.to_owned()),
        (
            text_of(&DisclosuresRequest {
                credentials: vec![CredentialAt { verdict: "V-1".parse().unwrap(), index: 7 }],
            }),
            r#"{"credentials":[{"verdict":"V-1","index":7}]}"#.to_owned(),
        ),
        (
            text_of(&Notice { statement: "a.b.c".into(), proof: "p\n".into() }),
            r#"{"statement":"a.b.c","proof":"p\n"}"#.to_owned(),
        ),
        (
            text_of(&Cosign { old: 7, proof: Proof(vec![]), checkpoint: "note".into() }),
            r#"{"old":7,"proof":[],"checkpoint":"note"}"#.to_owned(),
        ),
        (
            text_of(&Evidence { first: "1".into(), second: "2".into(), inconsistency: None, keys: None }),
            r#"{"first":"1","second":"2"}"#.to_owned(),
        ),
    ] {
        assert_eq!(written, drawn);
    }
}

#[test]
fn answers_are_as_drawn() {
    let hash = leaf_hash(b"");
    let range = Range {
        entries: Entries(vec![entry(Kind::Statement), entry(Kind::Seal)]),
        statements: vec![Some("a.b.c".into()), None],
        checkpoint: "note\n".into(),
        proof: Proof(vec![hash]),
    };
    let written = text_of(&Answer::Ok(range.clone()));
    assert!(written.starts_with(r#"{"ok":{"entries":"AQIAAAAAAAAAB"#), "{written}");
    let rest = format!(r#""statements":["a.b.c",null],"checkpoint":"note\n","proof":["{hash}"]}}}}"#);
    assert!(written.ends_with(&rest), "{written}");
    assert_eq!(Answer::decode(written.as_bytes()), Ok(Answer::Ok(range)));
    let piece = Piece { size: 3, bytes: Blob(b"abc".to_vec()) };
    assert_eq!(text_of(&Answer::Ok(piece)), r#"{"ok":{"size":3,"bytes":"YWJj"}}"#);
    let disclosures = Disclosures { credentials: vec![Some("a.b.c~d~".into()), None] };
    assert_eq!(text_of(&Answer::Ok(disclosures)), r#"{"ok":{"credentials":["a.b.c~d~",null]}}"#);
    let shown = Confidence { index: 1207, statement: "a.b.c".into() };
    let restricted = Restricted { statements: vec![shown], gone: vec![1042], next: 1328 };
    let drawn = r#"{"ok":{"statements":[{"index":1207,"statement":"a.b.c"}],"gone":[1042],"next":1328}}"#;
    assert_eq!(text_of(&Answer::Ok(restricted)), drawn);
    let refused = Answer::<Done>::Refused(Refused::new("quota", "later"));
    assert_eq!(text_of(&refused), r#"{"refused":{"code":"quota","text":"later"}}"#);
    assert_eq!(text_of(&Answer::Ok(Done {})), r#"{"ok":{}}"#);
    for (answer, drawn) in [
        (CosignAnswer::Cosignature("— w AAAA\n".into()), r#"{"ok":{"cosignature":"— w AAAA\n"}}"#),
        (CosignAnswer::Conflict(7), r#"{"ok":{"conflict":7}}"#),
    ] {
        assert_eq!(text_of(&Answer::Ok(answer.clone())), drawn);
        assert_eq!(Answer::decode(drawn.as_bytes()), Ok(Answer::Ok(answer)));
    }
    let inconsistency = Some(Inconsistency { root: hash, proof: Proof(vec![hash]) });
    let evidence = Evidence { first: "1".into(), second: "2".into(), inconsistency, keys: None };
    let drawn = format!(r#"{{"first":"1","second":"2","inconsistency":{{"root":"{hash}","proof":["{hash}"]}}}}"#);
    assert_eq!((text_of(&evidence), Evidence::decode(drawn.as_bytes())), (drawn, Ok(evidence)));
}

#[test]
fn credentials_are_asked_for_a_few_at_a_time() {
    let question =
        |count| format!(r#"{{"credentials":[{}]}}"#, vec![r#"{"verdict":"V-1","index":7}"#; count].join(","));
    let read = |count| DisclosuresRequest::decode(question(count).as_bytes());
    assert_eq!(read(MAX_CREDENTIALS).unwrap().credentials.len(), MAX_CREDENTIALS);
    assert!(matches!(read(MAX_CREDENTIALS + 1), Err(MessageError::Malformed(_))));
    assert!(matches!(read(1_000), Err(MessageError::TooLarge(_))));
    let answer = |count| format!(r#"{{"ok":{{"credentials":[{}]}}}}"#, vec!["null"; count].join(","));
    assert!(Answer::<Disclosures>::decode(answer(MAX_CREDENTIALS + 1).as_bytes()).is_err());
    // The largest answer that is sent fits into a message.
    let largest = Disclosures { credentials: vec![Some("x".repeat(MAX_CREDENTIAL_BYTES)); 1] };
    assert!(Answer::Ok(largest).encode().len() + 5 * MAX_CREDENTIALS < MAX_PAYLOAD as usize);
}

/// What a peer writes as its reason is shown to our operator: short, and nothing that moves a cursor.
#[test]
fn refusals_of_others_are_bounded_and_printable() {
    let long = format!(r#"{{"refused":{{"code":"{}","text":"\u001b[2J{}"}}}}"#, "c".repeat(900), "t".repeat(9000));
    let Ok(Answer::Refused(refused)) = Answer::<Done>::decode(long.as_bytes()) else { panic!("{long}") };
    assert_eq!((refused.code.len(), refused.text.len()), (MAX_CODE, MAX_TEXT));
    assert!(!refused.text.contains('\u{1b}'));
    let quoting = format!(r#"{{"{}":1}}"#, "m".repeat(400));
    let Err(MessageError::Malformed(text)) = RangeRequest::decode(quoting.as_bytes()) else { panic!() };
    assert!(text.chars().count() <= MAX_TEXT);
}

#[test]
fn anything_else_is_refused() {
    let ok = r#""entries":"","statements":[],"checkpoint":"","proof":[]"#;
    assert!(Answer::<Range>::decode(format!(r#"{{"ok":{{{ok}}}}}"#).as_bytes()).is_ok());
    let with = |entries: String, proof: String| {
        format!(r#"{{"ok":{{"entries":"{entries}","statements":[],"checkpoint":"","proof":[{proof}]}}}}"#)
    };
    for (message, why) in [
        (String::new(), "nothing"),
        ("null".to_owned(), "no object"),
        ("[1]".to_owned(), "an array"),
        (" {}".to_owned(), "something before it"),
        ("{}".to_owned(), "neither"),
        (format!(r#"{{"ok":{{{ok}}},"refused":{{"code":"","text":""}}}}"#), "both"),
        (format!(r#"{{"ok":{{{ok},"more":1}}}}"#), "an unknown member"),
        (format!(r#"{{"ok":{{{ok},"proof":[]}}}}"#), "a member twice"),
        (format!(r#"{{"ok":{{{ok}}}}} x"#), "something after it"),
        (with("AQ==".into(), String::new()), "part of an entry"),
        (with("AQ".into(), String::new()), "no padding"),
        (with("A".repeat(56), String::new()), "an entry of version 0"),
        (with(String::new(), "\"AA==\"".into()), "a short hash"),
        (with(String::new(), vec![format!("\"{}\"", leaf_hash(b"")); MAX_PROOF + 1].join(",")), "a long proof"),
        ("{\"ok\":".repeat(10_000), "deep nesting"),
    ] {
        assert!(matches!(Answer::<Range>::decode(message.as_bytes()), Err(MessageError::Malformed(_))), "{why}");
    }
}

#[test]
fn sizes_are_checked_before_anything_is_read() {
    fn limit<M: Message + std::fmt::Debug>(expected: usize) {
        let large = vec![b'{'; expected + 1];
        assert_eq!(M::decode(&large).unwrap_err(), MessageError::TooLarge(expected + 1));
        assert!(matches!(M::decode(&large[..expected]).unwrap_err(), MessageError::Malformed(_)));
    }
    limit::<Head>(MAX_QUESTION);
    limit::<HelloRequest>(MAX_QUESTION);
    limit::<CheckpointRequest>(MAX_QUESTION);
    limit::<RangeRequest>(MAX_QUESTION);
    limit::<AttachmentRequest>(MAX_QUESTION);
    limit::<Notice>(MAX_NOTICE);
    limit::<Evidence>(MAX_EVIDENCE);
    limit::<Answer<Range>>(MAX_PAYLOAD as usize);
}

/// The largest that each party may write is what the other reads.
#[test]
fn the_largest_messages_fit() {
    let statement = "a".repeat(ledger::jws::MAX_STATEMENT);
    // Lines as long as hashes; a line break takes two bytes in JSON.
    let lines = |bytes: usize| format!("{}\n", "p".repeat(43)).repeat(bytes / 44);
    let proof = lines(ledger::proof::MAX_PROOF);
    assert!(Notice { statement, proof }.encode().len() <= MAX_NOTICE);
    let note = lines(ledger::note::MAX_NOTE);
    let statement = "a".repeat(crate::serve::MAX_STATEMENTS / 16);
    let range = Range {
        entries: Entries(vec![entry(Kind::Statement); MAX_ENTRIES]),
        statements: [vec![Some(statement); 16], vec![None; MAX_ENTRIES - 16]].concat(),
        checkpoint: note.clone(),
        proof: Proof(vec![leaf_hash(b""); 64]),
    };
    assert!(Answer::Ok(range).encode().len() <= MAX_PAYLOAD as usize);
    let cosign = Cosign { old: u64::MAX, proof: Proof(vec![leaf_hash(b""); 63]), checkpoint: note.clone() };
    assert!(cosign.encode().len() <= MAX_COSIGN);
    let inconsistency = Some(Inconsistency { root: leaf_hash(b""), proof: Proof(vec![leaf_hash(b""); 64]) });
    assert!(Evidence { first: note.clone(), second: note, inconsistency, keys: None }.encode().len() <= MAX_EVIDENCE);
    let piece = Piece { size: u64::MAX, bytes: Blob(vec![0; MAX_PIECE]) };
    assert!(Answer::Ok(piece).encode().len() <= MAX_PAYLOAD as usize);
    let digest = conformity::digest::Digest::of(b"x");
    assert!(AttachmentRequest { digest, offset: u64::MAX }.encode().len() <= MAX_QUESTION);
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let object = [b"{", bytes.as_slice()].concat();
        let _ = Answer::<Range>::decode(&object);
        let _ = Head::decode(&object);
        let _ = Notice::decode(&object);
    }

    #[test]
    fn what_was_written_is_read_again(shown in proptest::collection::vec(any::<bool>(), 0..40)) {
        let range = Range {
            entries: Entries(shown.iter().map(|_| entry(Kind::Statement)).collect()),
            statements: shown.iter().map(|shown| shown.then(|| "x.y.z".to_owned())).collect(),
            checkpoint: "n\n".into(),
            proof: Proof(vec![leaf_hash(b"")]),
        };
        prop_assert_eq!(Answer::decode(&Answer::Ok(range.clone()).encode()), Ok(Answer::Ok(range)));
    }
}

#[test]
fn an_answer_about_restricted_verdicts_is_bounded_and_printed_by_nobody() {
    let answer = |statements: usize, gone: usize| {
        let one = Confidence { index: 7, statement: "secret".into() };
        Restricted { statements: vec![one; statements], gone: vec![1; gone], next: 8 }
    };
    for (statements, gone, taken) in [(64, 64, true), (65, 0, false), (0, 65, false)] {
        let bytes = Answer::Ok(answer(statements, gone)).encode();
        assert_eq!(Answer::<Restricted>::decode(&bytes).is_ok(), taken, "{statements}, {gone}");
    }
    let large =
        Restricted { statements: vec![Confidence { index: 7, statement: "x".repeat(1 << 20) }], ..answer(0, 0) };
    let bytes = Answer::Ok(large).encode();
    assert_eq!(Answer::<Restricted>::decode(&bytes), Err(MessageError::TooLarge(bytes.len())));
    assert!(!format!("{:?}", answer(1, 0)).contains("secret"));
    assert!(!format!("{:?}", answer(1, 0).statements).contains("secret"));
}
