//! What some may not see looks, to the byte, like what is not there.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::fixture::{Got, Person, World, change, day, now, restricted, verdict};

/// The supplier of the restricted verdict, and one of whom nothing is known.
const QUIET: &str = "lei:5493001KJTIIGC8Y1R12";
const NOBODY: &str = "lei:529900T8BM49AURSDO55";

async fn ask(world: &World, who: Option<&str>, path: &str) -> Got {
    let person = who.map(|who| world.person(who));
    world.talk(person.as_ref()).await.ask(path).await.without_date()
}

/// The answer with one name in place of another, which has the same length.
fn renamed(got: Got, from: &str, to: &str) -> Got {
    assert_eq!(from.len(), to.len());
    let body = String::from_utf8(got.body.to_vec()).unwrap().replace(from, to);
    Got { body: body.into(), ..got }
}

#[tokio::test]
async fn a_restricted_verdict_and_none_give_the_same_bytes() {
    let world = World::furnished().await;
    let as_of = now();
    for who in [None, Some("cb-2"), Some("audit"), Some("buyer-1")] {
        let pairs = [
            ("/v1/verdicts/jp:V-2".to_owned(), "/v1/verdicts/jp:V-0".to_owned()),
            (format!("/v1/suppliers/{QUIET}/standing"), format!("/v1/suppliers/{NOBODY}/standing")),
            (
                format!("/v1/suppliers/{QUIET}/standing?scheme=stars&as_of={as_of}"),
                format!("/v1/suppliers/{NOBODY}/standing?scheme=stars&as_of={as_of}"),
            ),
            (
                format!("/v1/suppliers/{QUIET}/standing?document=sp800-171@r3&viewpoint=organization&country=JP"),
                format!("/v1/suppliers/{NOBODY}/standing?document=sp800-171@r3&viewpoint=organization&country=JP"),
            ),
            (format!("/v1/verdicts?supplier={QUIET}"), format!("/v1/verdicts?supplier={NOBODY}")),
        ];
        for (hidden, absent) in pairs {
            let hidden_answer = renamed(ask(&world, who, &hidden).await, QUIET, NOBODY);
            assert_eq!(hidden_answer, ask(&world, who, &absent).await, "{who:?}: {hidden}");
        }
    }
}

#[tokio::test]
async fn statements_about_it_are_not_there_either() {
    let world = World::furnished().await;
    let (cb, audit) = (world.person("cb-1"), world.person("audit"));
    let granted = world.registry.log.size() - 1;
    let changed = world.must(&cb, "verdict-changed", change("V-2", json!("suspended"))).await;
    let report = json!({
        "report": "R-1", "verdict": "V-2", "period": {"from": day(-9), "to": day(-1)}, "outcome": "finding",
        "recommendation": "none",
    });
    let reported = world.must(&audit, "report-filed", report).await;
    let buyer = (1..granted).find(|index| is_about(&world, *index, "buyer-1")).unwrap();
    let absent = ask(&world, None, "/v1/statements/99999").await;
    assert_eq!((absent.status, absent.code().as_str()), (404, "not-found"));
    for index in [granted, changed, reported, buyer] {
        for who in [None, Some("cb-2"), Some("operator")] {
            let got = match who {
                Some("operator") => world
                    .talk(Some(&world.operator()))
                    .await
                    .ask(&format!("/v1/statements/{index}"))
                    .await
                    .without_date(),
                who => ask(&world, who, &format!("/v1/statements/{index}")).await,
            };
            assert_eq!(got, absent, "{index} {who:?}");
        }
    }
    assert_eq!(
        ask(&world, None, &format!("/v1/statements/{}", granted - 1)).await.status,
        200,
        "the open one is shown"
    );
}

fn is_about(world: &World, index: u64, party: &str) -> bool {
    let ledger::journal::Stored::Bytes(compact) = world.registry.log.statement(index).unwrap() else { return false };
    let statement = crate::core::feed::parse_committed(&compact).unwrap();
    serde_json::to_string(&statement).unwrap().contains(&format!("\"{party}\""))
}

