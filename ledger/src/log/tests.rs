//! The log: what it accepts, what it gives back, and random use against a model.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use super::*;
use crate::checkpoint::{Checkpoint, Purpose};
use crate::disk::Disk;
use crate::journal::{MAX_BATCH_BYTES, Options, ReadError, Stored};
use crate::key::{Algorithm, SigningKey};
use crate::map::EMPTY;
use crate::merkle::{RangeError, verify_consistency};
use crate::proof::{MAX_EXTRA, TlogProof, TlogProofError};
use crate::testing::{HastyDisk, ORIGIN, draft, genesis, journal_on, log, log_on, signer};
use proptest::prelude::*;
use tempfile::TempDir;

fn folder() -> (TempDir, Log) {
    let dir = tempfile::tempdir().unwrap();
    let log = log(dir.path());
    (dir, log)
}

#[test]
fn a_log_begins_with_its_genesis_and_only_once() {
    let dir = tempfile::tempdir().unwrap();
    let disk: Arc<dyn Disk> = Arc::new(HastyDisk);
    let journal = || journal_on(dir.path(), Options::default(), &disk).unwrap();
    assert!(matches!(Log::open(journal(), signer()), Err(OpenError::Empty(_))));
    let other = Log::create(journal(), signer(), 5, draft("no genesis"));
    assert!(matches!(other, Err(OpenError::Append(AppendError::Draft(DraftError::Genesis(0))))));
    let (log, commit) = Log::create(journal(), signer(), 5, genesis()).unwrap();
    assert_eq!((commit.first_index, commit.size, commit.time_ms), (0, 1, 5));
    assert_eq!(log.reader().entry(0).unwrap().kind, Kind::Genesis);
    drop(log);
    assert!(matches!(Log::create(journal(), signer(), 5, genesis()), Err(OpenError::NotEmpty { size: 1, .. })));
    let mut log = Log::open(journal(), signer()).unwrap();
    assert!(matches!(log.append(9, vec![genesis()]), Err(AppendError::Draft(DraftError::Genesis(0)))));
    assert_eq!(log.origin(), "jp.registry.example");
}

#[test]
fn logs_and_readers_may_go_to_other_threads() {
    fn sent<T: Send>() {}
    fn shared<T: Clone + Send + Sync>() {}
    sent::<Log>();
    shared::<LogReader>();
}

#[test]
fn impossible_drafts_are_refused_and_change_nothing() {
    let (_dir, mut log) = folder();
    let long = Bytes::from(vec![b'x'; MAX_STATEMENT + 1]);
    let big = Bytes::from(vec![0; MAX_ATTACHMENT + 1]);
    let rows = [
        (Vec::new(), DraftError::Empty),
        (vec![draft("x"); MAX_BATCH + 1], DraftError::TooMany(MAX_BATCH + 1)),
        (vec![draft("x"), draft("")], DraftError::StatementLength { draft: 1, len: 0 }),
        (vec![Draft::statement(long)], DraftError::StatementLength { draft: 0, len: MAX_STATEMENT + 1 }),
        (vec![Draft { kind: Kind::Seal, ..draft("x") }], DraftError::StatementLength { draft: 0, len: 1 }),
        (
            vec![Draft { attachments: vec![big], ..draft("x") }],
            DraftError::AttachmentLength { draft: 0, len: MAX_ATTACHMENT + 1 },
        ),
        (vec![draft("x"), genesis()], DraftError::Genesis(1)),
    ];
    for (drafts, expected) in rows {
        let refused = log.append(9, drafts);
        assert!(matches!(refused, Err(AppendError::Draft(error)) if error == expected), "{expected}");
    }
    let attachment = |i: usize| Bytes::from([&i.to_be_bytes(), vec![0; MAX_ATTACHMENT - 8].as_slice()].concat());
    let count = MAX_BATCH_BYTES / MAX_ATTACHMENT + 1;
    let huge = Draft { attachments: (0..count).map(attachment).collect(), ..draft("x") };
    let refused = log.append(9, vec![huge]);
    assert!(matches!(refused, Err(AppendError::Journal(journal::AppendError::TooLarge { .. }))));
    assert_eq!(log.size(), 1);
    let root = Hash::from_bytes([7; 32]);
    assert_eq!(log.append(9, vec![draft("x"), Draft::seal(&root)]).unwrap().size, 3);
    assert_eq!(log.reader().entry(2).unwrap().digest, Digest::from_bytes([7; 32]));
    assert_eq!(log.reader().statement(2).unwrap(), Stored::None);
}

