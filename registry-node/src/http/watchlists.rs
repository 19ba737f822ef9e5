//! Watchlists over HTTP: a party puts, reads and removes its own, and learns which of its suppliers this registry knows.
//!
//! Nobody else's is ever looked at: whatever is not the asker's own is not found. What is known of a supplier is told as everywhere: a
//! restricted verdict is as none to whoever may not know of it.
//! Out of scope: the forms of a watchlist (`buyer::watchlist`), and reading events by one (`event_filter`).

use std::sync::Arc;

use conformity::as_of::AsOf;
use conformity::identifiers::Identifier;
use conformity::ids::PartyId;
use conformity::records::Facts;
use conformity::standing::{About, Question};
use conformity::text::Text;
use serde::Serialize;
use warp::reply::Response;

use super::answer::{self, JSON, Keep};
use super::ask::Ask;
use super::code;
use super::consented::party;
use super::nothing::Why;
use super::own::{self, Sent, tagged};
use super::page::{Listing, Page};
use super::site::Site;
use crate::buyer::shelf::{Listed, Name, Shelved, Version};
use crate::buyer::source::Source;
use crate::buyer::watchlist::{Item, Watchlist};
use crate::problem::Problem;

/// Media type of tables (RFC 7111).
pub(super) const CSV: &str = "text/csv";
/// What a watchlist may be sent as.
pub(super) const FORMS: &[&str] = &[JSON, CSV];

/// Items of a page of matches unless asked otherwise.
const USUAL_LIMIT: usize = 100;
/// Suppliers that are looked up under one lock: the sequencer waits meanwhile.
const CHUNK: usize = 256;
/// Unmatched rows that the answer to a new list names; all of them are in its matches.
const TOLD: usize = 20;

/// What became of a list that was put.
#[derive(Serialize)]
struct Put<'a> {
    name: &'a Name,
    version: Version,
    items: usize,
    matched: usize,
    /// Rows of the first that did not match, counted from 1.
    unmatched: Vec<usize>,
}

/// `PUT /v1/watchlists/{watchlist}`
pub(super) fn put(site: &Site, ask: &Ask, sent: &Sent) -> Result<Response, Problem> {
    let name: Name = ask.value()?;
    let read = if sent.media_type == CSV { Watchlist::from_csv } else { Watchlist::from_json };
    let list = read(&sent.body).map_err(code::bad_body)?;
    let (registry, suppliers) = (&site.registry, Arc::new(list.suppliers()));
    let source = Source::Watchlist(name.clone());
    let changing = registry.dispatch.changing();
    if !site.watches.takes(&sent.party, &name, suppliers.len()) {
        return Err(code::watches_full());
    }
    code::has_room(registry.dispatch.headroom(&sent.party, &source, suppliers.len(), None))?;
    let version = registry.shelf.put(&sent.party, &name, &list, sent.condition, registry.now());
    let version = version.map_err(|error| code::kept(&error))?;
    site.watches.put(&sent.party, &name, &list, version);
    registry.dispatch.follow(&sent.party, &source, &suppliers);
    drop(changing);
    let known = known(site, &list.items);
    let unmatched = (1..).zip(&known).filter(|(_, known)| !**known).map(|(row, _)| row).take(TOLD);
    let matched = known.iter().filter(|known| **known).count();
    let told = Put { name: &name, version, items: list.items.len(), matched, unmatched: unmatched.collect() };
    Ok(tagged(answer::json(&told)?, version))
}

/// `GET /v1/watchlists/{watchlist}`
pub(super) fn one(site: &Site, ask: &Ask) -> Result<Response, Problem> {
    let Shelved { value, version, .. } = kept(site, ask)?;
    let response = if ask.form(FORMS) == CSV {
        let table = value.to_csv().map_err(|error| code::internal("a watchlist could not be written", &error))?;
        answer::bytes(CSV, table.into(), Keep::No)
    } else {
        answer::json(&value)?
    };
    Ok(tagged(response, version))
}

