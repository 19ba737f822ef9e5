//! What the node states by itself: expiry, overdue surveillance, recognitions, and foreign acts that it records. Signed
//! with the node key, decided and appended like everything else.

use std::sync::Arc;

use bytes::Bytes;
use conformity::ids::{Origin, PartyId, StatementId};
use conformity::statement::{Claim, Statement};
use ledger::jws::{self, Verified};
use ledger::key::SigningKey;

use super::intake::Candidate;
use super::sequencer::{Receipt, SequenceError, Sequencer};
use crate::clock::Clock;

/// Signs and appends as the node.
pub struct Deriver {
    key: SigningKey,
    node: Option<PartyId>,
    origin: Origin,
    sequencer: Sequencer,
    clock: Arc<dyn Clock>,
}

/// Why the node could not state something.
#[derive(Debug, thiserror::Error)]
pub enum DeriveError {
    /// It could not be signed: too long, or the library failed.
    #[error("the node could not sign its own statement: {0}")]
    Sign(String),
    /// Refused by the rules or not stored.
    #[error(transparent)]
    Sequence(#[from] SequenceError),
}

impl Deriver {
    /// A deriver with the node key.
    pub fn new(key: SigningKey, origin: Origin, sequencer: Sequencer, clock: Arc<dyn Clock>) -> Deriver {
        Deriver { key, node: PartyId::NODE.parse().ok(), origin, sequencer, clock }
    }

    /// The node key: it signs what the node says, in the log and beside it.
    pub fn key(&self) -> &SigningKey {
        &self.key
    }

    /// States `claim` under `jti`, which must be the same for the same fact: stated twice, it is there once.
    ///
    /// # Errors
    /// [`DeriveError`]; nothing changed then.
    pub async fn state(&self, jti: StatementId, claim: Claim, attachments: Vec<Bytes>) -> Result<Receipt, DeriveError> {
        let iss = self.node.clone().ok_or_else(|| DeriveError::Sign("the node has no name".to_owned()))?;
        let statement = Statement { iss, aud: self.origin.clone(), jti, iat: self.clock.now().as_second(), claim };
        let verified = sign(&statement, &self.key)?;
        Ok(self.sequencer.append(Candidate::new(statement, verified, attachments)).await?)
    }
}

/// A new id for something that the node states, unique and in time order.
pub fn statement_id(what: &str) -> Result<StatementId, DeriveError> {
    format!("{what}-{}", uuid::Uuid::now_v7()).parse().map_err(|_| DeriveError::Sign(format!("{what} makes no id")))
}

fn sign(statement: &Statement, key: &SigningKey) -> Result<Verified, DeriveError> {
    let payload = serde_json::to_vec(statement).map_err(|error| DeriveError::Sign(error.to_string()))?;
    jws::sign(key, &payload).map_err(|error| DeriveError::Sign(error.to_string()))
}
