//! `prove`, `verify`, `policy`: everything that a verdict rests on, or that a log holds about a supplier, in one file, and checking
//! it without any registry.
//!
//! Out of scope: what is checked, see [`credential::bundle`].

use std::fmt::Write as _;
use std::num::ParseIntError;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::str::FromStr;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use bytes::Bytes;
use clap::{Args, Subcommand};
use conformity::Digest;
use conformity::identifiers::Identifier;
use conformity::ids::{SchemeRef, VerdictRef};
use conformity::key::Der;
use conformity::words::{self, Language, Params, label};
use credential::bundle::supplier::Told;
use credential::bundle::{
    Checked, Closed, Failure, Fault, Finding, KeyHistory, MAX_BUNDLE, MAX_POLICY, Policy, Question, Standing, Step,
    Verified, verify_any,
};
use jiff::Timestamp;
use ledger::log_keys::{CheckpointKeys, LogKeys};
use serde_json::json;

use super::context::{Context, read_input, wait};
use super::output;
use super::pinned::Pinned;
use super::standing::{escape, with_query};
use crate::client::{Client, ClientError};
use crate::clock::{Clock, SystemClock};
use crate::http::Code;

/// How long a registry takes between two checkpoints, and how often it is asked again.
const PUBLICATION: Duration = Duration::from_secs(1);
const ATTEMPTS: usize = 10;

/// Exit codes of `verify`, by who is to blame. 1 is anything else that goes wrong, 2 a command line that is not understood, or
/// asks something of a bundle that it is not about.
const WRONG_USAGE: u8 = 2;
pub(super) const BROKEN_BUNDLE: u8 = 3;
const MISBEHAVING_REGISTRY: u8 = 4;
pub(super) const POLICY_NOT_MET: u8 = 5;

/// Fetch everything that a verdict rests on, or that the log holds about a supplier, as one file that anybody can check offline
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  registry-node --as buyer-1 prove jp:V-1 --out bundle.json
  registry-node --as buyer-1 prove jp:V-1 --at 2026-06-30T00:00:00Z --out bundle.json
  registry-node --as supplier-1 prove --supplier lei:5493001KJTIIGC8Y1R12 --scheme demo@1 --out standing.json

The file holds what you may see: a supplier, its body and the operator get what the credential keeps back as well. --at chooses the
credential of that time; the history of the verdict is whole in any case.

With --supplier and --scheme it proves which entries are about the supplier, under all of its identifiers, or that there is none. The
registry gives that to the operator, to the supplier, and to whom the supplier consents (`consent give --standing`).")]
pub(super) struct Prove {
    /// Registry and id, such as jp:V-1
    #[arg(required_unless_present = "supplier")]
    verdict: Option<VerdictRef>,
    /// Everything about the supplier with this identifier instead
    #[arg(long, value_name = "KIND:VALUE", requires = "scheme", conflicts_with = "verdict")]
    supplier: Option<Identifier>,
    /// Under which scheme, id@version
    #[arg(long, requires = "supplier")]
    scheme: Option<SchemeRef>,
    /// Where to write it
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// With the credential of that time, about a supplier with the statements of until then [default: now]
    #[arg(long, value_name = "TIME")]
    at: Option<Timestamp>,
}

impl Prove {
    pub(super) fn run(self, context: &Context) -> anyhow::Result<ExitCode> {
        let as_of = || ("as_of", self.at.map(|at| at.to_string()));
        let path = match (&self.verdict, &self.supplier) {
            (Some(verdict), _) => {
                with_query(&format!("/v1/verdicts/{}/proof", escape(&verdict.to_string())), [as_of()])
            }
            (None, Some(supplier)) => {
                let scheme = self.scheme.as_ref().map(SchemeRef::to_string);
                let path = format!("/v1/suppliers/{}/proof", escape(&supplier.to_string()));
                with_query(&path, [("scheme", scheme), as_of()])
            }
            (None, None) => anyhow::bail!("say which verdict, or which --supplier under which --scheme"),
        };
        let bundle = wait(fetch(&context.reader()?, &path))?;
        output::write_private(&self.out, &bundle)?;
        let answer = json!({"bundle": self.out, "bytes": bundle.len()});
        let params = Params::default().with("file", self.out.display()).with("bytes", bundle.len());
        context.answer(&answer, |_| label("bytes-written", context.language, &params))
    }
}

