//! Disclosure consents: who sees what, until when, and what the supplier learns of it.

use std::cell::Cell;
use std::sync::Arc;

use conformity::consent::{Parts, permission};
use conformity::ids::PartyId;
use conformity::party::Role;
use conformity::records::Facts;
use conformity::standing::Viewer;
use credential::attestation::{Detail, read};
use credential::sd_jwt::{REGISTRY, Unverified};
use serde_json::{Value, json};

use super::credentials::{documented, fetch};
use super::fixture::{Got, Person, World, day, restricted};
use crate::core::uses::{By, Consented, Granted, Recipient, Seen, Way};
use crate::http::consented::{self, Asker, Showing};
use crate::http::site::Site;

const OTHERS: [Option<&str>; 5] = [None, Some("cb-2"), Some("audit"), Some("meti"), Some("buyer-2")];

fn consent(id: &str, parts: &[&str]) -> Value {
    json!({"consent": id, "about": {"verdict": "V-3"}, "to": "buyer-1", "parts": parts, "until": day(30)})
}

/// A restricted verdict with sites, on the supplier `maker`.
fn quiet() -> Value {
    let mut claim = restricted("V-3");
    claim["sites"] = json!(["Osaka"]);
    claim
}

/// With a second buyer, and the verdict `V-3`, documented.
async fn world() -> World {
    let world = World::furnished().await;
    world.join(&world.operator(), "buyer-2", Role::Buyer, json!([])).await;
    world.must(&world.person("cb-1"), "verdict-granted", quiet()).await;
    documented(&world, &quiet()).await;
    world
}

async fn ask(world: &World, who: Option<&str>, path: &str) -> Got {
    let person = who.map(|who| world.person(who));
    world.talk(person.as_ref()).await.ask(path).await.without_date()
}

/// What a credential shows of what it keeps back.
fn detail(world: &World, got: &Got) -> Detail {
    assert_eq!(got.status, 200, "{got:?}");
    let key = world.person("cb-1").key().public_key().clone();
    let text = std::str::from_utf8(&got.body).unwrap();
    let shown = Unverified::parse(text, REGISTRY).unwrap().verify(&key).unwrap().disclose().unwrap();
    read(shown.payload()).unwrap().detail
}

async fn uses(world: &World) -> Value {
    ask(world, Some("maker"), "/v1/verdicts/jp:V-3/disclosures").await.json()
}

#[tokio::test]
async fn the_named_party_sees_the_named_parts_and_all_others_what_they_saw_before() {
    let world = world().await;
    let maker: Person = world.person("maker");
    let paths = ["/v1/credentials/jp:V-3", "/v1/verdicts/jp:V-3", "/v1/verdicts/jp:V-3/disclosures"];
    let mut before = Vec::new();
    for path in paths {
        for who in OTHERS.into_iter().chain([Some("buyer-1")]) {
            let absent = ask(&world, who, &path.replace("V-3", "V-0")).await;
            let got = ask(&world, who, path).await;
            assert_eq!(got.code(), "not-found", "{path} {who:?}");
            // An authority may know that it is there, and sees no more of it than others.
            match got.json()["absence"].as_str() {
                Some("withheld") => assert_eq!(who, Some("meti"), "{path}"),
                _ => assert_eq!(got, absent, "{path} {who:?}"),
            }
            before.push(got);
        }
    }
    world.must(&maker, "disclosure-consented", consent("C-1", &["findings"])).await;
    let shown = detail(&world, &fetch(&world, Some("buyer-1"), "V-3").await);
    assert!(shown.reach.is_none(), "{shown:?}");
    assert!(shown.assessments.values().all(|one| one.results.is_empty() && one.findings.len() == 1), "{shown:?}");
    let verdict = ask(&world, Some("buyer-1"), "/v1/verdicts/jp:V-3").await;
    assert_eq!((verdict.status, verdict.json()["state"].as_str()), (200, Some("granted")));
    assert!(!String::from_utf8_lossy(&verdict.body).contains("Osaka"), "{verdict:?}");
    let mut after = before.iter();
    for path in paths {
        for who in OTHERS {
            assert_eq!(Some(&ask(&world, who, path).await), after.next(), "{path} {who:?}");
        }
        after.next();
    }
    world.must(&maker, "disclosure-withdrawn", json!({"consent": "C-1"})).await;
    for (path, before) in paths.iter().zip(before.chunks(OTHERS.len() + 1)) {
        assert_eq!(Some(&ask(&world, Some("buyer-1"), path).await), before.last(), "at once: {path}");
    }
}

