//! What an arrangement names of what credentials keep back: what may travel to a peer, for how long it may rest there, and by
//! which level a rule judges a verdict that does not show it. And which restricted verdicts cross to a peer at all.
//!
//! A restricted verdict crosses by what never changes of it, so that a peer that is shown its grant is shown every change.
//!
//! A recognition inherits the profile of its verdict. What was disclosed to this registry alone decides the outcome, and
//! nothing of it is in the recognition, which everyone may read: neither the level, nor as which level it counts, nor which of
//! the gaps that a level can have. Out of scope: the credentials themselves, and how parts of them travel.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::lapse::lasts;
use super::levels::Order;
use crate::arrangement::{ArrangementRecord, Rule};
use crate::consent::{Part, Parts};
use crate::ids::LevelCode;
use crate::in_force::{Force, Pair, footing};
use crate::verdict::VerdictRecord;
use crate::viewpoint::{Viewpoint, Viewpoints};

/// Levels that a peer disclosed to this registry, out of the credential that counts.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DisclosedLevels {
    /// The verdict's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub level: Option<LevelCode>,
    /// Those from single viewpoints.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub viewpoints: BTreeMap<Viewpoint, LevelCode>,
}

impl DisclosedLevels {
    /// The level by which a rule judges: the verdict's; where it has none, the one among those from the viewpoints which the
    /// rule covers that each of them meets.
    pub(super) fn for_viewpoints(&self, covered: Viewpoints, order: Order<'_>) -> Option<LevelCode> {
        if self.level.is_some() {
            return self.level.clone();
        }
        let all: Option<Vec<_>> = covered.iter().map(|viewpoint| self.viewpoints.get(&viewpoint)).collect();
        let all = all?;
        all.iter().find(|least| all.iter().all(|level| order.meets(level, least))).map(|least| (*least).clone())
    }
}

/// The parts of what credentials of `verdict` keep back that travel now from the registry that granted it to the other one of
/// the pair: what the rules name that cover it, of arrangements in force. Of a restricted verdict, those that include such.
pub fn travels(
    arrangements: &[Arc<ArrangementRecord>],
    pair: Pair<'_>,
    verdict: &VerdictRecord,
    at: Timestamp,
) -> Parts {
    named(arrangements, pair, Some(verdict), at, |force, _| matches!(force, Force::InForce { .. }))
}

/// The parts that may rest with the recognising registry of the pair: what travels now, and what rules name by which a
/// recognition outlasts its arrangement. Of a verdict that cannot be seen, what may rest of any.
pub fn rests(
    arrangements: &[Arc<ArrangementRecord>],
    pair: Pair<'_>,
    verdict: Option<&VerdictRecord>,
    at: Timestamp,
) -> Parts {
    named(arrangements, pair, verdict, at, |force, rule| {
        matches!(force, Force::InForce { .. }) || lasts(force, rule, at)
    })
}

fn named(
    arrangements: &[Arc<ArrangementRecord>],
    pair: Pair<'_>,
    verdict: Option<&VerdictRecord>,
    at: Timestamp,
    holds: impl Fn(&Force, &Rule) -> bool,
) -> Parts {
    let footings = arrangements.iter().filter_map(|record| footing(record, pair, at));
    footings.fold(Parts::default(), |parts, footing| {
        let rules = footing.terms.terms.rules.iter().filter(|rule| rule.goes(pair.from, pair.to));
        let rules =
            rules.filter(|rule| verdict.is_none_or(|verdict| covers(rule, verdict)) && holds(&footing.force, rule));
        rules.fold(parts, |parts, rule| parts.union(rule.discloses))
    })
}

/// Whether the statements of a restricted verdict travel now from the registry that granted it to the other one of the pair: a
/// rule of an arrangement in force includes it.
pub fn crosses(
    arrangements: &[Arc<ArrangementRecord>],
    pair: Pair<'_>,
    verdict: &VerdictRecord,
    at: Timestamp,
) -> bool {
    is_included(arrangements, pair, Some(verdict), at, |force, _| matches!(force, Force::InForce { .. }))
}

/// Whether they may rest with the recognising registry of the pair: they travel now, or what a rule made of the verdict outlasts
/// its arrangement. Of a verdict that cannot be seen, whether those of any may.
pub fn stays(
    arrangements: &[Arc<ArrangementRecord>],
    pair: Pair<'_>,
    verdict: Option<&VerdictRecord>,
    at: Timestamp,
) -> bool {
    is_included(arrangements, pair, verdict, at, |force, rule| {
        matches!(force, Force::InForce { .. }) || lasts(force, rule, at)
    })
}

fn is_included(
    arrangements: &[Arc<ArrangementRecord>],
    pair: Pair<'_>,
    verdict: Option<&VerdictRecord>,
    at: Timestamp,
    holds: impl Fn(&Force, &Rule) -> bool,
) -> bool {
    let includes = |rule: &Rule| verdict.map_or(rule.restricted, |verdict| rule.includes(verdict));
    arrangements.iter().filter_map(|record| footing(record, pair, at)).any(|footing| {
        let mut rules = footing.terms.terms.rules.iter().filter(|rule| rule.goes(pair.from, pair.to));
        rules.any(|rule| includes(rule) && holds(&footing.force, rule))
    })
}

/// Whether a rule is about the verdict at all, whatever it makes of it.
fn covers(rule: &Rule, verdict: &VerdictRecord) -> bool {
    rule.is_about(verdict) && !rule.viewpoints.intersection(verdict.now.viewpoints).is_empty()
}

/// Whether the levels that were disclosed are for this rule to judge by.
pub(super) const fn judges_by_disclosed(rule: &Rule) -> bool {
    rule.discloses.contains(Part::Level)
}
