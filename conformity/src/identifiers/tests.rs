//! Identifiers against real ones, against every rule, and against typing errors.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use proptest::prelude::*;

use super::{BrokenRule, Identifier, IdentifierError, IdentifierKind, MAX_TEXT};

fn parse(text: &str) -> Result<Identifier, IdentifierError> {
    text.parse()
}

fn broken(text: &str) -> BrokenRule {
    match parse(text) {
        Err(IdentifierError::Broken { rule, .. }) => rule,
        other => panic!("{text} should break a rule of its kind, got {other:?}"),
    }
}

#[test]
fn public_samples_are_read_and_written_back() {
    let samples = [
        ("lei:04VNNFHPO6602KFJY821", "Global LEI Index"),
        ("lei:5493001KJTIIGC8Y1R12", "Bloomberg Finance L.P. in the Global LEI Index"),
        ("corporate-number:7000012050002", "国税庁, the National Tax Agency itself"),
        ("corporate-number:4011001098993", "a company, in an article on the check digit"),
        ("corporate-number:7123456789012", "the worked example of the National Tax Agency"),
        ("gln:7300010000001", "the usual supplier of Peppol BIS examples"),
        ("gln:5790000435944", "a Danish public body in Peppol BIS examples"),
        ("gln:4012345000009", "GS1 example number"),
        ("duns:150483782", "format only"),
        ("uei:YNDUZMUZF8H8", "org-id.guide example"),
        ("uei:T53MCMLTWK59", "org-id.guide example"),
        ("uei:UYDJJ1S8DR85", "org-id.guide example"),
        ("eori:DE123456789012345", "the longest"),
        ("eori:FR1", "the shortest"),
        ("standard-company-code:123456000001", "digits only"),
        ("standard-company-code:123456AB0001", "letters are allowed in the branch"),
        ("local:fedramp:F1603087869", "a list's own number"),
        ("local:common-criteria:BSI-DSZ-CC-1234%2F2024", "a slash does not survive in an address"),
    ];
    for (text, source) in samples {
        let identifier = parse(text).unwrap_or_else(|e| panic!("{text} ({source}): {e}"));
        assert_eq!(identifier.to_string(), text, "{source}");
        let json = serde_json::to_string(&identifier).unwrap();
        assert_eq!(json, format!("{text:?}"));
        assert_eq!(serde_json::from_str::<Identifier>(&json).unwrap(), identifier);
    }
}

/// Another digit for a digit, another letter for a letter: `step` further, around the end of the alphabet.
fn neighbour(character: char, step: u8) -> char {
    let (first, size) = if character.is_ascii_digit() { (b'0', 10) } else { (b'A', 26) };
    char::from(first + (character as u8 - first + step) % size)
}

