//! `log verify`: whether a log is what it says, from its first entry to its checkpoint.
//!
//! Two ways to the same end: a registry's own folder, offline; or another's over HTTP, from its tiles.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, bail, ensure};
use clap::{Args, Subcommand};
use conformity::records::{Facts, Register};
use credential::bundle::{KeyHistory, Pin};
use indicatif::ProgressBar;
use ledger::checkpoint::Checkpoint;
use ledger::disk::RealDisk;
use ledger::entry::{Entry, Kind};
use ledger::files::{self, SHOWN};
use ledger::journal::{FileJournal, Options, Stored};
use ledger::log::{Log, LogReader};
use ledger::log_keys::LogKeys;
use ledger::merkle::{Frontier, Hash};
use ledger::note::NoteVerifier;
use ledger::tiles::{Content, TilePath, TileStore, decode_bundle, decode_hashes, root_of_tiles};
use ledger::vrf::VrfKey;
use serde::Serialize;
use tokio::runtime::Runtime;

use super::context::Context;
use super::log_key::{Keys, RotateKey};
use super::output;
use super::pinned::{LOG_KEYS, Pinned};
use crate::client::{Client, Connection};
use crate::config::Config;
use crate::core::log_keys;
use crate::core::state_map::{Seals, audit};
use crate::core::tiles;
use crate::folder::Folder;

/// Entries that are read from the journal at once.
const CHUNK: u64 = 1_024;

/// Check logs, and change the key of one's own
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  registry-node --registry jp log verify
  registry-node --registry jp log rotate-key
  registry-node --as buyer-1 log verify --remote --remember jp.checkpoint")]
pub(super) struct Logs {
    #[command(subcommand)]
    command: LogCommand,
}

#[derive(Debug, Subcommand)]
enum LogCommand {
    Verify(Verify),
    Keys(Keys),
    RotateKey(RotateKey),
}

/// Check a log from its first entry to its checkpoint
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  registry-node --registry jp log verify
  registry-node --as buyer-1 log verify --remote --remember jp.checkpoint
  registry-node log verify --url https://jp.registry.example:7443 --ca jp-root.pem --vkey jp.registry.example+2074915d+AdctvkLR/SCinp1eQEbpgexExEY5ZqqO14QB2ACpbuGC

The first reads the journal in the registry's folder, which must not be served meanwhile: records, statements against
their digests, roots, tiles, the signed checkpoint, and the state map against each seal. The others read the tiles over HTTPS; --remote takes address, root
and key from the credentials. --remember keeps the checkpoint in a file: the next time, the log must contain the one that
was seen. Nobody can show two readers two histories if they compare such files.")]
struct Verify {
    /// The log of the registry that the credentials are for, over HTTPS
    #[arg(long)]
    remote: bool,
    /// Base address of the registry
    #[arg(long, requires_all = ["ca", "vkey"], conflicts_with = "remote")]
    url: Option<String>,
    /// Root of its certificate authority, PEM
    #[arg(long, value_name = "FILE", requires = "url")]
    ca: Option<PathBuf>,
    /// Key of its log, as a C2SP verifier key: name+hash+key
    #[arg(long, requires = "url")]
    vkey: Option<NoteVerifier>,
    /// File for the checkpoint that was seen last
    #[arg(long, value_name = "FILE")]
    remember: Option<PathBuf>,
}

/// What was found true.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Verified {
    origin: String,
    size: u64,
    root: String,
    /// Statements whose bytes match their entries; only from inside.
    #[serde(skip_serializing_if = "Option::is_none")]
    statements: Option<u64>,
    /// Statements that were erased; only from inside.
    #[serde(skip_serializing_if = "Option::is_none")]
    erased: Option<u64>,
    /// Seals that hold the root of the state map, derived again; only from inside.
    #[serde(skip_serializing_if = "Option::is_none")]
    seals: Option<u64>,
    /// Seals before an erasure, whose root cannot be derived any more; only from inside.
    #[serde(skip_serializing_if = "Option::is_none")]
    seals_before_erasure: Option<u64>,
    /// Size of the published checkpoint.
    published: u64,
    /// Size of the remembered checkpoint that this log contains.
    #[serde(skip_serializing_if = "Option::is_none")]
    contains: Option<u64>,
}

impl Logs {
    pub(super) fn run(self, context: &Context) -> anyhow::Result<ExitCode> {
        match self.command {
            LogCommand::Verify(verify) => verify.run(context),
            LogCommand::Keys(keys) => keys.run(context),
            LogCommand::RotateKey(rotate) => rotate.run(context),
        }
    }
}

