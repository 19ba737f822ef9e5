//! Designations and accreditations.

use conformity::accreditation::Lapse;
use conformity::records::Facts;
use serde_json::{Value, json};

use crate::world::{Row, World, accreditation, designation, reason, row, verdict, with};

fn change(id: &str, change: Value) -> Value {
    json!({"id": id, "change": change, "reason": reason()})
}

fn another() -> Value {
    accreditation("C-9", "cb-3", "certification-body")
}

#[rustfmt::skip] // A table reads by its rows.
pub(crate) fn rows() -> Vec<Row> {
    vec![
        row("the operator designates", |w| w.say("op", "designation-made", with(designation(), json!({"id": "D-2"}))), "role-not-entitled"),
        row("a designation of a taken id", |w| w.say("ministry", "designation-made", designation()), "designation-exists"),
        row("a designation of nobody", |w| w.say("ministry", "designation-made", with(designation(), json!({"id": "D-2", "accreditationBody": "x"}))), "unknown-party"),
        row("a designation of a certification body", |w| w.say("ministry", "designation-made", with(designation(), json!({"id": "D-2", "accreditationBody": "cb-1"}))), "wrong-role"),
        row("a designation for a scheme nobody knows", |w| w.say("ministry", "designation-made", with(designation(), json!({"id": "D-2", "schemes": ["moons"]}))), "unknown-scheme-id"),
        row("a designation for no scheme", |w| w.say("ministry", "designation-made", with(designation(), json!({"id": "D-2", "schemes": []}))), "empty"),
        row("a designation that ends before it begins", |w| w.say("ministry", "designation-made", with(designation(), json!({"id": "D-2", "until": "2025-12-31"}))), "impossible-dates"),
        row("an unknown designation changes", |w| w.say("ministry", "designation-changed", change("D-9", json!("suspended"))), "unknown-designation"),
        row("the accreditation body lifts its own suspension", |w| w.say("ab", "designation-changed", change("D-1", json!("restored"))), "role-not-entitled"),
        row("an accreditation is suspended and restored without end", |w| {
            for _ in 0..32 {
                w.must("ab", "accreditation-changed", change("C-1", json!("suspended")));
                w.must("ab", "accreditation-changed", change("C-1", json!("restored")));
            }
            w.must("ab", "accreditation-changed", change("C-1", json!("suspended")));
            w.say("ab", "accreditation-changed", change("C-1", json!("restored")))
        }, "history-full"),
        row("a designation in force is restored", |w| w.say("ministry", "designation-changed", change("D-1", json!("restored"))), "illegal-designation-move"),
        row("a withdrawn designation is restored", |w| {
            w.must("ministry", "designation-changed", change("D-1", json!("withdrawn")));
            w.say("ministry", "designation-changed", change("D-1", json!("restored")))
        }, "illegal-designation-move"),
        row("a certification body accredits", |w| w.say("cb-1", "accreditation-granted", another()), "role-not-entitled"),
        row("an accreditation of a taken id", |w| w.say("ab", "accreditation-granted", with(another(), json!({"id": "C-1"}))), "accreditation-exists"),
        row("an accreditation of nobody", |w| w.say("ab", "accreditation-granted", with(another(), json!({"body": "x"}))), "unknown-party"),
        row("an audit body is accredited to decide", |w| w.say("ab", "accreditation-granted", with(another(), json!({"body": "audit"}))), "wrong-role"),
        row("an accreditation under a scheme nobody knows", |w| w.say("ab", "accreditation-granted", with(another(), json!({"scheme": "stars@7"}))), "unknown-scheme"),
        row("an accreditation for a viewpoint the scheme lacks", |w| w.say("ab", "accreditation-granted", with(another(), json!({"viewpoints": ["people-and-things"]}))), "unknown-viewpoint"),
        row("an accreditation for an object the scheme lacks", |w| w.say("ab", "accreditation-granted", with(another(), json!({"objects": ["product"]}))), "unknown-object"),
        row("an accreditation for no viewpoint", |w| w.say("ab", "accreditation-granted", with(another(), json!({"viewpoints": []}))), "empty"),
        row("an accreditation that ends before it begins", |w| w.say("ab", "accreditation-granted", with(another(), json!({"until": "2025-12-31"}))), "impossible-dates"),
        row("an accreditation body without designation", |w| w.say("ab-2", "accreditation-granted", another()), "not-designated"),
        row("an accreditation body whose designation rests", |w| {
            w.must("ministry", "designation-changed", change("D-1", json!("suspended")));
            w.say("ab", "accreditation-granted", another())
        }, "designation-not-in-force"),
        row("an unknown accreditation changes", |w| w.say("ab", "accreditation-changed", change("C-99", json!("suspended"))), "unknown-accreditation"),
        row("another body's accreditation changes", |w| w.say("ab-2", "accreditation-changed", change("C-1", json!("suspended"))), "another-bodys-accreditation"),
        row("a body lifts its own suspension", |w| {
            w.must("ab", "accreditation-changed", change("C-1", json!("suspended")));
            w.say("cb-1", "accreditation-changed", change("C-1", json!("restored")))
        }, "role-not-entitled"),
        row("a withdrawn accreditation is renewed", |w| {
            w.must("ab", "accreditation-changed", change("C-1", json!("withdrawn")));
            w.say("ab", "accreditation-changed", change("C-1", json!({"renewed": {"until": "2030-01-01"}})))
        }, "illegal-accreditation-move"),
        row("a reduction that adds a viewpoint", |w| w.say("ab", "accreditation-changed", change("C-1", json!({"reduced": {"viewpoints": ["organization", "people-and-things"]}}))), "not-a-reduction"),
        row("a reduction that leaves all as it was", |w| w.say("ab", "accreditation-changed", change("C-1", json!({"reduced": {"viewpoints": ["organization", "process"]}}))), "not-a-reduction"),
        row("a reduction to nothing", |w| w.say("ab", "accreditation-changed", change("C-1", json!({"reduced": {"viewpoints": []}}))), "not-a-reduction"),
        row("a renewal that shortens", |w| w.say("ab", "accreditation-changed", change("C-1", json!({"renewed": {"until": "2027-01-01"}}))), "impossible-dates"),
        row("a renewal into the past", |w| {
            w.at("2031-06-01T00:00:00Z");
            w.say("ministry", "accreditation-changed", change("C-1", json!({"renewed": {"until": "2030-01-01"}})))
        }, "impossible-dates"),
        row("a renewal by a body whose designation is withdrawn", |w| {
            w.must("ministry", "designation-changed", change("D-1", json!("withdrawn")));
            w.say("ab", "accreditation-changed", change("C-1", json!({"renewed": {"until": "2030-01-01"}})))
        }, "designation-not-in-force"),
        row("a restoration by a body whose designation is withdrawn", |w| {
            w.must("ab", "accreditation-changed", change("C-1", json!("suspended")));
            w.must("ministry", "designation-changed", change("D-1", json!("withdrawn")));
            w.say("ab", "accreditation-changed", change("C-1", json!("restored")))
        }, "designation-not-in-force"),
    ]
}

