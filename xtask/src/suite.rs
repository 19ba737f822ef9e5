//! `cargo xtask test`: every check that a change must pass, in the order in which they fail soonest.
//!
//! In scope: running the steps, stopping at the first that fails with the command that repeats it, and a summary with what was
//! skipped. Out of scope: what a step checks. The variables `REGISTRY_TEST_DATA` and `REGISTRY_REQUIRE_TEST_DATA` reach the
//! tests because they inherit our environment.

mod skips;
mod stream;
mod summary;

use std::fmt;
use std::io::Write;
use std::time::Instant;

use anyhow::{Context, Result};

use crate::deny::{self, Advisories};
use crate::workspace::Workspace;
use crate::{tidy, tools};
use skips::SkipLog;
use stream::Tally;
use summary::{Ended, Summary};

/// What to leave out.
#[derive(Debug, Default, clap::Args)]
pub struct Options {
    /// Leave out the end-to-end tests (the package `tests`)
    #[arg(long)]
    pub quick: bool,
}

/// One check.
struct Step {
    name: &'static str,
    work: Work,
}

enum Work {
    Cargo(Vec<&'static str>),
    /// Cargo, with nats-server found and skipped tests counted.
    CargoTest(Vec<&'static str>),
    Tidy,
    /// What comes in from others; advisories that cannot be had are counted as skipped.
    Deny,
}

/// Runs the checks, and answers whether all passed.
///
/// # Errors
/// When a step cannot be run at all.
pub fn run(workspace: &Workspace, options: &Options, out: &mut impl Write) -> Result<bool> {
    let summary = run_steps(workspace, plan(options), out)?;
    write!(out, "\n{summary}")?;
    Ok(summary.passed())
}

/// Stops after the first that fails.
fn run_steps(workspace: &Workspace, steps: Vec<Step>, out: &mut impl Write) -> Result<Summary> {
    let mut summary = Summary::default();
    for step in steps {
        writeln!(out, "\n== {}: {}", step.name, step.work)?;
        let started = Instant::now();
        let outcome = step.work.run(workspace, out)?;
        let passed = outcome.ended == Ended::Passed;
        summary.add(step.name, started.elapsed(), outcome);
        if !passed {
            break;
        }
    }
    Ok(summary)
}

fn plan(options: &Options) -> Vec<Step> {
    let mut tests = vec!["test", "--locked", "--workspace"];
    if options.quick {
        tests.extend(["--exclude", "tests"]);
    }
    let clippy = vec!["clippy", "--locked", "--workspace", "--all-targets", "--", "-D", "warnings"];
    vec![
        Step { name: "format", work: Work::Cargo(vec!["fmt", "--all", "--check"]) },
        Step { name: "tidy", work: Work::Tidy },
        Step { name: "deny", work: Work::Deny },
        Step { name: "clippy", work: Work::Cargo(clippy) },
        Step { name: "build", work: Work::Cargo(vec!["build", "--locked", "--workspace", "--all-targets"]) },
        Step { name: "tests", work: Work::CargoTest(tests) },
    ]
}

/// How one step went.
struct Outcome {
    ended: Ended,
    tally: Option<Tally>,
    skipped: Vec<String>,
}

impl Outcome {
    fn of(passed: bool, again: String) -> Self {
        let ended = if passed { Ended::Passed } else { Ended::Failed { again } };
        Self { ended, tally: None, skipped: Vec::new() }
    }
}

impl Work {
    fn run(&self, workspace: &Workspace, out: &mut impl Write) -> Result<Outcome> {
        match self {
            Self::Cargo(arguments) => {
                out.flush()?;
                let status = workspace.cargo(arguments).status().context("cargo cannot be started")?;
                Ok(Outcome::of(status.success(), self.to_string()))
            }
            Self::CargoTest(arguments) => self.run_tests(workspace, arguments, out),
            Self::Tidy => {
                let passed = tidy::run(workspace, out)?;
                Ok(Outcome::of(passed, self.to_string()))
            }
            Self::Deny => {
                let terms = deny::terms(workspace, out)?;
                let advisories = deny::advisories(workspace, out)?;
                let outcome = Outcome::of(terms && advisories != Advisories::Found, self.to_string());
                Ok(match advisories {
                    Advisories::NotAsked(why) => Outcome { skipped: vec![format!("advisories: {why}")], ..outcome },
                    Advisories::Clean | Advisories::Found => outcome,
                })
            }
        }
    }

    fn run_tests(&self, workspace: &Workspace, arguments: &[&str], out: &mut impl Write) -> Result<Outcome> {
        let server = tools::nats_server(workspace)?;
        let log = SkipLog::open(&workspace.target)?;
        let mut command = workspace.cargo(arguments);
        command.env(tools::NATS_SERVER, &server).env(skips::SKIP_LOG, log.path());
        let (passed, tally) = stream::run(&mut command, out)?;
        let again = format!("{}={} {self}", tools::NATS_SERVER, server.display());
        Ok(Outcome { tally: Some(tally), skipped: log.lines()?, ..Outcome::of(passed, again) })
    }
}

impl fmt::Display for Work {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cargo(arguments) | Self::CargoTest(arguments) => {
                write!(formatter, "cargo {}", arguments.join(" "))
            }
            Self::Tidy => formatter.write_str("cargo xtask tidy"),
            Self::Deny => formatter.write_str("cargo xtask deny"),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use super::*;

    #[test]
    fn the_first_failure_is_the_last_step() {
        let workspace = Workspace::find().unwrap();
        let steps = vec![
            Step { name: "good", work: Work::Cargo(vec!["--version"]) },
            Step { name: "bad", work: Work::Cargo(vec!["no-such-command"]) },
            Step { name: "later", work: Work::Cargo(vec!["--version"]) },
        ];
        let mut out = Vec::new();
        let summary = run_steps(&workspace, steps, &mut out).unwrap();
        assert!(!summary.passed());
        let text = format!("{}{summary}", String::from_utf8_lossy(&out));
        assert!(text.contains("run it again: cargo no-such-command") && !text.contains("later"), "{text}");
    }

    #[test]
    fn only_end_to_end_tests_are_left_out() {
        let commands =
            |quick| -> Vec<String> { plan(&Options { quick }).iter().map(|step| step.work.to_string()).collect() };
        let (mut all, quick) = (commands(false), commands(true));
        let tests = all.pop().unwrap();
        assert_eq!(quick.split_last().unwrap(), (&format!("{tests} --exclude tests"), all.as_slice()));
    }
}
