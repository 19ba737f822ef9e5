//! The genesis of a registry and the peers it knows.
//!
//! In scope: what the first statement of a log says, how the key of its checkpoints changes, and a peer as the operator pinned
//! it. Out of scope: connecting to a peer and following it.

use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::hosting::{HostingRecord, MoveRecord};
use crate::ids::{CountryCode, Origin, PartyId, RegistryId};
use crate::key::{Der, Jwk};
use crate::persons::{ApprovalRecord, Persons, PersonsRecord};
use crate::reason::Reason;
use crate::succession::{AcceptedRecord, ClosedRecord};
use crate::text::Text;
use crate::time::Moment;

/// The formats a log speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Formats {
    /// Version of the entry.
    pub entry: u8,
    /// Version of the statement.
    pub statement: u8,
}

impl Formats {
    /// The formats that this crate understands.
    pub const CURRENT: Self = Self { entry: 1, statement: 1 };
}

/// The operator, as the genesis introduces it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct GenesisOperator {
    /// Its party id.
    pub id: PartyId,
    /// Its legal name.
    pub name: Text<256>,
    /// Its keys.
    pub keys: Vec<Jwk>,
}

/// The first statement of a log. It is signed by the key it names, and peers pin its digest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Genesis {
    /// The permanent name of the log.
    pub origin: Origin,
    /// The registry.
    pub registry: RegistryId,
    /// Its name.
    pub name: Text<256>,
    /// The country it stands for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub country: Option<CountryCode>,
    /// The key that signs checkpoints, as a C2SP verifier key.
    pub log_key: Text<512>,
    /// The key that cosigns the checkpoints of peers, as a C2SP verifier key.
    pub witness_key: Text<512>,
    /// The key that signs what the node derives, this statement first.
    pub node_key: Jwk,
    /// The Ed25519 key of the VRF (RFC 9381) that blinds the state map.
    pub map_key: Jwk,
    /// The roots of its certificate authority.
    pub ca_roots: Vec<Der>,
    /// Its `did:web`.
    pub did_web: Text<256>,
    /// The formats it speaks.
    pub formats: Formats,
    /// Who runs it.
    pub operator: GenesisOperator,
    /// How many persons a sensitive step of the operator needs when the log begins.
    #[serde(default, skip_serializing_if = "Persons::is_one")]
    pub persons: Persons,
}

/// The genesis with its place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct GenesisRecord {
    /// What it says.
    pub genesis: Arc<Genesis>,
    /// Digest of the statement.
    pub digest: Digest,
    /// When it was sequenced.
    pub moment: Moment,
    /// The keys that took over from the one that it names, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub log_keys: Vec<LogKeyRecord>,
    /// The roots that came besides those that it names, and all that were retired, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ca_roots: Vec<CaRootRecord>,
    /// How the number of persons that a sensitive step needs changed, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub persons: Vec<PersonsRecord>,
    /// The approvals of steps that wait, and those that were used and that others are shown, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub approvals: Vec<ApprovalRecord>,
    /// Where the registry went since, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub moves: Vec<MoveRecord>,
    /// Whom it serves, and who serves it, in order; what ended included.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hosting: Vec<HostingRecord>,
    /// That the registry ended in favour of another one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub closed: Option<Box<ClosedRecord>>,
    /// For which registries it is willing to go on where they end, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub accepted: Vec<AcceptedRecord>,
}

impl GenesisRecord {
    /// Whether nothing changed of what the genesis says.
    pub const fn is_as_it_began(&self) -> bool {
        let in_place = self.moves.is_empty() && self.hosting.is_empty() && self.closed.is_none();
        self.log_keys.is_empty() && self.ca_roots.is_empty() && in_place
    }

    /// The roots of the certificate authority that are trusted now.
    pub fn trusted_roots(&self) -> Vec<Der> {
        let named = self.genesis.ca_roots.iter().filter(|root| self.ca_root(&Digest::of(root.as_bytes())).is_none());
        let later = self.ca_roots.iter().filter(|one| one.retired.is_none()).map(|one| &one.root);
        named.chain(later).cloned().collect()
    }

    /// How many persons a sensitive step of the operator needs now.
    pub fn persons(&self) -> Persons {
        self.persons.last().map_or(self.genesis.persons, |later| later.persons)
    }

