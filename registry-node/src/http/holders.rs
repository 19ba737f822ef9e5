//! What one holder of certificates may have going on at once, whatever the number of its connections, so that no single one
//! keeps all others from writing. All who show no certificate count as one.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use certs::Identity;
use tokio::sync::Semaphore;

/// Bulk submissions of one holder.
pub(super) const BULKS_EACH: usize = 8;
/// Units of memory for the bodies of one holder: 64 MiB, room for two statements with the largest attachments.
const BODY_UNITS_EACH: usize = 64 * 1024;

/// The holders with something going on.
#[derive(Default)]
pub(super) struct Holders(Mutex<HashMap<Option<Identity>, Weak<Holding>>>);

/// What a holder has left. Whoever takes of it keeps it, so that all of its connections find the same one.
pub(super) struct Holding {
    /// One permit for each bulk submission.
    pub(super) bulks: Semaphore,
    /// One permit for each unit of bodies.
    pub(super) bodies: Semaphore,
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
        let new = Holding { bulks: Semaphore::new(BULKS_EACH), bodies: Semaphore::new(BODY_UNITS_EACH) };
        let holding = Arc::new(new);
        all.insert(holder, Arc::downgrade(&holding));
        holding
    }
}
