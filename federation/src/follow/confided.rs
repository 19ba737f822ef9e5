//! What a peer shows of restricted verdicts to this registry alone: put in the places of a range whose statements it withholds.
//!
//! ```text
//! range of entries, nothing at the restricted ones ▶ Gathering: asks, checks each statement against its entry ▶ Confided
//!                                                  ▶ examined with the range, in the order of the log, by the same rules
//! ```
//!
//! So they are judged by what the log said before them, and what comes later in it, such as a key that was stolen, counts for them.
//! No fault quotes what came, nor says where: faults are shown to everyone. Out of scope: where they rest.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use conformity::statement::MAX_STATEMENT;
use ledger::digest::Digest;
use ledger::entry::Kind;

use super::PeerFault;
use crate::messages::{Confidence, MAX_CONFIDED_ENTRIES, Range, Restricted, RestrictedRequest};

/// Statements of restricted verdicts, by their place in the peer's log.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Confided(BTreeMap<u64, String>);

impl Confided {
    /// The statement at `index`, if it is one of them.
    pub fn at(&self, index: u64) -> Option<&str> {
        self.0.get(&index).map(String::as_str)
    }

    /// Takes what is at these places out.
    pub fn leave_out<'a>(&mut self, places: impl IntoIterator<Item = &'a u64>) {
        places.into_iter().for_each(|place| drop(self.0.remove(place)));
    }
}

impl FromIterator<(u64, String)> for Confided {
    fn from_iter<I: IntoIterator<Item = (u64, String)>>(statements: I) -> Self {
        Self(statements.into_iter().collect())
    }
}

/// So that nothing prints what they say.
impl fmt::Debug for Confided {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Confided").field(&self.0.len()).finish()
    }
}

/// Asking for what the peer withholds in a range and may show to us alone.
#[derive(Debug)]
pub struct Gathering<'a> {
    range: &'a Range,
    from: u64,
    next: Option<u64>,
    confided: Confided,
    bytes: usize,
    gone: BTreeSet<u64>,
}

impl<'a> Gathering<'a> {
    /// Nothing was asked yet about `range`, which begins at `from`.
    pub fn new(range: &'a Range, from: u64) -> Self {
        let mut gathering =
            Self { range, from, next: None, confided: Confided::default(), bytes: 0, gone: BTreeSet::new() };
        gathering.next = gathering.withheld_from(from);
        gathering
    }

    /// What is to be asked next; nothing when all is known.
    pub fn question(&self) -> Option<RestrictedRequest> {
        let from = self.next?;
        Some(RestrictedRequest { from, entries: u32::try_from(self.end() - from).unwrap_or(u32::MAX) })
    }

    /// Takes the answer to the question.
    ///
    /// # Errors
    /// [`PeerFault`]: nothing of the answer is taken, and nothing of the range may be.
    pub fn take(&mut self, answer: Restricted) -> Result<(), PeerFault> {
        let asked = self.next.ok_or(PeerFault::RestrictedUnasked)?;
        if answer.next <= asked || answer.next > self.end() {
            return Err(PeerFault::RestrictedMalformed);
        }
        let mut least = asked;
        for Confidence { index, statement } in answer.statements {
            if index < least || index >= answer.next || !self.is_withheld(index) {
                return Err(PeerFault::RestrictedUnasked);
            }
            if !self.belongs(index, &statement) {
                return Err(PeerFault::RestrictedOther);
            }
            self.bytes += statement.len();
            // A peer that answers with a longer range than was asked for may show no more than belongs into one of that length.
            if self.bytes > MAX_CONFIDED_ENTRIES * MAX_STATEMENT {
                return Err(PeerFault::RestrictedMalformed);
            }
            least = index + 1;
            self.confided.0.insert(index, statement);
        }
        if answer.gone.iter().any(|index| *index >= answer.next) {
            return Err(PeerFault::RestrictedUnasked);
        }
        self.gone.extend(answer.gone);
        self.next = self.withheld_from(answer.next);
        Ok(())
    }

    /// What was shown, and the places of what the peer erased.
    pub fn done(self) -> (Confided, BTreeSet<u64>) {
        (self.confided, self.gone)
    }

    fn end(&self) -> u64 {
        self.from + self.range.entries.0.len() as u64
    }

    fn withheld_from(&self, start: u64) -> Option<u64> {
        (start..self.end()).find(|index| self.is_withheld(*index))
    }

    /// Whether a statement stands there that was not shown with the range. Those of restricted verdicts have no kind of their own.
    fn is_withheld(&self, index: u64) -> bool {
        let Some(place) = index.checked_sub(self.from).and_then(|place| usize::try_from(place).ok()) else {
            return false;
        };
        let shown = self.range.statements.get(place).is_none_or(Option::is_some);
        !shown && self.range.entries.0.get(place).is_some_and(|entry| entry.kind == Kind::Statement)
    }

    fn belongs(&self, index: u64, statement: &str) -> bool {
        let place = usize::try_from(index - self.from).ok();
        let entry = place.and_then(|place| self.range.entries.0.get(place));
        entry.is_some_and(|entry| entry.digest == Digest::of(statement.as_bytes()))
    }
}
