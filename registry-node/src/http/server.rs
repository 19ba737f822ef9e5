//! The HTTPS door: own accept loop under warp, because warp has no TLS.
//!
//! Each connection has one identity for its life, taken from the certificate that its TLS handshake proved; requests find
//! it in their extensions as [`Caller`]. A certificate that ends or is revoked cuts its connections, streams included: from
//! the moment at which the CRL was read nothing more that is asked on them is answered, and what is under way has a moment.
//! A connection on which an answer is not read ends as well.
//! Out of scope: routes.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use certs::{Https, Serial, Speaker, Stream};
use federation::hush::Hush;
use hyper::Request;
use hyper::body::Incoming;
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot, watch};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::ServiceExt;
use tracing::Instrument as _;
use warp::reply::Response;

use super::ask::bad_parameter;
use super::begun::Begun;
use super::each::{Each, One, Source};
use super::room::Share;
use super::seats::of_nameless;
use super::{answer, catena_x, code, line, representatives};
use crate::clock::Clock;
use crate::metrics::Metrics;

/// How long open requests may take after the node was told to stop.
const DRAIN: Duration = Duration::from_secs(5);
/// How long a client may take to send the head of a request, and to begin with the first one.
const HEADER_TIMEOUT: Duration = Duration::from_secs(10);
/// Why a connection is not taken whose kind has as many as it may have.
const TOO_MANY: &str = "too-many-connections";
/// Open requests on one HTTP/2 connection.
const MAX_STREAMS: u32 = 128;
/// Bytes that an HTTP/2 connection, and one of its streams, may send before they are taken. A stream has little of it, so
/// that bodies which wait for their turn do not keep the connection from those that have it.
const CONNECTION_WINDOW: u32 = 1024 * 1024;
const STREAM_WINDOW: u32 = 128 * 1024;
/// Bytes that wait to be sent on one stream; hyper's own bound is 400 KiB, which anybody could have us keep 128 times.
const SEND_BUFFER: usize = 64 * 1024;
/// Bytes of a head, and of what waits, on one HTTP/1.1 connection; hyper's own bound is 400 KiB.
const HTTP1_BUFFER: usize = 64 * 1024;

/// Who speaks on a connection: nobody in particular, or the holder of a certificate that this registry issued.
#[derive(Default)]
pub struct Caller {
    /// The certificate's holder.
    pub speaker: Option<Arc<Speaker>>,
    /// Ends when the connection must: on revocation, expiry of the certificate, or shutdown.
    pub cut: CancellationToken,
    /// From where it comes.
    pub(super) source: Source,
    /// The memory that the connection's answers may take.
    pub(super) share: Share,
    /// Knows what is revoked; absent where there is no door.
    door: Option<Arc<Door>>,
}

impl Caller {
    /// Somebody without a door, whose certificate is not looked up again.
    #[cfg(test)]
    pub(super) fn of(speaker: Option<Speaker>) -> Caller {
        Caller { speaker: speaker.map(Arc::new), ..Caller::default() }
    }

    /// The same from another address.
    #[cfg(test)]
    pub(super) fn at(self, source: Source) -> Caller {
        Caller { source, ..self }
    }

    /// Whether the certificate still holds, by the CRLs as they were read last; always for nobody in particular.
    pub(super) fn still_speaks(&self) -> bool {
        match (&self.speaker, &self.door) {
            (Some(speaker), Some(door)) => speaker.still_speaks(&door.https.revocations(), door.clock.now()),
            _ => true,
        }
    }

    /// Whether another certificate is revoked, by the CRLs as they were read last.
    pub(super) fn is_revoked(&self, serial: &Serial) -> bool {
        self.door.as_ref().is_some_and(|door| door.https.revocations().is_revoked(serial))
    }
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
    /// Those from one address.
    pub connections_each: usize,
    /// How long a handshake may take.
    pub handshake: Duration,
    /// Announces that certificates or revocations were read again.
    pub reloaded: watch::Receiver<u64>,
    /// Ends the door.
    pub shutdown: CancellationToken,
}

/// The place of an open connection.
struct Place {
    metrics: Arc<Metrics>,
    _slot: Slot,
    _of_nameless: Option<OwnedSemaphorePermit>,
}

/// A place that is not taken yet, of all and of those from one address.
struct Slot {
    _of_all: OwnedSemaphorePermit,
    _one: One<Source>,
}

/// The places of a door.
struct Places {
    all: Arc<Semaphore>,
    nameless: Arc<Semaphore>,
    each: Arc<Each<Source>>,
}

impl Place {
    fn take(metrics: &Arc<Metrics>, slot: Slot, of_nameless: Option<OwnedSemaphorePermit>) -> Place {
        metrics.connections.inc();
        Place { metrics: Arc::clone(metrics), _slot: slot, _of_nameless: of_nameless }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.metrics.connections.dec();
    }
}

/// A connection that was accepted and has said nothing yet.
struct Coming {
    socket: TcpStream,
    from: SocketAddr,
    slot: Slot,
    places: Arc<Places>,
    tasks: TaskTracker,
}

