//! Granting verdicts: who, under which accreditation, within which dates.

use serde_json::{Value, json};

use crate::world::{Row, World, accreditation, reason, row, scheme, transcribed, verdict, with};

fn accreditation_changed(change: Value) -> Value {
    json!({"id": "C-1", "change": change, "reason": reason()})
}

fn grant(world: &mut World, patch: Value) -> Result<Vec<conformity::Record>, conformity::Refusal> {
    world.say("cb-1", "verdict-granted", with(verdict("V-9"), patch))
}

#[rustfmt::skip] // A table reads by its rows.
pub(crate) fn rows() -> Vec<Row> {
    vec![
        row("an audit body decides", |w| w.say("audit", "verdict-granted", verdict("V-9")), "not-a-decider"),
        row("a laboratory decides", |w| w.say("lab", "verdict-granted", verdict("V-9")), "not-a-decider"),
        row("an accreditation body decides", |w| w.say("ab", "verdict-granted", verdict("V-9")), "not-a-decider"),
        row("the authority decides", |w| w.say("ministry", "verdict-granted", verdict("V-9")), "not-a-decider"),
        row("the operator decides", |w| w.say("op", "verdict-granted", verdict("V-9")), "not-a-decider"),
        row("a buyer decides", |w| w.say("buyer", "verdict-granted", verdict("V-9")), "not-a-decider"),
        row("the node decides", |w| w.say("node", "verdict-granted", verdict("V-9")), "not-a-decider"),
        row("a body transcribes a list", |w| w.say("cb-1", "verdict-granted", transcribed("T-9")), "transcribed-by-others"),
        row("the id is taken", |w| w.say("cb-1", "verdict-granted", verdict("V-1")), "verdict-exists"),
        row("another body takes the id", |w| w.say("cb-2", "verdict-granted", verdict("V-1")), "verdict-exists"),
        row("a scheme nobody knows", |w| grant(w, json!({"scheme": "moons@1"})), "unknown-scheme"),
        row("a version of the scheme nobody knows", |w| grant(w, json!({"scheme": "stars@2"})), "unknown-scheme"),
        row("a viewpoint the scheme lacks", |w| grant(w, json!({"viewpoints": ["people-and-things"]})), "unknown-viewpoint"),
        row("no viewpoint", |w| grant(w, json!({"viewpoints": []})), "empty"),
        row("an object the scheme does not assess", |w| grant(w, json!({"object": {"kind": "person", "name": "p-17"}})), "unknown-object"),
        row("a supplier of very many names", |w| {
            let others: Vec<_> = (0..33).map(|n| format!("local:list:{n}")).collect();
            grant(w, json!({"supplier": {"id": "local:list:x", "name": "x", "country": "JP", "others": others}}))
        }, "too-many"),
        row("a verdict for very many sectors", |w| {
            let sectors: Vec<_> = (0..33).map(|n| format!("isic4.{n}")).collect();
            grant(w, json!({"sectors": sectors}))
        }, "too-many"),
        row("a body that does not know where the supplier is", |w| {
            grant(w, json!({"supplier": {"id": "local:list:x", "name": "x"}}))
        }, "country-not-stated"),
        row("a level the scheme lacks", |w| grant(w, json!({"level": "6"})), "unknown-level"),
        row("valid until before it is valid", |w| grant(w, json!({"validUntil": "2026-09-30"})), "impossible-dates"),
        row("valid for longer than the scheme allows", |w| grant(w, json!({"validUntil": "2029-10-02"})), "validity-too-long"),
        row("valid without end where the scheme sets one", |w| grant(w, json!({"validUntil": null})), "validity-too-long"),
        row("over before it is granted", |w| grant(w, json!({"validUntil": "2026-11-01"})), "already-over"),
        row("valid from before the body was accredited", |w| grant(w, json!({"validFrom": "2025-12-31", "validUntil": "2027-12-31"})), "before-accreditation"),
        row("conditions to be met in the past", |w| grant(w, json!({"conditions": {"text": "close two findings", "deadline": "2026-11-01"}})), "impossible-dates"),
        row("conditions to be met after the verdict ends", |w| grant(w, json!({"conditions": {"text": "close two findings", "deadline": "2029-10-01"}})), "impossible-dates"),
        row("a body without accreditation", |w| w.say("cb-3", "verdict-granted", verdict("V-9")), "not-accredited"),
        row("a body accredited for another scheme", |w| {
            w.must("ministry", "scheme-published", with(scheme(), json!({"scheme": "moons@1"})));
            grant(w, json!({"scheme": "moons@1"}))
        }, "not-accredited-for-scheme"),
        row("a body accredited for another version of the scheme", |w| {
            w.must("ministry", "scheme-published", with(scheme(), json!({"scheme": "stars@2"})));
            grant(w, json!({"scheme": "stars@2"}))
        }, "not-accredited-for-scheme"),
        row("a body accredited for another viewpoint", |w| {
            w.must("ab", "accreditation-changed", accreditation_changed(json!({"reduced": {"viewpoints": ["process"]}})));
            grant(w, json!({}))
        }, "not-accredited-for-viewpoint"),
        row("a body accredited for another kind of object", |w| {
            w.must("ab", "accreditation-granted", with(accreditation("C-9", "cb-3", "certification-body"), json!({"objects": ["site"]})));
            w.say("cb-3", "verdict-granted", verdict("V-9"))
        }, "not-accredited-for-object"),
        row("a body whose accreditation is expired", |w| {
            w.at("2029-01-01T00:00:00Z");
            grant(w, json!({}))
        }, "accreditation-expired"),
        row("a body whose accreditation has not begun", |w| {
            w.must("ab", "accreditation-granted", with(accreditation("C-9", "cb-3", "certification-body"), json!({"from": "2026-12-01"})));
            w.say("cb-3", "verdict-granted", verdict("V-9"))
        }, "accreditation-not-yet"),
        row("a body whose accreditation is suspended", |w| {
            w.must("ab", "accreditation-changed", accreditation_changed(json!("suspended")));
            grant(w, json!({}))
        }, "accreditation-suspended"),
        row("a body whose accreditation is withdrawn", |w| {
            w.must("ministry", "accreditation-changed", accreditation_changed(json!("withdrawn")));
            grant(w, json!({}))
        }, "accreditation-withdrawn"),
    ]
}

