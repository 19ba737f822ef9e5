//! The machine's own floor: what it takes at the least to accept a statement for good. A signature must be checked, and
//! the batch must be synced; whichever is slower is as fast as anybody can be.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::{self, available_parallelism};
use std::time::{Duration, Instant};

use ledger::key::{Algorithm, SigningKey};

/// How long each of the two is measured in a round.
const SPAN: Duration = Duration::from_millis(300);

/// Both limits, in statements per second.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Floor {
    /// Signatures checked on all cores.
    pub(crate) signatures: f64,
    /// Statements synced, in batches like those that were seen.
    pub(crate) syncs: f64,
}

impl Floor {
    /// Measures now: signatures like those of `message`, syncs of `bytes` with `statements` each, in a file at `path`.
    pub(crate) fn measure(message: &[u8], path: &Path, bytes: usize, statements: f64) -> Self {
        Self { signatures: signatures(message), syncs: syncs(path, bytes) * statements }
    }

    /// The middle between two measurements, one before and one after what is compared with them.
    pub(crate) fn between(before: Self, after: Self) -> Self {
        Self {
            signatures: f64::midpoint(before.signatures, after.signatures),
            syncs: f64::midpoint(before.syncs, after.syncs),
        }
    }

    /// The lower one.
    pub(crate) fn lower(self) -> f64 {
        self.signatures.min(self.syncs)
    }

    /// Which one it is.
    pub(crate) fn binds(self) -> &'static str {
        if self.signatures < self.syncs { "signatures" } else { "syncs" }
    }
}

fn signatures(message: &[u8]) -> f64 {
    let key = SigningKey::generate(Algorithm::Ed25519).expect("a key");
    let signature = key.sign(message).expect("a signature");
    let (done, count) = (AtomicBool::new(false), AtomicU64::new(0));
    let began = Instant::now();
    thread::scope(|scope| {
        for _ in 0..available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                while !done.load(Ordering::Relaxed) {
                    key.public_key().verify(message, &signature).expect("it verifies");
                    count.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        thread::sleep(SPAN);
        done.store(true, Ordering::Relaxed);
    });
    count.load(Ordering::Relaxed) as f64 / began.elapsed().as_secs_f64()
}

/// Appends and syncs, like the journal: a record at the end of a file that grows.
fn syncs(path: &Path, bytes: usize) -> f64 {
    let mut file: File = OpenOptions::new().create(true).append(true).open(path).expect("a file");
    let record = vec![7; bytes];
    let (began, mut count) = (Instant::now(), 0_u64);
    while began.elapsed() < SPAN {
        file.write_all(&record).expect("it is written");
        file.sync_data().expect("it is synced");
        count += 1;
    }
    let rate = count as f64 / began.elapsed().as_secs_f64();
    file.set_len(0).expect("it is cut");
    rate
}
