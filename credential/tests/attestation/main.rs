//! The credential of a verdict: written, concealed, shown in part, read back; and everything that is refused.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a failing test must stop")]

mod many;
mod sample;
mod untp;

use conformity::consent::{Part, Parts};
use credential::attestation::{Attestation, PAD_TO, ReadError, concealed, part_of, read, read_open, write};
use credential::sd_jwt::{Disclosed, Issuance, Pointer, REGISTRY, SystemSalts, Unverified, issue};
use credential::statement::read_unverified;
use ledger::key::{Algorithm, SigningKey};
use serde_json::{Map, Value, json};

use sample::{attestation, open, summary};

/// The credential as its issuer hands it over.
fn issued(key: &SigningKey, attestation: &Attestation) -> Disclosed {
    let payload = write(attestation).unwrap();
    let conceal = concealed(&payload, attestation.credential.reach.is_some());
    issue(key, Issuance { payload, conceal: &conceal, pad_to: PAD_TO, certificates: &[] }, &mut SystemSalts::default())
        .unwrap()
}

fn key() -> SigningKey {
    SigningKey::generate(Algorithm::Ed25519).unwrap()
}

/// What somebody reads to whom only this is shown.
fn shown(key: &SigningKey, credential: &Disclosed, show: impl Fn(&Pointer) -> bool) -> Map<String, Value> {
    let text = credential.present(show).as_str().to_owned();
    Unverified::parse(&text, REGISTRY).unwrap().verify(key.public_key()).unwrap().disclose().unwrap().payload().clone()
}

#[test]
fn what_is_written_is_read_back() {
    for attestation in [open(), summary()] {
        assert_eq!(read(&write(&attestation).unwrap()).unwrap(), attestation);
        let key = key();
        assert_eq!(read(issued(&key, &attestation).payload()).unwrap(), attestation);
    }
}

#[test]
fn the_log_holds_what_is_in_the_open_and_no_more() {
    for attestation in [open(), summary()] {
        let key = key();
        let text = issued(&key, &attestation).present(|_| false).as_str().to_owned();
        let jwt = text.trim_end_matches('~').to_owned();
        let statement = read_unverified(&ledger::jws::Unverified::parse(jwt.clone().into()).unwrap()).unwrap();
        assert_eq!(statement.iss, attestation.issuer);
        assert_eq!(statement.claim, conformity::statement::Claim::CredentialIssued(attestation.credential.clone()));
        for word in ["weak password", "03.01.02", "not-met", "evidence.example"] {
            let payload = ledger::jws::Unverified::parse(jwt.clone().into()).unwrap().unverified_payload().clone();
            assert!(!String::from_utf8_lossy(&payload).contains(word), "{word}");
        }
    }
}

#[test]
fn any_part_can_be_shown_without_the_others() {
    let (key, attestation) = (key(), summary());
    let credential = issued(&key, &attestation);
    for chosen in credential.concealable() {
        let payload = shown(&key, &credential, |place| place == chosen.pointer());
        let read = read(&payload).unwrap_or_else(|error| panic!("{}: {error}", chosen.pointer()));
        assert_eq!(read.credential, attestation.credential);
    }
    let level = shown(&key, &credential, |place| place.as_str() == "/verdict/reach/level");
    let reach = read(&level).unwrap().detail.reach.unwrap();
    assert_eq!(reach.level.unwrap().as_str(), "4");
    assert!(reach.sites.is_empty() && read(&level).unwrap().detail.assessments.is_empty());
}

#[test]
fn each_part_shows_what_it_names_and_nothing_else() {
    let (key, attestation) = (key(), summary());
    let credential = issued(&key, &attestation);
    let detail = |parts: Parts| {
        let payload = credential.payload();
        let named = |place: &Pointer| part_of(payload, place).is_some_and(|part| parts.contains(part));
        read(&shown(&key, &credential, named)).unwrap().detail
    };
    let told = |parts: Parts| {
        let detail = detail(parts);
        let found: Vec<_> = detail.assessments.values().collect();
        let reach = detail.reach.clone().unwrap_or_default();
        [
            (Part::Level, reach.level.is_some() || found.iter().any(|one| one.level.is_some())),
            (Part::Scope, !reach.sites.is_empty() || !reach.exclusions.is_empty()),
            (Part::Results, found.iter().any(|one| !one.results.is_empty())),
            (Part::Findings, found.iter().any(|one| !one.findings.is_empty())),
            (Part::Evidence, found.iter().any(|one| !one.evidence.is_empty())),
        ]
    };
    for part in Part::ALL {
        let shown: Parts = told((*part).into()).into_iter().filter_map(|(one, there)| there.then_some(one)).collect();
        assert_eq!(shown, (*part).into(), "{part}");
    }
    assert_eq!(detail(Parts::all()), attestation.detail, "together they are everything");
}

