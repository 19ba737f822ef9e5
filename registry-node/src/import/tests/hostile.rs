//! Files made to harm: what they cost is bounded, and nothing panics.

use std::io::{self, Read};

use super::world::{SAMPLE, World, check_account, fetched, list, reasons, row, sample};
use crate::import::{ImportError, Mapping, Plan, RECORD_MAX, ROWS_MAX, preset, register};

fn plan(file: impl Read, mapping: &Mapping) -> Result<Plan, ImportError> {
    register(file, mapping, &fetched("2026-01-10"), &World::new().register)
}

/// Repeats one row without end.
struct Endless {
    heading: &'static [u8],
    row: &'static [u8],
    sent: usize,
}

impl Read for Endless {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        for (at, byte) in out.iter_mut().enumerate() {
            let place = self.sent + at;
            *byte = match self.heading.get(place) {
                Some(byte) => *byte,
                None => self.row[(place - self.heading.len()) % self.row.len()],
            };
        }
        self.sent += out.len();
        Ok(out.len())
    }
}

#[test]
fn a_list_without_end_stops_at_the_bound_of_rows() {
    let endless = Endless { heading: b"LEI,Entity.LegalName,Entity.LegalAddress.Country\n", row: b",,\n", sent: 0 };
    let error = plan(endless, &preset("gleif").unwrap()).unwrap_err();
    assert!(matches!(error, ImportError::TooManyRows { limit: ROWS_MAX }), "{error}");
}

#[test]
fn a_field_without_end_stops_at_the_bound_of_a_record() {
    let mapping = preset("gleif").unwrap();
    let endless =
        Endless { heading: b"LEI,Entity.LegalName,Entity.LegalAddress.Country\n\"", row: b"xxxxxxxx", sent: 0 };
    let error = plan(endless, &mapping).unwrap_err();
    assert!(matches!(error, ImportError::RecordTooLarge { limit: RECORD_MAX }), "{error}");
}

#[test]
fn an_open_quote_refuses_its_row_and_no_other() {
    let mut file = list(&[row(&[])]);
    file.extend_from_slice(b"\"A-2,Thing\nA-3,Thing\n");
    let plan = plan(&*file, &sample()).unwrap();
    check_account(&plan);
    assert_eq!(reasons(&plan), [("ragged", 1)]);
    assert_eq!(plan.accounts.counts().verdicts, 1);
}

#[test]
fn json_nested_without_end_is_an_error_not_a_stack_overflow() {
    let mapping = preset("fedramp").unwrap();
    for open in ["[", "{\"a\":"] {
        let inside = format!("{{\"data\":{{\"Products\":[{}", open.repeat(200_000));
        let error = plan(inside.as_bytes(), &mapping).unwrap_err();
        assert!(matches!(error, ImportError::Json(_)), "{error}");
        let outside = format!("{{\"data\":{}", open.repeat(200_000));
        assert!(plan(outside.as_bytes(), &mapping).is_err());
    }
}

#[test]
fn a_page_of_tags_is_read_in_one_pass() {
    let mapping = preset("cmvp").unwrap();
    let heading = "<table id=\"searchResultsTable\"><tr><th>Certificate Number<th>Vendor Name<th>Module Name<th>Module Type\
                   <th>Validation Date<th>Status</tr>";
    let rows = [
        "<".repeat(300_000),
        "<a".repeat(300_000),
        "<a href='".repeat(100_000),
        "<table>".repeat(100_000),
        "</table>".repeat(100_000),
        "<!-- ".repeat(100_000),
        "<script>".repeat(100_000),
        "&amp".repeat(100_000),
        format!("<tr>{}", "<td>x".repeat(500)),
        "\u{2028}<é>".repeat(100_000),
    ];
    for text in rows {
        let page = format!("{heading}{text}");
        if let Ok(plan) = plan(page.as_bytes(), &mapping) {
            check_account(&plan);
            assert_eq!(plan.accounts.counts().verdicts, 0);
        }
    }
    let wide = format!("{heading}<tr>{}", "<td>x".repeat(600));
    assert!(matches!(plan(wide.as_bytes(), &mapping), Err(ImportError::TooManyColumns { .. })));
}

