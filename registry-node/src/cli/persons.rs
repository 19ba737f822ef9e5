//! `persons`, `approve`: two persons of the operator for sensitive steps.
//!
//! In scope: another key of the operator, how many persons are needed, and the second person's word. The first one signs any command
//! with `--prepare`, and sends it with `submit`. Out of scope: which steps are sensitive; the rules know that.

use std::io::{BufRead, Read};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, bail, ensure};
use certs::Authority;
use clap::{Args, Subcommand};
use conformity::persons::{Persons, PersonsSet, StepApproved};
use conformity::statement::{Claim, KeyAdded, Statement};
use conformity::time::Day;
use jiff::Timestamp;
use ledger::jws::Unverified;
use ledger::key::Algorithm;
use token::TokenUri;

use super::context::{Context, read_input};
use super::output;
use super::pinned;
use super::submission::{Signing, Speaker, say, say_as};
use crate::clock::{Clock, SystemClock};
use crate::credentials::Credentials;
use crate::init::{copied, equip};
use crate::keys::{self, Keys};

/// Longest answer to a question.
const MAX_ANSWER: u64 = 64;

/// Let sensitive steps of the operator need one person, or two
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  registry-node --registry jp persons add /media/second/operator-2
  registry-node --registry jp persons set 2
  registry-node --registry jp persons set 1 --prepare step.jws

Sensitive are: expel a peer, erase a statement, annul a verdict as operator, change the log key or the roots, add or revoke keys of the operator
or the node, or of those who speak in public, say that one was stolen, move or end the registry, say with whom it shares a node, and go back to one
person. With two persons, each of these is signed with --prepare by one, approved by the other, and submitted. Add a third key and keep it in a safe: a lost one cannot be replaced by the other alone.")]
pub(super) struct PersonsCommand {
    #[command(subcommand)]
    command: Which,
}

#[derive(Debug, Subcommand)]
enum Which {
    Add(Add),
    Set(Set),
}

/// Give another person a key of the operator, in a credentials folder
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  registry-node --registry jp persons add /media/second/operator-2

Runs in the registry's folder, for it needs the certificate authority. The new folder holds private keys: it belongs to the other person,
and nowhere else. Where two persons are needed, name a file with --prepare, have it approved, and submit it.")]
struct Add {
    /// Credentials folder to make
    folder: PathBuf,
    /// PKCS#11 token (RFC 7512) that makes and keeps the key it signs with, instead of a file
    #[arg(long, value_name = "URI")]
    token: Option<TokenUri>,
    #[command(flatten)]
    signing: Signing,
}

/// Say how many persons a sensitive step needs
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  registry-node --registry jp persons set 2")]
struct Set {
    /// 1 or 2
    persons: Persons,
    #[command(flatten)]
    signing: Signing,
}

impl PersonsCommand {
    pub(super) fn run(self, context: &Context) -> anyhow::Result<ExitCode> {
        match self.command {
            Which::Add(add) => add.run(context),
            Which::Set(set) => say(context, set.signing, Claim::PersonsSet(PersonsSet { persons: set.persons }), &[]),
        }
    }
}

impl Add {
    fn run(self, context: &Context) -> anyhow::Result<ExitCode> {
        ensure!(!self.folder.exists(), "{} exists already; choose another folder", self.folder.display());
        let speaker = Speaker::open(context)?;
        let about = speaker.about().clone();
        let claim = self.equip(context, &speaker).map(|key| Claim::KeyAdded(KeyAdded { party: about.party, key }));
        let said = claim.and_then(|claim| say_as(context, &speaker, self.signing, claim, &[]));
        if said.is_err() && self.folder.exists() {
            keys::destroy(&self.folder.join(Credentials::SIGNING_KEY))?;
            std::fs::remove_dir_all(&self.folder)?;
        }
        said
    }

    fn equip(&self, context: &Context, speaker: &Speaker) -> anyhow::Result<conformity::key::Jwk> {
        let mut authority = Authority::open(&context.folder().ca())?;
        let keys = Keys::new(self.token.clone());
        let about = speaker.about().clone();
        let key = equip(&self.folder, about, &mut authority, (&keys, Algorithm::Ed25519), SystemClock.now())?;
        let genesis = context.folder().genesis();
        copied(&genesis, &self.folder.join(pinned::FILE_NAME))
            .with_context(|| format!("cannot copy {}", genesis.display()))?;
        Ok(key)
    }
}

/// Approve a sensitive step that another person signed
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  registry-node --registry jp peer expel eu --reason forked-log --prepare step.jws
  registry-node --as operator-2 approve step.jws
  registry-node --registry jp submit step.jws

Shows what the step does and asks, unless --yes says so already. The approval counts for exactly this file, once, up to its last day.")]
pub(super) struct Approve {
    /// The step, as --prepare wrote it
    step: PathBuf,
    /// For how many days from today it may be taken, at most 30
    #[arg(long, value_name = "N", default_value_t = 7, value_parser = clap::value_parser!(u16).range(0..=30))]
    days: u16,
    /// Approve without being asked
    #[arg(long)]
    yes: bool,
    #[command(flatten)]
    signing: Signing,
}

