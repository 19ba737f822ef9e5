//! `status`: how a registry is.

use std::process::ExitCode;

use anyhow::Context as _;
use clap::Args;
use conformity::ids::Origin;
use ledger::checkpoint::Checkpoint;
use serde::Serialize;
use serde_json::Value;

use super::context::{Context, wait};
use super::output;
use super::pinned::Pinned;
use crate::client::{ClientError, Connection};

/// Show how the registry is: checkpoint, sizes, peers, faults, evidence
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  registry-node --registry jp status
  registry-node --as buyer-1 status --json

Ends with an error code when nothing is acknowledged at present.")]
pub(super) struct Status {}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Shown {
    registry: String,
    origin: Origin,
    url: String,
    /// How many persons a sensitive step of the operator needs.
    persons: usize,
    /// Whether statements are acknowledged.
    ready: bool,
    /// What keeps it from that.
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<String>,
    /// Entries in the log.
    #[serde(skip_serializing_if = "Option::is_none")]
    size: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    checkpoint: Option<Published>,
    peers: Vec<Value>,
    /// Evidence that logs are forked.
    evidence: Vec<Value>,
    /// What lapses did to verdicts, where not all are told of yet.
    cascades: Vec<Value>,
}

/// The published checkpoint, signed by the pinned key.
#[derive(Debug, Serialize)]
struct Published {
    size: u64,
    root: String,
}

impl Status {
    #[expect(clippy::unused_self, reason = "it is a command like the others, and has no flags")]
    pub(super) fn run(self, context: &Context) -> anyhow::Result<ExitCode> {
        let shown = wait(look(context))?;
        let ready = shown.ready;
        context.answer(&shown, render)?;
        Ok(if ready { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }
}

async fn look(context: &Context) -> anyhow::Result<Shown> {
    let about = context.credentials()?.about;
    let pinned = Pinned::of_credentials(&context.credentials_folder())?;
    let mut connection = context.reader()?.connect().await?;
    let (log, history) = pinned.key_history(&mut connection).await?;
    let problem = match connection.get("/readyz").await {
        Ok(_) => None,
        Err(error @ ClientError::Problem { .. }) => Some(error.to_string()),
        Err(error) => return Err(error.into()),
    };
    let checkpoint = match connection.get("/checkpoint").await {
        Ok(note) => Some(String::from_utf8(note.to_vec())?),
        Err(ClientError::Problem { status: 404, .. }) => None,
        Err(error) => return Err(error.into()),
    };
    let checkpoint = checkpoint.map(|note| Checkpoint::verify_published(&note, &log)).transpose();
    let checkpoint =
        checkpoint.context("the published checkpoint is not signed by the log that these credentials pin")?;
    Ok(Shown {
        registry: about.registry.to_string(),
        origin: about.origin,
        url: about.url,
        persons: pinned.proven(&history)?.begun.persons().count(),
        ready: problem.is_none(),
        problem,
        size: log_size(&mut connection).await?,
        checkpoint: checkpoint.map(|known| Published { size: known.size, root: known.root.to_string() }),
        peers: super::context::all(&mut connection, "/v1/peers", "peers").await?,
        evidence: super::context::all(&mut connection, "/v1/evidence", "evidence").await?,
        cascades: unfinished(super::context::all(&mut connection, "/v1/cascades", "cascades").await?),
    })
}

fn unfinished(cascades: Vec<Value>) -> Vec<Value> {
    cascades.into_iter().filter(|cascade| cascade["finished"] == false).collect()
}

/// The log's size, as the metrics tell it.
async fn log_size(connection: &mut Connection) -> anyhow::Result<Option<u64>> {
    let metrics = String::from_utf8(connection.get("/metrics").await?.to_vec())?;
    Ok(metrics.lines().find_map(|line| line.strip_prefix("registry_log_size ")?.trim().parse().ok()))
}

fn render(shown: &Shown) -> String {
    let mut lines = vec![format!("{} at {}, log {}", shown.registry, shown.url, shown.origin)];
    lines.push(shown.problem.clone().unwrap_or_else(|| "ready: statements are acknowledged".to_owned()));
    lines.push(match shown.persons {
        1 => "FOR TRIALS: one person of the operator alone can expel, erase, annul, and change keys; to need two: registry-node persons --help"
            .to_owned(),
        persons => format!("sensitive steps of the operator need {persons} persons"),
    });
    if let Some(size) = shown.size {
        lines.push(format!("entries: {size}"));
    }
    lines.push(match &shown.checkpoint {
        Some(Published { size, root }) => format!("published checkpoint: size {size}, root {root} (signature checked)"),
        None => "no checkpoint is published yet".to_owned(),
    });
    if !shown.peers.is_empty() {
        let peers = Value::Array(shown.peers.clone());
        let fault = "last fault=status/lastFault/code";
        let (by_it, by_us) = ("cosigned ours=cosigned/byIt", "we cosigned=cosigned/byUs");
        lines.push(output::rows(
            &peers,
            ["registry", "status/state", "status/mirrored", "followed", by_it, by_us, fault],
        ));
    }
    if !shown.evidence.is_empty() {
        lines.push("evidence of forked logs; to hand one on: registry-node evidence export <id>".to_owned());
        let evidence = Value::Array(shown.evidence.clone());
        lines.push(output::rows(&evidence, ["id", "registry", "found", "sent by=sentBy", "proven"]));
    }
    if !shown.cascades.is_empty() {
        lines.push("verdicts are being told of what they rest on; all of it: registry-node cascades".to_owned());
        lines.push(super::cascades::table(&Value::Array(shown.cascades.clone())));
    }
    lines.join("\n")
}
