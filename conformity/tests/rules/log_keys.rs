//! Another key takes over the checkpoints. What the keys signed is checked where the claim is read, not here.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use conformity::audience::{Audience, audience};
use conformity::basis::of_log_keys;
use conformity::records::{Facts, Rests};
use conformity::statement::Statement;
use serde_json::{Value, json};

use crate::world::{ORIGIN, Row, World, key, row, with, witness_key};

/// A verifier key of type 0x01.
fn log_key(name: &str, seed: u8) -> String {
    let key = [&[1][..], &[seed; 32]].concat();
    format!("{name}+c0ffee00+{}", STANDARD.encode(key))
}

/// The change from the key that signs now to another.
pub(crate) fn handover(world: &World, seed: u8) -> Value {
    let signature = STANDARD.encode([7; 64]);
    json!({
        "from": world.register.genesis().unwrap().log_key(), "to": log_key(ORIGIN, seed), "size": world.next,
        "signatures": {"from": signature, "to": signature},
    })
}

fn attempt(world: &mut World, patch: Value) -> Result<Vec<conformity::Record>, conformity::Refusal> {
    let claim = with(handover(world, 210), patch);
    world.say("op", "log-key-changed", claim)
}

#[rustfmt::skip] // A table reads by its rows.
pub(crate) fn rows() -> Vec<Row> {
    vec![
        row("an authority changes the log key", |w| { let claim = handover(w, 210); w.say("ministry", "log-key-changed", claim) }, "role-not-entitled"),
        row("the change begins with a key that does not sign", |w| attempt(w, json!({"from": log_key(ORIGIN, 211)})), "log-key-not-current"),
        row("the new key is that of another log", |w| attempt(w, json!({"to": log_key("eu.registry.example", 210)})), "unsound-log-key"),
        row("the new key is a witness's", |w| attempt(w, json!({"to": witness_key(ORIGIN, 210)})), "unsound-log-key"),
        row("the new key is the old one", |w| { let from = handover(w, 210)["from"].clone(); attempt(w, json!({"to": from})) }, "unsound-log-key"),
        row("the new key signs statements of the node", |w| attempt(w, json!({"to": log_key(ORIGIN, 201)})), "unsound-log-key"),
        row("the new key is the map's", |w| attempt(w, json!({"to": log_key(ORIGIN, 202)})), "unsound-log-key"),
        row("the new key cosigns", |w| attempt(w, json!({"to": log_key(ORIGIN, 203)})), "unsound-log-key"),
        row("the new key is the operator's", |w| attempt(w, json!({"to": log_key(ORIGIN, 1)})), "unsound-log-key"),
        row("it was signed for a larger log", |w| attempt(w, json!({"size": w.next + 1})), "unsound-log-key"),
        row("it was signed before the old key took over", |w| {
            let claim = handover(w, 210);
            w.must("op", "log-key-changed", claim);
            let size = w.next - 1;
            let next = with(handover(w, 211), json!({"size": size}));
            w.say("op", "log-key-changed", next)
        }, "unsound-log-key"),
        row("a retired key comes back", |w| {
            let (first, from) = (handover(w, 210), handover(w, 210)["from"].clone());
            w.must("op", "log-key-changed", first);
            attempt(w, json!({"to": from}))
        }, "unsound-log-key"),
        row("the same change again", |w| {
            let claim = handover(w, 210);
            w.must("op", "log-key-changed", claim.clone());
            w.say("op", "log-key-changed", claim)
        }, "log-key-not-current"),
        row("the old key signs besides until yesterday", |w| attempt(w, json!({"until": w.now.to_string()})), "unsound-log-key"),
        row("the old key signs besides for years", |w| attempt(w, json!({"until": "2028-11-02T09:00:00Z"})), "unsound-log-key"),
    ]
}

#[test]
fn a_log_can_change_its_key_again_and_again() {
    let mut world = World::furnished();
    let until = json!({"until": "2026-12-01T00:00:00Z"});
    for (seed, patch) in [(210, json!({})), (211, until)] {
        let claim = with(handover(&world, seed), patch);
        world.must("op", "log-key-changed", claim);
    }
    let record = world.register.genesis().unwrap();
    assert_eq!(record.log_key(), log_key(ORIGIN, 211));
    assert_eq!(record.log_keys.iter().map(|later| later.until.is_some()).collect::<Vec<_>>(), [false, true]);
    assert_ne!(record.genesis.log_key.as_str(), record.log_key(), "the genesis stays what it is");
    // Everybody may see it, nobody can erase it, and whoever shows the keys shows these statements and the operator's.
    let payload = world.envelope("op", "log-key-changed", handover(&world, 212)).to_string();
    let statement = Statement::parse(payload.as_bytes()).unwrap();
    assert_eq!(audience(&world.register, &statement, world.next), Audience::Foundation);
    let places: Vec<u64> = record.log_keys.iter().map(|later| later.moment.index).collect();
    assert!(places.iter().all(|index| world.register.rests_on(*index) == Some(Rests::Foundation)));
    world.must("op", "key-added", json!({"party": "op", "key": key(60)}));
    let expected: Vec<u64> = [&[0][..], &places, &[world.next - 1]].concat();
    assert_eq!(of_log_keys(&world.register).into_iter().collect::<Vec<_>>(), expected);
}

#[test]
fn a_log_changes_its_key_256_times_at_most() {
    let mut world = World::furnished();
    let numbered = |world: &World, number: u16| {
        let bytes = [&[1][..], &number.to_be_bytes(), &[9; 30]].concat();
        with(handover(world, 0), json!({"to": format!("{ORIGIN}+c0ffee00+{}", STANDARD.encode(bytes))}))
    };
    for number in 0..256 {
        let claim = numbered(&world, number);
        world.must("op", "log-key-changed", claim);
    }
    let one_more = numbered(&world, 256);
    assert_eq!(world.say("op", "log-key-changed", one_more).unwrap_err().code(), "unsound-log-key");
}
