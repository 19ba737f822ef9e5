//! The questions of the Trust Registry Query Protocol: each with its answer, none with more than is public, all by the schemas.

use bytes::Bytes;
use conformity::party::Role;
use jiff::SignedDuration;
use serde_json::{Value, json};
use test_data::schema::fault;
use warp::http::Method;

use super::fixture::{Got, Talk, World, accreditation, day, now};
use super::neighbours::{add_peer, foreign_genesis, sign, terms, try_pin};
use crate::http::question::MAX_QUESTION;

const JP: &str = "did:web:localhost%3A7443";
const EU: &str = "did:web:localhost%3A7444";

fn party(id: &str) -> String {
    format!("{JP}:parties:{id}")
}

fn question(entity: &str, authority: &str, action: &str, resource: &str) -> Value {
    json!({"entity_id": entity, "authority_id": authority, "action": action, "resource": resource})
}

fn at(mut question: Value, time: impl ToString) -> Value {
    question["context"] = json!({"time": time.to_string()});
    question
}

async fn post(talk: &mut Talk, path: &str, question: &Value) -> Got {
    talk.post(path, "application/json", question.to_string()).await
}

/// What answers questions of one kind: its path, the member that says yes or no, and the schemas if they are there.
struct Kind {
    path: &'static str,
    outcome: &'static str,
    request: Option<Value>,
    response: Option<Value>,
}

impl Kind {
    fn new(path: &'static str, outcome: &'static str) -> Kind {
        let schema = |which| {
            let file =
                test_data::vectors(&format!("credentials/trqp-v2/trqp{}_{which}.schema.json", path.replace('/', "_")));
            file.map(|file| serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap())
        };
        Kind { path, outcome, request: schema("request"), response: schema("response") }
    }

    fn authorization() -> Kind {
        Kind::new("/authorization", "authorized")
    }

    fn recognition() -> Kind {
        Kind::new("/recognition", "recognized")
    }

    /// Asks, holds the answer to its schema and to the question, and tells outcome and message.
    async fn told(&self, talk: &mut Talk, question: &Value) -> (bool, String) {
        let got = post(talk, self.path, question).await;
        assert_eq!((got.status, got.header("content-type")), (200, "application/json"), "{question}: {got:?}");
        assert_eq!(got.header("cache-control"), "no-store");
        let answer = got.json();
        if let Some(schema) = &self.response {
            assert_eq!(fault(schema, &answer), None, "{answer}");
        }
        for member in ["entity_id", "authority_id", "action", "resource", "context"] {
            assert_eq!(answer.get(member), question.get(member), "{member}");
        }
        assert_eq!(answer.get("time_requested"), question["context"].get("time").filter(|time| *time != ""));
        let evaluated: jiff::Timestamp = answer["time_evaluated"].as_str().unwrap().parse().unwrap();
        assert!(now().duration_since(evaluated).abs() < SignedDuration::from_secs(60));
        (answer[self.outcome].as_bool().unwrap(), answer["message"].as_str().unwrap().to_owned())
    }
}

/// The furnished registry, and more: `cb-2` is suspended, `audit` withdrawn, `cb-3` expired, `lab` accredited by `meti`.
async fn accredited() -> World {
    let world = World::furnished().await;
    let (operator, jab, meti) = (world.operator(), world.person("jab"), world.person("meti"));
    world.join(&operator, "cb-3", Role::CertificationBody, json!([])).await;
    world.join(&operator, "lab", Role::EvaluationLaboratory, json!([])).await;
    let mut expired = accreditation("A-4", "cb-3", "certification-body");
    expired["until"] = json!(day(-1));
    world.must(&jab, "accreditation-granted", expired).await;
    let mut narrow = accreditation("A-5", "lab", "evaluation-laboratory");
    narrow["objects"] = json!(["site"]);
    world.must(&meti, "accreditation-granted", narrow).await;
    for (id, change) in [("A-2", "suspended"), ("A-3", "withdrawn")] {
        let claim = json!({"id": id, "change": change, "reason": {"code": "as-agreed"}});
        world.must(&jab, "accreditation-changed", claim).await;
    }
    world
}

