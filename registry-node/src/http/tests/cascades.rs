//! An accreditation falls: what buyers are told, what is answered, and that a worker which is stopped midway goes on once.

use std::collections::BTreeMap;
use std::time::Duration;

use conformity::as_of::AsOf;
use conformity::lapsed::Extent;
use conformity::records::Facts;
use conformity::statement::{Claim, Statement};
use conformity::time::Day;
use credential::statement::read_unverified;
use jiff::SignedDuration;
use ledger::journal::Stored;
use ledger::jws::Unverified;
use serde_json::{Value, json};

use super::fixture::{World, accreditation, change, restricted, scheme, verdict};
use super::neighbours::{derive, derive_for, peered, row};
use crate::core::cascades::Worker;
use crate::core::intake::Candidate;
use crate::core::replay::restore;

/// Verdicts that take three statements.
const MANY: usize = 2_500;

/// `stars@2` says what follows: a window of 30 days after a suspension, of 180 after a withdrawal. `V-1` to `V-…` and restricted
/// `R-1` under it.
async fn lapsing(verdicts: usize) -> World {
    let world = World::furnished().await;
    let (meti, jab, cb) = (world.person("meti"), world.person("jab"), world.person("cb-1"));
    let mut claim = scheme();
    claim["scheme"] = json!("stars@2");
    claim["onAccreditation"] =
        json!({"suspended": {"transfer-window": {"days": 30}}, "withdrawn": {"transfer-window": {"days": 180}}});
    world.must(&meti, "scheme-published", claim).await;
    for (id, body) in [("B-1", "cb-1"), ("B-2", "cb-2")] {
        world.must(&jab, "accreditation-granted", under(accreditation(id, body, "certification-body"))).await;
    }
    grant(&world, verdicts).await;
    world.must(&cb, "verdict-granted", under(restricted("R-1"))).await;
    world
}

/// Grants very many without a connection for each.
async fn grant(world: &World, verdicts: usize) {
    let cb = world.person("cb-1");
    let mut waiting = Vec::new();
    for number in 1..=verdicts {
        let mut claim = under(verdict(&format!("L-{number:06}")));
        claim["supplier"] = json!({"id": format!("local:parts-list:{number}"), "name": "Some Parts", "country": "JP"});
        let statement = cb.statement(&format!("many-{number}"), "verdict-granted", claim);
        let parsed = Statement::parse(statement.payload()).unwrap();
        waiting.push(world.registry.sequencer.offer(Candidate::new(parsed, statement, Vec::new())).unwrap());
        if waiting.len() == 100 || number == verdicts {
            for granted in std::mem::take(&mut waiting) {
                granted.await.unwrap();
            }
        }
    }
}

fn under(mut claim: Value) -> Value {
    claim["scheme"] = json!("stars@2");
    claim
}

async fn accredits(world: &World, change: &str) -> u64 {
    let claim = json!({"id": "B-1", "change": change, "reason": {"code": "as-agreed"}});
    world.must(&world.person("jab"), "accreditation-changed", claim).await
}

/// Every event about a verdict, by type.
fn events(world: &World) -> BTreeMap<String, Vec<Value>> {
    let (mut events, mut cursor): (BTreeMap<String, Vec<Value>>, u64) = (BTreeMap::new(), 0);
    loop {
        let next = world.registry.feed.next(cursor).unwrap();
        if next.is_empty() {
            return events;
        }
        cursor += next.len() as u64;
        for event in next.iter().flat_map(|entry| entry.iter()).filter(|event| event.about.is_some()) {
            let json = serde_json::from_slice(&event.json).unwrap();
            events.entry(event.kind.clone()).or_default().push(json);
        }
    }
}

