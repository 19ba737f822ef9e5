//! CX-0135, third edition: what a party's data-space connector passes on to us, under the standard's own paths.
//!
//! ```text
//! partner ──▶ connector of the member ──TLS with the member's certificate, Edc-Bpn: BPNL…──▶ /v1/catena-x/…
//!   POST certificate-notifications             news of the partner's certificates ▶ evidence, for the member alone
//!   GET  certificate-acceptance-status/{id}    what the member makes of one
//!   POST certificate-requests                  is there a certificate of the member's?
//!   GET  certificate-requests/{id}             the same, asked again
//!   POST certificates/search                   those that the member offers
//!   GET  certificates/{id}, documents/{id}     one of them, and its proof
//!   POST certificate-acceptance-notifications  what the partner makes of one
//! ```
//!
//! The certificate of the connection says whose connector it is, the header which partner it let in: the word of the member, about its own
//! affairs. A request with this header is answered here alone, and what it is shown of the register is what everybody may see: a partner
//! never gets the member's own sight. Out of scope: the forms (`bridges::catena_x`), contracts and policies, which the connector keeps,
//! and sending what is told to partners (`buyer::pushing`).

mod consumer;
mod intake;
mod kept;
mod offered;
pub(super) mod own;
mod provider;

pub(super) use consumer::{acceptance_status, notified};
pub(super) use provider::{accepted, certificate, document, request_status, requested, search};

use bridges::catena_x::{CatenaX, LegalEntity, NUMBERS};
use bridges::{Bridge as _, Document, Envelope};
use bytes::Bytes;
use conformity::ids::PartyId;
use serde::Serialize;
use warp::http::HeaderValue;
use warp::http::header::CONTENT_TYPE;
use warp::reply::Response;

use super::answer::JSON;
use super::ask::{Ask, bad_parameter};
use super::code::{self, Code};
use super::consented::party;
use super::holders::Quotas;
use super::site::Site;
use crate::buyer::shelf::{Name, NameError};
use crate::problem::Problem;

/// Where all of these paths are.
pub(super) const BASE: &str = "/v1/catena-x/";
/// The header by which a connector says whom it let in.
pub(super) const PARTNER: &str = "edc-bpn";
/// What is asked for is answered with 202 there, as the standard has it.
pub(super) const REQUESTS: &str = "/v1/catena-x/certificate-requests";
/// Media types of events.
pub(super) const EVENTS: &[&str] =
    &["application/cloudevents+json", "application/cloudevents-batch+json", "application/json"];
/// Most events of one body.
const EVENTS_MAX: u32 = 64;
/// How many questions and events one partner may send a member at once, and per second in the long run.
const PARTNER_EACH: (f64, f64) = (128.0, 8.0);
/// The same of all partners of a member together, whatever numbers its connector names.
const CONNECTOR_EACH: (f64, f64) = (512.0, 32.0);

/// Bodies that may come through all connectors of a node, at once and per second in the long run: each may have to wait for the disk.
const NODE_BODIES: (f64, f64) = (1_024.0, 128.0);

/// How often partners may still ask and send: apart from what a member itself does, which none of them spends.
pub(super) struct Partners {
    each: Quotas<(PartyId, LegalEntity)>,
    all: Quotas<PartyId>,
    bodies: Quotas<()>,
}

impl Default for Partners {
    fn default() -> Self {
        let bodies = Quotas::new(NODE_BODIES);
        Self { each: Quotas::new(PARTNER_EACH), all: Quotas::new(CONNECTOR_EACH), bodies }
    }
}

/// Whether whoever came through a connector may send one body more now. Counted before that is read, and once, however often it is
/// looked at.
pub(super) fn admit(site: &Site, ask: &Ask) -> Result<(), Problem> {
    Between::asking(site, ask)?;
    if site.partners.bodies.take_of((), 1.0, site.registry.now()) {
        return Ok(());
    }
    Err(Problem::busy(Code::Busy.as_str(), "much is sent through the connectors of this node; send it again", 1))
}

/// A refusal as the standard has it: JSON with a `message`, beside the members of a problem.
#[derive(Serialize)]
struct Refused<'a> {
    message: &'a str,
    #[serde(flatten)]
    problem: &'a Problem,
}

