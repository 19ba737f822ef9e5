//! What credentials keep back: their disclosures, in the vault, each credential's under a key of its own.
//!
//! They are durable before the credential is in the log, so that none is acknowledged whose detail could be lost, and gone
//! when its verdict is erased: with their key, for ever, while every proof of the credential still verifies. What belongs to
//! no credential of the log and to no submission under way is swept out: after each erasure, and at each start. Nothing here
//! is ever logged. Everything here waits for the disk. Out of scope: who may see which of them.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use conformity::credential::{CredentialRecord, StatusSlot};
use conformity::digest::Digest;
use conformity::ids::PartyId;
use conformity::records::{Facts, Register};

use super::read_model::ReadModel;
use crate::vault::{Vault, VaultError};

/// What their names in the vault begin with.
const PREFIX: &str = "credential/";
/// KiB of credentials under way, in all, and of one body.
const ROOM: usize = 64 * 1024;
const ROOM_EACH: usize = ROOM / 4;

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

impl DisclosureError {
    /// Whether only a restart helps.
    pub fn needs_restart(&self) -> bool {
        matches!(self, Self::Vault(error) if error.needs_restart())
    }
}

/// Keeper of disclosures.
pub struct Disclosures {
    vault: Arc<Vault>,
    /// Submissions under way, by what they submit: one that fails takes nothing away from another.
    under_way: Mutex<HashMap<Digest, usize>>,
    /// KiB of credentials that may be under way: they go on though their clients hang up.
    room: Arc<Mutex<HashMap<PartyId, usize>>>,
}

/// Room that a credential takes while it is under way.
pub struct Room {
    taken: Arc<Mutex<HashMap<PartyId, usize>>>,
    body: PartyId,
    units: usize,
}

impl Drop for Room {
    fn drop(&mut self) {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        if let Entry::Occupied(mut own) = taken.entry(self.body.clone()) {
            *own.get_mut() -= self.units;
            if *own.get() == 0 {
                own.remove();
            }
        }
    }
}

impl Disclosures {
    /// Opens the keeper, and erases what belongs to no credential of the log.
    ///
    /// # Errors
    /// [`VaultError`].
    pub fn open(vault: Arc<Vault>, register: &Register) -> Result<Self, VaultError> {
        let disclosures = Self { vault, under_way: Mutex::default(), room: Arc::default() };
        disclosures.sweep(|list| names_in(register, list))?;
        Ok(disclosures)
    }

    /// Room for a credential of so many bytes of `body`, for as long as it is under way; nothing when there is none, or when
    /// the body has its share.
    pub fn room(&self, body: &PartyId, bytes: usize) -> Option<Room> {
        let units = bytes / 1024 + 1;
        let mut taken = self.room.lock().unwrap_or_else(PoisonError::into_inner);
        let all = taken.values().sum::<usize>() + units;
        let own = taken.get(body).copied().unwrap_or(0) + units;
        if all > ROOM || own > ROOM_EACH {
            return None;
        }
        taken.insert(body.clone(), own);
        Some(Room { taken: Arc::clone(&self.room), body: body.clone(), units })
    }

    /// Whether the vault has it, without opening it.
    ///
    /// # Errors
    /// [`VaultError`] when the vault cannot be read.
    pub fn has(&self, digest: &Digest) -> Result<bool, VaultError> {
        self.vault.has(&name(digest))
    }

    /// Makes a credential with its disclosures durable, before the log takes it. Whether or not that succeeds, its submission
    /// is under way until it is [settled](Self::settle).
    ///
    /// # Errors
    /// [`VaultError`]: then it must not be submitted.
    pub fn keep(&self, digest: Digest, whole: &[u8]) -> Result<(), VaultError> {
        *self.under_way().entry(digest).or_default() += 1;
        self.vault.put(&name(&digest), whole)
    }

    /// A submission ended. Unless the log `holds` the credential or another submission of it is under way, what it kept is
    /// erased.
    ///
    /// # Errors
    /// [`VaultError`]: the next sweep tries again.
    pub fn settle(&self, digest: Digest, holds: impl FnOnce() -> bool) -> Result<(), VaultError> {
        let mut under_way = self.under_way();
        let others = under_way.remove(&digest).unwrap_or_default().saturating_sub(1);
        if others > 0 {
            under_way.insert(digest, others);
            return Ok(());
        }
        // Asked last: an erasure whose sweep passed over it, as it was under way then, is in the register by now.
        if holds() { Ok(()) } else { self.vault.erase(&name(&digest)) }
    }

