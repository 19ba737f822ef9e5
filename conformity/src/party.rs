//! Parties of a registry, their one role and their keys.
//!
//! In scope: who may speak in a registry and with which key at which time. Out of scope: what a role may say, see
//! [`mod@crate::decide`], and certificates, which another crate issues.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::identifiers::Identifier;
use crate::ids::{CountryCode, Origin, PartyId, SectorCode};
use crate::key::{Jwk, KeyId};
use crate::reason::Reason;
use crate::succession::{Agreement, Succession};
use crate::text::Text;
use crate::time::Moment;

/// What a party is. Each party is exactly one thing: a body that decides never surveils under the same name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// Runs the registry.
    Operator,
    /// 所管当局: designates, and signs arrangements.
    Authority,
    /// 認定機関: accredits.
    AccreditationBody,
    /// 認証機関: decides verdicts.
    CertificationBody,
    /// 監査機関: surveils and reports.
    AuditBody,
    /// 評価機関: tests.
    EvaluationLaboratory,
    /// 発注者: asks and watches.
    Buyer,
    /// 事業者: is assessed.
    Supplier,
    /// 専門家: confirms what suppliers declare themselves.
    Expert,
    /// The log itself, which signs what it derives.
    Node,
}

impl Role {
    /// The word that statements and certificates use.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Operator => "operator",
            Self::Authority => "authority",
            Self::AccreditationBody => "accreditation-body",
            Self::CertificationBody => "certification-body",
            Self::AuditBody => "audit-body",
            Self::EvaluationLaboratory => "evaluation-laboratory",
            Self::Buyer => "buyer",
            Self::Supplier => "supplier",
            Self::Expert => "expert",
            Self::Node => "node",
        }
    }

    /// Whether what a key of this role signed can be taken back where the key was stolen. What an operator or a node signed
    /// is the log itself, and on what authorities and accreditation bodies signed others have built.
    pub const fn may_be_voided(self) -> bool {
        !matches!(self, Self::Operator | Self::Node | Self::Authority | Self::AccreditationBody)
    }

    /// Whether everybody may know who has this role. Who buys or supplies is the registry's own.
    pub const fn is_public(self) -> bool {
        !matches!(self, Self::Buyer | Self::Supplier)
    }

    /// Whether a party of this role may be a natural person. Whoever decides or accredits is an organization.
    pub const fn may_be_person(self) -> bool {
        matches!(self, Self::Expert | Self::Buyer | Self::Supplier)
    }

    /// Whether a party of this role may be registered to declare conformity, its own or, as a sponsor, that of others.
    pub const fn may_declare(self) -> bool {
        matches!(self, Self::Buyer | Self::Supplier)
    }
}

/// How certificates name a party: `spiffe://<origin>/<role>/<party>`.
pub fn certificate_uri(origin: &Origin, role: Role, id: &PartyId) -> String {
    format!("spiffe://{origin}/{}/{id}", role.as_str())
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A party as it was registered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Party {
    /// Its id in this registry.
    pub id: PartyId,
    /// Its one role.
    pub role: Role,
    /// Its legal name; of a natural person a [handle](mod@crate::handle).
    pub name: Text<256>,
    /// Where it is established.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub country: Option<CountryCode>,
    /// Its identifiers.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub identifiers: Vec<Identifier>,
    /// The sectors that it works in: of news about these it hears without asking.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sectors: Vec<SectorCode>,
    /// Whether it declares conformity, its own or, as a sponsor, that of others. Who declares speaks in public, so everybody may
    /// know that it is registered, and with which keys.
    #[serde(default, skip_serializing_if = "is_not")]
    pub declares: bool,
    /// Whether it is a natural person 個人, who stands in the log by a handle alone.
    #[serde(default, skip_serializing_if = "is_not")]
    pub person: bool,
}

impl Party {
    /// Whether everybody may know of it.
    pub const fn is_public(&self) -> bool {
        self.role.is_public() || self.declares
    }
}

/// What says nothing is left out.
const fn is_not(said: &bool) -> bool {
    !*said
}

/// One key of a party and its time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PartyKey {
    /// Its thumbprint.
    pub kid: KeyId,
    /// The key.
    pub jwk: Jwk,
    /// When it was added.
    pub added: Moment,
    /// When and why it was revoked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revoked: Option<Revocation>,
    /// That it was in other hands, as it was declared: each declaration reaches further back than the one before.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub compromised: Vec<Compromise>,
}

/// The end of a key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Revocation {
    /// When it was sequenced. From this time on the key signs nothing.
    pub moment: Moment,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
}

/// That a key was in other hands from a moment on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Compromise {
    /// From when: what the key signed and the log sequenced then or later is void.
    #[serde(with = "crate::time::instant")]
    pub since: Timestamp,
    /// Where the log declares it.
    pub declared: Moment,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
}

impl PartyKey {
    /// Since when it counts as compromised, by the declaration that reaches furthest back.
    pub fn compromised_since(&self) -> Option<Timestamp> {
        self.compromised.last().map(|declared| declared.since)
    }

    /// Indexes of all entries that say something about it.
    pub fn entries(&self) -> impl Iterator<Item = u64> {
        let ends = self.revoked.iter().map(|end| end.moment);
        let ends = ends.chain(self.compromised.iter().map(|compromise| compromise.declared));
        std::iter::once(self.added).chain(ends).map(|moment| moment.index)
    }

    /// Whether it may sign at `at`: added then or before, not yet revoked.
    pub fn signs_at(&self, at: Timestamp) -> bool {
        self.added.at <= at && self.revoked.as_ref().is_none_or(|end| at < end.moment.at)
    }
}

/// A party with all keys it ever had.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PartyRecord {
    /// The party.
    pub party: Party,
    /// Its keys, oldest first.
    pub keys: Vec<PartyKey>,
    /// When it was registered.
    pub registered: Moment,
    /// What it agreed to about who succeeds whom; the newest of each pair.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub agreements: Vec<Agreement>,
    /// That another body took its place: it says nothing more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub succeeded: Option<Box<Succession>>,
    /// Whose place it took itself.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub predecessors: Vec<PartyId>,
}

impl PartyRecord {
    /// As it was registered, with its first keys.
    pub const fn new(party: Party, keys: Vec<PartyKey>, registered: Moment) -> Self {
        Self { party, keys, registered, agreements: Vec::new(), succeeded: None, predecessors: Vec::new() }
    }

    /// The key of this name, revoked or not.
    pub fn key(&self, kid: &KeyId) -> Option<&PartyKey> {
        self.keys.iter().find(|key| key.kid == *kid)
    }
}
