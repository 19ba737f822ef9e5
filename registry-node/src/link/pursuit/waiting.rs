//! Which verdicts wait to be assessed: open ones, and restricted ones apart from them.
//!
//! Two sets, so that nobody can tell from what is stated of the first, how much at once or when, how much there is of the second.
//! An id may be in both: of a verdict that was open, was erased and was granted again as a restricted one.

use std::collections::BTreeSet;

use conformity::ids::{VerdictId, VerdictRef};
use conformity::records::Facts;

use super::{Pursuit, read};
use crate::core::restricted::verdicts_of;
use crate::link::kept::Kept;

/// What waits of one kind.
#[derive(Default)]
pub(super) struct Waiting {
    /// What may have changed.
    pub(super) pending: BTreeSet<VerdictId>,
    /// What was recognised and may have lapsed by our own log, which does not wait until the mirror has come that far.
    pub(super) lapsing: BTreeSet<VerdictId>,
}

impl Waiting {
    /// These were assessed by all that there is.
    pub(super) fn settled(&mut self, assessed: &BTreeSet<VerdictId>) {
        self.lapsed(assessed);
        self.pending.retain(|id| !assessed.contains(id));
    }

    /// These were assessed by our own log.
    pub(super) fn lapsed(&mut self, assessed: &BTreeSet<VerdictId>) {
        self.lapsing.retain(|id| !assessed.contains(id));
    }
}

impl Pursuit {
    /// Has these assessed again.
    pub(super) fn assess_again(&mut self, verdicts: impl IntoIterator<Item = VerdictId>) {
        for verdict in verdicts {
            if self.may_be_apart(&verdict) {
                self.apart.pending.insert(verdict.clone());
            }
            if self.may_be_open(&verdict) {
                self.open.pending.insert(verdict);
            }
        }
    }

    /// The same of what time alone may have changed: a window of our own closes, however far the mirror is.
    pub(super) fn pending_by_time(&mut self) {
        let later = self.due.split_off(&self.registry.now());
        for verdict in std::mem::replace(&mut self.due, later).into_values().flatten() {
            if self.may_be_apart(&verdict) {
                self.apart.lapsing.insert(verdict.clone());
            }
            if self.may_be_open(&verdict) {
                self.open.lapsing.insert(verdict.clone());
            }
            self.assess_again([verdict]);
        }
    }

    /// What is mirrored, and what was recognised, whether it is shown any more or not.
    pub(super) fn everything_is_pending(&mut self) {
        let Some(mirror) = self.mirror.as_ref().map(Kept::mirror) else { return };
        self.open.lapsing = verdicts_of(&self.registry.read_model.register(), &self.peer.registry);
        self.apart.lapsing = verdicts_of(&self.registry.restricted.made(), &self.peer.registry);
        for waiting in [&mut self.open, &mut self.apart] {
            waiting.pending.extend(waiting.lapsing.iter().cloned());
        }
        for record in read(&mirror).followed().register().verdicts_after(None) {
            let waiting = if record.terms.profile.is_public() { &mut self.open } else { &mut self.apart };
            waiting.pending.insert(record.id().clone());
        }
        let all: Vec<_> = self.open.pending.union(&self.apart.pending).cloned().collect();
        self.doubt(all);
        self.asking.doubt_all();
    }

    /// Has what rests of the credentials of these, and what is named of them, looked at again.
    pub(super) fn doubt(&mut self, verdicts: impl IntoIterator<Item = VerdictId>) {
        for verdict in verdicts {
            let restricted = self.is_restricted(&verdict);
            self.asking.doubt(verdict, restricted);
        }
    }

    /// Whether an answer about restricted verdicts is under way that needs nothing but time.
    pub(super) fn apart_waits(&self) -> bool {
        let Some(mirror) = self.mirror.as_ref().map(Kept::mirror) else { return false };
        if self.all_shown(&mirror) {
            !self.apart.pending.is_empty() || self.asking.looks_on_apart()
        } else {
            !self.apart.lapsing.is_empty()
        }
    }

    fn may_be_open(&self, verdict: &VerdictId) -> bool {
        !self.is_restricted(verdict)
            || self.registry.read_model.register().recognition(&self.reference(verdict)).is_some()
    }

    fn may_be_apart(&self, verdict: &VerdictId) -> bool {
        self.is_restricted(verdict) || self.registry.restricted.made().recognition(&self.reference(verdict)).is_some()
    }

    fn reference(&self, verdict: &VerdictId) -> VerdictRef {
        VerdictRef { registry: self.peer.registry.clone(), id: verdict.clone() }
    }
}
