//! The public folder of an authority: whom servers trust, and what is revoked. No secret is in it, so that it can be
//! copied to where the servers run while the keys stay elsewhere.
//!
//! ```text
//! root.pem                              the root: clients of our servers, and peers, trust it
//! servers.pem, peers.pem, parties.pem   the issuing CAs of each branch, oldest first
//! servers.crl, peers.crl, parties.crl   their CRLs, in PEM, one per CA
//! signing.pem, signing.crl              the same of certificates for `x5c`, which no server lets in
//! nats-clients.pem                      peers.pem and parties.pem: whom nats-server lets in
//! ```

use std::path::{Path, PathBuf};

use crate::ca::IssuingCa;
use crate::files::{self, FileError};
use crate::holder::Branch;

/// Where the public files of an authority are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicFolder(PathBuf);

impl PublicFolder {
    /// The public folder at `path`, be it the authority's own or a copy.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self(path.into())
    }

    /// The root of the registry.
    pub fn root(&self) -> PathBuf {
        self.0.join("root.pem")
    }

    /// The issuing CAs of a branch.
    pub fn cas(&self, branch: Branch) -> PathBuf {
        self.0.join(format!("{}.pem", branch.as_str()))
    }

    /// The CRLs of a branch.
    pub fn crls(&self, branch: Branch) -> PathBuf {
        self.0.join(format!("{}.crl", branch.as_str()))
    }

    /// The CAs of everyone who may dial the nats-server.
    pub fn nats_clients(&self) -> PathBuf {
        self.0.join("nats-clients.pem")
    }

    /// Writes the certificates, where they differ from what is there.
    pub(crate) fn publish(&self, root: &str, cas: &[IssuingCa]) -> Result<(), FileError> {
        std::fs::create_dir_all(&self.0).map_err(|source| files::writing(&self.0, source))?;
        update(&self.root(), root)?;
        for branch in Branch::ALL {
            update(&self.cas(branch), &bundle(cas, &[branch]))?;
        }
        update(&self.nats_clients(), &bundle(cas, &[Branch::Peers, Branch::Parties]))
    }
}

fn bundle(cas: &[IssuingCa], branches: &[Branch]) -> String {
    cas.iter().filter(|ca| branches.contains(&ca.branch)).map(|ca| ca.ca.pem.as_str()).collect()
}

fn update(path: &Path, text: &str) -> Result<(), FileError> {
    match files::read(path) {
        Ok(there) if there == text.as_bytes() => Ok(()),
        _ => files::replace(path, text.as_bytes()),
    }
}
