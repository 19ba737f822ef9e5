//! `evidence`: proof that a log is forked: listed, exported, and checked without asking anybody.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, ensure};
use clap::{Args, Subcommand};
use conformity::words::Params;
use credential::bundle::Pin;
use federation::evidence::prove;
use ledger::log_keys::LogKeys;
use ledger::note::NoteVerifier;
use serde::Serialize;
use serde_json::{Value, json};

use super::context::{Context, read_input};
use super::output;
use super::pinned::Pinned;
use crate::witness::evidence::Record;

/// Largest file of evidence that is read, in bytes: two signed notes, a proof and a history of keys, as JSON.
const MAX_BYTES: u64 = 1024 * 1024;

const EXAMPLES: &str = "\
Examples:
  registry-node --registry jp evidence list
  registry-node --registry jp evidence export 0123456789abcdef --out evidence.json
  registry-node evidence verify evidence.json
  registry-node evidence verify evidence.json --genesis eu/genesis.jws

Evidence is two checkpoints that one log signed and that cannot both be true. Its file holds everything that it takes to
check it, save one thing: that the key in it is the log's. The genesis statement of the log says so.";

/// List, export and check evidence that a log is forked
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Evidence {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// List what this registry has found or was sent
    #[command(after_help = "Example:\n  registry-node --registry jp evidence list")]
    List,
    /// Write one piece to a file that anybody can check
    #[command(
        after_help = "Example:\n  registry-node --registry jp evidence export 0123456789abcdef --out evidence.json"
    )]
    Export(Export),
    /// Check a piece from its file alone
    #[command(after_help = "Example:\n  registry-node evidence verify evidence.json --genesis eu/genesis.jws")]
    Verify(Verify),
}

#[derive(Debug, Args)]
struct Export {
    /// Id, as the list shows it
    id: String,
    /// File to write [default: standard output]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

#[derive(Debug, Args)]
struct Verify {
    /// The file; - for standard input
    file: PathBuf,
    /// Genesis statement of the log, as you pinned it: the key is held against it
    #[arg(long, value_name = "FILE")]
    genesis: Option<PathBuf>,
}

/// What evidence proves.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Proof {
    id: String,
    origin: String,
    log_key: String,
    /// Whether the key was held against a genesis.
    genesis: bool,
    sizes: [u64; 2],
}

impl Evidence {
    pub(super) fn run(self, context: &Context) -> anyhow::Result<ExitCode> {
        match self.command {
            Command::List => list(context),
            Command::Export(export) => export.run(context),
            Command::Verify(verify) => verify.run(context),
        }
    }
}

fn list(context: &Context) -> anyhow::Result<ExitCode> {
    let evidence = json!({ "evidence": context.ask_all::<Value>("/v1/evidence", "evidence")? });
    context.answer(&evidence, |evidence| {
        output::rows(evidence, ["id", "registry", "origin", "found", "sent by=sentBy", "proven"])
    })
}

impl Export {
    fn run(self, context: &Context) -> anyhow::Result<ExitCode> {
        let is_id = self.id.len() == 16 && self.id.bytes().all(|byte| byte.is_ascii_hexdigit());
        ensure!(is_id, "{} is no id of evidence; see `registry-node evidence list`", self.id);
        let record: Record = context.ask(&format!("/v1/evidence/{}", self.id))?;
        let Some(out) = self.out else { return context.answer(&record, pretty) };
        std::fs::write(&out, pretty(&record)).with_context(|| format!("cannot write {}", out.display()))?;
        let exported = json!({ "exported": record.id, "file": out });
        let params =
            Params::default().with("id", &record.id).with("origin", &record.origin).with("file", out.display());
        context.answer(&exported, |_| output::label("evidence-exported", &params))
    }
}

fn pretty(record: &Record) -> String {
    // Numbers, strings and lists only: such a value always has a JSON form.
    serde_json::to_string_pretty(record).unwrap_or_default()
}

