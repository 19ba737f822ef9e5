//! What of a document somebody meets already: by verdicts, or by other documents that somebody supposes to be met.
//!
//! ```text
//! GET /v1/documents/{document}/coverage?supplier=…   from the verdicts on a supplier that the asker may see
//! GET /v1/documents/{document}/coverage?met=…        from whole documents, supposed to be met
//! ```
//!
//! In scope: which requirements count as met. A verdict counts requirement by requirement where the asker may see what its credential
//! keeps back; else as the whole of what its scheme assesses, where the scheme has no levels, and says so. Out of scope: what follows
//! (`conformity::coverage`).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use conformity::catalogue::Catalogue;
use conformity::coverage::{Counts, Line, Question, Requirement, coverage};
use conformity::crosswalk::Crosswalk;
use conformity::identifiers::Identifier;
use conformity::ids::{CrosswalkRef, DocumentRef, RequirementId, SchemeRef, VerdictId};
use conformity::records::Facts;
use conformity::standing::{Sight, concerns, sight};
use conformity::text::Text;
use conformity::verdict::VerdictRecord;
use credential::attestation::{Evidence, RequirementOutcome, read};
use jiff::Timestamp;
use serde::Serialize;
use warp::reply::Response;

use super::answer;
use super::ask::{Ask, bad_parameter};
use super::code;
use super::site::Site;
use crate::core::requirements::newest;
use crate::problem::Problem;

/// The most documents that are supposed to be met in one question.
const MAX_SUPPOSED: usize = 16;
/// The most verdicts that one answer rests on.
const MAX_VERDICTS: usize = 64;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Answer<'a> {
    document: &'a DocumentRef,
    /// Whether the requirements are those of the document's catalogue; else those that crosswalks name.
    catalogued: bool,
    as_of: Timestamp,
    counts: Counts,
    basis: Vec<Basis>,
    crosswalks: Vec<&'a CrosswalkRef>,
    requirements: Vec<Line>,
    withdrawn: Vec<Gone<'a>>,
    text: Words,
}

/// A requirement that does not bind any more.
#[derive(Serialize)]
struct Gone<'a> {
    requirement: &'a RequirementId,
    successors: Vec<&'a RequirementId>,
}

/// The answer in a sentence.
#[derive(Serialize)]
struct Words {
    en: String,
    ja: String,
}

/// What counts as met, and why.
#[derive(Serialize)]
#[serde(tag = "basis", rename_all_fields = "camelCase")]
enum Basis {
    /// A whole document was supposed to be met.
    #[serde(rename = "supposed")]
    Supposed { document: DocumentRef, met: usize },
    /// A verdict, requirement by requirement.
    #[serde(rename = "results")]
    Results {
        #[serde(flatten)]
        verdict: Held,
        met: usize,
        /// What was assessed and not met in full, or does not apply.
        left_out: Vec<LeftOut>,
        /// What the assessments rest on, for whoever assesses what is touched.
        evidence: Vec<Evidence>,
    },
    /// A verdict, as the whole of what its scheme assesses.
    #[serde(rename = "whole-documents")]
    Whole {
        #[serde(flatten)]
        verdict: Held,
        documents: Vec<DocumentRef>,
        met: usize,
    },
    /// A verdict that says nothing of single requirements: its scheme has levels, and which of them asks for what is not said.
    #[serde(rename = "not-stated")]
    NotStated {
        #[serde(flatten)]
        verdict: Held,
    },
}

/// A verdict in force, and how far it reaches.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Held {
    verdict: VerdictId,
    scheme: SchemeRef,
    scope: Text<1024>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    exclusions: Vec<Text<256>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct LeftOut {
    #[serde(flatten)]
    requirement: Requirement,
    outcome: RequirementOutcome,
}

/// Everything that is known of requirements.
struct Known {
    crosswalks: Vec<(CrosswalkRef, Arc<Crosswalk>)>,
    catalogues: Vec<(DocumentRef, Arc<Catalogue>)>,
}

