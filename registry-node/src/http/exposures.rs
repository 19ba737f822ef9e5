//! What a change does to a supply chain that is kept here: found out for each entry that touches one, told over webhooks and by this path.
//!
//! ```text
//! GET /v1/supply-chains/{chain}/exposures?policy=<name>&after=17
//!   {"events": [{"specversion":"1.0","id":"18-5f2e…-c1-p1-order","type":"….supply-chain.exposed", …}],
//!    "next": "20",                    what to give as after next: everything up to it was looked at
//!    "more": false,                   whether there is more to look at already
//!    "checkpoint": "jp.registry.example\n21\n…"}
//! ```
//!
//! An entry is judged by the log alone: how the suppliers that it touches stood after the entry that touched them last, and how after it, as far as
//! everybody may see. What moved between the two, by whatever cause, is told by the first entry that speaks of them again, so that nothing is
//! lost or told twice. So an exposure is the same whenever it is asked for, as long as chain and policy are in their versions.
//! Out of scope: what moves (`procurement`), and sending (`buyer::delivery`).

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use conformity::as_of::AsOf;
use conformity::identifiers::Identifier;
use conformity::ids::PartyId;
use conformity::records::Facts;
use conformity::standing::{About, Question, Standing};
use jiff::Timestamp;
use procurement::exposure::concerned;
use procurement::{Chain, Exposure, Measure, Policy, Registry, Review, Shift, exposure};
use serde::Serialize;
use serde_json::json;
use serde_json::value::RawValue;
use warp::http::HeaderMap;
use warp::reply::Response;

use super::ask::{Ask, bad_parameter};
use super::consented::party;
use super::inquiry::Turn;
use super::log::sequenced;
use super::site::Site;
use super::supply_chains::{self, levels};
use super::{answer, code, event_filter, own, standing};
use crate::buyer::exposing::{Exposed, Exposing, Exposures, Unjudged, usual_step};
use crate::buyer::lane::Spot;
use crate::buyer::shelf::{Name, Shelved, Version};
use crate::buyer::supply_chain::SupplyChain;
use crate::core::event::{self, Event, TYPE_PREFIX};
use crate::core::filter::Place;
use crate::problem::Problem;

/// Types of what is told, behind the usual prefix.
const EXPOSED: &str = "supply-chain.exposed";
const EASED: &str = "supply-chain.eased";
/// Events of an entry that are named as its cause.
const MAX_CAUSES: usize = 64;
/// What one answer is full with: exposures, entries that were looked at, and time.
const MAX_EXPOSURES: usize = 16;
const MAX_ENTRIES: u64 = 16_384;
const MAX_TIME: Duration = Duration::from_secs(5);

/// A chain and a policy, as they are now.
struct Ground {
    asked: Exposing,
    chain: Chain,
    policy: Policy,
    versions: (Version, Version),
    /// Stands in ids for whose chain and policy these are, and says of nobody who that is.
    pseudonym: String,
    registry: Registry,
    places: HashMap<Identifier, usize>,
}

impl Ground {
    fn open(site: &Site, owner: &PartyId, asked: &Exposing) -> Result<Self, Unjudged> {
        let shelf = &site.registry.shelf;
        let later = |error: &dyn std::fmt::Display| Unjudged::Later(error.to_string());
        let stored: Option<Shelved<SupplyChain>> =
            shelf.value(owner, &asked.supply_chain).map_err(|error| later(&error))?;
        let policy: Option<Shelved<Policy>> = shelf.value(owner, &asked.policy).map_err(|error| later(&error))?;
        let gone = |what: &str, name: &Name| Unjudged::Gone(format!("you keep no {what} {name}; put it again"));
        let stored = stored.ok_or_else(|| gone("supply chain", &asked.supply_chain))?;
        let Shelved { value: policy, version: of_policy, .. } = policy.ok_or_else(|| gone("policy", &asked.policy))?;
        // What is wrong with it would name suppliers in a line of the log.
        let chain = stored.value.chain().map_err(|_| later(&"a supply chain that was kept cannot be read"))?;
        supply_chains::weighable(&policy, &chain).map_err(Unjudged::TooMuch)?;
        let places = chain.suppliers().map(|(place, supplier)| (supplier.clone(), place)).collect();
        let registry = Registry { id: site.registry.config.registry.id.clone(), levels: levels(&site.register()) };
        let Exposing { supply_chain, policy: named, .. } = asked;
        // No name has a slash in it.
        let pseudonym = site.registry.vault.pseudonym(&format!("exposures/{owner}/{supply_chain}/{named}"));
        let versions = (stored.version, of_policy);
        Ok(Self { asked: asked.clone(), versions, pseudonym, chain, policy, registry, places })
    }

