//! Trust policies (c2sp.org/tlog-policy): which logs and which witnesses somebody trusts, and how many of them it takes.
//!
//! ```text
//! log     <verifier key> [<url>]
//! witness <name> <verifier key> [<url>]
//! group   <name> all|any|<k> <name>…         names of lines before it
//! quorum  <name>|none                        exactly one
//! ```
//!
//! Lines end in a newline, items are separated by spaces and tabs, `#` begins a comment. Names are bytes, compared as such.
//! At most [`MAX_POLICY`] bytes and [`MAX_NAMES`] lines of each kind, checked before keys are decoded. Keys are Ed25519: type
//! 0x01 for logs, 0x04 for witnesses; a policy that names others is refused, for its quorum could not be judged.
//! Not here: addresses, which an offline check does not need; and whether an entry is in the log (see [`crate::proof`]).

use crate::checkpoint::{Checkpoint, CheckpointError};
use crate::encoding::decimal;
use crate::note::{NoteError, NoteVerifier, SignatureKind, SignedNote, VerifierKeyError};
use std::collections::BTreeSet;

#[cfg(test)]
mod tests;

/// Longest policy that is read, in bytes.
pub const MAX_POLICY: usize = 64 * 1024;
/// Most logs, and most witnesses and groups together (the specification asks for at least 32 of each).
pub const MAX_NAMES: usize = 256;
/// The quorum of those who ask for no witness.
const NONE: &[u8] = b"none";

/// A policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    logs: Vec<NoteVerifier>,
    /// Witnesses and groups, each after its members.
    named: Vec<Named>,
    /// Which of them must have witnessed; nothing for `none`.
    quorum: Option<usize>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Named {
    name: Vec<u8>,
    what: What,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum What {
    Witness(NoteVerifier),
    Group { threshold: usize, members: Vec<usize> },
}

/// Why a policy is refused. The blame is its author's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PolicyError {
    /// Longer than [`MAX_POLICY`].
    #[error("a policy has at most {MAX_POLICY} bytes")]
    TooLong,
    /// A control character, or a last line without a newline.
    #[error("a policy is lines that end in a newline, without control characters other than tabs")]
    Characters,
    /// One line cannot be used.
    #[error("line {number}: {fault}")]
    Line {
        /// Counted from 1.
        number: usize,
        /// What is wrong with it.
        fault: LineFault,
    },
    /// No quorum line.
    #[error("there is no quorum line; `quorum none` asks for no witness")]
    NoQuorum,
}

/// What is wrong with a line of a policy.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LineFault {
    /// Not one of the four kinds, or with too few or too many items.
    #[error("write log <key>, witness <name> <key>, group <name> all|any|<k> <name>…, or quorum <name>")]
    Form,
    /// A verifier key that cannot be used.
    #[error(transparent)]
    Key(#[from] VerifierKeyError),
    /// A log key for a witness, or the other way round.
    #[error("a log has a key of type 0x01, a witness one of type 0x04")]
    KeyKind,
    /// The public key stands in an earlier line of the same kind.
    #[error("this key is in the policy already")]
    DuplicateKey,
    /// The name stands for something already, or is `none`.
    #[error("the name {0} is taken")]
    DuplicateName(String),
    /// No line before this one defines the name.
    #[error("no line before this one defines {0}")]
    UnknownName(String),
    /// The name is a member of a group already.
    #[error("{0} is a member already, and counts once")]
    DuplicateMember(String),
    /// The threshold is no number from 1 to the number of members.
    #[error("the threshold must be all, any, or a number from 1 to {0}")]
    Threshold(usize),
    /// A second quorum.
    #[error("there is a quorum line already")]
    SecondQuorum,
    /// More than [`MAX_NAMES`].
    #[error("more than {MAX_NAMES} of one kind")]
    TooMany,
}

