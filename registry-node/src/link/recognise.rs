//! From a followed range, a changed arrangement or an expulsion to a recognition statement in our own log.
//!
//! The answer for each verdict is `conformity::recognition`'s; here only what differs from the answer in force is stated,
//! so that a log grows with what changed and with nothing else. Out of scope: what is looked at, and when.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use bytes::Bytes;
use conformity::arrangement::ArrangementRecord;
use conformity::genesis::PeerRecord;
use conformity::ids::{VerdictId, VerdictRef};
use conformity::in_force::Pair;
use conformity::recognised::{Cause, Recognition, RecognitionDerived, RecognitionRecord, ResultList};
use conformity::recognition::{Foreign, Reassessment, Unseen, is_less, reassess};
use conformity::records::Facts;
use conformity::resting::Resting;
use conformity::statement::Claim;
use conformity::verdict::VerdictRecord;
use federation::follow::Followed;
use jiff::Timestamp;

use super::pursuit::Asking;
use crate::core::derive::{DeriveError, statement_id};
use crate::core::registry::Registry;

/// Verdicts assessed at once: others want their turn.
pub(super) const PIECE: usize = 2_000;

/// Of which verdicts the answers are meant. An id that was erased may have been granted again, as a restricted verdict or an open
/// one: the two are two matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Those of which everyone may know: stated in our log.
    Open,
    /// Restricted ones: recorded apart.
    Apart,
}

/// What was found out about verdicts of a peer.
#[derive(Default)]
pub(super) struct Assessment {
    /// Answers that differ from those in force.
    pub(super) rows: Vec<Recognition>,
    /// Of which of them the answer is less than the one in force.
    pub(super) less: BTreeSet<VerdictId>,
    /// When time alone may change an answer.
    pub(super) due: BTreeMap<Timestamp, BTreeSet<VerdictId>>,
}

/// How far a peer's log is verified.
#[derive(Default)]
pub(super) struct Reached {
    /// Entries.
    pub(super) size: u64,
    /// The checkpoint that covers them.
    pub(super) checkpoint: Option<Arc<str>>,
}

/// What is known of a peer, apart from its log.
#[derive(Clone, Copy)]
pub(super) struct Known<'a> {
    /// The peer.
    pub(super) peer: &'a PeerRecord,
    /// The arrangements with it.
    pub(super) arrangements: &'a [Arc<ArrangementRecord>],
    /// What it disclosed.
    pub(super) asking: &'a Asking,
}

/// Derives the answers for `verdicts` again, as far as they are of the kind. `all_shown`: the mirror is as far as it ever was, so what
/// is not in it is not shown any more. Before that, what is in it may have been overtaken, and only what follows from our own log counts.
pub(super) fn assess(
    registry: &Registry,
    followed: &Followed,
    known: Known<'_>,
    (verdicts, kind): (&BTreeSet<VerdictId>, Kind),
    all_shown: bool,
) -> Assessment {
    let (at, Known { peer, arrangements, asking }) = (registry.now(), known);
    let pair = Pair { from: &peer.registry, to: &registry.config.registry.id };
    let answer = |seen: Option<&VerdictRecord>, existing: Option<&RecognitionRecord>| match (seen, existing) {
        (Some(verdict), existing) => {
            let scheme = followed.register().scheme(&verdict.terms.scheme);
            let scheme = scheme.as_ref().map(|record| &*record.scheme);
            let disclosed = asking.levels(followed, verdict);
            let (origin, own) = (pair.from, pair.to);
            let resting = Resting::of(followed.register(), verdict, at);
            let foreign = Foreign { verdict, origin, own, scheme, arrangements, disclosed, resting, at };
            Some(reassess(existing, &foreign))
        }
        (None, Some(existing)) => {
            Some(Unseen { existing: &existing.recognition, pair, arrangements, at, all_shown }.reassess())
        }
        (None, None) => None,
    };
    let mut assessment = Assessment::default();
    for id in verdicts {
        let reference = VerdictRef { registry: peer.registry.clone(), id: id.clone() };
        let seen = followed.register().verdict(id).filter(|_| all_shown);
        let seen = seen.filter(|verdict| verdict.terms.profile.is_public() == (kind == Kind::Open));
        let existing = match kind {
            Kind::Open => registry.read_model.register().recognition(&reference),
            Kind::Apart => registry.restricted.made().recognition(&reference),
        };
        if let Some(answer) = answer(seen.as_deref(), existing.as_deref()) {
            let scheme = seen.as_ref().and_then(|seen| followed.register().scheme(&seen.terms.scheme));
            let scheme = scheme.as_ref().map(|record| &*record.scheme);
            let row = assessment.differs(id, existing.as_deref(), answer);
            let less = |row: &Recognition| existing.as_ref().is_some_and(|one| is_less(row, &one.recognition, scheme));
            assessment.less.extend(row.iter().filter(|row| less(row)).map(|_| id.clone()));
            assessment.rows.extend(row);
        }
    }
    assessment
}

impl Assessment {
    /// The answer where it differs from the one in force.
    fn differs(
        &mut self,
        id: &VerdictId,
        existing: Option<&RecognitionRecord>,
        answer: Reassessment,
    ) -> Option<Recognition> {
        if let Some(due) = answer.due {
            self.due.entry(due).or_default().insert(id.clone());
        }
        let differs = existing.is_none_or(|existing| *existing.recognition != answer.recognition);
        differs.then_some(answer.recognition)
    }
}

/// Whether all that is verified of the log is assessed with a statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    /// More of it follows in another statement: the rows do not fit into one list, or not all may be looked at yet.
    Middle,
    /// Nothing is left.
    Last,
}

/// States the rows; nothing when there are none. The statement says how far the log is verified by which they were found:
/// until a mirror is that far again, nothing may be assessed by it.
///
/// # Errors
/// [`DeriveError`]: nothing was stated; it is when they are assessed again.
pub(super) async fn state(
    registry: &Registry,
    peer: &PeerRecord,
    verified: &Reached,
    list: ResultList,
    (cause, part): (&Cause, Part),
) -> Result<(), DeriveError> {
    if list.is_empty() {
        return Ok(());
    }
    let grown = verified.size > peer.followed;
    let cause = match cause {
        // A range that was followed before cannot be the cause again: then it was time that passed.
        Cause::Range if !grown => Cause::Time,
        other => other.clone(),
    };
    let looks_on = matches!(cause, Cause::Range | Cause::Arrangement { .. });
    let to = if grown && looks_on && part == Part::Last { verified.size } else { peer.followed };
    let claim = RecognitionDerived {
        origin: peer.origin.clone(),
        registry: peer.registry.clone(),
        from: peer.followed,
        to,
        checkpoint: verified.checkpoint.as_ref().map(ToString::to_string).unwrap_or_default(),
        cause,
        results: list.results(),
    };
    let id = statement_id("recognition")?;
    let list = Bytes::from(list.into_bytes());
    registry.deriver.state(id, Claim::RecognitionDerived(claim), vec![list]).await.map(drop)
}
