//! Lists of identifiers in, and how they stand out.

use bridges::list::{LINES_MAX, List};
use bridges::{Bridge, Document, Fault, Network, Place, Refusal};
use procurement::Advice;
use proptest::prelude::*;

use crate::common::{answer, parties};

fn read(input: &[u8]) -> Result<Document, Refusal> {
    List.read(input).map(|mut reading| reading.documents.remove(0))
}

#[test]
fn lists_are_read_as_spreadsheets_write_them() {
    let rows: [(&[u8], &[&str]); 6] = [
        (b"identifier\nlei:5493001KJTIIGC8Y1R12\n", &["identifier lei:5493001KJTIIGC8Y1R12"]),
        (b"\xef\xbb\xbfName;Identifier \r\nA;gln:4012345000009\r\n", &["identifier gln:4012345000009"]),
        (b"identifier\tname\nduns:150483782\tA\n", &["identifier duns:150483782"]),
        (b"name,identifier\n\"a,b\",\" local:ours:1 \"\n", &["identifier local:ours:1"]),
        (b"name,identifier\n\x93\xfa\x96\x7b,gln:4012345000009\n", &["identifier gln:4012345000009"]),
        (b"identifier\n4711\nlei:wrong\n", &["identifier [] 4711", "identifier [] lei:wrong"]),
    ];
    for (input, expected) in rows {
        assert_eq!(parties(&read(input).unwrap()), expected, "{}", String::from_utf8_lossy(input));
    }
}

#[test]
fn every_fault_is_refused_in_its_place() {
    let many = format!("identifier\n{}", "a:1\n".repeat(LINES_MAX + 1));
    let long = format!("identifier\n{}\n", "1".repeat(1_025));
    let rows: [(&[u8], &str, Place); 9] = [
        (b"", "nothing stands here", Place::Byte(0)),
        (b"name\nA\n", "a column called identifier or 標準企業コード is missing", Place::Cell { line: 1, column: 0 }),
        (b"identifier\n", "a line below the header is missing", Place::Cell { line: 1, column: 0 }),
        (b"a,identifier\n1,gln:1\n2\n", "not CSV", Place::Cell { line: 3, column: 0 }),
        (b"a,identifier\n1,\n", "an identifier is missing", Place::Cell { line: 2, column: 2 }),
        (b"identifier\n\xff\n", "not text in UTF-8", Place::Cell { line: 2, column: 1 }),
        (b"identifier\n\"a\nb\"\n", "free of control characters", Place::Cell { line: 2, column: 1 }),
        (long.as_bytes(), "has 1025 characters", Place::Cell { line: 2, column: 1 }),
        (many.as_bytes(), "more than 10000 lines", Place::Cell { line: 10_002, column: 0 }),
    ];
    for (input, part, place) in rows {
        let refusal = read(input).unwrap_err();
        assert!(refusal.fault.to_string().contains(part), "{refusal}");
        assert_eq!(refusal.place, place, "{refusal}");
    }
}

#[test]
fn of_two_columns_of_company_codes_neither_is_guessed() {
    for other in ["標準企業コード", "統一企業コード"] {
        let table = format!("標準企業コード,品名,{other}\r\n123456000001,線,654321000001\r\n");
        for bytes in [table.clone().into_bytes(), encoding_rs::SHIFT_JIS.encode(&table).0.into_owned()] {
            let refusal = read(&bytes).unwrap_err();
            assert_eq!(refusal.place, Place::Cell { line: 1, column: 3 });
            let told = refusal.to_string();
            assert!(told.contains(&format!("columns 1 (標準企業コード) and 3 ({other})")), "{told}");
        }
    }
}

