//! Who may ask on behalf of whom: a network operator or a sector's body has the documents of many members, and asks for each with that
//! member's rights, as far as the member let it.
//!
//! ```text
//! member ──its own certificate──▶ PUT /v1/representatives/{party}   {"asks": ["bridges"], "policies": ["parts"], "until": "…"}
//! party  ──its own certificate──▶ POST /v1/bridges/edifact          On-Behalf-Of: <member>
//! ```
//!
//! A question is for one member and never for several: what is shown is what that member may see, and nothing of the asker's own rights
//! or of another member's comes into it. The mandate is looked at before a question and once more before its answer leaves; what is asked is
//! recorded for the member first. It stands no longer than the certificate by which it was put, for whoever stole that could have put it. Out
//! of scope: what is answered (each in a module of its own).

use std::collections::{BTreeSet, VecDeque};

use certs::Serial;
use conformity::ids::PartyId;
use conformity::records::Facts as _;
use jiff::Timestamp;
use ledger::digest::Digest;
use serde::{Deserialize, Serialize};
use warp::http::HeaderValue;
use warp::reply::Response;

use super::answer;
use super::ask::{Ask, bad_parameter};
use super::catena_x;
use super::code::{self, Code};
use super::consented::party;
use super::own::{self, Sent, tagged};
use super::route::{Handler, Route};
use super::site::Site;
use crate::buyer::shelf::{Condition, Kept, Kind, Listed, Name, ShelfError, Shelved, Version};
use crate::problem::Problem;

/// The header that names the member.
pub(super) const MEMBER: &str = "on-behalf-of";
/// Most bytes of a mandate, as sent.
pub(super) const MAX_BYTES: usize = 16 * 1024;
/// Most policies that a mandate names.
const POLICIES_MAX: usize = 64;
/// The last acts of a representative that are told; of those before, how many there were.
const ACTS_TOLD: usize = 100;

/// What a party may ask on behalf of the one that keeps this.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Mandate {
    /// Which questions.
    asks: BTreeSet<Asks>,
    /// By which of the member's policies; none of them where none are named.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    policies: BTreeSet<Name>,
    /// Until when; until it is taken back where that is not said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    until: Option<Timestamp>,
}

/// Questions that can be asked on behalf of another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Asks {
    /// Documents of a trading network are answered.
    Bridges,
    /// A decision about one partner.
    Decisions,
    /// How many suppliers stand.
    Portfolio,
}

/// A mandate as it is kept: with the certificate by which the member put it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Given {
    mandate: Mandate,
    /// The certificate's number.
    by: Serial,
    /// When it ends, and the mandate with it: lists of revoked certificates forget those that ended.
    ends: Timestamp,
}

impl Kept for Given {
    const KIND: Kind = Kind { name: "mandates", values: 64, value_bytes: 16 * 1024, all_bytes: 256 * 1024 };
}

impl Given {
    /// Whether whoever put it still speaks for the member, as it did then, and the member still speaks for itself.
    fn holds(&self, site: &Site, ask: &Ask, member: &PartyId) -> bool {
        let speaks = site.registry.now() < self.ends && !ask.caller().is_revoked(&self.by);
        let register = site.register();
        speaks && register.party(member).is_some_and(|record| record.succeeded.is_none())
    }
}

/// What a representative asked.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Acts {
    /// How often it asked, ever.
    count: u64,
    /// The last of it, oldest first.
    acts: VecDeque<Act>,
}

/// One question.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Act {
    at: Timestamp,
    /// Where it was asked.
    path: String,
    /// SHA-256 of the body, by which the member knows its own document again.
    input: String,
}

impl Kept for Acts {
    const KIND: Kind =
        Kind { name: "acts-of-representatives", values: 128, value_bytes: 64 * 1024, all_bytes: 4 * 1024 * 1024 };
}

impl Asks {
    fn of(route: &Route) -> Option<Asks> {
        match route.handler {
            Handler::Inquiry { .. } if route.path.starts_with(catena_x::BASE) => None,
            Handler::Inquiry { .. } => match route.path {
                "/v1/decisions" => Some(Self::Decisions),
                "/v1/portfolio" => Some(Self::Portfolio),
                "/v1/bridges/{network}" => Some(Self::Bridges),
                _ => None,
            },
            _ => None,
        }
    }
}

