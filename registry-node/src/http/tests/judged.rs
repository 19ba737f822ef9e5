//! What a member makes of its partners' certificates: of each issue what it likes, and of each exchange one thing once.

use serde_json::{Value, json};
use warp::http::Method;

use super::catena_x::{HOME, OTHER, PARTNER, get, news, notify, offering, own, own_on};

#[tokio::test]
async fn an_exchange_ends_once_whatever_becomes_of_the_certificate() {
    let world = offering().await;
    let status = async |exchange: &str| {
        get(&world, PARTNER, &format!("certificate-acceptance-status/{exchange}")).await.json()["status"].clone()
    };
    assert_eq!(notify(&world, PARTNER, news("CREATED", "c", 1)).await.status, 204);
    let listed = own(&world, Method::GET, "/v1/foreign-certificates", Value::Null).await.json();
    let path = format!("/v1/foreign-certificates/{}", listed["foreignCertificates"][0]["name"].as_str().unwrap());
    let judge = async |judgement: Value| {
        let seen = own(&world, Method::GET, &path, Value::Null).await.header("etag").to_owned();
        own_on(&world, Method::PUT, &format!("{path}/judgement"), judgement, Some(&seen)).await.status
    };
    let rejected = json!({"status": "REJECTED", "errors": [{"message": "m"}]});
    assert_eq!(judge(json!({"status": "RETRIEVED"})).await, 200);
    assert_eq!(judge(json!({"status": "ACCEPTED"})).await, 200, "not judged before");
    assert_eq!(judge(rejected.clone()).await, 400, "judged otherwise already");
    assert_eq!(notify(&world, PARTNER, news("MODIFIED", "c", 2)).await.status, 204);
    assert_eq!(status("exch-c").await, "ACCEPTED", "another issue opens no exchange, nor reopens one");
    let kept = own(&world, Method::GET, &path, Value::Null).await.json();
    assert_eq!((&kept["revision"], kept.get("judgement")), (&json!(2), None));
    assert_eq!(judge(rejected.clone()).await, 200, "this issue");
    assert_eq!(status("exch-c").await, "ACCEPTED");
    // What the partner opens anew is another exchange.
    let mut again = news("CREATED", "c", 2);
    again["data"]["exchangeId"] = json!("exch-again");
    assert_eq!(notify(&world, PARTNER, again).await.status, 204);
    assert_eq!(status("exch-again").await, "RETRIEVED");
    assert_eq!(judge(rejected).await, 200);
    assert_eq!((status("exch-again").await, status("exch-c").await), (json!("REJECTED"), json!("ACCEPTED")));
}

#[tokio::test]
async fn evidence_says_who_is_behind_it_and_whether_that_is_the_partner() {
    let world = offering().await;
    let mut event = news("CREATED", "c", 1);
    let certificate = &mut event["data"]["certificate"];
    certificate["certifiedLocations"] = json!([
        {"bpnl": PARTNER, "bpna": HOME, "locationRole": "ENCLOSED_LOCATION"},
        {"bpnl": OTHER, "bpna": "BPNA00000009ZZZZ", "locationRole": "MAIN_LOCATION"},
    ]);
    certificate["issuer"] = json!({"issuerName": "A body", "issuerBpn": "BPNL0000000003EF"});
    certificate["validator"] = json!({"validatorName": "A service"});
    certificate["areaOfApplication"] = json!("relays");
    assert_eq!(notify(&world, PARTNER, event).await.status, 204);
    let listed = own(&world, Method::GET, "/v1/foreign-certificates", Value::Null).await.json();
    let path = format!("/v1/foreign-certificates/{}", listed["foreignCertificates"][0]["name"].as_str().unwrap());
    let kept = own(&world, Method::GET, &path, Value::Null).await.json();
    assert_eq!((&kept["holder"], &kept["ofAnother"]), (&json!(OTHER), &json!(true)), "{kept}");
    assert_eq!(kept["issuer"], json!({"name": "A body", "number": "BPNL0000000003EF"}));
    assert_eq!((&kept["validator"]["name"], &kept["area"]), (&json!("A service"), &json!("relays")));
}
