//! `succession`, `close`: a body takes the place of another, and a registry ends in favour of another.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, bail, ensure};
use bytes::Bytes;
use clap::{Args, Subcommand};
use conformity::ids::{PartyId, RegistryId};
use conformity::statement::{Claim, Statement};
use conformity::succession::{Acceptance, BodySucceeded, ClosingAccepted, RegistryClosed, SuccessionAgreed};
use conformity::time::Day;
use ledger::jws::Unverified;
use serde_json::{Value, json};

use super::context::{Context, read_input, wait};
use super::hosting::{PinnedPeer, pinned};
use super::output;
use super::submission::{Because, Signing, Speaker, say, say_as};

/// Let a body take the place of another
#[derive(Debug, Args)]
#[command(after_help = "\
Example (cb-1 merges into cb-2; each of them agrees, an authority confirms):
  registry-node --as cb-1 succession agree cb-1 --by cb-2 --from 2027-01-01 --until 2027-01-31
  registry-node --as cb-2 succession agree cb-1 --by cb-2 --from 2027-01-01 --until 2027-01-31
  registry-node --as ministry succession confirm cb-1 --by cb-2 --reason merged
  registry-node --registry jp succession list

From the entry on that confirms it, cb-1 says nothing more, and cb-2 changes what cb-1 decided: verdicts keep their names and
signatures. Verdicts for which cb-2 is not accredited follow what their scheme says of an accreditation that is withdrawn. Where an
accreditation body takes the place of another, the one that is replaced need not agree.")]
pub(super) struct Successions {
    #[command(subcommand)]
    command: SuccessionCommand,
}

#[derive(Debug, Subcommand)]
enum SuccessionCommand {
    Agree(Agree),
    Confirm(Confirm),
    Accept(Accept),
    List(List),
}

/// Agree, as one of the two bodies
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  registry-node --as cb-1 succession agree cb-1 --by cb-2 --from 2027-01-01 --until 2027-01-31
  registry-node --as cb-1 succession agree cb-1 --by cb-2 --from 2027-01-01 --until 2027-01-31 --withdraw

What a body said last of a pair counts. Agreement alone changes nothing.")]
struct Agree {
    /// The body that is succeeded
    predecessor: PartyId,
    /// The body that takes its place
    #[arg(long, value_name = "PARTY")]
    by: PartyId,
    /// First day on which it may be confirmed
    #[arg(long, value_name = "DAY")]
    from: Day,
    /// Last day on which it may be confirmed
    #[arg(long, value_name = "DAY")]
    until: Day,
    /// Agree no longer
    #[arg(long)]
    withdraw: bool,
    #[command(flatten)]
    signing: Signing,
}

/// Confirm it, as an authority: it takes effect at once
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  registry-node --as ministry succession confirm cb-1 --by cb-2 --reason merged")]
struct Confirm {
    /// The body that is succeeded
    predecessor: PartyId,
    /// The body that takes its place
    #[arg(long, value_name = "PARTY")]
    by: PartyId,
    #[command(flatten)]
    because: Because,
    #[command(flatten)]
    signing: Signing,
}

/// Accept, as an operator, to go on where another registry ends
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  registry-node --registry jp succession accept mm --until 2027-03-31 --out accepted.jws

Where two persons are needed:
  registry-node --registry jp succession accept mm --until 2027-03-31 --prepare accepted.jws
  registry-node --as operator-2 approve accepted.jws --prepare approval.jws
  registry-node --as operator-2 submit approval.jws
  registry-node --registry jp submit accepted.jws

Says so in the log, and writes the signed statement for the other operator, who needs your genesis.jws as well, and approval.jws where your genesis
asks for two persons: see registry-node close --help. Both are signed with keys of the operator that the genesis names. The last day is at most
366 days ahead.")]
struct Accept {
    /// The registry that ends; a peer of this one
    ending: RegistryId,
    /// The last day on which it may end in favour of this one
    #[arg(long, value_name = "DAY")]
    until: Day,
    /// Where to write the signed statement
    #[arg(long, value_name = "FILE", required_unless_present = "prepare", conflicts_with = "prepare")]
    out: Option<PathBuf>,
    #[command(flatten)]
    signing: Signing,
}

/// List the bodies whose place another took
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  registry-node --registry jp succession list")]
struct List {}

impl Successions {
    pub(super) fn run(self, context: &Context) -> anyhow::Result<ExitCode> {
        match self.command {
            SuccessionCommand::Agree(Agree { predecessor, by, from, until, withdraw, signing }) => {
                let claim = SuccessionAgreed { predecessor, successor: by, from, until, withdrawn: withdraw };
                say(context, signing, Claim::SuccessionAgreed(claim), &[])
            }
            SuccessionCommand::Confirm(Confirm { predecessor, by, because, signing }) => {
                let claim = BodySucceeded { predecessor, successor: by, reason: because.into_reason() };
                say(context, signing, Claim::BodySucceeded(claim), &[])
            }
            SuccessionCommand::Accept(accept) => accept.run(context),
            SuccessionCommand::List(_) => list(context),
        }
    }
}

