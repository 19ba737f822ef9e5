//! From a payload, of which anything may have been disclosed, to an attestation.
//!
//! Read is only what an attestation holds; then the whole is written again and compared. Whatever else was in the payload
//! makes the two differ.

use std::collections::BTreeMap;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use conformity::credential::{Credential, Reach};
use conformity::digest::Digest;
use conformity::ids::StatementId;
use conformity::text::Text;
use conformity::verdict::Profile;
use conformity::viewpoint::Viewpoint;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::names::split;
use super::write::{LEVEL, WriteError, multibase, write};
use super::{
    Assessment, Attestation, Detail, Evidence, Finding, LISTS, Requirement, RequirementOutcome, RequirementResult, VCT,
};

/// Most results, findings or links of one viewpoint.
const MAX_ITEMS: usize = 2_000;

/// Why a payload is not the credential of a verdict. The blame is the issuer's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// Another type of credential.
    #[error("its vct is not {VCT}; it is no credential of a verdict in this version")]
    OtherType,
    /// A member that is missing or of another form.
    #[error("{member}: {problem}")]
    Member {
        /// Where.
        member: &'static str,
        /// What is wrong, cut short.
        problem: String,
    },
    /// Parts that contradict each other, or more than a credential has.
    #[error("{0} is not what the rest of the credential makes it; the parts must agree, and there is nothing else")]
    Differs(String),
    /// More items than are looked at.
    #[error("at most {MAX_ITEMS} results, findings or links are read for a viewpoint")]
    TooMany,
    /// Detail in the signed part itself.
    #[error("it shows its {0} to everyone; that belongs into disclosures")]
    NotConcealed(&'static str),
    /// The registry's DID names no address.
    #[error(transparent)]
    Write(#[from] WriteError),
}

/// Reads a payload with whatever was disclosed of it.
///
/// # Errors
/// The first thing that is wrong.
pub fn read(payload: &Map<String, Value>) -> Result<Attestation, ReadError> {
    if payload.get("vct").and_then(Value::as_str) != Some(VCT) {
        return Err(ReadError::OtherType);
    }
    let iss: String = member(payload, "iss")?;
    let (did_web, issuer) = split(&iss).ok_or_else(|| wrong("iss", "it is not the DID of a body of a registry"))?;
    let (credential, reach) = verdict(payload)?;
    if credential.did_web.as_str() != did_web {
        return Err(wrong("iss", "it is not below the registry's DID"));
    }
    let attestation = Attestation {
        issuer,
        jti: statement_id(payload)?,
        iat: member(payload, "iat")?,
        detail: Detail { reach, assessments: assessments(payload)? },
        credential: Arc::new(credential),
    };
    compare(&write(&attestation)?, &without_empty_lists(payload.clone()))?;
    Ok(attestation)
}

/// Reads what a log holds: the signed part alone, in which nothing may stand that the profile keeps back.
///
/// # Errors
/// The first thing that is wrong.
pub fn read_open(payload: &Map<String, Value>) -> Result<Attestation, ReadError> {
    let attestation = read(payload)?;
    if attestation.detail.reach.is_some() {
        return Err(ReadError::NotConcealed("reach"));
    }
    if !attestation.detail.assessments.is_empty() {
        return Err(ReadError::NotConcealed("assessments"));
    }
    Ok(attestation)
}

/// What the registry compares, and the reach where it was disclosed.
fn verdict(payload: &Map<String, Value>) -> Result<(Credential, Option<Reach>), ReadError> {
    let mut credential: Credential = member(payload, "verdict")?;
    let disclosed = if credential.profile == Profile::Open { None } else { credential.reach.take() };
    Ok((credential, disclosed))
}

/// What follows the verdict's address in `id`. There is no `jti`: it would have to equal `id`, which no id of a statement can.
fn statement_id(payload: &Map<String, Value>) -> Result<StatementId, ReadError> {
    let id: String = member(payload, "id")?;
    let (_, statement) = id.split_once('#').ok_or_else(|| wrong("id", "it names no statement behind a #"))?;
    statement.parse().map_err(|_| wrong("id", "what follows # is no id of a statement"))
}

fn assessments(payload: &Map<String, Value>) -> Result<BTreeMap<Viewpoint, Assessment>, ReadError> {
    const MEMBER: &str = "credentialSubject.conformityAssessment";
    let items = payload.get("credentialSubject").and_then(|subject| subject.get("conformityAssessment"));
    let items = items.and_then(Value::as_array).ok_or_else(|| wrong(MEMBER, "there is none"))?;
    let mut found = BTreeMap::new();
    for item in items {
        let viewpoint = item.get("name").and_then(Value::as_str).and_then(|name| name.parse().ok());
        let viewpoint = viewpoint.ok_or_else(|| wrong(MEMBER, "each is named by its viewpoint"))?;
        let assessment = assessment(item)?;
        if !assessment.is_empty() && found.insert(viewpoint, assessment).is_some() {
            return Err(wrong(MEMBER, "one for each viewpoint"));
        }
    }
    Ok(found)
}

fn assessment(item: &Value) -> Result<Assessment, ReadError> {
    let mut assessment = Assessment::default();
    for performance in list(item, "assessedPerformance")? {
        let (name, code) = (text(performance, "/metric/name"), text(performance, "/score/code"));
        match (name, code) {
            (Some(LEVEL), Some(code)) => assessment.level = Some(parse("assessedPerformance", code)?),
            (Some(name), Some(code)) => assessment.results.push(result(name, code)?),
            _ => return Err(wrong("assessedPerformance", "each has the name of a metric and a score")),
        }
    }
    for finding in list(item, "findings")? {
        let (Some(name), Some(words)) = (text(finding, "/name"), text(finding, "/text")) else {
            return Err(wrong("findings", "each has the name of a requirement and a text"));
        };
        assessment.findings.push(Finding { of: requirement(name)?, text: parse("findings", words)? });
    }
    for link in list(item, "evidence")? {
        assessment.evidence.push(evidence(link)?);
    }
    Ok(assessment)
}

fn result(name: &str, code: &str) -> Result<RequirementResult, ReadError> {
    const ALL: [RequirementOutcome; 4] = [
        RequirementOutcome::Met,
        RequirementOutcome::PartlyMet,
        RequirementOutcome::NotMet,
        RequirementOutcome::NotApplicable,
    ];
    let outcome = ALL.into_iter().find(|outcome| outcome.as_str() == code);
    let outcome = outcome
        .ok_or_else(|| wrong("assessedPerformance", "a requirement is met, partly-met, not-met or not-applicable"))?;
    Ok(RequirementResult { of: requirement(name)?, outcome })
}

fn requirement(name: &str) -> Result<Requirement, ReadError> {
    name.parse().map_err(|_| wrong("requirement", "write it as document@version, a blank, and its number"))
}

fn evidence(link: &Value) -> Result<Evidence, ReadError> {
    let (Some(url), Some(name)) = (text(link, "/linkURL"), text(link, "/linkName")) else {
        return Err(wrong("evidence", "each has a linkURL and a linkName"));
    };
    let digest = text(link, "/digestMultibase")
        .map(|text| digest(text).ok_or_else(|| wrong("evidence", "a digest is SHA-256 as multihash in multibase u")));
    Ok(Evidence { url: parse("evidence", url)?, name: parse("evidence", name)?, digest: digest.transpose()? })
}

fn digest(text: &str) -> Option<Digest> {
    let bytes = URL_SAFE_NO_PAD.decode(text.strip_prefix('u')?).ok()?;
    let digest = Digest::from_bytes(bytes.get(2..)?.try_into().ok()?);
    (multibase(&digest) == text).then_some(digest)
}

fn list<'a>(item: &'a Value, name: &'static str) -> Result<&'a [Value], ReadError> {
    let Some(value) = item.get(name) else {
        return Ok(&[]);
    };
    let items = value.as_array().ok_or_else(|| wrong(name, "it is a list"))?;
    if items.len() > MAX_ITEMS { Err(ReadError::TooMany) } else { Ok(items) }
}

fn text<'a>(value: &'a Value, pointer: &str) -> Option<&'a str> {
    value.pointer(pointer).and_then(Value::as_str)
}