#[tokio::test]
async fn lists_and_cursors_pass_over_it() {
    let (plain, secret) = (World::furnished().await, World::furnished().await);
    for world in [&plain, &secret] {
        let cb = world.person("cb-1");
        for id in ["W-1", "W-3"] {
            world.must(&cb, "verdict-granted", verdict(id)).await;
        }
    }
    for id in ["W-0", "W-2", "W-4"] {
        secret.must(&secret.person("cb-1"), "verdict-granted", restricted(id)).await;
    }
    for query in ["", "limit=1", "limit=2", "limit=3", "scheme=stars&limit=2", "state=suspended&limit=1"] {
        let (mut one, mut other) = (format!("/v1/verdicts?{query}"), format!("/v1/verdicts?{query}"));
        loop {
            let (left, right) = (ask(&plain, None, &one).await.json(), ask(&secret, None, &other).await.json());
            let shape = |list: &Value| {
                let ids = list["verdicts"].as_array().unwrap().iter().map(|item| item["verdict"].clone());
                (ids.collect::<Vec<_>>(), list["next"].clone())
            };
            assert_eq!(shape(&left), shape(&right), "{query}");
            let Some(next) = left["next"].as_str() else { break };
            one = format!("/v1/verdicts?{query}&cursor={next}");
            other.clone_from(&one);
        }
    }
}

#[tokio::test]
async fn those_concerned_see_it() {
    let world = World::furnished().await;
    let standing = format!("/v1/suppliers/{QUIET}/standing?scheme=stars");
    let seen = |got: &Got| got.json()["holdings"][0]["own"]["verdict"] == "V-2";
    for who in ["cb-1", "maker"] {
        assert_eq!(ask(&world, Some(who), "/v1/verdicts/jp:V-2").await.status, 200, "{who}");
        assert!(seen(&ask(&world, Some(who), &standing).await), "{who}");
    }
    let operator: Person = world.operator();
    let mut talk = world.talk(Some(&operator)).await;
    assert_eq!(talk.ask("/v1/verdicts/jp:V-2").await.status, 200);
    assert!(seen(&talk.ask(&standing).await));
    for who in ["meti", "jab"] {
        assert_eq!(ask(&world, Some(who), "/v1/verdicts/jp:V-2").await.code(), "not-found", "{who}");
        assert_eq!(ask(&world, Some(who), &standing).await.json()["absence"], "withheld", "{who}");
    }
}

#[tokio::test]
async fn events_show_a_bare_entry() {
    let world = World::furnished().await;
    let cb = world.person("cb-1");
    let hidden = world.must(&cb, "verdict-changed", change("V-2", json!("suspended"))).await;
    let events = world.registry.feed.next(hidden).unwrap();
    // Without a subject nobody is told on NATS.
    assert!(events[0][0].about.is_none());
    let text = String::from_utf8(events[0][0].json.to_vec()).unwrap();
    assert!(!text.contains("V-2") && !text.contains("Quiet") && text.contains("\"kind\":\"statement\""), "{text}");
    let got = ask(&world, None, &format!("/v1/events?after={hidden}9")).await;
    assert_eq!(got.code(), "bad-parameter");
}

#[tokio::test]
async fn a_full_report_is_nobodys_to_read() {
    let world = World::furnished().await;
    let audit = world.person("audit");
    let findings = b"room 3, second rack";
    let digest = ledger::digest::Digest::of(findings);
    let report = json!({
        "report": "R-1", "verdict": "V-1", "period": {"from": day(-9), "to": day(-1)}, "outcome": "finding",
        "recommendation": "suspend", "attachment": digest.to_string(),
    });
    let statement = world.sign(&audit, "report-filed", report);
    let body = json!({
        "statement": String::from_utf8(statement.to_vec()).unwrap(), "attachments": [STANDARD.encode(findings)],
    });
    let got = world.talk(Some(&audit)).await.post("/v1/statements", "application/json", body.to_string()).await;
    assert_eq!(got.status, 201, "{got:?}");
    assert!(world.registry.log.attachment(&digest).unwrap().is_some(), "it is kept");
    let absent = ask(&world, None, &format!("/v1/attachments/{}", ledger::digest::Digest::of(b"?"))).await;
    assert_eq!(absent.code(), "not-found");
    for who in [None, Some("cb-1"), Some("audit")] {
        assert_eq!(ask(&world, who, &format!("/v1/attachments/{digest}")).await, absent, "{who:?}");
    }
}

