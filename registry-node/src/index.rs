//! The index: a copy of the register's records in sled, so that a start need not replay the whole log.
//!
//! Derived data only, and treated so. sled's flush is no fsync and a damaged folder can panic at open, therefore: the
//! folder is first opened by a child process, every value read is covered by one digest that was written in the same batch,
//! the size and root it stands for must be those of the log, and on any doubt it is set aside and derived again.
//! Out of scope: answering queries (the read model does, from memory).

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use aws_lc_rs::digest::{SHA256, digest};
use conformity::records::Record;
use ledger::log::LogReader;
use ledger::merkle::Hash;
use serde::{Deserialize, Serialize};

use crate::core::sequencer::Committed;
use crate::spans::in_current_span;

const FORMAT: u32 = 4;
const META: &[u8] = b"\0meta";
const RECORD_PREFIX: u8 = 1;
/// Commits that may wait to be written.
const MAX_WAITING: usize = 65_536;
/// Records written at once.
const MAX_BATCH_RECORDS: usize = 16_384;
/// Priority of the thread that writes, as `nice` counts.
#[cfg(target_os = "linux")]
const LOW_PRIORITY: i32 = 10;
const CHECK_TIMEOUT: Duration = Duration::from_secs(120);
/// How long a lock may outlive the handle that this process dropped: whatever it forked meanwhile has it until it runs its program.
const LOCKED_TIMEOUT: Duration = Duration::from_secs(10);
const LOCKED_PAUSE: Duration = Duration::from_millis(20);

/// How far the index has come, written in one batch with the records it speaks of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Meta {
    format: u32,
    size: u64,
    root: [u8; 32],
    sum: [u8; 32],
}

/// Why the index is not believed; it is rebuilt, and this goes to the operator's log.
#[derive(Debug, thiserror::Error)]
pub enum Doubt {
    /// The child process that opened it first failed or took too long.
    #[error("a trial opening of the index failed")]
    TrialFailed,
    /// sled refused.
    #[error("the index cannot be read: {0}")]
    Storage(#[from] sled::Error),
    /// Contents do not match the digest written with them.
    #[error("the index does not match its own digest")]
    Digest,
    /// It stands for a log that is not this one.
    #[error("the index stands for size {size}, which is not the log's root there")]
    OtherLog {
        /// Size that it claims.
        size: u64,
    },
    /// Another format, or a value that does not parse.
    #[error("the index has an unreadable value or another format")]
    Unreadable,
}

/// An open index.
pub struct Index {
    folder: PathBuf,
    tree: sled::Db,
    sum: [u8; 32],
    /// Whether an erasure was taken in: something may be here that must not be.
    met_erasure: bool,
}

/// What a start takes from the index.
pub struct Loaded {
    /// The index, positioned after these records.
    pub index: Index,
    /// Every record.
    pub records: Vec<Record>,
    /// Log size that they stand for.
    pub size: u64,
}

impl Index {
    /// Opens the index in `folder` and reads everything, or makes a new one where none exists. One that still holds what
    /// was erased is removed first.
    ///
    /// `root_at` gives the log's root at a size, `None` when the log is shorter; `trial` opens the folder elsewhere first.
    ///
    /// # Errors
    /// [`Doubt`]: set it aside with [`set_aside`] and open again.
    pub fn open(
        folder: &Path,
        root_at: impl Fn(u64) -> Option<Hash>,
        trial: impl Fn(&Path) -> bool,
    ) -> Result<Loaded, Doubt> {
        if folder.exists() && !trial(folder) {
            return Err(Doubt::TrialFailed);
        }
        let tree = unlocked(folder)?;
        let (records, sum) = read_records(&tree)?;
        if holds_erased(&records) {
            drop(tree);
            remove(folder).map_err(sled::Error::Io)?;
            return Index::open(folder, root_at, trial);
        }
        let size = match tree.get(META)? {
            None if records.is_empty() => 0,
            None => return Err(Doubt::Digest),
            Some(bytes) => checked_size(&bytes, &sum, root_at)?,
        };
        Ok(Loaded { index: Index { folder: folder.to_owned(), tree, sum, met_erasure: false }, records, size })
    }

