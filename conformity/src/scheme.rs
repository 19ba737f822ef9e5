//! Schemes: who assesses what against which documents, how, for how long, at which levels.
//!
//! In scope: a scheme in one version and the partial order of its levels. Out of scope: single verdicts, see
//! [`crate::verdict`], and who is accredited under it, see [`crate::accreditation`].

use serde::{Deserialize, Serialize};

use crate::effect::Effect;
use crate::ids::{CountryCode, DocumentRef, LevelCode, SchemeRef};
use crate::lapsed::CauseKind;
use crate::text::Text;
use crate::time::Day;
use crate::viewpoint::{ObjectKinds, Viewpoints};

/// How conformity is assessed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Evaluation {
    /// By the supplier itself.
    #[serde(rename = "self")]
    Oneself,
    /// By the supplier, confirmed by an expert.
    ExpertConfirmed,
    /// By an independent body.
    ThirdParty,
    /// By an authority.
    Authority,
}

/// Who looks again while a verdict is valid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Surveillant {
    /// The body that decided.
    CertificationBody,
    /// An audit body.
    AuditBody,
}

/// The duty to look again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Surveillance {
    /// Who does it.
    pub by: Surveillant,
    /// At least once in so many months.
    pub every_months: u16,
    /// What becomes of a verdict that nobody looked at in time; nothing when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_overdue: Option<Effect>,
    /// Whether the registry itself may suspend a verdict where a report recommends it and its body has not answered.
    #[serde(default, skip_serializing_if = "is_not")]
    pub registry_suspends: bool,
}

/// What says nothing is left out.
const fn is_not(given: &bool) -> bool {
    !*given
}

/// Whether an expert must confirm what a supplier declares.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ExpertNeed {
    /// A declaration counts without; with an expert it says so.
    Optional,
    /// It counts only once an expert confirmed it.
    Required,
}

/// 自己適合宣言: on what terms a supplier may declare its own conformity under the scheme.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SelfDeclaration {
    /// The longest validity of a declaration, shorter than that of what somebody else decides.
    pub validity_months: u16,
    /// Whether an expert must confirm it.
    pub expert: ExpertNeed,
    /// The levels that a declaration may take; none when empty. All others only a body gives.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub levels: Vec<LevelCode>,
}

/// What becomes of a verdict when the accreditation that it rests on lapses: nothing where a member is absent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct OnAccreditation {
    /// When it is suspended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub suspended: Option<Effect>,
    /// When it is reduced to what does not cover the verdict.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reduced: Option<Effect>,
    /// When it is withdrawn.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub withdrawn: Option<Effect>,
    /// When its last day is past.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expired: Option<Effect>,
}

impl OnAccreditation {
    /// What follows on such a lapse; nothing where the scheme does not say, or it is no lapse of an accreditation.
    pub const fn of(self, what: CauseKind) -> Option<Effect> {
        match what {
            CauseKind::AccreditationSuspended => self.suspended,
            CauseKind::AccreditationReduced => self.reduced,
            // What a body was accredited for ends with it.
            CauseKind::AccreditationWithdrawn | CauseKind::BodySucceeded => self.withdrawn,
            CauseKind::AccreditationExpired => self.expired,
            CauseKind::SchemeReplaced
            | CauseKind::SurveillanceOverdue
            | CauseKind::ConditionsOverdue
            | CauseKind::CrosswalkCorrected => None,
        }
    }

    fn is_silent(&self) -> bool {
        *self == Self::default()
    }
}

/// Another scheme, or another version, takes the place of one. Verdicts under the one that is replaced are in force up to a day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SchemeReplaced {
    /// Which one is replaced.
    pub scheme: SchemeRef,
    /// Which one takes its place.
    pub by: SchemeRef,
    /// The last day on which verdicts under the replaced one are in force.
    pub until: Day,
}

/// One version of a scheme; never changed once published, and replaced by another at most once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Scheme {
    /// Its id and version.
    pub scheme: SchemeRef,
    /// Its title.
    pub title: Text<256>,
    /// Who owns it.
    pub owner: Text<256>,
    /// Whether it was invented for a demonstration. Shown wherever the scheme is shown.
    pub fictional: bool,
    /// The documents it assesses against.
    pub documents: Vec<DocumentRef>,
    /// The viewpoints a verdict may take.
    pub viewpoints: Viewpoints,
    /// The kinds of object a verdict may be about.
    pub objects: ObjectKinds,
    /// How conformity is assessed.
    pub evaluation: Evaluation,
    /// Its levels; empty when it has none.
    #[serde(default, skip_serializing_if = "Levels::is_empty")]
    pub levels: Levels,
    /// The longest validity of a verdict. Without it a verdict may be valid until changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub validity_months: Option<u16>,
    /// Who looks again, and how often.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub surveillance: Option<Surveillance>,
    /// What becomes of a verdict when the accreditation of its body lapses.
    #[serde(default, skip_serializing_if = "OnAccreditation::is_silent")]
    pub on_accreditation: OnAccreditation,
    /// What becomes of a verdict whose conditions nobody said to be met by their last day; nothing when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_conditions_overdue: Option<Effect>,
    /// For how many days after its expiry a verdict can still be renewed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub restoration_days: Option<u16>,
    /// Whether the registry itself may suspend, withdraw and transfer verdicts.
    #[serde(default)]
    pub registry_acts: bool,
    /// On what terms suppliers may declare themselves; not at all when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub self_declaration: Option<SelfDeclaration>,
    /// Where it applies; empty when everywhere.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub countries: Vec<CountryCode>,
}

