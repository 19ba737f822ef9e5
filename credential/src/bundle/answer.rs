//! From what the log says to the answer: how the verdict stood at the time asked about, as the log showed it then.

use std::sync::Arc;

use conformity::accreditation::AccreditedAs;
use conformity::credential::{CredentialStatus, Reach};
use conformity::digest::Digest;
use conformity::ids::{AccreditationId, Origin, PartyId, RegistryId, VerdictId, VerdictRef};
use conformity::lapsed::{Consequence, Lapsed};
use conformity::recognised::RecognitionRecord;
use conformity::recognition::in_effect;
use conformity::records::Facts;
use conformity::succession::{Speaking, speaks_for};
use conformity::text::Text;
use conformity::time::Moment;
use conformity::verdict::{HistoryItem, Profile, Snapshot, StateName, Verdict, VerdictRecord};
use conformity::words::{self, Language, Params};
use jiff::Timestamp;
use ledger::jws;
use ledger::merkle::Hash;
use serde::Serialize;

use super::anchor::Anchored;
use super::replay::Replayed;
use super::step::{Found, Step, StepName, Steps};
use super::{Broken, Bundle, Distrust, Fault, Misbehaved};
use crate::attestation::{Detail, read};
use crate::sd_jwt;

/// What a bundle proves.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Verified {
    /// The verdict.
    pub verdict: VerdictRef,
    /// The log.
    pub origin: Origin,
    /// Whose log it is.
    pub log: LogOwner,
    /// The checkpoint under which all of it stands.
    pub checkpoint: Sealed,
    /// The time that the answer is for.
    pub at: Timestamp,
    /// That the registry ended, and which other one goes on; also where it ended after that time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub closed: Option<Closed>,
    /// The answer.
    pub finding: Finding,
    /// What was checked.
    pub steps: Vec<Step>,
}

/// The registry that keeps the log, as its genesis says.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct LogOwner {
    /// Its name.
    pub name: Text<256>,
    /// Where it is found on the web.
    pub did_web: Text<256>,
}

/// The end of the registry that keeps the log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Closed {
    /// The registry that goes on, by its own word.
    pub successor: RegistryId,
    /// Origin of its log.
    pub origin: Origin,
    /// Digest of its genesis.
    pub genesis_digest: Digest,
    /// Where its HTTPS door is.
    pub http_url: Text<512>,
    /// Since which entry nothing of conformity is said here.
    pub since: Moment,
}

impl Closed {
    const CODE: &'static str = "registry-closed";

    fn params(&self) -> Params {
        let params = Params::default().with("at", self.since.at).with("index", self.since.index);
        params.with("successor", &self.successor).with("url", &self.http_url)
    }

    /// What is said of it.
    pub fn words(&self, language: Language) -> String {
        words::step(Self::CODE, language, &self.params())
    }
}

/// A checkpoint that the policy believes.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Sealed {
    /// The number of entries.
    pub size: u64,
    /// The root over them.
    pub root: Hash,
    /// When its last entry was sequenced.
    pub at: Timestamp,
    /// The policy's names of those who cosigned it.
    pub witnesses: Vec<String>,
}

/// What a log says of a verdict.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Finding {
    /// Its own registry granted it.
    Own(Box<Own>),
    /// Another registry made this of it.
    Foreign(Arc<RecognitionRecord>),
}

/// A verdict at a time, as its own log showed it then.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Own {
    /// Its state.
    pub state: StateName,
    /// Whether its body stands behind it and the time lies within its days.
    pub in_force: bool,
    /// As granted.
    pub terms: Arc<Verdict>,
    /// As it stood.
    pub then: Snapshot,
    /// What had happened to it.
    pub history: Vec<HistoryItem>,
    /// The name of the body that answers for it, or whose place another took.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub issuer_name: Option<Text<256>>,
    /// Who answers for it in that body's place, where another took it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub answered_by: Option<Answering>,
    /// Whether its scheme was invented for a demonstration.
    pub fictional: bool,
    /// The accreditation that the responsible body held then; nothing where none was in force.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub accreditation: Option<AccreditationId>,
    /// The newest credential of that time in the bundle.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub credential: Option<Shown>,
}

