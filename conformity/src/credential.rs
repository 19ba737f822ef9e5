//! Credentials: a verdict's terms as a document that its holder can show to anyone.
//!
//! ISO/IEC 17065 keeps the decision (7.6) and the certification document (7.7) apart, and so do we: the verdict is what was
//! decided, a credential says so in a form that proves itself. One verdict may have several, one after the other; only
//! the newest counts, and only while the terms are as it says.
//!
//! In scope: what a credential says in the open, its place in a status list and what the list says of it. Out of scope: the
//! document itself (SD-JWT, W3C data model) and what it discloses only to some, which another crate reads and writes;
//! who may issue one, see [`mod@crate::decide`].

use std::fmt;
use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::genesis::Genesis;
use crate::ids::{DocumentRef, LevelCode, Origin, PartyId, RegistryId, SchemeRef, StatementId, VerdictId};
use crate::key::Jwk;
use crate::party::Party;
use crate::scheme::{Evaluation, Scheme};
use crate::site::Site;
use crate::text::Text;
use crate::time::{Day, Moment};
use crate::verdict::{AssessedObject, Change, Happening, Profile, Snapshot, StateName, Supplier, VerdictRecord};
use crate::viewpoint::Viewpoints;

/// A place in one of the registry's status lists. The registry hands it out; it is used once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "SlotWire", rename_all = "camelCase")]
pub struct StatusSlot {
    list: u32,
    index: u32,
}

/// The JSON form.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SlotWire {
    list: u32,
    index: u32,
}

impl StatusSlot {
    /// How many slots a list has: the least that W3C Bitstring Status List 1.0 (section 3.1) lets a list have, so that
    /// one credential hides among many.
    pub const PER_LIST: u32 = 131_072;
    /// How many lists there can be.
    pub const LISTS: u32 = 4_096;

    /// The slot `index` of `list`.
    ///
    /// # Errors
    /// There is no such list, or no such slot in it.
    pub fn new(list: u32, index: u32) -> Result<Self, NoSuchSlot> {
        if list < Self::LISTS && index < Self::PER_LIST { Ok(Self { list, index }) } else { Err(NoSuchSlot) }
    }

    /// The number of the list.
    pub const fn list(self) -> u32 {
        self.list
    }

    /// The place in it.
    pub const fn index(self) -> u32 {
        self.index
    }
}

impl TryFrom<SlotWire> for StatusSlot {
    type Error = NoSuchSlot;

    fn try_from(wire: SlotWire) -> Result<Self, NoSuchSlot> {
        Self::new(wire.list, wire.index)
    }
}

impl fmt::Display for StatusSlot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.list, self.index)
    }
}

/// A slot outside of every list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "a status slot lies in lists 0 to {} at places 0 to {}",
    StatusSlot::LISTS - 1,
    StatusSlot::PER_LIST - 1
)]
pub struct NoSuchSlot;

/// What a status list says of a credential.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CredentialStatus {
    /// It says what holds.
    Valid,
    /// It will never count again.
    Invalid,
    /// The verdict rests.
    Suspended,
    /// The verdict is conditional: ask the registry on what.
    Conditional,
}

/// What a credential says in the open. Of what it keeps back there is nothing here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Credential {
    /// The log that holds the verdict.
    pub origin: Origin,
    /// The registry whose log it is.
    pub registry: RegistryId,
    /// The registry's `did:web`, below which its bodies have theirs.
    pub did_web: Text<256>,
    /// Legal name of the body that issues it.
    pub body: Text<256>,
    /// The verdict that it documents.
    pub verdict: VerdictId,
    /// Where its status can be read.
    pub slot: StatusSlot,
    /// The key of the supplier that may present it; absent where anyone may.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub holder: Option<Jwk>,
    /// Whom the verdict is about.
    pub supplier: Arc<Supplier>,
    /// What was assessed.
    pub object: AssessedObject,
    /// Under which scheme.
    pub scheme: SchemeRef,
    /// What the scheme assesses against.
    pub documents: Vec<DocumentRef>,
    /// How it was assessed: of a declaration, by whom besides the supplier; of anything else, as the scheme does.
    pub evaluation: Evaluation,
    /// From which viewpoints.
    pub viewpoints: Viewpoints,
    /// The day on which the assessment ended.
    pub assessed: Day,
    /// What it covers, in words for everyone.
    pub scope: Text<1024>,
    /// Its first day.
    pub valid_from: Day,
    /// Its last day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_until: Option<Day>,
    /// To whom the verdict is shown.
    pub profile: Profile,
    /// What an open verdict shows to everyone and others keep back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reach: Option<Reach>,
}

/// How high and how far a verdict reaches: in the open or kept back, as its profile says.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Reach {
    /// Its level.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub level: Option<LevelCode>,
    /// The sites that it covers.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sites: Vec<Site>,
    /// What it does not cover.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub exclusions: Vec<Text<256>>,
}

impl Reach {
    /// As a verdict has it.
    pub fn of(now: &Snapshot) -> Self {
        Self { level: now.level.clone(), sites: now.sites.clone(), exclusions: now.exclusions.clone() }
    }

