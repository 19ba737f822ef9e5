//! Subscriptions over HTTP: a party says what it wants to be told of and whereto, sees how telling goes, and has it go on.
//!
//! Nobody else's is ever looked at: whatever is not the asker's own is not found. A secret is shown when it is made, and never again.
//! Out of scope: telling (`buyer::delivery`).

use std::collections::HashSet;
use std::sync::Arc;

use conformity::identifiers::Identifier;
use conformity::ids::PartyId;
use conformity::words::Language;
use jiff::Timestamp;
use procurement::Policy;
use serde::{Deserialize, Serialize};
use uuid::Uuid;
use warp::reply::Response;

use super::ask::Ask;
use super::consented::party;
use super::own::{Sent, tagged};
use super::site::Site;
use super::{answer, bulletins, code};
use crate::buyer::dispatch::{self, Key, Ping, Seen};
use crate::buyer::exposing::Exposing;
use crate::buyer::lane::{DeadLetter, Delivery, Lane, Parked, Spot, Trouble};
use crate::buyer::outbound::Address;
use crate::buyer::pushing::Pushing;
use crate::buyer::shelf::{Condition, Listed, Name, Shelved, Version};
use crate::buyer::signals::Status;
use crate::buyer::source::Source;
use crate::buyer::subscription::{Asked, Subscription};
use crate::buyer::webhook::Secret;
use crate::core::filter::{Filter, Place};
use crate::problem::Problem;

/// Most bytes of what is asked of a subscription that is there.
pub(super) const MAX_WISH: usize = 1_024;

/// A subscription, as its owner sees it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Shown<'a> {
    name: &'a Name,
    version: Version,
    /// Nothing where it is polled.
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<&'a Address>,
    filter: &'a Filter,
    #[serde(skip_serializing_if = "Option::is_none")]
    exposure: Option<&'a Exposing>,
    #[serde(skip_serializing_if = "Option::is_none")]
    certificates: Option<&'a Pushing>,
    heartbeat_seconds: u32,
    /// The first entry that it is told of.
    from: u64,
    state: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    failing: Option<Trouble>,
    #[serde(skip_serializing_if = "Option::is_none")]
    parked: Option<Parked>,
    /// The first place of which not all is delivered.
    #[serde(skip_serializing_if = "Option::is_none")]
    behind: Option<String>,
    /// Entries that were looked at.
    size: u64,
    dead_letters: usize,
    secrets: Vec<SecretShown>,
    /// A secret that was made by this request.
    #[serde(skip_serializing_if = "Option::is_none")]
    secret: Option<&'a str>,
}

#[derive(Serialize)]
struct SecretShown {
    made: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    until: Option<Timestamp>,
}

/// `PUT /v1/subscriptions/{subscription}`
pub(super) fn put(site: &Site, ask: &Ask, sent: &Sent) -> Result<Response, Problem> {
    let registry = &site.registry;
    is_telling(site)?;
    let (key, mut asked) = (key(ask)?, Asked::from_json(&sent.body).map_err(code::bad_body)?);
    asked.filter = asked.filter.of_reader(|| bulletins::own_sectors(site, ask));
    let _changing = registry.dispatch.changing();
    let before = kept(site, &key)?;
    is_webhook(before.as_ref())?;
    let start = start(site, before.is_some(), &asked)?;
    let is_introduction = match &before {
        Some(before) => before.value.has_new_partner(&asked),
        None => asked.certificates.is_some(),
    };
    rewinds(site, &key, start.is_some() || is_introduction)?;
    let condition = on(before.as_ref().map(|before| before.version), sent.condition);
    let (subscription, made) = match before {
        Some(before) => (before.value.changed(asked), false),
        None => {
            let from = start.map_or_else(|| registry.feed.size(), |start| start.index);
            (Subscription::new(asked, from, registry.now()).map_err(|error| no_secret(&error))?, true)
        }
    };
    let watched = watched(site, &key, &subscription)?;
    let start = (made || is_introduction).then(|| start.unwrap_or(Spot::of_entry(subscription.from)));
    taken((site, ask), key, (subscription, made), condition, watched, start)
}

/// Nothing that asks for something to be sent is answered as if it would be, where nothing is sent.
pub(super) fn is_telling(site: &Site) -> Result<(), Problem> {
    match site.registry.config.webhooks.ca_roots {
        Some(_) => Ok(()),
        None => Err(code::webhooks_off()),
    }
}

