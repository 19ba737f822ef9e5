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
use conformity::words::Language;
use jiff::Timestamp;
use procurement::exposure::concerned;
use procurement::{Chain, Exposure, Measure, Policy, Registry, Review, Shift, exposure};
use serde::Serialize;
use serde_json::json;
use serde_json::value::RawValue;
use warp::http::HeaderMap;
use warp::reply::Response;

use super::ask::{Ask, bad_parameter};
use super::code::{self, Code};
use super::consented::party;
use super::inquiry::Turn;
use super::log::sequenced;
use super::site::Site;
use super::supply_chains::{self, levels};
use super::{answer, event_filter, own, standing};
use crate::buyer::exposing::{Exposed, Exposing, Exposures, Unjudged, usual_step};
use crate::buyer::hindrance::Hindrance;
use crate::buyer::lane::Spot;
use crate::buyer::shelf::{Name, ShelfError, Shelved, Version};
use crate::buyer::supply_chain::SupplyChain;
use crate::core::event::{self, Event, TYPE_PREFIX};
use crate::core::filter::Place;
use crate::problem::Problem;

/// Types of what is told, behind the usual prefix.
const EXPOSED: &str = "supply-chain.exposed";
const EASED: &str = "supply-chain.eased";
/// Events of an entry that are named as its cause.
const MAX_CAUSES: usize = 64;
/// What one answer is full with: exposures, entries that were looked at, and time. A turn is held meanwhile, for no longer than for a whole
/// chain: whoever reads on asks again, behind those who wait.
const MAX_EXPOSURES: usize = 16;
const MAX_ENTRIES: u64 = 16_384;
const MAX_TIME: Duration = Duration::from_secs(1);
const UNREADABLE: &str = "a supply chain could not be read";

/// A chain and a policy, as they are now.
struct Ground {
    asked: Exposing,
    chain: Chain,
    policy: Policy,
    versions: (Version, Version),
    /// Stands in ids for whose chain and policy these are, and says of nobody who that is.
    pseudonym: String,
    places: HashMap<Identifier, usize>,
}

impl Ground {
    fn open(site: &Site, owner: &PartyId, asked: &Exposing) -> Result<Self, Unjudged> {
        let shelf = &site.registry.shelf;
        let stored: Shelved<SupplyChain> =
            kept(shelf.value(owner, &asked.supply_chain), (Hindrance::ChainGone, Hindrance::ChainUnreadable))?;
        let Shelved { value: policy, version: of_policy, .. } =
            kept::<Policy>(shelf.value(owner, &asked.policy), (Hindrance::PolicyGone, Hindrance::PolicyUnreadable))?;
        // It was read when it was put, by a program that may have been another.
        let chain = stored.value.chain().map_err(|_| Unjudged::Stuck(Hindrance::ChainUnreadable))?;
        supply_chains::weighable(&policy, &chain).map_err(Unjudged::Stuck)?;
        let places = chain.suppliers().map(|(place, supplier)| (supplier.clone(), place)).collect();
        let Exposing { supply_chain, policy: named, .. } = asked;
        // No name has a slash in it.
        let pseudonym = site.registry.vault.pseudonym(&format!("exposures/{owner}/{supply_chain}/{named}"));
        let versions = (stored.version, of_policy);
        Ok(Self { asked: asked.clone(), versions, pseudonym, chain, policy, places })
    }

    /// The suppliers that an event is about, by their places.
    fn touched<'a>(&'a self, event: &'a Event) -> impl Iterator<Item = usize> + 'a {
        let suppliers = match &event.about {
            Some(event::About::Verdict(about)) => &about.suppliers[..],
            _ => &[],
        };
        suppliers.iter().filter_map(|supplier| self.places.get(supplier).copied())
    }

    fn measure<'a>(&'a self, registry: &'a Registry, standings: &'a BTreeMap<Identifier, Standing>) -> Measure<'a> {
        Measure { policy: &self.policy, step: self.asked.step, registry, standings }
    }

    /// What the entry with these events does to the chain.
    fn exposed(&self, site: &Site, entry: &[Event]) -> Result<Option<Exposed>, Problem> {
        let causes: Vec<&Event> = entry.iter().filter(|event| self.touched(event).next().is_some()).collect();
        let Some(first) = causes.first() else { return Ok(None) };
        let spot = Spot::of_entry(first.index);
        let at = sequenced(site, spot.index)?;
        let now = AsOf::KnownThen { size: spot.index.saturating_add(1), at };
        // Levels of a scheme that is published later say nothing of this entry, or it would be told otherwise when it is told again.
        let registry =
            Registry { id: site.registry.config.registry.id.clone(), levels: levels(&site.register(), &now) };
        let touched: BTreeSet<usize> = causes.iter().flat_map(|event| self.touched(event)).collect();
        let before = self.standings(site, &touched, |supplier| before(site, supplier, spot.index))?;
        let after = self.standings(site, &touched, |_| Ok(now))?;
        let before = self.review(self.measure(&registry, &before), &touched)?;
        let after = self.review(self.measure(&registry, &after), &touched)?;
        let shift = Shift::of(&before, &after, |links| self.told(site, &registry, links, now))?;
        shift.map(|shift| self.event(site, spot, at, &causes, &shift)).transpose()
    }

    fn review<'a>(&'a self, measure: Measure<'a>, suppliers: &BTreeSet<usize>) -> Result<Review<'a>, Problem> {
        let review = Review::of_some(&self.chain, measure, suppliers);
        review.map_err(|error| code::internal("a supply chain could not be reviewed", &error))
    }

    /// What these links expose as of then.
    fn told(&self, site: &Site, registry: &Registry, links: &[usize], as_of: AsOf) -> Result<Exposure, Problem> {
        let concerned = concerned(&self.chain, links);
        let standings = self.standings(site, &concerned, |_| Ok(as_of))?;
        Ok(exposure(&self.review(self.measure(registry, &standings), &concerned)?, links))
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
            let index = entry.first().map_or(0, |event| event.index);
            let exposed = ground.exposed(self, entry).map_err(|problem| match never(&problem) {
                Some(why) => Unjudged::Never(Spot::of_entry(index), why),
                None if problem.code() == Code::Busy.as_str() => Unjudged::Busy,
                None => Unjudged::Later(problem.detail),
            })?;
            if exposed.is_some() {
                return Ok(exposed);
            }
        }
        Ok(None)
    }
}

