//! `bridge check`: tables of changes, checked without any registry or network.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, ensure};
use clap::Args;
use conformity::words::{Params, label};
use credential::bundle::{KeyHistory, MAX_BUNDLE};
use jiff::Timestamp;

use ledger::key::Thumbprint;
use ledger::log_keys::LogKeys;
use ledger::merkle::Hash;
use serde::Serialize;

use super::seal::{self, Held};
use super::table::Encoding;
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

Each table must be the one that was signed, byte for byte, by this key (--signer again for each that it had), under a checkpoint of this log that covers it; and several must join, so that
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
    /// The thumbprint (RFC 7638) of a key that signs, as its owner told you; each of several, where keys changed [default: the key of the credentials]
    #[arg(long, value_name = "THUMBPRINT")]
    signer: Vec<Thumbprint>,
}

/// What is told of a table that holds.
#[derive(Debug, Serialize)]
struct Told {
    file: PathBuf,
    by: String,
    /// When, as the signer says.
    signed: Timestamp,
    registry: String,
    origin: String,
    rows: usize,
    after: Place,
    through: Place,
    size: u64,
    #[serde(skip)]
    root: Hash,
    wanted: Vec<String>,
    language: String,
    encoding: Encoding,
}

impl Check {
    pub(in crate::cli::bridge) fn run(self, context: &Context) -> anyhow::Result<ExitCode> {
        ensure!(self.tables.len() <= TABLES_MAX, "at most {TABLES_MAX} tables at a time");
        let (pinned, signers) = (self.pinned(context)?, self.signers(context)?);
        let log = self.log(&pinned)?;
        let checked = held(&self.tables, |table| seal::check(table, &signers, &pinned.genesis.origin, &log));
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

    fn signers(&self, context: &Context) -> anyhow::Result<Vec<Thumbprint>> {
        if self.signer.is_empty() {
            return Ok(vec![context.credentials()?.signing_key()?.public_key().thumbprint()]);
        }
        Ok(self.signer.clone())
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
        all.push(told(table.clone(), held).with_context(|| format!("{} does not hold", table.display()))?);
    }
    all.sort_by_key(|one| one.through);
    for pair in all.windows(2) {
        let (before, behind) = (&pair[0], &pair[1]);
        ensure!(
            before.through == behind.after && before.form() == behind.form(),
            "{} ends with {}, and {} begins behind {}: one between them is missing, or they are not of one folder",
            before.file.display(),
            before.through,
            behind.file.display(),
            behind.after
        );
    }
    one_log(&all)?;
    Ok(all)
}

/// That no two tables stand under checkpoints of one size and different roots: each of them is signed by the log, which then showed two histories.
fn one_log(all: &[Told]) -> anyhow::Result<()> {
    let mut roots: BTreeMap<u64, &Told> = BTreeMap::new();
    for one in all {
        let first = roots.entry(one.size).or_insert(one);
        ensure!(
            first.root == one.root,
            "the log signed two different histories of {} entries: {} and {} are proof of that; keep both",
            one.size,
            first.file.display(),
            one.file.display()
        );
    }
    Ok(())
}

impl Told {
    /// What is the same in all tables of a folder.
    fn form(&self) -> (&str, &[String], &str, Encoding) {
        (&self.by, &self.wanted, &self.language, self.encoding)
    }
}

fn told(file: PathBuf, held: Held) -> anyhow::Result<Told> {
    let Held { claims, size, root } = held;
    Ok(Told {
        file,
        signed: Timestamp::from_second(claims.iat).context("it says that it was signed at no time that there is")?,
        by: claims.iss.to_string(),
        registry: claims.registry.to_string(),
        origin: claims.origin.to_string(),
        rows: claims.rows,
        after: claims.after,
        through: claims.through,
        size,
        root,
        wanted: claims.wanted,
        language: claims.language,
        encoding: claims.encoding,
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn one(after: u64, through: u64, size: u64, root: u8) -> Told {
        let place = |index| Place::Behind { index, position: 0 };
        Told {
            file: format!("{through}.csv").into(),
            by: "buyer-1".to_owned(),
            signed: Timestamp::UNIX_EPOCH,
            registry: "jp".to_owned(),
            origin: "jp.registry.example".to_owned(),
            rows: 0,
            after: place(after),
            through: place(through),
            size,
            root: Hash::from_bytes([root; 32]),
            wanted: vec![],
            language: "en".to_owned(),
            encoding: Encoding::Utf8,
        }
    }

    #[test]
    fn a_log_that_signed_two_histories_does_not_hold() {
        let honest = [one(1, 2, 9, 1), one(2, 3, 9, 1), one(3, 10, 12, 2)];
        one_log(&honest).unwrap();
        let told = one_log(&[one(1, 2, 9, 1), one(2, 3, 9, 2)]).unwrap_err().to_string();
        assert!(told.contains("2.csv and 3.csv"), "{told}");
    }
}
