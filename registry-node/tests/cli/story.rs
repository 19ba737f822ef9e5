//! A verdict from its scheme to its end, told by commands.

use crate::house::{House, read};

const SCHEME: &str = r#"
scheme = "demo@1"
title = "Demonstration scheme"
owner = "Nobody"
fictional = true
documents = ["demo-requirements@1"]
viewpoints = ["organization", "process"]
objects = ["organization", "product"]
evaluation = "third-party"
validityMonths = 36
"#;

const DOCUMENT: &str = r#"{ "kind": "document-published", "claim": { "document": "demo-requirements@1",
  "title": "Demonstration requirements", "owner": "Nobody", "kind": "requirements" } }"#;

pub(crate) const GRANT: &str = "--supplier corporate-number:7000012050002 --supplier-name Example_Works --country JP \
    --object organization --object-name Head_office --scheme demo@1 --viewpoint organization,process \
    --scope Payment_terminals --from 2026-04-01 --until 2029-03-31";

/// A registry with an authority, bodies and a buyer, a scheme, and accreditations under it.
pub(crate) fn furnished() -> House {
    let mut house = House::new();
    house.serve();
    let roles = ["authority", "accreditation-body", "certification-body", "audit-body", "buyer"];
    for role in roles {
        house.good(&format!("--registry jp party add {role} --role {role} --id {role} --name The_{role} --country JP"));
    }
    house.write("document.json", DOCUMENT);
    house.write("scheme.toml", SCHEME);
    house.good("--registry jp submit document.json");
    house.good("--registry jp scheme publish scheme.toml");
    house.good("--as authority designate D-1 --accreditation-body accreditation-body --schemes demo --from 2026-01-01");
    for (id, role) in [("A-1", "certification-body"), ("A-2", "audit-body")] {
        house.good(&format!(
            "--as accreditation-body accredit {id} --body {role} --role {role} --scheme demo@1 \
             --viewpoint organization,process --from 2026-01-01 --until 2029-12-31"
        ));
    }
    house
}

fn standing(house: &House) -> (String, bool) {
    let answer = house.json("--as buyer standing corporate-number:7000012050002 --scheme demo");
    let own = &answer["holdings"][0]["own"];
    let state = own["standing"]["state"].as_object().unwrap().keys().next().unwrap().clone();
    (state, own["inForce"].as_bool().unwrap())
}

#[test]
fn what_was_granted_is_extended_and_annulled() {
    let house = furnished();
    house.good(&format!("--as certification-body grant V-1 {GRANT}"));
    let extend =
        "--as certification-body scope extend V-1 --scope Terminals_and_servers --site Osaka --reason site-added";
    house.good(extend);
    let verdict = house.json("--as buyer verdict jp:V-1");
    assert_eq!(
        (&verdict["now"]["sites"][0], &verdict["now"]["scope"]),
        (&"Osaka".into(), &"Terminals and servers".into())
    );
    house.good("--as certification-body annul V-1 --reason granted-in-error");
    assert_eq!(standing(&house), ("annulled".to_owned(), false));
    assert!(house.bad(extend).contains("annulled"));
}

#[test]
fn what_a_stolen_key_granted_was_never_in_force() {
    let house = furnished();
    house.good(&format!("--as certification-body grant V-1 {GRANT}"));
    let granted = house.json("--as buyer verdict jp:V-1")["history"][0]["at"].as_str().unwrap().to_owned();
    let declare = format!("--registry jp party revoke-key certification-body --compromised-since {granted}");
    assert!(house.bad(&declare.replace("certification-body", "accreditation-body")).contains("--reason"));
    let refused = house.bad(&format!("{} --reason theft", declare.replace("certification-body", "accreditation-body")));
    assert!(refused.contains("restore or withdraw the accreditations"), "{refused}");
    house.good(&format!("{declare} --reason key-compromise"));
    assert_eq!(standing(&house), ("void".to_owned(), false));
    let told = house.good("--as buyer verdict jp:V-1");
    assert!(told.contains("void by entry") && told.contains("was in other hands since"), "{told}");
    assert!(house.bad(&format!("{declare} --reason again")).contains("--kid"), "no key is left to choose");
    let before = house.json("--as buyer standing corporate-number:7000012050002 --scheme demo");
    let as_of = format!("--as buyer standing corporate-number:7000012050002 --scheme demo --as-of {granted}");
    let in_force = |line: &str| house.json(line)["holdings"][0]["own"]["inForce"].clone();
    assert_eq!(in_force(&format!("{as_of} --known now")), before["holdings"][0]["own"]["inForce"]);
    assert_eq!(in_force(&as_of), true, "as the registry then knew");
    let told = house.good(&format!("{as_of} --known now"));
    assert!(told.starts_with(&format!("as of {granted}, as it is known now to have been\n")), "{told}");
    let both = house.bad(&format!("{as_of} --as-of-size 3"));
    assert!(both.contains("cannot be used with"), "{both}");
    let beyond = house.bad("--as buyer standing corporate-number:7000012050002 --as-of-size 100000");
    assert!(beyond.contains("100000"), "{beyond}");
    assert_eq!(house.json("--as buyer accreditation list --as-of-size 1")["accreditations"], serde_json::json!([]));
}

