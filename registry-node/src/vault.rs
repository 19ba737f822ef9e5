//! The vault: private truth that no log may hold and nothing can rebuild (what peers showed us, what we cosigned, evidence,
//! disclosures and who saw them).
//!
//! Each value is sealed with AES-256-GCM under a key of its own; those keys rest in a second file, wrapped under the
//! vault key. Names are not sealed; where one would tell something, it is a pseudonym under the vault key. Erasing a value destroys its key, so copies of `values.redb` in old backups become unreadable; shredding
//! rewrites the file of keys, in whose free pages the destroyed ones rest.
//! Out of scope: what the values mean.
//!
//! Durability: redb commits with fsync before `put` and `erase` return. Nobody retries: an error means "not stored". After a failed
//! sync nothing is stored or shown until the program starts again; after any other failure the next use opens the files anew
//! (`files.rs`).

mod files;

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use aws_lc_rs::{hmac, rand};
use ledger::disk::RealDisk;
use ledger::files::OPEN;
use redb::{Database, ReadableDatabase, ReadableTable, TableDefinition};
use zeroize::Zeroizing;

use files::{Desk, Files, OnDisk, Place, Storage};

/// Largest value, in bytes.
pub const MAX_VALUE_BYTES: usize = 16 * 1024 * 1024;

const KEY_BYTES: usize = 32;
const PSEUDONYM_BYTES: usize = 16;
const PSEUDONYMS: &str = "secure-trust-registry vault pseudonyms";
const SECRETS: &str = "secure-trust-registry vault secrets";
const VALUES_FILE: &str = "values.redb";
const KEYS_FILE: &str = "keys.redb";
/// The file of keys while it is rewritten.
const NEW_KEYS_FILE: &str = "keys.redb.new";
const VALUES: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("values");
const KEYS: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("keys");
/// Beside the keys, so that it goes with their file: not empty while that file may hold bytes of erased keys.
const ERASED: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("erased");

/// Why the vault did not do as asked.
#[derive(Debug, thiserror::Error)]
pub enum VaultError {
    /// The disk or redb refused.
    #[error("the vault cannot be read or written: {0}")]
    Storage(#[from] redb::Error),
    /// A file of the vault cannot be used.
    #[error("{path}: {problem}")]
    File {
        /// The file.
        path: PathBuf,
        /// What is wrong and what to do.
        problem: String,
    },
    /// A value does not open with its key: damage, or another vault's file.
    #[error(
        "the value {name} does not open with its key: the vault is damaged, or its files come from two different vaults"
    )]
    Sealed {
        /// Name of the value.
        name: String,
    },
    /// A value above [`MAX_VALUE_BYTES`].
    #[error("a value of {bytes} bytes exceeds the vault's limit of {MAX_VALUE_BYTES}")]
    TooLarge {
        /// Its size.
        bytes: usize,
    },
    /// A sync failed: nobody knows what is durable.
    #[error("a sync of the vault failed: nothing is stored in it or read from it until a restart; check the disk")]
    Uncertain,
    /// The log took nothing more: so does the vault.
    #[error("the registry has stopped: nothing is stored in the vault until a restart")]
    Stopped,
    /// The files were opened again a moment ago, because of a failure, and failed.
    #[error("the vault could not be read or written a moment ago; it is opened again in a second")]
    Pausing,
    /// The operating system gave no random bytes or the cipher failed.
    #[error("the cryptographic library failed; nothing was stored")]
    Crypto,
}

impl VaultError {
    /// Whether only a restart helps.
    pub fn needs_restart(&self) -> bool {
        matches!(self, Self::Uncertain | Self::Stopped)
    }
}

/// An open vault. One process at a time; shared by reference among tasks.
pub struct Vault {
    folder: PathBuf,
    place: Place,
    /// Held while a value is replaced: two writers of one name would seal it under one key and keep the other.
    desk: Mutex<Desk>,
    vault_key: LessSafeKey,
    pseudonyms: hmac::Key,
    secrets: hmac::Key,
}

impl Vault {
    /// Opens the vault in `folder`, creating it (with a fresh vault key) when the folder is empty.
    ///
    /// # Errors
    /// [`VaultError::File`] when the key file is missing beside existing data, is readable by others, or has the wrong
    /// size; [`VaultError::Storage`] when another process has it open.
    pub fn open(folder: &Path) -> Result<Vault, VaultError> {
        Self::open_on(folder, Box::new(OnDisk))
    }

