//! The bus between a registry, its own nats-server and the servers of its peers. This file, and
//! the one below it about the stream of buyers, are all that names async_nats.
//!
//! In scope: [`Link`], the NATS implementation of the port [`Bus`], and what a server keeps ([`stream`]). Out of scope: what messages mean, who may send them (the
//! server decides, see `access`), the server's process (`server`).
//!
//! # What a hostile server can do to a link
//!
//! It may announce a frame of any length. async_nats gathers such a frame in memory, and one length overflows its
//! arithmetic and ends its task. [`Link`] therefore watches what arrives: more than [`FRAME_LIMIT`] bytes without a
//! complete message, or a task that ended, and the connection is dropped, its memory freed, and dialled anew. It may send
//! more than is read: what waits is bounded for each subscription ([`Dial::waiting`]).

mod port;
pub mod stream;

use std::future::poll_fn;
use std::hash::{BuildHasher, RandomState};
use std::pin::Pin;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Weak};
use std::task::Poll;
use std::time::Duration;

use arc_swap::ArcSwap;
use async_nats::{Client, ConnectOptions, Event, RequestErrorKind};
use bytes::Bytes;
use futures_util::{Sink, StreamExt};
use tokio::sync::watch;
use tokio::time::{interval, timeout};

use crate::access::{Inbox, MAX_PAYLOAD};
use crate::subjects::{Pattern, Subject};
use crate::words::{MAX_TEXT, printable};

pub use port::{Bound, Bus, BusError, Delivery, Incoming, Subscription};

/// Bytes that may arrive without a complete message before a link gives its server up.
pub const FRAME_LIMIT: u64 = 4 * MAX_PAYLOAD as u64;

/// [`Dial::waiting`] on a server of our own: it holds every message to [`MAX_PAYLOAD`], and questions of all peers meet there.
pub const OWN_SERVER: usize = 1024;
/// [`Dial::waiting`] on the server of somebody else, which may send messages of up to [`FRAME_LIMIT`]: with the two
/// subscriptions that are open at once, a hint and an answer, they hold 32 MiB at most. Whoever misses one of so many
/// hints has those before it still to follow.
pub const FOREIGN_SERVER: usize = 4;
/// Commands that wait for the connection.
const COMMAND_CAPACITY: usize = 1024;
/// Target under which the NATS client logs by itself, among other things what a server says, as often as it says it. What
/// matters of that is in [`LinkState`].
pub const CLIENT_LOG: &str = "async_nats";
const PING: Duration = Duration::from_secs(10);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// How long handing bytes to the connection may take.
const HAND_OVER: Duration = Duration::from_secs(5);
const WATCH: Duration = Duration::from_millis(100);

/// Where to dial and as whom.
#[derive(Debug, Clone)]
pub struct Dial {
    /// `tls://<host>:<port>`.
    pub address: String,
    /// Client certificate, and whose server certificates to believe.
    pub tls: certs::Client,
    /// How the connection calls itself on the server.
    pub name: String,
    /// Where answers arrive; the server lets a peer listen nowhere else.
    pub inbox: Inbox,
    /// Messages that wait for the reader of one subscription before they are dropped and [`Delivery::Lagged`] is said:
    /// [`OWN_SERVER`] or [`FOREIGN_SERVER`].
    pub waiting: usize,
}

/// How a link stands.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LinkState {
    /// Whether it is connected now.
    pub connected: bool,
    /// How often it has connected.
    pub connections: u64,
    /// How often a message was dropped because nobody read it in time.
    pub lagged: u64,
    /// How often the link itself gave the server up: a frame over the limit, or a client that ended.
    pub given_up: u64,
    /// What went wrong last, for people.
    pub last_error: Option<String>,
}

/// A connection to one nats-server that keeps itself alive until its last clone is dropped.
#[derive(Debug, Clone)]
pub struct Link {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    dial: Dial,
    client: ArcSwap<Client>,
    state: watch::Sender<LinkState>,
}

impl Link {
    /// Starts to dial and returns at once; [`Link::connected`] waits.
    ///
    /// # Errors
    /// [`BusError::Address`].
    pub async fn dial(dial: Dial) -> Result<Self, BusError> {
        let state = watch::Sender::new(LinkState::default());
        let client = ArcSwap::from_pointee(connect(&dial, &state).await?);
        let inner = Arc::new(Inner { dial, client, state });
        tokio::spawn(keep_watch(Arc::downgrade(&inner)));
        Ok(Self { inner })
    }

    /// How the link stands, now and at every change.
    pub fn state(&self) -> watch::Receiver<LinkState> {
        self.inner.state.subscribe()
    }

    /// Waits until the link is connected.
    ///
    /// # Errors
    /// [`BusError::Disconnected`], saying what went wrong last.
    pub async fn connected(&self, within: Duration) -> Result<(), BusError> {
        let mut state = self.state();
        let waited = timeout(within, state.wait_for(|state| state.connected)).await;
        match waited {
            Ok(Ok(_)) => Ok(()),
            _ => Err(self.disconnected()),
        }
    }

