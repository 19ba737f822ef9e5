//! `docs/spec/trust-registry-query.md` is read and its questions are asked: each must get the answer that stands below it.

use std::path::Path;

use conformity::party::Role;
use serde_json::{Value, json};

use super::fixture::{World, day, designation, document, scheme};
use super::neighbours::{add_peer, terms};

/// The paths in the text, each with a question and its answer.
fn examples(world: &World) -> Vec<(String, Value, Value)> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/spec/trust-registry-query.md");
    let text = std::fs::read_to_string(path).unwrap();
    let text = text
        .replace("did:web:jp.registry.example", world.registry.genesis.did_web.as_str())
        .replace("https://jp.registry.example", "https://localhost:7443")
        .replace("did:web:eu.registry.example", "did:web:localhost%3A7444")
        .replace("2029-12-31", &day(800));
    let mut blocks = text.split("```json ").skip(1).map(|block| {
        let (label, rest) = block.split_once('\n').unwrap();
        let json = rest.split("\n```").next().unwrap();
        (label.to_owned(), serde_json::from_str(json).unwrap_or_else(|error| panic!("{error}: {json}")))
    });
    let mut examples = Vec::new();
    while let (Some((path, question)), Some((label, answer))) = (blocks.next(), blocks.next()) {
        assert_eq!(label, "answer", "{path}");
        examples.push((path.strip_prefix("POST ").unwrap().to_owned(), question, answer));
    }
    examples
}

/// The registry of the text: `cb-1` is accredited by `ab-1`, eu's eucc@1 is recognised by word of `ministry`.
async fn described() -> World {
    let world = World::open().await;
    let operator = world.operator();
    for (id, role) in
        [("ministry", Role::Authority), ("ab-1", Role::AccreditationBody), ("cb-1", Role::CertificationBody)]
    {
        world.join(&operator, id, role, json!([])).await;
    }
    let (ministry, ab) = (world.person("ministry"), world.person("ab-1"));
    world.must(&ministry, "document-published", document()).await;
    let mut demo = scheme();
    demo["scheme"] = json!("demo@1");
    world.must(&ministry, "scheme-published", demo).await;
    let mut designated = designation();
    (designated["accreditationBody"], designated["schemes"]) = (json!("ab-1"), json!(["demo"]));
    world.must(&ministry, "designation-made", designated).await;
    let granted = json!({
        "id": "A-1", "body": "cb-1", "as": "certification-body", "scheme": "demo@1",
        "viewpoints": ["organization", "process"], "from": day(-200), "until": day(800),
    });
    world.must(&ab, "accreditation-granted", granted).await;
    add_peer(&world).await;
    let mut terms = terms();
    terms["mode"] = json!("unilateral");
    let terms: conformity::arrangement::Arrangement = serde_json::from_value(terms).unwrap();
    let signed = json!({"digest": terms.digest().unwrap(), "terms": terms});
    world.must(&ministry, "arrangement-signed", signed).await;
    world
}

#[tokio::test]
async fn every_question_of_the_text_gets_its_answer() {
    let world = described().await;
    let mut talk = world.talk(None).await;
    let examples = examples(&world);
    assert!(examples.len() >= 4, "the examples were not found");
    for (path, question, mut expected) in examples {
        let got = talk.post(&path, "application/json", question.to_string()).await;
        let mut answer = got.json();
        for either in [&mut answer, &mut expected] {
            assert!(either["time_evaluated"].take().is_string(), "{path}: {either}");
        }
        assert_eq!(answer, expected, "{path}");
    }
}
