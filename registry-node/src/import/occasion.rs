//! The occasion of an import: when and from where the file came, and what it says of its rows as a whole.

use std::str::FromStr;

use conformity::text::Text;
use conformity::time::Day;
use serde::Serialize;

use super::error::ImportError;

/// When and from where a list was fetched.
#[derive(Debug, Clone)]
pub struct Occasion {
    /// Where it was fetched, if not from where the mapping says.
    pub source: Option<Text<1024>>,
    /// The day on which it was fetched.
    pub retrieved: Day,
    /// The day of the import.
    pub today: Day,
    /// What the whole file says of its rows, for lists that are split by status (`historical` for archived products).
    /// A row that names its own status keeps it.
    pub status: Option<Status>,
}

impl Occasion {
    /// Nothing is fetched after it is imported.
    pub(crate) fn check(&self) -> Result<(), ImportError> {
        if self.retrieved > self.today {
            return Err(ImportError::RetrievedLater { retrieved: self.retrieved, today: self.today });
        }
        Ok(())
    }
}

/// What a list says of a verdict now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// It holds.
    Valid,
    /// It rests.
    Suspended,
    /// It was taken away.
    Withdrawn,
    /// It is no longer current.
    Historical,
    /// Nothing was decided (yet).
    NotAVerdict,
}

impl Status {
    const ALL: [Self; 5] = [Self::Valid, Self::Suspended, Self::Withdrawn, Self::Historical, Self::NotAVerdict];

    /// The word that mappings and the command line use.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Valid => "valid",
            Self::Suspended => "suspended",
            Self::Withdrawn => "withdrawn",
            Self::Historical => "historical",
            Self::NotAVerdict => "not-a-verdict",
        }
    }

    /// All words, for messages.
    pub(crate) fn words() -> String {
        Self::ALL.map(Self::as_str).join(", ")
    }
}

/// A word that is no status.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a status; use one of {}", Status::words())]
pub struct UnknownStatus;

impl FromStr for Status {
    type Err = UnknownStatus;

    fn from_str(text: &str) -> Result<Self, UnknownStatus> {
        Self::ALL.into_iter().find(|status| status.as_str() == text).ok_or(UnknownStatus)
    }
}
