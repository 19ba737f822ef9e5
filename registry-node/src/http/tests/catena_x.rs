//! CX-0135 as a partner's client speaks it through the connector of a member, and what the member keeps for it.

use bytes::Bytes;
use conformity::party::Role;
use serde_json::{Value, json};
use warp::http::Method;

use super::fixture::{Got, World, change, restricted, verdict};

const JSON: &str = "application/json";
const EVENT: &str = "application/cloudevents+json";
/// The partners that the connector lets in.
pub(super) const PARTNER: &str = "BPNL0000000001AB";
pub(super) const OTHER: &str = "BPNL0000000009ZZ";
/// The member's own place.
pub(super) const HOME: &str = "BPNA00000001AXS0";

/// A registry where `maker` has an open verdict, V-3, beside the restricted V-2, and offers it.
pub(super) async fn offering() -> World {
    let world = World::furnished().await;
    grant(&world).await;
    assert_eq!(own(&world, Method::PUT, "/v1/certificate-offers/V-3", offer(json!({}))).await.status, 200);
    world
}

/// The open verdict of `maker`'s.
pub(super) async fn grant(world: &World) {
    let mut claim = verdict("V-3");
    claim["supplier"] = restricted("V-3")["supplier"].clone();
    world.must(&world.person("cb-1"), "verdict-granted", claim).await;
}

/// An offer, with these members changed.
pub(super) fn offer(changes: Value) -> Value {
    let mut offer = json!({
        "certificateType": "isoiec27001", "certificateTypeVersion": "2022",
        "certifiedLocations": [{"bpnl": "BPNL00000001AXS0", "bpna": HOME, "locationRole": "MAIN_LOCATION"}],
    });
    for (name, value) in changes.as_object().unwrap() {
        offer[name] = value.clone();
    }
    offer
}

/// What the member's own program asks.
pub(super) async fn own(world: &World, method: Method, path: &str, body: Value) -> Got {
    own_on(world, method, path, body, None).await
}

/// The same, of what has this tag.
pub(super) async fn own_on(world: &World, method: Method, path: &str, body: Value, tag: Option<&str>) -> Got {
    let maker = world.person("maker");
    let body = if body.is_null() { Bytes::new() } else { body.to_string().into() };
    let mut headers = vec![("content-type", JSON)];
    headers.extend(tag.map(|tag| ("if-match", tag)));
    world.talk(Some(&maker)).await.send(method, path, &headers, body).await
}

/// What a partner asks through the member's connector.
pub(super) async fn through(
    world: &World,
    partner: &str,
    method: Method,
    path: &str,
    (form, body): (&str, Value),
) -> Got {
    let maker = world.person("maker");
    let headers = [("content-type", form), ("edc-bpn", partner)];
    let body = if body.is_null() { Bytes::new() } else { body.to_string().into() };
    world.talk(Some(&maker)).await.send(method, &format!("/v1/catena-x/{path}"), &headers, body).await
}

async fn post(world: &World, partner: &str, path: &str, form: &str, body: Value) -> Got {
    through(world, partner, Method::POST, path, (form, body)).await
}

pub(super) async fn get(world: &World, partner: &str, path: &str) -> Got {
    through(world, partner, Method::GET, path, (JSON, Value::Null)).await
}

fn event(kind: &str, partner: &str, data: &Value) -> Value {
    json!({
        "specversion": "1.0", "type": format!("org.catena-x.ccm.{kind}.v1"), "source": format!("urn:bpn:{partner}"),
        "subject": "BPNL00000001AXS0", "id": "a1b2c3d4-5e6f-7a8b-9c0d-1e2f3a4b5c6d", "time": "2026-11-04T07:00:00Z",
        "datacontenttype": JSON, "data": data,
    })
}

