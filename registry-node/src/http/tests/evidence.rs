//! What a list says of authorities that accepted a verdict as evidence: shown to whoever may see the verdict, and no more.

use serde_json::{Value, json};

use super::fixture::{World, day, restricted, verdict};
use super::stream::Events;

const LISTED: &str = "local:parts-list:7";

fn listed(row: &str) -> Value {
    json!({"list": "Parts", "source": "https://parts.example/", "retrieved": day(-1), "row": row})
}

fn transcribed(mut claim: Value) -> Value {
    claim["supplier"] = json!({"id": LISTED, "name": "Listed Parts"});
    claim["provenance"] = json!({"transcribed": listed("7")});
    claim
}

fn acceptance(id: &str, verdict: &str) -> Value {
    json!({
        "acceptance": id, "verdict": verdict, "authority": "An Agency", "from": day(-30),
        "transcribed": listed("uses row 3"),
    })
}

#[tokio::test]
async fn whoever_sees_the_verdict_sees_who_accepted_it_and_that_nothing_follows() {
    let world = World::furnished().await;
    let operator = world.operator();
    world.must(&operator, "verdict-granted", transcribed(verdict("T-1"))).await;
    let standing = format!("/v1/suppliers/{LISTED}/standing?scheme=stars");
    let (before, asked) = (world.ask("/v1/verdicts/jp:T-1").await.json(), world.ask(&standing).await.json());
    assert_eq!(asked["holdings"][0]["own"]["acceptedAsEvidence"], 0);
    let mut events = Events::of(&world, "/v1/events?type=verdict&scheme=stars").await;
    let index = world.must(&operator, "evidence-accepted", acceptance("parts.3", "T-1")).await;

    let after = world.ask("/v1/verdicts/jp:T-1").await.json();
    for member in ["state", "terms", "now"] {
        assert_eq!(after[member], before[member], "{member}");
    }
    assert!(after["terms"]["supplier"].get("country").is_none(), "{after}");
    let item = &after["history"][1];
    assert_eq!((&item["index"], &item["by"]), (&json!(index), &json!("operator")));
    assert_eq!(item["what"]["accepted-as-evidence"], acceptance("parts.3", "T-1"));
    let (_, event) = events.event().await;
    assert_eq!(event["type"], "org.secure-trust-registry.verdict.accepted-as-evidence");
    assert_eq!(event["data"]["change"]["accepted-as-evidence"]["authority"], "An Agency");
    assert_eq!(event["data"]["after"], before["now"]);
    let again = world.ask(&standing).await.json();
    let own = &again["holdings"][0]["own"];
    assert_eq!(own["acceptedAsEvidence"], 1);
    assert_eq!((&own["inForce"], &own["standing"]), (&json!(true), &before["now"]));
    assert_eq!(again["explanation"], asked["explanation"], "what counts is what counted");
}

#[tokio::test]
async fn an_acceptance_tells_of_no_restricted_verdict() {
    let world = World::furnished().await;
    let operator = world.operator();
    world.must(&operator, "verdict-granted", transcribed(restricted("T-2"))).await;
    let mut events = Events::of(&world, "/v1/events").await;
    let index = world.must(&operator, "evidence-accepted", acceptance("parts.3", "T-2")).await;
    assert_eq!(events.take(1).await, [(index.to_string(), "entry".to_owned())]);
    let absent = world.ask("/v1/statements/99999").await.without_date();
    assert_eq!(world.ask(&format!("/v1/statements/{index}")).await.without_date(), absent);
    let body = world.person("cb-2");
    let refused = |got: super::fixture::Got| (got.status, got.code());
    let hidden = refused(world.say(&body, "evidence-accepted", acceptance("parts.4", "T-2")).await);
    assert_eq!(hidden, refused(world.say(&body, "evidence-accepted", acceptance("parts.4", "T-0")).await));
}
