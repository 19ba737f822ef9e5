//! The labels of the state map, and which entries are about which.
//!
//! ```text
//! blinded:
//! restricted/<id>                                  a verdict of this registry that not everybody may know
//! supplier/<identifier>/scheme/<scheme>@<version>  everything about the verdicts, own and foreign, on one supplier under
//!                                                  one scheme, by each identifier that the verdict names
//! verdicts:
//! verdict/<id>                                     any other verdict of this registry
//! verdict/<registry>:<id>                          a foreign verdict, by what is made of it here
//! public:
//! party/<id>                                       a party that is public: its registration, its keys, who took its place
//! accreditation/<body>/scheme/<scheme>@<version>   all accreditations of one body under one scheme
//! designation/<body>/scheme/<scheme>               all designations of one accreditation body that name one scheme
//! arrangement/<id>                                 all acts about an arrangement that this log took up
//! peer/<registry>                                  its additions and expulsions
//! ```
//!
//! No two labels of one kind have one text: a verdict's id has no colon, and a scheme has no slash, so that the last two
//! slashes end the identifier whatever it holds. An entry is about a verdict if it is in the verdict's history, or says what
//! is made of it; it is then also about the supplier and scheme of that verdict. A foreign verdict is filed under the scheme
//! that it has where it was granted, not under what it counts as here.
//!
//! A verdict's profile is the one of its grant and never changes, so each verdict has one label; an id that is granted again after
//! an erasure is another verdict. What is made of a foreign verdict is in the log only if everybody may know that verdict.
//!
//! What verdicts and public labels are about, everybody may read in the log. Who buys or supplies without declaring anything is the
//! registry's own: such a party has no label. A scheme has none either, since it never changes; that it is replaced counts by what is
//! then said of each verdict.
//!
//! Out of scope: how labels are blinded and proven, see `ledger::map`; which of them a verdict rests on, see
//! [`crate::basis`].

use std::collections::BTreeSet;
use std::fmt;

use crate::accreditation::{AccreditationRecord, DesignationRecord};
use crate::arrangement::ArrangementRecord;
use crate::genesis::GenesisRecord;
use crate::identifiers::Identifier;
use crate::ids::{ArrangementId, PartyId, RegistryId, SchemeId, SchemeRef, VerdictId, VerdictRef};
use crate::party::{PartyKey, PartyRecord};
use crate::records::{Facts, Record};
use crate::verdict::{Profile, Supplier, VerdictRecord};

/// In which tree of the state map a label is looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Tree {
    /// Of labels that nobody may find who has no right to them: a VRF blinds them.
    Blinded,
    /// Of verdicts that everybody may know, own and foreign.
    Verdicts,
    /// Of the few things that everybody may know and on which verdicts rest.
    Public,
}

/// What something is filed under in the state map.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MapLabel {
    /// A verdict of this registry that everybody may know.
    Verdict(VerdictId),
    /// Any other verdict of this registry.
    Restricted(VerdictId),
    /// A foreign verdict.
    Foreign(VerdictRef),
    /// A supplier under a scheme.
    Supplier(Identifier, SchemeRef),
    /// A party that everybody may know.
    Party(PartyId),
    /// What a body is accredited for under a scheme.
    Accreditation(PartyId, SchemeRef),
    /// What lets an accreditation body accredit under a scheme.
    Designation(PartyId, SchemeId),
    /// An arrangement.
    Arrangement(ArrangementId),
    /// A peer.
    Peer(RegistryId),
    /// The end of the registry itself.
    Closing,
}

impl MapLabel {
    /// That of a verdict of this registry, which was granted with this profile.
    pub fn own(id: VerdictId, profile: Profile) -> Self {
        if profile.is_public() { Self::Verdict(id) } else { Self::Restricted(id) }
    }

