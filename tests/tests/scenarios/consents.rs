//! A supplier lets one buyer see a level that nobody else may know of, takes it back, and reads who looked; through a kill,
//! and without a peer learning anything.

use conformity::party::Role;
use serde_json::{Value, json};
use tests::claims::{day, rule, terms, verdict, with};
use tests::secrets::{LEVEL_GIVEN_AWAY, holders};
use tests::{Federation, Party, Registry, Secrets};

const VERDICT: &str = "/v1/verdicts/jp:V-1";

/// Where the verdict was assessed, and what was found there: nobody but its supplier and the body may know.
const SITE: &str = "Kept-back Works, Osaka";
const FINDING: &str = "The door to the archive does not lock";

/// A restricted verdict at level 4 with its credential, all of which it gives.
async fn documented(jp: &Registry) -> String {
    let body = jp.party("cb-1");
    let terms = json!({"profile": "restricted", "sites": [SITE, "Nagoya"]});
    body.must("verdict-granted", with(verdict("V-1"), terms)).await;
    let found = |requirement: &str| {
        let result = json!({"document": "sp800-171@r3", "requirement": requirement, "outcome": "met"});
        let finding = json!({"document": "sp800-171@r3", "requirement": requirement, "text": FINDING});
        json!({"level": "4", "results": [result], "findings": [finding]})
    };
    let detail = json!({
        "reach": {"level": "4", "sites": [SITE, "Nagoya"]},
        "assessments": {"organization": found("03.01.01"), "process": found("03.14.01")},
    });
    std::fs::write(body.folder().join("detail.json"), detail.to_string()).unwrap();
    let out = ["--detail", "detail.json", "--out", "V-1.sd-jwt"];
    body.cli(&[&["credential", "issue", "V-1", "--assessed", &day(-20)][..], &out].concat()).await;
    std::fs::read_to_string(body.folder().join("V-1.sd-jwt")).unwrap()
}

async fn refused(party: &Party, path: &str) -> String {
    party.client().json::<Value>(path).await.unwrap_err().to_string()
}

