//! Identifiers of which only the format is public: DUNS, UEI, EORI, 標準企業コード.
//!
//! A UEI does end in a checksum, but GSA has not published how it is made; what GSA does publish of its form is checked.

use super::BrokenRule;
use super::code::{Alphabet, DIGITS, UPPER_ALPHANUMERIC, UPPER_LETTERS, digits, exactly, only};

/// A D-U-N-S number: nine digits, written without hyphens.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Duns(Box<str>);

impl Duns {
    pub(super) fn parse(value: &str) -> Result<Self, BrokenRule> {
        digits(value, 9, "9")?;
        Ok(Self(value.into()))
    }

    /// The nine digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A Unique Entity ID of SAM.gov. Not case sensitive: it is kept in capitals.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Uei(Box<str>);

const UEI_FIRST: Alphabet = Alphabet { name: "1-9 and A-Z without I and O", has: |c| c != b'0' && (UEI_ANY.has)(c) };
const UEI_ANY: Alphabet =
    Alphabet { name: "0-9 and A-Z without I and O", has: |c| (UPPER_ALPHANUMERIC.has)(c) && c != b'I' && c != b'O' };

impl Uei {
    pub(super) fn parse(value: &str) -> Result<Self, BrokenRule> {
        exactly(value, 12, "12")?;
        let capitals = value.to_ascii_uppercase();
        only(capitals.chars().take(1), 0, &UEI_FIRST)?;
        only(capitals.chars().skip(1), 1, &UEI_ANY)?;
        match nine_digits(capitals.as_bytes()) {
            Some(index) => Err(BrokenRule::NineDigits { from: index + 1 }),
            None => Ok(Self(capitals.into())),
        }
    }

    /// The twelve characters, in capitals.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn nine_digits(value: &[u8]) -> Option<usize> {
    value.windows(9).position(|run| run.iter().all(u8::is_ascii_digit))
}

/// An Economic Operators Registration and Identification number: the country's two letters and up to 15 characters.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Eori(Box<str>);

impl Eori {
    pub(super) fn parse(value: &str) -> Result<Self, BrokenRule> {
        let found = value.chars().count();
        if !(3..=17).contains(&found) {
            return Err(BrokenRule::Length { expected: "3 to 17", found });
        }
        only(value.chars().take(2), 0, &UPPER_LETTERS)?;
        only(value.chars().skip(2), 2, &UPPER_ALPHANUMERIC)?;
        Ok(Self(value.into()))
    }

    /// The country and what follows it.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The two letters of the country or territory that issued it (`XI` is Northern Ireland).
    pub fn country(&self) -> &str {
        self.0.get(..2).unwrap_or_default()
    }
}

/// A 標準企業コード: the six digits that JIPDEC issues to the company and six characters of a branch of its own choice.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StandardCompanyCode(Box<str>);

impl StandardCompanyCode {
    pub(super) fn parse(value: &str) -> Result<Self, BrokenRule> {
        exactly(value, 12, "12")?;
        only(value.chars().take(6), 0, &DIGITS)?;
        only(value.chars().skip(6), 6, &UPPER_ALPHANUMERIC)?;
        Ok(Self(value.into()))
    }

    /// The twelve characters.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}
