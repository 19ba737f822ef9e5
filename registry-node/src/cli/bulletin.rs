//! `bulletin`: news of the rules.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Subcommand};
use conformity::ids::{BulletinRef, CountryCode, SchemeId, SectorCode};
use conformity::statement::Kind;
use conformity::time::Day;
use serde_json::{Value, json};

use super::as_of::{self, AsOf};
use super::context::Context;
use super::output;
use super::standing::escape;
use super::submission::{Signing, say_file};

const EXAMPLES: &str = "\
Examples:
  registry-node --as ministry bulletin issue bulletin.json
  registry-node --as works-1 bulletin list --sector isic4.C --in-force-on 2027-01-01
  registry-node --as works-1 bulletin show eu:B-1 --json";

/// Issue and read bulletins: what was published or revised, which transition ends, which regulation is in force
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Bulletins {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Issue(Issue),
    List(List),
    Show(Show),
}

/// Issue a bulletin
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  registry-node --as ministry bulletin issue bulletin.json

The file holds the claim (docs/spec/claims.md, bulletin-issued). With \"enacts\" it brings about what it tells of, with the same signature:
  \"enacts\": {\"scheme-replaced\": {\"scheme\": \"demo@1\", \"by\": \"demo@2\", \"until\": \"2027-12-31\"}}
  {\"bulletin\": \"B-1\", \"topic\": \"regulation\", \"title\": {\"en\": \"…\", \"ja\": \"…\"}, \"text\": {\"en\": \"…\", \"ja\": \"…\"},
   \"concerns\": {\"sectors\": [\"isic4.C\"]}, \"issued\": \"2026-11-01\", \"inForce\": \"2027-12-11\", \"url\": \"https://…\"}

The operator, an authority or an accreditation body signs. Peers pass it on with that signature.")]
struct Issue {
    /// File with the claim in JSON; - for standard input
    file: PathBuf,
    #[command(flatten)]
    signing: Signing,
}

/// List bulletins, of this registry and passed on
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  registry-node --as works-1 bulletin list --sector isic4.C --country EU")]
struct List {
    /// Only for this sector, or for all; may be given again, like the two below
    #[arg(long, value_name = "CODE")]
    sector: Vec<SectorCode>,
    /// Only for this country
    #[arg(long)]
    country: Vec<CountryCode>,
    /// Only about this scheme
    #[arg(long)]
    scheme: Vec<SchemeId>,
    /// Only what is in force on this day
    #[arg(long, value_name = "DAY")]
    in_force_on: Option<Day>,
    #[command(flatten)]
    as_of: AsOf,
}

/// Show a bulletin with what its issuer signed
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  registry-node --as works-1 bulletin show eu:B-1")]
struct Show {
    /// registry:id
    bulletin: BulletinRef,
    #[command(flatten)]
    as_of: AsOf,
}

impl Bulletins {
    pub(super) fn run(self, context: &Context) -> anyhow::Result<ExitCode> {
        match self.command {
            Command::Issue(issue) => say_file(context, issue.signing, Kind::BulletinIssued, &issue.file, &[]),
            Command::List(list) => list.run(context),
            Command::Show(show) => show.run(context),
        }
    }
}

impl List {
    fn run(&self, context: &Context) -> anyhow::Result<ExitCode> {
        let sectors = self.sector.iter().map(|value| ("sector", value.to_string()));
        let countries = self.country.iter().map(|value| ("country", value.to_string()));
        let schemes = self.scheme.iter().map(|value| ("scheme", value.to_string()));
        let day = self.in_force_on.iter().map(|value| ("in_force_on", value.to_string()));
        let members = sectors.chain(countries).chain(schemes).chain(day);
        let query: Vec<String> = members.map(|(name, value)| format!("{name}={}", escape(&value))).collect();
        let path =
            if query.is_empty() { "/v1/bulletins".to_owned() } else { format!("/v1/bulletins?{}", query.join("&")) };
        let bulletins: Vec<Value> = context.ask_all(&self.as_of.appended(&path), "bulletins")?;
        let rows = bulletins.iter().map(row).collect::<Vec<_>>();
        let answer = json!({ "bulletins": bulletins });
        context.answer(&answer, |_| output::table(["BULLETIN", "TOPIC", "IN FORCE", "TITLE"], &rows))
    }
}

impl Show {
    fn run(&self, context: &Context) -> anyhow::Result<ExitCode> {
        let path = format!("/v1/bulletins/{}", escape(&self.bulletin.to_string()));
        let answer: Value = context.ask(&self.as_of.appended(&path))?;
        context.answer(&answer, |answer| {
            let told = as_of::told(answer, context.language);
            told.into_iter().chain([text(answer)]).collect::<Vec<_>>().join("\n")
        })
    }
}

fn row(record: &Value) -> [String; 4] {
    let bulletin = &record["bulletin"];
    let title = words(&bulletin["title"]).join(" / ");
    let replaced = record["replacedBy"].as_str().map(|by| format!(" (replaced by {by})")).unwrap_or_default();
    [word(&record["name"]), word(&bulletin["topic"]), word(&bulletin["inForce"]), format!("{title}{replaced}")]
}

fn text(record: &Value) -> String {
    let bulletin = &record["bulletin"];
    let mut lines = words(&bulletin["title"]);
    lines.push(format!(
        "{} {}, issued {} by {}",
        word(&record["name"]),
        word(&bulletin["topic"]),
        word(&bulletin["issued"]),
        word(&record["by"])
    ));
    let dates = [("in force from", &bulletin["inForce"]), ("transition until", &bulletin["transitionUntil"])];
    lines.extend(
        dates.into_iter().filter(|(_, day)| day.is_string()).map(|(what, day)| format!("{what} {}", word(day))),
    );
    lines.extend(words(&bulletin["text"]));
    lines.extend(bulletin["url"].as_str().map(str::to_owned));
    lines.push(format!("signed: {}", word(&record["statement"])));
    lines.join("\n")
}

/// In each language that there is.
fn words(value: &Value) -> Vec<String> {
    ["en", "ja"].into_iter().filter_map(|language| value[language].as_str()).map(str::to_owned).collect()
}

fn word(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