    fn open_on(folder: &Path, storage: Box<dyn Storage>) -> Result<Vault, VaultError> {
        ledger::files::make_dir(&RealDisk, folder, OPEN).map_err(|error| file_error(folder, &error.to_string()))?;
        let key_file = folder.join("vault.key");
        let values_file = folder.join(VALUES_FILE);
        if !key_file.exists() {
            if values_file.exists() {
                return Err(file_error(&key_file, "missing, but sealed values exist: restore it from your key backup"));
            }
            let written = ledger::files::create_private(&RealDisk, &key_file, &*random_key()?);
            written.map_err(|error| file_error(&key_file, &error.to_string()))?;
        }
        let secret = read_secret(&key_file)?;
        let derived = |purpose| derived(&secret, purpose);
        let (pseudonyms, secrets) = (derived(PSEUDONYMS), derived(SECRETS));
        let vault_key = aead_key(&secret)?;
        let (place, desk) = (Place::new(storage), Mutex::default());
        let vault = Vault { folder: folder.to_owned(), place, desk, vault_key, pseudonyms, secrets };
        drop(vault.files()?);
        Ok(vault)
    }

    /// Whether a sync failed: nothing is stored or shown until the program starts again.
    pub fn is_uncertain(&self) -> bool {
        self.place.health.is_uncertain()
    }

    /// Whether nothing is stored any more until the program starts again: a sync of the vault failed, or it was told to [`stop`](Self::stop).
    pub fn is_stopped(&self) -> bool {
        self.place.health.is_stopped()
    }

    /// Stores nothing more until the program starts again, for the log does not either; what is there is shown. Answers whether that
    /// is new.
    pub fn stop(&self) -> bool {
        self.place.health.stop()
    }

    /// Stores `value` under `name`, replacing what was there, sealed under a fresh key.
    ///
    /// The key is durable before the value counts: after a crash the old value stands, never half of the new one.
    ///
    /// # Errors
    /// [`VaultError`]; then the caller must treat the value as not stored.
    pub fn put(&self, name: &str, value: &[u8]) -> Result<(), VaultError> {
        self.put_all(&[(name.to_owned(), value.to_vec())])
    }

    /// Stores several values, each as [`put`](Self::put) does, in as few commits as one takes: all of them count, or none does.
    /// Nobody else reads or writes meanwhile, so a caller with many stores them in pieces.
    ///
    /// # Errors
    /// [`VaultError`]; then the caller must treat none as stored.
    pub fn put_all(&self, values: &[(String, Vec<u8>)]) -> Result<(), VaultError> {
        if values.is_empty() {
            return Ok(());
        }
        if let Some((_, value)) = values.iter().find(|(_, value)| value.len() > MAX_VALUE_BYTES) {
            return Err(VaultError::TooLarge { bytes: value.len() });
        }
        self.change(|_, files| self.replace(files, values))
    }

    fn replace(&self, files: &Files, values: &[(String, Vec<u8>)]) -> Result<(), VaultError> {
        let (mut new_keys, mut sealed, mut before) = (Vec::new(), Vec::new(), Vec::new());
        for (name, value) in values {
            let generation = generation(files, name)?.wrapping_add(1);
            let (key, slot) = (random_key()?, slot(name, generation));
            new_keys.push((slot.clone(), seal(&self.vault_key, &slot, &*key)?));
            sealed.push((slot.clone(), seal(&aead_key(&*key)?, &slot, value)?));
            sealed.push((name.clone(), generation.to_be_bytes().to_vec()));
            if generation > 1 {
                before.push(self::slot(name, generation - 1));
            }
        }
        insert(&files.keys, KEYS, &new_keys)?;
        insert(&files.values, VALUES, &sealed)?;
        if before.is_empty() {
            return Ok(());
        }
        remove(&files.keys, KEYS, &before)?;
        remove(&files.values, VALUES, &before)
    }

    /// The value stored under `name`, or `None` when there is none or it was erased.
    ///
    /// # Errors
    /// [`VaultError`] when it exists but cannot be read.
    pub fn value(&self, name: &str) -> Result<Option<Vec<u8>>, VaultError> {
        // A replacement has moments in which neither the old value nor the new one is whole.
        self.work(|_, files| {
            let slot = slot(name, generation(files, name)?);
            let (Some(wrapped), Some(sealed)) = (read(&files.keys, KEYS, &slot)?, read(&files.values, VALUES, &slot)?)
            else {
                return Ok(None);
            };
            let key = Zeroizing::new(unseal(&self.vault_key, &slot, wrapped)?);
            unseal(&aead_key(&key)?, &slot, sealed).map(Some)
        })
    }

