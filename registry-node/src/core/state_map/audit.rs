//! Whether the seals of a log hold the roots that its statements give: the map is derived again from the log alone, output by
//! output, and compared at every seal.
//!
//! What a later erasure took away cannot be derived again: a seal before the last erasure may hold a root that nobody can
//! check any more. Seals after it must all be right.

use std::sync::Arc;

use conformity::records::{Record, Register, View};
use ledger::entry::{Entry, Kind};
use ledger::log::LogReader;
use ledger::vrf::VrfKey;

use super::contents::{Contents, MapError, Outcome};
use super::{all, sealed_as};
use crate::core::replay::{Replay, ReplayError};

/// What was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Seals {
    /// Seals that hold the root which the log gives.
    pub right: u64,
    /// Seals before an erasure, whose root cannot be derived any more.
    pub beyond: u64,
}

/// Why the seals are not right, or cannot be looked at.
#[derive(Debug, thiserror::Error)]
pub enum AuditError {
    /// The log cannot be read by the rules.
    #[error(transparent)]
    Replay(#[from] ReplayError),
    /// The map cannot be derived.
    #[error(transparent)]
    Map(#[from] MapError),
    /// A seal holds another root.
    #[error("the seal at {0} does not hold the root of the state map that the log gives")]
    Root(u64),
}

/// Derives the map again and compares it with every seal. Costs one evaluation per label and a replay of the log.
///
/// # Errors
/// [`AuditError::Root`] for the first wrong seal that no erasure explains.
pub fn check_seals(log: &LogReader, key: VrfKey) -> Result<Seals, AuditError> {
    audit(log, key).map(|(seals, _)| seals)
}

/// The same with the register that the log gives.
///
/// # Errors
/// As [`check_seals`].
pub fn audit(log: &LogReader, key: VrfKey) -> Result<(Seals, Register), AuditError> {
    let mut audit = Audit {
        contents: Contents::new(Arc::new(key), log.clone()),
        waiting: Vec::new(),
        last_erasure: 0,
        seals: Seals::default(),
        wrong: Vec::new(),
    };
    let mut register = Register::new();
    register.see(View::Part);
    let size = log.size();
    Replay::new(log, &mut register)
        .read(0..size, |register, index, entry, records| audit.entry(register, index, entry, records))?;
    match audit.wrong.iter().find(|index| **index > audit.last_erasure) {
        Some(index) => Err(AuditError::Root(*index)),
        None => Ok((Seals { beyond: audit.wrong.len() as u64, ..audit.seals }, register)),
    }
}

struct Audit {
    contents: Contents,
    /// Records since the last seal.
    waiting: Vec<Record>,
    last_erasure: u64,
    seals: Seals,
    wrong: Vec<u64>,
}

impl Audit {
    fn entry(
        &mut self,
        register: &Register,
        index: u64,
        entry: &Entry,
        records: Vec<Record>,
    ) -> Result<(), AuditError> {
        if records.iter().any(|record| matches!(record, Record::Erasure(_))) {
            self.last_erasure = index;
        }
        self.waiting.extend(records);
        if entry.kind != Kind::Seal {
            return Ok(());
        }
        let records = std::mem::take(&mut self.waiting);
        if matches!(self.contents.take(&records)?, Outcome::BeginAnew) {
            self.contents.begin(&all(register))?;
        }
        if sealed_as(&self.contents.trees().root()) == entry.digest {
            self.seals.right += 1;
        } else {
            self.wrong.push(index);
        }
        Ok(())
    }
}
