//! The supply chains that a buyer keeps here for itself: what in them does not meet its policy, what that exposes, and the drawing.
//!
//! ```text
//! PUT /v1/supply-chains/{chain}                             text/csv or application/json
//! GET /v1/supply-chains/{chain}/exposure?policy=<name>      what is exposed now
//! GET /v1/supply-chains/{chain}/drawing?policy=<name>       the same as SVG
//! ```
//!
//! Each supplier is looked at as if the buyer asked about it alone, by the same rights. Out of scope: what is exposed (`procurement`),
//! and how things are kept (`buyer::shelf`).

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use conformity::as_of::AsOf;
use conformity::identifiers::Identifier;
use conformity::records::Register;
use conformity::standing::{About, Question, Standing};
use conformity::words::Language;
use procurement::{Chain, Measure, Policy, Registry, Review, TradingStep, drawing, exposure};
use serde::Serialize;
use warp::http::HeaderValue;
use warp::http::header::CONTENT_SECURITY_POLICY;
use warp::reply::Response;

use super::answer::{self, JSON, Keep};
use super::ask::{Ask, bad_parameter};
use super::code;
use super::consented::party;
use super::inquiry::Turn;
use super::own::{Sent, tagged};
use super::site::Site;
use super::{policies, standing};
use crate::buyer::exposing::{Exposing, usual_step};
use crate::buyer::hindrance::Hindrance;
use crate::buyer::shelf::{Listed, Name, Shelved, Version};
use crate::buyer::source::Source;
use crate::buyer::supply_chain::{Form, SupplyChain};
use crate::problem::Problem;

/// Media type of tables (RFC 7111).
pub(super) const CSV: &str = "text/csv";
/// Media type of drawings.
pub(super) const SVG: &str = "image/svg+xml";
/// What a chain may be sent as.
pub(super) const FORMS: &[&str] = &[JSON, CSV];
/// Most suppliers of a chain that is kept: each is looked at for one answer.
const MAX_SUPPLIERS: usize = 5_000;
/// Most parts of requirements that are weighed for the links: those of the policy, for each. Alternatives have a bound of their own.
const MAX_WEIGHED: usize = 1_000_000;

/// The chains of a party.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Listing {
    supply_chains: Vec<Listed>,
}

/// A chain that was put.
#[derive(Serialize)]
struct Put<'a> {
    name: &'a Name,
    version: Version,
    suppliers: usize,
    links: usize,
}

/// `GET /v1/supply-chains`
pub(super) fn list(site: &Site, ask: &Ask) -> Result<Response, Problem> {
    let listed = site.registry.shelf.list::<SupplyChain>(&party(ask)?);
    answer::json(&Listing { supply_chains: listed.map_err(|error| code::kept(&error))? })
}

/// `GET /v1/supply-chains/{chain}`: as it was sent.
pub(super) fn one(site: &Site, ask: &Ask) -> Result<Response, Problem> {
    let Shelved { value: SupplyChain { form, text }, version, .. } = kept(site, ask)?;
    let media_type = if form == Form::Csv { CSV } else { JSON };
    Ok(tagged(answer::bytes(media_type, Bytes::from(text), Keep::No), version))
}

/// `PUT /v1/supply-chains/{chain}`
pub(super) fn put(site: &Site, ask: &Ask, sent: &Sent) -> Result<Response, Problem> {
    let name: Name = ask.value()?;
    let form = if sent.media_type == CSV { Form::Csv } else { Form::Json };
    let text = std::str::from_utf8(&sent.body).map_err(code::bad_body)?.to_owned();
    let value = SupplyChain { form, text };
    let chain = value.chain().map_err(code::bad_body)?;
    let (suppliers, links) = (chain.suppliers().count(), chain.links().len());
    if suppliers > MAX_SUPPLIERS {
        let detail = format!(
            "{suppliers} suppliers; at most {MAX_SUPPLIERS} are kept here: check a larger chain with the command line"
        );
        return Err(code::bad_body(detail));
    }
    let registry = &site.registry;
    let (source, followed) = (Source::SupplyChain(name.clone()), Arc::new(SupplyChain::followed(&chain)));
    let _changing = registry.dispatch.changing();
    code::has_room(registry.dispatch.headroom(&sent.party, &source, followed.len(), None))?;
    let put = registry.shelf.put(&sent.party, &name, &value, sent.condition, registry.now());
    let version = put.map_err(|error| code::kept(&error))?;
    registry.dispatch.follow(&sent.party, &source, &followed);
    Ok(tagged(answer::json(&Put { name: &name, version, suppliers, links })?, version))
}

/// `DELETE /v1/supply-chains/{chain}`
pub(super) fn remove(site: &Site, ask: &Ask, sent: &Sent) -> Result<Response, Problem> {
    let (registry, name) = (&site.registry, ask.value::<Name>()?);
    let _changing = registry.dispatch.changing();
    let removed = registry.shelf.remove::<SupplyChain>(&sent.party, &name, sent.condition);
    if !removed.map_err(|error| code::kept(&error))? {
        return Err(Problem::not_found());
    }
    let names = |exposing: &Exposing| exposing.supply_chain == name;
    registry.dispatch.lost(&sent.party, Hindrance::ChainGone, registry.now(), names);
    Ok(answer::done())
}

