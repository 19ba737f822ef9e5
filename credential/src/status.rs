//! Lists that say which credentials still hold: one place for each credential, thousands in one file.
//!
//! In scope: two formats. [`token`] is the IETF Token Status List as a JWT, with the [`list`] in it; [`bitstring`] is the W3C
//! Bitstring Status List 1.0. Out of scope: fetching and caching lists, and giving out places in them.
//!
//! The Token Status List in CBOR (CWT) is not offered: nothing else here speaks COSE, and a second decoder for strangers' bytes
//! would serve only those who cannot read JSON.

pub mod bitstring;
pub mod list;
pub mod token;

mod packed;

pub use packed::{MAX_LIST, PackError, UnpackError};

/// What a list says of one credential (Token Status List, section "Status Types").
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Status {
    /// 0x00: it holds.
    Valid,
    /// 0x01: it was taken back for good.
    Invalid,
    /// 0x02: it does not hold for the time being.
    Suspended,
    /// Any other value: it has a meaning between issuer and verifier only, and whoever knows none must not take it for valid.
    Other(u8),
}

impl Status {
    /// The value in a list.
    pub const fn value(self) -> u8 {
        match self {
            Self::Valid => 0,
            Self::Invalid => 1,
            Self::Suspended => 2,
            Self::Other(value) => value,
        }
    }
}

impl From<u8> for Status {
    fn from(value: u8) -> Self {
        match value {
            0 => Self::Valid,
            1 => Self::Invalid,
            2 => Self::Suspended,
            other => Self::Other(other),
        }
    }
}

/// The list has no such place, so it says nothing of the credential, which must be refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the status list has {entries} places, and none at {index}")]
pub struct NoPlace {
    /// The place asked for.
    pub index: u64,
    /// How many there are.
    pub entries: u64,
}
