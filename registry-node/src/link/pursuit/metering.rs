//! How much of our log a peer can fill: what is made of its verdicts takes a quota of bytes a day, and each statement counts as one of a
//! size that is worth while.
//!
//! Beyond it the newest answers wait, and of each verdict only the last is stated when there is room again: those first that waited longest. An answer that is less than the
//! one in force does not wait: it is owed, and others wait longer. Nor can that be done without end: a refusal takes what was given before, and
//! of other answers that are less so many go at once for one verdict until it is given something again.
//! What follows from an act of this registry takes none of the peer's room.
//! The quota is the node's, not the log's: a restart begins with a full one.

use std::collections::{BTreeMap, BTreeSet};

use conformity::ids::VerdictId;
use federation::serve::Quota;
use jiff::{SignedDuration, Timestamp};

use super::Pursuit;

/// What a statement counts at least, in bytes: an entry, a place in the trees and a commit of its own.
const STATEMENT: f64 = 16.0 * 1024.0;
/// What a row takes about, in bytes: so many of those that wait have their turn at once.
const ROW: f64 = 1024.0;
const DAY: f64 = 86_400.0;
/// What waited is looked at again when so much of a day's quota is there.
const WORTH_A_LOOK: f64 = 60.0 / DAY;
/// So often one verdict may be made less at once without being given anything in between.
const AT_ONCE: u8 = 8;
/// The code under which it is counted and shown that something waits.
const WAITS: &str = "log-quota";

/// Which answers need not wait for room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Urgency {
    /// None of the peer's doing, or a refusal of what counted.
    Always,
    /// Less than the one in force.
    Less,
    /// Any other.
    Waits,
}

/// The quota of one peer, and what waits for it.
pub(super) struct Meter {
    quota: Quota,
    day: f64,
    waiting: Line,
    /// Whose turn it is, with the places that they had.
    called: BTreeMap<VerdictId, u64>,
    /// How often those were made less since they were given anything.
    lessened: BTreeMap<VerdictId, u8>,
    again: Option<Timestamp>,
}

impl Meter {
    /// So many bytes a day.
    pub(super) fn new(bytes: u64) -> Meter {
        let day = bytes as f64;
        Meter {
            quota: Quota::new(day, day / DAY),
            day,
            waiting: Line::default(),
            called: BTreeMap::new(),
            lessened: BTreeMap::new(),
            again: None,
        }
    }

    /// Whether an answer may be stated; if not, it waits.
    pub(super) fn admits(&mut self, verdict: &VerdictId, urgency: Urgency, now: Timestamp) -> bool {
        // Those that come do not take the room from those that wait.
        let turn = self.called.contains_key(verdict) || self.waiting.is_first(verdict);
        let admitted = self.goes_at_once(verdict, urgency) || turn && self.quota.left(now) > 0.0;
        let place = self.called.remove(verdict);
        if admitted && urgency == Urgency::Waits {
            self.lessened.remove(verdict);
        }
        if admitted {
            self.waiting.remove(verdict);
            self.again = self.again.filter(|_| self.waiting.len() > 0);
        } else {
            self.waiting.put(verdict, place);
            self.again.get_or_insert(until(&mut self.quota, self.day * WORTH_A_LOOK, now));
        }
        admitted
    }

    fn goes_at_once(&mut self, verdict: &VerdictId, urgency: Urgency) -> bool {
        if urgency != Urgency::Less {
            return urgency == Urgency::Always;
        }
        let times = self.lessened.entry(verdict.clone()).or_default();
        *times = times.saturating_add(1);
        *times <= AT_ONCE
    }

    /// A row of a list took so many bytes.
    pub(super) fn row(&mut self, bytes: usize, now: Timestamp) {
        self.quota.spend(bytes as f64, now);
    }

    /// A statement was made.
    pub(super) fn statement(&mut self, now: Timestamp) {
        self.quota.spend(STATEMENT, now);
    }

    /// How many answers wait.
    pub(super) fn waiting(&self) -> usize {
        self.waiting.len()
    }

