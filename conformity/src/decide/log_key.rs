//! Another key takes over the checkpoints of the log.
//!
//! The operator says so, and the old key itself: neither can do it alone. That both log keys signed is checked where the claim is
//! read, since their signatures are no statement's. From where it binds follows from its place, see
//! [`crate::genesis::LogKeyRecord`].

use std::sync::Arc;

use jiff::SignedDuration;

use super::case::Case;
use super::genesis::may_sign_checkpoints;
use crate::genesis::{GenesisRecord, LogKeyChanged, LogKeyRecord};
use crate::records::{Facts, Record};
use crate::refusal::Refusal;

/// Most changes in one log. Whoever follows it from its beginning carries all of them.
const MAX_CHANGES: usize = 256;
/// How long the old key may sign besides.
const LONGEST_OVERLAP: SignedDuration = SignedDuration::from_hours(24 * 400);

impl<F: Facts> Case<'_, F> {
    pub(super) fn log_key_changed(&self, claim: &LogKeyChanged) -> Result<Vec<Record>, Refusal> {
        self.operator_only()?;
        let begun = &self.genesis;
        if begun.log_key() != claim.from.as_str() {
            return Err(Refusal::LogKeyNotCurrent { current: begun.log_key().to_owned() });
        }
        let unsound = |because| Refusal::UnsoundLogKey { because };
        may_sign_checkpoints(begun, &claim.to).map_err(unsound)?;
        self.in_place(claim).map_err(unsound)?;
        let mut record = GenesisRecord::clone(begun);
        record.log_keys.push(LogKeyRecord { key: claim.to.clone(), moment: self.moment(), until: claim.until });
        Ok(vec![Record::Genesis(Arc::new(record))])
    }

    /// A handover is signed while the old key signs, and for this log as it is: nothing that lay about for years counts.
    fn in_place(&self, claim: &LogKeyChanged) -> Result<(), &'static str> {
        let changes = &self.genesis.log_keys;
        if changes.len() >= MAX_CHANGES {
            return Err("this log has changed its key 256 times; it can do so no more");
        }
        if claim.size > self.place.index {
            return Err("it was signed for a larger log than this one");
        }
        if changes.last().is_some_and(|last| claim.size <= last.moment.index) {
            return Err("it was signed before the old key took over");
        }
        match claim.until {
            Some(until) if until <= self.at() => Err("the old key would sign besides until a time that is over"),
            Some(until) if until.duration_since(self.at()) > LONGEST_OVERLAP => {
                Err("the old key may sign besides for 400 days at most")
            }
            _ => Ok(()),
        }
    }
}
