//! Where the suppliers of a subscription come from, beside those that its conditions name: a list that its owner keeps.
//!
//! Out of scope: what is made of them (`buyer::dispatch`).

use std::collections::HashSet;

use conformity::identifiers::Identifier;
use conformity::ids::PartyId;

use super::offer::Offer;
use super::shelf::{Name, Shelf, ShelfError};
use super::supply_chain::SupplyChain;
use super::watchlist::Watchlist;

/// A list of its owner's, by the name that it has there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// A watchlist.
    Watchlist(Name),
    /// A supply chain.
    SupplyChain(Name),
    /// What it offers in Catena-X: itself, as the verdicts know it.
    Offers,
}

impl Source {
    /// The suppliers on it; nothing where there is no such list.
    ///
    /// # Errors
    /// [`ShelfError`]: the vault cannot be read.
    pub fn suppliers(&self, shelf: &Shelf, owner: &PartyId) -> Result<Option<HashSet<Identifier>>, ShelfError> {
        Ok(match self {
            Self::Watchlist(name) => shelf.value::<Watchlist>(owner, name)?.map(|list| list.value.suppliers()),
            Self::Offers => {
                let mut suppliers = HashSet::new();
                for one in shelf.list::<Offer>(owner)? {
                    suppliers.extend(shelf.value::<Offer>(owner, &one.name)?.and_then(|offer| offer.value.supplier));
                }
                Some(suppliers)
            }
            // It was read when it was put.
            Self::SupplyChain(name) => {
                let chain = shelf.value::<SupplyChain>(owner, name)?.and_then(|kept| kept.value.chain().ok());
                chain.map(|chain| SupplyChain::followed(&chain))
            }
        })
    }
}
