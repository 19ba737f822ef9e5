//! That a list says of an authority that it took a verdict as evidence for a decision of its own.
//!
//! The operator transcribes it, like the verdict itself, and both name their row. It gives and takes nothing: no state, no
//! mark, no level, no day of the verdict moves, here or where the log is followed. Out of scope: what arrangements make of
//! a verdict, which may also be "accepted as evidence"; that is this registry's own answer, see [`crate::recognition`].

use std::sync::Arc;

use super::case::{Case, in_order};
use super::verdict_change::not_yours;
use super::verdict_change::{illegal_move, room_left};
use crate::records::{Facts, Record};
use crate::refusal::Refusal;
use crate::verdict::{Acceptance, Happening, VerdictRecord};

/// How many acceptances of one verdict are kept: half of what a history takes, so that the verdict itself can go on
/// changing. The most reused authorization of the FedRAMP marketplace has some hundred.
pub const MAX_ACCEPTANCES: usize = 500;

impl<F: Facts> Case<'_, F> {
    pub(super) fn evidence_accepted(&self, acceptance: &Arc<Acceptance>) -> Result<Vec<Record>, Refusal> {
        self.operator_only()?;
        let known = self.verdict(&acceptance.verdict)?;
        if !known.terms.provenance.is_transcribed() {
            return Err(not_yours(&known));
        }
        self.told_in_order(acceptance)?;
        unstated(&known, acceptance)?;
        room_left(&known)?;
        let accepted = known.after(self.happened(Happening::AcceptedAsEvidence(Arc::clone(acceptance))));
        let accepted = accepted.map_err(|illegal| illegal_move(&acceptance.verdict, illegal))?;
        Ok(vec![Record::Verdict(Arc::new(accepted))])
    }

    /// A list tells what has happened, and is read before it is transcribed. An authority may have decided before the
    /// verdict's own first day: lists say so, and it is theirs to say.
    fn told_in_order(&self, acceptance: &Acceptance) -> Result<(), Refusal> {
        let retrieved = acceptance.transcribed.retrieved;
        in_order("retrieval", retrieved, self.today())?;
        in_order("acceptance", acceptance.from, retrieved)?;
        match acceptance.until {
            Some(until) => in_order("acceptance", acceptance.from, until),
            None => Ok(()),
        }
    }
}

fn unstated(known: &VerdictRecord, acceptance: &Acceptance) -> Result<(), Refusal> {
    let mut stated = 0;
    for (_, earlier) in known.acceptances() {
        if earlier.acceptance == acceptance.acceptance {
            let verdict = known.id().clone();
            return Err(Refusal::AcceptanceExists { verdict, acceptance: acceptance.acceptance.clone() });
        }
        stated += 1;
    }
    if stated < MAX_ACCEPTANCES {
        return Ok(());
    }
    Err(Refusal::TooMany { what: "acceptances of a verdict", max: MAX_ACCEPTANCES })
}
