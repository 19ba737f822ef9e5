//! Coming from one log key of a peer to the next, without anybody having to do anything: whoever meets a checkpoint by a key that
//! he does not know asks the peer for all its keys, and believes what the ones that he knows endorsed, the operator stated and the
//! log holds.

use std::sync::{Arc, PoisonError};

use anyhow::Context as _;
use credential::bundle::KeyHistory;
use federation::bus::Link;
use federation::messages::KeysRequest;
use federation::subjects::Service;
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

impl Pursuit {
    /// Sees to it that the key of a checkpoint is known, if the peer has it from the log. Whether the checkpoint is to be believed
    /// is asked afterwards, of whoever compares it.
    pub(super) async fn know_keys(&mut self, link: &Link, note: &str) -> Result<(), Setback> {
        if by_unknown_key(note, &self.mark.log_keys()?) {
            let history: KeyHistory = self.ask(link, Service::Keys, &KeysRequest {}).await?;
            let (registry, peer) = (Arc::clone(&self.registry), Arc::clone(&self.peer));
            let learnt = tokio::task::spawn_blocking(move || registry.witness.keys.learn(&peer, &history)).await;
            match learnt.context("the keys of a peer's log could not be judged")? {
                Ok(_) => {}
                Err(NotLearnt::Fault(fault)) => return Err(fault.into()),
                Err(NotLearnt::Vault(error)) => return Err(anyhow::Error::from(error).into()),
            }
        }
        let log = self.mark.log_keys()?;
        let Some(mirror) = self.mirror.as_ref().map(Kept::mirror) else { return Ok(()) };
        let learnt = mirror.write().unwrap_or_else(PoisonError::into_inner).learn(&log);
        Ok(learnt?)
    }
}
