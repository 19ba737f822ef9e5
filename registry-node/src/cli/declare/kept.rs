//! The file with the answers: for its owner's eyes, held by one program at a time, and never half written.

use std::fs::{File, OpenOptions, TryLockError};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use ledger::disk::RealDisk;
use ledger::files::{self, PRIVATE};

use crate::cli::context::read_input;
use crate::declaration::Sheet;

/// Most bytes of a file with answers.
const MAX_SHEET: u64 = 4 * 1024 * 1024;

/// A file with answers, held until this is dropped.
pub(super) struct Kept {
    file: PathBuf,
    _lock: File,
}

impl Kept {
    /// Holds the file, whether it is there or not.
    pub(super) fn hold(file: &Path) -> anyhow::Result<Self> {
        let lock = beside(file, "lock");
        let opened = OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(&lock);
        let opened = opened.with_context(|| format!("cannot open {}", lock.display()))?;
        match opened.try_lock() {
            Ok(()) => Ok(Self { file: file.to_owned(), _lock: opened }),
            Err(TryLockError::WouldBlock) => bail!("somebody else fills in {} at this moment", file.display()),
            Err(TryLockError::Error(error)) => Err(error).with_context(|| format!("cannot lock {}", lock.display())),
        }
    }

    /// The answers so far; nothing where there are none.
    pub(super) fn read(&self) -> anyhow::Result<Option<Sheet>> {
        if !self.file.exists() {
            return Ok(None);
        }
        let sheet = serde_json::from_slice(&read_input(&self.file, MAX_SHEET)?);
        sheet.map(Some).with_context(|| format!("{} is not a file with answers", self.file.display()))
    }

    /// Keeps the answers.
    pub(super) fn keep(&self, sheet: &Sheet) -> anyhow::Result<()> {
        files::replace(&RealDisk, &self.file, &serde_json::to_vec_pretty(sheet)?, PRIVATE)
            .with_context(|| format!("cannot write {}", self.file.display()))
    }

    /// Where the credential goes that documents the declaration.
    pub(super) fn credential(&self) -> PathBuf {
        self.file.with_extension("sd-jwt")
    }
}

fn beside(file: &Path, what: &str) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(".");
    name.push(what);
    name.into()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    use serde_json::json;

    use super::*;

    #[test]
    fn answers_are_their_owners_and_held_by_one() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("declare.json");
        let kept = Kept::hold(&file).unwrap();
        assert!(kept.read().unwrap().is_none());
        assert!(Kept::hold(&file).err().unwrap().to_string().contains("somebody else"));
        let sheet = json!({"scheme": "demo@1", "about": {"verdict": "S-1", "object": {"kind": "organization", "name": "W"},
            "viewpoints": ["organization"], "scope": "repair"}});
        let sheet: Sheet = serde_json::from_value(sheet).unwrap();
        kept.keep(&sheet).unwrap();
        assert_eq!(kept.read().unwrap(), Some(sheet));
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
        drop(kept);
        assert!(Kept::hold(&file).is_ok());
    }

    #[test]
    fn another_file_is_not_taken_for_answers() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("declare.json");
        for text in ["", "{}", "[]", "no JSON"] {
            fs::write(&file, text).unwrap();
            assert!(Kept::hold(&file).unwrap().read().is_err(), "{text}");
        }
    }
}
