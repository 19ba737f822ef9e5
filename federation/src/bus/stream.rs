//! The stream in which a registry's server of buyers keeps events: JetStream, as far as it is needed.
//!
//! In scope: making the stream, putting messages behind its last one, looking at what is there, and the cursors of readers (`cursors`).
//! Out of scope: what the messages are and where to go on (`registry-node`).
//!
//! # The contract
//!
//! - [`Stream::add`] returns when every message is on the server's disk, in order, behind the one that was last: each names the place
//!   that it expects to take, and the message that it expects before it, so that none is kept twice however often it is sent again, and
//!   none behind a gap.
//! - After any error it is not known how many were kept: [`Stream::extent`] and [`Stream::from`] tell.
//! - There is one writer, the node. Whatever it did not write itself makes [`Stream::add`] fail with [`StreamError::Moved`].

mod cursors;

use std::time::Duration;

use async_nats::HeaderMap;
use async_nats::header::NATS_MESSAGE_ID;
use async_nats::jetstream::context::{ContextBuilder, PublishErrorKind};
use async_nats::jetstream::message::{PublishMessage, StreamMessage};
use async_nats::jetstream::stream::{
    Config, DeleteMessageErrorKind, DiscardPolicy, RawMessageError, RawMessageErrorKind, StorageType,
};
use async_nats::jetstream::{self, ErrorCode};
use bytes::Bytes;
use tokio::time::sleep;

use super::{BusError, Link};
pub use cursors::{Cursor, NewCursor};

use crate::access::MAX_PAYLOAD;
use crate::subjects::{Pattern, Subject};

/// How long the server may take for one answer: each waits for the disk, and for all before it.
const ANSWER: Duration = Duration::from_secs(30);
/// The shortest that the server allows. What was kept is known by its place, not by what the server remembers of ids, which would
/// keep it from taking again what was deleted a moment ago.
const DUPLICATES: Duration = Duration::from_millis(100);
/// Every subject of a stream.
const ANY: &str = ">";
/// The most messages of one [`Stream::add`]: they wait for the disk together.
pub const MOST_AT_ONCE: usize = 512;

/// What a stream keeps, and for how long. What exceeds it goes, the oldest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Keeping {
    /// Its name.
    pub name: &'static str,
    /// What it keeps.
    pub subjects: Vec<Pattern>,
    /// Bytes of all messages.
    pub bytes: u64,
    /// Age of a message, since the server took it.
    pub age: Duration,
}

/// What there is in a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Extent {
    /// Messages.
    pub messages: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Place of the first message; one behind the last where there is none.
    pub first: u64,
    /// Place of the last message that there ever was; 0 where there was none.
    pub last: u64,
}

/// A message to be kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    /// Its subject, one of those that the stream keeps.
    pub subject: Subject,
    /// Its id.
    pub id: String,
    /// What it says.
    pub payload: Bytes,
}

/// A message that was kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// Its place.
    pub place: u64,
    /// Its id; empty for one that the node did not write.
    pub id: String,
}

/// Why the stream did not do what was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StreamError {
    /// The connection.
    #[error(transparent)]
    Bus(#[from] BusError),
    /// Something else is last there than the node wrote, or there is no stream any more.
    #[error("the stream is not as it was left")]
    Moved,
    /// The server refuses, for want of room or because its store is damaged.
    #[error("nats-server does not keep it: {0}")]
    Refused(String),
}

/// One stream of the server to which a link goes.
#[derive(Debug, Clone)]
pub struct Stream {
    link: Link,
    keeping: Keeping,
}

impl Stream {
    /// Makes the stream where there is none, and otherwise changes what it is to keep.
    ///
    /// # Errors
    /// As the server says.
    pub async fn open(link: Link, keeping: Keeping) -> Result<Self, StreamError> {
        let stream = Self { link, keeping };
        let made = stream.context()?.create_or_update_stream(stream.config()).await;
        made.map_err(|error| refused(&error))?;
        Ok(stream)
    }

    /// What it keeps.
    pub fn keeping(&self) -> &Keeping {
        &self.keeping
    }

    /// What there is.
    ///
    /// # Errors
    /// [`StreamError::Moved`] when there is no such stream.
    pub async fn extent(&self) -> Result<Extent, StreamError> {
        let found = self.context()?.get_stream(self.keeping.name).await.map_err(|error| match error.kind() {
            jetstream::context::GetStreamErrorKind::JetStream(error)
                if error.error_code() == ErrorCode::STREAM_NOT_FOUND =>
            {
                StreamError::Moved
            }
            _ => refused(&error),
        })?;
        let state = &found.cached_info().state;
        let (first, last) = (state.first_sequence, state.last_sequence);
        Ok(Extent { messages: state.messages, bytes: state.bytes, first, last })
    }

    /// The first message at this place or behind it.
    ///
    /// # Errors
    /// As the server says.
    pub async fn from(&self, place: u64) -> Result<Option<Kept>, StreamError> {
        let stream = self.handle().await?;
        let wanted = stream.raw_message_builder().sequence(place).next_by_subject(ANY);
        found(wanted.send().await)
    }

