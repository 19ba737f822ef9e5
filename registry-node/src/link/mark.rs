//! The mark: the newest checkpoint of a peer that we verified, kept in the vault because nothing else remembers it when a
//! mirror is lost, and evidence, if the peer's log was ever forked.

use std::sync::Arc;
use std::time::{Duration, Instant};

use conformity::genesis::PeerRecord;
use federation::follow::{Contradiction, Followed, PeerFault};
use federation::messages::{CheckpointAnswer, Evidence};
use ledger::checkpoint::Checkpoint;
use ledger::merkle;
use ledger::note::NoteVerifier;

use crate::vault::Vault;

/// Shortest time between two writes: the vault syncs each, and an older mark only detects a little less.
const SAVE_INTERVAL: Duration = Duration::from_secs(1);

/// What we know of a peer's log apart from its mirror.
pub(super) struct Mark {
    vault: Arc<Vault>,
    name: String,
    evidence: String,
    log: Option<NoteVerifier>,
    note: Option<String>,
    checkpoint: Option<Checkpoint>,
    saved: Option<Instant>,
    unsaved: bool,
}

impl Mark {
    /// The mark of `peer` as of the last time it was saved.
    pub(super) fn new(vault: Arc<Vault>, peer: &PeerRecord) -> Mark {
        // A peer that was added again starts afresh: whoever added it has looked at what came before.
        let name = format!("peer/{}/{}/checkpoint", peer.registry, peer.added.index);
        let evidence = evidence_name(peer);
        let log: Option<NoteVerifier> = peer.genesis.log_key.as_str().parse().ok();
        let note = vault.value(&name).unwrap_or_else(|error| {
            tracing::error!(%error, peer = %peer.registry, "the mark of a peer cannot be read; an older state of it would go unnoticed");
            None
        });
        let note = note.and_then(|bytes| String::from_utf8(bytes).ok());
        let checkpoint = note.as_deref().zip(log.as_ref()).and_then(|(note, log)| Checkpoint::verify(note, log).ok());
        Mark { vault, name, evidence, log, note, checkpoint, saved: None, unsaved: false }
    }

    /// The largest size that we saw signed and verified.
    pub(super) fn size(&self) -> u64 {
        self.checkpoint.as_ref().map_or(0, |checkpoint| checkpoint.size)
    }

    /// The checkpoint of that size.
    pub(super) fn note(&self) -> Option<&str> {
        self.checkpoint.as_ref().and(self.note.as_deref())
    }

    /// Compares the newest checkpoint with the mark alone; gives its size and moves the mark.
    ///
    /// # Errors
    /// [`PeerFault`] as [`Followed::compare`].
    pub(super) fn compare(&mut self, answer: &CheckpointAnswer) -> Result<u64, PeerFault> {
        let log = self.log.as_ref().ok_or(PeerFault::Genesis)?;
        let newest = Checkpoint::verify(&answer.checkpoint, log).map_err(|error| PeerFault::checkpoint(&error))?;
        if let Some(known) = &self.checkpoint {
            if newest.size < known.size {
                return Err(PeerFault::Rollback { known: known.size, offered: newest.size });
            }
            let consistent = if newest.size == known.size {
                newest.root == known.root
            } else {
                merkle::verify_consistency(known.size, newest.size, &answer.proof.0, &known.root, &newest.root).is_ok()
            };
            if !consistent {
                return Err(self.fork(&answer.checkpoint));
            }
        }
        let size = newest.size;
        self.set(newest, &answer.checkpoint);
        Ok(size)
    }

    /// Moves the mark to what the mirror has verified, after checking the mirror against it.
    ///
    /// # Errors
    /// [`PeerFault::Fork`] when the mirror, pulled again, is not what it was before.
    pub(super) fn advance(&mut self, followed: &Followed) -> Result<(), PeerFault> {
        if let Some(known) = &self.checkpoint
            && known.size <= followed.size()
            && !followed.extends(known)
        {
            return Err(self.fork(followed.checkpoint().map_or("", |note| note)));
        }
        let Some(note) = followed.checkpoint().cloned() else { return Ok(()) };
        let newest = followed.signed(&note)?;
        if newest.size > self.size() {
            self.set(newest, &note);
        }
        Ok(())
    }

    /// Writes the mark down now.
    pub(super) fn save(&mut self) {
        if let (true, Some(note)) = (self.unsaved, &self.note) {
            match self.vault.put(&self.name, note.as_bytes()) {
                Ok(()) => self.unsaved = false,
                Err(error) => tracing::error!(%error, "the mark of a peer cannot be written"),
            }
        }
        self.saved = Some(Instant::now());
    }

    /// Keeps the proof of a fork.
    pub(super) fn keep_evidence(&self, contradiction: &Contradiction) {
        let evidence = Evidence { first: contradiction.held.clone(), second: contradiction.offered.clone() };
        let kept = serde_json::to_vec(&evidence).map(|bytes| self.vault.put(&self.evidence, &bytes));
        if !matches!(kept, Ok(Ok(()))) {
            tracing::error!(
                held = contradiction.held,
                offered = contradiction.offered,
                "evidence of a fork cannot be written; keep this line"
            );
        }
    }

    /// Whether there is evidence of a fork since the peer was added. Evidence that cannot be read counts, too.
    pub(super) fn is_forked(&self) -> bool {
        self.vault
            .value(&self.evidence)
            .unwrap_or_else(|error| {
                tracing::error!(%error, "evidence against a peer cannot be read; it is not followed");
                Some(Vec::new())
            })
            .is_some()
    }

    fn fork(&self, offered: &str) -> PeerFault {
        let held = self.note.clone().unwrap_or_default();
        PeerFault::Fork(Box::new(Contradiction { held, offered: offered.to_owned() }))
    }

    fn set(&mut self, checkpoint: Checkpoint, note: &str) {
        if self.note.as_deref() == Some(note) {
            return;
        }
        self.checkpoint = Some(checkpoint);
        self.note = Some(note.to_owned());
        self.unsaved = true;
        if self.saved.is_none_or(|saved| saved.elapsed() >= SAVE_INTERVAL) {
            self.save();
        }
    }
}

/// Where evidence against a peer rests, until the peer is added again.
pub(super) fn evidence_name(peer: &PeerRecord) -> String {
    format!("peer/{}/{}/evidence", peer.registry, peer.added.index)
}
