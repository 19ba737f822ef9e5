//! Every reason for which a row is refused, and every reason for which a file is.

use super::world::{SAMPLE, TODAY, World, check_account, day, fetched, list, reasons, row, sample};
use crate::import::{ImportError, Mapping, Occasion, preset, register};

#[test]
fn every_reason_of_a_row() {
    let long = "x".repeat(300);
    let huge = "x".repeat(70_000);
    let full = "x".repeat(1000);
    let rows: Vec<(&str, Vec<String>, &str)> = vec![
        ("ragged", vec!["A-1,too,few".to_owned()], "17"),
        ("missing", vec![row(&[("id", "")])], "identity is missing"),
        ("missing", vec![row(&[("name", " ")])], "name is missing"),
        ("missing", vec![row(&[("holder", "")])], "supplier is missing"),
        ("missing", vec![row(&[("from", "")])], "valid-from is missing"),
        ("missing", vec![row(&[("status", "")])], "status is missing"),
        ("missing", vec![row(&[("maintained", "2021-01-01")])], "maintenance is missing"),
        ("not-a-day", vec![row(&[("from", "2020-02-30")])], "\"2020-02-30\" is not a day"),
        ("not-a-day", vec![row(&[("until", "Not Active")])], "valid-until"),
        ("not-a-day", vec![row(&[("archived", "soon")])], "archived"),
        ("not-a-day", vec![row(&[("maintained", "7/72023"), ("build", "b")])], "maintenance"),
        ("unmapped", vec![row(&[("status", "fine")])], "no entry for \"fine\""),
        ("unmapped", vec![row(&[("level", ""), ("profile", "Q1")])], "no entry for \"Q1\""),
        ("no-level", vec![row(&[("level", "")])], "neither a level"),
        ("not-a-verdict", vec![row(&[("status", "open")])], "\"open\" is no verdict"),
        ("unacceptable", vec![row(&[("name", &long)])], "300 bytes"),
        ("unacceptable", vec![row(&[("name", "a\u{202e}b")])], "U+202E"),
        ("unacceptable", vec![row(&[("scope", "a\u{7}b")])], "U+0007"),
        ("unacceptable", vec![row(&[("level", "one level")])], "level"),
        ("unacceptable", vec![row(&[("country", "Japan")])], "country"),
        ("unacceptable", vec![row(&[("uei", "IDLMCTPLQMR1F5")])], "identifier"),
        ("unacceptable", vec![row(&[("body", "認証機関")])], "issued-by"),
        ("unacceptable", vec![row(&[("scope", &full), ("maintained", "2021-01-01"), ("build", &full)])], "maintenance"),
        ("too-long", vec![row(&[("name", &huge)])], "70000 bytes"),
        (
            "order",
            vec![row(&[("until", "2019-12-31")])],
            "valid-until (2019-12-31) lies before valid-from (2020-01-01)",
        ),
        ("order", vec![row(&[("archived", "2019-12-31")])], "archived"),
        ("order", vec![row(&[("maintained", "2019-12-31"), ("build", "b")])], "maintenance"),
        ("future", vec![row(&[("from", "2026-02-01")])], "lies in the future"),
        ("future", vec![row(&[("maintained", "2026-02-01"), ("build", "b")])], "maintenance"),
        ("repeats", vec![row(&[]), row(&[])], "says the same as row 1"),
        (
            "repeats",
            vec![
                row(&[("maintained", "2021-01-01"), ("build", "b")]),
                row(&[("maintained", "2021-01-01"), ("build", "b")]),
            ],
            "row 1",
        ),
        ("contradicts", vec![row(&[]), row(&[("level", "2")])], "contradicts row 1"),
        ("contradicts", vec![row(&[]), row(&[("status", "gone")])], "contradicts row 1"),
        (
            "maintained-then-over",
            vec![row(&[("until", "2022-01-01"), ("maintained", "2021-01-01"), ("build", "b")])],
            "over on 2022-01-01",
        ),
    ];
    let mapping = sample();
    for (code, rows, words) in rows {
        let plan = register(&*list(&rows), &mapping, &fetched("2026-01-10"), &World::new().register).unwrap();
        check_account(&plan);
        assert_eq!(reasons(&plan), [(code, 1)], "{rows:?}");
        let refusal = plan.accounts.report().next().unwrap();
        assert_eq!(refusal.place.row, rows.len() as u64, "the last row is the one refused");
        assert!(refusal.why.contains(words), "{} lacks {words}", refusal.why);
        let verdicts = plan.accounts.counts().verdicts;
        assert_eq!(verdicts, rows.len() - 1, "every other row stands");
    }
}

