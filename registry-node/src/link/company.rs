//! What goes on beside following a peer, on the same connection: it is asked for its cosignature of our published checkpoint,
//! and told of evidence against other logs.
//!
//! Neither holds up anything else, and nothing waits for them. A slow peer is only ever asked about the newest checkpoint, one
//! question at a time; one that cannot be reached costs nothing until it can. Out of scope: being asked (`answers`).

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use conformity::genesis::PeerRecord;
use federation::bus::Link;
use federation::messages::{Cosign, CosignAnswer, Done, Proof};
use federation::subjects::Service;
use ledger::checkpoint::Checkpoint;
use ledger::note::NoteVerifier;

use super::dialogue::{Setback, ask};
use super::pursuit::PASSING;
use crate::core::registry::Registry;
use crate::witness::witness_key;

/// Waits after setbacks: shortest and longest.
const BACKOFF: (Duration, Duration) = (Duration::from_millis(250), Duration::from_secs(15));

/// Goes on as long as the link is used.
pub(super) async fn keep(registry: Arc<Registry>, peer: Arc<PeerRecord>, link: Link) -> Infallible {
    let mut company = Company { registry, peer, link, cosigned: 0 };
    let (mut published, mut evidence) =
        (company.registry.published.subscribe(), company.registry.witness.evidence.subscribe());
    let mut wait = BACKOFF.0;
    loop {
        published.mark_unchanged();
        evidence.mark_unchanged();
        if let Err(setback) = company.round().await {
            company.suffer(&setback);
            tokio::time::sleep(wait).await;
            wait = (wait * 2).min(BACKOFF.1);
            continue;
        }
        wait = BACKOFF.0;
        // Their senders live as long as the registry that is held here.
        tokio::select! {
            _ = published.changed() => {}
            _ = evidence.changed() => {}
        }
    }
}

struct Company {
    registry: Arc<Registry>,
    peer: Arc<PeerRecord>,
    link: Link,
    /// Size of ours that the peer cosigned last, as far as we know.
    cosigned: u64,
}

impl Company {
    async fn round(&mut self) -> Result<(), Setback> {
        self.tell().await?;
        self.be_cosigned().await
    }

    /// Sends evidence that the peer does not have from us, once each.
    async fn tell(&self) -> Result<(), Setback> {
        let (book, to) = (&self.registry.witness.evidence, &self.peer.registry);
        for record in book.untold(to) {
            match ask::<_, Done>(&self.link, to, Service::Evidence, &record.evidence()).await {
                Ok(Done {}) => {}
                // Its own rules refuse it: perhaps it does not know that log. Sending it again would change nothing.
                Err(Setback::Refused(refusal)) if !PASSING.contains(&refusal.code.as_str()) => {
                    tracing::warn!(peer = %to, id = record.id, %refusal, "a peer did not take evidence");
                }
                Err(setback) => return Err(setback),
            }
            book.told(&record.id, to).map_err(anyhow::Error::from)?;
        }
        Ok(())
    }

    /// Asks for the cosignature of our published checkpoint, unless there is none, or the peer gave it already.
    async fn be_cosigned(&mut self) -> Result<(), Setback> {
        let witness = witness_key(&self.peer).context("the peer's genesis names no witness key")?;
        let Some(note) = self.published().await? else { return Ok(()) };
        if self.registry.collected.has(&note, &witness) {
            return Ok(());
        }
        let size = Checkpoint::verify_published(&note, &self.registry.log.keys()).map_err(anyhow::Error::from)?.size;
        let answer = match self.submit(&note, size).await? {
            // It remembers more than we do of each other: the second question begins where it is.
            CosignAnswer::Conflict(cosigned) if cosigned <= size && cosigned != self.cosigned => {
                self.cosigned = cosigned;
                self.submit(&note, size).await?
            }
            answer => answer,
        };
        match answer {
            CosignAnswer::Cosignature(line) => {
                self.take(&note, &line, witness)?;
                self.cosigned = size;
                Ok(())
            }
            CosignAnswer::Conflict(cosigned) => {
                let text = format!("the peer cosigned size {cosigned} of our log, and {size} is published");
                Err(anyhow::anyhow!(text).into())
            }
        }
    }

    async fn submit(&self, note: &str, size: u64) -> Result<CosignAnswer, Setback> {
        let old = self.cosigned.min(size);
        let proof = if old == 0 || old == size { Ok(Vec::new()) } else { self.registry.log.consistency(old, size) };
        let proof = Proof(proof.map_err(anyhow::Error::from)?);
        let question = Cosign { old, proof, checkpoint: note.to_owned() };
        ask(&self.link, &self.peer.registry, Service::Cosign, &question).await
    }

    fn take(&self, note: &str, line: &str, witness: NoteVerifier) -> Result<(), Setback> {
        let taken = self.registry.collected.add(note, line, &[witness]).map_err(|error| {
            self.registry.metrics.peer_fault(&self.peer.registry, "bad-cosignature");
            anyhow::anyhow!("the peer gave no cosignature of its own: {error}")
        })?;
        for received in taken {
            self.registry.metrics.cosigned_by(&self.peer.registry, received.size, received.time);
        }
        Ok(())
    }

    async fn published(&self) -> Result<Option<String>, Setback> {
        let tiles = Arc::clone(&self.registry.tiles);
        let note = tokio::task::spawn_blocking(move || tiles.checkpoint()).await.map_err(anyhow::Error::from)?;
        Ok(note.map_err(anyhow::Error::from)?)
    }

    fn suffer(&self, setback: &Setback) {
        // A lost connection is told of by whoever follows on it.
        if !matches!(setback, Setback::Bus(_)) {
            self.registry.metrics.peer_fault(&self.peer.registry, "no-cosignature");
            tracing::debug!(peer = %self.peer.registry, %setback, "a peer does not cosign, or is not told of evidence");
        }
    }
}
