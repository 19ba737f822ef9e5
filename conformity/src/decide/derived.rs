//! What time does to verdicts, stated by the node so that a replay needs no clock.
//!
//! Verdicts of a list that are not there are passed over: their statements were erased since, or whoever follows may not
//! see them.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::case::{Case, not_empty};
use super::verdict_change::illegal_move;
use crate::records::{Facts, Record};
use crate::refusal::Refusal;
use crate::verdict::{Happening, HistoryItem, VerdictList, VerdictRecord};

impl<F: Facts> Case<'_, F> {
    pub(super) fn verdict_expired(&self, claim: &VerdictList) -> Result<Vec<Record>, Refusal> {
        self.derived(claim, |record| self.expires(record))
    }

    pub(super) fn surveillance_overdue(&self, claim: &VerdictList) -> Result<Vec<Record>, Refusal> {
        self.derived(claim, |record| self.falls_overdue(record))
    }

    pub(super) fn conditions_overdue(&self, claim: &VerdictList) -> Result<Vec<Record>, Refusal> {
        self.derived(claim, |record| self.misses_deadline(record))
    }

    fn derived(
        &self,
        claim: &VerdictList,
        item: impl Fn(&VerdictRecord) -> Result<HistoryItem, Refusal>,
    ) -> Result<Vec<Record>, Refusal> {
        self.node_only()?;
        not_empty("verdicts", claim.verdicts.is_empty())?;
        let mut listed = BTreeSet::new();
        let mut records = Vec::with_capacity(claim.verdicts.len() + 1);
        for id in &claim.verdicts {
            if !listed.insert(id) {
                return Err(Refusal::ListedTwice { verdict: id.clone() });
            }
            let Some(known) = self.facts.verdict(id) else {
                continue;
            };
            let after = known.after(item(&known)?);
            let after = after.map_err(|illegal| illegal_move(id, illegal))?;
            records.push(Record::Verdict(Arc::new(after)));
        }
        Ok(records)
    }

    fn expires(&self, known: &VerdictRecord) -> Result<HistoryItem, Refusal> {
        match known.now.valid_until {
            Some(until) if until.end() <= self.at() => {
                Ok(HistoryItem { effective: until.end(), ..self.happened(Happening::Expired) })
            }
            until => Err(Refusal::NotExpired { verdict: known.id().clone(), until }),
        }
    }

    fn falls_overdue(&self, known: &VerdictRecord) -> Result<HistoryItem, Refusal> {
        let scheme = self.scheme(&known.terms.scheme)?;
        let overdue = scheme.scheme.surveillance.is_some_and(|duty| {
            known.surveillance_due(duty).end() <= self.at()
                && known.now.state.name().is_in_force()
                && !known.now.marks.surveillance_overdue
        });
        if overdue {
            return Ok(self.happened(Happening::SurveillanceOverdue));
        }
        Err(Refusal::NotOverdue { verdict: known.id().clone() })
    }

    fn misses_deadline(&self, known: &VerdictRecord) -> Result<HistoryItem, Refusal> {
        match known.missed_deadline(self.at()) {
            Some(_) => Ok(self.happened(Happening::ConditionsOverdue)),
            None => Err(Refusal::ConditionsNotOverdue { verdict: known.id().clone() }),
        }
    }
}
