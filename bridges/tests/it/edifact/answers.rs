//! What is read of sound interchanges, and APERAK as an answer.

use bridges::edifact::Edifact;
use bridges::{Bridge, Kind, PartyIdentifier, Role, Unanswerable, Unread};
use procurement::{Advice, TradingStep};

use super::{interchange, message, one, read};
use crate::common::{answer, parties};

#[test]
fn parties_are_known_by_the_list_that_issued_their_identifier() {
    let rows = [
        ("NAD+SU+4012345000009::9'", Role::Supplier, "SU gln:4012345000009"),
        ("NAD+SU+4012345000009:160:9'", Role::Supplier, "SU gln:4012345000009"),
        ("NAD+SE+150483782::16'", Role::Seller, "SE duns:150483782"),
        ("NAD+BY+123456000001::289'", Role::Buyer, "BY standard-company-code:123456000001"),
        ("NAD+SN+4012345000009::9'", Role::Other, "SN gln:4012345000009"),
        ("NAD+SU+4711::92'", Role::Supplier, "SU [3055=92] 4711"),
        ("NAD+SU+4711:100:9'", Role::Supplier, "SU [3055=9 1131=100] 4711"),
        ("NAD+SU+4711'", Role::Supplier, "SU [] 4711"),
        ("NAD+SU+4012345000008::9'", Role::Supplier, "SU [3055=9] 4012345000008"),
        ("NAD+SU+++A name alone'", Role::Supplier, "SU"),
    ];
    for (segment, role, expected) in rows {
        let document = one(&message("ORDERS", segment));
        assert_eq!(parties(&document), [expected], "{segment}");
        assert_eq!(document.parties[0].role, role, "{segment}");
    }
    let broken = one(&message("ORDERS", "NAD+SU+4012345000008::9'"));
    let identifier = &broken.parties[0].identifiers[0];
    assert!(matches!(identifier, PartyIdentifier::Unread { why: Unread::Broken(_), .. }), "{identifier:?}");
}

#[test]
fn each_message_type_belongs_to_a_step() {
    let rows = [
        ("PARTIN", Some(TradingStep::Information)),
        ("PRICAT", Some(TradingStep::Information)),
        ("REQOTE", Some(TradingStep::Quote)),
        ("QUOTES", Some(TradingStep::Quote)),
        ("CNTCND", Some(TradingStep::Contract)),
        ("ORDERS", Some(TradingStep::Order)),
        ("ORDCHG", Some(TradingStep::Order)),
        ("ORDRSP", Some(TradingStep::Order)),
        ("DELFOR", Some(TradingStep::Delivery)),
        ("DESADV", Some(TradingStep::Delivery)),
        ("RECADV", Some(TradingStep::Acceptance)),
        ("INVOIC", Some(TradingStep::Payment)),
        ("REMADV", Some(TradingStep::Payment)),
        ("CREADV", Some(TradingStep::Payment)),
        ("CREEXT", Some(TradingStep::Payment)),
        ("CREMUL", Some(TradingStep::Payment)),
        ("DEBADV", Some(TradingStep::Payment)),
        ("DEBMUL", Some(TradingStep::Payment)),
        ("DIRDEB", Some(TradingStep::Payment)),
        ("PAYDUC", Some(TradingStep::Payment)),
        ("BAPLIE", None),
    ];
    for (name, step) in rows {
        assert_eq!(one(&message(name, "BGM+1+4711'")).step, step, "{name}");
    }
}

#[test]
fn several_messages_are_several_documents() {
    let text = interchange(
        "UNH+1+ORDERS:D:96A:UN'BGM+220+A'UNT+3+1'UNH+2+ORDRSP:D:96A:UN'BGM+231+B'NAD+SU+4012345000009::9'UNT+4+2'",
        2,
    );
    let reading = read(&text).unwrap();
    let found: Vec<_> = reading.documents.iter().map(|one| (one.kind, one.reference.as_deref())).collect();
    assert_eq!(found, [(Kind::Order, Some("A")), (Kind::OrderResponse, Some("B"))]);
    let groups = interchange(
        "UNG+ORDERS+a+b+261127:2300+7+UN+D:96A'UNH+1+ORDERS:D:96A:UN'UNT+2+1'UNE+1+7'\
         UNG+ORDERS+a+b+261127:2300+8+UN+D:96A'UNH+1+ORDERS:D:96A:UN'UNT+2+1'UNE+1+8'",
        2,
    );
    assert_eq!(read(&groups).unwrap().documents.len(), 2);
}

