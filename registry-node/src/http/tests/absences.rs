//! Which of the five absences each place tells, to whom; and that who may not know of a restricted verdict is told in each place
//! what he would be told if there were none.

use serde_json::{Value, json};

use super::fixture::{Got, Person, World, change};
use super::stream::{Events, Said};

/// Suppliers: of the open verdict, of the restricted one, one of whom nothing is known, and one whose number tells its country.
const OPEN: &str = "corporate-number:7000012050002";
const QUIET: &str = "lei:5493001KJTIIGC8Y1R12";
const NOBODY: &str = "lei:529900T8BM49AURSDO55";
const JAPANESE: &str = "corporate-number:1010401056795";

/// Who may not know of restricted verdicts that others granted.
const OTHERS: [Option<&str>; 4] = [None, Some("cb-2"), Some("audit"), Some("buyer-1")];

/// With a guideline and a document that no scheme assesses against; published.
async fn world() -> World {
    let world = World::furnished().await;
    let operator = world.operator();
    for (id, kind) in [("guide@1", "guideline"), ("lonely@1", "requirements")] {
        let document = json!({"document": id, "title": id, "owner": "somebody", "kind": kind});
        world.must(&operator, "document-published", document).await;
    }
    world.publish();
    world.published().await;
    world
}

fn person(world: &World, who: Option<&str>) -> Option<Person> {
    who.map(|who| world.person(who))
}

async fn ask(world: &World, who: Option<&str>, path: &str) -> Got {
    world.talk(person(world, who).as_ref()).await.ask(path).await.without_date()
}

/// What a stream says at its opening, before anything happens.
async fn opening(world: &World, who: Option<&str>, path: &str) -> Option<Value> {
    let mut events = Events::open(world.talk(person(world, who).as_ref()).await, path, &[]).await;
    match events.next().await {
        Some(Said::Absence(told)) => Some(told),
        Some(Said::Checkpoint(_)) => None,
        other => panic!("{other:?}"),
    }
}

/// The absence and the code of what is said first.
fn told(answer: &Value) -> (Option<&str>, &str) {
    (answer["absence"].as_str(), answer["because"][0]["code"].as_str().unwrap_or("-"))
}

#[tokio::test]
async fn of_a_supplier_each_place_tells_the_same() {
    let world = world().await;
    let rows = [
        (None, OPEN, "moons", "no-scheme", "scheme-not-here"),
        (None, JAPANESE, "stars", "not-assessed", "none-on-supplier"),
        (None, JAPANESE, "stars@1", "not-assessed", "none-on-supplier"),
        (None, NOBODY, "stars", "unknown", "country-not-known"),
        (None, QUIET, "stars", "unknown", "country-not-known"),
        (Some("buyer-1"), QUIET, "stars", "unknown", "country-not-known"),
        (Some("meti"), QUIET, "stars", "withheld", "restricted-verdict"),
        (Some("jab"), QUIET, "stars", "withheld", "restricted-verdict"),
    ];
    for (who, supplier, scheme, absence, code) in rows {
        let standing = ask(&world, who, &format!("/v1/suppliers/{supplier}/standing?scheme={scheme}")).await.json();
        assert_eq!(told(&standing), (Some(absence), code), "{who:?} {supplier} {scheme}");
        let list = ask(&world, who, &format!("/v1/verdicts?supplier={supplier}&scheme={scheme}")).await;
        assert_eq!(list.header("content-language"), "en");
        let list = list.json();
        assert_eq!(
            (&list["verdicts"], told(&list)),
            (&json!([]), (Some(absence), code)),
            "{who:?} {supplier} {scheme}"
        );
        let path = format!("/v1/events?supplier={supplier}&scheme={scheme}");
        let opening = opening(&world, who, &path).await.expect("it says why it will be silent");
        assert_eq!((&opening["supplier"], told(&opening)), (&json!(supplier), (Some(absence), code)), "{who:?} {path}");
        for answer in [&standing, &list, &opening] {
            assert_eq!(answer["explanation"], standing["explanation"]);
            assert_eq!(answer["because"], standing["because"]);
        }
    }
}

