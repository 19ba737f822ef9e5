//! Saying that a test could not run: counted by `cargo xtask test` through the file that `REGISTRY_SKIP_LOG` names.

use std::fs::OpenOptions;
use std::io::Write;

/// Says that `what` was skipped, and why.
///
/// # Panics
/// When the log cannot be written: a skip that nobody counts is worse than a failure.
pub fn skip(what: &str, why: &str) {
    let line = format!("skipped: {what}: {why}\n");
    let mut log: Box<dyn Write> = match std::env::var_os("REGISTRY_SKIP_LOG") {
        Some(path) => Box::new(OpenOptions::new().append(true).create(true).open(path).expect("the log opens")),
        None => Box::new(std::io::stderr()),
    };
    log.write_all(line.as_bytes()).expect("the skip is said");
}
