//! A year of surveillance in seconds: who sees the days coming, what a missed one brings about, and what the registry may do on a
//! report.

use std::collections::BTreeSet;

use conformity::party::Role;
use conformity::records::Facts;
use serde_json::{Value, json};

use super::events::speaker_of;
use super::fixture::{World, accreditation, day, restricted, scheme, verdict};
use super::years::{must, on, say};
use crate::clock::Clock;
use crate::core::cascades::Worker;

/// Days by which a year and a day are over, counted from today, for a verdict that is valid from today.
const OVERDUE: i64 = 367;
/// Days for which a verdict that nobody looked at stays in force.
const GRACE: i64 = 60;

/// `stars@2`: a report each year, 60 days of grace, the registry suspends on a report, and missed conditions end a verdict. `S-1`,
/// `S-2` and restricted `S-3` by cb-1, valid from today for a thousand days.
async fn surveilled() -> World {
    let world = World::furnished().await;
    let mut claim = scheme();
    claim["scheme"] = json!("stars@2");
    let grace = json!({"transfer-window": {"days": GRACE}});
    claim["surveillance"] =
        json!({"by": "audit-body", "everyMonths": 12, "onOverdue": grace, "registrySuspends": true});
    claim["onConditionsOverdue"] = json!("cease");
    must(&world, "meti", "scheme-published", claim).await;
    for (id, body, role) in [("B-1", "cb-1", "certification-body"), ("B-3", "audit", "audit-body")] {
        let mut claim = accreditation(id, body, role);
        (claim["scheme"], claim["until"]) = (json!("stars@2"), json!(day(4000)));
        must(&world, "jab", "accreditation-granted", claim).await;
    }
    for mut claim in [verdict("S-1"), verdict("S-2"), restricted("S-3")] {
        (claim["scheme"], claim["validFrom"], claim["validUntil"]) =
            (json!("stars@2"), json!(day(0)), json!(day(1000)));
        must(&world, "cb-1", "verdict-granted", claim).await;
    }
    world
}

/// What somebody reads of the schedule. Past the door, whose certificates do not last for years.
async fn schedule(world: &World, who: Option<(Role, &str)>, query: &str) -> Value {
    let speaker = who.map(|(role, id)| speaker_of(world, role, id));
    world.plain_as(speaker).await.ask(&format!("/v1/surveillance{query}")).await.json()
}

fn verdicts(answer: &Value) -> Vec<&str> {
    let items = answer["surveillance"].as_array().unwrap_or_else(|| panic!("{answer}"));
    items.iter().map(|item| item["verdict"].as_str().unwrap()).collect()
}

const AUDIT: Option<(Role, &str)> = Some((Role::AuditBody, "audit"));
const BODY: Option<(Role, &str)> = Some((Role::CertificationBody, "cb-1"));
const MAKER: Option<(Role, &str)> = Some((Role::Supplier, "maker"));
const BUYER: Option<(Role, &str)> = Some((Role::Buyer, "buyer-1"));

/// Time passes: the node looks at the clock once, and tells what follows.
async fn pass(world: &World, days: i64) {
    on(world, days).await;
    Worker::begun(&world.registry).settle().await.unwrap();
}

async fn report(world: &World, verdict: &str, id: &str, last: i64, recommendation: &str) {
    let outcome = if recommendation == "none" { "conforming" } else { "finding" };
    let claim = json!({
        "report": id, "verdict": verdict, "period": {"from": day(last - 5), "to": day(last)}, "outcome": outcome,
        "recommendation": recommendation,
    });
    must(world, "audit", "report-filed", claim).await;
}

async fn change(world: &World, who: &str, change: Value, report: Option<&str>) -> Result<(), String> {
    let mut claim =
        json!({"verdict": "S-1", "change": change, "reason": {"code": "as-agreed"}, "effective": world.clock.now()});
    if let Some(report) = report {
        claim["recommendedBy"] = json!(report);
    }
    say(world, who, "verdict-changed", claim).await
}

fn history(world: &World, id: &str) -> Vec<&'static str> {
    let record = world.registry.read_model.register().verdict(&id.parse().unwrap()).unwrap();
    record.history.iter().map(|item| item.what.as_str()).collect()
}

