//! What one holder of certificates may have going on at once, and how many checkpoints it may submit, whatever the number of its
//! connections, so that no single one keeps all others from it. All who show no certificate count as one.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use certs::Identity;
use federation::serve::Quota;
use jiff::Timestamp;
use tokio::sync::Semaphore;

use super::ask::Ask;

/// Bulk submissions of one holder.
pub(super) const BULKS_EACH: usize = 8;
/// Units of memory for the bodies of one holder: 64 MiB, room for two statements with the largest attachments.
const BODY_UNITS_EACH: usize = 64 * 1024;
/// Bundles about suppliers that are made at once for one holder: they are never kept, so that each question costs all of it.
const BUNDLES_EACH: usize = 1;

/// Questions with a body that are answered at once for one holder: each may look at hundreds of records.
const INQUIRIES_EACH: usize = 2;

/// Checkpoints that one holder may submit at once, and per second in the long run: each costs the check of a signature, whoever
/// signed it. Peers that ask over NATS do not come this way.
pub(super) const CHECKPOINTS_EACH: (f64, f64) = (64.0, 8.0);

/// How often one holder may read lists that it keeps here, or change something of it, at once, and per second in the long run: each
/// waits for the disk or opens megabytes, and everybody else waits behind it.
pub(super) const OWN_EACH: (f64, f64) = (64.0, 4.0);

/// Inputs of trading networks that one holder may have answered at once, and per second in the long run: each is read whole, and may ask
/// about hundreds of partners.
pub(super) const BRIDGED_EACH: (f64, f64) = (64.0, 4.0);

/// The holders with something going on.
#[derive(Default)]
pub(super) struct Holders(Mutex<HashMap<Whose, Weak<Holding>>>);

/// Whose doing something is: what partners do who come through a holder's connector is not its own, and does not take its place.
#[derive(PartialEq, Eq, Hash)]
struct Whose {
    holder: Option<Identity>,
    through_connector: bool,
}

/// What a holder has left. Whoever takes of it keeps it, so that all of its connections find the same one.
pub(super) struct Holding {
    /// One permit for each bulk submission.
    pub(super) bulks: Semaphore,
    /// One permit for each unit of bodies.
    pub(super) bodies: Semaphore,
    /// One permit for a bundle about a supplier that is made for it.
    pub(super) bundles: Semaphore,
    /// One permit for each question with a body that is answered for it.
    pub(super) inquiries: Arc<Semaphore>,
}

impl Holders {
    /// What `holder` has left; without one, what those have left who show no certificate.
    pub(super) fn of(&self, holder: Option<&Identity>) -> Arc<Holding> {
        self.of_whom(Whose { holder: holder.cloned(), through_connector: false })
    }

    /// What whoever asks has left: the holder, or all partners together who come through its connector.
    pub(super) fn of_asker(&self, ask: &Ask) -> Arc<Holding> {
        let holder = ask.speaker().map(|speaker| speaker.identity.clone());
        self.of_whom(Whose { holder, through_connector: ask.partner().is_some() })
    }

    fn of_whom(&self, holder: Whose) -> Arc<Holding> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = all.get(&holder).and_then(Weak::upgrade) {
            return known;
        }
        all.retain(|_, holding| holding.strong_count() > 0);
        let new = Holding {
            bulks: Semaphore::new(BULKS_EACH),
            bodies: Semaphore::new(BODY_UNITS_EACH),
            bundles: Semaphore::new(BUNDLES_EACH),
            inquiries: Arc::new(Semaphore::new(INQUIRIES_EACH)),
        };
        let holding = Arc::new(new);
        all.insert(holder, Arc::downgrade(&holding));
        holding
    }
}

/// Quotas that are looked through for those that are whole again, at least.
const MANY: usize = 1_024;

/// How often holders may still do something. One that is whole again is forgotten once there are many, for a new one is the same.
pub(super) struct Quotas<K = Option<Identity>> {
    each: (f64, f64),
    left: Mutex<Left<K>>,
}

struct Left<K> {
    quotas: HashMap<K, Quota>,
    /// As many as there may be before they are looked through.
    most: usize,
}

impl<K: Eq + Hash> Quotas<K> {
    /// For each holder so many at once, and so many a second in the long run.
    pub(super) fn new(each: (f64, f64)) -> Self {
        Quotas { each, left: Mutex::new(Left { quotas: HashMap::new(), most: MANY }) }
    }

    /// Whether whoever `key` stands for has so much left now, of which nothing is taken.
    pub(super) fn has(&self, key: &K, cost: f64, now: Timestamp) -> bool {
        let mut left = self.left.lock().unwrap_or_else(PoisonError::into_inner);
        left.quotas.get_mut(key).map_or(self.each.0, |quota| quota.left(now)) >= cost
    }

    /// Whether whoever `key` stands for may do so much more now.
    pub(super) fn take_of(&self, key: K, cost: f64, now: Timestamp) -> bool {
        let mut left = self.left.lock().unwrap_or_else(PoisonError::into_inner);
        if left.quotas.len() >= left.most {
            left.quotas.retain(|_, quota| quota.left(now) < self.each.0);
            left.most = (2 * left.quotas.len()).max(MANY);
        }
        left.quotas.entry(key).or_insert_with(|| Quota::new(self.each.0, self.each.1)).take(cost, now)
    }
}

impl Quotas {
    /// Whether `holder` may do it once more now; without one, whether those may who show no certificate.
    pub(super) fn take(&self, holder: Option<&Identity>, now: Timestamp) -> bool {
        self.take_of(holder.cloned(), 1.0, now)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_quota_that_is_whole_again_is_not_kept_and_one_that_is_spent_is() {
        let quotas = Quotas::new((2.0, 1.0));
        let at = |second| Timestamp::from_second(second).unwrap();
        assert!(quotas.take_of(0, 2.0, at(0)) && !quotas.take_of(0, 1.0, at(0)));
        for key in 1..=10 * u32::try_from(MANY).unwrap() {
            assert!(quotas.take_of(key, 1.0, at(0)));
        }
        assert!(!quotas.take_of(0, 1.0, at(0)), "however many others there are");
        for key in 0..10 * u32::try_from(MANY).unwrap() {
            assert!(quotas.take_of(u32::MAX - key, 1.0, at(10 + i64::from(key))));
        }
        assert!(quotas.left.lock().unwrap().quotas.len() <= MANY, "those of before are whole");
    }
}
