//! `consent`: a supplier says who may see what of its verdicts, takes it back, and reads what was seen.

use std::process::ExitCode;
use std::sync::Arc;

use clap::{Args, Subcommand};
use conformity::consent::{Consent, ConsentWithdrawn, Part, Parts, Subject};
use conformity::ids::{ConsentId, PartyId, SchemeRef, VerdictId, VerdictRef};
use conformity::statement::Claim;
use conformity::time::Day;
use serde_json::{Value, json};

use super::context::{Context, word};
use super::output;
use super::standing::escape;
use super::submission::{Signing, say};

/// Let others see what your verdicts keep back, and read who did
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  registry-node --as supplier-1 consent give D-1 --verdict V-1 --to buyer-1 --show level,results --until 2027-03-31
  registry-node --as supplier-1 consent uses jp:V-1")]
pub(super) struct Consents {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Give(Give),
    Withdraw(Withdraw),
    List(List),
    Uses(Uses),
}

/// Consent that a party sees parts of a verdict, or of all of yours under a scheme
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  registry-node --as supplier-1 consent give D-1 --verdict V-1 --to buyer-1 --show level,results --until 2027-03-31
  registry-node --as supplier-1 consent give D-2 --scheme demo@1 --to insurer-1 --all --until 2026-12-31

Only the supplier that the verdict is about can. A restricted verdict becomes visible to the party. The registry does not tell
whether the party exists: a consent to one that is not registered yet shows nothing to anybody.")]
struct Give {
    /// Id of the consent; your own to choose
    consent: ConsentId,
    #[command(flatten)]
    about: About,
    /// The party that may see it
    #[arg(long, value_name = "PARTY")]
    to: PartyId,
    /// Which parts: level, scope, results, findings, evidence
    #[arg(long, value_name = "PARTS", value_delimiter = ',', value_parser = word::<Part>, required_unless_present = "all")]
    show: Vec<Part>,
    /// All parts that there are today
    #[arg(long, conflicts_with = "show")]
    all: bool,
    /// Last day; at most three years ahead
    #[arg(long, value_name = "DAY")]
    until: Day,
    #[command(flatten)]
    signing: Signing,
}

#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
struct About {
    /// About this verdict
    #[arg(long)]
    verdict: Option<VerdictId>,
    /// About all of your verdicts under this scheme, those to come included
    #[arg(long)]
    scheme: Option<SchemeRef>,
}

/// Take a consent back; from the receipt on it shows nothing
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  registry-node --as supplier-1 consent withdraw D-1")]
struct Withdraw {
    /// Id of the consent
    consent: ConsentId,
    #[command(flatten)]
    signing: Signing,
}

/// List the consents that you gave
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  registry-node --as supplier-1 consent list")]
struct List {}

/// Show who saw what of a verdict by your consent
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  registry-node --as supplier-1 consent uses jp:V-1
  registry-node --as supplier-1 consent uses jp:V-1 --json")]
struct Uses {
    /// Registry and id, such as jp:V-1
    verdict: VerdictRef,
}

impl Consents {
    pub(super) fn run(self, context: &Context) -> anyhow::Result<ExitCode> {
        match self.command {
            Command::Give(command) => command.run(context),
            Command::Withdraw(command) => {
                let claim = Claim::DisclosureWithdrawn(ConsentWithdrawn { consent: command.consent });
                say(context, command.signing, claim, &[])
            }
            Command::List(_) => list(context),
            Command::Uses(command) => command.run(context),
        }
    }
}

impl Give {
    fn run(self, context: &Context) -> anyhow::Result<ExitCode> {
        let about = match (self.about.verdict, self.about.scheme) {
            (Some(verdict), _) => Subject::Verdict(verdict),
            (None, Some(scheme)) => Subject::Scheme(scheme),
            (None, None) => anyhow::bail!("say about which verdict or scheme, with --verdict or --scheme"),
        };
        let parts = if self.all { Parts::all() } else { self.show.into_iter().collect() };
        let consent = Consent { consent: self.consent, about, to: self.to, parts, until: self.until };
        say(context, self.signing, Claim::DisclosureConsented(Arc::new(consent)), &[])
    }
}

fn list(context: &Context) -> anyhow::Result<ExitCode> {
    let consents: Vec<Value> = context.ask_all("/v1/consents", "consents")?;
    context.answer(&json!({ "consents": consents }), |answer| {
        let columns = [
            "consent=consent/consent",
            "verdict=consent/about/verdict",
            "scheme=consent/about/scheme",
            "to=consent/to",
            "parts=consent/parts",
            "until=consent/until",
            "stands",
        ];
        output::rows(answer, columns)
    })
}

impl Uses {
    fn run(self, context: &Context) -> anyhow::Result<ExitCode> {
        let path = format!("/v1/verdicts/{}/disclosures", escape(&self.verdict.to_string()));
        let answer: Value = context.ask(&path)?;
        context.answer(&answer, render)
    }
}

fn render(answer: &Value) -> String {
    let columns = ["to", "in=way", "parts", "disclosures", "first", "last", "times"];
    let mut uses = answer["uses"].clone();
    for one in uses.as_array_mut().into_iter().flatten() {
        if let Some(peer) = one["registry"].as_str() {
            one["to"] = json!(format!("registry {peer}"));
        }
    }
    let table = output::rows(&uses, columns);
    match answer["dropped"].as_u64() {
        None | Some(0) => table,
        Some(dropped) => format!("{table}\n{dropped} older ones are not kept any more"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uses_are_lines_and_what_is_missing_is_said() {
        let answer = json!({ "verdict": "jp:V-1", "dropped": 2, "uses": [
            { "to": "buyer-1", "way": "credential", "parts": ["level", "results"], "disclosures": 7,
              "consents": [{ "by": "supplier-1", "consent": "D-1" }], "credential": 40,
              "first": "2026-11-23T08:39:13Z", "last": "2026-11-23T09:00:00Z", "times": 3 }] });
        let text = render(&answer);
        assert!(text.starts_with("TO       IN"), "{text}");
        assert!(text.contains("buyer-1  credential  level,results  7"), "{text}");
        assert!(text.ends_with("\n2 older ones are not kept any more"), "{text}");
        let peer = json!({ "uses": [{ "registry": "eu", "way": "peer", "parts": ["level"], "disclosures": 2 }] });
        assert!(render(&peer).contains("registry eu  peer  level  2"), "{}", render(&peer));
        assert_eq!(render(&json!({ "uses": [], "dropped": 0 })), "(none)");
    }
}
