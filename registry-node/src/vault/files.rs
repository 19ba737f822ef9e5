//! The two files of a vault: opened, watched while redb works on them, and opened again after a failure that left no doubt.
//!
//! redb does nothing more with a file once an operation on it failed, not even read. What follows depends on what failed:
//!
//! - *A sync*: nobody knows what is durable, and asking again would prove nothing. The vault is [uncertain](Health::is_uncertain)
//!   until the program starts again.
//! - *Anything else*, such as a write on a full disk: what was committed before is durable, and redb finds it when the file is opened
//!   again, which is done at the next use, at most once in [`PAUSE`].
//!
//! Out of scope: what is in the files.

use std::fmt;
use std::fs::OpenOptions;
use std::io;
use std::ops::Bound;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use ledger::disk::{Disk, RealDisk};
use ledger::files::PRIVATE;
use redb::backends::FileBackend;
use redb::{BackendError, Database, DatabaseError, StorageBackend};

/// Files are not opened again more often than this: redb reads all of them then.
const PAUSE: Duration = Duration::from_secs(1);

/// Where the files are: on the machine's disk, or on a test's.
pub(super) trait Storage: fmt::Debug + Send + Sync {
    /// Opens a file, or makes it.
    fn backend(&self, path: &Path) -> Result<Box<dyn StorageBackend>, DatabaseError>;

    /// How names are changed.
    fn disk(&self) -> &dyn Disk;

    /// The least time between two openings.
    fn pause(&self) -> Duration {
        PAUSE
    }
}

/// The machine's own disk.
#[derive(Debug)]
pub(super) struct OnDisk;

impl Storage for OnDisk {
    fn backend(&self, path: &Path) -> Result<Box<dyn StorageBackend>, DatabaseError> {
        let mut options = OpenOptions::new();
        let file = options.read(true).write(true).create(true).truncate(false).mode(PRIVATE).open(path)?;
        // After a failed sync the system shows bytes that the disk may not have, and takes them for written. What it holds in
        // memory is read from the disk again; where it does not do that, nothing is worse than before.
        if let Err(error) = rustix::fs::fadvise(&file, 0, None, rustix::fs::Advice::DontNeed) {
            let path = path.display();
            tracing::warn!(%path, %error, "what the system holds of a file of the vault in memory could not be dropped");
        }
        Ok(Box::new(FileBackend::new(file)?))
    }

    fn disk(&self) -> &dyn Disk {
        &RealDisk
    }
}

/// What has gone wrong with the files.
#[derive(Debug, Default)]
pub(super) struct Health {
    failed: AtomicBool,
    uncertain: AtomicBool,
    stopped: AtomicBool,
}

impl Health {
    /// Whether a sync failed: nobody knows what is durable.
    pub(super) fn is_uncertain(&self) -> bool {
        self.uncertain.load(Ordering::Acquire)
    }

    /// Notes that a sync failed.
    pub(super) fn doubt(&self) {
        self.uncertain.store(true, Ordering::Release);
    }

    /// Whether nothing is stored any more: a sync failed here, or whoever else must not lose anything has stopped.
    pub(super) fn is_stopped(&self) -> bool {
        self.stopped.load(Ordering::Acquire) || self.is_uncertain()
    }

    /// Notes that nothing is to be stored any more; answers whether that is new.
    pub(super) fn stop(&self) -> bool {
        !self.stopped.swap(true, Ordering::AcqRel)
    }

    fn note<T, E>(&self, outcome: Result<T, E>) -> Result<T, E> {
        self.failed.fetch_or(outcome.is_err(), Ordering::AcqRel);
        outcome
    }
}

/// Both files, open.
#[derive(Debug, Clone)]
pub(super) struct Files {
    pub(super) values: Arc<Database>,
    pub(super) keys: Arc<Database>,
}

/// Where the files are, and how they are.
#[derive(Debug)]
pub(super) struct Place {
    pub(super) storage: Box<dyn Storage>,
    pub(super) health: Arc<Health>,
}

impl Place {
    pub(super) fn new(storage: Box<dyn Storage>) -> Self {
        Self { storage, health: Arc::default() }
    }

    /// Makes the names in a folder durable.
    pub(super) fn sync_dir(&self, folder: &Path) -> Result<(), redb::Error> {
        Ok(self.storage.disk().sync_dir(folder).inspect_err(|_| self.health.doubt())?)
    }

    /// The database at `path`, made if need be: under another name, for half of a new one would be taken for damage.
    pub(super) fn made(&self, path: &Path) -> Result<Database, redb::Error> {
        if !path.exists() {
            let new = path.with_added_extension("new");
            self.remove_if_present(&new)?;
            drop(self.database(&new)?);
            self.storage.disk().rename(&new, path)?;
        }
        self.database(path)
    }

    pub(super) fn remove_if_present(&self, path: &Path) -> Result<(), redb::Error> {
        Ok(ledger::files::remove_if_present(self.storage.disk(), path)?)
    }

    /// A database that is watched.
    pub(super) fn database(&self, path: &Path) -> Result<Database, redb::Error> {
        let backend = Watched { backend: self.storage.backend(path)?, health: Arc::clone(&self.health) };
        Ok(Database::builder().create_with_backend(backend)?)
    }
}

/// The files as they are used, one after the other.
#[derive(Debug, Default)]
pub(super) struct Desk {
    files: Option<Files>,
    opened: Option<Instant>,
}

impl Desk {
    /// The files, opened if they are not, or if something but a sync failed; nothing where that was tried a moment ago.
    ///
    /// # Errors
    /// What `open` gives.
    pub(super) fn files(
        &mut self,
        place: &Place,
        open: impl FnOnce() -> Result<Files, redb::Error>,
    ) -> Result<Option<Files>, redb::Error> {
        let failed = &place.health.failed;
        if failed.load(Ordering::Acquire) {
            // Before they are opened again, for they lock their files.
            self.files = None;
        }
        if self.files.is_none() {
            if self.opened.is_some_and(|opened| opened.elapsed() < place.storage.pause()) {
                return Ok(None);
            }
            self.opened = Some(Instant::now());
            failed.store(false, Ordering::Release);
            self.files = Some(open()?);
        }
        Ok(self.files.clone())
    }

    /// Puts another file of keys in the place of the one before.
    pub(super) fn replace_keys(&mut self, keys: Database) {
        if let Some(files) = &mut self.files {
            files.keys = Arc::new(keys);
        }
    }
}

/// A file of which every failure is noted.
#[derive(Debug)]
struct Watched {
    backend: Box<dyn StorageBackend>,
    health: Arc<Health>,
}

impl StorageBackend for Watched {
    fn len(&self) -> io::Result<u64> {
        self.health.note(self.backend.len())
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.health.note(self.backend.read(offset, out))
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.health.note(self.backend.set_len(len))
    }

    fn sync_data(&self) -> io::Result<()> {
        // Once one failed, another would tell nothing.
        if self.health.is_uncertain() {
            return Err(io::Error::other("an earlier sync failed"));
        }
        self.health.note(self.backend.sync_data()).inspect_err(|_| self.health.doubt())
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.health.note(self.backend.write(offset, data))
    }

    fn close(&self) -> io::Result<()> {
        self.backend.close()
    }

    fn try_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.backend.try_lock_range(start, end)
    }

    fn try_lock_shared_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.backend.try_lock_shared_range(start, end)
    }

    fn lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.backend.lock_range(start, end)
    }

    fn lock_shared_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.backend.lock_shared_range(start, end)
    }

    fn unlock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.backend.unlock_range(start, end)
    }

    fn query_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.backend.query_lock_range(start, end)
    }
}
