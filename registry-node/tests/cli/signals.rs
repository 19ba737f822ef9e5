//! Streams of security events by hand: the guide, and what is refused.

use std::path::Path;

use serde_json::Value;

use crate::guide::shown;
use crate::house::{House, read};
use crate::story::furnished;

const SUPPLIER: &str = "corporate-number:7000012050002";

#[test]
fn the_guide_shows_what_happens() {
    let guide = read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/guide/signals.md"));
    let house = furnished();
    let count = shown(&house, &guide);
    assert!(count >= 4, "{count} lines");
    let stream = house.json("--as buyer signals show");
    assert_eq!((&stream["status"], &stream["description"]), (&"enabled".into(), &"alarms".into()), "{stream}");
    assert_eq!(stream["events_requested"].as_array().unwrap().len(), 2);
    assert_eq!(subjects(&house, &stream), [SUPPLIER]);
    let table = house.good("--as buyer signals list");
    assert!(table.contains("urn:ietf:rfc:8936") && table.contains("alarms"), "{table}");
    let id = stream["stream_id"].as_str().unwrap();
    assert_eq!(house.good(&format!("--as buyer signals delete {id}")).trim(), id);
    assert_eq!(house.json("--as buyer signals list"), Value::Array(Vec::new()));
}

/// Of whom a stream tells, as the subscription that it is shows it.
fn subjects(house: &House, stream: &Value) -> Vec<String> {
    let shown = house.json(&format!("--as buyer subscription show {}", stream["stream_id"].as_str().unwrap()));
    let suppliers = shown["filter"]["suppliers"].as_array().unwrap();
    suppliers.iter().map(|one| one.as_str().unwrap().to_owned()).collect()
}

#[test]
fn which_stream_is_meant_is_said_or_clear() {
    let house = furnished();
    assert!(house.bad("--as buyer signals show").contains("you have 0 streams"));
    let first = house.json(&format!("--as buyer signals make --supplier {SUPPLIER}"));
    let second = house.json("--as buyer signals make --type verdict");
    assert!(house.bad("--as buyer signals pause").contains("--stream"), "both are its own");
    let id = |stream: &Value| stream["stream_id"].as_str().unwrap().to_owned();
    let paused = house.json(&format!("--as buyer signals pause --stream {} --reason why", id(&second)));
    assert_eq!((&paused["status"], &paused["reason"]), (&"paused".into(), &"why".into()), "{paused}");
    assert_eq!(house.json(&format!("--as buyer signals show --stream {}", id(&first)))["status"], "enabled");
    // Others have no part in it, and learn nothing of it.
    let others = format!("--as certification-body signals show --stream {}", id(&first));
    assert!(house.bad(&others).contains("not-found"));
    assert!(house.bad("--as buyer signals make --type crosswalk").contains("crosswalk is told through streams"));
    assert!(house.bad("--as buyer signals make --authorization token").contains("--push"));
    house.write("token", "Bearer x\n");
    let push = "--as buyer signals make --push https://buyer.example/events --authorization token";
    assert!(house.bad(push).contains("webhooks-off"), "nothing is pushed by a registry that has no way out");
}
