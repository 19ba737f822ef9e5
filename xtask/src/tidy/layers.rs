//! Imports point one way.
//!
//! In scope: what each package of the workspace declares to depend on, tests and build scripts included, and that it takes
//! the workspace's lints. Out of scope: crates from outside, see `crates`.

use std::path::Path;

use anyhow::Result;

use super::{Finding, below, read};
use crate::workspace::{Member, Workspace};

/// Each may depend on those before it.
const LAYERS: [&str; 12] = [
    "test-data",
    "conformity",
    "procurement",
    "ledger",
    "credential",
    "bridges",
    "certs",
    "token",
    "federation",
    "registry-node",
    "fuzz-targets",
    "tests",
];

/// Depends on none of ours, and none of ours on it.
const APART: &str = "xtask";

pub(super) fn findings(workspace: &Workspace) -> Result<Vec<Finding>> {
    let mut found = Vec::new();
    for member in &workspace.members {
        let manifest = read(&member.manifest)?;
        let path = below(&workspace.root, &member.manifest);
        found.extend(problems(member, &manifest).into_iter().map(|message| Finding {
            path: path.clone(),
            line: 0,
            message,
        }));
    }
    found.extend(workspace.members.is_empty().then(|| nothing_found(&workspace.root)));
    Ok(found)
}

fn problems(member: &Member, manifest: &str) -> Vec<String> {
    let mut problems: Vec<String> =
        member.dependencies.iter().filter_map(|dependency| wrong_way(&member.name, dependency)).collect();
    if layer(&member.name).is_none() && member.name != APART {
        problems
            .push(format!("`{}` has no layer: give it its place in LAYERS of xtask/src/tidy/layers.rs", member.name));
    }
    if !manifest.contains("[lints]\nworkspace = true") {
        problems.push("takes no lints from the workspace: add `[lints]` with `workspace = true`".to_owned());
    }
    problems
}

fn wrong_way(from: &str, to: &str) -> Option<String> {
    let ours = |name: &str| name == APART || layer(name).is_some();
    if !ours(to) {
        return None;
    }
    let allowed = matches!((layer(from), layer(to)), (Some(from), Some(to)) if to < from);
    let order = LAYERS.join(" ◀ ");
    (!allowed).then(|| {
        format!("`{from}` may not depend on `{to}`: imports go left only, {order}, and {APART} stands apart; move what is shared left")
    })
}

fn layer(name: &str) -> Option<usize> {
    LAYERS.iter().position(|layer| *layer == name)
}

fn nothing_found(root: &Path) -> Finding {
    let path = below(root, &root.join("Cargo.toml"));
    Finding { path, line: 0, message: "the workspace has no members: tidy checked nothing".to_owned() }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use std::path::PathBuf;

    use super::*;

    const LINTS: &str = "[lints]\nworkspace = true\n";

    fn member(name: &str, dependencies: &[&str]) -> Member {
        Member {
            name: name.to_owned(),
            manifest: PathBuf::from(format!("/w/{name}/Cargo.toml")),
            dependencies: dependencies.iter().map(|&one| one.to_owned()).collect(),
        }
    }

    #[test]
    fn each_wrong_way_is_refused() {
        let rows = [
            ("conformity", "ledger"),
            ("conformity", "conformity"),
            ("ledger", "credential"),
            ("credential", "certs"),
            ("certs", "registry-node"),
            ("federation", "tests"),
            ("xtask", "conformity"),
            ("tests", "xtask"),
        ];
        for (from, to) in rows {
            let problems = problems(&member(from, &[to, "serde"]), LINTS);
            assert_eq!(problems.len(), 1, "{from} on {to}: {problems:?}");
            assert!(problems[0].contains(&format!("`{from}` may not depend on `{to}`")), "{problems:?}");
        }
    }

    #[test]
    fn a_package_outside_the_layers_or_without_lints_is_refused() {
        assert!(problems(&member("console", &[]), LINTS)[0].contains("has no layer"));
        assert!(problems(&member("certs", &["ledger"]), "[package]\n")[0].contains("takes no lints"));
    }

    #[test]
    fn the_right_way_passes() {
        let rows = [
            member("registry-node", &["conformity", "ledger", "credential", "certs", "federation"]),
            member("xtask", &["clap"]),
        ];
        for row in rows {
            assert_eq!(problems(&row, LINTS), Vec::<String>::new());
        }
    }
}
