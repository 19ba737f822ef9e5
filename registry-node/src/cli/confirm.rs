//! `confirm`: an expert confirms what a supplier declared, or takes that back.

use std::process::ExitCode;
use std::sync::Arc;

use clap::Args;
use conformity::ids::{ReasonCode, VerdictId};
use conformity::reason::Reason;
use conformity::statement::Claim;
use conformity::text::Text;
use conformity::time::Day;
use conformity::verdict::{Confirmation, ConfirmationWithdrawn};

use super::context::Context;
use super::submission::{Signing, say};
use crate::clock::{Clock, SystemClock};

/// Confirm a supplier's own declaration, or take that back
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  registry-node --as expert-1 confirm S-1 --on 2026-11-27 --method \"Interview, and a look at the records\"
  registry-node --as expert-1 confirm S-1 --withdraw records-were-false

Only an expert who is accredited for the scheme and all viewpoints, and is neither the supplier nor its sponsor. Ask the supplier
for its answers; the registry shows them to nobody but its parties. A confirmation that you do not stand by any more you take back with
--withdraw, accredited or not; a declaration that counts only with an expert's word then waits for another one.")]
pub(super) struct Confirm {
    /// Id of the declaration
    verdict: VerdictId,
    /// Day on which you had looked at all of it [default: today]
    #[arg(long, value_name = "DAY")]
    on: Option<Day>,
    /// How, in words that everyone may read
    #[arg(long, value_name = "TEXT")]
    method: Option<Text<1024>>,
    /// Take your confirmation back, for this reason, as a code such as records-were-false
    #[arg(long, value_name = "CODE", conflicts_with_all = ["on", "method"])]
    withdraw: Option<ReasonCode>,
    /// Why, in words that everyone may read; never the detail of a weakness
    #[arg(long, value_name = "TEXT", requires = "withdraw")]
    reason_text: Option<Text<280>>,
    #[command(flatten)]
    signing: Signing,
}

impl Confirm {
    pub(super) fn run(self, context: &Context) -> anyhow::Result<ExitCode> {
        if let Some(code) = self.withdraw {
            let reason = Reason { code, text: self.reason_text };
            let withdrawn = ConfirmationWithdrawn { verdict: self.verdict, reason };
            return say(context, self.signing, Claim::ConfirmationWithdrawn(withdrawn), &[]);
        }
        let on = self.on.unwrap_or_else(|| Day::of(SystemClock.now()));
        let confirmation = Confirmation { verdict: self.verdict, on, method: self.method };
        say(context, self.signing, Claim::DeclarationConfirmed(Arc::new(confirmation)), &[])
    }
}
