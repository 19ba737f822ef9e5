//! Of which time a question is, and by whose knowledge: the registry's then, or today's.
//!
//! A log has two times (SQL:2011 calls them system time and application time): when something was sequenced, and from when it
//! holds. A question about the past may mean either. As the registry *then* knew, only what was sequenced until then counts, so
//! that the answer is that of a registry whose log ends there. As it is *now* known to have been, everything counts that took
//! effect by then, whenever it came to the log, and nothing that was never anybody's word.
//!
//! In scope: the time of a question, and what a registry's facts were then ([`Seen`]). Out of scope: who may see it, which
//! is decided by the facts of today; and rows of result lists that newer ones replaced, which rest in the log: whoever asks about
//! them puts them back first ([`RecognitionRecord::seen`]).

mod rows;
mod seen;

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::arrangement::ArrangementRecord;
use crate::bulletin::BulletinRecord;
use crate::document::Tailoring;
use crate::genesis::{GenesisRecord, PeerRecord};
use crate::identifiers::Identifier;
use crate::ids::{BulletinRef, DocumentRef, RegistryId, SchemeId, SchemeRef};
use crate::recognised::RecognitionRecord;
use crate::records::{DocumentRecord, Facts, SchemeRecord};
use crate::time::Moment;
use crate::verdict::VerdictRecord;

pub use rows::ResultLists;

/// By whose knowledge a question about the past is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Known {
    /// By that of the time asked about.
    #[default]
    Then,
    /// By today's.
    Now,
}

impl Known {
    /// The word that questions use.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Then => "then",
            Self::Now => "now",
        }
    }
}

impl fmt::Display for Known {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Known {
    type Err = UnknownKnowledge;

    fn from_str(text: &str) -> Result<Self, UnknownKnowledge> {
        [Self::Then, Self::Now].into_iter().find(|known| known.as_str() == text).ok_or(UnknownKnowledge)
    }
}

/// No word for somebody's knowledge.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("write then, for what the registry knew at that time, or now, for what is known of that time today")]
pub struct UnknownKnowledge;

/// Of which time a question is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AsOf {
    /// Of the present instant, by all that the log holds.
    Present(Timestamp),
    /// As the registry then knew.
    KnownThen {
        /// Only the first entries, as many as this, count.
        size: u64,
        /// And of these only those that were sequenced by then; by this instant dates are judged.
        at: Timestamp,
    },
    /// As it is now known to have been.
    KnownNow {
        /// When.
        at: Timestamp,
    },
}

impl AsOf {
    /// As the registry knew at `at`.
    pub const fn known_then(at: Timestamp) -> Self {
        Self::KnownThen { size: u64::MAX, at }
    }

    /// The instant by which dates are judged.
    pub const fn at(&self) -> Timestamp {
        match self {
            Self::Present(at) | Self::KnownThen { at, .. } | Self::KnownNow { at } => *at,
        }
    }

    /// Whether what was sequenced at `moment` counts, as far as it holds from there and reaches no further back.
    pub fn knows(&self, moment: Moment) -> bool {
        match self {
            Self::Present(_) => true,
            Self::KnownThen { size, at } => moment.index < *size && moment.at <= *at,
            Self::KnownNow { at } => moment.at <= *at,
        }
    }
}

/// What a registry knows, as of a time. Nothing here says who may see it.
#[derive(Debug)]
pub struct Seen<'a, F> {
    facts: &'a F,
    as_of: AsOf,
}

impl<'a, F: Facts> Seen<'a, F> {
    /// These facts as of that time. Of recognitions `facts` holds the rows of that time already.
    pub const fn new(facts: &'a F, as_of: AsOf) -> Self {
        Self { facts, as_of }
    }

    /// The instant by which dates are judged.
    pub const fn at(&self) -> Timestamp {
        self.as_of.at()
    }

