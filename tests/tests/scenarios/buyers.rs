//! Buyers on NATS: each event is in the stream once, whatever becomes of stream, server and node; a thousand buyers are nobody's reload;
//! and what was erased is not in the stream either.

use std::collections::BTreeSet;
use std::time::Duration;

use bytes::Bytes;
use certs::{Client, ClientFiles, Trust};
use conformity::party::Role;
use federation::access::Inbox;
use federation::bus::stream::{Keeping, Stream};
use federation::bus::{Dial, Link, OWN_SERVER};
use federation::subjects::Pattern;
use ledger::key::{Algorithm, SigningKey};
use serde_json::{Value, json};
use tests::claims::{SUPPLIER, reason, verdict, with};
use tests::events::covered;
use tests::node::NatsServer;
use tests::secrets::holders;
use tests::wait::PATIENCE;
use tests::{Buyer, Chance, Federation, Registry, soon};
use tokio::time::sleep;

const NAME: &str = "Yamada Hanako";

/// The stream of a registry, as its node has it. A second connection of the node, which answers nobody.
async fn stream(registry: &Registry) -> Stream {
    let config = registry.config().nats.buyers.clone().unwrap();
    let trust = Trust::read(&registry.folder().ca_public().root()).unwrap();
    let (certificate, key) = registry.folder().nats_node();
    let tls = Client::with_certificate(&trust, ClientFiles { certificate, key }).unwrap();
    let (address, name) = (format!("tls://{}", config.public_address), "test".to_owned());
    let link = Link::dial(Dial { address, tls, name, inbox: Inbox::node(), waiting: OWN_SERVER }).await.unwrap();
    link.connected(PATIENCE).await.unwrap();
    let subjects = Pattern::told_by(&registry.id().parse().unwrap());
    let keeping = Keeping { name: "EVENTS", subjects, bytes: config.stream_bytes, age: config.stream_age() };
    soon("the stream is there", async || {
        Stream::open(link.clone(), keeping.clone()).await.map_err(|error| error.to_string())
    })
    .await
}

/// The ids of all messages, in their order.
async fn kept(stream: &Stream) -> Result<Vec<String>, String> {
    let (mut ids, mut place) = (Vec::new(), 1);
    while let Some(kept) = stream.from(place).await.map_err(|error| error.to_string())? {
        place = kept.place + 1;
        ids.push(kept.id);
    }
    Ok(ids)
}

/// The ids of all events about verdicts, by the log: each supplier here has one identifier, and each message one event.
fn told(grants: &[u64]) -> Vec<String> {
    grants.iter().map(u64::to_string).collect()
}

async fn grant(registry: &Registry, id: &str) -> u64 {
    registry.party("cb-1").must("verdict-granted", verdict(id)).await.index
}

/// Waits until the stream holds exactly these, each once and in order.
async fn holds(registry: &Registry, grants: &[u64], what: &str) {
    let stream = stream(registry).await;
    soon(what, async || {
        let found = kept(&stream).await?;
        if found == told(grants) { Ok(()) } else { Err(format!("{found:?} instead of {grants:?}")) }
    })
    .await;
}

fn store(registry: &Registry) -> std::path::PathBuf {
    registry.folder().nats_buyers().join("store")
}

