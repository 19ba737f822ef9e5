//! From an attestation to the payload that is signed.
//!
//! Of what was not disclosed nothing is written, so that a payload with only some of its disclosures is the writing of what
//! was read from it.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use conformity::credential::Credential;
use conformity::digest::Digest;
use conformity::ids::VerdictRef;
use conformity::scheme::Evaluation;
use conformity::time::Day;
use conformity::viewpoint::{ObjectKind, Viewpoint};
use serde_json::{Map, Value, json};

use super::names::{Web, party_did};
use super::{Assessment, Attestation, Evidence, Finding, LISTS, RequirementResult, VCT};

/// The contexts of W3C Verifiable Credentials 2.0 and of UNTP 0.7.0, in this order.
const CONTEXTS: [&str; 2] =
    ["https://www.w3.org/ns/credentials/v2", "https://vocabulary.uncefact.org/untp/0.7.0/context/"];
const TYPES: [&str; 2] = ["VerifiableCredential", "DigitalConformityCredential"];
/// Name of the metric whose score is a level.
pub(super) const LEVEL: &str = "level";
/// Multihash of SHA-256: its code and its length (multiformats).
const SHA2_256: [u8; 2] = [0x12, 0x20];

/// Why nothing was written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WriteError {
    /// Its registry has no address.
    #[error("{0:?} is no did:web of a host; the registry's genesis names it")]
    Did(String),
    /// A value has no JSON form.
    #[error("it has no JSON form: {0}")]
    Json(String),
}

/// The payload that says what the attestation says.
///
/// # Errors
/// The registry's DID names no address.
pub fn write(attestation: &Attestation) -> Result<Map<String, Value>, WriteError> {
    let credential = &*attestation.credential;
    let did_web = credential.did_web.as_str();
    let web = Web::of(did_web).ok_or_else(|| WriteError::Did(did_web.to_owned()))?;
    let writer = Writer { attestation, credential, web, did: party_did(did_web, &attestation.issuer) };
    let mut payload = writer.sd_jwt_vc();
    payload.extend(writer.w3c());
    payload.insert("credentialSubject".to_owned(), writer.subject().into());
    payload.insert("verdict".to_owned(), writer.verdict()?);
    Ok(payload)
}

struct Writer<'a> {
    attestation: &'a Attestation,
    credential: &'a Credential,
    web: Web,
    did: String,
}

