//! Interchanges that others wrote for their own parser, some broken on purpose.

use bridges::edifact::{Edifact, Fault};
use bridges::{Bridge, Kind, Noticed, Place};

use crate::common::parties;

const FOLDER: &str = "edi/edifact-staedi";

/// File, kind, form, reference, parties, notices of the input and of the document, by the beginning of their text.
type Row = (&'static str, Kind, &'static str, Option<&'static str>, &'static [&'static str], &'static [&'static str]);

const UNKNOWN: &str = "documents of the kind";
const FOREIGN: &str = "the syntax identifier \"IATA\"";
const CHARACTERS: &str = "characters that UNOA does not have";
const WRAPPED: &str = "line breaks stand inside";
const NAMELESS: &str = "a party without an identifier";
const DUNS: &[&str] = &["BY duns:792820524", "SE duns:005435656"];

const READ: &[Row] = &[
    ("empty-segment-example.edi", Kind::Other, "PNRGOV:11:1:IA", None, &[], &[FOREIGN, UNKNOWN]),
    ("empty-segment-loop-example.edi", Kind::Other, "PNRGOV:11:1:IA", None, &[], &[FOREIGN, UNKNOWN]),
    (
        "invoic_d93a_una.edi",
        Kind::Invoice,
        "INVOIC:D:93A:UN",
        Some("9908001"),
        &["SE", "BY"],
        &[NAMELESS, CHARACTERS, NAMELESS],
    ),
    ("invoic_d97b.edi", Kind::Invoice, "INVOIC:D:97B:UN", Some("342459"), DUNS, &[CHARACTERS]),
    ("invoic_d97b_una.edi", Kind::Invoice, "INVOIC:D:97B:UN", Some("342459"), DUNS, &[]),
    ("issue106/null-pointer-example.edi", Kind::Other, "PNRGOV:11:1:IA", None, &[], &[FOREIGN, UNKNOWN]),
    ("issue122/baplie-test.edi", Kind::Other, "BAPLIE:D:95B:UN", Some("M1"), &[], &[UNKNOWN]),
    (
        "issue128/wrapped_invoic_d97b.edi",
        Kind::Invoice,
        "INVOIC:D:97B:UN",
        Some("342459"),
        DUNS,
        &[WRAPPED, CHARACTERS],
    ),
    ("issue128/wrapped_invoic_d97b_una.edi", Kind::Invoice, "INVOIC:D:97B:UN", Some("342459"), DUNS, &[WRAPPED]),
    ("issue174/other_dialect_term_segments.edi", Kind::Other, "CUSTOM:D:97B:UN", None, &[], &[UNKNOWN]),
    ("pnrgov.edi", Kind::Other, "PNRGOV:11:1:IA", None, &[], &[FOREIGN, UNKNOWN]),
];

#[test]
fn what_is_sound_is_read() {
    let Some(folder) = test_data::vectors(FOLDER) else { return };
    for (file, kind, form, reference, expected, notices) in READ {
        let input = std::fs::read(folder.join(file)).unwrap();
        let reading = Edifact.read(&input).unwrap_or_else(|refusal| panic!("{file}: {refusal}"));
        assert_eq!(reading.documents.len(), 1, "{file}");
        let document = &reading.documents[0];
        assert_eq!((document.kind, &*document.form), (*kind, *form), "{file}");
        assert_eq!(document.reference.as_deref(), *reference, "{file}");
        assert_eq!(parties(document), *expected, "{file}");
        let found: Vec<String> =
            reading.notices.iter().chain(&document.notices).map(|notice| notice.what.to_string()).collect();
        assert_eq!(found.len(), notices.len(), "{file}: {found:?}");
        for (found, expected) in found.iter().zip(*notices) {
            assert!(found.starts_with(expected), "{file}: {found}");
        }
    }
}

#[test]
fn a_release_makes_a_separator_data() {
    let Some(folder) = test_data::vectors(FOLDER) else { return };
    let input = std::fs::read(folder.join("invoic_d97b_una.edi")).unwrap();
    let document = Edifact.read(&input).unwrap().documents.remove(0);
    assert_eq!((&*document.envelope.receiver.id, &*document.envelope.receiver.list), ("006415160", "1"));
}

#[test]
fn what_is_broken_on_purpose_is_refused_where_it_is_broken() {
    let Some(folder) = test_data::vectors(FOLDER) else { return };
    let refused = |file: &str, segment: &str| {
        let text = std::fs::read_to_string(folder.join(file)).unwrap();
        (Edifact.read(text.as_bytes()).unwrap_err(), text.find(segment).unwrap())
    };
    let (bad, offset) = refused("invoic_d97b_bad.edi", "NAD+BYZZ");
    let at = |number, tag: &str, offset, element, component| Place::Segment {
        number,
        tag: tag.to_owned(),
        offset,
        element,
        component,
    };
    assert_eq!(bad.place, at(6, "NAD", offset, 1, 1), "{bad}");
    assert_eq!(bad.fault, bridges::Fault::TooLong { what: "the party qualifier", found: 4, most: 3 });

    let (group, offset) = refused("orders-with-group.edi", "UNT+");
    assert_eq!(group.place, at(20, "UNT", offset, 1, 1), "{group}");
    let count = Fault::Count { what: "segments", declared: "21".to_owned(), counted: 18 };
    assert_eq!(group.fault, bridges::Fault::Edifact(count));
}

#[test]
fn with_its_count_mended_the_group_is_read() {
    let Some(folder) = test_data::vectors(FOLDER) else { return };
    let text = std::fs::read_to_string(folder.join("orders-with-group.edi")).unwrap().replace("UNT+21+1", "UNT+18+1");
    let document = super::one(&text);
    assert_eq!((document.kind, document.reference.as_deref()), (Kind::Order, Some("C1441747")));
    assert_eq!(parties(&document), ["BY gln:5400110000009", "SU gln:5013546107732"]);
    assert!(!document.notices.iter().any(|notice| matches!(notice.what, Noticed::UnknownForm { .. })));
}