#[test]
fn character_sets_are_honoured() {
    let rows: [(&str, &[u8], &str); 5] = [
        ("UNOC:3", b"M\xdcLLER", "MÜLLER"),
        ("UNOD:3", b"\xa9KODA", "ŠKODA"),
        ("UNOE:3", b"\xbc\xd8\xe0", "Мир"),
        ("UNOY:4", "日本".as_bytes(), "日本"),
        ("UNOB:3", b"plain", "plain"),
    ];
    for (set, bytes, expected) in rows {
        let text = message("ORDERS", "BGM+220+@'").replace("UNOC:3", set);
        let (before, after) = text.split_once('@').unwrap();
        let input = [before.as_bytes(), bytes, after.as_bytes()].concat();
        let reading = Edifact.read(&input).unwrap();
        assert_eq!(reading.documents[0].reference.as_deref(), Some(expected), "{set}");
    }
}

#[test]
fn separators_of_level_b_are_found_without_advice() {
    let text = message("ORDERS", "NAD+SU+4012345000009::9'").replace('+', "\u{1d}").replace(':', "\u{1f}");
    assert_eq!(parties(&one(&text.replace('\'', "\u{1c}"))), ["SU gln:4012345000009"]);
}

#[test]
fn an_answer_is_an_interchange_back_to_the_sender() {
    let document = one(&message("ORDERS", "BGM+220+4711+9'NAD+SU+4012345000009::9'"));
    let written = String::from_utf8(Edifact.answer(&document, &answer(&document, Advice::Stop)).unwrap()).unwrap();
    let expected = [
        "UNA:+.? '",
        "UNB+UNOC:3+5412345000013:14+4012345000009:14+261127:2301+A-1++APERAK'",
        "UNH+1+APERAK:D:96A:UN'",
        "BGM+:::ANSWER ON STANDING+A-1+9'",
        "DTM+137:202611272301:203'",
        "RFF+ACW:4711'",
        "ERC+STOP::86'",
        "FTX+AAI+++No verdict of the level that the policy asks for'",
        "RFF+ZZZ:4012345000009'",
        "FTX+ACB+++AS OF 2026-11-27T23?:00?:00Z, PROOF https?://jp.registry.example/proofs/v:erdict/4711'",
        "UNT+9+1'",
        "UNZ+1+A-1'",
    ];
    assert_eq!(written, expected.concat());
    let again = one(&written);
    assert_eq!((again.kind, &*again.form), (Kind::Acknowledgement, "APERAK:D:96A:UN"));
    assert_eq!(again.envelope.sender, document.envelope.receiver);
    assert_eq!(again.envelope.receiver, document.envelope.sender);
    assert_eq!(again.notices, []);
}

#[test]
fn what_was_delivered_is_answered_with_a_notice_at_most() {
    let rows = [
        ("ORDERS", "UN", "STOP"),
        ("DESADV", "UN", "STOP"),
        ("RECADV", "UN", "NOTICE"),
        ("INVOIC", "UN", "NOTICE"),
        ("INVOIC", "OD", "NOTICE"),
        ("RECADV", "ZZ", "NOTICE"),
        ("ORDERS", "OD", "STOP"),
        // Of an unknown kind, which may be an invoice by another name.
        ("FAKTUR", "ZZ", "NOTICE"),
    ];
    for (name, agency, code) in rows {
        let document = one(&message(name, "BGM+1+4711'").replace(":UN'", &format!(":{agency}'")));
        let written = Edifact.answer(&document, &answer(&document, Advice::Stop)).unwrap();
        let written = String::from_utf8(written).unwrap();
        assert!(written.contains(&format!("ERC+{code}::86'")), "{name} {agency}: {written}");
    }
}

#[test]
fn whoever_brings_a_document_of_an_unknown_kind_may_say_its_step() {
    let rows = [
        ("FAKTUR", TradingStep::Order, "STOP"),
        ("FAKTUR", TradingStep::Payment, "NOTICE"),
        ("INVOIC", TradingStep::Order, "NOTICE"),
    ];
    for (name, step, code) in rows {
        let mut document = one(&message(name, "BGM+1+4711'"));
        document.belongs_to(step);
        let written = Edifact.answer(&document, &answer(&document, Advice::Stop)).unwrap();
        assert!(String::from_utf8(written).unwrap().contains(&format!("ERC+{code}::86'")), "{name} {step}");
    }
}

