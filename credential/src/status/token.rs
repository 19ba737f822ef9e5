//! The list as a JWT that anybody may pass on (IETF Token Status List, section "Status List Token in JWT Format").
//!
//! ```text
//! header  = {"alg":"EdDSA"|"ES256", "kid":"…", "typ":"statuslist+jwt"}
//! payload = {"sub": URI, "iat": seconds, "exp": seconds, "ttl": seconds, "status_list": {"bits": …, "lst": "…"}}
//! ```
//!
//! In scope: signing, verifying, and looking up what a credential's claim `status` refers to. Out of scope: fetching the token
//! from its URI, and finding its key.

use conformity::strict::Limits;
use ledger::key::{PublicKey, SigningKey};
use serde_json::{Map, Value, json};

use super::list::{ListError, StatusList};
use super::{NoPlace, PackError, Status};
use crate::jwt::{self, Header, JwtError, KidRule, Profile, SignError, VerifyError};
use crate::times::{Untimely, Validity};

/// The type of such a token.
pub const TYPE: &str = "statuslist+jwt";
/// The most bytes of a token.
pub const MAX_TOKEN: usize = 8 * 1024 * 1024;
/// The longest URI of a list, in bytes.
pub const MAX_URI: usize = 2048;

const LIMITS: Limits = Limits { bytes: MAX_TOKEN, depth: 16, null: true };

/// Where a credential's status is found: the claim `status` holds `{"status_list": {"idx": …, "uri": "…"}}`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference {
    /// The list.
    pub uri: String,
    /// The place in it.
    pub index: u64,
}

/// A status list with its claims: what an issuer fills in and signs. What it says of a credential, only [`Verified`] tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatusListToken {
    /// `sub`: the URI of the list, as credentials name it.
    pub uri: String,
    /// `iat`: when it was signed, in seconds since 1970.
    pub issued: i64,
    /// `exp`: the first second in which it says nothing any more, in seconds since 1970.
    pub expires: Option<i64>,
    /// `ttl`: for how many seconds a copy may be used before a newer one is fetched.
    pub ttl: Option<u64>,
    /// The list.
    pub list: StatusList,
}

/// A token whose signature verified with the key that the caller gave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified(StatusListToken);

/// A token in the right shape, of which nobody has checked the signature; its list is not unpacked before that.
#[derive(Debug, Clone)]
pub struct Unverified(jwt::Unverified);

