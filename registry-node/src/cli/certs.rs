//! `certs`: the registry's certificate authority.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use certs::{Application, Authority, Branch, Credential, Former, Holder, Identity, Issued, Lifetime, Reason, Target};
use clap::{Args, Subcommand};
use conformity::ids::{Origin, RegistryId};
use conformity::key::Jwk;
use ledger::disk::RealDisk;
use ledger::files;
use serde_json::json;

use super::context::{Context, read_input, word};
use super::output;
use super::roots::{RetireRoot, RotateRoot, TrustRoots};
use crate::clock::{Clock, SystemClock};
use crate::config::Config;

/// Largest certification request.
const MAX_REQUEST: u64 = 64 * 1024;

/// Run the registry's certificate authority
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  registry-node --registry jp certs show
  registry-node --registry jp certs issue --server
  registry-node --registry jp certs sign buyer-1.csr --party buyer/buyer-1 --out buyer-1.pem
  registry-node --registry jp certs revoke buyer/buyer-1 --reason key-compromise

All of it works on the authority in the registry's folder, also while the registry is served: revocations cut connections
within about a second.")]
pub(super) struct Certs {
    #[command(subcommand)]
    command: CertsCommand,
}

#[derive(Debug, Subcommand)]
enum CertsCommand {
    Init(Init),
    Issue(Issue),
    Request(Request),
    Sign(Sign),
    Revoke(Revoke),
    Show(Show),
    Refresh(Refresh),
    Rotate(Rotate),
    RotateRoot(RotateRoot),
    RetireRoot(RetireRoot),
    Trust(TrustRoots),
}

/// Make an authority by itself; `registry-node init` makes one with everything else
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  registry-node certs init spare-ca --origin jp.registry.example")]
struct Init {
    /// Folder to make
    folder: PathBuf,
    /// Origin of the registry that it serves
    #[arg(long)]
    origin: Origin,
}

/// For whom a certificate is
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
struct For {
    /// This registry's own HTTPS and NATS servers, under the names in registry.toml
    #[arg(long)]
    server: bool,
    /// A party, role/id, such as certification-body/cb-1
    #[arg(long, value_name = "ROLE/ID", value_parser = party)]
    party: Option<Holder>,
    /// A registry that is to dial our nats-server
    #[arg(long, value_name = "REGISTRY")]
    peer: Option<RegistryId>,
}

impl For {
    fn holder(self, context: &Context) -> anyhow::Result<Holder> {
        match (self.party, self.peer) {
            (Some(party), _) => Ok(party),
            (None, Some(peer)) => Ok(Holder::peer(peer)),
            (None, None) => Ok(Holder::server(&Config::load(context.folder().path())?.http.server_names)?),
        }
    }
}

fn party(text: &str) -> Result<Holder, String> {
    let (role, id) = text.split_once('/').ok_or("write it as role/id, such as buyer/buyer-1")?;
    let id = id.parse().map_err(|error: conformity::ids::NameError| error.to_string())?;
    Holder::party(word(role)?, id).map_err(|error| error.to_string())
}

/// Make a key and its certificate
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  registry-node --registry jp certs issue --server
  registry-node --registry jp certs issue --party buyer/buyer-1 --out buyer-1

--server replaces the certificate of this registry's own servers; it counts within a second. For everybody else --out
names the two files that are made: <out>.pem and <out>.key. Better, let them make their key: see certs request.")]
struct Issue {
    #[command(flatten)]
    holder: For,
    /// Files to make, without the .pem and .key
    #[arg(long, value_name = "FILE", required_unless_present = "server")]
    out: Option<PathBuf>,
    /// How many days it lasts [default: 90 for servers, 365 for others]
    #[arg(long)]
    days: Option<u16>,
}

/// Make a key and a request for its certificate, for a registry to sign
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  registry-node certs request buyer-1

Makes buyer-1.key, which stays with you, and buyer-1.csr, which goes to the registry: it needs no name, the registry says
whose it is.")]
struct Request {
    /// Files to make, without the .key and .csr
    out: PathBuf,
}

/// Sign a request
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  registry-node --registry jp certs sign buyer-1.csr --party buyer/buyer-1 --out buyer-1.pem
  registry-node --registry jp certs sign cb-1.jwk --party certification-body/cb-1 --signing --out cb-1-x5c.pem

Of the request nothing counts but its key. Whose certificate it becomes is said here. With --signing the file is the public
key (JWK) with which the party signs statements: its certificate is for x5c in credentials, and opens no connection.")]
struct Sign {
    /// The request, PEM or DER, or with --signing the key; - for standard input
    request: PathBuf,
    #[command(flatten)]
    holder: For,
    /// Certify the key that signs the party's statements, for x5c in its credentials
    #[arg(long, requires = "party")]
    signing: bool,
    /// File for the certificate
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// How many days it lasts [default: 90 for servers, 365 for others]
    #[arg(long)]
    days: Option<u16>,
}

