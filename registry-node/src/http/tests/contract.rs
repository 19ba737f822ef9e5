//! What the documents say is what the program does: the OpenAPI document and the table of problems.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use bytes::Bytes;
use conformity::refusal::Refusal;
use conformity::statement::{Kind, Malformed};
use conformity::words::Language;
use credential::sd_jwt::KeyBindingError;
use federation::witness;
use serde_json::Value;
use warp::http::Method;

use super::fixture::World;
use crate::buyer::shelf::ShelfError;
use crate::http::code::Code;
use crate::http::openapi::method;
use crate::http::table::routes;
use crate::problem::{Problem, worded_in_japanese};

/// A path of the document with values that exist.
fn filled(path: &str, index: u64, digest: &str) -> String {
    path.replace("/v1/bitstring-status-lists/{list}", "/v1/bitstring-status-lists/0/revocation")
        .replace("{list}", "0")
        .replace("{verdict}", "jp:V-1")
        .replace("{supplier}", "corporate-number:7000012050002")
        .replace("{tile}", "entries/000.p/1")
        .replace("{index}", &index.to_string())
        .replace("{digest}", digest)
        .replace("{document}", "sp800-171@r3")
        .replace("{bulletin}", "jp:B-1")
        .replace("{party}", "cb-1")
        .replace("{policy}", "parts")
        .replace("{chain}", "parts")
        .replace("{network}", "edifact")
        .replace("{watchlist}", "parts")
        .replace("{subscription}", "parts")
        .replace("{stream}", "parts")
        .replace("{log}", digest)
        .replace("{cursor}", "parts")
        .replace("{certificate}", "V-1.1")
        .replace("{exchange}", "x")
        .replace("{id}", "0123456789abcdef")
}

/// Whether only parties have something there.
fn own(path: &str) -> bool {
    let kept = [
        "/v1/watchlists",
        "/v1/subscriptions",
        "/v1/policies",
        "/v1/supply-chains",
        "/v1/cursors",
        "/v1/signals",
        "/v1/catena-x/",
        "/v1/representatives",
        "/v1/certificate-offers",
        "/v1/certificate-exchanges",
        "/v1/foreign-certificates",
    ];
    kept.iter().any(|kept| path.starts_with(kept))
}

#[tokio::test]
async fn every_documented_path_is_served() {
    let world = World::furnished().await;
    let meti = world.person("meti");
    world.publish();
    world.published().await;
    let catalogue = ledger::digest::Digest::of(b"{}").to_string();
    let claim = serde_json::json!({"document": "x@1", "title": "X", "owner": "Y", "kind": "guideline", "attachment": catalogue});
    let statement = world.sign(&meti, "document-published", claim);
    let body =
        serde_json::json!({"statement": std::str::from_utf8(&statement).unwrap(), "attachments": ["e30="]}).to_string();
    let receipt = world.talk(Some(&meti)).await.post("/v1/statements", "application/json", body).await.json();
    let index = receipt["index"].as_u64().unwrap();
    world.must(&meti, "bulletin-issued", super::bulletins::bulletin("B-1", &serde_json::json!({}))).await;

    super::credentials::documented(&world, &super::fixture::verdict("V-1")).await;
    let document = world.ask("/openapi.json").await.json();
    let mut talk = world.talk(None).await;
    for (path, methods) in document["paths"].as_object().unwrap() {
        let address = filled(path, index, &catalogue);
        assert!(!address.contains('{'), "{path}: give its value an example in this test");
        for (method, operation) in methods.as_object().unwrap() {
            let method: Method = method.to_uppercase().parse().unwrap();
            let example = operation["requestBody"]["content"]["application/json"].get("example");
            let headers: &[_] = if example.is_some() { &[("content-type", "application/json")] } else { &[] };
            let body = example.map_or_else(Bytes::new, |example| example.to_string().into());
            let answer = talk.open(method.clone(), &address, headers, body).await;
            let expected = match path.as_str() {
                // Without a body, or a scheme.
                "/add-checkpoint" | "/v1/suppliers/{supplier}/proof" | "/v1/suppliers/{supplier}/disclosures" => 400,
                "/witness/{log}/checkpoint"
                | "/v1/evidence/{id}"
                | "/v1/verdicts/{verdict}/disclosures"
                | "/v1/verdicts/{verdict}/disclosed" => 404,
                "/v1/consents" | "/v1/surveillance" => 401,
                _ if own(path) => 401,
                _ if method != Method::GET && example.is_none() => 401,
                _ => 200,
            };
            assert_eq!(answer.status(), expected, "{method} {address}");
            if expected == 200 {
                let media_type = answer.headers()["content-type"].to_str().unwrap();
                assert!(operation["responses"]["200"]["content"][media_type].is_object(), "{address}: {media_type}");
            }
        }
    }
}

