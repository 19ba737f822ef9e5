//! Character sets of EDIFACT, by the syntax identifier in UNB (ISO 9735; code list 0001).
//!
//! In scope: what bytes mean in each set, and which set carries a text. UNOA and UNOB are read as ASCII: their repertoires are small,
//! and systems write lower case into UNOA; what this crate writes keeps to them. Out of scope: UNOX (ISO 2022, sets that change in the
//! middle) and UNOK (ISO 8859-9), which are refused by name.

use encoding_rs::{Encoding, ISO_8859_2, ISO_8859_3, ISO_8859_4, ISO_8859_5, ISO_8859_6, ISO_8859_7, ISO_8859_8};

use super::Fault;

/// What the bytes of an interchange mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum CharacterSet {
    /// Capital letters, digits and some marks.
    A,
    /// UNOA and small letters.
    B,
    /// ISO 8859-1.
    C,
    /// ISO 8859-2 to -8: sets that are read, and not written.
    Part(&'static str, &'static Encoding),
    /// ISO/IEC 10646 as UTF-8.
    Y,
    /// An identifier that ISO 9735 does not know, taken for ASCII.
    Foreign,
}

const PARTS: [(&str, &Encoding); 7] = [
    ("UNOD", ISO_8859_2),
    ("UNOE", ISO_8859_5),
    ("UNOF", ISO_8859_7),
    ("UNOG", ISO_8859_3),
    ("UNOH", ISO_8859_4),
    ("UNOI", ISO_8859_6),
    ("UNOJ", ISO_8859_8),
];

impl CharacterSet {
    /// The set that a syntax identifier declares.
    pub(super) fn declared(identifier: &str) -> Result<Self, Fault> {
        if let Some((name, encoding)) = PARTS.into_iter().find(|(name, _)| *name == identifier) {
            return Ok(Self::Part(name, encoding));
        }
        match identifier {
            "UNOA" => Ok(Self::A),
            "UNOB" => Ok(Self::B),
            "UNOC" => Ok(Self::C),
            // Both are sent as UTF-8.
            "UNOY" | "UNOW" => Ok(Self::Y),
            known if known.starts_with("UNO") => Err(Fault::CharacterSet { identifier: known.to_owned() }),
            _ => Ok(Self::Foreign),
        }
    }

    /// Its syntax identifier.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::A => "UNOA",
            Self::B => "UNOB",
            Self::C => "UNOC",
            Self::Part(name, _) => name,
            Self::Y => "UNOY",
            Self::Foreign => "ASCII",
        }
    }

    /// The text that `bytes` are; none where they are none in this set.
    pub(super) fn decode(self, bytes: &[u8]) -> Option<String> {
        match self {
            Self::A | Self::B | Self::Foreign => {
                bytes.is_ascii().then(|| bytes.iter().map(|&byte| char::from(byte)).collect())
            }
            Self::C => Some(bytes.iter().map(|&byte| char::from(byte)).collect()),
            Self::Part(_, encoding) => {
                encoding.decode_without_bom_handling_and_without_replacement(bytes).map(std::borrow::Cow::into_owned)
            }
            Self::Y => std::str::from_utf8(bytes).ok().map(str::to_owned),
        }
    }

    /// The bytes of one character; none where the set does not have it.
    pub(super) fn encode(self, character: char) -> Option<Vec<u8>> {
        let single = || u8::try_from(u32::from(character)).ok().map(|byte| vec![byte]);
        match self {
            Self::A if is_level_a(character) => single(),
            Self::B if is_level_a(character) || character.is_ascii_lowercase() => single(),
            Self::C if !character.is_control() => single(),
            Self::Y => Some(character.to_string().into_bytes()),
            Self::A | Self::B | Self::C | Self::Part(..) | Self::Foreign => None,
        }
    }
}

/// ISO 9735, level A.
fn is_level_a(character: char) -> bool {
    character.is_ascii_uppercase() || character.is_ascii_digit() || " .,-()/='+:?!\"%&*;<>".contains(character)
}
