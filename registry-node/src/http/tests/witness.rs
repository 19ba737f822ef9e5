//! `POST /add-checkpoint` as C2SP tlog-witness has it, one step for each status; what was cosigned, and evidence, shown.

use bytes::Bytes;
use federation::messages::{Cosign, Proof};
use federation::witness::render;
use ledger::checkpoint::{Checkpoint, Purpose};
use ledger::digest::Digest;
use ledger::key::SigningKey;
use ledger::merkle::{Tree, leaf_hash};
use ledger::note::{Cosigner, NoteSigner, NoteVerifier, SignedNote, cosignatures};
use serde_json::json;
use tempfile::TempDir;
use warp::http::Method;

use super::fixture::{Got, World, verdict};
use super::neighbours::{EU, foreign_registry, pin};
use crate::folder::Folder;
use crate::http::holders::CHECKPOINTS_EACH;

/// `eu`, in our hands: its log key signs what we like.
struct Eu {
    log: NoteSigner,
    witness: Cosigner,
    trees: [Tree; 2],
    _dir: TempDir,
}

impl Eu {
    /// A peer of a new world.
    async fn of(world: &World) -> Eu {
        let dir = tempfile::tempdir().unwrap();
        pin(world, "eu", &foreign_registry(dir.path(), "eu", 7444)).await;
        let folder = Folder::new(dir.path().join("eu"));
        let key = |path| SigningKey::load(path).unwrap();
        let tree = |salt: u8| {
            let mut tree = Tree::new();
            (0..12).for_each(|index| tree.push(leaf_hash(&[index, if index < 4 { 0 } else { salt }])));
            tree
        };
        Eu {
            log: NoteSigner::new(EU, key(&folder.log_key())).unwrap(),
            witness: Cosigner::new(EU, key(&folder.witness_key())).unwrap(),
            trees: [tree(0), tree(1)],
            _dir: dir,
        }
    }

    fn checkpoint(&self, branch: usize, size: u64) -> Checkpoint {
        let root = self.trees[branch].root_at(size).unwrap();
        Checkpoint { origin: EU.to_owned(), size, root, purpose: Purpose::Publication }
    }

    fn body(&self, branch: usize, old: u64, size: u64) -> String {
        let proof = if old == 0 { Vec::new() } else { self.trees[branch].consistency_proof(old, size).unwrap() };
        let checkpoint = self.checkpoint(branch, size).sign(&self.log).unwrap();
        render(&Cosign { old, proof: Proof(proof), checkpoint })
    }
}

async fn submit(world: &World, body: impl Into<String>) -> Got {
    world.talk(None).await.post("/add-checkpoint", "text/plain", body.into()).await
}

