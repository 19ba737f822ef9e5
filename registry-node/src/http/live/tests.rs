//! Who hears what, in which order, and who is not even woken.

#![allow(clippy::unwrap_used, clippy::panic)]

use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use futures_util::FutureExt;

use super::*;
use crate::core::filter::Filter;

/// Counts how often a reader is woken.
#[derive(Default)]
struct Woken(AtomicUsize);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

fn event(index: u64, position: u32, kind: &str) -> Event {
    Event { index, position, kind: kind.to_owned(), about: None, json: Bytes::from_static(b"{}") }
}

fn wanted(kind: &str) -> Wanted {
    Wanted::of(Filter { types: vec![kind.parse().unwrap()], ..Filter::default() })
}

fn join(live: &Arc<Live>, kind: &str, entry: u64) -> Option<Listening> {
    live.join(&wanted(kind), None, &Standing { entry, told: 0, checkpoint: 0 })
}

/// Looks at an entry, without a break between its events.
fn look_at(live: &Live, index: u64, events: &[Event]) {
    assert!(live.look_at(index, events, || 0).now_or_never().is_some(), "there is a break");
}

fn heard(listening: &Listening, waker: &Waker) -> Poll<Heard> {
    listening.inbox.poll(&mut Context::from_waker(waker))
}

/// All that waits, as text.
fn all(listening: &Listening) -> Vec<String> {
    let mut texts = Vec::new();
    while let Poll::Ready(Heard::Piece(piece)) = heard(listening, Waker::noop()) {
        texts.push(String::from_utf8(piece.to_vec()).unwrap());
    }
    texts
}

fn checkpoint(size: u64) -> Checkpoint {
    Checkpoint { size, note: Bytes::new(), frame: format!("checkpoint {size}\n\n").into() }
}

#[test]
fn who_does_not_want_it_sleeps_and_the_others_share_one_text() {
    let live = Arc::<Live>::default();
    let (one, two, other) =
        (join(&live, "verdict", 5).unwrap(), join(&live, "verdict.x", 5).unwrap(), join(&live, "entry", 5).unwrap());
    let woken: Vec<_> = (0..3).map(|_| Arc::<Woken>::default()).collect();
    for (listening, woken) in [&one, &two, &other].into_iter().zip(&woken) {
        assert!(heard(listening, &Arc::clone(woken).into()).is_pending());
    }
    look_at(&live, 5, &[event(5, 0, "verdict.x")]);
    let counts: Vec<_> = woken.iter().map(|woken| woken.0.load(Ordering::Relaxed)).collect();
    assert_eq!(counts, [1, 1, 0]);
    let (Poll::Ready(Heard::Piece(one)), Poll::Ready(Heard::Piece(two))) =
        (heard(&one, Waker::noop()), heard(&two, Waker::noop()))
    else {
        panic!("both hear it")
    };
    assert_eq!(&one[..], b"id: 5\ndata: {}\n\n");
    assert_eq!(one.as_ptr(), two.as_ptr());
    assert!(heard(&other, Waker::noop()).is_pending());
}

#[test]
fn nobody_hears_twice_what_was_read_before_or_misses_what_comes_after() {
    let live = Arc::<Live>::default();
    let early = join(&live, "entry", 5).unwrap();
    let late = join(&live, "entry", 7).unwrap();
    for index in 5..9 {
        look_at(&live, index, &[event(index, 0, "entry"), event(index, 1, "entry")]);
    }
    look_at(&live, 6, &[event(6, 0, "entry")]);
    let ids = |listening| -> Vec<String> {
        all(listening).iter().map(|text| text.lines().next().unwrap().replace("id: ", "")).collect()
    };
    assert_eq!(ids(&early), ["5", "5.1", "6", "6.1", "7", "7.1", "8", "8.1"]);
    assert_eq!(ids(&late), ["7", "7.1", "8", "8.1"]);
    assert!(join(&live, "entry", 8).is_none(), "it would miss the last entry");
    assert!((early.is_behind(10), early.is_behind(9)) == (true, false));
    drop((early, late));
    assert!(join(&live, "entry", 2).is_some(), "the first one says where to begin");
}

#[test]
fn who_does_not_read_goes_on_in_the_log_and_delays_nobody() {
    let live = Arc::<Live>::default();
    let (idle, reader) = (join(&live, "entry", 0).unwrap(), join(&live, "entry", 0).unwrap());
    for index in 0..100 {
        look_at(&live, index, &[event(index, 0, "entry"), event(index, 1, "entry")]);
        assert_eq!(all(&reader).len(), 2, "{index}");
    }
    assert_eq!(all(&idle).len(), 64);
    let left = Left { index: 32, position: 0, checkpoint: 0 };
    assert_eq!(heard(&idle, Waker::noop()), Poll::Ready(Heard::Left(left)));
    reader.leave();
    let left = Left { index: 100, position: 0, checkpoint: 0 };
    assert_eq!(heard(&reader, Waker::noop()), Poll::Ready(Heard::Left(left)));
    let state = live.state();
    assert!(state.listeners.is_empty() && state.interests.is_empty() && state.owed.is_empty(), "nothing stays behind");
}

