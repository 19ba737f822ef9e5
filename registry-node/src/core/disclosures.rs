//! What credentials keep back: their disclosures, in the vault, each credential's under a key of its own.
//!
//! They are durable before the credential is in the log, so that none is acknowledged whose detail could be lost, and gone
//! when its verdict is erased: with their key, for ever, while every proof of the credential still verifies. What a crash
//! left behind without a credential is erased at the next start. Nothing here is ever logged.
//! Out of scope: who may see which of them.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use conformity::credential::CredentialRecord;
use conformity::digest::Digest;
use conformity::records::{Facts, Register};

use crate::vault::{Vault, VaultError};

/// What their names in the vault begin with.
const PREFIX: &str = "credential/";

/// Why disclosures were not kept or not found.
#[derive(Debug, thiserror::Error)]
pub enum DisclosureError {
    /// The vault.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// The task that waits for the disk ended.
    #[error("the vault was not asked to the end: {0}")]
    Task(#[from] tokio::task::JoinError),
}

/// Keeper of disclosures.
pub struct Disclosures {
    vault: Arc<Vault>,
    /// Submissions under way, by what they submit: one that fails takes nothing away from another.
    under_way: Mutex<HashMap<Digest, usize>>,
}

impl Disclosures {
    /// Opens the keeper, and erases what belongs to no credential of the log.
    ///
    /// # Errors
    /// [`VaultError`].
    pub fn open(vault: Arc<Vault>, register: &Register) -> Result<Self, VaultError> {
        let known: HashSet<String> = register.credentials().filter_map(|record| name_of(register, record)).collect();
        for orphan in vault.names(PREFIX)?.iter().filter(|name| !known.contains(*name)) {
            vault.erase(orphan)?;
        }
        Ok(Self { vault, under_way: Mutex::default() })
    }

    /// Makes a credential with its disclosures durable, before the log takes it.
    ///
    /// # Errors
    /// [`DisclosureError`]: then it must not be submitted.
    pub async fn keep(&self, digest: Digest, whole: Bytes) -> Result<(), DisclosureError> {
        *self.under_way().entry(digest).or_default() += 1;
        let vault = Arc::clone(&self.vault);
        tokio::task::spawn_blocking(move || vault.put(&name(&digest), &whole)).await??;
        Ok(())
    }

    /// A submission ended. Unless the log `holds` the credential or another submission of it is under way, what it kept is
    /// erased.
    ///
    /// # Errors
    /// [`DisclosureError`]: the next start tries again.
    pub async fn settle(&self, digest: Digest, holds: bool) -> Result<(), DisclosureError> {
        let last = {
            let mut under_way = self.under_way();
            let count = under_way.entry(digest).or_default();
            *count = count.saturating_sub(1);
            let last = *count == 0;
            if last {
                under_way.remove(&digest);
            }
            last
        };
        if holds || !last { Ok(()) } else { self.erase(vec![digest]).await }
    }

    /// Erases the disclosures of credentials.
    ///
    /// # Errors
    /// [`DisclosureError`]: the next start tries again.
    pub async fn erase(&self, digests: Vec<Digest>) -> Result<(), DisclosureError> {
        let vault = Arc::clone(&self.vault);
        tokio::task::spawn_blocking(move || digests.iter().try_for_each(|digest| vault.erase(&name(digest)))).await??;
        Ok(())
    }

    /// The credential with all its disclosures, unless they were erased.
    ///
    /// # Errors
    /// [`VaultError`] when they cannot be read.
    pub fn whole(&self, digest: &Digest) -> Result<Option<String>, VaultError> {
        let Some(bytes) = self.vault.value(&name(digest))? else { return Ok(None) };
        // What was kept had been read as text.
        Ok(String::from_utf8(bytes).ok())
    }

    fn under_way(&self) -> MutexGuard<'_, HashMap<Digest, usize>> {
        self.under_way.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The digest under which the log holds a credential.
pub fn digest_of(facts: &impl Facts, record: &CredentialRecord) -> Option<Digest> {
    facts.statement(&record.by, &record.jti).map(|statement| statement.digest)
}

fn name_of(register: &Register, record: &CredentialRecord) -> Option<String> {
    digest_of(register, record).map(|digest| name(&digest))
}

fn name(digest: &Digest) -> String {
    format!("{PREFIX}{digest}")
}