    /// Erases what belongs to no credential of the log, as `read_model` has it, and to no submission under way.
    ///
    /// # Errors
    /// [`VaultError`]: the next sweep tries again.
    pub fn sweep_by(&self, read_model: &ReadModel) -> Result<(), VaultError> {
        // List by list: the sequencer waits for whoever reads the register.
        self.sweep(|list| names_in(&read_model.register(), list))
    }

    fn sweep(&self, names_in: impl Fn(u32) -> Vec<String>) -> Result<(), VaultError> {
        let names = self.vault.names(PREFIX)?;
        // Held to the end, so that no submission begins meanwhile. Those that ended before are in the register by now.
        let under_way = self.under_way();
        let mut known: HashSet<String> = under_way.keys().map(name).collect();
        known.extend((0..StatusSlot::LISTS).flat_map(names_in));
        names.iter().filter(|name| !known.contains(*name)).try_for_each(|orphan| self.vault.erase(orphan))
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

/// What the disclosures of the credentials of one status list are called.
fn names_in(register: &Register, list: u32) -> Vec<String> {
    let digests = register.credentials_in(list).filter_map(|record| digest_of(register, record));
    digests.map(|digest| name(&digest)).collect()
}

fn name(digest: &Digest) -> String {
    format!("{PREFIX}{digest}")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn opened(folder: &std::path::Path) -> Disclosures {
        Disclosures::open(Arc::new(Vault::open(folder).unwrap()), &Register::new()).unwrap()
    }

    #[test]
    fn a_credential_that_is_sequenced_while_its_verdict_is_erased_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let (disclosures, erased) = (opened(folder.path()), ReadModel::default());
        let digest = Digest::of(b"credential");
        disclosures.keep(digest, b"whole").unwrap();
        disclosures.sweep_by(&erased).unwrap();
        assert!(disclosures.whole(&digest).unwrap().is_some(), "its submission is under way");
        disclosures.settle(digest, || false).unwrap();
        assert_eq!(disclosures.whole(&digest).unwrap(), None);
    }

    #[test]
    fn no_body_takes_all_the_room() {
        let folder = tempfile::tempdir().unwrap();
        let disclosures = opened(folder.path());
        let body = |number: usize| format!("cb-{number}").parse::<PartyId>().unwrap();
        let whole = (ROOM_EACH - 1) * 1024;
        let first = disclosures.room(&body(1), whole).unwrap();
        assert!(disclosures.room(&body(1), 0).is_none(), "it has its share");
        let others: Vec<_> = (2..=4).map(|number| disclosures.room(&body(number), whole).unwrap()).collect();
        assert!(disclosures.room(&body(5), 0).is_none(), "there is no more");
        drop(first);
        assert!(disclosures.room(&body(5), whole).is_some());
        drop(others);
        assert!(disclosures.room.lock().unwrap().is_empty());
    }

    #[test]
    fn one_submission_that_fails_takes_nothing_from_another() {
        let folder = tempfile::tempdir().unwrap();
        let disclosures = opened(folder.path());
        let (held, refused) = (Digest::of(b"held"), Digest::of(b"refused"));
        for digest in [held, held, refused, refused] {
            disclosures.keep(digest, b"whole").unwrap();
        }
        disclosures.settle(held, || false).unwrap();
        disclosures.settle(refused, || false).unwrap();
        assert!([held, refused].iter().all(|digest| disclosures.whole(digest).unwrap().is_some()));
        disclosures.settle(held, || true).unwrap();
        disclosures.settle(refused, || false).unwrap();
        assert_eq!(disclosures.vault.names(PREFIX).unwrap(), [name(&held)]);
        disclosures.sweep_by(&ReadModel::default()).unwrap();
        assert_eq!(disclosures.whole(&held).unwrap(), None, "nothing is under way, and no log holds it");
    }

    #[test]
    fn what_is_in_doubt_waits_for_the_next_start() {
        let folder = tempfile::tempdir().unwrap();
        let digest = Digest::of(b"credential");
        {
            let disclosures = opened(folder.path());
            disclosures.keep(digest, b"whole").unwrap();
            disclosures.sweep_by(&ReadModel::default()).unwrap();
            assert!(disclosures.whole(&digest).unwrap().is_some(), "nobody knows whether the log took it");
        }
        assert_eq!(opened(folder.path()).whole(&digest).unwrap(), None);
    }
}
