//! Arrangements 相互承認取決め: who recognises whose verdicts, on what terms, and what a suspension or end means.
//!
//! In scope: the terms as the parties sign them, their digest, and the acts of each party that a registry knows of.
//! Out of scope: when an arrangement is in force, see [`crate::in_force`]; what follows for a verdict, see
//! [`crate::recognition`].
//!
//! All parties sign the same digest: SHA-256 over the terms in RFC 8785 form, as this crate writes them (members that say
//! nothing left out, sets in their order).

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::consent::Parts;
use crate::digest::Digest;
use crate::effect::Effect;
use crate::ids::{
    ArrangementId, CountryCode, LevelCode, ListCode, Origin, PartyId, RegistryId, RuleId, SchemeRef, SectorCode,
};
use crate::reason::Reason;
use crate::text::Text;
use crate::time::{Day, Moment};
use crate::verdict::{Provenance, SelfEvaluation, VerdictRecord};
use crate::viewpoint::{ObjectKinds, Viewpoints};

/// How many sides bind themselves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mode {
    /// One registry recognises; nobody else need sign.
    Unilateral,
    /// Two registries; both sign.
    Bilateral,
    /// Several registries; it holds among those that signed.
    Multilateral,
}

/// What a registry does under an arrangement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ArrangementRole {
    /// Its verdicts are recognised.
    Issuing,
    /// It recognises.
    Recognising,
}

/// A registry that is party to an arrangement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ArrangementParty {
    /// The registry.
    pub registry: RegistryId,
    /// Its log.
    pub origin: Origin,
    /// The authority that stands behind it.
    pub authority: Text<256>,
    /// What it does under the arrangement.
    pub roles: Vec<ArrangementRole>,
}

/// Whose verdicts a rule is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Issuers {
    /// Those of these registries.
    Registries(Vec<RegistryId>),
    /// Those of every party that issues.
    Any(AnyIssuing),
}

/// The word for every party that issues.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum AnyIssuing {
    /// `any-issuing`
    #[serde(rename = "any-issuing")]
    AnyIssuing,
}

/// Which levels a rule covers. All members that are present must hold.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct LevelRule {
    /// The verdict's level must be at least this one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min: Option<LevelCode>,
    /// A higher level counts as this one only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max: Option<LevelCode>,
    /// The verdict's level must be one of these.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub only: Vec<LevelCode>,
}

/// What a rule asks of a verdict beside what it is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Requirement {
    /// Somebody looked at it within so many months and found nothing amiss, and its surveillance is not overdue. At least 1.
    pub surveillance_within_months: u16,
}

/// Which sites of a verdict a rule covers: those of either list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SiteRule {
    /// Sites that are stated to lie in one of these countries.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub countries: Vec<CountryCode>,
    /// Sites of these names, wherever they lie.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub named: Vec<Text<256>>,
}

/// How far a recognition goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Grants {
    /// The verdict counts like one of our own.
    Full,
    /// It shortens a procedure of our own.
    SimplifiedProcedure,
    /// It is evidence, no more.
    EvidenceOnly,
}

/// As what a recognised verdict counts here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CountsAs {
    /// Our scheme.
    pub scheme: SchemeRef,
    /// Our level for each of theirs.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub levels: BTreeMap<LevelCode, LevelCode>,
}

