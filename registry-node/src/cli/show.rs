//! `verdict` and `verdicts`: one verdict with its history, and lists of them.

use std::process::ExitCode;

use clap::Args;
use conformity::identifiers::Identifier;
use conformity::ids::VerdictRef;
use conformity::lapsed::{Consequence, Lapsed};
use conformity::verdict::{Acceptance, Happening, HistoryItem, StateName, Voiding};
use conformity::viewpoint::Viewpoint;
use serde_json::{Value, json};

use super::as_of::{self, AsOf};
use super::context::Context;
use super::output;
use super::standing::{escape, with_query};

/// Show a verdict with its history, or what this registry makes of another's
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  registry-node --as buyer-1 verdict jp:V-1
  registry-node --registry eu verdict jp:V-1 --json
  registry-node --as buyer-1 verdict jp:V-1 --as-of-size 1200 --known now")]
pub(super) struct One {
    /// Registry and id, such as jp:V-1
    verdict: VerdictRef,
    #[command(flatten)]
    as_of: AsOf,
}

impl One {
    pub(super) fn run(self, context: &Context) -> anyhow::Result<ExitCode> {
        let path = format!("/v1/verdicts/{}", escape(&self.verdict.to_string()));
        let answer: Value = context.ask(&self.as_of.appended(&path))?;
        context.answer(&answer, |answer| {
            as_of::told(answer).into_iter().chain([render(answer)]).collect::<Vec<_>>().join("\n")
        })
    }
}

/// List the open verdicts of this registry
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  registry-node --as buyer-1 verdicts --scheme demo --state suspended
  registry-node --as buyer-1 verdicts --supplier corporate-number:7000012050002 --as-of 2026-06-30T00:00:00Z")]
pub(super) struct Many {
    /// Only on this supplier
    #[arg(long, value_name = "KIND:VALUE")]
    supplier: Option<Identifier>,
    /// Only under this scheme: id, or id@version
    #[arg(long)]
    scheme: Option<String>,
    /// Only with this viewpoint
    #[arg(long)]
    viewpoint: Option<Viewpoint>,
    /// Only in this state
    #[arg(long)]
    state: Option<StateName>,
    #[command(flatten)]
    as_of: AsOf,
}

impl Many {
    pub(super) fn run(self, context: &Context) -> anyhow::Result<ExitCode> {
        let members = [
            ("supplier", self.supplier.map(|value| value.to_string())),
            ("scheme", self.scheme),
            ("viewpoint", self.viewpoint.map(|value| value.to_string())),
            ("state", self.state.map(|value| value.to_string())),
            ("limit", Some("1000".to_owned())),
        ];
        let path = self.as_of.appended(&with_query("/v1/verdicts", members));
        let verdicts: Vec<Value> = context.ask_all(&path, "verdicts")?;
        context.answer(&json!({ "verdicts": verdicts }), |answer| {
            let (supplier, until) = ("supplier=supplier/name", "until=snapshot/validUntil");
            output::rows(answer, ["verdict", "state", "scheme", supplier, "object=object/name", until])
        })
    }
}

fn render(answer: &Value) -> String {
    let text = |pointer: &str| answer.pointer(pointer).and_then(Value::as_str).unwrap_or("-");
    let verdict = text("/verdict");
    if answer.get("recognition").is_some() {
        let (outcome, state) = (text("/recognition/outcome"), text("/recognition/state"));
        return format!("{verdict}  {state} there, {outcome} here\n{}", text("/recognition/explanation"));
    }
    let (state, scheme, supplier) = (text("/state"), text("/terms/scheme"), text("/terms/supplier/name"));
    let mut lines = vec![format!("{verdict}  {state}  {scheme}  {supplier}"), text("/now/scope").to_owned()];
    let lapsed: Option<Lapsed> = serde_json::from_value(answer["now"]["lapsed"].clone()).ok();
    lines.extend(lapsed.as_ref().map(basis));
    let history: Vec<HistoryItem> = serde_json::from_value(answer["history"].clone()).unwrap_or_default();
    lines.extend(history.iter().map(line));
    lines.join("\n")
}

