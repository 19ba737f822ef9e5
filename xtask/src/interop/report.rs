//! What each tool made of each thing, told while it happens and summed up at the end, for people or in JSON.
//!
//! In scope: four ways to end, which never blur: held, refused as it must be, left out with the reason, did not hold.

use std::collections::BTreeMap;
use std::io::Write;
use std::time::Instant;

use anyhow::Result;
use serde_json::{Value, json};

use crate::demo::stop::Interrupted;

/// How one step ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Ended {
    /// The tool takes it.
    Held,
    /// The tool refuses what must be refused, and says why.
    Refused(String),
    /// The tool, or something that it needs, is not here.
    LeftOut(String),
    /// Anything else.
    Broken(String),
}

struct Row {
    tool: String,
    what: String,
    ended: Ended,
    /// Since the beginning, in seconds.
    at: f64,
}

/// Tells, and remembers.
pub(super) struct Report<W> {
    out: W,
    json: bool,
    began: Instant,
    rows: Vec<Row>,
}

impl<W: Write> Report<W> {
    pub(super) fn new(out: W, json: bool) -> Self {
        Self { out, json, began: Instant::now(), rows: Vec::new() }
    }

    /// Tells something that is no step.
    pub(super) fn say(&mut self, text: &str) -> Result<()> {
        if !self.json {
            text.lines().try_for_each(|line| writeln!(self.out, "{:>9}  {line}", ""))?;
        }
        Ok(self.out.flush()?)
    }

    /// Does one step and tells how it ended. One that fails did not hold, and the next one follows.
    ///
    /// # Errors
    /// When nobody reads us any more, or we are asked to end.
    pub(super) fn step(&mut self, tool: &str, what: &str, step: impl FnOnce() -> Result<Ended>) -> Result<()> {
        let ended = match step() {
            Ok(ended) => ended,
            Err(error) if error.is::<Interrupted>() => return Err(error),
            Err(error) => Ended::Broken(format!("{error:#}")),
        };
        let at = self.began.elapsed().as_secs_f64();
        if !self.json {
            writeln!(self.out, "{at:>8.3}s  {tool}: {what}{}", ended.told())?;
            self.out.flush()?;
        }
        self.rows.push(Row { tool: tool.to_owned(), what: what.to_owned(), ended, at });
        Ok(())
    }

    /// A step that cannot be done here.
    pub(super) fn leave_out(&mut self, tool: &str, what: &str, why: &str) -> Result<()> {
        self.step(tool, what, || Ok(Ended::LeftOut(why.to_owned())))
    }

    /// Sums up: a line for each tool, then all that was left out or did not hold.
    ///
    /// # Errors
    /// When nobody reads us any more.
    pub(super) fn conclude(&mut self) -> Result<()> {
        let text = if self.json { self.in_json().to_string() } else { self.in_words() };
        writeln!(self.out, "{text}")?;
        Ok(self.out.flush()?)
    }

    /// Whether something held, and all did that was not left out: a run without any tool proves nothing.
    pub(super) fn all_held(&self) -> bool {
        let held = self.rows.iter().any(|row| matches!(row.ended, Ended::Held | Ended::Refused(_)));
        held && !self.rows.iter().any(|row| matches!(row.ended, Ended::Broken(_)))
    }

    fn in_words(&self) -> String {
        let mut tools: BTreeMap<&str, Count> = BTreeMap::new();
        self.rows.iter().for_each(|row| tools.entry(&row.tool).or_default().add(&row.ended));
        let width = tools.keys().map(|tool| tool.chars().count()).max().unwrap_or_default().max(3);
        let mut lines: Vec<String> = tools.iter().map(|(tool, count)| format!("{tool:<width$}  {count}")).collect();
        lines.push(format!("{:<width$}  {}", "all", self.count()));
        lines.extend(self.left_out());
        lines.extend(self.rows.iter().filter_map(|row| match &row.ended {
            Ended::Broken(why) => Some(format!("  did not hold: {}: {}: {why}", row.tool, row.what)),
            _ => None,
        }));
        lines.join("\n")
    }

    /// A line for each tool and reason: a tool that is not here would fill the screen otherwise.
    fn left_out(&self) -> Vec<String> {
        let mut reasons: BTreeMap<(&str, &str), Vec<&str>> = BTreeMap::new();
        for row in &self.rows {
            if let Ended::LeftOut(why) = &row.ended {
                reasons.entry((&row.tool, why)).or_default().push(&row.what);
            }
        }
        let what = |all: &[&str]| match all {
            [one] => (*one).to_owned(),
            _ => format!("{} steps", all.len()),
        };
        reasons.iter().map(|((tool, why), all)| format!("  left out: {tool}: {}: {why}", what(all))).collect()
    }

