//! Crosswalks 対応表: how the requirements of one document relate to those of another.
//!
//! ```text
//! map: {sources} relation {targets}      a set of requirements on each side, one relation between what each set asks for
//! ```
//!
//! In scope: maps with the relations of OSCAL's control mapping model, and what makes a set of them sound: no map twice, no two
//! that contradict each other. Out of scope: the file that holds them, see [`oscal`]; what follows for a supplier, see
//! [`crate::coverage`].

mod oscal;
mod sound;

use std::collections::BTreeSet;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::ids::{CrosswalkRef, DocumentRef, PartyId, RequirementId};
use crate::text::Text;
use crate::time::{Day, Moment};

pub use oscal::{About, Collection, MAX_BYTES, Mapping, ReadError};
pub use sound::Unsound;

/// The most maps of one crosswalk. The largest published ones have some 2,000.
pub const MAX_MAPS: usize = 50_000;

/// The most requirements on one side of a map.
pub const MAX_SIDE: usize = 64;

/// That a crosswalk is published, in one version; never changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Publication {
    /// Its id and version.
    pub crosswalk: CrosswalkRef,
    /// Its title.
    pub title: Text<256>,
    /// Who made it.
    pub owner: Text<256>,
    /// The document whose requirements are the sources.
    pub source: DocumentRef,
    /// The document whose requirements are the targets.
    pub target: DocumentRef,
    /// How many maps it has.
    pub maps: u32,
    /// The day on which its owner issued it.
    pub issued: Day,
    /// Where it can be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<Text<1024>>,
    /// Digest of its maps, an OSCAL mapping-collection.
    pub attachment: Digest,
}

/// A published crosswalk with its place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CrosswalkRecord {
    /// What was published.
    pub publication: Arc<Publication>,
    /// When it was published here. Of the versions of a crosswalk the last one counts.
    pub published: Moment,
    /// By whom.
    pub by: PartyId,
    /// The version of the same crosswalk that counted before, which this one corrects.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub corrects: Option<Corrected>,
    /// What it alone carries. Absent where its maps are out of sight.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub carried: Option<Carried>,
}

/// A version of a crosswalk that another one corrects.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Corrected {
    /// Its name.
    pub crosswalk: CrosswalkRef,
    /// The document from which it leads.
    pub source: DocumentRef,
}

/// How far a crosswalk alone leads whoever meets all of its source.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Carried {
    /// Requirements of the target that are covered.
    pub covered: u32,
    /// Requirements of it that are touched, and not covered.
    pub touched: u32,
}

/// How what the sources ask for relates to what the targets ask for (OSCAL 1.2 control mapping, `relationship`; NIST IR 8477).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Relation {
    /// The same words.
    EqualTo,
    /// The same meaning.
    EquivalentTo,
    /// The sources ask for less: all that they ask for, the targets ask for too.
    SubsetOf,
    /// The sources ask for more: all that the targets ask for, the sources ask for too.
    SupersetOf,
    /// Each asks for something that the other asks for, and for something else.
    IntersectsWith,
    /// Somebody looked, and found nothing in common.
    NoRelationship,
}

impl Relation {
    /// Every relation.
    pub const ALL: [Self; 6] = [
        Self::EqualTo,
        Self::EquivalentTo,
        Self::SubsetOf,
        Self::SupersetOf,
        Self::IntersectsWith,
        Self::NoRelationship,
    ];

    /// Whether whoever meets the sources meets the targets.
    pub const fn carries(self) -> bool {
        matches!(self, Self::EqualTo | Self::EquivalentTo | Self::SupersetOf)
    }

    /// Whether the two have something in common.
    pub const fn touches(self) -> bool {
        !matches!(self, Self::NoRelationship)
    }

    /// The same, seen from the targets.
    #[must_use]
    pub const fn reversed(self) -> Self {
        match self {
            Self::SubsetOf => Self::SupersetOf,
            Self::SupersetOf => Self::SubsetOf,
            other => other,
        }
    }

