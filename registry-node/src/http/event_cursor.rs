//! A reader's place in the events: what the feed gave at once, and what comes next.
//!
//! It holds no more than one batch of the feed. An entry of very many events takes room like any large answer, unless all readers
//! share it. Old events are read from the journal, by few readers at once and on threads that may wait for it.
//! Out of scope: which events a reader wants, and how they are sent.

use std::sync::Arc;

use super::code;
use super::room::{Hold, Share};
use super::site::Site;
use crate::core::event::Event;
use crate::core::feed;
use crate::core::filter::Place;
use crate::problem::Problem;

/// A reader this close to the end does not wait for those that read old entries.
const LIVE: u64 = 64;

/// Where a reader is.
pub(super) struct Cursor {
    /// The next entry to ask the feed for.
    next: u64,
    /// The last event that the reader had before, to be passed over within its entry.
    seen: Option<(u64, u32)>,
    /// Entries that the feed gave and that were not passed yet.
    entries: std::vec::IntoIter<Arc<[Event]>>,
    /// The next event of the first of these.
    position: usize,
    /// Room for entries that no others share.
    hold: Option<Hold>,
}

impl Cursor {
    /// At `place`; at the end of a log of `size` entries where none is named.
    pub(super) fn at(place: Option<Place>, size: u64) -> Cursor {
        let (next, seen) = match place {
            Some(Place::Start) => (0, None),
            Some(Place::Behind { index, position }) => (index, Some((index, position))),
            None => (size, None),
        };
        Cursor { next, seen, entries: Vec::new().into_iter(), position: 0, hold: None }
    }

    /// Before the event at this position of the entry `index`, which may come yet.
    pub(super) fn from(index: u64, position: u32) -> Cursor {
        let seen = position.checked_sub(1).map(|before| (index, before));
        Cursor { next: index, seen, entries: Vec::new().into_iter(), position: 0, hold: None }
    }

    /// The entries that were fetched end before this one.
    pub(super) fn entry(&self) -> u64 {
        self.next
    }

    /// Whether some of what was fetched was not passed.
    pub(super) fn has_entries(&self) -> bool {
        !self.entries.as_slice().is_empty()
    }

    /// Whether there is more than was passed.
    pub(super) fn is_behind(&self, site: &Site) -> bool {
        self.has_entries() || self.next < site.registry.feed.size()
    }

    /// Gets more entries once the last ones were passed.
    pub(super) async fn fetch(&mut self, site: &Arc<Site>, share: &Share) -> Result<(), Problem> {
        if self.has_entries() {
            return Ok(());
        }
        self.hold = None;
        if self.next >= site.registry.feed.size() {
            return Ok(());
        }
        let mut entries = self.read(site).await?;
        let bytes = entries.iter().map(|events| feed::bytes(events)).sum();
        if bytes > feed::BATCH_BYTES && !site.registry.feed.keeps(self.next) {
            drop(entries);
            self.hold = Some(site.room.take(share, bytes).await?);
            entries = self.read(site).await?;
        }
        self.next += entries.len() as u64;
        self.entries = entries.into_iter();
        Ok(())
    }

    /// The next event that was fetched and that the reader did not have.
    pub(super) fn peek(&mut self) -> Option<&Event> {
        loop {
            let events = self.entries.as_slice().first()?;
            match events.get(self.position) {
                Some(event) if self.seen.is_some_and(|seen| (event.index, event.position) <= seen) => {
                    self.position += 1;
                }
                Some(_) => break,
                None => {
                    self.entries.next();
                    self.position = 0;
                }
            }
        }
        self.entries.as_slice().first()?.get(self.position)
    }

    /// Passes the event that [`peek`](Self::peek) showed.
    pub(super) fn pass(&mut self) {
        self.position += 1;
    }

    async fn read(&self, site: &Arc<Site>) -> Result<Vec<Arc<[Event]>>, Problem> {
        let feed = &site.registry.feed;
        let turns = if feed.size() - self.next <= LIVE { &site.live_reads } else { &site.catch_ups };
        let read = feed.read(self.next, turns).await;
        read.map_err(|error| code::internal("events could not be read", &error))
    }
}
