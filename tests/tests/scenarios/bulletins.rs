//! News of the rules: issued in one registry, heard by those whom it concerns in another, under the signature of who issued it.

use std::time::Duration;

use bytes::Bytes;
use conformity::party::Role;
use ledger::jws::Unverified;
use ledger::key::PublicKey;
use serde_json::Value;
use tests::claims::{bulletin, rule, terms};
use tests::events::{Events, Frame};
use tests::{Federation, Party};

/// What concerns a party, as it hears it when it asks for nothing but bulletins.
async fn hearing(party: &Party) -> Events {
    Events::open(&party.client(), "/v1/events?type=bulletin&after=start", None).await.unwrap()
}

/// The bulletins that a party has heard, once nothing more comes.
async fn heard(events: &mut Events) -> Vec<Value> {
    let mut heard = Vec::new();
    while let Some(frame) = events.within(Duration::from_millis(1_500)).await {
        match frame {
            Some(Frame::Event { event, .. }) => heard.push(event),
            Some(Frame::Checkpoint(_)) => {}
            None => break,
        }
    }
    heard
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn news_of_another_registry_reaches_those_whom_it_concerns_once() {
    let federation = Federation::start(&["jp", "eu", "us"]).await;
    let (jp, eu) = (federation.registry("jp"), federation.registry("eu"));
    let maker = jp.register_in("works-1", Role::Supplier, "isic4.C").await;
    let carrier = jp.register_in("ships-1", Role::Buyer, "isic4.H").await;
    // Without an arrangement nobody listens to anybody.
    federation.peer("jp", "eu").await;
    federation.peer("jp", "us").await;
    let ministry = eu.party("ministry");
    ministry.must("bulletin-issued", bulletin("B-1", "isic4.C")).await;
    federation.arrange(&terms("A-1", "bilateral", &["jp", "eu"], vec![rule("R-1", "eu", "jp", "stars")])).await;
    jp.soon("/v1/bulletins", |answer| answer["bulletins"][0]["name"] == "eu:B-1").await;

    // Passed on as it was signed: its issuer's key, from the registry where it was issued, verifies it.
    let shown = maker.cli(&["bulletin", "show", "eu:B-1"]).await;
    let compact = shown["statement"].as_str().unwrap().to_owned();
    let key = PublicKey::from_jwk(&ministry.key().public_key().to_jwk()).unwrap();
    Unverified::parse(Bytes::from(compact)).unwrap().verify(&key).unwrap();

    // Killed and started again, and the peer's copy lost: nothing is passed on twice, and nothing is lost.
    federation.node("jp").kill();
    for file in std::fs::read_dir(jp.folder().peer(&"eu".parse().unwrap())).unwrap() {
        let path = file.unwrap().path();
        if path.extension().is_some_and(|ending| ending == "ranges") {
            std::fs::remove_file(path).unwrap();
        }
    }
    ministry.must("bulletin-issued", bulletin("B-2", "isic4.H")).await;
    federation.restart("jp").await;
    jp.soon("/v1/bulletins", |answer| answer["bulletins"].as_array().is_some_and(|all| all.len() == 2)).await;

    for (party, name) in [(&maker, "eu:B-1"), (&carrier, "eu:B-2")] {
        let events = heard(&mut hearing(party).await).await;
        let names: Vec<_> = events.iter().map(|event| event["subject"].as_str().unwrap()).collect();
        assert_eq!(names, [name], "{}", party.id());
        assert!(events[0]["data"]["origin"]["statement"].is_string());
    }
    // What was passed on is passed on no further.
    let size = jp.must_ask("/v1/bulletins").await["bulletins"].as_array().unwrap().len();
    assert_eq!(size, 2);
    assert_eq!(federation.registry("us").must_ask("/v1/bulletins").await["bulletins"], serde_json::json!([]));

    // Who is concerned can be asked for, too.
    let listed = maker.cli(&["bulletin", "list", "--sector", "isic4.C"]).await;
    assert_eq!(listed["bulletins"].as_array().unwrap().len(), 1);
    let refused = jp.party("cb-1").cli_refused(&["bulletin", "issue", "none.json"]).await;
    assert!(refused.contains("none.json"), "{refused}");
}
