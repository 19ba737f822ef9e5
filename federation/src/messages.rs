//! What registries say to each other: one JSON object per message, bounded before it is parsed.
//!
//! ```text
//! head        {"size": 1234}                                              a hint; nothing is believed because of it
//! hello       {}                              ▶ {"genesis": jws, "checkpoint": note}
//! checkpoint  {"held": 1200}                  ▶ {"checkpoint": note, "proof": [hash…]}        consistency held ▶ size
//! keys        {"own": a key history}          ▶ a key history                                 see [`credential::bundle::KeyHistory`]
//!             {}                              the asker shows its own where its registry moved
//! cosign      {"old": 1100, "proof": [hash…], "checkpoint": note}         consistency old ▶ size
//!                                             ▶ {"cosignature": signature line} | {"conflict": size cosigned last}
//! range       {"from": 1200, "entries": 256}  ▶ {"entries": base64 of n × 42 bytes,
//!                                                "statements": [jws | null, … n],
//!                                                "checkpoint": note, "proof": [hash…]}        consistency from+n ▶ size
//! attachment  {"digest": hex, "offset": 0}    ▶ {"size": total bytes, "bytes": base64}
//! disclosures {"credentials": [{"verdict": id, "index": 1042}, … at most 16]}
//!                                             ▶ {"credentials": [SD-JWT | null, … at most as many]}
//! restricted  {"from": 1200, "entries": 128}  ▶ {"statements": [{"index": 1207, "statement": jws}, … at most 64],
//!                                                "gone": [1042, … at most 64], "next": 1328}  up to where it was looked
//! notice      {"statement": jws, "proof": tlog-proof}       ▶ {}
//! evidence    {"first": note, "second": note,
//!              "inconsistency": {"root": hash, "proof": [hash…]},         if their sizes differ; see [`crate::evidence`]
//!              "keys": a key history}                                     if the log's key ever changed
//!                                             ▶ {}
//! ```
//!
//! An answer is `{"ok": …}` or `{"refused": {"code": …, "text": …}}`. Hashes and bytes are standard base64; sizes are
//! numbers of entries. Unknown members are refused: what means something else gets another name in [`crate::subjects`], so
//! that old and new can be asked side by side. Each kind of message has a largest size, checked before it is parsed.
//! Out of scope: who asks (the subject says, see [`crate::subjects`]) and whether to believe an answer ([`crate::follow`]).

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use conformity::ids::VerdictId;
use credential::bundle::KeyHistory;
use ledger::entry::Entry;
use ledger::merkle::Hash;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::access::MAX_PAYLOAD;
use crate::words::{MAX_TEXT, printable};

/// Entries in one range.
pub const MAX_ENTRIES: usize = 1_024;
/// Hashes in one proof: a tree of 2^64 entries needs no more.
pub const MAX_PROOF: usize = 130;
/// Bytes of an attachment in one piece.
pub const MAX_PIECE: usize = 512 * 1024;
/// Credentials in one question about what they keep back.
pub const MAX_CREDENTIALS: usize = 16;
/// Bytes of the credentials in one answer; with what JSON adds it stays below the largest message.
pub const MAX_CREDENTIAL_BYTES: usize = 1_000 * 1024;
/// Entries in one range for whoever is shown restricted verdicts, too: what is shown of them stays within memory.
pub const MAX_CONFIDED_ENTRIES: usize = 128;
/// Statements of restricted verdicts in one answer, and places of what was erased.
pub const MAX_CONFIDED: usize = 64;
/// Bytes of a question about what credentials keep back.
pub const MAX_DISCLOSURES_QUESTION: usize = 4 * 1024;
/// Bytes of a question, other than those below.
pub const MAX_QUESTION: usize = 512;
/// Bytes of a notice: a statement, a proof, and what JSON adds.
pub const MAX_NOTICE: usize = 320 * 1024;
/// Bytes of a checkpoint to be cosigned: a signed note, a proof, and what JSON adds.
pub const MAX_COSIGN: usize = 144 * 1024;
/// Bytes of evidence: two signed notes, a proof, a key history, and what JSON adds.
pub const MAX_EVIDENCE: usize = 800 * 1024;
/// Characters of a refusal's code that are kept.
const MAX_CODE: usize = 64;

/// Why a message cannot be read. The blame is its sender's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MessageError {
    /// Larger than a message of its kind can be. Nothing of it was read.
    #[error("the message has {0} bytes, more than one of its kind can have")]
    TooLarge(usize),
    /// Not the object that belongs there.
    #[error("the message cannot be read: {0}")]
    Malformed(String),
}

/// A message that has a form on the wire.
pub trait Message: Serialize + DeserializeOwned {
    /// The most bytes that are looked at.
    const LIMIT: usize = MAX_PAYLOAD as usize;

    /// Its bytes.
    fn encode(&self) -> Bytes {
        // Numbers, strings and lists only: such a value always has a JSON form.
        serde_json::to_vec(self).unwrap_or_default().into()
    }

