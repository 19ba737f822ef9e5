//! Signed tables of changes: told once, whoever is killed, and checked offline.

use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::house::{House, read};
use crate::story::{GRANT, furnished};

const CHANGES: &str = "--as buyer bridge changes --out changes --after start";
/// No machine takes longer.
const LIMIT: Duration = Duration::from_secs(120);

fn house() -> House {
    let house = furnished();
    std::fs::create_dir(house.path("changes")).unwrap();
    house
}

/// The tables in a folder, in order, as `folder/name`.
fn tables(house: &House, folder: &str) -> Vec<String> {
    let entries = std::fs::read_dir(house.path(folder)).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = names.filter(|name| name.ends_with(".csv")).collect();
    names.sort();
    names.into_iter().map(|name| format!("{folder}/{name}")).collect()
}

/// The column of this name in all tables.
fn column(house: &House, tables: &[String], name: &str) -> Vec<String> {
    let mut found = Vec::new();
    for table in tables {
        let text = read(&house.path(table));
        let mut reader = csv::Reader::from_reader(text.trim_start_matches('\u{feff}').as_bytes());
        let place = reader.headers().unwrap().iter().position(|heading| heading == name).unwrap();
        found.extend(reader.records().map(|line| line.unwrap()[place].to_owned()));
    }
    found
}

fn check(house: &House, tables: &[String]) -> Value {
    house.json(&format!("--as buyer bridge check {}", tables.join(" ")))
}

#[test]
fn changes_are_told_in_signed_tables_that_join() {
    let mut house = house();
    house.good(&format!("--as certification-body grant V-1 {GRANT}"));
    assert!(house.good(&format!("{CHANGES} --once")).contains("changes behind start"));
    house.good("--as certification-body suspend V-1 --reason major-nonconformity");
    house.good(&format!("{CHANGES} --once"));
    let told = tables(&house, "changes");
    assert_eq!(told.len(), 2, "{told:?}");
    assert_eq!(column(&house, &told[1..], "change"), ["verdict.suspended"]);
    let cell = |name: &str| column(&house, &told[1..], name).remove(0);
    let cells = ["about", "identifiers", "scheme", "state", "reason", "by"].map(cell);
    let expected = [
        "jp:V-1",
        "corporate-number:7000012050002",
        "demo@1",
        "suspended",
        "major-nonconformity",
        "certification-body",
    ];
    assert_eq!(cells, expected);
    assert!(cell("proof").ends_with("/v1/verdicts/jp%3AV%2D1/proof") && cell("text").contains("suspended"));
    assert!(column(&house, &told[..1], "change").contains(&"verdict.granted".to_owned()));
    // In the words and bytes of a spreadsheet in Japan.
    std::fs::create_dir(house.path("ja")).unwrap();
    house.good("--as buyer --lang ja bridge changes --out ja --after start --once --encoding shift-jis --type verdict");
    let bytes = std::fs::read(house.path(&tables(&house, "ja")[0])).unwrap();
    let (text, _, broken) = encoding_rs::SHIFT_JIS.decode(&bytes);
    assert!(!broken && text.contains("停止"), "{text}");
    assert!(house.bad(&format!("{CHANGES} --once --type verdict")).contains("other conditions"));

    // Nobody has to be asked.
    house.end();
    let held = check(&house, &told);
    assert_eq!(
        (&held[0]["after"], &held[0]["through"], &held[0]["by"]),
        (&"start".into(), &held[1]["after"], &"buyer".into())
    );
    assert_eq!(check(&house, &tables(&house, "ja"))[0]["wanted"], serde_json::json!(["type=verdict"]));
    let signer = held_key(&house);
    // A thumbprint may have any letter of base64url, so that words are given as they are.
    let words = ["bridge", "check", "--genesis", "jp/genesis.jws", "--signer", &signer].map(str::to_owned);
    let checked = house.run_words(&[&words[..], &told[..]].concat());
    assert_eq!(checked.code, 0, "{checked:?}");
}

/// The thumbprint in the header of the first signature.
fn held_key(house: &House) -> String {
    use base64::Engine as _;
    let seal = read(&house.path(&format!("{}.jws", tables(house, "changes")[0])));
    let header = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(seal.split('.').next().unwrap()).unwrap();
    serde_json::from_slice::<Value>(&header).unwrap()["kid"].as_str().unwrap().to_owned()
}

