//! A disk that breaks, with a memory of what is durable on it.
//!
//! The files are real, so that whoever reads them needs no port; beside them every page and every name that was not synced is
//! remembered. One operation, counted from the first, can be told to go wrong ([`Fault`]). [`FragileDisk::after_power_loss`] makes what
//! a power loss at this moment leaves: everything that was synced, and of the rest any part, torn at sector borders, in any
//! mixture, because that is all that a file system promises. After a failed sync the system takes the pages for clean (Linux does):
//! they are seen by whoever reads, and no later sync writes them. Names are kept by the file system's own journal, and wait for the next.

use std::collections::{BTreeMap, HashMap};
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, FileExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard};

/// What a device writes whole or not at all.
const SECTOR: u64 = 512;

/// A small generator, so that a failing round can be repeated by its seed.
#[derive(Debug)]
pub struct Random(pub u64);

impl Random {
    /// The next number below a bound.
    pub fn next(&mut self, below: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % below
    }
}

/// What of the unsynced a power loss leaves: by the seed nothing, everything, or any part.
struct Luck(u64, Random);

impl Luck {
    fn of(seed: u64) -> Self {
        Self(seed % 4, Random(seed))
    }

    fn keeps(&mut self) -> bool {
        match self.0 {
            0 => false,
            1 => true,
            _ => self.1.next(2) == 0,
        }
    }
}

/// What of the unsynced to lose in the round of that operation: all of it, nothing, and some of it, in each round another part.
pub fn losses(number: u64) -> [u64; 3] {
    [0, 1, 4 * number + 2]
}

/// How an operation goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// It fails, and nothing happens.
    Fails(io::ErrorKind),
    /// Of a write the sectors up to its middle are written, of one within a sector half of its bytes; everything else fails.
    Half(io::ErrorKind),
    /// It happens, but is reported as failed.
    Done(io::ErrorKind),
    /// From here on nothing that takes room succeeds.
    Full,
    /// From here on nothing succeeds.
    Dead,
    /// The power goes while it happens: it is done or not, and nothing succeeds any more.
    PowerLost,
}

impl Fault {
    /// Every way to go wrong.
    pub const ALL: [Self; 8] = [
        Self::Fails(io::ErrorKind::Other),
        Self::Fails(io::ErrorKind::StorageFull),
        Self::Half(io::ErrorKind::Other),
        Self::Half(io::ErrorKind::StorageFull),
        Self::Done(io::ErrorKind::Other),
        Self::Full,
        Self::Dead,
        Self::PowerLost,
    ];
}

/// A disk below a folder.
#[derive(Debug)]
pub struct FragileDisk(Mutex<State>);

#[derive(Debug)]
struct State {
    root: PathBuf,
    count: u64,
    plan: Option<(u64, Fault)>,
    /// What goes wrong from now on.
    lasting: Option<Fault>,
    /// By inode. The handles keep inodes from being given to other files.
    files: HashMap<u64, Content>,
    names: BTreeMap<PathBuf, Named>,
    renamed: Vec<(Naming, Fate)>,
}

#[derive(Debug)]
struct Content {
    kept: File,
    synced: Vec<u8>,
    changes: Vec<(Change, Fate)>,
}

/// What is known of a change: whether the disk has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Durable,
    /// The next sync makes it durable.
    Waiting,
    /// A sync failed: no later one makes it durable.
    Forgotten,
}

#[derive(Debug)]
enum Change {
    Write { offset: u64, bytes: Vec<u8> },
    Cut(u64),
}

#[derive(Debug, Clone, Copy)]
enum Named {
    File(u64),
    Folder,
}

#[derive(Debug, Clone)]
enum Naming {
    Given(PathBuf, Named),
    Gone(PathBuf),
    Moved { from: PathBuf, to: PathBuf, inode: u64 },
}

impl Naming {
    fn is_in(&self, dir: &Path) -> bool {
        match self {
            Self::Given(path, _) | Self::Gone(path) => path.parent() == Some(dir),
            Self::Moved { from, to, .. } => [from, to].iter().any(|path| path.parent() == Some(dir)),
        }
    }