#[test]
fn company_codes_are_read_as_translators_of_japan_write_them() {
    let table = |heading: &str| {
        format!("{heading},品名\r\n123456000001,抵抗\r\n123456,基板\r\n１２３４５６０００００１,線\r\n")
    };
    let shift_jis = |text: &str| encoding_rs::SHIFT_JIS.encode(text).0.into_owned();
    for heading in ["標準企業コード", "統一企業コード"] {
        let expected = [
            format!("{heading} standard-company-code:123456000001"),
            format!("{heading} [{heading}] 123456"),
            format!("{heading} [{heading}] １２３４５６０００００１"),
        ];
        for input in [shift_jis(&table(heading)), table(heading).into_bytes()] {
            assert_eq!(parties(&read(&input).unwrap()), expected, "{heading}");
        }
    }
    // A column called identifier is the one that is meant.
    let both = shift_jis("標準企業コード,identifier\r\n123456000001,gln:4012345000009\r\n");
    assert_eq!(parties(&read(&both).unwrap()), ["identifier gln:4012345000009"]);
    let broken = [&shift_jis("標準企業コード\r\n")[..], b"\x81\r\n"].concat();
    let refusal = read(&broken).unwrap_err();
    assert!(refusal.to_string().contains("not text in Shift_JIS"), "{refusal}");
}

#[test]
fn an_interchange_of_cii_is_refused_by_name() {
    let record = [&b"0C"[..], &[b' '; 249]].concat();
    for network in [Network::List, Network::Edifact, Network::Ubl, Network::CrossIndustry, Network::CatenaX] {
        let refusal = bridges::bridge(network).read(&[&record[..], &record[..]].concat()).unwrap_err();
        assert_eq!(refusal.fault, Fault::Cii, "{network}");
    }
    // What merely begins so is a table.
    let table = format!("0C,identifier\n1,gln:4012345000009\n{}", "2,gln:4012345000009\n".repeat(20));
    assert_eq!(read(table.as_bytes()).unwrap().parties.len(), 21);
}

#[test]
fn what_is_written_is_no_formula() {
    let document = read(b"identifier\nlei:5493001KJTIIGC8Y1R12\n").unwrap();
    let mut said = answer(&document, Advice::Stop);
    said.findings[0].stated.explanation = "=HYPERLINK(\"http://x\")".to_owned();
    said.findings[0].party = "@party".to_owned();
    let written = String::from_utf8(List.answer(&document, &said).unwrap()).unwrap();
    let expected = "\u{feff}\"identifier\",\"advice\",\"as_of\",\"explanation\",\"proof\"\r\n\
        \"'@party\",\"stop\",\"2026-11-27T23:00:00Z\",\"'=HYPERLINK(\"\"http://x\"\")\",\
        \"https://jp.registry.example/proofs/verdict/4711\"\r\n";
    assert_eq!(written, expected);
}

#[test]
fn no_spreadsheet_takes_a_cell_for_a_formula() {
    let document = read(b"identifier\nlei:5493001KJTIIGC8Y1R12\n").unwrap();
    let rows = [
        ("=1", true),
        ("+1", true),
        ("-1", true),
        ("@a", true),
        ("＝1", true),
        ("＋1", true),
        ("－1", true),
        ("＠a", true),
        (" =1", true),
        ("\u{3000}＝1", true),
        ("1=1", false),
        (" a", false),
    ];
    for (party, is_marked) in rows {
        let mut said = answer(&document, Advice::Stop);
        party.clone_into(&mut said.findings[0].party);
        let written = String::from_utf8(List.answer(&document, &said).unwrap()).unwrap();
        assert_eq!(written.contains(&format!("\"'{party}\"")), is_marked, "{party}");
        assert_eq!(written.contains(&format!("\"{party}\"")), !is_marked, "{party}");
    }
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused_with_a_place(input in proptest::collection::vec(any::<u8>(), 0..200)) {
        let named = [b"identifier\n".as_slice(), &input].concat();
        for input in [&input, &named] {
            if let Err(refusal) = read(input) {
                prop_assert!(matches!(refusal.place, Place::Cell { line: 1.., .. } | Place::Byte(0)), "{refusal}");
            }
        }
    }

    #[test]
    fn no_cell_of_ours_begins_as_a_formula(explanation in "[ -~]{1,80}", party in "[ -~]{1,70}") {
        let document = read(b"identifier\nlei:5493001KJTIIGC8Y1R12\n").unwrap();
        let mut said = answer(&document, Advice::Go);
        said.findings[0].stated.explanation = explanation;
        said.findings[0].party = party;
        let written = List.answer(&document, &said).unwrap();
        let mut rows = csv::Reader::from_reader(&written[3..]);
        let row = rows.records().next().unwrap().unwrap();
        prop_assert_eq!(row.len(), 5);
        prop_assert!(row.iter().all(|cell| !cell.trim_start().starts_with(['=', '+', '-', '@'])));
    }
}
