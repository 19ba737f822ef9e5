//! `peer`: making registries peers, out of band, and cutting one off.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, ensure};
use certs::{Application, Holder, Lifetime, Reason as Revocation, Target};
use clap::{Args, Subcommand};
use conformity::digest::Digest;
use conformity::genesis::{PeerAdded, PeerExpelled};
use conformity::ids::{Origin, RegistryId};
use conformity::statement::Claim;
use ledger::disk::RealDisk;
use ledger::files::{self, OPEN};
use serde::Serialize;
use serde_json::{Value, json};

use super::as_of::AsOf;
use super::certs::{authority, peer_uri};
use super::context::{Context, wait};
use super::output;
use super::pinned::Pinned;
use super::submission::{Because, Receipt, Signing, Speaker, say};
use crate::clock::{Clock, SystemClock};
use crate::config::Config;
use crate::link::admission::{self, AdmissionFile, Introduction};

/// The request for our certificate at a peer, beside its key.
const REQUEST: &str = "nats.csr";

const EXAMPLES: &str = "\
Examples (at jp and eu, whose operators meet in person or over a channel that they trust):
  jp$ registry-node --registry jp peer introduce eu --out jp-to-eu.json
  eu$ registry-node --registry eu peer introduce jp --out eu-to-jp.json
  jp$ registry-node --registry jp peer add eu-to-jp.json --out jp-admits-eu.json
  eu$ registry-node --registry eu peer add jp-to-eu.json --out eu-admits-jp.json
  jp$ registry-node --registry jp peer connect eu-admits-jp.json
  eu$ registry-node --registry eu peer connect jp-admits-eu.json";

/// Make registries peers, see how they stand, cut one off
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Peers {
    #[command(subcommand)]
    command: PeerCommand,
}

#[derive(Debug, Subcommand)]
enum PeerCommand {
    Introduce(Introduce),
    Add(Add),
    Connect(Connect),
    List(List),
    Expel(Expel),
}

