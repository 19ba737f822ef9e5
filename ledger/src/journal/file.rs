//! The journal in files: the writer. See [`super`] for what it promises and `segment.rs` for the files.
//!
//! A commit is one write of one record and one `fdatasync`. A new segment is begun before a record that would make the
//! last one longer than the roll size; its name is durable before anything in it counts.

use super::directory::{Placed, Shared};
use super::recovery::Recovery;
use super::segment::{self, Segment, Watermark};
use super::{
    AppendError, Batch, Cause, EraseError, Journal, JournalReader, JournalWriter, OpenError, Opened, Replay, Slot,
    record,
};
use crate::disk::{Disk, RealDisk};
use crate::files;
use std::collections::HashSet;
use std::fs::{DirBuilder, File};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// How a journal in files is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    /// A segment is not made longer than this, unless a single record is; at most [`Options::MAX_ROLL`].
    pub roll_bytes: u64,
    /// How many entries the caller knows to have been acknowledged, for instance because a checkpoint over them was
    /// published. A journal that holds fewer is refused.
    pub published_size: u64,
}

impl Options {
    /// Places in a segment are kept in 32 bits.
    pub const MAX_ROLL: u64 = 1 << 30;
}

impl Default for Options {
    fn default() -> Self {
        Self { roll_bytes: 256 << 20, published_size: 0 }
    }
}

/// A folder of segments, taken by this process.
pub struct FileJournal {
    dir: PathBuf,
    options: Options,
    disk: Arc<dyn Disk>,
    lock: File,
}

impl FileJournal {
    /// Takes the journal in `dir`, which is made if need be.
    pub fn open(dir: &Path, options: Options) -> Result<Self, OpenError> {
        Self::open_on(dir, options, Arc::new(RealDisk))
    }

    /// As [`FileJournal::open`], on a disk of the caller's.
    pub fn open_on(dir: &Path, options: Options, disk: Arc<dyn Disk>) -> Result<Self, OpenError> {
        if !dir.is_dir() {
            // Statements that are withheld rest in here.
            DirBuilder::new().recursive(true).mode(0o700).create(dir).map_err(OpenError::io(dir))?;
            disk.sync_dir(files::parent(dir)).map_err(OpenError::io(dir))?;
        }
        let lock = segment::lock(dir)?;
        segment::remove_temporary(disk.as_ref(), dir)?;
        Ok(Self { dir: dir.into(), options, disk, lock })
    }
}

impl Journal for FileJournal {
    fn replay(self: Box<Self>, replay: &mut dyn Replay) -> Result<Opened, OpenError> {
        let disk = self.disk.as_ref();
        let (watermark, marked) = Watermark::open(disk, &self.dir)?;
        let floor = marked.max(self.options.published_size);
        let recovery = Recovery { dir: &self.dir, disk, replay, floor, watermark: marked };
        let (mut directory, len) = recovery.run(segment::open_all(&self.dir)?)?;
        let active = match directory.segments.last() {
            Some(last) => Arc::clone(last),
            None => {
                let first = Segment::create(disk, &self.dir, 0).map_err(OpenError::io(&self.dir))?;
                directory.segments.push(Arc::new(first));
                Arc::clone(&directory.segments[0])
            }
        };
        let size = directory.len();
        disk.sync_dir(&self.dir).map_err(OpenError::io(&self.dir))?;
        watermark.settle(disk, size).map_err(OpenError::io(&self.dir))?;
        let shared = Arc::new(Shared::new(directory));
        let reader: Arc<dyn JournalReader> = Arc::clone(&shared) as _;
        let writer = FileWriter {
            dir: self.dir,
            roll_bytes: self.options.roll_bytes.min(Options::MAX_ROLL),
            disk: self.disk,
            watermark,
            shared,
            active,
            len,
            size,
            buffer: Vec::new(),
            poison: None,
            _lock: self.lock,
        };
        Ok(Opened { writer: Box::new(writer), reader })
    }
}

/// The one writer of a journal in files.
pub(super) struct FileWriter {
    pub(super) dir: PathBuf,
    pub(super) disk: Arc<dyn Disk>,
    pub(super) shared: Arc<Shared>,
    roll_bytes: u64,
    watermark: Watermark,
    active: Arc<Segment>,
    /// Length of the active segment.
    len: u64,
    /// Number of entries.
    size: u64,
    buffer: Vec<u8>,
    poison: Option<String>,
    /// Held as long as the writer lives.
    _lock: File,
}

