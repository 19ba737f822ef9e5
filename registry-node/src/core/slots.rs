//! Status slots: places in the registry's status lists, handed out at random and once.
//!
//! A slot that was handed out and holds no credential counts as invalid, whatever the reason: not used yet, never used, or
//! its credential erased. So nothing that is forgotten can become valid again, and what was handed out is the only thing
//! that must be durable; it is, before anybody learns of the slot. Who may use a slot is kept in memory alone: after a
//! restart a body asks for new ones. Out of scope: what a list says of a credential.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use aws_lc_rs::rand;
use conformity::credential::{NoSuchSlot, StatusSlot};
use conformity::ids::PartyId;
use conformity::records::Register;
use jiff::{SignedDuration, Timestamp};

use crate::vault::{Vault, VaultError};

/// How long a slot is kept for the body that asked.
pub const RESERVED_FOR: SignedDuration = SignedDuration::from_hours(24);
/// Most slots in one answer.
pub const MAX_AT_ONCE: u16 = 1_000;
/// Most slots that wait for one body.
const MAX_RESERVED: usize = 20_000;
/// A list is full when half of it was handed out: what is left hides how many there are.
const FULL: u32 = StatusSlot::PER_LIST / 2;
const BITMAP_BYTES: usize = StatusSlot::PER_LIST as usize / 8;
const PREFIX: &str = "slots/";

/// Why no slot was handed out.
#[derive(Debug, thiserror::Error)]
pub enum SlotError {
    /// So many wait already.
    #[error("{MAX_RESERVED} slots wait for this body already; use them first")]
    TooMany,
    /// All lists are full.
    #[error("every status list is full; the operator must begin a successor registry")]
    Exhausted,
    /// No randomness.
    #[error("the operating system gave no random bytes; nothing was handed out")]
    Random,
    /// The vault.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// The task that waits for the disk ended.
    #[error("the vault was not asked to the end: {0}")]
    Task(#[from] tokio::task::JoinError),
}

impl From<NoSuchSlot> for SlotError {
    fn from(_: NoSuchSlot) -> Self {
        Self::Exhausted
    }
}

/// The book of slots.
pub struct Slots {
    vault: Arc<Vault>,
    book: Mutex<Book>,
}

#[derive(Default)]
struct Book {
    lists: BTreeMap<u32, HandedOut>,
    reserved: HashMap<StatusSlot, Reservation>,
}

struct Reservation {
    body: PartyId,
    until: Timestamp,
}

/// Which slots of a list were handed out, a bit for each.
#[derive(Clone)]
struct HandedOut(Vec<u8>);

impl HandedOut {
    fn has(&self, index: u32) -> bool {
        self.0[index as usize / 8] >> (index % 8) & 1 == 1
    }

    fn set(&mut self, index: u32) {
        self.0[index as usize / 8] |= 1 << (index % 8);
    }

    fn count(&self) -> u32 {
        self.0.iter().map(|byte| byte.count_ones()).sum()
    }
}

impl Slots {
    /// Reads the book.
    ///
    /// # Errors
    /// [`VaultError`].
    pub fn open(vault: Arc<Vault>, register: &Register) -> Result<Self, VaultError> {
        let mut lists = BTreeMap::new();
        while let Some(bytes) = vault.value(&name(lists.len() as u32))? {
            let mut bitmap = bytes;
            bitmap.resize(BITMAP_BYTES, 0);
            lists.insert(lists.len() as u32, HandedOut(bitmap));
        }
        // An older vault may have been put back: what the log uses was handed out, whatever the vault says.
        for record in register.credentials() {
            let slot = record.credential.slot;
            let list = lists.entry(slot.list()).or_insert_with(|| HandedOut(vec![0; BITMAP_BYTES]));
            list.set(slot.index());
        }
        Ok(Self { vault, book: Mutex::new(Book { lists, ..Book::default() }) })
    }

    /// Hands out `count` slots to a body. They are durable as handed out when this returns. Waits for the disk.
    ///
    /// # Errors
    /// [`SlotError`]; nothing was handed out then.
    pub fn hand_out(&self, body: &PartyId, count: u16, now: Timestamp) -> Result<Vec<StatusSlot>, SlotError> {
        // Held while the vault writes: two answers never hold one slot.
        let mut book = self.book();
        book.reserved.retain(|_, reservation| reservation.until > now);
        let waiting = book.reserved.values().filter(|reservation| reservation.body == *body).count();
        if waiting + usize::from(count) > MAX_RESERVED {
            return Err(SlotError::TooMany);
        }
        let (list, mut handed_out) = book.open_list();
        let slots = (0..count).map(|_| free(list, &mut handed_out)).collect::<Result<Vec<_>, _>>()?;
        self.vault.put(&name(list), &handed_out.0)?;
        book.lists.insert(list, handed_out);
        for slot in &slots {
            book.reserved.insert(*slot, Reservation { body: body.clone(), until: now + RESERVED_FOR });
        }
        Ok(slots)
    }