const NOT_AUTHORIZED: &str =
    "no accreditation here, by this authority, lets this entity do this under this scheme at this time";
const NOT_RECOGNIZED: &str =
    "no arrangement here lets this authority recognize this entity's verdicts under this scheme at this time";

#[tokio::test]
#[allow(clippy::too_many_lines)] // a table, a row per case
async fn accreditations_answer_who_may_act() {
    let kind = Kind::authorization();
    let world = accredited().await;
    let mut talk = world.talk(None).await;
    let holds =
        format!("accreditation A-1 by jab is in force until {}, for viewpoints: organization, process", day(800));
    let narrow = format!(
        "accreditation A-5 by meti is in force until {}, for viewpoints: organization, process, for objects: site",
        day(800)
    );
    let expired = format!("accreditation A-4 by jab ended on {}", day(-1));
    let elsewhere = format!("this registry answers for {JP} and those under it; ask the authority's own");
    let words = "this action is not known here; ask whether an entity may: issue, audit, test, confirm";
    let ask =
        |body: &str, authority: &str, action: &str, resource: &str| question(&party(body), authority, action, resource);
    let issues = || ask("cb-1", JP, "issue", "stars@1");
    let mut viewpoint = issues();
    viewpoint["context"] = json!({"viewpoint": "people-and-things", "locator": "shelf 3", "time": ""});
    let mut more = issues();
    more["nonce"] = json!({"whatever": [1, null]});
    let rows: Vec<(&str, Value, bool, &str)> = vec![
        ("accredited", issues(), true, &holds),
        ("by its accreditation body", ask("cb-1", &party("jab"), "issue", "stars@1"), true, &holds),
        ("the scheme by its name", ask("cb-1", JP, "issue", "https://localhost:7443/v1/schemes/stars@1"), true, &holds),
        ("at this moment", at(issues(), now()), true, &holds),
        ("another offset for the same", at(issues(), now().to_string().replace('Z', "+00:00")), true, &holds),
        ("another viewpoint is passed over", viewpoint, true, &holds),
        ("unknown members are passed over", more, true, &holds),
        ("for some objects only", ask("lab", &party("meti"), "test", "stars@1"), true, &narrow),
        ("expired", ask("cb-3", JP, "issue", "stars@1"), false, &expired),
        ("suspended", ask("cb-2", JP, "issue", "stars@1"), false, "accreditation A-2 by jab is suspended"),
        ("withdrawn", ask("audit", JP, "audit", "stars@1"), false, "accreditation A-3 by jab is withdrawn"),
        ("before the grant", at(issues(), "2026-01-01T00:00:00Z"), false, NOT_AUTHORIZED),
        ("another activity", ask("cb-1", JP, "audit", "stars@1"), false, NOT_AUTHORIZED),
        ("an unknown activity", ask("cb-1", JP, "bake", "stars@1"), false, words),
        ("another case", ask("cb-1", JP, "Issue", "stars@1"), false, words),
        ("another authority of this registry", ask("cb-1", &party("meti"), "issue", "stars@1"), false, NOT_AUTHORIZED),
        ("a body as its own authority", ask("cb-1", &party("cb-1"), "issue", "stars@1"), false, NOT_AUTHORIZED),
        ("another version", ask("cb-1", JP, "issue", "stars@2"), false, NOT_AUTHORIZED),
        ("another scheme", ask("cb-1", JP, "issue", "moons@1"), false, NOT_AUTHORIZED),
        ("no version", ask("cb-1", JP, "issue", "stars"), false, NOT_AUTHORIZED),
        (
            "another registry's scheme",
            ask("cb-1", JP, "issue", "https://localhost:7444/v1/schemes/stars@1"),
            false,
            NOT_AUTHORIZED,
        ),
        ("an unknown body", ask("cb-9", JP, "issue", "stars@1"), false, NOT_AUTHORIZED),
        ("a buyer", ask("buyer-1", JP, "issue", "stars@1"), false, NOT_AUTHORIZED),
        ("a supplier", ask("maker", JP, "issue", "stars@1"), false, NOT_AUTHORIZED),
        ("the registry itself", question(JP, JP, "issue", "stars@1"), false, NOT_AUTHORIZED),
        ("a bare id", question("cb-1", JP, "issue", "stars@1"), false, NOT_AUTHORIZED),
        (
            "another registry's body",
            question(&format!("{EU}:parties:cb-1"), JP, "issue", "stars@1"),
            false,
            NOT_AUTHORIZED,
        ),
        ("another registry's word", ask("cb-1", EU, "issue", "stars@1"), false, &elsewhere),
        ("a name that begins alike", ask("cb-1", &format!("{JP}0"), "issue", "stars@1"), false, &elsewhere),
        ("names of nothing", question("", "", "issue", ""), false, &elsewhere),
    ];
    for (why, question, authorized, message) in rows {
        assert_eq!(kind.told(&mut talk, &question).await, (authorized, message.to_owned()), "{why}");
    }
}

