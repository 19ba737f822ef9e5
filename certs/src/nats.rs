//! What a nats-server needs of an authority: the `tls` block of its configuration.
//!
//! `verify_and_map` takes the DNS name in a client's certificate for the user, so accounts are written with
//! [`crate::Identity::nats_user`]. nats-server reads no CRL: whoever is revoked has to be taken out of the accounts.
//! Out of scope: accounts and subjects.

use std::path::{Path, PathBuf};

/// The files of a nats-server's TLS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NatsTls {
    /// The server's certificate and its issuing CA, in PEM.
    pub certificate: PathBuf,
    /// The server's key.
    pub key: PathBuf,
    /// Whom to let in: [`crate::PublicFolder::nats_clients`].
    pub clients: PathBuf,
}

/// A path that cannot stand in the configuration.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} cannot stand in the configuration of nats-server: use a path in UTF-8 without control characters")]
pub struct UnfitPath(PathBuf);

impl NatsTls {
    /// The `tls` block: TLS 1.3 from the first byte on, client certificates required and taken for the user.
    ///
    /// # Errors
    /// A path cannot be written there.
    pub fn render(&self) -> Result<String, UnfitPath> {
        Ok(format!(
            "tls {{\n  cert_file: {}\n  key_file: {}\n  ca_file: {}\n  verify_and_map: true\n  handshake_first: true\n  \
             min_version: \"1.3\"\n  timeout: 5\n}}\n",
            quoted(&self.certificate)?,
            quoted(&self.key)?,
            quoted(&self.clients)?,
        ))
    }
}

fn quoted(path: &Path) -> Result<String, UnfitPath> {
    let unfit = || UnfitPath(path.to_owned());
    let text = path.to_str().ok_or_else(unfit)?;
    if text.chars().any(char::is_control) {
        return Err(unfit());
    }
    Ok(format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"")))
}
