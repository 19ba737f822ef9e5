//! Bad input over real HTTPS: a row per reason, each refused with its own code, and nothing logged.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use certs::{ClientFiles, Holder, Lifetime};
use conformity::party::Role;
use jiff::{SignedDuration, Timestamp};
use ledger::entry::Kind;
use ledger::jws;
use ledger::key::Algorithm;
use registry_node::client::ClientError;
use serde_json::{Value, json};
use tests::claims::{accreditation, change, day, report, verdict, with};
use tests::federation::admit;
use tests::party::{JOSE, STATEMENTS};
use tests::{Auditor, Federation, Party, Registry, stranger, until};

/// What somebody sends, over whose connection, and what is answered.
struct Row {
    why: &'static str,
    carrier: &'static str,
    body: fn(&Registry) -> Bytes,
    refusal: (u16, &'static str),
}

const fn row(
    why: &'static str,
    carrier: &'static str,
    body: fn(&Registry) -> Bytes,
    refusal: (u16, &'static str),
) -> Row {
    Row { why, carrier, body, refusal }
}

/// What cannot be read.
const MALFORMED: &[Row] = &[
    row("no statement at all", "cb-1", |_| "hello".into(), (400, "not-a-jws")),
    row("nothing", "cb-1", |_| Bytes::new(), (400, "not-a-jws")),
    row("another header", "cb-1", |jp| header(jp, json!({"crit": ["x"]})), (400, "bad-jws-header")),
    row("a key in the header", "cb-1", |jp| header(jp, json!({"jwk": {}})), (400, "bad-jws-header")),
    row("no signature", "cb-1", |jp| header(jp, json!({"alg": "none"})), (400, "bad-jws-header")),
    row("larger than any statement", "cb-1", |jp| padded(jp, 70_000), (413, "too-large")),
    row("a member too many", "cb-1", |jp| payload(jp, json!({"exp": 1})), (400, "not-a-statement")),
    row("a member missing", "cb-1", |jp| payload(jp, json!({"jti": null})), (400, "not-a-statement")),
    row(
        "a kind that does not exist",
        "cb-1",
        |jp| payload(jp, json!({"kind": "verdict-guessed"})),
        (400, "not-a-statement"),
    ),
    row("not JSON", "cb-1", |jp| raw(jp, "{\"iss\":"), (400, "not-json")),
    row("a member twice", "cb-1", |jp| raw(jp, "{\"iss\":\"cb-1\",\"iss\":\"cb-2\"}"), (400, "duplicate-member")),
    row("null", "cb-1", |jp| raw(jp, "{\"iss\":null}"), (400, "null-member")),
    row("deep nesting", "cb-1", |jp| raw(jp, &"[".repeat(10_000)), (400, "statement-too-deep")),
    row("a claim of another kind", "cb-1", |jp| grant(jp, json!({"report": "S-1"})), (400, "malformed-claim")),
    row(
        "a day that does not exist",
        "cb-1",
        |jp| grant(jp, json!({"validFrom": "2026-02-30"})),
        (400, "malformed-claim"),
    ),
    row("an unknown kind of identifier", "cb-1", |jp| supplier(jp, "passport:123"), (400, "malformed-claim")),
    row("a mistyped LEI", "cb-1", |jp| supplier(jp, "lei:5493001KJTIIGC8Y1R13"), (400, "malformed-claim")),
    row(
        "a mistyped corporate number",
        "cb-1",
        |jp| supplier(jp, "corporate-number:8000012050002"),
        (400, "malformed-claim"),
    ),
];

/// Whose signature it is not.
const UNSIGNED: &[Row] = &[
    row("a signature of other bytes", "cb-1", wrong_signature, (400, "bad-signature")),
    row("another's key", "cb-1", |jp| signed_by(jp, "cb-2", json!({})), (422, "unknown-key")),
    row("nobody", "operator", |jp| signed_by(jp, "cb-1", json!({"iss": "nobody"})), (422, "unknown-issuer")),
    row("another registry's", "cb-1", |jp| payload(jp, json!({"aud": "eu.registry.test"})), (422, "wrong-registry")),
    row("signed tomorrow", "cb-1", |jp| payload(jp, json!({"iat": tomorrow()})), (422, "issued-in-future")),
    row("signed before time", "cb-1", |jp| payload(jp, json!({"iat": -1})), (422, "issued-before-time")),
    row("carried by somebody else", "cb-2", |jp| grant(jp, json!({})), (403, "other-issuer")),
    row("carried by a buyer", "buyer-1", |jp| grant(jp, json!({})), (403, "other-issuer")),
];

/// Who may not say it.
const UNENTITLED: &[Row] = &[
    row("without accreditation", "never", |jp| grant_as(jp, "never", json!({})), (422, "not-accredited")),
    row("before it begins", "early", |jp| grant_as(jp, "early", json!({})), (422, "accreditation-not-yet")),
    row("after it ended", "late", |jp| grant_as(jp, "late", json!({})), (422, "accreditation-expired")),
    row("while it is suspended", "resting", |jp| grant_as(jp, "resting", json!({})), (422, "accreditation-suspended")),
    row("after it was withdrawn", "former", |jp| grant_as(jp, "former", json!({})), (422, "accreditation-withdrawn")),
    row(
        "for another scheme",
        "cb-2",
        |jp| grant_as(jp, "cb-2", json!({"scheme": "moons@1"})),
        (422, "not-accredited-for-scheme"),
    ),
    row(
        "for another viewpoint",
        "narrow",
        |jp| grant_as(jp, "narrow", json!({})),
        (422, "not-accredited-for-viewpoint"),
    ),
    row("an audit body decides", "audit", |jp| grant_as(jp, "audit", json!({})), (422, "not-a-decider")),
    row("an audit body suspends", "audit", |jp| change_as(jp, "audit", json!("suspended")), (422, "not-a-decider")),
    row("the operator decides", "operator", |jp| grant_as(jp, "operator", json!({})), (422, "not-a-decider")),
    row(
        "another body's verdict",
        "cb-2",
        |jp| change_as(jp, "cb-2", json!("withdrawn")),
        (422, "another-bodys-verdict"),
    ),
    row(
        "the authority, where the scheme gives it no power",
        "ministry",
        |jp| change_as(jp, "ministry", json!("suspended")),
        (422, "registry-may-not-act"),
    ),
    row(
        "a buyer reports",
        "buyer-1",
        |jp| jp.party("buyer-1").sign("report-filed", report("S-9", "V-1")),
        (422, "role-not-entitled"),
    ),
    row(
        "a body accredits itself",
        "cb-1",
        |jp| {
            jp.party("cb-1").sign("accreditation-granted", accreditation("C-9", "cb-1", "certification-body", "stars"))
        },
        (422, "role-not-entitled"),
    ),
    row(
        "a body lets time pass",
        "cb-1",
        |jp| jp.party("cb-1").sign("verdict-expired", json!({"verdicts": ["V-1"]})),
        (422, "node-only"),
    ),
    row(
        "a body expels a peer",
        "cb-1",
        |jp| jp.party("cb-1").sign("peer-expelled", json!({"registry": "eu", "reason": {"code": "x"}})),
        (422, "role-not-entitled"),
    ),
];

/// What cannot be.
const IMPOSSIBLE: &[Row] = &[
    row("a verdict that exists", "cb-1", |jp| grant(jp, json!({"verdict": "V-1"})), (409, "verdict-exists")),
    row(
        "the same id with other bytes",
        "cb-1",
        |jp| payload(jp, json!({"jti": "first", "iat": 1_000})),
        (409, "statement-id-taken"),
    ),
    row("ends before it begins", "cb-1", |jp| grant(jp, json!({"validUntil": day(-11)})), (422, "impossible-dates")),
    row("over already", "cb-1", |jp| grant(jp, json!({"validUntil": day(-1)})), (422, "already-over")),
    row(
        "longer than the scheme allows",
        "cb-1",
        |jp| grant(jp, json!({"validUntil": day(4000)})),
        (422, "validity-too-long"),
    ),
    row(
        "from before anybody was accredited",
        "cb-1",
        |jp| grant(jp, json!({"validFrom": day(-900), "validUntil": day(30)})),
        (422, "before-accreditation"),
    ),
    row(
        "a change tomorrow",
        "cb-1",
        |jp| changed(jp, json!({"effective": Timestamp::from_second(tomorrow()).unwrap().to_string()})),
        (422, "effective-in-future"),
    ),
    row(
        "a change before the grant",
        "cb-1",
        |jp| changed(jp, json!({"effective": format!("{}T00:00:00Z", day(-30))})),
        (422, "effective-before-grant"),
    ),
    row(
        "restored without having been suspended",
        "cb-1",
        |jp| change_as(jp, "cb-1", json!("restored")),
        (422, "illegal-move"),
    ),
    row(
        "a report on days to come",
        "audit",
        |jp| {
            jp.party("audit")
                .sign("report-filed", with(report("S-9", "V-1"), json!({"period": {"from": day(0), "to": day(9)}})))
        },
        (422, "impossible-dates"),
    ),
    row("an unknown scheme", "cb-1", |jp| grant(jp, json!({"scheme": "suns@1"})), (422, "unknown-scheme")),
    row("an unknown version of it", "cb-1", |jp| grant(jp, json!({"scheme": "stars@2"})), (422, "unknown-scheme")),
    row("an unknown level", "cb-1", |jp| grant(jp, json!({"level": "9"})), (422, "unknown-level")),
    row(
        "an unknown viewpoint of the scheme",
        "cb-1",
        |jp| grant(jp, json!({"viewpoints": ["people-and-things"]})),
        (422, "unknown-viewpoint"),
    ),
    row("an unknown verdict", "cb-1", |jp| changed(jp, json!({"verdict": "V-0"})), (422, "unknown-verdict")),
    row(
        "an unknown peer",
        "operator",
        |jp| jp.operator().sign("peer-expelled", json!({"registry": "eu", "reason": {"code": "x"}})),
        (422, "unknown-peer"),
    ),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_bad_statement_is_refused_with_its_reason() {
    let federation = Federation::start(&["jp"]).await;
    let jp = federation.registry("jp");
    let first = payload(jp, json!({"jti": "first"}));
    let receipt = jp.party("cb-1").send(first.clone()).await.unwrap();
    bodies(jp).await;
    let guideline = json!({"document": "guide@1", "title": "Guide", "owner": "NIST", "kind": "guideline"});
    let before = jp.operator().must("document-published", guideline).await.index;
    for row in [MALFORMED, UNSIGNED, UNENTITLED, IMPOSSIBLE].into_iter().flatten() {
        let refused = jp.party(row.carrier).send((row.body)(jp)).await;
        match refused {
            Err(ClientError::Problem { status, code, detail, .. }) => {
                assert_eq!((status, code.as_str()), row.refusal, "{}: {detail}", row.why);
            }
            other => panic!("{}: {other:?}", row.why),
        }
    }
    // The same bytes are no new statement: they get the same answer.
    let again = jp.party("cb-1").send(first).await.unwrap();
    assert_eq!((again.index, again.time, again.repeated), (receipt.index, receipt.time, true));
    let after = jp.party("cb-1").change("V-1", json!("suspended")).await.unwrap().index;
    nothing_between(jp, before, after).await;
    let metrics = jp.public().connect().await.unwrap().get("/metrics").await.unwrap();
    assert!(String::from_utf8_lossy(&metrics).contains("registry_refused_total{reason=\"not-accredited\"} 1"));
}

/// Bodies whose accreditation is wrong in one way each.
async fn bodies(jp: &Registry) {
    let ab = jp.party("ab");
    for id in ["never", "early", "late", "resting", "former", "narrow"] {
        jp.register(id, Role::CertificationBody).await;
        let patch = match id {
            "never" => continue,
            "early" => json!({"from": day(10)}),
            "late" => json!({"until": day(-1)}),
            "narrow" => json!({"viewpoints": ["organization"]}),
            _ => json!({}),
        };
        let granted = accreditation(&format!("C-{id}"), id, "certification-body", "stars");
        ab.must("accreditation-granted", with(granted, patch)).await;
    }
    for (id, change) in [("C-resting", "suspended"), ("C-former", "withdrawn")] {
        ab.must("accreditation-changed", json!({"id": id, "change": change, "reason": {"code": "as-found"}})).await;
    }
}

/// Between two statements the log has sealed itself, and taken nothing.
async fn nothing_between(jp: &Registry, before: u64, after: u64) {
    let mut auditor = Auditor::of(jp);
    auditor.follow(after + 1).await;
    let between = usize::try_from(before).unwrap() + 1..usize::try_from(after).unwrap();
    let taken = auditor.entries()[between].iter().filter(|entry| entry.kind != Kind::Seal).count();
    assert_eq!(taken, 0, "a refused statement is in the log");
}

fn tomorrow() -> i64 {
    Timestamp::now().as_second() + 86_400
}

fn grant_as(jp: &Registry, party: &str, patch: Value) -> Bytes {
    jp.party(party).sign("verdict-granted", with(verdict("V-2"), patch))
}

fn grant(jp: &Registry, patch: Value) -> Bytes {
    grant_as(jp, "cb-1", patch)
}

fn supplier(jp: &Registry, id: &str) -> Bytes {
    grant(jp, json!({"supplier": {"id": id, "name": "Example Works", "country": "JP"}}))
}

fn change_as(jp: &Registry, party: &str, what: Value) -> Bytes {
    jp.party(party).sign("verdict-changed", change("V-1", what))
}

fn changed(jp: &Registry, patch: Value) -> Bytes {
    jp.party("cb-1").sign("verdict-changed", with(change("V-1", json!("suspended")), patch))
}

/// A good grant of V-1, with its envelope changed.
fn payload(jp: &Registry, patch: Value) -> Bytes {
    signed_by(jp, "cb-1", patch)
}

fn signed_by(jp: &Registry, signer: &str, patch: Value) -> Bytes {
    let payload = jp.party("cb-1").payload("verdict-granted", verdict("V-1"));
    jp.party(signer).sign_payload(&with(payload, patch))
}

/// A payload as it stands, well signed.
fn raw(jp: &Registry, payload: &str) -> Bytes {
    jws::sign(jp.party("cb-1").key(), payload.as_bytes()).unwrap().compact().clone()
}

/// A good statement with a header that says more or something else; the signature is over that header.
fn header(jp: &Registry, patch: Value) -> Bytes {
    let party = jp.party("cb-1");
    let (head, payload, _) = parts(&grant(jp, json!({})));
    let head: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(head).unwrap()).unwrap();
    let head = URL_SAFE_NO_PAD.encode(with(head, patch).to_string());
    let signed = format!("{head}.{payload}");
    let signature = URL_SAFE_NO_PAD.encode(party.key().sign(signed.as_bytes()).unwrap());
    format!("{signed}.{signature}").into()
}

fn padded(jp: &Registry, length: usize) -> Bytes {
    let (head, payload, signature) = parts(&grant(jp, json!({})));
    format!("{head}.{payload}{}.{signature}", "A".repeat(length)).into()
}

fn wrong_signature(jp: &Registry) -> Bytes {
    let (head, payload, _) = parts(&grant(jp, json!({})));
    let (_, _, other) = parts(&grant(jp, json!({"level": "3"})));
    format!("{head}.{payload}.{other}").into()
}

fn parts(compact: &[u8]) -> (String, String, String) {
    let text = String::from_utf8(compact.to_vec()).unwrap();
    let mut parts = text.split('.').map(str::to_owned);
    (parts.next().unwrap(), parts.next().unwrap(), parts.next().unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_writers_with_a_certificate_of_this_registry_get_in() {
    let federation = Federation::create(&["jp", "eu"]);
    let (jp, eu) = (federation.registry("jp"), federation.registry("eu"));
    federation.node("jp").start();
    jp.ready(|| federation.node("jp").check()).await;
    jp.furnish().await;
    let statement = grant(jp, json!({}));
    let mut nobody = jp.public().connect().await.unwrap();
    let refused = nobody.post(STATEMENTS, JOSE, statement.clone()).await.unwrap_err();
    assert!(
        matches!(refused, ClientError::Problem { status: 401, ref code, .. } if code == "certificate-required"),
        "{refused}"
    );
    // Their own registry's certificate says nothing here, nor does any of these; the handshake ends.
    eu.equip("cb-1", Role::CertificationBody, Algorithm::Ed25519);
    admit(jp, eu);
    let peer = eu.folder().peer(&"jp".parse().unwrap());
    let rows = [
        ("of another registry", files(&eu.party("cb-1"))),
        ("of a peer", ClientFiles { certificate: peer.join("nats.pem"), key: peer.join("nats.key") }),
        ("that ended", issued(jp, "ended", -SignedDuration::from_hours(48))),
        ("that was revoked", revoked(jp)),
        ("of the node for its nats-server", pair(jp.folder().nats_node())),
        ("of the door itself", pair(jp.folder().server())),
    ];
    for (why, files) in rows {
        // A revocation counts within half a second; the others always.
        until(&format!("a certificate {why} is refused"), Duration::from_secs(3), async || {
            match stranger::post(jp, &files, &statement).await {
                Err(_) => Ok(()),
                Ok(status) => Err(format!("it was answered with {status}")),
            }
        })
        .await;
    }
    // The same way in, with the certificate that belongs there.
    assert_eq!(stranger::post(jp, &files(&jp.party("cb-1")), &statement).await, Ok(201));
}

fn files(party: &Party) -> ClientFiles {
    pair(party.credentials().tls())
}

fn pair((certificate, key): (std::path::PathBuf, std::path::PathBuf)) -> ClientFiles {
    ClientFiles { certificate, key }
}

/// A certificate of `cb-1` for one day, issued some time from now.
fn issued(jp: &Registry, name: &str, from_now: SignedDuration) -> ClientFiles {
    let holder = Holder::party(Role::CertificationBody, "cb-1".parse().unwrap()).unwrap();
    let credential = jp.authority().issue(&holder, Lifetime::Days(1), Timestamp::now() + from_now).unwrap();
    let stem = jp.folder().path().join(name);
    let files = ClientFiles { certificate: stem.with_extension("pem"), key: stem.with_extension("key") };
    credential.write(&files.certificate, &files.key).unwrap();
    files
}

fn revoked(jp: &Registry) -> ClientFiles {
    jp.equip("cb-9", Role::CertificationBody, Algorithm::Ed25519);
    jp.revoke("certification-body/cb-9");
    files(&jp.party("cb-9"))
}
