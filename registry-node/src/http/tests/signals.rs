//! Streams of security events: managed, pushed and polled as the standards have it; the tokens are checked here by the key set alone.

use std::sync::Arc;
use std::time::Duration;

use aws_lc_rs::signature::{ED25519, RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents, UnparsedPublicKey};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use bytes::Bytes;
use conformity::party::Role;
use serde_json::{Value, json};
use warp::http::Method;

use super::fixture::{Got, Person, World, change, verdict};
use super::receiver::Receiver;
use crate::buyer::delivery;
use crate::buyer::dispatch::Dispatch;
use crate::http::Answers;

pub(super) const STREAMS: &str = "/v1/signals/streams";
pub(super) const STATUS: &str = "/v1/signals/status";
pub(super) const ADD: &str = "/v1/signals/subjects/add";
const REMOVE: &str = "/v1/signals/subjects/remove";
pub(super) const VERIFY: &str = "/v1/signals/verification";
const SUSPENDED: &str = "https://secure-trust-registry.example/events#verdict.suspended";
const RESTORED: &str = "https://secure-trust-registry.example/events#verdict.restored";
pub(super) const VERIFICATION: &str = "https://schemas.openid.net/secevent/ssf/event-type/verification";
const UPDATED: &str = "https://schemas.openid.net/secevent/ssf/event-type/stream-updated";
const SUPPLIER: &str = "local:parts-list:42";

/// A registry that pushes.
pub(super) async fn pushing() -> World {
    let world = World::furnished_with(|config| {
        let on = "ca_roots = \"ca/public/root.pem\"\nallow_private = [\"127.0.0.0/8\", \"::1/128\"]";
        *config = config.replace("allow_private = []", on).replace("retry_seconds = 5", "retry_seconds = 1");
    })
    .await;
    tell(&world);
    world
}

/// One that has no way out: it can be polled.
pub(super) async fn polled() -> World {
    let world = World::furnished().await;
    tell(&world);
    world
}

fn tell(world: &World) {
    let outbound = delivery::outbound(&world.registry).unwrap();
    let exposures = Answers::of(Arc::clone(&world.registry)).exposures();
    tokio::spawn(delivery::run(Arc::clone(&world.registry), outbound, exposures, world.shutdown.clone()));
}

pub(super) async fn ask(world: &World, person: &Person, method: Method, path: &str, body: &Value) -> Got {
    let body = if body.is_null() { Bytes::new() } else { body.to_string().into() };
    world.talk(Some(person)).await.send(method, path, &[("content-type", "application/json")], body).await
}

pub(super) async fn post(world: &World, person: &Person, path: &str, body: Value) -> Got {
    ask(world, person, Method::POST, path, &body).await
}

pub(super) fn issuer(world: &World) -> &str {
    &world.registry.config.http.public_url
}

pub(super) fn subject(world: &World, sub: &str) -> Value {
    json!({"format": "iss_sub", "iss": issuer(world), "sub": sub})
}

/// A stream about the usual supplier.
pub(super) async fn create(world: &World, person: &Person, body: Value) -> Value {
    let made = post(world, person, STREAMS, body).await;
    assert_eq!(made.status, 201, "{made:?}");
    let made = made.json();
    let about = json!({"stream_id": made["stream_id"], "subject": subject(world, SUPPLIER), "verified": true});
    let added = post(world, person, ADD, about).await;
    assert_eq!((added.status, added.body.len()), (200, 0), "{added:?}");
    made
}

pub(super) async fn poll(world: &World, person: &Person, stream: &Value, body: Value) -> Value {
    let path = stream["delivery"]["endpoint_url"].as_str().unwrap().strip_prefix(issuer(world)).unwrap();
    let got = post(world, person, path, body).await;
    assert_eq!(got.status, 200, "{got:?}");
    got.json()
}

/// The `jti`s of an answer, in order.
pub(super) fn jtis(answer: &Value) -> Vec<String> {
    answer["sets"].as_object().unwrap().keys().cloned().collect()
}

/// A key of the set that the transmitter names.
async fn key(world: &World, kid: &Value) -> Value {
    let keys = world.ask("/signals/jwks.json").await.json();
    keys["keys"].as_array().unwrap().iter().find(|key| key["kid"] == *kid).unwrap().clone()
}

