//! Putting a configuration into force, and not saying so before it is.
//!
//! ```text
//! write nats.conf (whole, durable, renamed into place)
//!   ▶ $SYS.REQ.SERVER.<id>.RELOAD   twice; the answers must hold no `error`
//!   ▶ $SYS.REQ.SERVER.<id>.CONNZ    page by page, until every connection belongs to a user of the new configuration
//! ```
//!
//! Twice, because one reload leaves the services that a *new* account imports without an answer: the server resolves them
//! against accounts as they were before (measured on 2.15.1, for an account that is new or that comes back; the second
//! reload, of the very same file, mends it).
//!
//! The list of *all* connections is compared with *all* that may be there, not with what changed: a node that crashed
//! between writing and reloading gets the same proof when it runs this again. The node's system user does the asking.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use certs::NodeUser;
use ledger::disk::RealDisk;
use ledger::files::{self, PRIVATE};
use tokio::time::{Instant, sleep};

use super::binary::{Binary, BinaryError};
use super::system::{GONE, System};
use crate::access::buyers::BuyersServer;
use crate::access::{Access, UnsafePath, User};
use crate::bus::{BusError, Link};

const POLL: Duration = Duration::from_millis(2);
/// How long a server that is just being started again is waited for.
const RESTART: Duration = Duration::from_secs(5);
/// The hand on one nats-server.
#[derive(Debug, Clone)]
pub struct Control {
    system: System,
    config: PathBuf,
    binary: Option<Binary>,
}

/// A configuration is in force: nobody is connected who is not in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InForce {
    /// How many connections there are, the node's own included.
    pub connections: usize,
    /// How long it took, from the first byte written.
    pub took: Duration,
}

/// Why a configuration is not known to be in force. Whoever was to be cut off may still be connected.
#[derive(Debug, thiserror::Error)]
pub enum ControlError {
    /// A path that nats-server cannot read.
    #[error(transparent)]
    Path(#[from] UnsafePath),
    /// The server's own check refuses the configuration; the one in force stays.
    #[error(transparent)]
    Refused(#[from] BinaryError),
    /// The configuration cannot be written; the one in force stays.
    #[error("{path} cannot be written ({source}): the server keeps its configuration")]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The server cannot be asked.
    #[error("nats-server cannot be asked to read its configuration again: {0}")]
    Bus(#[from] BusError),
    /// The server read it and refused; it keeps the one before.
    #[error("nats-server keeps its old configuration: {0}")]
    Reload(String),
    /// The server's answer cannot be read.
    #[error("nats-server gave an answer that cannot be read: {0}")]
    Answer(String),
    /// Somebody is still connected.
    #[error("still connected {GONE:?} after the cut-off: {}; stop nats-server if they must go now", .0.join(", "))]
    StillConnected(Vec<String>),
}

impl Control {
    /// A hand on the server to which `system` is connected as system user. `config` is the file that this server reads;
    /// with `binary`, the server's own check comes first.
    pub fn new(system: Link, config: PathBuf, binary: Option<Binary>) -> Self {
        Self { system: System::new(system), config, binary }
    }

    /// Writes the configuration before the server is started.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn prepare(config: &Path, access: &Access) -> Result<(), ControlError> {
        replace(config, &access.configuration()?)
    }

    /// The same for the server of buyers, whose configuration never changes while it runs.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn prepare_buyers(config: &Path, server: &BuyersServer) -> Result<(), ControlError> {
        if !server.sealed {
            let failed = |source| ControlError::Write { path: server.store.clone(), source };
            super::store::disown(&server.store).map_err(failed)?;
        }
        replace(config, &server.configuration()?)
    }

    /// Puts `access` into force and returns when nobody is connected who is not in it. Certificates and keys are read
    /// again, too: after a renewal, call it with the same value.
    ///
    /// # Errors
    /// It is not known to be in force: try again, which is harmless.
    pub async fn put_in_force(&self, access: &Access) -> Result<InForce, ControlError> {
        let begun = Instant::now();
        self.check(access).await?;
        Self::prepare(&self.config, access)?;
        self.system.link().connected(RESTART).await?;
        self.system.reload().await?;
        self.system.reload().await?;
        let connections = self.until_gone(&allowed(access)).await?;
        Ok(InForce { connections, took: begun.elapsed() })
    }

    async fn check(&self, access: &Access) -> Result<(), ControlError> {
        let Some(binary) = &self.binary else { return Ok(()) };
        let candidate = self.config.with_extension("candidate");
        replace(&candidate, &access.configuration()?)?;
        let accepted = binary.accepts(&candidate, None).await;
        let _ = fs::remove_file(&candidate);
        Ok(accepted?)
    }

    /// Waits until only `allowed` users are connected; gives the number of connections.
    async fn until_gone(&self, allowed: &BTreeSet<String>) -> Result<usize, ControlError> {
        let deadline = Instant::now() + GONE;
        loop {
            let all = self.system.connections().await?;
            let users = all.iter().map(|connection| &connection.user);
            let others: BTreeSet<_> = users.filter(|user| !allowed.contains(*user)).collect();
            if others.is_empty() {
                return Ok(all.len());
            }
            if Instant::now() > deadline {
                return Err(ControlError::StillConnected(others.into_iter().cloned().collect()));
            }
            sleep(POLL).await;
        }
    }
}

fn allowed(access: &Access) -> BTreeSet<String> {
    let own = [NodeUser::Node, NodeUser::System].map(|user| User::node(user, &access.origin));
    let everyone = access.guests().into_iter().chain(own);
    let nobody_yet = std::iter::once(String::new());
    everyone.map(|user| user.as_str().to_owned()).chain(nobody_yet).collect()
}

/// Puts the text in the place of the file: the server sees the old one or the new one, also after a crash.
fn replace(path: &Path, text: &str) -> Result<(), ControlError> {
    let written = files::replace(&RealDisk, path, text.as_bytes(), PRIVATE);
    written.map_err(|source| ControlError::Write { path: path.to_owned(), source })
}