#[test]
fn a_test_is_answered_with_a_test() {
    let test = message("ORDERS", "BGM+220+4711'").replace("+REF1'UNH", "+REF1+++I+0+EANCOM+1'UNH");
    let reading = read(&test).unwrap();
    assert_eq!(reading.notices.len(), 1, "{:?}", reading.notices);
    let document = &reading.documents[0];
    let written = Edifact.answer(document, &answer(document, Advice::Go)).unwrap();
    assert!(String::from_utf8(written.clone()).unwrap().contains("+A-1++APERAK++++1'"));
    assert!(Edifact.read(&written).unwrap().documents[0].envelope.test);
}

#[test]
fn an_answer_keeps_to_the_characters_of_the_asker() {
    let document = |set: &str| one(&message("ORDERS", "BGM+220+4711'").replace("UNOC:3", set));
    let rows = [
        ("UNOA:3", "NO VERDICT", "HTTPS://R.EXAMPLE/1", Ok("UNOA:3")),
        ("UNOA:3", "no verdict", "HTTPS://R.EXAMPLE/1", Ok("UNOB:3")),
        ("UNOB:3", "no verdict (§ 4)", "https://r.example/1", Ok("UNOC:3")),
        ("UNOD:3", "no verdict", "https://r.example/1", Ok("UNOC:3")),
        ("UNOY:4", "判定がない", "https://r.example/1", Ok("UNOY:4")),
        ("UNOC:3", "判定がない", "https://r.example/1", Err('判')),
    ];
    for (set, explanation, proof, expected) in rows {
        let document = document(set);
        let mut answer = answer(&document, Advice::Stop);
        "NOBODY".clone_into(&mut answer.findings[0].party);
        explanation.clone_into(&mut answer.findings[0].stated.explanation);
        proof.clone_into(&mut answer.findings[0].stated.proof);
        match (Edifact.answer(&document, &answer), expected) {
            (Ok(written), Ok(expected)) => {
                assert!(String::from_utf8_lossy(&written).contains(expected), "{set}");
                assert_eq!(Edifact.read(&written).unwrap().documents.len(), 1, "{set}");
            }
            (Err(Unanswerable::Characters { found, .. }), Err(expected)) => assert_eq!(found, expected, "{set}"),
            (found, _) => panic!("{set}: {found:?}"),
        }
    }
}

#[test]
fn what_cannot_be_answered_is_not() {
    let document = one(&message("ORDERS", "BGM+220+4711'"));
    let sound = answer(&document, Advice::Go);
    let with = |change: &dyn Fn(&mut bridges::Answer)| {
        let mut answer = sound.clone();
        change(&mut answer);
        Edifact.answer(&document, &answer).unwrap_err().to_string()
    };
    let rows = [
        (with(&|one| one.findings.clear()), "says nothing"),
        (with(&|one| one.findings = vec![one.findings[0].clone(); 201]), "at most 200"),
        (with(&|one| one.findings = vec![one.findings[0].clone(); 10_001]), "at most 10000"),
        (with(&|one| one.reference.clear()), "write 1 to 14"),
        (with(&|one| "A'UNZ".clone_into(&mut one.reference)), "letters, digits and hyphens"),
        (with(&|one| one.uuid.make_ascii_uppercase()), "a UUID in lower case"),
        (with(&|one| one.findings[0].party = "1".repeat(36)), "write 1 to 35"),
        (with(&|one| one.findings[0].stated.explanation = "x".repeat(351)), "write 1 to 350"),
        (with(&|one| one.findings[0].stated.proof.clear()), "write 1 to 300"),
        (with(&|one| one.findings[0].stated.proof.push('\n')), "which a line of text does not have"),
    ];
    for (found, part) in rows {
        assert!(found.contains(part), "{found}");
    }
    let written = String::from_utf8(Edifact.answer(&document, &sound).unwrap()).unwrap();
    assert!(matches!(Edifact.answer(&one(&written), &sound), Err(Unanswerable::NotAnswered { .. })));
}
