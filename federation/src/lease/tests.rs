#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use ledger::key::Algorithm;
use serde_json::Value;

use super::*;

/// A server as far as requests show one.
struct Server {
    key: SigningKey,
    name: String,
}

impl Server {
    fn new() -> Self {
        let key = SigningKey::generate(Algorithm::Ed25519).unwrap();
        let name = Nkey::of(Owner::Server, key.public_key()).unwrap().to_string();
        Self { key, name }
    }

    fn request(&self) -> Value {
        json!({
            "iss": self.name, "aud": AUDIENCE, "sub": "anybody", "iat": 1,
            "nats": {
                "server_id": { "id": self.name, "name": "jp" }, "user_nkey": user(),
                "client_tls": { "version": "1.3", "verified_chains": [["leaf", "ca"], ["another"]] },
            },
        })
    }

    fn sign(&self, claims: &Value) -> String {
        token(&self.key, r#"{"typ":"JWT","alg":"ed25519-nkey"}"#, claims)
    }
}

fn user() -> String {
    let key = SigningKey::generate(Algorithm::Ed25519).unwrap();
    Nkey::of(Owner::User, key.public_key()).unwrap().to_string()
}

fn token(key: &SigningKey, head: &str, claims: &Value) -> String {
    let signed = [head.as_bytes(), claims.to_string().as_bytes()].map(base64url_encode).join(".");
    let signature = key.sign(signed.as_bytes()).unwrap();
    format!("{signed}.{}", base64url_encode(&signature))
}

fn with(claims: &Value, path: &str, value: Value) -> Value {
    let mut claims = claims.clone();
    *claims.pointer_mut(path).unwrap() = value;
    claims
}

/// The claims of an answer that the issuer signed.
fn claims(token: &[u8], issuer: Nkey) -> Value {
    let text = std::str::from_utf8(token).unwrap();
    let (signed, signature) = text.rsplit_once('.').unwrap();
    let signature = base64url_decode(signature.as_bytes()).unwrap().try_into().unwrap();
    assert!(issuer.signed(signed.as_bytes(), &signature));
    let (_, claims) = signed.split_once('.').unwrap();
    serde_json::from_slice(&base64url_decode(claims.as_bytes()).unwrap()).unwrap()
}

#[test]
fn a_request_shows_the_first_certificate_of_the_first_chain() {
    let server = Server::new();
    let knock = Knock::read(server.sign(&server.request()).as_bytes(), &server.name).unwrap();
    assert_eq!((knock.certificate.as_str(), &knock.server), ("leaf", &server.name));
}

#[test]
fn whatever_our_server_did_not_ask_is_refused() {
    let (server, other) = (Server::new(), Server::new());
    let asked = server.request();
    let signed = |claims: &Value| server.sign(claims);
    let whole = signed(&asked);
    let (body, _) = whole.rsplit_once('.').unwrap();
    let malformed = |what| KnockError::Malformed(what);
    let none = malformed("it is no JWT");
    let something = malformed("it asks for something else");
    let rows = [
        (String::new(), none, "nothing"),
        ("a.b".to_owned(), none, "two parts"),
        (format!("{whole}.x"), none, "four parts"),
        ("!.!.!".to_owned(), malformed("it is no base64url"), "no base64url"),
        (body.to_owned() + "." + &base64url_encode(&[0; 64]), KnockError::Forged, "another signature"),
        (body.to_owned() + ".AA", KnockError::Forged, "a short signature"),
        (other.sign(&asked), KnockError::Forged, "another key under the server's name"),
        (other.sign(&other.request()), KnockError::Forged, "another server"),
        (token(&server.key, r#"{"alg":"none"}"#, &asked), KnockError::Forged, "another algorithm"),
        (token(&server.key, "[]", &asked), malformed("its header is no header"), "no header"),
        (signed(&json!({"iss": 1})), something, "other claims"),
        (signed(&with(&asked, "/aud", "user".into())), malformed("it is meant for something else"), "another purpose"),
        (
            signed(&with(&asked, "/nats/server_id/id", other.name.clone().into())),
            malformed("it names another server, or a key that is no user's"),
            "asked for another server",
        ),
        (
            signed(&with(&asked, "/nats/user_nkey", server.name.clone().into())),
            malformed("it names another server, or a key that is no user's"),
            "the key of a server as the user's",
        ),
        (signed(&with(&asked, "/nats/user_nkey", "U".into())), malformed("it names no user's key"), "no key"),
        (signed(&with(&asked, "/nats/client_tls", Value::Null)), KnockError::Nameless, "no TLS"),
        (signed(&with(&asked, "/nats/client_tls/verified_chains", json!([]))), KnockError::Nameless, "no chain"),
        (
            signed(&with(&asked, "/nats/client_tls/verified_chains", json!([[]]))),
            KnockError::Nameless,
            "an empty chain",
        ),
        ("x".repeat(LONGEST + 1), KnockError::TooLarge, "too large"),
    ];
    for (text, refusal, why) in rows {
        assert_eq!(Knock::read(text.as_bytes(), &server.name), Err(refusal), "{why}");
    }
}

#[test]
fn an_answer_is_for_one_connection_and_grants_no_more_than_the_lease() {
    let server = Server::new();
    let issuer = Issuer::new(SigningKey::generate(Algorithm::Ed25519).unwrap()).unwrap();
    let knock = Knock::read(server.sign(&server.request()).as_bytes(), &server.name).unwrap();
    let tenant: Tenant = format!("b.two/{}", "4f".repeat(16)).parse().unwrap();
    let (now, until) = (Timestamp::from_second(100).unwrap(), Timestamp::from_second(1000).unwrap());
    let lease = Lease { tenant: tenant.clone(), until, may: May::Hear(vec!["status.>".parse().unwrap()]) };
    let granted = claims(&issuer.grant(&knock, &lease, now).unwrap(), issuer.name());
    assert_eq!((&granted["sub"], &granted["aud"]), (&json!(knock.user), &json!(server.name)));
    assert_eq!(granted["nats"]["type"], "authorization_response");
    let user = claims(granted["nats"]["jwt"].as_str().unwrap().as_bytes(), issuer.name());
    let heads = [&user["sub"], &user["aud"], &user["name"], &user["exp"]].map(Value::to_string);
    let expected = [json!(knock.user), json!("BUYERS"), json!(tenant.to_string()), json!(1000)];
    assert_eq!(heads, expected.map(|value| value.to_string()));
    assert_eq!(user["nats"]["pub"], json!({"deny": [">"]}), "a buyer says nothing");
    assert_eq!(user["nats"]["sub"], json!({"allow": ["_INBOX.b=2Etwo.>", "status.>", "status.> b=2Etwo.>"]}));
    let refused = claims(&issuer.refuse(&knock, "not a buyer", now).unwrap(), issuer.name());
    assert_eq!((&refused["nats"]["error"], refused["nats"].get("jwt")), (&json!("not a buyer"), None));
}

#[test]
fn who_pulls_reaches_its_own_cursors_and_no_listener() {
    let server = Server::new();
    let issuer = Issuer::new(SigningKey::generate(Algorithm::Ed25519).unwrap()).unwrap();
    let knock = Knock::read(server.sign(&server.request()).as_bytes(), &server.name).unwrap();
    let tenant: Tenant = format!("acme/{}", "4f".repeat(16)).parse().unwrap();
    let rows = [
        (vec!["c1".to_owned()], json!({"allow": ["$JS.API.CONSUMER.MSG.NEXT.EVENTS.c1", "$JS.ACK.EVENTS.c1.>"]})),
        (Vec::new(), json!({"deny": [">"]})),
    ];
    for (cursors, publishes) in rows {
        let lease = Lease { tenant: tenant.clone(), until: Timestamp::MAX, may: May::Pull(cursors) };
        let granted = claims(&issuer.grant(&knock, &lease, Timestamp::UNIX_EPOCH).unwrap(), issuer.name());
        let user = claims(granted["nats"]["jwt"].as_str().unwrap().as_bytes(), issuer.name());
        assert_eq!((&user["aud"], &user["nats"]["pub"]), (&json!("CURSORS"), &publishes));
        assert_eq!(user["nats"]["sub"], json!({"allow": ["_INBOX.acme.>"]}));
    }
}

#[test]
fn only_ed25519_signs_leases() {
    assert!(Issuer::new(SigningKey::generate(Algorithm::P256).unwrap()).is_err());
}

#[test]
fn tenants_have_one_text() {
    let text = format!("acme/{}", "4f".repeat(16));
    assert_eq!(text.parse::<Tenant>().unwrap().to_string(), text);
    for other in ["", "acme", "acme/", "/0f0f", "acme/xyz", "node.node.jp.registry.test"] {
        assert!(other.parse::<Tenant>().is_err(), "{other:?}");
    }
}
