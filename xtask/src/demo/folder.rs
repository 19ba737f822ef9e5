//! The folder in which the registries of a stage live.
//!
//! In scope: one run at a time in it, starting from nothing. What a run leaves stays for a look until the next.

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

/// An empty folder that is ours until this goes.
#[derive(Debug)]
pub(super) struct Folder {
    pub(super) path: PathBuf,
    /// Held for its lock, which the system lets go however we end.
    _lock: File,
}

impl Folder {
    pub(super) fn claim(path: &Path) -> Result<Self> {
        let cannot = || format!("cannot prepare {}", path.display());
        let parent = path.parent().context("the folder has no parent")?;
        fs::create_dir_all(parent).with_context(cannot)?;
        let lock = File::create(path.with_extension("lock")).with_context(cannot)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                bail!("another run is in {}: end it, or set CARGO_TARGET_DIR to another folder", path.display())
            }
            Err(TryLockError::Error(error)) => return Err(error).with_context(cannot),
        }
        empty(path).with_context(cannot)?;
        Ok(Self { path: path.to_owned(), _lock: lock })
    }
}

fn empty(path: &Path) -> io::Result<()> {
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => fs::create_dir(path),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use super::*;

    #[test]
    fn one_demo_at_a_time_starts_from_nothing() {
        let target = tempfile::tempdir().unwrap();
        let path = target.path().join("new/demo");
        let first = Folder::claim(&path).unwrap();
        fs::write(path.join("left"), "over").unwrap();
        let error = Folder::claim(&path).unwrap_err();
        assert!(error.to_string().contains("another run is in"), "{error}");
        assert!(path.join("left").exists());
        drop(first);
        let second = Folder::claim(&path).unwrap();
        assert_eq!(fs::read_dir(&second.path).unwrap().count(), 0);
    }
}
