//! How far the deliveries of one subscription are: a cursor, what went wrong, and when to try again. Plain values that the dispatcher
//! moves and keeps; nothing here reads a clock or waits.
//!
//! ```text
//! idle ──an event fits──▶ behind ──taken, nothing more──▶ idle
//!                           │ ▲
//!            not taken: later │ │ the time has come
//!                           ▼ │
//!                         failing ──for days, or 410──▶ parked ──replay, or put again──▶ behind
//! ```
//!
//! Events are delivered in order: one that is not taken holds up those behind it, until it is taken or, where it is refused as such again
//! and again, set aside as a dead letter. No event is kept here, only where it stands in the log, so that a lane is small however far it is behind.
//! Out of scope: which events fit, and sending them.

use std::collections::VecDeque;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::webhook::Answer;

/// Deliveries that are remembered.
const REMEMBERED: usize = 50;
/// Dead letters that are kept; one more parks the lane.
const MAX_DEAD: usize = 256;
/// How often a message is refused as such before it is set aside.
const REFUSALS: u32 = 6;
/// Longest pause between two attempts.
const LONGEST_PAUSE: Duration = Duration::from_secs(3_600);
/// No attempt is further away than the longest pause and a quarter: where it seems so, the clock was set back meanwhile.
const FURTHEST: SignedDuration = SignedDuration::from_mins(75);
/// What a push would have been answered with (RFC 8935, section 2.3).
const REFUSED_BY_POLL: u16 = 400;
const GONE: &str = "the receiver says that it is gone (410)";

/// An event's place: its entry, and its position there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Spot {
    /// Log index.
    pub index: u64,
    /// Position within the entry.
    pub position: u32,
}

impl Spot {
    /// The first event of an entry.
    pub fn of_entry(index: u64) -> Spot {
        Spot { index, position: 0 }
    }

    /// The place behind this one.
    pub fn behind(self) -> Spot {
        match self.position.checked_add(1) {
            Some(position) => Spot { position, ..self },
            None => Spot::of_entry(self.index.saturating_add(1)),
        }
    }
}

/// How failures are followed up.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    /// Pause after the first failure; each further one is twice as long, up to an hour.
    pub first_pause: Duration,
    /// How long a lane may fail before it is parked.
    pub give_up: SignedDuration,
}

/// An attempt to deliver something.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delivery {
    /// What was sent, by its `webhook-id`.
    pub id: String,
    /// When.
    pub at: Timestamp,
    /// How long it took, in milliseconds.
    pub took: u64,
    /// Whether it was taken.
    pub taken: bool,
    /// Status, or what went wrong.
    pub told: String,
}

/// An event that was set aside.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeadLetter {
    /// Which.
    #[serde(flatten)]
    pub spot: Spot,
    /// Since when.
    pub since: Timestamp,
    /// With which status it was refused.
    pub status: u16,
}

/// Why nothing is delivered until the owner says so.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Parked {
    /// Since when.
    pub since: Timestamp,
    /// Why.
    pub why: String,
}

/// Trouble with the first event that is not delivered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Trouble {
    /// Since when.
    pub since: Timestamp,
    /// How often it was tried.
    pub attempts: u32,
    /// How often it was refused as such.
    pub refusals: u32,
    /// When it is tried again.
    pub next: Timestamp,
    /// What went wrong last.
    pub why: String,
}

/// The state of one subscription's deliveries.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lane {
    /// The first place of which not all is delivered; none where all is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub behind: Option<Spot>,
    /// Trouble, if there is some.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trouble: Option<Trouble>,
    /// Whether it is parked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parked: Option<Parked>,
    /// What was set aside, the oldest first.
    #[serde(default)]
    pub dead: Vec<DeadLetter>,
    /// What was handed out to a receiver that polls and is not acknowledged, the oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub handed: Vec<Spot>,
    /// Dead letters that are to be sent again, before anything else.
    #[serde(default)]
    pub again: VecDeque<Spot>,
    /// The last attempts, the newest at the end.
    #[serde(default)]
    pub deliveries: VecDeque<Delivery>,
}

impl Lane {
    /// When there is something to deliver, if there is.
    pub fn due(&self, now: Timestamp) -> Option<Timestamp> {
        let waiting = self.parked.is_none() && (self.behind.is_some() || !self.again.is_empty());
        waiting.then(|| self.next(now))
    }

    /// When something may be sent next, as far as trouble goes.
    pub fn next(&self, now: Timestamp) -> Timestamp {
        let next = self.trouble.as_ref().map(|trouble| trouble.next);
        next.filter(|next| next.duration_since(now) <= FURTHEST).unwrap_or(now)
    }

