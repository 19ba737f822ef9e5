//! Durable, verified ingest through `Registry::submit`, in process: parse, check the signature, decide, commit, sync,
//! acknowledge; by several submitters at once, each of whom waits for its acknowledgement.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use bytes::Bytes;
use certs::Speaker;
use registry_node::clock::SystemClock;
use registry_node::core::registry::Registry;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use tests::Party;
use tokio::task::JoinSet;

use crate::floor::Floor;
use crate::sums::{Sums, median};
use crate::workshop::{Batch, Taken, Workshop, grants, quiet, worked};

/// Submitters at once, statements in a round, and the ratio that is aimed at.
pub(crate) const ROWS: [(usize, usize, Option<f64>); 3] =
    [(1, 2_000, None), (64, 12_000, Some(0.5)), (1_024, 12_000, None)];
pub(crate) const ROUNDS: usize = 7;
/// Submitters, statements in a round, and the least ratio that is aimed at, where the state map is compared with none.
const MAP_ROW: (usize, usize) = (64, 12_000);
const MAP_AIM: f64 = 0.5;

pub(crate) async fn measure(sums: &mut Sums) {
    let workshop = Workshop::open("jp").await;
    workshop.node.stop();
    let registry = Registry::open(workshop.registry.folder().clone(), SystemClock::shared(), trial);
    let registry = registry.expect("the registry opens");
    let body = workshop.registry.party("cb-1");
    let speaker = Arc::new(speaker(&body, &registry));
    for (submitters, count, aim) in ROWS {
        let (mut rounds, mut seen, mut work) = (Vec::new(), Vec::new(), Vec::new());
        // What batches are like is known after a first round.
        let (_, mut batch) = round(&registry, &speaker, grants(&body, count / 4), submitters).await;
        for _ in 0..ROUNDS {
            let statements = grants(&body, count);
            let message = statements[0].clone();
            let floor = |batch: Batch| Floor::measure(&message, &workshop.file("floor"), batch.bytes, batch.statements);
            let (before, began) = (floor(batch), worked());
            let rate;
            (rate, batch) = round(&registry, &speaker, statements, submitters).await;
            work.extend(microseconds_each(began, count));
            quiet().await;
            let floor = Floor::between(before, floor(batch));
            rounds.push((rate, floor.lower()));
            seen.push((batch, floor));
        }
        sums.ratio(&format!("ingest, {submitters} submitters, in process"), &rounds, "statements", aim);
        let note = describe(submitters, &seen);
        sums.note(format!("{note}; {:.0} µs of processor time for each until the last was acknowledged", median(work)));
    }
    with_and_without_map(sums, &registry, &speaker, &body).await;
}

/// The same beside a registry whose state map takes nothing in. What counts are acknowledgements, behind which the map comes
/// when it can; and the processor time until all is done, which is what they cost when they never end.
async fn with_and_without_map(sums: &mut Sums, registry: &Arc<Registry>, speaker: &Arc<Speaker>, body: &Party) {
    let (other, (submitters, count)) = (Workshop::open("jp").await, MAP_ROW);
    other.node.stop();
    let without = Registry::open_with_failed_map(other.registry.folder().clone(), SystemClock::shared(), trial);
    let (without, other_body) = (without.expect("the registry opens"), other.registry.party("cb-1"));
    let other_speaker = Arc::new(self::speaker(&other_body, &without));
    let (mut acknowledged, mut work) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let ours = cost(registry, speaker, grants(body, count), submitters).await;
        let yardstick = cost(&without, &other_speaker, grants(&other_body, count), submitters).await;
        acknowledged.push((ours.0, yardstick.0));
        work.extend(ours.1.zip(yardstick.1));
    }
    let what = format!("ingest of new verdicts, {submitters} submitters, beside the same without state map");
    sums.ratio(&what, &acknowledged, "statements", Some(MAP_AIM));
    let per_second: Vec<_> = work.iter().map(|(ours, yardstick)| (1e6 / ours, 1e6 / yardstick)).collect();
    let what = "the same by processor time, until the map has come after";
    sums.ratio(what, &per_second, "statements of one processor", Some(MAP_AIM));
    let each = "each an open verdict on a supplier of whom nothing was known, so one output of the VRF and two labels";
    sums.note(format!("new verdicts: {each}"));
}

/// Acknowledgements per second, and the microseconds of processor time for each statement until nothing is left to do.
async fn cost(
    registry: &Arc<Registry>,
    speaker: &Arc<Speaker>,
    statements: Vec<Bytes>,
    submitters: usize,
) -> (f64, Option<f64>) {
    let (count, began) = (statements.len(), worked());
    let (rate, _) = round(registry, speaker, statements, submitters).await;
    // One that failed has nothing to come after with.
    let _ = registry.map.caught_up().await;
    quiet().await;
    (rate, microseconds_each(began, count))
}

fn microseconds_each(began: Option<u64>, count: usize) -> Option<f64> {
    worked().zip(began).map(|(ended, began)| (ended - began) as f64 * 10_000.0 / count as f64)
}

fn trial(path: &std::path::Path) -> bool {
    registry_node::index::check(path).is_ok()
}

async fn round(
    registry: &Arc<Registry>,
    speaker: &Arc<Speaker>,
    statements: Vec<Bytes>,
    submitters: usize,
) -> (f64, Batch) {
    let count = statements.len();
    let (statements, next) = (Arc::new(statements), Arc::new(AtomicUsize::new(0)));
    let before = taken(registry);
    let began = Instant::now();
    let mut tasks = JoinSet::new();
    for _ in 0..submitters {
        let (registry, speaker) = (Arc::clone(registry), Arc::clone(speaker));
        let (statements, next) = (Arc::clone(&statements), Arc::clone(&next));
        tasks.spawn(async move {
            while let Some(statement) = statements.get(next.fetch_add(1, Ordering::Relaxed)) {
                registry.submit(statement.clone(), Vec::new(), &speaker).await.expect("it is taken");
            }
        });
    }
    while let Some(ended) = tasks.join_next().await {
        ended.expect("submitters do not fail");
    }
    let rate = count as f64 / began.elapsed().as_secs_f64();
    (rate, taken(registry).since(before, count))
}

fn taken(registry: &Registry) -> Taken {
    Taken::now(&registry.metrics.render().expect("metrics"), &registry.folder.journal())
}

/// Whom the body's connection would speak for.
fn speaker(body: &Party, registry: &Registry) -> Speaker {
    let certificate = CertificateDer::from_pem_file(body.credentials().tls().0).expect("a certificate");
    Speaker::read(&certificate, &registry.config.registry.origin).expect("it speaks for the body")
}

/// What a batch was like, and which limit of the machine binds.
pub(crate) fn describe(submitters: usize, seen: &[(Batch, Floor)]) -> String {
    let middle = |pick: fn(&(Batch, Floor)) -> f64| median(seen.iter().map(pick).collect());
    let (statements, bytes) = (middle(|(batch, _)| batch.statements), middle(|(batch, _)| batch.bytes as f64));
    let (signatures, syncs) = (middle(|(_, floor)| floor.signatures), middle(|(_, floor)| floor.syncs));
    let binds = Floor { signatures, syncs }.binds();
    format!(
        "{submitters} submitters: batches of {statements:.1} statements and {bytes:.0} bytes; the floor is the lower of \
         {signatures:.0} signatures/s and {syncs:.0} statements synced/s: {binds}"
    )
}
