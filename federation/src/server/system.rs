//! Asking a nats-server as its system user: who is connected, and ending connections.
//!
//! ```text
//! $SYS.REQ.SERVER.<id>.CONNZ   the connections, page by page
//! $SYS.REQ.SERVER.<id>.KICK    ends one
//! ```
//!
//! Out of scope: who may be connected.

use std::collections::BTreeSet;
use std::time::Duration;

use bytes::Bytes;
use serde::Deserialize;
use serde::de::IgnoredAny;
use tokio::time::{Instant, sleep};

use super::control::ControlError;
use crate::bus::{Bound, Bus, BusError, Link};
use crate::subjects::Subject;

/// Connections that are asked for at once. A client says of itself what it likes in one line (4,096 bytes), and each byte may take six
/// in the answer: the longest page has to fit, or a few clients could keep everybody from being cut off.
const PAGE: usize = 32;
const LONGEST: usize = 6 * 4096 + 4096;
const _: () = assert!(PAGE * LONGEST <= ANSWER.bytes, "a page fits the answer");
/// The most pages that are read: more connections than the limits of all accounts allow.
const MOST_PAGES: usize = 2048;
const ANSWER: Bound = Bound { wait: Duration::from_secs(5), bytes: 1 << 20 };
/// How long connections may take to go after they were ended, or the server said that it reloaded. Measured: 3 to 8 ms.
pub(super) const GONE: Duration = Duration::from_secs(5);
const POLL: Duration = Duration::from_millis(2);

/// One connection to the server.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Connection {
    /// What the server calls it; no later connection is called so until the server starts again.
    #[serde(rename = "cid")]
    pub id: u64,
    /// Its account; another one than is configured, or none, while it has not been let in.
    #[serde(default)]
    pub account: String,
    /// Who it is. Empty while it has not shown its certificate: it can do nothing, and will be judged by what is in force then.
    #[serde(default, rename = "authorized_user")]
    pub user: String,
}

/// A connection to a server as its system user.
#[derive(Debug, Clone)]
pub struct System(Link);

impl System {
    /// `link` is connected as the system user.
    pub fn new(link: Link) -> Self {
        Self(link)
    }

    /// The link.
    pub(super) fn link(&self) -> &Link {
        &self.0
    }

    /// All connections.
    ///
    /// # Errors
    /// The server cannot be asked, or its answer cannot be read.
    pub async fn connections(&self) -> Result<Vec<Connection>, ControlError> {
        let mut all = Vec::new();
        for page in 0..MOST_PAGES {
            let question = format!(r#"{{"auth":true,"limit":{PAGE},"offset":{}}}"#, page * PAGE);
            let answer: Answer<Connections> = self.ask("CONNZ", question.into()).await?;
            let found = match (answer.error, answer.data) {
                (None, Some(data)) => data.connections,
                (error, _) => return Err(unreadable(error)),
            };
            let last = found.len() < PAGE;
            all.extend(found);
            if last {
                return Ok(all);
            }
        }
        Err(ControlError::Answer(format!("more than {} connections", MOST_PAGES * PAGE)))
    }

    /// Ends every connection that may not stay, and returns those that are left once the others are gone.
    ///
    /// # Errors
    /// Somebody is not known to be gone: try again, which is harmless.
    pub async fn cut(&self, may_stay: impl Fn(&Connection) -> bool) -> Result<Vec<Connection>, ControlError> {
        let mut all = self.connections().await?;
        let deadline = Instant::now() + GONE;
        loop {
            let others: Vec<&Connection> = all.iter().filter(|connection| !may_stay(connection)).collect();
            if others.is_empty() {
                return Ok(all);
            }
            if Instant::now() > deadline {
                let users: BTreeSet<String> = others.into_iter().map(|connection| connection.user.clone()).collect();
                return Err(ControlError::StillConnected(users.into_iter().collect()));
            }
            for other in others {
                self.kick(other.id).await?;
            }
            sleep(POLL).await;
            all = self.connections().await?;
        }
    }

    /// One that is gone already counts as gone.
    async fn kick(&self, id: u64) -> Result<(), ControlError> {
        let _: Answer<IgnoredAny> = self.ask("KICK", format!(r#"{{"cid":{id}}}"#).into()).await?;
        Ok(())
    }

    /// Has the server read its configuration again.
    pub(super) async fn reload(&self) -> Result<(), ControlError> {
        let answer: Answer<IgnoredAny> = self.ask("RELOAD", Bytes::new()).await?;
        answer.error.map_or(Ok(()), |error| Err(ControlError::Reload(error.description)))
    }

    async fn ask<A: for<'a> Deserialize<'a>>(&self, verb: &str, question: Bytes) -> Result<A, ControlError> {
        let server = self.0.server_id();
        let server = server.ok_or_else(|| BusError::Disconnected("the server is not running".to_owned()))?;
        let answer = self.0.request(&Subject::of_server(&server, verb), question, ANSWER).await?;
        serde_json::from_slice(&answer).map_err(|error| ControlError::Answer(error.to_string()))
    }
}

fn unreadable(error: Option<Failure>) -> ControlError {
    ControlError::Answer(error.map_or_else(|| "no data".to_owned(), |error| error.description))
}

/// What the server sends back under `$SYS.REQ.SERVER`; it has more members, which do not matter here.
#[derive(Deserialize)]
struct Answer<D> {
    error: Option<Failure>,
    data: Option<D>,
}

#[derive(Deserialize)]
struct Failure {
    description: String,
}

#[derive(Deserialize)]
struct Connections {
    connections: Vec<Connection>,
}
