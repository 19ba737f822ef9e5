//! Days as lists write them.
//!
//! In scope: the formats that a mapping names, tried in its order. Out of scope: guessing. `7/72023` and `2/29/2027` are no
//! days, and their rows are refused.

use conformity::time::Day;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::Deserialize;

/// How a list writes a day: `instant` (RFC 3339, the day in UTC), or a pattern such as `%m/%d/%Y`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(from = "String")]
pub(crate) enum DayFormat {
    /// An RFC 3339 instant.
    Instant,
    /// A strftime pattern.
    Pattern(String),
}

impl From<String> for DayFormat {
    fn from(text: String) -> Self {
        if text == "instant" { Self::Instant } else { Self::Pattern(text) }
    }
}

impl DayFormat {
    fn read(&self, text: &str) -> Option<Day> {
        match self {
            // By its text: `Day::of` would move an instant of the year 202 to the nearest day that there is.
            Self::Instant => text.parse::<Timestamp>().ok()?.to_zoned(TimeZone::UTC).date().to_string().parse().ok(),
            Self::Pattern(pattern) => Date::strptime(pattern, text).ok()?.to_string().parse().ok(),
        }
    }
}

/// The day that `text` names in the first format that fits.
pub(crate) fn read(text: &str, formats: &[DayFormat]) -> Option<Day> {
    formats.iter().find_map(|format| format.read(text))
}

#[cfg(test)]
mod tests {
    use super::{DayFormat, read};

    #[test]
    fn days_are_read_as_written_or_not_at_all() {
        let american = || vec![DayFormat::from("%m/%d/%Y".to_owned())];
        let european = || vec![DayFormat::from("%d/%m/%Y".to_owned())];
        let instant = || vec![DayFormat::from("instant".to_owned()), DayFormat::from("%Y-%m-%d".to_owned())];
        let rows = [
            ("06/15/2020", american(), Some("2020-06-15")),
            ("6/5/2020", american(), Some("2020-06-05")),
            ("19/12/2025", european(), Some("2025-12-19")),
            ("19/12/2025", american(), None),
            ("2017-02-02T20:00:00.000Z", instant(), Some("2017-02-02")),
            ("2017-02-02T23:30:00-05:00", instant(), Some("2017-02-03")),
            ("2024-07-09", instant(), Some("2024-07-09")),
            ("0202-08-03T20:00:00.000Z", instant(), None),
            ("7/72023", american(), None),
            ("2/29/2027", american(), None),
            ("6/152026", american(), None),
            ("Not Active", instant(), None),
            ("", instant(), None),
            ("06/15/2020x", american(), None),
            ("06/15/0020", american(), None),
            ("06/15/99999", american(), None),
            ("2020-06-15", vec![DayFormat::from("%Q%Q".to_owned())], None),
        ];
        for (text, formats, expected) in rows {
            assert_eq!(read(text, &formats).map(|day| day.to_string()).as_deref(), expected, "{text:?}");
        }
    }
}
