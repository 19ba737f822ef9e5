//! A place for small companies: one declares itself by a file of answers, an expert confirms, a sponsor declares for members without
//! keys, a body's verdict takes a declaration's place; and abroad nobody takes any of it for more than it is.

use conformity::party::Role;
use ledger::key::Algorithm;
use registry_node::import::{example, wordings};
use serde_json::{Value, json};
use tests::claims::{self, SUPPLIER, accreditation, day, with};
use tests::{Federation, Party, Registry};

const DOCUMENT: &str = "common-requirements@1";

/// A scheme under which small companies may declare themselves, its document, and who takes part.
pub(crate) async fn furnish(jp: &Registry) {
    jp.run(&["import", "document", "--example", "common-requirements", "--document", DOCUMENT, "--owner", "Ministry"]);
    let terms = json!({"validityMonths": 12, "expert": "optional", "levels": ["3"]});
    let scheme = with(claims::scheme("craft"), json!({"documents": [DOCUMENT], "selfDeclaration": terms}));
    let ministry = jp.party("ministry");
    ministry.must("scheme-published", scheme).await;
    jp.register("expert-1", Role::Expert).await;
    for (id, body, role) in [("C-40", "cb-1", "certification-body"), ("C-41", "expert-1", "expert")] {
        ministry.must("accreditation-granted", accreditation(id, body, role, "craft")).await;
    }
    for (id, role, patch) in [
        ("works", Role::Supplier, json!({"name": "Example Works", "identifiers": [SUPPLIER], "declares": true})),
        ("coop", Role::Buyer, json!({"declares": true})),
    ] {
        let mut claim = jp.equip(id, role, Algorithm::Ed25519);
        claim["party"] = with(claim["party"].clone(), patch);
        jp.operator().must("party-registered", claim).await;
    }
}

/// Answers to all requirements of the example but the last so many.
fn answers(left_open: usize) -> Value {
    let asked = wordings(example("common-requirements").unwrap().as_bytes()).unwrap();
    assert!(asked.iter().all(|(_, words)| !words.japanese.is_empty() && !words.title.is_empty()));
    let answered = asked.iter().take(asked.len() - left_open).enumerate();
    let answer = |place: usize| match place {
        3 => json!({"outcome": "not-applicable", "note": "we have no such thing"}),
        _ => json!({"outcome": "met"}),
    };
    let answers: serde_json::Map<String, Value> =
        answered.map(|(place, (number, _))| (number.to_string(), answer(place))).collect();
    json!({ (DOCUMENT): answers })
}

fn sheet(left_open: usize) -> Value {
    json!({
        "scheme": "craft@1", "answers": answers(left_open),
        "about": {"verdict": "S-1", "object": {"kind": "organization", "name": "Example Works"},
                  "viewpoints": ["organization", "process"], "level": "3", "scope": "repair of relays"},
    })
}

async fn declared(jp: &Registry) {
    let works = jp.party("works");
    let file = works.folder().join("answers.json");
    let declare = ["declare", "--scheme", "craft@1", "--answers", "answers.json"];
    std::fs::write(&file, sheet(2).to_string()).unwrap();
    let told = works.cli_refused(&[&declare[..], &["--yes"]].concat()).await;
    assert!(told.contains("2 of") && told.contains("no answer yet"), "{told}");
    std::fs::write(&file, sheet(0).to_string()).unwrap();
    let told = works.cli_refused(&declare).await;
    assert!(told.contains("nothing was signed"), "{told}");
    let made = works.cli(&[&declare[..], &["--yes"]].concat()).await;
    assert_eq!((&made["signed"], &made["state"]), (&json!(true), &json!("granted")), "{made}");
    // The same again changes nothing.
    let again = works.cli(&[&declare[..], &["--yes"]].concat()).await;
    assert_eq!(again["entry"], made["entry"]);
}

/// Nothing of the answers is in the log, and the credential holds them all.
async fn kept_back(jp: &Registry, works: &Party) {
    let kept = std::fs::read_to_string(works.folder().join("answers.sd-jwt")).unwrap();
    works.cli(&["credential", "fetch", "jp:S-1", "--out", "fetched.sd-jwt"]).await;
    assert_eq!(std::fs::read_to_string(works.folder().join("fetched.sd-jwt")).unwrap(), kept);
    let asked = wordings(example("common-requirements").unwrap().as_bytes()).unwrap().len();
    assert!(kept.matches('~').count() > 2 * asked, "{}", kept.len());
    jp.party("buyer-1").cli(&["credential", "fetch", "jp:S-1", "--out", "seen.sd-jwt"]).await;
    let seen = std::fs::read_to_string(jp.party("buyer-1").folder().join("seen.sd-jwt")).unwrap();
    assert_eq!(seen.matches('~').count(), 1, "a buyer gets what is signed in the open");
}

/// The credential of a declaration tells no level that only bodies give, not even where it keeps it back.
async fn no_higher_in_secret(works: &Party) {
    let detail = json!({"assessments": {"organization": {"level": "5"}, "process": {"level": "3"}}});
    std::fs::write(works.folder().join("detail.json"), detail.to_string()).unwrap();
    let today = day(0);
    let issue =
        ["credential", "issue", "S-1", "--assessed", &today, "--detail", "detail.json", "--out", "higher.sd-jwt"];
    let told = works.cli_refused(&issue).await;
    assert!(told.contains("leaves to bodies"), "{told}");
}

