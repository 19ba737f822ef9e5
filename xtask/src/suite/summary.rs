//! The last lines of a run: each step with its time, what was skipped, and how to repeat what failed.

use std::fmt;
use std::time::Duration;

use super::Outcome;
use super::stream::Tally;

/// How a step ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Ended {
    Passed,
    /// With the command that repeats it.
    Failed {
        again: String,
    },
}

/// All steps that ran.
#[derive(Default)]
pub(super) struct Summary {
    rows: Vec<Row>,
    skipped: Vec<String>,
}

struct Row {
    name: &'static str,
    took: Duration,
    ended: Ended,
    tally: Option<Tally>,
}

impl Summary {
    pub(super) fn add(&mut self, name: &'static str, took: Duration, outcome: Outcome) {
        self.skipped.extend(outcome.skipped);
        self.rows.push(Row { name, took, ended: outcome.ended, tally: outcome.tally });
    }

    pub(super) fn passed(&self) -> bool {
        self.rows.iter().all(|row| row.ended == Ended::Passed)
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for row in &self.rows {
            writeln!(formatter, "{row}")?;
        }
        let total: Duration = self.rows.iter().map(|row| row.took).sum();
        let verdict = if self.passed() { "passed" } else { "failed" };
        writeln!(formatter, "{:<8}{:>8.1} s  {verdict}, {} skipped", "all", total.as_secs_f64(), self.skipped.len())?;
        for line in &self.skipped {
            writeln!(formatter, "  skipped: {line}")?;
        }
        for row in &self.rows {
            if let Ended::Failed { again } = &row.ended {
                writeln!(formatter, "run it again: {again}")?;
            }
        }
        Ok(())
    }
}

impl fmt::Display for Row {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ended = if self.ended == Ended::Passed { "ok" } else { "FAILED" };
        write!(formatter, "{:<8}{:>8.1} s  {ended}", self.name, self.took.as_secs_f64())?;
        let Some(tally) = &self.tally else {
            return Ok(());
        };
        write!(formatter, ", {} passed, {} failed", tally.passed, tally.failed)?;
        if tally.left_behind {
            formatter.write_str("; a process that the tests started still runs")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(ended: Ended, tally: Option<Tally>, skipped: &[&str]) -> Outcome {
        Outcome { ended, tally, skipped: skipped.iter().map(|&line| line.to_owned()).collect() }
    }

    #[test]
    fn a_good_run_counts_what_was_skipped() {
        let mut summary = Summary::default();
        summary.add("format", Duration::from_millis(1500), outcome(Ended::Passed, None, &[]));
        let tally = Tally { passed: 12, failed: 0, left_behind: true };
        summary.add("tests", Duration::from_secs(60), outcome(Ended::Passed, Some(tally), &["tiles: no data"]));
        assert!(summary.passed());
        let expected = "\
format       1.5 s  ok
tests       60.0 s  ok, 12 passed, 0 failed; a process that the tests started still runs
all         61.5 s  passed, 1 skipped
  skipped: tiles: no data
";
        assert_eq!(summary.to_string(), expected);
    }

    #[test]
    fn a_failed_run_says_how_to_repeat_it() {
        let mut summary = Summary::default();
        let again = "cargo fmt --all --check".to_owned();
        summary.add("format", Duration::from_secs(1), outcome(Ended::Failed { again }, None, &[]));
        assert!(!summary.passed());
        let text = summary.to_string();
        assert!(text.contains("FAILED") && text.ends_with("run it again: cargo fmt --all --check\n"), "{text}");
    }
}