#[tokio::test]
async fn of_a_document_coverage_tells_what_standing_tells() {
    let world = world().await;
    let rows = [
        (None, NOBODY, "guide@1", "guideline-only", "guideline"),
        (None, NOBODY, "lonely@1", "no-scheme", "no-scheme-on-document"),
        (None, JAPANESE, "sp800-171@r3", "not-assessed", "none-on-supplier"),
        (None, QUIET, "sp800-171@r3", "unknown", "country-not-known"),
        (Some("meti"), QUIET, "sp800-171@r3", "withheld", "restricted-verdict"),
    ];
    for (who, supplier, document, absence, code) in rows {
        let standing = ask(&world, who, &format!("/v1/suppliers/{supplier}/standing?document={document}")).await.json();
        assert_eq!(told(&standing), (Some(absence), code), "{who:?} {supplier} {document}");
        let coverage = ask(&world, who, &format!("/v1/documents/{document}/coverage?supplier={supplier}")).await.json();
        assert_eq!((&coverage["basis"], told(&coverage)), (&json!([]), (Some(absence), code)), "{who:?} {document}");
        assert_eq!(coverage["explanation"], standing["explanation"]);
    }
    let met = ask(&world, None, &format!("/v1/documents/sp800-171@r3/coverage?supplier={OPEN}")).await.json();
    assert_eq!((met["basis"].as_array().unwrap().len(), told(&met)), (1, (None, "-")), "there is something");
    let supposed = ask(&world, None, "/v1/documents/sp800-171@r3/coverage?met=lonely@1").await.json();
    assert_eq!(told(&supposed), (None, "-"), "nobody was asked about");
}

#[tokio::test]
async fn a_name_without_anything_is_not_found_and_says_which_absence() {
    let world = world().await;
    let rows = [
        (None, "/v1/verdicts/jp:V-0", "not-assessed", "no-such-verdict"),
        (None, "/v1/verdicts/jp:V-2", "not-assessed", "no-such-verdict"),
        (Some("meti"), "/v1/verdicts/jp:V-2", "withheld", "restricted-verdict"),
        (None, "/v1/verdicts/eu:V-1", "unknown", "registry-not-followed"),
        (None, "/v1/verdicts/jp:V-0/proof", "not-assessed", "no-such-verdict"),
        (Some("jab"), "/v1/verdicts/jp:V-2/proof", "withheld", "restricted-verdict"),
        (None, "/v1/verdicts/eu:V-1/proof", "unknown", "registry-not-followed"),
        (None, "/v1/credentials/jp:V-0", "not-assessed", "no-such-verdict"),
        (Some("meti"), "/v1/credentials/jp:V-2", "withheld", "restricted-verdict"),
        (None, "/v1/documents/moon@1/coverage", "no-scheme", "document-not-known"),
        (
            Some("buyer-1"),
            "/v1/suppliers/lei:529900T8BM49AURSDO55/proof?scheme=moons@1",
            "no-scheme",
            "scheme-not-published",
        ),
    ];
    for (who, path, absence, code) in rows {
        let got = ask(&world, who, path).await;
        assert_eq!((got.status, got.code().as_str()), (404, "not-found"), "{path}");
        assert_eq!(told(&got.json()), (Some(absence), code), "{who:?} {path}");
        let japanese = [("accept-language", "ja")];
        let mut talk = world.talk(person(&world, who).as_ref()).await;
        let there = talk.send(warp::http::Method::GET, path, &japanese, bytes::Bytes::new()).await.json();
        assert_eq!(told(&there), (Some(absence), code), "{who:?} {path}");
        assert!(!there["detail"].as_str().unwrap().is_ascii(), "{there}");
    }
    // Only a right opens these, and what is there without it is nobody's business.
    for path in ["/v1/verdicts/jp:V-0/disclosures", "/v1/statements/99999", "/v1/credentials/jp:V-1", "/nowhere"] {
        assert_eq!(told(&ask(&world, None, path).await.json()), (None, "-"), "{path}");
    }
}

#[tokio::test]
async fn a_list_says_nothing_of_what_it_was_not_asked_for() {
    let world = world().await;
    let rows = [
        ("scheme=moons", Some("no-scheme"), "scheme-not-published"),
        ("scheme=moons@1", Some("no-scheme"), "scheme-not-published"),
        // A verdict may be there in another state, behind the cursor, or on whom nobody asked about.
        ("state=withdrawn", None, "-"),
        ("supplier=corporate-number:7000012050002&state=withdrawn", None, "-"),
        ("viewpoint=people-and-things", None, "-"),
        ("scheme=stars&viewpoint=process", None, "-"),
        ("supplier=corporate-number:1010401056795&cursor=Vi0w", None, "-"),
        ("supplier=corporate-number:7000012050002", None, "-"),
    ];
    for (query, absence, code) in rows {
        let answer = ask(&world, None, &format!("/v1/verdicts?{query}")).await.json();
        assert_eq!(told(&answer), (absence, code), "{query}: {answer}");
    }
    // The supplier itself has something to see, though not in a list, which shows what everybody may see.
    let own = ask(&world, Some("maker"), &format!("/v1/verdicts?supplier={QUIET}")).await.json();
    assert_eq!((&own["verdicts"], told(&own)), (&json!([]), (None, "holdings")));
}

