//! How much of our log a peer can fill: what is made of its verdicts takes a quota of bytes a day, and each statement counts as one of a
//! size that is worth while.
//!
//! Beyond it the newest answers wait, those first that came first, and of each verdict only the last is stated. A refusal of what counted
//! never waits: no more can be refused than was given. Any other answer that is less than the one in force goes at once as long as less
//! than a day's quota is owed. What follows from an act of this registry takes none of the peer's room, unless it waited before.
//! The quota is the node's, not the log's: a restart begins with a full one.

use std::collections::{BTreeMap, BTreeSet};

use conformity::ids::VerdictId;
use conformity::recognised::Recognition;
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
    line: Line,
    /// Those in the line whose turn it is.
    called: BTreeSet<VerdictId>,
    again: Option<Timestamp>,
}

impl Meter {
    /// So many bytes a day.
    pub(super) fn new(bytes: u64) -> Meter {
        let day = bytes as f64;
        Meter { quota: Quota::new(day, day / DAY), day, line: Line::default(), called: BTreeSet::new(), again: None }
    }

    /// Whether an answer may be stated; if not, it waits.
    pub(super) fn admits(&mut self, verdict: &VerdictId, urgency: Urgency, now: Timestamp) -> bool {
        let left = self.quota.left(now);
        let admitted = match urgency {
            Urgency::Always => true,
            Urgency::Less => left > -self.day,
            // Those that come do not take the room from those that wait.
            Urgency::Waits => left > 0.0 && (self.line.is_empty() || self.called.contains(verdict)),
        };
        if admitted {
            self.leave(verdict);
        } else {
            self.line.join(verdict);
            self.again.get_or_insert(until(&mut self.quota, self.day * WORTH_A_LOOK, now));
        }
        admitted
    }

    /// Verdicts were assessed, and only these rows came of it: nothing of the others waits any more.
    pub(super) fn assessed(&mut self, verdicts: &BTreeSet<VerdictId>, rows: &[Recognition]) {
        if !self.line.is_empty() {
            let rows: BTreeSet<&VerdictId> = rows.iter().map(|row| &row.verdict.id).collect();
            verdicts.iter().filter(|verdict| !rows.contains(verdict)).for_each(|verdict| self.leave(verdict));
        }
    }

    fn leave(&mut self, verdict: &VerdictId) {
        self.line.leave(verdict);
        self.called.remove(verdict);
        self.again = self.again.filter(|_| !self.line.is_empty());
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
        self.line.len()
    }

    /// Whether that of this verdict does.
    pub(super) fn waits(&self, verdict: &VerdictId) -> bool {
        self.line.holds(verdict)
    }

