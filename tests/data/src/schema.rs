//! Values held to JSON Schemas of others, formats included.

use boon::{Compiler, Schemas};
use serde_json::Value;

/// A name for a schema that refers to nothing beside itself.
const NAME: &str = "https://schema.test/schema.json";

/// Where `value` breaks `schema`, a line for each place; nothing where it is valid.
///
/// # Panics
/// The schema is none.
pub fn fault(schema: &Value, value: &Value) -> Option<String> {
    let (mut schemas, mut compiler) = (Schemas::new(), Compiler::new());
    compiler.enable_format_assertions();
    let added = compiler.add_resource(NAME, schema.clone());
    assert!(added.is_ok(), "{added:?}");
    match compiler.compile(NAME, &mut schemas) {
        Ok(compiled) => schemas.validate(value, compiled).err().map(|error| format!("{error:#}")),
        Err(error) => panic!("{error:#}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
            let value = serde_json::from_str(text).unwrap_or_else(|error| panic!("{text}: {error}"));
            let found = fault(&schema, &value);
            assert_eq!(found.is_none(), valid, "{text}: {found:?}");
        }
    }
}