/// Asks until a checkpoint covers what was committed a moment ago.
async fn fetch(client: &Client, path: &str) -> anyhow::Result<Bytes> {
    let mut connection = client.connect().await?;
    for _ in 1..ATTEMPTS {
        match connection.get(path).await {
            Err(ClientError::Problem { code, .. }) if code == Code::NotPublished.as_str() => {
                tokio::time::sleep(PUBLICATION).await;
            }
            answer => return Ok(answer?),
        }
    }
    Ok(connection.get(path).await?)
}

/// Check a bundle without any registry or network
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  registry-node verify bundle.json --trust policy.toml
  registry-node verify bundle.json --trust policy.toml --at 2026-06-30T00:00:00Z --json
  registry-node verify standing.json --trust policy.toml --registered
  registry-node --lang ja verify bundle.json --trust policy.toml

Says how the verdict stood at that time, or what the log held about the supplier, as the log showed it then; without --at, at the
checkpoint in the bundle. Each step is told, in the language of --lang; with --json by code and parameters, too.
Exits with 0 if all of them hold, whatever the verdict's state; else with 3 if the bundle is broken, 4 if it proves that its registry
breaks the rules, 5 if it does not fulfil the policy or answer the question.")]
pub(super) struct Verify {
    #[command(flatten)]
    check: Check,
    /// Only a bundle about a supplier that shows its registration, and so speaks of all of its identifiers
    #[arg(long)]
    registered: bool,
}

/// A bundle, and by what it is judged.
#[derive(Debug, Args)]
pub(super) struct Check {
    /// The bundle; - for standard input
    bundle: PathBuf,
    /// Whom you trust; see `registry-node policy init`
    #[arg(long, value_name = "FILE")]
    trust: PathBuf,
    /// How it stood then [default: at the checkpoint in the bundle]
    #[arg(long, value_name = "TIME")]
    at: Option<Timestamp>,
}

impl Verify {
    pub(super) fn run(self, context: &Context) -> anyhow::Result<ExitCode> {
        let language = context.language;
        let standing = match self.check.run()? {
            Ok(Checked::Verdict(verified)) if self.registered => {
                let params = Params::default().with("verdict", &verified.verdict);
                return Ok(misused(context, label("bundle-of-verdict", language, &params)));
            }
            Ok(Checked::Verdict(verified)) => {
                let verified = Verified { steps: credential::bundle::told(&verified.steps, language), ..*verified };
                return context.answer(&verified, |verified| render(verified, language));
            }
            Ok(Checked::Supplier(standing)) if self.registered => standing.of_all_identifiers(),
            Ok(Checked::Supplier(standing)) => Ok(*standing),
            Err(failure) => Err(failure),
        };
        match standing {
            Ok(standing) => {
                let standing = Standing { steps: credential::bundle::told(&standing.steps, language), ..standing };
                context.answer(&standing, |standing| render_standing(standing, language))
            }
            Err(failure) => refused(context, &failure),
        }
    }
}

impl Check {
    /// What the bundle proves, or why it proves nothing.
    pub(super) fn run(&self) -> anyhow::Result<Result<Checked, Failure>> {
        let policy = String::from_utf8(read_input(&self.trust, MAX_POLICY as u64)?)?;
        let policy = Policy::parse(&policy).with_context(|| format!("{} cannot be used", self.trust.display()))?;
        let bundle = read_input(&self.bundle, MAX_BUNDLE as u64)?;
        Ok(verify_any(&bundle, &policy, Question { at: self.at, now: SystemClock.now() }))
    }
}

/// A bundle that holds, and is not what the command is for.
pub(super) fn misused(context: &Context, words: String) -> ExitCode {
    output::failure(&anyhow::Error::msg(words), context.json);
    ExitCode::from(WRONG_USAGE)
}

pub(super) fn refused(context: &Context, failure: &Failure) -> anyhow::Result<ExitCode> {
    let Failure { held, step, fault } = failure;
    let language = context.language;
    let (held, text) = (credential::bundle::told(held, language), fault.words(language));
    let failed = json!({"step": step, "blame": fault.blame(), "code": fault.code(), "text": text});
    output::print(context.json, &json!({"held": held, "failed": failed}), |_| {
        let refused = label("not-believed", language, &Params::default());
        format!("{}{refused}  {}: {text} ({})", told(&held, language), step.as_str(), fault.code())
    })?;
    Ok(ExitCode::from(match fault {
        Fault::Bundle(_) => BROKEN_BUNDLE,
        Fault::Registry(_) => MISBEHAVING_REGISTRY,
        Fault::Trust(_) => POLICY_NOT_MET,
    }))
}

fn told(held: &[Step], language: Language) -> String {
    let ok = label("step-held", language, &Params::default());
    held.iter().map(|Step { step, words, .. }| format!("{ok}  {:<14} {words}\n", step.as_str())).collect()
}