/// Whoever has nothing but an address, a root and a key.
#[test]
fn a_stranger_verifies_the_log_by_its_address() {
    let mut house = House::new();
    house.serve();
    house.good("policy init policy.toml --genesis jp/genesis.jws");
    let value = |file: &str, key: &str| {
        let text = read(&house.path(file));
        let line = text.lines().find_map(|line| line.strip_prefix(key)?.trim_start().strip_prefix('='));
        line.unwrap_or_else(|| panic!("{key} in {text}")).trim().trim_matches('"').to_owned()
    };
    let (url, key) = (value("jp/registry.toml", "public_url"), value("policy.toml", "log_key"));
    // What is published follows the first commits within about a second.
    let line = format!("log verify --url {url} --ca jp/ca/public/root.pem --vkey {key} --remember seen");
    let told = (0..50).map(|_| house.run(&line)).find(|told| {
        std::thread::sleep(std::time::Duration::from_millis(200));
        told.code == 0
    });
    assert!(told.is_some(), "{:?}", house.run(&line));
    let other = key.replacen("jp.registry", "eu.registry", 1);
    house.bad(&format!("log verify --url {url} --ca jp/ca/public/root.pem --vkey {other}"));
    assert_eq!(house.end(), Some(0));
}

#[test]
fn a_verdict_from_its_scheme_to_its_end() {
    let mut house = furnished();
    let mut watch =
        house.start("--as buyer watch --supplier corporate-number:7000012050002 --after start --count 6 --json");
    let silent = watch.line();
    assert!(silent.contains("\"absence\":\"not-assessed\""), "before the grant it says why nothing comes: {silent}");
    let granted = house.json(&format!("--as certification-body grant V-1 {GRANT}"));
    assert!(granted["proof"].as_str().unwrap().starts_with("c2sp.org/tlog-proof@v1\n"), "{granted}");
    assert_eq!(standing(&house), ("granted".to_owned(), true));

    house.good(
        "--as audit-body report V-1 --id R-1 --from 2026-10-01 --to 2026-10-05 --outcome finding --recommend suspend",
    );
    assert_eq!(standing(&house), ("granted".to_owned(), true), "an audit body decides nothing");
    house.good("--as certification-body suspend V-1 --reason major-nonconformity");
    assert_eq!(standing(&house), ("suspended".to_owned(), false));
    house.good("--as certification-body restore V-1 --reason corrected");
    house.good("--as certification-body scope reduce V-1 --scope Development_only --viewpoint organization --reason holder-request");
    house.good("--as certification-body withdraw V-1 --reason not-corrected");
    assert_eq!(standing(&house), ("withdrawn".to_owned(), false));

    let seen: Vec<String> = (0..6).map(|_| watch.line()).collect();
    for (line, kind) in seen.iter().zip(["granted", "reported", "suspended", "restored", "scope-reduced", "withdrawn"])
    {
        assert!(line.contains(&format!("\"org.secure-trust-registry.verdict.{kind}\"")), "{kind}: {line}");
    }
    assert_eq!(watch.wait(), Some(0));

    let mut proving = house.start("--as buyer watch --prove --count 15 --json");
    let proven =
        std::iter::repeat_with(|| proving.line()).take(40).find(|line| line.starts_with("{\"proven\"")).unwrap();
    assert!(proven.contains("jp.registry.example"), "{proven}");
    assert_eq!(proving.wait(), Some(0));

    let size = house.json("--as buyer log verify --remote --remember seen")["size"].as_u64().unwrap();
    let again = house.json("--as buyer log verify --remote --remember seen");
    assert_eq!(again["contains"], size, "{again}");
    assert_eq!(house.end(), Some(0));
    let offline = house.json("--registry jp log verify --remember seen");
    assert_eq!((&offline["contains"], &offline["erased"]), (&again["size"], &0.into()), "{offline}");
    assert!(offline["seals"].as_u64().unwrap() > 0, "{offline}");
    assert_eq!(offline["sealsBeforeErasure"], 0, "{offline}");
    assert_eq!(house.json("--registry jp rebuild")["sameIndex"], true);
    std::fs::remove_dir_all(house.path("jp/index")).unwrap();
    std::fs::remove_dir_all(house.path("jp/tiles/tile")).unwrap();
    assert!(house.bad("--registry jp log verify").contains("rebuild"));
    let rebuilt = house.json("--registry jp rebuild");
    assert_eq!(rebuilt["tiles"]["size"], offline["published"], "{rebuilt}");
    house.good("--registry jp log verify");
}

