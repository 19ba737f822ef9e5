//! Signed JWTs (RFC 7519) as credentials and status lists use them: compact JWS with one small header.
//!
//! ```text
//! base64url(header) "." base64url(payload) "." base64url(signature, 64 bytes)
//! header = {"alg":"EdDSA"|"ES256", "kid":"…", "typ":"…"[, "x5c":["<DER, base64>", …]]}
//! ```
//!
//! In scope: the header by a [`Profile`], the signature, the payload as a JSON object read strictly. Out of scope: finding
//! the key, and reading certificates: `x5c` is kept as it came, and nothing here believes it; see [`crate::certificates`].
//!
//! [`Unverified`] becomes [`Verified`] only through [`Unverified::verify`], with a key that the caller has found elsewhere.

use std::fmt;

use conformity::key::Der;
use conformity::strict::{self, Breach, Limits};
use ledger::compact::{self, Compact, CompactError};
use ledger::key::{Algorithm, PublicKey, SignatureError, SigningError, SigningKey, Thumbprint};
use serde::de::Error;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// The most certificates in `x5c`.
pub const MAX_CERTIFICATES: usize = ledger::jws::MAX_CERTIFICATES;
const _: () = assert!(Der::MAX == ledger::jws::MAX_CERTIFICATE, "what one reads, the other reads");
/// The longest `kid` of a foreign issuer, in bytes.
const MAX_KID: usize = 256;
/// An object, in it an array.
const HEADER: Limits = Limits { bytes: 48 * 1024, depth: 2, null: false };

/// Which headers a reader accepts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Profile<'a> {
    /// The values of `typ`, compared byte for byte.
    pub types: &'a [&'a str],
    /// What `kid` says.
    pub kid: KidRule,
}

/// What `kid` says in a header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KidRule {
    /// The RFC 7638 thumbprint of the key; required. So everything signs that this registry's software made.
    Thumbprint,
    /// Any text of 1 to 256 bytes, or nothing: a hint for whoever finds the key. So foreign issuers sign.
    Hint,
    /// Nothing: the key follows from elsewhere, and `x5c` is refused as well.
    Absent,
}

/// The header of a JWT.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    /// `alg`.
    pub algorithm: Algorithm,
    /// `kid`.
    pub kid: Option<String>,
    /// `typ`.
    pub typ: String,
    /// `x5c`: certificates in DER, the key's own first; empty where the member is absent.
    pub x5c: Vec<Der>,
}

/// A JWT in the right shape, of which nobody has checked the signature.
#[derive(Debug, Clone)]
pub struct Unverified {
    text: String,
    header: Header,
    rule: KidRule,
    payload: Map<String, Value>,
    signed: usize,
    signature: [u8; 64],
}

/// A JWT whose signature verified with the key that the caller gave.
#[derive(Debug, Clone, PartialEq)]
pub struct Verified {
    pub(crate) text: String,
    pub(crate) header: Header,
    pub(crate) payload: Map<String, Value>,
}

