//! The shelf: what parties keep here for themselves alone, such as whom a buyer watches.
//!
//! ```text
//! owner × kind × name ▶ value, with a version that never comes again
//!
//! shelf/<kind>/<pseudonym of owner>            the contents: which names, in which place, how large, which version
//! shelf/<kind>/<pseudonym of owner>/<place>    one value
//! ```
//!
//! Everything rests sealed in the vault: owners are pseudonyms there, and names stand in the sealed contents alone, so that whoever
//! holds the files but not the vault key learns how many values there are and how large, not whose or of what. Nothing of it is ever logged. Places are used
//! again, so that who writes and removes for ever does not make the vault grow.
//!
//! Durability: what is put or removed is so durably when the call returns; both belongings of a value change in one commit, and so does all
//! that is put in one [`Draft`].
//! Out of scope: who may ask (the door), and what the values mean.

mod draft;
mod name;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;
use std::sync::{Arc, PoisonError, RwLock};

use conformity::ids::PartyId;
use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

pub use draft::Draft;
pub use name::{Name, NameError};

use crate::vault::{Vault, VaultError};

/// What names in the vault begin with.
const PREFIX: &str = "shelf";

/// A kind of value, and how much of it one owner may keep.
#[derive(Debug, Clone, Copy)]
pub struct Kind {
    /// What it is called, in the vault and in refusals: lower case, plural.
    pub name: &'static str,
    /// Most values.
    pub values: usize,
    /// Most bytes of one value, as JSON; below what the vault takes.
    pub value_bytes: usize,
    /// Most bytes of all values.
    pub all_bytes: usize,
}

/// What can be kept.
pub trait Kept: Serialize + DeserializeOwned {
    /// Of which kind it is. Another type has another one.
    const KIND: Kind;
}

/// A version of a value: of one owner and kind no two values ever have the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Version(u64);

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for Version {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Version, Self::Err> {
        let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        let number = digits.then(|| text.parse().ok()).flatten();
        number.map(Version).ok_or("a version is a number")
    }
}

/// What must be there for a change to be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Condition {
    /// Whatever is there.
    Any,
    /// Nothing.
    Absent,
    /// Something, in whatever version.
    Present,
    /// Exactly this version.
    Exactly(Version),
}

impl Condition {
    fn holds(self, there: Option<Version>) -> bool {
        match self {
            Self::Any => true,
            Self::Absent => there.is_none(),
            Self::Present => there.is_some(),
            Self::Exactly(version) => there == Some(version),
        }
    }
}

/// A value with its version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shelved<T> {
    /// The value.
    pub value: T,
    /// Its version.
    pub version: Version,
    /// When it was put.
    pub changed: Timestamp,
}

/// A value without what it says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Listed {
    /// Its name.
    pub name: Name,
    /// Its version.
    pub version: Version,
    /// Its size, as JSON.
    pub bytes: usize,
    /// When it was put.
    pub changed: Timestamp,
}

/// Why a value was not put, read or removed. Nothing changed then.
#[derive(Debug, thiserror::Error)]
pub enum ShelfError {
    /// Something else is there than the change was to be made to.
    #[error("it is not there as you had it; read it again, and change that")]
    Changed,
    /// The value is too large.
    #[error("it has {bytes} bytes as JSON, and one of the {kind} has {most} at most; split it")]
    TooLarge {
        /// Of which kind.
        kind: &'static str,
        /// Its size.
        bytes: usize,
        /// What is taken.
        most: usize,
    },
    /// The owner has as many as it may.
    #[error("you keep {most} {kind} already, which is all that one party may; remove one")]
    TooMany {
        /// Of which kind.
        kind: &'static str,
        /// How many are taken.
        most: usize,
    },
    /// The owner has no room for as much.
    #[error("your {kind} would have {bytes} bytes in all, and those of one party have {most} at most; remove some")]
    NoRoom {
        /// Of which kind.
        kind: &'static str,
        /// What all would have.
        bytes: usize,
        /// What is taken.
        most: usize,
    },
    /// The vault.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// What is in the vault is not what this program writes.
    #[error("one of the {kind} that a party keeps cannot be read: {problem}")]
    Unreadable {
        /// Of which kind.
        kind: &'static str,
        /// Why.
        problem: serde_json::Error,
    },
}

impl ShelfError {
    /// Whether one value is damaged while others can be read.
    pub fn is_of_one_value(&self) -> bool {
        matches!(self, Self::Unreadable { .. } | Self::Vault(VaultError::Sealed { .. }))
    }
}

/// The shelf of one registry. Shared by reference among threads; each call waits for the disk.
pub struct Shelf {
    vault: Arc<Vault>,
    /// Contents and values are read and changed together.
    whole: RwLock<()>,
}

/// What one owner keeps of one kind.
#[derive(Debug, Serialize, Deserialize)]
struct Contents {
    owner: PartyId,
    /// The version that is given next. It stays when everything is removed, so that no version comes again.
    next: Version,
    values: BTreeMap<Name, Spot>,
}

/// Where a value is.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct Spot {
    place: usize,
    bytes: usize,
    version: Version,
    changed: Timestamp,
}

impl Shelf {
    /// The shelf in `vault`.
    pub fn new(vault: Arc<Vault>) -> Shelf {
        Shelf { vault, whole: RwLock::default() }
    }

    /// Puts `value` where `condition` holds, in the place of what has that name.
    ///
    /// # Errors
    /// [`ShelfError`]; then what was there still is.
    pub fn put<T: Kept>(
        &self,
        owner: &PartyId,
        name: &Name,
        value: &T,
        condition: Condition,
        now: Timestamp,
    ) -> Result<Version, ShelfError> {
        self.change(owner, |draft| draft.put(name, value, condition, now))
    }