#[test]
fn each_rule_refuses_and_says_which() {
    let rows: &[(&str, &str)] = &[
        ("lei:04VNNFHPO6602KFJY82", "it has 19 characters; this kind has 20"),
        ("lei:04vnnfhpo6602kfjy821", "character 3 is 'v'; allowed there: 0-9 and A-Z"),
        ("lei:04VNNFHPO6602KFJY8A1", "character 19 is 'A'; allowed there: 0-9"),
        ("lei:04VNNFHPO6602KFJY822", "check digits are 22, but the rest calls for 21"),
        ("lei:", "it has 0 characters; this kind has 20"),
        ("corporate-number:700001205000", "it has 12 characters; this kind has 13"),
        ("corporate-number:7000012050003", "check digits are 7, but the rest calls for 6"),
        ("corporate-number:0000012050002", "check digits are 0, but the rest calls for 7"),
        ("corporate-number:７000012050002", "character 1 is '７'; allowed there: 0-9"),
        ("gln:7300010000002", "check digits are 2, but the rest calls for 1"),
        ("gln:73512333000108", "it has 14 characters; this kind has 13"),
        ("gln:+300010000001", "character 1 is '+'; allowed there: 0-9"),
        ("duns:15-048-3782", "it has 11 characters; this kind has 9"),
        ("duns:15048378X", "character 9 is 'X'; allowed there: 0-9"),
        ("uei:0NDUZMUZF8H8", "character 1 is '0'; allowed there: 1-9 and A-Z without I and O"),
        ("uei:YNDUZMUZF8HO", "character 12 is 'O'; allowed there: 0-9 and A-Z without I and O"),
        ("uei:yiduzmuzf8h8", "character 2 is 'I'"),
        ("uei:Y123456789H8", "digits 2 to 10 are nine in a row"),
        ("uei:YNDUZMUZF8H", "it has 11 characters; this kind has 12"),
        ("eori:DE", "it has 2 characters; this kind has 3 to 17"),
        ("eori:DE1234567890123456", "it has 18 characters; this kind has 3 to 17"),
        ("eori:D1234", "character 2 is '1'; allowed there: A-Z"),
        ("eori:DE12-4", "character 5 is '-'; allowed there: 0-9 and A-Z"),
        ("standard-company-code:12345X000001", "character 6 is 'X'; allowed there: 0-9"),
        ("standard-company-code:12345600000a", "character 12 is 'a'; allowed there: 0-9 and A-Z"),
        ("standard-company-code:123456", "it has 6 characters; this kind has 12"),
        ("local:F1603087869", "write local:<list>:<value>"),
        ("local::F1603087869", "it has 0 characters; this kind has 1 to 64 in the list's name"),
        ("local:FedRAMP:F1", "character 1 is 'F'; allowed there: 0-9 and a-z"),
        ("local:fed ramp:F1", "character 4 is ' '"),
        ("local:fedramp:", "it has 0 characters; this kind has 1 to 256 bytes of value"),
        ("local:fedramp: F1", "begins or ends with white space"),
        ("local:fedramp:F1%E3%80%80", "begins or ends with white space"),
        ("local:fedramp:F%0A1", "allowed there: no control characters"),
        ("local:fedramp:F%1", "percent-encoding is damaged"),
        ("local:fedramp:F%+1", "percent-encoding is damaged"),
        ("local:fedramp:F%FF", "percent-encoding is damaged"),
    ];
    for (text, reason) in rows {
        let rule = broken(text).to_string();
        assert!(rule.contains(reason), "{text}: expected {reason:?}, got {rule:?}");
    }
}

#[test]
fn a_text_that_is_no_identifier_is_refused_before_its_value_is_read() {
    assert_eq!(parse("04VNNFHPO6602KFJY821"), Err(IdentifierError::NoKind { text: "04VNNFHPO6602KFJY821".into() }));
    assert_eq!(parse("LEI:04VNNFHPO6602KFJY821"), Err(IdentifierError::UnknownKind { kind: "LEI".into() }));
    assert_eq!(parse("vat:DE1"), Err(IdentifierError::UnknownKind { kind: "vat".into() }));
    let long = format!("local:list:{}", "x".repeat(MAX_TEXT));
    assert_eq!(parse(&long), Err(IdentifierError::TooLong { bytes: long.len() }));
    assert!(serde_json::from_str::<Identifier>("7000012050002").is_err());
}

#[test]
fn the_check_digits_that_the_standard_never_makes_are_refused() {
    // 97, 98 and 02 leave the same remainder as 00, 01 and 99: a bare "remainder is 1" would let these through.
    let mut seen = 0;
    for serial in 0..2_000 {
        let body = format!("ABCD00{serial:012}");
        for (made, twin) in [("97", "00"), ("98", "01"), ("02", "99")] {
            if parse(&format!("lei:{body}{made}")).is_ok() {
                assert!(parse(&format!("lei:{body}{twin}")).is_err(), "{body}{twin}");
                seen += 1;
            }
        }
    }
    assert!(seen > 20, "only {seen} bodies had one of the three check digits");
}

#[test]
fn the_longest_local_value_survives_its_own_text_form() {
    let identifier = Identifier::local(&"l".repeat(64), &"漢".repeat(85)).unwrap();
    assert!(identifier.to_string().len() <= MAX_TEXT);
    assert_eq!(parse(&identifier.to_string()).unwrap(), identifier);
}

#[test]
fn the_same_number_in_two_lists_or_kinds_stays_two_identifiers() {
    let one = Identifier::local("fedramp", "150483782").unwrap();
    let other = Identifier::local("common-criteria", "150483782").unwrap();
    let duns = parse("duns:150483782").unwrap();
    assert_ne!(one, other);
    assert_ne!(one, duns);
    assert_eq!(one.value(), duns.value());
}

#[test]
fn one_identifier_written_in_two_ways_is_one_identifier() {
    assert_eq!(parse("uei:ynduzmuzf8h8"), parse("uei:YNDUZMUZF8H8"));
    assert_eq!(parse("local:a:x%79/z:1"), parse("local:a:xy%2fz%3A1"));
}

