//! What needs no registry that runs: making one, help, completion, errors.

use crate::house::{House, read};

#[test]
fn init_makes_everything_or_nothing() {
    let house = House::new();
    let keys = ["keys/log.pem", "keys/node.pem", "keys/witness.pem", "keys/map.pem"];
    for file in ["registry.toml", "genesis.jws", "tls/server.pem", "operator/signing.pem"].iter().chain(&keys) {
        assert!(house.path("jp").join(file).is_file(), "{file}");
    }
    let told = house.bad("init jp --id jp --origin jp.registry.example --name Japan");
    assert!(told.contains("exists already"), "{told}");
    let long = "x".repeat(300);
    house.bad(&format!("init eu --id eu --origin eu.registry.example --name {long}"));
    assert!(!house.path("eu").exists());
}

#[test]
fn a_registry_begins_with_two_persons_unless_it_is_a_trial() {
    let house = House::empty();
    let begin = |id: &str, more: &str| {
        let said = house.good(&format!("init {id} --id {id} --origin {id}.registry.example --name Example{more}"));
        let operators = |file: &str| house.path(id).join("operator-2").join(file).is_file();
        (said, operators("signing.pem") && operators("genesis.jws"))
    };
    let (said, second) = begin("jp", "");
    assert!(said.contains("operator-2 belongs to the operator's second person") && second, "{said}");
    assert_ne!(read(&house.path("jp/operator/signing.pem")), read(&house.path("jp/operator-2/signing.pem")));
    let (said, second) = begin("trial", " --persons 1");
    assert!(said.contains("FOR TRIALS: one person alone") && !second, "{said}");
    for persons in ["0", "3", "two"] {
        let told =
            house.bad(&format!("init xx --id xx --origin xx.registry.example --name Example --persons {persons}"));
        assert!(told.contains("1 or 2 persons"), "{told}");
    }
}

#[test]
fn a_fresh_registry_verifies_and_an_edited_one_does_not() {
    let house = House::new();
    let verified = house.json("--registry jp log verify");
    assert_eq!((&verified["size"], &verified["statements"]), (&1.into(), &1.into()));
    let segment = std::fs::read_dir(house.path("jp/journal")).unwrap().map(|file| file.unwrap().path());
    let segment = segment.max_by_key(|path| path.metadata().unwrap().len()).unwrap();
    let mut bytes = std::fs::read(&segment).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&segment, bytes).unwrap();
    house.bad("--registry jp log verify");
}

#[test]
fn failures_say_what_to_do() {
    let house = House::empty();
    let rows = [
        ("no registry", "--registry nowhere serve", "registry-node init"),
        ("no credentials", "--as nobody standing lei:5493001KJTIIGC8Y1R12", "party add"),
        ("no registry to ask", "--registry nowhere status", "--as"),
        ("no mapping", "--registry nowhere import register list.csv", "--map"),
    ];
    for (case, line, needle) in rows {
        let told = house.bad(line);
        assert!(told.contains(needle), "{case}: {told}");
    }
    let json = house.bad("--registry nowhere status --json");
    assert!(serde_json::from_str::<serde_json::Value>(&json).unwrap()["error"].is_array());
}

#[test]
fn nobody_listening_is_told_who_to_start() {
    let house = House::new();
    let told = house.bad("--registry jp status");
    assert!(told.contains("registry-node serve"), "{told}");
}

#[test]
fn a_mistyped_configuration_names_its_line() {
    let house = House::new();
    let text = read(&house.path("jp/registry.toml")).replace("external = false", "externel = false");
    house.write("jp/registry.toml", &text);
    let told = house.bad("serve jp");
    assert!(told.contains("externel") && told.contains("line"), "{told}");
}

#[test]
fn an_index_that_is_none_is_found_out_by_the_trial() {
    let house = House::empty();
    house.write("index", "not a database");
    house.bad("index-check index");
}

#[test]
fn help_and_completion_need_nothing() {
    let house = House::empty();
    assert!(house.good("--help").contains("Examples:"));
    assert!(house.good("completion bash").contains("registry-node"));
    assert!(house.good("--version").starts_with("registry-node "));
}
