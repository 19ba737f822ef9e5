//! What is kept ready: bundles, and the statements that they share.
//!
//! Proving is to cost little more than looking up. A record and a checkpoint never change, they are replaced by others; so their
//! addresses name their values for as long as they are kept here.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use credential::bundle::Item;

use super::super::published::Checkpoint;
use super::{About, Detail};

/// Bytes of bundles that are kept.
const BUNDLE_BYTES: usize = 32 * 1024 * 1024;
/// Bytes of statements that are kept.
const ITEM_BYTES: usize = 16 * 1024 * 1024;

/// Bundles and statements of one registry.
#[derive(Default)]
pub(in super::super) struct Proofs {
    bundles: Mutex<Room<Address, (Arc<Key>, Bytes)>>,
    items: Mutex<Room<u64, Arc<Item>>>,
}

/// Whose bundle it is: the values, which live as long as it is kept.
pub(super) struct Key {
    address: Address,
    _values: (Box<dyn Send + Sync>, Arc<Checkpoint>),
}

/// Addresses of the record and of the checkpoint, index of the credential, and which of its disclosures are there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Address(usize, usize, Option<u64>, Detail);

/// Values up to so many bytes; then all of them go.
struct Room<K, V> {
    values: HashMap<K, V>,
    bytes: usize,
}

impl<K, V> Default for Room<K, V> {
    fn default() -> Self {
        Self { values: HashMap::new(), bytes: 0 }
    }
}

impl<K: Hash + Eq, V: Clone> Room<K, V> {
    fn keep(&mut self, key: K, value: V, bytes: usize, most: usize) {
        if self.bytes + bytes > most {
            *self = Self::default();
        }
        if self.values.insert(key, value).is_none() {
            self.bytes += bytes;
        }
    }
}

impl Key {
    pub(super) fn of(about: &About, checkpoint: &Arc<Checkpoint>) -> Self {
        let second = Arc::as_ptr(checkpoint).addr();
        let (address, record): (Address, Box<dyn Send + Sync>) = match about {
            About::Own { record, credential, detail, .. } => {
                let issued = credential.as_ref().map(|one| one.issued.index);
                (Address(Arc::as_ptr(record).addr(), second, issued, *detail), Box::new(Arc::clone(record)))
            }
            About::Foreign(record) => {
                (Address(Arc::as_ptr(record).addr(), second, None, Detail::None), Box::new(Arc::clone(record)))
            }
        };
        Self { address, _values: (record, Arc::clone(checkpoint)) }
    }
}

impl Proofs {
    /// The bundle, if it was made before.
    pub(super) fn bundle(&self, key: &Key) -> Option<Bytes> {
        lock(&self.bundles).values.get(&key.address).map(|(_, bytes)| bytes.clone())
    }

    /// Keeps a bundle, and gives it back.
    pub(super) fn keep(&self, key: Key, bytes: Bytes) -> Bytes {
        let (address, length) = (key.address, bytes.len());
        if length <= BUNDLE_BYTES / 8 {
            lock(&self.bundles).keep(address, (Arc::new(key), bytes.clone()), length, BUNDLE_BYTES);
        }
        bytes
    }

    /// A statement, if it was read before.
    pub(super) fn item(&self, index: u64) -> Option<Arc<Item>> {
        lock(&self.items).values.get(&index).cloned()
    }

    /// Keeps a statement, and gives it back.
    pub(super) fn keep_item(&self, item: Arc<Item>) -> Arc<Item> {
        let bytes = item.statement.len() + item.attachment.as_ref().map_or(0, String::len);
        if bytes <= ITEM_BYTES / 8 {
            lock(&self.items).keep(item.index, Arc::clone(&item), bytes, ITEM_BYTES);
        }
        item
    }
}

fn lock<T>(kept: &Mutex<T>) -> MutexGuard<'_, T> {
    kept.lock().unwrap_or_else(PoisonError::into_inner)
}
