//! From a followed range, or a changed arrangement, to one recognition statement in our own log.
//!
//! The answer for each verdict is `conformity::recognition`'s; here only what differs from the answer in force is stated,
//! so that a log grows with what changed and with nothing else.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use bytes::Bytes;
use conformity::arrangement::ArrangementRecord;
use conformity::digest::Digest;
use conformity::genesis::PeerRecord;
use conformity::ids::{VerdictId, VerdictRef};
use conformity::in_force::Pair;
use conformity::recognised::{Cause, Recognition, RecognitionDerived, RecognitionRecord, Results, write_results};
use conformity::recognition::{Foreign, Reassessment, Unseen, reassess};
use conformity::records::Facts;
use conformity::statement::Claim;
use federation::follow::Followed;
use jiff::Timestamp;

use crate::core::derive::{DeriveError, statement_id};
use crate::core::registry::Registry;

/// Verdicts assessed at once, and so rows in one statement: their list stays far below the limit of an attachment.
pub(super) const MAX_ROWS: usize = 2_000;

/// What was found out about verdicts of a peer.
#[derive(Default)]
pub(super) struct Assessment {
    /// Answers that differ from those in force.
    pub(super) rows: Vec<Recognition>,
    /// When time alone may change an answer.
    pub(super) due: BTreeMap<Timestamp, BTreeSet<VerdictId>>,
}

/// How far a peer's log is verified.
pub(super) struct Reached {
    /// Entries.
    pub(super) size: u64,
    /// The checkpoint that covers them.
    pub(super) checkpoint: Option<Arc<str>>,
}

/// Derives the answers for `verdicts` again. `all_shown`: the mirror is as far as it ever was, so what is not in it is not
/// shown any more. Before that, what is in it may have been overtaken, and only what follows from our own log counts.
pub(super) fn assess(
    registry: &Registry,
    followed: &Followed,
    peer: &PeerRecord,
    arrangements: &[Arc<ArrangementRecord>],
    verdicts: &BTreeSet<VerdictId>,
    all_shown: bool,
) -> Assessment {
    let at = registry.now();
    let pair = Pair { from: &peer.registry, to: &registry.config.registry.id };
    let mut assessment = Assessment::default();
    for id in verdicts {
        let reference = VerdictRef { registry: peer.registry.clone(), id: id.clone() };
        let existing = registry.read_model.register().recognition(&reference);
        let seen = followed.register().verdict(id).filter(|_| all_shown);
        let answer = match (&seen, &existing) {
            (Some(verdict), existing) => {
                let scheme = followed.register().scheme(&verdict.terms.scheme);
                let scheme = scheme.as_ref().map(|record| &*record.scheme);
                let foreign = Foreign { verdict, origin: pair.from, own: pair.to, scheme, arrangements, at };
                reassess(existing.as_deref(), &foreign)
            }
            (None, Some(existing)) => {
                Unseen { existing: &existing.recognition, pair, arrangements, at, all_shown }.reassess()
            }
            (None, None) => continue,
        };
        assessment.add(id, existing.as_deref(), answer);
    }
    assessment
}

impl Assessment {
    fn add(&mut self, id: &VerdictId, existing: Option<&RecognitionRecord>, answer: Reassessment) {
        if let Some(due) = answer.due {
            self.due.entry(due).or_default().insert(id.clone());
        }
        if existing.is_none_or(|existing| *existing.recognition != answer.recognition) {
            self.rows.push(answer.recognition);
        }
    }
}

/// States the rows; nothing when there are none. `cause` counts where the log was followed as far before.
///
/// # Errors
/// [`DeriveError`]: nothing was stated; it is when they are assessed again.
pub(super) async fn state(
    registry: &Registry,
    peer: &PeerRecord,
    verified: &Reached,
    rows: &[Recognition],
    cause: &Cause,
) -> Result<(), DeriveError> {
    if rows.is_empty() {
        return Ok(());
    }
    let (to, cause) = match cause {
        Cause::Range if verified.size > peer.followed => (verified.size, Cause::Range),
        // A range that was followed before cannot be the cause again: then it was time that passed.
        Cause::Range => (peer.followed, Cause::Time),
        other => (peer.followed, other.clone()),
    };
    let list = write_results(rows).map_err(|error| DeriveError::Sign(error.to_string()))?;
    let claim = RecognitionDerived {
        origin: peer.origin.clone(),
        registry: peer.registry.clone(),
        from: peer.followed,
        to,
        checkpoint: verified.checkpoint.as_ref().map(ToString::to_string).unwrap_or_default(),
        cause,
        results: Results { digest: Digest::of(&list), count: u32::try_from(rows.len()).unwrap_or(u32::MAX) },
    };
    let id = statement_id("recognition")?;
    registry.deriver.state(id, Claim::RecognitionDerived(claim), vec![Bytes::from(list)]).await.map(drop)
}
