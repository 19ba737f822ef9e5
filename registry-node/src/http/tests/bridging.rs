//! Documents of trading networks over HTTP: who of them is asked about, what is answered in which form, and what is refused.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use bridges::Network;
use bytes::Bytes;
use conformity::party::Role;
use serde_json::{Value, json};
use warp::http::Method;

use super::fixture::{Got, World, restricted, verdict};
use crate::http::bridging::{ANSWERS, FORMS};

const EDIFACT: &str = "application/edifact";
/// The supplier of the order in EDIFACT, its buyer, and the seller of the order in UBL.
const SUPPLIER: &str = "gln:5013546107732";
const BUYER: &str = "gln:5400110000009";
const SELLER: &str = "gln:7300010000001";

/// An order of others in EDIFACT, with its count of segments mended.
fn order() -> Option<String> {
    let file = test_data::vectors("edi/edifact-staedi/orders-with-group.edi")?;
    Some(std::fs::read_to_string(file).unwrap().replace("UNT+21+1", "UNT+18+1"))
}

fn interchange(messages: &[(&str, &str)]) -> String {
    let each = messages.iter().enumerate().map(|(position, (kind, parties))| {
        let (reference, segments) = (position + 1, 3 + parties.matches("NAD+").count());
        format!("UNH+{reference}+{kind}:D:96A:UN'BGM+220+PO-{reference}'{parties}UNT+{segments}+{reference}'")
    });
    let messages_in_it: String = each.collect();
    format!("UNB+UNOC:3+5400110000009:14+5013546107732:14+261127:2300+R-1'{messages_in_it}UNZ+{}+R-1'", messages.len())
}

fn policy() -> Value {
    json!({"policy": "parts", "version": 1, "rules": [{
        "id": "direct", "otherwise": "stop",
        "requires": {"verdict": {"scheme": "stars", "viewpoints": ["organization"]}},
    }]})
}

fn granted(id: &str, supplier: &str) -> Value {
    let mut claim = verdict(id);
    claim["supplier"] = json!({"id": supplier, "name": "Widgets", "country": "GB"});
    claim
}

/// A registry where the supplier and the seller have verdicts, and the buyer keeps a policy.
async fn trading() -> World {
    let world = World::furnished().await;
    let cb = world.person("cb-1");
    world.must(&cb, "verdict-granted", granted("V-3", SUPPLIER)).await;
    world.must(&cb, "verdict-granted", granted("V-4", SELLER)).await;
    keep(&world, "buyer-1").await;
    world
}

async fn keep(world: &World, who: &str) {
    let person = world.person(who);
    let headers = [("content-type", "application/json")];
    let body = policy().to_string().into();
    let put = world.talk(Some(&person)).await.send(Method::PUT, "/v1/policies/parts", &headers, body).await;
    assert_eq!(put.status, 200, "{put:?}");
}

async fn bridge(world: &World, who: &str, path: &str, headers: &[(&str, &str)], body: impl Into<Bytes>) -> Got {
    let person = world.person(who);
    world.talk(Some(&person)).await.send(Method::POST, &format!("/v1/bridges/{path}"), headers, body.into()).await
}

async fn told(world: &World, who: &str, path: &str, media_type: &str, body: impl Into<Bytes>) -> Value {
    let got = bridge(world, who, path, &[("content-type", media_type)], body).await;
    assert_eq!(got.status, 200, "{got:?}");
    got.json()
}

