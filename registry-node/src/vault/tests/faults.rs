//! Every operation on the files of a vault × every way in which it can go wrong: while the program goes on, after a loss of power, and
//! after a restart.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io;
use std::ops::Bound;
use std::sync::Arc;

use ledger::disk::Disk;
use redb::backends::FileBackend;
use redb::{BackendError, DatabaseError, StorageBackend};
use std::time::Duration;
use tempfile::TempDir;
use test_data::fragile::{Fault, FragileDisk, losses};

use super::super::*;

/// Files on a disk that breaks.
#[derive(Debug, Clone)]
struct Fragile(Arc<FragileDisk>);

impl Storage for Fragile {
    fn backend(&self, path: &Path) -> Result<Box<dyn StorageBackend>, DatabaseError> {
        let file = match path.exists() {
            true => File::options().read(true).write(true).open(path)?,
            false => self.0.create(path, 0o600)?,
        };
        let real = FileBackend::new(file.try_clone()?)?;
        Ok(Box::new(FragileFile { disk: Arc::clone(&self.0), file, real }))
    }

    fn disk(&self) -> &dyn Disk {
        self
    }

    fn pause(&self) -> Duration {
        Duration::ZERO
    }
}

/// What a vault does to names.
impl Disk for Fragile {
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.0.rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.0.remove(path)
    }

    fn sync_dir(&self, dir: &Path) -> io::Result<()> {
        self.0.sync_dir(dir)
    }
}

#[derive(Debug)]
struct FragileFile {
    disk: Arc<FragileDisk>,
    file: File,
    real: FileBackend,
}

impl StorageBackend for FragileFile {
    fn len(&self) -> io::Result<u64> {
        self.real.len()
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.real.read(offset, out)
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.disk.truncate(&self.file, len)
    }

    fn sync_data(&self) -> io::Result<()> {
        self.disk.sync(&self.file)
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.disk.write_at(&self.file, data, offset)
    }

    fn close(&self) -> io::Result<()> {
        self.real.close()
    }

    fn try_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.real.try_lock_range(start, end)
    }

    fn unlock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.real.unlock_range(start, end)
    }
}

/// What a node does to its vault.
#[derive(Debug, Clone, Copy)]
enum Step {
    Put(&'static [(&'static str, &'static str)]),
    Erase(&'static [&'static str]),
    Shred,
}

const LIFE: [Step; 6] = [
    Step::Put(&[("a", "1"), ("b", "1")]),
    Step::Put(&[("a", "2"), ("c", "1")]),
    Step::Erase(&["b"]),
    Step::Shred,
    Step::Put(&[("b", "2")]),
    Step::Erase(&["a", "c"]),
];

/// redb asks for no reason of a failure, so one of each way is enough.
const FAULTS: [Fault; 6] = [
    Fault::Fails(io::ErrorKind::Other),
    Fault::Half(io::ErrorKind::StorageFull),
    Fault::Done(io::ErrorKind::Other),
    Fault::Full,
    Fault::Dead,
    Fault::PowerLost,
];

/// What is in the vault.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
struct Contents(BTreeMap<String, String>);

impl Contents {
    fn of(vault: &Vault) -> Result<Self, VaultError> {
        let value = |name: String| {
            let value = vault.value(&name)?.expect("a name that is listed has a value");
            Ok((name, String::from_utf8(value).unwrap()))
        };
        vault.names("")?.into_iter().map(value).collect::<Result<_, _>>().map(Self)
    }

    fn after(&self, step: Step) -> Self {
        let mut after = self.clone();
        match step {
            Step::Put(values) => {
                after.0.extend(values.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
            }
            Step::Erase(names) => names.iter().for_each(|name| drop(after.0.remove(*name))),
            Step::Shred => {}
        }
        after
    }
}

fn take(vault: &Vault, step: Step) -> Result<(), VaultError> {
    match step {
        Step::Put(values) => {
            let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), value.as_bytes().to_vec());
            vault.put_all(&values.iter().map(owned).collect::<Vec<_>>())
        }
        Step::Erase(names) => vault.erase_all(&names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>()),
        Step::Shred => vault.shred(),
    }
}

/// A vault on a disk of its own, and what may be in it.
struct Life {
    dir: TempDir,
    disk: Arc<FragileDisk>,
    /// What was acknowledged, and with it what was not, if nobody can know.
    possible: Vec<Contents>,
    uncertain: bool,
    /// What goes wrong goes wrong once; whatever comes then succeeds, unless a sync failed.
    passes: bool,
}

fn open(folder: &Path, disk: &Arc<FragileDisk>) -> Result<Vault, VaultError> {
    Vault::open_on(folder, Box::new(Fragile(Arc::clone(disk))))
}

