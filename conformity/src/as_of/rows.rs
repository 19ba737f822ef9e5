//! What was made of a foreign verdict before: a record keeps the newest row and the places of all, and the rows rest in the log.
//!
//! In scope: which row counted at a time, found by the times of the record's own entries. Out of scope: reading the log, which is a
//! port here ([`ResultLists`]).

use std::sync::Arc;

use super::AsOf;
use crate::ids::VerdictRef;
use crate::recognised::{Recognition, RecognitionRecord};
use crate::time::Moment;
use crate::verdict::StateName;

/// Reads a log: when its entries were sequenced, and the rows of the result lists that they name. A record's entries are asked for
/// and no other.
pub trait ResultLists {
    /// Why the log cannot be read.
    type Error;

    /// When the entry at `index` was sequenced.
    ///
    /// # Errors
    /// The log cannot be read.
    fn moment(&mut self, index: u64) -> Result<Moment, Self::Error>;

    /// The row of `verdict` in the list that the entry at `index` names, with its position there.
    ///
    /// # Errors
    /// The log cannot be read.
    fn row(&mut self, index: u64, verdict: &VerdictRef) -> Result<(u32, Arc<Recognition>), Self::Error>;
}

impl RecognitionRecord {
    /// What was made of the verdict as of a time; nothing where nothing was. By what is known now a void verdict was at no time its
    /// body's word, so that no earlier row of it counts; and of one that was looked at later only, the record says since when.
    ///
    /// # Errors
    /// The log cannot be read.
    pub fn seen<L: ResultLists>(self: &Arc<Self>, as_of: &AsOf, lists: &mut L) -> Result<Option<Arc<Self>>, L::Error> {
        if as_of.knows(self.since) {
            return Ok(Some(Arc::clone(self)));
        }
        let in_effect = matches!(as_of, AsOf::KnownNow { .. });
        let Some((count, since)) = last_by_then(&self.entries, as_of, lists)? else {
            let first = self.entries.first().filter(|_| in_effect);
            let since = first.map(|index| lists.moment(*index)).transpose()?;
            return Ok(since.map(|since| Arc::new(Self { since, ..Self::clone(self) })));
        };
        let (position, recognition) = if in_effect && self.recognition.state == StateName::Void {
            (self.position, Arc::clone(&self.recognition))
        } else {
            lists.row(since.index, &self.recognition.verdict)?
        };
        let entries = self.entries.iter().copied().take(count).collect();
        Ok(Some(Arc::new(Self { recognition, since, position, entries })))
    }
}

/// How many of these rising entries were known then, and the moment of the last of them.
fn last_by_then<L: ResultLists>(
    entries: &[u64],
    as_of: &AsOf,
    lists: &mut L,
) -> Result<Option<(usize, Moment)>, L::Error> {
    let (mut known, mut unknown, mut last) = (0, entries.len(), None);
    while known < unknown {
        let middle = known + (unknown - known) / 2;
        let Some(index) = entries.get(middle) else { break };
        let moment = lists.moment(*index)?;
        if as_of.knows(moment) {
            (known, last) = (middle + 1, Some(moment));
        } else {
            unknown = middle;
        }
    }
    Ok(last.map(|moment| (known, moment)))
}