#[tokio::test]
async fn a_checkpoint_is_cosigned_or_answered_with_the_status_that_is_asked_for() {
    let world = World::open().await;
    let eu = Eu::of(&world).await;
    let ours: NoteVerifier = world.registry.genesis.witness_key.as_str().parse().unwrap();
    // 200: the first checkpoint needs no proof.
    let got = submit(&world, eu.body(0, 0, 5)).await;
    assert_eq!((got.status, got.header("content-type")), (200, "text/plain; charset=utf-8"), "{got:?}");
    let line = std::str::from_utf8(&got.body).unwrap().to_owned();
    let text = eu.checkpoint(0, 5).to_string();
    assert!(cosignatures(&text, &line, std::slice::from_ref(&ours)).unwrap()[0].time > 1_700_000_000);

    // 409: with the size to go on from, as tlog-witness writes it.
    for body in [eu.body(0, 0, 9), eu.body(0, 4, 9), eu.body(0, 3, 4)] {
        let got = submit(&world, body).await;
        assert_eq!((got.status, got.header("content-type"), &got.body[..]), (409, "text/x.tlog.size", &b"5\n"[..]));
    }

    // 400, 403, 404, 422, 413: problems with a code.
    let good = eu.body(0, 5, 9);
    let other = NoteSigner::new("us.registry.example", SigningKey::generate(ledger::key::Algorithm::Ed25519).unwrap());
    let other = Checkpoint { origin: "us.registry.example".to_owned(), ..eu.checkpoint(0, 9) }.sign(&other.unwrap());
    let commit = Checkpoint { purpose: Purpose::Commit, ..eu.checkpoint(0, 9) }.sign(&eu.log);
    let rows = [
        ("nothing", String::new(), 400, "bad-body"),
        ("no old size", good.replacen("old 5", "new 5", 1), 400, "bad-body"),
        ("no note", "old 5\n\nhello\n".to_owned(), 400, "bad-body"),
        ("an old size beyond", good.replacen("old 5", "old 10", 1), 400, "old-size-beyond"),
        ("a log that is no peer's", format!("old 0\n\n{}", other.unwrap()), 404, "unknown-log"),
        (
            "a checkpoint of a commit",
            render(&Cosign { old: 5, proof: Proof::default(), checkpoint: commit.unwrap() }),
            422,
            "commit-checkpoint",
        ),
        ("an altered checkpoint", good.replacen("\n9\n", "\n8\n", 1), 403, "untrusted-checkpoint"),
        ("another past", eu.body(1, 5, 9), 422, "inconsistent"),
        ("too long", "x".repeat(200_000), 413, "too-large"),
    ];
    for (why, body, status, code) in rows {
        let got = submit(&world, body).await;
        assert_eq!((got.status, got.code().as_str()), (status, code), "{why}: {got:?}");
    }
    assert_eq!(world.ask("/add-checkpoint").await.status, 405);
}

#[tokio::test]
async fn what_was_cosigned_is_shown_and_a_fork_is_kept() {
    let world = World::open().await;
    let eu = Eu::of(&world).await;
    let ours: NoteVerifier = world.registry.genesis.witness_key.as_str().parse().unwrap();
    let path = format!("/witness/{}/checkpoint", Digest::of(EU.as_bytes()));
    assert_eq!(world.ask(&path).await.code(), "not-found", "nothing is cosigned yet");
    let good = eu.body(0, 0, 9);
    // Signatures of others in the note are ignored.
    let adorned = format!("{good}{}", eu.witness.cosign(&eu.checkpoint(0, 9).to_string(), 7).unwrap());
    let got = submit(&world, adorned).await;
    assert_eq!(got.status, 200, "{got:?}");
    let shown = world.ask(&path).await;
    let note = std::str::from_utf8(&shown.body).unwrap();
    let verified = SignedNote::parse(note).unwrap().verify(&[eu.log.verifier(), &ours]).unwrap();
    assert_eq!((verified.text(), verified.signers().len()), (eu.checkpoint(0, 9).to_string().as_str(), 2));
    let peer = &world.ask("/v1/peers").await.json()["peers"][0];
    assert_eq!(peer["cosigned"], json!({"byUs": 9}));

    // 422: one size, two roots. It is kept, and from then on the log's key is not trusted here.
    assert!(world.ask("/v1/evidence").await.json()["evidence"].as_array().unwrap().is_empty());
    let got = submit(&world, eu.body(1, 9, 9)).await;
    assert_eq!((got.status, got.code().as_str()), (422, "other-root"));
    let got = submit(&world, eu.body(0, 9, 10)).await;
    assert_eq!((got.status, got.code().as_str()), (403, "untrusted-checkpoint"));
    let all = world.ask("/v1/evidence").await.json();
    let piece = &all["evidence"][0];
    assert_eq!((&piece["registry"], &piece["proven"], &piece["sentBy"]), (&json!("eu"), &json!(true), &json!(null)));
    let id = piece["id"].as_str().unwrap();
    assert_eq!(world.ask(&format!("/v1/evidence/{id}")).await.json(), *piece);
    assert_eq!(world.ask("/v1/peers").await.json()["peers"][0]["evidence"], id);
    assert_eq!(world.ask("/v1/evidence/0000000000000000").await.code(), "not-found");
}

