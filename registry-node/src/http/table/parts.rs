//! What rows of the table are made of: the usual shapes of routes, and the parameters that many take.
//!
//! Out of scope: the rows.

use conformity::words::Language;
use warp::reply::Response;

use super::super::answer::JSON;
use super::super::as_of::{self, AS_OF, AS_OF_SIZE, KNOWN};
use super::super::ask::Ask;
use super::super::question::Question;
use super::super::route::Verb::{Get, Post};
use super::super::route::{Handler, Parameter, Route, Verb};
use super::super::site::Site;
use crate::problem::Problem;

pub(super) const fn of_subscription(verb: Verb, path: &'static str, summary: &'static str, handler: Handler) -> Route {
    Route { verb, path, summary, value: OWN_NAME, parameters: &[], answer: JSON, handler }
}

pub(super) const fn plain(path: &'static str, summary: &'static str, answer: &'static str, handler: Handler) -> Route {
    Route { verb: Get, path, summary, value: "", parameters: &[], answer, handler }
}

pub(super) const fn of_party(
    path: &'static str,
    summary: &'static str,
    answer: &'static str,
    handler: Handler,
) -> Route {
    Route { verb: Get, path, summary, value: "id of the party", parameters: &[], answer, handler }
}

pub(super) const fn question(
    path: &'static str,
    summary: &'static str,
    subject: &'static str,
    answer: fn(&Site, &Question, Language) -> Result<Response, Problem>,
) -> Route {
    let handler = Handler::Question { subject, answer };
    Route { verb: Post, path, summary, value: "", parameters: &[], answer: JSON, handler }
}

pub(super) const fn list(
    path: &'static str,
    summary: &'static str,
    handler: fn(&Site, &Ask) -> Result<Response, Problem>,
) -> Route {
    let parameters = &[CURSOR, LIMIT];
    Route { verb: Get, path, summary, value: "", parameters, answer: JSON, handler: Handler::Memory(handler) }
}

/// A list that can be asked of the past, too.
pub(super) const fn past_list(
    path: &'static str,
    summary: &'static str,
    handler: fn(&Site, &Ask) -> Result<Response, Problem>,
) -> Route {
    let parameters = &[AS_OF, AS_OF_SIZE, KNOWN, CURSOR, LIMIT];
    Route { verb: Get, path, summary, value: "", parameters, answer: JSON, handler: past(handler) }
}

/// From memory, and of the past on a thread that may wait for the log.
pub(super) const fn past(read: fn(&Site, &Ask) -> Result<Response, Problem>) -> Handler {
    Handler::Mixed { waits: as_of::is_past, read, waiting: read }
}

pub(super) const fn once(name: &'static str, what: &'static str) -> Parameter {
    Parameter { name, what, many: false }
}

pub(super) const fn often(name: &'static str, what: &'static str) -> Parameter {
    Parameter { name, what, many: true }
}

pub(super) const SUPPLIER: Parameter = once("supplier", "any identifier of the supplier, kind:value");
pub(super) const COUNTRY: Parameter =
    once("country", "where the supplier is established, if known; it sharpens what an absence means");
pub(super) const SCHEME: Parameter = once("scheme", "id for every version of a scheme, or id@version");
pub(super) const SCHEME_VERSION: Parameter = once("scheme", "id@version; required");
pub(super) const DOCUMENT: Parameter = once("document", "id@version of a document: every scheme on it");
pub(super) const VIEWPOINT: Parameter = once("viewpoint", "organization, process or people-and-things");
pub(super) const STATE: Parameter = once("state", "granted, conditional, suspended, …");
pub(super) const COUNT: Parameter = once("count", "how many, 1 to 1000 [default: 1]");
pub(super) const AS_OF_INSTANT: Parameter =
    once("as_of", "an instant that has come, RFC 3339: with the credential of then");
pub(super) const LANG: Parameter =
    once("lang", "en or ja: the language of the words in the answer [default: by Accept-Language]");
pub(super) const EVENT_LANG: Parameter = once("lang", "en or ja: tells each event in words, too, in that language");
pub(super) const CURSOR: Parameter = once("cursor", "next of the page before");
pub(super) const LIMIT: Parameter = once("limit", "most items of the page, 1 to 1000");
pub(super) const AFTER: Parameter =
    once("after", "id of the last event read, or start; without it, what comes from now on");
pub(super) const SUPPLIERS: Parameter = often("supplier", "only verdicts on suppliers with one of these identifiers");
pub(super) const WATCHLIST: Parameter = once("watchlist", "or on suppliers on this watchlist of the asker's");
pub(super) const OWN_NAME: &str = "a name that the asker gave, such as parts";
pub(super) const SCHEMES: Parameter = often("scheme", "only verdicts under one of these schemes, id or id@version");
pub(super) const VIEWPOINTS: Parameter = often("viewpoint", "only verdicts with one of these viewpoints");
pub(super) const STATES: Parameter = often("state", "only verdicts that come into one of these states");
pub(super) const SECTORS: Parameter = often("sector", "only bulletins for one of these sectors, or for all");
pub(super) const COUNTRIES: Parameter = often("country", "only bulletins for one of these countries, or for all");
pub(super) const TYPES: Parameter =
    often("type", "only events of one of these types, such as verdict.suspended, or families, such as verdict");
