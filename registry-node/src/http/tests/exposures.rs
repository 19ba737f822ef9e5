//! What a change does to a chain is told once, the same over a webhook and by asking, to the owner of the chain alone.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use conformity::as_of::AsOf;
use conformity::ids::PartyId;
use serde_json::{Value, json};
use warp::http::Method;

use super::fixture::{Person, Talk, World, change};
use super::receiver::{Received, Receiver};
use super::subscriptions::{telling, until_of, with_webhooks};
use crate::buyer::delivery;
use crate::buyer::dispatch::{Dispatch, Key};
use crate::buyer::exposing::{Exposed, Exposing, Exposures, Unjudged};
use crate::buyer::hindrance::Hindrance;
use crate::buyer::lane::{Lane, Spot};
use crate::buyer::shelf::Condition;
use crate::buyer::supply_chain::{Form, SupplyChain};
use crate::core::event::Event;
use crate::http::Answers;
use crate::http::supply_chains::levels;

const CHAIN: &str = "\
supplier,name,country,to,item,orders
lei:5493001KJTIIGC8Y1R12,Quiet Parts,JP,product:Car,engine,PO-1
corporate-number:7000012050002,Example Motors,JP,lei:5493001KJTIIGC8Y1R12,valve,PO-2
duns:150483782,Second Source,JP,product:Truck,valve,PO-3
";
const SUBSCRIPTION: &str = "/v1/subscriptions/cars";
const EXPOSURES: &str = "/v1/supply-chains/cars/exposures?policy=all&after=start";
const JSON: [(&str, &str); 1] = [("content-type", "application/json")];

async fn keep(world: &World, who: &Person, chain: &str) -> Talk {
    let mut talk = world.talk(Some(who)).await;
    let policy = json!({"policy": "p", "version": 1, "rules": [
        {"id": "all", "requires": {"verdict": {"scheme": "stars"}}, "otherwise": "stop"}]});
    let put = talk.send(Method::PUT, "/v1/policies/all", &JSON, policy.to_string().into()).await;
    assert_eq!(put.status, 200, "{put:?}");
    let csv = [("content-type", "text/csv")];
    let put = talk.send(Method::PUT, "/v1/supply-chains/cars", &csv, chain.to_owned().into()).await;
    assert_eq!(put.status, 200, "{put:?}");
    talk
}

async fn subscribe(talk: &mut Talk, receiver: &Receiver, more: Value) -> Value {
    let mut asked = json!({"url": receiver.url(), "exposure": {"supplyChain": "cars", "policy": "all"}});
    asked.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let got = talk.send(Method::PUT, SUBSCRIPTION, &JSON, asked.to_string().into()).await;
    assert_eq!(got.status, 200, "{got:?}");
    got.json()
}

/// Index, a pseudonym, and in which versions it was judged.
fn is_id(event: &Value, index: u64, versions: &str) {
    let id = event["id"].as_str().unwrap();
    let rest = id.strip_prefix(&format!("{index}-")).and_then(|rest| rest.strip_suffix(&format!("-{versions}")));
    let pseudonym = rest.unwrap_or_else(|| panic!("{id} is not of {index} and {versions}"));
    assert!(pseudonym.len() == 32 && pseudonym.bytes().all(|byte| byte.is_ascii_hexdigit()), "{id}");
}

/// Another supplier of valves that holds, and how `V-1` was suspended and restored.
async fn life(world: &World) -> [u64; 2] {
    let cb = world.person("cb-1");
    let mut second = super::fixture::verdict("V-3");
    second["supplier"] = json!({"id": "duns:150483782", "name": "Second Source", "country": "JP"});
    world.must(&cb, "verdict-granted", second).await;
    let suspended = world.must(&cb, "verdict-changed", change("V-1", json!("suspended"))).await;
    [suspended, world.must(&cb, "verdict-changed", change("V-1", json!("restored"))).await]
}