    /// Reads it, after its size was checked.
    ///
    /// # Errors
    /// [`MessageError`].
    fn decode(bytes: &[u8]) -> Result<Self, MessageError> {
        if bytes.len() > Self::LIMIT {
            return Err(MessageError::TooLarge(bytes.len()));
        }
        if bytes.first() != Some(&b'{') {
            // serde would also read the members from an array.
            return Err(MessageError::Malformed("not a JSON object".to_owned()));
        }
        serde_json::from_slice(bytes).map_err(|error| MessageError::Malformed(printable(&error.to_string(), MAX_TEXT)))
    }
}

/// Declares messages; those without a limit are answers.
macro_rules! messages {
    ($($name:ident $(: $limit:expr)?),+ $(,)?) => {
        $(impl Message for $name { $(const LIMIT: usize = $limit;)? })+
    };
}

messages! {
    Head: MAX_QUESTION,
    HelloRequest: MAX_QUESTION,
    Hello,
    CheckpointRequest: MAX_QUESTION,
    CheckpointAnswer,
    KeysRequest: MAX_PAYLOAD as usize,
    KeyHistory,
    Cosign: MAX_COSIGN,
    CosignAnswer,
    RangeRequest: MAX_QUESTION,
    Range,
    AttachmentRequest: MAX_QUESTION,
    Piece,
    DisclosuresRequest: MAX_DISCLOSURES_QUESTION,
    Disclosures,
    RestrictedRequest: MAX_QUESTION,
    Restricted,
    Notice: MAX_NOTICE,
    Evidence: MAX_EVIDENCE,
    Done,
}

/// "My log has grown."
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Head {
    /// To this many entries.
    pub size: u64,
}

/// Asks who is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HelloRequest {}

/// Who is there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Hello {
    /// The genesis statement of the log.
    pub genesis: String,
    /// Its newest commit checkpoint.
    pub checkpoint: String,
}

/// Asks for the newest checkpoint and how it continues what the asker holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CheckpointRequest {
    /// Size that the asker has verified.
    pub held: u64,
}

/// The newest checkpoint.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CheckpointAnswer {
    /// The signed note.
    pub checkpoint: String,
    /// Consistency from `held` to it; empty when `held` is not smaller.
    pub proof: Proof,
}

/// Asks with which keys the log signed its checkpoints.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeysRequest {
    /// The same of the asker's log: whoever moved shows where it is now, since nobody can ask it there yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub own: Option<KeyHistory>,
}

/// Asks for a cosignature of the asker's own checkpoint. The body of a tlog-witness `add-checkpoint` says the same, see
/// [`crate::witness`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cosign {
    /// Size that the witness cosigned last, as far as the asker knows.
    pub old: u64,
    /// Consistency from there to the checkpoint.
    pub proof: Proof,
    /// The signed note.
    pub checkpoint: String,
}

/// What a witness says to a checkpoint that it does not refuse.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CosignAnswer {
    /// Its signature line.
    Cosignature(String),
    /// It cosigned this size last: ask again from there.
    Conflict(u64),
}

/// Asks for entries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RangeRequest {
    /// The first one.
    pub from: u64,
    /// At most so many.
    pub entries: u32,
}

/// Entries, and of their statements those that the asker may see.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Range {
    /// The entries.
    pub entries: Entries,
    /// For each entry its statement; `null` for a seal, and for what is outside the scope or was erased.
    pub statements: Vec<Option<String>>,
    /// A commit checkpoint that covers them.
    pub checkpoint: String,
    /// Consistency from the end of the range to the checkpoint.
    pub proof: Proof,
}

/// Asks for a piece of an attachment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AttachmentRequest {
    /// SHA-256 of the attachment, as statements write it.
    pub digest: conformity::digest::Digest,
    /// Where the piece begins.
    pub offset: u64,
}

/// A piece of an attachment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Piece {
    /// Size of the whole.
    pub size: u64,
    /// The piece.
    pub bytes: Blob,
}

/// A credential, by the verdict that it documents and its entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CredentialAt {
    /// The verdict.
    pub verdict: VerdictId,
    /// Index of the credential's entry.
    pub index: u64,
}

/// Asks for what the arrangements in force name of what credentials keep back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DisclosuresRequest {
    /// Which ones; at most [`MAX_CREDENTIALS`] are read.
    #[serde(deserialize_with = "few")]
    pub credentials: Vec<CredentialAt>,
}

/// What arrangements name of what credentials keep back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Disclosures {
    /// In the order of the question, each with the disclosures that are named; `null` where nothing is shown. There may be fewer
    /// than were asked for: the rest did not fit, and is to be asked for again.
    #[serde(deserialize_with = "few")]
    pub credentials: Vec<Option<String>>,
}

/// A list of what one question may name.
fn few<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Vec<T>, D::Error> {
    let list = Vec::<T>::deserialize(deserializer)?;
    if list.len() <= MAX_CREDENTIALS { Ok(list) } else { Err(serde::de::Error::custom("too many credentials")) }
}

