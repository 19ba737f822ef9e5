//! Where in an input something stands, in the words of whoever wrote it.
//!
//! In scope: one type for all networks, and its text. Out of scope: what is wrong there ([`crate::Fault`]).

use std::fmt;

/// A place in an input. Numbers count from 1, byte offsets from 0; those of XML in another encoding than UTF-8 count its conversion.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// A byte, where nothing finer is known.
    Byte(usize),
    /// In EDIFACT: a segment of the interchange (UNA is none), and in it an element and a component.
    Segment {
        /// Which segment.
        number: usize,
        /// Its tag as it stands, at most three characters.
        tag: String,
        /// Where it begins.
        offset: usize,
        /// Which element after the tag; 0 is the segment as a whole.
        element: usize,
        /// Which component of the element; 0 is the element as a whole.
        component: usize,
    },
    /// In XML: an element, by the local names that lead to it, and the byte after its start tag.
    Element {
        /// `/Order/BuyerCustomerParty/Party`.
        path: String,
        /// The byte.
        offset: usize,
    },
    /// In JSON: a pointer (RFC 6901); empty for the whole.
    Pointer(String),
    /// In a list: a line, and a column, 0 for the line as a whole.
    Cell {
        /// Which line; the header is line 1.
        line: u64,
        /// Which column.
        column: usize,
    },
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Byte(offset) => write!(f, "at byte {offset}"),
            Self::Segment { number, tag, offset, element, component } => {
                write!(f, "segment {number} ({tag}, at byte {offset})")?;
                if *element > 0 {
                    write!(f, ", element {element}")?;
                }
                if *component > 0 {
                    write!(f, ", component {component}")?;
                }
                Ok(())
            }
            Self::Element { path, offset } => write!(f, "{path} (at byte {offset})"),
            Self::Pointer(pointer) if pointer.is_empty() => f.write_str("the whole text"),
            Self::Pointer(pointer) => f.write_str(pointer),
            Self::Cell { line, column: 0 } => write!(f, "line {line}"),
            Self::Cell { line, column } => write!(f, "line {line}, column {column}"),
        }
    }
}
