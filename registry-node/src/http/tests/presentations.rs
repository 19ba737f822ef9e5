//! Presenting a credential to the registry: bound to one occasion, and to no other.

use bytes::Bytes;
use credential::sd_jwt::{Disclosed, REGISTRY, Unverified};
use serde_json::{Value, json};

use super::credentials::{attestation, signed, slot, submit};
use super::fixture::{Got, World, change, now, verdict};

const MEDIA_TYPE: &str = "application/dc+sd-jwt";
const PATH: &str = "/v1/presentations";

/// A credential of `V-1` that is bound to the key of `maker`.
async fn bound(world: &World) -> Disclosed {
    let body = world.person("cb-1");
    let mut attestation = attestation(world, &verdict("V-1"), slot(world, &body).await);
    let key: Value = serde_json::from_str(&world.person("maker").key().public_key().to_jwk()).unwrap();
    std::sync::Arc::make_mut(&mut attestation.credential).holder = Some(serde_json::from_value(key).unwrap());
    let text = signed(&body, &attestation);
    let got = submit(world, &body, text.clone()).await;
    assert_eq!(got.status, 201, "{got:?}");
    Unverified::parse(&text, REGISTRY).unwrap().verify(body.key().public_key()).unwrap().disclose().unwrap()
}

async fn nonce(world: &World, who: &str) -> String {
    let person = world.person(who);
    let got = world.talk(Some(&person)).await.post("/v1/presentations/nonces", MEDIA_TYPE, Bytes::new()).await;
    assert_eq!(got.json()["audience"], audience(world), "{got:?}");
    got.json()["nonce"].as_str().unwrap().to_owned()
}

fn audience(world: &World) -> String {
    world.registry.config.http.public_url.clone()
}

async fn present(world: &World, who: &str, text: String) -> Got {
    world.talk(Some(&world.person(who))).await.post(PATH, MEDIA_TYPE, text).await
}

fn made(world: &World, credential: &Disclosed, audience: &str, nonce: &str, at: i64) -> String {
    let shown = credential.present(|place| place.as_str().ends_with("/findings/0"));
    shown.bind(world.person("maker").key(), audience, nonce, now().as_second() + at).unwrap()
}

#[tokio::test]
async fn a_presentation_is_taken_once() {
    let world = World::furnished().await;
    let credential = bound(&world).await;
    let nonce = nonce(&world, "maker").await;
    let text = made(&world, &credential, &audience(&world), &nonce, 0);
    let got = present(&world, "maker", text.clone()).await;
    assert_eq!(got.status, 200, "{got:?}");
    let shown = "/credentialSubject/conformityAssessment/0/findings";
    let answer = got.json();
    assert_eq!((&answer["verdict"], &answer["status"]), (&json!("jp:V-1"), &json!("valid")));
    assert!(answer["shown"].as_array().unwrap().contains(&json!(shown)), "{answer}");
    assert_eq!(answer["shown"].as_array().unwrap().len(), 2);
    assert_eq!(present(&world, "maker", text).await.code(), "unknown-nonce", "a replay");
}

#[tokio::test]
async fn what_is_not_for_this_occasion_is_refused() {
    let world = World::furnished().await;
    let credential = bound(&world).await;
    let here = audience(&world);
    let rows = [
        ("a nonce of nobody", "other-nonce", here.as_str(), 0, "unknown-nonce"),
        ("another audience", "", "https://elsewhere.example", 0, "other-audience"),
        ("signed too early", "", here.as_str(), -301, "not-bound"),
        ("signed in the future", "", here.as_str(), 120, "not-bound"),
    ];
    for (why, other, audience, at, code) in rows {
        let given = nonce(&world, "maker").await;
        let named = if other.is_empty() { &given } else { other };
        let text = made(&world, &credential, audience, named, at);
        assert_eq!(present(&world, "maker", text).await.code(), code, "{why}");
    }
    let given = nonce(&world, "maker").await;
    let text = made(&world, &credential, &here, &given, 0);
    assert_eq!(present(&world, "buyer-1", text.clone()).await.code(), "unknown-nonce", "another's nonce");
    let unbound = format!("{}~", text.rsplit_once('~').unwrap().0);
    assert_eq!(present(&world, "maker", unbound).await.code(), "not-bound");
    let (jwt, rest) = text.split_once('~').unwrap();
    let mut flipped = rest.to_owned().into_bytes();
    flipped[8] ^= 1;
    let flipped = format!("{jwt}~{}", String::from_utf8(flipped).unwrap());
    assert_eq!(present(&world, "maker", flipped).await.code(), "malformed-credential");
    let fewer = format!("{jwt}~{}", rest.rsplit_once('~').unwrap().1);
    assert_eq!(present(&world, "maker", fewer).await.code(), "not-bound", "other disclosures than were signed");
    assert_eq!(present(&world, "maker", "hello".to_owned()).await.code(), "malformed-credential");
    let anonymous = world.talk(None).await.post(PATH, MEDIA_TYPE, Bytes::new()).await;
    assert_eq!(anonymous.code(), "certificate-required");
}

#[tokio::test]
async fn what_does_not_count_any_more_is_refused() {
    let world = World::furnished().await;
    let credential = bound(&world).await;
    let body = world.person("cb-1");
    for (move_to, code) in
        [("suspended", "credential-not-valid"), ("restored", ""), ("withdrawn", "credential-not-valid")]
    {
        world.must(&body, "verdict-changed", change("V-1", json!(move_to))).await;
        let given = nonce(&world, "maker").await;
        let got = present(&world, "maker", made(&world, &credential, &audience(&world), &given, 0)).await;
        match code {
            "" => assert_eq!(got.status, 200, "{got:?}"),
            code => assert_eq!(got.code(), code, "{move_to}"),
        }
    }
    let granted = world.registry.read_model.register().verdicts_after(None).next().unwrap().history[0].index;
    let erased = json!({"index": granted, "reason": {"code": "court-order"}});
    world.must(&world.operator(), "statement-erased", erased).await;
    let given = nonce(&world, "maker").await;
    let text = made(&world, &credential, &audience(&world), &given, 0);
    assert_eq!(present(&world, "maker", text).await.code(), "unknown-credential");
}
