//! `watchlist`: whom one watches, kept at the registry for oneself alone.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::context::{Context, read_input, wait};
use super::{kept, output};
use crate::buyer::shelf::Name;
use crate::buyer::watchlist::MAX_BYTES;

/// Keep a list of the suppliers that you watch; nobody else sees it
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  registry-node --as buyer-1 watchlist import parts parts.csv
  registry-node --as buyer-1 watchlist matches parts --unmatched
  registry-node --as buyer-1 watch --watchlist parts

A table has a column `supplier` (kind:value, several of one supplier with a space between them), or one for each kind of identifier, and a
column `note` if you like. JSON is {\"items\": [{\"identifiers\": [\"lei:…\"], \"note\": \"…\"}]}.")]
pub(super) struct Watchlists {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    List(List),
    Import(Import),
    Export(Export),
    Matches(Matches),
    Remove(Remove),
}

/// List your watchlists
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  registry-node --as buyer-1 watchlist list")]
struct List {}

/// Put a watchlist, in the place of what has that name
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  registry-node --as buyer-1 watchlist import parts parts.csv")]
struct Import {
    /// What to call it
    name: Name,
    /// A table, or JSON where its name ends so; - for a table on standard input
    file: PathBuf,
}

/// Print a watchlist as a table, with --json as JSON
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  registry-node --as buyer-1 watchlist export parts > parts.csv")]
struct Export {
    /// Which
    name: Name,
}

/// Show which suppliers on a watchlist the registry knows, and why not the others
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  registry-node --as buyer-1 watchlist matches parts --unmatched")]
struct Matches {
    /// Which
    name: Name,
    /// Only those that it does not know
    #[arg(long)]
    unmatched: bool,
}

/// Remove a watchlist
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  registry-node --as buyer-1 watchlist remove parts")]
struct Remove {
    /// Which
    name: Name,
}

impl Watchlists {
    pub(super) fn run(self, context: &Context) -> anyhow::Result<ExitCode> {
        match self.command {
            Command::List(List {}) => kept::list(context, PATH),
            Command::Import(import) => import.run(context),
            Command::Export(export) => export.run(context),
            Command::Matches(matches) => matches.run(context),
            Command::Remove(Remove { name }) => kept::remove(context, PATH, &name),
        }
    }
}

const PATH: &str = "/v1/watchlists";
const CSV: &str = "text/csv";

impl Import {
    fn run(self, context: &Context) -> anyhow::Result<ExitCode> {
        let body = read_input(&self.file, MAX_BYTES as u64)?;
        let is_json = self.file.extension().is_some_and(|extension| extension == "json");
        let media_type = if is_json { "application/json" } else { CSV };
        let columns = ["name", "version", "items", "matched", "first unmatched rows=unmatched"];
        kept::put(context, (PATH, &self.name), (media_type, body.into()), columns)
    }
}

impl Export {
    fn run(self, context: &Context) -> anyhow::Result<ExitCode> {
        let path = format!("{PATH}/{}", self.name);
        if context.json {
            return context.answer(&context.ask::<Value>(&path)?, Value::to_string);
        }
        let table = wait(async { Ok(context.reader()?.connect().await?.fetch_as(&path, CSV).await?) })?;
        output::line(String::from_utf8_lossy(&table).trim_end())?;
        Ok(ExitCode::SUCCESS)
    }
}

impl Matches {
    fn run(self, context: &Context) -> anyhow::Result<ExitCode> {
        let path = format!("{PATH}/{}/matches?limit=1000&unmatched={}", self.name, self.unmatched);
        let answer = json!({ "matches": context.ask_all::<Value>(&path, "matches")? });
        let columns = ["row", "identifiers", "note", "matched", "absence", "explanation"];
        context.answer(&answer, |answer| output::rows(answer, columns))
    }
}