    /// What to call in a name what nobody may read there: names are not sealed. The same for the same text, and of no use without
    /// the vault key.
    pub fn pseudonym(&self, of: &str) -> String {
        let tag = hmac::sign(&self.pseudonyms, of.as_bytes());
        tag.as_ref().iter().take(PSEUDONYM_BYTES).map(|byte| format!("{byte:02x}")).collect()
    }

    /// A key for what rests outside of the vault and is of no use without it. The same for the same purpose.
    pub fn secret(&self, purpose: &str) -> Zeroizing<[u8; KEY_BYTES]> {
        let tag = hmac::sign(&self.secrets, purpose.as_bytes());
        let mut key = Zeroizing::new([0; KEY_BYTES]);
        key.iter_mut().zip(tag.as_ref()).for_each(|(byte, of)| *byte = *of);
        key
    }

    /// Whether a value is stored under `name`, without opening it.
    ///
    /// # Errors
    /// [`VaultError::Storage`].
    pub fn has(&self, name: &str) -> Result<bool, VaultError> {
        self.work(|_, files| Ok(read(&files.keys, KEYS, &slot(name, generation(files, name)?))?.is_some()))
    }

    /// Erases `name` for ever: its key is destroyed first. Its bytes may rest in the files until the next [`shred`](Self::shred).
    ///
    /// # Errors
    /// [`VaultError::Storage`]; the value may then still be readable.
    pub fn erase(&self, name: &str) -> Result<(), VaultError> {
        self.erase_all(&[name.to_owned()])
    }

    /// Erases several, each as [`erase`](Self::erase) does, in as few commits as one takes.
    ///
    /// # Errors
    /// [`VaultError::Storage`]; they may then still be readable.
    pub fn erase_all(&self, names: &[String]) -> Result<(), VaultError> {
        self.change(|_, files| {
            let slots = names.iter().map(|name| Ok(slot(name, generation(files, name)?)));
            let slots = slots.collect::<Result<Vec<_>, VaultError>>()?;
            destroy(&files.keys, &slots)?;
            remove(&files.values, VALUES, &slots)
        })
    }

    /// Rewrites the file of keys without a byte of those that were destroyed, if any were since it was last rewritten.
    ///
    /// Takes as long as there are keys, and nobody reads or writes the vault meanwhile: call it once after many erasures. A crash
    /// leaves the old file or the new one in place, whole; that shredding is due rests in the old one and goes with it. What the
    /// device keeps of blocks that a file gave back is out of reach.
    ///
    /// # Errors
    /// [`VaultError`]; call it again then, at the latest after the next start. When the new file cannot get its name, or not
    /// durably, nothing is stored any more until then: a power loss may bring back the file that was replaced.
    pub fn shred(&self) -> Result<(), VaultError> {
        self.change(|desk, files| self.rewrite(desk, files))
    }

    fn rewrite(&self, desk: &mut Desk, files: &Files) -> Result<(), VaultError> {
        if slots(&files.keys, ERASED, "")?.is_empty() {
            return Ok(());
        }
        let (file, new) = (self.folder.join(KEYS_FILE), self.folder.join(NEW_KEYS_FILE));
        self.place.remove_if_present(&new)?;
        let rewritten = rewritten(&files.keys, self.place.database(&new)?)?;
        // One that is reported as failed may have happened all the same: the file that is open would have no name.
        self.place
            .storage
            .disk()
            .rename(&new, &file)
            .inspect_err(|_| self.place.health.doubt())
            .map_err(redb::Error::from)?;
        // From here on the old file has no name: whatever is stored next belongs into the new one.
        desk.replace_keys(rewritten);
        Ok(self.place.sync_dir(&self.folder)?)
    }

    /// The names that begin with `prefix` and still have a value, in order.
    ///
    /// # Errors
    /// [`VaultError::Storage`].
    pub fn names(&self, prefix: &str) -> Result<Vec<String>, VaultError> {
        self.work(|_, files| {
            let mut present = Vec::new();
            for slot in slots(&files.keys, KEYS, prefix)? {
                let name = slot.split('\u{0}').next().unwrap_or_default();
                // A crash may leave a key behind whose value never counted.
                if slot == self::slot(name, generation(files, name)?) {
                    present.push(name.to_owned());
                }
            }
            Ok(present)
        })
    }

