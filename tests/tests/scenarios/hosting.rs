//! A country without a node of its own: its registry runs on the node of another by the word of both, and later moves out. Peers
//! follow it, old proofs hold, and who watches goes on where it was.

use certs::ClientFiles;
use conformity::party::Role;
use jiff::Timestamp;
use ledger::key::Algorithm;
use serde_json::{Value, json};
use tests::claims::{rule, terms, verdict, with};
use tests::events::{Events, Frame};
use tests::node::{NatsServer, Node};
use tests::{Federation, Registry, ports, stranger};

/// What a host says of whom it serves, as far as it is known there.
async fn hosting(registry: &Registry, standing: &str) {
    registry.soon("/v1/hosted", |answer| answer["hosted"][0]["standing"] == standing).await;
}

/// What events behind a place are about, or their type where they are about no verdict, until `last` has come; and the id of its event.
async fn watched(events: &mut Events, last: &str) -> (Vec<String>, String) {
    let mut seen = Vec::new();
    loop {
        match events.next().await {
            Some(Frame::Event { id, event }) => {
                let subject = event["subject"].as_str().or(event["type"].as_str()).unwrap_or_default().to_owned();
                seen.push(subject.clone());
                if subject == last {
                    return (seen, id);
                }
            }
            Some(Frame::Checkpoint(_)) => {}
            None => panic!("the stream ended before {last}: {seen:?}"),
        }
    }
}