#[tokio::test]
async fn a_change_is_told_once_with_what_it_exposes_and_the_same_when_asked_for() {
    let world = telling().await;
    world.publish();
    world.published().await;
    let (buyer, receiver) = (world.person("buyer-1"), Receiver::open(&world).await);
    let mut talk = keep(&world, &buyer, CHAIN).await;
    let made = subscribe(&mut talk, &receiver, json!({})).await;
    assert_eq!(made["exposure"], json!({"supplyChain": "cars", "policy": "all", "step": "order"}));
    let [suspended, restored] = life(&world).await;
    let received = receiver.wait(3).await;
    let events: Vec<Value> = received.iter().map(Received::json).collect();
    let types: Vec<&str> = events.iter().map(|event| event["type"].as_str().unwrap()).collect();
    let (exposed, eased) =
        ("org.secure-trust-registry.supply-chain.exposed", "org.secure-trust-registry.supply-chain.eased");
    assert_eq!(types, [eased, exposed, eased], "{events:?}");
    assert_eq!(received[1].header("webhook-id"), format!("jp_{}", events[1]["id"].as_str().unwrap()));
    is_id(&events[1], suspended, "c1-p1-order");
    assert!(received.iter().all(|one| one.is_signed_with(made["secret"].as_str().unwrap())));
    let (event, data) = (&events[1], &events[1]["data"]);
    assert_eq!((&event["logindex"], &event["subject"]), (&json!(suspended.to_string()), &json!("cars")));
    assert!(event["checkpoint"].is_string());
    assert_eq!(data["suppliers"], json!(["corporate-number:7000012050002"]));
    assert_eq!((&data["changes"][0]["before"], &data["changes"][0]["after"]), (&json!("go"), &json!("stop")));
    assert_eq!((&data["events"], &data["supplyChain"]["version"]), (&json!([suspended.to_string()]), &json!(1)));
    let exposure = &data["exposure"];
    assert_eq!(exposure["products"][0]["product"], "Car");
    assert_eq!((&exposure["orders"], exposure["paths"][0].as_array().unwrap().len()), (&json!(["PO-1", "PO-2"]), 3));
    let broken = &exposure["broken"][0];
    assert_eq!((&broken["alternatives"], &broken["rules"][0]["rule"]), (&json!(["duns:150483782"]), &json!("all")));
    assert!(!broken["rules"][0]["because"].as_array().unwrap().is_empty(), "{broken}");
    assert_eq!(
        (&events[2]["logindex"], &events[2]["data"]["exposure"]["brokenLinks"]),
        (&json!(restored.to_string()), &json!(0))
    );

    let asked = talk.ask(EXPOSURES).await.json();
    let pulled: Vec<&Value> = asked["events"].as_array().unwrap().iter().collect();
    let without_checkpoint = |event: &Value| {
        let mut event = event.clone();
        event.as_object_mut().unwrap().remove("checkpoint");
        event
    };
    assert_eq!(pulled.len(), 4, "the grant of V-1 came before the subscription: {asked}");
    assert_eq!(pulled[1..], events.iter().map(without_checkpoint).collect::<Vec<_>>().iter().collect::<Vec<_>>());
    // A seal may have come meanwhile.
    assert!(asked["next"].as_str().unwrap().parse::<u64>().unwrap() >= restored, "{asked}");
    let behind = talk.ask(&EXPOSURES.replace("start", &suspended.to_string())).await.json();
    assert_eq!(behind["events"].as_array().unwrap().len(), 1);

    let replay = json!({"after": (suspended - 1).to_string()}).to_string();
    let got = talk.send(Method::POST, &format!("{SUBSCRIPTION}/replay"), &JSON, replay.into()).await;
    assert_eq!(got.status, 200, "{got:?}");
    let again = receiver.wait(5).await;
    assert_eq!(again[3].header("webhook-id"), received[1].header("webhook-id"));
    assert_eq!(without_checkpoint(&again[3].json()), without_checkpoint(&events[1]), "the same, to the member");
}

#[tokio::test]
async fn what_moves_nothing_is_not_told_nor_is_anything_to_another() {
    let world = telling().await;
    let (buyer, other, receiver) = (world.person("buyer-1"), world.person("cb-2"), Receiver::open(&world).await);
    let mut talk = keep(&world, &buyer, "supplier,to\nduns:150483782,product:Truck\n").await;
    subscribe(&mut talk, &receiver, json!({"after": "start"})).await;
    life(&world).await;
    let received = receiver.wait(1).await;
    assert_eq!(received[0].json()["data"]["suppliers"], json!(["duns:150483782"]));
    until_of(&world, &buyer, SUBSCRIPTION, |shown| shown.get("behind").is_none()).await;
    assert_eq!(receiver.wait(1).await.len(), 1, "a verdict on another supplier moves nothing");
    let mut stranger = world.talk(Some(&other)).await;
    for path in [EXPOSURES.to_owned(), EXPOSURES.replace("cars", "none")] {
        assert_eq!(stranger.ask(&path).await.code(), "not-found", "{path}");
        assert_eq!(world.ask(&path).await.code(), "certificate-required", "{path}");
    }
}

