//! The supply chains that one keeps at the registry: put, read and removed, and what changes did to one.
//!
//! Out of scope: checking one that stays here (the module above).

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use procurement::TradingStep;
use serde_json::{Value, json};

use super::super::context::{Context, read_input, wait};
use super::super::{kept, output};
use super::is_json;
use crate::buyer::shelf::Name;
use crate::buyer::supply_chain::MAX_BYTES;
use crate::core::filter::Place;

const PATH: &str = "/v1/supply-chains";
const CSV: &str = "text/csv";
const JSON: &str = "application/json";

/// Keep a chain at the registry, in the place of what has that name; nobody else sees it
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  registry-node --as buyer-1 supply-chain put terminals chain.csv
  registry-node --as buyer-1 subscription put alarms https://buyer.example/webhook --supply-chain terminals --policy parts")]
pub(super) struct Put {
    /// What to call it
    name: Name,
    /// The chain: CSV with a row for each link, or JSON; - for standard input
    file: PathBuf,
}

/// List the chains that you keep at the registry
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  registry-node --as buyer-1 supply-chain list")]
pub(super) struct List {}

/// Print a chain that you keep at the registry, as it was put
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  registry-node --as buyer-1 supply-chain show terminals > chain.csv")]
pub(super) struct Show {
    /// Which
    name: Name,
}

/// Keep a chain at the registry no more; what is told of it is told no more
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  registry-node --as buyer-1 supply-chain remove terminals")]
pub(super) struct Remove {
    /// Which
    name: Name,
}

/// Show what changes did to a chain that you keep at the registry
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  registry-node --as buyer-1 supply-chain events terminals --policy parts --after start
  registry-node --as buyer-1 supply-chain events terminals --policy parts --after 1042 --json")]
pub(super) struct Events {
    /// Which
    name: Name,
    /// The policy that you keep there
    #[arg(long, value_name = "NAME")]
    policy: Name,
    /// The step of the trade that is looked at
    #[arg(long, default_value_t = TradingStep::Order)]
    step: TradingStep,
    /// Behind the entry of this index, or start for all
    #[arg(long, value_name = "INDEX")]
    after: Place,
}

impl Put {
    pub(super) fn run(self, context: &Context) -> anyhow::Result<ExitCode> {
        let chain = read_input(&self.file, MAX_BYTES as u64)?;
        let media_type = if is_json(&chain) { JSON } else { CSV };
        let columns = ["name", "version", "suppliers", "links"];
        kept::put(context, (PATH, &self.name), (media_type, chain.into()), columns)
    }
}

impl List {
    pub(super) fn run(&self, context: &Context) -> anyhow::Result<ExitCode> {
        kept::list(context, PATH)
    }
}

impl Show {
    /// The bytes that were put, whatever their form.
    pub(super) fn run(&self, context: &Context) -> anyhow::Result<ExitCode> {
        let path = format!("{PATH}/{}", self.name);
        let chain = wait(async { Ok(context.reader()?.connect().await?.get(&path).await?) })?;
        output::line(String::from_utf8_lossy(&chain).trim_end())?;
        Ok(ExitCode::SUCCESS)
    }
}

impl Remove {
    pub(super) fn run(&self, context: &Context) -> anyhow::Result<ExitCode> {
        kept::remove(context, PATH, &self.name)
    }
}

impl Events {
    pub(super) fn run(&self, context: &Context) -> anyhow::Result<ExitCode> {
        let Self { name, policy, step, after } = self;
        let (mut events, mut not_judged, mut after) = (Vec::new(), Vec::new(), after.to_string());
        loop {
            let path = format!("{PATH}/{name}/exposures?policy={policy}&step={step}&after={after}");
            let mut answer: Value = context.ask(&path)?;
            for (member, all) in [("events", &mut events), ("notJudged", &mut not_judged)] {
                if let Value::Array(told) = answer[member].take() {
                    all.extend(told);
                }
            }
            let next = answer["next"].as_str().unwrap_or_default().to_owned();
            if answer["more"] != true || next == after {
                break;
            }
            after = next;
        }
        let columns = [
            "entry=logindex",
            "time",
            "type",
            "suppliers=data/suppliers",
            "broken=data/exposure/brokenLinks",
            "orders=data/exposure/orders",
        ];
        context.answer(&json!({ "events": events, "notJudged": not_judged }), |answer| {
            let mut told = output::rows(&answer["events"], columns);
            if answer["notJudged"] != json!([]) {
                told.push_str(&format!("\n{}", output::rows(&answer["notJudged"], ["not judged=logindex", "why"])));
            }
            told
        })
    }
}