fn render(verified: &Verified, language: Language) -> String {
    let Verified { verdict, at, .. } = verified;
    let params = Params::default().with("verdict", verdict).with("at", at);
    let answer = match &verified.finding {
        Finding::Own(own) => {
            let code = if own.in_force { "verified-in-force" } else { "verified-not-in-force" };
            label(code, language, &params.with("state", own.state))
        }
        Finding::Foreign(record) => {
            let params = params.with("outcome", record.recognition.outcome).with("origin", &verified.origin);
            label("verified-recognition", language, &params)
        }
    };
    let ok = label("all-verified", language, &Params::default());
    format!("{}{ok}  {answer}{}", told(&verified.steps, language), ended(verified.closed.as_ref(), language))
}

/// What is said behind an answer of a registry that has ended.
fn ended(closed: Option<&Closed>, language: Language) -> String {
    let but =
        |closed: &Closed| label("but-closed", language, &Params::default().with("closed", closed.words(language)));
    closed.map_or_else(String::new, but)
}

fn render_standing(standing: &Standing, language: Language) -> String {
    let Standing { entries, steps, .. } = standing;
    let mut text = told(steps, language);
    for Told { index, at, said } in entries {
        let params = Params::default().with("index", index).with("at", at);
        let words = match said {
            None => label("entry-not-shown", language, &params),
            Some(said) => {
                let params = params.with("kind", said.kind).with("by", &said.by);
                let verdict = said.verdict.as_ref();
                label("entry-shown", language, &verdict.map_or(params.clone(), |id| params.with("verdict", id)))
            }
        };
        // Writing to a text cannot fail.
        let _ = writeln!(text, "    {words}");
    }
    let ok = label("all-verified", language, &Params::default());
    let unregistered = standing.registered.is_none().then(|| words::step("unregistered", language, &Params::default()));
    let unregistered = unregistered.map_or_else(String::new, |words| format!("; {words}"));
    let absence = standing.absence.map_or_else(String::new, |absence| format!(" ({absence})"));
    let but = ended(standing.closed.as_ref(), language);
    format!("{text}{ok}  {}{absence}{unregistered}{but}", held_about(standing, language))
}

/// What the log holds, in a sentence.
fn held_about(standing: &Standing, language: Language) -> String {
    let Standing { origin, scheme, entries, at, .. } = standing;
    let about: Vec<String> = standing.identifiers.iter().map(|one| one.identifier.to_string()).collect();
    let code = if standing.leaves_out_erased() { "at-that-time-but-erased" } else { "at-that-time" };
    let as_of = label(code, language, &Params::default().with("at", at));
    let params = Params::default().with("as-of", as_of).with("origin", origin).with("about", about.join(", "));
    let params = params.with("scheme", scheme).with("count", entries.len());
    label(if standing.absent { "verified-none" } else { "verified-entries" }, language, &params)
}

/// Make a policy, which says whom you trust
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  registry-node policy init policy.toml --genesis jp/genesis.jws")]
pub(super) struct Policies {
    #[command(subcommand)]
    command: PolicyCommand,
}

#[derive(Debug, Subcommand)]
enum PolicyCommand {
    Init(PolicyInit),
}

/// Write a policy that trusts the logs of pinned registries
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  registry-node policy init policy.toml --genesis jp/genesis.jws
  registry-node policy init policy.toml --genesis jp/genesis.jws --genesis eu.jws --witness us=us.registry.example+1f2e3d4c+BKey… --quorum 1
  registry-node policy init policy.toml --genesis jp/genesis.jws --max-age 3600
  registry-node policy init policy.toml --genesis jp/genesis.jws --log-keys jp-keys.json --ca-roots

Without --max-age, how things stand now is believed from a checkpoint of the last day; with --max-age none, from any, however old.
--ca-roots refuses credentials without certificates: the roots are those of the genesis, or, with --log-keys, those that the file leaves
trusted. That file proves what it holds, not that it holds the last `ca-root-retired`: whoever gives it to you can leave out that a root
was retired. Fetch it yourself, with `log keys --out` from the registry, when you write the policy. A genesis is worth as much as the way
on which you got it: from the registry itself, by hand or over its own TLS, never with the bundle.")]
struct PolicyInit {
    /// Where to write it
    out: PathBuf,
    /// Genesis of a registry whose log is trusted; several may be given
    #[arg(long, value_name = "FILE", required = true)]
    genesis: Vec<PathBuf>,
    /// What proves the keys of a registry that changed its log key, from `log keys --out`; several may be given. For --ca-roots
    /// take none from others: it can lack that a root was retired
    #[arg(long, value_name = "FILE")]
    log_keys: Vec<PathBuf>,
    /// Ask of the newest credential for certificates (x5c) that lead to a root which the registry's authority has now
    #[arg(long)]
    ca_roots: bool,
    /// A witness, as a name of your own and its C2SP verifier key; several may be given
    #[arg(long, value_name = "NAME=KEY")]
    witness: Vec<String>,
    /// How many of them must have cosigned
    #[arg(long, default_value_t = 0)]
    quorum: usize,
    /// Take no answer from a registry that had ended by the time that the answer is for
    #[arg(long)]
    refuse_closed: bool,
    /// How old a checkpoint may be that tells how things stand now, in seconds; none for any age
    #[arg(long, value_name = "SECONDS", default_value = "86400")]
    max_age: MaxAge,
}

