//! Agreements about successions: those that can lead to nothing keep nobody from new ones.

use serde_json::json;

use crate::successions::{agreed, register};
use crate::world::{World, key, kid, with};

/// What a body agreed to and took back, what is over, and what a thief of its key agreed to keep it from nothing.
#[test]
fn dead_agreements_fill_no_list() {
    let full = |dead: &dyn Fn(&mut World)| {
        let mut world = World::furnished();
        for number in 20..149 {
            register(&mut world, number);
        }
        world.must("op", "key-added", json!({"party": "cb-1", "key": key(50)}));
        dead(&mut world);
        for number in 21..148 {
            let claim = with(agreed(&format!("cb-{number}"), "cb-1"), json!({"until": "2099-12-31"}));
            world.must("cb-1", "succession-agreed", claim);
        }
        world
    };
    let first = || agreed("cb-20", "cb-1");
    let taken_back = full(&|world| world.must("cb-1", "succession-agreed", with(first(), json!({"withdrawn": true}))));
    let mut over = full(&|world| world.must("cb-1", "succession-agreed", first()));
    over.at("2027-01-01T00:00:00Z");
    let mut stolen = full(&|world| {
        drop(world.steal("cb-1", "succession-agreed", with(first(), json!({"until": "2099-12-31"}))).unwrap())
    });
    let theft = json!({"party": "cb-1", "kid": kid(5), "compromisedSince": World::furnished().now.to_string()});
    let next = || with(agreed("cb-148", "cb-1"), json!({"from": "2026-11-02", "until": "2099-12-31"}));
    assert_eq!(stolen.clone().say("cb-1", "succession-agreed", next()).unwrap_err().code(), "too-many");
    stolen.must("op", "key-revoked", theft);
    for mut world in [taken_back, over, stolen] {
        world.must("cb-1", "succession-agreed", next());
        let again = with(agreed("cb-20", "cb-1"), json!({"from": "2026-11-02", "until": "2099-12-31"}));
        assert_eq!(world.say("cb-1", "succession-agreed", again).unwrap_err().code(), "too-many", "all others stand");
    }
}
