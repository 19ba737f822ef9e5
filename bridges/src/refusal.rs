//! Why an input is refused. The blame is whoever wrote it, so every message says what would be right.
//!
//! In scope: faults that networks share, and where they stand. Out of scope: faults of one form, which are declared beside its reader.

use crate::{Place, cloud_event, edifact, xml};

/// An input that was refused; nothing of it was taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{place}: {fault}")]
pub struct Refusal {
    /// Where.
    pub place: Place,
    /// Why.
    pub fault: Fault,
}

impl Refusal {
    pub(crate) fn new(place: Place, fault: impl Into<Fault>) -> Self {
        Self { place, fault: fault.into() }
    }
}

/// What is wrong.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// There is nothing.
    #[error("nothing stands here; send one whole document")]
    Empty,
    /// More bytes than are read.
    #[error("{bytes} bytes are more than the {most} that are read; send it in parts")]
    TooLarge {
        /// How many came.
        bytes: usize,
        /// How many may.
        most: usize,
    },
    /// More of something than is read.
    #[error("more than {most} {what}; send it in parts")]
    TooMany {
        /// Of what.
        what: &'static str,
        /// How many may be.
        most: usize,
    },
    /// A value longer than it may be.
    #[error("{what} has {found} characters; at most {most} are right")]
    TooLong {
        /// Which value.
        what: &'static str,
        /// How many there are.
        found: usize,
        /// How many may be.
        most: usize,
    },
    /// Something that must be there is not.
    #[error("{what} is missing")]
    Missing {
        /// What.
        what: &'static str,
    },
    /// A value that is none of those that are right.
    #[error("{found:?} is not {wanted}")]
    Unlike {
        /// The value, cut to 80 characters.
        found: String,
        /// What is right, in words.
        wanted: &'static str,
    },
    /// Bytes that are no text.
    #[error("not text in {encoding}; convert it, or declare the character set that it is in")]
    NotText {
        /// The encoding that is declared, or used where none is.
        encoding: String,
    },
    /// EDIFACT that breaks its syntax.
    #[error(transparent)]
    Edifact(#[from] edifact::Fault),
    /// XML that is not read.
    #[error(transparent)]
    Xml(#[from] xml::Fault),
    /// JSON that is not read.
    #[error(transparent)]
    Json(#[from] conformity::strict::Breach),
    /// A CloudEvent that is none.
    #[error(transparent)]
    CloudEvent(#[from] cloud_event::Fault),
    /// An interchange by the CII syntax rule.
    #[error(
        "this looks like an interchange by the CII syntax rule (JIS X 7012), which is not read; have your translator write it as CSV, \
         and bring that as a list, with a column 標準企業コード"
    )]
    Cii,
    /// Two columns of which either may be meant.
    #[error(
        "columns {} ({}) and {} ({}) both have company codes; leave out the one that is not meant",
        first.0, first.1, second.0, second.1
    )]
    TwoColumns {
        /// Where the first is, and what it is called.
        first: (usize, &'static str),
        /// The same of the second.
        second: (usize, &'static str),
    },
    /// CSV that is none.
    #[error("not CSV: {message}")]
    Csv {
        /// Why, cut to 300 characters.
        message: String,
    },
}

/// Bytes of a record by the CII syntax rule in a file without records (JIS X 7012-1, 4.1.2).
const CII_RECORD: usize = 251;

/// Refuses what is empty or larger than an input may be, and what no bridge reads.
pub(crate) fn bounded(input: &[u8]) -> Result<(), Refusal> {
    match input.len() {
        0 => Err(Refusal::new(Place::Byte(0), Fault::Empty)),
        bytes if bytes > crate::INPUT_MAX => {
            Err(Refusal::new(Place::Byte(crate::INPUT_MAX), Fault::TooLarge { bytes, most: crate::INPUT_MAX }))
        }
        _ if is_cii(input) => Err(Refusal::new(Place::Byte(0), Fault::Cii)),
        _ => Ok(()),
    }
}

/// Whether an input begins as a message group by the CII syntax rule does, with a record of kind `C` that is not divided (`0`), and with no line break
/// where a table would have one. It is known well enough to say so, and not well enough to read it.
fn is_cii(input: &[u8]) -> bool {
    let record = input.get(..CII_RECORD);
    record.is_some_and(|record| record.starts_with(b"0C") && !record.iter().any(|byte| matches!(byte, b'\r' | b'\n')))
}

/// The beginning of a text from outside, short enough for a message.
pub(crate) fn excerpt(text: &str) -> String {
    text.chars().take(80).collect()
}