/// The body that took the place of the one that decided.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Answering {
    /// Since which entry.
    #[serde(flatten)]
    pub speaking: Speaking,
    /// Its name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<Text<256>>,
}

/// A credential, and what was disclosed of it.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Shown {
    /// Where it was issued.
    pub issued: Moment,
    /// By whom.
    pub by: PartyId,
    /// What it was worth, as far as the bundle shows.
    pub status: CredentialStatus,
    /// How many disclosures came along.
    pub disclosures: usize,
    /// What they disclose.
    pub detail: Detail,
}

pub(super) fn answer(
    bundle: &Bundle,
    anchored: Anchored<'_>,
    sealed: Timestamp,
    replayed: &Replayed,
    at: Timestamp,
    steps: &mut Steps,
) -> Result<Verified, Fault> {
    let closed = closed(&replayed.register, &anchored, at, steps)?;
    let finding = if replayed.is_of(bundle) {
        Finding::Own(Box::new(own(bundle, replayed, at, steps)?))
    } else {
        Finding::Foreign(foreign(bundle, replayed, at, steps)?)
    };
    Ok(Verified {
        verdict: bundle.verdict.clone(),
        origin: bundle.origin.clone(),
        log: owner(&replayed.register)?,
        checkpoint: Sealed::of(anchored, sealed),
        at,
        closed,
        finding,
        steps: Vec::new(),
    })
}

impl Sealed {
    pub(super) fn of(anchored: Anchored<'_>, at: Timestamp) -> Self {
        let Anchored { checkpoint, witnesses, .. } = anchored;
        let witnesses = witnesses.into_iter().map(|witness| witness.name).collect();
        Self { size: checkpoint.size, root: checkpoint.root, at, witnesses }
    }
}

pub(super) fn owner(register: &impl Facts) -> Result<LogOwner, Broken> {
    let record = register.genesis().ok_or(Broken::Order)?;
    Ok(LogOwner { name: record.genesis.name.clone(), did_web: record.genesis.did_web.clone() })
}

/// The end of the registry, if the log holds it: that it is not left out, the state map said. A policy may want no answer from a
/// registry that had ended by then.
pub(super) fn closed(
    register: &impl Facts,
    anchored: &Anchored<'_>,
    at: Timestamp,
    steps: &mut Steps,
) -> Result<Option<Closed>, Distrust> {
    let record = register.genesis();
    let Some(end) = record.as_ref().and_then(|record| record.closed.as_deref()) else { return Ok(None) };
    let (said, since) = (end.closed.clone(), end.moment);
    let closed = Closed {
        successor: said.successor,
        origin: said.origin,
        genesis_digest: said.genesis_digest,
        http_url: said.http_url,
        since,
    };
    if anchored.refuse_closed && since.at <= at {
        return Err(Distrust::Closed(Box::new(closed)));
    }
    steps.held(StepName::Registry, Closed::CODE, closed.params());
    Ok(Some(closed))
}

