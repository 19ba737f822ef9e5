//! A body merges into another, and a registry into another: names and proofs stay, somebody else answers, and everybody is told.

use std::path::Path;

use serde_json::{Value, json};
use tests::claims::{self, accreditation, day, reason, rule, scheme, terms, verdict, with};
use tests::events::{Events, Frame};
use tests::{Federation, Party, Registry, soon};

/// Under the second scheme verdicts have a window when an accreditation is withdrawn; cb-2 is not accredited for it.
async fn two_schemes(federation: &Federation) {
    let (jp, eu) = (federation.registry("jp"), federation.registry("eu"));
    let window = json!({"scheme": "moons@2", "onAccreditation": {"withdrawn": {"transfer-window": {"days": 180}}}});
    jp.party("ministry").must("scheme-published", with(scheme("moons"), window)).await;
    accredit(jp, "M-1", "cb-1").await;
    let moons = with(rule("R-2", "jp", "eu", "moons"), json!({"scheme": "moons@2"}));
    let rules = vec![rule("R-1", "jp", "eu", "stars"), moons];
    federation.arrange(&terms("A-1", "bilateral", &["jp", "eu"], rules)).await;
    jp.party("cb-1").must("verdict-granted", verdict("V-1")).await;
    jp.party("cb-1").must("verdict-granted", with(verdict("V-2"), json!({"scheme": "moons@2"}))).await;
    for id in ["jp:V-1", "jp:V-2"] {
        eu.recognises(id, |one| one["outcome"] == "recognised").await;
    }
}

async fn accredit(jp: &Registry, id: &str, body: &str) {
    let claim = with(accreditation(id, body, "certification-body", "moons"), json!({"scheme": "moons@2"}));
    jp.party("ab").must("accreditation-granted", claim).await;
}

