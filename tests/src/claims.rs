//! What people say, as it goes over the wire: JSON, so that the tests pin the format and not a type's idea of it.
//!
//! One fictional scheme, `stars@1`, with three levels; one like it that nothing was agreed about, `moons@1`.

use conformity::arrangement::Arrangement;
use jiff::civil::Date;
use jiff::{Timestamp, ToSpan, tz::TimeZone};
use serde_json::{Value, json};

/// A supplier that every test knows.
pub const SUPPLIER: &str = "corporate-number:7000012050002";

/// Today plus so many days, in UTC.
///
/// # Panics
/// At the end of all calendars.
pub fn day(offset: i64) -> String {
    let today: Date = Timestamp::now().to_zoned(TimeZone::UTC).date();
    today.checked_add(offset.days()).expect("a day").to_string()
}

/// `base` with the members of `patch`; null takes a member away.
///
/// # Panics
/// When they are not both objects.
pub fn with(mut base: Value, patch: Value) -> Value {
    let (Value::Object(members), Value::Object(patch)) = (&mut base, patch) else { panic!("two objects") };
    for (name, value) in patch {
        if value.is_null() {
            members.remove(&name);
        } else {
            members.insert(name, value);
        }
    }
    base
}

/// Some reason.
pub fn reason(code: &str) -> Value {
    json!({ "code": code })
}

/// The document that schemes rest on.
pub fn document() -> Value {
    json!({"document": "sp800-171@r3", "title": "SP 800-171", "owner": "NIST", "kind": "requirements"})
}

/// A fictional scheme.
pub fn scheme(id: &str) -> Value {
    json!({
        "scheme": format!("{id}@1"), "title": "Stars (fictional)", "owner": "Ministry", "fictional": true,
        "documents": ["sp800-171@r3"], "viewpoints": ["organization", "process"], "objects": ["organization", "product", "service"],
        "evaluation": "third-party",
        "levels": [
            {"code": "3", "name": "three stars"},
            {"code": "4", "name": "four stars", "atLeast": ["3"]},
            {"code": "5", "name": "five stars", "atLeast": ["4"]},
        ],
        "validityMonths": 36, "surveillance": {"by": "audit-body", "everyMonths": 12}, "restorationDays": 90,
    })
}

/// A designation of the accreditation body `ab`.
pub fn designation(id: &str, schemes: &[&str]) -> Value {
    json!({"id": id, "accreditationBody": "ab", "schemes": schemes, "from": day(-400)})
}

/// An accreditation under `scheme` for both viewpoints.
pub fn accreditation(id: &str, body: &str, role: &str, scheme: &str) -> Value {
    json!({
        "id": id, "body": body, "as": role, "scheme": format!("{scheme}@1"), "viewpoints": ["organization", "process"],
        "from": day(-400), "until": day(400),
    })
}

/// A verdict under `stars@1` at level 4 on a supplier that every test knows.
pub fn verdict(id: &str) -> Value {
    json!({
        "verdict": id,
        "supplier": {"id": SUPPLIER, "name": "Example Works", "country": "JP"},
        "object": {"kind": "organization", "name": "Example Works"}, "scheme": "stars@1",
        "viewpoints": ["organization", "process"], "level": "4", "scope": "design and production of relays",
        "sites": ["Osaka", "Nagoya"], "validFrom": day(-10), "validUntil": day(700), "profile": "open",
        "provenance": "decided",
    })
}

/// A verdict that the operator copied from a list, which does not say where its supplier is established.
pub fn transcribed(id: &str) -> Value {
    let supplier = json!({"id": "local:list:17", "name": "Listed Works"});
    with(verdict(id), json!({"supplier": supplier, "provenance": {"transcribed": listed("17")}}))
}

