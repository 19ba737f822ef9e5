//! What a receiver may count on between requests: nothing starts again that nobody started, no secret is told, and each answer says how it is.

use std::io::Write;

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rsa::{KeyPair, KeySize};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde_json::{Value, json};
use warp::http::Method;

use super::fixture::{Person, World, change};
use super::receiver::Receiver;
use super::signals::{
    ADD, STATUS, STREAMS, VERIFICATION, VERIFY, ask, claims, create, issuer, jtis, poll, polled, post, pushing, subject,
};

async fn get(world: &World, person: &Person, path: &str) -> Value {
    let got = ask(world, person, Method::GET, path, &Value::Null).await;
    assert_eq!(got.status, 200, "{got:?}");
    got.json()
}

async fn set(world: &World, person: &Person, stream: &Value, status: &str) {
    let got = post(world, person, STATUS, json!({"stream_id": stream, "status": status})).await;
    assert_eq!((got.status, &got.json()["status"]), (200, &json!(status)));
}

#[tokio::test]
async fn a_stream_that_was_given_up_is_enabled_by_its_owner_and_by_nothing_else() {
    let world = pushing().await;
    let (buyer, cb, receiver) = (world.person("buyer-1"), world.person("cb-1"), Receiver::open(&world).await);
    // The event, that the stream is paused, and from then on what its owner has told again.
    receiver.answer([410]);
    receiver.answer([202; 9]);
    let way = json!({"method": "urn:ietf:rfc:8935", "endpoint_url": receiver.url()});
    let id = create(&world, &buyer, json!({"delivery": way})).await["stream_id"].clone();
    world.must(&cb, "verdict-changed", change("V-1", json!("suspended"))).await;
    receiver.wait(2).await;
    let status = format!("{STATUS}?stream_id={}", id.as_str().unwrap());
    let shown = format!("/v1/subscriptions/{}", id.as_str().unwrap());
    let more = json!({"stream_id": id, "subject": subject(&world, "duns:150483782")});
    assert_eq!(post(&world, &buyer, ADD, more).await.status, 200);
    let described = json!({"stream_id": id, "description": "ours"});
    assert_eq!(ask(&world, &buyer, Method::PATCH, STREAMS, &described).await.status, 200);
    assert_eq!(get(&world, &buyer, &status).await["status"], "paused", "neither mended anything");
    assert_eq!(get(&world, &buyer, &shown).await["state"], "parked");
    set(&world, &buyer, &id, "paused").await;
    assert_eq!(get(&world, &buyer, &shown).await["state"], "paused");
    assert_eq!(receiver.received().len(), 2);
    set(&world, &buyer, &id, "enabled").await;
    let again = receiver.wait(3).await.remove(2);
    assert!(claims(&world, std::str::from_utf8(&again.body).unwrap()).await["toe"].is_i64(), "the event");
    set(&world, &buyer, &id, "disabled").await;
    assert_eq!(get(&world, &buyer, &shown).await["state"], "disabled");
}

#[tokio::test]
async fn what_is_sent_to_authorize_is_never_shown_and_stays_with_its_endpoint() {
    let world = pushing().await;
    let (buyer, receiver) = (world.person("buyer-1"), Receiver::open(&world).await);
    receiver.answer([202; 9]);
    let way = |url: &str| json!({"method": "urn:ietf:rfc:8935", "endpoint_url": url});
    let mut secret = way(&receiver.url());
    secret["authorization_header"] = json!("Bearer x");
    let made = create(&world, &buyer, json!({"delivery": secret})).await;
    let id = made["stream_id"].as_str().unwrap();
    let read = get(&world, &buyer, &format!("{STREAMS}?stream_id={id}")).await;
    assert!(read == made && !made.to_string().contains("Bearer"), "{made}");
    let put = async |delivery: Value| {
        let asked = json!({"stream_id": id, "delivery": delivery});
        let got = ask(&world, &buyer, Method::PUT, STREAMS, &asked).await;
        assert_eq!(got.status, 200, "{got:?}");
    };
    let heard = async |nth: usize| {
        assert_eq!(post(&world, &buyer, VERIFY, json!({"stream_id": id})).await.status, 204);
        let one = receiver.wait(nth).await.remove(nth - 1);
        one.headers.get("authorization").map(|value| value.to_str().unwrap().to_owned())
    };
    // As it was read, which is how a receiver changes something.
    put(read["delivery"].clone()).await;
    assert_eq!(heard(1).await.as_deref(), Some("Bearer x"));
    let mut none = way(&receiver.url());
    none["authorization_header"] = Value::Null;
    put(none).await;
    assert_eq!(heard(2).await, None);
    put(secret).await;
    put(way("https://elsewhere.example/x")).await;
    put(way(&receiver.url())).await;
    assert_eq!(heard(3).await, None, "another endpoint never has it, nor does whoever comes back from there");
}