/// What somebody's copy of the credential shows, by place.
async fn places(jp: &Registry, reader: &Party) -> Vec<String> {
    std::fs::write(reader.folder().join("cb-1.jwk"), jp.party("cb-1").key().public_key().to_jwk()).unwrap();
    reader.cli(&["credential", "fetch", "jp:V-1", "--out", "seen.sd-jwt"]).await;
    let list = reader.cli(&["credential", "present", "seen.sd-jwt", "--issuer", "cb-1.jwk", "--list"]).await;
    let mut places: Vec<String> = serde_json::from_value(list).unwrap();
    places.sort();
    places
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_buyer_sees_the_level_by_consent_and_nothing_after_its_withdrawal() {
    let federation = Federation::start_tracing(&["jp", "eu"]).await;
    federation.peer("jp", "eu").await;
    let terms = terms("A-1", "bilateral", &["jp", "eu"], vec![rule("R-1", "jp", "eu", "stars")]);
    federation.arrange(&terms).await;
    let (jp, eu) = (federation.registry("jp"), federation.registry("eu"));
    jp.register_supplier("maker").await;
    jp.register("buyer-2", Role::Buyer).await;
    let whole = [documented(jp).await];
    let (maker, buyer, other) = (jp.party("maker"), jp.party("buyer-1"), jp.party("buyer-2"));
    let unseen = refused(&buyer, VERDICT).await;
    let claim = json!({
        "consent": "D-1", "about": {"verdict": "V-1"}, "to": "buyer-1", "parts": ["level"], "until": day(30),
    });
    let consent = maker.sign("disclosure-consented", claim);
    let given = maker.send(consent.clone()).await.unwrap();

    let seen: Value = buyer.client().json(VERDICT).await.unwrap();
    assert_eq!((&seen["terms"]["level"], &seen["now"]["level"]), (&json!("4"), &json!("4")));
    assert!(!seen.to_string().contains(SITE), "{seen}");
    let assessed =
        |index, rest: &str| format!("/credentialSubject/conformityAssessment/{index}/assessedPerformance{rest}");
    let expected = [
        assessed(0, ""),
        assessed(0, "/0"),
        assessed(1, ""),
        assessed(1, "/0"),
        "/verdict/reach".to_owned(),
        "/verdict/reach/level".to_owned(),
    ];
    assert_eq!(places(jp, &buyer).await, expected);
    assert_eq!(refused(&other, VERDICT).await, unseen);
    assert_eq!(refused(&other, VERDICT).await, refused(&other, "/v1/verdicts/jp:V-0").await.replace("V-0", "V-1"));

    federation.node("jp").kill();
    federation.restart("jp").await;
    assert_eq!(places(jp, &buyer).await, expected, "a consent survives");
    maker.cli(&["consent", "withdraw", "D-1"]).await;
    assert_eq!(refused(&buyer, VERDICT).await, unseen, "at once");
    assert_eq!(refused(&buyer, "/v1/credentials/jp:V-1").await, refused(&other, "/v1/credentials/jp:V-1").await);

    let told = maker.cli(&["consent", "uses", "jp:V-1"]).await;
    let uses: Vec<_> = told["uses"].as_array().unwrap().iter().map(|one| (&one["to"], &one["way"])).collect();
    let buyer_1 = json!("buyer-1");
    // The nights of UTC may make two records of one.
    assert!(uses.len() >= 2 && uses.iter().all(|(to, _)| **to == buyer_1), "{told}");
    let times = |way: &str| uses_of(&told, way);
    assert_eq!((times("verdict"), times("credential")), (1, 2), "{told}");
    let listed = maker.cli(&["consent", "list"]).await;
    assert_eq!((&listed["consents"][0]["stands"], &listed["consents"][0]["by"]), (&json!(false), &json!("maker")));

    tests::soon("eu follows beyond the consent", async || {
        let status = eu.peer_status("jp").await;
        let followed = status["status"]["mirrored"].as_u64().unwrap_or_default();
        if followed > given.index { Ok(()) } else { Err(status.to_string()) }
    })
    .await;
    let text = String::from_utf8(consent.to_vec()).unwrap();
    let signature = text.rsplit_once('.').unwrap().1.to_owned();
    assert_eq!(holders(eu.folder().path(), &[&signature]), Vec::<String>::new());
    assert!(!holders(jp.folder().path(), &[&signature]).is_empty(), "it would be found where it is");
    Secrets::of(&whole, &[FINDING]).found_nowhere(&federation, &["V-1"]).await;
    // Its statement rests in the log's own files as it was signed.
    Secrets::of(&whole, &[SITE]).and(LEVEL_GIVEN_AWAY).said_nowhere(&federation, &["V-1"]).await;
}

fn uses_of(told: &Value, way: &str) -> u64 {
    let uses = told["uses"].as_array().unwrap().iter();
    uses.filter(|one| one["way"] == way).filter_map(|one| one["times"].as_u64()).sum()
}

/// An insurer is a buyer here: whoever relies on verdicts, and registers. An authority sees that a restricted verdict is there, and
/// no more without a consent than anybody.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_authority_and_an_insurer_see_what_each_was_named_for() {
    let federation = Federation::start(&["jp"]).await;
    let jp = federation.registry("jp");
    let maker = jp.register_supplier("maker").await;
    let (authority, insurer) = (jp.party("ministry"), jp.register("insurer", Role::Buyer).await);
    documented(jp).await;
    let before = [refused(&authority, VERDICT).await, refused(&insurer, VERDICT).await];
    for (id, to, parts) in [("D-1", "ministry", json!(["findings"])), ("D-2", "insurer", json!(["scope", "results"]))] {
        let claim = json!({"consent": id, "about": {"verdict": "V-1"}, "to": to, "parts": parts, "until": day(30)});
        maker.must("disclosure-consented", claim).await;
    }

    let elements = |places: Vec<String>, list: &str| -> Vec<String> {
        let of_list = |place: &String| place.starts_with("/verdict/reach") || place.contains(list);
        assert!(places.iter().all(of_list), "nothing but {list}: {places:?}");
        let rest = |place: &String| place.rsplit('/').next().map(str::to_owned);
        places.iter().filter_map(rest).collect()
    };
    let findings = elements(places(jp, &authority).await, "/findings");
    assert_eq!(findings, ["findings", "0", "findings", "0"], "of either viewpoint, and neither level nor reach");
    let seen: Value = authority.client().json(VERDICT).await.unwrap();
    assert_eq!((seen["terms"].get("level"), seen["terms"].get("sites")), (None, None), "{seen}");
    assert!(!seen.to_string().contains(SITE), "{seen}");

    let results = elements(places(jp, &insurer).await, "/assessedPerformance");
    // The level stands first in each list, and stays hidden.
    assert_eq!(results, ["assessedPerformance", "0", "assessedPerformance", "0", "reach", "sites"]);
    let seen: Value = insurer.client().json(VERDICT).await.unwrap();
    assert_eq!((seen["terms"].get("level"), &seen["terms"]["sites"][0]), (None, &json!(SITE)), "{seen}");

    let told = maker.cli(&["consent", "uses", "jp:V-1"]).await;
    let uses = told["uses"].as_array().unwrap();
    let named: Vec<_> = uses.iter().map(|one| (&one["to"], &one["parts"])).collect();
    let (to_authority, to_insurer) =
        ((json!("ministry"), json!(["findings"])), (json!("insurer"), json!(["scope", "results"])));
    let known = |one: &(&Value, &Value)| [&to_authority, &to_insurer].iter().any(|(to, parts)| (to, parts) == *one);
    assert!(named.len() >= 4 && named.iter().all(known), "{told}");

    for id in ["D-1", "D-2"] {
        maker.cli(&["consent", "withdraw", id]).await;
    }
    assert_eq!([refused(&authority, VERDICT).await, refused(&insurer, VERDICT).await], before, "at once");
}
