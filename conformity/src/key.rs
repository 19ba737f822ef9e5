//! Public keys as statements carry them: JWK, and the thumbprint that names a key.
//!
//! In scope: the two kinds of key, their strict JSON form (RFC 7517, exactly the members that matter) and the RFC 7638
//! thumbprint. Out of scope: whether the bytes are an admissible point on the curve and whether a signature verifies;
//! the log's own crate decides both.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::text::serde_as_text;

/// A public key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "Wire", into = "Wire")]
pub enum Jwk {
    /// Ed25519, `{"kty":"OKP","crv":"Ed25519","x":…}`.
    Ed25519 {
        /// The encoded point.
        x: [u8; 32],
    },
    /// P-256, `{"kty":"EC","crv":"P-256","x":…,"y":…}`.
    P256 {
        /// First coordinate.
        x: [u8; 32],
        /// Second coordinate.
        y: [u8; 32],
    },
}

impl Jwk {
    /// The RFC 7638 thumbprint: the key's name.
    pub fn thumbprint(&self) -> KeyId {
        let canonical = match self {
            Self::Ed25519 { x } => {
                format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{}"}}"#, encode(x))
            }
            Self::P256 { x, y } => {
                format!(r#"{{"crv":"P-256","kty":"EC","x":"{}","y":"{}"}}"#, encode(x), encode(y))
            }
        };
        KeyId(*Digest::of(canonical.as_bytes()).as_bytes())
    }

    /// The JWS algorithm that goes with it.
    pub const fn algorithm(&self) -> &'static str {
        match self {
            Self::Ed25519 { .. } => "EdDSA",
            Self::P256 { .. } => "ES256",
        }
    }
}

/// The JSON form.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wire {
    kty: String,
    crv: String,
    x: String,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    y: Option<String>,
}

impl From<Jwk> for Wire {
    fn from(key: Jwk) -> Self {
        let (kty, crv, x, y) = match key {
            Jwk::Ed25519 { x } => ("OKP", "Ed25519", x, None),
            Jwk::P256 { x, y } => ("EC", "P-256", x, Some(encode(&y))),
        };
        Self { kty: kty.to_owned(), crv: crv.to_owned(), x: encode(&x), y }
    }
}

impl TryFrom<Wire> for Jwk {
    type Error = KeyError;

    fn try_from(wire: Wire) -> Result<Self, KeyError> {
        let x = decode(&wire.x).ok_or(KeyError::Coordinate("x"))?;
        match (wire.kty.as_str(), wire.crv.as_str(), wire.y) {
            ("OKP", "Ed25519", None) => Ok(Self::Ed25519 { x }),
            ("EC", "P-256", Some(y)) => Ok(Self::P256 { x, y: decode(&y).ok_or(KeyError::Coordinate("y"))? }),
            _ => Err(KeyError::Kind),
        }
    }
}

fn encode(bytes: &[u8; 32]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

fn decode(text: &str) -> Option<[u8; 32]> {
    if text.len() != 43 {
        return None;
    }
    URL_SAFE_NO_PAD.decode(text).ok()?.try_into().ok()
}

/// Why a key is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// Another type or curve.
    #[error("only Ed25519 (OKP: x) and P-256 (EC: x, y) keys are admitted")]
    Kind,
    /// A coordinate that is not 32 bytes in base64url.
    #[error("{0:?} must be 32 bytes in base64url without padding (43 characters)")]
    Coordinate(&'static str),
}

/// The RFC 7638 thumbprint of a key, 43 characters of base64url.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId([u8; 32]);

impl FromStr for KeyId {
    type Err = KeyIdError;

    fn from_str(text: &str) -> Result<Self, KeyIdError> {
        decode(text).map(Self).ok_or(KeyIdError)
    }
}

impl KeyId {
    /// The thumbprint with these bytes.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&encode(&self.0))
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

serde_as_text!(KeyId, "a key thumbprint");

/// A text that is not a thumbprint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a key thumbprint; write RFC 7638 SHA-256 as 43 characters of base64url")]
pub struct KeyIdError;

/// Bytes of a certificate, base64 in JSON; at most 8 KiB.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Der(Arc<[u8]>);

impl Der {
    /// The most bytes a certificate may have.
    pub const MAX: usize = 8 * 1024;

    /// Keeps the bytes of a certificate.
    ///
    /// # Errors
    /// There are none, or more than [`Der::MAX`].
    pub fn new(bytes: &[u8]) -> Result<Self, DerError> {
        if bytes.is_empty() || bytes.len() > Self::MAX { Err(DerError) } else { Ok(Self(bytes.into())) }
    }

    /// The bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl FromStr for Der {
    type Err = DerError;

    fn from_str(text: &str) -> Result<Self, DerError> {
        if text.len() > Self::MAX * 2 {
            return Err(DerError);
        }
        Self::new(&STANDARD.decode(text).map_err(|_| DerError)?)
    }
}

impl fmt::Display for Der {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&STANDARD.encode(&self.0))
    }
}

impl fmt::Debug for Der {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Der({} bytes)", self.0.len())
    }
}

serde_as_text!(Der, "a DER certificate in base64");

/// A text that is not a certificate's bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a certificate; write 1 to 8192 bytes of DER in standard base64 with padding")]
pub struct DerError;
