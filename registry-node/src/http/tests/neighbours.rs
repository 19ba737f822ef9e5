//! Peers, arrangements and what this registry makes of others' verdicts.

use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use conformity::statement::Claim;
use http_body_util::BodyExt;
use jiff::Timestamp;
use serde_json::{Value, json};
use warp::http::Method;

use super::fixture::{Got, ORIGIN, Talk, World, day, now};
use super::pressure;
use super::stream::Events;
use crate::core::derive::statement_id;
use crate::core::feed::{BATCH_BYTES, bytes};
use crate::core::intake::MAX_ATTACHMENT;
use crate::core::peer_board::{PeerFault, PeerState, PeerStatus};
use crate::init::{self, NewRegistry};

pub(super) const EU: &str = "eu.registry.example";

/// The genesis of another registry at this port of `localhost`, by which it is named.
pub(super) fn foreign_genesis(id: &str, port: u16) -> String {
    foreign_registry(tempfile::tempdir().unwrap().path(), id, port)
}

/// Makes another registry below `dir`, at this port of `localhost`; gives its genesis.
pub(super) fn foreign_registry(dir: &std::path::Path, id: &str, port: u16) -> String {
    let new = NewRegistry {
        name: "European Union".to_owned(),
        country: Some("EU".parse().unwrap()),
        http: format!("127.0.0.1:{port}").parse().unwrap(),
        nats: "127.0.0.1:4223".parse().unwrap(),
        ..NewRegistry::for_trial(id)
    };
    init::init(&dir.join(id), &new, now()).unwrap();
    std::fs::read_to_string(dir.join(id).join("genesis.jws")).unwrap()
}

pub(super) fn terms() -> Value {
    json!({
        "id": "jp-eu", "version": 1, "title": "jp and eu", "mode": "bilateral",
        "parties": [
            {"registry": "jp", "origin": ORIGIN, "authority": "Ministry", "roles": ["issuing", "recognising"]},
            {"registry": "eu", "origin": EU, "authority": "Agency", "roles": ["issuing"]},
        ],
        "rules": [{
            "id": "R-1", "from": ["eu"], "to": ["jp"], "scheme": "eucc@1", "objects": ["product"],
            "viewpoints": ["people-and-things"], "grants": "full", "onSuspension": "keep", "onEnd": "cease",
        }],
        "from": day(-1), "noticeDays": 30,
    })
}

pub(super) fn row(id: &str, outcome: &str) -> String {
    let row = json!({
        "verdict": format!("eu:{id}"),
        "supplier": {"id": "lei:5493001KJTIIGC8Y1R12", "name": "Exemple SA", "country": "FR", "others": ["local:eu-list:17"]},
        "scheme": "eucc@1", "object": {"kind": "product", "name": "A card", "version": "1.2"},
        "viewpoints": ["people-and-things"], "state": "granted", "outcome": outcome,
        "arrangement": {"id": "jp-eu", "version": 1}, "rule": "R-1", "explanation": "under rule R-1 of jp-eu",
    });
    format!("{row}\n")
}

/// A registry with `eu` as its peer and an arrangement that only it signed.
pub(super) async fn peered() -> World {
    let world = World::furnished().await;
    add_peer(&world).await;
    sign(&world, terms()).await;
    world
}

/// Pins `eu`.
pub(super) async fn add_peer(world: &World) {
    pin(world, "eu", &foreign_genesis("eu", 7444)).await;
}

/// Makes the registry of that genesis a peer.
pub(super) async fn pin(world: &World, id: &str, genesis: &str) {
    let got = try_pin(world, id, genesis).await;
    assert_eq!(got.status, 201, "{got:?}");
}

/// The answer to the operator who would make the registry of that genesis a peer.
pub(super) async fn try_pin(world: &World, id: &str, genesis: &str) -> Got {
    let digest = conformity::Digest::of(genesis.as_bytes());
    let peer = json!({
        "registry": id, "origin": format!("{id}.registry.example"), "genesisDigest": digest, "genesis": genesis,
        "httpUrl": format!("https://{id}.example"),
    });
    world.say(&world.operator(), "peer-added", peer).await
}

/// The authority signs terms.
pub(super) async fn sign(world: &World, terms: Value) {
    let signed: conformity::arrangement::Arrangement = serde_json::from_value(terms).unwrap();
    let signed = json!({"digest": signed.digest().unwrap(), "terms": signed});
    world.must(&world.person("meti"), "arrangement-signed", signed).await;
}