/// Write an introduction: who we are, and a request to be let in at the other's nats-server
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  registry-node --registry jp peer introduce eu --out jp-to-eu.json")]
struct Introduce {
    /// Registry that shall let us in
    to: RegistryId,
    /// File to write
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

/// Add a peer from its introduction: pin its genesis in our log, and admit it to our nats-server
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  registry-node --registry jp peer add eu-to-jp.json --out jp-admits-eu.json

Compare the genesis digest that is printed with what the other operator reads out: it is what you will believe from now on.")]
struct Add {
    /// The peer's introduction
    introduction: PathBuf,
    /// File to write our admission to, for the peer's operator
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    #[command(flatten)]
    signing: Signing,
}

/// Store a peer's admission, with which we dial its nats-server
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  registry-node --registry jp peer connect eu-admits-jp.json")]
struct Connect {
    /// The peer's admission
    admission: PathBuf,
}

/// List peers and how following them stands
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  registry-node --registry jp peer list")]
struct List {
    #[command(flatten)]
    as_of: AsOf,
}

/// Cut a peer off: its connections end at once
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  registry-node --registry jp peer expel eu --reason forked-log

Nothing that it granted counts here from then on, and whoever watches is told. To let what was recognised run out by the rules
of an arrangement instead, suspend or end that first. A peer that is added again is recognised afresh.

Where the registry needs two persons, say --prepare FILE; see registry-node approve --help.")]
struct Expel {
    /// The peer
    peer: RegistryId,
    #[command(flatten)]
    because: Because,
    #[command(flatten)]
    signing: Signing,
}

impl Peers {
    pub(super) fn run(self, context: &Context) -> anyhow::Result<ExitCode> {
        match self.command {
            PeerCommand::Introduce(command) => command.run(context),
            PeerCommand::Add(command) => command.run(context),
            PeerCommand::Connect(command) => command.run(context),
            PeerCommand::List(listing) => list(context, &listing.as_of),
            PeerCommand::Expel(command) => command.run(context),
        }
    }
}

impl Introduce {
    fn run(self, context: &Context) -> anyhow::Result<ExitCode> {
        let folder = context.folder();
        let config = Config::load(folder.path())?;
        let place = folder.peer(&self.to);
        files::make_dir(&RealDisk, &place, OPEN)?;
        // A key that was made before is kept, and so is its request: an introduction can be written again.
        let (key, request) = (admission::key_file(&place), place.join(REQUEST));
        if !key.exists() {
            Application::new()?.write(&key, &request)?;
        }
        let genesis = Pinned::read(&folder.genesis())?;
        let introduction = Introduction {
            registry: config.registry.id,
            origin: config.registry.origin,
            genesis: genesis.compact,
            http_url: config.http.public_url,
            nats: config.nats.public_address,
            request: std::fs::read_to_string(request)?,
        };
        write_json(&self.out, &introduction)?;
        let written = json!({ "written": self.out, "genesisDigest": genesis.digest });
        context.answer(&written, |_| {
            let (out, to, digest) = (self.out.display(), &self.to, genesis.digest);
            format!("{out} is for the operator of {to}; it holds nothing secret. Our genesis is {digest}")
        })
    }
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Added {
    peer: RegistryId,
    origin: Origin,
    genesis_digest: Digest,
    admission: PathBuf,
    #[serde(flatten)]
    receipt: Receipt,
}

impl Add {
    fn run(self, context: &Context) -> anyhow::Result<ExitCode> {
        let introduction: Introduction = admission::read_json(&self.introduction)?;
        let pinned = check(&introduction.genesis, &introduction.registry, &introduction.origin)?;
        let folder = context.folder();
        let config = Config::load(folder.path())?;
        let holder = Holder::peer(introduction.registry.clone());
        let mut authority = authority(context)?;
        let certificate =
            authority.sign(introduction.request.as_bytes(), &holder, Lifetime::Usual, SystemClock.now())?;
        let genesis_digest = Digest::from_bytes(*pinned.digest.as_bytes());
        let claim = Claim::PeerAdded(PeerAdded {
            registry: introduction.registry.clone(),
            origin: introduction.origin.clone(),
            genesis_digest,
            genesis: pinned.compact,
            nats_url: Some(format!("tls://{}", introduction.nats).parse()?),
            http_url: Some(introduction.http_url.parse()?),
        });
        let speaker = Speaker::open(context)?;
        let receipt = wait(async { speaker.submit(&speaker.sign(self.signing.into_id()?, claim)?, &[]).await })?;
        write_json(
            &self.out,
            &AdmissionFile {
                registry: config.registry.id,
                origin: config.registry.origin,
                genesis: Pinned::read(&folder.genesis())?.compact,
                http_url: config.http.public_url,
                nats: config.nats.public_address,
                certificate: certificate.chain_pem,
            },
        )?;
        let (peer, origin) = (introduction.registry, introduction.origin);
        let added = Added { peer, origin, genesis_digest, admission: self.out, receipt };
        context.answer(&added, |added| {
            let Added { peer, origin, genesis_digest, admission, receipt } = added;
            format!(
                "{peer} ({origin}) is a peer since entry {}; its genesis is {genesis_digest}\n{} is for its operator",
                receipt.index,
                admission.display()
            )
        })
    }
}

impl Connect {
    fn run(self, context: &Context) -> anyhow::Result<ExitCode> {
        let file: AdmissionFile = admission::read_json(&self.admission)?;
        let pinned = check(&file.genesis, &file.registry, &file.origin)?;
        admission::store(&context.folder().peer(&file.registry), &file)?;
        let stored = json!({ "stored": file.registry, "genesisDigest": pinned.digest });
        context.answer(&stored, |_| {
            let AdmissionFile { registry, nats, .. } = &file;
            format!("we dial {registry} at {nats} once it is added here, too; its genesis is {}", pinned.digest)
        })
    }
}

impl Expel {
    /// The statement first: it binds. The certificate is revoked where this command runs beside the authority.
    fn run(self, context: &Context) -> anyhow::Result<ExitCode> {
        let claim = PeerExpelled { registry: self.peer.clone(), reason: self.because.into_reason() };
        let prepares = self.signing.prepares();
        let code = say(context, self.signing, Claim::PeerExpelled(claim), &[])?;
        if prepares {
            output::note(&format!("once it is submitted, run: registry-node certs revoke peer/{}", self.peer));
        } else if context.folder().ca().exists() {
            let mut authority = authority(context)?;
            let target = Target::Identity(peer_uri(&self.peer, authority.origin()));
            match authority.revoke(&target, Revocation::PrivilegeWithdrawn, SystemClock.now()) {
                Ok(revoked) => output::note(&format!("revoked: {} certificates of {}", revoked.len(), self.peer)),
                Err(error) => output::note(&format!("no certificate of {} was revoked: {error}", self.peer)),
            }
        }
        Ok(code)
    }
}

fn list(context: &Context, as_of: &AsOf) -> anyhow::Result<ExitCode> {
    let peers = json!({ "peers": context.ask_all::<Value>(&as_of.appended("/v1/peers"), "peers")? });
    context.answer(&peers, |peers| {
        let fault = "last fault=status/lastFault/code";
        let expelled = "expelled=expelled/reason/code";
        let evidence = "evidence";
        output::rows(
            peers,
            ["registry", "origin", "status/state", "status/mirrored", "followed", fault, evidence, expelled],
        )
    })
}

/// Whether a genesis is that of the registry which the file around it names.
fn check(genesis: &str, registry: &RegistryId, origin: &Origin) -> anyhow::Result<Pinned> {
    let pinned = Pinned::parse(genesis).context("the genesis in this file cannot be trusted")?;
    let found = &pinned.genesis;
    ensure!(
        (&found.registry, &found.origin) == (registry, origin),
        "the file speaks of {registry}, its genesis of {}: ask for another",
        found.registry
    );
    Ok(pinned)
}

fn write_json<T: Serialize>(path: &Path, value: &T) -> anyhow::Result<()> {
    std::fs::write(path, serde_json::to_vec_pretty(value)?).with_context(|| format!("cannot write {}", path.display()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_genesis_is_believed_only_if_it_is_whole_and_of_whom_the_file_speaks() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("jp");
        let new = crate::init::NewRegistry::for_trial("jp");
        crate::init::init(&path, &new, SystemClock.now()).unwrap();
        let genesis = std::fs::read_to_string(path.join("genesis.jws")).unwrap();
        let (jp, eu): (RegistryId, RegistryId) = ("jp".parse().unwrap(), "eu".parse().unwrap());
        check(&genesis, &jp, &new.origin).unwrap();
        assert!(check(&genesis, &eu, &new.origin).unwrap_err().to_string().contains("speaks of eu"));
        let (signed, signature) = genesis.rsplit_once('.').unwrap();
        let other = if signature.starts_with('A') { "B" } else { "A" };
        let forged = format!("{signed}.{other}{}", &signature[1..]);
        assert!(format!("{:#}", check(&forged, &jp, &new.origin).unwrap_err()).contains("does not verify"));
    }
}
