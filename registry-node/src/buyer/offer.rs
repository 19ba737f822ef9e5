//! Verdicts that a party offers to its partners in Catena-X, each under the verdict's id.
//!
//! Out of scope: which certificate a verdict is (`bridges::catena_x::edition`), and what partners find (`http::catena_x`).

use bridges::Unanswerable;
use bridges::catena_x::edition::Offering;
use bridges::catena_x::record::Location;
use bridges::catena_x::{LegalEntity, record};
use conformity::identifiers::Identifier;
use serde::{Deserialize, Serialize};

use super::shelf::{Kept, Kind};

/// Most partners that an offer names.
const PARTNERS_MAX: usize = 1_000;

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
}

impl Kept for Offer {
    const KIND: Kind = Kind { name: "certificate-offers", values: 64, value_bytes: 64 * 1024, all_bytes: 1024 * 1024 };
}

impl Offer {
    /// Refuses what could not become a certificate.
    ///
    /// # Errors
    /// [`Unanswerable`].
    pub fn checked(self) -> Result<Offer, Unanswerable> {
        record::kind(&self.certificate_type)?;
        record::locations(&self.certified_locations)?;
        if self.partners.len() > PARTNERS_MAX {
            return Err(Unanswerable::TooMany { found: self.partners.len(), most: PARTNERS_MAX });
        }
        Ok(self)
    }

    /// The same of a verdict on this supplier, in the place of `before`, put when the log had `size` entries.
    #[must_use]
    pub fn put_after(self, before: Option<&Offer>, supplier: &Identifier, size: u64) -> Offer {
        let offering = match before {
            None => Offering { again: 0, from: size },
            // WITHDRAWN was its end for whoever read it.
            Some(before) if before.withdrawn && !self.withdrawn => {
                Offering { again: before.offering.again.saturating_add(1), from: size }
            }
            Some(before) => before.offering,
        };
        Offer { offering, supplier: Some(supplier.clone()), ..self }
    }

    /// Whether it is offered to this partner.
    pub fn is_for(&self, partner: &LegalEntity) -> bool {
        self.partners.is_empty() || self.partners.contains(partner)
    }
}
