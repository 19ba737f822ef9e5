//! The event stream: complete, in order, resumable, filtered, bounded, and checkable against a checkpoint.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use ledger::checkpoint::Checkpoint;
use ledger::entry::Entry;
use ledger::merkle::Tree;
use ledger::note::NoteVerifier;
use serde_json::json;
use warp::http::Method;

use super::fixture::{World, change, verdict};
use super::stream::{Events, Said};
use crate::core::feed::{BATCH_BYTES, bytes};

#[tokio::test]
async fn everything_comes_from_the_start_and_goes_on_live() {
    let world = World::furnished().await;
    let cb = world.person("cb-1");
    let mut events = Events::of(&world, "/v1/events?after=start").await;
    let size = world.registry.log.size();
    for index in 0..size {
        let (id, event) = events.event().await;
        assert_eq!(id, index.to_string(), "every entry appears, in order");
        assert_eq!((&event["specversion"], &event["id"]), (&json!("1.0"), &json!(id)));
        let entry = STANDARD.decode(event["entry"].as_str().unwrap()).unwrap();
        assert_eq!(Entry::decode(&entry).unwrap(), world.registry.log.entry(index).unwrap());
    }
    assert!(events.is_silent().await);
    let index = world.must(&cb, "verdict-changed", change("V-1", json!("suspended"))).await;
    let (id, event) = events.event().await;
    assert_eq!(id, index.to_string());
    assert_eq!(event["type"], "org.secure-trust-registry.verdict.suspended");
    assert_eq!(event["subject"], "jp:V-1");
}

#[tokio::test]
async fn a_new_reader_begins_at_present() {
    let world = World::furnished().await;
    let mut events = Events::of(&world, "/v1/events").await;
    assert!(events.is_silent().await);
    let index = world.must(&world.person("cb-1"), "verdict-granted", verdict("V-5")).await;
    assert_eq!(events.take(1).await, [(index.to_string(), "verdict.granted".to_owned())]);
}

#[tokio::test]
async fn a_reader_resumes_behind_what_it_had() {
    let world = World::furnished().await;
    let last = world.registry.log.size() - 1;
    let before_last = format!("/v1/events?after={}", last - 1);
    let rows = [
        ("/v1/events?after=3", None, 4),
        ("/v1/events", Some("3"), 4),
        ("/v1/events?after=1", Some("5"), 6),
        (&before_last, None, last),
    ];
    for (path, id, first) in rows {
        let headers: Vec<_> = id.map(|id| ("last-event-id", id)).into_iter().collect();
        let mut events = Events::open(world.talk(None).await, path, &headers).await;
        assert_eq!(events.event().await.0, first.to_string(), "{path} {id:?}");
    }
    let mut talk = world.talk(None).await;
    for (path, id) in
        [("/v1/events?after=9999", ""), ("/v1/events?after=x", ""), ("/v1/events", "9999"), ("/v1/events", "?")]
    {
        let headers: &[(&str, &str)] = if id.is_empty() { &[] } else { &[("last-event-id", id)] };
        let got = talk.send(Method::GET, path, headers, Bytes::new()).await;
        assert_eq!((got.status, got.code().as_str()), (400, "bad-parameter"), "{path} {id}");
    }
}

