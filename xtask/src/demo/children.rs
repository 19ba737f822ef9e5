//! Processes that we started, each at the head of a process group of its own, so that what they start ends with them.
//!
//! In scope: starting, noticing an unexpected end, and ending all, politely first. The guard ends them on every way out that
//! unwinds: the end of the story, an error, a panic, and Ctrl-C (which only raises a flag, see `stop`). A child's output goes
//! to a file, because a pipe that nobody reads would hold it up.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, WaitIdStatus, kill_process_group, waitid};

use super::lines::Lines;
use super::stop::Stop;

/// How long a child may take to end by itself.
const GRACE: Duration = Duration::from_secs(5);
const POLL: Duration = Duration::from_millis(20);

/// All children. When this goes, they go.
#[derive(Debug)]
pub struct Children {
    stop: Stop,
    running: Mutex<Vec<Running>>,
}

#[derive(Debug)]
struct Running {
    name: String,
    group: Pid,
    process: Child,
    /// What it said, for the message when it ends too soon.
    log: PathBuf,
}

impl Children {
    /// None so far. Whatever waits for one ends when `stop` is raised.
    #[must_use]
    pub fn new(stop: Stop) -> Self {
        Self { stop, running: Mutex::default() }
    }

    /// Starts one that runs on and whose output lines are of interest; what it says on stderr goes to the log.
    ///
    /// # Errors
    /// When it cannot be started, or the log cannot be written.
    pub fn listen(&self, name: &str, command: &mut Command, log: &Path) -> Result<Lines> {
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(append(log)?);
        let (_, stdout) = self.spawn(name, command, log)?;
        Ok(Lines::of(stdout.context("a piped output is missing")?))
    }

    /// The same for one that is also spoken to, line by line. It may end once nobody speaks to it any more.
    ///
    /// # Errors
    /// As for [`Self::listen`].
    pub fn converse(&self, name: &str, command: &mut Command, log: &Path) -> Result<(ChildStdin, Lines)> {
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(append(log)?);
        let (stdin, stdout) = self.spawn(name, command, log)?;
        Ok((stdin.context("a piped input is missing")?, Lines::of(stdout.context("a piped output is missing")?)))
    }

    /// Runs one to its end and returns what it printed. Its output and errors stay beside `record`.
    ///
    /// # Errors
    /// When it fails (with what it said), does not end in time, or `stop` is raised meanwhile.
    pub fn run(&self, name: &str, command: &mut Command, record: &Path, limit: Duration) -> Result<String> {
        let (out, err) = (record.with_extension("out"), record.with_extension("err"));
        command.stdin(Stdio::null()).stdout(append(&out)?).stderr(append(&err)?);
        self.spawn(name, command, &err)?;
        let status = self.wait(name, Instant::now() + limit)?;
        if !status.success() {
            bail!("{name} ended with {status}: {}", last_words(&err));
        }
        fs::read_to_string(&out).with_context(|| format!("cannot read {}", out.display()))
    }

    /// Fails when a child that should run on has ended.
    ///
    /// # Errors
    /// Names the child, how it ended, and its last words.
    pub fn check(&self) -> Result<()> {
        for running in self.lock().iter() {
            if let Some(how) = running.ending() {
                bail!("{} has ended ({how}); its last words: {}", running.name, last_words(&running.log));
            }
        }
        Ok(())
    }

    /// Ends one and everything that it started.
    ///
    /// # Errors
    /// When no child has that name.
    pub fn end(&self, name: &str) -> Result<()> {
        let mut all = self.lock();
        let index = all.iter().position(|running| running.name == name);
        let running = all.remove(index.with_context(|| format!("no child is called {name}"))?);
        drop(all);
        end_all(vec![running]);
        Ok(())
    }

    fn spawn(
        &self,
        name: &str,
        command: &mut Command,
        log: &Path,
    ) -> Result<(Option<ChildStdin>, Option<ChildStdout>)> {
        self.stop.check()?;
        let spawned = command.process_group(0).spawn();
        let mut process = spawned.with_context(|| format!("cannot start {name} ({:?})", command.get_program()))?;
        let pipes = (process.stdin.take(), process.stdout.take());
        let group = Pid::from_child(&process);
        self.lock().push(Running { name: name.to_owned(), group, process, log: log.to_owned() });
        Ok(pipes)
    }

    /// Waits for one to end; takes it down with its group when it does not, or when we are asked to end.
    fn wait(&self, name: &str, deadline: Instant) -> Result<ExitStatus> {
        loop {
            if let Some(running) = self.take_ended(name) {
                return Ok(running.bury());
            }
            let late = Instant::now() >= deadline;
            if late || self.stop.is_requested() {
                self.end(name)?;
                self.stop.check()?;
                bail!("{name} did not end in time and was stopped");
            }
            thread::sleep(POLL);
        }
    }

    fn take_ended(&self, name: &str) -> Option<Running> {
        let mut all = self.lock();
        let index = all.iter().position(|running| running.name == name && running.has_ended())?;
        Some(all.remove(index))
    }

    /// A panic elsewhere must not keep us from ending the children.
    fn lock(&self) -> MutexGuard<'_, Vec<Running>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Children {
    fn drop(&mut self) {
        end_all(std::mem::take(&mut self.lock()));
    }
}

impl Running {
    /// How it ended, if it did. Looks without burying: until then its number, and its group's, belongs to nobody else.
    fn ending(&self) -> Option<String> {
        let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
        match waitid(WaitId::Pid(self.group), options) {
            Ok(status) => status.map(|status| describe(&status)),
            Err(error) => Some(error.to_string()),
        }
    }

    fn has_ended(&self) -> bool {
        self.ending().is_some()
    }

    /// Ends what is left of the group, then lets the number go.
    fn bury(mut self) -> ExitStatus {
        self.signal(Signal::KILL);
        self.process.wait().unwrap_or_default()
    }

    /// A group that is gone already is what we want.
    fn signal(&self, signal: Signal) {
        let _ = kill_process_group(self.group, signal);
    }
}

fn end_all(all: Vec<Running>) {
    for running in &all {
        running.signal(Signal::TERM);
    }
    let deadline = Instant::now() + GRACE;
    while Instant::now() < deadline && !all.iter().all(Running::has_ended) {
        thread::sleep(POLL);
    }
    for running in all {
        running.bury();
    }
}

fn describe(status: &WaitIdStatus) -> String {
    match (status.exit_status(), status.terminating_signal()) {
        (Some(code), _) => format!("exit status {code}"),
        (None, Some(signal)) => format!("signal {signal}"),
        (None, None) => "for an unknown reason".to_owned(),
    }
}

fn append(path: &Path) -> Result<File> {
    let parent = path.parent().map_or(Ok(()), fs::create_dir_all);
    let opened: io::Result<File> = parent.and_then(|()| OpenOptions::new().create(true).append(true).open(path));
    opened.with_context(|| format!("cannot write {}", path.display()))
}

/// The end of a log, short enough for a message.
fn last_words(log: &Path) -> String {
    let text = fs::read(log).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let lines: Vec<&str> = text.trim().lines().collect();
    match lines.as_slice() {
        [] => "none".to_owned(),
        [.., _, _, _, _] => lines[lines.len() - 4..].join("\n"),
        few => few.join("\n"),
    }
}

#[cfg(test)]
mod tests;