    /// Whether each part that is told here is that of `whole`.
    pub fn is_part_of(&self, whole: &Self) -> bool {
        (self.level.is_none() || self.level == whole.level)
            && (self.sites.is_empty() || self.sites == whole.sites)
            && (self.exclusions.is_empty() || self.exclusions == whole.exclusions)
    }
}

/// What a credential must agree with.
#[derive(Debug, Clone, Copy)]
pub struct Documented<'a> {
    /// The registry.
    pub genesis: &'a Genesis,
    /// The body that issues it.
    pub body: &'a Party,
    /// The scheme.
    pub scheme: &'a Scheme,
    /// The verdict as it stands.
    pub verdict: &'a VerdictRecord,
}

impl Credential {
    /// The member in which the credential says something else than what it documents; nothing when it says the same.
    pub fn differs_from(&self, documented: Documented<'_>) -> Option<&'static str> {
        let Documented { genesis, body, scheme, verdict } = documented;
        let (terms, now) = (&verdict.terms, &verdict.now);
        let rows = [
            ("origin", self.origin == genesis.origin),
            ("registry", self.registry == genesis.registry),
            ("didWeb", self.did_web == genesis.did_web),
            ("body", self.body == body.name),
            ("documents", self.documents == scheme.documents),
            ("evaluation", self.evaluation == verdict.evaluation(now, scheme)),
            ("verdict", self.verdict == terms.verdict),
            ("supplier", self.supplier == terms.supplier),
            ("object", self.object == terms.object),
            ("scheme", self.scheme == terms.scheme),
            ("viewpoints", self.viewpoints == now.viewpoints),
            ("scope", self.scope == now.scope),
            ("validFrom", self.valid_from == terms.valid_from),
            ("validUntil", self.valid_until == now.valid_until),
            ("profile", self.profile == terms.profile),
            ("reach", self.reach == open_reach(verdict)),
        ];
        rows.into_iter().find(|(_, same)| !same).map(|(member, _)| member)
    }
}

/// What the verdict shows of its reach to everyone.
fn open_reach(record: &VerdictRecord) -> Option<Reach> {
    (record.terms.profile == Profile::Open).then(|| Reach::of(&record.now))
}

/// A credential with its place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CredentialRecord {
    /// What it says in the open.
    pub credential: Arc<Credential>,
    /// The id that its issuer gave it.
    pub jti: StatementId,
    /// Who issued it.
    pub by: PartyId,
    /// Where the log holds it.
    pub issued: Moment,
    /// Where the log says that it is void, because the key that signed it was stolen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub voided: Option<Moment>,
}

impl CredentialRecord {
    /// Its place among the credentials of one verdict: the greatest counts. A void one takes the place of none.
    pub fn rank(&self) -> (bool, u64) {
        self.rank_before(u64::MAX)
    }

    /// The same, by what the entries before `size` say.
    pub fn rank_before(&self, size: u64) -> (bool, u64) {
        (self.voided.is_none_or(|voided| voided.index >= size), self.issued.index)
    }

    /// What the status list says of it. `newest`: whether no later credential of the same verdict exists.
    ///
    /// A verdict that is not there was erased; its credentials never count again. One that is not in force at `at` because what it
    /// rests on lapsed may be so again, and is suspended.
    pub fn status(&self, verdict: Option<&VerdictRecord>, newest: bool, at: Timestamp) -> CredentialStatus {
        let Some(record) = verdict.filter(|record| self.is_current(record, newest)) else {
            return CredentialStatus::Invalid;
        };
        if record.now.state.name().is_in_force() && !record.now.is_in_force(at) {
            return CredentialStatus::Suspended;
        }
        match record.now.state.name() {
            StateName::Granted => CredentialStatus::Valid,
            StateName::Conditional => CredentialStatus::Conditional,
            StateName::Suspended => CredentialStatus::Suspended,
            _ => CredentialStatus::Invalid,
        }
    }

    /// Whether it says what the verdict's terms are: of a verdict's credentials the newest, as long as no terms were set since,
    /// neither it nor the terms by which it was issued are void, and who issued it was not made the issuer by a thief.
    pub fn is_current(&self, record: &VerdictRecord, newest: bool) -> bool {
        newest && self.voided.is_none() && !self.outdated(record) && !record.usurped(&self.by, self.issued.index)
    }

    /// Whether the verdict has other terms than when the credential was issued: later ones, or it was issued by terms that
    /// are void since.
    fn outdated(&self, record: &VerdictRecord) -> bool {
        let issued = self.issued.index;
        record.history.iter().rev().filter(|item| sets_terms(&item.what)).any(|item| match item.voided {
            None if item.index <= issued => false,
            None => match item.what {
                // A declaration that was confirmed since is understated, no more.
                Happening::Confirmed(_) => false,
                // Issued without the expert's word, it says nothing of it.
                Happening::ConfirmationWithdrawn => {
                    record.after_entry(issued).is_some_and(|then| then.confirmed.is_some())
                }
                _ => true,
            },
            Some(voided) => item.index < issued && issued < voided.index,
        })
    }
}

/// Whether something changes what a credential says.
const fn sets_terms(what: &Happening) -> bool {
    matches!(
        what,
        Happening::Changed(Change::ScopeExtended(_) | Change::ScopeReduced(_) | Change::Renewed { .. })
            | Happening::Confirmed(_)
            | Happening::ConfirmationWithdrawn
    )
}
