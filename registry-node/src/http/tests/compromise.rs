//! A stolen key, from the declaration to whoever asks: verdicts, lists, standing, events, credentials, bundles, a restart.

use conformity::records::Facts;
use credential::status::Status;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::credentials::{documented, fetch, status};
use super::fixture::{World, change, now, restricted, verdict};
use super::proofs::{ask, own, proven};
use super::state_map::reopened;
use super::stream::Events;
use crate::core::state_map::check_seals;

const SUPPLIER: &str = "corporate-number:7000012050002";

/// A moment that lies between what was sequenced before and what comes.
async fn moment() -> Timestamp {
    tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    let moment = now();
    tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    moment
}

/// It turns out that a thief has had the key of cb-1.
async fn declare(world: &World, since: Timestamp) -> u64 {
    stolen(world, "cb-1", since).await
}

async fn stolen(world: &World, party: &str, since: Timestamp) -> u64 {
    let kid = world.person(party).key().public_key().thumbprint().to_string();
    let claim = json!({"party": party, "kid": kid, "compromisedSince": since, "reason": {"code": "key-compromise"}});
    world.must(&world.operator(), "key-revoked", claim).await
}

async fn state(world: &World, id: &str) -> Value {
    ask(world, Some("operator"), &format!("/v1/verdicts/jp:{id}")).await.json()["state"].clone()
}

/// A furnished registry in which a thief has granted V-3 and a restricted V-4, and suspended V-1; and since when.
async fn robbed() -> (World, Timestamp) {
    let world = World::furnished().await;
    let since = moment().await;
    let thief = world.person("cb-1");
    world.must(&thief, "verdict-granted", verdict("V-3")).await;
    world.must(&thief, "verdict-granted", restricted("V-4")).await;
    world.must(&thief, "verdict-changed", change("V-1", json!("suspended"))).await;
    (world, since)
}

#[tokio::test]
async fn nobody_reads_from_stolen_keys_who_buys() {
    let (world, since) = robbed().await;
    stolen(&world, "buyer-1", since).await;
    assert_eq!(ask(&world, None, "/v1/cascades").await.json()["cascades"], json!([]));
    let declared = declare(&world, since).await;
    let told = ask(&world, None, "/v1/cascades").await.json()["cascades"].clone();
    assert_eq!((told.as_array().map(Vec::len), &told[0]["cause"]["entry"]), (Some(1), &json!(declared)), "{told}");
}

#[tokio::test]
async fn whoever_asks_what_is_known_of_any_time_hears_what_the_body_said_and_nothing_else() {
    let (world, since) = robbed().await;
    let between = moment().await;
    let declared = declare(&world, since).await;
    for (id, expected) in [("V-1", "granted"), ("V-2", "granted"), ("V-3", "void"), ("V-4", "void")] {
        assert_eq!(state(&world, id).await, expected, "{id}");
    }
    let told = ask(&world, None, "/v1/cascades").await.json()["cascades"][0].clone();
    assert_eq!(
        (&told["cause"], &told["becomes"], &told["party"]),
        (&json!({"what": "key-compromised", "entry": declared}), &json!("voided"), &json!("cb-1"))
    );
    let counts = (&told["done"], &told["total"], &told["finished"]);
    assert_eq!(counts, (&json!(2), &json!(2), &json!(true)), "V-1 and V-3: the restricted one is not counted");
    assert_eq!(ask(&world, None, "/v1/cascades?limit=1").await.json()["cascades"][0], told, "asked again");
    let history = ask(&world, None, "/v1/verdicts/jp:V-1").await.json()["history"].clone();
    assert_eq!(
        (&history[1]["what"], &history[1]["voided"]["index"]),
        (&json!({"changed": "suspended"}), &json!(declared))
    );
    assert_eq!(history[2]["what"]["voided"]["party"], "cb-1");
    let as_shown = format!("/v1/suppliers/{SUPPLIER}/standing?scheme=stars&as_of={between}");
    let shown = ask(&world, None, &as_shown).await.json();
    assert_eq!(shown["holdings"][1]["own"]["inForce"], true, "nobody knew then: {shown}");
    for as_of in [format!("{between}&known=now"), now().to_string()] {
        let path = format!("/v1/suppliers/{SUPPLIER}/standing?scheme=stars&as_of={as_of}");
        let standing = ask(&world, None, &path).await.json();
        let counting = |one: &Value| (one["own"]["verdict"].clone(), one["own"]["inForce"].clone());
        let found: Vec<_> = standing["holdings"].as_array().unwrap().iter().map(counting).collect();
        assert_eq!(found, [(json!("V-1"), json!(true)), (json!("V-3"), json!(false))], "{as_of}");
        let list = ask(&world, None, &format!("/v1/verdicts?state=void&as_of={as_of}")).await.json();
        let found: Vec<_> = list["verdicts"].as_array().unwrap().iter().map(|one| one["verdict"].clone()).collect();
        assert_eq!(found, [json!("jp:V-3")], "{as_of}");
    }
    assert_eq!(ask(&world, None, "/v1/verdicts/jp:V-4").await.code(), "not-found", "what is restricted stays so");
    let refused = world.say(&world.person("cb-1"), "verdict-granted", verdict("V-9")).await;
    assert_eq!(refused.code(), "key-revoked");
}

