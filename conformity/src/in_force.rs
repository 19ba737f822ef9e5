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
//!    notice that the terms require. Whoever declared an end takes it back by signing again before it takes effect.
//!    After that nobody is bound any more by what was signed before: everyone needed must sign again, after the end.
//! 4. It is *suspended* while either of the pair suspends it: alone, at once, for all versions. Each lifts its own
//!    suspension only. What others do concerns the pairs that they are in.
//!
//! An end weighs more than a suspension. All instants are sequencing times of the asking registry's log: a step of
//! another party counts from when this log took it up.

mod known;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use jiff::Timestamp;

use crate::arrangement::{ArrangementRecord, SignedTerms};
use crate::ids::RegistryId;
use crate::time::Day;

use known::Known;

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
