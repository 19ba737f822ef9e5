//! `cascades`: what each cause did to the verdicts that rest on it, and how far telling of it is.

use std::process::ExitCode;

use clap::Args;
use serde_json::{Value, json};

use super::as_of::AsOf;
use super::context::Context;
use super::output;

/// Show what becomes of verdicts when what they rest on lapsed, a key was stolen or an arrangement changed, and how far telling is
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  registry-node --registry jp cascades
  registry-node --as buyer-1 cascades --json
  registry-node --as buyer-1 cascades --as-of 2026-06-30T00:00:00Z

A row for each cause and what verdicts become by it: basis-kept, basis-window (in force up to a time), basis-lapsed (not in
force), basis-holds (in force again); coverage-changed (a crosswalk was corrected); voided (a stolen key had signed it); recognition (what is made of another registry's verdicts
was derived anew). Only public verdicts are counted. With --json each batch says of how many verdicts it set out to tell, found in
which size of the log, the digest of their names, and whether it told of exactly these (whole).")]
pub(super) struct Cascades {
    #[command(flatten)]
    as_of: AsOf,
}

impl Cascades {
    pub(super) fn run(self, context: &Context) -> anyhow::Result<ExitCode> {
        let cascades =
            json!({ "cascades": context.ask_all::<Value>(&self.as_of.appended("/v1/cascades"), "cascades")? });
        context.answer(&cascades, table)
    }
}

/// A row for each.
pub(super) fn table(cascades: &Value) -> String {
    let (cause, entry) = ("cause=cause/what", "entry=cause/entry");
    output::rows(cascades, [cause, entry, "scheme", "registry", "becomes", "until", "done", "total", "finished"])
}
