//! The states of a verdict, one struct each, and the moves between them.
//!
//! A move consumes the state it leaves. What a struct has no method for cannot be written down in this crate; a statement
//! that asks for it becomes an [`IllegalMove`]. Surrendered, withdrawn, superseded, annulled and void have no methods at all:
//! nothing leaves them. Nothing leads to void either: a verdict is void from its beginning, or never.
//!
//! Out of scope: who may ask for a move, and the dates of it, see [`mod@crate::decide`].

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::ids::VerdictId;
use crate::verdict::{Change, Conditions, Happening};

/// Declares states that carry nothing but the time since when they hold.
macro_rules! states {
    ($($(#[$doc:meta])* $state:ident)+) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(rename_all = "camelCase", deny_unknown_fields)]
        pub struct $state {
            /// From when it holds.
            pub since: Timestamp,
        }
    )+};
}

states! {
    /// 認証: in force.
    Granted
    /// 確認待ち: declared by the supplier; not in force until an expert confirms it.
    Unconfirmed
    /// 一時停止: not to be relied on until restored.
    Suspended
    /// 返上: given back by the supplier.
    Surrendered
    /// 取消し: taken away.
    Withdrawn
    /// 有効期限切れ: its last day is past.
    Expired
    /// 訂正による無効: should never have been granted.
    Annulled
    /// No longer current; kept for those who relied on it.
    Historical
    /// 無効: signed with a stolen key; it was never in force.
    Void
}

/// 条件付き: in force while something is still to be met.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Conditional {
    /// From when it holds.
    pub since: Timestamp,
    /// What must be met by when.
    pub conditions: Conditions,
}

/// 後継に置換え: another verdict took its place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Superseded {
    /// From when it holds.
    pub since: Timestamp,
    /// The verdict that took its place.
    pub by: VerdictId,
}

/// The moves to states that carry only their time, per state that allows them.
macro_rules! moves {
    ($($from:ident: $($verb:ident $to:ident),+;)+) => {$(
        impl $from {
            $(fn $verb(self, since: Timestamp) -> $to {
                $to { since }
            })+
        }
    )+};
}

moves! {
    Granted: await_again Unconfirmed, suspend Suspended, surrender Surrendered, withdraw Withdrawn, expire Expired, annul Annulled, retire Historical;
    Conditional: meet Granted, suspend Suspended, surrender Surrendered, withdraw Withdrawn, expire Expired, annul Annulled, retire Historical;
    Suspended: restore Granted, surrender Surrendered, withdraw Withdrawn, expire Expired, annul Annulled, retire Historical;
    Unconfirmed: confirm Granted, surrender Surrendered, withdraw Withdrawn, expire Expired, annul Annulled, retire Historical;
    Expired: renew Granted, annul Annulled, retire Historical;
    Historical: withdraw Withdrawn, annul Annulled;
}

/// The moves that carry more than their time.
macro_rules! richer_moves {
    (condition: $($conditioned:ident),+; supersede: $($superseded:ident),+;) => {
        $(impl $conditioned {
            fn condition(self, since: Timestamp, conditions: &Conditions) -> Conditional {
                Conditional { since, conditions: conditions.clone() }
            }
        })+
        $(impl $superseded {
            fn supersede(self, since: Timestamp, by: &VerdictId) -> Superseded {
                Superseded { since, by: by.clone() }
            }
        })+
    };
}

richer_moves! {
    condition: Granted, Conditional;
    supersede: Granted, Conditional, Unconfirmed, Suspended, Expired, Historical;
}

/// The state of a verdict.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// In force.
    Granted(Granted),
    /// In force while something is still to be met.
    Conditional(Conditional),
    /// Not to be relied on until restored.
    Suspended(Suspended),
    /// Given back.
    Surrendered(Surrendered),
    /// Taken away.
    Withdrawn(Withdrawn),
    /// Past its last day.
    Expired(Expired),
    /// Replaced.
    Superseded(Superseded),
    /// Should never have been granted.
    Annulled(Annulled),
    /// No longer current.
    Historical(Historical),
    /// Never granted by the body that it names.
    Void(Void),
    /// Declared by the supplier, and waiting for an expert.
    Unconfirmed(Unconfirmed),
}

