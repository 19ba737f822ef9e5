//! `party`: who takes part in a registry.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use certs::Authority;
use clap::{Args, Subcommand};
use conformity::handle;
use conformity::identifiers::Identifier;
use conformity::ids::{CountryCode, PartyId, SectorCode};
use conformity::key::{Jwk, KeyId};
use conformity::party::{Party, PartyKey, Role};
use conformity::statement::{Claim, KeyRevoked, PartyRegistered};
use conformity::text::Text;
use jiff::Timestamp;
use ledger::disk::RealDisk;
use ledger::files::{self, SHOWN};
use ledger::jws::Verified;
use ledger::key::Algorithm;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use token::TokenUri;

use super::as_of::AsOf;
use super::context::{Context, wait, word};
use super::output;
use super::pinned;
use super::submission::{Because, Receipt, Signing, Speaker, say};
use crate::client::ClientError;
use crate::clock::{Clock, SystemClock};
use crate::config::{Config, Nats};
use crate::credentials::{About, Credentials};
use crate::folder::Folder;
use crate::init::{copied, equip};
use crate::keys::{self, Keys};

/// The signed registration, kept until it is known to be acknowledged.
const PENDING: &str = "registration.jws";

const EXAMPLES: &str = "\
Examples:
  registry-node --registry jp party add cb-1 --role certification-body --id cb-1 --name \"Example Certification KK\" --country JP
  registry-node --registry jp party add buyer-1 --role buyer --id buyer-1 --name \"Example Motors\" --identifier lei:5493001KJTIIGC8Y1R12
  registry-node --registry jp party add expert-17 --role expert --id expert-17 --person --identifier local:experts:17
  registry-node --registry jp party revoke-key cb-1 --compromised-since 2026-11-20T00:00:00Z --reason key-compromise
  registry-node --registry jp party list";

/// Register parties and equip them
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Parties {
    #[command(subcommand)]
    command: PartyCommand,
}

#[derive(Debug, Subcommand)]
enum PartyCommand {
    Add(Add),
    RevokeKey(RevokeKey),
    List(List),
}

/// Register a party, and make the credentials folder with which it speaks to this registry
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  registry-node --registry jp party add cb-1 --role certification-body --id cb-1 --name \"Example Certification KK\" --country JP

Runs in the registry's folder, for it needs the certificate authority; the operator signs. The new folder holds private
keys: hand it to the party over a safe way. A party that keeps its keys to itself sends a request instead: see
`registry-node certs sign --help`.")]
struct Add {
    /// Credentials folder to make
    folder: PathBuf,
    /// authority, accreditation-body, certification-body, audit-body, evaluation-laboratory, expert, buyer or supplier
    #[arg(long, value_parser = word::<Role>)]
    role: Role,
    /// Id of the party in this registry
    #[arg(long)]
    id: PartyId,
    /// Legal name
    #[arg(long, required_unless_present = "person", conflicts_with = "person")]
    name: Option<Text<256>>,
    /// It is a natural person, who stands in the log by a handle alone: its id is its role with a number, such as expert-17
    #[arg(long)]
    person: bool,
    /// Where it is established, such as JP
    #[arg(long)]
    country: Option<CountryCode>,
    /// Identifier such as lei:..., corporate-number:... or duns:...; may be given again
    #[arg(long, value_name = "KIND:VALUE")]
    identifier: Vec<Identifier>,
    /// Sector that it works in, such as isic4.C; may be given again. It hears of bulletins for these without asking
    #[arg(long, value_name = "CODE")]
    sector: Vec<SectorCode>,
    /// It declares conformity, its own or as a sponsor that of others; everybody sees that it is registered
    #[arg(long)]
    declares: bool,
    /// How it signs: ed25519 or p256
    #[arg(long, default_value = "ed25519", value_parser = algorithm)]
    alg: Algorithm,
    /// PKCS#11 token (RFC 7512) that makes and keeps the key it signs with, instead of a file
    #[arg(long, value_name = "URI")]
    token: Option<TokenUri>,
}

