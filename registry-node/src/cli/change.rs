//! `suspend`, `restore`, `scope`, `renew`, `withdraw`, `annul`, `change`: what a body does to its verdict.

use std::process::ExitCode;

use clap::{Args, ValueEnum};
use conformity::ids::{LevelCode, ReportId, VerdictId};
use conformity::site::Site;
use conformity::statement::Claim;
use conformity::text::Text;
use conformity::time::Day;
use conformity::verdict::{Change, Cover, VerdictChange};
use conformity::viewpoint::Viewpoint;
use jiff::Timestamp;

use super::context::{Context, word};
use super::submission::{Because, Signing, say};
use crate::clock::{Clock, SystemClock};

/// What every change of a verdict says.
#[derive(Debug, Args)]
struct Common {
    /// Which verdict
    verdict: VerdictId,
    #[command(flatten)]
    because: Because,
    /// From when it holds, such as 2026-11-23T09:00:00Z; never in the future [default: now]
    #[arg(long, value_name = "TIME")]
    effective: Option<Timestamp>,
    /// On which legal basis
    #[arg(long, value_name = "TEXT")]
    legal_basis: Option<Text<280>>,
    /// The report whose recommendation it follows, which nobody answered yet
    #[arg(long, value_name = "REPORT")]
    recommended_by: Option<ReportId>,
    #[command(flatten)]
    signing: Signing,
}

impl Common {
    fn run(self, context: &Context, change: Change) -> anyhow::Result<ExitCode> {
        let change = VerdictChange {
            verdict: self.verdict,
            change,
            reason: self.because.into_reason(),
            effective: self.effective.unwrap_or_else(|| SystemClock.now()),
            legal_basis: self.legal_basis,
            recommended_by: self.recommended_by,
        };
        say(context, self.signing, Claim::VerdictChanged(change), &[])
    }
}

/// Suspend a verdict
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  registry-node --as cb-1 suspend V-1 --reason major-nonconformity --reason-text \"Finding of surveillance\"
  registry-node --as ministry suspend V-1 --recommended-by R-1 --reason not-answered

Nobody should rely on it until it is restored. The body that is responsible for the verdict may; the operator or an authority only where
the scheme gives the registry that power: at its discretion (registryActs), or on a report that recommends it (registrySuspends).")]
pub(super) struct Suspend {
    #[command(flatten)]
    common: Common,
}

impl Suspend {
    pub(super) fn run(self, context: &Context) -> anyhow::Result<ExitCode> {
        self.common.run(context, Change::Suspended)
    }
}

/// Restore a suspended verdict
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  registry-node --as cb-1 restore V-1 --reason corrected\n\nWhat the registry suspended on a report is restored once a later report recommends nothing."
)]
pub(super) struct Restore {
    #[command(flatten)]
    common: Common,
}

impl Restore {
    pub(super) fn run(self, context: &Context) -> anyhow::Result<ExitCode> {
        self.common.run(context, Change::Restored)
    }
}

/// Withdraw a verdict for good
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  registry-node --as cb-1 withdraw V-1 --reason not-corrected")]
pub(super) struct Withdraw {
    #[command(flatten)]
    common: Common,
}

impl Withdraw {
    pub(super) fn run(self, context: &Context) -> anyhow::Result<ExitCode> {
        self.common.run(context, Change::Withdrawn)
    }
}

/// Annul a verdict that should never have been granted
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  registry-node --as cb-1 annul V-1 --reason granted-in-error")]
pub(super) struct Annul {
    #[command(flatten)]
    common: Common,
}

impl Annul {
    pub(super) fn run(self, context: &Context) -> anyhow::Result<ExitCode> {
        self.common.run(context, Change::Annulled)
    }
}

/// Renew a verdict
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  registry-node --as cb-1 renew V-1 --until 2032-03-31 --reason recertified")]
pub(super) struct Renew {
    /// The new last day
    #[arg(long, value_name = "DAY")]
    until: Day,
    #[command(flatten)]
    common: Common,
}

