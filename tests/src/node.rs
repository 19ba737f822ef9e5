//! A node: one `registry-node serve` process, with one or more registries.
//!
//! In scope: its life and its violent ends. A process group is killed as a whole; the nats-servers that a killed node
//! leaves behind are found by their pid files and end with it when the [`Node`] goes. Out of scope: what the registries
//! say.

use std::fs::{self, OpenOptions};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process, kill_process_group};

use crate::program;

/// How long a node may take to end in order.
const GRACE: Duration = Duration::from_secs(20);

/// A process, running or not. When this goes, everything that it started goes.
#[derive(Debug)]
pub struct Node {
    folders: Vec<PathBuf>,
    log: PathBuf,
    environment: Vec<(&'static str, PathBuf)>,
    process: Mutex<Option<Child>>,
}

impl Node {
    /// A node for the registries in `folders`, not started. What it says is appended to `log`.
    pub fn new(folders: Vec<PathBuf>, log: PathBuf) -> Node {
        Node { folders, log, environment: Vec::new(), process: Mutex::default() }
    }

    /// The same, with one more variable in its environment.
    pub fn with_variable(mut self, name: &'static str, value: PathBuf) -> Node {
        self.environment.push((name, value));
        self
    }

    /// Whether the registry in `folder` is one of its own.
    pub fn serves(&self, folder: &Path) -> bool {
        self.folders.iter().any(|one| one == folder)
    }

    /// Starts the process; it is not ready yet.
    ///
    /// # Panics
    /// When it runs already or cannot be started.
    pub fn start(&self) {
        let mut process = self.process();
        assert!(process.is_none(), "{:?} runs already", self.folders);
        let said = OpenOptions::new().create(true).append(true).open(&self.log).expect("the log opens");
        let mut command = Command::new(program::registry_node());
        command.arg("serve").args(&self.folders);
        command
            .env("REGISTRY_NATS_SERVER", program::nats_server())
            .env("REGISTRY_LOG", log_filter())
            .env("NO_COLOR", "1")
            .envs(self.environment.iter().map(|(name, value)| (name, value)));
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(said).process_group(0);
        *process = Some(command.spawn().expect("registry-node starts"));
    }

    /// Ends it as an operator would, and waits.
    ///
    /// # Panics
    /// When it does not end, or not well.
    pub fn stop(&self) {
        let Some(mut child) = self.process().take() else { return };
        let _ = kill_process(Pid::from_child(&child), Signal::TERM);
        let deadline = Instant::now() + GRACE;
        while Instant::now() < deadline {
            if let Some(status) = child.try_wait().expect("a child can be waited for") {
                assert!(status.success(), "registry-node ended with {status}: {}", self.last_words());
                return;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        kill(&mut child);
        panic!("registry-node did not end within {GRACE:?}: {}", self.last_words());
    }

    /// `kill -9`: the process is gone when this returns. Its nats-servers stay, as after a real crash.
    pub fn kill(&self) {
        if let Some(mut child) = self.process().take() {
            kill(&mut child);
        }
    }

    /// Stops the process from doing anything, until [`Node::thaw`].
    pub fn freeze(&self) {
        self.signal(Signal::STOP);
    }

    /// Lets a frozen process go on.
    pub fn thaw(&self) {
        self.signal(Signal::CONT);
    }

    /// Memory of the running process, in bytes: resident now, and the most that it ever was. Nothing where the system does not say so.
    pub fn memory(&self) -> Option<(u64, u64)> {
        memory_of(self.id()?)
    }

    /// The running process.
    pub fn id(&self) -> Option<u32> {
        self.process().as_ref().map(Child::id)
    }

    /// Fails when the process has ended by itself.
    ///
    /// # Errors
    /// How it ended and its last words.
    pub fn check(&self) -> Result<(), String> {
        match self.process().as_mut().map(Child::try_wait) {
            Some(Ok(Some(status))) => Err(format!("registry-node ended with {status}: {}", self.last_words())),
            Some(Err(error)) => Err(error.to_string()),
            Some(Ok(None)) | None => Ok(()),
        }
    }

    /// How many lines of what it said have all of these words in them.
    ///
    /// # Panics
    /// When its log cannot be read.
    pub fn lines_with(&self, words: &[&str]) -> usize {
        let said = std::fs::read_to_string(&self.log).expect("the log is there");
        said.lines().filter(|line| words.iter().all(|word| line.contains(word))).count()
    }

    /// All that it said, in each of its lives.
    ///
    /// # Panics
    /// When its log cannot be read.
    pub fn said(&self) -> String {
        String::from_utf8_lossy(&fs::read(&self.log).expect("the log is there")).into_owned()
    }

    /// The end of what it said.
    pub fn last_words(&self) -> String {
        said(&self.log, 12)
    }

    fn signal(&self, signal: Signal) {
        if let Some(child) = self.process().as_ref() {
            let _ = kill_process(Pid::from_child(child), signal);
        }
    }

    fn process(&self) -> MutexGuard<'_, Option<Child>> {
        self.process.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        if std::thread::panicking() {
            show(&self.log);
        }
        self.kill();
        for folder in &self.folders {
            [NatsServer::of(folder), NatsServer::of_buyers(folder)].into_iter().flatten().for_each(NatsServer::kill);
        }
    }
}

/// Memory of a process, in bytes: resident now, and the most that it ever was. Nothing where the system does not say so.
pub fn memory_of(id: u32) -> Option<(u64, u64)> {
    let status = fs::read_to_string(format!("/proc/{id}/status")).ok()?;
    let bytes = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name))?;
        Some(line.split_whitespace().next()?.parse::<u64>().ok()? * 1_024)
    };
    Some((bytes("VmRSS:")?, bytes("VmHWM:")?))
}

