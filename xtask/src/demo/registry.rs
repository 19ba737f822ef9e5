//! One registry of the demo, as its operator sees it: a folder, ports, and the command line.
//!
//! In scope: running `registry-node` for this registry, in the foreground or on. Which flags it takes is the story's business.

use std::path::{Path, PathBuf};
use std::process::{ChildStdin, Command};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use anyhow::{Context, Result};
use serde_json::Value;

use super::lines::Lines;
use super::stage::Stage;
use crate::tools;

/// No command of the demo takes longer, on a slow machine either.
const LIMIT: Duration = Duration::from_secs(120);

/// Nothing is shared between two of these.
#[derive(Debug)]
pub struct Registry<'stage, const PORTS: usize> {
    stage: &'stage Stage,
    id: String,
    folder: PathBuf,
    ports: [u16; PORTS],
    commands: AtomicU32,
}

impl<'stage, const PORTS: usize> Registry<'stage, PORTS> {
    pub(super) fn new(stage: &'stage Stage, id: &str, ports: [u16; PORTS]) -> Self {
        let folder = stage.folder().join(id);
        Self { stage, id: id.to_owned(), folder, ports, commands: AtomicU32::new(0) }
    }

    /// Its short name.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Where its data is to live; not made here, `init` does that.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Ports that were free when it was made.
    #[must_use]
    pub fn ports(&self) -> &[u16; PORTS] {
        &self.ports
    }

    /// Runs a command to its end and returns what it printed.
    ///
    /// # Errors
    /// When it fails, with what it said; when it takes too long; when we are asked to end.
    pub fn run(&self, arguments: &[&str]) -> Result<String> {
        let number = self.commands.fetch_add(1, Ordering::Relaxed);
        let name = format!("{} {} #{number}", self.id, arguments.first().unwrap_or(&""));
        let record = self.log(&format!("{number:04}"));
        self.stage.children().run(&name, &mut self.command(arguments), &record, LIMIT)
    }

    /// Runs a command with `--json` and reads its answer.
    ///
    /// # Errors
    /// As for [`Self::run`], and when the answer is not JSON.
    pub fn run_json(&self, arguments: &[&str]) -> Result<Value> {
        let answer = self.run(&[arguments, &["--json"]].concat())?;
        let shown = || format!("{} answered no JSON: {}", arguments.join(" "), answer.trim());
        serde_json::from_str(&answer).with_context(shown)
    }

    /// Starts a command that runs on and whose lines are of interest.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn listen(&self, name: &str, arguments: &[&str]) -> Result<Lines> {
        let (name, log) = self.named(name);
        self.stage.children().listen(&name, &mut self.command(arguments), &log)
    }

    /// Starts a command that runs on, is spoken to, and whose lines are of interest.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn converse(&self, name: &str, arguments: &[&str]) -> Result<(ChildStdin, Lines)> {
        let (name, log) = self.named(name);
        self.stage.children().converse(&name, &mut self.command(arguments), &log)
    }

    /// Ends what [`Self::listen`] or [`Self::converse`] started under that name.
    ///
    /// # Errors
    /// When nothing was.
    pub fn end(&self, name: &str) -> Result<()> {
        self.stage.children().end(&format!("{} {name}", self.id))
    }

    /// Where a command that runs on under that name says what is no answer.
    #[must_use]
    pub fn log_of(&self, name: &str) -> PathBuf {
        self.named(name).1
    }

    fn named(&self, name: &str) -> (String, PathBuf) {
        let name = format!("{} {name}", self.id);
        let log = self.log(&format!("{}.log", name.replace(' ', "-")));
        (name, log)
    }

    /// In the stage's folder, so that paths in what is told can be copied from there.
    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(self.stage.program());
        command.args(arguments).current_dir(self.stage.folder()).env(tools::NATS_SERVER, self.stage.nats_server());
        command
    }

    fn log(&self, name: &str) -> PathBuf {
        self.stage.folder().join("logs").join(&self.id).join(name)
    }
}
