//! Intake: from bytes that anyone may have sent to a statement that its named issuer signed.
//!
//! One type per stage: bytes, [`Claimed`] (well formed), [`Candidate`] (signed by a key that the register holds for its
//! issuer). Whether the statement is allowed is the sequencer's to decide, at the place that it gets.
//!
//! The register is first asked for [`Claimed::verify`]: whoever may not carry the statement is turned away before, and
//! learns from the refusal neither who takes part nor what they said.

use std::sync::Arc;

use bytes::Bytes;
use conformity::decide::{Place, first_time, signing_key};
use conformity::digest::Digest;
use conformity::ids::PartyId;
use conformity::key::KeyId;
use conformity::refusal::Refusal;
use conformity::statement::{Kind, Malformed, Statement};
use jiff::Timestamp;
use ledger::entry;
use ledger::jws::{JwsError, Unverified, Verified, VerifyError};
use ledger::key::KeyError;
use ledger::log::Draft;

use super::read_model::ReadModel;

/// Bytes of one attachment.
pub const MAX_ATTACHMENT: usize = 16 * 1024 * 1024;

/// Why bytes did not become a candidate. Nothing changed.
#[derive(Debug, Clone, thiserror::Error)]
pub enum IntakeError {
    /// Not one compact JWS as the specification has it.
    #[error(transparent)]
    Jws(#[from] JwsError),
    /// The payload is not exactly one statement.
    #[error(transparent)]
    Malformed(#[from] Malformed),
    /// Nobody is known under that name and key, or not now.
    #[error(transparent)]
    Unknown(#[from] Refusal),
    /// The registered key does not pass the strict rule.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The signature is not the issuer's.
    #[error(transparent)]
    Signature(#[from] VerifyError),
    /// An attachment that the statement does not name, or that is too large: the log keeps nothing that nobody can ask for.
    #[error("a statement brings the attachment whose digest it names, of at most {MAX_ATTACHMENT} bytes, and no other")]
    Attachments,
}

/// What says of itself that it is a statement of its issuer. Nobody has looked at the signature.
#[derive(Debug, Clone)]
pub struct Claimed {
    statement: Statement,
    unverified: Unverified,
    digest: Digest,
    attachments: Vec<Bytes>,
}

/// A statement that its issuer signed, on its way to the sequencer.
#[derive(Debug, Clone)]
pub struct Candidate {
    statement: Arc<Statement>,
    verified: Verified,
    attachments: Vec<Bytes>,
}

/// What a submission turned out to be.
#[derive(Debug, Clone)]
pub enum Submission {
    /// A statement that is not in the log yet.
    New(Candidate),
    /// The very bytes that are in the log already, and where; the answer is the same for ever, whatever became of the key.
    Repeated(u64),
}

/// Checks the form, and that nothing comes along which the statement does not name.
///
/// # Errors
/// [`IntakeError`]: the submitter's fault, always.
pub fn read(compact: Bytes, attachments: Vec<Bytes>) -> Result<Claimed, IntakeError> {
    let digest = Digest::of(&compact);
    let unverified = Unverified::parse(compact)?;
    let statement = Statement::parse(unverified.unverified_payload())?;
    let named = statement.attachment();
    let fits = |bytes: &Bytes| bytes.len() <= MAX_ATTACHMENT && named == Some(Digest::of(bytes));
    if attachments.len() > 1 || !attachments.iter().all(fits) {
        return Err(IntakeError::Attachments);
    }
    Ok(Claimed { statement, unverified, digest, attachments })
}

impl Claimed {
    /// Who is said to have signed it.
    pub fn issuer(&self) -> &PartyId {
        &self.statement.iss
    }

    /// Checks the signature against the keys that the register holds.
    ///
    /// # Errors
    /// [`IntakeError`]: the submitter's fault, always.
    pub fn verify(self, read_model: &ReadModel) -> Result<Submission, IntakeError> {
        let Claimed { statement, unverified, digest, attachments } = self;
        let kid = KeyId::from_bytes(*unverified.kid().as_bytes());
        let jwk = {
            let register = read_model.register();
            match first_time(&*register, &statement, &digest) {
                Err(Refusal::Duplicate { index }) => return Ok(Submission::Repeated(index)),
                first => first?,
            }
            // What the register holds was sequenced before whatever comes now, however the clock stands.
            signing_key(&*register, &statement, &kid, Timestamp::MAX)?
        };
        let key = read_model.public_key(kid, &jwk)?;
        let verified = unverified.verify(&key)?;
        Ok(Submission::New(Candidate::new(statement, verified, attachments)))
    }
}

impl Candidate {
    /// A statement with the proof that its issuer signed it.
    pub fn new(statement: Statement, verified: Verified, attachments: Vec<Bytes>) -> Candidate {
        Candidate { statement: Arc::new(statement), verified, attachments }
    }

    /// Where it would stand in the log, for the rules.
    pub fn place(&self, index: u64, at: Timestamp) -> Place<'_> {
        let digest = Digest::from_bytes(*self.verified.digest().as_bytes());
        Place { index, at, digest, attachment: self.attachments.first().map(|bytes| &**bytes) }
    }

    /// The key that signed it.
    pub fn kid(&self) -> KeyId {
        KeyId::from_bytes(*self.verified.kid().as_bytes())
    }

    /// What the log stores. The bytes are shared, not copied.
    pub fn draft(&self) -> Draft {
        let kind = match self.statement.kind() {
            Kind::Genesis => entry::Kind::Genesis,
            Kind::RecognitionDerived => entry::Kind::Recognition,
            _ => entry::Kind::Statement,
        };
        Draft { kind, statement: self.verified.compact().clone(), attachments: self.attachments.clone() }
    }

    /// The statement.
    pub fn statement(&self) -> &Arc<Statement> {
        &self.statement
    }

    /// Bytes that it adds to a batch.
    pub fn bytes(&self) -> usize {
        self.verified.compact().len() + self.attachments.iter().map(Bytes::len).sum::<usize>()
    }
}