#[tokio::test]
async fn buyers_hear_of_each_verdict_with_its_deadline_and_of_its_end() {
    let world = lapsing(3).await;
    let mut worker = Worker::begun(&world.registry);
    worker.settle().await.unwrap();
    let entry = accredits(&world, "withdrawn").await;
    worker.settle().await.unwrap();
    let told = events(&world).remove("verdict.basis-window").unwrap();
    assert_eq!(told.len(), 3, "each public verdict, and no restricted one");
    let since =
        world.registry.read_model.register().accreditation(&"B-1".parse().unwrap()).unwrap().changes[0].moment.at;
    let until = since + SignedDuration::from_hours(24 * 180);
    for event in &told {
        let lapsed = &event["data"]["change"]["basis-changed"]["lapsed"];
        assert_eq!(lapsed["cause"], json!({"what": "accreditation-withdrawn", "entry": entry}));
        assert_eq!(lapsed["consequence"]["transfer-window"]["until"], json!(until));
        assert_eq!(event["data"]["after"]["lapsed"], *lapsed);
    }
    let answer = world.ask("/v1/suppliers/local:parts-list:2/standing").await.json();
    assert_eq!(answer["holdings"][0]["own"]["inForce"], true);
    assert!(answer["explanation"].as_str().unwrap().contains(&until.to_string()), "{answer}");
    let listed = world.ask("/v1/cascades").await.json();
    let cascade = &listed["cascades"][0];
    assert_eq!((&cascade["done"], &cascade["total"], &cascade["finished"]), (&json!(3), &json!(3), &json!(true)));
    assert_eq!((&cascade["becomes"], &cascade["until"]), (&json!("basis-window"), &json!(until)));
    let (body, restricted) = (world.person("cb-1"), "/v1/verdicts/jp:R-1");
    let seen = world.talk(Some(&body)).await.ask(restricted).await.json();
    assert_eq!(seen["now"]["lapsed"]["consequence"]["transfer-window"]["until"], json!(until), "its body sees it");
    assert_eq!(world.ask(restricted).await.status, 404);

    // A window closes without a statement, and then it is told.
    world.clock.ahead(180);
    let answer = world.ask("/v1/suppliers/local:parts-list:2/standing").await.json();
    assert_eq!(answer["holdings"][0]["own"]["inForce"], false);
    worker.settle().await.unwrap();
    assert_eq!(events(&world)["verdict.basis-lapsed"].len(), 3);
    let size = world.registry.log.size();
    worker.settle().await.unwrap();
    assert_eq!(world.registry.log.size(), size, "told once");
}

#[tokio::test]
async fn whoever_has_the_log_can_prove_that_a_batch_left_nothing_out() {
    let world = lapsing(5).await;
    let mut worker = Worker::begun(&world.registry);
    accredits(&world, "suspended").await;
    let size = world.registry.log.size();
    worker.settle().await.unwrap();
    let mut names = Vec::new();
    for index in size..world.registry.log.size() {
        let Ok(Stored::Bytes(compact)) = world.registry.log.statement(index) else { continue };
        let statement = read_unverified(&Unverified::parse(compact).unwrap()).unwrap();
        let Claim::BasisChanged(list) = statement.claim else { continue };
        names.extend(list.verdicts.iter().filter(|_| list.before.is_some()).cloned());
    }
    let read = names.iter().fold(Extent::nothing(size), Extent::with);
    let listed = world.ask("/v1/cascades").await.json();
    let batch = &listed["cascades"][0]["batch"];
    assert_eq!((&batch["asOf"], &batch["verdicts"], &batch["digest"]), (&json!(size), &json!(5), &json!(read.digest)));
    assert_eq!((&batch["told"], &batch["whole"], &batch["overtaken"]), (&json!(5), &json!(true), &json!(0)));
}

#[tokio::test]
async fn a_verdict_that_another_body_takes_over_counts_again() {
    let world = lapsing(2).await;
    let mut worker = Worker::begun(&world.registry);
    accredits(&world, "suspended").await;
    worker.settle().await.unwrap();
    world
        .must(&world.person("cb-1"), "verdict-changed", change("L-000001", json!({"transferred": {"to": "cb-2"}})))
        .await;
    worker.settle().await.unwrap();
    assert_eq!(events(&world)["verdict.basis-holds"].len(), 1);
    accredits(&world, "restored").await;
    worker.settle().await.unwrap();
    let mut holds = events(&world).remove("verdict.basis-holds").unwrap();
    assert_eq!(holds.len(), 2);
    assert_eq!(holds.pop().unwrap()["data"]["after"].get("lapsed"), None);
}

