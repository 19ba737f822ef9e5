//! Key binding: the holder signs what he shows, for whom, and for which occasion (RFC 9901 §4.3 and §7.3).
//!
//! ```text
//! header  = {"alg":"EdDSA"|"ES256", "typ":"kb+jwt"}
//! payload = {"aud": "…", "iat": seconds, "nonce": "…", "sd_hash": base64url of SHA-256 of all before it}   nothing else
//! ```
//!
//! In scope: making and checking it with the key in the claim `cnf` (`jwk`, RFC 7800). Out of scope: the clock, and
//! remembering which nonces were used: that is the verifier's, who makes them.

use std::ops::RangeInclusive;

use conformity::strict::{Limits, excerpt};
use ledger::key::{KeyError, PublicKey, SigningKey};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::disclosed::{Disclosed, Presentation};
use super::disclosure::digest;
use super::refusal::Malformed;
use super::{MAX_KEY_BINDING, MAX_TEXT, Unverified};
use crate::jwt::{self, Header, KidRule, Profile, SignError, VerifyError};

const TYPE: &str = "kb+jwt";
const PROFILE: Profile<'static> = Profile { types: &[TYPE], kid: KidRule::Absent };
const LIMITS: Limits = Limits { bytes: MAX_KEY_BINDING, depth: 4, null: false };

/// What a verifier expects of a key binding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expected<'a> {
    /// Who the verifier is, as the holder was told.
    pub audience: &'a str,
    /// The nonce that the verifier gave the holder.
    pub nonce: &'a str,
    /// When it may have been signed, in seconds since 1970.
    pub issued: RangeInclusive<i64>,
}

/// A key binding that holds.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Bound {
    /// The holder's key.
    pub holder: PublicKey,
    /// When the holder's clock says it was signed, in seconds since 1970.
    pub issued: i64,
}

/// Why a credential names no holder's key that is used here. The blame is its issuer's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HolderKeyError {
    /// No `cnf` with a `jwk`.
    #[error("the credential names no holder's key (cnf.jwk)")]
    None,
    /// Not an admissible key.
    #[error("the holder's key: {0}")]
    Key(#[from] KeyError),
}