fn kill_server(registry: &Registry) {
    // It may be dead already, and not be started again yet.
    if let Some(server) = NatsServer::of_buyers(registry.folder().path()) {
        server.kill();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_that_is_lost_while_the_node_runs_is_filled_again() {
    let federation = Federation::start(&["jp"]).await;
    let jp = federation.registry("jp");
    let mut grants = vec![grant(jp, "V-0").await, grant(jp, "V-1").await];
    holds(jp, &grants, "what was granted is kept").await;
    for (round, what) in
        ["emptied", "emptied in part", "removed", "its store removed", "its store removed and the server killed"]
            .into_iter()
            .enumerate()
    {
        let stream = stream(jp).await;
        match what {
            "emptied" => stream.empty().await.unwrap(),
            "emptied in part" => {
                let first = stream.extent().await.unwrap().first;
                stream.erase(first).await.unwrap();
            }
            "removed" => stream.remove().await.unwrap(),
            _ => std::fs::remove_dir_all(store(jp)).unwrap(),
        }
        if what.ends_with("killed") {
            kill_server(jp);
        }
        drop(stream);
        // At once, and when it was seen.
        grants.push(grant(jp, &format!("W-{round}")).await);
        holds(jp, &grants, what).await;
        grants.push(grant(jp, &format!("X-{round}")).await);
        holds(jp, &grants, what).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_that_is_lost_while_the_node_is_down_is_filled_again() {
    let federation = Federation::start(&["jp"]).await;
    let jp = federation.registry("jp");
    let mut grants = vec![grant(jp, "V-0").await];
    holds(jp, &grants, "what was granted is kept").await;
    for (round, what) in ["nothing", "the store", "the whole folder", "the key of leases"].into_iter().enumerate() {
        federation.node("jp").stop();
        match what {
            "the store" => std::fs::remove_dir_all(store(jp)).unwrap(),
            "the whole folder" => std::fs::remove_dir_all(jp.folder().nats_buyers()).unwrap(),
            "the key of leases" => std::fs::remove_file(jp.folder().lease_key()).unwrap(),
            _ => {}
        }
        federation.restart("jp").await;
        let mut buyer = Buyer::listen(jp, &jp.party("buyer-1")).await;
        grants.push(grant(jp, &format!("W-{round}")).await);
        holds(jp, &grants, what).await;
        // What the stream is filled with again is heard again, by the same ids.
        let newest = told(&grants).pop();
        loop {
            let (subject, event) = buyer.next().await;
            assert_eq!(subject, format!("status.jp.stars.{SUPPLIER}"));
            let id = event["id"].as_str().map(str::to_owned);
            assert!(id.as_ref().is_some_and(|id| told(&grants).contains(id)), "{what}: {event}");
            if id == newest {
                break;
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_is_killed_each_event_is_kept_once() {
    let mut chance = Chance::new();
    let federation = Federation::start(&["jp"]).await;
    let jp = federation.registry("jp");
    let mut grants = Vec::new();
    for round in 0..8 {
        for number in 0..6 {
            grants.push(grant(jp, &format!("V-{round}-{number}")).await);
        }
        sleep(Duration::from_millis(chance.below(30))).await;
        if chance.below(2) == 0 {
            kill_server(jp);
        }
        if chance.below(2) == 0 {
            federation.node("jp").kill();
            federation.restart("jp").await;
        }
    }
    holds(jp, &grants, "all that was granted is kept").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_erased_is_not_in_the_stream_either() {
    let federation = Federation::start(&["jp"]).await;
    let jp = federation.registry("jp");
    let mut grants = Vec::new();
    for number in 0..5 {
        let scope = json!({"scope": format!("{NAME} V-{number}")});
        let claim = with(verdict(&format!("V-{number}")), scope);
        grants.push(jp.party("cb-1").must("verdict-granted", claim).await.index);
    }
    holds(jp, &grants, "what was granted is kept").await;
    // The first, the last, one between; the last while the node is killed.
    let mut left = grants.clone();
    for (erased, killed) in [(0, false), (2, false), (4, true)] {
        let claim = json!({"index": grants[erased], "reason": reason("request")});
        let claim = jp.operator().sign("statement-erased", claim);
        let erasing = tokio::spawn({
            let (operator, claim) = (jp.operator(), claim.clone());
            async move { operator.send(claim).await }
        });
        if killed {
            sleep(Duration::from_millis(5)).await;
            federation.node("jp").kill();
            federation.restart("jp").await;
        }
        let _ = erasing.await.unwrap();
        jp.operator().send(claim).await.unwrap();
        left.retain(|index| *index != grants[erased]);
        holds(jp, &left, &format!("V-{erased} is taken out, and the others stay")).await;
        // What the server overwrites was never in clear.
        assert!(holders(&jp.folder().nats_buyers(), &[NAME]).is_empty(), "a name is on the disk");
    }
    left.push(grant(jp, "V-last").await);
    holds(jp, &left, "the others stay").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_listens_hears_how_much_was_told_and_what_covers_it() {
    let federation = Federation::start(&["jp"]).await;
    let jp = federation.registry("jp");
    let log = jp.log_key();
    let mut buyer = Buyer::listen(jp, &jp.party("buyer-1")).await;
    let mut heartbeats = buyer.dialled.listen("heartbeat.jp").await;
    let granted = grant(jp, "V-1").await;
    let (_, event) = buyer.next().await;
    assert_eq!((&event["registry"], &event["logindex"]), (&json!("jp"), &json!(granted.to_string())));
    covered(&event, &log);
    // The checkpoint that covers it is told when there is one, by then with all that it covers told.
    let told = loop {
        let (subject, told) = heartbeats.next().await;
        assert_eq!((subject.as_str(), &told["registry"]), ("heartbeat.jp", &json!("jp")));
        if told["data"]["size"].as_u64().unwrap() > granted && covered(&told, &log) > granted {
            break told;
        }
    };
    assert_eq!(told["type"], "org.secure-trust-registry.heartbeat");
    // Whatever a buyer says there, the next that all hear is the node's, after silence at the latest.
    let _ = buyer.dialled.publish("heartbeat.jp", Bytes::from_static(b"{\"type\":\"forged\"}")).await;
    let (_, next) = heartbeats.next().await;
    assert!(covered(&next, &log) >= covered(&told, &log) && next["id"] != told["id"], "{next}");
    let kept = kept(&stream(jp).await).await.unwrap();
    assert_eq!(kept, [granted.to_string()], "a heartbeat is not kept");
    // Without the server nobody hears anything; when it is back, it says so by itself.
    kill_server(jp);
    buyer.dialled.cut(PATIENCE).await;
    let (_, again) = heartbeats.next().await;
    assert!(again["data"]["size"].as_u64().unwrap() > granted, "{again}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_buyers_are_let_in_without_a_reload() {
    let federation = Federation::start(&["jp"]).await;
    let jp = federation.registry("jp");
    let first = Buyer::listen(jp, &jp.party("buyer-1")).await;
    // Whoever knocks before the door is attended dials again.
    let connections = first.dialled.link().state().borrow().connections;
    let mut lines = Vec::new();
    for number in 0..1000 {
        let key = SigningKey::generate(Algorithm::Ed25519).unwrap();
        let key: Value = serde_json::from_str(&key.public_key().to_jwk()).unwrap();
        let id = format!("many-{number}");
        let party = json!({"id": id, "role": "buyer", "name": id, "country": "JP"});
        lines.push(jp.operator().sign("party-registered", json!({"party": party, "keys": [key]})));
    }
    let answers = jp.bulk(&jp.operator(), &lines).await;
    assert_eq!(answers.iter().filter(|answer| answer["index"].is_u64()).count(), 1000, "{:?}", answers.first());
    let last = jp.register("many-last", Role::Buyer).await;
    let mut last = Buyer::listen(jp, &last).await;
    let granted = grant(jp, "V-1").await;
    assert_eq!(last.next().await.1["id"], granted.to_string());
    for folder in [jp.folder().nats(), jp.folder().nats_buyers()] {
        let said = std::fs::read_to_string(folder.join("nats-server.log")).unwrap();
        assert!(said.contains("Server is ready"), "{said}");
        assert_eq!(said.matches("Reloaded").count(), 0, "{said}");
    }
    let state = first.dialled.link().state();
    assert_eq!(state.borrow().connections, connections, "nobody was disturbed");
    let all: BTreeSet<String> = kept(&stream(jp).await).await.unwrap().into_iter().collect();
    assert!(all.contains(&granted.to_string()));
}
