//! What can be wrong with the form of a statement. All of it is the submitter's to mend.

use super::{Kind, MAX_DEPTH, MAX_STATEMENT};
use crate::strict::{Breach, excerpt};

/// Why bytes are not a statement.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    /// More bytes than a statement may have; nothing of it was read.
    #[error(
        "the statement has {bytes} bytes; at most {MAX_STATEMENT} are allowed. Put large material into an attachment"
    )]
    TooLarge {
        /// How many bytes came.
        bytes: usize,
    },
    /// More bytes than a statement of its kind needs.
    #[error("the {kind} has {bytes} bytes; at most {} are allowed", kind.longest())]
    TooLargeFor {
        /// What it says it is.
        kind: Kind,
        /// How many bytes came.
        bytes: usize,
    },
    /// Nested deeper than any claim needs.
    #[error("the statement is nested deeper than {MAX_DEPTH} levels")]
    TooDeep,
    /// An object names a member twice, so that two readers might read two different things.
    #[error("the member {name:?} appears twice in one object; write it once")]
    DuplicateMember {
        /// The name, cut to 80 characters.
        name: String,
    },
    /// A null, which would be a second way to say nothing.
    #[error("null is not used in statements; leave the member out")]
    Null,
    /// Not JSON at all.
    #[error("the statement is not JSON: {message}")]
    NotJson {
        /// Where and why.
        message: String,
    },
    /// JSON, but not a statement.
    #[error("the statement has not the members iss, aud, jti, iat, kind, claim as specified: {message}")]
    Shape {
        /// Where and why.
        message: String,
    },
    /// A statement, but its claim is not what its kind says.
    #[error("the claim is not a valid {kind}: {message}")]
    Claim {
        /// What it says it is.
        kind: Kind,
        /// Where and why.
        message: String,
    },
    /// A kind that another form carries.
    #[error("a {0} statement is the credential itself, an SD-JWT of type dc+sd-jwt")]
    NotPlain(Kind),
}

impl Malformed {
    /// A stable code for machines.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::TooLarge { .. } | Self::TooLargeFor { .. } => "statement-too-large",
            Self::TooDeep => "statement-too-deep",
            Self::DuplicateMember { .. } => "duplicate-member",
            Self::Null => "null-member",
            Self::NotJson { .. } => "not-json",
            Self::Shape { .. } => "not-a-statement",
            Self::Claim { .. } => "malformed-claim",
            Self::NotPlain(_) => "not-a-plain-statement",
        }
    }

    pub(super) fn shape(error: serde_json::Error) -> Self {
        Self::Shape { message: excerpt(&error) }
    }

    pub(super) fn claim(kind: Kind, error: serde_json::Error) -> Self {
        Self::Claim { kind, message: excerpt(&error) }
    }
}

impl From<Breach> for Malformed {
    fn from(breach: Breach) -> Self {
        match breach {
            Breach::TooLarge { bytes, .. } => Self::TooLarge { bytes },
            Breach::TooDeep { .. } => Self::TooDeep,
            Breach::DuplicateMember { name } => Self::DuplicateMember { name },
            Breach::Null => Self::Null,
            Breach::NotJson { message } => Self::NotJson { message },
        }
    }
}
