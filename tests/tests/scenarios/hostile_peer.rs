//! A peer that lies, with its own genuine keys: each lie is counted under its code and shown, what was verified stays, and
//! the truth is followed again as soon as it is told. A fork stops everything until the operator acts.

use std::path::Path;
use std::time::Duration;

use bytes::Bytes;
use federation::subjects::Service;
use ledger::digest::Digest;
use ledger::entry::{Entry, Kind};
use serde_json::{Value, json};
use tempfile::TempDir;
use tests::claims::{self, rule, terms, verdict, with};
use tests::federation::peer_claim;
use tests::impostor::{Impostor, Lie, now_ms};
use tests::{Federation, Registry, soon, until};

/// eu follows jp under a unilateral arrangement and has recognised V-0; then jp falls into the hands of a liar.
pub(crate) async fn taken_over() -> (Federation, Impostor) {
    let federation = Federation::start(&["jp", "eu"]).await;
    federation.peer("jp", "eu").await;
    let (jp, eu) = (federation.registry("jp"), federation.registry("eu"));
    let agreed = terms("A-1", "unilateral", &["jp", "eu"], vec![rule("R-1", "jp", "eu", "stars")]);
    let agreed = with(agreed, json!({"parties": parties()}));
    eu.operator().must("arrangement-signed", claims::signed(&agreed)).await;
    jp.party("cb-1").must("verdict-granted", verdict("V-0")).await;
    eu.recognises("jp:V-0", |one| one["outcome"] == "recognised").await;
    federation.node("jp").stop();
    let impostor = Impostor::take_over(jp, "eu").await;
    (federation, impostor)
}

/// How often eu has counted a fault of jp.
pub(crate) async fn counted(eu: &Registry, code: &str) -> u64 {
    let page = eu.public().connect().await.unwrap().get("/metrics").await.unwrap();
    let page = String::from_utf8(page.to_vec()).unwrap();
    let wanted = format!("registry_peer_faults_total{{peer=\"jp\",reason=\"{code}\"}} ");
    page.lines().find_map(|line| line.strip_prefix(&wanted)).map_or(0, |count| count.parse().unwrap())
}

pub(crate) async fn counts(eu: &Registry, code: &str, before: u64) {
    soon(&format!("a fault {code} is counted"), async || {
        let now = counted(eu, code).await;
        let status = eu.peer_status("jp").await["status"].clone();
        if now > before { Ok(()) } else { Err(format!("{now}; {status}")) }
    })
    .await;
}