/// Why a token is none. The blame is its publisher's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// Not signed by the key given.
    #[error("the status list: {0}")]
    Verify(#[from] VerifyError),
    /// A claim is missing, or not what it should be.
    #[error("the status list's claim {0} is missing or of the wrong kind")]
    Claim(&'static str),
    /// A time is none.
    #[error("the status list: {0}")]
    Time(#[from] Untimely),
    /// The list itself.
    #[error(transparent)]
    List(#[from] ListError),
}

/// Why a token could not be signed. The blame is this program's or its machine's.
#[derive(Debug, thiserror::Error)]
pub enum TokenSignError {
    /// The list cannot be packed.
    #[error(transparent)]
    Pack(#[from] PackError),
    /// It could not be signed.
    #[error(transparent)]
    Sign(#[from] SignError),
    /// Nobody would read it.
    #[error("the token has {0} bytes; at most {MAX_TOKEN} are allowed: make several lists")]
    TooLong(usize),
}

/// Why a list says nothing of a credential, which must be refused then.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unknown {
    /// Another list than the credential names.
    #[error("the credential's status is in {named:?}, not in {given:?}")]
    OtherList {
        /// The list that the credential names.
        named: String,
        /// The list given.
        given: String,
    },
    /// Too old, or from the future.
    #[error("the status list: {0}")]
    Time(#[from] Untimely),
    /// The list has no such place.
    #[error(transparent)]
    NoPlace(#[from] NoPlace),
}

/// The claim `status` names no list as it should. The blame is the credential's issuer's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the claim status must hold status_list with idx, a whole number, and uri, a text of at most {MAX_URI} bytes")]
pub struct ReferenceError;

impl Reference {
    /// Reads the claim `status` among a credential's claims; `None` where there is none.
    ///
    /// # Errors
    /// There is one, but it names no list: then nothing is known of the credential.
    pub fn read(claims: &Map<String, Value>) -> Result<Option<Self>, ReferenceError> {
        let Some(status) = claims.get("status") else { return Ok(None) };
        let list = status.get("status_list").ok_or(ReferenceError)?;
        let index = list.get("idx").and_then(Value::as_u64).ok_or(ReferenceError)?;
        let uri = list.get("uri").and_then(Value::as_str).filter(|uri| (1..=MAX_URI).contains(&uri.len()));
        Ok(Some(Self { uri: uri.ok_or(ReferenceError)?.to_owned(), index }))
    }

    /// The claim `status`.
    pub fn to_json(&self) -> Value {
        json!({"status_list": {"idx": self.index, "uri": self.uri}})
    }
}

impl StatusListToken {
    /// Signs the token.
    ///
    /// # Errors
    /// It cannot be packed or signed, or would be too long.
    pub fn sign(&self, key: &SigningKey) -> Result<String, TokenSignError> {
        let mut claims = Map::new();
        claims.insert("sub".to_owned(), self.uri.clone().into());
        claims.insert("iat".to_owned(), self.issued.into());
        claims.extend(self.expires.map(|expires| ("exp".to_owned(), expires.into())));
        claims.extend(self.ttl.map(|ttl| ("ttl".to_owned(), ttl.into())));
        claims.insert("status_list".to_owned(), self.list.to_json()?);
        let token = jwt::sign(key, &Header::naming(key.public_key(), TYPE, &[]), &claims)?;
        if token.len() > MAX_TOKEN { Err(TokenSignError::TooLong(token.len())) } else { Ok(token) }
    }

    /// Reads a token's claims, whoever wrote them.
    ///
    /// # Errors
    /// The first rule that they break.
    pub fn from_claims(claims: &Map<String, Value>) -> Result<Self, TokenError> {
        let uri = claims.get("sub").and_then(Value::as_str).ok_or(TokenError::Claim("sub"))?;
        let times = Validity::read(claims)?;
        let ttl = claims.get("ttl").map(|ttl| ttl.as_u64().filter(|ttl| *ttl > 0).ok_or(TokenError::Claim("ttl")));
        let list = claims.get("status_list").ok_or(TokenError::Claim("status_list"))?;
        Ok(Self {
            uri: uri.to_owned(),
            issued: times.issued.ok_or(TokenError::Claim("iat"))?,
            expires: times.ends,
            ttl: ttl.transpose()?,
            list: StatusList::from_json(list)?,
        })
    }
}

impl Unverified {
    /// Takes a token apart. `kid` says how its issuer names keys: [`KidRule::Thumbprint`] for this registry's software.
    ///
    /// # Errors
    /// The first rule of the form that it breaks.
    pub fn parse(text: &str, kid: KidRule) -> Result<Self, JwtError> {
        jwt::Unverified::parse(text, Profile { types: &[TYPE], kid }, LIMITS).map(Self)
    }

    /// The header, which anyone may have written: good for finding the key, and for nothing else.
    pub fn header(&self) -> &Header {
        self.0.header()
    }

    /// The claims, which anyone may have written: good for finding the key, and for nothing else.
    pub fn unverified_payload(&self) -> &Map<String, Value> {
        self.0.unverified_payload()
    }

    /// Checks the signature, and only then unpacks the list.
    ///
    /// # Errors
    /// It does not verify, or the claims are no status list.
    pub fn verify(self, key: &PublicKey) -> Result<Verified, TokenError> {
        StatusListToken::from_claims(&self.0.verify(key)?.payload).map(Verified)
    }
}

impl Verified {
    /// What was signed.
    pub fn token(&self) -> &StatusListToken {
        &self.0
    }

    /// The status of a credential at `now` (seconds since 1970), if clocks may differ by `leeway` seconds.
    ///
    /// # Errors
    /// The list says nothing of it, or nothing that still holds.
    pub fn look_up(&self, reference: &Reference, now: i64, leeway: u32) -> Result<Status, Unknown> {
        if reference.uri != self.0.uri {
            return Err(Unknown::OtherList { named: reference.uri.clone(), given: self.0.uri.clone() });
        }
        let times = Validity { issued: Some(self.0.issued), begins: None, ends: self.0.expires };
        times.check(now, leeway)?;
        Ok(self.0.list.status(reference.index)?)
    }
}
