//! The OpenAPI 3.1 document, written from the table of routes: a path that is served is described, and the other way round.

mod trust_query;

use bytes::Bytes;
use conformity::standing::Absence;
use serde_json::{Map, Value, json};

use super::answer::{JOSE, JSON, NDJSON, NOTE};
use super::catena_x;
use super::credentials::SD_JWT;
use super::representatives;
use super::route::{Handler, Parameter, Route, Verb};
use super::table::routes;
use crate::config::Config;
use crate::problem;

/// The document of one registry, as JSON.
pub(super) fn document(config: &Config) -> Bytes {
    let document = json!({
        "openapi": "3.1.0",
        "info": {
            "title": format!("Secure Trust Registry: {}", config.registry.name),
            "version": env!("CARGO_PKG_VERSION"),
            "description": "Verdicts on the security of suppliers, from a signed log. TLS 1.3; writers show a client certificate.",
            "license": { "name": "Apache-2.0", "identifier": "Apache-2.0" },
        },
        "servers": [{ "url": config.http.public_url }],
        "paths": paths(),
        "components": {
            "schemas": schemas(),
            "securitySchemes": { "clientCertificate": { "type": "mutualTLS" } },
        },
    });
    document.to_string().into()
}

fn paths() -> Value {
    let mut paths = Map::new();
    for route in routes() {
        let path = route.path.replace("*}", "}");
        let item = paths.entry(path).or_insert_with(|| json!({}));
        if let Some(methods) = item.as_object_mut() {
            methods.insert(method(route.verb).to_owned(), operation(route));
        }
    }
    Value::Object(paths)
}

pub(super) const fn method(verb: Verb) -> &'static str {
    match verb {
        Verb::Get => "get",
        Verb::Post => "post",
        Verb::Put => "put",
        Verb::Patch => "patch",
        Verb::Delete => "delete",
    }
}

fn operation(route: &Route) -> Value {
    let mut operation = json!({
        "summary": route.summary,
        "parameters": parameters(route),
        "responses": responses(route),
    });
    match route.handler {
        Handler::Statements => {
            operation["requestBody"] = body();
            operation["security"] = json!([{ "clientCertificate": [] }]);
        }
        Handler::Question { subject, .. } => operation["requestBody"] = trust_query::body(subject),
        Handler::Checkpoints => {
            let text = json!({ "schema": { "type": "string" } });
            operation["requestBody"] = json!({ "required": true, "content": { NOTE: text } });
        }
        Handler::Presentations => {
            operation["requestBody"] =
                json!({ "required": true, "content": { SD_JWT: { "schema": { "type": "string" } } } });
            operation["security"] = json!([{ "clientCertificate": [] }]);
        }
        Handler::Inquiry { takes, .. } | Handler::Own { takes, .. } => {
            if !takes.is_empty() {
                let contents = takes.iter().map(|taken| ((*taken).to_owned(), json!({})));
                operation["requestBody"] = json!({ "required": true, "content": contents.collect::<Map<_, _>>() });
            }
            operation["security"] = json!([{ "clientCertificate": [] }]);
        }
        Handler::Poll => {
            operation["requestBody"] = json!({ "required": true, "content": { JSON: {} } });
            operation["security"] = json!([{ "clientCertificate": [] }]);
        }
        Handler::Memory(_)
        | Handler::Mixed { .. }
        | Handler::Disk(_)
        | Handler::Evened(_)
        | Handler::Large { .. }
        | Handler::Forms { .. }
        | Handler::Events
        | Handler::Pull => {}
    }
    operation
}

fn parameters(route: &Route) -> Vec<Value> {
    let in_path = (!route.value.is_empty()).then(|| {
        json!({
            "name": route.value_name(), "in": "path", "required": true,
            "description": route.value, "schema": { "type": "string" },
        })
    });
    let header = matches!(route.handler, Handler::Events).then(|| {
        json!({
            "name": "Last-Event-ID", "in": "header",
            "description": "id of the last event read; counts before after", "schema": { "type": "string" },
        })
    });
    let partner = route.path.starts_with(catena_x::BASE).then(|| {
        json!({
            "name": "Edc-Bpn", "in": "header", "required": true,
            "description": "the partner that the asker's connector let in: BPNL and twelve letters or digits",
            "schema": { "type": "string" },
        })
    });
    let member = representatives::takes(route).then(|| {
        json!({
            "name": "On-Behalf-Of", "in": "header",
            "description": "the party for which it is asked, where it let the asker do so", "schema": { "type": "string" },
        })
    });
    in_path
        .into_iter()
        .chain(route.parameters.iter().map(parameter))
        .chain(header)
        .chain(partner)
        .chain(member)
        .collect()
}