    /// The last message.
    ///
    /// # Errors
    /// As the server says.
    pub async fn last(&self) -> Result<Option<Kept>, StreamError> {
        let stream = self.handle().await?;
        found(stream.raw_message_builder().last_by_subject(ANY).send().await)
    }

    /// Puts messages, [`MOST_AT_ONCE`] at most, behind the one at `last`, and returns the place of the last of them.
    ///
    /// # Errors
    /// It is not known how many were kept.
    pub async fn add(&self, last: u64, drafts: Vec<Draft>) -> Result<u64, StreamError> {
        let context = self.context()?;
        let mut place = last;
        let mut before: Option<String> = None;
        let mut kept = Vec::with_capacity(drafts.len());
        for draft in drafts {
            let message = PublishMessage::build().payload(draft.payload).message_id(&draft.id);
            let message = message.expected_stream(self.keeping.name).expected_last_sequence(place);
            let message = match &before {
                Some(before) => message.expected_last_message_id(before),
                None => message,
            };
            let sent = context.send_publish(draft.subject.as_str().to_owned(), message).await;
            kept.push(sent.map_err(|error| unkept(&error))?);
            (place, before) = (place + 1, Some(draft.id));
        }
        for (expected, kept) in (last + 1..).zip(kept) {
            let kept = kept.await.map_err(|error| unkept(&error))?;
            if kept.duplicate || kept.sequence != expected {
                return Err(StreamError::Moved);
            }
        }
        Ok(place)
    }

    /// Takes one message out for ever: its bytes are written over.
    ///
    /// # Errors
    /// As the server says.
    pub async fn erase(&self, place: u64) -> Result<(), StreamError> {
        match self.handle().await?.delete_message(place).await {
            Ok(_) => Ok(()),
            Err(error) => match error.kind() {
                DeleteMessageErrorKind::JetStream(found) if found.error_code() == ErrorCode::SEQUENCE_NOT_FOUND => {
                    Ok(())
                }
                _ => Err(refused(&error)),
            },
        }
    }

    /// Takes all messages out, for ever. Places go on behind the last.
    ///
    /// # Errors
    /// As the server says.
    pub async fn empty(&self) -> Result<(), StreamError> {
        self.handle().await?.purge().await.map_err(|error| refused(&error))?;
        // The server forgets ids with a timer of its own, and would take what comes again at once for what it had.
        sleep(3 * DUPLICATES).await;
        Ok(())
    }

    /// Takes the stream itself away: places begin again.
    ///
    /// # Errors
    /// As the server says.
    pub async fn remove(&self) -> Result<(), StreamError> {
        self.context()?.delete_stream(self.keeping.name).await.map(|_| ()).map_err(|error| refused(&error))
    }

    fn context(&self) -> Result<jetstream::Context, StreamError> {
        let client = self.link.ready()?;
        Ok(ContextBuilder::new().timeout(ANSWER).ack_timeout(ANSWER).build(client))
    }

    async fn handle(&self) -> Result<jetstream::stream::Stream<()>, StreamError> {
        self.context()?.get_stream_no_info(self.keeping.name).await.map_err(|error| refused(&error))
    }

    fn config(&self) -> Config {
        Config {
            name: self.keeping.name.to_owned(),
            subjects: self.keeping.subjects.iter().map(|subject| subject.as_str().to_owned()).collect(),
            max_bytes: i64::try_from(self.keeping.bytes).unwrap_or(i64::MAX),
            max_age: self.keeping.age,
            max_message_size: i32::try_from(MAX_PAYLOAD).unwrap_or(i32::MAX),
            discard: DiscardPolicy::Old,
            storage: StorageType::File,
            num_replicas: 1,
            duplicate_window: DUPLICATES,
            ..Config::default()
        }
    }
}

fn found(answer: Result<StreamMessage, RawMessageError>) -> Result<Option<Kept>, StreamError> {
    match answer {
        Ok(message) => Ok(Some(Kept { place: message.sequence, id: id(&message.headers) })),
        Err(error) if matches!(error.kind(), RawMessageErrorKind::NoMessageFound) => Ok(None),
        Err(error) => Err(refused(&error)),
    }
}

fn id(headers: &HeaderMap) -> String {
    headers.get(NATS_MESSAGE_ID).map_or_else(String::new, |id| id.as_str().to_owned())
}

fn refused(error: &impl std::error::Error) -> StreamError {
    StreamError::Refused(error.to_string())
}

fn unkept(error: &jetstream::context::PublishError) -> StreamError {
    match error.kind() {
        PublishErrorKind::StreamNotFound
        | PublishErrorKind::WrongLastSequence
        | PublishErrorKind::WrongLastMessageId => StreamError::Moved,
        PublishErrorKind::TimedOut => BusError::Timeout(ANSWER).into(),
        PublishErrorKind::BrokenPipe => BusError::Disconnected("the connection was lost".to_owned()).into(),
        _ => refused(error),
    }
}
