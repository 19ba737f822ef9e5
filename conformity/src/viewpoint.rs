//! What an assessment looks at, and what it looks from: objects and viewpoints, and small sets of both.
//!
//! In scope: the three viewpoints, the kinds of object, and sets of them that cost one byte.
//! Out of scope: which of them a scheme admits, see [`crate::scheme`].

use serde::{Deserialize, Serialize};

/// From where an assessment looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Viewpoint {
    /// 組織: the organization and its management.
    Organization,
    /// プロセス: how it develops, produces, operates.
    Process,
    /// ヒト・モノ等: people, parts, equipment, data, finished products and services.
    PeopleAndThings,
}

/// What is assessed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ObjectKind {
    /// A whole organization.
    Organization,
    /// One site of it.
    Site,
    /// One of its processes.
    Process,
    /// A product in a version.
    Product,
    /// A service.
    Service,
    /// A person, named by a pseudonym only.
    Person,
}

/// Declares a set of a small enum: one byte in memory, a sorted array without doubles in JSON.
macro_rules! small_set {
    ($(#[$doc:meta])* $set:ident of $member:ident: $($variant:ident $word:literal),+) => {
        impl $member {
            /// Every member, in order.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The word statements use.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $word),+
                }
            }
        }

        impl std::fmt::Display for $member {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl std::str::FromStr for $member {
            type Err = UnknownWord;

            fn from_str(text: &str) -> Result<Self, UnknownWord> {
                match text {
                    $($word => Ok(Self::$variant),)+
                    _ => Err(UnknownWord::new(text, &[$($word),+])),
                }
            }
        }

        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
        #[serde(try_from = "Vec<_>", into = "Vec<_>")]
        pub struct $set(u8);

        impl $set {
            /// The set of all members.
            pub fn all() -> Self {
                $member::ALL.iter().copied().collect()
            }

            /// Whether nothing is in it.
            pub const fn is_empty(self) -> bool {
                self.0 == 0
            }

            /// Whether `member` is in it.
            pub const fn contains(self, member: $member) -> bool {
                self.0 & (1 << member as u8) != 0
            }

            /// Whether everything in it is also in `other`.
            pub const fn is_subset(self, other: Self) -> bool {
                self.0 & !other.0 == 0
            }

            /// What is in both.
            #[must_use]
            pub const fn intersection(self, other: Self) -> Self {
                Self(self.0 & other.0)
            }

            /// What is in either.
            #[must_use]
            pub const fn union(self, other: Self) -> Self {
                Self(self.0 | other.0)
            }

            /// What is in it and not in `other`.
            #[must_use]
            pub const fn difference(self, other: Self) -> Self {
                Self(self.0 & !other.0)
            }

            /// The members, in order.
            pub fn iter(self) -> impl Iterator<Item = $member> {
                $member::ALL.iter().copied().filter(move |member| self.contains(*member))
            }
        }

        impl FromIterator<$member> for $set {
            fn from_iter<I: IntoIterator<Item = $member>>(members: I) -> Self {
                members.into_iter().fold(Self(0), |set, member| Self(set.0 | (1 << member as u8)))
            }
        }

        impl From<$member> for $set {
            fn from(member: $member) -> Self {
                [member].into_iter().collect()
            }
        }

        impl TryFrom<Vec<$member>> for $set {
            type Error = Doubled;

            fn try_from(members: Vec<$member>) -> Result<Self, Doubled> {
                let set: Self = members.iter().copied().collect();
                if set.0.count_ones() as usize == members.len() {
                    Ok(set)
                } else {
                    Err(Doubled)
                }
            }
        }

        impl From<$set> for Vec<$member> {
            fn from(set: $set) -> Self {
                set.iter().collect()
            }
        }

        impl std::fmt::Debug for $set {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.debug_set().entries(self.iter()).finish()
            }
        }

        impl std::fmt::Display for $set {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                for (position, member) in self.iter().enumerate() {
                    if position > 0 {
                        f.write_str(", ")?;
                    }
                    f.write_str(member.as_str())?;
                }
                Ok(())
            }
        }
    };
}

pub(crate) use small_set;

small_set! {
    /// A set of viewpoints.
    Viewpoints of Viewpoint:
        Organization "organization", Process "process", PeopleAndThings "people-and-things"
}
small_set! {
    /// A set of kinds of object.
    ObjectKinds of ObjectKind:
        Organization "organization", Site "site", Process "process", Product "product",
        Service "service", Person "person"
}

/// A set was written with the same member twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the same value is listed twice; list each one once")]
pub struct Doubled;

/// A word that is none of the known ones.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not known here; use one of {}", known.join(", "))]
pub struct UnknownWord {
    /// The word as given, cut to 40 characters.
    pub text: String,
    /// The words that are known.
    pub known: &'static [&'static str],
}

impl UnknownWord {
    pub(crate) fn new(text: &str, known: &'static [&'static str]) -> Self {
        Self { text: text.chars().take(40).collect(), known }
    }
}