#[tokio::test]
async fn the_supplier_reads_each_use_and_nobody_else_does() {
    let world = world().await;
    let maker = world.person("maker");
    world.must(&maker, "disclosure-consented", consent("C-1", &["scope", "results"])).await;
    assert_eq!(uses(&world).await, json!({"verdict": "jp:V-3", "uses": [], "dropped": 0}));
    for _ in 0..3 {
        fetch(&world, Some("buyer-1"), "V-3").await;
    }
    let verdict = ask(&world, Some("buyer-1"), "/v1/verdicts/jp:V-3").await;
    assert!(String::from_utf8_lossy(&verdict.body).contains("Osaka"), "the scope was consented to");
    for who in ["cb-1", "maker", "buyer-2"] {
        fetch(&world, Some(who), "V-3").await;
    }
    let told = uses(&world).await;
    let told = told["uses"].as_array().unwrap();
    let ways: Vec<_> = told.iter().map(|one| (one["way"].as_str().unwrap(), one["times"].as_u64().unwrap())).collect();
    assert_eq!(ways, [("credential", 3), ("verdict", 1)], "{told:?}");
    let credential = &told[0];
    assert_eq!((&credential["to"], &credential["parts"]), (&json!("buyer-1"), &json!(["scope", "results"])));
    assert_eq!(credential["consents"], json!([{"by": "maker", "consent": "C-1"}]));
    // The list of results, its one element, the reach and the sites in it.
    assert_eq!(credential["disclosures"], 4);
    for who in [None, Some("buyer-1"), Some("cb-1"), Some("meti")] {
        let got = ask(&world, who, "/v1/verdicts/jp:V-3/disclosures").await;
        assert_eq!(got, ask(&world, who, "/v1/verdicts/jp:V-0/disclosures").await, "{who:?}");
        assert_eq!(got.code(), "not-found", "{who:?}");
    }
}

/// Making an answer may take seconds: looked at before the withdrawal, recorded after it.
#[tokio::test]
async fn what_is_withdrawn_while_the_answer_is_made_is_not_shown() {
    let world = world().await;
    let maker = world.person("maker");
    world.must(&maker, "disclosure-consented", consent("C-1", &["level"])).await;
    let site = Site::new(Arc::clone(&world.registry));
    let buyer: PartyId = "buyer-1".parse().unwrap();
    let record = site.register().verdict(&"V-3".parse().unwrap()).unwrap();
    let looked = permission(&site.register(), &Viewer::Party(buyer.clone()), &record, world.registry.now()).unwrap();
    let show = || {
        let place = consented::place(&site)?;
        let (way, permission) = (Way::Verdict, &looked);
        Showing { verdict: &record, permission, way, credential: None, disclosures: 0 }.record(
            &site,
            Asker { party: buyer.clone(), through: None },
            &place,
        )
    };
    show().unwrap();
    assert_eq!(uses(&world).await["uses"][0]["times"], 1);
    world.must(&maker, "disclosure-withdrawn", json!({"consent": "C-1"})).await;
    let refused = show().unwrap_err();
    assert_eq!((refused.code(), refused.status), ("busy", 503));
    world.must(&maker, "disclosure-consented", consent("C-2", &["level", "scope"])).await;
    assert!(show().is_err(), "what was looked at was by another consent");
    assert_eq!(uses(&world).await["uses"][0]["times"], 1, "nor is it told as seen");
}

/// The disk may be waited for, too: what is taken back by then is told as seen, and not shown.
#[tokio::test]
async fn what_is_withdrawn_while_the_use_is_recorded_is_not_shown() {
    let world = world().await;
    let site = Site::new(Arc::clone(&world.registry));
    let record = site.register().verdict(&"V-3".parse().unwrap()).unwrap();
    let consents = vec![Consented { by: "maker".parse().unwrap(), consent: "C-1".parse().unwrap() }];
    let seen = Seen {
        to: Recipient::Party("buyer-1".parse().unwrap()),
        through: None,
        by: By::Consents(consents),
        way: Way::Verdict,
        parts: Parts::default(),
        credential: None,
        disclosures: 0,
    };
    let asked = Cell::new(0);
    let place = consented::place(&site).unwrap();
    let refused =
        consented::recorded(&site, &place, Granted::of(&record), seen, |_, _| asked.replace(asked.get() + 1) == 0);
    assert_eq!((refused.unwrap_err().code(), asked.get()), ("busy", 2));
    assert_eq!(uses(&world).await["uses"][0]["times"], 1);
}

#[tokio::test]
async fn a_public_verdict_is_used_only_where_more_is_seen_than_everyone_sees() {
    let world = world().await;
    let mut summary = restricted("V-4");
    summary["profile"] = json!("summary");
    world.must(&world.person("cb-1"), "verdict-granted", summary.clone()).await;
    documented(&world, &summary).await;
    let open = fetch(&world, None, "V-4").await;
    let mut claim = consent("C-1", &["evidence"]);
    claim["about"] = json!({"scheme": "stars@1"});
    world.must(&world.person("maker"), "disclosure-consented", claim.clone()).await;
    assert_eq!(fetch(&world, Some("buyer-1"), "V-4").await, open, "there is no evidence to show");
    let path = "/v1/verdicts/jp:V-4/disclosures";
    assert_eq!(ask(&world, Some("maker"), path).await.json()["uses"], json!([]));
    claim["consent"] = json!("C-2");
    assert_eq!(world.say(&world.person("maker"), "disclosure-consented", claim.clone()).await.code(), "consent-stands");
    world.must(&world.person("maker"), "disclosure-withdrawn", json!({"consent": "C-1"})).await;
    claim["parts"] = json!(["scope"]);
    world.must(&world.person("maker"), "disclosure-consented", claim).await;
    let shown = detail(&world, &fetch(&world, Some("buyer-1"), "V-4").await);
    assert!(shown.assessments.is_empty() && !shown.reach.unwrap().sites.is_empty());
    assert_eq!(ask(&world, Some("maker"), path).await.json()["uses"][0]["disclosures"], 2);
    assert_eq!(fetch(&world, Some("buyer-2"), "V-4").await, open);
}

