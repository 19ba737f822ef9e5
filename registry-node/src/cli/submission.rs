//! The one way to say something to a registry: build, sign, submit, and believe the answer only with its proof.
//!
//! Out of scope: what is said; each command knows that.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::{Mutex, PoisonError};

use anyhow::Context as _;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use clap::Args;
use conformity::genesis::Genesis;
use conformity::ids::{Origin, PartyId, ReasonCode, StatementId};
use conformity::reason::Reason;
use conformity::statement::{Claim, Kind, Statement};
use conformity::text::Text;
use conformity::words::Params;
use jiff::Timestamp;
use ledger::entry::{self, Entry};
use ledger::jws::{self, Unverified, Verified};
use ledger::key::SigningKey;
use ledger::log_keys::LogKeys;
use ledger::proof::TlogProof;
use serde::{Deserialize, Serialize};
use serde_json::json;
use serde_json::value::RawValue;

use super::context::{Context, read_input, wait};
use super::output;
use super::pinned::Pinned;
use crate::client::{Client, Connection, read_json};
use crate::clock::{Clock, SystemClock};
use crate::credentials::{About, Credentials};

/// A payload around a claim that somebody wrote; nothing of it is read before it is checked as a whole.
#[derive(Serialize)]
struct Payload<'a> {
    iss: &'a PartyId,
    aud: &'a Origin,
    jti: StatementId,
    iat: i64,
    kind: &'a str,
    claim: &'a RawValue,
}

/// Where statements are submitted.
pub(super) const PATH: &str = "/v1/statements";

/// Options of every command that signs.
#[derive(Debug, Clone, Default, Args)]
pub(super) struct Signing {
    /// Id of the statement; sent again under the same id it is answered, not repeated [default: a new one]
    #[arg(long, value_name = "ID")]
    jti: Option<StatementId>,
    /// Write the signed statement to a file instead of sending it, for another person to approve; `submit` sends it
    #[arg(long, value_name = "FILE")]
    prepare: Option<PathBuf>,
}

impl Signing {
    /// As somebody wrote it beside a claim.
    pub(super) fn new(jti: Option<StatementId>, prepare: Option<PathBuf>) -> Self {
        Self { jti, prepare }
    }

    /// Whether the statement is written to a file, and not sent.
    pub(super) fn prepares(&self) -> bool {
        self.prepare.is_some()
    }

    /// The id that was asked for, of a command that does more than to send one statement.
    pub(super) fn into_id(self) -> anyhow::Result<Option<StatementId>> {
        anyhow::ensure!(!self.prepares(), "this command needs nobody's approval; leave out --prepare");
        Ok(self.jti)
    }
}

/// Writes a signed statement to `file` instead of sending it.
pub(super) fn prepare(context: &Context, signed: &Verified, file: &std::path::Path) -> anyhow::Result<ExitCode> {
    anyhow::ensure!(!file.exists(), "{} exists already; choose another file", file.display());
    std::fs::write(file, signed.compact()).with_context(|| format!("cannot write {}", file.display()))?;
    let prepared = json!({ "prepared": file, "digest": signed.digest().to_string() });
    context.answer(&prepared, |_| {
        let file = file.display();
        format!(
            "signed, not sent: {file}\nthe other person: registry-node --as <folder> approve {file}\n\
             then you: registry-node submit {file}"
        )
    })
}

/// Options of every command that must say why.
#[derive(Debug, Clone, Args)]
pub(super) struct Because {
    /// Why, as a code, such as major-nonconformity or holder-request
    #[arg(long, value_name = "CODE")]
    reason: ReasonCode,
    /// Why, in words that everyone may read; never the detail of a weakness
    #[arg(long, value_name = "TEXT")]
    reason_text: Option<Text<280>>,
}

impl Because {
    /// As statements have it.
    pub(super) fn into_reason(self) -> Reason {
        Reason { code: self.reason, text: self.reason_text }
    }
}

/// What an acknowledged statement got.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Receipt {
    /// Its place in the log.
    pub(super) index: u64,
    /// When it was sequenced.
    pub(super) time: Timestamp,
    /// Whether it was there before.
    #[serde(default)]
    pub(super) repeated: bool,
    /// That it is in the log: a C2SP tlog-proof.
    pub(super) proof: String,
}

/// Somebody who can sign, and a registry that listens.
pub(super) struct Speaker {
    credentials: Credentials,
    key: SigningKey,
    client: Client,
    pinned: Pinned,
    log: Mutex<LogKeys>,
}

