//! `import`: lists and documents that others publish.

pub(super) mod bulk;
mod crosswalk;
pub(super) mod held;
mod profile;

use std::fs::File;
use std::io::Read;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use clap::{Args, Subcommand};
use conformity::document::DocumentKind;
use conformity::ids::DocumentRef;
use conformity::text::Text;
use conformity::time::Day;
use conformity::words::{Language, Params, label};
use serde::Serialize;
use serde_json::json;

use super::context::{Context, read_input, wait, word};
use super::submission::{Receipt, Speaker};
use crate::clock::{Clock, SystemClock};
use crate::import::{
    Counts, DocumentOrder, Mapping, Occasion, Planned, RowRefusal, SectionCounts, Status, document, example, preset,
    preset_names, register,
};
use bulk::{Outcome, attachments, submit};
use crosswalk::ImportCrosswalk;
use held::Held;

/// Reasons that are shown to people; `--json` shows every row.
const SHOWN: usize = 20;
/// Largest mapping file.
const MAX_MAPPING: u64 = 1024 * 1024;

/// Import lists of verdicts, requirements documents, and crosswalks between them
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  registry-node --registry us import register --preset fedramp --retrieved 2026-11-20 marketplace.json
  registry-node --registry eu import register --map our-list.toml list.csv --dry-run
  registry-node --registry us import document sp800-171.json --document nist-sp-800-171@r3 --owner NIST
  registry-node --registry us import crosswalk olir.yaml --crosswalk olir-155@2023 --source nist-sp-800-53@r5 \
    --target iso-iec-27001@2022 --owner NIST --issued 2023-10-12")]
pub(super) struct Imports {
    #[command(subcommand)]
    command: ImportCommand,
}

#[derive(Debug, Subcommand)]
enum ImportCommand {
    Register(ImportRegister),
    Document(ImportDocument),
    Crosswalk(ImportCrosswalk),
}

/// Transcribe the verdicts of a list: CSV, JSON or HTML
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  registry-node --registry eu import register --preset common-criteria --retrieved 2026-11-20 certified_products.csv
  registry-node --registry eu import register --preset common-criteria --status historical archived_products.csv
  registry-node --registry eu import register --map our-list.toml list.csv --dry-run

The operator signs. Each verdict says that it was transcribed, from which row of which list, when; it never counts as
decided here. That an authority accepted a verdict as evidence is recorded in the verdict's history and recognises nothing.
What became of every row is told: rows = verdicts + history + evidence + suppliers + refusals. A second import of the same
list changes nothing.")]
struct ImportRegister {
    /// The list
    file: PathBuf,
    /// Mapping of its columns
    #[arg(long, value_name = "MAPPING.TOML", required_unless_present = "preset")]
    map: Option<PathBuf>,
    /// Mapping that comes with this program: cmvp, common-criteria, eucc, fedramp, gleif and others
    #[arg(long, value_name = "NAME", conflicts_with = "map")]
    preset: Option<String>,
    /// Where it was fetched, if not from where the mapping says
    #[arg(long, value_name = "URL")]
    source: Option<Text<1024>>,
    /// The day on which it was fetched [default: today]
    #[arg(long, value_name = "DAY")]
    retrieved: Option<Day>,
    /// What the whole file says of its rows: valid, suspended, withdrawn, historical
    #[arg(long)]
    status: Option<Status>,
    /// Say what would happen, and do nothing
    #[arg(long)]
    dry_run: bool,
}

/// Publish a requirements document: from an OSCAL catalogue (JSON, XML), a framework of CISO Assistant (YAML), or an OSCAL profile
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  registry-node --registry us import document sp800-171.json --document nist-sp-800-171@r3 --owner NIST
  registry-node --registry jp import document --example common-requirements --document common-requirements@1 --owner \"Our ministry\"
  registry-node --registry us import document cmmc-2.0.yaml --document cmmc@2.0 --owner DoD
  registry-node --registry jp import document --profile payment.json --document payment-profile@1 --owner \"Our ministry\"

