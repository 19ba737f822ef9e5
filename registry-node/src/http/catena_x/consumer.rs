//! The standard's API of who gets certificates: news of a partner's, and what the member makes of them.
//!
//! A certificate becomes evidence on the member's shelf, never a verdict. The document in it is not kept.

use std::collections::BTreeMap;

use bridges::catena_x::{FULFILLMENT, LIFECYCLE};
use bridges::{Document, Evidence};
use serde::Serialize;
use warp::reply::Response;

use super::super::answer;
use super::super::ask::Ask;
use super::super::code::{self, Code};
use super::super::own::Sent;
use super::super::site::Site;
use super::kept::{About, Exchange, Fault, Foreign, Judgement, Outcome};
use super::{Between, OF_PARTNER_MAX, events, unnamed};
use crate::buyer::shelf::{Condition, Kept as _, Listed, Name, ShelfError};
use crate::problem::Problem;

/// What exchanges that a partner opened are called, beside those that it asked us to open.
const THEIRS: &str = "theirs";

/// `POST /v1/catena-x/certificate-notifications`
pub(in super::super) fn notified(site: &Site, ask: &Ask, sent: &Sent) -> Result<Response, Problem> {
    let between = Between::of(ask)?;
    let documents = events(ask, sent, &between, &[LIFECYCLE, FULFILLMENT])?;
    // No request leaves from here, so that there is none whose fulfilment could be told.
    for document in documents.iter().filter(|document| document.form == LIFECYCLE) {
        if let Some(evidence) = &document.evidence {
            take(site, &between, document, evidence)?;
        }
    }
    Ok(answer::done())
}

/// Takes in what one event says. Sent again, it comes to the same.
fn take(site: &Site, between: &Between, document: &Document, evidence: &Evidence) -> Result<(), Problem> {
    let (shelf, now) = (&site.registry.shelf, site.registry.now());
    let name = between.name(&evidence.id).map_err(unnamed)?;
    let event =
        Foreign { partner: between.partner.clone(), received: now, evidence: evidence.clone(), judgement: None };
    let there = shelf.value::<Foreign>(&between.member, &name).map_err(|error| code::kept(&error))?;
    let before = there.as_ref().map(|there| there.value.clone());
    let (value, condition) = match there {
        Some(there) => (there.value.after(event), Condition::Exactly(there.version)),
        None => (event, Condition::Absent),
    };
    // What changes nothing costs the member no writing.
    if before.as_ref() != Some(&value) {
        has_room(site, between, &name)?;
        let put = shelf.put(&between.member, &name, &value, condition, now);
        put.map_err(|error| match error {
            ShelfError::Changed => Problem::busy(Code::Busy.as_str(), "news of the same certificate came at once", 1),
            error => code::kept(&error),
        })?;
    }
    if document.envelope.reference.is_empty() {
        return Ok(());
    }
    let exchange = Exchange {
        exchange_id: document.envelope.reference.clone(),
        partner: between.partner.clone(),
        certificate_id: evidence.id.clone(),
        opened: now,
        about: About::Theirs,
    };
    keep(site, between, &exchange_name(between, &exchange.exchange_id)?, &exchange)
}

/// One partner does not take the room of others.
fn has_room(site: &Site, between: &Between, name: &Name) -> Result<(), Problem> {
    let listed = site.registry.shelf.list::<Foreign>(&between.member).map_err(|error| code::kept(&error))?;
    let others = listed.iter().filter(|one| one.name != *name && between.is_of_partner(&one.name)).count();
    if others < OF_PARTNER_MAX {
        return Ok(());
    }
    Err(code::kept(&ShelfError::TooMany { kind: "certificates of one partner", most: OF_PARTNER_MAX }))
}

/// Keeps an exchange; the oldest of the same partner makes room, and where there are too many in all the oldest of whoever has most: it is
/// over, or nobody asks any more.
pub(super) fn keep(site: &Site, between: &Between, name: &Name, exchange: &Exchange) -> Result<(), Problem> {
    let (shelf, member) = (&site.registry.shelf, &between.member);
    let listed = shelf.list::<Exchange>(member).map_err(|error| code::kept(&error))?;
    let others: Vec<&Listed> = listed.iter().filter(|one| one.name != *name).collect();
    if let Some(oldest) = too_many(&others, between) {
        shelf.remove::<Exchange>(member, &oldest.name, Condition::Any).map_err(|error| code::kept(&error))?;
    }
    let put = shelf.put(member, name, exchange, Condition::Any, site.registry.now());
    put.map(drop).map_err(|error| code::kept(&error))
}

/// Which of these exchanges makes room for one more.
fn too_many<'a>(others: &[&'a Listed], between: &Between) -> Option<&'a Listed> {
    let mut by_partner: BTreeMap<&str, Vec<&Listed>> = BTreeMap::new();
    for one in others {
        by_partner.entry(Between::partner_in(&one.name)).or_default().push(one);
    }
    let of_partner = by_partner.get(between.partner.as_str()).filter(|kept| kept.len() >= OF_PARTNER_MAX);
    let most = || by_partner.values().max_by_key(|kept| kept.len());
    let full = of_partner.or_else(|| if others.len() >= Exchange::KIND.values { most() } else { None });
    full.into_iter().flatten().min_by_key(|one| one.changed).copied()
}

fn exchange_name(between: &Between, id: &str) -> Result<Name, Problem> {
    between.name(&format!("{THEIRS} {id}")).map_err(unnamed)
}

/// What the member makes of a certificate.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Status {
    exchange_id: String,
    certificate_id: String,
    status: Outcome,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<Fault>,
}

/// `GET /v1/catena-x/certificate-acceptance-status/{exchange}`
pub(in super::super) fn acceptance_status(site: &Site, ask: &Ask) -> Result<Response, Problem> {
    let between = Between::of(ask)?;
    let shelf = &site.registry.shelf;
    let name = exchange_name(&between, &ask.value::<String>()?)?;
    let exchange = shelf.value::<Exchange>(&between.member, &name).map_err(|error| code::kept(&error))?;
    let Exchange { exchange_id, certificate_id, .. } = exchange.ok_or_else(Problem::not_found)?.value;
    let name = between.name(&certificate_id).map_err(unnamed)?;
    let foreign = shelf.value::<Foreign>(&between.member, &name).map_err(|error| code::kept(&error))?;
    let judgement = foreign.and_then(|shelved| shelved.value.judgement);
    let taken_in = Judgement { status: Outcome::Retrieved, errors: Vec::new() };
    let Judgement { status, errors } = judgement.unwrap_or(taken_in);
    answer::json(&Status { exchange_id, certificate_id, status, errors })
}
