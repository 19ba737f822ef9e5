//! A country without a body of its own, whose registry runs on the node of another: foreign bodies assess for it, in their own registry
//! by an arrangement that names them, or in its own, where they are accredited; and a buyer abroad is told why it counts. And a registry of
//! a sector, beside the national one.

use serde_json::{Value, json};
use tests::claims::{document, rule, scheme, terms, verdict, with};
use tests::{Federation, Party, Registry};

const GUEST: &str = "local:mm:works";

/// A verdict on a supplier of that country.
fn on_guest(id: &str) -> Value {
    with(verdict(id), json!({"supplier": {"id": GUEST, "name": "Yangon Works", "country": "MM"}}))
}

async fn asks(buyer: &Party, language: &str) -> Value {
    buyer.cli(&["--lang", language, "standing", GUEST, "--scheme", "stars"]).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bodies_of_another_registry_assess_for_a_hosted_country() {
    let federation = Federation::start_in_one_process(&["jp", "mm"]).await;
    federation.peer("jp", "mm").await;
    let (jp, mm) = (federation.registry("jp"), federation.registry("mm"));
    jp.run(&["hosting", "accept", "mm"]);
    mm.run(&["hosting", "consent", "jp", "--until", "2099-12-31"]);
    let named = with(rule("jp-to-mm", "jp", "mm", "stars"), json!({"bodies": ["cb-1"], "countries": ["MM"]}));
    let rules = vec![named, rule("mm-to-jp", "mm", "jp", "stars")];
    let agreed = terms("A-1", "bilateral", &["jp", "mm"], rules);
    proposed_in_doubt(mm, &agreed).await;
    federation.arrange_rest(&agreed, &["jp"]).await;
    mm.soon("/v1/arrangements", |all| all["arrangements"][0].get("doubts").is_none()).await;

    // In the body's own registry: those named, for that country, and nobody else.
    jp.party("cb-1").must("verdict-granted", on_guest("V-1")).await;
    jp.party("cb-2").must("verdict-granted", on_guest("V-2")).await;
    jp.party("cb-1").must("verdict-granted", verdict("V-3")).await;
    for (id, gap) in [("V-1", None), ("V-2", Some("body-not-named")), ("V-3", Some("country-not-covered"))] {
        let row = mm.recognises(&format!("jp:{id}"), |one| one["outcome"] != Value::Null).await;
        assert_eq!(row["gaps"][0]["code"].as_str(), gap, "{row}");
        assert_eq!(row["outcome"] == "recognised", gap.is_none(), "{row}");
    }
    let told = asks(&mm.party("buyer-1"), "en").await;
    assert!(told.to_string().contains("cb-2 answers for it; the rule names cb-1"), "{told}");

    // In the hosted registry itself: the authority there accredits a body from abroad, and a buyer in Japan is told.
    let accredited = json!({
        "id": "G-1", "body": "cb-2", "as": "certification-body", "scheme": "moons@1", "viewpoints": ["organization", "process"],
        "from": "2026-01-01", "until": "2099-12-31",
    });
    mm.party("ministry").must("accreditation-granted", accredited).await;
    mm.party("cb-2").must("verdict-granted", on_guest("G-1")).await;
    jp.recognises("mm:G-1", |one| one["outcome"] == "recognised").await;
    let told = asks(&jp.party("buyer-1"), "ja").await;
    let foreign = told["holdings"].as_array().unwrap().iter().find_map(|one| one.get("foreign")).unwrap();
    assert_eq!((&foreign["counts"], &foreign["record"]["recognition"]["rule"]), (&json!(true), &json!("mm-to-jp")));
    assert!(foreign["record"]["recognition"]["explanation"].as_str().unwrap().contains("承認されています"), "{told}");
}

/// Signs terms that name a body of a registry which has shown nothing yet: whoever signs is warned, and whoever asks.
async fn proposed_in_doubt(mm: &Registry, terms: &Value) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("terms.json");
    std::fs::write(&file, terms.to_string()).unwrap();
    let signed = mm.operator().cli(&["arrangement", "propose", file.to_str().unwrap()]).await;
    let doubt = &signed["doubts"][0];
    assert_eq!((&doubt["code"], &doubt["body"]), (&json!("body-not-met"), &json!("cb-1")), "{signed}");
    for (language, words) in [("en", "jp has shown this registry no body cb-1"), ("ja", "まだ示していません")]
    {
        let shown = mm.operator().cli(&["--lang", language, "arrangement", "show", "A-1"]).await;
        assert!(shown["doubts"][0]["text"].as_str().unwrap().contains(words), "{shown}");
    }
}

/// A profile of the common requirements, and a scheme on it.
fn profile(id: &str, left_out: &[&str]) -> [(&'static str, Value); 2] {
    let tailors = json!([{"document": "common@1", "kept": 9, "tightened": 1, "loosened": 0, "leftOut": left_out}]);
    let document = with(document(), json!({"document": format!("{id}-profile@1"), "tailors": tailors}));
    let on_it = json!({"scheme": format!("{id}@1"), "documents": [format!("{id}-profile@1")], "levels": null});
    [("document-published", document), ("scheme-published", with(scheme("stars"), on_it))]
}

/// Publishes the common requirements with two profiles: one leaves something out, one keeps everything.
async fn publish(registry: &Registry) {
    let ministry = registry.party("ministry");
    let common = with(document(), json!({"document": "common@1"}));
    ministry.must("document-published", common).await;
    for (kind, claim) in [profile("lean", &["COM-07"]), profile("full", &[])].concat() {
        ministry.must(kind, claim).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sectoral_verdict_counts_for_the_common_requirements_as_far_as_its_profile_keeps_them() {
    let federation = Federation::start(&["jp", "auto"]).await;
    federation.peer("jp", "auto").await;
    let (jp, auto) = (federation.registry("jp"), federation.registry("auto"));
    publish(jp).await;
    publish(auto).await;
    let rules =
        ["lean", "full"].map(|id| with(rule(id, "auto", "jp", id), json!({"as": {"scheme": format!("{id}@1")}})));
    federation.arrange(&terms("A-1", "bilateral", &["jp", "auto"], rules.to_vec())).await;
    let buyer = jp.party("buyer-1");
    for (id, counts) in [("lean", false), ("full", true)] {
        let supplier = format!("local:auto:{id}");
        let accredited = json!({
            "id": id, "body": "cb-1", "as": "certification-body", "scheme": format!("{id}@1"),
            "viewpoints": ["organization", "process"], "from": "2026-01-01", "until": "2099-12-31",
        });
        auto.party("ministry").must("accreditation-granted", accredited).await;
        let about = json!({"supplier": {"id": supplier, "name": "Parts", "country": "JP"}, "scheme": format!("{id}@1"), "level": null});
        auto.party("cb-1").must("verdict-granted", with(verdict(id), about)).await;
        jp.recognises(&format!("auto:{id}"), |one| one["outcome"] == "recognised").await;
        let common = buyer.cli(&["standing", &supplier, "--document", "common@1"]).await;
        let foreign = &common["holdings"][0]["foreign"];
        assert_eq!(
            (&foreign["counts"], &foreign["tailors"][0]["document"]),
            (&json!(counts), &json!("common@1")),
            "{common}"
        );
        let named = common["explanation"].as_str().unwrap().contains("leaves out COM-07");
        assert_eq!(named, !counts, "{common}");
        let sectoral = buyer.cli(&["standing", &supplier, "--scheme", id]).await;
        assert_eq!(sectoral["holdings"][0]["foreign"]["counts"], true, "for the sector it counts as it is: {sectoral}");
    }
}
