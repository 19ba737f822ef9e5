//! What verdicts rest on, stated by the node. It is worked out again from what the log says: a node that states something else, or
//! the same twice, is refused.
//!
//! Verdicts of a list that are not there are passed over, as in other lists of the node. How many were named is counted from the
//! lists alone, so that whoever sees part of the log, or reads it after an erasure, counts the same.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::case::{Case, not_empty};
use super::verdict_change::illegal_move;
use crate::lapsed::{BasisChange, BasisChanged, CascadeRecord};
use crate::records::{Facts, Record, View};
use crate::refusal::Refusal;
use crate::resting;
use crate::verdict::{Happening, HistoryItem, VerdictRecord};

impl<F: Facts> Case<'_, F> {
    pub(super) fn basis_changed(&self, claim: &BasisChanged) -> Result<Vec<Record>, Refusal> {
        self.node_only()?;
        not_empty("verdicts", claim.verdicts.is_empty())?;
        let mut listed = BTreeSet::new();
        let mut records = Vec::with_capacity(claim.verdicts.len() + 2);
        for id in &claim.verdicts {
            if !listed.insert(id) {
                return Err(Refusal::ListedTwice { verdict: id.clone() });
            }
            if let Some(known) = self.facts.verdict(id) {
                records.push(Record::Verdict(Arc::new(self.rests_otherwise(&known, claim)?)));
            }
        }
        records.extend(self.counted(claim)?);
        Ok(records)
    }

    fn rests_otherwise(&self, known: &VerdictRecord, claim: &BasisChanged) -> Result<VerdictRecord, Refusal> {
        let verdict = known.id();
        let due = resting::due(self.facts, known, self.at());
        if due != Some(*claim.change) || known.terms.scheme != claim.scheme {
            return Err(Refusal::BasisNotSo { verdict: verdict.clone(), change: claim.change.as_str() });
        }
        if known.terms.profile.is_public() != claim.before.is_some() {
            return Err(Refusal::BasisMiscounted { scheme: claim.scheme.clone() });
        }
        let effective = match *claim.change {
            BasisChange::Lapsed(lapsed) => lapsed.since,
            BasisChange::Holds(_) => self.at(),
        };
        let item = HistoryItem { effective, ..self.happened(Happening::BasisChanged(Arc::clone(&claim.change))) };
        known.after(item).map_err(|illegal| illegal_move(verdict, illegal))
    }

    /// The count of the public verdicts that this change has reached; a restricted one is in none.
    fn counted(&self, claim: &BasisChanged) -> Result<Option<Record>, Refusal> {
        let miscounted = || Refusal::BasisMiscounted { scheme: claim.scheme.clone() };
        let Some(before) = claim.before else {
            return if claim.total.is_none() { Ok(None) } else { Err(miscounted()) };
        };
        let known = self.facts.cascade(&claim.change, &claim.scheme);
        let done = before.saturating_add(claim.verdicts.len() as u64);
        let continues = known.as_ref().map_or(0, |known| known.done) == before || self.facts.view() == View::Part;
        if !continues || claim.total.is_some_and(|total| total != done) {
            return Err(miscounted());
        }
        Ok(Some(Record::Cascade(Arc::new(CascadeRecord {
            change: Arc::clone(&claim.change),
            scheme: claim.scheme.clone(),
            done,
            begun: known.map_or(self.moment(), |known| known.begun),
            last: self.moment(),
            finished: claim.total.is_some(),
        }))))
    }
}