#[test]
fn a_checkpoint_follows_what_it_covers_and_breaks_silence() {
    let live = Arc::<Live>::default();
    let (told, idle) = (join(&live, "verdict", 5).unwrap(), join(&live, "entry", 5).unwrap());
    live.hand_round(&checkpoint(5));
    assert_eq!((all(&told), all(&idle)), (vec!["checkpoint 5\n\n".to_owned()], vec!["checkpoint 5\n\n".to_owned()]));
    live.hand_round(&checkpoint(6));
    look_at(&live, 5, &[event(5, 0, "verdict.x")]);
    live.hand_round(&checkpoint(5));
    assert_eq!(all(&told).len(), 1, "not one that covers nothing new, nor before what it covers");
    live.hand_round(&checkpoint(6));
    live.hand_round(&checkpoint(6));
    assert_eq!((all(&told), all(&idle)), (vec!["checkpoint 6\n\n".to_owned()], Vec::new()));
    for step in 1..SILENT {
        live.beat(Some(&checkpoint(6)));
        assert!(all(&idle).is_empty(), "{step}");
    }
    live.beat(Some(&checkpoint(6)));
    assert_eq!((all(&told), all(&idle)), (vec!["checkpoint 6\n\n".to_owned()], vec!["checkpoint 6\n\n".to_owned()]));
    for _ in 0..SILENT {
        live.beat(Some(&checkpoint(7)));
    }
    assert_eq!(all(&idle), [":\n"], "one that covers what was not looked at is not told");
}

#[tokio::test]
async fn an_entry_of_very_many_events_is_told_few_at_a_time_and_whole_to_whoever_reads() {
    let live = Arc::<Live>::default();
    let (reader, idle) = (join(&live, "entry", 5).unwrap(), join(&live, "entry", 5).unwrap());
    let events: Vec<Event> = (0..1_000).map(|position| event(5, 2 * position, "entry")).collect();
    let (mut told, looking) = (Vec::new(), live.look_at(5, &events, || 0));
    tokio::pin!(looking);
    assert!((&mut looking).now_or_never().is_none(), "there is a break");
    assert_eq!((live.told(), all(&reader).len()), (Some(5), FEW));
    assert!(join(&live, "entry", 5).is_none(), "it would miss what was told before it came");
    let later = join(&live, "entry", 6).unwrap();
    idle.leave();
    loop {
        let looked = (&mut looking).now_or_never();
        told.extend(all(&reader));
        if looked.is_some() {
            break;
        }
    }
    let ids: Vec<String> = events.iter().skip(FEW).map(|event| format!("id: {}\ndata: {{}}\n\n", event.id())).collect();
    assert_eq!(told, ids);
    assert_eq!((live.told(), all(&later).len()), (Some(6), 0));
    assert_eq!(all(&idle).len(), FEW);
    let left = Left { index: 5, position: 2 * FEW as u32 - 1, checkpoint: 0 };
    assert_eq!(heard(&idle, Waker::noop()), Poll::Ready(Heard::Left(left)), "within the entry");
}

#[tokio::test]
async fn what_is_left_of_an_entry_is_told_to_nobody_who_came_meanwhile() {
    let live = Arc::<Live>::default();
    let first = join(&live, "entry", 5).unwrap();
    let events: Vec<Event> = (0..100).map(|position| event(5, position, "entry")).collect();
    let looking = live.look_at(5, &events, || 0);
    tokio::pin!(looking);
    assert!((&mut looking).now_or_never().is_none());
    drop(first);
    assert_eq!(live.told(), None, "nobody listens");
    let second = join(&live, "entry", 5).unwrap();
    looking.await;
    assert_eq!((all(&second).len(), live.told()), (0, Some(5)));
    live.look_at(5, &events[..2], || 0).await;
    assert_eq!((all(&second).len(), live.told()), (2, Some(6)));
}

#[tokio::test]
async fn a_fault_ends_the_streams_and_whoever_comes_back_is_told() {
    let (live, metrics) = (Arc::<Live>::default(), Metrics::default());
    let before = join(&live, "entry", 5).unwrap();
    look_at(&live, 5, &[event(5, 0, "entry")]);
    let mut times = 0;
    let attending = || {
        times += 1;
        let (fails, live) = (times == 1, Arc::clone(&live));
        Some(tokio::spawn(async move {
            assert!(!fails, "a fault of ours");
            let after = join(&live, "entry", 6).unwrap();
            look_at(&live, 6, &[event(6, 0, "entry")]);
            assert_eq!(all(&after).len(), 1);
        }))
    };
    keep_up(&live, &metrics, attending).await;
    assert_eq!((times, metrics.event_stream_faults.get()), (2, 1));
    assert_eq!(all(&before).len(), 1, "what was told is heard");
    assert_eq!(heard(&before, Waker::noop()), Poll::Ready(Heard::Ended));
}
