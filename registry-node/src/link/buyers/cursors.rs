//! Cursors on the server of buyers: what buyers put on the shelf is there, and nothing else.
//!
//! The shelf says which there are, and how far each came by the last look, in places of the log; the server's own are copies. A server
//! that lost them gets them again, from where their readers were known to be: what is told twice has the same id.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use conformity::ids::PartyId;
use federation::bus::Link;
use federation::bus::stream::{Keeping, NewCursor, Stream, StreamError};
use federation::hush::Hush;
use tokio::time::error::Elapsed;
use tokio::time::{Instant, timeout_at};

use super::heal;
use super::place::Place;
use super::publisher::Progress;
use crate::buyer::cursor::{Cursor, Reached};
use crate::buyer::shelf::{Condition, Name, ShelfError};
use crate::core::registry::Registry;

/// How often the server's cursors are looked at.
const LOOK: Duration = Duration::from_secs(5);
/// Before what went wrong is tried again.
const RETRY: Duration = Duration::from_secs(1);
/// Before the server is given what it could not have yet.
const SOON: Duration = Duration::from_millis(100);
/// How long one look at all of them may take; what was not looked at by then is at the next.
const LOOKING: Duration = Duration::from_secs(30);

/// Whose a cursor is, and what it is.
#[derive(Clone)]
struct Wanted {
    owner: PartyId,
    name: Name,
    cursor: Cursor,
    reached: Option<u64>,
    /// Place in the stream up to which it had come when that was noted last.
    noted: u64,
}

/// What is on the shelf.
struct Wishes {
    /// By their names on the server.
    cursors: HashMap<String, Wanted>,
    /// Whether all could be read: else the server may have one whose wish could not, and it stays.
    whole: bool,
}

/// The cursors of one registry.
pub(super) struct Readers {
    registry: Arc<Registry>,
    node: Link,
    keeping: Keeping,
    progress: Arc<Progress>,
    failing: Hush,
}

impl Readers {
    pub(super) fn new(registry: Arc<Registry>, node: Link, keeping: Keeping, progress: Arc<Progress>) -> Self {
        Self { registry, node, keeping, progress, failing: Hush::new() }
    }

    /// Keeps them until it is dropped.
    pub(super) async fn run(self) {
        let (halted, mut wanted) = (Hush::new(), None);
        loop {
            let looked = match wanted.take() {
                Some(wanted) => Ok(wanted),
                None => self.wanted().await.map_err(|error| error.to_string()),
            };
            let settled = match looked {
                Ok(found) => self.settle(found).await.map_err(|error| error.to_string()),
                Err(error) => Err(error),
            };
            let all = match settled {
                Ok((found, all)) => {
                    wanted = Some(found);
                    all
                }
                Err(error) => {
                    if let Some(times) = halted.heard() {
                        tracing::warn!(error, times, "cursors of buyers wait; tried again");
                    }
                    tokio::time::sleep(RETRY).await;
                    continue;
                }
            };
            tokio::select! {
                () = self.registry.cursors.changed() => wanted = None,
                () = tokio::time::sleep(if all { LOOK } else { SOON }) => {}
            }
        }
    }

    /// What is on the shelf.
    async fn wanted(&self) -> Result<Wishes, ShelfError> {
        let registry = Arc::clone(&self.registry);
        let read = tokio::task::spawn_blocking(move || on_shelf(&registry)).await;
        // A thread that panicked left nothing half done: it only read.
        read.unwrap_or(Err(ShelfError::Changed))
    }

    /// Makes the server's the same, and notes how far they came; also tells whether it has all of them now.
    async fn settle(&self, mut wanted: Wishes) -> Result<(Wishes, bool), StreamError> {
        let stream = Stream::open(self.node.clone(), self.keeping.clone()).await?;
        let mut there = HashMap::new();
        for found in stream.cursors().await? {
            if wanted.cursors.contains_key(&found.name) {
                there.insert(found.name, found.acknowledged);
            } else if wanted.whole {
                stream.drop_cursor(&found.name).await?;
            }
        }
        let (mut ready, mut all): (BTreeMap<PartyId, Vec<String>>, bool) = (BTreeMap::new(), true);
        let until = Instant::now() + LOOKING;
        for (consumer, one) in &mut wanted.cursors {
            let (begins, acknowledged) = (one.reached.unwrap_or(one.cursor.from), there.get(consumer).copied());
            if acknowledged.is_none() && !self.progress.reaches(begins) {
                // What it is not to tell is not in the stream yet, so that nobody can say what stands behind it.
                all = false;
                continue;
            }
            let tended = timeout_at(until, self.tend(&stream, one, begins, acknowledged)).await;
            // What befalls one keeps no other from its reader.
            if !self.is_well(tended) && acknowledged.is_none() {
                continue;
            }
            ready.entry(one.owner.clone()).or_default().push(consumer.clone());
        }
        self.registry.cursors.have(ready);
        Ok((wanted, all))
    }