impl Verify {
    fn run(self, context: &Context) -> anyhow::Result<ExitCode> {
        let verified = match (&self.url, &self.ca, &self.vkey) {
            (Some(url), Some(ca), Some(log)) => self.outside(context, &Client::anonymous(url, ca)?, Pin::Key(log))?,
            _ if self.remote => {
                let pinned = Pinned::of_credentials(&context.credentials_folder())?;
                let genesis = conformity::Digest::from_bytes(*pinned.digest.as_bytes());
                self.outside(context, &context.reader()?, Pin::Genesis(genesis))?
            }
            _ => inside(context, self.remember.as_deref())?,
        };
        context.answer(&verified, render)
    }

    fn outside(&self, context: &Context, client: &Client, pin: Pin<'_>) -> anyhow::Result<Verified> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let connection = runtime.block_on(client.connect())?;
        let mut remote = Remote { runtime, connection };
        let history: KeyHistory = serde_json::from_slice(&remote.fetch(LOG_KEYS)?)?;
        let log = history.verify(pin).context("the keys of the log do not lead to the one that is pinned")?;
        let note = String::from_utf8(remote.fetch("/checkpoint")?)?;
        let checkpoint = Checkpoint::verify_published(&note, &log)?;
        let tiles = TilePath::between(0, checkpoint.size).count() as u64;
        let progress = output::progress(tiles, "tiles", context.json);
        let fetch = |path: &TilePath| {
            progress.inc(1);
            remote.fetch(&format!("/{path}"))
        };
        let leaves = check_tiles(&checkpoint, fetch)?;
        progress.finish_and_clear();
        let contains = remember(self.remember.as_deref(), &note, &log, &leaves)?;
        let Checkpoint { origin, size, root, .. } = checkpoint;
        Ok(Verified {
            origin,
            size,
            root: root.to_string(),
            statements: None,
            erased: None,
            seals: None,
            seals_before_erasure: None,
            published: size,
            contains,
        })
    }
}

struct Remote {
    runtime: Runtime,
    connection: Connection,
}

impl Remote {
    fn fetch(&mut self, path: &str) -> anyhow::Result<Vec<u8>> {
        Ok(self.runtime.block_on(self.connection.get(path))?.to_vec())
    }
}

/// Checks hash tiles against the checkpoint and entry bundles against the hashes; gives the leaves.
pub(super) fn check_tiles(
    checkpoint: &Checkpoint,
    mut fetch: impl FnMut(&TilePath) -> anyhow::Result<Vec<u8>>,
) -> anyhow::Result<Vec<Hash>> {
    let mut leaves = Vec::new();
    let root = root_of_tiles(checkpoint.size, |path| {
        let bytes = fetch(path)?;
        if path.content() == Content::Hashes(0) {
            leaves.extend(decode_hashes(&bytes, path.width()).unwrap_or_default());
        }
        anyhow::Ok(bytes)
    });
    let root = root.map_err(|error| anyhow::anyhow!("the tiles do not hold together: {error}"))?;
    ensure!(root == checkpoint.root, "the tiles give root {root}, but the log signed {}", checkpoint.root);
    let mut entries = Sequence::default();
    for path in TilePath::between(0, checkpoint.size).filter(|path| path.content() == Content::Entries) {
        let bundle = fetch(&path)?;
        let bundle = decode_bundle(&bundle, path.width()).with_context(|| format!("{path} is no bundle of entries"))?;
        for bytes in bundle {
            entries.take(&Entry::decode(bytes)?, &leaves)?;
        }
    }
    Ok(leaves)
}

/// Entries in their order.
#[derive(Default)]
struct Sequence {
    next: usize,
    last_ms: u64,
}

impl Sequence {
    /// Checks that an entry is the one that its leaf commits to, and that it may stand there.
    fn take(&mut self, entry: &Entry, leaves: &[Hash]) -> anyhow::Result<()> {
        let index = self.next;
        ensure!(leaves.get(index) == Some(&entry.leaf_hash()), "entry {index} is not the one that the tree commits to");
        ensure!(entry.time_ms >= self.last_ms, "entry {index} is earlier than the one before it");
        ensure!(
            (entry.kind == Kind::Genesis) == (index == 0),
            "entry {index}: a log has one genesis, at its beginning"
        );
        (self.next, self.last_ms) = (index + 1, entry.time_ms);
        Ok(())
    }
}