pub(super) fn parameter(parameter: &Parameter) -> Value {
    let text = json!({ "type": "string" });
    let schema = if parameter.many { json!({ "type": "array", "items": text }) } else { text };
    json!({ "name": parameter.name, "in": "query", "description": parameter.what, "schema": schema })
}

fn responses(route: &Route) -> Value {
    let good = json!({ "description": route.summary, "content": { route.answer: {} } });
    let problem = problem(route);
    match route.handler {
        Handler::Statements => {
            let receipt = json!({ "schema": { "$ref": "#/components/schemas/Receipt" } });
            let receipt = |what| json!({ "description": what, "content": { JSON: receipt } });
            let mut repeated = receipt("It was in the log before; or, for lines, an answer to each");
            repeated["content"][NDJSON] = json!({});
            json!({ "200": repeated, "201": receipt("It is in the log, durably"), "default": problem })
        }
        Handler::Question { subject, .. } => {
            let answer = json!({ "description": route.summary, "content": trust_query::answer(subject) });
            json!({ "200": answer, "default": problem })
        }
        Handler::Checkpoints => {
            let conflict = json!({ "description": "The size cosigned last", "content": { "text/x.tlog.size": {} } });
            json!({ "200": good, "409": conflict, "default": problem })
        }
        Handler::Forms { also, .. } | Handler::Inquiry { also, .. } => {
            let mut good = good;
            for form in also {
                good["content"][*form] = json!({});
            }
            json!({ "200": good, "default": problem })
        }
        Handler::Own { .. } if route.path == catena_x::REQUESTS => json!({ "202": good, "default": problem }),
        Handler::Own { .. } if route.verb == Verb::Delete || route.answer.is_empty() => {
            json!({ "204": { "description": route.summary }, "default": problem })
        }
        _ => json!({ "200": good, "default": problem }),
    }
}

fn problem(route: &Route) -> Value {
    let schema = json!({ "$ref": "#/components/schemas/Problem" });
    let (form, schema) = if route.path.starts_with(catena_x::BASE) {
        let message = json!({ "required": ["message"], "properties": { "message": { "type": "string" } } });
        (JSON, json!({ "allOf": [schema, message] }))
    } else {
        (problem::MEDIA_TYPE, schema)
    };
    json!({ "description": "A problem (RFC 9457)", "content": { form: { "schema": schema } } })
}

fn body() -> Value {
    let text = json!({ "schema": { "type": "string" } });
    json!({
        "required": true,
        "content": {
            JOSE: text,
            JSON: { "schema": { "$ref": "#/components/schemas/Submission" } },
            NDJSON: text,
        },
    })
}

pub(super) fn schemas() -> Value {
    let text = || json!({ "type": "string" });
    let mut schemas = json!({
        "Problem": {
            "type": "object",
            "required": ["type", "title", "status", "detail"],
            "properties": {
                "type": { "type": "string", "format": "uri" },
                "title": text(),
                "status": { "type": "integer" },
                "detail": text(),
                "params": { "type": "object", "additionalProperties": text() },
                "absence": { "enum": Absence::ALL },
                "because": { "type": "array", "items": { "type": "object" } },
                "retryAfter": { "type": "integer" },
            },
        },
        "Receipt": {
            "type": "object",
            "required": ["index", "time", "repeated", "proof"],
            "properties": {
                "index": { "type": "integer" },
                "time": { "type": "string", "format": "date-time" },
                "repeated": { "type": "boolean" },
                "proof": text(),
            },
        },
        "Submission": {
            "type": "object",
            "required": ["statement"],
            "additionalProperties": false,
            "properties": {
                "statement": text(),
                "attachments": { "type": "array", "maxItems": 4, "items": { "type": "string", "contentEncoding": "base64" } },
            },
        },
    });
    for (name, schema) in trust_query::schemas() {
        schemas[name] = schema;
    }
    schemas
}
