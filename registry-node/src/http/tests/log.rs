//! The log over HTTP: what a stranger needs to check it without asking for trust.

use ledger::checkpoint::Checkpoint;
use ledger::digest::Digest;
use ledger::note::NoteVerifier;
use ledger::proof::TlogProof;
use ledger::tiles::{TilePath, WIDTH, decode_bundle, root_of_tiles};
use serde_json::json;

use super::fixture::{World, change, restricted, verdict};

#[tokio::test]
async fn a_stranger_verifies_checkpoint_and_tiles() {
    let world = World::furnished().await;
    let cb = world.person("cb-1");
    assert_eq!(world.ask("/checkpoint").await.code(), "not-found", "nothing was published yet");
    let lines: Vec<String> = (0..WIDTH)
        .map(|number| {
            let statement = world.sign(&cb, "verdict-granted", verdict(&format!("T-{number}")));
            String::from_utf8(statement.to_vec()).unwrap()
        })
        .collect();
    let bulk = world.talk(Some(&cb)).await.post("/v1/statements", "application/x-ndjson", lines.join("\n")).await;
    assert_eq!(bulk.status, 200);
    world.publish();
    let size = world.published().await;
    let mut talk = world.talk(None).await;
    let note = talk.ask("/checkpoint").await;
    assert_eq!((note.header("content-type"), note.header("cache-control")), ("text/plain; charset=utf-8", "no-cache"));
    let log_key: NoteVerifier = world.registry.genesis.log_key.as_str().parse().unwrap();
    let checkpoint = Checkpoint::verify(std::str::from_utf8(&note.body).unwrap(), &log_key).unwrap();
    assert!(checkpoint.size == size && size > WIDTH);

    let mut tiles = std::collections::HashMap::new();
    for path in TilePath::between(0, size) {
        let got = talk.ask(&format!("/{path}")).await;
        assert_eq!((got.status, got.header("content-type")), (200, "application/octet-stream"), "{path}");
        let kept = if path.is_full() { "public, max-age=31536000, immutable" } else { "no-cache" };
        assert_eq!(got.header("cache-control"), kept, "{path}");
        tiles.insert(path, got.body.to_vec());
    }
    let root = root_of_tiles(size, |path| tiles.get(path).cloned().ok_or(())).unwrap();
    assert_eq!(root, checkpoint.root);
    let bundle = talk.ask("/tile/entries/000").await;
    assert_eq!(decode_bundle(&bundle.body, WIDTH).unwrap().len() as u64, WIDTH);
    for path in
        ["/tile/0/999", "/tile/0/x", "/tile/0/000.p/0", "/tile/9999/000", "/tile/entries/../000", "/tile/0/000.p/256"]
    {
        assert_eq!(talk.ask(path).await.code(), "not-found", "{path}");
    }
}

#[tokio::test]
async fn a_statement_comes_with_its_proof() {
    let world = World::furnished().await;
    let cb = world.person("cb-1");
    let statement = world.sign(&cb, "verdict-granted", verdict("V-9"));
    let receipt =
        world.talk(Some(&cb)).await.post("/v1/statements", "application/jose", statement.clone()).await.json();
    let index = receipt["index"].as_u64().unwrap();
    let placed = world.ask(&format!("/v1/statements/{index}")).await.json();
    assert_eq!((&placed["index"], &placed["time"]), (&json!(index), &receipt["time"]));
    assert_eq!(
        (&placed["kind"], placed["statement"].as_str().unwrap().as_bytes()),
        (&json!("verdict-granted"), &statement[..])
    );
    let log_key: NoteVerifier = world.registry.genesis.log_key.as_str().parse().unwrap();
    let proof: TlogProof = placed["proof"].as_str().unwrap().parse().unwrap();
    let entry = world.registry.log.entry(index).unwrap();
    assert_eq!(entry.digest, Digest::of(&statement), "the entry commits to these bytes");
    proof.verify(&entry.leaf_hash(), &log_key).unwrap();
}

#[tokio::test]
async fn the_genesis_is_the_statement_that_peers_pin() {
    let world = World::open().await;
    let got = world.ask("/v1/genesis").await;
    assert_eq!((got.status, got.header("content-type")), (200, "application/jose"));
    assert_eq!(&got.body[..], std::fs::read(world.registry.folder.genesis()).unwrap());
}

#[tokio::test]
async fn what_an_erased_verdict_left_does_not_come_back_with_its_id() {
    let world = World::furnished().await;
    let (operator, cb) = (world.operator(), world.person("cb-1"));
    let granted = world.must(&cb, "verdict-granted", restricted("V-9")).await;
    let suspended = world.must(&cb, "verdict-changed", change("V-9", json!("suspended"))).await;
    let erased = json!({"index": granted, "reason": {"code": "holder-request"}});
    world.must(&operator, "statement-erased", erased).await;
    let again = world.must(&cb, "verdict-granted", verdict("V-9")).await;
    let later = world.must(&cb, "verdict-changed", change("V-9", json!("suspended"))).await;
    let mut talk = world.talk(None).await;
    assert_eq!(talk.ask(&format!("/v1/statements/{suspended}")).await.code(), "not-found", "of the restricted one");
    for index in [again, later] {
        assert_eq!(talk.ask(&format!("/v1/statements/{index}")).await.status, 200, "of the open one");
    }
}

#[tokio::test]
async fn what_was_erased_is_gone_and_the_log_still_proves() {
    let world = World::furnished().await;
    let (operator, cb) = (world.operator(), world.person("cb-1"));
    let index = world.must(&cb, "verdict-granted", verdict("V-9")).await;
    let erased = json!({"index": index, "reason": {"code": "holder-request"}});
    world.must(&operator, "statement-erased", erased).await;
    let mut talk = world.talk(None).await;
    assert_eq!(talk.ask(&format!("/v1/statements/{index}")).await.code(), "not-found");
    assert_eq!(talk.ask("/v1/verdicts/jp:V-9").await.code(), "not-found");
    world.publish();
    let size = world.published().await;
    for path in TilePath::between(0, size) {
        assert_eq!(talk.ask(&format!("/{path}")).await.status, 200, "{path}");
    }
}
