//! Cascades: what each cause has brought about for the verdicts that rest on it, and how far telling of it is.
//!
//! In scope: one list of all causes, by whichever way the verdicts are told: what lapses of that on which our own rest, in batches; a
//! stolen key, in the commit that declares it; acts in arrangements and expulsions, by result lists. Public verdicts alone are counted,
//! as in the statements.

use std::sync::Arc;

use conformity::bulletin::BulletinRecord;
use conformity::ids::{ArrangementId, BulletinRef, PartyId, RegistryId, SchemeRef};
use conformity::key::KeyId;
use conformity::lapsed::{Batch, CascadeRecord};
use conformity::party::Compromise;
use conformity::records::{Facts, Register};
use conformity::revised::{self, RevisionRecord, RuleEffect};
use conformity::time::Moment;
use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Value, json};
use warp::reply::Response;

use super::ask::Ask;
use super::page::{MAX_LIMIT, Page};
use super::site::Site;
use crate::core::event;
use crate::problem::Problem;

/// What one cause does to verdicts.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Cascade {
    cause: Value,
    /// As events are called that tell of it.
    becomes: &'static str,
    /// The bulletin that brought the cause about, if one did.
    #[serde(skip_serializing_if = "Option::is_none")]
    bulletin: Option<BulletinRef>,
    /// The first instant at which the verdicts are not in force any more, where they have a window.
    #[serde(skip_serializing_if = "Option::is_none")]
    until: Option<Timestamp>,
    /// The scheme of the verdicts, where a cause is counted for each.
    #[serde(skip_serializing_if = "Option::is_none")]
    scheme: Option<SchemeRef>,
    /// Whose verdicts, where they are another registry's.
    #[serde(skip_serializing_if = "Option::is_none")]
    registry: Option<RegistryId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    arrangement: Option<ArrangementId>,
    /// What each rule of the arrangement says of this cause.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    effects: Vec<RuleEffect>,
    /// The crosswalk, where one was corrected, and what it alone carried before and after.
    #[serde(skip_serializing_if = "Option::is_none")]
    crosswalk: Option<Value>,
    /// Whose key, where one was in other hands.
    #[serde(skip_serializing_if = "Option::is_none")]
    party: Option<PartyId>,
    /// Verdicts that were told of.
    done: u64,
    /// These, and those that are still to be, as far as is known.
    total: u64,
    begun: Moment,
    last: Moment,
    finished: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    batch: Option<Value>,
}

/// One of them, with the entry at which it began, before it is looked up what it did.
enum Found {
    Basis(u64, Arc<CascadeRecord>),
    Key(u64, (PartyId, KeyId), Compromise),
    Revision(u64, Arc<RevisionRecord>),
}

impl Found {
    const fn begun(&self) -> &u64 {
        match self {
            Self::Basis(begun, _) | Self::Key(begun, ..) | Self::Revision(begun, _) => begun,
        }
    }
}

/// `GET /v1/cascades`
pub(super) fn list(site: &Site, ask: &Ask) -> Result<Response, Problem> {
    let page: Page<u64> = Page::of(ask.query(), MAX_LIMIT)?;
    let register = site.register();
    let mut found = found(&register);
    found.sort_by_key(|one| *one.begun());
    let found = page.cut("cascades", found.into_iter(), Found::begun);
    found
        .map(|one| match one {
            Found::Basis(_, record) => of_basis(site, &register, record),
            Found::Key(_, key, declared) => of_key(&register, key, declared),
            Found::Revision(_, record) => of_revision(site, &register, record),
        })
        .answer()
}

fn found(register: &Register) -> Vec<Found> {
    let basis = register.cascades().map(|record| Found::Basis(record.begun.index, Arc::clone(record)));
    let keys = register.parties().flat_map(|record| {
        let keys = record.keys.iter();
        keys.flat_map(|key| {
            let name = (record.party.id.clone(), key.kid);
            key.compromised.iter().map(move |one| Found::Key(one.declared.index, name.clone(), one.clone()))
        })
    });
    let revisions = register.revisions().map(|record| Found::Revision(record.begun.index, Arc::clone(record)));
    basis.chain(keys).chain(revisions).collect()
}

fn of_basis(site: &Site, register: &Register, record: &CascadeRecord) -> Cascade {
    let left = site.registry.cascades.left(&record.change, &record.scheme);
    Cascade {
        cause: json!(record.change.cause()),
        becomes: record.change.as_str(),
        bulletin: enacting(register, record.change.cause().entry),
        until: record.change.window(),
        crosswalk: event::corrected(register, &record.change, &record.scheme),
        scheme: Some(record.scheme.clone()),
        registry: None,
        arrangement: None,
        effects: Vec::new(),
        party: None,
        done: record.done,
        total: record.done + left,
        begun: record.begun,
        last: record.last,
        finished: left == 0 && record.finished,
        batch: record.batch.as_ref().map(batch),
    }
}

/// The bulletin of this registry that the entry of this index is.
fn enacting(register: &Register, entry: u64) -> Option<BulletinRef> {
    let enacts = |record: &&Arc<BulletinRecord>| {
        record.moment.index == entry && record.relayed.is_none() && record.bulletin.enacts.is_some()
    };
    register.bulletins().find(enacts).map(|record| record.name.clone())
}

/// A batch, and whether whoever reads its statements finds in them exactly what its beginning says.
fn batch(batch: &Batch) -> Value {
    let mut shown = json!({
        "begun": batch.begun, "asOf": batch.extent.as_of, "verdicts": batch.extent.verdicts, "digest": batch.extent.digest,
        "told": batch.told.verdicts, "whole": batch.is_whole(),
    });
    if let (Some(closed), Some(overtaken)) = (batch.closed, batch.overtaken()) {
        shown["closed"] = json!(closed);
        shown["overtaken"] = json!(overtaken);
    }
    shown
}

/// All that a stolen key signed is void with one entry: it is told as soon as it is true.
fn of_key(register: &Register, (party, kid): &(PartyId, KeyId), compromise: &Compromise) -> Cascade {
    let declared = compromise.declared;
    let done = event::voided(register, (party, kid), declared.index).len() as u64;
    Cascade {
        cause: json!({"what": "key-compromised", "entry": declared.index}),
        becomes: "voided",
        bulletin: None,
        until: None,
        scheme: None,
        registry: None,
        arrangement: None,
        effects: Vec::new(),
        crosswalk: None,
        party: Some(party.clone()),
        done,
        total: done,
        begun: declared,
        last: declared,
        finished: true,
        batch: None,
    }
}

fn of_revision(site: &Site, register: &Register, record: &RevisionRecord) -> Cascade {
    let newer = |other: &Arc<RevisionRecord>| other.registry == record.registry && other.entry > record.entry;
    // A newer cause takes up what an older one had left.
    let overtaken = register.revisions().any(newer);
    let left = if overtaken { Some(0) } else { site.registry.cascades.left_abroad(&record.registry) };
    let arrangement = record.arrangement.as_ref().and_then(|id| register.arrangement(id));
    let own = &site.registry.config.registry.id;
    Cascade {
        cause: json!({"what": record.cause, "entry": record.entry}),
        becomes: "recognition",
        bulletin: None,
        until: None,
        scheme: None,
        registry: Some(record.registry.clone()),
        arrangement: record.arrangement.clone(),
        effects: arrangement.map_or_else(Vec::new, |arrangement| revised::effects(record, &arrangement, own)),
        crosswalk: None,
        party: None,
        done: record.done,
        total: record.done + left.unwrap_or(0),
        begun: record.begun,
        last: record.last,
        finished: left == Some(0),
        batch: None,
    }
}