    /// The log's beginning.
    pub fn genesis(&self) -> Option<Arc<GenesisRecord>> {
        self.facts.genesis()?.seen(&self.as_of)
    }

    /// A bulletin that is there today. What took its place says when.
    pub fn bulletin(&self, record: &Arc<BulletinRecord>) -> Option<Arc<BulletinRecord>> {
        if !self.as_of.knows(record.moment) {
            return None;
        }
        let Some(by) = &record.replaced_by else { return Some(Arc::clone(record)) };
        let by = BulletinRef { registry: record.name.registry.clone(), id: by.clone() };
        if self.facts.bulletin(&by).is_some_and(|by| self.as_of.knows(by.moment)) {
            return Some(Arc::clone(record));
        }
        Some(Arc::new(BulletinRecord { replaced_by: None, ..BulletinRecord::clone(record) }))
    }

    /// A document in a version.
    pub fn document(&self, document: &DocumentRef) -> Option<Arc<DocumentRecord>> {
        self.facts.document(document).filter(|record| self.as_of.knows(record.published))
    }

    /// A scheme in a version.
    pub fn scheme(&self, scheme: &SchemeRef) -> Option<Arc<SchemeRecord>> {
        self.facts.scheme(scheme)?.seen(&self.as_of)
    }

    /// All versions of a scheme.
    pub fn scheme_versions(&self, scheme: &SchemeId) -> Vec<Arc<SchemeRecord>> {
        self.all(self.facts.scheme_versions(scheme), SchemeRecord::seen)
    }

    /// All schemes that assess against a document.
    pub fn schemes_on(&self, document: &DocumentRef) -> Vec<Arc<SchemeRecord>> {
        self.all(self.facts.schemes_on(document), SchemeRecord::seen)
    }

    /// What the documents of a scheme keep of others.
    pub fn tailorings(&self, scheme: &SchemeRef) -> Vec<Tailoring> {
        let assessed = self.scheme(scheme);
        let assessed = assessed.iter().flat_map(|record| &record.scheme.documents);
        let profiles = assessed.filter_map(|document| self.document(document));
        profiles.flat_map(|record| record.document.tailors.clone()).collect()
    }

    /// A verdict of this registry that is there today.
    pub fn verdict(&self, record: &Arc<VerdictRecord>) -> Option<Arc<VerdictRecord>> {
        record.seen(&self.as_of)
    }

    /// All arrangements.
    pub fn arrangements(&self) -> Vec<Arc<ArrangementRecord>> {
        self.all(self.facts.arrangements(), ArrangementRecord::seen)
    }

    /// A peer.
    pub fn peer(&self, registry: &RegistryId) -> Option<Arc<PeerRecord>> {
        self.facts.peer(registry)?.seen(&self.as_of)
    }

    /// All peers.
    pub fn peers(&self) -> Vec<Arc<PeerRecord>> {
        self.all(self.facts.peers(), PeerRecord::seen)
    }

    /// What is made of foreign verdicts on a supplier.
    pub fn recognitions_of(&self, supplier: &Identifier) -> Vec<Arc<RecognitionRecord>> {
        let mut records = self.facts.recognitions_of(supplier);
        records.retain(|record| self.as_of.knows(record.since));
        records
    }

    /// What was made of foreign verdicts on a supplier later, where the question is of a time as it is known now: then nothing
    /// that came later is known at all.
    pub fn recognised_later(&self, supplier: &Identifier) -> Vec<Arc<RecognitionRecord>> {
        let AsOf::KnownNow { .. } = self.as_of else { return Vec::new() };
        let mut records = self.facts.recognitions_of(supplier);
        records.retain(|record| !self.as_of.knows(record.since));
        records
    }

    fn all<T>(&self, records: Vec<Arc<T>>, seen: impl Fn(&Arc<T>, &AsOf) -> Option<Arc<T>>) -> Vec<Arc<T>> {
        records.iter().filter_map(|record| seen(record, &self.as_of)).collect()
    }
}
