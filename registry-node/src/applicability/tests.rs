//! What statements of applicability come to, and a row for each reason not to take one.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use conformity::catalogue::Entry;
use credential::attestation::RequirementOutcome::{Met, NotApplicable, NotMet, PartlyMet};

use super::*;

fn catalogue() -> Catalogue {
    let entry = |number: &str, standing: Standing| Entry {
        number: number.parse().unwrap(),
        names: Vec::new(),
        viewpoint: None,
        standing,
    };
    let in_force = ["A.5.1", "A.5.2", "A.5.2.1", "A.8.1", "A.8.2"].map(|number| entry(number, Standing::InForce));
    let withdrawn = entry("A.9.9", Standing::Withdrawn { into: Vec::new() });
    Catalogue::new(in_force.into_iter().chain([withdrawn]).collect()).unwrap()
}

fn document() -> DocumentRef {
    "iso-iec-27002@2022".parse().unwrap()
}

fn viewpoints() -> Viewpoints {
    [Viewpoint::Organization, Viewpoint::Process].into_iter().collect()
}

fn against(table: &str) -> Result<Applicability, Vec<Refused>> {
    read(table.as_bytes()).unwrap().against(&document(), &catalogue(), viewpoints())
}

const WHOLE: &str = "\u{feff}Control;Owner;Applicable;Implemented;Justification;Viewpoint\r\n\
    A.5.1;Kato;Yes;yes;;\r\n\
    A.5.2;Kato;yes;実施済み;;process\r\n\
    a.5.2.1;;○;△;\"Backups are\nnot tested yet\";process\r\n\
    A.8.1;;適用外;;No software is built;\r\n";

#[test]
fn what_a_statement_leaves_out_becomes_exclusions_and_the_rest_is_for_the_credential() {
    let Applicability { exclusions, assessments, counts } = against(WHOLE).unwrap();
    let words: Vec<&str> = exclusions.iter().map(Text::as_str).collect();
    let told =
        ["Not applicable: A.8.1", "Not implemented in full: A.5.2.1", "Not in the statement of applicability: A.8.2"];
    assert_eq!(words, told);
    assert_eq!(counts, Counts { apply: 2, not_applicable: 1, not_implemented: 1, not_mentioned: 1 });
    let outcomes = |viewpoint: &Viewpoint| {
        let results = assessments[viewpoint].results.iter();
        results.map(|result| (result.of.requirement.to_string(), result.outcome)).collect::<Vec<_>>()
    };
    let first = [("A.5.1".to_owned(), Met), ("A.8.1".to_owned(), NotApplicable)];
    assert_eq!(outcomes(&Viewpoint::Organization), first, "where no viewpoint is said, the first of the verdict");
    assert_eq!(outcomes(&Viewpoint::Process), [("A.5.2".to_owned(), Met), ("a.5.2.1".to_owned(), PartlyMet)]);
    let findings: Vec<_> = assessments.values().flat_map(|one| &one.findings).map(|one| one.text.to_string()).collect();
    assert_eq!(findings, ["No software is built", "Backups are not tested yet"], "on one line");
}

#[test]
fn the_rule_of_coverage_reads_the_exclusions_as_they_are_meant() {
    let exclusions = against(WHOLE).unwrap().exclusions;
    let (all, catalogue) = (Viewpoints::all(), catalogue());
    let reach = Reach { viewpoints: all, assessed: all, exclusions: &exclusions, documents: None };
    let met = reach.count(&document(), catalogue.in_force(), Some(&catalogue)).met;
    assert_eq!(met.iter().map(RequirementId::as_str).collect::<Vec<_>>(), ["A.5.1", "A.5.2"]);
}

#[test]
fn what_is_left_open_is_not_implemented_where_the_table_says_it_of_others() {
    let left_open = against("requirement,applicable,implemented\nA.5.1,yes,yes\nA.8.1,yes,\n").unwrap();
    assert_eq!((left_open.counts.apply, left_open.counts.not_implemented), (1, 1));
    assert_eq!(left_open.exclusions[0].as_str(), "Not implemented in full: A.8.1");
    let results = &left_open.assessments[&Viewpoint::Organization].results;
    assert_eq!(
        results.iter().map(|one| one.outcome).collect::<Vec<_>>(),
        [Met],
        "nothing is told of what was not said"
    );
    let unasked = against("requirement,applicable\nA.5.1,yes\nA.8.1,yes\n").unwrap();
    assert_eq!((unasked.counts.apply, unasked.counts.not_implemented), (2, 0), "a table without the column");
}