    /// Makes several changes together: what `work` reads is so until all of them are written, and where it fails none is.
    ///
    /// # Errors
    /// Those of `work`, and [`ShelfError`] where it cannot be written.
    pub fn change<R, E: From<ShelfError>>(
        &self,
        owner: &PartyId,
        work: impl FnOnce(&mut Draft<'_>) -> Result<R, E>,
    ) -> Result<R, E> {
        let _whole = self.whole.write().unwrap_or_else(PoisonError::into_inner);
        let mut draft = Draft::new(self, owner);
        let done = work(&mut draft)?;
        draft.write()?;
        Ok(done)
    }

    /// The value of that name, if there is one.
    ///
    /// # Errors
    /// [`ShelfError::Vault`] or [`ShelfError::Unreadable`].
    pub fn value<T: Kept>(&self, owner: &PartyId, name: &Name) -> Result<Option<Shelved<T>>, ShelfError> {
        let _whole = self.whole.read().unwrap_or_else(PoisonError::into_inner);
        let Some(spot) = self.contents::<T>(owner)?.values.get(name).copied() else { return Ok(None) };
        let Some(bytes) = self.vault.value(&self.place::<T>(owner, spot))? else { return Ok(None) };
        Ok(Some(Shelved { value: read(T::KIND.name, &bytes)?, version: spot.version, changed: spot.changed }))
    }

    /// What there is of a kind, by name.
    ///
    /// # Errors
    /// [`ShelfError::Vault`] or [`ShelfError::Unreadable`].
    pub fn list<T: Kept>(&self, owner: &PartyId) -> Result<Vec<Listed>, ShelfError> {
        let _whole = self.whole.read().unwrap_or_else(PoisonError::into_inner);
        let mut listed = Vec::new();
        for (name, spot) in self.contents::<T>(owner)?.values {
            // A removal that a crash cut off left the name behind.
            if self.vault.has(&self.place::<T>(owner, spot))? {
                listed.push(spot.listed(name));
            }
        }
        Ok(listed)
    }

    /// Removes the value of that name where `condition` holds; whether there was one. It cannot be read any more, in no backup of
    /// the values either; its destroyed key leaves the file of keys when that is shredded next.
    ///
    /// # Errors
    /// [`ShelfError`].
    pub fn remove<T: Kept>(&self, owner: &PartyId, name: &Name, condition: Condition) -> Result<bool, ShelfError> {
        self.change(owner, |draft| draft.remove::<T>(name, condition))
    }

    /// All who keep something of a kind, or did, for what the node does in their name; an error in the place of whoever's contents cannot
    /// be read.
    ///
    /// # Errors
    /// [`ShelfError::Vault`].
    pub fn owners<T: Kept>(&self) -> Result<Vec<Result<PartyId, ShelfError>>, ShelfError> {
        let _whole = self.whole.read().unwrap_or_else(PoisonError::into_inner);
        let prefix = format!("{PREFIX}/{}/", T::KIND.name);
        let mut owners = Vec::new();
        for name in self.vault.names(&prefix)? {
            let is_contents = name.strip_prefix(&prefix).is_some_and(|rest| !rest.contains('/'));
            if is_contents {
                let contents = self.vault.value(&name).map_err(ShelfError::from).transpose();
                owners.extend(contents.map(|bytes| Ok(read::<Contents>(T::KIND.name, &bytes?)?.owner)));
            }
        }
        Ok(owners)
    }

    fn contents<T: Kept>(&self, owner: &PartyId) -> Result<Contents, ShelfError> {
        match self.vault.value(&shelf::<T>(&self.vault, owner))? {
            Some(bytes) => read(T::KIND.name, &bytes),
            None => Ok(Contents { owner: owner.clone(), next: Version(1), values: BTreeMap::new() }),
        }
    }

    fn place<T: Kept>(&self, owner: &PartyId, spot: Spot) -> String {
        format!("{}/{}", shelf::<T>(&self.vault, owner), spot.place)
    }
}

impl Spot {
    fn listed(self, name: Name) -> Listed {
        Listed { name, version: self.version, bytes: self.bytes, changed: self.changed }
    }
}

impl Contents {
    /// The place for a value of `bytes`, where there is room for it.
    fn room_for(&self, kind: &Kind, name: &Name, bytes: usize) -> Result<usize, ShelfError> {
        let others = || self.values.iter().filter(|(other, _)| *other != name).map(|(_, spot)| spot);
        let all = others().map(|spot| spot.bytes).sum::<usize>() + bytes;
        if all > kind.all_bytes {
            return Err(ShelfError::NoRoom { kind: kind.name, bytes: all, most: kind.all_bytes });
        }
        if let Some(spot) = self.values.get(name) {
            return Ok(spot.place);
        }
        let free = (0..kind.values).find(|place| others().all(|spot| spot.place != *place));
        free.ok_or(ShelfError::TooMany { kind: kind.name, most: kind.values })
    }
}

/// What an owner's contents are called in the vault: another pseudonym in each kind, so that nobody can tell that it is the same.
fn shelf<T: Kept>(vault: &Vault, owner: &PartyId) -> String {
    let kind = T::KIND.name;
    format!("{PREFIX}/{kind}/{}", vault.pseudonym(&format!("{PREFIX}/{kind}/{owner}")))
}

fn written(kind: &'static str, value: &impl Serialize) -> Result<Vec<u8>, ShelfError> {
    serde_json::to_vec(value).map_err(|problem| ShelfError::Unreadable { kind, problem })
}

fn read<V: DeserializeOwned>(kind: &'static str, bytes: &[u8]) -> Result<V, ShelfError> {
    serde_json::from_slice(bytes).map_err(|problem| ShelfError::Unreadable { kind, problem })
}
