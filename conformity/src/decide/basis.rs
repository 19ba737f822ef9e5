//! What verdicts rest on, stated by the node. It is worked out again from what the log says: a node that states something else, or
//! the same twice, is refused.
//!
//! Verdicts of a list that are not there are passed over, as in other lists of the node. How many were named is counted from the
//! lists alone, so that whoever sees part of the log, or reads it after an erasure, counts the same.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::case::{Case, not_empty};
use super::verdict_change::illegal_move;
use crate::lapsed::{BasisChange, BasisChanged, Batch, CascadeRecord, Extent};
use crate::records::{Facts, Record, View};
use crate::refusal::Refusal;
use crate::resting;
use crate::verdict::{Happening, HistoryItem, VerdictRecord};

impl<F: Facts> Case<'_, F> {
    pub(super) fn basis_changed(&self, claim: &BasisChanged) -> Result<Vec<Record>, Refusal> {
        self.node_only()?;
        let cascade = self.facts.cascade(&claim.change, &claim.scheme);
        let batch = self.batch(claim, cascade.as_deref())?;
        let mut listed = BTreeSet::new();
        let mut records = Vec::with_capacity(claim.verdicts.len() + 2);
        for id in &claim.verdicts {
            if !listed.insert(id) {
                return Err(Refusal::ListedTwice { verdict: id.clone() });
            }
            if let Some(known) = self.facts.verdict(id) {
                records.push(Record::Verdict(Arc::new(self.rests_otherwise(&known, claim, batch.as_ref())?)));
            }
        }
        records.extend(self.counted(claim, cascade.as_deref(), batch)?);
        Ok(records)
    }

    fn rests_otherwise(
        &self,
        known: &VerdictRecord,
        claim: &BasisChanged,
        batch: Option<&Batch>,
    ) -> Result<VerdictRecord, Refusal> {
        let verdict = known.id();
        // What a crosswalk carries decides of no verdict: whoever reads a part is not shown the crosswalks for it, but that each is told once.
        let unseen = match *claim.change {
            BasisChange::Recounted(cause) if self.facts.view() == View::Part => {
                resting::recounted_up_to(known).is_some_and(|told| told < cause.entry) && cause.entry < self.place.index
            }
            _ => false,
        };
        let so = unseen || resting::due(self.facts, known, self.at()) == Some(*claim.change);
        if !so || known.terms.scheme != claim.scheme {
            return Err(Refusal::BasisNotSo { verdict: verdict.clone(), change: claim.change.as_str() });
        }
        if known.terms.profile.is_public() != claim.before.is_some() {
            return Err(Refusal::BasisMiscounted { scheme: claim.scheme.clone() });
        }
        if batch.is_some_and(|batch| known.changed_since(batch.extent.as_of)) {
            return Err(unsound(claim, "one of them changed since it was found, and belongs to a later batch"));
        }
        let effective = match *claim.change {
            BasisChange::Lapsed(lapsed) => lapsed.since,
            BasisChange::Holds(_) | BasisChange::Recounted(_) => self.at(),
        };
        let item = HistoryItem { effective, ..self.happened(Happening::BasisChanged(Arc::clone(&claim.change))) };
        known.after(item).map_err(|illegal| illegal_move(verdict, illegal))
    }

    /// The batch as it is with this statement. A restricted verdict is in none; of a batch whose beginning is out of sight nothing is known.
    fn batch(&self, claim: &BasisChanged, cascade: Option<&CascadeRecord>) -> Result<Option<Batch>, Refusal> {
        if claim.before.is_none() {
            not_empty("verdicts", claim.verdicts.is_empty())?;
            return if claim.begins.is_none() { Ok(None) } else { Err(unsound(claim, NOT_COUNTED)) };
        }
        let part = self.facts.view() == View::Part;
        let before = match (cascade.and_then(CascadeRecord::open), claim.begins) {
            // The end of the one before may be out of sight.
            (open, Some(extent)) if open.is_none() || part => {
                not_empty("verdicts", claim.verdicts.is_empty())?;
                Batch { extent, told: Extent::nothing(extent.as_of), begun: self.moment(), closed: None }
            }
            (Some(open), None) => open.clone(),
            (None, None) if part => return Ok(None),
            (None, _) => return Err(unsound(claim, "none is begun, and it does not say of how many it will tell")),
            (Some(_), _) => return Err(unsound(claim, "one is begun already, and has to be closed first")),
        };
        if before.extent.as_of > self.place.index {
            return Err(unsound(claim, "they were found in a log that is longer than this one"));
        }
        // One that nobody is told of in has to close.
        not_empty("verdicts", claim.verdicts.is_empty() && claim.total.is_none())?;
        let told = claim.verdicts.iter().fold(before.told, Extent::with);
        if told.verdicts > before.extent.verdicts {
            return Err(unsound(claim, "it tells of more than it set out to"));
        }
        Ok(Some(Batch { told, closed: claim.total.map(|_| self.moment()), ..before }))
    }

    /// The count of the public verdicts that this change has reached; a restricted one is in none.
    fn counted(
        &self,
        claim: &BasisChanged,
        known: Option<&CascadeRecord>,
        batch: Option<Batch>,
    ) -> Result<Option<Record>, Refusal> {
        let miscounted = || Refusal::BasisMiscounted { scheme: claim.scheme.clone() };
        let Some(before) = claim.before else {
            return if claim.total.is_none() { Ok(None) } else { Err(miscounted()) };
        };
        let done = before.saturating_add(claim.verdicts.len() as u64);
        let continues = known.map_or(0, |known| known.done) == before || self.facts.view() == View::Part;
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
            batch,
        }))))
    }
}

/// Why a restricted verdict begins no batch.
const NOT_COUNTED: &str = "a restricted verdict is told of alone, and counted in none";

fn unsound(claim: &BasisChanged, because: &'static str) -> Refusal {
    Refusal::BatchUnsound { scheme: claim.scheme.clone(), because }
}
