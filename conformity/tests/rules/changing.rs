//! Changing verdicts: who may, from which state, with which effect and dates.

use serde_json::{Value, json};

use crate::world::{Row, World, changed, cover, reason, report, row, scheme, transcribed, verdict, with};

fn accreditation_changed(change: &str) -> Value {
    json!({"id": "C-1", "change": change, "reason": reason()})
}

fn effective(
    world: &mut World,
    change: Value,
    effective: &str,
) -> Result<Vec<conformity::Record>, conformity::Refusal> {
    let claim = with(changed(world, "V-1", change), json!({"effective": effective}));
    world.say("cb-1", "verdict-changed", claim)
}

/// V-1 past its last day, and said to be so.
fn expire(world: &mut World) {
    world.at("2029-10-01T00:00:00Z");
    world.must("node", "verdict-expired", json!({"verdicts": ["V-1"]}));
}

#[rustfmt::skip] // A table reads by its rows.
pub(crate) fn rows() -> Vec<Row> {
    let mut rows = speakers();
    rows.extend(moves());
    rows.extend(contents());
    rows
}

#[rustfmt::skip] // A table reads by its rows.
fn speakers() -> Vec<Row> {
    vec![
        row("an audit body suspends", |w| w.change_as("audit", json!("suspended")), "not-a-decider"),
        row("an accreditation body withdraws", |w| w.change_as("ab", json!("withdrawn")), "not-a-decider"),
        row("the node suspends", |w| w.change_as("node", json!("suspended")), "not-a-decider"),
        row("another body suspends", |w| w.change_as("cb-2", json!("suspended")), "another-bodys-verdict"),
        row("the body that gave it away suspends", |w| {
            w.must_change(json!({"transferred": {"to": "cb-2"}}));
            w.change(json!("suspended"))
        }, "another-bodys-verdict"),
        row("a body changes a transcribed verdict", |w| {
            let claim = changed(w, "T-1", json!("historical"));
            w.say("cb-1", "verdict-changed", claim)
        }, "another-bodys-verdict"),
        row("an authority changes a transcribed verdict", |w| {
            let claim = changed(w, "T-1", json!("historical"));
            w.say("ministry", "verdict-changed", claim)
        }, "another-bodys-verdict"),
        row("the operator suspends where the scheme gives it no power", |w| w.change_as("op", json!("suspended")), "registry-may-not-act"),
        row("an authority withdraws where the scheme gives it no power", |w| w.change_as("ministry", json!("withdrawn")), "registry-may-not-act"),
        row("an authority restores where the scheme lets it suspend", |w| {
            acting_registry(w);
            let claim = changed(w, "V-9", json!("suspended"));
            w.must("ministry", "verdict-changed", claim);
            let claim = changed(w, "V-9", json!("restored"));
            w.say("ministry", "verdict-changed", claim)
        }, "registry-may-not-act"),
        row("a verdict that is not there", |w| {
            let claim = changed(w, "V-99", json!("suspended"));
            w.say("cb-1", "verdict-changed", claim)
        }, "unknown-verdict"),
        row("a body whose accreditation is suspended restores", |w| {
            w.must_change(json!("suspended"));
            w.must("ab", "accreditation-changed", accreditation_changed("suspended"));
            w.change(json!("restored"))
        }, "accreditation-suspended"),
        row("a body whose accreditation is withdrawn renews", |w| {
            w.must("ab", "accreditation-changed", accreditation_changed("withdrawn"));
            w.change(json!({"renewed": {"validUntil": "2030-01-01"}}))
        }, "accreditation-withdrawn"),
        row("a body whose accreditation is expired extends", |w| {
            w.at("2029-01-01T00:00:00Z");
            w.change(json!({"scope-extended": cover(json!({}))}))
        }, "accreditation-expired"),
        row("a body whose accreditation is withdrawn declines a recommendation", |w| {
            w.must("audit", "report-filed", report("P-1"));
            w.must("ab", "accreditation-changed", accreditation_changed("withdrawn"));
            w.change(json!("recommendation-declined"))
        }, "accreditation-withdrawn"),
        row("a body extends to a viewpoint it is not accredited for", |w| {
            w.must("ab", "accreditation-changed", json!({"id": "C-1", "change": {"reduced": {"viewpoints": ["organization"]}}, "reason": reason()}));
            w.change(json!({"scope-extended": cover(json!({"viewpoints": ["organization", "process"]}))}))
        }, "not-accredited-for-viewpoint"),
    ]
}