    /// What waited longest, so much as there is room for, once it is worth while to look again.
    fn due(&mut self, now: Timestamp) -> BTreeSet<VerdictId> {
        if self.again.is_none_or(|again| now < again) {
            return BTreeSet::new();
        }
        let left = self.quota.left(now);
        let worth = self.day * WORTH_A_LOOK;
        let rows = if left < worth / 2.0 { 0 } else { 1 + ((left - STATEMENT).max(0.0) / ROW) as usize };
        self.called = (0..rows).map_while(|_| self.waiting.take_oldest()).collect();
        let again = until(&mut self.quota, worth, now);
        self.again = (self.waiting.len() > 0).then_some(again);
        self.called.keys().cloned().collect()
    }
}

/// What waits, in the order in which it came.
#[derive(Default)]
struct Line {
    places: BTreeMap<VerdictId, u64>,
    order: BTreeMap<u64, VerdictId>,
    next: u64,
}

impl Line {
    fn len(&self) -> usize {
        self.order.len()
    }

    /// Nobody is before this one.
    fn is_first(&self, verdict: &VerdictId) -> bool {
        self.order.first_key_value().is_none_or(|(_, first)| first == verdict)
    }

    /// One that waits keeps its place; another gets this one, or the last.
    fn put(&mut self, verdict: &VerdictId, place: Option<u64>) {
        if !self.places.contains_key(verdict) {
            let place = place.unwrap_or(self.next);
            self.next = self.next.max(place.saturating_add(1));
            self.places.insert(verdict.clone(), place);
            self.order.insert(place, verdict.clone());
        }
    }

    fn remove(&mut self, verdict: &VerdictId) {
        if let Some(place) = self.places.remove(verdict) {
            self.order.remove(&place);
        }
    }

    /// The one that waited longest, with its place.
    fn take_oldest(&mut self) -> Option<(VerdictId, u64)> {
        let (place, verdict) = self.order.pop_first()?;
        self.places.remove(&verdict);
        Some((verdict, place))
    }
}

fn until(quota: &mut Quota, tokens: f64, now: Timestamp) -> Timestamp {
    let wait = SignedDuration::try_from_secs_f64(quota.seconds_until(tokens, now)).unwrap_or_default();
    now.checked_add(wait).unwrap_or(now)
}

impl Pursuit {
    /// Has what waited for room assessed again, once there may be some.
    pub(super) fn pending_by_quota(&mut self) {
        let due = self.meter.due(self.registry.now());
        self.open.pending.extend(due);
    }

