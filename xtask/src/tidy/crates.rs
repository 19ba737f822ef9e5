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

pub(super) fn findings(workspace: &Workspace) -> Result<Vec<Finding>> {
    let arguments = ["tree", "--locked", "--workspace", "--edges=normal,build,dev", "--prefix=none", "--format={p}"];
    let output = workspace.cargo(&arguments).output().context("cargo tree cannot be started")?;
    if !output.status.success() {
        bail!("cargo tree failed: {}", String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(banned(&String::from_utf8_lossy(&output.stdout)))
}

/// Each line of the tree begins with a crate's name.
fn banned(tree: &str) -> Vec<Finding> {
    let names: BTreeSet<&str> = tree.lines().filter_map(|line| line.split_whitespace().next()).collect();
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
    fn names_are_whole() {
        assert_eq!(banned("string v1.0.0\nopenssl-probe v0.1.6\naws-lc-rs v1.0.0"), []);
    }
}
