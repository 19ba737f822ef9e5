//! `declare`: a supplier declares its own conformity, or a sponsor does for those that have no keys.
//!
//! Out of scope: the sheet, the questions and the list themselves (`crate::declaration`), and what a registry allows.

mod asking;
mod kept;
mod many;

use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context as _, bail};
use clap::Args;
use conformity::digest::Digest;
use conformity::handle;
use conformity::identifiers::Identifier;
use conformity::ids::{CountryCode, LevelCode, SchemeRef, VerdictId, VerdictRef};
use conformity::statement::Claim;
use conformity::text::Text;
use conformity::time::Day;
use conformity::verdict::{AssessedObject, Profile, Snapshot, Supplier};
use conformity::viewpoint::{ObjectKind, Viewpoint};
use serde::{Deserialize, Serialize};

use super::context::{Context, read_input, wait};
use super::credential::Order;
use super::standing::escape;
use super::submission::Speaker;
use crate::client::{ClientError, Connection, read_json};
use crate::clock::{Clock, SystemClock};
use crate::declaration::{About, Left, NotReady, Question, Sheet, Supplied, Tongue, walk};
use asking::Asked;
use kept::Kept;

/// Most bytes of a mandate.
const MAX_MANDATE: u64 = 64 * 1024 * 1024;

/// Declare your own conformity under a scheme that admits it
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  registry-node --as works-1 declare --scheme demo@1 --scope \"Repair of payment terminals\" --language ja
  registry-node --as works-1 declare --scheme demo@1 --scope \"Repair of payment terminals\" --answers answers.json --yes
  registry-node --as coop declare --scheme demo@1 --supplier local:members:8 --supplier-name \"Workshop 8\" --country JP \\
    --mandate signed.pdf --scope \"Repair\" --answers workshop-8.json --yes
  registry-node --as coop declare --scheme demo@1 --csv members.csv --viewpoint organization

On a terminal it asks requirement by requirement; q leaves, and the same command goes on where you left. Without one, the answers
come from the file, {\"scheme\", \"about\", \"answers\": {document: {requirement: {\"outcome\": met, partly-met, not-met or
not-applicable, \"note\"}}}}, and --yes signs. What your verdicts cover is filled in. The answers are kept back: they go into the
credential, never into the log. Where the declaration awaits an expert, run the command again once it is confirmed.

The first line of a CSV names its columns: verdict, supplier, name, country, scope, mandate (SHA-256 of the signed paper) and, if
needed, object, level, exclusions (parted by ;), upgrades, person (yes: a natural person, who goes by the identifier; the name stays
empty). Bad lines are told by number, the others submitted.")]
pub(super) struct Declare {
    /// Scheme, id@version
    #[arg(long)]
    scheme: SchemeRef,
    /// File with the answers [default: declare-<scheme>.json beside the credentials]
    #[arg(long, value_name = "FILE", conflicts_with = "csv")]
    answers: Option<PathBuf>,
    /// List of those for whom you declare as their sponsor
    #[arg(long, value_name = "FILE", conflicts_with_all = ["supplier", "verdict", "scope", "level", "exclusion", "upgrades"])]
    csv: Option<PathBuf>,
    #[command(flatten)]
    what: What,
    #[command(flatten)]
    sponsored: Sponsored,
    /// In which language it asks: en or ja
    #[arg(long, default_value = "en", value_parser = tongue)]
    language: Tongue,
    /// Sign without asking
    #[arg(long)]
    yes: bool,
}

/// What is declared; kept in the file with the answers.
#[derive(Debug, Clone, Args)]
struct What {
    /// Id of the declaration [default: a new one]
    #[arg(long)]
    verdict: Option<VerdictId>,
    /// organization, site, process, product, service or person [default: organization]
    #[arg(long, value_name = "KIND")]
    object: Option<ObjectKind>,
    /// What it is about [default: the supplier's name]
    #[arg(long, value_name = "NAME")]
    object_name: Option<Text<256>>,
    /// organization, process, people-and-things [default: all of the scheme]
    #[arg(long, value_delimiter = ',', value_name = "VIEWPOINTS")]
    viewpoint: Vec<Viewpoint>,
    /// Level, one of those that the scheme leaves to declarations
    #[arg(long)]
    level: Option<LevelCode>,
    /// What it covers, in words
    #[arg(long, value_name = "TEXT")]
    scope: Option<Text<1024>>,
    /// What it does not cover; may be given again
    #[arg(long, value_name = "TEXT")]
    exclusion: Vec<Text<256>>,
    /// Show it only to whom the registry lets see it
    #[arg(long)]
    restricted: bool,
    /// Let it count only once an expert confirmed it
    #[arg(long)]
    await_expert: bool,
    /// Id of your earlier declaration whose place it takes
    #[arg(long, value_name = "VERDICT")]
    upgrades: Option<VerdictId>,
}

/// For whom a sponsor declares.
#[derive(Debug, Clone, Args)]
struct Sponsored {
    /// Identifier of the supplier for which you declare as its sponsor
    #[arg(long, value_name = "KIND:VALUE", requires_all = ["country", "mandate"])]
    supplier: Option<Identifier>,
    /// Its name
    #[arg(long, value_name = "NAME", requires = "supplier", conflicts_with = "person")]
    supplier_name: Option<Text<256>>,
    /// It is a natural person, who stands in the log by the identifier alone
    #[arg(long, requires = "supplier")]
    person: bool,
    /// Where it is established
    #[arg(long, requires = "supplier")]
    country: Option<CountryCode>,
    /// The paper by which it lets you, signed; only its digest leaves this machine
    #[arg(long, value_name = "FILE", requires = "supplier")]
    mandate: Option<PathBuf>,
}

/// What came of it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Came {
    verdict: VerdictId,
    /// Whether the declaration is signed.
    signed: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    entry: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    state: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    credential: Option<PathBuf>,
    next: &'static str,
}

