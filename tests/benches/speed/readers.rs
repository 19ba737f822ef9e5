//! One event to very many subscribers of the stream: what a delivery costs beside a bare loop that writes the same bytes over TLS, how long the
//! last ones wait beside a server with a task for each that filters for itself, and what memory those take that hear nothing.
//!
//! Ours and both yardsticks are processes of their own, one after the other with all connections: together they would need more open files than
//! most systems allow.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use serde_json::json;
use tests::claims::{SUPPLIER, change, verdict, with};
use tests::events::Frame;
use tests::{Events, Party};
use tokio_rustls::TlsConnector;

use crate::crowd::{Connected, Crowd, make_room};
use crate::fan_out::{FanOut, LOOP, TASKS};
use crate::look_up::connector;
use crate::sums::{Sums, percentile};
use crate::workshop::{Workshop, worked_by};

pub(crate) const SUBSCRIBERS: usize = 10_000;
/// Those of them who want another supplier as well.
const FEW: usize = 100;
const FEW_WANT: &str = "local:bench:few";
const ROUNDS: usize = 9;
/// A quiet moment between two events.
const PAUSE: Duration = Duration::from_millis(300);
/// How long everything gets to settle before memory is read.
const SETTLING: Duration = Duration::from_secs(3);
/// A delivery may take 1.3 times the processor time of a bare one.
const DELIVERED: f64 = 0.77;
/// How long the last may wait, beside a task for each.
const LAST: f64 = 0.5;
/// Bytes of an idle subscriber beyond its connection, and its whole beside a bare connection.
const IDLE: f64 = 2_048.0;
const IDLE_OVER_TLS: f64 = 1.3;

/// What was seen of a server.
struct Seen {
    /// Processor time of all rounds, in seconds.
    worked: f64,
    /// How long it took to the last but one in a hundred, in each round; the same where few want the event.
    last: Vec<Duration>,
    last_of_few: Vec<Duration>,
    /// Bytes of each connection.
    memory: f64,
}

pub(crate) async fn measure(sums: &mut Sums) {
    make_room(SUBSCRIBERS);
    let workshop = opened().await;
    let json = event(&workshop).await;
    let tls = connector(&workshop.registry);
    let bare = yardstick(&workshop, &tls, LOOP, &json).await;
    let ours = registry(&workshop, &tls, json.len()).await;
    let tasks = yardstick(&workshop, &tls, TASKS, &json).await;
    let what = format!("one event to {SUBSCRIBERS} subscribers, by processor time, beside a bare loop over TLS");
    sums.ratio(&what, &[(ours.rate(), bare.rate())], "deliveries", Some(DELIVERED));
    for (what, mine, theirs) in [
        (format!("the same, until it is there, p99, beside {SUBSCRIBERS} tasks that filter"), &ours.last, &tasks.last),
        (format!("one that {FEW} of {SUBSCRIBERS} want, p99, beside the same"), &ours.last_of_few, &tasks.last_of_few),
    ] {
        sums.time_at_most(&what, percentile(mine, 50), percentile(theirs, 50), LAST);
    }
    sums.bytes("an idle subscriber, beyond what a bare TLS connection takes", ours.memory - bare.memory, IDLE);
    let bytes = |bytes: f64| (bytes, format!("{bytes:.0} bytes"));
    let what = "an idle subscriber over TLS, beside a bare TLS connection";
    sums.at_most(what, bytes(ours.memory), bytes(bare.memory), IDLE_OVER_TLS);
    sums.note(format!(
        "subscribers: {} bytes in each event, each with a filter of its own; {:.0} µs of processor time for a delivery, {:.0} by the loop, {:.0} by tasks",
        json.len(),
        1e6 / ours.rate(),
        1e6 / bare.rate(),
        1e6 / tasks.rate()
    ));
    sums.note(format!(
        "subscribers: by the bare loop, which neither filters nor commits anything, the last but one in a hundred has it after {:.1} ms: the subscribers \
         share the processors with the server",
        percentile(&bare.last, 50).as_secs_f64() * 1e3
    ));
}

async fn opened() -> Workshop {
    let workshop = Workshop::open("jp").await;
    let body = workshop.registry.party("cb-1");
    body.must("verdict-granted", verdict("V-all")).await;
    let few = json!({"supplier": {"id": FEW_WANT, "name": "Example Works", "country": "JP"}});
    body.must("verdict-granted", with(verdict("V-few"), few)).await;
    widen(&workshop).await;
    workshop
}

/// Starts it anew with room for all of them; it publishes as seldom as may be, for that is told to them as well.
pub(crate) async fn widen(workshop: &Workshop) {
    let (registry, node) = (&workshop.registry, &workshop.node);
    node.stop();
    // All come from one address and show no certificate, who leave a quarter to those who do.
    for limit in ["connections", "event_streams"] {
        registry.configure(&format!("{limit} = 10000"), &format!("{limit} = 13500"));
        registry.configure(&format!("{limit}_each = 2000"), &format!("{limit}_each = 13500"));
    }
    registry.configure("publish_interval_ms = 1000", "publish_interval_ms = 60000");
    node.start();
    registry.ready(|| node.check()).await;
}

