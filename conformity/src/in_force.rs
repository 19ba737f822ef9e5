//! When an arrangement is in force between an issuing and a recognising registry, and since when it is not.
//!
//! In scope: what the acts of the parties and the dates of the terms mean for one pair of registries at one instant, as
//! the log of the registry that asks knows them. Out of scope: what the rules say about a verdict, and what becomes of
//! recognitions when an arrangement lapses, see [`crate::recognition`].
//!
//! The rules, in the order in which they are applied:
//!
//! 1. Terms *commence* for a pair once everyone whose signature they need has signed the same digest and their first day
//!    has come. Unilateral terms need the recognising registry, bilateral ones all their parties, multilateral ones the
//!    two of the pair: it holds among those that signed, whoever else has not.
//! 2. The highest version that ever commenced governs. It replaces lower ones for good, also once its own days are over.
//! 3. It *ends* with its last day, or by the act of either of the pair: on the day the act names, but never before the
//!    notice that the terms require. An end cannot be taken back; a signature given after it begins anew.
//! 4. It is *suspended* while either of the pair suspends it: alone, at once, for all versions. Each lifts its own
//!    suspension only. What others do concerns the pairs that they are in.
//!
//! An end weighs more than a suspension. All instants are sequencing times of the asking registry's log: a step of
//! another party counts from when this log took it up.

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use jiff::Timestamp;

use crate::arrangement::{Act, Arrangement, ArrangementAct, ArrangementRecord, Mode, SignedTerms};
use crate::ids::RegistryId;
use crate::time::Day;

/// An issuing and a recognising registry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pair<'a> {
    /// Whose verdicts.
    pub from: &'a RegistryId,
    /// Who recognises them.
    pub to: &'a RegistryId,
}

impl<'a> Pair<'a> {
    /// Whether `registry` is one of the two.
    pub fn has(self, registry: &RegistryId) -> bool {
        self.both().any(|one| one == registry)
    }

    /// The two.
    pub fn both(self) -> impl Iterator<Item = &'a RegistryId> {
        [self.from, self.to].into_iter()
    }
}

/// Where an arrangement stands for a pair at an instant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Footing<'a> {
    /// The terms that govern or, before any did, the newest that were proposed.
    pub terms: &'a SignedTerms,
    /// Whether they hold.
    pub force: Force,
}

/// Whether terms hold for a pair.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Force {
    /// They hold.
    InForce {
        /// Since when.
        since: Timestamp,
    },
    /// Either of the pair suspended them.
    Suspended {
        /// Since when they have not held.
        since: Timestamp,
        /// Who keeps them suspended.
        by: BTreeSet<RegistryId>,
    },
    /// They held and are over.
    Ended {
        /// Since when.
        since: Timestamp,
        /// Who ended them; nobody where their own last day did.
        by: Option<RegistryId>,
    },
    /// All needed signatures are there, but their first day has not come.
    NotYet {
        /// Their first day.
        from: Day,
    },
    /// A needed signature is not there.
    Unsigned {
        /// Whose.
        missing: BTreeSet<RegistryId>,
    },
}

impl Force {
    /// Since when terms that once held do not hold any more.
    pub const fn lapsed_since(&self) -> Option<Timestamp> {
        match self {
            Self::Suspended { since, .. } | Self::Ended { since, .. } => Some(*since),
            Self::InForce { .. } | Self::NotYet { .. } | Self::Unsigned { .. } => None,
        }
    }
}

/// Where `record` stands for `pair` at `at`, or nothing when no version of it names both registries as parties.
pub fn footing<'a>(record: &'a ArrangementRecord, pair: Pair<'a>, at: Timestamp) -> Option<Footing<'a>> {
    let known = Known { record, pair, at };
    match known.governing() {
        Some((terms, commenced)) => Some(Footing { terms, force: known.force(terms, commenced) }),
        None => known.proposed(),
    }
}

/// The terms of `record` that hold for `pair` at `at`, if any do.
pub fn terms_in_force<'a>(record: &'a ArrangementRecord, pair: Pair<'a>, at: Timestamp) -> Option<&'a SignedTerms> {
    let footing = footing(record, pair, at)?;
    matches!(footing.force, Force::InForce { .. }).then_some(footing.terms)
}

/// The first instant after `at` at which time alone may change where `record` stands for `pair`, by what is known at
/// `at`.
pub fn next_change(record: &ArrangementRecord, pair: Pair<'_>, at: Timestamp) -> Option<Timestamp> {
    let known = Known { record, pair, at };
    known
        .of_pair()
        .flat_map(|signed| {
            let days = [Some(signed.terms.from.start()), signed.terms.until.map(Day::end)];
            let ends = known.ends(signed).map(|end| end.since);
            days.into_iter().flatten().chain(ends)
        })
        .filter(|instant| *instant > at)
        .min()
}

/// What is known at an instant about what the two of a pair did to an arrangement.
struct Known<'a> {
    record: &'a ArrangementRecord,
    pair: Pair<'a>,
    at: Timestamp,
}

/// An end that one of the pair declared. Earlier ones come first.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct End<'a> {
    since: Timestamp,
    index: u64,
    by: Option<&'a RegistryId>,
}

impl<'a> Known<'a> {
    /// The versions that name both registries as parties.
    fn of_pair(&self) -> impl Iterator<Item = &'a SignedTerms> {
        let pair = self.pair;
        self.record.terms.iter().filter(move |signed| pair.both().all(|one| signed.terms.party(one).is_some()))
    }

    /// The acts of the pair that are known, oldest first.
    fn acts(&self) -> impl DoubleEndedIterator<Item = &'a ArrangementAct> {
        let (pair, at) = (self.pair, self.at);
        self.record.acts.iter().filter(move |act| act.moment.at <= at && pair.has(&act.registry))
    }

    /// The highest version that commenced, and when. Of two with the same number the one that commenced last.
    fn governing(&self) -> Option<(&'a SignedTerms, Timestamp)> {
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

    /// The signature of `party` that binds it to `signed`: its first one, or the first after it last ended them. Bilateral
    /// terms may name a third party: then nobody's.
    fn signature(&self, party: &RegistryId, signed: &SignedTerms) -> Option<&'a ArrangementAct> {
        let mut binding = None;
        let mut ended = false;
        for item in self.acts().filter(|item| item.registry == *party) {
            match &item.act {
                Act::Signed { digest } if *digest == signed.digest && (ended || binding.is_none()) => {
                    binding = Some(item);
                    ended = false;
                }
                Act::Ended { .. } => ended = true,
                _ => {}
            }
        }
        binding
    }

    fn force(&self, signed: &'a SignedTerms, commenced: Timestamp) -> Force {
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

    /// The ends that one of the pair declared and did not follow by a new signature under these terms.
    fn ends(&self, signed: &'a SignedTerms) -> impl Iterator<Item = End<'a>> {
        self.acts().filter_map(|item| {
            let Act::Ended { effective, .. } = &item.act else {
                return None;
            };
            let again = self.signature(&item.registry, signed);
            let stands = again.is_none_or(|act| act.moment.index < item.moment.index);
            stands.then(|| End {
                since: after_notice(item.moment.at, signed.terms.notice_days, *effective),
                index: item.moment.index,
                by: Some(&item.registry),
            })
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
    fn proposed(&self) -> Option<Footing<'a>> {
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
