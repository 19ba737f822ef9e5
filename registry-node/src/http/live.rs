//! Readers of the event stream that have all there is: each event is looked at once for all of them.
//!
//! ```text
//! feed ──once──▶ interests ──fits──▶ inbox of each: the same text for all who read in one language ──▶ its reader wakes
//!
//! published checkpoint ─────────────▶ whoever was told of an event since the last one
//! a second, and no more than that ──▶ whoever heard nothing for long: the newest checkpoint, so that it is known that all is well
//! ```
//!
//! Whom an event does not fit is not asked. An inbox holds little: a reader that does not empty it is let go of, and reads on in the log from
//! the first event for which there was no room. It comes back once it has all there is.
//! Out of scope: reading from the log (`events`).

use std::collections::{HashMap, HashSet};
use std::future::poll_fn;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use conformity::words::Language;
use federation::hush::Hush;
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio::time::MissedTickBehavior;
use tracing::Instrument as _;

use super::event_filter::Wanted;
use super::events::{COMMENT, write};
use super::inbox::{Heard, Inbox, Left};
use super::site::Site;
use crate::core::event::Event;
use crate::core::interests::Interests;
use crate::core::notice::SILENCE;
use crate::core::published::Checkpoint;
use crate::metrics::Metrics;

/// Events that are told without a break: an inbox has room for as many, and whoever was told has its turn before more comes.
const FEW: usize = 32;
/// One step of the clock by which silence is measured.
const TICK: Duration = Duration::from_secs(1);
/// Steps of silence.
const SILENT: u64 = SILENCE.as_secs();
/// Steps that can be told apart: more than those of silence.
const STEPS: usize = SILENT as usize + 1;

/// The readers.
#[derive(Default)]
pub(super) struct Live {
    state: Mutex<State>,
    /// Somebody came while there was more to look at.
    sooner: Notify,
}

#[derive(Default)]
struct State {
    interests: Interests<u64>,
    listeners: HashMap<u64, Listener>,
    /// Those whose interest changes with a watchlist.
    by_watchlist: HashMap<u64, Wanted>,
    /// Changes of watchlists that were followed.
    changes: u64,
    /// Every entry before it was looked at, and of that one the events before this position.
    mark: u64,
    position: u32,
    /// How many readers came.
    came: u64,
    /// Who may be owed a checkpoint, and the size of the one that was handed to all of them.
    owed: HashSet<u64>,
    handed: u64,
    /// The present step, and who is looked at in which.
    step: u64,
    wheel: [Vec<u64>; STEPS],
}

/// A reader as it is told of events.
struct Listener {
    inbox: Arc<Inbox>,
    language: Option<Language>,
    /// Entries before it were read from the log.
    from: u64,
    /// Entries before it are of those that it was told something of.
    told: u64,
    /// Size of the last checkpoint that it was told.
    checkpoint: u64,
    /// The step in which it was told something last.
    spoken_to: u64,
}

/// Where a reader of the log stands that has all there is.
pub(super) struct Standing {
    /// The next entry.
    pub(super) entry: u64,
    /// Entries before it are of those that it was told something of.
    pub(super) told: u64,
    /// Size of the last checkpoint that it was told; 0 where none was.
    pub(super) checkpoint: u64,
}

/// A reader that is told of events. It is told no more once this is dropped.
pub(super) struct Listening {
    live: Arc<Live>,
    inbox: Arc<Inbox>,
    id: u64,
}

impl Live {
    /// Tells the reader of what comes next; nothing where there is more than it has.
    pub(super) fn join(
        self: &Arc<Self>,
        wanted: &Wanted,
        language: Option<Language>,
        standing: &Standing,
    ) -> Option<Listening> {
        let mut state = self.state();
        if state.listeners.is_empty() {
            (state.mark, state.position) = (standing.entry, 0);
        }
        // Half an entry would be missing.
        if (standing.entry, 0) < (state.mark, state.position) {
            return None;
        }
        let inbox = Arc::<Inbox>::default();
        let id = state.came(wanted, language, standing, Arc::clone(&inbox));
        drop(state);
        // What was committed since the reader looked was announced to nobody here.
        self.sooner.notify_one();
        Some(Listening { live: Arc::clone(self), inbox, id })
    }

