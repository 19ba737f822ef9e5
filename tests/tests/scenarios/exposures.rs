//! What changes do to a chain, told under violence: a receiver that refuses, forgets to answer and goes away, and a node that is killed
//! meanwhile. What arrives is what the log says of the chain, all of it, in order, each time in the same words.

use std::time::Duration;

use conformity::party::Role;
use serde_json::{Value, json};
use tests::claims::{change, verdict, with};
use tests::{Chance, Party, soon};

use super::webhooks::{Arrived, FORGETS, JSON, REFUSES, TAKES, served, shown};

const PATH: &str = "/v1/subscriptions/cars";
const SUPPLIERS: [&str; 3] = ["corporate-number:7000012050002", "duns:150483782", "lei:5493001KJTIIGC8Y1R12"];
const ROUNDS: u64 = 20;
const OF_ROUND: u64 = 3;

async fn put(party: &Party, path: &str, media_type: &'static str, body: String) -> Value {
    let answer = party.connect().await.unwrap().put(path, media_type, body.into()).await.unwrap();
    serde_json::from_slice(&answer).unwrap()
}

/// A chain of three suppliers, the second of which supplies the third, and a subscription to what changes do to it; the first entry that
/// it is told of.
async fn subscribed(buyer: &Party, url: &str) -> u64 {
    let [one, two, three] = SUPPLIERS;
    let chain = format!("supplier,to,item\n{one},product:Car,seat\n{three},product:Car,engine\n{two},{three},valve\n");
    put(buyer, "/v1/supply-chains/cars", "text/csv", chain).await;
    let policy = json!({"policy": "p", "version": 1, "rules": [
        {"id": "all", "requires": {"verdict": {"scheme": "stars"}}, "otherwise": "stop"}]});
    put(buyer, "/v1/policies/all", JSON, policy.to_string()).await;
    let wish = json!({"url": url, "exposure": {"supplyChain": "cars", "policy": "all"}});
    put(buyer, PATH, JSON, wish.to_string()).await["from"].as_u64().unwrap()
}

/// What the log says of the chain from an entry on.
async fn asked(buyer: &Party, from: u64) -> Vec<Value> {
    let (mut events, mut next) = (Vec::new(), (from - 1).to_string());
    loop {
        let path = format!("/v1/supply-chains/cars/exposures?policy=all&after={next}");
        let answer = soon("it is answered", async || shown(buyer, &path).await).await;
        events.extend(answer["events"].as_array().unwrap().iter().cloned());
        answer["next"].as_str().unwrap().clone_into(&mut next);
        if answer["more"] == false {
            return events;
        }
    }
}

/// What is stated about the chain: entry, and whether it is worse by that.
struct Life<'a> {
    cb: &'a Party,
    holds: [bool; 3],
    stated: Vec<(u64, bool)>,
}

impl Life<'_> {
    async fn begin(&mut self) {
        for (number, supplier) in SUPPLIERS.iter().enumerate() {
            let of = json!({"supplier": {"id": supplier, "name": "Example Works", "country": "JP"}});
            let granted = self.cb.must("verdict-granted", with(verdict(&format!("V-{number}")), of)).await;
            self.holds[number] = true;
            self.stated.push((granted.index, false));
        }
    }

    /// Another state of one of the verdicts: there is nothing that does not move something.
    async fn goes_on(&mut self, number: usize) {
        let what = if self.holds[number] { "suspended" } else { "restored" };
        let stated = self.cb.must("verdict-changed", change(&format!("V-{number}"), json!(what))).await;
        self.stated.push((stated.index, self.holds[number]));
        self.holds[number] = !self.holds[number];
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_changes_do_to_a_chain_arrives_as_the_log_says_whatever_is_killed() {
    let mut chance = Chance::new();
    let (federation, mut receiver) = served().await;
    let jp = federation.registry("jp");
    let (buyer, cb) = (jp.register("watcher", Role::Buyer).await, jp.party("cb-1"));
    let from = subscribed(&buyer, &receiver.url()).await;
    let mut life = Life { cb: &cb, holds: [false; 3], stated: Vec::new() };
    life.begin().await;
    for round in 0..ROUNDS {
        match chance.below(4) {
            0 => receiver.behave(REFUSES),
            1 => receiver.behave(FORGETS),
            2 => receiver.vanish().await,
            _ => receiver.appear().await,
        }
        for _ in 0..OF_ROUND {
            life.goes_on(usize::try_from(chance.below(3)).unwrap()).await;
        }
        if round % 5 == 4 || chance.below(4) == 0 {
            tokio::time::sleep(Duration::from_millis(chance.below(60))).await;
            federation.node("jp").kill();
            federation.restart("jp").await;
        }
        if chance.below(2) == 0 {
            receiver.behave(TAKES);
            receiver.appear().await;
        }
    }
    let before = asked(&buyer, from).await;
    federation.node("jp").kill();
    federation.restart("jp").await;
    receiver.behave(TAKES);
    receiver.appear().await;
    let all = asked(&buyer, from).await;
    assert_eq!(before, all, "the same from another process");
    let told = all.iter().map(|event| {
        let index = event["logindex"].as_str().unwrap().parse::<u64>().unwrap();
        (index, event["type"].as_str().unwrap().ends_with(".exposed"))
    });
    assert_eq!(told.collect::<Vec<_>>(), life.stated, "each change, and what it does");
    soon("all of it arrives", async || {
        let (shown, arrived) = (shown(&buyer, PATH).await?, receiver.arrived());
        let is_through = arrived.last().map(|last| &last.event) == all.last() && shown["behind"].is_null();
        if is_through { Ok(()) } else { Err(format!("{shown}, {} of {} arrived", arrived.len(), all.len())) }
    })
    .await;
    checked(&receiver.arrived(), &all);
    assert_eq!(federation.node("jp").lines_with(&["watcher"]), 0, "no line says whose chain it is");
}

/// Each once at least, in its own words each time, and none before one that stands before it.
fn checked(arrived: &[Arrived], all: &[Value]) {
    let mut first: Vec<&Value> = Vec::new();
    for one in arrived {
        assert_eq!(one.webhook, format!("jp_{}", one.id()), "one id, whenever it is sent");
        if !first.iter().any(|known| known["id"] == one.event["id"]) {
            first.push(&one.event);
        }
        assert!(all.contains(&one.event), "{} is told otherwise than the log says", one.id());
    }
    assert_eq!(first, all.iter().collect::<Vec<_>>(), "in the order of the log, without a gap");
}
