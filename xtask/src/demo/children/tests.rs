//! Children are shells here; what they start in turn is found by the number that they print.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::io::Write;
use std::panic::{self, AssertUnwindSafe};

use rustix::process::test_kill_process;
use tempfile::TempDir;

use super::*;
use crate::demo::stop::Interrupted;

const LONG: Duration = Duration::from_secs(30);

struct Fixture {
    folder: TempDir,
    stop: Stop,
    children: Children,
}

fn fixture() -> Fixture {
    let stop = Stop::default();
    Fixture { folder: tempfile::tempdir().unwrap(), children: Children::new(stop.clone()), stop }
}

fn shell(script: &str) -> Command {
    let mut command = Command::new("/bin/sh");
    command.args(["-c", script]);
    command
}

impl Fixture {
    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Starts a child that starts another, and answers the other's number.
    fn start_family(&self, script: &str) -> Pid {
        let lines = self.children.listen("family", &mut shell(script), &self.path("log")).unwrap();
        let line = lines.next(LONG).unwrap();
        Pid::from_raw(line.text.trim().parse().unwrap()).unwrap()
    }
}

fn is_gone(process: Pid) -> bool {
    let deadline = Instant::now() + LONG;
    while Instant::now() < deadline {
        if test_kill_process(process).is_err() || is_zombie(process) {
            return true;
        }
        thread::sleep(POLL);
    }
    false
}

/// An orphan whose new parent does not bury it still has a number.
fn is_zombie(process: Pid) -> bool {
    let status = fs::read_to_string(format!("/proc/{}/status", process.as_raw_pid()));
    status.is_ok_and(|text| text.contains("State:\tZ"))
}

const FAMILY: &str = "sleep 300 & echo $!; wait";
/// The head of the group ends at once; the other ignores polite requests.
const STUBBORN: &str = "(trap '' TERM; sleep 300) & echo $!; exit 0";

#[test]
fn whatever_a_child_started_ends_with_the_guard() {
    for script in [FAMILY, STUBBORN] {
        let fixture = fixture();
        let other = fixture.start_family(script);
        drop(fixture.children);
        assert!(is_gone(other), "{script}");
    }
}

#[test]
fn a_panic_ends_the_children() {
    let fixture = fixture();
    let other = fixture.start_family(FAMILY);
    let children = fixture.children;
    let result = panic::catch_unwind(AssertUnwindSafe(move || {
        let _guard = children;
        panic!("on purpose");
    }));
    assert!(result.is_err() && is_gone(other));
}

#[test]
fn a_child_that_ends_too_soon_is_noticed_with_its_last_words() {
    let fixture = fixture();
    let script = "for i in 1 2 3 4 5 6; do echo line $i >&2; done; echo broken >&2; exit 3";
    let _lines = fixture.children.listen("node", &mut shell(script), &fixture.path("node.log")).unwrap();
    let deadline = Instant::now() + LONG;
    let error = loop {
        match fixture.children.check() {
            Err(error) => break error.to_string(),
            Ok(()) => assert!(Instant::now() < deadline),
        }
        thread::sleep(POLL);
    };
    assert!(error.starts_with("node has ended (exit status 3)"), "{error}");
    assert!(error.ends_with("line 4\nline 5\nline 6\nbroken"), "{error}");
}

#[test]
fn one_that_is_ended_on_purpose_is_not_missed() {
    let fixture = fixture();
    let other = fixture.start_family(FAMILY);
    fixture.children.end("family").unwrap();
    assert!(is_gone(other));
    fixture.children.check().unwrap();
    assert!(fixture.children.end("family").is_err());
}

#[test]
fn one_that_is_spoken_to_answers_and_ends_when_nobody_speaks_any_more() {
    let fixture = fixture();
    let script = "while read line; do echo heard $line; done";
    let (mut input, lines) = fixture.children.converse("echo", &mut shell(script), &fixture.path("echo.log")).unwrap();
    for word in ["one", "two"] {
        writeln!(input, "{word}").unwrap();
        assert_eq!(lines.next(LONG).unwrap().text, format!("heard {word}"));
    }
    drop(input);
    assert_eq!(lines.next(LONG).unwrap_err().to_string(), "the output has ended");
}

#[test]
fn a_command_returns_what_it_printed_or_why_it_failed() {
    let fixture = fixture();
    let run = |script: &str, record: &str, limit| {
        fixture.children.run("command", &mut shell(script), &fixture.path(record), limit)
    };
    assert_eq!(run("echo answer; echo note >&2", "1", LONG).unwrap(), "answer\n");
    let failed = run("echo reason >&2; exit 2", "2", LONG).unwrap_err().to_string();
    assert!(failed.contains("exit status: 2") && failed.ends_with("reason"), "{failed}");
    let late = run("sleep 300", "3", Duration::from_millis(100)).unwrap_err().to_string();
    assert!(late.contains("did not end in time"), "{late}");
    fixture.children.check().unwrap();
}

#[test]
fn a_request_to_end_ends_the_waiting() {
    let fixture = fixture();
    let started = Instant::now();
    let stop = fixture.stop.clone();
    let later = thread::spawn(move || {
        thread::sleep(Duration::from_millis(200));
        stop.request();
    });
    let run = |record: &str| fixture.children.run("command", &mut shell("sleep 300"), &fixture.path(record), LONG * 10);
    assert_eq!(run("1").unwrap_err().downcast::<Interrupted>().unwrap(), Interrupted);
    assert!(started.elapsed() < LONG);
    assert!(run("2").unwrap_err().is::<Interrupted>(), "nothing is started any more");
    later.join().unwrap();
}

#[test]
fn a_program_that_is_missing_is_named() {
    let fixture = fixture();
    let error = fixture.children.listen("node", &mut Command::new("/nonexistent"), &fixture.path("log")).unwrap_err();
    assert!(error.to_string().contains("cannot start node (\"/nonexistent\")"), "{error}");
}
