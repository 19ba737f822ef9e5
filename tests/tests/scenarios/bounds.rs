//! What a peer can make us keep, say and write: as much as the operator gives it, in statements of our own that stand for a
//! range each, and a line of the log for each kind of nonsense.

use std::collections::BTreeSet;
use std::path::PathBuf;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use conformity::time::Day;
use federation::messages::Range;
use ledger::digest::Digest;
use ledger::entry::{Entry, Kind};
use ledger::jws;
use ledger::key::SigningKey;
use serde_json::{Value, json};
use tests::claims::{self, SUPPLIER, verdict, with};
use tests::events::Frame;
use tests::impostor::{Impostor, Lie, Past};
use tests::{Auditor, Events, Registry, soon};

use crate::hostile_peer::{counted, counts, stands, taken_over};

const QUOTA: &str = "mirror_bytes = 4294967296";

/// A long log comes in pieces that a message can hold.
fn in_pieces(of: usize) -> Lie {
    Lie::range(move |past: &Past, range: &mut Range| {
        let end = past.size() - range.entries.0.len() as u64 + range.entries.0.len().min(of) as u64;
        range.entries.0.truncate(of);
        range.statements.truncate(of);
        range.proof = past.proof(end);
    })
}

fn mirror(eu: &Registry) -> PathBuf {
    let folder = eu.folder().peer(&"jp".parse().unwrap());
    let files = std::fs::read_dir(folder).unwrap().flatten().map(|entry| entry.path());
    files.into_iter().find(|file| file.extension().is_some_and(|one| one == "ranges")).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_peer_fills_its_room_and_no_more() {
    let (federation, impostor) = taken_over().await;
    let (jp, eu) = (federation.registry("jp"), federation.registry("eu"));
    federation.node("eu").stop();
    eu.configure(QUOTA, "mirror_bytes = 1048576");
    federation.restart("eu").await;
    let body = jp.party("cb-1");
    impostor.change(|past| {
        for number in 1..=1_000 {
            let long = with(verdict(&format!("V-{number}")), json!({"scope": "x".repeat(1_000)}));
            past.append(&body.sign("verdict-granted", long));
        }
    });
    impostor.lie(in_pieces(200));
    impostor.hint().await;
    counts(eu, "mirror-full", 0).await;
    stands(eu, "stopped").await;
    let status = eu.peer_status("jp").await["status"].clone();
    let detail = status["lastFault"]["detail"].as_str().unwrap_or_default();
    assert!(detail.contains("raise limits.mirror_bytes"), "{status}");
    let bytes = std::fs::metadata(mirror(eu)).unwrap().len();
    assert!((500_000..=1_048_576).contains(&bytes), "{bytes} bytes");
    // What found room counts, also after a restart; the rest is not known.
    federation.node("eu").kill();
    federation.restart("eu").await;
    stands(eu, "stopped").await;
    assert_eq!(std::fs::metadata(mirror(eu)).unwrap().len(), bytes);
    for verdict in ["jp:V-0", "jp:V-1"] {
        assert_eq!(eu.verdict(verdict).await["recognition"]["outcome"], "recognised", "{verdict}");
    }
    assert!(eu.ask("/v1/verdicts/jp:V-1000").await.is_err());
    federation.node("eu").stop();
    eu.configure("mirror_bytes = 1048576", QUOTA);
    federation.restart("eu").await;
    eu.recognises("jp:V-1000", |one| one["outcome"] == "recognised").await;
    stands(eu, "following").await;
}

/// More verdicts than are looked at at once, changed by one range: one statement of ours.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_range_is_one_statement_however_many_verdicts_it_changes() {
    const COUNT: usize = 2_500;
    let (federation, impostor) = taken_over().await;
    let (jp, eu) = (federation.registry("jp"), federation.registry("eu"));
    let body = jp.party("cb-1");
    let granted = |number: usize| body.sign("verdict-granted", verdict(&format!("M{number}")));
    impostor.change(|past| (1..=COUNT).for_each(|number| past.append(&granted(number))));
    impostor.lie(in_pieces(200));
    impostor.hint().await;
    eu.recognises(&format!("jp:M{COUNT}"), |one| one["outcome"] == "recognised").await;
    let mut stream = Events::open(&eu.public(), "/v1/events?type=recognition.refused", None).await.unwrap();
    expire(jp, &impostor, COUNT).await;
    let (mut entries, mut verdicts) = (BTreeSet::new(), BTreeSet::new());
    while verdicts.len() < COUNT {
        let frame = stream.next().await.unwrap();
        let Frame::Event { event, .. } = &frame else { continue };
        assert_eq!(event["data"]["cause"], "range", "{event}");
        assert_eq!(event["data"]["recognition"]["state"], "expired", "{event}");
        entries.insert(frame.entry().0);
        verdicts.insert(event["subject"].to_string());
    }
    assert_eq!(entries.len(), 1, "{entries:?}");
}

