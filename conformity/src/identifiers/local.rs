//! What one list calls an entity: `<list>:<value>`, the value percent-encoded so that it fits into addresses.
//!
//! The list's name is part of the identifier. Two lists may well use the same value for different entities, and the same
//! entity may stand in both: nothing here joins them.

use std::fmt;

use super::BrokenRule;
use super::code::{Alphabet, only};

/// The longest name of a list, in characters.
const MAX_LIST: usize = 64;
/// The longest value, in bytes before encoding. Encoded it still fits the bound of the text form.
const MAX_VALUE: usize = 256;

const LIST_FIRST: Alphabet = Alphabet { name: "0-9 and a-z", has: |c| c.is_ascii_digit() || c.is_ascii_lowercase() };
const LIST_REST: Alphabet =
    Alphabet { name: "0-9, a-z, '-', '_' and '.'", has: |c| (LIST_FIRST.has)(c) || matches!(c, b'-' | b'_' | b'.') };

/// An identifier that holds within one named list only.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Local {
    list: Box<str>,
    value: Box<str>,
}

impl Local {
    pub(super) fn new(list: &str, value: &str) -> Result<Self, BrokenRule> {
        let length = list.chars().count();
        if !(1..=MAX_LIST).contains(&length) {
            return Err(BrokenRule::Length { expected: "1 to 64 in the list's name", found: length });
        }
        only(list.chars().take(1), 0, &LIST_FIRST)?;
        only(list.chars().skip(1), 1, &LIST_REST)?;
        check_value(value)?;
        Ok(Self { list: list.into(), value: value.into() })
    }

    pub(super) fn parse(text: &str) -> Result<Self, BrokenRule> {
        let (list, value) = text.split_once(':').ok_or(BrokenRule::NoList)?;
        Self::new(list, &decode(value)?)
    }

    /// The list that issued it.
    pub fn list(&self) -> &str {
        &self.list
    }

    /// The value as the list writes it, not encoded.
    pub fn value(&self) -> &str {
        &self.value
    }
}

fn check_value(value: &str) -> Result<(), BrokenRule> {
    if !(1..=MAX_VALUE).contains(&value.len()) {
        return Err(BrokenRule::Length { expected: "1 to 256 bytes of value", found: value.len() });
    }
    if let Some((index, found)) = value.chars().enumerate().find(|(_, c)| c.is_control()) {
        return Err(BrokenRule::Character { position: index + 1, found, allowed: "no control characters" });
    }
    if value.trim().len() != value.len() {
        return Err(BrokenRule::Blank);
    }
    Ok(())
}

impl fmt::Display for Local {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:", self.list)?;
        for byte in self.value.bytes() {
            if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
                write!(f, "{}", char::from(byte))?;
            } else {
                write!(f, "%{byte:02X}")?;
            }
        }
        Ok(())
    }
}

/// Undoes percent-encoding. Characters that did not need it may stand as they are.
fn decode(text: &str) -> Result<String, BrokenRule> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(if byte == b'%' { escaped(rest.next(), rest.next())? } else { byte });
    }
    String::from_utf8(bytes).map_err(|_| BrokenRule::Escape)
}

fn escaped(high: Option<u8>, low: Option<u8>) -> Result<u8, BrokenRule> {
    let nibble = |digit: Option<u8>| digit.and_then(|d| char::from(d).to_digit(16));
    match (nibble(high), nibble(low)) {
        (Some(high), Some(low)) => u8::try_from(high << 4 | low).map_err(|_| BrokenRule::Escape),
        _ => Err(BrokenRule::Escape),
    }
}
