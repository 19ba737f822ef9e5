//! A revoked certificate ends every kind of connection that it opened, whoever held it, and nobody else's.

use std::time::Duration;

use certs::ClientFiles;
use tests::{Events, Federation, Party, Plain, Registry};

/// Measured: half a second until a revocation is read, milliseconds until the connection is gone. Machines are busy.
const CUT: Duration = Duration::from_secs(4);
/// How long a connection must live on to be believed.
const ALIVE: Duration = Duration::from_millis(700);

/// The connection on which nothing is asked at the moment.
const IDLE: &str = "idle";

/// One connection of each kind over HTTPS. The three that carry events are written by three different pieces of code: HTTP/2, HTTP/1.1, and
/// the task that has a connection for itself where the stream was asked for first.
struct Open {
    idle: Plain,
    first: Plain,
    second: Plain,
    multiplexed: Events,
}

impl Open {
    async fn all(registry: &Registry, party: &Party) -> Open {
        let dial = async || Plain::dial(registry, Some(files(party))).await;
        let mut open = Open {
            idle: dial().await,
            first: dial().await,
            second: dial().await,
            multiplexed: Events::open(&party.client(), "/v1/events", None).await.unwrap(),
        };
        assert_eq!(open.idle.ask("/v1/parties").await, 200);
        assert_eq!(open.first.ask("/v1/events").await, 200);
        assert_eq!(open.second.ask("/v1/parties").await, 200);
        assert_eq!(open.second.ask("/v1/events").await, 200);
        open
    }

    /// Which of them ended within the time.
    async fn ended(&mut self, wait: Duration) -> [(&'static str, bool); 4] {
        let multiplexed = async {
            loop {
                match self.multiplexed.within(wait).await {
                    Some(Some(_)) => {}
                    Some(None) => return true,
                    None => return false,
                }
            }
        };
        let (idle, first, second, multiplexed) =
            tokio::join!(self.idle.ended(wait), self.first.ended(wait), self.second.ended(wait), multiplexed);
        [(IDLE, idle), ("stream first", first), ("stream second", second), ("stream over HTTP/2", multiplexed)]
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_kind_of_connection_of_a_revoked_certificate_ends_and_no_other() {
    let federation = Federation::start(&["jp"]).await;
    let jp = federation.registry("jp");
    let (body, buyer) = (jp.party("cb-1"), jp.party("buyer-1"));
    let mut anybody = Plain::dial(jp, None).await;
    assert_eq!(anybody.ask("/v1/events").await, 200);
    let (mut of_body, mut of_buyer) = (Open::all(jp, &body).await, Open::all(jp, &buyer).await);
    for idle in [&mut of_body.idle, &mut of_buyer.idle] {
        assert_eq!(idle.ask("/v1/parties").await, 200, "until then it is answered");
    }
    jp.revoke("certification-body/cb-1");
    for (kind, ended) in of_body.ended(CUT).await {
        assert!(ended, "the body's connection lives on: {kind}");
    }
    for (kind, ended) in of_buyer.ended(ALIVE).await {
        // One on which nothing is asked ends after a while by itself.
        assert!(!ended || kind == IDLE, "the buyer was cut with the body: {kind}");
    }
    jp.revoke("buyer/buyer-1");
    for (kind, ended) in of_buyer.ended(CUT).await {
        assert!(ended, "the buyer's connection lives on: {kind}");
    }
    assert!(!anybody.ended(ALIVE).await, "whoever reads as anybody was cut");
}

fn files(party: &Party) -> ClientFiles {
    let (certificate, key) = party.credentials().tls();
    ClientFiles { certificate, key }
}
