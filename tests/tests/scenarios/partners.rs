//! What a party offers to a partner in Catena-X, under `kill -9`: whatever was acknowledged is told, however soon the node ends after it.

use serde_json::{Value, json};
use tests::claims::verdict;
use tests::{Chance, Party, soon};

use crate::webhooks::{Arrived, JSON, REFUSES, TAKES, served, shown};

const SENDER: &str = "BPNL00000001AXS0";
const RECEIVER: &str = "BPNL0000000001AB";
const ROUNDS: u64 = 8;
const PATH: &str = "/v1/subscriptions/partner";
const OFFER: &str = "/v1/certificate-offers/V-1";

async fn put(party: &Party, path: &str, body: Value) {
    party.connect().await.unwrap().put(path, JSON, body.to_string().into()).await.unwrap();
}

fn offer(withdrawn: bool) -> Value {
    let location = json!({"bpnl": SENDER, "bpna": "BPNA00000001AXS0", "locationRole": "MAIN_LOCATION"});
    json!({"certificateType": "isoiec27001", "certifiedLocations": [location], "withdrawn": withdrawn})
}

/// What became of which certificate, each once, in the order in which it arrived first.
fn told(arrived: &[Arrived]) -> Vec<(String, String)> {
    let mut told = Vec::new();
    for one in arrived {
        let data = &one.event["data"];
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let news = (text(&data["certificate"]["certificateId"]), text(&data["status"]));
        if !told.contains(&news) {
            told.push(news);
        }
    }
    told
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_partner_is_told_what_was_acknowledged_though_the_node_is_killed() {
    let mut chance = Chance::new();
    let (federation, receiver) = served().await;
    let jp = federation.registry("jp");
    let member = jp.register_supplier("member").await;
    jp.party("cb-1").must("verdict-granted", verdict("V-1")).await;
    let certificates = json!({"sender": SENDER, "receiver": RECEIVER});
    put(&member, OFFER, offer(false)).await;
    put(&member, PATH, json!({"url": receiver.url(), "certificates": certificates})).await;
    // Each round takes it back and offers it anew; the last one takes it back and forgets it, while nobody is reached.
    for round in 0..ROUNDS {
        receiver.behave(if chance.below(2) == 0 { REFUSES } else { TAKES });
        put(&member, OFFER, offer(true)).await;
        if chance.below(2) == 0 {
            federation.node("jp").kill();
            federation.restart("jp").await;
        }
        put(&member, OFFER, offer(false)).await;
        federation.node("jp").kill();
        federation.restart("jp").await;
        receiver.behave(TAKES);
        soon("it is offered anew", async || {
            let expected = (format!("V-1.{}", round + 2), "CREATED".to_owned());
            let told = told(&receiver.arrived());
            if told.last() == Some(&expected) { Ok(()) } else { Err(format!("{told:?}")) }
        })
        .await;
    }
    receiver.behave(REFUSES);
    member.connect().await.unwrap().delete(OFFER).await.unwrap();
    federation.node("jp").kill();
    federation.restart("jp").await;
    receiver.behave(TAKES);
    let last = format!("V-1.{}", ROUNDS + 1);
    soon("its end is told", async || {
        let (shown, told) = (shown(&member, PATH).await?, told(&receiver.arrived()));
        let is_through = told.last() == Some(&(last.clone(), "WITHDRAWN".to_owned())) && shown["behind"].is_null();
        if is_through { Ok(()) } else { Err(format!("{shown}, {told:?}")) }
    })
    .await;
    let told = told(&receiver.arrived());
    let of = |id: &str| told.iter().filter(|(named, _)| named == id).map(|(_, what)| what.as_str()).collect::<Vec<_>>();
    for spell in 2..=ROUNDS + 1 {
        assert_eq!(of(&format!("V-1.{spell}")), ["CREATED", "WITHDRAWN"], "{told:?}");
    }
}