#[test]
fn an_accreditation_holds_on_its_first_and_last_day_and_not_beyond() {
    let world = World::furnished();
    let record = world.register.accreditation(&"C-1".parse().unwrap()).unwrap();
    for (at, expected) in [
        ("2025-12-31T23:59:59.999Z", Err(Lapse::NotYet)),
        ("2026-01-01T00:00:00Z", Ok(())),
        ("2028-12-31T23:59:59.999Z", Ok(())),
        ("2029-01-01T00:00:00Z", Err(Lapse::Expired)),
    ] {
        assert_eq!(record.in_force_at(at.parse().unwrap()), expected, "{at}");
    }
}

#[test]
fn what_is_known_of_an_accreditation_depends_on_the_time_asked_for() {
    let mut world = World::furnished();
    let before = world.now;
    world.at("2026-12-01T00:00:00Z");
    world.must("ab", "accreditation-changed", change("C-1", json!({"reduced": {"viewpoints": ["process"]}})));
    world.must("ab", "accreditation-changed", change("C-1", json!({"renewed": {"until": "2031-01-01"}})));
    world.must("ministry", "accreditation-changed", change("C-1", json!("suspended")));
    let record = world.register.accreditation(&"C-1".parse().unwrap()).unwrap();
    assert_eq!(record.viewpoints_at(before).to_string(), "organization, process");
    assert_eq!(record.viewpoints_at(world.now).to_string(), "process");
    assert_eq!(record.until_at(before).to_string(), "2028-12-31");
    assert_eq!(record.until_at(world.now).to_string(), "2031-01-01");
    assert_eq!(record.in_force_at(before), Ok(()));
    assert_eq!(record.in_force_at(world.now), Err(Lapse::Suspended));
}

#[test]
fn a_designation_that_lapses_leaves_what_it_gave() {
    let mut world = World::furnished();
    world.must("ministry", "designation-changed", change("D-1", json!("withdrawn")));
    world.must("cb-1", "verdict-granted", verdict("V-9"));
    world.must("ab", "accreditation-changed", change("C-1", json!("withdrawn")));
}

#[test]
fn an_authority_accredits_without_designation() {
    World::furnished().must("ministry", "accreditation-granted", another());
}
