//! `grant`: a certification body decides a verdict.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context as _, bail, ensure};
use clap::{Args, ValueEnum};
use conformity::credential::Reach;
use conformity::handle;
use conformity::identifiers::Identifier;
use conformity::ids::{CountryCode, DocumentRef, LevelCode, SchemeRef, SectorCode, VerdictId};
use conformity::site::Site;
use conformity::statement::{Claim, Kind};
use conformity::text::Text;
use conformity::time::Day;
use conformity::verdict::{AssessedObject, Conditions, Profile, Provenance, Supplier, Verdict};
use conformity::viewpoint::{ObjectKind, Viewpoint};
use conformity::words::Params;
use credential::attestation::Detail;
use serde_json::json;

use super::context::{Context, read_input};
use super::import::held::Held;
use super::output;
use super::submission::{Signing, say, say_file};
use crate::applicability::{self, Applicability, Refused};
use crate::import::Holdings;

/// Grant a verdict
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  registry-node --as cb-1 grant V-1 --supplier corporate-number:7000012050002 --supplier-name \"Example Works\" --country JP \\
    --object organization --object-name \"Example Works, head office\" --scheme demo@1 --viewpoint organization,process \\
    --scope \"Development and operation of payment terminals\" --from 2026-04-01 --until 2029-03-31
  registry-node --as cb-1 grant V-2 --supplier lei:5493001KJTIIGC8Y1R12 --supplier-name \"Example Works\" --country JP \\
    --object organization --object-name \"Example Works\" --scheme isms@1 --viewpoint organization,process --scope \"All of it\" \\
    --from 2026-04-01 --until 2029-03-31 --applicability soa.csv --detail-out detail.json
  registry-node --as cb-1 grant V-3 --supplier local:members:8 --person --country JP --object organization --scheme demo@1 \
    --viewpoint organization --scope \"Repair of payment terminals\" --from 2026-04-01 --until 2029-03-31
  registry-node --as cb-1 grant --file verdict.json

--applicability takes a statement of applicability as CSV (requirement, applicable; justification, implemented, viewpoint may be left out):
what does not apply, is not implemented in full or is not mentioned becomes exclusions of the verdict, which coverage leaves out. Outcomes and
justifications go into --detail-out, for `credential issue --detail`, where each is shown apart. Rows that cannot be taken are all told, and
then nothing is signed.

Only a certification body that is accredited for the scheme and all viewpoints may. Everything but --person, --object-name, --level, --site,
--exclusion, --sector, --other, --object-version, --until, --condition, --upgrades, --profile and the statement of applicability is needed, unless --file gives the whole claim.")]
pub(super) struct Grant {
    #[command(flatten)]
    terms: Option<Terms>,
    /// File with the claim in JSON, instead of everything above; - for standard input
    #[arg(long, value_name = "FILE", conflicts_with = "Terms")]
    file: Option<PathBuf>,
    #[command(flatten)]
    signing: Signing,
}

