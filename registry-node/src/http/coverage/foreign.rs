//! What counts as met by verdicts of other registries: as what each is recognised here, and as far as that covers.

use std::sync::Arc;

use conformity::as_of::{AsOf, Seen};
use conformity::coverage::{Reach, Requirement, names_any};
use conformity::identifiers::Identifier;
use conformity::ids::{DocumentRef, RuleId, SchemeRef, VerdictRef};
use conformity::recognised::{ArrangementRef, Counterpart, Exclusions, Gap, RecognitionOutcome, RecognitionRecord};
use conformity::recognition::{covered, in_effect, told};
use conformity::records::Facts;
use conformity::text::Text;
use conformity::verdict::SelfEvaluation;
use conformity::viewpoint::Viewpoints;
use serde::Serialize;

use super::basis::{Basis, LeftOut, reached, without_levels};
use super::{Ground, MAX_VERDICTS};
use crate::http::apart;
use crate::http::as_of::rows;
use crate::http::ask::Ask;
use crate::http::site::Site;
use crate::problem::Problem;

/// A verdict of another registry, and what is made of it here.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Recognised {
    verdict: VerdictRef,
    /// Its scheme there.
    scheme: SchemeRef,
    outcome: RecognitionOutcome,
    #[serde(skip_serializing_if = "Option::is_none")]
    arrangement: Option<ArrangementRef>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rule: Option<RuleId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    counts_as: Option<Counterpart>,
    /// The viewpoints that count here.
    viewpoints: Viewpoints,
    gaps: Vec<Gap>,
    #[serde(skip_serializing_if = "Option::is_none")]
    self_declared: Option<SelfEvaluation>,
    /// Whether it leaves something out there, or keeps back whether it does: then, and where it does not say what, none of it is met here.
    excludes: bool,
    /// What it leaves out, in its words.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    exclusions: Vec<Text<256>>,
    /// The documents of the scheme as which it counts; none where that scheme has levels.
    documents: Vec<DocumentRef>,
    met: usize,
    /// What exclusions, and viewpoints that do not count, leave out.
    left_out: Vec<LeftOut>,
}

/// Adds what was made then of the verdicts of others that the asker may know of.
pub(super) fn add(
    site: &Site,
    ask: &Ask,
    supplier: &Identifier,
    as_of: &AsOf,
    ground: &mut Ground<'_>,
) -> Result<(), Problem> {
    for record in standing(site, ask, supplier, as_of)? {
        let (mut recognised, met) = counted(site, ground, &record);
        recognised.gaps = told(&record.recognition, ask.language()).gaps;
        ground.add(Basis::Recognised(recognised), met);
    }
    Ok(())
}

/// Those that were not refused then, and whose last day had not passed.
fn standing(
    site: &Site,
    ask: &Ask,
    supplier: &Identifier,
    as_of: &AsOf,
) -> Result<Vec<Arc<RecognitionRecord>>, Problem> {
    let apart = apart::of_supplier(site, ask, supplier);
    let stated = site.register().recognitions_of(supplier);
    let stated = rows::then(site, stated, as_of)?;
    let register = site.register();
    let seen = Seen::new(&*register, *as_of);
    let all = stated.into_iter().chain(apart).filter(|record| as_of.knows(record.since));
    let mut records: Vec<_> = all
        .map(|record| {
            let peer = seen.peer(&record.recognition.verdict.registry);
            in_effect(record, peer.as_deref())
        })
        .filter(|record| {
            let recognition = &record.recognition;
            let holds = recognition.valid_until.is_none_or(|day| as_of.at() < day.end());
            holds && recognition.outcome != RecognitionOutcome::Refused
        })
        .collect();
    records.sort_by(|one, other| one.recognition.verdict.cmp(&other.recognition.verdict));
    records.truncate(MAX_VERDICTS);
    Ok(records)
}

fn counted(site: &Site, ground: &Ground<'_>, record: &RecognitionRecord) -> (Recognised, Vec<Requirement>) {
    let recognition = &*record.recognition;
    let counts = matches!(recognition.outcome, RecognitionOutcome::Recognised | RecognitionOutcome::Partial);
    // What the supplier declared itself meets nothing; nor does what keeps back what it leaves out.
    let excluded = recognition.exclusions.as_ref();
    let assessed = recognition.self_declared.is_none() && recognition.excludes == excluded.is_some();
    let here = recognition.counts_as.as_ref().filter(|_| counts && assessed);
    let scheme = here.and_then(|counterpart| without_levels(site, &counterpart.scheme));
    let viewpoints = covered(recognition);
    let (met, left_out) = scheme.as_ref().map_or_else(Default::default, |scheme| {
        let exclusions = excluded.map_or(&[][..], |excluded| &excluded.words);
        let documents = excluded.map(|excluded| telling(ground, &scheme.scheme.documents, excluded));
        reached(ground, scheme, &Reach { viewpoints, assessed: scheme.scheme.viewpoints, exclusions, documents })
    });
    let recognised = Recognised {
        verdict: recognition.verdict.clone(),
        scheme: recognition.scheme.clone(),
        outcome: recognition.outcome,
        arrangement: recognition.arrangement.clone(),
        rule: recognition.rule.clone(),
        counts_as: recognition.counts_as.clone(),
        viewpoints,
        gaps: recognition.gaps.clone(),
        self_declared: recognition.self_declared,
        excludes: recognition.excludes,
        exclusions: excluded.map(|excluded| excluded.words.clone()).unwrap_or_default(),
        documents: scheme.map(|record| record.scheme.documents.clone()).unwrap_or_default(),
        met: met.len(),
        left_out,
    };
    (recognised, met)
}

/// The documents of which the exclusions tell what they leave out: none at all if one of them names no requirement of a document that
/// both schemes assess. Whoever grants there need not use the names of here.
fn telling<'e>(ground: &Ground<'_>, here: &[DocumentRef], excluded: &'e Exclusions) -> &'e [DocumentRef] {
    let shared = |text: &Text<256>| {
        let mut shared = here.iter().filter(|document| excluded.documents.contains(document));
        shared.any(|document| names_any(text, ground.known.all_of(document), ground.known.catalogue(document)))
    };
    if excluded.words.iter().all(shared) { &excluded.documents } else { &[] }
}
