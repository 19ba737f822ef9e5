//! An arrangement lives: proposed, accepted, amended, suspended by one side alone, ended; whoever is killed at which step. In the
//! end both logs tell the same, each step once.

use serde_json::{Value, json};
use tests::claims::{self, day, reason, rule, signed, terms, verdict, with};
use tests::federation::{force, in_force};
use tests::{Events, Federation, Registry, soon};

use super::hostile_peer::{counted, counts};

const VERDICT: &str = "jp:V-1";
/// Proposals of one peer that may wait.
const ROOM: usize = 64;

/// The terms of a version: the second one counts three stars at most.
fn version(number: u32) -> Value {
    let first = rule("R-1", "jp", "eu", "stars");
    let rule = if number == 1 { first } else { with(first, json!({"levels": {"max": "3"}})) };
    with(terms("A-1", "bilateral", &["jp", "eu"], vec![rule]), json!({"version": number, "from": "2026-01-01"}))
}

fn digest(terms: &Value) -> String {
    signed(terms)["digest"].as_str().unwrap().to_owned()
}

async fn arrangement(registry: &Registry) -> Value {
    registry.must_ask("/v1/arrangements").await["arrangements"][0].clone()
}

/// Waits until terms of a version that `by` signed wait at `registry` for `of`.
async fn waits(registry: &Registry, number: u32, (by, of): (&str, &str)) {
    let wanted = json!([{"version": number, "digest": digest(&version(number)), "signed": [by], "missing": [of]}]);
    soon(&format!("version {number} waits for {of}"), async || {
        let found = arrangement(registry).await["proposals"].clone();
        if found == wanted { Ok(()) } else { Err(found.to_string()) }
    })
    .await;
}

/// Signs exactly what the other side proposed.
async fn accepts(registry: &Registry, number: u32) {
    let (version, digest) = (format!("A-1@{number}"), digest(&version(number)));
    registry.operator().cli(&["arrangement", "accept", &version, "--digest", &digest]).await;
}

/// `kill -9`, and a new start.
async fn again(federation: &Federation, id: &str) {
    federation.node(id).kill();
    federation.restart(id).await;
}