#[tokio::test]
async fn a_chain_or_policy_that_goes_parks_what_names_it() {
    let world = telling().await;
    let (buyer, receiver) = (world.person("buyer-1"), Receiver::open(&world).await);
    let mut talk = keep(&world, &buyer, CHAIN).await;
    subscribe(&mut talk, &receiver, json!({})).await;
    for path in ["/v1/policies/all", "/v1/supply-chains/cars"] {
        assert_eq!(talk.send(Method::DELETE, path, &[], Bytes::new()).await.status, 204);
        let parked = talk.ask(SUBSCRIPTION).await.json();
        let code = if path.contains("policies") { "policy-gone" } else { "chain-gone" };
        assert_eq!((&parked["state"], &parked["parked"]["code"]), (&json!("parked"), &json!(code)), "{parked}");
        assert!(parked["parked"]["why"].as_str().unwrap().contains("removed"), "{parked}");
        let japanese = talk.send(Method::GET, SUBSCRIPTION, &[("accept-language", "ja")], Bytes::new()).await;
        assert!(japanese.json()["parked"]["why"].as_str().unwrap().contains("削除されています"), "{japanese:?}");
        talk = keep(&world, &buyer, CHAIN).await;
        assert_eq!(subscribe(&mut talk, &receiver, json!({})).await["state"], "active");
    }
    let [suspended, _] = life(&world).await;
    let received = receiver.wait(3).await;
    is_id(&received[1].json(), suspended, "c3-p3-order");
}

#[tokio::test]
async fn what_cannot_be_told_is_refused() {
    let world = telling().await;
    let (buyer, receiver) = (world.person("buyer-1"), Receiver::open(&world).await);
    let mut talk = keep(&world, &buyer, CHAIN).await;
    let rows = [
        (json!({"exposure": {"supplyChain": "none", "policy": "all"}}), "no supply chain"),
        (json!({"exposure": {"supplyChain": "cars", "policy": "none"}}), "no policy"),
        (
            json!({"exposure": {"supplyChain": "cars", "policy": "all"}, "filter": {"types": ["verdict"]}}),
            "leave the filter",
        ),
        (json!({"exposure": {"supplyChain": "cars", "policy": "all", "step": "ordering"}}), "ordering"),
        (json!({"exposure": {"supplyChain": "cars"}}), "policy"),
    ];
    for (mut asked, needle) in rows {
        asked["url"] = json!(receiver.url());
        let got = talk.send(Method::PUT, SUBSCRIPTION, &JSON, asked.to_string().into()).await;
        assert_eq!(got.code(), "bad-body", "{asked}");
        assert!(got.json()["detail"].as_str().unwrap().contains(needle), "{got:?}");
    }
    for (path, code) in [
        (EXPOSURES.replace("policy=all&", ""), "bad-parameter"),
        (EXPOSURES.replace("start", "99999"), "bad-parameter"),
        (EXPOSURES.replace("policy=all", "policy=none"), "not-found"),
        (format!("{EXPOSURES}&step=ordering"), "bad-parameter"),
    ] {
        assert_eq!(talk.ask(&path).await.code(), code, "{path}");
    }
}

#[tokio::test]
async fn a_last_day_that_passed_before_anybody_said_so_is_told_by_whoever_says_so() {
    let world = World::furnished().await;
    let buyer = world.person("buyer-1");
    let mut talk = keep(&world, &buyer, CHAIN).await;
    // The day passes, and something else is stated before the node states what ended.
    world.clock.ahead(302);
    let mut other = super::fixture::scheme();
    other["scheme"] = json!("stars@9");
    super::years::must(&world, "meti", "scheme-published", other).await;
    super::years::on(&world, 302).await;
    world.clock.ahead(0);
    let told = talk.ask(EXPOSURES).await.json();
    let last = told["events"].as_array().unwrap().last().unwrap();
    assert_eq!(last["type"], "org.secure-trust-registry.supply-chain.exposed", "{told}");
    let change = &last["data"]["changes"][0];
    assert_eq!((&change["before"], &change["after"]), (&json!("go"), &json!("stop")), "{last}");
    assert_eq!(last["data"]["exposure"]["orders"], json!(["PO-1", "PO-2"]));
}

