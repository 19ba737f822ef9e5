//! `cargo xtask faults`: what a registry loses when it is killed, or its power is cut, more often than a test has time for.
//!
//! In scope: letting two scenarios of `tests` run with many rounds. What must hold is theirs.

use std::fs;

use anyhow::{Context, Result};

use crate::tools;
use crate::workspace::Workspace;

/// Tells the scenarios how often.
const ROUNDS: &str = "REGISTRY_FAULT_ROUNDS";

/// What to break.
#[derive(Debug, clap::Args)]
pub struct Options {
    /// kill, power [default: both]
    #[arg(value_parser = ["kill", "power"])]
    pub what: Vec<String>,
    /// How often each
    #[arg(long, default_value_t = 200)]
    pub rounds: u32,
}

/// Breaks a registry again and again, and answers whether it lost nothing. Cutting the power needs root, and says so where it is
/// not given.
///
/// # Errors
/// When something cannot be built or fetched.
pub fn run(workspace: &Workspace, options: &Options) -> Result<bool> {
    let server = tools::nats_server(workspace)?;
    // Some systems keep temporary files in memory, where a sync costs nothing and no volume can be mounted from.
    let folder = workspace.target.join("tmp");
    fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let asked = |what: &str| options.what.is_empty() || options.what.iter().any(|one| one == what);
    let scenarios = [("kill", "kills::"), ("power", "power_cut::")].into_iter().filter(|(what, _)| asked(what));
    let mut command = workspace.cargo(&["test", "--locked", "--package", "tests", "--test", "scenarios", "--"]);
    command.args(scenarios.map(|(_, scenario)| scenario)).args(["--test-threads", "1", "--nocapture"]);
    command.env(tools::NATS_SERVER, server).env("TMPDIR", folder).env(ROUNDS, options.rounds.to_string());
    Ok(command.status().context("cargo cannot be started")?.success())
}
