//! Compact JWS (RFC 7515 §7.1) with a signature of 64 bytes, taken apart and put together.
//!
//! ```text
//! base64url(header) "." base64url(payload) "." base64url(signature, 64 bytes)
//! ```
//!
//! In scope: the three parts, in base64url without padding and with zero trailing bits. Out of scope: what stands in the
//! header and how long anything may be; whoever defines a format says so ([`crate::jws`] for statements), and checks the
//! length before it comes here.

use crate::encoding::{base64url_decode, base64url_encode};
use crate::key::{PublicKey, SignatureError, SigningError, SigningKey};

/// Base64url of 64 bytes.
pub const SIGNATURE_LEN: usize = 86;

/// The parts of a compact JWS, of which nobody has checked the signature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Compact<'a> {
    /// The header, still in base64url.
    pub header: &'a [u8],
    /// The payload, which anyone may have written.
    pub payload: Vec<u8>,
    /// What was signed: header, dot, payload as they came.
    pub signed: &'a [u8],
    /// The signature: `R || S` of Ed25519, `r || s` of P-256.
    pub signature: [u8; 64],
}

/// Why bytes are no compact JWS. The blame is whoever wrote them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a compact JWS: {0}")]
pub struct CompactError(pub &'static str);

impl<'a> Compact<'a> {
    /// Takes a compact JWS apart.
    ///
    /// # Errors
    /// There are not three parts, or one is not in canonical base64url, or the signature has not 64 bytes.
    pub fn split(compact: &'a [u8]) -> Result<Self, CompactError> {
        let mut parts = compact.split(|byte| *byte == b'.');
        let (Some(header), Some(payload), Some(signature), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(CompactError("not three parts between two dots"));
        };
        let signed = &compact[..header.len() + 1 + payload.len()];
        let payload = base64url_decode(payload).ok_or(CompactError("the payload is not base64url"))?;
        Ok(Self { header, payload, signed, signature: parse_signature(signature)? })
    }

    /// The header's JSON.
    ///
    /// # Errors
    /// It is not in canonical base64url.
    pub fn decode_header(&self) -> Result<Vec<u8>, CompactError> {
        base64url_decode(self.header).ok_or(CompactError("the header is not base64url"))
    }

    /// Checks the signature with `key`, whatever the header says of keys and algorithms.
    ///
    /// # Errors
    /// It does not verify.
    pub fn verify(&self, key: &PublicKey) -> Result<(), SignatureError> {
        key.verify(self.signed, &self.signature)
    }
}

/// Signs `payload` under `header`, which is JSON.
///
/// # Errors
/// The cryptographic library failed.
pub fn sign(key: &SigningKey, header: &[u8], payload: &[u8]) -> Result<String, SigningError> {
    let mut compact = format!("{}.{}", base64url_encode(header), base64url_encode(payload));
    let signature = key.sign(compact.as_bytes())?;
    compact.push('.');
    compact.push_str(&base64url_encode(&signature));
    Ok(compact)
}

fn parse_signature(part: &[u8]) -> Result<[u8; 64], CompactError> {
    let signature = (part.len() == SIGNATURE_LEN).then(|| base64url_decode(part)).flatten();
    let signature = signature.and_then(|bytes| bytes.try_into().ok());
    signature.ok_or(CompactError("the signature is not 64 bytes in base64url"))
}
