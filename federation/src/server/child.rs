//! A nats-server as a child process: started after its configuration was read once, started again when it dies, stopped in
//! order.
//!
//! ```text
//! <folder>/nats.conf            written by `Control`, read by the server
//! <folder>/nats-server.log      the server's log, kept small by the server itself
//! <folder>/nats-server.out      what it prints besides: reasons for not starting; emptied at each start
//! <folder>/nats-server.pid      its process id, so that a node that was killed finds its server again
//! ```
//!
//! The child has its own process group: Ctrl-C at the node's terminal reaches the node only, which then stops the server
//! after the last message. A child whose [`Child`] is dropped is killed. A child that outlived a killed node is recognised
//! by pid file and command line, and ended before a new one starts.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process, test_kill_process};
use tokio::net::TcpStream;
use tokio::process::Command;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, timeout};

use super::binary::{Binary, BinaryError};
use super::store::SealedStore;

const START: Duration = Duration::from_secs(10);
const STOP: Duration = Duration::from_secs(5);
const POLL: Duration = Duration::from_millis(20);
const FIRST_WAIT: Duration = Duration::from_millis(200);
const LONGEST_WAIT: Duration = Duration::from_secs(10);
/// A server that ran this long was healthy: the next restart waits the shortest time again.
const HEALTHY: Duration = Duration::from_secs(60);

/// What is needed to start a server.
#[derive(Debug, Clone)]
pub struct Setup {
    /// The program.
    pub binary: Binary,
    /// Where its files are.
    pub folder: PathBuf,
    /// Where the configuration tells it to listen.
    pub listen: SocketAddr,
    /// What it stores, if the configuration says that it stores anything under a key.
    pub store: Option<SealedStore>,
}

impl Setup {
    /// The configuration.
    pub fn config(&self) -> PathBuf {
        self.folder.join("nats.conf")
    }

    /// The server's log.
    pub fn log(&self) -> PathBuf {
        self.folder.join("nats-server.log")
    }

    /// Its process id.
    pub fn pid(&self) -> PathBuf {
        self.folder.join("nats-server.pid")
    }

    fn printed(&self) -> PathBuf {
        self.folder.join("nats-server.out")
    }
}

/// How the server stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Status {
    /// It takes connections.
    Running {
        /// Its process.
        pid: u32,
        /// How often it was started.
        starts: u32,
    },
    /// It died and is being started again.
    Down {
        /// Why, for people.
        reason: String,
    },
    /// It was stopped on purpose.
    Stopped,
}

/// Why a server does not start. For the operator to mend.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The program or the configuration.
    #[error(transparent)]
    Binary(#[from] BinaryError),
    /// Somebody else listens there.
    #[error("{listen} is taken by another program: stop that program or give this registry's nats-server another port")]
    PortTaken {
        /// The address.
        listen: SocketAddr,
    },
    /// The address is none of this machine's.
    #[error("nats-server cannot listen on {listen}: {source}")]
    Address {
        /// The address.
        listen: SocketAddr,
        /// What the system says.
        source: io::Error,
    },
    /// It ended at once.
    #[error("nats-server ended at its start ({status}): {reason}")]
    Ended {
        /// How.
        status: ExitStatus,
        /// The last it said.
        reason: String,
    },
    /// It runs but takes no connection.
    #[error("nats-server does not take connections on {listen} after {START:?}; see {log}")]
    Unreachable {
        /// The address.
        listen: SocketAddr,
        /// Where to look.
        log: PathBuf,
    },
    /// Files or processes.
    #[error("nats-server cannot be run from {folder}: {source}")]
    Io {
        /// The folder.
        folder: PathBuf,
        /// What the system says.
        source: io::Error,
    },
}

