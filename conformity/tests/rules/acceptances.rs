//! Acceptances as evidence: who may tell of them, and that nothing follows from them.

use conformity::audience::{Audience, audience};
use conformity::records::{Facts, Register};
use conformity::statement::Statement;
use conformity::verdict::Happening;
use conformity::{Digest, Place, decide};
use serde_json::{Value, json};

use crate::world::{Row, World, acceptance, changed, reason, row, signer, transcribed, verdict, with};

const KIND: &str = "evidence-accepted";

fn tell(world: &mut World, patch: Value) -> Result<Vec<conformity::Record>, conformity::Refusal> {
    world.say("op", KIND, with(acceptance("E-1"), patch))
}

fn retrieved(day: &str) -> Value {
    with(acceptance("E-1")["transcribed"].clone(), json!({"retrieved": day}))
}

#[rustfmt::skip] // A table reads by its rows.
pub(crate) fn rows() -> Vec<Row> {
    vec![
        row("an authority tells of itself", |w| w.say("ministry", KIND, acceptance("E-1")), "role-not-entitled"),
        row("a body tells of an acceptance", |w| w.say("cb-1", KIND, acceptance("E-1")), "role-not-entitled"),
        row("the node tells of an acceptance", |w| w.say("node", KIND, acceptance("E-1")), "role-not-entitled"),
        row("an acceptance of nothing", |w| tell(w, json!({"verdict": "T-9"})), "unknown-verdict"),
        row("an acceptance of what a body decided", |w| tell(w, json!({"verdict": "V-1"})), "another-bodys-verdict"),
        row("an acceptance to come", |w| tell(w, json!({"from": "2026-11-02"})), "impossible-dates"),
        row("an acceptance that ends before it begins", |w| tell(w, json!({"until": "2013-12-31"})), "impossible-dates"),
        row("a list that is read tomorrow", |w| tell(w, json!({"transcribed": retrieved("2026-11-03")})), "impossible-dates"),
        row("an acceptance is told twice", |w| {
            tell(w, json!({}))?;
            tell(w, json!({"authority": "Somebody else"}))
        }, "acceptance-exists"),
        row("the 501st acceptance", |w| {
            for number in 0..500 {
                w.must("op", KIND, acceptance(&format!("E-{number}")));
            }
            w.say("op", KIND, acceptance("E-500"))
        }, "too-many"),
    ]
}

#[test]
fn an_acceptance_is_an_item_of_the_history_and_changes_nothing_else() {
    let mut world = World::furnished();
    let before = world.verdict("T-1");
    let index = world.next;
    tell(&mut world, json!({})).unwrap();
    let after = world.verdict("T-1");
    assert_eq!((&after.now, &after.terms), (&before.now, &before.terms));
    assert_eq!(after.history.len(), before.history.len() + 1);
    let item = after.history.last().unwrap();
    assert_eq!((item.index, item.by.as_str(), item.what.as_str()), (index, "op", "accepted-as-evidence"));
    let Happening::AcceptedAsEvidence(told) = &item.what else { panic!("{:?}", item.what) };
    assert_eq!(serde_json::to_value(told).unwrap(), acceptance("E-1"), "every word of the list is kept");
}

#[test]
fn what_was_accepted_once_stays_so_whatever_became_of_the_verdict() {
    for change in [json!("withdrawn"), json!("annulled"), json!("historical"), json!("suspended")] {
        let mut world = World::furnished();
        let claim = changed(&world, "T-1", change.clone());
        world.must("op", "verdict-changed", claim);
        let state = world.state("T-1");
        tell(&mut world, json!({})).unwrap_or_else(|refusal| panic!("{change}: {refusal}"));
        assert_eq!(world.state("T-1"), state, "{change}");
    }
}

#[test]
fn a_full_book_of_acceptances_does_not_bind_the_verdict() {
    let mut world = World::furnished();
    for number in 0..500 {
        world.must("op", KIND, acceptance(&format!("E-{number}")));
    }
    for change in [json!({"renewed": {"validUntil": "2030-01-01"}}), json!("suspended"), json!("restored")] {
        let claim = changed(&world, "T-1", change);
        world.must("op", "verdict-changed", claim);
    }
}

