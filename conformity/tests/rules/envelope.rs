//! Who speaks, to whom, when, and whether for the first time.

use conformity::Refusal;
use conformity::records::Facts;
use conformity::refusal::Blame;
use conformity::statement::Statement;
use conformity::{Digest, first_time, signing_key};
use serde_json::{Value, json};

use crate::world::{Row, World, genesis, key, kid, party, row, verdict, with};

#[rustfmt::skip] // A table reads by its rows.
pub(crate) fn rows() -> Vec<Row> {
    vec![
        row("something is stated before the log began", |_| World::empty().say("op", "party-registered", party("x", "buyer", 50)), "no-genesis"),
        row("a second genesis", |w| w.say("node", "genesis", genesis("jp", "jp.registry.example")), "genesis-misplaced"),
        row("a genesis of formats nobody speaks", |_| begin(json!({"formats": {"entry": 2, "statement": 1}})), "unknown-format"),
        row("a genesis without roots of its CA", |_| begin(json!({"caRoots": []})), "empty"),
        row("a genesis whose operator is the node", |_| begin(json!({"operator": {"id": "node", "name": "x", "keys": [key(1)]}})), "party-exists"),
        row("a genesis whose operator has no key", |_| begin(json!({"operator": {"id": "op", "name": "x", "keys": []}})), "no-keys"),
        row("a genesis whose operator has one key twice", |_| begin(json!({"operator": {"id": "op", "name": "x", "keys": [key(1), key(1)]}})), "key-exists"),
        row("one key signs checkpoints and statements", |_| begin(json!({"nodeKey": key(200)})), "unsound-genesis"),
        row("the map's key signs statements", |_| begin(json!({"mapKey": key(201)})), "unsound-genesis"),
        row("the map's key signs for the operator", |_| begin(json!({"mapKey": key(1)})), "unsound-genesis"),
        row("the map's key signs checkpoints", |_| begin(json!({"mapKey": key(200)})), "unsound-genesis"),
        row("the map's key is of no VRF", |_| begin(json!({"mapKey": {"kty": "EC", "crv": "P-256", "x": key(1)["x"], "y": key(2)["x"]}})), "unsound-genesis"),
        row("the log key is named like another log", |_| begin(json!({"logKey": "eu.registry.example+00000000+AQ=="})), "unsound-genesis"),
        row("the log key is no verifier key", |_| begin(json!({"logKey": "jp.registry.example"})), "unsound-genesis"),
        row("a genesis signed by somebody else", |_| {
            let mut world = World::empty();
            let claim = genesis("jp", "jp.registry.example");
            world.say("op", "genesis", claim)
        }, "node-only"),
        row("a genesis for another log than it names", |_| begin(json!({"origin": "eu.registry.example"})), "wrong-registry"),
        row("a statement meant for another registry", |w| envelope(w, json!({"aud": "eu.registry.example"})), "wrong-registry"),
        row("a statement of nobody we know", |w| envelope(w, json!({"iss": "stranger"})), "unknown-issuer"),
        row("a statement from tomorrow", |w| envelope(w, json!({"iat": w.now.as_second() + 86_400})), "issued-in-future"),
        row("a statement from before 1970", |w| envelope(w, json!({"iat": -1})), "issued-before-time"),
        row("the same statement once more", |w| {
            let payload = w.envelope("cb-1", "verdict-granted", verdict("V-9"));
            w.take(&payload, None)?;
            w.take(&payload, None)
        }, "duplicate"),
        row("the same id for another statement", |w| {
            let payload = w.envelope("cb-1", "verdict-granted", verdict("V-9"));
            w.take(&payload, None)?;
            let other = with(payload, json!({"claim": verdict("V-10")}));
            w.take(&other, None)
        }, "statement-id-taken"),
        row("signed with a key that is not the issuer's", |w| signer(w, "cb-1", &kid(6)), "unknown-key"),
        row("signed by nobody we know", |w| signer(w, "stranger", &kid(6)), "unknown-issuer"),
        row("a genesis signed with another key than it names", |w| {
            let payload = w.envelope("node", "genesis", genesis("jp", "jp.registry.example"));
            key_of(w, &payload, &kid(1))
        }, "unknown-key"),
        row("signed before the key was added", |w| {
            w.must("op", "key-added", json!({"party": "cb-1", "key": key(60)}));
            w.at("2026-11-02T09:00:00Z");
            signer(w, "cb-1", &kid(60))
        }, "key-not-yet-valid"),
        row("signed with a revoked key", |w| {
            w.must("op", "key-revoked", json!({"party": "cb-1", "kid": kid(5)}));
            signer(w, "cb-1", &kid(5))
        }, "key-revoked"),
        row("an unknown key is revoked", |w| w.say("op", "key-revoked", json!({"party": "cb-1", "kid": kid(99)})), "unknown-key"),
        row("a revoked key is revoked again", |w| {
            w.must("op", "key-revoked", json!({"party": "cb-1", "kid": kid(5)}));
            w.say("op", "key-revoked", json!({"party": "cb-1", "kid": kid(5)}))
        }, "key-revoked"),
    ]
}

