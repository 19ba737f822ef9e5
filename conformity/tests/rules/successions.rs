//! Who takes whose place: bodies that merge, an accreditation body that is replaced, a registry that ends.

use conformity::Record;
use conformity::basis::of_verdict;
use conformity::entitlement::{Entitlement, Occasion, entitlement};
use conformity::lapsed::{CauseKind, Consequence};
use conformity::map_label::MapLabel;
use conformity::records::{Facts, Rests};
use conformity::refusal::Refusal;
use conformity::resting;
use conformity::standing::{Sight, Viewer, sight};
use conformity::succession::{represented, speaks_for};
use serde_json::{Value, json};

use crate::basis::read;
use crate::credentials::{credential, issue};
use crate::world::{Row, World, accreditation, changed, kid, party, reason, report, row, scheme, verdict, with};

/// What both bodies agree to.
pub(crate) fn agreed(predecessor: &str, successor: &str) -> Value {
    json!({"predecessor": predecessor, "successor": successor, "from": "2026-11-02", "until": "2026-12-31"})
}

pub(crate) fn succeeded(predecessor: &str, successor: &str) -> Value {
    json!({"predecessor": predecessor, "successor": successor, "reason": {"code": "merged"}})
}

/// One body takes another's place, whatever the day, unless it did before.
pub(crate) fn try_merge(world: &mut World, predecessor: &str, successor: &str) -> Result<Vec<Record>, Refusal> {
    for body in [predecessor, successor] {
        let claim = with(agreed(predecessor, successor), json!({"until": "2099-12-31"}));
        world.say(body, "succession-agreed", claim)?;
    }
    world.say("ministry", "body-succeeded", succeeded(predecessor, successor))
}

/// The same, which must be allowed.
fn merge(world: &mut World, predecessor: &str, successor: &str) {
    if let Err(refusal) = try_merge(world, predecessor, successor) {
        panic!("{predecessor} {successor}: {refusal}");
    }
}

/// `ab-2` takes the place of `ab`, which is not asked.
fn replace(world: &mut World) {
    world.must("ab-2", "succession-agreed", agreed("ab", "ab-2"));
    world.must("ministry", "body-succeeded", succeeded("ab", "ab-2"));
}

fn withdraws(id: &str) -> Value {
    json!({"id": id, "change": "withdrawn", "reason": reason()})
}

/// Another body, by its number.
pub(crate) fn register(world: &mut World, number: usize) -> String {
    let id = format!("cb-{number}");
    world.must("op", "party-registered", party(&id, "certification-body", u8::try_from(number).unwrap()));
    id
}

#[rustfmt::skip] // A table reads by its rows.
pub(crate) fn rows() -> Vec<Row> {
    let mut rows = of_agreements();
    rows.extend(of_confirmations());
    rows.extend(of_those_succeeded());
    rows
}

#[rustfmt::skip]
fn of_agreements() -> Vec<Row> {
    vec![
        row("an authority agrees for them", |w| w.say("ministry", "succession-agreed", agreed("cb-1", "cb-2")), "role-not-entitled"),
        row("a third body agrees", |w| w.say("cb-3", "succession-agreed", agreed("cb-1", "cb-2")), "not-in-succession"),
        row("a body takes its own place", |w| w.say("cb-1", "succession-agreed", agreed("cb-1", "cb-1")), "succeeds-itself"),
        row("a body takes an accreditation body's place", |w| w.say("cb-1", "succession-agreed", agreed("ab", "cb-1")), "wrong-role"),
        row("an audit body is to be succeeded", |w| w.say("cb-1", "succession-agreed", agreed("audit", "cb-1")), "wrong-role"),
        row("a buyer is to be succeeded, which nobody may know", |w| w.say("cb-1", "succession-agreed", agreed("buyer", "cb-1")), "unknown-party"),
        row("a stranger takes its place", |w| w.say("cb-1", "succession-agreed", agreed("cb-1", "cb-9")), "unknown-party"),
        row("for days that are over", |w| {
            w.say("cb-1", "succession-agreed", with(agreed("cb-1", "cb-2"), json!({"from": "2026-01-01", "until": "2026-11-01"})))
        }, "impossible-dates"),
        row("from a day behind the last", |w| {
            w.say("cb-1", "succession-agreed", with(agreed("cb-1", "cb-2"), json!({"from": "2027-01-01"})))
        }, "impossible-dates"),
        row("a 129th pair", |w| {
            for number in 20..149 { register(w, number); }
            for number in 20..148 { w.must("cb-1", "succession-agreed", agreed(&format!("cb-{number}"), "cb-1")); }
            w.say("cb-1", "succession-agreed", agreed("cb-148", "cb-1"))
        }, "too-many"),
    ]
}