#[tokio::test]
async fn each_verdict_that_it_touches_gives_its_event() {
    let (world, since) = robbed().await;
    let mut live = Events::of(&world, "/v1/events?type=verdict.voided").await;
    let before = Events::of(&world, "/v1/events?after=start&type=verdict.suspended").await.event().await;
    let declared = declare(&world, since).await;
    let mut told = Vec::new();
    for _ in 0..2 {
        let (id, event) = live.event().await;
        told.push((
            event["subject"].clone(),
            event["data"]["after"]["state"].as_object().unwrap().keys().next().unwrap().clone(),
        ));
        assert!(id.starts_with(&format!("{declared}.")), "{id}");
        assert_eq!((&event["id"], &event["data"]["by"]), (&json!(id), &json!("operator")), "{event}");
        assert_eq!(event["data"]["change"]["voided"]["since"], json!(since), "{event}");
    }
    assert_eq!(told, [(json!("jp:V-1"), "granted".to_owned()), (json!("jp:V-3"), "void".to_owned())]);
    assert!(live.is_silent().await, "nothing of the restricted one");
    let again = Events::of(&world, &format!("/v1/events?after={}", declared - 1)).await.take(2).await;
    assert!(again.iter().all(|(_, kind)| kind == "verdict.voided"), "{again:?}");
    // A reader that had the first of them gets the second, and nothing that was told before changed.
    let next = Events::of(&world, &format!("/v1/events?after={}", again[0].0)).await.event().await;
    assert_eq!(next.0, again[1].0);
    world.registry.feed.forget();
    assert_eq!(Events::of(&world, "/v1/events?after=start&type=verdict.suspended").await.event().await, before);
    // Erasing one of them leaves the other in its place.
    let index = world.registry.read_model.register().verdict(&"V-1".parse().unwrap()).unwrap().history[0].index;
    world.must(&world.operator(), "statement-erased", json!({"index": index, "reason": {"code": "court-order"}})).await;
    let left =
        Events::of(&world, &format!("/v1/events?after={}&type=verdict.voided", declared - 1)).await.event().await;
    assert_eq!(left.0, again[1].0);
}

#[tokio::test]
async fn status_lists_follow() {
    let world = World::furnished().await;
    let (honest, _, text) = documented(&world, &verdict("V-1")).await;
    let since = moment().await;
    let (stolen, _, _) = documented(&world, &verdict("V-1")).await;
    assert_eq!(status(&world, honest).await, (Status::Invalid, true, false));
    declare(&world, since).await;
    assert_eq!(status(&world, honest).await, (Status::Valid, false, false));
    assert_eq!(status(&world, stolen).await, (Status::Invalid, true, false));
    assert_eq!(fetch(&world, Some("operator"), "V-1").await.body, text, "the one that counts is handed out");
}

#[tokio::test]
async fn a_credential_that_is_void_is_handed_out_to_nobody() {
    let world = World::furnished().await;
    let since = moment().await;
    documented(&world, &verdict("V-1")).await;
    declare(&world, since).await;
    for who in [None, Some("operator"), Some("cb-1")] {
        assert_eq!(fetch(&world, who, "V-1").await.code(), "not-found", "{who:?}");
    }
}

#[tokio::test]
async fn bundles_say_void_for_the_time_of_the_thief() {
    let (world, since) = robbed().await;
    world.publish();
    world.published().await;
    let path = |id: &str| format!("/v1/verdicts/jp:{id}/proof");
    let before = ask(&world, None, &path("V-3")).await;
    assert_eq!(own(&proven(&world, &before, None)).state.as_str(), "granted");
    let between = moment().await;
    declare(&world, since).await;
    world.published().await;
    for at in [Some(between), None] {
        let void = proven(&world, &ask(&world, None, &path("V-3")).await, at);
        assert_eq!((own(&void).state.as_str(), own(&void).in_force), ("void", false), "{at:?}");
        let stands = proven(&world, &ask(&world, None, &path("V-1")).await, at);
        assert_eq!((own(&stands).state.as_str(), own(&stands).in_force), ("granted", true), "{at:?}");
    }
}

#[tokio::test]
async fn a_restart_comes_to_the_same_with_its_index_and_without() {
    let (world, since) = robbed().await;
    declare(&world, since).await;
    world.publish();
    world.published().await;
    for whole in [true, false] {
        let (_dir, again) = reopened(&world, |folder| {
            if !whole {
                std::fs::remove_dir_all(folder.index()).unwrap();
            }
        })
        .await;
        assert!(*again.read_model.register() == *world.registry.read_model.register(), "with the index: {whole}");
        let key = ledger::vrf::VrfKey::load(&again.folder.map_key()).unwrap();
        check_seals(&again.log, key).unwrap();
    }
}
