//! The files of a journal: one folder, holding
//!
//! ```text
//! <index of its first entry, 20 digits>.segment    records, one after the other
//! watermark                                         how many entries were acknowledged, at least
//! lock                                              held exclusively by the one writer
//! *.tmp                                             left by a crash; deleted when the journal is opened
//! ```

use super::record::{self, HEADER, Head};
use super::{Batch, Damage, OpenError};
use crate::disk::Disk;
use crate::files::{SHOWN, TEMPORARY};
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

const EXTENSION: &str = ".segment";
const DIGITS: usize = 20;
/// How often a lock is asked for that somebody holds, and how long to wait in between: a second in all.
const LOCK_ATTEMPTS: u32 = 50;
const LOCK_PAUSE: Duration = Duration::from_millis(20);

/// An open segment.
#[derive(Debug)]
pub(super) struct Segment {
    pub(super) first_index: u64,
    pub(super) path: PathBuf,
    pub(super) file: File,
}

impl Segment {
    /// Creates the segment that will begin with entry `first_index`. Its name is not durable yet.
    pub(super) fn create(disk: &dyn Disk, dir: &Path, first_index: u64) -> io::Result<Self> {
        let path = dir.join(format!("{first_index:0DIGITS$}{EXTENSION}"));
        let created = disk.create(&path, SHOWN);
        if created.as_ref().is_err_and(|error| error.kind() != io::ErrorKind::AlreadyExists) {
            // It may have been made all the same, and the next attempt must find its name free.
            let _ = disk.remove(&path);
        }
        Ok(Self { first_index, file: created?, path })
    }

    fn open(path: PathBuf, first_index: u64) -> Result<Self, OpenError> {
        let file = OpenOptions::new().read(true).write(true).open(&path).map_err(OpenError::io(&path))?;
        Ok(Self { first_index, path, file })
    }

    pub(super) fn len(&self) -> io::Result<u64> {
        Ok(self.file.metadata()?.len())
    }

    pub(super) fn damage(&self, offset: u64, what: impl Into<String>) -> Damage {
        Damage::new(&self.path, offset, what)
    }
}

/// The records of a segment, one after the other.
pub(super) struct Records<'s> {
    segment: &'s Segment,
    offset: u64,
    len: u64,
    buffer: Vec<u8>,
}

/// What comes next in a segment.
pub(super) enum Step<'r> {
    /// Nothing: the segment ends here.
    End(u64),
    /// A record.
    Batch {
        /// Where it begins.
        offset: u64,
        /// What it holds.
        batch: Batch<'r>,
        /// Its bytes.
        bytes: &'r [u8],
    },
    /// Something that is no record.
    Broken {
        /// Where it begins.
        end: u64,
        /// What is wrong with it.
        what: &'static str,
    },
}

impl<'s> Records<'s> {
    pub(super) fn of(segment: &'s Segment) -> io::Result<Self> {
        Ok(Self { segment, offset: 0, len: segment.len()?, buffer: Vec::new() })
    }

    pub(super) fn next(&mut self) -> io::Result<Step<'_>> {
        let offset = self.offset;
        let broken = |what| Ok(Step::Broken { end: offset, what });
        if offset == self.len {
            return Ok(Step::End(offset));
        }
        let left = self.len - offset;
        if left < HEADER as u64 {
            return broken("a record is cut short");
        }
        let mut header = [0; HEADER];
        self.segment.file.read_exact_at(&mut header, offset)?;
        let head = match Head::decode(&header) {
            Err(what) => return broken(what),
            Ok(head) if head.len() as u64 > left => return broken("a record is cut short"),
            Ok(head) => head,
        };
        self.buffer.resize(head.len(), 0);
        self.segment.file.read_exact_at(&mut self.buffer, offset)?;
        match record::decode(&head, &self.buffer) {
            Err(what) => broken(what),
            Ok(batch) => {
                self.offset += head.len() as u64;
                Ok(Step::Batch { offset, batch, bytes: &self.buffer })
            }
        }
    }
}