/// `GET /v1/documents/{document}/coverage`
pub(super) fn of_document(site: &Site, ask: &Ask) -> Result<Response, Problem> {
    let document: DocumentRef = ask.value()?;
    if site.register().document(&document).is_none() {
        return Err(Problem::not_found());
    }
    let (query, now) = (ask.query(), site.registry.now());
    let as_of = query.as_of(now)?.unwrap_or(now);
    let supposed: Vec<DocumentRef> = query.many("met")?;
    if supposed.len() > MAX_SUPPOSED {
        return Err(bad_parameter("met", format_args!("suppose at most {MAX_SUPPOSED} documents")));
    }
    let known = Known::of(site, as_of)?;
    let (mut met, mut basis) = (BTreeSet::new(), Vec::new());
    for document in supposed {
        let before = met.len();
        met.extend(known.all_of(&document));
        basis.push(Basis::Supposed { document, met: met.len() - before });
    }
    if let Some(supplier) = query.one::<Identifier>("supplier")? {
        for record in visible(site, ask, &supplier, as_of) {
            basis.push(of_verdict(site, ask, &known, &record, as_of, &mut met)?);
        }
    }
    answered(&document, &known, &met, basis, as_of)
}

fn answered(
    document: &DocumentRef,
    known: &Known,
    met: &BTreeSet<Requirement>,
    basis: Vec<Basis>,
    as_of: Timestamp,
) -> Result<Response, Problem> {
    let catalogue = known.catalogue(document);
    let requirements: Vec<RequirementId> = known.all_of(document).map(|one| one.requirement).collect();
    let lines = coverage(&Question {
        document,
        requirements: &requirements,
        met,
        crosswalks: &known.crosswalks,
        catalogues: &known.catalogues,
    });
    let counts = Counts::of(&lines);
    let withdrawn = catalogue.into_iter().flat_map(Catalogue::withdrawn);
    answer::json(&Answer {
        document,
        catalogued: catalogue.is_some(),
        as_of,
        counts,
        basis,
        crosswalks: known.crosswalks.iter().map(|(name, _)| name).collect(),
        requirements: lines,
        withdrawn: withdrawn.map(|(requirement, successors)| Gone { requirement, successors }).collect(),
        text: words(document, counts),
    })
}

fn words(document: &DocumentRef, counts: Counts) -> Words {
    let Counts { requirements, covered, touched, by_chain, open } = counts;
    Words {
        en: format!(
            "Of {requirements} requirements of {document}, {covered} are covered. {touched} are touched: what is met shares something with \
             them, {by_chain} of them by a chain of crosswalks only; look here first. {open} are open."
        ),
        ja: format!(
            "{document} の要求事項 {requirements} 件のうち、充足済みは {covered} 件です。一部が重なるものは {touched} 件(うち {by_chain} 件は\
             対応表の連鎖によるもののみ)で、まずここから確認してください。残りは {open} 件です。"
        ),
    }
}

impl Known {
    fn of(site: &Site, as_of: Timestamp) -> Result<Self, Problem> {
        let failed = |error: anyhow::Error| code::internal("an attachment could not be read", &error);
        let (records, documents) = {
            let register = site.register();
            let records = newest(register.crosswalks().filter(|record| record.published.at <= as_of).cloned());
            let documents: Vec<_> = register.documents().map(|record| Arc::clone(&record.document)).collect();
            (records, documents)
        };
        let (log, shelf) = (&site.registry.log, &site.requirements);
        let (mut crosswalks, mut catalogues) = (Vec::new(), Vec::new());
        for (name, record) in records {
            crosswalks.extend(shelf.crosswalk(log, &record).map_err(failed)?.map(|crosswalk| (name, crosswalk)));
        }
        for document in documents {
            let catalogue = shelf.catalogue(log, &document).map_err(failed)?;
            catalogues.extend(catalogue.map(|catalogue| (document.document.clone(), catalogue)));
        }
        Ok(Self { crosswalks, catalogues })
    }

    fn catalogue(&self, document: &DocumentRef) -> Option<&Catalogue> {
        self.catalogues.iter().find(|(of, _)| of == document).map(|(_, catalogue)| &**catalogue)
    }

    /// All requirements of a document that bind: those of its catalogue, or those that crosswalks name where it has none.
    fn all_of<'a>(&'a self, document: &'a DocumentRef) -> impl Iterator<Item = Requirement> + 'a {
        let named =
            |requirement: &RequirementId| Requirement { document: document.clone(), requirement: requirement.clone() };
        let numbers: Vec<&RequirementId> = match self.catalogue(document) {
            Some(catalogue) => catalogue.in_force().collect(),
            None => self.named_by_crosswalks(document).into_values().collect(),
        };
        numbers.into_iter().map(named)
    }

