//! The steps of a trade, and how far an answer may go at each.
//!
//! Partners check each other from gathering information to payment (the report on the secure trust platform, figure 4-2). Until
//! the order is placed, each may still turn away. From the acceptance of what was delivered on, nobody may: refusing what was
//! ordered and delivered as ordered, or its payment, is barred by law where it protects subcontractors (in Japan 下請法 and its
//! successor, articles 4 (1) 1 and 2).

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A step of a trade, in the order in which they usually come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TradingStep {
    /// 情報収集: looking for partners.
    Information,
    /// 見積依頼: a quote is asked for.
    Quote,
    /// 試作・工場監査: a prototype is made, a factory looked at.
    Prototype,
    /// 発注先選定: a partner is chosen.
    Selection,
    /// 契約: a contract is made.
    Contract,
    /// 注文: goods or services are ordered.
    Order,
    /// 納期・納品: dates are agreed, and what was ordered is delivered.
    Delivery,
    /// 検収: what was delivered is accepted.
    Acceptance,
    /// 支払: it is paid.
    Payment,
}

impl TradingStep {
    /// Every step, in order.
    pub const ALL: [Self; 9] = [
        Self::Information,
        Self::Quote,
        Self::Prototype,
        Self::Selection,
        Self::Contract,
        Self::Order,
        Self::Delivery,
        Self::Acceptance,
        Self::Payment,
    ];

    /// The word that requests and answers use.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Information => "information",
            Self::Quote => "quote",
            Self::Prototype => "prototype",
            Self::Selection => "selection",
            Self::Contract => "contract",
            Self::Order => "order",
            Self::Delivery => "delivery",
            Self::Acceptance => "acceptance",
            Self::Payment => "payment",
        }
    }

    /// What may be answered here of what was found: at acceptance and payment a partner may be told, and not stopped.
    #[must_use]
    pub const fn allows(self, found: Advice) -> Advice {
        match (self, found) {
            (Self::Acceptance | Self::Payment, Advice::Conditional | Advice::Stop) => Advice::Notice,
            (_, found) => found,
        }
    }
}

impl fmt::Display for TradingStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for TradingStep {
    type Err = UnknownStep;

    fn from_str(word: &str) -> Result<Self, UnknownStep> {
        Self::ALL.into_iter().find(|step| step.as_str() == word).ok_or(UnknownStep)
    }
}

/// A word that names no step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "not a step of a trade; write information, quote, prototype, selection, contract, order, delivery, acceptance, or payment"
)]
pub struct UnknownStep;

/// What a partner is advised to do, from the best on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Advice {
    /// Go on: what the policy asks for is met.
    Go,
    /// Go on, and know: what the policy asks for is not met, and the step is one that must not be refused for that.
    Notice,
    /// Go on if what is missing is made good as the policy says.
    Conditional,
    /// Do not go on.
    Stop,
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn the_word_is_the_same_in_requests_and_in_code() {
        for step in TradingStep::ALL {
            assert_eq!(step.as_str().parse(), Ok(step));
            assert_eq!(serde_json::to_value(step).unwrap(), step.as_str());
        }
        assert_eq!("ordering".parse::<TradingStep>(), Err(UnknownStep));
    }

    #[test]
    fn what_was_delivered_is_never_refused() {
        use Advice::{Conditional, Go, Notice, Stop};
        for step in TradingStep::ALL {
            let bound = matches!(step, TradingStep::Acceptance | TradingStep::Payment);
            let expected = if bound { [Go, Notice, Notice, Notice] } else { [Go, Notice, Conditional, Stop] };
            assert_eq!([Go, Notice, Conditional, Stop].map(|found| step.allows(found)), expected, "{step}");
        }
    }
}