    fn in_json(&self) -> Value {
        let Count { held, refused, left_out, broken } = self.count();
        let steps: Vec<Value> = self.rows.iter().map(Row::in_json).collect();
        json!({
            "steps": steps,
            "held": held, "refused": refused, "leftOut": left_out, "didNotHold": broken, "allHeld": self.all_held(),
        })
    }

    fn count(&self) -> Count {
        let mut count = Count::default();
        self.rows.iter().for_each(|row| count.add(&row.ended));
        count
    }
}

impl Row {
    fn in_json(&self) -> Value {
        let (ended, why) = match &self.ended {
            Ended::Held => ("held", None),
            Ended::Refused(why) => ("refused", Some(why)),
            Ended::LeftOut(why) => ("left-out", Some(why)),
            Ended::Broken(why) => ("did-not-hold", Some(why)),
        };
        json!({"tool": self.tool, "what": self.what, "ended": ended, "why": why, "seconds": self.at})
    }
}

impl Ended {
    fn told(&self) -> String {
        match self {
            Self::Held => ": ok".to_owned(),
            Self::Refused(why) => format!(": refused as it must be ({why})"),
            Self::LeftOut(why) => format!(": LEFT OUT: {why}"),
            Self::Broken(why) => format!(": DID NOT HOLD: {why}"),
        }
    }
}

#[derive(Debug, Default)]
struct Count {
    held: usize,
    refused: usize,
    left_out: usize,
    broken: usize,
}

impl Count {
    fn add(&mut self, ended: &Ended) {
        *match ended {
            Ended::Held => &mut self.held,
            Ended::Refused(_) => &mut self.refused,
            Ended::LeftOut(_) => &mut self.left_out,
            Ended::Broken(_) => &mut self.broken,
        } += 1;
    }
}

impl std::fmt::Display for Count {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { held, refused, left_out, broken } = self;
        write!(
            formatter,
            "{held:>3} ok, {refused:>3} refused as they must be, {left_out} left out, {broken} did not hold"
        )
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use anyhow::bail;

    use super::*;

    fn told(json: bool, endings: &[(&str, Result<Ended, &str>)]) -> (bool, String) {
        let mut report = Report::new(Vec::new(), json);
        for (what, ended) in endings {
            report
                .step("tool 1.0", what, || match ended {
                    Ok(ended) => Ok(ended.clone()),
                    Err(why) => bail!("{why}"),
                })
                .unwrap();
        }
        report.conclude().unwrap();
        (report.all_held(), String::from_utf8(report.out).unwrap())
    }

    #[test]
    fn what_is_left_out_is_told_and_proves_nothing() {
        let left_out = ("a", Ok(Ended::LeftOut("no node".to_owned())));
        let (held, text) = told(false, &[left_out.clone(), left_out.clone()]);
        assert!(!held && text.ends_with("  left out: tool 1.0: 2 steps: no node\n"), "{text}");
        let (held, text) = told(false, std::slice::from_ref(&left_out));
        assert!(!held && text.ends_with("  left out: tool 1.0: a: no node\n"), "{text}");
        let (held, text) =
            told(false, &[left_out, ("b", Ok(Ended::Held)), ("c", Ok(Ended::Refused("why".to_owned())))]);
        assert!(held && text.contains("1 ok,   1 refused as they must be, 1 left out, 0 did not hold"), "{text}");
        assert!(text.contains("tool 1.0: c: refused as it must be (why)"), "{text}");
    }

    #[test]
    fn one_that_did_not_hold_decides() {
        let rows = [("a", Ok(Ended::Held)), ("b", Ok(Ended::Broken("taken".to_owned()))), ("c", Err("broke down"))];
        let (held, text) = told(false, &rows);
        assert!(!held && text.contains("did not hold: tool 1.0: b: taken\n"), "{text}");
        assert!(text.contains("did not hold: tool 1.0: c: broke down"), "{text}");
        let (held, text) = told(true, &rows);
        let value: Value = serde_json::from_str(&text).unwrap();
        assert!(!held && value["allHeld"] == false && value["didNotHold"] == 2, "{text}");
        assert_eq!(value["steps"][1]["ended"], "did-not-hold");
    }

    #[test]
    fn an_interruption_is_no_step() {
        let mut report = Report::new(Vec::new(), false);
        assert!(report.step("tool", "long", || Err(Interrupted.into())).is_err());
        assert!(report.rows.is_empty() && !report.all_held());
    }
}