#[rustfmt::skip] // A table reads by its rows.
fn moves() -> Vec<Row> {
    vec![
        row("a verdict in force is restored", |w| w.change(json!("restored")), "illegal-move"),
        row("a suspended verdict is suspended", |w| {
            w.must_change(json!("suspended"));
            w.change(json!("suspended"))
        }, "illegal-move"),
        row("a suspended verdict is extended", |w| {
            w.must_change(json!("suspended"));
            w.change(json!({"scope-extended": cover(json!({}))}))
        }, "illegal-move"),
        row("a suspended verdict moves to another body", |w| {
            w.must_change(json!("suspended"));
            w.change(json!({"transferred": {"to": "cb-2"}}))
        }, "illegal-move"),
        row("a withdrawn verdict is restored", |w| {
            w.must_change(json!("withdrawn"));
            w.change(json!("restored"))
        }, "illegal-move"),
        row("a surrendered verdict is renewed", |w| {
            w.must_change(json!("surrendered"));
            w.change(json!({"renewed": {"validUntil": "2030-01-01"}}))
        }, "illegal-move"),
        row("an annulled verdict is withdrawn", |w| {
            w.must_change(json!("annulled"));
            w.change(json!("withdrawn"))
        }, "illegal-move"),
        row("an expired verdict is suspended", |w| {
            expire(w);
            w.change(json!("suspended"))
        }, "illegal-move"),
        row("a historical verdict is restored", |w| {
            w.must_change(json!("historical"));
            w.change(json!("restored"))
        }, "illegal-move"),
        row("an appeal is opened twice", |w| {
            w.must_change(json!("appeal-opened"));
            w.change(json!("appeal-opened"))
        }, "illegal-mark"),
        row("an appeal is closed that nobody opened", |w| w.change(json!("appeal-closed")), "illegal-mark"),
        row("a complaint is opened twice", |w| {
            w.must_change(json!("complaint-opened"));
            w.change(json!("complaint-opened"))
        }, "illegal-mark"),
        row("a complaint is closed that nobody opened", |w| w.change(json!("complaint-closed")), "illegal-mark"),
        row("a recommendation is declined that nobody made", |w| w.change(json!("recommendation-declined")), "illegal-mark"),
        row("it changes without end", |w| {
            often(w);
            w.change(json!("appeal-opened"))
        }, "history-full"),
        row("it takes effect tomorrow", |w| effective(w, json!("suspended"), "2026-11-03T09:00:00Z"), "effective-in-future"),
        row("it takes effect before the verdict did", |w| effective(w, json!("suspended"), "2026-09-30T23:59:59Z"), "effective-before-grant"),
        row("it is restored before it was suspended", |w| {
            w.must_change(json!("suspended"));
            effective(w, json!("restored"), "2026-11-01T00:00:00Z")
        }, "effective-before-state"),
    ]
}