/// A statement of `who` under a name and id of somebody's choice.
fn signed_as(who: &Person, iss: &str, jti: &str, kind: &str, claim: &Value) -> bytes::Bytes {
    who.sign_payload(&json!({
        "iss": iss, "aud": super::fixture::ORIGIN, "jti": jti, "iat": now().as_second(), "kind": kind, "claim": claim,
    }))
}

async fn submit(world: &World, who: &Person, statement: bytes::Bytes) -> Got {
    world.talk(Some(who)).await.post("/v1/statements", "application/jose", statement).await.without_date()
}

#[tokio::test]
async fn a_submission_tells_nobody_who_takes_part() {
    let world = World::furnished().await;
    let claim = change("V-1", json!("suspended"));
    for who in ["buyer-1", "cb-2", "audit"] {
        let who = world.person(who);
        for (hidden, absent) in [("maker", "baker"), ("cb-1", "cb-9")] {
            // The first statement that the fixture's people sign has the id s-0.
            for jti in ["s-0", "s-9", "new"] {
                let there = submit(&world, &who, signed_as(&who, hidden, jti, "verdict-changed", &claim)).await;
                let there = renamed(there, hidden, absent);
                let not = submit(&world, &who, signed_as(&who, absent, jti, "verdict-changed", &claim)).await;
                assert_eq!(there, not, "{hidden} {jti}");
                assert_eq!(not.code(), "other-issuer");
            }
        }
    }
}

#[tokio::test]
async fn a_submission_tells_nobody_what_is_restricted() {
    let world = World::furnished().await;
    let other = world.person("cb-2");
    world.must(&other, "verdict-granted", verdict("W-1")).await;
    let report = |id: &str| {
        json!({
            "report": "R-1", "verdict": id, "period": {"from": day(-9), "to": day(-1)}, "outcome": "finding",
            "recommendation": "none",
        })
    };
    // An audit body that is accredited for nothing.
    world.join(&world.operator(), "audit-2", conformity::party::Role::AuditBody, json!([])).await;
    let superseded = |by: &str| change("W-1", json!({"superseded": {"by": by}}));
    let transferred = |to: &str| change("W-1", json!({"transferred": {"to": to}}));
    let suspended = |id: &str| change(id, json!("suspended"));
    let rows = [
        ("buyer-1", "verdict-changed", suspended("V-2"), suspended("V-0"), "V-2", "V-0"),
        ("maker", "verdict-changed", suspended("W-9"), suspended("V-0"), "W-9", "V-0"),
        ("cb-2", "verdict-changed", suspended("V-2"), suspended("V-0"), "V-2", "V-0"),
        ("cb-2", "report-filed", report("V-2"), report("V-0"), "V-2", "V-0"),
        ("audit-2", "report-filed", report("V-2"), report("V-0"), "V-2", "V-0"),
        ("audit", "verdict-changed", suspended("V-2"), suspended("V-0"), "V-2", "V-0"),
        ("cb-2", "verdict-changed", superseded("V-2"), superseded("V-0"), "V-2", "V-0"),
        ("cb-2", "verdict-changed", transferred("buyer-1"), transferred("buyer-9"), "buyer-1", "buyer-9"),
    ];
    for (who, kind, hidden, absent, name, none) in rows {
        let person = world.person(who);
        let there = renamed(world.say(&person, kind, hidden).await.without_date(), name, none);
        let not = world.say(&person, kind, absent).await.without_date();
        assert_eq!(there, not, "{who} {kind} {name}");
    }
}