#[test]
fn how_much_is_kept_back_does_not_show() {
    let key = key();
    let count = |attestation: &Attestation| {
        let payload = shown(&key, &issued(&key, attestation), |_| false);
        serde_json::to_string(&payload).unwrap().len()
    };
    let mut less = summary();
    less.detail.assessments.values_mut().for_each(|found| found.results.truncate(1));
    less.detail.assessments.values_mut().for_each(|found| found.findings.clear());
    assert_eq!(count(&summary()), count(&less));
}

/// A payload with one value replaced or, where there is none, added.
fn tampered(pointer: &str, value: Value) -> Map<String, Value> {
    let mut payload = Value::Object(write(&open()).unwrap());
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    match payload.pointer_mut(parent).unwrap() {
        Value::Object(members) => drop(members.insert(name.to_owned(), value)),
        Value::Array(items) => items.insert(name.parse().unwrap(), value),
        other => panic!("{other}"),
    }
    payload.as_object().unwrap().clone()
}

#[test]
fn parts_that_contradict_each_other_are_refused() {
    let rows = [
        ("/iss", json!("did:web:jp.registry.example:parties:cb-2"), "issuer"),
        ("/iss", json!("did:web:eu.registry.example:parties:cb-1"), "iss"),
        ("/iss", json!("https://jp.registry.example"), "iss"),
        ("/issuer/id", json!("did:web:jp.registry.example:parties:cb-2"), "issuer"),
        ("/issuer/name", json!("Another Body"), "issuer"),
        ("/nbf", json!(0), "nbf"),
        ("/exp", json!(4_000_000_000_u64), "exp"),
        ("/validUntil", json!("2099-01-01T00:00:00Z"), "validUntil"),
        ("/status/status_list/idx", json!(413), "status"),
        ("/status/status_list/uri", json!("https://elsewhere.example/v1/status-lists/0"), "status"),
        ("/@context", json!(["https://www.w3.org/ns/credentials/v2"]), "@context"),
        ("/type", json!(["VerifiableCredential"]), "type"),
        ("/id", json!("https://jp.registry.example/v1/verdicts/jp:V-2#c-1"), "id"),
        ("/credentialSubject/issuedToParty/name", json!("Competitor KK"), "credentialSubject"),
        ("/credentialSubject/assessorLevel", json!("self"), "credentialSubject"),
        ("/credentialSubject/profileScore/code", json!("5"), "credentialSubject"),
        ("/credentialSubject/conformityAssessment/0/conformance", json!(false), "credentialSubject"),
        ("/credentialSubject/conformityAssessment/0/name", json!("people-and-things"), "credentialSubject"),
        ("/credentialSubject/conformityAssessment/0/assessmentDate", json!("2026-01-01"), "credentialSubject"),
        (
            "/credentialSubject/trustmark",
            json!({"name": "x", "imageData": "eA==", "mediaType": "image/png"}),
            "credentialSubject",
        ),
        ("/credentialStatus", json!({}), "credentialStatus"),
        ("/anything", json!("else"), "anything"),
        ("/verdict/scope", json!("everything"), "credentialSubject"),
        ("/verdict/anything", json!("else"), "verdict"),
        ("/cnf", json!({"jwk": {}}), "cnf"),
    ];
    for (pointer, value, at) in rows {
        let refused = read(&tampered(pointer, value)).unwrap_err().to_string();
        assert!(refused.starts_with(at), "{pointer}: {refused}");
    }
    assert_eq!(read(&tampered("/vct", json!("urn:other"))), Err(ReadError::OtherType));
}

#[test]
fn detail_in_the_signed_part_itself_is_refused() {
    let payload = write(&summary()).unwrap();
    assert_eq!(read_open(&payload), Err(ReadError::NotConcealed("reach")));
    assert_eq!(read_open(&write(&open()).unwrap()), Err(ReadError::NotConcealed("assessments")));
    let mut bare = attestation();
    bare.detail = Default::default();
    assert_eq!(read_open(&write(&bare).unwrap()).unwrap(), bare);
}

#[test]
fn a_registry_without_an_address_writes_no_credential() {
    for did in ["did:key:z6Mk", "did:web:", "did:web:a b", "did:web:a:/b"] {
        let mut attestation = open();
        std::sync::Arc::make_mut(&mut attestation.credential).did_web = did.parse().unwrap();
        assert!(write(&attestation).is_err(), "{did}");
    }
}
