//! What a peer can do wrong, each with a stable code that is counted and shown.

use crate::messages::{Evidence, Inconsistency};
use crate::words::{MAX_TEXT, printable};

/// Why an answer of a peer is not taken over. What we hold stays as it is.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PeerFault {
    /// The message cannot be read.
    #[error(transparent)]
    Message(#[from] crate::messages::MessageError),
    /// The parts of the message do not fit each other, or it is no answer to what was asked.
    #[error("the parts of the answer do not fit each other")]
    Shape,
    /// Not a checkpoint that this log signed under its origin.
    #[error("the checkpoint is not one that this log signed: {0}")]
    Checkpoint(String),
    /// The log's key changed otherwise than the peer showed it, or not as a log's key changes.
    #[error("the key of the log changed otherwise than was shown: {0}")]
    LogKeys(String),
    /// The entries do not lead to the checkpoint that was signed.
    #[error("the entries do not lead to the signed checkpoint")]
    Proof,
    /// A statement is not what its entry commits to.
    #[error("the statement at {index} is not the one that its entry commits to")]
    Digest {
        /// Where.
        index: u64,
    },
    /// An entry claims to be earlier than the one before it.
    #[error("the entry at {index} is earlier than the one before it")]
    TimeBackwards {
        /// Where.
        index: u64,
    },
    /// Not the log whose genesis was pinned.
    #[error("this is not the log whose genesis was pinned")]
    Genesis,
    /// A statement is not shown that everybody may see.
    #[error("the statement at {index} is withheld, although everybody may see it")]
    Withheld {
        /// Where.
        index: u64,
    },
    /// An older state than was seen before.
    #[error("the peer offers size {offered}, but {known} entries were seen signed: entries were taken back")]
    Rollback {
        /// The largest size that was seen signed.
        known: u64,
        /// What it offers now.
        offered: u64,
    },
    /// What it said of restricted verdicts cannot be read, or is no answer to what was asked.
    #[error("the peer did not give what belongs to a range")]
    RestrictedMalformed,
    /// It showed a statement as one of a restricted verdict at a place that was not asked about.
    #[error("the peer did not give what belongs to a range")]
    RestrictedUnasked,
    /// A statement of a restricted verdict is not what its entry commits to.
    #[error("the peer did not give what belongs to a range")]
    RestrictedOther,
    /// It would not answer about restricted verdicts.
    #[error("the peer did not give what belongs to a range")]
    RestrictedRefused,
    /// Two signed checkpoints that contradict each other.
    #[error("the peer signed two checkpoints that contradict each other; following stops until an operator acts")]
    Fork(Box<Contradiction>),
}

/// Two signed notes of one log. Anybody who has its key can check them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contradiction {
    /// The one that we verified before; empty when none was held.
    pub held: String,
    /// The one that contradicts it.
    pub offered: String,
    /// What proves it to others where the sizes differ, if the log is held that far.
    pub inconsistency: Option<Inconsistency>,
}

impl Contradiction {
    /// What others are sent of it.
    pub fn evidence(&self) -> Evidence {
        let Self { held, offered, inconsistency } = self.clone();
        Evidence { first: held, second: offered, inconsistency, keys: None }
    }
}

impl PeerFault {
    /// The checkpoint does not verify. The error may quote it.
    pub fn checkpoint(error: &ledger::checkpoint::CheckpointError) -> Self {
        Self::Checkpoint(printable(&error.to_string(), MAX_TEXT))
    }

    /// A history of the log's keys that is not believed. The error may quote it.
    pub fn log_keys(error: &dyn std::fmt::Display) -> Self {
        Self::LogKeys(printable(&error.to_string(), MAX_TEXT))
    }

    /// Stable code, kebab-case.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Message(crate::messages::MessageError::TooLarge(_)) => "oversized",
            Self::Message(crate::messages::MessageError::Malformed(_)) => "malformed",
            Self::Shape => "shape",
            Self::Checkpoint(_) => "bad-checkpoint",
            Self::LogKeys(_) => "bad-log-keys",
            Self::Proof => "bad-proof",
            Self::Digest { .. } => "wrong-statement",
            Self::TimeBackwards { .. } => "time-backwards",
            Self::Genesis => "wrong-log",
            Self::Withheld { .. } => "withheld",
            Self::Rollback { .. } => "rollback",
            Self::RestrictedMalformed | Self::RestrictedUnasked | Self::RestrictedOther | Self::RestrictedRefused => {
                "incomplete"
            }
            Self::Fork(_) => "fork",
        }
    }

    /// What the operator alone is told of it: faults are public, and this is about what is not.
    pub fn in_confidence(&self) -> Option<&'static str> {
        match self {
            Self::RestrictedMalformed => Some("restricted-malformed"),
            Self::RestrictedUnasked => Some("restricted-unasked"),
            Self::RestrictedOther => Some("restricted-other-statement"),
            Self::RestrictedRefused => Some("restricted-refused"),
            _ => None,
        }
    }

    /// Whether following stops until an operator acts.
    pub fn stops(&self) -> bool {
        matches!(self, Self::Fork(_) | Self::Genesis)
    }
}

/// A range was examined, and something else was taken over before it. The blame is the caller's; nothing changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the range begins at {from}, but {size} entries are held by now: examine it again")]
pub struct OutOfTurn {
    /// Where the range begins.
    pub from: u64,
    /// How many entries are held.
    pub size: u64,
}

/// Why one statement of a peer's log is left out. Its entry stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatementFault {
    /// Its place in the peer's log.
    pub index: u64,
    /// Stable code, kebab-case.
    pub code: &'static str,
    /// For people. It may quote what the peer chose, and is cut and printable.
    pub text: String,
}

impl StatementFault {
    /// A fault; the text is cut to what a reader keeps.
    pub(super) fn new(index: u64, code: &'static str, text: &str) -> Self {
        Self { index, code, text: printable(text, MAX_TEXT) }
    }
}
