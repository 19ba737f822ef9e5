//! What becomes of a recognition when the arrangement it rests on is suspended or ends: keep, transfer window, cease.
//!
//! Only what was recognised before is kept, and only under the very version and rule it rested on. The verdict itself may
//! shrink meanwhile (its state, scope, level), and the recognition with it; what was added to it since does not count,
//! because nobody here has agreed to it. Text cannot be compared: a scope that was extended in words alone is kept as it
//! now reads; exclusions can, one by one. A level that the verdict keeps back is judged by as it was disclosed. While an arrangement is suspended its rules on suspension hold; once it ended, those on its end, even
//! if it was suspended before.

use std::sync::Arc;

use jiff::Timestamp;

use super::Foreign;
use super::candidate::{Candidate, Claim, force_gap};
use super::gap::GapKind;
use super::levels::Order;
use crate::arrangement::{ArrangementRecord, Rule, SignedTerms};
use crate::effect::{Effect, deadline};
use crate::in_force::{self, Force, Pair};
use crate::recognised::Recognition;

/// The lapse of what a recognition rests on.
pub(super) struct Lapse<'a> {
    terms: &'a SignedTerms,
    rule: &'a Rule,
    since: Timestamp,
    effect: Effect,
    ended: bool,
    force: Force,
}

impl<'a> Lapse<'a> {
    /// The lapse of what `existing` rests on at `at`, if it lapsed.
    pub(super) fn of(
        existing: &Recognition,
        arrangements: &'a [Arc<ArrangementRecord>],
        pair: Pair<'a>,
        at: Timestamp,
    ) -> Option<Self> {
        let (basis, rule) = (existing.arrangement.as_ref()?, existing.rule.as_ref()?);
        let record = arrangements.iter().find(|record| record.id == basis.id)?;
        let footing = in_force::footing(record, pair, at)?;
        let terms = footing.terms;
        let rule = terms.terms.rules.iter().find(|one| one.id == *rule)?;
        let ended = matches!(footing.force, Force::Ended { .. });
        let same = terms.terms.version == basis.version && carried(existing);
        footing.force.lapsed_since().filter(|_| same).map(|since| Self {
            terms,
            rule,
            since,
            effect: effect(&footing.force, rule),
            ended,
            force: footing.force,
        })
    }

    /// Whether the recognition is kept all the same.
    pub(super) fn keeps(&self, at: Timestamp) -> bool {
        note(self, at).is_some()
    }

    /// What stands against it where it is not kept.
    pub(super) fn gap(&self) -> Option<GapKind> {
        force_gap(&self.force)
    }

    /// When the window closes for as long as which the recognition is kept, if it is.
    pub(super) fn window(&self) -> Option<Timestamp> {
        match self.effect {
            Effect::TransferWindow { days } => Some(deadline(self.since, days)),
            Effect::Keep | Effect::Cease => None,
        }
    }
}

/// The recognition as it is kept although its arrangement lapsed; nothing when it rests on none that did, or ceases.
pub(super) fn kept<'a>(existing: &Recognition, foreign: &Foreign<'a>) -> Option<Candidate<'a>> {
    let lapse = lapse(existing, foreign)?;
    let note = note(&lapse, foreign.at)?;
    let (claim, grown) = before(existing, foreign);
    let mut candidate = Candidate::under_rule(foreign, claim, lapse.terms, lapse.rule);
    candidate.gaps.push(note);
    if grown {
        candidate.gaps.push(GapKind::AddedSinceLapse);
    }
    Some(candidate)
}

/// When the window closes for as long as which the recognition is kept, if it is.
pub(super) fn window(existing: &Recognition, foreign: &Foreign<'_>) -> Option<Timestamp> {
    lapse(existing, foreign)?.window()
}

fn lapse<'a>(existing: &Recognition, foreign: &Foreign<'a>) -> Option<Lapse<'a>> {
    Lapse::of(existing, foreign.arrangements, foreign.pair(), foreign.at)
}

/// Whether the rule carried the verdict: it counted, or would have but for its own state or dates.
fn carried(existing: &Recognition) -> bool {
    existing.gaps.iter().all(|gap| {
        let code = gap.code.as_str();
        GapKind::leaves_something(code) || GapKind::is_of_verdict(code)
    })
}

fn note(lapse: &Lapse<'_>, at: Timestamp) -> Option<GapKind> {
    let since = lapse.since;
    match lapse.effect {
        Effect::Keep if lapse.ended => Some(GapKind::KeptAfterEnd { since }),
        Effect::Keep => Some(GapKind::KeptWhileSuspended { since }),
        Effect::TransferWindow { days } => {
            let until = deadline(since, days);
            (at < until).then_some(GapKind::TransferWindow { until })
        }
        Effect::Cease => None,
    }
}

/// Whether what a rule made of a verdict may outlast its arrangement at `at`.
pub(super) fn lasts(force: &Force, rule: &Rule, at: Timestamp) -> bool {
    force.lapsed_since().is_some_and(|since| match effect(force, rule) {
        Effect::Keep => true,
        Effect::TransferWindow { days } => at < deadline(since, days),
        Effect::Cease => false,
    })
}

/// What the rule says of such a lapse.
const fn effect(force: &Force, rule: &Rule) -> Effect {
    if matches!(force, Force::Ended { .. }) { rule.on_end } else { rule.on_suspension }
}

/// What of the verdict was there before, and whether something was added since.
fn before(existing: &Recognition, foreign: &Foreign<'_>) -> (Claim, bool) {
    let now = Claim::of(foreign);
    let order = Order::of(foreign.scheme);
    let level = match (&now.level, &existing.level) {
        (Some(new), Some(old)) if order.meets(new, old) => Some(old.clone()),
        (Some(new), Some(old)) if order.meets(old, new) => Some(new.clone()),
        // A level that the verdict did not have, or one that cannot be compared with it.
        _ => None,
    };
    let valid_until = match (now.valid_until, existing.valid_until) {
        (Some(new), Some(old)) => Some(new.min(old)),
        (new, old) => new.or(old),
    };
    // What was left out before stays so, whatever is assessed since.
    let mut exclusions = now.exclusions.clone();
    let left_out = existing.exclusions.iter().flat_map(|excluded| &excluded.words);
    exclusions.extend(left_out.filter(|words| !now.exclusions.contains(words)).cloned());
    let viewpoints = now.viewpoints.intersection(existing.viewpoints);
    let claim = Claim { viewpoints, level, valid_until, exclusions };
    let grown = claim != now;
    (claim, grown)
}
