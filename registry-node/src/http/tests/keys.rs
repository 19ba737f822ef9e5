//! DID documents and key sets: they say what the log says about keys, and of nobody whom the log keeps to itself.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use conformity::key::Jwk;
use conformity::party::Role;
use ledger::key::{Algorithm, SigningKey};
use serde_json::{Value, json};
use warp::http::Method;

use super::fixture::World;

fn public(key: &SigningKey) -> Jwk {
    serde_json::from_str(&key.public_key().to_jwk()).unwrap()
}

/// A key as both forms show it.
fn shown(jwk: &Jwk) -> Value {
    let mut shown = serde_json::to_value(jwk).unwrap();
    let kid = jwk.thumbprint().to_string();
    let more = json!({"kid": kid, "alg": jwk.algorithm(), "use": "sig"});
    shown.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    shown
}

#[tokio::test]
async fn the_registrys_document_names_the_node_and_what_is_offered() {
    let world = World::furnished().await;
    let genesis = &world.registry.genesis;
    let did = genesis.did_web.as_str();
    assert_eq!(did, "did:web:localhost%3A7443");
    let got = world.ask("/.well-known/did.json").await;
    assert_eq!((got.status, got.header("content-type")), (200, "application/did+json"));
    assert_eq!(got.header("cache-control"), "public, max-age=60");
    let node = genesis.node_key;
    let method = format!("{did}#{}", node.thumbprint());
    let service = |name: &str, kind: &str, path: &str| json!({"id": format!("{did}#{name}"), "type": kind, "serviceEndpoint": format!("https://localhost:7443{path}")});
    let expected = json!({
        "@context": ["https://www.w3.org/ns/did/v1", "https://w3id.org/security/jwk/v1"],
        "id": did,
        "verificationMethod": [
            {"id": method, "type": "JsonWebKey", "controller": did, "publicKeyJwk": shown(&node)},
        ],
        "assertionMethod": [method],
        "service": [
            service("api", "SecureTrustRegistry", "/openapi.json"),
            service("checkpoint", "TlogCheckpoint", "/checkpoint"),
            service("trust-registry", "TrustRegistry", ""),
        ],
    });
    assert_eq!(got.json(), expected);

    let keys = world.ask("/.well-known/jwks.json").await;
    assert_eq!((keys.status, keys.header("content-type")), (200, "application/jwk-set+json"));
    assert_eq!(keys.json(), json!({"keys": [shown(&node)]}));
    let log_key = STANDARD.decode(genesis.log_key.as_str().splitn(3, '+').nth(2).unwrap()).unwrap();
    let log_key = URL_SAFE_NO_PAD.encode(&log_key[1..]);
    let map_key = serde_json::to_value(genesis.map_key).unwrap();
    for answer in [&got, &keys] {
        let text = std::str::from_utf8(&answer.body).unwrap();
        assert!(!text.contains(&log_key), "the log key signs checkpoints only");
        assert!(!text.contains(map_key["x"].as_str().unwrap()), "the map key signs nothing");
    }
}