/// Why a checkpoint does not fulfil a policy.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unmet {
    /// Not a note, or a signature by a key of the policy does not verify.
    #[error(transparent)]
    Note(#[from] NoteError),
    /// Not a checkpoint.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// None of the logs signed it under its origin.
    #[error("{0} is no log of the policy, or did not sign")]
    Log(String),
    /// Too few of the witnesses cosigned it.
    #[error("cosigned by {} witnesses of the policy, which is no quorum", .0.len())]
    Quorum(Vec<Witness>),
}

/// A witness of the policy that cosigned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Witness {
    /// Its name in the policy; bytes that are not UTF-8 are replaced.
    pub name: String,
    /// When it cosigned, in seconds since the Unix epoch, as it says.
    pub time: u64,
}

impl Policy {
    /// Reads a policy.
    pub fn parse(text: &[u8]) -> Result<Self, PolicyError> {
        if text.len() > MAX_POLICY {
            return Err(PolicyError::TooLong);
        }
        let permitted = |byte: &u8| matches!(byte, b'\t' | b'\n' | 0x20..=0x7E | 0x80..);
        let body = text.strip_suffix(b"\n").filter(|_| text.iter().all(permitted)).ok_or(PolicyError::Characters)?;
        let mut draft = Draft::default();
        for (number, line) in (1..).zip(body.split(|byte| *byte == b'\n')) {
            draft.line(line).map_err(|fault| PolicyError::Line { number, fault })?;
        }
        let quorum = draft.quorum.ok_or(PolicyError::NoQuorum)?;
        Ok(Self { logs: draft.logs, named: draft.named, quorum })
    }

    /// The checkpoint in `note`, if a log of the policy signed it and a quorum of its witnesses cosigned it.
    pub fn verify(&self, note: &str) -> Result<(Checkpoint, Vec<Witness>), Unmet> {
        let parsed = SignedNote::parse(note)?;
        let checkpoint = Checkpoint::parse(parsed.claimed_text())?;
        let of_origin: Vec<_> = self.logs.iter().filter(|log| log.name() == checkpoint.origin).collect();
        match parsed.verify(&of_origin) {
            Ok(_) => {}
            Err(NoteError::NotSigned) => return Err(Unmet::Log(checkpoint.origin)),
            Err(error) => return Err(error.into()),
        }
        Ok((checkpoint, self.witnessed(note)?))
    }

    /// Who cosigned `note`, if that is a quorum. For those who know the log from elsewhere and have checked its signature.
    pub fn witnessed(&self, note: &str) -> Result<Vec<Witness>, Unmet> {
        let witnesses = self.cosigners(&SignedNote::parse(note)?)?;
        let mut holds: Vec<bool> = Vec::with_capacity(self.named.len());
        for (place, named) in self.named.iter().enumerate() {
            holds.push(match &named.what {
                What::Witness(_) => witnesses.iter().any(|(witness, _)| *witness == place),
                What::Group { threshold, members } => {
                    members.iter().filter(|member| holds.get(**member) == Some(&true)).count() >= *threshold
                }
            });
        }
        let met = self.quorum.is_none_or(|quorum| holds.get(quorum) == Some(&true));
        let name = |place: usize| String::from_utf8_lossy(&self.named[place].name).into_owned();
        let witnesses = witnesses.into_iter().map(|(place, time)| Witness { name: name(place), time }).collect();
        if met { Ok(witnesses) } else { Err(Unmet::Quorum(witnesses)) }
    }

    /// The places of the witnesses that cosigned, each once, with the time that each says.
    fn cosigners(&self, note: &SignedNote<'_>) -> Result<Vec<(usize, u64)>, NoteError> {
        let all = self.named.iter().enumerate();
        let (places, keys): (Vec<_>, Vec<_>) = all
            .filter_map(|(place, named)| match &named.what {
                What::Witness(key) => Some((place, key)),
                What::Group { .. } => None,
            })
            .unzip();
        match note.verify(&keys) {
            Ok(verified) => {
                let signers = verified.signers().iter();
                Ok(signers.filter_map(|(key, time)| Some((*places.get(*key)?, (*time)?))).collect())
            }
            Err(NoteError::NotSigned) => Ok(Vec::new()),
            Err(error) => Err(error),
        }
    }
}

