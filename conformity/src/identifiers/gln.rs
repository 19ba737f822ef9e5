//! Global Location Number: twelve digits and a check digit (GS1 General Specifications, standard check digit).

use super::BrokenRule;
use super::code::{check, digits, worth};

/// A Global Location Number whose check digit agrees.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Gln(Box<str>);

impl Gln {
    pub(super) fn parse(value: &str) -> Result<Self, BrokenRule> {
        digits(value, 13, "13")?;
        let (body, found) = value.split_at(12);
        check(check_digit(body), found)?;
        Ok(Self(value.into()))
    }

    /// The thirteen digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Weights 3 and 1 from the right; the check digit lifts the sum to the next multiple of ten.
fn check_digit(body: &str) -> String {
    let sum: u32 = body.bytes().rev().map(worth).zip([3, 1].into_iter().cycle()).map(|(p, q)| p * q).sum();
    ((10 - sum % 10) % 10).to_string()
}
