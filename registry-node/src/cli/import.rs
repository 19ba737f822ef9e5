//! `import`: lists and documents that others publish.

use std::cell::RefCell;
use std::collections::HashMap;
use std::fs::File;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context as _, bail};
use bytes::Bytes;
use clap::{Args, Subcommand};
use conformity::document::{Document, DocumentKind};
use conformity::ids::{DocumentRef, RegistryId, SchemeRef, VerdictId, VerdictRef};
use conformity::scheme::Scheme;
use conformity::text::Text;
use conformity::time::Day;
use conformity::verdict::{HistoryItem, Snapshot, Verdict, VerdictRecord};
use ledger::jws::Verified;
use serde::{Deserialize, Serialize};
use serde_json::json;
use tokio::runtime::Runtime;

use super::context::{Context, all, read_input, word};
use super::output;
use super::standing::escape;
use super::submission::{PATH, Receipt, Speaker, line};
use crate::client::{ClientError, Connection, read_json};
use crate::clock::{Clock, SystemClock};
use crate::import::{
    Counts, DocumentOrder, Holdings, Mapping, Occasion, Planned, RowRefusal, Status, document, preset, preset_names,
    register,
};

/// Statements in one request.
const BATCH: usize = 500;
/// Bytes in one request, unless a single statement needs more.
const BATCH_BYTES: usize = 8 * 1024 * 1024;
/// Reasons that are shown to people; `--json` shows every row.
const SHOWN: usize = 20;
/// Largest mapping file.
const MAX_MAPPING: u64 = 1024 * 1024;

/// Import lists of verdicts, and requirements documents
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  registry-node --registry us import register --preset fedramp --retrieved 2026-11-20 marketplace.json
  registry-node --registry eu import register --map our-list.toml list.csv --dry-run
  registry-node --registry us import document sp800-171.json --document nist-sp-800-171@r3 --owner NIST")]
pub(super) struct Imports {
    #[command(subcommand)]
    command: ImportCommand,
}

#[derive(Debug, Subcommand)]
enum ImportCommand {
    Register(ImportRegister),
    Document(ImportDocument),
}

/// Transcribe the verdicts of a list: CSV, JSON or HTML
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  registry-node --registry eu import register --preset common-criteria --retrieved 2026-11-20 certified_products.csv
  registry-node --registry eu import register --preset common-criteria --status historical archived_products.csv
  registry-node --registry eu import register --map our-list.toml list.csv --dry-run

The operator signs. Each verdict says that it was transcribed, from which row of which list, when; it never counts as
decided here. What became of every row is told: rows = verdicts + history + evidence + suppliers + refusals. A second
import of the same list changes nothing.")]
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

/// Publish a requirements document from its OSCAL catalogue, JSON or XML
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  registry-node --registry us import document sp800-171.json --document nist-sp-800-171@r3 --owner NIST

The catalogue is attached, byte for byte as it was published.")]
struct ImportDocument {
    /// The catalogue
    file: PathBuf,
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
        }
    }
}

/// What a submission of many came to.
#[derive(Debug, Default, Serialize)]
struct Outcome {
    /// Statements that the log did not hold.
    appended: usize,
    /// Statements that it held already.
    repeated: usize,
    /// Statements that the registry refused.
    refused: Vec<Refused>,
}

#[derive(Debug, Serialize)]
struct Refused {
    statement: String,
    code: String,
    why: String,
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
    refusals: Vec<RowRefusal>,
    /// Statements that the list calls for.
    statements: usize,
    /// What became of them; absent when it was only asked.
    submitted: Option<Outcome>,
}

impl Report<'_> {
    fn answer(&self, context: &Context) -> anyhow::Result<ExitCode> {
        context.answer(self, |report| report.render())?;
        let refused = self.submitted.as_ref().is_some_and(|outcome| !outcome.refused.is_empty());
        Ok(if refused { ExitCode::FAILURE } else { ExitCode::SUCCESS })
    }

    fn render(&self) -> String {
        let Counts { rows, verdicts, history, evidence, suppliers, refused, new, changed, unchanged } = self.rows;
        let mut lines = vec![
            format!(
                "{}: {rows} rows = {verdicts} verdicts + {history} history + {evidence} evidence + {suppliers} suppliers + {refused} refused",
                self.list
            ),
            format!("verdicts: {new} new, {changed} changed, {unchanged} unchanged; {} statements", self.statements),
        ];
        lines.extend(grouped(&self.refusals));
        lines.push(
            self.submitted.as_ref().map_or_else(|| "nothing was submitted (--dry-run)".to_owned(), Outcome::render),
        );
        lines.join("\n")
    }
}

