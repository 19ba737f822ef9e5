//! Many parties: an arrangement like that of Common Criteria holds among those that signed, and nobody recognises what
//! another merely recognised.

use serde_json::{Value, json};
use tests::claims::{self, rule, terms, verdict, with};
use tests::{Federation, Registry, soon};

const PARTIES: [&str; 4] = ["jp", "eu", "us", "asean"];

/// One rule for all: whoever issues is recognised by everyone.
fn agreed() -> Value {
    let everyone = with(rule("R-1", "jp", "eu", "stars"), json!({"from": "any-issuing", "to": PARTIES}));
    terms("CC", "multilateral", &PARTIES, vec![everyone])
}

async fn federation() -> Federation {
    let federation = Federation::start_in_one_process(&PARTIES).await;
    for (number, one) in PARTIES.iter().enumerate() {
        for other in &PARTIES[number + 1..] {
            federation.peer(one, other).await;
        }
    }
    federation
}

/// How the arrangement stands at a registry for verdicts of `from` in `to`.
async fn stands(registry: &Registry, from: &str, to: &str) -> Value {
    let all = registry.must_ask("/v1/arrangements").await;
    let found = all["arrangements"].as_array().unwrap().iter().find(|one| one["id"] == "CC").cloned();
    let directions = found.map_or(Value::Null, |one| one["directions"].clone());
    let mut directions = directions.as_array().cloned().unwrap_or_default().into_iter();
    directions.find(|one| one["from"] == from && one["to"] == to).unwrap_or(Value::Null)
}

async fn stands_soon(registry: &Registry, from: &str, to: &str, force: &str) -> Value {
    soon(&format!("{from} to {to} is {force} at {}", registry.id()), async || {
        let found = stands(registry, from, to).await;
        if found["force"] == force { Ok(found) } else { Err(found.to_string()) }
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_holds_among_those_that_signed_and_is_never_transitive() {
    let federation = federation().await;
    let [jp, eu, us, asean] = PARTIES.map(|id| federation.registry(id));
    for registry in [jp, eu, us] {
        registry.operator().must("arrangement-signed", claims::signed(&agreed())).await;
    }
    for (registry, other) in [(jp, "eu"), (jp, "us"), (eu, "jp"), (eu, "us"), (us, "jp"), (us, "eu")] {
        stands_soon(registry, other, registry.id(), "in-force").await;
        let lacking = stands(registry, "asean", registry.id()).await;
        assert_eq!(lacking["missing"], json!(["asean"]), "{}: {lacking}", registry.id());
    }
    // Between two of the parties there is something else: asean follows eu, and eu alone.
    let other = terms("B-1", "bilateral", &["eu", "asean"], vec![rule("R-1", "eu", "asean", "stars")]);
    federation.arrange(&other).await;
    jp.party("cb-1").must("verdict-granted", verdict("J-1")).await;
    for registry in [eu, us] {
        let recognition = registry.recognises("jp:J-1", |one| one["outcome"] == "recognised").await;
        assert_eq!(recognition["arrangement"]["id"], "CC");
    }
    // What eu grants afterwards is behind what it recognised: asean has read past that.
    eu.party("cb-1").must("verdict-granted", verdict("E-1")).await;
    let recognition = asean.recognises("eu:E-1", |one| one["outcome"] == "recognised").await;
    assert_eq!(recognition["arrangement"]["id"], "B-1");
    assert!(asean.ask("/v1/verdicts/jp:J-1").await.is_err(), "eu's recognition is not asean's");
    let standing = asean.must_ask(&format!("/v1/suppliers/{}/standing?scheme=stars", claims::SUPPLIER)).await;
    assert!(!standing.to_string().contains("jp:"), "{standing}");
    // The missing signature is all that was missing.
    asean.operator().must("arrangement-signed", claims::signed(&agreed())).await;
    let recognition = asean.recognises("jp:J-1", |one| one["outcome"] == "recognised").await;
    assert_eq!(recognition["arrangement"]["id"], "CC");
    // Whoever leaves, leaves for itself: the others go on.
    let step = json!({"id": "CC", "reason": claims::reason("review")});
    us.operator().must("arrangement-suspended", step).await;
    us.recognises("jp:J-1", |one| one["outcome"] == "refused").await;
    stands_soon(jp, "us", "jp", "suspended").await;
    stands_soon(jp, "eu", "jp", "in-force").await;
    assert_eq!(eu.verdict("jp:J-1").await["recognition"]["outcome"], "recognised");
}