#[test]
fn time_never_runs_back() {
    let (dir, mut log) = folder();
    let times: Vec<u64> = [2_000, 1_500, 2_500, 0, u64::from(u32::MAX)]
        .map(|at| log.append(at, vec![draft("x")]).unwrap().time_ms)
        .into();
    assert_eq!(times, [2_000, 2_000, 2_500, 2_500, u64::from(u32::MAX)]);
    drop(log);
    let mut log = self::log(dir.path());
    assert_eq!(log.append(3_000, vec![draft("x")]).unwrap().time_ms, u64::from(u32::MAX), "nor after a restart");
    let reader = log.reader();
    let after: Vec<u64> =
        [0, 999, 1_000, 1_999, 2_000, 2_500, u64::MAX].map(|t| reader.first_index_after(t).unwrap()).into();
    assert_eq!(after, [0, 0, 1, 1, 3, 5, 7]);
    assert_eq!(reader.time_of(3).unwrap(), 2_500);
}

#[test]
fn nothing_beyond_the_end_is_read() {
    let (_dir, log) = folder();
    let reader = log.reader();
    assert!(matches!(reader.entry(1), Err(ReadError::NoEntry { index: 1, size: 1 })));
    assert!(matches!(reader.entry(u64::MAX), Err(ReadError::NoEntry { .. })));
    assert!(matches!(reader.entries(0..2), Err(ReadError::NoEntry { .. })));
    assert!(matches!(reader.entries(5..u64::MAX), Err(ReadError::NoEntry { .. })));
    assert_eq!(reader.entries(7..7).unwrap(), []);
    assert!(matches!(reader.statement(1), Err(ReadError::NoEntry { .. })));
    assert_eq!(reader.inclusion(0, 2), Err(RangeError::Beyond { asked: 2, size: 1 }));
    assert_eq!(reader.consistency(1, 2), Err(RangeError::Beyond { asked: 2, size: 1 }));
    assert!(reader.proof(1).is_err() && reader.root_at(2).is_err());
    assert_eq!(reader.nodes(0, 0..2), None);
}

#[test]
fn proofs_stand_alone() {
    let (_dir, mut log) = folder();
    log.append(9, (0..20).map(|i| draft(format!("{i}"))).collect()).unwrap();
    let reader = log.reader();
    let leaf = reader.entry(13).unwrap().leaf_hash();
    let proof = TlogProof { extra: Some(b"for whom".to_vec()), ..reader.proof(13).unwrap() };
    let text = proof.to_string();
    assert!(text.starts_with("c2sp.org/tlog-proof@v1\nextra Zm9yIHdob20=\nindex 13\n"), "{text}");
    let read: TlogProof = text.parse().unwrap();
    assert_eq!(read, proof);
    let checkpoint = read.verify(&leaf, &reader.keys()).unwrap();
    assert_eq!((checkpoint.size, checkpoint.root), (21, reader.root_at(21).unwrap()));
    let other = reader.entry(12).unwrap().leaf_hash();
    assert!(matches!(read.verify(&other, &reader.keys()), Err(TlogProofError::Proof(_))));
    let elsewhere = TlogProof { index: 12, ..read.clone() };
    assert!(matches!(elsewhere.verify(&leaf, &reader.keys()), Err(TlogProofError::Proof(_))));
    let unsigned = TlogProof { checkpoint: read.checkpoint.replace("\n21\n", "\n22\n"), ..read };
    assert!(matches!(unsigned.verify(&leaf, &reader.keys()), Err(TlogProofError::Checkpoint(_))));
    let only = log.reader().proof(0).unwrap();
    assert!(only.extra.is_none() && only.to_string().parse() == Ok(only));
}

