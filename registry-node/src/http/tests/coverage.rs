//! What of a document is met already: from verdicts as far as the asker may see them, and from what is supposed.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use conformity::Digest;
use conformity::crosswalk::{About, Crosswalk, Map, Relation};
use serde_json::{Value, json};

use super::credentials::documented;
use super::fixture::{Got, Person, World, document, now, verdict};
use super::proofs::ask;
use super::state_map::reopened;

/// The supplier of V-1, of V-2, and nobody.
const OPEN: &str = "corporate-number:7000012050002";
const QUIET: &str = "lei:5493001KJTIIGC8Y1R12";
const NOBODY: &str = "lei:7LTWFZYICNSX8D621K86";

/// Publishes a crosswalk from `sp800-171@r3` to `needed@1` with these maps.
async fn publish(world: &World, who: &Person, version: u32, maps: &[(&str, Relation, &str)]) -> Got {
    let map = |(source, relation, target): &(&str, Relation, &str)| {
        Map::new(vec![source.parse().unwrap()], vec![target.parse().unwrap()], *relation).unwrap()
    };
    let (source, target) = ("sp800-171@r3".parse().unwrap(), "needed@1".parse().unwrap());
    let crosswalk = Crosswalk::new(source, target, maps.iter().map(map).collect()).unwrap();
    let name = format!("walk@{version}");
    let (about, title) = (name.parse().unwrap(), "A walk".parse().unwrap());
    let issued = "2026-01-01".parse().unwrap();
    let bytes = crosswalk.write(About { crosswalk: &about, title: &title, issued }).unwrap();
    let claim = json!({
        "crosswalk": name, "title": "A walk", "owner": "Nobody", "source": "sp800-171@r3", "target": "needed@1",
        "maps": maps.len(), "issued": "2026-01-01", "attachment": Digest::of(&bytes),
    });
    let statement = String::from_utf8(world.sign(who, "crosswalk-published", claim).to_vec()).unwrap();
    let body = json!({"statement": statement, "attachments": [STANDARD.encode(&bytes)]}).to_string();
    world.talk(Some(who)).await.post("/v1/statements", "application/json", body).await
}

/// With a document that is needed, and a crosswalk to it from the one that verdicts assess.
pub(super) async fn world() -> World {
    let world = World::furnished().await;
    let operator = world.operator();
    let mut needed = document();
    needed["document"] = json!("needed@1");
    world.must(&operator, "document-published", needed).await;
    let maps = [
        ("03.01.01", Relation::SupersetOf, "n-1"),
        ("03.01.02", Relation::EqualTo, "n-2"),
        ("3.1.02", Relation::IntersectsWith, "n-3"),
        ("03.01.03", Relation::NoRelationship, "n-4"),
    ];
    let got = publish(&world, &operator, 1, &maps).await;
    assert_eq!(got.status, 201, "{got:?}");
    world
}

fn path(query: &str) -> String {
    format!("/v1/documents/needed@1/coverage?{query}")
}

async fn covers(world: &World, who: Option<&str>, query: &str) -> (Value, Vec<String>) {
    let got = ask(world, who, &path(query)).await;
    assert_eq!(got.status, 200, "{got:?}");
    let answer = got.json();
    let lines = answer["requirements"].as_array().unwrap().iter();
    let words =
        lines.map(|line| format!("{} {}", line["requirement"].as_str().unwrap(), line["cover"].as_str().unwrap()));
    let words = words.collect();
    (answer, words)
}

#[tokio::test]
async fn a_verdict_counts_as_all_that_its_scheme_assesses_to_those_who_see_no_results() {
    let world = world().await;
    documented(&world, &verdict("V-1")).await;
    for who in [None, Some("buyer-1"), Some("cb-2"), Some("meti")] {
        let (answer, words) = covers(&world, who, &format!("supplier={OPEN}")).await;
        assert_eq!(words, ["n-1 covered", "n-2 covered", "n-3 touched", "n-4 open"], "{who:?}");
        assert_eq!(answer["basis"][0]["basis"], "whole-documents");
        assert_eq!(answer["basis"][0]["met"], 3, "the three that crosswalks name of it, by any name");
        let counts = json!({"requirements": 4, "covered": 2, "touched": 1, "byChain": 0, "open": 1});
        assert_eq!((&answer["counts"], &answer["catalogued"]), (&counts, &json!(false)));
        let step = &answer["requirements"][0]["by"][0];
        assert_eq!((&step["crosswalk"], &step["relation"]), (&json!("walk@1"), &json!("superset-of")));
    }
}

