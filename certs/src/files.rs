//! Files as this crate reads and writes them: bounded before they are read, replaced whole or not at all, durable
//! before the call returns. A private key is readable by its owner only, or it is not read.
//!
//! Out of scope: what the bytes mean.

use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use ledger::disk::RealDisk;
use ledger::files::{self, SHOWN};
use zeroize::Zeroizing;

/// No file of an authority is larger: a CRL of 200,000 serials has about 8 MiB, the register grows by 1.5 KiB a line.
const LARGEST: u64 = 256 << 20;

/// A private key in PEM has a few hundred bytes.
const LARGEST_KEY: u64 = 16 << 10;

/// What went wrong with a file, and with which one.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// The file could not be read.
    #[error("cannot read {path}: {source}")]
    Read {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The file could not be written.
    #[error("cannot write {path}: {source}")]
    Write {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A private key that others can read.
    #[error("{path} has mode {mode:03o}: a private key is for its owner only; run `chmod 600 {path}`")]
    Exposed {
        /// Which file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// A file beyond every size that this crate writes.
    #[error("{path} has {bytes} bytes, the most is {most}: it is not a file that this program wrote")]
    TooLarge {
        /// Which file.
        path: PathBuf,
        /// Its size.
        bytes: u64,
        /// The bound.
        most: u64,
    },
}

impl FileError {
    /// Whether the file is simply not there.
    pub fn is_absent(&self) -> bool {
        matches!(self, Self::Read { source, .. } if source.kind() == io::ErrorKind::NotFound)
    }
}

/// The whole of a file that anyone may see.
pub(crate) fn read(path: &Path) -> Result<Vec<u8>, FileError> {
    let file = open(path)?;
    read_bounded(path, file, LARGEST)
}

/// The whole of a private key, refused if anyone but its owner could read it.
pub(crate) fn read_private(path: &Path) -> Result<Zeroizing<Vec<u8>>, FileError> {
    let file = open(path)?;
    let status = file.metadata().map_err(|source| reading(path, source))?;
    let mode = status.permissions().mode() & 0o7777;
    if mode & 0o077 != 0 {
        return Err(FileError::Exposed { path: path.to_owned(), mode });
    }
    read_bounded(path, file, LARGEST_KEY).map(Zeroizing::new)
}

/// Writes a private key that does not exist yet. An existing one is never overwritten: it could not be got back.
pub(crate) fn create_private(path: &Path, bytes: &[u8]) -> Result<(), FileError> {
    files::create_private(&RealDisk, path, bytes).map_err(|source| writing(path, source))
}

/// Puts `bytes` in the place of whatever was there: a reader sees the old file or the new one, also after a crash.
pub(crate) fn replace(path: &Path, bytes: &[u8]) -> Result<(), FileError> {
    files::replace(&RealDisk, path, bytes, SHOWN).map_err(|source| writing(path, source))
}

/// Renames and makes the renaming durable.
pub(crate) fn rename(from: &Path, to: &Path) -> Result<(), FileError> {
    files::rename(&RealDisk, from, to).map_err(|source| writing(to, source))
}

pub(crate) fn reading(path: &Path, source: io::Error) -> FileError {
    FileError::Read { path: path.to_owned(), source }
}

pub(crate) fn writing(path: &Path, source: io::Error) -> FileError {
    FileError::Write { path: path.to_owned(), source }
}

fn open(path: &Path) -> Result<File, FileError> {
    File::open(path).map_err(|source| reading(path, source))
}

fn read_bounded(path: &Path, file: File, most: u64) -> Result<Vec<u8>, FileError> {
    let bytes = file.metadata().map_err(|source| reading(path, source))?.len();
    if bytes > most {
        return Err(FileError::TooLarge { path: path.to_owned(), bytes, most });
    }
    // Room for the whole file at once: a key must not leave copies of itself behind in a growing buffer.
    let mut whole = Vec::with_capacity(usize::try_from(bytes).unwrap_or_default().saturating_add(1));
    file.take(most).read_to_end(&mut whole).map_err(|source| reading(path, source))?;
    Ok(whole)
}
