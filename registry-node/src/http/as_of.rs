//! Of which time a question is, as its parameters say, and as its answer says again.
//!
//! ```text
//! as_of=<instant> | as_of_size=<entries>    of the past; without either, of the present
//! known=then | now                          as the registry then knew, or as it is known today to have been
//! ```
//!
//! In scope: the three parameters, and rows of result lists that newer rows replaced, read from the log (`rows`). Out of scope: what
//! the records were then, see `conformity::as_of`; and who may see them: whoever may today.

pub(super) mod rows;

use conformity::as_of::{AsOf, Known};
use jiff::Timestamp;
use serde::Serialize;

use super::ask::{Ask, Query};
use super::code;
use super::log::sequenced;
use super::route::Parameter;
use super::site::Site;
use crate::problem::Problem;

/// The instant.
pub(super) const AS_OF: Parameter =
    Parameter { name: "as_of", what: "an instant that has come, RFC 3339: how it was then", many: false };
/// The size of the log, instead of an instant.
pub(super) const AS_OF_SIZE: Parameter = Parameter {
    name: "as_of_size",
    what: "how it was when this log had so many entries, judged by the time of the last of them",
    many: false,
};
/// By whose knowledge.
pub(super) const KNOWN: Parameter = Parameter {
    name: "known",
    what: "then: as the registry knew at that time; now: as it is known today to have been [default: then]",
    many: false,
};

/// Whether a question names a time, so that answering it may take the log.
pub(super) fn is_past(_site: &Site, ask: &Ask) -> bool {
    ask.query().has(AS_OF.name) || ask.query().has(AS_OF_SIZE.name)
}

/// Of which time `query` asks.
pub(super) fn of(site: &Site, query: &Query) -> Result<AsOf, Problem> {
    let now = site.registry.now();
    let known = query.one(KNOWN.name)?.unwrap_or_default();
    let (size, at) = match (query.as_of(now)?, query.one(AS_OF_SIZE.name)?) {
        (None, None) => return Ok(AsOf::Present(now)),
        (Some(_), Some(_)) => return Err(code::as_of_twice()),
        (Some(at), None) => (u64::MAX, at),
        (None, Some(size)) => (size, reached(site, size)?),
    };
    Ok(match known {
        Known::Then => AsOf::KnownThen { size, at },
        Known::Now => AsOf::KnownNow { at },
    })
}

/// When the log reached this size. Only what readers can see counts: an answer of then never changes.
fn reached(site: &Site, size: u64) -> Result<Timestamp, Problem> {
    let shown = *site.registry.size.borrow();
    match size.checked_sub(1) {
        Some(last) if size <= shown => sequenced(site, last),
        _ => Err(code::size_not_reached(size, shown)),
    }
}

/// What an answer about the past says of its time. An answer about the present says nothing.
#[derive(Debug, Clone, Copy, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Echo {
    as_of: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    as_of_size: Option<u64>,
    known: Known,
}

impl Echo {
    /// Of an answer as of that time, to that question.
    pub(super) fn of(as_of: &AsOf, query: &Query) -> Result<Option<Echo>, Problem> {
        let known = match as_of {
            AsOf::Present(_) => return Ok(None),
            AsOf::KnownThen { .. } => Known::Then,
            AsOf::KnownNow { .. } => Known::Now,
        };
        Ok(Some(Echo { as_of: as_of.at(), as_of_size: query.one(AS_OF_SIZE.name)?, known }))
    }
}

/// An answer, with the time that it is of where that is past.
#[derive(Debug, Serialize)]
pub(super) struct Told<T> {
    #[serde(flatten)]
    pub(super) answer: T,
    #[serde(flatten)]
    pub(super) echo: Option<Echo>,
}
