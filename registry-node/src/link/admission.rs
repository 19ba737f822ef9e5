//! Introductions and admissions: the two files with which operators make registries peers, out of band.
//!
//! `peer introduce` writes an introduction (who we are, and a certificate request for the other's nats-server). The other
//! operator's `peer add` answers with an admission (who they are, where their doors are, and the certificate), which
//! `peer connect` stores in the peer's folder.

use std::path::{Path, PathBuf};

use conformity::ids::{Origin, RegistryId};
use ledger::disk::RealDisk;
use ledger::files::{self, SHOWN};
use serde::{Deserialize, Serialize};

const ADMISSION: &str = "admission.json";
const CERTIFICATE: &str = "nats.pem";
const KEY: &str = "nats.key";
/// Largest file that is read, in bytes.
const MAX_BYTES: u64 = 512 * 1024;

/// What an operator hands to another.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Introduction {
    /// Short name of the registry.
    pub registry: RegistryId,
    /// Origin of its log.
    pub origin: Origin,
    /// Its genesis statement.
    pub genesis: String,
    /// Where its HTTPS door is.
    pub http_url: String,
    /// Where its nats-server is, `host:port`.
    pub nats: String,
    /// Certificate request for the receiver's nats-server, PEM. Only its key counts.
    pub request: String,
}

/// What comes back.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AdmissionFile {
    /// Short name of the admitting registry.
    pub registry: RegistryId,
    /// Origin of its log.
    pub origin: Origin,
    /// Its genesis statement.
    pub genesis: String,
    /// Where its HTTPS door is.
    pub http_url: String,
    /// Where its nats-server is, `host:port`.
    pub nats: String,
    /// The certificate that it issued to us, with its chain, PEM.
    pub certificate: String,
}

/// What is needed to dial a peer.
pub struct Admission {
    /// `host:port` of its nats-server.
    pub nats: String,
    /// Our certificate there.
    pub certificate: PathBuf,
    /// Its key.
    pub key: PathBuf,
}

impl Admission {
    /// What `peer connect` stored in a peer's folder.
    ///
    /// # Errors
    /// It was not stored yet, or is not readable.
    pub fn read(folder: &Path) -> anyhow::Result<Admission> {
        let path = folder.join(ADMISSION);
        anyhow::ensure!(
            path.exists(),
            "the peer has not admitted us yet: run `registry-node peer connect <admission file>`"
        );
        let file: AdmissionFile = read_json(&path)?;
        Ok(Admission { nats: file.nats, certificate: folder.join(CERTIFICATE), key: key_file(folder) })
    }
}

/// Stores an admission in the peer's folder, where its key waits already.
///
/// # Errors
/// The folder has no key, or cannot be written.
pub fn store(folder: &Path, admission: &AdmissionFile) -> anyhow::Result<()> {
    anyhow::ensure!(
        key_file(folder).exists(),
        "no introduction was made for {}: run `registry-node peer introduce` first",
        admission.registry
    );
    files::replace(&RealDisk, &folder.join(CERTIFICATE), admission.certificate.as_bytes(), SHOWN)?;
    Ok(files::replace(&RealDisk, &folder.join(ADMISSION), &serde_json::to_vec_pretty(admission)?, SHOWN)?)
}

/// Where the key of our certificate at a peer rests.
pub fn key_file(folder: &Path) -> PathBuf {
    folder.join(KEY)
}

/// Reads an introduction or admission.
///
/// # Errors
/// It is too large, or is not one.
pub fn read_json<T: serde::de::DeserializeOwned>(path: &Path) -> anyhow::Result<T> {
    let bytes = std::fs::metadata(path)?.len();
    anyhow::ensure!(bytes <= MAX_BYTES, "{} has {bytes} bytes; such a file has at most {MAX_BYTES}", path.display());
    serde_json::from_slice(&std::fs::read(path)?)
        .map_err(|error| anyhow::anyhow!("{} cannot be read: {error}", path.display()))
}
