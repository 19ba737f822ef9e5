//! `verdict` and `verdicts`: one verdict with its history, and lists of them.

use std::process::ExitCode;

use clap::Args;
use conformity::identifiers::Identifier;
use conformity::ids::VerdictRef;
use conformity::lapsed::{Consequence, Lapsed};
use conformity::verdict::{Acceptance, Happening, HistoryItem, StateName, Voiding};
use conformity::viewpoint::Viewpoint;
use conformity::words::{Language, Params, label};
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
            as_of::told(answer, context.language)
                .into_iter()
                .chain([render(answer, context.language)])
                .collect::<Vec<_>>()
                .join("\n")
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
        // An empty list says why; so does its only page.
        let answer = if verdicts.is_empty() { context.ask(&path)? } else { json!({ "verdicts": verdicts }) };
        context.answer(&answer, |answer| listed(answer, context.language))
    }
}

fn listed(answer: &Value, language: Language) -> String {
    let bare = |code: &str| label(code, language, &Params::default());
    let Some(verdicts @ [_, ..]) = answer["verdicts"].as_array().map(Vec::as_slice) else {
        return [Some(bare("none-listed")), nothing(answer, language)]
            .into_iter()
            .flatten()
            .collect::<Vec<_>>()
            .join("\n");
    };
    let members = ["verdict", "state", "scheme", "supplier/name", "object/name", "snapshot/validUntil"];
    let headings = ["verdict", "state", "scheme", "supplier", "object", "until"];
    let headings = headings.map(|heading| bare(&format!("heading-{heading}")).to_uppercase());
    let rows: Vec<_> = verdicts.iter().map(|item| members.map(|member| output::cell(item, member))).collect();
    output::table(headings.each_ref().map(String::as_str), &rows)
}

/// Which absence an answer is and why, where it has nothing; why alone, where there is something elsewhere.
pub(super) fn nothing(answer: &Value, language: Language) -> Option<String> {
    let explanation = answer["explanation"].as_str()?;
    Some(match answer["absence"].as_str() {
        Some(absence) => {
            let absence = label("nothing-to-show", language, &Params::default().with("absence", absence));
            format!("{absence}\n{explanation}")
        }
        None => explanation.to_owned(),
    })
}

fn render(answer: &Value, language: Language) -> String {
    let text = |pointer: &str| answer.pointer(pointer).and_then(Value::as_str).unwrap_or("-");
    let verdict = text("/verdict");
    if answer.get("recognition").is_some() {
        let (outcome, state) = (text("/recognition/outcome"), text("/recognition/state"));
        let there = Params::default().with("state", state).with("outcome", outcome);
        let there = label("state-there", language, &there);
        return format!("{verdict}  {there}\n{}", text("/recognition/explanation"));
    }
    let (state, scheme, supplier) = (text("/state"), text("/terms/scheme"), text("/terms/supplier/name"));
    let mut lines = vec![format!("{verdict}  {state}  {scheme}  {supplier}"), text("/now/scope").to_owned()];
    let lapsed: Option<Lapsed> = serde_json::from_value(answer["now"]["lapsed"].clone()).ok();
    lines.extend(lapsed.as_ref().map(|lapsed| basis(lapsed, language)));
    let history: Vec<HistoryItem> = serde_json::from_value(answer["history"].clone()).unwrap_or_default();
    lines.extend(history.iter().map(|item| line(item, language)));
    lines.join("\n")
}

/// What it rests on lapsed, and what becomes of it.
fn basis(lapsed: &Lapsed, language: Language) -> String {
    let what = lapsed.cause.what;
    let params =
        Params::default().with("what", what.as_str()).with("remedy", what.remedy()).with("since", lapsed.since);
    match lapsed.consequence {
        Consequence::Keep => label("basis-kept", language, &params),
        Consequence::TransferWindow { until } => label("basis-window", language, &params.with("until", until)),
        Consequence::Cease => label("basis-lapsed", language, &params),
    }
}

/// A line for something that happened.
fn line(item: &HistoryItem, language: Language) -> String {
    let reason = item.reason.as_ref().map_or_else(String::new, |reason| format!("  {reason}"));
    let void = item.voided.map(|voided| Params::default().with("index", voided.index));
    let void = void.map_or_else(String::new, |params| format!("  {}", label("void-by", language, &params)));
    let by = label("by-party", language, &Params::default().with("party", &item.by));
    let line = format!("{:>8}  {}  {}  {by}{reason}{void}", item.index, item.at, item.what.as_str());
    match &item.what {
        Happening::AcceptedAsEvidence(acceptance) => format!("{line}\n          {}", accepted(acceptance, language)),
        Happening::Voided(voiding) => format!("{line}\n          {}", voided(voiding, language)),
        _ => line,
    }
}

/// Who accepted it by which list: without that, the line would read as if the operator had.
fn accepted(acceptance: &Acceptance, language: Language) -> String {
    let Acceptance { authority, unit, from, until, transcribed, .. } = acceptance;
    let params = Params::default().with("authority", authority).with("from", from);
    let params = params.with("list", &transcribed.list).with("row", &transcribed.row);
    let params = unit.iter().fold(params, |params, unit| params.with("unit", unit));
    let params = until.iter().fold(params, |params, until| params.with("until", until));
    label("accepted", language, &params)
}

/// Which key was stolen, and since when: the lines above say what fell with it.
fn voided(voiding: &Voiding, language: Language) -> String {
    let params = Params::default().with("kid", voiding.kid).with("party", &voiding.party);
    label("key-stolen", language, &params.with("since", voiding.since))
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
        let text = render(&answer, Language::English);
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
        let text = render(&answer, Language::English);
        let (told, whose) = text.rsplit_once('\n').unwrap_or_default();
        assert!(told.ends_with("accepted-as-evidence  by op"), "{text}");
        let words =
            "Treasury, Revenue, from 2018-04-30 until 2027-04-29, says A list, reuse row 2; it recognises nothing";
        assert_eq!(whose.trim_start(), words);
    }
}
