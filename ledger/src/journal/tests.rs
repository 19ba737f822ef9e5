//! The journal in files, through the log that writes it: faults, damage, power cuts, kills, erasure, records, and every single operation.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod damage;
mod erasure;
mod every;
mod faults;
mod kill;
mod power;
mod records;

use super::{Options, Stored};
use crate::digest::Digest;
use crate::disk::{Disk, RealDisk};
use crate::entry::Kind;
use crate::log::{Draft, Log, LogReader, OpenError};
use crate::testing::{HastyDisk, log_on};
use bytes::Bytes;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Barrier};
use tempfile::TempDir;

/// Small enough for a few batches to fill a segment.
const ROLL: u64 = 4096;

/// What a journal must hold: a statement per entry, `None` once erased.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Model(Vec<Option<Bytes>>);

impl Model {
    fn new() -> Self {
        Self(vec![Some(Bytes::from_static(b"genesis"))])
    }

    /// A batch of `count` statements, and of seals now and then.
    fn batch(&self, count: usize) -> Vec<Draft> {
        let one = |i: usize| match i % 7 {
            6 => Draft::seal(&crate::map::EMPTY),
            _ => Draft::statement(Bytes::from(format!("statement {i} {}", "x".repeat(i * 37 % 300)))),
        };
        (self.0.len()..self.0.len() + count).map(one).collect()
    }

    fn extend(&mut self, drafts: &[Draft]) {
        let statement = |draft: &Draft| if draft.kind.has_statement() { draft.statement.clone() } else { Bytes::new() };
        self.0.extend(drafts.iter().map(|draft| Some(statement(draft))));
    }

    /// Everything in the model is in the log, and proven.
    fn check(&self, log: &LogReader) {
        self.check_statements(log);
        for index in 0..self.0.len() as u64 {
            let proof = log.proof(index).unwrap();
            proof.verify(&log.entry(index).unwrap().leaf_hash(), &log.keys()).unwrap();
        }
    }

    /// Everything in the model is in the log.
    fn check_statements(&self, log: &LogReader) {
        assert!(log.size() >= self.0.len() as u64, "{} of {} entries are left", log.size(), self.0.len());
        for (index, expected) in (0..).zip(&self.0) {
            let entry = log.entry(index).unwrap();
            let expected = match expected {
                None => Stored::Erased,
                Some(bytes) if bytes.is_empty() => Stored::None,
                Some(bytes) => Stored::Bytes(bytes.clone()),
            };
            assert_eq!(entry.kind == Kind::Seal, expected == Stored::None, "entry {index}");
            assert_eq!(log.statement(index).unwrap(), expected, "entry {index}");
        }
    }
}

/// A log in a folder of its own, beside the model of it.
struct Bench {
    dir: TempDir,
    log: Option<Log>,
    model: Model,
}

impl Bench {
    fn new() -> Self {
        Self::on(Arc::new(HastyDisk))
    }

    fn on(disk: Arc<dyn Disk>) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let log = log_on(&dir.path().join("journal"), Self::options(0), disk).unwrap();
        Self { dir, log: Some(log), model: Model::new() }
    }

    fn options(published_size: u64) -> Options {
        Options { roll_bytes: ROLL, published_size }
    }

    fn path(&self) -> PathBuf {
        self.dir.path().join("journal")
    }

    fn log(&mut self) -> &mut Log {
        self.log.as_mut().unwrap()
    }

    /// Appends a batch that must succeed.
    fn append(&mut self, count: usize) {
        let drafts = self.model.batch(count);
        self.model.extend(&drafts);
        self.log().append(5_000, drafts).unwrap();
    }

    /// Fills a few segments.
    fn grow(&mut self) {
        [1, 3, 10, 1, 25, 2, 30, 1, 1].into_iter().for_each(|count| self.append(count));
    }

    fn close(&mut self) {
        self.log = None;
    }

    fn try_open(&mut self, published_size: u64) -> Result<(), OpenError> {
        self.close();
        self.log = Some(log_on(&self.path(), Self::options(published_size), Arc::new(HastyDisk))?);
        Ok(())
    }

    fn reopen(&mut self) {
        self.try_open(0).unwrap();
    }

    fn check(&mut self) {
        let reader = self.log().reader();
        self.model.check(&reader);
    }

    /// The size is the model's, not larger.
    fn check_exactly(&mut self) {
        self.check();
        assert_eq!(self.log().size(), self.model.0.len() as u64);
    }

    fn segments(&self) -> Vec<PathBuf> {
        segments(&self.path())
    }
}

fn segments(dir: &Path) -> Vec<PathBuf> {
    let names = std::fs::read_dir(dir).unwrap().map(|item| item.unwrap().path());
    let mut segments: Vec<_> = names.filter(|path| path.extension().is_some_and(|e| e == "segment")).collect();
    segments.sort();
    segments
}