/// One direction of an arrangement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Rule {
    /// Its id within the arrangement.
    pub id: RuleId,
    /// Whose verdicts.
    pub from: Issuers,
    /// Who recognises them.
    pub to: Vec<RegistryId>,
    /// Under which scheme of the issuing side.
    pub scheme: SchemeRef,
    /// About which kinds of object.
    pub objects: ObjectKinds,
    /// From which viewpoints.
    pub viewpoints: Viewpoints,
    /// At which levels; all when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub levels: Option<LevelRule>,
    /// Whether a verdict counts that the issuing registry transcribed from a list.
    #[serde(default)]
    pub accepts_transcribed: bool,
    /// Which self-declarations count: those that an expert confirmed, or all of them. None when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accepts_self_declared: Option<SelfEvaluation>,
    /// Only transcribed verdicts that these bodies issued, by the list's codes; all when empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub issued_by: Vec<ListCode>,
    /// Only decided verdicts that these bodies of the issuing registry answer for; all when empty. So a registry without a body of
    /// its own, or with few, names those of others that may assess for it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub bodies: Vec<PartyId>,
    /// Only suppliers that are established in these countries; all when empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub countries: Vec<CountryCode>,
    /// For which sectors; all when empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sectors: Vec<SectorCode>,
    /// For which sites; all, and verdicts that name none, when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sites: Option<SiteRule>,
    /// What it asks of a verdict beside that; nothing when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requires: Option<Requirement>,
    /// How far the recognition goes.
    pub grants: Grants,
    /// As what it counts here.
    #[serde(default, rename = "as", skip_serializing_if = "Option::is_none")]
    pub counts_as: Option<CountsAs>,
    /// Which parts of what credentials keep back travel to the recognising registries; none when empty.
    #[serde(default, skip_serializing_if = "is_nothing")]
    pub discloses: Parts,
    /// Whether restricted verdicts are included, with all that their statements tell.
    #[serde(default, skip_serializing_if = "is_left_out")]
    pub restricted: bool,
    /// What its suspension means.
    pub on_suspension: Effect,
    /// What its end means.
    pub on_end: Effect,
}

/// Where the text of an arrangement is published.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ArrangementSource {
    /// Its address.
    pub url: Text<1024>,
    /// Its date.
    pub date: Day,
}

/// The terms of an arrangement in one version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Arrangement {
    /// Its id, the same for all parties.
    pub id: ArrangementId,
    /// Its version; a higher one replaces a lower one once it is in force.
    pub version: u32,
    /// Its title.
    pub title: Text<256>,
    /// How many sides bind themselves.
    pub mode: Mode,
    /// The registries that are party to it.
    pub parties: Vec<ArrangementParty>,
    /// What they agreed.
    pub rules: Vec<Rule>,
    /// Its first day.
    pub from: Day,
    /// Its last day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Day>,
    /// Where its text is published.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<ArrangementSource>,
    /// How many days of notice an end needs.
    #[serde(default)]
    pub notice_days: u16,
}

/// What says nothing is left out of the terms.
fn is_nothing(parts: &Parts) -> bool {
    parts.is_empty()
}

fn is_left_out(included: &bool) -> bool {
    !included
}

impl Rule {
    /// Whether it lets `to` recognise what `from` issued.
    pub fn goes(&self, from: &RegistryId, to: &RegistryId) -> bool {
        let issues = match &self.from {
            Issuers::Registries(registries) => registries.contains(from),
            Issuers::Any(_) => true,
        };
        issues && self.to.contains(to)
    }

    /// Whether it is about a verdict, by what never changes of it: scheme, object, sectors, country, where it comes from and who granted
    /// it; and by whether it includes restricted ones.
    pub fn is_about(&self, record: &VerdictRecord) -> bool {
        let verdict = &*record.terms;
        self.scheme == verdict.scheme
            && (self.bodies.is_empty() || verdict.provenance != Provenance::Decided || self.names(record))
            && self.objects.contains(verdict.object.kind)
            && (self.accepts_transcribed || !verdict.provenance.is_transcribed())
            && (self.accepts_self_declared.is_some() || verdict.provenance.self_declared().is_none())
            && (self.restricted || verdict.profile.is_public())
            && (self.countries.is_empty() || self.is_for(verdict.supplier.country.as_ref()))
            && (self.sectors.is_empty() || self.sectors.iter().any(|sector| verdict.sectors.contains(sector)))
    }

    fn names(&self, record: &VerdictRecord) -> bool {
        record.history.first().is_some_and(|granted| self.bodies.contains(&granted.by))
    }

    /// Whether it names the country; where none is stated, none is named.
    pub fn is_for(&self, country: Option<&CountryCode>) -> bool {
        country.is_some_and(|country| self.countries.contains(country))
    }