pub(super) fn news(status: &str, certificate: &str, revision: u64) -> Value {
    let mut data = json!({"status": status, "certificate": {"certificateId": certificate}});
    if status != "WITHDRAWN" {
        data["certificate"] = json!({
            "certificateId": certificate, "revision": revision, "certificateType": "iso9001",
            "validFrom": "2026-01-25", "validUntil": "2029-01-24",
        });
    }
    if status == "CREATED" {
        data["exchangeId"] = json!(format!("exch-{certificate}"));
    }
    event("CertificateLifecycleStatus", PARTNER, &data)
}

/// What the partner makes of what an exchange brought.
pub(super) fn judged(exchange: &Value, status: &str) -> Value {
    let data =
        json!({"exchangeId": exchange["exchangeId"], "certificateId": exchange["certificateId"], "status": status});
    event("CertificateAcceptanceStatus", PARTNER, &data)
}

#[tokio::test]
async fn news_of_a_partner_is_evidence_for_the_member_alone_and_no_verdict() {
    let world = offering().await;
    let size = world.registry.log.size();
    for body in [news("CREATED", "c", 1), json!([news("MODIFIED", "c", 2), news("CREATED", "d", 1)])] {
        let got = post(&world, PARTNER, "certificate-notifications", EVENT, body).await;
        assert_eq!((got.status, got.body.len()), (204, 0), "{got:?}");
    }
    assert_eq!(world.registry.log.size(), size, "nothing of it is in the log");
    let listed = own(&world, Method::GET, "/v1/foreign-certificates", Value::Null).await.json();
    let names: Vec<&str> =
        listed["foreignCertificates"].as_array().unwrap().iter().map(|one| one["name"].as_str().unwrap()).collect();
    assert_eq!(names.len(), 2, "{listed}");
    let mut revisions = Vec::new();
    for name in &names {
        let one = own(&world, Method::GET, &format!("/v1/foreign-certificates/{name}"), Value::Null).await.json();
        assert_eq!((&one["partner"], &one["claimed"]), (&json!(PARTNER), &json!("iso9001")), "{one}");
        revisions.push((one["id"].as_str().unwrap().to_owned(), one["revision"].as_u64().unwrap(), (*name).to_owned()));
    }
    revisions.sort();
    assert_eq!((revisions[0].1, revisions[1].1), (2, 1), "{revisions:?}");
    let buyer = world.person("buyer-1");
    let others = world.talk(Some(&buyer)).await.ask("/v1/foreign-certificates").await.json();
    assert_eq!(others, json!({"foreignCertificates": []}));

    let status = "certificate-acceptance-status/exch-c";
    let taken_in = json!({"exchangeId": "exch-c", "certificateId": "c", "status": "RETRIEVED"});
    assert_eq!(get(&world, PARTNER, status).await.json(), taken_in);
    assert_eq!(get(&world, OTHER, status).await.status, 404, "another partner's");
    assert_eq!(get(&world, PARTNER, "certificate-acceptance-status/exch-x").await.status, 404);
    let judgement = format!("/v1/foreign-certificates/{}/judgement", revisions[0].2);
    let errors = json!([{"message": "it has expired", "specifier": "BPNS00000001AXS0"}]);
    let rejected = json!({"status": "REJECTED", "errors": errors});
    let path = format!("/v1/foreign-certificates/{}", revisions[0].2);
    let seen = own(&world, Method::GET, &path, Value::Null).await.header("etag").to_owned();
    for (tag, status) in [(None, 428), (Some("*"), 428), (Some("\"999\""), 412), (Some(seen.as_str()), 200)] {
        let put = own_on(&world, Method::PUT, &judgement, rejected.clone(), tag).await;
        assert_eq!(put.status, status, "{tag:?}: {put:?}");
    }
    let told = get(&world, PARTNER, status).await.json();
    assert_eq!((&told["status"], &told["errors"]), (&json!("REJECTED"), &errors));
    assert_eq!(own(&world, Method::PUT, &judgement, json!({"status": "REJECTED"})).await.code(), "bad-question");

    let end = post(&world, PARTNER, "certificate-notifications", EVENT, news("WITHDRAWN", "c", 0)).await;
    let late = post(&world, PARTNER, "certificate-notifications", EVENT, news("MODIFIED", "c", 3)).await;
    assert_eq!((end.status, late.status), (204, 204));
    let one = own(&world, Method::GET, &path, Value::Null).await.json();
    assert_eq!((&one["status"], &one["revision"]), (&json!("WITHDRAWN"), &json!(2)), "the end is the end: {one}");
    assert_eq!(own(&world, Method::DELETE, &path, Value::Null).await.status, 204);
    assert_eq!(own(&world, Method::GET, &path, Value::Null).await.status, 404);
    assert_eq!(get(&world, PARTNER, status).await.status, 404, "nothing is told of what is not kept");
    let open = own(&world, Method::GET, "/v1/certificate-exchanges", Value::Null).await.json();
    let theirs =
        open["certificateExchanges"].as_array().unwrap().iter().find(|one| one["exchangeId"] == "exch-d").unwrap();
    let path = format!("/v1/certificate-exchanges/{}", theirs["name"].as_str().unwrap());
    assert_eq!(get(&world, PARTNER, "certificate-acceptance-status/exch-d").await.status, 200);
    assert_eq!(world.talk(Some(&buyer)).await.send(Method::DELETE, &path, &[], Bytes::new()).await.status, 404);
    for (method, status) in [(Method::DELETE, 204), (Method::DELETE, 404)] {
        assert_eq!(own(&world, method, &path, Value::Null).await.status, status);
    }
    assert_eq!(get(&world, PARTNER, "certificate-acceptance-status/exch-d").await.status, 404);
}

