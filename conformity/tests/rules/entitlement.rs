//! Whether a body may act under a scheme at a time.

use conformity::accreditation::AccreditedAs;
use conformity::entitlement::{Entitlement, Occasion, entitlement};
use serde_json::{Value, json};

use crate::world::{World, accreditation, reason, with};

/// `jp` after some months: C-1 is as it was granted, C-3 of `cb-3` has gone through everything.
fn world() -> World {
    let mut world = World::furnished();
    let change = |id: &str, change: Value| json!({"id": id, "change": change, "reason": reason()});
    world.must("ministry", "accreditation-granted", accreditation("C-3", "cb-3", "certification-body"));
    for (when, what) in [
        ("2026-12-01T00:00:00Z", json!("suspended")),
        ("2027-01-01T00:00:00Z", json!("restored")),
        ("2027-02-01T00:00:00Z", json!({"renewed": {"until": "2030-06-30"}})),
        ("2027-03-01T00:00:00Z", json!("withdrawn")),
    ] {
        world.at(when);
        world.must("ministry", "accreditation-changed", change("C-3", what));
    }
    world
}

/// The accreditation that answers, with the lapse if there is one.
fn told(world: &World, body: &str, role: AccreditedAs, scheme: &str, by: Option<&str>, at: &str) -> String {
    let (body, scheme) = (body.parse().unwrap(), scheme.parse().unwrap());
    let by = by.map(|by| by.parse().unwrap());
    let occasion = Occasion { body: &body, role, scheme: &scheme, granted_by: by.as_ref(), at: at.parse().unwrap() };
    match entitlement(&world.register, &occasion) {
        Entitlement::InForce(record) => format!("{} holds", record.accreditation.id),
        Entitlement::Lapsed(record, lapse) => format!("{} {lapse:?}", record.accreditation.id),
        Entitlement::None => "nothing".to_owned(),
    }
}

#[test]
fn the_log_of_that_time_answers() {
    let world = world();
    let (decides, audits) = (AccreditedAs::CertificationBody, AccreditedAs::AuditBody);
    let rows = [
        ("cb-1", decides, "stars@1", None, "2027-06-01T00:00:00Z", "C-1 holds"),
        ("cb-1", decides, "stars@1", Some("ab"), "2027-06-01T00:00:00Z", "C-1 holds"),
        ("cb-1", decides, "stars@1", Some("ministry"), "2027-06-01T00:00:00Z", "nothing"),
        ("cb-1", decides, "stars@1", Some("cb-1"), "2027-06-01T00:00:00Z", "nothing"),
        ("cb-1", audits, "stars@1", None, "2027-06-01T00:00:00Z", "nothing"),
        ("audit", audits, "stars@1", None, "2027-06-01T00:00:00Z", "C-8 holds"),
        ("cb-1", decides, "stars@2", None, "2027-06-01T00:00:00Z", "nothing"),
        ("cb-1", decides, "moons@1", None, "2027-06-01T00:00:00Z", "nothing"),
        ("buyer", decides, "stars@1", None, "2027-06-01T00:00:00Z", "nothing"),
        ("nobody", decides, "stars@1", None, "2027-06-01T00:00:00Z", "nothing"),
        // It begins in January 2026, and the log has shown it since November only.
        ("cb-1", decides, "stars@1", None, "2026-06-01T00:00:00Z", "nothing"),
        ("cb-1", decides, "stars@1", None, "2029-01-01T00:00:00Z", "C-1 Expired"),
        ("cb-3", decides, "stars@1", Some("ministry"), "2026-11-30T00:00:00Z", "C-3 holds"),
        ("cb-3", decides, "stars@1", None, "2026-12-15T00:00:00Z", "C-3 Suspended"),
        ("cb-3", decides, "stars@1", None, "2027-01-15T00:00:00Z", "C-3 holds"),
        ("cb-3", decides, "stars@1", None, "2027-04-01T00:00:00Z", "C-3 Withdrawn"),
    ];
    for (body, role, scheme, by, at, expected) in rows {
        assert_eq!(told(&world, body, role, scheme, by, at), expected, "{body} {role:?} {scheme} {by:?} {at}");
    }
}

#[test]
fn of_several_the_one_in_force_answers_then_the_longest() {
    let mut world = world();
    let role = AccreditedAs::CertificationBody;
    let told = |world: &World| told(world, "cb-3", role, "stars@1", None, "2027-06-01T00:00:00Z");
    for (id, until, expected) in
        [("C-9", "2027-04-30", "C-3 Withdrawn"), ("C-5", "2028-06-30", "C-5 holds"), ("C-4", "2027-12-31", "C-5 holds")]
    {
        let another = with(accreditation(id, "cb-3", "certification-body"), json!({"until": until}));
        world.must("ministry", "accreditation-granted", another);
        assert_eq!(told(&world), expected, "{id}");
    }
}