A catalogue is attached, byte for byte as it was published; of a framework of CISO Assistant its numbers and structure only. A profile is
resolved against the catalogues of the documents that it imports, which are published already; with the document come crosswalks that say
how far meeting it meets those.")]
struct ImportDocument {
    #[command(flatten)]
    from: From,
    /// The file is an OSCAL profile (JSON) of documents that are published here: resolve it
    #[arg(long)]
    profile: bool,
    /// The document that a profile means by an address of somebody else, id@version
    #[arg(long, value_name = "DOCUMENT", requires = "profile")]
    tailors: Option<DocumentRef>,
    /// Id and version here, id@version
    #[arg(long)]
    document: DocumentRef,
    /// Who publishes it
    #[arg(long)]
    owner: Text<256>,
    /// requirements or guideline
    #[arg(long, value_parser = word::<DocumentKind>, default_value = "requirements")]
    kind: DocumentKind,
    /// Where it is published
    #[arg(long, value_name = "URL")]
    source: Option<Text<1024>>,
    /// Its title, if not the catalogue's
    #[arg(long)]
    title: Option<Text<256>>,
    /// Say what would happen, and do nothing
    #[arg(long)]
    dry_run: bool,
}

impl Imports {
    pub(super) fn run(self, context: &Context) -> anyhow::Result<ExitCode> {
        match self.command {
            ImportCommand::Register(command) => command.run(context),
            ImportCommand::Document(command) => command.run(context),
            ImportCommand::Crosswalk(command) => command.run(context),
        }
    }
}

impl ImportRegister {
    fn run(self, context: &Context) -> anyhow::Result<ExitCode> {
        let mapping = self.mapping()?;
        let today = Day::of(SystemClock.now());
        let retrieved = self.retrieved.unwrap_or(today);
        let occasion = Occasion { source: self.source, retrieved, today, status: self.status };
        let file = File::open(&self.file).with_context(|| format!("cannot read {}", self.file.display()))?;
        let held = Held::open(context)?;
        let plan = register(file, &mapping, &occasion, &held)?;
        held.whole()?;
        let submitted = if self.dry_run { None } else { Some(submit(context, &plan.claims)?) };
        let report = Report {
            list: mapping.list(),
            rows: plan.accounts.counts(),
            sections: plan.accounts.by_section(),
            refusals: plan.accounts.report().collect(),
            statements: plan.claims.len(),
            submitted,
        };
        report.answer(context)
    }

    fn mapping(&self) -> anyhow::Result<Mapping> {
        match (&self.map, &self.preset) {
            (Some(path), _) => {
                let text = String::from_utf8(read_input(path, MAX_MAPPING)?)?;
                Mapping::parse(&text).with_context(|| format!("{} is no mapping", path.display()))
            }
            (None, Some(name)) => Ok(preset(name)?),
            (None, None) => bail!("name a mapping with --map, or one of these with --preset: {}", known_presets()),
        }
    }
}

fn known_presets() -> String {
    preset_names().collect::<Vec<_>>().join(", ")
}

/// What an import of a list came to.
#[derive(Debug, Serialize)]
struct Report<'a> {
    list: &'a str,
    rows: Counts,
    /// The same of each section, where the list has sections.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    sections: Vec<SectionCounts>,
    refusals: Vec<RowRefusal>,
    /// Statements that the list calls for.
    statements: usize,
    /// What became of them; absent when it was only asked.
    submitted: Option<Outcome>,
}

impl Report<'_> {
    fn answer(&self, context: &Context) -> anyhow::Result<ExitCode> {
        context.answer(self, |report| report.render(context.language))?;
        let refused = self.submitted.as_ref().is_some_and(|outcome| !outcome.refused.is_empty());
        Ok(if refused { ExitCode::FAILURE } else { ExitCode::SUCCESS })
    }

    fn render(&self, language: Language) -> String {
        let Counts { new, changed, unchanged, .. } = self.rows;
        let verdicts = Params::default().with("new", new).with("changed", changed).with("unchanged", unchanged);
        let mut lines = vec![rows(self.list, &self.rows, language)];
        lines.extend(self.sections.iter().map(|one| format!("  {}", rows(&one.section, &one.counts, language))));
        lines.push(label("import-verdicts", language, &verdicts.with("statements", self.statements)));
        lines.extend(grouped(&self.refusals, language));
        lines.push(self.submitted.as_ref().map_or_else(|| tried(language), |outcome| outcome.render(language)));
        lines.join("\n")
    }
}

/// What rows became: the numbers behind the equals sign add up to the one before it.
fn rows(of: &str, counts: &Counts, language: Language) -> String {
    let Counts { rows, verdicts, history, evidence, suppliers, refused, .. } = counts;
    let params = Params::default().with("of", of).with("rows", rows).with("verdicts", verdicts);
    let params = params.with("history", history).with("evidence", evidence);
    label("import-rows", language, &params.with("suppliers", suppliers).with("refused", refused))
}

