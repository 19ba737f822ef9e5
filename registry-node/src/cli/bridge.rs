//! `bridge`: documents of a trading network, answered on this machine; the registry is asked about partners alone.
//!
//! In scope: the commands, and what they print. Out of scope: whom of a document is asked about (`crate::bridging`), asking
//! (`asking`), and folders (`watch`).

mod asking;
mod changes;
mod files;
mod news;
mod watch;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;
use bridges::{INPUT_MAX, Network};
use clap::{Args, Subcommand};
use conformity::identifiers::Identifier;
use conformity::ids::PartyId;
use conformity::words::{Language, Params, label};
use procurement::{Advice, Touch, TradingStep};
use serde::Serialize;

use super::context::{Context, read_input, wait};
use super::prove::POLICY_NOT_MET;
use super::supply_chain::word;
use crate::bridging::{Bridged, DocumentTold};
use crate::buyer::shelf::Name;
use asking::Asker;
use changes::Changes;
use changes::check::Check;
use news::News;
use watch::Watch;

/// Answer documents of a trading network: how do the partners in them stand?
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  registry-node --as buyer-1 bridge edifact --policy policy.json orders.edi --out answers
  registry-node --as buyer-1 bridge list --policy policy.json --step contract partners.csv --json
  registry-node --as buyer-1 bridge catena-x --kept parts --step contract --partner lei:5493001KJTIIGC8Y1R12 push.json
  registry-node --as buyer-1 bridge watch edifact --policy policy.json --in in --out out --refused refused
  registry-node --as van-1 bridge watch edifact --member buyer-1 --kept parts --in buyer-1/in --out buyer-1/out --refused buyer-1/refused
  registry-node --as buyer-1 bridge changes --out changes --watchlist parts

Documents stay on this machine: the registry is asked about each partner, at each step, and about nothing else. Partners are those on the
other side of the trade than --own; without it, those who sell.

Exit codes: 0 to go on, with a notice at most; 5 where one partner is to be stopped, or gone on with under conditions only; 1 if
something went wrong, such as a document that is broken; 2 for a command line that is not understood.")]
pub(super) struct Bridge {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Answer interchanges of UN/EDIFACT
    #[command(
        after_help = "Example:\n  registry-node --as buyer-1 bridge edifact --policy policy.json --own gln:5400110000009 orders.edi --out answers"
    )]
    Edifact(Files),
    /// Answer documents of UBL 2, as Peppol carries them
    #[command(after_help = "Example:\n  registry-node --as buyer-1 bridge ubl --kept parts order.xml --out answers")]
    Ubl(Files),
    /// Answer certificates of Catena-X (CX-0135)
    #[command(
        after_help = "Example:\n  registry-node --as buyer-1 bridge catena-x --kept parts --step contract --partner lei:5493001KJTIIGC8Y1R12 push.json"
    )]
    CatenaX(Files),
    /// Answer cross-industry documents of UN/CEFACT
    #[command(
        after_help = "Example:\n  registry-node --as buyer-1 bridge cross-industry --policy policy.json invoice.xml"
    )]
    CrossIndustry(Files),
    /// Answer lists of identifiers as CSV
    #[command(
        after_help = "Example:\n  registry-node --as buyer-1 bridge list --policy policy.json --step contract partners.csv --out answers"
    )]
    List(Files),
    Watch(Watch),
    Changes(Changes),
    Check(Check),
    News(News),
}

/// Files of one network.
#[derive(Debug, Args)]
struct Files {
    /// What to answer; - is standard input
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// Write each answer into this folder, in the network's own form
    #[arg(long, value_name = "FOLDER")]
    out: Option<PathBuf>,
    #[command(flatten)]
    by: By,
}

