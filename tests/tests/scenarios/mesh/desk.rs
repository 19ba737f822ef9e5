//! A desk at a registry: what is said there is submitted in order, and again until it is acknowledged, whatever happens to the
//! process meanwhile.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use registry_node::client::ClientError;
use serde_json::Value;
use tests::{Party, Registry};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

/// How long a registry may be away.
const AWAY: Duration = Duration::from_secs(240);
/// The pause before it is tried again.
const AGAIN: Duration = Duration::from_millis(100);

pub(super) struct Desk {
    registry: Arc<Registry>,
    lines: UnboundedSender<(Arc<Party>, Bytes)>,
    // With the desk goes who carries.
    carrier: JoinSet<()>,
    /// Statements so far.
    pub(super) said: usize,
}

impl Desk {
    pub(super) fn open(registry: &Arc<Registry>) -> Desk {
        let (lines, waiting) = unbounded_channel();
        let mut carrier = JoinSet::new();
        carrier.spawn(carry(waiting));
        Desk { registry: Arc::clone(registry), lines, carrier, said: 0 }
    }

    /// Signs now, and has it submitted after all that was said before.
    pub(super) fn say(&mut self, party: &str, kind: &str, claim: Value) {
        let party = if party == "operator" { self.registry.operator() } else { self.registry.party(party) };
        let line = party.sign(kind, claim);
        self.lines.send((party, line)).expect("the desk is open");
        self.said += 1;
    }

    /// Waits until all of it is acknowledged; gives how much that is.
    pub(super) async fn close(mut self) -> usize {
        drop(self.lines);
        self.carrier.join_next().await.expect("somebody carries").expect("everything was taken");
        self.said
    }
}

async fn carry(mut waiting: UnboundedReceiver<(Arc<Party>, Bytes)>) {
    while let Some((party, line)) = waiting.recv().await {
        acknowledged(&party, &line).await;
    }
}

async fn acknowledged(party: &Party, line: &Bytes) {
    let deadline = Instant::now() + AWAY;
    while let Err(error) = party.send(line.clone()).await {
        let refused = matches!(error, ClientError::Problem { status: 400..500, .. });
        assert!(!refused && Instant::now() < deadline, "{error}: {}", String::from_utf8_lossy(line));
        sleep(AGAIN).await;
    }
}
