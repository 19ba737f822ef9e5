//! `succession`, `close`: a body takes the place of another, and a registry ends in favour of another.

use std::process::ExitCode;

use clap::{Args, Subcommand};
use conformity::ids::{PartyId, RegistryId};
use conformity::statement::Claim;
use conformity::succession::{BodySucceeded, RegistryClosed, SuccessionAgreed};
use conformity::time::Day;
use serde_json::{Value, json};

use super::context::Context;
use super::hosting::pinned;
use super::output;
use super::submission::{Because, Signing, say};

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
            SuccessionCommand::List(_) => list(context),
        }
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
Example (mm tells everybody, ends its arrangements, and is merged into jp, its peer):
  registry-node --registry mm bulletin issue closing.toml
  registry-node --registry mm arrangement end jp-mm --effective 2027-03-31 --reason merged
  registry-node --registry mm close --successor jp --http https://registry.jp.example --reason merged

The operator's statement is the last one of anybody about conformity: nothing is granted, changed or accredited any more. The log stays
where it is, its verdicts keep their identifiers, proofs hold, and the node goes on stating what time alone brings about (a last
day, a window). Peers learn of it by themselves; whoever watches is told by the event registry.closed where to go on. Every
arrangement has to be ended first: its rules say what becomes of the verdicts that others recognised.")]
pub(super) struct Close {
    /// The registry that goes on; a peer of this one
    #[arg(long, value_name = "REGISTRY")]
    successor: RegistryId,
    /// Where its HTTPS door is
    #[arg(long, value_name = "URL")]
    http: String,
    #[command(flatten)]
    because: Because,
    #[command(flatten)]
    signing: Signing,
}

impl Close {
    pub(super) fn run(self, context: &Context) -> anyhow::Result<ExitCode> {
        let peer = pinned(context, &self.successor)?;
        let claim = RegistryClosed {
            successor: peer.registry,
            origin: peer.origin,
            genesis_digest: peer.genesis_digest,
            http_url: self.http.trim_end_matches('/').parse()?,
            reason: self.because.into_reason(),
        };
        say(context, self.signing, Claim::RegistryClosed(Box::new(claim)), &[])
    }
}
