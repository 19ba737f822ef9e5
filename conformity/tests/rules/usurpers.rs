//! Whom a thief made the issuer of a verdict, directly or through others: nothing that these said of it counts, once the theft is known.

use conformity::credential::CredentialStatus;
use conformity::standing::{Sight, Viewer, sight};
use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::compromise::{found_out, rekey, steal};
use crate::credentials::{credential, issue, status};
use crate::successions::try_merge;
use crate::world::{World, accreditation, changed, key, kid, verdict, with};

/// A registry in which a third body is accredited, too, and `cb-1` documented V-1.
fn three() -> World {
    let mut world = World::furnished();
    world.must("ab", "accreditation-granted", accreditation("C-3", "cb-3", "certification-body"));
    rekey(&mut world);
    issue(&mut world, "cb-1", credential(1)).unwrap();
    world
}

/// A credential of V-1 by somebody else.
fn documents(world: &mut World, body: &str, slot: u32) {
    let shown = with(credential(slot), json!({"body": format!("The certification-body {body}")}));
    issue(world, body, shown).unwrap();
}

fn to(body: &str) -> Value {
    json!({"transferred": {"to": body}})
}

/// Else an accomplice with a good key could end for good what a thief had handed to it.
#[test]
fn what_a_body_says_that_a_thief_made_the_issuer_is_passed_over() {
    let mut world = World::furnished();
    rekey(&mut world);
    let since = world.now;
    steal(&mut world, json!({"transferred": {"to": "cb-2"}}));
    world.change_as("cb-2", json!("annulled")).unwrap();
    assert_eq!(world.state("V-1"), "annulled");
    found_out(&mut world, since);
    assert_eq!((world.state("V-1"), world.verdict("V-1").now.issuer.as_str()), ("granted", "cb-1"));
    assert_eq!(world.change_as("cb-2", json!("suspended")).unwrap_err().code(), "another-bodys-verdict");

    // Handed over by the body itself, it counts.
    world.must_change(json!({"transferred": {"to": "cb-2"}}));
    world.change_as("cb-2", json!("suspended")).unwrap();
    assert_eq!(world.state("V-1"), "suspended");
}

/// What a thief's accomplice said fills no history either.
#[test]
fn they_cannot_fill_a_history() {
    let mut world = World::furnished();
    rekey(&mut world);
    let since = world.now;
    steal(&mut world, to("cb-2"));
    for number in 0..998 {
        let change = if number % 2 == 0 { "appeal-opened" } else { "appeal-closed" };
        world.change_as("cb-2", json!(change)).unwrap();
    }
    assert_eq!(world.change_as("cb-2", json!("complaint-opened")).unwrap_err().code(), "history-full");
    found_out(&mut world, since);
    world.must_change(json!("complaint-opened"));
}

#[test]
fn so_is_what_another_says_to_whom_that_one_handed_it() {
    let mut world = three();
    let (before, since) = (world.verdict("V-1").now.clone(), world.now);
    steal(&mut world, to("cb-2"));
    world.change_as("cb-2", to("cb-3")).unwrap();
    documents(&mut world, "cb-3", 2);
    world.change_as("cb-3", json!("annulled")).unwrap();
    found_out(&mut world, since);
    let record = world.verdict("V-1");
    assert_eq!((&record.now, record.as_of(world.now)), (&before, Some(before.clone())));
    let counting: Vec<_> = record.counting().map(|item| item.what.as_str()).collect();
    assert_eq!(counting, ["granted", "voided"]);
    assert_eq!([1, 2].map(|slot| status(&world, slot)), [CredentialStatus::Invalid; 2], "a newer one took its place");
    assert_eq!(world.change_as("cb-3", json!("suspended")).unwrap_err().code(), "another-bodys-verdict");
}

#[test]
fn so_is_what_somebody_says_in_the_place_of_that_one() {
    let mut world = three();
    let since = world.now;
    steal(&mut world, to("cb-2"));
    try_merge(&mut world, "cb-2", "cb-3").unwrap();
    documents(&mut world, "cb-3", 2);
    let mut withdrawn = world.clone();
    withdrawn.change_as("cb-3", json!("withdrawn")).unwrap();
    // Handed on to itself it speaks for itself.
    world.change_as("cb-3", to("cb-3")).unwrap();
    world.change_as("cb-3", json!("suspended")).unwrap();
    for mut world in [withdrawn, world] {
        found_out(&mut world, since);
        assert_eq!((world.state("V-1"), world.verdict("V-1").now.issuer.as_str()), ("granted", "cb-1"));
        assert_eq!(status(&world, 2), CredentialStatus::Invalid);
    }
}