    /// Changes the files, unless nothing is stored any more.
    fn change<T>(&self, change: impl FnOnce(&mut Desk, &Files) -> Result<T, VaultError>) -> Result<T, VaultError> {
        if self.is_stopped() && !self.is_uncertain() {
            return Err(VaultError::Stopped);
        }
        self.work(change)
    }

    /// Does something with the files. Whatever fails once nobody knows what is durable, is told as that.
    fn work<T>(&self, work: impl FnOnce(&mut Desk, &Files) -> Result<T, VaultError>) -> Result<T, VaultError> {
        let outcome = self.files().and_then(|(mut desk, files)| work(&mut desk, &files));
        outcome.map_err(|error| if self.is_uncertain() { VaultError::Uncertain } else { error })
    }

    /// The files, for as long as the turn is held.
    fn files(&self) -> Result<(MutexGuard<'_, Desk>, Files), VaultError> {
        // A panic elsewhere leaves the databases as they were committed last.
        let mut desk = self.desk.lock().unwrap_or_else(PoisonError::into_inner);
        if self.is_uncertain() {
            return Err(VaultError::Uncertain);
        }
        let files = desk.files(&self.place, || {
            // Locks the vault: only whoever holds it may take away what is left of rewriting the keys.
            let values = self.place.made(&self.folder.join(VALUES_FILE))?;
            self.place.remove_if_present(&self.folder.join(NEW_KEYS_FILE))?;
            let keys = self.place.made(&self.folder.join(KEYS_FILE))?;
            // They may be new, or one of them may have got its name a moment before a crash.
            self.place.sync_dir(&self.folder)?;
            Ok(Files { values: values.into(), keys: keys.into() })
        })?;
        Ok((desk, files.ok_or(VaultError::Pausing)?))
    }
}

/// How often `name` was written; 0 when never.
fn generation(files: &Files, name: &str) -> Result<u64, VaultError> {
    let stored = read(&files.values, VALUES, name)?;
    Ok(stored.and_then(|bytes| bytes.try_into().ok()).map_or(0, u64::from_be_bytes))
}

/// A value's place, and the associated data that binds it there.
fn slot(name: &str, generation: u64) -> String {
    format!("{name}\u{0}{generation}")
}

fn insert(
    database: &Database,
    table: TableDefinition<'_, &str, &[u8]>,
    values: &[(String, Vec<u8>)],
) -> Result<(), VaultError> {
    let write = database.begin_write().map_err(redb::Error::from)?;
    {
        let mut table = write.open_table(table).map_err(redb::Error::from)?;
        for (key, value) in values {
            table.insert(key.as_str(), value.as_slice()).map_err(redb::Error::from)?;
        }
    }
    Ok(write.commit().map_err(redb::Error::from)?)
}

fn remove(database: &Database, table: TableDefinition<'_, &str, &[u8]>, keys: &[String]) -> Result<(), VaultError> {
    let write = database.begin_write().map_err(redb::Error::from)?;
    {
        let mut table = write.open_table(table).map_err(redb::Error::from)?;
        for key in keys {
            table.remove(key.as_str()).map_err(redb::Error::from)?;
        }
    }
    Ok(write.commit().map_err(redb::Error::from)?)
}

/// Destroys keys, and notes in the same commit that their bytes are still in the file.
fn destroy(keys: &Database, slots: &[String]) -> Result<(), VaultError> {
    let write = keys.begin_write().map_err(redb::Error::from)?;
    let mut destroyed = false;
    {
        let mut table = write.open_table(KEYS).map_err(redb::Error::from)?;
        for slot in slots {
            destroyed |= table.remove(slot.as_str()).map_err(redb::Error::from)?.is_some();
        }
    }
    if destroyed {
        write.open_table(ERASED).map_err(redb::Error::from)?.insert("", [].as_slice()).map_err(redb::Error::from)?;
    }
    Ok(write.commit().map_err(redb::Error::from)?)
}

/// The new file with the keys that there are, durable when this returns.
fn rewritten(keys: &Database, new: Database) -> Result<Database, VaultError> {
    let (read, write) = (keys.begin_read().map_err(redb::Error::from)?, new.begin_write().map_err(redb::Error::from)?);
    {
        let old = read.open_table(KEYS).map_err(redb::Error::from)?;
        let mut table = write.open_table(KEYS).map_err(redb::Error::from)?;
        for entry in old.iter().map_err(redb::Error::from)? {
            let (slot, wrapped) = entry.map_err(redb::Error::from)?;
            table.insert(slot.value(), wrapped.value()).map_err(redb::Error::from)?;
        }
    }
    write.commit().map_err(redb::Error::from)?;
    Ok(new)
}