#[test]
fn a_journal_survives_being_closed() {
    let mut bench = Bench::on(Arc::new(RealDisk));
    bench.grow();
    bench.check_exactly();
    assert!(bench.segments().len() > 2, "the journal rolls");
    let (head, root) = (bench.log().reader().head(), bench.log().reader().root_at(50).unwrap());
    bench.reopen();
    bench.check_exactly();
    assert_eq!(bench.log().reader().head(), head);
    assert_eq!(bench.log().reader().root_at(50).unwrap(), root);
    bench.append(4);
    bench.reopen();
    bench.check_exactly();
}

#[test]
fn a_second_writer_is_refused() {
    let mut bench = Bench::new();
    let second = log_on(&bench.path(), Bench::options(0), Arc::new(RealDisk)).err().unwrap();
    assert!(second.to_string().contains("another process has this journal open"), "{second}");
    bench.append(1);
    bench.reopen();
    bench.check_exactly();
}

#[test]
fn readers_go_on_while_the_writer_writes() {
    let mut bench = Bench::new();
    bench.append(20);
    let reader = bench.log().reader();
    let (done, begun) = (Arc::new(AtomicBool::new(false)), Arc::new(Barrier::new(5)));
    let threads: Vec<_> = (0..4)
        .map(|_| {
            let (reader, done, begun) = (reader.clone(), Arc::clone(&done), Arc::clone(&begun));
            std::thread::spawn(move || {
                let mut seen = 0;
                begun.wait();
                while !done.load(Ordering::Relaxed) {
                    let head = reader.head();
                    assert!(head.size >= seen, "the log never shrinks");
                    seen = head.size;
                    let last = reader.entry(seen - 1).unwrap();
                    let proof = reader.inclusion(seen - 1, seen).unwrap();
                    let root = reader.root_at(seen).unwrap();
                    crate::merkle::verify_inclusion(&last.leaf_hash(), seen - 1, seen, &proof, &root).unwrap();
                    assert!(!matches!(reader.statement(3), Ok(Stored::None) | Err(_)));
                }
            })
        })
        .collect();
    begun.wait();
    for round in 0..300 {
        bench.append(1 + round % 9);
        if round == 150 {
            bench.log().erase(3).unwrap();
            bench.model.0[3] = None;
        }
    }
    done.store(true, Ordering::Relaxed);
    threads.into_iter().for_each(|thread| thread.join().unwrap());
    bench.check_exactly();
}

#[test]
fn attachments_are_kept_once_and_found_again() {
    let mut bench = Bench::new();
    let (catalogue, empty) = (Bytes::from(vec![b'c'; 3000]), Bytes::new());
    let with = |text: &str, attachments: Vec<Bytes>| Draft {
        attachments,
        ..Draft::statement(Bytes::copy_from_slice(text.as_bytes()))
    };
    let first = vec![with("a", vec![catalogue.clone(), catalogue.clone()]), with("b", vec![catalogue.clone()])];
    bench.log().append(1, first).unwrap();
    let len = || bench.segments().iter().map(|path| std::fs::metadata(path).unwrap().len()).sum::<u64>();
    let before = len();
    assert!(before < 2 * 3000, "written once within a batch");
    let mut bench = bench;
    bench.log().append(2, vec![with("c", vec![catalogue.clone(), empty.clone()])]).unwrap();
    let after = bench.segments().iter().map(|path| std::fs::metadata(path).unwrap().len()).sum::<u64>();
    assert!(after - before < 1000, "and once in all");
    for round in 0..3 {
        let reader = bench.log().reader();
        for bytes in [&catalogue, &empty] {
            let found = reader.attachment(&Digest::of(bytes)).unwrap();
            assert_eq!(found.as_ref(), Some(bytes));
            assert_eq!(reader.attachment_len(&Digest::of(bytes)), Some(bytes.len()));
        }
        assert_eq!(reader.attachment(&Digest::of(b"other")).unwrap(), None);
        assert_eq!(reader.attachment_len(&Digest::of(b"other")), None);
        match round {
            0 => bench.reopen(),
            _ => bench.log().erase(1).unwrap(),
        }
    }
}

#[test]
fn an_attachment_that_rots_is_not_served() {
    let mut bench = Bench::new();
    let bytes = Bytes::from_static(b"a result list that somebody will rely on");
    let draft = Draft { attachments: vec![bytes.clone()], ..Draft::statement(Bytes::from_static(b"with a list")) };
    bench.log().append(1, vec![draft]).unwrap();
    let path = bench.segments().pop().unwrap();
    let mut file = std::fs::read(&path).unwrap();
    let last = file.len() - 1;
    file[last] ^= 1;
    std::fs::write(&path, file).unwrap();
    let refused = bench.log().reader().attachment(&Digest::of(&bytes)).unwrap_err();
    assert!(refused.to_string().contains("does not match its digest"), "{refused}");
}