#[tokio::test]
async fn messages_are_in_the_language_asked_for() {
    let world = arranged().await;
    let mut talk = world.talk(None).await;
    let rows = [
        ("/authorization", question(&party("cb-9"), JP, "issue", "stars@1"), "認定は当レジストリにありません"),
        ("/authorization", question(&party("cb-1"), JP, "issue", "stars@1"), "まで有効です。観点: 組織"),
        ("/recognition", question(EU, JP, "recognize", "eucc@1"), "は有効です。観点: 人・モノ"),
        ("/recognition", question(EU, JP, "recognize", "card@1"), "のルール R-1: "),
    ];
    for (path, question, words) in rows {
        let headers = [("content-type", "application/json"), ("accept-language", "ja-JP, en;q=0.5")];
        let got = talk.send(warp::http::Method::POST, path, &headers, question.to_string().into()).await;
        assert_eq!((got.status, got.header("content-language")), (200, "ja"), "{got:?}");
        let message = got.json()["message"].as_str().unwrap().to_owned();
        assert!(message.contains(words), "{message}");
    }
}

#[tokio::test]
async fn the_past_is_answered_as_the_log_had_it() {
    let kind = Kind::authorization();
    let world = accredited().await;
    let before = now();
    tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    let claim = json!({"id": "A-1", "change": "suspended", "reason": {"code": "as-agreed"}});
    world.must(&world.person("jab"), "accreditation-changed", claim).await;
    let mut talk = world.talk(None).await;
    let issues = || question(&party("cb-1"), JP, "issue", "stars@1");
    assert!(kind.told(&mut talk, &at(issues(), before)).await.0);
    let now = kind.told(&mut talk, &issues()).await;
    assert_eq!(now, (false, "accreditation A-1 by jab is suspended".to_owned()));
}

/// Three arrangements: `eu`'s eucc@1 recognised, its card@1 as evidence, and our stars@1 proposed to it.
async fn arranged() -> World {
    let world = World::furnished().await;
    add_peer(&world).await;
    let with = |id: &str, mode: &str, rule: Value| {
        let mut terms = terms();
        (terms["id"], terms["mode"]) = (json!(id), json!(mode));
        terms["rules"][0].as_object_mut().unwrap().extend(rule.as_object().unwrap().clone());
        terms
    };
    sign(&world, with("jp-eu", "unilateral", json!({}))).await;
    sign(&world, with("cards", "unilateral", json!({"scheme": "card@1", "grants": "evidence-only"}))).await;
    let mut outward = with("out", "bilateral", json!({"from": ["jp"], "to": ["eu"], "scheme": "stars@1"}));
    outward["parties"][1]["roles"] = json!(["issuing", "recognising"]);
    sign(&world, outward).await;
    sign(&world, with("later", "bilateral", json!({"scheme": "later@1"}))).await;
    world
}

