//! Getting the register back at a start: from the index as far as it can be believed, from the log for the rest.
//!
//! Replay runs the same `decide` as intake, so that recovery is the happy path. Signatures were checked at intake; the
//! journal's digests prove that these are the same bytes.

use std::ops::Range;
use std::path::Path;

use conformity::decide::{Place, decide};
use conformity::key::KeyId;
use conformity::records::{Record, Register, View};
use conformity::refusal::Refusal;
use credential::certificates;
use jiff::Timestamp;
use ledger::digest::Digest;
use ledger::entry::Entry;
use ledger::journal::{ReadError, Stored};
use ledger::log::LogReader;

use super::feed::parse_signed;
use crate::index::{self, Doubt, Index, Loaded};

/// Entries that are read from the log at once.
const CHUNK: u64 = 1_024;

/// Why the register cannot be had back.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    /// The log could not be read.
    #[error(transparent)]
    Log(#[from] ReadError),
    /// The log has no genesis.
    #[error("this log has no genesis entry; create a registry with `registry-node init`")]
    NoGenesis,
    /// A committed statement cannot be read.
    #[error("the statement at {index} cannot be read: {problem}")]
    Statement {
        /// Where.
        index: u64,
        /// What is wrong.
        problem: String,
    },
    /// A committed statement is refused by the rules: written by another version of the program, or by a defect.
    #[error(
        "the statement at {index} is in the log, but the rules refuse it: {refusal}. Was it written by a newer version?"
    )]
    Refused {
        /// Where.
        index: u64,
        /// Why.
        refusal: Box<Refusal>,
    },
    /// A doubted index could not even be moved out of the way.
    #[error("the index is in doubt and cannot be set aside: {0}")]
    SetAside(std::io::Error),
    /// A new index cannot be written.
    #[error("a new index cannot be written: {0}")]
    Index(#[from] Doubt),
}

/// The register at the log's end, and an index that has come as far.
///
/// # Errors
/// [`ReplayError`] when the log itself does not carry it. A doubted index is set aside and derived again.
pub fn restore(
    log: &LogReader,
    folder: &Path,
    trial: impl Fn(&Path) -> bool,
) -> Result<(Register, Index), ReplayError> {
    let root_at = |size| log.root_at(size).ok();
    let loaded = match Index::open(folder, root_at, &trial) {
        Ok(loaded) => loaded,
        Err(doubt) => {
            let place = index::set_aside(folder).map_err(ReplayError::SetAside)?;
            tracing::warn!(%doubt, place = %place.display(), "the index was set aside and is derived again");
            Index::open(folder, root_at, &trial)?
        }
    };
    let Loaded { mut index, records, size } = loaded;
    let mut register = Register::new();
    records.into_iter().for_each(|record| register.insert(record));
    // What rested on an erased statement leads nowhere now, so a log is read again as a part of itself.
    register.see(View::Part);
    replay(log, size, &mut register, &mut index)?;
    register.see(View::Whole);
    Ok((register, index))
}

fn replay(log: &LogReader, from: u64, register: &mut Register, index: &mut Index) -> Result<(), ReplayError> {
    let (mut next, end) = (from, log.size());
    let mut replay = Replay::new(log, register);
    while next < end {
        let until = end.min(next + CHUNK);
        let mut changed = Vec::new();
        replay.read(next..until, |_, _, _, records| {
            changed.extend(records);
            Ok::<_, ReplayError>(())
        })?;
        let root =
            log.root_at(until).map_err(|error| ReplayError::Statement { index: until, problem: error.to_string() })?;
        index.apply(&changed, until, root)?;
        next = until;
    }
    Ok(())
}

/// Reads a log again by the rules of intake. The register must see a part, see [`restore`].
pub(super) struct Replay<'a> {
    log: &'a LogReader,
    register: &'a mut Register,
    erased: bool,
}

impl<'a> Replay<'a> {
    /// Reads on into `register`.
    pub(super) fn new(log: &'a LogReader, register: &'a mut Register) -> Self {
        let erased = register.erasures().next().is_some();
        Self { log, register, erased }
    }

    /// Takes up a range of entries; `visit` sees the register after each of them, and the records that it brought.
    pub(super) fn read<E: From<ReplayError>>(
        &mut self,
        range: Range<u64>,
        mut visit: impl FnMut(&Register, u64, &Entry, Vec<Record>) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut next = range.start;
        while next < range.end {
            let until = range.end.min(next + CHUNK);
            let entries = self.log.entries(next..until).map_err(ReplayError::from)?;
            for (place, entry) in (next..).zip(entries) {
                let records = self.take(place, &entry)?;
                visit(self.register, place, &entry, records)?;
            }
            next = until;
        }
        Ok(())
    }

    fn take(&mut self, place: u64, entry: &Entry) -> Result<Vec<Record>, ReplayError> {
        match records_of(self.log, place, entry, self.register) {
            Ok(None) => {
                self.erased |= entry.kind.has_statement();
                Ok(Vec::new())
            }
            Ok(Some(records)) => {
                records.iter().for_each(|record| self.register.insert(record.clone()));
                Ok(records)
            }
            // It spoke of what was erased since.
            Err(ReplayError::Refused { .. }) if self.erased => Ok(Vec::new()),
            Err(error) => Err(error),
        }
    }
}

/// What one committed entry changes; nothing for a seal or an erased statement.
fn records_of(
    log: &LogReader,
    index: u64,
    entry: &Entry,
    register: &Register,
) -> Result<Option<Vec<Record>>, ReplayError> {
    let Stored::Bytes(compact) = log.statement(index)? else { return Ok(None) };
    let unreadable = |problem| ReplayError::Statement { index, problem };
    let (statement, signed) = parse_signed(&compact).map_err(unreadable)?;
    let kid = KeyId::from_bytes(*signed.kid().as_bytes());
    let at = i64::try_from(entry.time_ms)
        .ok()
        .and_then(|ms| Timestamp::from_millisecond(ms).ok())
        .ok_or_else(|| unreadable("its time cannot be represented".to_owned()))?;
    let attachment = match statement.decisive_attachment() {
        Some(digest) => log.attachment(&Digest::from_bytes(*digest.as_bytes()))?,
        None => None,
    };
    let digest = conformity::digest::Digest::from_bytes(*entry.digest.as_bytes());
    let place = Place { index, at, kid, digest, attachment: attachment.as_deref() };
    let decided = certificates::check(register, &statement, &place, signed.certificates())
        .and_then(|_| decide(register, &statement, &place));
    decided.map(Some).map_err(|refusal| ReplayError::Refused { index, refusal: Box::new(refusal) })
}