/// Whether a route can be asked on behalf of another.
pub(super) fn takes(route: &Route) -> bool {
    Asks::of(route).is_some()
}

/// The member that is named, where the route can be asked on behalf of one at all.
pub(super) fn member(route: &Route, named: &HeaderValue) -> Result<PartyId, Problem> {
    if !takes(route) {
        return Err(code::not_represented("decisions, portfolios and bridges alone are asked on behalf of others"));
    }
    let named = named.to_str().map_err(|_| bad_parameter("On-Behalf-Of", "the id of a party"))?;
    named.parse().map_err(|error| bad_parameter("On-Behalf-Of", error))
}

/// Somebody who asks on behalf of a member, as the two are known here.
struct Between<'a> {
    member: &'a PartyId,
    representative: Name,
    asks: Asks,
}

impl<'a> Between<'a> {
    /// Nothing where a party asks for itself.
    fn of(ask: &'a Ask) -> Result<Option<Between<'a>>, Problem> {
        let (Some(member), Some(asks)) = (ask.member(), Asks::of(ask.route())) else { return Ok(None) };
        let representative = ask.representative().ok_or_else(Problem::certificate_required)?;
        Ok(Some(Between { member, representative: named(representative)?, asks }))
    }

    /// The mandate as it stands at this moment.
    fn mandate(&self, site: &Site, ask: &Ask) -> Result<Mandate, Problem> {
        let given = site.registry.shelf.value::<Given>(self.member, &self.representative)?;
        let given = given.map(|shelved| shelved.value).filter(|given| given.holds(site, ask, self.member));
        let stands = |mandate: &Mandate| {
            mandate.asks.contains(&self.asks) && mandate.until.is_none_or(|until| site.registry.now() < until)
        };
        let mandate = given.map(|given| given.mandate).filter(stands);
        mandate.ok_or_else(|| code::not_represented("it did not let you ask this on its behalf, or does no more"))
    }

    /// Records what is asked, durably. The acts of whoever asked longest ago make room for those of another.
    fn record(&self, site: &Site, act: &Act) -> Result<(), Problem> {
        site.registry
            .shelf
            .change(self.member, |shelf| {
                let listed = shelf.list::<Acts>()?;
                let is_there = listed.iter().any(|one| one.name == self.representative);
                let oldest = listed.iter().min_by_key(|one| one.changed);
                if let Some(oldest) = oldest.filter(|_| !is_there && listed.len() >= Acts::KIND.values) {
                    shelf.remove::<Acts>(&oldest.name, Condition::Any)?;
                }
                let there = shelf.value::<Acts>(&self.representative)?;
                let mut acts = there.map(|there| there.value).unwrap_or_default();
                acts.count += 1;
                acts.acts.push_back(act.clone());
                acts.acts.drain(..acts.acts.len().saturating_sub(ACTS_TOLD));
                shelf.put(&self.representative, &acts, Condition::Any, site.registry.now()).map(drop)
            })
            .map_err(|error: ShelfError| code::kept(&error))
    }
}

/// Party ids are names, too.
fn named(party: &PartyId) -> Result<Name, Problem> {
    party.as_str().parse().map_err(|error| code::internal("a party could not be named", &error))
}

/// Takes up a question: on behalf of a member only where its mandate stands, and recorded for it, once, however often the answer is made.
pub(super) fn taken_up(site: &Site, ask: &Ask, body: &[u8]) -> Result<(), Problem> {
    let Some(between) = Between::of(ask)? else { return Ok(()) };
    between.mandate(site, ask)?;
    let pair = (party_of(ask)?, between.member.clone());
    if !site.represented.take_of(pair, 1.0, site.registry.now()) {
        let detail = "you ask too often on behalf of this member; at most four times a second in the long run";
        return Err(Problem::busy(Code::Busy.as_str(), detail, 1));
    }
    let act = Act { at: site.registry.now(), path: ask.path().to_owned(), input: Digest::of(body).to_string() };
    between.record(site, &act)
}

/// The answer to a question that was taken up; on behalf of a member only while its mandate stands.
pub(super) fn answered(
    site: &Site,
    ask: &Ask,
    answer: impl FnOnce() -> Result<Response, Problem>,
) -> Result<Response, Problem> {
    let Some(between) = Between::of(ask)? else { return answer() };
    let answer = answer()?;
    // It may have been taken back meanwhile; then nothing leaves.
    between.mandate(site, ask)?;
    Ok(answer)
}

fn party_of(ask: &Ask) -> Result<PartyId, Problem> {
    ask.representative().cloned().ok_or_else(Problem::certificate_required)
}

/// Refuses a policy of the member that its mandate does not name, as if there were none.
pub(super) fn may_use(site: &Site, ask: &Ask, policy: &Name) -> Result<(), Problem> {
    let Some(between) = Between::of(ask)? else { return Ok(()) };
    if between.mandate(site, ask)?.policies.contains(policy) { Ok(()) } else { Err(Problem::not_found()) }
}

/// The representatives of a party.
#[derive(Serialize)]
struct Listing {
    representatives: Vec<Listed>,
}

/// A mandate that was put.
#[derive(Serialize)]
struct Put<'a> {
    name: &'a Name,
    version: Version,
    /// When it ends with the certificate by which it was put, if not before.
    ends: Timestamp,
}

