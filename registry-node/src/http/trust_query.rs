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
use conformity::recognition::{Acceptance, GapKind, Relation, acceptance};
use conformity::records::Facts;
use conformity::standing::Absence;
use conformity::words::{Language, Params, trust_query};
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

/// Where nothing was found, whatever the reason: who is unknown, hidden or not entitled looks alike.
const NOT_AUTHORIZED: &str = "not-authorized";
const NOT_RECOGNIZED: &str = "not-recognized";

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

/// What an answer says beside yes or no.
struct Message {
    code: &'static str,
    params: Params,
    gap: Option<GapKind>,
}

impl Message {
    fn new(code: &'static str, params: Params) -> Self {
        Self { code, params, gap: None }
    }

    fn words(&self, language: Language) -> String {
        let words = trust_query(self.code, language, &self.params);
        match &self.gap {
            Some(gap) => format!("{words}: {}", gap.words(language)),
            None => words,
        }
    }
}

/// Why the answer is no.
struct No {
    message: Message,
    absence: Option<Absence>,
}

impl No {
    /// There is something, and it does not hold; or the question is none that is answered here.
    fn told(message: Message) -> Self {
        Self { message, absence: None }
    }

    fn absent(code: &'static str, absence: Absence) -> Self {
        Self { message: Message::new(code, Params::default()), absence: Some(absence) }
    }
}

/// `POST /authorization`
pub(super) fn authorization(site: &Site, question: &Question, language: Language) -> Result<Response, Problem> {
    let now = site.registry.now();
    answered(question, Outcome::Authorized, authorized(site, question, question.at(now)?), now, language)
}

/// `POST /recognition`
pub(super) fn recognition(site: &Site, question: &Question, language: Language) -> Result<Response, Problem> {
    let now = site.registry.now();
    answered(question, Outcome::Recognized, recognized(site, question, question.at(now)?), now, language)
}

/// The protocol has one message, and no way to ask for its language but HTTP's own.
fn answered(
    question: &Question,
    outcome: fn(bool) -> Outcome,
    told: Result<Message, No>,
    now: Timestamp,
    language: Language,
) -> Result<Response, Problem> {
    let outcome = outcome(told.is_ok());
    let No { message, absence } = told.map_or_else(|no| no, No::told);
    let answer = answer::json(&Answer {
        entity_id: &question.entity_id,
        authority_id: &question.authority_id,
        action: &question.action,
        resource: &question.resource,
        outcome,
        time_requested: question.time(),
        // As long for one answer as for another.
        time_evaluated: format!("{now:.3}"),
        message: message.words(language),
        absence,
        context: question.context.as_ref(),
    })?;
    Ok(answer::in_language(answer, language))
}

/// Why the entity is authorized, or why not.
fn authorized(site: &Site, question: &Question, at: Timestamp) -> Result<Message, No> {
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
        No::told(Message::new("unknown-activity", Params::default().with("may", words.join(", "))))
    })
}

/// The authority whose word is asked for: the whole registry's, or one party's.
fn authority(site: &Site, name: &Short) -> Result<Option<PartyId>, No> {
    let genesis = &site.registry.genesis;
    match did::named(genesis, name.as_str()) {
        Some(Named::Registry) => Ok(None),
        Some(Named::Party(id)) => Ok(Some(id)),
        None => {
            let message = Message::new("elsewhere", Params::default().with("own", did::of_registry(genesis)));
            Err(No { message, absence: Some(Absence::Unknown) })
        }
    }
}

fn in_force(record: &AccreditationRecord, at: Timestamp) -> Message {
    let params = named(record).with("until", record.until_at(at)).with("viewpoints", record.viewpoints_at(at));
    let objects = record.accreditation.objects;
    let params = objects.map_or(params.clone(), |objects| params.with("objects", objects));
    Message::new("in-force", params)
}

fn lapsed(record: &AccreditationRecord, lapse: Lapse, at: Timestamp) -> Message {
    let params = named(record);
    match lapse {
        Lapse::NotYet => Message::new("not-yet", params.with("from", record.accreditation.from)),
        Lapse::Expired => Message::new("expired", params.with("until", record.until_at(at))),
        Lapse::Suspended => Message::new("suspended", params),
        Lapse::Withdrawn => Message::new("withdrawn", params),
    }
}

fn named(record: &AccreditationRecord) -> Params {
    Params::default().with("accreditation", &record.accreditation.id).with("by", &record.by)
}

/// Why the entity's verdicts are recognized, or why not.
fn recognized(site: &Site, question: &Question, at: Timestamp) -> Result<Message, No> {
    if question.action.as_str() != RECOGNIZE {
        return Err(No::told(Message::new("unknown-action", Params::default().with("may", RECOGNIZE))));
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
    let then = peers.iter().filter_map(|peer| peer.seen(&AsOf::known_then(at)));
    then.filter(|peer| peer.expelled.is_none()).find(|peer| did::of_registry(&peer.genesis) == name)
}

fn accepted(acceptance: Option<Acceptance<'_>>) -> Result<Message, No> {
    let Some(Acceptance { terms, rule, gap }) = acceptance else {
        return Err(No::absent(NOT_RECOGNIZED, Absence::NoScheme));
    };
    let place = Params::default().with("rule", &rule.id).with("arrangement", &terms.terms.id);
    let place = place.with("version", terms.terms.version);
    match gap {
        None => {
            let params = place.with("viewpoints", rule.viewpoints).with("objects", rule.objects);
            Ok(Message::new("rule-in-force", params))
        }
        Some(gap) => Err(No::told(Message { gap: Some(gap), ..Message::new("rule-lacks", place) })),
    }
}
