//! What a crosswalk may say, and what it may not.

use conformity::crosswalk::{About, Collection, Crosswalk, MAX_MAPS, MAX_SIDE, Map, ReadError, Relation, Unsound};
use conformity::ids::RequirementId;
use conformity::records::{Record, View};
use conformity::{Digest, Refusal};
use serde_json::{Value, json};

use crate::world::{Row, World, document, row as attempt, with};

/// `"a b superset-of x"`: sources, relation, targets.
pub(crate) fn map(text: &str) -> Map {
    let relation = Relation::ALL.into_iter().find(|relation| text.contains(&format!(" {} ", relation.as_str())));
    let relation = relation.expect("a relation");
    let (sources, targets) = text.split_once(relation.as_str()).expect("two sides");
    let side = |text: &str| text.split_whitespace().map(|name| name.parse().expect("a requirement")).collect();
    Map::new(side(sources), side(targets), relation).expect("a map")
}

pub(crate) fn crosswalk(source: &str, target: &str, maps: &[&str]) -> Result<Crosswalk, Unsound> {
    let maps = maps.iter().map(|text| map(text)).collect();
    Crosswalk::new(source.parse().expect("a document"), target.parse().expect("a document"), maps)
}

fn unsound(maps: &[&str]) -> Unsound {
    crosswalk("a@1", "b@1", maps).expect_err("unsound")
}

fn name(text: &str) -> RequirementId {
    text.parse().expect("a requirement")
}

#[test]
fn maps_that_contradict_each_other_are_no_crosswalk() {
    let cases: &[(&[&str], Unsound)] = &[
        (&[], Unsound::Empty),
        (&["1 equal-to x", "1 equal-to x"], Unsound::Repeated { first: name("1") }),
        (
            &["1 subset-of x", "1 superset-of x"],
            Unsound::Contradiction { first: name("1"), one: Relation::SubsetOf, other: Relation::SupersetOf },
        ),
        (
            &["1 intersects-with x", "1 no-relationship x"],
            Unsound::Contradiction { first: name("1"), one: Relation::IntersectsWith, other: Relation::NoRelationship },
        ),
        (
            &["1 2 equal-to x", "2 1 superset-of x"],
            Unsound::Contradiction { first: name("1"), one: Relation::EqualTo, other: Relation::SupersetOf },
        ),
        // 1 is less than x, x is the same as 2, 2 is less than y, y is the same as 1.
        (
            &["1 subset-of x", "2 equal-to x", "2 subset-of y", "1 equivalent-to y"],
            Unsound::Cycle { requirement: name("1") },
        ),
        // One class through two equalities, and less than itself.
        (&["1 equal-to x", "1 equal-to y", "2 equal-to y", "2 subset-of x"], Unsound::Cycle { requirement: name("1") }),
    ];
    for (maps, expected) in cases {
        assert_eq!(unsound(maps), *expected, "{maps:?}");
    }
}

#[test]
fn orders_without_a_cycle_and_sets_of_several_are_sound() {
    for maps in [
        &["1 subset-of x", "2 superset-of x", "2 equal-to y"] as &[&str],
        &["1 subset-of x", "1 subset-of y", "2 superset-of x", "2 superset-of y"],
        // What two ask for together may be less than what the third asks for, and each of the two more than something else.
        &["1 2 subset-of x", "1 superset-of y", "2 intersects-with x"],
        &["1 no-relationship x", "1 intersects-with y"],
    ] {
        assert!(crosswalk("a@1", "b@1", maps).is_ok(), "{maps:?}");
    }
}

#[test]
fn a_document_has_no_crosswalk_to_itself_and_nothing_is_named_twice() {
    let same = crosswalk("a@1", "a@1", &["1 equal-to 2"]);
    assert_eq!(same, Err(Unsound::OneDocument { document: "a@1".parse().unwrap() }));
    assert!(crosswalk("a@1", "a@2", &["1 equal-to 1"]).is_ok(), "two versions are two documents");
    let twice = Map::new(vec![name("1"), name("1")], vec![name("x")], Relation::EqualTo);
    assert_eq!(twice, Err(Unsound::NamedTwice { requirement: name("1") }));
    assert_eq!(Map::new(vec![], vec![name("x")], Relation::EqualTo), Err(Unsound::EmptySide));
    let many = (0..=MAX_SIDE).map(|number| name(&number.to_string())).collect();
    let long = Map::new(many, vec![name("x")], Relation::EqualTo);
    assert_eq!(long, Err(Unsound::LongSide { length: MAX_SIDE + 1 }));
}

