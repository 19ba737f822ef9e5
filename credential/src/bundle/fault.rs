//! Why a bundle is not believed, by who is to blame: whoever made or carried it, the registry, or nobody but the policy.
//! In English it says what stands beside each; `japanese` has the other language.

mod japanese;

use conformity::digest::Digest;
use conformity::ids::{Origin, VerdictRef};
use conformity::map_label::MapLabel;
use conformity::refusal::Refusal;
use conformity::words::Language;
use jiff::Timestamp;
use ledger::checkpoint::CheckpointError;
use ledger::jws::{self, JwsError};
use ledger::key::KeyError;
use ledger::map::MapProofError;
use ledger::merkle::ProofError;
use ledger::policy::Unmet;

use super::{MAX_BUNDLE, Step, StepName};
use crate::attestation::ReadError;
use crate::sd_jwt;
use crate::statement::StatementError;

/// A bundle that does not hold.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("{fault}")]
pub struct Failure {
    /// What was checked before and holds.
    pub held: Vec<Step>,
    /// Which step failed.
    pub step: StepName,
    /// Why.
    pub fault: Fault,
}

/// Why a bundle is not believed.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum Fault {
    /// The bundle is broken: whoever made it or carried it here.
    #[error(transparent)]
    Bundle(#[from] Broken),
    /// The log says what it must not say: its registry.
    #[error(transparent)]
    Registry(#[from] Misbehaved),
    /// It does not fulfil the policy, or does not answer the question. Nobody need be to blame.
    #[error(transparent)]
    Trust(#[from] Distrust),
}

/// What is broken about a bundle.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum Broken {
    /// Too long; nothing of it was read.
    #[error("a bundle has at most {MAX_BUNDLE} bytes, not {bytes}")]
    TooLong {
        /// How many bytes came.
        bytes: usize,
    },
    /// Not the JSON of a bundle.
    #[error("not a bundle: {0}")]
    NotABundle(String),
    /// Another version of the format.
    #[error("its format is {found:?}; this program reads {format:?}", format = super::FORMAT)]
    OtherFormat {
        /// What it says it is, cut.
        found: String,
    },
    /// More of something than is read.
    #[error("more than {max} {what}")]
    TooMany {
        /// Of what.
        what: &'static str,
        /// How many are read.
        max: usize,
    },
    /// The log did not sign the checkpoint, or not to be published, or it is none.
    #[error("the checkpoint is not believed: {0}")]
    Checkpoint(#[from] CheckpointError),
    /// A signature by a witness of the policy does not verify.
    #[error("a cosignature is not believed: {0}")]
    Cosignature(Unmet),
    /// The last entry is none, or no seal.
    #[error("the checkpoint's last entry must be a seal: {0}")]
    Last(String),
    /// Statements that do not rise by index, or do not begin with the genesis.
    #[error("statements rise by their index and begin with the genesis, at index 0")]
    Order,
    /// The keys of the log do not follow from each other.
    #[error("the keys of the log's checkpoints do not follow from each other")]
    Keys,
    /// A text that is no signed statement.
    #[error("statement {index} cannot be read: {error}")]
    Jws {
        /// Its index.
        index: u64,
        /// What is wrong with it.
        error: JwsError,
    },
    /// A signed text that says nothing that is known here.
    #[error("statement {index} cannot be read: {error}")]
    Statement {
        /// Its index.
        index: u64,
        /// What is wrong with it.
        error: StatementError,
    },
    /// Statements, times or hashes are not those of the log.
    #[error("the statements are not those of the log: {0}")]
    Proof(#[from] ProofError),
    /// The state map's proof is none, or leads to another root.
    #[error("the state map is not believed: {0}")]
    Map(MapProofError),
    /// The state map counts more entries about the verdict, or something that it rests on, than are shown, or others.
    #[error("{shown} entries about {about} are shown, but the log holds {told}, or others: something is left out")]
    Incomplete {
        /// About what.
        about: Box<MapLabel>,
        /// How many are shown.
        shown: usize,
        /// How many there are.
        told: u64,
    },
    /// The statement of an entry about the verdict is not shown, and nothing that is shown replaces it.
    #[error("what entry {index} says is not shown, and nothing replaces it")]
    KeptBack {
        /// Its index.
        index: u64,
    },
    /// The statement that is shown of an entry is not the one that the entry commits to.
    #[error("the statement that is shown of entry {index} is another one than the log holds there")]
    OtherStatement {
        /// Its index.
        index: u64,
    },
    /// The identifiers of a supplier are not as they must be.
    #[error("the identifiers cannot be believed: {0}")]
    Identifiers(&'static str),
    /// An entry that none of the identifiers counts.
    #[error("the entry {index} is about none of the identifiers")]
    Stray {
        /// Its index.
        index: u64,
    },
    /// Nothing in it grants or recognises the verdict.
    #[error("it holds nothing about {0}")]
    NoVerdict(VerdictRef),
    /// Disclosures without a credential.
    #[error("there are disclosures, but no credential that they belong to")]
    NoCredential,
    /// Disclosures that do not belong to the credential.
    #[error("the disclosures are not believed: {0}")]
    Malformed(#[from] sd_jwt::Malformed),
    /// Disclosures that do not belong to the credential.
    #[error("the disclosures are not believed: {0}")]
    Disclosures(#[from] sd_jwt::Refusal),
    /// Disclosures that contradict the credential.
    #[error("the disclosures are not believed: {0}")]
    Detail(#[from] ReadError),
}

/// What a registry did that it must not do. Its signed checkpoint is the evidence.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum Misbehaved {
    /// An entry before the one that precedes it.
    #[error("entry {index} was sequenced before the one that precedes it")]
    TimeBackwards {
        /// Its index.
        index: u64,
    },
    /// A time that no calendar has.
    #[error("entry {index} was sequenced at {time_ms} ms, which is no time")]
    ImpossibleTime {
        /// Its index.
        index: u64,
        /// The time.
        time_ms: u64,
    },
    /// The genesis names another log or key than the policy.
    #[error("its genesis names {found} as its log key, not the one in the policy")]
    OtherLogKey {
        /// What it names.
        found: String,
    },
    /// The rules do not allow a statement that the log holds, or its key is not the issuer's at that time.
    #[error("statement {index} must not be in the log: {refusal}")]
    Refused {
        /// Its index.
        index: u64,
        /// Why.
        refusal: Refusal,
    },
    /// A key that the log holds breaks the strict rule.
    #[error("the key of statement {index} must not be in the log: {error}")]
    Key {
        /// Its index.
        index: u64,
        /// Why.
        error: KeyError,
    },
    /// A signature that does not verify.
    #[error("statement {index} is not signed by its issuer: {error}")]
    Signature {
        /// Its index.
        index: u64,
        /// Why.
        error: jws::VerifyError,
    },
    /// A sealed root that does not count what stands in the log before it.
    #[error(
        "the log holds {shown} entries about {about}, but the state map in its seal counts {told} of them, or others"
    )]
    Map {
        /// About what.
        about: Box<MapLabel>,
        /// How many are proven to be in the log.
        shown: usize,
        /// How many the map counts.
        told: u64,
    },
    /// A credential of a restricted verdict that keeps another reach back than the verdict has. The signed part commits to it, and
    /// a registry compares before it takes it.
    #[error(
        "the credential of entry {index} keeps another level, other sites or other exclusions back than the verdict has"
    )]
    OtherReach {
        /// Where it was issued.
        index: u64,
    },
}

/// What the policy or the question asks for and the bundle does not give.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum Distrust {
    /// A log that the policy does not name.
    #[error("the policy names no log {0}")]
    UnknownLog(Origin),
    /// A key of the log signed that the policy names for smaller checkpoints only, or not at all.
    #[error("the policy does not believe {key} for {size} entries")]
    RetiredLogKey {
        /// The key.
        key: String,
        /// The size of the checkpoint.
        size: u64,
    },
    /// Too few witnesses of the policy cosigned; strangers and repetitions do not count.
    #[error("{found} of the policy's witnesses cosigned the checkpoint; it asks for {quorum}")]
    Quorum {
        /// How many did.
        found: usize,
        /// How many it takes.
        quorum: usize,
    },
    /// An older state of the log than was seen before.
    #[error("the checkpoint has {size} entries, but {seen} were seen: an older state of the log")]
    RolledBack {
        /// Its size.
        size: u64,
        /// The size that was seen.
        seen: u64,
    },
    /// Another log of the size that was seen: keep both checkpoints, together they are evidence.
    #[error("another log of {size} entries was seen: the log was forked; keep both checkpoints, they are evidence")]
    Forked {
        /// The size of both.
        size: u64,
    },
    /// Another genesis than the one that is pinned.
    #[error("the genesis has digest {found}; the policy pins {pinned}")]
    OtherGenesis {
        /// What came.
        found: Digest,
        /// What is pinned.
        pinned: Digest,
    },
    /// A checkpoint that is too old to tell how things stand now.
    #[error("the checkpoint was sealed at {sealed}, more than {max_age_seconds} seconds ago; fetch a newer bundle")]
    Stale {
        /// When it was sealed.
        sealed: Timestamp,
        /// How old it may be.
        max_age_seconds: u32,
    },
    /// A checkpoint from the future, by this reader's clock.
    #[error("the checkpoint was sealed at {sealed}, which has not come; compare clocks")]
    Ahead {
        /// When it was sealed.
        sealed: Timestamp,
    },
    /// The log is not known up to the time asked about.
    #[error("the log is known up to {sealed}, not up to {at}; fetch a newer bundle")]
    NotCovered {
        /// The time asked about.
        at: Timestamp,
        /// When the checkpoint was sealed.
        sealed: Timestamp,
    },
    /// No certificates with the newest credential, or none that lead to a root of the policy.
    #[error("the policy asks for a credential whose certificates (x5c) lead to one of its ca_roots; there is none")]
    NoTrustedCaRoot,
    /// At the time asked about there was no such verdict, or the bundle does not reach back to it.
    #[error("{verdict} was not in the log at {at}, as far as this bundle shows")]
    NotThen {
        /// The verdict.
        verdict: VerdictRef,
        /// The time asked about.
        at: Timestamp,
    },
    /// The registry had ended by then, and the policy wants no answer from one that has.
    #[error("the policy refuses registries that have ended: {}", .0.words(Language::English))]
    Closed(Box<super::answer::Closed>),
    /// The reader wants to know of all identifiers of a supplier, and the bundle shows no registration.
    #[error(
        "its registration is not shown: it may have other identifiers, of which nothing is said; ask for a bundle that shows it"
    )]
    NotRegistered,
}

