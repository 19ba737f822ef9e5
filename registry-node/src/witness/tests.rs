//! A witness across restarts, failures and forks: it signs one history of each log, and keeps what contradicts it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use conformity::digest::Digest;
use ledger::checkpoint::Purpose;
use ledger::key::{Algorithm, SigningKey};
use ledger::merkle::{Tree, leaf_hash};
use ledger::note::{CosignatureError, NoteSigner, cosignatures};
use ledger::tiles::TileStore;
use serde_json::json;
use tempfile::TempDir;

use super::*;
use federation::messages::Proof;

const EU: &str = "eu.registry.example";

fn key() -> SigningKey {
    SigningKey::generate(Algorithm::Ed25519).unwrap()
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

/// A vault that outlives the witness, a log with two histories that part at entry 4, and its owner as a peer.
pub(crate) struct Stage {
    folder: TempDir,
    pem: String,
    log: NoteSigner,
    pub(crate) trees: [Tree; 2],
    pub(crate) peer: PeerRecord,
}

impl Stage {
    pub(crate) fn new() -> Stage {
        let log = NoteSigner::new(EU, key()).unwrap();
        let tree = |salt: &str| {
            let mut tree = Tree::new();
            (0..12).for_each(|index| {
                let leaf = if index < 4 { index.to_string() } else { format!("{index}{salt}") };
                tree.push(leaf_hash(leaf.as_bytes()));
            });
            tree
        };
        let witness = Cosigner::new(EU, key()).unwrap();
        let jwk = json!({"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"});
        let peer = json!({
            "registry": "eu", "origin": EU, "genesisDigest": Digest::of(b"genesis"), "followed": 0, "entries": [3],
            "added": {"index": 3, "at": "2026-01-01T00:00:00Z"},
            "genesis": {
                "origin": EU, "registry": "eu", "name": "EU", "logKey": log.verifier().to_string(),
                "witnessKey": witness.verifier().to_string(), "nodeKey": jwk, "mapKey": jwk,
                "caRoots": ["MAA="], "didWeb": "did:web:eu", "formats": {"entry": 1, "statement": 1},
                "operator": {"id": "op", "name": "EU", "keys": []},
            },
        });
        Stage {
            folder: tempfile::tempdir().unwrap(),
            pem: key().to_pem().unwrap().to_string(),
            log,
            trees: [tree(""), tree("other")],
            peer: serde_json::from_value(peer).unwrap(),
        }
    }

    pub(crate) fn vault(&self) -> Arc<Vault> {
        Arc::new(Vault::open(self.folder.path()).unwrap())
    }

    /// The witness as of a start.
    fn witness(&self) -> Witness {
        self.witness_of(self.vault())
    }

    /// The same over a vault that others use as well.
    pub(crate) fn witness_of(&self, vault: Arc<Vault>) -> Witness {
        let cosigner = Cosigner::new("jp.registry.example", SigningKey::from_pem(&self.pem).unwrap()).unwrap();
        Witness::open(cosigner, vault, Arc::default()).unwrap()
    }

    pub(crate) fn note(&self, branch: usize, size: u64) -> String {
        let root = self.trees[branch].root_at(size).unwrap();
        Checkpoint { origin: EU.to_owned(), size, root, purpose: Purpose::Publication }.sign(&self.log).unwrap()
    }

    pub(crate) fn request(&self, branch: usize, old: u64, size: u64) -> Cosign {
        let proof = if old == 0 { Vec::new() } else { self.trees[branch].consistency_proof(old, size).unwrap() };
        Cosign { old, proof: Proof(proof), checkpoint: self.note(branch, size) }
    }
}

fn code(outcome: Result<String, NotCosigned>) -> &'static str {
    outcome.map_or_else(|error| error.code(), |_| "cosigned")
}

