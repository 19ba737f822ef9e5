//! The keys of this log's checkpoints: which the log names, in which files they rest, and how one file takes another's place.
//!
//! ```text
//! keys/log.pem           the key that signs
//! keys/log-next.pem      made before it is asked for; signs from the entry on by which the log names it
//! keys/log-former.pem    the key before, for as long as it signs besides
//! ```
//!
//! The log says which key signs, whatever the files are called: at a start any of them may be the one. Files are renamed only when
//! a checkpoint of the new key is published, so that everything by which a start recognises its log (last record, published
//! checkpoint) is signed with a key that is still there, wherever a crash falls. Out of scope: making a change (`cli`), and when a
//! change counts ([`ledger::log_keys`]).

use std::path::Path;
use std::sync::Arc;

use conformity::genesis::GenesisRecord;
use conformity::ids::Origin;
use conformity::records::Facts;
use jiff::Timestamp;
use ledger::disk::{Disk as _, RealDisk};
use ledger::files;
use ledger::log::{KeyNotHeld, Log, LogReader, Signers};
use ledger::log_keys::{CheckpointKeys, LogKeys};
use ledger::note::{NoteSigner, VerifierKeyError};
use token::TokenError;

use super::read_model::ReadModel;
use crate::clock::Clock;
use crate::folder::Folder;

/// Why the keys of the log cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum LogKeyError {
    /// A key file.
    #[error(transparent)]
    File(#[from] TokenError),
    /// A key that does not fit the origin.
    #[error(transparent)]
    Key(#[from] VerifierKeyError),
    /// The log names a key that no file holds.
    #[error(transparent)]
    NotHeld(#[from] KeyNotHeld),
    /// No file holds any.
    #[error("no key of the log is in the folder; restore keys/log.pem from your key backup")]
    Missing,
    /// The log names keys that do not follow from each other.
    #[error("the log's own keys: {0}")]
    Change(#[from] ledger::log_keys::KeyChangeError),
}

/// All keys that rest in the folder; the one in `keys/log.pem` first, where it is there.
///
/// # Errors
/// [`LogKeyError`]; also when there is none.
pub fn signers(folder: &Folder, origin: &Origin) -> Result<Signers, LogKeyError> {
    let mut found = Vec::new();
    let mut unfit = None;
    for file in [folder.log_key(), folder.next_log_key(), folder.former_log_key()] {
        match signer(&file, origin) {
            Ok(key) => found.push(key),
            Err(_) if !file.exists() => {}
            // It may be one that nobody needs any more; if it is needed, that is found out when the log has said so.
            Err(error) => {
                let advice = "restore it from your key backup; until then nothing is signed with it";
                tracing::warn!(file = %file.display(), %error, "a key of the log cannot be opened: {advice}");
                unfit = Some(error);
            }
        }
    }
    let mut found = found.into_iter();
    match (found.next(), unfit) {
        (Some(first), _) => Ok(Signers::new(first, found.collect())),
        (None, Some(error)) => Err(error),
        (None, None) => Err(LogKeyError::Missing),
    }
}

/// The key in a file.
///
/// # Errors
/// [`LogKeyError`].
pub fn signer(file: &Path, origin: &Origin) -> Result<NoteSigner, LogKeyError> {
    Ok(NoteSigner::new(origin.as_str(), token::open_key(file)?)?)
}

/// The keys that the log names.
///
/// # Errors
/// [`LogKeyError`]: not so by the rules of this program.
pub fn of_genesis(record: &GenesisRecord) -> Result<LogKeys, LogKeyError> {
    let mut keys = LogKeys::from(record.genesis.log_key.as_str().parse::<ledger::note::NoteVerifier>()?);
    for later in &record.log_keys {
        keys.change(later.moment.index, later.key.as_str().parse()?)?;
    }
    Ok(keys)
}

/// Signs with the key that the log names from here on.
///
/// # Errors
/// [`LogKeyError`].
pub fn follow(log: &mut Log, record: &GenesisRecord) -> Result<(), LogKeyError> {
    let until = record.log_keys.last().and_then(|later| later.until);
    Ok(log.follow_keys(of_genesis(record)?, besides_until_ms(until))?)
}

/// Until when the key before the newest signs besides, in milliseconds since the Unix epoch; 0 for not at all.
pub fn besides_until_ms(until: Option<Timestamp>) -> u64 {
    until.map_or(0, |until| u64::try_from(until.as_millisecond()).unwrap_or_default())
}

/// The key files of a running registry.
pub struct KeyFiles {
    /// Where they are.
    pub folder: Folder,
    /// Whose they are.
    pub log: LogReader,
    /// Says until when a key signs besides.
    pub read_model: Arc<ReadModel>,
    /// The present.
    pub clock: Arc<dyn Clock>,
}

impl KeyFiles {
    /// Gives the files their names, now that a checkpoint of this size is published; what fails is tried again after the next.
    pub fn settle(&self, published: u64) {
        let keys = self.log.keys();
        if keys.changes().is_empty() || keys.at(published) != keys.newest() {
            return;
        }
        let until = self.read_model.register().genesis().and_then(|record| record.log_keys.last()?.until);
        let besides = until.is_some_and(|until| self.clock.now() <= until);
        if let Err(error) = settle(&self.folder, &keys, besides) {
            tracing::error!(%error, "the files of the log keys could not be put in their places; it is tried again");
        }
    }
}

/// Puts the newest key into `keys/log.pem`, and the one before aside, or away if it does not sign `besides`.
fn settle(folder: &Folder, keys: &LogKeys, besides: bool) -> anyhow::Result<()> {
    let (current, next, former) = (folder.log_key(), folder.next_log_key(), folder.former_log_key());
    let origin: Origin = keys.origin().parse()?;
    if next.exists() && signer(&next, &origin)?.verifier() == keys.newest() {
        if current.exists() {
            // One after the other, durably: the second alone would leave the key before without a name.
            replaced(&former, || files::rename(&RealDisk, &current, &former))?;
        }
        files::rename(&RealDisk, &next, &current)?;
        tracing::info!(key = %keys.newest(), "a new key signs the log's checkpoints");
    }
    if !besides && former.exists() {
        replaced(&former, || RealDisk.remove(&former))?;
        RealDisk.sync_dir(files::parent(&former))?;
    }
    Ok(())
}

/// Lets go of what a file says, and then of the key in a token that it named: a crash in between leaves a key too many, never a file
/// that names none.
fn replaced(file: &Path, replace: impl FnOnce() -> std::io::Result<()>) -> anyhow::Result<()> {
    let named = if file.exists() { token::named_by(file)? } else { None };
    replace()?;
    Ok(named.map_or(Ok(()), |uri| token::destroy(&uri))?)
}