#[test]
fn malformed_proofs_are_refused() {
    let (_dir, mut log) = folder();
    log.append(9, vec![draft("a"), draft("b")]).unwrap();
    let good = log.reader().proof(1).unwrap().to_string();
    assert!(good.parse::<TlogProof>().is_ok());
    let hash = "gSKyXoYZUgZ6jduWYrkDOARinOMGJveXjgMkBTcdPlQ=\n";
    let rows = [
        ("another version", good.replace("@v1", "@v2")),
        ("no index", good.replace("index 1\n", "")),
        ("a leading zero", good.replace("index 1", "index 01")),
        ("a hash too short", good.replacen("=\n", "\n", 1)),
        ("too many hashes", good.replace("index 1\n", &format!("index 1\n{}", hash.repeat(64)))),
        ("extra in the wrong place", good.replace("index 1\n", "index 1\nextra AAAA\n")),
        ("extra that is not base64", good.replace("index", "extra *\nindex")),
        ("too much extra", good.replace("index", &format!("extra {}\nindex", "AAAA".repeat(MAX_EXTRA / 3 + 1)))),
        ("no checkpoint", good.split("\n\n").next().unwrap().into()),
        ("nothing", String::new()),
        ("too long", "x".repeat(1 << 20)),
    ];
    for (reason, text) in rows {
        assert!(matches!(text.parse::<TlogProof>(), Err(TlogProofError::Malformed(_))), "{reason}");
    }
}

/// One step of random use.
#[derive(Debug, Clone)]
enum Action {
    Append(Vec<(Option<String>, Option<Vec<u8>>)>, u64),
    Erase(prop::sample::Index),
    Reopen,
}

fn actions() -> impl Strategy<Value = Vec<Action>> {
    let attachment = prop::option::weighted(0.2, prop::collection::vec(0u8..3, 0..40));
    let one = (prop::option::weighted(0.9, "[a-z]{1,80}"), attachment);
    let append = (prop::collection::vec(one, 1..9), 0u64..5_000).prop_map(|(batch, at)| Action::Append(batch, at));
    let erase = any::<prop::sample::Index>().prop_map(Action::Erase);
    prop::collection::vec(prop_oneof![6 => append, 2 => erase, 1 => Just(Action::Reopen)], 1..25)
}

/// What the log must be.
#[derive(Default)]
struct Model {
    entries: Vec<(Entry, Stored)>,
    attachments: Vec<Bytes>,
    heads: Vec<Checkpoint>,
}

impl Model {
    fn commit(&mut self, drafts: Vec<Draft>, commit: &Commit) {
        for draft in drafts {
            let entry = Entry { kind: draft.kind, time_ms: commit.time_ms, digest: draft.digest().unwrap() };
            let stored = if draft.kind.has_statement() { Stored::Bytes(draft.statement) } else { Stored::None };
            self.entries.push((entry, stored));
            self.attachments.extend(draft.attachments);
        }
        let checkpoint = Checkpoint::verify(&commit.checkpoint, signer().verifier()).unwrap();
        assert_eq!(checkpoint.size, self.entries.len() as u64);
        let sealed = self.entries.last().unwrap().0.kind == Kind::Seal;
        assert_eq!(checkpoint.purpose == Purpose::Publication, sealed, "a published checkpoint follows a seal");
        self.heads.push(checkpoint);
    }

