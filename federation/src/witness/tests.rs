//! A row per reason of refusal, in the order of the specification, and a witness that is asked at random.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use ledger::key::{Algorithm, SigningKey};
use ledger::merkle::{Tree, leaf_hash};
use ledger::note::NoteSigner;
use proptest::prelude::*;

use super::*;

const ORIGIN: &str = "jp.registry.example";

fn signer(name: &str) -> NoteSigner {
    NoteSigner::new(name, SigningKey::generate(Algorithm::Ed25519).unwrap()).unwrap()
}

fn tree(size: u64, salt: u64) -> Tree {
    let mut tree = Tree::new();
    (0..size).for_each(|index| tree.push(leaf_hash(&(index + salt).to_be_bytes())));
    tree
}

fn head(tree: &Tree, size: u64) -> Checkpoint {
    Checkpoint { origin: ORIGIN.to_owned(), size, root: tree.root_at(size).unwrap(), purpose: Purpose::Publication }
}

fn proof(tree: &Tree, old: u64, size: u64) -> Proof {
    Proof(if old == 0 { Vec::new() } else { tree.consistency_proof(old, size).unwrap() })
}

/// The answer of a witness that has cosigned so much.
fn asked(log: &NoteSigner, cosigned: Option<&Checkpoint>, request: &Cosign) -> Result<Checkpoint, Refusal> {
    let offered = signed(request, log.verifier())?;
    continues(request, &offered, cosigned).map(|()| offered)
}

#[test]
fn checkpoints_are_refused_with_the_status_that_is_asked_for() {
    let (log, stranger, other) = (signer(ORIGIN), signer(ORIGIN), signer("eu.registry.example"));
    let (tree, fork) = (tree(12, 0), tree(12, 7));
    let cosigned = head(&tree, 5);
    let good = Cosign { old: 5, proof: proof(&tree, 5, 9), checkpoint: head(&tree, 9).sign(&log).unwrap() };
    assert_eq!(asked(&log, Some(&cosigned), &good), Ok(head(&tree, 9)));
    let with = |change: fn(&mut Cosign)| {
        let mut request = good.clone();
        change(&mut request);
        request
    };
    let of = |old, proof, checkpoint| Cosign { old, proof, checkpoint };
    let eu = Checkpoint { origin: "eu.registry.example".into(), ..head(&tree, 9) }.sign(&other).unwrap();
    let commit = Checkpoint { purpose: Purpose::Commit, ..head(&tree, 9) }.sign(&log).unwrap();
    let rows = [
        ("one of a commit", of(5, proof(&tree, 5, 9), commit.clone()), 422, "commit-checkpoint"),
        ("one of a commit, whatever the old size", of(0, Proof::default(), commit), 422, "commit-checkpoint"),
        ("no note", of(5, proof(&tree, 5, 9), "old 5\n".into()), 400, "malformed"),
        ("no checkpoint", of(5, proof(&tree, 5, 9), log.sign("text\n").unwrap()), 400, "malformed"),
        ("too long a proof", of(5, Proof(vec![leaf_hash(b""); 64]), good.checkpoint.clone()), 400, "malformed"),
        ("another log", of(5, proof(&tree, 5, 9), eu), 404, "unknown-log"),
        (
            "another key",
            of(5, proof(&tree, 5, 9), head(&tree, 9).sign(&stranger).unwrap()),
            403,
            "untrusted-checkpoint",
        ),
        (
            "a bad signature",
            with(|request| request.checkpoint = request.checkpoint.replacen("\n9\n", "\n8\n", 1)),
            403,
            "untrusted-checkpoint",
        ),
        ("an old size beyond", with(|request| request.old = 10), 400, "old-size-beyond"),
        ("another old size", of(4, proof(&tree, 4, 9), head(&tree, 9).sign(&log).unwrap()), 409, "conflict"),
        ("an old size of nothing", with(|request| request.old = 0), 409, "conflict"),
        ("rolled back", of(3, Proof::default(), head(&tree, 3).sign(&log).unwrap()), 409, "conflict"),
        (
            "rolled back, as if from here",
            of(5, Proof::default(), head(&tree, 3).sign(&log).unwrap()),
            400,
            "old-size-beyond",
        ),
        ("no proof", with(|request| request.proof = Proof::default()), 422, "inconsistent"),
        ("a hash too many", with(|request| request.proof.0.push(leaf_hash(b""))), 422, "inconsistent"),
        ("another hash", with(|request| request.proof.0[0] = leaf_hash(b"")), 422, "inconsistent"),
        ("another past", of(5, proof(&fork, 5, 9), head(&fork, 9).sign(&log).unwrap()), 422, "inconsistent"),
        ("one size, another root", of(5, Proof::default(), head(&fork, 5).sign(&log).unwrap()), 422, "other-root"),
        (
            "one size, and a proof",
            of(5, Proof(vec![leaf_hash(b"")]), head(&tree, 5).sign(&log).unwrap()),
            422,
            "inconsistent",
        ),
    ];
    for (why, request, status, code) in rows {
        let refusal = asked(&log, Some(&cosigned), &request).unwrap_err();
        assert_eq!((refusal.status(), refusal.code()), (status, code), "{why}: {refusal}");
    }
}

