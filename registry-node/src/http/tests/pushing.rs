//! CX-0135 as a partner's endpoint hears it: what a member offers it begins, changes and ends there.

use bridges::Bridge as _;
use bridges::catena_x::CatenaX;
use serde_json::{Value, json};
use warp::http::Method;

use super::catena_x::{grant, judged, offer, own, through};
use super::fixture::{Got, World, change};
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
    assert_eq!(told(&receiver.wait(3).await)[2..], pairs(&[("WITHDRAWN", "V-3.1")]), "to this one no more");
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

/// A partner that was told of what the member offers.
async fn told_of_it(changes: Value) -> (World, Receiver) {
    let world = telling().await;
    grant(&world).await;
    offered(&world, changes).await;
    let receiver = Receiver::open(&world).await;
    subscribe(&world, "partner", &receiver.url(), PARTNER).await;
    assert_eq!(told(&receiver.wait(1).await), pairs(&[("CREATED", "V-3.1")]));
    (world, receiver)
}

async fn removed(world: &World) {
    let removed = own(world, Method::DELETE, OFFER, Value::Null).await;
    assert_eq!(removed.status, 204, "{removed:?}");
}

/// What a partner finds of a certificate.
async fn found(world: &World, partner: &str, id: &str) -> Got {
    through(world, partner, Method::GET, &format!("certificates/{id}"), ("application/json", Value::Null)).await
}

async fn accepts(world: &World, event: Value) -> u16 {
    let path = "certificate-acceptance-notifications";
    through(world, PARTNER, Method::POST, path, ("application/cloudevents+json", event)).await.status
}

/// What came behind so many, without what was sent again because it was not taken.
fn taken(received: &[Received], before: usize) -> Vec<(String, String)> {
    let mut told = told(&received[before..]);
    told.dedup();
    told
}

#[tokio::test]
async fn a_partner_accepts_what_it_was_told_of() {
    let (world, receiver) = told_of_it(json!({})).await;
    let data = receiver.received()[0].json()["data"].clone();
    let exchange = json!({"exchangeId": data["exchangeId"], "certificateId": data["certificate"]["certificateId"]});
    let other = json!({"exchangeId": exchange["exchangeId"], "certificateId": "V-3.2"});
    assert_eq!(accepts(&world, judged(&other, "ACCEPTED")).await, 404, "another certificate's");
    let path = "certificate-acceptance-notifications";
    let mut others = judged(&exchange, "ACCEPTED");
    others["source"] = json!(format!("urn:bpn:{OTHER}"));
    let got = through(&world, OTHER, Method::POST, path, ("application/json", others)).await;
    assert_eq!(got.status, 404, "another partner's");
    assert_eq!(accepts(&world, judged(&exchange, "REJECTED")).await, 400, "without saying why");
    let mut rejected = judged(&exchange, "REJECTED");
    rejected["data"]["errors"] = json!(vec![json!({"message": "x".repeat(2_000), "specifier": "BPNS"}); 20]);
    for (event, status) in
        [(judged(&exchange, "RETRIEVED"), 204), (rejected, 204), (judged(&exchange, "ACCEPTED"), 400)]
    {
        assert_eq!(accepts(&world, event).await, status);
    }
    let open = own(&world, Method::GET, "/v1/certificate-exchanges", Value::Null).await.json();
    let kept = &open["certificateExchanges"][0];
    assert_eq!((&kept["outcome"], &kept["certificateId"]), (&json!("REJECTED"), &json!("V-3.1")), "{open}");
    let errors = kept["errors"].as_array().unwrap();
    assert_eq!((errors.len(), errors[0]["message"].as_str().unwrap().len()), (8, 300), "as much as is kept");
}

