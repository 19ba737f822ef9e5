//! Who may say what where: the subjects of one registry's nats-server.
//!
//! In scope: the grammar below, the tokens that carry identifiers, and the way from a subject back to who asked for what.
//! Out of scope: payloads (`messages`) and who is let in (`access`).
//!
//! One registry has one nats-server for its peers and one for its buyers. Its own process is the account `NODE` on both; each peer has an
//! account on the one; all buyers share one on the other. The same message has two subjects, because the server renames it on the way between accounts. `jp` is the host here and
//! `eu` the peer that dialled in:
//!
//! ```text
//! account NODE                     account of peer eu             what                                     needs
//! out.eu.control.head            ▶ jp.log.control.head            "my log has grown" (a hint)              peered
//! svc.eu.control.hello           ◀ jp.svc.control.hello           genesis, newest checkpoint               peered
//! svc.eu.control.checkpoint      ◀ jp.svc.control.checkpoint      checkpoint and consistency proof         peered
//! svc.eu.control.keys            ◀ jp.svc.control.keys            with which keys the log signed           peered
//! svc.eu.control.cosign          ◀ jp.svc.control.cosign          the peer's checkpoint, for a cosignature  peered
//! svc.eu.control.notice          ◀ jp.svc.control.notice          a step of an arrangement, with proof     peered
//! svc.eu.control.evidence        ◀ jp.svc.control.evidence        two checkpoints that contradict          peered
//! svc.eu.feed.range              ◀ jp.svc.feed.range              entries and statements in scope          arrangement in force
//! svc.eu.feed.attachment         ◀ jp.svc.feed.attachment         a piece of an attachment, by digest      arrangement in force
//! svc.eu.feed.disclosures        ◀ jp.svc.feed.disclosures        what the terms name of credentials       arrangement in force
//! svc.eu.feed.restricted         ◀ jp.svc.feed.restricted         restricted verdicts that they include    arrangement in force
//!
//! account NODE                     account BUYERS, on the server of buyers
//! status.jp.<scheme>.<supplier>  ▶ the same                       a supplier's status under a scheme changed
//! bulletin.jp                    ▶ the same                       a bulletin that names no sector
//! bulletin.jp.<sector>           ▶ the same                       a bulletin that names this sector
//! registry.jp                    ▶ the same                       the registry moved out, or ended
//! heartbeat.jp                   ▶ the same                       so much was told
//! ```
//!
//! A peer's account imports only the subjects that carry its own name, so the name in a subject under `svc.` is the
//! server's word about who is speaking: the one identity that this crate believes.
//!
//! # Tokens
//!
//! A scheme, a sector or an identifier becomes one token. `A-Z a-z 0-9 - _ : % ~` stand for themselves; every other byte, `.`, `*`,
//! `>`, blanks and `=` among them, becomes `=` and two upper-case hexadecimal digits. One text has exactly one token and
//! the other way round: `lei:5493001KJTIIGC8Y1R12` stays as it is, `eucc-1.0` becomes `eucc-1=2E0`.

use std::fmt;
use std::str::FromStr;

use conformity::identifiers::Identifier;
use conformity::ids::{RegistryId, SchemeId, SectorCode};

/// The server reads no longer line; a subject is most of one.
const LONGEST: usize = 3500;

/// A concrete subject: no wildcards, built by this module only.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Subject(String);

/// What a subscription names: a subject in which tokens may be wildcards.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Pattern(String);

/// What a peer may ask of a registry. Its place in the grammar decides which peering state it needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Service {
    /// Genesis statement and newest checkpoint.
    Hello,
    /// Newest checkpoint with a consistency proof from a size the peer holds.
    Checkpoint,
    /// With which keys the log signed its checkpoints, and what proves it.
    Keys,
    /// The asker's published checkpoint, to be cosigned.
    Cosign,
    /// A statement about an arrangement, with the proof of its place in the sender's log.
    Notice,
    /// Two signed checkpoints that contradict each other.
    Evidence,
    /// Entries, and the statements in scope.
    Range,
    /// A piece of an attachment.
    Attachment,
    /// What an arrangement names of what credentials keep back.
    Disclosures,
    /// Statements of restricted verdicts that an arrangement includes.
    Restricted,
}

/// The two halves of a peer's subjects.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Half {
    /// What every peer has from the day it is added.
    Control,
    /// What an arrangement in force adds.
    Feed,
}

