//! Recognition 相互承認: what this registry makes of another's verdict, by which rule of which arrangement, and why not more.
//!
//! In scope: deriving a recognition from a foreign verdict, the arrangements and a time, and deriving it again when one of
//! them changed. Out of scope: when an arrangement is in force, see [`crate::in_force`]; how recognitions are recorded,
//! see [`crate::recognised`]; following the other registry's log.
//!
//! Never transitive. What is recognised is a [`VerdictRecord`]: a verdict that the other registry's own log grants,
//! decided by its bodies or transcribed by its operator. That a third registry recognises something is no such record and
//! has no place here.
//!
//! How the answer is found:
//!
//! 1. Every arrangement that names both registries is looked at, in force or not, and every rule of it in the direction
//!    from the issuing to the recognising registry. Each gives a candidate: what it would grant, and its gaps.
//! 2. The verdict's own gaps (its state, its dates) belong to every candidate: whatever is suspended,
//!    withdrawn or expired where it was granted is refused here.
//! 3. The best candidate is the answer. In this order: the better outcome; when refused, the one that came nearest (see
//!    [`GapKind`]), then with fewer gaps that refuse; a simplified procedure before mere evidence; more viewpoints; the
//!    higher level, where the verdict shows it; fewer gaps; then the arrangement's id, the higher version, the rule's id. The order in which
//!    arrangements are given is never asked for. `docs/spec/arrangement.md` says the same.
//!
//! A refused verdict keeps its recognition, with the gap: when the gap closes, so does the refusal.

mod acceptance;
mod candidate;
mod conditions;
mod disclosed;
mod expelled;
#[cfg(test)]
pub(crate) mod fixture;
mod gap;
mod lapse;
mod lesser;
mod levels;
#[cfg(test)]
mod tests;
mod unseen;
mod wording;

use std::sync::Arc;

use jiff::Timestamp;

use crate::arrangement::ArrangementRecord;
use crate::ids::{RegistryId, VerdictRef};
use crate::in_force::{self, Pair};
use crate::lapsed::Lapsed;
use crate::recognised::{Recognition, RecognitionRecord};
use crate::resting::Resting;
use crate::scheme::Scheme;
use crate::time::Day;
use crate::verdict::VerdictRecord;
use crate::viewpoint::{Viewpoint, Viewpoints};

use candidate::{Candidate, Claim};

pub(crate) use crate::words::text;
pub use acceptance::{Acceptance, Relation, acceptance};
pub use disclosed::{DisclosedLevels, crosses, rests, stays, travels};
pub(crate) use expelled::ends_by;
pub use expelled::{after_expulsion, in_effect, rests_no_more};
pub use gap::{GapKind, Weight};
pub use lesser::is_less;
pub use unseen::Unseen;
pub use wording::told;

/// A foreign verdict and everything that decides what is made of it.
#[derive(Debug, Clone, Copy)]
pub struct Foreign<'a> {
    /// The verdict as the issuing registry's log has it now: all of it that this registry has followed. Its sequencing
    /// times are those of the other log's clock and are not compared with `at`.
    pub verdict: &'a VerdictRecord,
    /// The registry whose log grants it.
    pub origin: &'a RegistryId,
    /// The registry that recognises.
    pub own: &'a RegistryId,
    /// Its scheme as the issuing registry published it; levels are compared in its order. Without it a level meets itself
    /// only.
    pub scheme: Option<&'a Scheme>,
    /// The arrangements that the recognising registry knows, in any order.
    pub arrangements: &'a [Arc<ArrangementRecord>],
    /// Levels that the verdict does not show and the issuing registry disclosed to this one.
    pub disclosed: Option<&'a DisclosedLevels>,
    /// What the records of the issuing registry give of that on which the verdict rests, by our time: that it states nothing of a lapse
    /// keeps nothing in force.
    pub resting: Resting,
    /// When, by the recognising registry's log.
    pub at: Timestamp,
}

/// A recognition that was derived again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reassessment {
    /// What this registry makes of the verdict now.
    pub recognition: Recognition,
    /// The first instant after that at which time alone may change the answer: derive it again then.
    pub due: Option<Timestamp>,
}

/// What `own` makes of a verdict that it meets for the first time.
///
/// A restricted verdict is refused by every rule that does not include such verdicts. What is made of one names the supplier,
/// and is for those alone who may know of it.
pub fn recognise(foreign: &Foreign<'_>) -> Recognition {
    best(foreign, None).into_recognition(foreign)
}

/// What `own` makes of a verdict, given what it made of it before. A recognition that rests on an arrangement which lapsed
/// is kept, kept for a while or ceases, as the rule says; what was added to the verdict since does not count.
pub fn reassess(existing: Option<&RecognitionRecord>, foreign: &Foreign<'_>) -> Reassessment {
    let window = existing.and_then(|record| lapse::window(&record.recognition, foreign));
    Reassessment {
        recognition: best(foreign, existing.map(|record| &*record.recognition)).into_recognition(foreign),
        due: next_change(foreign).into_iter().chain(window.filter(|end| *end > foreign.at)).min(),
    }
}

/// The viewpoints of a verdict that count here.
pub fn covered(recognition: &Recognition) -> Viewpoints {
    let lacking = |viewpoint: &Viewpoint| {
        let code = GapKind::ViewpointNotCovered(*viewpoint).code();
        recognition.gaps.iter().any(|gap| gap.code.as_str() == code)
    };
    recognition.viewpoints.iter().filter(|viewpoint| !lacking(viewpoint)).collect()
}

impl<'a> Foreign<'a> {
    fn pair(&self) -> Pair<'a> {
        Pair { from: self.origin, to: self.own }
    }

    /// What lapsed of that on which the verdict rests, by what was stated and by what follows anyway.
    fn lapsed(&self) -> Option<Lapsed> {
        self.resting.beside(self.verdict.now.lapsed.as_deref())
    }

    fn verdict_ref(&self) -> VerdictRef {
        VerdictRef { registry: self.origin.clone(), id: self.verdict.id().clone() }
    }
}

fn best<'a>(foreign: &Foreign<'a>, existing: Option<&'a Recognition>) -> Candidate<'a> {
    let claim = Claim::of(foreign);
    let fresh = foreign.arrangements.iter().flat_map(|record| candidate::of_arrangement(foreign, &claim, record));
    let kept = existing.and_then(|recognition| lapse::kept(recognition, foreign));
    fresh
        .chain(kept)
        .min_by_key(Candidate::rank)
        .unwrap_or_else(|| Candidate::without_arrangement(foreign, claim.clone()))
}

/// The first instant after `foreign.at` at which the dates of the verdict, of its surveillance or of an arrangement may change the
/// answer.
fn next_change(foreign: &Foreign<'_>) -> Option<Timestamp> {
    let days = [Some(foreign.verdict.terms.valid_from.start()), foreign.verdict.now.valid_until.map(Day::end)];
    let arrangements =
        foreign.arrangements.iter().filter_map(|record| in_force::next_change(record, foreign.pair(), foreign.at));
    let conditions = conditions::due(foreign);
    let window = foreign.lapsed().and_then(|lapsed| lapsed.window());
    let instants =
        days.into_iter().flatten().chain(window).chain(foreign.resting.next).chain(arrangements).chain(conditions);
    instants.filter(|instant| *instant > foreign.at).min()
}
