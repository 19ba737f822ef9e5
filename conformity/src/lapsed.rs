//! That what a verdict rests on lapsed or holds again, as the log says it: by which cause, and what becomes of the verdict.
//!
//! A third dimension of a verdict beside its state and its marks: its body stands behind it as before, and it counts only as
//! far as the consequence lets it. Out of scope: finding out whether something lapsed, see [`crate::resting`].

use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::ids::{SchemeRef, VerdictId};
use crate::time::Moment;

/// What lapsed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CauseKind {
    /// The accreditation of its body is suspended.
    AccreditationSuspended,
    /// The accreditation of its body covers it no more.
    AccreditationReduced,
    /// The accreditation of its body is withdrawn.
    AccreditationWithdrawn,
    /// The last day of its body's accreditation is past.
    AccreditationExpired,
    /// Another scheme, or version of it, took the place of its scheme.
    SchemeReplaced,
    /// Nobody looked again in time.
    SurveillanceOverdue,
    /// The last day of its conditions is past, and nobody said that they are met.
    ConditionsOverdue,
    /// Another body took the place of its body, and is not accredited for it.
    BodySucceeded,
    /// A crosswalk from a document of its scheme was corrected. Of the verdict nothing lapsed; what it covers elsewhere may be another.
    CrosswalkCorrected,
}

impl CauseKind {
    /// The word that statements use.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AccreditationSuspended => "accreditation-suspended",
            Self::AccreditationReduced => "accreditation-reduced",
            Self::AccreditationWithdrawn => "accreditation-withdrawn",
            Self::AccreditationExpired => "accreditation-expired",
            Self::SchemeReplaced => "scheme-replaced",
            Self::SurveillanceOverdue => "surveillance-overdue",
            Self::ConditionsOverdue => "conditions-overdue",
            Self::BodySucceeded => "body-succeeded",
            Self::CrosswalkCorrected => "crosswalk-corrected",
        }
    }

    /// What would make it hold again, for machines.
    pub const fn remedy(self) -> &'static str {
        match self {
            Self::AccreditationSuspended | Self::AccreditationReduced => "restore-accreditation",
            Self::AccreditationWithdrawn => "transfer-verdict",
            Self::AccreditationExpired => "renew-accreditation",
            Self::SchemeReplaced => "assess-under-successor",
            Self::SurveillanceOverdue => "file-surveillance-report",
            Self::ConditionsOverdue => "meet-conditions",
            Self::BodySucceeded => "accredit-successor",
            Self::CrosswalkCorrected => "ask-coverage-again",
        }
    }
}

/// What lapsed, and which entry of the log says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Cause {
    /// What lapsed.
    pub what: CauseKind,
    /// Index of the entry; of an accreditation that expired, the one that set its last day.
    pub entry: u64,
}

/// What becomes of a verdict.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", rename_all_fields = "camelCase", deny_unknown_fields)]
pub enum Consequence {
    /// It stays in force, as long as its body and its dates let it.
    Keep,
    /// It stays in force for a while.
    TransferWindow {
        /// The first instant at which it is not in force any more.
        #[serde(with = "crate::time::instant")]
        until: Timestamp,
    },
    /// It is not in force.
    Cease,
}

/// What a verdict rests on lapsed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Lapsed {
    /// What lapsed.
    pub cause: Cause,
    /// Since when; of a window that closed, since then.
    #[serde(with = "crate::time::instant")]
    pub since: Timestamp,
    /// What becomes of the verdict.
    pub consequence: Consequence,
}

impl Lapsed {
    /// Whether the verdict may be in force at `time` all the same.
    pub fn lets_count(&self, time: Timestamp) -> bool {
        match self.consequence {
            Consequence::Keep => true,
            Consequence::TransferWindow { until } => time < until,
            Consequence::Cease => false,
        }
    }

    /// When the window closes for as long as which the verdict stays in force, if there is one.
    pub const fn window(&self) -> Option<Timestamp> {
        match self.consequence {
            Consequence::TransferWindow { until } => Some(until),
            Consequence::Keep | Consequence::Cease => None,
        }
    }
}

/// A change of what a verdict rests on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum BasisChange {
    /// It lapsed, or lapsed otherwise than before.
    Lapsed(Lapsed),
    /// It holds again: what had lapsed, or something in its place.
    Holds(Cause),
    /// It holds or not as before; a crosswalk was corrected by which it covers requirements of another document.
    Recounted(Cause),
}

