//! What is due, for whom, and what outlives the node.

#![allow(clippy::unwrap_used)]
use std::time::Duration;

use jiff::SignedDuration;

use super::sourced::{MAX_WATCHED, MAX_WATCHED_BY_ALL};
use super::*;
use crate::buyer::shelf::Condition;
use crate::buyer::shelf::Shelf;
use crate::buyer::signals::{Status, Stream};
use crate::buyer::source::Source;
use crate::buyer::subscription::Asked;

const PATIENCE: Patience = Patience { first_pause: Duration::from_secs(10), give_up: SignedDuration::from_hours(72) };

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

fn ping(id: &str) -> Ping {
    Ping { id: id.to_owned(), state: None }
}

fn key(name: &str) -> Key {
    Key { owner: "buyer".parse().unwrap(), name: name.parse().unwrap() }
}

/// A dispatcher beside its shelf.
struct Room {
    shelf: Shelf,
    vault: Arc<Vault>,
    dispatch: Dispatch,
    _folder: tempfile::TempDir,
}

impl Room {
    fn open() -> Room {
        let folder = tempfile::tempdir().unwrap();
        let vault = Arc::new(Vault::open(folder.path()).unwrap());
        let shelf = Shelf::new(Arc::clone(&vault));
        let dispatch = Dispatch::open(Arc::clone(&vault), &shelf, 0, at(0)).unwrap();
        Room { shelf, vault, dispatch, _folder: folder }
    }

