//! The questions of the Trust Registry Query Protocol v2, answered from the register as the log had it at the time asked
//! about: who may act under a scheme here, and whose verdicts count here.
//!
//! `docs/spec/trust-registry-query.md` says what the names mean. Everything that is answered here is public elsewhere, too:
//! accreditations and arrangements. Neither parties nor verdicts are looked up, so nothing can be learnt of those that are
//! nobody's business. Out of scope: the form of a question (`question`), the rules (`conformity`).

use std::sync::Arc;

use conformity::accreditation::{AccreditationRecord, AccreditedAs, Lapse};
use conformity::as_of::AsOf;
use conformity::entitlement::{Entitlement, Occasion, entitlement};
use conformity::genesis::PeerRecord;
use conformity::ids::PartyId;
use conformity::in_force::Pair;
use conformity::recognition::{Acceptance, Relation, acceptance};
use conformity::records::Facts;
use conformity::standing::Absence;
use jiff::Timestamp;
use serde::Serialize;
use warp::reply::Response;

use super::answer;
use super::did::{self, Named};
use super::question::{Context, Question, Short};
use super::site::Site;
use crate::problem::Problem;

/// What may be asked of a body, and the capacity in which it would do it.
pub(super) const ACTIVITIES: [(&str, AccreditedAs); 4] = [
    ("issue", AccreditedAs::CertificationBody),
    ("audit", AccreditedAs::AuditBody),
    ("test", AccreditedAs::EvaluationLaboratory),
    ("confirm", AccreditedAs::Expert),
];
/// What may be asked of a registry.
pub(super) const RECOGNIZE: &str = "recognize";

/// Answers where nothing was found, whatever the reason: who is unknown, hidden or not entitled looks alike.
const NOT_AUTHORIZED: &str =
    "no accreditation here, by this authority, lets this entity do this under this scheme at this time";
const NOT_RECOGNIZED: &str =
    "no arrangement here lets this authority recognize this entity's verdicts under this scheme at this time";

/// An answer, with the question said again.
#[derive(Serialize)]
struct Answer<'a> {
    entity_id: &'a Short,
    authority_id: &'a Short,
    action: &'a Short,
    resource: &'a Short,
    #[serde(flatten)]
    outcome: Outcome,
    #[serde(skip_serializing_if = "Option::is_none")]
    time_requested: Option<&'a str>,
    time_evaluated: String,
    message: String,
    /// Why there is nothing, where there is nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    absence: Option<Absence>,
    #[serde(skip_serializing_if = "Option::is_none")]
    context: Option<&'a Context>,
}

#[derive(Serialize)]
#[serde(rename_all = "lowercase")]
enum Outcome {
    Authorized(bool),
    Recognized(bool),
}

/// Why the answer is no.
struct No {
    message: String,
    absence: Option<Absence>,
}

impl No {
    /// There is something, and it does not hold; or the question is none that is answered here.
    fn told(message: String) -> Self {
        Self { message, absence: None }
    }

    fn absent(message: impl Into<String>, absence: Absence) -> Self {
        Self { message: message.into(), absence: Some(absence) }
    }
}

/// `POST /authorization`
pub(super) fn authorization(site: &Site, question: &Question) -> Result<Response, Problem> {
    let now = site.registry.now();
    answered(question, Outcome::Authorized, authorized(site, question, question.at(now)?), now)
}

/// `POST /recognition`
pub(super) fn recognition(site: &Site, question: &Question) -> Result<Response, Problem> {
    let now = site.registry.now();
    answered(question, Outcome::Recognized, recognized(site, question, question.at(now)?), now)
}

fn answered(
    question: &Question,
    outcome: fn(bool) -> Outcome,
    told: Result<String, No>,
    now: Timestamp,
) -> Result<Response, Problem> {
    let outcome = outcome(told.is_ok());
    let No { message, absence } = told.map_or_else(|no| no, No::told);
    answer::json(&Answer {
        entity_id: &question.entity_id,
        authority_id: &question.authority_id,
        action: &question.action,
        resource: &question.resource,
        outcome,
        time_requested: question.time(),
        // As long for one answer as for another.
        time_evaluated: format!("{now:.3}"),
        message,
        absence,
        context: question.context.as_ref(),
    })
}