fn own(bundle: &Bundle, replayed: &Replayed, at: Timestamp, steps: &mut Steps) -> Result<Own, Fault> {
    let register = &replayed.register;
    let record = register.verdict(&bundle.verdict.id);
    let record = record.ok_or_else(|| Broken::NoVerdict(bundle.verdict.clone()))?;
    let then = known_at(&record, at).ok_or_else(|| Distrust::NotThen { verdict: bundle.verdict.clone(), at })?;
    let speaking = speaks_for(register, &then.now.issuer, at);
    let body = speaking.as_ref().map_or(&then.now.issuer, |speaking| &speaking.body);
    let accreditation = accreditation(register, &then, body, at);
    let mut found = vec![answering(&then, body, accreditation.as_ref())];
    if let Some(speaking) = &speaking {
        let params = Params::default().with("body", body).with("issuer", &then.now.issuer);
        found.push(Found::new("took-the-place", params.with("entry", speaking.since.index)));
    }
    steps.all_held(StepName::Accreditation, found);
    let credential = credential(bundle, replayed, &then, at, steps)?;
    let (state, in_force) = (then.now.state.name(), record.in_force_at(at));
    let code = if in_force { "was-in-force" } else { "was-not-in-force" };
    let params = Params::default().with("at", at).with("verdict", &bundle.verdict).with("state", state.as_str());
    let mut found = vec![Found::new(code, params)];
    if let Some(voided) = then.history.first().and_then(|granted| granted.voided) {
        found.push(Found::new("granted-with-stolen-key", Params::default().with("entry", voided.index)));
    }
    found.extend(then.now.lapsed.as_ref().map(|lapsed| basis(lapsed, at)));
    steps.all_held(StepName::Verdict, found);
    let VerdictRecord { terms, now, history } = then;
    let name = |id: &PartyId| register.party(id).map(|record| record.party.name.clone());
    let issuer_name = name(&now.issuer);
    let answered_by = speaking.map(|speaking| Answering { name: name(&speaking.body), speaking });
    let fictional = register.scheme(&terms.scheme).is_some_and(|record| record.scheme.fictional);
    Ok(Own {
        state,
        in_force,
        terms,
        then: now,
        history,
        issuer_name,
        answered_by,
        fictional,
        accreditation,
        credential,
    })
}

/// By what right the body answers for it.
fn answering(then: &VerdictRecord, body: &PartyId, accreditation: Option<&AccreditationId>) -> Found {
    let params = Params::default().with("body", body);
    match accreditation {
        Some(id) => Found::new("accredited-then", params.with("accreditation", id)),
        None if then.terms.provenance.is_transcribed() => Found::new("copied-from-list", params),
        None if then.terms.provenance.self_declared().is_some() => declared(then, params),
        None => Found::new("not-accredited-then", params),
    }
}

/// Who stands behind a declaration.
fn declared(then: &VerdictRecord, params: Params) -> Found {
    let mandate = then.terms.provenance.self_declared().and_then(|declared| declared.mandate);
    match (&then.now.confirmed, mandate.is_some()) {
        (Some(confirmed), true) => Found::new("sponsored-and-confirmed", params.with("expert", &confirmed.by)),
        (Some(confirmed), false) => Found::new("declared-and-confirmed", params.with("expert", &confirmed.by)),
        (None, true) => Found::new("sponsored", params),
        (None, false) => Found::new("declared", params),
    }
}

/// What lapsed of that on which it rests, and what becomes of it.
fn basis(lapsed: &Lapsed, at: Timestamp) -> Found {
    let what = Params::default().with("what", lapsed.cause.what.as_str());
    match lapsed.consequence {
        Consequence::Keep => Found::new("basis-kept", what.with("since", lapsed.since)),
        Consequence::TransferWindow { until } if at < until => Found::new("basis-window", what.with("until", until)),
        Consequence::TransferWindow { until } => Found::new("basis-window-closed", what.with("until", until)),
        Consequence::Cease => Found::new("basis-lapsed", what.with("since", lapsed.since)),
    }
}

/// The verdict and its history as they were known then.
fn known_at(record: &VerdictRecord, at: Timestamp) -> Option<VerdictRecord> {
    let now = record.as_of(at)?;
    let history = record.history.iter().take_while(|item| item.at <= at).cloned().collect();
    Some(VerdictRecord { terms: Arc::clone(&record.terms), now, history })
}

