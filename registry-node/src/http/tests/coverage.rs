//! What of a document is met already: from verdicts as far as the asker may see them, and from what is supposed.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use conformity::Digest;
use conformity::crosswalk::{About, Crosswalk, Map, Relation};
use serde_json::{Value, json};

use super::credentials::documented;
use super::fixture::{Got, Person, World, change, day, document, now, restricted, verdict};
use super::neighbours::{add_peer, derive, row, sign, terms};
use super::proofs::ask;
use super::state_map::reopened;
use crate::core::cascades::Worker;

/// The supplier of V-1, of V-2, and nobody.
const OPEN: &str = "corporate-number:7000012050002";
const QUIET: &str = "lei:5493001KJTIIGC8Y1R12";
const NOBODY: &str = "lei:7LTWFZYICNSX8D621K86";

/// Publishes a crosswalk from `sp800-171@r3` to `needed@1` with these maps.
async fn publish(world: &World, who: &Person, version: u32, maps: &[(&str, Relation, &str)]) -> Got {
    let (claim, bytes) = crosswalk(&format!("walk@{version}"), ("sp800-171@r3", "needed@1"), maps);
    submit(world, who, ("crosswalk-published", claim), &bytes).await
}

/// The claim that publishes a crosswalk between two documents, and its maps.
pub(super) fn crosswalk(
    name: &str,
    (source, target): (&str, &str),
    maps: &[(&str, Relation, &str)],
) -> (Value, Vec<u8>) {
    let map = |(source, relation, target): &(&str, Relation, &str)| {
        Map::new(vec![source.parse().unwrap()], vec![target.parse().unwrap()], *relation).unwrap()
    };
    let sides = (source.parse().unwrap(), target.parse().unwrap());
    let crosswalk = Crosswalk::new(sides.0, sides.1, maps.iter().map(map).collect()).unwrap();
    let (about, title) = (name.parse().unwrap(), "A walk".parse().unwrap());
    let issued = "2026-01-01".parse().unwrap();
    let bytes = crosswalk.write(About { crosswalk: &about, title: &title, issued }).unwrap();
    let claim = json!({
        "crosswalk": name, "title": "A walk", "owner": "Nobody", "source": source, "target": target,
        "maps": maps.len(), "issued": "2026-01-01", "attachment": Digest::of(&bytes),
    });
    (claim, bytes)
}

/// Submits a statement with its attachment.
pub(super) async fn submit(world: &World, who: &Person, (kind, claim): (&str, Value), attached: &[u8]) -> Got {
    let statement = String::from_utf8(world.sign(who, kind, claim).to_vec()).unwrap();
    let body = json!({"statement": statement, "attachments": [STANDARD.encode(attached)]}).to_string();
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
    for verdict in ["V-1", "V-2"] {
        extend(&world, verdict, json!({"viewpoints": ["organization", "process"]})).await;
    }
    world
}

/// A verdict as it is after [`world`].
pub(super) fn extended(mut claim: Value) -> Value {
    claim["viewpoints"] = json!(["organization", "process"]);
    claim["scope"] = json!("all of it");
    claim
}