impl Accept {
    fn run(self, context: &Context) -> anyhow::Result<ExitCode> {
        let PinnedPeer { registry, origin, genesis_digest } = pinned(context, &self.ending)?;
        let speaker = Speaker::open(context)?;
        let http_url = speaker.about().url.trim_end_matches('/').parse()?;
        let claim = ClosingAccepted { registry, origin, genesis_digest, http_url, until: self.until };
        let claim = Claim::ClosingAccepted(claim);
        let Some(out) = self.out else { return say_as(context, &speaker, self.signing, claim, &[]) };
        ensure!(!out.exists(), "{} exists already; choose another file", out.display());
        let signed = speaker.sign(self.signing.into_id()?, claim)?;
        let receipt = wait(speaker.submit(&signed, &[]))?;
        std::fs::write(&out, signed.compact()).with_context(|| format!("cannot write {}", out.display()))?;
        let answer = json!({ "accepted": out, "index": receipt.index, "time": receipt.time });
        context.answer(&answer, |_| {
            format!(
                "entry {}; give {} and genesis.jws to the operator of {}",
                receipt.index,
                out.display(),
                self.ending
            )
        })
    }
}

fn list(context: &Context) -> anyhow::Result<ExitCode> {
    let mut parties: Vec<Value> = context.ask_all("/v1/parties", "parties")?;
    parties.retain(|party| party.get("succeeded").is_some());
    context.answer(&json!({ "parties": parties }), |parties| {
        let columns =
            ["id", "role", "by=succeeded/successor", "since=succeeded/moment/at", "entry=succeeded/moment/index"];
        output::rows(parties, columns)
    })
}

/// End this registry in favour of another one
#[derive(Debug, Args)]
#[command(after_help = "\
Example (mm tells everybody, ends its arrangements, and is merged into jp, its peer, which accepts that):
  mm$ registry-node --registry mm bulletin issue closing.toml
  mm$ registry-node --registry mm arrangement end jp-mm --effective 2027-03-31 --reason merged
  jp$ registry-node --registry jp succession accept mm --until 2027-04-30 --out accepted.jws
  mm$ registry-node --registry mm close --successor jp --acceptance accepted.jws --genesis jp-genesis.jws --reason merged

Where the successor began with two persons, add what the second one approved it with: --approval approval.jws.

The operator's statement is the last one of anybody about conformity: nothing is granted, changed or accredited any more. The log stays
where it is, its verdicts keep their identifiers, proofs hold, and the node goes on stating what time alone brings about (a last
day, a window). Peers learn of it by themselves; whoever watches is told by the event registry.closed where to go on. Every
arrangement has to be ended first: its rules say what becomes of the verdicts that others recognised.")]
pub(super) struct Close {
    /// The registry that goes on; a peer of this one
    #[arg(long, value_name = "REGISTRY")]
    successor: RegistryId,
    /// That it is willing, as its operator wrote it with `succession accept`
    #[arg(long, value_name = "FILE")]
    acceptance: PathBuf,
    /// What its second person approved that with, as `approve --prepare` wrote it; needed where its genesis asks for two
    #[arg(long, value_name = "FILE")]
    approval: Option<PathBuf>,
    /// Its genesis, the file genesis.jws of its folder
    #[arg(long, value_name = "FILE")]
    genesis: PathBuf,
    #[command(flatten)]
    because: Because,
    #[command(flatten)]
    signing: Signing,
}

impl Close {
    pub(super) fn run(self, context: &Context) -> anyhow::Result<ExitCode> {
        let peer = pinned(context, &self.successor)?;
        let approval = self.approval.as_deref().map(jws).transpose()?;
        let acceptance = Acceptance { genesis: jws(&self.genesis)?, statement: jws(&self.acceptance)?, approval };
        let signed = Unverified::parse(Bytes::copy_from_slice(acceptance.statement.as_bytes()));
        let signed = signed.with_context(|| format!("{} is no acceptance", self.acceptance.display()))?;
        let Claim::ClosingAccepted(accepted) = Statement::parse(signed.unverified_payload())?.claim else {
            bail!("{} is no acceptance; `succession accept` writes one", self.acceptance.display());
        };
        let claim = RegistryClosed {
            successor: peer.registry,
            origin: peer.origin,
            genesis_digest: peer.genesis_digest,
            http_url: accepted.http_url,
            reason: self.because.into_reason(),
            acceptance: Some(Box::new(acceptance)),
        };
        say(context, self.signing, Claim::RegistryClosed(Box::new(claim)), &[])
    }
}

/// A signed statement, as a file holds it.
fn jws(file: &Path) -> anyhow::Result<String> {
    let bytes = read_input(file, ledger::jws::MAX_STATEMENT as u64)?;
    String::from_utf8(bytes.trim_ascii().to_vec()).with_context(|| format!("{} is not text", file.display()))
}