#[test]
fn whoever_may_see_the_verdict_may_see_it() {
    let mut world = World::furnished();
    world.must("op", "verdict-granted", with(transcribed("T-2"), json!({"profile": "restricted"})));
    let of = |world: &World, id: &str| {
        let payload = world.envelope("op", KIND, with(acceptance("E-1"), json!({"verdict": id})));
        audience(&world.register, &Statement::parse(payload.to_string().as_bytes()).unwrap(), world.next)
    };
    assert_eq!(of(&world, "T-1"), Audience::Scheme("stars@1".parse().unwrap()));
    assert_eq!(of(&world, "T-2"), Audience::Own);
    assert_eq!(of(&world, "T-3"), Audience::Own);
}

#[test]
fn the_source_is_no_matter_of_choice() {
    let world = World::furnished();
    for member in ["transcribed", "authority", "from", "acceptance", "verdict"] {
        let payload = world.envelope("op", KIND, with(acceptance("E-1"), json!({member: null})));
        let malformed = Statement::parse(payload.to_string().as_bytes()).unwrap_err();
        assert_eq!(malformed.code(), "malformed-claim", "{member}");
    }
}

#[test]
fn an_acceptance_goes_with_the_verdict_and_not_before_and_a_replay_agrees() {
    let mut world = World::furnished();
    let (granted, at) = (world.verdict("T-1").history[0].index, world.now);
    let payload = world.envelope("op", KIND, acceptance("E-1"));
    let told = world.next;
    world.take(&payload, None).unwrap();
    let erase = |world: &mut World, index: u64| {
        world.say("op", "statement-erased", json!({"index": index, "reason": reason()}))
    };
    assert_eq!(erase(&mut world, told).unwrap_err().code(), "not-erasable");
    erase(&mut world, granted).unwrap();
    assert!(world.register.verdict(&"T-1".parse().unwrap()).is_none());
    let (op, jti) = ("op".parse().unwrap(), format!("s-{told}").parse().unwrap());
    assert!(world.register.statement(&op, &jti).is_none(), "the statement about it is forgotten, too");
    // A replay finds the grant gone and takes no word about it.
    let bytes = serde_json::to_vec(&payload).unwrap();
    let statement = Statement::parse(&bytes).unwrap();
    let place = Place {
        index: told,
        at,
        kid: signer(&world.register, &statement),
        digest: Digest::of(&bytes),
        attachment: None,
    };
    let refusal = decide(&world.register, &statement, &place).unwrap_err();
    assert_eq!(refusal.code(), "unknown-verdict");
    erase(&mut world, told).unwrap();
}

#[test]
fn a_follower_comes_to_the_same_verdict() {
    let mut world = World::furnished();
    let mut part = Register::part();
    let genesis = world.register.genesis().unwrap();
    part.insert(conformity::Record::Genesis(genesis));
    for party in world.register.parties() {
        part.insert(conformity::Record::Party(party.clone()));
    }
    for scheme in world.register.schemes() {
        part.insert(conformity::Record::Scheme(scheme.clone()));
    }
    part.insert(conformity::Record::Verdict(world.verdict("T-1")));
    let (payload, index, at) = (world.envelope("op", KIND, acceptance("E-1")), world.next, world.now);
    world.take(&payload, None).unwrap();
    let bytes = serde_json::to_vec(&payload).unwrap();
    let statement = Statement::parse(&bytes).unwrap();
    let place =
        Place { index, at, kid: signer(&world.register, &statement), digest: Digest::of(&bytes), attachment: None };
    for record in decide(&part, &statement, &place).unwrap() {
        part.insert(record);
    }
    assert_eq!(part.verdict(&"T-1".parse().unwrap()).unwrap(), world.verdict("T-1"));
}

#[test]
fn only_a_list_may_keep_silent_about_the_country() {
    let mut world = World::furnished();
    let nowhere = json!({"supplier": {"id": "local:list:17", "name": "Example Works"}});
    world.must("op", "verdict-granted", with(transcribed("T-2"), nowhere.clone()));
    let held = world.verdict("T-2");
    assert_eq!(held.terms.supplier.country, None);
    let written = serde_json::to_value(&*held.terms).unwrap();
    assert_eq!(written["supplier"], nowhere["supplier"], "what is not known is not written");
    let refusal = world.say("cb-1", "verdict-granted", with(verdict("V-2"), nowhere)).unwrap_err();
    assert_eq!(refusal.code(), "country-not-stated");
}
