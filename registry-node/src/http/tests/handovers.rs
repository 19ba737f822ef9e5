//! What is learnt of a log's keys and roots, and from whom: nobody can take back what was proven.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use conformity::basis::of_log_keys;
use conformity::digest::Digest;
use conformity::genesis::PeerRecord;
use conformity::records::Facts;
use credential::bundle::KeyHistory;
use federation::serve;
use serde_json::{Value, json};

use super::fixture::World;

fn root(number: u8) -> Value {
    json!({"root": STANDARD.encode([48, number])})
}

/// The registry as its peers know it.
fn peer(world: &World) -> PeerRecord {
    let begun = world.registry.read_model.register().genesis().unwrap();
    let genesis = &begun.genesis;
    let record = json!({
        "registry": genesis.registry, "origin": genesis.origin, "genesisDigest": begun.digest, "genesis": genesis,
        "added": {"index": 3, "at": "2026-01-01T00:00:00Z"}, "entries": [3], "followed": 0,
    });
    serde_json::from_value(record).unwrap()
}

/// What proves its keys and roots, without some of it.
fn history(world: &World, left_out: &[u64]) -> KeyHistory {
    let mut places = of_log_keys(&*world.registry.read_model.register());
    places.retain(|index| !left_out.contains(index));
    serve::key_history(&world.registry.log, &places).unwrap()
}

#[tokio::test]
async fn a_root_that_was_retired_is_not_trusted_again() {
    let world = World::open().await;
    let (book, peer) = (&world.registry.witness.keys, peer(&world));
    world.must(&world.operator(), "ca-root-added", root(1)).await;
    let old = Digest::of(peer.genesis.ca_roots[0].as_bytes());
    let retired = world.must(&world.operator(), "ca-root-retired", json!({"root": old})).await;
    book.learn(&peer, &history(&world, &[])).unwrap();
    let trusted = book.roots(&peer);
    assert_eq!(trusted.iter().map(|root| root.as_bytes()[1]).collect::<Vec<_>>(), [1]);

    // A newer proof that is good in itself, of all but the retirement.
    world.must(&world.operator(), "ca-root-added", root(2)).await;
    let fault = book.learn(&peer, &history(&world, &[retired])).unwrap_err().to_string();
    assert!(fault.contains("left out"), "{fault}");
    assert_eq!(book.roots(&peer), trusted);

    // By what somebody else brings, evidence is judged; nothing is learnt.
    let whole = history(&world, &[]);
    book.judged_by(&peer, &whole).unwrap();
    assert_eq!(book.roots(&peer), trusted);
    book.learn(&peer, &whole).unwrap();
    assert_eq!(book.roots(&peer).len(), 2);
}