    fn check(&self, reader: &LogReader) {
        let size = self.entries.len() as u64;
        assert_eq!(reader.size(), size);
        let entries: Vec<Entry> = self.entries.iter().map(|(entry, _)| *entry).collect();
        assert_eq!(reader.entries(0..size).unwrap(), entries);
        for (index, (_, stored)) in (0..).zip(&self.entries) {
            assert_eq!(&reader.statement(index).unwrap(), stored);
        }
        for bytes in &self.attachments {
            assert_eq!(reader.attachment(&Digest::of(bytes)).unwrap().as_ref(), Some(bytes));
        }
        let last = self.heads.last().unwrap();
        assert_eq!(Checkpoint::verify(&reader.checkpoint(), &reader.keys()).as_ref(), Ok(last));
        for head in &self.heads {
            let proof = reader.consistency(head.size, size).unwrap();
            assert_eq!(verify_consistency(head.size, size, &proof, &head.root, &last.root), Ok(()));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]
    #[test]
    fn random_use_agrees_with_a_model(actions in actions()) {
        let dir = tempfile::tempdir().unwrap();
        let open = || log_on(dir.path(), Options { roll_bytes: 2_000, published_size: 0 }, Arc::new(HastyDisk));
        let (mut log, mut model) = (Some(open().unwrap()), Model::default());
        let first = log.as_ref().unwrap().reader();
        let commit = Commit { first_index: 0, size: 1, time_ms: 1_000, checkpoint: first.checkpoint() };
        model.commit(vec![genesis()], &commit);
        for action in actions {
            let current = log.as_mut().unwrap();
            match action {
                Action::Append(batch, at) => {
                    let draft = |(statement, attachment): (Option<String>, Option<Vec<u8>>)| Draft {
                        attachments: attachment.map(Bytes::from).into_iter().collect(),
                        ..statement.map_or_else(|| Draft::seal(&EMPTY), draft)
                    };
                    let drafts: Vec<_> = batch.into_iter().map(draft).collect();
                    let commit = current.append(at, drafts.clone()).unwrap();
                    model.commit(drafts, &commit);
                }
                Action::Erase(index) => {
                    let index = index.index(model.entries.len());
                    let stored = &mut model.entries[index].1;
                    let erased = current.erase(index as u64);
                    prop_assert_eq!(erased.is_ok(), index > 0 && *stored != Stored::None);
                    if erased.is_ok() {
                        *stored = Stored::Erased;
                    }
                }
                Action::Reopen => {
                    drop(log.take());
                    log = Some(open().unwrap());
                }
            }
            model.check(&log.as_ref().unwrap().reader());
        }
    }
}

#[test]
fn the_key_of_a_log_changes_at_the_end_of_a_commit() {
    let (folder, pem) =
        (tempfile::tempdir().unwrap(), SigningKey::generate(Algorithm::Ed25519).unwrap().to_pem().unwrap());
    let stranger = || NoteSigner::new(ORIGIN, SigningKey::from_pem(&pem).unwrap()).unwrap();
    let disk: Arc<dyn Disk> = Arc::new(HastyDisk);
    let journal = || journal_on(folder.path(), Options::default(), &disk).unwrap();
    let (old, new) = (signer(), stranger());
    let (first, second) = (old.verifier().clone(), new.verifier().clone());
    let (mut log, _) = Log::create(journal(), old, 5, genesis()).unwrap();
    assert_eq!(
        log.change_key(4, stranger().into(), 0),
        Err(KeyChangeError::Order { index: 4 }),
        "it is not the last entry"
    );
    let change = log.append(6, vec![draft("change")]).unwrap();
    log.change_key(change.first_index, new.into(), 7).unwrap();
    let (besides, alone) = (log.append(7, vec![draft("a")]).unwrap(), log.append(8, vec![draft("b")]).unwrap());
    let keys = log.reader().keys();
    for (note, by_first, by_second) in
        [(&change.checkpoint, true, false), (&besides.checkpoint, true, true), (&alone.checkpoint, false, true)]
    {
        assert!(Checkpoint::verify(note, &keys).is_ok());
        assert_eq!(Checkpoint::verify(note, &first).is_ok(), by_first, "{note}");
        assert_eq!(Checkpoint::verify(note, &second).is_ok(), by_second, "{note}");
    }
    drop(log);
    // It opens with whatever keys are held, and then says which of them it means.
    assert!(Log::open(journal(), signer()).is_err(), "the retired key alone");
    let mut log = Log::open(journal(), Signers::new(signer(), vec![stranger()])).unwrap();
    log.follow_keys(keys.clone(), 0).unwrap();
    assert_eq!(log.reader().keys(), keys);
    assert!(Checkpoint::verify(&log.append(9, vec![draft("c")]).unwrap().checkpoint, &second).is_ok());
    let mut lost = keys;
    let other = NoteSigner::new(ORIGIN, SigningKey::generate(Algorithm::Ed25519).unwrap()).unwrap();
    lost.change(9, other.verifier().clone()).unwrap();
    assert!(matches!(log.follow_keys(lost, 0), Err(KeyNotHeld(_))));
}