impl Approve {
    pub(super) fn run(self, context: &Context) -> anyhow::Result<ExitCode> {
        let speaker = Speaker::open(context)?;
        let step = Step::read(&self.step)?;
        step.is_anothers(&speaker)?;
        output::note(&step.words()?);
        if !self.yes && !agreed(&mut std::io::stdin().lock())? {
            bail!("not approved");
        }
        let until = Day::of(SystemClock.now()).plus_days(self.days);
        let claim = StepApproved { step: step.digest, kind: step.statement.kind(), until };
        say_as(context, &speaker, self.signing, Claim::StepApproved(claim), &[])
    }
}

/// A step that somebody signed and did not send.
struct Step {
    statement: Statement,
    digest: conformity::Digest,
    kid: String,
}

impl Step {
    /// Reads it by the rules that the registry will read it by. Whether its signature holds, the registry finds out before
    /// anything else; the approval is for these bytes.
    fn read(path: &Path) -> anyhow::Result<Self> {
        let bytes = read_input(path, ledger::jws::MAX_STATEMENT as u64)?;
        let signed = Unverified::parse(bytes.trim_ascii().to_vec().into())
            .with_context(|| format!("{} holds no signed step; --prepare writes one", path.display()))?;
        Ok(Self {
            statement: Statement::parse(signed.unverified_payload())?,
            digest: conformity::Digest::from_bytes(*signed.digest().as_bytes()),
            kid: signed.kid().to_string(),
        })
    }

    fn is_anothers(&self, speaker: &Speaker) -> anyhow::Result<()> {
        let about = speaker.about();
        ensure!(
            (&self.statement.iss, &self.statement.aud) == (&about.party, &about.origin),
            "this is a step of {} at {}, and these credentials are for {} at {}",
            self.statement.iss,
            self.statement.aud,
            about.party,
            about.origin
        );
        ensure!(
            self.kid != speaker.key().public_key().thumbprint().to_string(),
            "you signed this step yourself; another person of the operator must approve it"
        );
        Ok(())
    }

    /// What it does, for people.
    fn words(&self) -> anyhow::Result<String> {
        let Self { statement, digest, kid } = self;
        let signed = Timestamp::from_second(statement.iat)?;
        Ok(format!(
            "{}\n\n{}\n\n{} of {}, signed {signed} with key {kid}\nSHA-256 {digest}",
            does(&statement.claim),
            serde_json::to_string_pretty(&statement.claim)?,
            statement.kind(),
            statement.aud,
        ))
    }
}

/// What a step does, in a sentence.
fn does(claim: &Claim) -> String {
    match claim {
        Claim::PeerExpelled(claim) => format!(
            "This cuts off the peer {} because of {}: nothing that it granted counts here from then on.",
            claim.registry, claim.reason.code
        ),
        Claim::StatementErased(claim) => format!(
            "This erases the statement at index {} because of {}. It cannot be brought back.",
            claim.index, claim.reason.code
        ),
        Claim::VerdictChanged(claim) => format!(
            "This changes verdict {}: {}, because of {}.",
            claim.verdict,
            claim.change.as_str(),
            claim.reason.code
        ),
        Claim::LogKeyChanged(claim) => format!("From the next entry on this log is signed by {}.", claim.to),
        Claim::CaRootAdded(claim) => {
            format!("This trusts another root of certificates: {}.", conformity::Digest::of(claim.root.as_bytes()))
        }
        Claim::CaRootRetired(claim) => format!("This ends the trust in the root {} of certificates.", claim.root),
        Claim::KeyAdded(claim) => format!("This gives {} another key: {}.", claim.party, claim.key.thumbprint()),
        Claim::KeyRevoked(claim) => format!("This ends key {} of {}.", claim.kid, claim.party),
        Claim::PersonsSet(claim) if claim.persons.is_one() => {
            "From now on one person is enough for such steps.".to_owned()
        }
        Claim::PersonsSet(_) => "From now on sensitive steps need two persons.".to_owned(),
        Claim::RegistryMoved(claim) => format!(
            "From the next entry on this registry is served at {}; this node appends nothing behind it.",
            claim.http_url
        ),
        Claim::HostingConsented(claim) => format!("This lets the node of {} serve this registry.", claim.registry),
        Claim::HostingAccepted(claim) => format!("This node serves {} from then on.", claim.registry),
        Claim::RegistryClosed(claim) => {
            format!("This ends this registry for good; {} goes on, at {}.", claim.successor, claim.http_url)
        }
        Claim::ClosingAccepted(claim) => {
            format!("This lets {} end in favour of this registry, until {}.", claim.registry, claim.until)
        }
        Claim::HostingEnded(claim) => format!("This ends hosting with {}.", claim.registry),
        other => format!("This is a {}, which needs nobody's approval.", other.kind()),
    }
}

/// Whether somebody answers yes.
fn agreed(answers: &mut impl BufRead) -> anyhow::Result<bool> {
    output::note("approve this? Type yes:");
    let mut answer = String::new();
    answers.take(MAX_ANSWER).read_line(&mut answer)?;
    Ok(answer.trim() == "yes")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn only_a_whole_yes_agrees() {
        for (answer, wanted) in [("yes\n", true), (" yes \n", true), ("y\n", false), ("", false), ("yes, but\n", false)]
        {
            assert_eq!(agreed(&mut answer.as_bytes()).unwrap(), wanted, "{answer:?}");
        }
    }

    #[test]
    fn what_is_no_signed_step_cannot_be_approved() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("step.jws");
        std::fs::write(&file, "{}").unwrap();
        let message = format!("{:#}", Step::read(&file).err().unwrap());
        assert!(message.contains("--prepare"), "{message}");
    }
}
