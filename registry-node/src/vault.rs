//! The vault: private truth that no log may hold and nothing can rebuild (what peers showed us, evidence, and later
//! disclosures, consents and watchlists).
//!
//! Each value is sealed with AES-256-GCM under a key of its own; those keys rest in a second file, wrapped under the
//! vault key. Erasing a value destroys its key, so copies of `values.redb` in old backups become unreadable.
//! Out of scope: what the values mean.
//!
//! Durability: redb commits with fsync before `put` and `erase` return. Nobody retries: an error means "not stored".

use std::io::Write;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use aws_lc_rs::rand;
use redb::{Database, ReadableDatabase, TableDefinition};
use zeroize::Zeroizing;

/// Largest value, in bytes.
pub const MAX_VALUE_BYTES: usize = 16 * 1024 * 1024;

const KEY_BYTES: usize = 32;
const VALUES: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("values");
const KEYS: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("keys");

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
    /// The operating system gave no random bytes or the cipher failed.
    #[error("the cryptographic library failed; nothing was stored")]
    Crypto,
}

/// An open vault. One process at a time; shared by reference among tasks.
pub struct Vault {
    values: Database,
    keys: Database,
    vault_key: LessSafeKey,
    /// Held while a value is replaced: two writers of one name would seal it under one key and keep the other.
    writing: Mutex<()>,
}

impl Vault {
    /// Opens the vault in `folder`, creating it (with a fresh vault key) when the folder is empty.
    ///
    /// # Errors
    /// [`VaultError::File`] when the key file is missing beside existing data, is readable by others, or has the wrong
    /// size; [`VaultError::Storage`] when another process has it open.
    pub fn open(folder: &Path) -> Result<Vault, VaultError> {
        std::fs::create_dir_all(folder).map_err(|error| file_error(folder, &error.to_string()))?;
        let key_file = folder.join("vault.key");
        let values_file = folder.join("values.redb");
        if !key_file.exists() {
            if values_file.exists() {
                return Err(file_error(&key_file, "missing, but sealed values exist: restore it from your key backup"));
            }
            write_secret(&key_file, &*random_key()?)?;
        }
        Ok(Vault {
            vault_key: aead_key(&read_secret(&key_file)?)?,
            values: Database::create(values_file).map_err(redb::Error::from)?,
            keys: Database::create(folder.join("keys.redb")).map_err(redb::Error::from)?,
            writing: Mutex::new(()),
        })
    }

    /// Stores `value` under `name`, replacing what was there, sealed under a fresh key.
    ///
    /// The key is durable before the value, and the value before it counts: after a crash the old value stands, never
    /// half of the new one.
    ///
    /// # Errors
    /// [`VaultError`]; then the caller must treat the value as not stored.
    pub fn put(&self, name: &str, value: &[u8]) -> Result<(), VaultError> {
        if value.len() > MAX_VALUE_BYTES {
            return Err(VaultError::TooLarge { bytes: value.len() });
        }
        let _writing = self.writing();
        let generation = self.generation(name)?.wrapping_add(1);
        let key = random_key()?;
        let slot = slot(name, generation);
        let sealed = seal(&aead_key(&*key)?, &slot, value)?;
        let wrapped = seal(&self.vault_key, &slot, &*key)?;
        insert(&self.keys, KEYS, &slot, &wrapped)?;
        insert(&self.values, VALUES, &slot, &sealed)?;
        insert(&self.values, VALUES, name, &generation.to_be_bytes())?;
        if generation > 1 {
            self.forget(&self::slot(name, generation - 1))?;
        }
        Ok(())
    }

