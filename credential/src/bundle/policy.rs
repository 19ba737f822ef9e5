//! Whom a reader trusts: logs by their keys, and how many of which witnesses.
//!
//! ```text
//! quorum = 2                           how many of the witnesses must have cosigned; 0 asks for none
//! max_age_seconds = 86400              optional: how old a checkpoint may be that tells how things stand now
//! refuse_closed = true                 optional: no answer from a registry that had ended by the time that the answer is for
//!
//! [[registry]]
//! log_key = "jp.registry.example+2074915d+Adct…"     C2SP verifier key of type 0x01; its name is the origin
//! genesis = "9f86d0…"                                optional: SHA-256 of the genesis statement
//! seen = { size = 1234, root = "<base64>" }          optional: the largest checkpoint seen so far, `root` too
//! earlier = [{ log_key = "…", until = 1200 }]        optional: keys that signed before `log_key`, for checkpoints up to that size
//! ca_roots = ["5b1c9e…"]                             optional: 1 to 8 SHA-256 of roots in DER; credentials must carry x5c to one of them
//!
//! [[witness]]
//! name = "eu"                                        1 to 64 of A-Z a-z 0-9 . _ -
//! key = "eu.registry.example+…+…"                    C2SP verifier key of type 0x04
//! ```
//!
//! At most [`MAX_POLICY`] bytes, checked first; unknown members are refused, so that a mistyped one is not an unasked question. How
//! cosignatures are counted is [`ledger::policy`]'s.

use std::fmt::Write as _;

use conformity::digest::Digest;
use ledger::log_keys::LogKeys;
use ledger::merkle::Hash;
use ledger::note::{NoteVerifier, SignatureKind, VerifierKeyError};
use ledger::policy::{self, Unmet, Witness};
use serde::Deserialize;

/// Longest policy that is read, in bytes.
pub const MAX_POLICY: usize = 64 * 1024;
/// Most roots of certificate authorities for one registry.
const MAX_CA_ROOTS: usize = 8;
/// Most registries, and most witnesses.
const MAX_NAMES: usize = 64;
/// The group that all witnesses of a policy are in. No witness can be called so.
const ALL: &str = "all+";

/// A reader's policy.
#[derive(Debug, Clone)]
pub struct Policy {
    registries: Vec<Trusted>,
    witnesses: policy::Policy,
    quorum: usize,
    max_age_seconds: Option<u32>,
    refuse_closed: bool,
}

/// A log that a reader trusts.
#[derive(Debug, Clone)]
pub struct Trusted {
    /// Its key, and its name.
    pub log: NoteVerifier,
    /// The digest of its genesis, where it is pinned.
    pub genesis: Option<Digest>,
    /// The largest checkpoint that was seen.
    pub seen: Option<Seen>,
    /// Keys that signed before, for what they signed then.
    pub earlier: Vec<EarlierKey>,
    /// The roots, by the SHA-256 of their DER, to one of which the certificates of the newest credential must lead.
    pub ca_roots: Option<Vec<Digest>>,
}

/// A key that signed before the one that is trusted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EarlierKey {
    /// The key.
    pub log: NoteVerifier,
    /// The largest checkpoint that is believed by it, in entries.
    pub until: u64,
}

/// A checkpoint that was seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Seen {
    /// Its size.
    pub size: u64,
    /// Its root.
    #[serde(default)]
    pub root: Option<Hash>,
}

