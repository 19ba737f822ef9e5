//! Statements on the wire: compact JWS (RFC 7515), in exactly one shape.
//!
//! ```text
//! base64url(header) "." base64url(payload) "." base64url(signature, 64 bytes)        at most 65,535 bytes
//! header = {"alg":"EdDSA"|"ES256","kid":"<RFC 7638 thumbprint>","typ":"statement+jwt"|"dc+sd-jwt"[,"x5c":["<DER, base64>", …]]}
//! ```
//!
//! The header has these three members, each once, and no other, but that a credential may carry certificates of its key in
//! `x5c` (RFC 7515 §4.1.6); base64url is without padding and with zero trailing bits. So one set of bytes is one statement, and a verifier is never told by the message how to verify it beyond
//! choosing between two algorithms, of which the key allows one.
//!
//! [`Unverified`] becomes [`Verified`] only through [`Unverified::verify`]. The payload stays bytes: what it means is
//! `conformity`'s to read.

#[cfg(test)]
mod tests;

use crate::compact::{self, Compact, CompactError};
use crate::digest::Digest;
use crate::encoding::base64_decode;
use crate::key::{Algorithm, PublicKey, SignatureError, SigningError, SigningKey, Thumbprint, ThumbprintTextError};
use bytes::Bytes;

/// Longest statement: an entry of tlog-tiles carries a length of 16 bits, and peers exchange statements so.
pub const MAX_STATEMENT: usize = 65_535;
/// Most certificates that come with a statement.
pub const MAX_CERTIFICATES: usize = 4;
/// Most bytes of one of them, in DER.
pub const MAX_CERTIFICATE: usize = 8 * 1024;
/// The header without certificates, as this program writes it, has 97 bytes, hence 130 in base64url. With certificates the
/// length of the statement bounds it.
const MAX_HEADER: usize = 256;

/// The two forms of a statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Form {
    /// A fact in the registry's own words.
    Plain,
    /// The signed part of a credential (SD-JWT VC), which is a statement as well: that it was issued.
    Credential,
}

impl Form {
    /// Both.
    const ALL: [Self; 2] = [Self::Plain, Self::Credential];

    /// The header's `typ`.
    pub const fn typ(self) -> &'static str {
        match self {
            Self::Plain => "statement+jwt",
            Self::Credential => "dc+sd-jwt",
        }
    }

    fn from_typ(typ: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|form| form.typ() == typ)
    }
}

/// Why bytes are no statement. The blame is the submitter's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum JwsError {
    /// Too long.
    #[error("a statement has at most {MAX_STATEMENT} bytes, not {0}; put long content into an attachment")]
    TooLong(usize),
    /// Not three parts in base64url.
    #[error(transparent)]
    Malformed(#[from] CompactError),
    /// Another header than the one defined.
    #[error("the header must be exactly alg, kid and typ: {0}")]
    Header(String),
    /// Certificates that may not come along, or not so.
    #[error("x5c is not taken: {0}")]
    Certificates(#[from] CertificatesError),
}

/// Why certificates that come with a statement are not even read (RFC 7515 §4.1.6). The blame is the submitter's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CertificatesError {
    /// With another statement than a credential.
    #[error("only a credential carries certificates")]
    Misplaced,
    /// An empty list.
    #[error("it is empty; leave the member out, or give 1 to {MAX_CERTIFICATES} certificates")]
    Empty,
    /// More than are looked at.
    #[error("it holds {0} certificates, at most {MAX_CERTIFICATES} are possible")]
    TooMany(usize),
    /// One that is too large.
    #[error("certificate {place} has more than {MAX_CERTIFICATE} bytes")]
    TooLarge {
        /// Which one, from 0.
        place: usize,
    },
    /// One that is not in base64.
    #[error("certificate {place} is not DER in standard base64 with padding")]
    NotBase64 {
        /// Which one, from 0.
        place: usize,
    },
}

impl CertificatesError {
    /// A stable code for machines.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Misplaced => "x5c-misplaced",
            Self::Empty => "x5c-empty",
            Self::TooMany(_) => "x5c-too-many",
            Self::TooLarge { .. } => "x5c-too-large",
            Self::NotBase64 { .. } => "x5c-not-base64",
        }
    }
}

/// Why a signature is not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum VerifyError {
    /// The header names another key than the one it is checked with.
    #[error("the statement names key {named}, not {given}")]
    OtherKey {
        /// The key in the header.
        named: Thumbprint,
        /// The key given.
        given: Thumbprint,
    },
    /// The header's algorithm is not the key's.
    #[error("the statement says {claimed}, but its key signs {actual}")]
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

/// Why a statement cannot be signed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SignError {
    /// The payload is too long for a statement.
    #[error(transparent)]
    TooLong(JwsError),
    /// The library failed.
    #[error(transparent)]
    Signing(#[from] SigningError),
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    alg: String,
    kid: String,
    typ: String,
    #[serde(default, deserialize_with = "present")]
    x5c: Option<Vec<String>>,
}

/// A list; `null` is none.
fn present<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Vec<String>>, D::Error> {
    serde::Deserialize::deserialize(deserializer).map(Some)
}

/// What a header says.
struct Named {
    form: Form,
    algorithm: Algorithm,
    kid: Thumbprint,
    certificates: Vec<Bytes>,
}

/// A statement in the right shape, of which nobody has checked the signature.
#[derive(Debug, Clone)]
pub struct Unverified {
    compact: Bytes,
    form: Form,
    algorithm: Algorithm,
    kid: Thumbprint,
    certificates: Vec<Bytes>,
    payload: Bytes,
    digest: Digest,
    signed_len: usize,
    signature: [u8; 64],
}