/// Lets a registry move out, and waits until nothing of it is served there; what the command said.
async fn move_out(mm: &Registry, http: &str, nats: &str) -> Value {
    let said = mm.run(&["move", "out", "--http", http, "--nats", nats, "--json"]);
    tests::soon("the old door is closed", async || match mm.ask("/readyz").await {
        Ok(_) => Err("it answers".to_owned()),
        Err(_) => Ok(()),
    })
    .await;
    serde_json::from_str(&said).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[allow(clippy::too_many_lines)] // one story, in its order
async fn a_hosted_registry_moves_out_and_everybody_follows() {
    let federation = Federation::create(&["jp", "mm", "eu"]);
    let [jp, mm, eu] = ["jp", "mm", "eu"].map(|id| federation.registry(id));
    let folder = |one: &Registry| one.folder().path().to_owned();
    let logs = tempfile::tempdir().unwrap();
    // One that cannot be served leaves those beside it alone.
    let broken = logs.path().join("nothing");
    let host = Node::new(vec![broken, folder(jp), folder(mm)], logs.path().join("host.log"));
    let other = federation.node("eu");
    host.start();
    other.start();
    for registry in [jp, mm, eu] {
        registry.ready(|| host.check().and_then(|()| other.check())).await;
        registry.furnish().await;
    }
    assert!(host.lines_with(&["a registry is not served", "nothing"]) > 0, "{}", host.said());
    for (one, another) in [("jp", "mm"), ("eu", "mm"), ("jp", "eu")] {
        federation.peer(one, another).await;
    }
    federation.arrange(&terms("A-1", "bilateral", &["jp", "mm"], vec![rule("R-1", "mm", "jp", "stars")])).await;
    federation.arrange(&terms("A-2", "bilateral", &["eu", "mm"], vec![rule("R-2", "mm", "eu", "stars")])).await;

    // The host alone only claims it.
    jp.run(&["hosting", "accept", "mm"]);
    hosting(jp, "claimed").await;
    eu.soon("/v1/hosted", |answer| answer["hosted"][0]["standing"] == "claimed").await;
    let claimed = Timestamp::now();
    let refused = mm.command(&["hosting", "consent", "xx"]).output().unwrap();
    assert!(String::from_utf8_lossy(&refused.stderr).contains("no peer"), "{refused:?}");
    mm.run(&["hosting", "consent", "jp", "--until", "2099-12-31"]);
    hosting(jp, "confirmed").await;
    hosting(mm, "confirmed").await;
    hosting(eu, "confirmed").await;
    assert_eq!(eu.peer_status("mm").await["hostedBy"], "jp");
    for registry in [jp, eu] {
        for known in ["then", "now"] {
            let hosted = registry.must_ask(&format!("/v1/hosted?as_of={claimed}&known={known}")).await;
            assert_eq!(hosted["hosted"][0]["standing"], "claimed", "{hosted}");
        }
    }
    let then = eu.must_ask(&format!("/v1/peers?as_of={claimed}")).await;
    let mm_then = then["peers"].as_array().unwrap().iter().find(|peer| peer["registry"] == "mm").unwrap();
    for absent in ["hostedBy", "followed", "cosigned", "evidence", "status"] {
        assert_eq!(mm_then[absent], Value::Null, "{absent}: {then}");
    }

    let old_grant = mm.party("cb-1").sign("verdict-granted", verdict("V-1"));
    let old = mm.party("cb-1").send(old_grant.clone()).await.unwrap();
    jp.recognises("mm:V-1", |row| row["outcome"] != Value::Null).await;
    let buyer = jp.party("buyer-1");
    let mut events = Events::open(&buyer.client(), "/v1/events?after=start&type=recognition", None).await.unwrap();
    let (seen, place) = watched(&mut events, "mm:V-1").await;
    assert_eq!(seen, ["mm:V-1"]);
    drop(events);
    // Buyers of mm itself have places in its log, too.
    let local = mm.register("buyer-2", Role::Buyer).await;
    let mut events = Events::open(&local.client(), "/v1/events?after=start&type=verdict", None).await.unwrap();
    let (_, local_place) = watched(&mut events, "mm:V-1").await;
    drop(events);

    // It moves out, and its host is killed in the middle of it.
    let (http, nats) = (ports::free(), ports::free());
    let to = |port: u16| format!("localhost:{port}");
    let moved = move_out(mm, &format!("https://{}", to(http.port())), &to(nats.port())).await;
    jp.must_ask("/readyz").await;
    host.kill();
    for registry in [jp, mm] {
        if let Some(server) = NatsServer::of(registry.folder().path()) {
            server.kill();
        }
    }
    let last = moved["receipt"]["index"].as_u64().unwrap();
    assert_eq!(mm.log().size(), last + 1, "nothing stands behind the move, not even a seal");
    // The folder that was left is served no more, beside others that are.
    let alone = Node::new(vec![folder(mm)], logs.path().join("left.log"));
    alone.start();
    tests::soon("the folder that was left is refused", async || {
        alone.check().err().map(drop).ok_or_else(|| "it is served".to_owned())
    })
    .await;
    assert!(alone.lines_with(&["this log says that the registry is served at"]) > 0, "{}", alone.said());
    assert_eq!(mm.log().size(), last + 1);
    host.start();
    jp.ready(|| host.check()).await;

    // A copy goes on at the new place; it is killed, and started again.
    let elsewhere = mm.copied(&logs.path().join("elsewhere"), http, nats);
    let own = Node::new(vec![folder(&elsewhere)], logs.path().join("own.log"));
    own.start();
    elsewhere.ready(|| own.check()).await;
    own.kill();
    if let Some(server) = NatsServer::of(elsewhere.folder().path()) {
        server.kill();
    }
    own.start();
    elsewhere.ready(|| own.check()).await;
    let new = elsewhere.party("cb-1").must("verdict-granted", verdict("V-2")).await;
    assert!(new.index > last);

    // Nobody was told but by its log: both peers follow it, and say where it is and that nobody hosts it.
    for registry in [jp, eu] {
        registry.recognises("mm:V-2", |row| row["outcome"] != Value::Null).await;
        let peer = registry.peer_status("mm").await;
        assert_eq!(peer["httpUrl"], json!(elsewhere.config().http.public_url), "{peer}");
        assert_eq!((&peer["hostedBy"], &peer["evidence"]), (&Value::Null, &Value::Null));
        hosting(registry, "ended").await;
    }
    // The buyer goes on where it was, and so does mm's own.
    let mut events = Events::open(&buyer.client(), "/v1/events?type=recognition", Some(&place)).await.unwrap();
    assert_eq!(watched(&mut events, "mm:V-2").await.0, ["mm:V-2"]);
    let client = elsewhere.party("buyer-2").client();
    let mut events = Events::open(&client, "/v1/events?type=verdict", Some(&local_place)).await.unwrap();
    assert_eq!(watched(&mut events, "mm:V-2").await.0, ["org.secure-trust-registry.registry.moved", "mm:V-2"]);
    // What was proven before stays proven, by the same keys.
    old.check(&old_grant, &elsewhere.log_keys().await).unwrap();
    let peering = elsewhere.peer_status("jp").await;
    assert_eq!(peering["evidence"], Value::Null, "{peering}");
}

/// Two registries on one node have nothing in common but the machine: each has operators, doors and secrets of its own.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_hosted_is_run_and_seen_by_its_own_alone() {
    let federation = Federation::start_in_one_process(&["jp", "mm"]).await;
    let (jp, mm) = (federation.registry("jp"), federation.registry("mm"));
    let hidden = with(verdict("V-1"), json!({"profile": "restricted"}));
    mm.party("cb-1").must("verdict-granted", hidden).await;

    // The guest's operator runs it; the host's operator and authority are strangers at its door, and it is one at theirs.
    mm.register("buyer-2", Role::Buyer).await;
    let claim = mm.equip("buyer-3", Role::Buyer, Algorithm::Ed25519);
    for (door, stranger) in [(mm, jp.operator()), (mm, jp.party("ministry")), (jp, mm.operator())] {
        let (certificate, key) = stranger.credentials().tls();
        let files = ClientFiles { certificate, key };
        let said = stranger.sign("party-registered", claim.clone());
        assert!(stranger::post(door, &files, &said).await.is_err(), "{} at {}", stranger.id(), door.id());
    }
    // Nor does a word of theirs count that the guest's operator carries.
    let said = jp.operator().sign("party-registered", claim);
    let refused = mm.operator().send(said).await.unwrap_err().to_string();
    assert!(refused.contains("unknown-key"), "{refused}");

    // Who may see it there sees it there, and nobody at the host's door.
    let seen = mm.party("cb-1").client().json::<Value>("/v1/verdicts/mm:V-1").await.unwrap();
    assert_eq!(seen["terms"]["profile"], "restricted");
    for party in [jp.operator(), jp.party("ministry"), jp.party("cb-1"), jp.party("audit")] {
        assert!(party.client().json::<Value>("/v1/verdicts/mm:V-1").await.is_err(), "{}", party.id());
        assert!(party.client().json::<Value>("/v1/verdicts/jp:V-1").await.is_err(), "{}", party.id());
    }
    for (registry, id) in [(jp, "jp"), (mm, "mm")] {
        let parties = registry.must_ask("/v1/parties").await;
        let names = parties["parties"].as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap().to_owned());
        assert!(!names.into_iter().any(|name| name == "buyer-3"), "{id}");
    }
}
