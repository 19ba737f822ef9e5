//! `grant`: a certification body decides a verdict.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::bail;
use clap::{Args, ValueEnum};
use conformity::identifiers::Identifier;
use conformity::ids::{CountryCode, LevelCode, SchemeRef, SectorCode, VerdictId};
use conformity::site::Site;
use conformity::statement::{Claim, Kind};
use conformity::text::Text;
use conformity::time::Day;
use conformity::verdict::{AssessedObject, Conditions, Profile, Provenance, Supplier, Verdict};
use conformity::viewpoint::{ObjectKind, Viewpoint};

use super::context::Context;
use super::submission::{Signing, say, say_file};

/// Grant a verdict
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  registry-node --as cb-1 grant V-1 --supplier corporate-number:7000012050002 --supplier-name \"Example Works\" --country JP \\
    --object organization --object-name \"Example Works, head office\" --scheme demo@1 --viewpoint organization,process \\
    --scope \"Development and operation of payment terminals\" --from 2026-04-01 --until 2029-03-31
  registry-node --as cb-1 grant --file verdict.json

Only a certification body that is accredited for the scheme and all viewpoints may. Everything but --level, --site,
--exclusion, --sector, --other, --object-version, --until, --condition, --upgrades and --profile is needed, unless --file gives the whole claim.")]
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
    #[arg(long, value_name = "NAME")]
    supplier_name: Text<256>,
    /// Where the supplier is established
    #[arg(long)]
    country: CountryCode,
    /// Another identifier that the body verified to be the same entity's; may be given again
    #[arg(long, value_name = "KIND:VALUE")]
    other: Vec<Identifier>,
    /// organization, site, process, product, service or person
    #[arg(long, value_name = "KIND")]
    object: ObjectKind,
    /// What was assessed
    #[arg(long, value_name = "NAME")]
    object_name: Text<256>,
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
            (Some(terms), _) => say(context, self.signing, Claim::VerdictGranted(Arc::new(terms.into_verdict())), &[]),
            (None, Some(file)) => say_file(context, self.signing, Kind::VerdictGranted, &file, &[]),
            (None, None) => bail!("say what is granted, by flags or with --file; see `registry-node grant --help`"),
        }
    }
}

impl Terms {
    fn into_verdict(self) -> Verdict {
        let supplier =
            Supplier { id: self.supplier, name: self.supplier_name, country: Some(self.country), others: self.other };
        let conditions = self.condition.zip(self.deadline).map(|(text, deadline)| Conditions { text, deadline });
        Verdict {
            verdict: self.verdict,
            supplier: Arc::new(supplier),
            object: AssessedObject { kind: self.object, name: self.object_name, version: self.object_version },
            scheme: self.scheme,
            viewpoints: self.viewpoint.into_iter().collect(),
            level: self.level,
            scope: self.scope,
            sites: self.site,
            exclusions: self.exclusion,
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
        }
    }
}
