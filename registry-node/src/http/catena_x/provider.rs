//! The standard's API of who has certificates: they are asked for, looked for, read, and accepted or not.

use bridges::catena_x::edition::CertificateId;
use bridges::catena_x::record::{Record, withdrawn};
use bridges::catena_x::{ACCEPTANCE, Query, REQUEST, Unsearchable};
use bridges::{Document, Evidence, PartyIdentifier};
use conformity::ids::VerdictRef;
use serde::Serialize;
use serde_json::Value;
use warp::http::StatusCode;
use warp::reply::Response;

use super::super::answer::{self, JSON, Keep};
use super::super::ask::Ask;
use super::super::code;
use super::super::inquiry;
use super::super::own::Sent;
use super::super::proofs;
use super::super::site::Site;
use super::intake::Intake;
use super::kept::{About, Exchange, Fault, Outcome};
use super::offered::{self, Offered};
use super::{Between, events, read, unnamed};
use crate::bridging;
use crate::buyer::shelf::Name;
use crate::problem::Problem;

/// What exchanges that a partner asked for are called.
const OURS: &str = "ours";
/// Why a request is declined.
const DECLINED: &str = "no certificate of this type is offered to you for these locations";

/// What became of a request.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Status {
    exchange_id: String,
    certificate_id: String,
    revision: u64,
    status: &'static str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<Fault>,
}

impl Status {
    fn of(exchange: Exchange) -> Option<Status> {
        let About::Ours { revision, fulfilled, .. } = exchange.about else { return None };
        let declined = Fault { message: DECLINED.to_owned(), specifier: None };
        Some(Status {
            exchange_id: exchange.exchange_id,
            certificate_id: exchange.certificate_id,
            revision,
            status: if fulfilled { "FULFILLED" } else { "DECLINED" },
            errors: if fulfilled { Vec::new() } else { vec![declined] },
        })
    }
}

/// `POST /v1/catena-x/certificate-requests`: it is there or it is not, so that the first answer is the last.
pub(in super::super) fn requested(site: &Site, ask: &Ask, sent: &Sent) -> Result<Response, Problem> {
    let between = Between::of(ask)?;
    let documents = read(ask, &sent.body)?;
    let [document] = documents.as_slice() else { return Err(not_asked()) };
    let Some(wanted) = document.evidence.as_ref().filter(|_| document.form == REQUEST) else { return Err(not_asked()) };
    let fits = |record: &Record| {
        Some(&record.scheme) == wanted.scheme.as_ref() && record.covers(places(document, wanted).into_iter())
    };
    let found = offered::all(site, &between)?.into_iter().find(fits);
    let exchange_id = uuid::Uuid::now_v7().to_string();
    let exchange = Exchange {
        // The standard wants a name where there is no certificate, too; nothing is ever found under this one.
        certificate_id: found.as_ref().map_or_else(|| format!("none-{exchange_id}"), |record| record.id.clone()),
        about: About::Ours {
            revision: found.as_ref().map_or(1, |record| record.revision),
            fulfilled: found.is_some(),
            outcome: None,
            errors: Vec::new(),
        },
        partner: between.partner.clone(),
        opened: site.registry.now(),
        exchange_id,
    };
    let name = exchange_name(&between, &exchange.exchange_id)?;
    site.registry.shelf.change(&between.member, |shelf| {
        Intake::new(shelf, &between, site.registry.now()).exchange(&name, &exchange)
    })?;
    let mut response = answer::json(&Status::of(exchange))?;
    *response.status_mut() = StatusCode::ACCEPTED;
    Ok(response)
}

fn not_asked() -> Problem {
    code::bad_body("this path takes one request: certificateType and certifiedLocations")
}

/// Every place that a request names: sites and addresses, and legal entities.
fn places<'d>(document: &'d Document, wanted: &'d Evidence) -> Vec<&'d str> {
    let entities = document.parties.iter().flat_map(|party| &party.identifiers).map(|identifier| match identifier {
        PartyIdentifier::Unread { value, .. } => value.as_str(),
        PartyIdentifier::Known(identifier) => identifier.value(),
    });
    wanted.sites.iter().map(String::as_str).chain(entities).collect()
}

/// `GET /v1/catena-x/certificate-requests/{exchange}`
pub(in super::super) fn request_status(site: &Site, ask: &Ask) -> Result<Response, Problem> {
    let between = Between::asking(site, ask)?;
    let name = exchange_name(&between, &ask.value::<String>()?)?;
    let exchange = site.registry.shelf.value::<Exchange>(&between.member, &name)?.ok_or_else(Problem::not_found)?;
    answer::json(&Status::of(exchange.value).ok_or_else(Problem::not_found)?)
}

fn exchange_name(between: &Between, id: &str) -> Result<Name, Problem> {
    between.name(&format!("{OURS} {id}")).map_err(unnamed)
}