#[tokio::test]
async fn an_order_in_edifact_is_answered_in_json_and_in_its_own_form() {
    let Some(order) = order() else { return };
    let world = trading().await;
    let path = "edifact?policy=parts";
    let all = told(&world, "buyer-1", path, EDIFACT, order.clone()).await;
    let document = &all["documents"][0];
    assert_eq!(
        (&all["advice"], &document["kind"], &document["step"]),
        (&json!("go"), &json!("order"), &json!("order"))
    );
    assert_eq!(document["parties"][1]["role"], "supplier", "{document}");
    assert_eq!(document["parties"][1]["identifiers"][0]["identifier"], SUPPLIER);
    let findings = document["findings"].as_array().unwrap();
    assert_eq!(findings.len(), 1, "the buyer is not asked about: {findings:?}");
    assert_eq!((&findings[0]["partner"], &findings[0]["rules"][0]["restsOn"]), (&json!(SUPPLIER), &json!(["jp:V-3"])));
    let url = &world.registry.config.http.public_url;
    assert_eq!(findings[0]["proof"], format!("{url}/v1/verdicts/jp:V-3/proof"));
    assert!(findings[0].get("standing").is_none() && document.get("evidence").is_none(), "{document}");
    // What the same asker gets who asks about the supplier alone.
    let question = json!({"partner": SUPPLIER, "order": {"step": "order"}, "policyName": "parts", "proofs": false});
    let buyer = world.person("buyer-1");
    let alone =
        world.talk(Some(&buyer)).await.post("/v1/decisions", "application/json", question.to_string()).await.json();
    for member in ["advice", "found", "rules", "because", "explanation"] {
        assert_eq!(findings[0][member], alone[member], "{member}");
    }
    let answer = &document["answer"];
    let text = String::from_utf8(BASE64_STANDARD.decode(answer["content"].as_str().unwrap()).unwrap()).unwrap();
    assert_eq!(answer["mediaType"], EDIFACT);
    for piece in
        ["+5013546107732:14+5400110000009:14+", "APERAK:D:96A:UN", "RFF+ACW:C1441747", "ERC+GO::86", "V-3/proof"]
    {
        assert!(text.contains(piece), "{piece}: {text}");
    }

    let headers = [("content-type", EDIFACT), ("accept", "application/EDIFACT, application/json;q=0.5")];
    let own = bridge(&world, "buyer-1", path, &headers, order.clone()).await;
    assert_eq!((own.status, own.header("content-type")), (200, EDIFACT));
    assert!(ANSWERS.contains(&EDIFACT));
    let is_answer = |body: &Bytes| String::from_utf8_lossy(body).contains("ERC+GO::86");
    assert!(is_answer(&own.body), "{own:?}");
    // Japanese has no letters in the asker's character set: English is written, and the JSON is in Japanese.
    let japanese = told(&world, "buyer-1", "edifact?policy=parts&lang=ja", EDIFACT, order).await;
    let document = &japanese["documents"][0];
    assert!(document["findings"][0]["explanation"].as_str().unwrap().starts_with("進めて"), "{japanese}");
    assert!(is_answer(&BASE64_STANDARD.decode(document["answer"]["content"].as_str().unwrap()).unwrap().into()));
}

#[tokio::test]
async fn an_order_in_ubl_is_answered_by_an_application_response() {
    let Some(file) = test_data::vectors("edi/peppol-bis3/examples/Order_Example.xml") else { return };
    let world = trading().await;
    let order = std::fs::read(file).unwrap();
    let all = told(&world, "buyer-1", "ubl?policy=parts", "application/xml; charset=utf-8", order.clone()).await;
    let document = &all["documents"][0];
    assert_eq!((&document["reference"], &document["findings"][0]["partner"]), (&json!("34"), &json!(SELLER)), "{all}");
    assert_eq!((&document["findings"][0]["rules"][0]["restsOn"], &all["advice"]), (&json!(["jp:V-4"]), &json!("go")));
    let headers = [("content-type", "text/xml"), ("accept", "application/xml")];
    let own = bridge(&world, "buyer-1", "ubl?policy=parts", &headers, order).await;
    let text = String::from_utf8(own.body.to_vec()).unwrap();
    assert!(text.contains("<ApplicationResponse ") && text.contains(">go<") && text.contains("V-4/proof"), "{text}");
}

#[tokio::test]
async fn the_partner_is_the_side_that_is_not_the_asker_s() {
    let world = trading().await;
    let operator = world.operator();
    world.join(&operator, "widgets", Role::Supplier, json!([SUPPLIER])).await;
    keep(&world, "widgets").await;
    let (by, su, mf) = ("NAD+BY+5400110000009::9'", "NAD+SU+5013546107732::9'", "NAD+MF+4012345000009::9'");
    let whole = format!("{by}{su}{mf}NAD+CA+4000001000005::9'");
    let rows: [(&str, &str, String, &[&str]); 6] = [
        ("buyer-1", "ORDERS", whole.clone(), &[SUPPLIER, "gln:4012345000009"]),
        ("widgets", "ORDERS", whole, &[BUYER]),
        // Where nobody sells by name, whoever sends the goods does.
        ("buyer-1", "DESADV", format!("{by}NAD+CZ+5013546107732::9'"), &[SUPPLIER]),
        ("buyer-1", "DESADV", format!("{su}NAD+CZ+4012345000009::9'"), &[SUPPLIER]),
        ("widgets", "DESADV", format!("{su}NAD+CN+5400110000009::9'"), &[BUYER]),
        // On both sides the asker is no partner of its own.
        ("widgets", "ORDERS", format!("{su}NAD+BY+5013546107732::9'"), &[]),
    ];
    for (who, kind, parties, expected) in rows {
        let all = told(&world, who, "edifact?policy=parts", EDIFACT, interchange(&[(kind, &parties)])).await;
        let document = &all["documents"][0];
        let findings = document["findings"].as_array().unwrap();
        let partners: Vec<&str> = findings.iter().map(|one| one["partner"].as_str().unwrap()).collect();
        assert_eq!(partners, expected, "{who} {kind} {parties}");
        assert_eq!(document["unanswered"].as_str().is_some_and(|why| why.contains("no partner")), expected.is_empty());
    }
}