#[tokio::test]
async fn a_chain_that_changes_while_a_delivery_fails_hides_nothing_of_its_entry() {
    let world = telling().await;
    let (buyer, receiver) = (world.person("buyer-1"), Receiver::open(&world).await);
    let mut talk = keep(&world, &buyer, "supplier,to\nduns:150483782,product:Truck\n").await;
    life(&world).await;
    subscribe(&mut talk, &receiver, json!({})).await;
    // V-1 and V-3 end in one entry, and the chain is of V-3 alone, which comes second there.
    receiver.answer([503; 3]);
    super::years::on(&world, 302).await;
    world.clock.ahead(0);
    let failing = until_of(&world, &buyer, SUBSCRIPTION, |shown| shown["state"] == "failing").await;
    let entry = failing["behind"].as_str().unwrap().to_owned();
    keep(&world, &buyer, CHAIN).await;
    let shown = until_of(&world, &buyer, SUBSCRIPTION, |shown| shown.get("behind").is_none()).await;
    assert_eq!(shown["state"], "active", "{shown}");
    let told = receiver.received().last().map(Received::json);
    let told = told.unwrap_or_else(|| panic!("nothing was told of entry {entry}"));
    assert_eq!((&told["logindex"], &told["data"]["supplyChain"]["version"]), (&json!(entry), &json!(2)), "{told}");
    assert_eq!(told["data"]["events"], json!([entry, format!("{entry}.1")]), "the chain has the supplier of V-1 now");
}

#[tokio::test]
async fn no_two_exposures_have_one_id_whosoever_they_are_and_by_whatever_policy() {
    let world = World::furnished().await;
    let mut ids = Vec::new();
    for who in ["buyer-1", "cb-2"] {
        let mut talk = keep(&world, &world.person(who), CHAIN).await;
        let policy = json!({"policy": "p", "version": 1, "rules": [
            {"id": "any", "requires": {"verdict": {}}, "otherwise": "stop"}]});
        let put = talk.send(Method::PUT, "/v1/policies/any", &JSON, policy.to_string().into()).await;
        assert_eq!(put.status, 200, "{put:?}");
        let trucks = talk.send(Method::PUT, "/v1/supply-chains/trucks", &[("content-type", "text/csv")], CHAIN.into());
        assert_eq!(trucks.await.status, 200);
        for path in [EXPOSURES.to_owned(), EXPOSURES.replace("all", "any"), EXPOSURES.replace("cars", "trucks")] {
            let [told, again] = [talk.ask(&path).await.json(), talk.ask(&path).await.json()];
            assert_eq!((told["events"].as_array().unwrap().len(), &told["events"]), (1, &again["events"]), "{path}");
            ids.push(told["events"][0]["id"].as_str().unwrap().to_owned());
        }
    }
    let distinct: std::collections::BTreeSet<&String> = ids.iter().collect();
    assert_eq!(distinct.len(), 6, "{ids:?}");
}

/// Finds out what entries do, but for one that it never does, and not at first.
struct Halting {
    exposures: Arc<dyn Exposures>,
    never: u64,
    later: AtomicUsize,
}

impl Exposures for Halting {
    fn first(
        &self,
        owner: &PartyId,
        asked: &Exposing,
        entries: &[Arc<[Event]>],
        from: Spot,
    ) -> Result<Option<Exposed>, Unjudged> {
        if self.later.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).is_ok() {
            return Err(Unjudged::Later("the disk is away".to_owned()));
        }
        let until = entries.iter().position(|entry| entry[0].index == self.never).unwrap_or(entries.len());
        let found = self.exposures.first(owner, asked, &entries[..until], from)?;
        let never = Spot::of_entry(self.never);
        if found.is_none() && until < entries.len() && never >= from {
            return Err(Unjudged::Never(never, Hindrance::TooMuchPast));
        }
        match found {
            None => self.exposures.first(owner, asked, &entries[until..], from.max(never.behind())),
            found => Ok(found),
        }
    }
}

