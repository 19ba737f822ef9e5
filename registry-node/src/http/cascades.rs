//! Cascades: what each cause has brought about for the verdicts that rest on it, and how far telling of it is, or was.
//!
//! In scope: one list of all causes, by whichever way the verdicts are told: what lapses of that on which our own rest, in batches; a
//! stolen key, in the commit that declares it; acts in arrangements and expulsions, by result lists. Public verdicts alone are counted,
//! as in the statements.

use std::collections::BTreeMap;
use std::sync::Arc;

use conformity::as_of::AsOf;
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

use super::as_of;
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
    /// These, and those that are still to be, as far as is known; of the past absent where no log says it.
    #[serde(skip_serializing_if = "Option::is_none")]
    total: Option<u64>,
    begun: Moment,
    last: Moment,
    #[serde(skip_serializing_if = "Option::is_none")]
    finished: Option<bool>,
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
    let as_of = as_of::of(site, ask.query())?;
    let listed = {
        let register = site.register();
        let mut found = found(&register, as_of, page.after);
        found.sort_by_key(|one| *one.begun());
        let newest = Newest::of(&register, as_of, site.registry.now());
        page.cut("cascades", found.into_iter(), Found::begun).map(|one| match one {
            Found::Basis(_, record) => of_basis(site, &register, record, &as_of),
            Found::Key(_, key, declared) => of_key(site, &register, key, *declared),
            Found::Revision(_, record) => {
                of_revision(site, &register, record, newest.progress(site, &register, record))
            }
        })
    };
    listed.answer()
}

/// The newest act of each registry by which recognitions are revised, then and today: it takes up what older ones had left.
struct Newest {
    as_of: AsOf,
    then: BTreeMap<RegistryId, u64>,
    today: BTreeMap<RegistryId, u64>,
}

impl Newest {
    fn of(register: &Register, as_of: AsOf, now: Timestamp) -> Self {
        let newest = |as_of| {
            let all = register.revisions_then(as_of);
            all.map(|record| (record.registry.clone(), record.entry)).collect()
        };
        Self { as_of, then: newest(as_of), today: newest(AsOf::Present(now)) }
    }

    /// Verdicts that a revision reached and had still to reach, and whether there were none of these.
    fn progress(&self, site: &Site, register: &Register, record: &RevisionRecord) -> (Option<u64>, Option<bool>) {
        match (self.left(site, register, record), self.as_of) {
            (Some(left), _) => (Some(record.done + left), Some(left == 0)),
            (None, AsOf::Present(_)) => (Some(record.done), Some(false)),
            (None, _) => (None, None),
        }
    }

    /// How many verdicts a revision had still to reach; nothing where that is not known. No log says it: what was known then is told
    /// only once another act had taken over; what is known now follows from what came after.
    fn left(&self, site: &Site, register: &Register, record: &RevisionRecord) -> Option<u64> {
        let is_newest = |newest: &BTreeMap<RegistryId, u64>| newest.get(&record.registry) == Some(&record.entry);
        if !is_newest(&self.then) {
            return Some(0);
        }
        let today = || match is_newest(&self.today) {
            true => site.registry.cascades.left_abroad(&record.registry),
            false => Some(0),
        };
        match self.as_of {
            AsOf::Present(_) => today(),
            AsOf::KnownThen { .. } => None,
            AsOf::KnownNow { .. } => {
                let later = register.revision(record.entry, &record.registry)?.done - record.done;
                today().map(|left| later + left)
            }
        }
    }
}

/// Those that began behind an entry, as of a time.
fn found(register: &Register, as_of: AsOf, after: Option<u64>) -> Vec<Found> {
    let basis = register.cascades_then(as_of).map(|record| Found::Basis(record.begun.index, Arc::clone(record)));
    // Whom not everybody may know of has signed nothing that is counted here, or declares nothing any more.
    let keys = register.parties().filter(|record| record.party.is_public()).flat_map(|record| {
        let declared =
            record.keys.iter().flat_map(|key| key.compromised.iter().map(move |one| (key.kid, one.declared)));
        let known = declared.filter(move |(_, declared)| as_of.knows(*declared));
        known.map(|(kid, declared)| Found::Key(declared.index, (record.party.id.clone(), kid), declared))
    });
    let revisions = register.revisions_then(as_of);
    let revisions = revisions.map(|record| Found::Revision(record.begun.index, Arc::clone(record)));
    basis.chain(keys).chain(revisions).filter(|one| after.is_none_or(|after| *one.begun() > after)).collect()
}

fn of_basis(site: &Site, register: &Register, record: &CascadeRecord, as_of: &AsOf) -> Cascade {
    let left = match (as_of, record.open()) {
        (AsOf::Present(_), _) => site.registry.cascades.left(&record.change, &record.scheme),
        // What had to be told besides is in the log by what a batch says of itself.
        (_, Some(open)) => open.extent.verdicts.saturating_sub(open.told.verdicts),
        (_, None) => 0,
    };
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
        total: Some(record.done + left),
        begun: record.begun,
        last: record.last,
        finished: Some(left == 0 && record.finished),
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
        total: Some(done),
        begun: declared,
        last: declared,
        finished: Some(true),
        batch: None,
    }
}

fn of_revision(
    site: &Site,
    register: &Register,
    record: &RevisionRecord,
    (total, finished): (Option<u64>, Option<bool>),
) -> Cascade {
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
        total,
        begun: record.begun,
        last: record.last,
        finished,
        batch: None,
    }
}