fn read(
    database: &Database,
    table: TableDefinition<'_, &str, &[u8]>,
    key: &str,
) -> Result<Option<Vec<u8>>, VaultError> {
    let read = database.begin_read().map_err(redb::Error::from)?;
    match read.open_table(table) {
        Ok(table) => Ok(table.get(key).map_err(redb::Error::from)?.map(|value| value.value().to_vec())),
        Err(redb::TableError::TableDoesNotExist(_)) => Ok(None),
        Err(error) => Err(redb::Error::from(error).into()),
    }
}

/// Everything in `table` that begins with `prefix`, in order.
fn slots(
    database: &Database,
    table: TableDefinition<'_, &str, &[u8]>,
    prefix: &str,
) -> Result<Vec<String>, VaultError> {
    let read = database.begin_read().map_err(redb::Error::from)?;
    let table = match read.open_table(table) {
        Ok(table) => table,
        Err(redb::TableError::TableDoesNotExist(_)) => return Ok(Vec::new()),
        Err(error) => return Err(redb::Error::from(error).into()),
    };
    let mut slots = Vec::new();
    for entry in table.range(prefix..).map_err(redb::Error::from)? {
        let slot = entry.map_err(redb::Error::from)?.0.value().to_owned();
        if !slot.starts_with(prefix) {
            break;
        }
        slots.push(slot);
    }
    Ok(slots)
}

fn seal(key: &LessSafeKey, slot: &str, plain: &[u8]) -> Result<Vec<u8>, VaultError> {
    let mut nonce = [0; NONCE_LEN];
    rand::fill(&mut nonce).map_err(|_| VaultError::Crypto)?;
    let mut sealed = plain.to_vec();
    key.seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::from(slot.as_bytes()), &mut sealed)
        .map_err(|_| VaultError::Crypto)?;
    sealed.extend_from_slice(&nonce);
    Ok(sealed)
}

fn unseal(key: &LessSafeKey, slot: &str, mut sealed: Vec<u8>) -> Result<Vec<u8>, VaultError> {
    let broken = || VaultError::Sealed { name: slot.split('\u{0}').next().unwrap_or_default().to_owned() };
    let body = sealed.len().checked_sub(NONCE_LEN).ok_or_else(broken)?;
    let nonce = Nonce::try_assume_unique_for_key(&sealed[body..]).map_err(|_| broken())?;
    sealed.truncate(body);
    let plain = key.open_in_place(nonce, Aad::from(slot.as_bytes()), &mut sealed).map_err(|_| broken())?.len();
    sealed.truncate(plain);
    Ok(sealed)
}

fn aead_key(bytes: &[u8]) -> Result<LessSafeKey, VaultError> {
    UnboundKey::new(&AES_256_GCM, bytes).map(LessSafeKey::new).map_err(|_| VaultError::Crypto)
}

/// A key apart from the one that wraps keys: HMAC as a pseudorandom function, and again for what the key is for.
fn derived(secret: &[u8], purpose: &str) -> hmac::Key {
    let derived = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret), purpose.as_bytes());
    hmac::Key::new(hmac::HMAC_SHA256, derived.as_ref())
}

fn random_key() -> Result<Zeroizing<[u8; KEY_BYTES]>, VaultError> {
    let mut key = Zeroizing::new([0; KEY_BYTES]);
    rand::fill(&mut *key).map_err(|_| VaultError::Crypto)?;
    Ok(key)
}

fn read_secret(path: &Path) -> Result<Zeroizing<Vec<u8>>, VaultError> {
    let io = |error: std::io::Error| file_error(path, &error.to_string());
    let mode = std::fs::metadata(path).map_err(io)?.permissions().mode();
    if mode & 0o077 != 0 {
        return Err(file_error(path, "readable by others: run `chmod 600` on it"));
    }
    let bytes = Zeroizing::new(std::fs::read(path).map_err(io)?);
    if bytes.len() != KEY_BYTES {
        return Err(file_error(path, "is not a vault key (32 bytes): restore it from your key backup"));
    }
    Ok(bytes)
}

fn file_error(path: &Path, problem: &str) -> VaultError {
    VaultError::File { path: path.to_owned(), problem: problem.to_owned() }
}

#[cfg(test)]
mod tests;
