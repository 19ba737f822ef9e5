//! The course of a verdict: how it stood after each entry that speaks of it, as the log itself said it then.
//!
//! Who was told of a verdict when an entry came acted on that, whatever was found out later. Out of scope: what is known today of
//! those times ([`VerdictRecord::as_of`]).

use super::{Happening, HistoryItem, Snapshot, VerdictRecord};

impl VerdictRecord {
    /// The last thing that each entry says of it, and how it stood then: for each what [`Self::after_entry`] says, in one walk.
    pub fn course(&self) -> impl Iterator<Item = (&HistoryItem, Snapshot)> {
        let (mut then, mut usurpers) = (None, self.usurpers(0));
        self.history.chunk_by(|one, next| one.index == next.index).filter_map(move |entry| {
            let last = entry.last()?;
            if then.is_none() || entry.iter().any(|item| matches!(item.what, Happening::Voided(_))) {
                // What counted before may not count any more.
                usurpers = self.usurpers(last.index);
                then = self.after_entry(last.index);
            } else {
                let counts = |item: &&HistoryItem| !item.is_void_at(last.index) && !usurpers.said(item);
                then = then
                    .take()
                    .map(|then| entry.iter().filter(counts).fold(then, |then, item| then.and(&self.terms, item)));
            }
            then.clone().map(|then| (last, then))
        })
    }
}
