//! Experts take back what they confirmed: who may, and what becomes of the declaration.

use conformity::verdict::SelfEvaluation;
use conformity::{Record, Refusal};
use serde_json::{Value, json};

use crate::declarations::{awaiting, confirmation, declaration, declaring, furnish};
use crate::world::{Row, World, changed, key, kid, party, reason, row};

const KIND: &str = "confirmation-withdrawn";

fn withdrawal(id: &str) -> Value {
    json!({"verdict": id, "reason": reason()})
}

/// S-1 is declared, and S-2, which counts with an expert alone; the expert confirms both.
fn confirmed(world: &mut World) {
    world.must("works", "verdict-granted", declaration("S-1"));
    world.must("works", "verdict-granted", awaiting("S-2"));
    for id in ["S-1", "S-2"] {
        world.must("expert", "declaration-confirmed", confirmation(id));
    }
}

/// The same, of a world as a row gets it.
fn begun(world: &mut World) {
    furnish(world);
    confirmed(world);
}

fn take_back(world: &mut World, by: &str, id: &str) -> Result<Vec<Record>, Refusal> {
    world.say(by, KIND, withdrawal(id))
}

#[rustfmt::skip] // A table reads by its rows.
pub(crate) fn rows() -> Vec<Row> {
    vec![
        row("another expert takes it back", |w| {
            begun(w);
            w.must("op", "party-registered", party("other", "expert", 71));
            take_back(w, "other", "S-1")
        }, "no-confirmation"),
        row("the supplier takes it back", |w| { begun(w); take_back(w, "works", "S-1") }, "role-not-entitled"),
        row("the operator takes it back", |w| { begun(w); take_back(w, "op", "S-1") }, "role-not-entitled"),
        row("what nobody confirmed", |w| { begun(w); w.must("works", "verdict-granted", declaration("S-3")); take_back(w, "expert", "S-3") }, "no-confirmation"),
        row("twice", |w| { begun(w); take_back(w, "expert", "S-1").unwrap(); take_back(w, "expert", "S-1") }, "no-confirmation"),
        row("what is nowhere", |w| { begun(w); take_back(w, "expert", "S-9") }, "unknown-verdict"),
        row("of a declaration that was given up", |w| {
            begun(w);
            let claim = changed(w, "S-1", json!("surrendered"));
            w.must("works", "verdict-changed", claim);
            take_back(w, "expert", "S-1")
        }, "illegal-move"),
    ]
}

#[test]
fn what_counts_without_an_expert_stands_and_what_does_not_waits_again() {
    let mut world = declaring();
    confirmed(&mut world);
    let before = world.now;
    for (id, state) in [("S-1", "granted"), ("S-2", "unconfirmed")] {
        take_back(&mut world, "expert", id).unwrap();
        let record = world.verdict(id);
        assert_eq!(
            (world.state(id), record.self_evaluation(&record.now)),
            (state, Some(SelfEvaluation::Oneself)),
            "{id}"
        );
        assert_eq!(record.now.confirmed, None);
        assert_eq!(record.history.last().unwrap().reason.as_ref().unwrap().code.as_str(), reason()["code"]);
        let then = record.as_of(before - jiff::SignedDuration::from_secs(1)).unwrap();
        assert_eq!(record.self_evaluation(&then), Some(SelfEvaluation::ExpertConfirmed), "as it was known then");
    }
    assert!(!world.verdict("S-2").in_force_at(world.now) && world.verdict("S-1").in_force_at(world.now));
    // Confirmed anew, it counts anew.
    world.must("expert", "declaration-confirmed", confirmation("S-2"));
    assert!(world.verdict("S-2").in_force_at(world.now));
}

#[test]
fn an_expert_who_is_accredited_no_more_takes_back_and_confirms_nothing() {
    let mut world = declaring();
    confirmed(&mut world);
    let withdrawn = |id: &str| json!({"id": id, "change": "withdrawn", "reason": reason()});
    for id in ["C-21", "C-22"] {
        world.must("ministry", "accreditation-changed", withdrawn(id));
    }
    take_back(&mut world, "expert", "S-2").unwrap();
    assert_eq!(world.state("S-2"), "unconfirmed");
    assert!(world.say("expert", "declaration-confirmed", confirmation("S-2")).is_err());
}

#[test]
fn what_a_thief_took_back_stands() {
    let mut world = declaring();
    confirmed(&mut world);
    let since = world.now.to_string();
    world.steal("expert", KIND, withdrawal("S-2")).unwrap();
    assert_eq!(world.state("S-2"), "unconfirmed");
    world.must("op", "key-added", json!({"party": "expert", "key": key(72)}));
    world.must("op", "key-revoked", json!({"party": "expert", "kid": kid(62), "compromisedSince": since}));
    assert_eq!(world.state("S-2"), "granted", "as if it had never been taken back");
    assert!(world.verdict("S-2").in_force_at(world.now));
}
