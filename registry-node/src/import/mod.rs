//! Lists and documents that others publish, on their way into the register.
//!
//! ```text
//! import register   file ──mapping.toml──▶ rows ──▶ verdicts, history, evidence, suppliers, refusals ──▶ statements to sign
//! import document   OSCAL catalogue, CISO Assistant framework ──▶ requirements counted ──▶ one statement with the catalogue attached
//!                   OSCAL profile ──resolved──▶ the same, and a crosswalk to each document that it tailors
//! import crosswalk  OSCAL mapping-collection, CISO Assistant library, references of a catalogue ──▶ one statement with the maps
//! ```
//!
//! In scope: reading what operators publish as it is, and saying of every row what became of it. A verdict from a list is
//! transcribed: it names the list, the row and the day, and never counts as decided here. Identifiers that only a list
//! knows stay local to it; nothing is ever joined by name.
//!
//! Out of scope: fetching files, signing and submitting statements, and asking the register (the caller hands in what it
//! holds, see [`Holdings`]). Nothing here reads a clock, a file or a socket.

mod acceptances;
mod account;
mod clean;
mod crosswalk;
mod csv_rows;
mod days;
mod document;
mod entities;
mod error;
mod examples;
mod follow;
mod framework;
mod html;
mod intake;
mod json_rows;
mod limits;
mod mapped;
mod mapping;
mod names;
mod occasion;
mod oscal;
mod plan;
mod presets;
mod profile;
mod refusal;
mod rows;
mod source;
mod subjects;
mod trusted_list;
pub(crate) mod yaml;

pub use account::{Account, Accounts, Became, Counts, Effect, RowRefusal, SectionCounts};
pub use crosswalk::{CrosswalkError, CrosswalkOrder, CrosswalkPlan, Unknown, crosswalk};
pub use document::{DocumentError, DocumentOrder, DocumentPlan, document};
pub use error::ImportError;
pub use examples::{NoExample, example};
pub use framework::FrameworkError;
pub use limits::{CELL_BYTES_MAX, COLUMNS_MAX, RECORD_MAX, ROW_DEPTH_MAX, ROW_NODES_MAX, ROWS_MAX};
pub use mapped::KnownSupplier;
pub use mapping::{Mapping, MappingError};
pub use occasion::{Occasion, Status, UnknownStatus};
pub use oscal::{Catalogue, CatalogueError, Parameter, Wording, catalogue, requirements, wordings};
pub use plan::{Holdings, Plan, Planned, register};
pub use presets::{preset, preset_names, preset_text};
pub use profile::{Profile, ProfileError, ProfilePlan};
pub use refusal::Reason;
pub use rows::Place;
pub(crate) use source::Decoded;
pub use source::SOURCE_MAX;

#[cfg(test)]
mod tests;