impl Half {
    /// The token that stands for this half.
    pub fn token(self) -> &'static str {
        match self {
            Self::Control => "control",
            Self::Feed => "feed",
        }
    }
}

impl Service {
    /// Every service, in the order of the table above.
    pub const ALL: [Self; 10] = [
        Self::Hello,
        Self::Checkpoint,
        Self::Keys,
        Self::Cosign,
        Self::Notice,
        Self::Evidence,
        Self::Range,
        Self::Attachment,
        Self::Disclosures,
        Self::Restricted,
    ];

    /// The half it belongs to.
    pub fn half(self) -> Half {
        match self {
            Self::Hello | Self::Checkpoint | Self::Keys | Self::Cosign | Self::Notice | Self::Evidence => Half::Control,
            Self::Range | Self::Attachment | Self::Disclosures | Self::Restricted => Half::Feed,
        }
    }

    /// Its last token.
    pub fn token(self) -> &'static str {
        match self {
            Self::Hello => "hello",
            Self::Checkpoint => "checkpoint",
            Self::Keys => "keys",
            Self::Cosign => "cosign",
            Self::Notice => "notice",
            Self::Evidence => "evidence",
            Self::Range => "range",
            Self::Attachment => "attachment",
            Self::Disclosures => "disclosures",
            Self::Restricted => "restricted",
        }
    }
}

impl fmt::Display for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.half().token(), self.token())
    }
}

impl Subject {
    /// Where the host's node publishes "my log has grown" for one peer.
    pub fn head_for(peer: &RegistryId) -> Self {
        Self(format!("out.{peer}.control.head"))
    }

    /// The same message as the peer sees it on the host's server.
    pub fn head_of(host: &RegistryId) -> Self {
        Self(format!("{host}.log.control.head"))
    }

    /// Where a peer asks `host`, on the host's server.
    pub fn ask(host: &RegistryId, service: Service) -> Self {
        Self(format!("{host}.svc.{service}"))
    }

    /// Where a registry tells its buyers about one supplier under one scheme.
    pub fn status(registry: &RegistryId, scheme: &SchemeId, supplier: &Identifier) -> Self {
        let (scheme, supplier) = (Token::new(scheme), Token::new(supplier));
        Self(format!("status.{registry}.{scheme}.{supplier}"))
    }

    /// Where a registry tells its buyers of a bulletin: of one that names this sector, or of one that names none.
    pub fn bulletin(registry: &RegistryId, sector: Option<&SectorCode>) -> Self {
        match sector {
            Some(sector) => Self(format!("bulletin.{registry}.{}", Token::new(sector))),
            None => Self(format!("bulletin.{registry}")),
        }
    }

    /// Where a registry tells its buyers that it is reached elsewhere, or has ended.
    pub fn registry(registry: &RegistryId) -> Self {
        Self(format!("registry.{registry}"))
    }

    /// Where a registry tells its buyers how much it told.
    pub fn heartbeat(registry: &RegistryId) -> Self {
        Self(format!("heartbeat.{registry}"))
    }

    /// A subject of the server's own account; `server` as the server named itself.
    pub(crate) fn of_server(server: &str, verb: &str) -> Self {
        Self(format!("$SYS.REQ.SERVER.{server}.{verb}"))
    }

    /// The text that goes over the wire.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Pattern {
    /// Everything that any peer asks of this node.
    pub fn all_services() -> Self {
        Self("svc.>".to_owned())
    }

    /// Everything that a registry tells its buyers and keeps for them: how suppliers stand, news of the rules, and where the registry went.
    pub fn told_by(registry: &RegistryId) -> Vec<Self> {
        let subjects = [("status", ".>"), ("bulletin", ""), ("bulletin", ".>"), ("registry", "")];
        subjects.map(|(kind, more)| Self(format!("{kind}.{registry}{more}"))).into()
    }

    /// All that a buyer hears who listens: the same, and that it hears.
    pub fn heard_from(registry: &RegistryId) -> Vec<Self> {
        Self::told_by(registry).into_iter().chain([Self::exactly(&Subject::heartbeat(registry))]).collect()
    }

    /// Where a server asks whether to let somebody in (NATS ADR-26).
    pub(crate) fn knocks() -> Self {
        Self("$SYS.REQ.USER.AUTH".to_owned())
    }

