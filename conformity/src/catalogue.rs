//! Catalogues: which requirements a document has, by which names they go, and what became of those that were withdrawn.
//!
//! The same requirement is `AC-2(3)` in print, `ac-2.3` in OSCAL and `AC-02(03)` in NIST's own addresses. Names are compared
//! folded: without regard to case, to zeros before a number, and to whether a part stands in parentheses or behind a dot.
//!
//! In scope: names. Out of scope: what the requirements ask for, which stays with whoever published them, and files, which the
//! program reads.

use std::collections::HashMap;

use crate::ids::RequirementId;
use crate::viewpoint::Viewpoint;

/// A requirement of a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its number, as the document gives it.
    pub number: RequirementId,
    /// Other names by which files call it.
    pub names: Vec<RequirementId>,
    /// From which viewpoint it is assessed, where the catalogue says so.
    pub viewpoint: Option<Viewpoint>,
    /// Whether it binds.
    pub standing: Standing,
}

/// Whether a requirement binds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// It binds.
    InForce,
    /// It was withdrawn.
    Withdrawn {
        /// What took its place, by any name; empty when nothing did.
        into: Vec<RequirementId>,
    },
}

/// The requirements of a document, in its order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Catalogue {
    entries: Vec<Entry>,
    /// Position by folded name. A name that two entries have leads to neither.
    positions: HashMap<String, Option<usize>>,
}

impl Catalogue {
    /// The requirements of a document.
    ///
    /// # Errors
    /// Two of them have one number.
    pub fn new(entries: Vec<Entry>) -> Result<Self, NumberedTwice> {
        let mut positions: HashMap<String, Option<usize>> = HashMap::with_capacity(entries.len() * 2);
        for (position, entry) in entries.iter().enumerate() {
            if positions.insert(entry.number.folded(), Some(position)).is_some() {
                return Err(NumberedTwice { number: entry.number.clone() });
            }
        }
        let numbers = positions.clone();
        for (position, entry) in entries.iter().enumerate() {
            for name in entry.names.iter().map(RequirementId::folded).filter(|name| !numbers.contains_key(name)) {
                let known = positions.entry(name).or_insert(Some(position));
                if *known != Some(position) {
                    *known = None;
                }
            }
        }
        Ok(Self { entries, positions })
    }

    /// All requirements, in the document's order.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// Numbers of the requirements that bind.
    pub fn in_force(&self) -> impl Iterator<Item = &RequirementId> {
        self.entries.iter().filter(|entry| entry.standing == Standing::InForce).map(|entry| &entry.number)
    }

    /// Withdrawn requirements, each with the numbers of those that took its place.
    pub fn withdrawn(&self) -> impl Iterator<Item = (&RequirementId, Vec<&RequirementId>)> {
        self.entries.iter().filter_map(|entry| match &entry.standing {
            Standing::InForce => None,
            Standing::Withdrawn { into } => {
                Some((&entry.number, into.iter().filter_map(|name| self.number(name)).collect()))
            }
        })
    }

    /// The number of the requirement that goes by this name.
    pub fn number(&self, name: &RequirementId) -> Option<&RequirementId> {
        self.entry(name).map(|entry| &entry.number)
    }

    /// The requirement that goes by this name.
    pub fn entry(&self, name: &RequirementId) -> Option<&Entry> {
        let position = (*self.positions.get(&name.folded())?)?;
        self.entries.get(position)
    }
}

/// Two requirements of one number: they could no longer be told apart.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the requirement {number} occurs twice")]
pub struct NumberedTwice {
    /// The number.
    pub number: RequirementId,
}