/// What is a stream of security events is changed as one.
fn is_webhook(kept: Option<&Shelved<Subscription>>) -> Result<(), Problem> {
    match kept.and_then(|kept| kept.value.stream.as_ref()) {
        Some(_) => Err(code::bad_body("this is a stream of security events; see /.well-known/ssf-configuration")),
        None => Ok(()),
    }
}

/// Keeps it, has it told of, and shows it.
fn taken(
    (site, ask): (&Site, &Ask),
    key: Key,
    (subscription, with_secret): (Subscription, bool),
    condition: Condition,
    watched: Arc<HashSet<Identifier>>,
    start: Option<Spot>,
) -> Result<Response, Problem> {
    let registry = &site.registry;
    let version = registry.shelf.put(&key.owner, &key.name, &subscription, condition, registry.now());
    let version = version.map_err(|error| code::kept(&error))?;
    registry.dispatch.put(key.clone(), subscription.clone(), watched, start, registry.now());
    if start.is_none() {
        // Whoever puts it again has mended what was wrong.
        registry.dispatch.change(&key, registry.now(), Lane::resume);
    }
    // Or after a crash one that was parked would still be.
    registry.dispatch.keep().map_err(|error| code::kept(&error))?;
    let secret = subscription.secrets.first().map(Secret::shown).filter(|_| with_secret);
    let kept = Shelved { value: subscription.clone(), version, changed: registry.now() };
    shown(site, ask, &key, &kept, secret)
}

/// To what the change is made, so that nothing that another request did meanwhile is undone.
pub(super) fn on(there: Option<Version>, asked: Condition) -> Condition {
    match (asked, there) {
        (Condition::Any | Condition::Present, Some(version)) => Condition::Exactly(version),
        (Condition::Any, None) => Condition::Absent,
        (asked, _) => asked,
    }
}

/// Where a new subscription begins, if it says so.
fn start(site: &Site, is_there: bool, asked: &Asked) -> Result<Option<Spot>, Problem> {
    let size = site.registry.feed.size();
    match asked.place().map_err(code::bad_body)? {
        None => Ok(None),
        Some(_) if is_there => Err(code::bad_body("after: it began already; ask for a replay instead")),
        Some(place) => spot(place, size).map(Some).map_err(code::bad_body),
    }
}

/// The first place behind `place`.
fn spot(place: Place, size: u64) -> Result<Spot, String> {
    match place {
        Place::Start => Ok(Spot::of_entry(0)),
        Place::Behind { index, position } if index < size => Ok(Spot { index, position }.behind()),
        Place::Behind { index, .. } => Err(format!("after: this log has {size} entries, none at {index}")),
    }
}

/// The suppliers of the watchlist or chain that it names, which is there, and within what one party may be told of.
fn watched(site: &Site, key: &Key, subscription: &Subscription) -> Result<Arc<HashSet<Identifier>>, Problem> {
    let registry = &site.registry;
    let watched = dispatch::watched(&registry.shelf, &key.owner, subscription).map_err(|error| code::kept(&error))?;
    let Some(source) = subscription.source() else { return Ok(Arc::default()) };
    let none = match source {
        Source::Watchlist(_) => "you have no watchlist of that name; put it first",
        Source::SupplyChain(_) => "you have no supply chain of that name; put it first",
        Source::Offers => "you offer nothing; offer a verdict first",
    };
    let watched = watched.ok_or_else(|| code::bad_body(none))?;
    has_policy(site, key, subscription)?;
    code::has_room(registry.dispatch.headroom(&key.owner, &source, watched.len(), Some(&key.name)))?;
    Ok(watched)
}

/// Whether the policy is there by which an exposure is judged.
fn has_policy(site: &Site, key: &Key, subscription: &Subscription) -> Result<(), Problem> {
    let Some(exposing) = &subscription.exposure else { return Ok(()) };
    let policy = site.registry.shelf.value::<Policy>(&key.owner, &exposing.policy);
    match policy.map_err(|error| code::kept(&error))? {
        Some(_) => Ok(()),
        None => Err(code::bad_body("you have no policy of that name; put it first")),
    }
}