/// Who did what, in the order of the alphabet, for each log has its own.
async fn acts(registry: &Registry) -> Vec<String> {
    let acts = arrangement(registry).await["acts"].clone();
    let word = |act: &Value| act.as_object().map_or_else(String::new, |act| act.keys().next().unwrap().clone());
    let mut told: Vec<String> =
        acts.as_array().unwrap().iter().map(|one| format!("{} {}", one["registry"], word(&one["act"]))).collect();
    told.sort();
    told
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_step_survives_a_kill_and_both_sides_agree() {
    let federation = Federation::start(&["jp", "eu"]).await;
    federation.peer("jp", "eu").await;
    let (jp, eu) = (federation.registry("jp"), federation.registry("eu"));
    jp.party("cb-1").must("verdict-granted", verdict("V-1")).await;

    // Proposed, and killed before the other side can be told; accepted, and killed likewise.
    jp.operator().must("arrangement-signed", signed(&version(1))).await;
    again(&federation, "jp").await;
    waits(eu, 1, ("jp", "eu")).await;
    accepts(eu, 1).await;
    again(&federation, "eu").await;
    for registry in [jp, eu] {
        in_force(registry, "A-1").await;
    }
    eu.recognises(VERDICT, |one| one["outcome"] == "recognised").await;

    amended(&federation).await;
    suspended_alone(&federation).await;

    // Ended by one side, and killed before the other side can be told.
    let end = json!({"id": "A-1", "effective": day(0), "reason": reason("superseded")});
    jp.operator().must("arrangement-ended", end).await;
    again(&federation, "jp").await;
    force(eu, "A-1", "ended").await;
    eu.recognises(VERDICT, |one| one["gaps"].to_string().contains("arrangement-ended")).await;
    assert_eq!(acts(jp).await, acts(eu).await, "each step is in both logs, once");
    assert_eq!(acts(eu).await.len(), 7);
    told(eu).await;
}

/// What each act did to what is recognised is listed beside what lapses do.
async fn told(eu: &Registry) {
    eu.soon("/v1/cascades", |listed| {
        let all = listed["cascades"].as_array().unwrap();
        all.iter().any(|one| one["cause"]["what"] == "arrangement-ended")
            && all.iter().all(|one| one["finished"] == true)
    })
    .await;
    let listed = eu.must_ask("/v1/cascades").await;
    let all = listed["cascades"].as_array().unwrap();
    for what in ["arrangement-amended", "arrangement-suspended", "arrangement-restored", "arrangement-ended"] {
        let one = all.iter().find(|one| one["cause"]["what"] == what).unwrap_or_else(|| panic!("{what}: {listed}"));
        assert_eq!(
            (&one["done"], &one["registry"], &one["arrangement"]),
            (&json!(1), &json!("jp"), &json!("A-1")),
            "{one}"
        );
        let says = ["arrangement-suspended", "arrangement-ended"].contains(&what);
        assert_eq!(one["effects"][0]["rule"] == "R-1", says, "{one}");
    }
}

/// The other side is away while a new version is proposed; until it signs, the old one holds.
async fn amended(federation: &Federation) {
    let (jp, eu) = (federation.registry("jp"), federation.registry("eu"));
    federation.node("jp").kill();
    eu.operator().must("arrangement-signed", signed(&version(2))).await;
    again(federation, "eu").await;
    federation.restart("jp").await;
    waits(jp, 2, ("eu", "jp")).await;
    let held = eu.verdict(VERDICT).await["recognition"].clone();
    assert_eq!((&held["arrangement"]["version"], &held["outcome"]), (&json!(1), &json!("recognised")));
    accepts(jp, 2).await;
    again(federation, "jp").await;
    let new = eu.recognises(VERDICT, |one| one["arrangement"]["version"] == 2).await;
    assert_eq!((&new["outcome"], &new["gaps"][0]["code"]), (&json!("partial"), &json!("level-capped")));
    let low = claims::signed(&version(1));
    let refused = jp.operator().say("arrangement-signed", low).await.unwrap_err();
    assert!(refused.to_string().contains("higher version"), "{refused}");
}

/// One side suspends while the other is away: it binds at once here, and there once it is back.
async fn suspended_alone(federation: &Federation) {
    let (jp, eu) = (federation.registry("jp"), federation.registry("eu"));
    let step = || json!({"id": "A-1", "reason": reason("security-incident")});
    federation.node("jp").kill();
    eu.operator().must("arrangement-suspended", step()).await;
    eu.recognises(VERDICT, |one| one["outcome"] == "refused").await;
    again(federation, "eu").await;
    federation.restart("jp").await;
    force(jp, "A-1", "suspended").await;
    eu.operator().must("arrangement-restored", step()).await;
    again(federation, "eu").await;
    force(jp, "A-1", "in-force").await;
    eu.recognises(VERDICT, |one| one["outcome"] == "partial").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_peer_that_floods_proposals_is_cut_short_until_it_is_answered() {
    let federation = Federation::start_in_one_process(&["jp", "eu"]).await;
    federation.peer("jp", "eu").await;
    let (jp, eu) = (federation.registry("jp"), federation.registry("eu"));
    // Half of them are arrangements, half of them versions of one.
    let proposal = |number: usize| {
        let (id, version) = if number < ROOM / 2 { (format!("P-{number}"), 1) } else { ("P-0".to_owned(), number) };
        with(
            terms(&id, "bilateral", &["jp", "eu"], vec![rule("R-1", "jp", "eu", "stars")]),
            json!({"version": version}),
        )
    };
    for number in 0..ROOM {
        eu.operator().must("arrangement-signed", signed(&proposal(number))).await;
    }
    assert_eq!(waiting(jp, ROOM).await, ROOM);
    eu.operator().must("arrangement-signed", signed(&proposal(ROOM))).await;
    counts(eu, "notice-refused", 0).await;
    assert_eq!(waiting(jp, ROOM).await, ROOM, "one more is not taken");
    // The answer to the newest version that is there answers all older ones, and makes room for what was refused.
    jp.operator().must("arrangement-signed", signed(&proposal(ROOM - 1))).await;
    let version = |one: &Value, number: usize| one["id"] == "P-0" && one["proposals"][0]["version"] == number;
    jp.soon("/v1/arrangements?limit=1000", |all| {
        all["arrangements"].as_array().unwrap().iter().any(|one| version(one, ROOM))
    })
    .await;
    assert_eq!(waiting(jp, ROOM / 2).await, ROOM / 2);
    eu.operator().must("arrangement-signed", signed(&proposal(ROOM + 1))).await;
    assert_eq!(waiting(jp, ROOM / 2 + 1).await, ROOM / 2 + 1);
}

/// An authority signs before the other side follows the log that says who it is: it is believed once that is known.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_act_of_somebody_who_is_not_known_yet_is_told_again() {
    let federation = Federation::start_in_one_process(&["jp", "eu"]).await;
    federation.peer("jp", "eu").await;
    let (jp, eu) = (federation.registry("jp"), federation.registry("eu"));
    let of = |id: &str| terms(id, "bilateral", &["jp", "eu"], vec![rule("R-1", "eu", "jp", "stars")]);
    eu.party("ministry").must("arrangement-signed", signed(&of("A-2"))).await;
    counts(eu, "notice-refused", 0).await;
    assert_eq!(waiting(jp, 0).await, 0, "nobody here knows the ministry");
    federation.arrange(&of("A-1")).await;
    assert_eq!(waiting(jp, 1).await, 1);
}

/// A notice that reached the other side's server, and whose reader was killed before it recorded it, is told again and recorded once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_notice_that_was_under_way_when_its_reader_was_killed_counts_once() {
    let federation = Federation::start(&["jp", "eu"]).await;
    federation.peer("jp", "eu").await;
    let (jp, eu) = (federation.registry("jp"), federation.registry("eu"));
    federation.arrange(&version(1)).await;
    let step = || json!({"id": "A-1", "reason": reason("security-incident")});
    let before = counted(eu, "unreachable").await;
    federation.node("jp").freeze();
    eu.operator().must("arrangement-suspended", step()).await;
    // What was asked of it since is at its server, and nobody answered; which of it was the notice cannot be seen from here.
    counts(eu, "unreachable", before).await;
    again(&federation, "jp").await;
    force(jp, "A-1", "suspended").await;
    eu.operator().must("arrangement-restored", step()).await;
    force(jp, "A-1", "in-force").await;
    assert_eq!(acts(jp).await, acts(eu).await, "each step is in both logs, once");
    assert_eq!(acts(eu).await.len(), 4);
}

