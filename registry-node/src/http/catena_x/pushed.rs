//! Subscriptions by which a member tells partners of its certificates: what becomes of them when an offer or a subscription is put.
//!
//! Out of scope: what is told (`buyer::pushing`), and sending it.

use std::sync::Arc;

use conformity::ids::{PartyId, VerdictId};

use super::super::code;
use super::super::site::Site;
use crate::buyer::dispatch::Key;
use crate::buyer::offer::Offer;
use crate::buyer::pushing::{self, Unpushed};
use crate::buyer::shelf::Name;
use crate::buyer::source::Source;
use crate::problem::Problem;

/// Has events about what the member offers now looked at for its partners.
pub(super) fn follow(site: &Site, member: &PartyId) -> Result<(), Problem> {
    let suppliers = Source::Offers.suppliers(&site.registry.shelf, member)?.unwrap_or_default();
    site.registry.dispatch.follow(member, &Source::Offers, &Arc::new(suppliers));
    Ok(())
}

/// Has what became of an offer told to all partners, or by the subscription of this name alone.
pub(super) fn tell(
    site: &Site,
    member: &PartyId,
    (id, offer): (&VerdictId, &Offer),
    to: Option<&Name>,
) -> Result<(), Problem> {
    let registry = &site.registry;
    let places = pushing::places(registry, member, id, offer).map_err(unread)?;
    registry.dispatch.push(member, &places, to, registry.now());
    // What is answered outlives the node.
    registry.dispatch.keep().map_err(|error| code::kept(&error))
}

/// Has what the member offers told by a subscription that was put: its partner learns what there is.
pub(in super::super) fn introduce(site: &Site, key: &Key) -> Result<(), Problem> {
    let shelf = &site.registry.shelf;
    for one in shelf.list::<Offer>(&key.owner)? {
        let offer = shelf.value::<Offer>(&key.owner, &one.name)?.map(|shelved| shelved.value);
        let (Some(offer), Ok(id)) = (offer.filter(|offer| !offer.withdrawn), one.name.as_str().parse()) else {
            continue;
        };
        tell(site, &key.owner, (&id, &offer), Some(&key.name))?;
    }
    Ok(())
}

fn unread(error: Unpushed) -> Problem {
    match error {
        Unpushed::Shelf(error) => code::kept(&error),
        error => code::internal("what partners are to be told could not be read", &error),
    }
}