/// Rows as large as a peer can make them: what does not fit into one list is stated in parts, and the range ends with the last.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rows_beyond_one_list_are_parts_of_the_same_range() {
    const COUNT: usize = 700;
    let (federation, impostor) = taken_over().await;
    let (jp, eu) = (federation.registry("jp"), federation.registry("eu"));
    let body = jp.party("cb-1");
    let names: Vec<String> = (10..42).map(|number| format!("local:list:{}{number}", "%E6%97%A5".repeat(84))).collect();
    let supplier = json!({"id": SUPPLIER, "name": "Example Works", "country": "JP", "others": names});
    let granted = |number: usize| {
        body.sign("verdict-granted", with(verdict(&format!("M{number}")), json!({"supplier": supplier})))
    };
    impostor.change(|past| (1..=COUNT).for_each(|number| past.append(&granted(number))));
    impostor.lie(in_pieces(20));
    impostor.hint().await;
    // Some twenty megabytes, in steps that a slow machine can take.
    for number in (100..=COUNT).step_by(100) {
        eu.recognises(&format!("jp:M{number}"), |one| one["outcome"] == "recognised").await;
    }
    let before = followed(eu).await;
    expire(jp, &impostor, COUNT).await;
    for number in [1, COUNT] {
        eu.recognises(&format!("jp:M{number}"), |one| one["state"] == "expired").await;
    }
    let after = soon("the range ends", async || {
        let now = followed(eu).await;
        if now > before { Ok(now) } else { Err(now.to_string()) }
    })
    .await;
    let claims = derived(eu).await;
    let [.., first, last] = claims.as_slice() else { panic!("{claims:?}") };
    let places = |claim: &Value| (claim["cause"].clone(), claim["from"].as_u64(), claim["to"].as_u64());
    assert_eq!(places(first), (json!("range"), Some(before), Some(before)), "{first}");
    assert_eq!(places(last), (json!("range"), Some(before), Some(after)), "{last}");
    let rows = |claim: &Value| claim["results"]["count"].as_u64().unwrap();
    assert_eq!(rows(first) + rows(last), COUNT as u64);
}

/// A verdict that is suspended and restored without end takes a day's room in our log and no more; what takes something away is told all
/// the same, and with room again the last of it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_peer_that_churns_fills_its_room_in_our_log_and_no_more() {
    const TIMES: usize = 120;
    let (federation, impostor) = taken_over().await;
    let (jp, eu) = (federation.registry("jp"), federation.registry("eu"));
    let (most, least) = ("peer_log_bytes = 536870912", "peer_log_bytes = 1048576");
    federation.node("eu").stop();
    let before = recognitions(eu);
    eu.configure(most, least);
    federation.restart("eu").await;
    let body = jp.party("cb-1");
    impostor.change(|past| {
        past.append(&body.sign("verdict-granted", verdict("V-1")));
        for number in 0..TIMES {
            let change = if number % 2 == 0 { "suspended" } else { "restored" };
            past.append(&body.sign("verdict-changed", claims::change("V-1", json!(change))));
        }
    });
    impostor.lie(in_pieces(1));
    impostor.hint().await;
    counts(eu, "log-quota", 0).await;
    let size = impostor.change(|past| past.size());
    soon("all of it is mirrored, and the last of it waits", async || {
        let status = eu.peer_status("jp").await["status"].clone();
        let all = status["mirrored"] == size && status["waiting"] == 1;
        if all { Ok(()) } else { Err(status.to_string()) }
    })
    .await;
    // However little room there is, what counted is refused at once when it is suspended there.
    impostor.change(|past| past.append(&body.sign("verdict-changed", claims::change("V-0", json!("suspended")))));
    impostor.hint().await;
    eu.recognises("jp:V-0", |one| one["gaps"][0]["code"] == "verdict-suspended").await;
    assert_eq!(eu.verdict("jp:V-1").await["recognition"]["outcome"], "refused", "as it was when there was room");
    federation.node("eu").stop();
    let stated = recognitions(eu) - before;
    assert!((20..=100).contains(&stated), "{stated} statements for {TIMES} changes");
    eu.configure(least, most);
    federation.restart("eu").await;
    eu.recognises("jp:V-1", |one| one["outcome"] == "recognised").await;
    assert_eq!(eu.verdict("jp:V-0").await["recognition"]["outcome"], "refused");
}