#[test]
fn a_witness_never_signs_backwards_not_even_after_a_restart() {
    let stage = Stage::new();
    let witness = stage.witness();
    let line = witness.cosign(&stage.peer, &stage.request(0, 0, 6), at(100)).unwrap();
    let known = [witness.cosigner.verifier().clone()];
    let text = stage.note(0, 6).split("\n\n").next().unwrap().to_owned() + "\n";
    assert_eq!(cosignatures(&text, &line, &known).unwrap()[0].time, 100);
    let kept = witness.newest(EU).unwrap().unwrap();
    assert_eq!(kept.note, stage.note(0, 6) + &line, "what is shown carries both signatures");
    drop(witness);
    let witness = stage.witness();
    for (request, expected) in [
        (stage.request(0, 0, 4), "conflict"),
        (stage.request(0, 4, 5), "conflict"),
        (stage.request(0, 0, 6), "conflict"),
        (stage.request(1, 4, 8), "conflict"),
        (stage.request(1, 6, 8), "inconsistent"),
    ] {
        assert_eq!(code(witness.cosign(&stage.peer, &request, at(101))), expected, "{request:?}");
    }
    assert_eq!(witness.newest(EU).unwrap().unwrap().checkpoint, kept.checkpoint);
}

#[test]
fn what_contradicts_is_kept_and_ends_all_cosigning() {
    let stage = Stage::new();
    let witness = stage.witness();
    witness.cosign(&stage.peer, &stage.request(0, 0, 6), at(1)).unwrap();
    // Another past that is larger proves nothing by itself.
    assert_eq!(code(witness.cosign(&stage.peer, &stage.request(1, 6, 8), at(2))), "inconsistent");
    assert!(!witness.evidence.accuses(&stage.peer));
    assert_eq!(code(witness.cosign(&stage.peer, &stage.request(1, 6, 6), at(3))), "other-root");
    assert!(witness.evidence.accuses(&stage.peer));
    assert_eq!(code(witness.cosign(&stage.peer, &stage.request(0, 6, 8), at(4))), "untrusted-checkpoint");
    drop(witness);
    let witness = stage.witness();
    let all = witness.evidence.all();
    assert_eq!((all.len(), all[0].proven, all[0].registry.as_str(), all[0].found), (1, true, "eu", at(3)));
    assert_eq!(code(witness.cosign(&stage.peer, &stage.request(0, 6, 8), at(5))), "untrusted-checkpoint");
    // Added again it is followed again; what was cosigned of the first history binds for ever.
    let again =
        PeerRecord { added: conformity::time::Moment { index: 9, at: stage.peer.added.at }, ..stage.peer.clone() };
    assert_eq!(code(witness.cosign(&again, &stage.request(1, 0, 8), at(6))), "conflict");
    assert_eq!(code(witness.cosign(&again, &stage.request(0, 6, 8), at(7))), "cosigned");
}

#[test]
fn what_following_saw_counts_as_well() {
    let stage = Stage::new();
    let witness = stage.witness();
    let checkpoint = Checkpoint {
        origin: EU.to_owned(),
        size: 7,
        root: stage.trees[0].root_at(7).unwrap(),
        purpose: Purpose::Commit,
    };
    witness.saw(&stage.peer.registry, Seen { checkpoint, note: stage.note(0, 7) });
    assert_eq!(code(witness.cosign(&stage.peer, &stage.request(1, 0, 7), at(1))), "other-root");
    assert!(witness.evidence.accuses(&stage.peer));
    assert!(witness.newest(EU).unwrap().is_none());
}

/// Of a commit, too: it is not cosigned, but what it shows is kept.
#[test]
fn a_commit_checkpoint_is_evidence_and_nothing_else() {
    let stage = Stage::new();
    let witness = stage.witness();
    let commit = |branch, old, size| {
        let request = stage.request(branch, old, size);
        let root = stage.trees[branch].root_at(size).unwrap();
        let checkpoint = Checkpoint { origin: EU.to_owned(), size, root, purpose: Purpose::Commit };
        Cosign { checkpoint: checkpoint.sign(&stage.log).unwrap(), ..request }
    };
    assert_eq!(code(witness.cosign(&stage.peer, &commit(0, 0, 8), at(1))), "commit-checkpoint");
    assert!(witness.newest(EU).unwrap().is_none());
    assert_eq!(code(witness.cosign(&stage.peer, &stage.request(0, 0, 6), at(2))), "cosigned", "nothing was put off");
    assert_eq!(code(witness.cosign(&stage.peer, &commit(0, 6, 6), at(3))), "commit-checkpoint");
    assert!(!witness.evidence.accuses(&stage.peer));
    assert_eq!(code(witness.cosign(&stage.peer, &commit(1, 6, 6), at(4))), "commit-checkpoint");
    assert!(witness.evidence.all()[0].proven);
    assert_eq!(code(witness.cosign(&stage.peer, &stage.request(0, 6, 8), at(5))), "untrusted-checkpoint");
}