impl BasisChange {
    /// The word for it.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Holds(_) => "basis-holds",
            Self::Recounted(_) => "coverage-changed",
            Self::Lapsed(lapsed) => match lapsed.consequence {
                Consequence::Keep => "basis-kept",
                Consequence::TransferWindow { .. } => "basis-window",
                Consequence::Cease => "basis-lapsed",
            },
        }
    }

    /// When the window closes that the change opens or keeps open, if there is one.
    pub const fn window(&self) -> Option<Timestamp> {
        match self {
            Self::Lapsed(lapsed) => lapsed.window(),
            Self::Holds(_) | Self::Recounted(_) => None,
        }
    }

    /// What lapsed, or had.
    pub const fn cause(&self) -> Cause {
        match self {
            Self::Lapsed(lapsed) => lapsed.cause,
            Self::Holds(cause) | Self::Recounted(cause) => *cause,
        }
    }
}

/// What the verdicts of a list rest on changed, as the node derives it: one piece of what one cause brings about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct BasisChanged {
    /// What changed.
    pub change: Arc<BasisChange>,
    /// Under which scheme.
    pub scheme: SchemeRef,
    /// Of which verdicts: public ones under one scheme, or a single restricted one.
    pub verdicts: Vec<VerdictId>,
    /// How many public verdicts earlier statements named for the same change and scheme. Absent for a restricted one, which is not counted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<u64>,
    /// How many they are with this statement, if the node knows of no other that the change still has to reach.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub total: Option<u64>,
    /// Of how many this and what follows will tell: in the first statement of a batch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub begins: Option<Extent>,
}

/// The public verdicts under one scheme of which a batch of statements tells one change, fixed before the first of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Extent {
    /// The size of the log by which they were found. What has an entry at or behind it belongs to a later batch.
    pub as_of: u64,
    /// How many they are.
    pub verdicts: u64,
    /// Their names, in their order: see [`Extent::with`].
    pub digest: Digest,
}

impl Extent {
    /// That of no verdict.
    pub const fn nothing(as_of: u64) -> Self {
        Self { as_of, verdicts: 0, digest: Digest::from_bytes([0; 32]) }
    }

    /// With one verdict more, whose name is behind all others: the digest becomes that of itself, 32 bytes, and the name.
    #[must_use]
    pub fn with(self, verdict: &VerdictId) -> Self {
        let name = verdict.as_str().as_bytes();
        let digest = Digest::of(&[self.digest.as_bytes().as_slice(), name].concat());
        Self { verdicts: self.verdicts + 1, digest, ..self }
    }
}

/// A batch: the statements that tell one change of the verdicts that it reaches under one scheme, from the one that says of how many
/// to the one behind which none is left.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Batch {
    /// What it set out to tell of.
    pub extent: Extent,
    /// What it told of so far.
    pub told: Extent,
    /// Its first statement.
    pub begun: Moment,
    /// Its last one, once it is there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub closed: Option<Moment>,
}

impl Batch {
    /// Whether it told of exactly those that it set out to tell of.
    pub fn is_whole(&self) -> bool {
        self.told == self.extent
    }

    /// Of how many it was not told because they changed meanwhile; known when it is closed.
    pub fn overtaken(&self) -> Option<u64> {
        self.closed.map(|_| self.extent.verdicts.saturating_sub(self.told.verdicts))
    }
}

/// What one cause has brought about so far, of public verdicts under one scheme.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CascadeRecord {
    /// What changed.
    pub change: Arc<BasisChange>,
    /// The scheme of the verdicts.
    pub scheme: SchemeRef,
    /// How many verdicts were named.
    pub done: u64,
    /// The first statement that named some.
    pub begun: Moment,
    /// The newest that did.
    pub last: Moment,
    /// Whether that one was the last, by what the node knew then.
    pub finished: bool,
    /// The newest batch. Absent where its beginning is out of sight.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub batch: Option<Batch>,
}

impl CascadeRecord {
    /// The batch that is not closed, if there is one.
    pub fn open(&self) -> Option<&Batch> {
        self.batch.as_ref().filter(|batch| batch.closed.is_none())
    }
}
