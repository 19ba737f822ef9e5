//! A schedule of the past: no index is kept of it, so all verdicts are passed.
//!
//! What was due then follows from the verdicts as of then. Whose affair it is follows from today's facts: a body reads what it, or a
//! body whose place it took, had to watch then; of restricted verdicts only those that it may read of today, too.

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::Timestamp;

use super::{Window, audits, is_read, reader};
use crate::as_of::{AsOf, Seen};
use crate::ids::{PartyId, SchemeRef, VerdictId};
use crate::party::{PartyRecord, Role};
use crate::records::{Due, Facts, Register, lists};
use crate::verdict::VerdictRecord;

/// The first items of a party's schedule of then, while it is collected: piece by piece, so that nobody holds the register for all.
#[derive(Debug)]
pub struct Past<'q> {
    party: &'q PartyId,
    as_of: AsOf,
    now: Timestamp,
    window: &'q Window,
    most: usize,
    found: BTreeSet<Due>,
}

impl<'q> Past<'q> {
    /// Nothing yet of the first `most` of a party's schedule in the window; `now` it is asked about.
    pub const fn new(party: &'q PartyId, as_of: AsOf, now: Timestamp, window: &'q Window, most: usize) -> Self {
        Self { party, as_of, now, window, most, found: BTreeSet::new() }
    }

    /// Passes the next `count` verdicts after `cursor`, by id; gives the last of them, if there may be more.
    pub fn pass(&mut self, register: &Register, cursor: Option<&VerdictId>, count: usize) -> Option<VerdictId> {
        let reading = Reading::of(register, self)?;
        if reading.record.party.role == Role::Supplier {
            let own = reading.record.party.identifiers.iter();
            own.flat_map(|identifier| register.verdicts_of(identifier)).for_each(|one| self.look(&reading, &one));
            return None;
        }
        let mut last = None;
        for (passed, verdict) in (1..=count).zip(register.verdicts_after(cursor)) {
            self.look(&reading, verdict);
            last = (passed == count).then(|| verdict.id().clone());
        }
        last
    }

    fn look(&mut self, reading: &Reading<'_>, verdict: &Arc<VerdictRecord>) {
        let Some(due) = reading.due(verdict) else { return };
        if self.window.has(&due) && !self.window.is_over(&due) {
            self.found.insert(due);
            if self.found.len() > self.most {
                self.found.pop_last();
            }
        }
    }

    /// What was found, by day.
    pub fn found(self) -> Vec<Due> {
        self.found.into_iter().collect()
    }
}

/// Who reads, and what was its affair then and is today.
struct Reading<'r> {
    register: &'r Register,
    record: Arc<PartyRecord>,
    as_of: AsOf,
    then: BTreeSet<SchemeRef>,
    today: BTreeSet<SchemeRef>,
}

impl<'r> Reading<'r> {
    /// Nothing where the party has no schedule.
    fn of(register: &'r Register, asked: &Past<'_>) -> Option<Self> {
        let (record, as_of) = (reader(register, asked.party)?, asked.as_of);
        let (then, today) = (audits(register, &record, as_of), audits(register, &record, AsOf::Present(asked.now)));
        Some(Self { register, record, as_of, then, today })
    }

    /// By which day the verdict was to be looked at again, if that was the reader's affair. Whoever may not know of a restricted one
    /// is not kept waiting by it.
    fn due(&self, verdict: &Arc<VerdictRecord>) -> Option<Due> {
        let is_supplier = self.record.party.role == Role::Supplier;
        let reads = |verdict: &VerdictRecord, audits| {
            is_supplier || lists(verdict).iter().any(|list| is_read(self.register, &self.record, audits, list))
        };
        if !verdict.terms.profile.is_public() && !reads(verdict, &self.today) {
            return None;
        }
        let then = verdict.seen(&self.as_of)?;
        let scheme = Seen::new(self.register, self.as_of).scheme(&then.terms.scheme)?;
        let due = Due::of(&then, scheme.scheme.surveillance?)?;
        reads(&then, &self.then).then_some(due)
    }
}