/// What it rests on lapsed, and what becomes of it.
fn basis(lapsed: &Lapsed) -> String {
    let (what, remedy) = (lapsed.cause.what.words(), lapsed.cause.what.remedy_words());
    match lapsed.consequence {
        Consequence::Keep => format!("{what} since {}; its scheme keeps it in force", lapsed.since),
        Consequence::TransferWindow { until } => format!("{what}; in force until {until}; {remedy}"),
        Consequence::Cease => format!("not in force since {}, because {what}; {remedy}", lapsed.since),
    }
}

/// A line for something that happened.
fn line(item: &HistoryItem) -> String {
    let reason = item.reason.as_ref().map_or_else(String::new, |reason| format!("  {reason}"));
    let void = item.voided.map_or_else(String::new, |voided| format!("  void by entry {}", voided.index));
    let line = format!("{:>8}  {}  {}  by {}{reason}{void}", item.index, item.at, item.what.as_str(), item.by);
    match &item.what {
        Happening::AcceptedAsEvidence(acceptance) => format!("{line}\n{}", accepted(acceptance)),
        Happening::Voided(voiding) => format!("{line}\n{}", voided(voiding)),
        _ => line,
    }
}

/// Who accepted it by which list: without that, the line would read as if the operator had.
fn accepted(acceptance: &Acceptance) -> String {
    let Acceptance { authority, unit, from, until, transcribed, .. } = acceptance;
    let unit = unit.as_ref().map_or_else(String::new, |unit| format!(", {unit}"));
    let until = until.map_or_else(String::new, |until| format!(" until {until}"));
    let (list, row) = (&transcribed.list, &transcribed.row);
    format!("          {authority}{unit}, from {from}{until}, says {list}, {row}; it recognises nothing")
}

/// Which key was stolen, and since when: the lines above say what fell with it.
fn voided(voiding: &Voiding) -> String {
    format!("          key {} of {} was in other hands since {}", voiding.kid, voiding.party, voiding.since)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_history_is_a_line_for_each_thing_that_happened() {
        let answer = json!({ "verdict": "jp:V-1", "state": "suspended", "now": { "scope": "Everything" },
            "terms": { "scheme": "demo@1", "supplier": { "name": "Example Works" } },
            "history": [
                { "index": 13, "at": "2026-11-23T08:39:13Z", "effective": "2026-04-01T00:00:00Z", "what": "granted",
                  "by": "cb-1" },
                { "index": 16, "at": "2026-11-23T08:40:00Z", "effective": "2026-11-23T08:40:00Z",
                  "what": { "changed": "suspended" }, "by": "cb-1", "reason": { "code": "finding" } }] });
        let text = render(&answer);
        assert!(text.starts_with("jp:V-1  suspended  demo@1  Example Works\nEverything\n"), "{text}");
        assert!(text.ends_with("      16  2026-11-23T08:40:00Z  suspended  by cb-1  finding"), "{text}");
    }

    #[test]
    fn an_acceptance_names_the_authority_and_its_row() {
        let answer = json!({ "history": [
            { "index": 17, "at": "2026-11-23T08:41:00Z", "effective": "2026-11-23T08:41:00Z", "by": "op",
              "what": { "accepted-as-evidence": {
                "acceptance": "list.17", "verdict": "T-1", "authority": "Treasury", "unit": "Revenue", "from": "2018-04-30",
                "until": "2027-04-29", "transcribed": { "list": "A list", "source": "https://list.example/",
                "retrieved": "2026-11-01", "row": "reuse row 2" } } } }] });
        let text = render(&answer);
        let (told, whose) = text.rsplit_once('\n').unwrap_or_default();
        assert!(told.ends_with("accepted-as-evidence  by op"), "{text}");
        let words =
            "Treasury, Revenue, from 2018-04-30 until 2027-04-29, says A list, reuse row 2; it recognises nothing";
        assert_eq!(whose.trim_start(), words);
    }
}
