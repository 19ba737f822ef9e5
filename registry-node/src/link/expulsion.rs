//! Expulsions: what was made of a peer's verdicts ends with the peering, and the node says so.
//!
//! That nothing counts any more follows from the log's entry of the expulsion alone (`conformity::recognition::in_effect`).
//! These statements are for those who watch: buyers hear of each verdict, over every channel, with the reason. What is left
//! to be said is found in the records each time, so a crash between the expulsion and its statements, or between two of
//! them, repeats the search and doubles nothing. A peer that was added again is pursued once all of it is said.

use std::collections::HashMap;
use std::sync::Arc;

use conformity::genesis::PeerRecord;
use conformity::ids::{RegistryId, VerdictRef};
use conformity::recognised::{Cause, ResultList};
use conformity::recognition::{after_expulsion, rests_no_more};
use conformity::records::Facts;
use federation::hush::Hush;

use super::recognise::{PIECE, Part, Reached, state};
use crate::core::derive::DeriveError;
use crate::core::registry::Registry;

/// For each peer, the place of the expulsion about which everything is said.
#[derive(Default)]
pub(super) struct Expulsions(HashMap<RegistryId, u64>);

impl Expulsions {
    /// Whether nothing that rested on an earlier peering is left to be refused.
    pub(super) fn are_said(&self, peer: &PeerRecord) -> bool {
        peer.last_expulsion().is_none_or(|end| self.0.get(&peer.registry) == Some(&end.moment.index))
    }

    /// Says what is left to be said; whether that was all.
    pub(super) async fn say(&mut self, registry: &Registry) -> bool {
        let peers = registry.read_model.register().peers();
        let mut all = true;
        for peer in peers {
            let Some(end) = peer.last_expulsion().filter(|_| !self.are_said(&peer)) else { continue };
            if !swept(registry).await {
                all = false;
                continue;
            }
            registry.cascades.waits_abroad(&peer.registry, 1);
            match say_of(registry, &peer).await {
                Ok(()) => {
                    registry.cascades.waits_abroad(&peer.registry, 0);
                    self.0.insert(peer.registry.clone(), end.moment.index);
                }
                Err(error) => {
                    all = false;
                    failed(&peer, &error);
                }
            }
        }
        all
    }
}

/// Whether what expelled peers disclosed, and showed of restricted verdicts, is erased.
async fn swept(registry: &Registry) -> bool {
    static FAILED: Hush = Hush::new();
    let (received, restricted) = (Arc::clone(&registry.received), Arc::clone(&registry.restricted));
    let sweep = move || {
        received.sweep()?;
        Ok::<_, anyhow::Error>(restricted.sweep()?)
    };
    let swept = tokio::task::spawn_blocking(sweep).await;
    let Err(error) = swept.map_err(anyhow::Error::from).and_then(|swept| swept) else { return true };
    if let Some(times) = FAILED.heard() {
        let error = format!("{error:#}");
        tracing::error!(error, times, "what an expelled peer disclosed could not be erased; tried again");
    }
    false
}

fn failed(peer: &PeerRecord, error: &DeriveError) {
    static FAILED: Hush = Hush::new();
    if let Some(times) = FAILED.heard() {
        tracing::error!(peer = %peer.registry, %error, times, "that a peer's verdicts count no more could not be stated; tried again");
    }
}

async fn say_of(registry: &Registry, peer: &PeerRecord) -> Result<(), DeriveError> {
    let mut last = None;
    while let Some(piece) = piece_after(registry, peer, last.as_ref())? {
        for list in piece.lists {
            state(registry, peer, &Reached::default(), list, (&Cause::Expulsion, Part::Last)).await?;
        }
        last = Some(piece.last);
    }
    Ok(())
}

/// Some recognitions, those of other peers among them, and what is to be said of them.
struct Piece {
    lists: Vec<ResultList>,
    last: VerdictRef,
}

/// Looks at the recognitions behind `last`; nothing behind the end.
fn piece_after(
    registry: &Registry,
    peer: &PeerRecord,
    last: Option<&VerdictRef>,
) -> Result<Option<Piece>, DeriveError> {
    let records: Vec<_> = {
        let register = registry.read_model.register();
        register.recognitions_after(last).take(PIECE).map(Arc::clone).collect()
    };
    let Some(last) = records.last().map(|record| record.recognition.verdict.clone()) else { return Ok(None) };
    let mut lists = vec![ResultList::default()];
    for record in records.iter().filter(|record| record.recognition.verdict.registry == peer.registry) {
        let Some(end) = rests_no_more(record, peer) else { continue };
        let row = after_expulsion(&record.recognition, end);
        let unwritten = |error: serde_json::Error| DeriveError::Sign(error.to_string());
        let fits = lists.last_mut().map_or(Ok(false), |list| list.push(&row)).map_err(unwritten)?;
        if !fits {
            let mut list = ResultList::default();
            list.push(&row).map_err(unwritten)?;
            lists.push(list);
        }
    }
    Ok(Some(Piece { lists, last }))
}