#[tokio::test]
async fn a_bundle_is_given_where_its_statements_tell_nothing_beyond_the_consent() {
    let world = world().await;
    let maker = world.person("maker");
    world.publish();
    let path = "/v1/verdicts/jp:V-3/proof";
    world.must(&maker, "disclosure-consented", consent("C-1", &["scope", "findings"])).await;
    world.published().await;
    let absent = ask(&world, Some("buyer-1"), &path.replace("V-3", "V-0")).await;
    assert_eq!(ask(&world, Some("buyer-1"), path).await, absent);
    world.must(&maker, "disclosure-withdrawn", json!({"consent": "C-1"})).await;
    world.must(&maker, "disclosure-consented", consent("C-2", &["level", "scope", "findings"])).await;
    world.published().await;
    let whole = ask(&world, Some("maker"), path).await.json();
    let part = ask(&world, Some("buyer-1"), path).await.json();
    assert_eq!(part["statements"], whole["statements"]);
    let count = |bundle: &Value| bundle["disclosures"].as_array().map_or(0, Vec::len);
    assert_eq!((count(&part), count(&whole)), (4, 6), "all but the list of results and its element");
    let text = part.to_string();
    assert!(!text.contains("disclosure-consented"), "a bundle holds no consent");
    assert_eq!(ask(&world, Some("buyer-2"), path).await, absent);
    let told = uses(&world).await;
    assert_eq!((&told["uses"][0]["way"], &told["uses"][0]["disclosures"]), (&json!("proof"), &json!(4)));
    world.must(&maker, "disclosure-withdrawn", json!({"consent": "C-2"})).await;
    assert_eq!(ask(&world, Some("buyer-1"), path).await, absent, "whatever bundle is kept");
}

#[tokio::test]
async fn a_consent_is_seen_by_its_giver_alone() {
    let world = world().await;
    let index = world.must(&world.person("maker"), "disclosure-consented", consent("C-1", &["level"])).await;
    let withdrawn = world.must(&world.person("maker"), "disclosure-withdrawn", json!({"consent": "C-1"})).await;
    let absent = ask(&world, None, "/v1/statements/99999").await;
    for who in [None, Some("maker"), Some("buyer-1"), Some("cb-1")] {
        for index in [index, withdrawn] {
            assert_eq!(ask(&world, who, &format!("/v1/statements/{index}")).await, absent, "{who:?}");
        }
    }
    for event in world.registry.feed.next(index).unwrap().iter().flat_map(|entry| entry.iter()) {
        let text = String::from_utf8_lossy(&event.json).into_owned();
        assert!(!text.contains("buyer-1") && !text.contains("V-3"), "{text}");
    }
    let given = ask(&world, Some("maker"), "/v1/consents").await.json();
    let given = &given["consents"][0];
    assert_eq!((&given["consent"]["to"], &given["stands"]), (&json!("buyer-1"), &json!(false)));
    assert_eq!(given["withdrawn"]["index"], withdrawn);
    for who in ["buyer-1", "cb-1"] {
        assert_eq!(ask(&world, Some(who), "/v1/consents").await.json(), json!({"consents": []}), "{who}");
    }
    assert_eq!(ask(&world, None, "/v1/consents").await.code(), "certificate-required");
}

#[tokio::test]
async fn who_is_named_is_not_told_apart_from_nobody() {
    let world = world().await;
    for (id, to) in [("C-1", "buyer-2"), ("C-2", "buyer-9"), ("C-3", "meti")] {
        let mut claim = consent(id, &["level"]);
        claim["to"] = json!(to);
        let got = world.say(&world.person("maker"), "disclosure-consented", claim).await;
        assert_eq!(got.status, 201, "{to}: {got:?}");
    }
}

#[tokio::test]
async fn erasing_the_verdict_erases_who_saw_it() {
    let world = world().await;
    world.must(&world.person("maker"), "disclosure-consented", consent("C-1", &["findings"])).await;
    fetch(&world, Some("buyer-1"), "V-3").await;
    let granted = world.registry.read_model.register().verdicts_after(None).last().unwrap().history[0].index;
    assert_eq!(world.registry.vault.names("uses/").unwrap(), [format!("uses/V-3/{granted}")]);
    let erased = json!({"index": granted, "reason": {"code": "court-order"}});
    world.must(&world.operator(), "statement-erased", erased).await;
    assert_eq!(world.registry.vault.names("uses/").unwrap(), Vec::<String>::new());
    assert_eq!(fetch(&world, Some("buyer-1"), "V-3").await.code(), "not-found");
    assert_eq!(ask(&world, Some("maker"), "/v1/consents").await.json(), json!({"consents": []}));
}