/// How old a checkpoint may be.
#[derive(Debug, Clone, Copy)]
struct MaxAge(Option<u32>);

impl FromStr for MaxAge {
    type Err = ParseIntError;

    fn from_str(text: &str) -> Result<Self, ParseIntError> {
        if text == "none" { Ok(Self(None)) } else { text.parse().map(|seconds| Self(Some(seconds))) }
    }
}

impl Policies {
    pub(super) fn run(self, context: &Context) -> anyhow::Result<ExitCode> {
        let PolicyCommand::Init(init) = self.command;
        init.run(context)
    }
}

impl PolicyInit {
    fn run(self, context: &Context) -> anyhow::Result<ExitCode> {
        let text = self.text()?;
        Policy::parse(&text)?;
        ensure!(!self.out.exists(), "{} exists already", self.out.display());
        std::fs::write(&self.out, text).with_context(|| format!("cannot write {}", self.out.display()))?;
        context.answer(&json!({"policy": self.out}), |_| self.out.display().to_string())
    }

    fn text(&self) -> anyhow::Result<String> {
        let mut text = format!("quorum = {}\n", self.quorum);
        if let Some(seconds) = self.max_age.0 {
            writeln!(text, "max_age_seconds = {seconds}")?;
        }
        if self.refuse_closed {
            text.push_str("refuse_closed = true\n");
        }
        let histories = self.log_keys.iter().map(|file| read_history(file)).collect::<anyhow::Result<Vec<_>>>()?;
        for file in &self.genesis {
            let pinned = Pinned::read(file)?;
            let (keys, roots) = proven(&pinned, &histories)?;
            write!(text, "\n[[registry]]\nlog_key = \"{}\"\ngenesis = \"{}\"\n", keys.newest(), pinned.digest)?;
            text.push_str(&earlier(&keys));
            if self.ca_roots {
                let digests: Vec<Digest> = roots.iter().map(|root| Digest::of(root.as_bytes())).collect();
                writeln!(text, "ca_roots = {}", json!(digests))?;
            }
        }
        for witness in &self.witness {
            let (name, key) = witness.split_once('=').context("write a witness as NAME=KEY")?;
            write!(text, "\n[[witness]]\nname = {}\nkey = {}\n", quoted(name), quoted(key))?;
        }
        Ok(text)
    }
}

fn read_history(file: &Path) -> anyhow::Result<KeyHistory> {
    let bytes = read_input(file, MAX_BUNDLE as u64)?;
    serde_json::from_slice(&bytes).with_context(|| format!("{} is nothing that `log keys` writes", file.display()))
}

/// The keys of the log that begins so and the roots that it trusts, as far as one of the histories proves more than the first.
fn proven(pinned: &Pinned, histories: &[KeyHistory]) -> anyhow::Result<(LogKeys, Vec<Der>)> {
    let is_its = |history: &&KeyHistory| history.statements.first().is_some_and(|one| one.statement == pinned.compact);
    match histories.iter().find(is_its) {
        Some(history) => {
            let proven = pinned.proven(history)?;
            Ok((proven.keys, proven.begun.trusted_roots()))
        }
        None => Ok((pinned.first_log_key()?.into(), pinned.genesis.ca_roots.clone())),
    }
}

/// The keys before the newest, each up to the checkpoint that ends with its change.
fn earlier(keys: &LogKeys) -> String {
    let ends = keys.changes().iter().map(|(index, _)| index + 1);
    let lines = keys.all().zip(ends).map(|(key, until)| format!("    {{ log_key = \"{key}\", until = {until} }},\n"));
    let lines: String = lines.collect();
    if lines.is_empty() { lines } else { format!("earlier = [\n{lines}]\n") }
}

/// A text as TOML has it: JSON's form of a text is one, too.
fn quoted(text: &str) -> String {
    json!(text).to_string()
}
