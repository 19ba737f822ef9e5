//! Names with a grammar: registries, parties, verdicts, schemes, documents, statements.
//!
//! In scope: one type per name, valid by construction (parse, don't validate), with one text form that statements,
//! addresses, subjects and indexes share. No name contains `:`, `/`, `@` or white space, so that references made of
//! several names can be taken apart again.
//! Out of scope: identifiers that others issued to suppliers, see [`crate::identifiers`].

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use crate::text::serde_as_text;

/// Why a name is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not {what}: {rule}")]
pub struct NameError {
    /// What was expected, with its article: "a registry id".
    pub what: &'static str,
    /// The rule it breaks.
    pub rule: &'static str,
    /// The text as given, cut to 80 characters.
    pub text: String,
}

impl NameError {
    fn new(what: &'static str, rule: &'static str, text: &str) -> Self {
        Self { what, rule, text: text.chars().take(80).collect() }
    }
}

/// Declares one name: a shared string that only its check can build.
macro_rules! name {
    ($(#[$doc:meta])* $name:ident, $what:literal, $rule:literal, $check:expr) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Arc<str>);

        impl $name {
            /// The text form.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = NameError;

            fn from_str(text: &str) -> Result<Self, NameError> {
                let check: fn(&str) -> bool = $check;
                if check(text) {
                    Ok(Self(text.into()))
                } else {
                    Err(NameError::new($what, $rule, text))
                }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        serde_as_text!($name, $what);
    };
}

name! {
    /// A registry: `jp`, `eu`, `jp-auto`.
    RegistryId, "a registry id", "a lower-case letter, then at most 31 of a-z 0-9 -",
    |text| shaped(text, 32, |b| b.is_ascii_lowercase(), |b| lower_or_digit(b) || b == b'-')
}
name! {
    /// The permanent name of a log: a URL without scheme, as C2SP checkpoints write it.
    Origin, "an origin", "a host name, optionally followed by /path segments, at most 128 bytes", is_origin
}
name! {
    /// A party of one registry: a body, an authority, the operator, a buyer. `node` is the log itself.
    PartyId, "a party id", "a-z or 0-9, then at most 63 of a-z 0-9 . _ -",
    |text| shaped(text, 64, lower_or_digit, |b| lower_or_digit(b) || matches!(b, b'.' | b'_' | b'-'))
}
name! {
    /// A verdict within its registry.
    VerdictId, "a verdict id", "a letter or digit, then at most 127 of A-Z a-z 0-9 . _ -", is_id
}
name! {
    /// An arrangement; the same id in every registry that is party to it.
    ArrangementId, "an arrangement id", "a letter or digit, then at most 127 of A-Z a-z 0-9 . _ -", is_id
}
name! {
    /// A rule within its arrangement.
    RuleId, "a rule id", "a letter or digit, then at most 127 of A-Z a-z 0-9 . _ -", is_id
}
name! {
    /// A scheme, whatever its version.
    SchemeId, "a scheme id", "a letter or digit, then at most 127 of A-Z a-z 0-9 . _ -", is_id
}
name! {
    /// A requirements document or guideline, whatever its version.
    DocumentId, "a document id", "a letter or digit, then at most 127 of A-Z a-z 0-9 . _ -", is_id
}
name! {
    /// A crosswalk between two documents, whatever its version.
    CrosswalkId, "a crosswalk id", "a letter or digit, then at most 127 of A-Z a-z 0-9 . _ -", is_id
}
name! {
    /// A bulletin of one registry.
    BulletinId, "a bulletin id", "a letter or digit, then at most 127 of A-Z a-z 0-9 . _ -", is_id
}
name! {
    /// A requirement, as its document numbers it: `03.01.01`, `a.5.15`, `ac-2(12)`.
    RequirementId, "a requirement id", "1 to 64 printable ASCII characters without white space",
    |text| shaped(text, 64, |b| b.is_ascii_graphic(), |b| b.is_ascii_graphic())
}
name! {
    /// The id (`jti`) that an issuer gave its statement; scoped by the issuer.
    StatementId, "a statement id", "a letter or digit, then at most 127 of A-Z a-z 0-9 . _ -", is_id
}
name! {
    /// A designation of an accreditation body.
    DesignationId, "a designation id", "a letter or digit, then at most 127 of A-Z a-z 0-9 . _ -", is_id
}
name! {
    /// An accreditation of a body.
    AccreditationId, "an accreditation id", "a letter or digit, then at most 127 of A-Z a-z 0-9 . _ -", is_id
}
name! {
    /// A report of an audit body.
    ReportId, "a report id", "a letter or digit, then at most 127 of A-Z a-z 0-9 . _ -", is_id
}
name! {
    /// An acceptance of a verdict as evidence, as a list tells it.
    AcceptanceId, "an acceptance id", "a letter or digit, then at most 127 of A-Z a-z 0-9 . _ -", is_id
}
name! {
    /// A disclosure consent of a supplier; scoped by the supplier.
    ConsentId, "a consent id", "a letter or digit, then at most 127 of A-Z a-z 0-9 . _ -", is_id
}
name! {
    /// A level of a scheme: `EAL4+`, `3`, `moderate`.
    LevelCode, "a level code", "a letter or digit, then at most 63 of A-Z a-z 0-9 . _ + -",
    |text| shaped(text, 64, |b| b.is_ascii_alphanumeric(), |b| id_byte(b) || b == b'+')
}
name! {
    /// A coded reason: `major-nonconformity`, `holder-request`.
    ReasonCode, "a reason code", "a lower-case letter, then at most 63 of a-z 0-9 -",
    |text| shaped(text, 64, |b| b.is_ascii_lowercase(), |b| lower_or_digit(b) || b == b'-')
}
name! {
    /// A code that a list uses for a body or a status: `NSCIB`, `active`.
    ListCode, "a code of a list", "a letter or digit, then at most 127 of A-Z a-z 0-9 . _ -", is_id
}
name! {
    /// A sector of industry, as a code of whichever list the registries agreed on: `isic4.J`, `nace2.C26`. Codes are compared as
    /// they are written: no list's inner order is known here.
    SectorCode, "a sector code", "a letter or digit, then at most 63 of A-Z a-z 0-9 . _ -",
    |text| shaped(text, 64, |b| b.is_ascii_alphanumeric(), id_byte)
}
name! {
    /// A version of a scheme or document: `2022`, `r3`, `3.1-r5`.
    Version, "a version", "a letter or digit, then at most 63 of A-Z a-z 0-9 . _ -",
    |text| shaped(text, 64, |b| b.is_ascii_alphanumeric(), id_byte)
}
name! {
    /// A country or union, ISO 3166-1 alpha-2 (`EU` included).
    CountryCode, "a country code", "two upper-case letters",
    |text| text.len() == 2 && text.bytes().all(|b| b.is_ascii_uppercase())
}

const fn lower_or_digit(b: u8) -> bool {
    b.is_ascii_lowercase() || b.is_ascii_digit()
}

const fn id_byte(b: u8) -> bool {
    b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-')
}

fn is_id(text: &str) -> bool {
    shaped(text, 128, |b| b.is_ascii_alphanumeric(), id_byte)
}

/// One byte that `first` admits, then bytes that `rest` admits, `max` bytes in all.
fn shaped(text: &str, max: usize, first: fn(u8) -> bool, rest: fn(u8) -> bool) -> bool {
    match text.as_bytes() {
        [head, tail @ ..] => text.len() <= max && first(*head) && tail.iter().all(|b| rest(*b)),
        [] => false,
    }
}

fn is_origin(text: &str) -> bool {
    let mut segments = text.split('/');
    let host = segments.next().unwrap_or_default();
    text.len() <= 128
        && !host.is_empty()
        && host.bytes().all(|b| lower_or_digit(b) || matches!(b, b'.' | b'-'))
        && segments.all(|segment| !segment.is_empty() && segment.bytes().all(id_byte))
}

/// A scheme with its version, `id@version`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SchemeRef {
    /// Which scheme.
    pub id: SchemeId,
    /// Which version of it.
    pub version: Version,
}

/// A document with its version, `id@version`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DocumentRef {
    /// Which document.
    pub id: DocumentId,
    /// Which version of it.
    pub version: Version,
}

/// A crosswalk with its version, `id@version`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CrosswalkRef {
    /// Which crosswalk.
    pub id: CrosswalkId,
    /// Which version of it.
    pub version: Version,
}

