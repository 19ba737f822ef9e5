//! CloudEvents: those of the conformance suite, a row for each rule beside, and whatever comes.

use bridges::cloud_event::{self, Data};
use proptest::prelude::*;
use serde_json::{Value, json};

fn suite(name: &str) -> Option<Vec<(String, Value)>> {
    let path = test_data::vectors(&format!("events/cloudevents-conformance/{name}"))?;
    let suite: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    let tests = suite["tests"].as_array().unwrap();
    Some(tests.iter().map(|test| (test["id"].as_str().unwrap().to_owned(), test["event"].clone())).collect())
}

#[test]
fn what_the_suite_takes_for_valid_is_read() {
    let Some(tests) = suite("valid-events.json") else { return };
    assert_eq!(tests.len(), 10);
    for (id, event) in tests {
        let found = cloud_event::read(event.to_string().as_bytes()).unwrap_or_else(|refusal| panic!("{id}: {refusal}"));
        assert_eq!(found.len(), 1, "{id}");
        assert_eq!(found[0].id, event["id"], "{id}");
        let time = event["time"].as_str().map(|time| time.parse().unwrap());
        assert_eq!(found[0].time, time, "{id}");
        assert_eq!(found[0].extensions.len(), if id == "validAllExtensionTypes" { 7 } else { 0 }, "{id}");
    }
}

/// What the suite takes for invalid, where it is found, and why.
const INVALID: [(&str, &str, &str); 25] = [
    ("invalidNoSpecVersion", "the whole text", "specversion is missing"),
    ("invalidNoId", "the whole text", "id is missing"),
    ("invalidNoType", "the whole text", "type is missing"),
    ("invalidNoSource", "the whole text", "source is missing"),
    ("invalidTimeGarbage", "/time", "is not a time"),
    ("invalidTimeToMinute", "/time", "is not a time"),
    ("invalidTimeOffsetX", "/time", "is not a time"),
    ("invalidTimeOffsetOutOfRange", "/time", "is not a time"),
    ("invalidTimeOffsetNonInteger", "/time", "is not a time"),
    ("invalidTimeOffsetHourOnly", "/time", "is not a time"),
    ("invalidEmptyId", "/id", "id is missing"),
    ("invalidEmptyType", "/type", "type is missing"),
    ("invalidEmptySource", "/source", "source is missing"),
    ("invalidEmptySpecVersion", "/specversion", "specversion is missing"),
    ("invalidUnknownSpecVersion", "/specversion", "\"0.9\" is not read"),
    ("invalidNonRfc2046DataContentType", "/datacontenttype", "is not a media type"),
    ("invalidEmptyDataContentType", "/datacontenttype", "datacontenttype is missing"),
    ("invalidEmptyDataSchema", "/dataschema", "dataschema is missing"),
    ("invalidEmptySubject", "/subject", "subject is missing"),
    ("invalidNumericId", "/id", "\"25\" is not a text"),
    ("invalidObjectId", "/id", "is not a text"),
    ("invalidCapitalizedExtension", "/MyExtension", "lower-case letters and digits"),
    ("invalidPunctuatedExtension", "/my.extension", "lower-case letters and digits"),
    ("invalidNonIntegerExtensionValue", "/my.extension", "lower-case letters and digits"),
    ("invalidBothDataAndDataBase64", "/data_base64", "exclude each other"),
];

#[test]
fn what_the_suite_takes_for_invalid_is_refused_with_a_reason() {
    let Some(tests) = suite("invalid-events.json") else { return };
    assert_eq!(tests.len(), INVALID.len());
    for ((id, event), (expected, place, part)) in tests.into_iter().zip(INVALID) {
        assert_eq!(id, expected);
        let refusal =
            cloud_event::read(event.to_string().as_bytes()).map(|found| format!("{id}: {found:?}")).unwrap_err();
        assert_eq!(refusal.place.to_string(), place, "{id}: {refusal}");
        assert!(refusal.fault.to_string().contains(part), "{id}: {refusal}");
    }
}

