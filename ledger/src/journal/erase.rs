//! Taking one statement out of the journal.
//!
//! The segment that holds it is written anew without it under a temporary name, synced, and given the segment's name.
//! A crash leaves the old segment or the new one. The entry, its digest and so every proof stay. The freed blocks are
//! not overwritten: that is for the disk's encryption.

use super::directory::{Placed, Shared};
use super::file::{Failure, FileWriter};
use super::record::{self, Place};
use super::segment::{Records, Segment, Step};
use super::{Batch, Cause, EraseError, Slot};
use crate::files;
use std::io;
use std::sync::Arc;

impl From<Failure> for EraseError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::NotDurable(source) => Self::NotDurable { cause: Cause::of(&source), source },
            Failure::Poisoned(reason) => Self::Poisoned { reason },
        }
    }
}

impl From<io::Error> for EraseError {
    fn from(error: io::Error) -> Self {
        Failure::NotDurable(error).into()
    }
}

impl FileWriter {
    pub(super) fn erase_statement(&mut self, index: u64) -> Result<(), EraseError> {
        self.require_sound()?;
        let (number, state) = find(&self.shared, index)?;
        match state {
            Place::Erased => return Ok(()),
            Place::None => return Err(EraseError::NoStatement(index)),
            Place::Statement => {}
        }
        let old = Arc::clone(&self.shared.read().segments[number]);
        if self.is_active(&old) {
            self.roll()?;
        }
        let rewritten = self.rewrite(&old, index);
        if rewritten.is_err() {
            let _ = self.disk.remove(&files::temporary(&old.path));
        }
        let (new, moved) = rewritten?;
        self.put_in_place(&old)?;
        let mut directory = self.shared.write();
        directory.segments[number] = Arc::new(new);
        moved.into_iter().for_each(|moved| directory.place(number, moved));
        Ok(())
    }

    /// Writes the segment without the statement under a temporary name, durably.
    fn rewrite(&self, old: &Segment, index: u64) -> Result<(Segment, Vec<Placed>), EraseError> {
        let path = files::temporary(&old.path);
        files::remove_if_present(self.disk.as_ref(), &path)?;
        let file = self.disk.create(&path, files::SHOWN)?;
        let new = Segment { first_index: old.first_index, file, path: old.path.clone() };
        let (mut records, mut buffer) = (Records::of(old)?, Vec::new());
        let (mut moved, mut to) = (Vec::new(), 0);
        loop {
            match records.next()? {
                Step::End(_) => break,
                Step::Broken { end, what } => return Err(old.damage(end, what).into()),
                Step::Batch { offset, batch, .. } => {
                    let batch = without(batch, index);
                    buffer.clear();
                    record::encode(&batch, &mut buffer)
                        .ok_or_else(|| old.damage(offset, "a record does not fit its own format"))?;
                    self.disk.write_at(&new.file, &buffer, to)?;
                    moved.push(Placed::of(&batch, to));
                    to += buffer.len() as u64;
                }
            }
        }
        self.disk.sync(&new.file)?;
        Ok((new, moved))
    }

    fn put_in_place(&mut self, old: &Segment) -> Result<(), Failure> {
        let temporary = files::temporary(&old.path);
        if let Err(error) = self.disk.rename(&temporary, &old.path) {
            let _ = self.disk.remove(&temporary);
            return Err(Failure::NotDurable(error));
        }
        self.disk.sync_dir(&self.dir).map_err(|error| self.poison("an erasure may not be durable", &error))
    }
}

fn find(shared: &Shared, index: u64) -> Result<(usize, Place), EraseError> {
    let directory = shared.read();
    let found = directory.segment_of(index).zip(directory.state_of(index));
    found.ok_or(EraseError::NoEntry { index, size: directory.len() })
}

fn without(mut batch: Batch<'_>, index: u64) -> Batch<'_> {
    let at = index.checked_sub(batch.first_index).and_then(|at| usize::try_from(at).ok());
    if let Some(slot) = at.and_then(|at| batch.statements.get_mut(at)) {
        *slot = Slot::Erased;
    }
    batch
}