#[tokio::test]
async fn every_served_path_is_documented() {
    let world = World::open().await;
    let document = world.ask("/openapi.json").await.json();
    let paths = document["paths"].as_object().unwrap();
    let mut documented = BTreeSet::new();
    for (path, methods) in paths {
        documented.extend(methods.as_object().unwrap().keys().map(|method| (path.clone(), method.clone())));
    }
    let served: BTreeSet<_> =
        routes().map(|route| (route.path.replace("*}", "}"), method(route.verb).to_owned())).collect();
    assert_eq!(documented, served);
    for route in routes() {
        let operation = &paths[&route.path.replace("*}", "}")][method(route.verb)];
        let names: Vec<&str> = parameters(operation, "query");
        assert_eq!(names, route.parameters.iter().map(|one| one.name).collect::<Vec<_>>(), "{}", route.path);
        assert_eq!(parameters(operation, "path").len(), usize::from(route.path.contains('{')), "{}", route.path);
        assert!(route.parameters.iter().all(|one| !one.what.is_empty()) && !route.summary.is_empty(), "{}", route.path);
    }
    references(&document, &document);
}

fn parameters<'d>(operation: &'d Value, place: &str) -> Vec<&'d str> {
    let all = operation["parameters"].as_array().unwrap().iter();
    all.filter(|one| one["in"] == place).map(|one| one["name"].as_str().unwrap()).collect()
}

/// Every `$ref` leads somewhere.
pub(super) fn references(value: &Value, document: &Value) {
    match value {
        Value::Object(members) => {
            if let Some(Value::String(target)) = members.get("$ref") {
                assert!(document.pointer(target.trim_start_matches('#')).is_some(), "{target}");
            }
            members.values().for_each(|member| references(member, document));
        }
        Value::Array(items) => items.iter().for_each(|item| references(item, document)),
        _ => {}
    }
}

/// The codes of `docs/spec/problems.md` with the status in their row.
fn documented_codes() -> BTreeMap<String, Option<u16>> {
    let text = std::fs::read_to_string(spec("problems.md")).unwrap();
    let rows = text.lines().filter_map(|line| line.strip_prefix("| `"));
    let mut codes = BTreeMap::new();
    for row in rows {
        let (code, rest) = row.split_once('`').unwrap();
        let status = rest.split('|').nth(1).and_then(|cell| cell.trim().parse().ok());
        assert!(codes.insert(code.to_owned(), status).is_none(), "{code} has two rows");
    }
    codes
}

fn spec(name: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/spec").join(name)
}

fn malformed() -> Vec<&'static str> {
    let text = String::new;
    let all = [
        Malformed::TooLarge { bytes: 0 },
        Malformed::TooDeep,
        Malformed::DuplicateMember { name: text() },
        Malformed::Null,
        Malformed::NotJson { message: text() },
        Malformed::Shape { message: text() },
        Malformed::Claim { kind: Kind::Genesis, message: text() },
        Malformed::NotPlain(Kind::CredentialIssued),
    ];
    all.iter().map(Malformed::code).collect()
}