/// Asks for the statements of restricted verdicts that the arrangements in force include.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RestrictedRequest {
    /// The first entry that is looked at.
    pub from: u64,
    /// At most so many.
    pub entries: u32,
}

/// Statements of restricted verdicts.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Restricted {
    /// In the order of the log.
    #[serde(deserialize_with = "few_confided")]
    pub statements: Vec<Confidence>,
    /// Places whose statements an entry among these erased.
    #[serde(deserialize_with = "few_confided")]
    pub gone: Vec<u64>,
    /// The first entry that was not looked at.
    pub next: u64,
}

/// A statement that nobody else is shown.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Confidence {
    /// Index of its entry.
    pub index: u64,
    /// The statement.
    pub statement: String,
}

/// So that nothing prints what it says.
impl fmt::Debug for Restricted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Restricted").field("statements", &self.statements.len()).finish_non_exhaustive()
    }
}

impl fmt::Debug for Confidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Confidence").finish_non_exhaustive()
    }
}

/// A list of what one answer about restricted verdicts may name.
fn few_confided<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Vec<T>, D::Error> {
    let list = Vec::<T>::deserialize(deserializer)?;
    if list.len() <= MAX_CONFIDED { Ok(list) } else { Err(serde::de::Error::custom("too many")) }
}

/// What a party to an arrangement did, with the proof that it stands in its log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Notice {
    /// The statement.
    pub statement: String,
    /// C2SP tlog-proof of its entry.
    pub proof: String,
}

/// Two checkpoints of one log that contradict each other.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Evidence {
    /// One signed note.
    pub first: String,
    /// The other.
    pub second: String,
    /// What makes two of different sizes a contradiction.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inconsistency: Option<Inconsistency>,
    /// With which keys the log signed, if another ever took over from the one in its genesis.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keys: Option<KeyHistory>,
}

/// What the larger of two checkpoints says about the size of the smaller one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Inconsistency {
    /// The root that it has there.
    pub root: Hash,
    /// Consistency from there to the larger size.
    pub proof: Proof,
}

/// "Taken."
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Done {}

/// What comes back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Answer<T> {
    /// As asked.
    Ok(T),
    /// Not.
    Refused(Refused),
}

impl<T: Serialize + DeserializeOwned> Message for Answer<T> {}

/// Why not.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[error("{code}: {text}")]
pub struct Refused {
    /// Stable, kebab-case.
    #[serde(deserialize_with = "code")]
    pub code: String,
    /// For people.
    #[serde(deserialize_with = "text")]
    pub text: String,
}

impl Refused {
    /// A refusal; the text is cut to what a reader keeps.
    pub fn new(code: &str, text: impl Into<String>) -> Self {
        Self { code: printable(code, MAX_CODE), text: printable(&text.into(), MAX_TEXT) }
    }
}

fn code<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    String::deserialize(deserializer).map(|code| printable(&code, MAX_CODE))
}

fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    String::deserialize(deserializer).map(|text| printable(&text, MAX_TEXT))
}

/// Entries one after the other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entries(pub Vec<Entry>);

impl Serialize for Entries {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let bytes: Vec<u8> = self.0.iter().flat_map(Entry::encode).collect();
        serializer.serialize_str(&STANDARD.encode(bytes))
    }
}

impl<'de> Deserialize<'de> for Entries {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Blob(bytes) = Blob::deserialize(deserializer)?;
        if bytes.len() % Entry::LEN != 0 || bytes.len() / Entry::LEN > MAX_ENTRIES {
            return Err(serde::de::Error::custom("not a whole number of entries, or too many"));
        }
        let entries: Result<Vec<_>, _> = bytes.chunks_exact(Entry::LEN).map(Entry::decode).collect();
        entries.map(Self).map_err(serde::de::Error::custom)
    }
}

/// A consistency proof.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Proof(pub Vec<Hash>);

impl Serialize for Proof {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(|hash| STANDARD.encode(hash.as_bytes())))
    }
}

impl<'de> Deserialize<'de> for Proof {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let texts = Vec::<Blob>::deserialize(deserializer)?;
        if texts.len() > MAX_PROOF {
            return Err(serde::de::Error::custom("too many hashes"));
        }
        let hash = |Blob(bytes): Blob| <[u8; Hash::LEN]>::try_from(bytes).map(Hash::from_bytes);
        let hashes: Result<Vec<_>, _> = texts.into_iter().map(hash).collect();
        hashes.map(Self).map_err(|_| serde::de::Error::custom("a hash has 32 bytes"))
    }
}

/// Bytes in base64.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Blob(pub Vec<u8>);

impl Serialize for Blob {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&STANDARD.encode(&self.0))
    }
}

impl<'de> Deserialize<'de> for Blob {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        STANDARD.decode(text.as_bytes()).map(Self).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests;
