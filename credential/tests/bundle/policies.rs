//! Policies: what may stand in one, and a row for each thing that may not.

use credential::bundle::{MAX_POLICY, Policy};

use crate::log::{Log, ORIGIN};

#[test]
fn a_policy_says_whom_to_trust() {
    let log = Log::begun();
    let policy = Policy::parse(&format!("max_age_seconds = 60\n{}", log.policy_text("seen = { size = 7 }"))).unwrap();
    assert_eq!((policy.quorum(), policy.max_age_seconds()), (2, Some(60)));
    let trusted = policy.registry(ORIGIN).unwrap();
    assert_eq!((trusted.log.name(), trusted.seen.unwrap().size, trusted.genesis), (ORIGIN, 7, None));
    assert!(policy.registry("eu.registry.test").is_none());
}

#[test]
fn a_policy_is_refused_with_a_reason() {
    let log = Log::begun();
    let text = log.policy_text("");
    let (log_key, witness) = {
        let keys: Vec<&str> = text.lines().filter_map(|line| line.split('"').nth(1)).collect();
        (keys[0].to_owned(), keys[2].to_owned())
    };
    let registry = format!("[[registry]]\nlog_key = \"{log_key}\"\n");
    let rows = [
        ("nothing", String::new(), "not a policy"),
        ("too long", "#".repeat(MAX_POLICY + 1), "at most"),
        ("no quorum", registry.clone(), "quorum"),
        ("no registry", "quorum = 0\nregistry = []\n".to_owned(), "1 to 64 registries"),
        ("a mistyped member", format!("quorum = 0\nmax_age = 1\n{registry}"), "max_age"),
        ("a mistyped member of a registry", format!("quorum = 0\n{registry}geneses = \"\"\n"), "geneses"),
        ("a digest that is none", format!("quorum = 0\n{registry}genesis = \"abc\"\n"), "not a policy"),
        ("a root that is none", format!("quorum = 0\n{registry}seen = {{ size = 1, root = \"abc\" }}\n"), "32 bytes"),
        ("a log twice", format!("quorum = 0\n{registry}{registry}"), "each log once"),
        ("a key that is none", format!("quorum = 0\n{}", registry.replace("jp.registry", "eu.registry")), "log_key"),
        ("a witness as a log", format!("quorum = 0\n{}", registry.replace(&log_key, &witness)), "0x04"),
        ("a log as a witness", text.replace(&witness, &log_key), "witness one.test"),
        ("a witness twice", format!("{text}[[witness]]\nname = \"again\"\nkey = \"{witness}\"\n"), "witness again"),
        ("a name twice", text.replace("\"two.test\"", "\"one.test\""), "witness one.test"),
        ("a name with spaces", text.replace("\"two.test\"", "\"two witnesses\""), "two witnesses"),
        ("more lines in a key", text.replace(&witness, &format!("{witness} \\nquorum none")), "one.test"),
        ("more asked for than there are", text.replace("quorum = 2", "quorum = 4"), "3 witnesses"),
        ("less than none", text.replace("quorum = 2", "quorum = -1"), "not a policy"),
    ];
    assert!(Policy::parse(&text).is_ok());
    for (why, text, needle) in rows {
        let error = Policy::parse(&text).unwrap_err().to_string();
        assert!(error.contains(needle), "{why}: {error}");
    }
}
