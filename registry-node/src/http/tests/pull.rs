//! Events asked for now and then: the same as in the stream, each once, with a place to go on from.

use std::time::Duration;

use serde_json::{Value, json};

use super::fixture::{World, change, verdict};
use super::stream::Events;

fn ids(answer: &Value) -> Vec<String> {
    answer["events"].as_array().unwrap().iter().map(|event| event["id"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn page_by_page_it_is_what_the_stream_tells() {
    let world = World::furnished().await;
    world.publish();
    world.published().await;
    let size = world.registry.log.size();
    for (query, limit) in [("", 5), ("&type=verdict", 1), ("&supplier=local:parts-list:42", 100)] {
        let (mut told, mut next) = (Vec::new(), "start".to_owned());
        loop {
            let path = format!("/v1/events/pull?after={next}&limit={limit}{query}");
            let answer = world.ask(&path).await.json();
            assert!(answer["events"].as_array().unwrap().len() <= limit);
            assert!(answer["checkpoint"].as_str().unwrap().starts_with("jp.registry.example\n"));
            told.extend(answer["events"].as_array().unwrap().iter().cloned());
            next = answer["next"].as_str().unwrap().to_owned();
            if answer["more"] == false {
                break;
            }
        }
        assert_eq!(next.parse::<u64>().unwrap(), world.registry.feed.size() - 1, "everything was looked at");
        let mut stream = Events::of(&world, &format!("/v1/events?after=start{query}")).await;
        for event in &told {
            assert_eq!(stream.event().await.1, *event, "{query}");
            assert_eq!(
                (&event["registry"], &event["logindex"]),
                (&json!("jp"), &event["id"]),
                "it says where it stands"
            );
        }
        assert!(query.is_empty() || !told.is_empty());
        assert!(!query.is_empty() || told.len() as u64 >= size);
    }
}

#[tokio::test]
async fn who_waits_is_answered_when_something_fits_and_else_in_time() {
    let world = World::furnished().await;
    let (cb, begun) = (world.person("cb-1"), tokio::time::Instant::now());
    let empty = world.ask("/v1/events/pull").await.json();
    let last = world.registry.log.size() - 1;
    assert_eq!((&empty["events"], &empty["more"], &empty["checkpoint"]), (&json!([]), &json!(false), &Value::Null));
    let next = empty["next"].as_str().unwrap().to_owned();
    assert!(next.starts_with(&format!("{last}.")), "behind all there is: {next}");
    let waiting = async {
        let path = format!("/v1/events/pull?after={next}&wait=50&type=verdict.suspended");
        world.ask(&path).await.json()
    };
    let acting = async {
        world.must(&cb, "verdict-granted", verdict("V-5")).await;
        world.must(&cb, "verdict-changed", change("V-1", json!("suspended"))).await
    };
    let (answer, index) = tokio::join!(waiting, acting);
    assert_eq!(ids(&answer), [index.to_string()]);
    assert!(begun.elapsed() < Duration::from_secs(45), "not at the end of the wait");
    let path = format!("/v1/events/pull?after={}&wait=1", answer["next"].as_str().unwrap());
    let answer = world.ask(&path).await.json();
    assert_eq!((&answer["events"], &answer["more"]), (&json!([]), &json!(false)));
}

#[tokio::test]
async fn what_cannot_be_answered_is_refused() {
    let world = World::with(|config| *config = config.replace("event_streams = 10000", "event_streams = 1")).await;
    for query in ["limit=0", "limit=1001", "wait=51", "wait=x", "after=9999", "after=x", "supplier=nobody"] {
        let got = world.ask(&format!("/v1/events/pull?{query}")).await;
        assert_eq!((got.status, got.code().as_str()), (400, "bad-parameter"), "{query}");
    }
    let _stream = Events::of(&world, "/v1/events").await;
    let full = world.ask("/v1/events/pull?wait=1").await;
    assert_eq!((full.status, full.code().as_str()), (503, "too-many-streams"), "who waits holds a seat");
    assert_eq!(world.ask("/v1/events/pull").await.status, 200, "who does not wait holds none");
}
