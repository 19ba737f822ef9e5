//! Documents of trading networks that exist already, read for one question: how does this partner stand at this step of a trade?
//!
//! ```text
//! bytes ──Bridge::read──▶ Reading { documents: kind, reference, step, parties … }      Refusal { place, fault } ◀──┘
//!                               │  whoever answers looks the parties up
//!                               ▼
//! Document + Answer { findings } ──Bridge::answer──▶ bytes in the network's own form    Unanswerable ◀──┘
//! ```
//!
//! In scope: one adapter for each network, all with the shape of [`Bridge`]; what they have in common. Out of scope: how a partner
//! stands and what is advised (`conformity`, `procurement`), who may ask (the edge), and carrying bytes: AS2, AS4, Peppol access
//! points and data-space connectors are the edge's. This crate is pure: no clock, no files, no network, no threads; limits on size,
//! count and depth come before parsing. The formats are described in `docs/spec/bridges.md`.

mod answer;
pub mod catena_x;
pub mod cloud_event;
pub mod cross_industry;
mod document;
pub mod edifact;
mod json;
pub mod list;
mod names;
mod place;
mod refusal;
mod scheme;
pub mod table;
pub mod ubl;
mod words;
pub mod xml;

pub use answer::{Answer, EXPLANATION_MAX, FINDINGS_MAX, Finding, PROOF_MAX, Stated, Unanswerable};
pub use document::{
    Address, Document, Envelope, Evidence, Flaw, Involved, Kind, Network, Notice, Noticed, Party, PartyIdentifier,
    Reading, Role, Unread,
};
pub use names::UnknownNetwork;
pub use place::Place;
pub use refusal::{Fault, Refusal};

/// The most bytes of one input: an interchange, a document, a message, a list.
pub const INPUT_MAX: usize = 4 * 1024 * 1024;
/// The most documents in one input.
pub const DOCUMENTS_MAX: usize = 1_000;
/// The most parties in one document.
pub const PARTIES_MAX: usize = 200;

/// A trading network's documents, in both directions.
///
/// Contract: both functions depend on their arguments alone. `read` takes all of the input or refuses it at its first fault, with the
/// place; what it does not know but need not know (a message type, a code list) passes with a [`Notice`] or as it stands
/// ([`PartyIdentifier::Unread`]), and is never guessed at. `answer` takes a document that the same bridge read. It never says
/// more than the step allows (`TradingStep::allows`), whatever the caller found, and never accepts or rejects an order, a delivery or
/// an invoice, which is its reader's business; a certificate is accepted or rejected, where its network asks for that. Whoever sends
/// an answer twice sends the same bytes twice: references and time are the caller's.
pub trait Bridge {
    /// Which network it is.
    fn network(&self) -> Network;

    /// The documents in `input`, in their order.
    ///
    /// # Errors
    /// The first fault, and where it is. The blame is the sender's.
    fn read(&self, input: &[u8]) -> Result<Reading, Refusal>;

    /// `answer` to `document`, in the network's own form.
    ///
    /// # Errors
    /// What the form cannot carry. The blame is the caller's.
    fn answer(&self, document: &Document, answer: &Answer) -> Result<Vec<u8>, Unanswerable>;
}

/// The bridge to `network`.
#[must_use]
pub fn bridge(network: Network) -> &'static dyn Bridge {
    match network {
        Network::Edifact => &edifact::Edifact,
        Network::Ubl => &ubl::Ubl,
        Network::CatenaX => &catena_x::CatenaX,
        Network::CrossIndustry => &cross_industry::CrossIndustry,
        Network::List => &list::List,
    }
}
