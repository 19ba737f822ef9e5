//! Our own nats-server: started and kept running, its accounts kept in step with the register.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use bytes::Bytes;
use certs::{Authority, Client, ClientFiles, Issued, Trust};
use conformity::ids::RegistryId;
use federation::access::{Access, Inbox};
use federation::bus::{Bus, Dial, Link, OWN_SERVER};
use federation::hush::Hush;
use federation::messages::{Head, Message};
use federation::server::{Binary, Child, Control, Setup, Status};
use federation::subjects::Subject;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::Instrument as _;

use super::access::{absolute, access};
use super::peers::Peers;
use super::{answers, buyers};
use crate::core::registry::Registry;

/// The server's configuration, in its folder; `Setup::config` is the same.
const CONFIG: &str = "nats.conf";
/// How long the first connection to our own server may take.
const CONNECT: Duration = Duration::from_secs(10);
/// How long to wait before a failed change of accounts is tried again.
const RETRY: Duration = Duration::from_secs(1);
/// Arrangements begin and end with time: the accounts are looked at at least this often.
const TICK: Duration = Duration::from_secs(1);

/// A running nats-server with our two connections to it.
pub(super) struct Host {
    child: Option<Child>,
    control: Control,
    /// The node's own connection.
    pub(super) node: Link,
    access: Access,
    issued: Vec<Issued>,
    stale: bool,
}

impl Host {
    /// Starts the server (unless somebody else does) with the accounts that the register asks for, and connects.
    pub(super) async fn start(registry: &Arc<Registry>) -> anyhow::Result<Host> {
        let folder = absolute(&registry.folder.nats());
        tokio::fs::create_dir_all(&folder).await?;
        let issued = issued(registry).await?;
        let access = current_access(registry, &issued);
        let config = &registry.config.nats;
        let (binary, child) = if config.external {
            Control::prepare(&folder.join(CONFIG), &access)?;
            (None, None)
        } else {
            let binary = Binary::check(&program(config.program.as_ref())).await?;
            let setup = Setup { binary: binary.clone(), folder: folder.clone(), listen: config.listen };
            Control::prepare(&setup.config(), &access)?;
            (Some(binary), Some(Child::start(setup).await?))
        };
        let node = dial(registry, registry.folder.nats_node(), "node", Inbox::node()).await?;
        let system = dial(registry, registry.folder.nats_system(), "system", Inbox::node()).await?;
        Ok(Host {
            child,
            control: Control::new(system, folder.join(CONFIG), binary),
            node,
            access,
            issued,
            stale: false,
        })
    }

    /// Keeps accounts in step and tells peers and buyers what is new, buyers from entry `from` on, until `shutdown`.
    pub(super) async fn keep(
        mut self,
        registry: &Arc<Registry>,
        peers: Arc<Peers>,
        from: u64,
        mut reloaded: watch::Receiver<u64>,
        shutdown: CancellationToken,
    ) {
        let tasks = TaskTracker::new();
        tasks.spawn(buyers::publish(Arc::clone(registry), self.node.clone(), from, shutdown.clone()).in_current_span());
        tasks.spawn(announce(Arc::clone(registry), self.node.clone(), shutdown.clone()).in_current_span());
        tasks.spawn(answers::run(Arc::clone(registry), peers, self.node.clone(), shutdown.clone()).in_current_span());
        let mut size = registry.size.clone();
        let failing = Hush::new();
        while !shutdown.is_cancelled() {
            let followed = match self.restore_files(registry) {
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
        if let Some(child) = self.child {
            child.stop().await;
        }
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

    /// A server that is down may have lost its folder, which holds nothing but copies: it is written again, so that the
    /// next start finds it.
    fn restore_files(&self, registry: &Registry) -> anyhow::Result<()> {
        let status = self.child.as_ref().map(Child::status);
        let down = status.is_some_and(|status| matches!(*status.borrow(), Status::Down { .. }));
        let config = absolute(&registry.folder.nats()).join(CONFIG);
        if down && !config.exists() {
            std::fs::create_dir_all(registry.folder.nats())?;
            Control::prepare(&config, &self.access)?;
        }
        Ok(())
    }

    async fn follow_register(&mut self, registry: &Arc<Registry>) -> anyhow::Result<()> {
        let wanted = current_access(registry, &self.issued);
        if self.stale || wanted != self.access {
            let in_force = self.control.put_in_force(&wanted).await?;
            tracing::info!(took = ?in_force.took, connections = in_force.connections, "the accounts of the nats-server changed");
            self.access = wanted;
            self.stale = false;
            // Who asked for what was not open yet asks again at once.
            hint_peers(registry, &self.node, registry.feed.size()).await;
        }
        Ok(())
    }
}

/// What the authority has issued. Its folder is shared with the command line, which waits its turn meanwhile.
async fn issued(registry: &Arc<Registry>) -> anyhow::Result<Vec<Issued>> {
    let ca = registry.folder.ca();
    Ok(tokio::task::spawn_blocking(move || Authority::open(&ca)?.show()).await??)
}

fn current_access(registry: &Registry, issued: &[Issued]) -> Access {
    access(&registry.config, &registry.folder, &registry.read_model.register(), issued, registry.now())
}

/// Tells each peer that the log grew: a hint without authority, so a lost one costs nothing but time.
async fn announce(registry: Arc<Registry>, node: Link, shutdown: CancellationToken) {
    let mut told = 0;
    while let Some(true) = shutdown.run_until_cancelled(registry.feed.grown(told)).await {
        told = registry.feed.size();
        hint_peers(&registry, &node, told).await;
    }
}

async fn hint_peers(registry: &Registry, node: &Link, size: u64) {
    for peer in listening_peers(registry) {
        if let Err(error) = node.publish(&Subject::head_for(&peer), hint(size)).await {
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

async fn dial(
    registry: &Registry,
    (certificate, key): (PathBuf, PathBuf),
    name: &str,
    inbox: Inbox,
) -> anyhow::Result<Link> {
    let trust = Trust::read(&registry.folder.ca_public().root())?;
    let tls = Client::with_certificate(&trust, ClientFiles { certificate, key })?;
    let address = format!("tls://{}", registry.config.nats.public_address);
    let link = Link::dial(Dial { address, tls, name: name.to_owned(), inbox, waiting: OWN_SERVER }).await?;
    link.connected(CONNECT).await.context("our own nats-server does not let us in")?;
    Ok(link)
}

fn program(configured: Option<&PathBuf>) -> PathBuf {
    let named = configured.cloned().or_else(|| std::env::var_os("REGISTRY_NATS_SERVER").map(PathBuf::from));
    named.unwrap_or_else(|| PathBuf::from("nats-server"))
}
