//! `arrangement`: what registries agree to recognise of each other; our side of it.

mod accept;
mod example;

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context as _;
use clap::{Args, Subcommand};
use conformity::arrangement::{Arrangement, ArrangementEnded, ArrangementSigned, ArrangementStep};
use conformity::ids::ArrangementId;
use conformity::statement::Claim;
use conformity::time::Day;
use conformity::words::Params;
use serde_json::Value;

use super::as_of::AsOf;
use super::context::{Context, wait};
use super::output;
use super::scheme::from_file;
use super::submission::{Because, Receipt, Signing, Speaker, render, say};

const EXAMPLES: &str = "\
Examples:
  registry-node --registry jp arrangement propose jp-eu.toml
  registry-node --registry eu arrangement show jp-eu
  registry-node --registry eu arrangement accept jp-eu
  registry-node --registry eu arrangement suspend jp-eu --reason security-incident

The operator or an authority signs. Every party signs the same terms, to the byte; what each does binds from its own log
on, and reaches the others through theirs.";

/// Propose, accept, suspend, restore, end and show arrangements, and examples of them
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arrangements {
    #[command(subcommand)]
    command: ArrangementCommand,
}

#[derive(Debug, Subcommand)]
enum ArrangementCommand {
    Propose(Propose),
    Accept(accept::Accept),
    Suspend(Step),
    Restore(Step),
    End(End),
    Show(Show),
    Example(example::Example),
}

/// Sign terms that nobody has signed yet; the other parties are told
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  registry-node --registry jp arrangement propose jp-eu.toml

The terms in TOML or JSON. A higher version of an id replaces a lower one once it is in force. Bodies that the terms name and that
no registry has shown here yet are warned of (`doubts` with --json).")]
struct Propose {
    /// File with the terms; - for standard input
    terms: PathBuf,
    #[command(flatten)]
    signing: Signing,
}

/// Suspend our part at once, or restore it; binding from our log on
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  registry-node --registry eu arrangement suspend jp-eu --reason security-incident
  registry-node --registry eu arrangement restore jp-eu --reason incident-closed")]
struct Step {
    /// The arrangement
    id: ArrangementId,
    #[command(flatten)]
    because: Because,
    #[command(flatten)]
    signing: Signing,
}

/// End it for us, with the notice that it asks for
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  registry-node --registry eu arrangement end jp-eu --effective 2027-03-31 --reason superseded"
)]
struct End {
    /// The arrangement
    id: ArrangementId,
    /// First day on which it no longer binds, UTC
    #[arg(long, value_name = "DAY")]
    effective: Day,
    #[command(flatten)]
    because: Because,
    #[command(flatten)]
    signing: Signing,
}

/// Show one arrangement in full, or how all stand in each direction and what waits for a signature
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  registry-node --registry eu arrangement show
  registry-node --registry eu arrangement show jp-eu
  registry-node --registry eu arrangement show --as-of 2026-06-30T00:00:00Z")]
struct Show {
    /// The arrangement [default: all]
    id: Option<ArrangementId>,
    #[command(flatten)]
    as_of: AsOf,
}

impl Arrangements {
    pub(super) fn run(self, context: &Context) -> anyhow::Result<ExitCode> {
        match self.command {
            ArrangementCommand::Propose(Propose { terms, signing }) => sign(context, signing, from_file(&terms)?),
            ArrangementCommand::Accept(command) => command.run(context),
            ArrangementCommand::Suspend(command) => command.run(context, Claim::ArrangementSuspended),
            ArrangementCommand::Restore(command) => command.run(context, Claim::ArrangementRestored),
            ArrangementCommand::End(command) => command.run(context),
            ArrangementCommand::Show(command) => command.run(context),
            ArrangementCommand::Example(command) => command.run(context),
        }
    }
}

fn sign(context: &Context, signing: Signing, terms: Arrangement) -> anyhow::Result<ExitCode> {
    let (digest, id) = (terms.digest()?, terms.id.clone());
    let claim = Claim::ArrangementSigned(ArrangementSigned { terms: Arc::new(terms), digest });
    if signing.prepares() {
        return say(context, signing, claim, &[]);
    }
    let speaker = Speaker::open(context)?;
    let signed = speaker.sign(signing.into_id()?, claim)?;
    let receipt = wait(speaker.submit(&signed, &[]))?;
    // It is signed, whatever becomes of the question.
    let doubts = one(context, &id, &AsOf::default()).map(|record| record["doubts"].clone()).unwrap_or_default();
    let doubts = doubts.as_array().cloned().unwrap_or_default();
    let origin = speaker.genesis().origin.clone();
    context.answer(&Signed { receipt, doubts }, |signed| {
        format!("{}{}", in_doubt(&signed.doubts), render(&signed.receipt, &origin))
    })
}

