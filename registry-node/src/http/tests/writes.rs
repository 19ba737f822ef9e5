//! Submitting one statement: what is taken, what is refused and how, and what a refusal leaves behind.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use conformity::party::Role;
use ledger::note::NoteVerifier;
use ledger::proof::TlogProof;
use serde_json::{Value, json};

use super::fixture::{ORIGIN, Person, World, accreditation, change, now, registration, verdict};
use crate::core::sequencer::SequenceError;
use crate::core::submit::SubmitError;
use crate::http::code;

const JOSE: &str = "application/jose";
const JSON: &str = "application/json";

/// Checks a receipt's proof against the log key that the genesis names.
fn proven(world: &World, receipt: &Value) {
    let index = receipt["index"].as_u64().unwrap();
    let log_key: NoteVerifier = world.registry.genesis.log_key.as_str().parse().unwrap();
    let proof: TlogProof = receipt["proof"].as_str().unwrap().parse().unwrap();
    let leaf = world.registry.log.entry(index).unwrap().leaf_hash();
    assert_eq!(proof.index, index);
    assert!(proof.verify(&leaf, &log_key).unwrap().size > index);
}

#[tokio::test]
async fn a_statement_is_acknowledged_with_place_and_proof() {
    let world = World::furnished().await;
    let cb = world.person("cb-1");
    let statement = world.sign(&cb, "verdict-granted", verdict("V-9"));
    let mut talk = world.talk(Some(&cb)).await;
    let first = talk.post("/v1/statements", JOSE, statement.clone()).await;
    assert_eq!(first.status, 201, "{first:?}");
    let receipt = first.json();
    assert_eq!(first.header("location"), format!("/v1/statements/{}", receipt["index"]));
    assert_eq!(receipt["repeated"], false);
    assert!(receipt["time"].is_string());
    proven(&world, &receipt);

    let again = talk.post("/v1/statements", JOSE, statement.clone()).await;
    assert_eq!(again.status, 200);
    let repeated = again.json();
    assert_eq!((&repeated["index"], &repeated["repeated"]), (&receipt["index"], &json!(true)));
    assert_eq!(repeated["time"], receipt["time"], "the first answer holds");
    proven(&world, &repeated);

    let line = [&statement[..], b"\r\n"].concat();
    assert_eq!(talk.post("/v1/statements", "application/jose; x=y", line).await.status, 200);
    let wrapped = json!({"statement": std::str::from_utf8(&statement).unwrap()}).to_string();
    assert_eq!(talk.post("/v1/statements", "Application/JSON; charset=utf-8", wrapped).await.status, 200);
}

#[tokio::test]
async fn attachments_travel_with_their_statement() {
    let world = World::furnished().await;
    let meti = world.person("meti");
    let catalogue = Bytes::from_static(b"{\"catalog\":{}}");
    let digest = ledger::digest::Digest::of(&catalogue);
    let claim = json!({
        "document": "csf@2.0", "title": "CSF", "owner": "NIST", "kind": "guideline", "attachment": digest.to_string(),
    });
    let statement = world.sign(&meti, "document-published", claim);
    let body = json!({
        "statement": std::str::from_utf8(&statement).unwrap(), "attachments": [STANDARD.encode(&catalogue)],
    });
    let got = world.talk(Some(&meti)).await.post("/v1/statements", JSON, body.to_string()).await;
    assert_eq!(got.status, 201, "{got:?}");
    let read = world.ask(&format!("/v1/attachments/{digest}")).await;
    assert_eq!((read.status, read.body.clone()), (200, catalogue));
    assert_eq!(read.header("x-content-type-options"), "nosniff");
}

