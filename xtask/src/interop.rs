//! What others' tools make of the output of a live registry: verifiers of credentials, schemas, readers of status lists, clients that
//! read streams of events and NATS, receivers of security events, the parser of AsyncAPI, a generator of requests, a verifier and a witness of logs, openssl.
//!
//! In scope: putting up a registry, having each tool judge, and telling what it said. A tool that is missing is told of and
//! counted as left out, never as good. Out of scope: our own verifiers, which the tests try. `xtask/interop` holds the thin
//! programs that carry files to the tools and answers back; what an answer must be is decided here.

mod abroad;
mod asyncapi;
mod chains;
mod credentials;
mod foreign;
mod fuzzed;
mod lists;
mod log;
mod nats;
mod report;
mod schemas;
mod signals;
mod streams;
mod wire;
mod world;

use std::fs;
use std::io::Write;
use std::path::Path;

use anyhow::{Context, Result};
use serde_json::Value;

use crate::demo::stage::Stage;
use crate::workspace::Workspace;
use foreign::Foreign;
use report::Report;
use world::World;

const OPENING: &str = "\
One registry, jp, with a FICTIONAL scheme and everybody in it made up, and another, eu, with which it agreed on something. What jp gives
out is judged by tools of others.";

/// A part of what is judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Part {
    /// Credentials and their presentations
    Credentials,
    /// Payloads and answers, by schemas, and the document of channels
    Schemas,
    /// The log with its proofs and cosignatures, and status lists
    Log,
    /// Streams of events
    Streams,
    /// Streams of security events, by receivers of the Shared Signals Framework
    Signals,
    /// The server of buyers on NATS
    Nats,
    /// Requests that were generated
    Fuzzed,
    /// Certificate chains
    Chains,
}

/// What is judged, and how it is told.
#[derive(Debug, Clone, clap::Args)]
pub struct Options {
    /// Judge this part alone; may be given several times
    #[arg(long, value_enum)]
    only: Vec<Part>,

    /// Tell all at the end in JSON, and nothing before
    #[arg(long)]
    json: bool,
}

/// Plays it all. Answers whether there was something to judge, and all of it held.
///
/// # Errors
/// When the registry cannot be put up, or a tool is not the one that is pinned.
pub fn run(workspace: &Workspace, options: &Options, out: impl Write) -> Result<bool> {
    let stage = Stage::prepare(workspace, "interop/run")?;
    let mut report = Report::new(out, options.json);
    let played = play(workspace, &stage, options, &mut report);
    report.conclude()?;
    played?;
    Ok(report.all_held())
}

fn play<W: Write>(workspace: &Workspace, stage: &Stage, options: &Options, report: &mut Report<W>) -> Result<()> {
    report.say(OPENING)?;
    let foreign = Foreign::find(workspace, stage)?;
    let world = World::build(stage, &foreign)?;
    report.say(&format!("its folder and what was handed to the tools: {}", stage.folder().display()))?;
    let plays = |part| options.only.is_empty() || options.only.contains(&part);
    if plays(Part::Credentials) {
        credentials::judge(&world, &foreign, report)?;
    }
    if plays(Part::Schemas) {
        schemas::judge(&world, &foreign, workspace, report)?;
        asyncapi::judge(&world, &foreign, report)?;
    }
    let mut grown = None;
    if plays(Part::Log) {
        grown = log::judge(&world, &foreign, report)?;
        lists::judge(&world, &foreign, report)?;
        credentials::judge_suspended(&world, &foreign, report)?;
    }
    if plays(Part::Streams) {
        streams::judge(&world, &foreign, report)?;
    }
    if plays(Part::Signals) {
        signals::judge(&world, &foreign, report)?;
    }
    if plays(Part::Nats) {
        nats::judge(&world, &foreign, report)?;
    }
    if plays(Part::Fuzzed) {
        fuzzed::judge(&world, &foreign, report)?;
    }
    if let Some(grown) = grown {
        log::judge_grown(&grown, report)?;
    }
    if plays(Part::Chains) {
        chains::judge(&world, &foreign, report)?;
    }
    Ok(())
}

/// Writes a file for a tool to read.
fn hand_over(path: &Path, value: &Value) -> Result<()> {
    fs::write(path, value.to_string()).with_context(|| format!("cannot write {}", path.display()))
}