    /// Where to look next; nothing where nobody listens or a log of `size` entries has no more.
    fn next(&self, size: u64) -> Option<u64> {
        let state = self.state();
        (!state.listeners.is_empty() && state.mark < size).then_some(state.mark)
    }

    /// Looks at the events of an entry, those after each other who are told of few, unless it is not the next one any more.
    async fn look_at(&self, index: u64, events: &[Event], changes: impl Fn() -> u64) {
        let mut position = 0;
        for few in events.chunks(FEW) {
            if position > 0 {
                tokio::task::yield_now().await;
            }
            let Some(next) = self.look_at_few((index, position), few, changes()) else { return };
            position = next;
        }
        let mut state = self.state();
        if (state.mark, state.position) == (index, position) {
            (state.mark, state.position) = (index + 1, 0);
        }
    }

    /// Looks at some events of an entry from a position on; the next position, unless they are not what is looked at next any more.
    fn look_at_few(&self, from: (u64, u32), events: &[Event], changes: u64) -> Option<u32> {
        let mut state = self.state();
        if (state.mark, state.position) != from {
            return None;
        }
        state.follow(changes);
        for event in events {
            state.tell(event);
            state.position = event.position.saturating_add(1);
        }
        Some(state.position)
    }

    /// Every entry before it was looked at for those who listen; nothing where nobody does.
    fn told(&self) -> Option<u64> {
        let state = self.state();
        (!state.listeners.is_empty()).then_some(state.mark)
    }

    /// Hands a new checkpoint to those who were told something since the last one, once all that it covers was looked at.
    fn hand_round(&self, checkpoint: &Checkpoint) {
        let mut state = self.state();
        if checkpoint.size > state.mark || checkpoint.size <= state.handed {
            return;
        }
        state.handed = checkpoint.size;
        for id in std::mem::take(&mut state.owed) {
            if state.listeners.get(&id).is_some_and(|listener| listener.checkpoint < checkpoint.size) {
                state.hand(id, checkpoint);
            }
            if state.listeners.get(&id).is_some_and(|listener| listener.checkpoint < listener.told) {
                state.owed.insert(id);
            }
        }
    }

    /// A step of the clock: whoever heard nothing for long hears the newest checkpoint, or that there is none yet.
    fn beat(&self, newest: Option<&Checkpoint>) {
        let mut state = self.state();
        state.step += 1;
        let (step, place) = (state.step, place(state.step));
        for id in std::mem::take(&mut state.wheel[place]) {
            let Some(listener) = state.listeners.get_mut(&id) else { continue };
            // What waits in its inbox breaks the silence, once it is read.
            if !listener.inbox.is_empty() {
                listener.spoken_to = step;
            }
            if listener.spoken_to + SILENT <= step {
                let mark = state.mark;
                match newest.filter(|checkpoint| checkpoint.size <= mark) {
                    Some(checkpoint) => state.hand(id, checkpoint),
                    None => drop(state.put(id, &COMMENT, (mark, 0))),
                }
            }
            if let Some(listener) = state.listeners.get(&id) {
                let due = listener.spoken_to + SILENT;
                state.wheel[self::place(due)].push(id);
            }
        }
    }

    /// Lets go of everybody.
    fn let_go(&self) {
        let mut state = self.state();
        let mark = state.mark;
        for id in state.listeners.keys().copied().collect::<Vec<_>>() {
            state.let_go(id, (mark, 0));
        }
    }

