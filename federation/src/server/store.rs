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
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::PathBuf;

use ledger::digest::Digest;

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
        if self.folder.exists() {
            tracing::warn!(store = %self.folder.display(), "was not written under the key of this vault and is made anew");
            fs::remove_dir_all(&self.folder)?;
        }
        let mut file = File::create(&mark)?;
        file.write_all(own.as_bytes())?;
        file.sync_all()
    }

    fn mark(&self) -> PathBuf {
        let mut name = self.folder.as_os_str().to_owned();
        name.push(".key-id");
        name.into()
    }

    fn own_mark(&self) -> String {
        Digest::of(format!("secure-trust-registry key of a store {}", self.key).as_bytes()).to_string()
    }
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
        assert!(!folder.exists(), "written before there was a key");
        write();
        own.claim().unwrap();
        assert!(folder.join("1.blk").exists(), "written under this key");
        other.claim().unwrap();
        assert!(!folder.exists(), "written under another key");
        let (_, key) = own.variable();
        let told = format!("{own:?}{}", fs::read_to_string(own.mark()).unwrap());
        assert!(key.len() == 65 && key.starts_with('k') && !told.contains(&key[1..]), "{told}");
    }
}
