//! A row for each fault, and whatever comes.

use bridges::ubl::Ubl;
use bridges::{Bridge, Place};
use proptest::prelude::*;

use super::{order, party, read, wrap};

fn rows() -> Vec<(String, &'static str, &'static str)> {
    let replaced = |from: &str, to: &str| order().replace(from, to);
    let id = "<cbc:ID>34</cbc:ID>";
    vec![
        (String::new(), "nothing stands here", "at byte 0"),
        (" ".to_owned(), "no element stands here", "at byte 1"),
        ("<a".to_owned(), "not XML", "at byte"),
        ("<a><b></a>".to_owned(), "not XML", "at byte 6"),
        ("<a>".to_owned(), "<a> is not closed", "at byte 3"),
        ("<a/><b/>".to_owned(), "something stands beside", "at byte 8"),
        ("<a/>text".to_owned(), "something stands beside", "at byte 8"),
        ("<!DOCTYPE a [<!ENTITY b \"c\">]><a>&b;</a>".to_owned(), "a document type is declared", "at byte 30"),
        ("<a>&b;</a>".to_owned(), "the entity \"b\" is not predefined", "at byte 6"),
        ("<a b='&c;'/>".to_owned(), "not XML", "at byte"),
        ("<a b='1' b='2'/>".to_owned(), "not XML", "at byte"),
        ("<a:b/>".to_owned(), "the prefix \"a\" is bound to no namespace", "at byte 6"),
        ("<?xml version='1.0' encoding='UTF-16'?><a/>".to_owned(), "\"UTF-16\" is not read", "at byte 0"),
        ("<?xml version='1.0' encoding='EBCDIC'?><a/>".to_owned(), "\"EBCDIC\" is not read", "at byte 0"),
        ("<?xml version='1.0' encoding='Shift_JIS'?><a>\u{a0}</a>".to_owned(), "not text in Shift_JIS", "at byte 0"),
        (format!("{}{}", "<a>".repeat(40), "</a>".repeat(40)), "deeper than 32 levels", "at byte 99"),
        (format!("<a {}/>", (0..40).map(|one| format!("b{one}='' ")).collect::<String>()), "32 attributes", "at byte"),
        (format!("<{}/>", "a".repeat(101)), "a name has 101 characters", "at byte 104"),
        (format!("<a xmlns='{}'/>", "n".repeat(201)), "a namespace has 201 characters", "at byte 214"),
        (format!("<a>{}</a>", "<b/>".repeat(100_001)), "more than 100000 elements", "at byte"),
        ("<Order/>".to_owned(), "is not the root element of a document of UBL 2", "/Order (at byte 8)"),
        (order().replace("xsd:Order-2", "xsd:Order-3"), "is not the root element", "/Order"),
        (replaced(id, ""), "cbc:ID is missing", "/Order"),
        (replaced(id, "<cbc:ID> </cbc:ID>"), "its value is missing", "/Order/ID"),
        (replaced(id, &format!("<cbc:ID>{}</cbc:ID>", "3".repeat(201))), "has 201 characters", "/Order/ID"),
        (replaced(id, "<cbc:ID>3&#10;4</cbc:ID>"), "free of control characters", "/Order/ID"),
        (
            replaced("7302347231110</cbc:EndpointID>", "</cbc:EndpointID>"),
            "its value is missing",
            "/Order/SellerSupplierParty/EndpointID",
        ),
        (
            wrap(
                "Order",
                &format!(
                    "{id}{}",
                    (0..201).map(|one| party("CarrierParty", "1", "0007", &one.to_string())).collect::<String>()
                ),
            ),
            "more than 200 parties",
            "/Order/CarrierParty",
        ),
    ]
}

#[test]
fn every_fault_is_refused_in_its_place() {
    for (input, part, place) in rows() {
        let shown: String = input.chars().take(80).collect();
        let refusal = read(&input).map(|found| format!("{shown}: {found:?}")).unwrap_err();
        assert!(refusal.fault.to_string().contains(part), "{shown}: {refusal}");
        assert!(refusal.place.to_string().starts_with(place), "{shown}: {refusal}");
    }
    let latin = Ubl.read(b"<a>\xfc</a>").unwrap_err();
    assert_eq!(
        (latin.to_string().as_str(), latin.place),
        ("at byte 3: not text in UTF-8; convert it, or declare the character set that it is in", Place::Byte(3))
    );
    assert!(Ubl.read(&vec![b' '; bridges::INPUT_MAX + 1]).unwrap_err().to_string().contains("4194305 bytes"));
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(input in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _ = Ubl.read(&input);
    }

    #[test]
    fn a_damaged_order_is_read_or_refused_with_a_place(
        cuts in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0..3_u8), 1..5),
    ) {
        let mut input = order().into_bytes();
        for (index, byte, act) in cuts {
            let at = index.index(input.len());
            match act {
                0 => input[at] = byte,
                1 => drop(input.remove(at)),
                _ => input.insert(at, b"<>&;'\"/"[usize::from(byte) % 7]),
            }
        }
        if let Err(refusal) = Ubl.read(&input) {
            let offset = match refusal.place {
                Place::Byte(offset) | Place::Element { offset, .. } => offset,
                other => return Err(TestCaseError::fail(other.to_string())),
            };
            prop_assert!(offset <= input.len());
        }
    }
}
