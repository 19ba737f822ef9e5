//! An accreditation falls: buyers of two countries hear of each verdict that rested on it, and how long it still counts; and a node
//! that is killed while it tells of very many tells of each once.

use std::collections::BTreeSet;

use bytes::Bytes;
use conformity::statement::Claim;
use credential::statement::read_unverified;
use jiff::{SignedDuration, Timestamp};
use ledger::journal::Stored;
use ledger::jws::Unverified;
use serde_json::{Value, json};
use tests::claims::{self, accreditation, reason, rule, scheme, terms, verdict, with};
use tests::{Events, Federation, Party, Registry, soon};

/// Days of the window after a withdrawal.
const WINDOW: i64 = 180;
/// Verdicts that rest on one accreditation when the node is killed.
const MANY: usize = 10_000;
/// Lines of one submission.
const LINES: usize = 1_000;

/// `stars@2`: a window after a withdrawal, an end at once by a suspension. Both bodies are accredited under it.
async fn lapsing(jp: &Registry) {
    let effects = json!({"suspended": "cease", "withdrawn": {"transfer-window": {"days": WINDOW}}});
    let claim = with(scheme("stars"), json!({"scheme": "stars@2", "onAccreditation": effects}));
    jp.party("ministry").must("scheme-published", claim).await;
    for (id, body) in [("L-1", "cb-1"), ("L-2", "cb-2")] {
        let claim = with(accreditation(id, body, "certification-body", "stars"), json!({"scheme": "stars@2"}));
        jp.party("ab").must("accreditation-granted", claim).await;
    }
}

async fn accredits(jp: &Registry, change: &str) -> Timestamp {
    let claim = json!({"id": "L-1", "change": change, "reason": reason("as-found")});
    jp.party("ab").must("accreditation-changed", claim).await.time
}

fn granted(id: &str) -> Value {
    with(verdict(id), json!({"scheme": "stars@2"}))
}