impl Renew {
    pub(super) fn run(self, context: &Context) -> anyhow::Result<ExitCode> {
        self.common.run(context, Change::Renewed { valid_until: self.until })
    }
}

/// Extend or reduce the scope of a verdict
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  registry-node --as cb-1 scope reduce V-1 --scope \"Development only\" --viewpoint organization --reason holder-request
  registry-node --as cb-1 scope extend V-1 --scope \"Development and operation\" --site \"Osaka\" --reason site-added

What is not given stays as it was.")]
pub(super) struct Scope {
    /// extend or reduce
    direction: Direction,
    #[command(flatten)]
    common: Common,
    /// What it covers now, in words
    #[arg(long, value_name = "TEXT")]
    scope: Text<1024>,
    /// The viewpoints that it covers now
    #[arg(long, value_delimiter = ',', value_name = "VIEWPOINTS")]
    viewpoint: Vec<Viewpoint>,
    /// Its level now
    #[arg(long)]
    level: Option<LevelCode>,
    /// A site that it covers now, as NAME or COUNTRY:NAME; may be given again
    #[arg(long, value_name = "TEXT")]
    site: Vec<Site>,
    /// What it does not cover now; may be given again
    #[arg(long, value_name = "TEXT")]
    exclusion: Vec<Text<256>>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Direction {
    /// To cover more
    Extend,
    /// To cover less
    Reduce,
}

impl Scope {
    pub(super) fn run(self, context: &Context) -> anyhow::Result<ExitCode> {
        let cover = Box::new(Cover {
            scope: self.scope,
            viewpoints: (!self.viewpoint.is_empty()).then(|| self.viewpoint.into_iter().collect()),
            level: self.level,
            sites: (!self.site.is_empty()).then_some(self.site),
            exclusions: (!self.exclusion.is_empty()).then_some(self.exclusion),
        });
        let change = match self.direction {
            Direction::Extend => Change::ScopeExtended(cover),
            Direction::Reduce => Change::ScopeReduced(cover),
        };
        self.common.run(context, change)
    }
}

/// Any other change of a verdict
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  registry-node --as cb-1 change V-1 surrendered --reason holder-request
  registry-node --as cb-1 change V-1 '{\"superseded\": {\"by\": \"V-2\"}}' --reason new-edition
  registry-node --as cb-1 change V-1 '{\"conditional\": {\"text\": \"Close finding 3\", \"deadline\": \"2027-01-31\"}}' --reason minor-nonconformity
  registry-node --as cb-1 change V-1 conditions-met --reason corrected

Words: conditions-met, surrendered, historical, appeal-opened, appeal-closed, complaint-opened, complaint-closed,
recommendation-declined. In JSON: conditional, transferred, superseded.")]
pub(super) struct Other {
    #[command(flatten)]
    common: Common,
    /// What changes: a word, or JSON
    #[arg(value_parser = change)]
    change: Change,
}

impl Other {
    pub(super) fn run(self, context: &Context) -> anyhow::Result<ExitCode> {
        self.common.run(context, self.change)
    }
}

fn change(text: &str) -> Result<Change, String> {
    if text.trim_start().starts_with('{') {
        serde_json::from_str(text).map_err(|error| error.to_string())
    } else {
        word(text)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn changes_are_words_or_json() {
        assert_eq!(change("surrendered").unwrap(), Change::Surrendered);
        let superseded = change(r#"{"superseded": {"by": "V-2"}}"#).unwrap();
        assert_eq!(superseded, Change::Superseded { by: "V-2".parse().unwrap() });
        for refused in ["", "gone", "superseded", r#"{"superseded": {"by": "V 2"}}"#, r#"{"renewed": {}}"#] {
            assert!(change(refused).is_err(), "{refused}");
        }
    }
}
