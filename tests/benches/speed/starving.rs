//! Very many events at once to very many subscribers, each of whom wants ten of them; and how long one who waits for something else waits
//! meanwhile, beside what it waits when it is quiet.

use std::time::{Duration, Instant};

use serde_json::json;
use tests::claims::{day, verdict, with};
use tests::events::Frame;
use tests::{Events, Party, Registry};
use tokio::sync::mpsc;

use crate::crowd::{Connected, make_room};
use crate::look_up::connector;
use crate::readers::{SUBSCRIBERS, event, widen};
use crate::sums::{Sums, percentile};
use crate::workshop::{Workshop, next_grant};

/// Verdicts, each on a supplier of its own, and how many of them a subscriber watches.
const VERDICTS: usize = 100_000;
const WATCHED: usize = VERDICTS / SUBSCRIBERS;
/// Live events while it is quiet.
const QUIET: usize = 200;
const PAUSE: Duration = Duration::from_millis(30);
/// How much longer a live event may take meanwhile, p99.
const STARVED: f64 = 5.0;

pub(crate) async fn measure(sums: &mut Sums) {
    make_room(SUBSCRIBERS);
    let first = next_grant();
    let workshop = Workshop::filled(VERDICTS, "V-last").await;
    widen(&workshop).await;
    let (jp, address) = (&workshop.registry, workshop.registry.config().http.listen);
    let watched = |number: usize| {
        let suppliers = (0..WATCHED).map(|one| format!("supplier=local:bench:{}", first + number * WATCHED + one));
        format!("/v1/events?{}", suppliers.collect::<Vec<_>>().join("&"))
    };
    let mut connected = Connected::default();
    connected.fill(&connector(jp), address, SUBSCRIBERS, watched).await;
    // An event of the cascade has at least what a grant has: with nine tenths of so many bytes all but the last are there.
    let mut crowd = connected.listen(event(&workshop).await.len() * WATCHED * 9 / 10);
    let body = jp.party("cb-1");
    let mut live = Live::listen(jp).await;
    for _ in 0..QUIET {
        live.event(&body).await;
    }
    let quiet = std::mem::take(&mut live.waited);
    let (round, began) = (crowd.begin(), Instant::now());
    let claim = json!({"scheme": "stars@1", "by": "moons@1", "until": day(90)});
    jp.party("ministry").must("scheme-replaced", claim).await;
    let drained = {
        let arriving = crowd.arrived(round, SUBSCRIBERS);
        tokio::pin!(arriving);
        loop {
            tokio::select! {
                at = &mut arriving => break at,
                () = live.event(&body) => {}
            }
        }
    };
    let took = drained.iter().max().map(|last| last.saturating_duration_since(began)).unwrap_or_default();
    sums.duration(&format!("{VERDICTS} events at once are with {SUBSCRIBERS} subscribers, {WATCHED} each"), took, None);
    let what = "a live event meanwhile, stated → there, p99, beside when it is quiet";
    sums.time_at_most(what, percentile(&live.waited, 99), percentile(&quiet, 99), STARVED);
    sums.note(format!(
        "cascade to subscribers: {} live events when it was quiet, {} meanwhile",
        QUIET,
        live.waited.len()
    ));
}

/// One who waits for verdicts under another scheme.
struct Live {
    arrivals: mpsc::UnboundedReceiver<Instant>,
    waited: Vec<Duration>,
    given: usize,
}

impl Live {
    async fn listen(registry: &Registry) -> Self {
        let client = registry.public();
        let mut events = Events::open(&client, "/v1/events?scheme=moons", None).await.expect("a stream");
        // The first checkpoint: from now on it is told.
        assert!(
            matches!(events.next().await, Some(Frame::Checkpoint(_))),
            "a stream begins with the newest checkpoint"
        );
        let (sender, arrivals) = mpsc::unbounded_channel();
        tokio::spawn(async move {
            while let Some(frame) = events.next().await {
                if matches!(frame, Frame::Event { .. }) && sender.send(Instant::now()).is_err() {
                    return;
                }
            }
        });
        Self { arrivals, waited: Vec::new(), given: 0 }
    }

    /// A live event, from when it is stated until it is there: it may wait for its place in the log as well.
    async fn event(&mut self, body: &Party) {
        let claim = with(verdict(&format!("L-{}", self.given)), json!({"scheme": "moons@1"}));
        self.given += 1;
        let stated = Instant::now();
        body.must("verdict-granted", claim).await;
        let at = self.arrivals.recv().await.expect("it listens");
        self.waited.push(at.saturating_duration_since(stated));
        tokio::time::sleep(PAUSE).await;
    }
}