/// A server that is kept running until [`Child::stop`].
#[derive(Debug)]
pub struct Child {
    status: watch::Receiver<Status>,
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

impl Child {
    /// Starts the server and waits until it takes connections.
    ///
    /// # Errors
    /// It does not start; nothing is left running.
    pub async fn start(setup: Setup) -> Result<Self, StartError> {
        setup.binary.accepts(&setup.config(), setup.store.as_ref()).await?;
        end_leftover(&setup).await.map_err(|source| failed(&setup, source))?;
        let process = spawn(&setup).await?;
        let running = Status::Running { pid: process.id().unwrap_or_default(), starts: 1 };
        let (report, status) = watch::channel(running);
        let (stop, stopped) = watch::channel(false);
        let task = tokio::spawn(supervise(setup, process, report, stopped));
        Ok(Self { status, stop, task })
    }

    /// How it stands, now and at every change.
    pub fn status(&self) -> watch::Receiver<Status> {
        self.status.clone()
    }

    /// Asks it to end, waits, and kills it if it does not.
    pub async fn stop(self) {
        self.stop.send_replace(true);
        // An error here means that the task is gone, and the process with it.
        let _ = self.task.await;
    }
}

async fn supervise(
    setup: Setup,
    mut process: tokio::process::Child,
    report: watch::Sender<Status>,
    mut stop: watch::Receiver<bool>,
) {
    let mut starts = 1;
    let mut wait = FIRST_WAIT;
    loop {
        let since = Instant::now();
        let reason = tokio::select! {
            ended = process.wait() => died(&setup, ended),
            _ = stopping(&mut stop) => {
                terminate(&mut process).await;
                report.send_replace(Status::Stopped);
                return;
            }
        };
        if since.elapsed() > HEALTHY {
            wait = FIRST_WAIT;
        }
        tracing::warn!(reason, wait = ?wait, "nats-server died; starting it again");
        report.send_replace(Status::Down { reason });
        let Some(next) = restart(&setup, &report, &mut stop, &mut wait).await else {
            report.send_replace(Status::Stopped);
            return;
        };
        process = next;
        starts += 1;
        report.send_replace(Status::Running { pid: process.id().unwrap_or_default(), starts });
    }
}

/// Starts it again, however often that takes; `None` when told to stop meanwhile.
async fn restart(
    setup: &Setup,
    report: &watch::Sender<Status>,
    stop: &mut watch::Receiver<bool>,
    wait: &mut Duration,
) -> Option<tokio::process::Child> {
    loop {
        tokio::select! {
            () = sleep(*wait) => {}
            _ = stopping(stop) => return None,
        }
        *wait = (*wait * 2).min(LONGEST_WAIT);
        match spawn(setup).await {
            Ok(process) => return Some(process),
            Err(error) => {
                tracing::warn!(%error, wait = ?wait, "nats-server does not start; trying again");
                report.send_replace(Status::Down { reason: error.to_string() });
            }
        }
    }
}

/// Ends when told to stop, or when nobody is left who could tell.
async fn stopping(stop: &mut watch::Receiver<bool>) {
    let _ = stop.wait_for(|stop| *stop).await;
}

fn died(setup: &Setup, ended: io::Result<ExitStatus>) -> String {
    match ended {
        Ok(status) => format!("it ended ({status}): {}", last_words(setup)),
        Err(error) => format!("it cannot be waited for: {error}"),
    }
}

async fn terminate(process: &mut tokio::process::Child) {
    if let Some(pid) = process.id().and_then(pid_of) {
        let _ = kill_process(pid, Signal::TERM);
    }
    if timeout(STOP, process.wait()).await.is_err() {
        tracing::warn!("nats-server did not end within {STOP:?} and is killed");
        let _ = process.kill().await;
    }
}

/// Starts the process and waits until it takes a connection.
async fn spawn(setup: &Setup) -> Result<tokio::process::Child, StartError> {
    check_port(setup.listen)?;
    if let Some(store) = &setup.store {
        store.claim().map_err(|source| failed(setup, source))?;
    }
    let output = File::create(setup.printed()).map_err(|source| failed(setup, source))?;
    let errors = output.try_clone().map_err(|source| failed(setup, source))?;
    let mut process = Command::new(setup.binary.path())
        .arg("-c")
        .arg(setup.config())
        .envs(setup.store.as_ref().map(SealedStore::variable))
        .current_dir(&setup.folder)
        .stdin(Stdio::null())
        .stdout(output)
        .stderr(errors)
        .process_group(0)
        .kill_on_drop(true)
        .spawn()
        .map_err(|source| failed(setup, source))?;
    match timeout(START, until_reachable(setup, &mut process)).await {
        Ok(Ok(())) => Ok(process),
        Ok(Err(error)) => Err(error),
        Err(_) => Err(StartError::Unreachable { listen: setup.listen, log: setup.log() }),
    }
}

async fn until_reachable(setup: &Setup, process: &mut tokio::process::Child) -> Result<(), StartError> {
    loop {
        if let Some(status) = process.try_wait().map_err(|source| failed(setup, source))? {
            let reason = last_words(setup);
            return Err(if reason.contains("address already in use") {
                StartError::PortTaken { listen: setup.listen }
            } else {
                StartError::Ended { status, reason }
            });
        }
        if TcpStream::connect(reachable(setup.listen)).await.is_ok() {
            return Ok(());
        }
        sleep(POLL).await;
    }
}

/// Asks the system before the server does, whose own words about it are hard to find.
fn check_port(listen: SocketAddr) -> Result<(), StartError> {
    match TcpListener::bind(listen) {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::AddrInUse => Err(StartError::PortTaken { listen }),
        Err(source) => Err(StartError::Address { listen, source }),
    }
}

/// Where to reach a server that listens everywhere.
fn reachable(listen: SocketAddr) -> SocketAddr {
    let mut address = listen;
    if listen.ip().is_unspecified() {
        let loopback =
            if listen.is_ipv4() { Ipv4Addr::LOCALHOST.into() } else { IpAddr::from([0, 0, 0, 0, 0, 0, 0, 1]) };
        address.set_ip(loopback);
    }
    address
}

/// The last line in which the server says why: printed, or else logged.
fn last_words(setup: &Setup) -> String {
    let printed = tail(&setup.printed()).unwrap_or_default();
    let logged = tail(&setup.log()).unwrap_or_default();
    let said = |text: &str| {
        let lines = text.lines().rev().map(str::trim);
        lines.into_iter().find(|line| !line.is_empty()).map(str::to_owned)
    };
    let fatal = logged.lines().rev().find(|line| line.contains("[FTL]"));
    fatal
        .map(str::to_owned)
        .or_else(|| said(&printed))
        .or_else(|| said(&logged))
        .unwrap_or_else(|| "it said nothing".to_owned())
}

fn tail(path: &Path) -> io::Result<String> {
    const ENOUGH: u64 = 4096;
    let mut file = File::open(path)?;
    let length = file.metadata()?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(ENOUGH)))?;
    let mut bytes = Vec::new();
    file.take(ENOUGH).read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// Ends a server of ours that outlived its node.
