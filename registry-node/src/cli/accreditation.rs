//! `designate`, `accredit`, `accreditation`: who may assess what.

use std::process::ExitCode;
use std::sync::Arc;

use clap::{Args, Subcommand};
use conformity::accreditation::{Accreditation, AccreditationChange, AccreditedAs, Designation, DesignationChange};
use conformity::ids::{AccreditationId, DesignationId, PartyId, SchemeId, SchemeRef};
use conformity::statement::{AccreditationChanged, Claim, DesignationChanged};
use conformity::time::Day;
use conformity::viewpoint::{ObjectKind, Viewpoint};
use serde_json::{Value, json};

use super::as_of::AsOf;
use super::context::{Context, word};
use super::output;
use super::submission::{Because, Signing, say};

/// Let an accreditation body accredit under schemes
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  registry-node --as authority designate D-1 --accreditation-body ab-1 --schemes demo --from 2026-01-01

An authority signs.")]
pub(super) struct Designate {
    /// Id of the designation
    id: DesignationId,
    /// Whom it lets accredit
    #[arg(long, value_name = "PARTY")]
    accreditation_body: PartyId,
    /// Under which schemes, in every version
    #[arg(long, value_delimiter = ',', required = true, value_name = "SCHEMES")]
    schemes: Vec<SchemeId>,
    /// First day
    #[arg(long, value_name = "DAY")]
    from: Day,
    /// Last day
    #[arg(long, value_name = "DAY")]
    until: Option<Day>,
    #[command(flatten)]
    signing: Signing,
}

impl Designate {
    pub(super) fn run(self, context: &Context) -> anyhow::Result<ExitCode> {
        let designation = Designation {
            id: self.id,
            accreditation_body: self.accreditation_body,
            schemes: self.schemes,
            from: self.from,
            until: self.until,
        };
        say(context, self.signing, Claim::DesignationMade(Arc::new(designation)), &[])
    }
}

/// Suspend, restore or withdraw a designation
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  registry-node --as authority designation D-1 suspended --reason peer-evaluation-failed")]
pub(super) struct ChangeDesignation {
    /// Which designation
    id: DesignationId,
    /// suspended, restored or withdrawn
    #[arg(value_parser = word::<DesignationChange>)]
    change: DesignationChange,
    #[command(flatten)]
    because: Because,
    #[command(flatten)]
    signing: Signing,
}

impl ChangeDesignation {
    pub(super) fn run(self, context: &Context) -> anyhow::Result<ExitCode> {
        let changed = DesignationChanged { id: self.id, change: self.change, reason: self.because.into_reason() };
        say(context, self.signing, Claim::DesignationChanged(changed), &[])
    }
}

/// Accredit a body
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  registry-node --as ab-1 accredit A-1 --body cb-1 --role certification-body --scheme demo@1 --viewpoint organization,process --from 2026-01-01 --until 2029-12-31

A designated accreditation body signs, or an authority itself. Days are UTC, first and last included.")]
pub(super) struct Accredit {
    /// Id of the accreditation
    id: AccreditationId,
    /// Who is accredited
    #[arg(long, value_name = "PARTY")]
    body: PartyId,
    /// certification-body, audit-body or evaluation-laboratory
    #[arg(long, value_parser = word::<AccreditedAs>)]
    role: AccreditedAs,
    /// Under which scheme, id@version
    #[arg(long)]
    scheme: SchemeRef,
    /// organization, process, people-and-things
    #[arg(long, value_delimiter = ',', required = true, value_name = "VIEWPOINTS")]
    viewpoint: Vec<Viewpoint>,
    /// Kinds of object [default: all of the scheme]
    #[arg(long, value_delimiter = ',', value_name = "KINDS")]
    object: Vec<ObjectKind>,
    /// First day
    #[arg(long, value_name = "DAY")]
    from: Day,
    /// Last day
    #[arg(long, value_name = "DAY")]
    until: Day,
    #[command(flatten)]
    signing: Signing,
}

