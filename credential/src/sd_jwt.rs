//! JWTs with selective disclosure: SD-JWT as RFC 9901, in its compact form.
//!
//! ```text
//! <issuer's JWT> "~" (<disclosure> "~")* [<key binding JWT>]
//! disclosure = base64url of [salt, name, value] for a member, of [salt, value] for an element
//! ```
//!
//! The issuer signs digests of disclosures in place of what they hold: `"_sd": [digest, …]` in an object, `{"...": digest}` in
//! an array. Whoever holds the disclosures chooses which to show.
//!
//! ```text
//! text ─Unverified::parse─▶ Unverified ─verify(key)─▶ Verified ─disclose─▶ Disclosed ─verify_key_binding─▶ Bound
//!                                                                             │
//!                                issue(key, …) ──────────────────────────────▶└─present(which)─▶ Presentation ─bind─▶ text
//! ```
//!
//! In scope: the format and section 7 of the RFC, more strictly than it in the places that `docs/spec/credential.md` lists.
//! Out of scope: the JSON serialisation (section 8), other digests than SHA-256, and which claims a credential must have.

mod disclosed;
mod disclosure;
mod embed;
mod issue;
mod key_binding;
mod pieces;
mod pointer;
mod refusal;

use conformity::party::{PartyKey, PartyRecord};
use conformity::strict::Limits;
use ledger::jws;
use ledger::key::PublicKey;
use serde_json::{Map, Value};

use crate::jwt::{self, Header, KidRule, Profile, VerifyError};
use disclosure::Disclosure;

pub use disclosed::{Concealable, Disclosed, Presentation};
pub use issue::{Issuance, IssueError, SaltError, Salts, SystemSalts, issue};
pub use key_binding::{BindError, Bound, Expected, HolderKeyError, KeyBindingError};
pub use pieces::Pieces;
pub use pointer::{MAX_POINTER, Pointer, PointerError};
pub use refusal::{Blame, DisclosureError, Malformed, Refusal};

/// The most bytes of the issuer's JWT: as many as a statement has.
pub const MAX_JWT: usize = 65_535;
/// The most disclosures.
pub const MAX_DISCLOSURES: usize = 4_096;
/// The most bytes of one disclosure, in base64url.
pub const MAX_DISCLOSURE: usize = 65_535;
/// The most bytes of all disclosures together, in base64url.
pub const MAX_DISCLOSED: usize = 1 << 20;
/// The most bytes of a key binding JWT.
pub const MAX_KEY_BINDING: usize = 8_192;
/// The most bytes of the whole.
pub const MAX_TEXT: usize = MAX_JWT + 1 + MAX_DISCLOSED + MAX_DISCLOSURES + MAX_KEY_BINDING;
/// The deepest nesting: of the payload, of each disclosure, and of the payload with its disclosures put in.
pub const MAX_DEPTH: usize = 16;

/// The type of credentials that this registry's software issues (SD-JWT VC).
pub const TYPE: &str = "dc+sd-jwt";

/// How this registry's software signs: type `dc+sd-jwt`, and `kid` is the key's thumbprint.
pub const REGISTRY: Profile<'static> = Profile { types: &[TYPE], kid: KidRule::Thumbprint };

const PAYLOAD: Limits = Limits { bytes: MAX_JWT, depth: MAX_DEPTH, null: true };

/// An SD-JWT in the right shape, of which nobody has checked a signature.
#[derive(Debug, Clone)]
pub struct Unverified {
    jwt: jwt::Unverified,
    disclosures: Vec<Disclosure>,
    key_binding: Option<jwt::Unverified>,
}

/// An SD-JWT whose issuer's signature verified; its disclosures are still only texts that came along.
#[derive(Debug, Clone)]
pub struct Verified {
    jwt: jwt::Verified,
    disclosures: Vec<Disclosure>,
    key_binding: Option<jwt::Unverified>,
}

impl Unverified {
    /// Takes an SD-JWT apart.
    ///
    /// # Errors
    /// The first rule of the form that it breaks.
    pub fn parse(text: &str, profile: Profile<'_>) -> Result<Self, Malformed> {
        if text.len() > MAX_TEXT {
            return Err(Malformed::TooLong { bytes: text.len() });
        }
        let pieces = Pieces::of(text)?;
        let disclosures = disclosure::parse_each(pieces.disclosures())?;
        let binding = Some(pieces.key_binding()).filter(|binding| !binding.is_empty());
        Ok(Self {
            jwt: jwt::Unverified::parse(pieces.jwt(), profile, PAYLOAD)?,
            disclosures,
            key_binding: binding.map(key_binding::parse).transpose()?,
        })
    }

    /// The key that the header names, as a register holds it of the issuer, revoked since or not.
    pub fn key_of<'a>(&self, issuer: &'a PartyRecord) -> Option<&'a PartyKey> {
        issuer.key(&self.header().kid.as_deref()?.parse().ok()?)
    }

    /// The header of the issuer's JWT, which anyone may have written: good for finding the key, and for nothing else.
    pub fn header(&self) -> &Header {
        self.jwt.header()
    }

    /// The issuer's claims, which anyone may have written: good for finding the key, and for nothing else.
    pub fn unverified_payload(&self) -> &Map<String, Value> {
        self.jwt.unverified_payload()
    }

    /// Checks the issuer's signature (section 7.1, step 2). Whether the key is the issuer's, the caller has found out.
    ///
    /// # Errors
    /// It does not verify, or the header does not fit the key.
    pub fn verify(self, key: &PublicKey) -> Result<Verified, VerifyError> {
        let jwt = self.jwt.verify(key)?;
        Ok(Verified { jwt, disclosures: self.disclosures, key_binding: self.key_binding })
    }
}

/// What stands in the open in a payload of which nothing was disclosed. Nobody has checked a signature.
///
/// # Errors
/// The rule that the issuer's digests break.
pub fn undisclosed(payload: Map<String, Value>) -> Result<Map<String, Value>, Refusal> {
    embed::embed(payload, &[]).map(|(payload, _)| payload)
}

impl Verified {
    /// A credential whose signed part was verified as a statement of a log, with what may be its disclosures.
    ///
    /// # Errors
    /// The first rule of the form that it breaks.
    pub fn of_statement(statement: &jws::Verified, disclosures: &[String]) -> Result<Self, Malformed> {
        let disclosures = disclosure::parse_each(disclosures.iter().map(String::as_str))?;
        // What is not UTF-8 is no JWT.
        let text = std::str::from_utf8(statement.compact()).unwrap_or_default();
        let jwt = jwt::Unverified::parse(text, REGISTRY, PAYLOAD)?.verified_before();
        Ok(Self { jwt, disclosures, key_binding: None })
    }

    /// Puts the disclosures in place of their digests (section 7.1, steps 3 to 5).
    ///
    /// # Errors
    /// The rule that the issuer's digests or the holder's disclosures break.
    pub fn disclose(self) -> Result<Disclosed, Refusal> {
        let (payload, places) = embed::embed(self.jwt.payload, &self.disclosures)?;
        let disclosures = self.disclosures.into_iter().zip(places).map(|(one, place)| Concealable::new(one, place));
        Ok(Disclosed::new(self.jwt.text, self.jwt.header, payload, disclosures.collect(), self.key_binding))
    }
}
