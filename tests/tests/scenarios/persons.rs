//! Two persons: what the operator cannot take back is done by two, from signing to the entry, over the command line.

use std::path::PathBuf;
use std::sync::Arc;

use bytes::Bytes;
use ledger::jws::Unverified;
use registry_node::client::ClientError;
use serde_json::{Value, json};
use tests::claims::{day, transcribed, verdict};
use tests::party::Receipt;
use tests::{Federation, Party, Registry, ports, soon};

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

/// The two persons of an operator, and what they sign.
struct Pair<'a> {
    jp: &'a Registry,
    first: Arc<Party>,
    second: Party,
    home: PathBuf,
}

impl<'a> Pair<'a> {
    /// A second person joins the first, and from then on both are needed.
    fn of(jp: &'a Registry) -> Pair<'a> {
        let first = jp.operator();
        let home = first.folder().parent().unwrap().to_owned();
        let place = home.join("operator-2");
        jp.run(&["persons", "add", place.to_str().unwrap()]);
        jp.run(&["persons", "set", "2"]);
        Pair { jp, first, second: Party::open(&place), home }
    }

    /// A step that the first person signs and does not send: its file, and its bytes.
    fn prepared(&self, step: &[&str], name: &str) -> (String, Bytes) {
        let file = self.home.join(format!("{name}.jws")).to_str().unwrap().to_owned();
        self.jp.run(&[step, &["--prepare", &file]].concat());
        let bytes = std::fs::read(&file).unwrap().into();
        (file, bytes)
    }

    /// Why the registry refuses a step.
    async fn refusal(&self, step: &Bytes) -> String {
        code(self.first.send(step.clone()).await)
    }

    /// Takes a step as far as it goes with one person, a stranger, and an approval of something else; then both take it. Gives
    /// where it stands.
    async fn together(&self, step: &[&str]) -> u64 {
        let name = step.join("-").replace('/', "_");
        let (file, bytes) = self.prepared(step, &name);
        assert_eq!(self.refusal(&bytes).await, "second-person-needed", "{step:?}: nobody approved");
        let stranger = self.jp.party("ministry");
        let strangers = code(stranger.say("step-approved", approval(&bytes)).await);
        assert_eq!(strangers, "role-not-entitled", "{step:?}: a stranger approves");
        // The same words signed once more are other bytes.
        let (_, other) = self.prepared(step, &format!("{name}-again"));
        self.second.must("step-approved", approval(&other)).await;
        assert_eq!(self.refusal(&bytes).await, "second-person-needed", "{step:?}: something else is approved");
        let own = self.first.cli_refused(&["approve", &file, "--yes"]).await;
        assert!(own.contains("another person"), "{own}");
        self.first.must("step-approved", approval(&bytes)).await;
        assert_eq!(self.refusal(&bytes).await, "approved-by-same-person", "{step:?}: the same person approves");
        self.second.cli(&["approve", &file, "--yes"]).await;
        let taken = self.first.cli(&["submit", &file]).await;
        taken["index"].as_u64().unwrap_or_else(|| panic!("{step:?}: {taken}"))
    }
}

/// The word of a second person, for these bytes and no others.
fn approval(step: &Bytes) -> Value {
    let signed = Unverified::parse(step.clone()).unwrap();
    let payload: Value = serde_json::from_slice(signed.unverified_payload()).unwrap();
    json!({"step": signed.digest().to_string(), "kind": payload["kind"], "until": day(7)})
}

fn code(said: Result<Receipt, ClientError>) -> String {
    match said {
        Err(ClientError::Problem { code, .. }) => code,
        other => panic!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_sensitive_step_is_taken_by_one_person() {
    let federation = Federation::start(&["jp", "eu"]).await;
    federation.peer("jp", "eu").await;
    let (jp, eu) = (federation.registry("jp"), federation.registry("eu"));
    let operator = jp.operator();
    operator.must("verdict-granted", transcribed("T-1")).await;
    let granted = jp.party("cb-1").must("verdict-granted", verdict("V-1")).await.index.to_string();
    let pair = Pair::of(jp);

    pair.together(&["hosting", "accept", "eu"]).await;
    jp.soon("/v1/hosted", |answer| answer["hosted"][0]["standing"] == "claimed").await;
    pair.together(&["certs", "rotate-root"]).await;
    jp.run(&["certs", "rotate-root"]);
    pair.together(&["annul", "T-1", "--reason", "granted-in-error"]).await;
    assert!(jp.verdict("jp:T-1").await["now"]["state"]["annulled"].is_object());
    let erasing = json!({"kind": "statement-erased", "claim": {"index": granted.parse::<u64>().unwrap(), "reason": {"code": "court-order"}}});
    let file = pair.home.join("erase.json");
    std::fs::write(&file, erasing.to_string()).unwrap();
    pair.together(&["submit", file.to_str().unwrap()]).await;
    assert!(jp.ask("/v1/verdicts/jp:V-1").await.is_err(), "it is gone");
    let (accepted, genesis) = (pair.home.join("accepted.jws"), eu.folder().genesis());
    let (accepted, genesis) = (accepted.to_str().unwrap(), genesis.to_str().unwrap());
    eu.run(&["succession", "accept", "jp", "--until", &day(30), "--out", accepted]);
    pair.together(&[
        "close",
        "--successor",
        "eu",
        "--acceptance",
        accepted,
        "--genesis",
        genesis,
        "--reason",
        "merged",
    ])
    .await;
    pair.together(&["peer", "expel", "eu", "--reason", "forked-log"]).await;
    assert_eq!(jp.must_ask("/v1/peers").await["peers"][0]["expelled"]["reason"]["code"], "forked-log");

    // The last one ends the node.
    let (http, nats) = (ports::free(), ports::free());
    let (http, nats) = (format!("https://localhost:{}", http.port()), format!("localhost:{}", nats.port()));
    let moved = pair.together(&["move", "out", "--http", &http, "--nats", &nats]).await;
    soon("the node that was left has ended", async || {
        federation.node("jp").check().err().map(drop).ok_or_else(|| "it runs".to_owned())
    })
    .await;
    assert_eq!(jp.log().size(), moved + 1, "nothing stands behind the move");
}
