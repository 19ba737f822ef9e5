//! `prove` and `verify`: a bundle is fetched from a registry that runs, and checked in a folder that knows nothing of it.

use serde_json::Value;

use crate::house::{House, read};
use crate::story::{GRANT, furnished};

fn verified(house: &House, line: &str) -> (String, bool) {
    let answer = house.json(line);
    let own = &answer["finding"]["own"];
    assert!(answer["steps"].as_array().unwrap().len() > 10, "{answer}");
    (own["state"].as_str().unwrap().to_owned(), own["inForce"].as_bool().unwrap())
}

/// Makes certificates of both bundles.
fn certified(away: &House) {
    for (line, words) in [
        (
            "certificate granted.json --trust policy.toml --out en.html",
            ["Certificate of conformity", "Granted · in force"],
        ),
        (
            "certificate suspended.json --trust policy.toml --language ja --out ja.html",
            ["適合証明書", "一時停止 · 効力なし"],
        ),
    ] {
        away.good(line);
        let page = read(&away.path(line.rsplit(' ').next().unwrap()));
        assert!(words.iter().all(|words| page.contains(words)), "{page}");
        assert!(page.contains("/v1/verdicts/jp:V-1") && page.contains("<svg") && !page.contains("<script"), "{page}");
    }
}

/// Each step by code for programs, and in the language asked for.
fn told_in_japanese(away: &House) {
    let told = away.good("--lang ja verify suspended.json --trust policy.toml");
    assert!(
        told.starts_with("適合  form") && told.contains("\n検証済み  ") && told.contains("有効ではありません"),
        "{told}"
    );
    let told = away.json("--lang ja verify suspended.json --trust policy.toml");
    assert_eq!(told["steps"][0]["found"][0]["code"], "form-verdict", "{told}");
    assert!(told["steps"][0]["words"].as_str().unwrap().contains("ログ"), "{told}");
}

#[test]
fn a_bundle_is_checked_where_there_is_no_registry() {
    let mut house = furnished();
    house.good(&format!("--as certification-body grant V-1 {GRANT}"));
    house.good("--as buyer prove jp:V-1 --out granted.json");
    let granted: Value = serde_json::from_str(&read(&house.path("granted.json"))).unwrap();
    house.good("--as certification-body suspend V-1 --reason major-nonconformity");
    // A proof is under the newest published checkpoint, which follows a change within about a second.
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(30);
    loop {
        house.json("--as buyer prove jp:V-1 --out suspended.json");
        let suspended: Value = serde_json::from_str(&read(&house.path("suspended.json"))).unwrap();
        if suspended["checkpoint"] != granted["checkpoint"] {
            break;
        }
        assert!(std::time::Instant::now() < deadline, "the suspension was not published");
        std::fs::remove_file(house.path("suspended.json")).unwrap();
        std::thread::sleep(std::time::Duration::from_millis(200));
    }
    house.good("policy init policy.toml --genesis jp/genesis.jws");
    assert!(house.bad("policy init policy.toml --genesis jp/genesis.jws").contains("exists already"));
    assert!(house.bad("--as buyer prove jp:V-9 --out nothing.json").contains("not-found"));
    assert_eq!(house.end(), Some(0));

    let away = House::empty();
    for name in ["granted.json", "suspended.json", "policy.toml"] {
        away.write(name, &read(&house.path(name)));
    }
    drop(house);
    assert_eq!(verified(&away, "verify granted.json --trust policy.toml"), ("granted".to_owned(), true));
    assert_eq!(verified(&away, "verify suspended.json --trust policy.toml"), ("suspended".to_owned(), false));
    let sealed = away.json("verify granted.json --trust policy.toml")["checkpoint"]["at"].as_str().unwrap().to_owned();
    let then = format!("verify suspended.json --trust policy.toml --at {sealed}");
    assert_eq!(verified(&away, &then), ("granted".to_owned(), true), "as the log showed it then");

    let told = away.good("verify suspended.json --trust policy.toml");
    assert!(told.starts_with("ok  form") && told.contains("\nVERIFIED  jp:V-1 at "), "{told}");
    assert!(told.contains("suspended, not in force"), "{told}");

    told_in_japanese(&away);
    certified(&away);

    away.write("forked.json", &read(&away.path("suspended.json")).replacen("\"timeMs\":1", "\"timeMs\":2", 1));
    away.write(
        "strict.toml",
        &read(&away.path("policy.toml")).replace("[[registry]]", "[[registry]]\nseen = { size = 9999 }"),
    );
    let mut other = granted;
    other["origin"] = "eu.registry.example".into();
    away.write("other.json", &other.to_string());
    for (line, code, needle) in [
        ("verify forked.json --trust policy.toml", 3, "bad-proof"),
        ("verify suspended.json --trust strict.toml", 5, "rollback"),
        ("verify other.json --trust policy.toml", 5, "unknown-log"),
        ("verify granted.json --trust policy.toml --at 2100-01-01T00:00:00Z", 5, "not-covered"),
        ("verify policy.toml --trust policy.toml", 3, "not-a-bundle"),
        ("certificate forked.json --trust policy.toml --out forked.html", 3, "bad-proof"),
    ] {
        let told = away.run(line);
        assert_eq!(told.code, code, "{line}: {told:?}");
        assert!(told.out.contains("REFUSED") && told.out.contains(needle), "{line}: {told:?}");
        let told: Value = serde_json::from_str(&away.run(&format!("{line} --json")).out).unwrap();
        assert_eq!(told["failed"]["code"], needle, "{told}");
    }
    assert!(!away.path("forked.html").exists(), "what does not hold makes no certificate");
    assert!(away.bad("verify granted.json --trust granted.json").contains("not a policy"));
    assert!(away.bad("verify nowhere.json --trust policy.toml").contains("cannot read"));
}

#[test]
fn a_policy_is_written_only_if_it_can_be_used() {
    let house = House::new();
    for (line, needle) in [
        ("policy init p.toml --genesis jp/genesis.jws --quorum 1", "0 witnesses"),
        ("policy init p.toml --genesis jp/genesis.jws --witness one", "NAME=KEY"),
        ("policy init p.toml --genesis jp/genesis.jws --witness one=two", "witness one"),
        ("policy init p.toml --genesis jp/registry.toml", "no genesis"),
        ("policy init p.toml --genesis jp/genesis.jws --max-age never", "--max-age"),
    ] {
        let told = house.bad(line);
        assert!(told.contains(needle), "{line}: {told}");
    }
    assert!(!house.path("p.toml").exists());
    for (flag, max_age) in [("", Some(86_400)), ("--max-age 60", Some(60)), ("--max-age none", None)] {
        house.good(&format!("policy init p.toml --genesis jp/genesis.jws {flag}"));
        let policy = credential::bundle::Policy::parse(&read(&house.path("p.toml"))).unwrap();
        assert_eq!(policy.max_age_seconds(), max_age, "{flag}");
        std::fs::remove_file(house.path("p.toml")).unwrap();
    }
}
