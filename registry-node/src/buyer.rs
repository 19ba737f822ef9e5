//! What a party keeps at its registry for itself alone, and what is made of it.
//!
//! In scope: the private store, watchlists, subscriptions, exposures, what is offered to partners, and telling subscribers. Out of scope: who asks over which door (`http`).

pub mod certificate;
pub mod cursor;
pub mod delivery;
pub mod dispatch;
pub mod exposing;
pub mod hindrance;
pub mod lane;
pub mod offer;
pub mod outbound;
mod own_address;
pub mod pushing;
pub mod shelf;
pub mod signals;
pub mod source;
pub mod subscription;
pub mod supply_chain;
pub mod watched;
pub mod watchlist;
pub mod webhook;
