//! Lists that others publish, imported once and again.

use serde_json::json;

use crate::house::House;

/// As many products, one whose row is none, and one that is still under evaluation.
fn list(products: usize) -> String {
    let row = |n: usize| {
        json!({ "product": format!("Product {n}"), "vendor": format!("Vendor {}", n % 7), "level": "EAL2+",
                "certification_date": "2025-03-01" })
    };
    let mut certified: Vec<_> = (0..products).map(row).collect();
    certified.push(json!({ "product": "", "vendor": "Nobody", "level": "EAL2", "certification_date": "2025-03-01" }));
    let pending = [json!({ "product": "Later", "vendor": "Vendor 1", "level": "EAL4" })];
    json!({ "schemes": { "CA": { "lists": { "CERTIFIED": certified, "INEVALUATION": pending } } } }).to_string()
}

#[test]
fn a_list_is_imported_once_whatever_its_length() {
    let mut house = House::new();
    house.serve();
    house.write("list.json", &list(1_203));
    let import = "--registry jp import register --preset common-criteria-canada --retrieved 2026-11-01 list.json";

    let tried = house.json(&format!("{import} --dry-run"));
    assert_eq!((&tried["rows"]["new"], &tried["submitted"]), (&1_203.into(), &json!(null)), "{tried}");
    let first = house.json(import);
    let (rows, submitted) = (&first["rows"], &first["submitted"]);
    assert_eq!((&rows["rows"], &rows["verdicts"], &rows["refused"]), (&1_205.into(), &1_203.into(), &2.into()));
    assert_eq!(first["refusals"].as_array().unwrap().len(), 2, "{}", first["refusals"]);
    assert_eq!(submitted["appended"], first["statements"], "{submitted}");
    let size = house.json("--registry jp status")["size"].as_u64().unwrap();

    let second = house.json(import);
    assert_eq!((&second["rows"]["unchanged"], &second["statements"]), (&1_203.into(), &0.into()), "{}", second["rows"]);
    let told = house.good(import);
    assert!(told.contains("1 refused (other-fact)") && told.contains("1203 unchanged"), "{told}");
    let after = house.json("--registry jp status")["size"].as_u64().unwrap();
    assert!(after <= size + 1, "at most a seal was added: {size} {after}");
}

#[test]
fn a_catalogue_is_published_with_its_requirements_counted() {
    let mut house = House::new();
    house.serve();
    let catalogue = json!({ "catalog": { "uuid": "74c8ba1e-5cd4-4ad1-bbfd-d888e2f6c724", "metadata": { "title": "Small catalogue",
        "last-modified": "2026-01-01T00:00:00Z", "version": "1", "oscal-version": "1.1.2" },
        "groups": [{ "id": "g", "title": "G", "controls": [{ "id": "g-1", "title": "One" }, { "id": "g-2", "title": "Two" }] }] } });
    house.write("catalogue.json", &catalogue.to_string());
    let import = "--registry jp import document catalogue.json --document small@1 --owner Nobody";
    let first = house.json(import);
    assert_eq!(first["requirements"], 2, "{first}");
    assert!(first["receipt"]["index"].is_u64());
    assert!(house.good(import).contains("there already"));
    house.write("catalogue.json", &catalogue.to_string().replace("Two", "Three"));
    assert!(house.bad(import).contains("small@1"));
    house.write("catalogue.json", "{}");
    house.bad("--registry jp import document catalogue.json --document small@2 --owner Nobody");
}
