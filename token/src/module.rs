//! The libraries of tokens, each loaded and started once in a process.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use cryptoki::context::{CInitializeArgs, CInitializeFlags, Pkcs11};
use cryptoki::error::{Error, RvError};

use crate::TokenError;

static LOADED: Mutex<BTreeMap<PathBuf, Pkcs11>> = Mutex::new(BTreeMap::new());

/// The library at `path`, started.
pub(crate) fn module(path: &Path) -> Result<Pkcs11, TokenError> {
    // Nothing under this lock leaves it half changed.
    let mut loaded = LOADED.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(module) = loaded.get(path) {
        return Ok(module.clone());
    }
    let unfit = |error: Error| TokenError::Module { module: path.into(), why: error.to_string() };
    let module = Pkcs11::new(path).map_err(unfit)?;
    match module.initialize(CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK)) {
        // Another part of this process started it.
        Ok(()) | Err(Error::Pkcs11(RvError::CryptokiAlreadyInitialized, _)) => {}
        Err(error) => return Err(unfit(error)),
    }
    loaded.insert(path.into(), module.clone());
    Ok(module)
}
