//! Getting the register back at a start: from the index as far as it can be believed, from the log for the rest.
//!
//! Replay runs the same `decide` as intake, so that recovery is the happy path. Signatures were checked at intake; the
//! journal's digests prove that these are the same bytes.

use std::path::Path;

use conformity::decide::{Place, decide};
use conformity::records::{Record, Register, View};
use conformity::refusal::Refusal;
use jiff::Timestamp;
use ledger::digest::Digest;
use ledger::entry::Entry;
use ledger::journal::{ReadError, Stored};
use ledger::log::LogReader;

use super::feed::parse_committed;
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
    let mut erased = register.erasures().next().is_some();
    while next < end {
        let until = end.min(next + CHUNK);
        let mut changed = Vec::new();
        for (place, entry) in (next..).zip(log.entries(next..until)?) {
            match records_of(log, place, &entry, register) {
                Ok(None) => erased |= entry.kind.has_statement(),
                Ok(Some(records)) => {
                    changed.extend(records.into_iter().inspect(|record| register.insert(record.clone())))
                }
                // It spoke of what was erased since.
                Err(ReplayError::Refused { .. }) if erased => {}
                Err(error) => return Err(error),
            }
        }
        let root =
            log.root_at(until).map_err(|error| ReplayError::Statement { index: until, problem: error.to_string() })?;
        index.apply(&changed, until, root)?;
        next = until;
    }
    Ok(())
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
    let statement = parse_committed(&compact).map_err(unreadable)?;
    let at = i64::try_from(entry.time_ms)
        .ok()
        .and_then(|ms| Timestamp::from_millisecond(ms).ok())
        .ok_or_else(|| unreadable("its time cannot be represented".to_owned()))?;
    let attachment = match statement.result_list() {
        Some(digest) => log.attachment(&Digest::from_bytes(*digest.as_bytes()))?,
        None => None,
    };
    let digest = conformity::digest::Digest::from_bytes(*entry.digest.as_bytes());
    let place = Place { index, at, digest, attachment: attachment.as_deref() };
    let decided = decide(register, &statement, &place);
    decided.map(Some).map_err(|refusal| ReplayError::Refused { index, refusal: Box::new(refusal) })
}