/// What the lines so far define.
#[derive(Default)]
struct Draft {
    logs: Vec<NoteVerifier>,
    named: Vec<Named>,
    members: BTreeSet<usize>,
    quorum: Option<Option<usize>>,
}

impl Draft {
    fn line(&mut self, line: &[u8]) -> Result<(), LineFault> {
        let is_blank = |byte: &u8| matches!(byte, b' ' | b'\t');
        let items: Vec<&[u8]> = line.split(is_blank).filter(|item| !item.is_empty()).collect();
        match items.as_slice() {
            [] => Ok(()),
            [first, ..] if first.starts_with(b"#") => Ok(()),
            [b"log", key] | [b"log", key, _] => self.log(key),
            [b"witness", name, key] | [b"witness", name, key, _] => self.witness(name, key),
            [b"group", name, threshold, members @ ..] if !members.is_empty() => self.group(name, threshold, members),
            [b"quorum", name] => self.quorum(name),
            _ => Err(LineFault::Form),
        }
    }

    fn log(&mut self, text: &[u8]) -> Result<(), LineFault> {
        let log = key(text, SignatureKind::Ed25519)?;
        if self.logs.iter().any(|other| other.public_key() == log.public_key()) {
            return Err(LineFault::DuplicateKey);
        }
        if self.logs.len() == MAX_NAMES {
            return Err(LineFault::TooMany);
        }
        self.logs.push(log);
        Ok(())
    }

    fn witness(&mut self, name: &[u8], text: &[u8]) -> Result<(), LineFault> {
        let witness = key(text, SignatureKind::Cosignature)?;
        let same =
            |named: &Named| matches!(&named.what, What::Witness(other) if other.public_key() == witness.public_key());
        if self.named.iter().any(same) {
            return Err(LineFault::DuplicateKey);
        }
        self.define(name, What::Witness(witness))
    }

    fn group(&mut self, name: &[u8], threshold: &[u8], names: &[&[u8]]) -> Result<(), LineFault> {
        let mut members = Vec::with_capacity(names.len().min(MAX_NAMES));
        for name in names {
            let member = self.place(name)?;
            if !self.members.insert(member) {
                return Err(LineFault::DuplicateMember(shown(name)));
            }
            members.push(member);
        }
        let threshold = match threshold {
            b"all" => Some(members.len()),
            b"any" => Some(1),
            number => std::str::from_utf8(number).ok().and_then(decimal).and_then(|number| number.try_into().ok()),
        };
        let within = threshold.filter(|threshold| (1..=members.len()).contains(threshold));
        let threshold = within.ok_or(LineFault::Threshold(members.len()))?;
        self.define(name, What::Group { threshold, members })
    }

    fn quorum(&mut self, name: &[u8]) -> Result<(), LineFault> {
        let quorum = if name == NONE { None } else { Some(self.place(name)?) };
        if self.quorum.replace(quorum).is_some() { Err(LineFault::SecondQuorum) } else { Ok(()) }
    }

    fn define(&mut self, name: &[u8], what: What) -> Result<(), LineFault> {
        if name == NONE || self.place(name).is_ok() {
            return Err(LineFault::DuplicateName(shown(name)));
        }
        if self.named.len() == MAX_NAMES {
            return Err(LineFault::TooMany);
        }
        self.named.push(Named { name: name.into(), what });
        Ok(())
    }

    fn place(&self, name: &[u8]) -> Result<usize, LineFault> {
        let place = self.named.iter().position(|named| named.name == name);
        place.ok_or_else(|| LineFault::UnknownName(shown(name)))
    }
}

fn key(text: &[u8], kind: SignatureKind) -> Result<NoteVerifier, LineFault> {
    let text = std::str::from_utf8(text).map_err(|_| VerifierKeyError::Malformed)?;
    let key: NoteVerifier = text.parse()?;
    if key.kind() == kind { Ok(key) } else { Err(LineFault::KeyKind) }
}

/// A name for a message: cut, and with what is not UTF-8 replaced.
fn shown(name: &[u8]) -> String {
    String::from_utf8_lossy(name).chars().take(80).collect()
}
