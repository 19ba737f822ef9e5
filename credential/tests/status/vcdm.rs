//! The inputs of the test suite for the W3C data model (VCDM 2.0). This library reads one kind of such credentials, status lists; what an
//! input shows is put into one of those, which must be taken or refused as the input's name says, for whatever reason.
//!
//! Where the reader does not look at what an input is about, or takes less than the data model does, the input is counted as skipped.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use credential::attestation::{ReadError, read};
use credential::status::bitstring::StatusCredential;
use serde_json::{Map, Value, json};
use test_data::{skip, vectors};

use super::bitstrings::credential;

const PRESENTATION: &str = "presentations of this form are not read";
const PASSED_OVER: &str =
    "what it gets wrong is passed over: a status list is read by its contexts, types, names, days and list";
const STRICTER: &str = "taken by the data model and refused here: contexts come by URL, and a list has one subject";

/// All inputs, by their names.
fn inputs(folder: &Path) -> BTreeMap<String, Map<String, Value>> {
    let folders = [folder.to_owned(), folder.join("names-and-descriptions")];
    let files = folders.iter().flat_map(|folder| std::fs::read_dir(folder).unwrap()).map(|file| file.unwrap().path());
    let files = files.filter(|file| file.extension().is_some_and(|extension| extension == "json"));
    let named = |file: PathBuf| {
        let text = std::fs::read_to_string(&file).unwrap();
        // The suite puts days into them when it runs.
        let text = text.replace("FUTURE DATE", "2999-01-01T00:00:00Z").replace("PAST DATE", "2001-01-01T00:00:00Z");
        (file.file_stem().unwrap().to_string_lossy().into_owned(), serde_json::from_str(&text).unwrap())
    };
    files.map(named).collect()
}

/// A good status list with everything that the input says; without what the input's name says is missing.
fn grafted(name: &str, input: &Map<String, Value>) -> Value {
    let mut list = credential().to_json().unwrap();
    if input.keys().any(|member| member.starts_with("valid")) {
        list.retain(|member, _| !member.starts_with("valid"));
    }
    for (member, value) in input {
        let value = match (member.as_str(), value.clone()) {
            ("type", Value::Array(mut types)) => {
                types.push(json!("BitstringStatusListCredential"));
                Value::Array(types)
            }
            // The suite adds who issues it, where nothing else is there.
            ("issuer", Value::Object(mut issuer)) => {
                issuer.entry("id").or_insert_with(|| json!("did:web:issuer.example"));
                Value::Object(issuer)
            }
            ("credentialSubject", Value::Object(of_input)) if !of_input.is_empty() => {
                let mut subject = list["credentialSubject"].as_object().unwrap().clone();
                subject.extend(of_input);
                Value::Object(subject)
            }
            (_, value) => value,
        };
        list.insert(member.clone(), value);
    }
    for (missing, member) in
        [("no-issuer", "issuer"), ("no-subject", "credentialSubject"), ("no-type", "type"), ("no-context", "@context")]
    {
        if name.starts_with(&format!("credential-{missing}")) {
            list.remove(member);
        }
    }
    Value::Object(list)
}

#[test]
fn inputs_of_the_data_model_are_taken_and_refused_as_they_say() {
    let Some(folder) = vectors("credentials/w3c-vcdm2-inputs") else { return };
    let (mut counts, mut skipped) = ([0, 0], BTreeMap::<&str, Vec<String>>::new());
    for (name, input) in inputs(&folder) {
        assert_eq!(read(&input), Err(ReadError::OtherType), "{name}: no credential of a verdict");
        if name.starts_with("presentation-") {
            skipped.entry(PRESENTATION).or_default().push(name);
            continue;
        }
        let good = !name.contains("-fail");
        let taken = StatusCredential::from_json(grafted(&name, &input).to_string().as_bytes());
        match (good, taken.is_ok()) {
            (true, true) => counts[0] += 1,
            (false, false) => counts[1] += 1,
            (false, true) => skipped.entry(PASSED_OVER).or_default().push(name),
            (true, false) => skipped.entry(STRICTER).or_default().push(name),
        }
    }
    let numbers: Vec<usize> = [PRESENTATION, PASSED_OVER, STRICTER].iter().map(|why| skipped[why].len()).collect();
    for (why, names) in &skipped {
        skip(&format!("w3c-vcdm2-inputs: {}", names.join(", ")), why);
    }
    assert_eq!((counts, numbers.as_slice()), ([41, 28], &[25, 13, 13][..]), "{skipped:#?}");
}
