//! What a holder carries: SD-JWTs, JWTs, status lists, bundles.

use std::sync::LazyLock;

use conformity::strict::Limits;
use credential::bundle::{self, Policy, Question};
use credential::jwt::{self, Header, KidRule, Profile};
use credential::sd_jwt::{self, Unverified};
use credential::status::bitstring::{Bitstring, StatusCredential};
use credential::status::list::StatusList;
use credential::status::token::{self, Reference, StatusListToken};
use credential::{attestation, times};
use jiff::Timestamp;
use ledger::key::{Algorithm, SigningKey};
use serde_json::{Map, Value};

/// Whoever signs what the fuzzer thought of: what is done with disclosures comes after the signature.
static KEY: LazyLock<SigningKey> =
    LazyLock::new(|| SigningKey::generate(Algorithm::Ed25519).expect("the system has random bytes"));

/// As in tokens of all kinds.
const LIMITS: Limits = Limits { bytes: 64 * 1024, depth: 16, null: true };

/// A payload, which is signed here, and in the next line the disclosures, each with its tilde.
pub(crate) fn sd_jwt(data: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(data) else { return false };
    // As it came: nobody signed it.
    let _ = Unverified::parse(text, sd_jwt::REGISTRY);
    let (payload, disclosures) = text.split_once('\n').unwrap_or((text, ""));
    let Ok(payload) = serde_json::from_str::<Map<String, Value>>(payload) else { return false };
    let _ = sd_jwt::undisclosed(payload.clone());
    let Ok(signed) = jwt::sign(&KEY, &Header::naming(KEY.public_key(), sd_jwt::TYPE, &[]), &payload) else {
        return false;
    };
    let Ok(unverified) = Unverified::parse(&format!("{signed}~{disclosures}"), sd_jwt::REGISTRY) else { return false };
    let disclosed = unverified.verify(KEY.public_key()).map(sd_jwt::Verified::disclose);
    let Ok(Ok(disclosed)) = disclosed else { return false };
    let _ = (attestation::read(disclosed.payload()), attestation::read_open(disclosed.payload()));
    let _ = disclosed.present(|_| true).as_str().len();
    let _ = disclosed.check_times(0, 0);
    true
}

/// A token: security events, status lists, and others', whose keys go by other names.
pub(crate) fn jwt(data: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(data) else { return false };
    let types = &["JWT", "secevent+jwt", "statuslist+jwt", "kb+jwt"];
    let mut read = false;
    for kid in [KidRule::Thumbprint, KidRule::Hint, KidRule::Absent] {
        if let Ok(token) = jwt::Unverified::parse(text, Profile { types, kid }, LIMITS) {
            read = true;
            let _ = times::Validity::read(token.unverified_payload());
        }
        read |= token::Unverified::parse(text, kid).is_ok();
    }
    read
}

/// A list of what still holds, in its three forms, and a reference to one.
pub(crate) fn status(data: &[u8]) -> bool {
    let packed = std::str::from_utf8(data).is_ok_and(|text| Bitstring::decode(text).is_ok());
    let bits = packed || StatusCredential::from_json(data).is_ok();
    let Ok(json) = serde_json::from_slice::<Value>(data) else { return bits };
    let list = StatusList::from_json(&json);
    if let Ok(list) = &list {
        for index in [0, list.entries().saturating_sub(1), list.entries()] {
            assert_eq!(list.status(index).is_ok(), index < list.entries());
        }
    }
    let claims = json.as_object();
    let token = claims.is_some_and(|claims| StatusListToken::from_claims(claims).is_ok());
    let reference = claims.is_some_and(|claims| matches!(Reference::read(claims), Ok(Some(_))));
    bits || list.is_ok() || token || reference
}

/// A bundle about a verdict.
pub(crate) fn bundle(data: &[u8]) -> bool {
    bundle::Bundle::parse(data).is_ok_and(|_| distrusted(data))
}

/// A bundle about a supplier.
pub(crate) fn supplier_bundle(data: &[u8]) -> bool {
    bundle::SupplierBundle::parse(data).is_ok_and(|_| distrusted(data))
}

/// Nobody whom the policy trusts signed it.
fn distrusted(bundle: &[u8]) -> bool {
    let question = Question { at: None, now: Timestamp::UNIX_EPOCH };
    assert!(bundle::verify_any(bundle, &POLICY, question).is_err());
    true
}

/// What somebody who verifies believes.
pub(crate) fn policy(data: &[u8]) -> bool {
    std::str::from_utf8(data).is_ok_and(|text| Policy::parse(text).is_ok())
}

/// Whoever asks believes one log.
static POLICY: LazyLock<Policy> = LazyLock::new(|| Policy::parse(include_str!("policy.toml")).expect("it is a policy"));
