//! Parties, keys, documents and schemes.

use conformity::records::Facts;
use serde_json::json;

use crate::world::{Row, World, document, key, kid, party, row, scheme, with};

#[rustfmt::skip] // A table reads by its rows.
pub(crate) fn rows() -> Vec<Row> {
    vec![
        row("an authority registers a party", |w| w.say("ministry", "party-registered", party("x", "buyer", 50)), "role-not-entitled"),
        row("a body registers itself anew", |w| w.say("cb-1", "party-registered", party("x", "certification-body", 50)), "role-not-entitled"),
        row("the id is taken", |w| w.say("op", "party-registered", party("cb-1", "buyer", 50)), "party-exists"),
        row("somebody is registered as the node", |w| w.say("op", "party-registered", party("x", "node", 50)), "role-not-registrable"),
        row("a second operator", |w| w.say("op", "party-registered", party("x", "operator", 50)), "role-not-registrable"),
        row("a party without a key", |w| w.say("op", "party-registered", with(party("x", "buyer", 50), json!({"keys": []}))), "no-keys"),
        row("a party with one key twice", |w| w.say("op", "party-registered", with(party("x", "buyer", 50), json!({"keys": [key(50), key(50)]}))), "key-exists"),
        row("a body gives itself a key", |w| w.say("cb-1", "key-added", json!({"party": "cb-1", "key": key(50)})), "role-not-entitled"),
        row("a key for nobody", |w| w.say("op", "key-added", json!({"party": "x", "key": key(50)})), "unknown-party"),
        row("a key that is there already", |w| w.say("op", "key-added", json!({"party": "cb-1", "key": key(5)})), "key-exists"),
        row("a revoked key comes back", |w| {
            w.must("op", "key-revoked", json!({"party": "cb-1", "kid": kid(5)}));
            w.say("op", "key-added", json!({"party": "cb-1", "key": key(5)}))
        }, "key-exists"),
        row("the operator revokes its last key", |w| w.say("op", "key-revoked", json!({"party": "op", "kid": kid(1)})), "last-key"),
        row("the node loses its last key", |w| w.say("op", "key-revoked", json!({"party": "node", "kid": kid(201)})), "last-key"),
        row("a body publishes a document", |w| w.say("cb-1", "document-published", with(document(), json!({"document": "d@1"}))), "role-not-entitled"),
        row("a document changes after it was published", |w| w.say("op", "document-published", with(document(), json!({"title": "other"}))), "document-exists"),
        row("a body publishes a scheme", |w| w.say("cb-1", "scheme-published", with(scheme(), json!({"scheme": "s@1"}))), "role-not-entitled"),
        row("a scheme changes after it was published", |w| w.say("ministry", "scheme-published", with(scheme(), json!({"title": "other"}))), "scheme-exists"),
        row("a scheme on a document that is not there", |w| w.say("ministry", "scheme-published", with(scheme(), json!({"scheme": "s@1", "documents": ["sp800-171@r4"]}))), "unknown-document"),
        row("a scheme on no document", |w| w.say("ministry", "scheme-published", with(scheme(), json!({"scheme": "s@1", "documents": []}))), "empty"),
        row("a scheme without viewpoints", |w| w.say("ministry", "scheme-published", with(scheme(), json!({"scheme": "s@1", "viewpoints": []}))), "empty"),
        row("a scheme without objects", |w| w.say("ministry", "scheme-published", with(scheme(), json!({"scheme": "s@1", "objects": []}))), "empty"),
    ]
}

#[test]
fn a_key_can_be_replaced() {
    let mut world = World::furnished();
    world.must("op", "key-added", json!({"party": "op", "key": key(60)}));
    world.must("op", "key-revoked", json!({"party": "op", "kid": kid(1), "reason": {"code": "rotation"}}));
    let record = world.register.party(&"op".parse().unwrap()).unwrap();
    assert_eq!(record.keys.len(), 2, "a revoked key stays known, for what it signed");
    assert!(!record.keys[0].signs_at(world.now) && record.keys[1].signs_at(world.now));
}

#[test]
fn a_new_version_stands_beside_the_old_one() {
    let mut world = World::furnished();
    world.must("ministry", "scheme-published", with(scheme(), json!({"scheme": "stars@2"})));
    assert_eq!(world.register.scheme_versions(&"stars".parse().unwrap()).len(), 2);
    assert_eq!(world.register.schemes_on(&"sp800-171@r3".parse().unwrap()).len(), 2);
}
