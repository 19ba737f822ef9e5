//! Key binding: what the holder signs is accepted, and a row per expectation that it can miss.

use credential::sd_jwt::{BindError, Expected};
use ledger::compact;
use ledger::key::{Algorithm, SigningKey};
use serde_json::{Value, json};

use crate::forge::{Forge, digest, disclosure, join};

const EXPECTED: Expected<'static> = Expected { audience: "https://buyer.example", nonce: "n-1", issued: 990..=1010 };

fn bound_to(holder: &SigningKey) -> Value {
    serde_json::from_str(&holder.public_key().to_jwk()).unwrap()
}

/// A credential with two concealed members, bound to `holder`.
fn credential(forge: &Forge, holder: &SigningKey) -> (String, [String; 2]) {
    let members = ["a", "b"].map(|name| disclosure(&json!(["salt", name, 1])));
    let payload = json!({"_sd": members.each_ref().map(|one| digest(one)), "cnf": {"jwk": bound_to(holder)}});
    (forge.jwt(&forge.header(), &payload.to_string()), members)
}

#[test]
fn what_the_holder_signs_is_bound() {
    for algorithm in [Algorithm::Ed25519, Algorithm::P256] {
        let (forge, holder) = (Forge::new(), SigningKey::generate(algorithm).unwrap());
        let (jwt, [a, b]) = credential(&forge, &holder);
        let issued = forge.read(&join(&jwt, &[&a, &b])).unwrap();
        assert_eq!(
            issued.verify_key_binding(&EXPECTED).unwrap_err().to_string().split(';').next(),
            Some("the presentation has no key binding JWT")
        );
        let text =
            issued.present(|pointer| pointer.as_str() == "/a").bind(&holder, EXPECTED.audience, "n-1", 1000).unwrap();
        let shown = forge.read(&text).unwrap();
        assert!(shown.payload().contains_key("a") && !shown.payload().contains_key("b"));
        let bound = shown.verify_key_binding(&EXPECTED).unwrap();
        assert_eq!((bound.issued, &bound.holder), (1000, holder.public_key()));
    }
}

#[test]
fn each_expectation_can_be_missed() {
    let (forge, holder) = (Forge::new(), SigningKey::generate(Algorithm::Ed25519).unwrap());
    let other = SigningKey::generate(Algorithm::Ed25519).unwrap();
    let (jwt, [a, b]) = credential(&forge, &holder);
    let text = join(&jwt, &[&a]);
    let good = json!({"aud": EXPECTED.audience, "iat": 1000, "nonce": "n-1", "sd_hash": digest(&text)});
    let header = r#"{"alg":"EdDSA","typ":"kb+jwt"}"#;
    let signed = |key: &SigningKey, claims: &Value| {
        compact::sign(key, header.as_bytes(), claims.to_string().as_bytes()).unwrap()
    };
    let with = |name: &str, value: Value| {
        let mut claims = good.clone();
        claims[name] = value;
        signed(&holder, &claims)
    };
    let without = |name: &str| {
        let mut claims = good.clone();
        claims.as_object_mut().unwrap().remove(name);
        signed(&holder, &claims)
    };
    let check = |text: &str, binding: &str| {
        let disclosed = forge.read(&format!("{text}{binding}")).unwrap();
        disclosed.verify_key_binding(&EXPECTED).map_err(|error| format!("{error:?}"))
    };
    assert!(check(&text, &signed(&holder, &good)).is_ok());
    let rows = [
        ("none", String::new(), "Missing"),
        ("another key", signed(&other, &good), "Signature"),
        ("another audience", with("aud", json!("https://other.example")), "Audience"),
        ("audiences", with("aud", json!([EXPECTED.audience])), "Claims"),
        ("another nonce", with("nonce", json!("n-2")), "Nonce"),
        ("too early", with("iat", json!(989)), "Time(989)"),
        ("too late", with("iat", json!(1011)), "Time(1011)"),
        ("no whole second", with("iat", json!(1000.5)), "Claims"),
        ("another hash", with("sd_hash", json!(digest("x"))), "Hash"),
        ("a fifth claim", with("exp", json!(2000)), "Claims"),
        ("no aud", without("aud"), "Claims"),
        ("no iat", without("iat"), "Claims"),
        ("no nonce", without("nonce"), "Claims"),
        ("no sd_hash", without("sd_hash"), "Claims"),
    ];
    for (rule, binding, error) in rows {
        let found = check(&text, &binding).expect_err(rule);
        assert!(found.starts_with(error), "{rule}: {found}");
    }
    let moved = check(&join(&jwt, &[&a, &b]), &signed(&holder, &good)).unwrap_err();
    assert_eq!(moved, "Hash", "a disclosure was added");
    assert_eq!(check(&join(&jwt, &[]), &signed(&holder, &good)).unwrap_err(), "Hash", "one was taken away");
}

#[test]
fn headers_of_any_other_shape_are_refused() {
    let (forge, holder) = (Forge::new(), SigningKey::generate(Algorithm::Ed25519).unwrap());
    let (jwt, _) = credential(&forge, &holder);
    for header in [
        r#"{"alg":"EdDSA","typ":"JWT"}"#,
        r#"{"alg":"EdDSA","typ":"dc+sd-jwt"}"#,
        r#"{"alg":"none","typ":"kb+jwt"}"#,
        r#"{"alg":"EdDSA","typ":"kb+jwt","kid":"a"}"#,
        r#"{"alg":"EdDSA","typ":"kb+jwt","x5c":["AAAA"]}"#,
        r#"{"alg":"EdDSA"}"#,
    ] {
        let binding = compact::sign(&holder, header.as_bytes(), b"{}").unwrap();
        let found = forge.read(&format!("{jwt}~{binding}")).expect_err(header);
        assert!(found.starts_with("Malformed::KeyBinding(Header("), "{header}: {found}");
    }
}

#[test]
fn only_the_named_holder_binds() {
    let (forge, holder) = (Forge::new(), SigningKey::generate(Algorithm::Ed25519).unwrap());
    let other = SigningKey::generate(Algorithm::Ed25519).unwrap();
    let bind = |payload: Value, nonce: &str, key: &SigningKey| {
        forge.read(&forge.token(&payload.to_string(), &[])).unwrap().present(|_| true).bind(key, "a", nonce, 0)
    };
    let named = json!({"cnf": {"jwk": bound_to(&holder)}});
    let mut described = named.clone();
    described["cnf"]["jwk"]["kid"] = json!("holder-1");
    assert!(bind(described, "n", &holder).is_ok(), "what only describes the key changes nothing");
    assert!(matches!(bind(named.clone(), "n", &other), Err(BindError::OtherKey)));
    assert!(matches!(bind(named, &"n".repeat(9_000), &holder), Err(BindError::TooLong)));
    let rsa = json!({"cnf": {"jwk": {"kty": "RSA", "n": "AQAB", "e": "AQAB"}}});
    for payload in [json!({}), json!({"cnf": {}}), json!({"cnf": {"jwk": "x"}}), rsa] {
        assert!(matches!(bind(payload.clone(), "n", &holder), Err(BindError::Holder(_))), "{payload}");
    }
}
