//! What counts as met by the verdicts of this registry on a supplier, as far as the asker may see them.
//!
//! A verdict counts requirement by requirement where the asker may see what its credential keeps back: because it is his own affair, or
//! because its supplier consented, and then the use is recorded before anything is shown. Else it counts as the whole of what its scheme
//! assesses, as far as it reaches into that (`conformity::coverage::Reach`), where the scheme has no levels; else as nothing.

use std::collections::BTreeSet;
use std::sync::Arc;

use conformity::as_of::AsOf;
use conformity::consent::{Part, Parts, Permission, in_part, permission};
use conformity::coverage::{Omission, Reach, Requirement};
use conformity::credential::CredentialRecord;
use conformity::identifiers::Identifier;
use conformity::ids::{AcceptanceId, DocumentRef, PartyId, ReportId, SchemeRef, VerdictId};
use conformity::records::{Facts, SchemeRecord};
use conformity::standing::{Sight, concerns, sight};
use conformity::text::Text;
use conformity::time::Day;
use conformity::verdict::{Acceptance, Happening, Outcome, Period, Profile, Snapshot, VerdictRecord};
use conformity::viewpoint::Viewpoints;
use credential::attestation::{Evidence, RequirementOutcome, read};
use jiff::Timestamp;
use serde::Serialize;

use super::foreign::Recognised;
use super::{Ground, MAX_VERDICTS};
use crate::core::uses::Way;
use crate::http::ask::Ask;
use crate::http::code;
use crate::http::consented::{self, Asker, Showing};
use crate::http::site::Site;
use crate::problem::Problem;

/// What counts as met, and why.
#[derive(Serialize)]
#[serde(tag = "basis", rename_all_fields = "camelCase")]
pub(super) enum Basis {
    /// A whole document was supposed to be met.
    #[serde(rename = "supposed")]
    Supposed { document: DocumentRef, met: usize },
    /// A verdict, requirement by requirement.
    #[serde(rename = "results")]
    Results {
        #[serde(flatten)]
        verdict: Held,
        /// Whether it is shown because the supplier consented.
        by_consent: bool,
        met: usize,
        /// What was assessed and not met in full, or does not apply.
        left_out: Vec<LeftOut>,
    },
    /// A verdict, as the whole of what its scheme assesses, as far as it reaches into that.
    #[serde(rename = "whole-documents")]
    Whole {
        #[serde(flatten)]
        verdict: Held,
        documents: Vec<DocumentRef>,
        met: usize,
        /// What its viewpoints and exclusions leave out.
        left_out: Vec<LeftOut>,
    },
    /// A verdict that says nothing of single requirements: its scheme has levels, and which of them asks for what is not said.
    #[serde(rename = "not-stated")]
    NotStated {
        #[serde(flatten)]
        verdict: Held,
    },
    /// A verdict of another registry, as far as it is recognised here.
    #[serde(rename = "recognised")]
    Recognised(Recognised),
}

/// A verdict in force, and how far it reaches.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Held {
    verdict: VerdictId,
    scheme: SchemeRef,
    viewpoints: Viewpoints,
    scope: Text<1024>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    exclusions: Vec<Text<256>>,
    /// What was given as evidence for it already, for whoever assesses what is touched.
    evidence: Given,
}

/// Evidence that was given.
#[derive(Serialize, Default)]
#[serde(rename_all = "camelCase")]
struct Given {
    /// What the assessments rest on, from its credential.
    links: Vec<Evidence>,
    /// What audit bodies reported.
    reports: Vec<Filed>,
    /// Which authorities took it as evidence, as lists say.
    acceptances: Vec<Accepted>,
}

/// A report of an audit body.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Filed {
    report: ReportId,
    by: PartyId,
    filed: Timestamp,
    period: Period,
    outcome: Outcome,
}

/// An authority took the verdict as evidence.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Accepted {
    acceptance: AcceptanceId,
    authority: Text<256>,
    from: Day,
    #[serde(skip_serializing_if = "Option::is_none")]
    until: Option<Day>,
    list: Text<128>,
}

/// A requirement that does not count, and why.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct LeftOut {
    #[serde(flatten)]
    requirement: Requirement,
    #[serde(flatten)]
    why: Why,
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
enum Why {
    Outcome(RequirementOutcome),
    Because(Omission),
}

/// What the asker may see of a verdict beyond what everyone may.
enum Right {
    None,
    Whole,
    Consent(Permission),
}