#[derive(Debug, Clone, Args)]
struct Terms {
    /// Id of the verdict
    verdict: VerdictId,
    /// Identifier of the supplier, such as corporate-number:... or lei:...
    #[arg(long, value_name = "KIND:VALUE")]
    supplier: Identifier,
    /// Legal name of the supplier
    #[arg(long, value_name = "NAME", required_unless_present_any = ["person", "file"], conflicts_with = "person")]
    supplier_name: Option<Text<256>>,
    /// The supplier is a natural person, who stands in the log by the identifier alone
    #[arg(long)]
    person: bool,
    /// Where the supplier is established
    #[arg(long)]
    country: CountryCode,
    /// Another identifier that the body verified to be the same entity's; may be given again
    #[arg(long, value_name = "KIND:VALUE")]
    other: Vec<Identifier>,
    /// organization, site, process, product, service or person
    #[arg(long, value_name = "KIND")]
    object: ObjectKind,
    /// What was assessed [default: the supplier's name]
    #[arg(long, value_name = "NAME")]
    object_name: Option<Text<256>>,
    /// In which version
    #[arg(long, value_name = "VERSION")]
    object_version: Option<Text<128>>,
    /// Scheme, id@version
    #[arg(long)]
    scheme: SchemeRef,
    /// organization, process, people-and-things
    #[arg(long, value_delimiter = ',', required = true, value_name = "VIEWPOINTS")]
    viewpoint: Vec<Viewpoint>,
    /// Level within the scheme
    #[arg(long)]
    level: Option<LevelCode>,
    /// What it covers, in words
    #[arg(long, value_name = "TEXT")]
    scope: Text<1024>,
    /// A site that it covers, as NAME or COUNTRY:NAME; may be given again
    #[arg(long, value_name = "TEXT")]
    site: Vec<Site>,
    /// What it does not cover; may be given again
    #[arg(long, value_name = "TEXT")]
    exclusion: Vec<Text<256>>,
    /// Statement of applicability as CSV; what it leaves out is excluded
    #[arg(long, value_name = "FILE")]
    applicability: Option<PathBuf>,
    /// Of which document it is, id@version [default: the only one of the scheme]
    #[arg(long, value_name = "DOCUMENT", requires = "applicability")]
    document: Option<DocumentRef>,
    /// Where to write what it says for the credential
    #[arg(long, value_name = "FILE", requires = "applicability")]
    detail_out: Option<PathBuf>,
    /// A sector for which it is decided, such as isic4.J; may be given again
    #[arg(long, value_name = "CODE")]
    sector: Vec<SectorCode>,
    /// First day
    #[arg(long, value_name = "DAY")]
    from: Day,
    /// Last day; needed where the scheme limits validity
    #[arg(long, value_name = "DAY")]
    until: Option<Day>,
    /// What must still be met; the verdict is conditional until then
    #[arg(long, value_name = "TEXT", requires = "deadline")]
    condition: Option<Text<1024>>,
    /// Last day to meet the condition
    #[arg(long, value_name = "DAY", requires = "condition")]
    deadline: Option<Day>,
    /// Id of the supplier's own declaration whose place it takes
    #[arg(long, value_name = "VERDICT")]
    upgrades: Option<VerdictId>,
    /// To whom it is shown [default: open]
    #[arg(long)]
    profile: Option<Shown>,
}

/// To whom a verdict is shown.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Shown {
    /// To everyone
    Open,
    /// To everyone, but for level, sites and exclusions
    Summary,
    /// To whom the registry lets see it
    Restricted,
}

impl Grant {
    pub(super) fn run(self, context: &Context) -> anyhow::Result<ExitCode> {
        match (self.terms, self.file) {
            (Some(terms), _) => {
                let stated = match terms.stated(context)? {
                    Ok(stated) => stated,
                    Err(refused) => return untaken(context, &refused),
                };
                say(context, self.signing, Claim::VerdictGranted(Arc::new(terms.into_verdict(stated)?)), &[])
            }
            (None, Some(file)) => say_file(context, self.signing, Kind::VerdictGranted, &file, &[]),
            (None, None) => bail!("say what is granted, by flags or with --file; see `registry-node grant --help`"),
        }
    }
}

/// Rows of a statement of applicability that cannot be taken. Nothing was signed.
fn untaken(context: &Context, refused: &[Refused]) -> anyhow::Result<ExitCode> {
    output::print(context.json, &json!({ "refused": refused }), |_| {
        let rows = refused.iter().map(|one| {
            let params = Params::default().with("row", one.row).with("requirement", &one.requirement);
            output::label("row-refused", &params.with("why", &one.why).with("code", one.code))
        });
        let head = output::label("nothing-signed", &Params::default().with("count", refused.len()));
        std::iter::once(head).chain(rows).collect::<Vec<_>>().join("\n")
    })?;
    Ok(ExitCode::FAILURE)
}