impl Fault {
    /// A stable code for machines.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Bundle(broken) => broken.code(),
            Self::Registry(misbehaved) => misbehaved.code(),
            Self::Trust(distrust) => distrust.code(),
        }
    }

    /// Who is to blame: `bundle`, `registry` or `policy`.
    pub const fn blame(&self) -> &'static str {
        match self {
            Self::Bundle(_) => "bundle",
            Self::Registry(_) => "registry",
            Self::Trust(_) => "policy",
        }
    }

    /// The step at which it shows.
    pub const fn step(&self) -> StepName {
        match self {
            Self::Bundle(broken) => broken.step(),
            Self::Registry(misbehaved) => misbehaved.step(),
            Self::Trust(distrust) => distrust.step(),
        }
    }
}

impl Broken {
    const fn code(&self) -> &'static str {
        match self {
            Self::TooLong { .. } => "bundle-too-long",
            Self::NotABundle(_) => "not-a-bundle",
            Self::OtherFormat { .. } => "unknown-format",
            Self::TooMany { .. } => "too-many",
            Self::Checkpoint(_) => "bad-checkpoint",
            Self::Cosignature(_) => "bad-cosignature",
            Self::Last(_) => "bad-seal",
            Self::Order => "bad-order",
            Self::Keys => "bad-log-keys",
            Self::Jws { error: JwsError::Certificates(error), .. } => error.code(),
            Self::Jws { .. } => "not-a-jws",
            Self::Statement { .. } => "not-a-statement",
            Self::Proof(_) => "bad-proof",
            Self::Map(_) => "bad-map-proof",
            Self::Incomplete { .. } => "incomplete",
            Self::KeptBack { .. } => "kept-back",
            Self::OtherStatement { .. } => "other-statement",
            Self::Identifiers(_) => "bad-identifiers",
            Self::Stray { .. } => "stray-entry",
            Self::NoVerdict(_) => "no-verdict",
            Self::NoCredential | Self::Malformed(_) | Self::Disclosures(_) | Self::Detail(_) => "bad-disclosures",
        }
    }

    const fn step(&self) -> StepName {
        match self {
            Self::TooLong { .. } | Self::NotABundle(_) | Self::OtherFormat { .. } | Self::TooMany { .. } => {
                StepName::Form
            }
            Self::Checkpoint(_) => StepName::Checkpoint,
            Self::Cosignature(_) => StepName::Witnesses,
            Self::Keys => StepName::Genesis,
            Self::Last(_) | Self::Order | Self::Jws { .. } | Self::Statement { .. } | Self::Proof(_) => {
                StepName::Inclusion
            }
            Self::Map(_) | Self::Incomplete { .. } | Self::KeptBack { .. } => StepName::Completeness,
            Self::OtherStatement { .. } => StepName::Statement,
            Self::Identifiers(_) | Self::Stray { .. } => StepName::Supplier,
            Self::NoVerdict(_) => StepName::Verdict,
            Self::NoCredential | Self::Malformed(_) | Self::Disclosures(_) | Self::Detail(_) => StepName::Credential,
        }
    }
}

