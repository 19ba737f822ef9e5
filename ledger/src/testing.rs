//! What several tests need: vectors from outside, keys, small logs.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod fragile;

pub(crate) use fragile::{Fault, FragileDisk, Random};

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