async fn end_leftover(setup: &Setup) -> io::Result<()> {
    let Some(pid) = leftover(setup) else { return Ok(()) };
    tracing::warn!(?pid, "a nats-server of this folder outlived its node and is ended");
    for signal in [Signal::TERM, Signal::KILL] {
        // It may end by itself in this very moment.
        let _ = kill_process(pid, signal);
        let deadline = Instant::now() + STOP;
        while Instant::now() < deadline {
            if test_kill_process(pid).is_err() || leftover(setup).is_none() {
                return Ok(());
            }
            sleep(POLL).await;
        }
    }
    Err(io::Error::other("a nats-server that outlived its node cannot be ended"))
}

/// The process in the pid file, if it is a server that was started with this folder's configuration.
fn leftover(setup: &Setup) -> Option<Pid> {
    let pid: u32 = tail(&setup.pid()).ok()?.trim().parse().ok()?;
    let command = std::fs::read(format!("/proc/{pid}/cmdline")).ok()?;
    let config = setup.config();
    let ours = command.split(|byte| *byte == 0).any(|argument| argument == config.as_os_str().as_encoded_bytes());
    if ours { pid_of(pid) } else { None }
}

fn pid_of(pid: u32) -> Option<Pid> {
    i32::try_from(pid).ok().and_then(Pid::from_raw)
}

fn failed(setup: &Setup, source: io::Error) -> StartError {
    StartError::Io { folder: setup.folder.clone(), source }
}
