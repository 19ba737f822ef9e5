//! `certificate`: a verified bundle as a page that people read and print.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use conformity::words::{Params, label};
use credential::bundle::Checked;
use serde_json::json;

use super::context::Context;
use super::output;
use super::prove::{Check, misused, refused};
use crate::certificate::{Language, page};

/// Make a certificate to read and print, from a bundle that is checked first
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  registry-node certificate bundle.json --trust policy.toml --out certificate.html
  registry-node certificate bundle.json --trust policy.toml --language ja --out certificate.html

One page of HTML without scripts, which a browser prints or saves as PDF. A bundle that does not hold makes none, nor does one about a
supplier; the exit codes are those of `registry-node verify`, and 2 for the latter.")]
pub(super) struct Certificate {
    #[command(flatten)]
    check: Check,
    /// Its language
    #[arg(long, value_enum, default_value_t = Language::En)]
    language: Language,
    /// Where to write it
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

impl Certificate {
    pub(super) fn run(self, context: &Context) -> anyhow::Result<ExitCode> {
        let verified = match self.check.run()? {
            Ok(Checked::Verdict(verified)) => verified,
            Ok(Checked::Supplier(_)) => {
                return Ok(misused(context, label("bundle-of-supplier", context.language, &Params::default())));
            }
            Err(failure) => return refused(context, &failure),
        };
        output::write_private(&self.out, page(&verified, self.language)?.as_bytes())?;
        let answer = json!({"certificate": self.out, "verdict": verified.verdict});
        let params = Params::default().with("file", self.out.display()).with("verdict", &verified.verdict);
        context.answer(&answer, |_| label("certificate-written", context.language, &params))
    }
}