#[tokio::test]
async fn a_partner_asks_for_a_certificate_reads_it_with_its_proof_and_accepts_it() {
    let world = offering().await;
    world.publish();
    world.published().await;
    let wanted = json!({"certificateType": "isoiec27001", "certifiedLocations": [HOME, "BPNL00000001AXS0"]});
    let asked = post(&world, PARTNER, "certificate-requests", JSON, wanted).await;
    assert_eq!(asked.status, 202, "{asked:?}");
    let exchange = asked.json();
    assert_eq!(
        (&exchange["status"], &exchange["certificateId"], &exchange["revision"]),
        (&json!("FULFILLED"), &json!("V-3.1"), &json!(1))
    );
    let again = format!("certificate-requests/{}", exchange["exchangeId"].as_str().unwrap());
    assert_eq!(get(&world, PARTNER, &again).await.json(), exchange);
    assert_eq!(get(&world, OTHER, &again).await.status, 404);

    let record = get(&world, PARTNER, "certificates/V-3.1").await.json();
    assert_eq!(record["registrationNumber"], "jp:V-3");
    assert_eq!(
        (&record["trustLevel"], &record["issuer"]["issuerName"]),
        (&json!("high"), &json!("The certification-body cb-1"))
    );
    let query = json!({"$condition": {"$match": [{"$field": "certifiedLocations.bpna", "$eq": HOME}]}});
    assert_eq!(post(&world, PARTNER, "certificates/search", JSON, query).await.json(), json!([record]));
    let document = format!("documents/{}", record["documents"][0]["documentId"].as_str().unwrap());
    let proof = get(&world, PARTNER, &document).await;
    assert_eq!((proof.status, proof.header("content-type")), (200, JSON));
    assert_eq!(proof.body, world.ask("/v1/verdicts/jp:V-3/proof").await.body, "what everybody sees, and no more");

    let accept = |status| judged(&exchange, status);
    for (status, expected) in [("RETRIEVED", 204), ("ACCEPTED", 204), ("ACCEPTED", 204), ("REJECTED", 400)] {
        let mut event = accept(status);
        if status == "REJECTED" {
            event["data"]["errors"] = json!([{"message": "m"}]);
        }
        let got = post(&world, PARTNER, "certificate-acceptance-notifications", EVENT, event).await;
        assert_eq!(got.status, expected, "{status}: {got:?}");
    }
    let open = own(&world, Method::GET, "/v1/certificate-exchanges", Value::Null).await.json();
    assert_eq!(open["certificateExchanges"][0]["outcome"], "ACCEPTED", "{open}");

    let none = post(&world, PARTNER, "certificate-requests", JSON, json!({"certificateType": "iso9001"})).await;
    let none = none.json();
    assert_eq!((&none["status"], none["errors"].as_array().unwrap().len()), (&json!("DECLINED"), 1));
    let got = post(&world, PARTNER, "certificate-acceptance-notifications", EVENT, judged(&none, "ACCEPTED")).await;
    assert_eq!(got.status, 400, "there is nothing to accept");
    let unknown = json!({"exchangeId": "exch-x", "certificateId": "V-3.1"});
    let got = post(&world, PARTNER, "certificate-acceptance-notifications", EVENT, judged(&unknown, "ACCEPTED")).await;
    assert_eq!(got.status, 404);
}

