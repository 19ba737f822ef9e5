//! Bundles from the route to whoever checks them: who gets which, as of when, and that others get what a missing one gets.

use std::time::Duration;

use credential::bundle::{Bundle, Finding, Own, Policy, Question, Verified, verify};
use serde_json::json;

use super::credentials::documented;
use super::fixture::{Got, Person, World, change, now, restricted, verdict};
use super::neighbours::{add_peer, derive, peered, row};

pub(super) async fn ask(world: &World, who: Option<&str>, path: &str) -> Got {
    let person: Option<Person> = who.map(|who| if who == "operator" { world.operator() } else { world.person(who) });
    world.talk(person.as_ref()).await.ask(path).await.without_date()
}

pub(super) fn policy(world: &World) -> Policy {
    let (log, digest) = (&world.registry.genesis.log_key, world.registry.log.entry(0).unwrap().digest);
    Policy::parse(&format!("quorum = 0\n[[registry]]\nlog_key = \"{log}\"\ngenesis = \"{digest}\"\n")).unwrap()
}

pub(super) fn proven(world: &World, got: &Got, at: Option<jiff::Timestamp>) -> Verified {
    assert_eq!((got.status, got.header("content-type")), (200, "application/json"), "{got:?}");
    assert_eq!(got.header("cache-control"), "no-store");
    verify(&got.body, &policy(world), Question { at, now: now() }).unwrap_or_else(|failure| panic!("{failure}"))
}

pub(super) fn own(verified: &Verified) -> &Own {
    let Finding::Own(own) = &verified.finding else { panic!("{verified:?}") };
    own
}

#[tokio::test]
async fn a_verdict_is_proven_before_and_after_it_was_suspended() {
    let world = World::furnished().await;
    let path = "/v1/verdicts/jp:V-1/proof";
    assert_eq!(ask(&world, None, path).await.code(), "not-published");
    world.publish();
    world.published().await;
    let granted = ask(&world, None, path).await;
    assert_eq!(own(&proven(&world, &granted, None)).state.as_str(), "granted");
    assert_eq!(ask(&world, None, path).await, granted, "kept until something changes");
    let before = now();
    tokio::time::sleep(Duration::from_millis(5)).await;
    world.must(&world.person("cb-1"), "verdict-changed", change("V-1", json!("suspended"))).await;
    world.published().await;
    let suspended = ask(&world, None, path).await;
    let after = proven(&world, &suspended, None);
    assert_eq!((own(&after).state.as_str(), own(&after).in_force), ("suspended", false));
    let then = proven(&world, &suspended, Some(before));
    assert_eq!((own(&then).state.as_str(), own(&then).in_force), ("granted", true));
    let as_of = ask(&world, None, &format!("{path}?as_of={before}")).await;
    assert_eq!(as_of.body, suspended.body, "the history is whole, whatever time is asked about");
    assert_eq!(ask(&world, None, &format!("{path}?as_of=2020-01-01T00:00:00Z")).await.code(), "not-found");
    assert_eq!(ask(&world, None, &format!("{path}?as_of=2120-01-01T00:00:00Z")).await.code(), "time-not-come");
    let older = verify(&granted.body, &policy(&world), Question { at: Some(before), now: now() }).unwrap_err();
    assert_eq!(older.fault.code(), "not-covered", "an older bundle knows nothing of what came after it");
}

/// The verdict stays as it was; what it rests on changes with the next checkpoint, and the bundle with it.
#[tokio::test]
async fn a_bundle_is_made_anew_when_what_it_rests_on_changes() {
    let world = World::furnished().await;
    world.publish();
    world.published().await;
    let path = "/v1/verdicts/jp:V-1/proof";
    let before = ask(&world, None, path).await;
    assert!(own(&proven(&world, &before, None)).accreditation.is_some());
    let withdrawn = json!({"id": "A-1", "change": "withdrawn", "reason": {"code": "x"}});
    let index = world.must(&world.person("jab"), "accreditation-changed", withdrawn).await;
    let kept = ask(&world, None, path).await;
    assert!(kept == before || Bundle::parse(&kept.body).unwrap().statements.iter().any(|item| item.index == index));
    world.published().await;
    let after = ask(&world, None, path).await;
    let bundle = Bundle::parse(&after.body).unwrap();
    assert!(bundle.statements.iter().any(|item| item.index == index));
    assert_eq!(own(&proven(&world, &after, None)).accreditation, None);
}

#[tokio::test]
async fn each_gets_of_the_credential_what_he_may_see() {
    let world = World::furnished().await;
    let (_, index, _) = documented(&world, &verdict("V-1")).await;
    world.publish();
    world.published().await;
    let path = "/v1/verdicts/jp:V-1/proof";
    let public = ask(&world, None, path).await;
    for who in ["buyer-1", "cb-2", "audit", "meti", "maker"] {
        assert_eq!(ask(&world, Some(who), path).await, public, "{who}");
    }
    let verified = proven(&world, &public, None);
    let shown = own(&verified).credential.as_ref().unwrap();
    assert_eq!((shown.issued.index, shown.disclosures), (index, 0));
    for who in ["cb-1", "operator"] {
        let verified = proven(&world, &ask(&world, Some(who), path).await, None);
        let shown = own(&verified).credential.as_ref().unwrap();
        let organization = &shown.detail.assessments[&"organization".parse().unwrap()];
        assert_eq!((organization.findings.len(), shown.disclosures > 0), (1, true), "{who}");
    }
}

