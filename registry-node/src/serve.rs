//! Running a registry: its door, its publication, its clockwork and its links, until it is told to stop.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use anyhow::Context;
use certs::{Authority, Branch, Https, HttpsFiles};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::Instrument as _;

use crate::buyer::delivery;
use crate::core::cascades;
use crate::core::here::Here;
use crate::core::publisher::Publisher;
use crate::core::registry::Registry;
use crate::core::timekeeper;
use crate::folder::Folder;
use crate::http;
use crate::http::server::Door;
use crate::link;

/// How often certificates and CRLs are looked at for changes.
const CERTIFICATES_INTERVAL: Duration = Duration::from_millis(500);

/// How often CRLs are looked at for their end.
const CRL_INTERVAL: Duration = Duration::from_secs(3_600);

/// Shortest time between two looks at whether the registry moved out.
const LOOK: Duration = Duration::from_millis(50);

/// A registry whose door is open.
pub struct Serving {
    tasks: TaskTracker,
    shutdown: CancellationToken,
}

/// Opens the door of `registry` and starts everything around it. Returns once it listens.
///
/// # Errors
/// The address is taken, or certificates cannot be used.
pub async fn serve(registry: Arc<Registry>) -> anyhow::Result<Serving> {
    let shutdown = CancellationToken::new();
    let tasks = TaskTracker::new();
    let https = Arc::new(open_https(&registry)?);
    let listen = registry.config.http.listen;
    let listener = TcpListener::bind(listen).await.with_context(|| {
        format!("cannot listen on {listen}; is another registry running there? Change http.listen in registry.toml")
    })?;
    let (reloads, reloaded) = watch::channel(0);
    let door = Door {
        https: Arc::clone(&https),
        metrics: Arc::clone(&registry.metrics),
        clock: Arc::clone(&registry.clock),
        connections: registry.config.limits.connections,
        connections_each: registry.config.limits.connections_each,
        handshake: Duration::from_secs(registry.config.limits.handshake_seconds),
        reloaded,
        shutdown: shutdown.clone(),
    };
    let answers = http::Answers::of(Arc::clone(&registry));
    tasks.spawn(link::run(Arc::clone(&registry), reloads.subscribe(), shutdown.clone()).in_current_span());
    tasks.spawn(door.serve(listener, answers.routes()).in_current_span());
    tasks.spawn(publisher(&registry).run(shutdown.clone()).in_current_span());
    tasks.spawn(watch_certificates(https, registry.folder.clone(), reloads, shutdown.clone()).in_current_span());
    let (node, stop) = (Arc::clone(&registry), shutdown.clone());
    let keeping = async move { timekeeper::run(&node.deriver, &node.read_model, &node.clock, stop).await };
    tasks.spawn(keeping.in_current_span());
    let (node, stop) = (Arc::clone(&registry), shutdown.clone());
    tasks.spawn(async move { cascades::run(&node, stop).await }.in_current_span());
    let (outbound, exposures) = (delivery::outbound(&registry)?, answers.exposures());
    tasks.spawn(delivery::run(Arc::clone(&registry), outbound, exposures, shutdown.clone()).in_current_span());
    tasks.spawn(end_when_left(Arc::clone(&registry), shutdown.clone()).in_current_span());
    tasks.spawn(refresh_crls(Arc::clone(&registry), shutdown.clone()).in_current_span());
    tasks.close();
    Ok(Serving { tasks, shutdown })
}

impl Serving {
    /// Waits until it ends, by itself or because it is told to.
    pub async fn ending(&self) {
        self.shutdown.cancelled().await;
    }

    /// Closes the door, and lets everything begin to end.
    pub fn close(&self) {
        self.shutdown.cancel();
    }

    /// Closes the door, lets open requests finish for a moment, and waits for everything to end.
    pub async fn stop(self) {
        self.close();
        self.tasks.wait().await;
    }
}

fn open_https(registry: &Registry) -> anyhow::Result<Https> {
    let (certificate, key) = registry.folder.server();
    let public = registry.folder.ca_public();
    Ok(Https::open(HttpsFiles { certificate, key, public }, registry.config.registry.origin.clone())?)
}

fn publisher(registry: &Registry) -> Publisher {
    Publisher {
        sealed: None,
        sequencer: registry.sequencer.clone(),
        log: registry.log.clone(),
        tiles: Arc::clone(&registry.tiles),
        size: registry.size.clone(),
        interval: registry.config.log.publish_interval(),
        metrics: Arc::clone(&registry.metrics),
        published: registry.published.clone(),
        key_files: Arc::new(registry.key_files()),
    }
}

/// Ends everything once the log says that the registry is served elsewhere: the folder can be taken there then, and nothing that
/// matters is written into it any more.
async fn end_when_left(registry: Arc<Registry>, shutdown: CancellationToken) {
    let (here, mut size) = (Here::of(&registry.config), registry.size.clone());
    loop {
        if let Some(left) = here.left_for(&registry.read_model.register()) {
            tracing::info!(http_url = %left.http_url, nats_url = %left.nats_url, "the registry moved out: its folder may be taken there once this has ended");
            return shutdown.cancel();
        }
        match shutdown.run_until_cancelled(size.changed()).await {
            Some(Ok(())) => {}
            Some(Err(_)) | None => return,
        }
        // Commits may come by the thousand a second; one look covers all that came meanwhile.
        tokio::time::sleep(LOOK).await;
    }
}

/// Reads certificates and CRLs again whenever one of their files changed, and tells the connections.
async fn watch_certificates(
    https: Arc<Https>,
    folder: Folder,
    reloads: watch::Sender<u64>,
    shutdown: CancellationToken,
) {
    let mut seen = modified(&folder);
    while shutdown.run_until_cancelled(tokio::time::sleep(CERTIFICATES_INTERVAL)).await.is_some() {
        let now = modified(&folder);
        if now == seen {
            continue;
        }
        match https.reload() {
            Ok(()) => {
                seen = now;
                reloads.send_modify(|count| *count += 1);
            }
            Err(error) => tracing::error!(%error, "changed certificates cannot be used; the old ones stay"),
        }
    }
}

/// Publishes CRLs again before they end, without which nobody with a certificate would get in.
async fn refresh_crls(registry: Arc<Registry>, shutdown: CancellationToken) {
    loop {
        let (folder, now) = (registry.folder.ca(), registry.now());
        let refreshed = tokio::task::spawn_blocking(move || Authority::open(&folder)?.refresh(now)).await;
        match refreshed {
            Ok(Ok(_)) => {}
            Ok(Err(error)) => {
                tracing::error!(%error, "the CRLs could not be refreshed; run `registry-node certs refresh`")
            }
            Err(error) => tracing::error!(%error, "the CRLs could not be refreshed"),
        }
        if shutdown.run_until_cancelled(tokio::time::sleep(CRL_INTERVAL)).await.is_none() {
            return;
        }
    }
}

/// When the files that decide about trust, and our own certificate, were changed last.
fn modified(folder: &Folder) -> Vec<Option<SystemTime>> {
    let (public, (certificate, key)) = (folder.ca_public(), folder.server());
    let trust = Branch::ALL.into_iter().flat_map(|branch| [public.cas(branch), public.crls(branch)]);
    let files = trust.chain([certificate, key]);
    files.map(|file| std::fs::metadata(file).and_then(|about| about.modified()).ok()).collect()
}
