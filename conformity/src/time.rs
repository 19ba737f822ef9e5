//! Days and moments as statements write them.
//!
//! In scope: civil days in UTC with their first and last moment, and the strict forms in which statements carry days and
//! instants. Out of scope: what time it is. Nothing in this crate reads a clock; time arrives as an argument.

use std::fmt;
use std::str::FromStr;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};
use serde::{Deserialize, Serialize};

use crate::text::serde_as_text;

/// A civil day in UTC, `YYYY-MM-DD`, of the years 1900 to 9000: every such day has a day after it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Day(Date);

impl Day {
    /// The day on which `moment` falls. Moments outside 1900 to 9000 fall on the nearest day of that range.
    pub fn of(moment: Timestamp) -> Self {
        let date = moment.to_zoned(TimeZone::UTC).date();
        match date.year() {
            ..1900 => Self(Date::constant(1900, 1, 1)),
            1900..=9000 => Self(date),
            _ => Self(Date::constant(9000, 12, 31)),
        }
    }

    /// Its first moment: validity that begins on this day begins here.
    pub fn start(self) -> Timestamp {
        midnight(self.0)
    }

    /// The first moment after it: validity that includes this day ends just before.
    pub fn end(self) -> Timestamp {
        midnight(self.0.saturating_add(Span::new().days(1)))
    }

    /// The same day of the month `months` later, or the last one that this month has; at most the end of the range.
    pub fn plus_months(self, months: u16) -> Self {
        Self::clamped(self.0.saturating_add(Span::new().months(i32::from(months))))
    }

    /// `days` later; at most the end of the range.
    pub fn plus_days(self, days: u16) -> Self {
        Self::clamped(self.0.saturating_add(Span::new().days(i32::from(days))))
    }

    /// The civil date.
    pub fn date(self) -> Date {
        self.0
    }

    fn clamped(date: Date) -> Self {
        Self(date.min(Date::constant(9000, 12, 31)))
    }
}

fn midnight(date: Date) -> Timestamp {
    // Years 1900 to 9001 in UTC always have a timestamp; MAX only spares the reader a panic to think about.
    date.to_zoned(TimeZone::UTC).map_or(Timestamp::MAX, |zoned| zoned.timestamp())
}

impl FromStr for Day {
    type Err = DayError;

    fn from_str(text: &str) -> Result<Self, DayError> {
        let refuse = || DayError { text: text.chars().take(40).collect() };
        if !is_shaped(text, b"0000-00-00") {
            return Err(refuse());
        }
        let date: Date = text.parse().map_err(|_| refuse())?;
        match date.year() {
            1900..=9000 => Ok(Self(date)),
            _ => Err(refuse()),
        }
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

impl fmt::Debug for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

serde_as_text!(Day, "a day as YYYY-MM-DD");

/// Why a day is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not a day; write an existing day of the years 1900 to 9000 as YYYY-MM-DD")]
pub struct DayError {
    /// The text as given, cut to 40 characters.
    pub text: String,
}

/// Whether `text` has the same digits and separators as `pattern`, where `0` stands for any digit.
fn is_shaped(text: &str, pattern: &[u8]) -> bool {
    text.len() == pattern.len()
        && text.bytes().zip(pattern).all(|(b, p)| match p {
            b'0' => b.is_ascii_digit(),
            separator => b == *separator,
        })
}

/// Where a statement was sequenced: its index in the log and the time the log gave it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Moment {
    /// Index of the entry.
    pub index: u64,
    /// Sequencing time.
    pub at: Timestamp,
}

/// Instants in statements: RFC 3339 in UTC, `YYYY-MM-DDTHH:MM:SS[.fraction]Z`, nothing else.
pub mod instant {
    use jiff::Timestamp;
    use serde::{Deserialize, Deserializer, Serializer, de};

    /// Writes the instant.
    ///
    /// # Errors
    /// Only those of the serializer.
    pub fn serialize<S: Serializer>(moment: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(moment)
    }

    /// Reads the instant.
    ///
    /// # Errors
    /// The text is not an instant in UTC.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Timestamp, D::Error> {
        let text = String::deserialize(deserializer)?;
        parse(&text).ok_or_else(|| {
            de::Error::custom(format_args!("{text:?} is not an instant; write UTC as YYYY-MM-DDTHH:MM:SSZ"))
        })
    }

    /// Instants that may be left out. What is there is never null.
    pub mod optional {
        use jiff::Timestamp;
        use serde::{Deserializer, Serializer};

        /// Writes the instant, if there is one: a member without it is to be skipped.
        ///
        /// # Errors
        /// Only those of the serializer.
        pub fn serialize<S: Serializer>(moment: &Option<Timestamp>, serializer: S) -> Result<S::Ok, S::Error> {
            match moment {
                Some(moment) => super::serialize(moment, serializer),
                None => serializer.serialize_none(),
            }
        }

        /// Reads the instant.
        ///
        /// # Errors
        /// The text is not an instant in UTC.
        pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Timestamp>, D::Error> {
            super::deserialize(deserializer).map(Some)
        }
    }

    /// The instant that `text` writes in this form.
    pub fn parse(text: &str) -> Option<Timestamp> {
        let (seconds, rest) = text.split_at_checked(19)?;
        let fraction = rest.strip_suffix('Z')?;
        let digits = fraction.strip_prefix('.').unwrap_or("0");
        let plain = super::is_shaped(seconds, b"0000-00-00T00:00:00")
            && (1..=9).contains(&digits.len())
            && digits.bytes().all(|b| b.is_ascii_digit())
            && (fraction.is_empty() || fraction.starts_with('.'));
        plain.then(|| text.parse().ok()).flatten()
    }
}