/// Opens all segments in the order of their entries.
pub(super) fn open_all(dir: &Path) -> Result<Vec<Segment>, OpenError> {
    let mut segments = Vec::new();
    for item in fs::read_dir(dir).map_err(OpenError::io(dir))? {
        let path = item.map_err(OpenError::io(dir))?.path();
        let Some(stem) = path.file_name().and_then(|name| name.to_str()?.strip_suffix(EXTENSION)) else { continue };
        let first_index = (stem.len() == DIGITS).then(|| stem.parse().ok()).flatten();
        let first_index = first_index.ok_or_else(|| Damage::new(&path, 0, "not the name of a segment"))?;
        segments.push(Segment::open(path, first_index)?);
    }
    segments.sort_by_key(|segment| segment.first_index);
    Ok(segments)
}

/// Deletes what a crash left half made.
pub(super) fn remove_temporary(disk: &dyn Disk, dir: &Path) -> Result<(), OpenError> {
    for item in fs::read_dir(dir).map_err(OpenError::io(dir))? {
        let path = item.map_err(OpenError::io(dir))?.path();
        if path.to_str().is_some_and(|name| name.ends_with(TEMPORARY)) {
            disk.remove(&path).map_err(OpenError::io(&path))?;
        }
    }
    Ok(())
}

/// Takes the journal for this process; the lock goes with the file.
///
/// It is asked for more than once: a process that is killed while it starts another one leaves its open files to that one
/// until it has become another program, and the lock with them.
pub(super) fn lock(dir: &Path) -> Result<File, OpenError> {
    let path = dir.join("lock");
    let file = OpenOptions::new().write(true).create(true).truncate(false).open(&path);
    let file = file.map_err(OpenError::io(&path))?;
    for _ in 0..LOCK_ATTEMPTS {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::WouldBlock) => std::thread::sleep(LOCK_PAUSE),
            Err(TryLockError::Error(source)) => return Err(OpenError::Io { path, source }),
        }
    }
    Err(OpenError::Locked(dir.into()))
}

/// How many entries were acknowledged, at least.
///
/// ```text
/// 8 bytes "STRwater", 8 bytes number of entries, 4 bytes CRC32C of the 16 before; big endian
/// ```
///
/// Written after each commit without syncing, so it never runs ahead of what is durable, and after a power cut may lag.
#[derive(Debug)]
pub(super) struct Watermark {
    file: File,
}

const WATERMARK: usize = 20;

impl Watermark {
    /// Opens the file, or makes it, and says what it holds.
    pub(super) fn open(disk: &dyn Disk, dir: &Path) -> Result<(Self, u64), OpenError> {
        let path = dir.join("watermark");
        let file = match OpenOptions::new().read(true).write(true).open(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => disk.create(&path, SHOWN),
            other => other,
        };
        let file = file.map_err(OpenError::io(&path))?;
        let mut bytes = Vec::with_capacity(WATERMARK + 1);
        io::Read::read_to_end(&mut io::Read::take(&file, WATERMARK as u64 + 1), &mut bytes)
            .map_err(OpenError::io(&path))?;
        // A power cut soon after its creation leaves it empty or zero.
        let size = if bytes.iter().all(|byte| *byte == 0) { Some(0) } else { decode_watermark(&bytes) };
        let size = size.ok_or_else(|| Damage::new(&path, 0, "not a watermark"))?;
        Ok((Self { file }, size))
    }

    /// Says that `size` entries are durable. That it failed is no reason to take back an acknowledgement: the mark is a
    /// lower bound, and stays a true one.
    pub(super) fn advance(&self, disk: &dyn Disk, size: u64) {
        let _ = disk.write_at(&self.file, &encode_watermark(size), 0);
    }

    /// As [`Watermark::advance`], durably.
    pub(super) fn settle(&self, disk: &dyn Disk, size: u64) -> io::Result<()> {
        disk.write_at(&self.file, &encode_watermark(size), 0)?;
        disk.sync(&self.file)
    }
}

fn encode_watermark(size: u64) -> [u8; WATERMARK] {
    let mut bytes = *b"STRwater............";
    bytes[8..16].copy_from_slice(&size.to_be_bytes());
    let crc = crc32c::crc32c(&bytes[..16]);
    bytes[16..].copy_from_slice(&crc.to_be_bytes());
    bytes
}

fn decode_watermark(bytes: &[u8]) -> Option<u64> {
    let size = bytes.get(8..16)?.try_into().map(u64::from_be_bytes).ok()?;
    (bytes == encode_watermark(size)).then_some(size)
}
