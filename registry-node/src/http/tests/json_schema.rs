//! JSON Schema as far as the schemas of the Trust Registry Query Protocol use it. A keyword that is not known here fails the
//! test instead of being passed over.

use jiff::Timestamp;
use serde_json::Value;

/// Where `value` breaks `schema`, and how; nothing where it validates.
pub(super) fn fault(schema: &Value, value: &Value) -> Option<String> {
    schema.as_object().unwrap().iter().find_map(|(keyword, wanted)| {
        let holds = match keyword.as_str() {
            "$id" | "title" | "description" => true,
            "type" => is(wanted.as_str().unwrap(), value),
            "format" => value.as_str().is_none_or(|text| has_format(wanted.as_str().unwrap(), text)),
            "required" => wanted.as_array().unwrap().iter().all(|name| has(value, name.as_str().unwrap())),
            "properties" => return members(value, |name| wanted.get(name)),
            "additionalProperties" => {
                let named = |name: &str| schema["properties"].get(name).is_some();
                return members(value, |name| (!named(name)).then_some(wanted));
            }
            unknown => panic!("the keyword {unknown} is not known here"),
        };
        (!holds).then(|| format!("{keyword} {wanted} does not hold for {value}"))
    })
}

fn has(value: &Value, name: &str) -> bool {
    value.as_object().is_none_or(|members| members.contains_key(name))
}

fn members<'s>(value: &Value, schema_of: impl Fn(&str) -> Option<&'s Value>) -> Option<String> {
    value.as_object()?.iter().find_map(|(name, member)| {
        let fault = fault(schema_of(name)?, member)?;
        Some(format!("{name}: {fault}"))
    })
}

fn is(kind: &str, value: &Value) -> bool {
    match kind {
        "object" => value.is_object(),
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        unknown => panic!("the type {unknown} is not known here"),
    }
}

fn has_format(format: &str, text: &str) -> bool {
    assert_eq!(format, "date-time", "the only format that is known here");
    text.contains('T') && text.parse::<Timestamp>().is_ok()
}

#[test]
fn faults_are_found() {
    let schema = serde_json::json!({
        "type": "object", "required": ["a"],
        "properties": {"a": {"type": "string", "format": "date-time"}, "b": {"type": "boolean"}},
        "additionalProperties": {"type": "string"},
    });
    let rows = [
        (r#"{"a": "2026-01-01T00:00:00Z"}"#, true),
        (r#"{"a": "2026-01-01T00:00:00Z", "b": true, "c": "x"}"#, true),
        (r#"{"a": "2026-01-01"}"#, false),
        (r#"{"a": 1}"#, false),
        (r#"{"b": true}"#, false),
        (r#"{"a": "2026-01-01T00:00:00Z", "b": "x"}"#, false),
        (r#"{"a": "2026-01-01T00:00:00Z", "c": 1}"#, false),
        (r#"["a"]"#, false),
        ("null", false),
    ];
    for (text, valid) in rows {
        let found = fault(&schema, &serde_json::from_str(text).unwrap());
        assert_eq!(found.is_none(), valid, "{text}: {found:?}");
    }
}
