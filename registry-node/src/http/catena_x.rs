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
//! and sending: nothing is pushed to partners from here.

mod consumer;
mod kept;
mod offered;
pub(super) mod own;
mod provider;

pub(super) use consumer::{acceptance_status, notified};
pub(super) use provider::{accepted, certificate, document, request_status, requested, search};

use bridges::catena_x::{CatenaX, LegalEntity};
use bridges::{Bridge as _, Document};
use conformity::ids::PartyId;

use super::ask::{Ask, bad_parameter};
use super::code;
use super::consented::party;
use super::own::Sent;
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
/// Most events of one body: each is written for itself.
const EVENTS_MAX: usize = 64;
/// How many certificates, and how many exchanges, are kept of one partner.
const OF_PARTNER_MAX: usize = 64;

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

/// The events of a body: all of these kinds, and all of this partner's.
fn events(ask: &Ask, sent: &Sent, between: &Between, kinds: &[&str]) -> Result<Vec<Document>, Problem> {
    let documents = read(ask, &sent.body)?;
    if documents.len() > EVENTS_MAX {
        return Err(code::bad_body(format_args!("at most {EVENTS_MAX} events in one body")));
    }
    for document in &documents {
        if !kinds.contains(&document.form.as_str()) {
            return Err(code::bad_body(format_args!("this path takes events of the type {}", kinds.join(" or "))));
        }
        if document.envelope.sender.id != between.partner.as_str() {
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