/// End a key of a party, and say since when it was in other hands
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  registry-node --registry jp party revoke-key cb-1 --reason rotation
  registry-node --registry jp party revoke-key cb-1 --compromised-since 2026-11-20T00:00:00Z --reason key-compromise

The key signs nothing from now on. With --compromised-since, what it signed and the log sequenced then or later is void, as
if it had never been: verdicts, changes, reports, credentials, consents. That cannot be taken back; it can be said again of the same key with
an earlier time. Not for keys of the operator, the node, authorities and accreditation bodies.")]
struct RevokeKey {
    /// Whose key
    party: PartyId,
    /// Its thumbprint [default: the only key of the party that still signs]
    #[arg(long, value_name = "THUMBPRINT")]
    kid: Option<KeyId>,
    /// Since when it was in other hands, such as 2026-11-20T00:00:00Z
    #[arg(long, value_name = "TIME")]
    compromised_since: Option<Timestamp>,
    #[command(flatten)]
    because: Because,
    #[command(flatten)]
    signing: Signing,
}

/// List the parties of the registry, buyers left out
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  registry-node --registry jp party list
  registry-node --registry jp party list --as-of 2026-06-30T00:00:00Z")]
struct List {
    #[command(flatten)]
    as_of: AsOf,
}

fn algorithm(text: &str) -> Result<Algorithm, String> {
    match text {
        "ed25519" => Ok(Algorithm::Ed25519),
        "p256" => Ok(Algorithm::P256),
        _ => Err("use ed25519 or p256".to_owned()),
    }
}

impl Parties {
    pub(super) fn run(self, context: &Context) -> anyhow::Result<ExitCode> {
        match self.command {
            PartyCommand::Add(add) => add.run(context),
            PartyCommand::RevokeKey(revoke) => revoke.run(context),
            PartyCommand::List(List { as_of }) => list(context, &as_of),
        }
    }
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Added {
    party: PartyId,
    role: Role,
    credentials: PathBuf,
    #[serde(flatten)]
    receipt: Receipt,
}

impl Add {
    /// The registration is signed and kept before it is sent: whatever happens then, the same command finishes the work.
    fn run(self, context: &Context) -> anyhow::Result<ExitCode> {
        let operator = Speaker::open(context)?;
        let pending = self.folder.join(PENDING);
        let signed = if pending.exists() { self.begun(&pending, &operator)? } else { self.begin(context, &operator)? };
        let receipt = match wait(operator.submit(&signed, &[])) {
            Ok(receipt) => receipt,
            Err(error) => {
                // Refused for good: the keys are of no use. Otherwise nobody knows, and the same command asks again.
                if is_refusal(&error) {
                    self.discard()?;
                }
                return Err(error);
            }
        };
        std::fs::remove_file(&pending)?;
        let added = Added { party: self.id, role: self.role, credentials: self.folder, receipt };
        context.answer(&added, |added| {
            let Added { party, role, credentials, receipt } = added;
            format!(
                "{role} {party} is registered at entry {}; its credentials are in {}",
                receipt.index,
                credentials.display()
            )
        })
    }

    fn begin(&self, context: &Context, operator: &Speaker) -> anyhow::Result<Verified> {
        if self.folder.exists() {
            bail!("{} exists already; choose another folder for the credentials", self.folder.display());
        }
        let made = self.equip(&context.folder()).and_then(|key| {
            let signed = operator.sign(None, self.claim(key)?)?;
            files::replace(&RealDisk, &self.folder.join(PENDING), signed.compact(), SHOWN)?;
            Ok(signed)
        });
        if made.is_err() && self.folder.exists() {
            self.discard()?;
        }
        made
    }

    fn discard(&self) -> anyhow::Result<()> {
        keys::destroy(&self.folder.join(Credentials::SIGNING_KEY))?;
        Ok(std::fs::remove_dir_all(&self.folder)?)
    }

    /// A registration that was signed before and perhaps not sent.
    fn begun(&self, pending: &Path, operator: &Speaker) -> anyhow::Result<Verified> {
        let credentials = Credentials::open(&self.folder)?;
        if (&credentials.about.party, credentials.about.role) != (&self.id, self.role) {
            bail!("{} was begun for another party; choose another folder", self.folder.display());
        }
        operator.signed_before(std::fs::read(pending)?.into())
    }

