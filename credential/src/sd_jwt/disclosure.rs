//! One disclosure: what it says, and the digest under which the issuer signed it (RFC 9901 §4.2).
//!
//! In scope: reading and writing one, and the bounds on all. Out of scope: where it belongs, see `embed`. The salt is not
//! kept: it has done its work once the digest is made.

use conformity::strict::{self, Limits};
use ledger::digest::Digest;
use ledger::encoding::{base64url_decode, base64url_encode};
use serde_json::Value;

use super::refusal::{DisclosureError, Malformed};
use super::{MAX_DEPTH, MAX_DISCLOSED, MAX_DISCLOSURE, MAX_DISCLOSURES};

/// The digests that stand for disclosures: the only one that is used here.
pub(super) const DIGEST: &str = "sha-256";

const LIMITS: Limits = Limits { bytes: MAX_DISCLOSURE, depth: MAX_DEPTH, null: true };

/// A disclosure as it came.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Disclosure {
    /// Its text, of which every byte counts for the digest.
    pub(super) encoded: String,
    /// What it holds.
    pub(super) content: Content,
}

/// What a disclosure holds.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Content {
    /// A member of an object.
    Member(String, Value),
    /// An element of an array.
    Element(Value),
}

/// Reads disclosures; bounds come first.
pub(super) fn parse_each<'a>(texts: impl Iterator<Item = &'a str> + Clone) -> Result<Vec<Disclosure>, Malformed> {
    let count = texts.clone().count();
    if count > MAX_DISCLOSURES {
        return Err(Malformed::TooManyDisclosures { count });
    }
    let bytes = texts.clone().map(str::len).sum();
    if bytes > MAX_DISCLOSED {
        return Err(Malformed::TooMuchDisclosed { bytes });
    }
    let read = |(index, one)| Disclosure::parse(one).map_err(|source| Malformed::Disclosure { index, source });
    texts.enumerate().map(read).collect()
}

/// The digest of a disclosure's text, as `_sd` and `...` hold it.
pub(super) fn digest(encoded: &str) -> String {
    base64url_encode(Digest::of(encoded.as_bytes()).as_bytes())
}

impl Disclosure {
    fn parse(encoded: &str) -> Result<Self, DisclosureError> {
        if encoded.len() > MAX_DISCLOSURE {
            return Err(DisclosureError::TooLong { bytes: encoded.len() });
        }
        let json = base64url_decode(encoded.as_bytes()).ok_or(DisclosureError::NotBase64)?;
        strict::check(&json, LIMITS)?;
        let parts: Vec<Value> = serde_json::from_slice(&json).map_err(|_| DisclosureError::Shape)?;
        let content = Content::of(parts).ok_or(DisclosureError::Shape)?;
        Ok(Self { encoded: encoded.to_owned(), content })
    }
}

impl Content {
    fn of(parts: Vec<Value>) -> Option<Self> {
        let mut parts = parts.into_iter();
        match (parts.next(), parts.next(), parts.next(), parts.next()) {
            (Some(Value::String(_salt)), Some(Value::String(name)), Some(value), None) => {
                Some(Self::Member(name, value))
            }
            (Some(Value::String(_salt)), Some(value), None, None) => Some(Self::Element(value)),
            _ => None,
        }
    }

    /// Writes a disclosure with `salt`.
    pub(super) fn encode(self, salt: &[u8; 16]) -> String {
        let salt = Value::String(base64url_encode(salt));
        let parts = match self {
            Self::Member(name, value) => vec![salt, Value::String(name), value],
            Self::Element(value) => vec![salt, value],
        };
        base64url_encode(Value::Array(parts).to_string().as_bytes())
    }
}
