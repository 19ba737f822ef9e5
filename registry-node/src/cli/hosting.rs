//! `hosting`, `move`: registries that run on the node of another by the word of both, and registries that move out.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::{Args, Subcommand};
use conformity::digest::Digest;
use conformity::hosting::{HostingAccepted, HostingConsented, HostingEnded, RegistryMoved};
use conformity::ids::{Origin, RegistryId};
use conformity::statement::Claim;
use conformity::time::Day;
use serde::Deserialize;
use serde_json::{Value, json};

use super::as_of::AsOf;
use super::context::{Context, read_input, wait};
use super::output;
use super::submission::{Signing, Speaker, say};

/// Largest signed paper of which a digest is made, in bytes.
const MAX_PAPER: u64 = 64 * 1024 * 1024;

const EXAMPLES: &str = "\
Examples (mm runs on the node of jp; both are peers of each other, see `registry-node peer --help`):
  mm$ registry-node --registry mm hosting consent jp --until 2028-03-31 --paper agreement.pdf
  jp$ registry-node --registry jp hosting accept mm
  jp$ registry-node serve jp mm
  jp$ registry-node --registry jp hosting list";

/// Say and see which registry runs on the node of which
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Hostings {
    #[command(subcommand)]
    command: HostingCommand,
}

#[derive(Debug, Subcommand)]
enum HostingCommand {
    Consent(Consent),
    Accept(Accept),
    End(End),
    List(List),
}

/// Consent that a peer serves this registry
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  registry-node --registry mm hosting consent jp --until 2028-03-31 --paper agreement.pdf

Of the paper only the SHA-256 enters the log.")]
struct Consent {
    /// The host
    host: RegistryId,
    /// The last day
    #[arg(long)]
    until: Option<Day>,
    /// What both signed
    #[arg(long, value_name = "FILE")]
    paper: Option<PathBuf>,
    #[command(flatten)]
    signing: Signing,
}

/// Say that this registry serves a peer
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  registry-node --registry jp hosting accept mm

It counts once the peer's log consents; until then everybody sees that it is only claimed.")]
struct Accept {
    /// Who is served
    guest: RegistryId,
    #[command(flatten)]
    signing: Signing,
}

/// Say that it is over, from either side
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  registry-node --registry jp hosting end mm")]
struct End {
    /// The other side
    #[arg(value_name = "REGISTRY")]
    other: RegistryId,
    #[command(flatten)]
    signing: Signing,
}

/// List which registry runs on the node of which, as far as it is known here
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  registry-node --registry jp hosting list --json
  registry-node --registry jp hosting list --as-of 2026-06-30T00:00:00Z")]
struct List {
    #[command(flatten)]
    as_of: AsOf,
}

/// A peer as it is pinned.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct PinnedPeer {
    pub(super) registry: RegistryId,
    pub(super) origin: Origin,
    pub(super) genesis_digest: Digest,
}

impl Hostings {
    pub(super) fn run(self, context: &Context) -> anyhow::Result<ExitCode> {
        match self.command {
            HostingCommand::Consent(command) => command.run(context),
            HostingCommand::Accept(command) => command.run(context),
            HostingCommand::End(End { other, signing }) => {
                say(context, signing, Claim::HostingEnded(HostingEnded { registry: other }), &[])
            }
            HostingCommand::List(listing) => list(context, &listing.as_of),
        }
    }
}

impl Consent {
    fn run(self, context: &Context) -> anyhow::Result<ExitCode> {
        let paper = self.paper.map(|file| read_input(&file, MAX_PAPER)).transpose()?;
        let PinnedPeer { registry, origin, genesis_digest } = pinned(context, &self.host)?;
        let (until, paper) = (self.until, paper.map(|bytes| Digest::of(&bytes)));
        let claim = HostingConsented { registry, origin, genesis_digest, until, paper };
        say(context, self.signing, Claim::HostingConsented(claim), &[])
    }
}

impl Accept {
    fn run(self, context: &Context) -> anyhow::Result<ExitCode> {
        let PinnedPeer { registry, origin, genesis_digest } = pinned(context, &self.guest)?;
        let claim = HostingAccepted { registry, origin, genesis_digest };
        say(context, self.signing, Claim::HostingAccepted(claim), &[])
    }
}

/// The peer of that name, which both sides know by its genesis.
pub(super) fn pinned(context: &Context, peer: &RegistryId) -> anyhow::Result<PinnedPeer> {
    let peers: Vec<PinnedPeer> = context.ask_all("/v1/peers", "peers")?;
    let found = peers.into_iter().find(|one| one.registry == *peer);
    found.with_context(|| format!("{peer} is no peer of this registry: make them peers first, see `peer --help`"))
}

fn list(context: &Context, as_of: &AsOf) -> anyhow::Result<ExitCode> {
    let hosted: Value = context.ask(&as_of.appended("/v1/hosted"))?;
    context.answer(&hosted, |hosted| {
        let rows = json!({ "hosted": hosted["hosted"] });
        output::rows(&rows, ["guest=guest/registry", "host=host/registry", "standing", "since", "until", "paper"])
    })
}

/// Move a registry to a node of its own
#[derive(Debug, Args)]
#[command(after_help = "\
Example (mm leaves the node of jp):
  jp$ registry-node --registry mm move out --http https://registry.mm.example --nats nats.registry.mm.example:4222
  then copy the folder mm to the new machine, and there:
  mm$ vi mm/registry.toml            # http.public_url and nats.public_address as above; listen, server_names
  mm$ registry-node --registry mm certs issue --server
  mm$ registry-node serve mm")]
pub(super) struct Moves {
    #[command(subcommand)]
    command: MoveCommand,
}

#[derive(Debug, Subcommand)]
enum MoveCommand {
    Out(Out),
}

/// Let this node end, and a node at other addresses go on with the log
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  registry-node --registry mm move out --http https://registry.mm.example --nats nats.registry.mm.example:4222

The operator's statement is the last entry that this node appends (where two persons are needed: --prepare, approve, submit); then it ends, and does not serve the folder again. A copy of
the folder whose registry.toml names the new addresses goes on: same log, same keys, same identifiers, same events. Peers
find it by themselves, by its log. Take the copy when this command has answered and `serve` has ended.")]
struct Out {
    /// Where the HTTPS door will be
    #[arg(long, value_name = "URL")]
    http: String,
    /// Where the nats-server will listen
    #[arg(long, value_name = "HOST:PORT")]
    nats: String,
    #[command(flatten)]
    signing: Signing,
}

impl Moves {
    pub(super) fn run(self, context: &Context) -> anyhow::Result<ExitCode> {
        let MoveCommand::Out(out) = self.command;
        let claim = RegistryMoved {
            nats_url: format!("tls://{}", out.nats).parse()?,
            http_url: out.http.trim_end_matches('/').parse()?,
        };
        if out.signing.prepares() {
            return say(context, out.signing, Claim::RegistryMoved(claim), &[]);
        }
        let speaker = Speaker::open(context)?;
        let signed = speaker.sign(out.signing.into_id()?, Claim::RegistryMoved(claim.clone()))?;
        let receipt = wait(speaker.submit(&signed, &[]))?;
        let answer = json!({ "httpUrl": claim.http_url, "natsUrl": claim.nats_url, "receipt": receipt });
        context.answer(&answer, |_| {
            let (folder, index) = (context.folder(), receipt.index);
            format!(
                "entry {index} is the last one here. When `serve` has ended, copy {} to where {} is to be, set http.public_url and nats.public_address in its registry.toml, and serve it there",
                folder.path().display(),
                claim.http_url
            )
        })
    }
}
