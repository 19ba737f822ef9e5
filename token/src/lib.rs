//! Private keys that rest in a PKCS#11 token: a hardware security module, a smart card, SoftHSM2.
//!
//! A key file holds a key, or one line that names where it is: a PKCS#11 URI (RFC 7512), such as
//!
//! ```text
//! pkcs11:token=jp;object=jp-log;type=private?module-path=/usr/lib/softhsm/libsofthsm2.so&pin-source=file:/etc/registry/pin
//! ```
//!
//! [`open_key`] takes either; whoever signs does not notice which it was. A key that a token keeps never enters this
//! process. Its signatures are checked before they are used, and a session that broke is opened again, once for each
//! signature. A PIN that was refused is not tried again, for tokens lock themselves.
//!
//! Out of scope: keys of certificates and of the VRF, which rest in files.

mod key;
mod module;
mod uri;

use std::path::{Path, PathBuf};

use ledger::key::{KeyError, KeyFileError, SigningKey, read_key_file};

pub use key::{destroy, generate, open};
pub use uri::{KeyUri, TokenUri, UriError};

/// Why a key cannot be used. The operator can mend each of them.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    /// The key file, or the one that holds the PIN.
    #[error(transparent)]
    File(#[from] KeyFileError),
    /// The key file names no key that can be found.
    #[error("{}: {source}", path.display())]
    Uri {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: UriError,
    },
    /// The library of the token cannot be loaded or does not start.
    #[error("{}: {why}; is this the PKCS#11 library of the token, for this machine?", module.display())]
    Module {
        /// The library.
        module: PathBuf,
        /// What was said.
        why: String,
    },
    /// Not exactly one token is meant.
    #[error("{found} tokens match {uri}; insert the token, or name one by token= or serial=")]
    Tokens {
        /// What was looked for.
        uri: String,
        /// How many there are.
        found: usize,
    },
    /// The token did not let us in.
    #[error(
        "the token refused the PIN ({why}); it is not tried again, because tokens lock themselves: mend pin-source, then restart"
    )]
    Pin {
        /// What it said.
        why: String,
    },
    /// Not exactly one key is meant.
    #[error("{found} private keys match {uri}; there must be one")]
    Keys {
        /// What was looked for.
        uri: String,
        /// How many there are.
        found: usize,
    },
    /// A key of that name is there already.
    #[error("the token holds {0} already, and a key is never overwritten; choose another name, or destroy it first")]
    Exists(String),
    /// A key of a kind that is not used here.
    #[error("{0} is neither an Ed25519 nor a P-256 key with its public half beside it")]
    Kind(String),
    /// Its public half is not admitted.
    #[error("{uri}: {source}")]
    PublicKey {
        /// The key.
        uri: String,
        /// Why.
        source: KeyError,
    },
    /// The token failed at something.
    #[error("the token could not {what}: {why}")]
    Device {
        /// At what.
        what: &'static str,
        /// What it said.
        why: String,
    },
}

/// The key that the file at `path` holds or names.
///
/// # Errors
/// [`TokenError`]: the file is unfit or readable by others, or the token does not give the key.
pub fn open_key(path: &Path) -> Result<SigningKey, TokenError> {
    let text = read_key_file(path)?;
    if let Some(uri) = named(path, &text)? {
        return open(uri);
    }
    let unfit = |source| KeyFileError::Malformed { path: path.into(), source };
    Ok(SigningKey::from_pem(&text).map_err(unfit)?)
}

/// The key in a token that the file at `path` names; nothing if it holds a key itself.
///
/// # Errors
/// [`TokenError`]: the file is unfit or readable by others.
pub fn named_by(path: &Path) -> Result<Option<KeyUri>, TokenError> {
    named(path, &read_key_file(path)?)
}

fn named(path: &Path, text: &str) -> Result<Option<KeyUri>, TokenError> {
    let uri = KeyUri::is_one(text).then(|| text.trim_end().parse()).transpose();
    uri.map_err(|source| TokenError::Uri { path: path.into(), source })
}
