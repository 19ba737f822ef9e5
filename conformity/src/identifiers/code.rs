//! What the fixed-length kinds share: alphabets, lengths, digits. No kind's own rule is here.

use super::BrokenRule;

/// A set of ASCII characters, with its name for messages.
pub(super) struct Alphabet {
    pub(super) name: &'static str,
    pub(super) has: fn(u8) -> bool,
}

pub(super) const DIGITS: Alphabet = Alphabet { name: "0-9", has: |c| c.is_ascii_digit() };

pub(super) const UPPER_ALPHANUMERIC: Alphabet =
    Alphabet { name: "0-9 and A-Z", has: |c| c.is_ascii_digit() || c.is_ascii_uppercase() };

pub(super) const UPPER_LETTERS: Alphabet = Alphabet { name: "A-Z", has: |c| c.is_ascii_uppercase() };

/// Refuses a value that has not exactly `length` characters.
pub(super) fn exactly(value: &str, length: usize, expected: &'static str) -> Result<(), BrokenRule> {
    let found = value.chars().count();
    if found == length { Ok(()) } else { Err(BrokenRule::Length { expected, found }) }
}

/// Refuses the first character of `part` outside the alphabet; `skipped` characters stand before the part.
pub(super) fn only(part: impl Iterator<Item = char>, skipped: usize, alphabet: &Alphabet) -> Result<(), BrokenRule> {
    for (index, found) in part.enumerate() {
        if !u8::try_from(found).is_ok_and(alphabet.has) {
            return Err(BrokenRule::Character { position: skipped + index + 1, found, allowed: alphabet.name });
        }
    }
    Ok(())
}

/// Refuses a value that is not `length` decimal digits.
pub(super) fn digits(value: &str, length: usize, expected: &'static str) -> Result<(), BrokenRule> {
    exactly(value, length, expected)?;
    only(value.chars(), 0, &DIGITS)
}

/// The numeric value of an ASCII digit or letter as ISO/IEC 7064 reads it: `0`–`9`, then `A` = 10 … `Z` = 35.
pub(super) fn worth(character: u8) -> u32 {
    char::from(character).to_digit(36).unwrap_or(0)
}

/// Compares the check digits of a value with those that the rest calls for.
pub(super) fn check(expected: String, found: &str) -> Result<(), BrokenRule> {
    if expected == found { Ok(()) } else { Err(BrokenRule::CheckDigits { expected, found: found.to_owned() }) }
}
