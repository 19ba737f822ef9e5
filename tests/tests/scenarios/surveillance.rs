//! An audit body reads what is due and reports; who looked too late, or recommends to suspend, is heard abroad; and the registry
//! itself suspends on a report alone.

use registry_node::client::ClientError;
use serde_json::{Value, json};
use tests::claims::{accreditation, day, rule, scheme, terms, verdict, with};
use tests::{Events, Federation, Registry};

/// `stars@2`: a report each year, 60 days of grace, and the registry may suspend on a report.
async fn surveilled(jp: &Registry) {
    let grace = json!({"transfer-window": {"days": 60}});
    let surveillance = json!({"by": "audit-body", "everyMonths": 12, "onOverdue": grace, "registrySuspends": true});
    let claim = with(scheme("stars"), json!({"scheme": "stars@2", "surveillance": surveillance}));
    jp.party("ministry").must("scheme-published", claim).await;
    for (id, body, role) in [("L-1", "cb-1", "certification-body"), ("L-2", "audit", "audit-body")] {
        let claim = with(accreditation(id, body, role, "stars"), json!({"scheme": "stars@2"}));
        jp.party("ab").must("accreditation-granted", claim).await;
    }
}

async fn grant(jp: &Registry, id: &str, first: i64, profile: &str) {
    let supplier = json!({"id": format!("local:list:{id}"), "name": format!("Works {id}"), "country": "JP"});
    let patch = json!({"scheme": "stars@2", "supplier": supplier, "profile": profile, "validFrom": day(first)});
    jp.party("cb-1").must("verdict-granted", with(verdict(id), patch)).await;
}