#[test]
fn by_right_they_speak_for_it_all_the_same() {
    let mut world = three();
    let since = world.now;
    steal(&mut world, to("cb-2"));
    world.change_as("cb-2", to("cb-3")).unwrap();
    found_out(&mut world, since);
    let mut handed = world.clone();
    handed.must_change(to("cb-3"));
    try_merge(&mut world, "cb-1", "cb-3").unwrap();
    for mut world in [handed, world] {
        documents(&mut world, "cb-3", 2);
        assert_eq!(status(&world, 2), CredentialStatus::Valid);
        world.change_as("cb-3", json!("suspended")).unwrap();
        assert_eq!(world.state("V-1"), "suspended");
    }
}

/// Who answered for it when it was said goes by the log, also where the day asked about lies before it was handed over.
#[test]
fn dating_back_makes_nobody_its_issuer_and_takes_it_from_nobody() {
    let suspends = |world: &mut World, body: &str, from: jiff::Timestamp| {
        let claim = with(changed(world, "V-1", json!("suspended")), json!({"effective": from.to_string()}));
        world.must(body, "verdict-changed", claim);
    };
    let mut world = three();
    let since = world.now;
    world.now += SignedDuration::from_hours(1);
    steal(&mut world, to("cb-2"));
    world.change_as("cb-2", to("cb-3")).unwrap();
    suspends(&mut world, "cb-3", since);
    found_out(&mut world, since);
    let state = |world: &World| world.verdict("V-1").in_effect_at(since).unwrap().state.name().as_str();
    assert_eq!(state(&world), "granted");
    world.must_change(to("cb-2"));
    suspends(&mut world, "cb-2", since);
    assert_eq!(state(&world), "suspended");
}

#[test]
fn they_keep_no_sight_of_a_restricted_verdict() {
    let mut world = three();
    world.must("cb-1", "verdict-granted", with(verdict("V-2"), json!({"profile": "restricted"})));
    let say = |world: &mut World, body: &str, change: Value| {
        let claim = changed(world, "V-2", change);
        world.must(body, "verdict-changed", claim);
    };
    let see = |world: &World| {
        ["cb-1", "cb-2", "cb-3"].map(|body| {
            let viewer = Viewer::Party(body.parse().unwrap());
            sight(&world.register, &viewer, &world.verdict("V-2")) == Sight::Whole
        })
    };
    let since = world.now;
    let claim = changed(&world, "V-2", to("cb-2"));
    world.steal("cb-1", "verdict-changed", claim).unwrap();
    say(&mut world, "cb-2", json!("appeal-opened"));
    say(&mut world, "cb-2", to("cb-3"));
    say(&mut world, "cb-3", json!("complaint-opened"));
    assert_eq!(see(&world), [true; 3]);
    found_out(&mut world, since);
    assert_eq!(see(&world), [true, false, false]);
    say(&mut world, "cb-1", to("cb-2"));
    say(&mut world, "cb-2", to("cb-1"));
    assert_eq!(see(&world), [true, true, false], "whoever rightfully answered for it once");
}

#[test]
fn nor_does_a_body_for_what_a_thief_of_its_own_key_said() {
    let mut world = three();
    world.must("cb-1", "verdict-granted", with(verdict("V-2"), json!({"profile": "restricted"})));
    let since = world.now;
    for (thief, change) in [("cb-1", to("cb-2")), ("cb-2", json!("appeal-opened"))] {
        let claim = changed(&world, "V-2", change);
        world.steal(thief, "verdict-changed", claim).unwrap();
    }
    world.must("op", "key-added", json!({"party": "cb-2", "key": key(52)}));
    let claim = json!({"party": "cb-2", "kid": kid(6), "compromisedSince": since.to_string()});
    world.must("op", "key-revoked", claim);
    let sees = |world: &World| sight(&world.register, &Viewer::Party("cb-2".parse().unwrap()), &world.verdict("V-2"));
    assert_eq!(sees(&world), Sight::Whole, "nobody knows yet who made it the issuer");
    found_out(&mut world, since);
    assert_eq!(sees(&world), Sight::Nothing);
}
