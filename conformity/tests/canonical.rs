//! The canonical form of JSON (RFC 8785), on whose digest the parties of an arrangement agree, by the vectors of its authors.
#![allow(clippy::unwrap_used)]

use std::fs;

use serde_json::Value;

#[test]
fn the_canonical_form_is_that_of_rfc_8785() {
    let Some(folder) = test_data::vectors("jcs/rfc8785") else { return };
    let mut seen = 0;
    for input in fs::read_dir(folder.join("input")).unwrap() {
        let name = input.unwrap().file_name();
        let value: Value = serde_json::from_slice(&fs::read(folder.join("input").join(&name)).unwrap()).unwrap();
        let expected = fs::read(folder.join("output").join(&name)).unwrap();
        assert_eq!(serde_json_canonicalizer::to_vec(&value).unwrap(), expected, "{}", name.display());
        seen += 1;
    }
    assert!(seen >= 6, "{seen} vectors");
}