/// `POST /v1/catena-x/certificates/search`
pub(in super::super) fn search(site: &Site, ask: &Ask, asked: &inquiry::Asked) -> Result<Response, Problem> {
    // Counted before its body was read.
    let between = Between::of(ask)?;
    let query = Query::read(&asked.body).map_err(|error| match error {
        Unsearchable::Refused(refusal) => code::bad_body(refusal.words(ask.language())),
        Unsearchable::NotSupported(_) => code::search_not_offered(&error),
    })?;
    let records = offered::all(site, &between)?;
    let found: Vec<Value> = records.iter().filter(|record| query.finds(record)).map(told).collect::<Result<_, _>>()?;
    answer::json(&found)
}

fn told(record: &Record) -> Result<Value, Problem> {
    record.value().map_err(|error| code::internal("a certificate could not be written", &error))
}

/// `GET /v1/catena-x/certificates/{certificate}`
pub(in super::super) fn certificate(site: &Site, ask: &Ask) -> Result<Response, Problem> {
    let between = Between::asking(site, ask)?;
    let id: CertificateId = ask.value::<String>()?.parse().map_err(|_| Problem::not_found())?;
    match offered::one(site, &between, &id)?.ok_or_else(Problem::not_found)? {
        Offered::Holds(record) => answer::json(&told(&record)?),
        Offered::Withdrawn => answer::json(&withdrawn(&id.to_string())),
    }
}

/// `GET /v1/catena-x/documents/{certificate}`: the bundle by which the verdict can be checked without this registry.
pub(in super::super) fn document(site: &Site, ask: &Ask) -> Result<Response, Problem> {
    let between = Between::asking(site, ask)?;
    let id = CertificateId::of_document(&ask.value::<String>()?).ok_or_else(Problem::not_found)?;
    let Some(Offered::Holds(_)) = offered::one(site, &between, &id)? else { return Err(Problem::not_found()) };
    let verdict = VerdictRef { registry: site.registry.config.registry.id.clone(), id: id.verdict };
    let made = proofs::made(site, ask, &verdict, None)?;
    made.record(site, ask)?;
    Ok(answer::bytes(JSON, made.bytes, Keep::No))
}

/// `POST /v1/catena-x/certificate-acceptance-notifications`: all of a body counts, or nothing.
pub(in super::super) fn accepted(site: &Site, ask: &Ask, sent: &Sent) -> Result<Response, Problem> {
    let between = Between::of(ask)?;
    let documents = events(site, (ask, &sent.body), &between, &[ACCEPTANCE])?;
    let told = documents.iter().map(|document| told_of(site, &between, document)).collect::<Result<Vec<_>, _>>()?;
    // Each sees what was made of the same exchange before, in this body or in another that came at once.
    site.registry.shelf.change(&between.member, |shelf| {
        let mut intake = Intake::new(shelf, &between, site.registry.now());
        documents.iter().zip(told).try_for_each(|(document, told)| conclude(&mut intake, document, told))
    })?;
    Ok(answer::done())
}

/// The exchange that was opened where the partner was told of the certificate, which follows from what that is called: it is kept once the partner
/// says what it makes of it.
fn told_of(site: &Site, between: &Between, document: &Document) -> Result<Option<Exchange>, Problem> {
    let Some(Ok(id)) = document.evidence.as_ref().map(|evidence| evidence.id.parse::<CertificateId>()) else {
        return Ok(None);
    };
    let exchange_id = bridging::exchange(&site.registry.config.registry.id, &id, &between.partner);
    if exchange_id != document.envelope.reference || offered::one(site, between, &id)?.is_none() {
        return Ok(None);
    }
    Ok(Some(Exchange {
        exchange_id,
        partner: between.partner.clone(),
        certificate_id: id.to_string(),
        opened: site.registry.now(),
        about: About::Ours { revision: 1, fulfilled: true, outcome: None, errors: Vec::new() },
    }))
}

/// Keeps what the partner made of its certificate. Its end is its end: what is told again must be the same.
fn conclude(intake: &mut Intake<'_, '_>, document: &Document, told: Option<Exchange>) -> Result<(), Problem> {
    let name = exchange_name(intake.between, &document.envelope.reference)?;
    let kept = intake.shelf.value::<Exchange>(&name)?.map(|kept| kept.value);
    let mut exchange = kept.or(told).ok_or_else(Problem::not_found)?;
    let evidence = document.evidence.as_ref().filter(|evidence| evidence.id == exchange.certificate_id);
    let said = evidence.and_then(|evidence| Some((Outcome::named(evidence.status.as_deref()?)?, &evidence.errors)));
    let (status, why) = said.ok_or_else(|| code::bad_body("the exchange is about another certificate"))?;
    if status.explains() && why.is_empty() {
        return Err(code::bad_body("errors: say why it is rejected or in error"));
    }
    let About::Ours { fulfilled: true, outcome, errors, .. } = &mut exchange.about else {
        return Err(code::bad_body("the exchange brought no certificate, and there is nothing to accept"));
    };
    match outcome {
        None | Some(Outcome::Retrieved) => (*outcome, *errors) = (Some(status), Fault::some(why)),
        Some(ended) if *ended == status || status == Outcome::Retrieved => return Ok(()),
        Some(_) => return Err(code::bad_body("the exchange has ended otherwise; ask for the certificate again")),
    }
    intake.exchange(&name, &exchange)
}
