//! Many lines in one request: order, what rests on what, bounds, and who is cut off.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::{Bytes, BytesMut};
use conformity::party::Role;
use http_body_util::{BodyExt, StreamBody};
use hyper::body::Frame;
use serde_json::{Value, json};
use tokio::sync::mpsc;

use super::fixture::{Got, Person, World, change, document, registration, scheme, verdict};
use crate::http::holders::BULKS_EACH;
use crate::http::lines::MAX_LINE;

const NDJSON: &str = "application/x-ndjson";

fn lines(statements: &[Bytes]) -> Bytes {
    let mut body = BytesMut::new();
    for statement in statements {
        body.extend_from_slice(statement);
        body.extend_from_slice(b"\n");
    }
    body.freeze()
}

fn answers(got: &Got) -> Vec<Value> {
    assert_eq!((got.status, got.header("content-type")), (200, NDJSON), "{got:?}");
    let text = std::str::from_utf8(&got.body).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// The line of an answer, and what it says: an index, or a code.
fn short(answer: &Value) -> (u64, String) {
    let said = match answer["index"].as_u64() {
        Some(index) => index.to_string(),
        None => answer["type"].as_str().unwrap().rsplit('#').next().unwrap().to_owned(),
    };
    (answer["line"].as_u64().unwrap(), said)
}

#[tokio::test]
async fn lines_keep_their_order_and_may_rest_on_earlier_ones() {
    let world = World::furnished().await;
    let (operator, cb) = (world.operator(), world.person("cb-1"));
    let mut statements = Vec::new();
    for number in 0..100 {
        let id = format!("B-{number}");
        statements.push(world.sign(&cb, "verdict-granted", verdict(&id)));
        statements.push(world.sign(&cb, "verdict-changed", change(&id, json!("suspended"))));
        statements.push(world.sign(&cb, "verdict-changed", change(&id, json!("withdrawn"))));
    }
    let first = world.registry.log.size();
    let got = world.talk(Some(&operator)).await.post("/v1/statements", NDJSON, lines(&statements)).await;
    let expected: Vec<_> = (0..300).map(|number| (number + 1, (first + number).to_string())).collect();
    assert_eq!(answers(&got).iter().map(short).collect::<Vec<_>>(), expected);
    assert_eq!(world.ask("/v1/verdicts/jp:B-99").await.json()["state"], "withdrawn");
}

#[tokio::test]
async fn a_full_queue_delays_lines_and_keeps_their_order() {
    let narrow = |config: &mut String| {
        *config =
            config.replace("batch_statements = 1024", "batch_statements = 1").replace("queue = 8192", "queue = 1");
    };
    let world = World::with(narrow).await;
    let operator = world.operator();
    let document = |number: u64| {
        let claim = json!({"document": format!("d-{number}@1"), "title": "D", "owner": "O", "kind": "guideline"});
        world.sign(&operator, "document-published", claim)
    };
    let statements: Vec<Bytes> = (0..60).map(document).collect();
    let got = world.talk(Some(&operator)).await.post("/v1/statements", NDJSON, lines(&statements)).await;
    let expected: Vec<_> = (1..=60).map(|number: u64| (number, number.to_string())).collect();
    assert_eq!(answers(&got).iter().map(short).collect::<Vec<_>>(), expected);
}

#[tokio::test]
async fn a_signer_may_be_registered_by_an_earlier_line() {
    let world = World::open().await;
    let operator = world.operator();
    let key = world.equip("meti", Role::Authority);
    let meti = world.person("meti");
    world.equip("late", Role::Authority);
    let late = world.person("late");
    let statements = [
        world.sign(
            &operator,
            "document-published",
            json!({"document": "x@1", "title": "X", "owner": "Y", "kind": "guideline"}),
        ),
        world.sign(&operator, "party-registered", registration("meti", Role::Authority, key, json!([]))),
        world.sign(&meti, "document-published", document()),
        world.sign(&late, "document-published", document()),
        world.sign(&meti, "scheme-published", scheme()),
    ];
    let got = world.talk(Some(&operator)).await.post("/v1/statements", NDJSON, lines(&statements)).await;
    let expected = [(1, "1"), (2, "2"), (3, "3"), (4, "unknown-issuer"), (5, "4")];
    let expected = expected.map(|(line, said)| (line, said.to_owned()));
    assert_eq!(answers(&got).iter().map(short).collect::<Vec<_>>(), expected);
}

#[tokio::test]
async fn each_line_has_its_own_answer() {
    let world = World::furnished().await;
    let (operator, cb, meti) = (world.operator(), world.person("cb-1"), world.person("meti"));
    let size = world.registry.log.size();
    let good = world.sign(&cb, "verdict-granted", verdict("V-7"));
    let catalogue = b"a catalogue";
    let digest = ledger::digest::Digest::of(catalogue).to_string();
    let claim = json!({"document": "y@1", "title": "Y", "owner": "Z", "kind": "guideline", "attachment": digest});
    let attached = json!({
        "statement": String::from_utf8(world.sign(&meti, "document-published", claim).to_vec()).unwrap(),
        "attachments": [STANDARD.encode(catalogue)],
    });
    let mut body = BytesMut::new();
    let text = std::str::from_utf8(&good).unwrap().to_owned();
    for line in ["", &text, "rubbish", "{\"statement\":1}", &text, "   ", &attached.to_string()] {
        body.extend_from_slice(line.as_bytes());
        body.extend_from_slice(b"\r\n");
    }
    let last = world.sign(&cb, "verdict-granted", verdict("V-8"));
    body.extend_from_slice(&last);
    let got = world.talk(Some(&operator)).await.post("/v1/statements", NDJSON, body.freeze()).await;
    let answers = answers(&got);
    let expected = [
        (2, size.to_string()),
        (3, "not-a-jws".to_owned()),
        (4, "bad-body".to_owned()),
        (5, size.to_string()),
        (7, (size + 1).to_string()),
        (8, (size + 2).to_string()),
    ];
    assert_eq!(answers.iter().map(short).collect::<Vec<_>>(), expected);
    assert_eq!((&answers[0]["repeated"], &answers[3]["repeated"]), (&json!(false), &json!(true)));
    assert!(answers[0]["proof"].as_str().unwrap().starts_with("c2sp.org/tlog-proof@v1\n"));
    assert_eq!(answers[1]["status"], 400);
    assert_eq!(world.ask(&format!("/v1/attachments/{digest}")).await.body, &catalogue[..]);
}

#[tokio::test]
async fn a_line_beyond_the_limit_ends_the_reading() {
    let world = World::furnished().await;
    let cb = world.person("cb-1");
    let mut body = BytesMut::from(&lines(&[world.sign(&cb, "verdict-granted", verdict("V-7"))])[..]);
    body.extend_from_slice(&vec![b'a'; MAX_LINE + 1]);
    body.extend_from_slice(b"\n");
    body.extend_from_slice(&world.sign(&cb, "verdict-granted", verdict("V-8")));
    let got = world.talk(Some(&cb)).await.post("/v1/statements", NDJSON, body.freeze()).await;
    let answers = answers(&got);
    assert_eq!(short(&answers[1]), (2, "too-large".to_owned()));
    assert_eq!(answers.len(), 2);
    assert_eq!(world.ask("/v1/verdicts/jp:V-7").await.status, 200);
    assert_eq!(world.ask("/v1/verdicts/jp:V-8").await.status, 404);
}

/// A bulk submission that is sent line by line, and its answers as they come.
struct Trickle {
    lines: mpsc::Sender<Bytes>,
    answers: hyper::body::Incoming,
    read: BytesMut,
}

impl Trickle {
    async fn open(world: &World, person: &Person) -> Trickle {
        let mut talk = world.trickling(person).await;
        let (lines, received) = mpsc::channel::<Bytes>(4);
        let frames = futures_util::stream::unfold(received, |mut received| async move {
            let line = received.recv().await?;
            Some((Ok::<_, std::convert::Infallible>(Frame::data(line)), received))
        });
        let body = BodyExt::boxed_unsync(StreamBody::new(frames));
        let request = warp::http::Request::post("https://localhost/v1/statements").header("content-type", NDJSON);
        let answer = talk.send_request(request.body(body).unwrap()).await.unwrap();
        assert_eq!(answer.status(), 200);
        Trickle { lines, answers: answer.into_body(), read: BytesMut::new() }
    }

    /// The next answer; nothing at the end.
    async fn next(&mut self) -> Option<Value> {
        loop {
            if let Some(end) = self.read.iter().position(|byte| *byte == b'\n') {
                return Some(serde_json::from_slice(&self.read.split_to(end + 1)).unwrap());
            }
            let frame =
                tokio::time::timeout(std::time::Duration::from_secs(20), self.answers.frame()).await.unwrap()?;
            self.read.extend_from_slice(&frame.unwrap().into_data().unwrap());
        }
    }
}

#[tokio::test]
async fn answers_come_while_lines_still_go() {
    let world = World::furnished().await;
    let cb = world.person("cb-1");
    let mut trickle = Trickle::open(&world, &cb).await;
    for (number, id) in (1..).zip(["T-1", "T-2", "T-3"]) {
        let statement = world.sign(&cb, "verdict-granted", verdict(id));
        let (half, rest) = statement.split_at(100);
        trickle.lines.send(Bytes::copy_from_slice(half)).await.unwrap();
        trickle.lines.send([rest, b"\n"].concat().into()).await.unwrap();
        assert_eq!(trickle.next().await.unwrap()["line"], number);
    }
    let Trickle { lines, .. } = &trickle;
    assert!(!lines.is_closed());
    trickle.lines = mpsc::channel(1).0;
    assert_eq!(trickle.next().await, None);
}

#[tokio::test]
async fn a_writer_that_is_revoked_is_cut_within_its_stream() {
    let world = World::furnished().await;
    let cb = world.person("cb-1");
    let mut trickle = Trickle::open(&world, &cb).await;
    let statement = lines(&[world.sign(&cb, "verdict-granted", verdict("T-1"))]);
    trickle.lines.send(statement).await.unwrap();
    assert_eq!(trickle.next().await.unwrap()["line"], 1);
    world.revoke("cb-1", Role::CertificationBody);
    assert_eq!(short(&trickle.next().await.unwrap()), (2, "cut-off".to_owned()));
    assert_eq!(trickle.next().await, None);
}

#[tokio::test]
async fn a_holder_has_its_share_of_bulk_submissions_and_no_more() {
    let world = World::furnished().await;
    let (hoarder, other) = (world.person("cb-1"), world.person("cb-2"));
    let mut open = Vec::new();
    for _ in 0..BULKS_EACH {
        open.push(Trickle::open(&world, &hoarder).await);
    }
    let mut talk = world.talk(Some(&hoarder)).await;
    let refused = talk.post("/v1/statements", NDJSON, "\n").await;
    assert_eq!((refused.status, refused.code().as_str(), refused.header("retry-after")), (503, "busy", "10"));
    let statement = lines(&[world.sign(&other, "verdict-granted", verdict("O-1"))]);
    let got = world.talk(Some(&other)).await.post("/v1/statements", NDJSON, statement).await;
    assert_eq!(answers(&got)[0]["line"], 1, "others are not kept out");
    let mut done = open.pop().unwrap();
    done.lines = mpsc::channel(1).0;
    assert_eq!(done.next().await, None);
    let freed = async {
        while talk.post("/v1/statements", NDJSON, "\n").await.status != 200 {
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(10), freed).await.expect("one that ended makes place");
}
