//! What a verdict was at a time: as the log showed it then, and as it is known today to have been in effect.

use jiff::Timestamp;
use serde_json::json;

use crate::world::{World, changed, cover, with};

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// Suspended on 10 December with effect from the 5th, restored on the 20th, reduced on the 25th.
fn told() -> World {
    let mut world = World::furnished();
    for (now, effective, change) in [
        ("2026-12-10T00:00:00Z", "2026-12-05T00:00:00Z", json!("suspended")),
        ("2026-12-20T00:00:00Z", "2026-12-20T00:00:00Z", json!("restored")),
        (
            "2026-12-25T00:00:00Z",
            "2026-12-25T00:00:00Z",
            json!({"scope-reduced": cover(json!({"sites": ["Osaka"], "level": "3"}))}),
        ),
    ] {
        world.at(now);
        let claim = with(changed(&world, "V-1", change), json!({"effective": effective}));
        world.must("cb-1", "verdict-changed", claim);
    }
    world
}

#[test]
fn the_log_showed_and_it_was() {
    let world = told();
    let record = world.verdict("V-1");
    for (time, shown, was) in [
        ("2026-09-30T23:59:59Z", None, None),
        ("2026-10-01T00:00:00Z", None, Some("granted")),
        ("2026-11-15T00:00:00Z", Some("granted"), Some("granted")),
        ("2026-12-07T00:00:00Z", Some("granted"), Some("suspended")),
        ("2026-12-10T00:00:00Z", Some("suspended"), Some("suspended")),
        ("2026-12-20T00:00:00Z", Some("granted"), Some("granted")),
        ("2030-01-01T00:00:00Z", Some("granted"), Some("granted")),
    ] {
        let name = |snapshot: Option<conformity::verdict::Snapshot>| snapshot.map(|then| then.state.name().as_str());
        assert_eq!(name(record.as_of(at(time))), shown, "as the log showed it at {time}");
        assert_eq!(name(record.in_effect_at(at(time))), was, "as it was at {time}");
    }
}

#[test]
fn scope_and_level_are_those_of_the_time() {
    let record = told().verdict("V-1");
    let level = |time| record.as_of(at(time)).unwrap().level.unwrap().to_string();
    assert_eq!((level("2026-12-24T00:00:00Z"), level("2026-12-26T00:00:00Z")), ("4".to_owned(), "3".to_owned()));
    assert_eq!(record.as_of(at("2026-12-24T00:00:00Z")).unwrap().sites.len(), 2);
    assert_eq!(record.now.sites.len(), 1);
    assert_eq!(record.terms.sites.len(), 2, "what was granted stays on record");
}

#[test]
fn an_annulment_reaches_back_to_the_start() {
    let mut world = told();
    world.at("2027-01-05T00:00:00Z");
    let claim = with(changed(&world, "V-1", json!("annulled")), json!({"effective": "2026-10-01T00:00:00Z"}));
    world.must("cb-1", "verdict-changed", claim);
    let record = world.verdict("V-1");
    assert!(record.in_force_at(at("2026-12-22T00:00:00Z")), "the log showed it in force");
    let was = |time| record.in_effect_at(at(time)).unwrap().state.name().as_str();
    assert_eq!(was("2026-11-01T00:00:00Z"), "annulled");
    assert_eq!(was("2026-12-22T00:00:00Z"), "annulled");
}

#[test]
fn the_history_says_who_when_and_why() {
    let mut world = World::furnished();
    let basis = json!({"legalBasis": "section 7", "reason": {"code": "major-nonconformity", "text": "see the report"}});
    let claim = with(changed(&world, "V-1", json!("suspended")), basis);
    let index = world.next;
    world.must("cb-1", "verdict-changed", claim);
    let record = world.verdict("V-1");
    let item = record.history.last().unwrap();
    assert_eq!((item.index, item.by.as_str(), item.what.as_str()), (index, "cb-1", "suspended"));
    assert_eq!(item.legal_basis.as_ref().unwrap().as_str(), "section 7");
    assert_eq!(item.reason.as_ref().unwrap().to_string(), "major-nonconformity: see the report");
}