/// The name of a state, for queries, events and results.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StateName {
    /// In force.
    Granted,
    /// In force while something is still to be met.
    Conditional,
    /// Not to be relied on until restored.
    Suspended,
    /// Given back.
    Surrendered,
    /// Taken away.
    Withdrawn,
    /// Past its last day.
    Expired,
    /// Replaced.
    Superseded,
    /// Should never have been granted.
    Annulled,
    /// No longer current.
    Historical,
    /// Never granted by the body that it names.
    Void,
    /// Declared by the supplier, and waiting for an expert.
    Unconfirmed,
}

impl StateName {
    /// Every state.
    pub const ALL: [Self; 11] = [
        Self::Granted,
        Self::Conditional,
        Self::Suspended,
        Self::Surrendered,
        Self::Withdrawn,
        Self::Expired,
        Self::Superseded,
        Self::Annulled,
        Self::Historical,
        Self::Void,
        Self::Unconfirmed,
    ];

    /// The word that statements and queries use.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Granted => "granted",
            Self::Conditional => "conditional",
            Self::Suspended => "suspended",
            Self::Surrendered => "surrendered",
            Self::Withdrawn => "withdrawn",
            Self::Expired => "expired",
            Self::Superseded => "superseded",
            Self::Annulled => "annulled",
            Self::Historical => "historical",
            Self::Void => "void",
            Self::Unconfirmed => "unconfirmed",
        }
    }

    /// Whether nothing that its body does ever leaves it.
    pub const fn is_terminal(self) -> bool {
        matches!(self, Self::Surrendered | Self::Withdrawn | Self::Superseded | Self::Annulled | Self::Void)
    }

    /// Whether its last day ends it: it still counted, or could be made to count again.
    pub const fn may_expire(self) -> bool {
        matches!(self, Self::Granted | Self::Conditional | Self::Suspended | Self::Unconfirmed)
    }

    /// Whether the body still stands behind the verdict, its dates apart.
    pub const fn is_in_force(self) -> bool {
        matches!(self, Self::Granted | Self::Conditional)
    }
}

impl fmt::Display for StateName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl std::str::FromStr for StateName {
    type Err = crate::viewpoint::UnknownWord;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const WORDS: [&str; StateName::ALL.len()] = {
            let mut words = [""; StateName::ALL.len()];
            let mut i = 0;
            while i < words.len() {
                words[i] = StateName::ALL[i].as_str();
                i += 1;
            }
            words
        };
        Self::ALL
            .into_iter()
            .find(|state| state.as_str() == text)
            .ok_or_else(|| crate::viewpoint::UnknownWord::new(text, &WORDS))
    }
}

/// A move that the state does not allow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a verdict that is {from} cannot become {change}")]
pub struct IllegalMove {
    /// The state it is in.
    pub from: StateName,
    /// What was asked for.
    pub change: &'static str,
}

impl State {
    /// The state a verdict starts in.
    pub(super) fn first(since: Timestamp, conditions: Option<&Conditions>) -> Self {
        let granted = Granted { since };
        match conditions {
            Some(conditions) => Self::Conditional(granted.condition(since, conditions)),
            None => Self::Granted(granted),
        }
    }

    /// The state in which a supplier's declaration waits for an expert.
    pub(super) const fn unconfirmed(since: Timestamp) -> Self {
        Self::Unconfirmed(Unconfirmed { since })
    }

    /// The state of a verdict that a thief granted: `since` is when it pretended to begin.
    pub(super) const fn void(since: Timestamp) -> Self {
        Self::Void(Void { since })
    }

    /// Its name.
    pub const fn name(&self) -> StateName {
        match self {
            Self::Granted(_) => StateName::Granted,
            Self::Conditional(_) => StateName::Conditional,
            Self::Suspended(_) => StateName::Suspended,
            Self::Surrendered(_) => StateName::Surrendered,
            Self::Withdrawn(_) => StateName::Withdrawn,
            Self::Expired(_) => StateName::Expired,
            Self::Superseded(_) => StateName::Superseded,
            Self::Annulled(_) => StateName::Annulled,
            Self::Historical(_) => StateName::Historical,
            Self::Void(_) => StateName::Void,
            Self::Unconfirmed(_) => StateName::Unconfirmed,
        }
    }

    /// From when it holds.
    pub const fn since(&self) -> Timestamp {
        match self {
            Self::Granted(state) => state.since,
            Self::Conditional(state) => state.since,
            Self::Suspended(state) => state.since,
            Self::Surrendered(state) => state.since,
            Self::Withdrawn(state) => state.since,
            Self::Expired(state) => state.since,
            Self::Superseded(state) => state.since,
            Self::Annulled(state) => state.since,
            Self::Historical(state) => state.since,
            Self::Void(state) => state.since,
            Self::Unconfirmed(state) => state.since,
        }
    }