    /// By folded name.
    fn named_by_crosswalks(&self, document: &DocumentRef) -> BTreeMap<String, &RequirementId> {
        let mut names = BTreeMap::new();
        for (_, crosswalk) in &self.crosswalks {
            for map in crosswalk.maps() {
                let sources = map.sources().iter().filter(|_| crosswalk.source() == document);
                let targets = map.targets().iter().filter(|_| crosswalk.target() == document);
                sources.chain(targets).for_each(|name| {
                    names.entry(name.folded()).or_insert(name);
                });
            }
        }
        names
    }
}

/// Verdicts on a supplier that were in force then and that the asker may see. What it declared itself meets nothing: nobody
/// assessed it.
fn visible(site: &Site, ask: &Ask, supplier: &Identifier, as_of: Timestamp) -> Vec<Arc<VerdictRecord>> {
    let (register, viewer) = (site.register(), ask.viewer());
    let seen = |record: &Arc<VerdictRecord>| {
        record.terms.provenance.self_declared().is_none()
            && record.in_force_at(as_of)
            && sight(&*register, &viewer, record) == Sight::Whole
    };
    register.verdicts_of(supplier).into_iter().filter(seen).take(MAX_VERDICTS).collect()
}

fn of_verdict(
    site: &Site,
    ask: &Ask,
    known: &Known,
    record: &VerdictRecord,
    as_of: Timestamp,
    met: &mut BTreeSet<Requirement>,
) -> Result<Basis, Problem> {
    let verdict = held(record, as_of);
    if concerns(&*site.register(), &ask.viewer(), record)
        && let Some(results) = results(site, record.id())?
    {
        let before = met.len();
        met.extend(results.met);
        let (left_out, evidence) = (results.left_out, results.evidence);
        return Ok(Basis::Results { verdict, met: met.len() - before, left_out, evidence });
    }
    let scheme = site.register().scheme(&record.terms.scheme);
    let Some(scheme) = scheme.filter(|record| record.scheme.levels.is_empty()) else {
        return Ok(Basis::NotStated { verdict });
    };
    let documents = scheme.scheme.documents.clone();
    let before = met.len();
    for document in &documents {
        met.extend(known.all_of(document));
    }
    Ok(Basis::Whole { verdict, documents, met: met.len() - before })
}

fn held(record: &VerdictRecord, as_of: Timestamp) -> Held {
    let now = record.as_of(as_of).unwrap_or_else(|| record.now.clone());
    Held {
        verdict: record.id().clone(),
        scheme: record.terms.scheme.clone(),
        scope: now.scope,
        exclusions: now.exclusions,
    }
}

/// What a credential says of single requirements.
struct Results {
    met: Vec<Requirement>,
    left_out: Vec<LeftOut>,
    evidence: Vec<Evidence>,
}

/// What the newest credential of a verdict keeps back of results; nothing where there is none, or it says nothing of them.
fn results(site: &Site, verdict: &VerdictId) -> Result<Option<Results>, Problem> {
    let newest = site.register().newest_credential(verdict).filter(|newest| newest.voided.is_none());
    let Some(newest) = newest else { return Ok(None) };
    let unreadable = |error: anyhow::Error| code::internal("what a credential keeps back could not be read", &error);
    let Some(disclosed) = site.registry.opened(&newest).map_err(unreadable)? else { return Ok(None) };
    let attestation = read(disclosed.payload()).map_err(|error| unreadable(error.into()))?;
    let mut results = Results { met: Vec::new(), left_out: Vec::new(), evidence: Vec::new() };
    let mut said = false;
    for assessment in attestation.detail.assessments.into_values() {
        results.evidence.extend(assessment.evidence);
        for result in assessment.results {
            said = true;
            let Ok(number) = result.of.requirement.as_str().parse() else { continue };
            let requirement = Requirement { document: result.of.document, requirement: number };
            match result.outcome {
                RequirementOutcome::Met => results.met.push(requirement),
                outcome => results.left_out.push(LeftOut { requirement, outcome }),
            }
        }
    }
    Ok(said.then_some(results))
}
