//! Events: what a log entry means to those who watch, as CloudEvents 1.0 in JSON.
//!
//! An event is made from the log and the history of what it speaks of, never from the present state: made again years
//! later it is the same, to the byte. Its id is the log index, with a position behind a dot where one entry carries many
//! results. Each event carries its entry, so that a reader of all events can compute the root and knows that nothing was
//! left out. What the public may not see appears as a bare entry, just like a seal.
//! Out of scope: who gets which event (the feed).

use std::collections::BTreeMap;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use conformity::bulletin::{Bulletin, BulletinRelayed, Enacted};
use conformity::identifiers::Identifier;
use conformity::ids::{BulletinRef, PartyId, RegistryId, SchemeRef, VerdictId, VerdictRef};
use conformity::key::KeyId;
use conformity::lapsed::BasisChange;
use conformity::recognised::{Cause, Recognition};
use conformity::records::{Facts, Register, Touched};
use conformity::resting;
use conformity::statement::{Claim, Statement};
use conformity::verdict::{HistoryItem, Snapshot, StateName, VerdictRecord};
use conformity::viewpoint::Viewpoints;
use ledger::entry::{Entry, Kind};
use serde::Serialize;
use serde_json::{Value, json};

/// Prefix of every event type.
pub const TYPE_PREFIX: &str = "org.secure-trust-registry.";
/// Type of the event that tells where to go on: a registry has ended.
pub const CLOSED: &str = "registry.closed";
/// Type of the event that says that the registry is served elsewhere.
pub const MOVED: &str = "registry.moved";
/// Type of an entry of which the public learns no more than that it is there.
pub const BARE: &str = "entry";

/// One event, rendered once for everyone.
#[derive(Debug, Clone)]
pub struct Event {
    /// Log index.
    pub index: u64,
    /// Position within the entry, from 0.
    pub position: u32,
    /// Last part of the type, such as `verdict.suspended`.
    pub kind: String,
    /// What can be filtered; `None` for entries that speak of no verdict and are no bulletin.
    pub about: Option<About>,
    /// The CloudEvent.
    pub json: Bytes,
}

/// What an event is about.
#[derive(Debug, Clone)]
pub enum About {
    /// A verdict.
    Verdict(OfVerdict),
    /// A bulletin, of this registry or passed on.
    Bulletin(BulletinRef, Arc<Bulletin>),
}

impl About {
    /// The name of what it is about.
    fn subject(&self) -> String {
        match self {
            Self::Verdict(about) => about.verdict.to_string(),
            Self::Bulletin(name, _) => name.to_string(),
        }
    }
}

/// What an event about a verdict can be filtered by.
#[derive(Debug, Clone)]
pub struct OfVerdict {
    /// The verdict.
    pub verdict: VerdictRef,
    /// Every identifier of its supplier.
    pub suppliers: Vec<Identifier>,
    /// Its scheme.
    pub scheme: SchemeRef,
    /// Its viewpoints after the change.
    pub viewpoints: Viewpoints,
    /// Its state after the change.
    pub state: StateName,
}

/// Whether everybody hears an event of this kind who hears anything.
pub fn is_for_all(kind: &str) -> bool {
    [CLOSED, MOVED].contains(&kind)
}

impl Event {
    /// Whether everybody hears it who hears anything: the registry ended, or went elsewhere.
    pub fn is_for_all(&self) -> bool {
        is_for_all(&self.kind)
    }

    /// `index`, or `index.position` behind the first.
    pub fn id(&self) -> String {
        id(self.index, self.position)
    }
}

fn id(index: u64, position: u32) -> String {
    if position == 0 { index.to_string() } else { format!("{index}.{position}") }
}

/// An entry with what it commits to, as read from the log.
pub struct Source<'a> {
    /// Whose log.
    pub registry: &'a RegistryId,
    /// CloudEvents `source`: the registry's address.
    pub url: &'a str,
    /// Log index.
    pub index: u64,
    /// The entry.
    pub entry: &'a Entry,
    /// The statement, unless it is a seal or was erased.
    pub statement: Option<&'a Statement>,
    /// Rows of the result list, for a recognition.
    pub rows: &'a [Recognition],
    /// The verdicts that it is about, see [`verdicts_of`].
    pub verdicts: &'a [(u32, Arc<VerdictRecord>)],
    /// The crosswalk whose correction they are told of, see [`correction_of`].
    pub crosswalk: Option<&'a Value>,
}

