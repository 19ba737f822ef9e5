//! Who is told of what, and how far: one look at each event finds the subscriptions that it fits, and a lane for each of them knows what
//! is still to be delivered.
//!
//! ```text
//! feed ──once, up to the mark──▶ interests ──fits──▶ lane: behind from here on ──due──▶ a worker reads on from there
//!
//! vault:  lanes-mark                          every entry before it was looked at
//!         lanes/<pseudonym of owner>          lanes of that owner's subscriptions
//! ```
//!
//! Nothing is queued but places: a lane that is behind reads the feed itself, from its cursor up to the mark. So a receiver that fails costs a
//! cursor, and nobody waits for another.
//!
//! Durability: lanes that changed and the mark are kept in one commit, a second apart at most, so that after a crash each event before the mark is
//! delivered or in the range of its lane: what was delivered within that second is delivered again, under the same id. A lane to
//! which nothing happens is not written.
//! Out of scope: reading the feed and sending (`buyer::delivery`).

mod kept;
mod line;
mod polled;
mod sourced;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bridges::catena_x::edition::Stage;
use conformity::identifiers::Identifier;
use conformity::ids::PartyId;
use jiff::{SignedDuration, Timestamp};
use tokio::sync::{Notify, Semaphore};

use super::hindrance::Hindrance;
use super::lane::{Delivery, Heard, Lane, Patience, Sending, Spot};
use super::shelf::Name;
use super::subscription::Subscription;
use super::webhook::Answer;
use crate::core::event::Event;
use crate::core::interests::{Interest, Interests};
use crate::vault::Vault;
use line::Line;

pub use line::{Ping, Task, Work};
pub use polled::{Answers, Polled, WINDOW};
pub use sourced::{Headroom, watched};

/// Workers that one owner may have at once.
const MAX_WORKERS: usize = 8;
/// How often one owner may have events told again from a place, and within which time.
const MAX_REWINDS: usize = 32;
const REWINDS_WITHIN: SignedDuration = SignedDuration::from_hours(24);
/// A clock that goes back by more than this was set.
const SET_BACK: SignedDuration = SignedDuration::from_secs(-5);
/// Pings that may wait in one lane.
const MAX_PINGS: usize = 4;

/// Whose subscription, and which.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key {
    /// Whose.
    pub owner: PartyId,
    /// Which.
    pub name: Name,
}

/// All subscriptions of one registry.
pub struct Dispatch {
    vault: Arc<Vault>,
    state: Mutex<State>,
    changing: Mutex<()>,
    keeping: Mutex<()>,
    /// Something is due sooner than it was.
    pub(super) sooner: Notify,
    /// Turns at reading old entries from the journal.
    pub catch_ups: Semaphore,
}

#[derive(Default)]
struct State {
    lines: BTreeMap<Key, Line>,
    interests: Interests<Key>,
    /// Every entry before it was looked at.
    mark: u64,
    /// The mark as it was kept last.
    kept: Option<u64>,
    /// When something is due, the first at the front.
    due: BTreeSet<(Timestamp, Key)>,
    /// Those that a worker has. One that ended meanwhile stays until its worker is done, so that another of its name waits for that.
    worked_for: BTreeSet<Key>,
    /// When it was looked for what is due.
    looked: Timestamp,
    /// Turns that were given: no two lines, and no two states of one, have the same.
    turns: u64,
    /// When owners had events told again from a place, within the last day.
    rewound: BTreeMap<PartyId, Vec<Timestamp>>,
    /// Owners of lanes that changed since they were kept.
    changed: BTreeSet<PartyId>,
}

/// What a subscriber sees of its lane.
#[derive(Debug, Clone)]
pub struct Seen {
    /// The lane.
    pub lane: Lane,
    /// Entries that were looked at for it.
    pub mark: u64,
}

impl Dispatch {
    /// Held while a subscription or a watchlist changes on the shelf and here: of two changes at once the later one counts in both.
    pub fn changing(&self) -> MutexGuard<'_, ()> {
        self.changing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// There is a subscription of this key now, or it is another than before. A new one begins at `start`; one that was there goes on as it
    /// did, in trouble or parked: only who mended what was wrong has it resumed, by [`Dispatch::change`].
    pub fn put(
        &self,
        key: Key,
        put: Subscription,
        watched: Arc<HashSet<Identifier>>,
        start: Option<Spot>,
        now: Timestamp,
    ) {
        let mut state = self.state();
        let mut lane = state.lines.get(&key).map(|line| line.lane.clone()).unwrap_or_default();
        if put.is_sent() {
            lane.take_back();
        }
        lane = start.map_or(lane, |start| Lane { behind: Some(put.behind(start)), ..Lane::default() });
        state.changed.insert(key.owner.clone());
        state.set(key, Arc::new(put), watched, lane, now);
        self.sooner.notify_one();
    }

