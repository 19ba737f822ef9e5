//! How the OpenAPI document describes the questions of the Trust Registry Query Protocol v2 and their answers, with the bounds
//! that this registry sets.

use conformity::standing::Absence;
use serde_json::{Map, Value, json};

use super::super::answer::JSON;
use super::super::question::{MAX_CONTEXT, MAX_STRING};
use super::super::trust_query::{ACTIVITIES, RECOGNIZE};

/// The body of a question about `subject`.
pub(super) fn body(subject: &str) -> Value {
    let schema = json!({ "$ref": format!("#/components/schemas/{subject}Request") });
    json!({ "required": true, "content": { JSON: { "schema": schema, "example": example(subject) } } })
}

/// The content of an answer about `subject`.
pub(super) fn answer(subject: &str) -> Value {
    json!({ JSON: { "schema": { "$ref": format!("#/components/schemas/{subject}Response") } } })
}

/// The schemas of both subjects.
pub(super) fn schemas() -> Map<String, Value> {
    let named = [("Authorization", "authorized"), ("Recognition", "recognized")];
    let both = named.into_iter().flat_map(|(subject, outcome)| {
        [(format!("{subject}Request"), request()), (format!("{subject}Response"), response(outcome))]
    });
    both.collect()
}

fn example(subject: &str) -> Value {
    let registry = "did:web:jp.registry.example";
    if subject == "Recognition" {
        let peer = "did:web:eu.registry.example";
        return json!({ "entity_id": peer, "authority_id": registry, "action": RECOGNIZE, "resource": "demo@1" });
    }
    json!({
        "entity_id": format!("{registry}:parties:cb-1"), "authority_id": registry, "action": ACTIVITIES[0].0,
        "resource": "https://jp.registry.example/v1/schemes/demo@1", "context": { "time": "2026-11-23T09:00:00Z" },
    })
}

fn request() -> Value {
    let text = json!({ "type": "string", "maxLength": MAX_STRING });
    json!({
        "type": "object",
        "required": ["entity_id", "authority_id", "action", "resource"],
        "properties": {
            "entity_id": text, "authority_id": text, "action": text, "resource": text, "context": context(),
        },
    })
}

fn response(outcome: &str) -> Value {
    let text = json!({ "type": "string" });
    let time = json!({ "type": "string", "format": "date-time" });
    json!({
        "type": "object",
        "required": ["entity_id", "authority_id", "action", "resource", "time_evaluated", outcome],
        "properties": {
            "entity_id": text, "authority_id": text, "action": text, "resource": text, outcome: { "type": "boolean" },
            "time_requested": time, "time_evaluated": time, "message": text, "context": context(),
            "absence": { "enum": Absence::ALL, "description": "why there is nothing, where there is nothing" },
        },
    })
}

fn context() -> Value {
    let time = "the instant asked about, RFC 3339 in UTC, not to come; the present where it is absent or empty";
    json!({
        "type": "object",
        "maxProperties": MAX_CONTEXT,
        "properties": { "time": { "type": "string", "description": time } },
        "additionalProperties": { "type": "string", "maxLength": MAX_STRING },
    })
}
