//! A clock that a test sets ahead, to see what ends.

use std::sync::atomic::{AtomicI64, Ordering};

use jiff::{SignedDuration, Timestamp};

use crate::clock::{Clock, SystemClock};

/// The machine's clock, so many seconds ahead.
#[derive(Default)]
pub(super) struct Movable(AtomicI64);

impl Movable {
    /// Sets it ahead.
    pub(super) fn ahead(&self, days: i64) {
        self.0.store(days * 24 * 3600, Ordering::SeqCst);
    }
}

impl Clock for Movable {
    fn now(&self) -> Timestamp {
        SystemClock.now() + SignedDuration::from_secs(self.0.load(Ordering::SeqCst))
    }
}
