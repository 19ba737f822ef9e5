//! Recognitions as they are recorded: what this registry makes of a foreign verdict, and the list in which a node
//! publishes them.
//!
//! In scope: one recognition, which is also one row of a result list, its place, and the claim that a list was derived.
//! Out of scope: deriving it, see [`crate::recognition`].

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::identifiers::Identifier;
use crate::ids::{
    ArrangementId, DocumentRef, LevelCode, Origin, ReasonCode, RegistryId, RuleId, SchemeRef, VerdictRef,
};
use crate::lapsed::CauseKind;
use crate::text::Text;
use crate::time::{Day, Moment};
use crate::verdict::{AssessedObject, Conditions, SelfEvaluation, StateName, Supplier};
use crate::viewpoint::Viewpoints;
use crate::words::{Params, Remedy};

/// Longest explanation, in bytes.
pub const EXPLANATION_BYTES: usize = 1_024;

/// What this registry makes of a foreign verdict.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RecognitionOutcome {
    /// It counts here, in full.
    Recognised,
    /// Part of it counts here.
    Partial,
    /// It is evidence, no more.
    AcceptedAsEvidence,
    /// It does not count here.
    Refused,
}

impl RecognitionOutcome {
    /// The word that results and queries use.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Recognised => "recognised",
            Self::Partial => "partial",
            Self::AcceptedAsEvidence => "accepted-as-evidence",
            Self::Refused => "refused",
        }
    }
}

impl std::fmt::Display for RecognitionOutcome {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Something that keeps a foreign verdict from counting in full.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Gap {
    /// What kind of gap.
    pub code: ReasonCode,
    /// What it is about.
    #[serde(default, skip_serializing_if = "Params::is_empty")]
    pub params: Params,
    /// The gap in words: English as recorded, the language asked for in an answer.
    pub text: Text<560>,
    /// What would close it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remedy: Option<Remedy>,
}

/// The version of an arrangement that a recognition rests on.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ArrangementRef {
    /// The arrangement.
    pub id: ArrangementId,
    /// The version of its terms.
    pub version: u32,
}

/// As what a verdict counts here.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Counterpart {
    /// Our scheme.
    pub scheme: SchemeRef,
    /// Our level.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub level: Option<LevelCode>,
}

/// One recognition; one row of a result list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Recognition {
    /// The foreign verdict.
    pub verdict: VerdictRef,
    /// Whom it is about.
    pub supplier: Arc<Supplier>,
    /// Its scheme there.
    pub scheme: SchemeRef,
    /// What was assessed.
    pub object: AssessedObject,
    /// The viewpoints that it has there.
    pub viewpoints: Viewpoints,
    /// Its level there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub level: Option<LevelCode>,
    /// Its state there.
    pub state: StateName,
    /// Its last day there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_until: Option<Day>,
    /// Up to which day somebody who looked found nothing amiss there, where the rule asks for that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub surveilled: Option<Day>,
    /// Of the supplier's own declaration: how far anybody else stands behind it. Absent where a body decided.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub self_declared: Option<SelfEvaluation>,
    /// What lapsed there of that on which it rests, where it stays in force for a while only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub window: Option<Window>,
    /// Whether it leaves something out there, or keeps back whether it does.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub excludes: bool,
    /// What it leaves out there, where its statements show that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exclusions: Option<Exclusions>,
    /// What must still be met there, and by when, where it is conditional.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub conditions: Option<Conditions>,
    /// What this registry makes of it.
    pub outcome: RecognitionOutcome,
    /// The arrangement it rests on, or that refuses it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub arrangement: Option<ArrangementRef>,
    /// The rule of that arrangement.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule: Option<RuleId>,
    /// As what it counts here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub counts_as: Option<Counterpart>,
    /// What keeps it from counting in full.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub gaps: Vec<Gap>,
    /// The whole of it in a sentence.
    pub explanation: Text<EXPLANATION_BYTES>,
}

/// What a foreign verdict leaves out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Exclusions {
    /// In its words.
    pub words: Vec<Text<256>>,
    /// The documents of its scheme there, whose requirements the words may name; none where the scheme was not shown.
    pub documents: Vec<DocumentRef>,
}

/// For how long a foreign verdict stays in force there, whatever its last day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Window {
    /// What lapsed.
    pub what: CauseKind,
    /// The first instant at which it is not in force any more.
    #[serde(with = "crate::time::instant")]
    pub until: Timestamp,
}

/// A recognition with its place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RecognitionRecord {
    /// What this registry makes of the verdict.
    pub recognition: Arc<Recognition>,
    /// Since when.
    pub since: Moment,
    /// Its position in the result list of that entry.
    pub position: u32,
    /// Indexes of all entries that said what is made of the verdict, rising; the last is that of `since`.
    pub entries: Vec<u64>,
}

