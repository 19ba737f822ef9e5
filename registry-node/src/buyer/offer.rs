//! Verdicts that a party offers to its partners in Catena-X, each under the verdict's id, and what is left of such an offer.
//!
//! ```text
//! put, where nothing was ▶ a certificate begins          taken back, removed ▶ it ends; put again ▶ another begins
//! other type, other locations ▶ another certificate      other edition, issuer, words ▶ another issue of the same
//! a partner leaves the list ▶ it ends for that one       it comes back ▶ another certificate, for all
//! ```
//!
//! A removed offer stays as what it was, in another drawer: partners find for ever that its certificates were withdrawn, and no number of one is
//! given twice. Out of scope: which certificate a verdict is (`bridges::catena_x::edition`), and what partners find and are told
//! (`buyer::certificate`).

use std::collections::{BTreeMap, BTreeSet};

use bridges::Unanswerable;
use bridges::catena_x::edition::{Edition, Offering, edition};
use bridges::catena_x::record::{Location, LocationRole};
use bridges::catena_x::{LegalEntity, record};
use conformity::identifiers::Identifier;
use conformity::verdict::VerdictRecord;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::shelf::{Kept, Kind};

/// Most partners that an offer names, and that are remembered as having left.
const PARTNERS_MAX: usize = 1_000;
/// Most bytes of an offer, as sent.
pub const OFFER_BYTES: usize = 64 * 1024;

/// What of a member's verdict a certificate of this network needs that the verdict does not say.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Offer {
    /// What it is a certificate of, in the network's words.
    pub certificate_type: String,
    /// Which edition.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certificate_type_version: Option<String>,
    /// Where it holds.
    pub certified_locations: Vec<Location>,
    /// The body's number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issuer_bpn: Option<LegalEntity>,
    /// To whom alone it is offered; to whomever the connector lets in where none are named.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub partners: Vec<LegalEntity>,
    /// Whether the member took it back: partners are told so, as the standard wants.
    #[serde(default)]
    pub withdrawn: bool,
    /// Since when it is offered. The registry says so; what the member sends of it is passed over.
    #[serde(default)]
    pub offering: Offering,
    /// By which identifier the verdict knows the member. The registry says so, too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub supplier: Option<Identifier>,
    /// To whom it is offered no more, and so does this.
    #[serde(default, skip_serializing_if = "Left::is_empty")]
    pub left: Left,
}

/// Who was offered a certificate and is no more, and up to which one: they find that it was withdrawn.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Left {
    /// Everybody, where it was offered to whomever the connector lets in, or where more left than are remembered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    all: Option<u64>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    partners: BTreeMap<LegalEntity, u64>,
}

impl Left {
    fn is_empty(&self) -> bool {
        self.all.is_none() && self.partners.is_empty()
    }

    /// Up to which certificate this partner was offered them.
    pub fn of(&self, partner: &LegalEntity) -> Option<u64> {
        self.partners.get(partner).copied().max(self.all)
    }

    /// The same after these left, who had this certificate.
    fn and(mut self, partners: impl Iterator<Item = LegalEntity>, spell: u64) -> Left {
        self.partners.extend(partners.map(|partner| (partner, spell)));
        if self.partners.len() > PARTNERS_MAX {
            let newest = self.partners.into_values().max();
            return Left { all: self.all.max(newest), partners: BTreeMap::new() };
        }
        self
    }
}

impl Kept for Offer {
    // The bytes of one: as sent, and who left.
    const KIND: Kind =
        Kind { name: "certificate-offers", values: 64, value_bytes: 2 * OFFER_BYTES, all_bytes: 2 * 1024 * 1024 };
}

/// An offer that was removed: partners find that what it offered was withdrawn.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(transparent)]
pub struct EndedOffer(pub Offer);

impl Kept for EndedOffer {
    const KIND: Kind = Kind {
        name: "ended-certificate-offers",
        values: 1_024,
        value_bytes: 2 * OFFER_BYTES,
        all_bytes: 8 * 1024 * 1024,
    };
}