    /// What became of a root since the log began, by the SHA-256 of its certificate.
    pub fn ca_root(&self, digest: &Digest) -> Option<&CaRootRecord> {
        self.ca_roots.iter().find(|one| Digest::of(one.root.as_bytes()) == *digest)
    }

    /// The key that signs checkpoints from the next entry on, as a C2SP verifier key.
    pub fn log_key(&self) -> &str {
        self.log_keys.last().map_or(self.genesis.log_key.as_str(), |later| later.key.as_str())
    }
}

/// A key that took over the checkpoints of a log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct LogKeyRecord {
    /// The key, as a C2SP verifier key.
    pub key: Text<512>,
    /// By which entry it took over: checkpoints that end with it are the last ones of the key before.
    pub moment: Moment,
    /// Until when the key before signs besides.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
}

/// A root of the certificate authority that came or went after the log began.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CaRootRecord {
    /// Its certificate.
    pub root: Der,
    /// Since when it counts: the genesis, or the statement that added it.
    pub added: Moment,
    /// Since when it counts no more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retired: Option<Moment>,
}

/// The certificate authority has another root.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CaRootAdded {
    /// Its certificate.
    pub root: Der,
}

/// A root of the certificate authority is trusted no more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CaRootRetired {
    /// SHA-256 of its certificate.
    pub root: Digest,
}

/// Another key takes over the checkpoints. Both keys signed that it does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct LogKeyChanged {
    /// The key that signs now, as a C2SP verifier key.
    pub from: Text<512>,
    /// The key that takes over, likewise.
    pub to: Text<512>,
    /// Size of the log when both signed.
    pub size: u64,
    /// Until when the old key signs besides, for those who pinned it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
    /// Their signatures over `secure-trust-registry/log-key-change@1`, origin, size and both keys.
    pub signatures: HandoverSignatures,
}

/// What both keys of a change signed, each base64 of 64 bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct HandoverSignatures {
    /// By the old key: it endorses the new one.
    pub from: Text<88>,
    /// By the new key: somebody holds it.
    pub to: Text<88>,
}

/// The operator pins a peer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PeerAdded {
    /// The peer's registry.
    pub registry: RegistryId,
    /// Its log.
    pub origin: Origin,
    /// Digest of its genesis statement.
    pub genesis_digest: Digest,
    /// Its genesis statement, JWS compact.
    pub genesis: String,
    /// Where its nats-server listens.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nats_url: Option<Text<512>>,
    /// Where its HTTP server listens.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub http_url: Option<Text<512>>,
}

/// The operator cuts a peer off.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PeerExpelled {
    /// Which peer.
    pub registry: RegistryId,
    /// Why.
    pub reason: Reason,
}

/// A peer as the operator pinned it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PeerRecord {
    /// Its registry.
    pub registry: RegistryId,
    /// Its log.
    pub origin: Origin,
    /// Digest of its genesis statement.
    pub genesis_digest: Digest,
    /// What its genesis says.
    pub genesis: Arc<Genesis>,
    /// Where its nats-server listens.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nats_url: Option<Text<512>>,
    /// Where its HTTP server listens.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub http_url: Option<Text<512>>,
    /// When it was added.
    pub added: Moment,
    /// When and why it was expelled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expelled: Option<Expulsion>,
    /// The peerings before this one, oldest first: what was said under them is asked about later.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub earlier: Vec<Peering>,
    /// Indexes of all entries that added or expelled it, rising: the state map counts them.
    pub entries: Vec<u64>,
    /// The size of its log up to which recognitions were derived.
    pub followed: u64,
}

impl PeerRecord {
    /// The newest expulsion, also where the peer was added again since.
    pub fn last_expulsion(&self) -> Option<&Expulsion> {
        self.expelled.as_ref().or_else(|| self.earlier.last().map(|peering| &peering.expelled))
    }
}

/// A peering that is over: as the peer was pinned then, and its end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Peering {
    /// Its log.
    pub origin: Origin,
    /// Digest of its genesis statement.
    pub genesis_digest: Digest,
    /// What its genesis says.
    pub genesis: Arc<Genesis>,
    /// Where its nats-server listened.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nats_url: Option<Text<512>>,
    /// Where its HTTP server listened.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub http_url: Option<Text<512>>,
    /// When it was added.
    pub added: Moment,
    /// When and why it was expelled.
    pub expelled: Expulsion,
}

/// The end of a peering.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Expulsion {
    /// When.
    pub moment: Moment,
    /// Why.
    pub reason: Reason,
}
