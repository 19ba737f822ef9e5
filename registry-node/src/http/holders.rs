//! What one holder of certificates may have going on at once, and how many checkpoints it may submit, whatever the number of its
//! connections, so that no single one keeps all others from it. All who show no certificate count as one.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use certs::Identity;
use federation::serve::Quota;
use jiff::Timestamp;
use tokio::sync::Semaphore;

/// Bulk submissions of one holder.
pub(super) const BULKS_EACH: usize = 8;
/// Units of memory for the bodies of one holder: 64 MiB, room for two statements with the largest attachments.
const BODY_UNITS_EACH: usize = 64 * 1024;
/// Bundles about suppliers that are made at once for one holder: they are never kept, so that each question costs all of it.
const BUNDLES_EACH: usize = 1;

/// Checkpoints that one holder may submit at once, and per second in the long run: each costs the check of a signature, whoever
/// signed it. Peers that ask over NATS do not come this way.
pub(super) const CHECKPOINTS_EACH: (f64, f64) = (64.0, 8.0);

/// The holders with something going on.
#[derive(Default)]
pub(super) struct Holders(Mutex<HashMap<Option<Identity>, Weak<Holding>>>);

/// What a holder has left. Whoever takes of it keeps it, so that all of its connections find the same one.
pub(super) struct Holding {
    /// One permit for each bulk submission.
    pub(super) bulks: Semaphore,
    /// One permit for each unit of bodies.
    pub(super) bodies: Semaphore,
    /// One permit for a bundle about a supplier that is made for it.
    pub(super) bundles: Semaphore,
}

impl Holders {
    /// What `holder` has left; without one, what those have left who show no certificate.
    pub(super) fn of(&self, holder: Option<&Identity>) -> Arc<Holding> {
        let holder = holder.cloned();
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = all.get(&holder).and_then(Weak::upgrade) {
            return known;
        }
        all.retain(|_, holding| holding.strong_count() > 0);
        let new = Holding {
            bulks: Semaphore::new(BULKS_EACH),
            bodies: Semaphore::new(BODY_UNITS_EACH),
            bundles: Semaphore::new(BUNDLES_EACH),
        };
        let holding = Arc::new(new);
        all.insert(holder, Arc::downgrade(&holding));
        holding
    }
}

/// What holders may still submit of checkpoints. Kept as long as the node runs, for a quota that is forgotten is a new one; there
/// are no more of them than holders of certificates that this registry issued.
#[derive(Default)]
pub(super) struct Carriers(Mutex<HashMap<Option<Identity>, Quota>>);

impl Carriers {
    /// Whether `holder` may submit one now; without one, whether those may who show no certificate.
    pub(super) fn may_submit(&self, holder: Option<&Identity>, now: Timestamp) -> bool {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let quota = all.entry(holder.cloned());
        quota.or_insert_with(|| Quota::new(CHECKPOINTS_EACH.0, CHECKPOINTS_EACH.1)).take(1.0, now)
    }
}
