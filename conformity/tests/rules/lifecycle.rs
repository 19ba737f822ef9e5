//! The lifecycle as a table: what a body may do from each state, and where that leads. Everything else is illegal.

use conformity::verdict::{Happening, HistoryItem, VerdictRecord};
use serde_json::{Value, json};

use crate::world::{World, cover, key, kid, verdict};

/// Every change there is.
fn changes() -> Vec<(&'static str, Value)> {
    let conditions = json!({"text": "close two findings", "deadline": "2027-01-31"});
    vec![
        ("conditional", json!({"conditional": conditions})),
        ("suspended", json!("suspended")),
        ("restored", json!("restored")),
        ("scope-extended", json!({"scope-extended": cover(json!({"sites": ["Osaka", "Nagoya", "Kobe"]}))})),
        ("scope-reduced", json!({"scope-reduced": cover(json!({"sites": ["Osaka"]}))})),
        ("renewed", json!({"renewed": {"validUntil": "2029-12-31"}})),
        ("transferred", json!({"transferred": {"to": "cb-2"}})),
        ("surrendered", json!("surrendered")),
        ("withdrawn", json!("withdrawn")),
        ("superseded", json!({"superseded": {"by": "V-2"}})),
        ("annulled", json!("annulled")),
        ("historical", json!("historical")),
        ("conditions-met", json!("conditions-met")),
    ]
}

/// From a state, what a body may do, and the state it leads to.
#[rustfmt::skip]
const TABLE: &[(&str, &[(&str, &str)])] = &[
    ("granted", &[
        ("conditional", "conditional"), ("suspended", "suspended"), ("scope-extended", "granted"),
        ("scope-reduced", "granted"), ("renewed", "granted"), ("transferred", "granted"),
        ("surrendered", "surrendered"), ("withdrawn", "withdrawn"), ("superseded", "superseded"),
        ("annulled", "annulled"), ("historical", "historical"),
    ]),
    ("conditional", &[
        ("conditional", "conditional"), ("suspended", "suspended"), ("conditions-met", "granted"),
        ("scope-extended", "conditional"), ("scope-reduced", "conditional"), ("renewed", "conditional"),
        ("transferred", "conditional"), ("surrendered", "surrendered"), ("withdrawn", "withdrawn"),
        ("superseded", "superseded"), ("annulled", "annulled"), ("historical", "historical"),
    ]),
    ("suspended", &[
        ("restored", "granted"), ("scope-reduced", "suspended"), ("surrendered", "surrendered"),
        ("withdrawn", "withdrawn"), ("superseded", "superseded"), ("annulled", "annulled"),
        ("historical", "historical"),
    ]),
    ("historical", &[("withdrawn", "withdrawn"), ("superseded", "superseded"), ("annulled", "annulled")]),
    ("expired", &[
        ("renewed", "granted"), ("superseded", "superseded"), ("annulled", "annulled"), ("historical", "historical"),
    ]),
    ("surrendered", &[]),
    ("withdrawn", &[]),
    ("superseded", &[]),
    ("annulled", &[]),
    ("void", &[]),
    ("unconfirmed", &[
        ("surrendered", "surrendered"), ("withdrawn", "withdrawn"), ("superseded", "superseded"),
        ("annulled", "annulled"), ("historical", "historical"),
    ]),
];

/// V-1 in this state.
fn world_in(state: &str) -> World {
    let mut world = World::furnished();
    world.must("cb-1", "verdict-granted", verdict("V-2"));
    if state == "expired" {
        // The body's accreditation outlasts the verdict, so that the states alone decide.
        let renewed = json!({"id": "C-1", "change": {"renewed": {"until": "2035-01-01"}}, "reason": {"code": "x"}});
        world.must("ministry", "accreditation-changed", renewed);
        world.at("2029-10-01T00:00:00Z");
        world.must("node", "verdict-expired", json!({"verdicts": ["V-1"]}));
    } else if state == "void" {
        world.must("op", "key-added", json!({"party": "cb-1", "key": key(50)}));
        let since = world.verdict("V-1").history[0].at.to_string();
        world.must("op", "key-revoked", json!({"party": "cb-1", "kid": kid(5), "compromisedSince": since}));
    } else if state != "granted" {
        let (_, change) = changes().into_iter().find(|(name, _)| *name == state).unwrap();
        world.must_change(change);
    }
    assert_eq!(world.state("V-1"), state);
    world
}

#[test]
fn each_state_allows_just_what_the_table_says() {
    for (state, allowed) in TABLE.iter().filter(|(state, _)| *state != "unconfirmed") {
        for (name, change) in changes() {
            let mut world = world_in(state);
            let outcome = world.change(change);
            let expected = allowed.iter().find(|(allowed, _)| *allowed == name);
            match (outcome, expected) {
                (Ok(_), Some((_, leads_to))) => assert_eq!(world.state("V-1"), *leads_to, "{state} → {name}"),
                (Err(refusal), None) => assert_eq!(refusal.code(), "illegal-move", "{state} → {name}: {refusal}"),
                (Ok(_), None) => panic!("{state} → {name} was allowed"),
                (Err(refusal), Some(_)) => panic!("{state} → {name}: {refusal}"),
            }
        }
    }
}

/// No body has a verdict that waits for an expert: here the states alone decide.
#[test]
fn a_declaration_that_waits_allows_just_what_the_table_says() {
    let mut terms = verdict("S-1");
    terms["provenance"] = json!({"self-declared": {"awaitsExpert": true}});
    let waiting = World::furnished().verdict("V-1").history[0].clone();
    let waiting = VerdictRecord::new(serde_json::from_value(terms).unwrap(), waiting);
    let (_, allowed) = TABLE.iter().find(|(state, _)| *state == "unconfirmed").unwrap();
    for (name, change) in changes() {
        let what = Happening::Changed(serde_json::from_value(change).unwrap());
        let after = waiting.after(HistoryItem { what, ..waiting.history[0].clone() });
        let leads_to = after.ok().map(|after| after.now.state.name().as_str());
        let expected = allowed.iter().find(|(allowed, _)| *allowed == name).map(|(_, leads_to)| *leads_to);
        assert_eq!(leads_to, expected, "{name}");
    }
}

#[test]
fn the_table_has_every_state() {
    use conformity::verdict::StateName;
    for state in StateName::ALL {
        let row = TABLE.iter().find(|(name, _)| *name == state.as_str());
        let (_, allowed) = row.unwrap_or_else(|| panic!("{state} has no row"));
        assert_eq!(state.is_terminal(), allowed.is_empty(), "{state}");
        assert_eq!(state.as_str().parse(), Ok(state));
    }
}

#[test]
fn time_ends_a_suspended_verdict_too() {
    let mut world = world_in("suspended");
    world.at("2029-10-01T00:00:00Z");
    world.must("node", "verdict-expired", json!({"verdicts": ["V-1"]}));
    assert_eq!(world.state("V-1"), "expired");
}

#[test]
fn who_lost_a_verdict_may_still_appeal() {
    let mut world = world_in("withdrawn");
    world.must_change(json!("appeal-opened"));
    assert!(world.verdict("V-1").now.marks.appeal);
    world.must_change(json!("appeal-closed"));
    assert_eq!((world.state("V-1"), world.verdict("V-1").now.marks.appeal), ("withdrawn", false));
}
