//! `supply-chain`: a buyer's chain under its policy: what does not meet it, what that exposes, and what another policy would change.
//!
//! Out of scope: asking the registry (`asking`), and what is made of the answers (`procurement`).

mod stored;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;
use clap::{Args, Subcommand};
use conformity::identifiers::Identifier;
use conformity::words::{Language, Params, Said, label};
use procurement::chain::{MAX_CHAIN, Place};
use procurement::exposure::{Broken, exposure};
use procurement::policy::MAX_POLICY;
use procurement::review::{Change, Told};
use procurement::{Advice, Chain, Exposure, Measure, Policy, Review, TradingStep, drawing};
use serde_json::json;

use super::as_of::AsOf;
use super::asking::{self, Asked};
use super::context::{Context, read_input};
use super::output;
use super::prove::POLICY_NOT_MET;
use crate::import::yaml;

/// Check a supply chain against a policy, and see what is exposed
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  registry-node --as buyer-1 supply-chain check --chain chain.csv --policy policy.json --svg chain.svg
  registry-node --as buyer-1 supply-chain exposure --chain chain.csv --policy policy.json --supplier lei:5493001KJTIIGC8Y1R12 --if-lost
  registry-node --as buyer-1 supply-chain dry-run --chain chain.csv --policy next.json --against policy.json
  registry-node --as buyer-1 supply-chain put terminals chain.csv

A chain that is given as a file stays here: the registry is asked only how each supplier stands. One that is put there is kept for you
alone, and you are told what changes do to it (subscription put --supply-chain). The forms of chain and policy are in docs/spec/procurement.md.")]
pub(super) struct SupplyChain {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Check(Check),
    Exposure(Exposed),
    DryRun(DryRun),
    Put(stored::Put),
    List(stored::List),
    Show(stored::Show),
    Remove(stored::Remove),
    Events(stored::Events),
}

/// What all of them take
#[derive(Debug, Args)]
struct Source {
    /// The chain: CSV with a row for each link, or JSON; - for standard input
    #[arg(long, value_name = "FILE")]
    chain: PathBuf,
    /// The policy: JSON, or YAML where the name ends in .yaml or .yml
    #[arg(long, value_name = "FILE")]
    policy: PathBuf,
    /// The step of the trade that is looked at
    #[arg(long, default_value_t = TradingStep::Order)]
    step: TradingStep,
    #[command(flatten)]
    as_of: AsOf,
}

/// List the links of a chain that do not meet a policy, and what they expose
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  registry-node --as buyer-1 supply-chain check --chain chain.csv --policy policy.json
  registry-node --as buyer-1 supply-chain check --chain chain.json --policy policy.yaml --svg chain.svg --json
  registry-node --as buyer-1 supply-chain check --chain chain.csv --policy policy.json --as-of 2026-06-30T00:00:00Z

Exit codes: 0 if every link may go on, with notices at most; 5 if one is advised to stop or to go on under conditions only; 1 if
something went wrong; 2 for a command line that is not understood.")]
struct Check {
    #[command(flatten)]
    source: Source,
    /// Draw the chain into this file, with what is broken marked
    #[arg(long, value_name = "FILE")]
    svg: Option<PathBuf>,
}

/// Show what one supplier exposes: products, orders, paths, and who could take over
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  registry-node --as buyer-1 supply-chain exposure --chain chain.csv --policy policy.json --supplier lei:5493001KJTIIGC8Y1R12
  registry-node --as buyer-1 supply-chain exposure --chain chain.csv --policy policy.json --supplier duns:150483782 --if-lost

The supplier is looked at under all its identifiers that its verdicts name.

Exit codes: 0 if nothing is exposed; 5 if something is, be it a notice only; 1 if something went wrong; 2 for a command line that
is not understood.")]
struct Exposed {
    #[command(flatten)]
    source: Source,
    /// The supplier
    #[arg(long)]
    supplier: Identifier,
    /// Suppose that nothing of it held any more
    #[arg(long)]
    if_lost: bool,
}

/// Show what a policy would change against another one, or against its version in use
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  registry-node --as buyer-1 supply-chain dry-run --chain chain.csv --policy next.json --against policy.json

Nothing is stored or decided by it.")]
struct DryRun {
    #[command(flatten)]
    source: Source,
    /// The policy to compare with
    #[arg(long, value_name = "FILE")]
    against: PathBuf,
}

