//! For tests only: where vectors from outside are, how a test says that it could not run, and a disk that breaks.
//!
//! Vectors are in the folder that `REGISTRY_TEST_DATA` names, else in `../shared/data` beside the workspace. Where they are
//! absent a test says so and is counted as skipped, never as passed in silence; `REGISTRY_REQUIRE_TEST_DATA=1` makes their
//! absence a failure.

#![allow(clippy::panic, clippy::print_stderr, clippy::unwrap_used)]

pub mod fragile;
pub mod schema;
pub mod softhsm;

use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Path, PathBuf};

/// The file or folder `path` among the vectors, or `None` after saying that it is skipped.
///
/// # Panics
/// It is absent although it is required.
pub fn vectors(path: &str) -> Option<PathBuf> {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data");
    let place = std::env::var_os("REGISTRY_TEST_DATA").map_or_else(beside, PathBuf::from).join(path);
    if place.exists() {
        return Some(place);
    }
    let required = std::env::var("REGISTRY_REQUIRE_TEST_DATA").is_ok_and(|value| value == "1");
    assert!(!required, "required test data is missing: {}", place.display());
    skip(path, "the vectors are not there");
    None
}

/// Says that something could not be tested: into the file that `REGISTRY_SKIP_LOG` names, else to standard error.
///
/// # Panics
/// The file cannot be written: a skip that nobody hears of would pass for a success.
pub fn skip(what: &str, why: &str) {
    let line = format!("skipped: {what}: {why}\n");
    let Some(path) = std::env::var_os("REGISTRY_SKIP_LOG") else {
        eprint!("{line}");
        return;
    };
    let written =
        OpenOptions::new().append(true).create(true).open(&path).and_then(|mut log| log.write_all(line.as_bytes()));
    assert!(written.is_ok(), "{} cannot be written: {written:?}", path.display());
}
