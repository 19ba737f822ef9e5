//! Reading the acts of two parties: who is bound to which terms since when, who ended them, who suspends them.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::{Footing, Force, Pair};
use crate::arrangement::{Act, Arrangement, ArrangementAct, ArrangementRecord, Mode, SignedTerms};
use crate::ids::RegistryId;
use crate::time::Day;

/// What is known at an instant about what the two of a pair did to an arrangement.
pub(super) struct Known<'a> {
    pub(super) record: &'a ArrangementRecord,
    pub(super) pair: Pair<'a>,
    pub(super) at: Timestamp,
}

/// An end that one of the pair declared. Earlier ones come first.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct End<'a> {
    pub(super) since: Timestamp,
    index: u64,
    by: Option<&'a RegistryId>,
}

impl<'a> Known<'a> {
    /// The versions that name both registries as parties.
    pub(super) fn of_pair(&self) -> impl Iterator<Item = &'a SignedTerms> {
        let pair = self.pair;
        self.record.terms.iter().filter(move |signed| pair.both().all(|one| signed.terms.party(one).is_some()))
    }

    /// The acts of the pair that are known, oldest first.
    fn acts(&self) -> impl DoubleEndedIterator<Item = &'a ArrangementAct> {
        let (pair, at) = (self.pair, self.at);
        self.record.acts.iter().filter(move |act| act.moment.at <= at && pair.has(&act.registry))
    }

    /// The highest version that commenced, and when. Of two with the same number the one that commenced last.
    pub(super) fn governing(&self) -> Option<(&'a SignedTerms, Timestamp)> {
        self.of_pair()
            .filter_map(|signed| self.commenced(signed).map(|since| (signed, since)))
            .max_by_key(|(signed, since)| (signed.terms.version, *since, signed.digest))
    }

    fn commenced(&self, signed: &'a SignedTerms) -> Option<Timestamp> {
        let complete = needed(&signed.terms, self.pair).try_fold(Timestamp::MIN, |latest, party| {
            self.signature(party, signed).map(|act| act.moment.at.max(latest))
        })?;
        let since = complete.max(signed.terms.from.start());
        (since <= self.at).then_some(since)
    }

    /// The signature of `party` that binds it to `signed`: its first one since they were last begun anew. Bilateral terms
    /// may name a third party: then nobody's.
    fn signature(&self, party: &RegistryId, signed: &SignedTerms) -> Option<&'a ArrangementAct> {
        let ends = self.acts().filter(|item| matches!(item.act, Act::Ended { .. }));
        let anew = ends.map(|item| item.moment.index).filter(|index| self.begun_anew(*index, signed)).max();
        self.signed_after(party, signed, anew)
    }

    /// Whether everyone whose signature the terms need signed them after the entry at `index`.
    fn begun_anew(&self, index: u64, signed: &SignedTerms) -> bool {
        needed(&signed.terms, self.pair).all(|party| self.signed_after(party, signed, Some(index)).is_some())
    }

    fn signed_after(&self, party: &RegistryId, signed: &SignedTerms, index: Option<u64>) -> Option<&'a ArrangementAct> {
        self.acts().find(|item| {
            let under = matches!(&item.act, Act::Signed { digest } if *digest == signed.digest);
            under && item.registry == *party && index.is_none_or(|index| item.moment.index > index)
        })
    }

    pub(super) fn force(&self, signed: &'a SignedTerms, commenced: Timestamp) -> Force {
        if let Some(end) = self.ended(signed) {
            return Force::Ended { since: end.since, by: end.by.cloned() };
        }
        match self.suspended() {
            Some((since, by)) => Force::Suspended { since: since.max(commenced), by },
            None => Force::InForce { since: commenced },
        }
    }

    /// The earliest end that has come: of the last day, or by an act.
    fn ended(&self, signed: &'a SignedTerms) -> Option<End<'a>> {
        let by_date = signed.terms.until.map(|day| End { since: day.end(), index: u64::MAX, by: None });
        self.ends(signed).chain(by_date).filter(|end| end.since <= self.at).min()
    }

    /// The ends that one of the pair declared and that stand: it did not sign again before they took effect, nor did
    /// everyone begin anew.
    pub(super) fn ends(&self, signed: &'a SignedTerms) -> impl Iterator<Item = End<'a>> {
        self.acts().filter_map(|item| {
            let Act::Ended { effective, .. } = &item.act else {
                return None;
            };
            let (by, index) = (&item.registry, item.moment.index);
            let since = after_notice(item.moment.at, signed.terms.notice_days, *effective);
            let again = self.signed_after(by, signed, Some(index));
            let taken_back = again.is_some_and(|act| act.moment.at < since);
            let stands = !taken_back && !self.begun_anew(index, signed);
            stands.then_some(End { since, index, by: Some(by) })
        })
    }

    /// Since when one or the other has kept it suspended without a break, and who does so now.
    fn suspended(&self) -> Option<(Timestamp, BTreeSet<RegistryId>)> {
        let mut by = BTreeSet::new();
        let mut since = None;
        for item in self.acts() {
            match item.act {
                Act::Suspended { .. } => {
                    by.insert(item.registry.clone());
                    since = since.or(Some(item.moment.at));
                }
                Act::Restored { .. } => {
                    by.remove(&item.registry);
                    since = since.filter(|_| !by.is_empty());
                }
                Act::Signed { .. } | Act::Ended { .. } => {}
            }
        }
        since.map(|since| (since, by))
    }

    /// The newest version, where none has commenced, and what it waits for.
    pub(super) fn proposed(&self) -> Option<Footing<'a>> {
        let terms = self.of_pair().max_by_key(|signed| (signed.terms.version, signed.digest))?;
        let missing: BTreeSet<RegistryId> =
            needed(&terms.terms, self.pair).filter(|party| self.signature(party, terms).is_none()).cloned().collect();
        let force =
            if missing.is_empty() { Force::NotYet { from: terms.terms.from } } else { Force::Unsigned { missing } };
        Some(Footing { terms, force })
    }
}

/// Whose signature terms need before they hold for a pair.
fn needed<'a>(terms: &'a Arrangement, pair: Pair<'a>) -> impl Iterator<Item = &'a RegistryId> {
    let mode = terms.mode;
    let parties = terms.parties.iter().map(|party| &party.registry);
    parties.filter(move |party| match mode {
        Mode::Unilateral => pair.to == *party,
        Mode::Bilateral => true,
        Mode::Multilateral => pair.has(party),
    })
}

/// When an end takes effect: on the day it names, never before it was declared nor before the notice is over.
fn after_notice(declared: Timestamp, notice_days: u16, effective: Day) -> Timestamp {
    let notice = Day::of(declared).plus_days(notice_days).start();
    effective.start().max(notice).max(declared)
}
