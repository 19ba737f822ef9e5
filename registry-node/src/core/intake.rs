//! Intake: from bytes that anyone may have sent to a statement that its named issuer signed.
//!
//! One type per stage: bytes, `Unverified` (well formed), [`Candidate`] (signed by a key that the register holds for its
//! issuer). Whether the statement is allowed is the sequencer's to decide, at the place that it gets.

use std::sync::Arc;

use bytes::Bytes;
use conformity::decide::{Place, signing_key};
use conformity::digest::Digest;
use conformity::key::KeyId;
use conformity::refusal::Refusal;
use conformity::statement::{Kind, Malformed, Statement};
use jiff::Timestamp;
use ledger::entry;
use ledger::jws::{JwsError, Unverified, Verified, VerifyError};
use ledger::key::KeyError;
use ledger::log::Draft;

use super::read_model::ReadModel;

/// Attachments that one statement may bring.
const MAX_ATTACHMENTS: usize = 4;
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
    /// Too many or too large attachments.
    #[error("a statement brings at most {MAX_ATTACHMENTS} attachments of at most {MAX_ATTACHMENT} bytes each")]
    Attachments,
}

/// A statement that its issuer signed, on its way to the sequencer.
#[derive(Debug, Clone)]
pub struct Candidate {
    statement: Arc<Statement>,
    verified: Verified,
    attachments: Vec<Bytes>,
}

/// Checks form and signature against the keys that the register holds now.
///
/// # Errors
/// [`IntakeError`]: the submitter's fault, always.
pub fn verify(
    compact: Bytes,
    attachments: Vec<Bytes>,
    read_model: &ReadModel,
    now: Timestamp,
) -> Result<Candidate, IntakeError> {
    if attachments.len() > MAX_ATTACHMENTS || attachments.iter().any(|bytes| bytes.len() > MAX_ATTACHMENT) {
        return Err(IntakeError::Attachments);
    }
    let unverified = Unverified::parse(compact)?;
    let statement = Statement::parse(unverified.unverified_payload())?;
    let kid = KeyId::from_bytes(*unverified.kid().as_bytes());
    let jwk = signing_key(&*read_model.register(), &statement, &kid, now)?;
    let key = read_model.public_key(kid, &jwk)?;
    let verified = unverified.verify(&key)?;
    Ok(Candidate::new(statement, verified, attachments))
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