#[tokio::test]
async fn what_the_registry_sets_may_be_repeated_and_an_id_of_no_stream_is_not_found() {
    let world = polled().await;
    let buyer = world.person("buyer-1");
    let made = create(&world, &buyer, json!({"description": "ours"})).await;
    assert_eq!(made["min_verification_interval"], 5);
    assert_eq!(ask(&world, &buyer, Method::PUT, STREAMS, &made).await.json(), made, "read, and put as it is");
    let mut other = made.clone();
    other["min_verification_interval"] = json!(1);
    assert_eq!(ask(&world, &buyer, Method::PUT, STREAMS, &other).await.code(), "bad-body");
    for id in ["none", "no%20name", "..", "%E3%81%82"] {
        let one = format!("{STREAMS}?stream_id={id}");
        for (method, path) in [
            (Method::GET, one.clone()),
            (Method::DELETE, one),
            (Method::GET, format!("{STATUS}?stream_id={id}")),
            (Method::POST, format!("{STREAMS}/{id}/poll")),
        ] {
            let body = if method == Method::POST { Bytes::from_static(b"{}") } else { Bytes::new() };
            let headers = [("content-type", "application/json")];
            let got = world.talk(Some(&buyer)).await.send(method.clone(), &path, &headers, body).await;
            assert_eq!((got.status, got.code().as_str()), (404, "not-found"), "{method} {path}");
        }
    }
    for id in ["none", "no name", ""] {
        assert_eq!(post(&world, &buyer, VERIFY, json!({"stream_id": id})).await.code(), "not-found", "{id}");
    }
}

#[tokio::test]
async fn a_verification_says_which_occasion_it_is_of() {
    let world = polled().await;
    let buyer = world.person("buyer-1");
    let stream = create(&world, &buyer, json!({})).await;
    let wish = json!({"stream_id": stream["stream_id"], "state": "s"});
    assert_eq!(post(&world, &buyer, VERIFY, wish).await.status, 204);
    let told = poll(&world, &buyer, &stream, json!({"returnImmediately": true})).await;
    let heard = claims(&world, told["sets"][&jtis(&told)[0]].as_str().unwrap()).await;
    assert_eq!((&heard["txn"], &heard["iss"]), (&heard["jti"], &json!(issuer(&world))));
    assert_eq!(heard["events"], json!({VERIFICATION: {"state": "s"}}));
}

#[tokio::test]
async fn a_key_of_its_own_signs_tokens_by_rs256_and_nothing_else() {
    let made = KeyPair::generate(KeySize::Rsa2048).unwrap();
    let der: Pkcs8V1Der<'_> = made.as_der().unwrap();
    let mut file = tempfile::NamedTempFile::new().unwrap();
    write!(file, "-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n", STANDARD.encode(der.as_ref()))
        .unwrap();
    let on = format!("[signals]\nrsa_key = {:?}", file.path());
    let world = World::furnished_with(|config| *config = config.replace("[signals]", &on)).await;
    let buyer = world.person("buyer-1");
    let stream = create(&world, &buyer, json!({})).await;
    assert_eq!(post(&world, &buyer, VERIFY, json!({"stream_id": stream["stream_id"]})).await.status, 204);
    let told = poll(&world, &buyer, &stream, json!({"returnImmediately": true})).await;
    let token = told["sets"][&jtis(&told)[0]].as_str().unwrap();
    assert_eq!(claims(&world, token).await["events"], json!({VERIFICATION: {}}));
    let transmitter = world.ask("/.well-known/ssf-configuration").await.json();
    let keys = world.ask(transmitter["jwks_uri"].as_str().unwrap().strip_prefix(issuer(&world)).unwrap()).await;
    assert_eq!(
        (&keys.json()["keys"][0]["alg"], keys.header("content-type")),
        (&json!("RS256"), "application/jwk-set+json")
    );
    let registry = world.ask("/.well-known/jwks.json").await.json();
    assert!(registry["keys"].as_array().unwrap().iter().all(|key| key["kty"] != "RSA"), "{registry}");
}
