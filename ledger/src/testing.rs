//! What several tests need: vectors from outside, keys, small logs.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

pub(crate) use test_data::fragile::{Fault, FragileDisk, Random, losses};

use crate::disk::{Disk, RealDisk};
use crate::entry::Kind;
use crate::journal::{self, FileJournal, Options};
use crate::key::{Algorithm, SigningKey};
use crate::log::{Draft, Log, OpenError};
use crate::note::NoteSigner;
use bytes::Bytes;
use std::fs::File;
use std::io;
use std::path::Path;
use std::sync::{Arc, OnceLock};

pub(crate) const ORIGIN: &str = "jp.registry.example";

/// A key that is the same for the whole run, so that a log can be opened again.
pub(crate) fn signer() -> NoteSigner {
    static PEM: OnceLock<String> = OnceLock::new();
    let pem = PEM.get_or_init(|| SigningKey::generate(Algorithm::Ed25519).unwrap().to_pem().unwrap().to_string());
    NoteSigner::new(ORIGIN, SigningKey::from_pem(pem).unwrap()).unwrap()
}

pub(crate) fn genesis() -> Draft {
    Draft { kind: Kind::Genesis, statement: Bytes::from_static(b"genesis"), attachments: Vec::new() }
}

/// A statement of `text`.
pub(crate) fn draft(text: impl Into<String>) -> Draft {
    Draft::statement(Bytes::from(text.into()))
}

/// The machine's disk without waiting for it: for tests in which no power is cut.
#[derive(Debug, Default)]
pub(crate) struct HastyDisk;

impl Disk for HastyDisk {
    fn sync(&self, _: &File) -> io::Result<()> {
        Ok(())
    }

    fn sync_dir(&self, _: &Path) -> io::Result<()> {
        Ok(())
    }
}

/// Opens the log in `dir`, or creates it.
pub(crate) fn log(dir: &Path) -> Log {
    log_on(dir, Options::default(), Arc::new(RealDisk)).unwrap()
}

/// As [`log`], with more to choose, and failing if that fails.
pub(crate) fn log_on(dir: &Path, options: Options, disk: Arc<dyn Disk>) -> Result<Log, OpenError> {
    let journal = || journal_on(dir, options, &disk);
    match Log::open(journal()?, signer()) {
        Err(OpenError::Empty(_)) => Log::create(journal()?, signer(), 1_000, genesis()).map(|(log, _)| log),
        other => other,
    }
}

/// Another test's child process holds every lock of this process until it has begun its own program: wait for that.
pub(crate) fn journal_on(dir: &Path, options: Options, disk: &Arc<dyn Disk>) -> Result<FileJournal, OpenError> {
    for _ in 0..50 {
        match FileJournal::open_on(dir, options, Arc::clone(disk)) {
            Err(journal::OpenError::Locked(_)) => std::thread::sleep(std::time::Duration::from_millis(4)),
            other => return other.map_err(OpenError::from),
        }
    }
    Ok(FileJournal::open_on(dir, options, Arc::clone(disk))?)
}

impl Disk for FragileDisk {
    fn create(&self, path: &Path, mode: u32) -> io::Result<File> {
        Self::create(self, path, mode)
    }

    fn write_at(&self, file: &File, bytes: &[u8], offset: u64) -> io::Result<()> {
        Self::write_at(self, file, bytes, offset)
    }

    fn sync(&self, file: &File) -> io::Result<()> {
        Self::sync(self, file)
    }

    fn truncate(&self, file: &File, len: u64) -> io::Result<()> {
        Self::truncate(self, file, len)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        Self::rename(self, from, to)
    }

    fn link(&self, from: &Path, to: &Path) -> io::Result<()> {
        Self::link(self, from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        Self::remove(self, path)
    }

    fn create_dir(&self, path: &Path, mode: u32) -> io::Result<()> {
        Self::create_dir(self, path, mode)
    }

    fn remove_tree(&self, path: &Path) -> io::Result<()> {
        Self::remove_tree(self, path)
    }

    fn sync_dir(&self, dir: &Path) -> io::Result<()> {
        Self::sync_dir(self, dir)
    }
}