    /// Takes in the records of one or more commits, up to log `size` with that `root`.
    ///
    /// # Errors
    /// [`Doubt`]; the index must then not be written again in this process.
    pub fn apply(&mut self, records: &[Record], size: u64, root: Hash) -> Result<(), Doubt> {
        let mut batch = sled::Batch::default();
        let mut latest = std::collections::BTreeMap::new();
        for record in records {
            latest.insert(record_key(record), record);
        }
        let mut sum = self.sum;
        for (key, record) in latest {
            let value = serde_json::to_vec(record).map_err(|_| Doubt::Unreadable)?;
            if let Some(old) = self.tree.get(&key)? {
                toggle(&mut sum, &key, &old);
            }
            toggle(&mut sum, &key, &value);
            batch.insert(key, value);
        }
        let meta = Meta { format: FORMAT, size, root: *root.as_bytes(), sum };
        batch.insert(META, serde_json::to_vec(&meta).map_err(|_| Doubt::Unreadable)?);
        self.tree.apply_batch(batch)?;
        self.sum = sum;
        self.met_erasure |= records.iter().any(is_erasure);
        Ok(())
    }

    /// Whether it holds what was erased: taken in before the erasure, or while a crash had left the bytes in the journal.
    fn holds_erased(&self) -> bool {
        self.met_erasure && read_records(&self.tree).map_or(true, |(records, _)| holds_erased(&records))
    }

    /// Destroys the index, because it still holds what was erased; the next start derives another.
    fn destroy(self) {
        let Index { folder, tree, .. } = self;
        drop(tree);
        if let Err(error) = remove(&folder) {
            tracing::error!(%error, folder = %folder.display(), "the index, or one set aside, holds something erased and cannot be removed; remove them");
        }
    }

