//! The resolved document as an OSCAL catalogue: the numbers that it takes over, where from, and what the profile adds, with its reasons.

use conformity::crosswalk::Relation;
use conformity::digest::named_uuid;
use serde_json::{Value, json};

use super::resolve::{Base, Resolved, Taken};
use super::wire::Body;
use super::{NAMESPACE, ProfileError};
use crate::import::document::DocumentOrder;
use crate::import::oscal::token;

/// The same bytes for the same profile of the same catalogues.
pub(super) fn write(body: &Body, order: &DocumentOrder, resolved: &Resolved) -> Result<Vec<u8>, ProfileError> {
    let (mut controls, mut groups): (Vec<Value>, Vec<(&str, Vec<Value>)>) = (Vec::new(), Vec::new());
    for (base, taken) in resolved.bases.iter().flat_map(|base| base.taken.iter().map(move |taken| (base, taken))) {
        let written = control(base, taken, resolved);
        let Some(viewpoint) = taken.viewpoint else {
            controls.push(written);
            continue;
        };
        match groups.iter_mut().find(|(id, _)| *id == viewpoint.as_str()) {
            Some((_, group)) => group.push(written),
            None => groups.push((viewpoint.as_str(), vec![written])),
        }
    }
    let group = |(id, controls): &(&str, Vec<Value>)| json!({"id": id, "title": id, "controls": controls});
    let mut catalog = json!({
        "uuid": named_uuid(&format!("secure-trust-registry profile {}", order.document)),
        "metadata": metadata(body, resolved),
    });
    if !groups.is_empty() {
        catalog["groups"] = Value::Array(groups.iter().map(group).collect());
    }
    if !controls.is_empty() {
        catalog["controls"] = Value::Array(controls);
    }
    Ok(serde_json::to_vec(&json!({"catalog": catalog}))?)
}

fn metadata(body: &Body, resolved: &Resolved) -> Value {
    let left_out = resolved.bases.iter().flat_map(|base| &base.left_out);
    let props = left_out.map(|number| property("left-out", number.as_str(), resolved.reasons.get(number)));
    let props: Vec<Value> = props.collect();
    let mut metadata = json!({
        "title": body.metadata.title, "last-modified": body.metadata.last_modified, "version": body.metadata.version,
        "oscal-version": "1.2.0",
    });
    if !props.is_empty() {
        metadata["props"] = Value::Array(props);
    }
    if let Some(remarks) = &body.metadata.remarks {
        metadata["remarks"] = json!(remarks);
    }
    metadata
}

fn control(base: &Base, taken: &Taken, resolved: &Resolved) -> Value {
    let number = taken.number.as_str();
    let mut props = vec![json!({"name": "label", "value": number})];
    let how = match taken.relation() {
        Relation::SupersetOf => Some("tightened"),
        Relation::SubsetOf | Relation::IntersectsWith => Some("loosened"),
        _ => None,
    };
    props.extend(how.map(|how| property("tailoring", how, resolved.reasons.get(&taken.number))));
    let mut control = json!({
        "id": token(&taken.number.folded()), "title": number, "props": props,
        "links": [{"href": format!("/v1/documents/{}", base.document), "rel": "source"}],
    });
    if !taken.parts.is_empty() {
        control["parts"] = json!(taken.parts);
    }
    control
}

fn property(name: &str, value: &str, reason: Option<&String>) -> Value {
    let mut property = json!({"name": name, "ns": NAMESPACE, "value": value});
    if let Some(reason) = reason {
        property["remarks"] = json!(reason);
    }
    property
}