#[tokio::test]
async fn the_owner_sees_what_is_not_found_out_yet_or_never_and_is_told_of_all_else() {
    let world = with_webhooks().await;
    let (buyer, receiver) = (world.person("buyer-1"), Receiver::open(&world).await);
    let mut talk = keep(&world, &buyer, CHAIN).await;
    let from = world.registry.feed.size();
    subscribe(&mut talk, &receiver, json!({})).await;
    let [suspended, restored] = life(&world).await;
    let exposures = Answers::of(Arc::clone(&world.registry)).exposures();
    let halting = Arc::new(Halting { exposures, never: suspended, later: AtomicUsize::new(2) });
    let outbound = delivery::outbound(&world.registry).unwrap();
    tokio::spawn(delivery::run(Arc::clone(&world.registry), outbound, halting, world.shutdown.clone()));
    let failing = until_of(&world, &buyer, SUBSCRIPTION, |shown| shown["state"] == "failing").await;
    assert_eq!(
        (&failing["failing"]["code"], &failing["behind"]),
        (&json!("not-found-out"), &json!(from.to_string())),
        "{failing}"
    );
    let through = until_of(&world, &buyer, SUBSCRIPTION, |shown| shown.get("behind").is_none()).await;
    assert_eq!((&through["state"], &through["deadLetters"]), (&json!("active"), &json!(1)), "{through}");
    let indices: Vec<Value> = receiver.received().iter().map(|one| one.json()["logindex"].clone()).collect();
    assert_eq!(indices, [json!(from.to_string()), json!(restored.to_string())], "one is left out, and seen to be");
    let (path, ja) = (format!("{SUBSCRIPTION}/deliveries"), [("accept-language", "ja")]);
    let log = talk.send(Method::GET, &path, &ja, Bytes::new()).await.json();
    let letter = &log["deadLetters"][0];
    assert_eq!((&letter["index"], &letter["code"]), (&json!(suspended), &json!("too-much-past")), "{log}");
    assert!(letter.get("status").is_none() && letter["why"].as_str().unwrap().contains("結果リスト"), "{log}");
    // Sent again it is set aside again, once.
    let wish = json!({"deadLetters": true}).to_string();
    let replayed = talk.send(Method::POST, &format!("{SUBSCRIPTION}/replay"), &JSON, wish.into()).await;
    assert_eq!(replayed.status, 200, "{replayed:?}");
    until_of(&world, &buyer, SUBSCRIPTION, |shown| shown["deadLetters"] == 1 && shown.get("behind").is_none()).await;
    assert_eq!(receiver.received().len(), 2);
}

#[tokio::test]
async fn a_chain_that_cannot_be_read_parks_what_names_it_also_after_a_restart() {
    let world = telling().await;
    let (buyer, receiver) = (world.person("buyer-1"), Receiver::open(&world).await);
    let mut talk = keep(&world, &buyer, CHAIN).await;
    subscribe(&mut talk, &receiver, json!({})).await;
    let (registry, name) = (&world.registry, "cars".parse().unwrap());
    let key = Key { owner: "buyer-1".parse().unwrap(), name };
    let unreadable = SupplyChain { form: Form::Csv, text: "of another time".to_owned() };
    registry.shelf.put(&key.owner, &key.name, &unreadable, Condition::Any, registry.now()).unwrap();
    registry.dispatch.keep().unwrap();
    let (vault, size) = (Arc::clone(&registry.vault), registry.log.size());
    let reopened = Dispatch::open(vault, &registry.shelf, size, registry.now()).unwrap();
    let lane = reopened.seen(&key).unwrap().lane;
    assert_eq!(lane.parked.unwrap().code, Some(Hindrance::ChainUnreadable));
    assert!(lane.behind.is_some_and(|spot| spot.index <= size), "what comes while nobody is on the chain waits");
    life(&world).await;
    let parked = until_of(&world, &buyer, SUBSCRIPTION, |shown| shown["state"] == "parked").await;
    assert_eq!(parked["parked"]["code"], "chain-unreadable", "{parked}");
    assert!(parked.get("behind").is_some() && receiver.received().is_empty(), "nothing is passed: {parked}");
}