#[tokio::test]
async fn what_is_not_known_passes_and_is_never_taken_as_met() {
    let world = trading().await;
    let named = "NAD+BY+5400110000009::9'NAD+SU+77::92'";
    let input = interchange(&[
        ("ORDERS", named),
        ("INVOIC", named),
        ("BAPLIE", "NAD+SU+5013546107732::9'"),
        ("ORDERS", "NAD+SU+++A NAME'"),
    ]);
    let all = told(&world, "buyer-1", "edifact?policy=parts", EDIFACT, input.clone()).await;
    let of = |document: usize| &all["documents"][document];
    assert_eq!((&of(0)["advice"], &of(0)["findings"][0]["named"]), (&json!("conditional"), &json!("77")), "{all}");
    assert!(of(0)["findings"][0]["explanation"].as_str().unwrap().contains("cannot be looked up"), "{all}");
    assert_eq!(of(1)["advice"], "notice", "at payment nothing is held up: {all}");
    assert!(of(2)["notices"][0].as_str().unwrap().contains("not known here"), "{all}");
    assert_eq!((&of(2)["advice"], of(2).get("step")), (&Value::Null, None));
    assert!(of(2)["unanswered"].as_str().unwrap().contains("at which one you ask"), "{all}");
    assert_eq!((&of(3)["advice"], &of(3)["findings"][0]["named"]), (&json!("conditional"), &json!("SU")));

    // The asker says who the stranger is, and at which step unknown documents are.
    let one = interchange(&[("ORDERS", named)]);
    let vouched = told(&world, "buyer-1", &format!("edifact?policy=parts&partner={SUPPLIER}"), EDIFACT, one).await;
    let finding = &vouched["documents"][0]["findings"][0];
    assert_eq!(
        (&finding["named"], &finding["partner"], &finding["advice"]),
        (&json!("77"), &json!(SUPPLIER), &json!("go"))
    );
    let stepped = told(&world, "buyer-1", "edifact?policy=parts&step=contract", EDIFACT, input).await;
    assert_eq!((&stepped["documents"][2]["advice"], &stepped["documents"][0]["step"]), (&json!("go"), &json!("order")));
    // What the asker may not see is as if it were not there.
    let cb = world.person("cb-1");
    let mut hidden = restricted("V-5");
    hidden["supplier"]["id"] = json!(BUYER);
    world.must(&cb, "verdict-granted", hidden).await;
    let list = format!("identifier\n{SUPPLIER}\n{BUYER}\ngln:9\n");
    let listed = told(&world, "buyer-1", "list?policy=parts&step=order", "text/csv", list).await;
    let advice: Vec<&Value> =
        listed["documents"][0]["findings"].as_array().unwrap().iter().map(|one| &one["advice"]).collect();
    assert_eq!(advice, ["go", "stop", "conditional"], "{listed}");
}

#[tokio::test]
async fn a_certificate_that_comes_in_is_told_as_a_claim_beside_what_is_known() {
    let Some(file) = test_data::vectors("catena-x/cx-0135-v2-messages/push.json") else { return };
    let world = trading().await;
    let push = std::fs::read(file).unwrap();
    let path = "catena-x?policy=parts&step=contract";
    let unknown = told(&world, "buyer-1", path, "application/json", push.clone()).await;
    let document = &unknown["documents"][0];
    assert_eq!((&document["kind"], &document["advice"]), (&json!("certificate"), &json!("conditional")), "{unknown}");
    assert!(document["evidence"]["claimed"].is_string(), "{document}");
    let content = |document: &Value| -> Value {
        serde_json::from_slice(&BASE64_STANDARD.decode(document["answer"]["content"].as_str().unwrap()).unwrap())
            .unwrap()
    };
    assert_eq!(content(document)["content"]["certificateStatus"], "RECEIVED", "{document}");
    for (partner, status, holdings) in [(SUPPLIER, "ACCEPTED", 1), ("duns:150483782", "REJECTED", 0)] {
        let vouched =
            told(&world, "buyer-1", &format!("{path}&partner={partner}"), "application/json", push.clone()).await;
        let document = &vouched["documents"][0];
        assert_eq!(content(document)["content"]["certificateStatus"], status, "{document}");
        assert_eq!(document["findings"][0]["standing"]["holdings"].as_array().unwrap().len(), holdings, "{document}");
    }
}

