//! The labels of the state map, and which entries are about which.
//!
//! ```text
//! verdict/<id>                                     a verdict of this registry
//! verdict/<registry>:<id>                          a foreign verdict, by what is made of it here
//! supplier/<identifier>/scheme/<scheme>@<version>  everything about the verdicts, own and foreign, on one supplier under
//!                                                  one scheme, by each identifier that the verdict names
//! ```
//!
//! No two labels have one text: a verdict's id has no colon, and a scheme has no slash, so that the last two slashes end
//! the identifier whatever it holds. An entry is about a verdict if it is in the verdict's history, or says what is made of
//! it; it is then also about the supplier and scheme of that verdict. A foreign verdict is filed under the scheme that it has
//! where it was granted, not under what it counts as here.
//!
//! Out of scope: how labels are blinded and proven, see `ledger::map`.

use std::collections::BTreeSet;
use std::fmt;

use crate::identifiers::Identifier;
use crate::ids::{SchemeRef, VerdictId, VerdictRef};
use crate::records::{Facts, Record};
use crate::verdict::{Supplier, VerdictRecord};

/// What something is filed under in the state map; its text is what is blinded.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MapLabel {
    /// A verdict of this registry.
    Verdict(VerdictId),
    /// A foreign verdict.
    Foreign(VerdictRef),
    /// A supplier under a scheme.
    Supplier(Identifier, SchemeRef),
}

impl MapLabel {
    /// Indexes of all entries about it, by what a registry knows, rising.
    pub fn entries(&self, facts: &impl Facts) -> Vec<u64> {
        match self {
            Self::Verdict(id) => facts.verdict(id).map_or_else(Vec::new, |record| history(&record)),
            Self::Foreign(verdict) => facts.recognition(verdict).map_or_else(Vec::new, |record| record.entries.clone()),
            Self::Supplier(identifier, scheme) => {
                let (own, foreign) = (facts.verdicts_of(identifier), facts.recognitions_of(identifier));
                let own = own.iter().filter(|record| record.terms.scheme == *scheme).flat_map(|record| history(record));
                let foreign = foreign.iter().filter(|record| record.recognition.scheme == *scheme);
                let foreign = foreign.flat_map(|record| record.entries.iter().copied());
                own.chain(foreign).collect::<BTreeSet<_>>().into_iter().collect()
            }
        }
    }
}

impl fmt::Display for MapLabel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Verdict(id) => write!(f, "verdict/{id}"),
            Self::Foreign(verdict) => write!(f, "verdict/{verdict}"),
            Self::Supplier(identifier, scheme) => write!(f, "supplier/{identifier}/scheme/{scheme}"),
        }
    }
}

/// What the map holds of one verdict.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filed {
    /// The verdict's own label.
    pub verdict: MapLabel,
    /// Its supplier under its scheme, by each identifier.
    pub suppliers: BTreeSet<MapLabel>,
    /// Indexes of all entries about it, rising.
    pub entries: Vec<u64>,
}

impl Filed {
    /// How a record is filed; nothing for one that is not about a verdict.
    pub fn of(record: &Record) -> Option<Self> {
        match record {
            Record::Verdict(record) => Some(Self {
                verdict: MapLabel::Verdict(record.id().clone()),
                suppliers: suppliers(&record.terms.supplier, &record.terms.scheme),
                entries: history(record),
            }),
            Record::Recognition(record) => Some(Self {
                verdict: MapLabel::Foreign(record.recognition.verdict.clone()),
                suppliers: suppliers(&record.recognition.supplier, &record.recognition.scheme),
                entries: record.entries.clone(),
            }),
            _ => None,
        }
    }
}

fn history(record: &VerdictRecord) -> Vec<u64> {
    record.history.iter().map(|item| item.index).collect()
}

fn suppliers(supplier: &Supplier, scheme: &SchemeRef) -> BTreeSet<MapLabel> {
    let identifiers = std::iter::once(&supplier.id).chain(&supplier.others);
    identifiers.map(|identifier| MapLabel::Supplier(identifier.clone(), scheme.clone())).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn labels_are_written_as_drawn() {
        let scheme: SchemeRef = "stars@1".parse().unwrap();
        let rows = [
            (MapLabel::Verdict("V-1".parse().unwrap()), "verdict/V-1"),
            (MapLabel::Foreign("jp:V-1".parse().unwrap()), "verdict/jp:V-1"),
            (
                MapLabel::Supplier("corporate-number:7000012050002".parse().unwrap(), scheme),
                "supplier/corporate-number:7000012050002/scheme/stars@1",
            ),
        ];
        for (label, text) in rows {
            assert_eq!(label.to_string(), text);
        }
    }

    #[test]
    fn no_two_labels_have_one_text() {
        // What could be taken for the end of an identifier, inside one.
        let identifiers = ["local:list:a/scheme/stars@1", "local:list:a", "local:list:a%2Fscheme%2Fstars@1"];
        let identifiers: BTreeSet<Identifier> = identifiers.iter().filter_map(|text| text.parse().ok()).collect();
        let schemes = ["stars@1", "scheme@1", "stars@1.1"];
        let mut texts = BTreeSet::new();
        let mut labels = 0;
        for identifier in &identifiers {
            for scheme in schemes {
                texts.insert(MapLabel::Supplier(identifier.clone(), scheme.parse().unwrap()).to_string());
                labels += 1;
            }
        }
        assert!(labels >= 6);
        assert_eq!(texts.len(), labels);
        for name in ["V/1", "V:1", "jp:V:1"] {
            assert!(name.parse::<VerdictId>().is_err(), "{name}");
        }
        assert!("stars/x@1".parse::<SchemeRef>().is_err() && "stars@1/x".parse::<SchemeRef>().is_err());
    }
}