/// Extends what a verdict covers.
async fn extend(world: &World, verdict: &str, cover: Value) {
    let mut whole = json!({"scope": "all of it"});
    whole.as_object_mut().unwrap().extend(cover.as_object().unwrap().clone());
    world.must(&world.person("cb-1"), "verdict-changed", change(verdict, json!({"scope-extended": whole}))).await;
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
    documented(&world, &extended(verdict("V-1"))).await;
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
    documented(&world, &extended(verdict("V-1"))).await;
    for who in ["operator", "cb-1"] {
        let (answer, words) = covers(&world, Some(who), &format!("supplier={OPEN}")).await;
        // What was assessed was met in part only.
        assert_eq!(words, ["n-1 open", "n-2 open", "n-3 open", "n-4 open"], "{who}");
        let basis = &answer["basis"][0];
        assert_eq!((&basis["basis"], &basis["met"]), (&json!("results"), &json!(0)));
        assert_eq!(
            basis["leftOut"],
            json!([
                {"document": "sp800-171@r3", "requirement": "03.01.02", "outcome": "partly-met"},
                {"document": "sp800-171@r3", "requirement": "03.01.03", "outcome": "not-applicable"},
            ])
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
async fn whoever_watches_a_verdict_hears_that_a_crosswalk_was_corrected() {
    let world = world().await;
    let mut worker = Worker::begun(&world.registry);
    worker.settle().await.unwrap();
    world.must(&world.person("cb-1"), "verdict-granted", restricted("R-9")).await;
    let got = publish(&world, &world.operator(), 2, &[("03.01.01", Relation::IntersectsWith, "n-1")]).await;
    assert_eq!(got.status, 201, "{got:?}");
    worker.settle().await.unwrap();
    let listed = world.ask("/v1/cascades").await.json();
    let cascade = &listed["cascades"][0];
    let entry = cascade["cause"]["entry"].as_u64().unwrap();
    let counts = (&cascade["done"], &cascade["finished"], &cascade["batch"]["whole"]);
    assert_eq!(counts, (&json!(1), &json!(true), &json!(true)), "restricted ones are not counted: {cascade}");
    let crosswalk = json!({
        "crosswalk": "walk@2", "corrects": "walk@1", "source": "sp800-171@r3", "target": "needed@1",
        "before": {"covered": 2, "touched": 1}, "after": {"covered": 0, "touched": 1},
    });
    assert_eq!((&cascade["becomes"], &cascade["crosswalk"]), (&json!("coverage-changed"), &crosswalk));
    let mut told = Vec::new();
    for index in entry..world.registry.log.size() {
        let events = world.registry.feed.next(index).unwrap();
        let changed = events[0].iter().filter(|event| event.kind == "verdict.coverage-changed");
        told.extend(changed.map(|event| serde_json::from_slice::<Value>(&event.json).unwrap()));
    }
    let subjects: Vec<&str> = told.iter().map(|event| event["subject"].as_str().unwrap()).collect();
    assert_eq!(subjects, ["jp:V-1"], "and nobody hears of the restricted V-2 and R-9");
    assert!(told.iter().all(|event| event["data"]["crosswalk"] == crosswalk), "{told:?}");
    let size = world.registry.log.size();
    worker.settle().await.unwrap();
    assert_eq!(world.registry.log.size(), size, "told once");
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

/// Publishes `catalogued@1`, with a requirement for each of two viewpoints and one for neither, and a scheme over it without levels.
pub(super) async fn catalogued(world: &World) {
    let control = |id: &str| json!({"id": id, "title": id, "props": [{"name": "label", "value": id.to_uppercase()}]});
    let catalogue = json!({"catalog": {
        "metadata": {"title": "C", "last-modified": "x", "version": "1", "oscal-version": "1.2.0"},
        "controls": [control("any-1")],
        "groups": [
            {"id": "organization", "controls": [control("org-1"), control("org-2")]},
            {"id": "process", "controls": [control("prc-1")]},
        ],
    }});
    let (operator, bytes) = (world.operator(), catalogue.to_string().into_bytes());
    let mut claim = document();
    claim["document"] = json!("catalogued@1");
    claim["attachment"] = json!(Digest::of(&bytes));
    let got = submit(world, &operator, ("document-published", claim), &bytes).await;
    assert_eq!(got.status, 201, "{got:?}");
    let mut scheme = super::fixture::scheme();
    scheme["scheme"] = json!("sector@1");
    scheme["documents"] = json!(["catalogued@1"]);
    world.must(&world.person("meti"), "scheme-published", scheme).await;
}

async fn met(world: &World, who: Option<&str>, supplier: &str) -> (Value, Vec<String>) {
    let got = ask(world, who, &format!("/v1/documents/catalogued@1/coverage?supplier={supplier}")).await;
    assert_eq!(got.status, 200, "{got:?}");
    let answer = got.json();
    let lines = answer["requirements"].as_array().unwrap().iter();
    let met = lines.filter(|line| line["cover"] == "met").map(|line| line["requirement"].as_str().unwrap().to_owned());
    let met = met.collect();
    (answer, met)
}

#[tokio::test]
async fn what_a_foreign_verdict_counts_as_here_counts_as_far_as_it_is_recognised() {
    const SUPPLIER: &str = "lei:7LTWFZYICNSX8D621K86";
    let world = world().await;
    add_peer(&world).await;
    sign(&world, terms()).await;
    catalogued(&world).await;
    let row = |outcome: &str, viewpoints: &[&str], counts_as: Value, more: Value| {
        let mut row: Value = serde_json::from_str(&row("E-9", outcome)).unwrap();
        row.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        row["supplier"] = json!({"id": SUPPLIER, "name": "Exemple", "country": "FR"});
        row["viewpoints"] = json!(viewpoints);
        row["countsAs"] = counts_as;
        format!("{row}\n")
    };
    let here = json!({"scheme": "sector@1"});
    let (whole, none) = (["organization", "process"], json!({}));
    let without = |document: &str, words: &[&str]| json!({"excludes": true, "exclusions": {"words": words, "documents": ["other@1", document]}});
    let rows: [(&str, &[&str], Value, Value, &[&str]); 11] = [
        ("recognised", &whole, here.clone(), none.clone(), &["ANY-1", "ORG-1", "ORG-2", "PRC-1"]),
        ("partial", &["organization"], here.clone(), none.clone(), &["ORG-1", "ORG-2"]),
        ("accepted-as-evidence", &whole, here.clone(), none.clone(), &[]),
        ("recognised", &whole, json!({"scheme": "unknown@1"}), none.clone(), &[]),
        ("recognised", &whole, here.clone(), json!({"excludes": true}), &[]),
        (
            "recognised",
            &whole,
            here.clone(),
            without("catalogued@1", &["ORG-2: the foundry"]),
            &["ANY-1", "ORG-1", "PRC-1"],
        ),
        ("recognised", &whole, here.clone(), without("another@1", &["ORG-2: the foundry"]), &[]),
        ("recognised", &whole, here.clone(), without("catalogued@1", &["ORG-2: the foundry", "cloud services"]), &[]),
        ("recognised", &whole, here.clone(), without("catalogued@1", &["section 8"]), &[]),
        ("recognised", &whole, here.clone(), json!({"selfDeclared": "expert-confirmed"}), &[]),
        ("refused", &whole, here, none, &[]),
    ];
    for (size, (outcome, viewpoints, counts_as, more, expected)) in rows.into_iter().enumerate() {
        let size = size as u64;
        derive(&world, size, size + 1, &row(outcome, viewpoints, counts_as, more)).await;
        let (answer, met) = met(&world, None, SUPPLIER).await;
        assert_eq!(met, expected, "{outcome} {viewpoints:?}");
        let basis = &answer["basis"];
        if outcome == "refused" {
            assert_eq!(basis, &json!([]), "what is refused is no basis");
            continue;
        }
        let (basis, met) = (&basis[0], json!(expected.len()));
        assert_eq!((&basis["basis"], &basis["outcome"], &basis["met"]), (&json!("recognised"), &json!(outcome), &met));
        assert_eq!(basis["arrangement"], json!({"id": "jp-eu", "version": 1}));
        let left_out = basis["leftOut"].as_array().unwrap();
        match (basis.get("exclusions"), expected) {
            (None, _) => {}
            (Some(_), []) => assert!(left_out.iter().all(|one| one["because"] == "excluded-elsewhere"), "{basis}"),
            (Some(_), _) => {
                let excluded = json!({"document": "catalogued@1", "requirement": "ORG-2", "because": "excluded"});
                assert_eq!(left_out, &[excluded]);
            }
        }
    }
}

#[tokio::test]
async fn viewpoints_and_exclusions_leave_out_what_they_do_not_reach() {
    let world = world().await;
    catalogued(&world).await;
    let sector = |id: &str| {
        let mut claim = verdict(id);
        claim["scheme"] = json!("sector@1");
        claim["supplier"] = json!({"id": NOBODY, "name": "Somebody", "country": "JP"});
        claim["exclusions"] = json!(["ORG-2: the foundry", "a warehouse"]);
        claim
    };
    let designation = json!({"id": "D-9", "accreditationBody": "jab", "schemes": ["sector"], "from": day(-300)});
    world.must(&world.person("meti"), "designation-made", designation).await;
    let mut accredited = super::fixture::accreditation("A-9", "cb-1", "certification-body");
    accredited["scheme"] = json!("sector@1");
    world.must(&world.person("jab"), "accreditation-granted", accredited).await;
    world.must(&world.person("cb-1"), "verdict-granted", sector("V-9")).await;
    let (answer, requirements) = met(&world, None, NOBODY).await;
    assert_eq!(requirements, ["ORG-1"]);
    let because = |number: &str, why: &str| json!({"document": "catalogued@1", "requirement": number, "because": why});
    let left_out = [because("ANY-1", "viewpoint"), because("ORG-2", "excluded"), because("PRC-1", "viewpoint")];
    assert_eq!(answer["basis"][0]["leftOut"], json!(left_out));
    assert_eq!(answer["basis"][0]["exclusions"], json!(["ORG-2: the foundry", "a warehouse"]), "words are shown");
    extend(&world, "V-9", json!({"viewpoints": ["organization", "process"], "exclusions": []})).await;
    assert_eq!(met(&world, None, NOBODY).await.1, ["ANY-1", "ORG-1", "ORG-2", "PRC-1"]);
}

#[tokio::test]
async fn evidence_that_was_given_is_told_beside_what_it_touches() {
    let world = world().await;
    let report = json!({
        "report": "P-1", "verdict": "V-1", "period": {"from": day(-9), "to": day(-2)}, "outcome": "conforming",
        "recommendation": "none",
    });
    let before = now();
    tokio::time::sleep(std::time::Duration::from_millis(1_100)).await;
    world.must(&world.person("audit"), "report-filed", report).await;
    let (answer, words) = covers(&world, None, &format!("supplier={OPEN}")).await;
    assert_eq!(words[2], "n-3 touched");
    assert_eq!(answer["requirements"][2]["evidenceIn"], json!([0]), "the first basis");
    assert_eq!(answer["requirements"][0].get("evidenceIn"), None, "it is covered");
    let report = &answer["basis"][0]["evidence"]["reports"][0];
    assert_eq!(
        (&report["report"], &report["by"], &report["outcome"]),
        (&json!("P-1"), &json!("audit"), &json!("conforming"))
    );
    assert_eq!(report["period"], json!({"from": day(-9), "to": day(-2)}));
    let (answer, _) = covers(&world, None, &format!("supplier={OPEN}&as_of={before}")).await;
    assert_eq!(answer["basis"][0]["evidence"]["reports"], json!([]), "nobody had reported then");
}

/// A consent to results lets a buyer count requirement by requirement; each use is told to the supplier, and to nobody is shown more.
#[tokio::test]
async fn what_a_supplier_consented_to_counts_for_whom_it_named_once_the_use_is_recorded() {
    let world = world().await;
    documented(&world, &extended(restricted("V-2"))).await;
    let uses = async || ask(&world, Some("maker"), "/v1/verdicts/jp:V-2/disclosures").await.json()["uses"].clone();
    let query = format!("supplier={QUIET}");
    let nothing = covers(&world, Some("buyer-1"), &query).await.0["basis"].clone();
    assert_eq!((nothing, uses().await), (json!([]), json!([])));
    let consent = |id: &str, parts: &[&str]| json!({"consent": id, "about": {"verdict": "V-2"}, "to": "buyer-1", "parts": parts, "until": day(30)});
    let maker = world.person("maker");
    world.must(&maker, "disclosure-consented", consent("C-1", &["level"])).await;
    let (answer, words) = covers(&world, Some("buyer-1"), &query).await;
    // What it leaves out is not told, so nothing counts as a whole.
    assert_eq!((&answer["basis"][0]["basis"], words[0].as_str()), (&json!("not-stated"), "n-1 open"));
    world.must(&maker, "disclosure-withdrawn", json!({"consent": "C-1"})).await;
    world.must(&maker, "disclosure-consented", consent("C-2", &["results"])).await;
    let (answer, words) = covers(&world, Some("buyer-1"), &query).await;
    let basis = &answer["basis"][0];
    assert_eq!((&basis["basis"], &basis["byConsent"], &basis["met"]), (&json!("results"), &json!(true), &json!(0)));
    assert_eq!(basis["leftOut"][0]["outcome"], "partly-met");
    assert_eq!(words, ["n-1 open", "n-2 open", "n-3 open", "n-4 open"]);
    let told = uses().await;
    let parts: Vec<_> = told.as_array().unwrap().iter().map(|one| (&one["way"], &one["parts"], &one["to"])).collect();
    let (way, buyer) = (&json!("coverage"), &json!("buyer-1"));
    assert_eq!(parts, [(way, &json!([]), buyer), (way, &json!(["results"]), buyer)], "{told}");
    for who in [None, Some("cb-2"), Some("meti")] {
        assert_eq!(covers(&world, who, &query).await.0["basis"], json!([]), "{who:?}");
    }
    world.must(&maker, "disclosure-withdrawn", json!({"consent": "C-2"})).await;
    assert_eq!(covers(&world, Some("buyer-1"), &query).await.0["basis"], json!([]), "at once");
}

#[tokio::test]
async fn as_of_then_there_was_no_credential_and_no_document() {
    let world = world().await;
    let before = now();
    tokio::time::sleep(std::time::Duration::from_millis(1_100)).await;
    documented(&world, &extended(verdict("V-1"))).await;
    catalogued(&world).await;
    let basis = async |query: &str| covers(&world, Some("operator"), query).await.0["basis"][0]["basis"].clone();
    assert_eq!(basis(&format!("supplier={OPEN}")).await, "results");
    assert_eq!(basis(&format!("supplier={OPEN}&as_of={before}")).await, "whole-documents");
    let path = format!("/v1/documents/catalogued@1/coverage?supplier={OPEN}&as_of={before}");
    assert_eq!(world.ask(&path).await.code(), "not-found", "it was published later");
}