type Outcome = Result<Vec<conformity::Record>, Refusal>;

fn begin(patch: Value) -> Outcome {
    World::empty().say("node", "genesis", with(genesis("jp", "jp.registry.example"), patch))
}

fn envelope(world: &mut World, patch: Value) -> Outcome {
    let payload = with(world.envelope("cb-1", "verdict-granted", verdict("V-9")), patch);
    world.take(&payload, None)
}

fn signer(world: &mut World, iss: &str, kid: &str) -> Outcome {
    let payload = world.envelope(iss, "verdict-granted", verdict("V-9"));
    key_of(world, &payload, kid)
}

fn key_of(world: &World, payload: &Value, kid: &str) -> Outcome {
    let statement = Statement::parse(&serde_json::to_vec(payload).unwrap()).unwrap();
    signing_key(&world.register, &statement, &kid.parse().unwrap(), world.now).map(|_| Vec::new())
}

#[test]
fn a_key_signs_from_when_it_was_added_until_it_was_revoked() {
    let mut world = World::furnished();
    assert!(signer(&mut world, "cb-1", &kid(5)).is_ok());
    let moment = world.now;
    world.must("op", "key-revoked", json!({"party": "cb-1", "kid": kid(5)}));
    assert!(signer(&mut world, "cb-1", &kid(5)).is_err());
    world.now = moment - jiff::SignedDuration::from_millis(1);
    assert!(signer(&mut world, "cb-1", &kid(5)).is_ok(), "what it signed before stays signed");
    world.now = moment;
    assert!(signer(&mut world, "cb-1", &kid(5)).is_err(), "it signs nothing at the moment of its revocation");
}

#[test]
fn a_genesis_is_signed_with_the_key_it_names() {
    let world = World::empty();
    let payload = world.envelope("node", "genesis", genesis("jp", "jp.registry.example"));
    assert!(key_of(&world, &payload, &kid(201)).is_ok());
}

#[test]
fn a_genesis_introduces_the_node_and_the_operator() {
    let mut world = World::empty();
    world.must("node", "genesis", genesis("jp", "jp.registry.example"));
    let role = |id: &str| world.register.party(&id.parse().unwrap()).unwrap().party.role.as_str();
    assert_eq!((role("node"), role("op")), ("node", "operator"));
    assert_eq!(world.register.genesis().unwrap().genesis.registry.as_str(), "jp");
}

#[test]
fn a_repetition_is_known_before_anything_else_is_checked() {
    let mut world = World::furnished();
    let payload = world.envelope("cb-1", "verdict-granted", verdict("V-9"));
    let index = world.next;
    world.take(&payload, None).unwrap();
    let bytes = serde_json::to_vec(&payload).unwrap();
    let statement = Statement::parse(&bytes).unwrap();
    assert_eq!(first_time(&world.register, &statement, &Digest::of(&bytes)), Err(Refusal::Duplicate { index }));
    let other = first_time(&world.register, &statement, &Digest::of(b"other")).unwrap_err();
    assert_eq!((other.code(), other.blame()), ("statement-id-taken", Blame::Submitter));
    // Another issuer may use the same id.
    let payload = with(payload, json!({"iss": "cb-2", "claim": verdict("V-10")}));
    assert!(world.take(&payload, None).is_ok());
}

#[test]
fn a_clock_a_little_ahead_is_forgiven() {
    let mut world = World::furnished();
    let patch = json!({"iat": world.now.as_second() + 300});
    assert!(envelope(&mut world, patch).is_ok());
}
