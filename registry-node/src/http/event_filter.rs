//! The conditions of a request about events, and from where on it asks for them.
//!
//! Out of scope: which events fit them (`core::filter`).

use std::collections::HashSet;
use std::sync::{Arc, LazyLock};

use conformity::identifiers::Identifier;
use warp::http::HeaderMap;

use super::ask::{Ask, Query, bad_parameter};
use super::code::{self, Code};
use super::consented::party;
use super::site::Site;
use super::{bulletins, own};
use crate::buyer::watched::{WatchError, Watched};
use crate::core::event::Event;
use crate::core::feed::Feed;
use crate::core::filter::{Filter, Place};
use crate::core::interests::Interest;
use crate::problem::Problem;

/// What a reader wants, with what is on the watchlist that it names.
#[derive(Clone)]
pub(super) struct Wanted {
    /// The conditions.
    pub(super) filter: Arc<Filter>,
    watched: Option<Arc<Watched>>,
}

/// Who is on no watchlist.
static NOBODY: LazyLock<Arc<HashSet<Identifier>>> = LazyLock::new(Arc::default);

impl Wanted {
    /// Reads the conditions of a request, and the asker's watchlist where one is named: nobody else's is looked at.
    pub(super) async fn read(site: &Arc<Site>, ask: &Ask) -> Result<Wanted, Problem> {
        let filter = Arc::new(filter(ask.query())?.of_reader(|| bulletins::own_sectors(site, ask)));
        let Some(name) = filter.watchlist.clone() else { return Ok(Wanted { filter, watched: None }) };
        let (owner, reading) = (party(ask)?, Arc::clone(site));
        own::sparingly(site, ask)?;
        let open = move || reading.watches.open(&reading.registry.shelf, &owner, &name);
        let opened = tokio::task::spawn_blocking(open).await;
        let opened = opened.map_err(|error| code::internal("a watchlist could not be read", &error))?;
        Ok(Wanted { filter, watched: Some(opened.map_err(|error| not_watched(&error))?) })
    }

    /// These conditions, and no watchlist.
    #[cfg(test)]
    pub(super) fn of(filter: Filter) -> Wanted {
        Wanted { filter: Arc::new(filter), watched: None }
    }

    /// Whether the reader wants `event`, by the watchlist as it is now.
    pub(super) fn passes(&self, event: &Event) -> bool {
        match &self.watched {
            Some(watched) => self.filter.passes(event, &watched.now().1),
            None => self.filter.passes(event, &NOBODY),
        }
    }

    /// The same for the index, by the watchlist as it is now.
    pub(super) fn interest(&self) -> Interest {
        let watched = self.watched.as_ref().map_or_else(|| Arc::clone(&NOBODY), |watched| Arc::clone(&watched.now().1));
        Interest { filter: Arc::clone(&self.filter), watched }
    }

    /// Whether it changes with a watchlist.
    pub(super) fn is_by_watchlist(&self) -> bool {
        self.watched.is_some()
    }
}

fn filter(query: &Query) -> Result<Filter, Problem> {
    Ok(Filter {
        suppliers: query.many("supplier")?,
        watchlist: query.one("watchlist")?,
        schemes: query.many("scheme")?,
        viewpoints: query.many("viewpoint")?,
        states: query.many("state")?,
        types: query.many("type")?,
        sectors: query.many("sector")?,
        countries: query.many("country")?,
    })
}

fn not_watched(error: &WatchError) -> Problem {
    match error {
        WatchError::None => bad_parameter("watchlist", error),
        WatchError::Full => Problem::busy(Code::Busy.as_str(), error.to_string(), 60),
        WatchError::Shelf(error) => code::kept(error),
    }
}

/// Where the reader left off, if it says so. A browser repeats the address with its old `after` and adds where it really is: the header
/// counts.
pub(super) fn place(ask: &Ask, headers: &HeaderMap, feed: &Feed) -> Result<Option<Place>, Problem> {
    let named = match headers.get("last-event-id") {
        Some(id) => ("Last-Event-ID", id.to_str().ok().map(str::parse)),
        None => ("after", ask.query().one::<String>("after")?.map(|text| text.parse())),
    };
    let place = match named {
        ("Last-Event-ID", None) => return Err(bad_parameter("Last-Event-ID", "it is not text")),
        (name, place) => place.transpose().map_err(|error| bad_parameter(name, error))?,
    };
    match place {
        Some(Place::Behind { index, .. }) if index >= feed.size() => {
            let size = feed.size();
            let detail =
                format_args!("this log has {size} entries, none at {index}; if you saw one, keep your evidence");
            Err(bad_parameter(named.0, detail))
        }
        _ => Ok(place),
    }
}
