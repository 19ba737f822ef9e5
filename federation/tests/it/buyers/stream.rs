//! What the server keeps: in order, once, and on the disk when it says so.

use std::time::Duration;

use federation::bus::stream::{Draft, Extent, Keeping, Stream, StreamError};
use federation::server::Status;
use federation::subjects::Pattern;

use super::house::House;
use crate::registry::{PATIENCE, id};

fn keeping() -> Keeping {
    Keeping { name: "EVENTS", subjects: Pattern::told_by(&id("jp")), bytes: 1 << 20, age: Duration::from_secs(86_400) }
}

fn drafts(ids: std::ops::Range<u64>) -> Vec<Draft> {
    let draft =
        |n: u64| Draft { subject: id("status.jp.s.x"), id: n.to_string(), payload: format!("event {n}").into() };
    ids.map(draft).collect()
}

async fn ids(stream: &Stream) -> Vec<String> {
    let (mut found, mut place) = (Vec::new(), 1);
    while let Some(kept) = stream.from(place).await.unwrap() {
        place = kept.place + 1;
        found.push(kept.id);
    }
    found
}

#[tokio::test]
async fn messages_are_kept_once_and_in_order_however_often_they_are_sent() {
    let jp = House::open(&[]).await;
    let stream = Stream::open(jp.node.clone(), keeping()).await.unwrap();
    assert_eq!(stream.add(0, drafts(0..3)).await, Ok(3));
    for (last, ids, why) in [
        (0, 0..3, "sent again"),
        (2, 7..9, "others than those that are there"),
        (4, 4..6, "behind a gap"),
        (9, 3..4, "far behind"),
    ] {
        assert_eq!(stream.add(last, drafts(ids)).await, Err(StreamError::Moved), "{why}");
    }
    assert_eq!(ids(&stream).await, ["0", "1", "2"]);
    assert_eq!(stream.add(3, drafts(3..5)).await, Ok(5));
    let extent = stream.extent().await.unwrap();
    assert_eq!((extent.messages, extent.first, extent.last), (5, 1, 5));
    assert_eq!(ids(&stream).await, ["0", "1", "2", "3", "4"]);
    assert_eq!(stream.last().await.unwrap().map(|kept| (kept.place, kept.id)), Some((5, "4".to_owned())));
    jp.child.stop().await;
}

#[tokio::test]
async fn what_is_erased_or_emptied_is_gone_and_places_go_on() {
    let jp = House::open(&[]).await;
    let stream = Stream::open(jp.node.clone(), keeping()).await.unwrap();
    stream.add(0, drafts(0..4)).await.unwrap();
    for _again in 0..2 {
        stream.erase(2).await.unwrap();
        assert_eq!(ids(&stream).await, ["0", "2", "3"]);
    }
    stream.empty().await.unwrap();
    let empty = stream.extent().await.unwrap();
    assert_eq!(empty, Extent { messages: 0, bytes: 0, first: 5, last: 4 });
    assert_eq!((stream.from(1).await.unwrap(), stream.last().await.unwrap()), (None, None));
    // At once, with ids that it has seen a moment ago.
    assert_eq!(stream.add(4, drafts(0..4)).await, Ok(8));
    stream.remove().await.unwrap();
    assert_eq!(stream.extent().await, Err(StreamError::Moved));
    assert_eq!(stream.add(8, drafts(4..5)).await, Err(StreamError::Moved));
    let stream = Stream::open(jp.node.clone(), keeping()).await.unwrap();
    assert_eq!(stream.add(0, drafts(0..1)).await, Ok(1));
    jp.child.stop().await;
}

#[tokio::test]
async fn what_was_kept_survives_the_death_of_the_server() {
    let jp = House::open(&[]).await;
    let stream = Stream::open(jp.node.clone(), keeping()).await.unwrap();
    stream.add(0, drafts(0..100)).await.unwrap();
    let before = jp.node.state().borrow().connections;
    let Status::Running { pid, .. } = *jp.child.status().borrow() else { panic!("not running") };
    let pid = rustix::process::Pid::from_raw(i32::try_from(pid).unwrap()).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();
    let mut state = jp.node.state();
    let back = state.wait_for(|state| state.connected && state.connections > before);
    tokio::time::timeout(4 * PATIENCE, back).await.unwrap().unwrap();
    let stream = Stream::open(jp.node.clone(), keeping()).await.unwrap();
    assert_eq!(ids(&stream).await.len(), 100);
    assert_eq!(stream.add(100, drafts(100..101)).await, Ok(101));
    jp.child.stop().await;
}

#[tokio::test]
async fn a_store_that_was_taken_away_is_made_again() {
    let jp = House::open(&[]).await;
    let stream = Stream::open(jp.node.clone(), keeping()).await.unwrap();
    stream.add(0, drafts(0..3)).await.unwrap();
    std::fs::remove_dir_all(jp.store()).unwrap();
    stream.remove().await.unwrap();
    let stream = Stream::open(jp.node.clone(), keeping()).await.unwrap();
    assert_eq!(stream.add(0, drafts(0..3)).await, Ok(3));
    assert!(jp.store().exists());
    jp.child.stop().await;
}

#[tokio::test]
async fn the_oldest_goes_when_there_is_more_than_it_may_keep() {
    let jp = House::open(&[]).await;
    let bounded = Keeping { bytes: 4096, ..keeping() };
    let stream = Stream::open(jp.node.clone(), bounded).await.unwrap();
    stream.add(0, drafts(0..200)).await.unwrap();
    let extent = stream.extent().await.unwrap();
    assert!(extent.bytes <= 4096 && extent.last == 200 && extent.first > 100, "{extent:?}");
    let unbounded = Stream::open(jp.node.clone(), keeping()).await.unwrap();
    unbounded.add(200, drafts(200..400)).await.unwrap();
    let extent = unbounded.extent().await.unwrap();
    assert!(extent.bytes > 4096, "a larger bound counts from then on: {extent:?}");
    jp.child.stop().await;
}