impl Writer<'_> {
    /// The claims of SD-JWT VC and of the Token Status List.
    fn sd_jwt_vc(&self) -> Map<String, Value> {
        let Credential { slot, holder, valid_from, valid_until, .. } = self.credential;
        let mut claims = object(json!({
            "iss": self.did,
            "iat": self.attestation.iat,
            "nbf": valid_from.start().as_second(),
            "vct": VCT,
            "status": {"status_list": {"idx": slot.index(), "uri": self.web.status_list(*slot)}},
        }));
        if let Some(last) = valid_until {
            claims.insert("exp".to_owned(), last.end().as_second().into());
        }
        if let Some(holder) = holder {
            claims.insert("cnf".to_owned(), json!({ "jwk": holder }));
        }
        claims
    }

    /// The members of a W3C Verifiable Credential.
    fn w3c(&self) -> Map<String, Value> {
        let Credential { body, valid_from, valid_until, .. } = self.credential;
        let verdict = self.verdict_ref();
        let mut members = object(json!({
            "@context": CONTEXTS,
            "type": TYPES,
            "id": format!("{}#{}", self.web.verdict(&verdict), self.attestation.jti),
            "issuer": {"type": ["CredentialIssuer"], "id": self.did, "name": body},
            "name": format!("Verdict {verdict}"),
            "validFrom": valid_from.start().to_string(),
        }));
        if let Some(last) = valid_until {
            members.insert("validUntil".to_owned(), last.end().to_string().into());
        }
        members
    }

    /// The UNTP Conformity Attestation.
    fn subject(&self) -> Map<String, Value> {
        let Credential { supplier, scheme, scope, evaluation, viewpoints, .. } = self.credential;
        let verdict = self.verdict_ref();
        let (assessor, endorsed, kind) = untp_levels(*evaluation);
        let assessments: Vec<Value> = viewpoints.iter().map(|viewpoint| self.assessment(viewpoint).into()).collect();
        let mut subject = object(json!({
            "type": ["ConformityAttestation"],
            "id": self.web.verdict(&verdict),
            "name": format!("{scheme}, {}", supplier.name),
            "description": scope,
            "assessorLevel": assessor,
            "assessmentLevel": endorsed,
            "attestationType": kind,
            "issuedToParty": {"type": ["Party"], "id": self.web.supplier(supplier), "name": supplier.name},
            "referenceScheme": {"type": ["ConformityScheme"], "id": self.web.scheme(scheme), "name": scheme},
            "conformityAssessment": assessments,
        }));
        if let Some(level) = self.credential.reach.as_ref().and_then(|reach| reach.level.as_ref()) {
            subject.insert("profileScore".to_owned(), json!({ "code": level }));
        }
        subject
    }

    /// The UNTP Conformity Assessment of one viewpoint.
    fn assessment(&self, viewpoint: Viewpoint) -> Map<String, Value> {
        let Credential { documents, assessed, .. } = self.credential;
        let criteria: Vec<Value> = documents
            .iter()
            .map(|document| json!({"type": ["Criterion"], "id": self.web.document(document), "name": document}))
            .collect();
        let (member, object_assessed) = self.assessed_object();
        let topic = self.web.viewpoint(viewpoint);
        let mut assessment = object(json!({
            "type": ["ConformityAssessment"],
            "id": format!("{}#{viewpoint}", self.web.verdict(&self.verdict_ref())),
            "name": viewpoint,
            "assessmentCriteria": criteria,
            "assessmentDate": day(*assessed),
            "conformityTopic": [{"type": ["ConformityTopic"], "id": topic, "name": viewpoint}],
            "conformance": true,
            member: object_assessed,
        }));
        if let Some(found) = self.attestation.detail.assessments.get(&viewpoint) {
            self.found(found, &mut assessment);
        }
        assessment
    }

    /// What was found, as far as it is shown.
    fn found(&self, found: &Assessment, assessment: &mut Map<String, Value>) {
        let level = found.level.iter().map(|level| {
            let id = self.web.scheme(&self.credential.scheme);
            json!({"metric": {"type": ["PerformanceMetric"], "id": id, "name": LEVEL}, "score": {"code": level}})
        });
        let performance: Vec<Value> = level.chain(found.results.iter().map(|result| self.result(result))).collect();
        let findings: Vec<Value> = found.findings.iter().map(|finding| self.finding(finding)).collect();
        let evidence: Vec<Value> = found.evidence.iter().map(link).collect();
        for (member, items) in LISTS.into_iter().zip([performance, findings, evidence]) {
            if !items.is_empty() {
                assessment.insert(member.to_owned(), items.into());
            }
        }
    }

    fn result(&self, result: &RequirementResult) -> Value {
        let (id, name) = (self.web.requirement(&result.of), result.of.to_string());
        json!({
            "metric": {"type": ["PerformanceMetric"], "id": id, "name": name},
            "score": {"code": result.outcome.as_str()},
        })
    }

    fn finding(&self, finding: &Finding) -> Value {
        json!({"id": self.web.requirement(&finding.of), "name": finding.of.to_string(), "text": finding.text})
    }

    /// What was assessed: in UNTP an organization, a facility or a product.
    fn assessed_object(&self) -> (&'static str, Value) {
        let Credential { object: assessed, supplier, .. } = self.credential;
        let id = format!("{}#object", self.web.verdict(&self.verdict_ref()));
        match assessed.kind {
            ObjectKind::Organization => (
                "assessedOrganisation",
                json!({"type": ["Party"], "id": self.web.supplier(supplier), "name": assessed.name}),
            ),
            ObjectKind::Site => (
                "assessedFacility",
                json!([{"facility": {"type": ["Facility"], "id": id, "name": assessed.name}, "idVerifiedByCAB": true}]),
            ),
            ObjectKind::Process | ObjectKind::Product | ObjectKind::Service | ObjectKind::Person => {
                let mut product = json!({"type": ["Product"], "id": id, "name": assessed.name});
                if let Some(version) = &assessed.version {
                    product["modelNumber"] = json!(version);
                }
                ("assessedProduct", json!([{"product": product, "idVerifiedByCAB": true}]))
            }
        }
    }

    /// What the registry compares with its log, member by member.
    fn verdict(&self) -> Result<Value, WriteError> {
        let mut verdict = serde_json::to_value(self.credential).map_err(|error| WriteError::Json(error.to_string()))?;
        if let Some(reach) = &self.attestation.detail.reach {
            verdict["reach"] = json!(reach);
        }
        Ok(verdict)
    }

    fn verdict_ref(&self) -> VerdictRef {
        VerdictRef { registry: self.credential.registry.clone(), id: self.credential.verdict.clone() }
    }
}

/// UNTP's words for who assessed, who stands behind the assessment, and what the result is.
const fn untp_levels(evaluation: Evaluation) -> (&'static str, &'static str, &'static str) {
    match evaluation {
        Evaluation::Oneself => ("self", "scheme-self", "declaration"),
        Evaluation::ExpertConfirmed => ("hybrid", "scheme-self", "verification"),
        Evaluation::ThirdParty => ("3rdParty", "scheme-cab", "certification"),
        Evaluation::Authority => ("3rdParty", "authority-benchmark", "certification"),
    }
}

/// A UNTP Link.
fn link(evidence: &Evidence) -> Value {
    let mut link = json!({"linkURL": evidence.url, "linkName": evidence.name});
    if let Some(digest) = &evidence.digest {
        link["digestMultibase"] = multibase(digest).into();
    }
    link
}

/// A digest as multihash in multibase, base64url without padding.
pub(super) fn multibase(digest: &Digest) -> String {
    let multihash = [&SHA2_256[..], digest.as_bytes()].concat();
    format!("u{}", URL_SAFE_NO_PAD.encode(multihash))
}

fn day(day: Day) -> String {
    day.to_string()
}

/// The members of what is written as an object.
fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(members) => members,
        _ => Map::new(),
    }
}
