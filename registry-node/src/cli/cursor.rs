//! `cursor`: cursors on NATS, which the server keeps for a buyer that keeps nothing itself.
//!
//! Out of scope: pulling from one, which is between the buyer's own client and the nats-server.

use std::process::ExitCode;

use clap::{Args, Subcommand};
use conformity::identifiers::Identifier;
use conformity::ids::SchemeId;
use serde_json::{Value, json};

use super::context::Context;
use super::{kept, output};
use crate::buyer::shelf::Name;
use crate::core::filter::Place;

/// Have the registry's server for buyers keep how far you read; nobody else sees what you read
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  registry-node --as buyer-1 cursor put parts --supplier duns:150483782
  registry-node --as buyer-1 cursor show parts
  registry-node --as buyer-1 cursor list")]
pub(super) struct Cursors {
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

/// List your cursors
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  registry-node --as buyer-1 cursor list")]
struct List {}

/// Make a cursor, in the place of what has that name
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  registry-node --as buyer-1 cursor put parts --supplier duns:150483782 --supplier lei:5493001KJTIIGC8Y1R12
  registry-node --as buyer-1 cursor put all --scheme demo --after start")]
struct Put {
    /// What to call it
    name: Name,
    /// Only verdicts on this supplier; may be given again
    #[arg(long, value_name = "KIND:VALUE")]
    supplier: Vec<Identifier>,
    /// Only verdicts under this scheme; may be given again
    #[arg(long)]
    scheme: Vec<SchemeId>,
    /// From behind the event of this id, or start for everything [default: what comes from now on]
    #[arg(long, value_name = "ID")]
    after: Option<Place>,
}

/// Show a cursor, and where to pull from it
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  registry-node --as buyer-1 cursor show parts")]
struct Show {
    /// Which
    name: Name,
}

/// Remove a cursor
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  registry-node --as buyer-1 cursor remove parts")]
struct Remove {
    /// Which
    name: Name,
}

const PATH: &str = "/v1/cursors";
const COLUMNS: [&str; 6] = ["name", "from", "ready", "nats", "connection name=connectionName", "pull"];

impl Cursors {
    pub(super) fn run(self, context: &Context) -> anyhow::Result<ExitCode> {
        match self.command {
            Command::List(List {}) => kept::list(context, PATH),
            Command::Put(Put { name, supplier, scheme, after }) => {
                let mut wish = json!({ "suppliers": supplier, "schemes": scheme });
                if let Some(after) = after {
                    wish["after"] = json!(after.to_string());
                }
                kept::put(context, (PATH, &name), ("application/json", wish.to_string().into()), COLUMNS)
            }
            Command::Show(Show { name }) => {
                let cursor: Value = context.ask(&format!("{PATH}/{name}"))?;
                context.answer(&cursor, |cursor| output::rows(&json!([cursor]), COLUMNS))
            }
            Command::Remove(Remove { name }) => kept::remove(context, PATH, &name),
        }
    }
}
