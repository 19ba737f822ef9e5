//! Subscriptions: what fits is told, in order, signed, and again until it is taken; nobody else learns of them.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use conformity::party::Role;
use serde_json::{Value, json};
use warp::http::Method;

use super::fixture::{Got, Person, World, change, verdict};
use super::receiver::{Received, Receiver};
use crate::buyer::delivery;
use crate::buyer::dispatch::{Dispatch, Key};
use crate::http::Answers;

const PATH: &str = "/v1/subscriptions/parts";

/// A registry that tells.
pub(super) async fn telling() -> World {
    let world = with_webhooks().await;
    tell(&world);
    world
}

/// A registry that may tell, and does not yet.
pub(super) async fn with_webhooks() -> World {
    World::furnished_with(|config| {
        let on = "ca_roots = \"ca/public/root.pem\"\nallow_private = [\"127.0.0.0/8\", \"::1/128\"]";
        *config = config.replace("allow_private = []", on).replace("retry_seconds = 5", "retry_seconds = 1");
    })
    .await
}

fn tell(world: &World) {
    let outbound = delivery::outbound(&world.registry).unwrap();
    assert!(outbound.is_some());
    let exposures = Answers::of(Arc::clone(&world.registry)).exposures();
    tokio::spawn(delivery::run(Arc::clone(&world.registry), outbound, exposures, world.shutdown.clone()));
}

async fn ask(world: &World, person: &Person, method: Method, path: &str, body: &Value) -> Got {
    let body = if body.is_null() { Bytes::new() } else { body.to_string().into() };
    let headers = [("content-type", "application/json")];
    world.talk(Some(person)).await.send(method, path, &headers, body).await
}

async fn put(world: &World, person: &Person, body: Value) -> Value {
    let got = ask(world, person, Method::PUT, PATH, &body).await;
    assert_eq!(got.status, 200, "{got:?}");
    got.json()
}

fn key() -> Key {
    Key { owner: "buyer-1".parse().unwrap(), name: "parts".parse().unwrap() }
}

fn ids(received: &[Received]) -> Vec<String> {
    received.iter().map(|one| one.json()["id"].as_str().unwrap().to_owned()).collect()
}

/// Waits until the subscription is so.
async fn until(world: &World, person: &Person, what: impl Fn(&Value) -> bool) -> Value {
    until_of(world, person, PATH, what).await
}