#[tokio::test]
async fn what_was_stopped_midway_goes_on_and_nothing_is_told_twice() {
    let world = lapsing(MANY).await;
    accredits(&world, "withdrawn").await;
    // Stopped after each way that it can have gone, by a clock that runs out; then begun anew, as at a start.
    let mut stopped = 0;
    for millis in [0, 1, 5, 20, 40, 60, 80] {
        let mut worker = Worker::begun(&world.registry);
        let settled = tokio::time::timeout(Duration::from_millis(millis), worker.settle()).await;
        stopped += usize::from(settled.is_err());
    }
    assert!(stopped > 0, "it was never stopped midway");
    let mut worker = Worker::begun(&world.registry);
    worker.settle().await.unwrap();
    // What an earlier one had offered when it was stopped may be committed only now, and wakes the worker once more.
    while !world.registry.cascades.is_settled() {
        tokio::task::yield_now().await;
        worker.settle().await.unwrap();
    }
    let told = events(&world).remove("verdict.basis-window").unwrap();
    let mut subjects: Vec<_> = told.iter().map(|event| event["subject"].as_str().unwrap()).collect();
    subjects.sort_unstable();
    subjects.dedup();
    assert_eq!((told.len(), subjects.len()), (MANY, MANY));
    let listed = world.ask("/v1/cascades").await.json();
    let cascade = &listed["cascades"][0];
    assert_eq!((&cascade["done"], &cascade["finished"]), (&json!(MANY), &json!(true)));
    assert_eq!((&cascade["batch"]["verdicts"], &cascade["batch"]["whole"]), (&json!(MANY), &json!(true)), "{cascade}");
}

#[tokio::test]
async fn a_replaced_scheme_is_told_of_and_ends_on_its_day() {
    let world = lapsing(2).await;
    let meti = world.person("meti");
    let mut claim = scheme();
    claim["scheme"] = json!("stars@3");
    world.must(&meti, "scheme-published", claim).await;
    let until = Day::of(world.registry.now()).plus_days(90);
    let replaced = json!({"scheme": "stars@2", "by": "stars@3", "until": until});
    world.must(&meti, "scheme-replaced", replaced.clone()).await;
    Worker::begun(&world.registry).settle().await.unwrap();
    let told = events(&world).remove("verdict.basis-window").unwrap();
    let window = &told[1]["data"]["after"]["lapsed"]["consequence"]["transfer-window"];
    assert_eq!((told.len(), &window["until"]), (2, &json!(until.end())));
    let listed = world.ask("/v1/schemes").await.json();
    let shown = listed["schemes"].as_array().unwrap().iter().find(|one| one["scheme"] == "stars@2").unwrap();
    assert_eq!((&shown["replaced"]["with"], &shown["replaced"]["until"]), (&json!("stars@3"), &json!(until)));
}

#[tokio::test]
async fn those_who_submit_have_their_turn_meanwhile() {
    let world = lapsing(MANY).await;
    accredits(&world, "withdrawn").await;
    let mut worker = Worker::begun(&world.registry);
    let statement = world.person("cb-1").statement("meanwhile", "verdict-granted", verdict("N-1"));
    let parsed = Statement::parse(statement.payload()).unwrap();
    let candidate = Candidate::new(parsed, statement, Vec::new());
    let (settled, ()) = tokio::join!(worker.settle(), async {
        // Of three statements the first was made, and the second may be on its way.
        while world.registry.read_model.register().cascades().next().is_none() {
            tokio::task::yield_now().await;
        }
        world.registry.sequencer.offer(candidate).unwrap().await.unwrap();
    });
    settled.unwrap();
    let listed = world.ask("/v1/cascades").await.json();
    assert_eq!(listed["cascades"][0]["done"], MANY);
    let register = world.registry.read_model.register();
    let granted = register.verdict(&"N-1".parse().unwrap()).unwrap().history[0].index;
    let cascade = register.cascades().next().unwrap();
    assert!(granted < cascade.last.index, "it waited until all were told");
}

