//! What is sent next for a subscription: the first event that fits it from a place on, or what the first one does to its supply chain, or means to a
//! partner in Catena-X.
//!
//! Out of scope: which events fit (`buyer::dispatch`), what they do to a chain (the port), and sending.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::time::{Instant, timeout};

use super::Node;
use crate::buyer::dispatch::{Key, Work};
use crate::buyer::exposing::{Exposed, Exposing, Unjudged};
use crate::buyer::hindrance::Hindrance;
use crate::buyer::lane::{Sending, Spot};
use crate::buyer::pushing::{Pushed, Pushing};
use crate::core::event::Event;
use crate::core::feed::FeedError;

/// Entries that are judged at once for one chain: each may take a second.
const JUDGED_AT_ONCE: usize = 8;
/// How long a worker waits for its turn to judge, before it gives its place to others.
const JUDGE_WAIT: Duration = Duration::from_secs(1);

/// Up to where a worker looks in its turn.
#[derive(Clone, Copy)]
pub(super) struct Until {
    /// It looks at no entry from here on.
    pub(super) entry: u64,
    /// And at no more once it is so late.
    pub(super) time: Instant,
}

/// What is sent.
pub(super) struct Letter {
    /// Where it stands in the log, or how far whoever takes it is.
    pub(super) sending: Sending,
    /// What makes its id beside the registry: the same whenever and to whomever it is sent.
    pub(super) id: String,
    /// The CloudEvent.
    pub(super) json: Bytes,
    /// The event of the log, where it is one.
    pub(super) event: Option<Event>,
}

impl From<&Event> for Letter {
    fn from(event: &Event) -> Self {
        let Event { index, position, json, .. } = event;
        let spot = Spot { index: *index, position: *position };
        Self { sending: spot.into(), id: format!("{index}_{position}"), json: json.clone(), event: Some(event.clone()) }
    }
}

impl From<Pushed> for Letter {
    fn from(news: Pushed) -> Self {
        let Pushed { id, body, heard } = news;
        Self { sending: Sending::News(heard), id, json: body, event: None }
    }
}

impl From<Exposed> for Letter {
    fn from(exposed: Exposed) -> Self {
        let Exposed { spot, id, json } = exposed;
        Self { sending: spot.into(), id, json, event: None }
    }
}

/// Why it was not found out what is next.
pub(super) enum NotFound {
    /// It will not be before the owner does something, for this reason.
    Stuck(Hindrance),
    /// What is told of the entry there never will be.
    Never(Spot, Hindrance),
    /// It is tried again, and a line says why.
    Later,
    /// Others judge at the moment.
    Busy,
}

impl NotFound {
    /// Of what stands there.
    fn at(self, spot: Spot) -> Self {
        match self {
            Self::Never(_, why) => Self::Never(spot, why),
            other => other,
        }
    }
}

impl From<FeedError> for NotFound {
    fn from(_told: FeedError) -> Self {
        Self::Later
    }
}

impl Node {
    /// What is sent first from `spot` on; nothing where all was looked at, or enough for a turn.
    pub(super) async fn first_from(
        &self,
        key: &Key,
        work: &Work,
        spot: Spot,
        until: Until,
    ) -> Result<Option<Letter>, NotFound> {
        let dispatch = &self.registry.dispatch;
        if let Some(pushing) = &work.subscription.certificates {
            return self.pushed(key, work, pushing).await;
        }
        let mut from = spot;
        loop {
            let mark = dispatch.mark();
            let mut entries = if from.index < mark { self.read(from.index).await? } else { Vec::new() };
            entries.truncate(usize::try_from(mark.saturating_sub(from.index)).unwrap_or(usize::MAX));
            let mut behind = from.index.saturating_add(entries.len() as u64);
            entries.retain(|events| events.iter().any(|event| dispatch.passes(key, event)));
            if work.subscription.exposure.is_some()
                && let Some(next) = entries.get(JUDGED_AT_ONCE).and_then(|events| events.first())
            {
                behind = next.index;
                entries.truncate(JUDGED_AT_ONCE);
            }
            if let Some(letter) = self.among(key, work, entries, from).await? {
                return Ok(Some(letter));
            }
            from = from.max(Spot::of_entry(behind));
            let is_over = from.index >= until.entry || Instant::now() >= until.time;
            if dispatch.passed(key, work.turn, from.index) || is_over {
                return Ok(None);
            }
        }
    }

    /// What is sent at `spot`, if it is still there.
    pub(super) async fn at(&self, key: &Key, work: &Work, spot: Spot) -> Result<Option<Letter>, NotFound> {
        let mut entry = self.read(spot.index).await?;
        entry.truncate(1);
        let stands = work.subscription.at(spot);
        let letter = match (&work.subscription.certificates, &work.subscription.exposure) {
            // What it is owed does not come from a place.
            (Some(_), _) => None,
            (None, Some(_)) => self.among(key, work, entry, stands).await.map_err(|error| error.at(spot))?,
            (None, None) => first(&entry, spot, |event| self.registry.dispatch.still_fits(key, event)),
        };
        // Answered as what stands there: it may have been set aside by other wishes.
        let letter = letter.filter(|letter| letter.sending == stands.into());
        Ok(letter.map(|letter| Letter { sending: spot.into(), ..letter }))
    }