/// Why a policy cannot be used. The blame is its author's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PolicyError {
    /// Too long; nothing of it was read.
    #[error("a policy has at most {MAX_POLICY} bytes")]
    TooLong,
    /// Not TOML, or with members that a policy does not have.
    #[error("not a policy: {0}")]
    Toml(String),
    /// No registry, too many of something, or one twice.
    #[error("a policy has 1 to {MAX_NAMES} registries, each log once, and at most {MAX_NAMES} witnesses")]
    Names,
    /// A log key that cannot be used.
    #[error("log_key {key:?}: {error}")]
    LogKey {
        /// The key as written, cut.
        key: String,
        /// What is wrong with it.
        error: VerifierKeyError,
    },
    /// No root, or too many.
    #[error("ca_roots has 1 to {MAX_CA_ROOTS} digests; leave it out to ask for no certificates")]
    CaRoots,
    /// A witness's key where a log's should stand.
    #[error("log_key {0:?} is the key of a witness (type 0x04), not of a log (0x01)")]
    KeyKind(String),
    /// An earlier key of another log, or the same key again.
    #[error("earlier log_key {0:?} is not another key of the same log")]
    EarlierKey(String),
    /// A name of a witness that cannot be used.
    #[error("a witness has a name of 1 to 64 of A-Z a-z 0-9 . _ -, not {0:?}")]
    WitnessName(String),
    /// A witness's key that cannot be used, or a name or key twice.
    #[error("witness {name}: {fault}")]
    Witness {
        /// Its name.
        name: String,
        /// What is wrong with it.
        fault: policy::LineFault,
    },
    /// More witnesses asked for than there are.
    #[error("quorum = {quorum}, but there are {witnesses} witnesses; no checkpoint could fulfil that")]
    Quorum {
        /// How many are asked for.
        quorum: usize,
        /// How many there are.
        witnesses: usize,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wire {
    quorum: usize,
    #[serde(default)]
    max_age_seconds: Option<u32>,
    #[serde(default)]
    refuse_closed: bool,
    registry: Vec<WireRegistry>,
    #[serde(default)]
    witness: Vec<WireWitness>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WireRegistry {
    log_key: String,
    #[serde(default)]
    genesis: Option<Digest>,
    #[serde(default)]
    seen: Option<Seen>,
    #[serde(default)]
    earlier: Vec<WireEarlier>,
    #[serde(default)]
    ca_roots: Option<Vec<Digest>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WireEarlier {
    log_key: String,
    until: u64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WireWitness {
    name: String,
    key: String,
}

impl Policy {
    /// Reads a policy.
    ///
    /// # Errors
    /// The first thing that is wrong with it.
    pub fn parse(text: &str) -> Result<Self, PolicyError> {
        if text.len() > MAX_POLICY {
            return Err(PolicyError::TooLong);
        }
        let wire: Wire = toml::from_str(text).map_err(|error| PolicyError::Toml(cut(&error.to_string())))?;
        if wire.registry.is_empty() || wire.registry.len().max(wire.witness.len()) > MAX_NAMES {
            return Err(PolicyError::Names);
        }
        let registries = wire.registry.into_iter().map(Trusted::read).collect::<Result<Vec<_>, _>>()?;
        let twice = |(place, one): (usize, &Trusted)| {
            registries.iter().skip(place + 1).any(|other| one.is_at(other.log.name()))
        };
        if registries.iter().enumerate().any(twice) {
            return Err(PolicyError::Names);
        }
        let witnesses = witnesses(&wire.witness, wire.quorum)?;
        let Wire { quorum, max_age_seconds, refuse_closed, .. } = wire;
        Ok(Self { registries, witnesses, quorum, max_age_seconds, refuse_closed })
    }

    /// The log of this origin, if it is trusted.
    pub fn registry(&self, origin: &str) -> Option<&Trusted> {
        self.registries.iter().find(|one| one.is_at(origin))
    }

    /// How many of the witnesses must have cosigned.
    pub const fn quorum(&self) -> usize {
        self.quorum
    }

    /// How old a checkpoint may be, in seconds.
    pub const fn max_age_seconds(&self) -> Option<u32> {
        self.max_age_seconds
    }

    /// Whether no answer is wanted from a registry that had ended by then.
    pub const fn refuse_closed(&self) -> bool {
        self.refuse_closed
    }

    /// Who of the witnesses cosigned `note`, if that is a quorum. Strangers do not count, and nobody counts twice.
    pub(super) fn witnessed(&self, note: &str) -> Result<Vec<Witness>, Unmet> {
        self.witnesses.witnessed(note)
    }
}

impl Trusted {
    fn read(wire: WireRegistry) -> Result<Self, PolicyError> {
        let WireRegistry { log_key, genesis, seen, earlier, ca_roots } = wire;
        let log = read_log_key(&log_key)?;
        if earlier.len() > MAX_NAMES {
            return Err(PolicyError::Names);
        }
        if ca_roots.as_ref().is_some_and(|roots| !(1..=MAX_CA_ROOTS).contains(&roots.len())) {
            return Err(PolicyError::CaRoots);
        }
        let earlier = earlier.into_iter().map(|one| match read_log_key(&one.log_key)? {
            key if key.name() == log.name() && key != log => Ok(EarlierKey { log: key, until: one.until }),
            _ => Err(PolicyError::EarlierKey(cut(&one.log_key))),
        });
        Ok(Self { earlier: earlier.collect::<Result<_, _>>()?, log, genesis, seen, ca_roots })
    }

    /// Whether one of a log's keys is named here.
    pub(super) fn knows(&self, keys: &LogKeys) -> bool {
        keys.contains(&self.log) || self.earlier.iter().any(|earlier| keys.contains(&earlier.log))
    }

    fn is_at(&self, origin: &str) -> bool {
        self.log.name() == origin
    }
}

fn read_log_key(text: &str) -> Result<NoteVerifier, PolicyError> {
    let log: NoteVerifier = text.parse().map_err(|error| PolicyError::LogKey { key: cut(text), error })?;
    match log.kind() {
        SignatureKind::Ed25519 => Ok(log),
        SignatureKind::Cosignature => Err(PolicyError::KeyKind(cut(text))),
    }
}

/// The witnesses as a policy of C2SP has them.
fn witnesses(wire: &[WireWitness], quorum: usize) -> Result<policy::Policy, PolicyError> {
    if quorum > wire.len() {
        return Err(PolicyError::Quorum { quorum, witnesses: wire.len() });
    }
    let mut text = String::new();
    for WireWitness { name, key } in wire {
        let word = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
        let is_name = (1..=64).contains(&name.len()) && name.chars().all(word);
        if !is_name || key.split_whitespace().count() != 1 {
            return Err(PolicyError::WitnessName(cut(name)));
        }
        // Writing to a text cannot fail.
        let _ = writeln!(text, "witness {name} {}", key.trim());
    }
    if quorum == 0 {
        text.push_str("quorum none\n");
    } else {
        let names: Vec<&str> = wire.iter().map(|one| one.name.as_str()).collect();
        let _ = writeln!(text, "group {ALL} {quorum} {}\nquorum {ALL}", names.join(" "));
    }
    policy::Policy::parse(text.as_bytes()).map_err(|error| match error {
        policy::PolicyError::Line { number, fault } => {
            let name = wire.get(number.saturating_sub(1)).map_or_else(|| ALL.to_owned(), |one| one.name.clone());
            PolicyError::Witness { name, fault }
        }
        other => PolicyError::Toml(other.to_string()),
    })
}

fn cut(text: &str) -> String {
    text.chars().take(300).collect()
}
