//! One subscription as the dispatcher holds it: what it asks for, and its lane.
//!
//! Out of scope: which of many is next (the dispatcher).

use std::collections::VecDeque;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use tokio::sync::Notify;

use crate::buyer::lane::{Delivery, Lane, Spot};
use crate::buyer::source::Source;
use crate::buyer::subscription::Subscription;

/// A subscription with its lane.
pub(super) struct Line {
    pub(super) subscription: Arc<Subscription>,
    pub(super) lane: Lane,
    /// Another one after whatever its owner does, so that what a worker began before is not taken for what was asked since.
    pub(super) turn: u64,
    /// Pings that wait.
    pub(super) pings: VecDeque<Ping>,
    /// Where its suppliers come from.
    pub(super) source: Option<Source>,
    /// How many there are.
    pub(super) watched: usize,
    /// When it is due, as the dispatcher noted it.
    pub(super) due: Option<Timestamp>,
    /// Something may be there for those who wait in a poll.
    pub(super) news: Arc<Notify>,
    /// When something was sent last.
    sent: Timestamp,
}

/// Something that is sent to see whether it arrives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ping {
    /// Its id.
    pub id: String,
    /// What a receiver of security events wants to hear in it.
    pub state: Option<String>,
}

/// Something to do for a subscription.
#[derive(Debug, Clone)]
pub struct Work {
    /// What is asked for, as of now.
    pub subscription: Arc<Subscription>,
    /// Its turn.
    pub turn: u64,
    /// What.
    pub task: Task,
}

/// What to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Task {
    /// Send this ping.
    Ping(Ping),
    /// Send the event at this place again.
    Again(Spot),
    /// Send the first event that fits from this place on.
    From(Spot),
    /// Say that all is well.
    Heartbeat,
}

impl Line {
    /// In the place of what was before.
    pub(super) fn new(
        subscription: Arc<Subscription>,
        lane: Lane,
        watched: usize,
        before: Option<Line>,
        (turn, now): (u64, Timestamp),
    ) -> Line {
        let (pings, sent, news) =
            before.map_or_else(|| (VecDeque::new(), now, Arc::default()), |line| (line.pings, line.sent, line.news));
        news.notify_waiters();
        let source = subscription.source();
        Line { subscription, lane, turn, pings, source, watched, due: None, news, sent }
    }

    /// Remembers an attempt.
    pub(super) fn heard(&mut self, delivery: Delivery) {
        self.sent = delivery.at;
        self.lane.remember(delivery);
    }

    /// What was told as a whole leaves its lane at no place within it.
    pub(super) fn settle(&mut self) {
        self.lane.behind = self.lane.behind.map(|spot| self.subscription.behind(spot));
    }

    /// Why it is parked, if it was not before.
    pub(super) fn why_parked(&self, was_parked: bool) -> Option<String> {
        self.lane.parked.as_ref().filter(|_| !was_parked).map(|parked| parked.why.clone())
    }

    /// When there is something to do.
    pub(super) fn next(&self, now: Timestamp) -> Option<Timestamp> {
        if !self.subscription.is_sent() {
            return None;
        }
        if !self.pings.is_empty() {
            return Some(now);
        }
        let beats = self.lane.parked.is_none() && self.subscription.takes_notices();
        let heartbeat = beats.then(|| self.heartbeat(now));
        self.lane.due(now).or(heartbeat)
    }

    /// When the next one is sent, where nothing else is. What was sent later than now was so before the clock was set back.
    fn heartbeat(&self, now: Timestamp) -> Timestamp {
        let silence = SignedDuration::from_secs(self.subscription.heartbeat_seconds.into());
        let next = self.sent.min(now).checked_add(silence).unwrap_or(Timestamp::MAX);
        next.max(self.lane.next(now))
    }

    /// What there is to do now.
    pub(super) fn work(&self, now: Timestamp) -> Option<Work> {
        if !self.subscription.is_sent() {
            return None;
        }
        let lane = &self.lane;
        let task = match (self.pings.front(), lane.due(now)) {
            (Some(ping), _) => Task::Ping(ping.clone()),
            (None, Some(at)) if at > now => return None,
            (None, Some(_)) => match (lane.again.front(), lane.behind) {
                (Some(spot), _) => Task::Again(*spot),
                (None, spot) => Task::From(spot?),
            },
            (None, None) if self.next(now).is_some_and(|at| at <= now) => Task::Heartbeat,
            (None, None) => return None,
        };
        Some(Work { subscription: Arc::clone(&self.subscription), turn: self.turn, task })
    }
}
