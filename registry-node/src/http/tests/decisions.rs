//! Decisions, kept policies and portfolios: what is answered, to whom, and of which time.

use bytes::Bytes;
use serde_json::{Value, json};
use warp::http::Method;

use super::fixture::{Got, World, change, day, restricted};

const OPEN: &str = "corporate-number:7000012050002";
const QUIET: &str = "lei:5493001KJTIIGC8Y1R12";

fn policy() -> Value {
    json!({"policy": "parts", "version": 1, "rules": [{
        "id": "direct", "touches": ["confidentiality"], "otherwise": "stop",
        "requires": {"verdict": {"scheme": "stars", "viewpoints": ["organization"]}},
    }]})
}

fn question(partner: &str, step: &str) -> Value {
    json!({"partner": partner, "order": {"step": step, "touches": ["confidentiality"]}, "policy": policy()})
}

async fn post(world: &World, who: &str, path: &str, body: &Value) -> Got {
    let person = world.person(who);
    world.talk(Some(&person)).await.post(path, "application/json", body.to_string()).await
}

async fn decided(world: &World, who: &str, question: &Value) -> Value {
    let got = post(world, who, "/v1/decisions", question).await;
    assert_eq!(got.status, 200, "{got:?}");
    got.json()
}

#[tokio::test]
async fn a_decision_says_why_and_carries_its_proof() {
    let world = World::furnished().await;
    world.publish();
    world.published().await;
    let go = decided(&world, "buyer-1", &question(OPEN, "order")).await;
    assert_eq!((&go["advice"], &go["rules"][0]["restsOn"]), (&json!("go"), &json!(["jp:V-1"])), "{go}");
    assert_eq!((&go["policy"], &go["partner"]), (&policy(), &json!(OPEN)));
    assert!(go["explanation"].as_str().unwrap().starts_with("Go on. Rule direct is met. jp:V-1 meets"), "{go}");
    assert!(go["checkpoint"].as_str().unwrap().starts_with("jp.registry.example\n"), "{go}");
    let bundle = world.ask("/v1/verdicts/jp:V-1/proof").await.json();
    assert_eq!(go["proofs"], json!([{"verdict": "jp:V-1", "bundle": bundle}]), "as everybody gets it");

    let mut short = question(OPEN, "order");
    short["proofs"] = json!(false);
    assert!(decided(&world, "buyer-1", &short).await.get("proofs").is_none());
    let asked = world.person("buyer-1");
    let japanese = world.talk(Some(&asked)).await;
    let mut japanese = japanese;
    let got = japanese.post("/v1/decisions?lang=ja", "application/json", question(QUIET, "order").to_string()).await;
    assert_eq!(got.header("content-language"), "ja");
    let stop = got.json();
    assert!(
        stop["advice"] == "stop" && stop["explanation"].as_str().unwrap().starts_with("進めないでください。"),
        "{stop}"
    );
    assert!(stop["rules"][0]["because"][1]["remedy"]["text"].as_str().unwrap().contains("評価"), "{stop}");
    for step in ["acceptance", "payment"] {
        let told = decided(&world, "buyer-1", &question(QUIET, step)).await;
        assert_eq!((&told["advice"], &told["found"]), (&json!("notice"), &json!("stop")), "{step}");
    }
}

#[tokio::test]
async fn what_the_asker_may_not_see_is_not_there() {
    let world = World::furnished().await;
    let absent = "lei:529900T8BM49AURSDO55";
    let without_names = |mut told: Value| {
        told["decided"].take();
        told["partner"].take();
        told
    };
    for who in ["buyer-1", "cb-2", "audit"] {
        let quiet = decided(&world, who, &question(QUIET, "order")).await;
        let nobody = decided(&world, who, &question(absent, "order")).await;
        assert_eq!(without_names(quiet), without_names(nobody), "{who}");
    }
    for who in ["cb-1", "maker"] {
        assert_eq!(decided(&world, who, &question(QUIET, "order")).await["advice"], "go", "{who}");
    }
    let anonymous = world.talk(None).await.post("/v1/decisions", "application/json", "{}").await;
    assert_eq!(anonymous.code(), "certificate-required");
}

