//! Peers: pinned by their genesis, cut off, added anew.

use conformity::Digest;
use conformity::records::Facts;
use serde_json::{Value, json};

use crate::world::{ORIGIN, PEER_ORIGIN, Row, World, foreign, genesis, jws, key, peer, reason, row, with};

const US: &str = "us.registry.example";

/// A peer with this genesis statement.
fn pinned(begun: &str) -> Value {
    let digest = Digest::of(begun.as_bytes()).to_string();
    with(peer("us", US), json!({"genesis": begun, "genesisDigest": digest}))
}

/// A genesis statement of `us` with changes to its claim.
fn begun(patch: Value) -> String {
    jws(&json!({
        "iss": "node", "aud": US, "jti": "genesis", "iat": 1, "kind": "genesis", "claim": with(genesis("us", US), patch),
    }))
}

#[rustfmt::skip] // A table reads by its rows.
pub(crate) fn rows() -> Vec<Row> {
    vec![
        row("an authority adds a peer", |w| w.say("ministry", "peer-added", peer("us", US)), "role-not-entitled"),
        row("a registry is its own peer", |w| w.say("op", "peer-added", peer("jp", US)), "peer-is-self"),
        row("a peer with our log", |w| w.say("op", "peer-added", peer("us", ORIGIN)), "peer-is-self"),
        row("a peer is added twice", |w| w.say("op", "peer-added", peer("eu", PEER_ORIGIN)), "peer-exists"),
        row("a peer with another peer's log", |w| w.say("op", "peer-added", peer("us", PEER_ORIGIN)), "peer-genesis"),
        row("another digest than that of the genesis", |w| w.say("op", "peer-added", with(peer("us", US), json!({"genesisDigest": Digest::of(b"x").to_string()}))), "peer-genesis"),
        row("a genesis that is no statement", |w| w.say("op", "peer-added", pinned("x")), "peer-genesis"),
        row("another statement than a genesis", |w| w.say("op", "peer-added", pinned(&foreign("f", "verdict-expired", json!({"verdicts": ["V-1"]})))), "peer-genesis"),
        row("the genesis of another registry", |w| w.say("op", "peer-added", pinned(&begun(json!({"registry": "asean"})))), "peer-genesis"),
        row("the genesis of another log", |w| w.say("op", "peer-added", with(peer("us", US), json!({"origin": "us2.registry.example"}))), "peer-genesis"),
        row("a genesis that signs all with one key", |w| w.say("op", "peer-added", pinned(&begun(json!({"nodeKey": key(200)})))), "peer-genesis"),
        row("a genesis that claims our name", |w| w.say("op", "peer-added", pinned(&begun(json!({"didWeb": format!("did:web:{ORIGIN}")})))), "peer-name"),
        row("a genesis that claims another peer's name", |w| w.say("op", "peer-added", pinned(&begun(json!({"didWeb": format!("did:web:{PEER_ORIGIN}")})))), "peer-name"),
        row("the same in capitals", |w| w.say("op", "peer-added", pinned(&begun(json!({"didWeb": format!("did:web:{}", PEER_ORIGIN.to_uppercase())})))), "peer-name"),
        row("a genesis that claims the name of a party of ours", |w| w.say("op", "peer-added", pinned(&begun(json!({"didWeb": format!("did:web:{ORIGIN}:parties:ministry")})))), "peer-name"),
        row("a genesis that claims the name of an expelled peer", |w| {
            w.must("op", "peer-expelled", json!({"registry": "eu", "reason": reason()}));
            w.say("op", "peer-added", pinned(&begun(json!({"didWeb": format!("did:web:{PEER_ORIGIN}")}))))
        }, "peer-name"),
        row("a stranger is expelled", |w| w.say("op", "peer-expelled", json!({"registry": "us", "reason": reason()})), "unknown-peer"),
        row("an expelled peer is expelled", |w| {
            w.must("op", "peer-expelled", json!({"registry": "eu", "reason": reason()}));
            w.say("op", "peer-expelled", json!({"registry": "eu", "reason": reason()}))
        }, "peer-expelled"),
        row("a body expels a peer", |w| w.say("cb-1", "peer-expelled", json!({"registry": "eu", "reason": reason()})), "role-not-entitled"),
    ]
}

#[test]
fn an_expelled_peer_can_be_added_anew_and_goes_on_where_it_was() {
    let mut world = World::furnished();
    crate::recognitions::follow(&mut world, 0, 40);
    world.must("op", "peer-expelled", json!({"registry": "eu", "reason": reason()}));
    assert!(world.register.peer(&"eu".parse().unwrap()).unwrap().expelled.is_some());
    world.must("op", "peer-added", peer("eu", PEER_ORIGIN));
    let record = world.register.peer(&"eu".parse().unwrap()).unwrap();
    assert_eq!((record.expelled.is_none(), record.followed), (true, 40));
}

#[test]
fn a_peer_that_begins_a_new_log_is_followed_from_its_start() {
    let mut world = World::furnished();
    crate::recognitions::follow(&mut world, 0, 40);
    world.must("op", "peer-expelled", json!({"registry": "eu", "reason": reason()}));
    world.must("op", "peer-added", peer("eu", "eu2.registry.example"));
    assert_eq!(world.register.peer(&"eu".parse().unwrap()).unwrap().followed, 0);
}

#[test]
fn a_name_beside_ours_is_the_peers_own() {
    for name in ["did:web:example", "did:web:jp.registry.example%3A7443", "did:web:jp.registry.example:eu"] {
        let mut world = World::furnished();
        world.must("op", "peer-added", pinned(&begun(json!({"didWeb": name}))));
    }
    let mut world = World::furnished();
    world.must("op", "peer-expelled", json!({"registry": "eu", "reason": reason()}));
    world.must("op", "peer-added", peer("eu", PEER_ORIGIN));
}
