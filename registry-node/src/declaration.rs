//! What a small company fills in before it declares its own conformity.
//!
//! ```text
//! documents of a scheme ─questions▶ sheet ◀─dialogue─ a person        sheet ─▶ a verdict to sign, and the detail of its credential
//! CSV of a sponsor ─members▶ verdicts to sign, and the lines that are refused
//! ```
//!
//! In scope: the sheet of answers, walking through it, and a sponsor's list. Out of scope: files, locks, keys and the registry, which
//! the command line has.

mod dialogue;
mod members;
mod sheet;

pub use dialogue::{Left, Tongue, walk};
pub use members::{Declared, Line, Members, MembersError, read as members};
pub use sheet::{About, Answer, NotReady, Question, Sheet, Supplied};
