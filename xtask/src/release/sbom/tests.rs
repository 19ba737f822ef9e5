//! The list of this very workspace, by what the schema of CycloneDX 1.6 asks for.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use super::*;
use crate::workspace::{Workspace, host};

const DATE: &str = "2026-01-02T03:04:05Z";

fn listed() -> Value {
    let workspace = Workspace::find().unwrap();
    serde_json::from_str(&of(&workspace.root, "registry-node", &host().unwrap(), DATE).unwrap()).unwrap()
}

/// The members that the schema requires, and the forms that it gives them.
#[test]
fn the_list_has_what_the_schema_requires() {
    let list = listed();
    assert_eq!(
        (&list["bomFormat"], &list["specVersion"], &list["version"]),
        (&json!("CycloneDX"), &json!("1.6"), &json!(1))
    );
    assert_eq!(list["metadata"]["timestamp"], DATE);
    let own = &list["metadata"]["component"];
    assert_eq!((&own["type"], &own["name"]), (&json!("application"), &json!("registry-node")));
    let components = list["components"].as_array().unwrap();
    assert!(components.len() > 100, "{}", components.len());
    for component in components.iter().chain([own]) {
        let text = |member: &str| component[member].as_str().unwrap_or_else(|| panic!("{component}")).to_owned();
        assert!(["library", "application"].contains(&text("type").as_str()));
        assert!(!text("name").is_empty() && !text("version").is_empty());
        for license in component["licenses"].as_array().unwrap_or_else(|| panic!("{component}")) {
            let expression = license["expression"].as_str().unwrap();
            assert!(!expression.contains('/') && !expression.is_empty(), "{component}");
        }
        for hash in component["hashes"].as_array().into_iter().flatten() {
            let content = hash["content"].as_str().unwrap();
            assert!(hash["alg"] == "SHA-256" && content.len() == 64, "{component}");
            assert!(content.bytes().all(|digit| digit.is_ascii_hexdigit()), "{component}");
        }
        let foreign = component["purl"].is_string();
        assert_eq!(foreign, component["hashes"].is_array(), "what comes from outside has a digest: {component}");
    }
}

#[test]
fn every_reference_leads_somewhere_and_is_there_once() {
    let list = listed();
    let own = &list["metadata"]["component"]["bom-ref"];
    let all: Vec<&Value> =
        list["components"].as_array().unwrap().iter().map(|one| &one["bom-ref"]).chain([own]).collect();
    let once: BTreeSet<String> = all.iter().map(|one| one.as_str().unwrap().to_owned()).collect();
    assert_eq!(all.len(), once.len());
    let dependencies = list["dependencies"].as_array().unwrap();
    assert_eq!(dependencies.len(), once.len());
    for one in dependencies {
        let on = one["dependsOn"].as_array().unwrap();
        for name in on.iter().chain([&one["ref"]]) {
            assert!(once.contains(name.as_str().unwrap()), "{name}");
        }
    }
}

#[test]
fn tests_are_left_out_and_the_same_commit_gives_the_same_list() {
    let list = listed();
    let names: BTreeSet<&str> =
        list["components"].as_array().unwrap().iter().map(|one| one["name"].as_str().unwrap()).collect();
    for shipped in ["rustls", "aws-lc-sys", "certs", "sled"] {
        assert!(names.contains(shipped), "{shipped}");
    }
    for apart in ["proptest", "tempfile", "xtask", "test-data", "boon"] {
        assert!(!names.contains(apart), "{apart}");
    }
    assert_eq!(list, listed());
}
