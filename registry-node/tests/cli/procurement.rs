//! A buyer's supply chain under its policy, by commands.

use std::path::Path;

use crate::guide::shown;
use crate::house::{House, read};
use crate::story::{GRANT, furnished};

const POLICY: &str = r#"{"policy": "terminals", "version": 1, "rules": [
  {"id": "direct", "tiers": {"from": 1, "to": 1}, "otherwise": "stop",
   "requires": {"verdict": {"scheme": "demo", "viewpoints": ["organization"]}}},
  {"id": "below", "tiers": {"from": 2}, "requires": {"verdict": {"evidence": "self"}},
   "otherwise": {"conditional": {"text": "declares itself", "days": 90}}}]}"#;

const CHAIN: &str = "\
supplier,name,country,to,item,site,touches,orders
corporate-number:7000012050002,Example Works,JP,product:Terminal,board,,continuity,PO-1
duns:150483782,Second,US,corporate-number:7000012050002,chip,,,PO-2
";

/// A registry with the verdict `jp:V-1` on Example Works, and a buyer with a chain and a policy.
fn buying() -> House {
    let house = furnished();
    house.good(&format!("--as certification-body grant V-1 {GRANT}"));
    house.write("chain.csv", CHAIN);
    house.write("policy.json", POLICY);
    house
}

const CHECK: &str = "--as buyer supply-chain check --chain chain.csv --policy policy.json";

#[test]
fn a_chain_is_checked_for_a_pipeline() {
    let house = buying();
    let told = house.run(&format!("{CHECK} --svg chain.svg"));
    assert_eq!(told.code, 5, "{told:?}");
    assert!(told.out.contains("Second (duns:150483782) → corporate-number:7000012050002 [chip], tier 2"), "{told:?}");
    assert!(
        told.out.contains("within 90 days: declares itself") && told.out.contains("orders exposed (2): PO-1, PO-2"),
        "{told:?}"
    );
    assert!(!told.out.contains("Example Works (corporate"), "what is met is not listed: {told:?}");
    let svg = read(&house.path("chain.svg"));
    assert!(
        svg.starts_with("<svg ") && svg.contains("class=\"broken\"") && svg.contains("class=\"affected\""),
        "{svg}"
    );

    let json = house.run(&format!("{CHECK} --json"));
    let answer: serde_json::Value = serde_json::from_str(&json.out).unwrap();
    assert_eq!(
        (json.code, &answer["advice"], &answer["brokenLinks"]),
        (5, &"conditional".into(), &1.into()),
        "{answer}"
    );
    let japanese = house.run(&format!("{CHECK} --lang ja"));
    assert!(japanese.out.contains("90 日以内") && japanese.out.contains("第 2 層"), "{japanese:?}");

    for step in ["acceptance", "payment"] {
        let told = house.run(&format!("{CHECK} --step {step}"));
        assert_eq!(told.code, 0, "{told:?}");
        assert!(told.out.contains("go on, with a notice"), "{told:?}");
    }
    // Before the verdict was granted, there was none.
    let granted = house.json("--as buyer verdict jp:V-1")["history"][0]["index"].as_u64().unwrap();
    let then = house.run(&format!("{CHECK} --as-of-size {granted}"));
    assert!(then.code == 5 && then.out.contains("Example Works (corporate"), "{then:?}");
}

#[test]
fn a_loss_is_supposed_and_a_policy_is_tried_before_it_is_used() {
    let house = buying();
    let exposure = "--as buyer supply-chain exposure --chain chain.csv --policy policy.json --supplier";
    let stands = house.run(&format!("{exposure} corporate-number:7000012050002"));
    assert_eq!(stands.code, 0, "{stands:?}");
    // At payment nothing is advised against, and what is exposed is exposed.
    for step in ["order", "payment"] {
        let lost = house.run(&format!("{exposure} corporate-number:7000012050002 --if-lost --step {step}"));
        assert!(lost.code == 5 && lost.out.contains("products exposed (1): Terminal"), "{lost:?}");
    }
    assert!(house.bad(&format!("{exposure} duns:150483783")).contains("is not in the chain"));

    house.write(
        "next.yaml",
        "policy: terminals\nversion: 2\nrules:\n- id: all\n  requires: {verdict: {scheme: demo}}\n  otherwise: stop\n",
    );
    let dry_run = "--as buyer supply-chain dry-run --chain chain.csv --policy next.yaml --against policy.json";
    let changes = house.json(dry_run);
    let changes = changes["changes"].as_array().unwrap();
    assert_eq!(changes.len(), 1, "{changes:?}");
    assert_eq!((&changes[0]["before"], &changes[0]["after"]), (&"conditional".into(), &"stop".into()));
    let same = "--as buyer supply-chain dry-run --chain chain.csv --policy policy.json --against policy.json";
    assert!(house.good(same).contains("nothing would change"));
}

#[test]
fn what_cannot_be_read_is_told_by_its_line_before_anybody_is_asked() {
    let house = House::empty();
    house.write("policy.json", POLICY);
    house.write("chain.csv", &CHAIN.replace("duns:150483782", "duns:15"));
    assert!(house.bad(CHECK).contains("line 3: supplier"));
    house.write("chain.csv", CHAIN);
    house.write("policy.json", &POLICY.replace("\"version\": 1", "\"version\": 1, \"surplus\": 1"));
    assert!(house.bad(CHECK).contains("unknown field `surplus`"));
}

#[test]
fn the_guide_shows_what_happens() {
    let guide = read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/guide/procurement.md"));
    let house = furnished();
    house.good(&format!("--as certification-body grant V-1 {GRANT}"));
    let count = shown(&house, &guide);
    assert!(count > 15, "{count} lines");
    let filed: serde_json::Value = serde_json::from_str(&read(&house.path("decision.json"))).unwrap();
    assert_eq!((&filed["advice"], &filed["proofs"][0]["verdict"]), (&"go".into(), &"jp:V-1".into()), "{filed}");
}

#[test]
fn a_partner_is_decided_about_by_a_policy_that_is_kept_or_sent() {
    let house = buying();
    let decide = "--as buyer decide corporate-number:7000012050002 --step order";
    assert!(house.good(&format!("{decide} --policy policy.json --lang ja")).contains("進行可です"));
    assert!(house.bad(&format!("{decide} --kept terminals")).contains("not-found"));
    assert!(house.bad(decide).contains("--policy"));
    assert!(house.bad(&format!("{decide} --policy policy.json --kept terminals")).contains("cannot be used with"));
}
