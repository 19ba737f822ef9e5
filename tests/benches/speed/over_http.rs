//! The same over real connections: mTLS, kept alive, each with one request under way; the registry is a process of its
//! own, and shares the machine with whoever submits.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use registry_node::client::Connection;
use tests::party::{JOSE, STATEMENTS};
use tests::{Party, Registry};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::floor::Floor;
use crate::ingest::{ROUNDS, ROWS, describe};
use crate::sums::Sums;
use crate::workshop::{Batch, Taken, Workshop, grants};

/// Handshakes under way at once, when connections are opened.
const HANDSHAKES: usize = 16;
/// How long the registry gets after a round.
const SETTLING: Duration = Duration::from_secs(1);

pub(crate) async fn measure(sums: &mut Sums) {
    let workshop = Workshop::open("jp").await;
    let body = workshop.registry.party("cb-1");
    for (submitters, count, _) in ROWS {
        let connections = connect(&body, submitters).await;
        let (mut rounds, mut seen) = (Vec::new(), Vec::new());
        // What batches are like is known after a first round.
        let (mut connections, _, mut batch) = round(&workshop.registry, connections, grants(&body, count / 4)).await;
        for _ in 0..ROUNDS {
            let statements = grants(&body, count);
            let message = statements[0].clone();
            let floor = |batch: Batch| Floor::measure(&message, &workshop.file("floor"), batch.bytes, batch.statements);
            let before = floor(batch);
            let rate;
            (connections, rate, batch) = round(&workshop.registry, connections, statements).await;
            // The registry's process writes its index behind us.
            tokio::time::sleep(SETTLING).await;
            let floor = Floor::between(before, floor(batch));
            rounds.push((rate, floor.lower()));
            seen.push((batch, floor));
        }
        sums.ratio(&format!("ingest, {submitters} submitters, over mTLS"), &rounds, "statements", None);
        sums.note(format!("over mTLS, {}", describe(submitters, &seen)));
    }
}

async fn connect(body: &Arc<Party>, count: usize) -> Vec<Connection> {
    let places = Arc::new(Semaphore::new(HANDSHAKES));
    let mut tasks = JoinSet::new();
    for _ in 0..count {
        let (body, places) = (Arc::clone(body), Arc::clone(&places));
        tasks.spawn(async move {
            let _place = places.acquire().await.expect("a place");
            body.connect().await.expect("a connection")
        });
    }
    tasks.join_all().await
}

async fn round(
    registry: &Registry,
    connections: Vec<Connection>,
    statements: Vec<Bytes>,
) -> (Vec<Connection>, f64, Batch) {
    let count = statements.len();
    let (statements, next) = (Arc::new(statements), Arc::new(AtomicUsize::new(0)));
    let before = taken(registry).await;
    let began = Instant::now();
    let mut tasks = JoinSet::new();
    for mut connection in connections {
        let (statements, next) = (Arc::clone(&statements), Arc::clone(&next));
        tasks.spawn(async move {
            while let Some(statement) = statements.get(next.fetch_add(1, Ordering::Relaxed)) {
                connection.post(STATEMENTS, JOSE, statement.clone()).await.expect("it is taken");
            }
            connection
        });
    }
    let connections = tasks.join_all().await;
    let rate = count as f64 / began.elapsed().as_secs_f64();
    (connections, rate, taken(registry).await.since(before, count))
}

async fn taken(registry: &Registry) -> Taken {
    let mut connection = registry.public().connect().await.expect("a connection");
    let metrics = connection.get("/metrics").await.expect("metrics");
    Taken::now(std::str::from_utf8(&metrics).expect("text"), &registry.folder().journal())
}
