//! The mark: the newest checkpoint of a peer that we verified, kept in the vault because nothing else remembers it when a
//! mirror is lost. Held against it, and the other way round: what we cosigned of that log, which was submitted to us apart.

use std::sync::Arc;
use std::time::{Duration, Instant};

use conformity::genesis::PeerRecord;
use federation::follow::{Contradiction, Followed, PeerFault};
use federation::messages::CheckpointAnswer;
use ledger::checkpoint::Checkpoint;
use ledger::log_keys::LogKeys;
use ledger::merkle;

use crate::vault::Vault;
use crate::witness::{Newest, Seen, Witness};

/// Shortest time between two writes: the vault syncs each, and an older mark only detects a little less.
const SAVE_INTERVAL: Duration = Duration::from_secs(1);

/// What we know of a peer's log apart from its mirror.
pub(super) struct Mark {
    vault: Arc<Vault>,
    witness: Arc<Witness>,
    peer: Arc<PeerRecord>,
    name: String,
    seen: Option<Seen>,
    /// Size of the checkpoint that we cosigned and that was found to belong to the log that we follow.
    joined: u64,
    saved: Option<Instant>,
    unsaved: bool,
}

impl Mark {
    /// The mark of `peer` as of the last time it was saved.
    pub(super) fn new(vault: Arc<Vault>, witness: Arc<Witness>, peer: Arc<PeerRecord>) -> Mark {
        // A peer that was added again starts afresh: whoever added it has looked at what came before.
        let name = format!("peer/{}/{}/checkpoint", peer.registry, peer.added.index);
        let log = witness.keys.of(&peer);
        let note = vault.value(&name).unwrap_or_else(|error| {
            tracing::error!(%error, peer = %peer.registry, "the mark of a peer cannot be read; an older state of it would go unnoticed");
            None
        });
        let note = note.and_then(|bytes| String::from_utf8(bytes).ok());
        let seen = note
            .zip(log.as_ref())
            .and_then(|(note, log)| Some(Seen { checkpoint: Checkpoint::verify(&note, log).ok()?, note }));
        if let Some(seen) = &seen {
            witness.saw(&peer.registry, seen.clone());
        }
        Mark { vault, witness, peer, name, seen, joined: 0, saved: None, unsaved: false }
    }

    /// The largest size that we saw signed and verified.
    pub(super) fn size(&self) -> u64 {
        self.seen.as_ref().map_or(0, |seen| seen.checkpoint.size)
    }

    /// The keys of the peer's log, as far as they are known.
    ///
    /// # Errors
    /// [`PeerFault::Genesis`] when its genesis names none.
    pub(super) fn log_keys(&self) -> Result<LogKeys, PeerFault> {
        self.witness.keys.of(&self.peer).ok_or(PeerFault::Genesis)
    }

    /// The checkpoint of that size.
    pub(super) fn note(&self) -> Option<&str> {
        self.seen.as_ref().map(|seen| seen.note.as_str())
    }

    /// The sizes from which the peer has to prove its newest checkpoint: the one seen, and the one that we cosigned, until it
    /// was found to be of the same log.
    pub(super) fn to_compare(&self) -> Vec<u64> {
        let cosigned = self.apart().map(|newest| newest.checkpoint.size);
        std::iter::once(self.size()).chain(cosigned.filter(|size| *size != self.size())).collect()
    }

    /// What we cosigned in this peering and did not hold against the log yet.
    fn apart(&self) -> Option<Newest> {
        let newest = self.witness.newest(self.peer.origin.as_str()).ok().flatten()?;
        (newest.added == self.peer.added.index && newest.checkpoint.size > self.joined).then_some(newest)
    }