    fn apply(&self, names: &mut BTreeMap<PathBuf, Named>) {
        match self {
            Self::Given(path, named) => drop(names.insert(path.clone(), *named)),
            Self::Gone(path) => drop(names.remove(path)),
            Self::Moved { from, to, inode } => {
                names.remove(from);
                names.insert(to.clone(), Named::File(*inode));
            }
        }
    }
}

/// What happens to an operation.
enum Outcome {
    Happens,
    /// It fails, having happened or not.
    Fails {
        kind: io::ErrorKind,
        done: bool,
    },
    /// A write fails after about half of it.
    Half(io::ErrorKind),
}

fn inode(file: &File) -> u64 {
    file.metadata().unwrap().ino()
}

impl FragileDisk {
    /// Takes everything below `root` for durable; `plan` says which operation goes wrong, and how.
    pub fn below(root: &Path, plan: Option<(u64, Fault)>) -> Self {
        let (files, names) = (HashMap::new(), BTreeMap::new());
        let mut state = State { root: root.into(), count: 0, plan, lasting: None, files, names, renamed: Vec::new() };
        state.take_in(root);
        Self(Mutex::new(state))
    }

    /// How many operations there were.
    pub fn operations(&self) -> u64 {
        self.state().count
    }

    /// Nothing goes wrong any more, as after a restart of the program on a machine that stayed up.
    pub fn heal(&self) {
        let mut state = self.state();
        (state.plan, state.lasting) = (None, None);
    }

    /// Puts into `folder`, which must be empty, what a loss of power leaves now. The seeds 0 and 1 leave nothing and everything of
    /// what is not durable.
    pub fn after_power_loss(&self, folder: &Path, seed: u64) {
        let (state, mut luck) = (self.state(), Luck::of(seed));
        let mut names = state.names.clone();
        for (naming, fate) in &state.renamed {
            if *fate == Fate::Durable || luck.keeps() {
                naming.apply(&mut names);
            }
        }
        // Sorted, so that a folder comes before what is in it. What lies in a folder without a name is lost with it.
        for (path, named) in &names {
            let place = folder.join(path.strip_prefix(&state.root).unwrap());
            match named {
                _ if !place.parent().unwrap().is_dir() => {}
                Named::Folder => fs::create_dir(place).unwrap(),
                Named::File(inode) => state.files[inode].put_after_power_loss(&place, &mut luck),
            }
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }
}

/// The operations.
impl FragileDisk {
    /// Creates a file that must not exist.
    ///
    /// # Errors
    /// What goes wrong.
    pub fn create(&self, path: &Path, mode: u32) -> io::Result<File> {
        self.state().name(true, |state| {
            let file = OpenOptions::new().read(true).write(true).create_new(true).mode(mode).open(path)?;
            let inode = inode(&file);
            state.files.insert(inode, Content::new(file.try_clone()?, Vec::new()));
            Ok((vec![Naming::Given(path.into(), Named::File(inode))], file))
        })
    }

    /// Writes at an offset.
    ///
    /// # Errors
    /// What goes wrong.
    pub fn write_at(&self, file: &File, bytes: &[u8], offset: u64) -> io::Result<()> {
        let mut state = self.state();
        let (part, failed) = match state.next(true) {
            Outcome::Happens => (bytes, Ok(())),
            Outcome::Fails { kind, done } => (if done { bytes } else { &bytes[..0] }, Err(kind.into())),
            Outcome::Half(kind) => {
                let half = bytes.len() as u64 / 2;
                let whole = ((offset + half) / SECTOR * SECTOR).checked_sub(offset).filter(|whole| *whole > 0);
                (&bytes[..whole.unwrap_or(half) as usize], Err(kind.into()))
            }
        };
        file.write_all_at(part, offset)?;
        state.content(file).changes.push((Change::Write { offset, bytes: part.into() }, Fate::Waiting));
        failed
    }

