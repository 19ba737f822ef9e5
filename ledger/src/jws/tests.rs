//! Statements: what is made is read back, and a row per reason of refusal.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use super::*;
use crate::encoding::base64url_encode;
use proptest::prelude::*;

fn key(algorithm: Algorithm) -> SigningKey {
    SigningKey::generate(algorithm).unwrap()
}

fn compact(header: &str, payload: &[u8], key: &SigningKey) -> Bytes {
    let signed = format!("{}.{}", base64url_encode(header.as_bytes()), base64url_encode(payload));
    let signature = key.sign(signed.as_bytes()).unwrap();
    Bytes::from(format!("{signed}.{}", base64url_encode(&signature)))
}

#[test]
fn what_is_signed_verifies() {
    for algorithm in [Algorithm::Ed25519, Algorithm::P256] {
        let key = key(algorithm);
        let signed = sign(&key, br#"{"iss":"a"}"#).unwrap();
        let parsed = Unverified::parse(signed.compact().clone()).unwrap();
        assert_eq!((parsed.kid(), parsed.algorithm()), (key.public_key().thumbprint(), algorithm));
        assert_eq!(parsed.unverified_payload().as_ref(), br#"{"iss":"a"}"#);
        let verified = parsed.verify(key.public_key()).unwrap();
        assert_eq!(verified, signed);
        assert_eq!(verified.digest(), Digest::of(signed.compact()));
        assert_eq!(verified.payload().as_ref(), br#"{"iss":"a"}"#);
        assert_eq!((verified.kid(), verified.algorithm()), (key.public_key().thumbprint(), algorithm));
    }
}

#[test]
fn headers_of_any_other_shape_are_refused() {
    let key = key(Algorithm::Ed25519);
    let kid = key.public_key().thumbprint();
    let good = format!(r#"{{"alg":"EdDSA","kid":"{kid}","typ":"statement+jwt"}}"#);
    assert!(Unverified::parse(compact(&good, b"{}", &key)).is_ok());
    let reordered = format!(r#" {{"typ":"statement+jwt", "kid":"{kid}", "alg":"EdDSA"}}"#);
    assert!(Unverified::parse(compact(&reordered, b"{}", &key)).is_err(), "begins with a space");
    assert!(Unverified::parse(compact(reordered.trim(), b"{}", &key)).is_ok(), "order does not matter");
    let rows = [
        ("alg none", good.replace("EdDSA", "none")),
        ("alg HS256", good.replace("EdDSA", "HS256")),
        ("alg Ed25519", good.replace("EdDSA", "Ed25519")),
        ("alg in small letters", good.replace("EdDSA", "eddsa")),
        ("alg as an object", good.replace(r#""EdDSA""#, r#"{"EdDSA":null}"#)),
        ("no alg", good.replace(r#""alg":"EdDSA","#, "")),
        ("no kid", good.replace(&format!(r#""kid":"{kid}","#), "")),
        ("no typ", good.replace(r#","typ":"statement+jwt""#, "")),
        ("typ JWT", good.replace("statement+jwt", "JWT")),
        ("typ in capitals", good.replace("statement+jwt", "STATEMENT+JWT")),
        ("crit", good.replace('}', r#","crit":["b64"]}"#)),
        ("b64", good.replace('}', r#","b64":false}"#)),
        ("jwk", good.replace('}', r#","jwk":{}}"#)),
        ("x5c that is null", good.replace('}', r#","x5c":null}"#)),
        ("x5c that is a text", good.replace('}', r#","x5c":"MAA="}"#)),
        ("x5u", good.replace('}', r#","x5u":"https://evil.example"}"#)),
        ("cty", good.replace('}', r#","cty":"JWT"}"#)),
        ("alg twice", good.replace('{', r#"{"alg":"EdDSA","#)),
        ("kid twice", good.replace('}', &format!(r#","kid":"{kid}"}}"#))),
        ("kid too short", good.replace(&kid.to_string(), "AAAA")),
        ("kid with padding", good.replace(&kid.to_string(), &format!("{kid}="))),
        ("an array", format!(r#"["EdDSA","{kid}","statement+jwt"]"#)),
        ("a string", r#""EdDSA""#.into()),
        ("nothing", String::new()),
        ("trailing bytes", format!("{good}x")),
        ("too long", format!("{good}{}", " ".repeat(200))),
    ];
    for (reason, header) in rows {
        let refused = Unverified::parse(compact(&header, b"{}", &key));
        assert!(matches!(refused, Err(JwsError::Header(_))), "{reason}: {header}");
    }
}

#[test]
fn a_credential_may_carry_certificates_and_nothing_else_may() {
    let key = key(Algorithm::Ed25519);
    let kid = key.public_key().thumbprint();
    let parse = |typ: &str, x5c: &[String]| {
        let header = serde_json::json!({"alg": "EdDSA", "kid": kid.to_string(), "typ": typ, "x5c": x5c});
        Unverified::parse(compact(&header.to_string(), b"{}", &key))
    };
    let der = |bytes: usize| crate::encoding::base64_encode(&vec![48; bytes]);
    for x5c in [vec![der(1)], vec![der(MAX_CERTIFICATE)], vec![der(900); MAX_CERTIFICATES]] {
        let parsed = parse("dc+sd-jwt", &x5c).unwrap();
        assert_eq!(parsed.certificates().len(), x5c.len());
        assert_eq!(
            parsed.verify(key.public_key()).unwrap().certificates()[0].len(),
            (x5c[0].len() / 4 * 3) - x5c[0].matches('=').count()
        );
    }
    let rows = [
        ("x5c on another kind of statement", "statement+jwt", vec![der(9)], "x5c-misplaced"),
        ("an empty list on another kind", "statement+jwt", vec![], "x5c-misplaced"),
        ("an empty array", "dc+sd-jwt", vec![], "x5c-empty"),
        ("too many", "dc+sd-jwt", vec![der(9); MAX_CERTIFICATES + 1], "x5c-too-many"),
        ("too large", "dc+sd-jwt", vec![der(9), der(MAX_CERTIFICATE + 1)], "x5c-too-large"),
        ("malformed base64", "dc+sd-jwt", vec!["MA".to_owned()], "x5c-not-base64"),
        ("base64url", "dc+sd-jwt", vec!["-_-_".to_owned()], "x5c-not-base64"),
        ("nothing", "dc+sd-jwt", vec![String::new()], "x5c-not-base64"),
    ];
    for (why, typ, x5c, code) in rows {
        match parse(typ, &x5c) {
            Err(JwsError::Certificates(error)) => assert_eq!(error.code(), code, "{why}: {error}"),
            other => panic!("{why}: {other:?}"),
        }
    }
    let whole = parse("dc+sd-jwt", &vec![der(MAX_CERTIFICATE + 4096); MAX_CERTIFICATES]);
    assert!(matches!(whole, Err(JwsError::TooLong(_))), "a statement stays as long as it may be");
}

#[test]
fn bytes_of_any_other_shape_are_refused() {
    let key = key(Algorithm::Ed25519);
    let good = String::from_utf8(sign(&key, b"{}!").unwrap().compact().to_vec()).unwrap();
    let [header, payload, signature] = good.split('.').collect::<Vec<_>>().try_into().unwrap();
    let rows = [
        ("empty", String::new()),
        ("two parts", format!("{header}.{payload}")),
        ("four parts", format!("{good}.AAAA")),
        ("a dot at the end", format!("{good}.")),
        ("a newline at the end", format!("{good}\n")),
        ("a blank before", format!(" {good}")),
        ("padding in the payload", format!("{header}.{payload}=.{signature}")),
        ("other trailing bits in the payload", format!("{header}.e31.{signature}")),
        ("plain base64", format!("{header}.+/+/.{signature}")),
        ("no signature", format!("{header}.{payload}.")),
        ("a short signature", format!("{header}.{payload}.{}", &signature[..84])),
        ("a long signature", format!("{header}.{payload}.{signature}AA")),
        ("other trailing bits in the signature", format!("{header}.{payload}.{}B", &signature[..85])),
        ("JSON serialization", format!(r#"{{"payload":"{payload}"}}"#)),
    ];
    for (reason, text) in rows {
        let refused = Unverified::parse(Bytes::from(text));
        assert!(matches!(refused, Err(JwsError::Malformed(_))), "{reason}: {refused:?}");
    }
    let refused = Unverified::parse(Bytes::from(vec![0xff, b'.', 0xfe, b'.', 0x00]));
    assert!(matches!(refused, Err(JwsError::Malformed(_))));
}

#[test]
fn length_is_bounded_before_anything_is_read() {
    let key = key(Algorithm::P256);
    let fits = |len: usize| sign(&key, &vec![b' '; len]).map(|signed| signed.compact().len());
    let overhead = fits(0).unwrap();
    let most = (MAX_STATEMENT - overhead) / 4 * 3;
    assert!(fits(most).unwrap() <= MAX_STATEMENT);
    assert!(matches!(fits(most + 3), Err(SignError::TooLong(_))));
    let long = Bytes::from(vec![b'.'; MAX_STATEMENT + 1]);
    assert_eq!(Unverified::parse(long).unwrap_err(), JwsError::TooLong(MAX_STATEMENT + 1));
}

#[test]
fn only_the_named_key_verifies() {
    let (ed, ec, other) = (key(Algorithm::Ed25519), key(Algorithm::P256), key(Algorithm::Ed25519));
    let parse = |key: &SigningKey| Unverified::parse(sign(key, b"{}").unwrap().compact().clone()).unwrap();
    let refused = parse(&ed).verify(other.public_key());
    assert!(matches!(refused, Err(VerifyError::OtherKey { .. })));
    // A header that names the EC key but the other algorithm.
    let header = format!(r#"{{"alg":"EdDSA","kid":"{}","typ":"statement+jwt"}}"#, ec.public_key().thumbprint());
    let confused = Unverified::parse(compact(&header, b"{}", &ec)).unwrap().verify(ec.public_key());
    assert!(matches!(confused, Err(VerifyError::OtherAlgorithm { .. })));
    // Signed by another key than the one named.
    let header = format!(r#"{{"alg":"EdDSA","kid":"{}","typ":"statement+jwt"}}"#, ed.public_key().thumbprint());
    let forged = Unverified::parse(compact(&header, b"{}", &other)).unwrap().verify(ed.public_key());
    assert!(matches!(forged, Err(VerifyError::Signature(_))));
}

proptest! {
    #[test]
    fn no_altered_statement_verifies(at in any::<prop::sample::Index>(), byte in any::<u8>(), payload in "[ -~]{0,60}") {
        let key = key(Algorithm::Ed25519);
        let signed = sign(&key, payload.as_bytes()).unwrap();
        let mut altered = signed.compact().to_vec();
        let at = at.index(altered.len());
        prop_assume!(altered[at] != byte);
        altered[at] = byte;
        if let Ok(parsed) = Unverified::parse(Bytes::from(altered)) {
            prop_assert!(parsed.verify(key.public_key()).is_err());
        }
    }

    #[test]
    fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        prop_assert!(Unverified::parse(Bytes::from(bytes)).is_err());
    }
}
