//! The event stream: whoever resumes loses and doubles nothing, and whoever reads everything can prove that it is
//! everything.

use std::time::{Duration, Instant};

use bytes::Bytes;
use ledger::checkpoint::Checkpoint;
use ledger::merkle::Tree;
use serde_json::json;
use tests::claims::{rule, terms, verdict, with};
use tests::events::Frame;
use tests::{Chance, Events, Federation, Registry};
use tokio::time::sleep;

/// Entries with one event, with many, with none to speak of: eu has granted, recognised in bulk, and registered people.
async fn eventful() -> Federation {
    let federation = Federation::start(&["jp", "eu"]).await;
    federation.peer("jp", "eu").await;
    federation.arrange(&terms("A-1", "bilateral", &["jp", "eu"], vec![rule("R-1", "jp", "eu", "stars")])).await;
    let (jp, eu) = (federation.registry("jp"), federation.registry("eu"));
    for round in 0..3 {
        let body = jp.party("cb-1");
        let id = |number| format!("J-{round}-{number}");
        let lines: Vec<Bytes> = (0..40).map(|number| body.sign("verdict-granted", verdict(&id(number)))).collect();
        jp.bulk(&body, &lines).await;
        eu.recognises(&format!("jp:J-{round}-39"), |one| one["outcome"] == "recognised").await;
        eu.party("cb-1").must("verdict-granted", verdict(&format!("E-{round}"))).await;
    }
    federation
}

/// All events as far as the newest checkpoint that comes, with their ids.
async fn all_events(registry: &Registry, query: &str) -> Vec<(String, String)> {
    let mut stream = Events::open(&registry.public(), &format!("/v1/events?after=start{query}"), None).await.unwrap();
    let mut all = Vec::new();
    while let Some(Some(frame)) = stream.within(Duration::from_millis(1500)).await {
        if let Frame::Event { id, event } = frame {
            all.push((id, event.to_string()));
        }
    }
    all
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_resumes_loses_and_doubles_nothing() {
    let mut chance = Chance::new();
    let federation = eventful().await;
    let eu = federation.registry("eu");
    for query in ["", "&type=recognition", "&type=verdict", "&state=granted&scheme=stars@1"] {
        let all = all_events(eu, query).await;
        assert!(all.len() > 2, "{query}: {}", all.len());
        let mut pieces: Vec<(String, String)> = Vec::new();
        while pieces.len() < all.len() {
            let path = format!("/v1/events?after=start{query}");
            // A browser repeats the address that it was given, and says in the header where it really is.
            let last = pieces.last().map(|(id, _)| id.clone());
            let mut stream = Events::open(&eu.public(), &path, last.as_deref()).await.unwrap();
            let wanted = 1 + chance.below(30);
            let mut taken = 0;
            while taken < wanted && pieces.len() < all.len() {
                if let Some(Frame::Event { id, event }) = stream.next().await {
                    pieces.push((id, event.to_string()));
                    taken += 1;
                }
            }
        }
        assert_eq!(pieces, all, "{query}");
    }
    // An event made again after a restart is the same, to the byte.
    let before = all_events(eu, "").await;
    federation.node("eu").kill();
    federation.restart("eu").await;
    let after = all_events(eu, "").await;
    assert_eq!(after[..before.len()], before[..]);
    let many = before.iter().filter(|(id, _)| id.contains('.')).count();
    assert!(many > 30, "recognitions come many to an entry: {many}");
    let beyond = Events::open(&eu.public(), "/v1/events", Some("1000000")).await;
    assert!(beyond.is_err(), "an event that was never sent is nowhere to go on from");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_reads_everything_computes_the_root() {
    let federation = eventful().await;
    let (jp, eu) = (federation.registry("jp"), federation.registry("eu"));
    let log = eu.log_key();
    let mut stream = Events::open(&eu.public(), "/v1/events?after=start", None).await.unwrap();
    let writing = {
        let (jp, eu) = (std::sync::Arc::clone(jp), std::sync::Arc::clone(eu));
        tokio::spawn(async move {
            for number in 0..30 {
                jp.party("cb-1").must("verdict-granted", verdict(&format!("J-{number}"))).await;
                let restricted = with(verdict(&format!("E-R-{number}")), json!({"profile": "restricted"}));
                eu.party("cb-1").must("verdict-granted", restricted).await;
                sleep(Duration::from_millis(100)).await;
            }
        })
    };
    let (mut tree, mut proven) = (Tree::new(), Vec::new());
    while !writing.is_finished() || proven.last() != Some(&tree.len()) {
        match stream.next().await.expect("the stream goes on") {
            Frame::Checkpoint(note) => {
                let checkpoint = Checkpoint::verify_published(&note, &log).unwrap();
                assert_eq!(checkpoint.root, tree.root_at(checkpoint.size).unwrap(), "at size {}", checkpoint.size);
                proven.push(checkpoint.size);
            }
            frame => {
                let (index, entry) = frame.entry();
                // More than one event of an entry: it is the same entry.
                if index + 1 == tree.len() {
                    assert_eq!(tree.leaf(index), Some(entry.leaf_hash()));
                } else {
                    assert_eq!(index, tree.len(), "an entry was left out");
                    tree.push(entry.leaf_hash());
                }
                if let Frame::Event { event, .. } = &frame {
                    assert!(!event.to_string().contains("E-R-"), "a restricted verdict is told: {event}");
                }
            }
        }
    }
    assert!(proven.len() > 2 && proven.is_sorted(), "{proven:?}");
    writing.await.unwrap();
    // A node that is told to end does not wait for readers who never would.
    let begun = Instant::now();
    federation.node("eu").stop();
    assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
    while let Some(frame) = stream.next().await {
        assert!(matches!(frame, Frame::Checkpoint(_)), "{frame:?}");
    }
}
