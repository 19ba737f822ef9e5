//! Succession 承継: a body takes the place of another, and a registry ends in favour of another.
//!
//! In scope: what is said of it, and who speaks for a body that was succeeded. What that body decided stays its own, signed by it and
//! under its name; its successor may change it from the entry on that says so, and the body itself says nothing more. Out of scope:
//! who may say it, see [`mod@crate::decide`]; what becomes of verdicts for which the successor is not accredited, see
//! [`crate::resting`].

use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::ids::{Origin, PartyId, RegistryId};
use crate::key::KeyId;
use crate::party::PartyRecord;
use crate::reason::Reason;
use crate::records::Facts;
use crate::text::Text;
use crate::time::{Day, Moment};
use crate::verdict::VerdictRecord;

/// The longest line of bodies, each the successor of the one before: whoever is shown a verdict is shown all of it.
pub const MAX_LINE: usize = 8;
/// Most bodies that one stands for: a lapse of its accreditation reaches the verdicts of all of them.
pub const MAX_REPRESENTED: usize = 64;

/// A body agrees that one of two succeeds the other; the newest that it said of both counts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SuccessionAgreed {
    /// Who is succeeded.
    pub predecessor: PartyId,
    /// Who takes its place.
    pub successor: PartyId,
    /// The first day on which it may be confirmed.
    pub from: Day,
    /// The last one.
    pub until: Day,
    /// Whether it agrees no longer.
    #[serde(default, skip_serializing_if = "is_agreed")]
    pub withdrawn: bool,
}

/// What says nothing is left out.
const fn is_agreed(withdrawn: &bool) -> bool {
    !*withdrawn
}

/// An authority confirms it: from this entry on the successor speaks for the predecessor.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct BodySucceeded {
    /// Who is succeeded.
    pub predecessor: PartyId,
    /// Who takes its place.
    pub successor: PartyId,
    /// Why.
    pub reason: Reason,
}

/// What a body agreed to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Agreement {
    /// As said.
    pub agreed: SuccessionAgreed,
    /// The key that signed it.
    pub kid: KeyId,
    /// When it was sequenced.
    pub moment: Moment,
}

/// That a body was succeeded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Succession {
    /// By whom.
    pub successor: PartyId,
    /// When.
    pub moment: Moment,
    /// The authority that confirmed it.
    pub by: PartyId,
    /// Indexes of the entries in which those agreed who had to.
    pub agreed: Vec<u64>,
    /// Why.
    pub reason: Reason,
}

impl Succession {
    /// Indexes of the entries that it comes from.
    pub fn entries(&self) -> impl Iterator<Item = u64> {
        self.agreed.iter().copied().chain([self.moment.index])
    }
}

/// The registry takes no statements of anybody any more: another one goes on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RegistryClosed {
    /// The registry that goes on.
    pub successor: RegistryId,
    /// Origin of its log.
    pub origin: Origin,
    /// Digest of its genesis.
    pub genesis_digest: Digest,
    /// Where its HTTPS door is, `https://host:port`: whoever asked or watched here does so there.
    pub http_url: Text<512>,
    /// Why.
    pub reason: Reason,
    /// That the other registry is willing, by its own word. The rules ask for it; where the end is told, it may be left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acceptance: Option<Box<Acceptance>>,
}

impl RegistryClosed {
    /// The same without what proves to a reader of the log that the successor is willing.
    pub fn told(&self) -> Self {
        Self { acceptance: None, ..self.clone() }
    }
}

/// A registry is willing to go on where another one ends. Said in its own log, and carried by the statement that ends the other.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ClosingAccepted {
    /// The registry that ends.
    pub registry: RegistryId,
    /// Origin of that registry's log.
    pub origin: Origin,
    /// Digest of its genesis.
    pub genesis_digest: Digest,
    /// Where the HTTPS door of the one that goes on is, `https://host:port`.
    pub http_url: Text<512>,
    /// The last day on which the other one may end by this word.
    pub until: Day,
}

/// That a registry is willing to go on, as it stands in its log, with all that it takes to check who signed it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Acceptance {
    /// Its genesis, JWS compact: it names the keys of its operator.
    pub genesis: String,
    /// Its operator's [`ClosingAccepted`], JWS compact, signed with one of those keys.
    pub statement: String,
    /// Where its genesis asks for two persons: the [`crate::persons::StepApproved`] of another of those keys for exactly that
    /// statement, JWS compact.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approval: Option<String>,
}

/// That this registry is willing to go on where another one ends, with its place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AcceptedRecord {
    /// As said.
    pub accepted: ClosingAccepted,
    /// When.
    pub moment: Moment,
}

/// The end of a registry, with its place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ClosedRecord {
    /// As said.
    pub closed: RegistryClosed,
    /// When.
    pub moment: Moment,
}

/// The body of that name and those that succeeded it, each after the one before: the last one speaks for all of them.
pub fn line(facts: &impl Facts, body: &PartyId) -> Vec<Arc<PartyRecord>> {
    let mut line: Vec<Arc<PartyRecord>> = facts.party(body).into_iter().collect();
    // The rules let no line be longer, nor go in a circle.
    while line.len() <= MAX_LINE {
        let next = line.last().and_then(|last| last.succeeded.as_deref());
        let Some(next) = next.and_then(|succession| facts.party(&succession.successor)) else { break };
        line.push(next);
    }
    line
}

/// Whether `body` is the one of that name or came after it. Of those only the last one says anything.
pub fn stands_for(facts: &impl Facts, body: &PartyId, named: &PartyId) -> bool {
    body == named || line(facts, named).iter().any(|record| record.party.id == *body)
}

/// Who speaks for a body at `at`, and since when; nothing while it does so itself.
pub fn speaks_for(facts: &impl Facts, body: &PartyId, at: Timestamp) -> Option<Speaking> {
    let line = line(facts, body);
    let then = line.iter().filter_map(|record| record.succeeded.as_deref());
    let last = then.take_while(|succession| succession.moment.at <= at).last()?;
    Some(Speaking { body: last.successor.clone(), since: last.moment })
}

/// Who speaks for a body that was succeeded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Speaking {
    /// The successor, or its successor.
    pub body: PartyId,
    /// Since when.
    pub since: Moment,
}

/// Who answers for a verdict at `at` in place of the body that decided it, if that was succeeded.
pub fn answering(facts: &impl Facts, verdict: &VerdictRecord, at: Timestamp) -> Option<Speaking> {
    let issuer = verdict.as_of(at).map_or_else(|| verdict.now.issuer.clone(), |then| then.issuer);
    speaks_for(facts, &issuer, at)
}

/// The body itself and all whose place it took, directly or through others.
pub fn represented(facts: &impl Facts, body: &PartyId) -> Vec<PartyId> {
    let mut all = vec![body.clone()];
    let mut next = 0;
    while let Some(record) = all.get(next).map(|one| facts.party(one)) {
        let before = record.iter().flat_map(|record| &record.predecessors);
        let fresh: Vec<PartyId> = before.filter(|one| !all.contains(one)).cloned().collect();
        all.extend(fresh);
        next += 1;
    }
    all
}

/// How long the longest line is that ends with a body, itself counted.
pub(crate) fn depth(facts: &impl Facts, body: &PartyId) -> usize {
    let before = facts.party(body).map_or_else(Vec::new, |record| record.predecessors.clone());
    1 + before.iter().map(|one| depth(facts, one)).max().unwrap_or(0)
}