    /// Makes what was written durable.
    ///
    /// # Errors
    /// What goes wrong.
    pub fn sync(&self, file: &File) -> io::Result<()> {
        let mut state = self.state();
        let (fate, outcome) = state.settled();
        let waiting = state.content(file).changes.iter_mut().filter(|(_, fate)| *fate == Fate::Waiting);
        waiting.for_each(|(_, known)| *known = fate);
        outcome
    }

    /// Cuts a file, or makes it longer.
    ///
    /// # Errors
    /// What goes wrong.
    pub fn truncate(&self, file: &File, len: u64) -> io::Result<()> {
        let mut state = self.state();
        let (done, outcome) = match state.next(false) {
            Outcome::Happens => (true, Ok(())),
            Outcome::Fails { kind, done } => (done, Err(kind.into())),
            Outcome::Half(kind) => (false, Err(kind.into())),
        };
        if done {
            file.set_len(len)?;
            state.content(file).changes.push((Change::Cut(len), Fate::Waiting));
        }
        outcome
    }

    /// Gives a file another's name.
    ///
    /// # Errors
    /// What goes wrong.
    pub fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.state().name(false, |_| {
            let inode = inode(&File::open(from)?);
            fs::rename(from, to)?;
            Ok((vec![Naming::Moved { from: from.into(), to: to.into(), inode }], ()))
        })
    }

    /// Gives a file a second name.
    ///
    /// # Errors
    /// What goes wrong.
    pub fn link(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.state().name(true, |_| {
            let inode = inode(&File::open(from)?);
            fs::hard_link(from, to)?;
            Ok((vec![Naming::Given(to.into(), Named::File(inode))], ()))
        })
    }

    /// Removes a file.
    ///
    /// # Errors
    /// What goes wrong.
    pub fn remove(&self, path: &Path) -> io::Result<()> {
        self.state().name(false, |_| {
            fs::remove_file(path)?;
            Ok((vec![Naming::Gone(path.into())], ()))
        })
    }

    /// Makes a folder.
    ///
    /// # Errors
    /// What goes wrong.
    pub fn create_dir(&self, path: &Path, mode: u32) -> io::Result<()> {
        self.state().name(true, |_| {
            DirBuilder::new().mode(mode).create(path)?;
            Ok((vec![Naming::Given(path.into(), Named::Folder)], ()))
        })
    }

    /// Removes a folder with everything in it.
    ///
    /// # Errors
    /// What goes wrong.
    pub fn remove_tree(&self, path: &Path) -> io::Result<()> {
        self.state().name(false, |_| {
            let mut gone = Vec::new();
            below(path, &mut gone);
            fs::remove_dir_all(path)?;
            Ok((gone.into_iter().map(Naming::Gone).collect(), ()))
        })
    }

    /// Makes the names in a folder durable.
    ///
    /// # Errors
    /// What goes wrong.
    pub fn sync_dir(&self, dir: &Path) -> io::Result<()> {
        let mut state = self.state();
        let (fate, outcome) = state.settled();
        // A file system keeps names in its journal until they are written, or takes no more changes at all.
        if fate == Fate::Durable {
            state.renamed.iter_mut().filter(|(naming, _)| naming.is_in(dir)).for_each(|(_, known)| *known = fate);
        }
        outcome
    }
}

impl Content {
    fn new(file: File, synced: Vec<u8>) -> Self {
        Self { kept: file, synced, changes: Vec::new() }
    }

    fn put_after_power_loss(&self, place: &Path, luck: &mut Luck) {
        fs::write(place, self.after_power_loss(luck)).unwrap();
        fs::set_permissions(place, self.kept.metadata().unwrap().permissions()).unwrap();
    }

    fn after_power_loss(&self, luck: &mut Luck) -> Vec<u8> {
        let mut bytes = self.synced.clone();
        for (change, fate) in &self.changes {
            let keeps = || *fate == Fate::Durable || luck.keeps();
            match change {
                Change::Cut(len) => cut(&mut bytes, *len, keeps),
                Change::Write { offset, bytes: written } => tear(&mut bytes, *offset, written, keeps),
            }
        }
        bytes
    }
}

fn cut(bytes: &mut Vec<u8>, len: u64, mut keeps: impl FnMut() -> bool) {
    if keeps() {
        bytes.resize(len as usize, 0);
    }
}