#[tokio::test]
async fn what_is_suspended_is_withdrawn_and_comes_back_as_another_certificate() {
    let world = offering().await;
    let cb = world.person("cb-1");
    world.must(&cb, "verdict-changed", change("V-3", json!("suspended"))).await;
    let withdrawn = json!({"certificateId": "V-3.1", "status": "WITHDRAWN"});
    assert_eq!(get(&world, PARTNER, "certificates/V-3.1").await.json(), withdrawn);
    assert_eq!(get(&world, PARTNER, "documents/V-3.1.proof").await.status, 404);
    let all = json!({"$condition": {"$match": [{"$field": "certificateType", "$eq": "isoiec27001"}]}});
    assert_eq!(post(&world, PARTNER, "certificates/search", JSON, all.clone()).await.json(), json!([]));
    world.must(&cb, "verdict-changed", change("V-3", json!("restored"))).await;
    assert_eq!(get(&world, PARTNER, "certificates/V-3.1").await.json(), withdrawn);
    assert_eq!(get(&world, PARTNER, "certificates/V-3.2").await.json()["revision"], 1);
    assert_eq!(get(&world, PARTNER, "certificates/V-3.3").await.status, 404);

    let path = "/v1/certificate-offers/V-3";
    own(&world, Method::PUT, path, offer(json!({"partners": [OTHER]}))).await;
    assert_eq!(get(&world, PARTNER, "certificates/V-3.2").await.json()["status"], "WITHDRAWN", "to it no more");
    assert_eq!(post(&world, PARTNER, "certificates/search", JSON, all.clone()).await.json(), json!([]));
    assert_eq!(get(&world, OTHER, "certificates/V-3.2").await.json()["revision"], 1);
    own(&world, Method::PUT, path, offer(json!({"withdrawn": true}))).await;
    assert_eq!(get(&world, OTHER, "certificates/V-3.2").await.json()["status"], "WITHDRAWN");
    assert_eq!(own(&world, Method::DELETE, path, Value::Null).await.status, 204);
    assert_eq!(get(&world, OTHER, "certificates/V-3.2").await.json()["status"], "WITHDRAWN", "for ever");
}

