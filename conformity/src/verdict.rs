//! Verdicts 適合性判定結果: what was decided about which object of which supplier, and everything that happened to it since.
//!
//! In scope: the verdict as granted, its changes and reports as claims, its snapshot at a time and its history; a snapshot
//! is always the fold of the history. Out of scope: who may change it, see [`mod@crate::decide`]; what another registry
//! makes of it, see [`crate::recognised`].

mod confirmation;
mod course;
mod history;
mod lifecycle;
mod usurpers;
mod watched;

use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::identifiers::Identifier;
use crate::ids::{AcceptanceId, CountryCode, LevelCode, ListCode, PartyId, ReportId, SchemeRef, SectorCode, VerdictId};
use crate::reason::Reason;
use crate::scheme::Evaluation;
use crate::site::Site;
use crate::text::Text;
use crate::time::Day;
use crate::viewpoint::{ObjectKind, Viewpoints};

pub use confirmation::{Confirmation, ConfirmationWithdrawn, Confirmed};
pub use history::{Happening, HistoryItem, Marks, Snapshot, VerdictRecord, Voiding};
pub use lifecycle::{
    Annulled, Conditional, Expired, Granted, Historical, IllegalMove, State, StateName, Superseded, Surrendered,
    Suspended, Unconfirmed, Void, Withdrawn,
};

/// 事業者: whom the verdict is about.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Supplier {
    /// The identifier under which it was assessed.
    pub id: Identifier,
    /// Its legal name at that time; of a natural person a [handle](mod@crate::handle).
    pub name: Text<256>,
    /// Where it is established. Absent only where a list from which the verdict was transcribed does not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub country: Option<CountryCode>,
    /// Other identifiers that the body verified to be of the same entity.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub others: Vec<Identifier>,
    /// Whether it is a natural person 個人, such as a sole proprietor, who stands in the log by a handle alone.
    #[serde(default, skip_serializing_if = "is_not")]
    pub person: bool,
}

/// 評価対象: what was assessed.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AssessedObject {
    /// Its kind.
    pub kind: ObjectKind,
    /// Its name.
    pub name: Text<256>,
    /// Its version, where it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<Text<128>>,
}

/// What must be met by when for a conditional verdict to become a full one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Conditions {
    /// What must be met.
    pub text: Text<1024>,
    /// The last day to meet it.
    pub deadline: Day,
}

/// To whom a verdict is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Profile {
    /// To everyone.
    Open,
    /// To everyone but for level, sites and exclusions, which only its credentials tell, one by one.
    Summary,
    /// To whom the registry lets see it.
    Restricted,
}

impl Profile {
    /// Whether everyone may know that the verdict exists.
    pub const fn is_public(self) -> bool {
        matches!(self, Self::Open | Self::Summary)
    }
}

/// Where a verdict comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Provenance {
    /// The signing body decided it.
    Decided,
    /// The operator copied it from a published list. It never counts as decided here.
    Transcribed(Transcription),
    /// 自己適合宣言: the supplier says so itself, or a sponsor for it. It never counts as a body's.
    SelfDeclared(SelfDeclared),
}

/// A supplier's own declaration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SelfDeclared {
    /// Whether it counts only once an expert confirmed it. The scheme may ask for that.
    #[serde(default, skip_serializing_if = "is_not")]
    pub awaits_expert: bool,
    /// SHA-256 of the paper by which the supplier lets a sponsor, who signs, declare for it. Absent where the supplier signs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mandate: Option<Digest>,
}

/// What says nothing is left out.
const fn is_not(said: &bool) -> bool {
    !*said
}

/// How far anybody but the supplier stands behind its declaration: in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SelfEvaluation {
    /// Nobody.
    #[serde(rename = "self")]
    Oneself,
    /// An expert confirmed it.
    ExpertConfirmed,
}

impl SelfEvaluation {
    /// The word that statements and queries use.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Oneself => "self",
            Self::ExpertConfirmed => "expert-confirmed",
        }
    }
}

impl From<SelfEvaluation> for Evaluation {
    fn from(evaluation: SelfEvaluation) -> Self {
        match evaluation {
            SelfEvaluation::Oneself => Self::Oneself,
            SelfEvaluation::ExpertConfirmed => Self::ExpertConfirmed,
        }
    }
}