/// What is kept under a name, or why it is not there for now.
fn kept<T>(
    read: Result<Option<Shelved<T>>, ShelfError>,
    (gone, unreadable): (Hindrance, Hindrance),
) -> Result<Shelved<T>, Unjudged> {
    match read {
        Ok(kept) => kept.ok_or(Unjudged::Stuck(gone)),
        Err(error) if error.is_of_one_value() => Err(Unjudged::Stuck(unreadable)),
        Err(error) => Err(Unjudged::Later(error.to_string())),
    }
}

/// Why an entry is passed, where trying again at once would end much the same. What was read of it stays in memory for a while, so that a later
/// question may get further: a replay asks it.
fn never(problem: &Problem) -> Option<Hindrance> {
    (problem.code() == Code::TooMuchPast.as_str()).then_some(Hindrance::TooMuchPast)
}

/// An entry that touches the chain and is never judged.
#[derive(Serialize)]
struct NotJudged {
    logindex: String,
    code: Hindrance,
    why: String,
}

/// What became of a question.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Answer {
    events: Vec<Box<RawValue>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    not_judged: Vec<NotJudged>,
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
    let (mut events, mut not_judged) = (Vec::new(), Vec::new());
    while reading.goes_on(feed.size(), events.len() + not_judged.len()) {
        let batch = feed.next(reading.entry).map_err(|error| code::internal("the log could not be read", &error))?;
        for entry in &batch {
            match ground.exposed(site, entry) {
                Ok(exposed) => events.extend(exposed.map(|exposed| raw(&exposed.json)).transpose()?),
                Err(problem) => not_judged.push(reading.not_judged(problem, ask.language())?),
            }
            reading.entry += 1;
            if !reading.goes_on(feed.size(), events.len() + not_judged.len()) {
                break;
            }
        }
    }
    let checkpoint = site.published.newest(&site.registry);
    let checkpoint = checkpoint.map_err(|error| code::internal("the checkpoint could not be read", &error))?;
    let checkpoint = checkpoint.map(|checkpoint| String::from_utf8_lossy(&checkpoint.note).into_owned());
    let (next, more) = (reading.place().to_string(), reading.entry < feed.size());
    let answer = answer::json(&Answer { events, not_judged, next, more, checkpoint })?;
    Ok(answer::in_language(answer, ask.language()))
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

    /// Whether there is more to look at, and room for what it does beside as many as there are.
    fn goes_on(&self, size: u64, found: usize) -> bool {
        found < MAX_EXPOSURES && self.entry < self.until.min(size) && Instant::now() < self.ends
    }

    /// That the entry it is at is not judged: told where it never will be, so that whoever asks gets past it.
    fn not_judged(&self, problem: Problem, language: Language) -> Result<NotJudged, Problem> {
        let code = never(&problem).ok_or(problem)?;
        Ok(NotJudged { logindex: self.entry.to_string(), code, why: code.words(language) })
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
        Unjudged::Stuck(Hindrance::ChainGone | Hindrance::PolicyGone) => Problem::not_found(),
        Unjudged::Stuck(why @ Hindrance::TooMuchToWeigh) => bad_parameter("policy", why.words(Language::English)),
        Unjudged::Stuck(why) | Unjudged::Never(_, why) => code::internal(UNREADABLE, &why.as_str()),
        Unjudged::Later(error) => code::internal(UNREADABLE, &error),
        // A question is answered by the problem itself.
        Unjudged::Busy => code::internal(UNREADABLE, &"too many ask"),
    }
}

fn raw(json: &Bytes) -> Result<Box<RawValue>, Problem> {
    let written = serde_json::from_slice(json);
    written.map_err(|error| code::internal("an exposure could not be written", &error))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn whoever_asks_gets_past_what_is_never_judged_and_not_past_what_is_not_yet() {
        let reading = Reading::from(Some(Place::Start), 9);
        let told = reading.not_judged(code::too_much_past(), Language::English).unwrap();
        assert_eq!((told.logindex.as_str(), told.code), ("0", Hindrance::TooMuchPast));
        let busy = Problem::busy(Code::Busy.as_str(), "ask again", 1);
        assert_eq!(reading.not_judged(busy, Language::English).err().unwrap().status, 503);
    }

    #[test]
    fn an_answer_ends_with_its_time_its_entries_or_its_room() {
        let mut reading = Reading::from(None, 9);
        assert!(!reading.goes_on(9, 0) && reading.goes_on(10, 0) && !reading.goes_on(10, MAX_EXPOSURES));
        reading.ends = Instant::now();
        assert!(!reading.goes_on(10, 0));
        let mut reading = Reading::from(Some(Place::Start), u64::MAX);
        reading.entry = MAX_ENTRIES;
        assert!(!reading.goes_on(u64::MAX, 0));
    }
}