/// Whatever it submits: a stranger who sends what no log signed keeps neither a holder of a certificate nor a peer from it.
#[tokio::test]
async fn each_carrier_has_its_quota() {
    let world = World::open().await;
    let eu = Eu::of(&world).await;
    let mut talks = [world.talk(None).await, world.talk(None).await];
    let (mut answered, mut busy) = (0, [false; 2]);
    while busy.contains(&false) {
        for (talk, busy) in talks.iter_mut().zip(&mut busy) {
            let got = talk.post("/add-checkpoint", "text/plain", "nothing").await;
            if got.code() == "bad-body" {
                answered += 1;
            } else {
                assert_eq!((got.status, got.code().as_str(), got.header("retry-after")), (503, "busy", "1"));
                *busy = true;
            }
        }
    }
    let most = CHECKPOINTS_EACH.0;
    assert!((most..2.0 * most).contains(&f64::from(answered)), "{answered} on both connections together");
    let operator = world.operator();
    let got = world.talk(Some(&operator)).await.post("/add-checkpoint", "text/plain", eu.body(0, 0, 5)).await;
    assert_eq!(got.status, 200, "{got:?}");
}

#[tokio::test]
async fn an_expelled_peer_is_no_log_of_ours() {
    let world = World::open().await;
    let eu = Eu::of(&world).await;
    world.must(&world.operator(), "peer-expelled", json!({"registry": "eu", "reason": {"code": "gone"}})).await;
    assert_eq!(submit(&world, eu.body(0, 0, 5)).await.code(), "unknown-log");
}

#[tokio::test]
async fn the_published_checkpoint_is_served_with_what_arrived_for_it() {
    let world = World::open().await;
    let eu = Eu::of(&world).await;
    world.publish();
    world.published().await;
    let bare = String::from_utf8(world.ask("/checkpoint").await.body.to_vec()).unwrap();
    let text = SignedNote::parse(&bare).unwrap().claimed_text();
    let line = eu.witness.cosign(text, 1_700_000_000).unwrap();
    world.registry.collected.add(&bare, &line, &[eu.witness.verifier().clone()]).unwrap();
    assert_eq!(world.ask("/checkpoint").await.body, (bare.clone() + &line).into_bytes(), "later than the note");
    let size: u64 = text.lines().nth(1).unwrap().parse().unwrap();
    assert_eq!(world.ask("/v1/peers").await.json()["peers"][0]["cosigned"], json!({"byIt": size}));
}

#[tokio::test]
async fn once_the_log_stopped_nothing_is_acknowledged_by_anybody() {
    let world = World::furnished().await;
    let (eu, body, buyer) = (Eu::of(&world).await, world.person("cb-1"), world.person("buyer-1"));
    assert_eq!(submit(&world, eu.body(0, 0, 5)).await.status, 200);
    let put = async || {
        let list = Bytes::from_static(br#"{"items":[]}"#);
        let headers = [("content-type", "application/json")];
        world.talk(Some(&buyer)).await.send(Method::PUT, "/v1/watchlists/parts", &headers, list).await
    };
    assert_eq!(put().await.status, 200);
    // What the sequencer does when a sync of the journal fails; the vault is sound.
    assert!(world.registry.vault.stop());
    let slots = world.talk(Some(&body)).await.post("/v1/status-slots", "application/json", Bytes::new()).await;
    let refused = [
        put().await,
        slots,
        submit(&world, eu.body(0, 5, 9)).await,
        submit(&world, eu.body(0, 5, 5)).await,
        world.say(&body, "verdict-granted", verdict("V-9")).await,
    ];
    for got in refused {
        assert_eq!((got.status, got.code().as_str()), (503, "stopped"), "{got:?}");
    }
    assert_eq!(
        world.talk(Some(&buyer)).await.ask("/v1/watchlists/parts").await.status,
        200,
        "who reads notices nothing"
    );
    assert_eq!(world.ask("/readyz").await.status, 503);
    assert!(!world.registry.vault.stop(), "it has been told already");
}