#[test]
fn what_was_edited_swapped_left_out_or_is_anothers_does_not_hold() {
    let mut house = house();
    house.good(&format!("{CHANGES} --once"));
    for id in ["V-1", "V-2"] {
        house.good(&format!("--as certification-body grant {id} {GRANT}"));
        house.good(&format!("{CHANGES} --once"));
    }
    house.end();
    house.good("init eu --id eu --origin eu.registry.example --name Europe --persons 1");
    let told = tables(&house, "changes");
    assert_eq!(told.len(), 3);
    let bad = |command: &str| {
        let told = house.run(command);
        assert_eq!(told.code, 3, "{command}: {told:?}");
        told.err
    };
    let own = |tables: &[&String]| {
        format!("--as buyer bridge check {}", tables.iter().map(|one| one.as_str()).collect::<Vec<_>>().join(" "))
    };
    assert!(bad(&own(&[&told[0], &told[2]])).contains("missing"));
    let others = format!("--as jp/operator bridge check {}", told[0]);
    assert!(bad(&others).contains("not with"));
    let log = format!("--as buyer bridge check --genesis eu/genesis.jws {}", told[0]);
    assert!(bad(&log).contains("eu.registry.example"));
    let seal = |table: &String| house.path(&format!("{table}.jws"));
    let (table, kept) = (house.path(&told[1]), read(&house.path(&told[1])));
    std::fs::write(&table, kept.replace("V-1", "V-9")).unwrap();
    assert!(bad(&own(&[&told[1]])).contains("not the one that was signed"));
    std::fs::write(&table, &kept).unwrap();
    let signed = read(&seal(&told[1]));
    std::fs::copy(seal(&told[2]), seal(&told[1])).unwrap();
    assert!(bad(&own(&[&told[1]])).contains("not the one that was signed"));
    let (begin, end) = signed.split_at(signed.len() / 2);
    let flipped = if end.starts_with('A') { 'B' } else { 'A' };
    std::fs::write(seal(&told[1]), format!("{begin}{flipped}{}", &end[1..])).unwrap();
    bad(&own(&[&told[1]]));
    std::fs::remove_file(seal(&told[1])).unwrap();
    assert!(bad(&own(&[&told[1]])).contains("cannot read"));
    std::fs::write(seal(&told[1]), signed).unwrap();
    assert_eq!(check(&house, &told)[2]["rows"], 1);
}

#[test]
fn whoever_is_killed_tells_each_change_once() {
    let house = house();
    let words: Vec<String> = CHANGES.split(' ').map(str::to_owned).collect();
    for number in 0..6 {
        let before = listed(&house.path("changes"));
        let running = house.start_words(&words);
        house.good(&format!("--as certification-body grant V-{number} {GRANT}"));
        // Killed before it connected, while it waits for a checkpoint, in the middle of the files, or behind them.
        if number % 2 == 0 {
            let began = Instant::now();
            while listed(&house.path("changes")) == before {
                assert!(began.elapsed() < LIMIT, "nothing is written");
            }
        } else {
            std::thread::sleep(Duration::from_millis(150 * number));
        }
        drop(running);
    }
    house.good(&format!("{CHANGES} --once"));
    std::fs::create_dir(house.path("whole")).unwrap();
    house.good("--as buyer bridge changes --out whole --after start --once");
    let told = tables(&house, "changes");
    check(&house, &told);
    let ids = column(&house, &told, "id");
    let whole = column(&house, &tables(&house, "whole"), "id");
    assert_eq!(ids, whole, "each once, in order");
    let granted = column(&house, &told, "about").into_iter().filter(|about| about.starts_with("jp:V-")).count();
    assert_eq!(granted, 6);
    assert!(
        listed(&house.path("changes"))
            .iter()
            .all(|name| !name.contains("csv.unfinished") && !name.contains("jws.unfinished"))
    );
}

fn listed(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap();
    let mut names: Vec<String> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn a_table_comes_with_each_period_also_when_nothing_fits() {
    let house = house();
    let command = format!("{CHANGES} --every 1s --supplier corporate-number:7000012050002");
    let mut running = house.start(&command);
    assert!(running.line().contains("0 changes"));
    house.good(&format!("--as certification-body grant V-1 {GRANT}"));
    // Periods may end before the grant, and behind the seal that comes after it.
    while !running.line().contains("1 changes") {}
    assert!(
        house.bad(&format!("{CHANGES} --once --supplier corporate-number:7000012050002")).contains("another command")
    );
    drop(running);
    let told = tables(&house, "changes");
    check(&house, &told);
    assert_eq!(column(&house, &told, "about"), ["jp:V-1"]);
}
