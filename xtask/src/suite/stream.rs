//! Shows what cargo's tests print while it is printed, and counts their results.
//!
//! In scope: one child whose output passes through us. A process that a test leaves behind keeps our pipe open; the end is
//! therefore cargo's own end, and what still holds the pipe then is reported, not waited for.

use std::io::{self, BufRead, BufReader, Write};
use std::process::{Command, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

/// How long what was already printed may take to arrive.
const DRAIN: Duration = Duration::from_secs(2);
const POLL: Duration = Duration::from_millis(50);

/// Results of tests, over all their programs.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Tally {
    pub(super) passed: u64,
    pub(super) failed: u64,
    /// Something that the tests started outlived them.
    pub(super) left_behind: bool,
}

/// Runs to the end; answers whether the command succeeded.
pub(super) fn run(command: &mut Command, out: &mut impl Write) -> Result<(bool, Tally)> {
    out.flush()?;
    let mut child = command.stdout(Stdio::piped()).spawn().context("cargo cannot be started")?;
    let stdout = child.stdout.take().context("cargo has no output")?;
    let lines = lines(stdout);
    let mut tally = Tally::default();
    let status = loop {
        pass(&lines, Instant::now() + POLL, &mut tally, out)?;
        if let Some(status) = child.try_wait().context("cannot wait for cargo")? {
            break status;
        }
    };
    tally.left_behind = !pass(&lines, Instant::now() + DRAIN, &mut tally, out)?;
    Ok((status.success(), tally))
}

/// Lines as they come, whatever bytes they hold. The thread ends with the pipe.
fn lines(stdout: impl io::Read + Send + 'static) -> Receiver<Vec<u8>> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        let mut reader = BufReader::new(stdout);
        loop {
            let mut line = Vec::new();
            let read = reader.read_until(b'\n', &mut line);
            if !matches!(read, Ok(1..)) || sender.send(line).is_err() {
                return;
            }
        }
    });
    receiver
}

/// Passes lines on until a moment; true when there can be no more.
fn pass(lines: &Receiver<Vec<u8>>, until: Instant, tally: &mut Tally, out: &mut impl Write) -> Result<bool> {
    loop {
        match lines.recv_timeout(until.saturating_duration_since(Instant::now())) {
            Ok(line) => {
                tally.count(&String::from_utf8_lossy(&line));
                out.write_all(&line)?;
            }
            Err(RecvTimeoutError::Timeout) => return Ok(false),
            Err(RecvTimeoutError::Disconnected) => return Ok(true),
        }
    }
}

impl Tally {
    /// Reads `test result: ok. 12 passed; 0 failed; …`.
    fn count(&mut self, line: &str) {
        let Some((_, counts)) = line.strip_prefix("test result: ").and_then(|rest| rest.split_once(". ")) else {
            return;
        };
        for count in counts.split("; ") {
            match count.split_once(' ').map(|(number, what)| (number.parse(), what)) {
                Some((Ok(number), "passed")) => self.passed = self.passed.saturating_add(number),
                Some((Ok(number), "failed")) => self.failed = self.failed.saturating_add(number),
                _ => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use super::*;

    fn shell(script: &str) -> (bool, Tally, String) {
        let mut out = Vec::new();
        let (passed, tally) = run(Command::new("/bin/sh").args(["-c", script]), &mut out).unwrap();
        (passed, tally, String::from_utf8_lossy(&out).into_owned())
    }

    #[test]
    fn results_are_passed_on_and_added_up() {
        let script = "echo 'test result: ok. 3 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 1s'
                      echo 'test result: FAILED. 4 passed; 2 failed; 1 ignored'; printf 'no end'; exit 1";
        let (passed, tally, out) = shell(script);
        assert!(!passed);
        assert_eq!(tally, Tally { passed: 7, failed: 2, left_behind: false });
        assert!(out.starts_with("test result: ok. 3") && out.ends_with("no end"), "{out}");
    }

    #[test]
    fn a_process_left_behind_is_not_waited_for() {
        let started = Instant::now();
        let (passed, tally, out) = shell("sleep 20 & echo $!");
        assert!(passed && tally.left_behind);
        assert!(started.elapsed() < Duration::from_secs(15));
        let ended = Command::new("kill").arg(out.trim()).status().unwrap();
        assert!(ended.success());
    }
}
