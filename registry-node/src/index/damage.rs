//! An index whose files are torn, cut or lost is doubted, or says exactly what was written into it up to some commit.
//!
//! sled has files of its own, which no port of ours breaks: they are copied while it works, as a kill leaves them, and damaged, as a
//! loss of power may. It may panic or hang over them, which is why a start opens them in a child process first.
#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::Path;
use std::sync::mpsc;
use std::time::Duration;

use super::Index;
use super::tests::{ROOT, taken};

/// Commits, and statements in each.
const COMMITS: u64 = 6;
const EACH: u64 = 40;
/// A start gives it more; here nothing takes a tenth of that.
const HANGS: Duration = Duration::from_secs(20);

fn copied(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for item in fs::read_dir(from).unwrap().map(Result::unwrap) {
        if item.file_type().unwrap().is_dir() {
            copied(&item.path(), &to.join(item.file_name()));
        } else {
            fs::copy(item.path(), to.join(item.file_name())).unwrap();
        }
    }
}

/// What comes of opening it: the size it says and its number of records, or nothing when a start would derive another.
fn opened(folder: &Path) -> Option<(u64, usize)> {
    let (told, outcome) = mpsc::channel();
    let folder = folder.to_owned();
    std::thread::spawn(move || {
        let loaded = std::panic::catch_unwind(|| Index::open(&folder, |_| Some(ROOT), |_| true));
        let loaded = loaded.ok().and_then(Result::ok).map(|loaded| {
            let mut records: Vec<String> = loaded.records.iter().map(|record| record.key().to_string()).collect();
            records.sort();
            let mut expected: Vec<String> = (0..loaded.size).map(|index| taken(index).key().to_string()).collect();
            expected.sort();
            assert_eq!(records, expected, "what it says stands for another log");
            (loaded.size, loaded.records.len())
        });
        told.send(loaded).unwrap();
    });
    // A thread that failed the assertion sends nothing and says why.
    match outcome.recv_timeout(HANGS) {
        Ok(loaded) => loaded,
        Err(mpsc::RecvTimeoutError::Timeout) => None,
        Err(mpsc::RecvTimeoutError::Disconnected) => unreachable!("an index was believed that is not the log's"),
    }
}

/// Every way to damage a file: cut at quarters, or a sector of zeros or of garbage at some place.
fn damages(bytes: &[u8]) -> Vec<Vec<u8>> {
    let len = bytes.len();
    let cut = (0..4).map(|quarter| bytes[..len * quarter / 4].to_vec());
    let sectors = (0..len).step_by((len / 12).max(512) / 512 * 512).flat_map(|at| {
        [0, 0xA5].map(|value| {
            let mut damaged = bytes.to_vec();
            damaged[at..(at + 512).min(len)].fill(value);
            damaged
        })
    });
    cut.chain(sectors).collect()
}

#[test]
fn a_torn_index_is_doubted_or_right() {
    let dir = tempfile::tempdir().unwrap();
    let (folder, mut copies) = (dir.path().join("index"), Vec::new());
    let mut index = Index::open(&folder, |_| Some(ROOT), |_| true).unwrap().index;
    for commit in 0..COMMITS {
        let records: Vec<_> = (commit * EACH..(commit + 1) * EACH).map(taken).collect();
        index.apply(&records, (commit + 1) * EACH, ROOT).unwrap();
        let copy = dir.path().join(format!("copy-{commit}"));
        copied(&folder, &copy);
        copies.push(copy);
    }
    drop(index);
    for (copy, size) in copies.iter().zip((1..).map(|commit| commit * EACH)) {
        assert!(opened(copy).is_none_or(|(known, _)| known <= size), "it knows what came later");
    }
    let closed = dir.path().join("closed");
    copied(&folder, &closed);
    assert_eq!(opened(&closed), Some((COMMITS * EACH, (COMMITS * EACH) as usize)));
    let mut doubted = 0;
    for file in fs::read_dir(&folder).unwrap().map(|item| item.unwrap().path()).filter(|path| path.is_file()) {
        for damaged in damages(&fs::read(&file).unwrap()) {
            let place = dir.path().join("damaged");
            let _ = fs::remove_dir_all(&place);
            copied(&folder, &place);
            fs::write(place.join(file.file_name().unwrap()), damaged).unwrap();
            doubted += u64::from(opened(&place).is_none_or(|(size, _)| size < COMMITS * EACH));
        }
    }
    assert!(doubted > 5, "damage is noticed: {doubted}");
}