/// How many proposals wait at a registry, once there are as many as wanted.
async fn waiting(registry: &Registry, wanted: usize) -> usize {
    soon(&format!("{wanted} proposals wait"), async || {
        let all = registry.must_ask("/v1/arrangements?limit=1000").await["arrangements"].clone();
        let count = |one: &Value| one["proposals"].as_array().map_or(0, Vec::len);
        let found = all.as_array().into_iter().flatten().map(count).sum::<usize>();
        if found == wanted { Ok(found) } else { Err(found.to_string()) }
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rule_that_asks_for_surveillance_follows_the_reports_abroad() {
    let federation = Federation::start_in_one_process(&["jp", "eu"]).await;
    federation.peer("jp", "eu").await;
    let (jp, eu) = (federation.registry("jp"), federation.registry("eu"));
    let conditions = json!({
        "requires": {"surveillanceWithinMonths": 3}, "sectors": ["isic4.C"], "sites": {"countries": ["JP"]},
    });
    let rule = with(rule("R-1", "jp", "eu", "stars"), conditions);
    federation.arrange(&terms("A-1", "bilateral", &["jp", "eu"], vec![rule])).await;
    let sites = json!([{"name": "Osaka", "country": "JP"}, "Reno"]);
    let granted = json!({"validFrom": day(-150), "sectors": ["isic4.C"], "sites": sites});
    jp.party("cb-1").must("verdict-granted", with(verdict("V-1"), granted)).await;
    let old = eu.recognises(VERDICT, |one| one["outcome"] == "refused").await;
    assert_eq!(old["gaps"][0]["code"], "surveillance-too-old", "{old}");
    let conforming = json!({"outcome": "conforming", "recommendation": "none"});
    jp.party("audit").must("report-filed", with(claims::report("S-1", "V-1"), conforming)).await;
    let new = eu.recognises(VERDICT, |one| one["outcome"] == "partial").await;
    assert_eq!((&new["gaps"][0]["code"], &new["surveilled"]), (&json!("site-not-covered"), &json!(day(0))));
    let told = json!({"verdict": "V-2", "sectors": ["isic4.K"], "sites": [], "object": {"kind": "organization", "name": "Works 2"}});
    jp.party("cb-1").must("verdict-granted", with(verdict("V-2"), told)).await;
    let other = eu.recognises("jp:V-2", |one| one["outcome"] == "refused").await;
    let gaps: Vec<&Value> = other["gaps"].as_array().unwrap().iter().map(|gap| &gap["code"]).collect();
    assert_eq!(gaps, ["no-sector-covered", "sites-not-stated"]);
}

/// The terms of the second arrangement between these schemes, version by version.
fn covering(number: u32, schemes: &[&str]) -> Value {
    let rules = schemes.iter().map(|scheme| rule(&format!("for-{scheme}"), "jp", "eu", scheme)).collect();
    with(terms("S-1", "bilateral", &["jp", "eu"], rules), json!({"version": number}))
}

/// A wider version brings the past of what it takes in; a narrower one stops it, and what is there already counts no longer, which whoever
/// asks is told with the version that did it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wider_version_fills_in_the_past_and_a_narrower_one_stops() {
    let federation = Federation::start(&["jp", "eu"]).await;
    federation.peer("jp", "eu").await;
    let (jp, eu) = (federation.registry("jp"), federation.registry("eu"));
    let body = jp.party("cb-1");
    let moons = |id: &str| with(verdict(id), json!({"scheme": "moons@1"}));
    federation.arrange(&covering(1, &["stars"])).await;
    for id in ["M-1", "M-2"] {
        body.must("verdict-granted", moons(id)).await;
    }
    body.must("verdict-changed", claims::change("M-2", json!("suspended"))).await;
    body.must("verdict-granted", verdict("V-1")).await;
    eu.recognises(VERDICT, |one| one["outcome"] == "recognised").await;
    assert!(eu.ask("/v1/verdicts/jp:M-1").await.is_err(), "nothing of another scheme crosses");

    federation.arrange(&covering(2, &["stars", "moons"])).await;
    let wide = eu.recognises("jp:M-1", |one| one["outcome"] == "recognised").await;
    assert_eq!((&wide["rule"], &wide["arrangement"]["version"]), (&json!("for-moons"), &json!(2)));
    let past = eu.recognises("jp:M-2", |one| one["outcome"] == "refused").await;
    assert_eq!(past["gaps"][0]["code"], "verdict-suspended", "with what happened to it before: {past}");
    body.must("verdict-changed", claims::change("M-2", json!("restored"))).await;
    eu.recognises("jp:M-2", |one| one["outcome"] == "recognised").await;

    let mut stream = Events::open(&eu.public(), "/v1/events?type=recognition.refused", None).await.unwrap();
    federation.arrange(&covering(3, &["stars"])).await;
    for id in ["jp:M-1", "jp:M-2"] {
        let event = stream.until("recognition.refused").await;
        let told = &event["data"]["recognition"];
        assert_eq!((&told["verdict"], &told["gaps"][0]["code"]), (&json!(id), &json!("no-longer-covered")), "{event}");
        assert_eq!(event["data"]["cause"]["arrangement"]["id"], "S-1", "{event}");
    }
    no_longer(&federation).await;
}

/// What is told of verdicts that a narrower version left out, before a kill and after it; and nothing new of that scheme comes.
async fn no_longer(federation: &Federation) {
    let (jp, eu) = (federation.registry("jp"), federation.registry("eu"));
    let body = jp.party("cb-1");
    body.must("verdict-granted", with(verdict("M-3"), json!({"scheme": "moons@1"}))).await;
    body.must("verdict-changed", claims::change("M-1", json!("withdrawn"))).await;
    body.must("verdict-granted", verdict("V-2")).await;
    eu.recognises("jp:V-2", |one| one["outcome"] == "recognised" && one["arrangement"]["version"] == 3).await;
    let before = eu.verdict("jp:M-1").await;
    again(federation, "eu").await;
    eu.recognises(VERDICT, |one| one["outcome"] == "recognised" && one["arrangement"]["version"] == 3).await;
    let after = eu.verdict("jp:M-1").await;
    assert_eq!(after["recognition"], before["recognition"]);
    assert_eq!(after["recognition"]["state"], "granted", "what became of it there is not shown here");
    assert!(eu.ask("/v1/verdicts/jp:M-3").await.is_err(), "statements of that scheme stopped");
    for (language, words) in [("en", "version 3 of the arrangement leaves moons@1 out"), ("ja", "第 3 版が moons@1")]
    {
        let standing =
            eu.party("buyer-1").cli(&["--lang", language, "standing", claims::SUPPLIER, "--scheme", "moons"]).await;
        let rows = standing["holdings"].as_array().unwrap();
        assert_eq!(rows.len(), 2, "{standing}");
        assert!(rows.iter().all(|row| row["foreign"]["counts"] == false), "{standing}");
        assert!(standing.to_string().contains(words), "{standing}");
    }
}