#[tokio::test]
async fn an_end_that_was_acknowledged_is_told_whatever_the_offer_is_meanwhile() {
    let (world, receiver) = told_of_it(json!({})).await;
    let cb = world.person("cb-1");
    // The partner is not reached: taken back and offered again before it is.
    receiver.answer([503, 503]);
    offered(&world, json!({"withdrawn": true})).await;
    receiver.wait(2).await;
    offered(&world, json!({})).await;
    let both = pairs(&[("WITHDRAWN", "V-3.1"), ("CREATED", "V-3.2")]);
    assert_eq!(taken(&receiver.wait(5).await, 1), both);
    // Suspended, restored, taken back and offered again.
    receiver.answer([503]);
    for what in ["suspended", "restored"] {
        world.must(&cb, "verdict-changed", change("V-3", json!(what))).await;
    }
    offered(&world, json!({"withdrawn": true})).await;
    offered(&world, json!({})).await;
    let received = soon_last(&receiver, ("CREATED", "V-3.4")).await;
    let all = taken(&received, 5);
    assert_eq!(all.first(), pairs(&[("WITHDRAWN", "V-3.2")]).first(), "{all:?}");
    assert!(all.contains(&("WITHDRAWN".to_owned(), "V-3.3".to_owned())), "{all:?}");
    // Taken back and removed.
    receiver.answer([503, 503]);
    offered(&world, json!({"withdrawn": true})).await;
    removed(&world).await;
    soon_last(&receiver, ("WITHDRAWN", "V-3.4")).await;
    assert_eq!(found(&world, PARTNER, "V-3.4").await.json(), json!({"certificateId": "V-3.4", "status": "WITHDRAWN"}));
}

/// Waits until this was told last, and not only tried.
async fn soon_last(receiver: &Receiver, (status, id): (&str, &str)) -> Vec<Received> {
    let last = Some((status.to_owned(), id.to_owned()));
    let (mut count, mut received) = (0, receiver.received());
    while told(&received).last().cloned() != last {
        count = received.len().max(count) + 1;
        received = receiver.wait(count).await;
    }
    received
}

#[tokio::test]
async fn what_was_removed_stays_withdrawn_and_its_number_is_not_given_again() {
    let (world, receiver) = told_of_it(json!({"partners": [PARTNER]})).await;
    removed(&world).await;
    assert_eq!(told(&receiver.wait(2).await)[1..], pairs(&[("WITHDRAWN", "V-3.1")]));
    assert_eq!(found(&world, PARTNER, "V-3.1").await.json()["status"], "WITHDRAWN");
    assert_eq!(found(&world, OTHER, "V-3.1").await.status, 404, "it never was for this one");
    assert_eq!(own(&world, Method::GET, OFFER, Value::Null).await.status, 404);
    assert_eq!(own(&world, Method::DELETE, OFFER, Value::Null).await.status, 404);
    offered(&world, json!({"partners": [PARTNER]})).await;
    assert_eq!(told(&receiver.wait(3).await)[2..], pairs(&[("CREATED", "V-3.2")]));
    assert_eq!(found(&world, PARTNER, "V-3.1").await.json()["status"], "WITHDRAWN");
    assert_eq!(found(&world, PARTNER, "V-3.2").await.json()["revision"], 1);
}

#[tokio::test]
async fn another_place_is_another_certificate_and_other_words_another_issue() {
    let (world, receiver) = told_of_it(json!({})).await;
    let exchange = receiver.received()[0].json()["data"]["exchangeId"].clone();
    offered(&world, json!({"issuerBpn": "BPNL0000000003EF"})).await;
    let second = receiver.wait(2).await[1].json();
    assert_eq!(
        (&second["data"]["status"], &second["data"]["certificate"]["revision"]),
        (&json!("MODIFIED"), &json!(2))
    );
    assert_eq!(found(&world, PARTNER, "V-3.1").await.json()["revision"], 2);
    let elsewhere = json!([{"bpnl": MEMBER, "bpna": "BPNA00000002AXS0", "locationRole": "MAIN_LOCATION"}]);
    offered(&world, json!({"certifiedLocations": elsewhere})).await;
    let received = receiver.wait(4).await;
    assert_eq!(told(&received)[2..], pairs(&[("WITHDRAWN", "V-3.1"), ("CREATED", "V-3.2")]));
    assert_ne!(received[3].json()["data"]["exchangeId"], exchange);
    // What is put as it was is told to nobody, nor is a subscription that is put as it was.
    offered(&world, json!({"certifiedLocations": elsewhere})).await;
    subscribe(&world, "partner", &receiver.url(), PARTNER).await;
    offered(&world, json!({"certifiedLocations": elsewhere, "certificateType": "iso9001"})).await;
    assert_eq!(told(&receiver.wait(6).await)[4..], pairs(&[("WITHDRAWN", "V-3.2"), ("CREATED", "V-3.3")]));
}