/// `GET /v1/representatives`
pub(super) fn list(site: &Site, ask: &Ask) -> Result<Response, Problem> {
    let representatives = site.registry.shelf.list::<Given>(&party(ask)?)?;
    answer::json(&Listing { representatives })
}

/// `GET /v1/representatives/{party}`
pub(super) fn one(site: &Site, ask: &Ask) -> Result<Response, Problem> {
    let found = site.registry.shelf.value::<Given>(&party(ask)?, &named(&ask.value()?)?)?;
    let Shelved { value, version, .. } = found.ok_or_else(Problem::not_found)?;
    Ok(tagged(answer::json(&value.mandate)?, version))
}

/// `GET /v1/representatives/{party}/acts`
pub(super) fn acts(site: &Site, ask: &Ask) -> Result<Response, Problem> {
    let found = site.registry.shelf.value::<Acts>(&party(ask)?, &named(&ask.value()?)?);
    let found = found.map_err(|error| code::kept(&error))?;
    answer::json(&found.map(|shelved| shelved.value).unwrap_or_default())
}

/// `PUT /v1/representatives/{party}`. Whether there is such a party is not told: who buys and supplies is nobody's business.
pub(super) fn put(site: &Site, ask: &Ask, sent: &Sent) -> Result<Response, Problem> {
    let mandate: Mandate = own::read(sent)?;
    if mandate.asks.is_empty() {
        return Err(code::bad_question("asks: name at least one of bridges, decisions, portfolio"));
    }
    if mandate.policies.len() > POLICIES_MAX {
        return Err(code::bad_question(format_args!("policies: at most {POLICIES_MAX}")));
    }
    let representative: PartyId = ask.value()?;
    if representative == sent.party {
        return Err(bad_parameter("party", "you ask for yourself without a mandate"));
    }
    let name = named(&representative)?;
    let speaker = ask.speaker().ok_or_else(Problem::certificate_required)?;
    let given = Given { mandate, by: speaker.serial, ends: speaker.not_after };
    let version = site.registry.shelf.put(&sent.party, &name, &given, sent.condition, site.registry.now())?;
    Ok(tagged(answer::json(&Put { name: &name, version, ends: given.ends })?, version))
}

/// `DELETE /v1/representatives/{party}`: what it asked stays to be read.
pub(super) fn remove(site: &Site, ask: &Ask, sent: &Sent) -> Result<Response, Problem> {
    if site.registry.shelf.remove::<Given>(&sent.party, &named(&ask.value()?)?, sent.condition)? {
        Ok(answer::done())
    } else {
        Err(Problem::not_found())
    }
}
