//! Statements of a log in either form: a fact in the registry's words, or the signed part of a credential.
//!
//! In scope: telling the two apart, and reading each strictly; admitting the keys that they name; and what was signed inside
//! a claim, so that nobody can read a change of the log key that both keys did not sign, nor a word of another registry that its
//! operator did not sign. Out of scope: the statement's own signature, see [`ledger::jws`], and
//! whether the rules allow it, see [`conformity::decide()`].

use bytes::Bytes;
use conformity::key::Jwk;
use conformity::statement::{Claim, Malformed, Statement};
use conformity::strict::{self, Breach, Limits};
use conformity::succession::Acceptance;
use ledger::jws::{Form, Unverified, Verified};
use ledger::key::{KeyError, PublicKey};
use ledger::log_keys::{Handover, HandoverError};
use ledger::note::{NoteVerifier, VerifierKeyError};
use serde_json::{Map, Value};

use crate::attestation::{self, ReadError};
use crate::sd_jwt::{self, MAX_DEPTH, MAX_JWT, Refusal};

const LIMITS: Limits = Limits { bytes: MAX_JWT, depth: MAX_DEPTH, null: false };

/// Why bytes are no statement. The blame is whoever signed them.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum StatementError {
    /// It says that it is plain, and is not.
    #[error(transparent)]
    Plain(#[from] Malformed),
    /// It says that it is a credential, and is no strict JSON.
    #[error("the credential is not read: {0}")]
    Json(#[from] Breach),
    /// Its digests stand where none may.
    #[error("the credential is not read: {0}")]
    Digests(#[from] Refusal),
    /// It hands the log over to something that is no key.
    #[error("the log key is not changed: {0}")]
    LogKey(#[from] VerifierKeyError),
    /// Not both log keys signed that one takes over from the other.
    #[error("the log key is not changed: {0}")]
    Handover(#[from] HandoverError),
    /// A word of another registry's operator that nobody signed with a key that its genesis names.
    #[error("the acceptance is not that of the successor's operator: {0}")]
    Acceptance(&'static str),
    /// It is no credential of a verdict.
    #[error("the credential is not read: {0}")]
    Credential(#[from] ReadError),
}

impl StatementError {
    /// A stable code for machines.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Plain(malformed) => malformed.code(),
            Self::LogKey(_) | Self::Handover(_) => "bad-handover",
            Self::Acceptance(_) => "bad-acceptance",
            Self::Json(_) | Self::Digests(_) | Self::Credential(_) => "malformed-credential",
        }
    }
}

/// What a statement says, before anyone checked who signed it.
///
/// # Errors
/// The first rule of its form that it breaks.
pub fn read_unverified(unverified: &Unverified) -> Result<Statement, StatementError> {
    read(unverified.form(), unverified.unverified_payload())
}

/// What a signed statement says.
///
/// # Errors
/// The first rule of its form that it breaks.
pub fn read_verified(verified: &Verified) -> Result<Statement, StatementError> {
    read(verified.form(), verified.payload())
}

/// The key that a statement names, admitted by the strict rule of the log.
///
/// # Errors
/// [`KeyError`] when the rule refuses it.
pub fn admit(jwk: &Jwk) -> Result<PublicKey, KeyError> {
    match jwk {
        Jwk::Ed25519 { x } => PublicKey::from_ed25519(x),
        Jwk::P256 { x, y } => {
            let mut point = [4; 65];
            point[1..33].copy_from_slice(x);
            point[33..].copy_from_slice(y);
            PublicKey::from_p256(&point)
        }
    }
}

fn read(form: Form, payload: &[u8]) -> Result<Statement, StatementError> {
    match form {
        Form::Plain => plain(payload),
        Form::Credential => credential(payload),
    }
}

fn plain(payload: &[u8]) -> Result<Statement, StatementError> {
    let statement = Statement::parse(payload)?;
    if let Claim::LogKeyChanged(change) = &statement.claim {
        let (from, to): (NoteVerifier, NoteVerifier) = (change.from.as_str().parse()?, change.to.as_str().parse()?);
        let handover = Handover { from: &from, to: &to, size: change.size };
        handover.verify(change.signatures.from.as_str(), change.signatures.to.as_str())?;
    }
    if let Claim::RegistryClosed(end) = &statement.claim
        && let Some(acceptance) = &end.acceptance
    {
        accepted(acceptance)?;
    }
    Ok(statement)
}

/// Whether the successor's genesis signed itself, one of the keys that it names for its operator signed the acceptance, and another
/// one the approval of it, if there is one. What they say, and whether an approval is needed, the rules judge.
fn accepted(acceptance: &Acceptance) -> Result<(), StatementError> {
    let refuse = StatementError::Acceptance;
    let read = |jws: &str| Unverified::parse(Bytes::copy_from_slice(jws.as_bytes()));
    let begun = read(&acceptance.genesis).map_err(|_| refuse("its genesis is no signed statement"))?;
    let Claim::Genesis(genesis) = Statement::parse(begun.unverified_payload())?.claim else {
        return Err(refuse("what stands for its genesis is none"));
    };
    let signed = |jws: Unverified, keys: &[Jwk]| {
        let key = keys.iter().find_map(|key| admit(key).ok().filter(|key| key.thumbprint() == jws.kid()));
        key.is_some_and(|key| jws.verify(&key).is_ok())
    };
    if !signed(begun, std::slice::from_ref(&genesis.node_key)) {
        return Err(refuse("its genesis is not signed with the key that it names"));
    }
    let said = read(&acceptance.statement).map_err(|_| refuse("it is no signed statement"))?;
    let first = said.kid();
    if !signed(said, &genesis.operator.keys) {
        return Err(refuse("no key of its genesis signed it"));
    }
    let Some(approval) = &acceptance.approval else { return Ok(()) };
    let approval = read(approval).map_err(|_| refuse("its approval is no signed statement"))?;
    let is_anothers = approval.kid() != first;
    if is_anothers && signed(approval, &genesis.operator.keys) {
        return Ok(());
    }
    Err(refuse("no other key of its genesis signed its approval"))
}

/// A credential as the log holds it: with digests in place of what it keeps back.
fn credential(payload: &[u8]) -> Result<Statement, StatementError> {
    strict::check(payload, LIMITS)?;
    let payload: Map<String, Value> =
        serde_json::from_slice(payload).map_err(|error| Breach::NotJson { message: strict::excerpt(&error) })?;
    let attestation = attestation::read_open(&sd_jwt::undisclosed(payload)?)?;
    Ok(Statement {
        iss: attestation.issuer,
        aud: attestation.credential.origin.clone(),
        jti: attestation.jti,
        iat: attestation.iat,
        claim: Claim::CredentialIssued(attestation.credential),
    })
}
