//! Many durations as a few numbers.
//!
//! In scope: percentiles by nearest rank, so that each number is one that was measured.

use std::time::Duration;

/// At least one duration, sorted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Latencies(Vec<Duration>);

impl Latencies {
    /// None when nothing was measured.
    #[must_use]
    pub fn of(mut measured: Vec<Duration>) -> Option<Self> {
        measured.sort();
        (!measured.is_empty()).then_some(Self(measured))
    }

    /// How many were measured.
    #[must_use]
    pub fn count(&self) -> usize {
        self.0.len()
    }

    /// The shortest that at least `percent` of all do not exceed; above 100 counts as 100.
    #[must_use]
    pub fn percentile(&self, percent: usize) -> Duration {
        let rank = (percent.min(100) * self.0.len()).div_ceil(100);
        self.0.get(rank.saturating_sub(1)).copied().unwrap_or_default()
    }
}

/// Milliseconds with the precision that such a measurement has.
#[must_use]
pub fn milliseconds(duration: Duration) -> String {
    format!("{:.1} ms", duration.as_secs_f64() * 1000.0)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use super::*;

    #[test]
    fn percentiles_are_nearest_ranks() {
        let rows = [
            (vec![7], 50, 7),
            (vec![7], 0, 7),
            (vec![3, 1, 2], 50, 2),
            (vec![4, 3, 2, 1], 50, 2),
            ((1..=100).collect(), 99, 99),
            ((1..=200).collect(), 99, 198),
            ((1..=200).collect(), 100, 200),
            ((1..=200).collect(), 1000, 200),
        ];
        for (measured, percent, expected) in rows {
            let latencies = Latencies::of(measured.iter().map(|&one| Duration::from_millis(one)).collect()).unwrap();
            assert_eq!(latencies.count(), measured.len());
            assert_eq!(latencies.percentile(percent), Duration::from_millis(expected), "{measured:?} {percent}");
        }
    }

    #[test]
    fn nothing_measured_is_no_number() {
        assert_eq!(Latencies::of(Vec::new()), None);
    }

    #[test]
    fn milliseconds_keep_one_decimal() {
        assert_eq!(milliseconds(Duration::from_micros(12_345)), "12.3 ms");
    }
}
