//! Subscriptions whose suppliers come from a list of their owner's: how many those may be, and what becomes of them when the list changes or is gone.

use std::collections::HashSet;
use std::sync::Arc;

use conformity::identifiers::Identifier;
use conformity::ids::PartyId;
use jiff::Timestamp;

use super::line::Line;
use super::{Dispatch, Key};
use crate::buyer::exposing::Exposing;
use crate::buyer::hindrance::Hindrance;
use crate::buyer::lane::Spot;
use crate::buyer::shelf::{Name, Shelf, ShelfError};
use crate::buyer::source::Source;
use crate::buyer::subscription::Subscription;

/// Suppliers that the watchlists of one owner's subscriptions may bring into the index.
pub(super) const MAX_WATCHED: usize = 200_000;
/// The same for all owners together: some hundred bytes each, and as many operations at a start.
pub(super) const MAX_WATCHED_BY_ALL: usize = 2_000_000;

/// Whether subscriptions may watch as much as is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Headroom {
    /// They may.
    Enough,
    /// The owner would watch more than one may.
    FullOfOwner,
    /// All together would.
    Full,
}

impl Dispatch {
    /// Whether so many suppliers on `source` are within what the owner's subscriptions, and all together, may watch; `asking`
    /// would name it, too. What is no more than before is always taken.
    pub fn headroom(&self, owner: &PartyId, source: &Source, suppliers: usize, asking: Option<&Name>) -> Headroom {
        let state = self.state();
        let (mut before, mut after) = (0, 0);
        let mut counted = false;
        for (key, line) in state.of(owner) {
            let is_asking = asking == Some(&key.name);
            counted |= is_asking;
            before += line.watched;
            after += if is_asking || line.source.as_ref() == Some(source) { suppliers } else { line.watched };
        }
        after += if asking.is_some() && !counted { suppliers } else { 0 };
        let all: usize = state.lines.values().map(|line| line.watched).sum();
        if after <= before {
            Headroom::Enough
        } else if after > MAX_WATCHED {
            Headroom::FullOfOwner
        } else if all - before + after > MAX_WATCHED_BY_ALL {
            Headroom::Full
        } else {
            Headroom::Enough
        }
    }

    /// The owner's `source` holds these suppliers now.
    pub fn follow(&self, owner: &PartyId, source: &Source, suppliers: &Arc<HashSet<Identifier>>) {
        let mut state = self.state();
        let named = |line: &Line| line.source.as_ref() == Some(source);
        let keys: Vec<Key> = state.of(owner).filter(|(_, line)| named(line)).map(|(key, _)| key.clone()).collect();
        for key in keys {
            state.watch(&key, suppliers);
        }
    }

    /// Has it looked at what the owner's partners in Catena-X are owed.
    pub fn push(&self, owner: &PartyId, now: Timestamp) {
        let mut state = self.state();
        let told = state.of(owner).filter(|(_, line)| line.subscription.certificates.is_some());
        let keys: Vec<Key> = told.map(|(key, _)| key.clone()).collect();
        for key in keys {
            // What is under way may tell what was so before.
            let (turn, mark) = (state.turn(), state.mark);
            if let Some(line) = state.lines.get_mut(&key) {
                line.turn = turn;
                line.lane.look(Spot::of_entry(mark));
            }
            state.changed.insert(key.owner.clone());
            state.schedule(&key, now);
        }
        self.sooner.notify_one();
    }

    /// A chain or policy of the owner's is gone: what names it is parked, so that its owner sees that nothing is told.
    pub fn lost(&self, owner: &PartyId, why: Hindrance, now: Timestamp, names: impl Fn(&Exposing) -> bool) {
        let mut state = self.state();
        let of_them = state.of(owner).filter(|(_, line)| line.subscription.exposure.as_ref().is_some_and(&names));
        let keys: Vec<Key> = of_them.map(|(key, _)| key.clone()).collect();
        for key in keys {
            state.park(&key, why, now);
        }
        self.sooner.notify_one();
    }
}

/// The suppliers of the list that a subscription names; nothing where there is none, or none is named.
///
/// # Errors
/// [`ShelfError`]: the vault cannot be read.
pub fn watched(
    shelf: &Shelf,
    owner: &PartyId,
    subscription: &Subscription,
) -> Result<Option<Arc<HashSet<Identifier>>>, ShelfError> {
    let Some(source) = subscription.source() else { return Ok(None) };
    Ok(source.suppliers(shelf, owner)?.map(Arc::new))
}