    /// The suppliers that an event is about, by their places.
    fn touched<'a>(&'a self, event: &'a Event) -> impl Iterator<Item = usize> + 'a {
        let suppliers = match &event.about {
            Some(event::About::Verdict(about)) => &about.suppliers[..],
            _ => &[],
        };
        suppliers.iter().filter_map(|supplier| self.places.get(supplier).copied())
    }

    fn measure<'a>(&'a self, standings: &'a BTreeMap<Identifier, Standing>) -> Measure<'a> {
        Measure { policy: &self.policy, step: self.asked.step, registry: &self.registry, standings }
    }

    /// What the entry with these events does to the chain.
    fn exposed(&self, site: &Site, entry: &[Event]) -> Result<Option<Exposed>, Problem> {
        let causes: Vec<&Event> = entry.iter().filter(|event| self.touched(event).next().is_some()).collect();
        let Some(first) = causes.first() else { return Ok(None) };
        let spot = Spot::of_entry(first.index);
        let at = sequenced(site, spot.index)?;
        let now = AsOf::KnownThen { size: spot.index.saturating_add(1), at };
        let touched: BTreeSet<usize> = causes.iter().flat_map(|event| self.touched(event)).collect();
        let before = self.standings(site, &touched, |supplier| before(site, supplier, spot.index))?;
        let after = self.standings(site, &touched, |_| Ok(now))?;
        let before = self.review(self.measure(&before), &touched)?;
        let after = self.review(self.measure(&after), &touched)?;
        let shift = Shift::of(&before, &after, |links| self.told(site, links, now))?;
        shift.map(|shift| self.event(site, spot, at, &causes, &shift)).transpose()
    }

    fn review<'a>(&'a self, measure: Measure<'a>, suppliers: &BTreeSet<usize>) -> Result<Review<'a>, Problem> {
        let review = Review::of_some(&self.chain, measure, suppliers);
        review.map_err(|error| code::internal("a supply chain could not be reviewed", &error))
    }

    /// What these links expose as of then.
    fn told(&self, site: &Site, links: &[usize], as_of: AsOf) -> Result<Exposure, Problem> {
        let concerned = concerned(&self.chain, links);
        let standings = self.standings(site, &concerned, |_| Ok(as_of))?;
        Ok(exposure(&self.review(self.measure(&standings), &concerned)?, links))
    }

    /// How these suppliers stood, as far as everybody may see.
    fn standings(
        &self,
        site: &Site,
        places: &BTreeSet<usize>,
        when: impl Fn(&Identifier) -> Result<AsOf, Problem>,
    ) -> Result<BTreeMap<Identifier, Standing>, Problem> {
        let suppliers = self.chain.suppliers().filter(|(place, _)| places.contains(place));
        let standings = suppliers.map(|(place, supplier)| {
            let country = self.chain.nodes()[place].country.clone();
            let (about, as_of) = (About::Everything, when(supplier)?);
            let question = Question { supplier: supplier.clone(), country, about, viewpoint: None, as_of };
            Ok((supplier.clone(), standing::for_all(site, &question)?))
        });
        standings.collect()
    }

    fn event(
        &self,
        site: &Site,
        spot: Spot,
        at: Timestamp,
        causes: &[&Event],
        shift: &Shift,
    ) -> Result<Exposed, Problem> {
        let (config, (of_chain, of_policy)) = (&site.registry.config, self.versions);
        let Exposing { supply_chain, policy, step } = &self.asked;
        let id = format!("{}-{}-c{of_chain}-p{of_policy}-{step}", spot.index, self.pseudonym);
        let told = Told {
            supply_chain: Named { name: supply_chain, version: of_chain },
            policy: Named { name: policy, version: of_policy },
            step: step.as_str(),
            events: causes.iter().take(MAX_CAUSES).map(|event| event.id()).collect(),
            more_events: causes.len().saturating_sub(MAX_CAUSES),
            shift,
        };
        let kind = if shift.is_worse { EXPOSED } else { EASED };
        let event = json!({
            "specversion": "1.0", "id": id, "source": config.http.public_url, "type": format!("{TYPE_PREFIX}{kind}"),
            "subject": supply_chain, "time": at, "datacontenttype": "application/json", "registry": config.registry.id,
            "logindex": spot.index.to_string(), "data": told,
        });
        Ok(Exposed { spot, id, json: Bytes::from(event.to_string()) })
    }
}

/// What is told of an exposure.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Told<'a> {
    supply_chain: Named<'a>,
    policy: Named<'a>,
    step: &'static str,
    /// The events of the entry that touch the chain.
    events: Vec<String>,
    /// How many more there are.
    more_events: usize,
    #[serde(flatten)]
    shift: &'a Shift,
}

/// Something that is kept here, in a version.
#[derive(Serialize)]
struct Named<'a> {
    name: &'a Name,
    version: Version,
}

