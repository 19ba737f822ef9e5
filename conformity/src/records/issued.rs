//! Which body answers for which verdicts under which scheme: looked up when an accreditation lapses, never searched for; and by which
//! day these are to be looked at again ([`super::schedule`]).

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap};
use std::ops::Bound;
use std::sync::Arc;

use super::schedule::Schedule;
use super::steps::Steps;
use super::{Register, SchemeRecord};
use crate::as_of::AsOf;
use crate::ids::{PartyId, SchemeRef, VerdictId};
use crate::lapsed::CascadeRecord;
use crate::revised::RevisionRecord;
use crate::scheme::Surveillance;
use crate::verdict::VerdictRecord;

/// Names of verdicts, by scheme and then by the body that answers for them now, and by the day on which they are due.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Issued {
    bodies: BTreeMap<SchemeRef, BTreeMap<PartyId, BTreeSet<VerdictId>>>,
    pub(super) schedule: Schedule,
}

impl Issued {
    /// Takes up a verdict in place of what it was before. `scheme` is the one that it is under: it came before, and stays.
    pub(super) fn insert(
        &mut self,
        before: Option<&VerdictRecord>,
        record: &VerdictRecord,
        scheme: Option<&Arc<SchemeRecord>>,
    ) {
        self.schedule.insert(before, record, duty(scheme));
        if let Some(before) = before {
            if before.now.issuer == record.now.issuer {
                return;
            }
            self.unlist(before);
        }
        let bodies = self.bodies.entry(record.terms.scheme.clone()).or_default();
        bodies.entry(record.now.issuer.clone()).or_default().insert(record.id().clone());
    }

    pub(super) fn remove(&mut self, record: &VerdictRecord, scheme: Option<&Arc<SchemeRecord>>) {
        self.schedule.remove(record, duty(scheme));
        self.unlist(record);
    }

    fn unlist(&mut self, record: &VerdictRecord) {
        let (scheme, issuer) = (&record.terms.scheme, &record.now.issuer);
        let Some(bodies) = self.bodies.get_mut(scheme) else { return };
        if let Some(verdicts) = bodies.get_mut(issuer) {
            verdicts.remove(record.id());
            if verdicts.is_empty() {
                bodies.remove(issuer);
            }
        }
        if bodies.is_empty() {
            self.bodies.remove(scheme);
        }
    }

    /// Every scheme with the bodies that answer for verdicts under it.
    pub(super) fn issuers(&self) -> impl Iterator<Item = (&SchemeRef, &PartyId)> {
        self.bodies.iter().flat_map(|(scheme, bodies)| bodies.keys().map(move |body| (scheme, body)))
    }

    /// The verdicts of a body under a scheme after `cursor`, by id.
    pub(super) fn after(
        &self,
        (scheme, body): (&SchemeRef, &PartyId),
        cursor: Option<&VerdictId>,
    ) -> impl Iterator<Item = &VerdictId> {
        let start = cursor.map_or(Bound::Unbounded, Bound::Excluded);
        let verdicts = self.bodies.get(scheme).and_then(|bodies| bodies.get(body));
        verdicts.into_iter().flat_map(move |verdicts| verdicts.range((start, Bound::Unbounded)))
    }
}

fn duty(scheme: Option<&Arc<SchemeRecord>>) -> Option<Surveillance> {
    scheme?.scheme.surveillance
}

impl Register {
    /// Every scheme with the bodies that answer for verdicts under it.
    pub fn issuers(&self) -> impl Iterator<Item = (&SchemeRef, &PartyId)> {
        self.issued.issuers()
    }

    /// The verdicts that these bodies answer for under a scheme, after `cursor`, by id.
    pub fn verdicts_issued<'a>(
        &'a self,
        scheme: &'a SchemeRef,
        bodies: &'a BTreeSet<PartyId>,
        cursor: Option<&'a VerdictId>,
    ) -> impl Iterator<Item = &'a Arc<VerdictRecord>> {
        let mut rest: Vec<_> = bodies.iter().map(|body| self.issued.after((scheme, body), cursor)).collect();
        let first = rest.iter_mut().enumerate().filter_map(|(body, ids)| Some(Reverse((ids.next()?, body))));
        let mut heads: BinaryHeap<_> = first.collect();
        let ids = std::iter::from_fn(move || {
            let Reverse((id, body)) = heads.pop()?;
            heads.extend(rest[body].next().map(|next| Reverse((next, body))));
            Some(id)
        });
        ids.filter_map(|id| self.verdicts.get(id))
    }

    /// All verdicts under a scheme, by body.
    pub fn verdicts_under(&self, scheme: &SchemeRef) -> impl Iterator<Item = &Arc<VerdictRecord>> {
        let bodies = self.issued.bodies.get(scheme).into_iter().flat_map(BTreeMap::values);
        bodies.flatten().filter_map(|id| self.verdicts.get(id))
    }

    /// What lapses of that on which verdicts rest have brought about, by what, by cause and by scheme.
    pub fn cascades(&self) -> impl DoubleEndedIterator<Item = &Arc<CascadeRecord>> {
        self.cascades.values().flat_map(BTreeMap::values).filter_map(Steps::newest)
    }

    /// The same as of a time; without what had brought about nothing by then.
    pub fn cascades_then(&self, as_of: AsOf) -> impl Iterator<Item = &Arc<CascadeRecord>> {
        self.cascades.values().flat_map(BTreeMap::values).filter_map(move |steps| steps.then(&as_of))
    }

    /// What acts in arrangements and expulsions have done to what is made of other registries' verdicts, by entry.
    pub fn revisions(&self) -> impl DoubleEndedIterator<Item = &Arc<RevisionRecord>> {
        self.revisions.values().filter_map(Steps::newest)
    }

    /// The same as of a time; without what had done nothing by then.
    pub fn revisions_then(&self, as_of: AsOf) -> impl Iterator<Item = &Arc<RevisionRecord>> {
        self.revisions.values().filter_map(move |steps| steps.then(&as_of))
    }
}