    /// Exactly one subject.
    pub fn exactly(subject: &Subject) -> Self {
        Self(subject.0.clone())
    }

    /// Statuses that a buyer follows; `None` means any.
    pub fn status(registry: &RegistryId, scheme: Option<&SchemeId>, supplier: Option<&Identifier>) -> Self {
        let scheme = scheme.map_or_else(|| "*".to_owned(), |id| Token::new(id).to_string());
        let supplier = supplier.map_or_else(|| "*".to_owned(), |id| Token::new(id).to_string());
        Self(format!("status.{registry}.{scheme}.{supplier}"))
    }

    /// The text that goes over the wire.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A text that is no subject, or no pattern.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not a subject: tokens of visible ASCII joined by dots, wildcards only in subscriptions")]
pub struct SubjectError {
    text: String,
}

/// A subject that somebody typed or configured.
impl FromStr for Subject {
    type Err = SubjectError;

    fn from_str(text: &str) -> Result<Self, SubjectError> {
        if has_tokens(text, |token| !token.contains(['*', '>'])) {
            Ok(Self(text.to_owned()))
        } else {
            Err(SubjectError { text: text.chars().take(120).collect() })
        }
    }
}

/// A subscription that somebody typed or configured.
impl FromStr for Pattern {
    type Err = SubjectError;

    fn from_str(text: &str) -> Result<Self, SubjectError> {
        let body = text.strip_suffix(".>").unwrap_or(text);
        if text == ">" || has_tokens(body, |token| token == "*" || !token.contains(['*', '>'])) {
            Ok(Self(text.to_owned()))
        } else {
            Err(SubjectError { text: text.chars().take(120).collect() })
        }
    }
}

fn has_tokens(text: &str, fits: fn(&str) -> bool) -> bool {
    let visible = |token: &str| !token.is_empty() && token.bytes().all(|byte| byte.is_ascii_graphic());
    text.len() <= LONGEST && text.split('.').all(|token| visible(token) && fits(token))
}

/// Reads who asks for what out of a subject that arrived in the account `NODE`. Anything else is `None`.
pub fn asked(subject: &str) -> Option<(RegistryId, Service)> {
    let mut tokens = subject.split('.');
    if tokens.next() != Some("svc") {
        return None;
    }
    let peer: RegistryId = tokens.next()?.parse().ok()?;
    let (half, last) = (tokens.next()?, tokens.next()?);
    if tokens.next().is_some() {
        return None;
    }
    Service::ALL
        .into_iter()
        .find(|service| service.half().token() == half && service.token() == last)
        .map(|service| (peer, service))
}

/// One token that carries any text.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Token(String);

impl Token {
    /// Encodes the text form of a value.
    pub fn new(value: &impl fmt::Display) -> Self {
        let text = value.to_string();
        let mut token = String::with_capacity(text.len());
        for byte in text.bytes() {
            if stands_for_itself(byte) {
                token.push(char::from(byte));
            } else {
                token.push('=');
                token.push(hex(byte >> 4));
                token.push(hex(byte & 0x0F));
            }
        }
        Self(token)
    }

    /// The text that a token stands for, or `None` if no text has this token.
    pub fn decode(token: &str) -> Option<String> {
        let mut bytes = Vec::with_capacity(token.len());
        let mut rest = token.bytes();
        while let Some(byte) = rest.next() {
            bytes.push(match byte {
                b'=' => escaped(rest.next()?, rest.next()?)?,
                plain if stands_for_itself(plain) => plain,
                _ => return None,
            });
        }
        String::from_utf8(bytes).ok()
    }

    /// The token's text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn stands_for_itself(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b':' | b'%' | b'~')
}

fn hex(nibble: u8) -> char {
    char::from(b"0123456789ABCDEF"[usize::from(nibble & 0x0F)])
}

/// Only what [`Token::new`] writes: upper-case digits, and no escape where none was needed.
fn escaped(high: u8, low: u8) -> Option<u8> {
    let nibble = |digit: u8| match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'A'..=b'F' => Some(digit - b'A' + 10),
        _ => None,
    };
    let byte = nibble(high)? << 4 | nibble(low)?;
    (!stands_for_itself(byte)).then_some(byte)
}

#[cfg(test)]
mod tests;
