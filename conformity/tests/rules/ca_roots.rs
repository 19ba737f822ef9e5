//! Roots of the certificate authority come and go; one is always left.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use conformity::basis::of_log_keys;
use conformity::records::{Facts, Rests};
use serde_json::{Value, json};

use crate::world::{Row, World, row};

fn root(number: u8) -> Value {
    json!({"root": STANDARD.encode([48, number])})
}

fn digest(number: u8) -> Value {
    json!({"root": conformity::Digest::of(&[48, number]).to_string()})
}

#[rustfmt::skip] // A table reads by its rows.
pub(crate) fn rows() -> Vec<Row> {
    vec![
        row("an authority adds a root", |w| w.say("ministry", "ca-root-added", root(1)), "role-not-entitled"),
        row("a body retires a root", |w| w.say("cb-1", "ca-root-retired", digest(0)), "role-not-entitled"),
        row("the root of the genesis is added", |w| w.say("op", "ca-root-added", root(0)), "ca-root-known"),
        row("a root comes back", |w| {
            w.must("op", "ca-root-added", root(1));
            w.must("op", "ca-root-retired", digest(1));
            w.say("op", "ca-root-added", root(1))
        }, "ca-root-known"),
        row("the only root is retired", |w| w.say("op", "ca-root-retired", digest(0)), "last-ca-root"),
        row("a root is retired that is none", |w| w.say("op", "ca-root-retired", digest(9)), "unknown-ca-root"),
        row("a root is retired twice", |w| {
            w.must("op", "ca-root-added", root(1));
            w.must("op", "ca-root-retired", digest(0));
            w.say("op", "ca-root-retired", digest(0))
        }, "unknown-ca-root"),
        row("a root larger than any", |w| {
            w.say("op", "ca-root-added", json!({"root": STANDARD.encode([1; 2049])}))
        }, "ca-root-too-long"),
        row("a 65th root", |w| {
            for number in 1..=64 { w.must("op", "ca-root-added", root(number)); }
            w.say("op", "ca-root-added", root(65))
        }, "too-many-ca-roots"),
    ]
}

#[test]
fn the_roots_that_are_trusted_follow_from_the_log() {
    let mut world = World::furnished();
    let trusted = |world: &World| {
        let roots = world.register.genesis().unwrap().trusted_roots();
        roots.iter().map(|root| root.as_bytes()[1]).collect::<Vec<_>>()
    };
    assert_eq!(trusted(&world), [0]);
    world.must("op", "ca-root-added", root(1));
    assert_eq!(trusted(&world), [0, 1]);
    world.must("op", "ca-root-retired", digest(0));
    assert_eq!(trusted(&world), [1]);
    let places = of_log_keys(&world.register);
    assert!([world.next - 2, world.next - 1].iter().all(|index| places.contains(index)), "{places:?}");
    assert_eq!(world.register.rests_on(world.next - 1), Some(Rests::Foundation));
}
