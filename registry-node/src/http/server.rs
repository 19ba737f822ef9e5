//! The HTTPS door: own accept loop under warp, because warp has no TLS.
//!
//! Each connection has one identity for its life, taken from the certificate that its TLS handshake proved; requests find
//! it in their extensions as [`Caller`]. A certificate that ends or is revoked cuts its connections, streams included.
//! Out of scope: routes.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use certs::{Https, Speaker, Stream};
use federation::hush::Hush;
use hyper::Request;
use hyper::body::Incoming;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::ServiceExt;
use warp::reply::Response;

use crate::clock::Clock;
use crate::metrics::Metrics;

/// How long open requests may take after the node was told to stop.
const DRAIN: Duration = Duration::from_secs(5);
/// How long a client may take to send the head of a request, and to begin with the first one.
const HEADER_TIMEOUT: Duration = Duration::from_secs(10);
/// Open requests on one HTTP/2 connection.
const MAX_STREAMS: u32 = 128;

/// Who speaks on a connection: nobody in particular, or the holder of a certificate that this registry issued.
#[derive(Debug, Clone)]
pub struct Caller {
    /// The certificate's holder.
    pub speaker: Option<Arc<Speaker>>,
    /// Ends when the connection must: on revocation, expiry of the certificate, or shutdown.
    pub cut: CancellationToken,
}

/// What the door needs.
pub struct Door {
    /// Certificates and revocations, changeable while running.
    pub https: Arc<Https>,
    /// Counts connections.
    pub metrics: Arc<Metrics>,
    /// For the end of certificates.
    pub clock: Arc<dyn Clock>,
    /// Connections open at once.
    pub connections: usize,
    /// How long a handshake may take.
    pub handshake: Duration,
    /// Announces that certificates or revocations were read again.
    pub reloaded: watch::Receiver<u64>,
    /// Ends the door.
    pub shutdown: CancellationToken,
}

/// What answers requests.
pub trait Routes:
    tower::Service<Request<Incoming>, Response = Response, Error = Infallible, Future: Send> + Clone + Send + Sync + 'static
{
}

impl<S> Routes for S where
    S: tower::Service<Request<Incoming>, Response = Response, Error = Infallible, Future: Send>
        + Clone
        + Send
        + Sync
        + 'static
{
}

impl Door {
    /// Serves `routes` on `listener` until shutdown, then lets open requests finish for a moment.
    pub async fn serve<S: Routes>(self, listener: TcpListener, routes: S) {
        let door = Arc::new(self);
        let slots = Arc::new(Semaphore::new(door.connections));
        let tasks = TaskTracker::new();
        let refused = Hush::new();
        loop {
            // A slot first: above the limit, new connections wait in the listen queue instead of costing memory.
            let Some(slot) = door.or_shutdown(Arc::clone(&slots).acquire_owned()).await.and_then(Result::ok) else {
                break;
            };
            let Some(accepted) = door.or_shutdown(listener.accept()).await else { break };
            match accepted {
                Ok((socket, from)) => {
                    drop(tasks.spawn(Arc::clone(&door).connection(socket, from, routes.clone(), slot)))
                }
                Err(error) => {
                    if let Some(times) = refused.heard() {
                        tracing::warn!(%error, times, "connections could not be accepted");
                    }
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
            }
        }
        tasks.close();
        if tokio::time::timeout(DRAIN, tasks.wait()).await.is_err() {
            tracing::warn!("connections were still open {DRAIN:?} after shutdown began; they are dropped");
        }
    }

    async fn or_shutdown<F: Future>(&self, future: F) -> Option<F::Output> {
        self.shutdown.run_until_cancelled(future).await
    }

    async fn connection<S: Routes>(
        self: Arc<Self>,
        socket: TcpStream,
        from: SocketAddr,
        routes: S,
        slot: OwnedSemaphorePermit,
    ) {
        // Small answers must not wait for the acknowledgement of earlier ones; without it they are only slower.
        let _ = socket.set_nodelay(true);
        match self.https.accept(socket, self.handshake).await {
            Ok(accepted) => {
                self.metrics.connections.inc();
                let caller = Caller { speaker: accepted.speaker.map(Arc::new), cut: self.shutdown.child_token() };
                self.talk(accepted.stream, caller, routes).await;
                self.metrics.connections.dec();
            }
            Err(error) => {
                self.metrics.refuse(error.code());
                tracing::debug!(%from, %error, "a handshake failed");
            }
        }
        drop(slot);
    }

    async fn talk<S: Routes>(&self, stream: Stream<TcpStream>, caller: Caller, routes: S) {
        let identity = caller.clone();
        let asked = CancellationToken::new();
        let begun = asked.clone();
        let service = ServiceExt::map_request(routes, move |mut request: Request<Incoming>| {
            begun.cancel();
            request.extensions_mut().insert(identity.clone());
            request
        });
        let mut builder = auto::Builder::new(TokioExecutor::new());
        builder.http1().timer(TokioTimer::new()).header_read_timeout(HEADER_TIMEOUT);
        builder
            .http2()
            .timer(TokioTimer::new())
            .max_concurrent_streams(MAX_STREAMS)
            .keep_alive_interval(Duration::from_secs(30));
        let connection =
            builder.serve_connection_with_upgrades(TokioIo::new(stream), TowerToHyperService::new(service));
        tokio::pin!(connection);
        tokio::select! {
            // A client that breaks off is no news.
            _ = connection.as_mut() => return,
            // hyper knows no time limit before it knows the version of HTTP.
            () = silent(&asked) => return,
            () = self.ended(&caller) => caller.cut.cancel(),
            () = caller.cut.cancelled() => {}
        }
        connection.as_mut().graceful_shutdown();
        let _ = tokio::time::timeout(DRAIN, connection).await;
    }

    /// Returns when the caller's certificate has ended or was revoked; never for an anonymous caller.
    async fn ended(&self, caller: &Caller) {
        let Some(speaker) = caller.speaker.as_deref() else { return std::future::pending().await };
        let mut reloaded = self.reloaded.clone();
        loop {
            if self.https.revocations().is_revoked(&speaker.serial) {
                tracing::info!(serial = %speaker.serial, "a revoked certificate was cut while connected");
                return;
            }
            let left = speaker.not_after.duration_since(self.clock.now());
            let Ok(left) = Duration::try_from(left) else { return };
            tokio::select! {
                () = tokio::time::sleep(left) => return,
                changed = reloaded.changed() => if changed.is_err() { return std::future::pending().await },
            }
        }
    }
}

/// Returns when nothing was asked in time; never once something was.
async fn silent(asked: &CancellationToken) {
    if asked.run_until_cancelled(tokio::time::sleep(HEADER_TIMEOUT)).await.is_none() {
        std::future::pending().await
    }
}