impl Declare {
    pub(super) fn run(self, context: &Context) -> anyhow::Result<ExitCode> {
        let speaker = Speaker::open(context)?;
        match &self.csv {
            Some(list) => many::submit(context, &speaker, &self, list),
            None => self.one(context, &speaker),
        }
    }

    fn one(&self, context: &Context, speaker: &Speaker) -> anyhow::Result<ExitCode> {
        let usual = || context.credentials_folder().join(format!("declare-{}.json", self.scheme));
        let kept = Kept::hold(&self.answers.clone().unwrap_or_else(usual))?;
        let asked = wait(async { Asked::of(speaker, &mut speaker.connect().await?, &self.scheme).await })?;
        let whom = self.whom(&asked)?;
        let mut sheet = self.sheet(kept.read()?, &asked, &whom)?;
        if sheet.signed.is_none() {
            let supplier = &whom.supplier.id;
            let questions = wait(async { asked.questions(&mut speaker.connect().await?, supplier).await })?;
            sheet.prefill(&questions);
            kept.keep(&sheet)?;
            if let Some(left) = self.fill(context, &kept, &mut sheet, &questions)? {
                return context.answer(&left, render);
            }
            let verdict = sheet.verdict(whom, &asked.terms, Day::of(SystemClock.now()));
            self.agreed(context, &sheet, &verdict)?;
            let signed = speaker.sign(None, Claim::VerdictGranted(Arc::new(verdict)))?;
            sheet.signed = Some(std::str::from_utf8(signed.compact())?.to_owned());
            kept.keep(&sheet)?;
        }
        let came = wait(async { sent(speaker, &kept, &mut sheet).await })?;
        context.answer(&came, render)
    }

    /// The supplier itself as it is registered, or whom the sponsor names.
    fn whom(&self, asked: &Asked) -> anyhow::Result<Supplied> {
        let Sponsored { supplier, supplier_name, person, country, mandate } = self.sponsored.clone();
        if let (Some(id), Some(mandate)) = (supplier, mandate) {
            let name = match (supplier_name, person) {
                (Some(name), _) => name,
                (None, true) => handle::name_of(&id)?,
                (None, false) => {
                    bail!("say with --supplier-name what it is called, or --person if it is a natural person")
                }
            };
            let mandate = Some(Digest::of(&read_input(&mandate, MAX_MANDATE)?));
            return Ok(Supplied { supplier: Supplier { id, name, country, others: Vec::new(), person }, mandate });
        }
        let party = &asked.party;
        let mut identifiers = party.identifiers.clone().into_iter();
        let id = identifiers.next().context("you are registered without an identifier; ask the operator for one")?;
        let (name, country, others) = (party.name.clone(), party.country.clone(), identifiers.collect());
        Ok(Supplied { supplier: Supplier { id, name, country, others, person: party.person }, mandate: None })
    }