#[test]
fn every_problem_has_a_row_and_every_row_a_problem() {
    let ours = Code::ALL.iter().map(|code| code.as_str());
    let codes: BTreeSet<String> =
        ours.chain(malformed()).chain(Refusal::CODES.iter().copied()).map(str::to_owned).collect();
    let documented: BTreeSet<String> = documented_codes().into_keys().collect();
    let missing: Vec<_> = codes.difference(&documented).collect();
    let surplus: Vec<_> = documented.difference(&codes).collect();
    assert!(missing.is_empty(), "docs/spec/problems.md lacks rows for: {missing:?}");
    assert!(surplus.is_empty(), "docs/spec/problems.md has rows for what nobody says: {surplus:?}");
}

#[test]
fn rows_name_the_status_that_is_sent() {
    let documented = documented_codes();
    let rows = [
        Problem::not_found(),
        Problem::method_not_allowed(),
        Problem::certificate_required(),
        Problem::too_large(1),
        Problem::internal(""),
        crate::http::code::cut_off(),
        crate::http::code::not_provable(""),
        crate::http::code::not_published(),
        crate::http::code::uri_too_long(1),
        crate::http::code::unsupported_media_type(&["text/plain"]),
        crate::http::code::too_slow(1),
        crate::http::code::no_buyers_on_nats(),
        crate::http::code::webhooks_off(),
        crate::http::code::watched_full(),
        crate::http::code::through_a_connector(),
        crate::http::code::other_sender(),
        crate::http::code::not_represented(""),
        crate::http::code::search_not_offered(&""),
        crate::http::code::kept(&ShelfError::Changed),
        crate::http::code::kept(&ShelfError::TooMany { kind: "", most: 1 }),
        crate::http::code::bad_body(""),
        crate::http::code::bad_question(""),
        crate::http::code::bad_document(
            &bridges::bridge(bridges::Network::List).read(b"").unwrap_err(),
            Language::English,
        ),
        crate::http::code::no_such_answer(""),
        crate::http::code::bad_attachment(""),
        crate::http::code::unknown_nonce(),
        crate::http::code::unknown_credential(),
        crate::http::code::does_not_hold(&""),
        crate::http::code::not_bound(&KeyBindingError::Missing),
        crate::http::code::not_bound(&KeyBindingError::Audience(String::new())),
        not_cosigned(witness::Refusal::Malformed("")),
        not_cosigned(witness::Refusal::UnknownLog),
        not_cosigned(witness::Refusal::Untrusted(String::new())),
        not_cosigned(witness::Refusal::OldBeyond { old: 2, size: 1 }),
        not_cosigned(witness::Refusal::EmptyRoot),
        not_cosigned(witness::Refusal::Inconsistent),
        not_cosigned(witness::Refusal::OtherRoot { size: 1 }),
        Problem::refused(&Refusal::NoGenesis),
        Problem::refused(&Refusal::PartyExists { party: "x".parse().unwrap() }),
    ];
    for problem in rows {
        assert_eq!(documented[problem.code()], Some(problem.status), "{}", problem.code());
        assert_ne!(problem.told(Language::Japanese).title, problem.title, "{}", problem.code());
    }
}

/// Those that the rules refuse are held to it where they are worded.
#[test]
fn every_problem_of_the_door_is_told_in_japanese() {
    let ours = Code::ALL.iter().map(|code| code.as_str()).chain(malformed());
    // A refusal by the rules that the door tells, too.
    let codes: BTreeSet<&str> = ours.chain(["role-not-entitled"]).collect();
    assert_eq!(codes, worded_in_japanese().collect());
    for code in codes {
        let told = Problem::forbidden(code, "<particulars>").told(Language::Japanese);
        let words = told.detail.replace("<particulars>", "");
        assert!(words.chars().any(|letter| ('\u{3040}'..='\u{9FFF}').contains(&letter)), "{code}: {words}");
        assert!(!told.detail.contains(['{', '}']), "{code}: {words}");
        assert_eq!(told.code(), code);
    }
}

fn not_cosigned(refusal: witness::Refusal) -> Problem {
    crate::http::code::not_cosigned(&refusal.into())
}

#[test]
fn every_path_is_in_the_text() {
    let text = std::fs::read_to_string(spec("http.md")).unwrap();
    for route in routes() {
        let path = if route.path.starts_with("/tile") { "/tile/…" } else { route.path };
        assert!(text.contains(path), "docs/spec/http.md does not name {path}");
    }
}