impl Speaker {
    /// From the credentials that `--as` names.
    pub(super) fn open(context: &Context) -> anyhow::Result<Self> {
        let credentials = context.credentials()?;
        let pinned = Pinned::of_credentials(&context.credentials_folder())?;
        anyhow::ensure!(
            pinned.genesis.origin == credentials.about.origin,
            "these credentials are for {}, but the genesis beside them is that of {}",
            credentials.about.origin,
            pinned.genesis.origin
        );
        Ok(Self {
            key: credentials.signing_key()?,
            client: Client::with_credentials(&credentials)?.in_language(context.language),
            log: Mutex::new(pinned.first_log_key()?.into()),
            pinned,
            credentials,
        })
    }

    /// Whom the credentials speak for, and to whom.
    pub(super) fn about(&self) -> &About {
        &self.credentials.about
    }

    /// The key that signs.
    pub(super) fn key(&self) -> &SigningKey {
        &self.key
    }

    /// The registry's genesis, as it was pinned.
    pub(super) fn genesis(&self) -> &Genesis {
        &self.pinned.genesis
    }

    /// The registry, as it was pinned.
    pub(super) fn pinned(&self) -> &Pinned {
        &self.pinned
    }

    /// An open connection, to submit over.
    pub(super) async fn connect(&self) -> anyhow::Result<Connection> {
        Ok(self.client.connect().await?)
    }

    /// Signs a claim. What is signed was read back by the rules that every registry reads with.
    pub(super) fn sign(&self, jti: Option<StatementId>, claim: Claim) -> anyhow::Result<Verified> {
        let about = &self.credentials.about;
        let jti = jti.map_or_else(new_id, Ok)?;
        let iat = SystemClock.now().as_second();
        let statement = Statement { iss: about.party.clone(), aud: about.origin.clone(), jti, iat, claim };
        self.sign_payload(&serde_json::to_vec(&statement)?)
    }

    /// Signs a claim that a file holds, as it stands there.
    pub(super) fn sign_written(
        &self,
        jti: Option<StatementId>,
        kind: &str,
        claim: &RawValue,
    ) -> anyhow::Result<Verified> {
        let about = &self.credentials.about;
        let payload = Payload {
            iss: &about.party,
            aud: &about.origin,
            jti: jti.map_or_else(new_id, Ok)?,
            iat: SystemClock.now().as_second(),
            kind,
            claim,
        };
        self.sign_payload(&serde_json::to_vec(&payload)?)
    }

    fn sign_payload(&self, payload: &[u8]) -> anyhow::Result<Verified> {
        Statement::parse(payload).context("not signed, for no registry would take it")?;
        Ok(jws::sign(&self.key, payload)?)
    }

    /// A statement that was signed with these credentials before.
    pub(super) fn signed_before(&self, compact: Bytes) -> anyhow::Result<Verified> {
        let signed = Unverified::parse(compact)?.verify(self.key.public_key());
        signed.context("this was signed with another key; name the credentials that it was begun with")
    }

    /// Submits one statement, with what it refers to, and checks the proof that comes back.
    pub(super) async fn submit(&self, signed: &Verified, attachments: &[Bytes]) -> anyhow::Result<Receipt> {
        self.send(&mut self.connect().await?, signed, attachments).await
    }

    async fn send(
        &self,
        connection: &mut Connection,
        signed: &Verified,
        attachments: &[Bytes],
    ) -> anyhow::Result<Receipt> {
        let (media_type, body) = request(signed, attachments)?;
        self.send_as(connection, signed, media_type, body).await
    }

    /// Submits `body`, in which `signed` is, and checks the proof that comes back.
    pub(super) async fn send_as(
        &self,
        connection: &mut Connection,
        signed: &Verified,
        media_type: &'static str,
        body: Bytes,
    ) -> anyhow::Result<Receipt> {
        let receipt: Receipt = read_json(&connection.post(PATH, media_type, body).await?)?;
        self.check(connection, signed, &receipt).await?;
        Ok(receipt)
    }

    /// Checks that the log holds exactly what was signed, where and when the receipt says. A key of the log that is not known yet
    /// must be proven first.
    pub(super) async fn check(
        &self,
        connection: &mut Connection,
        signed: &Verified,
        receipt: &Receipt,
    ) -> anyhow::Result<()> {
        let time_ms = u64::try_from(receipt.time.as_millisecond())?;
        let entry = Entry { kind: entry::Kind::Statement, time_ms, digest: signed.digest() };
        let proof: TlogProof = receipt.proof.parse()?;
        let log = self.known_keys();
        let mut checked = proof.verify(&entry.leaf_hash(), &log).map_err(anyhow::Error::from);
        if checked.is_err() {
            let log = self.pinned.log_keys(connection).await?;
            checked = proof.verify(&entry.leaf_hash(), &log).map_err(anyhow::Error::from);
            *self.log.lock().unwrap_or_else(PoisonError::into_inner) = log;
        }
        let checked = checked.and_then(|_| {
            anyhow::ensure!(proof.index == receipt.index, "it is for index {}, not {}", proof.index, receipt.index);
            Ok(())
        });
        checked.context(
            "the registry acknowledged, but its proof does not hold: keep this output, and do not rely on the answer",
        )
    }

