//! An event stream as a client reads it.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use serde_json::Value;
use warp::http::Method;

use super::fixture::{Talk, World};

/// A stream as a client reads it.
pub(super) struct Events {
    body: Incoming,
    read: BytesMut,
    /// Keeps the connection.
    _talk: Talk,
}

/// What a stream says.
#[derive(Debug)]
pub(super) enum Said {
    /// An event with its id.
    Event(String, Value),
    /// A checkpoint.
    Checkpoint(String),
    /// Why nothing is said of a supplier.
    Absence(Value),
}

impl Events {
    pub(super) async fn open(mut talk: Talk, path: &str, headers: &[(&str, &str)]) -> Events {
        let answer = talk.open(Method::GET, path, headers, Bytes::new()).await;
        assert_eq!(answer.status(), 200, "{path}");
        assert_eq!(answer.headers()["content-type"], "text/event-stream");
        Events { body: answer.into_body(), read: BytesMut::new(), _talk: talk }
    }

    pub(super) async fn of(world: &World, path: &str) -> Events {
        Events::open(world.talk(None).await, path, &[]).await
    }

    /// What comes next; nothing at the end.
    pub(super) async fn next(&mut self) -> Option<Said> {
        loop {
            if let Some(end) = self.read.windows(2).position(|two| two == b"\n\n") {
                let text = String::from_utf8(self.read.split_to(end + 2).to_vec()).unwrap();
                match said(&text) {
                    Some(said) => return Some(said),
                    None => continue,
                }
            }
            let frame =
                tokio::time::timeout(Duration::from_secs(20), self.body.frame()).await.expect("something comes");
            self.read.extend_from_slice(&frame?.ok()?.into_data().unwrap());
        }
    }

    /// The next event; checkpoints are passed over.
    pub(super) async fn event(&mut self) -> (String, Value) {
        loop {
            match self.next().await.expect("an event") {
                Said::Event(id, event) => return (id, event),
                Said::Checkpoint(_) | Said::Absence(_) => {}
            }
        }
    }

    /// Ids and types of the next events.
    pub(super) async fn take(&mut self, count: usize) -> Vec<(String, String)> {
        let mut taken = Vec::new();
        for _ in 0..count {
            let (id, event) = self.event().await;
            taken.push((id, event["type"].as_str().unwrap().replace("org.secure-trust-registry.", "")));
        }
        taken
    }

    /// Whether nothing comes for a moment.
    pub(super) async fn is_silent(&mut self) -> bool {
        tokio::time::timeout(Duration::from_millis(300), self.event()).await.is_err()
    }
}

fn said(text: &str) -> Option<Said> {
    let field = |name: &str| text.lines().find_map(|line| line.strip_prefix(name));
    let data = field("data: ")?;
    let value: Value = serde_json::from_str(data).unwrap();
    Some(match field("event: ") {
        Some("checkpoint") => {
            assert_eq!(field("id: "), None, "a checkpoint moves nobody's place: {text}");
            Said::Checkpoint(value.as_str().unwrap().to_owned())
        }
        Some("absence") => {
            assert_eq!(field("id: "), None, "it moves nobody's place: {text}");
            Said::Absence(value)
        }
        other => {
            assert_eq!(other, None);
            Said::Event(field("id: ").unwrap().to_owned(), value)
        }
    })
}