impl Offer {
    /// Refuses what could not become a certificate.
    ///
    /// # Errors
    /// [`Unanswerable`].
    pub fn checked(self) -> Result<Offer, Unanswerable> {
        record::kind(&self.certificate_type)?;
        self.certificate_type_version.iter().try_for_each(|edition| record::edition(edition))?;
        record::locations(&self.certified_locations)?;
        if self.partners.len() > PARTNERS_MAX {
            return Err(Unanswerable::TooMany { found: self.partners.len(), most: PARTNERS_MAX });
        }
        Ok(self)
    }

    /// The same of this verdict, in the place of `before`, put when the log had `size` entries.
    #[must_use]
    pub fn put_after(self, before: Option<&Offer>, verdict: &VerdictRecord, (size, now): (u64, Timestamp)) -> Offer {
        let supplier = Some(verdict.terms.supplier.id.clone());
        let new = Offering { from: size, until: self.withdrawn.then_some(size), ..Offering::default() };
        let Some(before) = before else { return Offer { offering: new, supplier, left: Left::default(), ..self } };
        let is_now = edition(verdict, before.offering, now);
        let (left, comes_back) = self.leaving(before, is_now);
        let again = before.offering.again.saturating_add(1);
        let offering = match (before.withdrawn, self.withdrawn) {
            // WITHDRAWN was its end for whoever read it.
            (true, false) => Offering { again, ..new },
            (true, true) => before.offering,
            (false, true) => Offering { until: Some(size), ..before.offering },
            (false, false) if comes_back || !self.is_same_certificate(before) => Offering { again, ..new },
            (false, false) => match is_now.filter(|edition| edition.stands() && !self.says_the_same(before)) {
                Some(edition) => Offering { from: size, earlier: edition.revision, ..before.offering },
                None => before.offering,
            },
        };
        Offer { offering, supplier, left, ..self }
    }

    /// The same once it is removed.
    #[must_use]
    pub fn ended(self, size: u64) -> Offer {
        let offering = Offering { until: self.offering.until.or(Some(size)), ..self.offering };
        Offer { withdrawn: true, offering, ..self }
    }

    /// Who left, where this offer takes the place of `before`; and whether somebody comes back, for whom what it had has ended.
    fn leaving(&self, before: &Offer, is_now: Option<Edition>) -> (Left, bool) {
        let listed: BTreeSet<&LegalEntity> = self.partners.iter().collect();
        let known: BTreeSet<&LegalEntity> = before.partners.iter().collect();
        let mut left = before.left.clone();
        let comes_back = match (known.is_empty(), listed.is_empty()) {
            (true, _) => false,
            (false, true) => !left.is_empty(),
            (false, false) => listed.difference(&known).any(|partner| left.of(partner).is_some()),
        };
        if listed.is_empty() {
            return (Left::default(), comes_back);
        }
        left.partners.retain(|partner, _| !listed.contains(partner));
        let Some(Edition { spell, .. }) = is_now else { return (left, comes_back) };
        if known.is_empty() {
            return (Left { all: Some(spell), partners: BTreeMap::new() }, comes_back);
        }
        (left.and(known.difference(&listed).copied().cloned(), spell), comes_back)
    }

    /// Whether it is of the same type, for the same places: another set of them is another certificate (CX-0135, section 2.2.1).
    fn is_same_certificate(&self, before: &Offer) -> bool {
        self.certificate_type == before.certificate_type && self.places() == before.places()
    }

    fn places(&self) -> BTreeSet<(&str, &str, Option<&str>, LocationRole)> {
        let all = self.certified_locations.iter();
        all.map(|one| (one.bpnl.as_str(), one.bpna.as_str(), one.bpns.as_deref(), one.location_role)).collect()
    }

    /// Whether a partner reads the same.
    fn says_the_same(&self, before: &Offer) -> bool {
        self.certificate_type_version == before.certificate_type_version
            && self.issuer_bpn == before.issuer_bpn
            && self.certified_locations == before.certified_locations
    }

    /// Whether it is offered to this partner.
    pub fn is_for(&self, partner: &LegalEntity) -> bool {
        self.partners.is_empty() || self.partners.contains(partner)
    }
}

#[cfg(test)]
mod tests;