impl SupplyChain {
    pub(super) fn run(self, context: &Context) -> anyhow::Result<ExitCode> {
        match self.command {
            Command::Check(check) => check.run(context),
            Command::Exposure(exposed) => exposed.run(context),
            Command::DryRun(dry_run) => dry_run.run(context),
            Command::Put(put) => put.run(context),
            Command::List(list) => list.run(context),
            Command::Show(show) => show.run(context),
            Command::Remove(remove) => remove.run(context),
            Command::Events(events) => events.run(context),
        }
    }
}

/// What a command judges by: all that was read and asked.
struct Ground {
    chain: Chain,
    policy: Policy,
    step: TradingStep,
    asked: Asked,
}

impl Source {
    /// Reads both files before the registry is asked anything.
    fn ground(&self, context: &Context) -> anyhow::Result<Ground> {
        let policy = read_policy(&self.policy)?;
        let chain = read_chain(&self.chain)?;
        let asked = asking::about(context, &chain, &self.as_of)?;
        Ok(Ground { chain, policy, step: self.step, asked })
    }
}

impl Ground {
    fn review(&self) -> anyhow::Result<Review<'_>> {
        self.review_by(&self.policy)
    }

    fn review_by<'a>(&'a self, policy: &'a Policy) -> anyhow::Result<Review<'a>> {
        Ok(Review::of(&self.chain, self.measure(policy))?)
    }

    /// As if nothing of this supplier held any more.
    fn review_without(&self, supplier: usize) -> anyhow::Result<Review<'_>> {
        Ok(Review::if_lost(&self.chain, self.measure(&self.policy), supplier)?)
    }

    fn measure<'a>(&'a self, policy: &'a Policy) -> Measure<'a> {
        let Asked { standings, registry } = &self.asked;
        Measure { policy, step: self.step, registry, standings }
    }
}

impl Check {
    fn run(self, context: &Context) -> anyhow::Result<ExitCode> {
        let ground = self.source.ground(context)?;
        let review = ground.review()?;
        if let Some(file) = &self.svg {
            output::write_private(file, drawing(&review, context.language).as_bytes())?;
        }
        let exposure = told(context, &review, &review.broken())?;
        Ok(if exposure.advice >= Advice::Conditional { ExitCode::from(POLICY_NOT_MET) } else { ExitCode::SUCCESS })
    }
}

impl Exposed {
    fn run(self, context: &Context) -> anyhow::Result<ExitCode> {
        let ground = self.source.ground(context)?;
        let supplier = ground.chain.find(&self.supplier);
        let supplier =
            supplier.with_context(|| format!("{} is not in the chain; name a supplier of it", self.supplier))?;
        let review = if self.if_lost { ground.review_without(supplier)? } else { ground.review()? };
        let exposure = told(context, &review, &review.broken_of(supplier))?;
        // What is exposed is exposed at every step, though delivered goods are never refused.
        Ok(if exposure.broken_links > 0 { ExitCode::from(POLICY_NOT_MET) } else { ExitCode::SUCCESS })
    }
}

impl DryRun {
    fn run(self, context: &Context) -> anyhow::Result<ExitCode> {
        let before = read_policy(&self.against)?;
        let ground = self.source.ground(context)?;
        let changes = ground.review_by(&before)?.changes(&ground.review()?);
        let answer = json!({ "changes": changes });
        context.answer(&answer, |_| {
            let lines: Vec<String> = changes.iter().map(|change| changed(change, context.language)).collect();
            if lines.is_empty() {
                output::label("policy-changes-nothing", &Params::default())
            } else {
                lines.join("\n")
            }
        })
    }
}

/// Tells what these links expose.
fn told(context: &Context, review: &Review<'_>, broken: &[usize]) -> anyhow::Result<Exposure> {
    let exposure = exposure(review, broken).told(context.language);
    context.answer(&exposure, |exposure| text(exposure, context.language))?;
    Ok(exposure)
}

