//! Years in seconds: what becomes of one verdict while a clock that the test sets runs ahead, and jumps.

use conformity::records::Facts;
use conformity::statement::Statement;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::fixture::{World, accreditation, day, scheme, verdict};
use crate::clock::Clock;
use crate::core::intake::Candidate;
use crate::core::timekeeper;

/// A verdict `Y-1` for a thousand days, under a scheme that wants a report each year and lets verdicts be renewed 90 days after their
/// end.
async fn granted() -> World {
    let world = World::furnished().await;
    let mut claim = scheme();
    claim["scheme"] = json!("stars@2");
    claim["surveillance"] = json!({"by": "audit-body", "everyMonths": 12});
    claim["restorationDays"] = json!(90);
    must(&world, "meti", "scheme-published", claim).await;
    for (id, body, role) in
        [("B-1", "cb-1", "certification-body"), ("B-2", "cb-2", "certification-body"), ("B-3", "audit", "audit-body")]
    {
        let mut claim = accreditation(id, body, role);
        claim["scheme"] = json!("stars@2");
        claim["until"] = json!(day(4000));
        must(&world, "jab", "accreditation-granted", claim).await;
    }
    let mut claim = verdict("Y-1");
    claim["scheme"] = json!("stars@2");
    claim["validFrom"] = json!(day(0));
    claim["validUntil"] = json!(day(1000));
    must(&world, "cb-1", "verdict-granted", claim).await;
    world
}

/// What somebody states is taken, or refused for a reason. Past the door, whose certificates do not last for years.
pub(super) async fn say(world: &World, id: &str, kind: &str, claim: Value) -> Result<(), String> {
    let statement = world.person(id).statement(&uuid::Uuid::now_v7().to_string(), kind, claim);
    let parsed = Statement::parse(statement.payload()).unwrap();
    let waiting = world.registry.sequencer.offer(Candidate::new(parsed, statement, Vec::new())).unwrap();
    waiting.await.map(drop).map_err(|error| error.to_string())
}

pub(super) async fn must(world: &World, id: &str, kind: &str, claim: Value) {
    say(world, id, kind, claim.clone()).await.unwrap_or_else(|error| panic!("{id} {kind} {claim}: {error}"));
}

/// A body changes the verdict with effect from the day that the clock shows.
async fn change(world: &World, body: &str, change: Value) -> Result<(), String> {
    let effective = world.clock.now();
    let claim = json!({"verdict": "Y-1", "change": change, "reason": {"code": "as-agreed"}, "effective": effective});
    say(world, body, "verdict-changed", claim).await
}

async fn report(world: &World, id: &str, last: i64, outcome: &str, recommendation: &str) {
    let claim = json!({
        "report": id, "verdict": "Y-1", "period": {"from": day(last - 5), "to": day(last)}, "outcome": outcome,
        "recommendation": recommendation,
    });
    must(world, "audit", "report-filed", claim).await;
}

/// The clock is set, and the timekeeper looks at it once.
pub(super) async fn on(world: &World, days: i64) {
    world.clock.ahead(days);
    let (over, registry) = (CancellationToken::new(), &world.registry);
    over.cancel();
    timekeeper::run(&registry.deriver, &registry.read_model, &registry.clock, over).await;
}

/// What happened to the verdict so far, in words.
fn history(world: &World) -> Vec<&'static str> {
    let record = world.registry.read_model.register().verdict(&"Y-1".parse().unwrap()).unwrap();
    record.history.iter().map(|item| item.what.as_str()).collect()
}

fn state(world: &World) -> &'static str {
    let record = world.registry.read_model.register().verdict(&"Y-1".parse().unwrap()).unwrap();
    record.now.state.name().as_str()
}

fn is_overdue(world: &World) -> bool {
    let record = world.registry.read_model.register().verdict(&"Y-1".parse().unwrap()).unwrap();
    record.now.marks.surveillance_overdue
}

#[tokio::test]
async fn a_verdict_lives_for_six_years() {
    let world = granted().await;
    on(&world, 300).await;
    report(&world, "P-1", 299, "conforming", "none").await;
    on(&world, 600).await;
    assert!(!is_overdue(&world));
    on(&world, 700).await;
    assert!(is_overdue(&world));
    assert_eq!(history(&world), ["granted", "reported", "surveillance-overdue"]);

    report(&world, "P-2", 700, "finding", "suspend").await;
    assert!(!is_overdue(&world));
    change(&world, "cb-1", json!({"conditional": {"text": "Close the finding", "deadline": day(760)}})).await.unwrap();
    on(&world, 740).await;
    change(&world, "cb-1", json!("conditions-met")).await.unwrap();
    on(&world, 900).await;
    change(&world, "cb-1", json!({"renewed": {"validUntil": day(1900)}})).await.unwrap();
    on(&world, 1200).await;
    assert!(is_overdue(&world), "a year after the second report");
    change(&world, "cb-1", json!("appeal-opened")).await.unwrap();
    change(&world, "cb-1", json!("appeal-closed")).await.unwrap();
    change(&world, "cb-1", json!({"transferred": {"to": "cb-2"}})).await.unwrap();
    assert!(change(&world, "cb-1", json!("suspended")).await.is_err(), "it is another body's now");
    report(&world, "P-3", 1200, "conforming", "none").await;

    // The last day passes while a report is due, too: it expires, and nothing else is said of it.
    on(&world, 1901).await;
    assert_eq!(state(&world), "expired");
    assert_eq!(history(&world).last(), Some(&"expired"));
    on(&world, 1950).await;
    change(&world, "cb-2", json!({"renewed": {"validUntil": day(2000)}})).await.unwrap();
    assert_eq!(state(&world), "granted");
    on(&world, 2001).await;
    assert_eq!(state(&world), "expired");
    on(&world, 2095).await;
    let late = change(&world, "cb-2", json!({"renewed": {"validUntil": day(2500)}})).await.unwrap_err();
    assert!(late.contains("renewed"), "{late}");
    change(&world, "cb-2", json!("annulled")).await.unwrap();
    assert_eq!(state(&world), "annulled");
}

#[tokio::test]
async fn a_clock_that_jumps_changes_nothing_that_was_stated() {
    let world = granted().await;
    on(&world, 700).await;
    let stated = history(&world);
    assert_eq!(stated, ["granted", "surveillance-overdue"]);
    // Back and forth: the mark stays, and is stated once.
    for days in [100, 700, 0, 701, 650, 700] {
        on(&world, days).await;
        assert_eq!(history(&world), stated, "day {days}");
    }
    // Behind its last entry the log does not go back: what is stated then is sequenced no earlier.
    world.clock.ahead(10);
    must(
        &world,
        "audit",
        "report-filed",
        json!({
            "report": "P-1", "verdict": "Y-1", "period": {"from": day(690), "to": day(699)}, "outcome": "conforming",
            "recommendation": "none",
        }),
    )
    .await;
    let record = world.registry.read_model.register().verdict(&"Y-1".parse().unwrap()).unwrap();
    let times: Vec<_> = record.history.iter().map(|item| item.at).collect();
    assert!(times.is_sorted(), "{times:?}");
    assert!(times.last().unwrap() > &world.clock.now());
    // Years ahead at once, it catches up: it expired, and that is all.
    on(&world, 1500).await;
    assert_eq!(state(&world), "expired");
    let stated = history(&world);
    on(&world, 1200).await;
    on(&world, 1500).await;
    assert_eq!(history(&world), stated);
    assert_eq!(stated, ["granted", "surveillance-overdue", "reported", "expired"]);
}