    /// The value stored under `name`, or `None` when there is none or it was erased.
    ///
    /// # Errors
    /// [`VaultError`] when it exists but cannot be read.
    pub fn value(&self, name: &str) -> Result<Option<Vec<u8>>, VaultError> {
        // A replacement has moments in which neither the old value nor the new one is whole.
        let _writing = self.writing();
        let slot = slot(name, self.generation(name)?);
        let (Some(wrapped), Some(sealed)) = (read(&self.keys, KEYS, &slot)?, read(&self.values, VALUES, &slot)?) else {
            return Ok(None);
        };
        let key = Zeroizing::new(unseal(&self.vault_key, &slot, wrapped)?);
        unseal(&aead_key(&key)?, &slot, sealed).map(Some)
    }

    /// Erases `name` for ever: its key is destroyed first.
    ///
    /// # Errors
    /// [`VaultError::Storage`]; the value may then still be readable.
    pub fn erase(&self, name: &str) -> Result<(), VaultError> {
        let _writing = self.writing();
        self.forget(&slot(name, self.generation(name)?))
    }

    /// The names that begin with `prefix` and still have a value, in order.
    ///
    /// # Errors
    /// [`VaultError::Storage`].
    pub fn names(&self, prefix: &str) -> Result<Vec<String>, VaultError> {
        let _writing = self.writing();
        let mut present = Vec::new();
        for slot in slots(&self.keys, KEYS, prefix)? {
            let name = slot.split('\u{0}').next().unwrap_or_default();
            // A crash may leave a key behind whose value never counted.
            if slot == self::slot(name, self.generation(name)?) {
                present.push(name.to_owned());
            }
        }
        Ok(present)
    }

    // It guards no value of its own, so a panic elsewhere leaves nothing half done.
    fn writing(&self) -> MutexGuard<'_, ()> {
        self.writing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn forget(&self, slot: &str) -> Result<(), VaultError> {
        remove(&self.keys, KEYS, slot)?;
        remove(&self.values, VALUES, slot)
    }

    /// How often `name` was written; 0 when never.
    fn generation(&self, name: &str) -> Result<u64, VaultError> {
        let stored = read(&self.values, VALUES, name)?;
        Ok(stored.and_then(|bytes| bytes.try_into().ok()).map_or(0, u64::from_be_bytes))
    }
}

/// A value's place, and the associated data that binds it there.
fn slot(name: &str, generation: u64) -> String {
    format!("{name}\u{0}{generation}")
}

fn insert(
    database: &Database,
    table: TableDefinition<'_, &str, &[u8]>,
    key: &str,
    value: &[u8],
) -> Result<(), VaultError> {
    let write = database.begin_write().map_err(redb::Error::from)?;
    write.open_table(table).map_err(redb::Error::from)?.insert(key, value).map_err(redb::Error::from)?;
    Ok(write.commit().map_err(redb::Error::from)?)
}

