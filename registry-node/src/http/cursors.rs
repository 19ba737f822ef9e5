//! Cursors on NATS over HTTP: a buyer makes, reads and removes its own. The server has one a moment after it was put.
//!
//! Out of scope: pulling from it, which is between the buyer and the nats-server, and what is kept (`buyer::cursor`).

use certs::Identity;
use conformity::identifiers::Identifier;
use conformity::ids::{PartyId, SchemeId};
use conformity::party::Role;
use federation::access::Inbox;
use federation::access::buyers::PULLING;
use federation::lease::pull_from;
use serde::Serialize;
use warp::reply::Response;

use super::answer::{self, JSON};
use super::ask::Ask;
use super::code;
use super::consented::party;
use super::own::{Sent, tagged};
use super::route::Verb::{Delete, Get, Put};
use super::route::{Handler, Route};
use super::site::Site;
use crate::buyer::cursor::{Cursor, MAX_BYTES, Wish};
use crate::buyer::shelf::{Listed, Name, Shelved};
use crate::config::NatsBuyers;
use crate::problem::Problem;

const PATH: &str = "/v1/cursors/{cursor}";
const NAME: &str = "a name that the asker gave, such as parts";

pub(super) const LIST: Route = Route {
    verb: Get,
    path: "/v1/cursors",
    summary: "The cursors on NATS of the asker, without what they tell",
    value: "",
    parameters: &[],
    answer: JSON,
    handler: Handler::Disk(list),
};

pub(super) const ONE: Route = Route {
    verb: Get,
    path: PATH,
    summary: "A cursor on NATS of the asker, and where to pull from it",
    value: NAME,
    parameters: &[],
    answer: JSON,
    handler: Handler::Disk(one),
};

pub(super) const PUT: Route = Route {
    verb: Put,
    path: PATH,
    summary: "Makes a cursor on NATS of the asker, in the place of one of that name",
    value: NAME,
    parameters: &[],
    answer: JSON,
    handler: Handler::Own { takes: &[JSON], most: MAX_BYTES, change: put },
};

pub(super) const REMOVE: Route = Route {
    verb: Delete,
    path: PATH,
    summary: "Removes a cursor on NATS of the asker",
    value: NAME,
    parameters: &[],
    answer: JSON,
    handler: Handler::Own { takes: &[], most: 0, change: remove },
};

/// A cursor as its owner is shown it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Shown<'a> {
    name: &'a Name,
    schemes: &'a [SchemeId],
    suppliers: &'a [Identifier],
    /// The first entry whose events are told.
    from: u64,
    /// Whether the server has it, for connections that are made from now on.
    ready: bool,
    /// The nats-server.
    nats: String,
    /// How the connection is to call itself.
    connection_name: &'a str,
    /// What its inboxes are to begin with.
    inbox: String,
    /// Where to ask for messages.
    pull: String,
}

#[derive(Serialize)]
struct All {
    cursors: Vec<Listed>,
}

fn list(site: &Site, ask: &Ask) -> Result<Response, Problem> {
    let listed = site.registry.shelf.list::<Cursor>(&buyer(ask)?);
    answer::json(&All { cursors: listed.map_err(|error| code::kept(&error))? })
}

fn one(site: &Site, ask: &Ask) -> Result<Response, Problem> {
    let (owner, name) = (buyer(ask)?, ask.value()?);
    let kept = site.registry.shelf.value(&owner, &name).map_err(|error| code::kept(&error))?;
    let Shelved { value, version, .. } = kept.ok_or_else(Problem::not_found)?;
    Ok(tagged(answer::json(&shown(site, served(site)?, &owner, &name, &value))?, version))
}

fn put(site: &Site, ask: &Ask, sent: &Sent) -> Result<Response, Problem> {
    buyer(ask)?;
    let (owner, name, registry) = (&sent.party, ask.value()?, &site.registry);
    let config = served(site)?;
    let wish = Wish::read(&sent.body).map_err(code::bad_body)?;
    let from = wish.begins(registry.feed.size()).map_err(code::bad_body)?;
    let cursor = Cursor::new(wish, from).map_err(|error| code::internal("no cursor could be made", &error))?;
    let version = registry.shelf.put(owner, &name, &cursor, sent.condition, registry.now());
    let version = version.map_err(|error| code::kept(&error))?;
    registry.cursors.change();
    Ok(tagged(answer::json(&shown(site, config, owner, &name, &cursor))?, version))
}

fn remove(site: &Site, ask: &Ask, sent: &Sent) -> Result<Response, Problem> {
    let name: Name = ask.value()?;
    let removed = site.registry.shelf.remove::<Cursor>(&sent.party, &name, sent.condition);
    if !removed.map_err(|error| code::kept(&error))? {
        return Err(Problem::not_found());
    }
    site.registry.cursors.change();
    Ok(answer::done())
}

/// The buyer that asks: nobody else is let in on NATS.
fn buyer(ask: &Ask) -> Result<PartyId, Problem> {
    match ask.speaker().map(|speaker| &speaker.identity) {
        Some(Identity::Party { role: Role::Buyer, .. }) => party(ask),
        _ => Err(Problem::certificate_required()),
    }
}

fn served(site: &Site) -> Result<&NatsBuyers, Problem> {
    site.registry.config.nats.buyers.as_ref().ok_or_else(code::no_buyers_on_nats)
}

fn shown<'a>(site: &Site, config: &NatsBuyers, owner: &PartyId, name: &'a Name, cursor: &'a Cursor) -> Shown<'a> {
    Shown {
        name,
        schemes: &cursor.schemes,
        suppliers: &cursor.suppliers,
        from: cursor.from,
        ready: site.registry.cursors.of(owner).contains(&cursor.consumer),
        nats: format!("tls://{}", config.public_address),
        connection_name: PULLING,
        inbox: Inbox::buyer(owner).as_str().to_owned(),
        pull: pull_from(&cursor.consumer),
    }
}