/// How often a stopped registry said what it makes of others' verdicts.
fn recognitions(registry: &Registry) -> usize {
    let log = registry.log();
    log.entries(0..log.size()).unwrap().iter().filter(|entry| entry.kind == Kind::Recognition).count()
}

/// What the node of jp would say once the verdicts M1 and so on are over.
async fn expire(jp: &Registry, impostor: &Impostor, count: usize) {
    let ids: Vec<String> = (1..=count).map(|number| format!("M{number}")).collect();
    let expired = by_node(jp, "verdict-expired", json!({"verdicts": ids}));
    let last = verdict("M1")["validUntil"].as_str().unwrap().parse::<Day>().unwrap();
    let time_ms = u64::try_from(last.end().as_millisecond()).unwrap();
    impostor.change(|past| {
        let entry = Entry { kind: Kind::Statement, time_ms, digest: Digest::of(expired.as_bytes()) };
        past.push(entry, Some(expired.clone()));
    });
    impostor.hint().await;
}

/// How far eu says that it followed jp.
async fn followed(eu: &Registry) -> u64 {
    eu.peer_status("jp").await["followed"].as_u64().unwrap()
}

/// The claims of all recognition statements of eu, in order.
async fn derived(eu: &Registry) -> Vec<Value> {
    let last = eu.party("cb-1").must("verdict-granted", verdict("LAST")).await.index;
    let mut auditor = Auditor::of(eu);
    auditor.follow(last + 1).await;
    let mut connection = auditor.connect().await;
    let mut claims = Vec::new();
    for (index, entry) in (0..).zip(auditor.entries()).filter(|(_, entry)| entry.kind == Kind::Recognition) {
        assert!(index < last, "{entry:?}");
        let statement = auditor.statement(&mut connection, index).await.unwrap();
        let payload = URL_SAFE_NO_PAD.decode(statement.split('.').nth(1).unwrap()).unwrap();
        claims.push(serde_json::from_slice::<Value>(&payload).unwrap()["claim"].clone());
    }
    claims
}

/// A statement that the node of a registry signs.
fn by_node(registry: &Registry, kind: &str, claim: Value) -> String {
    let key = SigningKey::load(&registry.folder().node_key()).unwrap();
    let payload = json!({
        "iss": "node", "aud": registry.config().registry.origin, "jti": "by-node", "iat": 1, "kind": kind, "claim": claim,
    });
    let signed = jws::sign(&key, &serde_json::to_vec(&payload).unwrap()).unwrap();
    String::from_utf8(signed.compact().to_vec()).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nonsense_without_end_is_counted_and_hardly_logged() {
    const COUNT: u64 = 900;
    let (federation, impostor) = taken_over().await;
    let (jp, eu) = (federation.registry("jp"), federation.registry("eu"));
    let before = counted(eu, "malformed").await;
    impostor.change(|past| {
        (0..COUNT).for_each(|number| past.append(format!("nonsense {number}").as_bytes()));
        past.append(&jp.party("cb-1").sign("verdict-granted", verdict("V-1")));
    });
    impostor.lie(in_pieces(200));
    impostor.hint().await;
    eu.recognises("jp:V-1", |one| one["outcome"] == "recognised").await;
    assert_eq!(counted(eu, "malformed").await, before + COUNT);
    let lines = federation.node("eu").lines_with(&["WARN", "malformed"]);
    // The test is over long before the second minute is.
    assert!((1..=2).contains(&lines), "{lines} lines");
}
