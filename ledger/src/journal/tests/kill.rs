//! `kill -9` at random moments: what a child process acknowledged is there.

use super::super::FileJournal;
use super::*;
use crate::key::{Algorithm, SigningKey};
use crate::note::NoteSigner;
use crate::testing::{ORIGIN, genesis, journal_on};
use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};
use std::time::Duration;

const ROUNDS: u64 = 20;
/// Tells the child where to work; without it, the child's test does nothing.
const FOLDER: &str = "LEDGER_KILL_TEST_FOLDER";

fn journal(dir: &Path) -> FileJournal {
    let disk: Arc<dyn Disk> = Arc::new(RealDisk);
    journal_on(&dir.join("journal"), Bench::options(0), &disk).unwrap()
}

fn open(dir: &Path) -> Log {
    let signer = NoteSigner::new(ORIGIN, SigningKey::load(&dir.join("key.pem")).unwrap()).unwrap();
    let journal = journal(dir);
    Log::open(journal, signer).unwrap()
}

/// The statement at `index`, so that parent and child agree.
fn statement(index: u64) -> String {
    format!("statement {index} {}", "y".repeat((index * 31 % 500) as usize))
}

/// Not a test of its own: the process that gets killed.
#[test]
fn child() {
    let Some(dir) = std::env::var_os(FOLDER) else { return };
    let mut log = open(Path::new(&dir));
    let mut out = std::io::stdout();
    for round in 0.. {
        let first = log.size();
        let drafts = (first..first + 1 + round % 20).map(|i| Draft::statement(statement(i).into())).collect();
        let commit = log.append(8_000, drafts).unwrap();
        writeln!(out, "size {}", commit.size).unwrap();
        if round % 16 == 15 {
            log.erase(first).unwrap();
            writeln!(out, "erased {first}").unwrap();
        }
        out.flush().unwrap();
    }
}

/// Runs the child for a while, kills it, and gives the size and the erasures that it acknowledged.
fn run_and_kill(dir: &Path, after: Duration) -> (u64, Vec<u64>) {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["journal::tests::kill::child", "--exact", "--nocapture", "--test-threads=1"])
        .env(FOLDER, dir)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let (mut size, mut erased) = (0, Vec::new());
    let mut note = |line: &str| {
        // What the test harness prints has no place here.
        let words: Vec<_> = line.rsplit("... ").next().unwrap().split(' ').collect();
        match (words[0], words.get(1).and_then(|word| word.parse().ok())) {
            ("size", Some(number)) => size = number,
            ("erased", Some(number)) => erased.push(number),
            _ => {}
        }
        size
    };
    assert!(lines.by_ref().map_while(Result::ok).any(|line| note(&line) > 0), "the child acknowledges something");
    std::thread::sleep(after);
    child.kill().unwrap();
    for line in lines.map_while(Result::ok) {
        note(&line);
    }
    assert!(!child.wait().unwrap().success());
    (size, erased)
}

#[test]
fn what_was_acknowledged_survives_kill_9() {
    let dir = tempfile::tempdir().unwrap();
    let key = SigningKey::generate(Algorithm::Ed25519).unwrap();
    key.store(&dir.path().join("key.pem")).unwrap();
    let journal = journal(dir.path());
    drop(Log::create(journal, NoteSigner::new(ORIGIN, key).unwrap(), 1, genesis()).unwrap());
    let (mut erased, mut previous) = (Vec::new(), 1);
    for round in 0..ROUNDS {
        let (size, more) = run_and_kill(dir.path(), Duration::from_micros(round * round * 257 % 90_000));
        erased.extend(more);
        let log = open(dir.path());
        let reader = log.reader();
        assert!(reader.size() >= size && size > previous, "{} entries, {size} acknowledged", reader.size());
        for index in 1..reader.size() {
            match reader.statement(index).unwrap() {
                Stored::Bytes(bytes) => assert_eq!(bytes, statement(index)),
                // The last one may have been erased without being acknowledged.
                Stored::Erased => {}
                Stored::None => panic!("entry {index} has no statement"),
            }
        }
        assert!(erased.iter().all(|index| reader.statement(*index).unwrap() == Stored::Erased));
        previous = size;
    }
}
