//! `report`: what an audit body found. It decides nothing.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::bail;
use clap::Args;
use conformity::digest::Digest;
use conformity::ids::{ReportId, VerdictId};
use conformity::statement::{Claim, Kind};
use conformity::time::Day;
use conformity::verdict::{Outcome, Period, Recommendation, Report};
use conformity::viewpoint::Viewpoint;

use super::context::{Context, word};
use super::submission::{Signing, read_attachments, say, say_file};

/// File a surveillance report on a verdict
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  registry-node --as audit-1 report V-1 --id R-1 --from 2026-10-01 --to 2026-10-05 --outcome finding --recommend suspend
  registry-node --as audit-1 report --file report.json --attach full-report.pdf

An audit body that is accredited for the scheme signs. It recommends; only the body that is responsible for the verdict
decides. What was found stays in the attachment.")]
pub(super) struct FileReport {
    #[command(flatten)]
    findings: Option<Findings>,
    /// File with the claim in JSON, instead of everything above; - for standard input
    #[arg(long, value_name = "FILE", conflicts_with = "Findings")]
    file: Option<PathBuf>,
    /// The full report
    #[arg(long, value_name = "FILE")]
    attach: Option<PathBuf>,
    #[command(flatten)]
    signing: Signing,
}

#[derive(Debug, Clone, Args)]
struct Findings {
    /// Which verdict it looked at
    verdict: VerdictId,
    /// Id of the report
    #[arg(long)]
    id: ReportId,
    /// First day of the period
    #[arg(long, value_name = "DAY")]
    from: Day,
    /// Last day of the period
    #[arg(long, value_name = "DAY")]
    to: Day,
    /// From which viewpoints [default: all of the verdict's]
    #[arg(long, value_delimiter = ',', value_name = "VIEWPOINTS")]
    viewpoint: Vec<Viewpoint>,
    /// conforming or finding
    #[arg(long, value_parser = word::<Outcome>)]
    outcome: Outcome,
    /// none, suspend, reduce or withdraw [default: none]
    #[arg(long, value_parser = word::<Recommendation>)]
    recommend: Option<Recommendation>,
}

impl FileReport {
    pub(super) fn run(self, context: &Context) -> anyhow::Result<ExitCode> {
        let attachments = read_attachments(self.attach.as_slice())?;
        match (self.findings, self.file) {
            (Some(findings), _) => {
                let report = findings.into_report(attachments.first().map(|bytes| Digest::of(bytes)));
                say(context, self.signing, Claim::ReportFiled(Arc::new(report)), &attachments)
            }
            (None, Some(file)) => say_file(context, self.signing, Kind::ReportFiled, &file, &attachments),
            (None, None) => bail!("say what was found, by flags or with --file; see `registry-node report --help`"),
        }
    }
}

impl Findings {
    fn into_report(self, attachment: Option<Digest>) -> Report {
        Report {
            report: self.id,
            verdict: self.verdict,
            period: Period { from: self.from, to: self.to },
            viewpoints: (!self.viewpoint.is_empty()).then(|| self.viewpoint.into_iter().collect()),
            outcome: self.outcome,
            recommendation: self.recommend.unwrap_or(Recommendation::None),
            attachment,
        }
    }
}