#[test]
fn what_the_suite_leaves_out_is_held_too() {
    let sound = json!({"specversion": "1.0", "id": "1", "type": "t", "source": "s"});
    let with = |name: &str, value: Value| {
        let mut event = sound.clone();
        event[name] = value;
        cloud_event::read(event.to_string().as_bytes())
    };
    let refused = [
        ("source", json!("a b"), "is not a URI reference"),
        ("source", json!("a%2"), "is not a URI reference"),
        ("source", json!("a#b#c"), "is not a URI reference"),
        ("dataschema", json!("no-scheme"), "is not a URI"),
        ("dataschema", json!("1a:b"), "is not a URI"),
        ("datacontenttype", json!("text/"), "is not a media type"),
        ("subject", json!("a\u{0}b"), "free of control characters"),
        ("id", json!("x".repeat(2_001)), "has 2001 characters"),
        ("time", json!("2026-02-30T00:00:00Z"), "is not a time"),
        ("time", json!("2026-02-03T00:00:00.Z"), "is not a time"),
        ("time", json!("2026-02-03T00:00:00+24:00"), "is not a time"),
        ("time", json!("2026-02-03T00:00:00+00:60"), "is not a time"),
        ("time", json!("２026-02-03T00:00:00Z"), "is not a time"),
        ("extension", json!(1.5), "an extension is"),
        ("extension", json!(2_147_483_648_i64), "an extension is"),
        ("extension", json!([1]), "an extension is"),
        ("extension", json!({"a": 1}), "an extension is"),
        ("data_base64", json!("no base64!"), "is not bytes in base64"),
        ("data_base64", json!(1), "is not bytes in base64"),
    ];
    for (name, value, part) in refused {
        let refusal = with(name, value.clone()).unwrap_err();
        assert!(refusal.fault.to_string().contains(part), "{name} {value}: {refusal}");
        assert_eq!(refusal.place.to_string(), format!("/{name}"));
    }
    let taken = [
        ("source", json!("/a/%20b?c#d")),
        ("datacontenttype", json!("application/json; charset=utf-8")),
        ("time", json!("2026-02-03t04:05:06.7z")),
        ("extension", json!(-2_147_483_648_i64)),
        ("data", json!(null)),
    ];
    for (name, value) in taken {
        assert!(with(name, value.clone()).is_ok(), "{name} {value}");
    }
    let bytes = with("data_base64", json!("TWE=")).unwrap().remove(0).data;
    assert_eq!(bytes, Some(Data::Bytes(b"Ma".to_vec())));
}

#[test]
fn json_itself_is_held_to_rules() {
    let rows = [
        (String::new(), "nothing stands here"),
        ("{".to_owned(), "not JSON"),
        ("7".to_owned(), "is not an object"),
        (r#"{"id": "1", "id": "2"}"#.to_owned(), "appears twice"),
        ("[".repeat(40), "nested deeper than 32 levels"),
        (format!("[{}]", vec!["{}"; 1_001].join(",")), "more than 1000 events"),
    ];
    for (text, part) in rows {
        let refusal = cloud_event::read(text.as_bytes()).unwrap_err();
        assert!(refusal.to_string().contains(part), "{refusal}");
    }
    let batch = json!([{"specversion": "1.0", "id": "1", "type": "t", "source": "s"}, {"specversion": "1.0"}]);
    assert_eq!(cloud_event::read(batch.to_string().as_bytes()).unwrap_err().place.to_string(), "/1");
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(input in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = cloud_event::read(&input);
    }

    #[test]
    fn any_attribute_is_read_or_refused_in_its_place(name in "[a-z]{1,12}|time|source|datacontenttype", text in "\\PC{0,40}") {
        let mut event = json!({"specversion": "1.0", "id": "1", "type": "t", "source": "s"});
        event[&name] = text.into();
        if let Err(refusal) = cloud_event::read(event.to_string().as_bytes()) {
            prop_assert_eq!(refusal.place.to_string(), format!("/{name}"));
        }
    }
}
