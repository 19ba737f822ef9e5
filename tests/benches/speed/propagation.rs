//! How long a change takes from its acknowledgement at `jp` to the socket of a buyer who listens to `eu` alone, and one that was
//! withheld while an arrangement rested, from the moment at which it is restored. Each registry is a process with a nats-server; this program submits, and reads the buyer's events, by one clock.

use std::sync::Arc;
use std::time::{Duration, Instant};

use registry_node::client::Connection;
use serde_json::{Value, json};
use tests::events::Frame;
use tests::party::{JOSE, STATEMENTS};
use tests::{Events, Federation, Party, claims, soon};
use tokio::sync::mpsc;

use crate::sums::{Sums, percentile};

const CHANGES: usize = 500;
/// The first ones are not counted: connections and caches come to life.
const WARMING_UP: usize = 50;
/// A quiet moment between two changes, so that one does not wait for what the one before it left to do.
const PAUSE: Duration = Duration::from_millis(20);
const VERDICTS: usize = 10;
const AIMS: [(usize, Duration); 2] = [(50, Duration::from_millis(15)), (99, Duration::from_millis(100))];
/// How often the arrangement rests.
const RESTS: usize = 20;
/// Access follows an act of an arrangement within this time.
const OPENED: Duration = Duration::from_secs(1);

pub(crate) async fn measure(sums: &mut Sums) {
    let federation = Federation::start(&["jp", "eu"]).await;
    federation.peer("jp", "eu").await;
    let rules = vec![claims::rule("stars", "jp", "eu", "stars")];
    federation.arrange(&claims::terms("jp-eu", "bilateral", &["jp", "eu"], rules)).await;
    let body = federation.registry("jp").party("cb-1");
    let mut connection = body.connect().await.expect("a connection");
    for number in 0..VERDICTS {
        say(&body, &mut connection, "verdict-granted", claims::verdict(&format!("V-{number}"))).await;
    }
    recognised(&federation).await;
    let mut seen = listen(&federation).await;
    let (mut acknowledged, mut submitted) = (Vec::new(), Vec::new());
    for number in 0..WARMING_UP + CHANGES {
        let change = if (number / VERDICTS).is_multiple_of(2) { "suspended" } else { "restored" };
        let claim = claims::change(&format!("V-{}", number % VERDICTS), json!(change));
        let began = Instant::now();
        let receipt = say(&body, &mut connection, "verdict-changed", claim).await;
        let verdict = format!("jp:V-{}", number % VERDICTS);
        let at = arrival(&mut seen, &verdict, if change == "suspended" { "suspended" } else { "granted" }).await;
        if number >= WARMING_UP {
            acknowledged.push(at.saturating_duration_since(receipt));
            submitted.push(at - began);
        }
        tokio::time::sleep(PAUSE).await;
    }
    for (percent, aim) in AIMS {
        sums.duration(
            &format!("acknowledged at jp → buyer at eu, p{percent}"),
            percentile(&acknowledged, percent),
            Some(aim),
        );
    }
    for percent in [50, 99] {
        sums.duration(&format!("submitted at jp → buyer at eu, p{percent}"), percentile(&submitted, percent), None);
    }
    sums.note(format!("propagation: {CHANGES} changes, one at a time, {} ms of quiet between two", PAUSE.as_millis()));
    withheld(&federation, &mut connection, &mut seen, sums).await;
}

/// While the arrangement rests nothing is disclosed; what changed meanwhile comes once its feed may be read again.
async fn withheld(
    federation: &Federation,
    connection: &mut Connection,
    seen: &mut mpsc::UnboundedReceiver<(Instant, Value)>,
    sums: &mut Sums,
) {
    let jp = federation.registry("jp");
    let (operator, body) = (jp.operator(), jp.party("cb-1"));
    let act = json!({"id": "jp-eu", "reason": claims::reason("review")});
    let mut opened = Vec::new();
    for number in 0..RESTS {
        operator.must("arrangement-suspended", act.clone()).await;
        soon("eu knows that the arrangement rests", async || {
            let answer = federation.registry("eu").must_ask("/v1/arrangements").await;
            if answer["arrangements"][0]["directions"][0]["force"] == "suspended" {
                Ok(())
            } else {
                Err(answer.to_string())
            }
        })
        .await;
        // The last of all changes before suspended it.
        let change = if number % 2 == 0 { "restored" } else { "suspended" };
        say(&body, connection, "verdict-changed", claims::change("V-0", json!(change))).await;
        while seen.try_recv().is_ok() {}
        operator.must("arrangement-restored", act.clone()).await;
        let restored = Instant::now();
        let at = arrival(seen, "jp:V-0", if change == "suspended" { "suspended" } else { "granted" }).await;
        opened.push(at.saturating_duration_since(restored));
    }
    for percent in [50, 100] {
        let what = format!("arrangement restored at jp → what was withheld is at the buyer of eu, p{percent}");
        sums.duration(&what, percentile(&opened, percent), Some(OPENED));
    }
}

async fn recognised(federation: &Federation) {
    for number in 0..VERDICTS {
        let verdict = format!("jp:V-{number}");
        federation.registry("eu").recognises(&verdict, |recognition| recognition["outcome"] == "recognised").await;
    }
}

/// Submits, and gives the moment at which the receipt is there.
async fn say(body: &Party, connection: &mut Connection, kind: &str, claim: Value) -> Instant {
    let statement = body.sign(kind, claim);
    connection.post(STATEMENTS, JOSE, statement).await.expect("it is taken");
    Instant::now()
}

/// The buyer's events at eu as they come, each with its moment; a task of its own, so that nothing else holds it up.
async fn listen(federation: &Federation) -> mpsc::UnboundedReceiver<(Instant, Value)> {
    let eu = Arc::clone(federation.registry("eu"));
    let client = eu.party("buyer-1").client();
    let mut events = Events::open(&client, "/v1/events?type=recognition", None).await.expect("a stream");
    let (sender, receiver) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        while let Some(frame) = events.next().await {
            let at = Instant::now();
            if let Frame::Event { event, .. } = frame
                && sender.send((at, event)).is_err()
            {
                return;
            }
        }
    });
    soon("the stream is open", async || {
        let page = eu.public().connect().await.map_err(|error| error.to_string())?.get("/metrics").await;
        let page = page.map_err(|error| error.to_string())?;
        let open = String::from_utf8_lossy(&page).lines().any(|line| line == "registry_event_streams 1");
        if open { Ok(()) } else { Err("not yet".to_owned()) }
    })
    .await;
    receiver
}

async fn arrival(seen: &mut mpsc::UnboundedReceiver<(Instant, Value)>, verdict: &str, state: &str) -> Instant {
    loop {
        let (at, event) = seen.recv().await.expect("the stream stays open");
        if event["subject"] == verdict && event["data"]["recognition"]["state"] == state {
            return at;
        }
    }
}