    /// The sheet that was begun, or a new one; flags say what is to be another way than it was.
    fn sheet(&self, begun: Option<Sheet>, asked: &Asked, whom: &Supplied) -> anyhow::Result<Sheet> {
        let what = self.what.clone();
        let mut sheet = match begun {
            Some(sheet) if sheet.scheme != self.scheme => {
                bail!("the file holds answers for {}; choose another with --answers", sheet.scheme)
            }
            Some(sheet) if sheet.signed.is_some() => return Ok(sheet),
            Some(sheet) => sheet,
            None => Sheet {
                scheme: self.scheme.clone(),
                about: About {
                    verdict: format!("self.{}", uuid::Uuid::now_v7()).parse()?,
                    object: AssessedObject {
                        kind: ObjectKind::Organization,
                        name: whom.supplier.name.clone(),
                        version: None,
                    },
                    viewpoints: asked.viewpoints,
                    level: None,
                    scope: what.scope.clone().context("say with --scope what the declaration covers")?,
                    exclusions: Vec::new(),
                    profile: Profile::Open,
                    awaits_expert: false,
                    upgrades: None,
                },
                answers: std::collections::BTreeMap::new(),
                signed: None,
                entry: None,
            },
        };
        what.write(&mut sheet.about);
        Ok(sheet)
    }

    /// Answers what is open. Gives what came of it where the person leaves before the end.
    fn fill(
        &self,
        context: &Context,
        kept: &Kept,
        sheet: &mut Sheet,
        questions: &[Question],
    ) -> anyhow::Result<Option<Came>> {
        if self.asks(context) {
            let (mut input, mut output) = (io::stdin().lock(), io::stderr().lock());
            let mut keep = |sheet: &Sheet| kept.keep(sheet);
            let ended = walk(sheet, questions, self.language, (&mut input, &mut output), &mut keep)?;
            if ended == Left::Early {
                let next = "run the same command again to go on";
                let verdict = sheet.about.verdict.clone();
                return Ok(Some(Came { verdict, signed: false, entry: None, state: None, credential: None, next }));
            }
        }
        sheet.ready(questions).map_err(|not_ready: NotReady| anyhow::Error::from(not_ready))?;
        Ok(None)
    }

    fn asks(&self, context: &Context) -> bool {
        !context.json && !self.yes && io::stdin().is_terminal() && io::stderr().is_terminal()
    }

    /// Shows what will be signed, and asks whether it shall be.
    fn agreed(&self, context: &Context, sheet: &Sheet, verdict: &conformity::verdict::Verdict) -> anyhow::Result<()> {
        if self.yes {
            return Ok(());
        }
        if !self.asks(context) {
            bail!("nothing was signed: look at the answers, and say --yes");
        }
        let (counts, unseen) = sheet.counts();
        let mut output = io::stderr().lock();
        writeln!(output, "\n{}\n", serde_json::to_string_pretty(verdict)?)?;
        for (outcome, count) in counts {
            writeln!(output, "{outcome}: {count}")?;
        }
        writeln!(output, "filled in from your verdicts, and not looked at: {unseen}")?;
        let question = match self.language {
            Tongue::English => "This is signed and cannot be taken out of the log. Sign it? y/N: ",
            Tongue::Japanese => "署名すると記録から取り除けません。署名しますか。y/N：",
        };
        write!(output, "{question}")?;
        output.flush()?;
        let mut line = String::new();
        io::stdin().read_line(&mut line)?;
        match line.trim() {
            "y" | "yes" | "はい" => Ok(()),
            _ => bail!("nothing was signed; the answers are kept"),
        }
    }
}

