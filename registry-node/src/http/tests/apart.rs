//! What is made of restricted verdicts of peers: for the operator and the supplier; for anybody else, to the byte, as if there were none.

use std::collections::BTreeMap;
use std::sync::Arc;

use conformity::consent::Part;
use conformity::genesis::PeerRecord;
use conformity::ids::VerdictId;
use conformity::party::Role;
use conformity::recognised::{ArrangementRef, Recognition};
use conformity::records::Facts;
use conformity::time::Moment;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::fixture::{Got, World, now};
use super::neighbours::{derive, peered, row};
use crate::core::restricted::{Restricted, RestrictedError};
use crate::core::uses::{By, Granted, Recipient, Seen, Way};

const SUPPLIER: &str = "lei:5493001KJTIIGC8Y1R12";
/// A supplier that is no party and of whom everybody knows nothing.
pub(super) const OTHER: &str = "lei:7LTWFZYICNSX8D621K86";

/// A registry that recognised an open verdict of its peer, where the supplier of both is a party.
pub(super) async fn world() -> World {
    let world = peered().await;
    let operator = world.operator();
    world.join(&operator, "exemple", Role::Supplier, json!([SUPPLIER])).await;
    world.join(&operator, "other-sa", Role::Supplier, json!(["lei:529900T8BM49AURSDO55"])).await;
    derive(&world, 0, 5, &row("E-1", "recognised")).await;
    world
}

fn peer(world: &World) -> Arc<PeerRecord> {
    world.registry.read_model.register().peer(&"eu".parse().unwrap()).unwrap()
}

fn shown(id: &str) -> BTreeMap<VerdictId, BTreeMap<u64, String>> {
    [(id.parse().unwrap(), BTreeMap::from([(7, "a.b.c".to_owned())]))].into()
}

fn recognition(id: &str, outcome: &str) -> Recognition {
    serde_json::from_str(&row(id, outcome)).unwrap()
}

fn since(world: &World) -> Moment {
    Moment { index: world.registry.log.size() - 1, at: now() }
}

/// Something of a restricted verdict E-2 rests here, and this is made of it.
fn confide(world: &World, outcome: &str) {
    confide_on(world, SUPPLIER, outcome);
}

/// The same of a verdict on that supplier.
pub(super) fn confide_on(world: &World, supplier: &str, outcome: &str) {
    let peer = peer(world);
    let recognition = serde_json::from_str(&row("E-2", outcome).replace(SUPPLIER, supplier)).unwrap();
    world.registry.restricted.keep(&peer, &shown("E-2")).unwrap();
    world.registry.restricted.state(&peer, &[recognition], since(world)).unwrap();
}

fn paths() -> Vec<String> {
    let mut paths = vec!["/v1/credentials/eu:E-2".to_owned()];
    paths.extend(["", "/disclosed", "/disclosures", "/proof"].map(|what| format!("/v1/verdicts/eu:E-2{what}")));
    let standing = format!("/v1/suppliers/{SUPPLIER}/standing");
    paths.extend(
        ["?scheme=eucc", "?viewpoint=people-and-things", "?country=FR"].map(|query| format!("{standing}{query}")),
    );
    paths.extend(["/v1/verdicts", "/v1/peers", "/v1/arrangements", "/v1/status-lists/0"].map(str::to_owned));
    paths
}

async fn answers(world: &World, who: Option<&str>) -> Vec<Got> {
    let person = who.map(|who| world.person(who));
    let mut talk = world.talk(person.as_ref()).await;
    let mut answers = Vec::new();
    for path in paths() {
        answers.push(talk.ask(&path).await.without_date());
    }
    answers
}

async fn seen_by_operator(world: &World) -> Got {
    world.talk(Some(&world.operator())).await.ask("/v1/verdicts/eu:E-2").await
}

#[tokio::test]
async fn nobody_but_operator_and_supplier_can_tell_it_from_none() {
    let world = world().await;
    let strangers = [None, Some("buyer-1"), Some("cb-1"), Some("meti"), Some("other-sa")];
    let mut before = Vec::new();
    for who in strangers {
        before.push(answers(&world, who).await);
    }
    let (own, size) = (answers(&world, Some("exemple")).await, world.registry.log.size());
    confide(&world, "recognised");
    for (who, before) in strangers.into_iter().zip(before) {
        for (path, (before, after)) in paths().iter().zip(before.into_iter().zip(answers(&world, who).await)) {
            assert_eq!(before, after, "{who:?}: {path}");
        }
    }
    assert_eq!(world.registry.log.size(), size, "no entry says it");
    assert_ne!(answers(&world, Some("exemple")).await, own);
    let mut talk = world.talk(Some(&world.person("exemple"))).await;
    let told = talk.ask("/v1/verdicts/eu:E-2").await.json();
    assert_eq!(told["recognition"]["outcome"], "recognised", "{told}");
    let standing = talk.ask(&format!("/v1/suppliers/{SUPPLIER}/standing?scheme=eucc")).await.json();
    assert_eq!(standing["holdings"].as_array().map(Vec::len), Some(2), "{standing}");
    assert_eq!(seen_by_operator(&world).await.json()["recognition"]["outcome"], "recognised");
}