    /// An event at `spot` fits; whether that changed anything: who is behind comes by it anyway.
    pub fn fits(&mut self, spot: Spot) -> bool {
        let is_idle = self.behind.is_none();
        if is_idle {
            self.behind = Some(spot);
        }
        is_idle
    }

    /// Remembers an attempt.
    pub fn remember(&mut self, delivery: Delivery) {
        if self.deliveries.len() >= REMEMBERED {
            self.deliveries.pop_front();
        }
        self.deliveries.push_back(delivery);
    }

    /// The event at `spot` was answered so. `jitter` lies between 0 and 1: receivers that failed together are not tried again together.
    pub fn answered(&mut self, spot: Spot, answer: &Answer, now: Timestamp, patience: &Patience, jitter: f64) {
        match answer {
            Answer::Taken(_) => self.pass(spot),
            Answer::Gone => self.park(now, GONE.to_owned()),
            Answer::Refused(status) => {
                self.failed(now, format!("status {status}"), patience, jitter);
                let refusals = self.trouble.as_mut().map_or(0, |trouble| {
                    trouble.refusals += 1;
                    trouble.refusals
                });
                if refusals >= REFUSALS {
                    self.set_aside(spot, *status, now);
                }
            }
            Answer::Failed(why) => self.failed(now, why.clone(), patience, jitter),
        }
    }

    /// A heartbeat was answered so: who is gone, or not reached for days, is parked as if events had waited. Whoever refuses it as such is there.
    pub fn beat(&mut self, answer: &Answer, now: Timestamp, patience: &Patience, jitter: f64) {
        match answer {
            Answer::Taken(_) | Answer::Refused(_) => self.trouble = None,
            Answer::Gone => self.park(now, GONE.to_owned()),
            Answer::Failed(why) => self.failed(now, why.clone(), patience, jitter),
        }
    }

    /// A ping was answered so: its owner asked for it, and it says nothing of events but that the receiver is gone.
    pub fn pinged(&mut self, answer: &Answer, now: Timestamp) {
        if *answer == Answer::Gone {
            self.park(now, GONE.to_owned());
        }
    }

    /// The event at `spot` is through.
    pub fn pass(&mut self, spot: Spot) {
        self.trouble = None;
        if self.again.front() == Some(&spot) {
            self.again.pop_front();
        } else {
            self.behind = Some(spot.behind());
        }
    }

    fn failed(&mut self, now: Timestamp, why: String, patience: &Patience, jitter: f64) {
        let before = self.trouble.take();
        let (since, attempts) = before.as_ref().map_or((now, 0), |trouble| (trouble.since.min(now), trouble.attempts));
        if now.duration_since(since) >= patience.give_up {
            return self.park(now, format!("nothing was taken since {since}; the last time: {why}"));
        }
        let doubled = patience.first_pause.saturating_mul(1 << attempts.min(16)).min(LONGEST_PAUSE);
        let pause = doubled.mul_f64(0.75 + jitter.clamp(0.0, 1.0) / 2.0);
        let next = SignedDuration::try_from(pause).ok().and_then(|pause| now.checked_add(pause).ok()).unwrap_or(now);
        let refusals = before.map_or(0, |trouble| trouble.refusals);
        self.trouble = Some(Trouble { since, attempts: attempts.saturating_add(1), refusals, next, why });
    }

    fn set_aside(&mut self, spot: Spot, status: u16, now: Timestamp) {
        if self.dead.len() >= MAX_DEAD {
            return self.park(now, format!("{MAX_DEAD} dead letters wait already; replay or drop them"));
        }
        self.dead.push(DeadLetter { spot, since: now, status });
        self.pass(spot);
    }

    /// Sends nothing more until its owner says so.
    pub fn park(&mut self, now: Timestamp, why: String) {
        self.trouble = None;
        self.parked = Some(Parked { since: now, why });
    }

    /// Goes on at once, whatever the trouble was.
    pub fn resume(&mut self) {
        self.trouble = None;
        self.parked = None;
    }

    /// What was handed out and not acknowledged is told from there on, as if it had not been.
    pub fn take_back(&mut self) {
        if let Some(first) = std::mem::take(&mut self.handed).into_iter().min() {
            self.behind = Some(self.behind.map_or(first, |behind| behind.min(first)));
        }
    }

