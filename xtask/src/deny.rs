//! `cargo xtask deny`: what comes in from others, held to `deny.toml` by cargo-deny.
//!
//! In scope: whose crates they are, on what terms, in how many versions, and what is known against them. The last is asked of the
//! database of RustSec, which needs a network: where it cannot be had, that is said, and is never counted as good. Out of scope:
//! crates that are banned for what they would do here, see `tidy`.

use std::io::Write;
use std::process::{Command, Output, Stdio};

use anyhow::{Context, Result};

use crate::tools;
use crate::workspace::Workspace;

/// What cargo-deny says where the database cannot be had.
const UNREACHABLE: &str = "failed to fetch advisory database";

/// What to ask.
#[derive(Debug, clap::Args)]
pub struct Options {
    /// Leave out what is known against crates, which needs a network
    #[arg(long)]
    without_advisories: bool,
}

/// What is known against the crates.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Advisories {
    /// Nothing.
    Clean,
    /// Something; it was printed.
    Found,
    /// It could not be asked, and why.
    NotAsked(String),
}

/// Holds the crates to all of it, and answers whether all held.
///
/// # Errors
/// When cargo-deny cannot be had or does not run.
pub fn run(workspace: &Workspace, options: &Options, out: &mut impl Write) -> Result<bool> {
    let terms = terms(workspace, out)?;
    if options.without_advisories {
        writeln!(out, "advisories: left out, as asked")?;
        return Ok(terms);
    }
    let advisories = advisories(workspace, out)?;
    if let Advisories::NotAsked(why) = &advisories {
        writeln!(out, "advisories: NOT ASKED: {why}\n`--without-advisories` asks for the rest alone")?;
    }
    Ok(terms && advisories == Advisories::Clean)
}

/// Whether licences, versions and sources are what they may be.
pub(crate) fn terms(workspace: &Workspace, out: &mut impl Write) -> Result<bool> {
    let output = check(workspace, &["licenses", "bans", "sources"])?;
    out.write_all(&output.stderr)?;
    out.write_all(&output.stdout)?;
    Ok(output.status.success())
}

/// What is known against the crates.
pub(crate) fn advisories(workspace: &Workspace, out: &mut impl Write) -> Result<Advisories> {
    let output = check(workspace, &["advisories"])?;
    let found = read(output.status.success(), &String::from_utf8_lossy(&output.stderr));
    if !matches!(found, Advisories::NotAsked(_)) {
        out.write_all(&output.stderr)?;
        out.write_all(&output.stdout)?;
    }
    Ok(found)
}

fn read(passed: bool, said: &str) -> Advisories {
    match said.lines().find(|line| line.contains(UNREACHABLE)) {
        _ if passed => Advisories::Clean,
        Some(line) => Advisories::NotAsked(line[line.find(UNREACHABLE).unwrap_or_default()..].to_owned()),
        None => Advisories::Found,
    }
}

fn check(workspace: &Workspace, what: &[&str]) -> Result<Output> {
    Command::new(tools::cargo_deny(workspace)?)
        .current_dir(&workspace.root)
        .args(["--locked", "--color", "never", "check"])
        .args(what)
        .stdin(Stdio::null())
        .output()
        .context("cargo-deny does not start")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use super::*;

    #[test]
    fn a_database_that_cannot_be_had_is_no_clean_bill() {
        let unreachable =
            "2026-01-01 [ERROR] failed to fetch advisory database https://a.example/db with cli: no host\nfatal: x";
        let rows = [
            (true, "advisories ok", Advisories::Clean),
            (false, "error[vulnerability]: a hole", Advisories::Found),
            (false, "something else went wrong", Advisories::Found),
            (
                false,
                unreachable,
                Advisories::NotAsked(
                    "failed to fetch advisory database https://a.example/db with cli: no host".to_owned(),
                ),
            ),
        ];
        for (passed, said, expected) in rows {
            assert_eq!(read(passed, said), expected, "{said}");
        }
    }
}