/// Adds what the verdicts of this registry that were in force then say, as far as the asker may see them today.
pub(super) fn add(
    site: &Site,
    ask: &Ask,
    supplier: &Identifier,
    as_of: &AsOf,
    ground: &mut Ground<'_>,
) -> Result<(), Problem> {
    for (record, right) in visible(site, ask, supplier, as_of) {
        let credential = || credential_at(site, &record, as_of);
        let (basis, met) = match right {
            Right::None => whole(site, ground, &record, Parts::default()),
            Right::Whole => match credential() {
                Some(credential) => detailed(site, ground, &record, &credential, Parts::all())?,
                None => whole(site, ground, &record, Parts::all()),
            },
            Right::Consent(permission) => consented_to(site, ask, ground, &record, permission, credential())?,
        };
        ground.add(basis, met);
    }
    Ok(())
}

/// The verdicts as they were then, those that were in force, with what the asker may see of each today.
fn visible(site: &Site, ask: &Ask, supplier: &Identifier, as_of: &AsOf) -> Vec<(Arc<VerdictRecord>, Right)> {
    let (register, viewer, now) = (site.register(), ask.viewer(), site.registry.now());
    let right = |record: &VerdictRecord| {
        if concerns(&*register, &viewer, record) {
            return Some(Right::Whole);
        }
        if let Some(permission) = permission(&register, &viewer, record, now) {
            return Some(Right::Consent(permission));
        }
        (sight(&*register, &viewer, record) == Sight::Whole).then_some(Right::None)
    };
    // What the supplier declared itself meets nothing: nobody assessed it.
    let assessed = |record: &&Arc<VerdictRecord>| record.terms.provenance.self_declared().is_none();
    let all = register.verdicts_of(supplier);
    let in_force = all.iter().filter(assessed).filter_map(|record| {
        // First, so that a history that he may not see costs no time that he could measure.
        let right = right(record)?;
        let then = record.seen(as_of).filter(|then| then.holds_at(as_of.at()))?;
        Some((then, right))
    });
    in_force.take(MAX_VERDICTS).collect()
}

/// The newest credential that there was then and that is not void.
fn credential_at(site: &Site, record: &VerdictRecord, as_of: &AsOf) -> Option<Arc<CredentialRecord>> {
    let all = site.register().credentials_of(record.id());
    let then = all.iter().filter_map(|one| one.seen(as_of)).filter(|one| one.voided.is_none());
    then.max_by_key(|one| one.rank())
}

/// What the supplier consented to, once the use is durable.
fn consented_to(
    site: &Site,
    ask: &Ask,
    ground: &Ground<'_>,
    record: &VerdictRecord,
    permission: Permission,
    credential: Option<Arc<CredentialRecord>>,
) -> Result<(Basis, Vec<Requirement>), Problem> {
    let place = consented::place(site)?;
    let told: Parts = [Part::Scope, Part::Results, Part::Evidence].into_iter().collect();
    let parts = permission.parts.intersection(told);
    let permission = Permission { parts, ..permission };
    let public = record.terms.profile.is_public();
    let shown = if public { record.clone() } else { in_part(record, parts) };
    let (answer, disclosures) = match &credential {
        Some(credential) => {
            (detailed(site, ground, &shown, credential, parts)?, consented::disclosures(site, credential, parts)?.len())
        }
        None => (whole(site, ground, &shown, parts), 0),
    };
    let (way, permission) = (Way::Coverage, &permission);
    let showing = Showing { verdict: record, permission, way, credential: credential.as_deref(), disclosures };
    showing.record(site, Asker::of(ask)?, &place)?;
    Ok(match answer {
        (Basis::Results { verdict, met, left_out, .. }, numbers) => {
            (Basis::Results { verdict, by_consent: true, met, left_out }, numbers)
        }
        other => other,
    })
}

/// Requirement by requirement, where these parts of the credential say something of single ones.
fn detailed(
    site: &Site,
    ground: &Ground<'_>,
    record: &VerdictRecord,
    credential: &CredentialRecord,
    parts: Parts,
) -> Result<(Basis, Vec<Requirement>), Problem> {
    let Results { met, left_out, links, said } = results(site, credential, parts)?;
    if !said {
        let (mut basis, met) = whole(site, ground, record, parts);
        if let Basis::Whole { verdict, .. } | Basis::NotStated { verdict } = &mut basis {
            verdict.evidence.links = links;
        }
        return Ok((basis, met));
    }
    let mut verdict = held(record);
    verdict.evidence.links = links;
    Ok((Basis::Results { verdict, by_consent: false, met: met.len(), left_out }, met))
}