/// An event as it is told.
pub(crate) async fn event(workshop: &Workshop) -> Vec<u8> {
    let client = workshop.registry.public();
    let mut events = Events::open(&client, "/v1/events?after=start&type=verdict", None).await.expect("a stream");
    match events.next().await {
        Some(Frame::Event { event, .. }) => event.to_string().into_bytes(),
        other => panic!("no event: {other:?}"),
    }
}

/// Everybody wants one supplier, and one that nobody else wants; few a third.
fn path(number: usize) -> String {
    let few = if number < FEW { format!("&supplier={FEW_WANT}") } else { String::new() };
    format!("/v1/events?supplier={SUPPLIER}&supplier=local:bench:{number}{few}")
}

/// All of them, and how many bytes each of the later half takes of a server whose memory is `resident`. What the first ones needed for a
/// moment, such as handshakes, serves the later ones as well and is not counted, neither for us nor against us.
async fn gathered(tls: &TlsConnector, address: SocketAddr, resident: impl Fn() -> u64) -> (Connected, f64) {
    let mut connected = Connected::default();
    connected.fill(tls, address, SUBSCRIBERS / 2, path).await;
    tokio::time::sleep(SETTLING).await;
    let half = resident();
    connected.fill(tls, address, SUBSCRIBERS, path).await;
    tokio::time::sleep(SETTLING).await;
    (connected, resident().saturating_sub(half) as f64 / (SUBSCRIBERS - SUBSCRIBERS / 2) as f64)
}

async fn registry(workshop: &Workshop, tls: &TlsConnector, event: usize) -> Seen {
    let (node, address) = (&workshop.node, workshop.registry.config().http.listen);
    let resident = || node.memory().expect("Linux says how much").0;
    let (connected, memory) = gathered(tls, address, resident).await;
    let mut crowd = connected.listen(event * 3 / 4);
    let (id, body) = (node.id().expect("it runs").to_string(), workshop.registry.party("cb-1"));
    let mut seen = Seen::of(memory);
    for round in 0..ROUNDS {
        let changed = if round % 2 == 0 { "suspended" } else { "restored" };
        let say = async |verdict: &str| told(&body, verdict, changed).await;
        seen.round(&mut crowd, &id, async || say("V-all").await, Some(async || say("V-few").await)).await;
    }
    seen
}

async fn told(body: &Party, verdict: &str, changed: &str) {
    body.must("verdict-changed", change(verdict, json!(changed))).await;
}

async fn yardstick(workshop: &Workshop, tls: &TlsConnector, kind: &str, json: &[u8]) -> Seen {
    let server = FanOut::start(&workshop.registry, &workshop.file(kind), kind, json).await;
    let (connected, memory) = gathered(tls, server.address, || server.memory()).await;
    let mut seen = Seen::of(memory);
    let mut crowd = connected.listen(json.len() * 3 / 4);
    let (id, server) = (server.id().to_string(), tokio::sync::Mutex::new(server));
    for _ in 0..ROUNDS {
        let say = async |supplier: &str| server.lock().await.tell(supplier).await;
        // The loop knows no filters.
        let few = (kind == TASKS).then_some(async || say(FEW_WANT).await);
        seen.round(&mut crowd, &id, async || say(SUPPLIER).await, few).await;
    }
    seen
}

impl Seen {
    fn of(memory: f64) -> Self {
        Self { worked: 0.0, last: Vec::new(), last_of_few: Vec::new(), memory }
    }

    /// Deliveries for each second of processor time.
    fn rate(&self) -> f64 {
        (SUBSCRIBERS * ROUNDS) as f64 / self.worked
    }

    /// An event to all, and one to few.
    async fn round(&mut self, crowd: &mut Crowd, process: &str, all: impl AsyncFn(), few: Option<impl AsyncFn()>) {
        tokio::time::sleep(PAUSE).await;
        let (before, round, began) = (worked_by(process), crowd.begin(), Instant::now());
        all().await;
        let at = crowd.arrived(round, SUBSCRIBERS).await;
        let worked = worked_by(process).expect("Linux says how much") - before.expect("Linux says how much");
        self.worked += worked as f64 / 100.0;
        self.last.push(last(&at, began));
        let Some(few) = few else { return };
        tokio::time::sleep(PAUSE).await;
        let (round, began) = (crowd.begin(), Instant::now());
        few().await;
        self.last_of_few.push(last(&crowd.arrived(round, FEW).await, began));
    }
}

/// How long it took until it was there, p99.
fn last(at: &[Instant], began: Instant) -> Duration {
    percentile(&at.iter().map(|at| at.saturating_duration_since(began)).collect::<Vec<_>>(), 99)
}