    /// Whether a verdict is restricted, and included.
    pub fn includes(&self, verdict: &VerdictRecord) -> bool {
        !verdict.terms.profile.is_public() && self.is_about(verdict)
    }
}

impl Arrangement {
    /// The digest that every party signs.
    ///
    /// # Errors
    /// The terms cannot be written as RFC 8785 JSON.
    pub fn digest(&self) -> Result<Digest, CanonicalError> {
        match serde_json_canonicalizer::to_vec(self) {
            Ok(canonical) => Ok(Digest::of(&canonical)),
            Err(error) => Err(CanonicalError(error.to_string())),
        }
    }

    /// The party that `registry` is, if it is one.
    pub fn party(&self, registry: &RegistryId) -> Option<&ArrangementParty> {
        self.parties.iter().find(|party| party.registry == *registry)
    }
}

/// Terms that have no RFC 8785 form.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the terms have no canonical form: {0}")]
pub struct CanonicalError(String);

/// A party signs terms.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ArrangementSigned {
    /// The terms.
    pub terms: Arc<Arrangement>,
    /// Their digest.
    pub digest: Digest,
}

/// A party suspends an arrangement, or restores it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ArrangementStep {
    /// Which arrangement.
    pub id: ArrangementId,
    /// Why.
    pub reason: Reason,
}

/// A party ends an arrangement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ArrangementEnded {
    /// Which arrangement.
    pub id: ArrangementId,
    /// Its last day becomes the day before this one.
    pub effective: Day,
    /// Why.
    pub reason: Reason,
}

/// What a foreign party did, as the node saw it proven in that party's log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Countersigned {
    /// Whose log.
    pub registry: RegistryId,
    /// The foreign statement, JWS compact.
    pub statement: String,
    /// That the foreign log contains it, a C2SP tlog-proof.
    pub proof: String,
}

/// What a party did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", rename_all_fields = "camelCase", deny_unknown_fields)]
pub enum Act {
    /// It signed terms.
    Signed {
        /// Their digest.
        digest: Digest,
    },
    /// It suspended the arrangement, as far as itself is concerned.
    Suspended {
        /// Why.
        reason: Reason,
    },
    /// It restored it.
    Restored {
        /// Why.
        reason: Reason,
    },
    /// It ended it.
    Ended {
        /// From which day on.
        effective: Day,
        /// Why.
        reason: Reason,
    },
}

/// One act of one party, as sequenced in this registry's log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ArrangementAct {
    /// Which party.
    pub registry: RegistryId,
    /// What it did.
    pub act: Act,
    /// When this registry's log took it up.
    pub moment: Moment,
    /// Who signed, within that party's registry.
    pub by: PartyId,
    /// Digest of the statement by which it did so.
    pub statement: Digest,
}

/// One version of the terms that somebody signed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SignedTerms {
    /// Their digest.
    pub digest: Digest,
    /// The terms.
    pub terms: Arc<Arrangement>,
}

/// An arrangement as this registry knows it: the terms that were signed and what each party did, in the order of this
/// registry's log. Whether it is in force follows from that and a time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ArrangementRecord {
    /// Its id.
    pub id: ArrangementId,
    /// All terms that somebody signed, in the order they became known.
    pub terms: Vec<SignedTerms>,
    /// All acts, in the order of this registry's log.
    pub acts: Vec<ArrangementAct>,
}

impl ArrangementRecord {
    /// The terms of the highest version, whoever signed them.
    pub fn newest_terms(&self) -> Option<&Arc<Arrangement>> {
        self.terms.iter().map(|signed| &signed.terms).max_by_key(|terms| terms.version)
    }

    /// The terms of this digest.
    pub fn terms_of(&self, digest: &Digest) -> Option<&Arc<Arrangement>> {
        self.terms.iter().find(|signed| signed.digest == *digest).map(|signed| &signed.terms)
    }

    /// The acts of one party, in order.
    pub fn acts_of(&self, registry: &RegistryId) -> impl DoubleEndedIterator<Item = &ArrangementAct> {
        self.acts.iter().filter(move |act| act.registry == *registry)
    }
}
