//! Issuing: parts of a payload are concealed, and the rest is signed (RFC 9901 §4.1 and §4.2).
//!
//! In scope: concealing members and elements at any level, decoys, signing. Out of scope: which claims a credential has.
//! What is issued is read back by the rules of a verifier before anybody gets it, so that nothing leaves that they refuse.

use std::collections::BTreeSet;

use aws_lc_rs::rand::{SecureRandom, SystemRandom};
use conformity::key::Der;
use ledger::key::SigningKey;
use serde_json::{Map, Value};

use super::disclosure::{self, Content};
use super::embed::{ALGORITHM, DIGESTS, FORMAT, NEVER_CONCEALED, PLACEHOLDER};
use super::pointer::{Pointer, Position};
use super::refusal::{Malformed, Refusal};
use super::{Disclosed, MAX_DEPTH, REGISTRY, TYPE, Unverified};
use crate::jwt::{self, Header, SignError, VerifyError};

/// What is issued.
#[derive(Debug, Clone)]
pub struct Issuance<'a> {
    /// The claims, with everything in place.
    pub payload: Map<String, Value>,
    /// What the holder may show or not. A part may stand in another one.
    pub conceal: &'a [Pointer],
    /// Each `_sd` is filled up with decoys to a multiple of this, so that its length tells less; 0 and 1 add none.
    pub pad_to: u8,
    /// Certificates of the key, its own first; at most [`jwt::MAX_CERTIFICATES`], and none is fine.
    pub certificates: &'a [Der],
}

/// Where salts come from.
///
/// Each answer must be 128 bits that nobody can guess, and that are given out once: whoever can guess a salt can find out
/// what a digest conceals.
pub trait Salts {
    /// The next salt.
    ///
    /// # Errors
    /// The source fails. Nothing is issued then.
    fn salt(&mut self) -> Result<[u8; 16], SaltError>;
}

/// The random source of the system.
#[derive(Debug, Default)]
pub struct SystemSalts(SystemRandom);

impl Salts for SystemSalts {
    fn salt(&mut self) -> Result<[u8; 16], SaltError> {
        let mut salt = [0; 16];
        self.0.fill(&mut salt).map_err(|_| SaltError)?;
        Ok(salt)
    }
}

/// There is no randomness. The blame is the machine's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the random source fails; nothing can be concealed")]
pub struct SaltError;