fn parse<T: std::str::FromStr<Err: std::fmt::Display>>(member: &'static str, text: &str) -> Result<T, ReadError> {
    text.parse().map_err(|error: T::Err| wrong(member, &error.to_string()))
}

fn member<T: DeserializeOwned>(payload: &Map<String, Value>, name: &'static str) -> Result<T, ReadError> {
    let value = payload.get(name).ok_or_else(|| wrong(name, "it is missing"))?;
    T::deserialize(value).map_err(|error| wrong(name, &error.to_string()))
}

/// Errors quote what was sent, so they are cut.
fn wrong(member: &'static str, problem: &str) -> ReadError {
    ReadError::Member { member, problem: problem.chars().take(200).collect() }
}

/// A list of which every item was kept back says as little as no list.
fn without_empty_lists(mut payload: Map<String, Value>) -> Map<String, Value> {
    let assessments = payload.get_mut("credentialSubject").and_then(|subject| subject.get_mut("conformityAssessment"));
    for assessment in assessments.and_then(Value::as_array_mut).into_iter().flatten().filter_map(Value::as_object_mut) {
        assessment.retain(|name, value| {
            !LISTS.contains(&name.as_str()) || value.as_array().is_none_or(|list| !list.is_empty())
        });
    }
    payload
}

/// Refuses a payload that differs from what it would be, and says where at the top.
fn compare(expected: &Map<String, Value>, payload: &Map<String, Value>) -> Result<(), ReadError> {
    let names = expected.keys().chain(payload.keys());
    match names.into_iter().find(|name| expected.get(*name) != payload.get(*name)) {
        Some(name) => Err(ReadError::Differs(name.chars().take(80).collect())),
        None => Ok(()),
    }
}

impl std::fmt::Display for Requirement {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.document, self.requirement)
    }
}

impl std::str::FromStr for Requirement {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (document, requirement) = text.split_once(' ').ok_or("there is no blank")?;
        let requirement: Text<64> = requirement.parse().map_err(|error| format!("{error}"))?;
        if requirement.as_str().contains(char::is_whitespace) {
            return Err("a requirement's number has no blank".to_owned());
        }
        Ok(Self { document: document.parse().map_err(|error| format!("{error}"))?, requirement })
    }
}
