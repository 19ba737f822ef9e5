//! What a member offers, as certificates: its verdicts, as everybody may see them.
//!
//! A verdict that is not public is not offered; its supplier shows it to a party by a consent. Out of scope: which certificate a verdict is for
//! a partner (`buyer::certificate`), and the form of a record (`bridges::catena_x::record`).

use bridges::catena_x::edition::{CertificateId, Edition};
use bridges::catena_x::record::{Record, Reference, Verified};
use conformity::ids::VerdictRef;
use conformity::records::Facts;
use conformity::time::Day;
use conformity::verdict::VerdictRecord;

use super::super::answer::JSON;
use super::super::site::Site;
use super::Between;
use crate::buyer::certificate::Certificate;
use crate::buyer::offer::Offer;
use crate::problem::Problem;

/// A certificate that is offered to a partner.
pub(super) enum Offered {
    /// It holds.
    Holds(Box<Record>),
    /// It held, and was withdrawn.
    Withdrawn,
}

/// Everything that holds and is offered to this partner.
pub(super) fn all(site: &Site, between: &Between) -> Result<Vec<Record>, Problem> {
    let (registry, Between { member, partner }) = (&site.registry, between);
    let mut records = Vec::new();
    for one in registry.shelf.list::<Offer>(member)? {
        let Some(found) = Certificate::of(registry, member, &one.name)? else { continue };
        let standing = found.edition(partner, registry.now()).filter(Edition::stands);
        records.extend(standing.and_then(|edition| record(site, between, &found, edition)));
    }
    Ok(records)
}

/// The certificate of this name; nothing where none is, or was, offered to this partner.
pub(super) fn one(site: &Site, between: &Between, id: &CertificateId) -> Result<Option<Offered>, Problem> {
    let (registry, Between { member, partner }) = (&site.registry, between);
    let Ok(name) = id.verdict.as_str().parse() else { return Ok(None) };
    let Some(found) = Certificate::of(registry, member, &name)? else { return Ok(None) };
    let Some(newest) = found.edition(partner, registry.now()) else { return Ok(None) };
    Ok(match id.spell {
        spell if spell > newest.spell => None,
        spell if spell < newest.spell || !newest.stands() => Some(Offered::Withdrawn),
        _ => record(site, between, &found, newest).map(|record| Offered::Holds(Box::new(record))),
    })
}

/// As a record; nothing where its issuer is not known here any more, or its words do not fit the form.
fn record(site: &Site, between: &Between, found: &Certificate, edition: Edition) -> Option<Record> {
    let Certificate { offer, .. } = found;
    let verdict = found.verdict(&between.partner)?;
    let VerdictRecord { terms, now, history } = verdict;
    let id = CertificateId { verdict: terms.verdict.clone(), spell: edition.spell };
    let config = &site.registry.config.registry;
    let verdict = VerdictRef { registry: config.id.clone(), id: terms.verdict.clone() };
    let record = Record {
        revision: edition.revision,
        scheme: offer.certificate_type.clone(),
        edition: offer.certificate_type_version.clone(),
        registration: verdict.to_string(),
        valid_from: terms.valid_from.date(),
        valid_until: now.valid_until.map(Day::date),
        verified: if terms.provenance.self_declared().is_some() { Verified::Low } else { Verified::High },
        area: now.scope.to_string(),
        locations: offer.certified_locations.clone(),
        issuer: site.register().party(&now.issuer)?.party.name.to_string(),
        issuer_number: offer.issuer_bpn.as_ref().map(ToString::to_string),
        validator: config.name.clone(),
        document: Reference { id: id.document(), created: Day::of(history.last()?.at).date(), media_type: JSON },
        id: id.to_string(),
    };
    // Offers of before the form was checked whole, and words of a verdict that this form has no place for.
    record.value().is_ok().then_some(record)
}
