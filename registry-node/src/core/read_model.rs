//! The read model: what the log says, in memory. The sequencer writes it after each commit, everyone else reads.
//!
//! Out of scope: what a viewer may see (the HTTP layer and `conformity::standing` decide that).

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};

use conformity::key::{Jwk, KeyId};
use conformity::records::{Record, Register};
use credential::statement::admit;
use ledger::key::{KeyError, PublicKey};

/// Shared by all readers of one registry.
#[derive(Default)]
pub struct ReadModel {
    register: RwLock<Register>,
    keys: RwLock<HashMap<KeyId, Arc<PublicKey>>>,
}

impl ReadModel {
    /// A read model that holds `register`.
    pub fn new(register: Register) -> ReadModel {
        ReadModel { register: RwLock::new(register), keys: RwLock::default() }
    }

    /// The register as of the newest commit. Hold it briefly: the sequencer waits for readers.
    pub fn register(&self) -> RwLockReadGuard<'_, Register> {
        // A panic while inserting whole records leaves every record whole, so a poisoned lock is still sound to read.
        self.register.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes in the records of a durable commit.
    pub fn insert(&self, records: Vec<Record>) {
        let mut register = self.register.write().unwrap_or_else(PoisonError::into_inner);
        for record in records {
            register.insert(record);
        }
    }

    /// The key in `jwk`, admitted by the strict rule once and remembered: admission costs as much as a signature.
    ///
    /// Only keys that the register holds get here, so the memory is bounded by the log.
    ///
    /// # Errors
    /// [`KeyError`] when the strict rule refuses the key.
    pub fn public_key(&self, kid: KeyId, jwk: &Jwk) -> Result<Arc<PublicKey>, KeyError> {
        if let Some(key) = self.keys.read().unwrap_or_else(PoisonError::into_inner).get(&kid) {
            return Ok(Arc::clone(key));
        }
        let key = Arc::new(admit(jwk)?);
        self.keys.write().unwrap_or_else(PoisonError::into_inner).insert(kid, Arc::clone(&key));
        Ok(key)
    }
}