/// Why a text is no such JWT. The blame is its writer's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum JwtError {
    /// Too long; nothing of it was read.
    #[error("the JWT has {bytes} bytes; at most {most} are allowed")]
    TooLong {
        /// How many bytes came.
        bytes: usize,
        /// How many may.
        most: usize,
    },
    /// Not three parts in base64url.
    #[error(transparent)]
    Compact(#[from] CompactError),
    /// Another header than the profile allows.
    #[error("the JWT's header is not accepted: {0}")]
    Header(String),
    /// The payload is no strict JSON object.
    #[error("the JWT's payload is not accepted: {0}")]
    Payload(#[from] Breach),
    /// The payload is JSON, but no object.
    #[error("the JWT's payload is not a JSON object")]
    NotAnObject,
}

/// Why a signature is not accepted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum VerifyError {
    /// The header names another key than the one it is checked with.
    #[error("the JWT names key {named:?}, not {given}")]
    OtherKey {
        /// The key in the header.
        named: String,
        /// The key given.
        given: Thumbprint,
    },
    /// The header's algorithm is not the key's.
    #[error("the JWT says {claimed}, but its key signs {actual}")]
    OtherAlgorithm {
        /// The algorithm in the header.
        claimed: Algorithm,
        /// The key's algorithm.
        actual: Algorithm,
    },
    /// The signature does not verify.
    #[error(transparent)]
    Signature(#[from] SignatureError),
}

impl Unverified {
    /// Takes a JWT apart that has at most `limits.bytes` bytes, payload nested at most `limits.depth` deep.
    ///
    /// # Errors
    /// The first rule of the form that it breaks.
    pub fn parse(text: &str, profile: Profile<'_>, limits: Limits) -> Result<Self, JwtError> {
        if text.len() > limits.bytes {
            return Err(JwtError::TooLong { bytes: text.len(), most: limits.bytes });
        }
        let parts = Compact::split(text.as_bytes())?;
        let header = Header::parse(&parts.decode_header()?, profile)?;
        let (payload, signed, signature) = (object(&parts.payload, limits)?, parts.signed.len(), parts.signature);
        Ok(Self { text: text.to_owned(), header, rule: profile.kid, payload, signed, signature })
    }

    /// The header, which anyone may have written: good for finding the key to verify with, and for nothing else.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// The claims, which anyone may have written: good for finding the key to verify with, and for nothing else.
    pub fn unverified_payload(&self) -> &Map<String, Value> {
        &self.payload
    }

    /// Checks the signature.
    ///
    /// # Errors
    /// It does not verify, or the header does not fit the key.
    pub fn verify(self, key: &PublicKey) -> Result<Verified, VerifyError> {
        let (claimed, actual) = (self.header.algorithm, key.algorithm());
        if claimed != actual {
            return Err(VerifyError::OtherAlgorithm { claimed, actual });
        }
        let (named, given) = (self.header.kid.clone().unwrap_or_default(), key.thumbprint());
        if self.rule == KidRule::Thumbprint && named != given.to_string() {
            return Err(VerifyError::OtherKey { named, given });
        }
        key.verify(&self.text.as_bytes()[..self.signed], &self.signature)?;
        Ok(self.verified_before())
    }

    /// The same, where the signature of this very text was verified before.
    pub(crate) fn verified_before(self) -> Verified {
        Verified { text: self.text, header: self.header, payload: self.payload }
    }
}

impl Verified {
    /// The JWT as it came.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Its header.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// Its claims.
    pub fn payload(&self) -> &Map<String, Value> {
        &self.payload
    }
}

impl Header {
    /// The header of something that `key` signs, which names the key by its thumbprint.
    pub fn naming(key: &PublicKey, typ: &str, x5c: &[Der]) -> Self {
        Self { kid: Some(key.thumbprint().to_string()), x5c: x5c.to_vec(), ..Self::unnamed(key, typ) }
    }

    /// The header of something of which it is known elsewhere who signs it.
    pub fn unnamed(key: &PublicKey, typ: &str) -> Self {
        Self { algorithm: key.algorithm(), kid: None, typ: typ.to_owned(), x5c: Vec::new() }
    }

    fn parse(json: &[u8], profile: Profile<'_>) -> Result<Self, JwtError> {
        let refuse = |why: &dyn fmt::Display| JwtError::Header(why.to_string());
        strict::check(json, HEADER).map_err(|breach| refuse(&breach))?;
        if json.first() != Some(&b'{') {
            // serde would also read the members from an array.
            return Err(refuse(&"not a JSON object"));
        }
        let wire: Wire = serde_json::from_slice(json).map_err(|error| refuse(&strict::excerpt(&error)))?;
        if !profile.types.contains(&wire.typ.as_str()) {
            return Err(refuse(&format_args!("typ must be {}", profile.types.join(" or "))));
        }
        profile.kid.check(&wire).map_err(|why| refuse(&why))?;
        let algorithm = Algorithm::from_jws_name(&wire.alg).ok_or_else(|| refuse(&"alg must be EdDSA or ES256"))?;
        Ok(Self { algorithm, kid: wire.kid, typ: wire.typ, x5c: wire.x5c.unwrap_or_default() })
    }

    fn to_json(&self) -> serde_json::Result<Vec<u8>> {
        serde_json::to_vec(&Wire {
            alg: self.algorithm.jws_name().to_owned(),
            kid: self.kid.clone(),
            typ: self.typ.clone(),
            x5c: (!self.x5c.is_empty()).then(|| self.x5c.clone()),
        })
    }
}

impl KidRule {
    fn check(self, wire: &Wire) -> Result<(), &'static str> {
        match (self, &wire.kid) {
            (Self::Thumbprint, Some(kid)) if kid.parse::<Thumbprint>().is_err() => {
                Err("kid must be the RFC 7638 thumbprint of the key, 43 characters")
            }
            (Self::Thumbprint, None) => Err("kid is missing"),
            (Self::Hint, Some(kid)) if kid.is_empty() || kid.len() > MAX_KID => Err("kid must have 1 to 256 bytes"),
            (Self::Absent, Some(_)) => Err("kid must not stand here"),
            (Self::Absent, None) if wire.x5c.is_some() => Err("x5c must not stand here"),
            _ => Ok(()),
        }
    }
}

/// The header's JSON.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wire {
    alg: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    kid: Option<String>,
    typ: String,
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "certificates")]
    x5c: Option<Vec<Der>>,
}

fn certificates<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Vec<Der>>, D::Error> {
    let found = Vec::<Der>::deserialize(deserializer)?;
    match found.len() {
        1..=MAX_CERTIFICATES => Ok(Some(found)),
        _ => Err(D::Error::custom(format_args!("x5c must hold 1 to {MAX_CERTIFICATES} certificates"))),
    }
}

/// Signs `payload` under `header`.
///
/// # Errors
/// The cryptographic library failed.
pub fn sign(key: &SigningKey, header: &Header, payload: &Map<String, Value>) -> Result<String, SignError> {
    let (header, payload) = (header.to_json()?, serde_json::to_vec(payload)?);
    Ok(compact::sign(key, &header, &payload)?)
}

/// Why claims could not be signed. The blame is this program's or its machine's.
#[derive(Debug, thiserror::Error)]
pub enum SignError {
    /// The claims have no JSON.
    #[error("the claims cannot be written as JSON: {0}")]
    Json(#[from] serde_json::Error),
    /// The library failed.
    #[error(transparent)]
    Signing(#[from] SigningError),
}

/// The JSON object that `bytes` are, read strictly.
fn object(bytes: &[u8], limits: Limits) -> Result<Map<String, Value>, JwtError> {
    strict::check(bytes, limits)?;
    let value = serde_json::from_slice(bytes).map_err(|error| Breach::NotJson { message: strict::excerpt(&error) })?;
    match value {
        Value::Object(object) => Ok(object),
        _ => Err(JwtError::NotAnObject),
    }
}