/// Revoke certificates
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  registry-node --registry jp certs revoke 4f00c0ffee00c0ffee00c0ffee00c0ff --reason superseded
  registry-node --registry jp certs revoke buyer/buyer-1 --reason key-compromise
  registry-node --registry jp certs revoke peer/eu --reason cessation-of-operation")]
struct Revoke {
    /// A serial number, or whose certificates: role/id, peer/registry, or a spiffe:// name
    whose: String,
    /// unspecified, key-compromise, affiliation-changed, superseded, cessation-of-operation or privilege-withdrawn
    #[arg(long, value_parser = word::<Reason>, default_value = "unspecified")]
    reason: Reason,
}

/// List the certificates that were issued
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  registry-node --registry jp certs show")]
struct Show {
    /// Revoked and expired ones, too
    #[arg(long)]
    all: bool,
}

/// Publish CRLs again that are past half of their time; a served registry does so by itself
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  registry-node --registry jp certs refresh")]
struct Refresh {}

/// Begin a new generation of an issuing CA; needs the root key
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  registry-node --registry jp certs rotate parties

With --distrust nothing that the former ones issued is let in any more: for a stolen key.")]
struct Rotate {
    /// servers, peers, parties or signing
    #[arg(value_parser = word::<Branch>)]
    branch: Branch,
    /// Trust the former ones no more
    #[arg(long)]
    distrust: bool,
}

impl Certs {
    pub(super) fn run(self, context: &Context) -> anyhow::Result<ExitCode> {
        match self.command {
            CertsCommand::Init(command) => command.run(context),
            CertsCommand::Issue(command) => command.run(context),
            CertsCommand::Request(command) => command.run(context),
            CertsCommand::Sign(command) => command.run(context),
            CertsCommand::Revoke(command) => command.run(context),
            CertsCommand::Show(command) => command.run(context),
            CertsCommand::Refresh(_) => refresh(context),
            CertsCommand::Rotate(command) => command.run(context),
            CertsCommand::RotateRoot(command) => command.run(context),
            CertsCommand::RetireRoot(command) => command.run(context),
            CertsCommand::Trust(command) => command.run(context),
        }
    }
}

/// The authority in the registry's folder.
pub(super) fn authority(context: &Context) -> anyhow::Result<Authority> {
    Ok(Authority::open(&context.folder().ca())?)
}

impl Init {
    fn run(self, context: &Context) -> anyhow::Result<ExitCode> {
        let authority = Authority::init(&self.folder, &self.origin, SystemClock.now())?;
        let made = json!({ "folder": self.folder, "origin": authority.origin(), "root": authority.public().root() });
        context.answer(&made, |_| format!("an authority for {} is in {}", self.origin, self.folder.display()))
    }
}

impl Issue {
    fn run(self, context: &Context) -> anyhow::Result<ExitCode> {
        let (server, out) = (self.holder.server, self.out);
        let holder = self.holder.holder(context)?;
        let credential = authority(context)?.issue(&holder, lifetime(self.days), SystemClock.now())?;
        let (certificate, key) = match out {
            Some(out) => (with_end(&out, ".pem"), with_end(&out, ".key")),
            None if server => context.folder().server(),
            None => bail!("name the files to make with --out"),
        };
        if server && key.exists() {
            replace(&credential, &certificate, &key)?;
        } else {
            credential.write(&certificate, &key)?;
        }
        answer_issued(context, &credential.certificate.issued, &[certificate, key])
    }
}

/// A key is never overwritten: the new one is written beside the old one, then takes its place.
pub(super) fn replace(credential: &Credential, certificate: &Path, key: &Path) -> anyhow::Result<()> {
    let (new_certificate, new_key) = (with_end(certificate, ".new"), with_end(key, ".new"));
    if new_key.exists() {
        std::fs::remove_file(&new_key)?;
    }
    credential.write(&new_certificate, &new_key)?;
    files::rename(&RealDisk, &new_key, key).with_context(|| format!("cannot replace {}", key.display()))?;
    Ok(files::rename(&RealDisk, &new_certificate, certificate)?)
}

impl Request {
    fn run(self, context: &Context) -> anyhow::Result<ExitCode> {
        let (key, request) = (with_end(&self.out, ".key"), with_end(&self.out, ".csr"));
        Application::new()?.write(&key, &request)?;
        let made = json!({ "key": key, "request": request });
        context.answer(&made, |_| format!("send {} to the registry; keep {}", request.display(), key.display()))
    }
}

impl Sign {
    fn run(self, context: &Context) -> anyhow::Result<ExitCode> {
        let request = read_input(&self.request, MAX_REQUEST)?;
        let holder = self.holder.holder(context)?;
        let (mut authority, lifetime, now) = (authority(context)?, lifetime(self.days), SystemClock.now());
        let certificate = if self.signing {
            let key: Jwk = serde_json::from_slice(&request)
                .with_context(|| format!("{} is no public key (JWK)", self.request.display()))?;
            authority.certify_signing_key(&key, holder, lifetime, now)?
        } else {
            authority.sign(&request, &holder, lifetime, now)?
        };
        certificate.write(&self.out)?;
        answer_issued(context, &certificate.issued, &[self.out])
    }
}

