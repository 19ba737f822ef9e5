//! To whom a thief handed a verdict, directly or through others, and what these said of it: nothing follows from that.
//!
//! Out of scope: what of a verdict the thief signed himself, see [`mod@crate::decide`].

use std::collections::BTreeSet;

use super::{Change, Happening, HistoryItem, VerdictRecord};
use crate::ids::PartyId;

/// Who was made the issuer by a thief, and what was said because of that.
#[derive(Debug, Default)]
pub(super) struct Usurpers<'a> {
    parties: BTreeSet<&'a PartyId>,
    said: BTreeSet<u64>,
}

impl<'a> Usurpers<'a> {
    /// Those whom a thief himself named, by what the entries up to the one at `known` declare void.
    fn named(history: &'a [HistoryItem], known: u64) -> Self {
        let void = history.iter().filter(|item| item.is_void_at(known));
        Self { parties: void.filter_map(transferred_to).collect(), said: BTreeSet::new() }
    }

    /// Takes up what was said while `issuer` rightfully answered for the verdict. Whoever a usurper handed it to, or who took the
    /// place of one, is one too. Returns whether it counts.
    fn hear(&mut self, item: &'a HistoryItem, issuer: &PartyId) -> bool {
        let place = item.in_place_of.as_ref();
        let usurps = self.parties.contains(&item.by) || place.is_some_and(|body| self.parties.contains(body));
        if item.speaks_for(issuer) || !usurps {
            return true;
        }
        self.said.insert(item.index);
        self.parties.extend(transferred_to(item));
        self.parties.extend(place.map(|_| &item.by));
        false
    }

    /// Whether it was said by one of them.
    pub(super) fn said(&self, item: &HistoryItem) -> bool {
        self.said.contains(&item.index)
    }
}

const fn transferred_to(item: &HistoryItem) -> Option<&PartyId> {
    match &item.what {
        Happening::Changed(Change::Transferred { to }) => Some(to),
        _ => None,
    }
}

impl VerdictRecord {
    /// Who usurped it and what they said of it, by what the entries up to the one at `known` declare void. Who rightfully answered
    /// for it goes by the order of the log, whatever day is asked about.
    pub(super) fn usurpers(&self, known: u64) -> Usurpers<'_> {
        let mut usurpers = Usurpers::named(&self.history, known);
        let Some((granted, rest)) = self.history.split_first().filter(|_| !usurpers.parties.is_empty()) else {
            return usurpers;
        };
        let good = rest.iter().filter(|item| !item.is_void_at(known));
        good.fold(self.begun(granted, known), |then, item| {
            if usurpers.hear(item, &then.issuer) { then.and(&self.terms, item) } else { then }
        });
        usurpers
    }

    /// What happened and counts, in the order of the log: neither void nor said by somebody whom a thief made the issuer.
    pub fn counting(&self) -> impl DoubleEndedIterator<Item = &HistoryItem> {
        let usurpers = self.usurpers(u64::MAX);
        self.history.iter().filter(move |item| item.voided.is_none() && !usurpers.said(item))
    }

    /// Whether `by`, who answered for it at `index` by what the log said then, did so only because of a thief: itself, or in the place
    /// of somebody.
    pub fn usurped(&self, by: &PartyId, index: u64) -> bool {
        let Some((told, then)) = self.after_entry(index).zip(self.known_after_entry(index)) else { return false };
        let differs = told.issuer != then.issuer && *by != then.issuer;
        differs && self.usurpers(u64::MAX).parties.contains(&told.issuer)
    }
}