#[tokio::test]
async fn nothing_is_kept_that_the_statement_does_not_name() {
    let world = World::furnished().await;
    let (meti, cb) = (world.person("meti"), world.person("cb-1"));
    let ballast = STANDARD.encode(b"ballast");
    let digest = ledger::digest::Digest::of(b"ballast");
    let plain = json!({"document": "csf@2.0", "title": "CSF", "owner": "NIST", "kind": "guideline"});
    let document = |attachment: String| with(plain.clone(), "attachment", json!(attachment));
    let rows = [
        ("a kind that names none", &cb, "verdict-changed", change("V-1", json!("suspended")), vec![&ballast]),
        ("none named", &meti, "document-published", plain.clone(), vec![&ballast]),
        ("another named", &meti, "document-published", document("0".repeat(64)), vec![&ballast]),
        ("twice", &meti, "document-published", document(digest.to_string()), vec![&ballast, &ballast]),
    ];
    let size = world.registry.log.size();
    for (why, who, kind, claim, attachments) in rows {
        let statement = world.sign(who, kind, claim);
        let body = json!({"statement": std::str::from_utf8(&statement).unwrap(), "attachments": attachments});
        let got = world.talk(Some(who)).await.post("/v1/statements", JSON, body.to_string()).await;
        assert_eq!((got.status, got.code().as_str()), (400, "bad-attachment"), "{why}: {got:?}");
    }
    assert_eq!(world.registry.log.size(), size);
    assert!(world.registry.log.attachment(&digest).unwrap().is_none());
}

/// Who sends what, and the answer.
struct Row {
    why: &'static str,
    who: Option<&'static str>,
    media_type: &'static str,
    body: Bytes,
    status: u16,
    code: &'static str,
}

fn row(
    why: &'static str,
    who: &'static str,
    media_type: &'static str,
    body: impl Into<Bytes>,
    status: u16,
    code: &'static str,
) -> Row {
    Row { why, who: Some(who), media_type, body: body.into(), status, code }
}

/// A claim with another value of one member.
fn with(mut claim: Value, member: &str, value: Value) -> Value {
    claim[member] = value;
    claim
}

/// The signature of the first over the rest of the second.
fn forged(signature_of: &Bytes, payload_of: &Bytes) -> Vec<u8> {
    let text = |bytes: &Bytes| String::from_utf8(bytes.to_vec()).unwrap();
    let (from, to) = (text(signature_of), text(payload_of));
    format!("{}.{}", to.rsplit_once('.').unwrap().0, from.rsplit_once('.').unwrap().1).into_bytes()
}

