//! Power cuts, emulated: what was not synced is lost, kept, or torn at sector borders, names included.

use super::*;
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::sync::Mutex;

const SECTOR: u64 = 512;

/// A small generator, so that a failing round can be repeated by its seed.
struct Random(u64);

impl Random {
    fn next(&mut self, below: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % below
    }

    fn coin(&mut self) -> bool {
        self.next(2) == 0
    }
}

/// Something done since the last sync, and how to undo it.
enum Undo {
    Write { file: File, offset: u64, len: u64, before: Vec<u8>, len_before: u64 },
    Truncate { file: File, len: u64, cut: Vec<u8> },
    Create { path: PathBuf },
    Rename { from: PathBuf, to: PathBuf, old: Vec<u8> },
}

/// A disk of which the power fails after a number of operations.
struct FailingPower(Mutex<State>);

struct State {
    left: u64,
    undo: Vec<Undo>,
}

fn inode(file: &File) -> u64 {
    file.metadata().unwrap().ino()
}

impl FailingPower {
    fn after(operations: u64) -> Arc<Self> {
        Arc::new(Self(Mutex::new(State { left: operations, undo: Vec::new() })))
    }

    /// Does it, unless the power is out.
    fn run<T>(&self, real: impl FnOnce(&mut Vec<Undo>) -> io::Result<T>) -> io::Result<T> {
        let mut state = self.0.lock().unwrap();
        if state.left == 0 {
            return Err(io::Error::other("the power is out"));
        }
        state.left -= 1;
        let done = real(&mut state.undo);
        // The last operation happens, or half of it, and nobody hears of it.
        if state.left == 0 { Err(io::Error::other("the power goes out")) } else { done }
    }

    /// Leaves on the disk what a power cut may leave.
    fn cut(&self, random: &mut Random) {
        let undo = std::mem::take(&mut self.0.lock().unwrap().undo);
        undo.into_iter().rev().for_each(|undo| undo.perhaps(random));
    }
}

impl Undo {
    fn perhaps(self, random: &mut Random) {
        match self {
            Self::Write { file, offset, len, before, len_before } => {
                tear(&file, offset, len, &before, random);
                if len_before < offset + len && random.coin() {
                    let end = len_before + random.next(offset + len - len_before + 1);
                    file.set_len(end).unwrap();
                }
            }
            Self::Truncate { file, len, cut } if random.coin() => file.write_all_at(&cut, len).unwrap(),
            Self::Create { path } if random.coin() => drop(fs::remove_file(path)),
            Self::Rename { from, to, old } if random.coin() => {
                fs::rename(&to, &from).unwrap();
                fs::write(&to, old).unwrap();
            }
            _ => {}
        }
    }
}

/// Puts back what was there before, sector by sector, each with a chance of one half.
fn tear(file: &File, offset: u64, len: u64, before: &[u8], random: &mut Random) {
    let mut at = offset;
    while at < offset + len {
        let end = ((at / SECTOR + 1) * SECTOR).min(offset + len);
        if random.coin() {
            let old: Vec<u8> = (at..end).map(|i| before.get((i - offset) as usize).copied().unwrap_or(0)).collect();
            file.write_all_at(&old, at).unwrap();
        }
        at = end;
    }
}

impl Disk for FailingPower {
    fn create(&self, path: &Path) -> io::Result<File> {
        self.run(|undo| {
            let file = RealDisk.create(path)?;
            undo.push(Undo::Create { path: path.into() });
            Ok(file)
        })
    }

    fn write_at(&self, file: &File, bytes: &[u8], offset: u64) -> io::Result<()> {
        self.run(|undo| {
            let len_before = file.metadata()?.len();
            let mut before = vec![0; len_before.saturating_sub(offset).min(bytes.len() as u64) as usize];
            file.read_exact_at(&mut before, offset)?;
            RealDisk.write_at(file, bytes, offset)?;
            let (file, len) = (file.try_clone()?, bytes.len() as u64);
            undo.push(Undo::Write { file, offset, len, before, len_before });
            Ok(())
        })
    }

    fn sync(&self, file: &File) -> io::Result<()> {
        let synced = inode(file);
        self.run(|undo| {
            undo.retain(|undo| match undo {
                Undo::Write { file, .. } | Undo::Truncate { file, .. } => inode(file) != synced,
                _ => true,
            });
            Ok(())
        })
    }

    fn truncate(&self, file: &File, len: u64) -> io::Result<()> {
        self.run(|undo| {
            let mut cut = vec![0; (file.metadata()?.len() - len) as usize];
            file.read_exact_at(&mut cut, len)?;
            undo.push(Undo::Truncate { file: file.try_clone()?, len, cut });
            RealDisk.truncate(file, len)
        })
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.run(|undo| {
            undo.push(Undo::Rename { from: from.into(), to: to.into(), old: fs::read(to)? });
            RealDisk.rename(from, to)
        })
    }

    fn sync_dir(&self, _: &Path) -> io::Result<()> {
        self.run(|undo| {
            undo.retain(|undo| matches!(undo, Undo::Write { .. } | Undo::Truncate { .. }));
            Ok(())
        })
    }
}

/// Works on the log until the power goes; the model holds what was acknowledged.
fn work(log: &mut Log, model: &mut Model, random: &mut Random) -> Option<usize> {
    loop {
        if random.next(4) == 0 {
            let index = random.next(model.0.len() as u64) as usize;
            let erasable = index > 0 && model.0[index].as_ref().is_some_and(|bytes| !bytes.is_empty());
            if erasable {
                match log.erase(index as u64) {
                    Ok(()) => model.0[index] = None,
                    Err(_) => return Some(index),
                }
            }
        } else {
            let drafts = model.batch(1 + random.next(12) as usize);
            match log.append(7_000, drafts.clone()) {
                Ok(_) => model.extend(&drafts),
                Err(_) => return None,
            }
        }
    }
}

#[test]
fn what_was_acknowledged_survives_a_power_cut() {
    let mut lost = 0;
    for seed in 0..300 {
        let (mut random, dir) = (Random(seed * 7919 + 1), tempfile::tempdir().unwrap());
        let path = dir.path().join("journal");
        drop(log_on(&path, Bench::options(0), Arc::new(HastyDisk)).unwrap());
        let mut model = Model::new();
        for _cut in 0..4 {
            let disk = FailingPower::after(1 + random.next(60));
            let shared = Arc::clone(&disk) as Arc<dyn Disk>;
            let opened = log_on(&path, Bench::options(0), shared);
            let erasing = opened.ok().and_then(|mut log| work(&mut log, &mut model, &mut random));
            disk.cut(&mut random);
            let log = log_on(&path, Bench::options(0), Arc::new(HastyDisk));
            let log = log.unwrap_or_else(|error| panic!("seed {seed}: {error}"));
            // An erasure that was under way may have happened.
            if let Some(index) =
                erasing.filter(|index| log.reader().statement(*index as u64).unwrap() == Stored::Erased)
            {
                model.0[index] = None;
            }
            model.check(&log.reader());
            // A batch that was under way may be there as a whole; from now on it must stay.
            let known = model.0.len() as u64;
            lost += u64::from(log.size() == known);
            for index in known..log.size() {
                model.0.push(match log.reader().statement(index).unwrap() {
                    Stored::Bytes(bytes) => Some(bytes),
                    Stored::None => Some(Bytes::new()),
                    Stored::Erased => None,
                });
            }
        }
    }
    assert!((100..1100).contains(&lost), "cuts hit both before and after a batch was durable: {lost} of 1200");
}
