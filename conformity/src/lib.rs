//! What a verdict means: the rules of the Secure Trust Registry.
//!
//! In scope: parties and their roles, documents, schemes, accreditations, verdicts and their lifecycle, arrangements and
//! what they make of foreign verdicts; statements read strictly; [`decide()`], which turns a statement into records or refuses
//! it with a reason.
//!
//! Out of scope: everything that touches the world. This crate is pure: no clock, no files, no network, no threads, no
//! signatures. Time and facts arrive as arguments, so that intake, replay and a peer that follows all decide alike; a test
//! (`tests/purity.rs`) holds it to that.
//!
//! ```text
//! bytes ──Statement::parse──▶ Statement ──decide(facts, statement, place)──▶ records ──Register::insert──▶ facts
//!              Malformed ◀──┘                              Refusal ◀──┘
//! ```

pub mod accreditation;
pub mod arrangement;
pub mod as_of;
pub mod audience;
pub mod basis;
pub mod bulletin;
pub mod catalogue;
pub mod consent;
pub mod country;
pub mod coverage;
pub mod credential;
pub mod crosswalk;
pub mod decide;
pub mod digest;
pub mod document;
pub mod doubts;
pub mod effect;
pub mod entitlement;
mod foreign;
pub mod genesis;
pub mod handle;
pub mod hosting;
pub mod identifiers;
pub mod ids;
pub mod in_force;
pub mod key;
pub mod lapsed;
pub mod map_label;
pub mod party;
pub mod persons;
pub mod proposals;
pub mod reason;
pub mod recognised;
pub mod recognition;
pub mod records;
pub mod refusal;
pub mod resting;
pub mod revised;
pub mod scheme;
pub mod site;
pub mod standing;
pub mod statement;
pub mod strict;
pub mod succession;
pub mod surveillance;
pub mod text;
pub mod time;
pub mod verdict;
pub mod viewpoint;
pub mod words;

pub use decide::{Place, decide, first_time, signing_key};
pub use digest::Digest;
pub use records::{Facts, Overlay, Record, Register};
pub use refusal::{Blame, Refusal};
pub use statement::Statement;