/// A vault that has a key and nothing else, to begin with.
fn made() -> &'static Path {
    static MADE: std::sync::OnceLock<TempDir> = std::sync::OnceLock::new();
    MADE.get_or_init(|| {
        let dir = tempfile::tempdir().unwrap();
        drop(Vault::open(dir.path()).unwrap());
        [VALUES_FILE, KEYS_FILE].iter().for_each(|file| fs::remove_file(dir.path().join(file)).unwrap());
        dir
    })
    .path()
}

impl Life {
    fn lived(plan: Option<(u64, Fault)>) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join("vault");
        fs::create_dir(&folder).unwrap();
        fs::read_dir(made()).unwrap().for_each(|file| {
            let file = file.unwrap();
            fs::copy(file.path(), folder.join(file.file_name())).unwrap();
        });
        let disk = Arc::new(FragileDisk::below(&folder, plan));
        let passes = plan.is_some_and(|(_, fault)| matches!(fault, Fault::Fails(_) | Fault::Half(_) | Fault::Done(_)));
        let mut life = Self { dir, disk, possible: vec![Contents::default()], uncertain: false, passes };
        if let Ok(vault) = open(&folder, &life.disk) {
            life.live(&vault);
        }
        life
    }

    fn live(&mut self, vault: &Vault) {
        let mut failed = false;
        for step in LIFE {
            let before = self.possible[0].clone();
            let after = before.after(step);
            match take(vault, step) {
                Ok(()) => {
                    assert!(!self.uncertain, "nothing is acknowledged after a failed sync");
                    self.possible = vec![after];
                }
                Err(error) if self.uncertain => assert!(error.needs_restart(), "{step:?}: {error}"),
                Err(error) => {
                    assert!(!(self.passes && failed), "{step:?}, after what went wrong: {error}");
                    assert_eq!(error.needs_restart(), vault.is_uncertain(), "{step:?}: {error}");
                    self.possible = vec![before, after];
                    failed = true;
                }
            }
            self.uncertain |= vault.is_uncertain();
            match Contents::of(vault) {
                Ok(contents) => {
                    assert!(!self.uncertain, "nothing is shown after a failed sync");
                    assert!(self.possible.contains(&contents), "{step:?}: {contents:?}, {:?}", self.possible);
                    self.possible = vec![contents];
                }
                // It cannot be opened again, or nobody knows what is durable: the program shows that to its operator.
                Err(error) => {
                    assert!(!self.passes || self.uncertain, "{step:?}: the files are not opened again: {error}");
                    return;
                }
            }
        }
    }

    /// What a loss of power at this moment leaves is what was acknowledged, with what was under way as a whole or not at all.
    fn holds_without_power(&self, when: &str, losses: &[u64]) {
        for seed in losses.iter().copied() {
            let folder = self.dir.path().join(format!("{when}-{seed}"));
            fs::create_dir(&folder).unwrap();
            self.disk.after_power_loss(&folder, seed);
            let disk = Arc::new(FragileDisk::below(&folder, None));
            let vault = open(&folder, &disk).unwrap_or_else(|error| panic!("{when}, loss {seed}: {error}"));
            self.holds(&vault, when);
            fs::remove_dir_all(&folder).unwrap();
        }
    }

    fn holds(&self, vault: &Vault, when: &str) -> Contents {
        let contents = Contents::of(vault).unwrap();
        assert!(self.possible.contains(&contents), "{when}: {contents:?}, {:?}", self.possible);
        vault.put("later", b"4").unwrap();
        assert_eq!(Contents::of(vault).unwrap(), contents.after(Step::Put(&[("later", "4")])), "{when}");
        contents
    }

    /// The program starts again on a machine that stayed up. The system forgets what a failed sync left in memory, as the real
    /// opening asks it to.
    fn starts_again(&mut self) {
        self.disk.heal();
        let vault = open(&self.dir.path().join("vault"), &self.disk).unwrap();
        let contents = self.holds(&vault, "restart");
        self.possible = vec![contents.after(Step::Put(&[("later", "4")]))];
    }
}

#[test]
fn every_operation_of_a_vault_may_go_wrong() {
    let whole = Life::lived(None);
    assert_eq!(whole.possible, [Contents([("b", "2")].map(|(n, v)| (n.into(), v.into())).into())]);
    let (operations, mut uncertain) = (whole.disk.operations(), 0);
    for number in 0..operations {
        for fault in FAULTS {
            let outcome = std::panic::catch_unwind(|| {
                let mut life = Life::lived(Some((number, fault)));
                life.holds_without_power("at once", &losses(number));
                if fault != Fault::PowerLost && !life.uncertain {
                    life.starts_again();
                    life.holds_without_power("after a restart", &losses(number)[..1]);
                }
                life.uncertain
            });
            uncertain += u64::from(outcome.unwrap_or_else(|_| panic!("operation {number} of {operations}: {fault:?}")));
        }
    }
    assert!(uncertain > 10, "failed syncs among them: {uncertain}");
}
