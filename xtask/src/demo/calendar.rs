//! Days and instants as the command line takes them, from the machine's clock.
//!
//! In scope: the civil calendar of the present, in UTC. Nothing here is measured with: that needs a clock that never jumps.

use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result};

const DAY_SECONDS: u64 = 86_400;

/// A day in UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Day {
    year: u64,
    month: u64,
    day: u64,
}

impl Day {
    /// The present day.
    ///
    /// # Errors
    /// When the machine's clock is before 1970.
    pub fn today() -> Result<Self> {
        Ok(Self::after_epoch(seconds()?.0 / DAY_SECONDS))
    }

    /// The same month so many years later, on a day that every month has.
    #[must_use]
    pub fn in_years(self, years: u64) -> Self {
        Self { year: self.year + years, month: self.month, day: self.day.min(28) }
    }

    /// Howard Hinnant's `civil_from_days`, for days from 1970 on: years begin in March, so that a leap day comes last.
    fn after_epoch(days: u64) -> Self {
        let shifted = days + 719_468;
        let (era, of_era) = (shifted / 146_097, shifted % 146_097);
        let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
        let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let from_march = (5 * of_year + 2) / 153;
        let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
        Self {
            year: year_of_era + era * 400 + u64::from(month <= 2),
            month,
            day: of_year - (153 * from_march + 2) / 5 + 1,
        }
    }
}

impl std::fmt::Display for Day {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { year, month, day } = self;
        write!(formatter, "{year:04}-{month:02}-{day:02}")
    }
}

/// The present in RFC 3339, to the millisecond.
///
/// # Errors
/// When the machine's clock is before 1970.
pub fn now() -> Result<String> {
    let (seconds, milliseconds) = seconds()?;
    let (day, second) = (Day::after_epoch(seconds / DAY_SECONDS), seconds % DAY_SECONDS);
    Ok(format!("{day}T{:02}:{:02}:{:02}.{milliseconds:03}Z", second / 3600, second / 60 % 60, second % 60))
}

fn seconds() -> Result<(u64, u32)> {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).context("the machine's clock is before 1970")?;
    Ok((since.as_secs(), since.subsec_millis()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_those_of_the_calendar() {
        let rows = [
            (0, "1970-01-01"),
            (58, "1970-02-28"),
            (59, "1970-03-01"),
            (11_016, "2000-02-29"),
            (19_782, "2024-02-29"),
            (20_088, "2024-12-31"),
            (20_780, "2026-11-23"),
            (47_540, "2100-02-28"),
            (47_541, "2100-03-01"),
        ];
        for (days, expected) in rows {
            assert_eq!(Day::after_epoch(days).to_string(), expected, "{days}");
        }
    }

    #[test]
    fn a_leap_day_has_an_anniversary() {
        assert_eq!(Day::after_epoch(19_782).in_years(3).to_string(), "2027-02-28");
    }
}
