//! What a nats-server stores, encrypted under a key that its node has.
//!
//! ```text
//! <folder>            the server's own; messages and cursors encrypted (ChaCha20-Poly1305) under keys that this key wraps
//! <folder>.key-id     SHA-256 that tells keys apart: what lies in the folder was written under this one
//! ```
//!
//! The key reaches the server in its environment, and stands in no file. A server takes up what was written in clear, and goes on writing the same files;
//! under another key it reads nothing. Either is found by the mark and removed before the server starts: it holds copies, which are made anew.
//! Out of scope: where the key comes from.

use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use ledger::digest::Digest;
use ledger::disk::{Disk as _, RealDisk};
use ledger::files::{self, SHOWN};

/// The variable in which the server finds the key.
pub const VARIABLE: &str = "REGISTRY_NATS_STORE_KEY";

/// A folder and its key.
#[derive(Clone)]
pub struct SealedStore {
    folder: PathBuf,
    key: String,
}

impl fmt::Debug for SealedStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SealedStore").field("folder", &self.folder).finish_non_exhaustive()
    }
}

impl SealedStore {
    /// The store in `folder` under a key.
    pub fn new(folder: PathBuf, key: &[u8; 32]) -> Self {
        // A letter first: the server would read digits as a number.
        let digits = key.iter().map(|byte| format!("{byte:02x}"));
        Self { folder, key: std::iter::once("k".to_owned()).chain(digits).collect() }
    }

    /// What the server's environment must have.
    pub(super) fn variable(&self) -> (&'static str, &str) {
        (VARIABLE, &self.key)
    }

    /// Removes what was written in clear or under another key. No server may be at work there.
    pub(super) fn claim(&self) -> io::Result<()> {
        let (mark, own) = (self.mark(), self.own_mark());
        match fs::read_to_string(&mark) {
            Ok(found) if found == own => return Ok(()),
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
        // Before anything is removed: a mark of before must not vouch for what a server writes next.
        disown(&self.folder)?;
        if empty(&self.folder)? {
            tracing::warn!(store = %self.folder.display(), "was not written under the key of this vault and is made anew");
        }
        files::replace(&RealDisk, &mark, own.as_bytes(), SHOWN)
    }

    fn mark(&self) -> PathBuf {
        mark(&self.folder)
    }

    fn own_mark(&self) -> String {
        Digest::of(format!("secure-trust-registry key of a store {}", self.key).as_bytes()).to_string()
    }
}

/// Takes back what vouches for a store, before a server writes there in clear.
pub(super) fn disown(folder: &Path) -> io::Result<()> {
    let mark = mark(folder);
    match fs::remove_file(&mark) {
        Ok(()) => RealDisk.sync_dir(files::parent(&mark)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
    }
}

fn mark(folder: &Path) -> PathBuf {
    let mut name = folder.as_os_str().to_owned();
    name.push(".key-id");
    name.into()
}

/// Removes what is in a folder, durably, and says whether anything was. The folder itself may be a link, or where a volume is mounted, and stays.
fn empty(folder: &Path) -> io::Result<bool> {
    let folder = match fs::canonicalize(folder) {
        Ok(folder) => folder,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(error),
    };
    let mut any = false;
    for entry in fs::read_dir(&folder)? {
        let entry = entry?;
        // The file system's own.
        if entry.file_name() == "lost+found" {
            continue;
        }
        any = true;
        if entry.file_type()?.is_dir() { fs::remove_dir_all(entry.path())? } else { fs::remove_file(entry.path())? }
    }
    RealDisk.sync_dir(&folder)?;
    Ok(any)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn what_this_key_wrote_stays_and_everything_else_goes() {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join("store");
        let (own, other) = (SealedStore::new(folder.clone(), &[7; 32]), SealedStore::new(folder.clone(), &[8; 32]));
        let write = || {
            fs::create_dir_all(&folder).unwrap();
            fs::write(folder.join("1.blk"), "something").unwrap();
        };
        write();
        own.claim().unwrap();
        assert!(!folder.join("1.blk").exists(), "written before there was a key");
        write();
        own.claim().unwrap();
        assert!(folder.join("1.blk").exists(), "written under this key");
        other.claim().unwrap();
        assert!(!folder.join("1.blk").exists(), "written under another key");
        write();
        disown(&folder).unwrap();
        other.claim().unwrap();
        assert!(!folder.join("1.blk").exists(), "written in clear since");
        let (_, key) = own.variable();
        let told = format!("{own:?}{}", fs::read_to_string(own.mark()).unwrap());
        assert!(key.len() == 65 && key.starts_with('k') && !told.contains(&key[1..]), "{told}");
    }

    #[test]
    fn a_volume_that_is_mounted_or_linked_there_is_emptied_and_stays() {
        let dir = tempfile::tempdir().unwrap();
        let (volume, folder) = (dir.path().join("volume"), dir.path().join("store"));
        fs::create_dir_all(volume.join("lost+found")).unwrap();
        fs::create_dir_all(volume.join("jetstream/$G")).unwrap();
        fs::write(volume.join("jetstream/$G/1.blk"), "something").unwrap();
        std::os::unix::fs::symlink(&volume, &folder).unwrap();
        SealedStore::new(folder.clone(), &[7; 32]).claim().unwrap();
        assert!(folder.is_symlink() && volume.join("lost+found").is_dir());
        assert!(!volume.join("jetstream").exists());
    }
}