/// By what partners are judged.
#[derive(Debug, Args)]
struct By {
    /// The policy: JSON, or YAML where the name ends in .yaml or .yml
    #[arg(long, value_name = "FILE", conflicts_with = "kept", required_unless_present = "kept")]
    policy: Option<PathBuf>,
    /// The name of a policy that you keep at the registry
    #[arg(long, value_name = "NAME")]
    kept: Option<Name>,
    /// The party on whose behalf you ask, which let you
    #[arg(long, value_name = "PARTY")]
    member: Option<PartyId>,
    /// By what documents name you, or that party; more than once for several identifiers
    #[arg(long, value_name = "IDENTIFIER")]
    own: Vec<Identifier>,
    /// The step of documents that belong to none, such as lists and certificates
    #[arg(long)]
    step: Option<TradingStep>,
    /// How far away the partners are; 1 is a direct supplier
    #[arg(long, default_value_t = 1)]
    tier: u32,
    /// What the trade touches: confidentiality, continuity, access
    #[arg(long, value_delimiter = ',')]
    touches: Vec<Touch>,
    /// Who the partner is that the documents name by a number that no registry knows
    #[arg(long, value_name = "IDENTIFIER")]
    partner: Option<Identifier>,
}

/// What was found in one file.
#[derive(Serialize)]
struct Answered {
    file: PathBuf,
    #[serde(flatten)]
    bridged: Bridged,
}

impl Bridge {
    pub(super) fn run(self, context: &Context) -> anyhow::Result<ExitCode> {
        match self.what {
            What::Edifact(files) => files.run(Network::Edifact, context),
            What::Ubl(files) => files.run(Network::Ubl, context),
            What::CatenaX(files) => files.run(Network::CatenaX, context),
            What::CrossIndustry(files) => files.run(Network::CrossIndustry, context),
            What::List(files) => files.run(Network::List, context),
            What::Watch(watch) => watch.run(context),
            What::Changes(changes) => changes.run(context),
            What::Check(check) => check.run(context),
            What::News(news) => news.run(context),
        }
    }
}

impl Files {
    /// All files are answered before anything is written or printed.
    fn run(self, network: Network, context: &Context) -> anyhow::Result<ExitCode> {
        let asker = Asker::new(self.by, network, context)?;
        let all: Vec<Answered> = wait(async {
            let mut all = Vec::new();
            for file in self.files {
                let input = read_input(&file, INPUT_MAX as u64)?;
                let bridged = asker.bridged(&input).await;
                let bridged = bridged.with_context(|| format!("{} is not answered", file.display()))?;
                all.push(Answered { file, bridged });
            }
            Ok(all)
        })?;
        if let Some(out) = &self.out {
            std::fs::create_dir_all(out).with_context(|| format!("cannot make {}", out.display()))?;
            for one in &all {
                files::write(out, &files::stem(&one.file), &one.bridged)?;
            }
        }
        context.answer(&all, |all| all.iter().map(|one| text(one, context.language)).collect::<Vec<_>>().join("\n"))?;
        let worst = all.iter().filter_map(|one| one.bridged.advice).max();
        Ok(if worst >= Some(Advice::Conditional) { ExitCode::from(POLICY_NOT_MET) } else { ExitCode::SUCCESS })
    }
}

fn text(answered: &Answered, language: Language) -> String {
    let documents = answered.bridged.documents.iter();
    let lines = documents.flat_map(|document| document_lines(&answered.file, document, language));
    lines.collect::<Vec<_>>().join("\n")
}

fn document_lines(file: &std::path::Path, document: &DocumentTold, language: Language) -> Vec<String> {
    let reference = document.reference.as_deref().unwrap_or("-");
    let mut lines = vec![format!("{}: {} {reference}", file.display(), document.form)];
    lines.extend(document.notices.iter().map(|notice| format!("  {notice}")));
    for finding in &document.findings {
        let params = Params::default().with("partner", &finding.named).with("advice", word(finding.advice));
        lines.push(format!("  {}", label("decided", language, &params)));
        lines.push(format!("    {}", finding.explanation));
    }
    lines.extend(document.unanswered.iter().map(|why| format!("  {why}")));
    lines
}
