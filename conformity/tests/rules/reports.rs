//! Reports of audit bodies: they say when somebody looked and what is recommended, and change no state.

use conformity::verdict::Recommendation;
use serde_json::json;

use crate::world::{Row, World, accreditation, reason, report, row, scheme, verdict, with};

#[rustfmt::skip] // A table reads by its rows.
pub(crate) fn rows() -> Vec<Row> {
    vec![
        row("an authority reports", |w| w.say("ministry", "report-filed", report("P-1")), "role-not-entitled"),
        row("a laboratory reports", |w| w.say("lab", "report-filed", report("P-1")), "role-not-entitled"),
        row("the issuing body reports where an audit body surveils", |w| w.say("cb-1", "report-filed", with(report("P-1"), json!({"recommendation": "none"}))), "not-the-surveillant"),
        row("the issuing body recommends something to itself", |w| {
            own_surveillance(w);
            w.say("cb-1", "report-filed", with(report("P-1"), json!({"verdict": "V-9"})))
        }, "not-the-surveillant"),
        row("another body reports where the issuing body surveils", |w| {
            own_surveillance(w);
            w.say("cb-2", "report-filed", with(report("P-1"), json!({"verdict": "V-9", "recommendation": "none"})))
        }, "not-the-surveillant"),
        row("a report on nothing", |w| w.say("audit", "report-filed", with(report("P-1"), json!({"verdict": "V-99"}))), "unknown-verdict"),
        row("a report from a viewpoint the verdict lacks", |w| w.say("audit", "report-filed", with(report("P-1"), json!({"viewpoints": ["process"]}))), "unknown-viewpoint"),
        row("an audit body without accreditation", |w| {
            w.must("ab", "accreditation-changed", json!({"id": "C-8", "change": "withdrawn", "reason": reason()}));
            w.say("audit", "report-filed", report("P-1"))
        }, "accreditation-withdrawn"),
        row("an audit body accredited for another viewpoint", |w| {
            w.must("ab", "accreditation-changed", json!({"id": "C-8", "change": {"reduced": {"viewpoints": ["process"]}}, "reason": reason()}));
            w.say("audit", "report-filed", report("P-1"))
        }, "not-accredited-for-viewpoint"),
        row("a report on days to come", |w| w.say("audit", "report-filed", with(report("P-1"), json!({"period": {"from": "2026-10-01", "to": "2026-11-03"}}))), "impossible-dates"),
        row("a report on a period that ends before it begins", |w| w.say("audit", "report-filed", with(report("P-1"), json!({"period": {"from": "2026-10-02", "to": "2026-10-01"}}))), "impossible-dates"),
        row("a report of a taken id", |w| {
            w.must("audit", "report-filed", report("P-1"));
            w.say("audit", "report-filed", with(report("P-1"), json!({"outcome": "conforming"})))
        }, "report-exists"),
        row("a report on a verdict that is gone", |w| {
            w.must_change(json!("withdrawn"));
            w.say("audit", "report-filed", report("P-1"))
        }, "illegal-move"),
    ]
}

/// V-9 under a scheme whose issuing bodies surveil.
fn own_surveillance(world: &mut World) {
    let own = json!({"scheme": "stars@2", "surveillance": {"by": "certification-body", "everyMonths": 12}});
    world.must("ministry", "scheme-published", with(scheme(), own));
    let granted = accreditation("C-21", "cb-1", "certification-body");
    world.must("ab", "accreditation-granted", with(granted, json!({"scheme": "stars@2"})));
    world.must("cb-1", "verdict-granted", with(verdict("V-9"), json!({"scheme": "stars@2"})));
}

#[test]
fn a_report_leaves_the_state_and_marks_the_recommendation() {
    let mut world = World::furnished();
    world.must("audit", "report-filed", report("P-1"));
    let now = &world.verdict("V-1").now;
    assert_eq!(now.state.name().as_str(), "granted");
    assert_eq!(now.marks.recommendation, Some(Recommendation::Suspend));
    assert_eq!(now.last_surveillance.unwrap().to_string(), "2026-11-01");
}

#[test]
fn the_body_answers_a_recommendation() {
    for (answer, answered) in [
        (json!("suspended"), true),
        (json!("recommendation-declined"), true),
        (json!("complaint-opened"), false),
        (json!({"transferred": {"to": "cb-2"}}), false),
    ] {
        let mut world = World::furnished();
        world.must("audit", "report-filed", report("P-1"));
        world.must_change(answer.clone());
        assert_eq!(world.verdict("V-1").now.marks.recommendation.is_none(), answered, "{answer}");
    }
}

#[test]
fn a_later_report_takes_a_recommendation_back() {
    let mut world = World::furnished();
    world.must("audit", "report-filed", report("P-1"));
    world.must("audit", "report-filed", with(report("P-2"), json!({"recommendation": "none"})));
    assert_eq!(world.verdict("V-1").now.marks.recommendation, None);
}

#[test]
fn a_report_on_days_long_past_makes_nothing_overdue_and_mends_nothing() {
    let mut world = World::furnished();
    let old = |id: &str, to: &str| with(report(id), json!({"period": {"from": "2020-01-01", "to": to}}));
    world.must("audit", "report-filed", old("P-1", "2020-02-01"));
    let early = world.say("node", "surveillance-overdue", json!({"verdicts": ["V-1"]}));
    assert_eq!(early.unwrap_err().code(), "not-overdue", "it counts from the first day of the verdict");
    world.must("audit", "report-filed", report("P-2"));
    world.at("2027-11-02T00:00:00Z");
    world.must("node", "surveillance-overdue", json!({"verdicts": ["V-1"]}));
    for (id, to, overdue) in [("P-3", "2020-03-01", true), ("P-4", "2026-11-01", true), ("P-5", "2027-10-31", false)] {
        world.must("audit", "report-filed", old(id, to));
        assert_eq!(world.verdict("V-1").now.marks.surveillance_overdue, overdue, "{id}");
    }
}

#[test]
fn an_issuing_body_surveils_where_the_scheme_says_so() {
    let mut world = World::furnished();
    own_surveillance(&mut world);
    world.must("cb-1", "report-filed", with(report("P-1"), json!({"verdict": "V-9", "recommendation": "none"})));
    assert!(world.verdict("V-9").now.last_surveillance.is_some());
}
