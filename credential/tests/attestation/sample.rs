//! Two credentials of one verdict: with its reach in the open, and without.

use std::sync::Arc;

use conformity::credential::Credential;
use credential::attestation::{Attestation, Detail};
use serde_json::{Value, json};

pub(crate) fn credential(profile: &str) -> Value {
    json!({
        "origin": "jp.registry.example", "registry": "jp", "didWeb": "did:web:jp.registry.example",
        "body": "Example Certification KK", "verdict": "V-1", "slot": {"list": 0, "index": 412},
        "holder": {"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"},
        "supplier": {"id": "corporate-number:7000012050002", "name": "Example Works", "country": "JP"},
        "object": {"kind": "product", "name": "Gateway", "version": "4.2"}, "scheme": "stars@1",
        "documents": ["sp800-171@r3"], "evaluation": "third-party", "viewpoints": ["organization", "process"],
        "assessed": "2026-09-20", "scope": "design and production of relays",
        "validFrom": "2026-10-01", "validUntil": "2029-09-30", "profile": profile,
    })
}

fn reach() -> Value {
    json!({"level": "4", "sites": ["Osaka", "Nagoya"], "exclusions": ["warehouse"]})
}

fn assessments() -> Value {
    json!({
        "organization": {
            "level": "4",
            "results": [
                {"document": "sp800-171@r3", "requirement": "03.01.01", "outcome": "met"},
                {"document": "sp800-171@r3", "requirement": "03.01.02", "outcome": "not-met"},
            ],
            "findings": [{"document": "sp800-171@r3", "requirement": "03.01.02", "text": "weak password of the shop floor account"}],
            "evidence": [{"url": "https://evidence.example/1", "name": "interview", "digest": "ab".repeat(32)}],
        },
        "process": {"results": [{"document": "sp800-171@r3", "requirement": "03.14.01", "outcome": "partly-met"}]},
    })
}

fn made(credential: Value, detail: Value) -> Attestation {
    let credential: Credential = serde_json::from_value(credential).unwrap();
    let detail: Detail = serde_json::from_value(detail).unwrap();
    Attestation {
        issuer: "cb-1".parse().unwrap(),
        jti: "c-1".parse().unwrap(),
        iat: 1_790_000_000,
        credential: Arc::new(credential),
        detail,
    }
}

/// An open verdict.
pub(crate) fn open() -> Attestation {
    let mut credential = credential("open");
    credential["reach"] = reach();
    made(credential, json!({ "assessments": assessments() }))
}

/// A verdict in summary.
pub(crate) fn summary() -> Attestation {
    made(credential("summary"), json!({"reach": reach(), "assessments": assessments()}))
}

/// One that anyone may read in full.
pub(crate) fn attestation() -> Attestation {
    open()
}