#[test]
fn more_maps_than_are_taken_are_refused_by_their_number() {
    let row = |number: usize| Map::new(vec![name(&number.to_string())], vec![name("x")], Relation::IntersectsWith);
    let maps: Vec<Map> = (0..=MAX_MAPS).map(|number| row(number).unwrap()).collect();
    let refused = Crosswalk::new("a@1".parse().unwrap(), "b@1".parse().unwrap(), maps);
    assert_eq!(refused, Err(Unsound::TooMany { count: MAX_MAPS + 1 }));
}

fn file(maps: Value) -> Vec<u8> {
    json!({"mapping-collection": {
        "uuid": "5ac44d3b-ca08-4d6c-8f3a-8c6a1b0a7a11",
        "metadata": {"title": "ours to yours", "last-modified": "2026-01-01T00:00:00Z", "version": "1", "oscal-version": "1.2.0"},
        "provenance": {"method": "human", "matching-rationale": "semantic", "status": "complete"},
        "mappings": [{
            "uuid": "5ac44d3b-ca08-4d6c-8f3a-8c6a1b0a7a12",
            "source-resource": {"type": "catalog", "href": "/v1/documents/a@1"},
            "target-resource": {"type": "catalog", "href": "/v1/documents/b@1"},
            "maps": maps,
        }],
    }})
    .to_string()
    .into_bytes()
}

fn row(relationship: Value) -> Value {
    json!([{
        "uuid": "5ac44d3b-ca08-4d6c-8f3a-8c6a1b0a7a13", "relationship": relationship, "remarks": "passed over",
        "sources": [{"type": "control", "id-ref": "ac-2(12)"}], "targets": [{"type": "control", "id-ref": "a.5.16"}],
    }])
}

#[test]
fn what_is_written_is_read_again_and_is_the_same_bytes_each_time() {
    let crosswalk = crosswalk("a@1", "b@1", &["2 superset-of x", "1 3 equal-to x y", "4 no-relationship z"]).unwrap();
    let (name, title) = ("ours@1".parse().unwrap(), "ours to yours".parse().unwrap());
    let about = About { crosswalk: &name, title: &title, issued: "2026-01-01".parse().unwrap() };
    let bytes = crosswalk.write(about).unwrap();
    assert_eq!(Crosswalk::read(&bytes).unwrap(), crosswalk);
    assert_eq!(crosswalk.write(about).unwrap(), bytes);
    let file: Value = serde_json::from_slice(&bytes).unwrap();
    let uuid = file["mapping-collection"]["uuid"].as_str().unwrap();
    assert_eq!((uuid.len(), &uuid[14..15]), (36, "8"), "RFC 9562, version 8: {uuid}");
}

#[test]
fn relations_are_words_or_qualified_words_of_oscal() {
    let expected = crosswalk("a@1", "b@1", &["ac-2(12) subset-of a.5.16"]).unwrap();
    for relationship in [
        json!("subset-of"),
        json!({"type": "subset-of"}),
        json!({"type": "subset-of", "ns": "http://csrc.nist.gov/ns/oscal"}),
    ] {
        assert_eq!(Crosswalk::read(&file(row(relationship))).unwrap(), expected);
    }
    for (relationship, word) in [
        (json!("intersect"), "intersect"),
        (json!({"type": "subset-of", "ns": "https://example.com"}), "https://example.com#subset-of"),
    ] {
        let refused = Crosswalk::read(&file(row(relationship))).unwrap_err();
        assert_eq!(refused, ReadError::Relation { position: 1, word: word.to_owned() });
    }
}

