//! What those who look at a verdict again found and recommend, and what is to be done on it by which day.
//!
//! Out of scope: what follows where nobody does it, see [`crate::resting`]; who sees which days coming, see [`crate::surveillance`].

use jiff::Timestamp;

use super::{Happening, HistoryItem, Recommendation, Report, VerdictRecord};
use crate::scheme::Surveillance;
use crate::time::Day;

impl VerdictRecord {
    /// The last day up to which somebody who looked found nothing amiss: a conforming report or, before there is one, the
    /// assessment by which it was granted.
    pub fn found_conforming(&self) -> Day {
        self.now.last_conforming.map_or(self.terms.valid_from, |day| day.max(self.terms.valid_from))
    }

    /// The last day to look again, by a scheme's duty to do so. Surveillance is overdue from the day after. A report on days before
    /// the first does not make it earlier.
    pub fn surveillance_due(&self, duty: Surveillance) -> Day {
        let last = self.now.last_surveillance.map_or(self.terms.valid_from, |day| day.max(self.terms.valid_from));
        last.plus_months(duty.every_months)
    }

    /// The last day to meet what it is conditional on, where that is past at `time` and the log does not say so yet.
    pub fn missed_deadline(&self, time: Timestamp) -> Option<Day> {
        let deadline = self.now.conditions().filter(|_| !self.now.marks.conditions_overdue)?.deadline;
        (deadline.end() <= time).then_some(deadline)
    }

    /// The reports about it that count, oldest first, each with its place.
    pub fn reports(&self) -> impl DoubleEndedIterator<Item = (&HistoryItem, &Report)> {
        self.counting().filter_map(|item| match &item.what {
            Happening::Reported(report) => Some((item, &**report)),
            _ => None,
        })
    }

    /// The report whose recommendation its body has not answered.
    pub fn open_recommendation(&self) -> Option<&Report> {
        self.now.marks.recommendation?;
        let mut newest = self.reports().rev().map(|(_, report)| report);
        newest.find(|report| report.recommendation != Recommendation::None)
    }
}