#[test]
fn the_first_checkpoint_needs_no_proof_and_the_same_one_may_come_again() {
    let (log, tree) = (signer(ORIGIN), tree(12, 0));
    let ask = |cosigned: Option<&Checkpoint>, old, proof, checkpoint: &Checkpoint| {
        let request = Cosign { old, proof, checkpoint: checkpoint.sign(&log).unwrap() };
        asked(&log, cosigned, &request).map(drop).map_err(|refusal| refusal.code())
    };
    let (newest, zero) = (head(&tree, 9), Checkpoint { size: 0, ..head(&tree, 1) });
    assert_eq!(ask(None, 0, Proof::default(), &newest), Ok(()));
    assert_eq!(ask(None, 0, Proof(vec![leaf_hash(b"")]), &newest), Err("inconsistent"), "and has none");
    assert_eq!(ask(None, 0, Proof::default(), &zero), Err("empty-root"));
    let nothing = Checkpoint { root: merkle::empty_root(), ..zero };
    assert_eq!(ask(None, 0, Proof::default(), &nothing), Ok(()));
    assert_eq!(ask(Some(&nothing), 0, Proof::default(), &newest), Ok(()));
    assert_eq!(ask(Some(&newest), 9, Proof::default(), &newest), Ok(()), "the same once more");
}

#[test]
fn bodies_are_those_of_the_specification() {
    let body = "old 20852014\nPlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkaw=\n\nexample.com/behind-the-sofa\n20852163\n\
                CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n— example.com/behind-the-sofa \
                Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n";
    let request = parse(body.as_bytes()).unwrap();
    assert_eq!((request.old, request.proof.0.len()), (20_852_014, 1));
    assert_eq!(claimed_origin(&request).unwrap(), "example.com/behind-the-sofa");
    assert_eq!(render(&request), body);
    let hash = "PlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkaw=\n";
    for (why, body) in [
        ("nothing", String::new()),
        ("no old size", body.replace("old 20852014\n", "")),
        ("a leading zero", body.replace("old 2", "old 02")),
        ("a sign", body.replace("old 2", "old +2")),
        ("two spaces", body.replace("old 2", "old  2")),
        ("beyond 2^64", body.replace("old 2", "old 18446744073709551616")),
        ("a carriage return", body.replace("2014\n", "2014\r\n")),
        ("no hash", body.replace("PlRN", "lRN")),
        ("64 hashes", body.replace(hash, &hash.repeat(64))),
        ("no empty line", body.replace("\n\n", "\n")),
        ("too long", format!("{body}{}", "x".repeat(MAX_REQUEST))),
    ] {
        assert!(matches!(parse(body.as_bytes()), Err(Refusal::Malformed(_))), "{why}");
    }
    assert!(matches!(parse(&[0xFF]), Err(Refusal::Malformed(_))));
}

proptest! {
    /// Whatever is asked in whatever order: what is cosigned is one history that only grows.
    #[test]
    fn a_witness_cosigns_one_history(asks in prop::collection::vec((0u64..14, 0u64..14, any::<bool>(), any::<bool>()), 1..60)) {
        let log = signer(ORIGIN);
        let trees = [tree(14, 0), tree(14, 3)];
        let mut cosigned: Option<(Checkpoint, bool)> = None;
        for (old, size, forked, of_fork) in asks {
            let proofs = &trees[usize::from(of_fork)];
            let proof = if (1..=size).contains(&old) { proof(proofs, old, size) } else { Proof::default() };
            let checkpoint = head(&trees[usize::from(forked)], size).sign(&log).unwrap();
            if let Ok(offered) = asked(&log, cosigned.as_ref().map(|(newest, _)| newest), &Cosign { old, proof, checkpoint }) {
                if let Some((newest, branch)) = cosigned.as_ref().filter(|(newest, _)| newest.size > 0) {
                    prop_assert!(offered.size >= newest.size);
                    prop_assert_eq!(*branch, forked);
                }
                cosigned = Some((offered, forked));
            }
        }
    }

    #[test]
    fn arbitrary_bodies_never_panic(body in "(old [0-9]{0,21}|\n|\n\n|[A-Za-z0-9+/=]{0,50}|— a b|\\PC){0,20}") {
        if let Ok(request) = parse(body.as_bytes()) {
            prop_assert_eq!(render(&request), body);
            let _ = claimed_origin(&request);
        }
    }
}