/// Compares with the checkpoint that was seen last, and keeps the new one. Gives the size of the old one.
fn remember(file: Option<&Path>, note: &str, log: &LogKeys, leaves: &[Hash]) -> anyhow::Result<Option<u64>> {
    let Some(file) = file else { return Ok(None) };
    let seen = match std::fs::read_to_string(file) {
        Ok(seen) => Some(Checkpoint::verify(&seen, log).with_context(|| format!("{} cannot be used", file.display()))?),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
        Err(error) => return Err(error).with_context(|| format!("cannot read {}", file.display())),
    };
    if let Some(seen) = &seen {
        contains(seen, leaves)
            .with_context(|| format!("keep {} and this checkpoint: together they are proof\n{note}", file.display()))?;
    }
    files::replace(&RealDisk, file, note.as_bytes(), SHOWN)
        .with_context(|| format!("cannot write {}", file.display()))?;
    Ok(seen.map(|seen| seen.size))
}

/// Whether the log of these leaves begins with what was seen.
fn contains(seen: &Checkpoint, leaves: &[Hash]) -> anyhow::Result<()> {
    let size = usize::try_from(seen.size)?;
    let Some(begun) = leaves.get(..size) else {
        bail!("the log shows {} entries; it has shown {size} before", leaves.len())
    };
    let mut frontier = Frontier::new();
    begun.iter().for_each(|leaf| frontier.push(*leaf));
    ensure!(frontier.root() == seen.root, "the log does not begin with the {size} entries that it has shown before");
    Ok(())
}

/// Opens the log in a registry's folder for as long as the command takes.
pub(super) fn open(folder: &Folder) -> anyhow::Result<(Log, TileStore)> {
    let config = Config::load(folder.path())?;
    let signers = log_keys::signers(folder, &config.registry.origin)?;
    let tiles = tiles::open(folder, &signers)?;
    let published_size = tiles.published_size()?;
    let options = Options { roll_bytes: config.log.segment_bytes, published_size };
    let journal = FileJournal::open(&folder.journal(), options)
        .context("the journal cannot be read here; a registry that is served is checked with --remote")?;
    Ok((Log::open(journal, signers)?, tiles))
}

fn inside(context: &Context, file: Option<&Path>) -> anyhow::Result<Verified> {
    let folder = context.folder();
    let (mut log, tiles) = open(&folder)?;
    let reader = log.reader();
    let size = reader.size();
    let progress = output::progress(size, "entries", context.json);
    let (leaves, statements, erased) = read_all(&reader, &progress)?;
    progress.finish_and_clear();
    let pinned = Pinned::read(&folder.genesis())?;
    let (seals, register) = audited(&folder, &pinned, &reader)?;
    let begun = register.genesis().context("the log has no genesis")?;
    log_keys::follow(&mut log, &begun)?;
    let keys = reader.keys();
    ensure!(pinned.first_log_key()? == *keys.first(), "the log begins with another key than genesis.jws names");
    let published = match tiles.checkpoint()? {
        None => 0,
        Some(note) => {
            let checkpoint = Checkpoint::verify_published(&note, &keys)?;
            let read = |path: &TilePath| Ok(tiles.read(path)?.with_context(|| format!("{path} is missing"))?.to_vec());
            check_tiles(&checkpoint, read).context("run `registry-node rebuild`: tiles are derived again")?;
            contains(&checkpoint, &leaves).context("the published checkpoint")?;
            checkpoint.size
        }
    };
    let root = reader.root_at(size)?;
    let contains = remember(file, &reader.checkpoint(), &keys, &leaves)?;
    let origin = reader.origin().to_owned();
    Ok(Verified {
        origin,
        size,
        root: root.to_string(),
        statements: Some(statements),
        erased: Some(erased),
        seals: Some(seals.right),
        seals_before_erasure: Some(seals.beyond),
        published,
        contains,
    })
}

/// Derives the state map again and compares it with every seal.
fn audited(folder: &Folder, pinned: &Pinned, log: &LogReader) -> anyhow::Result<(Seals, Register)> {
    let key = VrfKey::load(&folder.map_key())?;
    ensure!(pinned.is_map_key(key.public_key()), "keys/map.pem is not the key of the state map that the genesis names");
    audit(log, key).context("the state map")
}