/// Derives recognitions up to size `to` of the peer's log; answers the index and the list.
pub(super) async fn derive(world: &World, from: u64, to: u64, list: &str) -> (u64, ledger::digest::Digest) {
    derive_for(world, &json!("range"), from..to, list).await
}

/// Derives them for a cause.
pub(super) async fn derive_for(
    world: &World,
    cause: &Value,
    range: Range<u64>,
    list: &str,
) -> (u64, ledger::digest::Digest) {
    let list = Bytes::copy_from_slice(list.as_bytes());
    let digest = ledger::digest::Digest::of(&list);
    let count = list.iter().filter(|byte| **byte == b'\n').count();
    let claim = json!({
        "origin": EU, "registry": "eu", "from": range.start, "to": range.end, "checkpoint": "a signed note", "cause": cause,
        "results": {"digest": digest.to_string(), "count": count},
    });
    let claim = Claim::RecognitionDerived(serde_json::from_value(claim).unwrap());
    let receipt = world.registry.deriver.state(statement_id("recognition").unwrap(), claim, vec![list]).await.unwrap();
    (receipt.index, digest)
}

#[tokio::test]
async fn arrangements_and_peers_show_how_they_stand() {
    let world = peered().await;
    let arrangements = world.ask("/v1/arrangements").await.json();
    let shown = &arrangements["arrangements"][0];
    assert_eq!((&shown["id"], &shown["terms"][0]["terms"]["title"]), (&json!("jp-eu"), &json!("jp and eu")));
    let directions = json!([{"from": "eu", "to": "jp", "version": 1, "force": "unsigned", "missing": ["eu"]}]);
    assert_eq!(shown["directions"], directions, "eu recognises nothing, so there is one direction");

    let before = world.ask("/v1/peers").await.json();
    let peer = &before["peers"][0];
    assert_eq!(
        (&peer["registry"], &peer["name"], &peer["followed"]),
        (&json!("eu"), &json!("European Union"), &json!(0))
    );
    assert_eq!((&peer["httpUrl"], &peer["status"]), (&json!("https://eu.example"), &Value::Null));
    let fault =
        PeerFault { code: "fork".to_owned(), detail: "two roots of size 9".to_owned(), at: Timestamp::UNIX_EPOCH };
    let status = PeerStatus {
        state: PeerState::Stopped,
        since: Timestamp::UNIX_EPOCH,
        mirrored: 8,
        announced: 9,
        waiting: 0,
        met: Arc::default(),
        last_fault: Some(fault),
    };
    world.registry.peers.publish(&"eu".parse().unwrap(), status);
    let after = world.ask("/v1/peers").await.json();
    let expected = json!({
        "state": "stopped", "since": "1970-01-01T00:00:00Z", "mirrored": 8, "announced": 9,
        "lastFault": {"code": "fork", "detail": "two roots of size 9", "at": "1970-01-01T00:00:00Z"},
    });
    assert_eq!(after["peers"][0]["status"], expected);
}

#[tokio::test]
async fn arrangements_on_the_page_tell_which_bodies_nobody_has_shown() {
    let world = peered().await;
    let mut naming = terms();
    naming["id"] = json!("jp-eu-2");
    naming["rules"][0]["bodies"] = json!(["eu-cb"]);
    sign(&world, naming).await;
    let first = world.ask("/v1/arrangements?limit=1").await.json();
    let second = format!("/v1/arrangements?cursor={}", first["next"].as_str().unwrap());
    let doubted = world.ask(&second).await.json()["arrangements"][0].clone();
    assert_eq!((&first["arrangements"][0]["id"], first["arrangements"][0].get("doubts")), (&json!("jp-eu"), None));
    assert_eq!((&doubted["id"], &doubted["doubts"][0]["body"]), (&json!("jp-eu-2"), &json!("eu-cb")));
    let met = BTreeSet::from([("eu-cb".parse().unwrap(), "eucc@1".parse().unwrap())]);
    let status = PeerStatus {
        state: PeerState::Following,
        since: Timestamp::UNIX_EPOCH,
        mirrored: 8,
        announced: 8,
        waiting: 0,
        met: Arc::new(met),
        last_fault: None,
    };
    world.registry.peers.publish(&"eu".parse().unwrap(), status);
    let shown = world.ask(&second).await.json()["arrangements"][0].clone();
    assert_eq!((&shown["id"], shown.get("doubts")), (&json!("jp-eu-2"), None));
}