    fn equip(&self, folder: &Folder) -> anyhow::Result<Jwk> {
        let config = Config::load(folder.path())?;
        let mut authority = Authority::open(&folder.ca())?;
        let about = About {
            nats: nats_of(&config.nats, self.role),
            url: config.http.public_url,
            registry: config.registry.id,
            origin: config.registry.origin,
            party: self.id.clone(),
            role: self.role,
        };
        let keys = Keys::new(self.token.clone());
        let key = equip(&self.folder, about, &mut authority, (&keys, self.alg), SystemClock.now())?;
        copied(&folder.genesis(), &self.folder.join(pinned::FILE_NAME))
            .with_context(|| format!("cannot copy {}", folder.genesis().display()))?;
        Ok(key)
    }

    /// What it is called; of a person the first identifier, else the id.
    fn called(&self) -> anyhow::Result<Text<256>> {
        match (&self.name, self.identifier.first()) {
            (Some(name), _) => Ok(name.clone()),
            (None, Some(identifier)) => Ok(handle::name_of(identifier)?),
            (None, None) => Ok(self.id.as_str().parse()?),
        }
    }

    fn claim(&self, key: Jwk) -> anyhow::Result<Claim> {
        let party = Party {
            id: self.id.clone(),
            role: self.role,
            name: self.called()?,
            country: self.country.clone(),
            identifiers: self.identifier.clone(),
            sectors: self.sector.clone(),
            declares: self.declares,
            person: self.person,
        };
        Ok(Claim::PartyRegistered(PartyRegistered { party, keys: vec![key] }))
    }
}

impl RevokeKey {
    fn run(self, context: &Context) -> anyhow::Result<ExitCode> {
        let kid = match self.kid {
            Some(kid) => kid,
            None => only_key(context, &self.party)?,
        };
        let claim = KeyRevoked {
            party: self.party,
            kid,
            compromised_since: self.compromised_since,
            reason: Some(self.because.into_reason()),
        };
        say(context, self.signing, Claim::KeyRevoked(claim), &[])
    }
}

/// The key of a party that nobody has revoked, if there is just one.
fn only_key(context: &Context, party: &PartyId) -> anyhow::Result<KeyId> {
    let parties: Vec<Registered> = context.ask_all("/v1/parties", "parties")?;
    let keys = parties.into_iter().find(|one| one.id == *party).map(|one| one.keys).unwrap_or_default();
    let mut signing = keys.into_iter().filter(|key| key.revoked.is_none()).map(|key| key.kid);
    match (signing.next(), signing.next()) {
        (Some(kid), None) => Ok(kid),
        (Some(_), Some(_)) => bail!("{party} signs with several keys; name one with --kid, see `party list --json`"),
        (None, _) => bail!("no key of {party} that still signs is known to everybody; name one with --kid"),
    }
}

/// What is read of a party of `/v1/parties`.
#[derive(Deserialize)]
struct Registered {
    id: PartyId,
    keys: Vec<PartyKey>,
}

/// Whether the registry decided, so that trying again is of no use.
fn is_refusal(error: &anyhow::Error) -> bool {
    matches!(error.downcast_ref(), Some(ClientError::Problem { status: 400..=499, .. }))
}

fn list(context: &Context, as_of: &AsOf) -> anyhow::Result<ExitCode> {
    let path = as_of.appended("/v1/parties");
    let parties = json!({ "parties": context.ask_all::<Value>(&path, "parties")? });
    context.answer(&parties, |parties| output::rows(parties, ["id", "role", "name", "country"]))
}

/// The nats-server that a party of this role would dial. Where buyers have none, they are told of the only one there is, which does not
/// let them in.
fn nats_of(nats: &Nats, role: Role) -> String {
    let buyers = nats.buyers.as_ref().filter(|_| role == Role::Buyer);
    buyers.map_or(&nats.public_address, |buyers| &buyers.public_address).clone()
}
