//! What is kept ready: bundles, and the statements that they share; and how many bundles are made at once.
//!
//! Proving is to cost little more than looking up. A record and a checkpoint never change, they are replaced by others; so their
//! addresses name their values for as long as they are kept here. What a verdict rests on may change without it: that enters a
//! bundle with the next checkpoint, and so under another address.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use credential::bundle::Item;
use tokio::runtime::Handle;
use tokio::sync::{Semaphore, SemaphorePermit};

use super::super::code::Code;
use super::super::holders::Holding;
use super::{About, Detail};
use crate::core::published::Checkpoint;
use crate::problem::Problem;

/// Bytes of bundles that are kept.
const BUNDLE_BYTES: usize = 32 * 1024 * 1024;
/// Bytes of statements that are kept.
const ITEM_BYTES: usize = 16 * 1024 * 1024;

/// Bundles that are made at once: one holds up to 8 MiB of statements and the same again as text, before anything counts it.
const MAKERS: usize = 4;
/// How long a bundle waits for others to be made.
const WAIT: Duration = Duration::from_secs(5);

/// Bundles and statements of one registry.
pub(in super::super) struct Proofs {
    makers: Semaphore,
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

impl Default for Proofs {
    fn default() -> Self {
        Self { makers: Semaphore::new(MAKERS), bundles: Mutex::default(), items: Mutex::default() }
    }
}

impl Proofs {
    /// The bundle, if it was made before; else made by `make`, of which few go on at once. To be called from a thread that may
    /// wait.
    ///
    /// # Errors
    /// That of `make`, or too many bundles are being made.
    pub(super) fn made(&self, key: Key, make: impl FnOnce() -> Result<Bytes, Problem>) -> Result<Bytes, Problem> {
        if let Some(bytes) = self.bundle(&key) {
            return Ok(bytes);
        }
        let _permit = self.permit()?;
        // Whoever waited for another that asked for the same finds it.
        match self.bundle(&key) {
            Some(bytes) => Ok(bytes),
            None => Ok(self.keep(key, make()?)),
        }
    }

    /// A bundle that is not kept, made for this holder by `make`, of which few go on at once, and one for each holder. To be called
    /// from a thread that may wait.
    ///
    /// # Errors
    /// That of `make`, or too many bundles are being made.
    pub(super) fn fresh(
        &self,
        holding: &Holding,
        make: impl FnOnce() -> Result<Bytes, Problem>,
    ) -> Result<Bytes, Problem> {
        let _of_holder = holding
            .bundles
            .try_acquire()
            .map_err(|_| Problem::busy(Code::Busy.as_str(), "a bundle is being made for you already; ask again", 1))?;
        let _permit = self.permit()?;
        make()
    }

    /// A place among the few that read so much at once. To be called from a thread that may wait.
    ///
    /// # Errors
    /// None becomes free in time.
    pub(in super::super) fn permit(&self) -> Result<SemaphorePermit<'_>, Problem> {
        if let Ok(permit) = self.makers.try_acquire() {
            return Ok(permit);
        }
        let waited = Handle::current().block_on(async { tokio::time::timeout(WAIT, self.makers.acquire()).await });
        waited.ok().and_then(Result::ok).ok_or_else(|| {
            Problem::busy(Code::Busy.as_str(), "too many bundles are being made; ask again", WAIT.as_secs())
        })
    }

    fn bundle(&self, key: &Key) -> Option<Bytes> {
        lock(&self.bundles).values.get(&key.address).map(|(_, bytes)| bytes.clone())
    }

    /// Keeps a bundle, and gives it back.
    fn keep(&self, key: Key, bytes: Bytes) -> Bytes {
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::sync::mpsc;

    use certs::Identity;
    use conformity::party::Role;

    use super::*;
    use crate::http::holders::Holders;

    fn key(number: usize) -> Key {
        let checkpoint = Checkpoint { size: 1, note: Bytes::new(), frame: Bytes::new() };
        Key { address: Address(number, 0, None, Detail::None), _values: (Box::new(()), Arc::new(checkpoint)) }
    }

    /// Four are held in the middle of being made; a fifth waits, is refused, and is made once there is a place.
    #[tokio::test]
    async fn few_bundles_are_made_at_once() {
        let proofs = Arc::new(Proofs::default());
        let made = Arc::new(AtomicUsize::new(0));
        let ask = |number: usize, hold: Option<mpsc::Receiver<()>>| {
            let (proofs, made) = (Arc::clone(&proofs), Arc::clone(&made));
            tokio::task::spawn_blocking(move || {
                proofs.made(key(number), || {
                    made.fetch_add(1, Ordering::SeqCst);
                    let _ = hold.map(|hold| hold.recv());
                    Ok(Bytes::from_static(b"bundle"))
                })
            })
        };
        let mut held = Vec::new();
        for number in 0..MAKERS {
            let (release, hold) = mpsc::channel();
            held.push((release, ask(number, Some(hold))));
        }
        while made.load(Ordering::SeqCst) < MAKERS {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let (late, again) = (ask(MAKERS, None), ask(MAKERS, None));
        for refused in [late.await.unwrap().unwrap_err(), again.await.unwrap().unwrap_err()] {
            assert_eq!((refused.code(), refused.status, refused.retry_after), ("busy", 503, Some(WAIT.as_secs())));
        }
        assert_eq!(made.load(Ordering::SeqCst), MAKERS, "nothing of it was made");
        let late = ask(MAKERS, None);
        for (release, making) in held {
            drop(release);
            assert_eq!(making.await.unwrap().unwrap(), "bundle");
        }
        assert_eq!(late.await.unwrap().unwrap(), "bundle");
        assert_eq!(ask(0, None).await.unwrap().unwrap(), "bundle");
        assert_eq!(made.load(Ordering::SeqCst), MAKERS + 1, "what was made is not made again");
    }

    #[tokio::test]
    async fn a_holder_has_one_bundle_made_at_a_time() {
        let (proofs, holders) = (Proofs::default(), Holders::default());
        let party = |id: &str| Identity::Party { role: Role::Buyer, id: id.parse().unwrap() };
        let (one, other) = (holders.of(Some(&party("buyer-1"))), holders.of(Some(&party("buyer-2"))));
        let made = proofs.fresh(&one, || {
            let refused = proofs.fresh(&holders.of(Some(&party("buyer-1"))), || Ok(Bytes::new())).unwrap_err();
            assert_eq!((refused.code(), refused.status, refused.retry_after), ("busy", 503, Some(1)));
            proofs.fresh(&other, || Ok(Bytes::from_static(b"bundle")))
        });
        assert_eq!(made.unwrap(), "bundle", "another's");
        assert!(proofs.fresh(&one, || Ok(Bytes::new())).is_ok(), "one after the other");
    }
}