/// What a lapse says of a verdict in an event or an answer.
fn window(lapsed: &Value) -> &Value {
    &lapsed["consequence"]["transfer-window"]["until"]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn buyers_of_two_countries_hear_of_each_verdict_and_its_deadline() {
    let federation = Federation::start(&["jp", "eu"]).await;
    federation.peer("jp", "eu").await;
    let (jp, eu) = (federation.registry("jp"), federation.registry("eu"));
    lapsing(jp).await;
    let rule = with(rule("R-1", "jp", "eu", "stars"), json!({"scheme": "stars@2"}));
    federation.arrange(&terms("A-1", "bilateral", &["jp", "eu"], vec![rule])).await;
    let ids = ["V-1", "V-2", "V-3"];
    for id in ids {
        jp.party("cb-1").must("verdict-granted", granted(id)).await;
        eu.recognises(&format!("jp:{id}"), |one| one["outcome"] == "recognised").await;
    }
    let mut home = Events::open(&jp.public(), "/v1/events?type=verdict.basis-window", None).await.unwrap();
    let mut abroad = Events::open(&eu.public(), "/v1/events?type=recognition", None).await.unwrap();
    let until = accredits(jp, "withdrawn").await + SignedDuration::from_hours(24 * WINDOW);
    let until = until.to_string();
    let mut told = [BTreeSet::new(), BTreeSet::new()];
    for _ in ids {
        let event = home.until("verdict.basis-window").await;
        assert_eq!(window(&event["data"]["after"]["lapsed"]), until.as_str(), "{event}");
        told[0].insert(event["subject"].as_str().unwrap().to_owned());
        let event = abroad.until("recognition.recognised").await;
        let recognition = &event["data"]["recognition"];
        assert_eq!(recognition["gaps"][0]["code"], "basis-window", "{event}");
        assert!(recognition["explanation"].as_str().unwrap().contains(&until), "{event}");
        told[1].insert(event["subject"].as_str().unwrap().to_owned());
    }
    let all: BTreeSet<_> = ids.into_iter().map(|id| format!("jp:{id}")).collect();
    assert_eq!(told, [all.clone(), all], "each of them, at home and abroad");
    shown(jp, eu, &until).await;

    // One is taken over by a body that is accredited, and counts without an end again; of the others nothing is heard.
    jp.party("cb-1").change("V-2", json!({"transferred": {"to": "cb-2"}})).await.unwrap();
    eu.recognises("jp:V-2", |one| one["outcome"] == "recognised" && one.get("gaps").is_none()).await;
    assert_eq!(eu.verdict("jp:V-1").await["recognition"]["gaps"][0]["code"], "basis-window");
}

/// What whoever asks is told, by answers, by the command line, and by a bundle that needs no registry.
async fn shown(jp: &Registry, eu: &Registry, until: &str) {
    let now = jp.verdict("jp:V-1").await["now"].clone();
    assert_eq!(
        (&now["lapsed"]["cause"]["what"], window(&now["lapsed"])),
        (&json!("accreditation-withdrawn"), &json!(until))
    );
    let buyer = eu.party("buyer-1");
    let standing = buyer.cli(&["standing", claims::SUPPLIER, "--scheme", "stars@2"]).await;
    assert!(standing.to_string().contains(until), "{standing}");
    let listed = jp.party("buyer-1").cli(&["cascades"]).await;
    let cascade = &listed["cascades"][0];
    assert_eq!((&cascade["done"], &cascade["finished"], &cascade["until"]), (&json!(3), &json!(true), &json!(until)));
    let metrics =
        String::from_utf8(jp.public().connect().await.unwrap().get("/metrics").await.unwrap().to_vec()).unwrap();
    assert!(
        metrics.contains("registry_basis_changes_total 3") && metrics.contains("registry_basis_left 0"),
        "{metrics}"
    );
    proven(jp, until).await;
}

async fn proven(jp: &Registry, until: &str) {
    let (buyer, away) = (jp.party("buyer-1"), tempfile::tempdir().unwrap());
    let (bundle, policy) = (away.path().join("bundle.json"), away.path().join("policy.toml"));
    let genesis = jp.folder().genesis();
    jp.run(&["policy", "init", policy.to_str().unwrap(), "--genesis", genesis.to_str().unwrap()]);
    let (bundle, policy) = (bundle.to_str().unwrap(), policy.to_str().unwrap());
    soon("the proof covers the lapse", async || {
        let _ = std::fs::remove_file(bundle);
        buyer.cli(&["prove", "jp:V-1", "--out", bundle]).await;
        let said = buyer.cli(&["verify", bundle, "--trust", policy]).await;
        let own = &said["finding"]["own"];
        if window(&own["then"]["lapsed"]) != until {
            return Err(said.to_string());
        }
        assert_eq!(own["inForce"], true, "{said}");
        assert!(said["steps"].to_string().contains(&format!("stays in force until {until}")), "{said}");
        Ok(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_ceases_is_refused_abroad_until_it_holds_again() {
    let federation = Federation::start(&["jp", "eu"]).await;
    federation.peer("jp", "eu").await;
    let (jp, eu) = (federation.registry("jp"), federation.registry("eu"));
    lapsing(jp).await;
    let rule = with(
        rule("R-1", "jp", "eu", "stars"),
        json!({"scheme": "stars@2", "discloses": ["level", "scope"], "restricted": true}),
    );
    federation.arrange(&terms("A-1", "bilateral", &["jp", "eu"], vec![rule])).await;
    jp.party("cb-1").must("verdict-granted", granted("V-1")).await;
    jp.party("cb-1").must("verdict-granted", with(granted("R-1"), json!({"profile": "restricted"}))).await;
    eu.recognises("jp:V-1", |one| one["outcome"] == "recognised").await;
    let operator = eu.operator();
    restricted(&operator, |one| one["outcome"] == "recognised").await;
    accredits(jp, "suspended").await;
    let refused = |one: &Value| one["outcome"] == "refused" && one["gaps"][0]["code"] == "basis-lapsed";
    eu.recognises("jp:V-1", refused).await;
    restricted(&operator, refused).await;
    assert_eq!(jp.verdict("jp:V-1").await["state"], "granted", "its body stands behind it");
    accredits(jp, "restored").await;
    let again = |one: &Value| one["outcome"] == "recognised" && one.get("gaps").is_none();
    eu.recognises("jp:V-1", again).await;
    restricted(&operator, again).await;
    let counted = jp.must_ask("/v1/cascades").await;
    let counted = counted["cascades"].as_array().unwrap();
    assert!(counted.len() == 2 && counted.iter().all(|one| one["total"] == 1), "the restricted one is not counted");
}

/// Waits for what the operator abroad is told of the restricted verdict.
async fn restricted(operator: &Party, wanted: impl Fn(&Value) -> bool) {
    soon("the restricted verdict abroad", async || {
        let answer: Value = operator.client().json("/v1/verdicts/jp:R-1").await.map_err(|error| error.to_string())?;
        if wanted(&answer["recognition"]) { Ok(()) } else { Err(answer.to_string()) }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_is_killed_midway_tells_of_each_verdict_once() {
    let federation = Federation::create(&["jp"]);
    let jp = federation.registry("jp");
    jp.configure("external = false", "external = true");
    federation.start_all().await;
    jp.furnish().await;
    lapsing(jp).await;
    let body = jp.party("cb-1");
    for chunk in 0..MANY / LINES {
        let line = |number: usize| {
            let supplier = json!({"id": format!("local:list:{number}"), "name": "Some Works", "country": "JP"});
            body.sign("verdict-granted", with(granted(&format!("V-{number:06}")), json!({"supplier": supplier})))
        };
        let lines: Vec<Bytes> = (chunk * LINES..(chunk + 1) * LINES).map(line).collect();
        jp.bulk(&body, &lines).await;
    }
    accredits(jp, "withdrawn").await;
    let mut stopped_at = BTreeSet::new();
    for kill in 1..=3 {
        let done = soon("some are told of", async || {
            let listed = jp.ask("/v1/cascades").await.map_err(|error| error.to_string())?;
            let done = listed["cascades"][0]["done"].as_u64().unwrap_or_default();
            if done >= kill * 2_000 { Ok(done) } else { Err(listed.to_string()) }
        })
        .await;
        federation.node("jp").kill();
        stopped_at.insert(done);
        federation.restart("jp").await;
    }
    assert!(stopped_at.iter().any(|done| *done < MANY as u64), "killed midway: {stopped_at:?}");
    let whole = json!(MANY);
    jp.soon("/v1/cascades", |listed| listed["cascades"][0]["finished"] == true).await;
    let listed = jp.must_ask("/v1/cascades").await;
    let cascade = &listed["cascades"][0];
    assert_eq!((&cascade["done"], &cascade["total"]), (&whole, &whole), "{cascade}");
    let batch = &cascade["batch"];
    assert_eq!((&batch["told"], &batch["whole"]), (&whole, &json!(true)), "one batch, over all kills: {cascade}");
    federation.node("jp").kill();
    let named = named(jp);
    let once: BTreeSet<&String> = named.iter().collect();
    assert_eq!((named.len(), once.len()), (MANY, MANY), "each once");
}

/// All verdicts that are named by statements about what they rest on, by the journal.
fn named(jp: &Registry) -> Vec<String> {
    let log = jp.log();
    let mut named = Vec::new();
    for index in 0..log.size() {
        let Stored::Bytes(compact) = log.statement(index).unwrap() else { continue };
        let statement = read_unverified(&Unverified::parse(compact).unwrap()).unwrap();
        if let Claim::BasisChanged(list) = statement.claim {
            named.extend(list.verdicts.iter().map(ToString::to_string));
        }
    }
    named
}
