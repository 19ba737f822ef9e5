//! Statements become entries of the log: rebuilt from what the bundle says of them, and proven under the checkpoint together.

use std::sync::Arc;

use bytes::Bytes;
use conformity::statement::{self, Statement};
use conformity::words::Params;
use jiff::Timestamp;
use ledger::encoding::base64_decode;
use ledger::entry::{Entry, Kind};
use ledger::jws::Unverified;
use ledger::merkle::{Hash, verify_multi_inclusion};

use super::anchor::Anchored;
use super::ground::Extract;
use super::step::{StepName, Steps};
use super::{Broken, Fault, Item, Misbehaved};
use crate::statement::read_unverified;

/// Statements that the log holds.
pub(super) struct Included {
    pub(super) statements: Vec<Entered>,
    pub(super) entries: Entries,
    /// When the checkpoint's last entry was sequenced.
    pub(super) sealed: Timestamp,
}

/// Entries of the log, apart from what they commit to.
pub(super) struct Entries {
    /// All that the bundle shows, by rising index.
    all: Vec<(u64, Entry)>,
    /// The root of the state map in the last one.
    pub(super) map_root: Hash,
}

impl Entries {
    /// The entry at an index.
    pub(super) fn get(&self, index: u64) -> Option<&Entry> {
        let place = self.all.binary_search_by_key(&index, |(index, _)| *index).ok()?;
        Some(&self.all[place].1)
    }

    /// Its leaf hash.
    pub(super) fn leaf(&self, index: u64) -> Option<Hash> {
        self.get(index).map(Entry::leaf_hash)
    }

    /// The index of the last one, the seal.
    pub(super) fn last(&self) -> Option<u64> {
        self.all.last().map(|(index, _)| *index)
    }
}

/// A statement at its place in the log. Nobody has looked at its signature.
pub(super) struct Entered {
    pub(super) index: u64,
    pub(super) at: Timestamp,
    pub(super) unverified: Unverified,
    pub(super) statement: Statement,
}

/// A statement as it was read, with the entry that it makes. Nobody has looked for it in the log.
pub(super) struct Read {
    pub(super) index: u64,
    pub(super) entry: Entry,
    pub(super) unverified: Unverified,
    pub(super) statement: Statement,
}

/// What all of them say.
pub(super) fn read(statements: &[Arc<Item>]) -> Result<Vec<Read>, Broken> {
    statements.iter().map(|item| rebuilt(item)).collect()
}

/// Whether they rise by index and begin with the first entry.
pub(super) fn in_order(statements: &[Arc<Item>]) -> Result<(), Broken> {
    let rises = statements.windows(2).all(|pair| pair[0].index < pair[1].index);
    if rises && statements.first().is_some_and(|first| first.index == 0) { Ok(()) } else { Err(Broken::Order) }
}

pub(super) fn include(
    extract: &Extract<'_>,
    read: Result<Vec<Read>, Broken>,
    anchored: &Anchored<'_>,
    steps: &mut Steps,
) -> Result<Included, Fault> {
    let (size, root) = (anchored.checkpoint.size, &anchored.checkpoint.root);
    in_order(extract.statements)?;
    let read = read?;
    let mut all: Vec<_> = read.iter().map(|one| (one.index, one.entry)).collect();
    for (index, bare) in &extract.bare {
        all.push((*index, entry(bare).map_err(|_| Broken::Order)?));
    }
    let last = seal(extract.last)?;
    all.push((size.saturating_sub(1), last));
    all.sort_unstable_by_key(|(index, _)| *index);
    let leaves: Vec<_> = all.iter().map(|(index, entry)| (*index, entry.leaf_hash())).collect();
    verify_multi_inclusion(&leaves, size, extract.proof, root).map_err(Broken::Proof)?;
    let entries = Entries { all, map_root: Hash::from_bytes(*last.digest.as_bytes()) };
    let included = in_time(read, &last, size, entries)?;
    steps.held(StepName::Inclusion, "included", Params::default().with("count", included.statements.len()));
    Ok(included)
}

/// The entry that a statement makes.
fn rebuilt(item: &Item) -> Result<Read, Broken> {
    let index = item.index;
    let compact = Bytes::copy_from_slice(item.statement.as_bytes());
    let unverified = Unverified::parse(compact).map_err(|error| Broken::Jws { index, error })?;
    let statement = read_unverified(&unverified).map_err(|error| Broken::Statement { index, error })?;
    let kind = match statement.kind() {
        statement::Kind::Genesis => Kind::Genesis,
        statement::Kind::RecognitionDerived => Kind::Recognition,
        _ => Kind::Statement,
    };
    let entry = Entry { kind, time_ms: item.time_ms, digest: unverified.digest() };
    Ok(Read { index, entry, unverified, statement })
}

fn entry(text: &str) -> Result<Entry, String> {
    let bytes = base64_decode(text).ok_or("it is not base64")?;
    Entry::decode(&bytes).map_err(|error| error.to_string())
}

fn seal(last: &str) -> Result<Entry, Broken> {
    let entry = entry(last).map_err(Broken::Last)?;
    if entry.kind == Kind::Seal { Ok(entry) } else { Err(Broken::Last("it is of another kind".to_owned())) }
}

/// What the log committed to, if its times can be and never go back.
fn in_time(read: Vec<Read>, last: &Entry, size: u64, entries: Entries) -> Result<Included, Misbehaved> {
    if let Some(pair) = entries.all.windows(2).find(|pair| pair[1].1.time_ms < pair[0].1.time_ms) {
        return Err(Misbehaved::TimeBackwards { index: pair[1].0 });
    }
    let statements = never_back(read)?;
    let sealed = instant(size.saturating_sub(1), last.time_ms)?;
    Ok(Included { statements, entries, sealed })
}

/// Statements with their times, if those can be and never go back.
pub(super) fn never_back(read: Vec<Read>) -> Result<Vec<Entered>, Misbehaved> {
    let mut before = 0;
    let mut statements = Vec::with_capacity(read.len());
    for Read { index, entry, unverified, statement } in read {
        if entry.time_ms < before {
            return Err(Misbehaved::TimeBackwards { index });
        }
        before = entry.time_ms;
        statements.push(Entered { index, at: instant(index, entry.time_ms)?, unverified, statement });
    }
    Ok(statements)
}

pub(super) fn instant(index: u64, time_ms: u64) -> Result<Timestamp, Misbehaved> {
    let instant = i64::try_from(time_ms).ok().and_then(|ms| Timestamp::from_millisecond(ms).ok());
    instant.ok_or(Misbehaved::ImpossibleTime { index, time_ms })
}
