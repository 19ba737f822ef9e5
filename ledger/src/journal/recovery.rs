//! Opening a journal again: one pass over all segments, from the first byte to the last.
//!
//! What is dropped: the bytes after the last whole record of the last segment, if nothing says that they were ever
//! acknowledged. What is refused ([`Damage`]): everything else that is wrong. A torn tail is told from damage by three
//! witnesses: the watermark, the caller's published size, and a later record in the tail whose checkpoint the log
//! itself signed (a forged one inside a submitted statement proves nothing).
//!
//! Records above the watermark are written once more before they count: after a failed fsync the system may show bytes
//! that never reached the disk, and consider them clean.

use super::directory::{Directory, Placed};
use super::record::{HEADER, Head, MAGIC};
use super::segment::{Records, Segment, Step};
use super::{Batch, Damage, MAX_BATCH_BYTES, OpenError, Replay};
use crate::disk::Disk;
use std::io;
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::Arc;

/// Reads the journal's segments and checks them.
pub(super) struct Recovery<'a> {
    pub(super) dir: &'a Path,
    pub(super) disk: &'a dyn Disk,
    pub(super) replay: &'a mut dyn Replay,
    /// Entries that were acknowledged, at least.
    pub(super) floor: u64,
    /// Entries that the watermark says are durable.
    pub(super) watermark: u64,
}

/// What one pass over a segment found.
struct Scanned {
    /// End of the last whole record.
    end: u64,
    /// What is wrong after it, if anything comes after it.
    broken: Option<&'static str>,
}

impl Recovery<'_> {
    /// Gives the directory of everything, and the length of the last segment.
    pub(super) fn run(mut self, segments: Vec<Segment>) -> Result<(Directory, u64), OpenError> {
        let mut directory = Directory::default();
        let (mut active_len, count) = (0, segments.len());
        for (number, segment) in segments.into_iter().enumerate() {
            let (segment, size) = (Arc::new(segment), directory.len());
            if segment.first_index != size {
                let first = segment.first_index;
                let what = format!("begins with entry {first}, but entry {size} comes next: a segment is missing");
                return Err(segment.damage(0, what).into());
            }
            if segment.len().map_err(OpenError::io(&segment.path))? > u64::from(u32::MAX) {
                return Err(segment.damage(u32::MAX.into(), "longer than a segment can be").into());
            }
            directory.segments.push(Arc::clone(&segment));
            let scanned = self.scan(&segment, number, &mut directory)?;
            active_len = scanned.end;
            self.replay.settle().map_err(|what| segment.damage(active_len, what))?;
            if let Some(what) = scanned.broken {
                let last = number + 1 == count;
                self.mend(&segment, active_len, last, directory.len(), what)?;
            }
        }
        if directory.len() < self.floor {
            return Err(self.short_of_floor(&directory, active_len).into());
        }
        Ok((directory, active_len))
    }

    /// Reads one segment up to its end, or to the first thing that is no record.
    fn scan(&mut self, segment: &Segment, number: usize, directory: &mut Directory) -> Result<Scanned, OpenError> {
        let io = |source| OpenError::Io { path: segment.path.clone(), source };
        let (mut records, mut rewritten) = (Records::of(segment).map_err(io)?, false);
        let scanned = loop {
            match records.next().map_err(io)? {
                Step::End(end) => break Scanned { end, broken: None },
                Step::Broken { end, what } => break Scanned { end, broken: Some(what) },
                Step::Batch { offset, batch, bytes } => {
                    self.accept(segment, offset, &batch, directory.len())?;
                    if batch.end() > self.watermark {
                        self.disk.write_at(&segment.file, bytes, offset).map_err(io)?;
                        rewritten = true;
                    }
                    directory.place(number, Placed::of(&batch, offset));
                }
            }
        };
        if rewritten {
            self.disk.sync(&segment.file).map_err(io)?;
        }
        Ok(scanned)
    }

    fn accept(&mut self, segment: &Segment, offset: u64, batch: &Batch<'_>, size: u64) -> Result<(), Damage> {
        if batch.first_index != size {
            let what = format!("a record of entry {}, where entry {size} comes next", batch.first_index);
            return Err(segment.damage(offset, what));
        }
        self.replay.batch(batch).map_err(|what| segment.damage(offset, what))
    }

    /// Cuts off what follows `end`, if it is a torn tail.
    fn mend(&self, segment: &Segment, end: u64, last: bool, size: u64, what: &str) -> Result<(), OpenError> {
        let io = |source| OpenError::Io { path: segment.path.clone(), source };
        let damage = |why: String| OpenError::from(segment.damage(end, format!("{what}, {why}")));
        let tail = end..segment.len().map_err(io)?;
        if !last {
            return Err(damage("and a later segment follows".into()));
        }
        if size < self.floor {
            return Err(damage(format!("but {} entries were acknowledged and only {size} are whole", self.floor)));
        }
        if tail.end - tail.start > (2 * MAX_BATCH_BYTES) as u64 {
            return Err(damage("and more follows than one record can hold".into()));
        }
        if let Some(later) = self.later_record(segment, tail, size).map_err(io)? {
            return Err(damage(format!("but a record that was signed later begins at byte {later}")));
        }
        self.disk.truncate(&segment.file, end).map_err(io)?;
        self.disk.sync(&segment.file).map_err(io)
    }

    /// Looks behind the start of the tail for a record that the log signed for more entries than `size`.
    fn later_record(&self, segment: &Segment, tail: Range<u64>, size: u64) -> io::Result<Option<u64>> {
        let mut bytes = vec![0; (tail.end - tail.start) as usize];
        segment.file.read_exact_at(&mut bytes, tail.start)?;
        let is_later = |at: &usize| {
            let rest = &bytes[*at..];
            let head = rest.first_chunk::<HEADER>().and_then(|header| Head::decode(header).ok());
            let checkpoint = head.and_then(|head| head.checkpoint(rest));
            checkpoint.and_then(|note| self.replay.vouched_size(note)).is_some_and(|vouched| vouched > size)
        };
        let magic = bytes.windows(MAGIC.len()).enumerate().skip(1).filter(|(_, window)| window == MAGIC);
        Ok(magic.map(|(at, _)| at).find(is_later).map(|at| tail.start + at as u64))
    }

    fn short_of_floor(&self, directory: &Directory, end: u64) -> Damage {
        let size = directory.len();
        let what = format!("only {size} entries are here, but {} were acknowledged: the end is missing", self.floor);
        match directory.segments.last() {
            Some(segment) => segment.damage(end, what),
            None => Damage::new(self.dir, 0, what),
        }
    }
}