fn accreditation(
    register: &impl Facts,
    then: &VerdictRecord,
    body: &PartyId,
    at: Timestamp,
) -> Option<AccreditationId> {
    let held = register.accreditations(body).into_iter().find(|record| {
        let held = &record.accreditation;
        held.role == AccreditedAs::CertificationBody
            && held.scheme == then.terms.scheme
            && record.granted.at <= at
            && record.in_force_at(at).is_ok()
            && then.now.viewpoints.difference(record.viewpoints_at(at)).is_empty()
    });
    held.map(|record| record.accreditation.id.clone())
}

/// The newest credential of that time. Its disclosures belong to the newest in the bundle.
fn credential(
    bundle: &Bundle,
    replayed: &Replayed,
    then: &VerdictRecord,
    at: Timestamp,
    steps: &mut Steps,
) -> Result<Option<Shown>, Fault> {
    let detail = match &replayed.credential {
        Some((index, verified)) => {
            let detail = detail(verified, &bundle.disclosures)?;
            same_reach(&detail, &bundle.verdict.id, &replayed.register, *index)?;
            detail
        }
        None if bundle.disclosures.is_empty() => Detail::default(),
        None => return Err(Broken::NoCredential.into()),
    };
    let known = replayed.register.credentials_of(&bundle.verdict.id);
    let known = known.into_iter().filter(|record| record.issued.at <= at);
    let Some(record) = known.max_by_key(|record| record.rank()) else { return Ok(None) };
    let newest = replayed.credential.as_ref().is_some_and(|(index, _)| *index == record.issued.index);
    let (disclosures, detail) = if newest { (bundle.disclosures.len(), detail) } else { (0, Detail::default()) };
    let status = record.status(Some(then), true, at);
    let issued = record.issued;
    let params = Params::default().with("entry", issued.index).with("by", &record.by).with("shown", disclosures);
    steps.held(StepName::Credential, "documented", params);
    Ok(Some(Shown { issued, by: record.by.clone(), status, disclosures, detail }))
}

/// What the disclosures say, if each belongs to the credential and they contradict nothing.
fn detail(verified: &jws::Verified, disclosures: &[String]) -> Result<Detail, Broken> {
    let verified = sd_jwt::Verified::of_statement(verified, disclosures)?;
    let disclosed = verified.disclose()?;
    Ok(read(disclosed.payload())?.detail)
}

/// What was disclosed of the reach of a restricted verdict is what the verdict had when the credential was issued. In the log a
/// summary verdict has none to compare with, and an open one keeps none back.
fn same_reach(detail: &Detail, verdict: &VerdictId, register: &impl Facts, issued: u64) -> Result<(), Misbehaved> {
    let record = register.verdict(verdict).filter(|record| record.terms.profile == Profile::Restricted);
    let (Some(then), Some(reach)) = (record.and_then(|record| record.after_entry(issued)), &detail.reach) else {
        return Ok(());
    };
    if reach.is_part_of(&Reach::of(&then)) { Ok(()) } else { Err(Misbehaved::OtherReach { index: issued }) }
}

fn foreign(
    bundle: &Bundle,
    replayed: &Replayed,
    at: Timestamp,
    steps: &mut Steps,
) -> Result<Arc<RecognitionRecord>, Fault> {
    let register = &replayed.register;
    let record = register.recognition(&bundle.verdict);
    let record = record.ok_or_else(|| Broken::NoVerdict(bundle.verdict.clone()))?;
    let peer = register.peer(&bundle.verdict.registry);
    let record = in_effect(record, peer.as_deref());
    if record.since.at > at {
        return Err(Distrust::NotThen { verdict: bundle.verdict.clone(), at }.into());
    }
    let recognition = &record.recognition;
    let params = Params::default().with("at", at).with("origin", &bundle.origin).with("verdict", &bundle.verdict);
    let found = Found::new("counted", params.with("outcome", recognition.outcome));
    steps.recognised(StepName::Verdict, found, Arc::clone(&record));
    Ok(record)
}
