//! When a signed claim set holds: `nbf`, `iat` and `exp` (RFC 7519 §4.1) against a time that the caller gives.
//!
//! In scope: times as whole seconds since 1970. Out of scope: reading a clock, and which of the claims a format demands.

use serde_json::{Map, Value};

/// From when until when claims hold. An absent claim sets no limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Validity {
    /// `iat`: when they were signed, in seconds since 1970.
    pub issued: Option<i64>,
    /// `nbf`: from when they hold, in seconds since 1970.
    pub begins: Option<i64>,
    /// `exp`: the first second in which they no longer hold, in seconds since 1970.
    pub ends: Option<i64>,
}

/// Why claims do not hold. The blame is the issuer's for [`Untimely::NotATime`], else the time's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Untimely {
    /// A claim is not a time.
    #[error("{0} must be a whole number of seconds since 1970")]
    NotATime(&'static str),
    /// Signed later than now.
    #[error("signed at {0}, which is later than now: one of the two clocks is wrong")]
    SignedLater(i64),
    /// Not yet valid.
    #[error("not valid before {0}")]
    TooEarly(i64),
    /// No longer valid.
    #[error("expired at {0}; ask its holder for a newer one")]
    Expired(i64),
}

impl Validity {
    /// Reads the three claims.
    ///
    /// # Errors
    /// One of them is no whole number.
    pub fn read(claims: &Map<String, Value>) -> Result<Self, Untimely> {
        let read = |name| seconds(claims, name);
        Ok(Self { issued: read("iat")?, begins: read("nbf")?, ends: read("exp")? })
    }

    /// Whether the claims hold at `now` (seconds since 1970), if clocks may differ by `leeway` seconds.
    ///
    /// # Errors
    /// The limit that is passed.
    pub fn check(&self, now: i64, leeway: u32) -> Result<(), Untimely> {
        let (soonest, latest) = (now.saturating_sub(leeway.into()), now.saturating_add(leeway.into()));
        match (self.issued, self.begins, self.ends) {
            (Some(at), _, _) if at > latest => Err(Untimely::SignedLater(at)),
            (_, Some(at), _) if at > latest => Err(Untimely::TooEarly(at)),
            (_, _, Some(at)) if at <= soonest => Err(Untimely::Expired(at)),
            _ => Ok(()),
        }
    }
}

/// The claim `name` as a time, or `None` where it is absent.
fn seconds(claims: &Map<String, Value>, name: &'static str) -> Result<Option<i64>, Untimely> {
    claims.get(name).map(|value| value.as_i64().ok_or(Untimely::NotATime(name))).transpose()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use super::*;
    use serde_json::json;

    fn check(claims: &Value, now: i64, leeway: u32) -> Result<(), Untimely> {
        Validity::read(claims.as_object().unwrap())?.check(now, leeway)
    }

    #[test]
    fn each_limit_holds_to_the_second() {
        let claims = json!({"iat": 100, "nbf": 110, "exp": 120});
        let rows = [
            (99, 0, Err(Untimely::SignedLater(100))),
            (100, 0, Err(Untimely::TooEarly(110))),
            (109, 0, Err(Untimely::TooEarly(110))),
            (109, 1, Ok(())),
            (110, 0, Ok(())),
            (119, 0, Ok(())),
            (120, 0, Err(Untimely::Expired(120))),
            (120, 1, Ok(())),
            (121, 1, Err(Untimely::Expired(120))),
            (i64::MAX, u32::MAX, Err(Untimely::Expired(120))),
            (i64::MIN, u32::MAX, Err(Untimely::SignedLater(100))),
        ];
        for (now, leeway, expected) in rows {
            assert_eq!(check(&claims, now, leeway), expected, "{now} ± {leeway}");
        }
        assert_eq!(check(&json!({}), i64::MAX, 0), Ok(()));
    }

    #[test]
    fn what_is_no_whole_number_is_no_time() {
        for value in [json!("120"), json!(1.5), json!(null), json!([120]), json!(u64::MAX)] {
            for name in ["iat", "nbf", "exp"] {
                let claims = json!({name: value});
                assert_eq!(check(&claims, 0, 0), Err(Untimely::NotATime(name)), "{claims}");
            }
        }
    }
}