#[rustfmt::skip]
fn of_confirmations() -> Vec<Row> {
    vec![
        row("the successor confirms it", |w| {
            for body in ["cb-1", "cb-2"] { w.must(body, "succession-agreed", agreed("cb-1", "cb-2")); }
            w.say("cb-2", "body-succeeded", succeeded("cb-1", "cb-2"))
        }, "role-not-entitled"),
        row("the accreditation body confirms it", |w| {
            for body in ["cb-1", "cb-2"] { w.must(body, "succession-agreed", agreed("cb-1", "cb-2")); }
            w.say("ab", "body-succeeded", succeeded("cb-1", "cb-2"))
        }, "role-not-entitled"),
        row("nobody agreed", |w| w.say("ministry", "body-succeeded", succeeded("cb-1", "cb-2")), "succession-not-agreed"),
        row("the one that goes did not agree", |w| {
            w.must("cb-2", "succession-agreed", agreed("cb-1", "cb-2"));
            w.say("ministry", "body-succeeded", succeeded("cb-1", "cb-2"))
        }, "succession-not-agreed"),
        row("the one that comes did not agree", |w| {
            w.must("cb-1", "succession-agreed", agreed("cb-1", "cb-2"));
            w.say("ministry", "body-succeeded", succeeded("cb-1", "cb-2"))
        }, "succession-not-agreed"),
        row("they agreed to the reverse", |w| {
            for body in ["cb-1", "cb-2"] { w.must(body, "succession-agreed", agreed("cb-2", "cb-1")); }
            w.say("ministry", "body-succeeded", succeeded("cb-1", "cb-2"))
        }, "succession-not-agreed"),
        row("one of them took it back", |w| {
            for body in ["cb-1", "cb-2"] { w.must(body, "succession-agreed", agreed("cb-1", "cb-2")); }
            w.must("cb-1", "succession-agreed", with(agreed("cb-1", "cb-2"), json!({"withdrawn": true})));
            w.say("ministry", "body-succeeded", succeeded("cb-1", "cb-2"))
        }, "succession-not-agreed"),
        row("the last day is past", |w| {
            for body in ["cb-1", "cb-2"] { w.must(body, "succession-agreed", agreed("cb-1", "cb-2")); }
            w.at("2027-01-01T00:00:00Z");
            w.say("ministry", "body-succeeded", succeeded("cb-1", "cb-2"))
        }, "succession-not-agreed"),
        row("a thief agreed", |w| {
            let since = w.now.to_string();
            for body in ["cb-1", "cb-2"] { w.must(body, "succession-agreed", agreed("cb-1", "cb-2")); }
            w.must("op", "key-revoked", json!({"party": "cb-1", "kid": kid(5), "compromisedSince": since}));
            w.say("ministry", "body-succeeded", succeeded("cb-1", "cb-2"))
        }, "succession-not-agreed"),
        row("before the first day", |w| {
            for body in ["cb-1", "cb-2"] {
                w.must(body, "succession-agreed", with(agreed("cb-1", "cb-2"), json!({"from": "2026-11-03"})));
            }
            w.say("ministry", "body-succeeded", succeeded("cb-1", "cb-2"))
        }, "succession-not-yet"),
        row("an accreditation body's successor did not agree", |w| {
            w.must("ab", "succession-agreed", agreed("ab", "ab-2"));
            w.say("ministry", "body-succeeded", succeeded("ab", "ab-2"))
        }, "succession-not-agreed"),
        row("a line of nine", |w| {
            let line: Vec<_> = (20..29).map(|number| register(w, number)).collect();
            for pair in line.windows(2).take(7) { merge(w, &pair[0], &pair[1]); }
            for body in ["cb-27", "cb-28"] { w.must(body, "succession-agreed", agreed("cb-27", "cb-28")); }
            w.say("ministry", "body-succeeded", succeeded("cb-27", "cb-28"))
        }, "succession-too-long"),
        row("one that stands for 65", |w| {
            for number in 20..84 { register(w, number); }
            for number in 20..83 { merge(w, &format!("cb-{number}"), "cb-2"); }
            for body in ["cb-83", "cb-2"] { w.must(body, "succession-agreed", agreed("cb-83", "cb-2")); }
            w.say("ministry", "body-succeeded", succeeded("cb-83", "cb-2"))
        }, "succession-too-long"),
    ]
}