#[tokio::test]
async fn a_partner_gets_no_further_than_its_own_paths() {
    let world = offering().await;
    let maker = world.person("maker");
    let mut talk = world.talk(Some(&maker)).await;
    let rows = [
        "/v1/verdicts/jp:V-2",
        "/v1/foreign-certificates",
        "/v1/certificate-offers/V-3",
        "/v1/consents",
        "/checkpoint",
    ];
    for path in rows {
        for partner in [PARTNER, "", "\u{ff}"] {
            let got = talk.send(Method::GET, path, &[("edc-bpn", partner)], Bytes::new()).await;
            assert_eq!(got.code(), "through-a-connector", "{path} {partner:?}");
        }
    }
    let headers = [("edc-bpn", PARTNER), ("content-type", JSON)];
    let put = talk.send(Method::PUT, "/v1/certificate-offers/V-3", &headers, offer(json!({})).to_string().into()).await;
    assert_eq!(put.code(), "through-a-connector");
    assert_eq!(
        talk.ask("/v1/catena-x/certificates/V-3.1").await.code(),
        "bad-parameter",
        "whose connector, but for whom?"
    );
    assert_eq!(get(&world, "BPNS0000000001AB", "certificates/V-3.1").await.code(), "bad-parameter");
    assert_eq!(world.ask("/v1/catena-x/certificates/V-3.1").await.code(), "certificate-required");
    let twice = [("edc-bpn", OTHER), ("edc-bpn", PARTNER)];
    let got = talk.send(Method::GET, "/v1/catena-x/certificates/V-3.1", &twice, Bytes::new()).await;
    assert_eq!(got.code(), "bad-parameter", "a partner does not say itself who it is");
    // The member sees its restricted verdict; whoever comes through its connector does not, and it cannot be offered.
    assert_eq!(talk.ask("/v1/verdicts/jp:V-2").await.status, 200);
    for (id, whose) in [("V-2", "restricted"), ("V-1", "another's"), ("V-9", "nobody's")] {
        let got = own(&world, Method::PUT, &format!("/v1/certificate-offers/{id}"), offer(json!({}))).await;
        assert_eq!(got.code(), "bad-parameter", "{whose}");
    }
    for id in ["V-1.1", "V-2.1", "V-3", "V-3.01", "x"] {
        assert_eq!(get(&world, PARTNER, &format!("certificates/{id}")).await.status, 404, "{id}");
    }
    let operator = world.operator();
    world.join(&operator, "bystander", Role::Supplier, json!([])).await;
    let bystander = world.person("bystander");
    let headers = [("edc-bpn", PARTNER)];
    let mut talk = world.talk(Some(&bystander)).await;
    let got = talk.send(Method::GET, "/v1/catena-x/certificates/V-3.1", &headers, Bytes::new()).await;
    assert_eq!(got.status, 404, "another member's connector offers its own");
}

#[tokio::test]
async fn what_the_standard_does_not_allow_is_refused_with_its_status() {
    let world = offering().await;
    let notifications = "certificate-notifications";
    let mut forged = news("CREATED", "c", 1);
    forged["source"] = json!(format!("urn:bpn:{OTHER}"));
    let batch = json!([news("CREATED", "c", 1), forged]);
    let mut unnamed = news("CREATED", "c", 1);
    unnamed["source"] = json!(PARTNER);
    let mut without_exchange = news("CREATED", "c", 1);
    without_exchange["data"].as_object_mut().unwrap().remove("exchangeId");
    let acceptance = event(
        "CertificateAcceptanceStatus",
        PARTNER,
        &json!({"exchangeId": "e", "certificateId": "c", "status": "ACCEPTED"}),
    );
    let other_field = json!({"$condition": {"$match": [{"$field": "registrationNumber", "$eq": "1"}]}});
    let rows = [
        (notifications, EVENT, forged, 403, "other-sender"),
        (notifications, EVENT, batch, 403, "other-sender"),
        (notifications, EVENT, unnamed, 403, "other-sender"),
        (notifications, EVENT, without_exchange, 400, "bad-body"),
        (notifications, EVENT, acceptance, 400, "bad-body"),
        (notifications, EVENT, json!(vec![news("CREATED", "c", 1); 65]), 400, "bad-body"),
        (notifications, EVENT, json!({"certificateType": "iso9001"}), 400, "bad-body"),
        (notifications, "text/plain", news("CREATED", "c", 1), 415, "unsupported-media-type"),
        ("certificate-acceptance-notifications", EVENT, news("CREATED", "c", 1), 400, "bad-body"),
        (
            "certificate-requests",
            JSON,
            json!({"certificateType": "iso9001", "certifiedLocations": ["x"]}),
            400,
            "bad-body",
        ),
        ("certificate-requests", JSON, news("CREATED", "c", 1), 400, "bad-body"),
        ("certificates/search", JSON, other_field, 501, "search-not-offered"),
        ("certificates/search", JSON, json!({"$condition": {"$match": []}}), 400, "bad-body"),
    ];
    for (path, form, body, status, code) in rows {
        let got = post(&world, PARTNER, path, form, body).await;
        assert_eq!((got.status, got.code().as_str()), (status, code), "{path}: {got:?}");
    }
    let kept = own(&world, Method::GET, "/v1/foreign-certificates", Value::Null).await.json();
    assert_eq!(kept, json!({"foreignCertificates": []}), "a body is taken whole or not at all");
    let mut talk = world.talk(Some(&world.person("maker"))).await;
    let headers = [("edc-bpn", PARTNER), ("accept-language", "ja")];
    for (path, method) in
        [("certificates/x", Method::GET), ("nothing", Method::GET), ("certificates/search", Method::GET)]
    {
        let got = talk.send(method, &format!("/v1/catena-x/{path}"), &headers, Bytes::new()).await;
        assert_eq!(got.header("content-type"), JSON, "the standard's form: {got:?}");
        let refused = got.json();
        assert_eq!((&refused["message"], &refused["status"]), (&refused["detail"], &json!(got.status)), "{path}");
        assert!(!refused["message"].as_str().unwrap().is_ascii(), "in the language asked for: {refused}");
    }
}

