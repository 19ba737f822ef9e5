//! Crates from outside that must not come in, not even behind another crate.
//!
//! In scope: the crates that cargo resolves for this workspace on this machine. Advisories and licences are not looked up:
//! that needs a network, and a check that depends on the day.

use std::collections::BTreeSet;

use anyhow::{Context, Result, bail};

use super::Finding;
use crate::workspace::Workspace;

/// A crate and what takes its place.
const BANNED: [(&str, &str); 7] = [
    ("ring", "aws-lc-rs is the one library for TLS and log alike: switch the feature of the crate that pulls it in"),
    ("openssl", "rustls with aws-lc-rs"),
    ("openssl-sys", "rustls with aws-lc-rs"),
    ("native-tls", "rustls with aws-lc-rs"),
    ("chrono", "jiff"),
    ("serde_yaml", "toml for configuration, serde_json for the rest"),
    ("async-std", "tokio"),
];

/// Packages that others build into what they have: rules, and verifying offline.
const EMBEDDED: [&str; 4] = ["conformity", "procurement", "credential", "bridges"];
/// What none of them brings along: event loops, and whatever opens a connection.
const CONNECTED: [&str; 7] = ["tokio", "mio", "socket2", "hyper", "rustls", "async-nats", "warp"];

pub(super) fn findings(workspace: &Workspace) -> Result<Vec<Finding>> {
    let mut found = banned(&tree(workspace, &["--workspace", "--edges=normal,build,dev"])?);
    for package in EMBEDDED {
        found.extend(connected(package, &tree(workspace, &["-p", package, "--edges=normal,build"])?));
    }
    Ok(found)
}

/// What cargo resolves; each line begins with a crate's name.
fn tree(workspace: &Workspace, which: &[&str]) -> Result<String> {
    let arguments = [&["tree", "--locked", "--prefix=none", "--format={p}"], which].concat();
    let output = workspace.cargo(&arguments).output().context("cargo tree cannot be started")?;
    if !output.status.success() {
        bail!("cargo tree failed: {}", String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

fn names(tree: &str) -> BTreeSet<&str> {
    tree.lines().filter_map(|line| line.split_whitespace().next()).collect()
}

/// What an embedded package brings along and must not.
fn connected(package: &str, tree: &str) -> Vec<Finding> {
    let names = names(tree);
    let brought = CONNECTED.into_iter().filter(|name| names.contains(name));
    let finding = |name| Finding {
        path: format!("{package}/Cargo.toml"),
        line: 0,
        message: format!(
            "brings `{name}` to whoever embeds it: what waits or connects belongs into federation or registry-node (see `cargo tree -p {package} -e normal,build -i {name}`)"
        ),
    };
    brought.map(finding).collect()
}

fn banned(tree: &str) -> Vec<Finding> {
    let names = names(tree);
    BANNED
        .into_iter()
        .filter(|(name, _)| names.contains(name))
        .map(|(name, instead)| Finding {
            path: "Cargo.lock".to_owned(),
            line: 0,
            message: format!("`{name}` is banned: {instead} (see `cargo tree --workspace -i {name}`)"),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use super::*;

    #[test]
    fn each_banned_crate_is_found_once() {
        for (name, instead) in BANNED {
            let found = banned(&format!("xtask v0.1.0 (/w)\n{name} v1.2.3\n\n{name} v1.2.3 (*)\n"));
            assert_eq!(found.len(), 1, "{name}");
            assert!(found[0].message.contains(instead), "{name}");
        }
    }

    #[test]
    fn what_is_embedded_brings_no_event_loop() {
        for name in CONNECTED {
            let found = connected("credential", &format!("credential v0.1.0 (/w)\nbytes v1.2.3\n{name} v1.2.3\n"));
            assert_eq!(found.len(), 1, "{name}");
            assert_eq!(found[0].path, "credential/Cargo.toml");
        }
        assert_eq!(connected("credential", "credential v0.1.0 (/w)\ntokio-util v0.7.0\nbytes v1.2.3"), []);
    }

    #[test]
    fn names_are_whole() {
        assert_eq!(banned("string v1.0.0\nopenssl-probe v0.1.6\naws-lc-rs v1.0.0"), []);
    }
}
