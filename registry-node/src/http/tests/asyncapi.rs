//! The document of channels holds every type of event, every subject that buyers may hear and every problem, and nothing that is not so.

use std::collections::BTreeSet;

use conformity::words;
use federation::subjects::Pattern;
use serde_json::{Value, json};
use test_data::schema;

use super::bulletins::bulletin;
use super::contract::references;
use super::fixture::{World, change, verdict};
use super::{apart, coverage};
use crate::config::{Config, NatsBuyers};
use crate::core::event::{About, BARE, TYPE_PREFIX};
use crate::core::notice::{HEARTBEAT, PING, notice};
use crate::http::asyncapi::document;
use crate::http::code::Code;
use crate::http::table::routes;
use crate::problem;

fn with_nats(world: &World) -> Config {
    let mut config = world.registry.config.clone();
    let listen = "127.0.0.1:4223".parse().unwrap();
    let public_address = "registry.example:4223".to_owned();
    config.nats.buyers = Some(NatsBuyers { listen, public_address, stream_bytes: 1 << 30, stream_days: 30 });
    config
}

fn keys(object: &Value) -> BTreeSet<&str> {
    object.as_object().unwrap().keys().map(String::as_str).collect()
}

#[tokio::test]
async fn every_type_of_event_is_a_message_where_all_are_told() {
    let world = World::open().await;
    let document: Value = serde_json::from_slice(&document(&with_nats(&world))).unwrap();
    references(&document, &document);
    let events: BTreeSet<&str> = words::event_kinds().chain([BARE]).collect();
    let beside = |more: &[&'static str]| events.iter().copied().chain(more.iter().copied()).collect::<BTreeSet<_>>();
    let told = |channel: &str| keys(&document["channels"][channel]["messages"]);
    assert_eq!(told("webhook"), beside(&[HEARTBEAT, PING]));
    assert_eq!(told("stream"), beside(&["checkpoint", "absence", "problem"]));
    let of = |families: &[&str]| {
        let fits = |kind: &&str| families.iter().any(|family| kind.split('.').next() == Some(family));
        events.iter().copied().filter(fits).collect::<BTreeSet<_>>()
    };
    assert_eq!(told("status"), of(&["verdict", "recognition"]));
    assert_eq!((told("bulletins"), told("bulletinsOfSector")), (of(&["bulletin"]), of(&["bulletin"])));
    assert_eq!(told("registry"), of(&["registry"]));
    for kind in beside(&[HEARTBEAT, PING]) {
        let message = &document["components"]["messages"][kind];
        assert_eq!(message["name"], format!("{TYPE_PREFIX}{kind}"), "{kind}");
        assert!(message["summary"].as_str().is_some_and(|summary| !summary.is_empty()), "{kind}");
    }
    let kinds = &document["components"]["schemas"]["Problem"]["properties"]["type"]["enum"];
    assert_eq!(*kinds, json!(Code::ALL.iter().map(|code| problem::kind(code.as_str())).collect::<Vec<_>>()));
}

#[tokio::test]
async fn every_subject_that_a_buyer_may_hear_is_a_channel_and_no_other() {
    let world = World::open().await;
    let config = with_nats(&world);
    let document: Value = serde_json::from_slice(&document(&config)).unwrap();
    let channels = document["channels"].as_object().unwrap().values();
    let on_nats = channels.filter(|channel| channel["servers"][0]["$ref"] == "#/servers/nats");
    let addresses: Vec<&str> = on_nats.map(|channel| channel["address"].as_str().unwrap()).collect();
    let heard = Pattern::heard_from(&config.registry.id);
    let covers = |pattern: &Pattern, address: &str| match pattern.as_str().strip_suffix('>') {
        Some(begin) => address.starts_with(begin),
        None => address == pattern.as_str(),
    };
    for pattern in &heard {
        assert!(addresses.iter().any(|address| covers(pattern, address)), "{pattern} is in no channel");
    }
    for address in &addresses {
        assert!(heard.iter().any(|pattern| covers(pattern, address)), "nobody may hear {address}");
    }
    assert!(addresses.contains(&"status.jp.{scheme}.{supplier}"), "{addresses:?}");
    for operation in document["operations"].as_object().unwrap().values() {
        assert_eq!(operation["action"], "send", "the registry speaks, others listen");
    }
}

/// Where an event goes on NATS follows from what it is about, and the document says it by its type.
#[tokio::test]
async fn what_an_event_is_about_and_its_type_lead_to_the_same_channel() {
    let world = World::furnished().await;
    world.must(&world.person("meti"), "bulletin-issued", bulletin("B-1", &json!({}))).await;
    let document: Value = serde_json::from_slice(&document(&with_nats(&world))).unwrap();
    let (mut cursor, mut seen) = (0, BTreeSet::new());
    loop {
        let entries = world.registry.feed.next(cursor).unwrap();
        if entries.is_empty() {
            break;
        }
        for event in entries.iter().flat_map(|events| events.iter()) {
            let channel = match &event.about {
                Some(About::Verdict(_)) => "status",
                Some(About::Bulletin(..)) => "bulletins",
                None => "",
            };
            for one in ["status", "bulletins"] {
                let told = keys(&document["channels"][one]["messages"]).contains(event.kind.as_str());
                assert_eq!(told, one == channel, "{}", event.kind);
            }
            seen.insert(channel);
        }
        cursor += entries.len() as u64;
    }
    assert_eq!(seen, BTreeSet::from(["", "bulletins", "status"]));
}

#[tokio::test]
async fn what_is_served_is_as_it_says() {
    let world = World::furnished().await;
    let document = world.ask("/asyncapi.json").await.json();
    assert_eq!(keys(&document["servers"]), BTreeSet::from(["https"]), "nobody listens on NATS here");
    assert_eq!(keys(&document["channels"]), BTreeSet::from(["pull", "stream", "webhook"]));
    for (channel, path) in [("stream", "/v1/events"), ("pull", "/v1/events/pull")] {
        let route = routes().find(|route| route.path == path).unwrap();
        let conditions = &document["operations"][format!("tell-{channel}")]["bindings"]["http"]["query"]["properties"];
        assert_eq!(keys(conditions), route.parameters.iter().map(|one| one.name).collect(), "{path}");
        assert_eq!(document["channels"][channel]["address"], path);
    }
    let schemas = &document["components"]["schemas"];
    let fits = |event: &Value, schema: &Value| {
        let members = keys(event);
        let required = schema["required"].as_array().unwrap();
        assert!(required.iter().all(|member| members.contains(member.as_str().unwrap())), "{event}");
        assert!(members.is_subset(&keys(&schema["properties"])), "{event}");
        let kind = event["type"].as_str().unwrap().strip_prefix(TYPE_PREFIX).unwrap();
        let payload = &document["components"]["messages"][kind]["payload"];
        assert_eq!(payload["allOf"][1]["properties"]["type"]["const"], event["type"], "{event}");
    };
    let pulled = world.ask("/v1/events/pull?after=start&limit=1000&lang=en").await.json();
    assert_eq!(keys(&pulled), keys(&schemas["Pulled"]["properties"]));
    assert!(pulled["events"].as_array().unwrap().len() > 10);
    for event in pulled["events"].as_array().unwrap() {
        fits(event, &schemas["CloudEvent"]);
    }
    let beat: Value = serde_json::from_slice(&notice(&world.registry, HEARTBEAT, "heartbeat_1", 7)).unwrap();
    fits(&beat, &schemas["Notice"]);
    assert_eq!((&beat["logindex"], &beat["data"]["size"]), (&json!("6"), &json!(7)));
}

/// What an event holds is what its message says, formats included.
#[tokio::test]
async fn every_event_holds_what_its_message_says() {
    let furnished = World::furnished().await;
    furnished.must(&furnished.person("meti"), "bulletin-issued", bulletin("B-1", &json!({}))).await;
    let body = furnished.person("cb-1");
    furnished.must(&body, "verdict-granted", verdict("V-7")).await;
    for what in ["suspended", "restored", "withdrawn"] {
        furnished.must(&body, "verdict-changed", change("V-7", json!(what))).await;
    }
    let mut seen = BTreeSet::new();
    for world in [furnished, coverage::world().await, apart::world().await] {
        let document: Value = serde_json::from_slice(&document(&with_nats(&world))).unwrap();
        let pulled = world.ask("/v1/events/pull?after=start&limit=1000&lang=ja").await.json();
        for event in pulled["events"].as_array().unwrap() {
            let kind = event["type"].as_str().unwrap().strip_prefix(TYPE_PREFIX).unwrap();
            let mut schema = document.clone();
            schema["$ref"] = json!(format!("#/components/messages/{kind}/payload"));
            assert_eq!(schema::fault(&schema, event), None, "{event:#}");
            seen.insert(kind.to_owned());
        }
    }
    let wanted =
        ["verdict.granted", "verdict.withdrawn", "recognition.recognised", "bulletin.issued", "crosswalk.published"];
    assert!(wanted.iter().chain(&[BARE]).all(|kind| seen.contains(*kind)), "{seen:?}");
}