/// Why a key binding is not accepted. The blame is the presenter's, except for [`KeyBindingError::Holder`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyBindingError {
    /// None came.
    #[error("the presentation has no key binding JWT; ask the holder for one")]
    Missing,
    /// The credential names no key to check with.
    #[error(transparent)]
    Holder(#[from] HolderKeyError),
    /// Not signed by the holder.
    #[error("the key binding: {0}")]
    Signature(#[from] VerifyError),
    /// Other claims than the four.
    #[error("a key binding holds exactly aud, iat, nonce and sd_hash: {0}")]
    Claims(String),
    /// For somebody else.
    #[error("the presentation is meant for {0:?}")]
    Audience(String),
    /// For another occasion.
    #[error("the presentation answers another nonce")]
    Nonce,
    /// Signed too early or too late.
    #[error("the presentation was signed at {0}, outside the time in which it is accepted")]
    Time(i64),
    /// Signed for other disclosures or another credential.
    #[error("the key binding was signed for another presentation than this")]
    Hash,
}

/// Why a presentation cannot be bound. The blame is the holder's program.
#[derive(Debug, thiserror::Error)]
pub enum BindError {
    /// The credential names no key.
    #[error(transparent)]
    Holder(#[from] HolderKeyError),
    /// The key given is not the one that the credential names.
    #[error("the credential is bound to another key")]
    OtherKey,
    /// Audience and nonce are longer than a verifier reads.
    #[error("audience and nonce are too long: a key binding has at most {MAX_KEY_BINDING} bytes")]
    TooLong,
    /// It could not be signed.
    #[error(transparent)]
    Sign(#[from] SignError),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Claims {
    aud: String,
    iat: i64,
    nonce: String,
    sd_hash: String,
}

/// Takes a key binding JWT apart.
pub(super) fn parse(text: &str) -> Result<jwt::Unverified, Malformed> {
    jwt::Unverified::parse(text, PROFILE, LIMITS).map_err(Malformed::KeyBinding)
}

impl Unverified {
    /// The nonce that the key binding names, which anyone may have written: good for finding what was expected, and for
    /// nothing else.
    pub fn claimed_nonce(&self) -> Option<&str> {
        self.key_binding.as_ref()?.unverified_payload().get("nonce")?.as_str()
    }
}

impl Disclosed {
    /// The key of the holder to whom the credential is bound.
    ///
    /// # Errors
    /// It names none, or none that is used here.
    pub fn holder_key(&self) -> Result<PublicKey, HolderKeyError> {
        holder_key(self.payload().get("cnf"))
    }

    /// Checks the key binding (section 7.3, step 5).
    ///
    /// # Errors
    /// There is none, or the first expectation that it does not meet.
    pub fn verify_key_binding(&self, expected: &Expected<'_>) -> Result<Bound, KeyBindingError> {
        let unverified = self.key_binding.clone().ok_or(KeyBindingError::Missing)?;
        let holder = self.holder_key()?;
        let claims = Value::Object(unverified.verify(&holder)?.payload);
        let claims: Claims =
            serde_json::from_value(claims).map_err(|error| KeyBindingError::Claims(excerpt(&error)))?;
        claims.check(expected, &digest(&self.bound_text()))?;
        Ok(Bound { holder, issued: claims.iat })
    }
}

impl Claims {
    fn check(&self, expected: &Expected<'_>, hash: &str) -> Result<(), KeyBindingError> {
        if self.aud != expected.audience {
            return Err(KeyBindingError::Audience(self.aud.chars().take(200).collect()));
        }
        if self.nonce != expected.nonce {
            return Err(KeyBindingError::Nonce);
        }
        if !expected.issued.contains(&self.iat) {
            return Err(KeyBindingError::Time(self.iat));
        }
        if self.sd_hash == hash { Ok(()) } else { Err(KeyBindingError::Hash) }
    }
}

impl Presentation {
    /// Binds the presentation to the holder's key, for `audience` and its `nonce`, at `now` (seconds since 1970).
    ///
    /// # Errors
    /// The key is not the one that the credential names, or does not sign.
    pub fn bind(self, key: &SigningKey, audience: &str, nonce: &str, now: i64) -> Result<String, BindError> {
        if holder_key(self.confirmation.as_ref())? != *key.public_key() {
            return Err(BindError::OtherKey);
        }
        let claims = json!({"aud": audience, "iat": now, "nonce": nonce, "sd_hash": digest(&self.text)});
        let claims = claims.as_object().cloned().unwrap_or_default();
        let binding = jwt::sign(key, &Header::unnamed(key.public_key(), TYPE), &claims)?;
        let fits = binding.len() <= MAX_KEY_BINDING && self.text.len() + binding.len() <= MAX_TEXT;
        if fits { Ok(self.text + &binding) } else { Err(BindError::TooLong) }
    }
}

/// The key that `cnf` names. Members of the JWK that only describe it (`kid`, `use`, `alg`) are passed over: the issuer has
/// signed them, and they change nothing here.
fn holder_key(confirmation: Option<&Value>) -> Result<PublicKey, HolderKeyError> {
    let jwk = confirmation.and_then(|confirmation| confirmation.get("jwk")).and_then(Value::as_object);
    let jwk = jwk.ok_or(HolderKeyError::None)?;
    let key: Map<String, Value> = ["crv", "kty", "x", "y"]
        .into_iter()
        .filter_map(|name| jwk.get(name).map(|value| (name.to_owned(), value.clone())))
        .collect();
    Ok(PublicKey::from_jwk(&Value::Object(key).to_string())?)
}