impl Provenance {
    /// Whether the operator copied it from a list.
    pub const fn is_transcribed(&self) -> bool {
        matches!(self, Self::Transcribed(_))
    }

    /// The declaration that it is, if it is one.
    pub const fn self_declared(&self) -> Option<SelfDeclared> {
        match self {
            Self::SelfDeclared(declared) => Some(*declared),
            Self::Decided | Self::Transcribed(_) => None,
        }
    }
}

/// From which row of which list something was transcribed: a verdict, or an acceptance of one as evidence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Transcription {
    /// The list.
    pub list: Text<128>,
    /// Where it is published.
    pub source: Text<1024>,
    /// When it was fetched.
    pub retrieved: Day,
    /// The row's id in the list; for an acceptance, whose row has none, its number on the day of retrieval.
    pub row: Text<128>,
    /// Which body issued it, by the list's code; of an acceptance, the authority.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issued_by: Option<ListCode>,
    /// Its status there, by the list's code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status_at_source: Option<ListCode>,
}

/// A verdict as granted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Verdict {
    /// Its id in this registry.
    pub verdict: VerdictId,
    /// Whom it is about.
    pub supplier: Arc<Supplier>,
    /// What was assessed.
    pub object: AssessedObject,
    /// Under which scheme, in which version.
    pub scheme: SchemeRef,
    /// From which viewpoints.
    pub viewpoints: Viewpoints,
    /// At which level, where the scheme has levels and the verdict took one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub level: Option<LevelCode>,
    /// What it covers, in words.
    pub scope: Text<1024>,
    /// The sites it covers.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sites: Vec<Site>,
    /// What it does not cover.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub exclusions: Vec<Text<256>>,
    /// The sectors for which it was decided, for as long as it lives. Everyone may see them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sectors: Vec<SectorCode>,
    /// Its first day.
    pub valid_from: Day,
    /// Its last day; absent only where the scheme sets no validity.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_until: Option<Day>,
    /// What must still be met; makes the verdict conditional from the start.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub conditions: Option<Conditions>,
    /// To whom it is shown.
    pub profile: Profile,
    /// Where it comes from.
    pub provenance: Provenance,
    /// The supplier's declaration whose place it takes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub upgrades: Option<VerdictId>,
}

/// What a body may do to its verdict.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", rename_all_fields = "camelCase", deny_unknown_fields)]
pub enum Change {
    /// 条件付き: something must be met by a day.
    Conditional(Conditions),
    /// 一時停止.
    Suspended,
    /// 復帰: in force again.
    Restored,
    /// 拡大.
    ScopeExtended(Box<Cover>),
    /// 縮小.
    ScopeReduced(Box<Cover>),
    /// 更新.
    Renewed {
        /// The new last day.
        valid_until: Day,
    },
    /// 移転: another body is responsible from now on.
    Transferred {
        /// That body.
        to: PartyId,
    },
    /// 返上: the supplier gave it back.
    Surrendered,
    /// 取消し.
    Withdrawn,
    /// 後継に置換え.
    Superseded {
        /// The verdict that takes its place.
        by: VerdictId,
    },
    /// 訂正による無効: it should never have been granted.
    Annulled,
    /// No longer current; kept for those who relied on it.
    Historical,
    /// 異議申立て pending.
    AppealOpened,
    /// The appeal is settled.
    AppealClosed,
    /// 苦情 pending.
    ComplaintOpened,
    /// The complaint is settled.
    ComplaintClosed,
    /// The body weighed what an audit body recommended and leaves the verdict as it is.
    RecommendationDeclined,
    /// 条件充足: what a conditional verdict still asked for is met.
    ConditionsMet,
}

impl Change {
    /// Whether it gives the supplier something: only a body that is accredited now may. A transfer gives nothing; there
    /// the receiving body must be accredited.
    pub const fn gives(&self) -> bool {
        matches!(
            self,
            Self::Restored
                | Self::ScopeExtended(_)
                | Self::Renewed { .. }
                | Self::RecommendationDeclined
                | Self::ConditionsMet
        )
    }

