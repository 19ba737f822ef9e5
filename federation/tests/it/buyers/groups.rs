//! What a buyer's client may do that ours never does: queue groups, and long names.

use std::time::Duration;

use async_nats::{Client, Subscriber};
use federation::bus::Bus as _;
use futures_util::StreamExt as _;
use tokio::time::Instant;

use super::house::House;
use crate::registry::{PATIENCE, id};

const SUBJECT: &str = "status.jp.s.x";
const SEEN: &str = "status.jp.seen.x";
/// Messages of a round: were two in one group, each would miss some but for a chance of one in a million.
const MESSAGES: usize = 20;
/// How long nothing must come for it to be believed that nothing does.
const SILENCE: Duration = Duration::from_millis(500);

/// Joins a group, and goes on when the server has seen that: it has seen what was asked for after it.
async fn join(jp: &House, client: &Client, group: &str) -> Subscriber {
    let joined = client.queue_subscribe("status.jp.s.>", group.to_owned()).await.unwrap();
    let mut seen = client.subscribe(SEEN).await.unwrap();
    let deadline = Instant::now() + 12 * PATIENCE;
    loop {
        jp.node.publish(&id(SEEN), "seen".into()).await.unwrap();
        if tokio::time::timeout(SILENCE, seen.next()).await.is_ok() {
            return joined;
        }
        assert!(Instant::now() < deadline, "the server hears the client");
    }
}

/// Counts what comes until nothing more does.
async fn count(subscriber: &mut Subscriber, wait: Duration) -> usize {
    let mut came = 0;
    while let Ok(Some(_)) = tokio::time::timeout(if came == 0 { wait } else { SILENCE }, subscriber.next()).await {
        came += 1;
    }
    came
}

async fn tell(jp: &House) {
    for _ in 0..MESSAGES {
        jp.node.publish(&id(SUBJECT), "told".into()).await.unwrap();
    }
    jp.node.flush().await.unwrap();
}

#[tokio::test]
async fn nobody_takes_messages_of_a_buyer_by_naming_its_queue_group() {
    let mut jp = House::open(&["acme", "other"]).await;
    let (acme, other) = (jp.client("acme", "test").await, jp.client("other", "test").await);
    let mut own = join(&jp, &other, "other.workers").await;
    for (group, hears) in [
        ("other.workers", 0),
        ("other", 0),
        ("other.>", 0),
        ("*.workers", 0),
        (">", 0),
        ("workers", 0),
        ("acme", 0),
        ("acme.workers", MESSAGES),
    ] {
        let mut taking = join(&jp, &acme, group).await;
        tell(&jp).await;
        assert_eq!(count(&mut own, PATIENCE).await, MESSAGES, "whoever is in {group}, no message is taken");
        assert_eq!(count(&mut taking, SILENCE).await, hears, "acme in {group}");
    }
    jp.child.stop().await;
}

#[tokio::test]
async fn a_buyer_shares_its_messages_among_connections_of_its_own() {
    let mut jp = House::open(&["acme"]).await;
    let (one, two) = (jp.client("acme", "one").await, jp.client("acme", "two").await);
    let (mut first, mut second) = (join(&jp, &one, "acme.workers").await, join(&jp, &two, "acme.workers").await);
    tell(&jp).await;
    assert_eq!(count(&mut first, SILENCE).await + count(&mut second, SILENCE).await, MESSAGES);
    jp.child.stop().await;
}

#[tokio::test]
async fn long_names_of_connections_keep_nobody_from_being_seen() {
    let mut jp = House::open(&["acme"]).await;
    let mut clients = Vec::new();
    for _ in 0..48 {
        clients.push(jp.client("acme", &"<".repeat(3800)).await);
    }
    let all = jp.system.connections().await.unwrap();
    assert_eq!(all.iter().filter(|connection| connection.account == "BUYERS").count(), clients.len());
    jp.child.stop().await;
}