/// As of when the supplier was last spoken of before this entry; just before it, where it never was.
fn before(site: &Site, supplier: &Identifier, index: u64) -> Result<AsOf, Problem> {
    let register = site.register();
    let own = register.verdicts_of(supplier);
    let own = own.iter().filter(|record| record.terms.profile.is_public());
    let own = own.flat_map(|record| record.history.iter().map(|item| item.index));
    let foreign = register.recognitions_of(supplier);
    let foreign = foreign.iter().flat_map(|record| record.entries.iter().copied());
    let last = own.chain(foreign).filter(|entry| *entry < index).max();
    drop(register);
    match last {
        Some(last) => Ok(AsOf::KnownThen { size: last.saturating_add(1), at: sequenced(site, last)? }),
        None => Ok(AsOf::KnownThen { size: index, at: sequenced(site, index)? }),
    }
}

impl Exposures for Site {
    fn first(
        &self,
        owner: &PartyId,
        asked: &Exposing,
        entries: &[Arc<[Event]>],
        from: Spot,
    ) -> Result<Option<Exposed>, Unjudged> {
        let ground = Ground::open(self, owner, asked)?;
        let is_behind = |entry: &&Arc<[Event]>| entry.first().is_some_and(|event| Spot::of_entry(event.index) >= from);
        for entry in entries.iter().filter(is_behind) {
            let exposed = ground.exposed(self, entry).map_err(|problem| Unjudged::Later(problem.detail.to_string()))?;
            if exposed.is_some() {
                return Ok(exposed);
            }
        }
        Ok(None)
    }
}

/// What became of a question.
#[derive(Serialize)]
struct Answer {
    events: Vec<Box<RawValue>>,
    next: String,
    more: bool,
    checkpoint: Option<String>,
}

/// `GET /v1/supply-chains/{chain}/exposures`
pub(super) fn pull(site: &Site, ask: &Ask) -> Result<Response, Problem> {
    let owner = party(ask)?;
    own::sparingly(site, ask)?;
    let asked = asked(ask)?;
    let feed = &site.registry.feed;
    let place = event_filter::place(ask, &HeaderMap::new(), feed)?;
    let _turn = Turn::at_once(site, ask)?;
    let ground = Ground::open(site, &owner, &asked).map_err(refused)?;
    let mut reading = Reading::from(place, feed.size());
    let mut events = Vec::new();
    while events.len() < MAX_EXPOSURES && reading.goes_on(feed.size()) {
        let batch = feed.next(reading.entry).map_err(|error| code::internal("the log could not be read", &error))?;
        for entry in &batch {
            let exposed = ground.exposed(site, entry)?;
            events.extend(exposed.map(|exposed| raw(&exposed.json)).transpose()?);
            reading.entry += 1;
            if events.len() >= MAX_EXPOSURES || !reading.goes_on(feed.size()) {
                break;
            }
        }
    }
    let checkpoint = site.published.newest(&site.registry);
    let checkpoint = checkpoint.map_err(|error| code::internal("the checkpoint could not be read", &error))?;
    let checkpoint = checkpoint.map(|checkpoint| String::from_utf8_lossy(&checkpoint.note).into_owned());
    let (next, more) = (reading.place().to_string(), reading.entry < feed.size());
    answer::json(&Answer { events, next, more, checkpoint })
}

/// How far an answer is.
struct Reading {
    /// The entry that is looked at next.
    entry: u64,
    until: u64,
    ends: Instant,
}

impl Reading {
    /// From behind the entry of `place`; from what comes next in a log of `size` entries where none is named.
    fn from(place: Option<Place>, size: u64) -> Self {
        let entry = match place {
            Some(Place::Start) => 0,
            Some(Place::Behind { index, .. }) => index.saturating_add(1),
            None => size,
        };
        Self { entry, until: entry.saturating_add(MAX_ENTRIES), ends: Instant::now() + MAX_TIME }
    }

    fn goes_on(&self, size: u64) -> bool {
        self.entry < self.until.min(size) && Instant::now() < self.ends
    }

    /// The last entry that nobody needs to look at again.
    fn place(&self) -> Place {
        self.entry.checked_sub(1).map_or(Place::Start, |index| Place::Behind { index, position: 0 })
    }
}

fn asked(ask: &Ask) -> Result<Exposing, Problem> {
    let policy: Option<Name> = ask.query().one("policy")?;
    let policy = policy.ok_or_else(|| bad_parameter("policy", "name a policy that you keep here"))?;
    let step = ask.query().one("step")?.unwrap_or_else(usual_step);
    Ok(Exposing { supply_chain: ask.value()?, policy, step })
}

fn refused(error: Unjudged) -> Problem {
    match error {
        Unjudged::Gone(_) => Problem::not_found(),
        Unjudged::TooMuch(why) => bad_parameter("policy", why),
        Unjudged::Later(error) => code::internal("a supply chain could not be read", &error),
    }
}

fn raw(json: &Bytes) -> Result<Box<RawValue>, Problem> {
    let written = serde_json::from_slice(json);
    written.map_err(|error| code::internal("an exposure could not be written", &error))
}