#[test]
fn hundreds_of_exclusions_are_packed_into_few_texts() {
    let numbers: Vec<String> = (1..=900).map(|number| format!("C-{number}")).collect();
    let entry = |number: &String| Entry {
        number: number.parse().unwrap(),
        names: Vec::new(),
        viewpoint: None,
        standing: Standing::InForce,
    };
    let catalogue = Catalogue::new(numbers.iter().map(entry).collect()).unwrap();
    let stated = read(b"requirement,applicable,implemented\nC-7,yes,no\nC-8,yes,yes\n").unwrap();
    let told = stated.against(&document(), &catalogue, viewpoints()).unwrap();
    assert_eq!(told.counts, Counts { apply: 1, not_applicable: 0, not_implemented: 1, not_mentioned: 898 });
    assert!(told.exclusions.len() < 40, "{}", told.exclusions.len());
    assert_eq!(
        told.assessments[&Viewpoint::Organization].results.iter().map(|one| one.outcome).collect::<Vec<_>>(),
        [NotMet, Met]
    );
}

#[test]
fn each_row_that_cannot_be_taken_is_told_with_its_number() {
    let long = "x".repeat(1_025);
    let rows = [
        ("A.8.1,yes", "fields"),
        (",yes,,,", "bad-requirement"),
        ("A.8.1,perhaps,,,", "bad-applicable"),
        ("A.8.1,,,,", "bad-applicable"),
        ("A.8.1,yes,soon,,", "bad-implemented"),
        ("A.8.1,yes,,,nature", "bad-viewpoint"),
        ("A.8.1,yes,,,people-and-things", "bad-viewpoint"),
        (&format!("A.8.1,no,,{long},"), "bad-justification"),
        ("a.5.1,yes,,,", "repeated"),
        ("A.7.1,yes,,,", "unknown-requirement"),
        ("A.9.9,yes,,,", "withdrawn-requirement"),
        ("A.5.2.1,yes,yes,,", "part-of-excluded"),
    ];
    for (row, code) in rows {
        let parent = if code == "part-of-excluded" { "no" } else { "yes" };
        let table = format!(
            "requirement,applicable,implemented,justification,viewpoint\nA.5.1,yes,,,\nA.5.2,{parent},,,\n{row}\n"
        );
        let refused = against(&table).unwrap_err();
        let told: Vec<_> = refused.iter().map(|one| (one.row, one.code)).collect();
        assert_eq!(told, [(3, code)], "{row}: {refused:?}");
        assert!(!refused[0].why.is_empty());
    }
    let all = against("requirement,applicable\nX.1,yes\nA.5.1,no\nX.2,no\n").unwrap_err();
    assert_eq!(all.iter().map(|one| one.row).collect::<Vec<_>>(), [1, 3], "all of them at once");
}

#[test]
fn a_name_that_an_exclusion_cannot_carry_is_told() {
    let entry = |number: &str| Entry {
        number: number.parse().unwrap(),
        names: Vec::new(),
        viewpoint: None,
        standing: Standing::InForce,
    };
    let catalogue = Catalogue::new(["C/1", "C:2", "C-3"].map(entry).to_vec()).unwrap();
    for (rows, row, requirement) in [("C/1,no\nC:2,yes", 1, "C/1"), ("C/1,yes\nC-3,yes", 0, "C:2")] {
        let stated = read(format!("requirement,applicable\n{rows}\n").as_bytes()).unwrap();
        let refused = stated.against(&document(), &catalogue, viewpoints()).unwrap_err();
        let told: Vec<_> = refused.iter().map(|one| (one.row, one.requirement.as_str(), one.code)).collect();
        assert_eq!(told, [(row, requirement, "not-excludable")]);
    }
}

#[test]
fn a_file_that_is_no_statement_is_refused_as_a_whole() {
    let wide = vec!["x"; 65].join(",");
    let many = format!("id,applicable\n{}", "A.5.1,yes\n".repeat(ROWS_MAX + 1));
    let rows: [(&[u8], &str); 9] = [
        (&vec![b'a'; BYTES_MAX as usize + 1], "at most"),
        (b"requirement,applicable\n\x93\xfa,yes\n", "not UTF-8"),
        (b"", "no column requirement"),
        (b"requirement\nA.5.1\n", "no column applicable"),
        (b"id,control,applicable\nA,A,yes\n", "two columns that mean requirement"),
        (wide.as_bytes(), "more than 64 columns"),
        (many.as_bytes(), "more than 5000 rows"),
        (b"requirement,applicable\n", "no row"),
        (b"<html><body>", "no column requirement"),
    ];
    for (bytes, needle) in rows {
        let why = read(bytes).unwrap_err().to_string();
        assert!(why.contains(needle), "{needle}: {why}");
    }
}
