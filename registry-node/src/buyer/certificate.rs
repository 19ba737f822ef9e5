//! A verdict that a party offers in Catena-X, as one of its partners finds it and is told of it.
//!
//! ```text
//! offered, and to this partner    ▶ what became of the verdict (`bridges::catena_x::edition`)
//! offered to it no more           ▶ the one that it had is withdrawn, and so it stays
//! the verdict is not on the party any more, or not everybody's to see ▶ withdrawn
//! ```
//!
//! What a partner finds and what it is told is the same, for both are asked here. Out of scope: the forms (`bridges`), and sending.

use std::sync::Arc;

use bridges::catena_x::edition::{Edition, Stage, Turn, next, turns};
use bridges::catena_x::{LegalEntity, Lifecycle};
use conformity::ids::{PartyId, VerdictId};
use conformity::records::Facts;
use conformity::standing::is_supplier;
use conformity::verdict::VerdictRecord;
use jiff::Timestamp;

use super::offer::{EndedOffer, Offer};
use super::shelf::{Name, ShelfError};
use crate::core::registry::Registry;

/// A verdict with its offer.
pub struct Certificate {
    /// The verdict's id.
    pub id: VerdictId,
    /// The offer.
    pub offer: Offer,
    /// When that was put.
    put: Timestamp,
    /// Whether the offer was removed.
    is_removed: bool,
    /// The verdict, where it is known here.
    verdict: Option<Arc<VerdictRecord>>,
    /// Whether it is on the party, and everybody may see it.
    is_offered: bool,
}

/// What a partner is told next.
pub struct Owed {
    /// What became of it.
    pub turn: Turn,
    /// Whether nothing more is ever told of this offer.
    pub is_last: bool,
}

/// The verdict, where it is on the party and everybody may see it.
pub fn offered(registry: &Registry, owner: &PartyId, id: &VerdictId) -> Option<Arc<VerdictRecord>> {
    let register = registry.read_model.register();
    let verdict = register.verdict(id).filter(|verdict| verdict.terms.profile.is_public())?;
    is_supplier(&register.party(owner)?.party.identifiers, &verdict).then_some(verdict)
}

impl Certificate {
    /// What `owner` offers under this name, or did.
    ///
    /// # Errors
    /// [`ShelfError`].
    pub fn of(registry: &Registry, owner: &PartyId, name: &Name) -> Result<Option<Certificate>, ShelfError> {
        let Ok(id) = name.as_str().parse::<VerdictId>() else { return Ok(None) };
        let live = registry.shelf.value::<Offer>(owner, name)?.map(|kept| (kept.value, kept.changed, false));
        let found = match live {
            Some(live) => Some(live),
            None => {
                let ended = registry.shelf.value::<EndedOffer>(owner, name)?;
                ended.map(|kept| (kept.value.0, kept.changed, true))
            }
        };
        let Some((offer, put, is_removed)) = found else { return Ok(None) };
        let offered = offered(registry, owner, &id);
        let is_offered = offered.is_some();
        let verdict = offered.or_else(|| registry.read_model.register().verdict(&id));
        Ok(Some(Certificate { id, offer, put, is_removed, verdict, is_offered }))
    }

    /// The verdict, where this partner finds it: it is offered to it.
    pub fn verdict(&self, partner: &LegalEntity) -> Option<&VerdictRecord> {
        self.verdict.as_deref().filter(|_| self.is_offered && self.offer.is_for(partner))
    }

    /// What it is for this partner; nothing where it never was in force, or never offered to it.
    pub fn edition(&self, partner: &LegalEntity, now: Timestamp) -> Option<Edition> {
        if !self.offer.is_for(partner) {
            return self.offer.left.of(partner).map(|spell| self.end(Stage::begun(spell)).edition);
        }
        let edition = turns(self.verdict.as_deref()?, self.offer.offering, now).last()?.edition;
        Some(if self.is_offered { edition } else { edition.ended() })
    }

    /// What this partner is told next, who was told so far.
    pub fn owed(&self, partner: &LegalEntity, told: Option<Stage>, now: Timestamp) -> Option<Owed> {
        let turn = match self.verdict(partner) {
            Some(verdict) => next(&turns(verdict, self.offer.offering, now), told)?,
            None => self.end(told.filter(|told| !told.ended)?),
        };
        Some(Owed { turn, is_last: self.is_removed && !turn.edition.stands() })
    }

    /// That the certificate of which a partner was told has ended, by what its holder did.
    fn end(&self, told: Stage) -> Turn {
        let revision = told.revision.max(1);
        let edition = Edition { spell: told.spell, revision, became: Lifecycle::Withdrawn };
        Turn { entry: self.offer.offering.from, at: self.put, edition, valid_until: None }
    }
}