#[rustfmt::skip]
fn of_those_succeeded() -> Vec<Row> {
    vec![
        row("a succeeded body suspends its verdict", |w| {
            merge(w, "cb-1", "cb-2");
            w.change(json!("suspended"))
        }, "body-is-succeeded"),
        row("a succeeded body grants", |w| {
            merge(w, "cb-1", "cb-2");
            w.say("cb-1", "verdict-granted", verdict("V-9"))
        }, "body-is-succeeded"),
        row("a succeeded body is accredited", |w| {
            merge(w, "cb-1", "cb-2");
            w.say("ab", "accreditation-granted", accreditation("C-9", "cb-1", "certification-body"))
        }, "body-is-succeeded"),
        row("the accreditation of a succeeded body is renewed", |w| {
            merge(w, "cb-1", "cb-2");
            w.say("ab", "accreditation-changed", json!({"id": "C-1", "change": {"renewed": {"until": "2030-12-31"}}, "reason": reason()}))
        }, "body-is-succeeded"),
        row("a verdict is handed to a succeeded body", |w| {
            w.must("cb-2", "verdict-granted", verdict("V-2"));
            merge(w, "cb-1", "cb-2");
            let claim = changed(w, "V-2", json!({"transferred": {"to": "cb-1"}}));
            w.say("cb-2", "verdict-changed", claim)
        }, "body-is-succeeded"),
        row("a body has two successors", |w| {
            merge(w, "cb-1", "cb-2");
            w.say("cb-3", "succession-agreed", agreed("cb-1", "cb-3"))
        }, "body-is-succeeded"),
        row("the place of one is taken that took its own", |w| {
            merge(w, "cb-1", "cb-2");
            w.say("cb-2", "succession-agreed", agreed("cb-2", "cb-1"))
        }, "body-is-succeeded"),
        row("the successor restores what it is not accredited for", |w| {
            w.must_change(json!("suspended"));
            merge(w, "cb-1", "cb-3");
            w.change_as("cb-3", json!("restored"))
        }, "not-accredited"),
        row("a body with the successor's name elsewhere", |w| {
            merge(w, "cb-1", "cb-2");
            w.change_as("cb-3", json!("suspended"))
        }, "another-bodys-verdict"),
        row("a replaced accreditation body suspends what it granted", |w| {
            replace(w);
            w.say("ab", "accreditation-changed", withdraws("C-1"))
        }, "body-is-succeeded"),
        row("the authority designates a replaced one", |w| {
            replace(w);
            w.say("ministry", "designation-made", json!({"id": "D-9", "accreditationBody": "ab", "schemes": ["stars"], "from": "2026-01-01"}))
        }, "body-is-succeeded"),
        row("its successor accredits without being designated", |w| {
            replace(w);
            w.say("ab-2", "accreditation-granted", accreditation("C-9", "cb-3", "certification-body"))
        }, "not-designated"),
    ]
}

