//! Recognitions that were derived anew for one cause: an act in an arrangement, or the expulsion of a peer.
//!
//! In scope: what is counted of it, from the result lists alone. Out of scope: deriving them, see [`crate::recognition`], and what a
//! lapse at home does to our own verdicts, see [`crate::lapsed`].

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::arrangement::{Act, ArrangementRecord};
use crate::effect::{Effect, deadline};
use crate::ids::{ArrangementId, RegistryId, RuleId};
use crate::time::Moment;

/// Why recognitions were derived anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RevisionCause {
    /// A party signed an arrangement.
    ArrangementSigned,
    /// A party signed terms of one in place of others.
    ArrangementAmended,
    /// A party suspended it.
    ArrangementSuspended,
    /// A party restored it.
    ArrangementRestored,
    /// A party ended it.
    ArrangementEnded,
    /// The registry whose verdicts they are was expelled.
    PeerExpelled,
}

/// What one cause has done to what is made of the public verdicts of one registry, so far.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RevisionRecord {
    /// Why.
    pub cause: RevisionCause,
    /// Index of the entry that says so.
    pub entry: u64,
    /// When that was.
    pub since: Moment,
    /// Whose verdicts.
    pub registry: RegistryId,
    /// The arrangement, if it was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub arrangement: Option<ArrangementId>,
    /// How many rows the result lists have: recognitions that are others than before.
    pub done: u64,
    /// The first list.
    pub begun: Moment,
    /// The newest.
    pub last: Moment,
}

/// What a rule says becomes of recognitions that rest on it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RuleEffect {
    /// The rule.
    pub rule: RuleId,
    /// What it says.
    pub effect: Effect,
    /// The first instant at which nothing is recognised by it any more, where that is a time after the act. Of an end that is to come it
    /// counts from then.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
}

/// The cause that the newest act in an arrangement is, and when it was; nothing where nobody did anything.
pub fn newest(record: &ArrangementRecord) -> Option<(RevisionCause, Moment)> {
    let act = record.acts.last()?;
    let cause = match &act.act {
        Act::Signed { digest } => {
            let other = |earlier: &Act| matches!(earlier, Act::Signed { digest: before } if before != digest);
            let amends = record.acts_of(&act.registry).any(|earlier| other(&earlier.act));
            if amends { RevisionCause::ArrangementAmended } else { RevisionCause::ArrangementSigned }
        }
        Act::Suspended { .. } => RevisionCause::ArrangementSuspended,
        Act::Restored { .. } => RevisionCause::ArrangementRestored,
        Act::Ended { .. } => RevisionCause::ArrangementEnded,
    };
    Some((cause, act.moment))
}

/// What the rules by which `own` recognises verdicts of the registry say of a suspension or an end; nothing of another cause.
pub fn effects(revision: &RevisionRecord, record: &ArrangementRecord, own: &RegistryId) -> Vec<RuleEffect> {
    let Some(act) = record.acts.iter().find(|act| act.moment.index == revision.entry) else { return Vec::new() };
    let since = match &act.act {
        Act::Suspended { .. } => act.moment.at,
        Act::Ended { effective, .. } => effective.start(),
        Act::Signed { .. } | Act::Restored { .. } => return Vec::new(),
    };
    let before = record.acts_of(own).filter(|earlier| earlier.moment.index <= revision.entry);
    let mut signed = before.filter_map(|earlier| match &earlier.act {
        Act::Signed { digest } => record.terms_of(digest),
        _ => None,
    });
    let terms = signed.next_back();
    let rules = terms.into_iter().flat_map(|terms| &terms.rules).filter(|rule| rule.goes(&revision.registry, own));
    let ends = matches!(act.act, Act::Ended { .. });
    rules
        .map(|rule| {
            let effect = if ends { rule.on_end } else { rule.on_suspension };
            let until = match effect {
                Effect::Keep => None,
                Effect::TransferWindow { days } => Some(deadline(since, days)),
                Effect::Cease => Some(since),
            };
            RuleEffect { rule: rule.id.clone(), effect, until }
        })
        .collect()
}