#[tokio::test]
async fn whose_affair_it_is_gets_an_answer_by_the_results_that_are_kept_back() {
    let world = world().await;
    documented(&world, &verdict("V-1")).await;
    for who in ["operator", "cb-1"] {
        let (answer, words) = covers(&world, Some(who), &format!("supplier={OPEN}")).await;
        // What was assessed was met in part only.
        assert_eq!(words, ["n-1 open", "n-2 open", "n-3 open", "n-4 open"], "{who}");
        let basis = &answer["basis"][0];
        assert_eq!((&basis["basis"], &basis["met"]), (&json!("results"), &json!(0)));
        assert_eq!(
            basis["leftOut"],
            json!([{"document": "sp800-171@r3", "requirement": "03.01.02", "outcome": "partly-met"}])
        );
    }
}

#[tokio::test]
async fn a_restricted_verdict_covers_nothing_for_those_who_may_not_know_of_it() {
    let world = world().await;
    let then = now();
    let query = |supplier: &str| format!("supplier={supplier}&as_of={then}");
    for who in [None, Some("buyer-1"), Some("cb-2"), Some("meti"), Some("jab"), Some("audit")] {
        let quiet = ask(&world, who, &path(&query(QUIET))).await;
        assert_eq!(quiet, ask(&world, who, &path(&query(NOBODY))).await, "{who:?}");
    }
    for who in ["operator", "maker", "cb-1"] {
        let (answer, words) = covers(&world, Some(who), &format!("supplier={QUIET}")).await;
        assert_eq!((&answer["basis"][0]["verdict"], words[0].as_str()), (&json!("V-2"), "n-1 covered"), "{who}");
    }
}

#[tokio::test]
async fn whole_documents_can_be_supposed_and_the_newest_crosswalk_counts() {
    let world = world().await;
    let (before, operator) = (now(), world.operator());
    let supposed = "met=sp800-171@r3";
    let (answer, words) = covers(&world, None, supposed).await;
    assert_eq!((&answer["basis"][0]["basis"], words[0].as_str()), (&json!("supposed"), "n-1 covered"));
    tokio::time::sleep(std::time::Duration::from_millis(1_100)).await;
    let corrected = [("03.01.01", Relation::IntersectsWith, "n-1")];
    assert_eq!(publish(&world, &operator, 2, &corrected).await.status, 201);
    let (answer, words) = covers(&world, None, supposed).await;
    assert_eq!((words.as_slice(), &answer["crosswalks"]), (["n-1 touched".to_owned()].as_slice(), &json!(["walk@2"])));
    let (answer, words) = covers(&world, None, &format!("{supposed}&as_of={before}")).await;
    assert_eq!((words.len(), &answer["crosswalks"]), (4, &json!(["walk@1"])), "as it was known then");
    let (_, words) = covers(&world, None, "").await;
    assert_eq!(words, ["n-1 open"], "nothing is met");
}

#[tokio::test]
async fn crosswalks_are_listed_and_their_maps_are_everyones() {
    let world = world().await;
    let listed = world.ask("/v1/crosswalks").await.json();
    let listed = &listed["crosswalks"][0];
    assert_eq!((&listed["crosswalk"], &listed["maps"]), (&json!("walk@1"), &json!(4)));
    let maps = world.ask(&format!("/v1/attachments/{}", listed["attachment"].as_str().unwrap())).await;
    assert_eq!(maps.status, 200);
    assert_eq!(Crosswalk::read(&maps.body).unwrap().maps().len(), 4);
    let got = publish(&world, &world.person("cb-1"), 2, &[("1", Relation::EqualTo, "n-1")]).await;
    assert_eq!(got.code(), "role-not-entitled");
}

#[tokio::test]
async fn what_cannot_be_asked_is_refused() {
    let world = world().await;
    assert_eq!(world.ask("/v1/documents/unknown@1/coverage?met=needed@1").await.code(), "not-found");
    for query in ["supplier=nonsense", "met=nonsense", "levels=3", &vec!["met=needed@1"; 17].join("&")] {
        assert_eq!(world.ask(&path(query)).await.status, 400, "{query}");
    }
}

#[tokio::test]
async fn a_restart_finds_crosswalks_with_its_index_and_without() {
    let world = world().await;
    world.publish();
    world.published().await;
    for whole in [true, false] {
        let (_dir, again) = reopened(&world, |folder| {
            if !whole {
                std::fs::remove_dir_all(folder.index()).unwrap();
            }
        })
        .await;
        let register = again.read_model.register();
        assert!(*register == *world.registry.read_model.register(), "with the index: {whole}");
        assert_eq!(register.crosswalks().count(), 1);
    }
}
