//! `certs rotate-root`, `certs retire-root`, `certs trust`: another root for a registry's certificate authority.
//!
//! The authority makes it, the operator states it, peers take it up from the log, parties with `certs trust`. Out of scope: what the
//! authority does, see [`certs`].

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context as _, ensure};
use certs::{Authority, Holder, Identity, Lifetime, NodeUser};
use clap::Args;
use conformity::genesis::{CaRootAdded, CaRootRetired};
use conformity::ids::Origin;
use conformity::key::Der;
use conformity::party::Role;
use conformity::statement::Claim;
use ledger::disk::RealDisk;
use ledger::files::{self, SHOWN};
use serde_json::json;

use super::certs::{authority, replace};
use super::context::{Context, wait};
use super::pinned::Pinned;
use super::submission::{Speaker, prepare};
use crate::clock::{Clock, SystemClock};
use crate::config::Config;
use crate::credentials::Credentials;

/// Make a new root beside the old one; needs nobody to do anything at once
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  registry-node --registry jp certs rotate-root

Runs in the folder of a registry that is being served. From now on certificates are issued below the new root, and both roots are
trusted; the operator states the new one in the log. Peers take it up by themselves, parties with `certs trust`. The servers keep their
certificate until the old root is retired. Sent again, the command finishes what was begun: also with --prepare, once the step was submitted.")]
pub(super) struct RotateRoot {
    /// Write the signed statement to a file instead of sending it, for another person to approve; `submit` sends it
    #[arg(long, value_name = "FILE")]
    prepare: Option<PathBuf>,
}

/// Trust the old root no more
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  registry-node --registry jp certs retire-root

Certificates of the servers, of the node and of the operator are made anew below the new root; everything else that was issued below the old one
ends. Refused while parties or peers still hold such certificates: sign new ones first, or say --anyway, if the old root was stolen. With --prepare
nothing ends before the step was submitted and the command is sent again. A second person's credentials get a new certificate where
they lie in the registry's folder; elsewhere, sign one.")]
pub(super) struct RetireRoot {
    /// Also while parties or peers hold certificates that end with it
    #[arg(long)]
    anyway: bool,
    /// Write the signed statement to a file instead of sending it, for another person to approve; `submit` sends it
    #[arg(long, value_name = "FILE")]
    prepare: Option<PathBuf>,
}

/// Take up the roots that a registry's log trusts now into a credentials folder
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  registry-node --as buyer-1 certs trust

Asks the registry over the roots that are known, and believes what leads from the pinned genesis. Run it while both roots are trusted.")]
pub(super) struct TrustRoots {}

impl RotateRoot {
    pub(super) fn run(self, context: &Context) -> anyhow::Result<ExitCode> {
        let (speaker, mut authority) = (Speaker::open(context)?, authority(context)?);
        if authority.former_root_der()?.is_none() || !is_stated(&speaker, &authority)? {
            match authority.rotate_root(SystemClock.now()) {
                // Made before, and not stated yet.
                Ok(()) | Err(certs::AuthorityError::RootChanging) => {}
                Err(error) => return Err(error.into()),
            }
        }
        let root = Der::new(authority.root_der())?;
        if !is_stated(&speaker, &authority)? {
            let signed = speaker.sign(None, Claim::CaRootAdded(CaRootAdded { root: root.clone() }))?;
            if let Some(file) = &self.prepare {
                return prepare(context, &signed, file);
            }
            wait(speaker.submit(&signed, &[]))?;
        }
        // The operator must reach the registry after the old root, too.
        let trusted = wait(async { trusted_roots(speaker.pinned(), &mut speaker.connect().await?).await })?;
        take_up(&context.credentials()?, &trusted)?;
        let root = conformity::Digest::of(root.as_bytes());
        context.answer(&json!({ "root": root }), |_| {
            format!("the log names the new root {root}; both roots are trusted until `certs retire-root`")
        })
    }
}

/// Whether the log trusts the authority's root.
fn is_stated(speaker: &Speaker, authority: &Authority) -> anyhow::Result<bool> {
    let trusted = wait(async { trusted_roots(speaker.pinned(), &mut speaker.connect().await?).await })?;
    Ok(trusted.iter().any(|root| root.as_bytes() == authority.root_der()))
}

/// The roots that a log trusts, as the registry proves it.
async fn trusted_roots(pinned: &Pinned, connection: &mut crate::client::Connection) -> anyhow::Result<Vec<Der>> {
    let (_, history) = pinned.key_history(connection).await?;
    Ok(pinned.proven(&history)?.begun.trusted_roots())
}