    /// The state after `what` happened.
    pub(super) fn after(self, what: &Happening, since: Timestamp) -> Result<Self, IllegalMove> {
        match what {
            Happening::Changed(change) => self.changed(change, since),
            Happening::Expired => self.expired(since),
            Happening::SurveillanceOverdue if !self.name().is_terminal() => Ok(self),
            Happening::ConditionsOverdue if matches!(self, Self::Conditional(_)) => Ok(self),
            Happening::Reported(_) if !self.name().is_terminal() => Ok(self),
            // What an authority once decided stays true of a verdict that is over.
            Happening::AcceptedAsEvidence(_) => Ok(self),
            Happening::Confirmed(_) => self.confirmed(since),
            // What it counts for without the expert, its terms say.
            Happening::ConfirmationWithdrawn if !self.name().is_terminal() => Ok(self),
            // What is void does not count; that something is so moves nothing that counts.
            Happening::Voided(_) => Ok(self),
            // What it rests on is another matter than what its body says of it.
            Happening::BasisChanged(_) if !self.name().is_terminal() => Ok(self),
            Happening::Granted
            | Happening::SurveillanceOverdue
            | Happening::ConditionsOverdue
            | Happening::Reported(_)
            | Happening::ConfirmationWithdrawn
            | Happening::BasisChanged(_) => Err(self.refuse(what.as_str())),
        }
    }

    const fn refuse(&self, change: &'static str) -> IllegalMove {
        IllegalMove { from: self.name(), change }
    }

    fn expired(self, since: Timestamp) -> Result<Self, IllegalMove> {
        match self {
            Self::Granted(state) => Ok(Self::Expired(state.expire(since))),
            Self::Conditional(state) => Ok(Self::Expired(state.expire(since))),
            Self::Suspended(state) => Ok(Self::Expired(state.expire(since))),
            Self::Unconfirmed(state) => Ok(Self::Expired(state.expire(since))),
            other => Err(other.refuse("expired")),
        }
    }

    fn confirmed(self, since: Timestamp) -> Result<Self, IllegalMove> {
        match self {
            Self::Unconfirmed(state) => Ok(Self::Granted(state.confirm(since))),
            Self::Granted(_) | Self::Suspended(_) => Ok(self),
            other => Err(other.refuse("confirmed")),
        }
    }

    /// The state of a declaration that counts only with an expert's word, once that is taken back.
    pub(super) fn awaiting_again(self, since: Timestamp) -> Self {
        match self {
            Self::Granted(state) => Self::Unconfirmed(state.await_again(since)),
            other => other,
        }
    }

    fn changed(self, change: &Change, since: Timestamp) -> Result<Self, IllegalMove> {
        match change {
            Change::Conditional(conditions) => self.conditional(since, conditions),
            Change::Suspended => self.suspended(since),
            Change::Restored => self.restored(since),
            Change::Renewed { .. } => self.renewed(since),
            Change::ScopeExtended(_) | Change::Transferred { .. } => self.stays_if(StateName::is_in_force, change),
            Change::ScopeReduced(_) => self.stays_if(|name| name.is_in_force() || name == StateName::Suspended, change),
            Change::Surrendered => self.surrendered(since),
            Change::Withdrawn => self.withdrawn(since),
            Change::Superseded { by } => self.superseded(since, by),
            Change::Annulled => self.annulled(since),
            Change::Historical => self.historical(since),
            Change::AppealClosed | Change::ComplaintClosed => Ok(self),
            // Whoever lost a verdict may appeal against just that.
            Change::AppealOpened | Change::ComplaintOpened => Ok(self),
            Change::RecommendationDeclined => self.stays_if(|name| !name.is_terminal(), change),
            Change::ConditionsMet => self.met(since),
        }
    }

    fn stays_if(self, may: fn(StateName) -> bool, change: &Change) -> Result<Self, IllegalMove> {
        if may(self.name()) { Ok(self) } else { Err(self.refuse(change.as_str())) }
    }

