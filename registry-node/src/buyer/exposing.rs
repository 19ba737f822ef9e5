//! That somebody wants to be told what a change does to its supply chain, and the port through which those who tell find it out.
//!
//! ```text
//! entry ──touches suppliers of the chain──▶ how they stood after what touched them last ─┐
//!                                           how they stand after it ─────────────────────┴─▶ nothing moved, or one exposure
//! ```
//!
//! In scope: what is asked for, and what an exposure is to those who send it. Out of scope: judging (`http::exposures`), and sending
//! (`buyer::delivery`).

use std::sync::Arc;

use bytes::Bytes;
use conformity::ids::PartyId;
use procurement::TradingStep;
use serde::{Deserialize, Serialize};

use super::hindrance::Hindrance;
use super::lane::Spot;
use super::shelf::Name;
use crate::core::event::Event;

/// A supply chain and a policy of one's own: what a change does to the one by the other is told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Exposing {
    /// The chain.
    pub supply_chain: Name,
    /// The policy.
    pub policy: Name,
    /// The step at which every link is looked at.
    #[serde(default = "usual_step")]
    pub step: TradingStep,
}

/// The step at which a chain is looked at unless another is named.
pub const fn usual_step() -> TradingStep {
    TradingStep::Order
}

/// What an entry does to a chain, as a CloudEvent.
#[derive(Debug, Clone)]
pub struct Exposed {
    /// Where it stands: at its entry, whichever of its events touch the chain in this version.
    pub spot: Spot,
    /// The CloudEvent's id: the same bytes have the same, whenever they are made.
    pub id: String,
    /// The CloudEvent.
    pub json: Bytes,
}

/// Why it was not found out what an entry does.
#[derive(Debug)]
pub enum Unjudged {
    /// Nothing is found out for this chain and policy until their owner does something.
    Stuck(Hindrance),
    /// What the entry there does takes more than may be read for it; what others do, does not.
    Never(Spot, Hindrance),
    /// The log or the vault could not be read: what the operator needs to know of it.
    Later(String),
    /// Others ask for too much at the moment.
    Busy,
}

/// Finding out what entries do to chains.
pub trait Exposures: Send + Sync {
    /// The first exposure at `from` or behind it that these entries bring about, which are in order and touch the chain. Of an entry there is one at most.
    /// Waits for the disk, and takes the time that judging does; the same question has the same answer as long as chain and policy stay.
    ///
    /// # Errors
    /// [`Unjudged`]; whoever asks tries again later, or tells the owner.
    fn first(
        &self,
        owner: &PartyId,
        asked: &Exposing,
        entries: &[Arc<[Event]>],
        from: Spot,
    ) -> Result<Option<Exposed>, Unjudged>;
}
