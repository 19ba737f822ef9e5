//! The payload as a reader of UNTP sees it, against the schema of UNTP 0.7.0 as published.

use conformity::consent::Part;
use credential::attestation::part_of;
use serde_json::{Map, Value, json};
use test_data::schema::fault;

use crate::sample::{open, summary};
use crate::{issued, key, shown};

const SCHEMA: &str = "credentials/untp/0.7.0/dcc.schema.json";

fn faults(schema: &Value, payload: &Map<String, Value>) -> String {
    fault(schema, &Value::Object(payload.clone())).unwrap_or_default()
}

#[test]
fn what_shows_results_is_valid_and_nothing_else_is_missing() {
    let Some(file) = test_data::vectors(SCHEMA) else { return };
    let schema: Value = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
    for attestation in [open(), summary()] {
        let key = key();
        let credential = issued(&key, &attestation);
        let profile = attestation.credential.profile;
        let whole = shown(&key, &credential, |_| true);
        assert_eq!(faults(&schema, &whole), "", "{profile:?}, all disclosed");
        let results = |place: &_| part_of(credential.payload(), place) == Some(Part::Results);
        assert_eq!(faults(&schema, &shown(&key, &credential, results)), "", "{profile:?}, results disclosed");

        // UNTP wants a list of results in each assessment, and a presentation that shows none has none.
        let mut bare = shown(&key, &credential, |_| false);
        let found = faults(&schema, &bare);
        let lines: Vec<&str> = found.lines().filter(|line| !line.contains("validation failed")).collect();
        let lacks = |line: &&str| line.ends_with("missing properties 'assessedPerformance'");
        assert!(!lines.is_empty() && lines.iter().all(lacks), "{found}");
        let assessments = bare["credentialSubject"]["conformityAssessment"].as_array_mut().unwrap();
        assessments.iter_mut().for_each(|assessment| assessment["assessedPerformance"] = json!([]));
        assert_eq!(faults(&schema, &bare), "", "{profile:?}, with empty lists");
    }
}

#[test]
fn what_breaks_the_schema_is_found() {
    let Some(file) = test_data::vectors(SCHEMA) else { return };
    let schema: Value = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
    let key = key();
    let whole = shown(&key, &issued(&key, &open()), |_| true);
    let rows = [
        ("/credentialSubject", Value::Null, "no subject"),
        ("/type", json!(["VerifiableCredential"]), "another type"),
        ("/validFrom", json!("tomorrow"), "no instant"),
        ("/credentialSubject/assessmentLevel", json!("best"), "a word that UNTP does not know"),
    ];
    for (place, value, what) in rows {
        let mut broken = Value::Object(whole.clone());
        *broken.pointer_mut(place).unwrap() = value;
        assert_ne!(faults(&schema, broken.as_object().unwrap()), "", "{what}");
    }
}
