//! The schedule of whoever looks again, is looked at, or keeps watch: which verdicts by which day.
//!
//! An audit body reads what everybody may know under the schemes that have audit bodies look and for which it is accredited now, and
//! of restricted verdicts those that it, or a body whose place it took, reported on, by id and day alone. A certification body reads the verdicts that it
//! answers for now, a supplier its own, the operator all, and an authority what everybody may know. Nobody else has a schedule.
//!
//! A schedule of the past ([`Past`]) is that of then, for who may read it today.
//!
//! Out of scope: what follows where a day is missed, see [`crate::resting`].

mod past;

use std::cmp::Reverse;
use std::collections::{BTreeSet, BinaryHeap};
use std::ops::Bound;
use std::sync::Arc;

use jiff::Timestamp;

use crate::accreditation::AccreditedAs;
use crate::as_of::{AsOf, Seen};
use crate::ids::{PartyId, SchemeRef};
use crate::party::{PartyRecord, Role};
use crate::records::{Due, Facts, Register, Watched};
use crate::scheme::Surveillant;
use crate::standing::{Sight, Viewer, sight};
use crate::succession::stands_for;
use crate::time::Day;
use crate::verdict::{Report, VerdictRecord};

pub use past::Past;

/// Which part of a schedule is wanted.
#[derive(Debug, Clone, Default)]
pub struct Window {
    /// What was read already: only what comes behind it.
    pub after: Option<Due>,
    /// Only what is due on this day or later.
    pub from: Option<Day>,
    /// Only what is due on this day or before.
    pub until: Option<Day>,
}

impl Window {
    fn start(&self) -> Bound<Due> {
        let from = self.from.map(Due::first_of);
        match (&self.after, from) {
            (Some(after), Some(from)) if *after < from => Bound::Included(from),
            (Some(after), _) => Bound::Excluded(after.clone()),
            (None, Some(from)) => Bound::Included(from),
            (None, None) => Bound::Unbounded,
        }
    }

    fn has(&self, due: &Due) -> bool {
        self.after.as_ref().is_none_or(|after| due > after) && self.from.is_none_or(|from| due.day >= from)
    }

    fn is_over(&self, due: &Due) -> bool {
        self.until.is_some_and(|until| due.day > until)
    }
}

/// The first `most` of a party's schedule in the window, by day. Costs what it gives, and something for each body under a scheme;
/// a supplier's costs its verdicts.
pub fn schedule(register: &Register, party: &PartyId, at: Timestamp, window: &Window, most: usize) -> Vec<Due> {
    let Some(record) = reader(register, party) else { return Vec::new() };
    if record.party.role == Role::Supplier {
        return of_supplier(register, &record, window, most);
    }
    let audits = audits(register, &record, AsOf::Present(at));
    let lists = register.watched().filter(|list| is_read(register, &record, &audits, list));
    let start = window.start();
    let lists = lists.map(|list| register.due(list, start.as_ref()).take_while(|due| !window.is_over(due)));
    merged(lists.collect(), most)
}

/// The party, if it has a schedule of its own: of what a body watched its successor has it.
fn reader(register: &Register, party: &PartyId) -> Option<Arc<PartyRecord>> {
    register.party(party).filter(|record| record.succeeded.is_none())
}

/// Whether the list is one of the party's, which audits under the schemes `audits`.
fn is_read(register: &Register, record: &PartyRecord, audits: &BTreeSet<SchemeRef>, list: &Watched) -> bool {
    let id = &record.party.id;
    match (record.party.role, list) {
        (Role::Operator, Watched::Public(..) | Watched::Restricted(..)) | (Role::Authority, Watched::Public(..)) => {
            true
        }
        (Role::CertificationBody, Watched::Public(_, body) | Watched::Restricted(_, body)) => {
            stands_for(register, id, body)
        }
        (Role::AuditBody, Watched::Public(scheme, _)) => audits.contains(scheme),
        (Role::AuditBody, Watched::Reported(scheme, by)) => stands_for(register, id, by) && audits.contains(scheme),
        _ => false,
    }
}

/// The schemes under which a party was to look again as an audit body.
fn audits(register: &Register, record: &PartyRecord, as_of: AsOf) -> BTreeSet<SchemeRef> {
    let seen = Seen::new(register, as_of);
    let surveilled = |scheme: &SchemeRef| {
        let duty = seen.scheme(scheme).and_then(|record| record.scheme.surveillance);
        duty.is_some_and(|duty| duty.by == Surveillant::AuditBody)
    };
    let held = register.accreditations(&record.party.id).into_iter().filter_map(|held| held.seen(&as_of));
    let held =
        held.filter(|held| held.accreditation.role == AccreditedAs::AuditBody && held.in_force_at(as_of.at()).is_ok());
    held.map(|held| held.accreditation.scheme.clone()).filter(surveilled).collect()
}

fn of_supplier(register: &Register, record: &PartyRecord, window: &Window, most: usize) -> Vec<Due> {
    let verdicts = record.party.identifiers.iter().flat_map(|identifier| register.verdicts_of(identifier));
    let due = verdicts.filter_map(|verdict| {
        let duty = register.scheme(&verdict.terms.scheme)?.scheme.surveillance?;
        Due::of(&verdict, duty)
    });
    let due: BTreeSet<Due> = due.filter(|due| window.has(due) && !window.is_over(due)).collect();
    due.into_iter().take(most).collect()
}

/// The first `most` of several lists, each in order.
fn merged<'r>(mut lists: Vec<impl Iterator<Item = &'r Due>>, most: usize) -> Vec<Due> {
    let first = lists.iter_mut().enumerate().filter_map(|(place, list)| Some(Reverse((list.next()?, place))));
    let mut heads: BinaryHeap<_> = first.collect();
    let mut merged = Vec::new();
    while merged.len() < most
        && let Some(Reverse((due, place))) = heads.pop()
    {
        merged.push(due.clone());
        heads.extend(lists.get_mut(place).and_then(Iterator::next).map(|next| Reverse((next, place))));
    }
    merged
}

/// Whether the party may see all of a verdict in its schedule, or its id and days alone.
pub fn sees_whole(register: &Register, party: &PartyId, verdict: &VerdictRecord) -> bool {
    sight(register, &Viewer::Party(party.clone()), verdict) == Sight::Whole
}

/// The newest report that the party may see, of a verdict as it is or was: where it does not see that `whole`, its own, or one of a
/// body whose place it took.
pub fn last_report<'v>(
    register: &Register,
    party: &PartyId,
    verdict: &'v VerdictRecord,
    whole: bool,
) -> Option<(&'v PartyId, &'v Report)> {
    let seen = verdict.reports().rev().find(|(filed, _)| whole || stands_for(register, party, &filed.by));
    seen.map(|(filed, report)| (&filed.by, report))
}
