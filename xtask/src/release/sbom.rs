//! What is in the program, as CycloneDX 1.6: its crates, whence they come, on what terms, and which needs which.
//!
//! In scope: what cargo resolves for the platform of the program and its build, tests left out. There is no serial number and no
//! time but that of the commit: the same commit gives the same list. What a crate brings along in C (AWS-LC in aws-lc-sys) is that crate's.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

/// The list for `program` of the workspace in `source`, as `host` builds it.
pub(super) fn of(source: &Path, program: &str, host: &str, date: &str) -> Result<String> {
    let output = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        .current_dir(source)
        .args(["metadata", "--locked", "--format-version", "1", "--filter-platform", host])
        .output()
        .context("cargo cannot be started")?;
    if !output.status.success() {
        bail!("cargo metadata: {}", String::from_utf8_lossy(&output.stderr).trim());
    }
    let metadata: Value = serde_json::from_slice(&output.stdout).context("cargo metadata is not JSON")?;
    let lock = fs::read_to_string(source.join("Cargo.lock")).context("there is no Cargo.lock")?;
    let list =
        list(&metadata, &checksums(&lock), program, date).context("cargo metadata lacks a field that this reads")?;
    Ok(serde_json::to_string_pretty(&list)? + "\n")
}

/// The digest of each crate's archive, by name and version. A lock file has one member to a line.
fn checksums(lock: &str) -> BTreeMap<(String, String), String> {
    let member = |block: &str, name: &str| {
        let line = block.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(" = \""));
        line.and_then(|rest| rest.strip_suffix('"')).map(str::to_owned)
    };
    let crates = lock.split("[[package]]");
    crates
        .filter_map(|block| Some(((member(block, "name")?, member(block, "version")?), member(block, "checksum")?)))
        .collect()
}

fn list(metadata: &Value, checksums: &BTreeMap<(String, String), String>, program: &str, date: &str) -> Option<Value> {
    let packages = by_id(metadata.get("packages")?, "id")?;
    let nodes = by_id(metadata.get("resolve")?.get("nodes")?, "id")?;
    let root = packages.values().find(|package| package["name"] == program && package["source"].is_null())?;
    let needed = reachable(&nodes, root["id"].as_str()?)?;
    let component = |id: &&str| component(packages.get(*id)?, checksums);
    let components = needed.iter().filter(|id| root["id"] != **id).map(component).collect::<Option<Vec<_>>>()?;
    let depends = |id: &&str| -> Option<Value> {
        let on = dependencies(nodes.get(*id)?)?;
        let on = on.iter().map(|on| reference(packages.get(on)?)).collect::<Option<BTreeSet<_>>>()?;
        Some(json!({"ref": reference(packages.get(*id)?)?, "dependsOn": on}))
    };
    let mut about = self::component(root, checksums)?;
    about["type"] = "application".into();
    Some(json!({
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {
            "timestamp": date,
            "tools": {"components": [{"type": "application", "name": "cargo xtask release"}]},
            "component": about,
        },
        "components": components,
        "dependencies": needed.iter().map(depends).collect::<Option<Vec<_>>>()?,
    }))
}

fn by_id<'a>(list: &'a Value, name: &str) -> Option<BTreeMap<&'a str, &'a Value>> {
    list.as_array()?.iter().map(|one| Some((one.get(name)?.as_str()?, one))).collect()
}

/// Everything that a package needs to be built, itself included.
fn reachable<'a>(nodes: &BTreeMap<&'a str, &'a Value>, root: &'a str) -> Option<BTreeSet<&'a str>> {
    let (mut found, mut left) = (BTreeSet::from([root]), vec![root]);
    while let Some(id) = left.pop() {
        for next in dependencies(nodes.get(id)?)? {
            if found.insert(next) {
                left.push(next);
            }
        }
    }
    Some(found)
}

/// What a package needs: for the program, a macro or a build script, and not for tests alone.
fn dependencies(node: &Value) -> Option<Vec<&str>> {
    let needed = |one: &&Value| {
        let kinds = one["dep_kinds"].as_array();
        kinds.is_some_and(|kinds| kinds.iter().any(|kind| kind["kind"] != "dev"))
    };
    node.get("deps")?.as_array()?.iter().filter(needed).map(|one| one.get("pkg")?.as_str()).collect()
}

fn component(package: &Value, checksums: &BTreeMap<(String, String), String>) -> Option<Value> {
    let (name, version) = (package.get("name")?.as_str()?, package.get("version")?.as_str()?);
    let reference = reference(package)?;
    let mut component = json!({"type": "library", "bom-ref": reference, "name": name, "version": version});
    if !package["source"].is_null() {
        component["purl"] = reference.into();
    }
    if let Some(license) = package["license"].as_str() {
        // Cargo once let a slash stand for "or", which SPDX does not know.
        component["licenses"] = json!([{"expression": license.replace('/', " OR ").replace("  ", " ")}]);
    }
    if let Some(checksum) = checksums.get(&(name.to_owned(), version.to_owned())) {
        component["hashes"] = json!([{"alg": "SHA-256", "content": checksum}]);
    }
    if let Some(repository) = package["repository"].as_str() {
        component["externalReferences"] = json!([{"type": "vcs", "url": repository}]);
    }
    Some(component)
}

/// What a component is called within the list.
fn reference(package: &Value) -> Option<String> {
    Some(format!("pkg:cargo/{}@{}", package.get("name")?.as_str()?, package.get("version")?.as_str()?))
}

#[cfg(test)]
mod tests;
