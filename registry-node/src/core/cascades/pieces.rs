//! Verdicts of which the same is stated, gathered into statements that are as full as they may be.

use std::collections::BTreeMap;

use conformity::ids::{SchemeRef, VerdictId};
use conformity::lapsed::BasisChange;
use conformity::verdict::VerdictRecord;

/// Verdicts in one statement: the sequencer is busy with it for some milliseconds.
const MAX_VERDICTS: usize = 1_000;
/// Bytes of their names. In a JWS these are a third more, and the longest statement has 65,535.
const MAX_BYTES: usize = 40_000;
/// Verdicts that are held at once, of all changes.
const MAX_HELD: usize = 65_536;

/// What is stated, and to whom: public verdicts under one scheme together, a restricted one alone. Whoever may see a restricted
/// verdict is shown all that it rests on, and learns of no other there.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Heading {
    pub(super) change: BasisChange,
    pub(super) scheme: SchemeRef,
    alone: Option<VerdictId>,
}

impl Heading {
    pub(super) fn new(change: BasisChange, record: &VerdictRecord) -> Heading {
        let alone = (!record.terms.profile.is_public()).then(|| record.id().clone());
        Heading { change, scheme: record.terms.scheme.clone(), alone }
    }

    pub(super) const fn is_public(&self) -> bool {
        self.alone.is_none()
    }
}

/// One statement to be.
#[derive(Debug)]
pub(super) struct Piece {
    pub(super) heading: Heading,
    pub(super) verdicts: Vec<VerdictId>,
}

/// What is gathered for one statement.
#[derive(Debug, Default)]
struct List {
    verdicts: Vec<VerdictId>,
    bytes: usize,
}

impl List {
    /// Takes a verdict up; what was there before comes out where it is full.
    fn add(&mut self, id: VerdictId) -> Option<Vec<VerdictId>> {
        // A name in quotes, and a comma.
        let bytes = id.as_str().len() + 3;
        let full = self.verdicts.len() == MAX_VERDICTS || self.bytes + bytes > MAX_BYTES;
        let before = full.then(|| std::mem::take(self).verdicts);
        self.bytes += bytes;
        self.verdicts.push(id);
        before
    }
}

/// Statements that are not full yet.
#[derive(Debug, Default)]
pub(super) struct Pieces {
    open: BTreeMap<Heading, List>,
    held: usize,
}

impl Pieces {
    /// Takes a verdict up, and gives what must be stated before another is.
    pub(super) fn add(&mut self, heading: Heading, id: VerdictId) -> Option<Piece> {
        if !heading.is_public() {
            return Some(Piece { heading, verdicts: vec![id] });
        }
        let full = self.open.entry(heading.clone()).or_default().add(id);
        self.held += 1;
        if let Some(verdicts) = full {
            self.held -= verdicts.len();
            return Some(Piece { heading, verdicts });
        }
        if self.held > MAX_HELD { self.pop() } else { None }
    }

    /// What is left, one after the other.
    pub(super) fn pop(&mut self) -> Option<Piece> {
        let (heading, List { verdicts, .. }) = self.open.pop_first()?;
        self.held -= verdicts.len();
        Some(Piece { heading, verdicts })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use conformity::lapsed::{Cause, CauseKind};

    use super::*;

    fn heading(entry: u64) -> Heading {
        let cause = Cause { what: CauseKind::SchemeReplaced, entry };
        Heading { change: BasisChange::Holds(cause), scheme: "stars@1".parse().unwrap(), alone: None }
    }

    #[test]
    fn a_full_list_waits_until_another_verdict_comes() {
        for (name, most) in [("V", MAX_VERDICTS), (&*"V".repeat(50), MAX_BYTES / 58)] {
            let id = |number: usize| format!("{name}{number:05}").parse::<VerdictId>().unwrap();
            let mut pieces = Pieces::default();
            let stated: Vec<_> = (0..=most).filter_map(|number| pieces.add(heading(1), id(number))).collect();
            assert_eq!((stated.len(), stated[0].verdicts.len()), (1, most), "{name}");
            let last = pieces.pop().unwrap();
            assert_eq!((last.verdicts.len(), pieces.held), (1, 0), "{name}");
        }
    }

    #[test]
    fn what_is_held_is_bounded_however_many_changes_there_are() {
        let mut pieces = Pieces::default();
        let id: VerdictId = "V-1".parse().unwrap();
        let stated = (0..MAX_HELD as u64 * 2).filter_map(|entry| pieces.add(heading(entry), id.clone())).count();
        assert_eq!((stated, pieces.held), (MAX_HELD, MAX_HELD));
    }
}
