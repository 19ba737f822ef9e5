//! The signature beside a table of changes: a JWT (RFC 7519) that names the table by its SHA-256.
//!
//! ```text
//! <name>.csv.jws   header = {"alg":"EdDSA"|"ES256","kid":"<RFC 7638 thumbprint>","typ":"changes+jwt"}
//! {"iss":"buyer-1","iat":1764284400,"registry":"jp","origin":"jp.registry.example","file":"<name>.csv","sha256":"<hex>","rows":3,
//!  "wanted":["watchlist=parts"],"language":"ja","encoding":"utf-8","after":"17","through":"42","checkpoint":"jp.registry.example\n44\n…","key":{"kty":"OKP",…}}
//! ```
//!
//! It says: whoever holds this key read the changes behind `after` up to `through` that `wanted` asks for, all of them and no others, when the log
//! had signed `checkpoint`, which covers them. In scope: writing and reading that, and what of it can be checked offline. Out of scope: that each line is
//! true, which the proof that it names shows.

use std::path::Path;

use anyhow::{Context as _, ensure};
use conformity::Digest;
use conformity::ids::{Origin, PartyId, RegistryId};
use conformity::key::Jwk;
use conformity::strict::Limits;
use credential::jwt::{self, Header, KidRule, Profile, Unverified};
use credential::statement::admit;
use ledger::checkpoint::Checkpoint;
use ledger::key::{SigningKey, Thumbprint};
use ledger::log_keys::LogKeys;
use ledger::merkle::Hash;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::table::Encoding;
use crate::cli::context::read_input;
use crate::core::filter::Place;

/// How the name of a signature ends.
pub(super) const ENDING: &str = ".csv.jws";
/// Value of `typ`.
const TYPE: &str = "changes+jwt";
const PROFILE: Profile<'_> = Profile { types: &[TYPE], kid: KidRule::Thumbprint };
/// A checkpoint has at most some dozens of cosignatures.
const LIMITS: Limits = Limits { bytes: 128 * 1024, depth: 2, null: false };
/// The most bytes of a table: an answer of the registry holds 1 MiB of events, of which a table takes some members, in quotes.
const TABLE_MAX: u64 = 16 * 1024 * 1024;

/// What is signed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Claims {
    /// Who read the changes.
    pub(super) iss: PartyId,
    /// When it was signed, in seconds.
    pub(super) iat: i64,
    /// Whose changes they are.
    pub(super) registry: RegistryId,
    /// The origin of its log.
    pub(super) origin: Origin,
    /// What the table was called.
    pub(super) file: String,
    /// SHA-256 of its bytes.
    pub(super) sha256: Digest,
    /// Its lines below the heading.
    pub(super) rows: usize,
    /// The conditions by which changes were asked for; none: all that is public.
    pub(super) wanted: Vec<String>,
    /// In which language its words are.
    pub(super) language: String,
    /// In which bytes it is written.
    pub(super) encoding: Encoding,
    /// Behind which event it begins.
    pub(super) after: Place,
    /// With which event it ends, whether that fits the conditions or not.
    pub(super) through: Place,
    /// A checkpoint that covers `through`.
    pub(super) checkpoint: String,
    /// The key that signs.
    pub(super) key: Jwk,
}

/// A table whose signature holds.
#[derive(Debug)]
pub(super) struct Held {
    pub(super) claims: Claims,
    /// Size of the log under the checkpoint.
    pub(super) size: u64,
    /// Its root.
    pub(super) root: Hash,
}

/// The name of the signature beside a table.
pub(super) fn beside(table: &str) -> String {
    format!("{table}.jws")
}

/// Signs what a table tells.
pub(super) fn sign(key: &SigningKey, claims: &Claims) -> anyhow::Result<String> {
    let payload: Map<String, Value> = serde_json::from_value(serde_json::to_value(claims)?)?;
    Ok(jwt::sign(key, &Header::naming(key.public_key(), TYPE, &[]), &payload)?)
}

/// The table at `path`, if one of these signers read it from this log: its signature stands beside it.
pub(super) fn check(path: &Path, signers: &[Thumbprint], origin: &Origin, log: &LogKeys) -> anyhow::Result<Held> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let seal = read_input(&path.with_file_name(beside(&name)), LIMITS.bytes as u64)?;
    let seal = String::from_utf8(seal).context("the signature is not text")?;
    let claims = signed(seal.trim(), signers)?;
    let table = Digest::of(&read_input(path, TABLE_MAX)?);
    ensure!(table == claims.sha256, "the table is not the one that was signed: its SHA-256 is {table}");
    ensure!(claims.origin == *origin, "it is of the log {}, not of {origin}", claims.origin);
    let checkpoint = Checkpoint::verify_published(&claims.checkpoint, log).context(
        "its checkpoint is not signed by a known key of the log; a key that came later is proven by --log-keys",
    )?;
    let (after, through) = (claims.after, claims.through);
    ensure!(after < through, "it ends with {through}, before it begins behind {after}");
    ensure!(
        is_covered(through, checkpoint.size),
        "its checkpoint of {} entries does not cover {through}",
        checkpoint.size
    );
    Ok(Held { claims, size: checkpoint.size, root: checkpoint.root })
}

/// Whether a log of this size has the event.
pub(super) fn is_covered(place: Place, size: u64) -> bool {
    match place {
        Place::Start => true,
        Place::Behind { index, .. } => index < size,
    }
}

/// What one of these signers signed.
fn signed(seal: &str, signers: &[Thumbprint]) -> anyhow::Result<Claims> {
    let unverified = Unverified::parse(seal, PROFILE, LIMITS)?;
    let claims: Claims = serde_json::from_value(Value::Object(unverified.unverified_payload().clone()))
        .context("the signature is of something else")?;
    let key = admit(&claims.key)?;
    let wanted = || signers.iter().map(Thumbprint::to_string).collect::<Vec<_>>().join(" or ");
    ensure!(
        signers.contains(&key.thumbprint()),
        "it is signed with the key {}, not with {}",
        key.thumbprint(),
        wanted()
    );
    unverified.verify(&key)?;
    Ok(claims)
}
