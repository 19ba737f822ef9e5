//! All peers: one pursuit for each that is not expelled, begun and ended as the register says, and what has to be said
//! when one was.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use conformity::genesis::PeerRecord;
use conformity::ids::{PartyId, RegistryId};
use conformity::party::PartyRecord;
use conformity::records::Facts;
use federation::mirror::Mirror;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::Instrument as _;

use super::expulsion::Expulsions;
use super::pursuit::Pursuit;
use crate::core::registry::Registry;

/// The mirrors that pursuits keep, for whoever needs to look into one.
#[derive(Default)]
pub(super) struct Peers(Mutex<HashMap<RegistryId, Arc<RwLock<Mirror>>>>);

impl Peers {
    /// A party of a peer, as far as its log is mirrored.
    pub(super) fn party(&self, peer: &RegistryId, party: &PartyId) -> Option<Arc<PartyRecord>> {
        let mirror = self.all().get(peer).cloned()?;
        let mirror = mirror.read().unwrap_or_else(PoisonError::into_inner);
        mirror.followed().register().party(party)
    }

    /// Makes a mirror known, in place of an earlier one.
    pub(super) fn publish(&self, peer: &RegistryId, mirror: Arc<RwLock<Mirror>>) {
        self.all().insert(peer.clone(), mirror);
    }

    // Whole values are put in and taken out, so a panic elsewhere leaves nothing half done.
    fn all(&self) -> std::sync::MutexGuard<'_, HashMap<RegistryId, Arc<RwLock<Mirror>>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Keeps one pursuit per peer until `shutdown`.
pub(super) async fn run(registry: Arc<Registry>, peers: Arc<Peers>, shutdown: CancellationToken) {
    let tasks = TaskTracker::new();
    let mut running: HashMap<RegistryId, (u64, CancellationToken)> = HashMap::new();
    let mut size = registry.size.clone();
    let mut expulsions = Expulsions::default();
    loop {
        let wanted = wanted(&registry);
        running.retain(|peer, (added, stop)| {
            let stays = wanted.iter().any(|record| record.registry == *peer && record.added.index == *added);
            if !stays {
                stop.cancel();
                registry.peers.remove(peer);
            }
            stays
        });
        let Some(all_said) = shutdown.run_until_cancelled(expulsions.say(&registry)).await else { break };
        for record in wanted.into_iter().filter(|record| expulsions.are_said(record)) {
            running.entry(record.registry.clone()).or_insert_with(|| {
                let stop = shutdown.child_token();
                let pursuit = Pursuit::new(Arc::clone(&registry), Arc::clone(&peers), Arc::clone(&record));
                tasks.spawn(pursuit.run(stop.clone()).in_current_span());
                (record.added.index, stop)
            });
        }
        tokio::select! {
            changed = size.changed() => if changed.is_err() { break },
            () = tokio::time::sleep(super::RETRY), if !all_said => {}
            () = shutdown.cancelled() => break,
        }
        // Commits may come by the thousand a second; one look covers all that came meanwhile.
        tokio::time::sleep(super::PACE).await;
    }
    tasks.close();
    tasks.wait().await;
}

fn wanted(registry: &Registry) -> Vec<Arc<PeerRecord>> {
    let peers = registry.read_model.register().peers();
    peers.into_iter().filter(|record| record.expelled.is_none()).collect()
}
