//! Erasing a statement. Its entry stays and all proofs hold; its bytes go, and with them what they said.
//!
//! Only the grant of a verdict can go, and the verdict goes with it; afterwards the statements that changed it rest on
//! nothing and can go, too. So it is with a consent and what took it back. A change alone, or anything that others rest on, stays: without it a replay would come to
//! another result.

use std::sync::Arc;

use super::case::Case;
use crate::records::{ErasureRecord, Facts, Record, Rests};
use crate::refusal::Refusal;
use crate::statement::StatementErased;

impl<F: Facts> Case<'_, F> {
    pub(super) fn statement_erased(&self, claim: &StatementErased) -> Result<Vec<Record>, Refusal> {
        self.operator_only()?;
        let index = claim.index;
        if index >= self.place.index {
            return Err(Refusal::NothingThere { index, size: self.place.index });
        }
        if self.facts.erasure(index).is_some() {
            return Err(Refusal::AlreadyErased { index });
        }
        let because = match self.facts.rests_on(index) {
            None | Some(Rests::VerdictGrant | Rests::ConsentGiven) => {
                return Ok(vec![Record::Erasure(Arc::new(ErasureRecord {
                    index,
                    reason: claim.reason.clone(),
                    moment: self.moment(),
                    approved: self.approved,
                }))]);
            }
            Some(Rests::VerdictHistory) => {
                "it changed or documents a verdict that is still there; erase the statement that granted it first"
            }
            Some(Rests::ConsentWithdrawn) => "it takes back a consent that would stand again; erase the consent first",
            Some(Rests::Foundation) => "other records rest on it",
        };
        Err(Refusal::NotErasable { index, because })
    }
}