    /// What the server calls itself, once connected. Under `$SYS` it is addressed by this id, which changes with every
    /// start.
    pub fn server_id(&self) -> Option<String> {
        let info = self.client().try_server_info()?;
        self.inner.state.borrow().connected.then_some(info.server_id)
    }

    /// Waits until everything sent so far was handed to the operating system.
    ///
    /// # Errors
    /// The connection is away or slow.
    pub async fn flush(&self) -> Result<(), BusError> {
        let client = self.ready()?;
        match timeout(HAND_OVER, client.flush()).await {
            Ok(result) => result.map_err(|error| BusError::Client(error.to_string())),
            Err(_) => Err(BusError::Timeout(HAND_OVER)),
        }
    }

    fn client(&self) -> Client {
        Client::clone(&self.inner.client.load())
    }

    /// The client if it is connected: a disconnected one would queue what it is given and hold the caller up.
    fn ready(&self) -> Result<Client, BusError> {
        if self.inner.state.borrow().connected { Ok(self.client()) } else { Err(self.disconnected()) }
    }

    fn disconnected(&self) -> BusError {
        let state = self.inner.state.borrow();
        let reason = state.last_error.clone();
        BusError::Disconnected(reason.unwrap_or_else(|| "no connection yet".to_owned()))
    }

    async fn send(&self, to: String, payload: Bytes) -> Result<(), BusError> {
        let client = self.ready()?;
        check_size(&client, payload.len())?;
        match timeout(HAND_OVER, client.publish(to, payload)).await {
            Ok(result) => result.map_err(|error| BusError::Client(error.to_string())),
            Err(_) => Err(BusError::Timeout(HAND_OVER)),
        }
    }
}

impl Bus for Link {
    type Subscription = LinkSubscription;

    async fn publish(&self, to: &Subject, payload: Bytes) -> Result<(), BusError> {
        self.send(to.as_str().to_owned(), payload).await
    }

    async fn request(&self, to: &Subject, payload: Bytes, bound: Bound) -> Result<Bytes, BusError> {
        let client = self.ready()?;
        check_size(&client, payload.len())?;
        // An inbox of its own: the client's shared one never forgets a question that stays unanswered.
        let request = async_nats::Request::new().inbox(client.new_inbox()).payload(payload).timeout(None);
        let mut state = self.state();
        let connection = state.borrow().connections;
        let asked = timeout(bound.wait, client.send_request(to.as_str().to_owned(), request));
        let answered = tokio::select! {
            answered = asked => answered,
            // What was asked on a connection that is gone is answered, if at all, to nobody.
            _ = state.wait_for(|state| !state.connected || state.connections != connection) => {
                return Err(self.disconnected());
            }
        };
        let answer = match answered {
            Err(_) => return Err(BusError::Timeout(bound.wait)),
            Ok(Err(error)) if error.kind() == RequestErrorKind::NoResponders => {
                return Err(BusError::NobodyAnswers);
            }
            Ok(Err(error)) => return Err(BusError::Client(error.to_string())),
            Ok(Ok(message)) => message.payload,
        };
        let (bytes, limit) = (answer.len(), bound.bytes);
        if bytes > limit { Err(BusError::TooLarge { bytes, limit }) } else { Ok(answer) }
    }

    async fn subscribe(&self, to: &Pattern) -> Result<LinkSubscription, BusError> {
        let mut state = self.state();
        let seen = state.borrow_and_update().clone();
        let client = self.client();
        let subscribing = client.subscribe(to.as_str().to_owned());
        let messages = match timeout(HAND_OVER, subscribing).await {
            Ok(result) => result.map_err(|error| BusError::Client(error.to_string()))?,
            Err(_) => return Err(BusError::Timeout(HAND_OVER)),
        };
        Ok(LinkSubscription { messages, state, seen })
    }

    async fn answer(&self, asked: &Incoming, payload: Bytes) -> Result<(), BusError> {
        match &asked.reply {
            Some(to) => self.send(to.clone(), payload).await,
            None => Ok(()),
        }
    }
}

/// What a [`Link`] gives to listeners.
#[derive(Debug)]
pub struct LinkSubscription {
    messages: async_nats::Subscriber,
    state: watch::Receiver<LinkState>,
    seen: LinkState,
}

impl Subscription for LinkSubscription {
    async fn next(&mut self) -> Option<Delivery> {
        loop {
            tokio::select! {
                biased;
                changed = self.state.changed() => {
                    changed.ok()?;
                    if let Some(delivery) = self.noticed() {
                        return Some(delivery);
                    }
                }
                message = self.messages.next() => return message.map(incoming),
            }
        }
    }
}

impl LinkSubscription {
    /// What changed since this reader last looked, as far as it concerns a reader.
    fn noticed(&mut self) -> Option<Delivery> {
        let now = self.state.borrow_and_update().clone();
        let before = std::mem::replace(&mut self.seen, now);
        if self.seen.lagged > before.lagged {
            Some(Delivery::Lagged)
        } else if self.seen.connections > before.connections {
            Some(Delivery::Reconnected)
        } else {
            None
        }
    }
}

