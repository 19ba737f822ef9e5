//! Our own nats-server for peers: started and kept running, its accounts kept in step with the register.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use certs::{Authority, Issued};
use conformity::ids::RegistryId;
use federation::access::Access;
use federation::bus::{Bus, Link};
use federation::hush::Hush;
use federation::messages::{Head, Message};
use federation::server::{Control, ControlError};
use federation::subjects::Subject;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::Instrument as _;

use super::access::access;
use super::answers;
use super::own::{OwnServer, Place};
use super::peers::Peers;
use crate::core::registry::Registry;

/// How long to wait before a failed change of accounts is tried again.
const RETRY: Duration = Duration::from_secs(1);
/// Arrangements begin and end with time: the accounts are looked at at least this often.
const TICK: Duration = Duration::from_secs(1);

/// The running server, and who may be there.
pub(super) struct Host {
    server: OwnServer,
    control: Control,
    access: Access,
    issued: Vec<Issued>,
    stale: bool,
}

impl Host {
    /// Starts the server with the accounts that the register asks for.
    pub(super) async fn start(registry: &Arc<Registry>) -> anyhow::Result<Host> {
        let issued = issued(registry).await?;
        let access = current_access(registry, &issued);
        let config = &registry.config.nats;
        let (folder, address) = (registry.folder.nats(), &config.public_address);
        let place = Place { folder, listen: config.listen, address, store: None };
        let server = OwnServer::start(registry, place, |path| prepare(path, &access)).await?;
        let control = Control::new(server.system.clone(), server.config.clone(), server.binary.clone());
        Ok(Host { server, control, access, issued, stale: false })
    }

    /// Keeps accounts in step and tells peers what is new, until `shutdown`.
    pub(super) async fn keep(
        mut self,
        registry: &Arc<Registry>,
        peers: Arc<Peers>,
        mut reloaded: watch::Receiver<u64>,
        shutdown: CancellationToken,
    ) {
        let tasks = TaskTracker::new();
        let node = &self.server.node;
        tasks.spawn(announce(Arc::clone(registry), node.clone(), shutdown.clone()).in_current_span());
        tasks.spawn(answers::run(Arc::clone(registry), peers, node.clone(), shutdown.clone()).in_current_span());
        let mut size = registry.size.clone();
        let failing = Hush::new();
        while !shutdown.is_cancelled() {
            let followed = match self.server.restore(|path| prepare(path, &self.access)) {
                Ok(()) => self.follow_register(registry).await,
                Err(error) => Err(error),
            };
            if let Err(error) = followed {
                if let Some(times) = failing.heard() {
                    let error = format!("{error:#}");
                    tracing::error!(error, times, "the accounts of the nats-server could not be changed; tried again");
                }
                let _ = shutdown.run_until_cancelled(tokio::time::sleep(RETRY)).await;
                continue;
            }
            tokio::select! {
                changed = size.changed() => if changed.is_err() { break },
                changed = reloaded.changed() => match changed {
                    Ok(()) => self.reload(registry).await,
                    Err(_) => break,
                },
                () = tokio::time::sleep(TICK) => {}
                () = shutdown.cancelled() => break,
            }
            // Commits may come by the thousand a second; one look covers all that came meanwhile.
            tokio::time::sleep(super::PACE).await;
        }
        tasks.close();
        tasks.wait().await;
        self.server.stop().await;
    }

    /// Certificates or revocations changed: the server reads its files again, even where its accounts stay.
    async fn reload(&mut self, registry: &Arc<Registry>) {
        self.stale = true;
        match issued(registry).await {
            Ok(issued) => self.issued = issued,
            Err(error) => {
                tracing::error!(error = format!("{error:#}"), "revocations could not be read; the old ones stay")
            }
        }
    }

    async fn follow_register(&mut self, registry: &Arc<Registry>) -> anyhow::Result<()> {
        let wanted = current_access(registry, &self.issued);
        if self.stale || wanted != self.access {
            let in_force = self.control.put_in_force(&wanted).await?;
            tracing::info!(took = ?in_force.took, connections = in_force.connections, "the accounts of the nats-server changed");
            let stands = |peer: &RegistryId| self.access.peers.get(peer) == wanted.peers.get(peer);
            let changed: Vec<RegistryId> = wanted.peers.keys().filter(|peer| !stands(peer)).cloned().collect();
            self.access = wanted;
            self.stale = false;
            // Who asked for what was not open yet asks again at once.
            hint_peers(&self.server.node, &changed, registry.feed.size()).await;
        }
        Ok(())
    }
}

fn prepare(path: &Path, access: &Access) -> Result<(), ControlError> {
    Control::prepare(path, access)
}

/// What the authority has issued. Its folder is shared with the command line, which waits its turn meanwhile.
async fn issued(registry: &Arc<Registry>) -> anyhow::Result<Vec<Issued>> {
    let ca = registry.folder.ca();
    Ok(tokio::task::spawn_blocking(move || Authority::open(&ca)?.show()).await??)
}

fn current_access(registry: &Registry, issued: &[Issued]) -> Access {
    access(&registry.config, &registry.folder, &registry.read_model.register(), issued, registry.now())
}

/// Tells each peer that the log grew.
async fn announce(registry: Arc<Registry>, node: Link, shutdown: CancellationToken) {
    let mut told = 0;
    while let Some(true) = shutdown.run_until_cancelled(registry.feed.grown(told)).await {
        told = registry.feed.size();
        hint_peers(&node, &listening_peers(&registry), told).await;
    }
}

/// How long our log is: a hint without authority, so a lost one costs nothing but time.
async fn hint_peers(node: &Link, peers: &[RegistryId], size: u64) {
    for peer in peers {
        if let Err(error) = node.publish(&Subject::head_for(peer), hint(size)).await {
            tracing::debug!(%peer, %error, "a peer was not told of growth; it asks by itself");
        }
    }
}

fn hint(size: u64) -> Bytes {
    Head { size }.encode()
}

fn listening_peers(registry: &Registry) -> Vec<RegistryId> {
    let register = registry.read_model.register();
    let peers = conformity::records::Facts::peers(&*register).into_iter().filter(|peer| peer.expelled.is_none());
    peers.map(|peer| peer.registry.clone()).collect()
}