/// The same of the subscription there.
pub(super) async fn until_of(world: &World, person: &Person, path: &str, what: impl Fn(&Value) -> bool) -> Value {
    let looking = async {
        loop {
            let shown = ask(world, person, Method::GET, path, &Value::Null).await.json();
            if what(&shown) {
                return shown;
            }
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(120), looking).await.expect("it comes about")
}

#[tokio::test]
async fn what_fits_is_told_signed_with_index_and_checkpoint() {
    let world = telling().await;
    world.publish();
    world.published().await;
    let (buyer, cb, receiver) = (world.person("buyer-1"), world.person("cb-1"), Receiver::open(&world).await);
    let filter = json!({"suppliers": ["local:parts-list:42"], "types": ["verdict"]});
    let made = put(&world, &buyer, json!({"url": receiver.url(), "filter": filter})).await;
    let secret = made["secret"].as_str().unwrap();
    let mut other = verdict("V-3");
    other["supplier"] = json!({"id": "duns:150483782", "name": "Third", "country": "JP"});
    world.must(&cb, "verdict-granted", other).await;
    let first = world.must(&cb, "verdict-changed", change("V-1", json!("suspended"))).await;
    let second = world.must(&cb, "verdict-changed", change("V-1", json!("restored"))).await;
    let received = receiver.wait(2).await;
    assert_eq!(ids(&received), [first.to_string(), second.to_string()], "in order, and not what does not fit");
    let (one, event) = (&received[0], received[0].json());
    assert_eq!((one.path.as_str(), one.header("content-type")), ("/hook?for=us", "application/cloudevents+json"));
    assert_eq!(one.header("webhook-id"), format!("jp_{first}_0"));
    assert!(received.iter().all(|one| one.is_signed_with(secret)) && !one.is_signed_with("whsec_b25l"));
    assert_eq!((&event["registry"], &event["logindex"]), (&json!("jp"), &json!(first.to_string())));
    let note = STANDARD.decode(event["checkpoint"].as_str().unwrap()).unwrap();
    assert!(note.starts_with(b"jp.registry.example\n"));
    let shown = until(&world, &buyer, |shown| shown.get("behind").is_none()).await;
    assert_eq!((&shown["state"], shown.get("secret")), (&json!("active"), None), "a secret is shown once");
    let log = ask(&world, &buyer, Method::GET, &format!("{PATH}/deliveries"), &Value::Null).await.json();
    assert_eq!(
        (&log["deliveries"][0]["id"], &log["deliveries"][0]["taken"]),
        (&json!(format!("jp_{second}_0")), &json!(true))
    );
    let metrics = world.ask("/metrics").await;
    assert!(
        !String::from_utf8_lossy(&metrics.body).contains("deliver"),
        "anybody reads it, and would learn who watches"
    );
}

#[tokio::test]
async fn what_is_not_taken_comes_again_before_what_is_behind_it() {
    let world = telling().await;
    let (buyer, cb, receiver) = (world.person("buyer-1"), world.person("cb-1"), Receiver::open(&world).await);
    receiver.answer([500, 302, 200]);
    put(&world, &buyer, json!({"url": receiver.url(), "filter": {"types": ["verdict"]}})).await;
    let first = world.must(&cb, "verdict-changed", change("V-1", json!("suspended"))).await.to_string();
    let second = world.must(&cb, "verdict-changed", change("V-1", json!("restored"))).await.to_string();
    let failing = until(&world, &buyer, |shown| shown["state"] == "failing").await;
    assert!(failing["behind"].as_str().unwrap() == first && failing["failing"]["attempts"].as_u64().unwrap() >= 1);
    let received = receiver.wait(4).await;
    assert_eq!(ids(&received), [&first, &first, &first, &second].map(String::as_str));
    assert!(received.iter().all(|one| one.path == "/hook?for=us"), "nobody is sent elsewhere");
    assert_eq!(received[0].header("webhook-id"), received[2].header("webhook-id"), "the same id");
}

#[tokio::test]
async fn a_receiver_that_closes_after_each_answer_fails_in_nothing() {
    let world = telling().await;
    let (buyer, receiver) = (world.person("buyer-1"), Receiver::open(&world).await);
    receiver.close();
    put(&world, &buyer, json!({"url": receiver.url(), "after": "start"})).await;
    until(&world, &buyer, |shown| shown.get("behind").is_none()).await;
    let log = ask(&world, &buyer, Method::GET, &format!("{PATH}/deliveries"), &Value::Null).await.json();
    let deliveries = log["deliveries"].as_array().unwrap();
    assert!(deliveries.len() > 3 && deliveries.iter().all(|one| one["taken"] == true), "{log}");
    let received = receiver.received().len();
    assert_eq!((received, receiver.connections()), (deliveries.len().max(received), received), "one each");
}

#[tokio::test]
async fn who_is_gone_is_sent_nothing_until_it_is_asked_for() {
    let world = telling().await;
    let (buyer, cb, receiver) = (world.person("buyer-1"), world.person("cb-1"), Receiver::open(&world).await);
    receiver.answer([410]);
    put(&world, &buyer, json!({"url": receiver.url(), "filter": {"types": ["verdict"]}})).await;
    let first = world.must(&cb, "verdict-changed", change("V-1", json!("suspended"))).await.to_string();
    let parked = until(&world, &buyer, |shown| shown["state"] == "parked").await;
    assert!(parked["parked"]["why"].as_str().unwrap().contains("410") && parked["behind"] == json!(first));
    let second = world.must(&cb, "verdict-changed", change("V-1", json!("restored"))).await.to_string();
    let replay = format!("{PATH}/replay");
    for (wish, status) in [(json!({"after": "9999"}), 400), (json!({"afterwards": "1"}), 400), (json!({}), 200)] {
        assert_eq!(ask(&world, &buyer, Method::POST, &replay, &wish).await.status, status, "{wish}");
    }
    let (vault, size) = (Arc::clone(&world.registry.vault), world.registry.log.size());
    let reopened = Dispatch::open(vault, &world.registry.shelf, size, world.registry.now()).unwrap();
    assert!(reopened.seen(&key()).unwrap().lane.parked.is_none(), "kept before it was answered");
    let received = receiver.wait(3).await;
    assert_eq!(ids(&received), [&first, &first, &second].map(String::as_str), "nothing was lost meanwhile");
    let wish = json!({"after": (first.parse::<u64>().unwrap() - 1).to_string()});
    assert_eq!(ask(&world, &buyer, Method::POST, &replay, &wish).await.status, 200);
    let received = receiver.wait(5).await;
    assert_eq!(ids(&received[3..]), [&first, &second].map(String::as_str), "all of it again");
}

#[tokio::test]
async fn who_takes_nothing_for_days_is_parked() {
    let world = telling().await;
    let (buyer, cb, receiver) = (world.person("buyer-1"), world.person("cb-1"), Receiver::open(&world).await);
    receiver.answer([503; 64]);
    put(&world, &buyer, json!({"url": receiver.url(), "filter": {"types": ["verdict"]}})).await;
    world.must(&cb, "verdict-changed", change("V-1", json!("suspended"))).await;
    until(&world, &buyer, |shown| shown["state"] == "failing").await;
    world.clock.ahead(4);
    // The node looks at its clock once a minute at least, and whenever something is asked of it.
    ask(&world, &buyer, Method::POST, &format!("{PATH}/ping"), &Value::Null).await;
    let parked = until(&world, &buyer, |shown| shown["state"] == "parked").await;
    assert!(parked["parked"]["why"].as_str().unwrap().contains("503"), "{parked}");
}

#[tokio::test]
async fn a_ping_arrives_at_once_and_a_new_secret_signs_beside_the_old_one() {
    let world = telling().await;
    let (buyer, receiver) = (world.person("buyer-1"), Receiver::open(&world).await);
    let made = put(&world, &buyer, json!({"url": receiver.url()})).await;
    let ping = format!("{PATH}/ping");
    let told = ask(&world, &buyer, Method::POST, &ping, &Value::Null).await.json();
    let one = receiver.wait(1).await.remove(0);
    assert_eq!((one.header("webhook-id"), &one.json()["id"]), (told["delivery"].as_str().unwrap(), &told["delivery"]));
    assert_eq!(one.json()["type"], "org.secure-trust-registry.ping");
    let rotated = ask(&world, &buyer, Method::POST, &format!("{PATH}/secret"), &Value::Null).await.json();
    let (old, new) = (made["secret"].as_str().unwrap(), rotated["secret"].as_str().unwrap());
    assert_eq!((rotated["secrets"].as_array().unwrap().len(), old == new), (2, false));
    ask(&world, &buyer, Method::POST, &ping, &Value::Null).await;
    let two = receiver.wait(2).await.remove(1);
    assert!(two.is_signed_with(old) && two.is_signed_with(new), "for a while both");
    world.clock.ahead(2);
    ask(&world, &buyer, Method::POST, &ping, &Value::Null).await;
    let received = receiver.wait(3).await;
    let last = received.iter().rfind(|one| one.json()["type"] == "org.secure-trust-registry.ping").unwrap();
    assert!(last.is_signed_with(new) && !last.is_signed_with(old));
}

#[tokio::test]
async fn silence_is_broken_by_a_heartbeat() {
    let world = telling().await;
    let (buyer, receiver) = (world.person("buyer-1"), Receiver::open(&world).await);
    put(&world, &buyer, json!({"url": receiver.url(), "filter": {"types": ["bulletin"]}, "heartbeatSeconds": 60}))
        .await;
    world.clock.ahead(1);
    world.must(&world.person("cb-1"), "verdict-granted", verdict("V-9")).await;
    let event = receiver.wait(1).await.remove(0).json();
    assert_eq!(event["type"], "org.secure-trust-registry.heartbeat");
    assert!(event["data"]["size"].as_u64().unwrap() > 0);
}

#[tokio::test]
async fn a_subscription_follows_its_watchlist() {
    let world = telling().await;
    let (buyer, cb, receiver) = (world.person("buyer-1"), world.person("cb-1"), Receiver::open(&world).await);
    let body = json!({"url": receiver.url(), "filter": {"watchlist": "parts", "types": ["verdict"]}});
    assert_eq!(ask(&world, &buyer, Method::PUT, PATH, &body).await.code(), "bad-body", "there is no such list");
    let list = |suppliers: &[&str]| json!({"items": suppliers.iter().map(|one| json!({"identifiers": [one]})).collect::<Vec<_>>()});
    let watchlist = "/v1/watchlists/parts";
    ask(&world, &buyer, Method::PUT, watchlist, &list(&["duns:150483782"])).await;
    put(&world, &buyer, body).await;
    world.must(&cb, "verdict-changed", change("V-1", json!("suspended"))).await;
    ask(&world, &buyer, Method::PUT, watchlist, &list(&["local:parts-list:42"])).await;
    let restored = world.must(&cb, "verdict-changed", change("V-1", json!("restored"))).await.to_string();
    let received = receiver.wait(1).await;
    assert_eq!(ids(&received), [restored], "{received:?}");
}

#[tokio::test]
async fn nothing_is_sent_into_the_operators_networks() {
    let world = World::furnished_with(|config| {
        *config = config.replace("allow_private = []", "ca_roots = \"ca/public/root.pem\"\nallow_private = []");
    })
    .await;
    tell(&world);
    let (buyer, cb, receiver) = (world.person("buyer-1"), world.person("cb-1"), Receiver::open(&world).await);
    put(&world, &buyer, json!({"url": receiver.url(), "filter": {"types": ["verdict"]}})).await;
    world.must(&cb, "verdict-changed", change("V-1", json!("suspended"))).await;
    let failing = until(&world, &buyer, |shown| shown["state"] == "failing").await;
    assert!(failing["failing"]["why"].as_str().unwrap().contains("private network"), "{failing}");
    assert!(receiver.received().is_empty());
}

#[tokio::test]
async fn a_restart_goes_on_where_telling_was() {
    let world = telling().await;
    let (buyer, cb, receiver) = (world.person("buyer-1"), world.person("cb-1"), Receiver::open(&world).await);
    receiver.answer([503; 4]);
    put(&world, &buyer, json!({"url": receiver.url(), "filter": {"types": ["verdict"]}})).await;
    let first = world.must(&cb, "verdict-changed", change("V-1", json!("suspended"))).await.to_string();
    until(&world, &buyer, |shown| shown["state"] == "failing").await;
    let kept = async {
        while world.registry.dispatch.has_changed() {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(120), kept).await.unwrap();
    let (vault, shelf, size) = (Arc::clone(&world.registry.vault), &world.registry.shelf, world.registry.log.size());
    let reopened = Dispatch::open(vault, shelf, size, world.registry.now()).unwrap();
    let lane = reopened.seen(&key()).unwrap().lane;
    assert_eq!(lane.behind.map(|spot| spot.index.to_string()), Some(first));
    assert!(lane.trouble.is_some() && !lane.deliveries.is_empty());
}

#[tokio::test]
async fn nobody_else_learns_of_it_and_bounds_hold() {
    let world = telling().await;
    let (buyer, receiver) = (world.person("buyer-1"), Receiver::open(&world).await);
    world.join(&world.operator(), "buyer-2", Role::Buyer, json!([])).await;
    let paths = [PATH, "/v1/subscriptions", "/v1/subscriptions/parts/deliveries"];
    let others = [world.person("buyer-2"), world.operator(), world.person("maker")];
    let look = async || {
        let mut seen = Vec::new();
        for other in &others {
            for path in paths {
                seen.push(ask(&world, other, Method::GET, path, &Value::Null).await.without_date());
            }
            for (method, path) in [(Method::POST, "/v1/subscriptions/parts/ping"), (Method::DELETE, PATH)] {
                seen.push(ask(&world, other, method, path, &Value::Null).await.without_date());
            }
        }
        seen
    };
    let before = look().await;
    put(&world, &buyer, json!({"url": receiver.url()})).await;
    assert_eq!(look().await, before, "to the byte");
    let metrics = world.ask("/metrics").await;
    assert!(!String::from_utf8_lossy(&metrics.body).contains("localhost"));
    for path in paths {
        assert_eq!(world.ask(path).await.code(), "certificate-required", "{path}");
    }
    for number in 1..16 {
        let path = format!("/v1/subscriptions/n{number}");
        assert_eq!(ask(&world, &buyer, Method::PUT, &path, &json!({"url": receiver.url()})).await.status, 200);
    }
    let more = ask(&world, &buyer, Method::PUT, "/v1/subscriptions/more", &json!({"url": receiver.url()})).await;
    assert_eq!(more.code(), "kept-full");
    assert_eq!(ask(&world, &buyer, Method::DELETE, PATH, &Value::Null).await.status, 204);
    assert_eq!(ask(&world, &buyer, Method::GET, PATH, &Value::Null).await.status, 404);
    let off = World::furnished().await;
    let (ping, replay) = (format!("{PATH}/ping"), format!("{PATH}/replay"));
    let asked = [
        (Method::PUT, PATH, json!({"url": receiver.url()})),
        (Method::POST, &*ping, Value::Null),
        (Method::POST, &*replay, json!({})),
    ];
    for (method, path, body) in asked {
        let refused = ask(&off, &off.person("buyer-1"), method, path, &body).await;
        assert_eq!((refused.status, refused.code().as_str()), (501, "webhooks-off"), "{path}");
    }
}
