//! 法人番号: twelve digits led by a check digit (平成二十六年財務省令第七十号 第二条).

use super::BrokenRule;
use super::code::{check, digits, worth};

/// A corporate number of Japan whose check digit agrees.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CorporateNumber(Box<str>);

impl CorporateNumber {
    pub(super) fn parse(value: &str) -> Result<Self, BrokenRule> {
        digits(value, 13, "13")?;
        let (found, body) = value.split_at(1);
        check(check_digit(body), found)?;
        Ok(Self(value.into()))
    }

    /// The thirteen digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// 9 − (Σ Pₙ·Qₙ mod 9), n counted from the right, Qₙ = 1 for odd and 2 for even n: always 1 to 9, so a corporate
/// number never begins with 0. Modulo 9 cannot tell a 0 from a 9: a misread 0 ↔ 9 goes unnoticed, by design of the rule.
fn check_digit(body: &str) -> String {
    let sum: u32 = body.bytes().rev().map(worth).zip([1, 2].into_iter().cycle()).map(|(p, q)| p * q).sum();
    (9 - sum % 9).to_string()
}