fn created(range: std::ops::Range<u64>) -> Value {
    Value::Array(range.map(|number| news("CREATED", &format!("c-{number}"), 1)).collect())
}

pub(super) async fn notify(world: &World, partner: &str, body: Value) -> Got {
    post(world, partner, "certificate-notifications", EVENT, body).await
}

#[tokio::test]
async fn one_partner_does_not_take_the_room_of_others() {
    let world = offering().await;
    assert_eq!(notify(&world, PARTNER, created(0..63)).await.status, 204);
    assert_eq!(notify(&world, PARTNER, created(63..65)).await.code(), "kept-full");
    assert_eq!(notify(&world, PARTNER, created(63..64)).await.status, 204, "nothing of the body before was kept");
    let again = notify(&world, PARTNER, created(3..4)).await;
    assert_eq!(again.status, 204, "what is there can be told once more");
    let mut others = news("CREATED", "c-0", 1);
    others["source"] = json!(format!("urn:bpn:{OTHER}"));
    assert_eq!(notify(&world, OTHER, others).await.status, 204);
    // Exchanges make room for each other, the oldest of the same partner first.
    let asked = post(&world, PARTNER, "certificate-requests", JSON, json!({"certificateType": "iso9001"})).await;
    assert_eq!(asked.status, 202);
    let open = own(&world, Method::GET, "/v1/certificate-exchanges", Value::Null).await.json();
    let of = |partner: &str| {
        let all = open["certificateExchanges"].as_array().unwrap();
        all.iter().filter(|one| one["partner"] == partner).count()
    };
    assert_eq!((of(PARTNER), of(OTHER)), (64, 1));
}

#[tokio::test]
async fn what_was_withdrawn_makes_room_and_what_is_large_takes_more() {
    let world = offering().await;
    let ended = json!([news("WITHDRAWN", "c-0", 1), news("WITHDRAWN", "c-1", 1)]);
    for body in [created(0..32), created(32..64), ended] {
        assert_eq!(notify(&world, PARTNER, body).await.status, 204);
    }
    world.clock.ahead(2);
    assert_eq!(notify(&world, PARTNER, created(64..65)).await.code(), "kept-full", "late news must find that it ended");
    world.clock.ahead(3);
    assert_eq!(notify(&world, PARTNER, created(64..67)).await.code(), "kept-full", "two make room for two");
    assert_eq!(notify(&world, PARTNER, created(64..66)).await.status, 204);
    // Twenty certificates of 50 KiB each and more are a mebibyte, before sixty-four are.
    let large = |number: u64| {
        let mut event = news("CREATED", &format!("l-{number}"), 1);
        event["source"] = json!(format!("urn:bpn:{OTHER}"));
        let place = |index: u64| json!({"bpnl": "BPNL00000001AXS0", "bpna": format!("{index:0>500}"), "locationRole": "MAIN_LOCATION"});
        event["data"]["certificate"]["certifiedLocations"] = (0..100).map(place).collect();
        event
    };
    let mut taken = 0;
    while notify(&world, OTHER, large(taken)).await.status == 204 {
        taken += 1;
    }
    assert!((10..=20).contains(&taken), "{taken}");
    assert_eq!(notify(&world, OTHER, large(taken)).await.code(), "kept-full");
}

