//! What a member offers, as certificates: its verdicts, as everybody may see them.
//!
//! A verdict that is not public is not offered; its supplier shows it to a party by a consent. Out of scope: which certificate a verdict is
//! (`bridges::catena_x::edition`), and the form of a record (`bridges::catena_x::record`).

use std::sync::Arc;

use bridges::catena_x::Lifecycle;
use bridges::catena_x::edition::{CertificateId, Edition, edition};
use bridges::catena_x::record::{Record, Reference, Verified};
use conformity::ids::{VerdictId, VerdictRef};
use conformity::records::Facts;
use conformity::standing::is_supplier;
use conformity::time::Day;
use conformity::verdict::VerdictRecord;

use super::super::answer::JSON;
use super::super::ask::Ask;
use super::super::code;
use super::super::consented;
use super::super::site::Site;
use super::Between;
use crate::buyer::offer::Offer;
use crate::buyer::shelf::Name;
use crate::problem::Problem;

/// A certificate that is offered to a partner.
pub(super) enum Offered {
    /// It holds.
    Holds(Box<Record>),
    /// It held, and was withdrawn.
    Withdrawn,
}

/// Everything that holds and is offered to this partner.
pub(super) fn all(site: &Site, ask: &Ask, between: &Between) -> Result<Vec<Record>, Problem> {
    let listed = site.registry.shelf.list::<Offer>(&between.member).map_err(|error| code::kept(&error))?;
    let mut records = Vec::new();
    for one in listed {
        let Some(found) = found(site, ask, between, &one.name)? else { continue };
        let standing = found.edition(site).filter(Edition::stands);
        records.extend(standing.and_then(|edition| found.record(site, edition)));
    }
    Ok(records)
}

/// The certificate of this name; nothing where none is, or was, offered to this partner.
pub(super) fn one(site: &Site, ask: &Ask, between: &Between, id: &CertificateId) -> Result<Option<Offered>, Problem> {
    let Ok(name) = id.verdict.as_str().parse() else { return Ok(None) };
    let Some(found) = found(site, ask, between, &name)? else { return Ok(None) };
    let Some(newest) = found.edition(site) else { return Ok(None) };
    Ok(match id.spell {
        spell if spell > newest.spell => None,
        spell if spell < newest.spell || !newest.stands() => Some(Offered::Withdrawn),
        _ => found.record(site, newest).map(|record| Offered::Holds(Box::new(record))),
    })
}

/// A verdict with its offer.
struct Found {
    offer: Offer,
    verdict: Arc<VerdictRecord>,
}

/// What the member offers under this name, where it is this partner's to see, everybody's, and about the member.
fn found(site: &Site, ask: &Ask, between: &Between, name: &Name) -> Result<Option<Found>, Problem> {
    let offer = site.registry.shelf.value::<Offer>(&between.member, name).map_err(|error| code::kept(&error))?;
    let offer = offer.map(|shelved| shelved.value).filter(|offer| offer.is_for(&between.partner));
    let (Some(offer), Ok(id)) = (offer, name.as_str().parse::<VerdictId>()) else { return Ok(None) };
    // Whoever comes through a connector sees as the public.
    let Some((verdict, _)) = consented::look(site, ask, &id) else { return Ok(None) };
    let member = site.register().party(&between.member);
    let own = member.is_some_and(|record| is_supplier(&record.party.identifiers, &verdict));
    Ok(own.then_some(Found { offer, verdict }))
}

impl Found {
    /// What it is now; nothing where it was never in force.
    fn edition(&self, site: &Site) -> Option<Edition> {
        let edition = edition(&self.verdict, self.offer.offering, site.registry.now())?;
        Some(if self.offer.withdrawn { Edition { became: Lifecycle::Withdrawn, ..edition } } else { edition })
    }

    /// As a record; nothing where its issuer is not known here any more, or its words do not fit the form.
    fn record(&self, site: &Site, edition: Edition) -> Option<Record> {
        let VerdictRecord { terms, now, history } = &*self.verdict;
        let id = CertificateId { verdict: terms.verdict.clone(), spell: edition.spell };
        let config = &site.registry.config.registry;
        let verdict = VerdictRef { registry: config.id.clone(), id: terms.verdict.clone() };
        Some(Record {
            revision: edition.revision,
            scheme: self.offer.certificate_type.clone(),
            edition: self.offer.certificate_type_version.clone(),
            registration: verdict.to_string(),
            valid_from: terms.valid_from.date(),
            valid_until: now.valid_until.map(Day::date),
            verified: if terms.provenance.self_declared().is_some() { Verified::Low } else { Verified::High },
            area: now.scope.to_string(),
            locations: self.offer.certified_locations.clone(),
            issuer: site.register().party(&now.issuer)?.party.name.to_string(),
            issuer_number: self.offer.issuer_bpn.as_ref().map(ToString::to_string),
            validator: config.name.clone(),
            document: Reference { id: id.document(), created: Day::of(history.last()?.at).date(), media_type: JSON },
            id: id.to_string(),
        })
    }
}