/// `DELETE /v1/watchlists/{watchlist}`
pub(super) fn remove(site: &Site, ask: &Ask, sent: &Sent) -> Result<Response, Problem> {
    let name: Name = ask.value()?;
    let _changing = site.registry.dispatch.changing();
    let removed = site.registry.shelf.remove::<Watchlist>(&sent.party, &name, sent.condition);
    if !removed.map_err(|error| code::kept(&error))? {
        return Err(Problem::not_found());
    }
    site.watches.removed(&sent.party, &name);
    site.registry.dispatch.follow(&sent.party, &Source::Watchlist(name), &Arc::default());
    Ok(answer::done())
}

/// The lists of a party.
#[derive(Serialize)]
struct All {
    watchlists: Vec<Listed>,
}

/// `GET /v1/watchlists`
pub(super) fn list(site: &Site, ask: &Ask) -> Result<Response, Problem> {
    let listed = site.registry.shelf.list::<Watchlist>(&party(ask)?);
    answer::json(&All { watchlists: listed.map_err(|error| code::kept(&error))? })
}

/// Whether the registry knows the supplier of an item, and why not.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Match<'a> {
    /// Counted from 1.
    row: usize,
    identifiers: &'a [Identifier],
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<&'a Text<200>>,
    matched: bool,
    /// For its first identifier, where it did not match.
    #[serde(flatten)]
    why: Option<Why>,
}

/// `GET /v1/watchlists/{watchlist}/matches`
pub(super) fn matches(site: &Site, ask: &Ask) -> Result<Response, Problem> {
    let page: Page<usize> = Page::of(ask.query(), USUAL_LIMIT)?;
    let only_unmatched = ask.query().one::<bool>("unmatched")?.unwrap_or(false);
    let Shelved { value, .. } = kept(site, ask)?;
    let known = known(site, &value.items);
    let rows = (1..).zip(value.items.iter().zip(known)).filter(|(_, (_, known))| !(only_unmatched && *known));
    let listing = page.cut("matches", rows, |(row, _)| row);
    let mut told = Vec::with_capacity(listing.items.len());
    for (row, (item, matched)) in &listing.items {
        let why =
            item.identifiers.first().filter(|_| !*matched).map(|supplier| why(site, ask, supplier)).transpose()?;
        let Item { identifiers, note } = item;
        told.push(Match { row: *row, identifiers, note: note.as_ref(), matched: *matched, why });
    }
    Listing { name: listing.name, items: told, next: listing.next.clone() }.answer()
}

/// The asker's list of the name in the path.
fn kept(site: &Site, ask: &Ask) -> Result<Shelved<Watchlist>, Problem> {
    let (owner, name): (PartyId, Name) = (party(ask)?, ask.value()?);
    own::sparingly(site, ask)?;
    let kept = site.registry.shelf.value(&owner, &name).map_err(|error| code::kept(&error))?;
    kept.ok_or_else(Problem::not_found)
}

/// Of which items there is something that everybody may know.
fn known(site: &Site, items: &[Item]) -> Vec<bool> {
    let mut known = Vec::with_capacity(items.len());
    for chunk in items.chunks(CHUNK) {
        let register = site.register();
        let is_known = |supplier: &Identifier| {
            register.verdicts_of(supplier).iter().any(|record| record.terms.profile.is_public())
                || !register.recognitions_of(supplier).is_empty()
        };
        known.extend(chunk.iter().map(|item| item.identifiers.iter().any(is_known)));
    }
    known
}

fn why(site: &Site, ask: &Ask, supplier: &Identifier) -> Result<Why, Problem> {
    let as_of = AsOf::Present(site.registry.now());
    let supplier = supplier.clone();
    let question = Question { supplier, country: None, about: About::Everything, viewpoint: None, as_of };
    Why::of_supplier(site, ask, &question)
}
