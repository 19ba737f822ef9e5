//! Subscriptions that are polled (RFC 8936): what is handed out stays with the lane until it is acknowledged, in whatever order, and is
//! handed out again until then. So many places at most are handed out at once; beyond them the cursor waits.
//!
//! Out of scope: reading events and making tokens of them (`http::polling`).

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::Timestamp;
use tokio::sync::Notify;

use super::{Dispatch, Key, Ping};
use crate::buyer::lane::{Delivery, Spot};
use crate::buyer::subscription::Subscription;
use crate::core::event::Event;

/// Events that are handed out and not acknowledged, at most.
pub const WINDOW: usize = 256;

/// What a receiver says of what it was handed.
#[derive(Debug, Default)]
pub struct Answers {
    /// Events that it has.
    pub acks: BTreeSet<Spot>,
    /// Verifications that it has, or does not want, by id.
    pub pings: BTreeSet<String>,
    /// Events that it does not want, and why.
    pub refused: Vec<(Spot, Delivery)>,
}

/// What a poll goes on from.
#[derive(Debug)]
pub struct Polled {
    /// The stream, as of now.
    pub subscription: Arc<Subscription>,
    /// What of the stream is meant.
    pub turn: u64,
    /// Pings that wait.
    pub pings: Vec<Ping>,
    /// What was handed out before and is not acknowledged, the oldest first.
    pub handed: Vec<Spot>,
    /// From where on there may be more.
    pub behind: Option<Spot>,
}

/// A webhook, or a stream that is pushed, is a worker's: a poll would take places away from it.
fn is_polled(subscription: &Subscription) -> bool {
    subscription.url.is_none() && subscription.stream.is_some()
}

impl Dispatch {
    /// Takes what a receiver says, and tells what there is for it; nothing, and nothing changes, where there is no such subscription that is
    /// polled.
    pub fn polled(&self, key: &Key, answers: Answers, now: Timestamp) -> Option<Polled> {
        let mut state = self.state();
        let line = state.lines.get_mut(key).filter(|line| is_polled(&line.subscription))?;
        let lane = &mut line.lane;
        let before = (lane.handed.len(), lane.again.len());
        lane.handed.retain(|spot| !answers.acks.contains(spot));
        line.pings.retain(|ping| !answers.pings.contains(&ping.id));
        for (spot, delivery) in answers.refused {
            // What it was not handed it cannot refuse.
            if lane.handed.contains(&spot) && lane.refused(spot, now) {
                lane.remember(delivery);
            }
        }
        // Dead letters that are to be told again come among what was handed out, in their order.
        while lane.handed.len() < WINDOW
            && let Some(spot) = lane.again.pop_front()
        {
            lane.handed.push(spot);
        }
        lane.handed.sort_unstable();
        lane.handed.dedup();
        let (handed, behind, has_changed) =
            (lane.handed.clone(), lane.behind, before != (lane.handed.len(), lane.again.len()));
        let pings = line.pings.iter().cloned().collect();
        let polled = Polled { subscription: Arc::clone(&line.subscription), turn: line.turn, pings, handed, behind };
        if has_changed {
            state.changed.insert(key.owner.clone());
            self.sooner.notify_one();
        }
        Some(polled)
    }

    /// What tells that there may be more for a poll of this stream; nothing where there is no such subscription that is polled.
    pub fn news(&self, key: &Key) -> Option<Arc<Notify>> {
        let state = self.state();
        let line = state.lines.get(key).filter(|line| is_polled(&line.subscription))?;
        Some(Arc::clone(&line.news))
    }

    /// These are handed out, and everything before `reached` was looked at; whether that counts: not where another poll, or the owner, moved
    /// the lane on since `from`.
    pub fn hand_out(&self, key: &Key, (turn, from): (u64, Spot), spots: &[Spot], reached: Spot) -> bool {
        let mut state = self.state();
        let is_through = reached >= Spot::of_entry(state.mark);
        let Some(line) = state.lines.get_mut(key).filter(|line| line.turn == turn) else { return false };
        if line.lane.behind != Some(from) {
            return false;
        }
        line.lane.handed.extend(spots);
        line.lane.behind = (!is_through).then_some(reached);
        state.changed.insert(key.owner.clone());
        self.sooner.notify_one();
        true
    }

    /// Whether an event that was told before may be told again: a stream is not told what it does not ask for any more, and a webhook has its
    /// dead letters all the same.
    pub fn still_fits(&self, key: &Key, event: &Event) -> bool {
        let is_webhook = self.state().lines.get(key).is_some_and(|line| line.subscription.stream.is_none());
        is_webhook || self.passes(key, event)
    }

    /// What is handed out at `spot` is not told any more: it was erased, or the stream does not ask for it now.
    pub fn lapsed(&self, key: &Key, turn: u64, spot: Spot) {
        let mut state = self.state();
        if let Some(line) = state.lines.get_mut(key).filter(|line| line.turn == turn) {
            line.lane.handed.retain(|handed| *handed != spot);
            state.changed.insert(key.owner.clone());
        }
    }
}
