//! What of the dispatcher outlives the process: the mark, and the lanes that changed.
//!
//! Lanes of one owner are one value, so that their number in the vault is bounded by that of parties. A damaged value costs its owner what
//! it held, and nobody else anything: the registry starts without it. Out of scope: when it is kept.

use std::collections::{BTreeMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};

use conformity::identifiers::Identifier;
use conformity::ids::PartyId;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use tokio::sync::{Notify, Semaphore};

use super::{Dispatch, Key, State, watched};
use crate::buyer::exposing::Exposing;
use crate::buyer::hindrance::Hindrance;
use crate::buyer::lane::{Lane, Spot};
use crate::buyer::shelf::{Name, Shelf, ShelfError};
use crate::buyer::signals::Status;
use crate::buyer::subscription::Subscription;
use crate::buyer::supply_chain::SupplyChain;
use crate::vault::{Vault, VaultError};

/// Readers that are given old entries from the journal at once.
const CATCH_UPS: usize = 4;
/// What names in the vault begin with.
const PREFIX: &str = "lanes";
const MARK: &str = "lanes-mark";
/// Entries after which the mark is kept though no lane changed: so many at most are looked at again after a crash.
const MARK_EVERY: u64 = 65_536;

/// A lane, and of which subscription: a name may be that of another one by now.
#[derive(Debug, Serialize, Deserialize)]
struct KeptLane {
    /// As in [`Subscription::id`].
    #[serde(default)]
    id: String,
    /// As in [`Subscription::from`].
    from: u64,
    lane: Lane,
}

impl KeptLane {
    /// Whether it is the lane of `subscription`, and not of one that had its name before.
    fn is_of(&self, subscription: &Subscription) -> bool {
        (self.id.as_str(), self.from) == (subscription.id.as_str(), subscription.from)
    }
}

fn behind(from: u64) -> Lane {
    Lane { behind: Some(Spot::of_entry(from)), ..Lane::default() }
}

/// The mark as it was kept last.
fn mark(vault: &Vault) -> Result<Option<u64>, ShelfError> {
    vault.value(MARK)?.map(|bytes| serde_json::from_slice(&bytes).map_err(unreadable)).transpose()
}

/// The lanes of one owner.
fn lanes(vault: &Vault, owner: &PartyId) -> Result<BTreeMap<Name, KeptLane>, ShelfError> {
    let kept = vault.value(&named(vault, owner))?;
    kept.map_or_else(|| Ok(BTreeMap::new()), |bytes| serde_json::from_slice(&bytes).map_err(unreadable))
}

fn named(vault: &Vault, owner: &PartyId) -> String {
    format!("{PREFIX}/{}", vault.pseudonym(&format!("{PREFIX}/{owner}")))
}

fn unreadable(problem: serde_json::Error) -> ShelfError {
    ShelfError::Unreadable { kind: PREFIX, problem }
}

/// Values that were left out because they cannot be read.
#[derive(Default)]
struct LeftOut(u64);

impl LeftOut {
    /// What was read; nothing, and a line for the operator, where that one value is damaged.
    fn unless_damaged<T>(&mut self, read: Result<T, ShelfError>) -> Result<Option<T>, ShelfError> {
        match read {
            Err(error) if error.is_of_one_value() => {
                self.0 += 1;
                tracing::error!(%error, "a value that a party keeps is damaged: its subscription is not told of anything, or told again");
                Ok(None)
            }
            read => read.map(Some),
        }
    }

    fn say(&self) {
        if self.0 > 0 {
            let advice =
                "restore the vault from a backup, or have the parties remove these subscriptions and put them again";
            tracing::error!(values = self.0, advice, "this registry started without damaged values");
        }
    }
}

/// A subscription as it is on the shelf.
struct Restored {
    subscription: Arc<Subscription>,
    /// Who is on its watchlist.
    watched: Arc<HashSet<Identifier>>,
    /// Why nobody is, where its chain is not there or cannot be read.
    hindrance: Option<Hindrance>,
}

fn restored(shelf: &Shelf, key: &Key) -> Result<Option<Restored>, ShelfError> {
    let Some(kept) = shelf.value::<Subscription>(&key.owner, &key.name)? else { return Ok(None) };
    let subscription = Arc::new(kept.value);
    let (watched, hindrance) = match (watched(shelf, &key.owner, &subscription), &subscription.exposure) {
        (Err(error), Some(_)) if error.is_of_one_value() => (Arc::default(), Some(Hindrance::ChainUnreadable)),
        (watched, None) => (watched?.unwrap_or_default(), None),
        (watched, Some(exposing)) => match watched? {
            Some(watched) => (watched, None),
            None => (Arc::default(), Some(without_chain(shelf, &key.owner, exposing)?)),
        },
    };
    Ok(Some(Restored { subscription, watched, hindrance }))
}

/// Why a chain has no suppliers: the node may have ended between its removal and what follows from that, and a later program may read more
/// strictly.
fn without_chain(shelf: &Shelf, owner: &PartyId, exposing: &Exposing) -> Result<Hindrance, ShelfError> {
    let is_there = shelf.value::<SupplyChain>(owner, &exposing.supply_chain)?.is_some();
    Ok(if is_there { Hindrance::ChainUnreadable } else { Hindrance::ChainGone })
}