    /// Where it is looked for. It alone says so: nothing is found in two places.
    pub const fn tree(&self) -> Tree {
        match self {
            Self::Restricted(_) | Self::Supplier(..) => Tree::Blinded,
            Self::Verdict(_) | Self::Foreign(_) => Tree::Verdicts,
            Self::Party(_)
            | Self::Accreditation(..)
            | Self::Designation(..)
            | Self::Arrangement(_)
            | Self::Peer(_)
            | Self::Closing => Tree::Public,
        }
    }

    /// Indexes of all entries about it, by what a registry knows, rising.
    pub fn entries(&self, facts: &impl Facts) -> Vec<u64> {
        match self {
            Self::Verdict(id) | Self::Restricted(id) => {
                let record = facts.verdict(id).filter(|record| Self::own(id.clone(), record.terms.profile) == *self);
                record.map_or_else(Vec::new, |record| history(&record))
            }
            Self::Foreign(verdict) => facts.recognition(verdict).map_or_else(Vec::new, |record| record.entries.clone()),
            Self::Supplier(identifier, scheme) => {
                let (own, foreign) = (facts.verdicts_of(identifier), facts.recognitions_of(identifier));
                let own = own.iter().filter(|record| record.terms.scheme == *scheme).flat_map(|record| history(record));
                let foreign = foreign.iter().filter(|record| record.recognition.scheme == *scheme);
                let foreign = foreign.flat_map(|record| record.entries.iter().copied());
                rising(own.chain(foreign))
            }
            Self::Party(id) => {
                let record = facts.party(id).filter(|record| record.party.is_public());
                record.map_or_else(Vec::new, |record| rising(of_party(&record)))
            }
            Self::Accreditation(body, scheme) => {
                let held = facts.accreditations(body).into_iter();
                let held = held.filter(|record| record.accreditation.scheme == *scheme);
                rising(held.flat_map(|record| of_accreditation(&record).collect::<Vec<_>>()))
            }
            Self::Designation(body, scheme) => {
                let held = facts.designations(body).into_iter();
                let held = held.filter(|record| record.designation.schemes.contains(scheme));
                rising(held.flat_map(|record| of_designation(&record).collect::<Vec<_>>()))
            }
            Self::Arrangement(id) => {
                facts.arrangement(id).map_or_else(Vec::new, |record| rising(of_arrangement(&record)))
            }
            Self::Peer(registry) => facts.peer(registry).map_or_else(Vec::new, |record| record.entries.clone()),
            Self::Closing => facts.genesis().iter().filter_map(|record| of_end(record)).collect(),
        }
    }
}

impl fmt::Display for MapLabel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Verdict(id) => write!(f, "verdict/{id}"),
            Self::Restricted(id) => write!(f, "restricted/{id}"),
            Self::Foreign(verdict) => write!(f, "verdict/{verdict}"),
            Self::Supplier(identifier, scheme) => write!(f, "supplier/{identifier}/scheme/{scheme}"),
            Self::Party(id) => write!(f, "party/{id}"),
            Self::Accreditation(body, scheme) => write!(f, "accreditation/{body}/scheme/{scheme}"),
            Self::Designation(body, scheme) => write!(f, "designation/{body}/scheme/{scheme}"),
            Self::Arrangement(id) => write!(f, "arrangement/{id}"),
            Self::Peer(registry) => write!(f, "peer/{registry}"),
            Self::Closing => f.write_str("closing"),
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
                verdict: MapLabel::own(record.id().clone(), record.terms.profile),
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

/// What the map holds of something public. It never moves to another label, and nothing of it can be erased.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Posted {
    /// Its labels.
    pub labels: BTreeSet<MapLabel>,
    /// Indexes of all entries about it.
    pub entries: BTreeSet<u64>,
}

