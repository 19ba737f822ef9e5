//! Faults as a table: each operation on the disk × how it fails × what must hold.

use super::super::{AppendError, Cause, EraseError, OpenError as JournalError};
use super::*;
use crate::log;
use std::collections::HashSet;
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::sync::Mutex;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Op {
    Create,
    Write,
    Sync,
    Truncate,
    Rename,
    Remove,
    SyncDir,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    /// Nothing happens.
    Fails(io::ErrorKind),
    /// Half of the bytes are written.
    Half(io::ErrorKind),
    /// It happens, but is reported as failed.
    Done(io::ErrorKind),
}

const EIO: io::ErrorKind = io::ErrorKind::Other;
const ENOSPC: io::ErrorKind = io::ErrorKind::StorageFull;

impl Fault {
    fn kind(self) -> io::ErrorKind {
        match self {
            Self::Fails(kind) | Self::Half(kind) | Self::Done(kind) => kind,
        }
    }
}

/// The real disk, on which the operations planned go wrong: each entry waits for the next operation of its kind.
#[derive(Debug, Default)]
struct FaultyDisk(Mutex<Vec<(Op, Fault)>>);

impl FaultyDisk {
    fn plan(&self, faults: &[(Op, Fault)]) {
        *self.0.lock().unwrap() = faults.to_vec();
    }

    fn all_happened(&self) -> bool {
        self.0.lock().unwrap().is_empty()
    }

    fn next(&self, op: Op) -> Option<Fault> {
        let mut plan = self.0.lock().unwrap();
        let at = plan.iter().position(|(planned, _)| *planned == op)?;
        Some(plan.remove(at).1)
    }

    fn run<T>(&self, op: Op, real: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
        match self.next(op) {
            None => real(),
            Some(Fault::Done(kind)) => real().and(Err(kind.into())),
            Some(fault) => Err(fault.kind().into()),
        }
    }
}

impl Disk for FaultyDisk {
    fn create(&self, path: &Path, mode: u32) -> io::Result<File> {
        self.run(Op::Create, || RealDisk.create(path, mode))
    }

    fn write_at(&self, file: &File, bytes: &[u8], offset: u64) -> io::Result<()> {
        match self.next(Op::Write) {
            None => RealDisk.write_at(file, bytes, offset),
            Some(fault) => {
                let part = match fault {
                    Fault::Fails(_) => 0,
                    Fault::Half(_) => bytes.len() / 2,
                    Fault::Done(_) => bytes.len(),
                };
                RealDisk.write_at(file, &bytes[..part], offset)?;
                Err(fault.kind().into())
            }
        }
    }

    fn sync(&self, file: &File) -> io::Result<()> {
        self.run(Op::Sync, || RealDisk.sync(file))
    }

    fn truncate(&self, file: &File, len: u64) -> io::Result<()> {
        self.run(Op::Truncate, || RealDisk.truncate(file, len))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.run(Op::Rename, || RealDisk.rename(from, to))
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        // Of what is not there nothing can fail to be removed.
        if path.exists() { self.run(Op::Remove, || RealDisk.remove(path)) } else { RealDisk.remove(path) }
    }

    fn sync_dir(&self, dir: &Path) -> io::Result<()> {
        self.run(Op::SyncDir, || RealDisk.sync_dir(dir))
    }
}

/// What the caller is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Told {
    /// It is done.
    Done,
    /// Nothing changed.
    NotDurable(Cause),
    /// Nobody knows.
    Poisoned,
}

fn told_append(outcome: &Result<log::Commit, log::AppendError>) -> Told {
    match outcome {
        Ok(_) => Told::Done,
        Err(log::AppendError::Journal(AppendError::NotDurable { cause, .. })) => Told::NotDurable(*cause),
        Err(log::AppendError::Journal(AppendError::Poisoned { .. })) => Told::Poisoned,
        Err(other) => panic!("{other}"),
    }
}

fn told_erase(outcome: &Result<(), EraseError>) -> Told {
    match outcome {
        Ok(()) => Told::Done,
        Err(EraseError::NotDurable { cause, .. }) => Told::NotDurable(*cause),
        Err(EraseError::Poisoned { .. }) => Told::Poisoned,
        Err(other) => panic!("{other}"),
    }
}

