//! Lines of the log that others can cause as often as they like: the first is written at once, after it at most one a
//! minute, which says how many there were. Counting is another matter: metrics count all of them.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Shortest time between two lines of one kind.
const PAUSE: Duration = Duration::from_secs(60);

/// One kind of line.
#[derive(Debug, Default)]
pub struct Hush(Mutex<Option<Heard>>);

#[derive(Debug, Clone, Copy)]
struct Heard {
    written: Instant,
    since: u64,
}

impl Hush {
    /// Nothing was heard yet.
    pub const fn new() -> Self {
        Self(Mutex::new(None))
    }

    /// It happened. How often since the last line, where a line may be written now.
    pub fn heard(&self) -> Option<u64> {
        self.heard_at(Instant::now())
    }

    fn heard_at(&self, now: Instant) -> Option<u64> {
        // A whole value is put in its place, so a panic elsewhere leaves nothing half done.
        let mut heard = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let since = heard.map_or(1, |heard| heard.since.saturating_add(1));
        let due = heard.is_none_or(|heard| now.saturating_duration_since(heard.written) >= PAUSE);
        let written = heard.filter(|_| !due).map_or(now, |heard| heard.written);
        *heard = Some(Heard { written, since: if due { 0 } else { since } });
        due.then_some(since)
    }
}

/// One kind for each code of a closed set.
#[derive(Debug, Default)]
pub struct Hushes(HashMap<&'static str, Hush>);

impl Hushes {
    /// As [`Hush::heard`], for the kind of this code.
    pub fn heard(&mut self, code: &'static str) -> Option<u64> {
        self.0.entry(code).or_default().heard()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_is_written_and_then_one_a_minute_that_counts_the_rest() {
        let (hush, start) = (Hush::new(), Instant::now());
        let at = |seconds| hush.heard_at(start + Duration::from_secs(seconds));
        assert_eq!(at(0), Some(1));
        assert_eq!((1..=59).filter_map(at).count(), 0);
        assert_eq!(at(60), Some(60));
        assert_eq!(at(61), None);
        assert_eq!(at(1_000), Some(2));
        // However many there are, lines come by the clock.
        let lines = (0..100_000).filter_map(|number| at(1_001 + number / 1_000)).count();
        assert_eq!(lines, 1);
    }

    #[test]
    fn each_code_is_heard_by_itself() {
        let mut hushes = Hushes::default();
        assert_eq!([hushes.heard("one"), hushes.heard("one"), hushes.heard("other")], [Some(1), None, Some(1)]);
    }
}