    /// Compares the newest checkpoint, with its proof from `held`, with the mark and what we cosigned; gives its size and
    /// moves the mark. `known` is the largest size that we knew when we asked: what was cosigned since may be newer than the answer.
    ///
    /// # Errors
    /// [`PeerFault`] as [`Followed::compare`].
    pub(super) fn compare(&mut self, held: u64, known: u64, answer: &CheckpointAnswer) -> Result<u64, PeerFault> {
        let newest =
            Checkpoint::verify(&answer.checkpoint, &self.log_keys()?).map_err(|error| PeerFault::checkpoint(&error))?;
        let apart = self.apart().filter(|cosigned| cosigned.checkpoint.size <= known);
        let continues_seen = match &self.seen {
            Some(seen) => continues(&seen.checkpoint, &seen.note, held, &newest, answer)?,
            None => true,
        };
        let continues_cosigned = match &apart {
            Some(cosigned) => continues(&cosigned.checkpoint, &cosigned.note, held, &newest, answer)?,
            None => false,
        };
        let size = newest.size;
        if continues_seen {
            if continues_cosigned {
                self.joined = apart.map_or(self.joined, |cosigned| cosigned.checkpoint.size);
            }
            self.set(newest, &answer.checkpoint);
        }
        Ok(size)
    }

    /// Moves the mark to what the mirror has verified, after checking the mirror against it.
    ///
    /// # Errors
    /// [`PeerFault::Fork`] when the mirror, pulled again, is not what it was before.
    pub(super) fn advance(&mut self, followed: &Followed) -> Result<(), PeerFault> {
        if let Some(seen) = &self.seen {
            agree(followed, &seen.checkpoint, &seen.note)?;
        }
        self.join(followed)?;
        let Some(note) = followed.checkpoint().cloned() else { return Ok(()) };
        let newest = followed.signed(&note)?;
        if newest.size > self.size() {
            self.set(newest, &note);
        }
        Ok(())
    }

    /// Holds what we cosigned against the mirror, as far as that goes.
    ///
    /// # Errors
    /// [`PeerFault::Fork`] when we were shown one log and had another cosigned.
    pub(super) fn join(&mut self, followed: &Followed) -> Result<(), PeerFault> {
        if let Some(cosigned) = self.apart()
            && agree(followed, &cosigned.checkpoint, &cosigned.note)?
        {
            self.joined = cosigned.checkpoint.size;
        }
        Ok(())
    }

    /// Writes the mark down now.
    pub(super) fn save(&mut self) {
        if let (true, Some(seen)) = (self.unsaved, &self.seen) {
            match self.vault.put(&self.name, seen.note.as_bytes()) {
                Ok(()) => self.unsaved = false,
                Err(error) => tracing::error!(%error, "the mark of a peer cannot be written"),
            }
        }
        self.saved = Some(Instant::now());
    }

    fn set(&mut self, checkpoint: Checkpoint, note: &str) {
        if self.note() == Some(note) {
            return;
        }
        let seen = Seen { checkpoint, note: note.to_owned() };
        self.witness.saw(&self.peer.registry, seen.clone());
        self.seen = Some(seen);
        self.unsaved = true;
        if self.saved.is_none_or(|saved| saved.elapsed() >= SAVE_INTERVAL) {
            self.save();
        }
    }
}

/// Whether the newest checkpoint continues a known one, as far as the answer, with its proof from `held`, can tell.
fn continues(
    known: &Checkpoint,
    note: &str,
    held: u64,
    newest: &Checkpoint,
    answer: &CheckpointAnswer,
) -> Result<bool, PeerFault> {
    if newest.size < known.size {
        return Err(PeerFault::Rollback { known: known.size, offered: newest.size });
    }
    let consistent = if newest.size == known.size {
        newest.root == known.root
    } else if known.size == held {
        merkle::verify_consistency(known.size, newest.size, &answer.proof.0, &known.root, &newest.root).is_ok()
    } else {
        return Ok(false);
    };
    if consistent { Ok(true) } else { Err(fork(note, &answer.checkpoint)) }
}

/// Whether the mirror reaches a known checkpoint; then it must begin with it.
fn agree(followed: &Followed, known: &Checkpoint, note: &str) -> Result<bool, PeerFault> {
    if known.size > followed.size() {
        return Ok(false);
    }
    if followed.extends(known) {
        return Ok(true);
    }
    let mirrored = followed.checkpoint().map_or("", |note| note);
    Err(PeerFault::Fork(Box::new(followed.contradiction(note, mirrored))))
}