impl Revoke {
    fn run(self, context: &Context) -> anyhow::Result<ExitCode> {
        let mut authority = authority(context)?;
        let target = target(&self.whose, authority.origin());
        let revoked = authority.revoke(&target, self.reason, SystemClock.now())?;
        context.answer(&json!({ "revoked": revoked }), |_| {
            let lines = revoked.iter().map(|one| format!("revoked {} of {}", one.serial, one.identity));
            lines.collect::<Vec<_>>().join("\n")
        })
    }
}

/// A serial number, or a name with or without what all names here begin with.
fn target(whose: &str, origin: &Origin) -> Target {
    match whose.parse() {
        Ok(serial) => Target::Serial(serial),
        Err(_) if whose.starts_with("spiffe://") => Target::Identity(whose.to_owned()),
        Err(_) => Target::Identity(format!("spiffe://{origin}/{whose}")),
    }
}

impl Show {
    fn run(self, context: &Context) -> anyhow::Result<ExitCode> {
        let now = SystemClock.now();
        let mut issued = authority(context)?.show()?;
        issued.retain(|one| self.all || (one.revoked.is_none() && one.not_after > now));
        context.answer(&json!({ "certificates": issued }), |_| render(&issued, now))
    }
}

fn render(issued: &[Issued], now: jiff::Timestamp) -> String {
    let state = |one: &Issued| match &one.revoked {
        Some(revoked) => format!("revoked ({})", revoked.reason.as_str()),
        None if one.not_after <= now => "expired".to_owned(),
        None if one.is_renewal_due(now) => "renew".to_owned(),
        None => "valid".to_owned(),
    };
    let rows: Vec<[String; 4]> = issued
        .iter()
        .map(|one| [one.serial.to_string(), one.identity.clone(), one.not_after.to_string(), state(one)])
        .collect();
    output::table(["SERIAL", "SPEAKS FOR", "UNTIL", "STATE"], &rows)
}

fn refresh(context: &Context) -> anyhow::Result<ExitCode> {
    let branches = authority(context)?.refresh(SystemClock.now())?;
    context.answer(&json!({ "refreshed": branches }), |_| match branches.len() {
        0 => "everything is up to date".to_owned(),
        count => format!("{count} CRLs were published again"),
    })
}

impl Rotate {
    fn run(self, context: &Context) -> anyhow::Result<ExitCode> {
        let former = if self.distrust { Former::Distrust } else { Former::Keep };
        authority(context)?.rotate(self.branch, former, SystemClock.now())?;
        let branch = self.branch.as_str();
        context.answer(&json!({ "branch": branch, "distrusted": self.distrust }), |_| {
            let former = if self.distrust { "; what the former ones issued is let in no more" } else { "" };
            format!("a new {branch} CA issues from now on{former}")
        })
    }
}

fn lifetime(days: Option<u16>) -> Lifetime {
    days.map_or(Lifetime::Usual, Lifetime::Days)
}

fn answer_issued(context: &Context, issued: &Issued, files: &[PathBuf]) -> anyhow::Result<ExitCode> {
    context.answer(&json!({ "issued": issued, "files": files }), |_| {
        let files: Vec<String> = files.iter().map(|file| file.display().to_string()).collect();
        format!("{} until {}: {}", issued.identity, issued.not_after, files.join(", "))
    })
}

fn with_end(path: &Path, end: &str) -> PathBuf {
    let mut name: OsString = path.as_os_str().to_owned();
    name.push(end);
    name.into()
}

/// The name of a peer in certificates of `origin`.
pub(super) fn peer_uri(peer: &RegistryId, origin: &Origin) -> String {
    Identity::Peer { registry: peer.clone() }.uri(origin)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn whose_certificates_can_be_said_in_three_ways() {
        let origin: Origin = "jp.registry.example".parse().unwrap();
        let uri = "spiffe://jp.registry.example/buyer/b-1";
        let serial = "4f00c0ffee00c0ffee00c0ffee00c0ff";
        assert_eq!(target("buyer/b-1", &origin), Target::Identity(uri.to_owned()));
        assert_eq!(target(uri, &origin), Target::Identity(uri.to_owned()));
        assert_eq!(target(serial, &origin), Target::Serial(serial.parse().unwrap()));
    }

    #[test]
    fn a_party_is_a_role_and_an_id() {
        assert!(party("buyer/b-1").is_ok());
        for refused in ["b-1", "king/b-1", "buyer/B 1", "node/node", "buyer/"] {
            assert!(party(refused).is_err(), "{refused}");
        }
    }
}
