//! A registry's genesis, as others pin it: who it is, and with which key its log signs.
//!
//! In scope: reading one and checking that it is signed by the key it names. Out of scope: deciding whose genesis to
//! trust; a person does, when it is handed over.

use std::path::Path;

use anyhow::{Context as _, bail};
use bytes::Bytes;
use conformity::genesis::Genesis;
use conformity::key::Jwk;
use conformity::statement::{Claim, Statement};
use credential::bundle::{KeyHistory, Pin, Proven};
use credential::statement::admit;
use ledger::digest::Digest;
use ledger::jws::Unverified;
use ledger::log_keys::LogKeys;
use ledger::note::NoteVerifier;
use ledger::vrf::VrfPublicKey;

use super::context::read_input;
use crate::client::{Connection, read_json};

/// Where a registry proves the keys of its log.
pub(super) const LOG_KEYS: &str = "/v1/log-keys";
/// Name of the file in registries' and credentials folders.
pub(super) const FILE_NAME: &str = "genesis.jws";
const MAX_BYTES: u64 = ledger::jws::MAX_STATEMENT as u64;

/// A genesis whose signature holds.
#[derive(Debug, Clone)]
pub(super) struct Pinned {
    /// The statement itself.
    pub(super) compact: String,
    /// Its digest: what is compared.
    pub(super) digest: Digest,
    /// What it says.
    pub(super) genesis: Genesis,
}

impl Pinned {
    /// Takes a genesis statement apart and checks its signature.
    pub(super) fn parse(compact: &str) -> anyhow::Result<Self> {
        let unverified = Unverified::parse(Bytes::copy_from_slice(compact.trim().as_bytes()))?;
        let statement = Statement::parse(unverified.unverified_payload())?;
        let Claim::Genesis(genesis) = statement.claim else {
            bail!("this is a statement of kind {}, not a genesis", statement.claim.kind())
        };
        let verified = unverified.verify(&admit(&genesis.node_key)?)?;
        let compact = String::from_utf8(verified.compact().to_vec())?;
        Ok(Self { compact, digest: verified.digest(), genesis: genesis.as_ref().clone() })
    }

    /// The genesis pinned in a credentials folder; the operator's own lies inside the registry's, which has it.
    pub(super) fn of_credentials(folder: &Path) -> anyhow::Result<Self> {
        let own = folder.join(FILE_NAME);
        if own.exists() {
            return Self::read(&own);
        }
        let beside = folder.canonicalize().ok().and_then(|folder| folder.parent().map(|parent| parent.join(FILE_NAME)));
        match beside.filter(|path| path.exists()) {
            Some(path) => Self::read(&path),
            None => bail!(
                "{} is missing: copy {FILE_NAME} of the registry there, so that proofs can be checked",
                own.display()
            ),
        }
    }

    /// Reads a genesis from a file.
    pub(super) fn read(path: &Path) -> anyhow::Result<Self> {
        let text = String::from_utf8(read_input(path, MAX_BYTES)?);
        text.map_err(anyhow::Error::from)
            .and_then(|text| Self::parse(&text))
            .with_context(|| format!("{} is no genesis that can be trusted", path.display()))
    }

    /// Whether this is the key of its state map.
    pub(super) fn is_map_key(&self, key: &VrfPublicKey) -> bool {
        self.genesis.map_key == Jwk::Ed25519 { x: *key.as_bytes() }
    }

    /// The key that signed the first checkpoints of that log.
    pub(super) fn first_log_key(&self) -> anyhow::Result<NoteVerifier> {
        Ok(self.genesis.log_key.as_str().parse()?)
    }

    /// All keys of that log, as the registry proves them.
    pub(super) async fn log_keys(&self, connection: &mut Connection) -> anyhow::Result<LogKeys> {
        Ok(self.key_history(connection).await?.0)
    }

    /// The same with what proves them.
    pub(super) async fn key_history(&self, connection: &mut Connection) -> anyhow::Result<(LogKeys, KeyHistory)> {
        let history: KeyHistory = read_json(&connection.get(LOG_KEYS).await?)?;
        let keys = self.proven_keys(&history)?;
        Ok((keys, history))
    }

    /// The keys that a history proves for this genesis.
    pub(super) fn proven_keys(&self, history: &KeyHistory) -> anyhow::Result<LogKeys> {
        Ok(self.proven(history)?.keys)
    }

    /// All that a history proves for this genesis.
    pub(super) fn proven(&self, history: &KeyHistory) -> anyhow::Result<Proven> {
        let genesis = conformity::Digest::from_bytes(*self.digest.as_bytes());
        history.proven(Pin::Genesis(genesis)).context("the keys of the log do not lead from its genesis")
    }
}
