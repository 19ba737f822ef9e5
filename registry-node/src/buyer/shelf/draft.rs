//! Several changes to what one owner keeps, decided together and written at once.
//!
//! While a draft is open nobody else changes anything on the shelf, so that what was read in it is so until it is written. What it reads
//! is what it would leave. Out of scope: what is changed.

use std::collections::BTreeMap;

use conformity::ids::PartyId;
use jiff::Timestamp;

use super::{Condition, Contents, Kept, Listed, Name, Shelf, ShelfError, Shelved, Spot, Version, read, written};

/// Changes that are not written yet.
pub struct Draft<'a> {
    shelf: &'a Shelf,
    owner: &'a PartyId,
    /// By what they are called in the vault.
    tables: BTreeMap<String, Table>,
    /// New values by their places; nothing where one is erased.
    values: BTreeMap<String, Option<Vec<u8>>>,
}

/// What there is of one kind.
struct Table {
    kind: &'static str,
    contents: Contents,
    has_changed: bool,
}

impl<'a> Draft<'a> {
    pub(super) fn new(shelf: &'a Shelf, owner: &'a PartyId) -> Self {
        Self { shelf, owner, tables: BTreeMap::new(), values: BTreeMap::new() }
    }

    /// The value of that name, if there is one.
    ///
    /// # Errors
    /// [`ShelfError::Vault`] or [`ShelfError::Unreadable`].
    pub fn value<T: Kept>(&mut self, name: &Name) -> Result<Option<Shelved<T>>, ShelfError> {
        let (table, contents) = self.table::<T>()?;
        let Some(spot) = contents.contents.values.get(name).copied() else { return Ok(None) };
        let place = place(&table, spot);
        let bytes = match self.values.get(&place) {
            Some(new) => new.clone(),
            None => self.shelf.vault.value(&place)?,
        };
        let Some(bytes) = bytes else { return Ok(None) };
        Ok(Some(Shelved { value: read(T::KIND.name, &bytes)?, version: spot.version, changed: spot.changed }))
    }

    /// What there is of a kind, by name; with it what a removal that a crash cut off left behind, which takes room still.
    ///
    /// # Errors
    /// [`ShelfError::Vault`] or [`ShelfError::Unreadable`].
    pub fn list<T: Kept>(&mut self) -> Result<Vec<Listed>, ShelfError> {
        let (_, table) = self.table::<T>()?;
        Ok(table.contents.values.iter().map(|(name, spot)| spot.listed(name.clone())).collect())
    }

    /// Puts `value` where `condition` holds, in the place of what has that name.
    ///
    /// # Errors
    /// [`ShelfError`]; then what was there still is.
    pub fn put<T: Kept>(
        &mut self,
        name: &Name,
        value: &T,
        condition: Condition,
        now: Timestamp,
    ) -> Result<Version, ShelfError> {
        let bytes = written(T::KIND.name, value)?;
        if bytes.len() > T::KIND.value_bytes {
            return Err(ShelfError::TooLarge { kind: T::KIND.name, bytes: bytes.len(), most: T::KIND.value_bytes });
        }
        let (table, of_kind) = self.table::<T>()?;
        let contents = &mut of_kind.contents;
        if !condition.holds(contents.values.get(name).map(|spot| spot.version)) {
            return Err(ShelfError::Changed);
        }
        let (place, version) = (contents.room_for(&T::KIND, name, bytes.len())?, contents.next);
        let spot = Spot { place, bytes: bytes.len(), version, changed: now };
        contents.next = Version(version.0.saturating_add(1));
        contents.values.insert(name.clone(), spot);
        of_kind.has_changed = true;
        self.values.insert(self::place(&table, spot), Some(bytes));
        Ok(version)
    }

    /// Removes the value of that name where `condition` holds; whether there was one.
    ///
    /// # Errors
    /// [`ShelfError`]; then what was there still is.
    pub fn remove<T: Kept>(&mut self, name: &Name, condition: Condition) -> Result<bool, ShelfError> {
        let (table, of_kind) = self.table::<T>()?;
        if !condition.holds(of_kind.contents.values.get(name).map(|spot| spot.version)) {
            return Err(ShelfError::Changed);
        }
        let Some(spot) = of_kind.contents.values.remove(name) else { return Ok(false) };
        of_kind.has_changed = true;
        self.values.insert(place(&table, spot), None);
        Ok(true)
    }

    fn table<T: Kept>(&mut self) -> Result<(String, &mut Table), ShelfError> {
        let name = super::shelf::<T>(&self.shelf.vault, self.owner);
        if !self.tables.contains_key(&name) {
            let contents = self.shelf.contents::<T>(self.owner)?;
            self.tables.insert(name.clone(), Table { kind: T::KIND.name, contents, has_changed: false });
        }
        let table = self.tables.get_mut(&name).ok_or(ShelfError::Changed)?;
        Ok((name, table))
    }

    /// Writes all of it.
    pub(super) fn write(self) -> Result<(), ShelfError> {
        let (mut erased, mut put) = (Vec::new(), Vec::new());
        for (place, value) in self.values {
            match value {
                Some(bytes) => put.push((place, bytes)),
                None => erased.push(place),
            }
        }
        for (name, table) in self.tables.into_iter().filter(|(_, table)| table.has_changed) {
            put.push((name, written(table.kind, &table.contents)?));
        }
        // What is to be gone first: a crash in between leaves a name without it, and not what the name's owner wanted gone.
        if !erased.is_empty() {
            self.shelf.vault.erase_all(&erased)?;
        }
        Ok(self.shelf.vault.put_all(&put)?)
    }
}

fn place(table: &str, spot: Spot) -> String {
    format!("{table}/{}", spot.place)
}
