//! `cargo xtask bench`: how fast it is, as ratios to what this machine can do at all.
//!
//! In scope: building the optimised programs and letting the measurements of `tests/benches` run. What is measured, and the
//! table, are theirs.

use std::fs;

use anyhow::{Context, Result};

use crate::tools;
use crate::workspace::Workspace;

/// What to measure.
#[derive(Debug, Default, clap::Args)]
pub struct Options {
    /// ingest, http, look-up, proofs, propagation, cascades, interests, subscribers, starving [default: all]
    #[arg(value_parser = [
        "ingest", "http", "look-up", "proofs", "propagation", "cascades", "interests", "subscribers",
        "starving",
    ])]
    pub what: Vec<String>,
}

/// Measures, and answers whether it could: no number makes it fail.
///
/// # Errors
/// When something cannot be built or fetched.
pub fn run(workspace: &Workspace, options: &Options) -> Result<bool> {
    let server = tools::nats_server(workspace)?;
    // The measurements start it as a process of its own; a library's bench does not build it.
    let built = workspace.cargo(&["build", "--release", "--locked", "--package", "registry-node"]).status();
    if !built.context("cargo cannot be started")?.success() {
        return Ok(false);
    }
    // Some systems keep temporary files in memory, where a sync costs nothing.
    let folder = workspace.target.join("tmp");
    fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let mut command = workspace.cargo(&["bench", "--locked", "--package", "tests", "--bench", "speed", "--"]);
    command.args(&options.what).env(tools::NATS_SERVER, server).env("TMPDIR", folder);
    Ok(command.status().context("cargo cannot be started")?.success())
}