#[test]
fn other_files_are_refused_by_what_is_wrong_with_them() {
    let text = String::from_utf8(file(row(json!("equal-to")))).unwrap();
    let elsewhere = text.replace("/v1/documents/b@1", "https://example.com/b.json");
    assert_eq!(Collection::read(elsewhere.as_bytes()).unwrap().mappings[0].target, "https://example.com/b.json");
    let href = "https://example.com/b.json".to_owned();
    assert_eq!(Crosswalk::read(elsewhere.as_bytes()), Err(ReadError::Resource { href }));
    let spaced = text.replace("a.5.16", "a 5 16");
    assert!(matches!(Crosswalk::read(spaced.as_bytes()), Err(ReadError::Name { position: 1, .. })));
    let doubled = text.replace(r#""uuid":"#, r#""title":1,"title":2,"uuid":"#);
    assert!(matches!(Crosswalk::read(doubled.as_bytes()), Err(ReadError::Breach(_))));
    assert!(matches!(Crosswalk::read(b"{\"catalog\": {}}"), Err(ReadError::Shape { .. })));
    assert!(matches!(Crosswalk::read(b"<mapping-collection/>"), Err(ReadError::Breach(_))));
    let none = json!({"mapping-collection": {"metadata": {"title": "t"}, "mappings": []}}).to_string();
    assert_eq!(Crosswalk::read(none.as_bytes()), Err(ReadError::Mappings { count: 0 }));
}

/// The maps as an attachment, from the document that a furnished world has to another.
pub(crate) fn maps(maps: &[&str]) -> Vec<u8> {
    let crosswalk = crosswalk("sp800-171@r3", "other@1", maps).unwrap();
    let about = About {
        crosswalk: &"demo-to-other@1".parse().unwrap(),
        title: &"demo to other".parse().unwrap(),
        issued: "2026-01-01".parse().unwrap(),
    };
    crosswalk.write(about).unwrap()
}

pub(crate) fn publication(maps: &[u8]) -> Value {
    json!({
        "crosswalk": "demo-to-other@1", "title": "demo to other", "owner": "Nobody", "source": "sp800-171@r3",
        "target": "other@1", "maps": 1, "issued": "2026-01-01", "url": "https://nobody.example/maps",
        "attachment": Digest::of(maps),
    })
}

fn publish(world: &mut World, iss: &str, change: Value, attached: Option<&[u8]>) -> Result<Vec<Record>, Refusal> {
    let maps = maps(&["1 superset-of x"]);
    let payload = world.envelope(iss, "crosswalk-published", with(publication(&maps), change));
    world.take(&payload, attached.or(Some(&maps)))
}

fn ready(world: &mut World) {
    world.must("op", "document-published", with(document(), json!({"document": "other@1"})));
}

/// A version of the crosswalk to a document that is there after the first one.
pub(crate) fn version(world: &mut World, number: u32, lines: &[&str]) -> u64 {
    if number == 1 {
        ready(world);
    }
    let (bytes, index) = (maps(lines), world.next);
    let change = json!({
        "crosswalk": format!("demo-to-other@{number}"), "maps": lines.len(), "attachment": Digest::of(&bytes),
    });
    publish(world, "op", change, Some(&bytes)).unwrap();
    index
}

fn furnished(world: &mut World, iss: &str) -> Result<Vec<Record>, Refusal> {
    ready(world);
    publish(world, iss, json!({}), None)
}

fn attached(world: &mut World, change: Value, bytes: &[u8]) -> Result<Vec<Record>, Refusal> {
    ready(world);
    publish(world, "op", with(change, json!({"attachment": Digest::of(bytes)})), Some(bytes))
}

#[rustfmt::skip]
pub(crate) fn rows() -> Vec<Row> {
    vec![
        attempt("a body publishes a crosswalk", |w| furnished(w, "cb-1"), "role-not-entitled"),
        attempt("a crosswalk to a document that is not here", |w| publish(w, "op", json!({}), None), "unknown-document"),
        attempt("a crosswalk changes after it was published", |w| {
            furnished(w, "op").unwrap();
            publish(w, "op", json!({"title": "other"}), None)
        }, "crosswalk-exists"),
        attempt("the maps did not come along", |w| {
            ready(w);
            let payload = w.envelope("op", "crosswalk-published", publication(&maps(&["1 superset-of x"])));
            w.take(&payload, None)
        }, "crosswalk-missing"),
        attempt("other maps came along", |w| { ready(w); publish(w, "op", json!({}), Some(&maps(&["1 equal-to x"]))) }, "crosswalk-unreadable"),
        attempt("there are more maps than it says", |w| attached(w, json!({}), &maps(&["1 equal-to x", "2 equal-to y"])), "crosswalk-unreadable"),
        attempt("the maps lead elsewhere", |w| {
            w.must("op", "document-published", with(document(), json!({"document": "third@1"})));
            attached(w, json!({"target": "third@1"}), &maps(&["1 equal-to x"]))
        }, "crosswalk-unreadable"),
        attempt("the maps contradict each other", |w| {
            let sound = maps(&["1 subset-of x", "2 subset-of x"]);
            let text = String::from_utf8(sound).unwrap().replace("\"id-ref\":\"2\"", "\"id-ref\":\"1\"").replacen("subset-of", "superset-of", 1);
            attached(w, json!({"maps": 2}), text.as_bytes())
        }, "crosswalk-unreadable"),
        attempt("a document whose crosswalks were corrected too often", |w| {
            for number in 1..=65 {
                version(w, number, &["1 superset-of x"]);
            }
            publish(w, "op", json!({"crosswalk": "demo-to-other@66"}), None)
        }, "too-many"),
        attempt("what came along are no maps", |w| attached(w, json!({}), b"{}"), "crosswalk-unreadable"),
    ]
}

#[test]
fn whoever_sees_a_part_of_a_log_takes_a_crosswalk_without_its_maps() {
    let mut world = World::furnished();
    ready(&mut world);
    world.register.see(View::Part);
    let payload = world.envelope("op", "crosswalk-published", publication(&maps(&["1 superset-of x"])));
    assert!(world.take(&payload, None).is_ok());
}