/// Refusals by reason: how many rows, and the first of them.
fn grouped(refusals: &[RowRefusal]) -> Vec<String> {
    let mut groups: Vec<(&RowRefusal, usize)> = Vec::new();
    for refusal in refusals {
        match groups.iter_mut().find(|(first, _)| (first.code, &first.why) == (refusal.code, &refusal.why)) {
            Some((_, count)) => *count += 1,
            None => groups.push((refusal, 1)),
        }
    }
    let line = |(first, count): &(&RowRefusal, usize)| {
        let section = first.place.section.as_ref().map_or_else(String::new, |name| format!("{name}/"));
        format!("  {count} refused ({}), first in row {section}{}: {}", first.code, first.place.row, first.why)
    };
    let more = groups.len().checked_sub(SHOWN).filter(|more| *more > 0);
    let more = more.map(|more| format!("  and {more} more reasons; --json lists every row"));
    groups.iter().take(SHOWN).map(line).chain(more).collect()
}

impl Outcome {
    fn render(&self) -> String {
        let mut lines = vec![format!(
            "submitted: {} appended, {} there already, {} refused; all proofs checked",
            self.appended,
            self.repeated,
            self.refused.len()
        )];
        lines.extend(
            self.refused.iter().take(SHOWN).map(|one| format!("  {}: {} ({})", one.statement, one.why, one.code)),
        );
        lines.join("\n")
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
        let file = File::open(&self.file).with_context(|| format!("cannot read {}", self.file.display()))?;
        let held = Held::open(context)?;
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
            let became = match &receipt {
                Some(Receipt { index, .. }) => format!("published at entry {index}"),
                None if self.dry_run => "nothing was submitted (--dry-run)".to_owned(),
                None => "it is there already".to_owned(),
            };
            format!("{}: {requirements} requirements ({withdrawn} withdrawn); {became}", self.document)
        })
    }
}

fn submit_one(context: &Context, planned: &Planned) -> anyhow::Result<Receipt> {
    let speaker = Speaker::open(context)?;
    let signed = speaker.sign(Some(planned.jti.clone()), planned.claim.clone())?;
    super::context::wait(speaker.submit(&signed, &attachments(planned)))
}

fn attachments(planned: &Planned) -> Vec<Bytes> {
    planned.attachment.iter().cloned().map(Bytes::from).collect()
}

/// Signs and submits in order, many at a time.
fn submit(context: &Context, claims: &[Planned]) -> anyhow::Result<Outcome> {
    let speaker = Speaker::open(context)?;
    let progress = output::progress(claims.len() as u64, "submitting", context.json);
    let mut outcome = Outcome::default();
    super::context::wait(async {
        let mut connection = speaker.connect().await?;
        let mut batch = Batch::default();
        for planned in claims {
            let signed = speaker.sign(Some(planned.jti.clone()), planned.claim.clone())?;
            if !batch.takes(signed.compact().len()) {
                progress.inc(std::mem::take(&mut batch).send(&speaker, &mut connection, &mut outcome).await?);
            }
            batch.push(planned, signed)?;
        }
        progress.inc(batch.send(&speaker, &mut connection, &mut outcome).await?);
        Ok(())
    })?;
    progress.finish_and_clear();
    Ok(outcome)
}

/// Statements of one request.
#[derive(Default)]
struct Batch {
    body: Vec<u8>,
    signed: Vec<(String, Verified)>,
}

/// An answer to a line: a receipt or a problem.
#[derive(Deserialize)]
#[serde(untagged)]
enum Answer {
    Receipt(Receipt),
    Problem { r#type: String, detail: String },
}

impl Batch {
    fn takes(&self, bytes: usize) -> bool {
        self.signed.is_empty() || (self.signed.len() < BATCH && self.body.len() + bytes < BATCH_BYTES)
    }

    fn push(&mut self, planned: &Planned, signed: Verified) -> anyhow::Result<()> {
        self.body.extend(line(&signed, &attachments(planned))?);
        self.body.push(b'\n');
        self.signed.push((planned.jti.to_string(), signed));
        Ok(())
    }