    /// The word that statements use.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Conditional(_) => "conditional",
            Self::Suspended => "suspended",
            Self::Restored => "restored",
            Self::ScopeExtended(_) => "scope-extended",
            Self::ScopeReduced(_) => "scope-reduced",
            Self::Renewed { .. } => "renewed",
            Self::Transferred { .. } => "transferred",
            Self::Surrendered => "surrendered",
            Self::Withdrawn => "withdrawn",
            Self::Superseded { .. } => "superseded",
            Self::Annulled => "annulled",
            Self::Historical => "historical",
            Self::AppealOpened => "appeal-opened",
            Self::AppealClosed => "appeal-closed",
            Self::ComplaintOpened => "complaint-opened",
            Self::ComplaintClosed => "complaint-closed",
            Self::RecommendationDeclined => "recommendation-declined",
            Self::ConditionsMet => "conditions-met",
        }
    }
}

/// What a verdict covers after its scope changed. A member left out stays as it was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Cover {
    /// What it covers now, in words.
    pub scope: Text<1024>,
    /// The viewpoints it covers now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub viewpoints: Option<Viewpoints>,
    /// The level it has now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub level: Option<LevelCode>,
    /// The sites it covers now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sites: Option<Vec<Site>>,
    /// What it does not cover now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exclusions: Option<Vec<Text<256>>>,
}

/// A change of a verdict, as claimed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct VerdictChange {
    /// Which verdict.
    pub verdict: VerdictId,
    /// What changes.
    pub change: Change,
    /// Why.
    pub reason: Reason,
    /// From when; never after it is sequenced, never before the verdict was granted.
    #[serde(with = "crate::time::instant")]
    pub effective: Timestamp,
    /// On which legal basis.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub legal_basis: Option<Text<280>>,
    /// The report whose recommendation it follows, which its body had not answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recommended_by: Option<ReportId>,
}

/// What an audit body found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Report {
    /// Its id, unique for the verdict.
    pub report: ReportId,
    /// Which verdict it looked at.
    pub verdict: VerdictId,
    /// Over which days.
    pub period: Period,
    /// From which viewpoints; all of the verdict's when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub viewpoints: Option<Viewpoints>,
    /// What it found.
    pub outcome: Outcome,
    /// What it recommends to the body that decides.
    pub recommendation: Recommendation,
    /// Digest of the full report, when attached.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attachment: Option<Digest>,
}

/// Days from the first to the last, both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Period {
    /// The first day.
    pub from: Day,
    /// The last day.
    pub to: Day,
}

/// What a report found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// Nothing amiss.
    Conforming,
    /// Something amiss; what it is stays in the attachment.
    Finding,
}

/// What a report recommends. Only the body that decides can act on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Recommendation {
    /// Nothing.
    None,
    /// To suspend.
    Suspend,
    /// To reduce the scope.
    Reduce,
    /// To withdraw.
    Withdraw,
}

impl Recommendation {
    /// Whether the change does what is recommended, or less: whoever is to withdraw may suspend until that is decided.
    pub const fn asks_for(self, change: &Change) -> bool {
        match self {
            Self::None => false,
            Self::Suspend => matches!(change, Change::Suspended),
            Self::Reduce => matches!(change, Change::ScopeReduced(_)),
            Self::Withdraw => matches!(change, Change::Withdrawn | Change::Suspended),
        }
    }
}

/// That an authority took a verdict as evidence for a decision of its own, as a list says: no decision of this registry,
/// no recognition, and no verdict. Nothing follows from it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Acceptance {
    /// Its id, unique for the verdict.
    pub acceptance: AcceptanceId,
    /// Which verdict was accepted.
    pub verdict: VerdictId,
    /// Who accepted it, by the name that the list gives. No party of this registry, even where it has the same name.
    pub authority: Text<256>,
    /// The part of the authority that did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<Text<256>>,
    /// The first day of the authority's own decision.
    pub from: Day,
    /// The last day of it, where the list names one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Day>,
    /// The day on which the list's operator took note of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub noted: Option<Day>,
    /// From which row of which list. There is no other way to state an acceptance.
    pub transcribed: Transcription,
}

/// Verdicts that time changed, as the node derives it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct VerdictList {
    /// Which verdicts.
    pub verdicts: Vec<VerdictId>,
}
