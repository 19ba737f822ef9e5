//! Bounded text: what a person wrote, held to a length and free of characters that could deceive a reader.
//!
//! In scope: [`Text`] and the serde helper that every type with one text form shares.
//! Out of scope: names with a grammar of their own, see [`crate::ids`] and [`crate::identifiers`].

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

/// Gives a type with `Display` and `FromStr` the serde form of a JSON string.
macro_rules! serde_as_text {
    ($name:ty, $expecting:expr $(, const $n:ident)?) => {
        impl $(<const $n: usize>)? serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de, $(const $n: usize)?> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                struct Form $(<const $n: usize>)?;

                impl $(<const $n: usize>)? serde::de::Visitor<'_> for Form $(<$n>)? {
                    type Value = $name;

                    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        f.write_str($expecting)
                    }

                    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<$name, E> {
                        text.parse().map_err(E::custom)
                    }
                }

                deserializer.deserialize_str(Form $(::<$n>)?)
            }
        }
    };
}
pub(crate) use serde_as_text;

/// Text of 1 to `MAX` bytes without control characters and without characters that reorder what is read.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Text<const MAX: usize>(Arc<str>);

impl<const MAX: usize> Text<MAX> {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl<const MAX: usize> FromStr for Text<MAX> {
    type Err = TextError;

    fn from_str(text: &str) -> Result<Self, TextError> {
        if text.trim().is_empty() {
            return Err(TextError::Empty);
        }
        if text.len() > MAX {
            return Err(TextError::TooLong { bytes: text.len(), max: MAX });
        }
        match text.chars().find(|c| deceives(*c)) {
            Some(c) => Err(TextError::Character { code: c.into() }),
            None => Ok(Self(text.into())),
        }
    }
}

/// Control characters, and the Unicode marks that make text read in another order than it is stored.
pub fn deceives(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{061C}' | '\u{200E}' | '\u{200F}' | '\u{2028}' | '\u{2029}')
        || matches!(c, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{FEFF}')
}

impl<const MAX: usize> fmt::Display for Text<MAX> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<const MAX: usize> fmt::Debug for Text<MAX> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&*self.0, f)
    }
}

serde_as_text!(Text<MAX>, "a short text", const MAX);

/// Why a text is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TextError {
    /// Nothing, or white space only.
    #[error("the text is empty; leave the member out instead")]
    Empty,
    /// Longer than the member allows.
    #[error("the text has {bytes} bytes; at most {max} are allowed")]
    TooLong {
        /// Bytes of the text in UTF-8.
        bytes: usize,
        /// What the member allows.
        max: usize,
    },
    /// A character that no reader would see.
    #[error("the text contains U+{code:04X}, a control or reordering character; remove it")]
    Character {
        /// Its code point.
        code: u32,
    },
}
