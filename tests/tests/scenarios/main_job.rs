//! The main job: a verdict crosses a border with everything that happens to it, and a buyer hears of it from the buyer's
//! own registry, over SSE and over NATS.

use std::sync::Arc;

use serde_json::{Value, json};
use tests::claims::{self, rule, terms, with};
use tests::federation::force;
use tests::{Buyer, Events, Federation, Registry};

const VERDICT: &str = "jp:V-1";

/// What the people in Japan do, and what a buyer in Europe must hear.
struct Step {
    act: &'static [&'static str],
    outcome: &'static str,
    state: &'static str,
    says: &'static str,
}

const STORY: &[Step] = &[
    Step { act: &["grant", "--file", "verdict.json"], outcome: "recognised", state: "granted", says: "R-1" },
    Step {
        act: &["suspend", "V-1", "--reason", "major-nonconformity"],
        outcome: "refused",
        state: "suspended",
        says: "suspended",
    },
    Step { act: &["restore", "V-1", "--reason", "corrected"], outcome: "recognised", state: "granted", says: "R-1" },
    Step {
        act: &["scope", "reduce", "V-1", "--scope", "design", "--viewpoint", "organization", "--reason", "as-asked"],
        outcome: "recognised",
        state: "granted",
        says: "R-1",
    },
    Step {
        act: &["withdraw", "V-1", "--reason", "not-corrected"],
        outcome: "refused",
        state: "withdrawn",
        says: "withdrawn",
    },
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_happens_to_a_verdict_reaches_the_buyer_abroad() {
    let federation = Federation::start(&["jp", "eu"]).await;
    federation.peer("jp", "eu").await;
    let terms = terms("A-1", "bilateral", &["jp", "eu"], vec![rule("R-1", "jp", "eu", "stars")]);
    federation.arrange(&terms).await;
    let (jp, eu) = (federation.registry("jp"), federation.registry("eu"));
    let body = jp.party("cb-1");
    std::fs::write(body.folder().join("verdict.json"), claims::verdict("V-1").to_string()).unwrap();
    let mut stream = Events::open(&eu.public(), "/v1/events?type=recognition", None).await.unwrap();
    let mut buyer = Buyer::listen(eu, &eu.party("buyer-1")).await;
    for (number, step) in STORY.iter().enumerate() {
        body.cli(step.act).await;
        let told = stream.until(&format!("recognition.{}", step.outcome)).await;
        heard(&told, step);
        let (subject, published) = buyer.next().await;
        assert_eq!(subject, format!("status.eu.stars.{}", claims::SUPPLIER));
        assert_eq!(claims::textless(published), told, "SSE and NATS tell the same");
        let answer = eu.verdict(VERDICT).await;
        let [answered, said] = [&answer["recognition"], &told["data"]["recognition"]].map(claims::wordless);
        assert_eq!(answered, said, "and so does the answer to a question");
        if number == 0 {
            reported(jp).await;
        }
    }
    let cover = eu.verdict(VERDICT).await["recognition"]["viewpoints"].clone();
    assert_eq!(cover, json!(["organization"]), "what was reduced stays so");
    let standing = eu.must_ask(&format!("/v1/suppliers/{}/standing?scheme=stars", claims::SUPPLIER)).await;
    assert!(standing.to_string().contains("jp:V-1"), "{standing}");
}

fn heard(told: &Value, step: &Step) {
    let recognition = &told["data"]["recognition"];
    assert_eq!(told["subject"], VERDICT, "{told}");
    assert_eq!(recognition["outcome"], step.outcome, "{:?}: {told}", step.act);
    assert_eq!(recognition["state"], step.state, "{:?}: {told}", step.act);
    let explanation = recognition["explanation"].as_str().unwrap();
    assert!(explanation.contains(step.says), "{:?}: {explanation}", step.act);
}

/// An audit body reports and recommends. Nothing follows abroad: the next thing heard there is the body's own decision.
async fn reported(jp: &Registry) {
    let claim = claims::report("S-1", "V-1");
    jp.party("audit").must("report-filed", claim).await;
    let verdict = jp.verdict(VERDICT).await;
    assert_eq!(verdict["state"], "granted");
    assert_eq!(verdict["now"]["marks"]["recommendation"], "suspend", "{verdict}");
}

/// A list says that an authority accepted a verdict as evidence. Everybody may see it at home, whoever follows takes it,
/// and nothing is recognised by it.
/// What rested on an arrangement ends with it, as its rule says, from the day that is named on.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_rested_on_an_arrangement_ends_with_it() {
    let federation = Federation::start(&["jp", "eu"]).await;
    federation.peer("jp", "eu").await;
    federation.arrange(&terms("A-1", "bilateral", &["jp", "eu"], vec![rule("R-1", "jp", "eu", "stars")])).await;
    let (jp, eu) = (federation.registry("jp"), federation.registry("eu"));
    jp.party("cb-1").must("verdict-granted", claims::verdict("V-1")).await;
    eu.recognises("jp:V-1", |one| one["outcome"] == "recognised").await;
    let end = |day: i64| json!({"id": "A-1", "effective": claims::day(day), "reason": claims::reason("superseded")});
    let early = jp.operator().say("arrangement-ended", end(-1)).await.unwrap_err();
    assert!(early.to_string().contains("notice"), "{early}");
    jp.operator().must("arrangement-ended", end(0)).await;
    eu.recognises("jp:V-1", |one| one["gaps"][0]["code"] == "arrangement-ended").await;
    force(eu, "A-1", "ended").await;
    assert!(
        jp.operator()
            .say("arrangement-restored", json!({"id": "A-1", "reason": claims::reason("as-agreed")}))
            .await
            .is_err()
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_acceptance_as_evidence_is_told_and_recognises_nothing() {
    let federation = Federation::start(&["jp", "eu"]).await;
    federation.peer("jp", "eu").await;
    let rule = with(rule("R-1", "jp", "eu", "stars"), json!({"acceptsTranscribed": true}));
    federation.arrange(&terms("A-1", "bilateral", &["jp", "eu"], vec![rule])).await;
    let (jp, eu) = (federation.registry("jp"), federation.registry("eu"));
    let operator = jp.operator();
    operator.must("verdict-granted", claims::transcribed("T-1")).await;
    eu.recognises("jp:T-1", |one| one["outcome"] == "recognised").await;
    let (before, abroad) = (jp.verdict("jp:T-1").await, eu.verdict("jp:T-1").await);
    let fault = eu.peer_status("jp").await["status"]["lastFault"].clone();
    let mut stream = Events::open(&jp.public(), "/v1/events?type=verdict.accepted-as-evidence", None).await.unwrap();
    let claim = claims::acceptance("list.2", "T-1");
    let told = operator.must("evidence-accepted", claim.clone()).await;
    let event = stream.until("verdict.accepted-as-evidence").await;
    assert_eq!((&event["subject"], &event["data"]["change"]["accepted-as-evidence"]), (&json!("jp:T-1"), &claim));
    let after = jp.verdict("jp:T-1").await;
    assert_eq!((&after["now"], &after["terms"]), (&before["now"], &before["terms"]), "it grants nothing");
    assert_eq!(after["history"][1]["what"], json!({"accepted-as-evidence": claim}));
    // What comes behind it is followed, so it was, too.
    grant(jp, "organization").await;
    eu.recognises("jp:V-organization", |one| one["outcome"] == "recognised").await;
    assert_eq!(eu.verdict("jp:T-1").await, abroad, "and it recognises nothing, not even by another word for the same");
    let status = eu.peer_status("jp").await["status"].clone();
    assert_eq!(status["lastFault"], fault, "a follower takes it as the registry did");
    assert!(status["mirrored"].as_u64() > Some(told.index), "{status}");
    for registry in ["jp", "eu"] {
        federation.node(registry).kill();
        federation.restart(registry).await;
    }
    assert_eq!((jp.verdict("jp:T-1").await, eu.verdict("jp:T-1").await), (after, abroad), "a replay says the same");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_suspended_arrangement_does_to_verdicts_what_it_says() {
    let federation = Federation::start(&["jp", "eu"]).await;
    federation.peer("jp", "eu").await;
    let effects = [
        ("organization", json!("cease")),
        ("product", json!("keep")),
        ("service", json!({"transfer-window": {"days": 30}})),
    ];
    let rules = effects.iter().map(|(object, effect)| {
        let patch = json!({"objects": [object], "onSuspension": effect});
        with(rule(&format!("R-{object}"), "jp", "eu", "stars"), patch)
    });
    federation.arrange(&terms("A-1", "bilateral", &["jp", "eu"], rules.collect())).await;
    let (jp, eu) = (federation.registry("jp"), federation.registry("eu"));
    for (object, _) in &effects {
        grant(jp, object).await;
        eu.recognises(&format!("jp:V-{object}"), |one| one["outcome"] == "recognised").await;
    }
    let step = json!({"id": "A-1", "reason": claims::reason("peer-evaluation-failed")});
    // Japan's log goes on growing: the effect must not wait for a feed that is cut off.
    let busy = tokio::spawn(grant_without_end(Arc::clone(jp)));
    jp.operator().must("arrangement-suspended", step.clone()).await;
    for (object, outcome, says) in [
        ("organization", "refused", "suspended"),
        ("product", "recognised", "what was recognised before stays so"),
        ("service", "recognised", "what was recognised before stays so until"),
    ] {
        let expected = |one: &Value| one["outcome"] == outcome && one["gaps"] != Value::Null;
        let recognition = eu.recognises(&format!("jp:V-{object}"), expected).await;
        let explanation = recognition["explanation"].as_str().unwrap();
        assert!(explanation.contains(says), "{object}: {explanation}");
    }
    force(jp, "A-1", "suspended").await;
    busy.abort();
    jp.operator().must("arrangement-restored", step).await;
    for (object, _) in &effects {
        let expected = |one: &Value| one["outcome"] == "recognised" && one["gaps"] == Value::Null;
        eu.recognises(&format!("jp:V-{object}"), expected).await;
    }
    force(jp, "A-1", "in-force").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_suspension_reaches_a_registry_that_was_away() {
    let federation = Federation::start(&["jp", "eu"]).await;
    federation.peer("jp", "eu").await;
    let rules = vec![rule("R-1", "jp", "eu", "stars")];
    federation.arrange(&terms("A-1", "bilateral", &["jp", "eu"], rules)).await;
    let (jp, eu) = (federation.registry("jp"), federation.registry("eu"));
    grant(jp, "organization").await;
    eu.recognises("jp:V-organization", |one| one["outcome"] == "recognised").await;
    federation.node("eu").kill();
    let step = json!({"id": "A-1", "reason": claims::reason("peer-evaluation-failed")});
    jp.operator().must("arrangement-suspended", step.clone()).await;
    grant(jp, "product").await;
    federation.restart("eu").await;
    eu.recognises("jp:V-organization", |one| one["outcome"] == "refused").await;
    force(eu, "A-1", "suspended").await;
    // What was granted meanwhile is unknown here until the feed is open again.
    assert!(eu.ask("/v1/verdicts/jp:V-product").await.is_err());
    jp.operator().must("arrangement-restored", step.clone()).await;
    for verdict in ["jp:V-organization", "jp:V-product"] {
        eu.recognises(verdict, |one| one["outcome"] == "recognised").await;
    }
    // The other way round: a step of our own binds at once, also while the peer cannot be told.
    federation.node("jp").kill();
    eu.operator().must("arrangement-suspended", step).await;
    eu.recognises("jp:V-product", |one| one["outcome"] == "refused").await;
    federation.restart("jp").await;
    force(jp, "A-1", "suspended").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_withheld_while_one_of_two_arrangements_rested_is_caught_up_with() {
    let federation = Federation::start(&["jp", "eu"]).await;
    federation.peer("jp", "eu").await;
    for (id, scheme) in [("A-1", "stars"), ("A-2", "moons")] {
        let rule = with(rule("R-1", "jp", "eu", scheme), json!({"onSuspension": "keep"}));
        federation.arrange(&terms(id, "bilateral", &["jp", "eu"], vec![rule])).await;
    }
    let (jp, eu) = (federation.registry("jp"), federation.registry("eu"));
    let body = jp.party("cb-1");
    let moon = with(claims::verdict("M-1"), json!({"scheme": "moons@1"}));
    body.must("verdict-granted", moon).await;
    eu.recognises("jp:M-1", |one| one["outcome"] == "recognised").await;
    let step = json!({"id": "A-2", "reason": claims::reason("peer-evaluation-failed")});
    jp.operator().must("arrangement-suspended", step.clone()).await;
    eu.recognises("jp:M-1", |one| one["outcome"] == "recognised" && one["gaps"] != Value::Null).await;
    body.change("M-1", json!("suspended")).await.unwrap();
    // The log is followed further, past what was withheld.
    grant(jp, "organization").await;
    eu.recognises("jp:V-organization", |one| one["outcome"] == "recognised").await;
    assert_eq!(eu.verdict("jp:M-1").await["recognition"]["state"], "granted", "the feed of that scheme rests");
    jp.operator().must("arrangement-restored", step).await;
    eu.recognises("jp:M-1", |one| one["outcome"] == "refused" && one["state"] == "suspended").await;
}

async fn grant_without_end(jp: Arc<Registry>) {
    for number in 0.. {
        let patch = json!({"scheme": "moons@1"});
        jp.party("cb-1").must("verdict-granted", with(claims::verdict(&format!("M-{number}")), patch)).await;
    }
}

async fn grant(jp: &Registry, object: &str) {
    let patch = json!({"object": {"kind": object, "name": format!("An Example {object}")}});
    jp.party("cb-1").must("verdict-granted", with(claims::verdict(&format!("V-{object}")), patch)).await;
}
