//! What becomes of recognitions when the peer that issued the verdicts is expelled: from that entry of our log on, none of
//! them counts.
//!
//! The node states it, row by row, so that everybody who watches hears of it. That takes a moment, and a crash may come
//! between; but nobody has to wait for it: a recognition that our log records before the newest expulsion of its peer is
//! read as refused, whether the node has said so yet or not. A peer that is added again is looked at afresh: what it
//! shows is recognised by new rows, and nothing that rested on the peering before comes back by itself.

use std::sync::Arc;

use super::gap::{GapKind, PEER_EXPELLED};
use super::unseen::refused;
use crate::genesis::{Expulsion, PeerRecord};
use crate::recognised::{Recognition, RecognitionOutcome, RecognitionRecord};

/// What is made of a verdict once its issuing registry was expelled.
pub fn after_expulsion(existing: &Recognition, expulsion: &Expulsion) -> Recognition {
    let gap = GapKind::PeerExpelled {
        registry: existing.verdict.registry.clone(),
        since: expulsion.moment.at,
        reason: expulsion.reason.clone(),
    };
    refused(existing, &gap)
}

/// The expulsion by which a recognition ended, where the node has not said so yet.
pub fn rests_no_more<'a>(record: &RecognitionRecord, peer: &'a PeerRecord) -> Option<&'a Expulsion> {
    peer.last_expulsion().filter(|end| record.since.index < end.moment.index)
}

/// A recognition as it is to be read: as recorded, or refused since its peer was expelled.
pub fn in_effect(record: Arc<RecognitionRecord>, peer: Option<&PeerRecord>) -> Arc<RecognitionRecord> {
    match peer.and_then(|peer| rests_no_more(&record, peer)) {
        Some(end) => Arc::new(RecognitionRecord {
            entries: record.entries.clone(),
            recognition: Arc::new(after_expulsion(&record.recognition, end)),
            since: end.moment,
            position: 0,
        }),
        None => record,
    }
}

/// Whether a row refuses because the peer was expelled.
pub(crate) fn ends_by(recognition: &Recognition) -> bool {
    recognition.outcome == RecognitionOutcome::Refused
        && recognition.gaps.iter().any(|gap| gap.code.as_str() == PEER_EXPELLED)
}