impl What {
    fn write(self, about: &mut About) {
        let Self { verdict, object, object_name, viewpoint, level, scope, exclusion, .. } = self;
        about.verdict = verdict.unwrap_or_else(|| about.verdict.clone());
        about.object.kind = object.unwrap_or(about.object.kind);
        about.object.name = object_name.unwrap_or_else(|| about.object.name.clone());
        if !viewpoint.is_empty() {
            about.viewpoints = viewpoint.into_iter().collect();
        }
        about.level = level.or_else(|| about.level.clone());
        about.scope = scope.unwrap_or_else(|| about.scope.clone());
        if !exclusion.is_empty() {
            about.exclusions = exclusion;
        }
        if self.restricted {
            about.profile = Profile::Restricted;
        }
        about.awaits_expert |= self.await_expert;
        about.upgrades = self.upgrades.or_else(|| about.upgrades.clone());
    }
}

/// A verdict as the registry answers it.
#[derive(Deserialize)]
struct Answered {
    now: Snapshot,
}

/// Submits what was signed, and documents it as soon as it is in force.
async fn sent(speaker: &Speaker, kept: &Kept, sheet: &mut Sheet) -> anyhow::Result<Came> {
    let mut connection = speaker.connect().await?;
    if sheet.entry.is_none() {
        submit(speaker, kept, sheet).await?;
    }
    let verdict = sheet.about.verdict.clone();
    let reference = VerdictRef { registry: speaker.about().registry.clone(), id: verdict.clone() };
    let path = format!("/v1/verdicts/{}", escape(&reference.to_string()));
    let Answered { now } = read_json(&connection.get(&path).await?)?;
    let state = now.state.name();
    let file = kept.credential();
    let mut came =
        Came { verdict, signed: true, entry: sheet.entry, state: Some(state.to_string()), credential: None, next: "" };
    if !state.is_in_force() {
        came.next = "once it is in force, run the same command again: it makes the credential that holds the answers";
    } else if sheet.answers.is_empty() {
        came.next = "the scheme asked nothing, so that there is no credential";
    } else {
        if !file.exists() {
            document(speaker, &mut connection, sheet, &file).await?;
        }
        came.credential = Some(file);
        came.next = "show parts of it with `registry-node credential present`";
    }
    Ok(came)
}

/// Sends the same statement until the registry has answered. One that it refuses is forgotten, so that another can be signed.
async fn submit(speaker: &Speaker, kept: &Kept, sheet: &mut Sheet) -> anyhow::Result<()> {
    let signed = sheet.signed.clone().context("it is not signed yet")?;
    let answer = speaker.submit(&speaker.signed_before(signed.into())?, &[]).await;
    let refused = answer.as_ref().err().and_then(|error| error.downcast_ref::<ClientError>());
    if matches!(refused, Some(ClientError::Problem { status: 400..500, .. })) {
        sheet.signed = None;
        kept.keep(sheet)?;
    }
    sheet.entry = Some(answer?.index);
    kept.keep(sheet)
}

async fn document(speaker: &Speaker, connection: &mut Connection, sheet: &Sheet, out: &Path) -> anyhow::Result<()> {
    let order = Order {
        verdict: sheet.about.verdict.clone(),
        assessed: Day::of(SystemClock.now()),
        holder: None,
        certificates: Vec::new(),
        jti: None,
        detail: sheet.detail(),
    };
    let issued = order.issue(speaker, connection, out).await;
    if issued.is_err() {
        // What the registry did not take documents nothing.
        let _ = std::fs::remove_file(out);
    }
    issued.map(drop)
}

fn render(came: &Came) -> String {
    let head = match (&came.entry, &came.state) {
        (Some(entry), Some(state)) => format!("{} declared, entry {entry}; it is {state}", came.verdict),
        _ => format!("{} is not signed yet; the answers are kept", came.verdict),
    };
    let credential = came.credential.iter().map(|file| format!("credential: {}", file.display()));
    std::iter::once(head).chain(credential).chain([came.next.to_owned()]).collect::<Vec<_>>().join("\n")
}

fn tongue(text: &str) -> Result<Tongue, String> {
    match text {
        "en" => Ok(Tongue::English),
        "ja" => Ok(Tongue::Japanese),
        _ => Err("say en or ja".to_owned()),
    }
}