#[test]
fn the_successor_changes_what_its_predecessor_decided_from_the_entry_on() {
    let mut world = World::furnished();
    merge(&mut world, "cb-1", "cb-2");
    let before = world.verdict("V-1");
    assert_eq!((before.now.issuer.as_str(), before.history.len()), ("cb-1", 1), "nothing is rewritten");
    for change in [json!("suspended"), json!("restored"), json!({"renewed": {"validUntil": "2029-10-31"}})] {
        world.change_as("cb-2", change).unwrap();
    }
    let record = world.verdict("V-1");
    assert_eq!(record.now.issuer.as_str(), "cb-1", "it is still the one that decided it");
    let last = record.history.last().unwrap();
    assert_eq!((last.by.as_str(), last.in_place_of.as_ref().unwrap().as_str()), ("cb-2", "cb-1"));
    let speaking = speaks_for(&world.register, &"cb-1".parse().unwrap(), world.now).unwrap();
    assert_eq!(speaking.body.as_str(), "cb-2");
    let earlier = speaking.since.at - jiff::SignedDuration::from_secs(1);
    assert_eq!(speaks_for(&world.register, &"cb-1".parse().unwrap(), earlier), None, "not before it was confirmed");
}

#[test]
fn the_successor_documents_and_takes_over_for_good() {
    let mut world = World::furnished();
    merge(&mut world, "cb-1", "cb-2");
    issue(&mut world, "cb-2", with(credential(0), json!({"body": "The certification-body cb-2"}))).unwrap();
    world.change_as("cb-2", json!({"transferred": {"to": "cb-2"}})).unwrap();
    assert_eq!(world.verdict("V-1").now.issuer.as_str(), "cb-2");
}

#[test]
fn it_goes_on_along_a_line() {
    let mut world = World::furnished();
    world.must("ab", "accreditation-granted", accreditation("C-3", "cb-3", "certification-body"));
    merge(&mut world, "cb-1", "cb-2");
    merge(&mut world, "cb-2", "cb-3");
    assert_eq!(world.change_as("cb-2", json!("suspended")).unwrap_err().code(), "body-is-succeeded");
    world.change_as("cb-3", json!("suspended")).unwrap();
    world.change_as("cb-3", json!("restored")).unwrap();
    let names = represented(&world.register, &"cb-3".parse().unwrap());
    assert_eq!(names.iter().map(|one| one.as_str()).collect::<Vec<_>>(), ["cb-3", "cb-2", "cb-1"]);
}

#[test]
fn a_restricted_verdict_is_its_successors_affair_and_no_others() {
    let mut world = World::furnished();
    let hidden = json!({"profile": "restricted", "level": null, "sites": null, "exclusions": null});
    world.must("cb-1", "verdict-granted", with(verdict("R-1"), hidden));
    let sees = |world: &World, body: &str| {
        sight(&world.register, &Viewer::Party(body.parse().unwrap()), &world.verdict("R-1"))
    };
    // Agreement alone opens nothing.
    world.must("cb-2", "succession-agreed", agreed("cb-1", "cb-2"));
    assert_eq!(sees(&world, "cb-2"), Sight::Nothing);
    world.must("cb-1", "succession-agreed", agreed("cb-1", "cb-2"));
    world.must("ministry", "body-succeeded", succeeded("cb-1", "cb-2"));
    assert_eq!((sees(&world, "cb-2"), sees(&world, "cb-3")), (Sight::Whole, Sight::Nothing));
}

#[test]
fn a_surveilling_body_hands_its_surveillance_over() {
    let mut world = World::furnished();
    let surveils = json!({"scheme": "stars@2", "surveillance": {"by": "certification-body", "everyMonths": 12}});
    world.must("ministry", "scheme-published", with(scheme(), surveils));
    for (id, body) in [("S-1", "cb-1"), ("S-2", "cb-2")] {
        let claim = with(accreditation(id, body, "certification-body"), json!({"scheme": "stars@2"}));
        world.must("ab", "accreditation-granted", claim);
    }
    world.must("cb-1", "verdict-granted", with(verdict("V-2"), json!({"scheme": "stars@2"})));
    let filed = with(report("P-1"), json!({"verdict": "V-2", "recommendation": "none", "outcome": "conforming"}));
    assert_eq!(world.say("cb-2", "report-filed", filed.clone()).unwrap_err().code(), "not-the-surveillant");
    merge(&mut world, "cb-1", "cb-2");
    world.must("cb-2", "report-filed", filed);
}