/// Writes those sectors of which `keeps` says so. A file may have got its length without them.
fn tear(bytes: &mut Vec<u8>, offset: u64, written: &[u8], mut keeps: impl FnMut() -> bool) {
    let (mut at, end) = (offset, offset + written.len() as u64);
    while at < end {
        let next = ((at / SECTOR + 1) * SECTOR).min(end);
        if keeps() {
            bytes.resize(bytes.len().max(next as usize), 0);
            let part = &written[(at - offset) as usize..(next - offset) as usize];
            bytes[at as usize..next as usize].copy_from_slice(part);
        }
        at = next;
    }
    if bytes.len() < end as usize && keeps() {
        bytes.resize(end as usize, 0);
    }
}

impl State {
    /// Everything below `folder` as it is.
    fn take_in(&mut self, folder: &Path) {
        for path in fs::read_dir(folder).unwrap().map(|item| item.unwrap().path()) {
            let named = if path.is_dir() {
                self.take_in(&path);
                Named::Folder
            } else {
                let file = File::open(&path).unwrap();
                let inode = inode(&file);
                self.files.insert(inode, Content::new(file, fs::read(&path).unwrap()));
                Named::File(inode)
            };
            self.names.insert(path, named);
        }
    }

    /// What happens to the next operation.
    fn next(&mut self, takes_room: bool) -> Outcome {
        let number = self.count;
        self.count += 1;
        let planned = self.plan.filter(|(at, _)| *at == number).map(|(_, fault)| fault);
        if let Some(fault @ (Fault::Full | Fault::Dead | Fault::PowerLost)) = planned {
            self.lasting = Some(fault);
        }
        let fails = |kind, done| Outcome::Fails { kind, done };
        match planned.or(self.lasting) {
            Some(Fault::Fails(kind)) => fails(kind, false),
            Some(Fault::Half(kind)) => Outcome::Half(kind),
            Some(Fault::Done(kind)) => fails(kind, true),
            Some(Fault::Full) if takes_room => Outcome::Half(io::ErrorKind::StorageFull),
            Some(Fault::Dead) => fails(io::ErrorKind::Other, false),
            // The last operation may have happened; nobody hears of it.
            Some(Fault::PowerLost) => fails(io::ErrorKind::Other, planned.is_some()),
            Some(Fault::Full) | None => Outcome::Happens,
        }
    }

    /// Changes a name, as far as the operation happens.
    fn name<T>(
        &mut self,
        takes_room: bool,
        real: impl FnOnce(&mut Self) -> io::Result<(Vec<Naming>, T)>,
    ) -> io::Result<T> {
        let (done, failed) = match self.next(takes_room) {
            Outcome::Happens => (true, None),
            Outcome::Fails { kind, done } => (done, Some(kind)),
            Outcome::Half(kind) => (false, Some(kind)),
        };
        let value = if done {
            let (namings, value) = real(self)?;
            self.renamed.extend(namings.into_iter().map(|naming| (naming, Fate::Waiting)));
            Some(value)
        } else {
            None
        };
        match (failed, value) {
            (None, Some(value)) => Ok(value),
            (failed, _) => Err(failed.unwrap_or(io::ErrorKind::Other).into()),
        }
    }

    /// A sync: what waits is durable now, or will never be.
    fn settled(&mut self) -> (Fate, io::Result<()>) {
        match self.next(false) {
            Outcome::Happens => (Fate::Durable, Ok(())),
            Outcome::Fails { kind, done: true } => (Fate::Durable, Err(kind.into())),
            Outcome::Fails { kind, .. } | Outcome::Half(kind) => (Fate::Forgotten, Err(kind.into())),
        }
    }

    fn content(&mut self, file: &File) -> &mut Content {
        self.files.get_mut(&inode(file)).unwrap()
    }
}

/// The names of everything below a folder, and its own.
fn below(path: &Path, names: &mut Vec<PathBuf>) {
    if path.is_dir() {
        fs::read_dir(path).unwrap().for_each(|item| below(&item.unwrap().path(), names));
    }
    names.push(path.into());
}
