//! `consent`: a supplier says who may see what of its verdicts, or how it stands, takes it back, and reads what was seen.

use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context as _;
use clap::{Args, Subcommand};
use conformity::consent::{Consent, ConsentWithdrawn, Part, Parts, Subject};
use conformity::identifiers::Identifier;
use conformity::ids::{ConsentId, PartyId, SchemeRef, VerdictId, VerdictRef};
use conformity::statement::Claim;
use conformity::time::Day;
use conformity::words::Params;
use serde_json::{Value, json};

use super::context::{Context, word};
use super::output;
use super::standing::{escape, of_supplier};
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
  registry-node --as supplier-1 consent give D-3 --standing demo@1 --to buyer-1 --until 2027-03-31

With --standing the party may fetch proof of how you stand under the scheme, also that there is no verdict on you (`prove --supplier`): all
entries about you, of restricted verdicts without what they say. Only the supplier that the verdict is about can. A restricted verdict becomes visible to the party. The registry does not tell
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
    #[arg(long, value_name = "PARTS", value_delimiter = ',', value_parser = word::<Part>,
          required_unless_present_any = ["all", "standing"], conflicts_with = "standing")]
    show: Vec<Part>,
    /// All parts that there are today
    #[arg(long, conflicts_with_all = ["show", "standing"])]
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
    /// About how you stand under this scheme, whole
    #[arg(long, value_name = "SCHEME")]
    standing: Option<SchemeRef>,
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
  registry-node --as supplier-1 consent uses jp:V-1 --json
  registry-node --as supplier-1 consent uses --supplier lei:5493001KJTIIGC8Y1R12 --scheme demo@1")]
struct Uses {
    /// Registry and id, such as jp:V-1
    #[arg(required_unless_present = "supplier")]
    verdict: Option<VerdictRef>,
    /// Who was shown how you stand: one of your identifiers
    #[arg(long, value_name = "KIND:VALUE", requires = "scheme", conflicts_with = "verdict")]
    supplier: Option<Identifier>,
    /// Under which scheme, id@version
    #[arg(long, requires = "supplier")]
    scheme: Option<SchemeRef>,
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
        let About { verdict, scheme, standing } = self.about;
        let about = verdict.map(Subject::Verdict).or(scheme.map(Subject::Scheme)).or(standing.map(Subject::Standing));
        let about = about.context("say what it is about, with --verdict, --scheme or --standing")?;
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
            "standing=consent/about/standing",
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
        let path = match (self.verdict, self.supplier) {
            (Some(verdict), _) => format!("/v1/verdicts/{}/disclosures", escape(&verdict.to_string())),
            (None, Some(supplier)) => of_supplier("disclosures", &supplier, self.scheme.as_ref()),
            (None, None) => anyhow::bail!("say of which verdict, or of which --supplier under which --scheme"),
        };
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
        Some(dropped) => {
            format!("{table}\n{}", output::label("uses-dropped", &Params::default().with("dropped", dropped)))
        }
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
