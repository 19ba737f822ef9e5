//! A reader of the event stream (SSE): whole events in order, with a deadline for each.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http_body_util::BodyExt;
use hyper::body::Incoming;
use ledger::checkpoint::Checkpoint;
use ledger::entry::Entry;
use ledger::note::NoteVerifier;
use registry_node::client::{Client, ClientError, Connection};
use serde_json::Value;
use tokio::time::timeout;

use crate::wait::PATIENCE;

/// The size of the checkpoint that an event carries as a member.
///
/// # Panics
/// When it carries none that the log signed.
pub fn covered(event: &Value, log: &NoteVerifier) -> u64 {
    let note = STANDARD.decode(event["checkpoint"].as_str().expect("a checkpoint")).expect("base64");
    let note = String::from_utf8(note).expect("a note");
    Checkpoint::verify_published(&note, log).expect("the log signed it").size
}

/// What comes out of a stream.
#[derive(Debug, Clone, PartialEq)]
pub enum Frame {
    /// A CloudEvent with the id that the stream gave it.
    Event {
        /// Where a reader resumes.
        id: String,
        /// The event.
        event: Value,
    },
    /// The newest published checkpoint, a signed note.
    Checkpoint(String),
}

impl Frame {
    /// The last part of the event's type, such as `verdict.granted`; nothing for a checkpoint.
    pub fn kind(&self) -> &str {
        match self {
            Frame::Event { event, .. } => {
                let kind = event["type"].as_str().unwrap_or_default();
                kind.strip_prefix("org.secure-trust-registry.").unwrap_or(kind)
            }
            Frame::Checkpoint(_) => "",
        }
    }

    /// The log entry that an event speaks of: its index and what it is.
    ///
    /// # Panics
    /// When this is no event.
    pub fn entry(&self) -> (u64, Entry) {
        let Frame::Event { id, event } = self else { panic!("a checkpoint is no event") };
        let index = id.split('.').next().and_then(|index| index.parse().ok()).expect("an index");
        let bytes = STANDARD.decode(event["entry"].as_str().expect("an entry")).expect("base64");
        (index, Entry::decode(&bytes).expect("an entry"))
    }
}

/// An open stream.
pub struct Events {
    // The connection ends with the last handle on it.
    _connection: Connection,
    body: Incoming,
    bytes: Vec<u8>,
}

impl Events {
    /// Opens the stream at `path`, behind `last_event_id` if there is one.
    ///
    /// # Errors
    /// As the client says.
    pub async fn open(client: &Client, path: &str, last_event_id: Option<&str>) -> Result<Events, ClientError> {
        let mut connection = client.connect().await?;
        let body = connection.stream(path, last_event_id).await?;
        Ok(Events { _connection: connection, body, bytes: Vec::new() })
    }

    /// The next frame; nothing when the stream ended.
    ///
    /// # Panics
    /// When nothing comes for long.
    pub async fn next(&mut self) -> Option<Frame> {
        self.within(PATIENCE).await.expect("a frame within the deadline")
    }

    /// The next event of a kind, such as `verdict.granted`; others are passed over.
    ///
    /// # Panics
    /// When the stream ends before, or nothing comes for long.
    pub async fn until(&mut self, kind: &str) -> Value {
        loop {
            match self.next().await {
                Some(Frame::Event { event, .. }) if event["type"].as_str().is_some_and(|one| one.ends_with(kind)) => {
                    return event;
                }
                Some(_) => {}
                None => panic!("the stream ended before {kind}"),
            }
        }
    }

    /// The next frame if one comes within `wait`, nothing inside when the stream ended.
    pub async fn within(&mut self, wait: Duration) -> Option<Option<Frame>> {
        timeout(wait, self.frame()).await.ok()
    }

    async fn frame(&mut self) -> Option<Frame> {
        loop {
            while let Some(end) = self.bytes.windows(2).position(|pair| pair == b"\n\n") {
                let block: Vec<u8> = self.bytes.drain(..end + 2).collect();
                if let Some(frame) = read(&String::from_utf8(block).expect("text")) {
                    return Some(frame);
                }
            }
            let piece = self.body.frame().await?.ok()?;
            self.bytes.extend_from_slice(piece.data_ref()?);
        }
    }
}

/// Comments and settings are no frames; nor is why a supplier is silent.
fn read(block: &str) -> Option<Frame> {
    let field = |name: &str| block.lines().find_map(|line| line.strip_prefix(name));
    let data: Value = serde_json::from_str(field("data: ")?).expect("an event carries JSON");
    match field("event: ") {
        Some("checkpoint") => Some(Frame::Checkpoint(data.as_str().expect("a note").to_owned())),
        Some("absence") => None,
        Some(other) => panic!("an unknown kind of frame: {other}"),
        None => Some(Frame::Event { id: field("id: ").expect("an id").to_owned(), event: data }),
    }
}