#[rustfmt::skip] // A table reads by its rows.
fn rows_of_form(world: &World, cb: &Person) -> Vec<Row> {
    let good = world.sign(cb, "verdict-granted", verdict("V-5"));
    let other = world.sign(cb, "verdict-granted", verdict("V-6"));
    let header = "eyJhbGciOiJub25lIn0";
    let signature = "A".repeat(86);
    let text = String::from_utf8(good.to_vec()).unwrap();
    let payload = |payload: Value| cb.sign_payload(&payload);
    let deep = (0..20).fold(json!(1), |inner, _| json!([inner]));
    vec![
        Row { why: "no certificate", who: None, ..row("", "", JOSE, good.clone(), 401, "certificate-required") },
        row("no media type that is taken", "cb-1", "text/plain", good.clone(), 415, "unsupported-media-type"),
        row("an empty body", "cb-1", JOSE, "", 400, "not-a-jws"),
        row("not a JWS", "cb-1", JOSE, "hello", 400, "not-a-jws"),
        row("another header", "cb-1", JOSE, format!("{header}.e30.{signature}"), 400, "bad-jws-header"),
        row("too long a statement", "cb-1", JOSE, vec![b'a'; 65_536], 400, "statement-too-large"),
        row("too long a body", "cb-1", JOSE, vec![b'a'; 70_000], 413, "too-large"),
        row("somebody else's signature", "cb-1", JOSE, forged(&other, &good), 400, "bad-signature"),
        row("not JSON", "cb-1", JSON, "{", 400, "bad-body"),
        row("an unknown member", "cb-1", JSON, format!(r#"{{"statement":"{text}","x":1}}"#), 400, "bad-body"),
        row("a member twice", "cb-1", JSON, format!(r#"{{"statement":"{text}","statement":"{text}"}}"#), 400, "bad-body"),
        row("five attachments", "cb-1", JSON, format!(r#"{{"statement":"{text}","attachments":["","","","",""]}}"#), 400, "bad-body"),
        row("an attachment not in base64", "cb-1", JSON, format!(r#"{{"statement":"{text}","attachments":["%"]}}"#), 400, "bad-attachment"),
        row("a payload that is no object", "cb-1", JOSE, payload(json!([])), 400, "not-a-statement"),
        row("a payload with a null", "cb-1", JOSE, payload(json!({"iss": null})), 400, "null-member"),
        row("a payload too deep", "cb-1", JOSE, payload(json!({"claim": deep})), 400, "statement-too-deep"),
        row("a claim that is none", "cb-1", JOSE, world.sign(cb, "verdict-granted", json!({})), 400, "malformed-claim"),
    ]
}

#[rustfmt::skip] // A table reads by its rows.
fn rows_of_rules(world: &World, cb: &Person) -> Vec<Row> {
    let audit = world.person("audit");
    let statement = |person: &Person, kind: &str, claim: Value| world.sign(person, kind, claim);
    let envelope = |iss: &str, aud: &str| {
        let (iat, claim) = (now().as_second(), verdict("V-5"));
        cb.sign_payload(&json!({"iss": iss, "aud": aud, "jti": "f-1", "iat": iat, "kind": "verdict-granted", "claim": claim}))
    };
    let (elsewhere, stolen) = (envelope("cb-1", "eu.registry.example"), envelope("cb-2", ORIGIN));
    let late = now() + jiff::SignedDuration::from_hours(5);
    let late = with(change("V-1", json!("suspended")), "effective", json!(late));
    let dates = with(verdict("V-5"), "validUntil", json!("2001-01-01"));
    let scheme = with(verdict("V-5"), "scheme", json!("moons@1"));
    let viewpoint = with(verdict("V-5"), "viewpoints", json!(["people-and-things"]));
    let of_other = statement(&world.person("cb-2"), "verdict-changed", change("V-1", json!("withdrawn")));
    vec![
        row("another's statement", "cb-2", JOSE, statement(cb, "verdict-granted", verdict("V-5")), 403, "other-issuer"),
        row("a key that is not the issuer's", "cb-2", JOSE, stolen, 422, "unknown-key"),
        row("meant for another registry", "cb-1", JOSE, elsewhere, 422, "wrong-registry"),
        row("an audit body that decides", "audit", JOSE, statement(&audit, "verdict-granted", verdict("V-5")), 422, "not-a-decider"),
        row("another body's verdict", "cb-2", JOSE, of_other, 422, "another-bodys-verdict"),
        row("a scheme that is not there", "cb-1", JOSE, statement(cb, "verdict-granted", scheme), 422, "unknown-scheme"),
        row("another viewpoint", "cb-1", JOSE, statement(cb, "verdict-granted", viewpoint), 422, "unknown-viewpoint"),
        row("impossible dates", "cb-1", JOSE, statement(cb, "verdict-granted", dates), 422, "impossible-dates"),
        row("an effect in the future", "cb-1", JOSE, statement(cb, "verdict-changed", late), 422, "effective-in-future"),
        row("a verdict twice", "cb-1", JOSE, statement(cb, "verdict-granted", verdict("V-1")), 409, "verdict-exists"),
        row("an id with other bytes", "cb-1", JOSE, cb.sign("s-taken", "verdict-granted", verdict("V-6")), 409, "statement-id-taken"),
        row("a body that accredits", "cb-1", JOSE, statement(cb, "accreditation-granted", accreditation("A-9", "cb-1", "certification-body")), 422, "role-not-entitled"),
    ]
}

#[tokio::test]
async fn what_is_refused_has_a_status_a_code_and_no_effect() {
    let world = World::furnished().await;
    let cb = world.person("cb-1");
    let taken = cb.sign("s-taken", "verdict-changed", change("V-1", json!("appeal-opened")));
    assert_eq!(world.talk(Some(&cb)).await.post("/v1/statements", JOSE, taken).await.status, 201);
    let size = world.registry.log.size();
    let rows = rows_of_form(&world, &cb).into_iter().chain(rows_of_rules(&world, &cb));
    for Row { why, who, media_type, body, status, code } in rows {
        let person = who.map(|who| world.person(who));
        let got = world.talk(person.as_ref()).await.post("/v1/statements", media_type, body).await;
        assert_eq!((got.status, got.code().as_str()), (status, code), "{why}: {got:?}");
        assert!(got.body.len() < 1_000, "{why}: an answer quotes little: {got:?}");
        assert!(!got.json()["detail"].as_str().unwrap().is_empty(), "{why}");
    }
    assert_eq!(world.registry.log.size(), size, "nothing was appended");
}

#[tokio::test]
async fn a_stranger_with_a_certificate_is_told_that_nobody_knows_it() {
    let world = World::open().await;
    world.equip("stranger", Role::CertificationBody);
    let stranger = world.person("stranger");
    let got = world.say(&stranger, "verdict-granted", verdict("V-1")).await;
    assert_eq!((got.status, got.code().as_str()), (422, "unknown-issuer"));
}

#[tokio::test]
async fn the_operator_may_carry_what_others_signed() {
    let world = World::furnished().await;
    let (operator, cb) = (world.operator(), world.person("cb-1"));
    let statement = world.sign(&cb, "verdict-granted", verdict("V-5"));
    let got = world.talk(Some(&operator)).await.post("/v1/statements", JOSE, statement).await;
    assert_eq!(got.status, 201, "{got:?}");
    assert_eq!(world.ask("/v1/verdicts/jp:V-5").await.json()["history"][0]["by"], "cb-1");
}

#[tokio::test]
async fn whoever_is_revoked_is_cut_while_connected() {
    let world = World::furnished().await;
    let cb = world.person("cb-1");
    let mut talk = world.talk(Some(&cb)).await;
    assert_eq!(talk.ask("/healthz").await.status, 200);
    world.revoke("cb-1", Role::CertificationBody);
    let super::fixture::Talk::Two(mut sender) = talk else { panic!("HTTP/2 expected") };
    let closed = async {
        while sender.ready().await.is_ok() {
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(10), closed).await.expect("the connection was cut");
    assert_eq!(world.ask("/healthz").await.status, 200, "others go on");
}

#[tokio::test]
async fn a_key_is_known_from_its_registration_on() {
    let world = World::open().await;
    let operator = world.operator();
    let key = world.equip("meti", Role::Authority);
    let meti = world.person("meti");
    let claim = super::fixture::document();
    assert_eq!(world.say(&meti, "document-published", claim.clone()).await.code(), "unknown-issuer");
    world.must(&operator, "party-registered", registration("meti", Role::Authority, key, json!([]))).await;
    assert_eq!(world.say(&meti, "document-published", claim).await.status, 201);
}

#[tokio::test]
async fn what_cannot_be_taken_now_says_when_to_come_again() {
    let metrics = crate::metrics::Metrics::default();
    let file = || "/secret/place: No space left on device".to_owned();
    let rows = [
        (SequenceError::Busy, "busy"),
        (SequenceError::NotDurable(file()), "not-durable"),
        (SequenceError::NotErased(file()), "not-erased"),
        (SequenceError::Stopped, "stopped"),
        (SequenceError::Moved { http_url: "https://secret.example".to_owned() }, "registry-moved"),
    ];
    for (error, code) in rows {
        let problem = code::submission(&SubmitError::Sequence(error), &metrics);
        assert_eq!((problem.status, problem.code()), (503, code));
        assert!(problem.retry_after.is_some() && !problem.detail.contains("/secret"), "{problem:?}");
        let response = crate::http::answer::problem(&problem);
        assert_eq!(response.headers()["retry-after"].to_str().unwrap(), problem.retry_after.unwrap().to_string());
    }
}

#[tokio::test]
async fn too_many_at_once_are_told_to_come_again() {
    let narrow = |config: &mut String| {
        *config =
            config.replace("batch_statements = 1024", "batch_statements = 1").replace("queue = 8192", "queue = 1");
    };
    let world = std::sync::Arc::new(World::with(narrow).await);
    let operator = world.operator();
    let post = |number: usize| {
        let claim = json!({"document": format!("d-{number}@1"), "title": "D", "owner": "O", "kind": "guideline"});
        let statement = world.sign(&operator, "document-published", claim);
        let (world, operator) = (std::sync::Arc::clone(&world), world.operator());
        async move { world.talk(Some(&operator)).await.post("/v1/statements", JOSE, statement).await }
    };
    let answers = futures_util::future::join_all((0..60).map(post)).await;
    let (taken, busy): (Vec<_>, Vec<_>) = answers.iter().partition(|got| got.status == 201);
    assert!(busy.iter().all(|got| got.code() == "busy" && got.header("retry-after") == "1"), "{busy:?}");
    assert_eq!(world.registry.log.size(), 1 + taken.len() as u64, "who was told so has nothing in the log");
}
