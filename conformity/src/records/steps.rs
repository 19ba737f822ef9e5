//! Records that statements carry on one after the other, kept as each of them left it: so that they can be asked of the past.
//!
//! That costs one record for each such statement, however many verdicts it names.

use std::sync::Arc;

use crate::as_of::AsOf;
use crate::lapsed::CascadeRecord;
use crate::revised::RevisionRecord;
use crate::time::Moment;

/// A record that says which statement carried it on last.
pub(super) trait Step {
    /// When that was.
    fn last(&self) -> Moment;
}

impl Step for CascadeRecord {
    fn last(&self) -> Moment {
        self.last
    }
}

impl Step for RevisionRecord {
    fn last(&self) -> Moment {
        self.last
    }
}

/// One record, oldest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Steps<R>(Vec<Arc<R>>);

impl<R> Default for Steps<R> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<R: Step> Steps<R> {
    /// Takes up the record as a statement left it.
    pub(super) fn take(&mut self, record: Arc<R>) {
        if self.0.last().is_some_and(|last| last.last() == record.last()) {
            self.0.pop();
        }
        self.0.push(record);
    }

    /// As it is now.
    pub(super) fn newest(&self) -> Option<&Arc<R>> {
        self.0.last()
    }

    /// As the last statement that was known then left it.
    pub(super) fn then(&self, as_of: &AsOf) -> Option<&Arc<R>> {
        let known = self.0.partition_point(|record| as_of.knows(record.last()));
        known.checked_sub(1).and_then(|newest| self.0.get(newest))
    }
}
