//! What a policy makes of one order to one partner: go, notice, conditional or stop, with the reasons.
//!
//! In scope: the rules of a policy against what a registry shows of the partner. Out of scope: what it may show to whom, which is the
//! registry's ([`conformity::standing`]): a verdict that the asker may not see is not there.

mod need;
#[cfg(test)]
pub(crate) mod tests;

use std::collections::{BTreeMap, BTreeSet};

use conformity::ids::{LevelCode, RegistryId, SchemeRef, VerdictRef};
use conformity::scheme::Levels;
use conformity::standing::Standing;
use conformity::text::Text;
use conformity::words::{Language, Params, Said};
use serde::{Deserialize, Serialize};

pub(crate) use need::folded;

use crate::policy::{Condition, Otherwise, Policy, Requirement, Rule};
use crate::step::{Advice, TradingStep};
use crate::touch::{Touch, distinct};

/// What is ordered of whom, as far as policies ask.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Order {
    /// At which step of the trade.
    pub step: TradingStep,
    /// How far away the partner is; 1 is a direct supplier.
    #[serde(default = "direct")]
    pub tier: u32,
    /// What the order touches of the buyer's.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty", deserialize_with = "distinct")]
    pub touches: BTreeSet<Touch>,
    /// The partner's site from which it is served.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub site: Option<Text<256>>,
    /// The product, service or process that is ordered, by name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub item: Option<Text<256>>,
}

/// The tier of whoever supplies the buyer itself.
const fn direct() -> u32 {
    1
}

/// The orders of levels of the schemes that a registry publishes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SchemeLevels(BTreeMap<SchemeRef, Levels>);

impl FromIterator<(SchemeRef, Levels)> for SchemeLevels {
    fn from_iter<I: IntoIterator<Item = (SchemeRef, Levels)>>(schemes: I) -> Self {
        Self(schemes.into_iter().collect())
    }
}

impl SchemeLevels {
    /// Whether whoever holds `held` also meets `wanted`. A level meets itself, known here or not.
    pub(crate) fn meets(&self, scheme: &SchemeRef, held: &LevelCode, wanted: &LevelCode) -> bool {
        held == wanted || self.0.get(scheme).is_some_and(|levels| levels.meets(held, wanted))
    }
}

/// The registry that was asked.
#[derive(Debug, Clone)]
pub struct Registry {
    /// Its name: its own verdicts are told by it.
    pub id: RegistryId,
    /// How levels of its schemes compare.
    pub levels: SchemeLevels,
}

/// What a policy makes of an order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Finding {
    /// What may be advised at this step.
    pub advice: Advice,
    /// What the rules come to, whatever the step.
    pub found: Advice,
    /// What each rule that is of the order comes to.
    pub rules: Vec<Ruling>,
    /// What is said of the whole.
    pub because: Vec<Said>,
}

/// What one rule makes of an order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Ruling {
    /// The rule.
    pub rule: Text<128>,
    /// What it comes to.
    pub found: Advice,
    /// The verdicts that it is met by.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub rests_on: BTreeSet<VerdictRef>,
    /// What makes it good that it is not met.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub condition: Option<Condition>,
    /// Why.
    pub because: Vec<Said>,
}

impl Finding {
    /// Whether every rule is met.
    pub fn is_met(&self) -> bool {
        self.found == Advice::Go
    }

    /// The verdicts that it rests on.
    pub fn rests_on(&self) -> BTreeSet<&VerdictRef> {
        self.rules.iter().flat_map(|ruling| &ruling.rests_on).collect()
    }

    /// All that is said, in order: of the whole, then of each rule.
    pub fn said(&self) -> impl Iterator<Item = &Said> {
        self.because.iter().chain(self.rules.iter().flat_map(|ruling| &ruling.because))
    }

    /// The same, with remedies in words.
    #[must_use]
    pub fn told(mut self, language: Language) -> Self {
        let rulings = self.rules.iter_mut().flat_map(|ruling| &mut ruling.because);
        self.because.iter_mut().chain(rulings).for_each(|said| *said = said.told(language));
        self
    }
}