/// Why nothing was issued. The blame is whoever composed the issuance, except for [`IssueError::Salt`] and
/// [`IssueError::Sign`].
#[derive(Debug, thiserror::Error)]
pub enum IssueError {
    /// Something to conceal is not there.
    #[error("nothing stands at {0}: it cannot be concealed")]
    Nothing(Pointer),
    /// A claim that must stay open.
    #[error("{0} decides whether the credential holds, and must not be concealed")]
    NeverConcealed(String),
    /// A name that belongs to the format.
    #[error("{0:?} is no name for a claim: it has a meaning in the format itself")]
    FormatName(&'static str),
    /// Too deep.
    #[error("the payload is nested deeper than {MAX_DEPTH} levels")]
    TooDeep,
    /// No randomness.
    #[error(transparent)]
    Salt(#[from] SaltError),
    /// It could not be signed.
    #[error(transparent)]
    Sign(#[from] SignError),
    /// A verifier would not read it.
    #[error("a verifier would refuse it: {0}")]
    Malformed(#[from] Malformed),
    /// A verifier would not accept the signature.
    #[error("a verifier would refuse it: {0}")]
    Verify(#[from] VerifyError),
    /// A verifier would not put the disclosures in.
    #[error("a verifier would refuse it: {0}")]
    Refusal(#[from] Refusal),
}

/// Issues an SD-JWT of the profile [`REGISTRY`]; [`Disclosed::present`] with everything is what the holder gets.
///
/// # Errors
/// What stands in its way.
pub fn issue(key: &SigningKey, issuance: Issuance<'_>, salts: &mut impl Salts) -> Result<Disclosed, IssueError> {
    let mut concealer = Concealer::new(&issuance, salts);
    let mut payload = concealer.object(issuance.payload)?;
    if let Some(missed) = concealer.wanted.pop_first() {
        return Err(IssueError::Nothing(missed));
    }
    if concealer.used {
        payload.insert(ALGORITHM.to_owned(), disclosure::DIGEST.into());
    }
    let header = Header::naming(key.public_key(), TYPE, issuance.certificates);
    let mut text = jwt::sign(key, &header, &payload)?;
    for disclosure in concealer.disclosures {
        text.push('~');
        text.push_str(&disclosure);
    }
    text.push('~');
    Ok(Unverified::parse(&text, REGISTRY)?.verify(key.public_key())?.disclose()?)
}

struct Concealer<'a, S> {
    /// What is still to be concealed.
    wanted: BTreeSet<Pointer>,
    pad_to: usize,
    salts: &'a mut S,
    disclosures: Vec<String>,
    used: bool,
    at: Position,
}

impl<'a, S: Salts> Concealer<'a, S> {
    fn new(issuance: &Issuance<'_>, salts: &'a mut S) -> Self {
        let (wanted, pad_to) = (issuance.conceal.iter().cloned().collect(), issuance.pad_to.into());
        Self { wanted, pad_to, salts, disclosures: Vec::new(), used: false, at: Position::default() }
    }

    fn value(&mut self, value: Value) -> Result<Value, IssueError> {
        match value {
            Value::Object(_) | Value::Array(_) if self.at.steps() >= MAX_DEPTH => Err(IssueError::TooDeep),
            Value::Object(object) => self.object(object).map(Value::Object),
            Value::Array(array) => self.array(array).map(Value::Array),
            plain => Ok(plain),
        }
    }

    fn object(&mut self, object: Map<String, Value>) -> Result<Map<String, Value>, IssueError> {
        let (mut open, mut digests) = (Map::new(), Vec::new());
        for (name, value) in object {
            admit(&name)?;
            let mark = self.at.enter_member(&name);
            let value = self.value(value)?;
            if self.is_wanted() {
                digests.push(self.conceal(Content::Member(name, value))?);
            } else {
                open.insert(name, value);
            }
            self.at.leave(mark);
        }
        if !digests.is_empty() {
            self.pad(&mut digests)?;
            open.insert(DIGESTS.to_owned(), digests.into());
        }
        Ok(open)
    }

    fn array(&mut self, array: Vec<Value>) -> Result<Vec<Value>, IssueError> {
        let mut open = Vec::with_capacity(array.len());
        for (index, element) in array.into_iter().enumerate() {
            let mark = self.at.enter_element(index);
            let element = self.value(element)?;
            open.push(if self.is_wanted() {
                let digest = self.conceal(Content::Element(element))?;
                Value::Object(Map::from_iter([(PLACEHOLDER.to_owned(), digest.into())]))
            } else {
                element
            });
            self.at.leave(mark);
        }
        Ok(open)
    }

    /// Whether the place where we stand is to be concealed; asked once for each place.
    fn is_wanted(&mut self) -> bool {
        self.wanted.remove(self.at.text())
    }

    /// Makes a disclosure; its digest takes its place.
    fn conceal(&mut self, content: Content) -> Result<String, IssueError> {
        if NEVER_CONCEALED.contains(&self.at.top()) {
            return Err(IssueError::NeverConcealed(self.at.text().to_owned()));
        }
        let encoded = content.encode(&self.salts.salt()?);
        let digest = disclosure::digest(&encoded);
        self.disclosures.push(encoded);
        self.used = true;
        Ok(digest)
    }

    /// Adds decoys, and takes away the order in which the members stood.
    fn pad(&mut self, digests: &mut Vec<String>) -> Result<(), IssueError> {
        let padded = digests.len().next_multiple_of(self.pad_to.max(1));
        for _ in digests.len()..padded {
            let decoy = Content::Element(Value::Null).encode(&self.salts.salt()?);
            digests.push(disclosure::digest(&decoy));
        }
        digests.sort_unstable();
        Ok(())
    }
}

fn admit(name: &str) -> Result<(), IssueError> {
    match FORMAT.into_iter().find(|format| *format == name) {
        Some(name) => Err(IssueError::FormatName(name)),
        None => Ok(()),
    }
}
