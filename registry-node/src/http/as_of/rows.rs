//! Rows of result lists that newer rows replaced, read from the log.
//!
//! A question costs what the history of what it is about does, never a pass through the log; but lists are long, so that few such
//! questions read at once, and each reads so much and no more. Rows never change, and are kept while there is room. What is made
//! of restricted verdicts is in no list: of that there is only what is made of them now. Out of scope: which row counted when, see
//! `conformity::as_of`.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use conformity::as_of::{AsOf, ResultLists};
use conformity::ids::VerdictRef;
use conformity::recognised::{Recognition, RecognitionRecord, ResultIndex};
use conformity::statement::Claim;
use conformity::time::Moment;
use ledger::digest::Digest;
use ledger::journal::Stored;

use super::super::code;
use super::super::log::sequenced;
use super::super::site::Site;
use crate::core::feed::parse_committed;
use crate::problem::Problem;

/// Rows that are kept. One has a few KiB at most.
const KEPT: usize = 4_096;
/// Bytes of result lists that one question reads: four of the longest.
const MAX_READ: usize = 64 * 1024 * 1024;

/// Rows that were read, with the position of each, by the entry that names its list.
#[derive(Debug, Default)]
pub(in super::super) struct Rows(Mutex<HashMap<(u64, VerdictRef), (u32, Arc<Recognition>)>>);

/// The records with the rows of that time; left out are those of which nothing is to be told.
pub(in super::super) fn then(
    site: &Site,
    records: Vec<Arc<RecognitionRecord>>,
    as_of: &AsOf,
) -> Result<Vec<Arc<RecognitionRecord>>, Problem> {
    let mut reading = Reading { site, left: MAX_READ, list: None };
    let seen = records.iter().map(|record| record.seen(as_of, &mut reading));
    Ok(seen.collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect())
}

/// Reading for one question.
struct Reading<'a> {
    site: &'a Site,
    left: usize,
    /// The list that was read last, by its entry: rows of one derivation are asked for together.
    list: Option<(u64, Arc<List>)>,
}

/// A list, and where its rows are.
struct List {
    bytes: Bytes,
    rows: ResultIndex,
}

impl ResultLists for Reading<'_> {
    type Error = Problem;

    fn moment(&mut self, index: u64) -> Result<Moment, Problem> {
        Ok(Moment { index, at: sequenced(self.site, index)? })
    }

    fn row(&mut self, index: u64, verdict: &VerdictRef) -> Result<(u32, Arc<Recognition>), Problem> {
        let (site, name) = (self.site, (index, verdict.clone()));
        if let Some(row) = site.rows.kept(&name) {
            return Ok(row);
        }
        let list = self.list(index)?;
        let found = list.rows.row(&list.bytes, verdict).map_err(|error| unreadable(&error))?;
        let (position, recognition) = found.ok_or_else(|| unreadable(&"a row is not where its record says"))?;
        Ok(site.rows.keep(name, (position, Arc::new(recognition))))
    }
}

impl Reading<'_> {
    fn list(&mut self, index: u64) -> Result<Arc<List>, Problem> {
        if let Some((_, list)) = self.list.as_ref().filter(|(read, _)| *read == index) {
            return Ok(Arc::clone(list));
        }
        let _permit = self.site.proofs.permit()?;
        let log = &self.site.registry.log;
        let digest = results(self.site, index)?;
        let bytes = log.attachment_len(&digest).unwrap_or_default();
        self.left = self.left.checked_sub(bytes).ok_or_else(code::too_much_past)?;
        let list = log.attachment(&digest).map_err(|error| unreadable(&error))?;
        let bytes = list.ok_or_else(|| unreadable(&"a result list is not there"))?;
        let rows = ResultIndex::of(&bytes).map_err(|error| unreadable(&error))?;
        let list = Arc::new(List { bytes, rows });
        self.list = Some((index, Arc::clone(&list)));
        Ok(list)
    }
}

/// The list that the derivation there names.
fn results(site: &Site, index: u64) -> Result<Digest, Problem> {
    let stored = site.registry.log.statement(index).map_err(|error| unreadable(&error))?;
    let Stored::Bytes(compact) = stored else { return Err(unreadable(&"a derivation is not there")) };
    let statement = parse_committed(&compact).map_err(|error| unreadable(&error))?;
    match statement.claim {
        Claim::RecognitionDerived(derived) => Ok(Digest::from_bytes(*derived.results.digest.as_bytes())),
        _ => Err(unreadable(&"a derivation is something else")),
    }
}

fn unreadable(error: &dyn std::fmt::Display) -> Problem {
    code::internal("the log could not be read", error)
}

impl Rows {
    fn kept(&self, name: &(u64, VerdictRef)) -> Option<(u32, Arc<Recognition>)> {
        // Nothing under this lock leaves it half changed.
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(name).cloned()
    }

    /// Keeps a row, and gives it back.
    fn keep(&self, name: (u64, VerdictRef), row: (u32, Arc<Recognition>)) -> (u32, Arc<Recognition>) {
        let mut rows = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if rows.len() >= KEPT {
            rows.clear();
        }
        rows.insert(name, row.clone());
        row
    }
}
