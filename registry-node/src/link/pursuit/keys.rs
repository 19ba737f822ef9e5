//! From one log key of a peer, one root of its certificate authority, and one address to the next, without anybody having to do anything.
//! Whoever meets a checkpoint by a key that he does not know asks the peer for all its keys. He believes what those that he knows
//! endorsed, the operator stated and the log holds.

use std::sync::{Arc, PoisonError};

use anyhow::Context as _;
use conformity::basis::of_log_keys;
use conformity::records::Facts as _;
use credential::bundle::KeyHistory;
use federation::bus::{BusError, Link};
use federation::messages::KeysRequest;
use federation::serve;
use federation::subjects::Service;
use jiff::{SignedDuration, Timestamp};
use ledger::log_keys::{CheckpointKeys, LogKeys};
use ledger::note::SignedNote;

use super::{Pursuit, Setback};
use crate::link::kept::Kept;
use crate::witness::NotLearnt;

/// Whether a key of the log seems to have signed that is not known. While the old key signs besides the new one, the note could be
/// believed as it is; but whoever goes on believing a key that was retired believes its thief, too.
fn by_unknown_key(note: &str, known: &LogKeys) -> bool {
    let Ok(parsed) = SignedNote::parse(note) else { return false };
    parsed.claimed_by(known.origin()).any(|id| !known.all().any(|key| key.id() == id))
}

/// How often a peer is asked for its roots.
const ROOTS_EVERY: SignedDuration = SignedDuration::from_secs(10);

impl Pursuit {
    /// Sees to it that the key of a checkpoint is known, if the peer has it from the log. Whether the checkpoint is to be believed
    /// is asked afterwards, of whoever compares it.
    pub(super) async fn know_keys(&mut self, link: &Link, note: &str) -> Result<(), Setback> {
        if by_unknown_key(note, &self.mark.log_keys()?) {
            self.learn(link).await?;
        }
        let log = self.mark.log_keys()?;
        let Some(mirror) = self.mirror.as_ref().map(Kept::mirror) else { return Ok(()) };
        let learnt = mirror.write().unwrap_or_else(PoisonError::into_inner).learn(&log);
        Ok(learnt?)
    }

    /// Asks for roots when a connection begins, and now and then while it lasts: the next one may meet a server below a new root.
    pub(super) async fn know_roots(&mut self, link: &Link) -> Result<(), Setback> {
        let now = self.registry.now();
        let lately = |asked: Timestamp| asked <= now && now.duration_since(asked) < ROOTS_EVERY;
        if self.asked.is_some_and(lately) {
            return Ok(());
        }
        self.asked = Some(now);
        let own = if self.shown { None } else { self.own_history().await? };
        match self.exchange(link, own).await {
            // What it does not prove does not count; the log is followed by what is known.
            Err(setback @ Setback::Fault(_)) => {
                self.note_fault("bad-log-keys", &setback.to_string());
                Ok(())
            }
            // It is asked again in a while.
            Err(Setback::Refused(refusal)) => {
                tracing::debug!(peer = %self.peer.registry, %refusal, "a peer did not show its keys");
                Ok(())
            }
            // The log is followed all the same: a history that cannot be shown must not keep us from it.
            Err(Setback::Bus(
                error @ (BusError::Timeout(_) | BusError::TooLarge { .. } | BusError::Oversized { .. }),
            )) => {
                self.note_fault("log-keys-not-shown", &error.to_string());
                Ok(())
            }
            Ok(()) => {
                self.shown = true;
                Ok(())
            }
            Err(setback) => Err(setback),
        }
    }

    async fn learn(&mut self, link: &Link) -> Result<(), Setback> {
        self.exchange(link, None).await
    }

    /// What proves where we went, if we ever did: the peer may know only where we were, and cannot ask us there.
    async fn own_history(&self) -> Result<Option<KeyHistory>, Setback> {
        let (places, moved) = {
            let register = self.registry.read_model.register();
            (of_log_keys(&*register), register.genesis().is_some_and(|begun| !begun.moves.is_empty()))
        };
        if !moved {
            return Ok(None);
        }
        let log = self.registry.log.clone();
        let read = tokio::task::spawn_blocking(move || serve::key_history(&log, &places)).await;
        Ok(Some(read.context("our own keys could not be read")?.map_err(anyhow::Error::from)?))
    }

    async fn exchange(&mut self, link: &Link, own: Option<KeyHistory>) -> Result<(), Setback> {
        let history: KeyHistory = self.ask(link, Service::Keys, &KeysRequest { own }).await?;
        let (registry, peer) = (Arc::clone(&self.registry), Arc::clone(&self.peer));
        let learnt = tokio::task::spawn_blocking(move || registry.witness.keys.learn(&peer, &history)).await;
        match learnt.context("the keys of a peer's log could not be judged")? {
            Ok(_) => Ok(()),
            Err(NotLearnt::Fault(fault)) => Err(fault.into()),
            Err(NotLearnt::Vault(error)) => Err(anyhow::Error::from(error).into()),
        }
    }
}
