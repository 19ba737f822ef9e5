//! `standing`: the buyer's question.

use std::process::ExitCode;

use anyhow::Context as _;
use clap::Args;
use conformity::document::Tailoring;
use conformity::identifiers::Identifier;
use conformity::ids::{CountryCode, DocumentRef, SchemeRef};
use conformity::standing::{AcceptedBy, ForeignHolding, Holding, OwnHolding, Standing};
use conformity::viewpoint::Viewpoint;
use conformity::words::{Language, Params, label};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;

use super::as_of::{self, AsOf};
use super::context::Context;

/// Ask how a supplier stands
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  registry-node --as buyer-1 standing corporate-number:7000012050002
  registry-node --as buyer-1 standing lei:5493001KJTIIGC8Y1R12 --scheme demo@1 --viewpoint process
  registry-node --as buyer-1 standing duns:150483782 --as-of 2026-06-30T00:00:00Z --json
  registry-node --as buyer-1 standing duns:150483782 --as-of 2026-06-30T00:00:00Z --known now
  registry-node --as buyer-1 --lang ja standing corporate-number:7000012050002

Shows this registry's own verdicts and what it makes of those of others; where there is nothing, why. Of the past it answers as the
registry then knew; with --known now as is known today: what took effect by then, whenever it was stated.")]
pub(super) struct Ask {
    /// Identifier of the supplier
    supplier: Identifier,
    /// Only under this scheme: id, or id@version
    #[arg(long)]
    scheme: Option<String>,
    /// Only schemes that assess against this document, id@version
    #[arg(long, conflicts_with = "scheme")]
    document: Option<DocumentRef>,
    /// Only from this viewpoint
    #[arg(long)]
    viewpoint: Option<Viewpoint>,
    /// Where the supplier is established: tells "not assessed" from "not known here"
    #[arg(long)]
    country: Option<CountryCode>,
    #[command(flatten)]
    as_of: AsOf,
}

/// What is shown of the answer; there may be more around it.
#[derive(Deserialize)]
struct Answer {
    #[serde(flatten)]
    standing: Standing,
}

impl Ask {
    pub(super) fn run(self, context: &Context) -> anyhow::Result<ExitCode> {
        let answer: serde_json::Value = context.ask(&self.path())?;
        let Answer { standing } = serde_json::from_value(answer.clone()).context("the answer cannot be read")?;
        context.answer(&answer, |answer| {
            let text = render(&standing, context.language);
            as_of::told(answer, context.language).into_iter().chain([text]).collect::<Vec<_>>().join("\n")
        })
    }

    fn path(&self) -> String {
        let members = [
            ("scheme", self.scheme.clone()),
            ("document", self.document.as_ref().map(ToString::to_string)),
            ("viewpoint", self.viewpoint.map(|viewpoint| viewpoint.to_string())),
            ("country", self.country.as_ref().map(ToString::to_string)),
        ];
        let path = format!("/v1/suppliers/{}/standing", escape(&self.supplier.to_string()));
        self.as_of.appended(&with_query(&path, members))
    }
}

/// Appends those members of a query that have a value.
pub(super) fn with_query<const N: usize>(path: &str, members: [(&str, Option<String>); N]) -> String {
    let given = members.into_iter().filter_map(|(name, value)| Some(format!("{name}={}", escape(&value?))));
    let query: Vec<String> = given.collect();
    if query.is_empty() { path.to_owned() } else { format!("{path}?{}", query.join("&")) }
}

/// The path of something about a supplier under a scheme.
pub(super) fn of_supplier(what: &str, supplier: &Identifier, scheme: Option<&SchemeRef>) -> String {
    let path = format!("/v1/suppliers/{}/{what}", escape(&supplier.to_string()));
    with_query(&path, [("scheme", scheme.map(SchemeRef::to_string))])
}

/// Escapes a part of a path or query.
pub(super) fn escape(text: &str) -> String {
    utf8_percent_encode(text, NON_ALPHANUMERIC).to_string()
}

fn render(standing: &Standing, language: Language) -> String {
    let mut lines: Vec<String> = standing.holdings.iter().map(|one| holding(one, language)).collect();
    if let Some(absence) = standing.absence {
        lines.push(label("nothing-to-show", language, &Params::default().with("absence", absence)));
    }
    lines.push(standing.explanation.to_string());
    lines.join("\n")
}

fn holding(holding: &Holding, language: Language) -> String {
    match holding {
        Holding::Own(own) => render_own(own, language),
        Holding::Foreign(foreign) => render_foreign(foreign, language),
    }
}

fn render_own(own: &OwnHolding, language: Language) -> String {
    let bare = |code: &str| label(code, language, &Params::default());
    let mark = bare(if own.in_force { "in-force" } else { "not-in-force" });
    let fictional = if own.fictional { bare("fictional") } else { String::new() };
    let until = own.standing.valid_until.map(|day| label("until", language, &Params::default().with("day", day)));
    let until = until.unwrap_or_default();
    let state = own.standing.state.name();
    let part = if own.tailors.iter().all(Tailoring::keeps_all) { String::new() } else { bare("in-part") };
    let accepted: String = own.acceptances.iter().map(|one| accepted(one, language)).collect();
    format!("{}  {state}, {mark}{part}{until}  {}{fictional}  {}{accepted}", own.verdict, own.scheme, own.supplier.name)
}

/// Who took it as evidence and for how long; said so that nobody takes it for recognition.
fn accepted(acceptance: &AcceptedBy, language: Language) -> String {
    let AcceptedBy { authority, unit, from, until, .. } = acceptance;
    let params = Params::default().with("authority", authority).with("from", from);
    let params = unit.iter().fold(params, |params, unit| params.with("unit", unit));
    let params = until.iter().fold(params, |params, until| params.with("until", until));
    format!("\n    {}", label("evidence", language, &params))
}

fn render_foreign(foreign: &ForeignHolding, language: Language) -> String {
    let recognition = &foreign.record.recognition;
    let mark = if foreign.counts { "counts-here" } else { "counts-not-here" };
    let mark = label(mark, language, &Params::default());
    let rule = recognition.rule.as_ref().map(|rule| Params::default().with("rule", rule));
    let rule = rule.map_or_else(String::new, |rule| label("under-rule", language, &rule));
    let there = Params::default().with("state", recognition.state).with("outcome", recognition.outcome);
    let there = label("state-there", language, &there);
    format!(
        "{}  {there}{rule}{mark}  {}  {}\n    {}",
        recognition.verdict, recognition.scheme, recognition.supplier.name, recognition.explanation
    )
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn the_question_is_escaped() {
        let ask = Ask {
            supplier: Identifier::local("cc", "A/B c").unwrap(),
            scheme: Some("demo@1".to_owned()),
            document: None,
            viewpoint: Some(Viewpoint::PeopleAndThings),
            country: None,
            as_of: AsOf::default(),
        };
        let path = ask.path();
        assert!(path.starts_with("/v1/suppliers/local%3Acc%3AA"), "{path}");
        assert!(path.ends_with("/standing?scheme=demo%401&viewpoint=people%2Dand%2Dthings"), "{path}");
        assert!(!path.contains(' '));
    }
}