/// What is answered at `path`: on the standard's paths a problem has the form that the standard names, so that its clients find the reason.
pub(super) fn refused(path: &str, response: Response) -> Response {
    let Some(problem) = response.extensions().get::<Problem>().filter(|_| path.starts_with(BASE)) else {
        return response;
    };
    // Strings and numbers only: it always has a JSON form.
    let body = serde_json::to_vec(&Refused { message: &problem.detail, problem }).unwrap_or_default();
    let (mut head, _) = response.into_parts();
    head.headers.insert(CONTENT_TYPE, HeaderValue::from_static(JSON));
    Response::from_parts(head, Bytes::from(body).into())
}

/// The member whose connector asks, and the partner that it let in.
struct Between {
    member: PartyId,
    partner: LegalEntity,
}

impl Between {
    fn of(ask: &Ask) -> Result<Between, Problem> {
        let member = party(ask)?;
        let named = ask.partner().and_then(|value| value.to_str().ok());
        let named = named.ok_or_else(|| bad_parameter("Edc-Bpn", "the connector says here which partner it let in"))?;
        let partner = named.parse().map_err(|error| bad_parameter("Edc-Bpn", error))?;
        Ok(Between { member, partner })
    }

    /// The same, of a question that counts.
    fn asking(site: &Site, ask: &Ask) -> Result<Between, Problem> {
        let between = Between::of(ask)?;
        between.spend(site, 1)?;
        Ok(between)
    }

    /// Counts so many questions or events.
    fn spend(&self, site: &Site, count: u32) -> Result<(), Problem> {
        let (Partners { each, all, .. }, now) = (&site.partners, site.registry.now());
        let pair = (self.member.clone(), self.partner.clone());
        // Who is refused for what others send has spent nothing, nor has it taken of theirs who is refused for its own.
        if all.has(&self.member, count.into(), now)
            && each.take_of(pair, count.into(), now)
            && all.take_of(self.member.clone(), count.into(), now)
        {
            return Ok(());
        }
        let detail = "partners ask and send too much; at most eight events a second of one in the long run";
        Err(Problem::busy(Code::Busy.as_str(), detail, 10))
    }

    /// What something of this partner's is called on the member's shelf. Nobody else's can have that name.
    fn name(&self, id: &str) -> Result<Name, NameError> {
        let digest = ledger::digest::Digest::of(id.as_bytes()).to_string();
        format!("{}.{}", self.partner, digest.split_at(32).0).parse()
    }

    /// Whether something of this name is of this partner.
    fn is_of_partner(&self, name: &Name) -> bool {
        Self::partner_in(name) == self.partner.as_str()
    }

    /// Of which partner something of this name is.
    fn partner_in(name: &Name) -> &str {
        name.as_str().split_once('.').map_or("", |(partner, _)| partner)
    }
}

/// The events of a body: all of these kinds, and all of this partner's. The first of them was counted when the body was taken.
fn events(
    site: &Site,
    (ask, body): (&Ask, &[u8]),
    between: &Between,
    kinds: &[&str],
) -> Result<Vec<Document>, Problem> {
    let documents = read(ask, body)?;
    let count = u32::try_from(documents.len()).unwrap_or(u32::MAX);
    if count > EVENTS_MAX {
        return Err(code::bad_body(format_args!("at most {EVENTS_MAX} events in one body")));
    }
    between.spend(site, count.saturating_sub(1))?;
    for document in &documents {
        if !kinds.contains(&document.form.as_str()) {
            return Err(code::bad_body(format_args!("this path takes events of the type {}", kinds.join(" or "))));
        }
        let Envelope { sender, .. } = &document.envelope;
        if sender.list != NUMBERS || sender.id != between.partner.as_str() {
            return Err(code::other_sender());
        }
    }
    Ok(documents)
}

fn read(ask: &Ask, body: &[u8]) -> Result<Vec<Document>, Problem> {
    let reading = CatenaX.read(body).map_err(|refusal| code::bad_body(refusal.words(ask.language())))?;
    Ok(reading.documents)
}

/// A name that is made of a number and digits is always one.
fn unnamed(error: NameError) -> Problem {
    code::internal("something of a partner's could not be named", &error)
}