/// The first request on a connection.
struct First {
    asked: CancellationToken,
    by: Instant,
}

impl First {
    /// Returns when nothing was asked in time; never once something was.
    async fn missing(&self) {
        if self.asked.run_until_cancelled(tokio::time::sleep_until(self.by)).await.is_none() {
            std::future::pending().await
        }
    }
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
        let places = Arc::new(Places {
            all: Arc::new(Semaphore::new(door.connections)),
            nameless: Arc::new(Semaphore::new(of_nameless(door.connections))),
            each: Arc::new(Each::new(door.connections_each)),
        });
        let tasks = TaskTracker::new();
        let refused = Hush::new();
        loop {
            // A place first: above the limit, new connections wait in the listen queue instead of costing memory.
            let Some(of_all) = door.or_shutdown(Arc::clone(&places.all).acquire_owned()).await.and_then(Result::ok)
            else {
                break;
            };
            let Some(accepted) = door.or_shutdown(listener.accept()).await else { break };
            match accepted {
                Ok((socket, from)) => {
                    let source = Source::of(from.ip());
                    let Some(one) = places.each.one_more(source) else {
                        door.metrics.refuse(TOO_MANY);
                        continue;
                    };
                    let (slot, places) = (Slot { _of_all: of_all, _one: one }, Arc::clone(&places));
                    let coming = Coming { socket, from, slot, places, tasks: tasks.clone() };
                    drop(tasks.spawn(Arc::clone(&door).connection(coming, routes.clone()).in_current_span()));
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

    async fn connection<S: Routes>(self: Arc<Self>, coming: Coming, routes: S) {
        let Coming { socket, from, slot, places, tasks } = coming;
        // Small answers must not wait for the acknowledgement of earlier ones; without it they are only slower.
        let _ = socket.set_nodelay(true);
        match self.https.accept(socket, self.handshake).await {
            Ok(accepted) => {
                // Apart, for it is large, and whoever waits with it in its hands needs its size over again.
                let stream = Box::new(accepted.stream);
                let speaker = accepted.speaker.map(Arc::new);
                let Some(place) = self.placed(slot, &places, speaker.is_some()) else { return };
                let caller = Caller {
                    speaker,
                    cut: self.shutdown.child_token(),
                    source: Source::of(from.ip()),
                    share: Share::default(),
                    door: Some(Arc::clone(&self)),
                };
                let caller = Arc::new(caller);
                if let Some((stream, response)) = self.talk(stream, &caller, routes).await {
                    // By a task of its own, which takes no more memory than that needs.
                    tasks.spawn(self.carry(stream, response, caller, place).in_current_span());
                }
            }
            Err(error) => {
                self.metrics.refuse(error.code());
                tracing::debug!(%from, %error, "a handshake failed");
            }
        }
    }

    /// The place of somebody who showed a certificate or none; nothing where those have as many as they may have who did not.
    fn placed(&self, slot: Slot, places: &Places, has_name: bool) -> Option<Place> {
        let of_nameless = if has_name {
            None
        } else {
            let left = Arc::clone(&places.nameless).try_acquire_owned();
            Some(left.inspect_err(|_| self.metrics.refuse(TOO_MANY)).ok()?)
        };
        Some(Place::take(&self.metrics, slot, of_nameless))
    }

    /// Answers until the connection ends, or has an event stream for itself.
    async fn talk<S: Routes>(
        &self,
        stream: Box<Stream<TcpStream>>,
        caller: &Arc<Caller>,
        routes: S,
    ) -> Option<(Box<Stream<TcpStream>>, Response)> {
        let first = First { asked: CancellationToken::new(), by: Instant::now() + HEADER_TIMEOUT };
        let mut begun = None;
        let beginning = async { begun = tokio::time::timeout_at(first.by, Begun::read(stream)).await.ok() };
        if self.attend(caller, beginning).await {
            return None;
        }
        // A client that breaks off is no news.
        let begun = begun?.ok()?;
        if begun.is_http2 {
            self.talk_http2(begun, caller, routes, first).await;
            return None;
        }
        self.talk_http1(begun, caller, routes, first).await
    }

    async fn talk_http1<S: Routes>(
        &self,
        begun: Begun<Box<Stream<TcpStream>>>,
        caller: &Arc<Caller>,
        routes: S,
        first: First,
    ) -> Option<(Box<Stream<TcpStream>>, Response)> {
        let asked = first.asked.clone();
        let (offer, mut offered) = oneshot::channel();
        let (speaks, offer) = (Arc::clone(caller), Mutex::new(Some(offer)));
        let service = service_fn(move |request: Request<Incoming>| {
            asked.cancel();
            // Only with the first: of an earlier answer something may not have left yet.
            let offer = offer.lock().unwrap_or_else(PoisonError::into_inner).take();
            let offer = offer.filter(|_| line::could_stream(&request));
            let (caller, answered) = (Arc::clone(&speaks), answered(Arc::clone(&speaks), routes.clone(), request));
            async move { offer_or_answer(offer, &caller, answered.await?).await }
        });
        let mut connection = http1().serve_connection(TokioIo::new(begun), service);
        let mut taken = None;
        let going_on = async {
            tokio::select! {
                _ = &mut connection => {}
                Ok(response) = &mut offered => taken = Some(response),
                () = first.missing() => {}
                // Whoever does not read would not read a farewell either.
                () = caller.share.unread() => {}
            }
        };
        if self.attend(caller, going_on).await {
            // A stream that was being handed over says farewell by itself.
            taken = offered.try_recv().ok();
            if taken.is_none() {
                Pin::new(&mut connection).graceful_shutdown();
                let _ = tokio::time::timeout(DRAIN, connection).await;
                return None;
            }
        }
        taken.map(|response| (connection.into_parts().io.into_inner().into_inner(), response))
    }

    async fn talk_http2<S: Routes>(
        &self,
        begun: Begun<Box<Stream<TcpStream>>>,
        caller: &Arc<Caller>,
        routes: S,
        first: First,
    ) {
        let (speaks, asked) = (Arc::clone(caller), first.asked.clone());
        let service = service_fn(move |request: Request<Incoming>| {
            asked.cancel();
            let (caller, answered) = (Arc::clone(&speaks), answered(Arc::clone(&speaks), routes.clone(), request));
            async move { offer_or_answer(None, &caller, answered.await?).await }
        });
        let connection = http2().serve_connection(TokioIo::new(begun), service);
        tokio::pin!(connection);
        let going_on = async {
            tokio::select! {
                _ = connection.as_mut() => {}
                () = first.missing() => {}
                // Whoever does not read would not read a farewell either.
                () = caller.share.unread() => {}
            }
        };
        if self.attend(caller, going_on).await {
            connection.as_mut().graceful_shutdown();
            let _ = tokio::time::timeout(DRAIN, connection).await;
        }
    }

    /// Carries an event stream.
    async fn carry(
        self: Arc<Self>,
        stream: Box<Stream<TcpStream>>,
        response: Response,
        caller: Arc<Caller>,
        _place: Place,
    ) {
        let carrying = line::carry(stream, response, self.clock.now());
        tokio::pin!(carrying);
        if self.attend(&caller, carrying.as_mut()).await {
            let _ = tokio::time::timeout(DRAIN, carrying).await;
        }
    }

    /// Lets a connection go on until it ends; whether it must end and may say farewell.
    async fn attend(&self, caller: &Caller, going_on: impl Future) -> bool {
        tokio::select! {
            biased;
            _ = going_on => false,
            () = self.ended(caller) => {
                caller.cut.cancel();
                true
            }
            () = caller.cut.cancelled() => true,
        }
    }

    /// Returns when the caller's certificate has ended or was revoked; never for an anonymous caller.
    async fn ended(&self, caller: &Caller) {
        let Some(speaker) = caller.speaker.as_deref() else { return std::future::pending().await };
        let mut reloaded = self.reloaded.clone();
        loop {
            if !caller.still_speaks() {
                tracing::info!(serial = %speaker.serial, "a certificate ended or was revoked while connected");
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

/// Asks the routes, in the caller's name if that still holds. The one who watches over the connection may not have noticed
/// yet, and a client of HTTP/2 can delay its farewell.
async fn answered<S: Routes>(
    caller: Arc<Caller>,
    routes: S,
    mut request: Request<Incoming>,
) -> Result<Response, Infallible> {
    let refused = |problem| catena_x::refused(request.uri().path(), answer::problem(&problem));
    if !caller.still_speaks() {
        return Ok(refused(code::cut_off()));
    }
    // Whoever adds the header to what somebody else sent would leave it to them who they are.
    for (name, shown) in [(catena_x::PARTNER, "Edc-Bpn"), (representatives::MEMBER, "On-Behalf-Of")] {
        if request.headers().get_all(name).iter().nth(1).is_some() {
            return Ok(refused(bad_parameter(shown, "it is said once; take away what was there")));
        }
    }
    request.extensions_mut().insert(caller);
    routes.oneshot(request).await
}

/// Answers, unless it is an event stream that can have the connection for itself: then nothing more is asked on it.
async fn offer_or_answer(
    offer: Option<oneshot::Sender<Response>>,
    caller: &Caller,
    response: Response,
) -> Result<Response, Infallible> {
    if !line::is_stream(&response) {
        return Ok(response);
    }
    let kept = match offer {
        Some(offer) => offer.send(response),
        None => Err(response),
    };
    match kept {
        Ok(()) => std::future::pending().await,
        Err(response) => Ok(caller.share.watched(response)),
    }
}

fn http1() -> http1::Builder {
    let mut builder = http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(HEADER_TIMEOUT).max_buf_size(HTTP1_BUFFER);
    builder
}

fn http2() -> http2::Builder<TokioExecutor> {
    let mut builder = http2::Builder::new(TokioExecutor::new());
    builder
        .timer(TokioTimer::new())
        .max_concurrent_streams(MAX_STREAMS)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .initial_stream_window_size(STREAM_WINDOW)
        .max_send_buf_size(SEND_BUFFER)
        .keep_alive_interval(Duration::from_secs(30));
    builder
}