    /// Whether the slot waits for this body.
    pub fn is_reserved(&self, slot: StatusSlot, body: &PartyId, now: Timestamp) -> bool {
        self.book().reserved.get(&slot).is_some_and(|held| held.body == *body && held.until > now)
    }

    /// A credential with this slot is in the log: it waits for nobody any more, and is never used again.
    pub fn used(&self, slot: StatusSlot) {
        self.book().reserved.remove(&slot);
    }

    /// How many slots of a list were handed out; nothing where there is no such list yet.
    pub fn count(&self, list: u32) -> Option<usize> {
        self.book().lists.get(&list).map(|handed_out| handed_out.count() as usize)
    }

    /// The slots of a list that were handed out; nothing where there is no such list yet.
    pub fn handed_out(&self, list: u32) -> Option<Vec<u32>> {
        let handed_out = self.book().lists.get(&list)?.clone();
        Some((0..StatusSlot::PER_LIST).filter(|index| handed_out.has(*index)).collect())
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Book {
    /// The list that slots come from now.
    fn open_list(&self) -> (u32, HandedOut) {
        match self.lists.last_key_value() {
            Some((list, handed_out)) if handed_out.count() < FULL => (*list, handed_out.clone()),
            last => (last.map_or(0, |(list, _)| list + 1), HandedOut(vec![0; BITMAP_BYTES])),
        }
    }
}

/// A slot that nobody had, found at random: at most half of the list is taken, so two tries do on average.
fn free(list: u32, handed_out: &mut HandedOut) -> Result<StatusSlot, SlotError> {
    loop {
        let mut bytes = [0; 4];
        rand::fill(&mut bytes).map_err(|_| SlotError::Random)?;
        let index = u32::from_be_bytes(bytes) % StatusSlot::PER_LIST;
        if !handed_out.has(index) {
            let slot = StatusSlot::new(list, index)?;
            handed_out.set(index);
            return Ok(slot);
        }
    }
}

fn name(list: u32) -> String {
    format!("{PREFIX}{list}")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use std::collections::HashSet;

    fn open(folder: &std::path::Path) -> Slots {
        Slots::open(Arc::new(Vault::open(folder).unwrap()), &Register::new()).unwrap()
    }

    fn body(id: &str) -> PartyId {
        id.parse().unwrap()
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn no_slot_is_handed_out_twice_not_even_after_a_restart() {
        let folder = tempfile::tempdir().unwrap();
        let mut seen = HashSet::new();
        for _ in 0..3 {
            let slots = open(folder.path());
            for _ in 0..3 {
                assert!(slots.hand_out(&body("cb-1"), 500, at(0)).unwrap().into_iter().all(|slot| seen.insert(slot)));
            }
        }
        let slots = open(folder.path());
        assert_eq!(slots.handed_out(0).unwrap().len(), seen.len());
        assert_eq!((slots.count(0), slots.count(1)), (Some(seen.len()), None));
        assert_eq!(slots.handed_out(1), None);
    }

    #[test]
    fn a_slot_waits_for_its_body_and_not_for_ever() {
        let folder = tempfile::tempdir().unwrap();
        let slots = open(folder.path());
        let slot = slots.hand_out(&body("cb-1"), 1, at(0)).unwrap()[0];
        assert!(slots.is_reserved(slot, &body("cb-1"), at(1)));
        assert!(!slots.is_reserved(slot, &body("cb-2"), at(1)));
        assert!(!slots.is_reserved(slot, &body("cb-1"), at(24 * 3600)));
        let other = StatusSlot::new(0, (slot.index() + 1) % StatusSlot::PER_LIST).unwrap();
        assert!(!slots.is_reserved(other, &body("cb-1"), at(1)));
        slots.used(slot);
        assert!(!slots.is_reserved(slot, &body("cb-1"), at(1)), "a slot is used once");
    }

    #[test]
    fn one_body_cannot_take_them_all() {
        let folder = tempfile::tempdir().unwrap();
        let slots = open(folder.path());
        for _ in 0..20 {
            slots.hand_out(&body("cb-1"), 1_000, at(0)).unwrap();
        }
        assert!(matches!(slots.hand_out(&body("cb-1"), 1, at(0)), Err(SlotError::TooMany)));
        slots.hand_out(&body("cb-2"), 1, at(0)).unwrap();
        slots.hand_out(&body("cb-1"), 1, at(25 * 3600)).unwrap();
    }

    #[test]
    fn a_half_full_list_is_followed_by_the_next() {
        let mut book = Book::default();
        book.lists.insert(0, HandedOut(vec![0x55; BITMAP_BYTES]));
        assert_eq!(book.open_list().0, 1);
        book.lists.insert(1, HandedOut(vec![0x11; BITMAP_BYTES]));
        assert_eq!(book.open_list().0, 1);
    }
}