/// Reads a policy by the end of its name.
pub(super) fn read_policy(path: &Path) -> anyhow::Result<Policy> {
    let bytes = read_input(path, MAX_POLICY as u64)?;
    let is_yaml = path.extension().is_some_and(|extension| extension == "yaml" || extension == "yml");
    let policy = if is_yaml {
        let policy: Policy = yaml::read(&bytes).map_err(anyhow::Error::msg)?;
        policy.checked()
    } else {
        Policy::parse(&bytes)
    };
    policy.with_context(|| format!("{} is not a policy that can be used", path.display()))
}

/// Whether a chain is JSON, which begins with a brace; CSV never does.
fn is_json(chain: &[u8]) -> bool {
    chain.trim_ascii_start().starts_with(b"{")
}

fn read_chain(path: &Path) -> anyhow::Result<Chain> {
    let bytes = read_input(path, MAX_CHAIN as u64)?;
    let chain = if is_json(&bytes) { Chain::from_json(&bytes) } else { Chain::from_csv(&bytes) };
    chain.with_context(|| format!("{} is not a chain that can be used", path.display()))
}

fn text(exposure: &Exposure, language: Language) -> String {
    let mut lines: Vec<String> = exposure.broken.iter().flat_map(|broken| broken_lines(broken, language)).collect();
    if exposure.broken.len() < exposure.broken_links {
        let more = Params::default().with("others", exposure.broken_links - exposure.broken.len());
        lines.push(label("and-more", language, &more));
    }
    for (code, names) in [
        ("exposed-products", exposure.products.iter().map(|one| one.product.to_string()).collect::<Vec<_>>()),
        ("exposed-orders", exposure.orders.iter().map(ToString::to_string).collect()),
    ] {
        let heading = label(code, language, &Params::default().with("count", names.len()));
        lines.extend((!names.is_empty()).then(|| format!("{heading} {}", names.join(", "))));
    }
    if !exposure.paths.is_empty() {
        lines.push(label("exposed-paths", language, &Params::default()));
        lines.extend(exposure.paths.iter().map(|path| format!("    {}", places(path, " → "))));
    }
    lines.extend(exposure.more_paths.then(|| label("exposed-more-paths", language, &Params::default())));
    let params = Params::default().with("suppliers", exposure.suppliers).with("links", exposure.links);
    lines.push(label("chain-summary", language, &params.with("broken", exposure.broken_links)));
    lines.join("\n")
}

fn broken_lines(broken: &Broken, language: Language) -> Vec<String> {
    let params = about(&broken.link).with("advice", word(broken.advice));
    let mut lines = vec![label("chain-link", language, &params)];
    lines.extend(finding_lines(broken.rules.iter().flat_map(|ruling| &ruling.because), language));
    if !broken.alternatives.is_empty() {
        let heading = label("chain-alternatives", language, &Params::default());
        lines.push(format!("    {heading} {}", places(&broken.alternatives, ", ")));
    }
    lines
}

/// What is said of a finding, each with what would change it.
pub(super) fn finding_lines<'a>(said: impl IntoIterator<Item = &'a Said>, language: Language) -> Vec<String> {
    let lines = said.into_iter().flat_map(|said| {
        let remedy = said.remedy.as_ref().and_then(|remedy| Some(format!("      {}", remedy.text.as_ref()?)));
        [format!("    {}", said.words(language))].into_iter().chain(remedy)
    });
    lines.collect()
}

fn changed(change: &Change, language: Language) -> String {
    let params = about(&change.link).with("before", word(change.before)).with("after", word(change.after));
    label("chain-changed", language, &params)
}

/// A link as parameters of a line.
fn about(link: &Told) -> Params {
    let supplier =
        link.name.as_ref().map_or_else(|| link.supplier.clone(), |name| format!("{name} ({})", link.supplier));
    let what: Vec<&str> = [link.item.as_deref(), link.site.as_deref()].into_iter().flatten().collect();
    let to = if what.is_empty() { link.to.clone() } else { format!("{} [{}]", link.to, what.join(", ")) };
    Params::default().with("supplier", supplier).with("to", to).with("tier", link.tier)
}

fn places(places: &[Place], joint: &str) -> String {
    places.iter().map(ToString::to_string).collect::<Vec<_>>().join(joint)
}

/// An advice as phrases have it.
pub(super) const fn word(advice: Advice) -> &'static str {
    match advice {
        Advice::Go => "advised-go",
        Advice::Notice => "advised-notice",
        Advice::Conditional => "advised-conditional",
        Advice::Stop => "advised-stop",
    }
}
