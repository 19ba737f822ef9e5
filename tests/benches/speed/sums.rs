//! What was reached, beside what was aimed at.

use std::fmt;
use std::thread::available_parallelism;
use std::time::Duration;

/// One line of the result.
struct Line {
    what: String,
    ours: String,
    yardstick: String,
    ratio: String,
    aim: String,
    reached: &'static str,
}

/// All lines so far.
pub(crate) struct Sums {
    lines: Vec<Line>,
    notes: Vec<String>,
}

/// The middle of many values.
pub(crate) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

/// The shortest duration that at least `percent` of all do not exceed.
pub(crate) fn percentile(durations: &[Duration], percent: usize) -> Duration {
    let mut sorted = durations.to_vec();
    sorted.sort();
    let rank = (percent * sorted.len()).div_ceil(100);
    sorted.get(rank.saturating_sub(1)).copied().unwrap_or_default()
}

impl Sums {
    pub(crate) fn begin() -> Self {
        Self { lines: Vec::new(), notes: Vec::new() }
    }

    /// Rounds of ours and of the yardstick, both per second; `aim` is the least ratio, if one is aimed at.
    pub(crate) fn ratio(&mut self, what: &str, rounds: &[(f64, f64)], unit: &str, aim: Option<f64>) {
        let ratio = median(rounds.iter().map(|(ours, yardstick)| ours / yardstick).collect());
        let per_second =
            |pick: fn(&(f64, f64)) -> f64| format!("{:.0} {unit}/s", median(rounds.iter().map(pick).collect()));
        self.add(Line {
            what: what.to_owned(),
            ours: per_second(|round| round.0),
            yardstick: per_second(|round| round.1),
            ratio: format!("{ratio:.2}"),
            aim: aim.map_or_else(String::new, |aim| format!("≥ {aim}")),
            reached: aim.map_or("", |aim| word(ratio >= aim)),
        });
    }

    /// A duration, with the longest that is aimed at.
    pub(crate) fn duration(&mut self, what: &str, duration: Duration, aim: Option<Duration>) {
        self.add(Line {
            what: what.to_owned(),
            ours: time(duration),
            yardstick: String::new(),
            ratio: String::new(),
            aim: aim.map_or_else(String::new, |aim| format!("≤ {}", time(aim))),
            reached: aim.map_or("", |aim| word(duration <= aim)),
        });
    }

    /// Ours beside a yardstick, where less is better; `most` is the largest ratio that is aimed at.
    pub(crate) fn at_most(&mut self, what: &str, ours: (f64, String), yardstick: (f64, String), most: f64) {
        let ratio = ours.0 / yardstick.0;
        self.add(Line {
            what: what.to_owned(),
            ours: ours.1,
            yardstick: yardstick.1,
            ratio: format!("{ratio:.2}"),
            aim: format!("≤ {most}"),
            reached: word(ratio <= most),
        });
    }

    /// A time beside another.
    pub(crate) fn time_at_most(&mut self, what: &str, ours: Duration, yardstick: Duration, most: f64) {
        let both = [ours, yardstick].map(|one| (one.as_secs_f64(), time(one)));
        let [ours, yardstick] = both;
        self.at_most(what, ours, yardstick, most);
    }

    /// Bytes, with the most that are aimed at.
    pub(crate) fn bytes(&mut self, what: &str, bytes: f64, aim: f64) {
        self.add(Line {
            what: what.to_owned(),
            ours: format!("{bytes:.0} bytes"),
            yardstick: String::new(),
            ratio: String::new(),
            aim: format!("≤ {aim}"),
            reached: word(bytes <= aim),
        });
    }

    /// A measurement is told as it ends, so that one that fails does not take those before it along.
    fn add(&mut self, line: Line) {
        println!("  {}: {} {} {}", line.what, line.ours, line.yardstick, line.ratio);
        self.lines.push(line);
    }

    /// Something that the numbers do not say by themselves.
    pub(crate) fn note(&mut self, note: String) {
        self.notes.push(note);
    }
}

fn time(duration: Duration) -> String {
    let seconds = duration.as_secs_f64();
    if seconds < 0.001 { format!("{:.1} µs", seconds * 1e6) } else { format!("{:.1} ms", seconds * 1e3) }
}

fn word(reached: bool) -> &'static str {
    if reached { "yes" } else { "NO" }
}

impl fmt::Display for Sums {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let heading = ["", "ours", "yardstick", "ratio", "aim", "reached"].map(str::to_owned);
        let rows = self.lines.iter().map(|line| {
            let Line { what, ours, yardstick, ratio, aim, reached } = line;
            [what, ours, yardstick, ratio, aim, &(*reached).to_owned()].map(Clone::clone)
        });
        let rows: Vec<[String; 6]> = std::iter::once(heading).chain(rows).collect();
        let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
        let widths: [usize; 6] = std::array::from_fn(width);
        for row in &rows {
            let cells: Vec<String> = row.iter().zip(widths).map(|(cell, width)| format!("{cell:<width$}")).collect();
            writeln!(f, "{}", cells.join("  ").trim_end())?;
        }
        let cores = available_parallelism().map_or(0, usize::from);
        writeln!(
            f,
            "\n{cores} cores; medians of rounds, in which ours and the yardstick took turns; with very many connections, of one after the other"
        )?;
        self.notes.iter().try_for_each(|note| writeln!(f, "- {note}"))
    }
}