/// `GET /v1/subscriptions/{subscription}`
pub(super) fn one(site: &Site, ask: &Ask) -> Result<Response, Problem> {
    let key = key(ask)?;
    let kept = kept(site, &key)?.ok_or_else(Problem::not_found)?;
    shown(site, ask, &key, &kept, None)
}

/// `DELETE /v1/subscriptions/{subscription}`
pub(super) fn remove(site: &Site, ask: &Ask, sent: &Sent) -> Result<Response, Problem> {
    let (key, registry) = (key(ask)?, &site.registry);
    let _changing = registry.dispatch.changing();
    let removed = registry.shelf.remove::<Subscription>(&key.owner, &key.name, sent.condition);
    if !removed.map_err(|error| code::kept(&error))? {
        return Err(Problem::not_found());
    }
    registry.dispatch.removed(&key);
    Ok(answer::done())
}

/// The subscriptions of a party.
#[derive(Serialize)]
struct All {
    subscriptions: Vec<Listed>,
}

/// `GET /v1/subscriptions`
pub(super) fn list(site: &Site, ask: &Ask) -> Result<Response, Problem> {
    let listed = site.registry.shelf.list::<Subscription>(&party(ask)?);
    answer::json(&All { subscriptions: listed.map_err(|error| code::kept(&error))? })
}

/// `POST /v1/subscriptions/{subscription}/secret`
pub(super) fn rotate(site: &Site, ask: &Ask, sent: &Sent) -> Result<Response, Problem> {
    let (key, registry) = (key(ask)?, &site.registry);
    let _changing = registry.dispatch.changing();
    let before = kept(site, &key)?.ok_or_else(Problem::not_found)?;
    is_webhook(Some(&before))?;
    let condition = on(Some(before.version), sent.condition);
    let rotated = before.value.rotated(registry.now()).map_err(|error| no_secret(&error))?;
    let watched = dispatch::watched(&registry.shelf, &key.owner, &rotated).map_err(|error| code::kept(&error))?;
    taken((site, ask), key, (rotated, true), condition, watched.unwrap_or_default(), None)
}

/// What was sent to find out whether a receiver is reached.
#[derive(Serialize)]
struct Pinged {
    delivery: String,
}

/// `POST /v1/subscriptions/{subscription}/ping`
pub(super) fn ping(site: &Site, ask: &Ask, _sent: &Sent) -> Result<Response, Problem> {
    is_telling(site)?;
    let key = key(ask)?;
    let kept = kept(site, &key)?.ok_or_else(Problem::not_found)?;
    is_webhook(Some(&kept))?;
    if !kept.value.takes_notices() {
        return Err(code::bad_body("a partner in Catena-X takes certificates alone, and no ping"));
    }
    let delivery = format!("ping_{}", Uuid::now_v7().simple());
    let ping = Ping { id: delivery.clone(), state: None };
    if !site.registry.dispatch.ping(&key, ping, site.registry.now()) {
        let detail = "pings of this subscription wait already; look at its deliveries";
        return Err(Problem::busy(code::Code::Busy.as_str(), detail, 5));
    }
    answer::json(&Pinged { delivery })
}

/// What is to be sent again.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Replay {
    /// Everything behind this event.
    after: Option<String>,
    /// What was set aside.
    #[serde(default)]
    dead_letters: bool,
}

/// `POST /v1/subscriptions/{subscription}/replay`
pub(super) fn replay(site: &Site, ask: &Ask, sent: &Sent) -> Result<Response, Problem> {
    let (key, registry) = (key(ask)?, &site.registry);
    let wish: Replay = serde_json::from_slice(&sent.body).map_err(code::bad_body)?;
    let place = wish.after.as_deref().map(str::parse::<Place>).transpose().map_err(code::bad_body)?;
    let place = place.map(|place| spot(place, registry.feed.size())).transpose().map_err(code::bad_body)?;
    let kept = kept(site, &key)?;
    // What is polled needs no way out.
    if kept.as_ref().is_none_or(|kept| kept.value.url.is_some()) {
        is_telling(site)?;
    }
    let kept = kept.ok_or_else(Problem::not_found)?;
    rewinds(site, &key, place.is_some())?;
    let changed = registry.dispatch.change(&key, registry.now(), |lane| {
        lane.resume();
        if let Some(spot) = place {
            lane.rewind(spot);
        }
        if wish.dead_letters {
            lane.revive();
        }
    });
    changed.ok_or_else(Problem::not_found)?;
    // What is answered outlives the node.
    registry.dispatch.keep().map_err(|error| code::kept(&error))?;
    shown(site, ask, &key, &kept, None)
}