    /// Shows how many answers wait, and says so when the first one does.
    pub(super) fn show_waiting(&mut self) {
        let waiting = self.meter.waiting();
        if self.status.waiting == waiting {
            return;
        }
        if self.status.waiting == 0 {
            let detail = "what is made of its verdicts took a day's room in this registry's log; the newest answers wait, those that take \
                          something away do not: look at the peer, or raise limits.peer_log_bytes in registry.toml and restart";
            self.note_fault(WAITS, detail);
        }
        self.status.waiting = waiting;
        self.registry.metrics.waiting(&self.peer.registry, waiting);
        self.registry.peers.publish(&self.peer.registry, self.status.clone());
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    const MIB: u64 = 1 << 20;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_700_000_000 + second).unwrap()
    }

    fn id(number: usize) -> VerdictId {
        format!("V-{number}").parse().unwrap()
    }

    /// How many statements of one row a peer brings about that changes a verdict so many times at that second.
    fn churned(meter: &mut Meter, times: usize, second: i64) -> usize {
        let admitted = |_: &usize| {
            let admitted = meter.admits(&id(1), Urgency::Waits, at(second));
            if admitted {
                meter.row(1_000, at(second));
                meter.statement(at(second));
            }
            admitted
        };
        (0..times).filter(admitted).count()
    }

    #[test]
    fn churn_is_stated_as_far_as_the_quota_goes_and_the_last_of_it_later() {
        let mut meter = Meter::new(MIB);
        let stated = churned(&mut meter, 10_000, 0);
        assert!((55..=65).contains(&stated), "{stated}");
        assert_eq!(meter.waiting(), 1, "one verdict waits, however often it changed");
        assert!(meter.due(at(1)).is_empty(), "not worth a look yet");
        // What is owed for the last statement, and a minute's worth: a third of an hour at most.
        let due = (1..2_000).find(|second| !meter.due(at(*second)).is_empty()).unwrap();
        assert_eq!(meter.waiting(), 0, "it is assessed again, after {due} seconds");
        assert_eq!(churned(&mut meter, 100, due), 1);
        let in_a_day: usize = (1..=1_440).map(|minute| churned(&mut meter, 10, due + minute * 60)).sum();
        assert!((55..=65).contains(&in_a_day), "a day's worth in a day: {in_a_day}");
    }

    #[test]
    fn what_takes_away_never_waits_and_is_owed() {
        let mut meter = Meter::new(MIB);
        churned(&mut meter, 100, 0);
        for number in 0..200 {
            assert!(meter.admits(&id(number), Urgency::Less, at(0)));
            meter.row(1_000, at(0));
            meter.statement(at(0));
        }
        assert_eq!(meter.waiting(), 0, "also that which waited to be more is told to be less");
        assert!(!meter.admits(&id(1), Urgency::Waits, at(3_600)), "others wait until that is made up for");
        assert!(meter.due(at(86_400)).is_empty());
        assert_eq!(meter.due(at(86_400 + 61)).len(), 1, "but for no longer than a day");
        assert!(meter.admits(&id(1), Urgency::Waits, at(86_400 + 61)));
    }

    #[test]
    fn those_that_waited_longest_go_first_whatever_their_names() {
        let mut meter = Meter::new(MIB);
        churned(&mut meter, 100, 0);
        meter.waiting.remove(&id(1));
        // The later their name, the earlier they came.
        for number in (100..200).rev() {
            assert!(!meter.admits(&id(number), Urgency::Waits, at(1)));
        }
        let (mut stated, mut released) = (Vec::new(), 0);
        for second in (60..86_400).step_by(60) {
            let mut pending = meter.due(at(second));
            released = released.max(pending.len());
            // One of the first name is changed all the time.
            pending.insert(id(0));
            for verdict in pending {
                if meter.admits(&verdict, Urgency::Waits, at(second)) {
                    meter.row(1_000, at(second));
                    stated.push(verdict);
                }
            }
        }
        let waited: Vec<_> = stated.iter().filter(|one| **one != id(0)).cloned().collect();
        assert_eq!(waited, (100..200).rev().map(id).collect::<Vec<_>>(), "in the order in which they came");
        let churning = stated.iter().position(|one| *one == id(0)).unwrap();
        assert!(churning >= 99, "with the last of those that came before it, or behind them: {churning}");
        assert!(released < 10, "only as many as there was room for: {released}");
    }

    #[test]
    fn who_had_its_turn_without_room_keeps_its_place() {
        let mut meter = Meter::new(MIB);
        churned(&mut meter, 100, 0);
        for number in [3, 2] {
            assert!(!meter.admits(&id(number), Urgency::Waits, at(0)));
        }
        let due = meter.due(at(86_400));
        assert_eq!((due.len(), meter.waiting()), (3, 0));
        (0..200).for_each(|_| meter.statement(at(86_400)));
        for number in [1, 2, 3] {
            assert!(!meter.admits(&id(number), Urgency::Waits, at(86_400)));
        }
        assert!(!meter.admits(&id(0), Urgency::Waits, at(86_400)));
        let order: Vec<_> = std::iter::from_fn(|| meter.waiting.take_oldest()).map(|(id, _)| id).collect();
        assert_eq!(order, [id(1), id(3), id(2), id(0)]);
    }

    #[test]
    fn nobody_takes_away_in_small_steps_without_end() {
        let mut meter = Meter::new(MIB);
        churned(&mut meter, 100, 0);
        let taken = (0..100).filter(|_| meter.admits(&id(2), Urgency::Less, at(0))).count();
        assert_eq!(taken, usize::from(AT_ONCE));
        assert!(meter.admits(&id(2), Urgency::Always, at(0)), "a refusal, or what follows from our own act");
        assert!(!meter.admits(&id(2), Urgency::Waits, at(86_400)), "another one waits before it");
        assert_eq!(meter.due(at(86_400)), [id(1), id(2)].into());
        assert!(meter.admits(&id(2), Urgency::Waits, at(86_400)), "it is given something again");
        assert!(meter.admits(&id(2), Urgency::Less, at(86_400)));
    }
}
