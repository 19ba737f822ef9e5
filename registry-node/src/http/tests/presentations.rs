//! Presenting a credential to the registry: bound to one occasion, and to no other.

use bytes::Bytes;
use credential::jwt::{self, Header};
use credential::sd_jwt::{Disclosed, REGISTRY, Unverified};
use ledger::digest::Digest;
use ledger::encoding::base64url_encode;
use ledger::key::{Algorithm, SigningKey};
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

/// A key binding that says all that it must, for a presentation that shows nothing, signed by whatever key.
fn signed_by(key: &SigningKey, world: &World, credential: &Disclosed, nonce: &str) -> String {
    let shown = credential.present(|_| false).as_str().to_owned();
    let hash = base64url_encode(Digest::of(shown.as_bytes()).as_bytes());
    let claims = json!({"aud": audience(world), "iat": now().as_second(), "nonce": nonce, "sd_hash": hash});
    let header = Header::unnamed(key.public_key(), "kb+jwt");
    shown + &jwt::sign(key, &header, claims.as_object().unwrap()).unwrap()
}

#[tokio::test]
async fn a_key_binding_by_another_key_is_refused_whoever_posts_it() {
    let world = World::furnished().await;
    let credential = bound(&world).await;
    let fresh = SigningKey::generate(Algorithm::P256).unwrap();
    let (buyer, body) = (world.person("buyer-1"), world.person("cb-1"));
    for (who, key) in [("maker", &fresh), ("maker", buyer.key()), ("buyer-1", buyer.key()), ("maker", body.key())] {
        let given = nonce(&world, who).await;
        let got = present(&world, who, signed_by(key, &world, &credential, &given)).await;
        assert_eq!((got.status, got.code().as_str()), (422, "not-bound"), "{who}: {got:?}");
        assert!(got.json()["detail"].as_str().unwrap().starts_with("the key binding: "), "{who}: {got:?}");
    }
    let given = nonce(&world, "maker").await;
    let own = signed_by(world.person("maker").key(), &world, &credential, &given);
    assert_eq!(present(&world, "maker", own).await.status, 200, "nothing but the key was wrong");
}

/// With another character at a place.
fn flipped(text: &str, place: usize) -> String {
    let other = if text.as_bytes()[place] == b'A' { "B" } else { "A" };
    format!("{}{other}{}", &text[..place], &text[place + 1..])
}

/// What becomes of a presentation that was made well.
type Spoiled = fn(&World, &Disclosed, &str, String) -> String;

/// A row for each refusal of a presentation that can be read and names a nonce of whoever sends it.
const REFUSED: [(&str, Spoiled, &str); 8] = [
    (
        "another audience",
        |world, one, nonce, _| made(world, one, "https://elsewhere.example", nonce, 0),
        "other-audience",
    ),
    ("signed too early", |world, one, nonce, _| made(world, one, &audience(world), nonce, -301), "not-bound"),
    ("signed in the future", |world, one, nonce, _| made(world, one, &audience(world), nonce, 120), "not-bound"),
    (
        "signed by another key",
        |world, one, nonce, _| signed_by(world.person("buyer-1").key(), world, one, nonce),
        "not-bound",
    ),
    ("an altered key binding", |_, _, _, good| flipped(&good, good.len() - 40), "not-bound"),
    (
        "a disclosure of something else",
        |_, _, _, good| good.replacen('~', &format!("~{}~", base64url_encode(br#"["c2FsdA","name",1]"#)), 1),
        "malformed-credential",
    ),
    (
        "other disclosures than were signed",
        |_, _, _, good| format!("{}~{}", good.split_once('~').unwrap().0, good.rsplit_once('~').unwrap().1),
        "not-bound",
    ),
    (
        "a credential that nobody issued",
        |_, _, _, good| flipped(&good, good.find('~').unwrap() - 40),
        "unknown-credential",
    ),
];

#[tokio::test]
async fn whatever_becomes_of_a_presentation_that_can_be_read_its_nonce_is_used_up() {
    let world = World::furnished().await;
    let credential = bound(&world).await;
    for (why, spoiled, code) in REFUSED {
        let given = nonce(&world, "maker").await;
        let good = made(&world, &credential, &audience(&world), &given, 0);
        let bad = spoiled(&world, &credential, &given, good.clone());
        assert_eq!(present(&world, "maker", bad).await.code(), code, "{why}");
        assert_eq!(present(&world, "maker", good).await.code(), "unknown-nonce", "{why}");
    }
}

#[tokio::test]
async fn a_nonce_is_used_up_by_its_party_alone_and_not_by_what_cannot_be_read() {
    let world = World::furnished().await;
    let credential = bound(&world).await;
    let given = nonce(&world, "maker").await;
    let good = made(&world, &credential, &audience(&world), &given, 0);
    assert_eq!(present(&world, "buyer-1", good.clone()).await.code(), "unknown-nonce", "another's nonce");
    let nobodys = made(&world, &credential, &audience(&world), "other-nonce", 0);
    assert_eq!(present(&world, "maker", nobodys).await.code(), "unknown-nonce", "a nonce of nobody");
    let unbound = format!("{}~", good.rsplit_once('~').unwrap().0);
    assert_eq!(present(&world, "maker", unbound).await.code(), "not-bound");
    assert_eq!(present(&world, "maker", "hello".to_owned()).await.code(), "malformed-credential");
    let other_type = world.talk(Some(&world.person("maker"))).await.post(PATH, "text/plain", good.clone()).await;
    assert_eq!(other_type.code(), "unsupported-media-type");
    let anonymous = world.talk(None).await.post(PATH, MEDIA_TYPE, good.clone()).await;
    assert_eq!(anonymous.code(), "certificate-required");
    assert_eq!(present(&world, "maker", good).await.status, 200);
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