#[rustfmt::skip] // A table reads by its rows.
fn contents() -> Vec<Row> {
    vec![
        row("conditions to be met yesterday", |w| w.change(json!({"conditional": {"text": "t", "deadline": "2026-11-01"}})), "impossible-dates"),
        row("conditions to be met after the end", |w| w.change(json!({"conditional": {"text": "t", "deadline": "2029-10-01"}})), "impossible-dates"),
        row("restored after its last day", |w| {
            w.must_change(json!("suspended"));
            w.at("2029-10-01T00:00:00Z");
            w.change(json!("restored"))
        }, "already-over"),
        row("an extension that loses a viewpoint", |w| w.change(json!({"scope-extended": cover(json!({"viewpoints": ["process"]}))})), "not-a-scope-change"),
        row("an extension that lowers the level", |w| w.change(json!({"scope-extended": cover(json!({"level": "3"}))})), "not-a-scope-change"),
        row("an extension that loses a site", |w| w.change(json!({"scope-extended": cover(json!({"sites": ["Osaka"]}))})), "not-a-scope-change"),
        row("an extension that excludes more", |w| w.change(json!({"scope-extended": cover(json!({"exclusions": ["warehouse", "canteen"]}))})), "not-a-scope-change"),
        row("an extension to a viewpoint the scheme lacks", |w| w.change(json!({"scope-extended": cover(json!({"viewpoints": ["organization", "people-and-things"]}))})), "unknown-viewpoint"),
        row("an extension to a level the scheme lacks", |w| w.change(json!({"scope-extended": cover(json!({"level": "6"}))})), "unknown-level"),
        row("a reduction that adds a viewpoint", |w| w.change(json!({"scope-reduced": cover(json!({"viewpoints": ["organization", "process"]}))})), "not-a-scope-change"),
        row("a reduction that raises the level", |w| w.change(json!({"scope-reduced": cover(json!({"level": "5"}))})), "not-a-scope-change"),
        row("a reduction that adds a site", |w| w.change(json!({"scope-reduced": cover(json!({"sites": ["Osaka", "Kobe"]}))})), "not-a-scope-change"),
        row("a reduction that excludes less", |w| w.change(json!({"scope-reduced": cover(json!({"exclusions": []}))})), "not-a-scope-change"),
        row("a reduction to no viewpoint", |w| w.change(json!({"scope-reduced": cover(json!({"viewpoints": []}))})), "empty"),
        row("a renewal that shortens", |w| w.change(json!({"renewed": {"validUntil": "2029-09-30"}})), "impossible-dates"),
        row("a renewal for longer than the scheme allows", |w| w.change(json!({"renewed": {"validUntil": "2032-10-01"}})), "validity-too-long"),
        row("a renewal too long after the end", |w| {
            expire(w);
            w.at("2029-12-30T00:00:00Z");
            w.change(json!({"renewed": {"validUntil": "2031-01-01"}}))
        }, "renewal-too-late"),
        row("a renewal for days that are over", |w| {
            w.at("2029-11-01T00:00:00Z");
            w.change(json!({"renewed": {"validUntil": "2029-10-15"}}))
        }, "already-over"),
        row("a transfer to nobody", |w| w.change(json!({"transferred": {"to": "x"}})), "unknown-party"),
        row("a transfer to an audit body", |w| w.change(json!({"transferred": {"to": "audit"}})), "wrong-role"),
        row("a transfer to a body without accreditation", |w| w.change(json!({"transferred": {"to": "cb-3"}})), "not-accredited"),
        row("a transfer to itself", |w| w.change(json!({"transferred": {"to": "cb-1"}})), "not-a-transfer"),
        row("a transcribed verdict moves to a body", |w| {
            w.must("op", "verdict-granted", with(transcribed("T-2"), json!({"validUntil": "2030-01-01"})));
            let claim = changed(w, "T-2", json!({"transferred": {"to": "cb-1"}}));
            w.say("op", "verdict-changed", claim)
        }, "not-a-transfer"),
        row("superseded by a verdict that is not there", |w| w.change(json!({"superseded": {"by": "V-99"}})), "unknown-verdict"),
        row("superseded by itself", |w| w.change(json!({"superseded": {"by": "V-1"}})), "not-a-successor"),
        row("superseded by a verdict on somebody else", |w| {
            let other = json!({"id": "local:list:17", "name": "Somebody else", "country": "JP"});
            w.must("cb-1", "verdict-granted", with(verdict("V-9"), json!({"supplier": other})));
            w.change(json!({"superseded": {"by": "V-9"}}))
        }, "not-a-successor"),
        row("the node says it expired and it did not", |w| w.say("node", "verdict-expired", json!({"verdicts": ["V-1"]})), "not-expired"),
        row("the node says so once more", |w| {
            expire(w);
            w.say("node", "verdict-expired", json!({"verdicts": ["V-1"]}))
        }, "illegal-move"),
        row("the node names it twice", |w| {
            w.at("2029-10-01T00:00:00Z");
            w.say("node", "verdict-expired", json!({"verdicts": ["V-1", "V-1"]}))
        }, "listed-twice"),
        row("the node names none", |w| w.say("node", "verdict-expired", json!({"verdicts": []})), "empty"),
        row("a body says that time passed", |w| w.say("cb-1", "verdict-expired", json!({"verdicts": ["V-1"]})), "node-only"),
        row("the operator says that time passed", |w| w.say("op", "surveillance-overdue", json!({"verdicts": ["V-1"]})), "node-only"),
        row("surveillance is not overdue yet", |w| {
            w.at("2027-10-01T23:59:59Z");
            w.say("node", "surveillance-overdue", json!({"verdicts": ["V-1"]}))
        }, "not-overdue"),
    ]
}

/// V-1 after very many changes.
fn often(world: &mut World) {
    for _ in 0..500 {
        world.must_change(json!("appeal-opened"));
        if world.verdict("V-1").history.len() < 1000 {
            world.must_change(json!("appeal-closed"));
        }
    }
}

