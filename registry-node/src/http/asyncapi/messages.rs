//! The messages of the document: one for each type of event, and what comes beside events.

use conformity::words;
use serde_json::{Map, Value, json};

use super::super::code::Code;
use super::super::openapi;
use super::{data, reference, types};
use crate::core::event::TYPE_PREFIX;
use crate::core::notice::{HEARTBEAT, PING};
use crate::core::published::CHECKPOINT as MEMBER;
use crate::problem;

/// A checkpoint in the stream.
pub(super) const CHECKPOINT: &str = "checkpoint";
/// Why there is nothing of a supplier, at the opening of the stream.
pub(super) const ABSENCE: &str = "absence";
/// Some events at once.
pub(super) const PULLED: &str = "pulled";
/// Why there is no stream.
pub(super) const PROBLEM: &str = "problem";

/// The schema of an event of the log.
const EVENT: &str = "CloudEvent";
/// What a CloudEvent in JSON is sent as.
const CLOUD_EVENT: &str = "application/cloudevents+json";

/// Every message, by its name.
pub(super) fn all() -> Map<String, Value> {
    let events = types(|_| true).map(|kind| (kind, event(kind, EVENT)));
    let notices = [HEARTBEAT, PING].map(|kind| (kind, event(kind, "Notice")));
    let text = json!({ "type": "string" });
    let others = [
        (CHECKPOINT, plain("The newest published checkpoint, a C2SP signed note", text)),
        (ABSENCE, plain("Why there is nothing of a supplier that was asked for", json!({ "type": "object" }))),
        (PULLED, plain("Some events at once, and where to go on", reference("schemas", "Pulled"))),
        (PROBLEM, plain("Why there are no events (RFC 9457)", reference("schemas", "Problem"))),
    ];
    let all = events.chain(notices).chain(others);
    let mut all: Map<_, _> = all.map(|(name, message)| (name.to_owned(), message)).collect();
    all[PROBLEM]["contentType"] = problem::MEDIA_TYPE.into();
    all
}

/// A message whose CloudEvent has this type, and what belongs to it.
fn event(kind: &str, schema: &str) -> Value {
    let full = format!("{TYPE_PREFIX}{kind}");
    let mut only = json!({ "properties": { "type": { "const": full } } });
    if schema == EVENT {
        only["properties"]["data"] = reference("schemas", data::of(kind));
    }
    json!({
        "name": full, "title": kind, "summary": summary(kind), "contentType": CLOUD_EVENT,
        "payload": { "allOf": [reference("schemas", schema), only] },
    })
}

fn summary(kind: &str) -> &'static str {
    match kind {
        HEARTBEAT => "So many entries were told",
        PING => "Somebody asked whether this arrives",
        _ => words::event_sentence(kind).unwrap_or("Any other entry of the log, and whatever is not public"),
    }
}

fn plain(summary: &str, payload: Value) -> Value {
    json!({ "summary": summary, "payload": payload })
}

/// What the messages are made of.
pub(super) fn schemas() -> Value {
    let mut problem = openapi::schemas()["Problem"].take();
    let kinds: Vec<String> = Code::ALL.iter().map(|code| problem::kind(code.as_str())).collect();
    problem["properties"]["type"]["enum"] = json!(kinds);
    let mut schemas = json!({
        EVENT: cloud_event(),
        "Notice": envelope(json!({
            "type": "object", "required": ["size"],
            "properties": { "size": { "type": "integer", "description": "So many entries were looked at" } },
        })),
        "Pulled": {
            "type": "object",
            "required": ["events", "next", "more", "checkpoint"],
            "properties": {
                "events": { "type": "array", "items": reference("schemas", EVENT) },
                "next": { "type": "string", "description": "What to give as after next" },
                "more": { "type": "boolean" },
                "checkpoint": { "type": ["string", "null"], "description": "The newest published one, a signed note" },
            },
        },
        "Problem": problem,
    });
    for (name, schema) in data::schemas() {
        schemas[name] = schema;
    }
    schemas
}

/// An event of the log.
fn cloud_event() -> Value {
    let mut schema = envelope(json!({ "type": "object", "description": "By the type, as its message says" }));
    let entry = "The 42 bytes of the log entry";
    schema["properties"]["entry"] = json!({ "type": "string", "contentEncoding": "base64", "description": entry });
    for (member, what) in [
        ("subject", "The verdict or bulletin that it is about"),
        ("text", "In words, where a language was asked for"),
        ("textlang", "In which language that is"),
        ("texten", "In words, in English; on NATS"),
        ("textja", "In words, in Japanese; on NATS"),
    ] {
        schema["properties"][member] = text(what);
    }
    schema
}

/// A CloudEvent 1.0 in JSON: what is the same for events and for what is told beside them.
fn envelope(data: Value) -> Value {
    json!({
        "type": "object",
        "required": ["specversion", "id", "source", "type", "time", "datacontenttype", "registry", "logindex", "data"],
        "properties": {
            "specversion": { "const": "1.0" },
            "id": text("Of an event: its index in the log, and behind a dot its position within the entry, from the second on"),
            "source": { "type": "string", "format": "uri", "description": "The address of the registry" },
            "type": text("What happened"),
            "time": { "type": "string", "format": "date-time" },
            "datacontenttype": { "const": "application/json" },
            "registry": text("Whose log it is"),
            "logindex": { "type": "string", "pattern": "^[0-9]+$", "description": "Where in it" },
            MEMBER: {
                "type": "string", "contentEncoding": "base64",
                "description": "The newest published checkpoint, a signed note; on NATS and to webhooks",
            },
            "data": data,
        },
    })
}

fn text(what: &str) -> Value {
    json!({ "type": "string", "description": what })
}
