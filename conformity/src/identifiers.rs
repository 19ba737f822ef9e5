//! Who is meant: the identifiers of suppliers and other legal entities.
//!
//! In scope: the kinds of identifier that a registry accepts, the rule each kind must obey (length, alphabet, check
//! digits) and the one text form `<kind>:<value>` that statements, addresses and indexes share.
//!
//! Out of scope: whether the entity exists, and whether two identifiers name the same entity. Nothing here ever
//! guesses that: two identifiers are equal only if kind and value are, and an identifier that a list issued carries the
//! list's name, so that it can never equal another list's.
//!
//! ```text
//! lei:5493001KJTIIGC8Y1R12                 ISO 17442, check digits ISO/IEC 7064 MOD 97-10
//! corporate-number:7000012050002           法人番号, 13 digits, the first one checks the other twelve
//! gln:4012345000009                        GS1 mod 10
//! duns:150483782                           nine digits
//! uei:YNDUZMUZF8H8                         SAM.gov, format only (its checksum is not published)
//! eori:DE123456789012345                   country and up to 15 characters
//! standard-company-code:123456000001       標準企業コード, six digits and a six-character branch
//! local:<list>:<value>                     whatever a named list calls it; value percent-encoded where needed
//! ```

mod code;
mod corporate_number;
mod error;
mod gln;
mod lei;
mod local;
mod plain;
#[cfg(test)]
mod tests;

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

pub use corporate_number::CorporateNumber;
pub use error::{BrokenRule, IdentifierError};
pub use gln::Gln;
pub use lei::Lei;
pub use local::Local;
pub use plain::{Duns, Eori, StandardCompanyCode, Uei};

/// The longest text form that is looked at, in bytes. Anything longer is refused before it is parsed.
pub const MAX_TEXT: usize = 1024;

/// An identifier of a legal entity or sole proprietor, valid by construction.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Identifier {
    /// Legal Entity Identifier, ISO 17442.
    Lei(Lei),
    /// 法人番号, the corporate number of the National Tax Agency of Japan.
    CorporateNumber(CorporateNumber),
    /// GS1 Global Location Number.
    Gln(Gln),
    /// D-U-N-S number.
    Duns(Duns),
    /// Unique Entity ID of SAM.gov.
    Uei(Uei),
    /// Economic Operators Registration and Identification number of the EU customs union.
    Eori(Eori),
    /// 標準企業コード of JIPDEC.
    StandardCompanyCode(StandardCompanyCode),
    /// What one named list calls the entity.
    Local(Local),
}

impl Identifier {
    /// Reads a bare value of a known kind, as lists carry it in a column of its own. For [`IdentifierKind::Local`] the
    /// value is `<list>:<value>`; [`Identifier::local`] takes the two apart.
    ///
    /// # Errors
    /// The rule of that kind which the value breaks.
    pub fn new(kind: IdentifierKind, value: &str) -> Result<Self, IdentifierError> {
        if value.len() > MAX_TEXT {
            return Err(IdentifierError::TooLong { bytes: value.len() });
        }
        let parsed = match kind {
            IdentifierKind::Lei => Lei::parse(value).map(Self::Lei),
            IdentifierKind::CorporateNumber => CorporateNumber::parse(value).map(Self::CorporateNumber),
            IdentifierKind::Gln => Gln::parse(value).map(Self::Gln),
            IdentifierKind::Duns => Duns::parse(value).map(Self::Duns),
            IdentifierKind::Uei => Uei::parse(value).map(Self::Uei),
            IdentifierKind::Eori => Eori::parse(value).map(Self::Eori),
            IdentifierKind::StandardCompanyCode => StandardCompanyCode::parse(value).map(Self::StandardCompanyCode),
            IdentifierKind::Local => Local::parse(value).map(Self::Local),
        };
        parsed.map_err(|rule| IdentifierError::Broken { kind, value: value.to_owned(), rule })
    }