    /// Digest over all records, independent of their order: two indexes of one log agree on it.
    pub fn sum(&self) -> [u8; 32] {
        self.sum
    }
}

/// Keeps the index up to date behind the sequencer, on a thread of its own.
pub struct Indexer;

impl Indexer {
    /// Starts the thread; it ends when the sender is dropped. If the index fails, it stays behind, and the next start
    /// derives what it lacks.
    ///
    /// # Errors
    /// When the operating system gives no thread.
    pub fn start(mut index: Index, log: LogReader) -> std::io::Result<mpsc::SyncSender<Committed>> {
        let (sender, receiver) = mpsc::sync_channel::<Committed>(MAX_WAITING);
        std::thread::Builder::new().name("indexer".to_owned()).spawn(in_current_span(move || {
            let_others_go_first();
            if index.holds_erased() {
                return index.destroy();
            }
            while let Ok(first) = receiver.recv() {
                let (records, size) = gather(first, &receiver);
                if records.iter().any(is_erasure) {
                    return index.destroy();
                }
                let applied = log.root_at(size).map_err(|_| Doubt::OtherLog { size });
                if let Err(doubt) = applied.and_then(|root| index.apply(&records, size, root)) {
                    tracing::warn!(%doubt, "the index is no longer written; the next start derives what it lacks");
                    return;
                }
            }
        }))?;
        Ok(sender)
    }
}

/// For what is behind by design: on few cores it takes as long for a statement as checking and committing it, or longer.
///
/// On Linux a priority is a thread's, and inherited by the threads that it starts; elsewhere it would be the
/// whole program's.
pub fn let_others_go_first() {
    #[cfg(target_os = "linux")]
    if let Err(error) = rustix::process::setpriority_process(None, LOW_PRIORITY) {
        tracing::debug!(%error, "a thread keeps the priority of the program");
    }
}

/// Everything that waits already, as one batch.
fn gather(first: Committed, more: &mpsc::Receiver<Committed>) -> (Vec<Record>, u64) {
    let Committed { mut records, mut size } = first;
    while records.len() < MAX_BATCH_RECORDS {
        let Ok(next) = more.try_recv() else { break };
        records.extend(next.records);
        size = next.size;
    }
    (records, size)
}

/// Whether a record of a statement stands beside the record of its erasure.
fn holds_erased(records: &[Record]) -> bool {
    let erased: HashSet<u64> = records.iter().filter_map(erased_index).collect();
    let statement = |record: &Record| matches!(record, Record::Statement(taken) if erased.contains(&taken.index));
    !erased.is_empty() && records.iter().any(statement)
}

fn erased_index(record: &Record) -> Option<u64> {
    match record {
        Record::Erasure(erasure) => Some(erasure.index),
        _ => None,
    }
}

fn is_erasure(record: &Record) -> bool {
    erased_index(record).is_some()
}

/// Removes an index for good, with those that were set aside in its place: they hold the same.
fn remove(folder: &Path) -> std::io::Result<()> {
    let set_aside = format!("{}.doubted", folder.file_stem().unwrap_or_default().to_string_lossy());
    for place in folder.parent().map_or_else(|| Path::new(".").read_dir(), Path::read_dir)? {
        let place = place?;
        if place.file_name().to_string_lossy().starts_with(&set_aside) {
            std::fs::remove_dir_all(place.path())?;
        }
    }
    std::fs::remove_dir_all(folder)
}

/// Moves a doubted index out of the way, keeping it for a person to look at, and returns where it went.
///
/// # Errors
/// When the folder cannot be renamed.
pub fn set_aside(folder: &Path) -> std::io::Result<PathBuf> {
    let place = (1..)
        .map(|number: u32| folder.with_extension(format!("doubted-{number}")))
        .find(|place| !place.exists())
        .unwrap_or_else(|| folder.with_extension("doubted"));
    std::fs::rename(folder, &place)?;
    Ok(place)
}

/// Opens `folder` in a child process of this program (`index-check`), so that a panic or a hang inside sled stays there.
pub fn trial_in_child(folder: &Path) -> bool {
    let Ok(program) = std::env::current_exe() else { return false };
    let child = Command::new(program)
        .arg("index-check")
        .arg(folder)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    let Ok(mut child) = child else { return false };
    let deadline = Instant::now() + CHECK_TIMEOUT;
    while Instant::now() < deadline {
        match child.try_wait() {
            Ok(Some(status)) => return status.success(),
            Ok(None) => std::thread::sleep(Duration::from_millis(5)),
            Err(_) => break,
        }
    }
    // A child that hangs is killed; failing to kill it changes nothing for the answer.
    let _ = child.kill();
    let _ = child.wait();
    false
}

/// What the child process does: open, read everything, close.
///
/// # Errors
/// [`Doubt`] as [`Index::open`]; it may also panic, which is why it runs alone.
pub fn check(folder: &Path) -> Result<(), Doubt> {
    read_records(&unlocked(folder)?).map(drop)
}

/// Opens the folder as soon as nobody has its lock. The folder of the registry is locked by itself, so no other node has.
fn unlocked(folder: &Path) -> Result<sled::Db, sled::Error> {
    let began = Instant::now();
    loop {
        match sled::Config::new().path(folder).flush_every_ms(Some(1_000)).open() {
            Err(sled::Error::Io(error)) if is_locked(&error) && began.elapsed() < LOCKED_TIMEOUT => {
                std::thread::sleep(LOCKED_PAUSE);
            }
            opened => return opened,
        }
    }
}

/// sled has no kind for it, only words.
fn is_locked(error: &std::io::Error) -> bool {
    error.to_string().contains("could not acquire lock")
}

fn read_records(tree: &sled::Db) -> Result<(Vec<Record>, [u8; 32]), Doubt> {
    let mut records = Vec::new();
    let mut sum = [0; 32];
    for item in tree.scan_prefix([RECORD_PREFIX]) {
        let (key, value) = item?;
        toggle(&mut sum, &key, &value);
        let record: Record = serde_json::from_slice(&value).map_err(|_| Doubt::Unreadable)?;
        records.push(record);
    }
    Ok((records, sum))
}

fn checked_size(meta: &[u8], sum: &[u8; 32], root_at: impl Fn(u64) -> Option<Hash>) -> Result<u64, Doubt> {
    let meta: Meta = serde_json::from_slice(meta).map_err(|_| Doubt::Unreadable)?;
    if meta.format != FORMAT {
        return Err(Doubt::Unreadable);
    }
    if meta.sum != *sum {
        return Err(Doubt::Digest);
    }
    if root_at(meta.size).map(|root| *root.as_bytes()) != Some(meta.root) {
        return Err(Doubt::OtherLog { size: meta.size });
    }
    Ok(meta.size)
}

fn record_key(record: &Record) -> Vec<u8> {
    let mut key = vec![RECORD_PREFIX];
    key.extend_from_slice(record.key().to_string().as_bytes());
    key
}

/// Adds an item to the digest, or takes it out again: the exclusive or of one SHA-256 per item.
fn toggle(sum: &mut [u8; 32], key: &[u8], value: &[u8]) {
    let mut item = (key.len() as u64).to_be_bytes().to_vec();
    item.extend_from_slice(key);
    item.extend_from_slice(value);
    for (left, right) in sum.iter_mut().zip(digest(&SHA256, &item).as_ref()) {
        *left ^= right;
    }
}

#[cfg(test)]
mod damage;
#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use serde_json::json;