    /// The subscription is gone.
    pub fn removed(&self, key: &Key) {
        let mut state = self.state();
        state.unschedule(key);
        if let Some(line) = state.lines.remove(key) {
            // Whoever waits finds that it is gone.
            line.news.notify_waiters();
        }
        state.interests.remove(key);
        state.changed.insert(key.owner.clone());
    }

    /// Nothing more is found out for a subscription until its owner does something.
    pub(super) fn park(&self, key: &Key, turn: u64, why: Hindrance, now: Timestamp) {
        let mut state = self.state();
        if state.lines.get(key).is_some_and(|line| line.turn == turn) {
            state.park(key, why, now);
        }
    }

    /// Moves on a lane by what was found out, or was not; nothing of it counts where the owner changed something meanwhile.
    pub(super) fn found(&self, key: &Key, turn: u64, found: impl FnOnce(&mut Lane)) {
        let mut state = self.state();
        if let Some(line) = state.lines.get_mut(key).filter(|line| line.turn == turn) {
            found(&mut line.lane);
            line.settle();
            state.changed.insert(key.owner.clone());
        }
    }

    /// How far telling is; nothing where there is no such subscription.
    pub fn seen(&self, key: &Key) -> Option<Seen> {
        let state = self.state();
        state.lines.get(key).map(|line| Seen { lane: line.lane.clone(), mark: state.mark })
    }

    /// Changes the lane by its owner's wish, and goes on by it at once.
    pub fn change<T>(&self, key: &Key, now: Timestamp, change: impl FnOnce(&mut Lane) -> T) -> Option<T> {
        let mut state = self.state();
        let turn = state.turn();
        let line = state.lines.get_mut(key)?;
        line.turn = turn;
        let changed = change(&mut line.lane);
        line.settle();
        line.news.notify_waiters();
        state.changed.insert(key.owner.clone());
        state.schedule(key, now);
        self.sooner.notify_one();
        Some(changed)
    }

    /// Whether the owner may have events told again from a place, which is counted: the node sends much for a request that costs nothing.
    pub fn may_rewind(&self, owner: &PartyId, now: Timestamp) -> bool {
        let mut state = self.state();
        let rewound = state.rewound.entry(owner.clone()).or_default();
        rewound.retain(|at| now.duration_since(*at).abs() < REWINDS_WITHIN);
        let may = rewound.len() < MAX_REWINDS;
        if may {
            rewound.push(now);
        }
        may
    }

    /// Has a ping sent before anything else; `false` where too many wait or there is no such subscription.
    pub fn ping(&self, key: &Key, ping: Ping, now: Timestamp) -> bool {
        let mut state = self.state();
        let Some(line) = state.lines.get_mut(key).filter(|line| line.pings.len() < MAX_PINGS) else { return false };
        line.pings.push_back(ping);
        line.news.notify_waiters();
        state.schedule(key, now);
        self.sooner.notify_one();
        true
    }

    /// Every entry before it was looked at.
    pub fn mark(&self) -> u64 {
        self.state().mark
    }

    /// Whether nobody subscribed to anything. Then entries up to `size` count as looked at.
    pub(super) fn is_idle(&self, size: u64) -> bool {
        let mut state = self.state();
        if state.lines.is_empty() {
            state.mark = state.mark.max(size);
        }
        state.lines.is_empty()
    }

    /// Looks at the events of the entries from the mark on.
    pub(super) fn look_at(&self, entries: &[Arc<[Event]>], now: Timestamp) {
        let mut state = self.state();
        for events in entries {
            for event in events.iter() {
                let spot = Spot { index: event.index, position: event.position };
                let found: Vec<Key> = state.interests.of(event).into_iter().cloned().collect();
                for key in found {
                    state.fits(&key, spot, now);
                }
            }
            state.mark += 1;
        }
    }

