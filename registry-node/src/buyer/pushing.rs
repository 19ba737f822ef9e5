//! A party tells one partner in Catena-X what becomes of the certificates that it offers to it, as CX-0135 has it.
//!
//! ```text
//! an event about a verdict of ours, an offer that is put, changed or removed, the node starts ──▶ look
//! look: what each certificate is for the partner (`buyer::certificate`) − what it was told (`buyer::lane`) ──▶ CREATED, MODIFIED or WITHDRAWN
//! ```
//!
//! Nothing is queued: what is owed follows from what is and from what was told, so that it outlives whatever the offer became meanwhile, and a
//! crash wherever it came. Out of scope: sending (`buyer::delivery`), which certificate a verdict is (`bridges::catena_x::edition`), and the
//! form of the news (`bridging`).

use std::collections::{BTreeMap, BTreeSet};

use bridges::Unanswerable;
use bridges::catena_x::LegalEntity;
use bridges::catena_x::edition::Stage;
use bytes::Bytes;
use conformity::ids::PartyId;
use serde::{Deserialize, Serialize};

use super::certificate::Certificate;
use super::lane::{Heard, Spot};
use super::offer::Offer;
use super::shelf::{Name, ShelfError};
use crate::bridging::{News, Told};
use crate::core::registry::Registry;

/// Who tells whom.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pushing {
    /// The party, by its business partner number.
    pub sender: LegalEntity,
    /// The partner.
    pub receiver: LegalEntity,
}

/// Why it was not found out what is told. It is tried again.
#[derive(Debug, thiserror::Error)]
pub enum Unpushed {
    /// An offer cannot be read.
    #[error(transparent)]
    Shelf(#[from] ShelfError),
    /// It does not fit the form: our own fault, for an offer is checked when it is put.
    #[error("news of a certificate could not be written: {0}")]
    Form(#[from] Unanswerable),
}

/// News for a partner.
pub struct Pushed {
    /// The same for the same news, whenever they are sent.
    pub id: String,
    /// The event.
    pub body: Bytes,
    /// How far the partner is once it took them.
    pub heard: Heard,
}

impl Pushing {
    /// What the partner is told next, if anything: it was told so far of each offer.
    ///
    /// # Errors
    /// [`Unpushed`].
    pub fn next(
        &self,
        registry: &Registry,
        owner: &PartyId,
        told: &BTreeMap<Name, Stage>,
    ) -> Result<Option<Pushed>, Unpushed> {
        let offers = registry.shelf.list::<Offer>(owner)?.into_iter().map(|one| one.name);
        let names: BTreeSet<Name> = offers.chain(told.keys().cloned()).collect();
        for name in names {
            let Some(certificate) = Certificate::of(registry, owner, &name)? else { continue };
            if let Some(news) = self.of(registry, name, &certificate, told)? {
                return Ok(Some(news));
            }
        }
        Ok(None)
    }

    fn of(
        &self,
        registry: &Registry,
        name: Name,
        certificate: &Certificate,
        told: &BTreeMap<Name, Stage>,
    ) -> Result<Option<Pushed>, Unpushed> {
        let owed = certificate.owed(&self.receiver, told.get(&name).copied(), registry.now());
        let Some(owed) = owed else { return Ok(None) };
        let news = News {
            verdict: &certificate.id,
            registry: &registry.config.registry.id,
            sender: &self.sender,
            receiver: &self.receiver,
        };
        let certificate_type = &certificate.offer.certificate_type;
        let written = match certificate.verdict(&self.receiver) {
            Some(verdict) => news.of(&owed.turn, &Told { certificate_type, valid_from: verdict.terms.valid_from }),
            None => news.withdrawal(&owed.turn),
        };
        let stage = owed.turn.edition.stage();
        let heard = Heard { offer: name, stage, is_last: owed.is_last, spot: Spot::of_entry(owed.turn.entry) };
        Ok(Some(Pushed { id: news.id(&owed.turn), body: written?.into(), heard }))
    }
}