    // A whole value is put in and taken out.
    fn known_keys(&self) -> LogKeys {
        self.log.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Body of a submission: the statement alone, or in JSON with its attachments.
pub(super) fn request(signed: &Verified, attachments: &[Bytes]) -> anyhow::Result<(&'static str, Bytes)> {
    if attachments.is_empty() {
        return Ok(("application/jose", signed.compact().clone()));
    }
    Ok(("application/json", line(signed, attachments)?.into()))
}

/// A submission as a JSON value on one line.
pub(super) fn line(signed: &Verified, attachments: &[Bytes]) -> anyhow::Result<Vec<u8>> {
    let attachments: Vec<String> = attachments.iter().map(|bytes| STANDARD.encode(bytes)).collect();
    let statement = std::str::from_utf8(signed.compact())?;
    Ok(serde_json::to_vec(&json!({ "statement": statement, "attachments": attachments }))?)
}

/// Signs `claim` with the credentials of `--as`, submits it, checks and prints the proof.
pub(super) fn say(
    context: &Context,
    signing: Signing,
    claim: Claim,
    attachments: &[Bytes],
) -> anyhow::Result<ExitCode> {
    say_as(context, &Speaker::open(context)?, signing, claim, attachments)
}

/// The same by who speaks already.
pub(super) fn say_as(
    context: &Context,
    speaker: &Speaker,
    signing: Signing,
    claim: Claim,
    attachments: &[Bytes],
) -> anyhow::Result<ExitCode> {
    let signed = speaker.sign(signing.jti, claim)?;
    match signing.prepare {
        Some(file) => prepare(context, &signed, &file),
        None => acknowledge(context, speaker, &signed, attachments),
    }
}

/// The same for a claim that somebody wrote.
pub(super) fn say_written(
    context: &Context,
    signing: Signing,
    kind: &str,
    claim: &RawValue,
    attachments: &[Bytes],
) -> anyhow::Result<ExitCode> {
    let speaker = Speaker::open(context)?;
    let signed = speaker.sign_written(signing.jti, kind, claim)?;
    match signing.prepare {
        Some(file) => prepare(context, &signed, &file),
        None => acknowledge(context, &speaker, &signed, attachments),
    }
}

/// The same for a file that holds a claim of that kind and nothing else.
pub(super) fn say_file(
    context: &Context,
    signing: Signing,
    kind: Kind,
    file: &std::path::Path,
    attachments: &[Bytes],
) -> anyhow::Result<ExitCode> {
    let text = read_input(file, ledger::jws::MAX_STATEMENT as u64)?;
    let claim: Box<RawValue> =
        serde_json::from_slice(&text).with_context(|| format!("{} is not JSON", file.display()))?;
    say_written(context, signing, kind.as_str(), &claim, attachments)
}

/// The same for a statement that `--prepare` wrote.
pub(super) fn say_prepared(context: &Context, compact: Bytes, attachments: &[Bytes]) -> anyhow::Result<ExitCode> {
    let speaker = Speaker::open(context)?;
    let signed = speaker.signed_before(compact)?;
    acknowledge(context, &speaker, &signed, attachments)
}

fn acknowledge(
    context: &Context,
    speaker: &Speaker,
    signed: &Verified,
    attachments: &[Bytes],
) -> anyhow::Result<ExitCode> {
    let receipt = wait(speaker.submit(signed, attachments))?;
    context.answer(&receipt, |receipt| render(receipt, &speaker.genesis().origin))
}

/// The receipt for people.
pub(super) fn render(receipt: &Receipt, origin: &Origin) -> String {
    let Receipt { index, time, proof, repeated } = receipt;
    let params = Params::default().with("index", index).with("origin", origin).with("time", time);
    format!("{}\n\n{proof}", output::label(if *repeated { "receipt-again" } else { "receipt" }, &params))
}

/// A new statement id, in time order.
pub(super) fn new_id() -> anyhow::Result<StatementId> {
    Ok(uuid::Uuid::now_v7().to_string().parse()?)
}

/// Reads attachments.
pub(super) fn read_attachments(paths: &[PathBuf]) -> anyhow::Result<Vec<Bytes>> {
    let limit = crate::core::intake::MAX_ATTACHMENT as u64;
    paths.iter().map(|path| Ok(read_input(path, limit)?.into())).collect()
}
