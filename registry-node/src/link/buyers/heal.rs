//! What is in the stream, held against the log: where to go on, what is missing, and what must not be there any more.
//!
//! The log is the truth and the stream a copy of its end, as far back as its bounds reach. A stream that was lost or emptied is filled
//! again from the log; one that agrees with it goes on behind its last message; any other is emptied and filled. What a registry erased
//! is taken out of it, also when that was interrupted.

use std::ops::RangeInclusive;
use std::time::Duration;

use conformity::records::Facts;
use federation::bus::stream::{Extent, Kept, Stream, StreamError};

use super::place::Place;
use super::publisher::{Cursor, Halt, Publisher};
use crate::core::event::Event;

/// Messages that went a little early are not missed: the server has a clock of its own.
const GRACE: Duration = Duration::from_secs(600);
/// Entries for which the register is asked at once.
const PIECE: usize = 4096;

impl Publisher {
    /// How far the stream came, after what is wrong with it was put right.
    pub(super) async fn resume(&self, stream: &Stream) -> Result<Cursor, Halt> {
        let mut extent = stream.extent().await?;
        let kept = match self.ends(stream, &extent).await? {
            Some((first, last)) if self.agrees(stream, &extent, first, last).await? => Some(last),
            found => {
                if found.is_some() || extent.messages > 0 {
                    tracing::warn!(
                        messages = extent.messages,
                        "the stream of events does not agree with the log and is filled anew"
                    );
                    // Their places are those of before; they are made anew, from where their readers came.
                    for cursor in stream.cursors().await? {
                        stream.drop_cursor(&cursor.name).await?;
                    }
                    stream.empty().await?;
                    extent = stream.extent().await?;
                }
                None
            }
        };
        let index = match kept {
            Some(last) => last.index,
            None => self.oldest(stream.keeping().age)?,
        };
        tracing::info!(from = index, messages = extent.messages, "the stream of events goes on");
        Ok(Cursor { index, kept, extent: (extent.first, extent.last), erased: Default::default() })
    }

    /// The first and the last message, if there are any and they are ours.
    async fn ends(&self, stream: &Stream, extent: &Extent) -> Result<Option<(Place, Place)>, Halt> {
        let read = |kept: Option<Kept>| kept.and_then(|kept| kept.id.parse::<Place>().ok());
        if extent.messages == 0 {
            return Ok(None);
        }
        Ok(read(stream.from(extent.first).await?).zip(read(stream.last().await?)))
    }

    /// Whether these are of this log, and nothing is missing before the first.
    async fn agrees(&self, stream: &Stream, extent: &Extent, first: Place, last: Place) -> Result<bool, Halt> {
        let ours = first <= last && last.index < self.registry.feed.size();
        // Near its bound, room was made for newer messages.
        let full = extent.bytes > stream.keeping().bytes / 2;
        Ok(ours && (full || !self.is_missing(stream, first).await?))
    }

    /// Whether the log has messages before `first` that are young enough to be there.
    async fn is_missing(&self, stream: &Stream, first: Place) -> Result<bool, Halt> {
        let mut index = self.oldest(stream.keeping().age.saturating_sub(GRACE))?;
        while index <= first.index {
            let entries = self.registry.feed.read(index, &self.reads).await?;
            if entries.is_empty() {
                break;
            }
            if entries.iter().flat_map(|events| events.iter()).any(|event| self.begins_before(event, first)) {
                return Ok(true);
            }
            index += entries.len() as u64;
        }
        Ok(false)
    }

    /// Whether the event has messages, the first of them before `place`.
    fn begins_before(&self, event: &Event, place: Place) -> bool {
        let first = Place { index: event.index, position: event.position, subject: 0 };
        first < place && !self.subjects(event).is_empty()
    }

    /// The first entry that is no older than `age`.
    fn oldest(&self, age: Duration) -> Result<u64, Halt> {
        let now = u64::try_from(self.registry.now().as_millisecond()).unwrap_or_default();
        let age = u64::try_from(age.as_millis()).unwrap_or(u64::MAX);
        Ok(self.registry.log.first_index_after(now.saturating_sub(age))?)
    }

    /// Takes the messages of erased entries out of the stream.
    pub(super) async fn take_out_what_was_erased(&self, stream: &Stream, cursor: &mut Cursor) -> Result<(), Halt> {
        let Some((first, last)) = self.ends(stream, &stream.extent().await?).await? else { return Ok(()) };
        for from in (first.index..=last.index).step_by(PIECE) {
            for index in self.erased(from..=last.index.min(from + PIECE as u64 - 1), cursor) {
                self.take_out(stream, index).await?;
                cursor.erased.insert(index);
            }
        }
        let extent = stream.extent().await?;
        cursor.extent = (extent.first, extent.last);
        cursor.kept = self.ends(stream, &extent).await?.map(|(_, last)| last);
        Ok(())
    }

    /// Those of these entries that were erased, and not taken out yet.
    fn erased(&self, indexes: RangeInclusive<u64>, cursor: &Cursor) -> Vec<u64> {
        let register = self.registry.read_model.register();
        let erased = indexes.filter(|index| register.erasure(*index).is_some());
        erased.filter(|index| !cursor.erased.contains(index)).collect()
    }

    async fn take_out(&self, stream: &Stream, index: u64) -> Result<(), Halt> {
        let Extent { first, last, .. } = stream.extent().await?;
        let mut place = first_of(stream, index, (first, last)).await?;
        while let Some(kept) = stream.from(place).await? {
            if !kept.id.parse::<Place>().is_ok_and(|found| found.index == index) {
                break;
            }
            stream.erase(kept.place).await?;
            place = kept.place + 1;
        }
        Ok(())
    }
}

/// A place in the stream before which there is nothing of this entry: found by halving, since places in the log rise.
pub(super) async fn first_of(stream: &Stream, index: u64, (mut low, mut high): (u64, u64)) -> Result<u64, StreamError> {
    while low < high {
        let middle = low + (high - low) / 2;
        let found = stream.from(middle).await?;
        let before = found.as_ref().and_then(|kept| kept.id.parse::<Place>().ok()).is_some_and(|at| at.index < index);
        match found {
            Some(kept) if before => low = kept.place + 1,
            _ => high = middle,
        }
    }
    Ok(low)
}