impl RecognitionRecord {
    /// All identifiers of the supplier.
    pub fn suppliers(&self) -> impl Iterator<Item = &Identifier> {
        let supplier = &self.recognition.supplier;
        std::iter::once(&supplier.id).chain(&supplier.others)
    }
}

/// The largest result list, in bytes: as large as an attachment may be.
pub const MAX_RESULTS: usize = 16 * 1024 * 1024;

/// The rows of a result list that is in the log already, where [`mod@crate::decide`] checked it.
///
/// # Errors
/// A line is not a recognition.
pub fn read_results(list: &[u8]) -> Result<Vec<Recognition>, serde_json::Error> {
    list.split_inclusive(|byte| *byte == b'\n').map(serde_json::from_slice).collect()
}

/// Where the row of each verdict stands in a result list that is in the log already: read once, however many rows are wanted.
#[derive(Debug, Clone, Default)]
pub struct ResultIndex(HashMap<VerdictRef, (u32, Range<usize>)>);

/// What is read of a row to find it.
#[derive(Deserialize)]
struct Named {
    verdict: VerdictRef,
}

impl ResultIndex {
    /// Of `list`.
    ///
    /// # Errors
    /// A line is not a recognition.
    pub fn of(list: &[u8]) -> Result<Self, serde_json::Error> {
        let (mut rows, mut start) = (HashMap::new(), 0);
        for (position, line) in (0..).zip(list.split_inclusive(|byte| *byte == b'\n')) {
            let Named { verdict } = serde_json::from_slice(line)?;
            rows.entry(verdict).or_insert((position, start..start + line.len()));
            start += line.len();
        }
        Ok(Self(rows))
    }

    /// The row of a verdict, with its position; `list` is the one that was read.
    ///
    /// # Errors
    /// The line is not a recognition.
    pub fn row(&self, list: &[u8], verdict: &VerdictRef) -> Result<Option<(u32, Recognition)>, serde_json::Error> {
        let found = self.0.get(verdict).and_then(|(position, place)| Some((*position, list.get(place.clone())?)));
        found.map(|(position, line)| Ok((position, serde_json::from_slice(line)?))).transpose()
    }
}

/// A result list while it is written: never larger than what is read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ResultList {
    bytes: Vec<u8>,
    count: u32,
}

impl ResultList {
    /// Whether nothing was written.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// How many bytes were written.
    pub const fn size(&self) -> usize {
        self.bytes.len()
    }

    /// Writes a row, if the list stays within [`MAX_RESULTS`] with it; else the list is as it was.
    ///
    /// # Errors
    /// The row has no JSON form, which no row that was read or derived lacks.
    pub fn push(&mut self, row: &Recognition) -> Result<bool, serde_json::Error> {
        let start = self.bytes.len();
        let written = serde_json::to_writer(&mut self.bytes, row);
        self.bytes.push(b'\n');
        let fits = self.bytes.len() <= MAX_RESULTS;
        if written.is_err() || !fits {
            self.bytes.truncate(start);
        } else {
            self.count += 1;
        }
        written.map(|()| fits)
    }

    /// What a claim says of the list.
    pub fn results(&self) -> Results {
        Results { digest: Digest::of(&self.bytes), count: self.count }
    }

    /// The list, to be attached.
    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }
}

/// Why recognitions were derived.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", rename_all_fields = "camelCase", deny_unknown_fields)]
pub enum Cause {
    /// The peer's log grew.
    Range,
    /// An arrangement came into force, changed, rested or ended.
    Arrangement {
        /// Which one.
        id: ArrangementId,
        /// The terms it was derived under.
        digest: Digest,
    },
    /// Time passed on which something begins or ends.
    Time,
    /// The peer was expelled: what was made of its verdicts ends.
    Expulsion,
}

impl Cause {
    /// The arrangement for whose sake recognitions were derived, if for one.
    pub const fn arrangement(&self) -> Option<&ArrangementId> {
        match self {
            Self::Arrangement { id, .. } => Some(id),
            Self::Range | Self::Time | Self::Expulsion => None,
        }
    }
}

/// The result list of a derivation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Results {
    /// Digest of the list.
    pub digest: Digest,
    /// How many rows it has.
    pub count: u32,
}

/// The node derived recognitions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RecognitionDerived {
    /// The peer's log.
    pub origin: Origin,
    /// The peer's registry.
    pub registry: RegistryId,
    /// The size of the peer's log before.
    pub from: u64,
    /// The size of the peer's log after.
    pub to: u64,
    /// The peer's checkpoint of that size, a C2SP signed note.
    pub checkpoint: String,
    /// Why.
    pub cause: Cause,
    /// The result list.
    pub results: Results,
}
