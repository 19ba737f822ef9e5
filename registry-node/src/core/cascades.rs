//! Cascades: what becomes of verdicts when what they rest on lapses or holds again.
//!
//! In scope: which verdicts wait to be looked at, noted by the sequencer as it commits, and how far the worker is. Out of scope:
//! whether something must be stated of a verdict (`conformity::resting`), and stating it (`worker`).
//!
//! Nothing of this is stored. What waits follows from the records: a start looks at everything once, and what an earlier run had
//! stated needs no statement any more. So each verdict is told of each change exactly once, whenever the node was killed.

mod listeners;
mod pieces;
mod worker;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use conformity::accreditation::AccreditedAs;
use conformity::ids::{PartyId, RegistryId, SchemeRef, VerdictId};
use conformity::lapsed::BasisChange;
use conformity::records::{Facts, Record, Register};
use conformity::succession::represented;
use conformity::verdict::{Happening, VerdictRecord};
use tokio::sync::Notify;

pub use listeners::Listeners;
pub use worker::{Worker, run};

/// Single verdicts that wait at most; with more, everything is looked at.
const MAX_VERDICTS: usize = 10_000;

/// Verdicts that are looked at together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// All that these bodies answer for under a scheme. What one cause does is under one scheme, so it is all within one target.
    Scheme(SchemeRef, BTreeSet<PartyId>),
    /// These.
    Verdicts(BTreeSet<VerdictId>),
}

/// What waits, and how far the worker is.
#[derive(Debug, Default)]
pub struct Cascades {
    waiting: Mutex<Waiting>,
    woken: Notify,
    /// Who is told of it.
    pub listeners: Listeners,
    /// Public verdicts that each change has still to reach under each scheme, by the last look.
    left: Mutex<BTreeMap<(BasisChange, SchemeRef), u64>>,
    /// Verdicts of each peer of which is still to be found out what an act in an arrangement, or the end of the peering, changes. Nothing of
    /// a peer that was not looked at since the start.
    abroad: Mutex<BTreeMap<RegistryId, u64>>,
    /// Public verdicts of which something is void by each declaration of a stolen key that was asked for.
    voided: Mutex<BTreeMap<u64, u64>>,
    /// Whether the worker came to the end of what waited.
    settled: AtomicBool,
}

#[derive(Debug, Default)]
struct Waiting {
    everything: bool,
    /// Schemes of which all verdicts wait.
    schemes: BTreeSet<SchemeRef>,
    /// Others of which the verdicts of these bodies do.
    bodies: BTreeMap<SchemeRef, BTreeSet<PartyId>>,
    verdicts: BTreeSet<VerdictId>,
}

impl Cascades {
    /// Notes what a commit may have brought about. The register holds its records already.
    pub fn note(&self, records: &[Record], register: &Register) {
        let mut waiting = lock(&self.waiting);
        let mut woken = false;
        for record in records {
            woken |= waiting.note(record, register);
        }
        drop(waiting);
        if woken {
            self.woken.notify_one();
        }
    }

    /// Has all verdicts of this registry looked at.
    pub fn doubt_all(&self) {
        lock(&self.waiting).everything = true;
    }

    /// Whether nothing waits and nothing is being stated.
    pub fn is_settled(&self) -> bool {
        self.settled.load(Ordering::Acquire) && lock(&self.waiting).is_empty()
    }

    /// Public verdicts that the change has still to reach under a scheme, by the last look.
    pub fn left(&self, change: &BasisChange, scheme: &SchemeRef) -> u64 {
        lock(&self.left).get(&(*change, scheme.clone())).copied().unwrap_or(0)
    }

    /// Notes how many public verdicts of a peer are still to be assessed for the newest cause.
    pub fn waits_abroad(&self, peer: &RegistryId, verdicts: usize) {
        lock(&self.abroad).insert(peer.clone(), verdicts as u64);
    }

    /// How many that are; nothing where it is not known yet.
    pub fn left_abroad(&self, peer: &RegistryId) -> Option<u64> {
        lock(&self.abroad).get(peer).copied()
    }

    /// Of how many public verdicts something became void by the declaration that the entry of this index is. What it voids was void with
    /// it, so that is counted once, however often it is asked.
    pub fn voided(&self, declared: u64, count: impl FnOnce() -> u64) -> u64 {
        *lock(&self.voided).entry(declared).or_insert_with(count)
    }

    /// Has a verdict looked at once more.
    fn doubt_verdict(&self, id: &VerdictId) {
        lock(&self.waiting).verdict(id);
    }

