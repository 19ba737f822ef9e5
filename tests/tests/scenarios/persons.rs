//! Two persons: what the operator cannot take back is done by two, from signing to the entry, over the command line.

use serde_json::json;
use tests::claims::verdict;
use tests::{Federation, Party, ports, soon};

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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_registry_moves_out_by_two_persons_and_not_by_one() {
    let federation = Federation::start(&["jp"]).await;
    let (jp, first) = (federation.registry("jp"), federation.registry("jp").operator());
    let home = first.folder().parent().unwrap().to_owned();
    let place = |name: &str| home.join(name).to_str().unwrap().to_owned();
    jp.run(&["persons", "add", &place("operator-2")]);
    jp.run(&["persons", "set", "2"]);
    let second = Party::open(&home.join("operator-2"));
    let (http, nats) = (ports::free(), ports::free());
    let (http, nats) = (format!("https://localhost:{}", http.port()), format!("localhost:{}", nats.port()));
    let out = ["move", "out", "--http", http.as_str(), "--nats", nats.as_str()];
    let alone = first.cli_refused(&out).await;
    assert!(alone.contains("needs two persons"), "{alone}");
    jp.must_ask("/readyz").await;

    let step = place("step.jws");
    first.cli(&[&out[..], &["--prepare", &step]].concat()).await;
    let silent = second.cli_refused(&["approve", &step]).await;
    assert!(silent.contains(&format!("this registry is served at {http}")), "{silent}");
    second.cli(&["approve", &step, "--yes"]).await;
    let moved = first.cli(&["submit", &step]).await;
    soon("the old door is closed", async || match jp.ask("/readyz").await {
        Ok(_) => Err("it answers".to_owned()),
        Err(_) => Ok(()),
    })
    .await;
    assert_eq!(Some(jp.log().size()), moved["index"].as_u64().map(|index| index + 1), "nothing stands behind the move");
}