    /// Whatever waits is not told any more.
    pub fn drop_all(&mut self) {
        *self = Lane {
            dead: std::mem::take(&mut self.dead),
            deliveries: std::mem::take(&mut self.deliveries),
            ..Lane::default()
        };
    }

    /// A receiver that polls refuses the event at `spot`; `false` where no more can be set aside.
    pub fn refused(&mut self, spot: Spot, now: Timestamp) -> bool {
        let has_room = self.dead.len() < MAX_DEAD;
        if has_room {
            self.handed.retain(|handed| *handed != spot);
            self.dead.push(DeadLetter { spot, since: now, status: REFUSED_BY_POLL });
        }
        has_room
    }

    /// Delivers everything from `spot` on again, behind dead letters from before it that were to be sent again and are not yet.
    pub fn rewind(&mut self, spot: Spot) {
        self.resume();
        self.again.retain(|waiting| *waiting < spot);
        self.handed.retain(|handed| *handed < spot);
        self.behind = Some(spot);
    }

    /// Delivers what is at these places again, each once, before anything else.
    pub fn tell_again(&mut self, places: &[Spot]) {
        for spot in places {
            if !self.again.contains(spot) {
                self.again.push_back(*spot);
            }
        }
    }

    /// Delivers the dead letters again, and how many there are.
    pub fn revive(&mut self) -> usize {
        self.resume();
        let dead = std::mem::take(&mut self.dead);
        let count = dead.len();
        self.again.extend(dead.into_iter().map(|letter| letter.spot));
        count
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const PATIENCE: Patience =
        Patience { first_pause: Duration::from_secs(10), give_up: SignedDuration::from_hours(72) };

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn behind(index: u64) -> Lane {
        Lane { behind: Some(Spot::of_entry(index)), ..Lane::default() }
    }

    #[test]
    fn a_lane_moves_on_when_and_only_when_something_is_taken() {
        let mut lane = Lane::default();
        assert_eq!(lane.due(at(0)), None);
        assert!(lane.fits(Spot::of_entry(7)) && !lane.fits(Spot::of_entry(9)));
        assert_eq!(lane.due(at(0)), Some(at(0)));
        lane.answered(Spot::of_entry(7), &Answer::Failed("no".to_owned()), at(0), &PATIENCE, 0.5);
        assert_eq!((lane.behind, lane.due(at(1))), (Some(Spot::of_entry(7)), Some(at(10))));
        lane.answered(Spot::of_entry(7), &Answer::Taken(200), at(10), &PATIENCE, 0.5);
        assert_eq!((lane.behind, lane.trouble), (Some(Spot { index: 7, position: 1 }), None));
        assert_eq!(Spot { index: 7, position: u32::MAX }.behind(), Spot::of_entry(8));
    }

    #[test]
    fn pauses_double_up_to_an_hour_and_differ() {
        let mut lane = behind(1);
        let mut pauses = Vec::new();
        for _ in 0..12 {
            lane.answered(Spot::of_entry(1), &Answer::Failed(String::new()), at(0), &PATIENCE, 0.5);
            pauses.push(lane.trouble.as_ref().unwrap().next.as_second());
        }
        assert_eq!(pauses, [10, 20, 40, 80, 160, 320, 640, 1_280, 2_560, 3_600, 3_600, 3_600]);
        for (jitter, pause) in [(0.0, 2_700), (1.0, 4_500)] {
            lane.answered(Spot::of_entry(1), &Answer::Failed(String::new()), at(0), &PATIENCE, jitter);
            assert_eq!(lane.trouble.as_ref().unwrap().next.as_second(), pause);
        }
    }

    #[test]
    fn who_takes_nothing_for_days_or_is_gone_is_parked_and_loses_nothing() {
        let days = 72 * 3_600;
        let mut lane = behind(5);
        lane.answered(Spot::of_entry(5), &Answer::Failed("no".to_owned()), at(0), &PATIENCE, 0.5);
        lane.answered(Spot::of_entry(5), &Answer::Failed("no".to_owned()), at(days - 1), &PATIENCE, 0.5);
        assert!(lane.parked.is_none());
        lane.answered(Spot::of_entry(5), &Answer::Failed("no".to_owned()), at(days), &PATIENCE, 0.5);
        assert!(lane.parked.as_ref().unwrap().why.contains("no") && lane.due(at(days * 2)).is_none());
        lane.resume();
        assert_eq!((lane.behind, lane.due(at(1))), (Some(Spot::of_entry(5)), Some(at(1))));
        lane.answered(Spot::of_entry(5), &Answer::Gone, at(1), &PATIENCE, 0.5);
        assert!(lane.parked.is_some() && lane.behind == Some(Spot::of_entry(5)));
    }

    #[test]
    fn a_message_that_is_refused_again_and_again_is_set_aside_and_can_be_sent_again() {
        let mut lane = behind(3);
        for _ in 0..REFUSALS {
            assert_eq!(lane.behind, Some(Spot::of_entry(3)));
            lane.answered(Spot::of_entry(3), &Answer::Refused(400), at(0), &PATIENCE, 0.5);
        }
        assert_eq!((lane.behind, lane.dead.len(), &lane.trouble), (Some(Spot::of_entry(3).behind()), 1, &None));
        assert_eq!((lane.revive(), lane.dead.len()), (1, 0));
        lane.answered(Spot::of_entry(3), &Answer::Taken(200), at(0), &PATIENCE, 0.5);
        assert_eq!((lane.again.len(), lane.behind), (0, Some(Spot::of_entry(3).behind())), "those behind it wait on");
        lane.dead = vec![DeadLetter { spot: Spot::of_entry(1), since: at(0), status: 400 }; MAX_DEAD];
        for _ in 0..REFUSALS {
            lane.answered(Spot::of_entry(4), &Answer::Refused(400), at(0), &PATIENCE, 0.5);
        }
        assert!(lane.parked.is_some(), "no message is dropped");
        lane.rewind(Spot::of_entry(0));
        assert_eq!((lane.behind, lane.due(at(0))), (Some(Spot::of_entry(0)), Some(at(0))));
    }

    #[test]
    fn a_new_place_keeps_the_dead_letters_before_it_that_are_to_be_sent_again() {
        let letter = |index| DeadLetter { spot: Spot::of_entry(index), since: at(0), status: 400 };
        for (place, left) in [(9, vec![3, 5]), (5, vec![3]), (0, vec![])] {
            let mut lane = Lane { dead: vec![letter(3), letter(5)], ..behind(12) };
            lane.revive();
            lane.rewind(Spot::of_entry(place));
            assert_eq!(lane.again.iter().map(|spot| spot.index).collect::<Vec<_>>(), left, "{place}");
            assert_eq!(lane.behind, Some(Spot::of_entry(place)));
        }
    }

    #[test]
    fn who_takes_no_heartbeats_for_days_or_is_gone_is_parked() {
        let (days, no) = (72 * 3_600, Answer::Failed("no".to_owned()));
        let rows = [
            (vec![(&no, 0), (&no, days)], true),
            (vec![(&no, 0), (&Answer::Taken(204), 60), (&no, days)], false),
            (vec![(&no, 0), (&Answer::Refused(400), 60), (&no, days)], false),
            (vec![(&Answer::Gone, 0)], true),
        ];
        for (answers, is_parked) in rows {
            let mut lane = Lane::default();
            for (answer, second) in &answers {
                lane.beat(answer, at(*second), &PATIENCE, 0.5);
            }
            assert_eq!((lane.parked.is_some(), lane.behind), (is_parked, None), "{answers:?}");
        }
        for (answer, is_parked) in [(no, false), (Answer::Refused(400), false), (Answer::Gone, true)] {
            let mut lane = behind(3);
            lane.pinged(&answer, at(0));
            assert_eq!((lane.parked.is_some(), lane.trouble), (is_parked, None), "{answer:?}");
        }
    }

    #[test]
    fn a_clock_that_is_set_back_holds_nothing_up() {
        let mut lane = behind(1);
        lane.answered(Spot::of_entry(1), &Answer::Failed(String::new()), at(1_000_000), &PATIENCE, 0.5);
        for (now, due) in
            [(999_990, 1_000_010), (1_000_010 - 75 * 60, 1_000_010), (1_000_010 - 75 * 60 - 1, 995_509), (7, 7)]
        {
            assert_eq!(lane.due(at(now)), Some(at(due)), "{now}");
        }
        lane.answered(Spot::of_entry(1), &Answer::Failed(String::new()), at(7), &PATIENCE, 0.5);
        assert_eq!(lane.trouble.unwrap().since, at(7), "days count from then");
    }

    #[test]
    fn so_many_deliveries_are_remembered() {
        let mut lane = Lane::default();
        for number in 0..REMEMBERED + 5 {
            let (id, told) = (number.to_string(), String::new());
            lane.remember(Delivery { id, at: at(0), took: 0, taken: true, told });
        }
        assert_eq!((lane.deliveries.len(), lane.deliveries[0].id.as_str()), (REMEMBERED, "5"));
    }
}
