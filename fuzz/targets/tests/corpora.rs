//! Every corpus again, in every build: what a fuzzer found once does not come back.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use fuzz_targets::{TARGETS, find};

/// The most that one input may take, unoptimised and on a busy machine. Fuzzers stop at inputs that take long.
const LONGEST: Duration = Duration::from_secs(10);

fn corpora() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../corpora")
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let mut entries: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    entries
}

#[test]
fn every_corpus_is_replayed_and_holds_something_that_is_read() {
    for target in TARGETS {
        let inputs = entries(&corpora().join(target.name));
        let mut read = 0;
        for input in &inputs {
            let data = fs::read(input).unwrap();
            let begun = Instant::now();
            read += usize::from((target.run)(&data));
            let taken = begun.elapsed();
            assert!(taken < LONGEST, "{} took {taken:?}", input.display());
        }
        assert!(read > 0, "nothing in the corpus of {} is read: it only tests the first refusal", target.name);
    }
}

#[test]
fn every_corpus_has_its_target() {
    for folder in entries(&corpora()) {
        let name = folder.file_name().unwrap().to_str().unwrap();
        assert!(find(name).is_some(), "no target is called {name}");
    }
}
