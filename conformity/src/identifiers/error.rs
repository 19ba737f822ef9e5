//! Why a text is not an identifier. All of it is the submitter's to mend, so every message says what would be right.

use std::fmt;

use super::IdentifierKind;

/// Why a text was not accepted as an identifier.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IdentifierError {
    /// The text has no kind before a colon.
    #[error("{text:?} names no kind: write <kind>:<value>, with a kind out of {}", Kinds)]
    NoKind {
        /// The beginning of the text.
        text: String,
    },
    /// The kind is not one that registries know.
    #[error("identifier kind {kind:?} is unknown: use one of {}, or local:<list>:<value>", Kinds)]
    UnknownKind {
        /// The beginning of what stood before the colon.
        kind: String,
    },
    /// The text is longer than any identifier.
    #[error("an identifier of {bytes} bytes is too long: at most {} are read", super::MAX_TEXT)]
    TooLong {
        /// How long it was.
        bytes: usize,
    },
    /// The value breaks a rule of its kind.
    #[error("{kind} {value:?}: {rule}")]
    Broken {
        /// The kind whose rule it is.
        kind: IdentifierKind,
        /// The value that breaks it.
        value: String,
        /// The rule.
        rule: BrokenRule,
    },
}

/// The rule of a kind of identifier that a value breaks.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BrokenRule {
    /// Wrong number of characters.
    #[error("it has {found} characters; this kind has {expected}")]
    Length {
        /// What is right, in words.
        expected: &'static str,
        /// How many there are.
        found: usize,
    },
    /// A character that the kind never has at that place.
    #[error("character {position} is {found:?}; allowed there: {allowed}")]
    Character {
        /// Counted from 1.
        position: usize,
        /// The character.
        found: char,
        /// What is right, in words.
        allowed: &'static str,
    },
    /// The check digits do not agree with the rest: a typing error somewhere in the value.
    #[error(
        "its check digits are {found}, but the rest calls for {expected}: compare it with the source, character by character"
    )]
    CheckDigits {
        /// The check digits that the other characters call for.
        expected: String,
        /// The check digits of the value.
        found: String,
    },
    /// Nine digits in a row, which SAM.gov never issues because they would look like a DUNS number or a tax number.
    #[error("digits {from} to {to} are nine in a row, which a UEI never has: is it a DUNS number?", to = from + 8)]
    NineDigits {
        /// Where the run begins, counted from 1.
        from: usize,
    },
    /// A list-local identifier without the colon between list and value.
    #[error("write local:<list>:<value>: the value belongs to a named list")]
    NoList,
    /// The value begins or ends with white space, which no reader can see.
    #[error("it begins or ends with white space: trim it")]
    Blank,
    /// A percent sign that does not open an escape of two hexadecimal digits, or escapes that are not UTF-8.
    #[error("its percent-encoding is damaged: write % as %25 and encode UTF-8 bytes as %XX")]
    Escape,
}

/// The kinds as a list for people.
struct Kinds;

impl fmt::Display for Kinds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, kind) in IdentifierKind::ALL.into_iter().enumerate() {
            let comma = if position == 0 { "" } else { ", " };
            write!(f, "{comma}{kind}")?;
        }
        Ok(())
    }
}

/// The beginning of a text, short enough for a message.
pub(super) fn excerpt(text: &str) -> String {
    text.chars().take(64).collect()
}
