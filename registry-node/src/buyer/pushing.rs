//! A party tells one partner in Catena-X what becomes of the certificates that it offers to it, as CX-0135 has it.
//!
//! ```text
//! event about a verdict of ours ──offered to the partner, and another issue of it──▶ CREATED, MODIFIED or WITHDRAWN
//! offer that is put or taken back ──the entries that made it what it is, once more──▶ the same
//! ```
//!
//! What is told is what the partner finds at the node at that time: the offer as it is now, the verdict as everybody may see it. Out of scope:
//! sending (`buyer::delivery`), which certificate a verdict is (`bridges::catena_x::edition`), and the form of the news (`bridging`).

use std::sync::Arc;

use bridges::Unanswerable;
use bridges::catena_x::edition::{Edition, Turn, turns};
use bridges::catena_x::{LegalEntity, Lifecycle};
use bytes::Bytes;
use conformity::ids::{PartyId, VerdictId};
use conformity::records::Facts;
use conformity::standing::is_supplier;
use conformity::verdict::VerdictRecord;
use serde::{Deserialize, Serialize};

use super::lane::Spot;
use super::offer::Offer;
use super::shelf::{Name, ShelfError};
use crate::bridging::News;
use crate::core::event::{About, Event};
use crate::core::feed::FeedError;
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
    /// The offer cannot be read.
    #[error(transparent)]
    Shelf(#[from] ShelfError),
    /// The log cannot be read.
    #[error(transparent)]
    Feed(#[from] FeedError),
    /// It does not fit the form: our own fault, for an offer is checked when it is put.
    #[error("news of a certificate could not be written: {0}")]
    Form(#[from] Unanswerable),
}

/// News for a partner.
pub struct Pushed {
    /// The same for the same news, whenever they are sent.
    pub id: String,
    /// One event, or several in an array, where an entry ends a certificate and begins another.
    pub body: Bytes,
}

impl Pushing {
    /// What the event means to the partner, if anything. `again` where it was chosen to be sent for what became of the offer.
    ///
    /// # Errors
    /// [`Unpushed`].
    pub fn news(
        &self,
        registry: &Registry,
        owner: &PartyId,
        event: &Event,
        again: bool,
    ) -> Result<Option<Pushed>, Unpushed> {
        let here = &registry.config.registry.id;
        let Some(About::Verdict(about)) = &event.about else { return Ok(None) };
        let Some(name) =
            Some(&about.verdict).filter(|verdict| verdict.registry == *here).and_then(|verdict| named(&verdict.id))
        else {
            return Ok(None);
        };
        let offer = registry.shelf.value::<Offer>(owner, &name)?.map(|shelved| shelved.value);
        let Some(offer) = offer.filter(|offer| offer.is_for(&self.receiver)) else { return Ok(None) };
        let Some(verdict) = offered(registry, owner, &about.verdict.id) else { return Ok(None) };
        let told: Vec<Turn> = match (offer.withdrawn, again) {
            (false, _) => {
                turns(&verdict, offer.offering).into_iter().filter(|turn| turn.entry == event.index).collect()
            }
            (true, true) => turns(&verdict, offer.offering).last().map(|turn| withdrawn(*turn)).into_iter().collect(),
            // That it was taken back is told already.
            (true, false) => Vec::new(),
        };
        let news = News {
            verdict: &verdict,
            registry: here,
            certificate_type: &offer.certificate_type,
            sender: &self.sender,
            receiver: &self.receiver,
        };
        let Some(last) = told.last() else { return Ok(None) };
        let written = told.iter().map(|turn| news.of(turn)).collect::<Result<Vec<_>, _>>()?;
        let body = match &written[..] {
            [one] => Bytes::copy_from_slice(one),
            several => [&b"["[..], &several.join(&b","[..]), b"]"].concat().into(),
        };
        Ok(Some(Pushed { id: news.id(last), body }))
    }
}

fn withdrawn(turn: Turn) -> Turn {
    Turn { edition: Edition { became: Lifecycle::Withdrawn, ..turn.edition }, ..turn }
}

fn named(verdict: &VerdictId) -> Option<Name> {
    verdict.as_str().parse().ok()
}

/// The verdict, where it is on the party and everybody may see it.
pub fn offered(registry: &Registry, owner: &PartyId, id: &VerdictId) -> Option<Arc<VerdictRecord>> {
    let register = registry.read_model.register();
    let verdict = register.verdict(id).filter(|verdict| verdict.terms.profile.is_public())?;
    is_supplier(&register.party(owner)?.party.identifiers, &verdict).then_some(verdict)
}

/// Where the events are that made an offer what it is: that its certificate began, and what became of it last. None where there was no
/// certificate to tell of.
///
/// # Errors
/// [`Unpushed`]: the log cannot be read.
pub fn places(registry: &Registry, owner: &PartyId, id: &VerdictId, offer: &Offer) -> Result<Vec<Spot>, Unpushed> {
    let Some(verdict) = offered(registry, owner, id) else { return Ok(Vec::new()) };
    let turns = turns(&verdict, offer.offering);
    let Some(last) = turns.last().filter(|last| last.edition.stands()) else { return Ok(Vec::new()) };
    let begun = turns.iter().find(|turn| turn.edition.spell == last.edition.spell).filter(|_| !offer.withdrawn);
    let mut entries: Vec<u64> = begun.into_iter().chain([last]).map(|turn| turn.entry).collect();
    entries.dedup();
    let mut spots = Vec::new();
    for index in entries {
        let read = registry.feed.next(index)?;
        let is_it = |event: &&Event| matches!(&event.about, Some(About::Verdict(about)) if about.verdict.id == *id);
        let found = read.first().and_then(|entry| entry.iter().find(is_it));
        spots.extend(found.map(|event| Spot { index, position: event.position }));
    }
    Ok(spots)
}