#[tokio::test]
async fn a_partner_that_leaves_the_list_is_told_so_and_finds_it_withdrawn() {
    let (world, receiver) = told_of_it(json!({"partners": [PARTNER, OTHER]})).await;
    offered(&world, json!({"partners": [OTHER]})).await;
    assert_eq!(told(&receiver.wait(2).await)[1..], pairs(&[("WITHDRAWN", "V-3.1")]));
    assert_eq!(found(&world, PARTNER, "V-3.1").await.json()["status"], "WITHDRAWN");
    assert_eq!(found(&world, OTHER, "V-3.1").await.json()["revision"], 1, "for others it goes on");
    world.must(&world.person("cb-1"), "verdict-changed", change("V-3", json!("complaint-opened"))).await;
    offered(&world, json!({"partners": [OTHER, PARTNER]})).await;
    assert_eq!(told(&receiver.wait(3).await)[2..], pairs(&[("CREATED", "V-3.2")]), "and comes back to another one");
    assert_eq!(found(&world, OTHER, "V-3.1").await.json()["status"], "WITHDRAWN");
}

#[tokio::test]
async fn what_a_partner_refused_is_told_again_where_the_member_wants_it() {
    let (world, receiver) = told_of_it(json!({})).await;
    receiver.answer([400; 6]);
    offered(&world, json!({"issuerBpn": "BPNL0000000003EF"})).await;
    receiver.wait(7).await;
    let replay = "/v1/subscriptions/partner/replay";
    let mut log = Value::Null;
    for _ in 0..200 {
        log = own(&world, Method::GET, "/v1/subscriptions/partner/deliveries", Value::Null).await.json();
        if log["deadLetters"].as_array().is_some_and(|dead| !dead.is_empty()) {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    assert_eq!(log["deadLetters"][0]["news"]["offer"], "V-3", "{log}");
    offered(&world, json!({"withdrawn": true})).await;
    receiver.wait(8).await;
    let again = own(&world, Method::POST, replay, json!({"deadLetters": true})).await;
    assert_eq!(again.status, 200, "{again:?}");
    let received = receiver.wait(10).await;
    assert_eq!(told(&received)[8..], pairs(&[("MODIFIED", "V-3.1"), ("WITHDRAWN", "V-3.1")]));
    assert_eq!(received[9].header("webhook-id"), received[7].header("webhook-id"), "told twice it has one id");
}

#[tokio::test]
async fn introductions_are_counted_and_nothing_else_is_told_for_nothing() {
    let (world, receiver) = told_of_it(json!({})).await;
    let asked = |partner: &str| json!({"url": receiver.url(), "certificates": {"sender": MEMBER, "receiver": partner}});
    let mut statuses = Vec::new();
    for turn in 0..33 {
        let partner = format!("BPNL{turn:0>12}");
        statuses.push(own(&world, Method::PUT, "/v1/subscriptions/partner", asked(&partner)).await.status);
    }
    assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 31, "one was spent before: {statuses:?}");
    assert_eq!(statuses[31..], [503, 503]);
    let put = own(&world, Method::PUT, "/v1/subscriptions/partner", asked("BPNL000000000030")).await;
    assert_eq!(put.status, 200, "to the same partner as before: {put:?}");
}

#[tokio::test]
async fn what_could_not_become_a_certificate_is_not_offered() {
    let world = World::furnished().await;
    grant(&world).await;
    let broken = [
        json!({"certificateType": "ISO 27001"}),
        json!({"certificateTypeVersion": "2022\n"}),
        json!({"certificateTypeVersion": ""}),
        json!({"certifiedLocations": []}),
        json!({"partners": ["BPNS0000000001AB"]}),
        json!({"unknown": 1}),
    ];
    for changes in broken {
        let got = own(&world, Method::PUT, "/v1/certificate-offers/V-3", offer(changes.clone())).await;
        assert_eq!(got.code(), "bad-question", "{changes}");
    }
}
