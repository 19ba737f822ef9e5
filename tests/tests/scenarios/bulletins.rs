//! News of the rules: issued in one registry, heard by those whom it concerns in another, under the signature of who issued it.

use std::time::Duration;

use bytes::Bytes;
use conformity::party::Role;
use ledger::jws::Unverified;
use ledger::key::PublicKey;
use serde_json::{Value, json};
use tests::claims::{bulletin, day, rule, scheme, terms, verdict, with};
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
async fn a_bulletin_that_replaces_a_scheme_is_felt_abroad_by_the_arrangement_alone() {
    let federation = Federation::start(&["jp", "eu"]).await;
    let (jp, eu) = (federation.registry("jp"), federation.registry("eu"));
    federation.peer("jp", "eu").await;
    federation.arrange(&terms("A-1", "bilateral", &["jp", "eu"], vec![rule("R-1", "eu", "jp", "stars")])).await;
    eu.party("cb-1").must("verdict-granted", verdict("V-1")).await;
    jp.recognises("eu:V-1", |one| one["outcome"] == "recognised" && one.get("gaps").is_none()).await;
    let ministry = eu.party("ministry");
    ministry.must("scheme-published", with(scheme("stars"), json!({"scheme": "stars@2"}))).await;
    let enacts = json!({"scheme-replaced": {"scheme": "stars@1", "by": "stars@2", "until": day(90)}});
    let enacting = with(bulletin("B-1", "isic4.C"), json!({"enacts": enacts, "inForce": null}));
    let refused = eu.party("ab").say("bulletin-issued", enacting.clone()).await.unwrap_err().to_string();
    assert!(refused.contains("role-not-entitled") || refused.contains("authority"), "{refused}");
    assert_eq!(eu.must_ask("/v1/bulletins").await["bulletins"], json!([]), "nothing of it is there");
    ministry.must("bulletin-issued", enacting).await;

    // At home the bulletin is the cause; abroad the verdict has a last day by what the other log says, and the scheme of the same name stands.
    let listed = eu.soon("/v1/cascades", |listed| listed["cascades"][0]["finished"] == true).await;
    let cascade = &listed["cascades"][0];
    assert_eq!((&cascade["bulletin"], &cascade["done"]), (&json!("eu:B-1"), &json!(1)), "{cascade}");
    jp.recognises("eu:V-1", |one| one["gaps"][0]["code"] == "basis-window").await;
    jp.soon("/v1/bulletins", |answer| answer["bulletins"][0]["name"] == "eu:B-1").await;
    let schemes = jp.must_ask("/v1/schemes").await;
    let stars = schemes["schemes"].as_array().unwrap().iter().find(|one| one["scheme"] == "stars@1").unwrap();
    assert_eq!(stars.get("replaced"), None, "a bulletin that is passed on changes nothing");
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
