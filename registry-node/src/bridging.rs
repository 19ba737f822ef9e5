//! Documents of trading networks, answered: whom of a document is asked about, and what is written back.
//!
//! ```text
//! bytes ──bridges──▶ documents ──Asked──▶ questions (partner, step) ──the caller decides──▶ Found ──Bridged──▶ JSON, and answers
//! ```
//!
//! In scope: what the HTTP door and the command line share, both of which bring documents, decide, and hand answers on. All of it
//! depends on its arguments alone: the same documents with the same findings at the same time are answered by the same bytes. Out of
//! scope: how documents are read and answers are written (`bridges`), what a policy makes of a partner (`procurement`), and who may ask.

mod news;
mod partners;
mod told;

pub use news::{News, Told, exchange};
pub use partners::{Asked, Partner, Question, Terms, Unclear};
pub use told::{Bridged, DocumentTold, Found, Occasion, words};

/// The most questions that one input may come to: each looks at all that is known of a partner.
pub const QUESTIONS_MAX: usize = 256;