#[tokio::test]
async fn of_two_acceptances_at_once_one_is_taken() {
    let world = offering().await;
    let wanted = json!({"certificateType": "isoiec27001", "certifiedLocations": [HOME]});
    let path = "certificate-acceptance-notifications";
    let outcome = async || {
        let open = own(&world, Method::GET, "/v1/certificate-exchanges", Value::Null).await.json();
        open["certificateExchanges"].as_array().unwrap().iter().map(|one| one["outcome"].clone()).collect::<Vec<_>>()
    };
    let exchange = post(&world, PARTNER, "certificate-requests", JSON, wanted.clone()).await.json();
    let mut rejected = judged(&exchange, "REJECTED");
    rejected["data"]["errors"] = json!([{"message": "m"}]);
    let both = json!([judged(&exchange, "ACCEPTED"), rejected]);
    assert_eq!(post(&world, PARTNER, path, EVENT, both).await.status, 400, "in one body");
    assert_eq!(outcome().await, [Value::Null], "nothing of it counts");
    for turn in 0..8 {
        let exchange = post(&world, PARTNER, "certificate-requests", JSON, wanted.clone()).await.json();
        rejected["data"]["exchangeId"] = exchange["exchangeId"].clone();
        let accepted = judged(&exchange, "ACCEPTED");
        let (one, other) = tokio::join!(
            post(&world, PARTNER, path, EVENT, accepted),
            post(&world, PARTNER, path, EVENT, rejected.clone())
        );
        let mut statuses = [one.status, other.status];
        statuses.sort_unstable();
        assert_eq!(statuses, [204, 400], "{turn}");
    }
    let ended = outcome().await.into_iter().filter(|outcome| !outcome.is_null()).count();
    assert_eq!(ended, 8);
}

#[tokio::test]
async fn a_partner_that_sends_much_spends_nothing_of_the_member_nor_of_others() {
    let world = offering().await;
    let same = || Value::Array(vec![news("CREATED", "c", 1); 64]);
    for status in [204, 204, 503] {
        assert_eq!(notify(&world, PARTNER, same()).await.status, status, "each event counts");
    }
    let mut left = 0;
    while get(&world, PARTNER, "certificates/V-3.1").await.status == 200 {
        left += 1;
        assert!(left < 128, "each question counts, too");
    }
    assert_eq!(get(&world, OTHER, "certificates/V-3.1").await.status, 200);
    for _ in 0..48 {
        let put = own(&world, Method::PUT, "/v1/certificate-offers/V-3", offer(json!({}))).await;
        assert_eq!(put.status, 200, "{put:?}");
    }
    assert_eq!(own(&world, Method::DELETE, "/v1/representatives/van", Value::Null).await.status, 404, "not busy");
    world.clock.ahead(1);
    assert_eq!(notify(&world, PARTNER, same()).await.status, 204, "later it may again");
    // Whatever numbers a connector names, the member's partners have one bound together.
    let mut talk = world.talk(Some(&world.person("maker"))).await;
    for number in 0.. {
        let partner = format!("BPNL{number:0>12}");
        let got = talk.send(Method::GET, "/v1/catena-x/certificates/x", &[("edc-bpn", &partner)], Bytes::new()).await;
        if got.code() == "busy" {
            break;
        }
        assert!(number < 4_096, "{got:?}");
    }
}