    async fn send(self, speaker: &Speaker, connection: &mut Connection, outcome: &mut Outcome) -> anyhow::Result<u64> {
        if self.signed.is_empty() {
            return Ok(0);
        }
        let answers = connection.post(PATH, "application/x-ndjson", self.body.into()).await?;
        let lines = answers.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
        let answers: Vec<Answer> = lines.map(read_json).collect::<Result<_, _>>()?;
        for ((id, signed), answer) in self.signed.iter().zip(&answers) {
            match answer {
                Answer::Receipt(receipt) => {
                    speaker.check(signed, receipt)?;
                    if receipt.repeated { outcome.repeated += 1 } else { outcome.appended += 1 }
                }
                Answer::Problem { r#type, detail } => outcome.refused.push(Refused {
                    statement: id.clone(),
                    code: r#type.rsplit('#').next().unwrap_or_default().to_owned(),
                    why: detail.clone(),
                }),
            }
        }
        anyhow::ensure!(
            answers.len() == self.signed.len(),
            "the registry answered {} of {} statements; run the same import again, it goes on where it stopped",
            answers.len(),
            self.signed.len()
        );
        Ok(answers.len() as u64)
    }
}

/// What the registry holds, asked over HTTP when an import wants to know.
struct Held {
    registry: RegistryId,
    runtime: Runtime,
    connection: RefCell<Connection>,
    schemes: HashMap<SchemeRef, Arc<Scheme>>,
    documents: HashMap<DocumentRef, Arc<Document>>,
    /// What kept a question from being answered: then nothing that was planned counts.
    broken: RefCell<Option<ClientError>>,
}

#[derive(Deserialize)]
struct HeldScheme {
    #[serde(flatten)]
    scheme: Arc<Scheme>,
}

#[derive(Deserialize)]
struct HeldDocument {
    #[serde(flatten)]
    document: Arc<Document>,
}

#[derive(Deserialize)]
struct HeldVerdict {
    terms: Arc<Verdict>,
    now: Snapshot,
    history: Vec<HistoryItem>,
}

impl Held {
    fn open(context: &Context) -> anyhow::Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let registry = context.credentials()?.about.registry;
        let client = context.reader()?;
        let (connection, schemes, documents) = runtime.block_on(async {
            let mut connection = client.connect().await?;
            let schemes: Vec<HeldScheme> = all(&mut connection, "/v1/schemes", "schemes").await?;
            let documents: Vec<HeldDocument> = all(&mut connection, "/v1/documents", "documents").await?;
            anyhow::Ok((connection, schemes, documents))
        })?;
        Ok(Self {
            registry,
            runtime,
            connection: RefCell::new(connection),
            schemes: schemes.into_iter().map(|held| (held.scheme.scheme.clone(), held.scheme)).collect(),
            documents: documents.into_iter().map(|held| (held.document.document.clone(), held.document)).collect(),
            broken: RefCell::new(None),
        })
    }

    /// Whether every question was answered.
    fn whole(self) -> anyhow::Result<()> {
        match self.broken.into_inner() {
            None => Ok(()),
            Some(error) => Err(error).context("the registry could not say what it holds; nothing was submitted"),
        }
    }

    fn ask(&self, id: &VerdictId) -> Result<Option<HeldVerdict>, ClientError> {
        let verdict = VerdictRef { registry: self.registry.clone(), id: id.clone() };
        let path = format!("/v1/verdicts/{}", escape(&verdict.to_string()));
        match self.runtime.block_on(self.connection.borrow_mut().get(&path)) {
            Ok(answer) => read_json(&answer).map(Some),
            Err(ClientError::Problem { status: 404, .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }
}

impl Holdings for Held {
    fn verdict(&self, id: &VerdictId) -> Option<Arc<VerdictRecord>> {
        if self.broken.borrow().is_some() {
            return None;
        }
        match self.ask(id) {
            Ok(held) => held.map(|HeldVerdict { terms, now, history }| Arc::new(VerdictRecord { terms, now, history })),
            Err(error) => {
                *self.broken.borrow_mut() = Some(error);
                None
            }
        }
    }

    fn scheme(&self, scheme: &SchemeRef) -> Option<Arc<Scheme>> {
        self.schemes.get(scheme).cloned()
    }

    fn document(&self, document: &DocumentRef) -> Option<Arc<Document>> {
        self.documents.get(document).cloned()
    }
}