    /// What `list` calls the entity, unencoded.
    ///
    /// # Errors
    /// The rule which the list's name or the value breaks.
    pub fn local(list: &str, value: &str) -> Result<Self, IdentifierError> {
        Local::new(list, value).map(Self::Local).map_err(|rule| IdentifierError::Broken {
            kind: IdentifierKind::Local,
            value: format!("{}:{}", error::excerpt(list), error::excerpt(value)),
            rule,
        })
    }

    /// Which kind of identifier this is.
    pub fn kind(&self) -> IdentifierKind {
        match self {
            Self::Lei(_) => IdentifierKind::Lei,
            Self::CorporateNumber(_) => IdentifierKind::CorporateNumber,
            Self::Gln(_) => IdentifierKind::Gln,
            Self::Duns(_) => IdentifierKind::Duns,
            Self::Uei(_) => IdentifierKind::Uei,
            Self::Eori(_) => IdentifierKind::Eori,
            Self::StandardCompanyCode(_) => IdentifierKind::StandardCompanyCode,
            Self::Local(_) => IdentifierKind::Local,
        }
    }

    /// The value without its kind (and, for a list's own identifier, without the list), as the issuer writes it.
    pub fn value(&self) -> &str {
        match self {
            Self::Lei(code) => code.as_str(),
            Self::CorporateNumber(code) => code.as_str(),
            Self::Gln(code) => code.as_str(),
            Self::Duns(code) => code.as_str(),
            Self::Uei(code) => code.as_str(),
            Self::Eori(code) => code.as_str(),
            Self::StandardCompanyCode(code) => code.as_str(),
            Self::Local(local) => local.value(),
        }
    }
}

impl fmt::Display for Identifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Local(local) => write!(f, "local:{local}"),
            code => write!(f, "{}:{}", code.kind(), code.value()),
        }
    }
}

impl FromStr for Identifier {
    type Err = IdentifierError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.len() > MAX_TEXT {
            return Err(IdentifierError::TooLong { bytes: text.len() });
        }
        let (kind, value) =
            text.split_once(':').ok_or_else(|| IdentifierError::NoKind { text: error::excerpt(text) })?;
        Self::new(kind.parse()?, value)
    }
}

impl Serialize for Identifier {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Identifier {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;
        impl de::Visitor<'_> for Text {
            type Value = Identifier;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an identifier such as \"lei:5493001KJTIIGC8Y1R12\"")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Identifier, E> {
                text.parse().map_err(E::custom)
            }
        }
        deserializer.deserialize_str(Text)
    }
}

/// The kinds of identifier, by the word that opens their text form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum IdentifierKind {
    /// `lei`
    Lei,
    /// `corporate-number`
    CorporateNumber,
    /// `gln`
    Gln,
    /// `duns`
    Duns,
    /// `uei`
    Uei,
    /// `eori`
    Eori,
    /// `standard-company-code`
    StandardCompanyCode,
    /// `local`
    Local,
}

impl IdentifierKind {
    /// Every kind, in the order in which identifiers sort.
    pub const ALL: [Self; 8] = [
        Self::Lei,
        Self::CorporateNumber,
        Self::Gln,
        Self::Duns,
        Self::Uei,
        Self::Eori,
        Self::StandardCompanyCode,
        Self::Local,
    ];

    /// The word before the colon.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Lei => "lei",
            Self::CorporateNumber => "corporate-number",
            Self::Gln => "gln",
            Self::Duns => "duns",
            Self::Uei => "uei",
            Self::Eori => "eori",
            Self::StandardCompanyCode => "standard-company-code",
            Self::Local => "local",
        }
    }
}

impl fmt::Display for IdentifierKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for IdentifierKind {
    type Err = IdentifierError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|kind| kind.as_str() == text)
            .ok_or_else(|| IdentifierError::UnknownKind { kind: error::excerpt(text) })
    }
}
