//! How long it takes to tell of very many verdicts that one scheme is replaced, and how long those who submit and look up wait
//! meanwhile; and that a node which is killed while it does tells of each once and does not hold them all in memory.

use std::time::{Duration, Instant};

use serde_json::json;
use tests::claims::{day, verdict, with};
use tests::events::{Events, Frame};
use tests::{Node, Registry, soon};

use crate::sums::{Sums, percentile};
use crate::workshop::Workshop;

const VERDICTS: usize = 100_000;
/// How often the node is killed meanwhile.
const KILLS: u64 = 3;
/// Memory that telling may take beside what the node needs to hold the same registry, with its newest events at hand for readers, when it
/// does nothing.
const BESIDE: u64 = 64 * 1024 * 1024;
/// From the acknowledgement of the cause to that of the last verdict.
const AIM: Duration = Duration::from_secs(10);
/// Nothing more was told of for so long: it never will be.
const STUCK: Duration = Duration::from_secs(60);
/// A node that takes no more memory than this for so long is at rest.
const CALM: Duration = Duration::from_secs(5);
const CALM_BYTES: u64 = 1024 * 1024;
/// A quiet moment between two submissions.
const PAUSE: Duration = Duration::from_millis(50);

pub(crate) async fn measure(sums: &mut Sums) {
    let workshop = Workshop::filled(VERDICTS - 1, "V-last").await;
    let jp = &workshop.registry;
    let (ministry, body) = (jp.party("ministry"), jp.party("cb-1"));
    let claim = json!({"scheme": "stars@1", "by": "moons@1", "until": day(90)});
    ministry.must("scheme-replaced", claim).await;
    let began = Instant::now();
    let (mut waited, mut answered) = (Vec::new(), Vec::new());
    let mut connection = jp.public().connect().await.expect("a connection");
    for number in 0.. {
        let listed = jp.must_ask("/v1/cascades").await;
        if listed["cascades"][0]["finished"] == true {
            break;
        }
        let claim = with(verdict(&format!("M-{number}")), json!({"scheme": "moons@1"}));
        let asked = Instant::now();
        body.must("verdict-granted", claim).await;
        waited.push(asked.elapsed());
        let asked = Instant::now();
        connection.get("/v1/verdicts/jp:V-last").await.expect("an answer");
        answered.push(asked.elapsed());
        tokio::time::sleep(PAUSE).await;
    }
    let took = began.elapsed();
    let done = jp.must_ask("/v1/cascades").await["cascades"][0]["done"].clone();
    sums.duration(&format!("{VERDICTS} verdicts told that their scheme is replaced"), took, Some(AIM));
    for percent in [50, 99] {
        sums.duration(&format!("submitted meanwhile → acknowledged, p{percent}"), percentile(&waited, percent), None);
        sums.duration(&format!("looked up meanwhile, p{percent}"), percentile(&answered, percent), None);
    }
    sums.note(format!(
        "cascades: {done} verdicts, {} submissions meanwhile, each over a connection of its own",
        waited.len()
    ));
    soon("the node is well", async || workshop.node.check()).await;
    drop(workshop);
    killed(sums).await;
}

/// Killed at several places on its way: this one fails, and does not measure alone.
async fn killed(sums: &mut Sums) {
    let workshop = Workshop::filled(VERDICTS - 1, "V-last").await;
    let (node, jp) = (&workshop.node, &workshop.registry);
    let claim = json!({"scheme": "stars@1", "by": "moons@1", "until": day(90)});
    jp.party("ministry").must("scheme-replaced", claim).await;
    for kill in 1..=KILLS {
        until_done(jp, kill * VERDICTS as u64 / (KILLS + 1)).await;
        again(&workshop).await;
    }
    until_done(jp, VERDICTS as u64).await;
    jp.soon("/v1/cascades", |listed| listed["cascades"][0]["finished"] == true).await;
    let peak = node.memory().map(|(_, peak)| peak);
    let cascade = jp.must_ask("/v1/cascades").await["cascades"][0].clone();
    let counts = (&cascade["done"], &cascade["batch"]["told"], &cascade["batch"]["whole"]);
    assert_eq!(counts, (&json!(VERDICTS), &json!(VERDICTS), &json!(true)), "each once, after {KILLS} kills: {cascade}");
    again(&workshop).await;
    read_on(jp).await;
    let (Some(peak), Some(state)) = (peak, at_rest(node).await) else {
        return sums.note("no memory was read".to_owned());
    };
    let beside = peak.saturating_sub(state);
    assert!(beside <= BESIDE, "telling took {beside} bytes beside the {state} that the registry takes");
    sums.note(format!(
        "cascades: {VERDICTS} verdicts told once each over {KILLS} kills, with {} MiB beside {} MiB of state",
        beside >> 20,
        state >> 20
    ));
}

/// Reads what was told, so that as much of it is kept in memory as in a node that told it; the grants before it would take memory that
/// telling does not. A checkpoint comes behind all that it covers.
async fn read_on(jp: &Registry) {
    let mut events = Events::open(&jp.public(), &format!("/v1/events?after={VERDICTS}"), None).await.expect("a stream");
    while !matches!(events.next().await.expect("it goes on"), Frame::Checkpoint(_)) {}
}

/// The memory of a node that does nothing any more: what it does behind its start is over when it takes no more for a while.
async fn at_rest(node: &Node) -> Option<u64> {
    let mut found = node.memory()?.0;
    let mut since = Instant::now();
    while since.elapsed() < CALM {
        tokio::time::sleep(PAUSE).await;
        let now = node.memory()?.0;
        if now > found + CALM_BYTES {
            (found, since) = (now, Instant::now());
        }
    }
    Some(node.memory()?.0)
}

/// `kill -9`, and a new start.
async fn again(workshop: &Workshop) {
    workshop.node.kill();
    workshop.node.start();
    workshop.registry.ready(|| workshop.node.check()).await;
}

/// Waits until so many verdicts are told of, for as long as some more are.
async fn until_done(jp: &Registry, verdicts: u64) {
    let (mut before, mut moved) = (0, Instant::now());
    loop {
        let done = jp.must_ask("/v1/cascades").await["cascades"][0]["done"].as_u64().unwrap_or_default();
        if done >= verdicts {
            return;
        }
        if done > before {
            (before, moved) = (done, Instant::now());
        }
        assert!(moved.elapsed() < STUCK, "{done} of {verdicts} told, and no more for {STUCK:?}");
        tokio::time::sleep(PAUSE).await;
    }
}
