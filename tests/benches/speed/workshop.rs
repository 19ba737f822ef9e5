//! A furnished registry to measure on, and statements to feed it with.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::{self, available_parallelism};
use std::time::Duration;

use bytes::Bytes;
use serde_json::{Value, json};
use tempfile::TempDir;
use tests::{Node, Party, Registry, claims};

/// Beside what cargo builds, so that it lies on a disk like other data, and not in memory like some folders of temporary
/// files.
const PLACE: &str = env!("CARGO_TARGET_TMPDIR");

/// A registry, served by a process of its own. When this goes, all of it goes.
pub(crate) struct Workshop {
    // Dropped first: nothing may write into a folder that goes.
    pub(crate) node: Node,
    pub(crate) registry: Registry,
    folder: TempDir,
}

impl Workshop {
    /// Makes, serves and furnishes a registry.
    pub(crate) async fn open(id: &str) -> Self {
        std::fs::create_dir_all(PLACE).expect("a place");
        let folder = tempfile::tempdir_in(PLACE).expect("a folder");
        let registry = Registry::create(folder.path(), id);
        let node = Node::new(vec![registry.folder().path().to_owned()], folder.path().join("node.log"));
        node.start();
        registry.ready(|| node.check()).await;
        registry.furnish().await;
        Self { node, registry, folder }
    }

    /// The same, with so many verdicts that one has to be found, and one of them under this id.
    pub(crate) async fn filled(count: usize, verdict: &str) -> Self {
        let workshop = Self::open("jp").await;
        let body = workshop.registry.party("cb-1");
        for lines in grants(&body, count).chunks(1_000) {
            workshop.registry.bulk(&body, lines).await;
        }
        body.must("verdict-granted", claims::verdict(verdict)).await;
        workshop
    }

    /// A file of ours on the same disk.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
}

/// How many verdicts were signed so far.
static GIVEN: AtomicUsize = AtomicUsize::new(0);

/// The number of the verdict that [`grants`] signs next: `V-<number>`, on the supplier `local:bench:<number>`.
pub(crate) fn next_grant() -> usize {
    GIVEN.load(Ordering::Relaxed)
}

/// Signs verdicts, each under an id of its own; what signing costs is the submitter's.
pub(crate) fn grants(body: &Party, count: usize) -> Vec<Bytes> {
    let first = GIVEN.fetch_add(count, Ordering::Relaxed);
    let cores = available_parallelism().map_or(1, usize::from);
    let sign = |number: usize| body.sign("verdict-granted", grant(number));
    thread::scope(|scope| {
        let part = |core: usize| (first..first + count).skip(core).step_by(cores).map(sign).collect::<Vec<_>>();
        let signing: Vec<_> = (0..cores).map(|core| scope.spawn(move || part(core))).collect();
        signing.into_iter().flat_map(|part| part.join().expect("statements are signed")).collect()
    })
}

/// Each on another supplier.
fn grant(number: usize) -> Value {
    let supplier = json!({"id": format!("local:bench:{number}"), "name": "Example Works", "country": "JP"});
    claims::with(claims::verdict(&format!("V-{number}")), json!({"supplier": supplier}))
}

/// Waits until this process has nothing left to do: what is written behind the acknowledgements would slow down whatever is
/// measured next. Where nobody says how much a process did, a moment has to do.
pub(crate) async fn quiet() {
    for _ in 0..100 {
        let before = worked();
        tokio::time::sleep(Duration::from_millis(100)).await;
        if worked() == before && before.is_some() {
            return;
        }
    }
}

/// Processor time that this process has used, in hundredths of a second: what Linux calls a tick.
pub(crate) fn worked() -> Option<u64> {
    worked_by("self")
}

/// The same of another process.
pub(crate) fn worked_by(process: &str) -> Option<u64> {
    let text = std::fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    let fields: Vec<&str> = text.rsplit(')').next()?.split_whitespace().collect();
    Some(fields.get(11)?.parse::<u64>().ok()? + fields.get(12)?.parse::<u64>().ok()?)
}

/// What the journal has taken so far.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Taken {
    commits: f64,
    bytes: u64,
}

/// A batch as it was on average.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Batch {
    pub(crate) statements: f64,
    pub(crate) bytes: usize,
}

impl Taken {
    /// By the registry's own metrics and the size of its journal.
    pub(crate) fn now(metrics: &str, journal: &Path) -> Self {
        let counted = |name: &str| metrics.lines().find_map(|line| line.strip_prefix(name)?.trim().parse().ok());
        let files = std::fs::read_dir(journal).expect("the journal is there").flatten();
        let sizes = files.filter_map(|file| file.metadata().ok()).map(|about| about.len());
        Self { commits: counted("registry_batch_statements_count ").unwrap_or_default(), bytes: sizes.sum() }
    }

    /// The average batch since `before`, in which so many statements were taken.
    pub(crate) fn since(self, before: Self, statements: usize) -> Batch {
        let commits = (self.commits - before.commits).max(1.0);
        let bytes = (self.bytes - before.bytes) as f64 / commits;
        Batch { statements: statements as f64 / commits, bytes: bytes.round() as usize }
    }
}
