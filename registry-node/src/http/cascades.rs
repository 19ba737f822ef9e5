//! Cascades: what lapses of that on which verdicts rest have brought about, and how far telling of it is.
//!
//! Public verdicts alone are counted, as in the statements.

use std::sync::Arc;

use conformity::ids::SchemeRef;
use conformity::lapsed::{BasisChange, CascadeRecord, Cause};
use conformity::time::Moment;
use jiff::Timestamp;
use serde::Serialize;
use warp::reply::Response;

use super::ask::Ask;
use super::page::{MAX_LIMIT, Page};
use super::site::Site;
use crate::problem::Problem;

/// What one cause does to verdicts.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Cascade<'a> {
    cause: Cause,
    /// As events are called that tell of it.
    becomes: &'static str,
    /// The first instant at which the verdicts are not in force any more, where they have a window.
    #[serde(skip_serializing_if = "Option::is_none")]
    until: Option<Timestamp>,
    scheme: &'a SchemeRef,
    /// Verdicts that were told of.
    done: u64,
    /// These, and those that are still to be, as far as is known.
    total: u64,
    begun: Moment,
    last: Moment,
    finished: bool,
}

/// `GET /v1/cascades`
pub(super) fn list(site: &Site, ask: &Ask) -> Result<Response, Problem> {
    let page: Page<u64> = Page::of(ask.query(), MAX_LIMIT)?;
    let mut records: Vec<Arc<CascadeRecord>> = site.register().cascades().cloned().collect();
    records.sort_by_key(|record| record.begun.index);
    let records = page.cut("cascades", records.into_iter(), |record| &record.begun.index);
    records.map(|record| cascade(site, record)).answer()
}

fn cascade<'a>(site: &Site, record: &'a CascadeRecord) -> Cascade<'a> {
    let left = site.registry.cascades.left(&record.change, &record.scheme);
    let until = match &*record.change {
        BasisChange::Lapsed(lapsed) => lapsed.window(),
        BasisChange::Holds(_) => None,
    };
    Cascade {
        cause: record.change.cause(),
        becomes: record.change.as_str(),
        until,
        scheme: &record.scheme,
        done: record.done,
        total: record.done + left,
        begun: record.begun,
        last: record.last,
        // The last of a list may have been withdrawn before it was its turn: then no statement is the last.
        finished: left == 0 && (record.finished || site.registry.cascades.is_settled()),
    }
}
