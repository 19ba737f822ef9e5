//! CX-0135 as a partner's endpoint hears it: what a member offers it begins, changes and ends there.

use bridges::Bridge as _;
use bridges::catena_x::CatenaX;
use serde_json::{Value, json};
use warp::http::Method;

use super::catena_x::{grant, offer, own, through};
use super::fixture::{World, change};
use super::receiver::{Received, Receiver};
use super::subscriptions::telling;

const MEMBER: &str = "BPNL00000001AXS0";
const PARTNER: &str = "BPNL0000000001AB";
const OTHER: &str = "BPNL0000000009ZZ";
const OFFER: &str = "/v1/certificate-offers/V-3";

async fn subscribe(world: &World, name: &str, url: &str, partner: &str) -> Value {
    let asked = json!({"url": url, "certificates": {"sender": MEMBER, "receiver": partner}});
    let put = own(world, Method::PUT, &format!("/v1/subscriptions/{name}"), asked).await;
    assert_eq!(put.status, 200, "{put:?}");
    put.json()
}

async fn offered(world: &World, changes: Value) {
    let put = own(world, Method::PUT, OFFER, offer(changes)).await;
    assert_eq!(put.status, 200, "{put:?}");
}

/// What became of which certificate.
fn told(received: &[Received]) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let event = |one: &Received| {
        let data = &one.json()["data"];
        (text(&data["status"]), text(&data["certificate"]["certificateId"]))
    };
    received.iter().map(event).collect()
}

fn pairs(rows: &[(&str, &str)]) -> Vec<(String, String)> {
    rows.iter().map(|(status, id)| ((*status).to_owned(), (*id).to_owned())).collect()
}

#[tokio::test]
async fn a_partner_is_told_as_what_it_is_offered_begins_changes_and_ends() {
    let world = telling().await;
    grant(&world).await;
    let (cb, receiver) = (world.person("cb-1"), Receiver::open(&world).await);
    let made = subscribe(&world, "partner", &receiver.url(), PARTNER).await;
    assert_eq!(made["certificates"], json!({"sender": MEMBER, "receiver": PARTNER}));
    offered(&world, json!({})).await;
    receiver.wait(1).await;
    // What is another's, and what is not taken at once, brings nothing out of order.
    world.must(&cb, "verdict-changed", change("V-1", json!("suspended"))).await;
    receiver.answer([503]);
    for what in ["complaint-opened", "suspended", "complaint-closed", "restored"] {
        world.must(&cb, "verdict-changed", change("V-3", json!(what))).await;
    }
    receiver.wait(5).await;
    offered(&world, json!({"withdrawn": true})).await;
    receiver.wait(6).await;
    world.must(&cb, "verdict-changed", change("V-3", json!("complaint-opened"))).await;
    offered(&world, json!({})).await;
    let received = receiver.wait(7).await;
    let expected = [
        ("CREATED", "V-3.1"),
        ("MODIFIED", "V-3.1"),
        ("MODIFIED", "V-3.1"),
        ("WITHDRAWN", "V-3.1"),
        ("CREATED", "V-3.2"),
        ("WITHDRAWN", "V-3.2"),
        ("CREATED", "V-3.3"),
    ];
    assert_eq!(told(&received), pairs(&expected));
    assert_eq!(received[1].body, received[2].body, "not taken, and sent again");
    let mut ids = Vec::new();
    for one in &received {
        let event = one.json();
        assert_eq!(one.header("content-type"), "application/cloudevents+json");
        assert!(one.is_signed_with(made["secret"].as_str().unwrap()));
        assert_eq!((&event["source"], &event["subject"]), (&json!(format!("urn:bpn:{MEMBER}")), &json!(PARTNER)));
        assert_eq!(event.get("checkpoint"), None, "the standard's members alone");
        assert!(CatenaX.read(&one.body).is_ok(), "{event}");
        // A node takes what a node pushes.
        let got = through(&world, MEMBER, Method::POST, "certificate-notifications", ("application/json", event)).await;
        assert_eq!(got.status, 204, "{got:?}");
        ids.push(one.header("webhook-id").to_owned());
    }
    ids.dedup();
    assert_eq!(ids.len(), 6, "each news has an id of its own: {ids:?}");
}

#[tokio::test]
async fn a_new_partner_learns_what_there_is_and_nobody_what_is_not_for_it() {
    let world = telling().await;
    grant(&world).await;
    let cb = world.person("cb-1");
    offered(&world, json!({"partners": [PARTNER]})).await;
    world.must(&cb, "verdict-changed", change("V-3", json!("complaint-opened"))).await;
    let (receiver, other) = (Receiver::open(&world).await, Receiver::open(&world).await);
    subscribe(&world, "other", &other.url(), OTHER).await;
    subscribe(&world, "partner", &receiver.url(), PARTNER).await;
    let received = receiver.wait(2).await;
    assert_eq!(told(&received), pairs(&[("CREATED", "V-3.1"), ("MODIFIED", "V-3.1")]));
    assert_eq!(received[1].json()["data"]["certificate"]["revision"], 2);
    offered(&world, json!({"partners": [OTHER]})).await;
    assert_eq!(told(&other.wait(2).await), told(&received), "once it is offered to it");
    let ping = own(&world, Method::POST, "/v1/subscriptions/partner/ping", Value::Null).await;
    assert_eq!(ping.code(), "bad-body");
    let certificates = json!({"sender": MEMBER, "receiver": PARTNER});
    let broken = [
        json!({"url": receiver.url(), "certificates": certificates, "filter": {"types": ["verdict"]}}),
        json!({"url": receiver.url(), "certificates": certificates, "after": "1"}),
        json!({"url": receiver.url(), "certificates": {"sender": "BPNS00000001AXS0", "receiver": PARTNER}}),
    ];
    for asked in broken {
        let put = own(&world, Method::PUT, "/v1/subscriptions/x", asked.clone()).await;
        assert_eq!(put.code(), "bad-body", "{asked}");
    }
}