#[tokio::test]
async fn a_bodys_keys_come_and_go_and_their_history_stays() {
    let world = World::furnished().await;
    let operator = world.operator();
    let did = "did:web:localhost%3A7443:parties:cb-1";
    let first = world.ask("/parties/cb-1/did.json").await.json();
    let old: Jwk = {
        let mut jwk = first["verificationMethod"][0]["publicKeyJwk"].clone();
        for member in ["kid", "alg", "use"] {
            jwk.as_object_mut().unwrap().remove(member).unwrap();
        }
        serde_json::from_value(jwk).unwrap()
    };
    let id = |jwk: &Jwk| json!(format!("{did}#{}", jwk.thumbprint()));
    assert_eq!((&first["id"], &first["assertionMethod"]), (&json!(did), &json!([id(&old)])));
    let statement = world.sign(&world.person("cb-1"), "verdict-granted", json!({}));
    let header = statement.split(|byte| *byte == b'.').next().unwrap();
    let header: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(header).unwrap()).unwrap();
    assert_eq!(first["verificationMethod"][0]["publicKeyJwk"]["kid"], header["kid"], "as its statements name it");
    assert_eq!(first.get("service"), None, "what is offered, the registry offers");

    let new = public(&SigningKey::generate(Algorithm::P256).unwrap());
    world.must(&operator, "key-added", json!({"party": "cb-1", "key": new})).await;
    let both = world.ask("/parties/cb-1/did.json").await.json();
    assert_eq!(both["assertionMethod"], json!([id(&old), id(&new)]));
    assert_eq!(both["verificationMethod"][1]["publicKeyJwk"], shown(&new));
    let keys = world.ask("/parties/cb-1/jwks.json").await.json();
    assert_eq!(keys, json!({"keys": [shown(&old), shown(&new)]}));

    world.must(&operator, "key-revoked", json!({"party": "cb-1", "kid": old.thumbprint()})).await;
    let after = world.ask("/parties/cb-1/did.json").await.json();
    let register = world.ask("/v1/parties").await.json();
    let party = register["parties"].as_array().unwrap().iter().find(|party| party["id"] == "cb-1").unwrap().clone();
    let methods = after["verificationMethod"].as_array().unwrap();
    assert_eq!(methods.iter().map(|method| method["id"].clone()).collect::<Vec<_>>(), [id(&old), id(&new)]);
    assert_eq!(methods[0]["revoked"], party["keys"][0]["revoked"]["moment"]["at"]);
    assert!(methods[0]["revoked"].is_string() && methods[1].get("revoked").is_none(), "{after}");
    assert_eq!(after["assertionMethod"], json!([id(&new)]));
    assert_eq!(world.ask("/parties/cb-1/jwks.json").await.json(), json!({"keys": [shown(&new)]}));

    world.must(&operator, "key-revoked", json!({"party": "cb-1", "kid": new.thumbprint()})).await;
    let none = world.ask("/parties/cb-1/did.json").await.json();
    assert_eq!(none.get("assertionMethod"), None, "a relationship without a method is left out");
    assert_eq!(none["verificationMethod"].as_array().unwrap().len(), 2);
    assert_eq!(world.ask("/parties/cb-1/jwks.json").await.json(), json!({"keys": []}));
}

#[tokio::test]
async fn a_new_key_of_the_node_is_the_registrys() {
    let world = World::furnished().await;
    let new = public(&SigningKey::generate(Algorithm::Ed25519).unwrap());
    world.must(&world.operator(), "key-added", json!({"party": "node", "key": new})).await;
    let keys = world.ask("/.well-known/jwks.json").await.json();
    assert_eq!(keys, json!({"keys": [shown(&world.registry.genesis.node_key), shown(&new)]}));
}

#[tokio::test]
async fn the_name_in_a_document_leads_to_it() {
    let world = World::furnished().await;
    for (id, status) in [("meti", 200), ("jab", 200), ("cb-1", 200), ("audit", 200), ("operator", 200), ("node", 404)] {
        let got = world.ask(&format!("/parties/{id}/did.json")).await;
        assert_eq!(got.status, status, "{id}");
        if status == 200 {
            assert_eq!(got.json()["id"], format!("did:web:localhost%3A7443:parties:{id}"));
        }
    }
    let mut talk = world.talk(None).await;
    let head = talk.send(Method::HEAD, "/parties/cb-1/jwks.json", &[], bytes::Bytes::new()).await;
    assert_eq!((head.status, head.header("content-type")), (200, "application/jwk-set+json"));
    for (path, status, code) in [
        ("/parties/CB-1/did.json", 400, "bad-parameter"),
        ("/parties/cb%2F1/did.json", 400, "bad-parameter"),
        ("/parties/cb-1/did.json?x=1", 400, "unknown-parameter"),
        ("/parties//did.json", 404, "not-found"),
        ("/parties/cb-1/", 404, "not-found"),
        ("/.well-known/", 404, "not-found"),
    ] {
        let got = talk.ask(path).await;
        assert_eq!((got.status, got.code().as_str()), (status, code), "{path}");
    }
}

#[tokio::test]
async fn who_buys_or_supplies_looks_like_nobody() {
    let world = World::furnished().await;
    world.join(&world.operator(), "buyer-2", Role::Buyer, json!([])).await;
    for who in [None, Some("buyer-2"), Some("cb-1")] {
        let person = who.map(|who| world.person(who));
        let mut talk = world.talk(person.as_ref()).await;
        let none = talk.ask("/parties/nobody/did.json").await.without_date();
        assert_eq!(none.code(), "not-found");
        for path in ["buyer-1/did.json", "buyer-1/jwks.json", "maker/did.json", "maker/jwks.json", "nobody/jwks.json"] {
            assert_eq!(talk.ask(&format!("/parties/{path}")).await.without_date(), none, "{who:?} {path}");
        }
    }
}
