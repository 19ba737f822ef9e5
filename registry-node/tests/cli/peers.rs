//! Registries that get to know each other by files; what travels between them then is tested where nats-server runs.

use crate::house::{House, read};
use crate::story::furnished;

#[test]
fn an_introduction_is_pinned_answered_and_stored() {
    let mut house = House::new();
    house.serve();
    house.good(
        "init eu --id eu --origin eu.registry.example --name Europe --persons 1 --http 127.0.0.1:1 --nats 127.0.0.1:2",
    );
    house.good("--registry eu peer introduce jp --out eu-for-jp.json");
    let first = read(&house.path("eu-for-jp.json"));
    house.good("--registry eu peer introduce jp --out eu-for-jp.json");
    assert_eq!(read(&house.path("eu-for-jp.json")), first, "written again, it is the same");

    let added = house.json("--registry jp peer add eu-for-jp.json --out jp-for-eu.json");
    assert_eq!(added["peer"], "eu", "{added}");
    let told = house.good("--registry eu peer connect jp-for-eu.json");
    assert!(told.contains("we dial jp"), "{told}");
    assert!(read(&house.path("eu/peers/jp/nats.pem")).contains("BEGIN CERTIFICATE"));
    assert!(house.good("--registry jp peer list").contains("eu.registry.example"));
    assert!(house.good("--registry jp certs show").contains("spiffe://jp.registry.example/peer/eu"));

    let refused = house.bad("--registry jp peer connect jp-for-eu.json");
    assert!(refused.contains("peer introduce"), "{refused}");
    house.write("forged.json", &first.replace("\"eu.registry.example\"", "\"us.registry.example\""));
    assert!(house.bad("--registry jp peer add forged.json --out x.json").contains("genesis"));

    house.good("--registry jp peer expel eu --reason test-over");
    assert!(!house.good("--registry jp certs show").contains("peer/eu"), "its certificate is revoked");
    assert!(house.good("--registry jp peer list").contains("test-over"));
}

#[test]
fn terms_are_signed_from_a_file_and_from_what_is_known() {
    let house = furnished();
    house.write("terms.toml", TERMS);
    house.good("--registry jp arrangement propose terms.toml");
    let shown = house.json("--registry jp arrangement show jp-eu");
    assert_eq!(shown["terms"][0]["terms"]["title"], "Demonstration arrangement", "{shown}");
    assert!(house.good("--registry jp arrangement show").contains("unsigned"));
    let other = "0".repeat(64);
    assert!(house.bad(&format!("--registry jp arrangement accept jp-eu --digest {other}")).contains("not signed"));
    assert!(house.bad("--registry jp arrangement accept us-jp").contains("--file"));
    house.good("--registry jp arrangement suspend jp-eu --reason under-review");
    house.good("--registry jp arrangement restore jp-eu --reason review-closed");
    house.write("broken.toml", &TERMS.replace("noticeDays", "noticeDay"));
    assert!(house.bad("--registry jp arrangement propose broken.toml").contains("noticeDay"));
}

const TERMS: &str = r#"
id = "jp-eu"
version = 1
title = "Demonstration arrangement"
mode = "bilateral"
from = "2026-01-01"
noticeDays = 30

[[parties]]
registry = "jp"
origin = "jp.registry.example"
authority = "Example Authority of Japan"
roles = ["issuing", "recognising"]

[[parties]]
registry = "eu"
origin = "eu.registry.example"
authority = "Example Authority of the EU"
roles = ["issuing", "recognising"]

[[rules]]
id = "jp-to-eu"
from = ["jp"]
to = ["eu"]
scheme = "demo@1"
objects = ["organization"]
viewpoints = ["organization"]
grants = "full"
onSuspension = "cease"
onEnd = "cease"
"#;
