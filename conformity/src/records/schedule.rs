//! By which day somebody has to look again at which verdicts: kept in that order, so that a schedule is read and never searched for.
//!
//! In scope: verdicts in force whose scheme has them looked at again. Out of scope: who may read which list, see
//! [`crate::surveillance`].

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::ops::Bound;
use std::str::FromStr;

use super::Register;
use crate::ids::{PartyId, SchemeRef, VerdictId};
use crate::scheme::Surveillance;
use crate::time::Day;
use crate::verdict::VerdictRecord;
use crate::words::certain;

/// A verdict and the last day to look at it again. As text `<day>/<verdict>`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Due {
    /// The last day.
    pub day: Day,
    /// The verdict.
    pub verdict: VerdictId,
}

impl Due {
    /// That of a verdict, by a scheme's duty; nothing of one that is not in force.
    pub(crate) fn of(record: &VerdictRecord, duty: Surveillance) -> Option<Self> {
        let in_force = record.now.state.name().is_in_force();
        in_force.then(|| Self { day: record.surveillance_due(duty), verdict: record.id().clone() })
    }

    /// The first that a schedule can have for a day: no id comes before `0`.
    pub fn first_of(day: Day) -> Self {
        Self { day, verdict: certain("0", "0") }
    }
}

impl fmt::Display for Due {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.day, self.verdict)
    }
}

impl FromStr for Due {
    type Err = DueError;

    fn from_str(text: &str) -> Result<Self, DueError> {
        let (day, verdict) = text.split_once('/').ok_or(DueError)?;
        Ok(Self { day: day.parse().map_err(|_| DueError)?, verdict: verdict.parse().map_err(|_| DueError)? })
    }
}

/// No verdict with its day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this is no day and verdict with a slash between them")]
pub struct DueError;

/// A list of a schedule. Restricted verdicts are in lists of their own, so that whoever may not know of them is not slowed down by
/// them either.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Watched {
    /// Verdicts that everybody may know, under a scheme, which a body answers for.
    Public(SchemeRef, PartyId),
    /// Restricted ones.
    Restricted(SchemeRef, PartyId),
    /// Restricted ones that an audit body reported on.
    Reported(SchemeRef, PartyId),
}

/// All lists.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Schedule(BTreeMap<Watched, BTreeSet<Due>>);

impl Schedule {
    /// Takes up a verdict in place of what it was before, by what its scheme asks for.
    pub(super) fn insert(
        &mut self,
        before: Option<&VerdictRecord>,
        record: &VerdictRecord,
        duty: Option<Surveillance>,
    ) {
        if duty.is_none() {
            return;
        }
        let (old, new) = (before.and_then(|before| due(before, duty)), due(record, duty));
        let lists = before.map(lists).unwrap_or_default();
        if (&old, &lists) == (&new, &self::lists(record)) {
            return;
        }
        self.take(old, lists);
        for list in new.iter().flat_map(|_| self::lists(record)) {
            self.0.entry(list).or_default().extend(new.clone());
        }
    }

    pub(super) fn remove(&mut self, record: &VerdictRecord, duty: Option<Surveillance>) {
        self.take(due(record, duty), lists(record));
    }

    fn take(&mut self, due: Option<Due>, lists: BTreeSet<Watched>) {
        let Some(due) = due else { return };
        for list in lists {
            let Some(listed) = self.0.get_mut(&list) else { continue };
            listed.remove(&due);
            if listed.is_empty() {
                self.0.remove(&list);
            }
        }
    }
}

fn due(record: &VerdictRecord, duty: Option<Surveillance>) -> Option<Due> {
    duty.and_then(|duty| Due::of(record, duty))
}

/// The lists of a schedule in which a verdict is, or would be if it were in force.
pub(crate) fn lists(record: &VerdictRecord) -> BTreeSet<Watched> {
    let (scheme, issuer) = (&record.terms.scheme, &record.now.issuer);
    if record.terms.profile.is_public() {
        return BTreeSet::from([Watched::Public(scheme.clone(), issuer.clone())]);
    }
    let reporters = record.reports().map(|(filed, _)| Watched::Reported(scheme.clone(), filed.by.clone()));
    std::iter::once(Watched::Restricted(scheme.clone(), issuer.clone())).chain(reporters).collect()
}

impl Register {
    /// Every list of the schedule in which something is.
    pub fn watched(&self) -> impl Iterator<Item = &Watched> {
        self.issued.schedule.0.keys()
    }

    /// A list from `start` on, by day.
    pub fn due<'r>(&'r self, list: &Watched, start: Bound<&Due>) -> impl Iterator<Item = &'r Due> + use<'r> {
        let listed = self.issued.schedule.0.get(list).map(|listed| listed.range((start, Bound::Unbounded)));
        listed.into_iter().flatten()
    }
}
