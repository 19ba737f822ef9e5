//! The command line: what a person or a script can ask of this program.
//!
//! One file per group of commands; each command says in `--help` how it is used, answers in text or, with `--json`, in one
//! JSON value, and says on failure what to do next. Out of scope: the work itself, which the rest of the crate does.

pub mod output;

mod accreditation;
mod arrangement;
mod as_of;
mod asking;
mod bridge;
mod bulletin;
mod buying_policy;
mod cascades;
mod certificate;
mod certs;
mod change;
mod confirm;
mod consent;
mod context;
mod coverage;
mod credential;
mod cursor;
mod decide;
mod declare;
mod evidence;
mod following;
mod grant;
mod hosting;
mod import;
mod init;
mod kept;
mod log;
mod log_key;
mod party;
mod peer;
mod persons;
mod pinned;
mod present;
mod prove;
mod proving;
mod rebuild;
mod report;
mod roots;
mod scheme;
mod serve;
mod show;
mod signals;
mod sse;
mod standing;
mod status;
mod submission;
mod submit;
mod subscription;
mod succession;
mod supply_chain;
mod surveillance;
mod wanted;
mod watch;
mod watchlist;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, CommandFactory, Parser, Subcommand};
use clap_complete::Shell;
use conformity::words::Language;

use context::Context;

const EXAMPLES: &str = "\
Examples:
  registry-node init jp --id jp --origin jp.registry.example --name \"Registry of Japan\" --country JP
  registry-node serve jp
  registry-node --registry jp party add cb-1 --role certification-body --id cb-1 --name \"Example Certification\"
  registry-node --as cb-1 suspend V-1 --reason major-nonconformity
  registry-node --as buyer-1 standing lei:5493001KJTIIGC8Y1R12

Each command has examples of its own: registry-node <command> --help.";

/// Secure Trust Registry: a signed log of who is secure enough, recognised by others under treaties
#[derive(Debug, Parser)]
#[command(name = "registry-node", version, after_help = EXAMPLES)]
pub struct Cli {
    /// Answer in JSON, one value per answer
    #[arg(long, global = true)]
    pub json: bool,
    /// Language of answers, en or ja [default: by LC_ALL, LC_MESSAGES or LANG]
    #[arg(long, global = true, value_name = "LANGUAGE")]
    lang: Option<Language>,
    /// Folder of the registry [default: $REGISTRY_FOLDER, else this folder]
    #[arg(long, global = true, value_name = "FOLDER")]
    registry: Option<PathBuf>,
    /// Credentials folder to speak with [default: operator in the registry's folder]
    #[arg(long = "as", global = true, value_name = "FOLDER")]
    credentials: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Init(init::Init),
    Serve(serve::Serve),
    Party(party::Parties),
    Peer(peer::Peers),
    Hosting(hosting::Hostings),
    Move(hosting::Moves),
    Close(succession::Close),
    Import(import::Imports),
    Arrangement(arrangement::Arrangements),
    Submit(submit::Submit),
    Scheme(scheme::Schemes),
    Bulletin(bulletin::Bulletins),
    Designate(accreditation::Designate),
    Designation(accreditation::ChangeDesignation),
    Accredit(accreditation::Accredit),
    Accreditation(accreditation::Accreditations),
    Succession(succession::Successions),
    Grant(Box<grant::Grant>),
    Suspend(change::Suspend),
    Restore(change::Restore),
    Scope(Box<change::Scope>),
    Renew(change::Renew),
    Withdraw(change::Withdraw),
    Annul(change::Annul),
    Change(change::Other),
    Bridge(Box<bridge::Bridge>),
    BuyingPolicy(buying_policy::BuyingPolicies),
    Decide(Box<decide::Decide>),
    Declare(Box<declare::Declare>),
    Confirm(confirm::Confirm),
    Credential(Box<credential::Credentials>),
    Consent(Box<consent::Consents>),
    Report(report::FileReport),
    Standing(standing::Ask),
    SupplyChain(supply_chain::SupplyChain),
    Coverage(coverage::Coverage),
    Verdict(show::One),
    Prove(prove::Prove),
    Verify(prove::Verify),
    Certificate(certificate::Certificate),
    Policy(prove::Policies),
    Verdicts(show::Many),
    Watch(watch::Watch),
    Watchlist(watchlist::Watchlists),
    Subscription(Box<subscription::Subscriptions>),
    Signals(Box<signals::Signals>),
    Cursor(cursor::Cursors),
    Status(status::Status),
    Cascades(cascades::Cascades),
    Surveillance(surveillance::Surveillance),
    Evidence(evidence::Evidence),
    Certs(certs::Certs),
    Log(log::Logs),
    Rebuild(rebuild::Rebuild),
    Persons(persons::PersonsCommand),
    Approve(persons::Approve),
    Completion(Completion),
    #[command(hide = true)]
    IndexCheck(IndexCheck),
}

