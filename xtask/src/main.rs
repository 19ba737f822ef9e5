//! `cargo xtask …`: the chores of this repository, each one command.
//!
//! In scope: reading the command line and saying how it ended. What a command does is in the library beside this file.

use std::io::{self, Write};
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use xtask::demo::{self, story};
use xtask::workspace::Workspace;
use xtask::{bench, deny, faults, fuzz, interop, release, suite, tidy, tools};

/// Chores of this repository.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Run every check that a change must pass; stops at the first that fails
    Test(suite::Options),
    /// Check the bans and layers that the compiler cannot see
    Tidy,
    /// Put up four registries and play the story of a verdict that crosses borders; they stay up until Ctrl-C
    Demo {
        /// End with the story; the exit code says whether every step held
        #[arg(long)]
        once: bool,
    },
    /// Measure how fast it is, beside what this machine can do at all
    Bench(bench::Options),
    /// Kill a registry and cut its power again and again, and look for what it lost
    Faults(faults::Options),
    /// Let others' tools judge what a live registry gives out
    Interop(interop::Options),
    /// Look for bytes that break what takes bytes from outside
    Fuzz(fuzz::Options),
    /// Hold what comes in from others to deny.toml: licences, sources, versions, advisories
    Deny(deny::Options),
    /// Build what is shipped, with the list of what is in it (CycloneDX)
    Release(release::Options),
    /// Fetch what tests and demo need from outside, and print where nats-server is
    Tools,
}

fn main() -> ExitCode {
    match run(Arguments::parse().task) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => fail(&error),
    }
}

/// Answers whether all held; what did not was printed where it was found.
fn run(task: Task) -> anyhow::Result<bool> {
    let workspace = Workspace::find()?;
    let mut out = io::stdout().lock();
    match task {
        Task::Test(options) => suite::run(&workspace, &options, &mut out),
        Task::Tidy => tidy::run(&workspace, &mut out),
        Task::Demo { once } => demo::perform(&workspace, once, &mut out, story::play),
        Task::Bench(options) => bench::run(&workspace, &options),
        Task::Faults(options) => faults::run(&workspace, &options),
        Task::Interop(options) => interop::run(&workspace, &options, &mut out),
        Task::Fuzz(options) => fuzz::run(&workspace, &options, &mut out),
        Task::Deny(options) => deny::run(&workspace, &options, &mut out),
        Task::Release(options) => release::run(&workspace, &options, &mut out),
        Task::Tools => {
            let path = tools::nats_server(&workspace)?;
            writeln!(out, "{}", path.display())?;
            Ok(true)
        }
    }
}

/// Errors go to stderr with their causes, one per line; a closed stderr changes nothing about the outcome.
fn fail(error: &anyhow::Error) -> ExitCode {
    let mut err = io::stderr().lock();
    let _ = writeln!(err, "error: {error}");
    for cause in error.chain().skip(1) {
        let _ = writeln!(err, "  because: {cause}");
    }
    ExitCode::FAILURE
}
