//! Cursors: how far a reader came in a stream, kept by the server, so that the reader may keep nothing (consumers that are pulled from).
//!
//! A cursor costs the server what it says of it and no message: a stream forgets by its own bounds, however far a cursor is behind. A
//! reader that asks for nothing is told nothing. Out of scope: who may have one, and asking for messages, which readers do themselves.

use std::time::Duration;

use async_nats::jetstream::ErrorCode;
use async_nats::jetstream::consumer::{AckPolicy, DeliverPolicy, pull};
use async_nats::jetstream::stream::ConsumerErrorKind;
use futures_util::StreamExt;

use super::{Stream, StreamError, refused};
use crate::subjects::Pattern;

/// How long a reader may take to say that it has a message, before it is told again.
const ACKNOWLEDGE: Duration = Duration::from_secs(60);
/// Messages that may be told and not yet acknowledged; no more are told then.
const OUTSTANDING: i64 = 1024;
/// Questions of a reader that wait for messages, how many each may ask for, how large, and how long it may wait.
const QUESTIONS: i64 = 16;
const BATCH: i64 = 256;
const BATCH_BYTES: i64 = 1 << 20;
const PATIENCE: Duration = Duration::from_secs(60);

/// A cursor to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewCursor {
    /// Its name on the server.
    pub name: String,
    /// What it tells: messages that fit any of these.
    pub hears: Vec<Pattern>,
    /// The place of the first message that it may tell.
    pub from: u64,
}

/// How far a reader came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cursor {
    /// Its name on the server.
    pub name: String,
    /// Place up to which everything it tells was acknowledged; 0 before the first.
    pub acknowledged: u64,
}

impl Stream {
    /// Makes a cursor; one of that name that is the same already stays as it is.
    ///
    /// # Errors
    /// As the server says.
    pub async fn make_cursor(&self, new: &NewCursor) -> Result<(), StreamError> {
        let config = pull::Config {
            durable_name: Some(new.name.clone()),
            deliver_policy: DeliverPolicy::ByStartSequence { start_sequence: new.from.max(1) },
            ack_policy: AckPolicy::Explicit,
            ack_wait: ACKNOWLEDGE,
            filter_subjects: new.hears.iter().map(|hears| hears.as_str().to_owned()).collect(),
            max_ack_pending: OUTSTANDING,
            max_waiting: QUESTIONS,
            max_batch: BATCH,
            max_bytes: BATCH_BYTES,
            max_expires: PATIENCE,
            ..pull::Config::default()
        };
        let made = self.handle().await?.create_consumer(config).await;
        made.map(|_| ()).map_err(|error| refused(&error))
    }

    /// Takes a cursor away, if it is there.
    ///
    /// # Errors
    /// As the server says.
    pub async fn drop_cursor(&self, name: &str) -> Result<(), StreamError> {
        match self.handle().await?.delete_consumer(name).await {
            Ok(_) => Ok(()),
            Err(error) => match error.kind() {
                ConsumerErrorKind::JetStream(found) if found.error_code() == ErrorCode::CONSUMER_NOT_FOUND => Ok(()),
                _ => Err(refused(&error)),
            },
        }
    }

    /// All cursors.
    ///
    /// # Errors
    /// As the server says.
    pub async fn cursors(&self) -> Result<Vec<Cursor>, StreamError> {
        let stream = self.handle().await?;
        let mut listed = stream.consumers();
        let mut all = Vec::new();
        while let Some(found) = listed.next().await {
            let found = found.map_err(|error| refused(&error))?;
            all.push(Cursor { name: found.name, acknowledged: found.ack_floor.stream_sequence });
        }
        Ok(all)
    }
}