#[tokio::test]
async fn a_restricted_verdict_is_proven_to_those_concerned_and_not_there_for_others() {
    let world = World::furnished().await;
    let cb = world.person("cb-1");
    world.must(&cb, "verdict-granted", restricted("V-3")).await;
    world.publish();
    world.published().await;
    let absent = ask(&world, None, "/v1/verdicts/jp:V-9/proof").await;
    assert_eq!(absent.code(), "not-found");
    for who in [None, Some("buyer-1"), Some("cb-2"), Some("meti"), Some("jab"), Some("audit")] {
        let now = ask(&world, who, "/v1/verdicts/jp:V-2/proof").await;
        match who {
            Some("meti" | "jab") => assert_eq!(now.json()["absence"], "withheld", "{who:?}"),
            _ => assert_eq!(now, absent, "{who:?}"),
        }
        let at = ask(&world, who, "/v1/verdicts/jp:V-2/proof?as_of=2020-01-01T00:00:00Z").await;
        assert_eq!(at, absent, "{who:?}");
    }
    for who in ["maker", "cb-1", "operator"] {
        let got = ask(&world, Some(who), "/v1/verdicts/jp:V-2/proof").await;
        assert_eq!(own(&proven(&world, &got, None)).terms.verdict.as_str(), "V-2", "{who}");
        assert!(!String::from_utf8_lossy(&got.body).contains("V-3"));
        let bundle = Bundle::parse(&got.body).unwrap();
        let parties: Vec<_> = bundle.statements.iter().map(|item| decoded(&item.statement)).collect();
        assert!(parties.iter().all(|payload| !payload.contains("\"buyer-1\"") && !payload.contains("V-3")), "{who}");
    }
}

fn decoded(compact: &str) -> String {
    let payload = ledger::encoding::base64url_decode(compact.split('.').nth(1).unwrap().as_bytes()).unwrap();
    String::from_utf8(payload).unwrap()
}

/// A verdict that was erased cannot be proven any more, and what others hold of it still can be checked.
#[tokio::test]
async fn an_erased_verdict_is_gone() {
    let world = World::furnished().await;
    world.publish();
    world.published().await;
    let path = "/v1/verdicts/jp:V-1/proof";
    let held = ask(&world, None, path).await;
    let index = Bundle::parse(&held.body).unwrap().statements.last().unwrap().index;
    let erasure = json!({"index": index, "reason": {"code": "court-order"}});
    world.must(&world.operator(), "statement-erased", erasure).await;
    assert_eq!(ask(&world, None, path).await.code(), "not-found");
    assert_eq!(own(&proven(&world, &held, None)).state.as_str(), "granted");
}

#[tokio::test]
async fn what_is_made_of_a_foreign_verdict_is_proven_with_its_arrangement() {
    let world = peered().await;
    let path = "/v1/verdicts/eu:E-1/proof";
    assert_eq!(ask(&world, None, path).await.code(), "not-found");
    derive(&world, 0, 5, &(row("E-1", "recognised") + &row("E-2", "refused"))).await;
    let (index, _) = derive(&world, 5, 6, &row("E-1", "partial")).await;
    assert_eq!(ask(&world, None, path).await.code(), "not-published");
    world.publish();
    world.published().await;
    for (path, outcome, earlier) in [(path, "partial", 1), ("/v1/verdicts/eu:E-2/proof", "refused", 0)] {
        let got = ask(&world, None, path).await;
        let Finding::Foreign(record) = proven(&world, &got, None).finding else { panic!("{got:?}") };
        assert_eq!(record.recognition.outcome.as_str(), outcome);
        let bundle = Bundle::parse(&got.body).unwrap();
        assert_eq!(bundle.earlier.len(), earlier);
        let kinds: Vec<String> = bundle.statements.iter().map(|item| decoded(&item.statement)).collect();
        for kind in ["arrangement-signed", "peer-added", "recognition-derived"] {
            assert!(kinds.iter().any(|payload| payload.contains(&format!("\"kind\":\"{kind}\""))), "{kind}");
        }
    }
    let before = world.registry.log.time_of(index).unwrap() - 1;
    let before = jiff::Timestamp::from_millisecond(before.try_into().unwrap()).unwrap();
    assert_eq!(ask(&world, None, &format!("{path}?as_of={before}")).await.code(), "not-found");
}

#[tokio::test]
async fn what_was_said_under_a_peering_that_is_over_is_proven_with_its_end() {
    let world = peered().await;
    derive(&world, 0, 5, &row("E-1", "recognised")).await;
    let expelled = json!({"registry": "eu", "reason": {"code": "fork"}});
    world.must(&world.operator(), "peer-expelled", expelled).await;
    world.publish();
    world.published().await;
    let path = "/v1/verdicts/eu:E-1/proof";
    let got = ask(&world, None, path).await;
    let Finding::Foreign(record) = proven(&world, &got, None).finding else { panic!("{got:?}") };
    assert_eq!(record.recognition.outcome.as_str(), "refused", "the expulsion counts though no row says so yet");
    add_peer(&world).await;
    world.published().await;
    let again = ask(&world, None, path).await;
    let Finding::Foreign(record) = proven(&world, &again, None).finding else { panic!("{again:?}") };
    assert_eq!(record.recognition.outcome.as_str(), "refused", "the new peering does not bring it back");
    let added = |got: &Got| {
        let statements = Bundle::parse(&got.body).unwrap().statements;
        statements.iter().filter(|item| decoded(&item.statement).contains("\"kind\":\"peer-added\"")).count()
    };
    assert_eq!((added(&got), added(&again)), (1, 2), "every peering is shown");
}
