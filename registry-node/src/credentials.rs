//! Credentials: the folder with which a party (a body, a buyer, an operator) speaks to a registry. It says where the
//! registry is, whom to trust there, and holds the party's certificate and keys.
//!
//! ```text
//! credentials.toml   registry address, origin, party, role
//! ca.pem             root of the registry's certificate authority
//! tls.pem, tls.key   client certificate and its key
//! signing.pem        key that signs statements, or the PKCS#11 URI of one in a token
//! ```

use std::path::{Path, PathBuf};

use conformity::ids::{Origin, PartyId, RegistryId};
use conformity::party::Role;
use ledger::disk::RealDisk;
use ledger::files::{self, OPEN, SHOWN};
use ledger::key::SigningKey;
use serde::{Deserialize, Serialize};
use token::TokenError;

const FILE_NAME: &str = "credentials.toml";

/// What `credentials.toml` says.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct About {
    /// Base address of the registry.
    pub url: String,
    /// Address of the registry's nats-server, `host:port`.
    pub nats: String,
    /// Short name of the registry.
    pub registry: RegistryId,
    /// Origin of its log.
    pub origin: Origin,
    /// Who speaks.
    pub party: PartyId,
    /// In which role.
    pub role: Role,
}

/// An open credentials folder.
#[derive(Debug, Clone)]
pub struct Credentials {
    folder: PathBuf,
    /// What it says of itself.
    pub about: About,
}

/// Why a credentials folder cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum CredentialsError {
    /// A file is missing or unreadable.
    #[error("cannot read {path}: {source}. Name a credentials folder with --as; `registry-node party add` makes one")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// `credentials.toml` is not what `party add` wrote.
    #[error("{path} is not a credentials file:\n{problem}")]
    Invalid {
        /// The file.
        path: PathBuf,
        /// What is wrong, with the line.
        problem: String,
    },
    /// The signing key.
    #[error(transparent)]
    Key(#[from] TokenError),
}

impl Credentials {
    /// Name of the file of the key that signs statements.
    pub const SIGNING_KEY: &'static str = "signing.pem";

    /// Opens `folder`.
    ///
    /// # Errors
    /// [`CredentialsError`] when `credentials.toml` is missing or not valid.
    pub fn open(folder: &Path) -> Result<Credentials, CredentialsError> {
        let path = folder.join(FILE_NAME);
        let text = std::fs::read_to_string(&path)
            .map_err(|source| CredentialsError::Unreadable { path: path.clone(), source })?;
        let about =
            toml::from_str(&text).map_err(|error| CredentialsError::Invalid { path, problem: error.to_string() })?;
        Ok(Credentials { folder: folder.to_owned(), about })
    }

    /// Writes `about` into `folder`, which then is a credentials folder once its keys and certificates are there.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn create(folder: &Path, about: About) -> std::io::Result<Credentials> {
        files::make_dir(&RealDisk, folder, OPEN)?;
        let text = toml::to_string(&about).map_err(std::io::Error::other)?;
        files::replace(&RealDisk, &folder.join(FILE_NAME), text.as_bytes(), SHOWN)?;
        Ok(Credentials { folder: folder.to_owned(), about })
    }

    /// Root of the registry's certificate authority, PEM.
    pub fn ca(&self) -> PathBuf {
        self.folder.join("ca.pem")
    }

    /// Client certificate and key, PEM.
    pub fn tls(&self) -> (PathBuf, PathBuf) {
        (self.folder.join("tls.pem"), self.folder.join("tls.key"))
    }

    /// File of the key that signs statements.
    pub fn signing_key_file(&self) -> PathBuf {
        self.folder.join(Self::SIGNING_KEY)
    }

    /// The key that signs statements.
    ///
    /// # Errors
    /// [`CredentialsError::Key`] when it is missing, damaged, readable by others, or its token does not give it.
    pub fn signing_key(&self) -> Result<SigningKey, CredentialsError> {
        Ok(token::open_key(&self.signing_key_file())?)
    }
}
