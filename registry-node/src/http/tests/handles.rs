//! The name of a natural person, in whatever member somebody tries it, is refused and rests nowhere; a handle is shown.

use std::path::{Path, PathBuf};

use conformity::party::Role;
use serde_json::{Value, json};

use super::fixture::{World, registration, verdict};

const NAME: &str = "Taro Yamada";
const MEMBER: &str = "local:members:8";

fn patched(mut claim: Value, patch: &Value) -> Value {
    claim.as_object_mut().unwrap().extend(patch.as_object().unwrap().clone());
    claim
}

/// A person's registration, but for what the patch says.
fn person(key: &Value, patch: &Value) -> Value {
    let mut claim = registration("supplier-8", Role::Supplier, key.clone(), json!([MEMBER]));
    claim["party"] = patched(claim["party"].clone(), &json!({"person": true, "name": MEMBER, "declares": true}));
    claim["party"] = patched(claim["party"].clone(), patch);
    claim
}

/// A verdict on a person, but for what the patches of the supplier and of the verdict say.
fn on_person(id: &str, supplier: &Value, patch: &Value) -> Value {
    let whom = patched(json!({"id": MEMBER, "name": MEMBER, "country": "JP", "person": true}), supplier);
    let object = json!({"kind": "organization", "name": MEMBER});
    patched(patched(verdict(id), &json!({"supplier": whom, "object": object})), patch)
}

/// The files under a folder that hold the words.
fn holding(folder: &Path, words: &[u8]) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let (folders, files): (Vec<_>, Vec<_>) = entries.partition(|path| path.is_dir());
    let holds =
        |file: &PathBuf| std::fs::read(file).is_ok_and(|bytes| bytes.windows(words.len()).any(|part| part == words));
    let below = folders.iter().flat_map(|folder| holding(folder, words)).collect::<Vec<_>>();
    files.into_iter().filter(holds).chain(below).collect()
}

#[tokio::test]
async fn the_name_of_a_person_rests_nowhere() {
    let world = World::furnished().await;
    let (operator, body) = (world.operator(), world.person("cb-1"));
    let key = world.equip("supplier-8", Role::Supplier);
    for patch in [json!({"name": NAME}), json!({"identifiers": ["local:members:Taro%20Yamada"]})] {
        let got = world.say(&operator, "party-registered", person(&key, &patch)).await;
        assert_eq!((got.status, got.code().as_str()), (422, "names-a-person"), "{patch}");
    }
    let nothing = json!({});
    let tries = [
        on_person("V-9", &json!({"name": NAME}), &nothing),
        on_person("V-9", &json!({"others": ["local:guild:Taro%20Yamada"]}), &nothing),
        on_person("V-9", &nothing, &json!({"object": {"kind": "organization", "name": NAME}})),
        patched(verdict("V-9"), &json!({"object": {"kind": "person", "name": NAME}})),
    ];
    for claim in tries {
        let got = world.say(&body, "verdict-granted", claim.clone()).await;
        assert_eq!((got.status, got.code().as_str()), (422, "names-a-person"), "{claim}");
    }
    world.must(&operator, "party-registered", person(&key, &nothing)).await;
    world.must(&body, "verdict-granted", on_person("V-9", &nothing, &nothing)).await;
    let named = on_person("V-10", &json!({"person": false, "name": NAME}), &nothing);
    assert_eq!(world.say(&body, "verdict-granted", named).await.code(), "person-not-said");

    let shown = world.ask("/v1/verdicts/jp:V-9").await.json();
    assert_eq!(
        (&shown["terms"]["supplier"]["name"], &shown["terms"]["supplier"]["person"]),
        (&json!(MEMBER), &json!(true))
    );
    let parties = world.ask("/v1/parties").await.json();
    let party = parties["parties"].as_array().unwrap().iter().find(|one| one["id"] == "supplier-8").unwrap();
    assert_eq!((&party["name"], &party["person"]), (&json!(MEMBER), &json!(true)));
    world.publish();
    world.published().await;
    let folder = world.registry.folder.path();
    assert_ne!(holding(folder, MEMBER.as_bytes()), Vec::<PathBuf>::new(), "what is there is found");
    for words in [NAME, "Yamada", "Taro%20"] {
        assert_eq!(holding(folder, words.as_bytes()), Vec::<PathBuf>::new(), "{words}");
    }
}
