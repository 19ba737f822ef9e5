//! Two persons: what the operator cannot take back is done by two, from signing to the entry, over the command line.

use serde_json::json;
use tests::claims::verdict;
use tests::{Federation, Party};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_statement_is_erased_by_two_persons_and_by_neither_alone() {
    let federation = Federation::start(&["jp"]).await;
    let jp = federation.registry("jp");
    let (granted, first) = (jp.party("cb-1").must("verdict-granted", verdict("V-1")).await, jp.operator());
    let home = first.folder().parent().unwrap().to_owned();
    let place = |name: &str| home.join(name).to_str().unwrap().to_owned();

    // One person asks for two; then neither goes back alone.
    jp.run(&["persons", "add", &place("operator-2")]);
    jp.run(&["persons", "set", "2"]);
    let second = Party::open(&home.join("operator-2"));
    assert_eq!(second.cli(&["status"]).await["persons"], 2);
    let alone = first.cli_refused(&["persons", "set", "1"]).await;
    assert!(alone.contains("second-person-needed") || alone.contains("needs two persons"), "{alone}");

    let claim =
        json!({"kind": "statement-erased", "claim": {"index": granted.index, "reason": {"code": "court-order"}}});
    std::fs::write(home.join("erase.json"), claim.to_string()).unwrap();
    let step = place("step.jws");
    first.cli(&["submit", &place("erase.json"), "--prepare", &step]).await;
    let early = first.cli_refused(&["submit", &step]).await;
    assert!(early.contains("needs two persons"), "{early}");
    let own = first.cli_refused(&["approve", &step, "--yes"]).await;
    assert!(own.contains("another person"), "{own}");
    let silent = second.cli_refused(&["approve", &step]).await;
    assert!(silent.contains("This erases the statement at index") && silent.contains("not approved"), "{silent}");
    jp.verdict("jp:V-1").await;

    let approved = second.cli(&["approve", &step, "--yes"]).await;
    let erased = first.cli(&["submit", &step]).await;
    assert!(erased["index"].as_u64() > approved["index"].as_u64(), "{erased}");
    assert!(jp.ask("/v1/verdicts/jp:V-1").await.is_err(), "it is gone");
    let again = first.cli(&["submit", &step]).await;
    assert_eq!((&again["repeated"], &again["index"]), (&json!(true), &erased["index"]));
    let twice = second.cli_refused(&["approve", &step, "--yes"]).await;
    assert!(twice.contains("taken at index"), "{twice}");

    // A restart reads the same from the log.
    federation.node("jp").kill();
    federation.restart("jp").await;
    assert_eq!(second.cli(&["status"]).await["persons"], 2);
}