fn incoming(message: async_nats::Message) -> Delivery {
    Delivery::Message(Incoming {
        subject: message.subject.to_string(),
        payload: message.payload,
        reply: message.reply.map(|reply| reply.to_string()),
    })
}

fn check_size(client: &Client, bytes: usize) -> Result<(), BusError> {
    let limit = client.max_payload();
    if bytes > limit { Err(BusError::Oversized { bytes, limit }) } else { Ok(()) }
}

async fn connect(dial: &Dial, state: &watch::Sender<LinkState>) -> Result<Client, BusError> {
    let refuse = || BusError::Address { address: dial.address.clone() };
    let address: async_nats::ServerAddr = dial.address.parse().map_err(|_| refuse())?;
    if !dial.address.starts_with("tls://") {
        return Err(refuse());
    }
    let connecting = options(dial, state.clone()).connect(address);
    connecting.await.map_err(|error| BusError::Client(error.to_string()))
}

fn options(dial: &Dial, state: watch::Sender<LinkState>) -> ConnectOptions {
    let spread = RandomState::new();
    ConnectOptions::new()
        .name(&dial.name)
        .tls_client_config(dial.tls.nats_config())
        .require_tls(true)
        .tls_first()
        .ignore_discovered_servers()
        .retry_on_initial_connect()
        .custom_inbox_prefix(dial.inbox.as_str())
        .ping_interval(PING)
        .connection_timeout(CONNECT_TIMEOUT)
        .subscription_capacity(dial.waiting)
        .client_capacity(COMMAND_CAPACITY)
        .reconnect_delay_callback(move |attempts| delay(attempts, &spread))
        .event_callback(move |event| {
            state.send_modify(|state| note(state, &event));
            std::future::ready(())
        })
}

/// From 100 ms doubling to 10 s, half of it by chance: a server that comes back is not met by everybody in the same moment,
/// and one that takes every connection only to drop it is not hammered.
fn delay(attempts: usize, spread: &RandomState) -> Duration {
    let Some(doublings) = attempts.checked_sub(1) else {
        return Duration::ZERO;
    };
    let whole = 100_u64 << doublings.min(7);
    let half = whole.min(10_000) / 2;
    Duration::from_millis(half + spread.hash_one(attempts) % half.max(1))
}

fn note(state: &mut LinkState, event: &Event) {
    match event {
        Event::Connected => {
            state.connected = true;
            state.connections += 1;
            state.last_error = None;
        }
        Event::SlowConsumer(_) => state.lagged += 1,
        Event::Disconnected => {
            state.connected = false;
            state.last_error.get_or_insert_with(|| "the connection was lost".to_owned());
        }
        Event::Closed => state.connected = false,
        // The server chose the words.
        Event::ServerError(error) => state.last_error = Some(printable(&error.to_string(), MAX_TEXT)),
        Event::ClientError(error) => state.last_error = Some(printable(&error.to_string(), MAX_TEXT)),
        Event::LameDuckMode | Event::Draining => {}
    }
}

/// Gives up a client that ended or that gathers an endless frame, and dials anew.
async fn keep_watch(link: Weak<Inner>) {
    let mut ticks = interval(WATCH);
    let mut messages = 0;
    let mut bytes_before = 0;
    loop {
        ticks.tick().await;
        let Some(inner) = link.upgrade() else { return };
        let client = Client::clone(&inner.client.load());
        let statistics = client.statistics();
        let bytes = statistics.in_bytes.load(Ordering::Relaxed);
        let count = statistics.in_messages.load(Ordering::Relaxed);
        if count != messages {
            (messages, bytes_before) = (count, bytes);
        }
        let gathered = bytes.saturating_sub(bytes_before);
        let reason = if gathered > FRAME_LIMIT {
            format!("the server sent {gathered} bytes without a complete message")
        } else if ended(&client).await {
            "the connection ended".to_owned()
        } else {
            continue;
        };
        drop(client);
        give_up(&inner, reason).await;
        (messages, bytes_before) = (0, 0);
    }
}

/// Whether the client's task is gone: the channel to it is closed. Nothing is queued, for it may be busy dialling.
async fn ended(client: &Client) -> bool {
    let mut client = client.clone();
    poll_fn(|cx| Poll::Ready(matches!(Pin::new(&mut client).poll_ready(cx), Poll::Ready(Err(_))))).await
}

async fn give_up(inner: &Inner, reason: String) {
    // The server can bring this about as often as it likes: whoever dialled sees the reason in the state, and counts it.
    tracing::debug!(server = %inner.dial.address, reason, "gave a connection up; dialling again");
    inner.state.send_modify(|state| {
        state.connected = false;
        state.given_up += 1;
        state.last_error = Some(reason);
    });
    // The same wait as before a reconnection, growing with every time the server had to be given up.
    let times = usize::try_from(inner.state.borrow().given_up).unwrap_or(usize::MAX);
    tokio::time::sleep(delay(times, &RandomState::new())).await;
    if let Ok(client) = connect(&inner.dial, &inner.state).await {
        inner.client.store(Arc::new(client));
    }
}
