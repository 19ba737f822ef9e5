//! What whoever reads a log finds out of verdicts though its registry never states it.

use conformity::effect::Effect;
use conformity::lapsed::{CauseKind, Consequence};
use conformity::resting::{self, GRACE, Resting};
use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use crate::cascades::lapsing;
use crate::surveillance::{change, watched};
use crate::world::{World, report, with};

const fn days(days: i64) -> SignedDuration {
    SignedDuration::from_hours(24 * days)
}

fn found(world: &World, id: &str, at: Timestamp) -> Resting {
    Resting::of(&world.register, &world.verdict(id), at)
}

#[test]
fn an_accreditation_that_is_over() {
    let mut world = lapsing();
    world.at("2028-12-01T00:00:00Z");
    let looked = json!({
        "verdict": "L-1", "period": {"from": "2028-10-01", "to": "2028-11-01"}, "outcome": "conforming",
        "recommendation": "none",
    });
    world.must("audit", "report-filed", with(report("P-1"), looked));
    let at = |at: &str| found(&world, "L-1", at.parse().unwrap());
    let last: Timestamp = "2029-01-01T00:00:00Z".parse().unwrap();
    let held = at("2028-12-31T23:59:59Z");
    assert_eq!((held.lapsed, held.next), (None, Some(last)), "its accreditation holds to its last day");
    let over = at("2029-01-01T00:00:00Z").lapsed.unwrap();
    assert_eq!((over.cause.what, over.since), (CauseKind::AccreditationExpired, last));
    assert_eq!(over.window(), Some(last + days(180)));
    let closed = at("2029-12-01T00:00:00Z");
    assert_eq!((closed.lapsed.unwrap().consequence, closed.next), (Consequence::Cease, None));
}

#[test]
fn surveillance_that_was_due() {
    let mut world = lapsing();
    let due: Timestamp = "2027-10-02T00:00:00Z".parse().unwrap();
    let held = found(&world, "L-1", due + GRACE - SignedDuration::from_secs(1));
    assert_eq!((held.lapsed, held.next), (None, Some(due + GRACE)), "the registry has a day to say so");
    let over = found(&world, "L-1", due + GRACE).lapsed.unwrap();
    assert_eq!((over.cause.what, over.window()), (CauseKind::SurveillanceOverdue, Some(due + GRACE + days(60))));
    let closed = found(&world, "L-1", due + GRACE + days(60)).lapsed.unwrap();
    assert_eq!(closed.consequence, Consequence::Cease);
    assert_eq!(
        resting::due(&world.register, &world.verdict("L-1"), closed.since),
        None,
        "the node states by its own word"
    );

    // Stated in time, what is stated counts; late, it opens no later window.
    for (stated, counts) in [(due, due + days(60)), (due + days(30), due + GRACE + days(60))] {
        let mut world = world.clone();
        world.now = stated;
        world.must("node", "surveillance-overdue", json!({"verdicts": ["L-1"]}));
        let window = found(&world, "L-1", world.now + GRACE).lapsed.unwrap().window().unwrap();
        assert!((window - counts).get_seconds().abs() < 60, "{window} instead of {counts}");
    }
    // Whoever looked again ends it.
    world.now = due + days(3);
    let looked =
        json!({"verdict": "L-1", "period": {"from": "2027-09-01", "to": "2027-10-01"}, "recommendation": "none"});
    world.must("audit", "report-filed", with(report("P-1"), looked));
    assert_eq!(found(&world, "L-1", world.now).lapsed, None);
}

#[test]
fn conditions_that_nobody_met() {
    let mut world = watched(Some(json!(Effect::TransferWindow { days: 30 })));
    change(&mut world, "cb-1", json!({"conditional": {"text": "close it", "deadline": "2027-01-31"}})).unwrap();
    let due: Timestamp = "2027-02-01T00:00:00Z".parse().unwrap();
    assert_eq!(found(&world, "W-1", due).lapsed, None);
    let over = found(&world, "W-1", due + GRACE).lapsed.unwrap();
    assert_eq!((over.cause.what, over.window()), (CauseKind::ConditionsOverdue, Some(due + GRACE + days(30))));
    world.now = due + days(2);
    change(&mut world, "cb-1", json!("conditions-met")).unwrap();
    assert_eq!(found(&world, "W-1", world.now).lapsed, None);
}

/// A suspended verdict is not looked at; restored, it has its day again.
#[test]
fn what_was_restored_is_not_over_at_once() {
    let mut world = watched(Some(json!("cease")));
    change(&mut world, "cb-1", json!({"conditional": {"text": "close it", "deadline": "2027-01-31"}})).unwrap();
    change(&mut world, "cb-1", json!("suspended")).unwrap();
    world.at("2027-03-01T00:00:00Z");
    assert_eq!(found(&world, "W-1", world.now).lapsed, None);
    change(&mut world, "cb-1", json!("restored")).unwrap();
    assert_eq!(found(&world, "W-1", world.now).lapsed, None);
}
