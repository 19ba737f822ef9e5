//! `submit`: any statement at all, from a file.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::Args;
use conformity::ids::StatementId;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::context::{Context, read_input};
use super::submission::{read_attachments, say_written};

const EXAMPLES: &str = "\
Examples:
  registry-node --as cb-1 submit verdict.json
  echo '{\"kind\": \"key-revoked\", \"claim\": {\"party\": \"cb-1\", \"kid\": \"...\"}}' | registry-node --registry jp submit -

The file holds {\"kind\": ..., \"claim\": ...}, and \"jti\" if the statement is to have an id of its own. It is signed with
the key of the credentials in --as. docs/spec/statement.md lists kinds and claims.";

/// Sign a claim from a file and submit it
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Submit {
    /// File with {"kind": ..., "claim": ...}; - for standard input
    file: PathBuf,
    /// A file that the claim refers to by digest; may be given again
    #[arg(long, value_name = "FILE")]
    attach: Vec<PathBuf>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Fact<'a> {
    kind: &'a str,
    #[serde(borrow)]
    claim: &'a RawValue,
    jti: Option<StatementId>,
}

impl Submit {
    pub(super) fn run(self, context: &Context) -> anyhow::Result<ExitCode> {
        let text = read_input(&self.file, ledger::jws::MAX_STATEMENT as u64)?;
        let fact: Fact<'_> = serde_json::from_slice(&text)
            .with_context(|| format!("{} does not hold {{\"kind\": ..., \"claim\": ...}}", self.file.display()))?;
        say_written(context, fact.jti, fact.kind, fact.claim, &read_attachments(&self.attach)?)
    }
}
