//! Where this workspace and its build output rest, as cargo itself says.
//!
//! In scope: asking `cargo metadata` once and keeping the few facts that the commands need. Nothing here changes a file.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use serde_json::Value;

/// The workspace around the current folder.
#[derive(Debug, Clone)]
pub struct Workspace {
    /// Folder of the root Cargo.toml.
    pub root: PathBuf,
    /// Where cargo puts what it builds; ours lies beside it.
    pub target: PathBuf,
    /// The workspace's own packages.
    pub members: Vec<Member>,
}

/// One package of the workspace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// Its name, as in `cargo build -p <name>`.
    pub name: String,
    /// Its Cargo.toml.
    pub manifest: PathBuf,
    /// The names of everything it depends on, for the program, its tests or its build script.
    pub dependencies: Vec<String>,
}

impl Workspace {
    /// Asks cargo about the workspace that the current folder belongs to.
    ///
    /// # Errors
    /// When cargo cannot be run or the current folder belongs to no workspace.
    pub fn find() -> Result<Self> {
        let output = cargo()
            .args(["metadata", "--no-deps", "--format-version", "1"])
            .output()
            .context("cargo cannot be started; run this as `cargo xtask …`")?;
        if !output.status.success() {
            bail!("cargo metadata failed: {}", String::from_utf8_lossy(&output.stderr).trim());
        }
        let metadata = serde_json::from_slice(&output.stdout).context("cargo metadata is not JSON")?;
        Self::read(&metadata).context("cargo metadata lacks a field that this program reads")
    }

    fn read(metadata: &Value) -> Option<Self> {
        Some(Self {
            root: path(metadata.get("workspace_root")?)?,
            target: path(metadata.get("target_directory")?)?,
            members: metadata.get("packages")?.as_array()?.iter().map(Member::read).collect::<Option<_>>()?,
        })
    }

    /// A cargo command that runs in the root of this workspace.
    #[must_use]
    pub fn cargo(&self, arguments: &[&str]) -> Command {
        let mut command = cargo();
        command.current_dir(&self.root).args(arguments);
        command
    }

    /// Where a program that cargo built with the dev profile rests.
    #[must_use]
    pub fn program(&self, name: &str) -> PathBuf {
        self.target.join("debug").join(name)
    }
}

impl Member {
    fn read(package: &Value) -> Option<Self> {
        let dependencies = package.get("dependencies")?.as_array()?;
        Some(Self {
            name: package.get("name")?.as_str()?.to_owned(),
            manifest: path(package.get("manifest_path")?)?,
            dependencies: dependencies.iter().map(|one| text(one.get("name")?)).collect::<Option<_>>()?,
        })
    }
}

/// The platform that this compiler builds for, such as `x86_64-unknown-linux-gnu`.
///
/// # Errors
/// When rustc cannot be run or does not say.
pub fn host() -> Result<String> {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| OsString::from("rustc"));
    let output = Command::new(rustc).arg("-vV").output().context("rustc cannot be started")?;
    let text = String::from_utf8_lossy(&output.stdout);
    let host = text.lines().find_map(|line| line.strip_prefix("host: "));
    host.map(str::to_owned).context("rustc does not say which platform it builds for")
}

/// The cargo that started us, so that a pinned toolchain stays pinned.
fn cargo() -> Command {
    Command::new(std::env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo")))
}

fn text(value: &Value) -> Option<String> {
    value.as_str().map(str::to_owned)
}

fn path(value: &Value) -> Option<PathBuf> {
    value.as_str().map(Path::new).map(Path::to_path_buf)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use super::*;

    #[test]
    fn finds_this_workspace() {
        let workspace = Workspace::find().unwrap();
        assert!(workspace.root.join("Cargo.lock").is_file());
        let own = workspace.members.iter().find(|member| member.name == "xtask").unwrap();
        assert_eq!(own.manifest, workspace.root.join("xtask/Cargo.toml"));
        assert!(own.dependencies.contains(&"anyhow".to_owned()));
    }

    #[test]
    fn metadata_without_a_needed_field_is_refused() {
        for missing in ["workspace_root", "target_directory", "packages"] {
            let mut metadata = serde_json::json!({"workspace_root": "/w", "target_directory": "/t", "packages": []});
            assert!(Workspace::read(&metadata).is_some());
            metadata.as_object_mut().unwrap().remove(missing);
            assert!(Workspace::read(&metadata).is_none(), "{missing}");
        }
    }
}
