//! An entry: what the log holds for every place, public and small.
//!
//! ```text
//!  offset  bytes
//!       0      1  version, 1
//!       1      1  kind: 0 genesis, 1 seal, 2 statement, 3 recognition
//!       2      8  sequencing time, milliseconds since the Unix epoch, big endian; never decreases along the log
//!      10     32  SHA-256 of the statement's bytes; in a seal the root of the state map (see `map`)
//!      42
//! ```
//!
//! The leaf hash (RFC 6962) is taken over exactly these 42 bytes. Not here: the statement itself, which may be
//! withheld or erased while the entry and every proof of it stay.

use crate::digest::Digest;
use crate::merkle::{Hash, leaf_hash};

/// What an entry commits to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum Kind {
    /// The first statement of a log: its origin, keys and formats.
    Genesis = 0,
    /// The mark before a published checkpoint; has no statement.
    Seal = 1,
    /// A signed statement.
    Statement = 2,
    /// A statement in which the node says what it recognises of a peer's range.
    Recognition = 3,
}

impl Kind {
    fn from_byte(byte: u8) -> Option<Self> {
        [Self::Genesis, Self::Seal, Self::Statement, Self::Recognition].into_iter().find(|kind| *kind as u8 == byte)
    }

    /// Whether an entry of this kind has a statement beside it.
    pub fn has_statement(self) -> bool {
        self != Self::Seal
    }
}

/// One entry of a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Entry {
    /// What the digest is of.
    pub kind: Kind,
    /// When it was sequenced, in milliseconds since the Unix epoch.
    pub time_ms: u64,
    /// Digest of the statement; in a seal the root of the state map.
    pub digest: Digest,
}

/// The bytes are no entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum EntryError {
    /// Wrong number of bytes.
    #[error("an entry has 42 bytes, not {0}")]
    Length(usize),
    /// A version that this program does not know.
    #[error("entry version {0} is not known here: read this log with a newer program")]
    Version(u8),
    /// A kind that version 1 does not define.
    #[error("entry kind {0} is not defined")]
    Kind(u8),
}

impl Entry {
    /// Length of an encoded entry.
    pub const LEN: usize = 42;
    /// The version that this program writes.
    pub const VERSION: u8 = 1;

    /// The 42 bytes.
    pub fn encode(&self) -> [u8; Self::LEN] {
        let mut out = [0; Self::LEN];
        out[0] = Self::VERSION;
        out[1] = self.kind as u8;
        out[2..10].copy_from_slice(&self.time_ms.to_be_bytes());
        out[10..].copy_from_slice(self.digest.as_bytes());
        out
    }

    /// Reads an entry; anything but an encoding that [`Entry::encode`] gives is refused.
    pub fn decode(bytes: &[u8]) -> Result<Self, EntryError> {
        let bytes: &[u8; Self::LEN] = bytes.try_into().map_err(|_| EntryError::Length(bytes.len()))?;
        if bytes[0] != Self::VERSION {
            return Err(EntryError::Version(bytes[0]));
        }
        let kind = Kind::from_byte(bytes[1]).ok_or(EntryError::Kind(bytes[1]))?;
        let (mut time, mut digest) = ([0; 8], [0; 32]);
        time.copy_from_slice(&bytes[2..10]);
        digest.copy_from_slice(&bytes[10..]);
        Ok(Self { kind, time_ms: u64::from_be_bytes(time), digest: Digest::from_bytes(digest) })
    }

    /// The hash of this entry's leaf.
    pub fn leaf_hash(&self) -> Hash {
        leaf_hash(&self.encode())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    #[test]
    fn layout_is_as_drawn() {
        let entry = Entry { kind: Kind::Statement, time_ms: 0x0102_0304_0506_0708, digest: Digest::of(b"x") };
        let bytes = entry.encode();
        assert_eq!(bytes[..10], [1, 2, 1, 2, 3, 4, 5, 6, 7, 8]);
        assert_eq!(&bytes[10..], Digest::of(b"x").as_bytes());
        assert_eq!(entry.leaf_hash(), leaf_hash(&bytes));
        for kind in [Kind::Genesis, Kind::Seal, Kind::Statement, Kind::Recognition] {
            let entry = Entry { kind, ..entry };
            assert_eq!(Entry::decode(&entry.encode()), Ok(entry));
        }
    }

    #[test]
    fn anything_else_is_refused() {
        let good = Entry { kind: Kind::Seal, time_ms: 1, digest: Digest::ZERO }.encode();
        let with = |at: usize, value: u8| {
            let mut bytes = good;
            bytes[at] = value;
            Entry::decode(&bytes)
        };
        assert_eq!(with(0, 0), Err(EntryError::Version(0)));
        assert_eq!(with(0, 2), Err(EntryError::Version(2)));
        assert_eq!(with(1, 4), Err(EntryError::Kind(4)));
        assert_eq!(Entry::decode(&good[..41]), Err(EntryError::Length(41)));
        assert_eq!(Entry::decode(&[good.as_slice(), &[0]].concat()), Err(EntryError::Length(43)));
        assert_eq!(Entry::decode(&[]), Err(EntryError::Length(0)));
    }
}