    /// Ends all streams, wherever they stand: their readers resume behind what they heard last.
    fn end(&self) {
        for listener in std::mem::take(&mut *self.state()).listeners.into_values() {
            listener.inbox.end();
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// In which place of the wheel a step is.
fn place(step: u64) -> usize {
    (step % STEPS as u64) as usize
}

impl State {
    fn came(&mut self, wanted: &Wanted, language: Option<Language>, standing: &Standing, inbox: Arc<Inbox>) -> u64 {
        let Standing { entry, told, checkpoint } = *standing;
        let (id, spoken_to) = (self.came, self.step);
        self.came += 1;
        self.interests.set(id, wanted.interest());
        if wanted.is_by_watchlist() {
            self.by_watchlist.insert(id, wanted.clone());
        }
        // Whoever was told of no checkpoint is owed the first that there is.
        let told = told.max(1);
        if checkpoint < told {
            self.owed.insert(id);
            self.handed = self.handed.min(checkpoint);
        }
        self.wheel[place(spoken_to + SILENT)].push(id);
        self.listeners.insert(id, Listener { inbox, language, from: entry, told, checkpoint, spoken_to });
        id
    }

    fn gone(&mut self, id: u64) {
        self.listeners.remove(&id);
        self.interests.remove(&id);
        self.by_watchlist.remove(&id);
        self.owed.remove(&id);
    }

    /// Lets go of a reader that was told everything before `next`.
    fn let_go(&mut self, id: u64, next: (u64, u32)) {
        if let Some(listener) = self.listeners.get(&id) {
            let (index, position) = next.max((listener.from, 0));
            listener.inbox.close(Left { index, position, checkpoint: listener.checkpoint });
        }
        self.gone(id);
    }

    /// Takes watchlists as they are now.
    fn follow(&mut self, changes: u64) {
        if self.changes == changes {
            return;
        }
        self.changes = changes;
        for (id, wanted) in &self.by_watchlist {
            self.interests.set(*id, wanted.interest());
        }
    }

    fn tell(&mut self, event: &Event) {
        let found: Vec<u64> = self.interests.of(event).into_iter().copied().collect();
        let mut texts: Vec<(Option<Language>, Bytes)> = Vec::new();
        for id in found {
            let Some(listener) = self.listeners.get_mut(&id).filter(|listener| listener.from <= event.index) else {
                continue;
            };
            let text = match texts.iter().find(|(of, _)| *of == listener.language) {
                Some((_, text)) => text.clone(),
                None => text(event, listener.language, &mut texts),
            };
            if listener.put(&text, self.step) {
                listener.told = event.index + 1;
                self.owed.insert(id);
            } else {
                self.let_go(id, (event.index, event.position));
            }
        }
    }

    fn hand(&mut self, id: u64, checkpoint: &Checkpoint) {
        let put = self.put(id, &checkpoint.frame, (self.mark, 0));
        if let Some(listener) = self.listeners.get_mut(&id).filter(|_| put) {
            listener.checkpoint = checkpoint.size;
        }
    }

    /// Puts a piece into an inbox; where it has no room, the reader is let go of: it was told everything before `next`.
    fn put(&mut self, id: u64, piece: &Bytes, next: (u64, u32)) -> bool {
        let Some(listener) = self.listeners.get_mut(&id) else { return false };
        let put = listener.put(piece, self.step);
        if !put {
            self.let_go(id, next);
        }
        put
    }
}

impl Listener {
    /// Puts a piece into its inbox; `false` where that has no room.
    fn put(&mut self, piece: &Bytes, step: u64) -> bool {
        self.spoken_to = step;
        self.inbox.put(piece)
    }
}

/// Writes the event in a language, once for all who read in it.
fn text(event: &Event, language: Option<Language>, texts: &mut Vec<(Option<Language>, Bytes)>) -> Bytes {
    let mut text = BytesMut::new();
    write(event, language, &mut text);
    let text = text.freeze();
    texts.push((language, text.clone()));
    text
}

impl Listening {
    /// What the reader hears next.
    pub(super) async fn next(&self) -> Heard {
        poll_fn(|context| self.inbox.poll(context)).await
    }

    /// Hears what waits already and nothing more.
    pub(super) fn leave(&self) {
        let mut state = self.live.state();
        let next = (state.mark, state.position);
        state.let_go(self.id, next);
    }

    /// Whether the reader has not heard all that a log of `size` entries says.
    pub(super) fn is_behind(&self, size: u64) -> bool {
        let state = self.live.state();
        let told = state.listeners.get(&self.id).map(|listener| listener.from.max(state.mark));
        !self.inbox.is_empty() || told.is_none_or(|told| told < size)
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        self.live.state().gone(self.id);
    }
}

/// Looks at each event for those who listen, for as long as the registry is open.
pub(super) fn attend(site: &Arc<Site>) {
    let (live, metrics) = (Arc::clone(&site.live), Arc::clone(&site.registry.metrics));
    let site = Arc::downgrade(site);
    // Nobody else keeps the registry open for this.
    let again = move || site.upgrade().map(|open| tokio::spawn(attending(&open).in_current_span()));
    tokio::spawn(async move { keep_up(&live, &metrics, again).await }.in_current_span());
}

/// Lets `attending` run, and again after a fault of ours. Who was told of what is not known then, so that all streams end.
async fn keep_up(live: &Live, metrics: &Metrics, mut attending: impl FnMut() -> Option<JoinHandle<()>>) {
    while let Some(running) = attending() {
        match running.await {
            Err(error) if error.is_panic() => {
                tracing::error!(%error, "event streams end, for who looked after them failed");
                metrics.event_stream_faults.inc();
                live.end();
            }
            Ok(()) | Err(_) => return,
        }
    }
}

fn attending(site: &Arc<Site>) -> impl Future<Output = ()> + Send + use<> {
    let (live, mut size) = (Arc::clone(&site.live), site.registry.size.clone());
    let (site, mut published) = (Arc::downgrade(site), site.registry.published.subscribe());
    async move {
        let mut steps = tokio::time::interval(TICK);
        steps.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let Some(open) = site.upgrade() else { return };
            let has_more = look(&live, &open).await;
            drop(open);
            let alive = tokio::select! {
                biased;
                _ = steps.tick() => {
                    let newest = site.upgrade().and_then(|open| newest(&open));
                    live.beat(newest.as_deref());
                    true
                }
                // Those who were told have their turn before more comes.
                () = tokio::task::yield_now(), if has_more => true,
                changed = size.changed(), if !has_more => changed.is_ok(),
                changed = published.changed(), if !has_more => changed.is_ok(),
                () = live.sooner.notified(), if !has_more => true,
            };
            if !alive {
                return;
            }
        }
    }
}

/// Looks at the next of what there is; whether there is more. Where it cannot be read, everybody reads on alone, and hears of it.
async fn look(live: &Live, site: &Arc<Site>) -> bool {
    static FAULTS: Hush = Hush::new();
    let feed = &site.registry.feed;
    if let Some(mark) = live.next(feed.size()) {
        match feed.read(mark, &site.live_reads).await {
            Ok(entries) => {
                for (index, events) in (mark..).zip(entries) {
                    live.look_at(index, &events, || site.watches.changes()).await;
                }
            }
            Err(error) => {
                if let Some(times) = FAULTS.heard() {
                    tracing::error!(%error, times, "event streams end, for the log cannot be read");
                }
                live.let_go();
            }
        }
    }
    if let Some(newest) = newest(site) {
        live.hand_round(&newest);
    }
    site.registry.cascades.listeners.are_at(live.told());
    live.next(feed.size()).is_some()
}

fn newest(site: &Site) -> Option<Arc<Checkpoint>> {
    site.published.newest(&site.registry).ok().flatten()
}

#[cfg(test)]
mod tests;
