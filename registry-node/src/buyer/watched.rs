//! What is on the watchlists that somebody reads events by: held once for all who read by one, changed for all of them when it changes.
//!
//! Out of scope: watchlists that nobody reads by; they rest on the shelf, and cost no memory.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use arc_swap::ArcSwap;
use conformity::identifiers::Identifier;
use conformity::ids::PartyId;

use super::shelf::{Name, Shelf, ShelfError, Shelved, Version};
use super::watchlist::Watchlist;

/// Identifiers that are held for all readers: some hundred bytes each, and as much again in the index of interests.
const MAX_HELD: usize = 4_000_000;

/// Why a watchlist is not held ready.
#[derive(Debug, thiserror::Error)]
pub enum WatchError {
    /// The party has none of that name.
    #[error("you have no watchlist of that name; put it first")]
    None,
    /// Too much is held already.
    #[error("too many watchlists are read by; try again later, or name the suppliers")]
    Full,
    /// The shelf.
    #[error(transparent)]
    Shelf(#[from] ShelfError),
}

/// The watchlists that are read by.
#[derive(Debug, Default)]
pub struct Watches {
    lists: Mutex<HashMap<(PartyId, Name), Weak<Watched>>>,
    held: Arc<AtomicUsize>,
    changes: AtomicU64,
}

/// One of them, as it is now.
#[derive(Debug)]
pub struct Watched {
    list: ArcSwap<(Version, Arc<HashSet<Identifier>>)>,
    held: Arc<AtomicUsize>,
}

impl Watched {
    /// Whoever is on it at this moment, and in which version.
    pub fn now(&self) -> Arc<(Version, Arc<HashSet<Identifier>>)> {
        self.list.load_full()
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        self.held.fetch_sub(self.list.load().1.len(), Ordering::Relaxed);
    }
}

impl Watches {
    /// The owner's watchlist of that name, held as long as the answer is. Waits for the disk unless somebody reads by it already.
    ///
    /// # Errors
    /// [`WatchError`].
    pub fn open(&self, shelf: &Shelf, owner: &PartyId, name: &Name) -> Result<Arc<Watched>, WatchError> {
        // Read under the lock: what is put meanwhile is either read here, or announced once this is in place.
        let mut lists = self.lists();
        let key = (owner.clone(), name.clone());
        if let Some(watched) = lists.get(&key).and_then(Weak::upgrade) {
            return Ok(watched);
        }
        let Shelved { value, version, .. } = shelf.value::<Watchlist>(owner, name)?.ok_or(WatchError::None)?;
        let suppliers = value.suppliers();
        if self.held.load(Ordering::Relaxed) + suppliers.len() > MAX_HELD {
            return Err(WatchError::Full);
        }
        self.held.fetch_add(suppliers.len(), Ordering::Relaxed);
        let list = ArcSwap::from_pointee((version, Arc::new(suppliers)));
        let watched = Arc::new(Watched { list, held: Arc::clone(&self.held) });
        lists.retain(|_, watched| watched.strong_count() > 0);
        lists.insert(key, Arc::downgrade(&watched));
        Ok(watched)
    }

    /// Whether the watchlist may hold so many: somebody reads by it, and they are held for him.
    pub fn takes(&self, owner: &PartyId, name: &Name, suppliers: usize) -> bool {
        let watched = self.lists().get(&(owner.clone(), name.clone())).and_then(Weak::upgrade);
        let Some(before) = watched.map(|watched| watched.now().1.len()) else { return true };
        suppliers <= before || self.held.load(Ordering::Relaxed) - before + suppliers <= MAX_HELD
    }

    /// How often one of them changed: while it is the same, what [`Watched::now`] said still holds.
    pub fn changes(&self) -> u64 {
        self.changes.load(Ordering::Acquire)
    }

    /// Tells those who read by it that the watchlist has this version now.
    pub fn put(&self, owner: &PartyId, name: &Name, list: &Watchlist, version: Version) {
        let lists = self.lists();
        let watched = lists.get(&(owner.clone(), name.clone())).and_then(Weak::upgrade);
        if let Some(watched) = watched.filter(|watched| version > watched.now().0) {
            self.replace(&watched, version, list.suppliers());
        }
    }

    /// Tells those who read by it that the watchlist is gone: nobody is on it, also when another of that name is put.
    pub fn removed(&self, owner: &PartyId, name: &Name) {
        let watched = self.lists().remove(&(owner.clone(), name.clone())).and_then(|watched| watched.upgrade());
        if let Some(watched) = watched {
            self.replace(&watched, watched.now().0, HashSet::new());
        }
    }

    fn replace(&self, watched: &Watched, version: Version, suppliers: HashSet<Identifier>) {
        self.held.fetch_add(suppliers.len(), Ordering::Relaxed);
        let old = watched.list.swap(Arc::new((version, Arc::new(suppliers))));
        self.held.fetch_sub(old.1.len(), Ordering::Relaxed);
        self.changes.fetch_add(1, Ordering::Release);
    }

    fn lists(&self) -> MutexGuard<'_, HashMap<(PartyId, Name), Weak<Watched>>> {
        self.lists.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::shelf::Condition;
    use super::*;
    use crate::vault::Vault;
    use jiff::Timestamp;

    fn list(suppliers: &[&str]) -> Watchlist {
        Watchlist::from_csv(format!("supplier\n{}\n", suppliers.join("\n")).as_bytes()).unwrap()
    }

    #[test]
    fn a_list_is_held_once_changes_for_all_and_is_let_go_of() {
        let folder = tempfile::tempdir().unwrap();
        let (shelf, watches) = (Shelf::new(Arc::new(Vault::open(folder.path()).unwrap())), Watches::default());
        let (owner, name): (PartyId, Name) = ("buyer".parse().unwrap(), "parts".parse().unwrap());
        assert!(matches!(watches.open(&shelf, &owner, &name), Err(WatchError::None)));
        let put = |list: &Watchlist| {
            let version = shelf.put(&owner, &name, list, Condition::Any, Timestamp::UNIX_EPOCH).unwrap();
            watches.put(&owner, &name, list, version);
            version
        };
        let (one, two) = (list(&["duns:150483782"]), list(&["lei:5493001KJTIIGC8Y1R12", "duns:150483782"]));
        let first = put(&one);
        let watched = watches.open(&shelf, &owner, &name).unwrap();
        assert!(Arc::ptr_eq(&watched, &watches.open(&shelf, &owner, &name).unwrap()));
        let stranger = watches.open(&shelf, &"other".parse().unwrap(), &name);
        assert!(matches!(stranger, Err(WatchError::None)), "another's is none");
        put(&two);
        assert_eq!((&*watched.now().1, watches.held.load(Ordering::Relaxed)), (&two.suppliers(), 2));
        watches.put(&owner, &name, &one, first);
        assert_eq!(*watched.now().1, two.suppliers(), "an older version comes too late");
        assert!(watches.takes(&owner, &name, MAX_HELD) && !watches.takes(&owner, &name, MAX_HELD + 1));
        assert!(watches.takes(&owner, &"others".parse().unwrap(), MAX_HELD + 1), "nobody reads by it");
        watches.removed(&owner, &name);
        assert!(watched.now().1.is_empty());
        drop(watched);
        assert_eq!(watches.held.load(Ordering::Relaxed), 0);
        assert_eq!(*watches.open(&shelf, &owner, &name).unwrap().now().1, two.suppliers());
    }
}
