//! What becomes of a recognition whose verdict cannot be seen: the other registry withholds or erased it, or its log is
//! only now pulled again.
//!
//! Nothing new can be known of such a verdict, so a recognition of it never grows. But what rests on this registry's own
//! log, its arrangements and the passing of time, counts all the same: otherwise a registry could keep its verdicts
//! recognised for ever by showing nothing more.

use std::sync::Arc;

use jiff::Timestamp;

use super::Reassessment;
use super::gap::GapKind;
use super::lapse::Lapse;
use super::{text, wording};
use crate::arrangement::{ArrangementRecord, Requirement, Rule};
use crate::in_force::{self, Pair};
use crate::recognised::{Recognition, RecognitionOutcome};
use crate::time::Day;
use crate::words::Language;

/// A recognition of a verdict that cannot be seen, and everything that decides what becomes of it.
#[derive(Debug, Clone, Copy)]
pub struct Unseen<'a> {
    /// What was made of it when it was seen last.
    pub existing: &'a Recognition,
    /// From the issuing to the recognising registry.
    pub pair: Pair<'a>,
    /// The arrangements that the recognising registry knows, in any order.
    pub arrangements: &'a [Arc<ArrangementRecord>],
    /// When, by the recognising registry's log.
    pub at: Timestamp,
    /// Whether the issuing registry has shown all that it shows: then it does not show this one any more.
    pub all_shown: bool,
}

impl Unseen<'_> {
    /// What is made of it now. It stays what it was, or is refused.
    pub fn reassess(&self) -> Reassessment {
        let existing = self.existing;
        if existing.outcome == RecognitionOutcome::Refused {
            return Reassessment { recognition: existing.clone(), due: None };
        }
        match self.against() {
            Some(gap) => Reassessment { recognition: refused(existing, &gap), due: None },
            None => Reassessment { recognition: existing.clone(), due: self.due() },
        }
    }

    fn against(&self) -> Option<GapKind> {
        if let Some(until) = self.existing.valid_until.filter(|day| day.end() <= self.at) {
            return Some(GapKind::NoLongerValid { until });
        }
        if let Some(window) = self.existing.window.filter(|window| window.until <= self.at) {
            return Some(GapKind::BasisLapsed { what: window.what, since: window.until });
        }
        if let Some(gap) = self.required().and_then(|(required, last)| required.against(last, self.at)) {
            return Some(gap);
        }
        match self.lapse() {
            Some(lapse) if lapse.keeps(self.at) => None,
            // It has to be shown; as long as the log is pulled, it may still come.
            _ if self.is_covered() => self.all_shown.then_some(GapKind::NotShown),
            Some(lapse) => lapse.gap(),
            None => Some(self.left_out().unwrap_or(GapKind::NotShown)),
        }
    }

    /// Whether an arrangement in force speaks of its scheme.
    fn is_covered(&self) -> bool {
        let in_force =
            self.arrangements.iter().filter_map(|record| in_force::terms_in_force(record, self.pair, self.at));
        in_force.flat_map(|signed| &signed.terms.rules).any(|rule| self.is_about(rule))
    }

    fn is_about(&self, rule: &Rule) -> bool {
        rule.goes(self.pair.from, self.pair.to) && rule.scheme == self.existing.scheme
    }

    /// What took it out, where a later version than the one it rests on does not speak of its scheme: our own signature, not the other
    /// registry's silence.
    fn left_out(&self) -> Option<GapKind> {
        let basis = self.existing.arrangement.as_ref()?;
        let record = self.arrangements.iter().find(|record| record.id == basis.id)?;
        let terms = &in_force::footing(record, self.pair, self.at)?.terms.terms;
        let left_out = terms.version > basis.version && !terms.rules.iter().any(|rule| self.is_about(rule));
        left_out.then(|| GapKind::NoLongerCovered { scheme: self.existing.scheme.clone(), version: terms.version })
    }

    fn lapse(&self) -> Option<Lapse<'_>> {
        Lapse::of(self.existing, self.arrangements, self.pair, self.at)
    }

    /// What the rule that it rests on asks of surveillance, and up to when the verdict was known to meet it.
    fn required(&self) -> Option<(Requirement, Day)> {
        let (basis, rule) = (self.existing.arrangement.as_ref()?, self.existing.rule.as_ref()?);
        let record = self.arrangements.iter().find(|record| record.id == basis.id)?;
        let mut rules = record.terms.iter().filter(|signed| signed.terms.version == basis.version);
        let rule = rules.find_map(|signed| signed.terms.rules.iter().find(|one| one.id == *rule))?;
        rule.requires.zip(self.existing.surveilled)
    }

    fn due(&self) -> Option<Timestamp> {
        let last_day = self.existing.valid_until.map(Day::end);
        let window = self.lapse().and_then(|lapse| lapse.window());
        let arrangements =
            self.arrangements.iter().filter_map(|record| in_force::next_change(record, self.pair, self.at));
        let surveillance = self.required().map(|(required, last)| required.due(last));
        last_day
            .into_iter()
            .chain(window)
            .chain(surveillance)
            .chain(self.existing.window.map(|window| window.until))
            .chain(arrangements)
            .filter(|instant| *instant > self.at)
            .min()
    }
}

/// The recognition refused for this reason and no other.
pub(super) fn refused(existing: &Recognition, gap: &GapKind) -> Recognition {
    let refused = Recognition {
        outcome: RecognitionOutcome::Refused,
        gaps: vec![gap.recorded()],
        counts_as: None,
        ..existing.clone()
    };
    Recognition { explanation: text(&wording::explanation(&refused, Language::English)), ..refused }
}