/// What a scheme says of an accreditation that is withdrawn, and what becomes of the verdict under it.
#[test]
fn without_an_accreditation_of_the_successor_the_scheme_decides() {
    for (effect, days) in
        [(json!({"transfer-window": {"days": 180}}), Some(180)), (json!("cease"), Some(0)), (json!("keep"), None)]
    {
        let mut world = World::furnished();
        let patch = json!({"scheme": "stars@2", "onAccreditation": {"withdrawn": effect, "suspended": "cease"}});
        world.must("ministry", "scheme-published", with(scheme(), patch));
        let of =
            |id: &str, body: &str| with(accreditation(id, body, "certification-body"), json!({"scheme": "stars@2"}));
        world.must("ab", "accreditation-granted", of("L-1", "cb-1"));
        world.must("cb-1", "verdict-granted", with(verdict("L-1"), json!({"scheme": "stars@2"})));
        merge(&mut world, "cb-1", "cb-2");
        let lapsed = |world: &World| resting::lapsed(&world.register, &world.verdict("L-1"), world.now);
        let found = lapsed(&world).unwrap();
        let entry = world.next - 1;
        assert_eq!((found.cause.what, found.cause.entry), (CauseKind::BodySucceeded, entry), "{effect}");
        match (found.consequence, days) {
            (Consequence::Keep, None) | (Consequence::Cease, Some(0)) => {}
            (Consequence::TransferWindow { until }, Some(days)) => {
                assert!(until >= found.since + jiff::SignedDuration::from_hours(24 * days));
            }
            (other, _) => panic!("{effect}: {other:?}"),
        }
        // Accredited, it holds again; suspended, the suspension of the successor's accreditation is the cause.
        world.must("ab", "accreditation-granted", of("L-2", "cb-2"));
        assert_eq!(lapsed(&world), None);
        world.must("ab", "accreditation-changed", json!({"id": "L-2", "change": "suspended", "reason": reason()}));
        assert_eq!(lapsed(&world).unwrap().cause.what, CauseKind::AccreditationSuspended);
        // What the predecessor held counts no more, whatever becomes of it.
        world.must("ab", "accreditation-changed", withdraws("L-1"));
        assert_eq!(lapsed(&world).unwrap().cause.what, CauseKind::AccreditationSuspended);
    }
}

#[test]
fn the_basis_of_a_verdict_shows_who_gave_the_successor_its_power() {
    let mut world = World::furnished();
    let before = of_verdict(&world.register, &world.verdict("V-1"), u64::MAX);
    let size = world.next;
    // Offers of others concern nobody.
    world.must("cb-3", "succession-agreed", agreed("cb-1", "cb-3"));
    assert_eq!(of_verdict(&world.register, &world.verdict("V-1"), u64::MAX), before);
    merge(&mut world, "cb-1", "cb-2");
    let confirmed = world.next - 1;
    world.change_as("cb-2", json!("suspended")).unwrap();
    let basis = of_verdict(&world.register, &world.verdict("V-1"), u64::MAX);
    assert!([confirmed - 2, confirmed - 1, confirmed].iter().all(|index| basis.indexes.contains(index)));
    assert!(!basis.indexes.contains(&size), "the offer is not in it");
    let label = MapLabel::Party("cb-1".parse().unwrap());
    assert!(basis.labels.contains(&label) && label.entries(&world.register).contains(&confirmed));
    let part = read(&world, &basis.indexes).unwrap();
    assert_eq!(part.verdict(&"V-1".parse().unwrap()), Some(world.verdict("V-1")));
    assert_eq!(of_verdict(&part, &world.verdict("V-1"), u64::MAX), basis);
    for label in &basis.labels {
        assert_eq!(label.entries(&part), label.entries(&world.register), "{label}");
    }
    // Whoever leaves the confirmation out shows a change by somebody who may not make it.
    for left_out in [confirmed - 2, confirmed - 1, confirmed] {
        let rest = basis.indexes.iter().copied().filter(|index| *index != left_out).collect();
        assert!(read(&world, &rest).is_err(), "{left_out}");
    }
    assert_eq!(of_verdict(&world.register, &world.verdict("V-1"), size), before, "as it was then");
    for index in [confirmed - 1, confirmed] {
        assert_eq!(world.register.rests_on(index), Some(Rests::Foundation));
    }
}