#[tokio::test]
async fn a_foreign_verdict_answers_with_what_is_made_of_it() {
    let world = peered().await;
    assert_eq!(world.ask("/v1/verdicts/eu:E-1").await.code(), "not-found");
    let (index, digest) = derive(&world, 0, 5, &(row("E-1", "recognised") + &row("E-2", "refused"))).await;
    let answer = world.ask("/v1/verdicts/eu:E-2").await.json();
    assert_eq!((&answer["verdict"], &answer["recognition"]["outcome"]), (&json!("eu:E-2"), &json!("refused")));
    assert_eq!((&answer["since"]["index"], &answer["position"]), (&json!(index), &json!(1)));
    let standing = world.ask("/v1/suppliers/local%3Aeu-list%3A17/standing?scheme=eucc").await.json();
    let held = standing["holdings"].as_array().unwrap();
    assert_eq!(held.iter().filter(|held| held["foreign"]["counts"] == true).count(), 1, "{standing}");
    let own = world.ask("/v1/verdicts?supplier=local:eu-list:17").await.json();
    assert_eq!((&own["verdicts"], own.get("absence")), (&json!([]), None), "own ones only, and there is something");
    assert_eq!(own["because"][0]["params"], json!({"own": "0", "others": "2", "counting": "1"}));

    let (_, second) = derive(&world, 5, 6, &row("E-1", "partial")).await;
    assert_eq!(world.ask("/v1/verdicts/eu:E-1").await.json()["recognition"]["outcome"], "partial");
    for digest in [digest, second] {
        let list = world.ask(&format!("/v1/attachments/{digest}")).await;
        assert_eq!((list.status, ledger::digest::Digest::of(&list.body)), (200, digest));
    }
    let statement = world.ask(&format!("/v1/statements/{index}")).await.json();
    assert_eq!(statement["kind"], "recognition-derived");
}

#[tokio::test]
async fn each_result_is_an_event_and_a_reader_resumes_between_them() {
    let world = peered().await;
    let (index, _) =
        derive(&world, 0, 5, &(row("E-1", "recognised") + &row("E-2", "refused") + &row("E-3", "partial"))).await;
    let all = [
        (index.to_string(), "recognition.recognised".to_owned()),
        (format!("{index}.1"), "recognition.refused".to_owned()),
        (format!("{index}.2"), "recognition.partial".to_owned()),
    ];
    let mut events = Events::of(&world, &format!("/v1/events?after={}", index - 1)).await;
    assert_eq!(events.take(3).await, all);
    let mut behind = Events::of(&world, &format!("/v1/events?after={index}")).await;
    assert_eq!(behind.take(2).await, all[1..]);
    let mut last = Events::of(&world, &format!("/v1/events?after={index}.1&supplier=local:eu-list:17")).await;
    assert_eq!(last.take(1).await, all[2..]);
    let mut chosen = Events::of(&world, "/v1/events?after=start&type=recognition.partial").await;
    assert_eq!(chosen.take(1).await, all[2..]);
}

/// What a stream says until it says `last`, or ends.
async fn until(talk: &mut Talk, path: &str, last: &str) -> String {
    let mut body = talk.open(Method::GET, path, &[], Bytes::new()).await.into_body();
    let mut said = String::new();
    while !said.contains(last) {
        let frame = tokio::time::timeout(Duration::from_secs(20), body.frame()).await.expect("it comes or ends");
        let Some(Ok(frame)) = frame else { break };
        said.push_str(std::str::from_utf8(&frame.into_data().unwrap()).unwrap());
    }
    said
}

#[tokio::test]
async fn an_entry_of_very_many_events_takes_room_unless_all_share_it() {
    let world = peered().await;
    let rows: String = (0..300).map(|number| row(&format!("E-{number}"), "recognised")).collect();
    let (index, _) = derive(&world, 0, 5, &rows).await;
    let large = pressure::catalogue(&world, &world.person("meti"), MAX_ATTACHMENT).await;
    let feed = &world.registry.feed;
    let alone = feed.next(index).unwrap();
    assert!(alone.len() == 1 && bytes(&alone[0]) > BATCH_BYTES, "it goes, and goes alone");

    let (path, last) = (format!("/v1/events?after={}", index - 1), format!("id: {index}.299\n"));
    let mut talk = world.talk(None).await;
    let unread = (pressure::unread(&mut talk, &large).await, pressure::unread(&mut talk, &large).await);
    assert!(until(&mut talk, &path, &last).await.contains(&last), "all readers share it");
    feed.forget();
    feed.next(index + 1).unwrap();
    let said = until(&mut talk, &path, &last).await;
    assert!(!said.contains("id: "), "the connection's share is spent: {said}");
    drop(unread);
    assert!(until(&mut talk, &path, &last).await.contains(&last), "a reader resumes once there is room");
}