/// Reads every entry and statement; the log checks each against its tree and digest. Gives leaves and counts.
fn read_all(log: &LogReader, progress: &ProgressBar) -> anyhow::Result<(Vec<Hash>, u64, u64)> {
    let (size, mut leaves, mut statements, mut erased) = (log.size(), Vec::new(), 0, 0);
    while (leaves.len() as u64) < size {
        let from = leaves.len() as u64;
        for (index, entry) in (from..).zip(log.entries(from..size.min(from + CHUNK))?) {
            match log.statement(index)? {
                Stored::Bytes(_) => statements += 1,
                Stored::Erased => erased += 1,
                Stored::None => {}
            }
            leaves.push(entry.leaf_hash());
            progress.inc(1);
        }
    }
    Ok((leaves, statements, erased))
}

fn render(verified: &Verified) -> String {
    let Verified { origin, size, root, statements, erased, seals, seals_before_erasure, published, contains } =
        verified;
    let mut lines = vec![format!("{origin}: {size} entries hold together, root {root}")];
    if let (Some(statements), Some(erased)) = (statements, erased) {
        lines.push(format!("{statements} statements match their entries, {erased} were erased"));
    }
    if let (Some(seals), Some(before)) = (seals, seals_before_erasure) {
        lines.push(format!(
            "{seals} seals hold the root of the state map; {before} before an erasure cannot be checked"
        ));
    }
    lines.push(format!("the published checkpoint of size {published} is signed, and so are the tiles below it"));
    if let Some(contains) = contains {
        lines.push(format!("the checkpoint of size {contains} that was seen before is contained"));
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use ledger::checkpoint::Purpose;
    use ledger::digest::Digest;
    use ledger::tiles::{encode_bundle, encode_hashes};

    fn entries(count: u64) -> Vec<Entry> {
        let kind = |n| if n == 0 { Kind::Genesis } else { Kind::Statement };
        (0..count).map(|n| Entry { kind: kind(n), time_ms: n, digest: Digest::of(&n.to_be_bytes()) }).collect()
    }

    fn checkpoint(entries: &[Entry]) -> Checkpoint {
        let mut frontier = Frontier::new();
        entries.iter().for_each(|entry| frontier.push(entry.leaf_hash()));
        Checkpoint {
            origin: "jp.registry.example".to_owned(),
            size: entries.len() as u64,
            root: frontier.root(),
            purpose: Purpose::Publication,
        }
    }

    /// The tiles of a small log: one of hashes, one of entries.
    fn check(committed: &[Entry], shown: &[Entry]) -> anyhow::Result<Vec<Hash>> {
        check_tiles(&checkpoint(committed), |path| match path.content() {
            Content::Hashes(_) => Ok(encode_hashes(&committed.iter().map(Entry::leaf_hash).collect::<Vec<_>>())),
            Content::Entries => {
                let bytes: Vec<_> = shown.iter().map(Entry::encode).collect();
                Ok(encode_bundle(bytes.iter().map(|entry| entry.as_slice())).unwrap())
            }
        })
    }

    #[test]
    fn tiles_and_bundles_are_held_against_the_checkpoint() {
        let good = entries(5);
        assert_eq!(check(&good, &good).unwrap().len(), 5);
        let mut other = good.clone();
        other[3].time_ms = 4;
        let mut backwards = good.clone();
        backwards[4].time_ms = 0;
        let mut twice = good.clone();
        twice[2].kind = Kind::Genesis;
        let rows = [
            (&good, &other, "entry 3 is not the one"),
            (&backwards, &backwards, "entry 4 is earlier"),
            (&twice, &twice, "entry 2: a log has one genesis"),
        ];
        for (committed, shown, needle) in rows {
            let message = check(committed, shown).unwrap_err().to_string();
            assert!(message.contains(needle), "{message}");
        }
        let signed = checkpoint(&other);
        let wrong = check_tiles(&signed, |_| Ok(encode_hashes(&good.iter().map(Entry::leaf_hash).collect::<Vec<_>>())));
        assert!(wrong.unwrap_err().to_string().contains("but the log signed"));
    }

    #[test]
    fn a_log_must_contain_what_it_has_shown() {
        let leaves: Vec<Hash> = entries(5).iter().map(Entry::leaf_hash).collect();
        contains(&checkpoint(&entries(3)), &leaves).unwrap();
        assert!(contains(&checkpoint(&entries(6)), &leaves).unwrap_err().to_string().contains("6 before"));
        let mut forked = entries(3);
        forked[1].time_ms = 2;
        assert!(contains(&checkpoint(&forked), &leaves).unwrap_err().to_string().contains("does not begin"));
    }
}
