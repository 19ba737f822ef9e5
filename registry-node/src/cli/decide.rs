//! `decide`: may we go on with this partner at this step?

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;
use bytes::Bytes;
use clap::Args;
use conformity::identifiers::Identifier;
use conformity::ids::CountryCode;
use conformity::text::Text;
use conformity::words::{Language, Params, label};
use procurement::{Advice, Finding, Order, Touch, TradingStep};
use serde::Deserialize;
use serde_json::{Value, json};

use super::as_of::{self, AsOf};
use super::context::{Context, wait};
use super::output;
use super::prove::POLICY_NOT_MET;
use super::supply_chain::{finding_lines, read_policy, word};
use crate::buyer::shelf::Name;
use crate::client::{Client, read_json};

/// Ask whether to go on with a partner at a step of a trade
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  registry-node --as buyer-1 decide lei:5493001KJTIIGC8Y1R12 --step order --policy policy.json --touches confidentiality --site Osaka
  registry-node --as buyer-1 decide duns:150483782 --step payment --kept parts
  registry-node --as buyer-1 decide duns:150483782 --step contract --policy policy.json --as-of 2026-06-30T00:00:00Z --out decision.json

Either party of a trade may ask about the other. At acceptance and payment nobody is stopped: there is a notice at most. --out keeps the
whole answer with its proofs, to be filed with the order.

Exit codes: 0 to go on, with a notice at most; 5 to stop, or to go on under conditions only; 1 if something went wrong; 2 for a
command line that is not understood.")]
pub(super) struct Decide {
    /// Identifier of the partner
    partner: Identifier,
    /// The step: information, quote, prototype, selection, contract, order, delivery, acceptance, payment
    #[arg(long)]
    step: TradingStep,
    /// The policy: JSON, or YAML where the name ends in .yaml or .yml
    #[arg(long, value_name = "FILE", conflicts_with = "kept", required_unless_present = "kept")]
    policy: Option<PathBuf>,
    /// The name of a policy that you keep at the registry
    #[arg(long, value_name = "NAME")]
    kept: Option<Name>,
    /// How far away the partner is; 1 is a direct supplier
    #[arg(long, default_value_t = 1)]
    tier: u32,
    /// What the order touches: confidentiality, continuity, access
    #[arg(long, value_delimiter = ',')]
    touches: Vec<Touch>,
    /// The partner's site from which it is served
    #[arg(long)]
    site: Option<Text<256>>,
    /// The product, service or process that is ordered
    #[arg(long)]
    item: Option<Text<256>>,
    /// Where the partner is established
    #[arg(long)]
    country: Option<CountryCode>,
    /// Keep the whole answer in this file
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    #[command(flatten)]
    as_of: AsOf,
}

/// What is shown of the answer; there may be more around it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Answer {
    advice: Advice,
    found: Advice,
    rules: Vec<procurement::Ruling>,
    because: Vec<conformity::words::Said>,
}

impl Decide {
    pub(super) fn run(self, context: &Context) -> anyhow::Result<ExitCode> {
        let question = self.question()?;
        let client = Client::with_credentials(&context.credentials()?)?.in_language(context.language);
        let path = self.as_of.appended("/v1/decisions");
        let answer: Value = wait(async {
            let body = Bytes::from(question.to_string());
            Ok(read_json(&client.connect().await?.post(&path, "application/json", body).await?)?)
        })?;
        if let Some(file) = &self.out {
            output::write_private(file, answer.to_string().as_bytes())?;
        }
        let Answer { advice, found, rules, because } =
            serde_json::from_value(answer.clone()).context("the answer cannot be read")?;
        let finding = Finding { advice, found, rules, because };
        context.answer(&answer, |answer| text(answer, &finding, context.language))?;
        Ok(if advice >= Advice::Conditional { ExitCode::from(POLICY_NOT_MET) } else { ExitCode::SUCCESS })
    }

    fn question(&self) -> anyhow::Result<Value> {
        let Self { step, tier, site, item, .. } = self;
        let touches = self.touches.iter().copied().collect();
        let order = Order { step: *step, tier: *tier, touches, site: site.clone(), item: item.clone() };
        let mut question = json!({"partner": self.partner, "order": order, "proofs": self.out.is_some()});
        if let Some(country) = &self.country {
            question["country"] = json!(country);
        }
        match (&self.policy, &self.kept) {
            (Some(file), _) => question["policy"] = serde_json::to_value(read_policy(file)?)?,
            (None, name) => question["policyName"] = json!(name),
        }
        Ok(question)
    }
}

fn text(answer: &Value, finding: &Finding, language: Language) -> String {
    let params = Params::default().with("partner", answer["partner"].as_str().unwrap_or_default());
    let first = label("decided", language, &params.with("advice", word(finding.advice)));
    let when = as_of::told(answer, language);
    let said = finding.because.iter().skip(1).chain(finding.rules.iter().flat_map(|ruling| &ruling.because));
    when.into_iter().chain([first]).chain(finding_lines(said, language)).collect::<Vec<_>>().join("\n")
}