/// The answer with one name in place of another of the same length.
fn renamed(got: Got, from: &str, to: &str) -> Got {
    assert_eq!(from.len(), to.len());
    let body = String::from_utf8(got.body.to_vec()).unwrap().replace(from, to);
    Got { body: body.into(), ..got }
}

#[tokio::test]
async fn a_restricted_verdict_and_none_are_the_same_bytes_in_every_place() {
    let world = world().await;
    let as_of = super::fixture::now();
    for who in OTHERS {
        for path in [
            format!("/v1/suppliers/{QUIET}/standing?scheme=stars&as_of={as_of}"),
            format!("/v1/suppliers/{QUIET}/standing?scheme=moons&lang=ja"),
            format!("/v1/verdicts?supplier={QUIET}"),
            format!("/v1/verdicts?supplier={QUIET}&scheme=stars&as_of={as_of}&lang=ja"),
            format!("/v1/documents/sp800-171@r3/coverage?supplier={QUIET}&as_of={as_of}"),
            format!("/v1/documents/guide@1/coverage?supplier={QUIET}&as_of={as_of}&lang=ja"),
            format!("/v1/suppliers/{QUIET}/proof?scheme=stars@1"),
            format!("/v1/suppliers/{QUIET}/proof?scheme=moons@1"),
            format!("/v1/suppliers/{QUIET}/disclosures?scheme=stars@1"),
        ] {
            let there = renamed(ask(&world, who, &path).await, QUIET, NOBODY);
            assert_eq!(there, ask(&world, who, &path.replace(QUIET, NOBODY)).await, "{who:?} {path}");
        }
        for path in [
            "/v1/verdicts/jp:V-2",
            "/v1/verdicts/jp:V-2?lang=ja",
            "/v1/verdicts/jp:V-2/proof",
            "/v1/verdicts/jp:V-2/disclosures",
            "/v1/verdicts/jp:V-2/disclosed",
            "/v1/credentials/jp:V-2",
        ] {
            let there = ask(&world, who, path).await;
            assert_eq!(there, ask(&world, who, &path.replace("V-2", "V-0")).await, "{who:?} {path}");
        }
        for query in ["supplier=", "lang=ja&scheme=stars&supplier="] {
            let there = opening(&world, who, &format!("/v1/events?{query}{QUIET}")).await.unwrap();
            let not = opening(&world, who, &format!("/v1/events?{query}{NOBODY}")).await.unwrap();
            assert_eq!(there.to_string().replace(QUIET, NOBODY), not.to_string(), "{who:?} {query}");
        }
    }
    for (path, action) in [("/authorization", "issue"), ("/recognition", "recognize")] {
        let ask = |entity: &str| {
            let did = world.registry.genesis.did_web.to_string();
            json!({"entity_id": format!("{did}:parties:{entity}"), "authority_id": did, "action": action, "resource": "stars@1"})
        };
        let mut talk = world.talk(None).await;
        let there = talk.post(path, "application/json", ask("maker").to_string()).await.json();
        let not = talk.post(path, "application/json", ask("baker").to_string()).await.json();
        for member in ["absence", "message", "authorized", "recognized"] {
            assert_eq!(there[member], not[member], "{path} {member}");
        }
    }
}

#[tokio::test]
async fn lines_in_bulk_tell_a_restricted_verdict_from_none_to_nobody() {
    let world = world().await;
    for who in ["cb-2", "audit", "buyer-1"] {
        let person = world.person(who);
        let line = |verdict: &str| world.sign(&person, "verdict-changed", change(verdict, json!("suspended")));
        let lines = ["V-2", "V-0"].map(|verdict| String::from_utf8(line(verdict).to_vec()).unwrap());
        let got =
            world.talk(Some(&person)).await.post("/v1/statements", "application/x-ndjson", lines.join("\n")).await;
        let text =
            String::from_utf8(got.body.to_vec()).unwrap().replace("\"line\":2", "\"line\":1").replace("V-2", "V-0");
        let answers: Vec<&str> = text.lines().collect();
        assert_eq!((answers.len(), answers[0]), (2, answers[1]), "{who}");
    }
}