/// What a row of the table says: what goes wrong, and what the caller is told.
type Row = (&'static [(Op, Fault)], Told);

const FULL: Told = Told::NotDurable(Cause::Full);
const OTHER: Told = Told::NotDurable(Cause::Other);

/// Appending to the active segment: write, sync, write of the watermark.
const APPEND: &[Row] = &[
    (&[(Op::Write, Fault::Fails(EIO))], OTHER),
    (&[(Op::Write, Fault::Fails(ENOSPC))], FULL),
    (&[(Op::Write, Fault::Fails(io::ErrorKind::QuotaExceeded))], FULL),
    (&[(Op::Write, Fault::Half(EIO))], OTHER),
    (&[(Op::Write, Fault::Half(ENOSPC))], FULL),
    (&[(Op::Write, Fault::Done(EIO))], OTHER),
    (&[(Op::Write, Fault::Half(ENOSPC)), (Op::Truncate, Fault::Fails(EIO))], Told::Poisoned),
    (&[(Op::Write, Fault::Done(ENOSPC)), (Op::Truncate, Fault::Done(EIO))], Told::Poisoned),
    (&[(Op::Write, Fault::Half(ENOSPC)), (Op::Sync, Fault::Fails(EIO))], Told::Poisoned),
    (&[(Op::Sync, Fault::Fails(EIO))], Told::Poisoned),
    (&[(Op::Sync, Fault::Fails(ENOSPC))], Told::Poisoned),
    (&[(Op::Sync, Fault::Done(EIO))], Told::Poisoned),
];

/// Appending where a new segment begins: before the above, create and the folder's sync.
const ROLLING: &[Row] = &[
    (&[(Op::Create, Fault::Fails(EIO))], OTHER),
    (&[(Op::Create, Fault::Fails(ENOSPC))], FULL),
    (&[(Op::Create, Fault::Done(EIO))], OTHER),
    (&[(Op::SyncDir, Fault::Fails(EIO))], Told::Poisoned),
    (&[(Op::SyncDir, Fault::Done(EIO))], Told::Poisoned),
    (&[(Op::Write, Fault::Half(ENOSPC))], FULL),
    (&[(Op::Sync, Fault::Fails(EIO))], Told::Poisoned),
];

/// Erasing from a segment that is not the active one: create, write, sync, rename, the folder's sync.
const ERASE: &[Row] = &[
    (&[(Op::Create, Fault::Fails(ENOSPC))], FULL),
    (&[(Op::Write, Fault::Fails(EIO))], OTHER),
    (&[(Op::Write, Fault::Half(ENOSPC))], FULL),
    (&[(Op::Write, Fault::Half(ENOSPC)), (Op::Remove, Fault::Fails(EIO))], FULL),
    (&[(Op::Sync, Fault::Fails(EIO))], OTHER),
    (&[(Op::Sync, Fault::Done(EIO))], OTHER),
    (&[(Op::Rename, Fault::Fails(EIO))], OTHER),
    (&[(Op::Rename, Fault::Fails(EIO)), (Op::Remove, Fault::Fails(EIO))], OTHER),
    (&[(Op::SyncDir, Fault::Fails(EIO))], Told::Poisoned),
    (&[(Op::SyncDir, Fault::Done(EIO))], Told::Poisoned),
];

/// Leaves room for one small batch in the active segment, or none.
fn bench(disk: &Arc<FaultyDisk>, full: bool) -> Bench {
    let mut bench = Bench::on(Arc::clone(disk) as Arc<dyn Disk>);
    let room = |bench: &Bench| ROLL - fs::metadata(bench.segments().pop().unwrap()).unwrap().len();
    while bench.segments().len() < 3 || (room(&bench) < 900) != full {
        bench.append(1);
    }
    bench
}

#[test]
fn append_tells_the_truth() {
    for (full, table) in [(false, APPEND), (true, ROLLING)] {
        for (faults, expected) in table {
            let disk = Arc::new(FaultyDisk::default());
            let mut bench = bench(&disk, full);
            let before = bench.log().reader().head();
            let drafts = bench.model.batch(5);
            disk.plan(faults);
            let outcome = bench.log().append(6_000, drafts.clone());
            assert_eq!(told_append(&outcome), *expected, "{faults:?}");
            assert!(disk.all_happened(), "{faults:?} did not all happen");
            assert_eq!(bench.log().reader().head(), before, "{faults:?}: nobody sees it");
            bench.check_exactly();
            let again = bench.log().append(6_000, drafts.clone());
            if *expected == Told::Poisoned {
                assert_eq!(told_append(&again), Told::Poisoned, "{faults:?}: nothing is written any more");
                assert_eq!(told_erase(&bench.log().erase(1)), Told::Poisoned, "{faults:?}");
                bench.reopen();
                bench.check();
                let (size, known) = (bench.log().size(), bench.model.0.len() as u64);
                assert!(size == known || size == known + 5, "{faults:?}: as a whole or not at all");
            } else {
                assert_eq!(again.unwrap().size, before.size + 5, "{faults:?}: a later attempt succeeds");
                bench.model.extend(&drafts);
                bench.check_exactly();
                bench.reopen();
                bench.check_exactly();
            }
        }
    }
}

#[test]
fn what_was_not_durable_does_not_come_back() {
    for (faults, expected) in APPEND.iter().chain(ROLLING).filter(|(_, told)| *told != Told::Poisoned) {
        let disk = Arc::new(FaultyDisk::default());
        let mut bench = bench(&disk, false);
        let drafts = bench.model.batch(5);
        disk.plan(faults);
        let outcome = bench.log().append(6_000, drafts);
        if disk.all_happened() {
            assert_eq!(told_append(&outcome), *expected);
            bench.reopen();
            bench.check_exactly();
        }
    }
}

#[test]
fn a_watermark_that_cannot_be_written_takes_nothing_back() {
    let disk = Arc::new(FaultyDisk::default());
    let mut bench = bench(&disk, false);
    let drafts = bench.model.batch(2);
    bench.model.extend(&drafts);
    let real = Arc::new(SecondWriteFails::default());
    bench.close();
    let log = log_on(&bench.path(), Bench::options(0), Arc::clone(&real) as Arc<dyn Disk>).unwrap();
    bench.log = Some(log);
    real.0.lock().unwrap().replace(2);
    bench.log().append(6_000, drafts).unwrap();
    assert_eq!(*real.0.lock().unwrap(), Some(0));
    bench.check_exactly();
    bench.reopen();
    bench.check_exactly();
}

/// Fails the last of a counted number of writes.
#[derive(Debug, Default)]
struct SecondWriteFails(Mutex<Option<u32>>);

impl Disk for SecondWriteFails {
    fn write_at(&self, file: &File, bytes: &[u8], offset: u64) -> io::Result<()> {
        if let Some(left) = self.0.lock().unwrap().as_mut().filter(|left| **left > 0) {
            *left -= 1;
            if *left == 0 {
                return Err(EIO.into());
            }
        }
        RealDisk.write_at(file, bytes, offset)
    }
}

#[test]
fn erase_tells_the_truth() {
    for (faults, expected) in ERASE {
        let disk = Arc::new(FaultyDisk::default());
        let mut bench = bench(&disk, false);
        disk.plan(faults);
        assert_eq!(told_erase(&bench.log().erase(2)), *expected, "{faults:?}");
        assert!(disk.all_happened(), "{faults:?} did not all happen");
        bench.check_exactly();
        if *expected == Told::Poisoned {
            assert_eq!(told_erase(&bench.log().erase(2)), Told::Poisoned, "{faults:?}");
            bench.reopen();
            // Old or new, never a mix: after the rename it is the new one here.
            bench.model.0[2] = None;
        } else {
            bench.append(1);
            bench.log().erase(2).unwrap();
            bench.model.0[2] = None;
        }
        bench.check_exactly();
        bench.reopen();
        bench.check_exactly();
        assert!(fs::read_dir(bench.path()).unwrap().all(|item| !item.unwrap().path().ends_with(".tmp")));
    }
}

#[test]
fn erasing_from_the_active_segment_rolls_it_first() {
    for (faults, expected) in ROLLING.iter().filter(|(faults, _)| matches!(faults[0].0, Op::Create | Op::SyncDir)) {
        let disk = Arc::new(FaultyDisk::default());
        let mut bench = bench(&disk, false);
        let last = bench.log().size() - 1;
        let last = last - u64::from(bench.model.0[last as usize].as_ref().unwrap().is_empty());
        disk.plan(faults);
        assert_eq!(told_erase(&bench.log().erase(last)), *expected, "{faults:?}");
        bench.check_exactly();
        bench.reopen();
        bench.check_exactly();
        bench.log().erase(last).unwrap();
        bench.model.0[last as usize] = None;
        bench.append(1);
        bench.reopen();
        bench.check_exactly();
    }
}

/// Leaves half a record at the end.
fn tear(bench: &Bench) {
    let path = bench.segments().pop().unwrap();
    let mut bytes = fs::read(&path).unwrap();
    bytes.extend_from_slice(b"STRecord, torn");
    fs::write(path, bytes).unwrap();
}

#[test]
fn a_journal_that_cannot_be_mended_is_not_opened() {
    for (op, fault) in [
        (Op::Truncate, Fault::Fails(EIO)),
        (Op::Sync, Fault::Fails(EIO)),
        (Op::Sync, Fault::Done(EIO)),
        (Op::SyncDir, Fault::Fails(EIO)),
        (Op::Write, Fault::Fails(EIO)),
    ] {
        let disk = Arc::new(FaultyDisk::default());
        let mut bench = bench(&disk, false);
        bench.close();
        tear(&bench);
        disk.plan(&[(op, fault)]);
        let refused = log_on(&bench.path(), Bench::options(0), Arc::clone(&disk) as Arc<dyn Disk>).err().unwrap();
        assert!(matches!(refused, OpenError::Journal(JournalError::Io { .. })), "{op:?}: {refused}");
        assert!(disk.all_happened());
        bench.reopen();
        bench.check_exactly();
    }
}

/// Counts what is written, and knows which files wait to be synced.
#[derive(Debug, Default)]
struct CountingDisk(Mutex<(u64, HashSet<u64>)>);

impl CountingDisk {
    fn dirty(&self, file: &File, len: usize) {
        let mut state = self.0.lock().unwrap();
        state.0 += len as u64;
        state.1.insert(file.metadata().unwrap().ino());
    }
}

impl Disk for CountingDisk {
    fn write_at(&self, file: &File, bytes: &[u8], offset: u64) -> io::Result<()> {
        self.dirty(file, bytes.len());
        RealDisk.write_at(file, bytes, offset)
    }

    fn truncate(&self, file: &File, len: u64) -> io::Result<()> {
        self.dirty(file, 0);
        RealDisk.truncate(file, len)
    }

    fn sync(&self, file: &File) -> io::Result<()> {
        self.0.lock().unwrap().1.remove(&file.metadata().unwrap().ino());
        RealDisk.sync(file)
    }
}

#[test]
fn what_lies_above_the_watermark_is_written_again() {
    // After a failed sync the system may show bytes that are not on the disk, and take them for clean.
    let mut bench = Bench::new();
    bench.grow();
    bench.close();
    let written = |bench: &mut Bench| {
        let disk = Arc::new(CountingDisk::default());
        bench.log = Some(log_on(&bench.path(), Bench::options(0), Arc::clone(&disk) as Arc<dyn Disk>).unwrap());
        bench.check_exactly();
        bench.close();
        let state = disk.0.lock().unwrap();
        assert!(state.1.is_empty(), "everything is synced before anybody reads");
        state.0
    };
    let watermark = 20;
    assert_eq!(written(&mut bench), watermark, "nothing but the mark itself");
    let before = fs::read(bench.path().join("watermark")).unwrap();
    let len = |bench: &Bench| bench.segments().iter().map(|path| fs::metadata(path).unwrap().len()).sum::<u64>();
    let known = len(&bench);
    bench.reopen();
    bench.append(3);
    bench.append(2);
    bench.close();
    fs::write(bench.path().join("watermark"), before).unwrap();
    assert_eq!(written(&mut bench), len(&bench) - known + watermark);
    tear(&bench);
    assert_eq!(written(&mut bench), watermark, "a torn tail is cut off durably");
}