impl Posted {
    /// How a record is posted; nothing for one that has no public label.
    pub fn of(record: &Record) -> Option<Self> {
        let (labels, entries) = match record {
            Record::Party(record) if record.party.is_public() => {
                (BTreeSet::from([MapLabel::Party(record.party.id.clone())]), of_party(record).collect())
            }
            Record::Accreditation(record) => {
                let held = &record.accreditation;
                let label = MapLabel::Accreditation(held.body.clone(), held.scheme.clone());
                (BTreeSet::from([label]), of_accreditation(record).collect())
            }
            Record::Designation(record) => {
                let body = &record.designation.accreditation_body;
                let schemes = record.designation.schemes.iter();
                let labels = schemes.map(|scheme| MapLabel::Designation(body.clone(), scheme.clone())).collect();
                (labels, of_designation(record).collect())
            }
            Record::Arrangement(record) => {
                (BTreeSet::from([MapLabel::Arrangement(record.id.clone())]), of_arrangement(record).collect())
            }
            Record::Peer(record) => {
                (BTreeSet::from([MapLabel::Peer(record.registry.clone())]), record.entries.iter().copied().collect())
            }
            Record::Genesis(record) => (BTreeSet::from([MapLabel::Closing]), BTreeSet::from([of_end(record)?])),
            _ => return None,
        };
        Some(Self { labels, entries })
    }
}

fn rising(entries: impl Iterator<Item = u64>) -> Vec<u64> {
    entries.collect::<BTreeSet<_>>().into_iter().collect()
}

fn history(record: &VerdictRecord) -> Vec<u64> {
    record.history.iter().map(|item| item.index).collect()
}

fn of_party(record: &PartyRecord) -> impl Iterator<Item = u64> {
    let keys = record.keys.iter().flat_map(PartyKey::entries);
    // Who agreed to what concerns nobody until it is confirmed: a body must not fill another's label with offers.
    let succeeded = record.succeeded.iter().map(|succession| succession.moment.index);
    std::iter::once(record.registered.index).chain(keys).chain(succeeded)
}

fn of_accreditation(record: &AccreditationRecord) -> impl Iterator<Item = u64> {
    std::iter::once(record.granted.index).chain(record.changes.iter().map(|change| change.moment.index))
}

fn of_designation(record: &DesignationRecord) -> impl Iterator<Item = u64> {
    std::iter::once(record.made.index).chain(record.changes.iter().map(|change| change.moment.index))
}

fn of_end(record: &GenesisRecord) -> Option<u64> {
    record.closed.as_ref().map(|closed| closed.moment.index)
}

fn of_arrangement(record: &ArrangementRecord) -> impl Iterator<Item = u64> {
    record.acts.iter().map(|act| act.moment.index)
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
            (MapLabel::own("V-1".parse().unwrap(), Profile::Open), "verdict/V-1", Tree::Verdicts),
            (MapLabel::own("V-1".parse().unwrap(), Profile::Summary), "verdict/V-1", Tree::Verdicts),
            (MapLabel::own("V-1".parse().unwrap(), Profile::Restricted), "restricted/V-1", Tree::Blinded),
            (MapLabel::Foreign("jp:V-1".parse().unwrap()), "verdict/jp:V-1", Tree::Verdicts),
            (
                MapLabel::Supplier("corporate-number:7000012050002".parse().unwrap(), scheme.clone()),
                "supplier/corporate-number:7000012050002/scheme/stars@1",
                Tree::Blinded,
            ),
            (MapLabel::Party("cb-1".parse().unwrap()), "party/cb-1", Tree::Public),
            (
                MapLabel::Accreditation("cb-1".parse().unwrap(), scheme.clone()),
                "accreditation/cb-1/scheme/stars@1",
                Tree::Public,
            ),
            (MapLabel::Designation("ab".parse().unwrap(), scheme.id), "designation/ab/scheme/stars", Tree::Public),
            (MapLabel::Arrangement("A-1".parse().unwrap()), "arrangement/A-1", Tree::Public),
            (MapLabel::Peer("eu".parse().unwrap()), "peer/eu", Tree::Public),
            (MapLabel::Closing, "closing", Tree::Public),
        ];
        for (label, text, tree) in rows {
            assert_eq!((label.to_string().as_str(), label.tree()), (text, tree));
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
