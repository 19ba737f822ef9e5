//! A party of a registry: it signs statements and submits them over HTTPS with its own certificate.

use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};

use bytes::Bytes;
use jiff::Timestamp;
use ledger::digest::Digest;
use ledger::entry::{Entry, Kind};
use ledger::jws;
use ledger::key::SigningKey;
use ledger::log_keys::CheckpointKeys;
use ledger::proof::TlogProof;
use registry_node::client::{Client, ClientError, Connection, read_json};
use registry_node::credentials::Credentials;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::program;

/// Where statements are submitted.
pub const STATEMENTS: &str = "/v1/statements";
/// Media type of one statement.
pub const JOSE: &str = "application/jose";
/// Media type of many.
pub const NDJSON: &str = "application/x-ndjson";

/// What an acknowledged statement got.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Receipt {
    /// Its place in the log.
    pub index: u64,
    /// When it was sequenced.
    pub time: Timestamp,
    /// Whether it was there before.
    pub repeated: bool,
    /// That it is in the log.
    pub proof: String,
}

impl Receipt {
    /// Checks that the log whose keys are `log` holds exactly `compact` where and when the receipt says.
    ///
    /// # Errors
    /// What does not hold.
    pub fn check(&self, compact: &[u8], log: &impl CheckpointKeys) -> Result<(), String> {
        let time_ms = u64::try_from(self.time.as_millisecond()).map_err(|error| error.to_string())?;
        let entry = Entry { kind: Kind::Statement, time_ms, digest: Digest::of(compact) };
        let proof: TlogProof = self.proof.parse().map_err(|error| format!("{error}"))?;
        proof.verify(&entry.leaf_hash(), log).map_err(|error| error.to_string())?;
        if proof.index == self.index { Ok(()) } else { Err(format!("a proof of {}, not {}", proof.index, self.index)) }
    }
}

/// Somebody with credentials at one registry.
#[derive(Debug)]
pub struct Party {
    credentials: Credentials,
    folder: PathBuf,
    key: SigningKey,
}

impl Party {
    /// The party whose credentials are in `folder`.
    ///
    /// # Panics
    /// When they are not.
    pub fn open(folder: &Path) -> Party {
        let credentials = Credentials::open(folder).expect("credentials open");
        Party { key: credentials.signing_key().expect("the signing key opens"), folder: folder.to_owned(), credentials }
    }

    /// Its id.
    pub fn id(&self) -> &str {
        self.credentials.about.party.as_str()
    }

    /// Its credentials.
    pub fn credentials(&self) -> &Credentials {
        &self.credentials
    }

    /// Its credentials folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The key with which it signs.
    pub fn key(&self) -> &SigningKey {
        &self.key
    }

    /// A client with its certificate.
    ///
    /// # Panics
    /// When the certificate cannot be used.
    pub fn client(&self) -> Client {
        Client::with_credentials(&self.credentials).expect("the certificate can be used")
    }

    /// An open connection with its certificate.
    ///
    /// # Errors
    /// As the client says.
    pub async fn connect(&self) -> Result<Connection, ClientError> {
        self.client().connect().await
    }

    /// The payload with which it says something, under a new id.
    pub fn payload(&self, kind: &str, claim: Value) -> Value {
        let about = &self.credentials.about;
        json!({
            "iss": about.party, "aud": about.origin, "jti": uuid::Uuid::now_v7().to_string(),
            "iat": Timestamp::now().as_second(), "kind": kind, "claim": claim,
        })
    }

    /// Something it says, signed.
    pub fn sign(&self, kind: &str, claim: Value) -> Bytes {
        self.sign_payload(&self.payload(kind, claim))
    }

    /// A payload, signed as it stands.
    ///
    /// # Panics
    /// When it is too long.
    pub fn sign_payload(&self, payload: &Value) -> Bytes {
        let bytes = serde_json::to_vec(payload).expect("a value has a JSON form");
        jws::sign(&self.key, &bytes).expect("it can be signed").compact().clone()
    }

    /// Submits a signed statement.
    ///
    /// # Errors
    /// As the client says.
    pub async fn send(&self, compact: Bytes) -> Result<Receipt, ClientError> {
        read_json(&self.connect().await?.post(STATEMENTS, JOSE, compact).await?)
    }

    /// Signs and submits.
    ///
    /// # Errors
    /// As the client says.
    pub async fn say(&self, kind: &str, claim: Value) -> Result<Receipt, ClientError> {
        self.send(self.sign(kind, claim)).await
    }

    /// Signs and submits what must be taken.
    ///
    /// # Panics
    /// When it is not.
    pub async fn must(&self, kind: &str, claim: Value) -> Receipt {
        match self.say(kind, claim.clone()).await {
            Ok(receipt) => receipt,
            Err(error) => panic!("{} {kind} {claim}: {error}", self.id()),
        }
    }

    /// Changes a verdict with effect from now.
    ///
    /// # Errors
    /// As the client says.
    pub async fn change(&self, verdict: &str, change: Value) -> Result<Receipt, ClientError> {
        self.say("verdict-changed", crate::claims::change(verdict, change)).await
    }

    /// Runs a command of `registry-node` with its credentials and gives what it answered, in JSON.
    ///
    /// # Panics
    /// When the command fails.
    pub async fn cli(&self, arguments: &[&str]) -> Value {
        let (status, out, err) = self.ran(arguments).await;
        assert!(status.success(), "registry-node {arguments:?}: {status}\n{out}{err}");
        serde_json::from_str(&out).unwrap_or_else(|error| panic!("registry-node {arguments:?}: {error}: {out}{err}"))
    }

    /// Runs a command that must fail, and gives what it says.
    ///
    /// # Panics
    /// When it succeeds.
    pub async fn cli_refused(&self, arguments: &[&str]) -> String {
        let (status, out, err) = self.ran(arguments).await;
        assert!(!status.success() && !err.contains("panicked"), "registry-node {arguments:?}: {status}\n{out}{err}");
        out + &err
    }

    async fn ran(&self, arguments: &[&str]) -> (ExitStatus, String, String) {
        let mut command = Command::new(program::registry_node());
        command.arg("--json").arg("--as").arg(&self.folder).args(arguments).current_dir(&self.folder);
        let output = tokio::task::spawn_blocking(move || command.output()).await.expect("it runs").expect("it starts");
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        (output.status, text(&output.stdout), text(&output.stderr))
    }
}