    /// What waited longest, so much as there is room for, once it is worth while to look again.
    fn due(&mut self, now: Timestamp) -> BTreeSet<VerdictId> {
        if self.again.is_none_or(|again| now < again) {
            return BTreeSet::new();
        }
        let left = self.quota.left(now);
        let worth = self.day * WORTH_A_LOOK;
        let rows = if left < worth / 2.0 { 0 } else { 1 + ((left - STATEMENT).max(0.0) / ROW) as usize };
        self.called = self.line.first(rows);
        self.again = (!self.line.is_empty()).then(|| until(&mut self.quota, worth, now));
        self.called.clone()
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
    fn is_empty(&self) -> bool {
        self.order.is_empty()
    }

    fn len(&self) -> usize {
        self.order.len()
    }

    fn holds(&self, verdict: &VerdictId) -> bool {
        self.places.contains_key(verdict)
    }

    /// One that waits keeps its place; another gets the last.
    fn join(&mut self, verdict: &VerdictId) {
        if !self.holds(verdict) {
            self.places.insert(verdict.clone(), self.next);
            self.order.insert(self.next, verdict.clone());
            self.next += 1;
        }
    }

    fn leave(&mut self, verdict: &VerdictId) {
        if let Some(place) = self.places.remove(verdict) {
            self.order.remove(&place);
        }
    }

    /// So many of those that waited longest.
    fn first(&self, count: usize) -> BTreeSet<VerdictId> {
        self.order.values().take(count).cloned().collect()
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
            let detail = "what is made of its verdicts took a day's room in this registry's log; the newest answers wait, refusals of \
                          what counted do not: look at the peer, or raise limits.peer_log_bytes in registry.toml and restart";
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

    /// Whether an answer is stated, in a statement of its own.
    fn stated(meter: &mut Meter, number: usize, urgency: Urgency, second: i64) -> bool {
        let admitted = meter.admits(&id(number), urgency, at(second));
        if admitted {
            meter.row(1_000, at(second));
            meter.statement(at(second));
        }
        admitted
    }

    /// How many statements of one row a peer brings about that changes a verdict so many times at that second.
    fn churned(meter: &mut Meter, times: usize, second: i64) -> usize {
        meter.due(at(second));
        (0..times).filter(|_| stated(meter, 1, Urgency::Waits, second)).count()
    }

    /// A day's room is taken, and nothing waits.
    fn spent() -> Meter {
        let mut meter = Meter::new(MIB);
        churned(&mut meter, 100, 0);
        meter.leave(&id(1));
        meter
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
        assert_eq!(churned(&mut meter, 100, due), 1);
        let in_a_day: usize = (1..=1_440).map(|minute| churned(&mut meter, 10, due + minute * 60)).sum();
        assert!((55..=65).contains(&in_a_day), "a day's worth in a day: {in_a_day}");
    }

    #[test]
    fn what_takes_away_is_owed_up_to_a_days_worth_and_a_refusal_always() {
        let mut meter = spent();
        let less = (100..300).filter(|number| stated(&mut meter, *number, Urgency::Less, 0)).count();
        assert!((55..=65).contains(&less), "{less}");
        assert_eq!(meter.waiting(), 200 - less);
        assert!((100..300).all(|number| stated(&mut meter, number, Urgency::Always, 0)));
        assert_eq!(meter.waiting(), 0, "also that which waited to be less is refused");
        assert!(!stated(&mut meter, 1, Urgency::Waits, 3_600), "others wait until that is made up for");
        assert!(meter.due(at(86_400)).is_empty());
        assert_eq!(meter.due(at(86_400 + 61)), [id(1)].into(), "but for no longer than a day");
        assert!(stated(&mut meter, 1, Urgency::Waits, 86_400 + 61));
    }

    #[test]
    fn those_that_waited_longest_go_first_whatever_their_names() {
        let mut meter = spent();
        // The later their name, the earlier they came.
        for number in (500..600).rev() {
            assert!(!stated(&mut meter, number, Urgency::Waits, 1));
        }
        let mut order = Vec::new();
        for second in (60..).step_by(60).take(2 * 1_440) {
            let called = meter.due(at(second));
            assert!(called.len() < 10, "only as many as there is room for: {}", called.len());
            // Others whose names come first are changed all the time.
            let pending: BTreeSet<VerdictId> = called.into_iter().chain((100..300).map(id)).collect();
            for verdict in pending {
                if meter.admits(&verdict, Urgency::Waits, at(second)) {
                    meter.row(1_000, at(second));
                    order.push(verdict);
                }
            }
        }
        assert_eq!(order[..100], (500..600).rev().map(id).collect::<Vec<_>>()[..], "in the order in which they came");
        assert!(order.len() > 100, "and then the others");
    }

    #[test]
    fn who_had_its_turn_without_room_keeps_its_place() {
        let mut meter = spent();
        for number in [3, 2] {
            assert!(!stated(&mut meter, number, Urgency::Waits, 0));
        }
        assert_eq!(meter.due(at(86_400)), [id(2), id(3)].into());
        (0..200).for_each(|_| meter.statement(at(86_400)));
        for number in [2, 3, 0] {
            assert!(!stated(&mut meter, number, Urgency::Waits, 86_400));
        }
        assert_eq!(meter.line.order.values().cloned().collect::<Vec<_>>(), [id(3), id(2), id(0)]);
    }

    #[test]
    fn nothing_waits_of_what_is_as_it_was() {
        let mut meter = spent();
        assert!(!stated(&mut meter, 2, Urgency::Waits, 1) && meter.waits(&id(2)));
        meter.assessed(&[id(2), id(3)].into(), &[]);
        assert_eq!((meter.waiting(), meter.again), (0, None));
    }
}