#[tokio::test]
async fn arrangements_answer_whose_verdicts_count() {
    let kind = Kind::recognition();
    let world = arranged().await;
    let mut talk = world.talk(None).await;
    let holds = "rule R-1 of arrangement jp-eu (version 1) is in force, for viewpoints: people-and-things, for objects: product";
    let evidence = "rule R-1 of arrangement cards (version 1): the rule accepts such verdicts as evidence only";
    let unsigned =
        "rule R-1 of arrangement later (version 1): the arrangement is not signed by eu; it would count once it is";
    let elsewhere = format!("this registry answers for {JP} and those under it; ask the authority's own");
    let words = "this action is not known here; ask whether an authority may: recognize";
    let ask = |entity: &str, authority: &str, resource: &str| question(entity, authority, "recognize", resource);
    let cards = || ask(EU, JP, "eucc@1");
    let rows: Vec<(&str, Value, bool, &str)> = vec![
        ("in force", cards(), true, holds),
        ("by the authority that signed", ask(EU, &party("meti"), "eucc@1"), true, holds),
        ("the scheme by its name there", ask(EU, JP, "https://localhost:7444/v1/schemes/eucc@1"), true, holds),
        ("at this moment", at(cards(), now()), true, holds),
        ("as evidence only", ask(EU, JP, "card@1"), false, evidence),
        ("signed by one of two", ask(EU, JP, "later@1"), false, unsigned),
        (
            "the scheme by a name of ours",
            ask(EU, JP, "https://localhost:7443/v1/schemes/eucc@1"),
            false,
            NOT_RECOGNIZED,
        ),
        ("before it was signed", at(cards(), "2026-01-01T00:00:00Z"), false, NOT_RECOGNIZED),
        ("by an authority that did not sign", ask(EU, &party("jab"), "eucc@1"), false, NOT_RECOGNIZED),
        ("the other direction", ask(EU, JP, "stars@1"), false, NOT_RECOGNIZED),
        ("another version", ask(EU, JP, "eucc@2"), false, NOT_RECOGNIZED),
        ("an unknown registry", ask("did:web:us.registry.example", JP, "eucc@1"), false, NOT_RECOGNIZED),
        ("the registry itself", ask(JP, JP, "stars@1"), false, NOT_RECOGNIZED),
        ("a body there", ask(&format!("{EU}:parties:cb-1"), JP, "eucc@1"), false, NOT_RECOGNIZED),
        ("a peer by its id", ask("eu", JP, "eucc@1"), false, NOT_RECOGNIZED),
        ("by the other registry", ask(JP, EU, "stars@1"), false, &elsewhere),
        ("another word", question(EU, JP, "recognise", "eucc@1"), false, words),
    ];
    for (why, question, recognized, message) in rows {
        assert_eq!(kind.told(&mut talk, &question).await, (recognized, message.to_owned()), "{why}");
    }
}

#[tokio::test]
async fn a_suspension_or_expulsion_counts_from_its_moment() {
    let kind = Kind::recognition();
    let world = arranged().await;
    let cards = || question(EU, JP, "recognize", "eucc@1");
    let mut talk = world.talk(None).await;
    let later = async || {
        let before = now();
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        before
    };
    let before = later().await;
    let step = json!({"id": "jp-eu", "reason": {"code": "under-review"}});
    world.must(&world.person("meti"), "arrangement-suspended", step.clone()).await;
    let (recognized, message) = kind.told(&mut talk, &cards()).await;
    let begins = "rule R-1 of arrangement jp-eu (version 1): the arrangement has been suspended since ";
    assert!(!recognized && message.starts_with(begins), "{message}");
    assert!(kind.told(&mut talk, &at(cards(), before)).await.0);
    world.must(&world.person("meti"), "arrangement-restored", step).await;
    assert!(kind.told(&mut talk, &cards()).await.0);

    let before = later().await;
    let expelled = json!({"registry": "eu", "reason": {"code": "forked"}});
    world.must(&world.operator(), "peer-expelled", expelled).await;
    let between = later().await;
    let none = (false, NOT_RECOGNIZED.to_owned());
    assert_eq!(kind.told(&mut talk, &cards()).await, none);
    assert!(kind.told(&mut talk, &at(cards(), before)).await.0);
    add_peer(&world).await;
    assert!(kind.told(&mut talk, &cards()).await.0);
    assert_eq!(kind.told(&mut talk, &at(cards(), between)).await, none, "what holds again did not hold then");
    assert!(kind.told(&mut talk, &at(cards(), before)).await.0);
}

