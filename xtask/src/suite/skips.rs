//! Tests that could not run say so in a file, because a test's output is hidden when it passes.
//!
//! The contract: a test that lacks something from outside appends one line `skipped: <what>: <why>` to the file that
//! `REGISTRY_SKIP_LOG` names, in one write; without that variable it prints the line. Then it returns. With
//! `REGISTRY_REQUIRE_TEST_DATA=1` it fails instead.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process;

use anyhow::{Context, Result};

/// Names the file to tests.
pub(super) const SKIP_LOG: &str = "REGISTRY_SKIP_LOG";

/// A file of our own, gone afterwards.
pub(super) struct SkipLog(PathBuf);

impl SkipLog {
    pub(super) fn open(target: &Path) -> Result<Self> {
        let folder = target.join("xtask");
        let path = folder.join(format!("skipped-{}", process::id()));
        fs::create_dir_all(&folder)
            .and_then(|()| File::create(&path))
            .with_context(|| format!("cannot write {}", path.display()))?;
        Ok(Self(path))
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }

    /// What was skipped, in order. A line that breaks the contract is shown as it is: better odd than lost.
    pub(super) fn lines(&self) -> Result<Vec<String>> {
        let text = fs::read_to_string(&self.0).with_context(|| format!("cannot read {}", self.0.display()))?;
        let lines = text.lines().filter(|line| !line.trim().is_empty());
        let mut lines: Vec<String> =
            lines.map(|line| line.strip_prefix("skipped: ").unwrap_or(line).to_owned()).collect();
        lines.sort();
        Ok(lines)
    }
}

impl Drop for SkipLog {
    /// One that stays is overwritten by the next process of this number.
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use super::*;

    #[test]
    fn skips_are_listed_and_the_file_goes() {
        let target = tempfile::tempdir().unwrap();
        let log = SkipLog::open(target.path()).unwrap();
        assert_eq!(log.lines().unwrap(), Vec::<String>::new());
        fs::write(log.path(), "skipped: tiles: no data\nskipped: proofs: no data\nodd\n\n").unwrap();
        assert_eq!(log.lines().unwrap(), ["odd", "proofs: no data", "tiles: no data"]);
        let path = log.path().to_owned();
        drop(log);
        assert!(!path.exists());
    }
}