/// `GET /v1/supply-chains/{chain}/exposure`: of all that does not meet the policy, or of one supplier.
pub(super) fn exposed(site: &Site, ask: &Ask) -> Result<Response, Problem> {
    party(ask)?;
    let supplier: Option<Identifier> = ask.query().one("supplier")?;
    let lost: Option<bool> = ask.query().one("if_lost")?;
    if lost.is_some() && supplier.is_none() {
        return Err(bad_parameter("if_lost", "name the supplier that is supposed to be lost"));
    }
    let ground = Ground::of(site, ask)?;
    let position = supplier.map(|supplier| ground.chain.find(&supplier).ok_or_else(not_in_chain)).transpose()?;
    let review = ground.review(position.filter(|_| lost == Some(true)))?;
    let broken = position.map_or_else(|| review.broken(), |position| review.broken_of(position));
    let told = exposure(&review, &broken).told(ask.language());
    Ok(answer::in_language(answer::json(&told)?, ask.language()))
}

/// `GET /v1/supply-chains/{chain}/drawing`
pub(super) fn drawn(site: &Site, ask: &Ask) -> Result<Response, Problem> {
    let ground = Ground::of(site, ask)?;
    let svg = drawing(&ground.review(None)?, ask.language());
    let mut response = answer::bytes(SVG, Bytes::from(svg), Keep::No);
    // A picture that is opened by itself is a document: it is let do nothing.
    let policy = HeaderValue::from_static("default-src 'none'; style-src 'unsafe-inline'; sandbox");
    response.headers_mut().insert(CONTENT_SECURITY_POLICY, policy);
    Ok(answer::in_language(response, ask.language()))
}

fn kept(site: &Site, ask: &Ask) -> Result<Shelved<SupplyChain>, Problem> {
    let found = site.registry.shelf.value(&party(ask)?, &ask.value()?).map_err(|error| code::kept(&error))?;
    found.ok_or_else(Problem::not_found)
}

fn not_in_chain() -> Problem {
    bad_parameter("supplier", "it is not in the chain; name a supplier of it")
}

/// All that a chain is judged by.
struct Ground {
    chain: Chain,
    policy: Policy,
    step: TradingStep,
    registry: Registry,
    standings: BTreeMap<Identifier, Standing>,
    _turn: Turn,
}

impl Ground {
    /// Of the chain in the path and the policy in the query, both the asker's own.
    fn of(site: &Site, ask: &Ask) -> Result<Self, Problem> {
        party(ask)?;
        let name: Option<Name> = ask.query().one("policy")?;
        let name = name.ok_or_else(|| bad_parameter("policy", "name a policy that you keep here"))?;
        let step = ask.query().one("step")?.unwrap_or_else(usual_step);
        let stored = kept(site, ask)?.value;
        let policy = policies::kept(site, ask, &name)?.value;
        // A whole chain is looked at: not many at once, and of one buyer fewer.
        let turn = Turn::at_once(site, ask)?;
        let unreadable = |error| code::internal("a supply chain that was kept cannot be read", &error);
        let chain = stored.chain().map_err(unreadable)?;
        weighable(&policy, &chain).map_err(|why| bad_parameter("policy", why.words(Language::English)))?;
        let now = AsOf::Present(site.registry.now());
        let registry =
            Registry { id: site.registry.config.registry.id.clone(), levels: levels(&site.register(), &now) };
        let standings = standings(site, ask, &chain)?;
        Ok(Self { chain, policy, step, registry, standings, _turn: turn })
    }

    /// As things are, or as if nothing of the supplier at this position held any more.
    fn review(&self, lost: Option<usize>) -> Result<Review<'_>, Problem> {
        let Self { chain, policy, step, registry, standings, .. } = self;
        let measure = Measure { policy, step: *step, registry, standings };
        let review = match lost {
            Some(supplier) => Review::if_lost(chain, measure, supplier),
            None => Review::of(chain, measure),
        };
        review.map_err(|error| code::internal("a supply chain could not be reviewed", &error))
    }
}

/// Whether all links of a chain can be weighed by a policy here.
pub(super) fn weighable(policy: &Policy, chain: &Chain) -> Result<(), Hindrance> {
    if policy.parts().saturating_mul(chain.links().len()) <= MAX_WEIGHED {
        return Ok(());
    }
    Err(Hindrance::TooMuchToWeigh)
}

/// How levels of the schemes compare that were published by then.
pub(super) fn levels(register: &Register, as_of: &AsOf) -> procurement::SchemeLevels {
    let schemes = register.schemes().filter(|record| as_of.knows(record.published));
    schemes.map(|record| (record.scheme.scheme.clone(), record.scheme.levels.clone())).collect()
}

/// How each supplier of the chain stands now, as the asker may see it.
fn standings(site: &Site, ask: &Ask, chain: &Chain) -> Result<BTreeMap<Identifier, Standing>, Problem> {
    let now = site.registry.now();
    let standings = chain.suppliers().map(|(position, supplier)| {
        let country = chain.nodes()[position].country.clone();
        let (about, as_of) = (About::Everything, AsOf::Present(now));
        let question = Question { supplier: supplier.clone(), country, about, viewpoint: None, as_of };
        Ok((supplier.clone(), standing::answered(site, ask, &question)?))
    });
    standings.collect()
}