impl RetireRoot {
    pub(super) fn run(self, context: &Context) -> anyhow::Result<ExitCode> {
        let (speaker, mut authority) = (Speaker::open(context)?, authority(context)?);
        let now = SystemClock.now();
        let former = authority.former_root_der()?.context("there is no former root that could be retired")?;
        ensure!(is_stated(&speaker, &authority)?, "the log does not name the new root: run `certs rotate-root` first");
        let held = authority.held_below_former_root(now)?;
        let origin = authority.origin().clone();
        let others = held.into_iter().map(|one| one.identity).filter(|uri| is_of_others(uri, &origin));
        let held: BTreeSet<String> = others.collect();
        ensure!(
            self.anyway || held.is_empty(),
            "these hold certificates that would end; sign new ones first, or say --anyway:\n{}",
            held.iter().map(String::as_str).collect::<Vec<_>>().join("\n")
        );
        let root = conformity::Digest::of(&former);
        let trusted = wait(async { trusted_roots(speaker.pinned(), &mut speaker.connect().await?).await })?;
        if trusted.iter().any(|one| one.as_bytes() == former) {
            let signed = speaker.sign(None, Claim::CaRootRetired(CaRootRetired { root }))?;
            if let Some(file) = &self.prepare {
                return prepare(context, &signed, file);
            }
            wait(speaker.submit(&signed, &[]))?;
        }
        // The statement first: whoever reads it finds the new root's servers, and the old root's only for this moment.
        certify_own(context, &mut authority)?;
        authority.retire_root(now)?;
        take_up(&context.credentials()?, &[Der::new(authority.root_der())?])?;
        context.answer(&json!({ "retired": root, "ended": held }), |_| format!("{root} is trusted no more"))
    }
}

/// Whether somebody else holds the certificate: what is our own is made anew.
fn is_of_others(uri: &str, origin: &Origin) -> bool {
    match Identity::from_uri(uri, origin) {
        Ok(Identity::Party { role, .. }) => role != Role::Operator,
        Ok(Identity::Peer { .. }) => true,
        Ok(Identity::Server | Identity::Node(_)) | Err(_) => false,
    }
}

/// New certificates of the operator, of the node itself and of its servers.
fn certify_own(context: &Context, authority: &mut Authority) -> anyhow::Result<()> {
    let (folder, now) = (context.folder(), SystemClock.now());
    let names = Config::load(folder.path())?.http.server_names;
    for person in [folder.operator(), folder.second_operator()].iter().filter(|person| person.exists()) {
        let operator = Credentials::open(person)?;
        let holder = Holder::party(operator.about.role, operator.about.party.clone())?;
        let (certificate, key) = operator.tls();
        replace(&authority.issue(&holder, Lifetime::Usual, now)?, &certificate, &key)?;
    }
    let holders = [
        (Holder::node(NodeUser::Node), folder.nats_node()),
        (Holder::node(NodeUser::System), folder.nats_system()),
        (Holder::server(&names)?, folder.server()),
    ];
    for (holder, (certificate, key)) in holders {
        replace(&authority.issue(&holder, Lifetime::Usual, now)?, &certificate, &key)?;
    }
    Ok(())
}

impl TrustRoots {
    #[expect(clippy::unused_self, reason = "it is a command like the others, and has no flags")]
    pub(super) fn run(self, context: &Context) -> anyhow::Result<ExitCode> {
        let (credentials, pinned) = (context.credentials()?, Pinned::of_credentials(&context.credentials_folder())?);
        let roots = wait(async { trusted_roots(&pinned, &mut context.reader()?.connect().await?).await })?;
        take_up(&credentials, &roots)?;
        let roots: Vec<String> = roots.iter().map(|root| conformity::Digest::of(root.as_bytes()).to_string()).collect();
        context.answer(&json!({ "roots": roots }), |_| format!("trusted now:\n{}", roots.join("\n")))
    }
}

/// Trusts these roots, and no others, from the next connection on.
fn take_up(credentials: &Credentials, roots: &[Der]) -> anyhow::Result<()> {
    roots.iter().try_for_each(|root| certs::Trust::from_der(&[root.as_bytes()]).map(drop))?;
    let file = credentials.ca();
    files::replace(&RealDisk, &file, certs::chain_to_pem(roots).as_bytes(), SHOWN)
        .with_context(|| format!("cannot write {}", file.display()))
}
