//! Where new keys rest: in files, or in a PKCS#11 token, with a file beside that names them.
//!
//! Out of scope: opening keys (`token::open_key` takes both), and the map key, which is always a file: no token evaluates a VRF.

use std::path::Path;

use ledger::key::{Algorithm, SigningKey};
use token::{TokenError, TokenUri};

/// Where new keys rest.
#[derive(Debug, Clone)]
pub enum Keys {
    /// In files of mode 0600.
    Files,
    /// In this token, never to leave it.
    Token(TokenUri),
}

impl Keys {
    /// New keys rest in `token`, or in files without one.
    pub fn new(token: Option<TokenUri>) -> Self {
        token.map_or(Self::Files, Self::Token)
    }

    /// Where the key of the file at `path` rests, so that one that follows it may rest there, too.
    ///
    /// # Errors
    /// The file is unfit or readable by others.
    pub fn like(path: &Path) -> Result<Self, TokenError> {
        Ok(Self::new(token::named_by(path)?.map(|uri| uri.token().clone())))
    }

    /// Makes a key and the file at `path` that holds it, or names it as `label` in the token.
    ///
    /// # Errors
    /// The file or a key of that label exists already, or neither can be made. No key is left behind then.
    pub fn make(&self, path: &Path, label: &str, algorithm: Algorithm) -> anyhow::Result<SigningKey> {
        let token = match self {
            Self::Files => {
                let key = SigningKey::generate(algorithm)?;
                key.store(path)?;
                return Ok(key);
            }
            Self::Token(token) => token,
        };
        let key = token::generate(token.key(label), algorithm)?;
        if let Err(error) = key.store(path) {
            token::destroy(&token.key(label))?;
            return Err(error.into());
        }
        Ok(key)
    }
}

/// Destroys what [`Keys::make`] made in a token, by the file that names it. A key in a file goes with its file; where there is no
/// file there is nothing to destroy.
///
/// # Errors
/// The token does not do it.
pub fn destroy(path: &Path) -> Result<(), TokenError> {
    let named = if path.exists() { token::named_by(path)? } else { None };
    named.map_or(Ok(()), |uri| token::destroy(&uri))
}
