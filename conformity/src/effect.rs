//! What becomes of what rests on something that lapsed: it is kept, kept for a while, or ceases.
//!
//! An arrangement says so of recognitions, a scheme of verdicts. Out of scope: what lapsed, see [`crate::recognition`] and
//! [`crate::resting`].

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// What becomes of what rests on an arrangement, an accreditation or surveillance when that lapses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", rename_all_fields = "camelCase", deny_unknown_fields)]
pub enum Effect {
    /// What counted before stays so; new ones do not.
    Keep,
    /// It stays so for a while.
    TransferWindow {
        /// For so many days.
        days: u16,
    },
    /// It ceases at once.
    Cease,
}

/// The lapse plus so many days of 24 hours, to the instant.
pub(crate) fn deadline(since: Timestamp, days: u16) -> Timestamp {
    let window = SignedDuration::from_hours(24 * i64::from(days));
    since.checked_add(window).unwrap_or(Timestamp::MAX)
}