    /// Has the verdicts of a body looked at.
    fn doubt(&self, scheme: &SchemeRef, body: &PartyId) {
        lock(&self.waiting).body(scheme, body);
    }

    /// Has the verdicts of a body and of all whose place it took looked at.
    fn doubt_all_of(&self, scheme: &SchemeRef, body: &PartyId, register: &Register) {
        represented(register, body).iter().for_each(|one| self.doubt(scheme, one));
    }

    /// What is looked at next: what lapsed for many before what changed of single verdicts, so that the count of a change is whole
    /// when its last verdicts are stated.
    fn next(&self, register: &Register) -> Option<Target> {
        let mut waiting = lock(&self.waiting);
        self.settled.store(waiting.is_empty(), Ordering::Release);
        let (everything, schemes) = (std::mem::take(&mut waiting.everything), std::mem::take(&mut waiting.schemes));
        if everything || !schemes.is_empty() {
            let concerned = register.issuers().filter(|(scheme, _)| everything || schemes.contains(*scheme));
            concerned.for_each(|(scheme, body)| waiting.body(scheme, body));
        }
        if let Some((scheme, bodies)) = waiting.bodies.pop_first() {
            return Some(Target::Scheme(scheme, bodies));
        }
        let verdicts = std::mem::take(&mut waiting.verdicts);
        (!verdicts.is_empty()).then_some(Target::Verdicts(verdicts))
    }

    fn put_back(&self, target: Target) {
        let mut waiting = lock(&self.waiting);
        match target {
            Target::Scheme(scheme, bodies) => waiting.bodies.entry(scheme).or_default().extend(bodies),
            Target::Verdicts(verdicts) => waiting.verdicts.extend(verdicts),
        }
    }

    /// Counts what each change has still to reach; what is not named has reached all.
    fn expect(&self, left: BTreeMap<(BasisChange, SchemeRef), u64>) -> u64 {
        let sum = left.values().sum();
        *lock(&self.left) = left;
        sum
    }

    fn reached(&self, change: &BasisChange, scheme: &SchemeRef, verdicts: u64) {
        if let Some(left) = lock(&self.left).get_mut(&(*change, scheme.clone())) {
            *left = left.saturating_sub(verdicts);
        }
    }
}

impl Waiting {
    fn is_empty(&self) -> bool {
        !self.everything && self.schemes.is_empty() && self.bodies.is_empty() && self.verdicts.is_empty()
    }

    /// Whether the record may have brought something about.
    fn note(&mut self, record: &Record, register: &Register) -> bool {
        match record {
            Record::Accreditation(record) if record.accreditation.role == AccreditedAs::CertificationBody => {
                let body = &record.accreditation.body;
                represented(register, body).iter().for_each(|one| self.body(&record.accreditation.scheme, one));
            }
            Record::Party(record) if record.succeeded.is_some() => {
                let bodies = represented(register, &record.party.id);
                let concerned = register.issuers().filter(|(_, body)| bodies.contains(body));
                concerned.for_each(|(scheme, body)| self.body(scheme, body));
            }
            Record::Scheme(record) if record.replaced.is_some() => {
                self.schemes.insert(record.scheme.scheme.clone());
            }
            Record::Crosswalk(record) => {
                let Some(corrected) = &record.corrects else { return false };
                for source in [&corrected.source, &record.publication.source] {
                    self.schemes.extend(register.schemes_on(source).iter().map(|scheme| scheme.scheme.scheme.clone()));
                }
            }
            Record::Verdict(record) if matters(record, register) => self.verdict(record.id()),
            _ => return false,
        }
        true
    }

    fn body(&mut self, scheme: &SchemeRef, body: &PartyId) {
        self.bodies.entry(scheme.clone()).or_default().insert(body.clone());
    }

    fn verdict(&mut self, id: &VerdictId) {
        if self.verdicts.len() < MAX_VERDICTS {
            self.verdicts.insert(id.clone());
        } else {
            self.verdicts.clear();
            self.everything = true;
        }
    }
}

/// Whether a verdict that just changed may rest on something else than its record says. What holds and was not touched by a
/// stolen key holds on: a body gives only while it is accredited.
fn matters(record: &VerdictRecord, register: &Register) -> bool {
    let last = record.history.last().map(|item| &item.what);
    if matches!(last, Some(Happening::BasisChanged(_))) {
        return false;
    }
    let replaced = || register.scheme(&record.terms.scheme).is_some_and(|scheme| scheme.replaced.is_some());
    record.now.lapsed.is_some()
        || record.now.marks.surveillance_overdue
        || record.now.marks.conditions_overdue
        || matches!(last, Some(Happening::Voided(_)))
        || replaced()
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