/// What becomes of one requirement.
struct Weighed {
    met: bool,
    rests_on: BTreeSet<VerdictRef>,
    because: Vec<Said>,
}

/// An order to a partner of whom this is shown.
struct Case<'a> {
    order: &'a Order,
    registry: &'a Registry,
    standing: &'a Standing,
}

/// What `policy` makes of `order` to a partner of whom `registry` shows `standing`.
pub fn judge(policy: &Policy, order: &Order, registry: &Registry, standing: &Standing) -> Finding {
    let case = Case { order, registry, standing };
    let asked = policy.rules.iter().filter(|rule| rule.is_of(&order.touches, order.tier, order.step));
    let rules: Vec<Ruling> = asked.map(|rule| case.ruling(rule)).collect();
    let found = rules.iter().map(|ruling| ruling.found).max().unwrap_or(Advice::Go);
    let advice = order.step.allows(found);
    let mut because = vec![Said::judged(worded(advice), Params::default())];
    if advice != found {
        because.push(Said::judged("never-refused", Params::default().with("step", order.step)));
    }
    if rules.is_empty() {
        let params = Params::default().with("policy", &policy.policy).with("version", policy.version);
        because.push(Said::judged("no-rule", params));
    }
    Finding { advice, found, rules, because }
}

const fn worded(advice: Advice) -> &'static str {
    match advice {
        Advice::Go => "advice-go",
        Advice::Notice => "advice-notice",
        Advice::Conditional => "advice-conditional",
        Advice::Stop => "advice-stop",
    }
}

impl Case<'_> {
    fn ruling(&self, rule: &Rule) -> Ruling {
        let Weighed { met, rests_on, because: why } = self.weigh(&rule.requires);
        let (found, condition) = match &rule.otherwise {
            _ if met => (Advice::Go, None),
            Otherwise::Notice => (Advice::Notice, None),
            Otherwise::Conditional(condition) => (Advice::Conditional, Some(condition.clone())),
            Otherwise::Stop => (Advice::Stop, None),
        };
        let because = [follows(rule, found, condition.as_ref())].into_iter().chain(why).collect();
        Ruling { rule: rule.id.clone(), found, rests_on, condition, because }
    }

    fn weigh(&self, requirement: &Requirement) -> Weighed {
        match requirement {
            Requirement::Verdict(need) => need::weigh(self, need),
            Requirement::All(parts) => {
                let weighed: Vec<Weighed> = parts.iter().map(|part| self.weigh(part)).collect();
                let met = weighed.iter().all(|one| one.met);
                joined(met, weighed.into_iter().filter(|one| met || !one.met))
            }
            Requirement::Any(parts) => {
                let weighed: Vec<Weighed> = parts.iter().map(|part| self.weigh(part)).collect();
                let met = weighed.iter().any(|one| one.met);
                joined(met, weighed.into_iter().filter(|one| one.met == met).take(if met { 1 } else { usize::MAX }))
            }
        }
    }
}

/// What is said of the parts of a requirement that decide it.
fn joined(met: bool, deciding: impl Iterator<Item = Weighed>) -> Weighed {
    let nothing = Weighed { met, rests_on: BTreeSet::new(), because: Vec::new() };
    deciding.fold(nothing, |mut whole, part| {
        whole.rests_on.extend(part.rests_on);
        whole.because.extend(part.because);
        whole
    })
}

/// What follows from a rule.
fn follows(rule: &Rule, found: Advice, condition: Option<&Condition>) -> Said {
    let params = Params::default().with("rule", &rule.id);
    let params = condition.iter().fold(params, |params, condition| {
        let params = params.with("condition", &condition.text);
        condition.days.iter().fold(params, |params, days| params.with("days", days))
    });
    let code = match found {
        Advice::Go => "rule-met",
        Advice::Notice => "rule-notes",
        Advice::Conditional => "rule-conditions",
        Advice::Stop => "rule-stops",
    };
    Said::judged(code, params)
}
