//! News of the rules: issued in one registry, heard by those whom it concerns in another, under the signature of who issued it.

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use conformity::party::Role;
use ledger::jws::Unverified;
use ledger::key::PublicKey;
use serde_json::{Value, json};
use tests::claims::{bulletin, day, rule, scheme, terms, verdict, with};
use tests::events::{Events, Frame};
use tests::{Buyer, Federation, Party};

use crate::hostile_peer::{counted, counts, taken_over};

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
    let size = jp.must_ask("/v1/bulletins").await["bulletins"].as_array().unwrap().len();
    assert_eq!(size, 2);

    // Who is concerned can be asked for, too.
    let listed = maker.cli(&["bulletin", "list", "--sector", "isic4.C"]).await;
    assert_eq!(listed["bulletins"].as_array().unwrap().len(), 1);
    // What was passed on is passed on no further: of all that jp's log holds by then, its own alone.
    federation.arrange(&terms("A-2", "bilateral", &["jp", "us"], vec![rule("R-1", "jp", "us", "stars")])).await;
    jp.party("ministry").must("bulletin-issued", bulletin("B-3", "isic4.H")).await;
    let us = federation.registry("us");
    us.soon("/v1/bulletins", |answer| answer["bulletins"][0]["name"] == "jp:B-3").await;
    assert_eq!(us.must_ask("/v1/bulletins").await["bulletins"].as_array().unwrap().len(), 1);
    let refused = jp.party("cb-1").cli_refused(&["bulletin", "issue", "none.json"]).await;
    assert!(refused.contains("none.json"), "{refused}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_listens_on_nats_hears_the_news_of_its_sector_and_for_all() {
    let federation = Federation::start(&["jp", "eu"]).await;
    let (jp, eu) = (federation.registry("jp"), federation.registry("eu"));
    federation.peer("jp", "eu").await;
    federation.arrange(&terms("A-1", "bilateral", &["jp", "eu"], vec![rule("R-1", "eu", "jp", "stars")])).await;
    let buyer = Buyer::listen(jp, &jp.party("buyer-1")).await;
    let mut makers = buyer.dialled.listen("bulletin.jp.isic4=2EC").await;
    let mut carriers = buyer.dialled.listen("bulletin.jp.isic4=2EH").await;
    let mut all = buyer.dialled.listen("bulletin.jp").await;

    let both = with(bulletin("B-2", "isic4.C"), json!({"concerns": {"sectors": ["isic4.C", "isic4.H", "isic4.C"]}}));
    let ministry = jp.party("ministry");
    for claim in [bulletin("B-1", "isic4.C"), both, with(bulletin("B-3", "isic4.C"), json!({"concerns": {}}))] {
        ministry.must("bulletin-issued", claim).await;
    }
    // The longest that there is, passed on in every language, fits into a message.
    let long = json!({"en": "n".repeat(4_096), "ja": "報".repeat(1_365)});
    eu.party("ministry").must("bulletin-issued", with(bulletin("B-9", "isic4.C"), json!({"text": long}))).await;

    for (ear, names) in
        [(&mut makers, &["jp:B-1", "jp:B-2", "eu:B-9"][..]), (&mut carriers, &["jp:B-2"]), (&mut all, &["jp:B-3"])]
    {
        for name in names {
            let (subject, event) = ear.next().await;
            assert_eq!(event["subject"], **name, "{subject}");
            assert!(event["texten"].is_string() && event["textja"].is_string(), "{event}");
        }
    }
    // One for each of them came last, so that whatever else there was has come by now.
    for (ear, sectors) in
        [(&mut makers, json!(["isic4.C"])), (&mut carriers, json!(["isic4.H"])), (&mut all, json!([]))]
    {
        let id = format!("L-{}", sectors.as_array().unwrap().first().map_or("all", |code| code.as_str().unwrap()));
        ministry
            .must("bulletin-issued", with(bulletin(&id, "isic4.C"), json!({"concerns": {"sectors": sectors}})))
            .await;
        assert_eq!(ear.next().await.1["subject"], format!("jp:{id}"));
    }
}

