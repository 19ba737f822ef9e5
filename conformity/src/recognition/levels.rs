//! What a rule makes of a verdict's level, in the partial order of the issuing scheme.

use std::collections::BTreeMap;

use super::gap::GapKind;
use crate::arrangement::{CountsAs, LevelRule, Rule};
use crate::ids::LevelCode;
use crate::recognised::Counterpart;
use crate::scheme::{Levels, Scheme};

/// The order in which levels are compared.
#[derive(Debug, Clone, Copy)]
pub(super) struct Order<'a>(Option<&'a Levels>);

impl<'a> Order<'a> {
    pub(super) fn of(scheme: Option<&'a Scheme>) -> Self {
        Self(scheme.map(|scheme| &scheme.levels))
    }

    /// Whether whoever holds `held` also meets `wanted`. A level always meets itself, known to the scheme or not.
    pub(super) fn meets(self, held: &LevelCode, wanted: &LevelCode) -> bool {
        held == wanted || self.0.is_some_and(|levels| levels.meets(held, wanted))
    }

    /// How many levels of the scheme it meets: of two that are comparable, the higher one meets more.
    pub(super) fn height(self, level: &LevelCode) -> usize {
        self.0.map_or(0, |levels| levels.iter().filter(|one| levels.meets(level, &one.code)).count())
    }
}

/// What of a level counts: the level itself or a lower one, and what is in the way.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Counted {
    pub(super) level: Option<LevelCode>,
    pub(super) gaps: Vec<GapKind>,
}

/// Applies the rule's minimum, cap and list.
pub(super) fn count(order: Order<'_>, rule: Option<&LevelRule>, level: Option<&LevelCode>) -> Counted {
    let unlimited = Counted { level: level.cloned(), gaps: Vec::new() };
    match (rule, level) {
        (None, _) => unlimited,
        (Some(rule), _) if *rule == LevelRule::default() => unlimited,
        (Some(_), None) => Counted { level: None, gaps: vec![GapKind::LevelNotStated] },
        (Some(rule), Some(level)) => count_stated(order, rule, level),
    }
}

fn count_stated(order: Order<'_>, rule: &LevelRule, level: &LevelCode) -> Counted {
    let mut counted = Counted { level: Some(level.clone()), gaps: Vec::new() };
    if !rule.only.is_empty() && !rule.only.contains(level) {
        counted.gaps.push(GapKind::LevelNotListed { level: level.clone(), only: rule.only.clone() });
    }
    if let Some(min) = rule.min.as_ref().filter(|min| !order.meets(level, min)) {
        counted.gaps.push(GapKind::LevelBelowMinimum { level: level.clone(), min: min.clone() });
    }
    if let Some(cap) = rule.max.as_ref().filter(|cap| !order.meets(cap, level)) {
        let (level, cap) = (level.clone(), cap.clone());
        if order.meets(&level, &cap) {
            counted.level = Some(cap.clone());
            counted.gaps.push(GapKind::LevelCapped { level, cap });
        } else {
            counted.gaps.push(GapKind::LevelNotComparable { level, cap });
        }
    }
    counted
}

/// As what the counted level counts here. A level without a counterpart counts as the highest one below it that has one.
pub(super) fn counterpart(order: Order<'_>, rule: &Rule, counted: &mut Counted) -> Counterpart {
    let Some(target) = &rule.counts_as else {
        return Counterpart { scheme: rule.scheme.clone(), level: counted.level.clone() };
    };
    let level = if target.levels.is_empty() {
        counted.level.clone().filter(|_| target.scheme == rule.scheme)
    } else {
        translated(order, target, counted)
    };
    Counterpart { scheme: target.scheme.clone(), level }
}

fn translated(order: Order<'_>, target: &CountsAs, counted: &mut Counted) -> Option<LevelCode> {
    let Some(level) = counted.level.clone() else {
        if !counted.gaps.contains(&GapKind::LevelNotStated) {
            counted.gaps.push(GapKind::LevelNotStated);
        }
        return None;
    };
    match highest_met(order, &target.levels, &level) {
        Some((theirs, ours)) => {
            if *theirs != level {
                counted.gaps.push(GapKind::LevelCapped { level, cap: theirs.clone() });
            }
            Some(ours.clone())
        }
        None => {
            counted.gaps.push(GapKind::LevelWithoutCounterpart { level });
            None
        }
    }
}

fn highest_met<'m>(
    order: Order<'_>,
    map: &'m BTreeMap<LevelCode, LevelCode>,
    level: &LevelCode,
) -> Option<(&'m LevelCode, &'m LevelCode)> {
    map.get_key_value(level).or_else(|| {
        let met = map.iter().filter(|(theirs, _)| order.meets(level, theirs));
        met.max_by_key(|(theirs, _)| order.height(theirs))
    })
}