impl Terms {
    /// The exclusions of the statement of applicability that go into the verdict; or the rows that cannot be taken.
    fn stated(&self, context: &Context) -> anyhow::Result<Result<Vec<Text<256>>, Vec<Refused>>> {
        let Some(file) = &self.applicability else { return Ok(Ok(Vec::new())) };
        let summary = matches!(self.profile, Some(Shown::Summary));
        ensure!(
            !summary || self.detail_out.is_some(),
            "a summary verdict leaves its exclusions to its credential: say --detail-out"
        );
        let stated = applicability::read(&read_input(file, applicability::BYTES_MAX)?)
            .with_context(|| format!("{} is no statement of applicability", file.display()))?;
        let held = Held::open(context)?;
        let document = self.of_document(&held)?;
        let catalogue = held.catalogues(&[&document])?.into_iter().next().map(|(_, catalogue)| catalogue);
        let catalogue = catalogue.with_context(|| {
            format!("the registry has no catalogue of {document}, against which rows could be checked")
        })?;
        let viewpoints = self.viewpoint.iter().copied().collect();
        let Applicability { exclusions, assessments, counts } = match stated.against(&document, &catalogue, viewpoints)
        {
            Ok(applicability) => applicability,
            Err(refused) => return Ok(Err(refused)),
        };
        if let Some(out) = &self.detail_out {
            let all: Vec<_> = self.exclusion.iter().cloned().chain(exclusions.iter().cloned()).collect();
            let reach = Reach { level: self.level.clone(), sites: self.site.clone(), exclusions: all };
            let open = matches!(self.profile, None | Some(Shown::Open));
            let detail = Detail { reach: (!open).then_some(reach), assessments };
            output::write_private(out, &serde_json::to_vec_pretty(&detail)?)?;
        }
        let params = Params::default().with("document", &document).with("apply", counts.apply);
        let params =
            params.with("not-applicable", counts.not_applicable).with("not-implemented", counts.not_implemented);
        output::note(&output::label("applicability", &params.with("not-mentioned", counts.not_mentioned)));
        Ok(Ok(if summary { Vec::new() } else { exclusions }))
    }

    fn of_document(&self, held: &Held) -> anyhow::Result<DocumentRef> {
        if let Some(document) = &self.document {
            return Ok(document.clone());
        }
        let scheme =
            held.scheme(&self.scheme).with_context(|| format!("the registry has no scheme {}", self.scheme))?;
        match scheme.documents.as_slice() {
            [document] => Ok(document.clone()),
            _ => bail!("scheme {} assesses several documents or none: say which with --document", self.scheme),
        }
    }

    fn into_verdict(self, stated: Vec<Text<256>>) -> anyhow::Result<Verdict> {
        let name = self.supplier_name.map_or_else(|| handle::name_of(&self.supplier), Ok)?;
        let object = self.object_name.unwrap_or_else(|| name.clone());
        let (country, others) = (Some(self.country), self.other);
        let supplier = Supplier { id: self.supplier, name, country, others, person: self.person };
        let conditions = self.condition.zip(self.deadline).map(|(text, deadline)| Conditions { text, deadline });
        Ok(Verdict {
            verdict: self.verdict,
            supplier: Arc::new(supplier),
            object: AssessedObject { kind: self.object, name: object, version: self.object_version },
            scheme: self.scheme,
            viewpoints: self.viewpoint.into_iter().collect(),
            level: self.level,
            scope: self.scope,
            sites: self.site,
            exclusions: self.exclusion.into_iter().chain(stated).collect(),
            sectors: self.sector,
            valid_from: self.from,
            valid_until: self.until,
            conditions,
            profile: match self.profile {
                Some(Shown::Restricted) => Profile::Restricted,
                Some(Shown::Summary) => Profile::Summary,
                Some(Shown::Open) | None => Profile::Open,
            },
            provenance: Provenance::Decided,
            upgrades: self.upgrades,
        })
    }
}
