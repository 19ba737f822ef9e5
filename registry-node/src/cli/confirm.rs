//! `confirm`: an expert confirms what a supplier declared.

use std::process::ExitCode;
use std::sync::Arc;

use clap::Args;
use conformity::ids::VerdictId;
use conformity::statement::Claim;
use conformity::text::Text;
use conformity::time::Day;
use conformity::verdict::Confirmation;

use super::context::Context;
use super::submission::{Signing, say};
use crate::clock::{Clock, SystemClock};

/// Confirm a supplier's own declaration
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  registry-node --as expert-1 confirm S-1 --on 2026-11-27 --method \"Interview, and a look at the records\"

Only an expert who is accredited for the scheme and all viewpoints, and is neither the supplier nor its sponsor. Ask the supplier
for its answers; the registry shows them to nobody but its parties.")]
pub(super) struct Confirm {
    /// Id of the declaration
    verdict: VerdictId,
    /// Day on which you had looked at all of it [default: today]
    #[arg(long, value_name = "DAY")]
    on: Option<Day>,
    /// How, in words that everyone may read
    #[arg(long, value_name = "TEXT")]
    method: Option<Text<1024>>,
    #[command(flatten)]
    signing: Signing,
}

impl Confirm {
    pub(super) fn run(self, context: &Context) -> anyhow::Result<ExitCode> {
        let on = self.on.unwrap_or_else(|| Day::of(SystemClock.now()));
        let confirmation = Confirmation { verdict: self.verdict, on, method: self.method };
        say(context, self.signing, Claim::DeclarationConfirmed(Arc::new(confirmation)), &[])
    }
}
