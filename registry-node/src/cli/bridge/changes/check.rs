//! `bridge check`: tables of changes, checked without any registry or network.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, ensure};
use clap::Args;
use conformity::words::{Params, label};
use credential::bundle::{KeyHistory, MAX_BUNDLE};
use ledger::key::Thumbprint;
use ledger::log_keys::LogKeys;
use serde::Serialize;

use super::seal::{self, Held};
use crate::cli::context::{Context, read_input};
use crate::cli::output;
use crate::cli::pinned::Pinned;
use crate::cli::prove::BROKEN_BUNDLE;
use crate::core::filter::Place;

/// Most tables of one command.
const TABLES_MAX: usize = 10_000;

/// Check signed tables of changes, without any registry or network
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  registry-node --as buyer-1 bridge check changes/*.csv
  registry-node bridge check --genesis genesis.jws --signer NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs changes/*.csv

Each table must be the one that was signed, byte for byte, by this key, under a checkpoint of this log that covers it; and several must join, so that
none between them is missing. With --as the key is that of the credentials, and the log that of their registry. It is no proof of what a line
says: that is where its column proof leads, for `verify`. Exits with 3 if a table does not hold.")]
pub(in crate::cli::bridge) struct Check {
    /// The tables; the signature of each stands beside it
    #[arg(required = true)]
    tables: Vec<PathBuf>,
    /// The genesis of the registry [default: that of the credentials]
    #[arg(long, value_name = "FILE")]
    genesis: Option<PathBuf>,
    /// What proves keys that the log came to later, from `log keys --out`
    #[arg(long, value_name = "FILE")]
    log_keys: Option<PathBuf>,
    /// The thumbprint (RFC 7638) of the key that signs, as its owner told you [default: the key of the credentials]
    #[arg(long, value_name = "THUMBPRINT")]
    signer: Option<Thumbprint>,
}

/// What is told of a table that holds.
#[derive(Debug, Serialize)]
struct Told {
    file: PathBuf,
    by: String,
    registry: String,
    origin: String,
    rows: usize,
    after: Place,
    through: Place,
    size: u64,
    wanted: Vec<String>,
}

impl Check {
    pub(in crate::cli::bridge) fn run(self, context: &Context) -> anyhow::Result<ExitCode> {
        ensure!(self.tables.len() <= TABLES_MAX, "at most {TABLES_MAX} tables at a time");
        let (pinned, signer) = (self.pinned(context)?, self.signer(context)?);
        let log = self.log(&pinned)?;
        let checked = held(&self.tables, |table| seal::check(table, &signer, &pinned.genesis.origin, &log));
        let told = match checked {
            Ok(told) => told,
            Err(error) => {
                output::failure(&error, context.json);
                return Ok(ExitCode::from(BROKEN_BUNDLE));
            }
        };
        context.answer(&told, |told| {
            let line = |one: &Told| {
                let params = Params::default().with("file", one.file.display()).with("rows", one.rows);
                let params = params.with("after", one.after).with("through", one.through);
                let params = params.with("by", &one.by).with("origin", &one.origin).with("size", one.size);
                label("changes-held", context.language, &params)
            };
            told.iter().map(line).collect::<Vec<_>>().join("\n")
        })
    }

    fn pinned(&self, context: &Context) -> anyhow::Result<Pinned> {
        match &self.genesis {
            Some(file) => Pinned::read(file),
            None => Pinned::of_credentials(&context.credentials_folder()),
        }
    }

    fn signer(&self, context: &Context) -> anyhow::Result<Thumbprint> {
        match self.signer {
            Some(signer) => Ok(signer),
            None => Ok(context.credentials()?.signing_key()?.public_key().thumbprint()),
        }
    }

    fn log(&self, pinned: &Pinned) -> anyhow::Result<LogKeys> {
        let Some(file) = &self.log_keys else { return Ok(pinned.first_log_key()?.into()) };
        let history: KeyHistory = serde_json::from_slice(&read_input(file, MAX_BUNDLE as u64)?)
            .with_context(|| format!("{} is nothing that `log keys` writes", file.display()))?;
        pinned.proven_keys(&history)
    }
}

/// All tables, in the order of what they tell, if each holds and they join.
fn held(tables: &[PathBuf], check: impl Fn(&Path) -> anyhow::Result<Held>) -> anyhow::Result<Vec<Told>> {
    let mut all = Vec::new();
    for table in tables {
        let held = check(table).with_context(|| format!("{} does not hold", table.display()))?;
        all.push(told(table.clone(), held));
    }
    all.sort_by_key(|one| one.through);
    for pair in all.windows(2) {
        let (before, behind) = (&pair[0], &pair[1]);
        ensure!(
            (before.through, &before.wanted) == (behind.after, &behind.wanted),
            "{} ends with {}, and {} begins behind {}: one between them is missing, or they are not of one folder",
            before.file.display(),
            before.through,
            behind.file.display(),
            behind.after
        );
    }
    Ok(all)
}

fn told(file: PathBuf, held: Held) -> Told {
    let Held { claims, size } = held;
    Told {
        file,
        by: claims.iss.to_string(),
        registry: claims.registry.to_string(),
        origin: claims.origin.to_string(),
        rows: claims.rows,
        after: claims.after,
        through: claims.through,
        size,
        wanted: claims.wanted,
    }
}
