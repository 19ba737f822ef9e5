//! What anyone may ask, and what answers: verdicts, lists, standing, what the registry publishes about itself.

use serde_json::{Value, json};

use super::fixture::{World, change, day, now, verdict};

const SUPPLIER: &str = "corporate-number:7000012050002";

/// The ids in a list of verdicts.
fn ids(list: &Value) -> Vec<&str> {
    list["verdicts"].as_array().unwrap().iter().map(|item| item["verdict"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn a_verdict_comes_with_state_history_and_places() {
    let world = World::furnished().await;
    let cb = world.person("cb-1");
    let index = world.must(&cb, "verdict-changed", change("V-1", json!("suspended"))).await;
    let got = world.ask("/v1/verdicts/jp:V-1").await;
    assert_eq!((got.status, got.header("content-type")), (200, "application/json"));
    assert_eq!(got.header("cache-control"), "no-store");
    let answer = got.json();
    assert_eq!((&answer["verdict"], &answer["state"]), (&json!("jp:V-1"), &json!("suspended")));
    assert_eq!(answer["terms"]["supplier"]["name"], "Example Motors");
    let history = answer["history"].as_array().unwrap();
    assert_eq!(history.len(), 2);
    assert_eq!((&history[1]["index"], &history[1]["by"]), (&json!(index), &json!("cb-1")));
    assert!(history[1]["at"].is_string() && history[1]["effective"].is_string(), "{history:?}");
    assert_eq!(world.ask("/v1/verdicts/jp%3AV-1").await.json(), answer, "a reference may be percent-encoded");
}

#[tokio::test]
async fn an_answer_that_is_kept_ready_is_never_an_old_one() {
    let world = World::furnished().await;
    let cb = world.person("cb-1");
    let mut talk = world.talk(None).await;
    for (step, state) in [("suspended", "suspended"), ("restored", "granted"), ("withdrawn", "withdrawn")] {
        talk.ask("/v1/verdicts/jp:V-1").await;
        world.must(&cb, "verdict-changed", change("V-1", json!(step))).await;
        assert_eq!(talk.ask("/v1/verdicts/jp:V-1").await.json()["state"], state);
    }
}

#[tokio::test]
async fn lists_filter_by_every_parameter() {
    let world = World::furnished().await;
    let cb = world.person("cb-1");
    let mut other = verdict("V-3");
    other["supplier"] = json!({"id": "duns:150483782", "name": "Third", "country": "JP"});
    other["viewpoints"] = json!(["organization", "process"]);
    world.must(&cb, "verdict-granted", other).await;
    let before = now();
    tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    world.must(&cb, "verdict-changed", change("V-3", json!("suspended"))).await;
    let early = format!("as_of={}", before + jiff::SignedDuration::from_hours(-1));
    let then = format!("as_of={before}");
    let rows = [
        ("", vec!["jp:V-1", "jp:V-3"]),
        ("supplier=duns:150483782", vec!["jp:V-3"]),
        ("supplier=local:parts-list:42", vec!["jp:V-1"]),
        ("supplier=duns%3A150483783", vec![]),
        ("scheme=stars", vec!["jp:V-1", "jp:V-3"]),
        ("scheme=stars@1", vec!["jp:V-1", "jp:V-3"]),
        ("scheme=stars@2", vec![]),
        ("viewpoint=process", vec!["jp:V-3"]),
        ("state=suspended", vec!["jp:V-3"]),
        ("state=granted", vec!["jp:V-1"]),
        (&then, vec!["jp:V-1", "jp:V-3"]),
        (&early, vec![]),
        ("supplier=duns:150483782&state=granted", vec![]),
    ];
    let mut talk = world.talk(None).await;
    for (query, expected) in rows {
        let got = talk.ask(&format!("/v1/verdicts?{query}")).await;
        assert_eq!(ids(&got.json()), expected, "{query}");
    }
    let as_it_was = talk.ask(&format!("/v1/verdicts?supplier=duns:150483782&{then}")).await.json();
    let item = &as_it_was["verdicts"][0];
    assert_eq!((&item["state"], &item["granted"]), (&json!("granted"), &item["changed"]), "the suspension came later");
    let now = talk.ask("/v1/verdicts?supplier=duns:150483782").await.json();
    assert_eq!(now["verdicts"][0]["state"], "suspended");
    assert!(now["verdicts"][0]["changed"]["index"].as_u64() > item["granted"]["index"].as_u64());
}

#[tokio::test]
async fn pages_follow_each_other_and_miss_nothing() {
    let world = World::furnished().await;
    let cb = world.person("cb-1");
    for id in ["V-a", "V-b", "V-c", "V-d"] {
        world.must(&cb, "verdict-granted", verdict(id)).await;
    }
    let expected = ["jp:V-1", "jp:V-a", "jp:V-b", "jp:V-c", "jp:V-d"];
    let mut talk = world.talk(None).await;
    for base in ["/v1/verdicts?limit=2".to_owned(), format!("/v1/verdicts?supplier={SUPPLIER}&limit=2")] {
        let (mut seen, mut path, mut pages) = (Vec::new(), base.clone(), 0);
        loop {
            let page = talk.ask(&path).await.json();
            seen.extend(ids(&page).into_iter().map(str::to_owned));
            pages += 1;
            let Some(next) = page["next"].as_str() else { break };
            path = format!("{base}&cursor={next}");
        }
        assert_eq!((seen, pages), (expected.map(str::to_owned).to_vec(), 3), "{base}");
    }
    let schemes = talk.ask("/v1/parties?limit=3").await.json();
    let next = schemes["next"].as_str().unwrap();
    let rest = talk.ask(&format!("/v1/parties?cursor={next}")).await.json();
    let names = |list: &Value| {
        list["parties"].as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!([names(&schemes), names(&rest)].concat(), ["audit", "cb-1", "cb-2", "jab", "meti", "node", "operator"]);
}

#[tokio::test]
async fn standing_answers_the_buyer() {
    let world = World::furnished().await;
    let mut talk = world.talk(None).await;
    let rows = [
        (format!("{SUPPLIER}/standing"), None),
        (format!("{SUPPLIER}/standing?scheme=stars"), None),
        (format!("{SUPPLIER}/standing?scheme=stars%401&viewpoint=organization"), None),
        ("local%3Aparts-list%3A42/standing?document=sp800-171@r3".to_owned(), None),
        (format!("{SUPPLIER}/standing?scheme=stars&viewpoint=process"), Some("not-assessed")),
        (format!("{SUPPLIER}/standing?scheme=moons"), Some("no-scheme")),
        ("corporate-number:1010401056795/standing?scheme=stars".to_owned(), Some("not-assessed")),
        ("duns:150483782/standing?scheme=stars".to_owned(), Some("unknown")),
        ("duns:150483782/standing?scheme=stars&country=JP".to_owned(), Some("not-assessed")),
    ];
    for (path, absence) in rows {
        let got = talk.ask(&format!("/v1/suppliers/{path}")).await;
        assert_eq!(got.status, 200, "{path}: {got:?}");
        let standing = got.json();
        assert_eq!(standing["absence"].as_str(), absence, "{path}: {standing}");
        assert_eq!(standing["holdings"].as_array().unwrap().is_empty(), absence.is_some(), "{path}: {standing}");
        assert!(standing["explanation"].as_str().is_some_and(|text| !text.is_empty()));
    }
    let before = now() - jiff::SignedDuration::from_hours(1);
    let early = talk.ask(&format!("/v1/suppliers/{SUPPLIER}/standing?as_of={before}")).await.json();
    assert!(early["holdings"].as_array().unwrap().is_empty(), "{early}");
}

#[tokio::test]
async fn the_catalogue_says_what_was_stated_and_how_it_stands() {
    let world = World::furnished().await;
    let jab = world.person("jab");
    let suspended = json!({"id": "A-2", "change": "suspended", "reason": {"code": "audit-failed"}});
    world.must(&jab, "accreditation-changed", suspended).await;
    let mut talk = world.talk(None).await;
    let documents = talk.ask("/v1/documents").await.json();
    assert_eq!(documents["documents"][0]["document"], "sp800-171@r3");
    assert_eq!(documents["documents"][0]["by"], "meti");
    let schemes = talk.ask("/v1/schemes").await.json();
    assert_eq!(schemes["schemes"][0]["scheme"], "stars@1");
    assert_eq!(schemes["schemes"][0]["fictional"], true);
    let accreditations = talk.ask("/v1/accreditations").await.json();
    let stands = |index: usize| &accreditations["accreditations"][index];
    assert_eq!((&stands(0)["id"], &stands(0)["inForce"]), (&json!("A-1"), &json!(true)));
    assert_eq!(stands(0)["lastDay"], day(800));
    assert_eq!((&stands(1)["inForce"], &stands(1)["lapse"]), (&json!(false), &json!("suspended")));
    assert_eq!(stands(1)["changes"][0]["reason"]["code"], "audit-failed");
    let designations = talk.ask("/v1/designations").await.json();
    assert_eq!(designations["designations"][0]["inForce"], true);
    let parties = talk.ask("/v1/parties").await.json();
    let shown = |id: &str| parties["parties"].as_array().unwrap().iter().any(|one| one["id"] == id);
    assert!(shown("cb-1") && shown("operator") && !shown("buyer-1") && !shown("maker"), "{parties}");
    assert_eq!(parties["next"], Value::Null);
    for path in ["/v1/arrangements", "/v1/peers"] {
        let list = talk.ask(path).await.json();
        assert_eq!(list.as_object().unwrap().values().next().unwrap(), &json!([]), "{path}");
    }
}

#[tokio::test]
async fn the_node_says_how_it_is() {
    let world = World::open().await;
    let mut talk = world.talk(None).await;
    assert_eq!(talk.ask("/healthz").await.json()["status"], "alive");
    assert_eq!(talk.ask("/readyz").await.json()["status"], "ready");
    let metrics = talk.ask("/metrics").await;
    assert!(metrics.header("content-type").starts_with("application/openmetrics-text"), "{metrics:?}");
    assert!(String::from_utf8_lossy(&metrics.body).contains("registry_connections 1"), "{metrics:?}");
}

#[tokio::test]
async fn head_has_the_head_of_get() {
    let world = World::furnished().await;
    let (mut two, mut one) = (world.talk(None).await, world.plain().await);
    for path in ["/v1/verdicts/jp:V-1", "/v1/schemes", "/healthz", "/v1/verdicts/jp:none", "/nowhere"] {
        for talk in [&mut two, &mut one] {
            let whole = talk.ask(path).await;
            let head = talk.send(warp::http::Method::HEAD, path, &[], bytes::Bytes::new()).await;
            assert_eq!((head.status, head.body.len()), (whole.status, 0), "{path}");
            assert_eq!(head.header("content-length"), whole.body.len().to_string(), "{path}");
            assert_eq!(head.header("content-type"), whole.header("content-type"), "{path}");
        }
    }
}
