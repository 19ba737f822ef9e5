//! A body's key was stolen: what the thief signed is void at home, at peers and for buyers, also after a crash.

use std::time::Duration;

use serde_json::{Value, json};
use tests::claims::{self, change, verdict};
use tests::{Buyer, Events, Federation};

use crate::copies::rebuild;
use crate::expulsion::recognised;

/// Whether a recognition says that the verdict is void where it was granted.
fn is_void(recognition: &Value) -> bool {
    recognition["outcome"] == "refused" && recognition["gaps"][0]["code"] == "verdict-void"
}

fn counts(recognition: &Value) -> bool {
    recognition["outcome"] == "recognised"
}

/// What everybody must come to, whoever was killed meanwhile.
async fn is_undone(federation: &Federation) {
    let (jp, eu) = (federation.registry("jp"), federation.registry("eu"));
    assert_eq!(jp.verdict("jp:V-1").await["state"], "granted");
    assert_eq!(jp.verdict("jp:STOLEN").await["state"], "void");
    eu.recognises("jp:STOLEN", is_void).await;
    eu.recognises("jp:V-1", counts).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_thief_signed_counts_nowhere_once_it_is_known() {
    let federation = recognised(1).await;
    let (jp, eu) = (federation.registry("jp"), federation.registry("eu"));
    tokio::time::sleep(Duration::from_millis(10)).await;
    let since = jiff::Timestamp::now().to_string();
    tokio::time::sleep(Duration::from_millis(10)).await;
    let thief = jp.party("cb-1");
    // He dates back as far as a statement can be dated.
    let mut payload = thief.payload("verdict-granted", verdict("STOLEN"));
    payload["iat"] = json!(0);
    thief.send(thief.sign_payload(&payload)).await.unwrap();
    thief.must("verdict-changed", change("V-1", json!("suspended"))).await;
    eu.recognises("jp:STOLEN", counts).await;
    eu.recognises("jp:V-1", |one| one["outcome"] == "refused").await;

    let mut told = Events::open(&jp.public(), "/v1/events?type=verdict.voided", None).await.unwrap();
    let mut ceased = Events::open(&eu.public(), "/v1/events?type=recognition.refused", None).await.unwrap();
    let mut buyer = Buyer::listen(jp, &jp.party("buyer-1")).await;
    let line = ["party", "revoke-key", "cb-1", "--compromised-since", &since, "--reason", "key-compromise"];
    let declared = jp.operator().cli(&line).await["index"].clone();
    let (first, second) = (told.until("verdict.voided").await, told.until("verdict.voided").await);
    assert_eq!((&first["subject"], &second["subject"]), (&json!("jp:V-1"), &json!("jp:STOLEN")));
    let published = [buyer.next().await.1, buyer.next().await.1].map(claims::textless);
    assert_eq!(published, [first, second], "NATS tells the same");
    let event = ceased.until("recognition.refused").await;
    assert_eq!(event["subject"], "jp:STOLEN", "{event}");
    assert!(is_void(&event["data"]["recognition"]), "{event}");
    let history = jp.verdict("jp:V-1").await["history"].clone();
    assert_eq!(history[1]["voided"]["index"], declared, "{history}");
    is_undone(&federation).await;

    for id in ["jp", "eu"] {
        federation.node(id).kill();
        federation.restart(id).await;
        is_undone(&federation).await;
        federation.node(id).stop();
        let rebuilt = rebuild(federation.registry(id)).expect("a rebuild of what is whole");
        assert_eq!(rebuilt["sameIndex"], true, "{rebuilt}");
        federation.registry(id).check_seals();
        federation.restart(id).await;
    }
    is_undone(&federation).await;
}