/// The claims of a token, checked as a receiver does: by the key set, and what SSF 1.0 and RFC 8417 say must be there and must not.
pub(super) async fn claims(world: &World, token: &str) -> Value {
    let parts: Vec<&str> = token.split('.').collect();
    let [header, payload, signature] = parts[..] else { panic!("{token}") };
    let decode = |part: &str| URL_SAFE_NO_PAD.decode(part).unwrap();
    let header: Value = serde_json::from_slice(&decode(header)).unwrap();
    let key = key(world, &header["kid"]).await;
    assert_eq!((&header["typ"], &header["alg"]), (&json!("secevent+jwt"), &key["alg"]));
    let (part, signed) =
        (|name: &str| decode(key[name].as_str().unwrap()), token.rsplit_once('.').unwrap().0.as_bytes());
    if key["kty"] == "RSA" {
        let public = RsaPublicKeyComponents { n: part("n"), e: part("e") };
        public.verify(&RSA_PKCS1_2048_8192_SHA256, signed, &decode(signature)).unwrap();
    } else {
        UnparsedPublicKey::new(&ED25519, part("x")).verify(signed, &decode(signature)).unwrap();
    }
    let claims: Value = serde_json::from_slice(&decode(payload)).unwrap();
    assert_eq!((&claims["iss"], &claims["aud"]), (&json!(issuer(world)), &json!("buyer-1")));
    assert!(claims.get("exp").is_none() && claims.get("sub").is_none() && claims["iat"].is_i64(), "{claims}");
    assert_eq!(claims["events"].as_object().unwrap().len(), 1);
    claims
}

#[tokio::test]
async fn a_transmitter_says_what_it_does() {
    let world = polled().await;
    let told = world.ask("/.well-known/ssf-configuration").await.json();
    assert_eq!((&told["spec_version"], &told["issuer"]), (&json!("1_0"), &json!(issuer(&world))));
    assert_eq!(told["delivery_methods_supported"], json!(["urn:ietf:rfc:8936"]), "without a way out nothing is pushed");
    assert_eq!(told["default_subjects"], "NONE");
    for name in
        ["jwks_uri", "configuration_endpoint", "status_endpoint", "add_subject_endpoint", "verification_endpoint"]
    {
        assert!(told[name].as_str().unwrap().starts_with(issuer(&world)), "{name}");
    }
    let both = pushing().await.ask("/.well-known/ssf-configuration").await.json();
    assert_eq!(both["delivery_methods_supported"], json!(["urn:ietf:rfc:8935", "urn:ietf:rfc:8936"]));
}