#[test]
fn whoever_takes_an_accreditors_place_changes_what_that_one_granted() {
    let mut world = World::furnished();
    replace(&mut world);
    assert_eq!(world.say("cb-2", "verdict-granted", verdict("V-2")).map(drop), Ok(()), "what was granted holds");
    world.must("ab-2", "accreditation-changed", json!({"id": "C-1", "change": "suspended", "reason": reason()}));
    let restore = json!({"id": "C-1", "change": "restored", "reason": reason()});
    assert_eq!(world.say("ab-2", "accreditation-changed", restore.clone()).unwrap_err().code(), "not-designated");
    let designation = json!({"id": "D-2", "accreditationBody": "ab-2", "schemes": ["stars"], "from": "2026-11-02"});
    world.must("ministry", "designation-made", designation);
    world.must("ab-2", "accreditation-changed", restore);
    let basis = of_verdict(&world.register, &world.verdict("V-1"), u64::MAX);
    let part = read(&world, &basis.indexes).unwrap();
    assert_eq!(part.accreditation(&"C-1".parse().unwrap()), world.register.accreditation(&"C-1".parse().unwrap()));
    assert_eq!(of_verdict(&part, &world.verdict("V-1"), u64::MAX), basis);
}

#[test]
fn a_succeeded_body_is_entitled_to_nothing_more() {
    let mut world = World::furnished();
    let asked = |world: &World, body: &str| {
        let (body, scheme) = (body.parse().unwrap(), "stars@1".parse().unwrap());
        let role = conformity::accreditation::AccreditedAs::CertificationBody;
        entitlement(&world.register, &Occasion { body: &body, role, scheme: &scheme, granted_by: None, at: world.now })
    };
    assert!(matches!(asked(&world, "cb-1"), Entitlement::InForce(_)));
    merge(&mut world, "cb-1", "cb-2");
    assert!(matches!(asked(&world, "cb-1"), Entitlement::Lapsed(..)));
    assert!(matches!(asked(&world, "cb-2"), Entitlement::InForce(_)));
}

#[test]
fn audit_bodies_laboratories_and_experts_are_succeeded_by_their_own_kind_and_word() {
    for (seed, role) in [(60, "audit-body"), (70, "evaluation-laboratory"), (80, "expert")] {
        let mut world = World::furnished();
        for (place, id) in [(0, "old"), (1, "new")] {
            world.must("op", "party-registered", party(id, role, seed + place));
        }
        world.must("ab", "accreditation-granted", accreditation("S-7", "old", role));
        let other = world.say("old", "succession-agreed", agreed("old", "cb-1")).unwrap_err();
        assert_eq!(other.code(), "wrong-role", "{role}");
        world.must("new", "succession-agreed", agreed("old", "new"));
        let alone = world.say("ministry", "body-succeeded", succeeded("old", "new")).unwrap_err();
        assert_eq!(alone.code(), "succession-not-agreed", "{role}: the one that goes has its say");
        merge(&mut world, "old", "new");
        let again = world.say("ab", "accreditation-granted", accreditation("S-8", "old", role)).unwrap_err();
        assert_eq!(again.code(), "body-is-succeeded", "{role}");
        let late = world.say("old", "succession-agreed", agreed("new", "old")).unwrap_err();
        assert_eq!(late.code(), "body-is-succeeded", "{role}");
        let speaks = speaks_for(&world.register, &"old".parse().unwrap(), world.now);
        assert_eq!(speaks.unwrap().body.as_str(), "new", "{role}");
    }
}
