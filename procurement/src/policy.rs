//! What a buyer asks of its partners, as data: rules that say of which orders they are, what they require, and what follows
//! where that is not met.
//!
//! ```json
//! {"policy": "acme-parts", "version": 2, "rules": [{
//!   "id": "direct-confidential", "touches": ["confidentiality"], "tiers": {"from": 1, "to": 1}, "steps": ["contract", "order"],
//!   "requires": {"verdict": {"scheme": "star", "level": "4", "viewpoints": ["organization", "process"]}},
//!   "otherwise": "stop"
//! }]}
//! ```
//!
//! In scope: the form, read strictly, and its limits. Out of scope: what becomes of an order under it, see [`mod@crate::judge`], and
//! where policies are kept.

use std::collections::BTreeSet;

use conformity::ids::{LevelCode, SchemeChoice};
use conformity::strict::{self, Breach, Limits};
use conformity::text::Text;
use conformity::verdict::SelfEvaluation;
use conformity::viewpoint::Viewpoints;
use serde::{Deserialize, Serialize};

use crate::step::TradingStep;
use crate::touch::{Touch, distinct};

/// The most bytes of a policy.
pub const MAX_POLICY: usize = 64 * 1024;
/// The most rules of a policy.
pub const MAX_RULES: usize = 64;
/// The most parts of all requirements of a policy: what one order costs is bounded by it.
pub const MAX_PARTS: usize = 256;
/// The deepest nesting of its JSON.
const MAX_DEPTH: usize = 16;

/// A buyer's policy in one version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Policy {
    /// Its name, the same in every version.
    pub policy: Text<128>,
    /// Its version.
    pub version: u32,
    /// Its rules; all that fit an order are asked.
    pub rules: Vec<Rule>,
}

/// One rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Rule {
    /// Its name within the policy.
    pub id: Text<128>,
    /// It is of orders that touch one of these; of all where none is named.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty", deserialize_with = "distinct")]
    pub touches: BTreeSet<Touch>,
    /// It is of partners this far away.
    #[serde(default, skip_serializing_if = "Tiers::are_all")]
    pub tiers: Tiers,
    /// It is of these steps; of all where none is named.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty", deserialize_with = "distinct")]
    pub steps: BTreeSet<TradingStep>,
    /// What it requires.
    pub requires: Requirement,
    /// What follows where that is not met.
    pub otherwise: Otherwise,
}

/// Tiers from the nearest to the farthest. A direct supplier is of tier 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Tiers {
    /// The nearest.
    pub from: u32,
    /// The farthest; without it, every farther one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<u32>,
}

impl Default for Tiers {
    fn default() -> Self {
        Self { from: 1, to: None }
    }
}

impl Tiers {
    /// Whether it is of every tier.
    fn are_all(&self) -> bool {
        *self == Self::default()
    }

    /// Whether `tier` is one of them.
    pub fn contains(self, tier: u32) -> bool {
        self.from <= tier && self.to.is_none_or(|to| tier <= to)
    }
}

/// What a rule requires.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Requirement {
    /// One of these is enough.
    Any(Vec<Requirement>),
    /// Each of these.
    All(Vec<Requirement>),
    /// Verdicts on the partner.
    Verdict(Need),
}

/// Which verdicts meet a requirement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Need {
    /// Under this scheme, or recognised as such; under any where none is named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scheme: Option<SchemeChoice>,
    /// At this level, or one that includes it by the scheme's own order.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub level: Option<LevelCode>,
    /// Each of these viewpoints is covered by one of them; whichever where none is named.
    #[serde(default, skip_serializing_if = "is_any")]
    pub viewpoints: Viewpoints,
    /// Whose verdicts; all kinds where nothing is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<Source>,
    /// Who must at least stand behind it.
    #[serde(default, skip_serializing_if = "Evidence::is_body")]
    pub evidence: Evidence,
    /// Whether a conditional verdict is not enough.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unconditional: bool,
    /// Whether it need not be shown that the verdict covers the site of the order.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub any_site: bool,
}

/// What says that any viewpoint will do.
const fn is_any(viewpoints: &Viewpoints) -> bool {
    viewpoints.is_empty()
}

/// Whose verdicts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Source {
    /// Those that were decided under the registry that is asked, and declarations to it.
    Own,
    /// Those that its operator copied from a published list.
    Transcribed,
    /// Those of others that it recognises.
    Recognised,
}

/// Who stands behind a verdict, in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Evidence {
    /// The supplier itself.
    #[serde(rename = "self")]
    Oneself,
    /// An expert confirmed what the supplier declared.
    ExpertConfirmed,
    /// A body decided it.
    #[default]
    Body,
}

impl Evidence {
    /// Whether a body's verdict is asked for, as usual.
    const fn is_body(&self) -> bool {
        matches!(self, Self::Body)
    }