#[test]
fn kinds_are_read_back_and_sort_as_listed() {
    for kind in IdentifierKind::ALL {
        assert_eq!(kind.as_str().parse::<IdentifierKind>().unwrap(), kind);
    }
    assert!(IdentifierKind::ALL.is_sorted());
}

fn body(length: usize) -> impl Strategy<Value = String> {
    proptest::collection::vec(proptest::char::ranges(vec!['0'..='9', 'A'..='Z'].into()), length)
        .prop_map(|characters| characters.into_iter().collect())
}

/// A LEI over a random body, its check digits found the slow way: the one pair in 02..=98 that parses.
fn any_lei() -> impl Strategy<Value = String> {
    body(18).prop_map(|body| {
        let fits: Vec<String> = (0..100)
            .map(|digits| format!("{body}{digits:02}"))
            .filter(|lei| Identifier::new(IdentifierKind::Lei, lei).is_ok())
            .collect();
        assert_eq!(fits.len(), 1, "exactly one pair of check digits fits {body}");
        fits[0].clone()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn one_mistyped_character_of_a_lei_never_goes_unnoticed(lei in any_lei(), place in 0usize..20, step in 1u8..26) {
        let old = lei.chars().nth(place).unwrap();
        let new = neighbour(old, if old.is_ascii_digit() { 1 + step % 9 } else { step });
        prop_assume!(old != new);
        let mistyped: String = lei.chars().enumerate().map(|(at, c)| if at == place { new } else { c }).collect();
        prop_assert!(Identifier::new(IdentifierKind::Lei, &mistyped).is_err());
    }

    #[test]
    fn two_neighbouring_digits_of_a_lei_swapped_never_go_unnoticed(
        serial in "[0-9]{18}", place in 0usize..19,
    ) {
        let valid = |lei: &String| Identifier::new(IdentifierKind::Lei, lei).is_ok();
        let lei = (0..100).map(|digits| format!("{serial}{digits:02}")).find(valid).unwrap();
        let mut swapped: Vec<char> = lei.chars().collect();
        swapped.swap(place, place + 1);
        let swapped: String = swapped.into_iter().collect();
        prop_assert_eq!(valid(&swapped), swapped == lei);
    }

    #[test]
    fn one_mistyped_digit_of_a_gln_never_goes_unnoticed(digits in "[0-9]{12}", place in 0usize..13, step in 1u8..10) {
        let gln = (0..10).map(|c| format!("{digits}{c}")).find(|g| Identifier::new(IdentifierKind::Gln, g).is_ok()).unwrap();
        let mistyped: String = gln.chars().enumerate().map(|(at, c)| if at == place { neighbour(c, step) } else { c }).collect();
        prop_assert!(Identifier::new(IdentifierKind::Gln, &mistyped).is_err());
    }

    #[test]
    fn a_mistyped_corporate_number_goes_unnoticed_only_between_0_and_9(
        digits in "[0-9]{12}", place in 1usize..13, step in 1u8..10,
    ) {
        let kind = IdentifierKind::CorporateNumber;
        let number = (1..10).map(|c| format!("{c}{digits}")).find(|n| Identifier::new(kind, n).is_ok()).unwrap();
        let old = number.chars().nth(place).unwrap();
        let new = neighbour(old, step);
        let mistyped: String = number.chars().enumerate().map(|(at, c)| if at == place { new } else { c }).collect();
        let blind = matches!((old, new), ('0', '9') | ('9', '0'));
        prop_assert_eq!(Identifier::new(kind, &mistyped).is_ok(), blind);
    }

    #[test]
    fn any_accepted_text_is_written_back_to_an_equal_identifier(text in "(lei|gln|duns|uei|eori|local):[ -~é]{0,24}") {
        if let Ok(identifier) = parse(&text) {
            prop_assert_eq!(parse(&identifier.to_string()), Ok(identifier));
        }
    }

    #[test]
    fn any_local_value_keeps_to_its_list(list in "[a-z0-9][a-z0-9._-]{0,9}", value in "\\PC{1,40}") {
        prop_assume!(value.trim() == value);
        let identifier = Identifier::local(&list, &value);
        prop_assume!(identifier.is_ok());
        let identifier = identifier.unwrap();
        prop_assert_eq!(identifier.value(), value);
        prop_assert!(identifier.to_string().is_ascii());
        prop_assert_eq!(parse(&identifier.to_string()), Ok(identifier));
    }
}