async fn sponsored(jp: &Registry) {
    let coop = jp.party("coop");
    let mandate = "ab".repeat(32);
    let list = format!(
        "verdict,supplier,name,country,scope,mandate,level\n\
         M-1,local:members:1,Workshop 1,JP,repair,{mandate},3\n\
         M-2,local:members:2,Workshop 2,Japan,repair,{mandate},3\n\
         M-3,local:members:3,Workshop 3,JP,repair,{mandate},4\n\
         M-4,local:members:4,\"Workshop, 4\",JP,repair,{mandate},\n"
    );
    std::fs::write(coop.folder().join("members.csv"), list).unwrap();
    let told = coop.cli_refused(&["declare", "--scheme", "craft@1", "--csv", "members.csv"]).await;
    let told: Value = serde_json::from_str(told.lines().next().unwrap()).unwrap();
    assert_eq!(told["appended"], 2, "{told}");
    let refused: Vec<(u64, &str)> = told["refused"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| (one["line"].as_u64().unwrap(), one["why"].as_str().unwrap()))
        .collect();
    assert!(
        matches!(refused[..], [(3, country), (4, level)]
        if country.starts_with("country:") && level.contains("level-not-declarable")),
        "{refused:?}"
    );
    let member = jp.verdict("jp:M-4").await;
    assert_eq!(member["terms"]["provenance"]["self-declared"]["mandate"], mandate);
    assert_eq!(member["now"]["issuer"], "coop");
}

/// What abroad is made of the declaration, once that is so.
async fn abroad(eu: &Registry, verdict: &str, outcome: &str, words: &str) -> Value {
    let fits = |answer: &Value| answer["outcome"] == outcome && answer.to_string().contains(words);
    eu.recognises(verdict, fits).await
}

/// The expert does not stand by his word any more: at home and abroad it counts no more, which a new proof shows; then he looks again.
async fn doubted(jp: &Registry, eu: &Registry, works: &Party) {
    let expert = jp.party("expert-1");
    let took_back = expert.cli(&["confirm", "S-1", "--withdraw", "records-were-false"]).await;
    abroad(eu, "jp:S-1", "refused", "not-confirmed").await;
    let answer = jp.verdict("jp:S-1").await;
    assert_eq!(
        (&answer["now"].get("confirmed"), &answer["history"][2]["what"]),
        (&None, &json!("confirmation-withdrawn"))
    );
    jp.proves(&works.client(), "jp:S-1", &took_back).await;
    works.cli(&["prove", "jp:S-1", "--out", "doubted.json"]).await;
    let proven = works.cli(&["verify", "doubted.json", "--trust", "policy.toml"]).await.to_string();
    assert!(proven.contains("no expert confirmed it") && proven.contains("confirmation-withdrawn"), "{proven}");
    assert!(
        proven.contains("\"status\":\"valid\""),
        "what was documented before he confirmed is as true as before: {proven}"
    );
    expert.cli(&["confirm", "S-1", "--method", "Interview, again"]).await;
    abroad(eu, "jp:S-1", "recognised", "confirmed by an expert; no body decided it").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_small_company_declares_and_is_never_taken_for_more() {
    let federation = Federation::start(&["jp", "eu"]).await;
    let (jp, eu) = (federation.registry("jp"), federation.registry("eu"));
    furnish(jp).await;
    federation.peer("jp", "eu").await;
    let rule = with(claims::rule("R-1", "jp", "eu", "craft"), json!({"acceptsSelfDeclared": "expert-confirmed"}));
    federation.arrange(&claims::terms("A-1", "bilateral", &["jp", "eu"], vec![rule])).await;

    declared(jp).await;
    let works = jp.party("works");
    kept_back(jp, &works).await;
    no_higher_in_secret(&works).await;
    abroad(eu, "jp:S-1", "refused", "not-confirmed").await;

    let confirmed = jp.party("expert-1").cli(&["confirm", "S-1", "--method", "Interview"]).await;
    let counted = abroad(eu, "jp:S-1", "recognised", "confirmed by an expert; no body decided it").await;
    assert_eq!(counted["selfDeclared"], "expert-confirmed", "{counted}");
    let standing = jp.must_ask(&format!("/v1/suppliers/{SUPPLIER}/standing?scheme=craft")).await;
    assert!(standing.to_string().contains("\"selfDeclared\":\"expert-confirmed\""), "{standing}");

    works.cli(&["policy", "init", "policy.toml", "--genesis", "genesis.jws"]).await;
    jp.proves(&works.client(), "jp:S-1", &confirmed).await;
    works.cli(&["prove", "jp:S-1", "--out", "bundle.json"]).await;
    let proven = works.cli(&["verify", "bundle.json", "--trust", "policy.toml"]).await;
    assert!(proven.to_string().contains("expert-1 confirmed it; no body decided it"), "{proven}");

    doubted(jp, eu, &works).await;
    sponsored(jp).await;
    abroad(eu, "jp:M-1", "refused", "not-confirmed").await;

    let supplier = json!({"id": SUPPLIER, "name": "Example Works", "country": "JP"});
    let decided =
        json!({"supplier": supplier, "scheme": "craft@1", "level": "4", "validUntil": day(300), "upgrades": "S-1"});
    jp.party("cb-1").must("verdict-granted", with(claims::verdict("V-9"), decided)).await;
    let before = jp.verdict("jp:S-1").await;
    assert!(before["now"]["state"].get("superseded").is_some(), "{before}");
    assert_eq!(before["history"].as_array().unwrap().len(), 5, "{before}");
    abroad(eu, "jp:V-9", "recognised", "").await;
    abroad(eu, "jp:S-1", "refused", "verdict-superseded").await;
    let (own, theirs) = (jp.verdict("jp:S-1").await, eu.verdict("jp:S-1").await);
    for registry in ["jp", "eu"] {
        federation.node(registry).kill();
        federation.restart(registry).await;
    }
    assert_eq!((jp.verdict("jp:S-1").await, eu.verdict("jp:S-1").await), (own, theirs), "a replay says the same");
}
