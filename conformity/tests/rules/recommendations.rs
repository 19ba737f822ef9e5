//! What follows on what an audit body recommends, and what lets a body undo it.

use serde_json::json;

use crate::surveillance::{change, expire, file, follow, suspended, watched};
use crate::world::{key, kid, report, with};

#[test]
fn the_registry_suspends_on_a_report_and_a_later_one_lets_the_body_restore() {
    for recommendation in ["suspend", "withdraw"] {
        let mut world = watched(None);
        file(&mut world, "W-1", "P-1", recommendation);
        follow(&mut world, "op", json!("suspended"), "P-1").unwrap();
        let record = world.verdict("W-1");
        let last = record.history.last().unwrap();
        assert_eq!((record.now.state.name().as_str(), record.now.marks.recommendation), ("suspended", None));
        assert_eq!((last.by.as_str(), last.recommended_by.as_ref().unwrap().as_str()), ("op", "P-1"));
        file(&mut world, "W-1", "P-2", "none");
        change(&mut world, "cb-1", json!("restored")).unwrap();
        assert_eq!(world.state("W-1"), "granted");
        // What the body suspends itself it restores itself.
        change(&mut world, "cb-1", json!("suspended")).unwrap();
        change(&mut world, "cb-1", json!("restored")).unwrap();
    }
}

/// Once somebody who looked later recommended nothing, what is recommended afterwards stops no renewal.
#[test]
fn what_expired_suspended_is_renewed_on_a_later_report_and_stays_renewable() {
    for restored in [true, false] {
        let mut world = suspended();
        if restored {
            file(&mut world, "W-1", "P-2", "none");
            change(&mut world, "cb-1", json!("restored")).unwrap();
            file(&mut world, "W-1", "P-3", "reduce");
        }
        expire(&mut world, "2029-10-01T00:00:00Z");
        if !restored {
            file(&mut world, "W-1", "P-2", "none");
        }
        change(&mut world, "cb-1", json!({"renewed": {"validUntil": "2030-09-30"}})).unwrap();
        assert_eq!(world.state("W-1"), "granted");
        file(&mut world, "W-1", "P-4", "reduce");
        expire(&mut world, "2030-10-01T00:00:00Z");
        change(&mut world, "cb-1", json!({"renewed": {"validUntil": "2031-09-30"}})).unwrap();
    }
}

#[test]
fn on_a_report_that_turns_out_void_nobody_has_to_look_again() {
    let mut world = watched(None);
    let since = world.now.to_string();
    world.steal("audit", "report-filed", with(report("P-1"), json!({"verdict": "W-1"}))).unwrap();
    follow(&mut world, "op", json!("suspended"), "P-1").unwrap();
    world.must("op", "key-added", json!({"party": "audit", "key": key(51)}));
    assert_eq!(change(&mut world, "cb-1", json!("restored")).unwrap_err().code(), "report-needed");
    world.must("op", "key-revoked", json!({"party": "audit", "kid": kid(8), "compromisedSince": since}));
    assert_eq!(world.state("W-1"), "suspended", "what the registry said stands");
    change(&mut world, "cb-1", json!("restored")).unwrap();
}

#[test]
fn a_body_may_name_the_report_that_it_follows() {
    for (recommendation, change) in [
        ("suspend", json!("suspended")),
        ("reduce", json!({"scope-reduced": {"scope": "less", "sites": ["Osaka"]}})),
        ("withdraw", json!("withdrawn")),
        ("withdraw", json!("suspended")),
    ] {
        let mut world = watched(None);
        file(&mut world, "W-1", "P-1", recommendation);
        follow(&mut world, "cb-1", change, "P-1").unwrap();
        assert_eq!(world.verdict("W-1").now.marks.recommendation, None);
    }
}
