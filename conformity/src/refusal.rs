//! Why a statement is refused: one reason per variant, with what is needed to explain it.
//!
//! In scope: refusals of well-formed statements. Out of scope: statements that cannot be read at all, see
//! [`crate::statement::Malformed`], and how an answer over HTTP looks.

#[macro_use]
mod house;
#[macro_use]
mod envelope;
#[macro_use]
mod parties;
#[macro_use]
mod documents;
#[macro_use]
mod declarations;
#[macro_use]
mod bodies;
#[macro_use]
mod verdicts;
#[macro_use]
mod exchange;

use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;

use crate::accreditation::{Hold, Lapse};
use crate::credential::StatusSlot;
use crate::digest::Digest;
use crate::identifiers::Identifier;
use crate::ids::{
    AcceptanceId, AccreditationId, ArrangementId, BulletinId, BulletinRef, ConsentId, CrosswalkRef, DesignationId,
    DocumentRef, LevelCode, Origin, PartyId, RegistryId, ReportId, RuleId, SchemeId, SchemeRef, StatementId, VerdictId,
    VerdictRef,
};
use crate::key::KeyId;
use crate::party::Role;
use crate::statement::Kind;
use crate::time::Day;
use crate::verdict::StateName;
use crate::viewpoint::{ObjectKind, ObjectKinds, Viewpoints};
use crate::words::{Language, Params, refusal_in_japanese};

/// Who can mend it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Blame {
    /// The statement is wrong in itself: whoever signed it can mend it.
    Submitter,
    /// The statement is sound, but the rules of the registry do not allow it as things stand.
    Rules,
}

/// Declares the refusals: variant, members, code, blame, message.
macro_rules! refusals {
    (; $(
        $(#[$doc:meta])*
        $variant:ident $({ $($(#[$mdoc:meta])* $member:ident: $type:ty),+ $(,)? })?
        = $code:literal $blame:ident $message:literal $(, $arg:expr)*;
    )+) => {
        /// Why a statement is refused.
        #[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
        pub enum Refusal {
            $(
                $(#[$doc])*
                #[error($message $(, $arg)*)]
                $variant $({ $($(#[$mdoc])* $member: $type),+ })?,
            )+
        }

        impl Refusal {
            /// Every code there is.
            pub const CODES: &'static [&'static str] = &[$($code),+];

            /// The members of each, by code.
            #[cfg(test)]
            pub(crate) const MEMBERS: &'static [(&'static str, &'static [&'static str])] =
                &[$(($code, &[$($(stringify!($member)),+)?])),+];

            /// A stable code for machines.
            pub const fn code(&self) -> &'static str {
                match self {
                    $(Self::$variant $({ $($member: _),+ })? => $code,)+
                }
            }

            /// What it is about, for machines: its members by name.
            pub fn params(&self) -> Params {
                match self {
                    $(Self::$variant $({ $($member),+ })? =>
                        Params::default() $($(.with(stringify!($member), particular($member)))+)?,)+
                }
            }

            /// Who can mend it.
            pub const fn blame(&self) -> Blame {
                match self {
                    $(Self::$variant $({ $($member: _),+ })? => Blame::$blame,)+
                }
            }
        }
    };
}
// Each group of rows is a file; it hands them to the next one, and the last one to `refusals`.
house! { envelope parties documents declarations bodies verdicts exchange refusals; }

const fn hold(hold: &Hold) -> &'static str {
    match hold {
        Hold::None => "in force",
        Hold::Suspended => "suspended",
        Hold::Withdrawn => "withdrawn",
    }
}

const fn undo_words(role: Role) -> &'static str {
    match role {
        Role::AccreditationBody => "restore or withdraw the accreditations that he changed or granted",
        Role::Authority => "restore or withdraw the designations, arrangements and verdicts that he touched",
        _ => "what they signed is the log itself, which witnesses and peers hold",
    }
}

const fn lapse_words(lapse: &Lapse) -> &'static str {
    match lapse {
        Lapse::NotYet => "its first day has not come",
        Lapse::Expired => "its last day is past",
        Lapse::Suspended => "it is suspended",
        Lapse::Withdrawn => "it is withdrawn",
    }
}

fn until_words(until: &Option<Day>) -> String {
    match until {
        Some(day) => format!("validity until {day}"),
        None => "validity without end".to_owned(),
    }
}

fn renewal_words(latest: &Option<Day>) -> String {
    match latest {
        Some(day) => format!("be renewed until {day} only"),
        None => "not be renewed under this scheme".to_owned(),
    }
}

fn rule_words(rule: &Option<RuleId>) -> String {
    match rule {
        Some(rule) => format!(" in rule {rule}"),
        None => String::new(),
    }
}

impl Refusal {
    /// The refusal in words.
    pub fn words(&self, language: Language) -> String {
        let japanese = (language == Language::Japanese).then(|| refusal_in_japanese(self.code(), &self.params()));
        japanese.flatten().unwrap_or_else(|| self.to_string())
    }
}

/// A member as parameters have it: sets as lists, what is absent as `none`.
fn particular(member: &impl Serialize) -> String {
    match serde_json::to_value(member).unwrap_or_default() {
        Value::Null => "none".to_owned(),
        Value::String(text) => text,
        Value::Array(items) => items.iter().map(particular).collect::<Vec<_>>().join(", "),
        other => other.to_string(),
    }
}