impl Misbehaved {
    const fn code(&self) -> &'static str {
        match self {
            Self::TimeBackwards { .. } => "time-backwards",
            Self::ImpossibleTime { .. } => "impossible-time",
            Self::OtherLogKey { .. } => "other-log-key",
            Self::Refused { refusal, .. } => refusal.code(),
            Self::Key { .. } => "bad-key",
            Self::Signature { .. } => "bad-signature",
            Self::Map { .. } => "map-differs",
            Self::OtherReach { .. } => "credential-differs",
        }
    }

    const fn step(&self) -> StepName {
        match self {
            Self::TimeBackwards { .. } | Self::ImpossibleTime { .. } => StepName::Inclusion,
            Self::OtherLogKey { .. } => StepName::Genesis,
            Self::Refused { .. } | Self::Key { .. } | Self::Signature { .. } => StepName::Statement,
            Self::Map { .. } => StepName::Completeness,
            Self::OtherReach { .. } => StepName::Credential,
        }
    }
}

impl Distrust {
    const fn code(&self) -> &'static str {
        match self {
            Self::UnknownLog(_) => "unknown-log",
            Self::RetiredLogKey { .. } => "retired-log-key",
            Self::Quorum { .. } => "no-quorum",
            Self::RolledBack { .. } => "rollback",
            Self::Forked { .. } => "fork",
            Self::OtherGenesis { .. } => "wrong-log",
            Self::Stale { .. } => "stale",
            Self::Ahead { .. } => "ahead",
            Self::NotCovered { .. } => "not-covered",
            Self::NoTrustedCaRoot => "no-trusted-ca-root",
            Self::NotThen { .. } => "not-then",
            Self::Closed(_) => "registry-closed",
            Self::NotRegistered => "not-registered",
        }
    }

    const fn step(&self) -> StepName {
        match self {
            Self::UnknownLog(_) | Self::RetiredLogKey { .. } => StepName::Checkpoint,
            Self::Quorum { .. } => StepName::Witnesses,
            Self::RolledBack { .. } | Self::Forked { .. } => StepName::Memory,
            Self::OtherGenesis { .. } => StepName::Genesis,
            Self::Stale { .. } | Self::Ahead { .. } | Self::NotCovered { .. } => StepName::Time,
            Self::NoTrustedCaRoot => StepName::Credential,
            Self::NotThen { .. } => StepName::Verdict,
            Self::Closed(_) => StepName::Registry,
            Self::NotRegistered => StepName::Supplier,
        }
    }
}
