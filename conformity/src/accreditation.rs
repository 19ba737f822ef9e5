//! Designations and accreditations: who may accredit, and who may decide, surveil or test.
//!
//! In scope: both as granted, how they change, and whether one is in force at a time. Out of scope: who may grant or
//! change them, see [`mod@crate::decide`].
//!
//! Dates are civil days in UTC: from the first moment of `from` to the last moment of `until`. A suspension or
//! withdrawal holds from the moment the log sequenced it.

use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::ids::{AccreditationId, DesignationId, PartyId, SchemeId, SchemeRef};
use crate::party::Role;
use crate::reason::Reason;
use crate::time::{Day, Moment};
use crate::viewpoint::{ObjectKinds, Viewpoints};

/// 指定: an authority lets an accreditation body accredit under schemes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Designation {
    /// Its id.
    pub id: DesignationId,
    /// Whom it lets accredit.
    pub accreditation_body: PartyId,
    /// Under which schemes, in every version.
    pub schemes: Vec<SchemeId>,
    /// Its first day.
    pub from: Day,
    /// Its last day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Day>,
}

/// A change of a designation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DesignationChange {
    /// It rests.
    Suspended,
    /// It holds again.
    Restored,
    /// It ended for good.
    Withdrawn,
}

/// 認定: a body may act under one version of a scheme.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Accreditation {
    /// Its id.
    pub id: AccreditationId,
    /// Who is accredited.
    pub body: PartyId,
    /// As what.
    #[serde(rename = "as")]
    pub role: AccreditedAs,
    /// Under which scheme, in which version.
    pub scheme: SchemeRef,
    /// For which viewpoints.
    pub viewpoints: Viewpoints,
    /// For which kinds of object; all of the scheme when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub objects: Option<ObjectKinds>,
    /// Its first day.
    pub from: Day,
    /// Its last day.
    pub until: Day,
}

/// What a body can be accredited as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AccreditedAs {
    /// To decide verdicts.
    CertificationBody,
    /// To surveil and report.
    AuditBody,
    /// To confirm what suppliers declare themselves.
    Expert,
    /// To test.
    EvaluationLaboratory,
}

impl AccreditedAs {
    /// The role a party must have to be accredited so.
    pub const fn role(self) -> Role {
        match self {
            Self::CertificationBody => Role::CertificationBody,
            Self::AuditBody => Role::AuditBody,
            Self::EvaluationLaboratory => Role::EvaluationLaboratory,
            Self::Expert => Role::Expert,
        }
    }
}

/// A change of an accreditation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", rename_all_fields = "camelCase", deny_unknown_fields)]
pub enum AccreditationChange {
    /// It rests.
    Suspended,
    /// It holds again.
    Restored,
    /// It covers less from now on.
    Reduced {
        /// What remains.
        viewpoints: Viewpoints,
    },
    /// It ended for good.
    Withdrawn,
    /// It lasts longer.
    Renewed {
        /// The new last day.
        until: Day,
    },
}

/// Whether a designation or accreditation rests, apart from its dates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Hold {
    /// Nothing holds it back.
    None,
    /// Suspended.
    Suspended,
    /// Withdrawn for good.
    Withdrawn,
}

/// Why a designation or accreditation is not in force at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Lapse {
    /// Its first day has not come.
    NotYet,
    /// Its last day is past.
    Expired,
    /// It is suspended.
    Suspended,
    /// It is withdrawn.
    Withdrawn,
}

/// One change as sequenced.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Changed<C> {
    /// What changed.
    pub change: C,
    /// Why.
    pub reason: Reason,
    /// When.
    pub moment: Moment,
    /// By whom.
    pub by: PartyId,
}

/// A designation and everything that happened to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DesignationRecord {
    /// As made.
    pub designation: Arc<Designation>,
    /// When.
    pub made: Moment,
    /// By which authority.
    pub by: PartyId,
    /// Its changes, oldest first.
    pub changes: Vec<Changed<DesignationChange>>,
}

impl DesignationRecord {
    /// What holds it back, apart from its dates.
    pub fn hold(&self) -> Hold {
        hold(self.changes.iter().filter_map(|item| item.change.hold()))
    }

    /// Whether it is in force at `at`, or why not.
    ///
    /// # Errors
    /// The reason why it is not.
    pub fn in_force_at(&self, at: Timestamp) -> Result<(), Lapse> {
        let known = self.changes.iter().take_while(|item| item.moment.at <= at);
        in_force(hold(known.filter_map(|item| item.change.hold())), self.designation.from, self.designation.until, at)
    }
}

/// An accreditation and everything that happened to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AccreditationRecord {
    /// As granted.
    pub accreditation: Arc<Accreditation>,
    /// When.
    pub granted: Moment,
    /// By whom.
    pub by: PartyId,
    /// Its changes, oldest first.
    pub changes: Vec<Changed<AccreditationChange>>,
}

impl AccreditationRecord {
    /// What holds it back, apart from its dates.
    pub fn hold(&self) -> Hold {
        hold(self.changes.iter().filter_map(|item| item.change.hold()))
    }

    /// The viewpoints it covers as known at `at`.
    pub fn viewpoints_at(&self, at: Timestamp) -> Viewpoints {
        let reduced = self.known(at).rev().find_map(|item| match item.change {
            AccreditationChange::Reduced { viewpoints } => Some(viewpoints),
            _ => None,
        });
        reduced.unwrap_or(self.accreditation.viewpoints)
    }

    /// Its last day as known at `at`.
    pub fn until_at(&self, at: Timestamp) -> Day {
        let renewed = self.known(at).rev().find_map(|item| match item.change {
            AccreditationChange::Renewed { until } => Some(until),
            _ => None,
        });
        renewed.unwrap_or(self.accreditation.until)
    }

    /// Whether it is in force at `at`, or why not.
    ///
    /// # Errors
    /// The reason why it is not.
    pub fn in_force_at(&self, at: Timestamp) -> Result<(), Lapse> {
        in_force(
            hold(self.known(at).filter_map(|item| item.change.hold())),
            self.accreditation.from,
            Some(self.until_at(at)),
            at,
        )
    }

    fn known(&self, at: Timestamp) -> impl DoubleEndedIterator<Item = &Changed<AccreditationChange>> {
        let count = self.changes.partition_point(|item| item.moment.at <= at);
        self.changes.iter().take(count)
    }
}

impl DesignationChange {
    const fn hold(self) -> Option<Hold> {
        Some(match self {
            Self::Suspended => Hold::Suspended,
            Self::Restored => Hold::None,
            Self::Withdrawn => Hold::Withdrawn,
        })
    }
}

impl AccreditationChange {
    const fn hold(self) -> Option<Hold> {
        match self {
            Self::Suspended => Some(Hold::Suspended),
            Self::Restored => Some(Hold::None),
            Self::Withdrawn => Some(Hold::Withdrawn),
            Self::Reduced { .. } | Self::Renewed { .. } => None,
        }
    }
}

fn hold(holds: impl Iterator<Item = Hold>) -> Hold {
    holds.last().unwrap_or(Hold::None)
}

fn in_force(hold: Hold, from: Day, until: Option<Day>, at: Timestamp) -> Result<(), Lapse> {
    match hold {
        Hold::Withdrawn => Err(Lapse::Withdrawn),
        Hold::Suspended => Err(Lapse::Suspended),
        Hold::None if at < from.start() => Err(Lapse::NotYet),
        Hold::None if until.is_some_and(|day| at >= day.end()) => Err(Lapse::Expired),
        Hold::None => Ok(()),
    }
}