/// Counts that much is told for one request, where it is: events from a place, or all certificates that there are.
fn rewinds(site: &Site, key: &Key, is_much: bool) -> Result<(), Problem> {
    if !is_much || site.registry.dispatch.may_rewind(&key.owner, site.registry.now()) {
        return Ok(());
    }
    let detail = "you had events told again from a place 32 times within a day; read /v1/events meanwhile, or go on from where it is";
    Err(Problem::busy(code::Code::Busy.as_str(), detail, 3_600))
}

/// How telling went.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Log {
    deliveries: Vec<Delivery>,
    dead_letters: Vec<DeadShown>,
}

/// What was set aside, and why in words where it never was sent.
#[derive(Serialize)]
struct DeadShown {
    #[serde(flatten)]
    letter: DeadLetter,
    #[serde(skip_serializing_if = "Option::is_none")]
    why: Option<String>,
}

impl DeadShown {
    fn of(letter: DeadLetter, language: Language) -> Self {
        Self { why: letter.code.map(|code| code.words(language)), letter }
    }
}

/// `GET /v1/subscriptions/{subscription}/deliveries`: the newest first.
pub(super) fn deliveries(site: &Site, ask: &Ask) -> Result<Response, Problem> {
    let Seen { lane, .. } = site.registry.dispatch.seen(&key(ask)?).ok_or_else(Problem::not_found)?;
    let dead_letters = lane.dead.into_iter().map(|letter| DeadShown::of(letter, ask.language())).collect();
    let log = Log { deliveries: lane.deliveries.into_iter().rev().collect(), dead_letters };
    Ok(answer::in_language(answer::json(&log)?, ask.language()))
}

fn key(ask: &Ask) -> Result<Key, Problem> {
    let owner: PartyId = party(ask)?;
    Ok(Key { owner, name: ask.value()? })
}

pub(super) fn kept(site: &Site, key: &Key) -> Result<Option<Shelved<Subscription>>, Problem> {
    site.registry.shelf.value(&key.owner, &key.name).map_err(|error| code::kept(&error))
}

fn no_secret(error: &dyn std::fmt::Display) -> Problem {
    code::internal("no secret could be made", error)
}

/// How telling goes, in a word: what its owner wants of a stream comes before what became of it.
fn state(subscription: &Subscription, lane: &Lane) -> &'static str {
    let status = subscription.stream.as_ref().map_or(Status::Enabled, |stream| stream.status);
    match (status, &lane.parked, &lane.trouble) {
        (Status::Paused, ..) => "paused",
        (Status::Disabled, ..) => "disabled",
        (Status::Enabled, Some(_), _) => "parked",
        (Status::Enabled, None, Some(_)) => "failing",
        (Status::Enabled, None, None) => "active",
    }
}

fn shown(
    site: &Site,
    ask: &Ask,
    key: &Key,
    kept: &Shelved<Subscription>,
    secret: Option<&str>,
) -> Result<Response, Problem> {
    let Seen { lane, mark } = site.registry.dispatch.seen(key).ok_or_else(Problem::not_found)?;
    let Subscription { url, filter, exposure, certificates, heartbeat_seconds, secrets, from, .. } = &kept.value;
    let now = site.registry.now();
    let signing = secrets.iter().filter(|secret| secret.signs(now));
    let shown = Shown {
        name: &key.name,
        version: kept.version,
        url: url.as_ref(),
        filter,
        exposure: exposure.as_ref(),
        certificates: certificates.as_ref(),
        heartbeat_seconds: *heartbeat_seconds,
        from: *from,
        state: state(&kept.value, &lane),
        failing: lane.trouble.map(|trouble| trouble.told(ask.language())),
        parked: lane.parked.map(|parked| parked.told(ask.language())),
        behind: lane.behind.map(|Spot { index, position }| Place::Behind { index, position }.to_string()),
        size: mark,
        dead_letters: lane.dead.len(),
        secrets: signing.map(|secret| SecretShown { made: secret.made, until: secret.until }).collect(),
        secret,
    };
    Ok(answer::in_language(tagged(answer::json(&shown)?, kept.version), ask.language()))
}