fn verdicts(answer: &Value) -> Vec<&str> {
    let items = answer["surveillance"].as_array().unwrap_or_else(|| panic!("{answer}"));
    items.iter().map(|item| item["verdict"].as_str().unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_schedule_is_read_and_what_is_missed_or_recommended_is_heard_abroad() {
    let federation = Federation::start(&["jp", "eu"]).await;
    federation.peer("jp", "eu").await;
    let (jp, eu) = (federation.registry("jp"), federation.registry("eu"));
    surveilled(jp).await;
    let rule = with(rule("R-1", "jp", "eu", "stars"), json!({"scheme": "stars@2"}));
    federation.arrange(&terms("A-1", "bilateral", &["jp", "eu"], vec![rule])).await;
    grant(jp, "V-1", -390, "open").await;
    grant(jp, "V-2", -10, "open").await;
    grant(jp, "V-3", -5, "restricted").await;
    for id in ["jp:V-1", "jp:V-2"] {
        eu.recognises(id, |one| one["outcome"] == "recognised").await;
    }

    // Whoever has no affair with it sees nothing, and whoever shows no certificate is told so.
    let (audit, body) = (jp.party("audit"), jp.party("cb-1"));
    let due = audit.cli(&["surveillance", "due"]).await;
    assert_eq!(verdicts(&due), ["jp:V-1"]);
    assert!(due["surveillance"][0]["overdueSince"].is_string(), "{due}");
    assert_eq!(verdicts(&audit.cli(&["surveillance", "list"]).await), ["jp:V-1", "jp:V-2"]);
    assert_eq!(verdicts(&body.cli(&["surveillance", "list", "--from", &day(0)]).await), ["jp:V-2", "jp:V-3"]);
    assert!(verdicts(&jp.party("buyer-1").cli(&["surveillance", "list"]).await).is_empty());
    assert!(matches!(jp.ask("/v1/surveillance").await, Err(ClientError::Problem { .. })));

    // A node that starts catches up with what time brought about.
    federation.node("jp").kill();
    federation.restart("jp").await;
    let late = eu.recognises("jp:V-1", |one| one.to_string().contains("surveillance-overdue")).await;
    assert_eq!((&late["outcome"], &late["gaps"][0]["code"]), (&json!("recognised"), &json!("basis-window")));
    let standing = jp.party("buyer-1").cli(&["standing", "local:list:V-1", "--scheme", "stars@2"]).await;
    assert!(standing["because"].to_string().contains("surveillance-overdue"), "{standing}");
    let (first, last) = (day(-9), day(0));
    let report = |id: &'static str, verdict: &'static str| {
        ["report", verdict, "--id", id, "--from", &first, "--to", &last].map(str::to_owned).to_vec()
    };
    let filed = async |mut words: Vec<String>, found: &[&str]| {
        words.extend(found.iter().map(|word| (*word).to_owned()));
        audit.cli(&words.iter().map(String::as_str).collect::<Vec<_>>()).await
    };
    filed(report("P-1", "V-1"), &["--outcome", "conforming"]).await;
    eu.recognises("jp:V-1", |one| one.get("gaps").is_none()).await;
    assert!(verdicts(&audit.cli(&["surveillance", "due"]).await).is_empty());

    // A recommendation is for the body; the registry follows it where it names the report.
    filed(report("P-1", "V-2"), &["--outcome", "finding", "--recommend", "suspend"]).await;
    let seen = body.cli(&["surveillance", "list", "--until", &day(400)]).await;
    assert!(seen["surveillance"].to_string().contains(r#""recommendation":"suspend""#), "{seen}");
    let ministry = jp.party("ministry");
    let alone = ministry.cli_refused(&["suspend", "V-2", "--reason", "not-answered"]).await;
    assert!(alone.contains("name that report"), "{alone}");
    ministry.cli(&["suspend", "V-2", "--recommended-by", "P-1", "--reason", "not-answered"]).await;
    eu.recognises("jp:V-2", |one| one["gaps"][0]["code"] == "verdict-suspended").await;
    let early = body.cli_refused(&["restore", "V-2", "--reason", "corrected"]).await;
    assert!(early.contains("later report"), "{early}");
    filed(report("P-2", "V-2"), &["--outcome", "conforming"]).await;
    body.cli(&["restore", "V-2", "--reason", "corrected"]).await;
    eu.recognises("jp:V-2", |one| one["outcome"] == "recognised").await;
    let history = jp.verdict("jp:V-2").await["history"].clone();
    assert_eq!(history[2]["recommendedBy"], "P-1", "{history}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_pending_is_seen_and_each_step_of_a_life_is_heard_abroad() {
    let federation = Federation::start_in_one_process(&["jp", "eu"]).await;
    federation.peer("jp", "eu").await;
    let (jp, eu) = (federation.registry("jp"), federation.registry("eu"));
    surveilled(jp).await;
    let other = with(accreditation("L-3", "cb-2", "certification-body", "stars"), json!({"scheme": "stars@2"}));
    jp.party("ab").must("accreditation-granted", other).await;
    let rule = with(rule("R-1", "jp", "eu", "stars"), json!({"scheme": "stars@2"}));
    federation.arrange(&terms("A-1", "bilateral", &["jp", "eu"], vec![rule])).await;
    grant(jp, "V-1", -10, "open").await;
    let mut events = Events::open(&jp.public(), "/v1/events?type=verdict", None).await.unwrap();
    let (one, two) = (jp.party("cb-1"), jp.party("cb-2"));

    for mark in ["appeal", "complaint"] {
        for (step, pending) in [("opened", true), ("closed", false)] {
            one.cli(&["change", "V-1", &format!("{mark}-{step}"), "--reason", "as-filed"]).await;
            let event = events.until(&format!("verdict.{mark}-{step}")).await;
            assert_eq!(event["data"]["after"]["marks"][mark], pending, "{event}");
            assert_eq!(jp.verdict("jp:V-1").await["now"]["marks"][mark], pending);
        }
    }
    let conditions = json!({"conditional": {"text": "Close finding 3", "deadline": day(20)}});
    one.change("V-1", conditions).await.unwrap();
    eu.recognises("jp:V-1", |row| row["conditions"]["deadline"] == json!(day(20))).await;
    one.cli(&["change", "V-1", "conditions-met", "--reason", "corrected"]).await;
    events.until("verdict.conditions-met").await;
    eu.recognises("jp:V-1", |row| row.get("conditions").is_none()).await;
    one.cli(&["renew", "V-1", "--until", &day(800), "--reason", "recertified"]).await;
    eu.recognises("jp:V-1", |row| row["validUntil"] == json!(day(800))).await;
    one.change("V-1", json!({"transferred": {"to": "cb-2"}})).await.unwrap();
    let lost = one.change("V-1", json!("suspended")).await.unwrap_err();
    assert!(lost.to_string().contains("decided by cb-2"), "{lost}");
    assert_eq!(verdicts(&two.cli(&["surveillance", "list"]).await), ["jp:V-1"]);
    two.cli(&["annul", "V-1", "--reason", "granted-in-error"]).await;
    eu.recognises("jp:V-1", |row| row["gaps"][0]["code"] == "verdict-annulled").await;
    assert!(verdicts(&two.cli(&["surveillance", "list"]).await).is_empty());
    // Who lost a verdict may appeal against just that.
    two.cli(&["change", "V-1", "appeal-opened", "--reason", "as-filed"]).await;
    assert_eq!(jp.verdict("jp:V-1").await["state"], "annulled");
}