fn remove(database: &Database, table: TableDefinition<'_, &str, &[u8]>, key: &str) -> Result<(), VaultError> {
    let write = database.begin_write().map_err(redb::Error::from)?;
    write.open_table(table).map_err(redb::Error::from)?.remove(key).map_err(redb::Error::from)?;
    Ok(write.commit().map_err(redb::Error::from)?)
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

fn random_key() -> Result<Zeroizing<[u8; KEY_BYTES]>, VaultError> {
    let mut key = Zeroizing::new([0; KEY_BYTES]);
    rand::fill(&mut *key).map_err(|_| VaultError::Crypto)?;
    Ok(key)
}

fn write_secret(path: &Path, bytes: &[u8]) -> Result<(), VaultError> {
    let write = || {
        let mut file = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        path.parent().map_or(Ok(()), |folder| std::fs::File::open(folder)?.sync_all())
    };
    write().map_err(|error: std::io::Error| file_error(path, &error.to_string()))
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
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn contains(haystack: &[u8], needle: &[u8]) -> bool {
        haystack.windows(needle.len()).any(|window| window == needle)
    }

    #[test]
    fn values_survive_reopening_and_are_sealed_on_disk() {
        let folder = tempfile::tempdir().unwrap();
        {
            let vault = Vault::open(folder.path()).unwrap();
            vault.put("peer/eu", b"the first secret").unwrap();
            vault.put("peer/eu", b"the second secret").unwrap();
        }
        let vault = Vault::open(folder.path()).unwrap();
        assert_eq!(vault.value("peer/eu").unwrap().unwrap(), b"the second secret");
        assert_eq!(vault.value("peer/us").unwrap(), None);
        let on_disk = std::fs::read(folder.path().join("values.redb")).unwrap();
        assert!(!contains(&on_disk, b"second secret"));
    }

    #[test]
    fn an_erased_value_stays_unreadable_even_with_an_old_copy_of_the_values() {
        let folder = tempfile::tempdir().unwrap();
        let values = folder.path().join("values.redb");
        {
            let vault = Vault::open(folder.path()).unwrap();
            vault.put("x", b"secret").unwrap();
        }
        let backup = std::fs::read(&values).unwrap();
        Vault::open(folder.path()).unwrap().erase("x").unwrap();
        std::fs::write(&values, backup).unwrap();
        assert_eq!(Vault::open(folder.path()).unwrap().value("x").unwrap(), None);
    }

    #[test]
    fn a_reader_never_sees_a_replacement_half_done() {
        let folder = tempfile::tempdir().unwrap();
        let vault = Vault::open(folder.path()).unwrap();
        vault.put("evidence", b"0").unwrap();
        std::thread::scope(|scope| {
            let writer = scope.spawn(|| (0..40).for_each(|number| vault.put("evidence", &[number]).unwrap()));
            while !writer.is_finished() {
                assert!(vault.value("evidence").unwrap().is_some());
            }
        });
    }

    #[test]
    fn names_are_those_of_values() {
        let folder = tempfile::tempdir().unwrap();
        let vault = Vault::open(folder.path()).unwrap();
        assert!(vault.names("").unwrap().is_empty());
        for name in ["peer/us/3", "peer/eu/1", "peer/eu/1", "peer/jp/2", "witness/eu"] {
            vault.put(name, b"x").unwrap();
        }
        vault.erase("peer/jp/2").unwrap();
        // As a crash between the key and its value leaves it.
        for crashed in [slot("peer/eu/1", 3), slot("peer/eu/4", 1)] {
            insert(&vault.keys, KEYS, &crashed, b"key").unwrap();
        }
        assert_eq!(vault.names("peer/").unwrap(), ["peer/eu/1", "peer/us/3"]);
    }

    #[test]
    fn refusals() {
        let folder = tempfile::tempdir().unwrap();
        let vault = Vault::open(folder.path()).unwrap();
        assert!(matches!(vault.put("x", &vec![0; MAX_VALUE_BYTES + 1]), Err(VaultError::TooLarge { .. })));
        drop(vault);
        let key = folder.path().join("vault.key");
        std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o644)).unwrap();
        assert!(Vault::open(folder.path()).err().unwrap().to_string().contains("chmod 600"));
        std::fs::remove_file(&key).unwrap();
        assert!(Vault::open(folder.path()).err().unwrap().to_string().contains("restore it"));
    }

    #[test]
    fn a_value_that_many_write_at_once_is_one_of_theirs() {
        let folder = tempfile::tempdir().unwrap();
        let vault = Vault::open(folder.path()).unwrap();
        let rounds = 8;
        std::thread::scope(|scope| {
            for writer in 0..4_u8 {
                let vault = &vault;
                scope.spawn(move || (0..rounds).for_each(|_| vault.put("x", &[writer]).unwrap()));
            }
        });
        assert!(vault.value("x").unwrap().unwrap()[0] < 4);
        assert_eq!(vault.generation("x").unwrap(), 4 * rounds);
    }

    #[test]
    fn a_value_moved_to_another_name_does_not_open() {
        let key = aead_key(&[7; KEY_BYTES]).unwrap();
        let sealed = seal(&key, &slot("a", 1), b"secret").unwrap();
        assert!(matches!(unseal(&key, &slot("b", 1), sealed), Err(VaultError::Sealed { .. })));
    }
}
