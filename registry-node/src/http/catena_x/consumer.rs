//! The standard's API of who gets certificates: news of a partner's, and what the member makes of them.
//!
//! A certificate becomes evidence on the member's shelf, never a verdict. The document in it is not kept.

use bridges::catena_x::{FULFILLMENT, LIFECYCLE};
use bridges::{Document, Evidence};
use serde::Serialize;
use warp::reply::Response;

use super::super::answer;
use super::super::ask::Ask;
use super::super::own::Sent;
use super::super::site::Site;
use super::intake::Intake;
use super::kept::{About, Exchange, Fault, Foreign, Judgement, Outcome};
use super::{Between, events, unnamed};
use crate::buyer::shelf::{Condition, Name};
use crate::problem::Problem;

/// What exchanges that a partner opened are called, beside those that it asked us to open.
const THEIRS: &str = "theirs";

/// `POST /v1/catena-x/certificate-notifications`: all of a body is kept, or nothing.
pub(in super::super) fn notified(site: &Site, ask: &Ask, sent: &Sent) -> Result<Response, Problem> {
    let between = Between::of(ask)?;
    let documents = events(site, (ask, &sent.body), &between, &[LIFECYCLE, FULFILLMENT])?;
    site.registry.shelf.change(&between.member, |shelf| {
        let mut intake = Intake::new(shelf, &between, site.registry.now());
        // No request leaves from here, so that there is none whose fulfilment could be told.
        let mut told = documents.iter().filter(|document| document.form == LIFECYCLE);
        told.try_for_each(|document| {
            document.evidence.as_ref().map_or(Ok(()), |evidence| take(&mut intake, document, evidence))
        })
    })?;
    Ok(answer::done())
}

/// Takes in what one event says. Sent again, it comes to the same, and what changes nothing costs the member no writing.
fn take(intake: &mut Intake<'_, '_>, document: &Document, evidence: &Evidence) -> Result<(), Problem> {
    let Intake { between, now, .. } = *intake;
    let name = between.name(&evidence.id).map_err(unnamed)?;
    let event = Foreign::told(between.partner.clone(), evidence.clone(), now);
    match intake.shelf.value::<Foreign>(&name)? {
        None => intake.certificate(&name, &event, Condition::Absent)?,
        Some(there) => {
            let after = there.value.clone().after(event);
            if after != there.value {
                intake.certificate(&name, &after, Condition::Exactly(there.version))?;
            }
        }
    }
    if document.envelope.reference.is_empty() {
        return Ok(());
    }
    let exchange = Exchange {
        exchange_id: document.envelope.reference.clone(),
        partner: between.partner.clone(),
        certificate_id: evidence.id.clone(),
        opened: now,
        about: About::Theirs { judgement: None },
    };
    let name = exchange_name(between, &exchange.exchange_id)?;
    let there = intake.shelf.value::<Exchange>(&name)?;
    if there.is_some_and(|there| there.value.certificate_id == exchange.certificate_id) {
        return Ok(());
    }
    intake.exchange(&name, &exchange)
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

/// `GET /v1/catena-x/certificate-acceptance-status/{exchange}`; nothing of a certificate that the member keeps no more.
pub(in super::super) fn acceptance_status(site: &Site, ask: &Ask) -> Result<Response, Problem> {
    let between = Between::asking(site, ask)?;
    let shelf = &site.registry.shelf;
    let name = exchange_name(&between, &ask.value::<String>()?)?;
    let exchange = shelf.value::<Exchange>(&between.member, &name)?;
    let Exchange { exchange_id, certificate_id, about, .. } = exchange.ok_or_else(Problem::not_found)?.value;
    let name = between.name(&certificate_id).map_err(unnamed)?;
    shelf.value::<Foreign>(&between.member, &name)?.ok_or_else(Problem::not_found)?;
    let About::Theirs { judgement } = about else { return Err(Problem::not_found()) };
    let taken_in = Judgement { status: Outcome::Retrieved, errors: Vec::new() };
    let Judgement { status, errors } = judgement.unwrap_or(taken_in);
    answer::json(&Status { exchange_id, certificate_id, status, errors })
}