    /// Makes one that the server has not, or notes how far the one that it has came.
    async fn tend(&self, stream: &Stream, one: &mut Wanted, begins: u64, at: Option<u64>) -> Result<(), StreamError> {
        match at {
            Some(acknowledged) => self.note(stream, one, acknowledged).await,
            None => self.make(stream, one, begins).await,
        }
    }

    fn is_well(&self, tended: Result<Result<(), StreamError>, Elapsed>) -> bool {
        let error = match tended {
            Ok(Ok(())) => return true,
            Ok(Err(error)) => error.to_string(),
            Err(late) => late.to_string(),
        };
        if let Some(times) = self.failing.heard() {
            tracing::warn!(error, times, "a cursor of a buyer waits; tried again");
        }
        false
    }

    async fn make(&self, stream: &Stream, one: &Wanted, index: u64) -> Result<(), StreamError> {
        let extent = stream.extent().await?;
        let from = heal::first_of(stream, index, (extent.first, extent.last + 1)).await?;
        let hears = one.cursor.hears(&self.registry.config.registry.id);
        stream.make_cursor(&NewCursor { name: one.cursor.consumer.clone(), hears, from }).await
    }

    /// Notes on the shelf how far a reader came, if it went on since the last look.
    async fn note(&self, stream: &Stream, one: &mut Wanted, acknowledged: u64) -> Result<(), StreamError> {
        if acknowledged == one.noted {
            return Ok(());
        }
        let Some(kept) = stream.from(acknowledged).await? else { return Ok(()) };
        let Ok(Place { index, .. }) = kept.id.parse() else { return Ok(()) };
        if one.reached.is_none_or(|reached| reached < index) {
            let (registry, noted) = (Arc::clone(&self.registry), one.clone());
            let written = tokio::task::spawn_blocking(move || write(&registry, &noted, index)).await;
            let written = written.map_err(|error| error.to_string());
            if let Err(error) = written.and_then(|written| written.map_err(|error| error.to_string())) {
                // It is told again from the place before, if it is lost now.
                tracing::warn!(error, "how far a cursor came is not kept");
                return Ok(());
            }
            one.reached = Some(index);
        }
        one.noted = acknowledged;
        Ok(())
    }
}

fn on_shelf(registry: &Registry) -> Result<Wishes, ShelfError> {
    let mut wishes = Wishes { cursors: HashMap::new(), whole: true };
    for owner in registry.shelf.owners::<Cursor>()? {
        let owner = match owner {
            Ok(owner) => owner,
            Err(error) => {
                tracing::warn!(%error, "the cursors of a buyer cannot be read; those of others go on");
                wishes.whole = false;
                continue;
            }
        };
        for listed in registry.shelf.list::<Cursor>(&owner)? {
            match one_on_shelf(registry, &owner, listed.name) {
                Ok(Some(one)) => drop(wishes.cursors.insert(one.cursor.consumer.clone(), one)),
                Ok(None) => {}
                Err(error) => {
                    tracing::warn!(%error, "a cursor of a buyer cannot be read; the others go on");
                    wishes.whole = false;
                }
            }
        }
    }
    Ok(wishes)
}

fn one_on_shelf(registry: &Registry, owner: &PartyId, name: Name) -> Result<Option<Wanted>, ShelfError> {
    let Some(kept) = registry.shelf.value::<Cursor>(owner, &name)? else { return Ok(None) };
    let reached = registry.shelf.value::<Reached>(owner, &name)?.map(|kept| kept.value);
    let reached = reached.filter(|reached| reached.of == kept.value.consumer).map(|reached| reached.index);
    Ok(Some(Wanted { owner: owner.clone(), name, cursor: kept.value, reached, noted: 0 }))
}

fn write(registry: &Registry, one: &Wanted, index: u64) -> Result<(), ShelfError> {
    let reached = Reached { of: one.cursor.consumer.clone(), index };
    // Places of cursors that are gone make room.
    let names = registry.shelf.list::<Cursor>(&one.owner)?;
    for place in registry.shelf.list::<Reached>(&one.owner)? {
        if !names.iter().any(|listed| listed.name == place.name) {
            registry.shelf.remove::<Reached>(&one.owner, &place.name, Condition::Any)?;
        }
    }
    registry.shelf.put(&one.owner, &one.name, &reached, Condition::Any, registry.now()).map(drop)
}