/// That it was only asked what would happen.
fn tried(language: Language) -> String {
    label("import-tried", language, &Params::default())
}

/// What became of something that is published.
fn became(receipt: Option<&Receipt>, dry_run: bool, language: Language) -> String {
    match receipt {
        Some(Receipt { index, .. }) => label("import-published", language, &Params::default().with("index", index)),
        None if dry_run => tried(language),
        None => label("import-there", language, &Params::default()),
    }
}

/// Rows that a line of a report names.
const ROWS_SHOWN: usize = 10;

/// Refusals by reason: how many rows, and which, as far as they are few.
fn grouped(refusals: &[RowRefusal], language: Language) -> Vec<String> {
    let mut groups: Vec<(&RowRefusal, Vec<String>)> = Vec::new();
    for refusal in refusals {
        let section = refusal.place.section.as_ref().map_or_else(String::new, |name| format!("{name}/"));
        let place = format!("{section}{}", refusal.place.row);
        match groups.iter_mut().find(|(first, _)| (first.code, &first.why) == (refusal.code, &refusal.why)) {
            Some((_, places)) => places.push(place),
            None => groups.push((refusal, vec![place])),
        }
    }
    let line = |(first, places): &(&RowRefusal, Vec<String>)| {
        let shown = places.iter().take(ROWS_SHOWN).map(String::as_str).collect::<Vec<_>>().join(", ");
        let params = Params::default().with("count", places.len()).with("code", first.code);
        let more = places.len().checked_sub(ROWS_SHOWN).filter(|more| *more > 0);
        let params = more.into_iter().fold(params.with("rows", shown), |params, more| params.with("more", more));
        format!("  {}: {}", label("import-refused", language, &params), first.why)
    };
    let more = groups.len().checked_sub(SHOWN).filter(|more| *more > 0);
    let more = more.map(|more| label("import-more-reasons", language, &Params::default().with("more", more)));
    groups.iter().take(SHOWN).map(line).chain(more.map(|more| format!("  {more}"))).collect()
}

/// A file, or an example that comes with this program.
#[derive(Debug, Args)]
struct From {
    /// The file
    #[arg(required_unless_present = "example")]
    file: Option<PathBuf>,
    /// An example that comes with this program, to publish or to learn from: common-requirements, common-to-nist-csf-2.0 and others
    #[arg(long, value_name = "NAME", conflicts_with = "file")]
    example: Option<String>,
}

impl From {
    fn open(&self) -> anyhow::Result<Box<dyn Read>> {
        match (&self.file, &self.example) {
            (Some(file), _) => {
                Ok(Box::new(File::open(file).with_context(|| format!("cannot read {}", file.display()))?))
            }
            (None, Some(name)) => Ok(Box::new(example(name)?.as_bytes())),
            (None, None) => bail!("name a file, or an example with --example"),
        }
    }
}

impl ImportDocument {
    fn run(self, context: &Context) -> anyhow::Result<ExitCode> {
        let order = DocumentOrder {
            document: self.document.clone(),
            owner: self.owner,
            kind: self.kind,
            source: self.source,
            title: self.title,
        };
        let file = self.from.open()?;
        let held = Held::open(context)?;
        if self.profile {
            return profile::run(context, file, &order, self.tailors.as_ref(), held, self.dry_run);
        }
        let plan = document(file, &order, &held)?;
        held.whole()?;
        let (requirements, withdrawn) = (plan.catalogue.in_force(), plan.catalogue.withdrawn());
        let receipt = match plan.claim {
            Some(planned) if !self.dry_run => Some(submit_one(context, &planned)?),
            _ => None,
        };
        let answer = json!({
            "document": self.document, "requirements": requirements, "withdrawn": withdrawn,
            "attachment": plan.digest, "receipt": receipt,
        });
        context.answer(&answer, |_| {
            let became = became(receipt.as_ref(), self.dry_run, context.language);
            let params = Params::default().with("document", &self.document).with("requirements", requirements);
            label("import-document", context.language, &params.with("withdrawn", withdrawn).with("became", became))
        })
    }
}

fn submit_one(context: &Context, planned: &Planned) -> anyhow::Result<Receipt> {
    let speaker = Speaker::open(context)?;
    let signed = speaker.sign(Some(planned.jti.clone()), planned.claim.clone())?;
    wait(speaker.submit(&signed, &attachments(planned)))
}