/// Sections and their reasons, in JSON.
#[test]
fn every_reason_that_only_json_rows_have() {
    let text = SAMPLE
        .replace("format = \"csv\"", "format = \"json\"")
        .replace("\"%Y-%m-%d\"]\n", "\"%Y-%m-%d\"]\n\n[[section]]\nname = \"rows\"\npointer = \"/rows\"\nbecome = \"verdicts\"\n\n[[section]]\nname = \"used\"\npointer = \"/used\"\nbecome = \"evidence\"\n\n[[section]]\nname = \"rest\"\npointer = \"/rest\"\nbecome = \"nothing\"\nwhy = \"it is something else\"\n")
        .replace("identity = [\"id\"]", "identity = [\"/id\"]")
        .replace("version = \"version\"\n", "")
        .replace("name = \"name\"", "name = \"/name\"")
        .replace("value = \"scope\"", "value = \"/scope\"")
        .replace("valid-from = \"from\"", "valid-from = \"/from\"")
        .replace("valid-until = \"until\"\narchived = \"archived\"\nissued-by = \"body\"\n", "")
        .lines()
        .filter(|line| !["status", "level-", "level ", "maintenance", "country", "identifiers"].iter().any(|key| line.starts_with(key)))
        .collect::<Vec<_>>()
        .join("\n")
        .replace("name = \"holder\"", "name = \"/holder\"")
        + "\n[evidence]\nverdict = [\"/id\"]\nby = \"/by\"\nfrom = \"/from\"\n";
    let mapping = Mapping::parse(&text).unwrap();
    let deep = format!("{}1{}", "[".repeat(40), "]".repeat(40));
    let many = vec!["0"; 30_000].join(",");
    let sound = r#"{"id":"A","name":"Thing","holder":"Holder","from":"2020-01-01"}"#;
    let accepted = r#"{"id":"A","by":"Agency","from":"2021-01-01"}"#;
    let file = format!(
        r#"{{"rest":[1],"ignored":{deep},"used":[{accepted},{{"id":"Z","by":"Agency","from":"2021-01-01"}},{accepted}],
        "rows":[{sound},7,null,["a"],{{"id":{{"a":1}}}},{{"id":[["a"]]}},{{"id":"B","x":{deep}}},{{"id":"C","x":[{many}]}},
        {{"id":"D","name":["a","b"],"holder":1,"from":"2020-01-01","scope":[true,null,2.5]}}]}}"#
    );
    let mut world = World::new();
    let plan = world.import(file.as_bytes(), &mapping, &fetched("2026-01-10"));
    assert_eq!(
        reasons(&plan),
        [
            ("no-such-verdict", 1),
            ("not-a-value", 2),
            ("not-an-object", 3),
            ("other-fact", 1),
            ("repeats", 1),
            ("too-deep", 1),
            ("too-many-values", 1),
        ]
    );
    let counts = plan.accounts.counts();
    assert_eq!((counts.rows, counts.verdicts, counts.evidence, counts.refused), (13, 2, 1, 10));
    let flattened = world.verdict("sample.D");
    assert_eq!(flattened.terms.object.name.as_str(), "a, b");
    assert_eq!(flattened.terms.supplier.name.as_str(), "1");
    assert_eq!(flattened.terms.scope.as_str(), "covers: true, 2.5");
}

