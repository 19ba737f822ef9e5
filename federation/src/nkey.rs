//! Public keys as NATS writes them ("nkeys", NATS ADR-14): Ed25519, in base32, with a prefix that says whose key it is.
//!
//! ```text
//! 56 characters of RFC 4648 base32 without padding =
//!   prefix (1 byte: A account, N server, U user) | key (32 bytes) | CRC-16/XMODEM of both (2 bytes, little-endian)
//! ```
//!
//! Out of scope: secret keys, which rest where all of ours do (`ledger::key`).

use std::fmt;
use std::str::FromStr;

use data_encoding::BASE32_NOPAD;
use ledger::key::PublicKey;

/// Characters of one.
const LENGTH: usize = 56;

/// Whose key it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Owner {
    /// An account, or whoever signs for it.
    Account,
    /// A server.
    Server,
    /// A user: one connection, where the server made the key itself.
    User,
}

impl Owner {
    /// The five bits that become the first letter, in their place.
    const fn prefix(self) -> u8 {
        match self {
            Self::Account => 0,
            Self::Server => 13 << 3,
            Self::User => 20 << 3,
        }
    }

    fn by(prefix: u8) -> Option<Self> {
        [Self::Account, Self::Server, Self::User].into_iter().find(|owner| owner.prefix() == prefix)
    }
}

/// A public key with its owner.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Nkey {
    owner: Owner,
    key: [u8; 32],
}

/// A text that is no public key of a kind that is read here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not the public key of an account, a server or a user of NATS")]
pub struct NkeyError;

impl Nkey {
    /// `key` as that of `owner`; `None` if it is not Ed25519.
    pub fn of(owner: Owner, key: &PublicKey) -> Option<Self> {
        Some(Self { owner, key: key.as_bytes().try_into().ok()? })
    }

    /// Whose key it is.
    pub fn owner(&self) -> Owner {
        self.owner
    }

    /// Whether this key signed the message.
    pub fn signed(&self, message: &[u8], signature: &[u8; 64]) -> bool {
        PublicKey::from_ed25519(&self.key).is_ok_and(|key| key.verify(message, signature).is_ok())
    }
}

impl fmt::Display for Nkey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut bytes = Vec::with_capacity(35);
        bytes.push(self.owner.prefix());
        bytes.extend(self.key);
        bytes.extend(crc16(&bytes).to_le_bytes());
        f.write_str(&BASE32_NOPAD.encode(&bytes))
    }
}

impl FromStr for Nkey {
    type Err = NkeyError;

    fn from_str(text: &str) -> Result<Self, NkeyError> {
        if text.len() != LENGTH {
            return Err(NkeyError);
        }
        let bytes = BASE32_NOPAD.decode(text.as_bytes()).map_err(|_| NkeyError)?;
        let (named, check) = bytes.split_last_chunk::<2>().ok_or(NkeyError)?;
        let (prefix, key) = named.split_first().ok_or(NkeyError)?;
        let known = (crc16(named).to_le_bytes() == *check).then(|| Owner::by(*prefix)).flatten();
        Ok(Self { owner: known.ok_or(NkeyError)?, key: key.try_into().map_err(|_| NkeyError)? })
    }
}

/// CRC-16/XMODEM: polynomial 0x1021, from zero.
fn crc16(bytes: &[u8]) -> u16 {
    bytes.iter().fold(0, |crc, byte| {
        (0..8).fold(crc ^ u16::from(*byte) << 8, |crc, _| if crc & 0x8000 == 0 { crc << 1 } else { crc << 1 ^ 0x1021 })
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    /// Made by the `nkeys` library of NATS.
    const ACCOUNT: &str = "AAM5CKN2QZGP57SJLZRCUNOKDR6XGQDXWNX4Q33YIYX4IBCPSUAHBK73";
    const SERVER: &str = "NBZF2JFMYPQFI2FJEDJRI2DT4Q2TWTDSSLNQ6C7NHTNP4RVD4RKLG2LF";

    #[test]
    fn the_check_is_that_of_the_catalogue() {
        assert_eq!(crc16(b"123456789"), 0x31C3);
    }

    #[test]
    fn what_nats_writes_is_read_and_written() {
        for (text, owner) in [(ACCOUNT, Owner::Account), (SERVER, Owner::Server)] {
            let key: Nkey = text.parse().unwrap();
            assert_eq!((key.owner(), key.to_string().as_str()), (owner, text));
        }
    }

    #[test]
    fn anything_else_is_refused() {
        let rows = [
            ("", "nothing"),
            (&ACCOUNT[1..], "too short"),
            (&ACCOUNT.to_lowercase(), "lower case"),
            (&ACCOUNT.replace("AAM5", "AAM6"), "another key with the old check"),
            (&ACCOUNT.replacen('A', "O", 1), "the prefix of an operator"),
            ("AAM5CKN2QZGP57SJLZRCUNOKDR6XGQDXWNX4Q33YIYX4IBCPSUAHBK7!", "a sign that base32 has not"),
        ];
        for (text, why) in rows {
            assert_eq!(text.parse::<Nkey>(), Err(NkeyError), "{why}");
        }
    }
}