    /// Subscriptions that are due, each for one worker, and when the next one is.
    pub(super) fn due(&self, now: Timestamp, most: usize) -> (Vec<Key>, Option<Timestamp>) {
        let mut state = self.state();
        state.follow(now);
        let mut keys = Vec::new();
        while keys.len() < most
            && let Some((_, key)) = state.next().filter(|(at, _)| *at <= now).cloned()
        {
            state.unschedule(&key);
            state.worked_for.insert(key.clone());
            keys.push(key);
        }
        (keys, state.next().map(|(at, _)| *at))
    }

    /// What a worker does next for a subscription; nothing when it is done for now.
    pub(super) fn work(&self, key: &Key, now: Timestamp) -> Option<Work> {
        self.state().lines.get(key)?.work(now)
    }

    /// Whether an event fits what the subscription asks for now.
    pub fn passes(&self, key: &Key, event: &Event) -> bool {
        let state = self.state();
        state.lines.get(key).is_some_and(|line| line.subscription.wants(&event.kind))
            && state.interests.passes(key, event)
    }

    /// Nothing up to `entry` fits any more; whether the lane is through with all that was looked at.
    pub(super) fn passed(&self, key: &Key, turn: u64, entry: u64) -> bool {
        let mut state = self.state();
        let is_through = entry >= state.mark;
        let Some(line) = state.lines.get_mut(key).filter(|line| line.turn == turn) else { return true };
        line.lane.behind = (!is_through).then(|| Spot::of_entry(entry));
        line.lane.unhindered();
        if is_through {
            // Kept, or after a restart everything since its last event would be passed again.
            state.changed.insert(key.owner.clone());
        }
        is_through
    }

    /// How far a partner was told of each offer; nothing where the owner changed something meanwhile.
    pub(super) fn told(&self, key: &Key, turn: u64) -> Option<BTreeMap<Name, Stage>> {
        let state = self.state();
        state.lines.get(key).filter(|line| line.turn == turn).map(|line| line.lane.told.clone())
    }

    /// A partner is about to be told, and whether it was known before that it may hear of this certificate; nothing where the owner changed
    /// something meanwhile, and it may be owed something else.
    pub(super) fn tells(&self, key: &Key, turn: u64, heard: &Heard) -> Option<bool> {
        let mut state = self.state();
        let line = state.lines.get_mut(key).filter(|line| line.turn == turn)?;
        let before = line.lane.told.get(&heard.offer).copied();
        line.lane.may_have_heard(heard);
        let is_known = before == line.lane.told.get(&heard.offer).copied();
        state.changed.insert(key.owner.clone());
        Some(is_known)
    }

    /// What was sent was answered so; nothing of it counts where the owner changed something meanwhile. Why it is parked now, if it was not.
    pub(super) fn answered(
        &self,
        key: &Key,
        turn: u64,
        sent: &Sending,
        answer: &Answer,
        told: Told<'_>,
    ) -> Option<String> {
        let mut state = self.state();
        let line = state.lines.get_mut(key)?;
        let was_parked = line.lane.parked.is_some();
        line.heard(told.delivery);
        if line.turn == turn {
            line.lane.answered(sent.clone(), answer, told.now, told.patience, told.jitter);
            line.settle();
        }
        let why = line.why_parked(was_parked);
        state.changed.insert(key.owner.clone());
        why
    }

    /// A ping or a heartbeat was answered so. Why it is parked now, if it was not.
    pub(super) fn heard(&self, key: &Key, work: &Work, answer: &Answer, told: Told<'_>) -> Option<String> {
        let mut state = self.state();
        let line = state.lines.get_mut(key)?;
        let before = (line.lane.trouble.is_some(), line.lane.parked.is_some());
        line.heard(told.delivery);
        match &work.task {
            Task::Ping(ping) => {
                // By its id: others may wait by now, and not this one any more.
                line.pings.retain(|waiting| waiting.id != ping.id);
                line.lane.pinged(answer, told.now);
            }
            _ if line.turn == work.turn => line.lane.beat(answer, told.now, told.patience, told.jitter),
            _ => {}
        }
        let why = line.why_parked(before.1);
        // Heartbeats of those for which all is well are not written: that would be a commit a second, for ever.
        if before != (line.lane.trouble.is_some(), line.lane.parked.is_some()) {
            state.changed.insert(key.owner.clone());
        }
        why
    }

    /// A worker panicked over a subscription: it is tried again as after a failure, not at once.
    pub(super) fn stumbled(&self, key: &Key, now: Timestamp, patience: &Patience) {
        let mut state = self.state();
        if let Some(line) = state.lines.get_mut(key) {
            line.pings.clear();
            line.lane.beat(
                &Answer::Failed("this registry failed; its operator can help".to_owned()),
                now,
                patience,
                0.5,
            );
            state.changed.insert(key.owner.clone());
        }
    }