/// What the statement says of a corrected crosswalk, if it does, by a register at its entry or later: see [`corrected`].
pub fn correction_of(register: &Register, statement: &Statement) -> Option<Value> {
    match &statement.claim {
        Claim::BasisChanged(list) => corrected(register, &list.change, &list.scheme),
        _ => None,
    }
}

/// The corrected crosswalk that a change of verdicts under the scheme is about, and how far it alone carried before and after.
pub fn corrected(register: &Register, change: &BasisChange, scheme: &SchemeRef) -> Option<Value> {
    let BasisChange::Recounted(cause) = change else { return None };
    let after = resting::correction(register, scheme, cause.entry)?;
    let before = register.crosswalk(&after.corrects.as_ref()?.crosswalk)?;
    let publication = &after.publication;
    Some(json!({
        "crosswalk": publication.crosswalk, "corrects": before.publication.crosswalk, "source": publication.source,
        "target": publication.target, "before": before.carried, "after": after.carried,
    }))
}

/// What is added to the position of a declaration that is there again, so that it differs from that of the void grant.
const CAME_BACK: u32 = 1 << 31;

/// The public verdicts that the statement at `index` is about, each with its position among the events of the entry, by a
/// register at this entry or later.
///
/// A position does not depend on what becomes of other verdicts: in a list it is the place; where a stolen key voids, it is how many
/// entries back the first statement stands that is void, and [`CAME_BACK`] more for a declaration whose place that statement took. A
/// grant that takes a declaration's place has that as its second.
pub fn verdicts_of(register: &Register, statement: &Statement, index: u64) -> Vec<(u32, Arc<VerdictRecord>)> {
    let named: Vec<(u32, VerdictId)> = match &statement.claim {
        Claim::VerdictGranted(verdict) => std::iter::once(&verdict.verdict)
            .chain(&verdict.upgrades)
            .cloned()
            .zip(0..)
            .map(|(id, at)| (at, id))
            .collect(),
        Claim::DeclarationConfirmed(confirmation) => vec![(0, confirmation.verdict.clone())],
        Claim::ConfirmationWithdrawn(withdrawn) => vec![(0, withdrawn.verdict.clone())],
        Claim::VerdictChanged(change) => vec![(0, change.verdict.clone())],
        Claim::ReportFiled(report) => vec![(0, report.verdict.clone())],
        Claim::EvidenceAccepted(acceptance) => vec![(0, acceptance.verdict.clone())],
        Claim::VerdictExpired(list) | Claim::SurveillanceOverdue(list) | Claim::ConditionsOverdue(list) => {
            (0..).zip(list.verdicts.iter().cloned()).collect()
        }
        Claim::BasisChanged(list) => (0..).zip(list.verdicts.iter().cloned()).collect(),
        Claim::KeyRevoked(revoked) => voided_by(register, (&revoked.party, &revoked.kid), index),
        _ => Vec::new(),
    };
    public(register, named)
}

/// The public verdicts of which something is void by the declaration at `index`, that this key of a party was in other hands.
pub fn voided(register: &Register, key: (&PartyId, &KeyId), index: u64) -> Vec<(u32, Arc<VerdictRecord>)> {
    public(register, voided_by(register, key, index))
}

fn public(register: &Register, named: Vec<(u32, VerdictId)>) -> Vec<(u32, Arc<VerdictRecord>)> {
    let known = named.into_iter().filter_map(|(position, id)| Some((position, register.verdict(&id)?)));
    known.filter(|(_, record)| record.terms.profile.is_public()).collect()
}