    /// The word that OSCAL uses.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::EqualTo => "equal-to",
            Self::EquivalentTo => "equivalent-to",
            Self::SubsetOf => "subset-of",
            Self::SupersetOf => "superset-of",
            Self::IntersectsWith => "intersects-with",
            Self::NoRelationship => "no-relationship",
        }
    }
}

/// One statement of a crosswalk.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Map {
    /// Requirements of the source document, rising, at least one. Together they relate to the targets; alone they do not.
    sources: Vec<RequirementId>,
    /// Requirements of the target document, rising, at least one.
    targets: Vec<RequirementId>,
    /// How the one set relates to the other.
    relation: Relation,
}

impl Map {
    /// A map between two sets of requirements.
    ///
    /// # Errors
    /// A side is empty, too long, or names a requirement twice.
    pub fn new(sources: Vec<RequirementId>, targets: Vec<RequirementId>, relation: Relation) -> Result<Self, Unsound> {
        Ok(Self { sources: side(sources)?, targets: side(targets)?, relation })
    }

    /// Requirements of the source document, rising.
    pub fn sources(&self) -> &[RequirementId] {
        &self.sources
    }

    /// Requirements of the target document, rising.
    pub fn targets(&self) -> &[RequirementId] {
        &self.targets
    }

    /// How the sources relate to the targets.
    pub const fn relation(&self) -> Relation {
        self.relation
    }

    /// The same, told from the targets.
    #[must_use]
    pub fn reversed(self) -> Self {
        Self { sources: self.targets, targets: self.sources, relation: self.relation.reversed() }
    }

    /// The two requirements, where one stands on each side.
    fn pair(&self) -> Option<(&RequirementId, &RequirementId)> {
        match (self.sources.as_slice(), self.targets.as_slice()) {
            ([source], [target]) => Some((source, target)),
            _ => None,
        }
    }
}

fn side(mut requirements: Vec<RequirementId>) -> Result<Vec<RequirementId>, Unsound> {
    requirements.sort_unstable();
    if let Some(twice) = requirements.windows(2).find(|pair| pair[0] == pair[1]) {
        return Err(Unsound::NamedTwice { requirement: twice[0].clone() });
    }
    match requirements.len() {
        0 => Err(Unsound::EmptySide),
        1..=MAX_SIDE => Ok(requirements),
        length => Err(Unsound::LongSide { length }),
    }
}

/// All maps between two documents, sound by construction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Crosswalk {
    source: DocumentRef,
    target: DocumentRef,
    maps: Vec<Map>,
}

impl Crosswalk {
    /// Maps from one document to another, in any order.
    ///
    /// # Errors
    /// The first rule that they break.
    pub fn new(source: DocumentRef, target: DocumentRef, mut maps: Vec<Map>) -> Result<Self, Unsound> {
        if source == target {
            return Err(Unsound::OneDocument { document: source });
        }
        maps.sort_unstable();
        sound::check(&maps)?;
        Ok(Self { source, target, maps })
    }

    /// The document whose requirements are the sources.
    pub const fn source(&self) -> &DocumentRef {
        &self.source
    }

    /// The document whose requirements are the targets.
    pub const fn target(&self) -> &DocumentRef {
        &self.target
    }

    /// The maps, in one order whatever order they were given in.
    pub fn maps(&self) -> &[Map] {
        &self.maps
    }

    /// How far it alone leads whoever meets all of its source.
    pub fn carried(&self) -> Carried {
        let targets = |of: fn(Relation) -> bool| {
            let maps = self.maps.iter().filter(move |map| of(map.relation));
            maps.flat_map(|map| &map.targets).map(RequirementId::folded).collect::<BTreeSet<_>>()
        };
        let covered = targets(Relation::carries);
        let touched = targets(Relation::touches).difference(&covered).count();
        let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        Carried { covered: count(covered.len()), touched: count(touched) }
    }
}
