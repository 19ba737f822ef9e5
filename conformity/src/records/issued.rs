//! Which body answers for which verdicts under which scheme: looked up when an accreditation lapses, never searched for.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;
use std::sync::Arc;

use super::Register;
use crate::ids::{PartyId, SchemeRef, VerdictId};
use crate::lapsed::CascadeRecord;
use crate::verdict::VerdictRecord;

/// Names of verdicts, by scheme and then by the body that answers for them now.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Issued(BTreeMap<SchemeRef, BTreeMap<PartyId, BTreeSet<VerdictId>>>);

impl Issued {
    /// Takes up a verdict in place of what it was before.
    pub(super) fn insert(&mut self, before: Option<&VerdictRecord>, record: &VerdictRecord) {
        if let Some(before) = before {
            if before.now.issuer == record.now.issuer {
                return;
            }
            self.remove(before);
        }
        let bodies = self.0.entry(record.terms.scheme.clone()).or_default();
        bodies.entry(record.now.issuer.clone()).or_default().insert(record.id().clone());
    }

    pub(super) fn remove(&mut self, record: &VerdictRecord) {
        let (scheme, issuer) = (&record.terms.scheme, &record.now.issuer);
        let Some(bodies) = self.0.get_mut(scheme) else { return };
        if let Some(verdicts) = bodies.get_mut(issuer) {
            verdicts.remove(record.id());
            if verdicts.is_empty() {
                bodies.remove(issuer);
            }
        }
        if bodies.is_empty() {
            self.0.remove(scheme);
        }
    }

    /// Every scheme with the bodies that answer for verdicts under it.
    pub(super) fn issuers(&self) -> impl Iterator<Item = (&SchemeRef, &PartyId)> {
        self.0.iter().flat_map(|(scheme, bodies)| bodies.keys().map(move |body| (scheme, body)))
    }

    /// The verdicts of a body under a scheme after `cursor`, by id.
    pub(super) fn after(
        &self,
        (scheme, body): (&SchemeRef, &PartyId),
        cursor: Option<&VerdictId>,
    ) -> impl Iterator<Item = &VerdictId> {
        let start = cursor.map_or(Bound::Unbounded, Bound::Excluded);
        let verdicts = self.0.get(scheme).and_then(|bodies| bodies.get(body));
        verdicts.into_iter().flat_map(move |verdicts| verdicts.range((start, Bound::Unbounded)))
    }
}

impl Register {
    /// Every scheme with the bodies that answer for verdicts under it.
    pub fn issuers(&self) -> impl Iterator<Item = (&SchemeRef, &PartyId)> {
        self.issued.issuers()
    }

    /// The verdicts that a body answers for under a scheme, after `cursor`, by id.
    pub fn verdicts_issued(
        &self,
        by: (&SchemeRef, &PartyId),
        cursor: Option<&VerdictId>,
    ) -> impl Iterator<Item = &Arc<VerdictRecord>> {
        self.issued.after(by, cursor).filter_map(|id| self.verdicts.get(id))
    }

    /// What lapses of that on which verdicts rest have brought about, by what, by cause and by scheme.
    pub fn cascades(&self) -> impl DoubleEndedIterator<Item = &Arc<CascadeRecord>> {
        self.cascades.values().flat_map(BTreeMap::values)
    }
}
