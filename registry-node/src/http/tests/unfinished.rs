//! What was begun is finished: though the client hangs up, and though the first try broke off in between.

use std::future::poll_fn;
use std::task::Poll;
use std::time::Duration;

use conformity::digest::Digest;
use conformity::refusal::Refusal;
use ledger::journal::Stored;
use serde_json::json;

use super::credentials::{attestation, documented, signed, slot, submit};
use super::events::speaker;
use super::fixture::{Got, World, change, restricted, verdict};
use crate::core::intake::{Submission, read_submission};
use crate::core::sequencer::SequenceError;

/// Asks once, and does not wait for the answer.
async fn hang_up<T>(request: impl Future<Output = T>) {
    let mut request = Box::pin(request);
    poll_fn(|context| {
        assert!(request.as_mut().poll(context).is_pending());
        Poll::Ready(())
    })
    .await;
}

async fn until(done: impl Fn() -> bool) {
    for _ in 0..200 {
        if done() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    panic!("it was not done within five seconds");
}

fn granted(world: &World) -> u64 {
    world.registry.read_model.register().verdicts_after(None).next().unwrap().history[0].index
}

fn erasure(world: &World, index: u64) -> bytes::Bytes {
    world.sign(&world.operator(), "statement-erased", json!({"index": index, "reason": {"code": "court-order"}}))
}

fn has_bytes(world: &World, index: u64) -> bool {
    matches!(world.registry.log.statement(index).unwrap(), Stored::Bytes(_))
}

fn detail(world: &World) -> Vec<String> {
    world.registry.vault.names("credential/").unwrap()
}

async fn send(world: &World, statement: bytes::Bytes) -> Got {
    world.talk(Some(&world.operator())).await.post("/v1/statements", "application/jose", statement).await
}

#[tokio::test]
async fn an_erasure_is_carried_out_though_nobody_waits_for_it() {
    let world = World::furnished().await;
    documented(&world, &verdict("V-1")).await;
    let index = granted(&world);
    hang_up(world.registry.submit(erasure(&world, index), Vec::new(), &speaker(&world))).await;
    until(|| detail(&world).is_empty() && !has_bytes(&world, index)).await;
    // The files of the vault end with what they held before: no name of a key that was there is left.
    until(|| {
        let keys = std::fs::read(world.registry.folder.vault().join("keys.redb")).unwrap();
        !keys.windows(11).any(|window| window == b"credential/")
    })
    .await;
}

#[tokio::test]
async fn a_line_may_carry_the_credential_of_a_verdict_that_an_earlier_line_grants() {
    let world = World::furnished().await;
    let body = world.person("cb-1");
    let claim = verdict("V-4");
    let whole = signed(&body, &attestation(&world, &claim, slot(&world, &body).await));
    let granted = String::from_utf8(world.sign(&body, "verdict-granted", claim).to_vec()).unwrap();
    let lines = format!("{granted}\n{whole}\n");
    let got = world.talk(Some(&body)).await.post("/v1/statements", "application/x-ndjson", lines).await;
    let text = String::from_utf8(got.body.to_vec()).unwrap();
    let answers: Vec<serde_json::Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(answers.len() == 2 && answers.iter().all(|answer| answer["repeated"] == false), "{text}");
    assert_eq!(detail(&world).len(), 1);
}

#[tokio::test]
async fn a_credential_is_settled_though_nobody_waits_for_it() {
    let world = World::furnished().await;
    let body = world.person("cb-1");
    let slot = slot(&world, &body).await;
    let text = signed(&body, &attestation(&world, &verdict("V-1"), slot));
    let size = world.registry.log.size();
    hang_up(world.registry.submit(text.into(), Vec::new(), &speaker(&world))).await;
    until(|| world.registry.log.size() > size && detail(&world).len() == 1).await;
    until(|| !world.registry.slots.is_reserved(slot, &"cb-1".parse().unwrap(), world.registry.now())).await;
    assert_eq!(send(&world, erasure(&world, granted(&world))).await.status, 201);
    until(|| detail(&world).is_empty()).await;
}

#[tokio::test]
async fn an_erasure_that_broke_off_is_carried_out_when_it_is_sent_again() {
    let world = World::furnished().await;
    documented(&world, &verdict("V-1")).await;
    let index = granted(&world);
    let statement = erasure(&world, index);
    let claimed = read_submission(statement.clone(), Vec::new()).unwrap();
    let Submission::New(candidate) = claimed.verify(&world.registry.read_model).unwrap() else {
        panic!("it is in no log yet")
    };
    world.registry.sequencer.append(candidate).await.unwrap();
    assert!(has_bytes(&world, index) && detail(&world).len() == 1);
    for _ in 0..2 {
        assert_eq!(send(&world, statement.clone()).await.json()["repeated"], true);
        assert!(!has_bytes(&world, index) && detail(&world).is_empty());
    }
}

#[tokio::test]
async fn a_credential_whose_detail_was_lost_is_completed_when_it_is_sent_again() {
    let world = World::furnished().await;
    let body = world.person("cb-1");
    let (_, index, whole) = documented(&world, &verdict("V-1")).await;
    let jwt = whole.split('~').next().unwrap();
    let digest = Digest::of(jwt.as_bytes());
    world.registry.vault.erase(&format!("credential/{digest}")).unwrap();
    let not_its_own = submit(&world, &body, format!("{jwt}~WyJhIiwiYiJd~")).await;
    assert_eq!(not_its_own.code(), "malformed-credential");
    assert_eq!(world.registry.disclosures.whole(&digest).unwrap(), None);
    let again = submit(&world, &body, whole.clone()).await.json();
    assert_eq!((&again["repeated"], &again["index"]), (&json!(true), &json!(index)));
    assert_eq!(world.registry.disclosures.whole(&digest).unwrap().unwrap(), whole);
    assert_eq!(send(&world, erasure(&world, granted(&world))).await.status, 201);
    assert!(detail(&world).is_empty());
    assert_eq!(submit(&world, &body, whole).await.code(), "slot-not-handed-out");
    assert!(detail(&world).is_empty());
}

#[tokio::test]
async fn a_reach_that_changes_behind_intake_is_compared_again() {
    let world = World::furnished().await;
    let body = world.person("cb-1");
    let mut claim = restricted("V-3");
    claim["sites"] = json!(["Osaka"]);
    world.must(&body, "verdict-granted", claim.clone()).await;
    let text = signed(&body, &attestation(&world, &claim, slot(&world, &body).await));
    let claimed = read_submission(text.clone().into(), Vec::new()).unwrap();
    let Submission::Credential(unopened) = claimed.verify(&world.registry.read_model).unwrap() else {
        panic!("it is in no log yet")
    };
    let (candidate, _) = unopened.open(&world.registry.read_model).unwrap();
    let wider = json!({"scope-extended": {"scope": claim["scope"], "sites": ["Osaka", "Nagoya"]}});
    world.must(&body, "verdict-changed", change("V-3", wider)).await;
    let refused = world.registry.sequencer.append(candidate).await.unwrap_err();
    assert!(matches!(refused, SequenceError::Refused(Refusal::CredentialDiffers { member: "reach", .. })), "{refused}");
    assert_eq!(submit(&world, &body, text).await.code(), "credential-differs");
}
