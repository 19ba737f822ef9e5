//! What a member offers, as certificates: its verdicts, as everybody may see them.
//!
//! ```text
//! V-1 granted ▶ V-1.1, revision 1 ── extended ▶ V-1.1, revision 2 ── suspended ▶ V-1.1 WITHDRAWN ── restored ▶ V-1.2, revision 1
//! ```
//!
//! The standard has no way back from WITHDRAWN: what is restored is another certificate. A verdict that is not public is not offered; its
//! supplier shows it to a party by a consent. Out of scope: the form of a record (`bridges::catena_x::record`).

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use bridges::catena_x::record::{Record, Reference, Verified};
use conformity::ids::{VerdictId, VerdictRef};
use conformity::lapsed::BasisChange;
use conformity::records::Facts;
use conformity::standing::is_supplier;
use conformity::time::Day;
use conformity::verdict::{Change, Happening, HistoryItem, VerdictRecord};

use super::super::answer::JSON;
use super::super::ask::Ask;
use super::super::code;
use super::super::consented;
use super::super::site::Site;
use super::Between;
use super::kept::Offer;
use crate::buyer::shelf::Name;
use crate::problem::Problem;

/// What ends the name of a certificate's document.
const PROOF: &str = ".proof";

/// What a certificate of ours is called: its verdict, and the how-manieth time that it is in force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct CertificateId {
    pub(super) verdict: VerdictId,
    spell: usize,
}

impl CertificateId {
    /// What its document is called.
    pub(super) fn document(&self) -> String {
        format!("{self}{PROOF}")
    }

    /// The certificate whose document is called so.
    pub(super) fn of_document(name: &str) -> Option<CertificateId> {
        name.strip_suffix(PROOF)?.parse().ok()
    }
}

impl fmt::Display for CertificateId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.verdict, self.spell)
    }
}

impl FromStr for CertificateId {
    type Err = ();

    fn from_str(text: &str) -> Result<CertificateId, ()> {
        let (verdict, spell) = text.rsplit_once('.').ok_or(())?;
        let id = CertificateId { verdict: verdict.parse().map_err(drop)?, spell: spell.parse().map_err(drop)? };
        // One certificate has one name: not 01, nor +1.
        if id.to_string() == text { Ok(id) } else { Err(()) }
    }
}

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
        records.extend(found.record(site).filter(|_| found.holds(site)));
    }
    Ok(records)
}

/// The certificate of this name; nothing where none is, or was, offered to this partner.
pub(super) fn one(site: &Site, ask: &Ask, between: &Between, id: &CertificateId) -> Result<Option<Offered>, Problem> {
    let Ok(name) = id.verdict.as_str().parse() else { return Ok(None) };
    let Some(found) = found(site, ask, between, &name)? else { return Ok(None) };
    let (newest, _) = found.edition();
    Ok(match id.spell {
        spell if spell == 0 || spell > newest => None,
        spell if spell < newest || !found.holds(site) => Some(Offered::Withdrawn),
        _ => found.record(site).map(|record| Offered::Holds(Box::new(record))),
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
    fn holds(&self, site: &Site) -> bool {
        !self.offer.withdrawn && self.verdict.now.is_in_force(site.registry.now())
    }

    /// The how-manieth time that it is in force, and which issue of that, both from 1.
    fn edition(&self) -> (usize, u64) {
        let (mut spell, mut revision) = (1, 0);
        for item in self.verdict.history.iter().filter(|item| item.voided.is_none()) {
            (spell, revision) = if begins(item) { (spell + 1, 1) } else { (spell, revision + 1) };
        }
        (spell, revision)
    }

    /// As a record; nothing where its issuer is not known here any more, or its words do not fit the form.
    fn record(&self, site: &Site) -> Option<Record> {
        let VerdictRecord { terms, now, history } = &*self.verdict;
        let (spell, revision) = self.edition();
        let id = CertificateId { verdict: terms.verdict.clone(), spell };
        let config = &site.registry.config.registry;
        let verdict = VerdictRef { registry: config.id.clone(), id: terms.verdict.clone() };
        Some(Record {
            revision,
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

/// Whether a verdict may be in force again from there on.
fn begins(item: &HistoryItem) -> bool {
    match &item.what {
        Happening::Changed(Change::Restored) | Happening::Confirmed(_) => true,
        Happening::BasisChanged(change) => matches!(**change, BasisChange::Holds(_)),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_certificate_has_one_name() {
        let id: CertificateId = "self.V-1.2".parse().unwrap();
        assert_eq!((id.verdict.as_str(), id.spell), ("self.V-1", 2));
        assert_eq!(CertificateId::of_document(&id.document()), Some(id));
        for other in ["V-1", "V-1.", "V-1.01", "V-1.+1", ".1", "V-1.1/", "V-1.99999999999999999999"] {
            assert_eq!(other.parse::<CertificateId>(), Err(()), "{other}");
        }
    }
}