/// Both wait at the same lock, and whichever comes second is held against the first.
#[test]
fn two_forks_at_the_same_moment_are_evidence() {
    for round in 0..20 {
        let stage = Stage::new();
        let witness = stage.witness();
        let together = std::sync::Barrier::new(3);
        let submit = |branch| {
            let request = stage.request(branch, 0, 7);
            together.wait();
            code(witness.cosign(&stage.peer, &request, at(1)))
        };
        let mut codes = std::thread::scope(|scope| {
            let both = [0, 1].map(|branch| scope.spawn(move || submit(branch)));
            let hold = || {
                together.wait();
                std::thread::sleep(std::time::Duration::from_millis(10));
                Ok((None, ()))
            };
            witness.cosigned.advance(EU, |_| hold()).unwrap();
            both.map(|one| one.join().unwrap())
        });
        codes.sort_unstable();
        assert_eq!(codes, ["conflict", "cosigned"], "round {round}");
        assert!(witness.evidence.all()[0].proven, "round {round}");
    }
}

#[test]
fn the_same_checkpoint_costs_nothing_and_many_new_ones_are_too_many() {
    let stage = Stage::new();
    let witness = stage.witness();
    let line = witness.cosign(&stage.peer, &stage.request(0, 0, 1), at(1)).unwrap();
    for second in 2..200 {
        assert_ne!(witness.cosign(&stage.peer, &stage.request(0, 1, 1), at(second)).unwrap(), line);
    }
    let mut tree = Tree::new();
    (0..200_u64).for_each(|index| tree.push(leaf_hash(&index.to_be_bytes())));
    let other = NoteSigner::new("us.registry.example", key()).unwrap();
    let mut peer = stage.peer.clone();
    let mut genesis = conformity::genesis::Genesis::clone(&peer.genesis);
    genesis.log_key = other.verifier().to_string().parse().unwrap();
    peer.genesis = Arc::new(genesis);
    let outcomes: Vec<_> = (0..40)
        .map(|old| {
            let root = tree.root_at(old + 1).unwrap();
            let checkpoint = Checkpoint {
                origin: "us.registry.example".to_owned(),
                size: old + 1,
                root,
                purpose: Purpose::Publication,
            };
            let proof = Proof(if old == 0 { vec![] } else { tree.consistency_proof(old, old + 1).unwrap() });
            code(witness.cosign(&peer, &Cosign { old, proof, checkpoint: checkpoint.sign(&other).unwrap() }, at(300)))
        })
        .collect();
    assert!(outcomes[..32].iter().all(|outcome| *outcome == "cosigned"), "{outcomes:?}");
    assert_eq!(outcomes[32], "quota");
}

#[test]
fn what_was_cosigned_and_cannot_be_read_is_not_signed_over() {
    let stage = Stage::new();
    stage.vault().put(&format!("witness/{EU}"), b"nonsense").unwrap();
    let witness = stage.witness();
    assert_eq!(code(witness.cosign(&stage.peer, &stage.request(0, 0, 6), at(1))), "not-stored");
}