#[tokio::test]
async fn the_same_question_is_replayed_as_of_then() {
    let world = World::furnished().await;
    let (cb, size) = (world.person("cb-1"), world.registry.log.size());
    world.must(&cb, "verdict-changed", change("V-1", json!("suspended"))).await;
    let mut short = question(OPEN, "contract");
    short["proofs"] = json!(false);
    let now = decided(&world, "buyer-1", &short).await;
    assert_eq!((&now["advice"], &now["rules"][0]["because"][1]["code"]), (&json!("stop"), &json!("does-not-count")));
    let then = post(&world, "buyer-1", &format!("/v1/decisions?as_of_size={size}"), &short).await.json();
    assert_eq!(
        (&then["advice"], &then["asOfSize"], &then["known"]),
        (&json!("go"), &json!(size), &json!("then")),
        "{then}"
    );
}

#[tokio::test]
async fn each_bad_question_is_refused_and_says_what_to_do() {
    let world = World::furnished().await;
    let with = |member: &str, value: Value| {
        let mut question = question(OPEN, "order");
        question[member] = value;
        question
    };
    let mut twice = with("policyName", json!("parts"));
    let mut neither = question(OPEN, "order");
    neither.as_object_mut().unwrap().remove("policy");
    twice["country"] = json!("JP");
    let mut empty = policy();
    empty["rules"] = json!([]);
    let rows = [
        (with("partner", json!("duns:12")), "bad-question", "duns"),
        (with("order", json!({"step": "ordering"})), "bad-question", "unknown variant"),
        (with("order", json!({"step": "order", "tier": 0})), "bad-question", "nearest tier"),
        (with("policy", empty), "bad-question", "0 rules"),
        (with("surplus", json!(1)), "bad-question", "unknown field"),
        (with("country", Value::Null), "bad-body", "null"),
        (twice, "bad-question", "either a policy or"),
        (neither, "bad-question", "either a policy or"),
        (json!([]), "bad-question", ""),
    ];
    for (question, code, detail) in rows {
        let got = post(&world, "buyer-1", "/v1/decisions", &question).await;
        assert_eq!((got.status, got.code().as_str()), (400, code), "{question}");
        assert!(got.json()["detail"].as_str().unwrap().contains(detail), "{got:?}");
    }
    let buyer = world.person("buyer-1");
    let mut talk = world.talk(Some(&buyer)).await;
    let large = talk.post("/v1/decisions", "application/json", vec![b' '; 128 * 1024]).await;
    assert_eq!(large.code(), "too-large");
    assert_eq!(talk.post("/v1/decisions", "text/plain", "{}").await.code(), "unsupported-media-type");
    let unknown = json!({"partner": OPEN, "order": {"step": "order"}, "policyName": "parts"});
    assert_eq!(talk.post("/v1/decisions", "application/json", unknown.to_string()).await.code(), "not-found");
}

#[tokio::test]
async fn a_policy_is_kept_for_its_owner_alone() {
    let world = World::furnished().await;
    let (one, other) = (world.person("buyer-1"), world.person("cb-2"));
    let (mut talk, mut strange) = (world.talk(Some(&one)).await, world.talk(Some(&other)).await);
    let path = "/v1/policies/parts";
    let json_type = [("content-type", "application/json")];
    let put = talk.send(Method::PUT, path, &json_type, policy().to_string().into()).await;
    assert_eq!((put.status, &put.json()["rules"]), (200, &json!(1)), "{put:?}");
    let kept = talk.ask(path).await;
    assert_eq!((kept.json(), kept.header("etag")), (policy(), put.header("etag")));
    assert_eq!(talk.ask("/v1/policies").await.json()["policies"][0]["name"], "parts");
    assert_eq!(strange.ask(path).await.code(), "not-found");
    assert_eq!(strange.ask("/v1/policies").await.json(), json!({"policies": []}));
    assert_eq!(world.ask(path).await.code(), "certificate-required");

    let named =
        json!({"partner": OPEN, "order": {"step": "order", "touches": ["confidentiality"]}, "policyName": "parts"});
    assert_eq!(decided(&world, "buyer-1", &named).await["policy"], policy());
    assert_eq!(post(&world, "cb-2", "/v1/decisions", &named).await.code(), "not-found");

    let bad = talk.send(Method::PUT, path, &json_type, Bytes::from_static(b"{\"policy\": \"x\"}")).await;
    assert_eq!(bad.code(), "bad-question");
    let gone = talk.send(Method::PUT, path, &[json_type[0], ("if-none-match", "*")], policy().to_string().into()).await;
    assert_eq!(gone.code(), "changed-meanwhile");
    assert_eq!(strange.send(Method::DELETE, path, &[], Bytes::new()).await.code(), "not-found");
    assert_eq!(talk.send(Method::DELETE, path, &[], Bytes::new()).await.status, 204);
    assert_eq!(talk.ask(path).await.code(), "not-found");
}