/// The nats-server of a registry, found as an operator would: by its pid file and command line.
#[derive(Debug, Clone, Copy)]
pub struct NatsServer(Pid);

impl NatsServer {
    /// The running server for peers of the registry in `folder`, if there is one.
    pub fn of(folder: &Path) -> Option<NatsServer> {
        Self::run_from(&folder.join("nats"))
    }

    /// The running server for buyers of the registry in `folder`, if there is one.
    pub fn of_buyers(folder: &Path) -> Option<NatsServer> {
        Self::run_from(&folder.join("nats-buyers"))
    }

    fn run_from(nats: &Path) -> Option<NatsServer> {
        let pid: i32 = fs::read_to_string(nats.join("nats-server.pid")).ok()?.trim().parse().ok()?;
        let command = fs::read(format!("/proc/{pid}/cmdline")).ok()?;
        let command = String::from_utf8_lossy(&command).into_owned();
        command.contains(&*nats.join("nats.conf").to_string_lossy()).then(|| Pid::from_raw(pid).map(NatsServer))?
    }

    /// `kill -9`.
    pub fn kill(self) {
        let _ = kill_process(self.0, Signal::KILL);
    }

    /// Stops it from doing anything, until [`NatsServer::thaw`].
    pub fn freeze(self) {
        let _ = kill_process(self.0, Signal::STOP);
    }

    /// Lets a frozen server go on.
    pub fn thaw(self) {
        let _ = kill_process(self.0, Signal::CONT);
    }
}

fn kill(child: &mut Child) {
    let _ = kill_process_group(Pid::from_child(child), Signal::KILL);
    let _ = child.wait();
}

/// What nodes are to say: errors and warnings, or what whoever looks for a fault asks for.
fn log_filter() -> String {
    std::env::var("REGISTRY_LOG").unwrap_or_else(|_| "warn".to_owned())
}

/// What a node said, for whoever reads why a test failed.
#[allow(clippy::print_stderr)]
fn show(log: &Path) {
    eprintln!("--- {}\n{}", log.display(), said(log, 60));
}

/// The last lines of a log. A device is none, and may be endless.
fn said(log: &Path, lines: usize) -> String {
    if !log.is_file() {
        return String::new();
    }
    let text = fs::read(log).unwrap_or_default();
    let text = String::from_utf8_lossy(&text).into_owned();
    let all: Vec<&str> = text.trim().lines().collect();
    all[all.len().saturating_sub(lines)..].join("\n")
}
