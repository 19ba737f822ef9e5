//! Legal Entity Identifier: 18 characters and two check digits (ISO 17442-1, ISO/IEC 7064 MOD 97-10).

use super::BrokenRule;
use super::code::{DIGITS, UPPER_ALPHANUMERIC, check, exactly, only, worth};

/// A Legal Entity Identifier whose check digits agree.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Lei(Box<str>);

impl Lei {
    pub(super) fn parse(value: &str) -> Result<Self, BrokenRule> {
        exactly(value, 20, "20")?;
        only(value.chars().take(18), 0, &UPPER_ALPHANUMERIC)?;
        only(value.chars().skip(18), 18, &DIGITS)?;
        let (body, found) = value.split_at(18);
        check(check_digits(body), found)?;
        Ok(Self(value.into()))
    }

    /// The twenty characters.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// MOD 97-10 over the body with "00" appended: 98 minus the remainder, two digits, 02 to 98. Comparing with these,
/// rather than asking for a remainder of 1, also refuses 00, 01 and 99, which the standard never generates.
fn check_digits(body: &str) -> String {
    let remainder = body.bytes().map(worth).fold(0, |sum, value| {
        let shift = if value < 10 { 10 } else { 100 };
        (sum * shift + value) % 97
    });
    format!("{:02}", 98 - remainder * 100 % 97)
}
