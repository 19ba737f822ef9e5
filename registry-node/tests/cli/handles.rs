//! Natural persons stand in the log by a handle, from the commands on.

use crate::house::House;

const SCHEME: &str = r#"
scheme = "demo@1"
title = "Demonstration scheme"
owner = "Nobody"
fictional = true
documents = ["demo-requirements@1"]
viewpoints = ["organization"]
objects = ["organization", "person"]
evaluation = "self"
validityMonths = 36
selfDeclaration = { validityMonths = 12, expert = "optional" }
"#;

const DOCUMENT: &str = r#"{ "kind": "document-published", "claim": { "document": "demo-requirements@1",
  "title": "Demonstration requirements", "owner": "Nobody", "kind": "requirements" } }"#;

#[test]
fn a_person_is_registered_declared_and_carried_by_a_handle() {
    let mut house = House::new();
    house.serve();
    house.good("--registry jp party add authority --role authority --id authority --name The_authority --country JP");
    house.good("--registry jp party add coop --role buyer --id coop --name The_cooperative --country JP --declares");
    house.write("document.json", DOCUMENT);
    house.write("scheme.toml", SCHEME);
    house.good("--registry jp submit document.json");
    house.good("--registry jp scheme publish scheme.toml");

    // Registered.
    let add = "--registry jp party add works --role supplier --declares --country JP --identifier local:members:7";
    assert!(house.bad(&format!("{add} --id supplier-7 --person --name Taro_Yamada")).contains("cannot be used with"));
    assert!(house.bad(&format!("{add} --id supplier-7")).contains("--name"));
    assert!(house.bad(&format!("{add} --id taro-yamada --person")).contains("by a handle alone"));
    assert!(!house.path("works").exists(), "what was refused leaves no keys behind");
    house.good(&format!("{add} --id supplier-7 --person"));
    house.good("--registry jp party add expert --role expert --id expert-1 --person");
    let parties = house.json("--registry jp party list");
    let of = |id: &str| parties["parties"].as_array().unwrap().iter().find(|one| one["id"] == id).unwrap().clone();
    assert_eq!((&of("supplier-7")["name"], &of("expert-1")["name"]), (&"local:members:7".into(), &"expert-1".into()));

    // Declared by the person, carried by a sponsor alone and in a list.
    house.good("--as works declare --scheme demo@1 --verdict S-7 --scope Repair --yes");
    house.write("mandate.txt", "I let the cooperative declare for me.");
    let carry = "--as coop declare --scheme demo@1 --supplier local:members:8 --country JP --mandate mandate.txt --scope Repair \
                 --verdict S-8 --answers s8.json --yes";
    assert!(house.bad(carry).contains("--person"), "a sponsor says who it is");
    house.good(&format!("{carry} --person"));
    let mandate = "ab".repeat(32);
    house.write(
        "members.csv",
        &format!(
            "verdict,supplier,name,country,scope,mandate,person\n\
             S-9,local:members:9,,JP,Repair,{mandate},yes\n\
             S-10,local:members:10,Taro Yamada,JP,Repair,{mandate},yes\n\
             S-11,local:members:Yamada,,JP,Repair,{mandate},yes\n"
        ),
    );
    let told = house.run("--as coop declare --scheme demo@1 --csv members.csv");
    assert!(told.out.contains("1 declared") && told.out.contains("2 lines refused"), "{told:?}");
    for (verdict, name) in [("S-7", "local:members:7"), ("S-8", "local:members:8"), ("S-9", "local:members:9")] {
        let shown = house.json(&format!("--as coop verdict jp:{verdict}"));
        let supplier = &shown["terms"]["supplier"];
        assert_eq!((&supplier["name"], &supplier["person"]), (&name.into(), &true.into()), "{verdict}");
        assert_eq!(shown["terms"]["object"]["name"], name, "{verdict}");
    }
}