/// A peer in the hands of a liar: what its log holds as a bulletin and nobody who may issue one signed, is counted and passed on to nobody.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_forged_bulletin_is_passed_on_to_nobody() {
    let (federation, impostor) = taken_over().await;
    let (jp, eu) = (federation.registry("jp"), federation.registry("eu"));
    let (ministry, body) = (jp.party("ministry"), jp.party("cb-1"));
    let text = |compact: Bytes| String::from_utf8(compact.to_vec()).unwrap();
    let signed = |id: &str| text(ministry.sign("bulletin-issued", bulletin(id, "isic4.C")));
    let (one, another) = (signed("B-1"), signed("B-2"));
    let crossed = format!("{}.{}", one.rsplit_once('.').unwrap().0, another.rsplit_once('.').unwrap().1);
    let rows: [(&str, Bytes); 4] = [
        ("bad-signature", crossed.into()),
        ("unknown-key", eu.party("ministry").sign("bulletin-issued", bulletin("B-3", "isic4.C"))),
        ("role-not-entitled", body.sign("bulletin-issued", bulletin("B-4", "isic4.C"))),
        (
            "languages-differ",
            ministry.sign("bulletin-issued", with(bulletin("B-5", "isic4.C"), json!({"title": {"en": "x"}}))),
        ),
    ];
    for (code, statement) in rows {
        let before = counted(eu, code).await;
        impostor.change(|past| past.append(&statement));
        impostor.hint().await;
        counts(eu, code, before).await;
    }
    impostor.change(|past| past.append(&ministry.sign("bulletin-issued", bulletin("B-9", "isic4.C"))));
    impostor.hint().await;
    eu.soon("/v1/bulletins", |answer| answer["bulletins"][0]["name"] == "jp:B-9").await;
    assert_eq!(eu.must_ask("/v1/bulletins").await["bulletins"].as_array().unwrap().len(), 1);
}

/// A peer that has very much to say takes the attention of everybody concerned for a day's measure; one too long to be passed on is counted.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_passed_on_in_a_day_is_bounded() {
    const MAX_A_DAY: usize = 32;
    let federation = Federation::start(&["jp", "eu"]).await;
    federation.peer("jp", "eu").await;
    let (jp, eu) = (federation.registry("jp"), federation.registry("eu"));
    let agreed = terms("A-1", "bilateral", &["jp", "eu"], vec![rule("R-1", "jp", "eu", "stars")]);
    federation.arrange(&agreed).await;
    let ministry = jp.party("ministry");
    // Quotation marks take two bytes each.
    let marks = json!({"en": "\"".repeat(4_096), "ja": "\"".repeat(4_096)});
    let names: Vec<_> = (0..64).map(|number| format!("{}{number:02}", "s".repeat(126))).collect();
    let long = json!({"text": marks, "concerns": {"schemes": names, "documents": names}});
    ministry.must("bulletin-issued", with(bulletin("L-1", "isic4.C"), long)).await;
    counts(eu, "bulletin-refused", 0).await;
    for number in 0..=MAX_A_DAY {
        ministry.must("bulletin-issued", bulletin(&format!("B-{number}"), "isic4.C")).await;
    }
    // Recognised in a later round than that in which the last bulletin could have been passed on.
    for id in ["V-1", "V-2"] {
        jp.party("cb-1").must("verdict-granted", verdict(id)).await;
        eu.recognises(&format!("jp:{id}"), |one| one["outcome"] == "recognised").await;
    }
    let mut days = BTreeMap::<String, usize>::new();
    for one in eu.must_ask("/v1/bulletins").await["bulletins"].as_array().unwrap() {
        assert_ne!(one["name"], "jp:L-1");
        *days.entry(one["moment"]["at"].as_str().unwrap()[..10].to_owned()).or_default() += 1;
    }
    assert!(days.values().all(|count| *count <= MAX_A_DAY), "{days:?}");
    assert!(days.len() > 1 || days.values().sum::<usize>() == MAX_A_DAY, "a day's measure is passed on: {days:?}");
}