#[tokio::test]
async fn levels_of_a_scheme_that_is_published_later_say_nothing_of_an_entry_before() {
    let world = World::furnished().await;
    let size = world.registry.feed.size();
    let shown = |as_of| levels(&world.registry.read_model.register(), &as_of);
    let then = shown(AsOf::Present(world.registry.now()));
    let mut other = super::fixture::scheme();
    other["scheme"] = json!("stars@9");
    super::years::must(&world, "meti", "scheme-published", other).await;
    let at = world.registry.now();
    assert_eq!(shown(AsOf::KnownThen { size, at }), then);
    assert_ne!(shown(AsOf::KnownThen { size: size + 1, at }), then);
}

#[tokio::test]
async fn what_was_erased_is_told_no_more_and_what_comes_behind_it_is() {
    let world = telling().await;
    let (buyer, receiver) = (world.person("buyer-1"), Receiver::open(&world).await);
    let mut talk = keep(&world, &buyer, CHAIN).await;
    let granted = {
        let register = world.registry.read_model.register();
        conformity::records::Facts::verdict(&*register, &"V-1".parse().unwrap()).unwrap().history[0].index
    };
    let [suspended, restored] = life(&world).await;
    receiver.answer([503]);
    subscribe(&mut talk, &receiver, json!({"after": (granted - 1).to_string()})).await;
    let failing = until_of(&world, &buyer, SUBSCRIPTION, |shown| shown["state"] == "failing").await;
    assert_eq!(failing["behind"], json!(granted.to_string()), "{failing}");
    let before = talk.ask(EXPOSURES).await.json();
    assert_eq!(before["events"].as_array().unwrap().len(), 4, "{before}");
    // One waits to be told, another was set aside.
    let key = Key { owner: "buyer-1".parse().unwrap(), name: "cars".parse().unwrap() };
    let now = world.registry.now();
    let dead = |lane: &mut Lane| {
        let (behind, mut trouble) = (lane.behind, lane.trouble.take().unwrap());
        lane.undeliverable(Spot::of_entry(suspended), Hindrance::TooMuchPast, now);
        // Nothing is under way while something is erased.
        trouble.next = now + jiff::SignedDuration::from_mins(60);
        (lane.behind, lane.trouble) = (behind, Some(trouble));
    };
    world.registry.dispatch.change(&key, now, dead).unwrap();
    let reason = json!({"code": "court-order"});
    world.must(&world.operator(), "statement-erased", json!({"index": granted, "reason": reason})).await;
    let told = receiver.received().len();
    let wish = json!({"deadLetters": true}).to_string();
    let replayed = talk.send(Method::POST, &format!("{SUBSCRIPTION}/replay"), &JSON, wish.into()).await;
    assert_eq!(replayed.status, 200, "{replayed:?}");
    let last = world.must(&world.person("cb-1"), "verdict-changed", change("V-3", json!("suspended"))).await;
    let shown = until_of(&world, &buyer, SUBSCRIPTION, |shown| {
        shown.get("behind").is_none() && shown["size"].as_u64().unwrap() > last
    })
    .await;
    assert_eq!((&shown["state"], &shown["deadLetters"]), (&json!("active"), &json!(0)), "{shown}");
    let received: Vec<Value> = receiver.received()[told..].iter().map(Received::json).collect();
    let after = talk.ask(EXPOSURES).await.json();
    for event in received.iter().chain(after["events"].as_array().unwrap()) {
        let index: u64 = event["logindex"].as_str().unwrap().parse().unwrap();
        assert!(![granted, suspended, restored].contains(&index), "{event}");
        assert!(!event.to_string().contains("V-1"), "{event}");
    }
    let told = after["events"].as_array().unwrap();
    assert_eq!(
        (told.len(), &told[1]["logindex"]),
        (2, &json!(last.to_string())),
        "the grant and the end of V-3: {after}"
    );
    let heard: Vec<&Value> = received.iter().map(|event| &event["logindex"]).collect();
    assert_eq!(heard, told.iter().map(|event| &event["logindex"]).collect::<Vec<_>>(), "in order, and once");
}