#[tokio::test]
async fn filters_choose_by_each_condition() {
    let world = World::furnished().await;
    let cb = world.person("cb-1");
    let mut other = verdict("V-3");
    other["supplier"] = json!({"id": "duns:150483782", "name": "Third", "country": "JP"});
    other["viewpoints"] = json!(["process"]);
    let granted = world.must(&cb, "verdict-granted", other).await.to_string();
    let first =
        (1..).find(|index| world.registry.feed.next(*index).unwrap()[0][0].about.is_some()).unwrap().to_string();
    let suspended = world.must(&cb, "verdict-changed", change("V-1", json!("suspended"))).await.to_string();
    let (first, granted, suspended) = (first.as_str(), granted.as_str(), suspended.as_str());
    let rows: [(&str, &[&str]); 11] = [
        ("supplier=duns:150483782", &[granted]),
        ("supplier=local:parts-list:42", &[first, suspended]),
        ("supplier=local:parts-list:42&supplier=duns:150483782", &[first, granted, suspended]),
        ("scheme=stars", &[first, granted, suspended]),
        ("scheme=moons", &[]),
        ("viewpoint=process", &[granted]),
        ("state=suspended", &[suspended]),
        ("state=granted&viewpoint=organization", &[first]),
        ("type=verdict.suspended", &[suspended]),
        ("type=verdict", &[first, granted, suspended]),
        ("type=arrangement&type=verdict.granted", &[first, granted]),
    ];
    for (query, expected) in rows {
        let mut events = Events::of(&world, &format!("/v1/events?after=start&{query}")).await;
        let ids: Vec<String> = events.take(expected.len()).await.into_iter().map(|(id, _)| id).collect();
        assert_eq!(ids, expected, "{query}");
        assert!(events.is_silent().await, "{query}");
    }
}

#[tokio::test]
async fn checkpoints_prove_that_nothing_was_missed() {
    let world = World::furnished().await;
    world.publish();
    let size = world.published().await;
    let log_key: NoteVerifier = world.registry.genesis.log_key.as_str().parse().unwrap();
    let mut events = Events::of(&world, "/v1/events?after=start").await;
    let (mut tree, mut proven) = (Tree::new(), 0);
    while proven < size + 2 {
        match events.next().await.unwrap() {
            Said::Event(_, event) => {
                let entry = STANDARD.decode(event["entry"].as_str().unwrap()).unwrap();
                tree.push(Entry::decode(&entry).unwrap().leaf_hash());
            }
            Said::Checkpoint(note) => {
                let checkpoint = Checkpoint::verify(&note, &log_key).unwrap();
                assert!(checkpoint.size <= tree.len(), "its entries came before it");
                assert_eq!(tree.root_at(checkpoint.size).unwrap(), checkpoint.root);
                proven = checkpoint.size;
                if proven == size {
                    world.must(&world.person("cb-1"), "verdict-changed", change("V-1", json!("suspended"))).await;
                }
            }
            Said::Absence(told) => panic!("nobody was asked about: {told}"),
        }
    }
}

#[tokio::test]
async fn silence_is_broken_by_a_checkpoint() {
    let world = World::furnished().await;
    world.publish();
    let size = world.published().await;
    let mut events = Events::of(&world, "/v1/events").await;
    let sizes = |said: Option<Said>| match said {
        Some(Said::Checkpoint(note)) => note.lines().nth(1).unwrap().parse::<u64>().unwrap(),
        other => panic!("{other:?}"),
    };
    assert_eq!(sizes(events.next().await), size, "a new reader learns where the log is");
    let before = tokio::time::Instant::now();
    assert_eq!(sizes(events.next().await), size);
    assert!(before.elapsed() <= Duration::from_secs(16));
}

#[tokio::test]
async fn streams_are_counted_and_bounded() {
    let world = World::with(|config| *config = config.replace("event_streams = 10000", "event_streams = 2")).await;
    let open = || async { Events::of(&world, "/v1/events").await };
    let (first, _second) = (open().await, open().await);
    let full = world.ask("/v1/events").await;
    assert_eq!((full.status, full.code().as_str(), full.header("retry-after")), (503, "too-many-streams", "10"));
    assert_eq!(world.registry.metrics.event_streams.get(), 2);
    drop(first);
    let freed = async {
        while world.registry.metrics.event_streams.get() == 2 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), freed).await.expect("a stream that was left is free again");
    drop(open().await);
    let head = world.talk(None).await.send(Method::HEAD, "/v1/events", &[], Bytes::new()).await;
    assert_eq!((head.status, head.body.len()), (200, 0));
}

