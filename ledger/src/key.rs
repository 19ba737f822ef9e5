//! Keys of statements and signed notes: Ed25519 and P-256, nothing else.
//!
//! **The strict rule.** An Ed25519 public key is admitted only if its encoding is canonical and the point lies in the
//! prime-order subgroup and is not the identity. A signature verifies if and only if `S < L` and
//! `encode([S]B - [k]A)` equals `R` byte for byte (cofactorless). Keys for which verifiers disagree never get in, so
//! single and batch verification, here and in any other implementation of the same rule, always agree.
//! P-256 keys are points on the curve, as JWK coordinates of exactly 32 bytes; signatures are `r || s`, 64 bytes.
//!
//! Not here: whose key it is and since when (see `conformity`), X.509 (see `certs`).

mod public;
mod signing;

#[cfg(test)]
mod tests;

pub use public::{KeyError, PublicKey, SignatureError};
pub(crate) use public::{canonical_point, prime_order_point};
pub use signing::{Keeper, KeyFileError, SigningError, SigningKey, read_key_file, read_pkcs8};

use crate::encoding::{base64url_decode, base64url_encode};
use std::fmt;
use std::str::FromStr;

/// How a key signs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Algorithm {
    /// Ed25519 (RFC 8032), `EdDSA` in JWS.
    Ed25519,
    /// ECDSA on P-256 with SHA-256, `ES256` in JWS.
    P256,
}

impl Algorithm {
    /// The name in a JWS header.
    pub fn jws_name(self) -> &'static str {
        match self {
            Self::Ed25519 => "EdDSA",
            Self::P256 => "ES256",
        }
    }

    /// The algorithm of that name in a JWS header.
    pub fn from_jws_name(name: &str) -> Option<Self> {
        [Self::Ed25519, Self::P256].into_iter().find(|algorithm| algorithm.jws_name() == name)
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.jws_name())
    }
}

/// RFC 7638 thumbprint (SHA-256) of a public key, the `kid` of everything it signs; shown as base64url.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Thumbprint([u8; 32]);

impl Thumbprint {
    /// The 32 bytes.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Display for Thumbprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&base64url_encode(&self.0))
    }
}

impl fmt::Debug for Thumbprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Thumbprint({self})")
    }
}

/// The text is no thumbprint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a key's thumbprint is 43 characters of base64url (RFC 7638, SHA-256)")]
pub struct ThumbprintTextError;

impl FromStr for Thumbprint {
    type Err = ThumbprintTextError;

    fn from_str(text: &str) -> Result<Self, ThumbprintTextError> {
        if text.len() != 43 {
            return Err(ThumbprintTextError);
        }
        let bytes = base64url_decode(text.as_bytes()).ok_or(ThumbprintTextError)?;
        bytes.try_into().map(Self).map_err(|_| ThumbprintTextError)
    }
}

impl serde::Serialize for Thumbprint {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> serde::Deserialize<'de> for Thumbprint {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}