    fn subscribe(&self, name: &str, types: &str, from: u64) {
        let asked = format!(r#"{{"url":"https://b.example","filter":{{"types":["{types}"]}}}}"#);
        let subscription = Subscription::new(Asked::from_json(asked.as_bytes()).unwrap(), from, at(0)).unwrap();
        let Key { owner, name } = key(name);
        self.shelf.put(&owner, &name, &subscription, Condition::Any, at(0)).unwrap();
        self.dispatch.put(Key { owner, name }, subscription, Arc::default(), Some(Spot::of_entry(from)), at(0));
    }

    /// As after the node was killed, with a log of `size` entries.
    fn killed(self, size: u64) -> Room {
        let dispatch = Dispatch::open(Arc::clone(&self.vault), &self.shelf, size, at(0)).unwrap();
        Room { dispatch, ..self }
    }

    fn answered(&self, name: &str, index: u64, answer: &Answer, now: i64) {
        let turn = self.dispatch.work(&key(name), at(now)).unwrap().turn;
        let delivery = Delivery { id: index.to_string(), at: at(now), took: 1, taken: true, told: String::new() };
        let told = Told { delivery, now: at(now), patience: &PATIENCE, jitter: 0.5 };
        self.dispatch.answered(&key(name), turn, &Spot::of_entry(index).into(), answer, told);
    }

    fn behind(&self, name: &str) -> Option<u64> {
        self.dispatch.seen(&key(name)).unwrap().lane.behind.map(|spot| spot.index)
    }

    /// Has those go through what was looked at that began with nothing to do.
    fn settle(&self) {
        for key in self.dispatch.due(at(0), 64).0 {
            let turn = self.dispatch.work(&key, at(0)).map_or(0, |work| work.turn);
            self.dispatch.passed(&key, turn, self.dispatch.mark());
            self.dispatch.finish(&key, at(0));
        }
    }
}

fn entries(first: u64, kinds: &[&str]) -> Vec<Arc<[Event]>> {
    let event = |index: u64, kind: &str| {
        let json = bytes::Bytes::from_static(b"{}");
        vec![Event { index, position: 0, kind: kind.to_owned(), about: None, json }].into()
    };
    (first..).zip(kinds).map(|(index, kind)| event(index, kind)).collect()
}

#[test]
fn an_event_wakes_those_that_it_fits_and_costs_the_others_nothing() {
    let room = Room::open();
    room.subscribe("verdicts", "verdict", 0);
    room.subscribe("crosswalks", "crosswalk", 0);
    room.settle();
    room.dispatch.keep().unwrap();
    room.dispatch.look_at(&entries(0, &["entry", "arrangement.signed"]), at(0));
    assert!(!room.dispatch.has_changed(), "nothing to write");
    assert_eq!(room.dispatch.due(at(0), 64).0, []);
    room.dispatch.look_at(&entries(2, &["verdict.granted", "entry", "verdict.suspended"]), at(0));
    assert_eq!((room.behind("verdicts"), room.behind("crosswalks")), (Some(2), None));
    assert_eq!(room.dispatch.due(at(0), 64).0, [key("verdicts")], "to one worker alone");
    assert_eq!(room.dispatch.due(at(0), 64).0, []);
}

#[test]
fn after_a_kill_nothing_is_missing() {
    let room = Room::open();
    room.subscribe("verdicts", "verdict", 0);
    let room = room.killed(5);
    assert_eq!((room.dispatch.mark(), room.behind("verdicts")), (5, Some(0)), "put, and nothing of it kept yet");
    room.answered("verdicts", 0, &Answer::Taken(200), 0);
    room.dispatch.keep().unwrap();
    let room = room.killed(9);
    assert_eq!(room.dispatch.mark(), 5, "what came since is looked at");
    assert_eq!(room.dispatch.seen(&key("verdicts")).unwrap().lane.behind, Some(Spot { index: 0, position: 1 }));
    room.settle();
    assert_eq!(room.behind("verdicts"), None);
    room.dispatch.keep().unwrap();
    room.dispatch.look_at(&entries(5, &["verdict.granted", "verdict.suspended"]), at(0));
    room.answered("verdicts", 5, &Answer::Taken(200), 0);
    let room = room.killed(9);
    assert_eq!((room.dispatch.mark(), room.behind("verdicts")), (5, None), "as it was kept last");
    room.dispatch.look_at(&entries(5, &["verdict.granted", "verdict.suspended"]), at(0));
    assert_eq!(room.behind("verdicts"), Some(5), "and so once more");
}

#[test]
fn a_lane_of_one_that_was_removed_is_not_taken_for_that_of_another_of_its_name() {
    let room = Room::open();
    room.subscribe("verdicts", "verdict", 0);
    room.answered("verdicts", 0, &Answer::Taken(200), 0);
    room.dispatch.keep().unwrap();
    let Key { owner, name } = key("verdicts");
    assert!(room.shelf.remove::<Subscription>(&owner, &name, Condition::Any).unwrap());
    room.dispatch.removed(&key("verdicts"));
    room.subscribe("verdicts", "verdict", 0);
    let room = room.killed(5);
    let lane = room.dispatch.seen(&key("verdicts")).unwrap().lane;
    assert_eq!((lane.behind, lane.deliveries.len()), (Some(Spot::of_entry(0)), 0), "from its own start");
}

#[test]
fn a_damaged_value_of_one_owner_stops_nobody_else() {
    let mut room = Room::open();
    room.subscribe("verdicts", "verdict", 0);
    room.answered("verdicts", 0, &Answer::Taken(200), 0);
    room.dispatch.keep().unwrap();
    let own = room.vault.names("").unwrap().into_iter().filter(|name| name.contains('/')).collect::<Vec<_>>();
    assert_eq!(own.len(), 3, "contents, a subscription and lanes: {own:?}");
    let other = Key { owner: "other".parse().unwrap(), name: key("verdicts").name };
    let asked = Asked::from_json(br#"{"url":"https://b.example"}"#).unwrap();
    let subscription = Subscription::new(asked, 3, at(0)).unwrap();
    room.shelf.put(&other.owner, &other.name, &subscription, Condition::Any, at(0)).unwrap();
    for name in own {
        let whole = room.vault.value(&name).unwrap().unwrap();
        room.vault.put(&name, b"damaged").unwrap();
        room = room.killed(5);
        assert!(room.dispatch.seen(&other).is_some(), "{name}");
        let left = room.dispatch.seen(&key("verdicts")).map(|seen| seen.lane.behind);
        let told_again = name.starts_with("lanes/").then(|| Some(Spot::of_entry(0)));
        assert_eq!(left, told_again, "{name}");
        room.vault.put(&name, &whole).unwrap();
    }
    let room = room.killed(5);
    assert_eq!(
        room.dispatch.seen(&key("verdicts")).unwrap().lane.behind,
        Some(Spot { index: 0, position: 1 }),
        "mended"
    );
}

#[test]
fn one_owner_has_so_many_workers_and_replays_and_others_have_theirs() {
    let room = Room::open();
    let other = Key { owner: "other".parse().unwrap(), name: key("z").name };
    let asked = Asked::from_json(br#"{"url":"https://b.example"}"#).unwrap();
    for number in 0..12 {
        room.subscribe(&format!("n{number}"), "verdict", 0);
    }
    let subscription = Subscription::new(asked, 0, at(0)).unwrap();
    room.dispatch.put(other.clone(), subscription, Arc::default(), Some(Spot::of_entry(0)), at(1));
    let (due, next) = room.dispatch.due(at(1), 64);
    assert_eq!((due.len(), due.contains(&other), next), (MAX_WORKERS + 1, true, None), "the rest wait for one to end");
    room.dispatch.finish(due.first().unwrap(), at(1));
    assert_eq!(room.dispatch.due(at(1), 64).0.len(), 1);
    for turn in 0..MAX_REWINDS {
        assert!(room.dispatch.may_rewind(&other.owner, at(1)), "{turn}");
    }
    assert!(!room.dispatch.may_rewind(&other.owner, at(86_400)) && room.dispatch.may_rewind(&key("x").owner, at(1)));
    assert!(room.dispatch.may_rewind(&other.owner, at(86_401)), "a day later");
}

#[test]
fn a_clock_that_is_set_back_keeps_nobody_waiting() {
    let room = Room::open();
    room.subscribe("one", "verdict", 0);
    assert_eq!(room.dispatch.due(at(1_000_000), 64).0.len(), 1);
    room.answered("one", 0, &Answer::Failed("no".to_owned()), 1_000_000);
    room.dispatch.finish(&key("one"), at(1_000_000));
    assert_eq!(room.dispatch.due(at(1_000_001), 64).0, [], "in ten seconds");
    assert_eq!(room.dispatch.due(at(5), 64).0, [key("one")]);
}

#[test]
fn who_fails_waits_alone() {
    let room = Room::open();
    room.subscribe("one", "verdict", 0);
    room.subscribe("other", "verdict", 0);
    room.settle();
    room.dispatch.look_at(&entries(0, &["verdict.granted"]), at(0));
    assert_eq!(room.dispatch.due(at(0), 64).0.len(), 2);
    room.answered("one", 0, &Answer::Failed("no".to_owned()), 0);
    room.answered("other", 0, &Answer::Taken(200), 0);
    room.dispatch.finish(&key("one"), at(0));
    room.dispatch.finish(&key("other"), at(0));
    let (due, next) = room.dispatch.due(at(0), 64);
    assert_eq!((due, next), (vec![key("other")], Some(at(10))), "that one reads on");
    assert!(room.dispatch.work(&key("one"), at(9)).is_none());
    assert_eq!(room.dispatch.work(&key("one"), at(10)).unwrap().task, Task::From(Spot::of_entry(0)));
}

#[test]
fn what_the_owner_does_meanwhile_counts_and_what_a_worker_began_before_does_not() {
    let room = Room::open();
    room.subscribe("one", "verdict", 0);
    let begun = room.dispatch.work(&key("one"), at(0)).unwrap().turn;
    room.dispatch.change(&key("one"), at(0), |lane| lane.rewind(Spot::of_entry(3))).unwrap();
    let delivery = Delivery { id: String::new(), at: at(0), took: 1, taken: true, told: String::new() };
    let told = Told { delivery, now: at(0), patience: &PATIENCE, jitter: 0.5 };
    room.dispatch.answered(&key("one"), begun, &Spot::of_entry(8).into(), &Answer::Taken(200), told);
    assert_eq!(room.behind("one"), Some(3));
    for number in 0..MAX_PINGS {
        assert!(room.dispatch.ping(&key("one"), ping(&number.to_string()), at(0)));
    }
    assert!(
        !room.dispatch.ping(&key("one"), ping("more"), at(0)) && !room.dispatch.ping(&key("none"), ping("x"), at(0))
    );
    assert_eq!(room.dispatch.work(&key("one"), at(0)).unwrap().task, Task::Ping(ping("0")), "before anything else");
    room.dispatch.removed(&key("one"));
    assert!(room.dispatch.seen(&key("one")).is_none() && room.dispatch.due(at(99), 64).0.is_empty());
}

#[test]
fn the_watchlists_of_one_owner_have_so_much_room() {
    let room = Room::open();
    let (owner, list) = (key("x").owner, Source::Watchlist("parts".parse().unwrap()));
    let asked_by = key("one").name;
    assert_eq!(room.dispatch.headroom(&owner, &list, MAX_WATCHED, Some(&asked_by)), Headroom::Enough);
    assert_eq!(room.dispatch.headroom(&owner, &list, MAX_WATCHED + 1, Some(&asked_by)), Headroom::FullOfOwner);
    let asked = Asked::from_json(br#"{"url":"https://b.example","filter":{"watchlist":"parts"}}"#).unwrap();
    for name in ["one", "other"] {
        let subscription = Subscription::new(asked.clone(), 0, at(0)).unwrap();
        room.dispatch.put(key(name), subscription, Arc::default(), None, at(0));
    }
    assert_eq!(room.dispatch.headroom(&owner, &list, MAX_WATCHED / 2, None), Headroom::Enough, "each of both names it");
    assert_eq!(room.dispatch.headroom(&owner, &list, MAX_WATCHED / 2 + 1, None), Headroom::FullOfOwner);
}

#[test]
fn all_owners_together_have_so_much_room() {
    let room = Room::open();
    let list = Source::Watchlist("parts".parse().unwrap());
    let asked = Asked::from_json(br#"{"url":"https://b.example","filter":{"watchlist":"parts"}}"#).unwrap();
    let owners = MAX_WATCHED_BY_ALL / MAX_WATCHED;
    let key = |number: usize| Key { owner: format!("buyer-{number}").parse().unwrap(), name: "one".parse().unwrap() };
    for number in 0..owners {
        let key = key(number);
        assert_eq!(
            room.dispatch.headroom(&key.owner, &list, MAX_WATCHED, Some(&key.name)),
            Headroom::Enough,
            "{number}"
        );
        let subscription = Subscription::new(asked.clone(), 0, at(0)).unwrap();
        room.dispatch.put(key.clone(), subscription, Arc::default(), None, at(0));
        // As if so many were on it, without making them.
        room.dispatch.state().lines.get_mut(&key).unwrap().watched = MAX_WATCHED;
    }
    let (last, first) = (key(owners), key(0));
    assert_eq!(room.dispatch.headroom(&last.owner, &list, 1, Some(&last.name)), Headroom::Full);
    assert_eq!(room.dispatch.headroom(&first.owner, &list, MAX_WATCHED, None), Headroom::Enough, "no more than before");
    assert_eq!(room.dispatch.headroom(&first.owner, &list, 1, None), Headroom::Enough, "fewer");
}

#[test]
fn what_is_handed_out_stays_until_it_is_acknowledged_and_a_poll_that_comes_late_moves_nothing() {
    let (room, key) = (Room::open(), key("stream"));
    let stream = Subscription::streaming(None, Stream::default(), 0, at(0));
    room.dispatch.put(key.clone(), stream.clone(), Arc::default(), Some(Spot::of_entry(0)), at(0));
    assert!(
        room.dispatch.work(&key, at(0)).is_none() && room.dispatch.due(at(0), 9).0.is_empty(),
        "no worker tells it"
    );
    let polled = |answers| room.dispatch.polled(&key, answers, at(0)).unwrap();
    let (first, spots) = (polled(Answers::default()), [0, 1, 2].map(Spot::of_entry));
    let from = (first.turn, first.behind.unwrap());
    assert!(room.dispatch.hand_out(&key, from, &spots, Spot::of_entry(3)));
    assert!(!room.dispatch.hand_out(&key, from, &spots, Spot::of_entry(3)), "another poll had them");
    let left = polled(Answers { acks: [spots[1], Spot::of_entry(9)].into(), ..Answers::default() });
    assert_eq!((left.handed, left.behind), (vec![spots[0], spots[2]], None));
    let delivery = |id: &str| Delivery { id: id.to_owned(), at: at(0), took: 0, taken: false, told: String::new() };
    let refused = vec![(spots[0], delivery("0")), (spots[1], delivery("1"))];
    assert_eq!(polled(Answers { refused, ..Answers::default() }).handed, [spots[2]]);
    let lane = room.dispatch.seen(&key).unwrap().lane;
    assert_eq!((lane.dead.len(), lane.deliveries.len()), (1, 1), "what it does not have it cannot refuse");
    let pushed = Subscription { url: Some("https://b.example".parse().unwrap()), ..stream };
    room.dispatch.put(key.clone(), pushed, Arc::default(), None, at(0));
    let lane = room.dispatch.seen(&key).unwrap().lane;
    assert_eq!((lane.handed.len(), lane.behind), (0, Some(spots[2])), "what is not acknowledged is pushed");
}

#[test]
fn a_poll_of_what_is_not_polled_changes_nothing() {
    let room = Room::open();
    room.subscribe("hook", "verdict", 0);
    let key = key("hook");
    room.dispatch.change(&key, at(0), |lane| lane.again.push_back(Spot::of_entry(3)));
    let before = room.dispatch.seen(&key).unwrap().lane;
    assert!(room.dispatch.polled(&key, Answers::default(), at(0)).is_none() && room.dispatch.news(&key).is_none());
    assert_eq!(room.dispatch.seen(&key).unwrap().lane, before);
}

#[test]
fn a_change_that_the_node_did_not_survive_is_made_to_the_lane_when_it_starts() {
    let url = || Some("https://b.example".parse().unwrap());
    let spots = [4, 7].map(Spot::of_entry);
    let disabled = Stream { status: Status::Disabled, ..Stream::default() };
    let rows = [
        (url(), Stream::default(), vec![], Some(spots[0]), "what is pushed now goes on from what was handed out"),
        (None, Stream::default(), spots.to_vec(), Some(Spot::of_entry(9)), "what is polled stays"),
        (None, disabled, vec![], None, "what is disabled tells nothing of what waited"),
    ];
    for (url, stream, handed, behind, why) in rows {
        let (room, key) = (Room::open(), key("stream"));
        let before = Subscription::streaming(None, Stream::default(), 0, at(0));
        room.dispatch.put(key.clone(), before.clone(), Arc::default(), Some(Spot::of_entry(9)), at(0));
        room.dispatch.change(&key, at(0), |lane| lane.handed.extend(spots));
        room.dispatch.keep().unwrap();
        // On the shelf, and no further.
        let after = Subscription { url, stream: Some(stream), ..before };
        room.shelf.put(&key.owner, &key.name, &after, Condition::Any, at(0)).unwrap();
        let room = room.killed(12);
        let lane = room.dispatch.seen(&key).unwrap().lane;
        assert_eq!((lane.handed, lane.behind), (handed.clone(), behind), "{why}");
        assert_eq!(room.dispatch.has_changed(), handed.is_empty(), "{why}");
    }
}

#[test]
fn an_answer_to_a_ping_takes_that_ping_away_and_no_other() {
    let (room, key) = (Room::open(), key("one"));
    room.subscribe("one", "verdict", 0);
    assert!(room.dispatch.ping(&key, ping("first"), at(0)));
    let work = room.dispatch.work(&key, at(0)).unwrap();
    room.dispatch.stumbled(&key, at(0), &PATIENCE);
    assert!(room.dispatch.ping(&key, ping("second"), at(0)), "the first one is gone meanwhile");
    let delivery = Delivery { id: "first".to_owned(), at: at(0), took: 1, taken: true, told: String::new() };
    let told = Told { delivery, now: at(0), patience: &PATIENCE, jitter: 0.5 };
    room.dispatch.heard(&key, &work, &Answer::Taken(200), told);
    assert_eq!(room.dispatch.work(&key, at(0)).unwrap().task, Task::Ping(ping("second")));
}

#[test]
fn a_change_of_what_is_asked_for_resumes_nothing() {
    let (room, key) = (Room::open(), key("one"));
    room.subscribe("one", "verdict", 0);
    room.dispatch.change(&key, at(0), |lane| lane.park(at(0), "no".to_owned()));
    let asked = Asked::from_json(br#"{"url":"https://b.example"}"#).unwrap();
    room.dispatch.put(key.clone(), Subscription::new(asked, 0, at(0)).unwrap(), Arc::default(), None, at(0));
    assert!(room.dispatch.seen(&key).unwrap().lane.parked.is_some());
    room.dispatch.change(&key, at(0), Lane::resume);
    assert!(room.dispatch.seen(&key).unwrap().lane.parked.is_none());
}