#[tokio::test]
async fn nobody_takes_the_streams_of_all() {
    let each = |config: &mut String| *config = config.replace("event_streams_each = 2000", "event_streams_each = 2");
    let world = World::furnished_with(each).await;
    let _open = (Events::of(&world, "/v1/events").await, Events::of(&world, "/v1/events").await);
    let refused = world.ask("/v1/events").await;
    assert_eq!((refused.status, refused.code().as_str()), (503, "too-many-streams"));
    assert!(refused.json()["detail"].as_str().unwrap().contains("close one of them"), "from one address");
    let body = world.person("cb-1");
    drop(Events::open(world.talk(Some(&body)).await, "/v1/events", &[]).await);
}

#[tokio::test]
async fn an_address_has_so_many_connections() {
    let world = World::with(|config| *config = config.replace("connections_each = 2000", "connections_each = 2")).await;
    let (first, second) = (world.talk(None).await, world.talk(None).await);
    assert!(world.knock(None).await.is_err(), "no hands are shaken");
    drop((first, second));
    tokio::time::timeout(Duration::from_secs(10), async { while world.knock(None).await.is_err() {} }).await.unwrap();
}

#[tokio::test]
async fn streams_end_when_their_connection_must() {
    let world = World::furnished().await;
    let cb = world.person("cb-1");
    let mut revoked = Events::open(world.talk(Some(&cb)).await, "/v1/events", &[]).await;
    let mut other = Events::of(&world, "/v1/events").await;
    world.revoke("cb-1", conformity::party::Role::CertificationBody);
    assert!(revoked.next().await.is_none(), "revoked while connected");
    assert!(other.is_silent().await);
    world.shutdown.cancel();
    assert!(other.next().await.is_none(), "the node stops");
}

#[tokio::test]
async fn what_a_reader_does_not_read_waits_in_the_log() {
    let world = World::furnished().await;
    let cb = world.person("cb-1");
    let mut idle = Events::of(&world, "/v1/events?after=start").await;
    for number in 0..300 {
        let id = format!("N-{number}");
        world
            .registry
            .submit(world.sign(&cb, "verdict-granted", verdict(&id)), Vec::new(), &speaker(&world))
            .await
            .unwrap();
    }
    // What it was not sent it reads from the log, when it likes to.
    let size = world.registry.log.size();
    for index in 0..size {
        assert_eq!(idle.event().await.0, index.to_string());
    }
}

#[tokio::test]
async fn what_is_given_at_once_is_bounded_by_bytes() {
    let world = World::furnished().await;
    let cb = world.person("cb-1");
    for number in 0..150 {
        let mut long = verdict(&format!("L-{number}"));
        long["scope"] = json!("long ".repeat(200));
        let statement = world.sign(&cb, "verdict-granted", long);
        world.registry.submit(statement, Vec::new(), &speaker(&world)).await.unwrap();
    }
    let feed = &world.registry.feed;
    // The first time read from the log, then from memory.
    for round in 0..2 {
        let (mut cursor, mut batches) = (0, 0);
        while cursor < feed.size() {
            let batch = feed.next(cursor).unwrap();
            assert!(batch.iter().map(|events| bytes(events)).sum::<usize>() <= BATCH_BYTES);
            cursor += batch.len() as u64;
            batches += 1;
        }
        assert!(batches > 1, "{round}: {batches}");
    }
    let mut events = Events::of(&world, "/v1/events?after=start").await;
    for index in 0..feed.size() {
        assert_eq!(events.event().await.0, index.to_string());
    }
}

/// The operator's certificate, as the door would read it.
pub(super) fn speaker(world: &World) -> certs::Speaker {
    speaker_of(world, conformity::party::Role::Operator, "operator")
}

/// A party's certificate, as the door would read it.
pub(super) fn speaker_of(world: &World, role: conformity::party::Role, id: &str) -> certs::Speaker {
    let mut authority = certs::Authority::open(&world.registry.folder.ca()).unwrap();
    let (issued, name) = (authority.show().unwrap(), format!("/{role}/{id}"));
    let certificate = issued.iter().find(|issued| issued.identity.ends_with(&name)).unwrap();
    certs::Speaker {
        identity: certs::Identity::Party { role, id: id.parse().unwrap() },
        serial: certificate.serial,
        not_after: jiff::Timestamp::MAX,
    }
}