/// As the whole of what its scheme assesses, as far as it reaches; not where the asker is not told what it leaves out.
fn whole(site: &Site, ground: &Ground<'_>, record: &VerdictRecord, parts: Parts) -> (Basis, Vec<Requirement>) {
    let verdict = held(record);
    let tells_exclusions = match record.terms.profile {
        Profile::Open => true,
        // They stand in its credentials alone.
        Profile::Summary => false,
        Profile::Restricted => parts.contains(Part::Scope),
    };
    let Some(scheme) = without_levels(site, &record.terms.scheme).filter(|_| tells_exclusions) else {
        return (Basis::NotStated { verdict }, Vec::new());
    };
    let (viewpoints, assessed) = (verdict.viewpoints, scheme.scheme.viewpoints);
    let reach = Reach { viewpoints, assessed, exclusions: &verdict.exclusions, documents: None };
    let (met, left_out) = reached(ground, &scheme, &reach);
    let documents = scheme.scheme.documents.clone();
    (Basis::Whole { verdict, documents, met: met.len(), left_out }, met)
}

/// A scheme whose verdicts say that all of its documents is met.
pub(super) fn without_levels(site: &Site, scheme: &SchemeRef) -> Option<Arc<SchemeRecord>> {
    site.register().scheme(scheme).filter(|record| record.scheme.levels.is_empty())
}

/// What counts as met of the documents of a scheme.
pub(super) fn reached(
    ground: &Ground<'_>,
    scheme: &SchemeRecord,
    reach: &Reach<'_>,
) -> (Vec<Requirement>, Vec<LeftOut>) {
    let (known, mut met, mut left_out) = (ground.known, Vec::new(), Vec::new());
    for document in &scheme.scheme.documents {
        let counted = reach.count(document, known.all_of(document), known.catalogue(document));
        met.extend(counted.met.iter().map(|number| known.requirement(document, number)));
        left_out.extend(counted.omitted.into_iter().map(|omitted| LeftOut {
            requirement: known.requirement(document, &omitted.requirement),
            why: Why::Because(omitted.because),
        }));
    }
    (met, left_out)
}

fn held(record: &VerdictRecord) -> Held {
    let Snapshot { viewpoints, scope, exclusions, .. } = record.now.clone();
    let told = record.history.iter().filter(|item| item.voided.is_none());
    let mut evidence = Given::default();
    for item in told {
        match &item.what {
            Happening::Reported(report) => evidence.reports.push(Filed {
                report: report.report.clone(),
                by: item.by.clone(),
                filed: item.at,
                period: report.period,
                outcome: report.outcome,
            }),
            Happening::AcceptedAsEvidence(acceptance) => evidence.acceptances.push(accepted(acceptance)),
            _ => {}
        }
    }
    Held { verdict: record.id().clone(), scheme: record.terms.scheme.clone(), viewpoints, scope, exclusions, evidence }
}

fn accepted(acceptance: &Acceptance) -> Accepted {
    Accepted {
        acceptance: acceptance.acceptance.clone(),
        authority: acceptance.authority.clone(),
        from: acceptance.from,
        until: acceptance.until,
        list: acceptance.transcribed.list.clone(),
    }
}

/// What a credential says of single requirements, of the parts that may be seen.
#[derive(Default)]
struct Results {
    met: Vec<Requirement>,
    left_out: Vec<LeftOut>,
    links: Vec<Evidence>,
    /// Whether it says anything of them.
    said: bool,
}

fn results(site: &Site, credential: &CredentialRecord, parts: Parts) -> Result<Results, Problem> {
    let unreadable = |error: anyhow::Error| code::internal("what a credential keeps back could not be read", &error);
    let mut results = Results::default();
    let Some(disclosed) = site.registry.opened(credential).map_err(unreadable)? else { return Ok(results) };
    let attestation = read(disclosed.payload()).map_err(|error| unreadable(error.into()))?;
    for assessment in attestation.detail.assessments.into_values() {
        if parts.contains(Part::Evidence) {
            results.links.extend(assessment.evidence);
        }
        if !parts.contains(Part::Results) {
            continue;
        }
        for result in assessment.results {
            results.said = true;
            let Ok(number) = result.of.requirement.as_str().parse() else { continue };
            let requirement = Requirement { document: result.of.document, requirement: number };
            match result.outcome {
                RequirementOutcome::Met => results.met.push(requirement),
                outcome => results.left_out.push(LeftOut { requirement, why: Why::Outcome(outcome) }),
            }
        }
    }
    results.met_from_each_viewpoint();
    Ok(results)
}

impl Results {
    /// What is met from one viewpoint and not from another is not met.
    fn met_from_each_viewpoint(&mut self) {
        let lacks = |why: &Why| !matches!(why, Why::Outcome(RequirementOutcome::NotApplicable));
        let lacking = self.left_out.iter().filter(|one| lacks(&one.why)).map(|one| &one.requirement);
        let lacking: BTreeSet<&Requirement> = lacking.collect();
        self.met.retain(|requirement| !lacking.contains(requirement));
    }
}
