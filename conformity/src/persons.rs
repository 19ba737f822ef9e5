//! How many persons of the operator a sensitive step needs, and what the second one says before it.
//!
//! In scope: the claims, and what a registry keeps of them. Out of scope: which steps are sensitive and when an approval
//! counts, see [`mod@crate::decide`].

use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::key::KeyId;
use crate::statement::Kind;
use crate::time::{Day, Moment};

/// How many persons a sensitive step of the operator needs. A person is whoever holds a key of the operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(try_from = "u8", into = "u8")]
pub enum Persons {
    /// One key is enough.
    #[default]
    One,
    /// Another key approved exactly this step before.
    Two,
}

impl Persons {
    /// Whether it is one, which a genesis need not say.
    pub fn is_one(&self) -> bool {
        *self == Self::One
    }

    /// How many keys of the operator must sign for a step.
    pub const fn count(self) -> usize {
        match self {
            Self::One => 1,
            Self::Two => 2,
        }
    }
}

impl From<Persons> for u8 {
    fn from(persons: Persons) -> Self {
        match persons {
            Persons::One => 1,
            Persons::Two => 2,
        }
    }
}

impl TryFrom<u8> for Persons {
    type Error = PersonsError;

    fn try_from(number: u8) -> Result<Self, PersonsError> {
        match number {
            1 => Ok(Self::One),
            2 => Ok(Self::Two),
            _ => Err(PersonsError),
        }
    }
}

impl std::str::FromStr for Persons {
    type Err = PersonsError;

    fn from_str(text: &str) -> Result<Self, PersonsError> {
        text.parse::<u8>().map_err(|_| PersonsError)?.try_into()
    }
}

/// Another number of persons.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a step needs 1 or 2 persons")]
pub struct PersonsError;

/// From now on a sensitive step needs this many persons.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PersonsSet {
    /// How many.
    pub persons: Persons,
}

/// A person of the operator approves a step that another one signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct StepApproved {
    /// SHA-256 of the step: the whole compact JWS.
    pub step: Digest,
    /// What kind of statement it is.
    pub kind: Kind,
    /// The last day on which it may be taken.
    pub until: Day,
}

/// Since when another number of persons is needed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PersonsRecord {
    /// How many.
    pub persons: Persons,
    /// Since when.
    pub moment: Moment,
}

/// An approval with its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ApprovalRecord {
    /// What was approved.
    pub approved: StepApproved,
    /// With which key.
    pub kid: KeyId,
    /// When.
    pub moment: Moment,
    /// Index of the step that it was used for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub used: Option<u64>,
}
