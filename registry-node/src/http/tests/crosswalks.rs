//! What a crosswalk may name: requirements that the documents have, wherever a catalogue of theirs rests in the log.

use conformity::crosswalk::Relation;
use serde_json::json;

use super::bulletins::bulletin;
use super::coverage::{catalogued, crosswalk, submit};
use super::fixture::World;

const EQUAL: Relation = Relation::EqualTo;

#[tokio::test]
async fn a_crosswalk_that_invents_requirements_is_refused() {
    let world = World::furnished().await;
    catalogued(&world).await;
    let operator = world.operator();
    let (without, with) = ("sp800-171@r3", "catalogued@1");
    let rows: [(_, _, &[(&str, Relation, &str)], _); 5] = [
        ("invented in the target", (without, with), &[("1", EQUAL, "org-1"), ("2", EQUAL, "org-9")], Some("org-9")),
        ("invented in the source", (with, without), &[("org-3", EQUAL, "1")], Some("org-3")),
        ("known by its number", (without, with), &[("1", EQUAL, "org-1")], None),
        ("known by another way to write it", (with, without), &[("ORG-01", EQUAL, "1")], None),
        ("of a document without a catalogue anything", (without, "needed@1"), &[("x", EQUAL, "y")], None),
    ];
    let mut needed = super::fixture::document();
    needed["document"] = json!("needed@1");
    world.must(&operator, "document-published", needed).await;
    for (number, (why, documents, maps, invented)) in rows.into_iter().enumerate() {
        let size = world.registry.log.size();
        let (claim, bytes) = crosswalk(&format!("walk-{number}@1"), documents, maps);
        let mut enacting = bulletin(&format!("B-{number}"), &json!({}));
        enacting["enacts"] = json!({"crosswalk-published": claim});
        let alone = submit(&world, &operator, ("crosswalk-published", claim), &bytes).await;
        let Some(invented) = invented else {
            assert_eq!(alone.status, 201, "{why}: {alone:?}");
            continue;
        };
        for got in [alone, submit(&world, &operator, ("bulletin-issued", enacting), &bytes).await] {
            assert_eq!((got.status, got.code().as_str()), (422, "crosswalk-unreadable"), "{why}");
            let detail = got.json()["detail"].as_str().unwrap().to_owned();
            assert!(detail.contains(invented) && detail.contains(with), "{why}: {detail}");
        }
        assert_eq!(world.registry.log.size(), size, "{why}: nothing changed");
    }
    // Whoever may not publish one learns nothing of catalogues.
    let (claim, bytes) = crosswalk("walk-9@1", (without, with), &[("1", EQUAL, "org-9")]);
    let got = submit(&world, &world.person("cb-1"), ("crosswalk-published", claim), &bytes).await;
    assert_eq!(got.code(), "role-not-entitled");
}