/// Lies about the whole: the answer is not taken.
fn lies() -> Vec<(&'static str, Lie)> {
    vec![
        ("malformed", Lie::bytes(Service::Checkpoint, || "{\"ok\":{}}".into())),
        ("malformed", Lie::bytes(Service::Range, || "[".repeat(100_000).into())),
        ("oversized", Lie::bytes(Service::Range, || Bytes::from(vec![b' '; 2 << 20]))),
        ("bad-checkpoint", Lie::checkpoint(|_, answer| answer.checkpoint = answer.checkpoint.replace("jp.", "us."))),
        ("rollback", Lie::checkpoint(|past, answer| answer.checkpoint = past.checkpoint(past.size() - 3))),
        ("bad-proof", Lie::range(|past, range| range.entries.0[0].time_ms = past.entries[0].time_ms + 1)),
        ("shape", Lie::range(|_, range| drop(range.statements.pop()))),
        ("wrong-statement", Lie::range(|past, range| range.statements[0] = past.statements[0].clone())),
    ]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_lie_is_counted_and_harms_nothing() {
    let (federation, impostor) = taken_over().await;
    let (jp, eu) = (federation.registry("jp"), federation.registry("eu"));
    let body = jp.party("cb-1");
    for (number, (code, lie)) in (1..).zip(lies()) {
        let before = counted(eu, code).await;
        impostor.lie(lie);
        // Something new, so that there is something to lie about.
        impostor.change(|past| past.append(&body.sign("verdict-granted", verdict(&format!("V-{number}")))));
        impostor.hint().await;
        counts(eu, code, before).await;
        assert_eq!(eu.verdict("jp:V-0").await["recognition"]["outcome"], "recognised", "{code}");
        assert!(eu.ask(&format!("/v1/verdicts/jp:V-{number}")).await.is_err(), "{code}");
        impostor.lie(Lie::none());
        impostor.hint().await;
        eu.recognises(&format!("jp:V-{number}"), |one| one["outcome"] == "recognised").await;
    }
}

/// Statements that its log commits to, and that no registry should have taken: each is left out, the rest counts.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bad_statement_is_left_out_and_the_rest_counts() {
    let (federation, impostor) = taken_over().await;
    let (jp, eu) = (federation.registry("jp"), federation.registry("eu"));
    let (body, other) = (jp.party("cb-1"), jp.party("audit"));
    let forged = {
        let (good, bad) = (body.sign("verdict-granted", verdict("X-1")), body.sign("verdict-granted", verdict("X-2")));
        let (good, bad) = (String::from_utf8_lossy(&good).into_owned(), String::from_utf8_lossy(&bad).into_owned());
        format!("{}.{}", good.rsplit_once('.').unwrap().0, bad.rsplit_once('.').unwrap().1)
    };
    let moon = with(verdict("X-3"), json!({"scheme": "moons@1"}));
    let rows: [(&str, Bytes); 7] = [
        ("bad-signature", forged.into()),
        ("out-of-scope", body.sign("verdict-granted", moon)),
        ("not-a-decider", other.sign("verdict-granted", verdict("X-4"))),
        ("verdict-exists", body.sign("verdict-granted", verdict("V-0"))),
        ("unknown-key", eu.party("cb-1").sign("verdict-granted", verdict("X-5"))),
        (
            "wrong-registry",
            body.sign_payload(&with(
                body.payload("verdict-granted", verdict("X-5")),
                json!({"aud": "eu.registry.test"}),
            )),
        ),
        ("malformed", "no statement at all".into()),
    ];
    for (number, (code, statement)) in (1..).zip(rows) {
        let before = counted(eu, code).await;
        impostor.change(|past| {
            past.append(&statement);
            past.append(&body.sign("verdict-granted", verdict(&format!("V-{number}"))));
        });
        impostor.hint().await;
        eu.recognises(&format!("jp:V-{number}"), |one| one["outcome"] == "recognised").await;
        counts(eu, code, before).await;
    }
    // What it recognised itself is passed on to nobody.
    impostor.change(|past| {
        let passed_on = body.sign("recognition-derived", json!({"verdict": "us:V-1"}));
        past.push(committed(Kind::Recognition, now_ms(), &passed_on), Some(text(&passed_on)));
        past.append(&body.sign("verdict-granted", verdict("V-9")));
    });
    impostor.hint().await;
    eu.recognises("jp:V-9", |one| one["outcome"] == "recognised").await;
    assert!(eu.ask("/v1/verdicts/us:V-1").await.is_err());
    for number in 1..=5 {
        assert!(eu.ask(&format!("/v1/verdicts/jp:X-{number}")).await.is_err(), "X-{number} is recognised");
    }
    assert_eq!(eu.verdict("jp:V-0").await["recognition"]["outcome"], "recognised");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_fork_stops_following_until_the_operator_acts() {
    let (federation, impostor) = taken_over().await;
    let (jp, eu) = (federation.registry("jp"), federation.registry("eu"));
    let body = jp.party("cb-1");
    // The truth goes on in secret; what eu is shown says otherwise about the same size, well signed.
    let suspended = body.sign("verdict-changed", claims::change("V-0", json!("suspended")));
    let mut truth = impostor.change(|past| past.clone());
    truth.append(&suspended);
    impostor.change(|past| past.append(&body.sign("verdict-granted", verdict("V-1"))));
    impostor.hint().await;
    eu.recognises("jp:V-1", |one| one["outcome"] == "recognised").await;
    let before = counted(eu, "fork").await;
    impostor.change(|past| *past = truth);
    impostor.hint().await;
    counts(eu, "fork", before).await;
    stands(eu, "stopped").await;
    assert_eq!(eu.peer_status("jp").await["status"]["lastFault"]["code"], "fork");
    // Nothing that it says counts any more, be it true; a restart changes nothing.
    impostor.change(|past| past.append(&body.sign("verdict-granted", verdict("V-2"))));
    impostor.hint().await;
    federation.node("eu").kill();
    federation.restart("eu").await;
    stands(eu, "stopped").await;
    tokio::time::sleep(Duration::from_millis(1500)).await;
    assert!(eu.ask("/v1/verdicts/jp:V-2").await.is_err());
    assert_eq!(eu.verdict("jp:V-0").await["recognition"]["state"], "granted");
    // The operator has looked at the evidence, settled it, and begins anew.
    eu.operator().must("peer-expelled", json!({"registry": "jp", "reason": claims::reason("forked")})).await;
    eu.operator().must("peer-added", peer_claim(jp)).await;
    eu.recognises("jp:V-2", |one| one["outcome"] == "recognised").await;
    eu.recognises("jp:V-0", |one| one["state"] == "suspended").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_log_whose_time_runs_backwards_is_followed_no_further() {
    let (federation, impostor) = taken_over().await;
    let (jp, eu) = (federation.registry("jp"), federation.registry("eu"));
    let body = jp.party("cb-1");
    let before = counted(eu, "time-backwards").await;
    impostor.change(|past| {
        let late = body.sign("verdict-granted", verdict("V-1"));
        past.push(committed(Kind::Statement, 1, &late), Some(text(&late)));
        past.append(&body.sign("verdict-granted", verdict("V-2")));
    });
    impostor.hint().await;
    counts(eu, "time-backwards", before).await;
    for verdict in ["V-1", "V-2"] {
        assert!(eu.ask(&format!("/v1/verdicts/jp:{verdict}")).await.is_err(), "{verdict}");
    }
    assert_eq!(eu.verdict("jp:V-0").await["recognition"]["outcome"], "recognised");
}

/// Own steps bind from our own log, whatever the peer does meanwhile: here it gives its log out drop by drop.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_peer_that_drips_does_not_hold_up_our_own_steps() {
    let (federation, impostor) = taken_over().await;
    let (jp, eu) = (federation.registry("jp"), federation.registry("eu"));
    let body = jp.party("cb-1");
    impostor.change(|past| {
        for number in 1..=60 {
            past.append(&body.sign("verdict-granted", verdict(&format!("V-{number}"))));
        }
    });
    impostor.lie(Lie::range(|past, range| {
        std::thread::sleep(Duration::from_secs(1));
        let end = past.size() - range.entries.0.len() as u64 + 1;
        range.entries.0.truncate(1);
        range.statements.truncate(1);
        range.proof = past.proof(end);
    }));
    impostor.hint().await;
    eu.recognises("jp:V-1", |one| one["outcome"] == "recognised").await;
    eu.operator().must("arrangement-suspended", json!({"id": "A-1", "reason": claims::reason("as-agreed")})).await;
    eu.recognises("jp:V-0", |one| one["outcome"] == "refused").await;
    assert!(eu.ask("/v1/verdicts/jp:V-60").await.is_err(), "it still drips");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_peer_does_not_show_any_more_does_not_count() {
    let (federation, impostor) = taken_over().await;
    let eu = federation.registry("eu");
    impostor.lie(Lie::range(|_, range| range.statements.iter_mut().skip(1).for_each(|statement| *statement = None)));
    // Another arrangement: the log is pulled again from its start.
    let other = terms("A-2", "unilateral", &["jp", "eu"], vec![rule("R-1", "jp", "eu", "moons")]);
    eu.operator().must("arrangement-signed", claims::signed(&with(other, json!({"parties": parties()})))).await;
    // Its arrangement is in force, so it would have to be shown.
    eu.recognises("jp:V-0", |one| one["gaps"][0]["code"] == "verdict-not-shown").await;
    impostor.lie(Lie::none());
    let again = terms("A-3", "unilateral", &["jp", "eu"], vec![rule("R-1", "jp", "eu", "comets")]);
    eu.operator().must("arrangement-signed", claims::signed(&with(again, json!({"parties": parties()})))).await;
    eu.recognises("jp:V-0", |one| one["outcome"] == "recognised").await;
}

/// The log is to be pulled again from its start, and is not shown at all.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_silent_peer_had_recognised_lapses_with_its_arrangement() {
    let (federation, impostor) = taken_over().await;
    let eu = federation.registry("eu");
    impostor.lie(Lie::bytes(Service::Range, || "{\"refused\":{\"code\":\"no\",\"text\":\"no\"}}".into()));
    let other = terms("A-2", "unilateral", &["jp", "eu"], vec![rule("R-1", "jp", "eu", "moons")]);
    eu.operator().must("arrangement-signed", claims::signed(&with(other, json!({"parties": parties()})))).await;
    counts(eu, "refused", 0).await;
    assert_eq!(eu.verdict("jp:V-0").await["recognition"]["outcome"], "recognised", "the log may still be pulled");
    eu.operator().must("arrangement-suspended", json!({"id": "A-1", "reason": claims::reason("as-agreed")})).await;
    eu.recognises("jp:V-0", |one| one["gaps"][0]["code"] == "arrangement-suspended").await;
}

fn parties() -> Value {
    json!([
        {"registry": "jp", "origin": "jp.registry.test", "authority": "Ministry", "roles": ["issuing"]},
        {"registry": "eu", "origin": "eu.registry.test", "authority": "Agency", "roles": ["recognising"]},
    ])
}

/// A registry that was restored from a backup without noticing: first it knows less than it has signed, then it signs
/// something else.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_peer_that_was_restored_from_an_old_backup_is_caught() {
    let federation = Federation::start(&["jp", "eu"]).await;
    federation.peer("jp", "eu").await;
    federation.arrange(&terms("A-1", "bilateral", &["jp", "eu"], vec![rule("R-1", "jp", "eu", "stars")])).await;
    let (jp, eu) = (federation.registry("jp"), federation.registry("eu"));
    let body = jp.party("cb-1");
    body.must("verdict-granted", verdict("V-1")).await;
    eu.recognises("jp:V-1", |one| one["outcome"] == "recognised").await;
    federation.node("jp").stop();
    let backup = copied(jp.folder().path());
    federation.restart("jp").await;
    for number in 2..30 {
        body.must("verdict-granted", verdict(&format!("V-{number}"))).await;
    }
    eu.recognises("jp:V-29", |one| one["outcome"] == "recognised").await;
    federation.node("jp").stop();
    // With the tiles that it published the log is shorter than what it signed: such a log does not open.
    let published = copied(&jp.folder().tiles());
    restore(&backup, jp.folder().path());
    restore(&published, &jp.folder().tiles());
    let node = federation.node("jp");
    node.start();
    soon("jp refuses to open", async || node.check().map_or_else(|_| Ok(()), |()| Err("it runs".to_owned()))).await;
    node.kill();
    // Without any trace of them only others remember.
    restore(&backup, jp.folder().path());
    federation.restart("jp").await;
    // Seen early it has only gone back; seen after its next seal it has signed something else already.
    soon("jp is caught", async || match counted(eu, "rollback").await + counted(eu, "fork").await {
        0 => Err(eu.peer_status("jp").await.to_string()),
        _ => Ok(()),
    })
    .await;
    assert_eq!(eu.verdict("jp:V-29").await["recognition"]["outcome"], "recognised");
    for number in 100..150 {
        body.must("verdict-granted", verdict(&format!("V-{number}"))).await;
    }
    counts(eu, "fork", 0).await;
    stands(eu, "stopped").await;
    assert!(eu.ask("/v1/verdicts/jp:V-149").await.is_err());
}