/// One level of a scheme.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Level {
    /// Its code.
    pub code: LevelCode,
    /// Its name.
    pub name: Text<128>,
    /// The levels it includes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub at_least: Vec<LevelCode>,
}

/// The levels of a scheme and their partial order, acyclic by construction.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(try_from = "Vec<Level>", into = "Vec<Level>")]
pub struct Levels {
    levels: Vec<Level>,
    /// Bit `j` of `includes[i]`: level `i` is at least level `j`.
    includes: Vec<u64>,
}

impl Levels {
    /// The most levels a scheme may have.
    pub const MAX: usize = 64;

    /// Whether the scheme has no levels.
    pub fn is_empty(&self) -> bool {
        self.levels.is_empty()
    }

    /// The levels as published.
    pub fn iter(&self) -> impl Iterator<Item = &Level> {
        self.levels.iter()
    }

    /// Whether the scheme has a level of this code.
    pub fn contains(&self, code: &LevelCode) -> bool {
        self.position(code).is_some()
    }

    /// Whether whoever holds `held` also meets `wanted`. A level that the scheme lacks meets nothing.
    pub fn meets(&self, held: &LevelCode, wanted: &LevelCode) -> bool {
        match (self.position(held), self.position(wanted)) {
            (Some(held), Some(wanted)) => self.includes.get(held).is_some_and(|bits| bits >> wanted & 1 == 1),
            _ => false,
        }
    }

    fn position(&self, code: &LevelCode) -> Option<usize> {
        self.levels.iter().position(|level| level.code == *code)
    }
}

impl TryFrom<Vec<Level>> for Levels {
    type Error = LevelsError;

    fn try_from(levels: Vec<Level>) -> Result<Self, LevelsError> {
        if levels.len() > Self::MAX {
            return Err(LevelsError::TooMany(levels.len()));
        }
        let mut order = Self { includes: Vec::with_capacity(levels.len()), levels };
        order.refuse_doubles()?;
        for position in 0..order.levels.len() {
            let direct = order.direct(position)?;
            order.includes.push(direct);
        }
        order.close()
    }
}

impl Levels {
    fn refuse_doubles(&self) -> Result<(), LevelsError> {
        for (position, level) in self.levels.iter().enumerate() {
            if self.position(&level.code) != Some(position) {
                return Err(LevelsError::Double(level.code.clone()));
            }
        }
        Ok(())
    }

    /// The level itself and what it names directly.
    fn direct(&self, position: usize) -> Result<u64, LevelsError> {
        let Some(level) = self.levels.get(position) else {
            return Ok(0);
        };
        level.at_least.iter().try_fold(1 << position, |bits, code| {
            let named = self.position(code).ok_or_else(|| LevelsError::Unknown(code.clone()))?;
            Ok(bits | 1 << named)
        })
    }

    /// Warshall's transitive closure; two levels that include each other are a cycle.
    fn close(mut self) -> Result<Self, LevelsError> {
        for through in 0..self.includes.len() {
            let reached = self.includes[through];
            for bits in &mut self.includes {
                if *bits >> through & 1 == 1 {
                    *bits |= reached;
                }
            }
        }
        for (i, level) in self.levels.iter().enumerate() {
            let mutual = |j: usize| self.includes[i] >> j & 1 == 1 && self.includes[j] >> i & 1 == 1;
            if (0..i).any(mutual) {
                return Err(LevelsError::Cycle(level.code.clone()));
            }
        }
        Ok(self)
    }
}

impl From<Levels> for Vec<Level> {
    fn from(levels: Levels) -> Self {
        levels.levels
    }
}

/// Why levels are refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LevelsError {
    /// More than [`Levels::MAX`].
    #[error("{0} levels; a scheme may have at most 64")]
    TooMany(usize),
    /// Two levels of one code.
    #[error("level {0} is defined twice; give each level its own code")]
    Double(LevelCode),
    /// A level that is at least one that does not exist.
    #[error("level {0} is named in atLeast but not defined; define it")]
    Unknown(LevelCode),
    /// A level that is, through others, at least itself and they at least it.
    #[error("level {0} includes a level that includes it; levels must form a partial order")]
    Cycle(LevelCode),
}