/// A statement whose signature verified with the key that its header names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    compact: Bytes,
    form: Form,
    algorithm: Algorithm,
    kid: Thumbprint,
    certificates: Vec<Bytes>,
    payload: Bytes,
    digest: Digest,
}

impl Unverified {
    /// Takes a statement apart.
    pub fn parse(compact: Bytes) -> Result<Self, JwsError> {
        if compact.len() > MAX_STATEMENT {
            return Err(JwsError::TooLong(compact.len()));
        }
        let parts = Compact::split(&compact)?;
        let Named { form, algorithm, kid, certificates } = parse_header(&parts)?;
        let (signed_len, signature) = (parts.signed.len(), parts.signature);
        let (payload, digest) = (parts.payload.into(), Digest::of(&compact));
        Ok(Self { payload, digest, compact, form, algorithm, kid, certificates, signed_len, signature })
    }

    /// The form that the header names.
    pub fn form(&self) -> Form {
        self.form
    }

    /// The key that the header names.
    pub fn kid(&self) -> Thumbprint {
        self.kid
    }

    /// The algorithm that the header names.
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// Certificates that came along, in DER, the key's own first. Nobody has looked into them.
    pub fn certificates(&self) -> &[Bytes] {
        &self.certificates
    }

    /// The payload, which anyone may have written: good for finding the key to verify with, and for nothing else.
    pub fn unverified_payload(&self) -> &Bytes {
        &self.payload
    }

    /// Digest of the whole statement: what a log's entry commits to.
    pub fn digest(&self) -> Digest {
        self.digest
    }

    /// Checks the signature.
    pub fn verify(self, key: &PublicKey) -> Result<Verified, VerifyError> {
        if key.thumbprint() != self.kid {
            return Err(VerifyError::OtherKey { named: self.kid, given: key.thumbprint() });
        }
        if key.algorithm() != self.algorithm {
            return Err(VerifyError::OtherAlgorithm { claimed: self.algorithm, actual: key.algorithm() });
        }
        key.verify(&self.compact[..self.signed_len], &self.signature)?;
        let Self { compact, form, algorithm, kid, certificates, payload, digest, .. } = self;
        Ok(Verified { compact, form, algorithm, kid, certificates, payload, digest })
    }
}

impl Verified {
    /// Its form.
    pub fn form(&self) -> Form {
        self.form
    }

    /// The whole statement, as it is kept and shown.
    pub fn compact(&self) -> &Bytes {
        &self.compact
    }

    /// Certificates that came along, in DER, the key's own first. That the signature verifies says nothing about them.
    pub fn certificates(&self) -> &[Bytes] {
        &self.certificates
    }

    /// The signed payload.
    pub fn payload(&self) -> &Bytes {
        &self.payload
    }

    /// The key that signed.
    pub fn kid(&self) -> Thumbprint {
        self.kid
    }

    /// How it was signed.
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// Digest of the whole statement: what a log's entry commits to.
    pub fn digest(&self) -> Digest {
        self.digest
    }
}

/// Signs the payload of a plain statement.
pub fn sign(key: &SigningKey, payload: &[u8]) -> Result<Verified, SignError> {
    let (algorithm, kid) = (key.algorithm(), key.public_key().thumbprint());
    let header = format!(r#"{{"alg":"{algorithm}","kid":"{kid}","typ":"{}"}}"#, Form::Plain.typ());
    let compact = compact::sign(key, header.as_bytes(), payload)?;
    if compact.len() > MAX_STATEMENT {
        return Err(SignError::TooLong(JwsError::TooLong(compact.len())));
    }
    let compact = Bytes::from(compact);
    let (digest, payload) = (Digest::of(&compact), Bytes::copy_from_slice(payload));
    Ok(Verified { digest, payload, compact, form: Form::Plain, algorithm, kid, certificates: Vec::new() })
}

fn parse_header(parts: &Compact<'_>) -> Result<Named, JwsError> {
    let json = parts.decode_header()?;
    if json.first() != Some(&b'{') {
        // serde would also read the members from an array.
        return Err(JwsError::Header("not a JSON object".into()));
    }
    let header: Header = serde_json::from_slice(&json).map_err(|error| JwsError::Header(error.to_string()))?;
    if header.x5c.is_none() && parts.header.len() > MAX_HEADER {
        return Err(JwsError::Header(format!("longer than {MAX_HEADER} characters")));
    }
    let form = Form::from_typ(&header.typ);
    let form = form.ok_or_else(|| JwsError::Header("typ must be statement+jwt or dc+sd-jwt".into()))?;
    let algorithm = Algorithm::from_jws_name(&header.alg);
    let algorithm = algorithm.ok_or_else(|| JwsError::Header("alg must be EdDSA or ES256".into()))?;
    let kid = header.kid.parse().map_err(|error: ThumbprintTextError| JwsError::Header(error.to_string()))?;
    let certificates = header.x5c.map_or(Ok(Vec::new()), |x5c| read_certificates(form, &x5c))?;
    Ok(Named { form, algorithm, kid, certificates })
}

fn read_certificates(form: Form, x5c: &[String]) -> Result<Vec<Bytes>, CertificatesError> {
    match x5c.len() {
        _ if form != Form::Credential => return Err(CertificatesError::Misplaced),
        0 => return Err(CertificatesError::Empty),
        1..=MAX_CERTIFICATES => {}
        many => return Err(CertificatesError::TooMany(many)),
    }
    let read = |(place, text): (usize, &String)| match base64_decode(text) {
        Some(der) if der.len() > MAX_CERTIFICATE => Err(CertificatesError::TooLarge { place }),
        Some(der) if !der.is_empty() => Ok(Bytes::from(der)),
        _ => Err(CertificatesError::NotBase64 { place }),
    };
    x5c.iter().enumerate().map(read).collect()
}