#[test]
fn a_full_history_still_lets_the_body_take_away() {
    let mut world = World::furnished();
    often(&mut world);
    let filed = world.say("audit", "report-filed", report("P-1"));
    assert_eq!(filed.unwrap_err().code(), "history-full");
    world.must_change(json!("suspended"));
    assert_eq!(world.change(json!("restored")).unwrap_err().code(), "history-full");
    world.must_change(json!("withdrawn"));
}

/// V-9 under a scheme that lets the registry act.
fn acting_registry(world: &mut World) {
    world.must("ministry", "scheme-published", with(scheme(), json!({"scheme": "stars@2", "registryActs": true})));
    for (id, body) in [("C-21", "cb-1"), ("C-22", "cb-2")] {
        let granted = crate::world::accreditation(id, body, "certification-body");
        world.must("ab", "accreditation-granted", with(granted, json!({"scheme": "stars@2"})));
    }
    world.must("cb-1", "verdict-granted", with(verdict("V-9"), json!({"scheme": "stars@2"})));
}

#[test]
fn a_body_takes_away_without_accreditation() {
    for change in [json!("suspended"), json!("withdrawn"), json!("annulled"), json!("surrendered"), json!("historical")]
    {
        let mut world = World::furnished();
        world.must("ab", "accreditation-changed", accreditation_changed("withdrawn"));
        world.must_change(change);
    }
}

#[test]
fn a_body_that_lost_its_accreditation_hands_over() {
    let mut world = World::furnished();
    world.must("ab", "accreditation-changed", accreditation_changed("withdrawn"));
    world.must_change(json!({"transferred": {"to": "cb-2"}}));
    assert_eq!(world.verdict("V-1").now.issuer.as_str(), "cb-2");
    world.change_as("cb-2", json!("suspended")).unwrap();
}

#[test]
fn the_registry_acts_where_the_scheme_lets_it() {
    for (speaker, change, state) in [
        ("op", json!("suspended"), "suspended"),
        ("ministry", json!("withdrawn"), "withdrawn"),
        ("ministry", json!({"transferred": {"to": "cb-2"}}), "granted"),
    ] {
        let mut world = World::furnished();
        acting_registry(&mut world);
        let claim = changed(&world, "V-9", change);
        world.must(speaker, "verdict-changed", claim);
        assert_eq!(world.state("V-9"), state);
    }
}

#[test]
fn the_operator_keeps_a_transcribed_verdict_as_the_list_does() {
    let mut world = World::furnished();
    for (change, effective) in [("historical", "2018-05-01T00:00:00Z"), ("withdrawn", "2019-05-01T00:00:00Z")] {
        let claim = with(changed(&world, "T-1", json!(change)), json!({"effective": effective}));
        world.must("op", "verdict-changed", claim);
        assert_eq!(world.state("T-1"), change);
    }
}

#[test]
fn an_expired_verdict_is_renewed_within_the_time_the_scheme_allows() {
    let mut world = World::furnished();
    world.must(
        "ministry",
        "accreditation-changed",
        json!({"id": "C-1", "change": {"renewed": {"until": "2035-01-01"}}, "reason": reason()}),
    );
    expire(&mut world);
    assert_eq!(world.state("V-1"), "expired");
    world.at("2029-12-29T23:00:00Z");
    world.must_change(json!({"renewed": {"validUntil": "2032-12-29"}}));
    assert_eq!(world.state("V-1"), "granted");
}

#[test]
fn surveillance_falls_overdue_and_a_report_settles_it() {
    let mut world = World::furnished();
    world.at("2027-10-02T00:00:00Z");
    world.must("node", "surveillance-overdue", json!({"verdicts": ["V-1"]}));
    assert!(world.verdict("V-1").now.marks.surveillance_overdue);
    assert_eq!(world.state("V-1"), "granted", "a mark changes no state");
    let again = world.say("node", "surveillance-overdue", json!({"verdicts": ["V-1"]}));
    assert_eq!(again.unwrap_err().code(), "not-overdue");
    world.must(
        "audit",
        "report-filed",
        with(report("P-1"), json!({"outcome": "conforming", "recommendation": "none"})),
    );
    assert!(!world.verdict("V-1").now.marks.surveillance_overdue);
}

#[test]
fn a_list_of_the_node_passes_over_what_is_not_there() {
    let mut world = World::furnished();
    world.at("2029-10-01T00:00:00Z");
    let records = world.say("node", "verdict-expired", json!({"verdicts": ["V-99", "V-1"]})).unwrap();
    assert_eq!(records.len(), 2, "one verdict and the statement");
    assert_eq!(world.state("V-1"), "expired");
}
