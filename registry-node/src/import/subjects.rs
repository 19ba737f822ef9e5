//! Rows that are about the same verdict, brought together.
//!
//! In scope: one verdict out of several rows of one file: the row that says it, rows that maintain it, rows that repeat or
//! contradict it. Out of scope: rows of different identity. Nothing here compares names.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet, HashMap};

use conformity::ids::VerdictId;

use super::mapped::{Episode, RowVerdict};
use super::refusal::Reason;
use super::rows::Place;

/// Maintenances of one verdict. The register takes up to 1,000 changes of a verdict; half of them are left for what else
/// happens to it.
const MAINTENANCES_MAX: usize = 500;

/// One verdict of the file.
#[derive(Debug)]
pub(crate) struct Subject {
    /// As its first row says it; every other row of it says the same.
    pub(crate) says: RowVerdict,
    first: Place,
    /// The row without maintenance, where there is one.
    plain: Option<Place>,
    /// Its maintenances, oldest first.
    episodes: BTreeMap<Episode, Place>,
}

impl Subject {
    fn new(place: Place, mut says: RowVerdict) -> Self {
        let episodes: BTreeMap<_, _> =
            std::mem::take(&mut says.maintenance).into_iter().map(|episode| (episode, place.clone())).collect();
        let plain = episodes.is_empty().then(|| place.clone());
        Self { says, first: place, plain, episodes }
    }

    pub(crate) fn id(&self) -> &VerdictId {
        &self.says.terms.verdict
    }

    /// The row that is the verdict: the one without maintenance, else the first.
    pub(crate) fn place(&self) -> &Place {
        self.plain.as_ref().unwrap_or(&self.first)
    }

    /// The rows that are its history.
    pub(crate) fn history(&self) -> BTreeSet<&Place> {
        self.episodes.values().filter(|place| *place != self.place()).collect()
    }

    /// Its maintenances, oldest first.
    pub(crate) fn episodes(&self) -> impl DoubleEndedIterator<Item = &Episode> + ExactSizeIterator + Clone {
        self.episodes.keys()
    }

    fn add(&mut self, place: Place, row: RowVerdict) -> Result<(), Reason> {
        let says = &self.says;
        let said = (&says.terms, says.status, says.archived, &says.history);
        if (&row.terms, row.status, row.archived, &row.history) != said {
            return Err(Reason::Contradicts { first: self.first.clone() });
        }
        if row.maintenance.is_empty() {
            return self.add_plain(place);
        }
        let mut repeats = None;
        let mut adds = false;
        if self.episodes.len() + row.maintenance.len() > MAINTENANCES_MAX {
            return Err(Reason::TooManyMaintenances { limit: MAINTENANCES_MAX });
        }
        for episode in row.maintenance {
            match self.episodes.entry(episode) {
                Entry::Occupied(known) => repeats = Some(known.get().clone()),
                Entry::Vacant(vacant) => {
                    vacant.insert(place.clone());
                    adds = true;
                }
            }
        }
        match repeats {
            Some(first) if !adds => Err(Reason::Repeats { first }),
            _ => Ok(()),
        }
    }

    fn add_plain(&mut self, place: Place) -> Result<(), Reason> {
        match &self.plain {
            Some(first) => Err(Reason::Repeats { first: first.clone() }),
            None => {
                self.plain = Some(place);
                Ok(())
            }
        }
    }
}

/// All verdicts of the file, in the order in which they appear.
#[derive(Debug, Default)]
pub(crate) struct Subjects {
    subjects: Vec<Subject>,
    positions: HashMap<VerdictId, usize>,
}

impl Subjects {
    /// Adds what one more row says.
    pub(crate) fn add(&mut self, place: Place, row: RowVerdict) -> Result<(), Reason> {
        let known = self.positions.get(&row.terms.verdict).and_then(|at| self.subjects.get_mut(*at));
        match known {
            Some(subject) => subject.add(place, row),
            None => {
                self.positions.insert(row.terms.verdict.clone(), self.subjects.len());
                self.subjects.push(Subject::new(place, row));
                Ok(())
            }
        }
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Subject> {
        self.subjects.iter()
    }
}
