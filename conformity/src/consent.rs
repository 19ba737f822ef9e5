//! Disclosure consents 開示同意: a supplier says who may see what of its verdicts, or how it stands as a whole, and until when.
//!
//! In scope: the consent, taking it back, whether it stands, and what somebody may see by those that do. Out of scope: who
//! may give one, see [`mod@crate::decide`]; where the parts stand in a credential, which another crate knows; and that each
//! use is recorded, which is the node's.
//!
//! A consent adds to what somebody may see and never takes anything away.

use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::identifiers::Identifier;
use crate::ids::{ConsentId, PartyId, SchemeRef, VerdictId};
use crate::records::{Facts, Register};
use crate::standing::Viewer;
use crate::time::{Day, Moment};
use crate::verdict::{Change, Cover, Happening, Verdict, VerdictRecord};
use crate::viewpoint::{Doubled, UnknownWord, small_set};

/// A part of what a verdict keeps back, to be shown without the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Part {
    /// Its level, and the levels from single viewpoints.
    Level,
    /// The sites that it covers, and what it does not cover.
    Scope,
    /// How each requirement is met.
    Results,
    /// What was found, in words.
    Findings,
    /// What the assessment rests on.
    Evidence,
}

small_set! {
    /// A set of parts. There is no word for all of them: whoever consents to all that there is does not consent to what
    /// may be added later.
    Parts of Part:
        Level "level", Scope "scope", Results "results", Findings "findings", Evidence "evidence"
}

impl Parts {
    /// Whether the statements of a verdict themselves say nothing beyond this: they tell level, sites and exclusions, and
    /// cannot be shown in part.
    pub const fn tell_statements(self) -> bool {
        self.contains(Part::Level) && self.contains(Part::Scope)
    }
}

/// What a consent is about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Subject {
    /// One.
    Verdict(VerdictId),
    /// All of the supplier's under a scheme in a version, those to come included.
    Scheme(SchemeRef),
    /// How the supplier stands under a scheme in a version: how many entries the log holds about it, where, or that there is
    /// none. Of what its verdicts keep back, and of restricted ones beyond that they are counted, it shows nothing.
    Standing(SchemeRef),
}

/// A consent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Consent {
    /// Its id, unique for the supplier.
    pub consent: ConsentId,
    /// About which verdicts.
    pub about: Subject,
    /// Who may see it: a party that is registered when the consent is sequenced. Whether it is, nobody is told: which
    /// buyers there are is not the suppliers' business.
    pub to: PartyId,
    /// What may be seen of the verdicts; nothing where it is about how the supplier stands, which is shown as a whole.
    #[serde(default, skip_serializing_if = "is_nothing")]
    pub parts: Parts,
    /// The last day.
    pub until: Day,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
fn is_nothing(parts: &Parts) -> bool {
    parts.is_empty()
}

/// A consent is taken back, at once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ConsentWithdrawn {
    /// Which one.
    pub consent: ConsentId,
}

/// A consent with its place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ConsentRecord {
    /// The consent.
    pub consent: Arc<Consent>,
    /// Who gave it.
    pub by: PartyId,
    /// The giver's identifiers, by which verdicts name it.
    pub identifiers: Vec<Identifier>,
    /// When it was given.
    pub given: Moment,
    /// When it was taken back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub withdrawn: Option<Moment>,
    /// Where the log says that it is void, because the key that signed it was stolen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub voided: Option<Moment>,
}

impl ConsentRecord {
    /// Whether it may stand: it was not taken back, and the supplier gave it. One that may not stands at no time, however
    /// the clock is set.
    pub const fn may_stand(&self) -> bool {
        self.withdrawn.is_none() && self.voided.is_none()
    }

    /// Whether it stands at `now`.
    pub fn stands(&self, now: Timestamp) -> bool {
        self.may_stand() && now < self.consent.until.end()
    }

    /// Whether it stands at `now` for the named party that was registered at this index: whoever is registered under the name
    /// later is not whom the supplier meant.
    fn lets(&self, registered: u64, now: Timestamp) -> bool {
        self.stands(now) && registered < self.given.index
    }
}

/// What somebody may see of a verdict by consent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Permission {
    /// The consents that say so, by giver and id.
    pub consents: Vec<(PartyId, ConsentId)>,
    /// What they name together.
    pub parts: Parts,
}

impl Permission {
    /// Whether this lets see all that `other` does, by the same consents at least.
    pub fn is_as_much_as(&self, other: &Self) -> bool {
        other.parts.is_subset(self.parts) && other.consents.iter().all(|one| self.consents.contains(one))
    }
}

/// What `viewer` may see of a verdict of this registry at `now` because its supplier consented; nothing where no consent
/// stands.
pub fn permission(register: &Register, viewer: &Viewer, verdict: &VerdictRecord, now: Timestamp) -> Option<Permission> {
    let Viewer::Party(id) = viewer else {
        return None;
    };
    let registered = register.party(id)?.registered.index;
    let mut standing = register.consents_covering(id, verdict);
    standing.retain(|record| record.lets(registered, now));
    let parts = standing.iter().fold(Parts::default(), |all, record| all.union(record.consent.parts));
    let consents = standing.iter().map(|record| (record.by.clone(), record.consent.consent.clone())).collect();
    (!standing.is_empty()).then_some(Permission { consents, parts })
}

/// The consent by which `viewer` may be shown at `now` how the supplier with this identifier stands under the scheme; nothing where
/// none stands. Of several suppliers that share the identifier the first by name.
pub fn standing_permission(
    register: &Register,
    viewer: &Viewer,
    supplier: &Identifier,
    scheme: &SchemeRef,
    now: Timestamp,
) -> Option<Arc<ConsentRecord>> {
    let Viewer::Party(id) = viewer else {
        return None;
    };
    let registered = register.party(id)?.registered.index;
    let named = register.consents_to_standing(id, supplier, scheme);
    named.into_iter().find(|record| record.lets(registered, now))
}

/// The verdict with only those of its level, sites and exclusions that are among `parts`, as granted, now and in its history.
#[must_use]
pub fn in_part(record: &VerdictRecord, parts: Parts) -> VerdictRecord {
    let (level, scope) = (parts.contains(Part::Level), parts.contains(Part::Scope));
    let mut shown = record.clone();
    let terms = &*record.terms;
    shown.terms = Arc::new(Verdict {
        level: terms.level.clone().filter(|_| level),
        sites: if scope { terms.sites.clone() } else { Vec::new() },
        exclusions: if scope { terms.exclusions.clone() } else { Vec::new() },
        ..terms.clone()
    });
    shown.now.level = shown.now.level.filter(|_| level);
    if !scope {
        shown.now.sites.clear();
        shown.now.exclusions.clear();
    }
    for item in &mut shown.history {
        if let Happening::Changed(Change::ScopeExtended(cover) | Change::ScopeReduced(cover)) = &mut item.what {
            **cover = covered(cover, level, scope);
        }
    }
    shown
}

fn covered(cover: &Cover, level: bool, scope: bool) -> Cover {
    Cover {
        scope: cover.scope.clone(),
        viewpoints: cover.viewpoints,
        level: cover.level.clone().filter(|_| level),
        sites: cover.sites.clone().filter(|_| scope),
        exclusions: cover.exclusions.clone().filter(|_| scope),
    }
}