#[tokio::test]
async fn how_far_it_was_is_told_of_each_size_of_the_log() {
    let world = lapsing(MANY).await;
    accredits(&world, "withdrawn").await;
    let before = world.registry.log.size();
    assert_eq!(world.ask("/v1/cascades").await.json()["cascades"], json!([]), "nothing is told yet");
    Worker::begun(&world.registry).settle().await.unwrap();
    let present = world.ask("/v1/cascades").await.json();
    assert_eq!(present["cascades"][0]["done"], MANY);
    let (mut seen, mut last) = (Vec::new(), 0);
    for size in before..=world.registry.log.size() {
        for known in ["then", "now"] {
            let answer = world.ask(&format!("/v1/cascades?as_of_size={size}&known={known}")).await.json();
            let Some(then) = answer["cascades"].get(0) else {
                assert_eq!(last, 0, "{known} at {size}: {answer}");
                continue;
            };
            let done = then["done"].as_u64().unwrap();
            assert!(done >= last && then["last"]["index"].as_u64().unwrap() < size, "{answer}");
            assert_eq!((&then["total"], &then["batch"]["told"]), (&json!(MANY), &then["done"]), "{answer}");
            let is_over = done == MANY as u64;
            assert_eq!((&then["finished"], &then["batch"]["whole"]), (&json!(is_over), &json!(is_over)), "{answer}");
            assert_eq!((then["batch"].get("closed").is_some(), then == &present["cascades"][0]), (is_over, is_over));
            if done > last {
                seen.push(done);
            }
            last = done;
        }
    }
    assert_eq!(seen.len(), 3, "after each of three statements: {seen:?}");
    // A node that starts with an index was not told of each statement in turn.
    let index = tempfile::tempdir().unwrap();
    let derived = restore(&world.registry.log, index.path(), |_| true).unwrap();
    drop(derived);
    let (register, _) = restore(&world.registry.log, index.path(), |_| true).unwrap();
    let told = world.registry.read_model.register();
    for size in before..=world.registry.log.size() {
        let then = AsOf::KnownThen { size, at: world.registry.now() };
        assert!(register.cascades_then(then).eq(told.cascades_then(then)), "as it was with {size} entries");
    }
}

#[tokio::test]
async fn how_many_recognitions_were_left_is_told_only_where_something_says_so() {
    let world = peered().await;
    derive(&world, 0, 5, &(row("E-1", "recognised") + &row("E-2", "recognised"))).await;
    let (meti, eu) = (world.person("meti"), "eu".parse().unwrap());
    let act = json!({"id": "jp-eu", "reason": {"code": "as-agreed"}});
    let cause = json!({"arrangement": {"id": "jp-eu", "digest": "ab".repeat(32)}});
    world.must(&meti, "arrangement-suspended", act.clone()).await;
    let mut sizes = Vec::new();
    for id in ["E-1", "E-2"] {
        derive_for(&world, &cause, 5..5, &row(id, "refused")).await;
        sizes.push(*world.registry.size.borrow());
    }
    world.registry.cascades.waits_abroad(&eu, 0);
    let told = async |size: u64, known: &str| {
        let listed = world.ask(&format!("/v1/cascades?as_of_size={size}&known={known}")).await.json();
        ["done", "total", "finished"].map(|name| listed["cascades"][0][name].clone())
    };
    let nothing = Value::Null;
    for (size, done) in [(sizes[0], 1), (sizes[1], 2)] {
        assert_eq!(told(size, "then").await, [json!(done), nothing.clone(), nothing.clone()]);
        assert_eq!(told(size, "now").await, [json!(done), json!(2), json!(done == 2)]);
    }
    world.must(&meti, "arrangement-restored", act).await;
    derive_for(&world, &cause, 5..5, &row("E-1", "recognised")).await;
    let size = *world.registry.size.borrow();
    assert_eq!(told(size, "then").await, [json!(2), json!(2), json!(true)], "another act had taken over");
    let listed = world.ask(&format!("/v1/cascades?as_of_size={}", sizes[1])).await.json();
    assert_eq!(listed["cascades"].as_array().unwrap().len(), 1, "nor is that known before: {listed}");
}