    /// The word of policies.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Oneself => "self",
            Self::ExpertConfirmed => "expert-confirmed",
            Self::Body => "body",
        }
    }

    /// Of a verdict that is a declaration confirmed that far, or none.
    pub(crate) const fn of(declared: Option<SelfEvaluation>) -> Self {
        match declared {
            Some(SelfEvaluation::Oneself) => Self::Oneself,
            Some(SelfEvaluation::ExpertConfirmed) => Self::ExpertConfirmed,
            None => Self::Body,
        }
    }
}

/// What follows where a rule is not met.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Otherwise {
    /// The buyer is told.
    Notice,
    /// The buyer goes on if it is made good.
    Conditional(Condition),
    /// The buyer does not go on.
    Stop,
}

/// What makes good that a rule is not met.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Condition {
    /// What does, in the buyer's words.
    pub text: Text<256>,
    /// Within how many days of the decision; without it, before the step is taken.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub days: Option<u16>,
}

/// Why a policy is refused. The blame is whoever wrote it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PolicyError {
    /// It breaks a rule of the form.
    #[error("the policy: {0}")]
    Form(#[from] Breach),
    /// It is JSON, and no policy.
    #[error("the policy: {message}")]
    NotAPolicy {
        /// Where and why.
        message: String,
    },
    /// It has no rules, or too many.
    #[error("the policy has {0} rules; write 1 to {MAX_RULES}")]
    Rules(usize),
    /// Two rules of one name.
    #[error("the policy has two rules {0:?}; give each a name of its own")]
    Double(Text<128>),
    /// Requirements of too many parts.
    #[error("the requirements of the policy have {0} parts; at most {MAX_PARTS} are taken")]
    Parts(usize),
    /// A requirement of nothing: `any` of nothing can never be met, and `all` of nothing always is.
    #[error("rule {0:?} has an empty any or all; name what is required")]
    Empty(Text<128>),
    /// A level of no scheme.
    #[error("rule {0:?} asks for a level and names no scheme; levels are compared within a scheme")]
    Level(Text<128>),
    /// Tiers that contain none.
    #[error("rule {0:?} is of no tier; the nearest is 1, and `to` is not before `from`")]
    Tiers(Text<128>),
}

impl Policy {
    /// Reads the JSON form.
    ///
    /// # Errors
    /// [`PolicyError`]; nothing of a policy that is refused is used.
    pub fn parse(bytes: &[u8]) -> Result<Self, PolicyError> {
        strict::check(bytes, Limits { bytes: MAX_POLICY, depth: MAX_DEPTH, null: false })?;
        let policy: Self = serde_json::from_slice(bytes)
            .map_err(|error| PolicyError::NotAPolicy { message: strict::excerpt(&error) })?;
        policy.checked()
    }

    /// How many parts its requirements have: what one order costs.
    pub fn parts(&self) -> usize {
        self.rules.iter().map(|rule| rule.requires.parts()).sum()
    }

    /// The same policy, if it keeps the rules that its form does not show.
    ///
    /// # Errors
    /// [`PolicyError`].
    pub fn checked(self) -> Result<Self, PolicyError> {
        if !(1..=MAX_RULES).contains(&self.rules.len()) {
            return Err(PolicyError::Rules(self.rules.len()));
        }
        let parts = self.parts();
        if parts > MAX_PARTS {
            return Err(PolicyError::Parts(parts));
        }
        let mut named = BTreeSet::new();
        for rule in &self.rules {
            if !named.insert(&rule.id) {
                return Err(PolicyError::Double(rule.id.clone()));
            }
            rule.check()?;
        }
        Ok(self)
    }
}

impl Rule {
    fn check(&self) -> Result<(), PolicyError> {
        let Tiers { from, to } = self.tiers;
        if from == 0 || to.is_some_and(|to| to < from) {
            return Err(PolicyError::Tiers(self.id.clone()));
        }
        self.check_requirement(&self.requires)
    }

    fn check_requirement(&self, requirement: &Requirement) -> Result<(), PolicyError> {
        match requirement {
            Requirement::Any(parts) | Requirement::All(parts) if parts.is_empty() => {
                Err(PolicyError::Empty(self.id.clone()))
            }
            Requirement::Any(parts) | Requirement::All(parts) => {
                parts.iter().try_for_each(|part| self.check_requirement(part))
            }
            Requirement::Verdict(need) if need.level.is_some() && need.scheme.is_none() => {
                Err(PolicyError::Level(self.id.clone()))
            }
            Requirement::Verdict(_) => Ok(()),
        }
    }

    /// Whether it is of an order that touches these, of this tier, at this step.
    pub fn is_of(&self, touches: &BTreeSet<Touch>, tier: u32, step: TradingStep) -> bool {
        let touched = self.touches.is_empty() || !self.touches.is_disjoint(touches);
        touched && self.tiers.contains(tier) && (self.steps.is_empty() || self.steps.contains(&step))
    }
}

impl Requirement {
    fn parts(&self) -> usize {
        match self {
            Self::Any(parts) | Self::All(parts) => 1 + parts.iter().map(Self::parts).sum::<usize>(),
            Self::Verdict(_) => 1,
        }
    }
}

#[cfg(test)]
mod tests;