#[test]
fn who_may_not_is_told_why_and_nothing_changes() {
    let house = furnished();
    house.good(&format!("--as certification-body grant V-1 {GRANT}"));
    let size = house.json("--registry jp status")["size"].as_u64().unwrap();
    let rows = [
        ("an audit body that decides", "--as audit-body suspend V-1 --reason finding", "not-a-decider"),
        ("a buyer that decides", "--as buyer withdraw V-1 --reason unhappy", "not-a-decider"),
        ("an illegal move", "--as certification-body restore V-1 --reason corrected", "illegal-move"),
        ("no such verdict", "--as certification-body suspend V-9 --reason finding", "unknown-verdict"),
        ("the future", "--as certification-body suspend V-1 --reason finding --effective 2126-01-01T00:00:00Z", "2126"),
        (
            "another scheme",
            &format!("--as certification-body grant V-2 {}", GRANT.replace("demo@1", "demo@2")),
            "demo@2",
        ),
        ("an id of another", "--registry jp party add again --role buyer --id buyer --name Again", "exists"),
        ("no credentials", "--as nobody suspend V-1 --reason finding", "--as"),
    ];
    for (case, line, needle) in rows {
        let told = house.bad(line);
        assert!(told.contains(needle), "{case}: {told}");
    }
    assert!(!house.path("again").exists(), "credentials of a party that was refused");
    let after = house.json("--registry jp status")["size"].as_u64().unwrap();
    assert!(after <= size + 1, "at most a seal was added: {size} {after}");
}

#[test]
fn another_statement_under_an_id_that_was_used_is_refused() {
    let house = furnished();
    let line = |scope: &str| {
        format!("--as certification-body grant V-1 {} --jti once", GRANT.replace("Payment_terminals", scope))
    };
    let first = house.json(&line("Payment_terminals"));
    assert_eq!(first["repeated"], false);
    let told = house.bad(&line("Everything"));
    assert!(told.contains("statement-id-taken") || told.contains("exists"), "{told}");
}

#[test]
fn a_suspended_accreditation_lets_a_body_take_but_not_give() {
    let house = furnished();
    house.good(&format!("--as certification-body grant V-1 {GRANT}"));
    house.good("--as accreditation-body accreditation suspend A-1 --reason assessment-overdue");
    assert!(house.bad(&format!("--as certification-body grant V-2 {GRANT}")).contains("accredit"));
    house.good("--as certification-body suspend V-1 --reason major-nonconformity");
    assert!(house.bad("--as certification-body restore V-1 --reason corrected").contains("accredit"));
    house.good("--as accreditation-body accreditation restore A-1 --reason reassessed");
    house.good("--as certification-body restore V-1 --reason corrected");
}

/// A supplier of whom nothing is told: the kind of nothing is a word that programs read, and a sentence for people in their language.
#[test]
fn an_absence_is_told_by_its_kind_and_in_words() {
    let house = furnished();
    let guideline = DOCUMENT.replace("demo-requirements@1", "guide@1").replace("\"requirements\"", "\"guideline\"");
    house.write("guideline.json", &guideline);
    house.good("--registry jp submit guideline.json");
    let rows = [
        ("--scheme moons", "no-scheme", "neither publishes scheme moons", "スキーム moons"),
        ("--document guide@1", "guideline-only", "guide@1", "guide@1"),
        ("--scheme demo@1 --country JP", "not-assessed", "", ""),
    ];
    for (asked, absence, english, japanese) in rows {
        let ask = format!("standing corporate-number:7000012050002 {asked}");
        let answer = house.json(&format!("--as buyer {ask}"));
        assert_eq!((&answer["absence"], answer["holdings"].as_array().map(Vec::len)), (&absence.into(), Some(0)));
        let told = house.good(&format!("--as buyer {ask}"));
        assert!(told.contains(&format!("nothing to show: {absence}")) && told.contains(english), "{told}");
        let told = house.good(&format!("--as buyer --lang ja {ask}"));
        assert!(told.contains("表示できるものはありません") && told.contains(japanese), "{told}");
        assert!(!told.contains("nothing to show"), "{told}");
    }
}
