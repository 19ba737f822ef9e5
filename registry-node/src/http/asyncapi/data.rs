//! What stands in `data` of an event, by its type, as `docs/spec/events.md` tells it.
//!
//! The members themselves are described; what a claim of the log holds further down is `statements.md`'s. More members may be added.

use serde_json::{Map, Value, json};

/// The name of the schema for a type of event.
pub(super) fn of(kind: &str) -> &'static str {
    match kind.split_once('.') {
        Some(("verdict", _)) => "VerdictChange",
        Some(("recognition", _)) => "Recognised",
        Some(("arrangement", _)) => "ArrangementStep",
        Some(("bulletin", "relayed")) => "BulletinRelayed",
        Some(("bulletin", _)) => "BulletinIssued",
        Some(("scheme", _)) => "SchemeReplaced",
        Some(("body", _)) => "BodySucceeded",
        Some(("registry", "moved")) => "RegistryMoved",
        Some(("registry", _)) => "RegistryClosed",
        Some(("crosswalk", _)) => "CrosswalkPublished",
        _ => "Bare",
    }
}

/// Every schema, by its name.
pub(super) fn schemas() -> Map<String, Value> {
    let bulletin =
        [("name", text("registry:id")), ("bulletin", object("As its issuer said it")), ("by", text("Who issued it"))];
    let origin = object("Where it stands in that registry's log, and the statement that was signed");
    let relayed = bulletin.clone().into_iter().chain([("origin", origin)]).collect::<Vec<_>>();
    let all = [
        ("VerdictChange", verdict_change()),
        ("Recognised", with(&[("cause", any("Why it was looked at")), ("recognition", recognition())])),
        ("ArrangementStep", with(&[("arrangement", text("Its id")), ("by", text("The registry that acted"))])),
        ("BulletinIssued", with(&bulletin)),
        ("BulletinRelayed", with(&relayed)),
        (
            "SchemeReplaced",
            with(&[
                ("scheme", text("Which one")),
                ("by", text("The one in its place")),
                ("until", day("Its last day")),
            ]),
        ),
        (
            "BodySucceeded",
            with(&[
                ("predecessor", text("The body that was succeeded")),
                ("successor", text("The body in its place")),
                ("reason", object("Why")),
            ]),
        ),
        (
            "RegistryMoved",
            with(&[("httpUrl", uri("Where it is served")), ("natsUrl", uri("Where its nats-server is"))]),
        ),
        ("RegistryClosed", registry_closed()),
        ("CrosswalkPublished", crosswalk()),
        (
            "Bare",
            with(&[("kind", json!({ "enum": ["genesis", "seal", "statement"], "description": "What the entry is" }))]),
        ),
    ];
    all.into_iter().map(|(name, schema)| (name.to_owned(), schema)).collect()
}

fn verdict_change() -> Value {
    let mut change = with(&[
        ("verdict", text("registry:id")),
        ("supplier", supplier()),
        ("object", object("What was assessed")),
        ("scheme", text("id@version")),
        ("provenance", any("Whether a body decided here, or a list of elsewhere was transcribed")),
        (
            "selfDeclared",
            json!({ "enum": ["self", "expert-confirmed", null], "description": "Of a supplier's own declaration: who stands behind it" }),
        ),
        ("change", any("What happened, with what belongs to it")),
        ("reason", json!({ "type": ["object", "null"], "description": "Why" })),
        ("recommendedBy", any("The report that recommended it, or null")),
        ("effective", any("Since when it counts")),
        ("by", any("Who said it")),
        ("after", after()),
    ]);
    change["properties"]["crosswalk"] =
        object("Of coverage-changed: the corrected crosswalk, and how far it carried before and after");
    change
}

fn after() -> Value {
    let mut after = with(&[
        ("state", any("Its state, with what belongs to it")),
        ("issuer", text("The body responsible for it")),
        ("viewpoints", list("The viewpoints that it covers")),
        ("scope", text("What it covers, in words")),
        ("marks", object("What is pending")),
    ]);
    after["properties"]["level"] = text("Its level");
    after["properties"]["validUntil"] = day("Its last day");
    after["description"] = "The verdict from then on".into();
    after
}

fn recognition() -> Value {
    let mut recognition = with(&[
        ("verdict", text("registry:id")),
        ("supplier", supplier()),
        ("scheme", text("id@version, there")),
        ("viewpoints", list("The viewpoints that it has there")),
        ("state", text("Its state there")),
        (
            "outcome",
            json!({ "enum": ["recognised", "partial", "accepted-as-evidence", "refused"], "description": "What this registry makes of it" }),
        ),
    ]);
    recognition["properties"]["arrangement"] = object("The arrangement that it rests on, or that refuses it");
    recognition
}

fn registry_closed() -> Value {
    with(&[
        ("successor", text("The registry that goes on")),
        ("origin", text("Origin of its log")),
        ("genesisDigest", text("SHA-256 of its genesis, in hexadecimal digits")),
        ("httpUrl", uri("Where it is served")),
        ("reason", object("Why")),
    ])
}

fn crosswalk() -> Value {
    with(&[
        ("crosswalk", text("id@version")),
        ("title", text("Its title")),
        ("owner", text("Who made it")),
        ("source", text("The document whose requirements are the sources")),
        ("target", text("The document whose requirements are the targets")),
        ("maps", json!({ "type": "integer", "minimum": 0, "description": "How many maps it has" })),
        ("issued", day("The day on which its owner issued it")),
        ("attachment", text("SHA-256 of its maps, an OSCAL mapping-collection")),
    ])
}

fn supplier() -> Value {
    let mut supplier = with(&[("id", text("kind:value")), ("name", text("Its name"))]);
    supplier["description"] = "Whom the verdict is about".into();
    supplier
}

/// An object that has all of these.
fn with(members: &[(&'static str, Value)]) -> Value {
    let properties: Map<_, _> = members.iter().map(|(name, schema)| ((*name).to_owned(), schema.clone())).collect();
    let required: Vec<&str> = members.iter().map(|(name, _)| *name).collect();
    json!({ "type": "object", "required": required, "properties": properties })
}

fn text(what: &str) -> Value {
    json!({ "type": "string", "description": what })
}

fn day(what: &str) -> Value {
    json!({ "type": "string", "format": "date", "description": what })
}

fn uri(what: &str) -> Value {
    json!({ "type": "string", "format": "uri", "description": what })
}

fn object(what: &str) -> Value {
    json!({ "type": "object", "description": what })
}

fn any(what: &str) -> Value {
    json!({ "description": what })
}

fn list(what: &str) -> Value {
    json!({ "type": "array", "description": what })
}