/// Why the disk was not changed as asked, and what that means for the journal.
pub(super) enum Failure {
    /// Nothing was changed.
    NotDurable(io::Error),
    /// Nobody knows what was.
    Poisoned(String),
}

impl From<Failure> for AppendError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::NotDurable(source) => Self::NotDurable { cause: Cause::of(&source), source },
            Failure::Poisoned(reason) => Self::Poisoned { reason },
        }
    }
}

impl JournalWriter for FileWriter {
    fn append(&mut self, expected_size: u64, batch: &Batch<'_>) -> Result<(), AppendError> {
        self.require_sound()?;
        if expected_size != self.size || batch.first_index != self.size {
            return Err(AppendError::WrongSize { expected: expected_size, actual: self.size });
        }
        let batch = self.without_known_attachments(batch);
        self.buffer.clear();
        if record::encode(&batch, &mut self.buffer).is_none() {
            return Err(too_large(&batch));
        }
        let offset = self.make_room()?;
        self.commit_buffer(offset)?;
        self.size = batch.end();
        self.len = offset + self.buffer.len() as u64;
        let placed = Placed::of(&batch, offset);
        {
            let mut directory = self.shared.write();
            let last = directory.segments.len() - 1;
            directory.place(last, placed);
        }
        self.watermark.advance(self.disk.as_ref(), self.size);
        if self.buffer.capacity() > KEPT_BUFFER {
            self.buffer = Vec::new();
        }
        Ok(())
    }

    fn erase(&mut self, index: u64) -> Result<(), EraseError> {
        self.erase_statement(index)
    }
}

/// A larger buffer is given back after use.
const KEPT_BUFFER: usize = 8 << 20;

impl FileWriter {
    pub(super) fn require_sound(&self) -> Result<(), Failure> {
        match &self.poison {
            Some(reason) => Err(Failure::Poisoned(reason.clone())),
            None => Ok(()),
        }
    }

    pub(super) fn poison(&mut self, what: &str, error: &io::Error) -> Failure {
        let reason = format!("{what}: {error}");
        self.poison = Some(reason.clone());
        Failure::Poisoned(reason)
    }

    pub(super) fn is_active(&self, segment: &Segment) -> bool {
        segment.first_index == self.active.first_index
    }

    fn without_known_attachments<'a>(&self, batch: &Batch<'a>) -> Batch<'a> {
        let directory = self.shared.read();
        let mut fresh = HashSet::new();
        let mut batch = batch.clone();
        batch.attachments.retain(|(digest, _)| !directory.holds_attachment(digest) && fresh.insert(*digest));
        batch
    }

    /// Where the record in the buffer goes: behind the last one, or at the start of a new segment.
    fn make_room(&mut self) -> Result<u64, Failure> {
        if self.len > 0 && self.len + self.buffer.len() as u64 > self.roll_bytes {
            self.roll()?;
        }
        Ok(self.len)
    }

    /// Begins a new segment.
    pub(super) fn roll(&mut self) -> Result<(), Failure> {
        let next = Segment::create(self.disk.as_ref(), &self.dir, self.size).map_err(Failure::NotDurable)?;
        if let Err(error) = self.disk.sync_dir(&self.dir) {
            return Err(self.poison("the name of a new segment may not be durable", &error));
        }
        self.active = Arc::new(next);
        self.len = 0;
        self.shared.write().segments.push(Arc::clone(&self.active));
        Ok(())
    }

    /// Writes the buffer and makes it durable, or takes it away again.
    fn commit_buffer(&mut self, offset: u64) -> Result<(), Failure> {
        if let Err(error) = self.disk.write_at(&self.active.file, &self.buffer, offset) {
            return Err(self.take_back(offset, error));
        }
        let synced = self.disk.sync(&self.active.file);
        synced.map_err(|error| self.poison("the last batch may not be durable", &error))
    }

    /// Cuts a half written record off, durably: it may not come back beside its successor.
    fn take_back(&mut self, offset: u64, cause: io::Error) -> Failure {
        let file = &self.active.file;
        let cut = self.disk.truncate(file, offset).and_then(|()| self.disk.sync(file));
        match cut {
            Ok(()) => Failure::NotDurable(cause),
            Err(error) => self.poison("a half written record could not be taken away", &error),
        }
    }
}

fn too_large(batch: &Batch<'_>) -> AppendError {
    let statements = batch.statements.iter().map(|slot| if let Slot::Bytes(bytes) = slot { bytes.len() } else { 0 });
    let attachments = batch.attachments.iter().map(|(_, bytes)| bytes.len());
    AppendError::TooLarge { entries: batch.entries.len(), bytes: statements.chain(attachments).sum() }
}