/// The verdicts of which something is void by the entry at `index`: looked up by the key that signed it.
fn voided_by(register: &Register, (party, kid): (&PartyId, &KeyId), index: u64) -> Vec<(u32, VerdictId)> {
    let record = register.party(party);
    let declared = record.as_ref().and_then(|record| record.key(kid)).map_or(&[][..], |key| &key.compromised);
    let Some(place) = declared.iter().position(|one| one.declared.index == index) else { return Vec::new() };
    let until = place.checked_sub(1).map(|before| declared[before].since);
    let mut first: BTreeMap<VerdictId, u64> = BTreeMap::new();
    for signed in register.signed(party, kid, declared[place].since, until) {
        let verdict = match signed.touches {
            Touched::Verdict(id) => Some(id),
            Touched::Credential(slot) => register.credential(slot).map(|record| record.credential.verdict.clone()),
            Touched::Consent(_) => None,
        };
        if let Some(id) = verdict {
            first.entry(id).or_insert(signed.moment.index);
        }
    }
    let upgrades = first.iter().filter_map(|(id, entry)| {
        let record = register.verdict(id)?;
        let granted = record.history.first().is_some_and(|granted| granted.index == *entry);
        record.terms.upgrades.clone().filter(|_| granted).map(|upgraded| (upgraded, *entry))
    });
    let upgrades: Vec<_> = upgrades.filter(|(id, _)| !first.contains_key(id)).collect();
    let back = |entry: u64| u32::try_from(index.saturating_sub(entry)).unwrap_or(u32::MAX);
    let came_back = upgrades.into_iter().map(|(id, entry)| (back(entry).saturating_add(CAME_BACK), id));
    let mut named: Vec<_> = first.into_iter().map(|(id, entry)| (back(entry), id)).chain(came_back).collect();
    named.sort_unstable();
    named
}

/// The events of one entry: at least one, so that every index appears.
pub fn events_of(source: &Source<'_>) -> Vec<Event> {
    let events = source.statement.map_or_else(Vec::new, |statement| source.described(statement));
    if events.is_empty() { vec![source.bare()] } else { events }
}

/// A CloudEvent (CloudEvents 1.0.2, JSON format). Extensions: `entry`, the 42 bytes of the log entry in base64;
/// `registry` and `logindex`, where it stands.
#[derive(Serialize)]
struct CloudEvent<'a> {
    specversion: &'static str,
    id: String,
    source: &'a str,
    r#type: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    subject: Option<String>,
    time: String,
    datacontenttype: &'static str,
    entry: String,
    registry: &'a RegistryId,
    /// As text: a log has room for more entries than an integer of CloudEvents has values.
    logindex: String,
    data: Value,
}

