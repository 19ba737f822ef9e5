//! The examples of real arrangements in `docs/examples`: each is read as it is written, says where it comes from, and can be
//! signed by each of its parties.

use std::collections::{BTreeMap, BTreeSet};

use conformity::arrangement::Arrangement;
use serde_json::{Value, json};

use crate::world::{ORIGIN, World, scheme, signed, with};

/// Each example by its name.
fn examples() -> BTreeMap<String, Value> {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/examples/arrangements");
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let read = |path: std::path::PathBuf| {
        let text = std::fs::read_to_string(&path).unwrap();
        (path.file_stem().unwrap().to_str().unwrap().to_owned(), serde_json::from_str(&text).unwrap())
    };
    files.map(read).collect()
}

#[test]
fn each_is_labelled_and_says_where_it_comes_from() {
    let all = examples();
    let names: Vec<&str> = all.keys().map(String::as_str).collect();
    assert_eq!(names, ["ccra", "cls-finland", "cls-germany", "cls-korea", "psti-jc-star", "sog-is"]);
    for (name, example) in all {
        let terms: Arrangement = serde_json::from_value(example["terms"].clone()).unwrap();
        assert_eq!(serde_json::to_value(&terms).unwrap(), example["terms"], "{name} is written in the one way");
        assert_eq!(terms.id.as_str(), name);
        assert!(terms.title.as_str().starts_with("Example: ") && terms.source.is_some(), "{name}");
        assert!(terms.parties.iter().all(|party| party.origin.as_str().ends_with(".registry.example")), "{name}");
        for source in example["sources"].as_array().unwrap() {
            let said = |member: &str| source[member].as_str().unwrap().to_owned();
            assert!(said("url").starts_with("https://") && !said("says").is_empty(), "{name}: {source}");
            said("date").parse::<conformity::time::Day>().unwrap();
        }
        assert!(!example["notes"].as_array().unwrap().is_empty(), "{name}");
    }
}

/// Who owes what to whom is what the sources say, and not the same both ways.
#[test]
fn each_rule_goes_one_way_and_as_far_as_its_source_says() {
    let any = json!("any-issuing");
    let rows = [
        ("ccra", "cpp", &any, "jp", json!({"only": ["cPP"]}), None, "full"),
        ("ccra", "eal-1-2", &any, "jp", json!({"min": "EAL1", "max": "EAL2"}), None, "full"),
        ("sog-is", "eal-1-4", &any, "fr", json!({"min": "EAL1", "max": "EAL4"}), None, "full"),
        ("sog-is", "domains", &json!(["fr"]), "xx", json!({"min": "EAL1", "max": "EAL7"}), None, "full"),
        ("psti-jc-star", "psti-in-japan", &json!(["gb"]), "jp", Value::Null, Some("jc-star@1"), "simplified-procedure"),
        ("psti-jc-star", "jc-star-in-uk", &json!(["jp"]), "gb", json!({"only": ["STAR-1"]}), Some("psti@1"), "full"),
        ("cls-finland", "finland-in-singapore", &json!(["fi"]), "sg", Value::Null, Some("cls-iot@1"), "full"),
        (
            "cls-finland",
            "singapore-in-finland",
            &json!(["sg"]),
            "fi",
            json!({"min": "3"}),
            Some("cybersecurity-label@1"),
            "full",
        ),
    ];
    let all = examples();
    for (name, id, from, to, levels, counts_as, grants) in rows {
        let rules = all[name]["terms"]["rules"].as_array().unwrap();
        let rule = rules.iter().find(|rule| rule["id"] == id).unwrap_or_else(|| panic!("{name} has {id}"));
        assert_eq!((&rule["from"], &rule["levels"]), (from, &levels), "{name} {id}");
        assert!(rule["to"].as_array().unwrap().contains(&json!(to)), "{name} {id}: {rule}");
        assert_eq!((rule["as"]["scheme"].as_str(), rule["grants"].as_str()), (counts_as, Some(grants)), "{name} {id}");
    }
    let beyond = &all["sog-is"]["terms"]["rules"][1];
    assert!(
        beyond["sectors"].as_array().is_some_and(|sectors| !sectors.is_empty()),
        "higher in technical domains only"
    );
}

/// The terms as the registry of the tests is named in them in place of `party`.
fn as_party(terms: &Value, party: &str) -> Value {
    let other = |registry: &str| match registry {
        _ if registry == party => "jp".to_owned(),
        "jp" => "zz".to_owned(),
        other => other.to_owned(),
    };
    let named = |list: &Value| match list.as_array() {
        Some(registries) => registries.iter().map(|one| other(one.as_str().unwrap())).collect(),
        None => list.clone(),
    };
    let mut terms = terms.clone();
    for one in terms["parties"].as_array_mut().unwrap() {
        let registry = other(one["registry"].as_str().unwrap());
        one["origin"] = if registry == "jp" { json!(ORIGIN) } else { json!(format!("{registry}.registry.example")) };
        one["registry"] = json!(registry);
    }
    for rule in terms["rules"].as_array_mut().unwrap() {
        (rule["from"], rule["to"]) = (named(&rule["from"]), named(&rule["to"]));
    }
    terms
}

/// Publishes the schemes that the terms name, with the levels that they name.
fn publish(world: &mut World, terms: &Value) {
    let mut levels: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    for rule in terms["rules"].as_array().unwrap() {
        let named = levels.entry(text(&rule["scheme"])).or_default();
        let limits = ["min", "max"].iter().map(|member| &rule["levels"][member]).filter(|level| level.is_string());
        named.extend(limits.chain(rule["levels"]["only"].as_array().into_iter().flatten()).map(text));
        if let Some(counts) = rule.get("as") {
            let named = levels.entry(text(&counts["scheme"])).or_default();
            named.extend(counts["levels"].as_object().into_iter().flat_map(|map| map.values()).map(text));
        }
    }
    for (id, levels) in levels {
        let levels: Vec<Value> = levels.iter().map(|code| json!({"code": code, "name": code})).collect();
        let patch =
            json!({"scheme": id, "levels": levels, "objects": ["product"], "viewpoints": ["people-and-things"]});
        world.must("ministry", "scheme-published", with(scheme(), patch));
    }
}

#[test]
fn each_can_be_signed_by_each_of_its_parties() {
    for (name, example) in examples() {
        let parties = example["terms"]["parties"].as_array().unwrap().clone();
        for party in parties {
            let mut world = World::furnished();
            let terms = as_party(&example["terms"], party["registry"].as_str().unwrap());
            let rest = terms["parties"].as_array().unwrap().iter().filter(|one| one["registry"] == "eu").count();
            assert_eq!(rest, 0, "{name}: eu is the peer of the tests, with a log of its own");
            publish(&mut world, &terms);
            let told = world.say("ministry", "arrangement-signed", signed(terms));
            assert!(told.is_ok(), "{name} by {}: {told:?}", party["registry"]);
        }
    }
}
