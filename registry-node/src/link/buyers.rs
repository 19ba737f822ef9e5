//! Buyers on NATS: their own nats-server, who is let in there, and the stream of events.
//!
//! In scope: starting the server and what belongs to it, and ending with it. Who gets in is decided in `door`, what is told in
//! `publisher`, and how far readers came is kept by `cursors`. A registry whose configuration has no `[nats.buyers]` has nothing of this; its buyers have HTTPS.

mod cursors;
mod door;
mod heal;
mod place;
mod publisher;
mod pulse;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use certs::NatsTls;
use conformity::ids::RegistryId;
use federation::access::ServerFiles;
use federation::access::buyers::{BuyersServer, Limits, STREAM};
use federation::bus::stream::Keeping;
use federation::lease::Issuer;
use federation::server::{Control, ControlError, SealedStore};
use federation::subjects::Pattern;
use ledger::key::{Algorithm, SigningKey};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::Instrument as _;

use super::access::absolute;
use super::own::{OwnServer, Place};
use crate::config::NatsBuyers;
use crate::core::registry::Registry;
use crate::keys::Keys;
use cursors::Readers;
use door::Door;
use publisher::Publisher;

/// How often the server's files are looked at.
const TICK: Duration = Duration::from_secs(1);

/// Keeps the server of buyers until `shutdown`, if there is to be one.
pub(super) async fn run(registry: Arc<Registry>, reloaded: watch::Receiver<u64>, shutdown: CancellationToken) {
    let Some(config) = registry.config.nats.buyers.clone() else { return };
    while !shutdown.is_cancelled() {
        match shutdown.run_until_cancelled(House::start(&registry, &config)).await {
            None => return,
            Some(Ok(house)) => return house.keep(&registry, reloaded, shutdown).await,
            Some(Err(error)) => {
                tracing::error!(error = format!("{error:#}"), "no nats-server for buyers: they have HTTPS meanwhile")
            }
        }
        let _ = shutdown.run_until_cancelled(tokio::time::sleep(super::RETRY)).await;
    }
}

/// The running server, and what is done there.
struct House {
    server: OwnServer,
    about: BuyersServer,
    door: Arc<Door>,
    publisher: Publisher,
    readers: Readers,
}

impl House {
    async fn start(registry: &Arc<Registry>, config: &NatsBuyers) -> anyhow::Result<House> {
        let issuer = issuer(registry)?;
        let about = about(registry, config, &issuer);
        let sealed = SealedStore::new(about.store.clone(), &registry.vault.secret("store of the server of buyers"));
        let place = Place {
            folder: registry.folder.nats_buyers(),
            listen: config.listen,
            address: &config.public_address,
            store: Some(sealed),
        };
        let server = OwnServer::start(registry, place, |path| prepare(path, &about)).await?;
        let door = Arc::new(Door::open(Arc::clone(registry), server.system.clone(), issuer)?);
        let keeping = keeping(&registry.config.registry.id, config);
        let node = &server.node;
        let publisher = Publisher::new(Arc::clone(registry), node.clone(), keeping.clone(), about.store.clone());
        let readers = Readers::new(Arc::clone(registry), node.clone(), keeping, publisher.progress());
        Ok(House { server, about, door, publisher, readers })
    }

    async fn keep(self, registry: &Arc<Registry>, reloaded: watch::Receiver<u64>, shutdown: CancellationToken) {
        let tasks = TaskTracker::new();
        let (door, node) = (Arc::clone(&self.door), self.server.node.clone());
        tasks.spawn(shutdown.clone().run_until_cancelled_owned(door.answer(node)).in_current_span());
        let door = Arc::clone(&self.door);
        tasks.spawn(shutdown.clone().run_until_cancelled_owned(door.watch(reloaded)).in_current_span());
        tasks.spawn(self.publisher.run(shutdown.clone()).in_current_span());
        tasks.spawn(shutdown.clone().run_until_cancelled_owned(self.readers.run()).in_current_span());
        tasks.close();
        let served = &registry.metrics.buyers_on_nats;
        served.set(self.server.is_there().into());
        while shutdown.run_until_cancelled(tokio::time::sleep(TICK)).await.is_some() {
            if let Err(error) = self.server.restore(|path| prepare(path, &self.about)) {
                tracing::error!(error = format!("{error:#}"), "the server of buyers cannot get its configuration back");
            }
            served.set(self.server.is_there().into());
        }
        served.set(0);
        tasks.wait().await;
        self.server.stop().await;
    }
}

fn prepare(path: &Path, about: &BuyersServer) -> Result<(), ControlError> {
    Control::prepare_buyers(path, about)
}

/// The key that signs leases: made at the first start. Whoever has it and the node's certificate could let anybody listen, and no more.
fn issuer(registry: &Registry) -> anyhow::Result<Issuer> {
    let file = registry.folder.lease_key();
    let key = if file.exists() {
        SigningKey::load(&file)?
    } else {
        Keys::Files.make(&file, "lease", Algorithm::Ed25519).context("the key that signs leases of buyers")?
    };
    Ok(Issuer::new(key)?)
}

fn about(registry: &Registry, config: &NatsBuyers, issuer: &Issuer) -> BuyersServer {
    let folder = absolute(&registry.folder.nats_buyers());
    let (certificate, key) = registry.folder.server();
    BuyersServer {
        registry: registry.config.registry.id.clone(),
        origin: registry.config.registry.origin.clone(),
        listen: config.listen,
        files: ServerFiles {
            tls: NatsTls {
                certificate: absolute(&certificate),
                key: absolute(&key),
                clients: absolute(&registry.folder.ca_public().nats_clients()),
            },
            log: folder.join("nats-server.log"),
            pid: folder.join("nats-server.pid"),
        },
        store: folder.join("store"),
        // Whoever else runs the server has not the key, which is in no file.
        sealed: !registry.config.nats.external,
        stream_bytes: config.stream_bytes,
        issuer: issuer.name(),
        limits: Limits::default(),
    }
}

fn keeping(registry: &RegistryId, config: &NatsBuyers) -> Keeping {
    Keeping { name: STREAM, subjects: Pattern::told_by(registry), bytes: config.stream_bytes, age: config.stream_age() }
}
