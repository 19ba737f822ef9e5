//! `import crosswalk`: what others found out about how two documents relate.

use std::process::ExitCode;

use clap::Args;
use conformity::ids::{CrosswalkRef, DocumentRef};
use conformity::text::Text;
use conformity::time::Day;
use conformity::words::{Params, label};
use serde_json::json;

use super::held::Held;
use super::{From, became, submit_one};
use crate::cli::context::Context;
use crate::import::{CrosswalkOrder, Unknown, crosswalk};

/// Publish a crosswalk: an OSCAL mapping-collection, a library of CISO Assistant, or the references of a catalogue
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  registry-node --registry us import crosswalk olir.yaml --crosswalk olir-155@2023 --source nist-sp-800-53@r5 \\
    --target iso-iec-27001@2022 --owner NIST --issued 2023-10-12
  registry-node --registry us import crosswalk sp800-171.xml --crosswalk nist-171-sources@r3 --source nist-sp-800-171@r3 \\
    --target nist-sp-800-53@r5 --owner NIST --issued 2024-05-14 --references SP_800_53_5_1_1
  registry-node --registry jp import crosswalk --example common-to-nist-csf-2.0 --crosswalk common-to-csf@1 \\
    --source common-requirements@1 --target nist-csf@2.0 --owner \"Our ministry\" --issued 2026-11-27

Both documents are published already. What the file says in both directions is kept once. Relations are those of the file:
an intersection covers nothing, whatever follows from it. References of a catalogue count as intersections.")]
pub(super) struct ImportCrosswalk {
    #[command(flatten)]
    from: From,
    /// Id and version here, id@version
    #[arg(long)]
    crosswalk: CrosswalkRef,
    /// The document that the file calls the source
    #[arg(long)]
    source: DocumentRef,
    /// The document that the file calls the target
    #[arg(long)]
    target: DocumentRef,
    /// Who made it
    #[arg(long)]
    owner: Text<256>,
    /// The day on which its owner issued it
    #[arg(long, value_name = "DAY")]
    issued: Day,
    /// Where it is published
    #[arg(long)]
    url: Option<Text<1024>>,
    /// Its title, if not the file's
    #[arg(long)]
    title: Option<Text<256>>,
    /// The file is an OSCAL catalogue: read its references to addresses that contain this
    #[arg(long, value_name = "PART OF AN ADDRESS")]
    references: Option<String>,
    /// Leave out what names a requirement that the catalogue of its document does not have
    #[arg(long)]
    leave_out_unknown: bool,
    /// Say what would happen, and do nothing
    #[arg(long)]
    dry_run: bool,
}

impl ImportCrosswalk {
    pub(super) fn run(self, context: &Context) -> anyhow::Result<ExitCode> {
        let unknown = if self.leave_out_unknown { Unknown::LeaveOut } else { Unknown::Refuse };
        let order = CrosswalkOrder {
            crosswalk: self.crosswalk,
            source: self.source,
            target: self.target,
            owner: self.owner,
            issued: self.issued,
            url: self.url,
            title: self.title,
            references: self.references,
            unknown,
        };
        let file = self.from.open()?;
        let held = Held::open(context)?;
        let catalogues = held.catalogues(&[&order.source, &order.target])?;
        let plan = crosswalk(file, &order, &catalogues, &held)?;
        held.whole()?;
        let receipt = match &plan.claim {
            Some(planned) if !self.dry_run => Some(submit_one(context, planned)?),
            _ => None,
        };
        let maps = plan.crosswalk.maps().len();
        let answer = json!({
            "crosswalk": order.crosswalk, "rows": plan.rows, "maps": maps, "repeated": plan.repeated,
            "leftOut": plan.left_out, "unknown": plan.unknown, "receipt": receipt,
        });
        context.answer(&answer, |_| {
            let became = became(receipt.as_ref(), self.dry_run, context.language);
            let params = Params::default().with("crosswalk", &order.crosswalk).with("maps", maps);
            let params = params.with("rows", plan.rows).with("repeated", plan.repeated);
            label("import-crosswalk", context.language, &params.with("left-out", plan.left_out).with("became", became))
        })
    }
}
