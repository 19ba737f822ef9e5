//! `surveillance`: which verdicts are to be looked at again, by which day.

use std::process::ExitCode;

use clap::{Args, Subcommand};
use conformity::time::Day;
use serde_json::{Value, json};

use super::as_of::AsOf;
use super::context::Context;
use super::output;
use crate::clock::{Clock, SystemClock};

/// Show which verdicts are to be looked at again, and by which day
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  registry-node --as audit-1 surveillance due --days 60
  registry-node --as cb-1 surveillance list --from 2027-01-01 --until 2027-03-31 --json

An audit body sees the verdicts under the schemes that it audits, a certification body and a supplier their own, the operator all.
`report` files what was found.")]
pub(super) struct Surveillance {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    List(List),
    Due(Due),
}

/// List the schedule, what is due first at the top
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  registry-node --as audit-1 surveillance list --from 2027-01-01 --until 2027-03-31
  registry-node --as cb-1 surveillance list --as-of 2026-06-30T00:00:00Z")]
struct List {
    /// Only what is due on this day or later
    #[arg(long, value_name = "DAY")]
    from: Option<Day>,
    /// Only what is due on this day or before
    #[arg(long, value_name = "DAY")]
    until: Option<Day>,
    #[command(flatten)]
    as_of: AsOf,
}

/// Show what is overdue or will be due soon
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  registry-node --as audit-1 surveillance due --days 60")]
struct Due {
    /// Within so many days from today
    #[arg(long, value_name = "N", default_value_t = 30)]
    days: u16,
}

impl Surveillance {
    pub(super) fn run(self, context: &Context) -> anyhow::Result<ExitCode> {
        let (from, until, as_of) = match self.command {
            Command::List(list) => (list.from, list.until, list.as_of),
            Command::Due(due) => (None, Some(Day::of(SystemClock.now()).plus_days(due.days)), AsOf::default()),
        };
        let days = [("due_from", from), ("due_until", until)];
        let query: Vec<String> = days.iter().filter_map(|(name, day)| Some(format!("{name}={}", (*day)?))).collect();
        let path = if query.is_empty() { PATH.to_owned() } else { format!("{PATH}?{}", query.join("&")) };
        let answer = json!({ "surveillance": context.ask_all::<Value>(&as_of.appended(&path), "surveillance")? });
        context.answer(&answer, table)
    }
}

const PATH: &str = "/v1/surveillance";

/// A row for each.
fn table(answer: &Value) -> String {
    let (last, recommends) = ("last=lastReport/period/to", "recommends=recommendation");
    output::rows(
        answer,
        [
            "due",
            "overdue since=overdueSince",
            "verdict",
            "supplier=supplier/name",
            "scheme",
            "issuer",
            last,
            recommends,
        ],
    )
}
