//! A row per rule that an SD-JWT can break.

use credential::jwt::MAX_CERTIFICATES;
use credential::sd_jwt::{
    Blame, MAX_DEPTH, MAX_DISCLOSED, MAX_DISCLOSURE, MAX_DISCLOSURES, MAX_JWT, MAX_POINTER, MAX_TEXT, REGISTRY,
    Unverified,
};
use ledger::encoding::base64url_encode;
use ledger::key::{Algorithm, SigningKey};
use serde_json::{Value, json};

use crate::forge::{Forge, digest, disclosure, join};

/// Each text is refused by the rule whose name begins its error.
fn refused(forge: &Forge, rows: Vec<(&str, String, &str)>) {
    for (rule, text, error) in rows {
        let found = forge.read(&text).expect_err(rule);
        assert!(found.starts_with(error), "{rule}: {found}");
    }
}

fn member(name: &str, value: Value) -> String {
    disclosure(&json!(["salt", name, value]))
}

fn element(value: Value) -> String {
    disclosure(&json!(["salt", value]))
}

/// An array in an array …, `depth` of them.
fn nested(depth: usize) -> Value {
    (1..depth).fold(json!([]), |inner, _| json!([inner]))
}

#[test]
fn what_is_no_sd_jwt_is_refused() {
    let forge = Forge::new();
    let jwt = forge.jwt(&forge.header(), "{}");
    assert!(forge.read(&format!("{jwt}~")).is_ok());
    let one = member("a", json!(1));
    let sd = forge.jwt(&forge.header(), &json!({"_sd": [digest(&one)]}).to_string());
    assert!(forge.read(&join(&sd, &[&one])).is_ok());
    let doubled = base64url_encode(br#"["salt","a",{"b":1,"b":2}]"#);
    let (many, large) = (vec!["AA"; MAX_DISCLOSURES + 1], "A".repeat(MAX_DISCLOSURE));
    let rows = vec![
        ("empty", String::new(), "Malformed::NotSdJwt"),
        ("no tilde", jwt.clone(), "Malformed::NotSdJwt"),
        ("too long", "~".repeat(MAX_TEXT + 1), "Malformed::TooLong"),
        ("long JWT", format!("{}~", "a".repeat(MAX_JWT + 1)), "Malformed::Jwt(TooLong"),
        ("two parts", "a.b~".into(), "Malformed::Jwt(Compact"),
        ("an empty disclosure", format!("{jwt}~~"), "Malformed::Disclosure { index: 0, source: NotStrict"),
        ("no tilde at the end", format!("{jwt}~{one}"), "Malformed::KeyBinding"),
        ("padding", join(&sd, &[&format!("{one}=")]), "Malformed::Disclosure { index: 0, source: NotBase64"),
        ("plain base64", join(&sd, &["+/+/"]), "Malformed::Disclosure { index: 0, source: NotBase64"),
        ("many disclosures", join(&jwt, &many), "Malformed::TooManyDisclosures"),
        ("a long one", join(&jwt, &[&format!("{large}A")]), "Malformed::Disclosure { index: 0, source: TooLong"),
        (
            "long ones",
            join(&jwt, &vec![large.as_str(); MAX_DISCLOSED / MAX_DISCLOSURE + 1]),
            "Malformed::TooMuchDisclosed",
        ),
        (
            "a member twice",
            join(&jwt, &[&doubled]),
            "Malformed::Disclosure { index: 0, source: NotStrict(DuplicateMember",
        ),
        (
            "a deep one",
            join(&jwt, &[&element(nested(MAX_DEPTH))]),
            "Malformed::Disclosure { index: 0, source: NotStrict(TooDeep",
        ),
        (
            "four parts",
            join(&jwt, &[&disclosure(&json!(["s", "a", 1, 2]))]),
            "Malformed::Disclosure { index: 0, source: Shape",
        ),
        ("one part", join(&jwt, &[&disclosure(&json!(["s"]))]), "Malformed::Disclosure { index: 0, source: Shape"),
        ("an object", join(&jwt, &[&disclosure(&json!({"s": 1}))]), "Malformed::Disclosure { index: 0, source: Shape"),
        (
            "salt no text",
            join(&jwt, &[&disclosure(&json!([1, "a", 1]))]),
            "Malformed::Disclosure { index: 0, source: Shape",
        ),
        (
            "name no text",
            join(&jwt, &[&disclosure(&json!(["s", 1, 1]))]),
            "Malformed::Disclosure { index: 0, source: Shape",
        ),
    ];
    refused(&forge, rows);
}

#[test]
fn headers_and_payloads_of_any_other_shape_are_refused() {
    let forge = Forge::new();
    let (good, kid) = (forge.header(), forge.key.public_key().thumbprint().to_string());
    let with = |extra: &str| good.replace('}', &format!(",{extra}}}"));
    let certificates = |count: usize| with(&format!(r#""x5c":{}"#, json!(vec!["AAAA"; count])));
    let read = |header: &str, payload: &str| forge.read(&join(&forge.jwt(header, payload), &[]));
    let disclosed = read(&certificates(MAX_CERTIFICATES), "{}").unwrap();
    assert_eq!(disclosed.certificates().len(), MAX_CERTIFICATES);
    assert_eq!(disclosed.certificates()[0].as_bytes(), [0; 3]);
    let headers = [
        ("alg none", good.replace("EdDSA", "none")),
        ("alg None", good.replace("EdDSA", "None")),
        ("alg HS256", good.replace("EdDSA", "HS256")),
        ("alg ES384", good.replace("EdDSA", "ES384")),
        ("alg empty", good.replace("EdDSA", "")),
        ("no alg", good.replace(r#""alg":"EdDSA","#, "")),
        ("no kid", good.replace(&format!(r#""kid":"{kid}","#), "")),
        ("kid no thumbprint", good.replace(&kid, "key-1")),
        ("no typ", good.replace(r#","typ":"dc+sd-jwt""#, "")),
        ("typ JWT", good.replace("dc+sd-jwt", "JWT")),
        ("typ of a statement", good.replace("dc+sd-jwt", "statement+jwt")),
        ("typ of a key binding", good.replace("dc+sd-jwt", "kb+jwt")),
        ("crit", with(r#""crit":["b64"]"#)),
        ("jwk", with(r#""jwk":{}"#)),
        ("jku", with(r#""jku":"https://a.example""#)),
        ("alg twice", with(r#""alg":"EdDSA""#)),
        ("kid null", good.replace(&format!(r#""{kid}""#), "null")),
        ("x5c null", with(r#""x5c":null"#)),
        ("x5c empty", certificates(0)),
        ("x5c too many", certificates(MAX_CERTIFICATES + 1)),
        ("x5c in base64url", with(r#""x5c":["_-_-"]"#)),
        ("x5c no list", with(r#""x5c":"AAAA""#)),
        ("an array", format!(r#"["EdDSA","{kid}","dc+sd-jwt"]"#)),
    ];
    for (rule, header) in headers {
        let found = read(&header, "{}").expect_err(rule);
        assert!(found.starts_with("Malformed::Jwt(Header("), "{rule}: {found}");
    }
    let payloads = [
        ("a member twice", r#"{"a":1,"a":2}"#.into(), "Malformed::Jwt(Payload(DuplicateMember"),
        ("_sd twice", r#"{"_sd":[],"_sd":[]}"#.into(), "Malformed::Jwt(Payload(DuplicateMember"),
        ("inside too", r#"{"b":[{"a":1,"a":2}]}"#.into(), "Malformed::Jwt(Payload(DuplicateMember"),
        ("deep", json!({"a": nested(MAX_DEPTH)}).to_string(), "Malformed::Jwt(Payload(TooDeep"),
        ("an array", "[]".into(), "Malformed::Jwt(NotAnObject"),
        ("no JSON", "{".into(), "Malformed::Jwt(Payload(NotJson"),
    ];
    for (rule, payload, error) in payloads {
        let found = read(&good, payload.as_str()).expect_err(rule);
        assert!(found.starts_with(error), "{rule}: {found}");
    }
}

#[test]
fn only_the_named_key_verifies() {
    let (forge, other) = (Forge::new(), Forge::new());
    let elliptic = Forge { key: SigningKey::generate(Algorithm::P256).unwrap() };
    let own = forge.token("{}", &[]);
    let borrowed = join(&other.jwt(&forge.header(), "{}"), &[]);
    let confused = join(&elliptic.jwt(&elliptic.header().replace("ES256", "EdDSA"), "{}"), &[]);
    assert!(forge.read(&own).is_ok() && elliptic.read(&elliptic.token("{}", &[])).is_ok());
    assert!(other.read(&own).unwrap_err().starts_with("VerifyError::OtherKey"));
    assert!(elliptic.read(&own).unwrap_err().starts_with("VerifyError::OtherAlgorithm"));
    assert!(forge.read(&borrowed).unwrap_err().starts_with("VerifyError::Signature"));
    assert!(elliptic.read(&confused).unwrap_err().starts_with("VerifyError::OtherAlgorithm"));
}

#[test]
fn digests_that_the_format_does_not_know_are_refused() {
    let forge = Forge::new();
    let one = member("a", json!(1));
    let token = |payload: Value| forge.token(&payload.to_string(), &[]);
    for fine in [json!({"_sd_alg": "sha-256"}), json!({"_sd": []}), json!({"_sd": [digest(&one)], "b": [{"...": "x"}]})]
    {
        assert!(forge.read(&token(fine)).is_ok());
    }
    let rows = vec![
        ("sha-512", token(json!({"_sd_alg": "sha-512"})), "Refusal::UnknownDigest"),
        ("in capitals", token(json!({"_sd_alg": "SHA-256"})), "Refusal::UnknownDigest"),
        ("no text", token(json!({"_sd_alg": null})), "Refusal::UnknownDigest"),
        ("not at the top", token(json!({"a": {"_sd_alg": "sha-256"}})), "Refusal::MisplacedAlgorithm"),
        ("nor in an array", token(json!({"a": [{"_sd_alg": "sha-256"}]})), "Refusal::MisplacedAlgorithm"),
        ("_sd a text", token(json!({"_sd": "x"})), "Refusal::NotDigests"),
        ("_sd of numbers", token(json!({"_sd": ["x", 1]})), "Refusal::NotDigests"),
        ("_sd null", token(json!({"a": {"_sd": null}})), "Refusal::NotDigests"),
        ("... a number", token(json!({"a": [{"...": 1}]})), "Refusal::MisplacedPlaceholder"),
        ("... not alone", token(json!({"a": [{"...": "x", "b": 1}]})), "Refusal::MisplacedPlaceholder"),
        ("... beside _sd", token(json!({"a": [{"...": "x", "_sd": []}]})), "Refusal::MisplacedPlaceholder"),
        ("... in an object", token(json!({"a": {"...": "x"}})), "Refusal::MisplacedPlaceholder"),
        ("... at the top", token(json!({"...": "x"})), "Refusal::MisplacedPlaceholder"),
        ("twice in _sd", token(json!({"_sd": ["x", "x"]})), "Refusal::DigestTwice"),
        ("twice apart", token(json!({"_sd": ["x"], "a": [{"...": "x"}]})), "Refusal::DigestTwice"),
    ];
    refused(&forge, rows);
}

#[test]
fn disclosures_that_do_not_belong_are_refused() {
    let forge = Forge::new();
    let token = |payload: Value, disclosures: &[&str]| forge.token(&payload.to_string(), disclosures);
    let sd = |disclosures: &[&str]| {
        let digests: Vec<_> = disclosures.iter().map(|one| digest(one)).collect();
        token(json!({"open": 1, "_sd": digests}), disclosures)
    };
    let (one, item) = (member("a", json!(1)), element(json!(1)));
    let outer = member("outer", json!({"_sd": [digest(&one)]}));
    let again = member("again", json!({"_sd": [digest(&one)]}));
    let itself = member("b", json!([{"...": digest(&item)}, {"...": digest(&item)}]));
    let long = member(&"n".repeat(MAX_POINTER), json!(1));
    let deep = element(nested(MAX_DEPTH - 2));
    let mut rows = vec![
        ("not referenced", token(json!({}), &[&one]), "Refusal::Unreferenced { index: 0 }"),
        ("its parent is not shown", token(json!({"_sd": [digest(&outer)]}), &[&one]), "Refusal::Unreferenced"),
        ("came twice", token(json!({"_sd": [digest(&one)]}), &[&one, &one]), "Refusal::DisclosureTwice { index: 1 }"),
        (
            "referenced twice",
            token(json!({"_sd": [digest(&outer), digest(&one)]}), &[&outer, &one]),
            "Refusal::DigestTwice",
        ),
        ("by two disclosures", sd(&[&outer, &again]), "Refusal::DigestTwice"),
        ("twice in one", sd(&[&itself]), "Refusal::DigestTwice"),
        ("an element for a member", sd(&[&item]), "Refusal::WrongKind"),
        ("a member for an element", token(json!({"b": [{"...": digest(&one)}]}), &[&one]), "Refusal::WrongKind"),
        ("a name that stands there", sd(&[&member("open", json!(2))]), "Refusal::NameTaken"),
        ("a name disclosed twice", sd(&[&one, &member("a", json!(2))]), "Refusal::NameTaken"),
        ("named _sd", sd(&[&member("_sd", json!(["x"]))]), "Refusal::FormatName"),
        ("named ...", sd(&[&member("...", json!("x"))]), "Refusal::FormatName"),
        ("named _sd_alg", sd(&[&member("_sd_alg", json!("sha-256"))]), "Refusal::FormatName"),
        ("a long pointer", sd(&[&long]), "Refusal::PointerTooLong"),
        ("too deep once put in", token(json!({"b": [[[{"...": digest(&deep)}]]]}), &[&deep]), "Refusal::TooDeep"),
        ("digests of the status", token(json!({"status": {"_sd": ["x"]}}), &[]), "Refusal::NeverConcealed"),
        ("elements of cnf", token(json!({"cnf": {"a": [{"...": "x"}]}}), &[]), "Refusal::NeverConcealed"),
    ];
    let never: Vec<_> =
        ["iss", "nbf", "exp", "iat", "cnf", "vct", "vct#integrity", "status"].map(|name| member(name, json!(1))).into();
    rows.extend(never.iter().map(|one| ("decides whether it holds", sd(&[one]), "Refusal::NeverConcealed")));
    refused(&forge, rows);
    let below = member("inner", json!({"exp": 1, "_sd": [digest(&member("iss", json!(1)))]}));
    assert!(forge.read(&sd(&[&below,])).is_ok(), "below the top level these are names like others");
}

#[test]
fn whoever_chose_disclosures_is_told_from_whoever_signed_digests() {
    let forge = Forge::new();
    let one = member("open", json!(2));
    let signed = json!({"_sd": [digest(&one)]});
    let rows = [
        ("one that nobody signed", json!({}), vec![&*one], Blame::Holder),
        ("one twice", signed, vec![&*one, &*one], Blame::Holder),
        ("a name that stands there", json!({"open": 1, "_sd": [digest(&one)]}), vec![&*one], Blame::Issuer),
        ("no digests", json!({"_sd": "x"}), vec![], Blame::Issuer),
    ];
    for (rule, payload, disclosures, blame) in rows {
        let text = forge.token(&payload.to_string(), &disclosures);
        let verified = Unverified::parse(&text, REGISTRY).unwrap().verify(forge.key.public_key()).unwrap();
        assert_eq!(verified.disclose().unwrap_err().blame(), blame, "{rule}");
    }
}
