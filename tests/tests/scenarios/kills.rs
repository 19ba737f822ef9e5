//! `kill -9` at random moments of concurrent ingest: what was acknowledged is there, once, with a proof that holds, and the
//! log continues everything that it ever published.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use ledger::entry::Kind;
use serde_json::{Value, json};
use tests::claims::{verdict, with};
use tests::party::{NDJSON, STATEMENTS};
use tests::registry::post;
use tests::{Auditor, Chance, Federation, Party, Receipt, Registry};
use tokio::task::JoinSet;
use tokio::time::sleep;

/// Unless [`rounds`] says otherwise.
const ROUNDS: u64 = 50;
/// How often something is broken, for whoever wants it more often: `cargo xtask faults --rounds`.
const MORE: &str = "REGISTRY_FAULT_ROUNDS";
/// People who submit one statement after the other.
const WRITERS: u64 = 4;
/// Lines of those who submit many at once.
const LINES: u64 = 24;
/// The longest that ingest goes on before the kill, in milliseconds.
const LONGEST: u64 = 120;

/// What was signed, and what was answered.
#[derive(Debug, Default)]
pub(super) struct Book {
    acknowledged: HashMap<Bytes, Receipt>,
    unknown: Vec<Bytes>,
    /// From now on an answer says nothing of what is durable.
    is_doubtful: bool,
}

impl Book {
    /// Believes no answer that comes from now on.
    pub(super) fn doubt(&mut self) {
        self.is_doubtful = true;
    }

    fn acknowledged(&mut self, signed: Bytes, receipt: Receipt) {
        if self.is_doubtful {
            self.unknown.push(signed);
        } else {
            self.acknowledged.insert(signed, receipt);
        }
    }
}

