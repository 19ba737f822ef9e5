//! Clients that ask for much and read nothing: what they can hold of our memory, and for how long.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use conformity::party::Role;
use http_body_util::BodyExt;
use hyper::body::Incoming;
use serde_json::json;
use warp::http::{Method, Response};

use super::fixture::{Person, Talk, World};
use crate::core::intake::MAX_ATTACHMENT;
use crate::http::room::LOOK;

/// Publishes a document with a catalogue of so many bytes; answers where that is read.
pub(super) async fn catalogue(world: &World, person: &Person, bytes: usize) -> String {
    let catalogue = vec![b'c'; bytes];
    let digest = ledger::digest::Digest::of(&catalogue).to_string();
    let document = json!({"document": "big@1", "title": "B", "owner": "O", "kind": "guideline", "attachment": digest});
    let statement = world.sign(person, "document-published", document);
    let body = json!({
        "statement": std::str::from_utf8(&statement).unwrap(), "attachments": [STANDARD.encode(&catalogue)],
    });
    let body = serde_json::to_vec(&body).unwrap();
    let got = world.talk(Some(person)).await.post("/v1/statements", "application/json", body).await;
    assert_eq!(got.status, 201, "{got:?}");
    format!("/v1/attachments/{digest}")
}

/// A registry with the largest attachment that there can be, and room for two such answers.
async fn narrow(mib: usize) -> (World, String) {
    let world =
        World::with(|config| *config = config.replace("answer_mib = 256", &format!("answer_mib = {mib}"))).await;
    world.join(&world.operator(), "meti", Role::Authority, json!([])).await;
    let path = catalogue(&world, &world.person("meti"), MAX_ATTACHMENT).await;
    (world, path)
}

/// An answer of which nothing is read.
pub(super) async fn unread(talk: &mut Talk, path: &str) -> Response<Incoming> {
    let answer = talk.open(Method::GET, path, &[], Bytes::new()).await;
    assert_eq!(answer.status(), 200);
    answer
}

#[tokio::test]
async fn unread_answers_leave_the_rest_of_the_memory_to_others() {
    let (world, path) = narrow(32).await;
    let (mut hoarder, mut other) = (world.talk(None).await, world.talk(None).await);
    let first = unread(&mut hoarder, &path).await;
    let second = unread(&mut hoarder, &path).await;
    for path in [path.as_str(), "/openapi.json"] {
        let got = other.ask(path).await;
        assert_eq!((got.status, got.code().as_str(), got.header("retry-after")), (503, "busy", "5"), "{path}");
    }
    for path in ["/healthz", "/v1/parties", "/v1/verdicts"] {
        assert_eq!(other.ask(path).await.status, 200, "{path} is small");
    }
    let read = first.into_body().collect().await.unwrap().to_bytes();
    assert_eq!(read.len(), MAX_ATTACHMENT);
    let got = other.ask(&path).await;
    assert_eq!((got.status, got.body.len()), (200, MAX_ATTACHMENT), "what was read made room");
    assert_eq!(got.header("content-length"), MAX_ATTACHMENT.to_string());
    drop((second, hoarder));
    let (_one, _two) = (unread(&mut other, &path).await, unread(&mut other, &path).await);
}

#[tokio::test]
async fn a_connection_has_no_more_than_its_share() {
    let (world, path) = narrow(256).await;
    for mut hoarder in [world.talk(None).await, world.talk(None).await] {
        let _unread = (unread(&mut hoarder, &path).await, unread(&mut hoarder, &path).await);
        let refused = hoarder.ask(&path).await;
        assert_eq!((refused.status, refused.code().as_str()), (503, "busy"));
        let head = hoarder.send(Method::HEAD, "/healthz", &[], Bytes::new()).await;
        assert_eq!(head.status, 200);
    }
    assert_eq!(world.ask(&path).await.body.len(), MAX_ATTACHMENT);
}

#[tokio::test]
async fn an_answer_that_nobody_reads_ends_its_connection() {
    let (world, path) = narrow(32).await;
    let (mut one, mut two) = (world.talk_one(None).await, world.talk(None).await);
    let unread_answers = (unread(&mut one, &path).await, unread(&mut two, &path).await);
    assert_eq!(world.ask(&path).await.status, 503);
    // An event stream that is read lasts.
    let mut events = super::stream::Events::of(&world, "/v1/events").await;
    let cut = async {
        while world.registry.metrics.connections.get() > 1 {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(LOOK * 2, cut).await.expect("both are cut");
    let mut again = world.talk(None).await;
    let _more = (unread(&mut again, &path).await, unread(&mut again, &path).await);
    drop(unread_answers);
    assert!(events.is_silent().await, "it is still there");
}