#[test]
fn evidence_is_sent_on_once_and_the_first_that_proves_stands() {
    let stage = Stage::new();
    let witness = stage.witness();
    let accused = witness.accusable(&stage.peer).unwrap();
    let book = &witness.evidence;
    let of = |first: String, second: String| Evidence { first, second, inconsistency: None, keys: None };
    let (us, cn, eu): (RegistryId, RegistryId, RegistryId) =
        ("us".parse().unwrap(), "cn".parse().unwrap(), "eu".parse().unwrap());
    // A log that could not prove that it continues itself: told to nobody.
    assert!(!book.file(&accused, &of(stage.note(0, 5), stage.note(1, 8)), None, at(1)).unwrap());
    assert!(book.accuses(&stage.peer) && book.untold(&us).is_empty());
    assert!(book.file(&accused, &of(stage.note(0, 6), stage.note(1, 6)), Some(&cn), at(2)).unwrap());
    assert!(!book.file(&accused, &of(stage.note(0, 7), stage.note(1, 7)), Some(&us), at(3)).unwrap(), "one is enough");
    assert!(book.untold(&cn).is_empty(), "it came from there");
    assert!(book.untold(&eu).is_empty(), "the accused");
    let untold = book.untold(&us);
    assert_eq!((untold.len(), untold[0].found), (1, at(2)));
    book.told(&untold[0].id, &us).unwrap();
    assert!(book.untold(&us).is_empty());
}

#[test]
fn our_checkpoint_carries_the_cosignatures_that_came_for_it() {
    let folder = tempfile::tempdir().unwrap();
    let tiles = Arc::new(TileStore::open(folder.path()).unwrap());
    let (log, one, two, stranger) = (
        NoteSigner::new("jp.registry.example", key()).unwrap(),
        Cosigner::new("eu.registry.example", key()).unwrap(),
        Cosigner::new("us.registry.example", key()).unwrap(),
        Cosigner::new("xx.registry.example", key()).unwrap(),
    );
    let known = [one.verifier().clone(), two.verifier().clone()];
    let text = |size: u64| {
        let root = leaf_hash(&size.to_be_bytes());
        Checkpoint { origin: "jp.registry.example".to_owned(), size, root, purpose: Purpose::Publication }.to_string()
    };
    let note = |size| log.sign(&text(size)).unwrap();
    let collected = Collected::open(Arc::clone(&tiles), &known).unwrap();
    assert_eq!(collected.served(note(5)), note(5));
    let (first, second) = (one.cosign(&text(5), 10).unwrap(), two.cosign(&text(5), 20).unwrap());
    let refused = |lines: &str| collected.add(&note(5), lines, &known).unwrap_err();
    let unknown = CosignatureError::Unknown("xx.registry.example".into());
    assert_eq!(refused(&stranger.cosign(&text(5), 1).unwrap()), unknown);
    assert_eq!(refused(&format!("{first}{first}")), CosignatureError::Duplicate("eu.registry.example".into()));
    assert_eq!(refused(&one.cosign(&text(6), 1).unwrap()), CosignatureError::Bad("eu.registry.example".into()));
    assert_eq!(collected.served(note(5)), note(5), "nothing was taken");
    collected.add(&note(5), &first, &known).unwrap();
    collected.add(&note(5), &second, &known).unwrap();
    collected.add(&note(5), &one.cosign(&text(5), 30).unwrap(), &known).unwrap();
    let whole = note(5) + &first + &second;
    assert_eq!(collected.served(note(5)), whole, "each witness once");
    assert_eq!(collected.received(one.verifier()), Some(Received { size: 5, time: 30 }));
    assert!(collected.has(&note(5), one.verifier()) && !collected.has(&note(6), one.verifier()));
    assert_eq!(collected.served(note(6)), note(6), "another checkpoint has its own");
    // As if it were published: a restart finds them, those of known witnesses.
    std::fs::write(folder.path().join("checkpoint"), note(5)).unwrap();
    let again = Collected::open(Arc::clone(&tiles), &known[..1]).unwrap();
    assert_eq!(again.served(note(5)), note(5) + &first);
    // One that comes late for what was overtaken is remembered, and shown nowhere.
    collected.add(&note(7), &two.cosign(&text(7), 40).unwrap(), &known).unwrap();
    collected.add(&note(5), &first, &known).unwrap();
    assert_eq!(collected.served(note(7)), note(7) + &two.cosign(&text(7), 40).unwrap());
    assert_eq!(collected.received(two.verifier()), Some(Received { size: 7, time: 40 }));
}