/// How often to break something.
pub(super) fn rounds(usual: u64) -> u64 {
    std::env::var(MORE).map_or(usual, |rounds| rounds.parse().expect("a number of rounds"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_acknowledged_outlives_a_kill() {
    let mut chance = Chance::new();
    let federation = Federation::create(&["jp"]);
    let jp = federation.registry("jp");
    // Publication as often as possible, so that kills meet it too; nobody needs NATS here.
    jp.configure("publish_interval_ms = 1000", "publish_interval_ms = 100");
    jp.configure("external = false", "external = true");
    federation.start_all().await;
    let mut auditor = Auditor::of(jp);
    let before = statements(&mut auditor, jp.furnish().await).await;
    let mut all = HashMap::new();
    for round in 0..rounds(ROUNDS) {
        let book = ingest(jp, round, &mut chance, |_| federation.node("jp").kill()).await;
        if chance.below(5) == 0 {
            // Recovery is killed as well.
            federation.node("jp").start();
            sleep(Duration::from_millis(chance.below(200))).await;
            federation.node("jp").kill();
        }
        federation.restart("jp").await;
        all.extend(settled(jp, &mut auditor, book).await);
    }
    let end = all.values().map(|receipt: &Receipt| receipt.index + 1).max().unwrap_or_default();
    assert_eq!(statements(&mut auditor, end).await, before + all.len(), "each statement is there once");
    every_one_is_there(&auditor, &all).await;
    let verdicts = all_verdicts(jp).await;
    assert_eq!(verdicts, all.len(), "the register knows what the log says");
    federation.node("jp").stop();
    let seals = jp.check_seals();
    assert!(seals.right >= auditor.count(Kind::Seal) as u64, "{seals:?}: no restart made another map");
    assert_eq!(seals.beyond, 0);
}

/// Concurrent submission, ended by `kill` at some moment.
pub(super) async fn ingest(
    jp: &Arc<Registry>,
    round: u64,
    chance: &mut Chance,
    kill: impl FnOnce(&Mutex<Book>),
) -> Book {
    let book = Arc::new(Mutex::new(Book::default()));
    let mut writers = JoinSet::new();
    for writer in 0..WRITERS {
        let party = jp.party(if writer % 2 == 0 { "cb-1" } else { "cb-2" });
        writers.spawn(one_by_one(party, format!("V-{round}-{writer}"), Arc::clone(&book)));
    }
    writers.spawn(many_at_once(jp.party("cb-1"), format!("B-{round}"), Arc::clone(&book)));
    sleep(Duration::from_millis(chance.below(LONGEST))).await;
    kill(&book);
    while let Some(ended) = writers.join_next().await {
        ended.unwrap();
    }
    Arc::into_inner(book).unwrap().into_inner().unwrap()
}

async fn one_by_one(party: Arc<Party>, name: String, book: Arc<Mutex<Book>>) {
    let Ok(mut connection) = party.connect().await else { return };
    for number in 0.. {
        let signed = granted(&party, &format!("{name}-{number}"));
        let outcome = post(&mut connection, signed.clone()).await;
        let mut book = book.lock().unwrap_or_else(PoisonError::into_inner);
        match outcome {
            Ok(receipt) => book.acknowledged(signed, receipt),
            Err(_) => return book.unknown.push(signed),
        }
    }
}

/// Lines that share commits. Of an answer that broke off nothing is known.
async fn many_at_once(party: Arc<Party>, name: String, book: Arc<Mutex<Book>>) {
    let Ok(mut connection) = party.connect().await else { return };
    for number in 0.. {
        let lines: Vec<Bytes> = (0..LINES).map(|line| granted(&party, &format!("{name}-{number}-{line}"))).collect();
        let answered = connection.post(STATEMENTS, NDJSON, lines.join(&b'\n').into()).await;
        let mut book = book.lock().unwrap_or_else(PoisonError::into_inner);
        let Ok(answer) = answered else { return book.unknown.extend(lines) };
        for (line, answer) in lines.into_iter().zip(String::from_utf8_lossy(&answer).lines()) {
            // A node that outlives its disk for a moment says so, line by line.
            if serde_json::from_str::<Value>(answer).is_ok_and(|answer| answer["status"] == 503) {
                book.unknown.push(line);
                continue;
            }
            let receipt = serde_json::from_str(answer).unwrap_or_else(|error| panic!("{error}: {answer}"));
            book.acknowledged(line, receipt);
        }
    }
}

fn granted(party: &Party, id: &str) -> Bytes {
    party.sign("verdict-granted", with(verdict(id), json!({"viewpoints": ["organization"]})))
}

/// What is known after the restart: what was acknowledged is answered again with the same place, and what was not is
/// taken now, or was taken then.
pub(super) async fn settled(jp: &Registry, auditor: &mut Auditor, book: Book) -> HashMap<Bytes, Receipt> {
    let mut settled = book.acknowledged;
    let mut connection = jp.operator().connect().await.unwrap();
    for signed in book.unknown {
        let receipt = post(&mut connection, signed.clone()).await.unwrap();
        settled.insert(signed, receipt);
    }
    if let Some((signed, receipt)) = settled.iter().max_by_key(|(_, receipt)| receipt.index) {
        let again = post(&mut connection, signed.clone()).await.unwrap();
        assert_eq!((again.index, again.time, again.repeated), (receipt.index, receipt.time, true));
        auditor.follow(receipt.index + 1).await;
    }
    let log = jp.log_key();
    for (signed, receipt) in &settled {
        receipt.check(signed, &log).unwrap();
    }
    settled
}

pub(super) async fn every_one_is_there(auditor: &Auditor, settled: &HashMap<Bytes, Receipt>) {
    let mut connection = auditor.connect().await;
    for (signed, receipt) in settled {
        let there = auditor.statement(&mut connection, receipt.index).await;
        assert_eq!(there.as_deref().map(str::as_bytes), Ok(&**signed), "entry {}", receipt.index);
    }
}

pub(super) async fn statements(auditor: &mut Auditor, size: u64) -> usize {
    auditor.follow(size).await;
    auditor.count(Kind::Statement)
}

pub(super) async fn all_verdicts(jp: &Registry) -> usize {
    let (mut count, mut cursor) = (0, String::new());
    loop {
        let page: Value = jp.must_ask(&format!("/v1/verdicts?limit=1000{cursor}")).await;
        count += page["verdicts"].as_array().map_or(0, Vec::len);
        match page["next"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return count,
        }
    }
}