impl Source<'_> {
    fn described(&self, statement: &Statement) -> Vec<Event> {
        match &statement.claim {
            Claim::RecognitionDerived(derived) => self.recognitions(&derived.cause),
            Claim::BulletinIssued(bulletin) => {
                let enacted = bulletin.enacts.as_ref().map(|enacted| self.enacted(enacted));
                std::iter::once(self.issued(bulletin, statement)).chain(enacted).collect()
            }
            // The rules read it before it was taken.
            Claim::BulletinRelayed(relayed) => self.relayed(relayed).into_iter().collect(),
            Claim::ArrangementSigned(signed) => vec![self.arrangement("signed", &signed.terms.id)],
            Claim::ArrangementSuspended(step) => vec![self.arrangement("suspended", &step.id)],
            Claim::ArrangementRestored(step) => vec![self.arrangement("restored", &step.id)],
            Claim::ArrangementEnded(end) => vec![self.arrangement("ended", &end.id)],
            Claim::SchemeReplaced(claim) => vec![self.event(0, "scheme.replaced".to_owned(), None, json!(claim))],
            Claim::BodySucceeded(claim) => vec![self.event(0, "body.succeeded".to_owned(), None, json!(claim))],
            Claim::RegistryClosed(claim) => vec![self.event(0, CLOSED.to_owned(), None, json!(claim.told()))],
            Claim::RegistryMoved(claim) => vec![self.event(0, MOVED.to_owned(), None, json!(claim))],
            Claim::CrosswalkPublished(publication) => {
                vec![self.event(0, "crosswalk.published".to_owned(), None, json!(publication))]
            }
            _ => self.changes(),
        }
    }

    fn changes(&self) -> Vec<Event> {
        self.verdicts.iter().filter_map(|(position, record)| self.change(record, *position)).collect()
    }

    fn change(&self, record: &VerdictRecord, position: u32) -> Option<Event> {
        let item = record.history.iter().find(|item| item.index == self.index)?;
        let after = record.after_entry(self.index)?;
        let verdict = VerdictRef { registry: self.registry.clone(), id: record.id().clone() };
        let supplier = &record.terms.supplier;
        let about = OfVerdict {
            verdict: verdict.clone(),
            suppliers: std::iter::once(&supplier.id).chain(&supplier.others).cloned().collect(),
            scheme: record.terms.scheme.clone(),
            viewpoints: after.viewpoints,
            state: after.state.name(),
        };
        let mut data = change_data(&verdict, record, item, &after);
        if let Some(crosswalk) = self.crosswalk {
            data["crosswalk"] = crosswalk.clone();
        }
        Some(self.event(position, format!("verdict.{}", item.what.as_str()), Some(About::Verdict(about)), data))
    }

    fn recognitions(&self, cause: &Cause) -> Vec<Event> {
        self.rows
            .iter()
            .zip(0..)
            .map(|(row, position)| {
                let about = OfVerdict {
                    verdict: row.verdict.clone(),
                    suppliers: std::iter::once(&row.supplier.id).chain(&row.supplier.others).cloned().collect(),
                    scheme: row.scheme.clone(),
                    viewpoints: row.viewpoints,
                    state: row.state,
                };
                let data = json!({ "cause": cause, "recognition": row });
                self.event(position, format!("recognition.{}", row.outcome), Some(About::Verdict(about)), data)
            })
            .collect()
    }

    fn arrangement(&self, act: &str, id: &conformity::ids::ArrangementId) -> Event {
        self.event(0, format!("arrangement.{act}"), None, json!({ "arrangement": id, "by": self.registry }))
    }

    fn issued(&self, bulletin: &Arc<Bulletin>, statement: &Statement) -> Event {
        let name = BulletinRef { registry: self.registry.clone(), id: bulletin.bulletin.clone() };
        let data = json!({ "name": name, "bulletin": bulletin, "by": statement.iss });
        self.event(0, "bulletin.issued".to_owned(), Some(About::Bulletin(name, Arc::clone(bulletin))), data)
    }

    /// What a bulletin brings about, as it is told where it is stated alone.
    fn enacted(&self, enacted: &Enacted) -> Event {
        match enacted {
            Enacted::SchemeReplaced(claim) => self.event(1, "scheme.replaced".to_owned(), None, json!(claim)),
            Enacted::CrosswalkPublished(publication) => {
                self.event(1, "crosswalk.published".to_owned(), None, json!(publication))
            }
        }
    }

    /// With what its issuer signed, so that nobody has to believe whoever passes it on.
    fn relayed(&self, relayed: &BulletinRelayed) -> Option<Event> {
        let (statement, bulletin) = relayed.read().ok()?;
        let name = BulletinRef { registry: relayed.registry.clone(), id: bulletin.bulletin.clone() };
        let data = json!({
            "name": name, "bulletin": bulletin, "by": statement.iss,
            "origin": { "index": relayed.index, "statement": relayed.statement },
        });
        Some(self.event(0, "bulletin.relayed".to_owned(), Some(About::Bulletin(name, bulletin)), data))
    }

    fn bare(&self) -> Event {
        let kind = match self.entry.kind {
            Kind::Genesis => "genesis",
            Kind::Seal => "seal",
            Kind::Statement | Kind::Recognition => "statement",
        };
        self.event(0, BARE.to_owned(), None, json!({ "kind": kind }))
    }

    fn event(&self, position: u32, kind: String, about: Option<About>, data: Value) -> Event {
        let envelope = CloudEvent {
            specversion: "1.0",
            id: id(self.index, position),
            source: self.url,
            r#type: format!("{TYPE_PREFIX}{kind}"),
            subject: about.as_ref().map(About::subject),
            time: entry_time(self.entry),
            datacontenttype: "application/json",
            entry: STANDARD.encode(self.entry.encode()),
            registry: self.registry,
            logindex: self.index.to_string(),
            data,
        };
        // Strings, numbers and JSON values only: such an envelope always has a JSON form.
        let json = serde_json::to_vec(&envelope).unwrap_or_default().into();
        Event { index: self.index, position, kind, about, json }
    }
}

fn entry_time(entry: &Entry) -> String {
    let time = i64::try_from(entry.time_ms).ok().and_then(|ms| jiff::Timestamp::from_millisecond(ms).ok());
    time.unwrap_or(jiff::Timestamp::MAX).to_string()
}

fn change_data(verdict: &VerdictRef, record: &VerdictRecord, item: &HistoryItem, after: &Snapshot) -> Value {
    json!({
        "verdict": verdict,
        "supplier": record.terms.supplier,
        "object": record.terms.object,
        "scheme": record.terms.scheme,
        "provenance": record.terms.provenance,
        "selfDeclared": record.self_evaluation(after),
        "change": item.what,
        "reason": item.reason,
        "recommendedBy": item.recommended_by,
        "effective": item.effective,
        "by": item.by,
        "after": after,
    })
}
