//! A nats-server of our own: started and kept running, unless somebody else does that, and our two connections to it.
//!
//! Out of scope: what its configuration says, which comes with each server (`federation::access`).

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context;
use certs::{Client, ClientFiles, Trust};
use federation::access::Inbox;
use federation::bus::{Dial, Link, OWN_SERVER};
use federation::server::{Binary, Child, ControlError, SealedStore, Setup, Status};

use super::access::absolute;
use crate::core::registry::Registry;

/// The server's configuration, in its folder; `Setup::config` is the same.
const CONFIG: &str = "nats.conf";
/// How long the first connection to our own server may take.
const CONNECT: Duration = Duration::from_secs(10);

/// A server, and where it is.
#[derive(Debug)]
pub(super) struct Place<'a> {
    /// Its files.
    pub(super) folder: PathBuf,
    /// Where it listens.
    pub(super) listen: std::net::SocketAddr,
    /// Where it is dialled, `host:port`.
    pub(super) address: &'a str,
    /// What it stores under a key, if it stores anything.
    pub(super) store: Option<SealedStore>,
}

/// A running nats-server with our two connections to it.
#[derive(Debug)]
pub(super) struct OwnServer {
    child: Option<Child>,
    /// The program, unless somebody else runs it.
    pub(super) binary: Option<Binary>,
    /// Its configuration.
    pub(super) config: PathBuf,
    /// The node's connection.
    pub(super) node: Link,
    /// The connection that administers it.
    pub(super) system: Link,
}

impl OwnServer {
    /// Starts the server (unless somebody else does) with the configuration that `prepare` writes, and connects.
    pub(super) async fn start(
        registry: &Registry,
        place: Place<'_>,
        prepare: impl Fn(&Path) -> Result<(), ControlError>,
    ) -> anyhow::Result<Self> {
        let folder = absolute(&place.folder);
        tokio::fs::create_dir_all(&folder).await?;
        let config = folder.join(CONFIG);
        let (binary, child) = if registry.config.nats.external {
            prepare(&config)?;
            (None, None)
        } else {
            let binary = Binary::check(&program(registry.config.nats.program.as_ref())).await?;
            prepare(&config)?;
            let setup = Setup { binary: binary.clone(), folder, listen: place.listen, store: place.store };
            (Some(binary), Some(Child::start(setup).await?))
        };
        let node = dial(registry, place.address, registry.folder.nats_node(), "node").await?;
        let system = dial(registry, place.address, registry.folder.nats_system(), "system").await?;
        Ok(Self { child, binary, config, node, system })
    }

    /// A server that is down may have lost its folder, which holds nothing but copies: it is written again, so that the next start
    /// finds it.
    pub(super) fn restore(&self, prepare: impl Fn(&Path) -> Result<(), ControlError>) -> anyhow::Result<()> {
        let status = self.child.as_ref().map(Child::status);
        let down = status.is_some_and(|status| matches!(*status.borrow(), Status::Down { .. }));
        if down && !self.config.exists() {
            if let Some(folder) = self.config.parent() {
                std::fs::create_dir_all(folder)?;
            }
            prepare(&self.config)?;
        }
        Ok(())
    }

    /// Whether both our connections to it are up.
    pub(super) fn is_there(&self) -> bool {
        [&self.node, &self.system].iter().all(|link| link.state().borrow().connected)
    }

    /// Ends it, if it is ours to end.
    pub(super) async fn stop(self) {
        if let Some(child) = self.child {
            child.stop().await;
        }
    }
}

async fn dial(
    registry: &Registry,
    address: &str,
    (certificate, key): (PathBuf, PathBuf),
    name: &str,
) -> anyhow::Result<Link> {
    let trust = Trust::read(&registry.folder.ca_public().root())?;
    let tls = Client::with_certificate(&trust, ClientFiles { certificate, key })?;
    let (address, name) = (format!("tls://{address}"), name.to_owned());
    let link = Link::dial(Dial { address, tls, name, inbox: Inbox::node(), waiting: OWN_SERVER }).await?;
    link.connected(CONNECT).await.context("our own nats-server does not let us in")?;
    Ok(link)
}

fn program(configured: Option<&PathBuf>) -> PathBuf {
    let named = configured.cloned().or_else(|| std::env::var_os("REGISTRY_NATS_SERVER").map(PathBuf::from));
    named.unwrap_or_else(|| PathBuf::from("nats-server"))
}