#[test]
fn an_accredited_body_grants() {
    let mut world = World::furnished();
    for (why, patch) in [
        ("as usual", json!({"verdict": "V-10"})),
        ("for the longest validity", json!({"verdict": "V-11", "validUntil": "2029-10-01"})),
        ("without a level, although the scheme has some", json!({"verdict": "V-12", "level": null})),
        ("from a day still to come", json!({"verdict": "V-13", "validFrom": "2026-12-01"})),
        ("from both viewpoints", json!({"verdict": "V-14", "viewpoints": ["process", "organization"]})),
        (
            "with conditions",
            json!({"verdict": "V-15", "conditions": {"text": "close two findings", "deadline": "2027-01-31"}}),
        ),
        ("for the last time today", json!({"verdict": "V-16", "validUntil": "2026-11-02"})),
    ] {
        let granted = grant(&mut world, patch);
        assert!(granted.is_ok(), "{why}: {:?}", granted.unwrap_err());
    }
    assert_eq!(world.state("V-10"), "granted");
    assert_eq!(world.state("V-15"), "conditional");
}

#[test]
fn a_verdict_is_in_force_on_its_first_and_last_day_and_not_beyond() {
    let mut world = World::furnished();
    grant(&mut world, json!({"validFrom": "2026-12-01", "validUntil": "2027-11-30"})).unwrap();
    let record = world.verdict("V-9");
    for (at, expected) in [
        ("2026-11-02T10:00:00Z", false),
        ("2026-11-30T23:59:59Z", false),
        ("2026-12-01T00:00:00Z", true),
        ("2027-11-30T23:59:59Z", true),
        ("2027-12-01T00:00:00Z", false),
    ] {
        assert_eq!(record.in_force_at(at.parse().unwrap()), expected, "{at}");
    }
}

#[test]
fn the_operator_transcribes_a_row_as_the_list_has_it() {
    let mut world = World::furnished();
    // Long over, valid for longer than the scheme allows, by nobody accredited here: that is what the list says.
    world.must("op", "verdict-granted", transcribed("T-9"));
    let record = world.verdict("T-9");
    assert!(record.terms.provenance.is_transcribed());
    assert_eq!(record.granted_from().to_string(), "2015-01-01T00:00:00Z");
}

#[test]
fn one_accreditation_of_several_is_enough() {
    let mut world = World::furnished();
    world.must("ab", "accreditation-changed", accreditation_changed(json!("suspended")));
    world.must("ab", "accreditation-granted", accreditation("C-9", "cb-1", "certification-body"));
    assert!(grant(&mut world, json!({})).is_ok());
}
