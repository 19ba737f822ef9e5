//! Cascades: what each cause has brought about for the verdicts that rest on it, and how far telling of it is.
//!
//! In scope: one list of all causes, by whichever way the verdicts are told: what lapses of that on which our own rest, in batches; a
//! stolen key, in the commit that declares it; acts in arrangements and expulsions, by result lists. Public verdicts alone are counted,
//! as in the statements.

use std::collections::BTreeMap;
use std::sync::Arc;

use conformity::ids::{ArrangementId, BulletinRef, PartyId, RegistryId, SchemeRef};
use conformity::key::KeyId;
use conformity::lapsed::{Batch, CascadeRecord};
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
    Key(u64, (PartyId, KeyId), Moment),
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
    let listed = {
        let register = site.register();
        let mut found = found(&register, page.after);
        found.sort_by_key(|one| *one.begun());
        let newest = newest(&register);
        page.cut("cascades", found.into_iter(), Found::begun).map(|one| match one {
            Found::Basis(_, record) => of_basis(site, &register, record),
            Found::Key(_, key, declared) => of_key(site, &register, key, *declared),
            Found::Revision(_, record) => of_revision(site, &register, record, newest.get(&record.registry).copied()),
        })
    };
    listed.answer()
}

/// The newest act of each registry by which recognitions are revised: it takes up what older ones had left.
fn newest(register: &Register) -> BTreeMap<RegistryId, u64> {
    register.revisions().map(|record| (record.registry.clone(), record.entry)).collect()
}

/// Those that began behind an entry.
fn found(register: &Register, after: Option<u64>) -> Vec<Found> {
    let basis = register.cascades().map(|record| Found::Basis(record.begun.index, Arc::clone(record)));
    // Whom not everybody may know of has signed nothing that is counted here, or declares nothing any more.
    let keys = register.parties().filter(|record| record.party.is_public()).flat_map(|record| {
        let declared =
            record.keys.iter().flat_map(|key| key.compromised.iter().map(move |one| (key.kid, one.declared)));
        declared.map(|(kid, declared)| Found::Key(declared.index, (record.party.id.clone(), kid), declared))
    });
    let revisions = register.revisions().map(|record| Found::Revision(record.begun.index, Arc::clone(record)));
    basis.chain(keys).chain(revisions).filter(|one| after.is_none_or(|after| *one.begun() > after)).collect()
}

fn of_basis(site: &Site, register: &Register, record: &CascadeRecord) -> Cascade {
    let left = site.registry.cascades.left(&record.change, &record.scheme);
    Cascade {
        cause: json!(record.change.cause()),
        becomes: record.change.as_str(),
        bulletin: register.enacting(record.change.cause().entry).cloned(),
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
fn of_key(site: &Site, register: &Register, (party, kid): &(PartyId, KeyId), declared: Moment) -> Cascade {
    let count = || event::voided(register, (party, kid), declared.index).len() as u64;
    let done = site.registry.cascades.voided(declared.index, count);
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

fn of_revision(site: &Site, register: &Register, record: &RevisionRecord, newest: Option<u64>) -> Cascade {
    let is_taken_over = newest.is_some_and(|newest| newest > record.entry);
    let left = if is_taken_over { Some(0) } else { site.registry.cascades.left_abroad(&record.registry) };
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
