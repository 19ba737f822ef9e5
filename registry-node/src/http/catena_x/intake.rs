//! Room on a member's shelf for what one of its partners sends: none takes that of others, and what is over makes room first.
//!
//! ```text
//! certificate ──no room──▶ one that was withdrawn days ago makes room, of the same partner or, where the shelf is full, of any ──none──▶ refused
//! exchange    ──no room──▶ the oldest of the same partner, or, where the shelf is full, of whoever has most
//! ```
//!
//! A withdrawn certificate stays for some days all the same: news of it that come late must find that it ended. Out of scope: how often a
//! partner may send (`Between`).

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use super::Between;
use super::kept::{Exchange, Foreign};
use crate::buyer::shelf::{Condition, Draft, Kept as _, Listed, Name, ShelfError};
use crate::problem::Problem;

/// How many certificates, and how many exchanges, are kept of one partner.
const OF_PARTNER_MAX: usize = 64;
/// How many bytes of certificates are kept of one: an eighth of what a member has room for.
const OF_PARTNER_BYTES: usize = 1024 * 1024;
/// How long a withdrawn certificate keeps its place: longer than senders go on trying.
const ENDED_STAYS: SignedDuration = SignedDuration::from_hours(72);

/// A member's shelf, while something of a partner's is put there.
pub(super) struct Intake<'a, 'd> {
    pub(super) shelf: &'a mut Draft<'d>,
    pub(super) between: &'a Between,
    pub(super) now: Timestamp,
    /// Certificates that may give up their places, the oldest first; looked up when the first place is needed.
    ended: Option<Vec<Name>>,
}

impl<'a, 'd> Intake<'a, 'd> {
    pub(super) fn new(shelf: &'a mut Draft<'d>, between: &'a Between, now: Timestamp) -> Self {
        Self { shelf, between, now, ended: None }
    }

    /// Keeps a certificate.
    pub(super) fn certificate(&mut self, name: &Name, value: &Foreign, on: Condition) -> Result<(), Problem> {
        loop {
            match self.shelf.put(name, value, on, self.now) {
                Err(full @ (ShelfError::TooMany { .. } | ShelfError::NoRoom { .. })) => self.give_up(|_| true, full)?,
                put => break put.map(drop)?,
            }
        }
        while let Some(full) = self.beyond()? {
            let between = self.between;
            self.give_up(|name| between.is_of_partner(name), full)?;
        }
        Ok(())
    }

    /// Why the certificates of this partner are too many or too large, if they are.
    fn beyond(&mut self) -> Result<Option<ShelfError>, Problem> {
        let listed = self.shelf.list::<Foreign>()?;
        let own: Vec<usize> =
            listed.iter().filter(|one| self.between.is_of_partner(&one.name)).map(|one| one.bytes).collect();
        let (kind, bytes) = ("certificates of one partner", own.iter().sum());
        if own.len() > OF_PARTNER_MAX {
            return Ok(Some(ShelfError::TooMany { kind, most: OF_PARTNER_MAX }));
        }
        Ok((bytes > OF_PARTNER_BYTES).then_some(ShelfError::NoRoom { kind, bytes, most: OF_PARTNER_BYTES }))
    }

    /// Has the oldest of the withdrawn certificates that `may` give up its place.
    fn give_up(&mut self, may: impl Fn(&Name) -> bool, full: ShelfError) -> Result<(), Problem> {
        let mut ended = match self.ended.take() {
            Some(ended) => ended,
            None => self.long_ended()?,
        };
        let found = ended.iter().position(may).map(|place| ended.remove(place));
        self.ended = Some(ended);
        self.shelf.remove::<Foreign>(&found.ok_or(full)?, Condition::Any)?;
        Ok(())
    }

    fn long_ended(&mut self) -> Result<Vec<Name>, Problem> {
        let mut listed = self.shelf.list::<Foreign>()?;
        listed.retain(|one| self.now.duration_since(one.changed) >= ENDED_STAYS);
        listed.sort_by_key(|one| one.changed);
        let mut ended = Vec::new();
        for Listed { name, .. } in listed {
            if self.shelf.value::<Foreign>(&name)?.is_some_and(|foreign| foreign.value.is_withdrawn()) {
                ended.push(name);
            }
        }
        Ok(ended)
    }

    /// Keeps an exchange: those that make room are over, or nobody asks for them any more.
    pub(super) fn exchange(&mut self, name: &Name, exchange: &Exchange) -> Result<(), Problem> {
        loop {
            match self.shelf.put(name, exchange, Condition::Any, self.now) {
                Err(full @ (ShelfError::TooMany { .. } | ShelfError::NoRoom { .. })) => {
                    self.forget(name, false, full)?
                }
                put => break put.map(drop)?,
            }
        }
        let of_partner = self.shelf.list::<Exchange>()?.into_iter().filter(|one| self.between.is_of_partner(&one.name));
        if of_partner.count() > OF_PARTNER_MAX {
            self.forget(name, true, ShelfError::TooMany { kind: Exchange::KIND.name, most: OF_PARTNER_MAX })?;
        }
        Ok(())
    }

    /// Forgets the oldest exchange but this one, of the same partner or of whoever has most.
    fn forget(&mut self, but: &Name, of_partner: bool, full: ShelfError) -> Result<(), Problem> {
        let listed = self.shelf.list::<Exchange>()?;
        let mut by_partner: BTreeMap<&str, Vec<&Listed>> = BTreeMap::new();
        for one in listed.iter().filter(|one| one.name != *but) {
            by_partner.entry(Between::partner_in(&one.name)).or_default().push(one);
        }
        let whose = if of_partner {
            by_partner.get(self.between.partner.as_str())
        } else {
            by_partner.values().max_by_key(|kept| kept.len())
        };
        let oldest = whose.and_then(|kept| kept.iter().min_by_key(|one| one.changed));
        self.shelf.remove::<Exchange>(&oldest.ok_or(full)?.name, Condition::Any)?;
        Ok(())
    }
}