#[tokio::test]
async fn each_bad_input_is_refused_and_says_what_to_do() {
    let world = trading().await;
    let many: String = (0..257).map(|number| format!("local:parts-list:{number}\n")).collect();
    let strangers = interchange(&[("ORDERS", "NAD+SU+77::92'NAD+SU+78::92'")]);
    let one = interchange(&[("ORDERS", "NAD+SU+5013546107732::9'")]);
    let two = interchange(&[("ORDERS", "NAD+SU+5013546107732::9'"), ("ORDERS", "NAD+SU+5013546107732::9'")]);
    let broken = one.replace("UNT+4", "UNT+5");
    let (json_type, csv) = ("application/json", "text/csv");
    let rows: [(&str, &str, &str, String, u16, &str, &str); 12] = [
        ("edifact?policy=parts", EDIFACT, "", broken.clone(), 422, "bad-document", "segment 5 (UNT"),
        ("ubl?policy=parts", "application/xml", "", "<a><b/></a".to_owned(), 422, "bad-document", "not XML"),
        ("catena-x?policy=parts", json_type, "", "{\"a\": 1, \"a\": 2}".to_owned(), 422, "bad-document", ""),
        ("list?policy=parts", csv, "", "name\nx\n".to_owned(), 422, "bad-document", "line 1"),
        ("moon?policy=parts", csv, "", one.clone(), 400, "bad-parameter", "edifact, ubl"),
        ("edifact?policy=parts", csv, "", one.clone(), 415, "unsupported-media-type", EDIFACT),
        ("edifact", EDIFACT, "", one.clone(), 400, "bad-parameter", "name a policy"),
        ("edifact?policy=other", EDIFACT, "", one.clone(), 404, "not-found", ""),
        ("edifact?policy=parts&tier=0", EDIFACT, "", one, 400, "bad-question", "nearest tier"),
        ("list?policy=parts&step=order", csv, "", format!("identifier\n{many}"), 400, "bad-question", "257 questions"),
        ("edifact?policy=parts&partner=duns:150483782", EDIFACT, "", strangers, 400, "bad-parameter", "2 partners"),
        ("edifact?policy=parts", EDIFACT, EDIFACT, two, 422, "no-such-answer", "2 documents"),
    ];
    for (path, media_type, accept, body, status, code, detail) in rows {
        let headers = [("content-type", media_type), ("accept", accept)];
        let got = bridge(&world, "buyer-1", path, &headers, body).await;
        assert_eq!((got.status, got.code().as_str()), (status, code), "{path}: {got:?}");
        assert!(got.json()["detail"].as_str().unwrap().contains(detail), "{path}: {got:?}");
    }
    let headers = [("content-type", EDIFACT), ("accept-language", "ja")];
    let japanese = bridge(&world, "buyer-1", "edifact?policy=parts", &headers, broken).await.json();
    assert_eq!(japanese["title"], "文書は受理されません");
    assert!(japanese["detail"].as_str().unwrap().contains("セグメント 5(UNT"), "{japanese}");
    let large = bridge(&world, "buyer-1", "edifact?policy=parts", &headers, vec![b' '; bridges::INPUT_MAX + 1]).await;
    assert_eq!(large.code(), "too-large");
    let nobody = world.talk(None).await.post("/v1/bridges/edifact?policy=parts", EDIFACT, "UNB").await;
    assert_eq!(nobody.code(), "certificate-required");
    assert_eq!(
        bridge(&world, "cb-2", "edifact?policy=parts", &headers, "UNB").await.code(),
        "not-found",
        "its owner's alone"
    );
}

#[test]
fn every_network_s_types_are_taken() {
    for network in Network::ALL {
        assert!(network.media_types().iter().all(|one| FORMS.contains(one)), "{network}");
        assert_eq!(network.as_str().parse(), Ok(network));
    }
    let taken = |form: &&str| Network::ALL.iter().any(|network| network.media_types().contains(form));
    assert!(FORMS.iter().all(taken));
}