#[tokio::test]
async fn what_fits_is_pushed_as_a_token_again_until_it_is_taken() {
    let world = pushing().await;
    world.publish();
    world.published().await;
    let (buyer, cb, receiver) = (world.person("buyer-1"), world.person("cb-1"), Receiver::open(&world).await);
    receiver.say(r#"{"err":"invalid_request","description":"not now"}"#);
    receiver.answer([503, 200, 400]);
    receiver.answer([202; 20]);
    let way =
        json!({"method": "urn:ietf:rfc:8935", "endpoint_url": receiver.url(), "authorization_header": "Bearer x"});
    let stream = create(&world, &buyer, json!({"delivery": way, "events_requested": [SUSPENDED, "urn:other"]})).await;
    let shown = json!({"method": way["method"], "endpoint_url": way["endpoint_url"]});
    assert_eq!(
        (&stream["delivery"], &stream["events_delivered"]),
        (&shown, &json!([SUSPENDED])),
        "the header is a secret"
    );
    let mut other = verdict("V-3");
    other["supplier"] = json!({"id": "duns:150483782", "name": "Third", "country": "JP"});
    world.must(&cb, "verdict-granted", other).await;
    let index = world.must(&cb, "verdict-changed", change("V-1", json!("suspended"))).await;
    world.must(&cb, "verdict-changed", change("V-1", json!("restored"))).await;
    let received = receiver.wait(4).await;
    let jti = format!("jp_{index}_0.{}", stream["stream_id"].as_str().unwrap());
    for one in &received {
        assert_eq!(one.header("content-type"), "application/secevent+jwt");
        assert_eq!((one.header("accept"), one.header("authorization")), ("application/json", "Bearer x"));
        let claims = claims(&world, std::str::from_utf8(&one.body).unwrap()).await;
        assert_eq!(
            (&claims["jti"], &claims["txn"]),
            (&json!(jti), &json!(format!("jp_{index}"))),
            "the same each time"
        );
        assert_eq!(claims["sub_id"], subject(&world, SUPPLIER), "by the identifier that was asked for");
        let event = &claims["events"][SUSPENDED];
        assert_eq!((&event["registry"], &event["logindex"]), (&json!("jp"), &json!(index.to_string())));
        assert_eq!(event["data"]["change"], json!({"changed": "suspended"}));
        assert!(STANDARD.decode(event["checkpoint"].as_str().unwrap()).unwrap().starts_with(b"jp.registry.example\n"));
    }
    let id = stream["stream_id"].as_str().unwrap();
    let log =
        ask(&world, &buyer, Method::GET, &format!("/v1/subscriptions/{id}/deliveries"), &Value::Null).await.json();
    let told: Vec<&str> =
        log["deliveries"].as_array().unwrap().iter().map(|one| one["told"].as_str().unwrap()).collect();
    assert!(told.contains(&"status 400: invalid_request: not now"), "{told:?}");
    assert!(told.contains(&"status 200, and a token is taken with 202"), "{told:?}");
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(receiver.received().len(), 4, "a type that was not asked for is not told");
}

#[tokio::test]
async fn a_verification_is_pushed_and_a_stream_that_is_given_up_is_said_to_be_paused() {
    let world = pushing().await;
    let (buyer, receiver) = (world.person("buyer-1"), Receiver::open(&world).await);
    receiver.answer([202, 410, 202, 202]);
    let way = json!({"method": "urn:ietf:rfc:8935", "endpoint_url": receiver.url()});
    let id = create(&world, &buyer, json!({"delivery": way})).await["stream_id"].clone();
    assert_eq!(post(&world, &buyer, VERIFY, json!({"stream_id": id, "state": "abc"})).await.status, 204);
    let first = receiver.wait(1).await.remove(0);
    let told = claims(&world, std::str::from_utf8(&first.body).unwrap()).await;
    assert_eq!(told["events"], json!({VERIFICATION: {"state": "abc"}}));
    assert_eq!(told["sub_id"], json!({"format": "opaque", "id": id}));
    assert_eq!(post(&world, &buyer, VERIFY, json!({"stream_id": id})).await.status, 204);
    let last = receiver.wait(3).await.remove(2);
    let told = claims(&world, std::str::from_utf8(&last.body).unwrap()).await;
    assert_eq!(told["events"][UPDATED]["status"], "paused");
    let path = format!("{STATUS}?stream_id={}", id.as_str().unwrap());
    let status = ask(&world, &buyer, Method::GET, &path, &Value::Null).await.json();
    assert_eq!((&status["status"], &status["reason"]), (&json!("paused"), &told["events"][UPDATED]["reason"]));
    let enabled = post(&world, &buyer, STATUS, json!({"stream_id": id, "status": "enabled"})).await.json();
    assert_eq!(enabled["status"], "enabled", "its owner has it go on");
}

#[tokio::test]
async fn what_is_polled_comes_again_until_it_is_acknowledged_in_whatever_order() {
    let world = polled().await;
    let (buyer, cb) = (world.person("buyer-1"), world.person("cb-1"));
    let stream = create(&world, &buyer, json!({"events_requested": [SUSPENDED, RESTORED]})).await;
    for state in ["suspended", "restored", "suspended"] {
        world.must(&cb, "verdict-changed", change("V-1", json!(state))).await;
    }
    // It may be that not all was looked at when it is asked.
    let first = poll(&world, &buyer, &stream, json!({"maxEvents": 1})).await;
    let all = async {
        loop {
            let answer = poll(&world, &buyer, &stream, json!({"returnImmediately": true})).await;
            if answer["sets"].as_object().unwrap().len() == 3 {
                return answer;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let all = tokio::time::timeout(Duration::from_secs(60), all).await.unwrap();
    let ids = jtis(&all);
    assert_eq!(jtis(&first), ids[..1], "the oldest first");
    let claimed = claims(&world, all["sets"][&ids[1]].as_str().unwrap()).await;
    let told = &claimed["events"][RESTORED]["data"]["change"];
    assert_eq!((&claimed["jti"], told), (&json!(ids[1]), &json!({"changed": "restored"})));
    let acked = json!({"ack": [ids[2], ids[1], "jp_999_0.elsewhere", "nothing"], "returnImmediately": true});
    let left = poll(&world, &buyer, &stream, acked).await;
    assert_eq!((jtis(&left), &left["moreAvailable"]), (vec![ids[0].clone()], &json!(false)), "the last two are had");
    let kept = world.registry.dispatch.keep();
    kept.unwrap();
    let (vault, shelf, size) = (Arc::clone(&world.registry.vault), &world.registry.shelf, world.registry.log.size());
    let reopened = Dispatch::open(vault, shelf, size, world.registry.now()).unwrap();
    let key = crate::buyer::dispatch::Key {
        owner: "buyer-1".parse().unwrap(),
        name: stream["stream_id"].as_str().unwrap().parse().unwrap(),
    };
    assert_eq!(reopened.seen(&key).unwrap().lane.handed.len(), 1, "a restart knows what is not acknowledged");
    let refused = json!({"setErrs": {&ids[0]: {"err": "invalid_key", "description": "no"}}, "maxEvents": 0});
    assert_eq!(jtis(&poll(&world, &buyer, &stream, refused).await).len(), 0);
    let path = format!("/v1/subscriptions/{}", key.name.as_str());
    let log = ask(&world, &buyer, Method::GET, &format!("{path}/deliveries"), &Value::Null).await.json();
    assert_eq!(
        (log["deadLetters"].as_array().unwrap().len(), &log["deliveries"][0]["told"]),
        (1, &json!("invalid_key: no"))
    );
    assert_eq!(post(&world, &buyer, &format!("{path}/replay"), json!({"deadLetters": true})).await.status, 200);
    let again = poll(&world, &buyer, &stream, json!({"returnImmediately": true})).await;
    assert_eq!(jtis(&again), ids[..1], "what was set aside is told again when its owner wants it");
}

#[tokio::test]
async fn a_poll_waits_and_hears_of_verifications() {
    let world = polled().await;
    let (buyer, cb) = (world.person("buyer-1"), world.person("cb-1"));
    let stream = create(&world, &buyer, json!({})).await;
    let empty = poll(&world, &buyer, &stream, json!({"returnImmediately": true})).await;
    assert_eq!(empty, json!({"sets": {}, "moreAvailable": false}));
    let coming = async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        world.must(&cb, "verdict-changed", change("V-1", json!("suspended"))).await
    };
    let (told, index) = tokio::join!(poll(&world, &buyer, &stream, json!({})), coming);
    let jti = jtis(&told).remove(0);
    assert!(jti.starts_with(&format!("jp_{index}_0.")), "{jti}");
    let id = &stream["stream_id"];
    assert_eq!(post(&world, &buyer, VERIFY, json!({"stream_id": id, "state": "s"})).await.status, 204);
    let told = poll(&world, &buyer, &stream, json!({"ack": [jti]})).await;
    let jti = jtis(&told).remove(0);
    let heard = claims(&world, told["sets"][&jti].as_str().unwrap()).await;
    assert_eq!((&heard["events"], &heard["jti"]), (&json!({VERIFICATION: {"state": "s"}}), &json!(jti)));
    let after = poll(&world, &buyer, &stream, json!({"ack": [jti], "returnImmediately": true})).await;
    assert_eq!(jtis(&after).len(), 0);
}

#[tokio::test]
async fn a_paused_stream_keeps_what_comes_and_a_disabled_one_does_not() {
    let world = polled().await;
    let (buyer, cb) = (world.person("buyer-1"), world.person("cb-1"));
    let stream = create(&world, &buyer, json!({"description": "ours"})).await;
    let id = &stream["stream_id"];
    let now = json!({"returnImmediately": true});
    let set = async |status: &str| {
        let got = post(&world, &buyer, STATUS, json!({"stream_id": id, "status": status, "reason": "why"})).await;
        assert_eq!((got.status, &got.json()["status"]), (200, &json!(status)));
    };
    let commit = async |state: &str| {
        let index = world.must(&cb, "verdict-changed", change("V-1", json!(state))).await;
        let looked = async {
            while world.registry.dispatch.mark() <= index {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(60), looked).await.unwrap();
    };
    set("paused").await;
    commit("suspended").await;
    let held = poll(&world, &buyer, &stream, now.clone()).await;
    assert_eq!(held, json!({"sets": {}, "moreAvailable": false}), "nobody is told to ask on");
    assert_eq!(post(&world, &buyer, VERIFY, json!({"stream_id": id})).await.code(), "bad-body");
    set("enabled").await;
    assert_eq!(jtis(&poll(&world, &buyer, &stream, now.clone()).await).len(), 1, "it was held");
    set("disabled").await;
    commit("restored").await;
    set("enabled").await;
    assert_eq!(jtis(&poll(&world, &buyer, &stream, now.clone()).await).len(), 0, "neither it nor what waited");
    let about = json!({"stream_id": id, "subject": subject(&world, SUPPLIER)});
    assert_eq!(post(&world, &buyer, REMOVE, about).await.status, 204);
    commit("suspended").await;
    assert_eq!(jtis(&poll(&world, &buyer, &stream, now).await).len(), 0, "nobody is watched");
}

#[tokio::test]
async fn a_stream_is_changed_by_its_owner_alone() {
    let world = pushing().await;
    let (buyer, receiver) = (world.person("buyer-1"), Receiver::open(&world).await);
    world.join(&world.operator(), "buyer-2", Role::Buyer, json!([])).await;
    let stream = create(&world, &buyer, json!({"events_requested": [SUSPENDED]})).await;
    let id = stream["stream_id"].as_str().unwrap();
    let one = format!("{STREAMS}?stream_id={id}");
    assert_eq!(ask(&world, &buyer, Method::GET, &one, &Value::Null).await.json(), stream);
    assert_eq!(ask(&world, &buyer, Method::GET, STREAMS, &Value::Null).await.json(), json!([stream]));
    let patched = json!({"stream_id": id, "iss": issuer(&world), "description": "new"});
    let patched = ask(&world, &buyer, Method::PATCH, STREAMS, &patched).await.json();
    assert_eq!((&patched["description"], &patched["events_requested"]), (&json!("new"), &stream["events_requested"]));
    let way = json!({"method": "urn:ietf:rfc:8935", "endpoint_url": receiver.url()});
    let replaced = ask(&world, &buyer, Method::PUT, STREAMS, &json!({"stream_id": id, "delivery": way})).await.json();
    assert_eq!(
        (&replaced["delivery"], replaced.get("description"), replaced.get("events_requested")),
        (&way, None, None)
    );
    let poll = format!("{STREAMS}/{id}/poll");
    for other in [world.person("buyer-2"), world.operator()] {
        for (method, path, body) in [
            (Method::GET, one.as_str(), Value::Null),
            (Method::DELETE, one.as_str(), Value::Null),
            (Method::PATCH, STREAMS, json!({"stream_id": id})),
            (Method::PUT, STREAMS, json!({"stream_id": id})),
            (Method::POST, STATUS, json!({"stream_id": id, "status": "disabled"})),
            (Method::POST, ADD, json!({"stream_id": id, "subject": subject(&world, SUPPLIER)})),
            (Method::POST, REMOVE, json!({"stream_id": id, "subject": subject(&world, SUPPLIER)})),
            (Method::POST, VERIFY, json!({"stream_id": id})),
            (Method::POST, &poll, json!({})),
        ] {
            let got = ask(&world, &other, method.clone(), path, &body).await;
            assert_eq!((got.status, got.code().as_str()), (404, "not-found"), "{method} {path}");
        }
        assert_eq!(ask(&world, &other, Method::GET, STREAMS, &Value::Null).await.json(), json!([]));
    }
    assert_eq!(ask(&world, &buyer, Method::POST, &poll, &json!({})).await.status, 404, "what is pushed is not polled");
    let (webhook, hook) = (format!("/v1/subscriptions/{id}"), json!({"url": receiver.url()}));
    assert_eq!(ask(&world, &buyer, Method::PUT, &webhook, &hook).await.code(), "bad-body", "it stays a stream");
    assert_eq!(ask(&world, &buyer, Method::DELETE, &one, &Value::Null).await.status, 204);
    assert_eq!(ask(&world, &buyer, Method::GET, &one, &Value::Null).await.status, 404);
    assert_eq!(ask(&world, &buyer, Method::PUT, "/v1/subscriptions/parts", &hook).await.status, 200);
    let hook = format!("{STREAMS}?stream_id=parts");
    assert_eq!(ask(&world, &buyer, Method::GET, &hook, &Value::Null).await.status, 404, "a webhook is no stream");
}

#[tokio::test]
async fn what_does_not_fit_is_refused_and_bounds_hold() {
    let world = polled().await;
    let buyer = world.person("buyer-1");
    let stream = create(&world, &buyer, json!({})).await;
    let id = stream["stream_id"].as_str().unwrap();
    let poll = format!("{STREAMS}/{id}/poll");
    let long = "x".repeat(1_025);
    let names: Vec<String> = (0..513).map(|number| format!("jp_{number}_0.{id}")).collect();
    let rows = [
        (Method::POST, STREAMS, json!({"stream_id": id})),
        (Method::POST, STREAMS, json!({"format": "email"})),
        (Method::POST, STREAMS, json!({"delivery": {"method": "push"}})),
        (
            Method::POST,
            STREAMS,
            json!({"delivery": {"method": "urn:ietf:rfc:8936", "endpoint_url": "https://b.example"}}),
        ),
        (Method::POST, STREAMS, json!({"delivery": {"method": "urn:ietf:rfc:8936", "authorization_header": "x"}})),
        (Method::POST, STREAMS, json!({"description": long})),
        (Method::POST, STREAMS, json!({"events_requested": vec![SUSPENDED; 129]})),
        (Method::PATCH, STREAMS, json!({"description": "x"})),
        (Method::PATCH, STREAMS, json!({"stream_id": id, "aud": "buyer-2"})),
        (Method::PUT, STREAMS, json!({"stream_id": id, "events_delivered": []})),
        (Method::POST, STATUS, json!({"stream_id": id, "status": "gone"})),
        (Method::POST, ADD, json!({"stream_id": id, "subject": {"format": "email", "email": "a@b.example"}})),
        (Method::POST, ADD, json!({"stream_id": id, "subject": {"format": "iss_sub", "iss": "x", "sub": SUPPLIER}})),
        (Method::POST, VERIFY, json!({"stream_id": id, "state": long})),
        (Method::POST, &poll, json!({"maxEvents": -1})),
        (Method::POST, &poll, json!({"ack": names})),
        (Method::POST, &poll, json!({"more": 1})),
        (Method::POST, &poll, json!([])),
    ];
    for (method, path, body) in rows {
        let got = ask(&world, &buyer, method.clone(), path, &body).await;
        assert_eq!(got.code(), "bad-body", "{method} {path} {body}");
    }
    let way = json!({"delivery": {"method": "urn:ietf:rfc:8935", "endpoint_url": "https://b.example/x"}});
    assert_eq!(post(&world, &buyer, STREAMS, way).await.code(), "webhooks-off");
    assert_eq!(world.ask(STREAMS).await.code(), "certificate-required");
    for number in 0..4 {
        assert_eq!(post(&world, &buyer, VERIFY, json!({"stream_id": id})).await.status, 204, "{number}");
    }
    let full = post(&world, &buyer, VERIFY, json!({"stream_id": id})).await;
    assert_eq!((full.status, full.code().as_str(), full.header("retry-after")), (429, "busy", "5"), "as SSF 1.0 says");
}

#[tokio::test]
async fn verifications_count_among_what_is_asked_for_and_what_a_stream_does_not_name_any_more_is_not_told() {
    let world = polled().await;
    let (buyer, cb) = (world.person("buyer-1"), world.person("cb-1"));
    let stream = create(&world, &buyer, json!({})).await;
    let id = &stream["stream_id"];
    let take = async |most: usize, ack: &[String]| {
        let asked = json!({"maxEvents": most, "returnImmediately": true, "ack": ack});
        let answer = poll(&world, &buyer, &stream, asked).await;
        (jtis(&answer), answer["moreAvailable"] == true)
    };
    assert_eq!(take(0, &[]).await, (vec![], false));
    let mut index = 0;
    for state in ["suspended", "restored"] {
        index = world.must(&cb, "verdict-changed", change("V-1", json!(state))).await;
    }
    while world.registry.dispatch.mark() <= index {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(post(&world, &buyer, VERIFY, json!({"stream_id": id})).await.status, 204);
    assert_eq!(take(0, &[]).await, (vec![], true), "something waits");
    let (first, has_more) = take(1, &[]).await;
    assert!(first.len() == 1 && first[0].starts_with("verification_") && has_more, "{first:?}");
    let (both, has_more) = take(2, &[]).await;
    assert!(both.len() == 2 && has_more, "the verification and one event: {both:?}");
    let (events, has_more) = take(9, &first).await;
    assert!(events.len() == 2 && !has_more, "{events:?}");
    assert_eq!(take(0, &[]).await, (vec![], true), "what is not acknowledged waits");
    let about = json!({"stream_id": id, "subject": subject(&world, SUPPLIER)});
    assert_eq!(post(&world, &buyer, REMOVE, about).await.status, 204);
    assert_eq!(take(9, &[]).await, (vec![], false), "what was handed out is not told by another name");
}
