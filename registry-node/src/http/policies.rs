//! The policies that a party keeps here for itself: by name, and nobody else's are ever looked at.
//!
//! Out of scope: what a policy means (`procurement::policy`), and deciding by one (`decisions`).

use procurement::Policy;
use procurement::policy::MAX_POLICY;
use serde::Serialize;
use warp::reply::Response;

use super::answer;
use super::ask::Ask;
use super::code;
use super::consented::party;
use super::own::{Sent, tagged};
use super::representatives;
use super::site::Site;
use crate::buyer::hindrance::Hindrance;
use crate::buyer::shelf::{Kept, Kind, Listed, Name, Shelved, Version};
use crate::problem::Problem;

impl Kept for Policy {
    const KIND: Kind = Kind { name: "policies", values: 64, value_bytes: MAX_POLICY, all_bytes: 16 * MAX_POLICY };
}

/// The policies of a party.
#[derive(Serialize)]
struct Listing {
    policies: Vec<Listed>,
}

/// A policy that was put.
#[derive(Serialize)]
struct Put<'a> {
    name: &'a Name,
    version: Version,
    rules: usize,
}

/// The policy of that name that the asker keeps here.
pub(super) fn kept(site: &Site, ask: &Ask, name: &Name) -> Result<Shelved<Policy>, Problem> {
    representatives::may_use(site, ask, name)?;
    let found = site.registry.shelf.value(&party(ask)?, name).map_err(|error| code::kept(&error))?;
    found.ok_or_else(Problem::not_found)
}

/// `GET /v1/policies`
pub(super) fn list(site: &Site, ask: &Ask) -> Result<Response, Problem> {
    let policies = site.registry.shelf.list::<Policy>(&party(ask)?).map_err(|error| code::kept(&error))?;
    answer::json(&Listing { policies })
}

/// `GET /v1/policies/{policy}`
pub(super) fn one(site: &Site, ask: &Ask) -> Result<Response, Problem> {
    let Shelved { value, version, .. } = kept(site, ask, &ask.value()?)?;
    Ok(tagged(answer::json(&value)?, version))
}

/// `PUT /v1/policies/{policy}`
pub(super) fn put(site: &Site, ask: &Ask, sent: &Sent) -> Result<Response, Problem> {
    let policy = Policy::parse(&sent.body).map_err(code::bad_question)?;
    let name: Name = ask.value()?;
    let put = site.registry.shelf.put(&sent.party, &name, &policy, sent.condition, site.registry.now());
    let version = put.map_err(|error| code::kept(&error))?;
    Ok(tagged(answer::json(&Put { name: &name, version, rules: policy.rules.len() })?, version))
}

/// `DELETE /v1/policies/{policy}`
pub(super) fn remove(site: &Site, ask: &Ask, sent: &Sent) -> Result<Response, Problem> {
    let (registry, name) = (&site.registry, ask.value::<Name>()?);
    let _changing = registry.dispatch.changing();
    let removed = registry.shelf.remove::<Policy>(&sent.party, &name, sent.condition);
    if !removed.map_err(|error| code::kept(&error))? {
        return Err(Problem::not_found());
    }
    registry.dispatch.lost(&sent.party, Hindrance::PolicyGone, registry.now(), |exposing| exposing.policy == name);
    Ok(answer::done())
}
