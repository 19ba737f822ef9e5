//! Bulletins: listed by whom they concern, told to those concerned, shown with what their issuer signed.

use serde_json::{Value, json};

use super::fixture::World;
use super::stream::Events;

pub(super) fn bulletin(id: &str, concerns: &Value) -> Value {
    json!({
        "bulletin": id, "topic": "advice", "title": {"en": "News"}, "text": {"en": "Something is new."}, "concerns": concerns,
        "issued": "2026-01-01", "inForce": "2026-06-01",
    })
}

async fn furnished() -> World {
    let world = World::furnished().await;
    let meti = world.person("meti");
    let rows = [
        ("B-1", json!({})),
        ("B-2", json!({"sectors": ["isic4.C"]})),
        ("B-3", json!({"sectors": ["isic4.H"], "countries": ["EU"]})),
        ("B-4", json!({"schemes": ["stars"]})),
        ("B-5", json!({"schemes": ["moons"], "sectors": ["isic4.C", "isic4.H"]})),
    ];
    for (id, concerns) in rows {
        world.must(&meti, "bulletin-issued", bulletin(id, &concerns)).await;
    }
    world
}

fn ids(answer: &Value) -> Vec<&str> {
    answer["bulletins"].as_array().unwrap().iter().map(|one| one["name"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn they_are_listed_by_whom_they_concern() {
    let world = furnished().await;
    let rows: &[(&str, &[&str])] = &[
        ("", &["jp:B-1", "jp:B-2", "jp:B-3", "jp:B-4", "jp:B-5"]),
        ("?sector=isic4.C", &["jp:B-1", "jp:B-2", "jp:B-4", "jp:B-5"]),
        ("?sector=isic4.H&country=JP", &["jp:B-1", "jp:B-4", "jp:B-5"]),
        ("?scheme=stars@1", &["jp:B-1", "jp:B-2", "jp:B-3", "jp:B-4"]),
        ("?in_force_on=2026-05-31", &[]),
        ("?in_force_on=2026-06-01&sector=isic4.J", &["jp:B-1", "jp:B-4"]),
    ];
    for (query, expected) in rows {
        let answer = world.ask(&format!("/v1/bulletins{query}")).await.json();
        assert_eq!(ids(&answer), *expected, "{query}");
    }
    for (query, status) in [("?sector=%20", 400), ("?in_force_on=soon", 400), ("/jp:B-9", 404), ("/B-1", 400)] {
        assert_eq!(world.ask(&format!("/v1/bulletins{query}")).await.status, status, "{query}");
    }
}

#[tokio::test]
async fn they_come_whatever_suppliers_are_watched() {
    let world = furnished().await;
    let supplier = "supplier=corporate-number:7000012050002";
    let rows: &[(String, &[&str])] = &[
        ("type=bulletin".to_owned(), &["jp:B-1", "jp:B-2", "jp:B-3", "jp:B-4", "jp:B-5"]),
        (format!("{supplier}&type=bulletin&sector=isic4.C"), &["jp:B-1", "jp:B-2", "jp:B-4", "jp:B-5"]),
        (format!("{supplier}&type=bulletin&scheme=stars"), &["jp:B-1", "jp:B-2", "jp:B-3", "jp:B-4"]),
        ("type=bulletin&country=JP".to_owned(), &["jp:B-1", "jp:B-2", "jp:B-4", "jp:B-5"]),
    ];
    for (query, expected) in rows {
        let mut events = Events::of(&world, &format!("/v1/events?after=start&{query}")).await;
        for subject in *expected {
            let (_, event) = events.event().await;
            assert_eq!(event["subject"], *subject, "{query}");
            assert_eq!(event["type"], "org.secure-trust-registry.bulletin.issued");
        }
        assert!(events.is_silent().await, "{query}");
    }
}

#[tokio::test]
async fn a_bulletin_is_shown_with_what_its_issuer_signed() {
    let world = furnished().await;
    let shown = world.ask("/v1/bulletins/jp:B-2").await.json();
    let index = &shown["moment"]["index"];
    let statement = world.ask(&format!("/v1/statements/{index}")).await.json();
    assert_eq!((&shown["by"], &shown["statement"]), (&json!("meti"), &statement["statement"]));
}
