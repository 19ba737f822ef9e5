//! Is this file a nats-server that we can rely on?
//!
//! Older servers silently ignore part of what `access` writes, so the version is asked before anything else.

use std::fmt;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use tokio::process::Command;
use tokio::time::timeout;

use super::store::SealedStore;

/// The oldest server that does what `access` writes.
pub const OLDEST: Version = Version { major: 2, minor: 15, patch: 1 };

const PATIENCE: Duration = Duration::from_secs(10);

/// A version of nats-server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version {
    /// Incompatible changes.
    pub major: u64,
    /// New features.
    pub minor: u64,
    /// Corrections.
    pub patch: u64,
}

impl Version {
    /// Reads what `nats-server --version` prints: `nats-server: v2.15.1`, perhaps followed by a suffix.
    fn read(printed: &str) -> Option<Self> {
        let version = printed.trim().strip_prefix("nats-server: v")?;
        let release = version.split(['-', '+']).next()?;
        let mut numbers = release.split('.').map(|number| number.parse().ok());
        let mut next = || numbers.next().flatten();
        Some(Self { major: next()?, minor: next()?, patch: next()? })
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.major, self.minor, self.patch)
    }
}

/// A nats-server that is new enough.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Binary {
    path: PathBuf,
    version: Version,
}

/// Why a file is not used as nats-server, or why it refuses a configuration. For the operator to mend.
#[derive(Debug, thiserror::Error)]
pub enum BinaryError {
    /// It cannot be started.
    #[error("{path} cannot be started ({source}): give the path of a nats-server {OLDEST} or newer")]
    Unusable {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// It did not end.
    #[error("{path} did not answer within {PATIENCE:?}: is it a nats-server?")]
    Silent {
        /// The file.
        path: PathBuf,
    },
    /// It prints something else.
    #[error("{path} does not say which nats-server it is (it printed {printed:?})")]
    Unknown {
        /// The file.
        path: PathBuf,
        /// The start of what it printed.
        printed: String,
    },
    /// It is too old.
    #[error("{path} is nats-server {found}; {OLDEST} or newer is needed, older ones ignore parts of the configuration")]
    TooOld {
        /// The file.
        path: PathBuf,
        /// Its version.
        found: Version,
    },
    /// It does not accept the configuration.
    #[error("nats-server refuses {config}: {reason}")]
    Refused {
        /// The configuration.
        config: PathBuf,
        /// What the server says.
        reason: String,
    },
}

impl Binary {
    /// Asks the file for its version.
    ///
    /// # Errors
    /// It is no nats-server, or too old a one.
    pub async fn check(path: &Path) -> Result<Self, BinaryError> {
        let mut command = Command::new(path);
        command.arg("--version");
        let (_, printed) = run(path, command).await?;
        let path = path.to_owned();
        match Version::read(&printed) {
            None => Err(BinaryError::Unknown { path, printed: printed.chars().take(120).collect() }),
            Some(found) if found < OLDEST => Err(BinaryError::TooOld { path, found }),
            Some(version) => Ok(Self { path, version }),
        }
    }

    /// Has the server read a configuration without using it; one with a store needs its key.
    ///
    /// # Errors
    /// [`BinaryError::Refused`], with the server's reason.
    pub async fn accepts(&self, config: &Path, store: Option<&SealedStore>) -> Result<(), BinaryError> {
        let mut command = Command::new(&self.path);
        command.args(["-t", "-c"]).arg(config).envs(store.map(SealedStore::variable));
        let (success, printed) = run(&self.path, command).await?;
        if success {
            return Ok(());
        }
        let reason = printed.trim().trim_start_matches("nats-server: ");
        Err(BinaryError::Refused { config: config.to_owned(), reason: reason.chars().take(1000).collect() })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Which one it is.
    pub fn version(&self) -> Version {
        self.version
    }
}

/// Runs to the end; gives whether it succeeded and what it printed.
async fn run(path: &Path, mut command: Command) -> Result<(bool, String), BinaryError> {
    let running = command.stdin(Stdio::null()).kill_on_drop(true).output();
    let output = timeout(PATIENCE, running)
        .await
        .map_err(|_| BinaryError::Silent { path: path.to_owned() })?
        .map_err(|source| BinaryError::Unusable { path: path.to_owned(), source })?;
    let printed = [output.stdout, output.stderr].concat();
    Ok((output.status.success(), String::from_utf8_lossy(&printed).into_owned()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use super::*;

    #[test]
    fn versions_are_read_from_what_the_server_prints() {
        let version = |major, minor, patch| Some(Version { major, minor, patch });
        for (printed, expected) in [
            ("nats-server: v2.15.1\n", version(2, 15, 1)),
            ("nats-server: v2.16.0-RC.1\n", version(2, 16, 0)),
            ("nats-server: v2.9.10", version(2, 9, 10)),
            ("nats-server: v2.15", None),
            ("nats-server version 1.0", None),
            ("", None),
        ] {
            assert_eq!(Version::read(printed), expected, "{printed:?}");
        }
        assert!(version(2, 9, 10) < Some(OLDEST) && version(2, 16, 0) > Some(OLDEST));
    }

    #[tokio::test]
    async fn other_programs_are_refused_by_name() {
        let refused = Binary::check(Path::new("/bin/echo")).await.unwrap_err();
        assert!(matches!(refused, BinaryError::Unknown { .. }), "{refused}");
        let refused = Binary::check(Path::new("/nowhere/nats-server")).await.unwrap_err();
        assert!(refused.to_string().contains("2.15.1 or newer"), "{refused}");
    }
}
