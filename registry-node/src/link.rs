//! Links: the registry's own nats-server, the peers that dial in, the peers that we dial and follow, and the buyers that
//! listen at a server of their own.
//!
//! Who may connect follows from the register alone; this module only carries it out. Out of scope: the exchange itself
//! (`federation`) and what recognition means (`conformity`).

mod access;
pub mod admission;
mod answers;
mod buyers;
mod company;
mod dialogue;
mod disclosures;
mod expulsion;
mod host;
mod kept;
mod mark;
mod notices;
mod own;
mod peers;
mod pursuit;
mod recognise;
mod restricted;
mod scope;

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::core::registry::Registry;
use peers::Peers;

/// How long to wait after the nats-server could not be started.
const RETRY: Duration = Duration::from_secs(5);
/// Shortest time between two looks at the register.
const PACE: Duration = Duration::from_millis(10);

/// Keeps the links of `registry` until `shutdown`. Reading and writing go on while links are down, and peers are followed
/// while our own nats-server is: they are dialled at theirs.
pub async fn run(registry: Arc<Registry>, reloaded: watch::Receiver<u64>, shutdown: CancellationToken) {
    let peers = Arc::new(Peers::default());
    let following = peers::run(Arc::clone(&registry), Arc::clone(&peers), shutdown.clone());
    let telling = buyers::run(Arc::clone(&registry), reloaded.clone(), shutdown.clone());
    tokio::join!(following, telling, serve(&registry, peers, reloaded, shutdown));
}

/// Keeps our own nats-server for peers, and whom it serves.
async fn serve(
    registry: &Arc<Registry>,
    peers: Arc<Peers>,
    reloaded: watch::Receiver<u64>,
    shutdown: CancellationToken,
) {
    while !shutdown.is_cancelled() {
        match shutdown.run_until_cancelled(host::Host::start(registry)).await {
            None => return,
            Some(Ok(host)) => return host.keep(registry, peers, reloaded, shutdown).await,
            Some(Err(error)) => {
                tracing::error!(error = format!("{error:#}"), "no nats-server: peers wait")
            }
        }
        let _ = shutdown.run_until_cancelled(tokio::time::sleep(RETRY)).await;
    }
}
