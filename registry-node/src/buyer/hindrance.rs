//! Why it is not found out what a subscriber is to be told: a code, worded in two languages.
//!
//! ```text
//! chain or policy is gone, unreadable, too much     nothing can be told until the owner puts it again   the lane is parked
//! one entry can never be judged                     told once of that entry                             a dead letter, and the next entry
//! log or vault cannot be read                       tried again for as long as it takes                 trouble of the lane
//! ```
//!
//! Out of scope: what becomes of a lane (`buyer::lane`), and what a receiver answers (`buyer::webhook`).

use conformity::words::{self, Language};
use serde::{Deserialize, Serialize};

/// Why it is not found out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Hindrance {
    /// The chain is not there any more.
    ChainGone,
    /// What is kept of the chain cannot be read.
    ChainUnreadable,
    /// The policy is not there any more.
    PolicyGone,
    /// What is kept of the policy cannot be read.
    PolicyUnreadable,
    /// The policy has too many requirements for the chain.
    TooMuchToWeigh,
    /// More of the past would have to be read for this entry than is.
    TooMuchPast,
    /// The log or the vault cannot be read now.
    NotFoundOut,
}

impl Hindrance {
    /// The code, as it is told.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ChainGone => "chain-gone",
            Self::ChainUnreadable => "chain-unreadable",
            Self::PolicyGone => "policy-gone",
            Self::PolicyUnreadable => "policy-unreadable",
            Self::TooMuchToWeigh => "too-much-to-weigh",
            Self::TooMuchPast => "too-much-past",
            Self::NotFoundOut => "not-found-out",
        }
    }

    /// What it says to the owner.
    pub fn words(self, language: Language) -> String {
        words::hindrance(self.as_str(), language)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn each_is_worded_and_kept_by_its_code() {
        for one in [
            Hindrance::ChainGone,
            Hindrance::ChainUnreadable,
            Hindrance::PolicyGone,
            Hindrance::PolicyUnreadable,
            Hindrance::TooMuchToWeigh,
            Hindrance::TooMuchPast,
            Hindrance::NotFoundOut,
        ] {
            assert_eq!(serde_json::to_value(one).unwrap(), one.as_str());
            let [english, japanese] = Language::ALL.map(|language| one.words(language));
            assert!(!english.is_empty() && !japanese.is_empty() && english != japanese, "{one:?}");
        }
    }
}