/// Has a lane follow its subscription, and says whether it did not: a change is on the shelf before the lane is kept, and the node may have
/// ended in between.
fn settled(lane: &mut Lane, subscription: &Subscription) -> bool {
    let before = lane.clone();
    if subscription.stream.as_ref().is_some_and(|stream| stream.status == Status::Disabled) {
        lane.drop_all();
    } else if subscription.is_sent() {
        lane.take_back();
    }
    if subscription.certificates.is_some() {
        // An offer may be on the shelf of which nobody looked what it means to the partner.
        lane.look(Spot::of_entry(subscription.from));
    }
    *lane != before
}

impl Dispatch {
    /// The subscriptions on `shelf`, as far as they were before the node ended. A log of `size` entries is there. Where a value of one
    /// owner is damaged, that one is left out, and a line says so; without its lanes an owner is told everything again.
    ///
    /// # Errors
    /// [`ShelfError`]: the vault cannot be read.
    pub fn open(vault: Arc<Vault>, shelf: &Shelf, size: u64, now: Timestamp) -> Result<Dispatch, ShelfError> {
        let (mut state, mut left_out) = (State { kept: mark(&vault)?, ..State::default() }, LeftOut::default());
        for owner in shelf.owners::<Subscription>()? {
            if let Some(owner) = left_out.unless_damaged(owner)? {
                state.restore(&vault, shelf, &owner, now, &mut left_out)?;
            }
        }
        left_out.say();
        state.mark = state.kept.unwrap_or(size).min(size);
        let (changing, keeping) = (Mutex::default(), Mutex::default());
        let (sooner, catch_ups) = (Notify::new(), Semaphore::new(CATCH_UPS));
        Ok(Dispatch { vault, state: Mutex::new(state), changing, keeping, sooner, catch_ups })
    }

    /// Keeps what changed, in one commit. Waits for the disk: what changed before the call is kept when it returns, whoever keeps it.
    ///
    /// # Errors
    /// [`ShelfError`]; it is tried again with the next change then.
    pub fn keep(&self) -> Result<(), ShelfError> {
        // One after another, or what was read first might be written last.
        let _keeping = self.keeping.lock().unwrap_or_else(PoisonError::into_inner);
        let (values, owners, mark) = {
            let mut state = self.state();
            if !state.is_worth_keeping() {
                return Ok(());
            }
            let owners = std::mem::take(&mut state.changed);
            let values = owners.iter().map(|owner| state.written(&self.vault, owner));
            (values.collect::<Result<Vec<_>, _>>(), owners, state.mark)
        };
        let kept = values.and_then(|mut values| {
            values.push((MARK.to_owned(), mark.to_string().into_bytes()));
            self.vault.put_all(&values).map_err(VaultError::into)
        });
        let mut state = self.state();
        match &kept {
            Ok(()) => state.kept = Some(mark),
            Err(_) => state.changed.extend(owners),
        }
        kept
    }

    /// Whether something changed that is not kept.
    pub fn has_changed(&self) -> bool {
        self.state().is_worth_keeping()
    }
}

impl State {
    fn restore(
        &mut self,
        vault: &Vault,
        shelf: &Shelf,
        owner: &PartyId,
        now: Timestamp,
        left_out: &mut LeftOut,
    ) -> Result<(), ShelfError> {
        let mut lanes = left_out.unless_damaged(lanes(vault, owner))?.unwrap_or_default();
        for listed in left_out.unless_damaged(shelf.list::<Subscription>(owner))?.unwrap_or_default() {
            let key = Key { owner: owner.clone(), name: listed.name };
            let restored = left_out.unless_damaged(restored(shelf, &key))?.flatten();
            let Some(Restored { subscription, watched, hindrance }) = restored else { continue };
            let lane = lanes.remove(&key.name).filter(|lane| lane.is_of(&subscription));
            // Put just before the node ended: nothing of it was looked at as far as is known.
            let mut lane = lane.map_or_else(|| behind(subscription.from), |lane| lane.lane);
            if settled(&mut lane, &subscription) {
                self.changed.insert(owner.clone());
            }
            if let Some(hindrance) = hindrance {
                // Nobody is on the chain meanwhile, so that nothing would show what is to be told once it is there again.
                lane.behind.get_or_insert(Spot::of_entry(self.kept.unwrap_or(subscription.from)));
                if lane.parked.is_none() {
                    lane.stuck(hindrance, now);
                }
                self.changed.insert(owner.clone());
            }
            self.set(key, subscription, watched, lane, now);
        }
        Ok(())
    }

    fn is_worth_keeping(&self) -> bool {
        let is_far = !self.lines.is_empty() && self.mark.saturating_sub(self.kept.unwrap_or(0)) >= MARK_EVERY;
        !self.changed.is_empty() || is_far
    }

    fn written(&self, vault: &Vault, owner: &PartyId) -> Result<(String, Vec<u8>), ShelfError> {
        let lane = |(key, line): (&super::Key, &'_ super::Line)| {
            let Subscription { id, from, .. } = &*line.subscription;
            (key.name.clone(), KeptLane { id: id.clone(), from: *from, lane: line.lane.clone() })
        };
        let lanes: BTreeMap<Name, KeptLane> = self.of(owner).map(lane).collect();
        let bytes = serde_json::to_vec(&lanes).map_err(unreadable)?;
        Ok((named(vault, owner), bytes))
    }
}