#[test]
fn a_file_that_is_not_the_list_is_refused_as_a_whole() {
    let world = World::new();
    let two = |heading: &str| format!("{heading}\n").into_bytes();
    let rows: Vec<(&str, Vec<u8>, &str)> = vec![
        ("common-criteria", b"<!DOCTYPE html>\n<html></html>".to_vec(), "a web page or XML"),
        ("common-criteria", two("Name,Manufacturer"), "no column \"Scheme\""),
        ("common-criteria", Vec::new(), "no column"),
        ("gleif", two("LEI,Entity.LegalName,LEI,Entity.LegalAddress.Country"), "two columns named \"LEI\""),
        ("gleif", b"LEI,Entity.LegalName,Entity.LegalAddress.Country\n\"\xff\",a,DE\n".to_vec(), "not UTF-8"),
        ("gleif", two(&"a,".repeat(600)), "more than 512 columns"),
        ("fedramp", b"{}".to_vec(), "nothing at \"/data/Products\""),
        ("fedramp", b"[]".to_vec(), "lead through an object"),
        ("fedramp", b"{\"data\":[]}".to_vec(), "lead through an object"),
        ("fedramp", b"{\"data\":{\"Products\":3}}".to_vec(), "not readable as JSON"),
        ("fedramp", b"{\"data\":{\"Products\":[".to_vec(), "not readable as JSON"),
        (
            "fedramp",
            b"{\"data\":{\"Products\":[],\"Assessors\":[],\"AtoMapping\":[],\"ReuseMapping\":[]}} x".to_vec(),
            "not readable",
        ),
        ("eucc", b"".to_vec(), "not readable as JSON"),
        ("cmvp", b"<html><table id='other'><tr><th>a</th></tr></table></html>".to_vec(), "no table with id"),
        ("cmvp", b"<table id='searchResultsTable'><tr><td>1</td></tr></table>".to_vec(), "rows before any heading"),
        ("cmvp", b"<table id='searchResultsTable'></table>".to_vec(), "no table with id"),
        (
            "cmvp",
            b"<table id='searchResultsTable'><tr><th>a</th></tr></table>".to_vec(),
            "no column \"Certificate Number\"",
        ),
    ];
    for (name, file, words) in rows {
        let error = register(&*file, &preset(name).unwrap(), &fetched(TODAY), &world.register).expect_err(words);
        assert!(error.to_string().contains(words), "{name}: {error} lacks {words}");
    }
}

#[test]
fn nothing_is_fetched_after_it_is_imported() {
    let occasion = Occasion { retrieved: day("2026-11-24"), ..fetched(TODAY) };
    let error = register(&*list(&[]), &sample(), &occasion, &World::new().register).unwrap_err();
    assert!(matches!(error, ImportError::RetrievedLater { .. }), "{error}");
}

#[test]
fn what_looks_alike_is_not_joined() {
    let mut world = World::new();
    let rows = [
        row(&[("id", "A-1"), ("holder", "FRAME S.R.L.")]),
        row(&[("id", "A-2"), ("holder", "FRAME S.R.L.")]),
        row(&[("id", "A-3"), ("holder", "FRAME S.R.L."), ("number", "77")]),
        row(&[("id", "A-4"), ("holder", "FRAME S.R.L."), ("uei", "yndUZMUZF8H8"), ("number", "77")]),
    ];
    world.import(&list(&rows), &sample(), &fetched("2026-01-10"));
    let supplier = |id: &str| world.verdict(id).terms.supplier.clone();
    let ids: Vec<_> = ["A-1", "A-2", "A-3", "A-4"].map(|id| supplier(&format!("sample.{id}")).id.to_string()).to_vec();
    assert_eq!(ids, ["local:sample:A-1", "local:sample:A-2", "local:sample:77", "uei:YNDUZMUZF8H8"]);
    let others: Vec<_> = supplier("sample.A-4").others.iter().map(ToString::to_string).collect();
    assert_eq!(others, ["local:sample:77"]);
}