impl Accredit {
    pub(super) fn run(self, context: &Context) -> anyhow::Result<ExitCode> {
        let accreditation = Accreditation {
            id: self.id,
            body: self.body,
            role: self.role,
            scheme: self.scheme,
            viewpoints: self.viewpoint.into_iter().collect(),
            objects: (!self.object.is_empty()).then(|| self.object.into_iter().collect()),
            from: self.from,
            until: self.until,
        };
        say(context, self.signing, Claim::AccreditationGranted(Arc::new(accreditation)), &[])
    }
}

/// Change accreditations, and list them
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  registry-node --as ab-1 accreditation suspend A-1 --reason assessment-overdue
  registry-node --as ab-1 accreditation renew A-1 --until 2032-12-31 --reason reassessed
  registry-node --registry jp accreditation list")]
pub(super) struct Accreditations {
    #[command(subcommand)]
    command: AccreditationCommand,
}

#[derive(Debug, Subcommand)]
enum AccreditationCommand {
    Suspend(Step),
    Restore(Step),
    Withdraw(Step),
    Reduce(Reduce),
    Renew(Renew),
    List(List),
}

/// Suspend, restore or withdraw an accreditation
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  registry-node --as ab-1 accreditation suspend A-1 --reason assessment-overdue
  registry-node --as ab-1 accreditation restore A-1 --reason reassessed
  registry-node --as ab-1 accreditation withdraw A-1 --reason not-reassessed")]
struct Step {
    /// Which accreditation
    id: AccreditationId,
    #[command(flatten)]
    because: Because,
    #[command(flatten)]
    signing: Signing,
}

/// Let an accreditation cover fewer viewpoints
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  registry-node --as ab-1 accreditation reduce A-1 --viewpoint organization --reason scope-review"
)]
struct Reduce {
    /// What remains
    #[arg(long, value_delimiter = ',', required = true, value_name = "VIEWPOINTS")]
    viewpoint: Vec<Viewpoint>,
    #[command(flatten)]
    step: Step,
}

/// Let an accreditation last longer
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  registry-node --as ab-1 accreditation renew A-1 --until 2032-12-31 --reason reassessed"
)]
struct Renew {
    /// The new last day
    #[arg(long, value_name = "DAY")]
    until: Day,
    #[command(flatten)]
    step: Step,
}

/// List the accreditations of the registry
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  registry-node --registry jp accreditation list
  registry-node --registry jp accreditation list --as-of 2026-06-30T00:00:00Z")]
struct List {
    #[command(flatten)]
    as_of: AsOf,
}

impl Accreditations {
    pub(super) fn run(self, context: &Context) -> anyhow::Result<ExitCode> {
        use AccreditationChange as Change;
        match self.command {
            AccreditationCommand::Suspend(step) => step.run(context, Change::Suspended),
            AccreditationCommand::Restore(step) => step.run(context, Change::Restored),
            AccreditationCommand::Withdraw(step) => step.run(context, Change::Withdrawn),
            AccreditationCommand::Reduce(Reduce { viewpoint, step }) => {
                step.run(context, Change::Reduced { viewpoints: viewpoint.into_iter().collect() })
            }
            AccreditationCommand::Renew(Renew { until, step }) => step.run(context, Change::Renewed { until }),
            AccreditationCommand::List(List { as_of }) => list(context, &as_of),
        }
    }
}

impl Step {
    fn run(self, context: &Context, change: AccreditationChange) -> anyhow::Result<ExitCode> {
        let changed = AccreditationChanged { id: self.id, change, reason: self.because.into_reason() };
        say(context, self.signing, Claim::AccreditationChanged(changed), &[])
    }
}

fn list(context: &Context, as_of: &AsOf) -> anyhow::Result<ExitCode> {
    let path = as_of.appended("/v1/accreditations");
    let all = json!({ "accreditations": context.ask_all::<Value>(&path, "accreditations")? });
    context.answer(&all, |all| {
        output::rows(all, ["id", "body", "as", "scheme", "covers", "until=lastDay", "in force=inForce", "lapse"])
    })
}
