//! What an order touches of the buyer's: the three questions by which its importance is weighed.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize};

/// What of the buyer's may suffer through a partner.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Touch {
    /// 機密性: the partner holds information of the buyer's.
    Confidentiality,
    /// 事業継続: without it the buyer stands still.
    Continuity,
    /// アクセス: it reaches into the buyer's systems.
    Access,
}

impl Touch {
    /// Every one, in order.
    pub const ALL: [Self; 3] = [Self::Confidentiality, Self::Continuity, Self::Access];

    /// The word of policies and chains.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Confidentiality => "confidentiality",
            Self::Continuity => "continuity",
            Self::Access => "access",
        }
    }
}

impl fmt::Display for Touch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Touch {
    type Err = UnknownTouch;

    fn from_str(word: &str) -> Result<Self, UnknownTouch> {
        Self::ALL.into_iter().find(|touch| touch.as_str() == word).ok_or(UnknownTouch)
    }
}

/// A word that names nothing that an order touches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not what an order touches; write confidentiality, continuity, or access")]
pub struct UnknownTouch;

/// A list in which nothing stands twice, as a set.
pub(crate) fn distinct<'de, D, T>(deserializer: D) -> Result<BTreeSet<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de> + Ord,
{
    let listed = Vec::<T>::deserialize(deserializer)?;
    let count = listed.len();
    let set: BTreeSet<T> = listed.into_iter().collect();
    if set.len() == count { Ok(set) } else { Err(serde::de::Error::custom(conformity::viewpoint::Doubled)) }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn the_word_is_the_same_in_policies_and_in_code() {
        for touch in Touch::ALL {
            assert_eq!(touch.as_str().parse(), Ok(touch));
            assert_eq!(serde_json::to_value(touch).unwrap(), touch.as_str());
        }
        assert_eq!("confidential".parse::<Touch>(), Err(UnknownTouch));
    }
}