/// A copy of a folder, with everything below it.
fn copied(folder: &Path) -> TempDir {
    let copy = tempfile::tempdir().unwrap();
    copy_into(folder, copy.path());
    copy
}

/// Puts a copy in the place of a folder.
fn restore(copy: &TempDir, folder: &Path) {
    std::fs::remove_dir_all(folder).unwrap();
    std::fs::create_dir(folder).unwrap();
    copy_into(copy.path(), folder);
}

fn copy_into(from: &Path, to: &Path) {
    for item in std::fs::read_dir(from).unwrap().flatten() {
        let (source, target) = (item.path(), to.join(item.file_name()));
        if source.is_dir() {
            std::fs::create_dir(&target).unwrap();
            copy_into(&source, &target);
        } else {
            std::fs::copy(&source, &target).unwrap();
        }
    }
}

/// One that lets every question wait cannot keep our own steps from counting.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_silent_peer_holds_nothing_up() {
    let (federation, impostor) = taken_over().await;
    let (jp, eu) = (federation.registry("jp"), federation.registry("eu"));
    impostor.fall_silent();
    impostor.change(|past| past.append(&jp.party("cb-1").sign("verdict-granted", verdict("V-1"))));
    impostor.hint().await;
    tokio::time::sleep(Duration::from_millis(500)).await;
    let step = json!({"id": "A-1", "reason": claims::reason("silence")});
    eu.operator().must("arrangement-suspended", step).await;
    let refused = async || {
        let answer = eu.verdict("jp:V-0").await;
        if answer["recognition"]["outcome"] == "refused" { Ok(()) } else { Err(answer.to_string()) }
    };
    until("what rested on the arrangement ceases", Duration::from_secs(3), refused).await;
}

fn committed(kind: Kind, time_ms: u64, compact: &[u8]) -> Entry {
    Entry { kind, time_ms, digest: Digest::of(compact) }
}

fn text(compact: &[u8]) -> String {
    String::from_utf8(compact.to_vec()).unwrap()
}

pub(crate) async fn stands(eu: &Registry, state: &str) {
    soon(&format!("jp is {state} at eu"), async || {
        let status: Value = eu.peer_status("jp").await["status"].clone();
        if status["state"] == state { Ok(()) } else { Err(status.to_string()) }
    })
    .await;
}