impl Verify {
    fn run(self, context: &Context) -> anyhow::Result<ExitCode> {
        let bytes = read_input(&self.file, MAX_BYTES)?;
        let record: Record = serde_json::from_slice(&bytes)
            .with_context(|| format!("{} is no evidence as `evidence export` writes it", self.file.display()))?;
        let proof = check(&record, self.genesis.as_deref())?;
        context.answer(&proof, render)
    }
}

fn check(record: &Record, genesis: Option<&Path>) -> anyhow::Result<Proof> {
    let log = keys(record)?;
    let proven = prove(&record.evidence(), &log).context("this proves nothing")?;
    ensure!(proven.first.origin == record.origin.as_str(), "the checkpoints are of {}", proven.first.origin);
    if let Some(file) = genesis {
        let pinned = Pinned::read(file)?;
        ensure!(
            pinned.genesis.log_key.as_str() == record.log_key
                && pinned.digest.as_bytes() == record.genesis_digest.as_bytes(),
            "the key in the evidence is not that of {}: whoever has it may have made all of this up",
            file.display()
        );
    }
    Ok(Proof {
        id: proven.id(),
        origin: proven.first.origin,
        log_key: record.log_key.clone(),
        genesis: genesis.is_some(),
        sizes: [proven.first.size, proven.second.size],
    })
}

/// The keys of the accused log: the first, and those that the evidence itself proves to have taken over.
fn keys(record: &Record) -> anyhow::Result<LogKeys> {
    let first: NoteVerifier = record.log_key.parse().context("the evidence names no log key")?;
    let Some(history) = &record.keys else { return Ok(first.into()) };
    let keys = history.verify(Pin::Genesis(record.genesis_digest)).context("the keys of the log are not proven")?;
    ensure!(*keys.first() == first, "the keys do not begin with {first}");
    Ok(keys)
}

fn render(proof: &Proof) -> String {
    let Proof { id, origin, log_key, genesis, sizes: [first, second] } = proof;
    let what = if first == second {
        format!("it signed two roots for size {first}")
    } else {
        format!("it signed size {first}, and a size {second} that does not begin with it")
    };
    let key = if *genesis {
        "the key is that of the genesis given".to_owned()
    } else {
        format!(
            "this holds if the log's key is {log_key}: compare it with the genesis that you pinned, or use --genesis"
        )
    };
    format!("evidence {id}: the log {origin} is forked: {what}\n{key}")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use ledger::checkpoint::{Checkpoint, Purpose};
    use ledger::key::{Algorithm, SigningKey};
    use ledger::merkle::leaf_hash;
    use ledger::note::NoteSigner;

    fn record() -> Record {
        let log = NoteSigner::new("eu.example", SigningKey::generate(Algorithm::Ed25519).unwrap()).unwrap();
        let note = |root: &[u8]| {
            Checkpoint { origin: "eu.example".to_owned(), size: 7, root: leaf_hash(root), purpose: Purpose::Commit }
                .sign(&log)
                .unwrap()
        };
        Record {
            id: "0123456789abcdef".to_owned(),
            registry: "eu".parse().unwrap(),
            origin: "eu.example".parse().unwrap(),
            log_key: log.verifier().to_string(),
            genesis_digest: conformity::Digest::of(b"x"),
            found: jiff::Timestamp::UNIX_EPOCH,
            sent_by: None,
            proven: true,
            first: note(b"one"),
            second: note(b"two"),
            inconsistency: None,
            keys: None,
        }
    }

    #[test]
    fn a_file_is_believed_for_what_it_proves_only() {
        let record = record();
        let proof = check(&record, None).unwrap();
        assert_eq!((proof.sizes, proof.genesis), ([7, 7], false));
        assert!(render(&proof).contains("two roots for size 7"), "{}", render(&proof));
        let read: Record = serde_json::from_str(&pretty(&record)).unwrap();
        assert_eq!(read, record);
        let same = Record { second: record.first.clone(), ..record.clone() };
        assert!(format!("{:#}", check(&same, None).unwrap_err()).contains("agree"));
        let other = Record { origin: "jp.example".parse().unwrap(), ..record.clone() };
        assert!(check(&other, None).unwrap_err().to_string().contains("eu.example"));
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("genesis.jws");
        assert!(check(&record, Some(&file)).is_err(), "there is no such genesis");
    }
}