#[tokio::test]
async fn a_name_is_one_registrys() {
    let kind = Kind::recognition();
    let world = arranged().await;
    let mut talk = world.talk(None).await;
    // Another registry, under the name of a peer and under ours.
    for (id, port) in [("fr", 7444), ("xx", 7443)] {
        let got = try_pin(&world, id, &foreign_genesis(id, port)).await;
        assert_eq!((got.status, got.code().as_str()), (422, "peer-name"), "{id}: {got:?}");
    }
    assert!(kind.told(&mut talk, &question(EU, JP, "recognize", "eucc@1")).await.0);
    let ours = question(JP, JP, "recognize", "eucc@1");
    assert_eq!(kind.told(&mut talk, &ours).await, (false, NOT_RECOGNIZED.to_owned()));
}

#[tokio::test]
async fn questions_are_read_as_their_schemas_say() {
    let world = World::furnished().await;
    let mut talk = world.talk(None).await;
    let good = || question(&party("cb-1"), JP, "issue", "stars@1");
    let with = |member: &str, value: Value| {
        let mut question = good();
        question[member] = value;
        question
    };
    let without = |member: &str| {
        let mut question = good();
        question.as_object_mut().unwrap().remove(member);
        question
    };
    let rows = [
        (good(), true),
        (with("context", json!({})), true),
        (with("context", json!({"time": "2026-01-01T00:00:00Z", "locator": "x", "more": "y"})), true),
        (with("more", json!([1, {"a": null}])), true),
        (with("action", json!("")), true),
        (without("entity_id"), false),
        (without("authority_id"), false),
        (without("action"), false),
        (without("resource"), false),
        (with("entity_id", json!(1)), false),
        (with("authority_id", json!(["x"])), false),
        (with("action", Value::Null), false),
        (with("resource", json!({})), false),
        (with("context", Value::Null), false),
        (with("context", json!("now")), false),
        (with("context", json!([])), false),
        (with("context", json!({"time": 5})), false),
        (with("context", json!({"time": null})), false),
        (with("context", json!({"more": true})), false),
        (with("context", json!({"more": {"deep": "er"}})), false),
        (with("context", json!({"time": "yesterday"})), false),
        (with("context", json!({"time": "2026-01-01"})), false),
        (json!(["did:web:a", "did:web:b", "issue", "stars@1"]), false),
        (json!("question"), false),
        (Value::Null, false),
    ];
    for kind in [Kind::authorization(), Kind::recognition()] {
        for (question, taken) in &rows {
            let got = post(&mut talk, kind.path, question).await;
            if let Some(schema) = &kind.request {
                let fault = fault(schema, question);
                assert_eq!(fault.is_none(), *taken, "the schema itself: {question}: {fault:?}");
            }
            match taken {
                true => assert_eq!(got.status, 200, "{question}: {got:?}"),
                false => assert_eq!((got.status, got.code().as_str()), (400, "bad-question"), "{question}"),
            }
        }
    }
}

