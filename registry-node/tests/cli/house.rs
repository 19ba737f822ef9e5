//! A registry on this machine, run by its command line, and ended with the test.
//!
//! Out of scope: what needs a nats-server. Without one a registry serves HTTPS all the same, and says so in its log.

use std::io::{BufRead, BufReader, Read};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Output, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::time::Duration;

use serde_json::Value;

/// No command takes longer, on a busy machine either.
const LIMIT: Duration = Duration::from_secs(60);

/// A folder with a registry in it.
pub(crate) struct House {
    folder: tempfile::TempDir,
    serving: Option<Running>,
}

/// What a command came to.
#[derive(Debug)]
pub(crate) struct Told {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl House {
    /// A registry `jp`, made by `init`, on free ports.
    pub(crate) fn new() -> House {
        let house = House::empty();
        let (http, nats) = free_ports();
        let made = house.run(&format!(
            "init jp --id jp --origin jp.registry.example --name Japan --country JP --persons 1 --http 127.0.0.1:{http} --nats 127.0.0.1:{nats}"
        ));
        assert_eq!(made.code, 0, "{made:?}");
        house
    }

    /// A folder with nothing in it.
    pub(crate) fn empty() -> House {
        House { folder: tempfile::tempdir().unwrap(), serving: None }
    }

    /// A path inside.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes a file.
    pub(crate) fn write(&self, name: &str, text: &str) {
        std::fs::write(self.path(name), text).unwrap();
    }

    /// Runs a command to its end; words are split at spaces, `_` stands for one inside a word.
    pub(crate) fn run(&self, line: &str) -> Told {
        told(self.command(line).stdin(Stdio::null()).output().unwrap())
    }

    /// Runs a command given as words.
    pub(crate) fn run_words(&self, words: &[String]) -> Told {
        told(self.command_of(words).stdin(Stdio::null()).output().unwrap())
    }

    /// Runs a command that must succeed.
    pub(crate) fn good(&self, line: &str) -> String {
        let told = self.run(line);
        assert_eq!(told.code, 0, "{line}: {told:?}");
        told.out
    }

    /// Runs a command with `--json` that must succeed.
    pub(crate) fn json(&self, line: &str) -> Value {
        let out = self.good(&format!("{line} --json"));
        serde_json::from_str(&out).unwrap_or_else(|error| panic!("{line}: {error}: {out}"))
    }

    /// Runs a command that must fail, and gives what it says.
    pub(crate) fn bad(&self, line: &str) -> String {
        let told = self.run(line);
        assert_ne!(told.code, 0, "{line}: {told:?}");
        assert!(!told.err.contains("panicked"), "{line}: {told:?}");
        told.err
    }

    /// Serves the registry; returns once its door is open.
    pub(crate) fn serve(&mut self) {
        let mut running = self.start("serve jp --json");
        let ready: Value = serde_json::from_str(&running.line()).unwrap();
        assert_eq!(ready["ready"], "jp", "{ready}");
        self.serving = Some(running);
    }

    /// Ends it as an operator would, and says how it ended.
    pub(crate) fn end(&mut self) -> Option<i32> {
        self.serving.take().unwrap().end()
    }

    /// Starts a command that runs on.
    pub(crate) fn start(&self, line: &str) -> Running {
        self.start_words(&words(line))
    }

    /// The same for words.
    pub(crate) fn start_words(&self, words: &[String]) -> Running {
        let log = std::fs::File::create(self.path("running.log")).unwrap();
        let mut child = self.command_of(words).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(log).spawn().unwrap();
        let lines = lines(child.stdout.take().unwrap());
        Running { child, lines }
    }

    fn command(&self, line: &str) -> Command {
        self.command_of(&words(line))
    }

    fn command_of(&self, words: &[String]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_registry-node"));
        command.args(words).current_dir(self.folder.path()).env_remove("REGISTRY_FOLDER");
        command
    }
}

fn words(line: &str) -> Vec<String> {
    line.split(' ').filter(|word| !word.is_empty()).map(|word| word.replace('_', " ")).collect()
}

/// A command that runs on, killed when dropped.
pub(crate) struct Running {
    child: Child,
    lines: Receiver<String>,
}

impl Running {
    /// The next line that it prints.
    pub(crate) fn line(&mut self) -> String {
        self.lines.recv_timeout(LIMIT).expect("a line in time")
    }

    /// Waits for its end.
    pub(crate) fn wait(mut self) -> Option<i32> {
        self.child.wait().unwrap().code()
    }

    /// Ends it with SIGTERM.
    pub(crate) fn end(self) -> Option<i32> {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
        self.wait()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn lines(out: ChildStdout) -> Receiver<String> {
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        for line in BufReader::new(out).lines().map_while(Result::ok) {
            if sender.send(line).is_err() {
                return;
            }
        }
    });
    receiver
}

fn told(output: Output) -> Told {
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    Told { code: output.status.code().unwrap_or(-1), out: text(output.stdout), err: text(output.stderr) }
}

/// Two ports that nobody uses at the moment.
pub(crate) fn free_ports() -> (u16, u16) {
    let bind = || TcpListener::bind("127.0.0.1:0").unwrap();
    let (one, other) = (bind(), bind());
    (one.local_addr().unwrap().port(), other.local_addr().unwrap().port())
}

/// Everything in a file.
pub(crate) fn read(path: &Path) -> String {
    let mut text = String::new();
    std::fs::File::open(path).unwrap().read_to_string(&mut text).unwrap();
    text
}
