//! Checking many signatures at once, before the statements are judged one after the other.
//!
//! A signature depends on the statement's bytes and on the key that its header names, and that name commits to the key. So
//! whether it verifies can be found out in any order, on as many threads as there are; whether that key may sign this
//! statement is asked later, in order. Only keys that were admitted in earlier ranges are used here: the others are few,
//! and are checked when their turn comes.

use std::collections::{BTreeSet, HashMap};
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::thread;

use bytes::Bytes;
use conformity::key::KeyId;
use ledger::jws::Unverified;
use ledger::key::PublicKey;

/// Below this many a thread costs more than it saves.
const WORTHWHILE: usize = 64;
const MOST_THREADS: usize = 8;

/// Places in a range whose signatures verified with the key that they name.
#[derive(Debug, Default)]
pub(super) struct Vouched(BTreeSet<usize>);

impl Vouched {
    /// Whether the statement at `index` of the log is among them, in a range that begins at `from`.
    pub(super) fn holds(&self, index: u64, from: u64) -> bool {
        usize::try_from(index.saturating_sub(from)).is_ok_and(|place| self.0.contains(&place))
    }
}

/// Checks all that can be checked with known keys. What is not among the result is not condemned.
pub(super) fn vouch(statements: &[Option<String>], keys: &HashMap<KeyId, Arc<PublicKey>>) -> Vouched {
    let jobs: Vec<(usize, &str)> =
        statements.iter().enumerate().filter_map(|(place, statement)| Some((place, statement.as_deref()?))).collect();
    let threads = thread::available_parallelism().map_or(1, NonZeroUsize::get).min(MOST_THREADS);
    if jobs.len() < WORTHWHILE || threads == 1 {
        return Vouched::default();
    }
    let share = jobs.len().div_ceil(threads);
    let verified = thread::scope(|scope| {
        let workers: Vec<_> = jobs.chunks(share).map(|share| scope.spawn(|| check(share, keys))).collect();
        // A share whose thread died is checked again in order.
        workers.into_iter().flat_map(|worker| worker.join().unwrap_or_default()).collect()
    });
    Vouched(verified)
}

fn check(jobs: &[(usize, &str)], keys: &HashMap<KeyId, Arc<PublicKey>>) -> Vec<usize> {
    let verifies = |compact: &str| {
        let unverified = Unverified::parse(Bytes::copy_from_slice(compact.as_bytes())).ok()?;
        let key = keys.get(&KeyId::from_bytes(*unverified.kid().as_bytes()))?;
        unverified.verify(key).ok()
    };
    jobs.iter().filter(|(_, compact)| verifies(compact).is_some()).map(|(place, _)| *place).collect()
}