fn fork(held: &str, offered: &str) -> PeerFault {
    let (held, offered) = (held.to_owned(), offered.to_owned());
    PeerFault::Fork(Box::new(Contradiction { held, offered, inconsistency: None }))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use federation::messages::Proof;
    use jiff::Timestamp;

    use super::*;
    use crate::witness::tests::Stage;

    /// Nothing was cosigned between question and answer.
    const NOW: u64 = u64::MAX;

    /// What the log answers to whoever holds so much.
    fn answer(stage: &Stage, branch: usize, held: u64, size: u64) -> CheckpointAnswer {
        let proof = if (1..size).contains(&held) {
            stage.trees[branch].consistency_proof(held, size).unwrap()
        } else {
            Vec::new()
        };
        CheckpointAnswer { checkpoint: stage.note(branch, size), proof: Proof(proof) }
    }

    fn begun(stage: &Stage) -> (Arc<Witness>, Mark) {
        let vault = stage.vault();
        let witness = Arc::new(stage.witness_of(Arc::clone(&vault)));
        let mark = Mark::new(vault, Arc::clone(&witness), Arc::new(stage.peer.clone()));
        (witness, mark)
    }

    /// One history to be followed, another to be cosigned, and never the same size in both.
    #[test]
    fn a_log_that_is_cosigned_must_be_the_one_that_is_followed() {
        let stage = Stage::new();
        let (witness, mut mark) = begun(&stage);
        assert_eq!(mark.to_compare(), [0]);
        mark.compare(0, NOW, &answer(&stage, 0, 0, 6)).unwrap();
        witness
            .cosign(&stage.peer, &stage.request(1, 0, 7), Timestamp::UNIX_EPOCH + jiff::Span::new().seconds(9))
            .unwrap();
        assert_eq!(mark.to_compare(), [6, 7], "the cosigned one is held against it, too");
        mark.compare(6, NOW, &answer(&stage, 0, 6, 9)).unwrap();
        assert_eq!(mark.compare(7, NOW, &answer(&stage, 0, 7, 9)).unwrap_err().code(), "fork");
    }

    #[test]
    fn a_cosigned_checkpoint_of_the_same_log_is_asked_about_once() {
        let stage = Stage::new();
        let (witness, mut mark) = begun(&stage);
        mark.compare(0, NOW, &answer(&stage, 0, 0, 6)).unwrap();
        witness
            .cosign(&stage.peer, &stage.request(0, 0, 7), Timestamp::UNIX_EPOCH + jiff::Span::new().seconds(9))
            .unwrap();
        mark.compare(6, NOW, &answer(&stage, 0, 6, 9)).unwrap();
        // It grew between the two questions: the second proves nothing about what was seen, and is asked again.
        mark.compare(7, NOW, &answer(&stage, 0, 7, 10)).unwrap();
        assert_eq!((mark.size(), mark.to_compare()), (9, vec![9, 7]));
        mark.compare(9, NOW, &answer(&stage, 0, 9, 10)).unwrap();
        mark.compare(7, NOW, &answer(&stage, 0, 7, 10)).unwrap();
        assert_eq!(mark.to_compare(), [10]);
        assert_eq!(mark.compare(10, NOW, &answer(&stage, 0, 10, 8)).unwrap_err().code(), "rollback");
    }
    #[test]
    fn what_is_cosigned_while_an_answer_is_under_way_takes_nothing_back() {
        let stage = Stage::new();
        let (witness, mut mark) = begun(&stage);
        mark.compare(0, NOW, &answer(&stage, 0, 0, 6)).unwrap();
        let older = answer(&stage, 0, 6, 6);
        witness
            .cosign(&stage.peer, &stage.request(0, 0, 7), Timestamp::UNIX_EPOCH + jiff::Span::new().seconds(9))
            .unwrap();
        assert_eq!(mark.compare(6, 6, &older).unwrap(), 6, "answered before the seventh entry was there");
        assert_eq!(mark.compare(6, 7, &older).unwrap_err().code(), "rollback", "answered after it");
    }
}