/// Types of the events about a verdict.
fn told(world: &World, subject: &str) -> BTreeSet<String> {
    let (mut types, mut cursor) = (BTreeSet::new(), 0);
    loop {
        let next = world.registry.feed.next(cursor).unwrap();
        if next.is_empty() {
            return types;
        }
        cursor += next.len() as u64;
        for event in next.iter().flat_map(|entry| entry.iter()) {
            let json: Value = serde_json::from_slice(&event.json).unwrap();
            if json["subject"] == subject {
                types.insert(event.kind.clone());
            }
        }
    }
}

async fn standing(world: &World) -> Value {
    world.plain().await.ask("/v1/suppliers/local:parts-list:42/standing?scheme=stars@2").await.json()
}

fn said(answer: &Value) -> Vec<&str> {
    answer["because"].as_array().unwrap().iter().map(|said| said["code"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn those_whose_affair_it_is_see_the_days_coming() {
    let world = surveilled().await;
    let rows = [
        (AUDIT, vec!["jp:S-1", "jp:S-2"]),
        (BODY, vec!["jp:S-1", "jp:S-2", "jp:S-3"]),
        (Some((Role::Operator, "operator")), vec!["jp:S-1", "jp:S-2", "jp:S-3"]),
        (Some((Role::Authority, "meti")), vec!["jp:S-1", "jp:S-2"]),
        (MAKER, vec!["jp:S-3"]),
        (BUYER, vec![]),
        (Some((Role::CertificationBody, "cb-2")), vec![]),
    ];
    for (who, expected) in rows {
        assert_eq!(verdicts(&schedule(&world, who, "").await), expected, "{who:?}");
    }
    let refused = world.ask("/v1/surveillance").await;
    assert_eq!((refused.status, refused.code().as_str()), (401, "certificate-required"));

    let answer = schedule(&world, BODY, "").await;
    let item = &answer["surveillance"][0];
    assert_eq!(
        (&item["by"], &item["everyMonths"], &item["state"]),
        (&json!("audit-body"), &json!(12), &json!("granted"))
    );
    assert_eq!((item.get("overdueSince"), item.get("lastReport")), (None, None));
    assert_eq!(item["supplier"]["name"], "Example Motors");
    // Page by page, and only what is due in a window.
    let first = schedule(&world, BODY, "?limit=2").await;
    let rest = schedule(&world, BODY, &format!("?limit=2&cursor={}", first["next"].as_str().unwrap())).await;
    assert_eq!((verdicts(&first), verdicts(&rest)), (vec!["jp:S-1", "jp:S-2"], vec!["jp:S-3"]));
    assert_eq!(rest.get("next"), None);
    let due = item["due"].as_str().unwrap().to_owned();
    assert_eq!(verdicts(&schedule(&world, BODY, &format!("?due_from={due}&due_until={due}")).await).len(), 3);
    assert!(verdicts(&schedule(&world, BODY, &format!("?due_until={}", day(300))).await).is_empty());
    for wrong in ["?due_from=2027-01-02&due_until=2027-01-01", "?cursor=eA", "?due_until=soon", "?limit=0"] {
        let speaker = speaker_of(&world, Role::AuditBody, "audit");
        let refused = world.plain_as(Some(speaker)).await.ask(&format!("/v1/surveillance{wrong}")).await;
        assert_eq!((refused.status, refused.code().as_str()), (400, "bad-parameter"), "{wrong}");
    }
}

#[tokio::test]
async fn a_missed_day_is_told_and_ends_a_verdict_after_its_grace() {
    let world = surveilled().await;
    pass(&world, 200).await;
    report(&world, "S-2", "P-1", 199, "none").await;
    report(&world, "S-3", "P-1", 199, "suspend").await;
    // Of a restricted verdict an audit body sees what it did there itself.
    let answer = schedule(&world, AUDIT, "").await;
    assert_eq!(verdicts(&answer), ["jp:S-1", "jp:S-2", "jp:S-3"]);
    let quiet = &answer["surveillance"][2];
    assert_eq!(quiet["lastReport"]["report"], "P-1");
    assert_eq!((quiet.get("supplier"), quiet.get("state"), quiet.get("recommendation")), (None, None, None));
    assert_eq!(schedule(&world, BODY, "").await["surveillance"][2]["recommendation"], "suspend");

    pass(&world, OVERDUE).await;
    let answer = schedule(&world, AUDIT, &format!("?due_until={}", day(OVERDUE))).await;
    assert_eq!(verdicts(&answer), ["jp:S-1"]);
    assert!(answer["surveillance"][0]["overdueSince"].is_string(), "{answer}");
    assert_eq!(history(&world, "S-1"), ["granted", "surveillance-overdue", "basis-window"]);
    assert_eq!(history(&world, "S-2"), ["granted", "reported"]);
    let stood = standing(&world).await;
    assert_eq!(stood["holdings"][0]["own"]["standing"]["marks"]["surveillanceOverdue"], true);
    assert!(said(&stood).contains(&"surveillance-overdue") && said(&stood).contains(&"window-closes"), "{stood}");

    // The grace is over: it is in force no more, until somebody looks.
    pass(&world, OVERDUE + GRACE).await;
    assert_eq!(standing(&world).await["holdings"][0]["own"]["inForce"], false);
    report(&world, "S-1", "P-1", OVERDUE + GRACE, "none").await;
    Worker::begun(&world.registry).settle().await.unwrap();
    assert_eq!(standing(&world).await["holdings"][0]["own"]["inForce"], true);
    let types = told(&world, "jp:S-1");
    for kind in ["surveillance-overdue", "basis-window", "basis-lapsed", "reported", "basis-holds"] {
        assert!(types.contains(&format!("verdict.{kind}")), "{kind}: {types:?}");
    }
    assert!(told(&world, "jp:S-3").is_empty(), "a restricted verdict is no event");
}

#[tokio::test]
async fn the_registry_suspends_on_a_report_and_not_without() {
    let world = surveilled().await;
    assert!(change(&world, "meti", json!("suspended"), None).await.unwrap_err().contains("name that report"));
    report(&world, "S-1", "P-1", 0, "withdraw").await;
    assert!(change(&world, "meti", json!("withdrawn"), Some("P-1")).await.unwrap_err().contains("that power"));
    change(&world, "meti", json!("suspended"), Some("P-1")).await.unwrap();
    let shown = world.ask("/v1/verdicts/jp:S-1").await.json();
    assert_eq!((&shown["state"], &shown["history"][2]["recommendedBy"]), (&json!("suspended"), &json!("P-1")));
    assert_eq!(verdicts(&schedule(&world, AUDIT, "").await), ["jp:S-2"], "nobody has to look at what is suspended");
    assert!(change(&world, "cb-1", json!("restored"), None).await.unwrap_err().contains("later report"));
    report(&world, "S-1", "P-2", 0, "none").await;
    change(&world, "cb-1", json!("restored"), None).await.unwrap();
    assert_eq!(history(&world, "S-1"), ["granted", "reported", "suspended", "reported", "restored"]);
}

#[tokio::test]
async fn conditions_that_nobody_met_end_a_verdict_and_are_explained_in_two_languages() {
    let world = surveilled().await;
    let conditions = json!({"conditional": {"text": "Close the finding", "deadline": day(60)}});
    change(&world, "cb-1", conditions.clone(), None).await.unwrap();
    assert_eq!(schedule(&world, BODY, "").await["surveillance"][0]["conditions"]["deadline"], json!(day(60)));
    pass(&world, 60).await;
    assert_eq!(history(&world, "S-1"), ["granted", "conditional"], "its last day is not over");
    pass(&world, 61).await;
    assert_eq!(history(&world, "S-1"), ["granted", "conditional", "conditions-overdue", "basis-lapsed"]);
    let stood = standing(&world).await;
    assert_eq!(stood["holdings"][0]["own"]["inForce"], false);
    assert_eq!(stood["holdings"][0]["own"]["standing"]["lapsed"]["cause"]["what"], "conditions-overdue");
    change(&world, "cb-1", json!("conditions-met"), None).await.unwrap();
    Worker::begun(&world.registry).settle().await.unwrap();
    assert_eq!(standing(&world).await["holdings"][0]["own"]["inForce"], true);
    for kind in ["conditions-overdue", "basis-lapsed", "conditions-met", "basis-holds"] {
        assert!(told(&world, "jp:S-1").contains(&format!("verdict.{kind}")), "{kind}");
    }
    // A clock that jumps back and forth states nothing twice.
    let size = world.registry.log.size();
    for days in [61, 10, 61] {
        pass(&world, days).await;
    }
    assert_eq!(world.registry.log.size(), size);
}

#[tokio::test]
async fn the_schedule_of_then_is_told_as_it_was() {
    let world = surveilled().await;
    let everybody = [AUDIT, BODY, MAKER, Some((Role::Operator, "operator")), Some((Role::Authority, "meti"))];
    let ask = async |query: String| {
        let mut told = Vec::new();
        for who in everybody {
            told.push(schedule(&world, who, &query).await);
        }
        told
    };
    let mut told = Vec::new();
    for step in 0..5 {
        match step {
            1 => report(&world, "S-1", "P-1", 0, "none").await,
            2 => change(&world, "cb-1", json!("suspended"), None).await.unwrap(),
            3 => pass(&world, OVERDUE).await,
            4 => change(&world, "cb-1", json!("restored"), None).await.unwrap(),
            _ => {}
        }
        told.push((world.registry.log.size(), ask(String::new()).await));
    }
    let mut different: Vec<_> = told.iter().map(|(_, answers)| answers).collect();
    different.dedup();
    assert_eq!(different.len(), 5, "each step changed somebody's schedule");
    for (size, then) in told {
        assert_eq!(ask(format!("?as_of_size={size}")).await, then, "at {size}");
    }
    let page = schedule(&world, AUDIT, "?as_of_size=1").await;
    assert_eq!(page, json!({"surveillance": []}), "nothing had been granted then");
}

#[tokio::test]
async fn whoever_may_not_know_of_a_restricted_verdict_does_not_learn_of_it_by_asking_the_past() {
    let world = surveilled().await;
    report(&world, "S-3", "P-1", 0, "none").await;
    let then = format!("?as_of_size={}", world.registry.log.size());
    assert!(verdicts(&schedule(&world, AUDIT, &then).await).contains(&"jp:S-3"), "it reported on it");
    let withdrawn = json!({"id": "B-3", "change": "withdrawn", "reason": {"code": "as-agreed"}});
    must(&world, "jab", "accreditation-changed", withdrawn).await;
    assert_eq!(verdicts(&schedule(&world, AUDIT, "").await), Vec::<&str>::new());
    assert_eq!(verdicts(&schedule(&world, AUDIT, &then).await), ["jp:S-1", "jp:S-2"], "what everybody may know");
    let first = schedule(&world, AUDIT, &format!("{then}&limit=1")).await;
    let next = format!("{then}&limit=1&cursor={}", first["next"].as_str().unwrap());
    let second = schedule(&world, AUDIT, &next).await;
    assert_eq!((verdicts(&first), verdicts(&second)), (vec!["jp:S-1"], vec!["jp:S-2"]));
    assert_eq!(second.get("next"), None);
    assert_eq!(schedule(&world, BUYER, &then).await, json!({"surveillance": []}));
}

#[tokio::test]
async fn a_suspension_that_reaches_back_takes_a_verdict_out_of_the_schedule_as_it_is_known_now() {
    let world = surveilled().await;
    let effective = world.clock.now();
    tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    let between = world.clock.now();
    tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    let reason = json!({"code": "as-agreed"});
    let claim = json!({"verdict": "S-1", "change": "suspended", "reason": reason, "effective": effective});
    must(&world, "cb-1", "verdict-changed", claim).await;
    for (known, expected) in [("then", vec!["jp:S-1", "jp:S-2"]), ("now", vec!["jp:S-2"])] {
        let answer = schedule(&world, AUDIT, &format!("?as_of={between}&known={known}")).await;
        assert_eq!(verdicts(&answer), expected, "{known}");
    }
}
