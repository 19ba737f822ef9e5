//! The port to a message bus, small enough for a double in memory.
//!
//! # The contract
//!
//! - Delivery is at most once. `Ok` from `publish` and `flush` says that bytes were handed to the connection, no more.
//!   Every message therefore carries a size or an index, and whoever reads it pulls what it missed.
//! - A subscription never hides a loss: [`Delivery::Lagged`] says that messages of this link were dropped because nobody
//!   read them, [`Delivery::Reconnected`] that some may have passed while the connection was away.
//! - Nothing waits without bound: calls fail with [`BusError::Disconnected`] or [`BusError::Timeout`]. The caller
//!   retries; the bus retries connections only.

use std::future::Future;
use std::time::Duration;

use bytes::Bytes;

use crate::subjects::{Pattern, Subject};

/// What the exchange needs of a message bus; see the contract above.
pub trait Bus: Clone + Send + Sync + 'static {
    /// What [`Bus::subscribe`] gives.
    type Subscription: Subscription;

    /// Sends a message to whoever listens.
    fn publish(&self, to: &Subject, payload: Bytes) -> impl Future<Output = Result<(), BusError>> + Send;

    /// Asks, and waits for one answer.
    fn request(
        &self,
        to: &Subject,
        payload: Bytes,
        bound: Bound,
    ) -> impl Future<Output = Result<Bytes, BusError>> + Send;

    /// Listens.
    fn subscribe(&self, to: &Pattern) -> impl Future<Output = Result<Self::Subscription, BusError>> + Send;

    /// Answers a message that asked for it. Without a place to answer to, nothing is sent.
    fn answer(&self, asked: &Incoming, payload: Bytes) -> impl Future<Output = Result<(), BusError>> + Send;
}

/// Messages in the order in which they arrive.
pub trait Subscription: Send + 'static {
    /// The next one; `None` when the connection is gone for good and the caller has to subscribe again. May be cancelled
    /// without losing anything.
    fn next(&mut self) -> impl Future<Output = Option<Delivery>> + Send;
}

/// How long an answer may take and how large it may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bound {
    /// Time to wait.
    pub wait: Duration,
    /// Bytes of the answer.
    pub bytes: usize,
}

/// What a subscription tells its reader.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Delivery {
    /// A message.
    Message(Incoming),
    /// Messages were dropped: the reader was too slow.
    Lagged,
    /// The connection was lost and is back: messages may have passed meanwhile.
    Reconnected,
}

/// A message that arrived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Incoming {
    /// The subject on which it arrived: in the account `NODE` the server's word about who speaks.
    pub subject: String,
    /// What it says. Not looked at yet.
    pub payload: Bytes,
    /// Where an answer goes, if one is wanted.
    pub reply: Option<String>,
}

/// Why the bus did not do what was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BusError {
    /// No connection just now; it is being dialled again.
    #[error("not connected: {0}")]
    Disconnected(String),
    /// No answer in time.
    #[error("no answer within {0:?}")]
    Timeout(Duration),
    /// Nobody answers on that subject: the other node is down, or this peering state does not include the service.
    #[error("nobody answers there")]
    NobodyAnswers,
    /// The answer is larger than allowed.
    #[error("the answer has {bytes} bytes; {limit} are allowed")]
    TooLarge {
        /// Its size.
        bytes: usize,
        /// The bound.
        limit: usize,
    },
    /// The message is larger than the server allows.
    #[error("the message has {bytes} bytes; the server allows {limit}")]
    Oversized {
        /// Its size.
        bytes: usize,
        /// The server's bound.
        limit: usize,
    },
    /// The address cannot be used.
    #[error("{address:?} is not the address of a nats-server: write tls://<host>:<port>")]
    Address {
        /// The address.
        address: String,
    },
    /// Anything else that the client says.
    #[error("the NATS client refused: {0}")]
    Client(String),
}