    /// A worker is done with a subscription for now.
    pub(super) fn finish(&self, key: &Key, now: Timestamp) {
        let mut state = self.state();
        state.worked_for.remove(key);
        state.schedule(key, now);
        self.sooner.notify_one();
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What is remembered of an answer.
pub(super) struct Told<'a> {
    /// The attempt.
    pub(super) delivery: Delivery,
    /// When.
    pub(super) now: Timestamp,
    /// How failures are followed up.
    pub(super) patience: &'a Patience,
    /// Between 0 and 1.
    pub(super) jitter: f64,
}

impl State {
    /// The first that is due of an owner for whom not too many workers are busy already: once one of them is done, it is looked at again.
    fn next(&self) -> Option<&(Timestamp, Key)> {
        let busy = |owner: &PartyId| self.worked_for.iter().filter(|key| key.owner == *owner).count();
        self.due.iter().find(|(_, key)| busy(&key.owner) < MAX_WORKERS)
    }

    /// Schedules anew where the clock was set back: what was due at its time would wait until that comes again.
    fn follow(&mut self, now: Timestamp) {
        if now.duration_since(self.looked) < SET_BACK {
            for key in self.lines.keys().cloned().collect::<Vec<_>>() {
                self.schedule(&key, now);
            }
        }
        self.looked = now;
    }

    fn set(
        &mut self,
        key: Key,
        subscription: Arc<Subscription>,
        watched: Arc<HashSet<Identifier>>,
        mut lane: Lane,
        now: Timestamp,
    ) {
        // It may have been in the middle of an entry, by other wishes.
        lane.behind = lane.behind.map(|spot| subscription.at(spot));
        self.unschedule(&key);
        self.interest(&key, &subscription, &watched);
        let before = self.lines.remove(&key);
        let line = Line::new(subscription, lane, watched.len(), before, (self.turn(), now));
        self.lines.insert(key.clone(), line);
        self.schedule(&key, now);
    }

    fn turn(&mut self) -> u64 {
        self.turns += 1;
        self.turns
    }

    fn of<'a>(&'a self, owner: &'a PartyId) -> impl Iterator<Item = (&'a Key, &'a Line)> {
        self.lines.iter().filter(move |(key, _)| key.owner == *owner)
    }

    fn watch(&mut self, key: &Key, suppliers: &Arc<HashSet<Identifier>>) {
        let Some(line) = self.lines.get_mut(key) else { return };
        line.watched = suppliers.len();
        let subscription = Arc::clone(&line.subscription);
        self.interest(key, &subscription, suppliers);
    }

    fn interest(&mut self, key: &Key, subscription: &Subscription, watched: &Arc<HashSet<Identifier>>) {
        if subscription.hears() {
            let filter = Arc::new(subscription.conditions());
            self.interests.set(key.clone(), Interest { filter, watched: Arc::clone(watched) });
        } else {
            self.interests.remove(key);
        }
    }

    fn fits(&mut self, key: &Key, spot: Spot, now: Timestamp) {
        let Some(line) = self.lines.get_mut(key).filter(|line| spot.index >= line.subscription.from) else { return };
        if line.lane.fits(line.subscription.at(spot)) {
            line.news.notify_waiters();
            self.changed.insert(key.owner.clone());
            self.schedule(key, now);
        }
    }

    fn park(&mut self, key: &Key, why: Hindrance, now: Timestamp) {
        let turn = self.turn();
        let Some(line) = self.lines.get_mut(key) else { return };
        line.turn = turn;
        line.lane.stuck(why, now);
        self.changed.insert(key.owner.clone());
        self.schedule(key, now);
    }

    fn unschedule(&mut self, key: &Key) {
        if let Some(at) = self.lines.get_mut(key).and_then(|line| line.due.take()) {
            self.due.remove(&(at, key.clone()));
        }
    }

    /// Puts it where it belongs among what is due, unless a worker has it: that one looks again when it is done.
    fn schedule(&mut self, key: &Key, now: Timestamp) {
        self.unschedule(key);
        if self.worked_for.contains(key) {
            return;
        }
        let Some(line) = self.lines.get_mut(key) else { return };
        line.due = line.next(now);
        if let Some(at) = line.due {
            self.due.insert((at, key.clone()));
        }
    }
}
