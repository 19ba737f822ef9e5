//! What we take for a certificate, held to the schemas of the models: nothing that one of them allows is refused, and nothing is taken
//! that none of them allows.

use serde_json::{Value, json};

use super::{file, read};

const VERSIONS: [&str; 3] = ["2.0.0", "3.0.0", "3.1.0"];

fn part(version: &str, name: &str) -> Option<Value> {
    file(&format!("catena-x/business_partner_certificate/{version}/gen/BusinessPartnerCertificate{name}.json"))
}

/// Every pointer into a value but the one to all of it.
fn pointers(value: &Value, at: &str, found: &mut Vec<String>) {
    let below: Vec<(String, &Value)> = match value {
        Value::Object(members) => members.iter().map(|(name, value)| (name.clone(), value)).collect(),
        Value::Array(items) => items.iter().enumerate().map(|(index, value)| (index.to_string(), value)).collect(),
        _ => Vec::new(),
    };
    for (name, value) in below {
        let at = format!("{at}/{name}");
        pointers(value, &at, found);
        found.push(at);
    }
}

/// The sample with one member left out, or replaced by something else.
fn altered(sample: &Value, pointer: &str) -> Vec<Value> {
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    let mut without = sample.clone();
    match without.pointer_mut(parent).unwrap() {
        Value::Object(members) => drop(members.remove(name)),
        Value::Array(items) => drop(items.remove(name.parse().unwrap())),
        other => panic!("{other}"),
    }
    let others = [json!(7), json!("x"), json!({}), json!(["x"]), json!("BPNL0000000001AB"), json!("BPNA0000000001AB")];
    let mut found = vec![without];
    for other in others {
        let mut with = sample.clone();
        *with.pointer_mut(pointer).unwrap() = other;
        found.push(with);
    }
    found
}

#[test]
fn a_certificate_is_taken_where_one_of_the_models_allows_it() {
    let schemas: Vec<Value> = VERSIONS.iter().filter_map(|version| part(version, "-schema")).collect();
    let mut compared = 0;
    for sample in VERSIONS.iter().filter_map(|version| part(version, "")) {
        let mut found = Vec::new();
        pointers(&sample, "", &mut found);
        for pointer in found {
            for certificate in altered(&sample, &pointer) {
                let allowed = schemas.iter().any(|schema| test_data::schema::fault(schema, &certificate).is_none());
                let taken = read(&certificate);
                // The notes of 2.0.0 allow addresses, its schema does not.
                let address =
                    certificate.pointer("/enclosedSites/0/enclosedSiteBpn") == Some(&json!("BPNA0000000001AB"));
                assert_eq!(taken.is_ok(), allowed || address, "{pointer}: {certificate}: {taken:?}");
                compared += 1;
            }
        }
    }
    assert!(compared > 400 || schemas.is_empty(), "{compared}");
}