#[tokio::test]
async fn beyond_the_schemas_there_are_bounds() {
    let world = World::furnished().await;
    let good = question(&party("cb-1"), JP, "issue", "stars@1").to_string();
    let context = |context: &str| format!("{},\"context\":{context}}}", good.strip_suffix('}').unwrap());
    let many: Vec<String> = (0..17).map(|number| format!("\"{number}\":\"x\"")).collect();
    let hour = now() + SignedDuration::from_hours(1);
    let rows: Vec<(&str, String, u16, &str)> = vec![
        ("nothing", String::new(), 400, "bad-body"),
        ("no JSON", "{".to_owned(), 400, "bad-body"),
        ("more than one value", format!("{good}{good}"), 400, "bad-body"),
        ("a name twice", context("{}").replace("\"context\":{}", "\"action\":\"issue\""), 400, "bad-question"),
        ("a name twice in the context", context(r#"{"a":"x","a":"y"}"#), 400, "bad-question"),
        ("a wide context", context(&format!("{{{}}}", many.join(","))), 400, "bad-question"),
        ("a long string", good.replace("stars@1", &"s".repeat(1025)), 400, "bad-question"),
        ("a long name in the context", context(&format!(r#"{{"{}":"x"}}"#, "n".repeat(1025))), 400, "bad-question"),
        ("a deep member", context(&format!("{}{}", "[".repeat(200), "]".repeat(200))), 400, "bad-question"),
        ("a time to come", context(&format!(r#"{{"time":"{hour}"}}"#)), 400, "bad-question"),
        ("another offset", context(r#"{"time":"2026-01-01T09:00:00+09:00"}"#), 400, "bad-question"),
        ("no offset", context(r#"{"time":"2026-01-01T09:00:00"}"#), 400, "bad-question"),
    ];
    let (mut two, mut one) = (world.talk(None).await, world.plain().await);
    for talk in [&mut two, &mut one] {
        for (why, body, status, code) in &rows {
            let got = talk.post("/authorization", "application/json; charset=utf-8", body.clone()).await;
            assert_eq!((got.status, got.code().as_str()), (*status, *code), "{why}: {got:?}");
            assert!(got.body.len() < 1_000, "{why}: nobody is sent back more than a little of what was sent");
        }
        let plain = talk.post("/recognition", "text/plain", good.clone()).await;
        assert_eq!((plain.status, plain.code().as_str()), (415, "unsupported-media-type"));
        let untyped = talk.send(Method::POST, "/recognition", &[], Bytes::from(good.clone())).await;
        assert_eq!((untyped.status, untyped.code().as_str()), (415, "unsupported-media-type"));
        let read = talk.ask("/authorization").await;
        assert_eq!((read.status, read.header("allow")), (405, "POST"));
        let query = talk.post("/authorization?verbose=1", "application/json", good.clone()).await;
        assert_eq!((query.status, query.code().as_str()), (400, "unknown-parameter"));
        // The last on its connection: what is not read may end it.
        let large = talk.post("/authorization", "application/json", " ".repeat(MAX_QUESTION + 1)).await;
        assert_eq!((large.status, large.code().as_str()), (413, "too-large"));
    }
}

/// The answer with one name in place of another of the same length, apart from the moment it was given.
fn renamed(got: Got, from: &str, to: &str) -> Got {
    assert_eq!(from.len(), to.len());
    let evaluated = got.json()["time_evaluated"].as_str().unwrap().to_owned();
    let body = String::from_utf8(got.body.to_vec()).unwrap().replace(&evaluated, "now").replace(from, to);
    Got { body: body.into(), ..got }.without_date()
}

#[tokio::test]
async fn who_is_hidden_and_who_is_not_there_get_the_same_bytes() {
    let world = arranged().await;
    for who in [None, Some("buyer-1"), Some("cb-2")] {
        let person = who.map(|who| world.person(who));
        let mut talk = world.talk(person.as_ref()).await;
        for (hidden, absent) in [("buyer-1", "nobody7"), ("maker", "baker")] {
            for (path, action) in [("/authorization", "issue"), ("/recognition", "recognize")] {
                let asked = |name: &str| {
                    [
                        question(&party(name), JP, action, "stars@1"),
                        question(&party("cb-1"), &party(name), action, "stars@1"),
                        question(EU, &party(name), action, "eucc@1"),
                        at(question(&party(name), &party("jab"), action, "stars@1"), "2026-01-01T00:00:00Z"),
                    ]
                };
                for (there, not) in asked(hidden).into_iter().zip(asked(absent)) {
                    let there = renamed(post(&mut talk, path, &there).await, hidden, absent);
                    let not = renamed(post(&mut talk, path, &not).await, absent, absent);
                    assert_eq!(there.status, 200);
                    assert_eq!(there, not, "{who:?} {path} {hidden}");
                }
            }
        }
    }
}