#[test]
fn what_a_page_hides_is_not_a_row() {
    let page = "<style>tr { }</style><script>document.write('<table id=\"searchResultsTable\"><tr><td>evil');</script>\
        <!-- <table id=\"searchResultsTable\"> -->\
        <TABLE class=x data-x='a > b' disabled ID=searchResultsTable>\
        <thead><tr><th>Certificate Number</th><th>Vendor Name</th><th>Module Name</th><th>Module Type</th>\
        <th>Validation Date</th><th>Status</th></tr></thead>\
        <tr><td><a href=\"/c/1\">1</a></td><td>T&#220;V &amp; <b>Co</b></td><td>Module <!-- x -->One\n\tTwo</td><td>Software</td>\
        <td>05/07/2020<br />10/05/2022<br/></td><td>Active</td></tr>\
        <tr><td>2<td>Vendor<td><table><tr><td>inner</td></tr></table><td>Hardware<td>05/07/2020<td>Active\
        </table><table><tr><td>3</td></tr></table>";
    let mut world = World::new();
    let plan = world.import(page.as_bytes(), &preset("cmvp").unwrap(), &fetched("2026-01-10"));
    assert_eq!(plan.accounts.counts().verdicts, 2);
    let first = world.verdict("cmvp.1");
    assert_eq!(first.terms.supplier.name.as_str(), "T\u{dc}V & Co");
    assert_eq!(first.terms.object.name.as_str(), "Module One Two");
    assert_eq!(first.history.len(), 2);
    assert_eq!(world.verdict("cmvp.2").terms.object.name.as_str(), "inner");
}

/// Any bytes at all: an error or an account of every row, never a panic.
#[test]
fn scrambled_files_end_in_an_error_or_an_account() {
    let files: [(&str, Vec<u8>); 4] = [
        ("common-criteria", list(&[row(&[])])),
        ("cmvp", b"<table id='searchResultsTable'><tr><th>Status</th></tr><tr><td>&eacute;</td></tr></table>".to_vec()),
        (
            "eucc",
            br#"{"certificate_id":"EUCC-1","product_name":["a",{"b":1}],"issuance_date_full":"'19/12/2025'"}"#.to_vec(),
        ),
        (
            "fedramp",
            br#"{"data":{"Products":[{"id":"F1"}],"Assessors":[],"AtoMapping":[],"ReuseMapping":[]}}"#.to_vec(),
        ),
    ];
    let mut seed = 0x9E37_79B9_7F4A_7C15_u64;
    let mut random = move || {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        seed
    };
    for (name, file) in &files {
        let mapping = preset(name).unwrap();
        for _ in 0..400 {
            let mut scrambled = file.clone();
            for _ in 0..=random() % 4 {
                let at = usize::try_from(random()).unwrap_or(0) % scrambled.len();
                match random() % 3 {
                    0 => scrambled[at] = random().to_le_bytes()[0],
                    1 => drop(scrambled.drain(at..)),
                    _ => scrambled.insert(at, b"\"'<>{}[],&;\\\n\xff"[usize::try_from(random() % 14).unwrap_or(0)]),
                }
                if scrambled.is_empty() {
                    break;
                }
            }
            if let Ok(plan) = plan(&*scrambled, &mapping) {
                check_account(&plan);
            }
        }
    }
}

#[test]
fn maintenances_of_one_verdict_are_bounded_too() {
    let rows: Vec<_> = (0..5_000)
        .map(|number| {
            let build = format!("build {number}");
            row(&[("maintained", "2021-01-01"), ("build", build.as_str())])
        })
        .collect();
    let mut world = World::new();
    let plan = world.import(&list(&rows), &sample(), &fetched("2026-01-10"));
    let counts = plan.accounts.counts();
    assert_eq!((counts.rows, counts.verdicts, counts.history, counts.refused), (5_000, 1, 499, 4_500));
    assert_eq!(reasons(&plan), [("too-many-maintenances", 4_500)]);
    assert!(world.verdict("sample.A-1").now.scope.as_str().len() <= 1024);
}

#[test]
fn a_mapping_is_text_like_any_other() {
    for text in ["", "[", &"[a".repeat(10_000), &SAMPLE.replace("sample", "s\u{202e}"), &"a = {".repeat(5_000)] {
        assert!(Mapping::parse(text).is_err());
    }
}
