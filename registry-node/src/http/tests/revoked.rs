//! A certificate that is revoked while it is in use: nothing more is answered, and what is under way has a defined end.

use std::time::Duration;

use bytes::Bytes;
use conformity::party::Role;
use http_body_util::{BodyExt, StreamBody};
use hyper::body::Frame;
use serde_json::json;
use tokio::sync::mpsc;
use warp::http::{Method, Request};

use super::fixture::{Person, World, verdict};
use super::pressure;

const BODY: Role = Role::CertificationBody;

async fn over(talk: &super::fixture::Talk) {
    let ended = async {
        while !talk.is_over() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(4), ended).await.expect("the connection ends");
}

#[tokio::test]
async fn nothing_is_answered_once_the_list_was_read() {
    let world = World::furnished().await;
    let cb = world.person("cb-1");
    let (mut one, mut two) = (world.talk_one(Some(&cb)).await, world.talk(Some(&cb)).await);
    let (mut anybody, mut other) = (world.talk(None).await, world.talk(Some(&world.person("cb-2"))).await);
    for talk in [&mut one, &mut two] {
        assert_eq!(talk.ask("/v1/verdicts/jp:V-2").await.status, 200, "a restricted verdict of its own");
    }
    world.revoke_unnoticed("cb-1", BODY);
    let size = world.registry.log.size();
    for talk in [&mut one, &mut two] {
        for path in ["/v1/verdicts/jp:V-2", "/v1/verdicts/jp:V-1", "/checkpoint", "/v1/events", "/nothing"] {
            let got = talk.ask(path).await;
            assert_eq!((got.status, got.code().as_str()), (403, "cut-off"), "{path}");
        }
        for media_type in ["application/jose", "application/x-ndjson"] {
            let statement = world.sign(&cb, "verdict-granted", verdict("V-9"));
            let got = talk.post("/v1/statements", media_type, statement).await;
            assert_eq!((got.status, got.code().as_str()), (403, "cut-off"), "{media_type}");
        }
    }
    assert_eq!(world.registry.log.size(), size);
    world.notice();
    over(&one).await;
    over(&two).await;
    for talk in [&mut anybody, &mut other] {
        assert_eq!(talk.ask("/v1/verdicts/jp:V-1").await.status, 200, "nobody else is cut");
    }
}

/// A submission whose body comes bit by bit: what sends it, and its answer.
async fn submitting(
    world: &World,
    person: &Person,
) -> (mpsc::Sender<Bytes>, tokio::task::JoinHandle<super::fixture::Got>) {
    let mut talk = world.trickling(person).await;
    let (pieces, received) = mpsc::channel::<Bytes>(4);
    let frames = futures_util::stream::unfold(received, |mut received| async move {
        let piece = received.recv().await?;
        Some((Ok::<_, std::convert::Infallible>(Frame::data(piece)), received))
    });
    let request = Request::post("https://localhost/v1/statements").header("content-type", "application/jose");
    let request = request.body(BodyExt::boxed_unsync(StreamBody::new(frames))).unwrap();
    let answer = tokio::spawn(async move {
        let (head, body) = talk.send_request(request).await.unwrap().into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        super::fixture::Got { status: head.status.as_u16(), headers: head.headers, body }
    });
    (pieces, answer)
}

#[tokio::test]
async fn a_body_that_still_comes_is_not_taken() {
    let world = World::furnished().await;
    let cb = world.person("cb-1");
    let size = world.registry.log.size();
    let statement = world.sign(&cb, "verdict-granted", verdict("V-9"));
    let (half, rest) = (statement.slice(..100), statement.slice(100..));
    let (pieces, answer) = submitting(&world, &cb).await;
    pieces.send(half).await.unwrap();
    // Until the request is under way.
    tokio::time::sleep(Duration::from_millis(300)).await;
    world.revoke("cb-1", BODY);
    pieces.send(rest).await.unwrap();
    drop(pieces);
    let got = tokio::time::timeout(Duration::from_secs(10), answer).await.unwrap().unwrap();
    assert_eq!((got.status, got.code().as_str()), (403, "cut-off"));
    assert_eq!(world.registry.log.size(), size);
}

#[tokio::test]
async fn an_answer_under_way_may_be_read_to_its_end() {
    let world = World::furnished().await;
    let meti = world.person("meti");
    let path = pressure::catalogue(&world, &meti, 4 * 1024 * 1024).await;
    let mut talk = world.talk(Some(&meti)).await;
    let answer = talk.open(Method::GET, &path, &[], Bytes::new()).await;
    world.revoke("meti", Role::Authority);
    let body = answer.into_body().collect().await.unwrap().to_bytes();
    assert_eq!(body.len(), 4 * 1024 * 1024);
    over(&talk).await;
    assert_eq!(json!(world.ask(&path).await.status), 200);
}