/// cb-2 takes the place of cb-1, by the command line; the entry that confirms it.
async fn merge(jp: &Registry) -> u64 {
    let (from, until) = (day(0), day(30));
    let words = ["succession", "agree", "cb-1", "--by", "cb-2", "--from", &from, "--until", &until];
    for body in ["cb-1", "cb-2"] {
        jp.party(body).cli(&words).await;
    }
    let words = ["succession", "confirm", "cb-1", "--by", "cb-2", "--reason", "merged"];
    let refused = jp.party("cb-2").cli_refused(&words).await;
    assert!(refused.contains("role-not-entitled"), "{refused}");
    let said = jp.party("ministry").cli(&words).await;
    said["index"].as_u64().unwrap_or_else(|| panic!("{said}"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_body_merges_and_its_successor_goes_on_at_home_and_abroad() {
    let federation = Federation::start(&["jp", "eu"]).await;
    federation.peer("jp", "eu").await;
    let (jp, eu) = (federation.registry("jp"), federation.registry("eu"));
    two_schemes(&federation).await;
    let mut home = Events::open(&jp.public(), "/v1/events?type=body&type=verdict", None).await.unwrap();
    let entry = merge(jp).await;
    assert_eq!(home.until("body.succeeded").await["data"]["successor"], "cb-2");

    // What it is not accredited for follows the scheme; buyers of both countries hear of it, and why.
    let event = home.until("verdict.basis-window").await;
    let cause = &event["data"]["after"]["lapsed"]["cause"];
    assert_eq!(
        (event["subject"].as_str(), cause),
        (Some("jp:V-2"), &json!({"what": "body-succeeded", "entry": entry}))
    );
    let gap = |one: &Value| one["gaps"][0]["code"] == "basis-window";
    let abroad = eu.recognises("jp:V-2", gap).await;
    assert!(abroad["gaps"][0]["text"].as_str().unwrap().contains("took the place of its body"), "{abroad}");
    assert_eq!(eu.verdict("jp:V-1").await["recognition"]["outcome"], "recognised");

    // One speaks, the other does no more.
    let refused = jp.party("cb-1").cli_refused(&["suspend", "V-1", "--reason", "late"]).await;
    assert!(refused.contains("body-is-succeeded"), "{refused}");
    jp.party("cb-2").cli(&["suspend", "V-1", "--reason", "as-found"]).await;
    eu.recognises("jp:V-1", |one| one["gaps"][0]["code"] == "verdict-suspended").await;
    jp.party("cb-2").cli(&["restore", "V-1", "--reason", "corrected"]).await;
    eu.recognises("jp:V-1", |one| one["outcome"] == "recognised").await;
    accredit(jp, "M-2", "cb-2").await;
    eu.recognises("jp:V-2", |one| one["outcome"] == "recognised" && one.get("gaps").is_none()).await;

    told(jp).await;
    let before = jp.must_ask("/v1/parties").await;
    federation.node("jp").kill();
    federation.restart("jp").await;
    assert_eq!(jp.must_ask("/v1/parties").await, before, "after a kill as before");
}

/// What whoever asks is told in two languages, and what a bundle proves that needs no registry.
async fn told(jp: &Registry) {
    let buyer = jp.party("buyer-1");
    for (language, words) in [("en", "took the place of cb-1"), ("ja", "承継")] {
        let standing = buyer.cli(&["--lang", language, "standing", claims::SUPPLIER, "--scheme", "stars@1"]).await;
        assert!(standing["explanation"].as_str().unwrap().contains(words), "{standing}");
        assert_eq!(standing["holdings"][0]["own"]["answeredBy"]["body"], "cb-2");
    }
    let verdict = jp.verdict("jp:V-1").await;
    let last = verdict["history"].as_array().unwrap().last().unwrap();
    assert_eq!(
        (&last["by"], &last["inPlaceOf"], &verdict["now"]["issuer"]),
        (&json!("cb-2"), &json!("cb-1"), &json!("cb-1"))
    );
    let listed = buyer.cli(&["succession", "list"]).await;
    assert_eq!(listed["parties"][0]["succeeded"]["successor"], "cb-2", "{listed}");
    let own = proven(jp, &buyer, "jp:V-1", |own| own["history"].as_array().is_some_and(|all| all.len() == 3)).await;
    assert_eq!((&own["answeredBy"]["body"], &own["inForce"]), (&json!("cb-2"), &json!(true)), "{own}");
}

/// What a bundle says of a verdict once the newest entries are sealed.
async fn proven(jp: &Registry, buyer: &Party, verdict: &str, wanted: impl Fn(&Value) -> bool) -> Value {
    let away = tempfile::tempdir().unwrap();
    let (bundle, policy) = (away.path().join("bundle.json"), away.path().join("policy.toml"));
    let (bundle, policy) = (bundle.to_str().unwrap(), policy.to_str().unwrap());
    jp.run(&["policy", "init", policy, "--genesis", jp.folder().genesis().to_str().unwrap()]);
    soon("the proof covers it", async || {
        let _ = std::fs::remove_file(bundle);
        buyer.cli(&["prove", verdict, "--out", bundle]).await;
        let said = buyer.cli(&["verify", bundle, "--trust", policy]).await;
        let own = said["finding"]["own"].clone();
        if wanted(&own) { Ok(own) } else { Err(said.to_string()) }
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_registry_ends_and_its_log_stays() {
    let federation = Federation::start(&["mm", "jp"]).await;
    federation.peer("mm", "jp").await;
    let (mm, jp) = (federation.registry("mm"), federation.registry("jp"));
    let keeps = with(rule("R-1", "mm", "jp", "stars"), json!({"onEnd": "keep"}));
    federation.arrange(&terms("A-1", "bilateral", &["mm", "jp"], vec![keeps])).await;
    let grant = mm.party("cb-1").sign("verdict-granted", verdict("V-1"));
    let receipt = mm.party("cb-1").send(grant.clone()).await.unwrap();
    jp.recognises("mm:V-1", |one| one["outcome"] == "recognised").await;
    // Somebody who watches one supplier only, and hears of it all the same.
    let path = "/v1/events?supplier=lei:5493001KJTIIGC8Y1R12&type=verdict";
    let mut events = Events::open(&mm.public(), path, None).await.unwrap();

    let url = jp.config().http.public_url.clone();
    let away = tempfile::tempdir().unwrap();
    let (file, genesis) = (away.path().join("accepted.jws"), jp.folder().genesis());
    let (file, genesis) = (file.to_str().unwrap(), genesis.to_str().unwrap());
    jp.run(&["succession", "accept", "mm", "--until", &day(30), "--out", file]);
    let close = ["close", "--successor", "jp", "--acceptance", file, "--genesis", genesis, "--reason", "merged"];
    let refused = mm.command(&close).output().unwrap();
    assert!(String::from_utf8_lossy(&refused.stderr).contains("A-1"), "{refused:?}");
    let end = json!({"id": "A-1", "effective": day(0), "reason": reason("merged")});
    mm.operator().must("arrangement-ended", end).await;
    jp.recognises("mm:V-1", |one| one["gaps"][0]["code"] == "kept-after-end").await;
    mm.run(&close);

    let event = loop {
        match events.next().await {
            Some(Frame::Event { event, .. }) => break event,
            Some(Frame::Checkpoint(_)) => {}
            None => panic!("the stream ended"),
        }
    };
    assert_eq!((&event["data"]["successor"], &event["data"]["httpUrl"]), (&json!("jp"), &json!(url)), "{event}");
    jp.soon("/v1/peers", |answer| answer["peers"][0]["closed"]["successor"] == "jp").await;
    let refused = mm.party("cb-1").cli_refused(&["suspend", "V-1", "--reason", "late"]).await;
    assert!(refused.contains("registry-is-closed"), "{refused}");

    // It is asked as ever, and says where to go on; what it holds stays proven, also behind a restart.
    federation.node("mm").kill();
    federation.restart("mm").await;
    let standing = mm.party("buyer-1").cli(&["standing", claims::SUPPLIER, "--scheme", "stars@1"]).await;
    assert!(standing["explanation"].as_str().unwrap().contains(&url), "{standing}");
    assert_eq!(jp.verdict("mm:V-1").await["recognition"]["outcome"], "recognised");
    receipt.check(&grant, &mm.log_keys().await).unwrap();
    let own = proven(mm, &mm.party("buyer-1"), "mm:V-1", |own| own["inForce"] == true).await;
    assert_eq!(own["then"]["issuer"], "cb-1");
    whoever_is_shown_a_verdict_is_shown_the_end(mm, away.path()).await;
}

/// A bundle says that its registry ended, and who goes on; a policy that wants no such answer gets none.
async fn whoever_is_shown_a_verdict_is_shown_the_end(mm: &Registry, away: &Path) {
    let (buyer, place) = (mm.party("buyer-1"), |name: &str| away.join(name).to_str().unwrap().to_owned());
    let genesis = mm.folder().genesis();
    let genesis = ["--genesis", genesis.to_str().unwrap()];
    for (policy, more) in [("told.toml", &[][..]), ("refused.toml", &["--refuse-closed"])] {
        mm.run(&[&["policy", "init", &place(policy)][..], &genesis, more].concat());
    }
    let bundle = place("end.json");
    let said = soon("the proof covers the end", async || {
        let _ = std::fs::remove_file(&bundle);
        buyer.cli(&["prove", "mm:V-1", "--out", &bundle]).await;
        let said = buyer.cli(&["verify", &bundle, "--trust", &place("told.toml")]).await;
        if said["closed"]["successor"] == "jp" { Ok(said) } else { Err(said.to_string()) }
    })
    .await;
    let refused = buyer.cli_refused(&["verify", &bundle, "--trust", &place("refused.toml")]).await;
    assert!(refused.contains("registry-closed") && refused.contains("its successor is jp"), "{refused}");
    let then = said["finding"]["own"]["history"][0]["at"].as_str().unwrap();
    let before = buyer.cli(&["verify", &bundle, "--trust", &place("refused.toml"), "--at", then]).await;
    assert_eq!(before["closed"]["successor"], "jp", "what it was before the end may be asked: {before}");
}
