//! `buying-policy`: what one asks of one's partners, kept at the registry for oneself alone.
//!
//! Out of scope: what a policy means (`procurement::policy`), and the policy that says whom one trusts (`prove`).

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Subcommand};
use serde_json::Value;

use super::context::Context;
use super::kept;
use super::supply_chain::read_policy;
use crate::buyer::shelf::Name;

/// Keep what you ask of your partners at the registry; nobody else sees it
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  registry-node --as buyer-1 buying-policy put parts policy.json
  registry-node --as buyer-1 decide duns:150483782 --step order --kept parts
  registry-node --as buyer-1 buying-policy list")]
pub(super) struct BuyingPolicies {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    List(List),
    Put(Put),
    Show(Show),
    Remove(Remove),
}

/// List your policies
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  registry-node --as buyer-1 buying-policy list")]
struct List {}

/// Put a policy, in the place of what has that name
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  registry-node --as buyer-1 buying-policy put parts policy.json")]
struct Put {
    /// What to call it
    name: Name,
    /// The policy: JSON, or YAML where the name ends in .yaml or .yml
    file: PathBuf,
}

/// Print a policy, as JSON
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  registry-node --as buyer-1 buying-policy show parts > policy.json")]
struct Show {
    /// Which
    name: Name,
}

/// Remove a policy; what is told by it is told no more
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  registry-node --as buyer-1 buying-policy remove parts")]
struct Remove {
    /// Which
    name: Name,
}

const PATH: &str = "/v1/policies";

impl BuyingPolicies {
    pub(super) fn run(self, context: &Context) -> anyhow::Result<ExitCode> {
        match self.command {
            Command::List(List {}) => kept::list(context, PATH),
            Command::Put(Put { name, file }) => {
                let policy = serde_json::to_vec(&read_policy(&file)?)?;
                let columns = ["name", "version", "rules"];
                kept::put(context, (PATH, &name), ("application/json", policy.into()), columns)
            }
            Command::Show(Show { name }) => {
                let policy: Value = context.ask(&format!("{PATH}/{name}"))?;
                context.answer(&policy, |policy| format!("{policy:#}"))
            }
            Command::Remove(Remove { name }) => kept::remove(context, PATH, &name),
        }
    }
}