    /// What is sent first from `from` on, among entries of which something fits, in order.
    async fn among(
        &self,
        key: &Key,
        work: &Work,
        entries: Vec<Arc<[Event]>>,
        from: Spot,
    ) -> Result<Option<Letter>, NotFound> {
        let Some(exposing) = &work.subscription.exposure else {
            return Ok(first(&entries, from, |event| self.registry.dispatch.passes(key, event)));
        };
        // That the registry ended, or went elsewhere, does nothing to a chain, and is told as it is.
        let (before, rest) = entries.split_at(until_for_all(&entries, from));
        match self.exposed(key, exposing, before, from).await? {
            Some(letter) => Ok(Some(letter)),
            None => Ok(first(rest, from, Event::is_for_all)),
        }
    }

    /// What a partner is told next, found out on a thread that may wait for the vault; nothing where it is owed nothing.
    async fn pushed(&self, key: &Key, work: &Work, pushing: &Pushing) -> Result<Option<Letter>, NotFound> {
        let dispatch = &self.registry.dispatch;
        // What happens while it is looked is looked at once more.
        let mark = dispatch.mark();
        let Some(told) = dispatch.told(key, work.turn) else { return Ok(None) };
        let (registry, owner, pushing) = (Arc::clone(&self.registry), key.owner.clone(), pushing.clone());
        let looking = tokio::task::spawn_blocking(move || pushing.next(&registry, &owner, &told));
        let found = looking.await.map_err(|error| error.to_string());
        let found = found.and_then(|found| found.map_err(|error| error.to_string())).map_err(|error| {
            self.unreadable(&error);
            NotFound::Later
        })?;
        if found.is_none() {
            dispatch.passed(key, work.turn, mark);
        }
        Ok(found.map(Letter::from))
    }

    /// What the first of these few entries does to a chain.
    async fn exposed(
        &self,
        key: &Key,
        exposing: &Exposing,
        entries: &[Arc<[Event]>],
        from: Spot,
    ) -> Result<Option<Letter>, NotFound> {
        if entries.is_empty() {
            return Ok(None);
        }
        // A place among those who judge; nobody waits long for it, for a worker that waits tells nobody else either.
        let Ok(Ok(_turn)) = timeout(JUDGE_WAIT, self.judging.acquire()).await else { return Err(NotFound::Busy) };
        match self.judged(key, exposing, entries.to_vec(), from).await {
            Ok(found) => Ok(found.map(Letter::from)),
            Err(Unjudged::Later(error)) => {
                self.unreadable(&error);
                Err(NotFound::Later)
            }
            Err(Unjudged::Busy) => Err(NotFound::Busy),
            Err(Unjudged::Stuck(why)) => Err(NotFound::Stuck(why)),
            Err(Unjudged::Never(spot, why)) => Err(NotFound::Never(spot, why)),
        }
    }

    /// The same of so few, found out on a thread that may take its time.
    async fn judged(
        &self,
        key: &Key,
        exposing: &Exposing,
        entries: Vec<Arc<[Event]>>,
        from: Spot,
    ) -> Result<Option<Exposed>, Unjudged> {
        let (exposures, owner, exposing) = (Arc::clone(&self.exposures), key.owner.clone(), exposing.clone());
        let judged = tokio::task::spawn_blocking(move || exposures.first(&owner, &exposing, &entries, from)).await;
        judged.unwrap_or_else(|error| Err(Unjudged::Later(error.to_string())))
    }
}

/// How many of the entries come before the first with something that everybody is still to hear: what was told of an entry does not hide
/// what comes behind it.
fn until_for_all(entries: &[Arc<[Event]>], from: Spot) -> usize {
    let is_told = |event: &Event| event.is_for_all() && (event.index, event.position) >= (from.index, from.position);
    entries.iter().position(|entry| entry.iter().any(is_told)).unwrap_or(entries.len())
}

/// The first event at `from` or behind it that is wanted.
fn first(entries: &[Arc<[Event]>], from: Spot, wanted: impl Fn(&Event) -> bool) -> Option<Letter> {
    let mut events = entries.iter().flat_map(|entry| entry.iter());
    let is_behind = |event: &&Event| (event.index, event.position) >= (from.index, from.position);
    events.find(|event| is_behind(event) && wanted(event)).map(Letter::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_behind_a_move_is_looked_at_once_that_was_told() {
        let entry = |index, kind: &str| -> Arc<[Event]> {
            [Event { index, position: 0, kind: kind.to_owned(), about: None, json: Bytes::new() }].into()
        };
        let entries = [entry(7, "verdict.suspended"), entry(8, "registry.moved"), entry(9, "verdict.suspended")];
        assert_eq!(until_for_all(&entries, Spot::of_entry(7)), 1);
        assert_eq!(until_for_all(&entries[1..], Spot::of_entry(8)), 0);
        assert_eq!(until_for_all(&entries[1..], Spot { index: 8, position: 1 }), 2);
    }
}