#[tokio::test]
async fn what_was_made_of_it_changes_in_place_and_goes_at_once() {
    let world = world().await;
    let nothing = seen_by_operator(&world).await.without_date();
    confide(&world, "recognised");
    world.registry.restricted.state(&peer(&world), &[recognition("E-2", "refused")], since(&world)).unwrap();
    assert_eq!(seen_by_operator(&world).await.json()["recognition"]["outcome"], "refused");
    // Whoever opens the vault again finds the same.
    let (first, second) = (shown("E-2"), [("E-2".parse().unwrap(), BTreeMap::from([(9, "d.e.f".to_owned())]))].into());
    world.registry.restricted.keep(&peer(&world), &second).unwrap();
    let again = Restricted::open(Arc::clone(&world.registry.vault), &world.registry.read_model).unwrap();
    let found = again.made().recognition(&"eu:E-2".parse().unwrap()).unwrap();
    assert_eq!(found.recognition.outcome.to_string(), "refused");
    let id: VerdictId = "E-2".parse().unwrap();
    for (place, statement) in first.into_values().chain(second.into_values()).flatten() {
        assert_eq!(again.statement(&peer(&world), &id, place).unwrap(), Some(statement));
    }
    assert_eq!(again.places(&peer(&world)).unwrap(), [(id, [(7, 5), (9, 5)].into())].into());

    let gone = [("E-2".parse::<VerdictId>().unwrap())].into();
    world.registry.restricted.erase(&peer(&world), &gone).unwrap();
    assert_eq!(seen_by_operator(&world).await.without_date(), nothing);
    assert!(world.registry.restricted.places(&peer(&world)).unwrap().is_empty());
    // What was found before the erasure and comes after it brings nothing back.
    world.registry.restricted.state(&peer(&world), &[recognition("E-2", "recognised")], since(&world)).unwrap();
    assert_eq!(seen_by_operator(&world).await.without_date(), nothing);
}

#[tokio::test]
async fn a_peer_that_asks_again_and_again_is_counted_by_the_minute() {
    let world = world().await;
    let record = world.registry.read_model.register().verdict(&"V-2".parse().unwrap()).unwrap();
    let granted = Granted::of(&record);
    let arrangements = vec![ArrangementRef { id: "jp-eu".parse().unwrap(), version: 1 }];
    let seen = Seen {
        to: Recipient::Registry("eu".parse().unwrap()),
        through: None,
        by: By::Arrangements(arrangements),
        way: Way::Statements,
        parts: Part::Level.into(),
        credential: None,
        disclosures: 0,
    };
    let uses = &world.registry.uses;
    for (second, times) in [(0, 1), (30, 1), (59, 1), (60, 2), (61, 2), (120, 3)] {
        let now = Timestamp::from_second(1_800_000_000 + second).unwrap();
        uses.record_by_the_minute(&uses.place_of_peer(), granted, seen.clone(), now).unwrap();
        let book = uses.of(granted).unwrap();
        assert_eq!((book.uses.len(), book.uses[0].times), (1, times), "{second}");
    }
    let others = Seen { to: Recipient::Registry("us".parse().unwrap()), ..seen };
    uses.record_by_the_minute(&uses.place_of_peer(), granted, others, Timestamp::from_second(1_800_000_121).unwrap())
        .unwrap();
    assert_eq!(uses.of(granted).unwrap().uses.len(), 2, "another peer is another use");
}

#[tokio::test]
async fn it_ends_with_the_peering() {
    let world = world().await;
    confide(&world, "recognised");
    let peer = peer(&world);
    let expelled = json!({"registry": "eu", "reason": {"code": "for-the-test"}});
    world.must(&world.operator(), "peer-expelled", expelled).await;
    let told: Value = seen_by_operator(&world).await.json();
    assert_eq!(
        (&told["recognition"]["outcome"], told.to_string().contains("peer-expelled")),
        (&json!("refused"), true)
    );
    assert!(matches!(world.registry.restricted.keep(&peer, &shown("E-3")), Err(RestrictedError::Gone)));
    world.registry.restricted.sweep().unwrap();
    assert_eq!(seen_by_operator(&world).await.code(), "not-found");
    assert!(world.registry.vault.names("restricted/").unwrap().is_empty());
}
