//! Where everything lies: 16 bytes of memory per entry, and the reading half of the journal in files.
//!
//! A reader looks places up under a lock held for nanoseconds, takes the open file along, and reads without any lock.
//! When an erasure replaces a segment, readers that already hold the old file read the old file to its end.

use super::record::{self, Part, Place};
use super::segment::Segment;
use super::{Batch, Damage, JournalReader, ReadError, Stored};
use crate::chunked::Chunked;
use crate::digest::Digest;
use crate::entry::Entry;
use bytes::Bytes;
use std::collections::HashMap;
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

/// The places of everything in the journal.
#[derive(Default)]
pub(super) struct Directory {
    pub(super) segments: Vec<Arc<Segment>>,
    entries: Chunked<EntryPlace>,
    attachments: HashMap<Digest, AttachmentPlace>,
}

/// Offsets fit into 32 bits: a segment is rolled long before.
#[derive(Debug, Clone, Copy)]
struct EntryPlace {
    segment: u32,
    entry: u32,
    statement: u32,
    len: u16,
    state: Place,
}

#[derive(Debug, Clone, Copy)]
struct AttachmentPlace {
    segment: u32,
    start: u32,
    len: u32,
}

/// Where the parts of one batch lie.
pub(super) struct Placed {
    first_index: u64,
    offset: u64,
    parts: Vec<Part>,
}

impl Placed {
    /// The batch lies at `offset` of its segment.
    pub(super) fn of(batch: &Batch<'_>, offset: u64) -> Self {
        Self { first_index: batch.first_index, offset, parts: record::parts(batch) }
    }
}

/// Entries that lie one after the other in one file.
struct Run {
    segment: Arc<Segment>,
    start: u64,
    count: usize,
}

impl Directory {
    pub(super) fn len(&self) -> u64 {
        self.entries.len()
    }

    /// Number of the segment that holds entry `index`.
    pub(super) fn segment_of(&self, index: u64) -> Option<usize> {
        Some(self.entries.get(index)?.segment as usize)
    }

    pub(super) fn state_of(&self, index: u64) -> Option<Place> {
        Some(self.entries.get(index)?.state)
    }

    pub(super) fn holds_attachment(&self, digest: &Digest) -> bool {
        self.attachments.contains_key(digest)
    }

    /// Notes where a batch lies in segment number `segment`. Parts already known (the segment was rewritten) get their
    /// new places.
    pub(super) fn place(&mut self, segment: usize, placed: Placed) {
        let mut index = placed.first_index;
        let (segment, offset) = (segment as u32, placed.offset as u32);
        for part in placed.parts {
            match part {
                Part::Entry { entry, statement, len, state } => {
                    let (entry, statement) = (offset + entry as u32, offset + statement as u32);
                    let place = EntryPlace { segment, entry, statement, len, state };
                    match self.entries.get_mut(index) {
                        Some(known) => *known = place,
                        None => self.entries.push(place),
                    }
                    index += 1;
                }
                Part::Attachment { digest, start, len } => {
                    let place = AttachmentPlace { segment, start: offset + start as u32, len: len as u32 };
                    self.attachments.insert(digest, place);
                }
            }
        }
    }

    fn place_of(&self, index: u64) -> Result<EntryPlace, ReadError> {
        self.entries.get(index).copied().ok_or(ReadError::NoEntry { index, size: self.len() })
    }

    fn runs(&self, range: Range<u64>) -> Result<Vec<Run>, ReadError> {
        if range.end > self.len() {
            return Err(ReadError::NoEntry { index: range.end - 1, size: self.len() });
        }
        let mut runs: Vec<Run> = Vec::new();
        let mut previous = None;
        for index in range {
            let place = self.place_of(index)?;
            match runs.last_mut() {
                Some(run) if previous == Some((place.segment, place.entry)) => run.count += 1,
                _ => {
                    let segment = Arc::clone(&self.segments[place.segment as usize]);
                    runs.push(Run { segment, start: u64::from(place.entry), count: 1 });
                }
            }
            previous = Some((place.segment, place.entry + Entry::LEN as u32));
        }
        Ok(runs)
    }
}

/// A directory that the writer extends and readers consult.
#[derive(Default)]
pub(super) struct Shared(RwLock<Directory>);

impl Shared {
    pub(super) fn new(directory: Directory) -> Self {
        Self(RwLock::new(directory))
    }

    // A panic under this lock is impossible by review, and would leave a directory that is complete up to some entry.
    pub(super) fn read(&self) -> RwLockReadGuard<'_, Directory> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn write(&self) -> RwLockWriteGuard<'_, Directory> {
        self.0.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl JournalReader for Shared {
    fn entries(&self, range: Range<u64>) -> Result<Vec<Entry>, ReadError> {
        let runs = self.read().runs(range)?;
        let mut entries = Vec::with_capacity(runs.iter().map(|run| run.count).sum());
        for run in runs {
            let bytes = read_at(&run.segment, run.start, run.count * Entry::LEN)?;
            for (i, entry) in bytes.chunks_exact(Entry::LEN).enumerate() {
                let offset = run.start + (i * Entry::LEN) as u64;
                entries.push(Entry::decode(entry).map_err(|error| run.segment.damage(offset, error.to_string()))?);
            }
        }
        Ok(entries)
    }

    fn statement(&self, index: u64) -> Result<Stored, ReadError> {
        let (place, segment) = {
            let directory = self.read();
            let place = directory.place_of(index)?;
            (place, Arc::clone(&directory.segments[place.segment as usize]))
        };
        match place.state {
            Place::None => Ok(Stored::None),
            Place::Erased => Ok(Stored::Erased),
            Place::Statement => {
                read_at(&segment, place.statement.into(), place.len.into()).map(|bytes| Stored::Bytes(bytes.into()))
            }
        }
    }

    fn attachment(&self, digest: &Digest) -> Result<Option<Bytes>, ReadError> {
        let found = {
            let directory = self.read();
            directory.attachments.get(digest).map(|p| (*p, Arc::clone(&directory.segments[p.segment as usize])))
        };
        let Some((place, segment)) = found else { return Ok(None) };
        let bytes = read_at(&segment, place.start.into(), place.len as usize)?;
        if Digest::of(&bytes) != *digest {
            let what = "an attachment that does not match its digest";
            return Err(Damage::new(&segment.path, place.start.into(), what).into());
        }
        Ok(Some(bytes.into()))
    }

    fn attachment_len(&self, digest: &Digest) -> Option<usize> {
        self.read().attachments.get(digest).map(|place| place.len as usize)
    }
}

fn read_at(segment: &Segment, offset: u64, len: usize) -> Result<Vec<u8>, ReadError> {
    let mut bytes = vec![0; len];
    let read = segment.file.read_exact_at(&mut bytes, offset);
    read.map_err(|source| ReadError::Io { path: segment.path.clone(), source })?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    #[test]
    fn an_entry_costs_16_bytes() {
        assert_eq!(size_of::<super::EntryPlace>(), 16);
    }
}
