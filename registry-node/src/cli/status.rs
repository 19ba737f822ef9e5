//! `status`: how a registry is.

use std::process::ExitCode;

use anyhow::Context as _;
use clap::Args;
use conformity::ids::Origin;
use conformity::words::Params;
use ledger::checkpoint::Checkpoint;
use serde::Serialize;
use serde_json::Value;

use super::context::{Context, wait};
use super::output;
use super::pinned::Pinned;
use crate::client::ClientError;

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
    /// Whether buyers are served on NATS.
    buyers_on_nats: bool,
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
    let metrics = String::from_utf8(connection.get("/metrics").await?.to_vec())?;
    Ok(Shown {
        registry: about.registry.to_string(),
        origin: about.origin,
        url: about.url,
        persons: pinned.proven(&history)?.begun.persons().count(),
        ready: problem.is_none(),
        problem,
        size: gauge(&metrics, "registry_log_size"),
        checkpoint: checkpoint.map(|known| Published { size: known.size, root: known.root.to_string() }),
        peers: super::context::all(&mut connection, "/v1/peers", "peers").await?,
        buyers_on_nats: gauge(&metrics, "registry_buyers_on_nats") == Some(1),
        evidence: super::context::all(&mut connection, "/v1/evidence", "evidence").await?,
        cascades: unfinished(super::context::all(&mut connection, "/v1/cascades", "cascades").await?),
    })
}

fn unfinished(cascades: Vec<Value>) -> Vec<Value> {
    cascades.into_iter().filter(|cascade| cascade["finished"] == false).collect()
}

/// What the metrics say under a name.
fn gauge(metrics: &str, name: &str) -> Option<u64> {
    metrics.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' ')?.trim().parse().ok())
}

fn render(shown: &Shown) -> String {
    let none = Params::default;
    let about = none().with("registry", &shown.registry).with("url", &shown.url).with("origin", &shown.origin);
    let mut lines = vec![output::label("registry-at", &about)];
    lines.push(shown.problem.clone().unwrap_or_else(|| output::label("ready", &none())));
    let persons = if shown.persons == 1 { "one-person" } else { "several-persons" };
    lines.push(output::label(persons, &none().with("persons", shown.persons)));
    lines.extend(shown.size.map(|size| output::label("entries", &none().with("size", size))));
    lines.push(match &shown.checkpoint {
        Some(Published { size, root }) => {
            output::label("checkpoint-published", &none().with("size", size).with("root", root))
        }
        None => output::label("no-checkpoint", &none()),
    });
    let buyers = if shown.buyers_on_nats { "buyers-on-nats" } else { "no-buyers-on-nats" };
    lines.push(output::label(buyers, &none()));
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
        lines.push(output::label("forks-known", &none()));
        let evidence = Value::Array(shown.evidence.clone());
        lines.push(output::rows(&evidence, ["id", "registry", "found", "sent by=sentBy", "proven"]));
    }
    if !shown.cascades.is_empty() {
        lines.push(output::label("cascades-run", &none()));
        lines.push(super::cascades::table(&Value::Array(shown.cascades.clone())));
    }
    lines.join("\n")
}
