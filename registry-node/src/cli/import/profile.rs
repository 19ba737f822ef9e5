//! `import document --profile`: a document that tailors others.

use std::io::Read;
use std::process::ExitCode;

use conformity::document::Tailoring;
use conformity::ids::{CrosswalkRef, DocumentRef, RequirementId};
use conformity::words::{Language, Params, label};
use serde::Serialize;

use super::held::Held;
use super::{became, submit_one};
use crate::cli::context::Context;
use crate::cli::submission::Receipt;
use crate::import::{DocumentOrder, Planned, Profile};

/// What an import of a profile came to.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Report<'a> {
    document: &'a DocumentRef,
    requirements: usize,
    tailors: &'a [Tailoring],
    /// What it leaves out or changes by name without saying why.
    without_reason: &'a [RequirementId],
    receipt: Option<Receipt>,
    crosswalks: Vec<Walk<'a>>,
    #[serde(skip)]
    dry_run: bool,
}

#[derive(Serialize)]
struct Walk<'a> {
    crosswalk: &'a CrosswalkRef,
    receipt: Option<Receipt>,
}

pub(super) fn run(
    context: &Context,
    file: impl Read,
    order: &DocumentOrder,
    tailors: Option<&DocumentRef>,
    held: Held,
    dry_run: bool,
) -> anyhow::Result<ExitCode> {
    let profile = Profile::read(file, tailors)?;
    let catalogues = held.whole_catalogues(profile.documents())?;
    let plan = profile.plan(order, &catalogues, &held)?;
    held.whole()?;
    let submit = |planned: &Option<Planned>| match planned {
        Some(planned) if !dry_run => submit_one(context, planned).map(Some),
        _ => Ok(None),
    };
    let receipt = submit(&plan.document.claim)?;
    let walk = |(crosswalk, planned)| Ok(Walk { crosswalk, receipt: submit(planned)? });
    let crosswalks = plan.crosswalks.iter().map(|(name, planned)| walk((name, planned)));
    let report = Report {
        document: &order.document,
        requirements: plan.document.catalogue.in_force(),
        tailors: &plan.tailors,
        without_reason: &plan.without_reason,
        receipt,
        crosswalks: crosswalks.collect::<anyhow::Result<_>>()?,
        dry_run,
    };
    context.answer(&report, |report| report.render(context.language))
}

impl Report<'_> {
    fn render(&self, language: Language) -> String {
        let became = |receipt: &Option<Receipt>| became(receipt.as_ref(), self.dry_run, language);
        let document = Params::default().with("document", self.document).with("requirements", self.requirements);
        let mut lines = vec![label("import-profile", language, &document.with("became", became(&self.receipt)))];
        for Tailoring { document, kept, tightened, loosened, left_out } in self.tailors {
            let params = Params::default().with("document", document).with("kept", kept).with("tightened", tightened);
            let params = params.with("loosened", loosened).with("left-out", left_out.len());
            lines.push(label("import-tailors", language, &params));
        }
        for Walk { crosswalk, receipt } in &self.crosswalks {
            lines.push(format!("{crosswalk}: {}", became(receipt)));
        }
        if !self.without_reason.is_empty() {
            let numbers: Vec<&str> = self.without_reason.iter().map(RequirementId::as_str).collect();
            let without = label("import-without-reason", language, &Params::default());
            lines.push(format!("{without}: {}", numbers.join(", ")));
        }
        lines.join("\n")
    }
}