/// What the same list says of an authority that accepted a verdict as evidence.
pub fn acceptance(id: &str, verdict: &str) -> Value {
    json!({
        "acceptance": id, "verdict": verdict, "authority": "An Agency", "unit": "An Office", "from": day(-20),
        "until": day(300), "transcribed": listed("reuse row 2"),
    })
}

fn listed(row: &str) -> Value {
    json!({"list": "An example list", "source": "https://list.example/", "retrieved": day(-1), "row": row})
}

/// A change of a verdict with effect from now.
pub fn change(verdict: &str, change: Value) -> Value {
    // To the millisecond, as logs count: a finer instant may lie after the entry that it gets.
    let now = Timestamp::from_millisecond(Timestamp::now().as_millisecond()).expect("it is now");
    json!({"verdict": verdict, "change": change, "reason": reason("as-found"), "effective": now.to_string()})
}

/// A report that recommends suspension.
pub fn report(id: &str, verdict: &str) -> Value {
    json!({
        "report": id, "verdict": verdict, "period": {"from": day(-9), "to": day(0)}, "outcome": "finding",
        "recommendation": "suspend",
    })
}

/// A rule by which `to` recognises verdicts of `from` under `scheme` in full.
pub fn rule(id: &str, from: &str, to: &str, scheme: &str) -> Value {
    json!({
        "id": id, "from": [from], "to": [to], "scheme": format!("{scheme}@1"), "objects": ["organization", "product", "service"],
        "viewpoints": ["organization", "process"], "grants": "full", "onSuspension": "cease", "onEnd": "cease",
    })
}

/// Terms between registries, each of which issues and recognises.
pub fn terms(id: &str, mode: &str, parties: &[&str], rules: Vec<Value>) -> Value {
    let parties: Vec<Value> = parties
        .iter()
        .map(|registry| {
            json!({
                "registry": registry, "origin": origin(registry), "authority": format!("Authority of {registry}"),
                "roles": ["issuing", "recognising"],
            })
        })
        .collect();
    json!({
        "id": id, "version": 1, "title": format!("{id}, fictional"), "mode": mode, "parties": parties, "rules": rules,
        "from": day(-30),
    })
}

/// A recognition without words, which answers put in the reader's language and with what would help: gaps by their codes.
pub fn wordless(recognition: &Value) -> Value {
    let codes: Vec<&Value> = recognition["gaps"].as_array().into_iter().flatten().map(|gap| &gap["code"]).collect();
    with(recognition.clone(), json!({"explanation": null, "gaps": codes}))
}

/// An event as streams tell it to whoever asks for no language, of one that comes over NATS: there it has its words in both.
///
/// # Panics
/// When it has not.
pub fn textless(mut published: Value) -> Value {
    for member in ["texten", "textja"] {
        let text = published.as_object_mut().and_then(|event| event.remove(member));
        assert!(text.is_some_and(|text| text.as_str().is_some_and(|text| !text.is_empty())), "{member}: {published}");
    }
    // On NATS each event carries the newest checkpoint, which the stream tells by itself.
    published.as_object_mut().and_then(|event| event.remove("checkpoint"));
    published
}

/// News of a regulation for one sector.
pub fn bulletin(id: &str, sector: &str) -> Value {
    json!({
        "bulletin": id, "topic": "regulation", "title": {"en": "A regulation (fictional)", "ja": "規制(架空)"},
        "text": {"en": "What is sold from that day on can be updated.", "ja": "施行日以降に販売する製品は更新できる。"},
        "concerns": {"sectors": [sector]}, "issued": day(-1), "inForce": day(300),
    })
}

/// The origin of a registry of this harness.
pub fn origin(registry: &str) -> String {
    format!("{registry}.registry.test")
}

/// The claim that signs terms.
///
/// # Panics
/// When they are no terms.
pub fn signed(terms: &Value) -> Value {
    let terms: Arrangement = serde_json::from_value(terms.clone()).expect("these are terms");
    json!({"digest": terms.digest().expect("terms have a digest"), "terms": terms})
}
