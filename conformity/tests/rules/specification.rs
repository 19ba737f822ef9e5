//! `docs/spec` says what this crate does: its examples of claims are read as they are written, and no gap is missing.

use std::collections::BTreeSet;

use conformity::recognised::Recognition;
use conformity::statement::{Kind, Statement};
use serde_json::Value;

use crate::world::World;

/// An example, for what it stands, and what its text says may be left out.
struct Example {
    kind: String,
    value: Value,
    optional: BTreeSet<String>,
}

fn examples() -> Vec<Example> {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/spec/claims.md");
    let text = std::fs::read_to_string(path).unwrap();
    let mut examples = Vec::new();
    for section in text.split("\n## ").skip(1) {
        let kind = section.split('`').nth(1).unwrap();
        for part in section.split("```json").skip(1) {
            let (label, rest) = part.split_once('\n').unwrap();
            let (json, words) = rest.split_once("\n```").unwrap();
            let kind = if label.is_empty() { kind } else { label.trim() };
            let value = serde_json::from_str(json).unwrap_or_else(|error| panic!("{kind}: {error}"));
            examples.push(Example { kind: kind.to_owned(), value, optional: optional(words) });
        }
    }
    examples
}

/// The names in the sentence that begins a paragraph so.
fn optional(words: &str) -> BTreeSet<String> {
    let sentence = words.trim_start().strip_prefix("May be left out: ").unwrap_or_default();
    let names = sentence.split(". ").next().unwrap_or_default().split('`');
    names.skip(1).step_by(2).map(str::to_owned).collect()
}

/// The value as it was understood.
fn read(kind: &str, value: &Value) -> Result<Value, String> {
    if kind == "recognition" {
        let read: Recognition = serde_json::from_value(value.clone()).map_err(|error| error.to_string())?;
        return Ok(serde_json::to_value(read).unwrap());
    }
    let payload = World::empty().envelope("op", kind, value.clone());
    let statement = Statement::parse(payload.to_string().as_bytes()).map_err(|error| error.to_string())?;
    Ok(serde_json::to_value(statement).unwrap()["claim"].clone())
}

#[test]
fn every_example_is_read_as_it_is_written() {
    let mut seen = BTreeSet::new();
    for Example { kind, value, .. } in examples() {
        let understood = read(&kind, &value).unwrap_or_else(|error| panic!("{kind}: {error}"));
        let mut written = value;
        if written.get("documents").is_some() {
            written["registryActs"] = understood["registryActs"].clone();
        }
        assert_eq!(understood, written, "{kind}");
        seen.insert(kind);
    }
    let plain = Kind::ALL.iter().filter(|kind| kind.is_plain());
    let kinds: BTreeSet<String> = plain.map(ToString::to_string).chain(["recognition".to_owned()]).collect();
    assert_eq!(seen, kinds);
}

#[test]
fn what_may_be_left_out_is_what_the_text_says() {
    let mut described = BTreeSet::new();
    for Example { kind, value, optional } in examples() {
        // A second example of a kind shows another form of it, and has not every member.
        if !described.insert(kind.clone()) {
            continue;
        }
        for name in value.as_object().unwrap().keys() {
            let mut without = value.clone();
            without.as_object_mut().unwrap().remove(name);
            assert_eq!(read(&kind, &without).is_ok(), optional.contains(name), "{kind}: {name}");
        }
        assert!(optional.iter().all(|name| value.get(name).is_some()), "{kind}: {optional:?}");
    }
}

#[test]
fn every_gap_is_in_the_text() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let code = std::fs::read_to_string(root.join("src/recognition/gap.rs")).unwrap();
    let text = std::fs::read_to_string(root.join("../docs/spec/arrangement.md")).unwrap();
    let codes: BTreeSet<&str> =
        code.lines().filter_map(|line| line.split_once("=> \"")?.1.strip_suffix("\",")).collect();
    assert!(codes.len() > 30, "the codes were not found: {codes:?}");
    for code in codes {
        assert!(text.contains(&format!("`{code}`")), "{code} is not in docs/spec/arrangement.md");
    }
}
