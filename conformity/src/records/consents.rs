//! Consents in memory: by who gave them, and by whom they let see what.
//!
//! Whether a consent covers a verdict is looked up, never searched for: how long an answer takes must not tell a named
//! party of one supplier anything about the verdicts of another.

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::hash::Hash;
use std::sync::Arc;

use crate::consent::{ConsentRecord, Subject};
use crate::identifiers::Identifier;
use crate::ids::{ConsentId, PartyId, SchemeRef, VerdictId};
use crate::records::Rests;
use crate::verdict::VerdictRecord;

/// All consents of a registry.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Consents {
    given: HashMap<PartyId, BTreeMap<ConsentId, Arc<ConsentRecord>>>,
    /// How many of those are void.
    void: HashMap<PartyId, usize>,
    /// Those that were not taken back, by who may see what.
    covering: HashMap<(PartyId, Covered), BTreeSet<(PartyId, ConsentId)>>,
    /// The same, by who gave them to whom about what.
    between: HashMap<(PartyId, PartyId, Subject), BTreeSet<ConsentId>>,
}

/// What a consent covers, as a verdict, or whoever asks how a supplier stands, names it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Covered {
    Verdict(VerdictId),
    Supplier(SchemeRef, Identifier),
    Standing(SchemeRef, Identifier),
}

impl Consents {
    pub(super) fn insert(&mut self, record: Arc<ConsentRecord>) {
        self.unlist(&record);
        if record.may_stand() {
            for covered in covered(&record) {
                let names = self.covering.entry((record.consent.to.clone(), covered)).or_default();
                names.insert((record.by.clone(), record.consent.consent.clone()));
            }
            self.between.entry(pair(&record)).or_default().insert(record.consent.consent.clone());
        }
        let (by, is_void) = (record.by.clone(), record.voided.is_some());
        let before = self.given.entry(by.clone()).or_default().insert(record.consent.consent.clone(), record);
        if is_void && before.is_none_or(|before| before.voided.is_none()) {
            *self.void.entry(by).or_default() += 1;
        }
    }

    pub(super) fn get(&self, by: &PartyId, id: &ConsentId) -> Option<Arc<ConsentRecord>> {
        self.given.get(by)?.get(id).cloned()
    }

    pub(super) fn of(&self, by: &PartyId) -> Vec<Arc<ConsentRecord>> {
        self.given.get(by).into_iter().flat_map(|given| given.values().cloned()).collect()
    }

    /// How many a supplier gave, void ones apart: a thief must not use up what it may give.
    pub(super) fn count(&self, by: &PartyId) -> usize {
        let void = self.void.get(by).copied().unwrap_or(0);
        self.given.get(by).map_or(0, BTreeMap::len).saturating_sub(void)
    }

    /// Those that a supplier gave to one party about the same and did not take back.
    pub(super) fn between(&self, by: &PartyId, to: &PartyId, about: &Subject) -> Vec<ConsentId> {
        let names = self.between.get(&(by.clone(), to.clone(), about.clone()));
        names.into_iter().flatten().cloned().collect()
    }

    /// Those that let `to` see something of the verdict and were not taken back, by giver and id.
    pub(super) fn covering(&self, to: &PartyId, verdict: &VerdictRecord) -> Vec<Arc<ConsentRecord>> {
        let (terms, supplier) = (&verdict.terms, &verdict.terms.supplier);
        let identifiers = std::iter::once(&supplier.id).chain(&supplier.others);
        let by_supplier = identifiers.map(|one| Covered::Supplier(terms.scheme.clone(), one.clone()));
        let covered = by_supplier.chain([Covered::Verdict(verdict.id().clone())]);
        let names: BTreeSet<_> =
            covered.filter_map(|covered| self.covering.get(&(to.clone(), covered))).flatten().collect();
        names.into_iter().filter_map(|(by, id)| self.get(by, id)).collect()
    }

    /// Those by which `to` may be shown how the supplier with this identifier stands and that were not taken back, by giver and id.
    pub(super) fn to_standing(
        &self,
        to: &PartyId,
        supplier: &Identifier,
        scheme: &SchemeRef,
    ) -> Vec<Arc<ConsentRecord>> {
        let names = self.covering.get(&(to.clone(), Covered::Standing(scheme.clone(), supplier.clone())));
        names.into_iter().flatten().filter_map(|(by, id)| self.get(by, id)).collect()
    }

    /// What the statement at `index` is to a consent.
    pub(super) fn rests_on(&self, index: u64) -> Option<Rests> {
        self.all().find_map(|record| match record {
            record if record.given.index == index => Some(Rests::ConsentGiven),
            record if record.withdrawn.is_some_and(|moment| moment.index == index) => Some(Rests::ConsentWithdrawn),
            _ => None,
        })
    }

    /// Forgets the consent that was given at `index`; gives the places of its statements.
    pub(super) fn forget(&mut self, index: u64) -> Vec<u64> {
        self.remove(|record| record.given.index == index)
    }

    /// Forgets the consents about one verdict alone, which is no more; gives the places of their statements.
    pub(super) fn forget_about(&mut self, verdict: &VerdictId) -> Vec<u64> {
        self.remove(|record| matches!(&record.consent.about, Subject::Verdict(id) if id == verdict))
    }

    fn remove(&mut self, gone: impl Fn(&ConsentRecord) -> bool) -> Vec<u64> {
        let removed: Vec<_> = self.all().filter(|record| gone(record)).cloned().collect();
        for record in &removed {
            self.unlist(record);
            if let Some(given) = self.given.get_mut(&record.by) {
                given.remove(&record.consent.consent);
            }
            if record.voided.is_some()
                && let Some(void) = self.void.get_mut(&record.by)
            {
                *void = void.saturating_sub(1);
            }
        }
        self.given.retain(|_, given| !given.is_empty());
        self.void.retain(|_, void| *void > 0);
        let ends = |record: &Arc<ConsentRecord>| [Some(record.given), record.withdrawn];
        removed.iter().flat_map(ends).flatten().map(|moment| moment.index).collect()
    }

    fn unlist(&mut self, record: &ConsentRecord) {
        let name = (record.by.clone(), record.consent.consent.clone());
        for covered in covered(record) {
            unlist(&mut self.covering, (record.consent.to.clone(), covered), &name);
        }
        unlist(&mut self.between, pair(record), &name.1);
    }

    fn all(&self) -> impl Iterator<Item = &Arc<ConsentRecord>> {
        self.given.values().flat_map(BTreeMap::values)
    }
}

fn unlist<K: Hash + Eq, N: Ord>(lists: &mut HashMap<K, BTreeSet<N>>, key: K, name: &N) {
    if let Entry::Occupied(mut names) = lists.entry(key) {
        names.get_mut().remove(name);
        if names.get().is_empty() {
            names.remove();
        }
    }
}

fn pair(record: &ConsentRecord) -> (PartyId, PartyId, Subject) {
    (record.by.clone(), record.consent.to.clone(), record.consent.about.clone())
}

fn covered(record: &ConsentRecord) -> Vec<Covered> {
    match &record.consent.about {
        Subject::Verdict(id) => vec![Covered::Verdict(id.clone())],
        Subject::Scheme(scheme) => {
            let identifiers = record.identifiers.iter();
            identifiers.map(|one| Covered::Supplier(scheme.clone(), one.clone())).collect()
        }
        Subject::Standing(scheme) => {
            let identifiers = record.identifiers.iter();
            identifiers.map(|one| Covered::Standing(scheme.clone(), one.clone())).collect()
        }
    }
}
