//! Watchlists: whoever puts one has it, nobody else learns of it, and events come by it.

use bytes::Bytes;
use conformity::party::Role;
use serde_json::json;
use warp::http::Method;

use super::fixture::{Got, Person, World, change, verdict};
use super::stream::Events;
use crate::buyer::watchlist::MAX_BYTES;

const PARTS: &str = "/v1/watchlists/parts";

async fn put(world: &World, person: &Person, path: &str, headers: &[(&str, &str)], body: &str) -> Got {
    let body = Bytes::copy_from_slice(body.as_bytes());
    world.talk(Some(person)).await.send(Method::PUT, path, headers, body).await
}

fn table() -> [(&'static str, &'static str); 1] {
    [("content-type", "text/csv")]
}

#[tokio::test]
async fn a_list_is_put_read_changed_and_removed() {
    let world = World::furnished().await;
    let buyer = world.person("buyer-1");
    let csv = "supplier,note\nlocal:parts-list:42,brakes\nduns:150483782,\n";
    let got = put(&world, &buyer, PARTS, &table(), csv).await;
    assert_eq!((got.status, got.header("etag")), (200, "\"1\""));
    assert_eq!(
        got.json(),
        json!({"name": "parts", "version": 1, "items": 2, "matched": 1, "unmatched": [2]}),
        "by any of its identifiers"
    );
    let mut talk = world.talk(Some(&buyer)).await;
    let items = json!({"items": [{"identifiers": ["local:parts-list:42"], "note": "brakes"}, {"identifiers": ["duns:150483782"]}]});
    let read = talk.ask(PARTS).await;
    assert_eq!((read.json(), read.header("etag"), read.header("cache-control")), (items, "\"1\"", "no-store"));
    let read = talk.send(Method::GET, PARTS, &[("accept", "text/csv, */*;q=0.1")], Bytes::new()).await;
    assert_eq!((read.header("content-type"), &read.body[..]), ("text/csv", csv.as_bytes()));
    let json_type = ("content-type", "application/json");
    let changes = [
        (("if-none-match", "*"), 412),
        (("if-match", "\"2\""), 412),
        (("if-match", "\"1\""), 200),
        (("if-match", "\"1\""), 412),
        (("if-match", "*"), 200),
        (("if-match", "2"), 400),
    ];
    for (condition, status) in changes {
        let got = put(&world, &buyer, PARTS, &[json_type, condition], r#"{"items":[]}"#).await;
        assert_eq!(got.status, status, "{condition:?} {got:?}");
    }
    let listed = talk.ask("/v1/watchlists").await.json();
    let names: Vec<_> = listed["watchlists"].as_array().unwrap().iter().map(|one| one["name"].clone()).collect();
    assert_eq!(names, ["parts"]);
    for (condition, status) in [(("if-match", "\"1\""), 412), (("if-match", "\"3\""), 204), (("if-match", "*"), 412)] {
        let got = talk.send(Method::DELETE, PARTS, &[condition], Bytes::new()).await;
        assert_eq!(got.status, status, "{condition:?}");
    }
    assert_eq!(
        (talk.ask(PARTS).await.status, talk.send(Method::DELETE, PARTS, &[], Bytes::new()).await.status),
        (404, 404)
    );
}

#[tokio::test]
async fn nobody_else_learns_that_there_is_one() {
    let world = World::furnished().await;
    world.join(&world.operator(), "buyer-2", Role::Buyer, json!([])).await;
    let buyer = world.person("buyer-1");
    let before = world.person("buyer-2");
    let paths = [
        PARTS,
        "/v1/watchlists/parts/matches",
        "/v1/watchlists",
        "/v1/events?watchlist=parts",
        "/v1/events/pull?watchlist=parts",
    ];
    let mut without = Vec::new();
    for who in [&before, &world.operator(), &world.person("maker"), &world.person("cb-1")] {
        for path in paths {
            without.push(world.talk(Some(who)).await.ask(path).await.without_date());
        }
    }
    put(&world, &buyer, PARTS, &table(), "supplier,note\nlocal:parts-list:42,conspicuous\n").await;
    let mut with = Vec::new();
    for who in [&before, &world.operator(), &world.person("maker"), &world.person("cb-1")] {
        for path in paths {
            with.push(world.talk(Some(who)).await.ask(path).await.without_date());
        }
    }
    assert_eq!(without, with, "to the byte");
    for path in paths {
        assert_eq!(world.ask(path).await.code(), "certificate-required", "{path}");
    }
    let metrics = world.ask("/metrics").await;
    let metrics = String::from_utf8_lossy(&metrics.body);
    assert!(!metrics.contains("parts") && !metrics.contains("conspicuous") && !metrics.contains("buyer-1"));
    assert_eq!(world.talk(Some(&buyer)).await.ask(PARTS).await.status, 200, "whose it is has it");
}

#[tokio::test]
async fn what_does_not_match_says_why_and_a_hidden_verdict_is_none() {
    let world = World::furnished().await;
    let buyer = world.person("buyer-1");
    // The first supplier has a public verdict, the second a restricted one, of the third nothing is there.
    let csv = "supplier\ncorporate-number:7000012050002\nlei:5493001KJTIIGC8Y1R12\nlei:529900T8BM49AURSDO55\n";
    let told = put(&world, &buyer, PARTS, &table(), csv).await.json();
    assert_eq!((&told["matched"], &told["unmatched"]), (&json!(1), &json!([2, 3])));
    let mut talk = world.talk(Some(&buyer)).await;
    let all = talk.ask("/v1/watchlists/parts/matches?limit=2").await.json();
    assert_eq!(all["matches"][0]["matched"], true);
    let rest = talk.ask(&format!("/v1/watchlists/parts/matches?cursor={}", all["next"].as_str().unwrap())).await.json();
    let (hidden, absent) = (&all["matches"][1], &rest["matches"][0]);
    assert_eq!((&hidden["row"], &absent["row"], rest.get("next")), (&json!(2), &json!(3), None));
    for member in ["matched", "absence", "because"] {
        assert_eq!(hidden[member], absent[member], "{member}");
    }
    assert!(hidden["absence"].is_string() && !hidden["explanation"].as_str().unwrap().is_empty());
    let unmatched = talk.ask("/v1/watchlists/parts/matches?unmatched=true&lang=ja").await.json();
    let rows: Vec<_> = unmatched["matches"].as_array().unwrap().iter().map(|one| one["row"].clone()).collect();
    assert_eq!(rows, [2, 3]);
}

#[tokio::test]
async fn what_is_no_watchlist_or_too_much_is_refused() {
    let world = World::furnished().await;
    let buyer = world.person("buyer-1");
    let rows: [(&str, &[(&str, &str)], &str, &str); 6] = [
        (PARTS, &table(), "name\nx\n", "bad-body"),
        (PARTS, &table(), "supplier\nlei:1\n", "bad-body"),
        (PARTS, &[("content-type", "application/json")], "{}", "bad-body"),
        (PARTS, &[("content-type", "text/plain")], "x", "unsupported-media-type"),
        (PARTS, &[], "x", "unsupported-media-type"),
        ("/v1/watchlists/-parts", &table(), "supplier\n", "bad-parameter"),
    ];
    for (path, headers, body, code) in rows {
        assert_eq!(put(&world, &buyer, path, headers, body).await.code(), code, "{path} {headers:?} {body}");
    }
    assert_eq!(put(&world, &buyer, PARTS, &table(), &" ".repeat(MAX_BYTES + 1)).await.code(), "too-large");
    for number in 0..33 {
        let got = put(&world, &buyer, &format!("/v1/watchlists/n{number}"), &table(), "supplier\n").await;
        assert_eq!(got.status, if number < 32 { 200 } else { 409 }, "{number}: {got:?}");
    }
    assert_eq!(put(&world, &buyer, "/v1/watchlists/more", &table(), "supplier\n").await.code(), "kept-full");
    let mut codes = Vec::new();
    for _ in 0..100 {
        codes.push(put(&world, &buyer, "/v1/watchlists/more", &table(), "supplier\n").await.code());
    }
    assert!(codes.iter().any(|code| code == "busy"), "nobody keeps the disk from others: {codes:?}");
}

#[tokio::test]
async fn events_come_by_a_list_and_go_by_its_changes() {
    let world = World::furnished().await;
    let (buyer, cb) = (world.person("buyer-1"), world.person("cb-1"));
    put(&world, &buyer, PARTS, &table(), "supplier\nduns:150483782\n").await;
    let mut events = Events::open(world.talk(Some(&buyer)).await, "/v1/events?watchlist=parts", &[]).await;
    world.must(&cb, "verdict-changed", change("V-1", json!("suspended"))).await;
    let mut other = verdict("V-3");
    other["supplier"] = json!({"id": "duns:150483782", "name": "Third", "country": "JP"});
    let granted = world.must(&cb, "verdict-granted", other).await.to_string();
    assert_eq!(events.take(1).await, [(granted, "verdict.granted".to_owned())], "and not who is not on it");
    put(&world, &buyer, PARTS, &table(), "supplier\nlocal:parts-list:42\n").await;
    world.must(&cb, "verdict-changed", change("V-3", json!("suspended"))).await;
    let restored = world.must(&cb, "verdict-changed", change("V-1", json!("restored"))).await.to_string();
    assert_eq!(events.take(1).await, [(restored, "verdict.restored".to_owned())], "as the list is now");
    world.talk(Some(&buyer)).await.send(Method::DELETE, PARTS, &[], Bytes::new()).await;
    world.must(&cb, "verdict-changed", change("V-1", json!("suspended"))).await;
    assert!(events.is_silent().await, "nobody is on it any more");
    let refused = world.talk(Some(&buyer)).await.ask("/v1/events?watchlist=parts").await;
    assert_eq!((refused.status, refused.code().as_str()), (400, "bad-parameter"));
}