/// What is told to whoever signed.
#[derive(serde::Serialize)]
struct Signed {
    #[serde(flatten)]
    receipt: Receipt,
    /// What the terms name and nobody here has seen.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    doubts: Vec<Value>,
}

/// A line for each doubt; nothing where there is none.
fn in_doubt<'a>(doubts: impl IntoIterator<Item = &'a Value>) -> String {
    let line = |doubt: &Value| format!("warning: {}\n", doubt["text"].as_str().unwrap_or_default());
    doubts.into_iter().map(line).collect()
}

fn one(context: &Context, id: &ArrangementId, as_of: &AsOf) -> anyhow::Result<Value> {
    let found = all(context, as_of)?.into_iter().find(|record| record["id"] == id.as_str());
    found.with_context(|| {
        format!("no terms of {id} have reached this registry; give them with --file, or see `arrangement show`")
    })
}

fn all(context: &Context, as_of: &AsOf) -> anyhow::Result<Vec<Value>> {
    context.ask_all(&as_of.appended("/v1/arrangements"), "arrangements")
}

impl Step {
    fn run(self, context: &Context, claim: fn(ArrangementStep) -> Claim) -> anyhow::Result<ExitCode> {
        let step = ArrangementStep { id: self.id, reason: self.because.into_reason() };
        say(context, self.signing, claim(step), &[])
    }
}

impl End {
    fn run(self, context: &Context) -> anyhow::Result<ExitCode> {
        let end = ArrangementEnded { id: self.id, effective: self.effective, reason: self.because.into_reason() };
        say(context, self.signing, Claim::ArrangementEnded(end), &[])
    }
}

impl Show {
    fn run(self, context: &Context) -> anyhow::Result<ExitCode> {
        match self.id {
            Some(id) => context.answer(&one(context, &id, &self.as_of)?, |record| format!("{record:#}")),
            None => {
                let all = all(context, &self.as_of)?;
                context.answer(&serde_json::json!({ "arrangements": all }), |_| {
                    let doubts = all.iter().flat_map(|record| record["doubts"].as_array().into_iter().flatten());
                    format!("{}{}{}", in_doubt(doubts), overview(&all), waiting(&all))
                })
            }
        }
    }
}

/// A line for each direction.
fn overview(all: &[Value]) -> String {
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let mut rows = Vec::new();
    for record in all {
        for direction in record["directions"].as_array().into_iter().flatten() {
            let way = format!("{} -> {}", text(&direction["from"]), text(&direction["to"]));
            rows.push([text(&record["id"]), text(&direction["version"]), way, text(&direction["force"])]);
        }
    }
    if rows.is_empty() {
        output::label("none-listed", &Params::default())
    } else {
        output::table(["ID", "VERSION", "DIRECTION", "FORCE"], &rows)
    }
}

/// What waits for a signature, and how ours is given; nothing where nothing does.
fn waiting(all: &[Value]) -> String {
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let list = |value: &Value| value.as_array().into_iter().flatten().map(text).collect::<Vec<_>>().join(", ");
    let proposals = all.iter().flat_map(|record| {
        let proposals = record["proposals"].as_array().into_iter().flatten();
        proposals.map(|one| {
            let version = format!("{}@{}", text(&record["id"]), one["version"]);
            [version, list(&one["signed"]), list(&one["missing"]), text(&one["digest"])]
        })
    });
    let rows: Vec<_> = proposals.collect();
    if rows.is_empty() {
        return String::new();
    }
    let table = output::table(["PROPOSED", "SIGNED BY", "WAITS FOR", "DIGEST"], &rows);
    format!("\n{table}\n{}", output::label("proposals-wait", &Params::default()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_direction_is_a_line() {
        let record = serde_json::json!({ "id": "jp-eu", "directions": [
            { "from": "jp", "to": "eu", "version": 1, "force": "in-force", "since": "2026-01-01T00:00:00Z" },
            { "from": "eu", "to": "jp", "version": 1, "force": "unsigned", "missing": ["jp"] }] });
        let text = overview(&[record]);
        assert!(text.contains("jp-eu  1        jp -> eu   in-force"), "{text}");
        assert_eq!(text.lines().count(), 3);
    }

    #[test]
    fn what_waits_for_a_signature_says_how_to_give_it() {
        let record = serde_json::json!({ "id": "jp-eu", "directions": [], "proposals": [
            { "version": 2, "digest": "00ff", "signed": ["jp"], "missing": ["eu", "us"] }] });
        let text = waiting(&[record]);
        assert!(text.contains("jp-eu@2") && text.contains("eu, us") && text.contains("--digest"), "{text}");
        assert_eq!(waiting(&[serde_json::json!({ "id": "jp-eu", "proposals": [] })]), "");
        assert_eq!(
            in_doubt(&[serde_json::json!({ "text": "nobody has seen cb-1" })]),
            "warning: nobody has seen cb-1\n"
        );
    }
}