/// Why the entity is authorized, or why not.
fn authorized(site: &Site, question: &Question, at: Timestamp) -> Result<String, No> {
    let role = role(&question.action)?;
    let genesis = &site.registry.genesis;
    let granted_by = authority(site, &question.authority_id)?;
    let scheme = did::scheme(genesis, question.resource.as_str());
    // By the scheme alone: who is unknown, hidden or not entitled looks alike.
    let published = scheme.as_ref().and_then(|scheme| site.register().scheme(scheme));
    let absence = match published.filter(|record| record.published.at <= at) {
        Some(_) => Absence::NotAssessed,
        None => Absence::NoScheme,
    };
    let no = || No::absent(NOT_AUTHORIZED, absence);
    let body = match did::named(genesis, question.entity_id.as_str()) {
        Some(Named::Party(id)) => id,
        Some(Named::Registry) | None => return Err(no()),
    };
    let scheme = scheme.ok_or_else(no)?;
    let occasion = Occasion { body: &body, role, scheme: &scheme, granted_by: granted_by.as_ref(), at };
    let found = entitlement(&*site.register(), &occasion);
    match found {
        Entitlement::InForce(record) => Ok(in_force(&record, at)),
        Entitlement::Lapsed(record, lapse) => Err(No::told(lapsed(&record, lapse, at))),
        Entitlement::None => Err(no()),
    }
}

fn role(action: &Short) -> Result<AccreditedAs, No> {
    let known = ACTIVITIES.iter().find(|(word, _)| *word == action.as_str());
    known.map(|(_, role)| *role).ok_or_else(|| {
        let words: Vec<&str> = ACTIVITIES.iter().map(|(word, _)| *word).collect();
        No::told(format!("this action is not known here; ask whether an entity may: {}", words.join(", ")))
    })
}

/// The authority whose word is asked for: the whole registry's, or one party's.
fn authority(site: &Site, name: &Short) -> Result<Option<PartyId>, No> {
    let genesis = &site.registry.genesis;
    match did::named(genesis, name.as_str()) {
        Some(Named::Registry) => Ok(None),
        Some(Named::Party(id)) => Ok(Some(id)),
        None => {
            let own = did::of_registry(genesis);
            let message = format!("this registry answers for {own} and those under it; ask the authority's own");
            Err(No::absent(message, Absence::Unknown))
        }
    }
}

fn in_force(record: &AccreditationRecord, at: Timestamp) -> String {
    let held = &record.accreditation;
    let objects = held.objects.map_or_else(String::new, |objects| format!(", for objects: {objects}"));
    format!(
        "accreditation {} by {} is in force until {}, for viewpoints: {}{objects}",
        held.id,
        record.by,
        record.until_at(at),
        record.viewpoints_at(at)
    )
}

fn lapsed(record: &AccreditationRecord, lapse: Lapse, at: Timestamp) -> String {
    let because = match lapse {
        Lapse::NotYet => format!("begins on {}", record.accreditation.from),
        Lapse::Expired => format!("ended on {}", record.until_at(at)),
        Lapse::Suspended => "is suspended".to_owned(),
        Lapse::Withdrawn => "is withdrawn".to_owned(),
    };
    format!("accreditation {} by {} {because}", record.accreditation.id, record.by)
}

/// Why the entity's verdicts are recognized, or why not.
fn recognized(site: &Site, question: &Question, at: Timestamp) -> Result<String, No> {
    if question.action.as_str() != RECOGNIZE {
        let message = format!("this action is not known here; ask whether an authority may: {RECOGNIZE}");
        return Err(No::told(message));
    }
    let signed_by = authority(site, &question.authority_id)?;
    let name = question.entity_id.as_str();
    let (peers, arrangements) = {
        let register = site.register();
        (register.peers(), register.arrangements())
    };
    let peer = peer(&peers, name, at).ok_or_else(|| No::absent(NOT_RECOGNIZED, Absence::Unknown))?;
    let scheme = did::scheme(&peer.genesis, question.resource.as_str());
    let scheme = scheme.ok_or_else(|| No::absent(NOT_RECOGNIZED, Absence::NoScheme))?;
    let relation = Relation {
        pair: Pair { from: &peer.registry, to: &site.registry.genesis.registry },
        origin: &peer.origin,
        signed_by: signed_by.as_ref(),
        scheme: &scheme,
        at,
    };
    accepted(acceptance(&arrangements, &relation))
}

/// The peer of this name at that time; whoever was expelled then is followed no more. A genesis names itself, but the rules let
/// no peer in that claims the name of another, or ours.
fn peer(peers: &[Arc<PeerRecord>], name: &str, at: Timestamp) -> Option<Arc<PeerRecord>> {
    let then = peers.iter().filter_map(|peer| peer.seen(&AsOf::shown_at(at)));
    then.filter(|peer| peer.expelled.is_none()).find(|peer| did::of_registry(&peer.genesis) == name)
}

fn accepted(acceptance: Option<Acceptance<'_>>) -> Result<String, No> {
    let Some(Acceptance { terms, rule, gap }) = acceptance else {
        return Err(No::absent(NOT_RECOGNIZED, Absence::NoScheme));
    };
    let place = format!("rule {} of arrangement {} (version {})", rule.id, terms.terms.id, terms.terms.version);
    match gap {
        None => Ok(format!("{place} is in force, for viewpoints: {}, for objects: {}", rule.viewpoints, rule.objects)),
        Some(gap) => Err(No::told(format!("{place}: {gap}"))),
    }
}