    use super::*;

    pub(super) const ROOT: Hash = Hash::from_bytes([7; 32]);

    pub(super) fn taken(index: u64) -> Record {
        let digest = "00".repeat(32);
        let record = json!({"iss": "cb-1", "jti": format!("s-{index}"), "index": index, "digest": digest});
        serde_json::from_value(json!({ "statement": record })).unwrap()
    }

    fn erased(index: u64) -> Record {
        let moment = json!({"index": 9, "at": "2026-11-23T09:00:00Z"});
        let record = json!({"index": index, "reason": {"code": "court-order"}, "moment": moment});
        serde_json::from_value(json!({ "erasure": record })).unwrap()
    }

    fn open(folder: &Path) -> Loaded {
        Index::open(folder, |_| Some(ROOT), |_| true).unwrap()
    }

    #[test]
    fn a_lock_that_outlives_its_handle_is_waited_for() {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join("index");
        let held = open(&folder).index;
        let (began, begun) = mpsc::channel();
        let waiting = std::thread::spawn({
            let folder = folder.clone();
            move || {
                began.send(()).unwrap();
                check(&folder).unwrap();
                open(&folder).records.len()
            }
        });
        begun.recv().unwrap();
        std::thread::sleep(10 * LOCKED_PAUSE);
        // Only sled says that it is locked, and only by being asked.
        assert!(matches!(sled::Config::new().path(&folder).open(), Err(sled::Error::Io(error)) if is_locked(&error)));
        drop(held);
        assert_eq!(waiting.join().unwrap(), 0);
    }

    #[test]
    fn what_was_erased_is_not_read_again() {
        let rows: [(&str, Vec<Vec<Record>>, bool); 4] = [
            ("taken in before the erasure", vec![vec![taken(5)], vec![erased(5)]], true),
            ("taken in with it", vec![vec![taken(5), erased(5)]], true),
            ("gone before it was read", vec![vec![taken(4)], vec![erased(5)]], false),
            ("nothing erased", vec![vec![taken(4), taken(5)]], false),
        ];
        for (why, batches, holds) in rows {
            let dir = tempfile::tempdir().unwrap();
            let (folder, aside) = (dir.path().join("index"), dir.path().join("index.doubted-3"));
            std::fs::create_dir(&aside).unwrap();
            let mut index = open(&folder).index;
            for (records, size) in batches.iter().zip(1..) {
                index.apply(records, size, ROOT).unwrap();
            }
            assert_eq!(index.holds_erased(), holds, "{why}");
            drop(index);
            let again = open(&folder);
            assert_eq!(again.records.is_empty(), holds, "{why}");
            assert_eq!(again.size == 0, holds, "{why}");
            assert_eq!(aside.exists(), !holds, "{why}: what was set aside holds the same");
        }
    }
}
