//! A statement of applicability, from a table on a body's desk to what a buyer is answered.

use serde_json::Value;

use crate::house::{House, read};
use crate::story::furnished;

const SCHEME: &str = r#"
scheme = "demo@2"
title = "Demonstration scheme"
owner = "Nobody"
fictional = true
documents = ["common-requirements@1"]
viewpoints = ["organization", "process", "people-and-things"]
objects = ["organization"]
evaluation = "third-party"
validityMonths = 36
"#;

const GRANT: &str = "--as certification-body grant V-1 --supplier corporate-number:7000012050002 --supplier-name Example_Works \
    --country JP --object organization --object-name Head_office --scheme demo@2 \
    --viewpoint organization,process,people-and-things --scope All_of_it --from 2026-04-01 --until 2029-03-31 \
    --applicability soa.csv --detail-out detail.json";

/// All 31 requirements, two of which are left out.
fn statement() -> String {
    let families = [("ORG", 9), ("PRC", 13), ("PNT", 9)];
    let rows = families.into_iter().flat_map(|(family, count)| (1..=count).map(move |n| format!("{family}-{n:02}")));
    let rows = rows.map(|number| match number.as_str() {
        "PNT-07" => "PNT-07,no,,There is no shop floor\n".to_owned(),
        "PRC-13" => "PRC-13,yes,no,Rules are being written\n".to_owned(),
        _ => format!("{number},yes,yes,\n"),
    });
    format!("Control,Applicable,Implemented,Justification\n{}", rows.collect::<String>())
}

fn left_out(house: &House) -> Vec<String> {
    let coverage = house.json("--as buyer coverage common-requirements@1 --supplier corporate-number:7000012050002");
    let left_out = coverage["basis"][0]["leftOut"].as_array().unwrap().clone();
    left_out
        .iter()
        .map(|one| format!("{} {}", one["requirement"].as_str().unwrap(), one["because"].as_str().unwrap()))
        .collect()
}

#[test]
fn what_a_statement_of_applicability_leaves_out_is_not_covered() {
    let house = furnished();
    house.good(
        "--registry jp import document --example common-requirements --document common-requirements@1 --owner Nobody",
    );
    house.write("scheme2.toml", SCHEME);
    house.good("--registry jp scheme publish scheme2.toml");
    house.good(
        "--as accreditation-body accredit A-3 --body certification-body --role certification-body --scheme demo@2 \
         --viewpoint organization,process,people-and-things --from 2026-01-01 --until 2029-12-31",
    );

    house.write("soa.csv", &format!("{}NET-01,yes,,\nORG-01,perhaps,,\n", statement()));
    let told = house.run(&format!("{GRANT} --json"));
    let refused: Value = serde_json::from_str(&told.out).unwrap();
    let rows: Vec<_> = refused["refused"].as_array().unwrap().iter().map(|one| (&one["row"], &one["code"])).collect();
    assert_eq!(told.code, 1, "{told:?}");
    assert_eq!(rows, [(&32.into(), &"unknown-requirement".into()), (&33.into(), &"bad-applicable".into())]);
    let told = house.run(&format!("--lang ja {GRANT}"));
    assert!(told.out.starts_with("署名していません") && told.out.contains("32 行目"), "{told:?}");
    assert!(house.bad("--as buyer verdict jp:V-1").contains("not-found"), "nothing was signed");
    assert!(!house.path("detail.json").exists());

    house.write("soa.csv", &statement());
    let told = house.run(GRANT);
    assert_eq!(told.code, 0, "{told:?}");
    assert!(told.err.contains("29 requirements apply") && told.out.contains("proof checked"), "{told:?}");
    let verdict = house.json("--as buyer verdict jp:V-1");
    let exclusions = &verdict["now"]["exclusions"];
    assert_eq!(exclusions, &serde_json::json!(["Not applicable: PNT-07", "Not implemented in full: PRC-13"]));
    assert_eq!(left_out(&house), ["PRC-13 excluded", "PNT-07 excluded"]);
    let detail: Value = serde_json::from_str(&read(&house.path("detail.json"))).unwrap();
    let assessed = &detail["assessments"]["organization"];
    assert_eq!(assessed["results"].as_array().unwrap().len(), 31);
    assert_eq!(assessed["findings"][1]["text"], "There is no shop floor", "justifications are apart");
}
