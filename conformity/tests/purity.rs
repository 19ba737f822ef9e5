//! This crate is pure, and stays so: it names nothing that touches the world.
//!
//! Each ban names what takes its place.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a failing test must stop")]

use std::fs;
use std::path::{Path, PathBuf};

const BANS: &[(&str, &str)] = &[
    ("tokio", "return a value and let registry-node await"),
    ("std::fs", "take bytes as an argument; ledger and registry-node read files"),
    ("std::net", "take values as arguments; federation and registry-node own sockets"),
    ("std::io", "take bytes as an argument; the edge reads and writes"),
    ("std::env", "take a value as an argument; registry-node reads its configuration"),
    ("std::process", "return a value; only a program ends itself"),
    ("std::thread", "stay a function; the caller decides where it runs"),
    ("SystemTime", "take a jiff::Timestamp as an argument; Place carries the sequencing time"),
    ("std::time::Instant", "take a jiff::Timestamp as an argument; Place carries the sequencing time"),
    ("Timestamp::now", "take a jiff::Timestamp as an argument; Place carries the sequencing time"),
    ("Zoned::now", "take a jiff::Timestamp as an argument; days are civil days in UTC"),
    ("TimeZone::system", "use TimeZone::UTC; the same statement means the same day everywhere"),
    ("rand::", "take the value as an argument; a decision is the same each time it is made"),
    ("static mut", "take Facts as an argument; nothing is remembered between two decisions"),
    ("thread_local!", "take Facts as an argument; nothing is remembered between two decisions"),
    ("Mutex", "take &impl Facts; whoever shares facts between threads locks them"),
    ("println!", "return a value; the edge tells people"),
];

#[test]
fn nothing_here_touches_the_world() {
    let mut found = Vec::new();
    let sources = sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"));
    assert!(sources.len() > 20, "the sources were not found");
    for path in sources {
        let text = fs::read_to_string(&path).unwrap();
        for (number, line) in text.lines().enumerate() {
            let code = line.split("//").next().unwrap_or_default();
            for (ban, instead) in BANS {
                if code.contains(ban) {
                    found.push(format!("{}:{}: {ban}: {instead}", path.display(), number + 1));
                }
            }
        }
    }
    assert!(found.is_empty(), "\n{}", found.join("\n"));
}

#[test]
fn it_depends_on_nothing_that_does() {
    let manifest = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml")).unwrap();
    let dependencies = manifest.split("[dependencies]").nth(1).unwrap().split("[dev-dependencies]").next().unwrap();
    let names: Vec<_> = dependencies
        .lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.split(['.', ' ', '=']).next())
        .filter(|name| !name.is_empty() && !name.starts_with('['))
        .collect();
    let allowed = [
        "aws-lc-rs",
        "base64",
        "jiff",
        "serde",
        "serde_json",
        "serde_json_canonicalizer",
        "thiserror",
        "percent-encoding",
    ];
    for name in names {
        assert!(allowed.contains(&name), "{name}: say in this test why a pure crate needs it, or do it at the edge");
    }
}

fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(sources(&path));
        } else if path.file_name().is_some_and(|name| name == "tests.rs") {
            // Tests may read vectors; they are no part of the crate that others build.
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files
}
