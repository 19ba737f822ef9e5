//! A row for each fault: what stands there, and where it is found.

use bridges::edifact::Edifact;
use bridges::{Bridge, Place};

use super::{interchange, message, read};

/// Input, the part of the message that proves which fault it was, and segment, element and component; none for a byte.
type Row = (String, &'static str, Option<(usize, usize, usize)>);

const EMPTY: &str = "UNH+1+ORDERS:D:96A:UN'UNT+2+1'";

/// Bytes that do not become segments.
fn separation() -> Vec<Row> {
    vec![
        (String::new(), "nothing stands here", None),
        ("ISA*00*".to_owned(), "begins with UNA or UNB", None),
        ("UNA:+".to_owned(), "begins with UNA or UNB", None),
        ("UNA::.? 'UNB".to_owned(), "must differ", None),
        ("UNA:+.?  UNB".to_owned(), "must differ", None),
        ("UNA:+.? \nUNB".to_owned(), "must differ", None),
        ("UNA:+.A 'UNB".to_owned(), "must differ", None),
        ("UNB+UNOC:3+a+b".to_owned(), "not ended by the terminator", Some((1, 0, 0))),
        ("UNB+UNOC:3+a?".to_owned(), "not ended by the terminator", Some((1, 0, 0))),
        (format!("UNB+UNOC:3+{}", "a".repeat(70_000)), "more than 65536 bytes", Some((1, 0, 0))),
        (format!("UNB+{}", ":".repeat(2_000)), "1000 components", Some((1, 0, 0))),
        ("UNB+UNOC:3+a+b+261127:2300+R'unh+1'".to_owned(), "three capital letters", Some((2, 0, 0))),
        ("UNB+UNOC:3+a+b+261127:2300+R''".to_owned(), "three capital letters", Some((2, 0, 0))),
        ("UNA:+.? 'UNH+1+ORDERS:D:96A:UN'".to_owned(), "begins with UNB", Some((1, 0, 0))),
    ]
}

/// Headers and trailers that do not agree.
fn control() -> Vec<Row> {
    let sound = interchange(EMPTY, 1);
    let replaced = |from: &str, to: &str| sound.replace(from, to);
    vec![
        (replaced("UNOC:3", "UNOX:3"), "character set UNOX is not read", Some((1, 1, 1))),
        (replaced("UNOC:3", "UNOC:5"), "syntax versions are", Some((1, 1, 2))),
        (replaced("UNOC:3", "UNOC"), "the syntax version is missing", Some((1, 1, 2))),
        (replaced("4012345000009:14", ""), "the sender is missing", Some((1, 2, 1))),
        (replaced("5412345000013:14", ":14"), "the receiver is missing", Some((1, 3, 1))),
        (replaced("+261127:2300", "+261127"), "the time is missing", Some((1, 4, 2))),
        (replaced("2300+REF1", "2300+"), "the reference of the interchange is missing", Some((1, 5, 1))),
        (replaced("2300+REF1", "2300+0123456789012345"), "has 16 characters", Some((1, 5, 1))),
        (interchange("", 0), "a message is missing", Some((1, 0, 0))),
        (replaced("UNZ+1+REF1'", ""), "ends without UNZ", None),
        (replaced("UNT+2+1'UNZ+1+REF1'", ""), "ends without UNT", None),
        ("UNA:+.? '".to_owned(), "ends without UNB", None),
        (replaced("UNH+1", "BGM+1"), "BGM may not stand here", Some((2, 0, 0))),
        (replaced("UNT+2+1'", ""), "UNZ may not stand here", Some((3, 0, 0))),
        (replaced("UNT+2", "UNT+3"), "\"3\" segments are declared, and 2 are there", Some((3, 1, 1))),
        (replaced("UNT+2", "UNT++2"), "the count is missing", Some((3, 1, 1))),
        (replaced("UNT+2", "UNT+?+2"), "\"+2\" segments are declared", Some((3, 1, 1))),
        (replaced("UNT+2+1", "UNT+2+9"), "the reference \"9\" is not \"1\"", Some((3, 2, 1))),
        (replaced("UNZ+1", "UNZ+2"), "\"2\" messages are declared, and 1 are there", Some((4, 1, 1))),
        (replaced("UNZ+1+REF1", "UNZ+1+REF2"), "the reference \"REF2\" is not \"REF1\"", Some((4, 2, 1))),
        (format!("{sound}{sound}"), "one interchange at a time", None),
    ]
}

/// Messages and groups in the wrong place.
fn nesting() -> Vec<Row> {
    vec![
        (interchange(&format!("{EMPTY}{EMPTY}"), 2), "stands twice", Some((4, 1, 1))),
        (
            interchange(&format!("{EMPTY}UNG+ORDERS+a+b+261127:2300+7+UN+D:96A'UNE+0+7'"), 1),
            "UNG may not stand here",
            Some((4, 0, 0)),
        ),
        (
            interchange("UNG+ORDERS+a+b+261127:2300+7+UN+D:96A'UNE+1+7'", 1),
            "\"1\" messages are declared, and 0 are there",
            Some((3, 1, 1)),
        ),
        (
            interchange("UNG+ORDERS+a+b+261127:2300+7+UN+D:96A'UNE+0+8'", 1),
            "the reference \"8\" is not \"7\"",
            Some((3, 2, 1)),
        ),
        (interchange("UNG+ORDERS+a+b+261127:2300+7+UN+D:96A'BGM+1'", 1), "a group holds messages", Some((3, 0, 0))),
    ]
}

/// Values that are read.
fn values() -> Vec<Row> {
    let message_of = |segments: &str| message("ORDERS", segments);
    vec![
        (interchange("UNH+1+ORDERS'UNT+2+1'", 1), "the version of the message type is missing", Some((2, 2, 2))),
        (message_of("NAD'"), "the party qualifier is missing", Some((3, 1, 1))),
        (message_of("NAD+SUPP'"), "has 4 characters", Some((3, 1, 1))),
        (message_of(&format!("NAD+SU+{}::9'", "1".repeat(36))), "has 36 characters", Some((3, 2, 1))),
        (message_of("NAD+SU+4012\u{7}345::9'"), "free of control characters", Some((3, 2, 1))),
        (message_of(&format!("BGM+220+{}'", "1".repeat(36))), "has 36 characters", Some((3, 2, 1))),
        (message_of("NAD+SU+MÜLLER::92'").replace("UNOC", "UNOA"), "not text in UNOA", Some((3, 2, 1))),
        (
            message_of(&(0..201).map(|one| format!("NAD+SU+{one}::92'")).collect::<String>()),
            "more than 200 parties",
            Some((203, 0, 0)),
        ),
        (message_of("NAD+SU+1*2::9'").replace("UNOC:3", "UNOC:4"), "the element is repeated", Some((3, 2, 0))),
    ]
}

#[test]
fn every_fault_is_refused_in_its_place() {
    for (input, part, place) in [separation(), control(), nesting(), values()].concat() {
        let refusal = read(&input).map(|reading| format!("{input}: {reading:?}")).unwrap_err();
        assert!(refusal.fault.to_string().contains(part), "{input}: {refusal}");
        match (&refusal.place, place) {
            (Place::Byte(offset), None) => assert!(*offset <= input.len(), "{input}"),
            (Place::Segment { number, element, component, .. }, Some(place)) => {
                assert_eq!((*number, *element, *component), place, "{input}: {refusal}");
            }
            (found, _) => panic!("{input}: {found}"),
        }
    }
}

#[test]
fn an_interchange_has_an_end() {
    let refusal = Edifact.read(&vec![b'\''; bridges::INPUT_MAX + 1]).unwrap_err();
    assert!(refusal.to_string().contains("4194305 bytes"), "{refusal}");
    let one = |number: usize| format!("UNH+{number}+ORDERS:D:96A:UN'UNT+2+{number}'");
    let many: String = (0..=bridges::DOCUMENTS_MAX).map(one).collect();
    let refusal = read(&interchange(&many, bridges::DOCUMENTS_MAX + 1)).unwrap_err();
    assert!(refusal.to_string().contains("more than 1000 messages"), "{refusal}");
}