/// A verdict with the registry whose log it stands in, `registry:id`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct VerdictRef {
    /// The registry that granted it.
    pub registry: RegistryId,
    /// Its id there.
    pub id: VerdictId,
}

/// A bulletin with the registry whose log it stands in, `registry:id`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BulletinRef {
    /// The registry that issued it.
    pub registry: RegistryId,
    /// Its id there.
    pub id: BulletinId,
}

/// Declares the text form of a reference made of two names.
macro_rules! reference {
    ($name:ident, $left:ident, $sep:literal, $right:ident, $what:literal, $rule:literal) => {
        impl FromStr for $name {
            type Err = NameError;

            fn from_str(text: &str) -> Result<Self, NameError> {
                let (left, right) = text.split_once($sep).ok_or_else(|| NameError::new($what, $rule, text))?;
                Ok(Self { $left: left.parse()?, $right: right.parse()? })
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}{}{}", self.$left, $sep, self.$right)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        serde_as_text!($name, $what);
    };
}

reference!(SchemeRef, id, '@', version, "a scheme reference", "write it as id@version");
reference!(DocumentRef, id, '@', version, "a document reference", "write it as id@version");
reference!(CrosswalkRef, id, '@', version, "a crosswalk reference", "write it as id@version");
reference!(VerdictRef, registry, ':', id, "a verdict reference", "write it as registry:id");
reference!(BulletinRef, registry, ':', id, "a bulletin reference", "write it as registry:id");

/// A scheme, in one version or in all: `id@version`, or `id`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SchemeChoice {
    /// `id`
    Any(SchemeId),
    /// `id@version`
    Version(SchemeRef),
}

