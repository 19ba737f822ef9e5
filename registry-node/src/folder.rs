//! Where things rest inside a registry's folder. A folder is a registry: moving it moves the registry.

use std::path::{Path, PathBuf};

use certs::PublicFolder;
use conformity::ids::RegistryId;

/// The folder of one registry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Folder(PathBuf);

impl Folder {
    /// The folder at `path`.
    pub fn new(path: impl Into<PathBuf>) -> Folder {
        Folder(path.into())
    }

    /// The folder itself.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// The certificate authority.
    pub fn ca(&self) -> PathBuf {
        self.0.join("ca")
    }

    /// What the certificate authority publishes: roots, issuing CAs, CRLs.
    pub fn ca_public(&self) -> PublicFolder {
        PublicFolder::new(self.ca().join("public"))
    }

    /// The key that signs checkpoints.
    pub fn log_key(&self) -> PathBuf {
        self.0.join("keys/log.pem")
    }

    /// The key that is to sign checkpoints next.
    pub fn next_log_key(&self) -> PathBuf {
        self.0.join("keys/log-next.pem")
    }

    /// The key that signed checkpoints before, for as long as it signs besides.
    pub fn former_log_key(&self) -> PathBuf {
        self.0.join("keys/log-former.pem")
    }

    /// The key that cosigns the checkpoints of peers.
    pub fn witness_key(&self) -> PathBuf {
        self.0.join("keys/witness.pem")
    }

    /// The key that signs what the node derives.
    pub fn node_key(&self) -> PathBuf {
        self.0.join("keys/node.pem")
    }

    /// The key of the VRF that blinds the state map.
    pub fn map_key(&self) -> PathBuf {
        self.0.join("keys/map.pem")
    }

    /// The key that signs leases of buyers on NATS: may be deleted, another is made.
    pub fn lease_key(&self) -> PathBuf {
        self.0.join("keys/lease.pem")
    }

    /// Outputs of the VRF: a copy, may be deleted.
    pub fn map_outputs(&self) -> PathBuf {
        self.0.join("map-outputs")
    }

    /// Certificate and key of the servers (HTTPS and NATS).
    pub fn server(&self) -> (PathBuf, PathBuf) {
        self.pair("tls/server")
    }

    /// Certificate and key with which the node speaks to its own nats-server.
    pub fn nats_node(&self) -> (PathBuf, PathBuf) {
        self.pair("tls/nats-node")
    }

    /// Certificate and key with which the node administers its own nats-server.
    pub fn nats_system(&self) -> (PathBuf, PathBuf) {
        self.pair("tls/nats-system")
    }

    fn pair(&self, name: &str) -> (PathBuf, PathBuf) {
        (self.0.join(format!("{name}.pem")), self.0.join(format!("{name}.key")))
    }

    /// The operator's credentials.
    pub fn operator(&self) -> PathBuf {
        self.0.join("operator")
    }

    /// The credentials of the operator's second person, until they are handed over.
    pub fn second_operator(&self) -> PathBuf {
        self.0.join("operator-2")
    }

    /// The journal: entries and statements.
    pub fn journal(&self) -> PathBuf {
        self.0.join("journal")
    }

    /// The vault: private truth.
    pub fn vault(&self) -> PathBuf {
        self.0.join("vault")
    }

    /// The index: a copy, may be deleted.
    pub fn index(&self) -> PathBuf {
        self.0.join("index")
    }

    /// Tiles and the published checkpoint: a copy, may be deleted.
    pub fn tiles(&self) -> PathBuf {
        self.0.join("tiles")
    }

    /// Configuration and log of the nats-server.
    pub fn nats(&self) -> PathBuf {
        self.0.join("nats")
    }

    /// Configuration, log and stream of the nats-server of buyers.
    pub fn nats_buyers(&self) -> PathBuf {
        self.0.join("nats-buyers")
    }

    /// The genesis statement, as others pin it.
    pub fn genesis(&self) -> PathBuf {
        self.0.join("genesis.jws")
    }

    /// What concerns one peer: the mirror of its log, and our certificate for its nats-server.
    pub fn peer(&self, peer: &RegistryId) -> PathBuf {
        self.0.join("peers").join(peer.as_str())
    }
}