/// Print a completion script for a shell
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  registry-node completion bash > /etc/bash_completion.d/registry-node")]
struct Completion {
    /// Which shell
    shell: Shell,
}

/// Open an index, for the process that does not dare to
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  registry-node index-check jp/index")]
struct IndexCheck {
    /// Folder of the index
    folder: PathBuf,
}

impl Cli {
    /// Does what was asked, and says how it went.
    ///
    /// # Errors
    /// Whatever kept it from being done; each cause says what to do next where a person can.
    pub fn run(self) -> anyhow::Result<ExitCode> {
        let context = Context::new(self.json, self.lang, self.registry, self.credentials);
        self.command.run(&context)
    }
}

impl Command {
    fn run(self, context: &Context) -> anyhow::Result<ExitCode> {
        match self {
            Self::Init(command) => command.run(context),
            Self::Serve(command) => command.run(context),
            Self::Party(command) => command.run(context),
            Self::Peer(command) => command.run(context),
            Self::Hosting(command) => command.run(context),
            Self::Move(command) => command.run(context),
            Self::Close(command) => command.run(context),
            Self::Import(command) => command.run(context),
            Self::Arrangement(command) => command.run(context),
            Self::Submit(command) => command.run(context),
            Self::Scheme(command) => command.run(context),
            Self::Bulletin(command) => command.run(context),
            Self::Designate(command) => command.run(context),
            Self::Designation(command) => command.run(context),
            Self::Accredit(command) => command.run(context),
            Self::Accreditation(command) => command.run(context),
            Self::Succession(command) => command.run(context),
            Self::Grant(command) => command.run(context),
            Self::Suspend(command) => command.run(context),
            Self::Restore(command) => command.run(context),
            Self::Scope(command) => command.run(context),
            Self::Renew(command) => command.run(context),
            Self::Withdraw(command) => command.run(context),
            Self::Annul(command) => command.run(context),
            Self::Change(command) => command.run(context),
            Self::Bridge(command) => command.run(context),
            Self::BuyingPolicy(command) => command.run(context),
            Self::Decide(command) => command.run(context),
            Self::Declare(command) => command.run(context),
            Self::Confirm(command) => command.run(context),
            Self::Credential(command) => command.run(context),
            Self::Consent(command) => command.run(context),
            Self::Report(command) => command.run(context),
            Self::Standing(command) => command.run(context),
            Self::SupplyChain(command) => command.run(context),
            Self::Coverage(command) => command.run(context),
            Self::Verdict(command) => command.run(context),
            Self::Prove(command) => command.run(context),
            Self::Verify(command) => command.run(context),
            Self::Certificate(command) => command.run(context),
            Self::Policy(command) => command.run(context),
            Self::Verdicts(command) => command.run(context),
            Self::Watch(command) => command.run(context),
            Self::Watchlist(command) => command.run(context),
            Self::Subscription(command) => command.run(context),
            Self::Signals(command) => command.run(context),
            Self::Cursor(command) => command.run(context),
            Self::Status(command) => command.run(context),
            Self::Cascades(command) => command.run(context),
            Self::Surveillance(command) => command.run(context),
            Self::Evidence(command) => command.run(context),
            Self::Certs(command) => command.run(context),
            Self::Log(command) => command.run(context),
            Self::Rebuild(command) => command.run(context),
            Self::Persons(command) => command.run(context),
            Self::Approve(command) => command.run(context),
            Self::Completion(command) => command.run(),
            Self::IndexCheck(command) => command.run(),
        }
    }
}

impl Completion {
    fn run(&self) -> anyhow::Result<ExitCode> {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut Cli::command(), "registry-node", &mut script);
        output::line(&String::from_utf8(script)?)?;
        Ok(ExitCode::SUCCESS)
    }
}

impl IndexCheck {
    fn run(&self) -> anyhow::Result<ExitCode> {
        crate::index::check(&self.folder)?;
        Ok(ExitCode::SUCCESS)
    }
}

#[cfg(test)]
mod tests;