impl SchemeChoice {
    /// Whether `scheme` is meant.
    pub fn takes(&self, scheme: &SchemeRef) -> bool {
        match self {
            Self::Any(id) => scheme.id == *id,
            Self::Version(wanted) => scheme == wanted,
        }
    }

    /// Whether it is about a scheme, in whatever version.
    pub fn names(&self, scheme: &SchemeId) -> bool {
        match self {
            Self::Any(id) => id == scheme,
            Self::Version(wanted) => wanted.id == *scheme,
        }
    }
}

impl FromStr for SchemeChoice {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        if text.contains('@') { text.parse().map(Self::Version) } else { text.parse().map(Self::Any) }
    }
}

impl fmt::Display for SchemeChoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Any(id) => fmt::Display::fmt(id, f),
            Self::Version(scheme) => fmt::Display::fmt(scheme, f),
        }
    }
}

serde_as_text!(SchemeChoice, "a scheme, as id or id@version");

impl PartyId {
    /// The name under which a node signs what it derives itself.
    pub const NODE: &'static str = "node";

    /// Whether this is the log itself.
    pub fn is_node(&self) -> bool {
        self.as_str() == Self::NODE
    }
}

impl RequirementId {
    /// The form in which names of one requirement are equal: lower case, no zeros before a number, and `(n)` as `.n`.
    pub fn folded(&self) -> String {
        let mut folded = String::with_capacity(self.as_str().len());
        let mut characters = self.as_str().chars().peekable();
        while let Some(character) = characters.next() {
            let in_number = folded.ends_with(|last: char| last.is_ascii_digit());
            let zero_before = character == '0' && !in_number && characters.peek().is_some_and(char::is_ascii_digit);
            match character {
                _ if zero_before => {}
                '(' => folded.push('.'),
                ')' => {}
                _ => folded.push(character.to_ascii_lowercase()),
            }
        }
        folded
    }
}