    fn conditional(self, since: Timestamp, conditions: &Conditions) -> Result<Self, IllegalMove> {
        match self {
            Self::Granted(state) => Ok(Self::Conditional(state.condition(since, conditions))),
            Self::Conditional(state) => Ok(Self::Conditional(state.condition(since, conditions))),
            other => Err(other.refuse("conditional")),
        }
    }

    fn suspended(self, since: Timestamp) -> Result<Self, IllegalMove> {
        match self {
            Self::Granted(state) => Ok(Self::Suspended(state.suspend(since))),
            Self::Conditional(state) => Ok(Self::Suspended(state.suspend(since))),
            other => Err(other.refuse("suspended")),
        }
    }

    fn restored(self, since: Timestamp) -> Result<Self, IllegalMove> {
        match self {
            Self::Suspended(state) => Ok(Self::Granted(state.restore(since))),
            other => Err(other.refuse("restored")),
        }
    }

    fn met(self, since: Timestamp) -> Result<Self, IllegalMove> {
        match self {
            Self::Conditional(state) => Ok(Self::Granted(state.meet(since))),
            other => Err(other.refuse("conditions-met")),
        }
    }

    fn renewed(self, since: Timestamp) -> Result<Self, IllegalMove> {
        match self {
            Self::Expired(state) => Ok(Self::Granted(state.renew(since))),
            Self::Granted(_) | Self::Conditional(_) => Ok(self),
            other => Err(other.refuse("renewed")),
        }
    }

    fn surrendered(self, since: Timestamp) -> Result<Self, IllegalMove> {
        match self {
            Self::Granted(state) => Ok(Self::Surrendered(state.surrender(since))),
            Self::Conditional(state) => Ok(Self::Surrendered(state.surrender(since))),
            Self::Suspended(state) => Ok(Self::Surrendered(state.surrender(since))),
            Self::Unconfirmed(state) => Ok(Self::Surrendered(state.surrender(since))),
            other => Err(other.refuse("surrendered")),
        }
    }

    fn withdrawn(self, since: Timestamp) -> Result<Self, IllegalMove> {
        match self {
            Self::Granted(state) => Ok(Self::Withdrawn(state.withdraw(since))),
            Self::Conditional(state) => Ok(Self::Withdrawn(state.withdraw(since))),
            Self::Suspended(state) => Ok(Self::Withdrawn(state.withdraw(since))),
            Self::Unconfirmed(state) => Ok(Self::Withdrawn(state.withdraw(since))),
            Self::Historical(state) => Ok(Self::Withdrawn(state.withdraw(since))),
            other => Err(other.refuse("withdrawn")),
        }
    }

    fn superseded(self, since: Timestamp, by: &VerdictId) -> Result<Self, IllegalMove> {
        match self {
            Self::Granted(state) => Ok(Self::Superseded(state.supersede(since, by))),
            Self::Conditional(state) => Ok(Self::Superseded(state.supersede(since, by))),
            Self::Suspended(state) => Ok(Self::Superseded(state.supersede(since, by))),
            Self::Unconfirmed(state) => Ok(Self::Superseded(state.supersede(since, by))),
            Self::Expired(state) => Ok(Self::Superseded(state.supersede(since, by))),
            Self::Historical(state) => Ok(Self::Superseded(state.supersede(since, by))),
            other => Err(other.refuse("superseded")),
        }
    }

    fn annulled(self, since: Timestamp) -> Result<Self, IllegalMove> {
        match self {
            Self::Granted(state) => Ok(Self::Annulled(state.annul(since))),
            Self::Conditional(state) => Ok(Self::Annulled(state.annul(since))),
            Self::Suspended(state) => Ok(Self::Annulled(state.annul(since))),
            Self::Unconfirmed(state) => Ok(Self::Annulled(state.annul(since))),
            Self::Expired(state) => Ok(Self::Annulled(state.annul(since))),
            Self::Historical(state) => Ok(Self::Annulled(state.annul(since))),
            other => Err(other.refuse("annulled")),
        }
    }

    fn historical(self, since: Timestamp) -> Result<Self, IllegalMove> {
        match self {
            Self::Granted(state) => Ok(Self::Historical(state.retire(since))),
            Self::Conditional(state) => Ok(Self::Historical(state.retire(since))),
            Self::Suspended(state) => Ok(Self::Historical(state.retire(since))),
            Self::Unconfirmed(state) => Ok(Self::Historical(state.retire(since))),
            Self::Expired(state) => Ok(Self::Historical(state.retire(since))),
            other => Err(other.refuse("historical")),
        }
    }
}