#[tokio::test]
async fn a_portfolio_is_what_each_supplier_is_alone_and_by_consent() {
    let world = World::furnished().await;
    let maker = world.person("maker");
    let asked = json!({"suppliers": [{"supplier": OPEN, "country": "JP"}, {"supplier": QUIET}]});
    let before = post(&world, "buyer-1", "/v1/portfolio", &asked).await.json();
    let alone = |supplier: &str| format!("/v1/suppliers/{}/standing", supplier.replace(':', "%3A"));
    assert_eq!(before["suppliers"][0]["standing"], world.ask(&format!("{}?country=JP", alone(OPEN))).await.json());
    assert_eq!(before["suppliers"][0]["verdicts"][0], world.ask("/v1/verdicts/jp:V-1").await.json());
    assert_eq!(before["suppliers"][1]["standing"], world.ask(&alone(QUIET)).await.json());
    assert_eq!(before["suppliers"][1]["verdicts"], json!([]), "restricted, and not consented to");

    let consent =
        json!({"consent": "C-1", "about": {"verdict": "V-2"}, "to": "buyer-1", "parts": ["scope"], "until": day(30)});
    world.must(&maker, "disclosure-consented", consent).await;
    let after = post(&world, "buyer-1", "/v1/portfolio", &asked).await.json();
    assert_eq!(after["suppliers"][1]["verdicts"][0]["verdict"], "jp:V-2", "{after}");
    assert_eq!(post(&world, "cb-2", "/v1/portfolio", &asked).await.json()["suppliers"], before["suppliers"]);
    let mut talk = world.talk(Some(&maker)).await;
    let uses = talk.ask("/v1/verdicts/jp:V-2/disclosures").await.json();
    assert_eq!((&uses["uses"][0]["to"], &uses["uses"][0]["way"]), (&json!("buyer-1"), &json!("verdict")), "{uses}");

    let cb = world.person("cb-1");
    world.must(&cb, "verdict-granted", restricted("V-3")).await;
    let own = post(&world, "maker", "/v1/portfolio", &asked).await.json();
    let ids: Vec<&str> = own["suppliers"][1]["verdicts"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["verdict"].as_str().unwrap())
        .collect();
    assert_eq!(ids, ["jp:V-2", "jp:V-3"]);
    let many: Vec<Value> = (0..257).map(|_| json!({"supplier": OPEN})).collect();
    let twice = json!({"suppliers": [{"supplier": QUIET}, {"supplier": QUIET, "country": "JP"}]});
    let used = uses["uses"].as_array().unwrap().len();
    for (refused, detail) in [
        (json!({"suppliers": []}), "0 suppliers"),
        (json!({"suppliers": many}), "257 suppliers"),
        (twice, "named twice"),
        (json!({}), "suppliers"),
    ] {
        let got = post(&world, "buyer-1", "/v1/portfolio", &refused).await;
        assert_eq!(got.code(), "bad-question");
        assert!(got.json()["detail"].as_str().unwrap().contains(detail), "{got:?}");
    }
    let uses = talk.ask("/v1/verdicts/jp:V-2/disclosures").await.json();
    assert_eq!(uses["uses"].as_array().unwrap().len(), used, "what is refused is no use: {uses}");
}
